"""A kept run with its case, as if it had just been run: for maps, reports and simulations of it."""

from __future__ import annotations

from optimizer.errors import InputError, Problem
from optimizer.result import Result
from scenarios.case import open_case
from scenarios.kept import KeptRun, OpenStore, read_runs
from scenarios.load import LoadedCase
from scenarios.prepared import Prepared
from scenarios.run import Progress, Run, run_case


def reopen(asked: str, open_store: OpenStore, progress: Progress | None = None) -> Run:
    """The run that a planner names: an output folder, or an id in the store or its beginning.

    Nothing is solved: the kept plan is checked and judged again on the case's files.

    Args:
        asked: What was typed.
        open_store: Opens the store; called only if it is needed.
        progress: Called with the name of each step as it starts.

    Raises:
        InputError: no such run, a run without a plan, or its case is no longer as it was.
    """
    return reopened(read_runs([asked], open_store)[0], progress)


def reopened(
    kept: KeptRun, progress: Progress | None = None, prepared: Prepared | None = None
) -> Run:
    """The same of a run that was already read.

    Args:
        kept: The run.
        progress: Called with the name of each step as it starts.
        prepared: Its case, where that is open.

    Raises:
        InputError: the case is no longer as it was.
    """
    prepared = Prepared(open_case(kept.case_typed)) if prepared is None else prepared

    def result(loaded: LoadedCase) -> Result:
        _as_it_was(loaded, kept)
        return Result(plan=kept.plan, proofs=kept.proofs)

    return run_case(
        prepared.case, kept.asked, progress, sets=kept.sets, prepared=prepared, known=result
    )


def world_of(kept: KeptRun, prepared: Prepared) -> LoadedCase:
    """The case as a kept run saw it.

    Raises:
        InputError: the case is no longer as it was.
    """
    return _as_it_was(prepared.load(prepared.case.scenario(kept.asked, kept.sets)), kept)


def refuse_another_world(
    loaded: LoadedCase, digests: tuple[str, str], where: str, label: str
) -> None:
    """Refuse a case that is not as it was when a run was made.

    Args:
        loaded: The case as it is.
        digests: Of the run's county and policy.
        where: The case as the run names it.
        label: The run.

    Raises:
        InputError: it is not.
    """
    if (loaded.county.digest, loaded.policy.digest) != digests:
        raise InputError(
            [
                Problem(
                    where=where,
                    value=label,
                    expected="the case as it was when the run was made; its data or its policy has "
                    "changed",
                    fix="run the scenario again, then name the new run",
                )
            ]
        )


def _as_it_was(loaded: LoadedCase, kept: KeptRun) -> LoadedCase:
    digests = (kept.evaluation.county_digest, kept.evaluation.policy_digest)
    refuse_another_world(loaded, digests, kept.case_typed, kept.label)
    return loaded
