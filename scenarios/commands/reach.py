"""`jingli reach`: which stations reach each township first."""

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
    "reach",
    help="The nearest stations of each township by road, today and under a scenario; and the "
    "townships whose nearest station is not the one responsible.",
)
@CASE
@click.option("-s", "--scenario", default=None, help="Scenario to compare with today.")
@SETS
@click.option("-k", "--nearest", type=click.IntRange(1, 20), default=3, help="Stations; 3.")
@click.option(
    "--out",
    type=click.Path(path_type=Path, file_okay=False),
    default=None,
    help="Folder for reach.csv.",
)
@JSON
@LANG
def reach_command(
    case: str,
    scenario: str | None,
    sets: tuple[str, ...],
    nearest: int,
    out: Path | None,
    as_json: bool,
    lang: Language | None,
) -> None:
    """See the decorator."""
    _language, _ = language_of(lang)
    with Failures(_):
        from scenarios.commands.two_worlds import load_worlds
        from scenarios.show_reach import reach_document, show_reach, write_reach
        from scenarios.station_reach import township_reach

        with Progress(_, quiet=as_json) as progress:
            progress.step("reading")
            base, changed = load_worlds(case, scenario, sets)
        today = township_reach(base.county, nearest)
        then, label = None, None
        if changed is not None:
            then = township_reach(changed.county, nearest, base.county)
            label = None if changed.scenario is None else changed.scenario.label
        files = () if out is None else write_reach(today, then, out)
        if as_json:
            print_json(reach_document(today, then, label))
            return
        show_reach(today, then, label, console(), _)
        if out is not None:
            say(written_text(out, files, _))
