"""`jingli frontier`: what freeing officers costs in response minutes."""

from __future__ import annotations

import sys
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click

from optimizer.errors import InputError, Problem
from scenarios.commands.answering import answering
from scenarios.commands.common import (
    CASE,
    EXIT_NO_PLAN,
    EXIT_PLAN,
    JSON,
    LANG,
    SETS,
    STORE,
    present_store,
)
from scenarios.language import Language

if TYPE_CHECKING:
    from optimizer.frontier import Third


@click.command(
    "frontier",
    help="Every plan that no other betters in officers freed and response minutes, with today and "
    "the published plan placed on it.",
)
@CASE
@click.option("-s", "--scenario", default=None, help="Scenario; default: the case's own.")
@SETS
@click.option(
    "--against",
    "third",
    type=click.Choice(("centres", "imbalance")),
    default=None,
    help="A third aim: few centre stations, or a light heaviest bundle.",
)
@click.option("--keep-counts", is_flag=True, help="Hold the policy's counts of the whole plan too.")
@click.option(
    "--plan",
    "plans",
    multiple=True,
    metavar="RUN|FILE",
    help="A plan to place on it: run, output folder, table or plan.json; may be repeated.",
)
@click.option(
    "--map", "maps", multiple=True, type=click.IntRange(1), help="Map of this point; needs --out."
)
@click.option(
    "--time-limit",
    "time_limit_s",
    type=click.FloatRange(min=0, min_open=True),
    default=None,
    help="Seconds; what is not proven by then is told as a gap. Default: the policy's.",
)
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    default=None,
    help="Folder for table, picture and a plan file of each point.",
)
@STORE
@JSON
@LANG
def frontier_command(
    case: str,
    scenario: str | None,
    sets: tuple[str, ...],
    third: Third | None,
    keep_counts: bool,
    plans: tuple[str, ...],
    maps: tuple[int, ...],
    time_limit_s: float | None,
    out: Path | None,
    store: str | None,
    as_json: bool,
    lang: Language | None,
) -> None:
    """See the decorator."""
    with answering(lang, out, as_json=as_json) as answer:
        from scenarios.case import open_case
        from scenarios.frontier import study_frontier
        from scenarios.frontier_outputs import document, write_frontier
        from scenarios.show_frontier import show_frontier

        if out is None and maps:
            raise InputError([_needs_out()])
        study = study_frontier(
            open_case(case),
            scenario,
            sets,
            third=third,
            keep_counts=keep_counts,
            time_limit_s=time_limit_s,
            plans=plans,
            open_store=present_store(store),
            progress=answer.step,
        )
        _refuse_no_point(maps, len(study.found.points))
        if study.found.points:
            answer.write(partial(write_frontier, study, maps=maps))
        answer.say(partial(document, study, answer.translate), partial(show_frontier, study))
    sys.exit(EXIT_PLAN if study.found.points else EXIT_NO_PLAN)


def _needs_out() -> Problem:
    return Problem(
        where="--map",
        expected="a folder for the map",
        fix="add --out FOLDER",
    )


def _refuse_no_point(maps: tuple[int, ...], points: int) -> None:
    wrong = [n for n in maps if n > points]
    if wrong:
        raise InputError(
            [
                Problem(
                    where="--map",
                    value=", ".join(map(str, wrong)),
                    expected="the number of a point, 1 to {most}",
                    fix="take a number from the first column of the table",
                    params={"most": points},
                )
            ]
        )
