"""A forecast on the console, at 80 columns."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from rich.console import Console

from optimizer.errors import Translate
from scenarios.forecast_study import ForecastStudy, Part
from scenarios.forecast_words import (
    explanation_lines,
    method_lines,
    method_text,
    over_text,
    rule_text,
    span_text,
    split_lines,
    weekdays,
)
from scenarios.provenance import modelled_text
from scenarios.rhythm_show import show_warnings
from scenarios.rhythm_words import change_text
from scenarios.show_lines import Cell, Column, grid, say_lines

_SHOWN, _CATEGORIES, _HOURS = 12, 8, 3
_NOTICEABLE = 1.15
"""Times a mean hour below which the busiest is not worth naming."""


def show_forecast(study: ForecastStudy, console: Console, _: Translate) -> None:
    """Print the forecast, the back-test and what to know of both."""
    heading = [study.county.name, study.scenario or "", _("Forecast"), span_text(study)]
    say_lines(" · ".join(h for h in heading if h), console, "bold")
    whole = study.whole
    say_lines(
        _(
            "{n} alerts, in {share} of such years {low} to {high}; the last {days} days had "
            "{recent}, change per day {change}."
        ).format(
            n=f"{whole.estimate.mean:,.0f}",
            share=f"{study.rules.interval_fraction:.0%}",
            low=f"{whole.estimate.lower:,}",
            high=f"{whole.estimate.upper:,}",
            days=study.foreseen.recent_days,
            recent=f"{whole.recent:,}",
            change=change_text(whole.change_fraction),
        ),
        console,
    )
    _categories(study, console, _)
    _scores(study, console, _)
    columns = _columns(_("Township"), study, _)
    towns = [_cells(p) for p in study.townships[:_SHOWN]]
    _print(columns, towns, len(study.townships), console, _)
    _hours(study, console, _)
    _splits(study, console, _)
    _growths(study, console, _)
    console.print()
    for line in explanation_lines(study, _):
        say_lines(line, console)
    modelled = modelled_text(study.county.provenance, _)
    if modelled:
        say_lines(_("Modelled: {items}").format(items=modelled), console)
    show_warnings(study.problems, console, _)


def _categories(study: ForecastStudy, console: Console, _: Translate) -> None:
    ordered = sorted(study.categories, key=lambda p: -p.estimate.mean)
    columns = _columns(_("Category"), study, _)
    columns.append(Column(header=_("Growth a year"), figures=True))
    columns.append(Column(header=_("Method"), gives_way=True))
    rows = [
        (*_cells(p), change_text(p.growth_fraction), method_text(p.method, _))
        for p in ordered[:_SHOWN]
    ]
    if not any(p.growth_fraction for p in study.categories):
        columns = [*columns[:-2], columns[-1]]
        rows = [(*row[:-2], row[-1]) for row in rows]
    _print(columns, rows, len(ordered), console, _)


def _columns(first: str, study: ForecastStudy, _: Translate) -> list[Column]:
    return [
        Column(header=first, gives_way=True),
        Column(header=_("Alerts"), figures=True),
        Column(header=_("Interval"), figures=True),
        Column(header=_("Last {n} days").format(n=study.foreseen.recent_days), figures=True),
        Column(header=_("Change per day"), figures=True),
    ]


def _cells(part: Part) -> tuple[Cell, ...]:
    e = part.estimate
    return (
        part.name,
        f"{e.mean:,.0f}" if e.mean >= 10 else f"{e.mean:.1f}",
        f"{e.lower:,}–{e.upper:,}",
        f"{part.recent:,}",
        change_text(part.change_fraction),
    )


def _scores(study: ForecastStudy, console: Console, _: Translate) -> None:
    if not study.scores:
        return
    largest = sorted(study.categories, key=lambda p: -p.estimate.mean)[:_CATEGORIES]
    shown = {p.name for p in largest}
    columns = [
        Column(header=_("Back-test"), gives_way=True),
        Column(header=_("Method"), gives_way=True),
        Column(header=_("Error"), figures=True),
        Column(header=_("Loss"), figures=True),
        Column(header=_("Days inside"), figures=True),
        Column(header=_("Periods inside"), figures=True),
        Column(header=""),
    ]
    rows = [
        (
            s.category,
            method_text(s.method, _),
            "–" if np.isnan(s.mase) else f"{s.mase:.3f}",
            f"{s.pinball:.3f}",
            f"{s.day_coverage_fraction:.0%}",
            f"{s.total_coverage_fraction:.0%}",
            (_("used") if s.used else "", "bold"),
        )
        for s in study.scores
        if s.category in shown
    ]
    _print(columns, rows, len(study.scores), console, _)
    for line in method_lines(study, _):
        say_lines(line, console)


def _splits(study: ForecastStudy, console: Console, _: Translate) -> None:
    """The back-test of shares, of all categories asked for together."""
    if not study.splits:
        return
    whole = study.splits[0].category
    columns = [
        Column(header=_("Split back-tested"), gives_way=True),
        Column(header=_("Shares"), gives_way=True),
        Column(header=_("Times even"), figures=True),
        Column(header=_("Deviance"), figures=True),
        Column(header=_("Inside"), figures=True),
        Column(header=_("Used for"), figures=True),
    ]
    rows = [
        (
            over_text(s.over, _),
            rule_text(s.rule, _),
            f"{s.times_even:.2f}",
            f"{s.deviance:.3f}",
            f"{s.inside_fraction:.0%}",
            (f"{s.used_fraction:.0%}" if s.used_fraction else "", "bold"),
        )
        for s in study.splits
        if s.category == whole
    ]
    _print(columns, rows, len(rows), console, _)
    for line in split_lines(study, _):
        say_lines(line, console)


def _hours(study: ForecastStudy, console: Console, _: Translate) -> None:
    by_hour = study.by_hour()
    console.print()
    if by_hour.max() < _NOTICEABLE * by_hour.mean():
        say_lines(_("Hours of the week differ by no more than chance explains."), console)
        return
    order = np.argsort(-by_hour.ravel(), kind="stable")[:_HOURS].tolist()
    names = weekdays(_)
    busiest = _("; ").join(
        _("{day} {hour:02d}:00, {n} an hour").format(
            day=names[at // 24], hour=at % 24, n=f"{by_hour.ravel()[at]:.2f}"
        )
        for at in order
    )
    say_lines(_("Busiest hours of an average week: {hours}").format(hours=busiest), console)


def _growths(study: ForecastStudy, console: Console, _: Translate) -> None:
    for name, growth, total in study.growths:
        say_lines(
            _(
                "With growth {name} ({growth} a year): {n} alerts of all categories, {low} to "
                "{high}."
            ).format(
                name=name,
                growth=change_text(growth),
                n=f"{total.mean:,.0f}",
                low=f"{total.lower:,}",
                high=f"{total.upper:,}",
            ),
            console,
        )


def _print(
    columns: Sequence[Column],
    rows: Sequence[Sequence[Cell]],
    total: int,
    console: Console,
    _: Translate,
) -> None:
    console.print()
    for line in grid(columns, rows, console.width):
        console.print(line)
    if total > len(rows):
        said = _("… and {n} more; --out and --json name them all")
        say_lines(said.format(n=f"{total - len(rows):,}"), console)
