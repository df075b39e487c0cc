"""Beats on the console, at 80 columns."""

from __future__ import annotations

import math

import numpy as np
from rich.console import Console

from optimizer.errors import Translate
from scenarios.beats import BeatStudy, Scored
from scenarios.beats_random import measure_text, measures_of, random_text
from scenarios.beats_words import (
    balance_text,
    broken_text,
    is_proposed,
    modelled_line,
    none_text,
    objective_text,
    proof_text,
    rule_text,
    tolerance_text,
)
from scenarios.show_lines import Column, grid, say_lines

_MOST_LINES = 20
_LARGE = 100


def show_beats(study: BeatStudy, console: Console, _: Translate) -> None:
    """Print the beats, what they cost and break, and what changes."""
    task, result, shown = study.asked.task, study.result, study.shown
    counts = sorted({study.asked.counts[0], study.asked.counts[-1]})
    head = _("{area}: {k} beats of {cells} cells, {work} within ±{tolerance}").format(
        area=study.area_name,
        k=task.beats if shown is not None else "-".join(map(str, counts)),
        cells=task.cells,
        work=balance_text(study, _),
        tolerance=f"{task.tolerance_fraction * 100:.4g}%",
    )
    say_lines(head, console, "bold")
    in_range = len(study.tried) > 1
    if result is not None and (shown is not None or not in_range):
        say_lines(proof_text(result, _), console, "green" if shown is not None else "bold red")
        if shown is None:
            say_lines(tolerance_text(result, _), console)
    if in_range:
        _numbers(study, console, _)
    if shown is not None:
        _table(study, shown, console, _)
        _compare(study, shown, console, _)
        _random(study, console, _)
        _moves(study, console, _)
        _broken(study, shown, console, _)
    say_lines(modelled_line(study, _), console, "magenta")


def _table(study: BeatStudy, shown: Scored, console: Console, _: Translate) -> None:
    known = study.asked.task.today is not None
    columns = [
        Column(header=_("Beat"), gives_way=True),
        Column(header=_("Cells (new)") if known else _("Cells"), figures=True),
        Column(header=_("Alerts a year"), figures=True),
        Column(header=_("Work"), figures=True),
        Column(header=_("Minutes"), figures=True),
        Column(header=_("Residents"), figures=True),
        Column(header="km²", figures=True),
        Column(header="PP/Reock", figures=True),
        Column(header=_("Officers"), figures=True),
    ]
    rows = [
        [
            r.name.removesuffix("派出所") or r.name,
            f"{r.cells} ({r.changed})" if known else str(r.cells),
            f"{r.alerts_per_year:,.0f}",
            f"{r.work_over_even:.0%}",
            _figure(r.mean_minutes, 1),
            f"{r.residents:,.0f}",
            f"{r.area_km2:,.1f}",
            f"{_figure(r.polsby_popper, 2)}/{_figure(r.reock, 2)}",
            f"{r.officers:.1f}",
        ]
        for r in shown.rows
    ]
    console.print()
    for line in grid(columns, rows, console.width):
        console.print(line)
    said = _(
        "Work: {work}, 100% = an even share. Minutes: mean from the seat. PP: Polsby–Popper, "
        "1 = a disc, as is Reock. Officers: the unit's, by work."
    )
    say_lines(said.format(work=balance_text(study, _)), console, "dim")
    if known:
        say_lines(_("(new): those that come from another beat of today."), console, "dim")
    console.print()


def _compare(study: BeatStudy, shown: Scored, console: Console, _: Translate) -> None:
    columns = [
        Column(header=""),
        Column(header=objective_text(study, _), figures=True),
        Column(header=_("Mean minutes"), figures=True),
        Column(header=_("Largest difference"), figures=True),
        Column(header=_("Broken rules"), figures=True),
    ]
    entries = [(_("Today"), study.today)]
    if study.edited is not None:
        entries.append((_("Before the moves"), study.best))
    entries.append((_("Edited by hand") if study.edited is not None else _("Plan"), shown))
    rows = [
        [
            label,
            _figure(one.objective, 0),
            _figure(one.mean_minutes, 2),
            f"{one.worst_share:.1%}",
            str(len(one.broken)),
        ]
        for label, one in entries
        if one is not None
    ]
    for line in grid(columns, rows, console.width):
        console.print(line)
    if study.today is not None:
        said = _("{n} of {all} cells change their beat.")
        say_lines(said.format(n=int(study.changed.sum()), all=len(study.changed)), console)


