"""Density of alerts: the surface against the exact sum, its border, its rules, its areas."""

from __future__ import annotations

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from geo.alert_grid import Grid, grid_over, round_step_m
from geo.density import density_surface, kernel_share, scott_m
from geo.density_bands import density_bands
from optimizer.frozen import FloatArray

CRS = "+proj=tmerc +lat_0=30 +lon_0=107 +datum=WGS84 +units=m"
SQUARE = shapely.box(-10_000, -10_000, 10_000, 10_000)


def grid(step_m: float = 200.0) -> Grid:
    return grid_over(SQUARE, CRS, step_m)


def exact(at: FloatArray, x_m: FloatArray, y_m: FloatArray, h: float) -> FloatArray:
    """Alerts per km2 at places: the sum of kernels, no border."""
    away = (at[0][:, None] - x_m) ** 2 + (at[1][:, None] - y_m) ** 2
    density: FloatArray = np.exp(-away / (2 * h * h)).sum(axis=1) / (2 * np.pi * h * h) * 1e6
    return density


def towns(seed: int, n: int) -> tuple[FloatArray, FloatArray]:
    rng = np.random.default_rng(seed)
    middle = rng.uniform(-6000, 6000, (4, 2))
    places = middle[rng.integers(0, 4, n)] + rng.normal(0, 500, (n, 2))
    return places[:, 0], places[:, 1]


def test_the_surface_is_the_sum_of_kernels() -> None:
    x_m, y_m = towns(1, 500)
    surface = density_surface(x_m, y_m, grid(100.0), bandwidth_m=800.0)
    flat = np.flatnonzero(surface.grid.inside)
    at = np.column_stack(surface.grid.middles(flat)).T
    far = np.abs(at).max(axis=0) < 7000  # no kernel there reaches the border
    found, wanted = surface.per_km2.ravel()[flat][far], exact(at, x_m, y_m, 800.0)[far]
    assert np.abs(found - wanted).max() < 0.01 * wanted.max()


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 10_000), st.integers(1, 60))
def test_no_alert_is_lost_at_the_border(seed: int, n: int) -> None:
    rng = np.random.default_rng(seed)
    x_m, y_m = rng.uniform(-10_000, 10_000, (2, n))
    surface = density_surface(x_m, y_m, grid(500.0), bandwidth_m=2000.0)
    assert np.nansum(surface.per_km2) * 0.25 == pytest.approx(n)


def test_an_even_log_stays_even_up_to_the_border() -> None:
    places = np.arange(-9900.0, 10_000.0, 200.0)
    x_m, y_m = (v.ravel() for v in np.meshgrid(places, places))
    surface = density_surface(x_m, y_m, grid(), bandwidth_m=1000.0)
    # 25 alerts per km2 everywhere; without correction the corners would hold a quarter.
    assert np.nanmin(surface.per_km2) == pytest.approx(25.0)
    assert np.nanmax(surface.per_km2) == pytest.approx(25.0)
    assert kernel_share(surface.grid, 1000.0)[0, 0] == pytest.approx(0.25, abs=0.05)


def test_alerts_outside_are_not_counted() -> None:
    surface = density_surface(np.array([0.0, 50_000.0, np.nan]), np.zeros(3), grid())
    assert surface.alerts == 1


def test_scotts_rule() -> None:
    x_m, y_m = towns(2, 4000)
    counts = grid(50.0).counts(x_m, y_m)
    wanted = np.sqrt((x_m.var() + y_m.var()) / 2.0) * 4000 ** (-1 / 6)
    assert scott_m(counts, grid(50.0)) == pytest.approx(wanted, rel=1e-3)


def test_likelihood_finds_the_spread_of_towns_where_scott_blurs_them() -> None:
    x_m, y_m = towns(3, 3000)
    found = density_surface(x_m, y_m, grid(100.0))
    assert found.rule == "likelihood"
    assert found.bandwidth_m < 300.0 < density_surface(x_m, y_m, grid(), rule="scott").bandwidth_m


def test_repeats_at_one_address_do_not_choose_the_distance() -> None:
    x_m, y_m = towns(4, 400)
    once = density_surface(x_m, y_m, grid(100.0)).bandwidth_m
    often = density_surface(np.repeat(x_m, 20), np.repeat(y_m, 20), grid(100.0)).bandwidth_m
    # Left out alert by alert, twenty at one address would foretell each other: 150 m, the least.
    assert often > 150.0
    assert often >= once / 2


def test_a_given_distance_is_never_shorter_than_squares_can_show() -> None:
    surface = density_surface(np.zeros(5), np.zeros(5), grid(), bandwidth_m=10.0)
    assert (surface.rule, surface.bandwidth_m) == ("given", 300.0)


def test_squares_have_keys_that_say_where_they_are() -> None:
    one = grid(500.0)
    assert one.key(int(one.square_of(np.array([10.0]), np.array([-10.0]))[0])) == "g500:0:-1"
    assert one.square_of(np.array([10_001.0]), np.array([0.0])).tolist() == [-1]
    with pytest.raises(ValueError, match="squares"):
        grid_over(SQUARE, CRS, 5.0)


def test_squares_that_touch_the_county_belong_to_it() -> None:
    touched = grid_over(shapely.box(0, 0, 1010, 990), CRS, 100.0)
    assert touched.inside.sum() == 11 * 10
    assert round_step_m(2000e6, 40_000) == 200.0


def test_densest_ground() -> None:
    rng = np.random.default_rng(5)
    dense = rng.normal(0, 300, (900, 2)) + 4000
    even = rng.uniform(-9900, 9900, (100, 2))
    x_m, y_m = np.concatenate([dense, even]).T
    surface = density_surface(x_m, y_m, grid(), bandwidth_m=400.0)
    bands = density_bands(surface, SQUARE, (0.5, 0.9))
    # A normal town of spread 300 m seen through 400 m: half lies within 1.18 x 500 m.
    assert bands.area_km2[0] == pytest.approx(np.pi * 0.589**2 * 1.15, rel=0.15)
    assert bands.from_per_km2[0] > bands.from_per_km2[1]
    assert bands.geometry[0].area < bands.geometry[1].area
    lon, lat = bands.geometry[0].centroid.coords[0]
    assert (lon, lat) == pytest.approx((107.0414, 30.036), abs=0.002)
