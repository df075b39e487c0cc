"""`jingli siting`: a case or a kept run, on the console, as JSON and as files."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import numpy as np
import pyogrio
import pytest
from rich.cells import cell_len

from optimizer.evaluation import evaluate
from optimizer.result import Status
from optimizer.siting import Siting
from scenarios import siting
from scenarios.opened import open_asked
from scenarios.siting import Asked, study_siting
from tests.command_line import command, document, refused, said
from tests.small_case import Row, write_case, write_csv


def two_centres(spec: Row) -> None:
    spec["policy"]["response"] = {"rural_min": 60}
    spec["policy"]["bundling"] = {"max_office_travel_min": 60, "max_bundle_size": 2, "centres": 2}
    spec["alert_rhythm"] = {
        "periods": [{"name": "00-12", "hours": 12}, {"name": "12-24", "hours": 12}],
        "share_fraction": {"criminal": [1.0, 0.0], "help": [0.0, 1.0]},
    }


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_case(tmp_path_factory.mktemp("small") / "case", case=two_centres)


@pytest.fixture(autouse=True)
def _own_store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JINGLI_STORE", str(tmp_path / "runs.sqlite"))


@pytest.fixture(scope="module")
def kept(small: Path) -> tuple[object, ...]:
    """How a kept run of the case is named."""
    store = small.parent / "kept.sqlite"
    return (document("run", small, "--store", store)["run_id"], "--store", store)


def opened(small: Path) -> Any:
    def no_store() -> Any:
        raise AssertionError("a case needs no store")

    return open_asked(str(small), None, (), no_store, today_only=True)


def test_without_new_sites_it_is_what_the_evaluation_says(
    small: Path, kept: tuple[object, ...]
) -> None:
    today = document("show", *kept)["today"]
    before = document("siting", small, "--standby", 1)["before"]
    assert before["mean_min"] == pytest.approx(today["mean_response_min"])
    assert before["within_fraction"] == pytest.approx(today["share_within_fraction"])
    assert before["worst_township_mean_min"] == pytest.approx(today["worst_township_response_min"])


def test_a_run_is_answered_by_its_centres(kept: tuple[object, ...]) -> None:
    plan = document("show", *kept)["plan"]
    found = document("siting", *kept, "--standby", 1)
    assert found["before"]["mean_min"] == pytest.approx(plan["mean_response_min"])
    # The offices of the plan may be standby points too.
    assert found["candidates"] == 24 + plan["police_offices"]


def test_each_number_is_at_least_as_good_and_proven(small: Path) -> None:
    found = document("siting", small, "--standby", 4)
    means = [step["mean_min"] for step in (found["before"], *found["best"])]
    assert means == sorted(means, reverse=True)
    assert means[-1] < means[0]
    assert {step["status"] for step in found["best"]} == {"OPTIMAL"}
    assert [len(step["sites"]) for step in found["best"]] == [1, 2, 3, 4]


def test_gain_of_one_site_recomputed(small: Path) -> None:
    """The site named, its minutes taken from the study, gives the mean that is reported."""
    study = study_siting(opened(small), Asked(kind="standby", sites=1))
    (best,) = study.found
    county = study.county
    evaluation = evaluate(county, study.opened.loaded.policy, study.plan)
    assert study.before.mean_min == pytest.approx(evaluation.mean_response_min)
    means = [
        float(np.average(np.minimum(study.task.today_min, row), weights=study.task.weight))
        for row in study.task.minutes
    ]
    assert best.mean_min == pytest.approx(min(means))
    assert means[best.sites[0]] == pytest.approx(min(means))


def test_hours_weigh_their_own_alerts(small: Path) -> None:
    """Before noon only criminal alerts fall: 4 x 40 + 20 x 6 = 280 a year."""
    found = document("siting", small, "--standby", 1, "--hours", "00-12")
    assert found["weight"] == pytest.approx(280.0)
    night = document("siting", small, "--standby", 1, "--night")
    # Half of 22-24 of the second half's alerts over 12 hours, and half of the first.
    assert night["hours"] == "22-06"
    assert night["weight"] == pytest.approx(280.0 / 2 + 2800.0 / 6)


def test_police_offices_are_for_residents(small: Path) -> None:
    found = document("siting", small, "--police-offices", 2, "--objective", "farthest")
    assert found["weighed_by"] == "residents"
    assert found["weight"] == 4 * 4000 + 20 * 1500
    farthest = [step["farthest_min"] for step in (found["before"], *found["best"])]
    assert farthest == sorted(farthest, reverse=True)


def test_within_is_the_standard(small: Path) -> None:
    strict = document("siting", small, "--standby", 1, "--objective", "covered", "--within", 4)
    loose = document("siting", small, "--standby", 1, "--objective", "covered", "--within", 40)
    assert strict["before"]["within_fraction"] < 1.0 == loose["before"]["within_fraction"]
    assert strict["best"][0]["more_within"] > 0
    assert strict["best"][0]["bound"] == strict["best"][0]["value"]


def table_of(folder: Path, rows: list[Row]) -> Path:
    path = folder / "places.csv"
    write_csv(path, rows)
    return path


PLACES: list[Row] = [
    {"site_id": "p1", "name": "东场", "lon": 107.5, "lat": 30.22, "max_officers": 3},
    {"site_id": "p2", "name": "中场", "lon": 107.4, "lat": 30.22, "max_officers": 12},
]


def test_candidates_of_a_table_with_room(small: Path, tmp_path: Path) -> None:
    table = table_of(tmp_path, PLACES)
    args = ("siting", small, "--standby", 1, "--candidates", table)
    assert document(*args)["candidates"] == 2
    roomy = document(*args, "--officers", 6)
    assert (roomy["candidates"], roomy["candidates_without_room"]) == (1, 1)
    assert {s["site_id"] for step in roomy["best"] for s in step["sites"]} <= {"p2"}
    assert "12" in refused(*args, "--officers", 13)


def test_a_site_decided_on_counts_as_there(small: Path) -> None:
    first = document("siting", small, "--standby", 1)["best"][0]
    name = first["sites"][0]["site_id"]
    after = document("siting", small, "--standby", 1, "--decided", name)
    assert after["before"]["mean_min"] == pytest.approx(first["mean_min"])
    assert after["decided"][0]["site_id"] == name
    assert name not in {s["site_id"] for s in after["best"][0]["sites"]}


@pytest.mark.parametrize(
    ("options", "text"),
    [
        ((), "--standby N and --police-offices N"),
        (("--standby", 1, "--police-offices", 1), "--standby N and --police-offices N"),
        (("--standby", 30), "candidates not yet decided on, 24"),
        (("--standby", 1, "--decided", "nowhere"), "--decided = nowhere"),
        (("--police-offices", 1, "--night"), "whose alerts have hours"),
        (("--standby", 1, "--hours", "9"), "FROM-TO"),
    ],
)
def test_what_cannot_be_is_refused(small: Path, options: tuple[object, ...], text: str) -> None:
    assert text in refused("siting", small, *options)


def test_a_case_without_a_rhythm_has_no_night(tmp_path: Path) -> None:
    case = write_case(tmp_path / "case")
    assert "no rhythm" in refused("siting", case, "--standby", 1, "--night")


def test_candidates_that_reach_nobody_are_refused(
    small: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(siting, "site_minutes", lambda *_: np.full((24, 24), np.inf))
    assert "none reaches any" in refused("siting", small, "--standby", 1)


def test_too_many_pairs_ask_for_a_table(small: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(siting, "MOST_PAIRS", 100)
    text = refused("siting", small, "--standby", 1)
    assert "at most 4 candidates for 24 cells" in text


def test_a_limit_that_cuts_the_search_shows_in_the_words(
    small: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A site that is not proven best says how far from it it may be."""
    cut = Siting(
        status=Status.FEASIBLE, sites=(0,), mean_min=5.0, farthest_min=9.0, covered_fraction=0.5,
        value=5.0, bound=4.0,
    )  # fmt: skip
    monkeypatch.setattr(siting, "best_sites", lambda *_: iter([cut]))
    text = said("siting", small, "--standby", 1)
    assert "20.0%" in text
    assert "proven" not in text
    assert document("siting", small, "--standby", 1)["best"][0]["status"] == "FEASIBLE"


