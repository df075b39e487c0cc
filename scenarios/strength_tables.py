"""Required strength as tables of plain rows, headers translated, for CSV files and the workbook."""

from __future__ import annotations

import math

import numpy as np

from optimizer.errors import Translate
from optimizer.required_strength import SOURCES
from optimizer.shift_table import Service
from optimizer.strength_sensitivity import Point
from scenarios.strength import PLAN, Side, StrengthStudy
from scenarios.tables import Cell, Kind, Sheet, kind_text

Rows = list[tuple[Cell, ...]]


def source_text(source: str, _: Translate) -> str:
    """What strength is for."""
    return {
        "scene": _("crews on scene"),
        "travel": _("crews on the way"),
        "ready": _("crews ready"),
        "surplus": _("crews beyond the hour's need"),
        "post": _("duty post"),
        "window": _("windows"),
        "case": _("case work"),
        "community": _("community work"),
        "road": _("road duty"),
        "patrol": _("foot patrol"),
        "stated": _("stated by the unit"),
    }[source]


def deployment_text(deployment: str, _: Translate) -> str:
    """Today or the plan."""
    return _("Plan") if deployment == PLAN else _("Today")


def role_text(role: str, _: Translate) -> str:
    """Officer or auxiliary."""
    return _("police officers") if role == "officer" else _("auxiliaries")


def limit_text(limit: str, _: Translate) -> str:
    """The limit that asks for a shift's crews."""
    return {
        "floor": _("fewest crews"),
        "wait": _("share that waits"),
        "mean_wait": _("mean wait"),
        "utilisation": _("time busy"),
        "response": _("mean response"),
    }[limit]


def assumption_text(assumption: str, _: Translate) -> str:
    """What a sensitivity changes."""
    return {
        "max_wait_min": _("wait allowed, min"),
        "max_wait_share": _("share that may wait longer"),
        "response_min": _("response standard incl. wait, min"),
        "travel": _("travel times"),
        "alerts": _("alerts"),
    }[assumption]


def value_text(point: Point) -> str:
    """Its value as planners read it."""
    if point.assumption == "max_wait_min":
        return f"{point.value:g}"
    if point.assumption == "max_wait_share":
        return f"{100 * point.value:g}%"
    if point.assumption == "response_min":
        return f"{point.value:+g}" if point.value else "0"
    change = round(100 * (point.value - 1.0), 6)
    return f"{change:+g}%" if change else "0%"


def strength_sheets(study: StrengthStudy, _: Translate) -> tuple[Sheet, ...]:
    """All tables of a study, those of today first in each."""
    return (
        _units(study, _),
        _periods(study, _),
        _shifts(study, _),
        _sensitivity(study, _),
        _steps(study, _),
    )


def _units(study: StrengthStudy, _: Translate) -> Sheet:
    rows: Rows = []
    for side in study.sides:
        r = side.required
        for role, heads, held in (
            ("officer", r.officers, r.officers_held),
            ("auxiliary", r.auxiliaries, r.auxiliaries_held),
        ):
            for i, unit in enumerate(r.unit_id):
                total = float(heads[i].sum())
                rows.append(
                    (
                        deployment_text(side.deployment, _),
                        unit,
                        study.names[unit],
                        kind_text(r.kind[i], _),
                        role_text(role, _),
                        int(r.crews[i]),
                        *(round(float(v), 4) for v in heads[i]),
                        round(total, 4),
                        int(held[i]),
                        round(float(held[i]) - total, 4),
                    )
                )
    header = (
        _("Deployment"), _("Unit id"), _("Unit"), _("Kind"), _("Role"), _("Crews"),
        *(source_text(s, _) for s in SOURCES),
        _("Required"), _("In post"), _("In post less required"),
    )  # fmt: skip
    kinds: tuple[Kind, ...] = ("text",) * 5 + ("count",) + ("number",) * (len(SOURCES) + 1)
    return Sheet(
        name="strength_units",
        title=_("Required strength"),
        header=header,
        rows=tuple(rows),
        kinds=(*kinds, "count", "number"),
    )


