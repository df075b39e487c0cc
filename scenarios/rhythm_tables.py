"""Briefings, places of repeat alerts, tasks and traced rows as tables, headers translated."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from optimizer.errors import Translate
from scenarios.repeats import RepeatRow
from scenarios.rhythm import Briefing, Line, TopPlace, change_fraction
from scenarios.rhythm_trace import TracedRow
from scenarios.rhythm_words import (
    before_text,
    counts_text,
    flag_text,
    grade_text,
    kind_text,
    section_text,
    task_text,
)
from scenarios.tables import Cell, Columns, Sheet, sheet_of
from scenarios.tasks import Proposal


def lines_sheet(brief: Briefing, _: Translate) -> Sheet:
    """Every line of a briefing."""
    windows = brief.windows

    def change(line: Line) -> Cell:
        found = change_fraction(line.alerts, windows.now.days, line.before, windows.before.days)
        return None if found is None else round(found, 4)

    def change_year(line: Line) -> Cell:
        year = windows.last_year
        found = change_fraction(line.alerts, windows.now.days, line.last_year, year.days)
        return None if found is None else round(found, 4)

    columns: Columns[Line] = (
        (_("Table"), "text", lambda n: section_text(n.section, _)),
        (_("Name"), "text", lambda n: n.name),
        (_("Township"), "text", lambda n: n.township),
        (_("Station id"), "text", lambda n: n.station_id),
        (_("Category"), "text", lambda n: n.category),
        (_("Alerts"), "count", lambda n: n.alerts),
        (
            _("Expected alerts"),
            "number",
            lambda n: None if n.expected_alerts is None else round(n.expected_alerts, 3),
        ),
        (_("Interval from"), "count", lambda n: n.lower),
        (_("Interval to"), "count", lambda n: n.upper),
        (_("Chance"), "fraction", lambda n: _rounded(n.chance_fraction)),
        (_("Against expectation"), "text", lambda n: flag_text(n.flag, _)),
        (before_text(windows.period, _), "count", lambda n: n.before),
        (_("Change per day, share"), "fraction", change),
        (_("A year earlier"), "count", lambda n: n.last_year),
        (_("Change per day to a year earlier, share"), "fraction", change_year),
        (_("Trace key"), "text", lambda n: n.key),
        (_("Trace key before"), "text", lambda n: n.before_key),
        (_("Trace key a year earlier"), "text", lambda n: n.last_year_key),
    )
    return _titled(sheet_of("briefing", columns, brief.lines), _("Briefing"))


def places_sheet(brief: Briefing, stations: Mapping[str, str], _: Translate) -> Sheet:
    """The places with most alerts."""
    columns: Columns[TopPlace] = (
        (_("Place key"), "text", lambda p: p.place),
        (_("Grade"), "text", lambda p: grade_text(p.grade, _)),
        (_("Alerts"), "count", lambda p: p.alerts),
        (_("Alerts in the look-back"), "count", lambda p: p.lookback_alerts),
        (_("Township"), "text", lambda p: p.township),
        (_("Cell"), "text", lambda p: p.cell_id),
        (_("Station"), "text", lambda p: stations[p.station_id]),
        (_("At a station's seat"), "text", lambda p: _("yes") if p.at_seat else _("no")),
        (_("Trace key"), "text", lambda p: p.key),
        (_("Trace key of the look-back"), "text", lambda p: p.lookback_key),
    )
    return _titled(sheet_of("places", columns, brief.places), _("Places"))


def proposals_sheet(tasks: Sequence[Proposal], _: Translate) -> Sheet:
    """What is proposed to stations."""
    columns: Columns[Proposal] = (
        (_("Grade"), "text", lambda t: grade_text(t.grade, _)),
        (_("Station id"), "text", lambda t: t.station_id),
        (_("Station"), "text", lambda t: t.station),
        (_("Matter"), "text", lambda t: task_text(t.kind, t.category, t.township, t.cell_id, _)),
        (_("Alerts"), "count", lambda t: t.alerts),
        (
            _("Expected alerts"),
            "number",
            lambda t: None if t.expected_alerts is None else round(t.expected_alerts, 3),
        ),
        (_("Due"), "text", lambda t: t.due.isoformat()),
        (_("Open task"), "text", lambda t: t.open_task),
        (_("Trace key"), "text", lambda t: t.trace),
    )
    return _titled(sheet_of("tasks_proposed", columns, tasks), _("Tasks proposed"))


def repeats_sheet(rows: Sequence[RepeatRow], _: Translate, *, points: bool = False) -> Sheet:
    """Places of repeat alerts.

    Args:
        rows: The places.
        _: Translation.
        points: With coordinates, for a bureau's own map.
    """
    plain: Columns[RepeatRow] = (
        (_("Grade"), "text", lambda r: grade_text(r.grade, _)),
        (_("Counted together"), "text", lambda r: kind_text(r.kind, _)),
        (_("Township"), "text", lambda r: r.township),
        (_("Cell"), "text", lambda r: r.cell_id),
        (_("Station id"), "text", lambda r: r.station_id),
        (_("Station"), "text", lambda r: r.station_name),
        (_("Alerts"), "count", lambda r: r.alerts),
        (_("Weight"), "number", lambda r: round(r.weight, 3)),
        (_("First"), "text", lambda r: f"{r.first:%Y-%m-%d %H:%M}"),
        (_("Last"), "text", lambda r: f"{r.last:%Y-%m-%d %H:%M}"),
        (_("Days quiet"), "count", lambda r: r.quiet_days),
        (_("Alerts in the look-back"), "count", lambda r: r.lookback_alerts),
        (_("By category"), "text", lambda r: counts_text(r.categories)),
        (_("Addresses joined"), "count", lambda r: r.keys),
        (_("At a station's seat"), "text", lambda r: _("yes") if r.at_seat else _("no")),
        (_("Place key"), "text", lambda r: r.place),
        (_("Trace key"), "text", lambda r: r.key),
        (_("Trace key of the look-back"), "text", lambda r: r.lookback_key),
    )
    where: Columns[RepeatRow] = (
        (_("Longitude, degrees"), "text", lambda r: round(r.lon_deg, 6)),
        (_("Latitude, degrees"), "text", lambda r: round(r.lat_deg, 6)),
    )
    made = sheet_of("repeats", (*plain, *where) if points else plain, rows)
    return _titled(made, _("Repeat alerts"))


def traced_sheet(rows: Sequence[TracedRow], _: Translate) -> Sheet:
    """The rows behind a number."""
    columns: Columns[TracedRow] = (
        (_("File"), "text", lambda r: r.file),
        (_("Line"), "count", lambda r: r.row),
        (_("Time"), "text", lambda r: r.occurred_at),
        (_("Category"), "text", lambda r: r.category),
        (_("Priority"), "count", lambda r: r.priority or None),
        (_("Township"), "text", lambda r: r.township),
        (_("Cell"), "text", lambda r: r.cell_id),
        (_("Placed by"), "text", lambda r: placed_text(r.placed, _)),
    )
    return _titled(sheet_of("trace", columns, rows), _("Rows"))


def placed_text(placed: str, _: Translate) -> str:
    """How an alert got its cell."""
    return {
        "point": _("its point"),
        "cell": _("its cell"),
        "place_name": _("its place name"),
        "township": _("its township"),
    }[placed]


def _rounded(value: float | None) -> Cell:
    return None if value is None else round(value, 6)


def _titled(sheet: Sheet, title: str) -> Sheet:
    return Sheet(
        name=sheet.name, header=sheet.header, rows=sheet.rows, kinds=sheet.kinds, title=title
    )
