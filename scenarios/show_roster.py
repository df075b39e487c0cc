"""A roster on the console at 80 columns: proof, shortage by hour, fairness, the first weeks."""

from __future__ import annotations

from datetime import timedelta

from rich.cells import cell_len
from rich.console import Console
from rich.markup import escape
from rich.text import Text

from optimizer.errors import Translate
from optimizer.result import Proof, Status
from scenarios.provenance import modelled_text
from scenarios.roster import RosterStudy
from scenarios.roster_words import (
    cell_text,
    marks,
    pattern_text,
    shift_text,
    short_spans,
    span_text,
    stage_text,
)
from scenarios.show_lines import Column, grid, say_lines

SHORT_SHOWN, SLOTS_SHOWN, DAYS_SHOWN = 10, 60, 28


def show_roster(study: RosterStudy, console: Console, _: Translate) -> None:
    """Print what was found."""
    task = study.task
    console.rule(f"[bold]{escape(study.unit_name)} · {_('Roster')}")
    end = task.start + timedelta(days=task.days - 1)
    say_lines(
        _("{start} to {end}, {slots} slots, {pattern}: {shifts}").format(
            start=task.start.isoformat(),
            end=end.isoformat(),
            slots=len(task.slots),
            pattern=pattern_text(study.rules.pattern, _),
            shifts=_("; ").join(_shift_hours(study, _)),
        ),
        console,
    )
    console.print()
    rows = [(stage_text(p.stage, _), f"{p.objective:,.0f}", f"{p.bound:,.0f}", _said(p, _))
            for p in study.plan.proofs]  # fmt: skip
    columns = [
        Column(header=_("Stage")),
        Column(header=_("Value"), figures=True),
        Column(header=_("Bound"), figures=True),
        Column(header="", gives_way=True),
    ]
    for line in grid(columns, rows, console.width):
        console.print(line)
    console.print()
    _shortage(study, console, _)
    _fairness(study, console, _)
    _days(study, console, _)
    _notes(study, console, _)


def _shift_hours(study: RosterStudy, _: Translate) -> list[str]:
    mark = marks(study.task.shifts, _)
    return [
        f"{m} {shift_text(k.name, _)} {k.start_hour:02d}:00–{(k.start_hour + k.hours) % 24:02d}:00"
        for m, k in zip(mark, study.task.shifts, strict=True)
    ]


def _said(proof: Proof, _: Translate) -> str:
    if proof.status is Status.OPTIMAL:
        return _("proven best")
    assert proof.gap_fraction is not None
    if proof.gap_fraction == 0.0:
        return _("at its bound; an earlier stage is open")
    return _("gap {gap}").format(gap=f"{proof.gap_fraction:.1%}")


def _shortage(study: RosterStudy, console: Console, _: Translate) -> None:
    score = study.score
    if not score.short:
        say_lines(_("Every hour has the heads it needs."), console, "green")
        return
    spans = short_spans(score.short)
    say_lines(
        _("Short: {missing} of {required} officer-hours, in {hours} hours").format(
            missing=score.shortage_hours,
            required=score.required_hours,
            hours=len({s.at for s in score.short}),
        ),
        console,
        "red",
    )
    worst = sorted(spans, key=lambda s: (-s.short.missing * (s.end - s.start), s.start))
    for span in sorted(worst[:SHORT_SHOWN], key=lambda s: s.start):
        say_lines("  " + span_text(span, _), console)
    if len(spans) > SHORT_SHOWN:
        say_lines(
            "  "
            + _("… and {n} more; --out and --json name them all").format(
                n=len(spans) - SHORT_SHOWN
            ),
            console,
        )


def _fairness(study: RosterStudy, console: Console, _: Translate) -> None:
    console.print()
    columns = [
        Column(header=_("Per slot")),
        *(Column(header=h, figures=True) for h in (_("Least"), _("Mean"), _("Most"))),
    ]
    weeks = study.task.days / 7
    counts = study.score.slots
    rows = []
    for label, values in (
        (_("Hours a week"), [c.hours / weeks for c in counts]),
        (_("Nights"), [float(c.nights) for c in counts]),
        (_("Weekends worked"), [float(c.weekends) for c in counts]),
    ):
        mean = sum(values) / len(values)
        rows.append((label, f"{min(values):.1f}", f"{mean:.1f}", f"{max(values):.1f}"))
    for line in grid(columns, rows, console.width):
        console.print(line)


def _days(study: RosterStudy, console: Console, _: Translate) -> None:
    """A mark for each slot and day, as many weeks as the screen holds."""
    task, mark = study.task, marks(study.task.shifts, _)
    wide = max(2, *(cell_len(m) for m in mark)) + (max(map(cell_len, mark)) > 2)
    days = min(task.days, DAYS_SHOWN, (console.width - 6) // wide)
    days -= days % 7 if days > 7 else 0
    console.print()
    head = Text(" " * 5, style="bold")
    for d in range(days):
        date = task.start + timedelta(days=d)
        head.append(_padded(str(date.day), wide), style="red" if date.weekday() >= 5 else "")
    console.print(head)
    for i in range(min(len(task.slots), SLOTS_SHOWN)):
        row = study.plan.shift[i].tolist()
        line = Text(f"{i + 1:>3}  ")
        for d in range(days):
            text = cell_text(task, row, i, d, mark, _) or "·"
            line.append(_padded(text, wide), style="" if row[d] >= 0 else "dim")
        console.print(line)
    if days < task.days or len(task.slots) > SLOTS_SHOWN:
        say_lines(_("The rest is in --out FILE.xlsx."), console)


def _padded(text: str, width: int) -> str:
    return text + " " * max(0, width - cell_len(text))


def _notes(study: RosterStudy, console: Console, _: Translate) -> None:
    console.print()
    if study.demand_origin == "file":
        say_lines(_("Demand by hour: given in a file."), console)
        return
    say_lines(
        _("Demand by hour: modelled from alerts, crews and the desk's hours; no finding about "
          "the station."),
        console,
    )  # fmt: skip
    for key, value in study.assumed.items():
        say_lines(f"  {key} = {value}", console)
    items = modelled_text(study.provenance, _)
    if items:
        say_lines(_("Modelled, not given by the bureau") + _(": ") + items, console)
