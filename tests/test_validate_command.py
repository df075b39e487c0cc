"""`jingli validate`: the files, and every scenario tried on their data, all problems at once."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.command_line import command, said
from tests.small_case import Row, write_case

GOOD = {"reason": "r", "alerts": {"factor": 1.2}}
BAD_CLOSURE = {"reason": "r", "roads": {"close": {"bridge": {"near": [100.0, 20.0]}}}}
BAD_DATA = {
    "reason": "r",
    "stations": {"甲所": {"officers": 3}},
    "roads": {"close": {"bridge": {"drawn": "missing.geojson"}}},
    "policy": {"bundling": {"locks": {"keep": ["庚"]}}},
}
BAD_LOCKS = {"policy": {"bundling": {"locks": {"keep": ["丙"], "together": [["丙", "丁"]]}}}}
OTHER_SPEEDS = {"policy": {"roads": {"other_speed_km_per_h": 33}}}


@pytest.fixture
def case_with(tmp_path: Path) -> Callable[..., Path]:
    def of(default: str | None = None, **scenarios: Row) -> Path:
        def change(document: Row) -> None:
            document["scenarios"] = scenarios
            if default is not None:
                document["default_scenario"] = default

        return write_case(tmp_path / "case", case=change)

    return of


def wrong(case: Path, *arguments: str) -> str:
    done = command("validate", case, *arguments, "--lang", "en")
    assert done.exit_code == 2, done.output
    return " ".join(done.output.split())


def test_every_scenario_is_tried(case_with: Callable[..., Path]) -> None:
    text = said("validate", case_with(good=GOOD, more={"extends": "good", "alerts": {"factor": 2},
                                                       "reason": "r"}))  # fmt: skip
    assert "Scenarios checked (2): good, more" in text
    assert "The case can be run" in text


def test_problems_of_all_scenarios_at_once(case_with: Callable[..., Path]) -> None:
    case = case_with(good=GOOD, closure=BAD_CLOSURE, data=BAD_DATA, locks=BAD_LOCKS)
    text = wrong(case)
    assert "Errors in scenarios (5)" in text
    for words in (
        "[closure] case.yaml line",
        "roads.close.bridge.near = 100.00000, 20.00000: expected a point on a road",
        "stations.甲所",
        "drawn = missing.geojson: expected a GeoJSON file",
        "policy.bundling.locks.keep = 庚",
        "[locks] ",
    ):
        assert words in text
    assert "The case can be run" not in text
    # Files are told beside: they are right.
    assert "cells.geojson" in text


def test_one_scenario_by_name(case_with: Callable[..., Path]) -> None:
    case = case_with(good=GOOD, closure=BAD_CLOSURE)
    assert "Scenarios checked (1): good" in said("validate", case, "-s", "good")
    text = wrong(case, "-s", "good", "-s", "closure")
    assert "Scenarios checked (2): good, closure" in text
    assert "did you mean good?" in " ".join(
        command("validate", case, "-s", "goood", "--lang", "en").stderr.split()
    )


def test_a_problem_that_several_share_is_told_once(case_with: Callable[..., Path]) -> None:
    child = {"extends": "parent", "alerts": {"factor": 1.1}, "reason": "r"}
    text = wrong(case_with(parent=BAD_CLOSURE, child=child))
    assert "Errors in scenarios (1)" in text
    assert "[parent, child] case.yaml" in text


def test_other_road_speeds_are_tried_when_asked_for(case_with: Callable[..., Path]) -> None:
    case = case_with(fast=OTHER_SPEEDS, good=GOOD)
    text = said("validate", case)
    assert "Scenarios checked (1): good" in text
    assert "read anew; use -s: fast" in text
    assert "Scenarios checked (1): fast" in said("validate", case, "-s", "fast")


def test_the_case_as_it_is_is_tried_too(tmp_path: Path) -> None:
    def locked(document: Row) -> None:
        document["policy"]["bundling"] = {"locks": {"keep": ["庚"]}}

    text = wrong(write_case(tmp_path / "case", case=locked))
    assert "[the case as it is] case.yaml" in text
    assert "policy.bundling.locks.keep = 庚" in text


def test_wrong_files_come_first(tmp_path: Path) -> None:
    def bad(rows: list[Row]) -> None:
        rows[0]["officers"] = "many"

    text = wrong(write_case(tmp_path / "case", stations=bad))
    assert "officers = many" in text
    assert "Scenarios are checked once the files are right" in text
