"""A calibration on the console and for machines."""

from __future__ import annotations

import math
from dataclasses import asdict
from typing import Any

import numpy as np
from rich.console import Console
from rich.markup import escape

from optimizer.errors import Translate
from optimizer.frozen import FloatArray
from scenarios.calibration import QUANTILES, Calibration, CategoryFit
from scenarios.calibration_fit import (
    MAX_DISTANCE_FRACTION,
    MAX_FIFTH_FRACTION,
    MAX_KS,
    MIN_EACH,
    Match,
    TravelFit,
)
from scenarios.documents import plain
from scenarios.show import say_long, show_warnings
from scenarios.show_table import table

_DASH = "–"


def show_calibration(found: Calibration, county: str, console: Console, _: Translate) -> None:
    """Print a calibration at 80 columns.

    Args:
        found: The calibration.
        county: The county's name.
        console: Where to print.
        _: Translation.
    """
    line = _("{county}: calibrated on {log}, {first} to {last}").format(
        county=county, log=found.shown, first=found.first, last=found.last
    )
    console.print(line, markup=False, style="bold")
    say_long(
        _(
            "Fitted on {fitted} odd weeks, judged on {judged} even ones. Poor fit: distributions "
            "that differ by more than {ks} (KS) or {share} of the mean; such values are not "
            "written. Too few: under {least} alerts to fit on or to judge on; the case's value "
            "stays, as modelled."
        ).format(
            fitted=found.weeks_fitted,
            judged=found.weeks_judged,
            ks=f"{MAX_KS:.2f}",
            share=f"{MAX_DISTANCE_FRACTION:.0%}",
            least=MIN_EACH,
        ),
        console,
    )
    show_warnings(found.warnings, console, _)
    for name, n in found.other_categories:
        say_long(
            _("{n} alerts of category {name} are left out: the case has no such category.").format(
                n=n, name=name
            ),
            console,
            "yellow",
        )
    console.print(_services(found, _))
    _show_laws(found, console, _)
    _show_travel(found, console, _)
    _show_responses(found, console, _)


def state_text(state: str, _: Translate) -> str:
    """What became of a fit, in words."""
    return {"few": _("too few"), "poor": _("poor fit"), "fitted": _("fitted")}[state]


def law_text(law: str, _: Translate) -> str:
    """A law of the minutes on scene, in words."""
    return {
        "lognormal": _("lognormal"),
        "exponential": _("exponential"),
        "gamma": _("gamma"),
    }[law]


def calibration_document(
    found: Calibration, county: str, scenario: dict[str, Any] | None
) -> dict[str, Any]:
    """A calibration for machines; what has no value is null."""
    responses = found.responses
    return {
        "county": county,
        "log": found.shown,
        "first": str(found.first),
        "last": str(found.last),
        "scenario": found.scenario,
        "weeks_fitted": found.weeks_fitted,
        "weeks_judged": found.weeks_judged,
        "thresholds": {
            "ks": MAX_KS,
            "distance_fraction": MAX_DISTANCE_FRACTION,
            "fifth_fraction": MAX_FIFTH_FRACTION,
            "alerts_each": MIN_EACH,
        },
        "law": found.law,
        "categories": [plain(asdict(c)) | {"best_law": c.service.best} for c in found.categories],
        "travel": plain(asdict(found.travel)),
        "cells_beyond": found.beyond_cells,
        "responses": None
        if responses is None
        else {
            "quantiles": list(QUANTILES),
            "observed_min": _quantiles(responses.observed_min),
            "present_min": _quantiles(responses.present_min),
            "calibrated_min": _quantiles(responses.calibrated_min),
            "present": None if responses.present is None else asdict(responses.present),
            "calibrated": None if responses.calibrated is None else asdict(responses.calibrated),
            "is_poor": responses.calibrated is None or responses.calibrated.is_poor,
        },
        "other_categories": dict(found.other_categories),
        "scenario_block": scenario,
        "warnings": [w.text() for w in found.warnings],
    }


def _quantiles(sample: FloatArray | None) -> list[float | None] | None:
    if sample is None:
        return None
    found = np.quantile(sample, QUANTILES, method="inverted_cdf").tolist()
    return [round(v, 3) if math.isfinite(v) else None for v in found]


def _services(found: Calibration, _: Translate) -> object:
    grid = table(
        _("Minutes on scene and officers sent"),
        (_("Category"), "left"),
        (_("Alerts"), "right"),
        (_("Minutes"), "right"),
        (_("Spread"), "right"),
        (_("Officers"), "right"),
        (_("KS"), "right"),
        (_("Fit"), "left"),
    )
    for one in found.categories:
        grid.add_row(escape(one.category), *_service_cells(one, _))
    return grid


def _service_cells(one: CategoryFit, _: Translate) -> tuple[str, ...]:
    fit = one.service
    officers = f"{one.present_officers}"
    if one.officers_alerts:
        officers += f" → {one.officers_mean:.2f}"
    alerts = f"{fit.fit_alerts}+{fit.judged_alerts}"
    if fit.state == "few" or fit.match is None:
        return (
            alerts, f"{one.present_min:.0f}", f"{one.present_cv:.2f}", officers, _DASH,
            f"[yellow]{state_text(fit.state, _)}[/]",
        )  # fmt: skip
    colour = "green" if fit.state == "fitted" else "red"
    return (
        alerts,
        f"{one.present_min:.0f} → {fit.mean_min:.0f}",
        f"{one.present_cv:.2f} → {fit.cv:.2f}",
        officers,
        f"{fit.match.ks:.2f}",
        f"[{colour}]{state_text(fit.state, _)}[/]",
    )


