"""Tasks as JSON, tables and a workbook, all or nothing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, replace
from datetime import date
from pathlib import Path
from typing import Any

from geo.atomic import atomic_folder, write_text
from optimizer.errors import Translate
from scenarios.documents import json_text
from scenarios.keeping import versions
from scenarios.language import Language
from scenarios.manifest import write_manifest
from scenarios.rhythm_words import grade_text, state_text, task_text
from scenarios.tables import Columns, Sheet, sheet_of
from scenarios.tasks_open import CaseTasks
from scenarios.tasks_record import Event, Task
from scenarios.workbook import write_book


def task_document(task: Task) -> dict[str, Any]:
    """A task as plain values."""
    found = asdict(task)
    for name in ("as_of", "due", "changed_on", "issued_at"):
        found[name] = found[name].isoformat()
    return found


def moved_document(tasks: Sequence[Task]) -> dict[str, Any]:
    """Tasks that were issued or moved."""
    return {"tasks": [task_document(t) for t in tasks]}


def tasks_document(book: CaseTasks, tasks: Sequence[Task], on: date) -> dict[str, Any]:
    """The tasks asked for, with their steps."""
    steps: dict[str, list[dict[str, Any]]] = {}
    for event in book.events:
        steps.setdefault(event.task_id, []).append(
            {"state": event.state, "on": event.on_day.isoformat(), "officers": event.officers}
        )
    return {
        "case": book.county,
        "on": on.isoformat(),
        "tasks": [
            task_document(t) | {"overdue": t.overdue(on), "steps": steps.get(t.task_id, [])}
            for t in tasks
        ],
    }


def tasks_sheets(
    book: CaseTasks, tasks: Sequence[Task], on: date, _: Translate
) -> tuple[Sheet, ...]:
    """The tasks, and their steps."""
    columns: Columns[Task] = (
        (_("Task id"), "text", lambda t: t.task_id),
        (_("Grade"), "text", lambda t: grade_text(t.grade, _)),
        (_("State"), "text", lambda t: state_text(t.state, _)),
        (_("Overdue"), "text", lambda t: _("yes") if t.overdue(on) else _("no")),
        (_("Due"), "text", lambda t: t.due.isoformat()),
        (_("Station id"), "text", lambda t: t.station_id),
        (_("Station"), "text", lambda t: t.station),
        (_("Matter"), "text", lambda t: task_text(t.kind, t.category, t.township, t.cell_id, _)),
        (_("Alerts"), "count", lambda t: t.alerts),
        (
            _("Expected alerts"),
            "number",
            lambda t: None if t.expected_alerts is None else round(t.expected_alerts, 3),
        ),
        (_("Officers who took part"), "count", lambda t: t.officers),
        (_("Last change"), "text", lambda t: t.changed_on.isoformat()),
        (_("Briefing as of"), "text", lambda t: t.as_of.isoformat()),
        (_("Trace key"), "text", lambda t: t.trace),
    )
    shown = {t.task_id for t in tasks}
    steps: Columns[Event] = (
        (_("Task id"), "text", lambda e: e.task_id),
        (_("Step"), "count", lambda e: e.step),
        (_("State"), "text", lambda e: state_text(e.state, _)),
        (_("On"), "text", lambda e: e.on_day.isoformat()),
        (_("Officers who took part"), "count", lambda e: e.officers),
    )
    return (
        replace(sheet_of("tasks", columns, tasks), title=_("Tasks")),
        replace(
            sheet_of("task_steps", steps, (e for e in book.events if e.task_id in shown)),
            title=_("Steps"),
        ),
    )


def write_tasks(
    book: CaseTasks,
    tasks: Sequence[Task],
    on: date,
    out: Path,
    _: Translate,
    language: Language,
    command: Sequence[str],
) -> tuple[str, ...]:
    """Write tasks into the folder `out`.

    Raises:
        InputError: `out` cannot be written, or holds something else.
    """
    sheets = tasks_sheets(book, tasks, on, _)
    title = f"{book.county} · {_('Tasks')} · {on.isoformat()}"
    cover = [(_("How to read it"), _("Head counts and places only, never people."))]
    with atomic_folder(out) as folder:
        write_text(folder / "tasks.json", json_text(tasks_document(book, tasks, on)))
        write_book(folder, "tasks.xlsx", title, cover, sheets, _, language)
        return write_manifest(folder, command=list(command), versions=versions())
