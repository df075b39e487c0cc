"""Kept runs on the console and as JSON."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from rich.console import Console
from rich.markup import escape

from optimizer.errors import Translate
from scenarios.compare import measures
from scenarios.documents import evaluation_of, json_text, proofs_of
from scenarios.show import show_proofs
from scenarios.show_table import table, verdict_text
from scenarios.store_record import RunSummary, StoredRun


def show_runs(
    runs: Sequence[RunSummary], location: str, console: Console, _: Translate, limit: int
) -> None:
    """Print the list, newest first."""
    grid = table(
        _("Runs in {store}").format(store=location),
        (_("Run"), "left"),
        (_("When"), "left"),
        (_("Case"), "left"),
        (_("Scenario"), "left"),
        (_("Status"), "left"),
    )
    for column in (0, 1, 4):
        grid.columns[column].no_wrap = True
    for run in runs:
        grid.add_row(
            run.run_id,
            f"{run.created_at.astimezone():%m-%d %H:%M}",
            escape(run.case_name),
            escape(run.scenario or "-"),
            run.status.value,
        )
    if not runs:
        console.print(_("No runs in {store}.").format(store=location), markup=False)
        return
    console.print(grid)
    if len(runs) == limit:
        console.print(_("The newest {n}; --limit shows more.").format(n=limit))


def show_stored(stored: StoredRun, console: Console, _: Translate) -> None:
    """Print one kept run: what went in, what was proven, today against the plan."""
    record = stored.record
    document = json.loads(record.evaluation)
    title = " · ".join(filter(None, (record.case_name, record.scenario)))
    console.rule(f"[bold]{escape(title)}")
    lines = [
        (_("Run"), stored.run_id),
        (_("When"), f"{record.created_at.astimezone():%Y-%m-%d %H:%M %z}"),
        (_("Command"), " ".join(record.command)),
        (_("Versions"), f"jingli {record.version}, Python {record.versions.get('python', '?')}"),
    ]
    for label, value in lines:
        console.print(f"{label}: {value}", markup=False)
    for one in document["overrides"]:
        reason = f"  ({one['reason']})" if one["reason"] else ""
        console.print(
            f"  {one['key']}: {one['before'] or '-'} → {one['after'] or '-'}{reason}", markup=False
        )
    today = evaluation_of(document["today"])
    name = {
        s: n for b in today.bundles for s, n in zip(b.station_ids, b.station_names, strict=True)
    }
    show_proofs(proofs_of(json.loads(record.proofs)), console, _, name)
    if document["plan"] is None:
        return
    plan = evaluation_of(document["plan"])
    grid = table(
        _("Today against the plan"),
        (_("Measure"), "left"),
        (_("Today"), "right"),
        (_("Plan"), "right"),
        (_("Change"), "right"),
    )
    for m in measures(today, plan, _):
        grid.add_row(
            escape(m.heading),
            escape(m.shown(m.today)),
            escape(m.shown(m.plan)),
            verdict_text(m.change, m.verdict),
        )
    console.print(grid)
    for b in plan.bundles:
        offices = [
            n for s, n in zip(b.station_ids, b.station_names, strict=True) if s != b.centre_id
        ]
        if offices:
            console.print(f"  {b.centre_name} ← {'、'.join(offices)}", markup=False)


def runs_json(runs: Sequence[RunSummary]) -> str:
    """The list for machines."""
    return json_text([_summary(r) for r in runs])


def run_json(stored: StoredRun) -> str:
    """One run for machines, with its plan."""
    record = stored.record
    return json_text(
        {
            "run_id": stored.run_id,
            "created_at": record.created_at.isoformat(),
            "case_typed": record.case_folder,
            "seed": record.seed,
            "version": record.version,
            "versions": dict(record.versions),
            "command": list(record.command),
            "evaluation": json.loads(record.evaluation),
            "plan": None if record.plan is None else json.loads(record.plan),
        }
    )


def _summary(run: RunSummary) -> dict[str, Any]:
    return {
        "run_id": run.run_id,
        "created_at": run.created_at.isoformat(),
        "case": run.case_name,
        "case_typed": run.case_folder,
        "scenario": run.scenario,
        "status": run.status.value,
        "seed": run.seed,
        "version": run.version,
        "county_digest": run.county_digest,
        "policy_digest": run.policy_digest,
    }
