"""`jingli forecast`: alerts of the planning year, with intervals and a back-test."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import click

from scenarios.commands.alert_options import CATEGORY
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
    "forecast",
    help="Alerts of the planning year by category, township, cell, month and hour of the week, "
    "with intervals; back-tested against plain rules, which are used where they do better.",
)
@RUN_OR_CASE
@SCENARIO
@SETS
@CATEGORY
@click.option(
    "--growth",
    default=None,
    metavar="NAME|SHARE",
    help="Growth a year of all categories: 0.05, 5%, or a name of growth_scenarios.",
)
@click.option(
    "--out",
    type=click.Path(path_type=Path, file_okay=False),
    default=None,
    help="Folder for tables, workbook, JSON and chart; none: print only.",
)
@STORE
@JSON
@LANG
def forecast_command(
    asked: str,
    scenario: str | None,
    sets: tuple[str, ...],
    category: tuple[str, ...],
    growth: str | None,
    out: Path | None,
    store: str | None,
    as_json: bool,
    lang: Language | None,
) -> None:
    """See the decorator."""
    with answering(lang, out, as_json=as_json) as answer:
        from scenarios.alerts_case import open_alerts
        from scenarios.forecast import foresee, grown
        from scenarios.forecast_outputs import forecast_document, write_forecast
        from scenarios.forecast_show import show_forecast
        from scenarios.forecast_study import study_forecast
        from scenarios.opened import open_asked

        opened = open_asked(
            asked, scenario, sets, present_store(store), answer.step, today_only=True
        )
        loaded = opened.loaded
        rules = grown(loaded.case.spec.alert_rules.forecast, growth)
        alerts = open_alerts(loaded, answer.step)
        foreseen = foresee(
            alerts.table, len(loaded.county.cells), rules, loaded.county.cells.township
        )
        study = study_forecast(
            loaded.county, opened.scenario, foreseen, rules, category, alerts.problems
        )
        answer.write(partial(write_forecast, study))
        answer.say(partial(forecast_document, study), partial(show_forecast, study))
