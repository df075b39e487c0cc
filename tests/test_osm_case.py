"""A case whose roads are an OpenStreetMap file, from reading to the run."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner

from geo.road_cache import CACHE_FOLDER
from optimizer.frozen import digest
from scenarios.case import open_case
from scenarios.changes import apply
from scenarios.cli import jingli
from scenarios.load import inspect
from tests import osm_text as osm
from tests.small_case import SOUTH, STATIONS, STEP, WEST, Row, write_case
from tests.test_changes import scenario_of


def ladder(lon: float = WEST, lat: float = SOUTH, **tags: str) -> list[str]:
    """Two roads from west to east through the small case, and a rung at each station."""
    elements, top, bottom = [], [], []
    for i in range(2 * STATIONS + 1):
        x = round(lon + STEP * i, 6)
        top.append(100 + i)
        bottom.append(200 + i)
        elements.append(osm.node(100 + i, x, round(lat + 1.5 * STEP, 6)))
        elements.append(osm.node(200 + i, x, round(lat + 0.5 * STEP, 6)))
    elements.append(osm.way(1, top, highway="secondary", name="北路", ref="X101", **tags))
    elements.append(osm.way(2, bottom, highway="tertiary", name="南路"))
    for i in range(0, 2 * STATIONS + 1, 2):
        elements.append(osm.way(10 + i, [100 + i, 200 + i], highway="residential"))
    return elements


def osm_case(folder: Path, elements: list[str], **roads: Any) -> Path:
    def with_roads(document: Row) -> None:
        document["layers"]["roads"] = {"path": "roads.osm", **roads}

    write_case(folder, case=with_roads)
    osm.write(folder / "roads.osm", *elements)
    return folder


def loaded_of(folder: Path) -> Any:
    case = open_case(str(folder))
    inspection = inspect(case, case.spec.policy)
    assert inspection.loaded is not None, [p.text() for p in inspection.problems]
    return inspection.loaded


def errors_of(folder: Path) -> list[str]:
    case = open_case(str(folder))
    found = inspect(case, case.spec.policy).problems
    return [p.text() for p in found if p.severity == "error"]


def test_minutes_follow_the_roads_of_the_file(tmp_path: Path) -> None:
    loaded = loaded_of(osm_case(tmp_path / "case", ladder()))
    assert loaded.network.origin == "given"
    assert loaded.network.class_names == ("county", "township", "street")
    # 13 nodes each: the two ends of each road pass into the first and last rung and are no
    # junctions but for the change of class.
    assert loaded.network.known_names() == {"北路", "南路", "X101"}
    credit = next(p.note for p in loaded.county.provenance if p.item == "roads")
    assert "OpenStreetMap" in credit
    # The upper road is county road: 40 km/h. Two stations are 0.04 degrees of longitude apart.
    slow = loaded_of(osm_case(tmp_path / "slow", ladder(maxspeed="20")))
    assert slow.county.travel_time_min.sum() > loaded.county.travel_time_min.sum()


def test_the_graph_is_kept_beside_the_case_and_opened_again(tmp_path: Path) -> None:
    folder = osm_case(tmp_path / "case", ladder())
    first = loaded_of(folder)
    kept = list((folder / CACHE_FOLDER).iterdir())
    assert len(kept) == 1
    stamp = kept[0].stat().st_mtime_ns
    again = loaded_of(folder)
    assert kept[0].stat().st_mtime_ns == stamp
    assert digest(again.county) == digest(first.county)
    assert [p.text() for p in again.warnings] == [p.text() for p in first.warnings]


def test_an_extract_of_elsewhere_is_refused(tmp_path: Path) -> None:
    (said,) = errors_of(osm_case(tmp_path / "case", ladder(lon=11.0, lat=49.0)))
    assert "roads where the county is" in said
    assert "between 11.00 and 11.24 east" in said


def test_exchanged_coordinates_are_recognised(tmp_path: Path) -> None:
    # The file has 30.2 east, 107.3 north: no latitude at all.
    (said,) = errors_of(osm_case(tmp_path / "case", ladder(lon=SOUTH, lat=WEST)))
    assert "exchange longitude and latitude" in said


def test_a_small_extract_names_the_places_outside(tmp_path: Path) -> None:
    folder = osm_case(tmp_path / "case", [*ladder()[:20], osm.way(1, [100, 101], highway="road")])
    case = open_case(str(folder))
    said = [p.text() for p in inspect(case, case.spec.policy).problems]
    assert any("outside the roads' extent (乙派出所" in text for text in said), said


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("<osm version='0.6'><node id='1' lon='107.3'", "cut off or damaged"),
        ("not a map", "something else under that name"),
        ("<gpx></gpx>", "something else under that name"),
        ("<osm version='0.6'></osm>", "at least one road that cars can use"),
    ],
)
def test_bad_files_are_said_in_one_line(tmp_path: Path, content: str, said: str) -> None:
    folder = osm_case(tmp_path / "case", ladder())
    (folder / "roads.osm").write_text(content, encoding="utf-8")
    (text,) = errors_of(folder)
    assert text.startswith("roads.osm: expected ")
    assert said in text


def test_missing_file(tmp_path: Path) -> None:
    folder = osm_case(tmp_path / "case", ladder())
    (folder / "roads.osm").unlink()
    (text,) = errors_of(folder)
    assert "roads.osm" in text


def test_run_from_extract_to_outputs(tmp_path: Path) -> None:
    turn = osm.restriction(900, 1, 104, 14, "no_right_turn")
    split = [
        osm.way(1, list(range(100, 105)), highway="secondary", name="北路"),
        osm.way(3, list(range(104, 113)), highway="secondary", name="北路"),
    ]
    elements = [e for e in ladder() if '<way id="1"' not in e] + split + [turn]
    folder = osm_case(tmp_path / "case", elements)
    out = tmp_path / "out"
    done = CliRunner().invoke(jingli, ["run", str(folder), "--out", str(out), "--no-store"])
    assert done.exit_code == 0, done.output
    assert (out / "plan.gpkg").exists()


def test_roads_are_closed_by_name_and_by_the_id_of_a_way(tmp_path: Path) -> None:
    base = loaded_of(osm_case(tmp_path / "case", ladder()))
    for closure in ({"name": "南路"}, {"id": 2}):
        closed = apply(base, scenario_of(base.case, roads={"close": {"works": closure}}))
        (said,) = [o.effect for o in closed.overrides if o.key == "roads.close.works"]
        assert said is not None
        assert said.text().startswith("6 roads closed over 23.11 km"), said.text()


def test_a_what_if_indexes_no_street_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Trees over streets and their drawing on a plane are what a what-if on a large file costs."""
    loaded = loaded_of(osm_case(tmp_path / "case", ladder()))

    def refused(*_given: object, **_named: object) -> None:
        raise AssertionError("indexed or drawn again")

    monkeypatch.setattr("geo.snapping.shapely.STRtree", refused)
    monkeypatch.setattr("geo.plane.Plane.project", refused)
    snow = {"snow": {"factor": 0.5, "classes": ["county"]}}
    slower = apply(loaded, scenario_of(loaded.case, roads={"speeds": snow}))
    cut = apply(loaded, scenario_of(loaded.case, roads={"close": {"a": {"id": "12"}}}))
    assert slower.router.index is cut.router.index is loaded.router.index
    assert slower.county.travel_time_min.sum() > loaded.county.travel_time_min.sum()


