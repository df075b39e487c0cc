"""A run as JSON documents, and back: what machines, the run store and later commands read."""

from __future__ import annotations

import json
import math
import types
from collections.abc import Iterable, Mapping
from dataclasses import MISSING, fields
from typing import Any, get_args, get_type_hints

from optimizer.result import Proof, Relaxation, Status
from optimizer.scorecard import Evaluation
from scenarios.provenance import modelled_items
from scenarios.reach import parted
from scenarios.run import Run
from scenarios.steered import Steer, steered


def evaluation_document(run: Run) -> dict[str, Any]:
    """Today, plan and proofs as plain values."""
    return {
        "case": run.loaded.county.name,
        "scenario": run.scenario,
        "status": run.result.status.value,
        "proofs": proof_documents(run.result.proofs),
        "modelled": modelled_items(run.loaded.county.provenance),
        "overrides": [
            {
                "key": o.key,
                "before": o.before,
                "after": o.after,
                "origin": o.origin,
                "reason": o.reason,
            }
            for o in run.loaded.overrides
        ],
        "no_longer_reached": _no_longer_reached(run),
        "steered": [s.document() for s in steered_in(run)],
        "today": run.today.to_dict(),
        "plan": None if run.plan is None else run.plan.to_dict(),
    }


def _no_longer_reached(run: Run) -> list[dict[str, Any]]:
    """Townships and cells, and the stations that a scenario's closed roads part from them."""
    base = run.inspection.loaded
    if base is None or not any(mark.kind == "closed" for mark in run.loaded.road_marks):
        return []
    return [
        {
            "townships": list(one.townships),
            "cells": list(one.cells),
            "stations": list(one.away),
        }
        for one in parted(base.county, run.loaded.county)
    ]


def steered_in(run: Run) -> tuple[Steer, ...]:
    """What was decided beforehand in a run."""
    stations = run.loaded.county.stations
    return steered(run.loaded.policy, dict(zip(stations.station_id, stations.name, strict=True)))


def evaluation_json(run: Run) -> str:
    """Today, plan and proofs for machines."""
    return json_text(evaluation_document(run))


def json_text(document: object) -> str:
    """JSON as Jingli prints and writes it."""
    return json.dumps(document, ensure_ascii=False, indent=1, allow_nan=False) + "\n"


def plain(value: Any) -> Any:
    """A value as JSON holds it: tuples as lists, null for NaN and infinity."""
    if isinstance(value, Mapping):
        return {k: plain(v) for k, v in value.items()}
    if isinstance(value, tuple):
        return [plain(v) for v in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def proof_documents(proofs: Iterable[Proof]) -> list[dict[str, Any]]:
    """Proofs as plain values."""
    return [
        {
            "stage": p.stage,
            "status": p.status.value,
            "objective": p.objective,
            "objective_unit": p.objective_unit,
            "bound": p.bound,
            "gap_fraction": p.gap_fraction,
            "method": p.method,
            "clashing_rules": list(p.clashing_rules),
            "relaxations": [_relaxation_document(r) for r in p.relaxations],
            "joint_relaxations": [
                [_relaxation_document(r) for r in together] for together in p.joint_relaxations
            ],
        }
        for p in proofs
    ]


def proofs_of(documents: Iterable[Mapping[str, Any]]) -> tuple[Proof, ...]:
    """Proofs from what `proof_documents` made.

    Raises:
        KeyError, TypeError, ValueError: something else.
    """
    return tuple(
        Proof(
            stage=d["stage"],
            status=Status(d["status"]),
            objective=d["objective"],
            objective_unit=d["objective_unit"],
            bound=d["bound"],
            method=d["method"],
            clashing_rules=tuple(d["clashing_rules"]),
            relaxations=tuple(_relaxation(r) for r in d["relaxations"]),
            joint_relaxations=tuple(
                tuple(_relaxation(r) for r in together)
                for together in d.get("joint_relaxations", ())
            ),
        )
        for d in documents
    )


def _relaxation_document(change: Relaxation) -> dict[str, Any]:
    return {
        "rule": change.rule,
        "present": change.present_text(),
        "needed": change.needed_text(),
        # What the texts are made of, so that a kept run can be told in any language.
        "said": {
            "present": change.present,
            "needed": change.needed,
            "params": dict(change.params),
        },
    }


def _relaxation(document: Mapping[str, Any]) -> Relaxation:
    """A relaxation; runs kept by earlier versions have the finished texts only."""
    said = document.get("said") or {k: document[k] for k in ("present", "needed")}
    params = {
        key: tuple(map(tuple, value)) if isinstance(value, list) else value
        for key, value in said.get("params", {}).items()
    }
    return Relaxation(rule=document["rule"], **{**said, "params": params})


def evaluation_of(document: Mapping[str, Any]) -> Evaluation:
    """An evaluation from what `Evaluation.to_dict` made; None stands for infinity.

    Raises:
        KeyError, TypeError, ValueError: something else.
    """
    read = _read(Evaluation, document)
    assert isinstance(read, Evaluation)
    return read


def _read(kind: Any, value: Any) -> Any:
    """`value` as `kind`: a dataclass, a tuple of them, a float where None is infinity, or as is."""
    if isinstance(kind, types.GenericAlias):
        inner = get_args(kind)[0]
        return tuple(_read(inner, one) for one in value)
    if hasattr(kind, "__dataclass_fields__"):
        hints = get_type_hints(kind)
        # What an older Jingli did not reckon has a default that says so.
        there = [f for f in fields(kind) if f.name in value or f.default is MISSING]
        return kind(**{f.name: _read(hints[f.name], value[f.name]) for f in there})
    if kind is float:
        return float("inf") if value is None else float(value)
    return value
