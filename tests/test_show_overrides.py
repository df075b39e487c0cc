"""`jingli run` says what the scenario changes, and why."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.command_line import command
from tests.small_case import Row, write_case

CLOSED = "辖区警情少，撤销后由邻所接管。"


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    def with_scenarios(document: Row) -> None:
        document["scenarios"] = {
            "parent": {"description": "起点", "policy": {"response": {"rural_min": 35}}},
            "child": {
                "description": "撤己所",
                "extends": "parent",
                "stations": {"己": {"close": True, "reason": CLOSED}},
                "alerts": {"factor": 1.25, "reason": "[预计]增加"},
            },
        }

    return write_case(tmp_path_factory.mktemp("overrides") / "case", case=with_scenarios)


def lines(case: Path, *arguments: str) -> list[str]:
    done = command("run", case, "--no-store", *arguments)
    assert done.exit_code == 0, done.output
    return [line.rstrip() for line in done.output.splitlines()]


def test_each_change_stands_under_its_reason(small: Path) -> None:
    shown = lines(small, "-s", "child", "--lang", "en", "--set", "policy.response.urban_min=12")
    start = shown.index("What the scenario changes, and why (4)")
    assert shown[start + 1 : start + 10] == [
        "  parent: 起点",
        "    policy.response.rural_min: 30 → 35",
        "  --set: given on the command line",
        "    policy.response.urban_min: 10 → 12",
        f"  child: {CLOSED}",
        "    stations.06.close (己派出所): false → true",
        "      cells to 戊派出所 4; officers to 戊派出所 6",
        "  child: [预计]增加",
        "    alerts.factor: 1 → 1.25",
    ]


def test_a_reason_that_is_the_description_is_said_once(small: Path) -> None:
    shown = lines(small, "-s", "parent", "--lang", "zh")
    start = shown.index("情景改动及理由 (1)")
    assert shown[start + 1 : start + 3] == ["  parent", "    policy.response.rural_min：30 → 35"]
    assert shown.count("起点") == 1


def test_it_holds_at_80_columns(monkeypatch: pytest.MonkeyPatch) -> None:
    from rich.cells import cell_len

    monkeypatch.setenv("COLUMNS", "80")
    done = command("run", "dianjiang", "-s", "new_station", "--lang", "zh", "--no-store")
    shown = done.output.splitlines()
    start = next(i for i, line in enumerate(shown) if line.startswith("情景改动及理由"))
    end = next(i for i, line in enumerate(shown) if line.startswith("捆绑："))
    assert max(cell_len(line) for line in shown[start:end]) <= 80
    text = "".join(line.strip() for line in shown[start:end])
    assert "由桂溪、桂阳各调 7 人" in text
    assert "stations.S001.add_officers (桂溪派出所)：0 → -7" in text


def test_a_case_as_it_is_says_nothing(small: Path) -> None:
    assert not [line for line in lines(small, "--lang", "en") if "What the scenario" in line]