def strip(x: float) -> list[list[float]]:
    """A drawn area 0.004 degrees wide that cuts both roads of the ladder at `x`."""
    west, east = round(x - 0.002, 6), round(x + 0.002, 6)
    south, north = round(SOUTH - 0.01, 6), round(SOUTH + 2.5 * STEP, 6)
    return [[west, south], [east, south], [east, north], [west, north]]


def run_flood(tmp_path: Path, roads: Row, lang: str) -> tuple[Any, Path]:
    """Run the ladder case under a scenario on its roads."""
    folder, out = tmp_path / "case", tmp_path / "out"
    osm_case(folder, ladder())
    text = (folder / "case.yaml").read_text(encoding="utf-8")
    document = yaml.safe_load(text) | {"scenarios": {"flood": {"reason": "r", "roads": roads}}}
    written = yaml.safe_dump(document, allow_unicode=True)
    (folder / "case.yaml").write_text(written, encoding="utf-8")
    line = ["run", str(folder), "-s", "flood", "--no-store", "--out", str(out), "--lang", lang]
    return CliRunner(env={"COLUMNS": "400"}).invoke(jingli, line), out


# The flood parts 戊镇: its station from its two eastern cells, which 己派出所 still reaches.
TORN = {"water": {"inside": strip(WEST + 9.5 * STEP)}}


