"""Required strength on the console, at 80 columns."""

from __future__ import annotations

import math

import numpy as np
from rich.console import Console

from optimizer.errors import Translate
from optimizer.frozen import FloatArray
from optimizer.required_strength import CREW_SOURCES, SOURCES
from optimizer.shift_table import Service, ShiftRow, shift_officers
from optimizer.strength_sensitivity import Assumption, NextStep, Point
from scenarios.provenance import modelled_text
from scenarios.show_lines import Cell, Column, grid, listed_in, say_lines
from scenarios.strength import Side, StrengthStudy
from scenarios.strength_tables import (
    assumption_text,
    deployment_text,
    is_own,
    limit_text,
    source_text,
    value_text,
)
from scenarios.titles import case_title

_AT = {name: j for j, name in enumerate(SOURCES)}
_CREWS = tuple(_AT[s] for s in CREW_SOURCES)
_NOTHING = 5e-3
_SOONEST = 3
_ASSUMPTIONS: tuple[Assumption, ...] = (
    "max_wait_min", "max_wait_share", "response_min", "travel", "alerts",
)  # fmt: skip


def show_strength(
    study: StrengthStudy,
    console: Console,
    _: Translate,
    *,
    unit: str | None = None,
    periods: bool = False,
    shifts: bool = False,
    sensitivity: bool = False,
) -> None:
    """Print the sources, the units, and what was asked for besides.

    Args:
        study: The study.
        console: Where.
        _: Translation.
        unit: Only this unit, in full.
        periods: Parts of the day.
        shifts: Crews per unit and shift.
        sensitivity: All values tried.
    """
    name = case_title(study.loaded.county.name, study.opened.scenario)
    what = _("required strength") if unit is None else _short(study, unit)
    say_lines(f"{name} · {what}", console, "bold")
    last = study.sides[-1]
    shown = last.unit_of(unit)
    if unit is not None and shown != unit:
        text = _("{office} is a police office of {centre} in the plan.")
        said = text.format(office=_short(study, unit), centre=_short(study, shown or unit))
        say_lines(said, console)
    _show_sources(study, unit, console, _)
    if unit is None:
        _heading(_("Units: officers required"), last, console, _)
        _show_units(study, last, console, _)
    if unit is not None and shown not in {r.unit_id for side in study.sides for r in side.shifts}:
        # Squads and functional units have no crews, so nothing but what they require is known.
        _notes(study, console, _)
        return
    if periods or unit is not None:
        _heading(_("On duty, by part of the day"), last, console, _)
        _show_periods(last, shown, console, _)
    if unit is None:
        _show_shift_totals(study, console, _)
    if shifts or unit is not None:
        _heading(_("Fewest crews per shift"), last, console, _)
        _show_shifts(study, [r for r in last.shifts if shown in (None, r.unit_id)], console, _)
    if sensitivity or unit is not None:
        _heading(_("Officers required under other values"), last, console, _)
        _show_sensitivity(study, unit, console, _)
    elif unit is None:
        _show_prices(last, console, _)
    _show_steps(study, last, shown, console, _)
    _notes(study, console, _)


def _heading(text: str, side: Side, console: Console, _: Translate) -> None:
    console.print()
    say_lines(f"{text} · {deployment_text(side.deployment, _)}", console, "bold")


def _short(study: StrengthStudy, unit: str) -> str:
    name = study.names[unit]
    short = name.removesuffix("派出所").replace("交巡警中队", "中队")
    return (short or name).replace(" ", "\u00a0")


def _rows_of(side: Side, unit: str | None) -> list[int]:
    return [i for i, u in enumerate(side.required.unit_id) if unit in (None, u)]


