"""What-ifs that cannot be run: `jingli run` refuses with exit code 2 before anything is solved."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.command_line import document, refused
from tests.small_case import Row, write_case

CIRCLE = {"a": {"extends": "b"}, "b": {"extends": "c"}, "c": {"extends": "a"}}
TWICE = {"a": {"reason": "r", "stations": {"03": {"officers": 5, "add_officers": 1}}}}
BY_NAME_TOO = {"a": {"reason": "r", "stations": {"03": {"officers": 5}, "丙": {"officers": 4}}}}
UNKNOWN_LOCK = {"a": {"policy": {"bundling": {"locks": {"keep": ["丙派出锁"]}}}}}
BOTH_LOCKS = {
    "a": {"policy": {"bundling": {"locks": {"apart": [["丙", "丁"]], "together": [["丁", "丙"]]}}}}
}
CLOSED_LOCK = {
    "a": {
        "reason": "r",
        "stations": {"己": {"close": True}},
        "policy": {"bundling": {"locks": {"host": ["己"]}}},
    }
}


@pytest.mark.parametrize(
    ("scenarios", "words"),
    [
        (CIRCLE, "a -> b -> c -> a: expected parents that end somewhere, not a circle"),
        (TWICE, "one override of each thing in a block"),
        (BY_NAME_TOO, "one override of each thing in a block"),
        (UNKNOWN_LOCK, "丙派出锁: expected an id or a name of"),
        (UNKNOWN_LOCK, "did you mean 丙派出所"),
        (BOTH_LOCKS, "stations that no `together` lock joins"),
        (CLOSED_LOCK, "a station that is open; this scenario closes it"),
    ],
)
def test_refused_before_anything_is_solved(
    tmp_path: Path, scenarios: Row, words: str, own_store: Path
) -> None:
    def change(case: Row) -> None:
        case["scenarios"] = scenarios

    folder, out = write_case(tmp_path / "case", case=change), tmp_path / "out"
    text = refused("run", folder, "-s", "a", "--out", out)
    assert words in text
    assert not out.exists()
    assert document("runs", "--store", own_store) == []


def test_contradictory_locks_are_told_by_name_where_they_were_written(tmp_path: Path) -> None:
    folder = write_case(tmp_path / "case")
    (folder / "scenarios").mkdir()
    (folder / "scenarios" / "a.yaml").write_text(
        "reason: 试\npolicy:\n  bundling:\n    locks:\n"
        "      together: [[丙, 丁]]\n      apart: [[丁, 丙]]\n",
        encoding="utf-8",
    )
    text = refused("run", folder, "-s", "a")
    assert "scenarios/a.yaml line 6 policy.bundling.locks.apart = 丙派出所, 丁派出所" in text