def _show_laws(found: Calibration, console: Console, _: Translate) -> None:
    say_long(
        _(
            "Spread: standard deviation over mean. The simulation draws one law for all: {law}."
        ).format(law=law_text(found.law, _)),
        console,
    )
    for one in found.categories:
        if one.service.best is not None and one.service.best != found.law:
            say_long(
                _("{category}: {law} would fit better (Akaike).").format(
                    category=one.category, law=law_text(one.service.best, _)
                ),
                console,
            )


def _show_travel(found: Calibration, console: Console, _: Translate) -> None:
    fit = found.travel
    console.print(_("Turn-out and roads"), style="bold")
    if fit.state == "few":
        say_long(
            _(
                "Too few alerts with a time of arrival: {fit} to fit on, {judged} to judge on. "
                "Turn-out and speeds stay as they are, as modelled."
            ).format(fit=fit.fit_alerts, judged=fit.judged_alerts),
            console,
            "yellow",
        )
        return
    if fit.from_dispatch:
        text = _("Alert to dispatch {handling} min (median), dispatch to drive {start} min.")
    else:
        text = _(
            "Alert to drive {start} min; the log has no time of dispatch, so waits for a crew are "
            "in it."
        )
    console.print(text.format(handling=f"{fit.handling_min:.1f}", start=f"{fit.intercept_min:.1f}"))
    say_long(
        _(
            "Real drives take {factor} times the modelled minutes ({low} to {high}; {n} alerts). "
            "Crews that start elsewhere than at their station make the drive look shorter and the "
            "turn-out longer."
        ).format(
            factor=f"{fit.factor:.2f}",
            low=f"{fit.factor_low:.2f}",
            high=f"{fit.factor_high:.2f}",
            n=fit.fit_alerts,
        ),
        console,
    )
    if fit.bands:
        said = ", ".join(f"{a:02d}-{b:02d}: {f:.2f}" for a, b, _n, f in fit.bands)
        console.print(_("By hour of the day: {bands}.").format(bands=said), markup=False)
    _show_travel_verdict(fit, found.beyond_cells, console, _)


def _show_travel_verdict(fit: TravelFit, beyond: int, console: Console, _: Translate) -> None:
    assert fit.match is not None
    say_long(
        _(
            "On the weeks judged: {distance}; the median of the worst fifth, by distance, is "
            "{worst} off (up to {most} allowed)."
        ).format(
            distance=_distance(fit.match, _),
            worst=f"{fit.worst_fifth_fraction:.0%}",
            most=f"{MAX_FIFTH_FRACTION:.0%}",
        ),
        console,
    )
    if fit.state == "poor":
        say_long(
            _("Poor fit: turn-out and speeds are not written; the case's stay, as modelled."),
            console,
            "red",
        )
    elif beyond:
        say_long(
            _(
                "{n} cells are farther from their station than any alert fitted on ({minutes} "
                "modelled minutes): there the factor is an extrapolation."
            ).format(n=beyond, minutes=f"{fit.longest_min:.0f}"),
            console,
            "yellow",
        )


def _distance(match: Match, _: Translate) -> str:
    return _("KS {ks}, {minutes} min apart on average ({share} of the mean), {n} alerts").format(
        ks=f"{match.ks:.2f}",
        minutes=f"{match.wasserstein_min:.1f}",
        share=f"{match.distance_fraction:.0%}",
        n=match.alerts,
    )


def _show_responses(found: Calibration, console: Console, _: Translate) -> None:
    responses = found.responses
    if responses is None:
        console.print(_("Too few alerts judged to compare responses."), style="yellow")
        return
    grid = table(
        _("Response minutes of the weeks judged: observed and simulated with today's stations"),
        ("", "left"),
        *((f"P{q * 100:.0f}", "right") for q in QUANTILES),
    )
    for label, sample in (
        (_("Observed"), responses.observed_min),
        (_("The case's values"), responses.present_min),
        (_("Calibrated"), responses.calibrated_min),
    ):
        values = _quantiles(sample)
        cells = [_DASH] * len(QUANTILES) if values is None else values
        grid.add_row(label, *(c if isinstance(c, str) else _cell(c) for c in cells))
    console.print(grid)
    for label, match in (
        (_("The case's values"), responses.present),
        (_("Calibrated"), responses.calibrated),
    ):
        if match is None:
            said = _("work without end for the crews on duty; nothing is simulated")
        else:
            said = _distance(match, _)
        poor = match is None or match.is_poor
        text = f"{label}: {said}" + (" – " + _("poor fit") if poor else "")
        console.print(text, markup=False, style="red" if poor else "")
    if responses.calibrated is None or responses.calibrated.is_poor:
        say_long(
            _(
                "Even calibrated, the simulation does not give the responses observed: crews on "
                "duty, patrols or dispatch differ from the case's. Do not read its minutes as a "
                "forecast."
            ),
            console,
            "red",
        )


def _cell(value: float | None) -> str:
    return "∞" if value is None else f"{value:.1f}"