def _show_sources(study: StrengthStudy, unit: str | None, console: Console, _: Translate) -> None:
    columns = [Column(header=_("For"))]
    tables: list[list[float]] = []
    for role in ("officer", "auxiliary"):
        for side in study.sides:
            text = _("Auxiliaries, {deployment}")
            if role == "officer":
                text = _("Officers, {deployment}")
            said = text.format(deployment=deployment_text(side.deployment, _))
            columns.append(Column(header=said, figures=True))
            r = side.required
            rows = _rows_of(side, side.unit_of(unit))
            heads, held = (
                (r.officers, r.officers_held)
                if role == "officer"
                else (r.auxiliaries, r.auxiliaries_held)
            )
            parts = heads[rows].sum(axis=0).tolist()
            tables.append([*parts, sum(parts), float(held[rows].sum())])
    lines: list[list[Cell]] = []
    for j, source in enumerate(SOURCES):
        if any(table[j] > 0 for table in tables):
            lines.append([source_text(source, _), *(_figure(t[j]) for t in tables)])
    lines.append([(_("Required"), "bold"), *((_figure(t[-2]), "bold") for t in tables)])
    lines.append([_("In post"), *(f"{t[-1]:,.0f}" for t in tables)])
    for line in grid(columns, lines, console.width):
        console.print(line)
    wanted = [t for t in tables[len(study.sides) :] if t[-2] > 0 and t[-1] <= 0]
    if wanted:
        say_lines(
            _("Nobody holds the role of auxiliary here, though the policy asks for some: set "
              "stations.auxiliaries, or crews.crew_auxiliaries to 0."),
            console,
            "red",
        )  # fmt: skip


def _show_units(study: StrengthStudy, side: Side, console: Console, _: Translate) -> None:
    r = side.required
    heads = (
        _("Crews"), _("In crews"), _("At posts"), _("Case work"), _("Community"), _("Road"),
        _("Need"), _("Held"), _("Aux. need"),
    )  # fmt: skip
    columns = [
        Column(header=_("Unit"), gives_way=True),
        *(Column(header=h, figures=True) for h in heads),
    ]
    rows = []
    for i, unit in enumerate(r.unit_id):
        o = r.officers[i]
        if r.kind[i] == "functional":
            continue
        rows.append(
            [
                _short(study, unit),
                str(int(r.crews[i])) if r.crews[i] else "",
                _figure(float(o[list(_CREWS)].sum())),
                _figure(float(o[_AT["post"]] + o[_AT["window"]])),
                _figure(float(o[_AT["case"]])),
                _figure(float(o[_AT["community"]])),
                _figure(float(o[_AT["road"]])),
                f"{float(o.sum()):,.1f}",
                f"{r.officers_held[i]:.0f}",
                _figure(float(r.auxiliaries[i].sum())),
            ]
        )
    for line in grid(columns, rows, console.width):
        console.print(line)
    stated = [i for i, kind in enumerate(r.kind) if kind == "functional"]
    if stated:
        text = _("{n} functional units state {need} officers and hold {held}; --unit shows one.")
        need, held = r.officers[stated].sum(), r.officers_held[stated].sum()
        say_lines(
            text.format(n=len(stated), need=f"{need:,.1f}", held=f"{held:,.0f}"), console, "dim"
        )


def _show_periods(side: Side, unit: str | None, console: Console, _: Translate) -> None:
    r, at = side.required, _rows_of(side, unit)
    officers: FloatArray = r.officer_hours[at].sum(axis=0) / r.period_hours
    auxiliaries: FloatArray = r.auxiliary_hours[at].sum(axis=(0, 1)) / r.period_hours
    # A functional unit states officers, not when they are on duty.
    officers[_AT["stated"]] = 0.0
    heads = (
        _("Crews it needs alone"), _("On jobs"), _("Ready"), _("Beyond its need"),
        _("Posts"), _("Day work"), _("Officers on duty"), _("Auxiliaries"),
    )  # fmt: skip
    columns = [
        Column(header=_("Part of the day")),
        *(Column(header=h, figures=True) for h in heads),
    ]
    day = [_AT[s] for s in ("window", "case", "community", "road")]
    rows = [
        [
            name,
            str(int(r.crews_by_period[at, p].sum())),
            _figure(float(officers[0, p] + officers[1, p])),
            _figure(float(officers[2, p])),
            _figure(float(officers[3, p])),
            _figure(float(officers[_AT["post"], p])),
            _figure(float(officers[day, p].sum())),
            f"{officers[:, p].sum():,.1f}",
            _figure(float(auxiliaries[p])),
        ]
        for p, name in enumerate(r.period_names)
    ]
    for line in grid(columns, rows, console.width):
        console.print(line)


