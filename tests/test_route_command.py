"""`jingli route` and `jingli reach`: ways and nearest stations by hand, for people and programs."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from pathlib import Path
from xml.etree import ElementTree as ET

import numpy as np
import pytest
from click.testing import CliRunner, Result

from scenarios.cli import jingli
from scenarios.route import Place, find_place, way_there
from scenarios.station_reach import township_reach
from tests.small_case import Row, write_case
from tests.test_change_roads import GAP_X, MAIN, features

Run = Callable[..., Result]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    def with_roads(document: Row) -> None:
        document["layers"]["roads"] = {"path": "roads.geojson", "crs": "WGS84"}
        document["scenarios"] = {
            "cut": {"reason": "r", "roads": {"close": {"大桥": {"near": [GAP_X, MAIN]}}}},
            "apart": {
                "reason": "r",
                "roads": {"close": {"大桥": {"name": "大桥路"}, "北": {"name": "北路"}}},
            },
        }

    made = write_case(tmp_path_factory.mktemp("route") / "case", case=with_roads)
    text = json.dumps({"type": "FeatureCollection", "features": features()}, ensure_ascii=False)
    (made / "roads.geojson").write_text(text, encoding="utf-8")
    return made


@pytest.fixture(scope="module")
def run(folder: Path) -> Run:
    def of(command: str, *words: str | Path, code: int = 0) -> Result:
        line = [command, str(folder), *map(str, words), "--lang", "en"]
        found = CliRunner(env={"COLUMNS": "80"}).invoke(jingli, line)
        assert found.exit_code == code, found.output
        return found

    return of


def test_the_way_is_told_road_by_road_before_and_after(run: Run) -> None:
    found = json.loads(run("route", "丙", "丁", "-s", "cut", "--json").stdout)
    roads = [(r["name"], r["road_class"]) for r in found["today"]["roads"]]
    assert roads == [("大桥路", "provincial")]
    # One minute a kilometre; the seats stand on the road.
    km = found["today"]["road_km"]
    assert found["today"]["travel_time_min"] == pytest.approx(km, abs=2e-3)
    then = [(r["name"], r["road_class"]) for r in found["then"]["roads"]]
    assert then == [
        ("主路", "provincial"), ("", "provincial"), ("北路", "county"), ("", "provincial"),
        ("主路", "provincial"),
    ]  # fmt: skip
    assert sum(r["road_km"] for r in found["then"]["roads"]) == pytest.approx(
        found["then"]["road_km"], abs=1e-3
    )
    assert found["changes_on_the_way_today"] == ["Closed: 大桥"]
    assert found["changes_used"] == []
    assert found["scenario"] == "cut"


def test_minutes_are_those_of_the_plan(folder: Path) -> None:
    from scenarios.commands.two_worlds import load_worlds

    for loaded in filter(None, load_worlds(str(folder), "cut", ())):
        county = loaded.county
        for s, c in ((0, 5), (2, 23), (5, 0)):
            ends = [
                find_place(loaded, text, "FROM", "WGS84")
                for text in (county.stations.name[s], county.cells.cell_id[c])
            ]
            assert isinstance(ends[0], Place)
            assert isinstance(ends[1], Place)
            way = way_there(loaded, ends[0], ends[1])
            assert way.travel_time_min == pytest.approx(county.travel_time_min[s, c], abs=1e-9)
            assert way.road_km == pytest.approx(county.road_km[s, c], abs=1e-9)
            walks = (way.walk_from_km + way.walk_to_km) / loaded.policy.roads.walk_km_per_h * 60
            drive = sum(x.travel_time_min for x in way.stretches)
            assert drive + walks == pytest.approx(way.travel_time_min, abs=1e-3)


def test_people_read_it_at_80_columns(run: Run) -> None:
    found = run("route", "丙", "丁镇", "-s", "cut").stdout
    assert "From 丙派出所 to 丁镇 c4" in found
    assert "Under cut: +" in found
    assert "On the way today the scenario changes: Closed: 大桥" in found
    assert all(len(line) <= 80 for line in found.splitlines())
    same = run("route", "甲", "乙", "-s", "cut").stdout
    assert "The same under cut." in same
    away = run("route", "甲", "己", "-s", "apart").stdout
    assert "no way by road" in away
    assert "it can no longer be reached" in away


def test_the_track_goes_from_place_to_place(run: Run, tmp_path: Path) -> None:
    run("route", "丙", "丁", "-s", "cut", "--out", tmp_path / "way", "--gpx", tmp_path / "a.gpx")
    space = {"g": "http://www.topografix.com/GPX/1/1"}
    for path in (tmp_path / "a.gpx", tmp_path / "way" / "route.gpx"):
        tracks = ET.parse(path).getroot().findall("g:trk", space)
        assert len(tracks) == 2
        points = tracks[0].findall(".//g:trkpt", space)
        ends = [(float(p.attrib["lon"]), float(p.attrib["lat"])) for p in (points[0], points[-1])]
        assert ends[0] == pytest.approx((GAP_X - 0.02, MAIN), abs=1e-5)
        assert ends[1] == pytest.approx((GAP_X + 0.02, MAIN), abs=1e-5)
    with (tmp_path / "way" / "route.csv").open(encoding="utf-8-sig") as file:
        rows = list(csv.DictReader(file))
    assert [r["world"] for r in rows] == ["today"] + ["scenario"] * 5


def test_points_are_read_in_their_datum(run: Run) -> None:
    here = json.loads(run("route", f"{GAP_X},{MAIN}", "丁", "--json").stdout)
    there = json.loads(run("route", f"{GAP_X},{MAIN}", "丁", "--crs", "GCJ02", "--json").stdout)
    assert here["from"]["lon_deg"] == pytest.approx(GAP_X)
    assert abs(there["from"]["lon_deg"] - GAP_X) > 1e-3


def test_every_place_that_is_nowhere_is_named_with_what_is_like_it(run: Run) -> None:
    said = run("route", "丙派处所", "丁城", code=2).stderr
    assert "FROM = 丙派处所" in said
    assert "丙派出所" in said
    assert "TO = 丁城" in said
    assert "--crs = EPSG:0" in run("route", "1,2", "丁", "--crs", "EPSG:0", code=2).stderr
    assert "longitude first" in run("route", "30.2,107.3", "丁", code=2).stderr


# --- nearest stations -----------------------------------------------------------------------


def test_nearest_stations_are_the_columns_least_means(folder: Path) -> None:
    from scenarios.commands.two_worlds import load_worlds

    today, _ = load_worlds(str(folder), None, ())
    county = today.county
    alerts = county.cells.alerts_per_year.sum(axis=1)
    for row in township_reach(county, 3):
        own = [c for c, t in enumerate(county.cells.township) if t == row.township]
        mean = county.travel_time_min[:, own] @ alerts[own] / alerts[own].sum()
        first = np.argsort(mean)[:3]
        assert [n.station for n in row.nearest] == [county.stations.name[s] for s in first]
        assert [n.travel_time_min for n in row.nearest] == pytest.approx(mean[first])


def test_who_no_longer_reaches_whom_is_said(run: Run, tmp_path: Path) -> None:
    found = json.loads(run("reach", "-s", "apart", "--json").stdout)
    lost = {row["township"]: row["no_longer_reached_from"] for row in found["then"]}
    west, east = ["甲派出所", "乙派出所", "丙派出所"], ["丁派出所", "戊派出所", "己派出所"]
    assert lost["己镇"] == west
    assert lost["甲镇"] == east
    assert all(row["no_longer_reached_from"] == [] for row in found["today"])
    text = run("reach", "-s", "apart", "--out", tmp_path / "r").stdout
    assert "己镇: no longer reached from 甲派出所, 乙派出所, 丙派出所" in text
    assert "0 of 6 townships" in text
    with (tmp_path / "r" / "reach.csv").open(encoding="utf-8-sig") as file:
        rows = list(csv.DictReader(file))
    assert len([r for r in rows if r["world"] == "today"]) == 18


def test_a_township_of_another_than_the_nearest_is_marked(run: Run) -> None:
    sets = ["--set", "stations.丙.takes_townships=[己镇]", "--set", "stations.己.close=true"]
    found = json.loads(run("reach", *sets, "-k", "1", "--json").stdout)
    row = next(r for r in found["then"] if r["township"] == "己镇")
    assert row["nearest_is_responsible"] is False
    assert row["responsible"]["station"] == "丙派出所"
    assert row["nearest"][0]["station"] == "戊派出所"
    assert "1 of 6 townships" in run("reach", *sets).stdout
