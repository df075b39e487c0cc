"""`jingli repeats`: places with several alerts within days, graded red, yellow, blue."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import click

from scenarios.commands.common import (
    CASE,
    JSON,
    LANG,
    Failures,
    Progress,
    asked_command,
    language_of,
    refuse_bad_folder,
    say_found,
)
from scenarios.language import Language

_GRADES = ("red", "yellow", "blue")


@click.command(
    "repeats",
    help="Places of repeat alerts, graded red, yellow and blue by how many, how severe and how "
    "recent they are. Places are counted and graded, never people.",
)
@CASE
@click.option(
    "--as-of",
    default=None,
    metavar="DATE",
    help="Last day that counts: 2026-11-21; default: the last full day of the log.",
)
@click.option(
    "--category", "categories", multiple=True, help="Only this category; may be repeated."
)
@click.option("--alerts", type=click.IntRange(2), default=None, metavar="N", help="At least N.")
@click.option("--days", type=click.IntRange(1, 3660), default=None, help="Within so many days.")
@click.option(
    "--radius",
    type=click.FloatRange(0, 2000),
    default=None,
    metavar="METRES",
    help="Points so near to the busiest one are one place; 0: the same address only.",
)
@click.option(
    "--grade", "grades", multiple=True, type=click.Choice(_GRADES), help="Only this grade."
)
@click.option("--station", default=None, metavar="X", help="Only of this station.")
@click.option("--points", is_flag=True, help="With coordinates in tables and JSON.")
@click.option(
    "--trace", default=None, metavar="KEY", help="Files and lines of the rows behind a number."
)
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    default=None,
    help="Folder for tables, workbook, JSON and map; none: print only.",
)
@JSON
@LANG
def repeats_command(
    case: str,
    as_of: str | None,
    categories: tuple[str, ...],
    alerts: int | None,
    days: int | None,
    radius: float | None,
    grades: tuple[str, ...],
    station: str | None,
    points: bool,
    trace: str | None,
    out: Path | None,
    as_json: bool,
    lang: Language | None,
) -> None:
    """See the decorator."""
    language, _ = language_of(lang)
    with Failures(_):
        if out is not None:
            refuse_bad_folder(out)
        from scenarios.commands.tracing import trace_rows
        from scenarios.repeats import asked_rules, chosen_rows, study_repeats
        from scenarios.repeats_map import repeats_map
        from scenarios.repeats_show import show_repeats
        from scenarios.rhythm_open import day_of, open_log
        from scenarios.rhythm_outputs import repeats_document, write_repeats

        last = day_of(as_of)
        with Progress(_, quiet=as_json) as progress:
            loaded, log = open_log(case, progress.step)
            county = loaded.county
            rules = asked_rules(
                loaded.case.spec.alert_rules.repeats,
                categories=categories,
                alerts=alerts,
                days=days,
                radius_m=radius,
            )
            if trace is None:
                study = study_repeats(county, log.table, rules, last, log.problems, log.provenance)
                rows = chosen_rows(study, county, grades, station)
        if trace is not None:
            trace_rows(trace, log.table, county, rules, out, _, language, as_json=as_json)
            return
        written: tuple[str, ...] = ()
        if out is not None:
            figure = repeats_map(study, rows, loaded, _)
            written = write_repeats(
                study, rows, county, figure, out, _, language, asked_command(), points=points
            )
        say_found(
            partial(repeats_document, study, rows, points=points),
            partial(show_repeats, study, rows),
            _,
            as_json=as_json,
            out=out,
            written=written,
        )