def test_a_wrong_datum_is_refused(small: Path, tmp_path: Path) -> None:
    table = table_of(tmp_path, PLACES)
    assert "nonsense" in refused(
        "siting", small, "--standby", 1, "--candidates", table, "--crs", "nonsense"
    )


def test_an_empty_table_is_refused(small: Path, tmp_path: Path) -> None:
    path = tmp_path / "places.csv"
    path.write_text("site_id,name,lon,lat\n", encoding="utf-8")
    assert "row" in refused("siting", small, "--standby", 1, "--candidates", path)


def test_the_console_keeps_its_width(small: Path) -> None:
    for lang in ("en", "zh"):
        done = command("siting", small, "--standby", 3, "--lang", lang)
        assert done.exit_code == 0
        assert max(map(cell_len, done.output.splitlines())) <= 80
    text = said("siting", small, "--standby", 2)
    assert "proven" in text
    assert "Modelled: roads" in text


def test_files(small: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    said("siting", small, "--standby", 2, "--out", out)
    names = {path.name for path in out.iterdir()}
    assert names == {
        "siting.json", "siting.csv", "sites.csv", "siting.xlsx", "siting.gpkg", "siting.png",
        "manifest.json",
    }  # fmt: skip
    kept = json.loads((out / "siting.json").read_text(encoding="utf-8"))
    with (out / "sites.csv").open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.reader(file))[1:]
    assert [row[1] for row in rows] == [
        s["site_id"] for step in kept["best"] for s in step["sites"]
    ]
    assert pyogrio.read_info(out / "siting.gpkg", layer="new_sites")["features"] == 3


