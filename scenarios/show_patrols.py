"""Patrols on the console, at 80 columns."""

from __future__ import annotations

from rich.console import Console

from optimizer.errors import Translate
from scenarios.patrols import PatrolStudy
from scenarios.patrols_words import (
    alerts_text,
    areas_text,
    coverage_text,
    modelled_line,
    proof_text,
    reason_text,
    variants_text,
    waiting_text,
)
from scenarios.show_lines import Column, grid, say_lines


def show_patrols(study: PatrolStudy, console: Console, _: Translate) -> None:
    """Print the shift by the clock, what is missed and why, and presence against target."""
    asked = study.asked
    head = _("{centre}: patrol {shift}, vehicles {n}, key areas {areas}, visits {visits}").format(
        centre=study.centre_name,
        shift=asked.wishes.shift,
        n=asked.wishes.vehicles,
        areas=len(asked.areas),
        visits=asked.task.visits,
    )
    say_lines(head, console, "bold")
    say_lines(proof_text(study, _), console, "green")
    console.print()
    _timetable(study, console, _)
    if study.reasons:
        console.print()
        say_lines(_("Missed"), console, "bold red")
        for visit, reason in study.reasons:
            said = _("{name}: {why}").format(
                name=asked.task.names[visit], why=reason_text(reason, _)
            )
            say_lines(said, console)
    console.print()
    _presence(study, console, _)
    console.print()
    lines = [areas_text(study, _), coverage_text(study, _), waiting_text(study, _)]
    lines += [alerts_text(study, _), variants_text(study, _)]
    for line in filter(None, lines):
        say_lines(line, console)
    say_lines(modelled_line(study, _), console, "magenta")


def _timetable(study: PatrolStudy, console: Console, _: Translate) -> None:
    columns = [
        Column(header=_("Vehicle"), figures=True),
        Column(header=_("Stop"), gives_way=True),
        Column(header=_("Drive min"), figures=True),
        Column(header=_("Arrives"), figures=True),
        Column(header=_("Waits min"), figures=True),
        Column(header=_("Leaves"), figures=True),
    ]
    asked, task, rows = study.asked, study.asked.task, []
    for vehicle, route in enumerate(study.result.routes):
        own = [c for c in study.judged.calls if c.vehicle == vehicle]
        here = 0
        rows.append([str(vehicle + 1), study.centre_name, "", "", "", study.clock(0)])
        left_s = 0
        for call in own:
            if here and asked.area_of[call.visit] == asked.area_of[here - 1]:
                out_s = int(task.travel_s[here, 0])
                rows.append(
                    ["", study.centre_name, f"{asked.minutes(out_s):.1f}",
                     study.clock(left_s + out_s), "", ""]
                )  # fmt: skip
                here = 0
            rows.append(
                [
                    "",
                    task.names[call.visit],
                    f"{asked.minutes(task.travel_s[here, call.visit + 1]):.1f}",
                    study.clock(call.arrives_s),
                    f"{(call.begins_s - call.arrives_s) / 60.0:.0f}",
                    study.clock(call.leaves_s),
                ]
            )
            here, left_s = call.visit + 1, call.leaves_s
        home = f"{asked.minutes(task.travel_s[route[-1] + 1, 0]):.1f}"
        rows.append(
            ["", study.centre_name, home, study.clock(study.judged.back_s[vehicle]), "", ""]
        )
    for line in grid(columns, rows, console.width):
        console.print(line)
    say_lines(
        _(
            "Driving: {minutes:.0f} min. Arrivals include the alerts to be expected until then."
        ).format(minutes=asked.minutes(study.judged.drive_s)),
        console,
        "dim",
    )


def _presence(study: PatrolStudy, console: Console, _: Translate) -> None:
    columns = [
        Column(header=_("Key area"), gives_way=True),
        Column(header=_("Visits"), figures=True),
        Column(header=_("Wanted min"), figures=True),
        Column(header=_("Given min"), figures=True),
        Column(header=_("Today min"), figures=True),
    ]
    asked = study.asked
    done = [asked.area_of[c.visit] for c in study.judged.calls]
    rows = [
        [
            area.name,
            f"{done.count(row)}/{area.visits}",
            f"{area.minutes:.0f}",
            f"{given:.0f}",
            "–" if area.today_min is None else f"{area.today_min:.0f}",
        ]
        for row, (area, given) in enumerate(zip(asked.areas, study.given_min, strict=True))
    ]
    for line in grid(columns, rows, console.width):
        console.print(line)
