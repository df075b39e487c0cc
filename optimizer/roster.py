"""A roster (排班): who of N anonymous slots works which shift on which day, and what is asked.

Hours of the roster count from `day_start_hour` of its first date; a day of the roster runs from
that hour to the same hour of the next date, and a slot works one shift a day at the most.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import Literal

import numpy as np

from optimizer.frozen import BoolArray, IntArray, read_only
from optimizer.policy_roster import Role
from optimizer.result import Proof

DAY_H = 24
WEEK_DAYS = 7
FREE = -1
"""In a roster: no shift."""
_NIGHT_FROM, _NIGHT_TO, _NIGHT_LEAST = 0, 6, 3


@dataclass(frozen=True, slots=True, kw_only=True)
class ShiftKind:
    """A kind of shift: it starts `offset` hours into the roster's day and ends within it."""

    name: str
    start_hour: int
    offset: int
    hours: int
    team: str | None = None

    @property
    def is_night(self) -> bool:
        """Whether three hours or more of it lie between 0:00 and 6:00."""
        clock = [(self.start_hour + h) % DAY_H for h in range(self.hours)]
        return sum(_NIGHT_FROM <= h < _NIGHT_TO for h in clock) >= _NIGHT_LEAST


@dataclass(frozen=True, slots=True, kw_only=True)
class Slot:
    """One place in the roster, never a name."""

    role: Role = "officer"
    qualifications: tuple[str, ...] = ()
    team: str | None = None


LineKind = Literal["role", "team", "qualification"]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Line:
    """How many of some slots must be on duty in each hour. H hours.

    Attributes:
        kind, name: `role` officer, `team` case, `qualification` firearm …
        required: Slots on duty at the least, shape (H,).
        is_work: Hours above the requirement count as surplus; qualifications do not.
    """

    kind: LineKind
    name: str
    required: IntArray
    is_work: bool = True

    def __post_init__(self) -> None:
        required = read_only(self.required, np.int64, shape=(np.size(self.required),), name="line")
        object.__setattr__(self, "required", required)

    def counts(self, slot: Slot) -> bool:
        """Whether a slot on duty counts here."""
        if self.kind == "role":
            return slot.role == self.name
        if self.kind == "team":
            return slot.role == "officer" and slot.team == self.name
        return self.name in slot.qualifications