def _show_shift_totals(study: StrengthStudy, console: Console, _: Translate) -> None:
    console.print()
    names = list(dict.fromkeys(row.shift for row in study.sides[-1].shifts))
    for side in study.sides:
        total, out = shift_officers(side.shifts), [r for r in side.shifts if r.crews is None]
        steady = side.required.officers_of(*CREW_SOURCES).sum()
        if out:
            units = listed_in(dict.fromkeys(_short(study, r.unit_id) for r in out), _)
            text = _("{deployment}: no number of crews keeps the mean response in {units}.")
            said = text.format(deployment=deployment_text(side.deployment, _), units=units)
        else:
            said = _(
                "{deployment}: crews of each shift ({shifts}) take {officers} officers; the "
                "busiest part's crews round the clock take {steady}."
            ).format(
                deployment=deployment_text(side.deployment, _),
                shifts=", ".join(names),
                officers=f"{total:,.1f}",
                steady=f"{steady:,.1f}",
            )
        say_lines(said, console)


def _show_shifts(
    study: StrengthStudy, shifts: list[ShiftRow], console: Console, _: Translate
) -> None:
    heads = (
        _("Min a job"), _("Work, h"), _("Crews"), _("Need"), _("Busy"), _("Wait, one fewer"),
        _("Wait"), _("Wait, one more"), _("Mean wait"),
    )  # fmt: skip
    columns = [
        Column(header=_("Unit"), gives_way=True),
        Column(header=_("Shift")),
        *(Column(header=h, figures=True) for h in heads),
    ]
    rows: list[list[Cell]] = []
    for r in shifts:
        rows.append(
            [
                _short(study, r.unit_id),
                r.shift,
                f"{r.service_min:.0f}" if r.jobs_per_day else "",
                f"{r.work_hours_per_day:,.1f}",
                "–" if r.crews is None else str(r.crews),
                "–" if r.crews is None else f"{r.officers:,.1f}",
                f"{100 * r.service.utilisation_fraction:.0f}%",
                _delayed(r.fewer),
                _delayed(r.service),
                _delayed(r.more),
                _number(r.service.mean_wait_min, 2),
            ]
        )
    for line in grid(columns, rows, console.width):
        console.print(line)
    say_lines(
        _(
            "Min a job: crew-minutes; work: crew-hours a day; need: officers with relief; wait: "
            "share of jobs that wait at all; mean wait in minutes over all jobs."
        ),
        console,
        "dim",
    )
    counted = {r.limit for r in shifts if r.crews is not None}
    if counted:
        said = listed_in((limit_text(limit, _) for limit in sorted(counted)), _)
        say_lines(_("Limits that ask for these crews: {limits}").format(limits=said), console)


def _show_sensitivity(
    study: StrengthStudy, unit: str | None, console: Console, _: Translate
) -> None:
    columns = [Column(header=_("Assumption")), Column(header=_("Value"), figures=True)]
    for side in study.sides:
        said = deployment_text(side.deployment, _)
        columns += [
            Column(header=_("Officers, {deployment}").format(deployment=said), figures=True),
            Column(header=_("Change"), figures=True),
        ]
    rows: list[list[Cell]] = []
    marked = False
    for assumption in _ASSUMPTIONS:
        points = [side.sensitivity.of(assumption) for side in study.sides]
        for k, point in enumerate(points[0]):
            cells: list[Cell] = [
                "" if k else assumption_text(assumption, _),
                (value_text(point), "bold") if is_own(point) else value_text(point),
            ]
            for side, tried in zip(study.sides, points, strict=True):
                here = side.unit_of(unit)
                own = next(p for p in tried if is_own(p))
                now, then = _officers(side, own, here), _officers(side, tried[k], here)
                beyond = [u for u in tried[k].beyond_unit_ids if here in (None, u)]
                marked |= bool(beyond)
                cells += [f"{then:,.1f}" + ("*" if beyond else ""), _change(then - now)]
            rows.append(cells)
    for line in grid(columns, rows, console.width):
        console.print(line)
    if marked:
        text = _(
            "* with units whose ways alone miss the standard, so that no number of crews keeps it; "
            "they are counted with the crews that their wait asks for."
        )
        say_lines(text, console, "dim")


def _officers(side: Side, point: Point, unit: str | None) -> float:
    if unit is None:
        return point.total_officers
    return point.officers[side.sensitivity.unit_id.index(unit)]