def _periods(study: StrengthStudy, _: Translate) -> Sheet:
    rows: Rows = []
    for side in study.sides:
        r = side.required
        for role, hours in (("officer", r.officer_hours), ("auxiliary", r.auxiliary_hours)):
            for i, unit in enumerate(r.unit_id):
                for p, period in enumerate(r.period_names):
                    total = float(hours[i, :, p].sum())
                    rows.append(
                        (
                            deployment_text(side.deployment, _),
                            unit,
                            study.names[unit],
                            role_text(role, _),
                            period,
                            round(float(r.period_hours[p]), 4),
                            int(r.crews_by_period[i, p]),
                            *(round(float(v), 4) for v in hours[i, :, p]),
                            round(total, 4),
                            round(total / float(r.period_hours[p]), 4),
                        )
                    )
    header = (
        _("Deployment"), _("Unit id"), _("Unit"), _("Role"), _("Part of the day"), _("Hours"),
        _("Crews it needs alone"),
        *(_("Hours a day: {what}").format(what=source_text(s, _)) for s in SOURCES),
        _("Hours a day"), _("On duty, mean"),
    )  # fmt: skip
    kinds: tuple[Kind, ...] = ("text",) * 5 + ("number", "count")
    figures: list[Kind] = ["number"] * (len(SOURCES) + 2)
    return Sheet(
        name="strength_periods",
        title=_("By part of the day"),
        header=header,
        rows=tuple(rows),
        kinds=(*kinds, *figures),
    )


def _shifts(study: StrengthStudy, _: Translate) -> Sheet:
    rows: Rows = []
    for side in study.sides:
        work: dict[str, float] = {}
        jobs: dict[str, float] = {}
        for row in side.shifts:
            work[row.shift] = work.get(row.shift, 0.0) + row.work_hours_per_day
            jobs[row.shift] = jobs.get(row.shift, 0.0) + row.jobs_per_day
        for row in side.shifts:
            rows.append(
                (
                    deployment_text(side.deployment, _),
                    row.unit_id,
                    study.names[row.unit_id],
                    row.shift,
                    round(row.jobs_per_day, 4),
                    round(row.service_min, 2),
                    round(row.work_hours_per_day, 4),
                    _share(row.jobs_per_day, jobs[row.shift]),
                    _share(row.work_hours_per_day, work[row.shift]),
                    row.crews,
                    limit_text(row.limit, _) if row.crews else _("no number of crews"),
                    _plain(row.officers),
                    *_service(row.fewer),
                    *_service(row.service),
                    *_service(row.more),
                )
            )
    measures = (
        _("delayed, share"), _("over the wait allowed, share"), _("mean wait, min"),
        _("busy, share"), _("mean response, min"), _("within the standard, share"),
    )  # fmt: skip
    header = (
        _("Deployment"), _("Unit id"), _("Unit"), _("Shift"), _("Jobs a day"),
        _("Crew-minutes a job"), _("Crew-hours of work a day"), _("Share of jobs"),
        _("Share of work"), _("Fewest crews"), _("Limit that asks for them"),
        _("Officers with relief"),
        *(_("One crew fewer: {what}").format(what=m) for m in measures),
        *(_("These crews: {what}").format(what=m) for m in measures),
        *(_("One crew more: {what}").format(what=m) for m in measures),
    )  # fmt: skip
    kinds: tuple[Kind, ...] = ("text",) * 4 + ("number",) * 3 + ("fraction",) * 2
    kinds = (*kinds, "count", "text", "number")
    service: tuple[Kind, ...] = (
        "fraction", "fraction", "minutes", "fraction", "minutes", "fraction",
    )  # fmt: skip
    return Sheet(
        name="strength_shifts",
        title=_("Crews per shift"),
        header=header,
        rows=tuple(rows),
        kinds=(*kinds, *service * 3),
    )


