"""`jingli frontier` and `jingli alternatives`: what they print, write, place and refuse."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import pytest

from tests.command_line import command, document, refused, said
from tests.small_case import Row, write_case


def published(spec: Row) -> None:
    spec["default_scenario"] = "free"
    spec["scenarios"] = {
        "as_published": {"description": "x", "policy": {"bundling": {"centres": 1}}},
        "free": {"description": "y"},
        "impossible": {"description": "z", "policy": {"bundling": {"centres": 3}}},
        "more_alerts": {"description": "w", "alerts": {"factor": 2, "reason": "r"}},
    }


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_case(tmp_path_factory.mktemp("small") / "case", case=published)


@pytest.fixture(scope="module")
def written(small: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("choices") / "frontier"
    said("frontier", small, "--out", out, "--map", 2)
    return out


@pytest.fixture(scope="module")
def listed(small: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("choices") / "alternatives"
    said("alternatives", small, "--out", out, "--years", 4, "--within", "20")
    return out


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def test_today_and_the_published_plan_are_placed(small: Path) -> None:
    found = document("frontier", small)
    assert found["status"] == "OPTIMAL"
    kinds = {p["kind"]: p for p in found["placed"]}
    assert set(kinds) == {"today", "published", "scenario"}
    assert kinds["today"]["officers_freed"] == 0.0
    assert kinds["today"]["min_given_away"] >= 0.0
    frees = [p["officers_freed"] for p in found["points"]]
    assert frees == sorted(frees)
    text = said("frontier", small)
    assert "these are all, proven" in text
    assert "Today: 0.0 officers freed" in text
    assert "Published counts (3 into 1), best plan:" in " ".join(text.split())
    assert "Modelled:" in text


def test_the_scenarios_own_counts_are_left_free_and_named(small: Path) -> None:
    assert "bundling.centres" in said("frontier", small, "-s", "as_published")
    held = document("frontier", small, "-s", "as_published", "--keep-counts")
    assert {p["centres"] for p in held["points"]} == {1}
    assert held["left_free"] == []
    assert "Left free" not in said("frontier", small, "-s", "as_published", "--keep-counts")


def test_a_plan_file_of_a_point_lies_on_the_frontier_and_is_scored(
    small: Path, written: Path
) -> None:
    points = rows(written / "frontier.csv")
    last = points[-1]
    plan = written / f"plan-{int(last['point']):03d}.csv"
    found = document("frontier", small, "--plan", plan)
    [given] = [p for p in found["placed"] if p["kind"] == "given"]
    assert given["officers_freed"] == pytest.approx(float(last["officers_freed"]))
    assert given["officers_given_away"] == pytest.approx(0.0, abs=1e-6)
    assert given["min_given_away"] == pytest.approx(0.0, abs=1e-6)
    assert "On the frontier." in said("frontier", small, "--plan", plan)
    scored = document("score", small, "--plan", plan)
    assert scored["keeps_every_rule"]
    assert scored["plan"]["officers_freed"] == pytest.approx(float(last["officers_freed"]))


def test_the_folder_holds_table_picture_plans_and_the_map_asked_for(written: Path) -> None:
    names = {p.name for p in written.iterdir()}
    points = rows(written / "frontier.csv")
    assert {f"plan-{int(p['point']):03d}.csv" for p in points} <= names
    assert {"frontier.png", "frontier.svg", "map-002.png", "map-002.svg", "placed.csv"} <= names
    assert not {"map-001.png", "map-003.png"} & names
    for row in rows(written / "placed.csv"):
        for figure in list(row.values())[1:]:
            assert len(figure.partition(".")[2]) <= 6, row
    kept = json.loads((written / "frontier.json").read_text(encoding="utf-8"))
    assert len(kept["points"]) == len(points)
    assert sum(p["knee"] == "yes" for p in points) <= 1
    assert json.loads((written / "manifest.json").read_text(encoding="utf-8"))["command"][1] == (
        "frontier"
    )


def test_a_bad_plan_breaks_a_rule_and_is_said_to_be_beyond(small: Path, tmp_path: Path) -> None:
    """All six under one centre frees more than any plan of three."""
    path = tmp_path / "all.csv"
    lines = [f"0{s},03" for s in range(1, 7)]
    path.write_text("station_id,centre_id\n" + "\n".join(lines) + "\n", encoding="utf-8")
    assert "Beyond the frontier" in said("frontier", small, "--plan", path)


@pytest.mark.parametrize("third", ["centres", "imbalance"])
def test_a_third_aim_never_has_fewer_points(small: Path, third: str) -> None:
    two = document("frontier", small)["points"]
    three = document("frontier", small, "--against", third)["points"]
    sums = {(round(p["officers_freed"], 4), round(p["extra_min_per_alert"], 6)) for p in three}
    assert {
        (round(p["officers_freed"], 4), round(p["extra_min_per_alert"], 6)) for p in two
    } <= sums


def test_a_published_plan_of_other_data_is_not_placed(small: Path) -> None:
    text = said("frontier", small, "-s", "more_alerts")
    assert "not placed" in text
    assert "Published counts" not in text


def test_no_bundling_is_exit_code_1(small: Path) -> None:
    for words in (["frontier", "--keep-counts"], ["alternatives", "--years", 0]):
        done = command(words[0], small, "-s", "impossible", *words[1:], "--lang", "en")
        assert done.exit_code == 1, done.output
        assert "jingli run" in done.output


def test_refusals(small: Path, tmp_path: Path) -> None:
    assert "--out" in refused("frontier", small, "--map", 1)
    out = tmp_path / "out"
    assert "1 to" in refused("frontier", small, "--map", 999, "--out", out)
    assert not out.exists()
    assert "output folder" in refused("frontier", small, "--plan", "no_such_run")
    broken = tmp_path / "plan.json"
    broken.write_text("{}", encoding="utf-8")
    assert "plan.json" in refused("frontier", small, "--plan", broken)
    assert "--within 3" in refused("alternatives", small, "--within", "much")
    assert "--within 3" in refused("alternatives", small, "--within", "-1%")


def test_alternatives_say_whether_the_best_is_alone_and_what_differs(small: Path) -> None:
    text = said("alternatives", small, "--years", 0)
    assert "the only best one, proven" in text
    assert "the best plan" in text
    assert "Drawn years are" not in text
    found: dict[str, Any] = document("alternatives", small, "--years", 0, "--best", 3)
    assert found["unique"] is True
    above = [p["above_officers"] for p in found["best"]["plans"]]
    assert above[0] == 0.0
    assert above == sorted(above)
    assert len(above) == 3
    assert found["year_drawn_by"] is None


def test_the_table_of_bundles_counts_plans_and_years(listed: Path) -> None:
    near = rows(listed / "near.csv")
    assert len(near) > 3
    for bundle in rows(listed / "bundles.csv"):
        # A table of plans names the centre first, so sets are held against sets.
        inside = set(bundle["bundle"].split(" + "))
        having = sum(
            inside in [set(b.split(" + ")) for b in plan["bundles"].split("; ")] for plan in near
        )
        assert float(bundle["share_of_near_optimal_plans"]) == pytest.approx(
            having / len(near), abs=1e-4
        )
        assert float(bundle["share_of_drawn_years"]) * 4 == pytest.approx(
            round(float(bundle["share_of_drawn_years"]) * 4)
        )
    names = {p.name for p in listed.iterdir()}
    assert {"best.csv", "diverse.csv", "bundles.png", "bundles.svg", "plan-best-01.csv"} <= names
    kept = json.loads((listed / "alternatives.json").read_text(encoding="utf-8"))
    assert (kept["years"], kept["year_drawn_by"]) == (4, "poisson (modelled)")


def test_the_same_seed_draws_the_same_years(small: Path) -> None:
    words = ("alternatives", small, "--years", 3, "--best", 2, "--diverse", 1)
    first, again = document(*words, "--seed", 7), document(*words, "--seed", 7)
    assert first == again


def test_any_number_of_workers_writes_the_same_bytes(small: Path, tmp_path: Path) -> None:
    words = ("alternatives", small, "--years", 3, "--best", 2, "--diverse", 2, "--out")
    said(*words, tmp_path / "one")
    said(*words, tmp_path / "two", "--workers", 2)
    one, two = ({p.name: p.read_bytes() for p in (tmp_path / n).iterdir()} for n in ("one", "two"))
    assert {name for name in one | two if one.get(name) != two.get(name)} <= {"manifest.json"}
    assert {"bundles-map.png", "bundles-map.svg"} <= set(one)


def test_chinese_is_spoken(small: Path) -> None:
    for words in (["frontier"], ["alternatives", "--years", 2]):
        done = command(words[0], small, *words[1:], "--lang", "zh")
        assert done.exit_code == 0
        assert "已证明" in done.output
        assert "proven" not in done.output
