"""Cells as areas: repair with a log, neighbours, areas, places."""

from __future__ import annotations

from itertools import combinations
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from pyproj import Geod

from geo.boundaries import (
    Repaired,
    are_polygons,
    areas_km2,
    border_km,
    cell_adjacency,
    locate,
    point_adjacency,
    repair_cells,
    thiessen,
    union,
)
from geo.crs import geometry_to_wgs84
from geo.plane import GeometryArray, plane_at, plane_of
from geo.repair import GAP_M

PLANE = plane_at([107.2, 107.5], [30.2, 30.5])


def cells(*outlines: shapely.Geometry) -> GeometryArray:
    """Polygons in metres east and north of the middle of the county, in WGS84."""
    array = np.empty(len(outlines), dtype=object)
    array[:] = outlines
    return PLANE.unproject(array)


def metric(geometry: GeometryArray) -> GeometryArray:
    return PLANE.project(geometry)


def names(geometry: GeometryArray) -> list[str]:
    return [f"c{i}" for i in range(len(geometry))]


def repaired(geometry: GeometryArray, gap_m: float = GAP_M) -> Repaired:
    return repair_cells(geometry, names(geometry), shown="cells.geojson", gap_m=gap_m)


def untouched(before: GeometryArray, after: GeometryArray) -> bool:
    return all(a is b for a, b in zip(before, after, strict=True))


def overlap_m2(geometry: GeometryArray) -> float:
    flat = metric(geometry)
    return sum(
        float(shapely.area(shapely.intersection(flat[i], flat[j])))
        for i, j in combinations(range(len(flat)), 2)
    )


def log_of(found: Repaired) -> list[tuple[str, str, str]]:
    return list(zip(found.log["what"], found.log["cell_id"], found.log["other_id"], strict=True))


def voronoi(seed: int, n: int) -> GeometryArray:
    rng = np.random.default_rng(seed)
    lon, lat = rng.uniform(107.2, 107.5, n), rng.uniform(30.2, 30.5, n)
    return thiessen(lon, lat, shapely.box(107.2, 30.2, 107.5, 30.5))


# --- repair ---------------------------------------------------------------------------------


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10_000), st.integers(2, 40))
def test_valid_coverage_comes_back_identical(seed: int, n: int) -> None:
    given_cells = voronoi(seed, n)
    found = repaired(given_cells)
    assert untouched(given_cells, found.geometry)
    assert found.problems == ()
    assert len(found.log) == 0
    assert list(found.log.columns) == ["cell_id", "what", "area_km2", "other_id"]


@pytest.mark.parametrize("county", ["dianjiang", "daye", "jiangyou", "anxi"])
def test_real_outlines_come_back_identical(shared: Path, county: str) -> None:
    layer = gpd.read_file(shared / county / "townships_thiessen_APPROX.geojson")
    given_cells = np.asarray(layer.geometry.values, dtype=object)
    found = repaired(given_cells)
    assert untouched(given_cells, found.geometry)
    assert found.problems == ()


def test_notches_and_lakes_are_no_faults() -> None:
    # The outline has a notch 15 m wide and 60 m deep where two cells meet, and both border a lake.
    west = shapely.box(0, 0, 1000, 2000) - shapely.box(980, 500, 1000, 900)
    east = shapely.box(1000, 0, 2000, 2000) - shapely.box(1000, 500, 1020, 900)
    notch = shapely.Polygon([(992.5, 2000), (1007.5, 2000), (1000, 1940)])
    given_cells = cells(west - notch, east - notch)
    found = repaired(given_cells)
    assert untouched(given_cells, found.geometry)
    assert log_of(found) == [("gap_left", "c0", "")]
    assert found.log["area_km2"][0] == pytest.approx(0.04 * 0.4, rel=1e-3)
    assert [p.severity for p in found.problems] == ["warning"]
    assert "0.02 km²" in found.problems[0].text()
    # A planner who calls 50 m a drawing error gets the lake filled.
    wide = repaired(given_cells, gap_m=50.0)
    assert log_of(wide)[0] == ("gap_filled", "c0", "")
    assert areas_km2(wide.geometry).sum() == pytest.approx(4.0 - 15 * 60 / 2 / 1e6, rel=1e-6)


