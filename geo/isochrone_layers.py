"""Bands of travel time as layers of a plan: from every station today, from every centre then."""

from __future__ import annotations

from typing import Any

import numpy as np
import shapely

from geo.gpkg import Layer, multipolygons
from geo.isochrones import MINUTES, Bands, Surface, bands
from geo.jurisdictions import centre_rows
from geo.plane import as_geometry
from geo.qgis_style import Look, categorised
from geo.webmap_scene import Overlay
from optimizer.county import MODELLED, County
from optimizer.errors import Translate
from optimizer.frozen import FloatArray, IntArray
from optimizer.plan import Plan

TODAY, THEN = "isochrones_today", "isochrones_plan"
# Near to far, told apart in print without colour and with every kind of colour vision.
_COLOURS = ("#08306B", "#2171B5", "#6BAED6", "#BDD7E7", "#EFF3FF")


def isochrone_layers(
    county: County, plan: Plan, surface: Surface, translate: Translate
) -> tuple[Layer, ...]:
    """Layers `isochrones_today` and `isochrones_plan` of the GeoPackage.

    One row per station and band, and one per band for whichever station is nearest (`scope` =
    `all`), which QGIS draws. Bands are disjoint.

    Args:
        county: The county.
        plan: The plan; police offices answer no calls, so they have no bands under it.
        surface: Minutes from every station, in their order.
        translate: English to the language of the legend.
    """
    every = np.arange(len(county.stations))
    own = bands(surface, every.tolist())
    made = []
    for rows, name, title in (
        (every, TODAY, "Travel time from the stations today"),
        (
            np.unique(centre_rows(county, plan)),
            THEN,
            "Travel time from the stations under the plan",
        ),
    ):
        together = bands(surface, [rows.tolist()])
        kept = np.flatnonzero(np.isin(own.source, rows))
        source = np.concatenate([own.source[kept], np.full(len(together.source), -1)])
        low, high = (
            np.concatenate([getattr(own, end)[kept], getattr(together, end)])
            for end in ("from_min", "to_min")
        )
        columns = _columns(county, source, low, high, surface.step_m)
        shapes = as_geometry([*own.geometry[kept], *together.geometry])
        made.append(
            Layer(
                name=name,
                title=title,
                columns=columns,
                geometry=multipolygons(shapes),
                kind="MultiPolygon",
                style=_style(together, county, translate),
            )
        )
    return tuple(made)


def isochrone_overlays(
    county: County, plan: Plan, surface: Surface, translate: Translate
) -> tuple[Overlay, ...]:
    """The same for the interactive map: the ground within 5, 10, … minutes of any station."""
    found = []
    for rows, name in (
        (np.arange(len(county.stations)), translate("Minutes by road today")),
        (np.unique(centre_rows(county, plan)), translate("Minutes by road under the plan")),
    ):
        shown = name
        if county.origin_of("roads") == MODELLED:
            shown = translate("{name} (modelled)").format(name=name)
        features = []
        for minutes in reversed(MINUTES):  # the far ones first: they lie below
            made = bands(surface, [rows.tolist()], [minutes])
            thin = shapely.simplify(made.geometry, surface.step_m / 4.0 / 111_000.0)
            label = translate("{minutes} min").format(minutes=f"{minutes:g}")
            features += [(shape, label) for shape in thin.tolist()]
        found.append(Overlay(name=shown, features=tuple(features), kind="areas", is_shade=True))
    return tuple(found)


def _columns(
    county: County, source: IntArray, low: FloatArray, high: FloatArray, step_m: float
) -> dict[str, Any]:
    """One row per band; -1 stands for whichever station is nearest."""
    stations, rows = county.stations, source.tolist()
    ends = zip(rows, low.tolist(), high.tolist(), strict=True)
    return {
        "station_id": [stations.station_id[s] if s >= 0 else "" for s in rows],
        "name": [stations.name[s] if s >= 0 else "" for s in rows],
        "scope": ["station" if s >= 0 else "all" for s in rows],
        "from_min": low,
        "to_min": high,
        # QGIS draws the rows that have a band here.
        "drawn": [_label(a, b) if s < 0 else "" for s, a, b in ends],
        "grid_m": np.full(len(rows), round(step_m)),
        "origin": [county.origin_of("roads")] * len(rows),
    }


def _style(drawn: Bands, county: County, translate: Translate) -> str:
    looks = []
    for low, high in zip(drawn.from_min.tolist(), drawn.to_min.tolist(), strict=True):
        said = translate("{minutes} min").format(minutes=_label(low, high))
        if county.origin_of("roads") == MODELLED:
            said = translate("{name} (modelled)").format(name=said)
        colour = _COLOURS[MINUTES.index(high)]
        look = Look(label=said, colour=colour, outline="#FFFFFF", width_mm=0.1, opaque_fraction=0.7)
        looks.append((_label(low, high), look))
    return categorised("fill", "drawn", looks)


def _label(low: float, high: float) -> str:
    return f"{low:g}–{high:g}"