@pytest.mark.parametrize(
    ("lang", "words"),
    [
        ("en", ("= c52, c54:", "cut off: 戊镇, still reached from 己派出所;", "leave a way open")),
        ("zh", ("= c52, c54：", "被隔断的有戊镇，现仍可由己派出所到达", "请保留一条通路")),
    ],
)
def test_cells_that_an_area_cuts_off_from_their_own_station_only(
    tmp_path: Path, lang: str, words: tuple[str, ...]
) -> None:
    told, out = run_flood(tmp_path, {"close": TORN}, lang)
    assert told.exit_code == 2, told.output
    assert told.output.count("roads.close") == 1
    assert all(word in told.output for word in words), told.output
    assert not (out / "plan.json").exists()


def test_the_plan_says_which_cells_are_lost_to_their_own_station_only(tmp_path: Path) -> None:
    """Console, JSON, `warnings.csv` and maps name the cells of a township that is torn apart."""
    told, out = run_flood(tmp_path, {"close": TORN, "cut_off": "nearest"}, "en")
    assert told.exit_code == 0, told.output
    assert "戊镇 c52: 戊派出所 → 己派出所, 戊镇 c54: 戊派出所 → 己派出所" in told.stdout
    west = "甲派出所, 乙派出所, 丙派出所, 丁派出所, 戊派出所"
    said = (
        f"roads.close = 己镇, 戊镇 (c52, c54): expected a way by road from every station; {west} "
        "can no longer reach all of it, only 己派出所 can"
    )
    assert said in told.stdout
    assert said in (out / "warnings.csv").read_text(encoding="utf-8-sig")
    found = json.loads((out / "evaluation.json").read_text(encoding="utf-8"))
    lost = {tuple(one["stations"]): one for one in found["no_longer_reached"]}
    assert lost[tuple(west.split(", "))] == {
        "townships": ["己镇", "戊镇"],
        "cells": ["c61", "c62", "c63", "c64", "c52", "c54"],
        "stations": west.split(", "),
    }
    assert lost[("己派出所",)]["townships"] == ["丁镇", "丙镇", "乙镇", "戊镇", "甲镇"]
    assert {"c51", "c53"} < set(lost[("己派出所",)]["cells"])
    assert "No longer reached by road: " in (out / "map.html").read_text(encoding="utf-8")
    # The bank that the cells lie on is the bank they are answered from.
    plan = json.loads((out / "plan.json").read_text(encoding="utf-8"))
    assert ["06"] in [bundle["station_ids"] for bundle in plan["bundles"]]


@pytest.mark.usefixtures("no_pictures_here")
@pytest.mark.parametrize(
    ("lang", "words"),
    [
        (
            "en",
            "can no longer reach all of it, only 丙派出所 can; no plan lets those stations answer",
        ),
        ("zh", "己派出所已无法到达其全部，只有丙派出所可以；道路封闭期间，任何方案都不会由这些"),
    ],
)
def test_a_township_that_areas_part_from_all_others(tmp_path: Path, lang: str, words: str) -> None:
    """Under water at both ends, 丙镇 keeps its own station and nobody else reaches it."""
    both = {"a": {"inside": strip(WEST + 4.2 * STEP)}, "b": {"inside": strip(WEST + 6.2 * STEP)}}
    told, out = run_flood(tmp_path, {"close": both}, lang)
    assert told.exit_code == 0, told.output
    others = ["甲派出所", "乙派出所", "丁派出所", "戊派出所", "己派出所"]
    found = json.loads((out / "evaluation.json").read_text(encoding="utf-8"))
    lost = {tuple(one["stations"]): one for one in found["no_longer_reached"]}
    assert lost[tuple(others)]["townships"] == ["丙镇"]
    assert lost[tuple(others)]["cells"] == ["c31", "c32", "c33", "c34"]
    for text in (told.stdout, (out / "warnings.csv").read_text(encoding="utf-8-sig")):
        assert any("丙镇" in row and words in row for row in text.splitlines()), text
    plan = json.loads((out / "plan.json").read_text(encoding="utf-8"))
    assert ["03"] in [bundle["station_ids"] for bundle in plan["bundles"]]


def test_a_township_torn_in_two_that_no_station_reaches(tmp_path: Path) -> None:
    """The rungs under water too: the upper half of 丙镇 has no station at all."""
    both = {"a": {"inside": strip(WEST + 4 * STEP)}, "b": {"inside": strip(WEST + 6 * STEP)}}
    told, _ = run_flood(tmp_path, {"close": both, "cut_off": "nearest"}, "en")
    assert told.exit_code == 2, told.output
    assert "roads.close = c33, c34: " in told.output
    assert "cut off: 丙镇" in told.output
    assert "leave a way open: no station reaches some of them" in told.output