def test_crossing_outline_is_rebuilt() -> None:
    bow_tie = shapely.Polygon([(0, 0), (1000, 1000), (1000, 0), (0, 1000)])
    found = repaired(cells(bow_tie, shapely.box(3000, 0, 4000, 1000)))
    assert shapely.is_valid(found.geometry).all()
    assert areas_km2(found.geometry) == pytest.approx([0.5, 1.0], rel=1e-6)
    assert log_of(found) == [("invalid", "c0", "")]
    assert "c0" in found.problems[0].text()
    assert found.problems[0].where == "cells.geojson"


def test_overlap_goes_to_the_smaller_cell() -> None:
    given_cells = cells(
        shapely.box(0, 0, 2000, 1000),
        shapely.box(1900, 0, 3000, 1000),
        shapely.box(3000, 0, 4000, 1000),
    )
    found = repaired(given_cells)
    assert log_of(found) == [("overlap", "c0", "c1")]
    assert found.log["area_km2"][0] == pytest.approx(0.1, rel=1e-6)
    assert areas_km2(found.geometry) == pytest.approx([1.9, 1.1, 1.0], rel=1e-4)
    assert found.geometry[1] is given_cells[1]
    assert found.geometry[2] is given_cells[2]
    assert overlap_m2(found.geometry) < 1.0
    assert "1 overlaps of 0.10 km² together" in found.problems[0].text()
    assert "c0→c1" in found.problems[0].text()


def test_equal_cells_tie_by_id() -> None:
    boxes = (shapely.box(0, 0, 1000, 1000), shapely.box(900, 0, 1900, 1000))
    given_cells = cells(*boxes)
    exact = repair_cells(given_cells, ["b", "a"])
    # Equal on paper; on the ground the areas differ in the last digits, so either may be smaller.
    assert set(zip(exact.log["cell_id"], exact.log["other_id"], strict=True)) <= {
        ("a", "b"), ("b", "a"),
    }  # fmt: skip
    one = np.array(
        [given_cells[0], given_cells[0], shapely.box(108, 30, 108.1, 30.1)], dtype=object
    )
    assert log_of(repair_cells(one, ["b", "a", "z"]))[0] == ("no_ground", "b", "a")


def test_town_on_top_of_its_surroundings_keeps_its_ground() -> None:
    found = repaired(cells(shapely.box(0, 0, 3000, 3000), shapely.box(1000, 1000, 2000, 2000)))
    assert areas_km2(found.geometry) == pytest.approx([8.0, 1.0], rel=1e-6)
    assert len(found.geometry[0].interiors) == 1
    assert cell_adjacency(found.geometry).tolist() == [[0, 1]]


def test_cell_wholly_covered_is_an_error() -> None:
    big = shapely.box(0, 0, 1000, 1000)
    found = repaired(cells(big, big, shapely.box(2000, 0, 3000, 1000)))
    errors = [p for p in found.problems if p.severity == "error"]
    assert len(errors) == 1
    assert "ground of its own" in errors[0].text()
    assert (shapely.area(found.geometry) > 0).tolist() in ([True, False, True], [False, True, True])


def test_cells_without_a_polygon_are_errors() -> None:
    given_cells = np.array(
        [cells(shapely.box(0, 0, 1000, 1000))[0], None, shapely.Polygon(), shapely.Point(107, 30)],
        dtype=object,
    )
    found = repaired(given_cells)
    assert log_of(found) == [("no_ground", f"c{i}", "") for i in (1, 2, 3)]
    assert [p.severity for p in found.problems] == ["error"]
    assert found.geometry[0] is given_cells[0]
    nothing = repaired(np.array([None, None], dtype=object))
    assert [p.severity for p in nothing.problems] == ["error"]


def test_narrow_gap_goes_to_the_longest_border() -> None:
    # A gap 10 m wide and 500 m long; c2 borders all of its east side, c0 and c1 share the west.
    gap = shapely.box(1000, 250, 1010, 750)
    given_cells = cells(
        shapely.box(0, 0, 1000, 600), shapely.box(0, 600, 1000, 1000),
        shapely.box(1000, 0, 2000, 1000) - gap,
    )  # fmt: skip
    found = repaired(given_cells)
    assert log_of(found) == [("gap_filled", "c2", "")]
    assert found.log["area_km2"][0] == pytest.approx(0.005, rel=1e-4)
    assert areas_km2(found.geometry) == pytest.approx([0.6, 0.4, 1.0], rel=1e-4)
    assert untouched(given_cells[:2], found.geometry[:2])
    assert overlap_m2(found.geometry) < 1e-3
    assert "1 gaps narrower than 20 m, 5000 m² together" in found.problems[0].text()


