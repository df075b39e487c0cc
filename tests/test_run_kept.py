"""`jingli run` and the run store: kept, found again, not in the way."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from scenarios import run as run_module
from scenarios.store import open_store
from tests.command_line import command, document, refused, said
from tests.small_case import Row, write_case
from tests.test_rerun import NO_TIME


def scenarios(case: Row) -> None:
    case["scenarios"] = {
        "one": {"description": "一个中心", "policy": {"bundling": {"centres": 1}}},
        "none": {"policy": {"bundling": {"centres": 0}}},
        "both": {"policy": {"bundling": {"centres": 3, "stations_bundled": 5}}},
    }


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_case(tmp_path_factory.mktemp("small") / "case", case=scenarios)


def forbid_solving(monkeypatch: pytest.MonkeyPatch) -> None:
    def solved(*_: object, **_more: object) -> None:
        raise AssertionError("solved")

    monkeypatch.setattr(run_module, "consolidate", solved)


def test_identical_inputs_are_found_and_not_solved(
    small: Path, own_store: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = document("run", small)
    assert not first["found_in_store"]
    forbid_solving(monkeypatch)
    second = document("run", small)
    assert second["found_in_store"]
    assert second["run_id"] == first["run_id"]
    for name in ("plan", "today", "proofs", "status", "overrides"):
        assert second[name] == first[name]
    with open_store(own_store) as store:
        assert len(store.list()) == 1


def test_a_found_run_says_so_and_writes_the_same_files(small: Path, tmp_path: Path) -> None:
    assert "Kept in the run store as" in said("run", small, "--out", tmp_path / "a")
    assert "not solved again" in said("run", small, "--out", tmp_path / "b")
    for name in ("plan.json", "evaluation.json", "map.svg", "manifest.json", "moves.csv"):
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes(), name


def test_again_solves_again(small: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    document("run", small)
    forbid_solving(monkeypatch)
    with pytest.raises(AssertionError, match="solved"):
        command("run", small, "--again")


def test_another_policy_is_another_run(small: Path) -> None:
    assert not document("run", small, "-s", "one")["found_in_store"]
    assert not document("run", small, "-s", "none")["found_in_store"]
    # The scenario's name is no input: the same policy by --set is the same run.
    assert document("run", small, "--set", "policy.bundling.centres=1")["found_in_store"]


def test_a_proof_that_there_is_no_plan_is_kept_too(
    small: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = document("run", small, "-s", "both", exit_code=1)
    forbid_solving(monkeypatch)
    second = document("run", small, "-s", "both", exit_code=1)
    assert second["found_in_store"]
    assert second["proofs"] == first["proofs"]
    assert second["proofs"][0]["clashing_rules"]


def test_no_store_keeps_nothing(small: Path, own_store: Path) -> None:
    assert document("run", small, "--no-store")["run_id"] is None
    assert not own_store.exists()


def test_another_store_by_option(small: Path, own_store: Path, tmp_path: Path) -> None:
    document("run", small, "--store", tmp_path / "mine.sqlite")
    assert (tmp_path / "mine.sqlite").exists()
    assert not own_store.exists()


def test_a_store_that_cannot_be_is_refused_before_the_work(
    small: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    forbid_solving(monkeypatch)
    assert "folder that exists" in refused("run", small, "--store", tmp_path / "no" / "s.sqlite")


@pytest.mark.usefixtures("no_pictures_here")
def test_a_password_is_in_no_message_and_no_manifest(small: Path, tmp_path: Path) -> None:
    url = "mysql://me:hunter2@host/db"
    assert "hunter2" not in refused("run", small, "--store", url)
    out = tmp_path / "out"
    said("run", small, "--out", out)
    manifest = json.loads((out / "manifest.json").read_text(encoding="utf-8"))
    assert manifest["command"] == ["jingli", "run", str(small), "--lang", "en"]


@pytest.mark.usefixtures("no_pictures_here")
def test_several_scenarios_each_have_their_folder(small: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    documents = document("run", small, "-s", "one", "-s", "none", "--out", out)
    assert [d["scenario"] for d in documents] == ["one", "none"]
    assert [d["plan"]["centres"] for d in documents] == [1, 0]
    assert {p.name for p in out.iterdir()} == {"one", "none"}
    assert (out / "one" / "plan.json").exists()


def test_one_scenario_without_a_plan_is_exit_code_1(small: Path) -> None:
    assert command("run", small, "-s", "one", "-s", "both").exit_code == 1


def test_a_wrong_name_is_refused_before_the_first_run(
    small: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    forbid_solving(monkeypatch)
    assert "onee" in refused("run", small, "-s", "one", "-s", "onee")
    assert "policy.bundling.centers" in refused("run", small, "--set", "policy.bundling.centers=1")


def test_scenarios_whose_folders_would_be_one_are_refused(tmp_path: Path) -> None:
    def alike(case: Row) -> None:
        case["scenarios"] = {
            "a b": {"policy": {"bundling": {"centres": 1}}},
            "a_b": {"policy": {"bundling": {"centres": 0}}},
        }

    folder = write_case(tmp_path / "case", case=alike)
    text = refused("run", folder, "-s", "a b", "-s", "a_b", "--out", tmp_path / "out")
    assert "different folder names" in text
    assert not (tmp_path / "out").exists()


def test_dry_run_solves_and_keeps_nothing(
    small: Path, own_store: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        forbid_solving(patch)
        text = said("run", small, "-s", "one", "--dry-run", "--out", tmp_path / "out")
        assert "Would be solved: bundling, traffic consolidation, reassignment" in text
        assert "policy.bundling.centres: 1" in text
        assert not own_store.exists()
        assert not (tmp_path / "out").exists()
    kept = document("run", small, "-s", "one")
    foreseen = document("run", small, "-s", "one", "--dry-run")
    assert foreseen["found_in_store"] == kept["run_id"]
    assert (foreseen["stations"], foreseen["cells"]) == (6, 24)


def test_dry_run_still_finds_bad_input(tmp_path: Path) -> None:
    def wrong(rows: list[Row]) -> None:
        rows[0]["officers"] = "many"

    folder = write_case(tmp_path / "case", stations=wrong)
    assert "officers = many" in refused("run", folder, "--dry-run")


def test_time_that_runs_out_again_is_kept_once_even_with_again(
    small: Path, own_store: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = []
    with monkeypatch.context() as slow:
        slow.setattr(run_module, "consolidate", lambda *_, **__: NO_TIME)
        for more in ((), (), ("--again",)):
            kept.append(document("run", small, *more, exit_code=1)["run_id"])
    assert kept[0] == kept[1] == kept[2]
    answers = [document("run", small, *more)["run_id"] for more in ((), (), ("--again",))]
    assert answers[0] == answers[1]
    assert len({kept[0], *answers}) == 3, "what was asked for again is kept beside the first"
    with open_store(own_store) as store:
        assert len(store.list()) == 3


def test_a_dry_run_says_a_reason_once_for_all_its_changes(tmp_path: Path) -> None:
    def two(case: Row) -> None:
        case["scenarios"] = {
            "two": {"reason": "建议", "stations": {"乙": {"can_bundle": False, "officers": 9}}}
        }

    text = said("run", write_case(tmp_path / "case", case=two), "-s", "two", "--dry-run")
    assert text.count("建议") == 1
    assert "stations.02.officers (乙派出所): 6 → 9" in text
