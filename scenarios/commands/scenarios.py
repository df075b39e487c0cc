"""`jingli scenarios`: the what-ifs of a case and how they inherit."""

from __future__ import annotations

import click

from scenarios.commands.common import CASE, JSON, LANG, Failures, console, language_of, print_json
from scenarios.language import Language


@click.command(
    "scenarios", help="The scenarios of a case: who inherits from whom, what each changes."
)
@CASE
@JSON
@LANG
def scenarios_command(case: str, as_json: bool, lang: Language | None) -> None:
    """See the decorator."""
    _language, _ = language_of(lang)
    with Failures(_):
        from scenarios.case import open_case
        from scenarios.show_tree import show_tree, tree_document
        from scenarios.tree import scenario_tree

        opened = open_case(case)
        leaves = scenario_tree(opened)
        if as_json:
            print_json(tree_document(leaves))
        else:
            show_tree(opened.spec.name, leaves, console(), _)
