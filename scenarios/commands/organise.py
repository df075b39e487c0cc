"""`jingli organise`: two teams, one room, inside a station or centre."""

from __future__ import annotations

import sys
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
    "organise",
    help="Two teams, one room: case team, community team and command room of every station and "
    "centre by their work, community areas, and nights before and after. RUN is a run id, the "
    "beginning of one, an output folder, or a case with -s.",
)
@RUN_OR_CASE
@SCENARIO
@SETS
@click.option("--today", "today_only", is_flag=True, help="Today's stations, not the plan's.")
@click.option("--unit", default=None, metavar="X", help="One unit in full, by id or name.")
@click.option(
    "--beats",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    default=None,
    help="Table of cell_id and beat: drawn beats are the community areas.",
)
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    default=None,
    help="Folder for tables, workbook, JSON and a chart; none: print only.",
)
@STORE
@JSON
@LANG
def organise_command(
    asked: str,
    scenario: str | None,
    sets: tuple[str, ...],
    today_only: bool,
    unit: str | None,
    beats: Path | None,
    out: Path | None,
    store: str | None,
    as_json: bool,
    lang: Language | None,
) -> None:
    """See the decorator."""
    with answering(lang, out, as_json=as_json) as answer:
        from scenarios.opened import open_asked
        from scenarios.organise import study_organisation
        from scenarios.organise_outputs import organisation_document, write_organisation
        from scenarios.show_organise import show_organisation

        _ = answer.translate
        opened = open_asked(
            asked, scenario, sets, present_store(store), answer.step, today_only=today_only
        )
        if opened.plan is None and not today_only:
            stop(_("There is no plan; --today organises today's stations."), EXIT_NO_PLAN)
        study = study_organisation(opened, unit=unit, today_only=today_only, beats=beats)
        answer.write(partial(write_organisation, study))
        answer.say(partial(organisation_document, study), partial(show_organisation, study))
    sys.exit(0)
