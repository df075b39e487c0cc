"""`jingli density`: where alerts are, per square kilometre and per thousand residents."""

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
    "density",
    help="Density of alerts: a surface, the densest ground, and rates of townships and cells "
    "with intervals, in which a small village is not called high by chance. CASE is a case or "
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
    default="1000-residents",
    help="What rates are counted over; residents.",
)
@click.option(
    "--out",
    type=click.Path(path_type=Path, file_okay=False),
    default=None,
    help="Folder for tables, workbook, JSON, maps and GIS layers; none: print only.",
)
@STORE
@JSON
@LANG
def density_command(
    asked: str,
    scenario: str | None,
    sets: tuple[str, ...],
    category: tuple[str, ...],
    hours: str | None,
    weekday: str | None,
    month: str | None,
    per: str,
    out: Path | None,
    store: str | None,
    as_json: bool,
    lang: Language | None,
) -> None:
    """See the decorator."""
    with answering(lang, out, as_json=as_json) as answer:
        from scenarios.alert_places import alerts_meant
        from scenarios.density import study_density
        from scenarios.density_outputs import density_document, write_density
        from scenarios.opened import open_asked
        from scenarios.show_density import show_density

        opened = open_asked(
            asked, scenario, sets, present_store(store), answer.step, today_only=True
        )
        meant = alerts_meant(
            opened.loaded, opened.scenario, category, hours, weekday, month, answer.step
        )
        found = study_density(meant, "km2" if per == "km2" else "1000-residents")
        answer.write(partial(write_density, found))
        answer.say(partial(density_document, found), partial(show_density, found))
