"""What freeing officers costs in response minutes: every bundling that no other betters.

Officers freed against the extra alert-minutes of travel a year, both against today, over all
bundlings that keep the rules (`pareto.py`). Counts that a policy asks of the whole plan (centres,
stations bundled, officers freed) are what is traded here, so they are left free unless asked for.
A third aim, if wanted: few centre stations, or a light heaviest bundle in whole officers (lone
stations are left out of that: no bundling changes their load).
"""

from __future__ import annotations

import math
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from optimizer.bundling import cover_of, lock_problems
from optimizer.columns import (
    FREED_UNITS_PER_OFFICER,
    Columns,
    priced_columns,
    undominated,
)
from optimizer.county import County
from optimizer.cover import Cover
from optimizer.errors import InputError
from optimizer.frozen import FloatArray, IntArray
from optimizer.pareto import Aims, Pareto, StoppedBy, pareto, weighted_distance
from optimizer.plan import Bundle
from optimizer.policy import Policy
from optimizer.result import Status
from optimizer.solver import Limits
from optimizer.workload import assess, demand_of

Third = Literal["centres", "imbalance"]
LEFT_FREE = ("centres", "stations_bundled", "min_officers_freed")
_UNITS_PER_MIN = 1_000
"""Alert-minutes a year become whole numbers here: one unit is a thousandth."""
_FREED_STEP = 1_000
"""Plans whose officers freed differ by less than a millionth count as equal."""
_SLACK_OFFICERS = 1e-9
_SAME_OFFICERS = 1e-6


