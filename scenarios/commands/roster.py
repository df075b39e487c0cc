"""`jingli roster`: who is on duty when, for one unit, by anonymous slots."""

from __future__ import annotations

import sys
from datetime import date, datetime, timedelta
from pathlib import Path

import click

from optimizer.roster_patterns import PATTERNS
from scenarios.commands.common import (
    EXIT_NO_PLAN,
    EXIT_PLAN,
    JSON,
    LANG,
    RUN_OR_CASE,
    SCENARIO,
    SETS,
    STORE,
    Failures,
    Progress,
    console,
    language_of,
    present_store,
    print_json,
    say,
)
from scenarios.language import Language

_FILE = click.Path(path_type=Path, exists=True, dir_okay=False)


@click.command(
    "roster",
    help="A roster of one unit for 1 to 12 weeks, by anonymous slots: shortage by hour first, then "
    "fair nights and weekends, with proof or gap. RUN is a run id, an output folder, or a case. "
    "Exit code 1: some hour is short.",
)
@RUN_OR_CASE
@click.option(
    "--unit", required=True, metavar="X", help="Centre, lone station or unit; id or name."
)
@SCENARIO
@SETS
@click.option("--today", is_flag=True, help="The present deployment, not the plan.")
@click.option("--weeks", type=click.IntRange(1, 12), default=4, help="Weeks; 4.")
@click.option(
    "--start",
    type=click.DateTime(["%Y-%m-%d"]),
    default=None,
    help="First date; the next Monday.",
)
@click.option("--pattern", type=click.Choice(PATTERNS), help="Shift pattern; the policy's.")
@click.option("--officers", type=click.IntRange(0), help="Slots; the unit's strength in the plan.")
@click.option("--auxiliaries", type=click.IntRange(0), default=0, help="Slots of auxiliaries.")
@click.option("--demand", type=_FILE, help="Heads by weekday and hour (CSV, XLSX).")
@click.option("--leave", type=_FILE, help="Leave, training, free days, fixed shifts by slot.")
@click.option(
    "--effort",
    type=click.FloatRange(0, min_open=True),
    help="Deterministic seconds of search for each stage.",
)
@click.option("--out", type=click.Path(path_type=Path), default=None, help="FILE.xlsx or FILE.csv.")
@STORE
@JSON
@LANG
def roster_command(
    asked: str,
    unit: str,
    scenario: str | None,
    sets: tuple[str, ...],
    today: bool,
    weeks: int,
    start: datetime | None,
    pattern: str | None,
    officers: int | None,
    auxiliaries: int,
    demand: Path | None,
    leave: Path | None,
    effort: float | None,
    out: Path | None,
    store: str | None,
    as_json: bool,
    lang: Language | None,
) -> None:
    """See the decorator."""
    language, _ = language_of(lang)
    with Failures(_):
        from scenarios.opened import open_asked
        from scenarios.roster import Wishes, study_roster
        from scenarios.roster_outputs import refuse_bad_file, roster_document, write_roster

        if out is not None:
            refuse_bad_file(out)
        wishes = Wishes(
            unit=unit,
            weeks=weeks,
            start=_next_monday(date.today()) if start is None else start.date(),
            officers=officers,
            auxiliaries=auxiliaries,
            demand=demand,
            leave=leave,
            changes={"pattern": pattern, "effort": effort},
            today=today,
        )
        with Progress(_, quiet=as_json) as progress:
            opened = open_asked(asked, scenario, sets, present_store(store), progress.step)
            progress.step("roster")
            study = study_roster(opened, wishes)
            if out is not None:
                progress.step("writing")
                write_roster(study, out, _, language)
        if as_json:
            print_json(roster_document(study))
        else:
            from scenarios.show_roster import show_roster

            show_roster(study, console(), _)
            if out is not None:
                say(_("Written to {file}").format(file=out))
    sys.exit(EXIT_NO_PLAN if study.score.short else EXIT_PLAN)


def _next_monday(day: date) -> date:
    return day + timedelta(days=7 - day.weekday())
