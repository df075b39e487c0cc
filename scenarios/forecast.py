"""The forecast of a case's alerts for its planning year, from its log."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta

import numpy as np

from geo.alert_table import AlertTable
from geo.alerts import PERIOD_NAMES, AlertRates
from optimizer.alert_rules_forecast import ForecastRules
from optimizer.errors import InputError, Problem
from optimizer.forecast import Estimate, Forecast, forecast
from optimizer.forecast_back_test import LEAST_HISTORY_DAYS, History
from optimizer.forecast_model import SEASON_DAYS, TREND_DAYS
from optimizer.forecast_shares import WEEK_HOURS
from optimizer.forecast_split import Events, back_test_split
from optimizer.frozen import FloatArray, IntArray
from scenarios.calendar import day_kinds
from scenarios.case import CASE_FILE
from scenarios.names import Names, Wrong
from scenarios.rhythm_windows import LogDays, log_days

_RULES = "alert_rules.forecast"
_YEAR_DAYS = 365
# Nobody plans a year that starts later than this after the log.
_MOST_AHEAD_DAYS = 3 * _YEAR_DAYS
_FEW_PERIODS = 3
_PERIOD_HOURS = 24 // len(PERIOD_NAMES)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Foreseen:
    """A forecast and what it was learnt from. K categories, C cells.

    Attributes:
        forecast: The forecast.
        first, last: Days of the log that it was learnt from.
        counts: Alerts of each category on those days, shape (K, D).
        recent: Alerts of the last 365 of them by cell, shape (K, C).
        recent_days: How many days those are; fewer in a shorter log.
        unannounced: Years whose moved working days nobody knows yet.
        problems: Warnings.
    """

    forecast: Forecast
    first: date
    last: date
    counts: IntArray
    recent: IntArray
    recent_days: int
    unannounced: tuple[int, ...]
    problems: tuple[Problem, ...]


def foresee(
    table: AlertTable,
    n_cells: int,
    rules: ForecastRules,
    townships: Sequence[str] | None = None,
) -> Foreseen:
    """Forecast the planning year from a log.

    Args:
        table: The log.
        n_cells: C.
        rules: `alert_rules.forecast`.
        townships: Of each cell; without, what the back-test of shares tells by township is told
            of the county.

    Raises:
        InputError: a log too short, a year that cannot be foretold, or an unknown category.
    """
    log = log_days(table)
    where = "、".join(table.files)
    full = (log.full_day - log.first).days + 1
    start = max(0, full - rules.history_days)
    known = log.known[start:full]
    first, last = log.first + timedelta(days=start), log.full_day
    begin = rules.first_day or last + timedelta(days=1)
    _refuse(_problems(table.categories, rules, int(known.sum()), last, begin, where))
    end = begin + timedelta(days=rules.days)
    days = np.arange(np.datetime64(first), np.datetime64(end))
    kind, unannounced = day_kinds(days, rules.calendar)
    day = table.occurred_at.astype("datetime64[D]").astype(np.int64)
    day -= np.datetime64(first).astype(np.int64)
    learnt = (day >= 0) & (day < len(known))
    k, n = len(table.categories), len(known)
    category = table.category[learnt].astype(np.int64)
    counts = _counted(category, day[learnt], k, n)
    cell = table.cell[learnt].astype(np.int64)
    hour = (table.occurred_at[learnt].astype(np.int64) // 3600 + 72) % WEEK_HOURS
    late = day[learnt] >= n - _YEAR_DAYS
    area = np.zeros(n_cells, np.int64)
    if townships is not None:
        area = np.unique(np.array(townships, dtype=str), return_inverse=True)[1]
    events = Events(
        day=day[learnt], category=category, cell=cell, hour=hour, area=area, categories=k
    )
    made = forecast(
        History(counts=counts, known=known, days=days, kind=kind),
        table.categories,
        _counted(category, cell, k, n_cells),
        _counted(category, hour, k, WEEK_HOURS),
        rules,
        back_test_split(events, known, rules),
    )
    return Foreseen(
        forecast=made,
        first=first,
        last=last,
        counts=counts,
        recent=_counted(category[late], cell[late], k, n_cells),
        recent_days=min(n, _YEAR_DAYS),
        unannounced=unannounced,
        problems=tuple(_warnings(made, known.tolist(), log, unannounced, where)),
    )


def forecast_rates(foreseen: Foreseen) -> AlertRates:
    """The planning year's rates in the form in which a log gives them."""
    import pandas as pd

    made = foreseen.forecast
    share: FloatArray = made.hour_factor().reshape(len(made.categories), -1, _PERIOD_HOURS)
    return AlertRates(
        categories=made.categories,
        alerts_per_year=made.alerts_per_year(),
        period_names=PERIOD_NAMES,
        period_hours=np.full(len(PERIOD_NAMES), float(_PERIOD_HOURS)),
        period_share_fraction=share.sum(axis=2),
        years=len(made.days) / _YEAR_DAYS,
        outside=0,
        problems=foreseen.problems,
        quarantined=pd.DataFrame(columns=["row", "column", "value", "reason"]),
    )


