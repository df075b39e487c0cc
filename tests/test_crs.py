"""Coordinate systems: published values, round trips, and what is refused."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pyproj
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from geo.crs import (
    CHINA_BOX_DEG,
    apart_m,
    area_of_use_deg,
    from_wgs84,
    geometry_to_wgs84,
    is_geographic,
    is_known,
    is_shifted,
    local_crs,
    to_wgs84,
)
from optimizer.frozen import FloatArray

EARTH_M = 111_194.93  # one degree on a sphere of 6,371,008.8 m


def metres(lon_a: FloatArray, lat_a: FloatArray, lon_b: FloatArray, lat_b: FloatArray) -> float:
    east = (np.asarray(lon_a) - lon_b) * np.cos(np.radians(lat_a))
    return float(np.max(np.hypot(east, np.asarray(lat_a) - lat_b)) * EARTH_M)


# Test values of eviltransform (wgs lon, lat -> gcj lon, lat): Shanghai, Shenzhen, Beijing.
EVILTRANSFORM = [
    (121.5272106, 31.1774276, 121.531541859215, 31.17530398364597),
    (113.912316, 22.543847, 113.9171764808363, 22.540796131694766),
    (116.377817, 39.911954, 116.38404722455657, 39.91334545536069),
]


@pytest.mark.parametrize(("lon", "lat", "gcj_lon", "gcj_lat"), EVILTRANSFORM)
def test_gcj02_published(lon: float, lat: float, gcj_lon: float, gcj_lat: float) -> None:
    assert from_wgs84(lon, lat, "GCJ02") == pytest.approx((gcj_lon, gcj_lat), abs=1e-12)
    assert to_wgs84(gcj_lon, gcj_lat, "GCJ02") == pytest.approx((lon, lat), abs=1e-10)


def test_bd09_published() -> None:
    # coordtransform's test values: GCJ-02 (116.404, 39.915) is BD-09 (116.41036..., 39.92133...),
    # and WGS84 (116.404, 39.915) is BD-09 (116.41662..., 39.92269...).
    wgs = to_wgs84(116.404, 39.915, "GCJ02")
    assert from_wgs84(*wgs, "BD09") == pytest.approx(
        (116.41036949371029, 39.92133699351021), abs=1e-10
    )
    assert to_wgs84(116.41662724378733, 39.922699552216216, "BD09") == pytest.approx(
        (116.404, 39.915), abs=1e-10
    )


def test_inverse_is_exact_where_one_step_is_not() -> None:
    lon, lat = np.array([131.0]), np.array([51.72])
    back = from_wgs84(*to_wgs84(lon, lat, "GCJ02"), "GCJ02")
    assert metres(*back, lon, lat) < 1e-6
    # The common shortcut takes the shift at the shifted place.
    there = from_wgs84(lon, lat, "GCJ02")
    shortcut = from_wgs84(2 * lon - there[0], 2 * lat - there[1], "GCJ02")
    assert metres(*shortcut, lon, lat) > 1


@given(
    st.lists(st.tuples(st.floats(73.6, 135.0), st.floats(18.2, 53.5)), min_size=1, max_size=50),
    st.sampled_from(["GCJ02", "BD09"]),
)
def test_shifted_datums_round_trip(points: list[tuple[float, float]], crs: str) -> None:
    lon, lat = np.array(points).T
    there = from_wgs84(lon, lat, crs)
    back = to_wgs84(*there, crs)
    assert metres(lon, lat, *back) < 1e-4
    assert metres(lon, lat, *there) < (800 if crs == "GCJ02" else 1600)


@given(st.floats(-180, 180), st.floats(-90, 90), st.sampled_from(["GCJ02", "BD09"]))
def test_outside_china_passes_through(lon: float, lat: float, crs: str) -> None:
    west, south, east, north = CHINA_BOX_DEG
    if west <= lon <= east and south <= lat <= north:
        return
    assert from_wgs84(lon, lat, crs) == (lon, lat)
    assert to_wgs84(lon, lat, crs) == (lon, lat)


def test_mixed_arrays_keep_shape_and_nan() -> None:
    lon, lat = to_wgs84([[107.35], [np.nan], [-96.8]], [[30.32], [30.0], [33.0]], "GCJ02")
    assert lon.shape == (3, 1)
    assert np.isnan(lon[1, 0])
    assert lon[2, 0] == -96.8
    assert 100 < metres(lon[:1], lat[:1], np.array([[107.35]]), np.array([[30.32]])) < 800


@pytest.mark.parametrize("county", ["dianjiang", "daye", "jiangyou", "anxi"])
def test_seats_known_in_both_datums(shared: Path, county: str) -> None:
    text = (shared / county / "townships.csv").read_text(encoding="utf-8-sig")
    rows = [r for r in csv.DictReader(text.splitlines()) if r["lon_gcj02"] and r["lon_wgs84"]]
    assert len(rows) >= 15
    gcj_lon, gcj_lat, lon, lat = (
        np.array([float(r[k]) for r in rows])
        for k in ("lon_gcj02", "lat_gcj02", "lon_wgs84", "lat_wgs84")
    )
    # Both are printed with six decimals, that is +-0.08 m. Measured: 0.07 m at the most.
    assert metres(*to_wgs84(gcj_lon, gcj_lat, "GCJ02"), lon, lat) < 0.1
    assert metres(gcj_lon, gcj_lat, lon, lat) > 100


def test_cgcs2000_degrees_are_wgs84() -> None:
    assert to_wgs84(107.35, 30.32, "CGCS2000") == (107.35, 30.32)
    assert to_wgs84(107.35, 30.32, "EPSG:4490") == (107.35, 30.32)


def test_gauss_kruger_zone_by_hand() -> None:
    # EPSG:4524 is the 3-degree zone 36 (central meridian 108 E, false easting 36,500,000 m). On the
    # meridian the easting is the false easting and the northing the meridian arc: at 30 N on
    # GRS 80 it is 3,320,113.398 m (Snyder's series, USGS 1395, formula 3-21).
    x, y = from_wgs84(108.0, 30.0, "EPSG:4524")
    assert float(x) == pytest.approx(36_500_000, abs=1e-3)
    assert float(y) == pytest.approx(3_320_113.398, abs=1e-3)
    assert to_wgs84(36_500_000.0, 3_320_113.398, "EPSG:4524") == pytest.approx(
        (108.0, 30.0), abs=1e-8
    )


def test_feet(shared: Path) -> None:
    # Texas North Central counts in US survey feet: read as metres the city would lie elsewhere.
    text = (shared / "carrollton" / "areas.csv").read_text(encoding="utf-8-sig")
    rows = list(csv.DictReader(text.splitlines()))
    lon, lat = to_wgs84(
        [float(r["x_ft"]) for r in rows], [float(r["y_ft"]) for r in rows], "EPSG:2276"
    )
    assert -97.1 < lon.min() < lon.max() < -96.7
    assert 32.8 < lat.min() < lat.max() < 33.2


def test_unplaceable_is_infinite() -> None:
    lon, _ = to_wgs84([500_000.0, np.nan], [3_300_000.0, 0.0], "EPSG:4524")
    assert np.isinf(lon[0])
    assert np.isnan(lon[1])


def test_geometry_moves_every_vertex_once_and_drops_z() -> None:
    polygon = shapely.from_wkt("POLYGON Z ((107 30 5, 107.1 30 5, 107.1 30.1 5, 107 30 5))")
    given_shapes = np.array([polygon, None], dtype=object)
    moved = geometry_to_wgs84(given_shapes, "GCJ02")
    assert moved[1] is None
    assert not moved[0].has_z
    corners = shapely.get_coordinates(moved[0])
    expected = np.column_stack(to_wgs84([107, 107.1, 107.1, 107], [30, 30, 30.1, 30], "GCJ02"))
    assert corners == pytest.approx(expected, abs=1e-12)
    assert not geometry_to_wgs84(given_shapes, "WGS84")[0].has_z


def test_local_crs_keeps_areas_and_lengths() -> None:
    lon, lat = np.array([107.0, 108.0]), np.array([29.9, 30.7])
    crs = local_crs(lon, lat)
    x, y = from_wgs84(lon, lat, crs)
    geod = pyproj.Geod(ellps="WGS84")
    true_m = geod.inv(lon[0], lat[0], lon[1], lat[1])[2]
    assert float(np.hypot(*np.diff([x, y], axis=1))[0]) == pytest.approx(true_m, rel=2e-5)
    ring_lon, ring_lat = np.array([107.2, 107.4, 107.4, 107.2]), np.array([30, 30, 30.2, 30.2])
    true_m2 = abs(geod.polygon_area_perimeter(ring_lon, ring_lat)[0])
    flat = shapely.Polygon(np.column_stack(from_wgs84(ring_lon, ring_lat, crs)))
    assert flat.area == pytest.approx(true_m2, rel=1e-5)
    assert local_crs(lon, lat) == local_crs(lon[::-1], lat[::-1])
    with pytest.raises(ValueError, match="no finite point"):
        local_crs([np.nan], [np.nan])


@pytest.mark.parametrize(
    "crs", ["WGS84", "wgs-84", "CGCS2000", "GCJ02", "gcj-02", "BD 09", "EPSG:4526", "epsg:2276"]
)
def test_known(crs: str) -> None:
    assert is_known(crs)


@pytest.mark.parametrize("crs", ["", "4326", "EPSG:999999", "MARS2000", "+proj=nothing", "EPSG:"])
def test_unknown(crs: str) -> None:
    assert not is_known(crs)
    with pytest.raises(ValueError, match="unknown coordinate system"):
        to_wgs84(1.0, 1.0, crs)


@pytest.mark.parametrize("crs", ["EPSG:5773", "EPSG:4978", 'LOCAL_CS["building site"]'])
def test_heights_and_local_grids_are_no_places(crs: str) -> None:
    assert not is_known(crs)


def test_kinds_and_areas() -> None:
    assert is_geographic("GCJ02")
    assert is_geographic("EPSG:4490")
    assert not is_geographic("EPSG:4524")
    assert is_shifted("bd-09")
    assert not is_shifted("EPSG:4326")
    assert area_of_use_deg("WGS84") is None
    assert area_of_use_deg("EPSG:3832") is None  # the Pacific, across the date line
    west, south, east, north = area_of_use_deg("EPSG:4524") or (0, 0, 0, 0)
    assert (west, east) == pytest.approx((106.5, 109.5), abs=0.02)
    assert south < 30 < north


def test_apart() -> None:
    assert apart_m([107.0], [30.0], "WGS84", "EPSG:4490") == 0.0
    assert 100 < apart_m([107.0], [30.0], "WGS84", "GCJ02") < 800
    assert apart_m([2.45e6], [7.05e6], "EPSG:2276", "EPSG:2277") > 100_000
    assert apart_m([], [], "WGS84", "GCJ02") == 0.0
