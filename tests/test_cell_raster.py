"""Points to cells by raster: the same as the exact test, everywhere."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from geo.boundaries import locate
from geo.cell_raster import CellFinder, CellRaster, cell_raster


def as_array(*shapes: Any) -> Any:
    made = np.empty(len(shapes), dtype=object)
    made[:] = shapes
    return made


def test_neighbours_holes_and_outside() -> None:
    ring = shapely.box(107.2, 30.0, 107.21, 30.01).difference(
        shapely.box(107.203, 30.003, 107.206, 30.006)
    )
    cells = as_array(shapely.box(107.19, 30.0, 107.2, 30.01), ring)
    raster = cell_raster(cells)
    lon = np.array([107.195, 107.207, 107.2045, 107.22, 107.2, np.nan])
    lat = np.array([30.005, 30.005, 30.0045, 30.005, 30.005, 30.0])
    # On the common border the first of the two.
    assert raster.locate(lon, lat).tolist() == [0, 1, -1, -1, 0, -1]


@settings(max_examples=15, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.floats(0.0, 0.2),
            st.floats(0.0, 0.2),
            st.floats(0.001, 0.1),
            st.integers(1, 4),
            st.floats(0.0, 0.9),
        ),
        min_size=1,
        max_size=6,
    ),
    st.integers(0, 2**32 - 1),
)
def test_equal_to_the_exact_test_even_where_cells_overlap(
    circles: list[tuple[float, float, float, int, float]], seed: int
) -> None:
    """Overlaps, holes and corners; among the points are vertices and midpoints of edges."""
    shapes = []
    for x, y, radius, quarter, hole in circles:
        disc = shapely.Point(x, y).buffer(radius, quad_segs=quarter)
        shapes.append(disc.difference(shapely.Point(x, y).buffer(radius * hole, quad_segs=1)))
    cells = as_array(*shapes)
    corner = shapely.get_coordinates(cells)
    middle = (corner[1:] + corner[:-1]) / 2.0
    rng = np.random.default_rng(seed)
    points = np.concatenate([rng.uniform(-0.15, 0.35, (400, 2)), corner, middle])
    found = cell_raster(cells).locate(points[:, 0], points[:, 1])
    assert found.tolist() == locate(points[:, 0], points[:, 1], cells).tolist()


@pytest.fixture(scope="module")
def county() -> Any:
    rng = np.random.default_rng(5)
    seeds = shapely.multipoints(rng.uniform(0.0, 0.3, (40, 2)))
    parts = shapely.voronoi_polygons(seeds, extend_to=shapely.box(0, 0, 0.3, 0.3))
    inside = shapely.intersection(shapely.get_parts(parts), shapely.Point(0.15, 0.15).buffer(0.14))
    return as_array(*[p for p in inside if not p.is_empty])


def test_most_points_need_no_polygon(county: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    raster = cell_raster(county)
    rng = np.random.default_rng(1)
    lon, lat = rng.uniform(0.0, 0.3, (2, 20_000))
    tried: list[int] = []
    exact = CellRaster._exact

    def counted(self: CellRaster, lon: Any, lat: Any, pixel: Any) -> Any:
        tried.append(len(lon))
        return exact(self, lon, lat, pixel)

    monkeypatch.setattr(CellRaster, "_exact", counted)
    found = raster.locate(lon, lat)
    assert found.tolist() == locate(lon, lat, county).tolist()
    assert 0 < sum(tried) < 0.05 * len(lon)


def test_few_points_do_without_a_raster(county: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    drawn: list[int] = []

    def counted(cells: Any) -> CellRaster:
        drawn.append(len(cells))
        return cell_raster(cells)

    monkeypatch.setattr("geo.cell_raster.cell_raster", counted)
    finder = CellFinder(county)
    lon, lat = np.array([0.15, 0.9]), np.array([0.15, 0.9])
    assert finder.locate(lon, lat).tolist() == locate(lon, lat, county).tolist()
    assert not drawn
    many = np.repeat(lon, 2_000)
    expected = locate(many, np.repeat(lat, 2_000), county)
    assert finder.locate(many, np.repeat(lat, 2_000)).tolist() == expected.tolist()
    assert finder.locate(lon, lat).tolist() == locate(lon, lat, county).tolist()
    assert drawn == [len(county)]
