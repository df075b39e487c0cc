"""A reassignment as JSON, tables, a workbook and pictures, all or nothing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from geo.atomic import atomic_folder, write_text
from geo.maps import write_map
from optimizer.errors import Translate
from optimizer.reassignment_task import Answer, RoleTask, Transfer
from scenarios.documents import json_text, plain, proof_documents
from scenarios.keeping import versions
from scenarios.language import Language
from scenarios.manifest import write_manifest
from scenarios.provenance import inputs_text, modelled_items
from scenarios.reassign import ReassignStudy, Side
from scenarios.reassign_plot import frontier_figure, strength_figure
from scenarios.reassign_tables import reassign_sheets
from scenarios.titles import case_title
from scenarios.workbook import write_book

WORKBOOK = "reassign.xlsx"


def reassign_document(study: ReassignStudy) -> dict[str, Any]:
    """Everything as plain values; null where there is no value or it is infinite."""
    task, needs = study.board.officers, study.board.needs
    county, policy = study.loaded.county, study.loaded.policy
    found: dict[str, Any] = {
        "case": county.name,
        "run": study.opened.label,
        "scenario": study.opened.scenario,
        "county_digest": county.digest,
        "policy_digest": policy.digest,
        "modelled": modelled_items(county.provenance),
        "left_free": ["staffing.inflows", "staffing.give_only_from_bundles"]
        if study.is_free
        else [],
        "officers": _answer(study, task, study.found),
        "ways_out": list(study.ways_out),
        "auxiliaries": None
        if study.board.auxiliaries is None or study.auxiliaries is None
        else _answer(study, study.board.auxiliaries, study.auxiliaries),
        "today": _side(study, study.before),
        "stated": _side(study, study.stated),
        "optimum": _side(study, study.then),
        "targets": {n.unit_id: float(t) for n, t in zip(needs, task.target, strict=True)},
        "frontier": [asdict(p) for p in study.points],
        "knee_moves": None if study.knee is None else study.knee.moves,
        "recruits": [
            {
                "unit_id": needs[r.unit].unit_id,
                "gain": r.gain,
                "officers": r.officers,
                "mismatch_fraction": r.mismatch_fraction,
            }
            for r in study.recruits
        ],
        "months": None
        if study.months is None
        else {
            "proof": proof_documents([study.months.proof])[0],
            "bundle_months": {needs[u].unit_id: m for u, m in study.months.release.items()},
            "months": [
                {
                    "month": m.month,
                    "moved": m.moved,
                    "imbalance": m.imbalance,
                    "mismatch_fraction": m.mismatch_fraction,
                    "transfers": [_transfer(study, task, t) for t in m.transfers],
                }
                for m in study.months.phases
            ],
        },
    }
    return found


def _answer(study: ReassignStudy, task: RoleTask, found: Answer) -> dict[str, Any]:
    return {
        "status": found.status.value,
        "objective": plain(found.objective),
        "bound": plain(found.bound),
        "method": found.method,
        "moves": found.moves,
        "transfers": [_transfer(study, task, t) for t in found.transfers],
    }


def _transfer(study: ReassignStudy, task: RoleTask, one: Transfer) -> dict[str, Any]:
    return {
        "from_id": study.board.needs[one.giver].unit_id,
        "to_id": study.board.needs[one.taker].unit_id,
        "people": one.people,
        "minutes": plain(float(task.way_min[one.giver, one.taker])),
        "holders": {rule.name: n for rule, n in zip(task.qualified, one.holders, strict=False)},
    }


def _side(study: ReassignStudy, side: Side | None) -> dict[str, Any] | None:
    if side is None:
        return None
    return {
        "moves": side.moves,
        "imbalance": side.imbalance,
        "mismatch_fraction": side.mismatch_fraction,
        "officers": {
            n.unit_id: int(o) for n, o in zip(study.board.needs, side.officers, strict=True)
        },
    }


def write_reassign(
    study: ReassignStudy, out: Path, _: Translate, language: Language, command: Sequence[str]
) -> tuple[str, ...]:
    """Write tables, workbook, JSON and pictures into the folder `out`.

    Returns:
        Names of the files written.

    Raises:
        InputError: `out` cannot be written, or holds something else.
    """
    county = study.loaded.county
    title = case_title(county.name, study.opened.scenario)
    sheets = reassign_sheets(study, _)
    lines = [
        (_("Reassignment"), _("Head counts only; whom to move is for the bureau to say.")),
        (_("Inputs"), inputs_text(county.provenance, _)),
        ("", _("Modelled values are no findings about the county.")),
    ]  # fmt: skip
    with atomic_folder(out) as folder:
        write_text(folder / "reassign.json", json_text(reassign_document(study)))
        write_book(folder, WORKBOOK, title, lines, sheets, _, language)
        for name, figure in (
            ("strength", strength_figure(study, title, _)),
            ("frontier", frontier_figure(study, title, _)),
        ):
            write_map(figure, folder / name, ("png", "svg"))
        return write_manifest(
            folder,
            command=list(command),
            seed=study.loaded.policy.solver.seed,
            county_digest=county.digest,
            policy_digest=study.loaded.policy.digest,
            versions=versions(),
        )
