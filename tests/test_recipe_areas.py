"""Modelled areas and squad areas: shapes worked by hand."""

from __future__ import annotations

import numpy as np
import pytest
import shapely

from scenarios.cases.squad_areas import grow_areas
from scenarios.cases.tessellation import (
    _radical_inverse,
    neighbours,
    plane_of,
    township_areas,
    village_cells,
    village_sites,
)

# --- areas ------------------------------------------------------------------------------------


def test_four_seats_share_a_square() -> None:
    square = shapely.box(107.0, 30.0, 107.2, 30.2)
    seats = np.array([[107.05, 30.05], [107.15, 30.05], [107.05, 30.15], [107.15, 30.15]])
    plane = plane_of(square)
    areas = township_areas(plane, square, seats)
    for area, seat in zip(areas, seats, strict=True):
        assert area.equals(shapely.box(*np.round([*(seat - 0.05), *(seat + 0.05)], 6)))
    assert neighbours(areas) == [(0, 1), (0, 2), (1, 3), (2, 3)]  # corners do not count
    # 0.1 degree is 9.646 km east and 11.086 km north at 30.1 N (WGS84 tables).
    assert float(plane.area_km2(areas[0])) == pytest.approx(9.646 * 11.086, rel=1e-3)


def test_a_piece_cut_off_from_its_seat_goes_to_the_neighbour() -> None:
    # A U: the left seat's Thiessen cell reaches over the gap into the right arm's inner edge.
    u = shapely.Polygon(
        [(107, 30), (107.3, 30), (107.3, 30.3), (107.14, 30.3), (107.14, 30.05), (107.1, 30.05),
         (107.1, 30.3), (107, 30.3)]
    )  # fmt: skip
    seats = np.array([[107.05, 30.25], [107.27, 30.25], [107.2, 30.01]])
    left, right, low = township_areas(plane_of(u), u, seats)
    assert {a.geom_type for a in (left, right, low)} == {"Polygon"}
    assert bool(shapely.coverage_is_valid([left, right, low]))
    assert shapely.coverage_union_all([left, right, low]).symmetric_difference(u).area < 1e-9
    # The middle of seats 1 and 2 lies at 107.16: the strip up to it belongs to the right arm.
    assert right.covers(shapely.box(107.142, 30.2, 107.158, 30.29))
    assert left.bounds[2] <= 107.1


def test_an_exclave_stays_with_the_nearest_seat() -> None:
    county = shapely.MultiPolygon(
        [shapely.box(107, 30, 107.2, 30.1), shapely.box(107.3, 30, 107.31, 30.01)]
    )
    one, two = township_areas(
        plane_of(county), county, np.array([[107.05, 30.05], [107.15, 30.05]])
    )
    assert one.geom_type == "Polygon"
    assert two.geom_type == "MultiPolygon"
    assert shapely.coverage_union_all([one, two]).area == pytest.approx(county.area)


def test_village_cells_lie_in_their_township_and_share_vertices() -> None:
    county = shapely.box(107.0, 30.0, 107.2, 30.1)
    seats = np.array([[107.06, 30.05], [107.15, 30.05]])
    plane = plane_of(county)
    areas = township_areas(plane, county, seats)
    sites = [
        village_sites(plane, a, s, np.zeros((0, 2)), 7) for a, s in zip(areas, seats, strict=True)
    ]
    grown = village_cells(plane, areas, sites)
    assert bool(shapely.coverage_is_valid([c for town in grown for c in town]))
    for area, town, points in zip(areas, grown, sites, strict=True):
        assert shapely.coverage_union_all(town).symmetric_difference(area).area < 1e-9
        for cell, at in zip(town, points, strict=True):
            assert cell.contains(shapely.Point(at))


def test_one_village_takes_the_whole_township() -> None:
    county = shapely.box(107.0, 30.0, 107.1, 30.1)
    plane, seat = plane_of(county), np.array([[107.05, 30.05]])
    areas = township_areas(plane, county, seat)
    assert areas[0].equals(county)
    assert village_cells(plane, areas, [seat])[0][0].equals(county)


def test_village_sites_are_dense_at_the_seat_and_come_nearest_first() -> None:
    area = shapely.box(107.0, 30.0, 107.1, 30.1)
    plane, seat = plane_of(area), np.array([107.05, 30.05])
    fixed = np.array([[107.09, 30.09]])
    sites = village_sites(plane, area, seat, fixed, 19)
    assert sites.shape == (19, 2)
    assert len({tuple(s) for s in [*sites.tolist(), *fixed.tolist()]}) == 20
    assert bool(shapely.contains_xy(area, sites[:, 0], sites[:, 1]).all())
    away = np.hypot(*(plane.km(sites) - plane.km(seat[None, :])).T)
    assert (np.diff(away) >= 0).all()
    # Even spread would put 107 km2 / 20 = 5.3 km2, one site, within 1.3 km of the seat.
    assert (away < 1.3).sum() >= 3
    # No other site settles beside the published one.
    assert np.hypot(*(plane.km(sites) - plane.km(fixed)).T).min() > 1.0
    assert village_sites(plane, area, seat, fixed, 0).shape == (0, 2)


def test_halton_sequence_known_answer() -> None:
    index = np.arange(1, 6)
    assert _radical_inverse(index, 2).tolist() == [1 / 2, 1 / 4, 3 / 4, 1 / 8, 5 / 8]
    assert _radical_inverse(index, 3) == pytest.approx([1 / 3, 2 / 3, 1 / 9, 4 / 9, 7 / 9])


# --- squad areas ------------------------------------------------------------------------------


def test_six_jurisdictions_on_a_line_split_in_halves() -> None:
    seats = np.array([[float(i), 0.0] for i in range(6)])
    line = [(i, i + 1) for i in range(5)]
    areas = grow_areas(seats, np.full(6, 1000), line, np.array([0.0, 0.0]), 2)
    assert areas == [[0, 1, 2], [3, 4, 5]]
    # One big town at the end: the other area takes more of the small ones.
    people = np.array([5000, 1000, 1000, 1000, 1000, 1000])
    assert grow_areas(seats, people, line, np.array([0.0, 0.0]), 2) == [[0], [1, 2, 3, 4, 5]]


def test_parts_without_a_common_border_are_joined_where_they_are_nearest() -> None:
    seats = np.array([[0.0, 0.0], [1.0, 0.0], [5.0, 0.0], [6.0, 0.0]])
    pairs = [(0, 1), (2, 3)]
    assert grow_areas(seats, np.ones(4, int), pairs, np.zeros(2), 1) == [[0, 1, 2, 3]]
    assert grow_areas(seats, np.ones(4, int), [], np.zeros(2), 2) == [[0, 1], [2, 3]]


def test_no_squads_and_more_squads_than_jurisdictions() -> None:
    seats = np.array([[0.0, 0.0], [1.0, 0.0]])
    assert grow_areas(seats, np.ones(2, int), [(0, 1)], np.zeros(2), 0) == []
    assert grow_areas(seats, np.ones(2, int), [(0, 1)], np.zeros(2), 5) == [[0], [1]]