def _numbers(study: BeatStudy, console: Console, _: Translate) -> None:
    """Each number of beats that was drawn, and why one is proposed."""
    columns = [
        Column(header=_("Beats"), figures=True),
        Column(header=objective_text(study, _), figures=True),
        Column(header=_("Gap"), figures=True),
        Column(header=_("Mean, min"), figures=True),
        Column(header=_("Farthest, min"), figures=True),
        Column(header=_("Officers per beat"), figures=True),
        Column(header=""),
    ]
    rows = [
        [
            str(one.beats),
            _figure(math.nan if one.result.objective is None else one.result.objective, 0),
            "–" if one.result.gap_fraction is None else f"{one.result.gap_fraction:.2%}",
            _figure(one.mean_min, 2),
            _figure(one.farthest_min, 1),
            f"{study.asked.officers / one.beats:.1f}",
            _("proposed") if is_proposed(study, one) else none_text(one, _),
        ]
        for one in study.tried
    ]
    console.print()
    for line in grid(columns, rows, console.width):
        console.print(line)
    say_lines(rule_text(study, _), console, "dim")
    for one in study.tried:
        known = tolerance_text(one.result, _) if one.result.plan is None else ""
        for said in [*(p.text(_) for p in one.problems[:1]), *([known] if known else [])]:
            say_lines(f"{one.beats}{_(': ')}{said}", console, "yellow")


def _random(study: BeatStudy, console: Console, _: Translate) -> None:
    found = study.random_plans
    if found is None:
        if study.asked.wishes.random_plans:
            said = _("Not compared with random plans: these beats break a rule.")
            say_lines(said, console, "yellow")
        return
    say_lines(random_text(found, _), console)
    if not found.moved:
        return
    columns = [
        Column(header=_("Measure"), gives_way=True),
        Column(header=_("These beats"), figures=True),
        Column(header=_("Random, median"), figures=True),
        Column(header=_("Random, least"), figures=True),
        Column(header=_("Better than these"), figures=True),
    ]
    rows = [
        [
            measure_text(study, measure, _),
            *(
                f"{value:,.0f}" if value >= _LARGE else f"{value:.2f}"
                for value in (
                    found.own(measure),
                    float(np.median(found.values(measure))),
                    float(found.values(measure).min()),
                )
            ),
            f"{found.share_better(measure):.1%}",
        ]
        for measure in measures_of(study)
    ]
    for line in grid(columns, rows, console.width):
        console.print(line)


def _moves(study: BeatStudy, console: Console, _: Translate) -> None:
    if study.edited is None or study.best is None:
        return
    for cell, old, new in study.moved:
        said = f"{cell}: {old} → {new}"
        say_lines(said, console)
    more = study.edited.objective - study.best.objective
    whole = study.best.objective
    if math.isfinite(more) and whole > 0:
        said = _("The moves change {what} by {more:+,.0f} ({share:+.2%}).")
        said = said.format(what=objective_text(study, _), more=more, share=more / whole)
        say_lines(said, console, "bold")


def _broken(study: BeatStudy, shown: Scored, console: Console, _: Translate) -> None:
    if not shown.broken:
        say_lines(_("Every rule is kept."), console, "green")
        return
    say_lines(_("{n} rules are broken:").format(n=len(shown.broken)), console, "bold red")
    for one in shown.broken[:_MOST_LINES]:
        say_lines("  " + broken_text(study, shown, one, _), console, "red")
    if len(shown.broken) > _MOST_LINES:
        said = _("… and {n} more; --json has all.")
        say_lines("  " + said.format(n=len(shown.broken) - _MOST_LINES), console, "red")


def _figure(value: float, digits: int) -> str:
    return f"{value:,.{digits}f}" if math.isfinite(value) else "–" if math.isnan(value) else "∞"
