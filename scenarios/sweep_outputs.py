"""The output folder of a sweep: one table of all points, the tornado and the robust plan."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pandas as pd

from geo.atomic import atomic_folder, atomic_path, write_text
from geo.maps import write_map
from geo.safe_text import write_csv
from optimizer.errors import Translate
from scenarios.fan_out import versions
from scenarios.manifest import write_manifest
from scenarios.sweep import MEASURES, TODAY_MEASURES, Sweep
from scenarios.sweep_regret import Candidate
from scenarios.sweep_years import year_kind
from scenarios.titles import case_title
from scenarios.tornado import tornado, tornado_figure

CANDIDATES_LISTED = 20


def write_sweep(sweep: Sweep, out: Path, _: Translate, command: Sequence[str]) -> tuple[str, ...]:
    """Write a finished sweep into the folder `out`, all or nothing.

    Args:
        sweep: The sweep.
        out: Folder to make; an earlier one of ours is replaced.
        _: Translation of the picture. Column names stay, for programs.
        command: For the manifest.

    Returns:
        Names of the files written.

    Raises:
        InputError: `out` cannot be written, or holds something that is not ours.
    """
    table = results_table(sweep)
    bars = tornado(sweep)
    with atomic_folder(out) as folder:
        with atomic_path(folder / "results.parquet") as aside:
            table.to_parquet(aside, index=False)
        rows = table.astype(object).where(table.notna(), None)
        write_csv(folder / "results.csv", [*table.columns], rows.itertuples(index=False, name=None))
        header = ["measure", "key", "swing", "smallest", "smallest_at", "largest", "largest_at"]
        write_csv(
            folder / "tornado.csv", header, [[getattr(b, name) for name in header] for b in bars]
        )
        figure = tornado_figure(bars, measure_labels(_), _title(sweep, _), _)
        write_map(figure, folder / "tornado", ("png", "svg"))
        write_text(folder / "robust.json", _json(robust_document(sweep)))
        if sweep.candidates:
            write_text(folder / "robust_plan.json", sweep.candidates[0].plan.to_json())
        return write_manifest(folder, **_facts(sweep, command))


def results_table(sweep: Sweep) -> pd.DataFrame:
    """One row per point: number, swept values, year, status, measures, digests of the plan."""
    points = sweep.design.points()
    kind = year_kind(sweep.world.log) if sweep.design.years else None
    columns: dict[str, list[Any]] = {"point": list(range(len(points)))}
    for row, axis in enumerate(sweep.design.axes):
        columns[axis.key] = _typed([p.values[row] for p in points])
    if kind is not None:
        columns["year"] = [p.year for p in points]
        columns["year_drawn_by"] = [kind] * len(points)
        columns["year_alerts"] = [r["drawn_alerts"] for r in sweep.results]
    results = sweep.results
    columns["status"] = [r["status"] for r in results]
    columns["why"] = [r["why"] for r in results]
    for name in (*MEASURES, *(f"today_{m}" for m in TODAY_MEASURES)):
        columns[name] = [r["measures"].get(name) for r in results]
    columns["bundling_digest"] = [r["bundling"] for r in results]
    columns["plan_digest"] = [r["plan"] for r in results]
    frame = pd.DataFrame(columns)
    numbers = [*MEASURES, *(f"today_{m}" for m in TODAY_MEASURES)]
    frame[numbers] = frame[numbers].astype(float)
    return frame


def robust_document(sweep: Sweep) -> dict[str, Any]:
    """The bundlings against each other, for machines."""
    solved = sum(r["plan"] is not None for r in sweep.results)
    return {
        "objective": "bundling, in officers",
        "points": len(sweep.results),
        "points_with_a_plan": solved,
        "distinct_bundlings": sweep.bundlings,
        "bundlings_judged": len(sweep.candidates),
        "years_drawn_by": year_kind(sweep.world.log) if sweep.design.years else None,
        "robust": _candidate(sweep.candidates[0]) if sweep.candidates else None,
        "candidates": [_candidate(c) for c in sweep.candidates[:CANDIDATES_LISTED]],
    }


def _candidate(candidate: Candidate) -> dict[str, Any]:
    listed = candidate.breaks_at == 0 or candidate.max_regret != float("inf")
    return {
        "found_first_at_point": candidate.point,
        "best_at_points": candidate.found_at,
        "breaks_a_rule_at_points": candidate.breaks_at,
        "max_regret_officers": candidate.max_regret if listed else None,
        "mean_regret_officers": candidate.mean_regret if listed else None,
        "bundles": [asdict(b) for b in candidate.plan.bundles if len(b.station_ids) > 1],
    }


def measure_labels(_: Translate) -> dict[str, str]:
    """What a planner calls the measures that are drawn, with their units."""
    measured = _("{measure}, {unit}")
    return {
        "objective": _("Price of the bundling, officers"),
        "officers_freed": _("Officers freed by bundling"),
        "mean_response_min": measured.format(measure=_("Mean response"), unit=_("min")),
        "share_within_fraction": measured.format(measure=_("Alerts within the standard"), unit="%"),
    }


def _title(sweep: Sweep, _: Translate) -> str:
    world = sweep.world
    name = case_title(world.case.spec.name, world.scenario)
    text = _("{name}: what moves the answer, {n} points").format(name=name, n=len(sweep.results))
    if sweep.design.years and world.log is None:
        text += " · " + _("years modelled: Poisson")
    return text


def _typed(values: Sequence[str]) -> list[Any]:
    """Numbers where all values are numbers, else text as written."""
    try:
        return [float(v) for v in values]
    except ValueError:
        return list(values)


def _facts(sweep: Sweep, command: Sequence[str]) -> dict[str, Any]:
    design = sweep.design
    return {
        "command": list(command),
        "case": sweep.world.case.spec.name,
        "scenario": sweep.world.scenario,
        "sets": list(sweep.world.sets),
        "sweep_digest": sweep.digest,
        "axes": {a.key: list(a.listed or a.ends()) for a in design.axes},
        "points": len(design),
        "samples": design.samples,
        "years": design.years,
        "seed": design.seed,
        "versions": versions(),
    }


def _json(document: Any) -> str:
    text = json.dumps(document, ensure_ascii=False, indent=1, sort_keys=True, allow_nan=False)
    return text + "\n"
