"""The judge of rosters: every rule and every figure counted again, from dates and clock times.

Nothing here is shared with the search but the task's data.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from itertools import groupby, pairwise

from optimizer.frozen import IntArray
from optimizer.roster import FREE, RosterTask

_SATURDAY = 5


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class RosterFault:
    """A rule that a slot breaks; `slot` and `day` count from 1, `rule` is a policy key."""

    slot: int
    day: int
    rule: str
    value: str
    limit: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Short:
    """Slots missing in one hour, never hidden."""

    at: datetime
    kind: str
    name: str
    required: int
    on_duty: int
    weight: int

    @property
    def missing(self) -> int:
        """How many are missing."""
        return self.required - self.on_duty


@dataclass(frozen=True, slots=True, kw_only=True)
class SlotCount:
    """What one slot works."""

    slot: int
    hours: int
    shifts: int
    nights: int
    weekends: int
    leave_days: int
    training_days: int
    present: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class RosterScore:
    """Figures of a roster.

    Attributes:
        shortage: Missing officer-hours times the weight of their hour.
        shortage_hours: The same without weights.
        unfairness: Spreads of nights, weekends and hours times their prices, over all groups.
        surplus_hours: Officer-hours above the requirement.
        required_hours: Officer-hours required, qualifications left out.
        short: Every hour that is short.
        slots: What each slot works.
    """

    shortage: int
    shortage_hours: int
    unfairness: int
    surplus_hours: int
    required_hours: int
    short: tuple[Short, ...]
    slots: tuple[SlotCount, ...]


@dataclass(frozen=True, slots=True)
class _Duty:
    """A shift worked, by clock time."""

    day: int
    kind: int
    start: datetime
    end: datetime

    @property
    def hours(self) -> int:
        return int((self.end - self.start) / timedelta(hours=1))

    def clock(self) -> list[datetime]:
        """The start of each of its hours."""
        return [self.start + timedelta(hours=h) for h in range(self.hours)]

    @property
    def is_night(self) -> bool:
        return sum(at.hour < 6 for at in self.clock()) >= 3


def roster_faults(task: RosterTask, shift: IntArray) -> tuple[RosterFault, ...]:
    """Every rule that a roster breaks, sorted; empty = none.

    Args:
        task: Rules, slots, absences and requests.
        shift: Kind of shift by slot and day, FREE where none, shape (N, D).
    """
    return tuple(
        sorted(
            f
            for i in range(len(task.slots))
            for f in _slot_faults(task, i, _duties(task, shift, i))
        )
    )


def roster_score(task: RosterTask, shift: IntArray) -> RosterScore:
    """Shortage, unfairness and surplus of a roster.

    Args:
        task: What is required.
        shift: Kind of shift by slot and day, FREE where none, shape (N, D).
    """
    duties = [_duties(task, shift, i) for i in range(len(task.slots))]
    first = datetime.combine(task.start, time(task.day_start_hour))
    short, surplus, required_hours = [], 0, 0
    for line in task.lines:
        on_duty = Counter(
            at
            for slot, own in zip(task.slots, duties, strict=True)
            if line.counts(slot)
            for duty in own
            for at in duty.clock()
        )
        for h, required in enumerate(line.required.tolist()):
            at = first + timedelta(hours=h)
            if line.is_work:
                required_hours += required
                surplus += max(0, on_duty[at] - required)
            if on_duty[at] < required:
                short.append(
                    Short(
                        at=at,
                        kind=line.kind,
                        name=line.name,
                        required=required,
                        on_duty=on_duty[at],
                        weight=int(task.hour_weight[h]),
                    )
                )
    short.sort(key=lambda s: (s.at, s.kind, s.name))
    counts = tuple(_count(task, i, own) for i, own in enumerate(duties))
    return RosterScore(
        shortage=sum(s.missing * s.weight for s in short),
        shortage_hours=sum(s.missing for s in short),
        unfairness=_unfairness(task, counts),
        surplus_hours=surplus,
        required_hours=required_hours,
        short=tuple(short),
        slots=counts,
    )


def _duties(task: RosterTask, shift: IntArray, slot: int) -> list[_Duty]:
    found = []
    for d, kind in enumerate(shift[slot].tolist()):
        if kind == FREE:
            continue
        one = task.shifts[kind]
        start = datetime.combine(task.start + timedelta(days=d), time(one.start_hour))
        if one.start_hour < task.day_start_hour:
            start += timedelta(days=1)
        found.append(_Duty(d, kind, start, start + timedelta(hours=one.hours)))
    return found


def _slot_faults(task: RosterTask, slot: int, duties: list[_Duty]) -> list[RosterFault]:
    rules, found = task.limits, []

    def fault(day: int, rule: str, value: object, limit: object) -> None:
        found.append(
            RosterFault(slot=slot + 1, day=day + 1, rule=rule, value=str(value), limit=str(limit))
        )

    for a, b in pairwise(duties):
        rest = (b.start - a.end) / timedelta(hours=1)
        if rest < rules.rest_hours:
            fault(b.day, "roster.rest_hours", f"{rest:g}", rules.rest_hours)
    own_team = task.slots[slot].team
    for duty in duties:
        team = task.shifts[duty.kind].team
        if team is not None and team != own_team:
            fault(duty.day, "roster.shifts.team", own_team, team)
        for away, rule in (
            (task.leave, "leave"),
            (task.training, "training"),
            (task.off, "off"),
        ):
            for at in sorted({t.date() for t in duty.clock()}):
                date_row = (at - task.start).days
                if date_row < task.days and away[slot, date_row]:
                    fault(duty.day, rule, at.isoformat(), "free")
    worked = {duty.day: duty.kind for duty in duties}
    for d, kind in enumerate(task.fixed[slot].tolist()):
        if kind != FREE and worked.get(d) != kind:
            fault(d, "duty", worked.get(d), task.shifts[kind].name)
    trained = [d for d in range(task.days) if task.training[slot, d]]
    for first in range(0, task.days, 7):
        week = range(first, first + 7)
        here = [duty for duty in duties if duty.day in week]
        hours = sum(x.hours for x in here)
        hours += rules.training_hours * sum(d in week for d in trained)
        if hours > rules.max_hours_per_week and here:
            fault(first, "roster.max_hours_per_week", hours, rules.max_hours_per_week)
        nights = sum(x.is_night for x in here)
        if rules.max_nights_per_week is not None and nights > rules.max_nights_per_week:
            fault(first, "roster.max_nights_per_week", nights, rules.max_nights_per_week)
    hours = sum(x.hours for x in duties) + rules.training_hours * len(trained)
    there = task.days - sum(bool(x) for x in task.leave[slot])
    most = rules.average_hours_per_week * there / 7
    if hours > most + 1e-6 and duties:
        fault(0, "roster.average_hours_per_week", hours, f"{most:g}")
    for days, rule, limit in (
        (sorted({*worked, *trained}), "roster.max_consecutive_days", rules.max_consecutive_days),
        (
            [x.day for x in duties if x.is_night],
            "roster.max_consecutive_nights",
            rules.max_consecutive_nights,
        ),
    ):
        for _key, run in groupby(enumerate(days), key=lambda pair: pair[1] - pair[0]):
            row = [day for _i, day in run]
            # Training alone is not the roster's doing.
            if len(row) > limit and not set(row) <= set(trained):
                fault(row[0], rule, len(row), limit)
    return found


def _count(task: RosterTask, slot: int, duties: list[_Duty]) -> SlotCount:
    trained = int(task.training[slot].sum())
    weekends = {
        (x.start.date() - timedelta(days=x.start.weekday() - _SATURDAY))
        for x in duties
        if x.start.weekday() >= _SATURDAY
    }
    return SlotCount(
        slot=slot + 1,
        hours=sum(x.hours for x in duties) + task.limits.training_hours * trained,
        shifts=len(duties),
        nights=sum(x.is_night for x in duties),
        weekends=len(weekends),
        leave_days=int(task.leave[slot].sum()),
        training_days=trained,
        present=not (task.leave[slot].any() or trained),
    )


def _unfairness(task: RosterTask, counts: tuple[SlotCount, ...]) -> int:
    """Most over all slots of a role and team, less the least over those who are never away."""
    prices = task.fairness
    groups: dict[tuple[str, str | None], list[SlotCount]] = {}
    for slot, count in zip(task.slots, counts, strict=True):
        groups.setdefault((slot.role, slot.team), []).append(count)
    total = 0
    for members in groups.values():
        held = [m for m in members if m.present] or members
        for price, name in (
            (prices.nights, "nights"),
            (prices.weekends, "weekends"),
            (prices.hours, "hours"),
        ):
            most = max(getattr(m, name) for m in members)
            total += price * (most - min(getattr(m, name) for m in held))
    return total
