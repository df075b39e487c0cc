"""Visibility in words: coverage before and after, who does not patrol, what is proven."""

from __future__ import annotations

from collections.abc import Sequence

from optimizer.alert_rules_repeats import GRADES
from optimizer.errors import Translate
from scenarios.provenance import inputs_text
from scenarios.rhythm_words import grade_text
from scenarios.visibility import AreaReason, UnitPatrol, VisibilityStudy


def grade_of(grade: str, _: Translate) -> str:
    """A grade in words, or that there is none."""
    return grade_text(grade, _) if grade in GRADES else _("no grade")


def because_text(reason: AreaReason | None, _: Translate) -> str:
    """Why an area has not all the presence wanted; empty where it has."""
    if reason is None:
        return ""
    if reason == "no_crew":
        return _("no crew round the clock")
    return {
        "alerts": _("alerts fill the night"),
        "no_road": _("no way by road"),
        "window": _("window too tight"),
        "time": _("no time left"),
    }[reason]


def proof_text(unit: UnitPatrol, _: Translate) -> str:
    """What is proven of the patrol of a unit."""
    if unit.idle == "no_areas":
        return _("no key area")
    if unit.idle:
        return because_text(unit.idle, _)
    if unit.status == "OPTIMAL":
        return _("proven best")
    if unit.gap_fraction is not None:
        return _("FEASIBLE, driving {gap:.0%}").format(gap=unit.gap_fraction)
    return _("FEASIBLE, at least {n:.0f} min missed").format(n=unit.missed_bound_min)


def proofs_text(study: VisibilityStudy, _: Translate) -> str:
    """How many patrols are proven, of both worlds."""
    # A unit that stays as it is has one patrol, not two.
    units = [u for u in dict.fromkeys((*study.today, *study.planned)) if not u.idle]
    proven = sum(u.status == "OPTIMAL" for u in units)
    presence = sum(u.status != "OPTIMAL" and u.gap_fraction is not None for u in units)
    said = _("Patrols planned: {n}; proven best {proven}").format(n=len(units), proven=proven)
    if presence:
        said += _("; presence proven, driving not: {n}").format(n=presence)
    rest = len(units) - proven - presence
    if rest:
        said += _("; found by search, more presence may be possible: {n}").format(n=rest)
    return said


def crews_text(units: Sequence[UnitPatrol], name: str, _: Translate) -> str:
    """Who can patrol in one world."""
    crews = sum(u.vehicles for u in units if not u.idle)
    patrols = sum(not u.idle for u in units)
    said = _("{world}: {patrols} of {n} units patrol, with {crews} crews").format(
        world=name, crews=crews, patrols=patrols, n=len(units)
    )
    without = sum(u.idle == "no_crew" for u in units)
    if without:
        said += _("; {n} have no crew round the clock").format(n=without)
    full = sum(u.idle == "alerts" for u in units)
    if full:
        said += _("; in {n} alerts fill the night").format(n=full)
    bare = sum(u.idle == "no_areas" for u in units)
    if bare:
        said += _("; {n} have no key area").format(n=bare)
    return said


def rule_text(study: VisibilityStudy, _: Translate) -> str:
    """By which rule units patrol."""
    if study.wishes.vehicles is not None:
        return _("Vehicles of every unit, as asked: {n}, today and under the plan.").format(
            n=study.wishes.vehicles
        )
    return _(
        "A unit's crews are those that its officers in post can keep round the clock beside the "
        "duty post, no more than its alerts need. They patrol their own ground and answer its "
        "alerts."
    )


def coverage_text(study: VisibilityStudy, _: Translate) -> str:
    """Key areas with all the presence wanted, before and after."""
    before, after = (study.coverage(is_plan=p) for p in (False, True))
    return _(
        "Key areas with all the presence wanted: today {a} of {n} ({was:.0%}), plan {b} "
        "({now:.0%}); by night alerts {was_alerts:.0%}, plan {now_alerts:.0%}"
    ).format(
        a=before.covered, b=after.covered, n=before.areas, was=before.share_fraction,
        now=after.share_fraction, was_alerts=before.alert_share_fraction,
        now_alerts=after.alert_share_fraction,
    )  # fmt: skip


def changes_text(study: VisibilityStudy, _: Translate) -> str:
    """How many key areas the plan gains and loses."""
    gained = sum(a.covered_plan and not a.covered_today for a in study.areas)
    lost = sum(a.covered_today and not a.covered_plan for a in study.areas)
    return _("Covered only under the plan: {gained}; only today: {lost}").format(
        gained=gained, lost=lost
    )


def line_text(study: VisibilityStudy, _: Translate, *, is_plan: bool) -> str:
    """Coverage in a line, for the map."""
    c = study.coverage(is_plan=is_plan)
    return _("{k} of {n} key areas · {share:.0%} by night alerts · {given:.0f} min").format(
        k=c.covered, n=c.areas, share=c.alert_share_fraction, given=c.given_min
    )


def areas_from_text(study: VisibilityStudy, _: Translate) -> str:
    """Where the key areas come from."""
    if not study.areas_from:
        return _("key areas modelled: busiest cells by night and every seat")
    modelled = sum(a.area.modelled for a in study.areas)
    if modelled:
        return _("key areas: {file}, {k} of {n} modelled").format(
            file=study.areas_from, k=modelled, n=len(study.areas)
        )
    return _("key areas: {file}").format(file=study.areas_from)


def modelled_line(study: VisibilityStudy, _: Translate) -> str:
    """What is modelled."""
    said = [inputs_text(study.opened.loaded.county.provenance, _), areas_from_text(study, _)]
    given = sum(a.today_given for a in study.areas)
    if given == len(study.areas):
        said.append(_("presence today given"))
    elif given:
        said.append(_("presence today given for {k}, else modelled").format(k=given))
    else:
        said.append(_("presence today modelled"))
    said.append(_("time for alerts modelled"))
    if len(study.opened.loaded.county.period_hours) == 1:
        said.append(_("no rhythm of the day known: alerts taken as even over the hours"))
    return " · ".join(said)
