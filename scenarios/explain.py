"""A run explained: opened in the world it was made in, its bundles set among what could have been.

Bundling alone is solved again, with the run's policy; road duty, reassignment and the officers'
moves stay as they are and are not weighed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from pathlib import Path

from optimizer.errors import InputError, Problem
from optimizer.explain_board import Board, Change, board_of
from optimizer.explain_bundle import BundleWhy, bundle_why
from optimizer.explain_pair import SetWhy, rejected_pairs, set_why
from optimizer.plan import Bundle, Plan
from optimizer.result import Proof, Result, Status
from scenarios.case import CASE_FILE, embedded_cases, open_case
from scenarios.keeping import find_run, result_of
from scenarios.kept import OpenStore, read_runs
from scenarios.load import LoadedCase
from scenarios.names import Names, Wrong
from scenarios.prepared import Prepared
from scenarios.reopen import world_of
from scenarios.run import Progress, run_case


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """A run to be explained.

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


class Explanation:
    """Answers about a run that has a plan, each computed when it is asked for.

    Args:
        opened: The run.

    Raises:
        InputError: a bundle of the plan breaks a rule, so that it is no plan of ours.
    """

    def __init__(self, opened: Opened) -> None:
        assert opened.plan is not None
        self.opened = opened
        self.board: Board = board_of(
            opened.loaded.county, opened.loaded.policy, opened.plan.bundles
        )
        stations = opened.loaded.county.stations
        self.name = dict(zip(stations.station_id, stations.name, strict=True))
        self._refuse_strange_bundles()

    @cached_property
    def bundles(self) -> tuple[BundleWhy, ...]:
        """Every bundle of two or more, the one that frees most first."""
        joint = [bundle_why(self.board, b) for b in self.board.bundles if b.office_ids]
        return tuple(
            sorted(joint, key=lambda w: (w.together.officers - w.apart.officers, w.bundle))
        )

    @cached_property
    def lone(self) -> tuple[SetWhy, ...]:
        """Every station that stays alone, and why."""
        alone = [b.centre_id for b in self.board.bundles if not b.office_ids]
        return tuple(set_why(self.board, [s]) for s in alone)

    @cached_property
    def pairs(self) -> tuple[SetWhy, ...]:
        """Every two neighbours that are not in one bundle, and why."""
        return rejected_pairs(self.board)

    @cached_property
    def locks(self) -> Change | None:
        """The plan's best rival without any lock, against the plan; None where there are none."""
        if not self.board.locks():
            return None
        everything = self.board.columns.size > 0
        return self.board.change(everything, locks=False)

    def bundle_of(self, station_id: str) -> Bundle:
        """The bundle a station is in."""
        return next(b for b in self.board.bundles if station_id in b.station_ids)

    def why_bundle(self, station_id: str) -> BundleWhy:
        """Why the bundle of a station is in the plan."""
        return bundle_why(self.board, self.bundle_of(station_id))

    def why_set(self, station_ids: Sequence[str]) -> SetWhy:
        """Why stations share no bundle; of one, why it is in none."""
        return set_why(self.board, station_ids)

    def neighbours_of(self, station_id: str) -> tuple[SetWhy, ...]:
        """The pairs of a station with each of its neighbours."""
        county = self.opened.loaded.county
        ids = county.stations.station_id
        near = county.neighbours()[ids.index(station_id)]
        return tuple(set_why(self.board, [station_id, ids[s]]) for s in sorted(near))

    def ids(self, typed: str, option: str) -> tuple[str, ...]:
        """Station ids of names or ids in a row, separated by commas of either script.

        Raises:
            InputError: every name that no station has, or that several have.
        """
        stations = self.opened.loaded.county.stations
        names = Names("station", stations.station_id, stations.name)
        problems, found = [], []
        for text in [t.strip() for t in _split(typed)]:
            one = names.find(text)
            if isinstance(one, Wrong):
                params = {"known": one.known, "near": one.near}
                problems.append(
                    Problem(
                        where=option, value=text, expected=one.expected, fix=one.fix, params=params
                    )
                )
            else:
                found.append(one)
        if problems:
            raise InputError(problems)
        return tuple(sorted(set(found)))

    def _refuse_strange_bundles(self) -> None:
        board, strange = self.board, []
        for bundle in board.bundles:
            rows = board.rows(bundle.station_ids)
            centre = self.opened.loaded.county.stations.station_id.index(bundle.centre_id)
            known = board.exactly(rows) & (board.columns.host == centre) & board.asked
            if not known.any():
                strange.append(bundle)
        if strange:
            raise InputError(
                [
                    Problem(
                        where=self.opened.label,
                        value=", ".join(self.name[s] for s in b.station_ids),
                        expected="a bundle that keeps every rule of the run's policy",
                        fix="run the scenario again, then name the new run",
                    )
                    for b in strange
                ]
            )


def open_to_explain(
    asked: str,
    scenario: str | None,
    sets: Sequence[str],
    open_store: OpenStore,
    progress: Progress | None = None,
) -> Opened:
    """The run that a planner names, or a case with a scenario, run first where nobody has yet.

    Args:
        asked: Run id, its beginning, output folder, case folder or shipped case.
        scenario: Scenario of a case; None for its default.
        sets: What `--set` adds to it.
        open_store: Opens the store; called only if it is needed.
        progress: Called with the name of each step.

    Raises:
        InputError: no such run or case, or its case is no longer as it was.
    """
    typed = Path(asked)
    is_case = asked in embedded_cases() or (typed / CASE_FILE).exists() or typed.name == CASE_FILE
    if is_case:
        return _of_case(asked, scenario, sets, open_store, progress)
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
    if not typed.is_dir():
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
    ours = (loaded.county.digest, loaded.policy.digest)
    if ours != (record.county_digest, record.policy_digest):
        raise InputError(
            [
                Problem(
                    where=record.case_folder,
                    value=stored.run_id,
                    expected="the case as it was when the run was made; its data or its policy has "
                    "changed",
                    fix="run the scenario again, then name the new run",
                )
            ]
        )
    return Opened(
        label=stored.run_id,
        scenario=record.scenario,
        loaded=loaded,
        proofs=result_of(record).proofs if record.proofs else (),
        plan=None,
    )


def _split(typed: str) -> list[str]:
    for mark in ("，", "、", ";", "；", "+"):
        typed = typed.replace(mark, ",")
    return [part for part in typed.split(",") if part.strip()]
