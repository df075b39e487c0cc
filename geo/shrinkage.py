"""Rates of small areas, drawn towards a common rate as far as chance explains the difference.

Poisson-gamma empirical Bayes with moment estimates: Clayton and Kaldor (1987); Marshall (1991),
"Mapping disease and mortality rates using empirical Bayes estimators", Applied Statistics 40.
Alerts in an area are Poisson with mean rate times exposure; rates are gamma with mean m and
variance A over the county. With counts y and exposures e over areas:

    m = sum(y) / sum(e),   A = max(0, sum(e (y/e - m)^2) / sum(e) - m / mean(e)),

and the rate of an area given its count is gamma with shape m^2/A + y and rate m/A + e. Its mean is
m + (y/e - m) A / (A + m/e): a village with few residents keeps little of what chance brought it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.stats import gamma

from optimizer.frozen import FloatArray, IntArray


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Shrunk:
    """Rates of C areas per unit of exposure.

    Attributes:
        raw: Count over exposure; NaN where there is no exposure, shape (C,).
        rate: Drawn towards the common rate, shape (C,); the common rate where no exposure.
        low, high: Ends of the interval, shape (C,); as if m and A were known.
        common: The rate m each is drawn towards, shape (C,).
        kept_fraction: How much of its own difference an area keeps, A / (A + m/e), shape (C,).
    """

    raw: FloatArray
    rate: FloatArray
    low: FloatArray
    high: FloatArray
    common: FloatArray
    kept_fraction: FloatArray


def shrunk_rates(
    counts: FloatArray,
    exposure: FloatArray,
    neighbours: IntArray | None = None,
    *,
    interval_fraction: float = 0.95,
) -> Shrunk:
    """Rates of areas with intervals.

    Args:
        counts: Alerts, shape (C,).
        exposure: What they are counted over, such as residents or square kilometres times years,
            shape (C,); areas with none have the common rate.
        neighbours: Pairs of neighbouring areas, each once, shape (E, 2): rates are drawn towards
            those of the area and its neighbours together (Marshall's local estimate). None:
            towards the county's.
        interval_fraction: How sure the interval is.

    Raises:
        ValueError: no area with exposure.
    """
    known = exposure > 0
    if not known.any():
        raise ValueError("no area with exposure")
    raw = np.divide(counts, exposure, where=known, out=np.full(len(counts), np.nan))
    y, e = np.where(known, counts, 0.0), np.where(known, exposure, 0.0)
    r = np.where(known, raw, 0.0)
    one, two = _both_ways(neighbours, len(counts))

    def around(values: FloatArray) -> FloatArray:
        """Sum over an area and its neighbours, or over the county."""
        if neighbours is None:
            return np.full(len(values), values.sum())
        return values + np.bincount(one, values[two], minlength=len(values))

    sum_e, sum_y, areas = around(e), around(y), around(known.astype(float))
    # Where nobody lives around, the county's rate stands in.
    none = sum_e <= 0
    m = np.where(none, y.sum() / e.sum(), sum_y / np.where(none, 1.0, sum_e))
    # sum e (r - m)^2 over the areas around, with the m of the area in the middle.
    square = around(e * r * r) - 2.0 * m * around(e * r) + m * m * sum_e
    variance = square / np.where(none, 1.0, sum_e) - m * areas / np.where(none, 1.0, sum_e)
    # A hair above nothing is rounding: equal rates differ by nothing.
    variance = np.where(variance > 1e-12 * np.maximum(m * m, 1e-300), variance, 0.0)
    return _posterior(raw, y, e, m, variance, np.stack([sum_y, sum_e]), interval_fraction)


def _posterior(
    raw: FloatArray,
    y: FloatArray,
    e: FloatArray,
    m: FloatArray,
    variance: FloatArray,
    around: FloatArray,
    interval_fraction: float,
) -> Shrunk:
    """The gamma of each area; where rates do not differ, that of the common rate itself."""
    differs = variance > 0
    safe = np.where(differs, variance, 1.0)
    shape = np.where(differs, m * m / safe + y, around[0] + 0.5)
    scale = 1.0 / np.where(differs, m / safe + e, np.maximum(around[1], 1e-300))
    tail = (1.0 - interval_fraction) / 2.0
    kept = np.where(differs & (e > 0), safe * e / (safe * e + np.maximum(m, 1e-300)), 0.0)
    rate = m + np.where(e > 0, kept * (np.nan_to_num(raw) - m), 0.0)
    return Shrunk(
        raw=raw,
        rate=rate,
        low=np.asarray(gamma.ppf(tail, shape, scale=scale), float),
        high=np.asarray(gamma.ppf(1.0 - tail, shape, scale=scale), float),
        common=m,
        kept_fraction=kept,
    )


def _both_ways(pairs: IntArray | None, n: int) -> tuple[IntArray, IntArray]:
    if pairs is None or not len(pairs):
        empty = np.zeros(0, np.int64)
        return empty, empty
    both = np.concatenate([pairs, pairs[:, ::-1]])
    assert both.max() < n
    return both[:, 0], both[:, 1]
