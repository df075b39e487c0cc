"""`jingli balance`: where alerts are against where officers are, and the mismatch by month."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import click

from scenarios.commands.answering import answering
from scenarios.commands.common import (
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
    "balance",
    help="Where alerts are against where officers are, unit by unit, with the mismatch index "
    "month by month over the log; of a run, today and the plan. CASE is today only.",
)
@RUN_OR_CASE
@SCENARIO
@SETS
@click.option(
    "--out",
    type=click.Path(path_type=Path, file_okay=False),
    default=None,
    help="Folder for tables, workbook, JSON, maps and chart; none: print only.",
)
@STORE
@JSON
@LANG
def balance_command(
    asked: str,
    scenario: str | None,
    sets: tuple[str, ...],
    out: Path | None,
    store: str | None,
    as_json: bool,
    lang: Language | None,
) -> None:
    """See the decorator."""
    with answering(lang, out, as_json=as_json) as answer:
        from scenarios.balance import study_balance
        from scenarios.balance_outputs import balance_document, write_balance
        from scenarios.balance_show import show_balance
        from scenarios.opened import open_asked

        opened = open_asked(
            asked, scenario, sets, present_store(store), answer.step, today_only=True
        )
        study = study_balance(opened, answer.step)
        answer.write(partial(write_balance, study))
        answer.say(partial(balance_document, study), partial(show_balance, study))
