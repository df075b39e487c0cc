"""Bands of travel time: known ground, disjoint, cut to the county; and as layers of a plan."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyogrio
import pytest
import shapely

from geo.closures import cuts_of
from geo.export import write_plan_gpkg
from geo.isochrone_layers import isochrone_layers, isochrone_overlays
from geo.isochrones import MINUTES, Bands, Surface, bands, isochrones, travel_surface
from geo.plane import as_geometry, plane_of
from geo.routing import Router, router, travel, with_changes
from optimizer.errors import untranslated
from optimizer.plan import current_plan
from scenarios.case import open_case
from scenarios.isochrones import surface_of
from scenarios.prepared import Prepared
from tests.small_case import write_case
from tests.test_routing import KM_PER_DEG, network

# One road of 20 km, one minute a kilometre, through the middle of a ground of 20 x 4 km.
ROAD = network([(-10, 0), (10, 0)], [(0, 1, 20.0, 20.0)])
GROUND = shapely.box(-10 / KM_PER_DEG, -2 / KM_PER_DEG, 10 / KM_PER_DEG, 2 / KM_PER_DEG)


def made(roads: Router, at_km: list[float], walk: float | None = None) -> Bands:
    lon = np.array(at_km) / KM_PER_DEG
    return isochrones(roads, lon, np.zeros(len(lon)), (2, 5, 8), area=GROUND, walk_km_per_h=walk)


def km2(found: Bands, source: int, high: float) -> float:
    row = np.flatnonzero((found.source == source) & (found.to_min == high))
    plane = plane_of(as_geometry([GROUND]))
    return float(shapely.area(plane.project(found.geometry[row])).sum() / 1e6)


def test_bands_are_where_the_minutes_say() -> None:
    found = made(router(ROAD), [0.0])
    # Walks do not count: the ground within 5 minutes is 10 km of it, 4 km wide.
    assert km2(found, 0, 2) == pytest.approx(4 * 4, rel=0.01)
    assert km2(found, 0, 5) == pytest.approx(6 * 4, rel=0.01)
    assert km2(found, 0, 8) == pytest.approx(6 * 4, rel=0.01)
    assert found.from_min[found.source == 0].tolist() == [0, 2, 5]
    assert found.step_m == pytest.approx(60, rel=0.3)


def test_the_walk_from_the_road_narrows_them() -> None:
    # At 12 km/h on foot a place 1 km beside the road is 5 minutes further: a rhombus 10 km long
    # and 2 km wide within 5 minutes.
    found = made(router(ROAD), [0.0], walk=12.0)
    assert km2(found, 0, 2) + km2(found, 0, 5) == pytest.approx(10, rel=0.03)
    assert shapely.is_valid(found.geometry).all()


def test_bands_of_one_station_are_disjoint_and_together_is_the_nearest() -> None:
    found = made(router(ROAD), [-5.0, 5.0])
    for source in (0, 1, -1):
        shapes = found.geometry[found.source == source]
        whole = shapely.union_all(shapes)
        assert shapely.area(shapes).sum() == pytest.approx(whole.area, rel=1e-6)
    assert km2(found, -1, 2) == pytest.approx(2 * 4 * 4, rel=0.01)
    assert km2(found, -1, 5) == pytest.approx(48, rel=0.01)
    assert not (found.to_min[found.source == -1] > 5).any()


def test_bands_of_uneven_ground_share_their_borders_to_the_last_bit() -> None:
    # Hills of minutes: coordinates of a border come out of two computations.
    plane = plane_of(as_geometry([GROUND]))
    x_m, y_m = np.arange(-9_000.0, 9_000.0, 123.4), np.arange(-1_900.0, 1_900.0, 123.4)
    east, north = np.meshgrid(x_m, y_m)
    hills = 14 + 8 * np.sin(east / 700) * np.cos(north / 430) + 5 * np.sin(east / 190 + north / 310)
    ground = plane.project(as_geometry([GROUND]))[0]
    hilly = Surface(
        plane=plane, x_m=x_m, y_m=y_m, travel_time_min=hills[None], area=ground, step_m=123.4
    )
    shapes = bands(hilly, [0]).geometry
    assert len(shapes) == 5
    assert shapely.is_valid(shapes).all()
    whole = shapely.union_all(shapes)
    assert shapely.area(shapes).sum() == pytest.approx(whole.area, rel=1e-9)


def test_what_cannot_be_reached_is_in_no_band() -> None:
    # The road is closed 1 km east of the station.
    cut = with_changes(router(ROAD), cuts=cuts_of([(0, 0.55, 0.551)]))
    found = made(cut, [0.0])
    west, _, east, _ = shapely.total_bounds(found.geometry) * KM_PER_DEG
    assert west == pytest.approx(-8, abs=0.1)
    assert east == pytest.approx(1, abs=0.1)


def test_places_in_a_band_take_as_long_as_travel_says() -> None:
    rng = np.random.default_rng(4)
    roads = router(network(
        [(-8, 0), (0, 0), (8, 0), (0, -2), (0, 2)],
        [(0, 1, 8, 8), (1, 2, 8, 8), (3, 1, 6, 2), (1, 4, 6, 2)],
    ))  # fmt: skip
    surface = travel_surface(
        roads,
        np.array([-3 / KM_PER_DEG]),
        np.zeros(1),
        area=GROUND,
        walk_km_per_h=5.0,
        limit_min=20,
    )
    found = bands(surface, [0], (5, 10, 20))
    lon, lat = rng.uniform(-10, 10, 3000) / KM_PER_DEG, rng.uniform(-2, 2, 3000) / KM_PER_DEG
    minutes = travel(
        None, np.array([-3 / KM_PER_DEG]), np.zeros(1), lon, lat, walk_km_per_h=5.0, index=roads
    ).travel_time_min[0]
    # Where the nearest road changes, the minutes may jump: a few places are on the other side.
    slack_min = 2 * surface.step_m / 1000 / 5 * 60  # two steps of the grid on foot
    for low, high, shape in zip(found.from_min, found.to_min, found.geometry, strict=True):
        inside = shapely.contains_xy(shape, lon, lat)
        assert inside.any()
        assert (minutes[inside] <= high + slack_min).mean() > 0.98
        assert (minutes[inside] >= low - slack_min).mean() > 0.98
        sure = (minutes > low + slack_min) & (minutes < high - slack_min)
        assert inside[sure].mean() > 0.95


def test_an_area_without_extent_is_refused() -> None:
    with pytest.raises(ValueError, match="without extent"):
        isochrones(
            router(ROAD), np.zeros(1), np.zeros(1), area=shapely.Point(0, 0), walk_km_per_h=None
        )


# --- as layers ------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Prepared:
    return Prepared(open_case(str(write_case(tmp_path_factory.mktemp("iso") / "case"))))


def test_layers_tell_whose_they_are_and_that_roads_are_modelled(
    prepared: Prepared, tmp_path: Path
) -> None:
    loaded = prepared.load(prepared.case.scenario(None))
    county, surface = loaded.county, surface_of(loaded)
    plan = current_plan(county)
    path = tmp_path / "plan.gpkg"
    names = write_plan_gpkg(
        path, county, plan, turnout_min=2.0, cell_geometry=loaded.cell_geometry,
        road_lines=loaded.network.street_lines(), reach=surface,
    )  # fmt: skip
    assert {"isochrones_today", "isochrones_plan"} < set(names)
    frame = pyogrio.read_dataframe(path, layer="isochrones_today")
    own = frame[frame["scope"] == "station"]
    assert set(own["station_id"]) == set(county.stations.station_id)
    assert (own["drawn"] == "").all()
    together = frame[frame["scope"] == "all"]
    assert (together["drawn"] == [f"{a:g}–{b:g}" for a, b in
            zip(together["from_min"], together["to_min"], strict=True)]).all()  # fmt: skip
    assert set(frame["origin"]) == {"modelled"}
    assert set(frame["to_min"]) <= set(MINUTES)
    assert frame.geometry.is_valid.all()
    (layer, _) = isochrone_layers(county, plan, surface, untranslated)
    assert "0–5 min (modelled)" in layer.style


def test_the_map_has_them_far_ones_first(prepared: Prepared) -> None:
    loaded = prepared.load(prepared.case.scenario(None))
    today, then = isochrone_overlays(
        loaded.county, current_plan(loaded.county), surface_of(loaded), untranslated
    )
    assert today.name == "Minutes by road today (modelled)"
    assert [label for _, label in today.features] == [
        label for _, label in then.features
    ]  # nobody moves under today's own plan
    area = [shape.area for shape, _ in today.features]
    assert area == sorted(area, reverse=True)
    assert today.features[-1][1] == "5 min"


def test_a_grid_of_streets_is_a_diamond_of_ground() -> None:
    """Streets every 0.5 km at 60 km/h: t minutes reach |x| + |y| <= t km, which is 2 t^2 km2."""
    n = 21
    nodes = [((i - 10) / 2, (j - 10) / 2) for i in range(n) for j in range(n)]
    east = [(i * n + j, (i + 1) * n + j, 0.5, 0.5) for i in range(n - 1) for j in range(n)]
    north = [(i * n + j, i * n + j + 1, 0.5, 0.5) for i in range(n) for j in range(n - 1)]
    side = 5 / KM_PER_DEG
    ground = shapely.box(-side, -side, side, side)
    found = isochrones(
        router(network(nodes, east + north)), np.zeros(1), np.zeros(1), (2, 4), area=ground,
        walk_km_per_h=None,
    )  # fmt: skip
    own = found.source == 0
    km2_of = np.cumsum(shapely.area(found.geometry[own])) * KM_PER_DEG**2
    # A point between two streets is as far as the nearer one: the edge steps by half a block.
    assert km2_of == pytest.approx([8, 32], rel=0.08)
    assert shapely.is_valid(found.geometry).all()
    one, two = found.geometry[own]
    assert shapely.intersection(one, two).area < 1e-9 * one.area
    # Nested: the far band has a hole that the near one fills.
    assert shapely.union(one, two).buffer(-1e-7).geom_type == "Polygon"


def test_what_no_road_reaches_has_no_band() -> None:
    apart = network([(-10, 0), (-2, 0), (2, 0), (10, 0)], [(0, 1, 8, 8), (2, 3, 8, 8)])
    found = made(router(apart), [-6.0])
    east = shapely.box(1 / KM_PER_DEG, -2 / KM_PER_DEG, 10 / KM_PER_DEG, 2 / KM_PER_DEG)
    assert not shapely.intersects(found.geometry, east).any()
    assert km2(found, 0, 2) == pytest.approx(16, rel=0.01)
