"""Scenarios of a case for a comparison: found in the run store, else run and kept."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

from optimizer.result import Result
from scenarios.case import open_case
from scenarios.keeping import find_run, keep_if_new, result_of
from scenarios.kept import KeptRun, kept_of_run
from scenarios.load import LoadedCase
from scenarios.prepared import Prepared
from scenarios.run import Progress, run_case
from scenarios.store import Store


def kept_scenarios(
    case_typed: str, names: Sequence[str], store: Store | None, progress: Progress | None = None
) -> tuple[KeptRun, ...]:
    """Each scenario's run.

    Args:
        case_typed: The case as the planner typed it.
        names: Scenarios.
        store: Where to look and to keep; None for neither.
        progress: Called with the name of each step.

    Raises:
        InputError: every problem of the case, or a scenario that has no plan.
    """
    case = open_case(case_typed)
    for name in names:
        case.scenario(name)
    prepared = Prepared(case)

    def known(loaded: LoadedCase) -> Result | None:
        found = None if store is None else find_run(store, loaded)
        return None if found is None else result_of(found.record)

    kept = []
    for name in names:
        run = run_case(case, name, progress, prepared=prepared, known=known)
        if store is not None:
            command = ["jingli", "run", case_typed, "--scenario", name]
            keep_if_new(store, run, case_typed, command, datetime.now(UTC))
        kept.append(kept_of_run(run, case_typed, name, ()))
    return tuple(kept)
