"""`jingli siting`: where one more police office or standby point helps most."""

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
    "siting",
    help="Where one more police office, or a standby point, helps most beside those there are: the "
    "best 1 to N sites with what each gains, and a proof. A case is answered by today's stations, "
    "a run by its centres.",
)
@RUN_OR_CASE
@SCENARIO
@SETS
@click.option("--standby", type=click.IntRange(1, 50), default=None, help="Up to N standby points.")
@click.option(
    "--police-offices", type=click.IntRange(1, 50), default=None, help="Up to N police offices."
)
@click.option(
    "--objective",
    type=click.Choice(["mean", "farthest", "covered"]),
    default="mean",
    help="Least mean minutes, least for the farthest cell, or most within the standard; mean.",
)
@click.option(
    "--within",
    "within_min",
    type=click.FloatRange(min=0, min_open=True),
    default=None,
    metavar="MIN",
    help="Standard in minutes for all cells; the policy's.",
)
@click.option("--night", is_flag=True, help="Alerts of 22:00 to 06:00 only.")
@click.option(
    "--hours", default=None, metavar="FROM-TO", help="Hours of the day, such as 20-02; all."
)
@click.option(
    "--candidates",
    type=click.Path(path_type=Path, exists=True),
    default=None,
    help="Table or points: site_id, name, lon, lat, max_officers, takes_at_most; every cell.",
)
@click.option("--crs", default="WGS84", help="Datum of --candidates; WGS84.")
@click.option(
    "--officers", type=click.IntRange(min=0), default=0, help="Heads a site must have room for; 0."
)
@click.option(
    "--limit",
    type=click.FloatRange(min=0, min_open=True),
    default=None,
    metavar="N",
    help="Alerts a year (police offices: residents) that a site takes over at the most; no limit.",
)
@click.option("--decided", multiple=True, help="Candidate that comes anyway; may be repeated.")
@click.option(
    "--out",
    type=click.Path(path_type=Path, file_okay=False),
    default=None,
    help="Folder for tables, workbook, JSON, map and GIS layer; none: print only.",
)
@STORE
@JSON
@LANG
def siting_command(
    asked: str,
    scenario: str | None,
    sets: tuple[str, ...],
    standby: int | None,
    police_offices: int | None,
    objective: str,
    within_min: float | None,
    night: bool,
    hours: str | None,
    candidates: Path | None,
    crs: str,
    officers: int,
    limit: float | None,
    decided: tuple[str, ...],
    out: Path | None,
    store: str | None,
    as_json: bool,
    lang: Language | None,
) -> None:
    """See the decorator."""
    with answering(lang, out, as_json=as_json) as answer:
        from optimizer.errors import InputError, Problem
        from scenarios.opened import open_asked
        from scenarios.show_siting import show_siting
        from scenarios.siting import NIGHT, Asked, study_siting
        from scenarios.siting_outputs import siting_document, write_siting

        count = standby or police_offices
        if count is None or (standby and police_offices):
            raise InputError(
                [
                    Problem(
                        where="jingli siting",
                        expected="one of --standby N and --police-offices N",
                        fix="say which kind of site, and how many at the most",
                    )
                ]
            )
        question = Asked(
            kind="standby" if standby else "police_office",
            sites=count,
            objective="farthest"
            if objective == "farthest"
            else "covered"
            if objective == "covered"
            else "mean",
            within_min=within_min,
            hours=hours or (NIGHT if night else None),
            officers=officers,
            candidates=candidates,
            crs=crs,
            decided=decided,
            limit=limit,
        )
        opened = open_asked(
            asked, scenario, sets, present_store(store), answer.step, today_only=True
        )
        found = study_siting(opened, question)
        answer.write(partial(write_siting, found))
        answer.say(partial(siting_document, found), partial(show_siting, found))
