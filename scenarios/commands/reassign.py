"""`jingli reassign`: who goes where, by head count, and what each further move buys."""

from __future__ import annotations

import sys
from functools import partial
from pathlib import Path

import click

from optimizer.errors import InputError, Problem
from scenarios.commands.answering import answering
from scenarios.commands.common import (
    EXIT_NO_PLAN,
    EXIT_PLAN,
    JSON,
    LANG,
    RUN_OR_CASE,
    SCENARIO,
    SETS,
    STORE,
    present_store,
)
from scenarios.language import Language


@click.command(
    "reassign",
    help="Who goes where so that strength follows the workload, by head count: the free optimum "
    "beside the scenario's own plan, and what each further move buys. RUN is a run id, the "
    "beginning of one, an output folder, or a case with -s.",
)
@RUN_OR_CASE
@SCENARIO
@SETS
@click.option(
    "--today",
    "today_only",
    is_flag=True,
    help="Between today's units, without bundles; a case is then not solved.",
)
@click.option(
    "--recruits",
    type=click.IntRange(0, 10_000),
    default=0,
    metavar="N",
    help="Where N more recruits would serve, in order.",
)
@click.option(
    "--months",
    type=click.IntRange(1, 60),
    default=None,
    help="Spread the moves over so many months, after their bundles.",
)
@click.option(
    "--per-month",
    type=click.IntRange(1),
    default=None,
    metavar="N",
    help="Officers moved in one month at the most; default: evenly.",
)
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    default=None,
    help="Folder for tables, workbook, JSON and charts; none: print only.",
)
@STORE
@JSON
@LANG
def reassign_command(
    asked: str,
    scenario: str | None,
    sets: tuple[str, ...],
    today_only: bool,
    recruits: int,
    months: int | None,
    per_month: int | None,
    out: Path | None,
    store: str | None,
    as_json: bool,
    lang: Language | None,
) -> None:
    """See the decorator."""
    with answering(lang, out, as_json=as_json) as answer:
        if per_month is not None and months is None:
            raise InputError(
                [
                    Problem(
                        where="--per-month",
                        expected="a number of months beside it",
                        fix="add --months N",
                    )
                ]
            )
        from scenarios.opened import open_asked
        from scenarios.reassign import study_reassign
        from scenarios.reassign_outputs import reassign_document, write_reassign
        from scenarios.show_reassign import show_reassign

        opened = open_asked(
            asked, scenario, sets, present_store(store), answer.step, today_only=today_only
        )
        if opened.plan is None and not today_only:
            raise InputError([_no_plan(asked, opened.scenario)])
        answer.step("staffing")
        study = study_reassign(
            opened,
            today_only=today_only,
            recruits=recruits,
            months=months,
            per_month=per_month,
        )
        if study.then is not None:
            answer.write(partial(write_reassign, study))
        answer.say(partial(reassign_document, study), partial(show_reassign, study))
    sys.exit(EXIT_PLAN if study.then is not None else EXIT_NO_PLAN)


def _no_plan(asked: str, scenario: str | None) -> Problem:
    return Problem(
        where=asked,
        value=scenario,
        expected="a scenario that has a plan",
        fix="`jingli run` says which rules clash; --today leaves the plan out",
    )
