"""Visibility on the console, at 80 columns."""

from __future__ import annotations

from rich.console import Console
from rich.markup import escape

from optimizer.errors import Translate
from scenarios.rhythm_words import GRADE_STYLES
from scenarios.show_lines import Cell, Column, grid, say_lines
from scenarios.titles import case_title
from scenarios.visibility import KINDS, Coverage, VisibilityStudy
from scenarios.visibility_words import (
    because_text,
    changes_text,
    coverage_text,
    crews_text,
    grade_of,
    modelled_line,
    proof_text,
    proofs_text,
    rule_text,
)

_SHORT_ROWS = 12


def show_visibility(study: VisibilityStudy, console: Console, _: Translate) -> None:
    """Print coverage before and after, the key areas that stay short, and the units."""
    county = study.opened.loaded.county
    console.rule(f"[bold]{escape(case_title(county.name, study.opened.scenario))}")
    head = _("Visibility {night}: key areas {n}, units today {a}, in the plan {b}").format(
        night=study.night, n=len(study.areas), a=len(study.today), b=len(study.planned)
    )
    say_lines(head, console, "bold")
    say_lines(coverage_text(study, _), console, "green")
    _coverage(study, console, _)
    say_lines(changes_text(study, _), console)
    console.print()
    for units, name in ((study.today, _("Today")), (study.planned, _("Plan"))):
        say_lines(crews_text(units, name, _), console)
    say_lines(rule_text(study, _), console, "dim")
    console.print()
    _short(study, console, _)
    console.print()
    _units(study, console, _)
    console.print()
    say_lines(proofs_text(study, _), console)
    say_lines(modelled_line(study, _), console, "magenta")


def _coverage(study: VisibilityStudy, console: Console, _: Translate) -> None:
    columns = [
        Column(header=_("Grade"), gives_way=True),
        Column(header=_("Key areas"), figures=True),
        Column(header=_("Covered"), figures=True),
        Column(header=_("By night alerts"), figures=True),
        Column(header=_("Wanted min"), figures=True),
        Column(header=_("Given min"), figures=True),
    ]
    rows: list[list[Cell]] = []
    for grade in (None, *KINDS):
        before, after = (study.coverage(is_plan=p, grade=grade) for p in (False, True))
        if before.areas:
            name: Cell = _("all")
            if grade is not None:
                name = (grade_of(grade, _), GRADE_STYLES[grade])
            rows.append([name, str(before.areas), *_pair(before, after)])
    for line in grid(columns, rows, console.width):
        console.print(line)


def _pair(before: Coverage, after: Coverage) -> list[Cell]:
    return [
        f"{before.covered} → {after.covered}",
        f"{before.alert_share_fraction:.0%} → {after.alert_share_fraction:.0%}",
        f"{before.wanted_min:,.0f}",
        f"{before.given_min:,.0f} → {after.given_min:,.0f}",
    ]


def _short(study: VisibilityStudy, console: Console, _: Translate) -> None:
    short = study.short()
    if not short:
        say_lines(_("Under the plan every key area has all the presence wanted."), console)
        return
    say_lines(_("Short of presence under the plan"), console, "bold")
    columns = [
        Column(header=_("Key area"), gives_way=True),
        Column(header=_("Grade")),
        Column(header=_("Night alerts a year"), figures=True),
        Column(header=_("Wanted min"), figures=True),
        Column(header=_("Given min"), figures=True),
        Column(header=_("Unit of the plan"), gives_way=True),
        Column(header=_("Why not"), gives_way=True),
    ]
    rows: list[list[Cell]] = [
        [
            s.area.name,
            (grade_of(s.area.grade, _), GRADE_STYLES[s.area.grade]),
            f"{s.alerts_per_year:.0f}",
            f"{s.area.minutes:.0f}",
            f"{s.today_min:.0f} → {s.plan_min:.0f}",
            study.planned[s.unit_plan].centre_name,
            because_text(s.because, _),
        ]
        for s in short[:_SHORT_ROWS]
    ]
    for line in grid(columns, rows, console.width):
        console.print(line)
    if len(short) > _SHORT_ROWS:
        say_lines(_("{n} more are short.").format(n=len(short) - _SHORT_ROWS), console)


def _units(study: VisibilityStudy, console: Console, _: Translate) -> None:
    columns = [
        Column(header=_("Unit of the plan"), gives_way=True),
        Column(header=_("Officers"), figures=True),
        Column(header=_("Crews"), figures=True),
        Column(header=_("Key areas"), figures=True),
        Column(header=_("Wanted min"), figures=True),
        Column(header=_("Given min"), figures=True),
        Column(header=_("Driving, min"), figures=True),
        Column(header=_("Proof"), gives_way=True),
    ]
    rows: list[list[Cell]] = []
    for unit in study.planned:
        own = [study.areas[row] for row in unit.areas]
        before = sum(min(a.today_min, a.area.minutes) for a in own)
        rows.append(
            [
                unit.centre_name,
                str(unit.officers),
                f"{unit.vehicles}/{unit.crews_required}",
                str(len(own)),
                f"{unit.wanted_min:.0f}",
                f"{before:.0f} → {sum(unit.given_min):.0f}",
                f"{unit.drive_min:.0f}",
                proof_text(unit, _),
            ]
        )
    for line in grid(columns, rows, console.width):
        console.print(line)
