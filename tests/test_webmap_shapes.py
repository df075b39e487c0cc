"""Cells as shared arcs: what the page joins from them is the union of the cells."""

from __future__ import annotations

import numpy as np
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from geo.plane import as_geometry
from geo.webmap_shapes import (
    OUTSIDE,
    STEP_DEG,
    Frame,
    arcs,
    frame_of,
    line_numbers,
    road_numbers,
    simplified_cells,
)

FRAME = Frame(lon_deg=100.0, lat_deg=30.0)
SIDE = 0.01


def square(x: int, y: int, wide: int = 1) -> shapely.Geometry:
    return shapely.box(100 + x * SIDE, 30 + y * SIDE, 100 + (x + wide) * SIDE, 30 + (y + 1) * SIDE)


def points(arc: list[int]) -> np.ndarray:
    return np.cumsum(np.reshape(arc[2:], (-1, 2)), axis=0)


def area_of(found: list[list[int]], group: dict[int, int], wanted: int) -> float:
    """Area of a group by the trapezium rule over its directed borders, in grid squares."""
    total = 0.0
    for arc in found:
        left, right = (group.get(c, -1) for c in arc[:2])
        if left == right:
            continue
        xy = points(arc)
        ring = (xy[:-1, 0] * xy[1:, 1] - xy[1:, 0] * xy[:-1, 1]).sum() / 2.0
        total += ring * ((left == wanted) - (right == wanted))
    return float(total)


def test_two_squares_share_one_arc() -> None:
    found = arcs(as_geometry([square(0, 0), square(1, 0)]), FRAME)
    sides = sorted(tuple(sorted(arc[:2])) for arc in found)
    assert sides == [(OUTSIDE, 0), (OUTSIDE, 1), (0, 1)]
    shared = next(arc for arc in found if OUTSIDE not in arc[:2])
    assert sorted(map(tuple, points(shared).tolist())) == [(1000, 0), (1000, 1000)]


def test_the_cell_lies_left_of_its_border() -> None:
    (arc,) = arcs(as_geometry([square(0, 0)]), FRAME)
    assert sorted(arc[:2]) == [OUTSIDE, 0]
    assert area_of([arc], {0: 0}, 0) == 1000 * 1000


def test_an_island_is_one_closed_arc_and_a_hole_belongs_to_its_cell() -> None:
    ring = shapely.difference(square(0, 0), shapely.box(100.004, 30.004, 100.006, 30.006))
    found = arcs(as_geometry([ring]), FRAME)
    assert len(found) == 2
    assert area_of(found, {0: 0}, 0) == 1000 * 1000 - 200 * 200


def test_cells_without_shape_are_passed_over() -> None:
    cells = simplified_cells(as_geometry([None, square(0, 0), shapely.Polygon()]))
    assert shapely.is_missing(cells).tolist() == [True, False, True]
    assert [sorted(arc[:2]) for arc in arcs(cells, FRAME)] == [[OUTSIDE, 1]]


@settings(max_examples=25, deadline=None)
@given(st.lists(st.integers(0, 3), min_size=16, max_size=16))
def test_groups_joined_from_arcs_are_unions_of_their_cells(group: list[int]) -> None:
    cells = as_geometry([square(i % 4, i // 4) for i in range(16)])
    found = arcs(cells, FRAME)
    of_cell = dict(enumerate(group))
    for g in set(group):
        assert area_of(found, of_cell, g) == group.count(g) * 1000 * 1000
    edges = [tuple(sorted(map(tuple, points(a)[[0, -1]].tolist()))) for a in found]
    assert len(edges) == len(set(edges)), "a border is there twice"


def test_simplifying_keeps_common_borders_common() -> None:
    x = np.linspace(0.0, 0.02, 200)
    wavy = np.column_stack([100 + x, 30.01 + 0.000003 * np.sin(x * 9000)])
    south = shapely.Polygon([*wavy, (100.02, 30.0), (100.0, 30.0)])
    north = shapely.Polygon([*wavy, (100.02, 30.02), (100.0, 30.02)])
    thin = simplified_cells(as_geometry([south, north]))
    assert shapely.get_num_coordinates(thin).sum() < 200  # of 404
    found = arcs(thin, FRAME)
    assert sorted(tuple(sorted(a[:2])) for a in found) == [(OUTSIDE, 0), (OUTSIDE, 1), (0, 1)]


def test_a_crooked_border_drawn_twice_leaves_no_sliver() -> None:
    west = shapely.Polygon([(100, 30), (100.01, 30), (100.01, 30.01), (100, 30.01)])
    east = shapely.Polygon(
        [(100.01, 30), (100.02, 30), (100.02, 30.01), (100.01, 30.01), (100.010009, 30.005)]
    )
    assert not shapely.coverage_is_valid(as_geometry([west, east]), gap_width=0.001)
    found = arcs(simplified_cells(as_geometry([west, east])), FRAME)
    assert len([a for a in found if OUTSIDE not in a[:2]]) == 1
    assert len(found) == 3


def test_coordinates_keep_five_decimals() -> None:
    frame = frame_of(as_geometry([shapely.Point(107.123456, 30.654321)]))
    assert frame == Frame(lon_deg=107.12345, lat_deg=30.65432)
    assert frame.numbers(np.array([[107.12345 + 7 * STEP_DEG, 30.65432]])).tolist() == [[7, 0]]


def test_streets_that_go_on_are_drawn_as_one() -> None:
    west = shapely.LineString([(100.0, 30.0), (100.01, 30.0)])
    east = shapely.LineString([(100.02, 30.0), (100.01, 30.0)])
    found = road_numbers(as_geometry([west, east]), FRAME)
    assert found in ([[0, 0, 2000, 0]], [[2000, 0, -2000, 0]])
    assert road_numbers(as_geometry([]), FRAME) == []


def test_a_line_shorter_than_the_grid_is_left_out() -> None:
    assert line_numbers([shapely.LineString([(100, 30), (100.000001, 30)])], FRAME) == []


def test_no_area_no_arcs() -> None:
    assert arcs(simplified_cells(as_geometry([None])), FRAME) == []