@dataclass(frozen=True, slots=True, kw_only=True)
class SlotRules:
    """Rules that every slot keeps; hours and days as in `policy.roster`."""

    rest_hours: int
    max_hours_per_week: int
    average_hours_per_week: float
    max_consecutive_days: int
    max_consecutive_nights: int
    max_nights_per_week: int | None
    training_hours: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Fairness:
    """Price of the difference between the most and the least loaded slot."""

    nights: int
    weekends: int
    hours: int


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class RosterTask:
    """What a roster must do. N slots, D days, S kinds of shift, H = 24 D hours.

    Attributes:
        start: First date.
        days: D, whole weeks.
        day_start_hour: Hour at which a day of the roster starts.
        shifts: Kinds of shift.
        slots: The slots.
        lines: What is required.
        hour_weight: Weight of a missing officer-hour, shape (H,).
        leave, training, off: Dates on which a slot is away, in training, or free by request;
            shape (N, D). A shift that touches such a date is not worked.
        fixed: Kind of shift that a slot must work on a day, FREE where none, shape (N, D).
        limits, fairness: The rules.
    """

    start: date
    days: int
    day_start_hour: int
    shifts: tuple[ShiftKind, ...]
    slots: tuple[Slot, ...]
    lines: tuple[Line, ...]
    hour_weight: IntArray
    leave: BoolArray
    training: BoolArray
    off: BoolArray
    fixed: IntArray
    limits: SlotRules
    fairness: Fairness

    def __post_init__(self) -> None:
        shape = (len(self.slots), self.days)
        for name, dtype in (("leave", np.bool_), ("training", np.bool_), ("off", np.bool_),
                            ("fixed", np.int64)):  # fmt: skip
            array = read_only(getattr(self, name), dtype, shape=shape, name=f"roster.{name}")
            object.__setattr__(self, name, array)
        weight = read_only(self.hour_weight, np.int64, shape=(self.hours,), name="hour_weight")
        object.__setattr__(self, "hour_weight", weight)
        for line in self.lines:
            if line.required.shape != (self.hours,):
                raise ValueError(f"roster.lines: {line.name} needs {self.hours} hours")

    @property
    def hours(self) -> int:
        """Hours of the roster."""
        return self.days * DAY_H

    def weeks(self) -> Iterator[range]:
        """Days of each week of the roster."""
        for first in range(0, self.days, WEEK_DAYS):
            yield range(first, min(first + WEEK_DAYS, self.days))

    def span(self, day: int, shift: int) -> tuple[int, int]:
        """First hour of a shift and the hour at which it is over, in hours of the roster."""
        kind = self.shifts[shift]
        first = day * DAY_H + kind.offset
        return first, first + kind.hours

    def dates_touched(self, day: int, shift: int) -> range:
        """Dates, counted from the first, in which a shift has an hour."""
        first, end = self.span(day, shift)
        return range(
            (first + self.day_start_hour) // DAY_H, (end - 1 + self.day_start_hour) // DAY_H + 1
        )

    def weekend(self, day: int, shift: int) -> int | None:
        """Number of the weekend in which a shift starts; None on Monday to Friday."""
        touched = self.dates_touched(day, shift)[0] + self.start.weekday()
        return touched // WEEK_DAYS if touched % WEEK_DAYS >= 5 else None

    def allowed(self) -> BoolArray:
        """Shifts that a slot's team, absences and requests leave open, shape (N, D, S)."""
        away = self.leave | self.training | self.off
        found = np.zeros((len(self.slots), self.days, len(self.shifts)), dtype=bool)
        for s, kind in enumerate(self.shifts):
            may = np.array([kind.team in (None, slot.team) for slot in self.slots], dtype=bool)
            for d in range(self.days):
                dates = [t for t in self.dates_touched(d, s) if t < self.days]
                found[:, d, s] = may & ~away[:, dates].any(axis=1)
        fixed = self.fixed != FREE
        found[fixed] &= np.arange(len(self.shifts)) == self.fixed[fixed][:, None]
        return found

    def present(self) -> BoolArray:
        """Slots without leave or training: those that fairness holds up, shape (N,)."""
        return np.logical_not((self.leave | self.training).any(axis=1))

    def groups(self) -> tuple[tuple[int, ...], ...]:
        """Slots among whom nights, weekends and hours are shared: same role and team."""
        found: dict[tuple[str, str], list[int]] = {}
        for i, slot in enumerate(self.slots):
            found.setdefault((slot.role, slot.team or ""), []).append(i)
        return tuple(tuple(found[key]) for key in sorted(found))

    def allowance(self) -> IntArray:
        """Hours of shifts that the mean a week leaves each slot, shape (N,)."""
        there = self.days - self.leave.sum(axis=1)
        mean = self.limits.average_hours_per_week * there / WEEK_DAYS
        # A hair more, so that 48.0 hours on 7 days are not 47.
        hours = np.floor(mean + 1e-9).astype(np.int64)
        left = hours - self.limits.training_hours * self.training.sum(axis=1)
        allowance: IntArray = np.maximum(left, 0)
        return allowance


def on_duty(task: RosterTask, shift: IntArray) -> IntArray:
    """Slots on duty that count for each line in each hour, shape (L, H)."""
    found = np.zeros((len(task.lines), task.hours), dtype=np.int64)
    counts = np.array([[line.counts(slot) for line in task.lines] for slot in task.slots])
    for i, d in np.argwhere(shift != FREE).tolist():
        first, end = task.span(d, int(shift[i, d]))
        found[counts[i], first:end] += 1
    return found


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class RosterPlan:
    """A roster with what is known of it.

    Attributes:
        shift: Kind of shift of each slot on each day, FREE where none, shape (N, D).
        proofs: Of the stages `shortage`, `unfairness` and `surplus`, in that order.
    """

    shift: IntArray
    proofs: tuple[Proof, ...]
