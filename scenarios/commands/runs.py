"""`jingli runs`: the run store: list, open, delete, export, import."""

from __future__ import annotations

import sys
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from optimizer.errors import InputError, Problem, Translate
from scenarios.commands.common import (
    EXIT_BAD_INPUT,
    JSON,
    LANG,
    STORE,
    Failures,
    console,
    language_of,
    opened_store,
    stop,
)
from scenarios.language import Language

if TYPE_CHECKING:
    from scenarios.store import Store

STATUSES = ("OPTIMAL", "FEASIBLE", "INFEASIBLE", "UNKNOWN")


@click.command("runs", help="The runs that were kept: list, open, delete, export, import.")
@click.option("--case", default=None, help="Only runs of this county, or of this case as typed.")
@click.option("-s", "--scenario", default=None, help="Only runs of this scenario.")
@click.option("--status", type=click.Choice(STATUSES), default=None, help="Only with this status.")
@click.option("--since", default=None, metavar="DATE", help="Only from this day on: 2026-11-21.")
@click.option("--limit", type=click.IntRange(min=1), default=20, help="At most so many; 20.")
@click.option("--open", "opened", default=None, metavar="RUN", help="Show one run in full.")
@click.option("--delete", "deleted", multiple=True, metavar="RUN", help="Delete; may be repeated.")
@click.option("--yes", is_flag=True, help="Do not ask before deleting.")
@click.option("--export", "exported", metavar="FILE", help="Write the runs to a file.")
@click.option("--import", "imported", metavar="FILE", help="Add the runs of an exported file.")
@STORE
@JSON
@LANG
def runs_command(
    case: str | None,
    scenario: str | None,
    status: str | None,
    since: str | None,
    limit: int,
    opened: str | None,
    deleted: tuple[str, ...],
    yes: bool,
    exported: str | None,
    imported: str | None,
    store: str | None,
    as_json: bool,
    lang: Language | None,
) -> None:
    """See the decorator."""
    _language, _ = language_of(lang)
    with Failures(_):
        asked = [o for o in (opened, deleted or None, exported, imported) if o is not None]
        if len(asked) > 1:
            raise InputError(
                [
                    Problem(
                        where="jingli runs",
                        expected="one of --open, --delete, --export and --import at a time",
                        fix="run the command once for each",
                    )
                ]
            )
        first_day = _day(since)
        with opened_store(store, make=imported is not None) as runs:
            if runs is None:
                _without_store(opened, deleted, exported, as_json, _)
                return
            if opened is not None:
                _open(runs, opened, as_json, _)
            elif deleted:
                _delete(runs, deleted, yes, _)
            elif imported is not None:
                done = runs.import_(Path(imported))
                click.echo(
                    _("{n} runs added, {m} were there already.").format(
                        n=len(done.added), m=len(done.present)
                    )
                )
            else:
                from optimizer.result import Status

                found = runs.list(
                    case=case,
                    scenario=scenario,
                    status=None if status is None else Status(status),
                    since=first_day,
                    limit=limit if exported is None else None,
                )
                if exported is not None:
                    n = runs.export(Path(exported), [r.run_id for r in found])
                    click.echo(_("{n} runs written to {file}.").format(n=n, file=exported))
                else:
                    from scenarios.show_runs import runs_json, show_runs

                    if as_json:
                        click.echo(runs_json(found), nl=False)
                    else:
                        show_runs(found, runs.location, console(), _, limit)


def _without_store(
    opened: str | None,
    deleted: tuple[str, ...],
    exported: str | None,
    as_json: bool,
    _: Translate,
) -> None:
    """Nothing was kept yet: an empty list is right, an id cannot be."""
    if opened or deleted or exported:
        stop(_("No run has been kept yet: there is no run store."), EXIT_BAD_INPUT)
    click.echo("[]" if as_json else _("No run has been kept yet: there is no run store."))


def _open(runs: Store, run_id: str, as_json: bool, _: Translate) -> None:
    stored = runs.get(run_id)
    from scenarios.show_runs import run_json, show_stored

    if as_json:
        click.echo(run_json(stored), nl=False)
    else:
        show_stored(stored, console(), _)


def _delete(runs: Store, deleted: tuple[str, ...], yes: bool, _: Translate) -> None:
    # Whole ids first, so that nobody confirms a beginning.
    whole = sorted({runs.get(one).run_id for one in deleted})
    question = _("Delete {ids}?").format(ids=", ".join(whole))
    if not yes and not (sys.stdin.isatty() and click.confirm(question)):
        stop(_("Nothing deleted; --yes deletes without asking."), EXIT_BAD_INPUT)
    gone = runs.delete(whole)
    click.echo(_("Deleted: {ids}").format(ids=", ".join(gone)))


def _day(text: str | None) -> datetime | None:
    """Start of a day, in the planner's own time zone."""
    if text is None:
        return None
    try:
        return datetime.fromisoformat(text).astimezone()
    except ValueError as error:
        raise InputError(
            [
                Problem(
                    where="--since",
                    value=text,
                    expected="a day such as 2026-11-21",
                    fix="write year, month and day with hyphens",
                )
            ]
        ) from error
