"""`jingli alerts`: what a day, a week or a month brought, against its like and expectation."""

from __future__ import annotations

from pathlib import Path

import click

from optimizer.errors import InputError, Problem
from scenarios.commands.common import (
    CASE,
    JSON,
    LANG,
    STORE,
    Failures,
    Progress,
    asked_command,
    console,
    language_of,
    present_store,
    print_json,
    refuse_bad_folder,
    say_written,
)
from scenarios.language import Language


@click.command(
    "alerts",
    help="What a day, a week or a month of alerts brought: against the period before, a year "
    "earlier and expectation, by category, township and station; the busiest places; tasks for "
    "stations. Every number can be traced back to its rows.",
)
@CASE
@click.option("--day", "day", is_flag=True, help="One day.")
@click.option("--week", "week", is_flag=True, help="Seven days; the default.")
@click.option("--month", "month", is_flag=True, help="The calendar month, up to the day.")
@click.option(
    "--as-of",
    default=None,
    metavar="DATE",
    help="Last day of the period: 2026-11-21; default: the last full day of the log.",
)
@click.option(
    "--trace", default=None, metavar="KEY", help="Files and lines of the rows behind a number."
)
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    default=None,
    help="Folder for tables, workbook, JSON and chart; none: print only.",
)
@STORE
@JSON
@LANG
def alerts_command(
    case: str,
    day: bool,
    week: bool,
    month: bool,
    as_of: str | None,
    trace: str | None,
    out: Path | None,
    store: str | None,
    as_json: bool,
    lang: Language | None,
) -> None:
    """See the decorator."""
    language, _ = language_of(lang)
    with Failures(_):
        if day + week + month > 1:
            raise InputError(
                [
                    Problem(
                        where="jingli alerts",
                        expected="one of --day, --week and --month",
                        fix="leave the others out",
                    )
                ]
            )
        if out is not None:
            refuse_bad_folder(out)
        from optimizer.alert_rules_rhythm import Period
        from scenarios.commands.tracing import trace_rows
        from scenarios.names import gazetteer
        from scenarios.rhythm import briefing
        from scenarios.rhythm_open import day_of, open_log
        from scenarios.rhythm_outputs import briefing_document, write_briefing
        from scenarios.rhythm_show import show_briefing
        from scenarios.tasks_open import proposed

        last = day_of(as_of)
        with Progress(_, quiet=as_json) as progress:
            loaded, alerts = open_log(case, progress.step)
            rules, county = loaded.case.spec.alert_rules, loaded.county
            if trace is not None:
                written = None
            else:
                period: Period = "day" if day else "month" if month else "week"
                brief = briefing(
                    county, alerts.table, rules, period, last, alerts.problems, alerts.provenance
                )
                tasks = proposed(brief, county, present_store(store))
                written = (
                    ()
                    if out is None
                    else write_briefing(brief, tasks, county, out, _, language, asked_command())
                )
        if trace is not None:
            trace_rows(
                trace, alerts.table, county, rules.repeats, out, _, language, as_json=as_json
            )
        elif as_json:
            print_json(briefing_document(brief, tasks))
        else:
            show_briefing(brief, tasks, gazetteer(county).stations, console(), _)
            if written:
                say_written(out, written, _)