def no_log_problem() -> Problem:
    """A forecast is asked for where there is no log."""
    return Problem(
        where=CASE_FILE,
        column=f"{_RULES}.use",
        expected="a log of alerts, where rates are to be forecast",
        fix="add layers.alerts, or set it to false",
    )


def growth_totals(
    foreseen: Foreseen, rules: ForecastRules
) -> tuple[tuple[str, float, Estimate], ...]:
    """Alerts of the planning year under each growth assumption: name, growth a year, alerts."""
    return tuple(
        (name, growth, foreseen.forecast.with_growth(growth).total())
        for name, growth in rules.growth_scenarios.items()
    )


def grown(rules: ForecastRules, typed: str | None) -> ForecastRules:
    """The rules with a growth as typed: a name of `growth_scenarios`, or a fraction a year.

    Raises:
        InputError: it is neither.
    """
    if typed is None:
        return rules
    if typed in rules.growth_scenarios:
        return replace_growth(rules, rules.growth_scenarios[typed])
    try:
        share = float(typed.removesuffix("%")) / (100.0 if typed.endswith("%") else 1.0)
    except ValueError:
        share = np.nan
    if -0.9 <= share <= 5.0:
        return replace_growth(rules, share)
    _refuse(
        [
            Problem(
                where="--growth",
                value=typed,
                expected="a growth a year such as 0.05 or 5%, from -0.9 to 5, or one of: {known}",
                fix="name one of alert_rules.forecast.growth_scenarios, or write a figure",
                params={"known": "、".join(rules.growth_scenarios) or "–"},
            )
        ]
    )
    return rules


def replace_growth(rules: ForecastRules, growth: float) -> ForecastRules:
    """The rules with one growth for all categories."""
    return rules.model_copy(update={"growth_fraction_per_year": growth, "growth_of": {}})


def _counted(category: IntArray, at: IntArray, k: int, n: int) -> IntArray:
    found: IntArray = np.bincount(category * n + at, minlength=k * n).reshape(k, n)
    return found


def _refuse(problems: Sequence[Problem]) -> None:
    if problems:
        raise InputError(list(problems))


def _problems(
    categories: tuple[str, ...],
    rules: ForecastRules,
    known: int,
    last: date,
    begin: date,
    where: str,
) -> list[Problem]:
    found: list[Problem] = []
    if known < LEAST_HISTORY_DAYS:
        found.append(
            Problem(
                where=where,
                value=str(known),
                expected="at least {least} days of log to forecast from",
                fix="give a longer log; a year tells the season, two years the trend",
                params={"least": LEAST_HISTORY_DAYS},
            )
        )
    ahead = (begin - last).days - 1
    if not 0 <= ahead <= _MOST_AHEAD_DAYS:
        found.append(
            Problem(
                where=CASE_FILE,
                column=f"{_RULES}.first_day",
                value=begin.isoformat(),
                expected="a planning year that starts after the log, within three years of it; the "
                "log ends on {last}",
                fix="choose a later or nearer day, or leave it out",
                params={"last": last.isoformat()},
            )
        )
    names = Names("category", categories)
    for typed in rules.growth_of:
        one = names.find(typed)
        if isinstance(one, Wrong):
            found.append(replace(one.problem(CASE_FILE, typed), column=f"{_RULES}.growth_of"))
    return found


def _warnings(
    made: Forecast,
    known: Sequence[bool],
    log: LogDays,
    unannounced: tuple[int, ...],
    where: str,
) -> list[Problem]:
    found: list[Problem] = []

    def warn(expected: str, fix: str, **params: object) -> None:
        found.append(
            Problem(
                where=where,
                expected=expected,
                fix=fix,
                params=params,
                severity="warning",
            )
        )

    n, gap = sum(known), len(known) - sum(known)
    if gap:
        warn(
            "a log without gaps: {n} days of a gap are left out of the forecast's history",
            "add the alerts of those days; `jingli ingest` names the months",
            n=gap,
        )
    if n < SEASON_DAYS:
        warn(
            "a year of log for the season: this has {n} days, so that every month is alike",
            "give a longer log",
            n=n,
        )
    elif n < TREND_DAYS:
        warn(
            "two years of log for the trend: this has {n} days, so that the level stays",
            "give a longer log, or assume a growth",
            n=n,
        )
    periods = len(made.back_test.first)
    if periods < _FEW_PERIODS:
        warn(
            "a back-test of at least {least} periods: the log allows {n}",
            "give a longer log, or a smaller alert_rules.forecast.back_test_days; until then the "
            "choice of method rests on little",
            least=_FEW_PERIODS,
            n=periods,
        )
    if unannounced:
        warn(
            "announced moved working days: those of {years} are not known, its public holidays are",
            "run the forecast again when the State Council's notice is out and Jingli's calendar "
            "has it",
            years="、".join(str(y) for y in unannounced),
        )
    return found
