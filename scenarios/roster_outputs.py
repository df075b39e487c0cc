"""A roster as JSON, CSV and workbook."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, time, timedelta
from pathlib import Path
from typing import Any

from geo.safe_text import write_csv
from optimizer.errors import InputError, Problem, Translate
from optimizer.roster import FREE
from scenarios.documents import proof_documents
from scenarios.language import Language
from scenarios.provenance import modelled_items
from scenarios.roster import RosterStudy
from scenarios.roster_book import write_roster_book
from scenarios.roster_words import shift_text, slot_text

SUFFIXES = (".xlsx", ".csv")


def refuse_bad_file(out: Path) -> None:
    """Refuse a file that could not be written in the end.

    Raises:
        InputError: another kind of file, or no folder.
    """
    if out.suffix.lower() not in SUFFIXES:
        raise InputError(
            [
                Problem(
                    where="--out",
                    value=str(out),
                    expected="a file that ends in .xlsx or .csv",
                    fix="rename it",
                )
            ]
        )


def roster_document(study: RosterStudy) -> dict[str, Any]:
    """Everything as plain values."""
    task, score = study.task, study.score
    return {
        "case": study.label,
        "unit_id": study.unit_id,
        "unit": study.unit_name,
        "start": task.start.isoformat(),
        "days": task.days,
        "officers_in_post": study.officers_in_post,
        "demand_origin": study.demand_origin,
        "modelled": modelled_items(study.provenance),
        "assumed": dict(study.assumed),
        "rules": study.rules.model_dump(mode="json"),
        "shifts": [
            {"name": k.name, "start_hour": k.start_hour, "hours": k.hours, "team": k.team}
            for k in task.shifts
        ],
        "proofs": proof_documents(study.plan.proofs),
        "shortage": score.shortage,
        "shortage_hours": score.shortage_hours,
        "unfairness": score.unfairness,
        "surplus_hours": score.surplus_hours,
        "required_hours": score.required_hours,
        "short": [
            {
                "at": s.at.isoformat(timespec="minutes"),
                "line": s.name,
                "required": s.required,
                "on_duty": s.on_duty,
                "weight": s.weight,
            }
            for s in score.short
        ],
        "lines": [
            {"kind": line.kind, "name": line.name, "required": line.required.tolist()}
            for line in task.lines
        ],
        "slots": [
            {
                "slot": count.slot,
                "role": slot.role,
                "team": slot.team,
                "qualifications": list(slot.qualifications),
                "hours": count.hours,
                "nights": count.nights,
                "weekends": count.weekends,
                "leave_days": count.leave_days,
                "training_days": count.training_days,
                "shifts": [None if s == FREE else task.shifts[s].name for s in row],
            }
            for slot, count, row in zip(
                task.slots, score.slots, study.plan.shift.tolist(), strict=True
            )
        ],
    }


def write_roster(study: RosterStudy, out: Path, _: Translate, language: Language) -> None:
    """Write the workbook, or every shift as a row of a CSV file.

    Raises:
        InputError: the file cannot be written.
    """
    if out.suffix.lower() == ".xlsx":
        write_roster_book(study, out, _, language)
        return
    header = (_("Slot"), _("Kind"), _("Date"), _("Shift"), _("From"), _("To"), _("Hours"))
    write_csv(out, header, _rows(study, _))


def _rows(study: RosterStudy, _: Translate) -> Iterator[tuple[object, ...]]:
    task = study.task
    for i, row in enumerate(study.plan.shift.tolist()):
        for d, s in enumerate(row):
            if s == FREE:
                continue
            kind = task.shifts[s]
            first = datetime.combine(task.start, time(task.day_start_hour))
            start = first + timedelta(hours=task.span(d, s)[0])
            yield (
                i + 1,
                slot_text(task.slots[i], _),
                (task.start + timedelta(days=d)).isoformat(),
                shift_text(kind.name, _),
                start.isoformat(sep=" ", timespec="minutes"),
                (start + timedelta(hours=kind.hours)).isoformat(sep=" ", timespec="minutes"),
                kind.hours,
            )
