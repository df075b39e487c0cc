"""Steering by hand: the command line, YAML and names give one and the same run."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.command_line import command, document, refused, said
from tests.small_case import write_case

pytestmark = pytest.mark.usefixtures("no_pictures")


def set_policy(**bundling: Any) -> Any:
    def change(case: dict[str, Any]) -> None:
        case["policy"]["response"] = {"rural_min": 60}
        case["policy"]["traffic"] = {"dissolve_squads": False}
        case["policy"]["bundling"] = {"max_office_travel_min": 60, **bundling}

    return change


@pytest.fixture(scope="module")
def case(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_case(tmp_path_factory.mktemp("steered") / "case", case=set_policy())


def run(case: Path, *words: str, exit_code: int = 0) -> Any:
    return document("run", case, "--no-store", *words, exit_code=exit_code)


def bundles(found: Any) -> set[tuple[str, tuple[str, ...]]]:
    return {(b["centre_id"], tuple(b["station_ids"])) for b in found["plan"]["bundles"]}


def test_the_command_line_and_yaml_are_one_run(case: Path, tmp_path: Path) -> None:
    """By name, by short name and by id, in any order: the same policy, so the same kept run."""
    asked = run(case, "--together", "丙,02", "--keep", "己派出所", "--keep", "04", "--host", "乙")
    written = write_case(
        tmp_path / "written",
        case=set_policy(
            locks={"together": [["02", "丙派出所"]], "keep": ["04", "06"], "host": ["02"]}
        ),
    )
    same = run(written)
    assert asked["plan"]["policy_digest"] == same["plan"]["policy_digest"]
    assert asked["plan"]["plan_digest"] == same["plan"]["plan_digest"]
    together = {s for _, stations in bundles(asked) for s in [stations] if "02" in stations}
    assert all("03" in s for s in together)
    assert {("04", ("04",)), ("06", ("06",))} <= bundles(asked)
    assert asked["steered"] == same["steered"]


def test_options_add_to_the_locks_of_the_scenario(tmp_path: Path) -> None:
    folder = write_case(tmp_path / "case", case=set_policy(locks={"keep": ["02"]}))
    found = run(folder, "--keep", "丁，06")
    assert {("02", ("02",)), ("04", ("04",)), ("06", ("06",))} <= bundles(found)
    again = run(folder, "--keep", "02")  # said twice is no contradiction
    assert again["plan"]["policy_digest"] == run(folder)["plan"]["policy_digest"]


def test_unknown_and_ambiguous_names_are_all_listed(tmp_path: Path) -> None:
    def twins(rows: list[dict[str, Any]]) -> None:
        rows[4]["name"] = rows[3]["name"]

    folder = write_case(tmp_path / "case", stations=twins, case=set_policy())
    text = refused("run", folder, "--no-store", "--keep", "丁派出所", "--host", "丙派处所",
                   "--together", "02,99")  # fmt: skip
    assert "3 problem(s)" in text
    assert "--keep policy.bundling.locks.keep = 丁派出所" in text
    assert "04, 05 have this name" in text
    assert "--host" in text
    assert "did you mean 丙派出所" in text
    assert "--together policy.bundling.locks.together = 99" in text


def test_unknown_names_do_not_hide_what_is_wrong_with_the_known_ones(case: Path) -> None:
    text = refused("run", case, "--no-store", "--together", "甲,九九", "--apart", "甲",
                   "--together", "乙,丙,八八", "--keep", "丙")  # fmt: skip
    assert "4 problem(s)" in text
    assert "--together policy.bundling.locks.together = 九九" in text
    assert "--together policy.bundling.locks.together = 八八" in text
    assert "--apart policy.bundling.locks.apart = 甲派出所: expected at least two" in text
    assert "--keep policy.bundling.locks.keep = 丙派出所" in text


def test_half_a_fixed_bundle_is_not_judged(tmp_path: Path) -> None:
    """The unknown centre alone is told, not that the freed station belongs to no fixed bundle."""
    locks = {"fix": {"九九": ["02"]}, "free": ["02"], "apart": [["03"]]}
    folder = write_case(tmp_path / "case", case=set_policy(locks=locks))
    text = refused("run", folder, "--no-store")
    assert "2 problem(s)" in text
    assert "九九" in text
    assert "at least two" in text


def test_contradictions_are_all_listed(case: Path) -> None:
    text = refused("run", case, "--no-store", "--together", "02,03", "--apart", "乙,丙",
                   "--keep", "02", "--barrier", "02", "--fix", "today")  # fmt: skip
    assert "--barrier = 02: expected two stations" in text
    text = refused("run", case, "--no-store", "--together", "02,03", "--apart", "乙,丙",
                   "--keep", "02", "--barrier", "02,05", "--fix", "today")  # fmt: skip
    for part in ("--apart", "--keep", "no neighbours", "agrees with"):
        assert part in text


def test_fix_a_plan_then_free_some(case: Path, tmp_path: Path) -> None:
    free = run(case)
    table = tmp_path / "plan.csv"
    table.write_text(
        "派出所,中心派出所\n甲,甲\n乙,丙\n丙,丙\n丁,丁\n戊,戊\n己,己\n", encoding="utf-8"
    )
    fixed = run(case, "--fix", str(table))
    assert bundles(fixed) == {
        ("01", ("01",)), ("03", ("02", "03")), ("04", ("04",)), ("05", ("05",)), ("06", ("06",)),
    }  # fmt: skip
    some = run(case, "--fix", str(table), "--free", "丁,戊,己")
    assert ("03", ("02", "03")) in bundles(some)
    assert any(set(s) >= {"05"} and len(s) > 1 for _, s in bundles(some))
    assert some["plan"]["objective"] < fixed["plan"]["objective"]
    assert free["plan"]["objective"] <= some["plan"]["objective"]
    # Of a run's folder, the same.
    said("run", case, "--no-store", "--fix", str(table), "--out", tmp_path / "out")
    again = run(case, "--fix", str(tmp_path / "out"))
    assert again["plan"]["policy_digest"] == fixed["plan"]["policy_digest"]


def test_few_changes_from_a_plan(case: Path, tmp_path: Path) -> None:
    store = tmp_path / "runs.sqlite"
    first = document("run", case, "--store", store)
    assert len(bundles(first)) < 5  # else there is nothing to hold back
    one = document("run", case, "--store", store, "--max-changes", "1")
    assert one["plan"]["stations_changed"] == 1
    stay = document("run", case, "--store", store, "--from", first["run_id"], "--max-changes", "0")
    assert bundles(stay) == bundles(first)
    dear = document("run", case, "--store", store, "--change-price", "1000")
    assert dear["plan"]["stations_changed"] == 0
    assert dear["plan"]["change_price"] == 0.0
    text = said("show", stay["run_id"], "--store", store)
    assert "at most 0 stations with another centre than in the plan to start from" in text


def test_a_steered_run_is_found_shown_written_and_opened_again(case: Path, tmp_path: Path) -> None:
    store = tmp_path / "runs.sqlite"
    words = ("--keep", "丁", "--together", "乙,丙", "--store", store)
    found = document("run", case, *words)
    assert document("run", case, *words)["found_in_store"]
    assert document("run", case, "--store", store, "--together", "03,02", "--keep", "04")[
        "run_id"
    ] == found["run_id"]  # fmt: skip
    line = "乙派出所+丙派出所 together; 丁派出所 alone"
    assert line in said("show", found["run_id"], "--store", store)
    zh = command("run", case, *words, "--lang", "zh").output
    assert "手工" in zh
    said("run", case, "--no-store", *words[:4], "--out", tmp_path / "out")
    manifest = json.loads((tmp_path / "out" / "manifest.json").read_text(encoding="utf-8"))
    assert [s["kind"] for s in manifest["steered"]] == ["together", "keep"]
    shown = document("show", tmp_path / "out")
    assert shown["steered"] == manifest["steered"]
    done = command("map", found["run_id"], "--store", store, "--out", tmp_path / "map")
    assert done.exit_code == 0, done.output


def test_a_plan_of_another_county_is_refused(case: Path, tmp_path: Path) -> None:
    said("run", case, "--no-store", "--out", tmp_path / "out")
    path = tmp_path / "out" / "plan.json"
    plan = json.loads(path.read_text(encoding="utf-8"))
    plan["bundles"] = [b for b in plan["bundles"] if b["station_ids"] != ["01"]]
    path.write_text(json.dumps(plan), encoding="utf-8")
    assert "each station of this county once" in refused("run", case, "--no-store", "--fix", path)
    path.write_text("{}", encoding="utf-8")
    assert "plan.json of a run" in refused("run", case, "--no-store", "--from", path)
    text = refused("run", case, "--store", tmp_path / "none.sqlite", "--fix", "20000101-none")
    assert "20000101-none" in text


def test_a_province_is_not_steered(case: Path, tmp_path: Path) -> None:
    other = write_case(tmp_path / "other", case=set_policy())
    assert "one case" in refused("run", case, other, "--no-store", "--keep", "02")


def test_more_is_added_to_lists_only(case: Path) -> None:
    text = refused("run", case, "--no-store", "--set", "policy.bundling.locks.keep+=02x: 3")
    assert "list after +=" in text


def test_the_label_stays_short() -> None:
    from scenarios.set_values import shown_set

    assert shown_set("policy.bundling.centres=9") == "policy.bundling.centres=9"
    assert shown_set('policy.bundling.locks.keep+=["沙河"]') == "keep=沙河"
    long = [f'policy.bundling.locks.fix={json.dumps({f"S{i}": [] for i in range(n)})}'
            for n in (30, 31)]  # fmt: skip
    shown = [shown_set(text) for text in long]
    assert len(shown[0]) < 60
    assert shown[0] != shown[1]


def test_yaml_without_a_plan_to_start_from(tmp_path: Path) -> None:
    folder = write_case(tmp_path / "case", case=set_policy())
    document_ = yaml.safe_load((folder / "case.yaml").read_text(encoding="utf-8"))
    document_["scenarios"] = {
        "stay": {"description": "d", "policy": {"bundling.changes": {"max_stations": 0}}}
    }
    (folder / "case.yaml").write_text(yaml.safe_dump(document_, allow_unicode=True))
    found = run(folder, "-s", "stay")
    assert len(bundles(found)) == 6
