"""Part of a log: categories, hours of the day, days of the week, months, dates."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from geo.alert_table import AlertTable
from optimizer.frozen import BoolArray

_DAY_S, _HOUR_S = 86_400, 3_600
_MONDAY = 3
"""Weekday of 1 January 1970, a Thursday, counted from Monday = 0."""
_DAYS_OF_MONTH = (31.0, 28.0, 31.0, 30.0, 31.0, 30.0, 31.0, 31.0, 30.0, 31.0, 30.0, 31.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """Which alerts are meant; an empty part means all.

    Attributes:
        categories: Labels.
        hours: From and to, such as (20, 2); hours after midnight belong to the night before, so
            that Friday night ends on Saturday morning.
        weekdays: Monday = 0.
        months: January = 1.
        start, end: First day, and the day after the last.
    """

    categories: tuple[str, ...] = ()
    hours: tuple[int, int] | None = None
    weekdays: tuple[int, ...] = ()
    months: tuple[int, ...] = ()
    start: np.datetime64 | None = None
    end: np.datetime64 | None = None

    @property
    def is_all(self) -> bool:
        """Nothing is left out."""
        return self == Selection()


def chosen(table: AlertTable, selection: Selection) -> BoolArray:
    """The alerts that are meant, a mask of shape (A,)."""
    second = table.occurred_at.view(np.int64)
    kept = np.ones(len(table), bool)
    if selection.categories:
        known = np.array([c in selection.categories for c in table.categories] or [False])
        kept &= known[table.category]
    if selection.hours is not None:
        low, high = selection.hours
        hour = second // _HOUR_S % 24
        kept &= (hour >= low) & (hour < high) if low < high else (hour >= low) | (hour < high)
        if high <= low:
            second = second - np.where(hour < high, _DAY_S, 0)
    day = second // _DAY_S
    if selection.weekdays:
        kept &= np.isin((day + _MONDAY) % 7, selection.weekdays)
    if selection.months:
        month = day.astype("datetime64[D]").astype("datetime64[M]").astype(np.int64) % 12 + 1
        kept &= np.isin(month, selection.months)
    if selection.start is not None:
        kept &= table.occurred_at >= selection.start
    if selection.end is not None:
        kept &= table.occurred_at < selection.end
    return kept


def years_of(table: AlertTable, selection: Selection) -> float:
    """How many years of the days that are meant the log holds: what counts divide by for a year.

    Days from the log's first alert to its last, both counted, that fall on the weekdays, months
    and dates meant, over the days of a year of 365 that do.
    """
    if not len(table):
        return 0.0
    first, last = table.occurred_at[[0, -1]].astype("datetime64[D]")
    days: NDArray[np.datetime64] = np.arange(first, last + 1)
    if selection.start is not None:
        days = days[days >= selection.start]
    if selection.end is not None:
        days = days[days < selection.end]
    kept = np.ones(len(days), bool)
    share = 1.0
    if selection.weekdays:
        kept &= np.isin((days.astype(np.int64) + _MONDAY) % 7, selection.weekdays)
        share *= len(set(selection.weekdays)) / 7.0
    in_year = 365.0
    if selection.months:
        kept &= np.isin(days.astype("datetime64[M]").astype(np.int64) % 12 + 1, selection.months)
        in_year = sum(_DAYS_OF_MONTH[m - 1] for m in set(selection.months))
    return float(kept.sum()) / (in_year * share)
