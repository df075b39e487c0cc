"""`jingli beats`: who looks after which ground, inside a station or a whole town."""

from __future__ import annotations

import sys
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click

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
    stop,
)
from scenarios.language import Language

if TYPE_CHECKING:
    from optimizer.beat_plan import GridRule
    from optimizer.policy_beats import BeatBalance, BeatObjective

_FILE = click.Path(path_type=Path, exists=True, dir_okay=False)


@click.command(
    "beats",
    help="Contiguous beats of even work, near to their seats, with a proven bound; or beats drawn "
    "before, with moves by hand scored at once. RUN is a run id, the beginning of one, an output "
    "folder, or a case with -s. Exit code 1: no beats, or they break a rule.",
)
@RUN_OR_CASE
@SCENARIO
@SETS
@click.option("--station", default=None, metavar="S", help="Station or centre; none: all cells.")
@click.option("--alone", is_flag=True, help="The station as it is today, not the plan's unit.")
@click.option(
    "--k",
    "beats",
    default=None,
    metavar="N|N-N",
    help="Number of beats, or a range to choose from, such as 6-10; default: as "
    "policy.organisation has areas for the residents.",
)
@click.option(
    "--within",
    "within_min",
    type=click.FloatRange(min=0, min_open=True),
    default=None,
    metavar="MIN",
    help="Of a range: the least number whose farthest cell with alerts is within MIN of its seat; "
    "else the first after which one more saves too little (policy.beats).",
)
@click.option(
    "--tolerance",
    type=click.FloatRange(0, 10),
    default=None,
    help="Work of a beat within this share of the average; the policy's.",
)
@click.option(
    "--balance",
    type=click.Choice(["alerts", "minutes", "residents"]),
    default=None,
    help="What is shared out evenly; minutes are those on scene; the policy's.",
)
@click.option(
    "--objective",
    type=click.Choice(["minutes", "inertia", "border"]),
    default=None,
    help="What is made small: alerts x minutes, the moment of inertia, or the length of the "
    "borders between beats; the policy's.",
)
@click.option(
    "--barriers/--no-barriers", default=True, help="Beats do not cross barriers of the case."
)
@click.option(
    "--today",
    default=None,
    metavar="FILE|stations",
    help="Today's beats: a table of cell_id and beat; or today's stations.",
)
@click.option(
    "--max-changes",
    type=click.IntRange(0),
    default=None,
    metavar="N",
    help="Cells that may change their beat of today.",
)
@click.option(
    "--cells",
    type=_FILE,
    default=None,
    help="Table of cell_id and village, grid or may_seat: what stays whole, where seats may be.",
)
@click.option(
    "--grid-rule",
    type=click.Choice(["none", "whole", "within", "equal"]),
    default="none",
    show_default=True,
    help="Beats of whole civil grids, within one grid, or equal to them.",
)
@click.option("--seat", "seats", multiple=True, metavar="CELL", help="A seat in any case.")
@click.option(
    "--join",
    "joins",
    multiple=True,
    metavar="CELL=CELL",
    help="Cells that touch all the same, such as by a ferry; may be repeated.",
)
@click.option(
    "--drawn",
    type=_FILE,
    default=None,
    help="Beats to score instead of a search: beats.csv of --out, changed or not.",
)
@click.option(
    "--move",
    "moves",
    multiple=True,
    metavar="CELL=BEAT",
    help="Move a cell by hand and score it at once; may be repeated.",
)
@click.option(
    "--ensemble",
    "random_plans",
    type=click.IntRange(20, 100_000),
    default=None,
    metavar="N",
    help="Compare with N random plans that keep every rule: was this one drawn to suit?",
)
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    default=None,
    help="Folder for tables, workbook, JSON, GIS layers and a map; none: print only.",
)
@STORE
@JSON
@LANG
def beats_command(
    asked: str,
    scenario: str | None,
    sets: tuple[str, ...],
    station: str | None,
    alone: bool,
    beats: str | None,
    within_min: float | None,
    tolerance: float | None,
    balance: BeatBalance | None,
    objective: BeatObjective | None,
    barriers: bool,
    today: str | None,
    max_changes: int | None,
    cells: Path | None,
    grid_rule: GridRule,
    seats: tuple[str, ...],
    joins: tuple[str, ...],
    drawn: Path | None,
    moves: tuple[str, ...],
    random_plans: int | None,
    out: Path | None,
    store: str | None,
    as_json: bool,
    lang: Language | None,
) -> None:
    """See the decorator."""
    with answering(lang, out, as_json=as_json) as answer:
        from scenarios.beats import study_beats
        from scenarios.beats_outputs import beats_document, write_beats
        from scenarios.beats_task import STATIONS, BeatWishes
        from scenarios.opened import open_asked
        from scenarios.show_beats import show_beats

        _ = answer.translate
        wishes = BeatWishes(
            station=station,
            alone=alone,
            beats=beats,
            within_min=within_min,
            tolerance_fraction=tolerance,
            balance=balance,
            objective=objective,
            barriers=barriers,
            today=None if today is None else STATIONS if today == STATIONS else Path(today),
            max_changes=max_changes,
            cells=cells,
            grid_rule=grid_rule,
            seats=seats,
            joins=joins,
            moves=moves,
            drawn=drawn,
            random_plans=random_plans or 0,
        )

        def begun(number: int | None) -> None:
            answer.step(_("random plans") if number is None else _("{n} beats").format(n=number))

        unsolved = station is None or alone
        opened = open_asked(
            asked, scenario, sets, present_store(store), answer.step, today_only=unsolved
        )
        if opened.plan is None and not unsolved:
            stop(_("There is no plan; --alone takes the station as it is today."), EXIT_NO_PLAN)
        study = study_beats(opened, wishes, begun)
        if study.shown is not None:
            answer.write(partial(write_beats, study))
        answer.say(partial(beats_document, study), partial(show_beats, study))
    sys.exit(0 if study.shown is not None and not study.shown.broken else EXIT_NO_PLAN)