def _service(service: Service | None) -> tuple[Cell, ...]:
    if service is None:
        return (None,) * 6
    return (
        round(service.delayed_fraction, 6),
        round(service.over_wait_fraction, 6),
        _plain(service.mean_wait_min),
        round(service.utilisation_fraction, 6),
        _plain(service.mean_response_min),
        round(service.within_standard_fraction, 6),
    )


def _sensitivity(study: StrengthStudy, _: Translate) -> Sheet:
    rows: Rows = []
    for side in study.sides:
        for point in side.sensitivity.points:
            (now,) = (p for p in side.sensitivity.of(point.assumption) if is_own(p))
            said = (
                deployment_text(side.deployment, _),
                assumption_text(point.assumption, _),
                value_text(point),
            )
            rows.append(
                (
                    *said,
                    None,
                    _("All units"),
                    round(point.total_officers, 4),
                    round(point.total_officers - now.total_officers, 4),
                    sum(point.crews),
                    None,
                )
            )
            for i, unit in enumerate(side.sensitivity.unit_id):
                beyond = unit in point.beyond_unit_ids
                rows.append(
                    (
                        *said,
                        unit,
                        study.names[unit],
                        round(point.officers[i], 4),
                        round(point.officers[i] - now.officers[i], 4),
                        point.crews[i],
                        _("no number of crews keeps it") if beyond else None,
                    )
                )
    return Sheet(
        name="strength_sensitivity",
        title=_("Sensitivity"),
        header=(
            _("Deployment"),
            _("Assumption"),
            _("Value"),
            _("Unit id"),
            _("Unit"),
            _("Officers required"),
            _("Change, officers"),
            _("Crews"),
            _("Note"),
        ),
        rows=tuple(rows),
        kinds=("text",) * 5 + ("number", "number", "count", "text"),
    )


def _steps(study: StrengthStudy, _: Translate) -> Sheet:
    rows: Rows = [
        (
            deployment_text(side.deployment, _),
            step.unit_id,
            study.names[step.unit_id],
            step.crews,
            round(step.officers_per_crew, 4),
            _plain(step.grows_to_factor - 1.0),
            _plain(step.falls_to_factor - 1.0),
            _plain(step.wait_down_to_min),
            _plain(step.fewer_from_min),
        )
        for side in study.sides
        for step in side.steps
    ]
    return Sheet(
        name="strength_steps",
        title=_("Next crew"),
        header=(
            _("Deployment"),
            _("Unit id"),
            _("Unit"),
            _("Crews"),
            _("Officers per crew"),
            _("One crew more beyond alerts of, change"),
            _("One crew fewer from alerts of, change"),
            _("Crews keep a wait allowed down to, min"),
            _("One crew fewer from a wait allowed of, min"),
        ),
        rows=tuple(rows),
        kinds=("text",) * 3 + ("count", "number", "fraction", "fraction", "minutes", "minutes"),
    )


def is_own(point: Point) -> bool:
    """Whether a point is the policy's own value."""
    return point.step == (1.0 if point.assumption in ("max_wait_share", "travel", "alerts") else 0)


def by_source(side: Side) -> dict[str, tuple[float, float]]:
    """Officers and auxiliaries required for each source, over all units."""
    r = side.required
    officers, auxiliaries = r.officers.sum(axis=0), r.auxiliaries.sum(axis=0)
    return {
        s: (float(o), float(a))
        for s, o, a in zip(SOURCES, officers.tolist(), auxiliaries.tolist(), strict=True)
    }


def on_duty(side: Side, role: str = "officer") -> np.ndarray[tuple[int, ...], np.dtype[np.float64]]:
    """Heads on duty in each period by source, over all units, shape (J, P)."""
    r = side.required
    hours = r.officer_hours if role == "officer" else r.auxiliary_hours
    found: np.ndarray[tuple[int, ...], np.dtype[np.float64]] = hours.sum(axis=0) / r.period_hours
    return found


def _share(part: float, of: float) -> Cell:
    return round(part / of, 6) if of > 0 else None


def _plain(value: float) -> Cell:
    return round(value, 6) if math.isfinite(value) else None
