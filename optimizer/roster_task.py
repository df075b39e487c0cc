"""The task of a roster from policy, slots, demand and absences, and all that is wrong with it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache

import numpy as np

from optimizer.errors import Problem
from optimizer.frozen import BoolArray, IntArray
from optimizer.policy_roster import CASE_TEAM, COMMUNITY_TEAM, Roster, Slots
from optimizer.roster import (
    DAY_H,
    FREE,
    WEEK_DAYS,
    Fairness,
    Line,
    RosterTask,
    ShiftKind,
    Slot,
    SlotRules,
)
from optimizer.roster_demand import WeekDemand, by_hour
from optimizer.roster_flow import RosterNetwork, State
from optimizer.roster_rules import roster_faults

WHERE = "policy"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Absences:
    """What is settled beforehand, shape (N, D) each; kinds of shift by row of `policy.kinds`."""

    leave: BoolArray
    training: BoolArray
    off: BoolArray
    fixed: IntArray

    @classmethod
    def none(cls, slots: int, days: int) -> Absences:
        """Nothing."""
        no = np.zeros((slots, days), dtype=bool)
        return cls(leave=no, training=no, off=no, fixed=np.full((slots, days), FREE))


def slots_of(groups: Sequence[Slots]) -> tuple[Slot, ...]:
    """Slots in the order of their groups."""
    return tuple(
        Slot(role=g.role, qualifications=tuple(sorted(g.qualifications)), team=g.team)
        for g in groups
        for _ in range(g.count)
    )


def split_teams(officers: int, demand: WeekDemand) -> tuple[Slots, ...]:
    """Officers shared over case and community team by hours of work, one each at the least."""
    case, community = float(demand.case.sum()), float(demand.community.sum())
    share = community / (case + community) if case + community else 0.0
    second = min(max(1, round(officers * share)), max(officers - 1, 0)) if community else 0
    found = [(CASE_TEAM, officers - second), (COMMUNITY_TEAM, second)]
    return tuple(Slots(count=n, team=team) for team, n in found if n)


def roster_task(
    rules: Roster,
    groups: Sequence[Slots],
    demand: WeekDemand,
    start: date,
    weeks: int,
    absences: Absences | None = None,
) -> RosterTask:
    """The task; `task_problems` says what is wrong with it.

    Args:
        rules: `policy.roster`.
        groups: The slots.
        demand: What a week asks.
        start: First date.
        weeks: Weeks of the roster.
        absences: Leave, training and requests.
    """
    days, slots = weeks * WEEK_DAYS, slots_of(groups)
    absences = Absences.none(len(slots), days) if absences is None else absences

    def hours(week: IntArray) -> IntArray:
        return by_hour(week, start.weekday(), rules.day_start_hour, days)

    if rules.pattern == "two_team":
        lines = [
            Line(kind="team", name=CASE_TEAM, required=hours(demand.case)),
            Line(kind="team", name=COMMUNITY_TEAM, required=hours(demand.community)),
        ]
        lines[0] = Line(
            kind="team",
            name=CASE_TEAM,
            required=np.maximum(lines[0].required, rules.min_on_duty),
        )
    else:
        required = np.maximum(hours(demand.officer), rules.min_on_duty)
        lines = [Line(kind="role", name="officer", required=required)]
    if any(slot.role == "auxiliary" for slot in slots):
        lines.append(Line(kind="role", name="auxiliary", required=hours(demand.auxiliary)))
    lines += [
        Line(
            kind="qualification",
            name=name,
            required=np.full(days * DAY_H, number),
            is_work=False,
        )
        for name, number in sorted(rules.qualified_on_duty.items())
        if number
    ]
    weight = np.array(rules.hour_weights)[(rules.day_start_hour + np.arange(days * DAY_H)) % DAY_H]
    return RosterTask(
        start=start,
        days=days,
        day_start_hour=rules.day_start_hour,
        shifts=tuple(
            ShiftKind(
                name=s.name,
                start_hour=s.start_hour,
                offset=(s.start_hour - rules.day_start_hour) % DAY_H,
                hours=s.hours,
                team=s.team,
            )
            for s in rules.kinds
        ),
        slots=slots,
        lines=tuple(lines),
        hour_weight=weight,
        leave=absences.leave,
        training=absences.training,
        off=absences.off,
        fixed=absences.fixed,
        limits=SlotRules(
            rest_hours=rules.rest,
            max_hours_per_week=rules.week_cap,
            average_hours_per_week=rules.average_cap,
            max_consecutive_days=rules.max_consecutive_days,
            max_consecutive_nights=rules.max_consecutive_nights,
            max_nights_per_week=rules.max_nights_per_week,
            training_hours=rules.training_hours,
        ),
        fairness=Fairness(
            nights=rules.fair_nights, weekends=rules.fair_weekends, hours=rules.fair_hours
        ),
    )


def task_problems(
    rules: Roster, task: RosterTask, shown: Mapping[str, str] | None = None
) -> tuple[Problem, ...]:
    """Everything that makes a task senseless: rules that contradict each other, roles nobody holds.

    Args:
        rules: `policy.roster`.
        task: The task made of it.
        shown: Where `demand` and `leave` come from, for messages.
    """
    said = {"demand": "demand", "leave": "leave", **(shown or {})}
    found = _shift_problems(rules, task)
    if found:
        return tuple(found)
    found += _reach_problems(rules, task)
    found += _cover_problems(task, said["demand"])
    found += [
        Problem(
            where=said["leave"],
            column=fault.rule,
            value=fault.value,
            expected="fixed shifts of slot {slot} that keep the rules (limit {limit})",
            fix="move or delete the fixed shift on day {day} of the roster",
            params={"slot": fault.slot, "limit": fault.limit, "day": fault.day},
        )
        for fault in roster_faults(task, task.fixed)
    ]
    return tuple(found)


def _shift_problems(rules: Roster, task: RosterTask) -> list[Problem]:
    found = []
    for kind in task.shifts:
        if kind.offset + kind.hours > DAY_H:
            found.append(
                Problem(
                    where=WHERE,
                    column="roster.shifts",
                    value=kind.name,
                    expected="a shift that ends before the roster's day does, at {hour}:00",
                    fix="set roster.day_start_hour to an hour at which shifts change",
                    params={"hour": rules.day_start_hour},
                )
            )
        if kind.hours > rules.week_cap:
            found.append(
                Problem(
                    where=WHERE,
                    column="roster.max_hours_per_week",
                    value=str(rules.week_cap),
                    expected="at least the {hours} hours of the shift {name}",
                    fix="raise it or shorten the shift",
                    params={"hours": kind.hours, "name": kind.name},
                )
            )
    if rules.average_cap > rules.week_cap:
        found.append(
            Problem(
                where=WHERE,
                column="roster.average_hours_per_week",
                value=f"{rules.average_cap:g}",
                expected="at most max_hours_per_week, {hours}",
                fix="lower it or raise max_hours_per_week",
                params={"hours": rules.week_cap},
            )
        )
    return found


def _reach_problems(rules: Roster, task: RosterTask) -> list[Problem]:
    """Weekly hours that rest and days in a row never allow: rules that contradict each other."""
    found = []
    for key, asked, days in (
        ("max_hours_per_week", rules.max_hours_per_week, WEEK_DAYS),
        ("average_hours_per_week", rules.average_hours_per_week, task.days),
    ):
        if asked is None:
            continue
        teams = {slot.team for slot in task.slots}
        most = max((_most_hours(task, team, days) for team in teams), default=0)
        weekly = most * WEEK_DAYS / days
        if weekly < asked - min(k.hours for k in task.shifts) + 1:
            found.append(
                Problem(
                    where=WHERE,
                    column=f"roster.{key}",
                    value=f"{asked:g}",
                    expected="hours that the other rules allow: with shifts of {shifts} h, "
                    "{rest} h of rest, {days} days and {nights} nights in a row nobody works more "
                    "than {most} h a week",
                    fix="lower it, shorten the rest or allow more days in a row",
                    params={
                        "shifts": "/".join(str(h) for h in sorted({k.hours for k in task.shifts})),
                        "rest": rules.rest,
                        "days": rules.max_consecutive_days,
                        "nights": rules.max_consecutive_nights,
                        "most": f"{weekly:.1f}",
                    },
                )
            )
    return found


def _most_hours(task: RosterTask, team: str | None, days: int) -> int:
    """Most hours that a slot of a team can work in so many days by rest and runs alone."""
    kinds = tuple(s for s, k in enumerate(task.shifts) if k.team in (None, team))
    steps = RosterNetwork(task, kinds).steps

    @cache
    def most(state: State, left: int) -> int:
        if not left:
            return 0
        return max(
            (task.shifts[s.kind].hours if s.kind != FREE else 0) + most(s.after, left - 1)
            for s in steps
            if s.before == state
        )

    return most(State(), days)


def _cover_problems(task: RosterTask, demand: str) -> list[Problem]:
    found = []
    rules = task.limits
    for line in task.lines:
        where = WHERE if line.kind == "qualification" else demand
        column = (
            f"roster.qualified_on_duty.{line.name}" if line.kind == "qualification" else line.name
        )
        holders = [slot for slot in task.slots if line.counts(slot)]
        asked = line.required[line.required > 0]
        if not len(asked):
            continue
        if not holders:
            found.append(
                Problem(
                    where=where,
                    column=column,
                    value=str(int(asked.max())),
                    expected="a role, team or qualification that some slot holds",
                    fix="give it to slots in roster.groups, or ask nobody of it",
                )
            )
            continue
        if len(holders) < int(line.required.min()) or (
            line.kind == "qualification" and len(holders) < int(asked.max())
        ):
            found.append(
                Problem(
                    where=where,
                    column=column,
                    value=str(int(asked.min())),
                    expected="at most the {slots} slots there are: even the quietest hour asks for "
                    "more",
                    fix="add slots (--officers, roster.groups) or ask for fewer",
                    params={"slots": len(holders)},
                )
            )
        covered = {
            (kind.start_hour + h) % DAY_H
            for kind in task.shifts
            if any(kind.team in (None, slot.team) for slot in holders)
            and not (kind.is_night and rules.max_nights_per_week == 0)
            for h in range(kind.hours)
        }
        open_hours = {
            (task.day_start_hour + h) % DAY_H
            for h, required in enumerate(line.required.tolist())
            if required
        } - covered
        if open_hours:
            found.append(
                Problem(
                    where=where,
                    column=column,
                    value=", ".join(f"{h}:00" for h in sorted(open_hours)),
                    expected="hours that some kind of shift covers",
                    fix="add a shift for them, or ask nobody at these hours",
                )
            )
    return found