def test_strip_between_cells_that_never_touch_is_filled() -> None:
    given_cells = cells(shapely.box(0, 0, 1000, 1000), shapely.box(1005, 0, 2000, 1000))
    assert cell_adjacency(given_cells).tolist() == []
    found = repaired(given_cells)
    assert [what for what, _, _ in log_of(found)] == ["gap_filled"]
    assert areas_km2(found.geometry).sum() == pytest.approx(2.0, abs=2e-5)
    assert cell_adjacency(found.geometry).tolist() == [[0, 1]]
    assert overlap_m2(found.geometry) < 1e-3
    # 25 m are more than a drawing error.
    apart = cells(shapely.box(0, 0, 1000, 1000), shapely.box(1025, 0, 2000, 1000))
    assert untouched(apart, repaired(apart).geometry)


def test_borders_that_are_fine_keep_their_vertices() -> None:
    # Finely drawn cells, the smallest of them blown up a little over its neighbours.
    given_cells = shapely.segmentize(voronoi(3, 12), 0.001)
    small = int(np.argmin(areas_km2(given_cells)))
    widened = given_cells.copy()
    widened[small] = shapely.transform(
        given_cells[small], lambda c: c.mean(0) + (c - c.mean(0)) * 1.05
    )
    found = repaired(widened)
    changed = [i for i in range(12) if found.geometry[i] is not widened[i]]
    assert len(changed) > 2
    assert overlap_m2(found.geometry) < 1.0
    for i in changed:
        before, after = (
            {tuple(c) for c in shapely.get_coordinates(g[i]).tolist()}
            for g in (widened, found.geometry)
        )
        if i != small:
            away = {c for c in before if not shapely.intersects_xy(widened[small], *c)}
            assert len(away) > 20
            assert away <= after  # to the last digit


def test_hole_in_one_cell_is_its_own_affair() -> None:
    pond = shapely.box(0, 0, 1000, 1000) - shapely.box(500, 300, 510, 700)
    given_cells = cells(pond, shapely.box(1000, 0, 2000, 1000))
    found = repaired(given_cells)
    assert untouched(given_cells, found.geometry)
    assert len(found.log) == 0


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10_000))
def test_overlaps_end_and_the_ground_stays(seed: int) -> None:
    rng = np.random.default_rng(seed)
    boxes = []
    for _ in range(6):
        x, y = rng.integers(0, 3000, 2)
        w, h = rng.integers(200, 2000, 2)
        boxes.append(shapely.box(x, y, x + w, y + h))
    given_cells = cells(*boxes)
    found = repaired(given_cells, gap_m=0.5)
    before = shapely.area(shapely.union_all(metric(given_cells)))
    after = shapely.area(shapely.union_all(metric(found.geometry)))
    assert overlap_m2(found.geometry) < 10.0
    assert shapely.is_valid(found.geometry).all()
    assert after == pytest.approx(before, abs=10.0)
    again = repaired(found.geometry, gap_m=0.5)
    if not (found.log["what"] == "no_ground").any():
        assert set(again.log["what"]) <= {"gap_left"}


def test_real_layer_with_flaws(shared: Path) -> None:
    layer = gpd.read_file(shared / "carrollton" / "ReportingAreas.shp")
    given_cells = geometry_to_wgs84(np.asarray(layer.geometry.values, dtype=object), "EPSG:2276")
    found = repaired(given_cells)
    assert set(found.log["what"]) == {"overlap"}
    assert found.log["area_km2"].sum() < 2e-5
    changed = sum(a is not b for a, b in zip(given_cells, found.geometry, strict=True))
    assert 0 < changed <= len(found.log)
    assert areas_km2(found.geometry) == pytest.approx(areas_km2(given_cells), abs=1e-4)


# --- neighbours -----------------------------------------------------------------------------


def test_rook_neighbours_of_a_grid() -> None:
    boxes = [
        shapely.box(x, y, x + 1000, y + 1000) for y in (0, 1000, 2000) for x in (0, 1000, 2000)
    ]
    found = {tuple(p) for p in cell_adjacency(cells(*boxes)).tolist()}
    assert found == {
        (0, 1), (1, 2), (3, 4), (4, 5), (6, 7), (7, 8),
        (0, 3), (1, 4), (2, 5), (3, 6), (4, 7), (5, 8),
    }  # fmt: skip


