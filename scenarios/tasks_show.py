"""Tasks on the console, at 80 columns."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from rich.console import Console

from optimizer.alert_rules_repeats import GRADES
from optimizer.errors import Translate
from scenarios.rhythm_words import GRADE_STYLES, grade_text, state_text, task_text
from scenarios.show_lines import Cell, Column, grid, say_lines
from scenarios.tasks_issue import Issue
from scenarios.tasks_open import CaseTasks
from scenarios.tasks_record import STATES, Task

TASKS_SHOWN = 40


def show_tasks(
    book: CaseTasks, tasks: Sequence[Task], on: date, console: Console, _: Translate
) -> None:
    """Print tasks: late ones first, then by grade and day.

    Args:
        book: All tasks of the county.
        tasks: Those asked for.
        on: The day on which they are late or not.
        console: Where.
        _: Translation.
    """
    say_lines(f"{book.county} · {_('Tasks')} · {on.isoformat()}", console, "bold")
    if not book.tasks:
        say_lines(
            _("No task has been issued yet; `jingli tasks CASE issue` issues what a briefing "
              "proposes."),
            console,
        )  # fmt: skip
        return
    counts = [f"{state_text(s, _)} {sum(t.state == s for t in book.tasks)}" for s in STATES]
    late = sum(t.overdue(on) for t in book.tasks)
    say_lines(
        _("{n} tasks: {states}; overdue {late}.").format(
            n=len(book.tasks), states=_("; ").join(counts), late=late
        ),
        console,
    )
    order = sorted(
        tasks, key=lambda t: (not t.overdue(on), GRADES.index(t.grade), t.due, t.task_id)
    )
    _table(order, on, console, _)
    if len(tasks) > TASKS_SHOWN:
        text = _("… and {n} more; --out and --json name them all")
        say_lines(text.format(n=len(tasks) - TASKS_SHOWN), console)


def show_issued(issue: Issue, console: Console, _: Translate) -> None:
    """Print what was issued."""
    text = _("{county}, briefing as of {day}: {n} tasks issued, {m} have an open task already.")
    said = text.format(
        county=issue.county,
        day=issue.as_of.isoformat(),
        n=len(issue.tasks),
        m=len(issue.present),
    )
    say_lines(said, console, "bold")
    _table(issue.tasks, issue.as_of, console, _)


def show_moved(tasks: Sequence[Task], console: Console, _: Translate) -> None:
    """Print tasks after a step."""
    for task in tasks:
        said = _("{task}: {state} on {day}").format(
            task=task.task_id, state=state_text(task.state, _), day=task.changed_on.isoformat()
        )
        if task.officers is not None:
            said += _(", {n} officers took part").format(n=task.officers)
        say_lines(said, console)


def _table(tasks: Sequence[Task], on: date, console: Console, _: Translate) -> None:
    if not tasks:
        return
    console.print()
    columns = [
        Column(header=_("Task id")),
        Column(header=_("Grade")),
        Column(header=_("State")),
        Column(header=_("Due")),
        Column(header=_("Station"), gives_way=True),
        Column(header=_("Matter"), gives_way=True),
        Column(header=_("Alerts"), figures=True),
    ]
    rows: list[tuple[Cell, ...]] = [
        (
            t.task_id,
            (grade_text(t.grade, _), GRADE_STYLES[t.grade]),
            state_text(t.state, _),
            (t.due.isoformat(), "red" if t.overdue(on) else ""),
            t.station,
            task_text(t.kind, t.category, t.township, t.cell_id, _),
            f"{t.alerts:,}",
        )
        for t in tasks[:TASKS_SHOWN]
    ]
    for line in grid(columns, rows, console.width):
        console.print(line)
