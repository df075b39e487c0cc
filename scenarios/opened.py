"""What a planner names by RUN|CASE, opened in its own world: a kept run, or a case run with it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from optimizer.errors import InputError, Problem
from optimizer.plan import Plan
from optimizer.result import Proof, Result, Status
from scenarios.case import names_case, open_case
from scenarios.keeping import find_run, result_of
from scenarios.kept import OpenStore, read_runs
from scenarios.load import LoadedCase
from scenarios.prepared import Prepared
from scenarios.reopen import refuse_another_world, world_of
from scenarios.run import Progress, run_case


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """A run or a case, opened.

    Attributes:
        label: Id, folder or case.
        is_case: A case was asked for, not a run.
        scenario: Its scenario, if any.
        loaded: The case in the world of the run.
        proofs: What was proven of each stage.
        plan: None where no plan keeps every rule, or none was found.
    """

    label: str
    scenario: str | None
    loaded: LoadedCase
    proofs: tuple[Proof, ...]
    plan: Plan | None
    is_case: bool = False

    @property
    def status(self) -> Status:
        """The weakest status of the stages."""
        return Result(plan=self.plan, proofs=self.proofs).status


def open_asked(
    asked: str,
    scenario: str | None,
    sets: Sequence[str],
    open_store: OpenStore,
    progress: Progress | None = None,
    *,
    today_only: bool = False,
) -> Opened:
    """The run that a planner names, or a case with a scenario, run first where nobody has yet.

    Args:
        asked: Run id, its beginning, output folder, case folder or shipped case.
        scenario: Scenario of a case; None for its default.
        sets: What `--set` adds to it.
        open_store: Opens the store; called only if it is needed.
        progress: Called with the name of each step.
        today_only: A case is read and nothing solved.

    Raises:
        InputError: no such run or case, a scenario beside a kept run, or its case is no longer as
            it was.
    """
    if names_case(asked):
        if today_only:
            return _unsolved(asked, scenario, sets, progress)
        return _of_case(asked, scenario, sets, open_store, progress)
    refuse_choices(scenario, sets)
    if not Path(asked).is_dir():
        opened = _without_plan(asked, open_store)
        if opened is not None:
            return opened
    (kept,) = read_runs([asked], open_store)
    prepared = Prepared(open_case(kept.case_typed))
    if progress is not None:
        progress("reading")
    return Opened(
        label=kept.label,
        scenario=kept.scenario,
        loaded=world_of(kept, prepared),
        proofs=kept.proofs,
        plan=kept.plan,
    )


def refuse_choices(scenario: str | None, sets: Sequence[str]) -> None:
    """Refuse what chooses a world, beside a run that has one.

    Raises:
        InputError: a scenario or a `--set`.
    """
    if scenario is not None or sets:
        raise InputError(
            [
                Problem(
                    where="--scenario" if scenario is not None else "--set",
                    value=scenario or sets[0],
                    expected="a case, where a scenario is chosen",
                    fix="a kept run has its scenario already; leave the option out",
                )
            ]
        )


def _unsolved(
    asked: str, scenario: str | None, sets: Sequence[str], progress: Progress | None
) -> Opened:
    case = open_case(asked)
    resolved = case.scenario(scenario, sets)
    watch = None
    if progress is not None:
        from scenarios.alerts_case import told

        progress("reading")
        watch = told(progress)
    loaded = Prepared(case, watch).load(resolved)
    return Opened(label=asked, scenario=resolved.label, loaded=loaded, proofs=(), plan=None)


def _of_case(
    asked: str,
    scenario: str | None,
    sets: Sequence[str],
    open_store: OpenStore,
    progress: Progress | None,
) -> Opened:
    case = open_case(asked)

    def known(loaded: LoadedCase) -> Result | None:
        with open_store() as store:
            found = None if store is None else find_run(store, loaded)
        return None if found is None else result_of(found.record)

    run = run_case(case, scenario, progress, sets=sets, known=known)
    return Opened(
        label=asked,
        scenario=run.scenario,
        loaded=run.loaded,
        proofs=run.result.proofs,
        plan=run.result.plan,
        is_case=True,
    )


def _without_plan(asked: str, open_store: OpenStore) -> Opened | None:
    """A run of the store that has no plan; None where it has one, or there is no such run."""
    with open_store() as store:
        if store is None:
            return None
        stored = store.get(asked)
    record = stored.record
    if record.plan is not None:
        return None
    following = list(pairwise(record.command))
    prepared = Prepared(open_case(record.case_folder))
    scenario = next((word for at, word in following if at == "--scenario"), None)
    sets = tuple(word for at, word in following if at == "--set")
    loaded = prepared.load(prepared.case.scenario(scenario, sets))
    digests = (record.county_digest, record.policy_digest)
    refuse_another_world(loaded, digests, record.case_folder, stored.run_id)
    return Opened(
        label=stored.run_id,
        scenario=record.scenario,
        loaded=loaded,
        proofs=result_of(record).proofs if record.proofs else (),
        plan=None,
    )
