"""Runs and the run store: what is kept of a run, and how it is found again and used."""

from __future__ import annotations

import json
import platform
from collections.abc import Sequence
from datetime import datetime
from importlib.metadata import version

from optimizer.plan import Plan
from optimizer.result import Result, Status
from scenarios.documents import evaluation_document, proof_documents, proofs_of
from scenarios.load import LoadedCase
from scenarios.run import Run
from scenarios.store import Store
from scenarios.store_record import RunRecord, StoredRun

PACKAGES = ("jingli", "numpy", "scipy", "pandas", "shapely", "pyproj", "ortools", "matplotlib")
"""Packages whose version a record and a manifest state."""


def versions() -> dict[str, str]:
    """Version of Python and of each package."""
    return {"python": platform.python_version()} | {p: version(p) for p in PACKAGES}


def find_run(store: Store, loaded: LoadedCase) -> StoredRun | None:
    """The kept run of the same inputs; not one whose time ran out before it knew anything.

    Raises:
        InputError: the store is locked or out of reach.
    """
    found = _of_same_inputs(store, loaded)
    return None if found is None or found.record.status is Status.UNKNOWN else found


def keep_if_new(
    store: Store,
    run: Run,
    case_typed: str,
    command: Sequence[str],
    created_at: datetime,
    again: bool = False,
) -> str:
    """Keep `run` unless the store knows as much: a run found in it, or time that ran out again.

    Args:
        store: The run store.
        run: The run.
        case_typed: The case as the planner typed it.
        command: The command line, passwords hidden.
        created_at: When it ended, with its zone.
        again: Whether the planner asked to solve again: an answer is then kept beside the first.

    Returns:
        Id of the run, or of the one that stands for it.

    Raises:
        InputError: the store is locked, full, read-only or out of reach.
    """
    found = _of_same_inputs(store, run.loaded)
    if found is not None:
        nothing_known = found.record.status is Status.UNKNOWN
        if run.result.status is Status.UNKNOWN or not (nothing_known or again):
            return found.run_id
    return store.add(record_of_run(run, case_typed, command, created_at))


def _of_same_inputs(store: Store, loaded: LoadedCase) -> StoredRun | None:
    return store.find(
        county_digest=loaded.county.digest,
        policy_digest=loaded.policy.digest,
        seed=loaded.policy.solver.seed,
        version=version("jingli"),
    )


def result_of(record: RunRecord) -> Result:
    """The plan and the proofs of a kept run."""
    return Result(
        plan=None if record.plan is None else Plan.from_json(record.plan),
        proofs=proofs_of(json.loads(record.proofs)),
    )


def record_of_run(
    run: Run, case_typed: str, command: Sequence[str], created_at: datetime
) -> RunRecord:
    """What is kept of `run`.

    Args:
        run: The run.
        case_typed: The case as the planner typed it.
        command: The command line, passwords hidden.
        created_at: When it ended, with its zone.
    """
    return RunRecord(
        created_at=created_at,
        case_name=run.loaded.county.name,
        case_folder=case_typed,
        county_digest=run.today.county_digest,
        scenario=run.scenario,
        policy_digest=run.today.policy_digest,
        seed=run.loaded.policy.solver.seed,
        version=version("jingli"),
        versions=versions(),
        status=run.result.status,
        command=tuple(command),
        proofs=json.dumps(proof_documents(run.result.proofs)),
        evaluation=json.dumps(evaluation_document(run), ensure_ascii=False),
        plan=None if run.result.plan is None else run.result.plan.to_json(),
    )
