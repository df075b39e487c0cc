r"""How well shares of cells and of hours of the week would have held: rolling origin.

In the same periods in which days are foretold (`forecast_back_test`), the alerts of a category are
split by the shares learnt from the days before each period, the number of alerts being given:
what is scored is the split alone. With $y$ counted and $\mu$ = share times the number given,

- log score: mean of $-\ln$ share over the alerts (Gneiting and Raftery 2007), by which rules are
  ranked; told as how many times as likely as by even shares the places where alerts came were;
- Poisson deviance $2 \sum (y \ln(y/\mu) - (y - \mu))$ per cell and week, and per township and
  hour of the week, the latter given each township's number: it sees hours that differ by township;
- share of townships (for hours: of townships by four-hour parts of the day) whose count of a
  period lies in its interval (chance and the evidence behind shares, Dirichlet-multinomial).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import xlogy

from optimizer.alert_rules_forecast import SPLITS, ForecastRules, SplitRule
from optimizer.expectation import count_quantile
from optimizer.forecast_back_test import origins
from optimizer.forecast_shares import WEEK_HOURS, hour_base, shares_by
from optimizer.frozen import BoolArray, FloatArray, IntArray

_YEAR_DAYS, _WEEK_DAYS = 364, 7
_PARTS, _PART_HOURS = 6, 4


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Events:
    """Alerts of the history in the order of their days. A alerts, K categories, C cells.

    Attributes:
        day: Day of the history, ascending, shape (A,).
        category: Row, shape (A,).
        cell: Row, shape (A,).
        hour: Hour of the week from Monday 00:00, shape (A,).
        area: Township of each cell, from 0, shape (C,).
        categories: K.
    """

    day: IntArray
    category: IntArray
    cell: IntArray
    hour: IntArray
    area: IntArray
    categories: int


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SplitScore:
    """How each rule split the alerts. K categories, N cells or hours, M rules as `SPLITS`.

    Attributes:
        alerts: Alerts of the periods, shape (K,).
        log_score: Mean of minus the log of the share, shape (M, K); NaN without alerts.
        deviance: Per cell and week, or township and hour of the week, shape (M, K).
        inside_fraction: Share of counts inside their interval, shape (M, K).
        last_year: Counts of the last 52 weeks of the history, shape (K, N).
    """

    alerts: IntArray
    log_score: FloatArray
    deviance: FloatArray
    inside_fraction: FloatArray
    last_year: IntArray

    def best(self) -> tuple[SplitRule, ...]:
        """The rule of each category: the model, unless a plain rule has the lower log score."""
        score = np.where(np.isnan(self.log_score), 0.0, self.log_score)
        rows: list[int] = np.argmin(score, axis=0).tolist()
        return tuple(SPLITS[m] for m in rows)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SplitTest:
    """The back-test of shares.

    Attributes:
        cells: Of cells.
        hours: Of hours of the week.
        periods: How many were foretold.
    """

    cells: SplitScore
    hours: SplitScore
    periods: int


class _Sums:
    """Sums over periods, by rule and category."""

    def __init__(self, categories: int) -> None:
        shape = (len(SPLITS), categories)
        self.alerts = np.zeros(categories, np.int64)
        self.log, self.deviance = np.zeros(shape), np.zeros(shape)
        self.inside, self.intervals = np.zeros(shape), np.zeros(shape)
        self.counts = 0

    def score(self, last_year: IntArray) -> SplitScore:
        def over(sums: FloatArray, n: FloatArray | IntArray) -> FloatArray:
            many = np.broadcast_to(n, sums.shape)
            found = np.full(sums.shape, np.nan)
            np.divide(sums, many, out=found, where=many > 0)
            return found

        return SplitScore(
            alerts=self.alerts,
            log_score=over(self.log, self.alerts),
            deviance=over(self.deviance, np.array(self.counts)),
            inside_fraction=over(self.inside, self.intervals),
            last_year=last_year,
        )


def back_test_split(events: Events, known: BoolArray, rules: ForecastRules) -> SplitTest:
    """Split past periods by every rule, learnt from the days before each only, and score it.

    Args:
        events: The alerts of the history.
        known: Its days not in a gap, shape (D,).
        rules: Length and number of periods, interval.
    """
    at, days = origins(known, rules)
    k, c = events.categories, len(events.area)
    areas, weeks = int(events.area.max(initial=0)) + 1, -(-days // _WEEK_DAYS)
    area = events.area[events.cell]
    cells, hours = _Sums(k), _Sums(k)
    by_cell, by_hour = np.zeros((k, c), np.int64), np.zeros((k, WEEK_HOURS), np.int64)
    in_cell, in_hour = (events.cell, c), (events.hour, WEEK_HOURS)
    tail = (1.0 - rules.interval_fraction) / 2.0
    done = 0
    for start in at:
        low, high = np.searchsorted(events.day, [start, start + days]).tolist()
        by_cell += _table(events, slice(done, low), in_cell)
        by_hour += _table(events, slice(done, low), in_hour)
        done = low
        year = slice(int(np.searchsorted(events.day, start - _YEAR_DAYS)), low)
        part = slice(low, high)
        week = (events.day[part] - start) // _WEEK_DAYS
        weekly = _weekly(events, part, week, weeks)
        hourly = _table(events, part, (area, areas), in_hour)
        parted = hourly.reshape(k, areas, 7, _PARTS, _PART_HOURS).sum(axis=(2, 4))
        counted = hourly.sum(axis=2)
        year_cell, year_hour = _table(events, year, in_cell), _table(events, year, in_hour)
        even, base = np.full(c, 1.0 / c), hour_base(by_hour)
        for m, rule in enumerate(SPLITS):
            share, weight = shares_by(rule, by_cell, year_cell, even)
            _add(cells, m, weekly, share)
            of_area = np.stack([np.bincount(events.area, s, areas).astype(float) for s in share])
            _add_inside(cells, m, counted, of_area, weight, tail)
            share, weight = shares_by(rule, by_hour, year_hour, base)
            _add(hours, m, hourly, share)
            of_part = share.reshape(k, 1, 7, _PARTS, _PART_HOURS).sum(axis=(2, 4))
            _add_inside(hours, m, parted, of_part, weight, tail)
        for sums, n in ((cells, weeks * c), (hours, areas * WEEK_HOURS)):
            sums.alerts += counted.sum(axis=1)
            sums.counts += n
    late = slice(int(np.searchsorted(events.day, len(known) - _YEAR_DAYS)), len(events.day))
    return SplitTest(
        cells=cells.score(_table(events, late, in_cell)),
        hours=hours.score(_table(events, late, in_hour)),
        periods=len(at),
    )


def _table(events: Events, part: slice, *of: tuple[IntArray, int]) -> IntArray:
    """Alerts of a part of the log by category and by other rows, each with how many there are."""
    shape = [events.categories, *(n for _rows, n in of)]
    at = events.category[part].astype(np.int64)
    for rows, n in of:
        at = at * n + rows[part]
    found: IntArray = np.bincount(at, minlength=int(np.prod(shape))).reshape(shape)
    return found


def _weekly(events: Events, part: slice, week: IntArray, weeks: int) -> IntArray:
    """Alerts of a period by category, week and cell, shape (K, W, C)."""
    k, c = events.categories, len(events.area)
    at = (events.category[part].astype(np.int64) * weeks + week) * c + events.cell[part]
    found: IntArray = np.bincount(at, minlength=k * weeks * c).reshape(k, weeks, c)
    return found


def _add(sums: _Sums, m: int, seen: IntArray, share: FloatArray) -> None:
    """Add log scores and deviances of counts, shape (K, G, N), given the sum of each row."""
    given = seen.sum(axis=2)
    log = -(seen.sum(axis=1) * np.log(share)).sum(axis=1)
    saturated = xlogy(seen, seen).sum(axis=(1, 2)) - xlogy(given, given).sum(axis=1)
    sums.log[m] += log
    sums.deviance[m] += 2.0 * (saturated + log)


def _add_inside(
    sums: _Sums, m: int, seen: IntArray, share: FloatArray, weight: FloatArray, tail: float
) -> None:
    """Add which counts lie in their interval, given the sum over their last axis."""
    given = np.broadcast_to(seen.sum(axis=-1, keepdims=True), seen.shape)
    share = np.broadcast_to(share, seen.shape)
    behind = weight.reshape(-1, *[1] * (seen.ndim - 1))
    spread = np.maximum((1.0 - share) * (1.0 + (given - 1.0) / (behind + 1.0)), 1.0)
    # Where no alert came there is nothing to split.
    there = given > 0
    low, high = count_quantile(
        np.array([[tail], [1.0 - tail]]), (given * share)[there], spread[there]
    )
    inside = np.zeros(seen.shape, np.bool_)
    inside[there] = (seen[there] >= low) & (seen[there] <= high)
    axes = tuple(range(1, seen.ndim))
    sums.inside[m] += inside.sum(axis=axes)
    sums.intervals[m] += there.sum(axis=axes)
