"""A briefing, repeat alerts and traced rows as JSON, tables and a workbook, all or nothing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any

from geo.atomic import atomic_folder, write_text
from geo.fonts import map_fonts
from optimizer.county import County, Provenance
from optimizer.errors import Problem, Translate
from scenarios.documents import json_text, plain
from scenarios.keeping import versions
from scenarios.language import Language
from scenarios.manifest import write_manifest
from scenarios.provenance import inputs_text, modelled_items
from scenarios.repeats import RepeatRow, RepeatStudy
from scenarios.rhythm import Briefing, Line
from scenarios.rhythm_plot import briefing_chart
from scenarios.rhythm_tables import (
    lines_sheet,
    places_sheet,
    proposals_sheet,
    repeats_sheet,
    traced_sheet,
)
from scenarios.rhythm_trace import TracedRow
from scenarios.rhythm_words import period_text
from scenarios.tables import Sheet
from scenarios.tasks import Proposal
from scenarios.workbook import write_book


def briefing_document(brief: Briefing, tasks: Sequence[Proposal]) -> dict[str, Any]:
    """A briefing as plain values; null where the log does not say."""
    windows = brief.windows
    spread = brief.spread
    return {
        "case": brief.county_name,
        "period": windows.period,
        "first": windows.now.first.isoformat(),
        "last": windows.now.last.isoformat(),
        "before": [windows.before.first.isoformat(), windows.before.last.isoformat()],
        "last_year": [windows.last_year.first.isoformat(), windows.last_year.last.isoformat()],
        "log": [brief.log_first.isoformat(), brief.log_last.isoformat()],
        "modelled": modelled_items(brief.provenance),
        "expectation": None
        if spread is None
        else {
            "interval_fraction": brief.rules.rhythm.interval_fraction,
            "history_days": spread.history_days,
            "periods": spread.blocks,
            "seasonal": spread.seasonal,
            "special_days": brief.special_days,
            "special_days_unannounced": brief.unannounced,
            "false_discovery_fraction": brief.rules.rhythm.false_discovery_fraction,
        },
        "lines": [_line(line) for line in brief.lines],
        "places": [asdict(p) for p in brief.places],
        "tasks": [asdict(t) | {"due": t.due.isoformat()} for t in tasks],
        "warnings": [p.text() for p in brief.problems],
    }


def _line(line: Line) -> dict[str, Any]:
    return {f.name: plain(getattr(line, f.name)) for f in fields(line)}


def repeats_document(
    study: RepeatStudy, rows: Sequence[RepeatRow], *, points: bool
) -> dict[str, Any]:
    """Places of repeat alerts as plain values."""
    return {
        "case": study.county_name,
        "as_of": study.as_of.isoformat(),
        "rules": study.rules.model_dump(mode="json"),
        "modelled": modelled_items(study.provenance),
        "lookback_alerts": study.lookback_alerts,
        "without_place": study.without_place,
        "places": [_repeat(row, points) for row in rows],
        "warnings": [p.text() for p in study.problems],
    }


def _repeat(row: RepeatRow, points: bool) -> dict[str, Any]:
    found = {
        name: plain(getattr(row, name))
        for name in (f.name for f in fields(row))
        if points or name not in ("lon_deg", "lat_deg")
    }
    found["first"], found["last"] = row.first.isoformat(), row.last.isoformat()
    found["categories"] = dict(row.categories)
    return found


def trace_document(key: str, rows: Sequence[TracedRow]) -> dict[str, Any]:
    """The rows behind a number as plain values."""
    return {"key": key, "alerts": len(rows), "rows": [asdict(row) for row in rows]}


def write_briefing(
    brief: Briefing,
    tasks: Sequence[Proposal],
    county: County,
    out: Path,
    _: Translate,
    language: Language,
    command: Sequence[str],
) -> tuple[str, ...]:
    """Write a briefing's tables, workbook, JSON and picture into the folder `out`.

    Raises:
        InputError: `out` cannot be written, or holds something else.
    """
    stations = dict(zip(county.stations.station_id, county.stations.name, strict=True))
    title = f"{brief.county_name} · {period_text(brief.windows.period, _)}"
    sheets = (
        lines_sheet(brief, _),
        places_sheet(brief, stations, _),
        proposals_sheet(tasks, _),
    )
    cover = [(_("Period"), brief.windows.now.text()), *_cover(brief.provenance, brief.problems, _)]
    with atomic_folder(out) as folder:
        write_text(folder / "briefing.json", json_text(briefing_document(brief, tasks)))
        _tables(folder, "briefing.xlsx", title, cover, sheets, _, language)
        figure = briefing_chart(brief, title, _)
        with map_fonts():
            figure.savefig(folder / "briefing.png", dpi=150, metadata={"Software": None})
        return _manifest(folder, county, command)


def write_repeats(
    study: RepeatStudy,
    rows: Sequence[RepeatRow],
    county: County,
    figure: Any,
    out: Path,
    _: Translate,
    language: Language,
    command: Sequence[str],
    *,
    points: bool,
) -> tuple[str, ...]:
    """Write places of repeat alerts into the folder `out`.

    Args:
        study: The study.
        rows: Those of its places that were asked for.
        county: Its county.
        figure: Map of them; None where there is none to draw.
        out: The folder.
        _: Translation.
        language: Its language.
        command: What was asked, for the record.
        points: With coordinates.

    Raises:
        InputError: `out` cannot be written, or holds something else.
    """
    title = f"{study.county_name} · {_('Repeat alerts')} · {study.as_of.isoformat()}"
    sheets = (repeats_sheet(rows, _, points=points),)
    document = repeats_document(study, rows, points=points)
    with atomic_folder(out) as folder:
        write_text(folder / "repeats.json", json_text(document))
        _tables(
            folder,
            "repeats.xlsx",
            title,
            _cover(study.provenance, study.problems, _),
            sheets,
            _,
            language,
        )
        if figure is not None:
            with map_fonts():
                figure.savefig(folder / "repeats.png", dpi=150, metadata={"Software": None})
        return _manifest(folder, county, command)


def write_trace(
    key: str,
    rows: Sequence[TracedRow],
    county: County,
    out: Path,
    _: Translate,
    language: Language,
    command: Sequence[str],
) -> tuple[str, ...]:
    """Write the rows behind a number into the folder `out`.

    Raises:
        InputError: `out` cannot be written, or holds something else.
    """
    cover = [(_("Trace key"), key), *_cover(county.provenance, (), _)]
    with atomic_folder(out) as folder:
        write_text(folder / "trace.json", json_text(trace_document(key, rows)))
        _tables(folder, "trace.xlsx", county.name, cover, (traced_sheet(rows, _),), _, language)
        return _manifest(folder, county, command)


def _tables(
    folder: Path,
    workbook: str,
    title: str,
    cover: Sequence[tuple[str, str]],
    sheets: Sequence[Sheet],
    _: Translate,
    language: Language,
) -> None:
    write_book(folder, workbook, title, cover, sheets, _, language)


def _cover(
    provenance: Sequence[Provenance], problems: Sequence[Problem], _: Translate
) -> list[tuple[str, str]]:
    inputs = inputs_text(provenance, _)
    lines = [
        (_("Inputs"), inputs),
        (_("How to read it"), _("Places are counted and graded, never people.")),
        ("", _("`jingli alerts CASE --trace KEY` names the rows behind a number.")),
    ]
    return lines + [(_("Note"), p.text(_)) for p in problems]


def _manifest(folder: Path, county: County, command: Sequence[str]) -> tuple[str, ...]:
    return write_manifest(
        folder,
        command=list(command),
        county_digest=county.digest,
        versions=versions(),
    )
