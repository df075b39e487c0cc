"""`jingli route`: the way from one place to another, and what a scenario changes of it."""

from __future__ import annotations

from pathlib import Path

import click

from scenarios.commands.common import (
    CASE,
    JSON,
    LANG,
    SETS,
    Failures,
    Progress,
    console,
    language_of,
    print_json,
    say,
    written_text,
)
from scenarios.language import Language


@click.command(
    "route",
    help="The fastest way by road from FROM to TO: minutes, kilometres, roads in order; with a "
    "scenario, before and after. A place is a station, a township, a cell, or a point such as "
    "107.33,30.31.",
)
@CASE
@click.argument("start", metavar="FROM")
@click.argument("goal", metavar="TO")
@click.option("-s", "--scenario", default=None, help="Scenario to compare with today.")
@SETS
@click.option("--crs", default="WGS84", help="Datum of points: WGS84, GCJ02, BD09 … (WGS84).")
@click.option(
    "--gpx",
    type=click.Path(path_type=Path, dir_okay=False),
    default=None,
    help="File for the way as a GPX track.",
)
@click.option(
    "--out",
    type=click.Path(path_type=Path, file_okay=False),
    default=None,
    help="Folder for route.csv and route.gpx.",
)
@JSON
@LANG
def route_command(
    case: str,
    start: str,
    goal: str,
    scenario: str | None,
    sets: tuple[str, ...],
    crs: str,
    gpx: Path | None,
    out: Path | None,
    as_json: bool,
    lang: Language | None,
) -> None:
    """See the decorator."""
    _language, _ = language_of(lang)
    with Failures(_):
        from scenarios.commands.two_worlds import load_worlds
        from scenarios.route import Place, compare_ways, ends_of
        from scenarios.show_route import route_document, show_route, write_route, write_route_gpx

        with Progress(_, quiet=as_json) as progress:
            progress.step("reading")
            today, then = load_worlds(case, scenario, sets)
            ends: list[tuple[Place, Place]] = ends_of(today, then, start, goal, crs)
            route = compare_ways(today, then, ends, _)
        if gpx is not None:
            write_route_gpx(route, gpx, _)
        files = () if out is None else write_route(route, out, _)
        if as_json:
            print_json(route_document(route, _))
            return
        show_route(route, console(), _)
        if gpx is not None:
            say(_("Written: {file}").format(file=gpx))
        if out is not None:
            say(written_text(out, files, _))
