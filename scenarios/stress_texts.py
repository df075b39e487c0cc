"""Stresses in a planner's words: short names, what each changes, and the verdicts."""

from __future__ import annotations

import math
from collections.abc import Mapping

from optimizer.errors import Translate
from optimizer.stress import Deployment, Stress
from optimizer.stress_runs import StressRow
from scenarios.show_lines import listed_in
from scenarios.stress import StressResult


def stress_text(stress: Stress, _: Translate) -> str:
    """Short name of a stress."""
    return {
        "undisturbed": _("Undisturbed"),
        "surge": _("Alerts ×{factor}"),
        "market": _("Market day"),
        "snow": _("Snow"),
        "incidents": _("Two incidents"),
        "strength": _("Crews −{share}%"),
        "far_end": _("Far end"),
        "new_ground": _("New ground"),
    }[stress.name].format(factor=f"{stress.size:g}", share=f"{100 * stress.size:g}")


def meaning(result: StressResult, stress: Stress, _: Translate) -> str:
    """What a stress is, with its size and what it is judged by."""
    rules = result.rules
    texts = {
        "undisturbed": "",
        "surge": _("Alerts: everywhere and all the time so many times as many."),
        "market": _(
            "Market day: alerts ×{factor} in {place} from {first} to {last} o'clock; counted are "
            "all alerts of its bundle in these hours."
        ),
        "snow": _("Snow: {speed} of the usual speed on all roads."),
        "incidents": _(
            "Two incidents: at {hour} o'clock one in {places} at a time, each taking {crews} crews "
            "for {hours} h; counted are the other alerts of both bundles in these hours."
        ),
        "strength": _("Crews: {absent} of all crews missing, at random."),
        "far_end": _("Far end: free crews wait in the farthest cell of their area, none patrols."),
        "new_ground": _(
            "New ground: first week; where the responsible station changed, {travel} more travel "
            "and {turnout} min more turn-out; counted are the bundles of two or more."
        ),
    }
    return texts[stress.name].format(
        factor=f"{stress.size:g}",
        place=result.market,
        first=f"{rules.market_from_hour:g}",
        last=f"{rules.market_to_hour:g}",
        speed=f"{100 * rules.snow_speed_fraction:g}%",
        hour=f"{rules.incident_hour:g}",
        places=listed_in(result.incident_townships, _),
        crews=rules.incident_crews,
        hours=f"{rules.incident_hours:g}",
        absent=f"{100 * rules.absent_fraction:g}%",
        travel=f"{100 * rules.new_ground_travel_fraction:g}%",
        turnout=f"{rules.new_ground_turnout_min:g}",
    )


def reasons_text(reasons: tuple[str, ...], _: Translate) -> str:
    """Why a bundle breaks."""
    texts: Mapping[str, str] = {
        "busy": _("no time left"),
        "waits": _("waiting"),
        "late": _("too late"),
    }
    return listed_in((texts[r] for r in reasons), _) if reasons else "–"


def rule_text(result: StressResult, _: Translate) -> str:
    """When a deployment or a bundle breaks."""
    policy = result.policy
    return _(
        "Breaks: over {allowed} of alerts wait longer than {wait} min, or under {share} are "
        "reached within the standard and {drop} points fewer than undisturbed, or the queue has "
        "no end."
    ).format(
        allowed=f"{100 * policy.crews.max_wait_share_fraction:g}%",
        wait=f"{policy.crews.max_wait_min:g}",
        share=f"{100 * policy.response.share_within_fraction:g}%",
        drop=f"{100 * result.rules.break_least_drop_fraction:g}",
    )


def breaks(result: StressResult, row: StressRow, which: Deployment) -> bool:
    """Whether a deployment breaks under a stress."""
    return row.breaks(which, result.policy, result.rules.break_least_drop_fraction)


def breaks_text(result: StressResult, row: StressRow, _: Translate) -> str:
    """Which deployments break."""
    today, plan = (breaks(result, row, w) for w in ("today", "plan"))
    if today and plan:
        return _("both")
    return _("the plan") if plan else _("today") if today else "–"


def verdicts(result: StressResult, _: Translate) -> list[str]:
    """Sentences that a planner may take away."""
    found: list[str] = []
    usual = result.undisturbed
    wanted = result.policy.response.share_within_fraction
    if usual.measures and usual.measures["within_fraction"].plan < wanted:
        share = usual.measures["within_fraction"]
        found.append(
            _(
                "Even undisturbed the plan reaches only {plan} within the standard, today {today} "
                "(wanted: {wanted}): that is distance, not stress."
            ).format(
                plan=f"{100 * share.plan:.1f}%",
                today=f"{100 * share.today:.1f}%",
                wanted=f"{100 * wanted:g}%",
            )
        )
    rows = result.rows[1:]
    apart: dict[str, list[str]] = {"plan": [], "both": [], "strained": [], "holds": []}
    for row in rows:
        plan, today = (breaks(result, row, w) for w in ("plan", "today"))
        short = bool(row.measures) and row.measures["within_fraction"].plan < wanted
        holds = "strained" if short else "holds"
        kind = ("both" if today else "plan") if plan else holds
        apart[kind].append(stress_text(row.stress, _))
    for kind, template in (
        ("plan", _("The plan breaks where today holds: {names}.")),
        ("both", _("Today and the plan break: {names}.")),
        (
            "strained",
            _("The plan misses the standard, but by under {drop} points of stress: {names}."),
        ),
        ("holds", _("The plan holds: {names}.")),
    ):
        if apart[kind]:
            drop = f"{100 * result.rules.break_least_drop_fraction:g}"
            found.append(template.format(names=listed_in(apart[kind], _), drop=drop))
    worst = [r for r in rows if _surely_extra(r)]
    if worst:
        row = max(worst, key=lambda r: r.extra["response_mean_min"][0])
        mean, half = row.extra["response_mean_min"]
        found.append(
            _(
                "Hardest on the plan: {name}; it costs the plan {extra} ±{half} min more than it "
                "costs today."
            ).format(name=stress_text(row.stress, _), extra=f"{mean:.1f}", half=f"{half:.1f}")
        )
    return found


def transition_text(result: StressResult, _: Translate) -> str:
    """The weeks after the rollout in two sentences."""
    course = result.transition
    assert course is not None
    first = course.weeks[0]
    share = first.measures["within_fraction"]
    usual = first.undisturbed["within_fraction"]
    text = _(
        "In the bundles {first} are reached within the standard in the first week, {usual} once "
        "the ground is known; today {today}."
    ).format(
        first=f"{100 * share.plan:.1f}%",
        usual=f"{100 * usual.plan:.1f}%",
        today=f"{100 * usual.today:.1f}%",
    )
    near = f"{100 * result.rules.recovered_within_fraction:g}"
    if course.recovered_week is None:
        after = _("Not back to within {near} point(s) of that in {weeks} weeks.")
    elif course.recovered_week == 0:
        after = _("The dip is under {near} point(s).")
    else:
        after = _("Back to within {near} point(s) of that from week {week} on.")
    return f"{text} " + after.format(
        near=near,
        weeks=result.rules.transition_weeks,
        week=0 if course.recovered_week is None else course.recovered_week + 1,
    )


def factor_text(factor: float, result: StressResult) -> str:
    """A breaking factor; beyond the last that was tried it is only bounded."""
    return f">{result.rules.break_factors[-1]:g}" if math.isinf(factor) else f"{factor:g}"


def _surely_extra(row: StressRow) -> bool:
    if "response_mean_min" not in row.extra:
        return False
    mean, half = row.extra["response_mean_min"]
    return bool(mean > half)
