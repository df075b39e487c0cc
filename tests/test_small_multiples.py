"""Small multiples: one scale, one sign language, one colour for one bundle in every panel."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from matplotlib.axes import Axes
from matplotlib.collections import PathCollection
from matplotlib.colors import to_hex
from matplotlib.figure import Figure

from geo.colouring import Fills, fills, fills_alike, touching_stations
from geo.jurisdictions import centre_rows
from geo.maps import MapScene
from geo.small_multiples import small_multiples
from optimizer.county import County
from tests.places import cell_polygons, plan_of
from tests.toy import random_county, toy_county

GROUPS: tuple[dict[str, list[str]], ...] = (
    {"s03": ["s02", "s03"], "s05": ["s05", "s06"]},
    {"s03": ["s03", "s04"]},
    {},
    {"s05": ["s05", "s06"], "s02": ["s01", "s02"]},
)


def county_of(**more: Any) -> County:
    return toy_county(n_stations=6, grid_width=3, n_urban=1, n_squads=2, **more)


def scenes_of(*groups: dict[str, list[str]]) -> list[MapScene]:
    county = county_of()
    return [
        MapScene(
            county=county,
            plan=plan_of(county, group),
            cell_geometry=cell_polygons(county),
            title="小县：方案比较",
            provenance_line="模拟：道路",
            attribution="Data: test",
        )
        for group in groups
    ]


def panels(figure: Figure) -> list[Axes]:
    return [ax for ax in figure.axes if str(ax.get_label()).startswith("panel")]


def drawn_fills(ax: Axes) -> list[str]:
    (land,) = (c for c in ax.collections if isinstance(c, PathCollection) and c.zorder == 1)
    drawn: Any = land.get_facecolor()
    return [to_hex(c).upper() for c in drawn]


@pytest.mark.parametrize("n", [1, 2, 3, 4])
def test_every_panel_has_one_scale_and_its_heading(n: int) -> None:
    figure = small_multiples(scenes_of(*GROUPS[:n]), [f"方案{i}" for i in range(n)])
    found = panels(figure)
    assert [t.get_text() for ax in found for t in ax.texts if "方案" in t.get_text()] == [
        f"方案{i}" for i in range(n)
    ]
    assert len({ax.get_xlim() for ax in found}) == 1
    assert len({ax.get_ylim() for ax in found}) == 1
    boxes = np.array([ax.get_position().bounds for ax in found])
    assert np.ptp(boxes[:, 2:], axis=0) == pytest.approx([0, 0])
    # No panel lies over another, nor off the sheet.
    assert (boxes[:, :2] >= 0).all()
    assert (boxes[:, :2] + boxes[:, 2:] <= 1).all()
    for i, (left, bottom, width, height) in enumerate(boxes):
        for x, y, w, h in boxes[i + 1 :]:
            assert left + width <= x or x + w <= left or bottom + height <= y or y + h <= bottom


def test_a_bundle_wears_one_colour_in_all_panels() -> None:
    scenes = scenes_of(*GROUPS)
    figure = small_multiples(scenes, ["a", "b", "c", "d"])
    shown = [drawn_fills(ax) for ax in panels(figure)]
    of_plans = fills_alike([(s.county, s.plan) for s in scenes])
    row = scenes[0].county.stations.index()
    for scene, colour, fill in zip(scenes, of_plans, shown, strict=True):
        centres = sorted(set(centre_rows(scene.county, scene.plan).tolist()))
        assert fill == [colour.plan[c].upper() for c in centres]
    # s05 is the centre of the same bundle in the first panel and the last.
    assert of_plans[0].plan[row["s05"]] == of_plans[3].plan[row["s05"]]
    # s03 hosts another bundle in the second; it stays the colour of s03.
    assert of_plans[0].plan[row["s03"]] == of_plans[1].plan[row["s04"]]
    # s01 stays alone in the first three: one colour.
    assert len({c.plan[row["s01"]] for c in of_plans[:3]}) == 1


def test_colours_drawn_apart_would_not_match() -> None:
    """The union is needed: coloured one by one, some county's panels disagree."""
    disagree = 0
    for seed in range(12):
        county = random_county(seed=seed)
        ids = county.stations.station_id
        plans = [plan_of(county, {}), plan_of(county, {ids[0]: [ids[0], ids[1]]})]
        alone = [fills(county, p).station for p in plans]
        alike = [f.station for f in fills_alike([(county, p) for p in plans])]
        disagree += alone[0] != alone[1]
        assert alike[0] == alike[1]
    assert disagree


@pytest.mark.parametrize("seed", range(6))
def test_neighbours_differ_in_every_panel(seed: int) -> None:
    county = random_county(seed=seed)
    ids = county.stations.station_id
    plans = [plan_of(county, {}), plan_of(county, {ids[0]: [ids[0], ids[1]]}),
             plan_of(county, {ids[2]: [ids[2], ids[1]]})]  # fmt: skip
    found = fills_alike([(county, p) for p in plans])
    for plan, colour in zip(plans, found, strict=True):
        centre = centre_rows(county, plan)
        for i, j in touching_stations(county).tolist():
            if centre[i] != centre[j]:
                assert colour.plan[i] != colour.plan[j]


def test_stations_are_matched_by_id() -> None:
    """A scenario that opens a station in front of the others changes no other colour's owner."""
    few, many = county_of(), toy_county(n_stations=7, grid_width=3, n_urban=1, n_squads=2)
    found = fills_alike([(few, plan_of(few, {})), (many, plan_of(many, {}))])
    by_id = [dict(zip(c.stations.station_id, f.station, strict=True))
             for c, f in zip((few, many), found, strict=True)]  # fmt: skip
    assert {s: by_id[1][s] for s in by_id[0]} == by_id[0]


def test_one_map_is_coloured_as_ever() -> None:
    county = county_of()
    plan = plan_of(county, GROUPS[0])
    assert isinstance(fills(county, plan), Fills)
    assert fills_alike([(county, plan)]) == (fills(county, plan),)


def test_headings_and_scenes_must_match() -> None:
    scenes = scenes_of(*GROUPS[:2])
    with pytest.raises(ValueError, match="1 headings for 2 scenes"):
        small_multiples(scenes, ["a"])
    with pytest.raises(ValueError, match="0 headings for 0 scenes"):
        small_multiples([], [])


def test_a_county_of_points_is_drawn_too() -> None:
    scenes = [replace(s, cell_geometry=None) for s in scenes_of(*GROUPS[:2])]
    figure = small_multiples(scenes, ["a", "b"])
    assert len(panels(figure)) == 2
    assert all(ax.collections for ax in panels(figure))
