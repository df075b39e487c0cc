from __future__ import annotations

import numpy as np
import pytest
import shapely

from geo.jurisdictions import centre_rows, dissolve, duty_rows, fates
from optimizer.plan import current_plan
from tests.places import plan_of
from tests.toy import toy_county


def shapes(*found: object) -> np.ndarray[tuple[int], np.dtype[np.object_]]:
    array = np.full(len(found), None, dtype=object)
    array[:] = found
    return array


def test_what_becomes_of_each_station() -> None:
    county = toy_county(n_stations=5, n_squads=1)
    plan = plan_of(county, {"s02": ["s01", "s02", "s03"]}, dissolve=True)
    assert fates(county, plan) == ("police_office", "centre", "police_office", "stays", "stays")
    assert centre_rows(county, plan).tolist() == [1, 1, 1, 3, 4]
    assert duty_rows(county, plan).tolist() == [1, 3, 4]
    today = current_plan(county)
    assert set(fates(county, today)) == {"stays"}
    assert duty_rows(county, today).tolist() == []  # a squad is not a duty station


def test_cells_join_without_a_slit_where_vertices_differ() -> None:
    # The upper cell's border with the two lower ones bends by less than the grid at x = 1.
    lower = [shapely.box(0, 0, 1, 1), shapely.box(1, 0, 2, 1 - 1e-9)]
    upper = shapely.Polygon([(0, 1), (2, 1), (2, 2), (0, 2)])
    (joined,) = dissolve(shapes(*lower, upper), np.zeros(3, np.int64), 1, grid=1e-6)
    assert joined.equals(shapely.box(0, 0, 2, 2))
    assert len(joined.interiors) == 0


def test_a_slit_that_snapping_leaves_is_filled_and_a_hole_is_not() -> None:
    grid = 0.1
    lower = shapely.box(-1, 0, 11, 10)
    bent = [(-1, 10), (0, 10), (5, 10 + grid), (10, 10), (11, 10), (11, 20), (-1, 20)]
    upper = shapely.Polygon(bent, [[(2, 14), (3, 14), (3, 15), (2, 15)]])
    assert len(shapely.union(lower, upper, grid_size=grid).interiors) == 2
    (joined,) = dissolve(shapes(lower, upper), np.zeros(2, np.int64), 1, grid=grid)
    assert len(joined.interiors) == 1
    assert joined.area == pytest.approx(12 * 20 - 1)


def test_group_without_a_shape_has_none() -> None:
    cells = shapes(shapely.box(0, 0, 1, 1), None, shapely.Polygon())
    found = dissolve(cells, np.array([0, 1, 2]), 4, grid=1e-9)
    assert found[0].equals(shapely.box(0, 0, 1, 1))
    assert found[1:].tolist() == [None, None, None]


def test_invalid_and_scattered_cells_become_areas() -> None:
    bow_tie = shapely.Polygon([(0, 0), (2, 2), (2, 0), (0, 2)])
    spike = shapely.Polygon([(5, 0), (6, 0), (6, 1), (6, 3), (6, 1), (5, 1)])
    (joined,) = dissolve(shapes(bow_tie, spike), np.zeros(2, np.int64), 1, grid=1e-9)
    assert joined.geom_type == "MultiPolygon"
    assert joined.is_valid
    assert joined.area == pytest.approx(2 + 1)
