"""`jingli compare`: winners, dominated plans, table and map."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest

from optimizer.errors import untranslated
from scenarios.kept import read_runs
from scenarios.show_versus import letter_of
from scenarios.versus import dominates, versus
from tests.command_line import command, document, refused, said
from tests.small_case import Row, write_case

pytestmark = pytest.mark.usefixtures("no_pictures")


def scenarios(case: Row) -> None:
    case["scenarios"] = {
        "free": {"description": "自由"},
        "one": {"policy": {"bundling": {"centres": 1}}},
        "busy": {"alerts": {"factor": 1.2}, "reason": "夏季"},
        "both": {"policy": {"bundling": {"centres": 3, "stations_bundled": 5}}},
    }


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_case(tmp_path_factory.mktemp("small") / "case", case=scenarios)


@pytest.mark.parametrize(
    ("one", "other", "so"),
    [
        ((1, 2), (1, 3), True),
        ((1, 2), (1, 2), False),
        ((1, 2), (2, 1), False),
        ((2, 2), (1, 1), False),
        ((0, 0), (1, 1), True),
    ],
)
def test_dominates(one: tuple[int, int], other: tuple[int, int], so: bool) -> None:
    assert dominates(one, other) is so


def test_letters() -> None:
    assert [letter_of(i) for i in (0, 25, 26)] == ["A", "Z", "A2"]


def test_winners_are_the_best_values(small: Path) -> None:
    found = document("compare", "free", "one", "--case", small)
    assert found["same_data"]
    for m in found["measures"]:
        if not m["winners"]:
            continue
        best = max(m["values"]) if m["better"] == "more" else min(m["values"])
        names = [r["run"] for r in found["runs"]]
        assert [n for n, v in zip(names, m["values"], strict=True) if v == best] == m["winners"]
    won = {r["run"]: r["wins"] for r in found["runs"]}
    assert won == {n: sum(n in m["winners"] for m in found["measures"]) for n in won}
    assert all(won.values())


def test_a_dominated_plan_is_marked(small: Path, tmp_path: Path) -> None:
    """A run whose every judged measure is a little worse is dominated by the true one."""
    good, bad = tmp_path / "good", tmp_path / "bad"
    for out in (good, bad):
        said("run", small, "-s", "free", "--out", out)
    file = bad / "evaluation.json"
    judged = json.loads(file.read_text(encoding="utf-8"))
    judged["plan"]["mean_response_min"] += 1.0
    file.write_text(json.dumps(judged), encoding="utf-8")
    found = document("compare", good, bad)
    assert [r["dominated_by"] for r in found["runs"]] == [[], ["good"]]
    text = said("compare", good, bad)
    assert "B is dominated: A no worse" in text
    assert "B ✗" in text


def test_equal_runs_win_nothing_and_dominate_nothing(small: Path, tmp_path: Path) -> None:
    for name in ("a", "b"):
        said("run", small, "-s", "free", "--out", tmp_path / name)

    def no_store() -> None:
        raise AssertionError

    runs = read_runs([str(tmp_path / "a"), str(tmp_path / "b")], no_store)  # type: ignore[arg-type]
    found = versus(runs, untranslated)
    assert found.wins == (0, 0)
    assert found.dominated_by == ((), ())


def test_table_fits_80_columns_in_both_languages(
    small: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    for lang in ("en", "zh"):
        done = command("compare", "free", "one", "busy", "--case", small, "--lang", lang)
        assert done.exit_code == 0
        assert max(len(line) for line in done.output.splitlines()) <= 80


def test_files_and_map(small: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    ids = [document("run", small, "-s", s)["run_id"] for s in ("free", "one", "busy")]
    text = said("compare", *ids, "--out", out)
    assert "saw different data" in text
    assert {p.name for p in out.iterdir()} == {
        "comparison.csv", "comparison.json", "map.png", "map.svg", "map.pdf", "manifest.json",
    }  # fmt: skip
    rows = list(csv.reader((out / "comparison.csv").read_text("utf-8-sig").splitlines()))
    assert rows[0][3:6] == ids
    svg = (out / "map.svg").read_text(encoding="utf-8")
    assert svg.count('id="axes_') >= 4
    again = tmp_path / "again"
    said("compare", *ids, "--out", again)
    assert (again / "map.svg").read_bytes() == (out / "map.svg").read_bytes()


def test_a_case_that_changed_since_is_refused(tmp_path: Path) -> None:
    folder = write_case(tmp_path / "case", case=scenarios)
    ids = [document("run", folder, "-s", s)["run_id"] for s in ("free", "one")]

    def more(rows: list[Row]) -> None:
        rows[1]["officers"] = 7

    write_case(folder, case=scenarios, stations=more)
    assert "its data or its policy has changed" in refused(
        "compare", *ids, "--out", tmp_path / "out"
    )
    assert not (tmp_path / "out").exists()
    assert "Measures won" in said("compare", *ids)


def test_two_counties_are_refused(small: Path, tmp_path: Path) -> None:
    def other(case: Row) -> None:
        case["name"] = "大县"

    elsewhere = write_case(tmp_path / "case", case=other)
    ids = [document("run", small, "-s", "free")["run_id"], document("run", elsewhere)["run_id"]]
    assert "runs of one county" in refused("compare", *ids)


def test_too_few(small: Path) -> None:
    assert "two different runs" in refused("compare", "free", "free", "--case", small)
    assert "two different runs" in refused("compare")
    assert "a run with a plan" in refused("compare", "free", "both", "--case", small)


def test_a_plan_does_not_dominate_one_that_saw_other_data(small: Path, tmp_path: Path) -> None:
    """Nobody can choose a summer with fewer alerts."""
    good, bad = tmp_path / "good", tmp_path / "bad"
    for out in (good, bad):
        said("run", small, "-s", "free", "--out", out)
    file = bad / "evaluation.json"
    judged = json.loads(file.read_text(encoding="utf-8"))
    judged["plan"]["mean_response_min"] += 1.0
    judged["plan"]["county_digest"] = "0" * 64
    file.write_text(json.dumps(judged), encoding="utf-8")
    found = document("compare", good, bad)
    assert not found["same_data"]
    assert [r["dominated_by"] for r in found["runs"]] == [[], []]
