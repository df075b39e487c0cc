"""`jingli show`: a kept plan, to read on the console."""

from __future__ import annotations

import os

import click

from scenarios.commands.common import (
    JSON,
    LANG,
    STORE,
    Failures,
    language_of,
    present_store,
    print_json,
)
from scenarios.language import Language


@click.command(
    "show",
    help="Print a plan that was kept: measures, bundles, moves, road duty, who loses. RUN is a run "
    "id, the beginning of one, or an output folder.",
)
@click.argument("run")
@click.option("--full", is_flag=True, help="Every measure, move, road duty and township.")
@click.option(
    "--no-colour",
    "--no-color",
    "no_colour",
    is_flag=True,
    help="No colour; the variable NO_COLOR does the same. Pipes never have any.",
)
@STORE
@JSON
@LANG
def show_command(
    run: str,
    full: bool,
    no_colour: bool,
    store: str | None,
    as_json: bool,
    lang: Language | None,
) -> None:
    """See the decorator."""
    _language, _ = language_of(lang)
    with Failures(_):
        from scenarios.kept import read_runs

        (kept,) = read_runs([run], present_store(store))
    if as_json:
        from scenarios.show_plan import plan_document

        print_json(plan_document(kept))
        return
    from rich.console import Console

    from scenarios.show_plan import show_plan

    # https://no-color.org: any value but the empty one. Bold and dim go too.
    plain = no_colour or bool(os.environ.get("NO_COLOR"))
    paper = Console(highlight=False, color_system=None if plain else "auto")
    show_plan(kept, paper, _, full=full)