@pytest.mark.parametrize(("shared_m", "neighbours"), [(0.0, False), (0.9, False), (1.2, True)])
def test_a_corner_is_no_border(shared_m: float, neighbours: bool) -> None:
    low, high = (1000, 1000 - shared_m), (1000, 1000)
    pair = cells(shapely.box(0, 0, 1000, 1000), shapely.box(*low, 2000, 2000 - shared_m))
    exact = cells(
        shapely.Polygon([(0, 0), (1000, 0), low, high, (0, 1000)]),
        shapely.Polygon([low, (2000, low[1]), (2000, 2000), (1000, 2000), high]),
    )
    assert (len(cell_adjacency(pair)) == 1) == neighbours
    if shared_m:
        assert (len(cell_adjacency(exact)) == 1) == neighbours


@pytest.mark.parametrize("off_m", [-0.3, -0.05, 0.05, 0.3])
def test_borders_drawn_twice_are_borders(off_m: float) -> None:
    west = shapely.box(0, 0, 1000, 1000)
    east = shapely.Polygon(
        [(1000 + off_m, 0), (2000, 0), (2000, 1000), (1000 + off_m, 1000)]
        + [(1000 + off_m + 0.02 * (-1) ** k, 1000 - 37 * k) for k in range(1, 20)]
    )
    corner = shapely.box(1000 + off_m, 1000 + abs(off_m), 2000, 2000)
    found = {tuple(p) for p in cell_adjacency(cells(west, east, corner)).tolist()}
    assert found == {(0, 1), (1, 2)}


def test_cells_on_top_of_each_other_are_neighbours() -> None:
    box = shapely.box(0, 0, 1000, 1000)
    found = cell_adjacency(cells(box, box, shapely.box(1000, 0, 2000, 1000)))
    assert found.tolist() == [[0, 1], [0, 2], [1, 2]]
    assert cell_adjacency(cells(box)).shape == (0, 2)


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10_000), st.integers(2, 40))
def test_neighbours_equal_brute_force(seed: int, n: int) -> None:
    given_cells = voronoi(seed, n)
    flat = plane_of(given_cells).project(given_cells)
    brute = []
    for i, j in combinations(range(n), 2):
        border = shapely.intersection(shapely.boundary(flat[i]), shapely.boundary(flat[j]))
        if 0.5 < shapely.length(border) < 4.0:
            return  # too close to the limit for two ways of measuring
        if shapely.length(border) > 1.0:
            brute.append([i, j])
    assert cell_adjacency(given_cells).tolist() == brute


def test_carrollton_neighbours_as_published(shared: Path) -> None:
    """The published rook pairs, but for 12 that share less than a metre: corners."""
    layer = gpd.read_file(shared / "carrollton" / "ReportingAreas.shp")
    shapes = np.asarray(layer.geometry.values, dtype=object)
    row = {int(c): i for i, c in enumerate(layer["NumberId"])}
    pairs = pd.read_csv(shared / "carrollton" / "adjacency.csv").to_numpy()
    published = {(min(row[a], row[b]), max(row[a], row[b])) for a, b in pairs.tolist()}
    found = {(int(i), int(j)) for i, j in cell_adjacency(geometry_to_wgs84(shapes, "EPSG:2276"))}
    assert found <= published
    assert len(published) == 765
    assert len(found) == 753
    for i, j in published - found:
        border = shapely.intersection(shapely.boundary(shapes[i]), shapely.boundary(shapes[j]))
        assert shapely.length(border) * 0.3048 < 1.0


def test_point_neighbours() -> None:
    lon, lat = PLANE.lon_lat(
        np.array([0.0, 5000, 10_000, 5100, 5000]), np.array([0.0, -1500, 0, 1500, 9000])
    )
    # 0-3 and 2-3 see no third point inside their circle; 1 stands inside that of 0-2.
    assert point_adjacency(lon, lat).tolist() == [[0, 1], [0, 3], [1, 2], [1, 3], [2, 3], [3, 4]]
    assert point_adjacency(lon[:1], lat[:1]).shape == (0, 2)


# --- areas and places -----------------------------------------------------------------------


def test_areas_are_those_of_the_ellipsoid() -> None:
    given_cells = voronoi(1, 20)
    geod = Geod(ellps="WGS84")
    oracle = [
        abs(geod.geometry_area_perimeter(shapely.segmentize(g, 0.001))[0]) / 1e6
        for g in given_cells
    ]
    # An edge of 10 km is straight on the plane and in degrees, half a metre apart in the middle.
    assert areas_km2(given_cells) == pytest.approx(oracle, rel=3e-4)
    assert areas_km2(given_cells).sum() == pytest.approx(sum(oracle), rel=1e-5)
    assert areas_km2(np.zeros(0, dtype=object)).shape == (0,)


