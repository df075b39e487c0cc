"""The interactive map as a file: what it holds, what it lets nobody smuggle in, what it says."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import shapely
from click.testing import CliRunner

from geo.plane import line_km
from geo.webmap import Overlay, json_for_html, web_map_html
from geo.webmap_data import document
from geo.webmap_overlays import read_overlay
from geo.webmap_scales import scales
from geo.webmap_words import page_words
from optimizer.errors import InputError, untranslated
from optimizer.result import Proof, Status
from scenarios.case import open_case
from scenarios.cli import jingli
from scenarios.language import translator
from scenarios.run import Run, run_case
from scenarios.web_cards import minutes_row
from scenarios.web_scene import scenario_name, status_line, web_scene, web_scenes
from tests.small_case import Row, write_case

EVIL = "</script><script>alert(1)</script>"


def two_of_three(case: Row) -> None:
    case["policy"]["bundling"] = {"centres": 2}
    case["scenarios"] = {
        "plain": {"description": "照旧：只看现状 / As it is: nothing new"},
        "cut": {
            "description": "断路 / A road is closed",
            "roads": {
                "close": {"east": {"near": [107.41, 30.22], "length_m": 400, "reason": "slide"}}
            },
        },
    }
    case["default_scenario"] = "plain"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_case(tmp_path_factory.mktemp("webmap") / "case", case=two_of_three)


@pytest.fixture(scope="module")
def run(folder: Path) -> Run:
    return run_case(open_case(str(folder)), "plain")


@pytest.fixture(scope="module")
def cut(folder: Path) -> Run:
    return run_case(open_case(str(folder)), "cut")


@pytest.fixture(scope="module")
def data(run: Run) -> dict[str, Any]:
    return document([web_scene(run, untranslated, "en")])


def embedded(html: str) -> Any:
    found = re.search(r'<script type="application/json" id="data">(.*?)</script>', html, re.DOTALL)
    assert found is not None
    return json.loads(found[1])


# --- the file -------------------------------------------------------------------------------


def test_json_cannot_leave_its_element() -> None:
    text = json_for_html({"a": EVIL, "b": "\u2028 & \u2029"})
    assert not set("<>&\u2028\u2029") & set(text)
    assert json.loads(text) == {"a": EVIL, "b": "\u2028 & \u2029"}


def test_the_page_asks_for_nothing_and_allows_only_itself(run: Run) -> None:
    html = web_map_html([web_scene(run, untranslated, "en")])
    policy = re.search(r'Content-Security-Policy" content="([^"]*)"', html)
    assert policy is not None
    allowed = policy[1].replace("&#39;", "'")
    assert allowed.startswith("default-src 'none'; ")
    assert "unsafe" not in allowed
    scripts = re.findall(r"<script>(.*?)</script>", html, re.DOTALL)
    style = re.findall(r"<style>(.*?)</style>", html, re.DOTALL)
    assert len(scripts) == 2
    assert len(style) == 1
    for text in [*scripts, *style]:
        digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
        assert f"'sha256-{digest}'" in allowed
    assert set(re.findall(r"url\(([a-z]+:)", style[0])) == {"data:"}
    assert "sourceMappingURL" not in html
    assert not re.findall(r"<(?:script|link|img|iframe)[^>]*(?:src|href)=", html)


def test_names_never_reach_html_as_markup(folder: Path, tmp_path: Path) -> None:
    def evil(rows: list[Row]) -> None:
        rows[1]["name"] = EVIL
        rows[2]["name"] = '=HYPERLINK("http://x","y")'

    evil_run = run_case(open_case(str(write_case(tmp_path / "evil", stations=evil))), None)
    html = web_map_html([web_scene(evil_run, untranslated, "en")])
    assert "alert(1)" in html
    assert EVIL not in html
    assert "<script>alert" not in html
    names = embedded(html)["scenes"][0]["stations"]["name"]
    assert EVIL in names
    assert '=HYPERLINK("http://x","y")' in names


def test_scripts_never_write_markup() -> None:
    for path in (Path(__file__).parent.parent / "geo" / "web").glob("*.js"):
        text = path.read_text(encoding="utf-8")
        assert not re.search(r"innerHTML|outerHTML|insertAdjacent|document\.write|eval\(", text)


def test_the_same_scenes_give_the_same_file(run: Run) -> None:
    scene = web_scene(run, untranslated, "en")
    assert web_map_html([scene]) == web_map_html([scene])


def test_no_scene_no_map() -> None:
    with pytest.raises(ValueError, match="scene"):
        web_map_html([])


def test_no_english_is_left_in_chinese() -> None:
    same = {k for k, v in page_words(translator("zh")).items() if v == page_words(untranslated)[k]}
    assert same == set()


def test_every_word_of_the_scripts_is_there() -> None:
    web = Path(__file__).parent.parent / "geo" / "web"
    used: set[str] = set()
    for path in web.iterdir():
        text = path.read_text(encoding="utf-8")
        used |= set(re.findall(r"words\.([a-z_]+)", text))
        used |= set(re.findall(r'"((?:key|fill|layer|legend|n)_[a-z_0-9]+)"', text))
    words = set(page_words(untranslated))
    known = {w for w in used if w not in ("fill_today", "fill_plan")}
    assert known <= words


# --- the document ---------------------------------------------------------------------------


def test_scene_speaks_of_every_station_cell_and_township(data: dict[str, Any], run: Run) -> None:
    (scene,) = data["scenes"]
    county = run.loaded.county
    assert scene["stations"]["id"] == list(county.stations.station_id)
    assert len(scene["stations"]["cards"]) == len(county.stations)
    assert [t["name"] for t in scene["townships"]] == sorted(set(county.cells.township))
    assert data["grounds"][0]["cells"] == len(county.cells)
    turnout = run.loaded.policy.response.turnout_min
    own = county.travel_time_min[county.cells.station, np.arange(len(county.cells))] + turnout
    assert scene["cells"]["today"] == [round(m * 10) for m in own.tolist()]


def test_moves_are_all_there(data: dict[str, Any], run: Run) -> None:
    assert run.result.plan is not None
    told = sum(m[4] for m in data["scenes"][0]["moves"])
    assert told == sum(m.officers for m in run.result.plan.moves)
    assert told > 0


def test_scenarios_share_ground_and_roads(run: Run, cut: Run) -> None:
    found = document(web_scenes([run, cut], untranslated, "en"))
    assert len(found["grounds"]) == 1
    # A closed road is drawn as it was, with a mark over it.
    assert len(found["roads"]) == 1
    assert [s["roads"] for s in found["scenes"]] == [0, 0]
    assert found["scenes"][0]["marks"] == []
    (mark,) = found["scenes"][1]["marks"]
    assert (mark["kind"], mark["text"]) == ("closed", "Closed: east")
    assert len(mark["lines"]) >= 1
    assert len(mark["at"]) >= 1


def test_closed_road_is_as_long_as_was_closed(run: Run, cut: Run) -> None:
    ((_, mark),) = web_scene(cut, untranslated, "en").road_marks
    assert 0.1 < line_km(mark.lines).sum() <= 0.9  # 400 m on each road that is cut
    assert web_scene(run, untranslated, "en").road_marks == ()


def test_cells_as_points_get_the_ground_nearest_to_them(run: Run) -> None:
    scene = replace(web_scene(run, untranslated, "en"), cell_geometry=None, outline=None)
    found = document([scene])
    assert found["scenes"][0]["points_only"] is True
    sides = {s for arc in found["grounds"][0]["arcs"] for s in arc[:2]}
    assert sides == {-1, *range(len(run.loaded.county.cells))}


def test_unreachable_cells_have_no_minutes(run: Run) -> None:
    scene = web_scene(run, untranslated, "en")
    plan_min = scene.cell_plan_min.copy()
    plan_min[0] = np.inf
    found = document([replace(scene, cell_plan_min=plan_min)])
    assert found["scenes"][0]["cells"]["plan"][0] is None


@pytest.mark.parametrize(
    ("minutes", "limits"),
    [(3.9, [1, 2, 3, 4, 5]), (9.0, [2, 4, 6, 8, 10]), (25, [5, 10, 15, 20, 30])],
)
def test_classes_of_minutes_fit_the_county(run: Run, minutes: float, limits: list[int]) -> None:
    scene = web_scene(run, untranslated, "en")
    flat = np.full(len(run.loaded.county.cells), minutes)
    found = scales([replace(scene, cell_today_min=flat, cell_plan_min=flat)])
    assert found["response"]["limits"] == limits
    assert found["change"]["limits"] == [-1.0, -0.5, -0.1, 0.1, 0.5, 1.0]


# --- what it says ---------------------------------------------------------------------------


def test_change_is_that_of_the_figures_shown() -> None:
    row = minutes_row("x", 10.04, 10.16, untranslated)
    assert (row.today, row.plan, row.change, row.verdict) == (
        "10.0 min", "10.2 min", "+0.2 min", "worse",
    )  # fmt: skip
    assert minutes_row("x", 10.04, 10.01, untranslated).change == ""
    assert minutes_row("x", float("inf"), 10.0, untranslated).today == "not reached"


def test_unproven_plan_says_its_status_and_gap() -> None:
    done = Proof(stage="bundling", status=Status.OPTIMAL, objective=1.0, bound=1.0)
    open_ = Proof(stage="staffing", status=Status.FEASIBLE, objective=10.0, bound=9.0)
    blind = replace(open_, bound=None)
    assert status_line([done], untranslated).startswith("OPTIMAL: proven")
    assert "reassignment FEASIBLE, at most 10.0% from" in status_line([done, open_], untranslated)
    assert "gap not known" in status_line([done, blind], untranslated)


def test_scenario_by_the_heading_of_its_description(run: Run) -> None:
    assert scenario_name(run, "zh") == "照旧 · plain"
    assert scenario_name(run, "en") == "As it is · plain"
    assert scenario_name(replace(run, description="no heading here"), "en") == "plain"


def test_twins_get_names_of_their_own(run: Run) -> None:
    names = [s.name for s in web_scenes([run, run], untranslated, "en")]
    assert names == ["As it is · plain", "As it is · plain (2)"]


# --- overlays and the command ---------------------------------------------------------------


def geojson(path: Path, geometry: Row, name: str = "甲") -> Path:
    feature = {"type": "Feature", "properties": {"name": name}, "geometry": geometry}
    path.write_text(json.dumps({"type": "FeatureCollection", "features": [feature]}), "utf-8")
    return path


def test_overlay_of_points(tmp_path: Path, run: Run) -> None:
    path = geojson(tmp_path / "热点.geojson", {"type": "Point", "coordinates": [107.35, 30.21]})
    (found,) = read_overlay(path)
    assert (found.name, found.kind) == ("热点", "points")
    assert found.features[0][1] == "甲"
    drawn = document([web_scene(run, untranslated, "en")], [found])
    assert drawn["overlays"][0]["features"][0]["label"] == "甲"


def test_overlay_of_areas_keeps_its_ring(run: Run) -> None:
    area = Overlay(name="b", features=((shapely.box(107.3, 30.2, 107.4, 30.3), ""),), kind="areas")
    drawn = document([web_scene(run, untranslated, "en")], [area])
    ring = np.reshape(drawn["overlays"][0]["features"][0]["at"][0], (-1, 2))
    corners = np.cumsum(ring, axis=0)
    assert corners[0].tolist() == corners[-1].tolist()
    assert len(corners) == 5


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("a.txt", "x", ".geojson or .gpkg"),
        ("a.geojson", "not json", "a GIS can open"),
        ("a.geojson", '{"type": "FeatureCollection", "features": []}', "at least one"),
    ],
)
def test_overlay_that_is_none(tmp_path: Path, name: str, text: str, said: str) -> None:
    (tmp_path / name).write_text(text)
    with pytest.raises(InputError, match=said):
        read_overlay(tmp_path / name)


def test_missing_overlay_is_told(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="GIS"):
        read_overlay(tmp_path / "gone.gpkg")


def test_command_writes_one_file_of_several_runs(folder: Path, tmp_path: Path) -> None:
    asked = ["run", str(folder), "-s", "plain", "-s", "cut", "--json"]
    made = CliRunner().invoke(jingli, asked)
    assert made.exit_code == 0, made.output
    ids = [one["run_id"] for one in json.loads(made.stdout)]
    hot = geojson(tmp_path / "hot.geojson", {"type": "Point", "coordinates": [107.35, 30.21]})
    words = ["map", *ids, "--out", str(tmp_path / "m.html"), "--overlay", str(hot), "--lang", "zh"]
    done = CliRunner().invoke(jingli, words)
    assert done.exit_code == 0, done.output
    assert "m.html" in done.output
    data = embedded((tmp_path / "m.html").read_text(encoding="utf-8"))
    assert [s["name"] for s in data["scenes"]] == ["照旧 · plain", "cut"]
    assert data["words"]["plan"] == "方案"
    assert [o["name"] for o in data["overlays"]] == ["hot"]


def test_command_refuses_what_is_no_run(tmp_path: Path) -> None:
    done = CliRunner().invoke(jingli, ["map", str(tmp_path), "--out", str(tmp_path / "m.html")])
    assert done.exit_code == 2
    assert not (tmp_path / "m.html").exists()
