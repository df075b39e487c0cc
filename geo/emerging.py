"""Hot spots through time: new, lasting, growing, fading, gone.

Each step of time is judged by itself: Gi* of the alerts of that step and a few before it, against
the county in the same steps, so that a summer with more alerts everywhere makes no new hot spot.
False discoveries are held to the stated share among the places of each step. Whether a place has
more and more alerts is told by Mann and Kendall's test on the alerts of it and its neighbours in
single steps: those are its own, while its Gi* falls when another place rises.

Classes, the first that fits (S = share of steps in which the place is hot):

    last step hot    new           never hot before
                     consecutive   hot in the last two or more steps, never before, S < persistent
                     intensifying  S >= persistent and the trend rises
                     fading        S >= persistent and the trend falls
                     persistent    S >= persistent
                     sporadic      hot on and off
    last step not    fading        S >= persistent, or hot in half of the steps or more and the
                                   trend falls
                     sporadic      hot in one of the last three steps
                     past          hot in some step before
                     none          never hot
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from scipy.stats import false_discovery_control, norm

from geo.alert_grid import Grid
from geo.hot_spots import grid_sums, neighbourhood, permutation_p, random_orders, scaled, standard_g
from optimizer.alert_rules_hot_spots import Emerging
from optimizer.frozen import BoolArray, FloatArray, IntArray

CLASSES = (
    "none", "new", "consecutive", "intensifying", "persistent", "fading", "sporadic", "past",
)  # fmt: skip
RECENT_STEPS = 3
LEAST_STEPS = 6
"""Fewer steps tell no trend: Mann-Kendall's normal form needs about as many."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Through:
    """Hot spots through time, N places and T steps.

    Attributes:
        starts: First day of each step, shape (T,).
        counts: Alerts of each place in each step, shape (N, T).
        z: Gi* of the counted steps together, shape (N, T).
        is_hot: Shape (N, T).
        trend_z: Mann-Kendall, positive = more and more alerts, shape (N,).
        kind: Row in `CLASSES`, shape (N,).
    """

    starts: NDArray[np.datetime64]
    counts: IntArray
    z: FloatArray
    is_hot: BoolArray
    trend_z: FloatArray
    kind: IntArray


def steps_of(
    occurred_at: NDArray[np.datetime64], step: str, first_day: Any, last_day: Any
) -> tuple[NDArray[np.datetime64], IntArray]:
    """First days of the steps of a log, and the step of each alert, -1 = in none.

    Args:
        occurred_at: Times in ascending order, shape (A,).
        step: `week` (from Monday), `month` or `quarter`.
        first_day: Of the log, datetime64; steps that it does not cover are left out.
        last_day: Of the log.
    """
    number = _numbers(occurred_at, step)
    first, last = _numbers(np.array([first_day, last_day]), step).tolist()
    begin, after = _first_days([first, last + 1], step)
    first += int(begin < first_day)
    last -= int(after > last_day + 1)
    starts = _first_days(range(first, last + 1), step)
    return starts, np.where((number >= first) & (number <= last), number - first, -1)


def emerging_hot_spots(
    counts: NDArray[np.int64],
    starts: NDArray[np.datetime64],
    grid: Grid,
    *,
    band_m: float,
    scale: Literal["root", "count"],
    rules: Emerging,
    false_discovery_fraction: float,
    permutations: int,
    seed: int,
) -> Through:
    """Classes of the squares of a grid that touch the county.

    Args:
        counts: Alerts in each step and square, shape (T, Y, X).
        starts: First day of each step, shape (T,).
        grid: Squares.
        band_m: Squares whose middles lie within this distance are neighbours.
        scale: What places are compared by: see `geo.hot_spots.scaled`.
        rules: Steps counted together, and what persistent and a trend mean.
        false_discovery_fraction: Among the places of each step.
        permutations: Random draws behind every chance.
        seed: Of the draws.

    Raises:
        ValueError: fewer steps than `LEAST_STEPS`.
    """
    steps = len(starts)
    if steps < LEAST_STEPS:
        raise ValueError(f"{steps} steps, expected {LEAST_STEPS}")
    places = neighbourhood(grid, band_m)
    n = len(places)
    # The same orders serve every step: each step's chances are valid by themselves.
    orders = random_orders(n, int(places.max()), permutations, seed)
    z, alone, hot = np.zeros((n, steps)), np.zeros((n, steps)), np.zeros((n, steps), bool)
    for t in range(steps):
        alone[:, t] = grid_sums(counts[t].astype(float), grid, band_m)[grid.inside]
        together = counts[max(0, t + 1 - rules.steps_counted) : t + 1].sum(axis=0)
        z[:, t], value, window = _g(scaled(together, scale), grid, band_m, places)
        p = permutation_p(value, window, places, orders)
        hot[:, t] = false_discovery_control(p) <= false_discovery_fraction
    trend = mann_kendall_z(alone)
    kind = classify(
        hot,
        trend,
        persistent_fraction=rules.persistent_fraction,
        trend_z=float(norm.isf(rules.trend_p / 2.0)),
    )
    return Through(
        starts=starts,
        counts=counts[:, grid.inside].T,
        z=z,
        is_hot=hot,
        trend_z=trend,
        kind=kind,
    )


