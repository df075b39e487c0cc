"""`jingli rollout`: in which month each bundle of a plan is switched on."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from scenarios.commands.common import (
    EXIT_NO_PLAN,
    EXIT_PLAN,
    JSON,
    LANG,
    STORE,
    Failures,
    Progress,
    asked_command,
    console,
    language_of,
    present_store,
    print_json,
    refuse_bad_folder,
    say_written,
)
from scenarios.language import Language


@click.command(
    "rollout",
    help="In which month each bundle of a plan is switched on, so that every state in between "
    "keeps the standards and officers are freed as early as can be. RUN is a run id, the beginning "
    "of one, or an output folder.",
)
@click.argument("run")
@click.option(
    "--months",
    type=click.IntRange(1, 60),
    required=True,
    help="Months until all bundles are switched on.",
)
@click.option(
    "--per-month",
    type=click.IntRange(1),
    default=None,
    metavar="N",
    help="Bundles in one month at the most; default: spread evenly.",
)
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    default=None,
    help="Folder for the table as CSV and JSON; none: print only.",
)
@STORE
@JSON
@LANG
def rollout_command(
    run: str,
    months: int,
    per_month: int | None,
    out: Path | None,
    store: str | None,
    as_json: bool,
    lang: Language | None,
) -> None:
    """See the decorator."""
    _language, _ = language_of(lang)
    with Failures(_):
        from scenarios.reopen import reopen
        from scenarios.rollout import phased, show_rollout, write_rollout

        if out is not None:
            refuse_bad_folder(out)
        with Progress(_, quiet=as_json) as progress:
            opened = reopen(run, present_store(store), progress.step)
            made = phased(opened, months=months, per_month=per_month)
        if as_json:
            print_json(made.document(_))
        else:
            show_rollout(made, console(), _)
        if out is not None and made.found.months:
            files = write_rollout(made, out, _, asked_command())
            if not as_json:
                say_written(out, files, _)
    sys.exit(EXIT_PLAN if made.found.months else EXIT_NO_PLAN)
