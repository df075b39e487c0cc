"""Where a case's alerts are and where its officers are, today, under a plan, and month by month."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

import numpy as np

from geo.alert_table import AlertTable
from optimizer.county import County
from optimizer.errors import Problem
from optimizer.frozen import FloatArray, IntArray
from optimizer.mismatch import Balance, balance, mismatch_by_chance, mismatch_by_month
from optimizer.plan import Plan, current_plan
from optimizer.policy import Policy
from scenarios.alerts_case import Progress, open_alerts
from scenarios.opened import Opened
from scenarios.rhythm_windows import log_days

_MONTH_DAYS, _DRAWS, INTERVAL_FRACTION = 30, 60, 0.9


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Deployment:
    """One way of deploying.

    Attributes:
        kind: `today` or `plan`.
        plan: The deployment.
        balance: Its units.
        by_month: Mismatch against workload and against alerts of each month of the log, shape
            (M, 2); no row without a log.
        by_chance: Intervals of a month's two indices if nothing but chance moved alerts, shape
            (2, 2); None likewise.
    """

    kind: str
    plan: Plan
    balance: Balance
    by_month: FloatArray
    by_chance: FloatArray | None

    def outside(self, index: int) -> int:
        """Months whose index chance does not explain."""
        if self.by_chance is None:
            return 0
        low, high = self.by_chance[index]
        months = self.by_month[:, index]
        return int(((months < low) | (months > high)).sum())


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class BalanceStudy:
    """Alerts against officers.

    Attributes:
        opened: The case or run.
        deployments: Today, and the plan of a run.
        months: Whole months of the log, as 2026-03.
        alerts: Of each of them.
        left_out: Months that the log does not hold whole.
        problems: Warnings on the log.
    """

    opened: Opened
    deployments: tuple[Deployment, ...]
    months: tuple[str, ...]
    alerts: tuple[int, ...]
    left_out: tuple[str, ...]
    problems: tuple[Problem, ...]

    @property
    def county(self) -> County:
        """The county."""
        return self.opened.loaded.county


def study_balance(opened: Opened, progress: Progress | None = None) -> BalanceStudy:
    """Set alerts against officers.

    Args:
        opened: A case, or a run with or without a plan.
        progress: Called with what is being done.

    Raises:
        InputError: the log cannot be read, or cells that a centre cannot reach.
    """
    loaded = opened.loaded
    county, policy = loaded.county, loaded.policy
    months, counts, days = list[str](), np.zeros((0, 0, 0), np.int64), np.zeros(0, np.int64)
    left_out, problems = list[str](), tuple[Problem, ...]()
    if loaded.case.spec.layers.alerts is not None:
        alerts = open_alerts(loaded, progress)
        problems = alerts.problems
        months, counts, days, left_out = _months(alerts.table, county)
    plans = [("today", current_plan(county))]
    if opened.plan is not None:
        plans.append(("plan", opened.plan))
    return BalanceStudy(
        opened=opened,
        deployments=tuple(
            _deployed(kind, plan, county, policy, counts, days) for kind, plan in plans
        ),
        months=tuple(months),
        alerts=tuple(int(n) for n in counts.sum(axis=(1, 2))),
        left_out=tuple(left_out),
        problems=problems,
    )


def _deployed(
    kind: str, plan: Plan, county: County, policy: Policy, counts: IntArray, days: IntArray
) -> Deployment:
    return Deployment(
        kind=kind,
        plan=plan,
        balance=balance(county, policy, plan),
        by_month=mismatch_by_month(county, policy, plan, counts, days),
        by_chance=mismatch_by_chance(
            county,
            policy,
            plan,
            days=_MONTH_DAYS,
            draws=_DRAWS,
            interval_fraction=INTERVAL_FRACTION,
        )
        if len(days)
        else None,
    )


def _months(table: AlertTable, county: County) -> tuple[list[str], IntArray, IntArray, list[str]]:
    """Whole months of a log: names, alerts by cell and the county's categories, days; the others.

    Categories of the log that the county does not have count with none: it has them all, unless the
    case takes its rates from elsewhere.
    """
    log = log_days(table)
    every = np.datetime64(log.first) + np.arange(len(log.alerts))
    known = log.known & (every <= np.datetime64(log.full_day))
    of_day = every.astype("datetime64[M]")
    whole, left_out, lengths = list[np.datetime64](), list[str](), list[int]()
    for month in np.arange(of_day[0], of_day[-1] + 1):
        n = int(((month + 1).astype("datetime64[D]") - month.astype("datetime64[D]")).astype(int))
        if int((known & (of_day == month)).sum()) == n:
            whole.append(month)
            lengths.append(n)
        else:
            left_out.append(str(month))
    c, k = len(county.cells), len(county.categories)
    row = {name: i for i, name in enumerate(county.categories)}
    column = np.array([row.get(name, -1) for name in table.categories], np.int64)
    counts = np.zeros((len(whole), c, k), np.int64)
    for i, month in enumerate(whole):
        start = month.astype("datetime64[s]")
        end = start + np.timedelta64(timedelta(days=lengths[i]))
        part = table.between(start, end)
        category = column[part.category]
        known_ones = category >= 0
        place = part.cell[known_ones].astype(np.int64) * k + category[known_ones]
        counts[i] = np.bincount(place, minlength=c * k).reshape(c, k)
    return [str(m) for m in whole], counts, np.array(lengths, np.int64), left_out