def classify(
    hot: BoolArray, trend: FloatArray, *, persistent_fraction: float, trend_z: float
) -> IntArray:
    """Row in `CLASSES` of each place: see the head of this file.

    Args:
        hot: Shape (N, T).
        trend: Mann-Kendall statistic, shape (N,).
        persistent_fraction: Share of hot steps of a persistent place.
        trend_z: From here on a trend counts.
    """
    steps = hot.shape[1]
    share = hot.mean(axis=1)
    last = hot[:, -1]
    # Steps since the last one that was not hot.
    run = np.where(hot.all(axis=1), steps, np.argmin(hot[:, ::-1], axis=1))
    before = hot.sum(axis=1) > run
    lasting = share >= persistent_fraction - 1e-12
    up, down = trend >= trend_z, trend <= -trend_z
    names = np.select(
        [
            last & ~before & (run == 1),
            last & ~before & ~lasting,
            last & lasting & up,
            last & lasting & down,
            last & lasting,
            last,
            lasting | ((share >= 0.5) & down),
            hot[:, -RECENT_STEPS:].any(axis=1),
            hot.any(axis=1),
        ],
        [
            CLASSES.index(name)
            for name in (
                "new", "consecutive", "intensifying", "fading", "persistent", "sporadic", "fading",
                "sporadic", "past",
            )
        ],
        CLASSES.index("none"),
    )  # fmt: skip
    return names.astype(np.int64)


def mann_kendall_z(series: FloatArray) -> FloatArray:
    """Mann and Kendall's trend statistic of each row, shape (N,); positive = rising.

    S = sum of signs of later minus earlier; its variance without a trend, corrected for ties;
    z = (S -+ 1) / sqrt(variance). Mann (1945), Kendall (1975).
    """
    n, steps = series.shape
    s = np.zeros(n)
    for lag in range(1, steps):
        s += np.sign(series[:, lag:] - series[:, :-lag]).sum(axis=1)
    ordered = np.sort(series, axis=1)
    ties = np.zeros(n)
    run = np.ones(n)
    for t in range(1, steps + 1):
        same = ordered[:, t] == ordered[:, t - 1] if t < steps else np.zeros(n, bool)
        ties += np.where(same, 0.0, run * (run - 1.0) * (2.0 * run + 5.0))
        run = np.where(same, run + 1.0, 1.0)
    variance = (steps * (steps - 1.0) * (2.0 * steps + 5.0) - ties) / 18.0
    away = np.sign(s) * np.maximum(np.abs(s) - 1.0, 0.0)
    z: FloatArray = np.divide(away, np.sqrt(variance), where=variance > 0, out=np.zeros(n))
    return z


def _g(
    values: FloatArray, grid: Grid, band_m: float, places: IntArray
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Gi*, values and windows of one step."""
    value = values[grid.inside]
    window = grid_sums(values, grid, band_m)[grid.inside]
    return standard_g(value, window, places), value, window


def _numbers(times: NDArray[np.datetime64], step: str) -> IntArray:
    """Weeks, months or quarters since 1970 of each time."""
    if step == "week":
        return (times.astype("datetime64[D]").astype(np.int64) + 3) // 7
    return times.astype("datetime64[M]").astype(np.int64) // (3 if step == "quarter" else 1)


def _first_days(numbers: Sequence[int], step: str) -> NDArray[np.datetime64]:
    """First day of weeks, months or quarters counted from 1970."""
    number = np.array(numbers, np.int64)
    if step == "week":
        return (number * 7 - 3).view("datetime64[D]")
    months = number * (3 if step == "quarter" else 1)
    return months.view("datetime64[M]").astype("datetime64[D]")
