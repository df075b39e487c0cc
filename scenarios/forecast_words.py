"""Words of forecasts."""

from __future__ import annotations

from optimizer.alert_rules_forecast import SPLITS, Method, SplitRule
from optimizer.errors import Translate
from scenarios.forecast_study import ForecastStudy
from scenarios.show_lines import listed_in


def method_text(method: Method | None, _: Translate) -> str:
    """A method, for people."""
    if method is None:
        return ""
    return {
        "model": _("model"),
        "last_52_weeks": _("mean of 52 weeks"),
        "seasonal_naive": _("a year before"),
    }[method]


def rule_text(rule: SplitRule, _: Translate) -> str:
    """A rule for shares, for people."""
    return {
        "model": _("model"),
        "last_year": _("shares of 52 weeks"),
        "even": _("even shares"),
    }[rule]


def over_text(over: str, _: Translate) -> str:
    """What alerts are split over."""
    return _("over cells") if over == "cells" else _("over hours of the week")


def split_lines(study: ForecastStudy, _: Translate) -> list[str]:
    """What the back-test of shares says, and which rules are used."""
    if not study.splits:
        return []
    lines = [
        _(
            "Split: the alerts of each period shared out by what was known before it. Times even: "
            "how many times as likely as by even shares the cells (hours) were where alerts came; "
            "the highest is used. Deviance: per cell and week, per township and hour of the week; "
            "lower is better. Inside: townships (hours: by four-hour parts of the day) inside "
            "their {share} intervals."
        ).format(share=f"{study.rules.interval_fraction:.0%}")
    ]
    if study.rules.split != "best":
        lines.append(_("The shares were chosen by alert_rules.forecast.split."))
        return lines
    made = study.foreseen.forecast
    for over, chosen in (("cells", made.cell_rules), ("hours", made.hour_rules)):
        beaten = [made.categories[k] for k in study.rows if chosen[k] != SPLITS[0]]
        if beaten:
            said = _("Split {over}: the model lost to a plain rule for {names}; it is used there.")
            lines.append(said.format(over=over_text(over, _), names=listed_in(beaten, _)))
    return lines


def span_text(study: ForecastStudy) -> str:
    """First and last day of the planning year."""
    days = study.foreseen.forecast.days[[0, -1]].astype(str).tolist()
    return f"{days[0]} – {days[1]}"


def weekdays(_: Translate) -> tuple[str, ...]:
    """Monday to Sunday."""
    return (_("Monday"), _("Tuesday"), _("Wednesday"), _("Thursday"), _("Friday"), _("Saturday"),
            _("Sunday"))  # fmt: skip


def method_lines(study: ForecastStudy, _: Translate) -> list[str]:
    """What did better where, and how the back-test was made."""
    tested, lines = study.foreseen.forecast.back_test, list[str]()
    if len(tested.first):
        lines.append(
            _(
                "Back-test over {n} × {days} days, each period foretold from the days before it "
                "only. Error: over the mean change within a week (MASE; below 1 is better). Loss: "
                "of a day's quantiles, alerts (pinball); the lowest is used. Inside: share of days "
                "and of whole periods in their {share} intervals."
            ).format(
                n=len(tested.first),
                days=tested.days,
                share=f"{study.rules.interval_fraction:.0%}",
            )
        )
    if study.rules.method != "best":
        lines.append(
            _("The method was chosen by alert_rules.forecast.method, not by the back-test.")
        )
    elif study.beaten:
        lines.append(
            _(
                "The model lost to a plain rule in the back-test for {names}; there the rule is "
                "used."
            ).format(names=listed_in([p.name for p in study.beaten], _))
        )
    return lines


def explanation_lines(study: ForecastStudy, _: Translate) -> list[str]:
    """How to read the forecast."""
    lines = [
        _(
            "Learnt from {first} to {last}. Intervals hold chance, the drift of the level seen in "
            "the back-test and the shares of places and hours; hours are alike in all cells."
        ).format(first=study.foreseen.first.isoformat(), last=study.foreseen.last.isoformat()),
        _(
            "The forecast is of the log; what a scenario changes comes on top. Plans use it where "
            "case.yaml says alert_rules.forecast.use: true."
        ),
    ]
    if study.rules.calendar == "none":
        lines.append(_("Public holidays are not told apart (alert_rules.forecast.calendar: none)."))
    return lines
