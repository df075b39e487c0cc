"""`jingli report` of a province's folder: one report over all its counties."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

from optimizer.errors import InputError, Problem, Translate
from scenarios.commands.common import say
from scenarios.language import Language

if TYPE_CHECKING:
    from scenarios.report.render import Format


def report_province(
    asked: str,
    formats: Sequence[Format],
    target: Callable[[str, Format], Path],
    *,
    template: Path | None,
    dated: date | None,
    translate: Translate,
    language: Language,
) -> None:
    """Write the report of the province's folder `asked` in each format.

    Args:
        asked: The folder.
        formats: Of the files.
        target: File of a format, given the folder's name.
        template: Refused: a template's places are those of one county's report.
        dated: Day of the run, for the first page.
        translate: Into the language of the report.
        language: Of the report.

    Raises:
        InputError: the folder is not whole, no county has a plan, or a template is given.
    """
    if template is not None:
        raise InputError(
            [
                Problem(
                    where="--template",
                    value=str(template),
                    expected="the report of one county; a province's has no template",
                    fix="leave --template out, or name a county's own folder",
                )
            ]
        )
    from geo.atomic import write_bytes
    from scenarios.province import read_province
    from scenarios.report.content_province import build_province_report
    from scenarios.report.render import render

    province = read_province(asked)
    report = build_province_report(province, translate, language, dated=dated)
    for one in formats:
        file = target(province.name, one)
        write_bytes(file, render(report, one))
        say(translate("Written to {file}.").format(file=file))
