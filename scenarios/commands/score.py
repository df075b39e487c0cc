"""`jingli score`: a plan that somebody else made, judged by the case's rules."""

from __future__ import annotations

import sys
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
)
from scenarios.language import Language

EXIT_KEEPS, EXIT_BREAKS = 0, 1


@click.command(
    "score",
    help="Score a plan drawn by hand or made elsewhere. Exit code 0: it keeps the rules, 1: it "
    "breaks some, 2: it cannot be read.",
)
@CASE
@click.option(
    "--plan",
    "plan_file",
    required=True,
    type=click.Path(path_type=Path),
    help="CSV, XLSX or GeoPackage with a row per station: station_id, centre_id (派出所, "
    "中心派出所), ids or names; or the plan.json of a run.",
)
@click.option("--layer", default=None, help="Sheet of the workbook or layer of the GeoPackage.")
@click.option("-s", "--scenario", default=None, help="Scenario; default: the case's own.")
@SETS
@click.option(
    "--complete", is_flag=True, help="Decide road duty and strength too, best for these bundles."
)
@JSON
@LANG
def score_command(
    case: str,
    plan_file: Path,
    layer: str | None,
    scenario: str | None,
    sets: tuple[str, ...],
    complete: bool,
    as_json: bool,
    lang: Language | None,
) -> None:
    """See the decorator."""
    _language, _ = language_of(lang)
    with Failures(_):
        from scenarios.case import open_case
        from scenarios.handmade import score
        from scenarios.prepared import Prepared
        from scenarios.show_scored import scored_document, show_scored

        opened = open_case(case)
        resolved = opened.scenario(scenario, sets)
        with Progress(_, quiet=as_json) as progress:
            progress.step("reading")
            loaded = Prepared(opened).load(resolved)
            progress.step("evaluation")
            scored = score(loaded, plan_file, layer=layer, complete=complete)
        if as_json:
            print_json(scored_document(scored, resolved.label, _))
        else:
            show_scored(scored, resolved.label, console(), _)
    sys.exit(EXIT_BREAKS if scored.broken else EXIT_KEEPS)