def _show_prices(side: Side, console: Console, _: Translate) -> None:
    """What a minute and ten percent cost, in a line each."""
    console.print()

    def change(assumption: Assumption, step: float) -> str:
        points = side.sensitivity.of(assumption)
        own = next(p for p in points if is_own(p))
        found = [p for p in points if p.step == step]
        return _change(found[0].total_officers - own.total_officers) if found else "–"

    say_lines(
        _("One minute less of wait allowed: {less} officers; one minute more: {more}.").format(
            less=change("max_wait_min", -1.0), more=change("max_wait_min", 1.0)
        ),
        console,
    )
    say_lines(
        _("Half the share that may wait longer: {half} officers; twice the share: {twice}.").format(
            half=change("max_wait_share", 0.5), twice=change("max_wait_share", 2.0)
        ),
        console,
    )
    say_lines(
        _("Alerts {few}: {less} officers; {many}: {more}. Travel times {many}: {slow}.").format(
            few="−10%", many="+10%", less=change("alerts", 0.9), more=change("alerts", 1.1),
            slow=change("travel", 1.1),
        ),
        console,
    )  # fmt: skip


def _show_steps(
    study: StrengthStudy, side: Side, unit: str | None, console: Console, _: Translate
) -> None:
    steps = [s for s in side.steps if unit in (None, s.unit_id)]
    soonest = sorted(
        (s for s in steps if math.isfinite(s.grows_to_factor)),
        key=lambda s: (s.grows_to_factor, s.unit_id),
    )
    if soonest:
        said = listed_in((_growth(study, s) for s in soonest[: _SOONEST if unit is None else 1]), _)
        say_lines(_("Next crew due, as alerts grow: {steps}").format(steps=said), console)
    down = sorted(
        (s for s in steps if math.isfinite(s.fewer_from_min)),
        key=lambda s: (s.fewer_from_min, s.unit_id),
    )
    if down:
        said = listed_in(
            (
                _("{unit} from {min}").format(
                    unit=_short(study, s.unit_id), min=f"{s.fewer_from_min:.1f}"
                )
                for s in down[: _SOONEST if unit is None else 1]
            ),
            _,
        )
        text = _("One crew fewer, by wait allowed in minutes: {steps}")
        say_lines(text.format(steps=said), console)


def _growth(study: StrengthStudy, step: NextStep) -> str:
    return f"{_short(study, step.unit_id)}\u00a0{100 * (step.grows_to_factor - 1):+.1f}%"


def _notes(study: StrengthStudy, console: Console, _: Translate) -> None:
    console.print()
    say_lines(
        _(
            "Crews come from a queue in steady state (M/M/m), part of the day by part of the day; "
            "each part of a shift keeps the limits by itself."
        ),
        console,
        "dim",
    )
    assumed = _assumed(study, _)
    if assumed:
        text = _("Assumed, not given by the bureau: {values}")
        say_lines(text.format(values=_("; ").join(assumed)), console)
    items = modelled_text(study.loaded.county.provenance, _)
    if items:
        say_lines(_("Modelled: {items}").format(items=items), console)


def _assumed(study: StrengthStudy, _: Translate) -> list[str]:
    """What nobody set, in words."""
    rules, found = study.policy.strength, []
    if {"policy.strength.day_work_starts_hour", "policy.strength.day_work_ends_hour"} & set(
        study.assumed
    ):
        text = _("windows, case, community and road work from {start} to {end} o'clock")
        start, end = f"{rules.day_work_starts_hour:g}", f"{rules.day_work_ends_hour:g}"
        found.append(text.format(start=start, end=end))
    if "policy.strength.auxiliaries" in study.assumed:
        found.append(_("auxiliaries in crews only"))
    if "alerts.hours" in study.assumed:
        found.append(_("hours within a period alike"))
    return found


def _delayed(service: Service | None) -> str:
    return "" if service is None else f"{100 * service.delayed_fraction:.1f}%"


def _figure(value: float) -> str:
    return f"{value:,.1f}" if abs(value) > _NOTHING else ""


def _change(value: float) -> str:
    return f"{value:+,.1f}" if abs(value) > _NOTHING else "±0"


def _number(value: float, digits: int) -> str:
    return f"{value:,.{digits}f}" if np.isfinite(value) else "∞"
