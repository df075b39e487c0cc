"""`jingli strength`: required officers and auxiliaries by source, hour and shift."""

from __future__ import annotations

import sys
from functools import partial
from pathlib import Path

import click

from optimizer.errors import InputError, Problem
from scenarios.commands.answering import answering
from scenarios.commands.common import (
    EXIT_NO_PLAN,
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
    "strength",
    help="Officers and auxiliaries that each unit requires, by source, hour and shift, today and "
    "in the plan, and what one more minute of standard costs. RUN is a run id, the beginning of "
    "one, an output folder, or a case with -s.",
)
@RUN_OR_CASE
@SCENARIO
@SETS
@click.option("--today", "today_only", is_flag=True, help="Today only; a case is then not solved.")
@click.option("--unit", default=None, metavar="X", help="One unit in full, by id or name.")
@click.option("--period", is_flag=True, help="On duty by the case's parts of the day.")
@click.option("--hourly", is_flag=True, help="On duty by the hour, from the alert log or rhythm.")
@click.option("--shifts", is_flag=True, help="Crews of every unit in every shift.")
@click.option("--sensitivity", is_flag=True, help="Officers under all other values.")
@click.option(
    "--mean-wait",
    type=click.FloatRange(0, min_open=True),
    help="Crews per shift: mean wait, minutes at the most.",
)
@click.option(
    "--busy",
    type=click.FloatRange(0, 1, min_open=True, max_open=True),
    help="Crews per shift: share of time a crew is busy, at the most.",
)
@click.option(
    "--response",
    type=click.FloatRange(0, min_open=True),
    help="Crews per shift: mean minutes of turn-out, wait and travel at the most.",
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
def strength_command(
    asked: str,
    scenario: str | None,
    sets: tuple[str, ...],
    today_only: bool,
    unit: str | None,
    period: bool,
    hourly: bool,
    shifts: bool,
    sensitivity: bool,
    mean_wait: float | None,
    busy: float | None,
    response: float | None,
    out: Path | None,
    store: str | None,
    as_json: bool,
    lang: Language | None,
) -> None:
    """See the decorator."""
    with answering(lang, out, as_json=as_json) as answer:
        if period and hourly:
            raise InputError(
                [
                    Problem(
                        where="jingli strength",
                        expected="one of --period and --hourly",
                        fix="leave one of them out",
                    )
                ]
            )
        from scenarios.opened import open_asked
        from scenarios.show_strength import show_strength
        from scenarios.strength import study_strength
        from scenarios.strength_outputs import strength_document, write_strength

        levels = {
            "max_mean_wait_min": mean_wait,
            "max_utilisation_fraction": busy,
            "max_mean_response_min": response,
        }
        opened = open_asked(
            asked, scenario, sets, present_store(store), answer.step, today_only=today_only
        )
        study = study_strength(opened, hourly=hourly, today_only=today_only, levels=levels)
        chosen = None if unit is None else study.unit(unit)
        answer.write(partial(write_strength, study))
        show = partial(
            show_strength,
            study,
            unit=chosen,
            periods=period or hourly,
            shifts=shifts,
            sensitivity=sensitivity,
        )
        answer.say(partial(strength_document, study, chosen), show)
    if not today_only and opened.plan is None:
        sys.exit(EXIT_NO_PLAN)
