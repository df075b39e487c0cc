"""`jingli ingest`: read the alert log of a case, and say what became of every row."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from pathlib import Path

import click

from scenarios.commands.common import (
    CASE,
    JSON,
    LANG,
    SCENARIO,
    Failures,
    asked_command,
    language_of,
    refuse_bad_folder,
    say_found,
)
from scenarios.commands.progress_bar import Bar
from scenarios.language import Language


@click.command(
    "ingest",
    help="Read the alert log of a case: clean it, place its alerts in the cells, and keep it for "
    "the other commands. Every row that is set aside is counted with its reason.",
)
@CASE
@SCENARIO
@click.option("--anew", is_flag=True, help="Read again, whatever an earlier reading kept.")
@click.option(
    "--out",
    type=click.Path(path_type=Path, file_okay=False),
    default=None,
    help="Folder for the counts and the list of rows set aside; none: print only.",
)
@JSON
@LANG
def ingest_command(
    case: str,
    scenario: str | None,
    anew: bool,
    out: Path | None,
    as_json: bool,
    lang: Language | None,
) -> None:
    """See the decorator."""
    _language, _ = language_of(lang)
    with Failures(_):
        if out is not None:
            refuse_bad_folder(out)
        from scenarios.alerts_case import open_alerts
        from scenarios.case import open_case
        from scenarios.ingest_outputs import ingest_document, write_ingest
        from scenarios.prepared import Prepared
        from scenarios.show_ingest import show_ingest

        opened = open_case(case)
        told: list[int] = []
        with Bar({}, quiet=as_json) as bar:

            def watch(shown: str, read: int, size: int, rows: int) -> None:
                told.append(rows)
                bar.show(shown, read, size)

            loaded = Prepared(opened, watch).load(opened.scenario(scenario))
            alerts = open_alerts(loaded, watch=watch, anew=anew)
            # Loading the case may have read the log just now.
            alerts = replace(alerts, was_kept=alerts.was_kept and not told)
        written: tuple[str, ...] = ()
        if out is not None:
            written = write_ingest(loaded, alerts, out, _, asked_command())
        say_found(
            partial(ingest_document, loaded.county.name, alerts),
            partial(show_ingest, loaded.county.name, alerts),
            _,
            as_json=as_json,
            out=out,
            written=written,
        )
