"""Hot spots on maps and as GIS layers."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from geo.alert_sheets import Shade, ShadedMap, shaded_sheet
from geo.gpkg import Layer, multipolygons
from geo.maps import MapScene, ground_for, write_map
from geo.plane import GeometryArray, Plane, as_geometry
from geo.qgis_style import Look, categorised, single
from optimizer.errors import Translate
from optimizer.frozen import BoolArray
from scenarios.alert_choice import selection_text
from scenarios.alert_shades import cell_shapes
from scenarios.hot_spots import HotSpot, HotSpotStudy, spot_shapes
from scenarios.hot_spots_words import COLOURS, kind_text, step_text

_HOT = ((0.001, "#B2182B"), (0.01, "#EF6548"), (1.0, "#FDBB84"))
"""False-discovery shares below which a place has each colour; the last: as low as asked for."""


def write_maps(found: HotSpotStudy, scene: MapScene, folder: Path, _: Translate) -> None:
    """Write `hot_spots.png`, and `through_time.png` where it was asked for."""
    ground = ground_for(scene)
    which = selection_text(found.meant.selection, _)
    shown = ShadedMap(
        label="hot spots",
        heading=_("Hot spots: {which}").format(which=which),
        line=_("{n} hot spots with {share:.0%} of alerts").format(
            n=len(found.spots),
            share=sum(s.alerts for s in found.spots) / float(found.meant.counts.sum()),
        ),
        legend=_("By chance at most"),
        shades=_hot_shades(found),
        notes=("Gi* with conditional permutation, false discoveries controlled.",),
    )
    write_map(shaded_sheet(scene, shown, ground), folder / "hot_spots", ("png",))
    if found.through is None:
        return
    shown = ShadedMap(
        label="through time",
        heading=_("Hot spots through time: {which}").format(which=which),
        line=_("{n} steps of one {step} from {start}").format(
            n=len(found.through.starts),
            step=step_text(found.rules.emerging.step, _),
            start=found.through.starts[0],
        ),
        legend=_("Course"),
        shades=tuple(
            Shade(
                text=kind_text(kind, _),
                fill=COLOURS[kind],
                areas=spot_shapes(tuple(s for s in found.changing if s.kind == kind)),
            )
            for kind in reversed(COLOURS)
            if any(s.kind == kind for s in found.changing)
        ),
        notes=("Warm colours: hot of late. Cold: fading or gone.",),
    )
    write_map(shaded_sheet(scene, shown, ground), folder / "through_time", ("png",))


def _hot_shades(found: HotSpotStudy) -> tuple[Shade, ...]:
    """Hot places by how unlikely they are, the least unlikely first."""
    share = found.rules.false_discovery_fraction
    made = []
    below = 0.0
    for limit, colour in _HOT:
        high = min(limit, share)
        rows = found.is_hot & (found.local.q <= high) & (found.local.q > below)
        if below == 0.0:
            rows = found.is_hot & (found.local.q <= high)
        if rows.any():
            made.append(Shade(text=f"{high:.1%}", fill=colour, areas=_shapes(found, rows)))
        below = high
    return tuple(reversed(made))


def _shapes(found: HotSpotStudy, rows: BoolArray) -> GeometryArray:
    """Places as polygons in WGS84."""
    if found.grid is None:
        return as_geometry([s for s in cell_shapes(found.meant.loaded)[rows] if s is not None])
    squares = found.grid.boxes(np.flatnonzero(found.grid.inside)[rows])
    return Plane(crs=found.grid.crs).unproject(squares)


def hot_spot_layers(found: HotSpotStudy, _: Translate) -> tuple[Layer, ...]:
    """Hot spots, and places by class, for a GIS; `jingli map --overlay` takes the file too."""
    layers = [
        Layer(
            name="hot_spots",
            title="Hot spots",
            columns=_columns(found.spots, _),
            geometry=multipolygons(spot_shapes(found.spots)),
            kind="MultiPolygon",
            style=single(
                "fill",
                Look(label=_("Hot spots"), colour=_HOT[0][1], opaque_fraction=0.55),
                label_column="name",
            ),
        )
    ]
    if found.through is not None:
        kinds = [k for k in COLOURS if any(s.kind == k for s in found.changing)]
        layers.append(
            Layer(
                name="through_time",
                title="Hot spots through time",
                columns=_columns(found.changing, _)
                | {
                    "class": [s.kind for s in found.changing],
                    "hot_fraction": [s.hot_fraction for s in found.changing],
                    "last_alerts": [s.last_alerts for s in found.changing],
                },
                geometry=multipolygons(spot_shapes(found.changing)),
                kind="MultiPolygon",
                style=categorised(
                    "fill",
                    "class",
                    [
                        (k, Look(label=kind_text(k, _), colour=COLOURS[k], opaque_fraction=0.6))
                        for k in kinds
                    ],
                ),
            )
        )
    return tuple(layers)


def _columns(spots: tuple[HotSpot, ...], _: Translate) -> dict[str, object]:
    names = [f"{s.rank}. {s.township} {s.cell_id}" for s in spots]
    if spots and spots[0].kind:
        both = zip(names, spots, strict=True)
        names = [f"{name} · {kind_text(s.kind, _)}" for name, s in both]
    return {
        "name": names,
        "rank": [s.rank for s in spots],
        "township": [s.township for s in spots],
        "cell_id": [s.cell_id for s in spots],
        "alerts": [s.alerts for s in spots],
        "expected": [s.expected_alerts for s in spots],
        "area_km2": [s.area_km2 for s in spots],
        "z": [s.z for s in spots],
        "q": [s.q for s in spots],
        "keys": [s.keys for s in spots],
    }
