"""Beats in words: broken rules, status, what is shared out, and tables of figures."""

from __future__ import annotations

import math
from dataclasses import replace

from optimizer.beat_plan import BeatResult
from optimizer.beat_rules import BeatViolation
from optimizer.errors import Translate
from optimizer.result import Status
from scenarios.beats import BeatRow, BeatStudy, Scored
from scenarios.beats_range import Tried
from scenarios.provenance import inputs_text
from scenarios.show_lines import listed_in
from scenarios.tables import Columns, Sheet, sheet_of

_NAMED = 8
_TENTHS, _ROUNDING = 1000, 1e-6


def balance_text(study: BeatStudy, _: Translate) -> str:
    """What is shared out evenly, a year."""
    return {
        "alerts": _("alerts"),
        "minutes": _("officer-minutes on scene"),
        "residents": _("residents"),
    }[study.asked.balance]


def objective_text(study: BeatStudy, _: Translate) -> str:
    """What a good plan makes small."""
    if study.asked.task.objective == "inertia":
        return _("{work} × km² from the seat").format(work=balance_text(study, _))
    if study.asked.task.objective == "border":
        return border_text(study, _)
    return _("alerts × minutes a year")


def border_text(study: BeatStudy, _: Translate) -> str:
    """Length of borders, with its unit."""
    if study.asked.task.border_km is None:
        return _("pairs of cells on borders between beats")
    return _("km of borders between beats")


def broken_text(study: BeatStudy, scored: Scored, one: BeatViolation, _: Translate) -> str:
    """A broken rule in one line."""
    task = study.asked.task
    beat = scored.names[one.beat] if one.beat is not None else ""
    ids = [task.cell_ids[c] for c in one.cells[:_NAMED] if c >= 0]
    cells = listed_in(ids, _) if ids else "–"
    if len(one.cells) > _NAMED:
        cells = _("{names} and {n} more").format(names=cells, n=len(one.cells) - _NAMED)
    said = {
        "beats.count": _("{value} beats, asked for {limit}"),
        "beats.empty": _("beat {beat} has no cell"),
        "beats.seat": _("beat {beat} has no seat in it"),
        "beats.seats": _("cells that must be seats are none: {cells}"),
        "beats.may_seat": _("beat {beat}: its seat {cells} may not be one"),
        "beats.tolerance_fraction": _("beat {beat}: {work} {value}, the limit is {limit}"),
        "beats.contiguous": _("beat {beat} is in {value} pieces; apart: {cells}"),
        "beats.barrier": _("beat {beat} crosses a barrier; beyond it: {cells}"),
        "beats.group": _("a village is cut: {cells}"),
        "beats.grid": _("beat {beat} does not fit the civil grids: {cells}"),
        "beats.max_changes": _("{value} cells change their beat, at most {limit} may"),
    }[one.rule]
    return said.format(
        beat=beat, cells=cells, work=balance_text(study, _),
        value=f"{one.value:,.0f}", limit=f"{one.limit:,.0f}",
    )  # fmt: skip


def proof_text(result: BeatResult, _: Translate) -> str:
    """How much is known about the beats found."""
    gap = result.gap_fraction
    if result.status is Status.OPTIMAL:
        return _("OPTIMAL: proven, no valid beats are better")
    if gap is not None:
        said = _("FEASIBLE: every rule kept; at most {gap:.2%} above the best possible (bound {b})")
        return said.format(gap=gap, b=f"{result.bound:.0f}")
    if result.status is Status.INFEASIBLE:
        return _("INFEASIBLE: proven, no beats keep every rule")
    return _("UNKNOWN: no beats that keep every rule were found in time, nor a proof of none")


def tolerance_text(result: BeatResult, _: Translate) -> str:
    """Which tolerance could be met; empty where nothing is known of it."""
    said = []
    least, low = result.smallest_tolerance_fraction, result.tolerance_bound_fraction
    # Rounded so that what is typed can be met, and what is called impossible is.
    up = None if least is None else math.ceil(least * _TENTHS - _ROUNDING) / _TENTHS
    if least is not None and low is not None and least - low <= _ROUNDING:
        return _("The smallest tolerance that beats can keep is {least:.1%}.").format(least=up)
    if up is not None:
        said.append(_("Beats are known for a tolerance of {known:.1%}.").format(known=up))
    below = math.floor((low or 0.0) * _TENTHS + _ROUNDING) / _TENTHS
    if below > 0:
        bound = _("Below {bound:.1%} there are none.")
        said.append(bound.format(bound=below))
    return " ".join(said)


