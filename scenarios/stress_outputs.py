"""A stress test as JSON, tables and pictures, all or nothing."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from matplotlib.figure import Figure

from geo.atomic import atomic_folder, write_text
from geo.fonts import map_fonts
from geo.safe_text import write_csv
from optimizer.errors import Translate
from optimizer.simulation_load import Load
from optimizer.simulation_measures import Compared
from optimizer.stress_break import Break
from optimizer.stress_runs import MEASURES, StressRow
from scenarios.documents import json_text
from scenarios.keeping import versions
from scenarios.manifest import write_manifest
from scenarios.run import Run
from scenarios.stress import StressResult
from scenarios.stress_texts import breaks, reasons_text, stress_text, verdicts
from scenarios.tables import names

_TODAY_COLOUR, _PLAN_COLOUR = "#4477aa", "#cc6677"
_CHART_BUNDLES = 25


def stress_document(run: Run, result: StressResult, _: Translate) -> dict[str, Any]:
    """Everything as plain values; null where there is no value or it is infinite."""
    assert run.result.plan is not None
    course = result.transition
    return {
        "case": run.loaded.county.name,
        "scenario": run.scenario,
        "plan_digest": run.result.plan.digest,
        "county_digest": run.loaded.county.digest,
        "stress": result.rules.model_dump(mode="json"),
        "assumed": list(result.assumed),
        "simulation": result.policy.simulation.model_dump(mode="json"),
        "confidence": 0.95,
        "market": result.market or None,
        "incident_townships": list(result.incident_townships),
        "stresses": [_row(result, row) for row in result.rows],
        "transition": None
        if course is None
        else {
            "changed_fraction": _plain(course.changed_fraction),
            "recovered_week": course.recovered_week,
            "weeks": [_row(result, row) for row in course.weeks],
        },
        "bundles": [_break(one) for one in result.breaks],
        "verdicts": verdicts(result, _),
    }


def write_stress(
    run: Run,
    result: StressResult,
    document: Mapping[str, Any],
    out: Path,
    _: Translate,
    command: Sequence[str],
) -> tuple[str, ...]:
    """Write the stress test into the folder `out`.

    Returns:
        Names of the files written.

    Raises:
        InputError: `out` cannot be written, or holds something else.
    """
    name = names(run)
    with atomic_folder(out) as folder:
        write_text(folder / "stress.json", json_text(document))
        _write_rows(folder / "stress.csv", result, result.rows, _)
        if result.transition is not None:
            _write_rows(folder / "stress_weeks.csv", result, result.transition.weeks, _)
            _save(transition_chart(result, _), folder / "stress_weeks.png")
        if result.breaks:
            _write_breaks(folder / "stress_bundles.csv", result, name, _)
            _save(break_chart(result, name, _), folder / "stress_bundles.png")
        return write_manifest(
            folder,
            command=list(command),
            plan_digest=document["plan_digest"],
            seed=result.rules.seed,
            versions=versions(),
        )


def transition_chart(result: StressResult, _: Translate) -> Figure:
    """Share within the standard in the plan's bundles, week by week, against today."""
    course = result.transition
    assert course is not None
    with map_fonts():
        figure = Figure(figsize=(7.0, 4.2), layout="constrained")
        axes = figure.subplots()
        rows = [w for w in course.weeks if w.measures]
        week = [w.stress.size + 1 for w in rows]
        share = [w.measures["within_fraction"] for w in rows]
        plan = [100 * float(s.plan) for s in share]
        half = [100 * float(s.plan_half_width) for s in share]
        axes.plot(week, plan, color=_PLAN_COLOUR, marker="o", markersize=3, label=_("Plan"))
        axes.fill_between(
            week,
            [p - h for p, h in zip(plan, half, strict=True)],
            [p + h for p, h in zip(plan, half, strict=True)],
            color=_PLAN_COLOUR,
            alpha=0.2,
            linewidth=0,
        )
        if rows:
            usual = rows[0].undisturbed["within_fraction"]
            axes.axhline(100 * float(usual.today), color=_TODAY_COLOUR, label=_("Today"))
            axes.axhline(
                100 * float(usual.plan),
                color=_PLAN_COLOUR,
                linestyle="--",
                label=_("Plan, ground known"),
            )
        axes.set_xlabel(_("Week after the rollout"))
        axes.set_ylabel(_("Alerts within the standard in the bundles, %"))
        axes.set_title(_("Modelled: the size and length of the dip are assumptions"), fontsize=9)
        axes.grid(alpha=0.3)
        axes.legend(loc="lower right")
    return figure


