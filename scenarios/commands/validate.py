"""`jingli validate`: read a case and say what is wrong with it."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from scenarios.commands.common import (
    CASE,
    EXIT_BAD_INPUT,
    EXIT_PLAN,
    LANG,
    Failures,
    Progress,
    console,
    language_of,
    written_text,
)
from scenarios.language import Language


@click.command(
    "validate",
    help="Read a case, try its scenarios on the data, and report every problem and the quality "
    "of the data. Nothing is solved.",
)
@CASE
@click.option(
    "-s",
    "--scenario",
    "scenarios",
    multiple=True,
    help="Scenario to try, may be given several times; default: all of the case.",
)
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    default=None,
    help="Folder for the data-quality sheet and the rows set aside.",
)
@LANG
def validate_command(
    case: str, scenarios: tuple[str, ...], out: Path | None, lang: Language | None
) -> None:
    """See the decorator."""
    _language, _ = language_of(lang)
    with Failures(_):
        from scenarios.case import open_case
        from scenarios.outputs import write_records
        from scenarios.prepared import Prepared
        from scenarios.scenario_checks import all_names, check_scenarios
        from scenarios.show_inspection import show_checks, show_inspection

        opened = open_case(case)
        named: tuple[str | None, ...] = tuple(dict.fromkeys(scenarios))
        for name in named:
            opened.scenario(name)
        prepared = Prepared(opened)
        with Progress(_) as progress:
            progress.step("reading")
            inspection = prepared.inspection(opened.scenario(named[0] if named else None))
            names = named or all_names(opened)
            tried = names if inspection.loaded is not None else ()
            checks = check_scenarios(prepared, tried, read_anew=bool(named), progress=progress.step)
        paper = console()
        show_inspection(inspection, paper, _)
        show_checks(inspection, checks, paper, _)
        if out is not None:
            written = write_records(inspection, out, _)
            paper.print(written_text(out, written, _), markup=False)
    is_good = inspection.loaded is not None and not any(c.problems for c in checks)
    sys.exit(EXIT_PLAN if is_good else EXIT_BAD_INPUT)
