"""`jingli init`: a new case to fill in."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from scenarios.commands.common import LANG, Failures, language_of, refuse_bad_folder
from scenarios.language import Language


@click.command(
    "init", help="Make a new case: a commented case.yaml and empty tables with Chinese headers."
)
@click.argument("folder", type=click.Path(path_type=Path))
@click.option("--name", default=None, help="The county's name; default: the folder's.")
@click.option("--crs", default=None, help="Datum of the coordinates: WGS84, CGCS2000, GCJ02, BD09.")
@click.option(
    "--tables",
    type=click.Choice(["xlsx", "csv"]),
    default=None,
    help="One workbook (default), or a CSV file per table.",
)
@click.option("--squads/--no-squads", default=None, help="Traffic squads are part of the question.")
@click.option("--units/--no-units", default=None, help="Functional units are part of the question.")
@click.option("--yes", is_flag=True, help="Ask nothing; take the defaults.")
@LANG
def init_command(
    folder: Path,
    name: str | None,
    crs: str | None,
    tables: str | None,
    squads: bool | None,
    units: bool | None,
    yes: bool,
    lang: Language | None,
) -> None:
    """See the decorator."""
    _language, _ = language_of(lang)
    # Nobody answers a question in a script.
    asks = not yes and sys.stdin.isatty()
    with Failures(_):
        refuse_bad_folder(folder)
        from scenarios.template import Answers, write_template

        if name is None:
            name = folder.resolve().name
            if asks:
                name = click.prompt(_("Name of the county"), default=name)
        if crs is None:
            crs = "WGS84"
            if asks:
                crs = click.prompt(
                    _("Datum of the coordinates (WGS84, CGCS2000, GCJ02, BD09)"), default=crs
                )
        if squads is None:
            squads = asks and click.confirm(_("Are traffic squads part of the question?"))
        if units is None:
            units = asks and click.confirm(_("Are functional units part of the question?"))
        answers = Answers(
            name=str(name),
            crs=str(crs),
            tables="csv" if tables == "csv" else "xlsx",
            squads=squads,
            units=units,
        )
        written = write_template(folder, answers, _)
    click.echo(_("Written to {folder}: {files}").format(folder=folder, files=", ".join(written)))
    click.echo(_("Fill in the tables, then: jingli validate {folder}").format(folder=folder))