def break_chart(result: StressResult, name: Mapping[str, str], _: Translate) -> Figure:
    """Factor at which each bundle breaks, today and in the plan, first to break on top."""
    last = result.rules.break_factors[-1]
    shown = result.breaks[:_CHART_BUNDLES]
    with map_fonts():
        figure = Figure(figsize=(7.0, 1.4 + 0.28 * len(shown)), layout="constrained")
        axes = figure.subplots()
        row = range(len(shown))
        today = [min(one.factor_today, last) for one in shown]
        plan = [min(one.factor, last) for one in shown]
        axes.hlines(row, plan, today, color="#bbbbbb", linewidth=2, zorder=1)
        axes.scatter(today, row, color=_TODAY_COLOUR, label=_("Today"), zorder=2)
        axes.scatter(plan, row, color=_PLAN_COLOUR, label=_("Plan"), zorder=3, s=22)
        axes.set_yticks(list(row), [name[one.centre_id] for one in shown])
        axes.invert_yaxis()
        axes.set_xlim(0.9, last * 1.03)
        axes.set_xlabel(
            _("Alerts times so many when it breaks; at {last} or not at all").format(
                last=f"{last:g}"
            )
        )
        axes.grid(axis="x", alpha=0.3)
        axes.legend(loc="lower right")
    return figure


def _save(figure: Figure, path: Path) -> None:
    with map_fonts():
        figure.savefig(path, dpi=150, metadata={"Software": None})


def _write_rows(path: Path, result: StressResult, rows: Sequence[StressRow], _: Translate) -> None:
    fields = (
        "today", "today_half_width", "plan", "plan_half_width", "change", "change_half_width",
    )  # fmt: skip
    header = (
        _("Stress"), _("Size"), _("Measure"), _("Today"), _("± of today"), _("Plan"),
        _("± of the plan"), _("Change"), _("± of the change"), _("Today without it"),
        _("Plan without it"), _("Cost to the plan beyond today's"), _("± of it"),
        _("Today breaks"), _("Plan breaks"),
    )  # fmt: skip
    lines = []
    for row in rows:
        broken = [_("yes") if breaks(result, row, w) else _("no") for w in ("today", "plan")]
        for name in MEASURES if row.measures and not row.growing else ():
            usual = row.undisturbed[name]
            lines.append(
                (
                    stress_text(row.stress, _),
                    row.stress.size,
                    name,
                    *(_plain(getattr(row.measures[name], f)) for f in fields),
                    _plain(usual.today),
                    _plain(usual.plan),
                    *(_plain(v) for v in row.extra[name]),
                    *broken,
                )
            )
        if not row.measures or row.growing:
            lines.append((stress_text(row.stress, _), row.stress.size, "", *("",) * 10, *broken))
    write_csv(path, header, lines)


def _write_breaks(path: Path, result: StressResult, name: Mapping[str, str], _: Translate) -> None:
    header = (
        _("Unit id"), _("Centre or station"), _("Stations"), _("Plan breaks at ×"),
        _("Today at ×"), _("Because of"), _("Crews"), _("More crews that hold"),
        _("Officers for them"), _("Own work over crews' time"), _("Plan within the standard"),
        _("Today within the standard"),
    )  # fmt: skip
    write_csv(
        path,
        header,
        [
            (
                one.centre_id,
                name[one.centre_id],
                one.stations,
                _plain(one.factor),
                _plain(one.factor_today),
                reasons_text(one.reasons, _),
                one.crews,
                one.more_crews,
                one.more_officers,
                _plain(one.utilisation_fraction),
                _plain(one.within_fraction),
                _plain(one.within_today_fraction),
            )
            for one in result.breaks
        ],
    )


def _row(result: StressResult, row: StressRow) -> dict[str, Any]:
    fields = Compared.__dataclass_fields__

    def plain(measures: Mapping[str, Compared]) -> dict[str, Any]:
        return {n: {f: _plain(getattr(c, f)) for f in fields} for n, c in measures.items()}

    return {
        "name": row.stress.name,
        "size": row.stress.size,
        "measures": {} if row.growing else plain(row.measures),
        "undisturbed": plain(row.undisturbed),
        "extra": {}
        if row.growing
        else {n: {"mean": _plain(m), "half_width": _plain(h)} for n, (m, h) in row.extra.items()},
        "breaks_today": breaks(result, row, "today"),
        "breaks_plan": breaks(result, row, "plan"),
        "growing": list(row.growing),
        "overloaded_today": [_load(one) for one in row.overloaded_today],
        "overloaded_plan": [_load(one) for one in row.overloaded_plan],
        "beyond_own_strength_today": [_load(one) for one in row.beyond_today],
        "beyond_own_strength_plan": [_load(one) for one in row.beyond_plan],
    }


def _load(load: Load) -> dict[str, Any]:
    return {f: _plain(getattr(load, f)) for f in Load.__dataclass_fields__}


def _break(one: Break) -> dict[str, Any]:
    return {f: _plain(getattr(one, f)) for f in Break.__dataclass_fields__}


def _plain(value: Any) -> Any:
    """A value for JSON and tables: figures rounded, nothing for NaN and infinity."""
    if value is None or isinstance(value, str | bool | int):
        return value
    if isinstance(value, tuple):
        return list(value)
    number = float(value)
    return round(number, 6) if math.isfinite(number) else None
