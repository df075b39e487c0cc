"""The simulation as JSON, tables and a picture, all or nothing."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from geo.atomic import atomic_folder, write_text
from geo.fonts import map_fonts
from geo.safe_text import write_csv
from optimizer.errors import Translate
from optimizer.policy import Policy
from optimizer.simulation import SimulationResult
from optimizer.simulation_load import Load
from optimizer.simulation_measures import BIN_MIN, BINS, Compared
from scenarios.documents import json_text
from scenarios.keeping import versions
from scenarios.manifest import write_manifest
from scenarios.run import Run
from scenarios.simulation_table import headline
from scenarios.tables import names

_TODAY_COLOUR, _PLAN_COLOUR = "#4477aa", "#cc6677"
_SHOWN_FRACTION = 0.995


def simulation_document(
    run: Run, result: SimulationResult, assumed: Mapping[str, str], policy: Policy
) -> dict[str, Any]:
    """Everything as plain values; null where there is no value or it is infinite."""
    assert run.result.plan is not None
    return {
        "case": run.loaded.county.name,
        "scenario": run.scenario,
        "plan_digest": run.result.plan.digest,
        "county_digest": run.loaded.county.digest,
        "simulation": policy.simulation.model_dump(mode="json"),
        "assumed": dict(assumed),
        "replications": result.replications,
        "precise": result.precise,
        "days": result.days,
        "warm_up_days": result.warm_up_days,
        "seed": result.seed,
        "confidence": 0.95,
        "quantile_error_min": BIN_MIN,
        "growing": list(result.growing),
        "overloaded_today": [_load(one) for one in result.overloaded_today],
        "overloaded_plan": [_load(one) for one in result.overloaded_plan],
        "groups": [list(g) for g in result.ground.groups],
        "townships": list(result.ground.townships),
        "bundles": list(result.ground.bundles),
        "units_today": [_load(one) for one in result.load_today],
        "units_plan": [_load(one) for one in result.load_plan],
        "measures": {
            name: {f: _plain(getattr(c, f)) for f in Compared.__dataclass_fields__}
            for name, c in result.measures.items()
        },
    }


def write_simulation(
    run: Run,
    result: SimulationResult,
    document: Mapping[str, Any],
    out: Path,
    _: Translate,
    command: Sequence[str],
) -> tuple[str, ...]:
    """Write the simulation into the folder `out`.

    Returns:
        Names of the files written.

    Raises:
        InputError: `out` cannot be written, or holds something else.
    """
    with atomic_folder(out) as folder:
        write_text(folder / "simulation.json", json_text(document))
        _write_loads(result, names(run), folder, _)
        if result.measures:
            _write_tables(result, folder, _)
            _write_crews(result, names(run), folder, _)
            with map_fonts():
                response_chart(result, _).savefig(
                    folder / "responses.png", dpi=150, metadata={"Software": None}
                )
        return write_manifest(
            folder,
            command=list(command),
            plan_digest=document["plan_digest"],
            seed=result.seed,
            versions=versions(),
        )


def response_chart(result: SimulationResult, _: Translate) -> Figure:
    """Share of alerts reached within so many minutes, today and plan."""
    with map_fonts():
        figure = Figure(figsize=(7.0, 4.2), layout="constrained")
        axes = figure.subplots()
        edge = np.arange(1, BINS + 1) * BIN_MIN
        last = 1.0
        for histogram, label, colour in (
            (result.histogram_today, _("Today"), _TODAY_COLOUR),
            (result.histogram_plan, _("Plan"), _PLAN_COLOUR),
        ):
            share = np.cumsum(histogram)[:BINS] / max(float(histogram.sum()), 1.0)
            axes.plot(edge, 100.0 * share, label=label, color=colour, linewidth=1.8)
            beyond = np.flatnonzero(share >= _SHOWN_FRACTION)
            last = max(last, edge[beyond[0]] if len(beyond) else edge[-1])
        axes.set_xlim(0.0, last)
        axes.set_ylim(0.0, 100.0)
        axes.set_xlabel(_("Minutes from alert to arrival"))
        axes.set_ylabel(_("Alerts reached, %"))
        axes.grid(alpha=0.3)
        axes.legend(loc="lower right")
    return figure


def _write_tables(result: SimulationResult, folder: Path, _: Translate) -> None:
    intervals = (
        _("Today"), _("± of today"), _("Plan"), _("± of the plan"), _("Change"),
        _("± of the change"),
    )  # fmt: skip
    fields = (
        "today", "today_half_width", "plan", "plan_half_width", "change", "change_half_width",
    )  # fmt: skip
    write_csv(
        folder / "simulation.csv",
        (_("Measure"), _("Unit"), *intervals),
        [
            (r.label, r.unit.replace("%", _("share")), *(_rounded(getattr(r, f)) for f in fields))
            for r in headline(result, _)
        ],
    )
    by_group = [n for n, c in result.measures.items() if len(c.today.shape) and n in _GROUPED]
    rows = []
    for i, (kind, label) in enumerate(result.ground.groups):
        if result.measures["alerts_per_day"].today[i] > 0:
            rows += [
                (
                    kind,
                    label,
                    name,
                    *(_rounded(float(getattr(result.measures[name], f)[i])) for f in fields),
                )
                for name in by_group
            ]
    write_csv(
        folder / "simulation_groups.csv", (_("Kind"), _("Group"), _("Measure"), *intervals), rows
    )
    places = []
    for name, labels in (
        ("patrol_min_per_day", result.ground.townships),
        ("bundle_utilisation_fraction", result.ground.bundles),
        ("bundle_none_free_fraction", result.ground.bundles),
    ):
        places += [
            (name, label, *(_rounded(float(getattr(result.measures[name], f)[i])) for f in fields))
            for i, label in enumerate(labels)
        ]
    write_csv(folder / "simulation_places.csv", (_("Measure"), _("Place"), *intervals), places)


_GROUPED = (
    "alerts_per_day", "response_mean_min", "response_p50_min", "response_p80_min",
    "response_p90_min", "response_p95_min", "within_fraction", "wait_mean_min", "waits_fraction",
    "waits_long_fraction",
)  # fmt: skip


def _write_loads(
    result: SimulationResult, name: Mapping[str, str], folder: Path, _: Translate
) -> None:
    over = {x.unit_id for x in (*result.overloaded_today, *result.overloaded_plan)}
    rows = [
        (
            deployment,
            f.unit_id,
            name[f.unit_id],
            _rounded(f.crews),
            _rounded(f.utilisation_fraction),
            f.crews_that_hold,
            _rounded(f.officers_that_hold),
            _("yes") if f.unit_id in over else _("no"),
        )
        for deployment, loads in (
            (_("Today"), result.load_today),
            (_("Plan"), result.load_plan),
        )
        for f in loads
    ]
    write_csv(
        folder / "simulation_units.csv",
        (
            _("Deployment"),
            _("Unit id"),
            _("Unit"),
            _("Crews"),
            _("Own work over crews' time"),
            _("Crews that hold"),
            _("Officers for them"),
            _("Queue without end"),
        ),
        rows,
    )


def _write_crews(
    result: SimulationResult, name: Mapping[str, str], folder: Path, _: Translate
) -> None:
    busy = result.measures["crew_utilisation_fraction"]
    rows = []
    for deployment, units, mean, half in (
        (_("Today"), result.crew_units_today, busy.today, busy.today_half_width),
        (_("Plan"), result.crew_units_plan, busy.plan, busy.plan_half_width),
    ):
        number: dict[str, int] = {}
        for i, unit in enumerate(units):
            number[unit] = number.get(unit, 0) + 1
            rows.append(
                (
                    deployment,
                    unit,
                    name[unit],
                    number[unit],
                    _rounded(float(mean[i])),
                    _rounded(float(half[i])),
                )
            )
    write_csv(
        folder / "simulation_crews.csv",
        (_("Deployment"), _("Unit id"), _("Unit"), _("Crew"), _("Busy, share"), "±"),
        rows,
    )


def _load(load: Load) -> dict[str, Any]:
    return {
        "unit_id": load.unit_id,
        "crews": load.crews,
        "utilisation_fraction": _plain(load.utilisation_fraction),
        "crews_that_hold": load.crews_that_hold,
        "officers_that_hold": load.officers_that_hold,
    }


def _plain(values: Any) -> Any:
    """Numbers for JSON: rounded, null for NaN and infinity."""
    if isinstance(values, np.ndarray) and values.ndim:
        return [_plain(v) for v in values.tolist()]
    return _rounded(float(values))


def _rounded(value: float) -> float | None:
    return round(value, 6) if math.isfinite(value) else None
