"""`jingli visibility`: presence at the county's key areas by night, today and under a plan."""

from __future__ import annotations

from functools import partial
from pathlib import Path

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


@click.command(
    "visibility",
    help="Visibility: how much of the presence wanted at key areas by night today's stations give, "
    "and how much the centres of a plan; each unit patrols its own ground with the crews that its "
    "officers can man, and answers its alerts. RUN is a run id, the beginning of one, an output "
    "folder, or a case with -s.",
)
@RUN_OR_CASE
@SCENARIO
@SETS
@click.option(
    "--night",
    default=None,
    metavar="FROM-TO",
    help="By the clock, such as 20:00-04:00; none: alert_rules.visibility.night.",
)
@click.option(
    "--key-areas",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    default=None,
    help="Table as for jingli patrols, such as key_areas.csv of jingli hotspots; none: the layer "
    "key_areas of the case, else the busiest cells by night and every seat.",
)
@click.option("--crs", default="WGS84", help="Datum of points: WGS84, GCJ02, BD09 … (WGS84).")
@click.option(
    "--vehicles",
    type=click.IntRange(1, 10),
    default=None,
    help="Of every unit, today and under the plan; none: the crews its officers can man.",
)
@click.option("--seed", type=click.IntRange(0), default=0, show_default=True, help="Of the search.")
@click.option(
    "--out",
    type=click.Path(path_type=Path, file_okay=False),
    default=None,
    help="Folder for tables, workbook, JSON, map and GIS layer; none: print only.",
)
@STORE
@JSON
@LANG
def visibility_command(
    asked: str,
    scenario: str | None,
    sets: tuple[str, ...],
    night: str | None,
    key_areas: Path | None,
    crs: str,
    vehicles: int | None,
    seed: int,
    out: Path | None,
    store: str | None,
    as_json: bool,
    lang: Language | None,
) -> None:
    """See the decorator."""
    with answering(lang, out, as_json=as_json) as answer:
        from scenarios.opened import open_asked
        from scenarios.show_visibility import show_visibility
        from scenarios.visibility import VisibilityWishes, study_visibility
        from scenarios.visibility_outputs import visibility_document, write_visibility

        _ = answer.translate
        opened = open_asked(asked, scenario, sets, present_store(store), answer.step)
        if opened.plan is None:
            stop(_("There is no plan, so there are no centres to patrol from."), EXIT_NO_PLAN)
        answer.step("patrols")
        wishes = VisibilityWishes(
            night=night, key_areas=key_areas, crs=crs, vehicles=vehicles, seed=seed
        )
        found = study_visibility(opened, wishes, _)
        answer.write(partial(write_visibility, found))
        answer.say(partial(visibility_document, found), partial(show_visibility, found))
