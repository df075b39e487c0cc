"""What was asked about new sites, and what was found, in a planner's words."""

from __future__ import annotations

from optimizer.errors import Translate
from optimizer.result import Status
from optimizer.siting import Siting
from scenarios.siting import SitingStudy


def question_text(study: SitingStudy, _: Translate) -> str:
    """The question in a line."""
    asked = study.asked
    kind = _("Standby points") if asked.kind == "standby" else _("Police offices")
    goal = {
        "mean": _("least minutes on the mean"),
        "farthest": _("least minutes for the farthest"),
        "covered": _("most within the standard"),
    }[asked.objective]
    parts = [kind, goal]
    if asked.hours is not None:
        parts.append(_("alerts of {hours} h").format(hours=asked.hours))
    if asked.limit is not None:
        said = (
            _("a site takes at most {n:,.0f} alerts a year")
            if asked.kind == "standby"
            else _("a site takes at most {n:,.0f} residents")
        )
        parts.append(said.format(n=asked.limit))
    if asked.within_min is not None:
        parts.append(_("standard {n} min").format(n=f"{asked.within_min:g}"))
    return " · ".join(parts)


def taken_text(study: SitingStudy, _: Translate) -> str:
    """What a new site takes over from those that are there."""
    if study.asked.kind == "standby":
        return _("Alerts a year taken over")
    return _("Residents taken over")


def status_text(step: Siting, _: Translate) -> str:
    """How good it is proven to be."""
    if not step.sites:
        return "–"
    if step.status is Status.OPTIMAL:
        return _("proven best")
    return _("at most {gap} from the best").format(gap=f"{step.gap_fraction:.1%}")
