"""What `jingli run --dry-run` says: what would be computed, and whether it is known already."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from rich.console import Console
from rich.markup import escape

from optimizer.errors import Translate
from scenarios.scenario import Override
from scenarios.show_overrides import show_overrides


def show_foreseen(
    foreseen: Mapping[str, Any], overrides: Sequence[Override], console: Console, _: Translate
) -> None:
    """Print it.

    Args:
        foreseen: As `RunJob.foreseen` gives it.
        overrides: What the scenario changes, in order.
        console: Where to.
        _: Translation.
    """
    title = " · ".join(filter(None, (foreseen["case"], foreseen["scenario"])))
    console.rule(f"[bold]{escape(title)}")
    counts = [
        (_("Stations"), foreseen["stations"]),
        (_("Cells"), foreseen["cells"]),
        (_("Traffic squads"), foreseen["squads"]),
        (_("Functional units"), foreseen["units"]),
    ]
    console.print(" · ".join(f"{label}: {n}" for label, n in counts), markup=False)
    show_overrides(overrides, "", console, _)
    for warning in foreseen["warnings"]:
        console.print(f"  - {warning}", markup=False, style="yellow")
    steps = [_("bundling")]
    if foreseen["dissolves_squads"]:
        steps.append(_("traffic consolidation"))
    if foreseen["reassigns"]:
        steps.append(_("reassignment"))
    known = foreseen["found_in_store"]
    if known is not None:
        said = _("Nothing would be solved: the run store has it as {run_id}.").format(run_id=known)
    else:
        said = _("Would be solved: {steps}; at most {seconds} s each.").format(
            steps=", ".join(steps), seconds=f"{foreseen['time_limit_s']:g}"
        )
    console.print(said, markup=False)
    console.print(_("Dry run: nothing was solved, kept or written."))
