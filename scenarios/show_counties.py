"""A province on the console: a row for each county, and all of them together."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Console
from rich.markup import escape

from optimizer.errors import Translate
from optimizer.result import Status
from scenarios.compare import township_changes
from scenarios.counties import totals
from scenarios.run import Run
from scenarios.show_lines import say_lines
from scenarios.show_table import table


def show_counties(
    runs: Sequence[tuple[Run, str | None, bool]],
    console: Console,
    _: Translate,
    joint: Sequence[str] = (),
) -> None:
    """Print one table at 80 columns.

    Args:
        runs: Each county's run, its id in the store, and whether it was found there.
        console: Where to print.
        _: Translation.
        joint: Names of the counties that are several solved as one.
    """
    grid = table(
        _("Counties"),
        (_("County"), "left"),
        (_("Bundled"), "right"),
        (_("Freed"), "right"),
        (_("Response min"), "right"),
        (_("Moved"), "right"),
        (_("Lose"), "right"),
        (_("Status"), "right"),
    )
    for run, _run_id, _found in runs:
        grid.add_row(escape(run.loaded.county.name), *_cells(run), _status(run))
    planned = [run for run, _run_id, _found in runs if run.plan is not None]
    if planned:
        all_ = totals(planned)
        grid.add_section()
        grid.add_row(
            _("All planned"),
            f"{all_['stations_bundled']:.0f} → {all_['centres']:.0f}",
            f"{all_['officers_freed']:.1f}",
            f"{all_['mean_response_today_min']:.1f} → {all_['mean_response_min']:.1f}",
            f"{all_['officers_reassigned']:.0f}",
            f"{all_['townships_losing']:.0f}",
            f"{len(planned)} / {len(runs)}",
        )
    console.print(grid)
    console.print(
        _(
            "Bundled: stations → centres. Freed, moved: officers. Response: alert-weighted mean, "
            "today → plan. Lose: townships that wait longer."
        )
    )
    _show_losers(planned, console, _)
    if not joint:
        console.print(_("No bundle crosses a county."))
    for name in joint:
        line = _("Bundles may cross a border here, solved as one: {counties}")
        console.print(line.format(counties=name), markup=False)
    if any(run_id is not None for _run, run_id, _found in runs):
        console.print(_("`jingli show RUN` shows one county in full:"))
    for run, run_id, found in runs:
        if run_id is not None:
            note = "  " + _("(found, not solved again)") if found else ""
            console.print(f"  {run_id}  {run.loaded.county.name}{note}", markup=False)
    for run, _run_id, _found in runs:
        rules = sorted({r for p in run.result.proofs for r in p.clashing_rules})
        if run.plan is None and rules:
            line = _("{county}: these rules clash: {rules}").format(
                county=run.loaded.county.name, rules=", ".join(rules)
            )
            console.print(line, markup=False, style="red")


def _show_losers(planned: Sequence[Run], console: Console, _: Translate) -> None:
    """Who loses most in each county, and how many lose the standard."""
    for run in planned:
        if run.plan is None:
            continue
        changes = [c for c in township_changes(run.today, run.plan) if c.loses]
        if not changes:
            continue
        worst = changes[0]
        line = _(
            "{county}: {township} loses most, {before} → {after} min; {residents} residents lose "
            "the standard"
        ).format(
            county=run.loaded.county.name,
            township=worst.plan.township,
            before=f"{worst.today.mean_response_min:.1f}",
            after=f"{worst.plan.mean_response_min:.1f}",
            residents=f"{sum(c.residents_losing_standard for c in changes):,.0f}",
        )
        say_lines(line, console)


def _cells(run: Run) -> tuple[str, str, str, str, str]:
    if run.plan is None:
        return ("–",) * 5
    return (
        f"{run.plan.stations_bundled} → {run.plan.centres}",
        f"{run.plan.officers_freed:.1f}",
        f"{run.today.mean_response_min:.1f} → {run.plan.mean_response_min:.1f}",
        f"{run.plan.officers_reassigned}",
        f"{sum(c.loses for c in township_changes(run.today, run.plan))}",
    )


def _status(run: Run) -> str:
    status = run.result.status
    style = {Status.OPTIMAL: "green", Status.INFEASIBLE: "red"}.get(status, "yellow")
    return f"[{style}]{status.value}[/]"
