"""`jingli tasks`: tasks of stations, from issue to check (派发、反馈、督查)."""

from __future__ import annotations

from datetime import UTC, date, datetime
from functools import partial
from pathlib import Path

import click

from optimizer.errors import InputError, Problem
from scenarios.commands.common import (
    CASE,
    JSON,
    LANG,
    STORE,
    Failures,
    Progress,
    asked_command,
    console,
    language_of,
    opened_store,
    present_store,
    print_json,
    refuse_bad_folder,
    say_found,
)
from scenarios.language import Language

_ACTIONS = ("list", "issue", "done", "check", "reopen")
_GRADES = ("red", "yellow", "blue")
_STATES = ("issued", "done", "checked", "reopened")


@click.command(
    "tasks",
    help="Tasks of stations, kept in the run store: list them, issue what a briefing proposes, "
    "report them done, check them, reopen them. IDS are ids of tasks or their last five digits. "
    "Head counts and places only, never people.",
)
@CASE
@click.argument("action", type=click.Choice(_ACTIONS))
@click.argument("ids", nargs=-1)
@click.option("--day", "day", is_flag=True, help="Issue what the briefing of a day proposes.")
@click.option("--week", "week", is_flag=True, help="Likewise of seven days; the default.")
@click.option("--month", "month", is_flag=True, help="Likewise of the calendar month.")
@click.option(
    "--as-of",
    default=None,
    metavar="DATE",
    help="Last day of the briefing: 2026-11-21; default: the last full day of the log.",
)
@click.option("--grade", "grades", multiple=True, type=click.Choice(_GRADES), help="This grade.")
@click.option("--state", "states", multiple=True, type=click.Choice(_STATES), help="In this state.")
@click.option("--station", default=None, metavar="X", help="Of this station.")
@click.option("--overdue", is_flag=True, help="Only tasks that are late.")
@click.option("--on", default=None, metavar="DATE", help="Day of the step; default: today.")
@click.option(
    "--officers",
    type=click.IntRange(0, 10_000),
    default=None,
    metavar="N",
    help="With done: how many took part, a head count.",
)
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    default=None,
    help="With list: folder for tables, workbook and JSON.",
)
@STORE
@JSON
@LANG
def tasks_command(
    case: str,
    action: str,
    ids: tuple[str, ...],
    day: bool,
    week: bool,
    month: bool,
    as_of: str | None,
    grades: tuple[str, ...],
    states: tuple[str, ...],
    station: str | None,
    overdue: bool,
    on: str | None,
    officers: int | None,
    out: Path | None,
    store: str | None,
    as_json: bool,
    lang: Language | None,
) -> None:
    """See the decorator."""
    language, _ = language_of(lang)
    with Failures(_):
        problems = _refusals(action, ids, (day, week, month), as_of, officers, out)
        if problems:
            raise InputError(problems)
        if out is not None:
            refuse_bad_folder(out)
        from optimizer.alert_rules_rhythm import Period
        from scenarios.rhythm_open import day_of
        from scenarios.tasks_outputs import moved_document, tasks_document, write_tasks
        from scenarios.tasks_show import show_issued, show_moved, show_tasks

        today = day_of(on, "--on") or date.today()
        last = day_of(as_of)
        if action == "issue":
            from scenarios.tasks_issue import issue_tasks

            period: Period = "day" if day else "month" if month else "week"
            with Progress(_, quiet=as_json) as progress:
                issue = issue_tasks(
                    case,
                    period,
                    last,
                    grades,
                    station,
                    partial(opened_store, store),
                    datetime.combine(today, datetime.now(UTC).time(), tzinfo=UTC),
                    progress.step,
                )
            if as_json:
                print_json(moved_document(issue.tasks) | {"present": list(issue.present)})
            else:
                show_issued(issue, console(), _)
            return
        from scenarios.tasks_open import case_tasks, move_tasks

        if action != "list":
            moved = move_tasks(case, ids, action, today, officers, partial(opened_store, store))
            if as_json:
                print_json(moved_document(moved))
            else:
                show_moved(moved, console(), _)
            return
        book = case_tasks(case, present_store(store))
        chosen = book.chosen(grades, states, station, today if overdue else None)
        written: tuple[str, ...] = ()
        if out is not None:
            written = write_tasks(book, chosen, today, out, _, language, asked_command())
        say_found(
            partial(tasks_document, book, chosen, today),
            partial(show_tasks, book, chosen, today),
            _,
            as_json=as_json,
            out=out,
            written=written,
        )


def _refusals(
    action: str,
    ids: tuple[str, ...],
    periods: tuple[bool, bool, bool],
    as_of: str | None,
    officers: int | None,
    out: Path | None,
) -> list[Problem]:
    """Options and arguments that do not go with an action."""
    found = []
    moving = action in ("done", "check", "reopen")
    if moving and not ids:
        found.append(_wrong("IDS", None, "ids of the tasks", "`jingli tasks CASE list` lists them"))
    if ids and not moving:
        found.append(_wrong("IDS", ids[0], "no ids with {action}", "leave them out", action))
    if sum(periods) > 1:
        found.append(
            _wrong("jingli tasks", None, "one of --day, --week and --month", "leave the others out")
        )
    for name, given, only in (
        ("--day, --week, --month", any(periods), "issue"),
        ("--as-of", as_of is not None, "issue"),
        ("--officers", officers is not None, "done"),
        ("--out", out is not None, "list"),
    ):
        if given and action != only:
            found.append(_wrong(name, None, "the action {action} with it", "leave it out", only))
    return found


def _wrong(
    where: str, value: str | None, expected: str, fix: str, action: str | None = None
) -> Problem:
    return Problem(
        where=where,
        value=value,
        expected=expected,
        fix=fix,
        params={} if action is None else {"action": action},
    )
