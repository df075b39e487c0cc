"""Plain rules that any forecast must beat: last year's days, and the mean of the last 52 weeks."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from optimizer.forecast_model import Foretold, weekday_of
from optimizer.frozen import BoolArray, FloatArray, IntArray

YEAR_DAYS, WEEK_DAYS = 364, 7
# No rule foretells that nothing can happen.
LEAST_MEAN = 1e-3


def last_52_weeks(counts: IntArray, known: BoolArray, days: NDArray[np.datetime64]) -> Foretold:
    """Each weekday as the mean of its like in the last 364 days of the history.

    Args:
        counts: Alerts of each day of the history, shape (D,).
        known: Days not in a gap, shape (D,).
        days: Dates of the history and of the days to come, shape (D + H,).
    """
    n = len(counts)
    weekday = weekday_of(days)
    told = np.flatnonzero(known)
    told = told[told >= n - YEAR_DAYS]
    mean = _weekday_means(counts[told], weekday[told])
    before = mean[weekday[told]]
    return Foretold(mean=mean[weekday[n:]], dispersion=_dispersion(counts[told], before))


def seasonal_naive(counts: IntArray, known: BoolArray, days: NDArray[np.datetime64]) -> Foretold:
    """Each day as that of 52 weeks before; of one week before where the history is shorter.

    A day whose like lies in a gap is as the mean of its weekday.

    Args:
        counts: Alerts of each day of the history, shape (D,).
        known: Days not in a gap, shape (D,).
        days: Dates of the history and of the days to come, shape (D + H,).
    """
    n = len(counts)
    season = YEAR_DAYS if n >= YEAR_DAYS else WEEK_DAYS
    weekday = weekday_of(days)
    told = np.flatnonzero(known)
    means = _weekday_means(counts[told], weekday[told])
    at = np.arange(n, len(days))
    like = n - season + (at - n) % season
    mean = np.where(known[like], counts[like], means[weekday[n:]]).astype(float)
    lag = season if n >= 2 * season else WEEK_DAYS
    both = told[(told >= lag) & known[np.maximum(told - lag, 0)]]
    return Foretold(
        mean=np.maximum(mean, LEAST_MEAN),
        dispersion=_dispersion(counts[both], counts[both - lag].astype(float)),
    )


def naive_scale(counts: IntArray, known: BoolArray) -> float:
    """Mean absolute change within a week, by which errors are scaled (Hyndman and Koehler 2006)."""
    both = known[WEEK_DAYS:] & known[:-WEEK_DAYS]
    change = np.abs(counts[WEEK_DAYS:] - counts[:-WEEK_DAYS])[both]
    return float(change.mean()) if len(change) else np.nan


def _weekday_means(counts: IntArray, weekday: IntArray) -> FloatArray:
    days = np.bincount(weekday, minlength=7)
    overall = float(counts.mean()) if len(counts) else 0.0
    sums = np.bincount(weekday, weights=counts, minlength=7)
    mean: FloatArray = np.where(days > 0, sums / np.maximum(days, 1), overall)
    return np.maximum(mean, LEAST_MEAN)


def _dispersion(counts: IntArray, foretold: FloatArray) -> float:
    """Squared errors over mean: 1 of a Poisson count whose mean is known."""
    if not len(counts):
        return 1.0
    mean = max(float(counts.mean()), LEAST_MEAN)
    return max(1.0, float(((counts - foretold) ** 2).mean()) / mean)
