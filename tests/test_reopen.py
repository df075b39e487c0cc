"""A kept run opened again with its case: the same figures, nothing solved, no other world."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import pytest

from optimizer.errors import InputError
from optimizer.plan import Plan
from scenarios import run as run_module
from scenarios.commands.common import opened_store
from scenarios.kept import kept_of_record
from scenarios.reopen import reopen, reopened
from scenarios.run import Run
from scenarios.store import open_store
from tests.command_line import document, said
from tests.small_case import Row, write_case

pytestmark = pytest.mark.usefixtures("no_pictures")

READ = partial(opened_store, None, make=False)


@pytest.fixture
def case(tmp_path: Path) -> Path:
    return write_case(tmp_path / "case")


@pytest.fixture
def unsolved(monkeypatch: pytest.MonkeyPatch) -> None:
    def solved(*_: object, **_more: object) -> None:
        raise AssertionError("solved")

    monkeypatch.setattr(run_module, "consolidate", solved)


def same(run: Run, kept: dict[str, object]) -> None:
    assert run.plan is not None
    assert run.plan.to_dict() == kept["plan"]
    assert run.today.to_dict() == kept["today"]
    assert [p.stage for p in run.result.proofs] == [p["stage"] for p in kept["proofs"]]  # type: ignore[index,attr-defined]


def test_from_the_store_by_the_beginning_of_its_id(
    case: Path, own_store: Path, request: pytest.FixtureRequest
) -> None:
    made = document("run", case, "--set", "alerts.factor=1.1")
    request.getfixturevalue("unsolved")
    same(reopen(str(made["run_id"])[:12], READ), made)
    with open_store(own_store) as store:
        kept = kept_of_record(store.get(str(made["run_id"])))
    assert kept.created_at is not None
    assert kept.created_at.tzinfo is not None


def test_from_its_output_folder(case: Path, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    said("run", case, "--out", tmp_path / "out", "--no-store")
    made = document("run", case)
    request.getfixturevalue("unsolved")
    same(reopen(str(tmp_path / "out"), READ), made)


def test_data_that_changed_since_is_refused(case: Path) -> None:
    run_id = document("run", case)["run_id"]

    def more(rows: list[Row]) -> None:
        rows[1]["officers"] = 7

    write_case(case, stations=more)
    with pytest.raises(InputError, match="its data or its policy has changed"):
        reopen(run_id, READ)


def test_a_policy_that_changed_since_is_refused(case: Path) -> None:
    run_id = document("run", case)["run_id"]

    def stricter(row: Row) -> None:
        row["policy"] = {"response": {"turnout_min": 3.5}}

    write_case(case, case=stricter)
    with pytest.raises(InputError, match="its data or its policy has changed"):
        reopen(run_id, READ)


def test_a_plan_that_is_not_whole_is_not_shown(case: Path, own_store: Path) -> None:
    run_id = document("run", case)["run_id"]
    with open_store(own_store) as store:
        kept = kept_of_record(store.get(run_id))
    object.__setattr__(kept, "plan", Plan(bundles=kept.plan.bundles[:-1]))
    with pytest.raises(InputError, match="every station in a bundle"):
        reopened(kept)
