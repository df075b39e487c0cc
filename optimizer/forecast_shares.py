"""Shares of cells and of the hours of the week: drawn together as far as chance explains them.

Shares of a category are drawn towards those of all categories together, and those of all hours
towards the rhythm of the day alone (Dirichlet-multinomial; concentration by moments, Mosimann 1962,
*Biometrika* 49). Two plain rules stand beside: last year's shares, with one alert spread over all
so that none is 0, and even shares.
"""

from __future__ import annotations

import numpy as np

from optimizer.alert_rules_forecast import SplitRule
from optimizer.frozen import FloatArray, IntArray

WEEK_HOURS = 168
_LEAST, _LEAST_RHO = 1e-12, 1e-6


def shares_by(
    rule: SplitRule, counts: IntArray, last_year: IntArray, base: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Shares by one rule, and the evidence behind them.

    Args:
        rule: Which.
        counts: Alerts of the whole history, shape (K, N).
        last_year: Those of its last 52 weeks, shape (K, N).
        base: Shares that the model believes before anything was seen, shape (N,).

    Returns:
        Shares, shape (K, N), rows sum to 1, none 0; evidence behind each row in alerts, shape (K,).
        Even shares are as sure as the model's: nobody counted for them.
    """
    n = counts.shape[1]
    if rule == "last_year":
        total = last_year.sum(axis=1) + 1.0
        return (last_year + 1.0 / n) / total[:, None], total
    share, weight = shrunk_shares(counts, base)
    return (np.full(share.shape, 1.0 / n) if rule == "even" else share), weight


def shrunk_shares(counts: IntArray, base: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Shares of each row, drawn towards those of all rows, and these towards `base`.

    Args:
        counts: Shape (K, N).
        base: Shares believed before anything was seen, none 0, shape (N,).

    Returns:
        Shares, shape (K, N), rows sum to 1, none 0; evidence behind each row in alerts, shape (K,).
    """
    common, _ = _drawn(counts.sum(axis=0), base)
    drawn = [_drawn(row, common) for row in counts]
    return np.stack([share for share, _ in drawn]), np.array([weight for _, weight in drawn])


def hour_base(by_hour: IntArray) -> FloatArray:
    """Hours of the week with the rhythm of the day alone, shape (168,), sum 1.

    Args:
        by_hour: Alerts by hour of the week, shape (K, 168).
    """
    of_day, _ = _drawn(by_hour.reshape(-1, 24).sum(axis=0), np.full(24, 1.0 / 24.0))
    base: FloatArray = np.tile(of_day, 7) / 7.0
    return base


def _drawn(counts: IntArray, base: FloatArray) -> tuple[FloatArray, float]:
    """Shares drawn towards `base`, and the alerts' worth of evidence behind them."""
    n = float(counts.sum())
    expected = n * base
    squares = float(((counts - expected) ** 2 / np.maximum(expected, _LEAST)).sum())
    # Pearson's statistic of a Dirichlet-multinomial row has the mean (N - 1)(1 + (n - 1) rho).
    alike = (squares / max(len(counts) - 1, 1) - 1.0) / max(n - 1.0, 1.0)
    rho = min(max(alike, _LEAST_RHO), 1.0 - _LEAST_RHO)
    prior = 1.0 / rho - 1.0
    share: FloatArray = (counts + prior * base) / (n + prior)
    return share, n + prior
