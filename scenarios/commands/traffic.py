"""`jingli traffic`: squads into duty stations: roads, officers, accidents, hours, equipment."""

from __future__ import annotations

import sys
from functools import partial
from pathlib import Path

import click

from scenarios.commands.answering import answering
from scenarios.commands.common import (
    EXIT_NO_PLAN,
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
    with answering(lang, out, as_json=as_json) as answer:
        from scenarios.documents import proof_documents
        from scenarios.show import show_run
        from scenarios.show_traffic import show_traffic
        from scenarios.traffic import open_run, traffic_of
        from scenarios.traffic_outputs import traffic_document, write_traffic

        run = open_run(asked, scenario, sets, present_store(store), answer.step)
        planned = run.result.plan is not None
        if planned:
            found = traffic_of(run, joint=joint, progress=answer.step)
            answer.write(partial(write_traffic, found))
            answer.say(partial(traffic_document, found), partial(show_traffic, found))
        else:
            document = {
                "case": run.loaded.county.name,
                "scenario": run.scenario,
                "status": run.result.status.value,
                "proofs": proof_documents(run.result.proofs),
            }
            answer.say(lambda: document, partial(show_run, run))
    if not planned:
        sys.exit(EXIT_NO_PLAN)
