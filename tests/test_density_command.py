"""`jingli density` and `jingli hotspots`: tables, files, refusals; a case with rates only."""

from __future__ import annotations

import csv
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pyogrio
import pytest
from rich.cells import cell_len

from geo.webmap_overlays import read_overlay
from scenarios.alert_places import AlertsMeant, alerts_meant
from scenarios.case import open_case
from scenarios.density import study_density
from scenarios.load import LoadedCase
from scenarios.prepared import Prepared
from tests.alert_case import log_rows, write_alert_case
from tests.command_line import command, document, refused, said
from tests.small_case import SOUTH, STEP, WEST, write_case


def planted_rows() -> list[dict[str, Any]]:
    """The log, and 120 thefts of the last two months within 150 m of a place of station 05."""
    rng = np.random.default_rng(9)
    rows = log_rows()
    for _ in range(120):
        east, north = rng.normal(0, 0.0015, 2)
        day = rng.integers(1, 60)
        at = np.datetime64("2026-01-31T20:00:00") + np.timedelta64(
            int(day * 1440 + rng.integers(300)), "m"
        )
        rows.append(
            {
                "occurred_at": str(at).replace("T", " ")[:19],
                "category": "criminal",
                "lon": round(WEST + STEP * 9 + 0.003 + east, 6),
                "lat": round(SOUTH + STEP + 0.004 + north, 6),
                "priority": 2,
            }
        )
    return rows


@pytest.fixture(scope="module")
def case(tmp_path_factory: pytest.TempPathFactory) -> Path:
    rules = {
        "hot_spots": {"grid_m": 500, "near_repeat": {"permutations": 99}},
        "density": {"grid_m": 250},
    }
    return write_alert_case(tmp_path_factory.mktemp("alerts") / "case", planted_rows(), **rules)


@pytest.fixture(scope="module")
def loaded(case: Path) -> LoadedCase:
    opened = open_case(str(case))
    return Prepared(opened).load(opened.scenario(None))


@pytest.fixture(scope="module")
def hot(case: Path) -> Any:
    return document("hotspots", case, "--category", "criminal", "--emerging", "--near-repeat")


def test_density_by_residents_and_by_ground(case: Path) -> None:
    by_people = document("density", case)
    by_ground = document("density", case, "--per", "km2")
    assert by_people["from_log"] is True
    assert by_people["alerts"] == sum(t["alerts"] for t in by_people["townships"])
    # 16,000 residents of 甲镇; four cells of 2.1 x 2.2 km at 30 degrees north.
    top = by_people["townships"][0]
    assert top["name"] == "甲镇"
    assert top["raw_per_year"] == pytest.approx(top["alerts"] / 16 / by_people["years"])
    ground = next(t for t in by_ground["townships"] if t["name"] == "甲镇")
    assert ground["exposure"] == pytest.approx(4 * 1.925 * 2.217, rel=0.01)
    assert by_people["surface"]["alerts"] == by_people["alerts"]
    shares = [band["area_km2"] for band in by_people["densest_ground"]]
    assert shares == sorted(shares)


def test_rates_on_next_to_no_alerts_are_marked(case: Path) -> None:
    asked = ("density", case, "--category", "criminal", "--hours", "03-05")
    found = document(*asked)
    counts = {c["name"]: c["alerts"] for c in found["cells"]}
    few = {c["name"] for c in found["cells"] if c["rests_on_few_alerts"]}
    assert few == {name for name, n in counts.items() if 0 < n < 5} != set()
    assert "* rests on fewer than 5 alerts" in said(*asked)
    assert "* rests on" not in said("density", case, "--category", "criminal")


def test_hours_and_days_are_parts_of_the_log(loaded: LoadedCase) -> None:
    def part(hours: str | None = None, weekday: str | None = None) -> AlertsMeant:
        return alerts_meant(loaded, None, (), hours, weekday, None)

    whole = part().counts.sum()
    assert part("20-08").counts.sum() + part("08-20").counts.sum() == whole
    weekdays, weekend = part(weekday="1-5"), part(weekday="6,7")
    assert weekdays.counts.sum() + weekend.counts.sum() == whole
    assert weekdays.years == pytest.approx(weekend.years, rel=0.01)


def test_rates_towards_neighbours(loaded: LoadedCase) -> None:
    rules = loaded.case.spec.alert_rules
    near = rules.density.model_copy(update={"towards": "neighbours"})
    spec = loaded.case.spec.model_copy(
        update={"alert_rules": rules.model_copy(update={"density": near})}
    )
    meant = alerts_meant(loaded, None, (), None, None, None)
    county = study_density(meant, "km2").cells.rates
    other = replace(meant, loaded=replace(loaded, case=replace(loaded.case, spec=spec)))
    local = study_density(other, "km2").cells.rates
    assert len(set(county.common.tolist())) == 1
    assert local.common[0] > 2 * local.common[-1]  # round the town and far from it


def test_what_a_planner_reads(case: Path) -> None:
    zh = command("density", case, "--category", "dispute", "--hours", "20-02", "--lang", "zh")
    assert "dispute · 20时至02时" in zh.output
    assert "收缩后" in zh.output


def test_a_month_without_alerts_is_noted(tmp_path: Path) -> None:
    rows = [r for r in log_rows() if not str(r["occurred_at"]).startswith("2025-11")]
    gap = write_alert_case(tmp_path / "gap", rows)
    for name in ("density", "hotspots"):
        assert "Note: " in (text := said(name, gap))
        assert "2025-11" in text


@pytest.mark.parametrize("lang", ["en", "zh"])
@pytest.mark.parametrize("name", ["density", "hotspots"])
def test_no_line_is_wider_than_the_console(case: Path, name: str, lang: str) -> None:
    output = command(name, case, "--lang", lang).output
    assert max(cell_len(line) for line in output.splitlines()) <= 80


