"""`jingli hotspots`: where more alerts come in than chance gives, now and through time."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import click

from scenarios.commands.alert_options import CATEGORY, HOURS, MONTH, WEEKDAY
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
    "hotspots",
    help="Hot spots of alerts: places that chance does not explain, false ones kept to a stated "
    "share; new, lasting and fading ones; and alerts that follow alerts nearby. CASE is a case or "
    "a run.",
)
@RUN_OR_CASE
@SCENARIO
@SETS
@CATEGORY
@HOURS
@WEEKDAY
@MONTH
@click.option(
    "--per",
    type=click.Choice(["km2", "1000-residents"]),
    default="km2",
    help="Alerts on equal ground, or of cells by residents; ground.",
)
@click.option("--cells", "by_cells", is_flag=True, help="Cells instead of squares.")
@click.option("--emerging", is_flag=True, help="Also through time: new, persistent, fading …")
@click.option("--near-repeat", is_flag=True, help="Also alerts soon after and close to others.")
@click.option(
    "--out",
    type=click.Path(path_type=Path, file_okay=False),
    default=None,
    help="Folder for tables, workbook, JSON, maps and GIS layers; none: print only.",
)
@STORE
@JSON
@LANG
def hotspots_command(
    asked: str,
    scenario: str | None,
    sets: tuple[str, ...],
    category: tuple[str, ...],
    hours: str | None,
    weekday: str | None,
    month: str | None,
    per: str,
    by_cells: bool,
    emerging: bool,
    near_repeat: bool,
    out: Path | None,
    store: str | None,
    as_json: bool,
    lang: Language | None,
) -> None:
    """See the decorator."""
    with answering(lang, out, as_json=as_json) as answer:
        from scenarios.alert_places import alerts_meant
        from scenarios.hot_spots import study_hot_spots
        from scenarios.hot_spots_outputs import hot_spots_document, write_hot_spots
        from scenarios.opened import open_asked
        from scenarios.show_hot_spots import show_hot_spots

        opened = open_asked(
            asked, scenario, sets, present_store(store), answer.step, today_only=True
        )
        meant = alerts_meant(
            opened.loaded, opened.scenario, category, hours, weekday, month, answer.step
        )
        found = study_hot_spots(
            meant,
            per="km2" if per == "km2" else "1000-residents",
            by_cells=by_cells,
            emerging=emerging,
            near_repeat=near_repeat,
        )
        answer.write(partial(write_hot_spots, found))
        answer.say(partial(hot_spots_document, found), partial(show_hot_spots, found))
