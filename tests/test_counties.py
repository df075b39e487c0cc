"""A province: each county's plan is the one it has alone, found, kept and stopped one by one."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from optimizer.consolidation import consolidate
from scenarios import counties as counties_module
from scenarios import run as run_module
from scenarios.case import open_case
from scenarios.counties import case_folders, read_counties, solve_counties, totals
from scenarios.run import run_case
from scenarios.store import open_store
from tests.command_line import command, document, refused, said
from tests.small_case import Row, write_case

pytestmark = pytest.mark.usefixtures("no_pictures")


def named(name: str, officers: int = 0, centres: int | None = None) -> dict[str, object]:
    def case(row: Row) -> None:
        row["name"] = name
        if centres is not None:
            row["policy"] = {"bundling": {"centres": centres}}

    def stations(rows: list[Row]) -> None:
        rows[1]["officers"] += officers

    return {"case": case, "stations": stations}


@pytest.fixture(scope="module")
def province(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three counties; the third has no plan."""
    folder = tmp_path_factory.mktemp("province")
    write_case(folder / "jia", **named("甲县"))  # type: ignore[arg-type]
    write_case(folder / "yi", **named("乙县", officers=3))  # type: ignore[arg-type]
    write_case(folder / "bing", **named("丙县", centres=5))  # type: ignore[arg-type]
    return folder


def test_a_folder_of_cases_is_all_of_them_once(province: Path) -> None:
    inside = [str(province / n) for n in ("bing", "jia", "yi")]
    assert case_folders([str(province)]) == tuple(inside)
    assert case_folders([inside[1], str(province), "dianjiang"]) == (
        inside[1], inside[0], inside[2], "dianjiang",
    )  # fmt: skip
    assert case_folders([inside[0]]) == (inside[0],)


def test_a_county_written_in_several_ways_is_one_county(
    province: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(province)
    assert case_folders(["jia", "jia/", "./jia", "jia/case.yaml", str(province / "jia")]) == (
        "jia",
    )
    assert case_folders(["jia", ".", "no such", "no such"]) == ("jia", "bing", "yi", "no such")
    said("run", "jia/case.yaml", "yi/case.yaml", "--no-store", "--out", tmp_path / "out")
    assert sorted(p.name for p in (tmp_path / "out").iterdir() if p.is_dir()) == ["jia", "yi"]


def test_each_county_has_the_plan_it_has_alone_however_many_workers(province: Path) -> None:
    read = read_counties(case_folders([str(province)]), None, ())
    alone = [run_case(open_case(c.typed), None) for c in read]
    for workers in (1, 2):
        found = dict(solve_counties(read, workers=workers))
        assert sorted(found) == [0, 1, 2]
        for row, run in enumerate(alone):
            plan, expected = found[row].plan, run.result.plan
            assert (plan is None) == (expected is None)
            assert plan is None or expected is None or plan.to_json() == expected.to_json()
            assert found[row].proofs == run.result.proofs


def test_totals_by_hand(province: Path) -> None:
    runs = [run_case(open_case(str(province / n)), None) for n in ("jia", "yi", "bing")]
    plans = [r.plan for r in runs if r.plan is not None]
    assert len(plans) == 2
    found = totals(runs)
    assert found["centres"] == plans[0].centres + plans[1].centres
    assert found["officers_freed"] == pytest.approx(sum(p.officers_freed for p in plans))
    weights = [p.alerts_per_year for p in plans]
    mean = sum(w * p.mean_response_min for w, p in zip(weights, plans, strict=True)) / sum(weights)
    assert found["mean_response_min"] == pytest.approx(mean)
    assert totals([runs[2]])["mean_response_min"] == 0
    lost = [t for p in plans for t in p.townships if t.residents_losing_standard > 0]
    slower = [
        t for r in runs if r.plan is not None
        for b, t in zip(r.today.townships, r.plan.townships, strict=True)
        if t.mean_response_min >= b.mean_response_min + 0.05
    ]  # fmt: skip
    assert slower
    assert found["townships_losing"] == len({id(t) for t in [*lost, *slower]})
    assert found["residents_losing_standard"] == sum(t.residents_losing_standard for t in lost)


def test_one_table_exit_code_and_folders(province: Path, tmp_path: Path, own_store: Path) -> None:
    out = tmp_path / "out"
    done = command("run", province, "--lang", "en", "--out", out)
    assert done.exit_code == 1, "a county without a plan"
    text = " ".join(done.output.split())
    for name in ("甲县", "乙县", "丙县", "All planned", "INFEASIBLE", "these rules clash"):
        assert name in text
    for county in ("甲县", "乙县"):
        assert re.search(rf"{county}: \S+ loses most, [\d.]+ → [\d.]+ min; \d+ residents", text)
    assert max(len(line) for line in done.output.splitlines()) <= 80
    assert sorted(p.name for p in out.iterdir() if p.is_dir()) == ["jia", "yi"]
    assert (out / "jia" / "plan.json").exists()
    with open_store(own_store) as store:
        assert {r.case_name for r in store.list()} == {"甲县", "乙县", "丙县"}


def test_what_is_kept_is_not_solved_again(province: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cases = (province / "jia", province / "yi")
    first = document("run", *cases)
    assert [d["found_in_store"] for d in first["counties"]] == [False, False]
    assert first["province"]["centres"] == sum(d["plan"]["centres"] for d in first["counties"])

    def solved(*_: object, **_more: object) -> None:
        raise AssertionError("solved")

    monkeypatch.setattr(counties_module, "consolidate", solved)
    monkeypatch.setattr(run_module, "consolidate", solved)
    second = document("run", *cases)
    assert [d["run_id"] for d in second["counties"]] == [d["run_id"] for d in first["counties"]]
    assert all(d["found_in_store"] for d in second["counties"])


def test_ctrl_c_keeps_finished_counties(
    province: Path, own_store: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    solve = consolidate
    names: list[int] = []

    def interrupted(*arguments: object) -> object:
        if names:
            raise KeyboardInterrupt
        names.append(1)
        return solve(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(counties_module, "consolidate", interrupted)
    done = command("run", province / "jia", province / "yi", "--lang", "en")
    assert done.exit_code == 130
    assert "1 of 2 counties are kept" in done.stderr
    with open_store(own_store) as store:
        assert [r.case_name for r in store.list()] == ["甲县"]


def test_every_problem_of_every_county_before_anything_is_solved(
    province: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def bad(rows: list[Row]) -> None:
        rows[0]["officers"] = -1

    monkeypatch.setattr(counties_module, "consolidate", lambda *_: pytest.fail("solved"))
    for name in ("a", "b"):
        write_case(tmp_path / name, stations=bad)
    text = refused("run", tmp_path, province / "jia", "--no-store")
    assert text.count("stations.csv") == 2
    for name in ("a", "b"):
        assert f"{tmp_path / name}: stations.csv" in text


def test_options_that_do_not_fit_a_province(province: Path, tmp_path: Path) -> None:
    cases = (province / "jia", province / "yi")
    assert "one scenario" in refused("run", *cases, "-s", "a", "-s", "b")
    write_case(tmp_path / "jia")
    text = refused("run", province / "jia", tmp_path / "jia", "--out", tmp_path / "out")
    assert "folders of different names" in text
    foreseen = json.loads(command("run", *cases, "--dry-run", "--json", "--no-store").stdout)
    assert [d["case"] for d in foreseen] == ["甲县", "乙县"]
    assert "甲县" in said("run", *cases, "--dry-run", "--no-store")