def test_a_site_takes_over_only_so_much(small: Path) -> None:
    """A cell of the first station has 440 alerts a year, others 66: at most one of the latter."""
    free = document("siting", small, "--standby", 2)
    held = document("siting", small, "--standby", 2, "--limit", 100)
    assert held["limit"] == 100
    for n, (loose, tight) in enumerate(zip(free["best"], held["best"], strict=True), 1):
        assert tight["status"] == "OPTIMAL"
        assert len(tight["sites"]) == n
        assert tight["mean_min"] >= loose["mean_min"] - 1e-9
        assert all(0 < site["takes_over"] <= 100 for site in tight["sites"])
    assert max(site["takes_over"] for site in free["best"][0]["sites"]) > 100
    text = said("siting", small, "--standby", "1", "--limit", "100")
    assert "a site takes at most 100 alerts a year" in text
    (one,) = held["best"][0]["sites"]
    assert f"({one['takes_over']:,.0f})" in text


def test_a_table_of_candidates_has_limits_of_its_own(small: Path, tmp_path: Path) -> None:
    there = {"lon": 107.31, "lat": 30.21}
    write_csv(tmp_path / "c.csv", [
        {"site_id": "a", **there, "takes_at_most": "430"},
        {"site_id": "b", **there, "takes_at_most": ""},
    ])  # fmt: skip
    asked = ("siting", small, "--candidates", tmp_path / "c.csv", "--standby", 1)
    (best,) = document(*asked)["best"]
    assert [s["site_id"] for s in best["sites"]] == ["b"]
    # A cell is taken over whole or not at all: 440 alerts are too many for `a`, also decided on.
    assert best["sites"][0]["takes_over"] >= 440
    later = document(*asked, "--decided", "a")
    assert later["before"]["mean_min"] == document(*asked)["before"]["mean_min"]
    assert [s["site_id"] for s in later["best"][0]["sites"]] == ["b"]
