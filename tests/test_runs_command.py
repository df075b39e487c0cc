"""`jingli runs`: list, filter, open, delete, export, import."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.command_line import command, document, refused, said
from tests.small_case import write_case

SET = ("--set", "policy.bundling.centres=1")
IMPOSSIBLE = ("--set", "policy.bundling.centres=3", "--set", "policy.bundling.stations_bundled=5")


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[str]]:
    """A store with three runs, and their ids: free, one centre, impossible."""
    base = tmp_path_factory.mktemp("runs")
    case, store = write_case(base / "case"), base / "runs.sqlite"
    ids = [
        document("run", case, "--store", store)["run_id"],
        document("run", case, "--store", store, *SET)["run_id"],
        document("run", case, "--store", store, *IMPOSSIBLE, exit_code=1)["run_id"],
    ]
    return store, ids


@pytest.fixture
def mine(kept: tuple[Path, list[str]], own_store: Path) -> list[str]:
    """The same runs in the store of this test."""
    shutil.copy(kept[0], own_store)
    return kept[1]


def test_list_newest_first(mine: list[str]) -> None:
    assert [r["run_id"] for r in document("runs")] == mine[::-1]
    text = said("runs")
    assert all(one in text for one in mine)


def test_list_fits_80_columns(mine: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    lines = command("runs", "--lang", "zh").output.splitlines()
    assert max(len(line) for line in lines) <= 80
    assert any(mine[0] in line for line in lines)


def test_filters(mine: list[str]) -> None:
    assert [r["run_id"] for r in document("runs", "--status", "INFEASIBLE")] == mine[2:]
    assert [r["run_id"] for r in document("runs", "-s", "policy.bundling.centres=1")] == mine[1:2]
    assert len(document("runs", "--case", "小县")) == 3
    assert document("runs", "--case", "大县") == []
    assert len(document("runs", "--limit", "1")) == 1
    assert document("runs", "--since", "2999-01-01") == []
    assert len(document("runs", "--since", "2020-01-01")) == 3
    assert "2026-99" in refused("runs", "--since", "2026-99")


def test_open_by_a_beginning_is_refused_where_it_fits_several(mine: list[str]) -> None:
    assert "the beginning of one run's id only" in refused("runs", "--open", mine[0][:8])
    assert "the id of a run" in refused("runs", "--open", "nope")


def test_open_shows_what_went_in_and_came_out(mine: list[str]) -> None:
    text = said("runs", "--open", mine[1])
    for part in (mine[1], "policy.bundling.centres: - → 1", "OPTIMAL", "Officers freed", "←"):
        assert part in text
    opened = document("runs", "--open", mine[1])
    assert opened["evaluation"]["plan"]["centres"] == 1
    assert opened["plan"]["bundles"]


def test_open_a_run_without_a_plan_names_the_rules(mine: list[str]) -> None:
    text = said("runs", "--open", mine[2])
    assert "INFEASIBLE" in text
    assert "bundling.stations_bundled" in text


def test_delete_asks_and_without_an_answer_deletes_nothing(mine: list[str]) -> None:
    assert "--yes" in refused("runs", "--delete", mine[0])
    assert len(document("runs")) == 3
    assert mine[0] in said("runs", "--delete", mine[0], "--yes")
    assert [r["run_id"] for r in document("runs")] == mine[:0:-1]


def test_delete_all_or_none(mine: list[str]) -> None:
    assert "nope" in refused("runs", "--delete", mine[0], "--delete", "nope", "--yes")
    assert len(document("runs")) == 3


def test_export_and_import(mine: list[str], tmp_path: Path) -> None:
    file, other = tmp_path / "runs.jsonl", tmp_path / "other.sqlite"
    assert "2 runs written" in said("runs", "--status", "OPTIMAL", "--export", file)
    assert "2 runs added" in said("runs", "--import", file, "--store", other)
    assert "0 runs added, 2 were there already" in said("runs", "--import", file, "--store", other)
    assert [r["run_id"] for r in document("runs", "--store", other)] == mine[1::-1]


def test_one_thing_at_a_time(mine: list[str]) -> None:
    assert "at a time" in refused("runs", "--open", mine[0], "--delete", mine[0])


def test_no_store_yet(own_store: Path) -> None:
    assert document("runs") == []
    assert "No run has been kept yet" in said("runs")
    assert "No run has been kept yet" in refused("runs", "--open", "2026")
    assert not own_store.exists()