def test_locate() -> None:
    given_cells = np.array([shapely.box(0, 0, 1, 1), shapely.box(1, 0, 2, 1)], dtype=object)
    lon, lat = np.array([0.5, 1.5, 1.0, 2.5, np.nan]), np.array([0.5, 0.5, 0.5, 0.5, 0.5])
    assert locate(lon, lat, given_cells).tolist() == [0, 1, 0, -1, -1]


def test_thiessen_cells_hold_what_is_nearest() -> None:
    rng = np.random.default_rng(6)
    lon, lat = rng.uniform(107.2, 107.5, 15), rng.uniform(30.2, 30.5, 15)
    outline = shapely.Point(107.35, 30.35).buffer(0.12)
    found = thiessen(lon, lat, outline)
    assert shapely.coverage_is_valid(found[~shapely.is_empty(found)])
    assert areas_km2(found).sum() == pytest.approx(
        areas_km2(np.array([outline], dtype=object))[0], rel=1e-6
    )
    probe_lon, probe_lat = rng.uniform(107.25, 107.45, 300), rng.uniform(30.25, 30.45, 300)
    plane = plane_at(lon, lat)
    seats, probes = np.stack(plane.xy(lon, lat)), np.stack(plane.xy(probe_lon, probe_lat))
    gaps = np.sort(np.hypot(*(probes[:, :, None] - seats[:, None, :])), axis=1)
    nearest = np.argmin(np.hypot(*(probes[:, :, None] - seats[:, None, :])), axis=1)
    at = locate(probe_lon, probe_lat, found)
    clear = (gaps[:, 1] - gaps[:, 0] > 50) & (at >= 0)
    assert clear.sum() > 100
    assert (at == nearest)[clear].all()


def test_thiessen_of_few_points() -> None:
    outline = shapely.box(107.2, 30.2, 107.5, 30.5)
    assert thiessen(np.array([107.3]), np.array([30.3]), outline)[0].equals(outline)
    two = thiessen(np.array([107.3, 107.4]), np.array([30.3, 30.3]), outline)
    assert shapely.area(two) == pytest.approx([0.045, 0.045], rel=1e-2)
    with pytest.raises(ValueError, match="points 0 and 2"):
        thiessen(np.array([107.3, 107.4, 107.3]), np.array([30.3, 30.3, 30.3]), outline)
    with pytest.raises(ValueError, match="no points"):
        thiessen(np.zeros(0), np.zeros(0), outline)


def test_kinds_and_union() -> None:
    boxes = np.array([shapely.box(0, 0, 1, 1), None, shapely.box(1, 0, 2, 1)], dtype=object)
    assert are_polygons(boxes)
    assert not are_polygons(np.array([shapely.Point(0, 0), None], dtype=object))
    outline = union(boxes)
    assert outline is not None
    assert outline.equals(shapely.box(0, 0, 2, 1))
    assert union(None) is None
    assert union(np.array([None], dtype=object)) is None


def test_borders_between_cells_are_all_but_the_outline() -> None:
    """An inner border belongs to two cells: perimeters less the outline are twice their length."""
    random = np.random.default_rng(3)
    lon, lat = 107.0 + 0.2 * random.random(60), 30.0 + 0.2 * random.random(60)
    cells = thiessen(lon, lat, shapely.box(107.0, 30.0, 107.2, 30.2))
    pairs = cell_adjacency(cells)
    found = border_km(cells, pairs)
    metric = plane_of(cells).project(cells)
    inner_m = (shapely.length(metric).sum() - shapely.length(shapely.union_all(metric))) / 2
    assert found.sum() == pytest.approx(inner_m / 1000, rel=1e-3)
    apart = np.array([[0, int(np.setdiff1d(np.arange(1, 60), pairs[pairs[:, 0] == 0, 1])[0])]])
    assert border_km(cells, apart) == [0.0]


def test_a_border_drawn_twice_is_measured_once() -> None:
    """Two squares of 0.01 degrees side by side, one with a vertex more: a side of 1,112 m."""
    left = shapely.Polygon([(107.0, 30.0), (107.01, 30.0), (107.01, 30.01), (107.0, 30.01)])
    right = shapely.Polygon(
        [(107.01, 30.0), (107.02, 30.0), (107.02, 30.01), (107.01, 30.01), (107.01, 30.004)]
    )
    cells = np.array([left, right], dtype=object)
    assert border_km(cells, np.array([[0, 1], [1, 0]])) == pytest.approx([1.1087] * 2, rel=2e-3)
