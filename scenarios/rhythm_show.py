"""A briefing on the console, at 80 columns."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Console

from optimizer.errors import Problem, Translate
from scenarios.names import Names
from scenarios.provenance import modelled_text
from scenarios.rhythm import Briefing, Line, Section, change_fraction
from scenarios.rhythm_trace import TracedRow, row_spans
from scenarios.rhythm_words import (
    GRADE_STYLES,
    before_text,
    change_text,
    count_text,
    grade_text,
    interval_text,
    period_text,
    section_text,
    task_text,
)
from scenarios.show_lines import Cell, Column, grid, say_lines
from scenarios.tasks import Proposal

LINES_SHOWN, TASKS_SHOWN, ROWS_SHOWN, WARNINGS_SHOWN = 12, 15, 30, 5
_FLAG_STYLES = {"up": "red", "down": "green", "": ""}
_ARROWS = {"up": "↑", "down": "↓", "": ""}
_SHOWN: tuple[Section, ...] = ("category", "township", "station")


def show_briefing(
    brief: Briefing, tasks: Sequence[Proposal], stations: Names, console: Console, _: Translate
) -> None:
    """Print what a period brought.

    Args:
        brief: The briefing.
        tasks: What it proposes.
        stations: Names of the stations.
        console: Where.
        _: Translation.
    """
    windows = brief.windows
    heading = f"{brief.county_name} · {period_text(windows.period, _)} · {windows.now.text()}"
    say_lines(heading, console, "bold")
    _county(brief, console, _)
    for section in _SHOWN:
        _section(brief, section, console, _)
    _station_categories(brief, console, _)
    _places(brief, stations, console, _)
    _tasks(tasks, console, _)
    _notes(brief, console, _)
    show_warnings(brief.problems, console, _)


def _county(brief: Briefing, console: Console, _: Translate) -> None:
    (line,) = brief.section("county")
    said = _("{n} alerts").format(n=f"{line.alerts:,}")
    if line.expected_alerts is not None:
        said = _("{n} alerts; expected {expected}, in {share} of such periods {interval}.").format(
            n=f"{line.alerts:,}",
            expected=f"{line.expected_alerts:,.1f}",
            interval=interval_text(line.lower, line.upper),
            share=f"{brief.rules.rhythm.interval_fraction:.0%}",
        )
    say_lines(said, console, _FLAG_STYLES[line.flag])
    windows = brief.windows
    for label, window, other in (
        (before_text(windows.period, _), windows.before, line.before),
        (_("A year earlier"), windows.last_year, line.last_year),
    ):
        change = change_fraction(line.alerts, windows.now.days, other, window.days)
        if other is None:
            text = _("{label} ({days}): not in the log, or not all of it.")
        else:
            text = _("{label} ({days}): {n} alerts; change per day {change}.")
        say_lines(
            text.format(
                label=label, days=window.text(), n=count_text(other), change=change_text(change)
            ),
            console,
        )


def _columns(brief: Briefing, first: str, _: Translate) -> list[Column]:
    return [
        Column(header=first, gives_way=True),
        Column(header=_("Alerts"), figures=True),
        Column(header=_("Expected alerts"), figures=True),
        Column(header=_("Interval"), figures=True),
        *([Column(header=before_text(brief.windows.period, _), figures=True)]
          if brief.covers_before else []),
        *([Column(header=_("A year earlier"), figures=True)] if brief.covers_last_year else []),
        Column(header=""),
    ]  # fmt: skip


def _cells(line: Line) -> tuple[Cell, ...]:
    expected = "-" if line.expected_alerts is None else f"{line.expected_alerts:,.1f}"
    others = [count_text(n) for n in (line.before, line.last_year) if n is not None]
    return (
        line.name,
        count_text(line.alerts),
        expected,
        interval_text(line.lower, line.upper),
        *others,
        (_ARROWS[line.flag], _FLAG_STYLES[line.flag]),
    )


def _section(brief: Briefing, section: Section, console: Console, _: Translate) -> None:
    lines = brief.section(section)
    counted = [line for line in lines if line.alerts or line.expected_alerts]
    # What stands out first, then what counts most.
    counted.sort(key=lambda line: (not line.flag, -line.alerts))
    console.print()
    columns = _columns(brief, section_text(section, _), _)
    _print(console, columns, [_cells(line) for line in counted[:LINES_SHOWN]])
    _more(len(counted) - LINES_SHOWN, console, _)


def _station_categories(brief: Briefing, console: Console, _: Translate) -> None:
    lines = [line for line in brief.section("station_category") if line.flag]
    if not lines:
        return
    lines.sort(key=lambda line: (line.flag != "up", line.chance_fraction or 0.0))
    console.print()
    columns = _columns(brief, section_text("station_category", _), _)
    _print(console, columns, [_cells(line) for line in lines[:LINES_SHOWN]])
    _more(len(lines) - LINES_SHOWN, console, _)


def _places(brief: Briefing, stations: Names, console: Console, _: Translate) -> None:
    if not brief.places:
        return
    console.print()
    say_lines(_("Places with most alerts"), console, "bold")
    columns = [
        Column(header=_("Grade")),
        Column(header=_("Place"), gives_way=True),
        Column(header=_("Station"), gives_way=True),
        Column(header=_("Alerts"), figures=True),
        Column(header=_("In {n} days").format(n=brief.rules.repeats.lookback_days), figures=True),
        Column(header=_("Place key")),
    ]
    rows: list[tuple[Cell, ...]] = [
        (
            (grade_text(p.grade, _), GRADE_STYLES[p.grade]),
            f"{p.township} {p.cell_id}" + (_(" (at a station's seat)") if p.at_seat else ""),
            stations.shown(p.station_id),
            count_text(p.alerts),
            count_text(p.lookback_alerts),
            p.place,
        )
        for p in brief.places
    ]
    _print(console, columns, rows)


def _tasks(tasks: Sequence[Proposal], console: Console, _: Translate) -> None:
    console.print()
    say_lines(_("Tasks proposed: {n}").format(n=len(tasks)), console, "bold")
    if not tasks:
        return
    columns = [
        Column(header=_("Grade")),
        Column(header=_("Station"), gives_way=True),
        Column(header=_("Matter"), gives_way=True),
        Column(header=_("Alerts"), figures=True),
        Column(header=_("Due")),
        Column(header=_("Open task")),
    ]
    rows: list[tuple[Cell, ...]] = [
        (
            (grade_text(t.grade, _), GRADE_STYLES[t.grade]),
            t.station,
            task_text(t.kind, t.category, t.township, t.cell_id, _),
            count_text(t.alerts),
            t.due.isoformat(),
            t.open_task,
        )
        for t in tasks[:TASKS_SHOWN]
    ]
    if not any(t.open_task for t in tasks):
        columns, rows = columns[:-1], [row[:-1] for row in rows]
    _print(console, columns, rows)
    _more(len(tasks) - TASKS_SHOWN, console, _)


def _notes(brief: Briefing, console: Console, _: Translate) -> None:
    console.print()
    spread, rules = brief.spread, brief.rules.rhythm
    if spread is None:
        say_lines(_("No expectation: the log holds too few days before this period."), console)
    else:
        say_lines(
            _(
                "Expected: the level of the {level} days before, by weekday{season}; the interval "
                "is negative binomial, its spread from {blocks} earlier periods. Arrows: beyond "
                "chance; of those in a table {rate} may still be chance."
            ).format(
                level=rules.level_days,
                season=_(" and season") if spread.seasonal else "",
                blocks=spread.blocks,
                rate=f"{rules.false_discovery_fraction:.0%}",
            ),
            console,
        )
        if not spread.seasonal:
            say_lines(
                _("No season factor: it takes two whole years of log before the period."), console
            )
        if brief.special_days:
            said = _("{n} public holidays or moved working days: expected as in earlier years.")
            say_lines(said.format(n=brief.special_days), console)
        if brief.unannounced:
            say_lines(_("Moved working days of this year are not announced yet."), console)
    (line,) = brief.section("county")
    say_lines(
        _(
            "Rows behind a number: `--trace {key}`, narrowed by /township=…, /station=…, "
            "/category=… or /repeat=KEY/asof={day}; --json and --out give every key."
        ).format(key=line.key, day=f"{brief.windows.now.last:%Y%m%d}"),
        console,
    )
    if modelled := modelled_text(brief.provenance, _):
        say_lines(_("Modelled: {items}").format(items=modelled), console)
    say_lines(_("Places are counted and graded, never people."), console)


def show_trace(rows: Sequence[TracedRow], key: str, console: Console, _: Translate) -> None:
    """Print the rows behind a number.

    Args:
        rows: By file and row.
        key: What was asked.
        console: Where.
        _: Translation.
    """
    said = _("{n} alerts behind {key}").format(n=f"{len(rows):,}", key=key)
    say_lines(said, console, "bold")
    for file, spans in row_spans(tuple(rows)):
        shown = spans if len(spans) <= 600 else spans[:600].rpartition(",")[0] + ", …"
        say_lines(_("{file}, lines {spans}").format(file=file, spans=shown), console)
    if not rows:
        return
    console.print()
    columns = [
        Column(header=_("File"), gives_way=True),
        Column(header=_("Line"), figures=True),
        Column(header=_("Time")),
        Column(header=_("Category"), gives_way=True),
        Column(header=_("Township"), gives_way=True),
        Column(header=_("Cell"), gives_way=True),
    ]
    shown_rows: list[tuple[Cell, ...]] = [
        (r.file, str(r.row), r.occurred_at, r.category, r.township, r.cell_id)
        for r in rows[:ROWS_SHOWN]
    ]
    _print(console, columns, shown_rows)
    _more(len(rows) - ROWS_SHOWN, console, _)


def show_warnings(problems: Sequence[Problem], console: Console, _: Translate) -> None:
    """Print what a planner should know of the log."""
    for problem in problems[:WARNINGS_SHOWN]:
        say_lines(_("Note: {text}").format(text=problem.text(_)), console, "yellow")
    _more(len(problems) - WARNINGS_SHOWN, console, _)


def _more(n: int, console: Console, _: Translate) -> None:
    if n > 0:
        say_lines(_("… and {n} more; --out and --json name them all").format(n=n), console)


def _print(console: Console, columns: Sequence[Column], rows: Sequence[Sequence[Cell]]) -> None:
    for line in grid(columns, rows, console.width):
        console.print(line)
