"""`jingli report`: the report of a kept run, as PDF, Word document or HTML."""

from __future__ import annotations

from datetime import date
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Literal, get_args

import click

from optimizer.errors import InputError, Problem
from scenarios.commands.common import (
    LANG,
    STORE,
    Failures,
    Progress,
    language_of,
    present_store,
    say,
)
from scenarios.language import Language

if TYPE_CHECKING:
    from scenarios.report.charts import Form

Format = Literal["pdf", "docx", "html"]
FORMATS: tuple[Format, ...] = get_args(Format)
_PICTURES: dict[Format, Form] = {"pdf": "svg", "html": "svg", "docx": "png"}


@click.command(
    "report",
    help="Make the report of a run: PDF, Word or HTML. RUN is a run id, the beginning of one, or "
    "an output folder; the folder of several cases gives one report over all counties.",
)
@click.argument("run", required=False)
@click.option(
    "--format",
    "formats",
    type=click.Choice(FORMATS),
    multiple=True,
    help="Format; may be repeated. Default: as --out ends, else pdf.",
)
@click.option(
    "--template",
    type=click.Path(path_type=Path),
    default=None,
    help="A bureau's own Word document with placeholders, for docx.",
)
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    default=None,
    help="File to write; default: report-RUN.FORMAT here. Several formats differ in the ending.",
)
@click.option(
    "--date",
    "dated",
    metavar="YYYY-MM-DD",
    default=None,
    help="Day of the run for the first page (YYYY-MM-DD); default: as the run store knows it.",
)
@click.option(
    "--write-template",
    "starter",
    type=click.Path(path_type=Path, dir_okay=False),
    default=None,
    help="Write a Word template to begin with (.docx) and stop; needs no RUN.",
)
@STORE
@LANG
def report_command(
    run: str | None,
    formats: tuple[Format, ...],
    template: Path | None,
    out: Path | None,
    dated: str | None,
    starter: Path | None,
    store: str | None,
    lang: Language | None,
) -> None:
    """See the decorator."""
    language, _ = language_of(lang)
    with Failures(_):
        if starter is not None:
            _write_starter(starter, language)
            say(_("Written to {file}.").format(file=starter))
            return
        if run is None:
            raise InputError([_no_run()])
        asked = _formats(formats, out)
        _refuse_bad_options(asked, template)
        day = _day(dated)
        from scenarios.province import is_province

        if is_province(run):
            from scenarios.commands.report_province import report_province

            report_province(
                run,
                asked,
                partial(_target, out),
                template=template,
                dated=day,
                translate=_,
                language=language,
            )
            return
        from geo.atomic import write_bytes
        from scenarios.kept import read_runs
        from scenarios.reopen import reopened
        from scenarios.report.beside import plans_beside
        from scenarios.report.content import build_report
        from scenarios.report.render import render

        open_store = present_store(store)
        with Progress(_) as progress:
            (kept,) = read_runs([run], open_store)
            opened = reopened(kept, progress.step)
            others = plans_beside(kept, open_store)
            if day is None and kept.created_at is not None:
                day = kept.created_at.astimezone().date()
            progress.step("writing")
            report = build_report(
                opened,
                others,
                _,
                language,
                label=kept.label,
                dated=day,
                forms=sorted({_PICTURES[f] for f in asked}),
            )
            for one in asked:
                page = render(report, one, template if one == "docx" else None)
                target = _target(out, kept.label, one)
                write_bytes(target, page)
                say(_("Written to {file}.").format(file=target))


def _write_starter(target: Path, language: Language) -> None:
    from geo.atomic import write_bytes
    from scenarios.report.docx_template import starter_template

    if target.suffix.lower() != ".docx":
        raise InputError(
            [
                Problem(
                    where="--write-template",
                    value=str(target),
                    expected="a file name that ends in .docx",
                    fix="name the file so",
                )
            ]
        )
    write_bytes(target, starter_template(language))


def _no_run() -> Problem:
    return Problem(
        where="RUN",
        value="-",
        expected="the id of a run, its beginning, or an output folder",
        fix="`jingli runs` lists the ids",
    )


def _formats(formats: tuple[Format, ...], out: Path | None) -> tuple[Format, ...]:
    if formats:
        return tuple(dict.fromkeys(formats))
    if out is None:
        return ("pdf",)
    for one in FORMATS:
        if out.suffix.lower() == f".{one}":
            return (one,)
    raise InputError(
        [
            Problem(
                where="--out",
                value=str(out),
                expected="the formats pdf, docx and html",
                fix="name the file so, or give --format",
            )
        ]
    )


def _refuse_bad_options(asked: tuple[Format, ...], template: Path | None) -> None:
    """Refuse before the work what would be refused after it."""
    if template is None:
        return
    if "docx" not in asked:
        raise InputError(
            [
                Problem(
                    where="--template",
                    value=str(template),
                    expected="a template together with --format docx",
                    fix="leave --template out, or add --format docx",
                )
            ]
        )
    if not template.is_file():
        raise InputError(
            [
                Problem(
                    where="--template",
                    value=str(template),
                    expected="a template file that is there",
                    fix="check the path",
                )
            ]
        )


def _day(text: str | None) -> date | None:
    if text is None:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise InputError(
            [
                Problem(
                    where="--date",
                    value=text,
                    expected="a day as YYYY-MM-DD",
                    fix="write it as 2026-03-01",
                )
            ]
        ) from error


def _target(out: Path | None, label: str, one: Format) -> Path:
    if out is None:
        return Path(f"report-{label}.{one}")
    return out if out.suffix.lower() == f".{one}" else out.with_suffix(f".{one}")
