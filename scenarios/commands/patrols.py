"""`jingli patrols`: must-patrol lines of a centre station for one shift."""

from __future__ import annotations

import sys
from functools import partial
from pathlib import Path

import click

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
    stop,
)
from scenarios.language import Language


@click.command(
    "patrols",
    help="Patrol lines of a centre for one shift: which key area when, by which vehicle, on real "
    "roads, with the time that alerts take and a proven bound; variants so that nobody can "
    "predict them. RUN is a run id, the beginning of one, an output folder, or a case with -s. "
    "Exit code 1: a visit is missed.",
)
@RUN_OR_CASE
@SCENARIO
@SETS
@click.option("--centre", required=True, metavar="NAME", help="Centre, or a station of it.")
@click.option(
    "--vehicles", type=click.IntRange(1, 10), default=1, show_default=True, help="On patrol."
)
@click.option("--shift", default="20:00-04:00", show_default=True, help="From and to by the clock.")
@click.option(
    "--key-areas",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    default=None,
    help="Table of key_area_id, name, lon, lat, minutes, and visits, window, minutes_today, for "
    "the whole county or part of it; none: the layer key_areas of the case, else police offices "
    "and the cells with most alerts.",
)
@click.option("--crs", default="WGS84", help="Datum of points: WGS84, GCJ02, BD09 … (WGS84).")
@click.option(
    "--reserve",
    type=click.FloatRange(0),
    default=None,
    metavar="MIN",
    help="Minutes of each vehicle that go to alerts; none: expected from the unit's alerts.",
)
@click.option(
    "--variants",
    type=click.IntRange(1, 31),
    default=1,
    show_default=True,
    help="Plans of equal quality, the best included.",
)
@click.option(
    "--within",
    type=click.FloatRange(0, 1),
    default=0.1,
    show_default=True,
    help="Share of driving that a variant may add.",
)
@click.option(
    "--seed", type=click.IntRange(0), default=0, show_default=True, help="Of the variants."
)
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    default=None,
    help="Folder for tables, JSON, GPX tracks and a map; none: print only.",
)
@STORE
@JSON
@LANG
def patrols_command(
    asked: str,
    scenario: str | None,
    sets: tuple[str, ...],
    centre: str,
    vehicles: int,
    shift: str,
    key_areas: Path | None,
    crs: str,
    reserve: float | None,
    variants: int,
    within: float,
    seed: int,
    out: Path | None,
    store: str | None,
    as_json: bool,
    lang: Language | None,
) -> None:
    """See the decorator."""
    with answering(lang, out, as_json=as_json) as answer:
        from scenarios.opened import open_asked
        from scenarios.patrols import study_patrols
        from scenarios.patrols_outputs import patrols_document, write_patrols
        from scenarios.patrols_task import PatrolWishes
        from scenarios.show_patrols import show_patrols

        _ = answer.translate
        wishes = PatrolWishes(
            centre=centre,
            vehicles=vehicles,
            shift=shift,
            key_areas=key_areas,
            crs=crs,
            reserve_min=reserve,
            variants=variants,
            within_fraction=within,
            seed=seed,
        )
        opened = open_asked(asked, scenario, sets, present_store(store), answer.step)
        if opened.plan is None:
            stop(_("There is no plan, so there are no centres to patrol from."), EXIT_NO_PLAN)
        answer.step("patrols")
        study = study_patrols(opened, wishes, _)
        answer.write(partial(write_patrols, study))
        answer.say(partial(patrols_document, study), partial(show_patrols, study))
    sys.exit(EXIT_NO_PLAN if study.judged.missed else EXIT_PLAN)
