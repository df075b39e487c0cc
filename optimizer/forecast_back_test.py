"""How well each way of foretelling would have done: rolling origin, from the days before only.

Back from the end of the history, one period after the other is foretold from all days before it
(Tashman 2000, *International Journal of Forecasting* 16) and scored:

- absolute error of a day over the mean absolute change within a week of the days before (MASE,
  Hyndman and Koehler 2006);
- pinball loss of a day's quantiles (Gneiting and Raftery 2007), by which ways are ranked;
- share of days, and of whole periods, inside their intervals.

The error of a period's total beyond what chance of its counts explains is the drift of the level: a
variance that grows with the days ahead, as a random walk's does. It widens the intervals; those of
the back-test know the drift of earlier periods only.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from optimizer.alert_rules_forecast import METHODS, ForecastRules, Method
from optimizer.expectation import count_quantile
from optimizer.forecast_baselines import last_52_weeks, naive_scale, seasonal_naive
from optimizer.forecast_model import Foretold, foretell
from optimizer.frozen import BoolArray, FloatArray, IntArray

LEAST_HISTORY_DAYS = 56
QUANTILES = (0.025, 0.1, 0.25, 0.5, 0.75, 0.9, 0.975)
# What is believed of the drift before any period was seen: 5 % in a quarter, worth two periods.
_DRIFT_FRACTION, _DRIFT_DAYS, _DRIFT_PERIODS = 0.05, 91.0, 2.0


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class History:
    """Days of a log and days to come. K categories, D days of history, H days to come.

    Attributes:
        counts: Alerts of each category and day, shape (K, D).
        known: Days not in a gap, shape (D,).
        days: Dates, shape (D + H,).
        kind: What day each is (`forecast_model.HOLIDAY` and so on), shape (D + H,).
    """

    counts: IntArray
    known: BoolArray
    days: NDArray[np.datetime64]
    kind: IntArray

    def upto(self, end: int, ahead: int) -> History:
        """As it was known at the start of day `end`, with `ahead` days to come."""
        return History(
            counts=self.counts[:, :end],
            known=self.known[:end],
            days=self.days[: end + ahead],
            kind=self.kind[: end + ahead],
        )

    def foretold(self, category: int, method: Method, rules: ForecastRules) -> Foretold:
        """The days to come of one category by one method."""
        counts = self.counts[category]
        if method == "model":
            return foretell(counts, self.known, self.days, self.kind, rules)
        plain = last_52_weeks if method == "last_52_weeks" else seasonal_naive
        return plain(counts, self.known, self.days)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class BackTest:
    """What each method would have foretold. K categories, M methods as `METHODS`, B periods.

    Attributes:
        first: First day of each period, earliest first, shape (B,).
        days: Length of a period.
        seen_alerts: Alerts of each category and period, shape (K, B).
        foretold: Likewise, by method, shape (M, K, B).
        mase: Shape (M, K); NaN where nothing changes from week to week.
        pinball: Mean pinball loss of a day, alerts, shape (M, K).
        day_coverage_fraction: Share of days inside their interval, shape (M, K).
        total_coverage_fraction: Share of periods whose total is inside, shape (M, K).
        drift_per_day: Variance of the level's relative error, a day ahead, shape (M, K).
    """

    first: NDArray[np.datetime64]
    days: int
    seen_alerts: IntArray
    foretold: FloatArray
    mase: FloatArray
    pinball: FloatArray
    day_coverage_fraction: FloatArray
    total_coverage_fraction: FloatArray
    drift_per_day: FloatArray

    def best(self) -> tuple[Method, ...]:
        """The method of each category: the model, unless a plain rule has the lower pinball loss.

        The model, too, where no period could be foretold.
        """
        if not len(self.first):
            return (METHODS[0],) * len(self.seen_alerts)
        rows: list[int] = np.argmin(self.pinball, axis=0).tolist()
        return tuple(METHODS[m] for m in rows)


def origins(known: BoolArray, rules: ForecastRules) -> tuple[list[int], int]:
    """First days of the periods foretold, earliest first, and their length.

    A short history is foretold in shorter periods, of four weeks at least. A period in which the
    log has a gap is passed over.
    """
    n = len(known)
    days = min(rules.back_test_days, max(28, n // 6))
    found: list[int] = []
    for at in range(n - days, 0, -days):
        if int(known[:at].sum()) < max(LEAST_HISTORY_DAYS, days):
            break
        if known[at : at + days].all():
            found.append(at)
        if len(found) == rules.back_test_periods:
            break
    return found[::-1], days


def back_test(history: History, rules: ForecastRules) -> BackTest:
    """Foretell past periods by every method and score them.

    Args:
        history: The log; days to come are not looked at.
        rules: Length and number of periods, interval.
    """
    at, days = origins(history.known, rules)
    m, k, b = len(METHODS), len(history.counts), len(at)
    total, pinball, error = np.zeros((m, k, b)), np.zeros((m, k, b)), np.zeros((m, k, b))
    in_days, in_total = np.zeros((m, k, b)), np.zeros((m, k, b))
    squares = np.zeros((m, k, b))
    seen_alerts = np.zeros((k, b), np.int64)
    tail = (1.0 - rules.interval_fraction) / 2.0
    for i, start in enumerate(at):
        then = history.upto(start, days)
        seen = history.counts[:, start : start + days]
        seen_alerts[:, i] = seen.sum(axis=1)
        for row in range(k):
            scale = naive_scale(then.counts[row], then.known)
            for way, method in enumerate(METHODS):
                told = then.foretold(row, method, rules)
                drift = drift_per_day(squares[way, row, :i], days)
                spread = told.dispersion + told.mean * drift * days
                total[way, row, i] = told.mean.sum()
                pinball[way, row, i], in_days[way, row, i] = _scored(
                    seen[row], told.mean, spread, tail
                )
                error[way, row, i] = np.abs(seen[row] - told.mean).mean() / (scale or np.nan)
                whole = float(told.mean.sum())
                wide = told.dispersion + whole * drift * days
                in_total[way, row, i] = _inside(int(seen_alerts[row, i]), whole, wide, tail)
                squares[way, row, i] = _beyond_chance(
                    int(seen_alerts[row, i]), whole, told.dispersion
                )
    nothing = np.full((m, k), np.nan)
    return BackTest(
        first=history.days[np.array(at, np.int64)],
        days=days,
        seen_alerts=seen_alerts,
        foretold=total,
        mase=error.mean(axis=2) if b else nothing,
        pinball=pinball.mean(axis=2) if b else nothing,
        day_coverage_fraction=in_days.mean(axis=2) if b else nothing,
        total_coverage_fraction=in_total.mean(axis=2) if b else nothing,
        drift_per_day=np.array(
            [[drift_per_day(squares[way, row], days) for row in range(k)] for way in range(m)]
        ).reshape(m, k),
    )


def drift_per_day(squares: FloatArray, days: int) -> float:
    """Variance of the level's relative error, for each day ahead.

    Args:
        squares: Squared relative errors of periods, beyond chance, shape (B,).
        days: Length of the periods.
    """
    believed = _DRIFT_FRACTION**2 / _DRIFT_DAYS
    seen = float(squares.sum()) / days
    return max(0.0, (_DRIFT_PERIODS * believed + seen) / (_DRIFT_PERIODS + len(squares)))


def _beyond_chance(seen_alerts: int, foretold: float, dispersion: float) -> float:
    """Squared log of seen over foretold, less what chance explains of the count; may be < 0."""
    error = np.log((seen_alerts + 0.5) / (foretold + 0.5))
    return float(error**2 - dispersion / (foretold + 0.5))


def _scored(
    seen_alerts: IntArray, mean: FloatArray, spread: FloatArray, tail: float
) -> tuple[float, float]:
    """Mean pinball loss of the days, and the share of them inside their interval."""
    shares = np.array([*QUANTILES, tail, 1.0 - tail])[:, None]
    # Plain rules foretell the same few days again and again.
    pairs, at = np.unique(np.stack([mean, spread]), axis=1, return_inverse=True)
    quantile = count_quantile(shares, pairs[0], pairs[1])[:, at.ravel()]
    above, q = seen_alerts - quantile[:-2], shares[:-2]
    loss = np.maximum(q * above, (q - 1.0) * above)
    inside = (seen_alerts >= quantile[-2]) & (seen_alerts <= quantile[-1])
    return float(loss.mean()), float(inside.mean())


def _inside(seen_alerts: int, mean: float, spread: float, tail: float) -> bool:
    low, high = count_quantile(
        np.array([tail, 1.0 - tail]), np.array([mean]), np.array([spread])
    ).tolist()
    return bool(low <= seen_alerts <= high)
