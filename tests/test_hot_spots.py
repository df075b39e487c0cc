"""Gi*: equal to esda's, exact chances by enumeration, planted places found, a null left alone."""

from __future__ import annotations

from itertools import combinations
from typing import Literal

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from geo.alert_grid import Grid, grid_over
from geo.hot_spots import (
    draws_for,
    grid_groups,
    grid_hot_spots,
    grid_sums,
    neighbourhood,
    pair_groups,
    pair_hot_spots,
    permutation_p,
    random_orders,
    scaled,
)
from optimizer.frozen import FloatArray, IntArray

CRS = "+proj=tmerc +lat_0=30 +lon_0=107 +datum=WGS84 +units=m"
STEP_M = 100.0
ONE_ROUND = 1.5 * STEP_M


def lattice(rows: int, columns: int) -> Grid:
    return grid_over(shapely.box(0, 0, columns * STEP_M, rows * STEP_M), CRS, STEP_M)


def skewed(seed: int, grid: Grid) -> FloatArray:
    """Counts as alerts are: many squares with none, a few with many."""
    rng = np.random.default_rng(seed)
    return rng.poisson(rng.gamma(0.5, 2.0, grid.shape)).astype(float)


def near(grid: Grid, band_m: float) -> IntArray:
    x_m, y_m = grid.middles(np.flatnonzero(grid.inside))
    pairs = [
        (i, j)
        for i, j in combinations(range(len(x_m)), 2)
        if np.hypot(x_m[i] - x_m[j], y_m[i] - y_m[j]) <= band_m
    ]
    return np.array(pairs)


@pytest.mark.parametrize("band_m", [ONE_ROUND, 250.0])
def test_as_esda_on_the_same_places(band_m: float) -> None:
    esda = pytest.importorskip("esda")
    weights = pytest.importorskip("libpysal.weights")
    grid = lattice(12, 15)
    values = skewed(1, grid)
    ours = grid_hot_spots(values, grid, band_m=band_m, permutations=99, seed=1)
    x_m, y_m = grid.middles(np.flatnonzero(grid.inside))
    band = weights.DistanceBand(np.c_[x_m, y_m], band_m, binary=True, silence_warnings=True)
    # Their chances are compared in benchmarks/alerts_density.py: compiling them takes a minute.
    theirs = esda.G_Local(values.ravel(), band, transform="B", star=True, permutations=0)
    assert ours.z == pytest.approx(theirs.Zs, abs=1e-9)
    assert ours.window == pytest.approx(band.sparse @ values.ravel() + values.ravel())


def test_chances_are_those_of_all_draws() -> None:
    """A row of seven places: every set of others can be listed."""
    value = np.array([5.0, 3.0, 0.0, 1.0, 0.0, 2.0, 7.0])
    pairs = np.array([(i, i + 1) for i in range(6)])
    window = value.copy()
    for i, j in pairs.tolist():
        window[i] += value[j]
        window[j] += value[i]
    places = np.array([2, 3, 3, 3, 3, 3, 2])
    draws = 40_000
    found = permutation_p(value, window, places, random_orders(7, 3, draws, 5))
    for i in range(7):
        others = np.delete(value, i)
        sums = [value[i] + sum(s) for s in combinations(others, places[i] - 1)]
        wanted = np.mean(np.array(sums) >= window[i])
        assert found[i] == pytest.approx(wanted, abs=4 * np.sqrt(0.25 / draws) + 1 / draws)


@pytest.mark.parametrize(("n", "first"), [(5, 5), (9, 2), (200, 3)])
def test_orders_are_random_and_hold_no_place_twice(n: int, first: int) -> None:
    orders = random_orders(n, first, 20_000, 3)
    assert all(len(set(row)) == first for row in orders[:500].tolist())
    for column in orders.T:  # every place comes at every turn as often
        share = np.bincount(column, minlength=n) / len(orders)
        assert np.abs(share - 1 / n).max() < 5 * np.sqrt(1 / n / len(orders))
    assert np.array_equal(orders, random_orders(n, first, 20_000, 3))


def test_squares_and_pairs_are_one_statistic() -> None:
    grid = lattice(7, 8)
    values = skewed(3, grid)
    one = grid_hot_spots(values, grid, band_m=ONE_ROUND, permutations=999, seed=1)
    two = pair_hot_spots(values.ravel(), near(grid, ONE_ROUND), permutations=999, seed=1)
    assert one.z == pytest.approx(two.z)
    assert one.p == pytest.approx(two.p)


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10_000), st.sampled_from([0.0, 100.0, 150.0, 230.0, 400.0]))
def test_sums_over_a_disc(seed: int, band_m: float) -> None:
    grid = lattice(5, 6)
    values = np.random.default_rng(seed).integers(0, 9, grid.shape).astype(float)
    x_m, y_m = grid.middles(np.arange(30))
    away = np.hypot(x_m[:, None] - x_m, y_m[:, None] - y_m)
    wanted = (away <= band_m + 1e-6) @ values.ravel()
    assert grid_sums(values, grid, band_m).ravel() == pytest.approx(wanted)
    assert neighbourhood(grid, band_m).tolist() == (away <= band_m + 1e-6).sum(axis=1).tolist()


