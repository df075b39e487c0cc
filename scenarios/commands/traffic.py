"""`jingli traffic`: squads into duty stations: roads, officers, accidents, hours, equipment."""

from __future__ import annotations

import sys
from functools import partial
from pathlib import Path

import click

from scenarios.commands.common import (
    EXIT_NO_PLAN,
    JSON,
    LANG,
    RUN_OR_CASE,
    SCENARIO,
    SETS,
    STORE,
    Failures,
    Progress,
    asked_command,
    console,
    language_of,
    present_store,
    print_json,
    refuse_bad_folder,
    say_found,
)
from scenarios.language import Language


@click.command(
    "traffic",
    help="Traffic consolidation: which stations take over which roads, with which officers, and "
    "what it does to accidents, hours and equipment. RUN is a run id, the beginning of one, an "
    "output folder, or a case with -s.",
)
@RUN_OR_CASE
@SCENARIO
@SETS
@click.option(
    "--joint", is_flag=True, help="Beside it: bundles and roads in one solve, and what that brings."
)
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    default=None,
    help="Folder for tables, workbook, JSON and map; none: print only.",
)
@STORE
@JSON
@LANG
def traffic_command(
    asked: str,
    scenario: str | None,
    sets: tuple[str, ...],
    joint: bool,
    out: Path | None,
    store: str | None,
    as_json: bool,
    lang: Language | None,
) -> None:
    """See the decorator."""
    language, _ = language_of(lang)
    with Failures(_):
        if out is not None:
            refuse_bad_folder(out)
        from scenarios.documents import proof_documents
        from scenarios.show_traffic import show_traffic
        from scenarios.traffic import open_run, traffic_of
        from scenarios.traffic_outputs import traffic_document, write_traffic

        written: tuple[str, ...] = ()
        with Progress(_, quiet=as_json) as progress:
            run = open_run(asked, scenario, sets, present_store(store), progress.step)
            found = None
            if run.result.plan is not None:
                found = traffic_of(run, joint=joint, progress=progress.step)
                if out is not None:
                    progress.step("writing")
                    written = write_traffic(found, out, _, language, asked_command())
        if found is None:
            if as_json:
                document = {
                    "case": run.loaded.county.name,
                    "scenario": run.scenario,
                    "status": run.result.status.value,
                    "proofs": proof_documents(run.result.proofs),
                }
                print_json(document)
            else:
                from scenarios.show import show_run

                show_run(run, console(), _)
            sys.exit(EXIT_NO_PLAN)
        say_found(
            partial(traffic_document, found),
            partial(show_traffic, found),
            _,
            as_json=as_json,
            out=out,
            written=written,
        )
