"""A run that was made earlier, from the run store or from its output folder."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from pathlib import Path
from typing import Any

from geo.atomic import MANIFEST, MANIFEST_KEY
from optimizer.errors import InputError, Problem
from optimizer.plan import Plan
from optimizer.result import Proof
from optimizer.scorecard import Evaluation
from scenarios.documents import evaluation_document, evaluation_of, proofs_of
from scenarios.run import Run
from scenarios.steered import Steer
from scenarios.store import Store
from scenarios.store_record import StoredRun

OpenStore = Callable[[], AbstractContextManager[Store | None]]
_FILES = ("plan.json", "evaluation.json", MANIFEST)


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptRun:
    """A run with a plan, as far as it can be told without its case.

    Attributes:
        label: Id in the store, name of the folder, or scenario: what tells runs apart.
        case_name: The county's name.
        case_typed: The case as the planner typed it.
        scenario: Scenario, with what `--set` added; None where the case has none.
        asked: The scenario's name alone.
        sets: What `--set` added.
        status: Status of the plan.
        proofs: What is known of each stage.
        modelled: Inputs that were modelled, not given by the bureau.
        created_at: When it was run; None for an output folder, which does not say.
        overrides: Key and value of what the scenario changes.
        steered: What was decided beforehand.
        plan: The plan.
        today: Evaluation of the present deployment in the world of the scenario.
        evaluation: Evaluation of the plan.
    """

    label: str
    case_name: str
    case_typed: str
    scenario: str | None
    asked: str | None
    sets: tuple[str, ...]
    status: str
    proofs: tuple[Proof, ...]
    modelled: tuple[str, ...]
    created_at: datetime | None
    overrides: Mapping[str, str]
    plan: Plan
    today: Evaluation
    evaluation: Evaluation
    steered: tuple[Steer, ...] = ()

    @property
    def names(self) -> dict[str, str]:
        """Name of every station, squad and unit by id."""
        found = {u.unit_id: u.name for u in (*self.today.units, *self.evaluation.units)}
        for bundle in self.evaluation.bundles:
            found.update(zip(bundle.station_ids, bundle.station_names, strict=True))
        return found


def read_runs(asked: Sequence[str], open_store: OpenStore) -> tuple[KeptRun, ...]:
    """The runs that a planner names: output folders, or ids in the store or their beginnings.

    Args:
        asked: What was typed.
        open_store: Opens the store; called only if one is needed.

    Raises:
        InputError: everything that is no run, or a run without a plan.
    """
    problems: list[Problem] = []
    found: dict[int, KeptRun] = {}
    in_store = [i for i, one in enumerate(asked) if not Path(one).is_dir()]
    for i, one in enumerate(asked):
        if i not in in_store:
            try:
                found[i] = _of_folder(Path(one), one)
            except InputError as error:
                problems += error.problems
    if in_store:
        with open_store() as store:
            for i in in_store:
                try:
                    if store is None:
                        raise InputError([_no_run(asked[i])])
                    found[i] = kept_of_record(store.get(asked[i]))
                except InputError as error:
                    problems += error.problems
    if problems:
        raise InputError(problems)
    return tuple(found[i] for i in range(len(asked)))


def kept_of_record(stored: StoredRun) -> KeptRun:
    """A run of the store.

    Raises:
        InputError: it has no plan.
    """
    record = stored.record
    if record.plan is None:
        raise InputError([_no_plan(stored.run_id, record.status.value)])
    return _kept(
        label=stored.run_id,
        case_typed=record.case_folder,
        command=record.command,
        plan=Plan.from_json(record.plan),
        document=json.loads(record.evaluation),
        created_at=record.created_at,
    )


def kept_of_run(run: Run, case_typed: str, asked: str | None, sets: Sequence[str]) -> KeptRun:
    """A run that was just made.

    Raises:
        InputError: it has no plan.
    """
    label = run.scenario or run.loaded.county.name
    if run.result.plan is None:
        raise InputError([_no_plan(label, run.result.status.value)])
    words = [w for s in sets for w in ("--set", s)]
    if asked is not None:
        words += ["--scenario", asked]
    return _kept(
        label=label,
        case_typed=case_typed,
        command=words,
        plan=run.result.plan,
        document=evaluation_document(run),
    )


def _of_folder(folder: Path, shown: str) -> KeptRun:
    texts: dict[str, Any] = {}
    for name in _FILES:
        try:
            text = (folder / name).read_text(encoding="utf-8")
            texts[name] = text if name == "plan.json" else json.loads(text)
        except (OSError, ValueError) as error:
            raise InputError([_no_folder(shown, name)]) from error
    try:
        manifest, document = texts[MANIFEST], texts["evaluation.json"]
        command = [str(word) for word in manifest["command"]]
        assert manifest[MANIFEST_KEY]
        return _kept(
            label=folder.resolve().name,
            case_typed=command[2],
            command=command,
            plan=Plan.from_json(texts["plan.json"]),
            document=document,
        )
    except (KeyError, TypeError, ValueError, IndexError, AttributeError, AssertionError) as error:
        raise InputError([_no_folder(shown, "evaluation.json")]) from error


def _kept(
    *,
    label: str,
    case_typed: str,
    command: Sequence[str],
    plan: Plan,
    document: Mapping[str, Any],
    created_at: datetime | None = None,
) -> KeptRun:
    following = list(pairwise(command))
    return KeptRun(
        label=label,
        case_name=document["case"],
        case_typed=case_typed,
        scenario=document["scenario"],
        asked=next((word for at, word in following if at == "--scenario"), None),
        sets=tuple(word for at, word in following if at == "--set"),
        status=document["status"],
        proofs=proofs_of(document["proofs"]),
        modelled=tuple(document["modelled"]),
        created_at=created_at,
        overrides={o["key"]: o["after"] for o in document["overrides"]},
        # Runs of an earlier Jingli do not say.
        steered=tuple(Steer.of(s) for s in document.get("steered", ())),
        plan=plan,
        today=evaluation_of(document["today"]),
        evaluation=evaluation_of(document["plan"]),
    )


def _no_run(asked: str) -> Problem:
    return Problem(
        where="run",
        value=asked,
        expected="an output folder, or the id of a run in the run store",
        fix="`jingli runs` lists the ids",
    )


def _no_folder(shown: str, name: str) -> Problem:
    return Problem(
        where=f"{shown}/{name}",
        expected="an output folder of `jingli run`, complete and unchanged",
        fix="name the folder that `jingli run --out` wrote, or run it again",
    )


def _no_plan(label: str, status: str) -> Problem:
    return Problem(
        where=label,
        value=status,
        expected="a run with a plan",
        fix="`jingli runs --open` says which rules clash",
    )
