"""Tasks of stations in the run store: issued once, moved on step by step, every step kept."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields, replace
from datetime import date, datetime
from typing import Any

from optimizer.errors import Problem
from scenarios.store_record import compact, storable, time_text
from scenarios.store_schema import Database
from scenarios.tasks_record import Event, State, Task, check_way, refuse

# What changes has a column; the rest of a task is one document that is never written again.
_MOVING = ("state", "changed_on", "officers")
_SELECT = "SELECT document, state, changed_on, officers FROM {jingli}tasks"
_SHOWN = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Issued:
    """What an issue did.

    Attributes:
        added: Ids of the tasks that are new.
        present: Ids of those that were not issued again: they are there, or one that is still
            open is about the same.
    """

    added: tuple[str, ...]
    present: tuple[str, ...]


class TaskBook:
    """The tasks of an open store.

    Args:
        database: Of the store; every method is one transaction on it.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    def issue(self, tasks: Iterable[Task]) -> Issued:
        """Keep tasks; one that is there, or whose subject has an open task, is left out.

        Raises:
            InputError: the store is locked, full, read-only or out of reach.
        """
        added: list[str] = []
        present: list[str] = []
        with self._database.transaction(write=True):
            for task in tasks:
                new = self._database.change(
                    "INSERT INTO {jingli}tasks (task_id, county, subject, state, changed_on,"
                    " officers, document) VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
                    task.task_id,
                    storable(task.county),
                    storable(task.subject),
                    task.state,
                    task.changed_on.isoformat(),
                    task.officers,
                    _document(task),
                )
                if new:
                    self._add_event(task, 1)
                (added if new else present).append(task.task_id)
        return Issued(added=tuple(added), present=tuple(present))

    def list(self, county: str) -> tuple[Task, ...]:
        """The tasks of a county, by id.

        Raises:
            InputError: the store is locked or out of reach.
        """
        with self._database.transaction(write=False):
            return self._of(county)

    def events(self, county: str) -> tuple[Event, ...]:
        """Every step of every task of a county, by task and step.

        Raises:
            InputError: the store is locked or out of reach.
        """
        with self._database.transaction(write=False):
            rows = self._database.rows(
                "SELECT e.task_id, e.step, e.state, e.on_day, e.officers FROM {jingli}task_events e"
                " JOIN {jingli}tasks t ON t.task_id = e.task_id WHERE t.county = ?"
                " ORDER BY e.task_id, e.step",
                storable(county),
            )
        return tuple(
            Event(
                task_id=task_id,
                step=step,
                state=state,
                on_day=date.fromisoformat(day),
                officers=officers,
            )
            for task_id, step, state, day, officers in rows
        )

    def move(
        self,
        county: str,
        asked: Sequence[str],
        state: State,
        on: date,
        officers: int | None = None,
    ) -> tuple[Task, ...]:
        """Move tasks on to a state, all of them or none.

        Args:
            county: Whose tasks.
            asked: Ids, their beginnings, or their last five digits, each of one task only.
            state: Where to.
            on: Day of the step.
            officers: Heads who took part; None leaves the count as it is.

        Raises:
            InputError: every id that is of no task or several, and every step that cannot be; or
                the store refuses.
        """
        moved = []
        with self._database.transaction(write=True):
            known = self._of(county)
            chosen, problems = _resolve(asked, known)
            for task in chosen:
                wrong = check_way(task, state, on) or _taken(task, state, known)
                if wrong is not None:
                    problems.append(wrong)
            refuse(problems)
            for task in chosen:
                now = replace(
                    task,
                    state=state,
                    changed_on=on,
                    officers=task.officers if officers is None else officers,
                )
                changed = self._database.change(
                    "UPDATE {jingli}tasks SET state = ?, changed_on = ?, officers = ?"
                    " WHERE task_id = ? AND state = ?",
                    now.state,
                    on.isoformat(),
                    now.officers,
                    task.task_id,
                    task.state,
                )
                if not changed:
                    refuse([_changed_meanwhile(task)])
                self._add_event(now, self._steps(task.task_id) + 1)
                moved.append(now)
        return tuple(moved)

    def _of(self, county: str) -> tuple[Task, ...]:
        rows = self._database.rows(_SELECT + " WHERE county = ? ORDER BY task_id", storable(county))
        return tuple(map(_task, rows))

    def _steps(self, task_id: str) -> int:
        rows = self._database.rows(
            "SELECT count(*) FROM {jingli}task_events WHERE task_id = ?", task_id
        )
        return int(rows[0][0])

    def _add_event(self, task: Task, step: int) -> None:
        self._database.change(
            "INSERT INTO {jingli}task_events (task_id, step, state, on_day, officers)"
            " VALUES (?, ?, ?, ?, ?)",
            task.task_id,
            step,
            task.state,
            task.changed_on.isoformat(),
            task.officers,
        )


def _document(task: Task) -> str:
    own: dict[str, Any] = {
        f.name: getattr(task, f.name) for f in fields(task) if f.name not in _MOVING
    }
    own["issued_at"] = time_text(task.issued_at)
    for name in ("as_of", "due"):
        own[name] = own[name].isoformat()
    return compact(own)


def _task(row: Sequence[Any]) -> Task:
    document, state, changed_on, officers = row
    own = json.loads(document)
    own["issued_at"] = datetime.fromisoformat(own["issued_at"])
    for name in ("as_of", "due"):
        own[name] = date.fromisoformat(own[name])
    return Task(state=state, changed_on=date.fromisoformat(changed_on), officers=officers, **own)


def _resolve(asked: Sequence[str], known: Sequence[Task]) -> tuple[tuple[Task, ...], list[Problem]]:
    found: dict[str, Task] = {}
    problems: list[Problem] = []
    for one in asked:
        text = one.strip().lower()
        fit = [t for t in known if text and (t.task_id.startswith(text)
                                             or t.task_id.partition("-")[2] == text)]  # fmt: skip
        if len(fit) == 1:
            found[fit[0].task_id] = fit[0]
            continue
        shown = ", ".join(t.task_id for t in fit[:_SHOWN]) + (", …" if len(fit) > _SHOWN else "")
        problems.append(
            Problem(
                where="jingli tasks",
                value=one,
                expected="the id of one task only; it fits {candidates}"
                if fit
                else "the id of a task of this county, or its last five digits",
                fix="write more of the id" if fit else "`jingli tasks CASE list` lists the ids",
                params={"candidates": shown},
            )
        )
    return tuple(found.values()), problems


def _taken(task: Task, state: State, known: Sequence[Task]) -> Problem | None:
    """A checked task cannot be reopened beside an open one about the same."""
    if task.state != "checked":
        return None
    others = [t.task_id for t in known if t.subject == task.subject and t.state != "checked"]
    if not others or state == "checked":
        return None
    return Problem(
        where=task.task_id,
        expected="no other open task about the same; {other} is one",
        fix="go on with that task",
        params={"other": others[0]},
    )


def _changed_meanwhile(task: Task) -> Problem:
    return Problem(
        where=task.task_id,
        expected="a task that nobody else moves at the same moment",
        fix="look at the list and run the command again",
    )
