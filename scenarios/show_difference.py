"""Two runs side by side on the console, at 80 columns."""

from __future__ import annotations

from rich.console import Console
from rich.markup import escape

from optimizer.errors import Translate
from scenarios.difference import ALONE, DISSOLVED, KEPT, Change, Difference
from scenarios.kept import KeptRun
from scenarios.show_table import table, verdict_text

TOWNSHIPS_SHOWN = 12


def show_difference(found: Difference, console: Console, _: Translate) -> None:
    """Print what A and B are, then what differs: inputs, measures, townships, decisions."""
    for letter, run in (("A", found.a), ("B", found.b)):
        console.print(f"[bold]{letter}[/]  " + escape(run_line(run)))
    if found.a.plan.digest == found.b.plan.digest:
        console.print("[green]" + _("Both runs decide exactly the same."))
    if not found.same_data:
        console.print(
            _("The two runs saw different data: measures differ for that reason too."),
            style="yellow",
        )
    _show_inputs(found, console, _)
    _show_measures(found, console, _)
    _show_townships(found, console, _)
    _show_decisions(found, console, _)


def run_line(run: KeptRun) -> str:
    """Which run it is, in one line."""
    parts = [run.case_name]
    if run.scenario and run.scenario != run.label:
        parts.append(run.scenario)
    return f"{run.label}  " + " · ".join([*parts, run.status])


def _show_inputs(found: Difference, console: Console, _: Translate) -> None:
    if found.inputs:
        console.print("[bold]" + _("What the scenarios set differently"))
        for key, a, b in found.inputs:
            shown = [_("as in the case") if v is None else v or "-" for v in (a, b)]
            console.print(f"  {key}: {shown[0]} → {shown[1]}", markup=False)
    elif not found.same_policy:
        console.print(_("The two runs kept different policies."), style="yellow")


def _show_measures(found: Difference, console: Console, _: Translate) -> None:
    grid = table(
        _("Measures"),
        (_("Measure"), "left"),
        ("A", "right"),
        ("B", "right"),
        (_("Change"), "right"),
    )
    same = 0
    for m in found.measures:
        if m.change in ("", "0"):
            same += 1
            continue
        change = verdict_text(m.change, m.verdict)
        grid.add_row(escape(m.heading), escape(m.shown(m.today)), escape(m.shown(m.plan)), change)
    if grid.row_count:
        console.print(grid)
    console.print(_("{n} measures are the same.").format(n=same))


def _show_townships(found: Difference, console: Console, _: Translate) -> None:
    differ = [t for t in found.townships if t.differs]
    if not differ:
        console.print(_("No township is served differently."))
        return
    # The greatest changes, losses first.
    shown = sorted(differ, key=lambda t: -abs(t.change_min))[:TOWNSHIPS_SHOWN]
    shown.sort(key=lambda t: (-t.change_min, t.name))
    grid = table(
        _("Townships that are served differently: {n} of {all}").format(
            n=len(differ), all=len(found.townships)
        ),
        (_("Township"), "left"),
        (_("Responsible in A"), "left"),
        (_("Responsible in B"), "left"),
        (_("Response, min"), "right"),
        (_("Change"), "right"),
    )
    for t in shown:
        verdict = "worse" if t.change_min > 0 else "better" if t.change_min < 0 else ""
        values = ["-" if x is None else f"{x.mean_response_min:.1f}" for x in (t.a, t.b)]
        grid.add_row(
            escape(t.name),
            escape("-" if t.a is None else t.a.responsible),
            escape("-" if t.b is None else t.b.responsible),
            "→".join(values),
            verdict_text(f"{t.change_min:+.1f}", verdict),
        )
    console.print(grid)
    if len(differ) > len(shown):
        console.print(_("{n} more: --json lists them all").format(n=len(differ) - len(shown)))


def _show_decisions(found: Difference, console: Console, _: Translate) -> None:
    console.print(_("{n} bundles are the same in both.").format(n=found.same_bundles))
    titles = {
        "bundle": (_("Bundles"), _("Stations")),
        "road_duty": (_("Road duty"), _("Roads of")),
        "squad": (_("Traffic squads"), _("Squad")),
        "move": (_("Officers reassigned"), _("From → to")),
        "strength": (_("Officers in the plan"), _("Unit")),
    }
    for kind, (title, first) in titles.items():
        changes = [c for c in found.decisions if c.kind == kind]
        if not changes:
            continue
        numeric = "right" if kind in ("move", "strength") else "left"
        grid = table(title, (first, "left"), ("A", numeric), ("B", numeric))
        for change in changes:
            grid.add_row(*(escape(cell) for cell in _cells(change, _)))
        console.print(grid)


def _cells(change: Change, _: Translate) -> tuple[str, str, str]:
    words = {ALONE: _("stays alone"), DISSOLVED: _("dissolved"), KEPT: _("kept"), "": "-"}
    return change.what, words.get(change.a, change.a), words.get(change.b, change.b)