def rule_text(study: BeatStudy, _: Translate) -> str:
    """By which rule one number of a range was proposed."""
    within = study.asked.wishes.within_min
    there = [t.beats for t in study.tried if t.result.plan is not None]
    if not there:
        return _("None of these numbers has beats that keep every rule.")
    if within is None:
        if there[-1] == study.asked.task.beats:
            return _(
                "Proposed: the largest number that has beats; each beat more saves {share:.0%} or "
                "more."
            ).format(share=study.opened.loaded.policy.beats.least_saving_fraction)
        return _(
            "Proposed: the first number after which one beat more saves less than {share:.0%}."
        ).format(share=study.opened.loaded.policy.beats.least_saving_fraction)
    met = any(t.farthest_min <= within + 1e-9 for t in study.tried)
    if met:
        said = _("Proposed: the least number whose farthest cell is within {n:g} min.")
    else:
        said = _("No number has its farthest cell within {n:g} min; proposed: the nearest to it.")
    return said.format(n=within)


def is_proposed(study: BeatStudy, one: Tried) -> bool:
    """Whether a number of a range is the one that is shown."""
    return one.result.plan is not None and one.beats == study.asked.task.beats


def none_text(one: Tried, _: Translate) -> str:
    """Why a number has no beats; empty where it has."""
    if one.result.plan is not None:
        return ""
    return _("impossible") if one.result.status is Status.INFEASIBLE else _("none found")


def tried_sheet(study: BeatStudy, _: Translate) -> Sheet:
    """The numbers of beats that were drawn."""
    columns: Columns[Tried] = (
        (_("Beats"), "count", lambda t: t.beats),
        (objective_text(study, _), "number", lambda t: t.result.objective),
        (_("Gap"), "fraction", lambda t: t.result.gap_fraction),
        (_("Mean, min"), "minutes", lambda t: number(t.mean_min)),
        (_("Farthest, min"), "minutes", lambda t: number(t.farthest_min)),
        (_("Officers per beat"), "number", lambda t: study.asked.officers / t.beats),
        (
            _("Proposed"),
            "text",
            lambda t: _("yes") if is_proposed(study, t) else none_text(t, _),
        ),
    )
    plain = sheet_of("numbers_of_beats", columns, study.tried)
    return replace(plain, title=_("Numbers of beats"))


def modelled_line(study: BeatStudy, _: Translate) -> str:
    """What is modelled; minutes by straight lines too."""
    said = [inputs_text(study.opened.loaded.county.provenance, _)]
    if not study.asked.by_road:
        said.append(
            _("Minutes are straight lines at {pace:.2f} min/km: too many cells for ways by road")
            .format(pace=study.asked.task.minutes_per_km)
        )  # fmt: skip
    apart = study.asked.no_road
    if apart:
        names = listed_in(list(apart[:_NAMED]), _)
        if len(apart) > _NAMED:
            names = _("{names} and {n} more").format(names=names, n=len(apart) - _NAMED)
        walk = _("No road leads to {cells} from most others: straight walks of {kmh:g} km/h count")
        pace = study.opened.loaded.policy.roads.walk_km_per_h
        said.append(walk.format(cells=names, kmh=pace))
    return " · ".join(said)


def beat_columns(study: BeatStudy, _: Translate) -> Columns[BeatRow]:
    """The table of beats."""
    return (
        (_("Beat"), "text", lambda r: r.name),
        (_("Seat"), "text", lambda r: r.seat_id),
        (_("Cells"), "count", lambda r: r.cells),
        (_("Cells that change"), "count", lambda r: r.changed),
        (_("Alerts a year"), "number", lambda r: r.alerts_per_year),
        (_("Share of an even beat"), "fraction", lambda r: r.work_over_even),
        (_("Mean minutes from the seat"), "minutes", lambda r: number(r.mean_minutes)),
        (objective_text(study, _), "number", lambda r: r.price),
        (_("Residents"), "count", lambda r: round(r.residents)),
        (_("Area, km²"), "number", lambda r: r.area_km2),
        (_("Polsby–Popper"), "load", lambda r: number(r.polsby_popper)),
        (_("Reock"), "load", lambda r: number(r.reock)),
        (_("Officers by work"), "number", lambda r: r.officers),
    )


def beat_sheets(study: BeatStudy, _: Translate) -> tuple[Sheet, ...]:
    """Beats as they end, and today's, as tables."""
    assert study.shown is not None
    made = [("per_beat", _("Beats"), study.shown)]
    if study.today is not None:
        made.append(("per_beat_today", _("Today's beats"), study.today))
    sheets = []
    for name, title, scored in made:
        plain = sheet_of(name, beat_columns(study, _), scored.rows)
        sheets.append(replace(plain, title=title))
    if len(study.tried) > 1:
        sheets.append(tried_sheet(study, _))
    return tuple(sheets)


def number(value: float) -> float | None:
    """The value; None where there is none."""
    return value if math.isfinite(value) else None
