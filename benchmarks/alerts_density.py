"""Density, Gi* and near repeats of a million alerts, beside KDEpy, esda and pointpats.

    python -m benchmarks.alerts_density

CPU seconds of this process; ours and theirs in one run, after a warm-up each. The same points, the
same squares, the same neighbours.
"""

from __future__ import annotations

import time
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import shapely
from esda import G_Local
from KDEpy import FFTKDE
from libpysal.weights import DistanceBand
from pointpats import Knox

from geo.alert_grid import Grid, grid_over, round_step_m
from geo.density import density_surface
from geo.hot_spots import draws_for, grid_hot_spots, scaled
from geo.near_repeat import near_repeats
from optimizer.frozen import FloatArray

ALERTS = 1_000_000
COUNTY = shapely.Point(0, 0).buffer(25_000, quad_segs=500)
CRS = "+proj=tmerc +lat_0=30 +lon_0=107 +datum=WGS84 +units=m"
REPEATS_AMONG = 1500
"""pointpats holds a matrix of all pairs."""


def places(n: int, seed: int = 1) -> FloatArray:
    """Thirty towns of 600 m and a tenth of the alerts anywhere, shape (n, 2)."""
    rng = np.random.default_rng(seed)
    towns = rng.uniform(-15_000, 15_000, (30, 2))
    found = towns[rng.integers(0, 30, n)] + rng.normal(0, 600, (n, 2))
    anywhere = rng.random(n) < 0.1
    found[anywhere] = rng.uniform(-17_000, 17_000, (int(anywhere.sum()), 2))
    return np.asarray(found.astype(np.float32), float)


def timed(work: Callable[[], Any]) -> tuple[float, Any]:
    """CPU seconds of the second of two calls, and what it gives."""
    work()
    start = time.process_time()
    made = work()
    return time.process_time() - start, made


def density(xy: FloatArray) -> None:
    """Against KDEpy's FFT, which corrects no border and chooses no distance."""
    x_m, y_m = xy.T.astype(np.float32)
    grid = grid_over(COUNTY, CRS, round_step_m(COUNTY.area, 40_000))
    chosen_s, surface = timed(lambda: density_surface(x_m, y_m, grid))
    given_s, _ = timed(lambda: density_surface(x_m, y_m, grid, bandwidth_m=surface.bandwidth_m))
    rows, columns = grid.shape
    axes = [
        start + (np.arange(n) + 0.5) * grid.step_m
        for start, n in ((grid.west_m, columns), (grid.south_m, rows))
    ]
    mesh = np.stack(np.meshgrid(*axes, indexing="ij"), -1).reshape(-1, 2)
    inner = np.abs(xy).max(axis=1) < 24_900  # KDEpy refuses points beyond its grid
    their_s, theirs = timed(
        lambda: FFTKDE(kernel="gaussian", bw=surface.bandwidth_m).fit(xy[inner]).evaluate(mesh)
    )
    theirs = theirs.reshape(columns, rows).T * int(inner.sum()) * 1e6
    apart = np.nanmax(np.abs(surface.per_km2 - theirs)[grid.inside]) / np.nanmax(theirs)
    print(f"density, {len(xy):,} alerts, {grid.inside.sum():,} squares of {grid.step_m:g} m")
    print(f"  ours, distance by likelihood ({surface.bandwidth_m:.0f} m): {chosen_s:.3f} s")
    print(f"  ours, distance given: {given_s:.3f} s; KDEpy: {their_s:.3f} s, "
          f"{their_s / given_s:.1f} times; farthest apart {apart:.2%} of the peak")  # fmt: skip


def hot_spots(xy: FloatArray) -> None:
    """The default squares; then few squares, on which esda ends in a minute."""
    x_m, y_m = xy.T.astype(np.float32)
    grid = grid_over(COUNTY, CRS, round_step_m(COUNTY.area, 10_000))
    draws = draws_for(int(grid.inside.sum()), 0.05)

    def ours(grid: Grid, draws: int) -> Any:
        return grid_hot_spots(
            scaled(grid.counts(x_m, y_m), "root"),
            grid,
            band_m=1.5 * grid.step_m,
            permutations=draws,
            seed=1,
        )

    our_s, local = timed(lambda: ours(grid, draws))
    print(f"Gi*, {len(xy):,} alerts counted into {grid.inside.sum():,} squares, {draws:,} draws: "
          f"{our_s:.3f} s, {int(local.hot(0.05).sum())} hot")  # fmt: skip
    grid = grid_over(COUNTY, CRS, 1000.0)
    our_s, local = timed(lambda: ours(grid, 999))
    middles = np.column_stack(grid.middles(np.flatnonzero(grid.inside)))

    def esda() -> Any:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            band = DistanceBand(middles, 1500.0, binary=True, silence_warnings=True)
            return G_Local(local.value, band, transform="B", star=True, permutations=999, seed=2)

    their_s, theirs = timed(esda)
    low = local.p < 0.45
    print(f"  {grid.inside.sum():,} squares, 999 draws: ours {our_s:.3f} s, esda {their_s:.3f} s, "
          f"{their_s / our_s:.0f} times; z apart {np.abs(local.z - theirs.Zs).max():.1e}, "
          f"p apart {np.abs(local.p - theirs.p_sim)[low].max():.3f}")  # fmt: skip


def repeats(xy: FloatArray) -> None:
    """Knox among few alerts for pointpats, and among many for us."""
    rng = np.random.default_rng(3)

    def knox(n: int) -> Any:
        times = np.sort(rng.integers(0, 365 * 86_400, n)).astype("datetime64[s]")
        return timed(
            lambda: near_repeats(
                xy[:n, 0], xy[:n, 1], times, distances_m=(200.0,), days=(7.0,), permutations=99,
                seed=1, most_pairs=50_000_000,
            )
        ), times  # fmt: skip

    (our_s, ours), times = knox(REPEATS_AMONG)
    days = times.astype(np.int64)[:, None] / 86_400.0
    their_s, theirs = timed(
        lambda: Knox(xy[:REPEATS_AMONG], days, delta=200.0, tau=7.0, permutations=99)
    )
    print(f"near repeats, {REPEATS_AMONG:,} alerts, 99 shuffles: ours {our_s:.3f} s, pointpats "
          f"{their_s:.3f} s, {their_s / our_s:.0f} times; pairs {int(ours.pairs.sum())} and "
          f"{int(theirs.statistic_)}")  # fmt: skip
    (our_s, ours), times = knox(20_000)
    print(f"  20,000 alerts: {our_s:.3f} s")


def main() -> None:
    """Print what was measured."""
    xy = places(ALERTS)
    density(xy)
    hot_spots(xy)
    repeats(xy)


if __name__ == "__main__":
    main()
