"""Density of alerts as a surface: a Gaussian kernel over squares, corrected at the border.

Every alert is spread by a two-dimensional normal kernel. Near the border part of every kernel falls
outside; the density of a place is divided by the share of a kernel there that lies inside (Jones
1993), so that an even log stays even up to the border. The whole is then scaled to hold exactly the
alerts counted.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter

from geo.alert_grid import Grid
from optimizer.frozen import FloatArray, IntArray

Rule = Literal["likelihood", "scott", "given"]

_REACH = 4.0
"""Standard deviations at which the kernel ends."""
_LADDER = 1.25
"""Ratio between the distances that the likelihood rule tries."""
_LEAST_STEPS = 1.5
"""Shortest distance in sides of a square: below it squares would show, not alerts."""
_TINY = 1e-12


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Surface:
    """Density of alerts over the county.

    Attributes:
        grid: Its squares.
        per_km2: Alerts per square kilometre over the time of the alerts, shape (Y, X); NaN outside.
        bandwidth_m: Standard deviation of the kernel.
        rule: How that was chosen.
        alerts: How many alerts it holds.
    """

    grid: Grid
    per_km2: FloatArray
    bandwidth_m: float
    rule: Rule
    alerts: int


def density_surface(
    x_m: NDArray[Any],
    y_m: NDArray[Any],
    grid: Grid,
    *,
    bandwidth_m: float | None = None,
    rule: Literal["likelihood", "scott"] = "likelihood",
) -> Surface:
    """Kernel density of places on `grid`.

    Args:
        x_m: Places on the grid's plane, shape (A,); those outside the county are left out.
        y_m: Likewise.
        grid: Squares.
        bandwidth_m: Standard deviation of the kernel; None = by `rule`. It is never less than one
            and a half sides of a square.
        rule: `likelihood`: the distance under which squares left out one at a time are best
            foretold; alerts at one place thus do not foretell each other. `scott`: Scott (1992),
            the mean standard deviation of the places times A to the power of -1/6.
    """
    counts = grid.counts(x_m, y_m)
    alerts = int(counts.sum())
    least_m = _LEAST_STEPS * grid.step_m
    chosen: Rule = "given"
    if bandwidth_m is None:
        chosen = rule
        longest_m = scott_m(counts, grid)
        bandwidth_m = longest_m if rule == "scott" else likelihood_m(counts, grid, longest_m)
    bandwidth_m = max(bandwidth_m, least_m)
    share = kernel_share(grid, bandwidth_m)
    smooth = _smooth(counts.astype(float), grid, bandwidth_m)
    spread = np.divide(smooth, share, where=grid.inside, out=np.zeros(grid.shape))
    total = float(spread.sum())
    scale = alerts / total / (grid.step_m / 1000.0) ** 2 if total > 0 else 0.0
    per_km2 = np.where(grid.inside, spread * scale, np.nan)
    return Surface(grid=grid, per_km2=per_km2, bandwidth_m=bandwidth_m, rule=chosen, alerts=alerts)


def kernel_share(grid: Grid, bandwidth_m: float) -> FloatArray:
    """Share of a kernel at the middle of each square that lies inside the county, shape (Y, X)."""
    return _smooth(grid.inside.astype(float), grid, bandwidth_m)


def scott_m(counts: IntArray, grid: Grid) -> float:
    """Scott's distance for places counted in squares: one distance for both directions."""
    n = int(counts.sum())
    if n == 0:
        return _LEAST_STEPS * grid.step_m
    spread = 0.0
    for axis in (0, 1):
        weight = counts.sum(axis=1 - axis)
        at = np.arange(len(weight)) * grid.step_m
        mean = float((weight * at).sum()) / n
        spread += float((weight * (at - mean) ** 2).sum()) / n
    return float(np.sqrt(spread / 2.0) * n ** (-1.0 / 6.0))


def likelihood_m(counts: IntArray, grid: Grid, longest_m: float) -> float:
    """The distance of greatest leave-one-square-out likelihood, between the least and `longest_m`.

    The density at a square comes from the alerts of all other squares; its logarithm is summed over
    alerts. Leaving out one alert at a time would choose no distance at all where alerts repeat at
    one address.
    """
    n = float(counts.sum())
    least_m = _LEAST_STEPS * grid.step_m
    if n < 2 or longest_m <= least_m:
        return least_m
    tries = max(2, 1 + round(np.log(longest_m / least_m) / np.log(_LADDER)))
    at = counts > 0
    best, best_m = -np.inf, least_m
    for h in np.geomspace(least_m, longest_m, tries).tolist():
        own = _kernel_at_zero(grid, h)
        others = _smooth(counts.astype(float), grid, h)[at] - own * counts[at]
        others /= kernel_share(grid, h)[at]
        left = np.maximum(n - counts[at], 1.0)
        score = float((counts[at] * np.log(np.maximum(others / left, _TINY))).sum())
        if score > best:
            best, best_m = score, h
    return float(best_m)


def _smooth(values: FloatArray, grid: Grid, bandwidth_m: float) -> FloatArray:
    smoothed: FloatArray = gaussian_filter(
        values, _sigma(grid, bandwidth_m), mode="constant", truncate=_REACH
    )
    return smoothed


def _sigma(grid: Grid, bandwidth_m: float) -> float:
    """Kernel in squares; counting in squares has already spread each alert by a twelfth."""
    return float(np.sqrt((bandwidth_m / grid.step_m) ** 2 - 1.0 / 12.0))


def _kernel_at_zero(grid: Grid, bandwidth_m: float) -> float:
    """Weight of a square for itself."""
    reach = 2 * int(_REACH * _sigma(grid, bandwidth_m) + 1.5) + 1
    one = np.zeros(reach)
    one[reach // 2] = 1.0
    line = gaussian_filter(one, _sigma(grid, bandwidth_m), mode="constant", truncate=_REACH)
    return float(line.max()) ** 2