def test_a_planted_hot_spot_is_found_and_nothing_else() -> None:
    grid = lattice(40, 40)
    counts = np.random.default_rng(7).poisson(1.0, grid.shape)
    counts[10:13, 20:23] += 6
    local = grid_hot_spots(
        scaled(counts, "root"), grid, band_m=ONE_ROUND, permutations=draws_for(1600, 0.05), seed=1
    )
    hot = local.hot(0.05).reshape(grid.shape)
    assert hot[11, 20:23].all()
    assert hot[10:13, 21].all()
    hot[9:14, 19:24] = False  # squares that touch it see its alerts
    assert not hot.any()


def test_a_very_hot_place_does_not_hide_another_under_the_root() -> None:
    grid = lattice(60, 60)
    counts = np.random.default_rng(8).poisson(0.3, grid.shape)
    counts[3:6, 3:6] += 80
    counts[40:45, 40:45] += 4

    def second(scale: Literal["root", "count"]) -> int:
        local = grid_hot_spots(
            scaled(counts, scale), grid, band_m=ONE_ROUND, permutations=72_000, seed=1
        )
        return int(local.hot(0.05).reshape(grid.shape)[41:44, 41:44].sum())

    assert second("root") == 9
    assert second("count") == 0


def test_a_null_gives_no_more_than_the_stated_false_discoveries() -> None:
    """Places without any pattern, skewed as alerts are: some list in at most 1 of 20 counties."""
    grid = lattice(20, 20)
    counties = 60
    wrong = 0
    for seed in range(counties):
        values = scaled(skewed(1000 + seed, grid), "root")
        local = grid_hot_spots(values, grid, band_m=ONE_ROUND, permutations=8000, seed=seed)
        wrong += bool(local.hot(0.05).any())
    # 5% of 60 are 3; with 8 or more the share would be above 5% at p = 0.01 (binomial).
    assert wrong < 8


def test_chances_of_a_null_are_even() -> None:
    grid = lattice(20, 20)
    p = [
        grid_hot_spots(
            np.random.default_rng(seed).normal(size=grid.shape), grid, band_m=ONE_ROUND,
            permutations=999, seed=seed,
        ).p
        for seed in range(30)
    ]  # fmt: skip
    for share in (0.05, 0.2, 0.5):
        assert (np.concatenate(p) <= share).mean() == pytest.approx(share, abs=0.03)


def test_equal_places_are_not_hot() -> None:
    grid = lattice(4, 4)
    local = grid_hot_spots(np.ones((4, 4)), grid, band_m=ONE_ROUND, permutations=99, seed=1)
    assert not local.z.any()
    assert (local.p == 1.0).all()
    alone = pair_hot_spots(np.array([3.0]), np.zeros((0, 2), int), permutations=99, seed=1)
    assert alone.q.tolist() == [1.0]


def test_a_place_without_neighbours_is_never_hot() -> None:
    value = np.array([100.0, 1.0, 2.0, 1.0])
    local = pair_hot_spots(value, np.array([[1, 2], [2, 3]]), permutations=999, seed=1)
    assert local.p[0] == 1.0


def test_the_number_of_draws_can_tell_one_place() -> None:
    assert draws_for(100, 0.05) == 9_999
    assert 1 / (draws_for(5000, 0.05) + 1) <= 0.05 / 5000
    assert draws_for(10**6, 0.05) == 199_999


def test_groups_of_squares_and_of_cells() -> None:
    grid = lattice(3, 4)
    hot = np.array([[1, 0, 0, 1], [0, 1, 0, 0], [0, 0, 0, 1]], bool).ravel()
    groups = grid_groups(hot, grid).reshape(3, 4)
    assert groups[0, 0] == groups[1, 1]  # corner to corner is one place
    assert len({groups[0, 0], groups[0, 3], groups[2, 3]}) == 3
    assert (groups.ravel()[~hot] == -1).all()
    pairs = np.array([[0, 1], [1, 2], [2, 3]])
    assert pair_groups(np.array([True, True, False, True]), pairs).tolist() == [0, 0, -1, 1]
    assert pair_groups(np.zeros(3, bool), np.zeros((0, 2), int)).tolist() == [-1, -1, -1]
