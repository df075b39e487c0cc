"""A review on the console: what may be said, promise against observation, and whether to redo."""

from __future__ import annotations

import math
from dataclasses import asdict
from typing import Any

from rich.console import Console
from rich.markup import escape

from optimizer.errors import Translate
from scenarios.documents import plain
from scenarios.review import ALL, BundleReview, Review
from scenarios.review_effects import Change, Effect
from scenarios.show import show_warnings
from scenarios.show_lines import listed_in, say_lines
from scenarios.show_table import table

_DASH = "–"


def show_review(found: Review, county: str, plan: str, console: Console, _: Translate) -> None:
    """Print a review at 80 columns.

    Args:
        found: The review.
        county: The county's name.
        plan: Label of the run whose plan was rolled out.
        console: Where to print.
        _: Translation.
    """
    line = _("{county}: plan {plan}, rolled out {since}; alerts of {first} to {last}").format(
        county=county, plan=plan, since=found.since, first=found.first, last=found.last
    )
    console.print(line, markup=False, style="bold")
    show_warnings(found.warnings, console, _)
    console.print(_effects(found, _))
    say_lines(
        _(
            "Observed: alerts a day, after against before; no effect. The next two columns set it "
            "against the stations not bundled, over all the time before, then without the year "
            "before the rollout, for stations chosen in a bad year improve by themselves."
        ),
        console,
    )
    shown: set[str] = set()
    for _name, one in found.effects:
        for reason in one.reasons:
            if reason not in shown:
                shown.add(reason)
                say_lines("- " + reason_text(reason, _), console, "yellow")
    series = found.effects[0][1].series
    # After a bad year it takes the return to the usual for an effect.
    if series is not None and "chosen in a bad year" not in shown:
        say_lines(
            _(
                "Second opinion without controls (interrupted time series): {change}. Its interval "
                "does not know how years differ."
            ).format(change=change_text(series)),
            console,
        )
    console.print(_bundles(found, _))
    if found.clock == "dispatched":
        console.print(_("Minutes run from the dispatch to the arrival, as in the plan."))
    else:
        say_lines(
            _(
                "Minutes run from the alert to the arrival, waiting included: the log has no time "
                "of dispatch, so they lie above the plan's, which count from the dispatch."
            ),
            console,
        )
    _show_redo(found, console, _)


def verdict_text(one: Effect, _: Translate) -> str:
    """What may be said, in words."""
    return {
        "fewer": _("fewer"),
        "more": _("more"),
        "none shown": _("none shown"),
        "cannot tell": _("cannot tell"),
    }[one.verdict]


def reason_text(reason: str, _: Translate) -> str:
    """A reason of `Effect.reasons` in words."""
    return {
        "few stations": _("Too few stations with or without a bundle for an interval."),
        "few alerts": _("Too few alerts for an interval."),
        "short": _("Too short: at least three blocks of four weeks on each side are needed."),
        "stations missing": _(
            "Some stations have alerts only before or only after the rollout, where many were due: "
            "give a log of all stations for all the time."
        ),
        "no earlier year": _(
            "The logs do not reach back more than a year and a half before the rollout: a change "
            "cannot be told from stations that were chosen in a bad year and improve by themselves."
        ),
        "chosen in a bad year": _(
            "The bundled stations had an unusually bad year just before the rollout: part of any "
            "fall is a return to their usual level (regression to the mean)."
        ),
        "trends differ": _(
            "Bundled and other stations moved apart before the rollout already: a difference after "
            "it may be the same drift going on."
        ),
    }[reason]


def change_text(change: Change) -> str:
    """A change and its interval in percent."""
    low, high = change.low_fraction, change.high_fraction
    return f"{change.fraction:+.0%} ({low:+.0%} … {high:+.0%})"


def review_document(found: Review, county: str, plan: str) -> dict[str, Any]:
    """A review for machines; what has no value is null."""
    return {
        "county": county,
        "plan": plan,
        "since": str(found.since),
        "first": str(found.first),
        "last": str(found.last),
        "effects": [{"category": n, **plain(asdict(e))} for n, e in found.effects],
        "bundles": [plain(asdict(b)) for b in found.bundles],
        "lone_alarms": [{"station": name, "week": week} for name, week in found.lone_alarms],
        "minutes_from": found.clock,
        "rules_broken": list(found.rules_broken),
        "redo": found.redo,
        "warnings": [w.text() for w in found.warnings],
    }


def _effects(found: Review, _: Translate) -> object:
    grid = table(
        _("Alerts of the bundled stations"),
        (_("Category"), "left"),
        (_("Observed"), "right"),
        (_("Against others"), "right"),
        (_("Without that year"), "right"),
        (_("Effect"), "right"),
    )
    for name, one in found.effects:
        observed = one.observed_fraction
        grid.add_row(
            _("All alerts") if name == ALL else escape(name),
            f"{observed:+.0%}" if math.isfinite(observed) else _DASH,
            _DASH if one.against_controls is None else change_text(one.against_controls),
            _DASH if one.against_earlier is None else change_text(one.against_earlier),
            verdict_text(one, _),
        )
    return grid


def _bundles(found: Review, _: Translate) -> object:
    grid = table(
        _("Promised and observed: response minutes, alerts a year, officers needed"),
        (_("Centre"), "left"),
        (_("Promised"), "right"),
        (_("Observed"), "right"),
        (_("Alerts"), "right"),
        (_("Officers"), "right"),
        (_("Alarm"), "right"),
    )
    for row in found.bundles:
        grid.add_row(
            escape(row.centre_name),
            f"{row.minutes.promised_min:.1f}",
            _minutes(row),
            f"{row.forecast_alerts_per_year:,.0f} → {row.observed_alerts_per_year:,.0f}",
            f"{row.officers_required:.1f} → {row.officers_required_now:.1f}",
            _DASH if row.alarm_week is None else _("week {n}").format(n=row.alarm_week),
        )
    return grid


def _minutes(row: BundleReview) -> str:
    m = row.minutes
    if m.after_min is None or m.after_low_min is None or m.after_high_min is None:
        return _DASH
    half = (m.after_high_min - m.after_low_min) / 2.0
    text = f"{m.after_min:.1f} ±{half:.1f}"
    return f"[red]{text} ✗[/]" if m.kept is False else f"{text} ✓"


def _show_redo(found: Review, console: Console, _: Translate) -> None:
    for rule in found.rules_broken:
        console.print("- " + rule, markup=False, style="red")
    if found.rules_broken:
        console.print(_("With the alerts observed the plan breaks these rules."), style="red")
    alarms = [b.centre_name for b in found.bundles if b.alarm_week is not None]
    alarms += [_("{name} (week {n})").format(name=n, n=week) for n, week in found.lone_alarms]
    if alarms:
        say_lines(
            _("Alerts have drifted from the forecast at: {names}.").format(
                names=listed_in(alarms, _)
            ),
            console,
            "red",
        )
    console.print(
        _("The plan should be made again with the new alerts.")
        if found.redo
        else _("No reason to make the plan again: no drift, and every rule still holds."),
        style="bold",
    )
