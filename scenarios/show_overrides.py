"""What a scenario changes and why, on the console."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Console
from rich.markup import escape
from rich.padding import Padding
from rich.text import Text

from optimizer.errors import Translate
from scenarios.scenario import Override


def show_overrides(
    overrides: Sequence[Override], description: str, console: Console, _: Translate
) -> None:
    """Print each change with its reason; changes of one origin and reason stand together.

    Args:
        overrides: What the scenario changes, in order.
        description: What the scenario says of itself, printed before; it is not said again.
        console: Where to.
        _: Translation.
    """
    if not overrides:
        return
    console.print(f"[bold]{_('What the scenario changes, and why')}[/] ({len(overrides)})")
    groups: dict[tuple[str, str], list[Override]] = {}
    for one in overrides:
        groups.setdefault((one.origin, one.reason_text(_)), []).append(one)
    for (origin, why), group in groups.items():
        head = Text(origin, style="cyan")
        if why and why != description:
            head.append(_(": ")).append(why, style="italic")
        console.print(Padding(head, (0, 0, 0, 2), expand=False))
        for one in group:
            _show_change(one, console, _)


def _show_change(one: Override, console: Console, _: Translate) -> None:
    where = f" [dim]({escape(one.place)})[/]" if one.place and one.place not in one.key else ""
    before, after = escape(one.before), escape(one.after or "-")
    change = f"{before} → {after}" if before and before != "-" else after
    lines = [f"{escape(one.key)}{where}{_(': ')}{change}"]
    if one.effect is not None:
        lines.append(f"  [dim]{escape(one.effect.text(_))}[/]")
    for line in lines:
        console.print(Padding(line, (0, 0, 0, 4), expand=False))
