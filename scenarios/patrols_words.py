"""Patrols in words: status, what is modelled, why a visit is missed."""

from __future__ import annotations

from math import log2

from optimizer.errors import Translate
from scenarios.patrols import PatrolStudy, Reason
from scenarios.provenance import inputs_text


def proof_text(study: PatrolStudy, _: Translate) -> str:
    """How much is known about the routes."""
    result = study.result
    if result.is_optimal:
        return _("OPTIMAL: proven, no routes give more presence, nor as much with less driving")
    if result.gap_fraction is not None:
        return _(
            "FEASIBLE: proven, no routes give more presence; driving at most {gap:.1%} from the "
            "least ({bound:.0f} min)"
        ).format(gap=result.gap_fraction, bound=study.asked.minutes(result.drive_bound_s or 0))
    return _(
        "FEASIBLE: {missed:.0f} min of presence missed; proven is only that at least {bound:.0f} "
        "must be"
    ).format(
        missed=study.asked.minutes(result.missed_s),
        bound=study.asked.minutes(result.missed_bound_s),
    )


def reason_text(reason: Reason, _: Translate) -> str:
    """Why a visit is missed."""
    return {
        "no_road": _("no way by road"),
        "window": _("cannot be reached, stayed at and left in its window and the shift"),
        "time": _("no time beside the other visits and the alerts"),
    }[reason]


def alerts_text(study: PatrolStudy, _: Translate) -> str:
    """What is left free for alerts, and where the figure comes from."""
    asked = study.asked
    if asked.wishes.reserve_min is not None:
        return _(
            "For alerts, spread over the shift: {free:.0f} min of each vehicle, as asked; all "
            "alerts are expected to take {all:.0f} crew-minutes"
        ).format(free=asked.reserve_min, all=asked.alert_min)
    return _(
        "For alerts, spread over the shift: {free:.0f} min of each vehicle, as the patrol answers "
        "all of them: {all:.0f} crew-minutes expected"
    ).format(free=asked.reserve_min, all=asked.alert_min)


def coverage_text(study: PatrolStudy, _: Translate) -> str:
    """Key areas with all the presence wanted, before and after."""
    n, today = len(study.asked.areas), study.covered_today
    after = _("Key areas with all the presence wanted: {k} of {n} ({share:.0%})").format(
        k=study.covered, n=n, share=study.covered / n
    )
    if today is None:
        return after + _("; today: not known")
    return after + _("; today: {k} of {n} ({share:.0%})").format(k=today, n=n, share=today / n)


def areas_text(study: PatrolStudy, _: Translate) -> str:
    """Key areas of the file that lie elsewhere; empty where none does."""
    asked = study.asked
    if not asked.elsewhere and not asked.off_ground:
        return ""
    said = _(
        "{file}: {n} key areas on this ground; left out {elsewhere} on that of other centres, "
        "{off} on no station's"
    )
    return said.format(
        file=asked.areas_from, n=len(asked.areas), elsewhere=asked.elsewhere, off=asked.off_ground
    )


def waiting_text(study: PatrolStudy, _: Translate) -> str:
    """Presence on top of that wanted; empty without."""
    minutes = study.asked.minutes(study.judged.waits_s)
    if minutes < 0.5:
        return ""
    return _("On top: {minutes:.0f} min at key areas before the window of a visit opens").format(
        minutes=minutes
    )


def variants_text(study: PatrolStudy, _: Translate) -> str:
    """How unlike the variants are; empty with one."""
    n = len(study.plans)
    if study.overlap_fraction is None or study.entropy_bits is None:
        return (
            _("No other routes of equal quality found.") if study.asked.wishes.variants > 1 else ""
        )
    said = _(
        "{n} variants, at most {within:.0%} more driving: two share {overlap:.0%} of their legs on "
        "average; quarter-hour of arrival {bits:.2f} of {most:.2f} bits (0 = always the same)"
    )
    return said.format(
        n=n,
        within=study.asked.wishes.within_fraction,
        overlap=study.overlap_fraction,
        bits=study.entropy_bits,
        most=log2(n),
    )


def modelled_line(study: PatrolStudy, _: Translate) -> str:
    """What is modelled."""
    said = [inputs_text(study.opened.loaded.county.provenance, _)]
    if study.asked.modelled_areas:
        said.append(_("key areas modelled: police offices and the cells with most alerts"))
    elif any(area.modelled for area in study.asked.areas):
        said.append(_("key areas modelled, as their table says"))
    if study.asked.wishes.reserve_min is None:
        said.append(_("time for alerts modelled"))
    return " · ".join(said)
