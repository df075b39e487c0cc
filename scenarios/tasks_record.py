"""One task of a station (派发、反馈、督查) as it is kept, and the way from issue to check.

A task names a place or an area, a grade, a station and a day; never a person. Officers are a head
count. There is no free text in it, in which a name could stand.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal

from optimizer.errors import InputError, Problem

Kind = Literal["repeat", "rise"]
State = Literal["issued", "done", "checked", "reopened"]
STATES: tuple[State, ...] = ("issued", "done", "checked", "reopened")
OPEN: tuple[State, ...] = ("issued", "reopened")
# From which states an event leads where.
_WAYS: Mapping[State, tuple[State, ...]] = {
    "done": ("issued", "reopened"),
    "checked": ("done",),
    "reopened": ("done", "checked"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Matter:
    """What a task is about, proposed or issued.

    Attributes:
        kind: `repeat`: a place of repeat alerts; `rise`: more alerts than expected.
        subject: What it is about, so that it is not issued twice: place and kind, or station and
            category.
        grade: red, yellow or blue.
        station_id, station: Who is to act.
        township, cell_id, category: Where and what; empty where it is not so narrow.
        alerts: What was counted.
        expected_alerts: What was to be expected; None for repeats.
        trace: Key of the rows behind the count.
        due: Last day.
    """

    kind: Kind
    subject: str
    grade: str
    station_id: str
    station: str
    township: str
    cell_id: str
    category: str
    alerts: int
    expected_alerts: float | None
    trace: str
    due: date


@dataclass(frozen=True, slots=True, kw_only=True)
class Task(Matter):
    """One task as it is kept.

    Attributes:
        task_id: Day of the briefing and five digits of a digest.
        county: Name of the county.
        issued_at: When, in UTC.
        as_of: Last day of the briefing that proposed it.
        state: Where it stands.
        officers: Heads who took part, as reported when done; None before.
        changed_on: Day of the last change of its state.
    """

    task_id: str
    county: str
    issued_at: datetime
    as_of: date
    state: State
    officers: int | None
    changed_on: date

    def overdue(self, on: date) -> bool:
        """Whether it is late: neither done nor checked after its last day."""
        return self.state in OPEN and on > self.due


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One step of a task: its new state, the day, heads who took part."""

    task_id: str
    step: int
    state: State
    on_day: date
    officers: int | None


def check_way(task: Task, state: State, on: date) -> Problem | None:
    """What is wrong with a step of a task, if anything."""
    allowed = _WAYS[state]
    if task.state not in allowed:
        return Problem(
            where=task.task_id,
            value=task.state,
            expected=_STEP_NEEDS[state],
            fix="`jingli tasks CASE list` shows where each task stands",
        )
    if on < task.changed_on:
        return Problem(
            where="--on",
            value=on.isoformat(),
            expected="a day not before the task's last change, {day}",
            fix="correct the day",
            params={"day": task.changed_on.isoformat()},
        )
    return None


_STEP_NEEDS: Mapping[State, str] = {
    "done": "a task that is issued or reopened: only such a one can be reported as done",
    "checked": "a task that is done: only such a one can be checked",
    "reopened": "a task that is done or checked: only such a one can be reopened",
}


def refuse(problems: Sequence[Problem]) -> None:
    """Raise what is wrong, if anything.

    Raises:
        InputError: there is.
    """
    if problems:
        raise InputError(problems)
