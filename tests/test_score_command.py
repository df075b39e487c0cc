"""`jingli score`: a plan from outside, read, judged, refused."""

from __future__ import annotations

from pathlib import Path

import geopandas as gpd
import pytest
from shapely import Point

from tests.command_line import command, document, refused, said
from tests.small_case import write_case

GOOD = [("01", "01"), ("02", "03"), ("03", "03"), ("04", "04"), ("05", "06"), ("06", "06")]


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_case(tmp_path_factory.mktemp("small") / "case")


def table(path: Path, rows: list[tuple[str, str]], header: str = "station_id,centre_id") -> Path:
    text = "\n".join([header, *(f"{s},{c}" for s, c in rows)]) + "\n"
    path.write_text(text, encoding="utf-8")
    return path


def test_a_plan_that_keeps_the_rules_is_exit_code_0(small: Path, tmp_path: Path) -> None:
    text = said("score", small, "--plan", table(tmp_path / "p.csv", GOOD))
    assert "keeps every rule that was judged" in text
    assert "--complete" in text
    scored = document("score", small, "--plan", tmp_path / "p.csv")
    assert scored["keeps_every_rule"]
    assert scored["judged"] == "bundles"
    assert {tuple(b["station_ids"]): b["centre_id"] for b in scored["plan"]["bundles"]} == {
        ("01",): "01",
        ("02", "03"): "03",
        ("04",): "04",
        ("05", "06"): "06",
    }
    # Today's officers under their centres: 6 + 6 in each bundle, nobody reassigned.
    strength = {b["centre_id"]: b["strength"] for b in scored["plan"]["bundles"]}
    assert strength == {"01": 20, "03": 12, "04": 6, "06": 12}
    assert scored["plan"]["officers_reassigned"] == 0


def test_a_plan_that_breaks_rules_is_scored_and_exit_code_1(small: Path, tmp_path: Path) -> None:
    # 02 and 06 do not touch, and from 06 half of the alerts are out of reach in time.
    rows = [("01", "01"), ("02", "06"), ("03", "03"), ("04", "04"), ("05", "05"), ("06", "06")]
    done = command("score", small, "--plan", table(tmp_path / "p.csv", rows), "--lang", "en")
    assert done.exit_code == 1
    assert "Rules that the plan breaks: 2" in done.output
    assert "not one connected area" in done.output
    assert "Officers freed by bundling" in done.output
    scored = document("score", small, "--plan", tmp_path / "p.csv", exit_code=1)
    assert [v["rule"] for v in scored["violations"]] == [
        "adjacency",
        "response.share_within_fraction",
    ]


def test_the_rules_are_the_scenarios(small: Path, tmp_path: Path) -> None:
    plan = table(tmp_path / "p.csv", GOOD)
    scored = document(
        "score", small, "--plan", plan, "--set", "policy.bundling.centres=1", exit_code=1
    )
    assert [v["rule"] for v in scored["violations"]] == ["bundling.centres"]


def test_complete_decides_the_rest(small: Path, tmp_path: Path) -> None:
    scored = document("score", small, "--plan", table(tmp_path / "p.csv", GOOD), "--complete")
    assert scored["judged"] == "all"
    assert [p["stage"] for p in scored["proofs"]] == ["traffic", "staffing"]
    assert scored["plan"]["duty_stations"] > 0
    assert scored["plan"]["officers_road_duty"] == 4


def test_complete_where_no_road_duty_is_possible(small: Path, tmp_path: Path) -> None:
    plan = table(tmp_path / "p.csv", GOOD)
    text = refused(
        "score", small, "--plan", plan, "--complete", "--set", "policy.traffic.duty_stations=5"
    )
    assert "traffic.duty_stations" in text


def test_chinese_headers_and_names(small: Path, tmp_path: Path) -> None:
    rows = [
        ("甲", "甲"),
        ("乙派出所", "丙"),
        ("丙", "丙"),
        ("丁", "丁"),
        ("戊", "己"),
        ("己", "己"),
    ]
    plan = table(tmp_path / "p.csv", rows, header="派出所,中心派出所")
    by_id = table(tmp_path / "q.csv", GOOD)
    named, plain = (
        document("score", small, "--plan", plan),
        document("score", small, "--plan", by_id),
    )
    assert named["plan"]["plan_digest"] == plain["plan"]["plan_digest"]


def test_geopackage(small: Path, tmp_path: Path) -> None:
    path = tmp_path / "p.gpkg"
    frame = gpd.GeoDataFrame(
        {"station_id": [s for s, _ in GOOD], "centre_id": [c for _, c in GOOD]},
        geometry=[Point(107.3, 30.2)] * len(GOOD),
        crs="EPSG:4326",
    )
    frame.to_file(path, layer="plan", driver="GPKG")
    assert document("score", small, "--plan", path)["keeps_every_rule"]


def test_our_own_outputs_score_as_they_did(small: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    said("run", small, "--out", out)
    ran = document("run", small)["plan"]
    whole = document("score", small, "--plan", out / "plan.json")
    assert whole["plan"] == ran
    bundles = document("score", small, "--plan", out / "plan.gpkg", "--layer", "stations")
    assert bundles["plan"]["objective"] == pytest.approx(ran["objective"])


def test_everything_wrong_is_listed_at_once(small: Path, tmp_path: Path) -> None:
    rows = [("01", "01"), ("02", "03"), ("03", "04"), ("04", "04"), ("04", "04"), ("05", "09")]
    text = refused("score", small, "--plan", table(tmp_path / "p.csv", rows))
    assert "4 problem(s)" in text
    assert "line 6 station_id = 04: expected each station once; row 5 has it already" in text
    assert "line 7 centre_id = 09" in text
    assert "丙派出所 belongs to 丁派出所" in text
    assert "己派出所 (06) is missing" in text


@pytest.mark.parametrize("name", ["none.csv", "none.json"])
def test_a_file_that_is_not_there(small: Path, tmp_path: Path, name: str) -> None:
    assert name in refused("score", small, "--plan", tmp_path / name)


def test_a_file_without_the_columns(small: Path, tmp_path: Path) -> None:
    plan = table(tmp_path / "p.csv", GOOD, header="a,b")
    assert "a column station_id" in refused("score", small, "--plan", plan)


def test_a_plan_of_another_county(small: Path, tmp_path: Path) -> None:
    other = (tmp_path / "plan.json").resolve()
    other.write_text(
        '{"bundles": [{"centre_id": "99", "station_ids": ["99"]}], "road_duties": [],'
        ' "dissolved_squad_ids": [], "strength": [], "moves": []}',
        encoding="utf-8",
    )
    assert "a station of the county" in refused("score", small, "--plan", other)
