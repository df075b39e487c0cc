"""`jingli diff`: two runs, or two scenarios of a case, against each other."""

from __future__ import annotations

import click

from scenarios.commands.common import (
    JSON,
    LANG,
    STORE,
    Failures,
    Progress,
    console,
    language_of,
    opened_store,
    present_store,
    print_json,
)
from scenarios.language import Language


@click.command(
    "diff",
    help="Two runs against each other: measures, townships, decisions. A and B are run ids, "
    "output folders, or with --case scenarios of a case.",
)
@click.argument("a")
@click.argument("b")
@click.option("--case", default=None, help="A and B are scenarios of this case; they are run.")
@STORE
@JSON
@LANG
def diff_command(
    a: str, b: str, case: str | None, store: str | None, as_json: bool, lang: Language | None
) -> None:
    """See the decorator."""
    _language, _ = language_of(lang)
    with Failures(_):
        from scenarios.difference import difference, to_document

        if case is None:
            from scenarios.kept import read_runs

            first, second = read_runs([a, b], present_store(store))
        else:
            from scenarios.rerun import kept_scenarios

            with opened_store(store) as known, Progress(_, quiet=as_json) as progress:
                first, second = kept_scenarios(case, [a, b], known, progress.step)
        found = difference(first, second, _)
        if as_json:
            print_json(to_document(found))
        else:
            from scenarios.show_difference import show_difference

            show_difference(found, console(), _)
