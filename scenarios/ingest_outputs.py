"""What reading an alert log gave, as JSON, tables and a list of every row set aside."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from geo.alert_table import AlertTable
from geo.atomic import atomic_folder, atomic_path, write_text
from geo.safe_text import BOM, spreadsheet_value
from optimizer.errors import Translate
from scenarios.alerts_case import Alerts
from scenarios.documents import json_text
from scenarios.keeping import versions
from scenarios.load import LoadedCase
from scenarios.manifest import write_manifest
from scenarios.tables import Sheet
from scenarios.workbook import write_csv_sheets

ASIDE = "aside.csv"


def placed_text(how: str, _: Translate) -> str:
    """How an alert got its cell."""
    return {
        "point": _("by its point"),
        "cell": _("by the cell it names"),
        "place_name": _("by a place name"),
        "township": _("spread over its township (modelled)"),
    }[how]


def category_counts(table: AlertTable) -> dict[str, int]:
    """Alerts of each category."""
    count = np.bincount(table.category, minlength=len(table.categories))
    return dict(zip(table.categories, count.tolist(), strict=True))


def span(table: AlertTable) -> tuple[str, str] | None:
    """Times of the first and the last alert."""
    if not len(table):
        return None
    first, last = table.occurred_at[[0, -1]]
    return str(first).replace("T", " "), str(last).replace("T", " ")


def ingest_document(name: str, alerts: Alerts) -> dict[str, Any]:
    """Everything as plain values, for programs."""
    table, aside = alerts.table, alerts.aside
    times = span(table)
    return {
        "case": name,
        "files": list(table.files),
        "rows_read": alerts.rows_read,
        "alerts": len(table),
        "set_aside": alerts.rows_read - len(table),
        "first": None if times is None else times[0],
        "last": None if times is None else times[1],
        "categories": category_counts(table),
        "unknown_codes": dict(alerts.unknown),
        "placed_fraction": dict(alerts.placed),
        "reasons": []
        if aside is None
        else [
            {
                "column": r.column,
                "reason": r.reason.text(),
                "rows": r.count,
                "examples": [
                    {"file": table.files[e.file], "row": e.row, "value": e.value}
                    for e in r.examples
                ],
            }
            for r in aside.reasons
        ],
        "warnings": [p.text() for p in alerts.problems],
        "was_kept": alerts.was_kept,
    }


def ingest_sheets(alerts: Alerts, _: Translate) -> tuple[Sheet, ...]:
    """Counts, reasons with examples, and warnings."""
    table, aside = alerts.table, alerts.aside
    counts: list[tuple[str, str, int]] = [
        (_("Rows"), _("read"), alerts.rows_read),
        (_("Rows"), _("alerts"), len(table)),
        (_("Rows"), _("set aside"), alerts.rows_read - len(table)),
    ]
    counts += [(_("Category"), name, n) for name, n in category_counts(table).items()]
    counts += [
        (_("Placed"), placed_text(how, _), round(share * len(table)))
        for how, share in alerts.placed.items()
    ]
    counts += [(_("Code not in the mapping"), code, n) for code, n in alerts.unknown.items()]
    found = [
        Sheet(name="counts", header=(_("What"), _("Which"), _("Rows")), rows=tuple(counts)),
    ]
    if aside is not None and aside.reasons:
        header = (_("Reason"), _("Rows"), _("File"), _("Line"), _("Column"), _("Value"))
        rows = tuple(
            (r.reason.text(_), r.count, table.files[e.file], e.row, r.column, e.value)
            for r in aside.reasons
            for e in r.examples
        )
        found.append(Sheet(name="reasons", header=header, rows=rows))
    if alerts.problems:
        rows_said = tuple((p.text(_),) for p in alerts.problems)
        found.append(Sheet(name="warnings", header=(_("Problem"),), rows=rows_said))
    return tuple(found)


def write_ingest(
    loaded: LoadedCase, alerts: Alerts, out: Path, _: Translate, command: Sequence[str]
) -> tuple[str, ...]:
    """Write counts, examples and the full list of rows set aside into the folder `out`.

    Returns:
        Names of the files written.

    Raises:
        InputError: `out` cannot be written, or holds something else.
    """
    with atomic_folder(out) as folder:
        text = json_text(ingest_document(loaded.county.name, alerts))
        write_text(folder / "ingest.json", text)
        write_csv_sheets(folder, ingest_sheets(alerts, _))
        if alerts.aside is not None and len(alerts.aside):
            _write_aside(folder / ASIDE, alerts, _)
        return write_manifest(
            folder,
            command=list(command),
            county_digest=loaded.county.digest,
            versions=versions(),
        )


def _write_aside(path: Path, alerts: Alerts, _: Translate) -> None:
    """Every row set aside, a line each: there may be millions."""
    with atomic_path(path) as target, target.open("w", encoding="utf-8", newline="") as file:
        file.write(BOM)
        writer = csv.writer(file, lineterminator="\r\n")
        writer.writerow([_("File"), _("Line"), _("Column"), _("Reason")])
        writer.writerows(_aside_rows(alerts, _))


def _aside_rows(alerts: Alerts, _: Translate) -> Iterable[tuple[object, ...]]:
    aside = alerts.aside
    assert aside is not None
    files = [spreadsheet_value(f) for f in alerts.table.files]
    told = [(spreadsheet_value(r.column), r.reason.text(_)) for r in aside.reasons]
    for reason, file, row in zip(
        aside.reason.tolist(), aside.file.tolist(), aside.row.tolist(), strict=True
    ):
        yield files[file], row, *told[reason]
