"""`jingli init`: a new case to fill in."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from optimizer.errors import Translate
from scenarios.commands.common import (
    LANG,
    Failures,
    language_of,
    refuse_bad_folder,
    written_text,
)
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
@click.option(
    "--from-osm",
    "extract",
    type=click.Path(path_type=Path),
    default=None,
    help="Start from an OpenStreetMap extract: its townships, police stations and roads.",
)
@click.option(
    "--admin-level", default=None, help="With --from-osm: admin_level of the townships (China: 8)."
)
@click.option(
    "--grid-km",
    type=click.FloatRange(0.1, 50),
    default=None,
    help="With --from-osm: squares of this side are the cells, not the townships.",
)
@click.option("--yes", is_flag=True, help="Ask nothing; take the defaults.")
@LANG
def init_command(
    folder: Path,
    name: str | None,
    crs: str | None,
    tables: str | None,
    squads: bool | None,
    units: bool | None,
    extract: Path | None,
    admin_level: str | None,
    grid_km: float | None,
    yes: bool,
    lang: Language | None,
) -> None:
    """See the decorator."""
    _language, _ = language_of(lang)
    # Nobody answers a question in a script.
    asks = not yes and sys.stdin.isatty()
    with Failures(_):
        refuse_bad_folder(folder)
        if extract is not None:
            _from_osm(folder, extract, name or folder.resolve().name, admin_level, grid_km, _)
            return
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
    click.echo(written_text(folder, written, _))
    click.echo(_("Fill in the tables, then: jingli validate {folder}").format(folder=folder))


def _from_osm(
    folder: Path,
    extract: Path,
    name: str,
    admin_level: str | None,
    grid_km: float | None,
    _: Translate,
) -> None:
    """Make the case and say what was found and what is left to do."""
    from scenarios.init_osm import write_osm_case

    started = write_osm_case(folder, extract, name, _, level=admin_level, grid_km=grid_km)
    click.echo(written_text(folder, started.files, _))
    click.echo(_("Found: {items}").format(items="; ".join(started.found)))
    click.echo(_("Fill in:"))
    for item in started.missing:
        click.echo(f"  - {item}")
    click.echo(_("Then: jingli validate {folder}").format(folder=folder))