def test_density_files(case: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    said("density", case, "--out", out)
    assert {p.name for p in out.iterdir()} == {
        "density.json", "density.png", "rates.png", "density.xlsx", "density.gpkg", "cells.csv",
        "townships.csv", "densest_ground.csv", "manifest.json",
    }  # fmt: skip
    with (out / "cells.csv").open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    told = json.loads((out / "density.json").read_text(encoding="utf-8"))
    assert sum(float(r["Alerts"]) for r in rows) == told["alerts"]
    frame = pyogrio.read_dataframe(out / "density.gpkg", layer="cell_rates")
    assert len(frame) == 24
    assert (frame["low_per_year"] < frame["rate_per_year"]).all()
    assert len(read_overlay(out / "density.gpkg")) == 2


def test_the_planted_hot_spot(hot: Any) -> None:
    top = next(s for s in hot["hot_spots"] if s["township"] == "戊镇")
    assert top["alerts"] >= 115
    assert top["times"] > 5
    assert top["q"] <= 0.05
    assert all(key.startswith("g500:") for key in top["keys"])
    assert hot["places_hot"] == sum(len(s["keys"]) for s in hot["hot_spots"])


def test_it_is_consecutive_through_time(hot: Any) -> None:
    """Two whole months of thefts, none before."""
    of_place = [p for p in hot["through_time"]["places"] if p["township"] == "戊镇"]
    assert of_place[0]["class"] == "consecutive"
    assert of_place[0]["last_alerts"] > 40
    assert len(hot["through_time"]["starts"]) == 27


def test_near_repeats_of_the_planted_place(hot: Any) -> None:
    near = hot["near_repeats"]
    assert near["distances_m"][1:] == [100.0, 200.0, 400.0]
    assert near["p"][1][0] == 0.01
    assert near["ratio"][1][0] > 2


def test_hot_spot_files(case: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    shown = said("hotspots", case, "--category", "criminal", "--emerging", "--near-repeat",
                 "--out", out)  # fmt: skip
    assert "戊镇" in shown
    assert {p.name for p in out.iterdir()} == {
        "hot_spots.json", "hot_spots.png", "through_time.png", "hot_spots.xlsx", "hot_spots.gpkg",
        "hot_spots.csv", "places.csv", "through_time.csv", "near_repeats.csv", "manifest.json",
        "key_areas.csv",
    }  # fmt: skip
    frame = pyogrio.read_dataframe(out / "hot_spots.gpkg", layer="hot_spots")
    told = json.loads((out / "hot_spots.json").read_text(encoding="utf-8"))
    assert frame["rank"].tolist() == [s["rank"] for s in told["hot_spots"]]
    metric = frame.to_crs("EPSG:32648").area.sum() / 1e6
    assert metric == pytest.approx(sum(s["area_km2"] for s in told["hot_spots"]), rel=0.02)
    labels = [label for _shape, label in read_overlay(out / "hot_spots.gpkg")[0].features]
    assert any("戊镇" in label for label in labels)
    with (out / "places.csv").open(encoding="utf-8-sig", newline="") as file:
        places = {r["Key"]: int(float(r["Alerts"])) for r in csv.DictReader(file)}
    assert {key.removesuffix("/category=criminal") for key in places} == {
        key for s in told["hot_spots"] for key in s["keys"]
    }
    for name, only in (("hot_spots", True), ("through_time", False)):
        with (out / f"{name}.csv").open(encoding="utf-8-sig", newline="") as file:
            first = [r["First key"] for r in csv.DictReader(file)]
        assert first
        assert all(key.endswith("/category=criminal") for key in first)
        assert set(first) <= places.keys() or not only
    # Every place leads back to its rows.
    key, alerts = max(places.items(), key=lambda place: place[1])
    assert len(document("alerts", case, "--trace", key)["rows"]) == alerts


def test_cells_by_residents(case: Path) -> None:
    told = document("hotspots", case, "--per", "1000-residents", "--category", "criminal")
    assert told["places"] == "cells"
    assert told["places_tested"] == 24
    assert told["through_time"] is None


def test_a_case_with_rates_only(tmp_path: Path) -> None:
    rates = write_case(tmp_path / "rates")
    told = document("density", rates, "--category", "help")
    assert told["from_log"] is False
    assert told["surface"] is None
    assert told["alerts"] == pytest.approx(4 * 400 + 20 * 60)
    assert document("hotspots", rates)["places"] == "cells"
    assert "this case has yearly rates only" in refused("density", rates, "--hours", "20-02")
    assert "alerts with a time and a point" in refused("hotspots", rates, "--emerging")


def test_refusals(case: Path, tmp_path: Path) -> None:
    message = refused("density", case, "--category", "thefts", "--hours", "8", "--month", "13")
    for option in ("--category", "--hours", "--month"):
        assert option in message
    assert "--cells" in refused("hotspots", case, "--emerging", "--cells")
    wide = write_alert_case(
        tmp_path / "wide", log_rows()[-800:], hot_spots={"near_repeat": {"most_pairs": 5}}
    )
    assert "5 pairs" in refused("hotspots", wide, "--near-repeat")
    short = write_alert_case(
        tmp_path / "short", log_rows()[-800:], hot_spots={"emerging": {"step": "quarter"}}
    )
    assert "at least 6 whole steps" in refused("hotspots", short, "--emerging")
    fine = write_alert_case(tmp_path / "fine", log_rows()[-800:], density={"grid_m": 1})
    assert "alert_rules.density.grid_m" in refused("density", fine)
    backwards = write_alert_case(
        tmp_path / "backwards", hot_spots={"near_repeat": {"days": [14, 7]}}
    )
    assert "days that ascend" in refused("hotspots", backwards)
