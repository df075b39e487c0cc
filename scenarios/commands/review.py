"""`jingli review`: after a rollout, what was promised against what happened."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import click

from scenarios.commands.common import (
    CASE,
    JSON,
    LANG,
    STORE,
    Failures,
    Progress,
    console,
    language_of,
    present_store,
    print_json,
)
from scenarios.language import Language


@click.command(
    "review",
    help="After a rollout: promised against observed, what may be called an effect, and whether "
    "the plan should be made again.",
)
@CASE
@click.option(
    "--plan",
    "asked",
    required=True,
    metavar="RUN",
    help="The run whose plan was rolled out: a run id or an output folder.",
)
@click.option(
    "--since",
    required=True,
    type=click.DateTime(["%Y-%m-%d"]),
    help="Day of the rollout, such as 2026-03-01.",
)
@click.option(
    "--alerts",
    "log",
    required=True,
    type=click.Path(path_type=Path),
    help="The new alert log, in the form of the case's own; the time before may be in it too.",
)
@click.option("--crs", default=None, help="Datum of the new log; default: the case's own log's.")
@click.option("--layer", default=None, help="Sheet of the workbook or layer of the GeoPackage.")
@click.option("--seed", type=click.IntRange(min=0), default=0, help="Random seed.")
@STORE
@JSON
@LANG
def review_command(
    case: str,
    asked: str,
    since: datetime,
    log: Path,
    crs: str | None,
    layer: str | None,
    seed: int,
    store: str | None,
    as_json: bool,
    lang: Language | None,
) -> None:
    """See the decorator."""
    _language, _ = language_of(lang)
    with Failures(_):
        from scenarios.alert_log import new_log_source
        from scenarios.case import open_case
        from scenarios.kept import read_runs
        from scenarios.prepared import Prepared
        from scenarios.reopen import reopened
        from scenarios.review import review
        from scenarios.show_review import review_document, show_review

        opened = open_case(case)
        [kept] = read_runs([asked], present_store(store))
        source = new_log_source(opened, log, sheet=layer, crs=crs)
        with Progress(_, quiet=as_json) as progress:
            run = reopened(kept, progress.step, Prepared(opened))
            found = review(run, source, since.date(), seed=seed)
        name = run.loaded.county.name
        if as_json:
            print_json(review_document(found, name, kept.label))
        else:
            show_review(found, name, kept.label, console(), _)
