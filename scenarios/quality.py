"""The data-quality record of a case: what was read, kept, set aside, mended and warned of."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pandas as pd

from geo.faults import Reason
from geo.road_facts import LEFT_OUT, RoadFacts
from optimizer.errors import Problem, Translate
from optimizer.frozen import FloatArray
from scenarios.load import Inspection
from scenarios.road_words import class_text
from scenarios.tables import Cell, Sheet

_BESIDE_KM = 0.1


def record_sheets(
    inspection: Inspection, _: Translate, warnings: Sequence[Problem] = ()
) -> tuple[Sheet, ...]:
    """Quality sheet first; roads, problems, quarantine and repairs where there are any.

    Args:
        inspection: What reading the case turned up.
        _: Translation of headers and problems.
        warnings: What a scenario brings about; those of reading among them are told once.
    """
    found = [quality_sheet(inspection, _)]
    if inspection.roads is not None:
        found.append(roads_sheet(inspection.roads, inspection.walk_in_km, _))
    problems = list(dict.fromkeys(p.text(_) for p in (*warnings, *inspection.problems)))
    severity = {p.text(_): _(p.severity) for p in (*warnings, *inspection.problems)}
    if problems:
        found.append(
            Sheet(
                name="warnings",
                header=(_("Severity"), _("Problem")),
                rows=tuple((severity[text], text) for text in problems),
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


def roads_sheet(facts: RoadFacts, walk_in_km: Mapping[str, FloatArray], _: Translate) -> Sheet:
    """What the road file gave, and how far places are from the roads."""
    rows: list[tuple[Cell, ...]] = [
        (_("Roads read"), facts.rows_read, ""),
        (_("Roads used"), facts.rows_used, ""),
        (_("Roads used with a speed of their own"), facts.with_speed, _share(facts)),
        (_("Junctions and ends"), facts.nodes, ""),
        (_("Streets between them"), facts.streets, ""),
        (_("Length of all streets, km"), _km(sum(facts.km_by_class.values())), ""),
    ]
    of_class = _("Length of class {road_class}, km")
    for name, km in facts.km_by_class.items():
        rows.append((of_class.format(road_class=class_text(name, _)), _km(km), ""))
    rows += [
        (_("Separate networks"), facts.networks, ""),
        (_("Length of all but the longest, km"), _km(facts.apart_km), ""),
        (_("Can only be entered or only be left, km"), _km(facts.trap_km), ""),
    ]
    rows += [
        (_(text), facts.left_out[r], "") for r, text in LEFT_OUT.items() if r in facts.left_out
    ]
    if facts.turns_honoured is not None:
        rows.append((_("Turn restrictions that hold"), facts.turns_honoured, ""))
        rows.append((_("Turn restrictions that are ignored"), facts.turns_ignored, ""))
    for layer, said in (
        ("stations", _("Stations beside a road (within 100 m)")),
        ("cells", _("Cells beside a road (within 100 m)")),
    ):
        away = walk_in_km.get(layer)
        if away is not None and len(away):
            most = _("{n} walk in, at most {km} km").format(
                n=int((away > _BESIDE_KM).sum()), km=f"{away.max():.2f}"
            )
            rows.append((said, int((away <= _BESIDE_KM).sum()), most))
    return Sheet(name="roads", header=(_("Roads"), _("Value"), _("Remark")), rows=tuple(rows))


def _share(facts: RoadFacts) -> str:
    return f"{facts.with_speed / facts.rows_used:.0%}" if facts.rows_used else ""


def _km(length_km: float) -> float:
    return round(length_km, 1)


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
