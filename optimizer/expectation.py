"""How many alerts a period was to bring, with an interval, from the days before it.

For each group (a category, a township, a station) and each day of the period

    expected = level x weekday factor x season factor x factor of special days

- Level: alerts in the `level_days` before the period over the sum of the factors of those days, by
  Jeffreys' prior half an alert more.
- Weekday factor: the group's own over its history, drawn towards that of all alerts together, as
  if `WEEKDAY_PRIOR` alerts of the group had followed it.
- Season factor: of all alerts together by month of the year; only from two whole years of history,
  because from one year season and trend cannot be told apart. Else 1.
- Special days (public holidays, moved working days), where a calendar is given: alerts of all
  groups on days of that kind over what weekday and season let expect, as if `SPECIAL_PRIOR` alerts
  had followed that. Weekday and season are taken from the other days.
- Spread: the same reckoning is done for past periods of the same length, one after the other back
  from the period's start, each from the days before it only. Their mean of (counted - expected)^2 /
  expected is the dispersion (quasi-Poisson, McCullagh and Nelder 1989, 9.2.1); at least 1, and
  drawn towards that of all groups together for groups with few alerts. It holds what the level
  does not know of the period, too. Counts then follow the negative binomial distribution with that
  mean and variance; the interval is its quantiles.

Days of a gap in the log count neither as history nor in the sums of factors.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.stats import nbinom, poisson

from optimizer.frozen import BoolArray, FloatArray, IntArray

WEEKDAY_PRIOR = 50.0
SPECIAL_PRIOR = 50.0
_SEASON_DAYS = 730
# Past periods from which the spread is taken, and as many as it is drawn to the common one by.
_MOST_BLOCKS = 60
_COMMON_BLOCKS = 8.0
_LEAST_EXPECTED = 1e-9
_POISSON_BELOW = 1.0 + 1e-6
# A day without any alert in the county is a gap if chance would leave so few of them empty.
_GAP_CHANCE = 1e-6


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Expectation:
    """Expected alerts of G groups in a period.

    Attributes:
        mean: Expected alerts, shape (G,).
        lower, upper: Ends of the interval, counts, shape (G,).
        dispersion: Variance over mean of a count, shape (G,).
        history_days: Days without gap that were counted.
        blocks: Past periods from which the spread was taken.
        seasonal: Whether a season factor was used.
    """

    mean: FloatArray
    lower: IntArray
    upper: IntArray
    dispersion: FloatArray
    history_days: int
    blocks: int
    seasonal: bool

    def chance_fraction(self, counted: IntArray) -> FloatArray:
        """Chance of a count at least as far from the expectation, either side, shape (G,).

        Twice the smaller tail, the count itself half (mid-p), at most 1.
        """
        below = _cdf(counted - 1, self.mean, self.dispersion)
        upto = _cdf(counted, self.mean, self.dispersion)
        middle = (below + upto) / 2.0
        chance: FloatArray = np.minimum(1.0, 2.0 * np.minimum(middle, 1.0 - middle))
        return chance


def expectation(
    counts: IntArray,
    first_day: np.datetime64,
    start: int,
    days: int,
    known: BoolArray,
    *,
    level_days: int,
    interval_fraction: float,
    kind: IntArray | None = None,
) -> Expectation:
    """Expected alerts of each group in the `days` from day `start`.

    Args:
        counts: Alerts by group and day, shape (G, D); what comes from `start` on is not looked at.
        first_day: Date of the first day.
        start: First day of the period; at least one known day lies before it. May be D.
        days: Length of the period.
        known: Days that are in the log, not in a gap, shape (D,). Those of the period that are
            not bring no alerts.
        level_days: See the module.
        interval_fraction: Share of ordinary periods inside the interval.
        kind: What day each is, 0 = ordinary, shape (start + days,); None: all are.
    """
    of_period = known[start : start + days]
    known = known[:start]
    history = np.where(known, counts[:, :start], 0).astype(float)
    dates = first_day.astype("datetime64[D]") + np.arange(start + days)
    kinds = np.zeros(len(dates), np.int64) if kind is None else kind
    factor, seasonal = _factors(history, known, dates, kinds)
    factor[:, start : start + len(of_period)][:, ~of_period] = 0.0
    usable = np.where(known, factor[:, :start], 0.0)
    alerts_to, factors_to = _running(history), _running(usable)
    expected = _expected(alerts_to, factors_to, factor, start, days, level_days)
    blocks = _blocks(known, start, days)
    squares = np.zeros((len(counts), len(blocks)))
    for b, at in enumerate(blocks):
        mean = _expected(alerts_to, factors_to, factor, at, days, level_days)
        counted = alerts_to[:, at + days] - alerts_to[:, at]
        squares[:, b] = (counted - mean) ** 2 / np.maximum(mean, _LEAST_EXPECTED)
    dispersion = _dispersion(squares, expected)
    tail = (1.0 - interval_fraction) / 2.0
    return Expectation(
        mean=expected,
        lower=count_quantile(tail, expected, dispersion),
        upper=count_quantile(1.0 - tail, expected, dispersion),
        dispersion=dispersion,
        history_days=int(known.sum()),
        blocks=len(blocks),
        seasonal=seasonal,
    )


def known_days(total: IntArray) -> BoolArray:
    """Days that a log covers, shape (D,): all but those in a gap.

    A day without an alert is in a gap if, at the mean rate of the days with alerts, chance would
    leave a run of empty days as long as its own empty less than once in a million.

    Args:
        total: Alerts of the county by day, from the first of the log to its last, shape (D,).
    """
    known = np.ones(len(total), np.bool_)
    empty = total == 0
    if not empty.any() or empty.all():
        return known
    rate = float(total.sum()) / len(total)
    edges = np.flatnonzero(np.diff(np.r_[0, empty.astype(np.int8), 0]))
    for first, end in zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True):
        # Without the run itself, so that a long gap does not make itself likely.
        others = rate * len(total) / max(len(total) - (end - first), 1)
        if np.exp(-others * (end - first)) < _GAP_CHANCE:
            known[first:end] = False
    return known


def flagged(chance_fraction: FloatArray, false_discovery_fraction: float) -> BoolArray:
    """Which chances are discoveries at this false-discovery rate (Benjamini and Hochberg 1995)."""
    n = len(chance_fraction)
    order = np.argsort(chance_fraction, kind="stable")
    limit = false_discovery_fraction * np.arange(1, n + 1) / max(n, 1)
    within = np.flatnonzero(chance_fraction[order] <= limit)
    found = np.zeros(n, np.bool_)
    if len(within):
        found[order[: within[-1] + 1]] = True
    return found


def _factors(
    history: FloatArray, known: BoolArray, dates: NDArray[np.datetime64], kind: IntArray
) -> tuple[FloatArray, bool]:
    """Factor by group and day, period included, shape (G, start + days), and whether of season."""
    start = len(known)
    ordinary = known & (kind[:start] == 0)
    weekday = (dates.astype(np.int64) + 3) % 7  # 1970-01-01 was a Thursday; Monday is 0
    total = history.sum(axis=0)
    then = np.where(ordinary, total, 0.0)
    days_of = np.bincount(weekday[:start][ordinary], minlength=7).astype(float)
    common = _ratio(_summed(weekday[:start], then, 7), days_of)
    own = np.stack([history[:, ordinary & (weekday[:start] == w)].sum(axis=1) for w in range(7)], 1)
    alerts = own.sum(axis=1, keepdims=True)
    # Alerts that an even week would bring on each weekday, from as many days of it.
    even = alerts * days_of / max(days_of.sum(), 1.0)
    prior = WEEKDAY_PRIOR / 7.0
    factor = ((own + prior * common) / (even + prior))[:, weekday]
    usual = common[weekday]
    seasonal = int(known.sum()) >= _SEASON_DAYS
    if seasonal:
        month = dates.astype("datetime64[M]").astype(np.int64) % 12
        days_in = np.bincount(month[:start][ordinary], minlength=12).astype(float)
        season = _ratio(_summed(month[:start], then, 12), days_in)
        factor = factor * season[month]
        usual = usual * season[month]
    rate = float(then.sum()) / max(float(usual[:start][ordinary].sum()), _LEAST_EXPECTED)
    for special in np.unique(kind[kind > 0]).tolist():
        on = known & (kind[:start] == special)
        expected = rate * float(usual[:start][on].sum())
        ratio = (float(total[on].sum()) + SPECIAL_PRIOR) / (expected + SPECIAL_PRIOR)
        factor[:, kind == special] *= ratio
    return factor, seasonal


def _summed(label: IntArray, alerts: FloatArray, labels: int) -> FloatArray:
    return np.bincount(label, weights=alerts, minlength=labels).astype(float)


def _ratio(alerts: FloatArray, days: FloatArray) -> FloatArray:
    """Alerts a day against the mean of all days; 1 where there are no days or no alerts."""
    mean = alerts.sum() / max(days.sum(), 1.0)
    rate = np.where(days > 0, alerts / np.maximum(days, 1.0), mean)
    found: FloatArray = rate / mean if mean > 0 else np.ones(len(alerts))
    # A weekday or month without any alert may still have one.
    return np.maximum(found, 0.02)


def _running(by_day: FloatArray) -> FloatArray:
    """Sums up to, not including, each day, shape (G, D + 1)."""
    return np.concatenate([np.zeros((len(by_day), 1)), np.cumsum(by_day, axis=1)], axis=1)


def _expected(
    alerts_to: FloatArray,
    factors_to: FloatArray,
    factor: FloatArray,
    at: int,
    days: int,
    level_days: int,
) -> FloatArray:
    first = max(at - level_days, 0)
    alerts = alerts_to[:, at] - alerts_to[:, first]
    factors = factors_to[:, at] - factors_to[:, first]
    level = (alerts + 0.5) / np.maximum(factors, _LEAST_EXPECTED)
    expected: FloatArray = level * factor[:, at : at + days].sum(axis=1)
    return expected


def _blocks(known: BoolArray, start: int, days: int) -> list[int]:
    """First days of past periods: as long, one after the other back from the start.

    Single days a week apart, so that they are of the period's weekday. A period needs as many
    known days before it as it is long, at least four weeks, and no gap in it.
    """
    step = 7 if days < 7 else days
    found: list[int] = []
    for at in range(start - step, 0, -step):
        before = int(known[:at].sum())
        if before < max(28, days) or len(found) == _MOST_BLOCKS:
            break
        if known[at : at + days].all():
            found.append(at)
    return found


def _dispersion(squares: FloatArray, expected: FloatArray) -> FloatArray:
    """Dispersion of each group, drawn to the common one, shape (G,)."""
    n = squares.shape[1]
    if n == 0:
        return np.ones(len(expected))
    own = squares.mean(axis=1)
    # Groups of few alerts have wild squares: the common one weighs by what is expected.
    common = float((own * expected).sum() / max(expected.sum(), _LEAST_EXPECTED))
    found: FloatArray = np.maximum(1.0, (n * own + _COMMON_BLOCKS * common) / (n + _COMMON_BLOCKS))
    return found


def _size(expected: FloatArray, dispersion: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Parameters of scipy's negative binomial with this mean and variance."""
    spread = np.maximum(dispersion, _POISSON_BELOW)
    return np.maximum(expected, _LEAST_EXPECTED) / (spread - 1.0), 1.0 / spread


def count_quantile(
    tail: float | FloatArray, expected: FloatArray, dispersion: FloatArray
) -> IntArray:
    """Count below or at which this share of counts lies, by mean and variance over mean.

    Args:
        tail: The share.
        expected: Means, broadcast against the others.
        dispersion: Likewise; 1 = Poisson.
    """
    share, mean, spread = np.broadcast_arrays(tail, expected, dispersion)
    found = np.empty(mean.shape)
    wide = spread > _POISSON_BELOW
    size, chance = _size(mean[wide], spread[wide])
    found[wide] = nbinom.ppf(share[wide], size, chance)
    found[~wide] = poisson.ppf(share[~wide], mean[~wide])
    return found.astype(np.int64)


def _cdf(counted: IntArray, expected: FloatArray, dispersion: FloatArray) -> FloatArray:
    size, chance = _size(expected, dispersion)
    wide = dispersion > _POISSON_BELOW
    return np.where(wide, nbinom.cdf(counted, size, chance), poisson.cdf(counted, expected))
