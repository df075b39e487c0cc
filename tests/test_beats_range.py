"""How many beats: what is asked, what the policy allows, which number is proposed."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pydantic import ValidationError

from optimizer.beat_plan import BeatPlan, BeatResult, BeatTask
from optimizer.errors import InputError, Problem
from optimizer.policy import Policy
from optimizer.policy_beats import Beats
from optimizer.result import Status
from optimizer.solver import Limits
from scenarios.beats_range import Tried, minutes_of, numbers_of_beats, proposed, try_numbers
from tests.command_line import command, document, refused
from tests.small_case import Row, cell_rows, write_case, write_csv


@pytest.fixture(autouse=True)
def _own_store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JINGLI_STORE", str(tmp_path / "runs.sqlite"))


def numbers(text: str | None, *, officers: int = 24, drawn: int = 0, **rules: float) -> object:
    found = numbers_of_beats(text, Beats(**rules), officers, 5, drawn)
    return found.text() if isinstance(found, Problem) else found


def test_numbers_that_come_into_question() -> None:
    assert numbers("8") == (8,)
    assert numbers("2-4") == (2, 3, 4)
    assert numbers(" 2 ～ 4 ") == (2, 3, 4)
    assert numbers(None) == (5,)
    assert numbers(None, drawn=3) == (3,)
    # 24 officers: at least 5 for each are 4 beats at the most, at most 10 are 3 at the least.
    assert numbers("2-9", min_officers=5, max_officers=10) == (3, 4)
    assert numbers(None, min_officers=5) == (4,)
    assert numbers(None, max_officers=4) == (6,)
    assert numbers("4", min_officers=6) == (4,)
    # Drawn beats are scored whatever their number.
    assert numbers(None, drawn=9, min_officers=5) == (9,)


@pytest.mark.parametrize("text", ["0", "5-3", "x", "1-21", "", "-3", "2-"])
def test_numbers_that_are_none(text: str) -> None:
    assert "write it like 8 or 6-10" in str(numbers(text))


def test_drawn_beats_have_one_number() -> None:
    assert "leave --k out" in str(numbers("2-4", drawn=3))
    assert numbers("4", drawn=3) == (4,)


def test_the_policy_binds() -> None:
    text = str(numbers("5-9", min_officers=5, max_officers=10))
    assert "24 officers" in text
    assert "3 to 4" in text
    with pytest.raises(ValidationError, match="max_officers of at least"):
        Beats(min_officers=5, max_officers=3)


def tried(beats: int, objective: float | None, farthest: float = 9.0) -> Tried:
    status = Status.UNKNOWN if objective is None else Status.FEASIBLE
    return Tried(
        beats=beats,
        result=BeatResult(status=status, objective=objective),
        mean_min=math.nan,
        farthest_min=math.nan if objective is None else farthest,
    )


def test_the_first_after_which_one_more_saves_too_little() -> None:
    """100 to 80 saves a fifth, 80 to 77 less than a twentieth; 77 to 60 no longer counts."""
    found = [tried(2, 100.0), tried(3, 80.0), tried(4, 77.0), tried(5, 60.0)]
    assert proposed(found, None, 0.05) == 1
    assert proposed(found, None, 0.01) == 3
    # A number without beats is passed over: 100 is set against 77.
    assert proposed([tried(2, 100.0), tried(3, None), tried(4, 77.0)], None, 0.2) == 2
    assert proposed([tried(2, None)], None, 0.05) is None


def test_the_least_within_minutes_or_the_nearest_to_it() -> None:
    found = [tried(2, 100.0, 20.0), tried(3, 80.0, 12.0), tried(4, None), tried(5, 60.0, 11.0)]
    assert proposed(found, 12.0, 0.05) == 1
    assert proposed(found, 11.5, 0.05) == 3
    assert proposed(found, 10.0, 0.05) == 3
    assert proposed(found, 30.0, 0.05) == 0


def line(n: int = 6) -> BeatTask:
    """Cells in a row a minute apart, one call each but for the last, which has none."""
    place = np.arange(float(n))
    return BeatTask(
        cell_ids=tuple(f"c{i}" for i in range(n)),
        calls_per_year=np.array([1.0] * (n - 1) + [0.0]),
        work_per_year=np.ones(n),
        adjacency=np.array([(i, i + 1) for i in range(n - 1)]),
        beats=1,
        tolerance_fraction=0.0,
        minutes=np.abs(place[:, None] - place),
    )


def test_minutes_leave_cells_without_alerts_out() -> None:
    """From seat 1: 1, 0, 1, 2, 3 minutes, mean 7/5; the last, four minutes away, has no alerts."""
    plan = BeatPlan(beat_of=np.zeros(6, np.int64), seat=np.array([1]))
    mean, farthest = minutes_of(line(), plan)
    assert mean == pytest.approx(7 / 5)
    assert farthest == 3.0


def test_each_number_is_drawn_and_what_cannot_be_is_kept_with_its_reason() -> None:
    """Six cells of even work: 2 and 3 beats, never 4 or 5 without a tolerance."""
    begun: list[int | None] = []
    found = try_numbers(line(), (2, 3, 4), Limits(time_limit_s=5), begun.append)
    assert begun == [2, 3, 4]
    # {0 1 2} {3 4 5}: 2 + 1; {0 1} {2 3} {4 5}: 1 + 1 + 0.
    assert [t.result.objective for t in found[:2]] == [3.0, 2.0]
    assert found[2].result.plan is None
    with pytest.raises(InputError, match="no more beats than cells"):
        try_numbers(line(), (7, 8), Limits(time_limit_s=5), begun.append)
    mixed = try_numbers(line(), (6, 7), Limits(time_limit_s=5), begun.append)
    assert mixed[0].result.objective == 0.0
    assert mixed[1].result.status is Status.INFEASIBLE
    assert "there are 6 cells" in mixed[1].problems[0].text()


def in_policy(spec: Row) -> None:
    spec["policy"]["beats"] = {
        "tolerance_fraction": 0.6,
        "balance": "residents",
        "objective": "border",
        "min_officers": 10,
    }
    spec["policy"]["solver"] = {"time_limit_s": 1}


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_case(tmp_path_factory.mktemp("range") / "case", case=in_policy)


def test_the_policy_is_taken_where_options_are_left_out(small: Path, tmp_path: Path) -> None:
    halves = [{"cell_id": r["cell_id"], "beat": int(r["cell_id"] > "c4")} for r in cell_rows()]
    path = tmp_path / "halves.csv"
    write_csv(path, halves)
    asked = document("beats", small, "--drawn", path)["asked"]
    assert asked["tolerance_fraction"] == 0.6
    assert (asked["balance"], asked["objective"]) == ("residents", "border")
    asked = document(
        "beats", small, "--drawn", path, "--tolerance", "0.9", "--balance", "alerts",
        "--objective", "inertia",
    )["asked"]  # fmt: skip
    assert asked["tolerance_fraction"] == 0.9
    assert (asked["balance"], asked["objective"]) == ("alerts", "inertia")
    # 50 officers make five beats of ten.
    text = refused("beats", small, "--k", "6-9")
    assert "1 to 5" in text


def _told(small: Path, *more: object) -> Any:
    return document("beats", small, "--objective", "minutes", "--balance", "alerts", *more)


def test_a_range_is_a_table_and_a_proposal(small: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    found = _told(small, "--k", "2-9", "--out", out)
    table = found["numbers_of_beats"]
    assert [row["beats"] for row in table] == [2, 3, 4, 5]
    values = [row["objective"] for row in table]
    place = next((i for i in range(3) if values[i] - values[i + 1] < 0.05 * values[i]), 3)
    assert [row["proposed"] for row in table] == [i == place for i in range(4)]
    assert found["asked"]["beats"] == table[place]["beats"]
    assert found["found"]["objective"] == pytest.approx(values[place])
    assert len(found["found"]["beats"]) == table[place]["beats"]
    lines = (out / "numbers_of_beats.csv").read_text(encoding="utf-8-sig").splitlines()
    assert len(lines) == 5
    assert json.loads((out / "beats.json").read_text())["numbers_of_beats"] == table


def test_no_number_of_a_range(small: Path) -> None:
    done = command(
        "beats", small, "--k", "4-5", "--balance", "alerts", "--tolerance", "0.01", "--lang", "en"
    )
    assert done.exit_code == 1
    text = " ".join(done.output.split())
    assert "None of these numbers" in text
    assert "4-5 beats of 24 cells" in text
    assert "proposed" not in text


def test_standards_of_the_policy() -> None:
    beats = Policy().beats
    assert (beats.tolerance_fraction, beats.balance, beats.objective) == (0.1, "alerts", "minutes")
    assert (beats.min_officers, beats.max_officers) == (None, None)
