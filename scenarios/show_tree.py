"""The scenarios of a case as a tree on the console."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.tree import Tree

from optimizer.errors import Translate
from scenarios.tree import Leaf


def show_tree(case_name: str, leaves: Sequence[Leaf], console: Console, _: Translate) -> None:
    """Print each scenario under its first parent, with what it changes against its parents."""
    if not leaves:
        console.print(_("The case has no scenarios: it is run as it is."))
        return
    root = Tree(f"[bold]{escape(case_name)}[/]")
    branch: dict[str, Tree] = {}
    for leaf in leaves:
        above = branch[leaf.parents[0]] if leaf.parents else root
        branch[leaf.name] = above.add(_heading(leaf, _))
        for setting in leaf.settings:
            before = f"{setting.before} → " if setting.before else ""
            branch[leaf.name].add(
                f"[cyan]{escape(setting.key)}[/]: {escape(before + (setting.after or '-'))}"
            )
        reasons = dict.fromkeys(s.reason for s in leaf.settings if s.reason)
        for reason in reasons:
            if reason != leaf.description:
                branch[leaf.name].add(f"[dim]{escape(reason)}[/]")
    console.print(root)


def tree_document(leaves: Sequence[Leaf]) -> list[dict[str, Any]]:
    """The tree for machines."""
    return [asdict(leaf) for leaf in leaves]


def _heading(leaf: Leaf, _: Translate) -> str:
    text = f"[bold]{escape(leaf.name)}[/]"
    if leaf.is_default:
        text += f" [green]({_('default')})[/]"
    if len(leaf.parents) > 1:
        text += " " + escape(_("also extends {names}").format(names=", ".join(leaf.parents[1:])))
    if leaf.description:
        text += f"  [italic]{escape(leaf.description)}[/]"
    return text
