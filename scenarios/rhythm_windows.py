"""The periods of a briefing: which days it is about, and the days it is set against."""

from __future__ import annotations

import calendar
import math
from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np

from geo.alert_table import AlertTable
from optimizer.alert_rules_rhythm import Period
from optimizer.errors import InputError, Problem
from optimizer.expectation import known_days
from optimizer.frozen import BoolArray, IntArray

_YEAR_DAYS = 364
"""A year back for days and weeks: 52 weeks, so that weekdays stand against their like."""
# A last day is not over in the log if chance would leave its remaining hours empty this seldom.
_NOT_OVER_CHANCE = 0.01
_HOURS = 24


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """Whole days, both ends included."""

    first: date
    last: date

    @property
    def days(self) -> int:
        """How many."""
        return (self.last - self.first).days + 1

    def text(self) -> str:
        """As planners write it: one day, or two."""
        if self.first == self.last:
            return self.first.isoformat()
        return f"{self.first.isoformat()} – {self.last.isoformat()}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Windows:
    """A period, the one before it, and the same a year earlier."""

    period: Period
    now: Window
    before: Window
    last_year: Window


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class LogDays:
    """The days of a log, from its first alert to its last. D days.

    Attributes:
        first: Day of the first alert.
        alerts: Alerts of the county by day, shape (D,).
        known: Days that are not in a gap, shape (D,).
        full_day: The last day that is over in the log.
    """

    first: date
    alerts: IntArray
    known: BoolArray
    full_day: date

    @property
    def last(self) -> date:
        """Day of the last alert."""
        return self.first + timedelta(days=len(self.alerts) - 1)

    def covers(self, window: Window) -> bool:
        """Whether every day of a window is in the log."""
        at = (window.first - self.first).days
        inside = at >= 0 and window.last <= self.last
        return inside and bool(self.known[at : at + window.days].all())


def log_days(table: AlertTable) -> LogDays:
    """The days of a log.

    Raises:
        InputError: it has no alerts.
    """
    if not len(table):
        raise InputError(
            [
                Problem(
                    where="、".join(table.files),
                    expected="at least one alert inside the cells",
                    fix="check the alerts' places and datum",
                )
            ]
        )
    day = table.occurred_at.astype("datetime64[D]").astype(np.int64)
    alerts = np.bincount(day - day[0])
    first = date(1970, 1, 1) + timedelta(days=int(day[0]))
    last = first + timedelta(days=len(alerts) - 1)
    over = len(alerts) < 2 or _is_over(table, alerts)
    return LogDays(
        first=first,
        alerts=alerts,
        known=known_days(alerts),
        full_day=last if over else last - timedelta(days=1),
    )


def _is_over(table: AlertTable, alerts: IntArray) -> bool:
    """Whether the log goes on to about the end of its last day."""
    hour = table.occurred_at.astype("datetime64[h]").astype(np.int64) % _HOURS
    last_hour = int(hour[-1])
    rate = (len(table) - int(alerts[-1])) / (len(alerts) - 1)
    later = float((hour > last_hour).mean())
    return math.exp(-rate * later) >= _NOT_OVER_CHANCE


def windows_of(period: Period, as_of: date) -> Windows:
    """The period that ends with `as_of`, and those it is set against.

    A day; the seven days up to it; the calendar month of it, up to it. Before: the day, the seven
    days, the same days of the month before (a whole month stands against a whole month). A year
    earlier: 364 days earlier, on the same weekdays; for months the same days of the month.
    """
    if period == "month":
        now = Window(first=as_of.replace(day=1), last=as_of)
        back = now.first - timedelta(days=1)
        return Windows(
            period=period,
            now=now,
            before=_same_days(now, back.year, back.month),
            last_year=_same_days(now, as_of.year - 1, as_of.month),
        )
    days = 1 if period == "day" else 7
    now = Window(first=as_of - timedelta(days=days - 1), last=as_of)
    return Windows(
        period=period,
        now=now,
        before=_earlier(now, days),
        last_year=_earlier(now, _YEAR_DAYS),
    )


def _earlier(window: Window, days: int) -> Window:
    back = timedelta(days=days)
    return Window(first=window.first - back, last=window.last - back)


def _same_days(window: Window, year: int, month: int) -> Window:
    longest = calendar.monthrange(year, month)[1]
    whole = window.last.day == calendar.monthrange(window.last.year, window.last.month)[1]
    last = longest if whole else min(window.last.day, longest)
    return Window(first=date(year, month, 1), last=date(year, month, last))


def check_window(now: Window, log: LogDays, shown: str) -> tuple[Problem, ...]:
    """Warnings about the days of a period.

    Args:
        now: The period.
        log: The log.
        shown: The log as the planner wrote it.

    Raises:
        InputError: it lies outside the log, or wholly in a gap of it.
    """
    if not log.first <= now.last <= log.last:
        raise InputError(
            [
                Problem(
                    where="--as-of",
                    value=now.last.isoformat(),
                    expected="a day of the log: {first} to {last}",
                    fix="leave --as-of out for the log's last full day, {full}",
                    params={
                        "first": log.first.isoformat(),
                        "last": log.last.isoformat(),
                        "full": log.full_day.isoformat(),
                    },
                )
            ]
        )
    at = max((now.first - log.first).days, 0)
    end = (now.last - log.first).days + 1
    missing = now.days - int(log.known[at:end].sum())
    if missing == 0:
        return ()
    severity = "error" if missing == now.days else "warning"
    problem = Problem(
        where=shown,
        value=now.text(),
        expected="a period without gaps in the log: {n} of its {days} days are missing",
        fix="add the alerts of these days, or choose another day with --as-of",
        params={"n": missing, "days": now.days},
        severity=severity,
    )
    if severity == "error":
        raise InputError([problem])
    return (problem,)
