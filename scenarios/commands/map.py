"""`jingli map`: the interactive map of one or more runs, one file that needs no network."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import click

from scenarios.commands.common import (
    LANG,
    STORE,
    Failures,
    Progress,
    language_of,
    opened_store,
    say,
)
from scenarios.language import Language


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
@STORE
@LANG
def map_command(
    runs: tuple[str, ...],
    out: Path,
    overlays: tuple[Path, ...],
    store: str | None,
    lang: Language | None,
) -> None:
    """See the decorator."""
    language, _ = language_of(lang)
    with Failures(_):
        from geo.webmap import write_web_map
        from geo.webmap_overlays import read_overlay
        from scenarios.reopen import reopen
        from scenarios.web_scene import web_scenes

        on_top = [one for path in overlays for one in read_overlay(path)]
        open_store = partial(opened_store, store, make=False)
        with Progress(_) as progress:
            opened = [reopen(one, open_store, progress.step) for one in runs]
            progress.step("writing")
            write_web_map(
                out,
                web_scenes(opened, _, language),
                overlays=on_top,
                translate=_,
                lang=language,
            )
        say(_("Written: {file}").format(file=out))
