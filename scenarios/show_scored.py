"""A scored plan from outside, on the console and as JSON."""

from __future__ import annotations

from typing import Any

from rich.console import Console
from rich.markup import escape

from optimizer.errors import Translate
from scenarios.compare import measures, township_changes
from scenarios.documents import proof_documents
from scenarios.handmade import Scored
from scenarios.show import show_proofs
from scenarios.show_table import table, verdict_text
from scenarios.tables import names_in

TOWNSHIPS_SHOWN = 5


def show_scored(scored: Scored, scenario: str | None, console: Console, _: Translate) -> None:
    """Print the verdict on the rules, today against the plan, the bundles, who waits longer."""
    title = " · ".join(filter(None, (scored.loaded.county.name, scenario)))
    console.rule(f"[bold]{escape(title)}")
    if scored.broken:
        console.print(
            "[bold red]" + _("Rules that the plan breaks: {n}").format(n=len(scored.broken)) + "[/]"
        )
        for broken in scored.broken:
            console.print("  ✗ " + broken.text(_), style="red", markup=False)
    else:
        console.print("[green]✓ " + _("The plan keeps every rule that was judged.") + "[/]")
    if scored.judged == "bundles":
        console.print(
            _("Only the bundles were judged; --complete decides road duty and strength too.")
        )
    show_proofs(scored.proofs, console, _, names_in(scored.loaded.county))
    grid = table(
        _("Today against the plan"),
        (_("Measure"), "left"),
        (_("Today"), "right"),
        (_("Plan"), "right"),
        (_("Change"), "right"),
    )
    for m in measures(scored.today, scored.evaluation, _):
        grid.add_row(
            escape(m.heading),
            escape(m.shown(m.today)),
            escape(m.shown(m.plan)),
            verdict_text(m.change, m.verdict),
        )
    console.print(grid)
    _show_bundles(scored, console, _)
    losers = [c for c in township_changes(scored.today, scored.evaluation) if c.loses]
    for c in losers[:TOWNSHIPS_SHOWN]:
        console.print(
            _("{township}: {minutes} min longer ({centre}; {residents} residents)").format(
                township=c.plan.township,
                minutes=f"{c.mean_response_change_min:.1f}",
                centre=c.plan.responsible,
                residents=f"{c.plan.population:,.0f}",
            ),
            markup=False,
        )
    if len(losers) > TOWNSHIPS_SHOWN:
        n = len(losers) - TOWNSHIPS_SHOWN
        console.print(_("{n} more: --json lists them all").format(n=n))


def _show_bundles(scored: Scored, console: Console, _: Translate) -> None:
    grid = table(
        _("Bundles"),
        (_("Centre station"), "left"),
        (_("Police offices"), "left"),
        (_("Freed"), "right"),
        (_("Response, min"), "right"),
        (_("Within"), "right"),
    )
    for b in scored.evaluation.bundles:
        offices = [
            n for s, n in zip(b.station_ids, b.station_names, strict=True) if s != b.centre_id
        ]
        if offices:
            grid.add_row(
                escape(b.centre_name),
                escape("、".join(offices)),
                f"{b.officers_freed:.1f}",
                f"{b.mean_response_today_min:.1f}→{b.mean_response_min:.1f}",
                f"{b.share_within_fraction:.0%}" + ("" if b.meets_response_standard else " ✗"),
            )
    console.print(grid if grid.row_count else _("No stations are bundled."))


def scored_document(scored: Scored, scenario: str | None, _: Translate) -> dict[str, Any]:
    """The score for machines."""
    return {
        "case": scored.loaded.county.name,
        "scenario": scenario,
        "judged": scored.judged,
        "keeps_every_rule": not scored.broken,
        "violations": [
            {
                "rule": b.rule,
                "where": b.where,
                "value": b.value,
                "limit": b.limit,
                "text": b.text(_),
            }
            for b in scored.broken
        ],
        "proofs": proof_documents(scored.proofs),
        "today": scored.today.to_dict(),
        "plan": scored.evaluation.to_dict(),
    }
