"""Scenarios run for a comparison: found in the store, else kept once."""

from __future__ import annotations

from pathlib import Path

import pytest

from optimizer.result import Proof, Result, Status
from scenarios import run as run_module
from scenarios.store import open_store
from tests.command_line import document, refused, said
from tests.small_case import Row, write_case

NO_TIME = Result(
    plan=None,
    proofs=(
        Proof(
            stage="bundling",
            status=Status.UNKNOWN,
            objective=None,
            objective_unit="",
            bound=None,
            method="time limit",
        ),
    ),
)


def scenarios(case: Row) -> None:
    case["scenarios"] = {
        "free": {"description": "自由"},
        "one": {"policy": {"bundling": {"centres": 1}}},
    }


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_case(tmp_path_factory.mktemp("small") / "case", case=scenarios)


def statuses(store: Path) -> list[Status]:
    with open_store(store) as opened:
        return sorted((run.status for run in opened.list()), key=list(Status).index)


def test_time_that_ran_out_twice_is_kept_once(
    small: Path, own_store: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = ("diff", "free", "one", "--case", small)
    with monkeypatch.context() as slow:
        slow.setattr(run_module, "consolidate", lambda *_, **__: NO_TIME)
        for _ in range(2):
            assert "a run with a plan" in refused(*asked)
            assert statuses(own_store) == [Status.UNKNOWN]
    # With time the plan is found and kept beside it; then there is nothing more to keep.
    for _ in range(2):
        said(*asked)
        assert statuses(own_store) == [Status.OPTIMAL, Status.OPTIMAL, Status.UNKNOWN]


def test_what_ran_out_of_time_does_not_hide_a_plan(
    small: Path, own_store: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = ("diff", "free", "one", "--case", small)
    said(*asked)
    kept = statuses(own_store)

    def again(*_: object, **__: object) -> Result:
        raise AssertionError("solved")

    monkeypatch.setattr(run_module, "consolidate", again)
    assert document(*asked)["same_data"]
    assert statuses(own_store) == kept
