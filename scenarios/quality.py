"""The data-quality record of a case: what was read, kept, set aside, mended and warned of."""

from __future__ import annotations

import pandas as pd

from geo.faults import Reason
from optimizer.errors import Translate
from scenarios.load import Inspection
from scenarios.tables import Cell, Sheet


def record_sheets(inspection: Inspection, _: Translate) -> tuple[Sheet, ...]:
    """Quality sheet first; problems, quarantine and repairs where there are any."""
    found = [quality_sheet(inspection, _)]
    if inspection.problems:
        found.append(
            Sheet(
                name="warnings",
                header=(_("Severity"), _("Problem")),
                rows=tuple((_(p.severity), p.text(_)) for p in inspection.problems),
            )
        )
    aside = [
        (layer, *told, reason.text(_))
        for layer, frame in inspection.quarantined.items()
        for told, reason in zip(
            _plain(frame[["row", "column", "value"]]), _reasons(frame), strict=True
        )
    ]
    if aside:
        header = (_("Layer"), _("Line"), _("Column"), _("Value"), _("Reason"))
        found.append(Sheet(name="quarantine", header=header, rows=tuple(aside)))
    if len(inspection.repairs):
        found.append(
            Sheet(
                name="repairs",
                header=(_("Cell"), _("What was mended"), _("Area, km2"), _("Other cell")),
                rows=tuple(
                    (cell, _repair_text(str(what), _), *more)
                    for cell, what, *more in _plain(
                        inspection.repairs[["cell_id", "what", "area_km2", "other_id"]]
                    )
                ),
            )
        )
    return tuple(found)


def quality_sheet(inspection: Inspection, _: Translate) -> Sheet:
    """One row per file."""
    return Sheet(
        name="quality",
        header=(
            _("Layer"),
            _("File"),
            _("Read"),
            _("Kept"),
            _("Set aside"),
            _("Outside"),
            _("Doubles"),
            _("Missing values"),
        ),
        rows=tuple(
            (
                q.layer,
                q.file,
                q.rows_read,
                q.rows_kept,
                q.rows_quarantined,
                q.out_of_county,
                q.duplicates,
                ", ".join(f"{c}: {n}" for c, n in q.missing.items() if n),
            )
            for q in inspection.quality
        ),
    )


def _reasons(frame: pd.DataFrame) -> list[Reason]:
    return list(frame["reason"])


def _repair_text(what: str, _: Translate) -> str:
    """A kind of repair (`geo.repair.Repair`) in a planner's words."""
    return {
        "invalid": _("outline crossed itself"),
        "overlap": _("overlap given to the other cell"),
        "gap_filled": _("gap filled"),
        "gap_left": _("gap left as it is"),
        "no_ground": _("no ground"),
    }[what]


def _plain(frame: pd.DataFrame) -> tuple[tuple[Cell, ...], ...]:
    """Rows of a frame as plain Python values; missing ones become None."""
    return tuple(
        tuple(None if pd.isna(v) else v for v in row)
        for row in frame.astype(object).itertuples(index=False, name=None)
    )