@dataclass(frozen=True, slots=True, kw_only=True)
class FrontierPlan:
    """A bundling that no other betters.

    Attributes:
        number: Its place on the frontier, from 1.
        bundles: The bundling.
        officers_freed: Officers required today less those required under it.
        extra_alert_min_per_year: Minutes of travel more than today, over all alerts of a year.
        extra_min_per_alert: The same for the mean alert.
        centres, stations_bundled: Of its bundles of two or more.
        heaviest_officers: Officers that the heaviest of them requires; 0 without any.
        gap_min_per_alert: How much fewer minutes another plan could cost that frees more than the
            point before; 0 = proven that there is none.
        is_knee: It lies farthest below the straight line between the ends of the frontier, both
            axes scaled to their length.
    """

    number: int
    bundles: tuple[Bundle, ...]
    officers_freed: float
    extra_alert_min_per_year: float
    extra_min_per_alert: float
    centres: int
    stations_bundled: int
    heaviest_officers: float
    gap_min_per_alert: float
    is_knee: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Frontier:
    """The set, by officers freed and then by minutes.

    Attributes:
        points: The plans; empty where none keeps the rules.
        status: OPTIMAL = these are all, proven; FEASIBLE = the search ended first, see the gaps.
        most_freed_officers: No plan frees more.
        alerts_per_year: Alerts of the county.
        third: The third aim.
        left_free: Policy keys that were left free.
        solves: Linear and integer problems solved.
        stopped_by: What ended the search before all was proven: "time", or "work" that is counted
            and the same on every machine.
    """

    points: tuple[FrontierPlan, ...]
    status: Status
    most_freed_officers: float
    alerts_per_year: float
    third: Third | None
    left_free: tuple[str, ...]
    solves: int
    stopped_by: StoppedBy | None = None

    @property
    def knee(self) -> FrontierPlan | None:
        """The knee, where there is a bend."""
        return next((p for p in self.points if p.is_knee), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Placed:
    """Where some plan lies.

    Attributes:
        officers_freed, extra_min_per_alert: The plan.
        officers_given_away: How many more officers the frontier frees with no more minutes; below
            0 where the plan is beyond the frontier, since it breaks a rule.
        min_given_away: How many minutes per alert fewer the frontier costs that frees as many;
            None where no plan on it frees as many.
    """

    officers_freed: float
    extra_min_per_alert: float
    officers_given_away: float | None
    min_given_away: float | None


def frontier(
    county: County,
    policy: Policy,
    *,
    third: Third | None = None,
    keep_counts: bool = False,
    time_limit_s: float | None = None,
) -> Frontier:
    """Every bundling that none betters.

    Args:
        county: The county.
        policy: The rules; its weights do not matter.
        third: A third aim.
        keep_counts: Hold the counts of the policy too.
        time_limit_s: Seconds; None = the policy's.

    Raises:
        InputError: locks that name unknown stations or contradict each other.
        SolverError: the solver failed.
    """
    if problems := lock_problems(county, policy):
        raise InputError(problems)
    rules, left_free = (policy, ()) if keep_counts else without_counts(policy)
    limit_s = policy.solver.time_limit_s if time_limit_s is None else time_limit_s
    task = _Task.of(county, rules, time.monotonic() + limit_s, policy.solver.seed)
    found: list[FrontierPlan] = []
    statuses, bounds, solves = list[Status](), list[float](), 0
    stops = set[StoppedBy | None]()
    for columns, one in _slices(task, third):
        statuses.append(one.status)
        stops.add(one.stopped_by)
        bounds.append(one.gain_bound / FREED_UNITS_PER_OFFICER)
        solves += one.solves
        found += task.plans(columns, one)
    if third is not None:
        found = _unbettered_in_three(found, third)
    return Frontier(
        points=_numbered(found, with_knee=third is None),
        status=_weakest(statuses),
        most_freed_officers=max(bounds, default=0.0),
        alerts_per_year=task.alerts_per_year,
        third=third,
        left_free=left_free,
        solves=solves,
        stopped_by="time" if "time" in stops else "work" if "work" in stops else None,
    )


def without_counts(policy: Policy) -> tuple[Policy, tuple[str, ...]]:
    """The policy with the counts of the whole plan left free, and the keys of those it had."""
    rules = policy.bundling
    had = tuple(f"bundling.{name}" for name in LEFT_FREE if getattr(rules, name) is not None)
    free = rules.model_copy(update=dict.fromkeys(LEFT_FREE))
    return policy.model_copy(update={"bundling": free}), had


def place(found: Frontier, officers_freed: float, extra_min_per_alert: float) -> Placed:
    """Hold a plan against the frontier; differences no larger than its rounding are none."""
    freed, extra = officers_freed, extra_min_per_alert
    # The minutes of every bundle of a point were rounded to whole units.
    stations = max((sum(len(b.station_ids) for b in p.bundles) for p in found.points), default=0)
    slack_min = (stations + 1) / _UNITS_PER_MIN / max(found.alerts_per_year, 1.0)
    as_quick = [p.officers_freed for p in found.points
                if p.extra_min_per_alert <= extra + slack_min]  # fmt: skip
    as_many = [p.extra_min_per_alert for p in found.points
               if p.officers_freed >= freed - _SAME_OFFICERS]  # fmt: skip
    more = max(as_quick) - freed if as_quick else None
    fewer = extra - min(as_many) if as_many else None
    return Placed(
        officers_freed=freed,
        extra_min_per_alert=extra,
        officers_given_away=0.0 if more is not None and abs(more) <= _SAME_OFFICERS else more,
        min_given_away=0.0 if fewer is not None and abs(fewer) <= slack_min else fewer,
    )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Task:
    """The columns of a county with what they cost in minutes."""

    county: County
    policy: Policy
    columns: Columns
    extra_units: IntArray
    officers: FloatArray
    alerts_per_year: float
    deadline: float
    seed: int

    @classmethod
    def of(cls, county: County, policy: Policy, deadline: float, seed: int) -> _Task:
        demand = demand_of(county, policy)
        columns = priced_columns(county, policy, demand)
        known = assess(county, policy, demand, columns.host, columns.members, with_waits=False)
        alone = np.flatnonzero(columns.size == 1)
        today_min = np.zeros(len(county.stations) + 1)
        today_min[columns.host[alone]] = known.alert_min_per_year[alone]
        extra_min = known.alert_min_per_year - today_min[columns.members].sum(axis=1)
        extra_min[alone] = 0.0
        return cls(
            county=county,
            policy=policy,
            columns=columns,
            extra_units=np.rint(extra_min * _UNITS_PER_MIN).astype(np.int64),
            officers=known.officers,
            alerts_per_year=float(demand.alerts_per_year.sum()),
            deadline=deadline,
            seed=seed,
        )

    def solve(self, rows: IntArray, centres: int | None = None) -> tuple[IntArray, Pareto]:
        """The Pareto set over some columns; which columns, and the set over them."""
        # With minutes for a price: hosts that free no more and take more minutes are left out.
        marked = replace(
            self.columns.at(rows), price_units=self.extra_units[rows], broken=rows[:, None] >= 0
        )
        numbered = replace(marked, amount=rows[:, None].astype(float))
        kept = undominated(numbered, self.county, freed_counts=True).amount[:, 0].astype(np.int64)
        columns = self.columns.at(kept)
        cover: Cover = cover_of(self.county, self.policy, columns)
        if centres is not None:
            joint = (columns.size > 1).astype(np.int64)
            cover = replace(cover, exactly=(*cover.exactly, (joint, centres)))
        aims = Aims(
            gain=columns.freed_units,
            loss=self.extra_units[kept],
            step=_FREED_STEP,
            gain_per_unit=float(FREED_UNITS_PER_OFFICER),
        )
        left_s = max(0.05, self.deadline - time.monotonic())
        return kept, pareto(cover, aims, Limits(time_limit_s=left_s, seed=self.seed))

    def plans(self, rows: IntArray, found: Pareto) -> Iterator[FrontierPlan]:
        """The points as plans, not numbered yet."""
        per_alert = _UNITS_PER_MIN * max(self.alerts_per_year, 1.0)
        # Neighbouring points share most of their bundles: each is made, and put in order, once.
        used = rows[np.unique([i for point in found.points for i in point.chosen]).astype(int)]
        made = {int(i): self.columns.bundle(self.county, int(i)) for i in used}
        place = {i: n for n, i in enumerate(sorted(made, key=made.__getitem__))}
        for point in found.points:
            chosen = rows[list(point.chosen)]
            joint = chosen[self.columns.size[chosen] > 1]
            yield FrontierPlan(
                number=0,
                bundles=tuple(made[i] for i in sorted(chosen.tolist(), key=place.__getitem__)),
                officers_freed=point.gain / FREED_UNITS_PER_OFFICER,
                extra_alert_min_per_year=point.loss / _UNITS_PER_MIN,
                extra_min_per_alert=point.loss / per_alert,
                centres=len(joint),
                stations_bundled=int(self.columns.size[joint].sum()),
                heaviest_officers=float(self.officers[joint].max(initial=0.0)),
                gap_min_per_alert=point.gap / per_alert,
            )


def _slices(task: _Task, third: Third | None) -> Iterator[tuple[IntArray, Pareto]]:
    """The Pareto set for each value of the third aim that can matter."""
    every = np.arange(len(task.columns))
    if third is None:
        yield task.solve(every)
    elif third == "centres":
        for centres in range(len(task.county.stations) // 2 + 1):
            rows, found = task.solve(every, centres)
            if found.status is Status.INFEASIBLE and centres:
                return
            yield rows, found
    else:
        joint = task.columns.size > 1
        heaviest = math.ceil(task.officers[joint].max(initial=0.0) - _SLACK_OFFICERS)
        while True:
            rows, found = task.solve(
                np.flatnonzero(~joint | (task.officers <= heaviest + _SLACK_OFFICERS))
            )
            yield rows, found
            reached = max((p.heaviest_officers for p in task.plans(rows, found)), default=0.0)
            if reached <= 0.0:
                return
            # Down to what is reached the set stays the same.
            heaviest = math.ceil(reached - _SLACK_OFFICERS) - 1


def third_value(plan: FrontierPlan, third: Third) -> int:
    """The third aim of a plan, to be small."""
    if third == "centres":
        return plan.centres
    return math.ceil(plan.heaviest_officers - _SLACK_OFFICERS)


def _unbettered_in_three(found: list[FrontierPlan], third: Third) -> list[FrontierPlan]:
    """Those that no other betters in all three; of equals the first."""
    aims = np.array(
        [(-p.officers_freed, p.extra_alert_min_per_year, third_value(p, third)) for p in found]
    ).reshape(-1, 3)
    slack = np.array([1e-6, 1e-6, 0.0])
    kept = []
    for i, one in enumerate(aims):
        as_good = (aims <= one + slack).all(axis=1)
        better = as_good & (aims < one - slack).any(axis=1)
        equal_before = as_good[:i] & ~better[:i]
        if not better.any() and not equal_before.any():
            kept.append(found[i])
    return kept


def _numbered(found: list[FrontierPlan], *, with_knee: bool) -> tuple[FrontierPlan, ...]:
    ordered = sorted(found, key=lambda p: (round(p.officers_freed, 6), p.extra_alert_min_per_year))
    knee = -1
    if with_knee and ordered:
        below = weighted_distance(
            np.array([p.officers_freed for p in ordered]),
            np.array([p.extra_alert_min_per_year for p in ordered]),
        )
        knee = int(np.argmax(below)) if below.max() > 1e-9 else -1
    return tuple(replace(plan, number=i + 1, is_knee=i == knee) for i, plan in enumerate(ordered))


def _weakest(statuses: list[Status]) -> Status:
    for status in (Status.UNKNOWN, Status.FEASIBLE):
        if status in statuses:
            return status
    if Status.OPTIMAL in statuses:
        return Status.OPTIMAL
    return Status.INFEASIBLE
