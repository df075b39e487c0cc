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
    console,
    language_of,
)
from scenarios.language import Language


@click.command("validate", help="Read a case and report every problem and the quality of its data.")
@CASE
@click.option("-s", "--scenario", default=None, help="Scenario; default: the case's own.")
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    default=None,
    help="Folder for the data-quality sheet and the rows set aside.",
)
@LANG
def validate_command(
    case: str, scenario: str | None, out: Path | None, lang: Language | None
) -> None:
    """See the decorator."""
    _language, _ = language_of(lang)
    with Failures(_):
        from scenarios.case import open_case
        from scenarios.load import inspect
        from scenarios.outputs import write_records
        from scenarios.show import show_inspection

        opened = open_case(case)
        policy = opened.policy(opened.scenario_name(scenario))
        inspection = inspect(opened, policy)
        paper = console()
        show_inspection(inspection, paper, _)
        if out is not None:
            written = write_records(inspection, out, _)
            paper.print(
                _("Written to {folder}: {files}").format(folder=out, files=", ".join(written)),
                markup=False,
            )
    sys.exit(EXIT_PLAN if inspection.loaded is not None else EXIT_BAD_INPUT)
