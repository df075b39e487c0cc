"""The map of how certain bundles are: shades, outlines and the line above it."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import shapely
from matplotlib.collections import PathCollection
from matplotlib.colors import to_hex
from matplotlib.figure import Figure

from geo.maps import MapScene
from geo.sheets_stability import CertainBundle, stability_map
from optimizer.errors import untranslated
from optimizer.plan import Bundle, Plan
from tests.toy import toy_county


def drawn(*bundles: CertainBundle) -> Figure:
    """The first two stations are one bundle of the plan; squares of 0.01 degrees for cells."""
    county = toy_county(n_stations=4, grid_width=2, cells_per_station=2, seed=1)
    ids = county.stations.station_id
    plan = Plan(
        bundles=(
            Bundle(centre_id=ids[0], station_ids=ids[:2]),
            *(Bundle(centre_id=s, station_ids=(s,)) for s in ids[2:]),
        )
    )
    lon, lat = county.cells.lon_deg, county.cells.lat_deg
    scene = MapScene(
        county=county, plan=plan, cell_geometry=np.array(
            [shapely.box(x, y, x + 0.01, y + 0.01) for x, y in zip(lon, lat, strict=True)]
        ),
        title="Toy", provenance_line="modelled", attribution="", translate=untranslated, lang="en",
    )  # fmt: skip
    return stability_map(scene, bundles)


def hexed(colour: Any) -> str:
    return to_hex(colour).upper()


def fills(figure: Figure) -> list[str]:
    axes = next(a for a in figure.axes if a.get_label() == "stability")
    areas = next(c for c in axes.collections if isinstance(c, PathCollection))
    return [hexed(c) for c in areas.get_facecolor()]


@pytest.mark.parametrize(
    ("share", "colour"),
    [(1.0, "#0B4F8A"), (0.9, "#0B4F8A"), (0.89, "#4F8FC4"), (0.1, "#A6C8E4"), (0.0, "#DCE8F3")],
)
def test_a_bundle_is_shaded_by_its_share_and_lone_stations_stay_pale(
    share: float, colour: str
) -> None:
    ids = toy_county(n_stations=4, grid_width=2, cells_per_station=2, seed=1).stations.station_id
    figure = drawn(CertainBundle(station_ids=ids[:2], in_best=True, share_fraction=share))
    assert fills(figure) == [colour, colour, "#F1F2F4", "#F1F2F4"]


def outlined(figure: Figure) -> int:
    axes = next(a for a in figure.axes if a.get_label() == "stability")
    inks = [hexed(p.get_edgecolor()) for p in axes.patches]
    inks += [hexed(e) for c in axes.collections for e in c.get_edgecolor()]
    inks += [hexed(line.get_color()) for line in axes.lines]
    return inks.count("#C2410C")


def test_other_bundles_are_outlined_unless_hardly_ever_chosen() -> None:
    ids = toy_county(n_stations=4, grid_width=2, cells_per_station=2, seed=1).stations.station_id
    best = CertainBundle(station_ids=ids[:2], in_best=True, share_fraction=0.95)
    other = CertainBundle(station_ids=ids[1:3], in_best=False, share_fraction=0.4)
    rare = CertainBundle(station_ids=ids[2:], in_best=False, share_fraction=0.05)
    assert outlined(drawn(best, rare)) == 0
    figure = drawn(best, other, rare)
    assert outlined(figure) == 1
    texts = {t.get_text() for a in figure.axes for t in a.texts}
    assert any("1 of 1 bundles" in t for t in texts)
