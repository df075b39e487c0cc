"""`jingli map`: the interactive map of one or more runs, one file that needs no network."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

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
    from geo.map_page import Paper
    from geo.maps import Format


@click.command(
    "map",
    help="The interactive map of one or more runs as one HTML file that needs no network. RUN is "
    "the id of a run, its beginning, or an output folder; several get a switcher.",
)
@click.argument("runs", nargs=-1, required=True, metavar="RUN...")
@click.option(
    "--out",
    type=click.Path(path_type=Path, dir_okay=False),
    default=Path("map.html"),
    help="File to write; map.html.",
)
@click.option(
    "--overlay",
    "overlays",
    multiple=True,
    type=click.Path(path_type=Path),
    help="Layer from outside, such as hot spots or beats: a .geojson or .gpkg file; may be "
    "repeated.",
)
@click.option(
    "--sheets",
    type=click.Path(path_type=Path, file_okay=False),
    default=None,
    help="Folder for the static maps too; one folder each inside it where there are several runs.",
)
@click.option(
    "--paper",
    "papers",
    multiple=True,
    type=click.Choice(("a4", "a3")),
    help="Paper of the static maps; a4; may be repeated.",
)
@click.option(
    "--format",
    "formats",
    multiple=True,
    type=click.Choice(("png", "svg", "pdf")),
    help="Format of the static maps; all three; may be repeated.",
)
@STORE
@LANG
def map_command(
    runs: tuple[str, ...],
    out: Path,
    overlays: tuple[Path, ...],
    sheets: Path | None,
    papers: tuple[Paper, ...],
    formats: tuple[Format, ...],
    store: str | None,
    lang: Language | None,
) -> None:
    """See the decorator."""
    language, _ = language_of(lang)
    with Failures(_):
        from geo.webmap import write_web_map
        from geo.webmap_overlays import read_overlay
        from scenarios.isochrones import run_overlays, surface_of
        from scenarios.reopen import reopen
        from scenarios.web_scene import web_scenes

        on_top = [one for path in overlays for one in read_overlay(path)]
        open_store = present_store(store)
        with Progress(_) as progress:
            opened = [reopen(one, open_store, progress.step) for one in runs]
            progress.step("writing")
            if len(opened) == 1:
                # Of several runs each has roads of its own, and a layer is shown for all.
                [run] = opened
                assert run.result.plan is not None
                reach = surface_of(run.loaded)
                on_top = [*run_overlays(run.loaded, run.result.plan, reach, _), *on_top]
            write_web_map(
                out,
                web_scenes(opened, _, language),
                overlays=on_top,
                translate=_,
                lang=language,
            )
            written = [out]
            if sheets is not None:
                from scenarios.map_sheets import write_all_sheets

                written += write_all_sheets(
                    list(zip(runs, opened, strict=True)), sheets, _, language, papers, formats
                )
        for one in written:
            say(_("Written: {file}").format(file=one))
