"""The commands that use the run store, on a file and on a real PostgreSQL."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.command_line import command, document, refused, said
from tests.postgres import PASSWORD, Server
from tests.small_case import Row, write_case

pytest_plugins = ["tests.store_places"]
SET = ("--set", "policy.bundling.centres=1")


def scenarios(case: Row) -> None:
    case["scenarios"] = {
        "free": {"description": "自由"},
        "one": {"policy": {"bundling": {"centres": 1}}},
    }


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_case(tmp_path_factory.mktemp("small") / "case", case=scenarios)


def test_run_list_open_diff_and_delete(place: str, small: Path, tmp_path: Path) -> None:
    at = ("--store", place)
    first = document("run", small, "-s", "free", *at)
    assert not first["found_in_store"]
    again = document("run", small, "-s", "free", *at)
    assert (again["found_in_store"], again["run_id"]) == (True, first["run_id"])
    # The scenario's name decides nothing: the same policy is the same run.
    second = document("run", small, *SET, *at)
    assert document("diff", "free", "one", "--case", small, *at)["same_data"]
    listed = [r["run_id"] for r in document("runs", *at)]
    assert sorted(listed) == sorted([first["run_id"], second["run_id"]])
    assert document("runs", "-s", "free", *at)[0]["run_id"] == first["run_id"]

    opened = document("runs", "--open", first["run_id"], *at)
    assert opened["evaluation"]["plan"] == first["plan"]
    found = document("diff", *listed[::-1], *at)
    assert (found["same_data"], found["same_policy"]) == (True, False)
    assert "policy.bundling.centres" in said("diff", *listed, *at)

    file = tmp_path / "runs.jsonl"
    said("runs", "--export", file, *at)
    said("runs", "--delete", first["run_id"], "--yes", *at)
    assert [r["run_id"] for r in document("runs", *at)] == [second["run_id"]]
    said("runs", "--import", file, *at)
    assert sorted(r["run_id"] for r in document("runs", *at)) == sorted(listed)


def test_a_dry_run_keeps_nothing(place: str, small: Path) -> None:
    foreseen = document("run", small, "--dry-run", "--store", place)
    assert foreseen["found_in_store"] is None
    assert document("runs", "--store", place) == []


def test_the_password_is_never_shown(postgres_server: Server, small: Path) -> None:
    url = postgres_server.url(postgres_server.emptied_database())
    done = command("run", small, "--store", url, "--lang", "en")
    listed = command("runs", "--store", url, "--lang", "en")
    opened = command("runs", "--open", document("runs", "--store", url)[0]["run_id"],
                     "--store", url, "--json")  # fmt: skip
    secret = url.split("@")[0].rsplit(":", 1)[1]
    for shown in (done, listed, opened):
        assert shown.exit_code == 0
        assert secret not in shown.output
        assert PASSWORD not in shown.output
    assert "***" in listed.output


def test_a_server_that_refuses_is_bad_input(postgres_server: Server, small: Path) -> None:
    url = postgres_server.url("postgres", password="wrong-word")
    for words in (("run", small), ("runs",), ("diff", "a", "b")):
        text = refused(*words, "--store", url)
        assert "wrong-word" not in text
        assert "127.0.0.1" in text
