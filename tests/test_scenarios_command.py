"""`jingli scenarios`: the tree of inheritance and what each scenario changes."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.command_line import command, document, refused, said
from tests.small_case import Row, write_case


def scenarios(case: Row) -> None:
    case["default_scenario"] = "base"
    case["scenarios"] = {
        # The child stands before its parent on purpose.
        "child": {
            "extends": "base",
            "reason": "夏季",
            "policy": {"bundling": {"centres": 1}},
            "alerts": {"factor": 1.2},
        },
        "base": {"description": "基准", "policy": {"bundling": {"centres": 2}}},
        "both": {"extends": ["base", "other"]},
        "other": {"policy": {"staffing": {"max_moves": 2}}},
    }


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_case(tmp_path_factory.mktemp("small") / "case", case=scenarios)


def test_parents_come_before_children(small: Path) -> None:
    leaves = document("scenarios", small)
    assert [leaf["name"] for leaf in leaves] == ["base", "child", "other", "both"]
    assert [leaf["parents"] for leaf in leaves] == [[], ["base"], [], ["base", "other"]]
    assert [leaf["is_default"] for leaf in leaves] == [True, False, False, False]


def test_only_what_it_changes_itself(small: Path) -> None:
    leaves = {leaf["name"]: leaf["settings"] for leaf in document("scenarios", small)}
    assert [(s["key"], s["before"], s["after"]) for s in leaves["child"]] == [
        ("policy.bundling.centres", "2", "1"),
        ("alerts.factor", "", "1.2"),
    ]
    assert {s["reason"] for s in leaves["child"]} == {"夏季"}
    assert leaves["both"] == []


def test_as_a_planner_reads_it(small: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    text = said("scenarios", small)
    for part in (
        "base (default) 基准",
        "policy.bundling.centres: 2 → 1",
        "夏季",
        "also extends other",
    ):
        assert part in text
    done = command("scenarios", small, "--lang", "zh")
    assert max(len(line) for line in done.output.splitlines()) <= 80


def test_no_scenarios(tmp_path: Path) -> None:
    assert "no scenarios" in said("scenarios", write_case(tmp_path / "case"))


def test_a_circle_is_refused(tmp_path: Path) -> None:
    def circle(case: Row) -> None:
        case["scenarios"] = {"a": {"extends": "b"}, "b": {"extends": "a"}}

    assert "a -> b -> a" in refused("scenarios", write_case(tmp_path / "case", case=circle))
