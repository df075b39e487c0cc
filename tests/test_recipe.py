"""The case recipe: arithmetic, areas, totals, provenance, and the committed case byte for byte."""

from __future__ import annotations

import csv
import io
import json
import re
import shutil
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import shapely

from optimizer.errors import InputError
from scenarios.case import open_case
from scenarios.cases import assumptions
from scenarios.cases.apportion import nearest
from scenarios.cases.facts import Figures, read_facts
from scenarios.cases.recipe import Model, files, main, model, summary, write_case
from scenarios.cases.tessellation import neighbours, plane_of
from scenarios.layers import CELLS, SQUADS, STATIONS, UNITS

CASE = Path(__file__).resolve().parent.parent / "scenarios" / "cases" / "dianjiang"
FACTS = CASE / "facts"
WRITTEN = (
    "boundary.geojson",
    "case.yaml",
    "cells.geojson",
    "squads.csv",
    "stations.csv",
    "units.csv",
)
OTHER_COUNTIES = ("daye", "jiangyou", "anxi")


@pytest.fixture(scope="module")
def made() -> Model:
    return model(read_facts(FACTS))


@pytest.fixture(scope="module")
def cells() -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads((CASE / "cells.geojson").read_text("utf-8"))[
        "features"
    ]
    return found


def table(name: str, folder: Path = CASE) -> list[dict[str, str]]:
    with (folder / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def total(rows: list[dict[str, str]], column: str) -> int:
    return sum(int(row[column]) for row in rows)


# --- the committed case ---------------------------------------------------------------------------


def test_the_committed_case_is_what_the_recipe_makes(made: Model) -> None:
    fresh = files(made)
    assert sorted(fresh) == sorted(WRITTEN)
    for name, content in fresh.items():
        assert content == (CASE / name).read_bytes(), f"{name}: run the recipe again"


def test_published_totals_hold(cells: list[dict[str, Any]]) -> None:
    stations, squads, units = table("stations.csv"), table("squads.csv"), table("units.csv")
    assert Counter(row["kind"] for row in stations) == {"urban": 2, "rural": 24}
    assert {r["name"] for r in stations if r["kind"] == "urban"} == {"桂溪派出所", "桂阳派出所"}
    assert len(squads) == 5
    in_post = total(stations, "officers") + total(squads, "officers") + total(units, "officers")
    assert in_post == 504
    # A squad has no establishment of its own: it counts with its officers in post.
    assert (
        total(stations, "authorised_officers")
        + total(units, "authorised_officers")
        + total(squads, "officers")
    ) == 529
    assert len(cells) == 301
    assert sum(c["properties"]["population"] for c in cells) == 935_000
    rates = [f"alerts_per_year_{k}" for k in assumptions.CATEGORY_SHARE]
    by_category = [sum(c["properties"][r] for c in cells) for r in rates]
    assert by_category == pytest.approx([2700, 6900, 8400, 13200, 19800, 9000], abs=1e-6)
    assert sum(by_category) == pytest.approx(60_000, abs=1e-6)


def test_strength_is_small_at_rural_stations_and_nobody_is_over_establishment() -> None:
    for row in table("stations.csv"):
        officers = int(row["officers"])
        assert (4 <= officers <= 10) if row["kind"] == "rural" else (20 <= officers <= 30)
        assert officers <= int(row["authorised_officers"]) <= int(row["max_officers"])
    for row in table("units.csv"):
        assert int(row["officers"]) <= int(row["authorised_officers"])


def test_census_shares_hold_over_towns(cells: list[dict[str, Any]]) -> None:
    people = Counter[str]()
    for c in cells:
        people[c["properties"]["township"]] += c["properties"]["population"]
    # 935,000 x 112,336 / 862,323 and 935,000 x 68,239 / 862,323.
    assert people["桂溪街道"] + people["桂阳街道"] == pytest.approx(121_804, abs=1)
    assert people["澄溪镇"] == pytest.approx(73_990, abs=1)
    rest = (
        "砚台镇",
        "杠家镇",
        "包家镇",
        "白家镇",
        "永平镇",
        "三溪镇",
        "裴兴镇",
        "黄沙镇",
        "大石乡",
    )
    assert sum(people[t] for t in rest) == pytest.approx(935_000 * 192_774 / 862_323, abs=1)


def test_cells_cover_the_county_once(cells: list[dict[str, Any]]) -> None:
    areas = [shapely.geometry.shape(c["geometry"]) for c in cells]
    assert all(a.geom_type == "Polygon" and a.is_valid for a in areas)
    assert bool(shapely.coverage_is_valid(areas))
    boundary = json.loads((CASE / "boundary.geojson").read_text("utf-8"))["features"][0]
    outline = shapely.geometry.shape(boundary["geometry"])
    assert shapely.coverage_union_all(areas).equals(outline)
    published = read_facts(FACTS).outline
    plane = plane_of(published)
    assert float(plane.area_km2(outline.symmetric_difference(published))) < 0.01
    assert float(plane.area_km2(published)) == pytest.approx(1515.8, abs=0.5)


def test_each_cell_holds_its_place_and_lies_in_its_township(cells: list[dict[str, Any]]) -> None:
    facts = read_facts(FACTS)
    plane = plane_of(facts.outline)
    seats = np.array([[t.lon_deg, t.lat_deg] for t in facts.townships])
    names = [t.name for t in facts.townships]
    thiessen = shapely.get_parts(
        shapely.voronoi_polygons(
            shapely.MultiPoint(plane.km(seats)), extend_to=shapely.Point(0, 0).buffer(200)
        )
    )
    own = {
        name: next(p for p in thiessen if p.contains(shapely.Point(at)))
        for name, at in zip(names, plane.km(seats), strict=True)
    }
    outside_km2 = 0.0
    for c in cells:
        area, p = shapely.geometry.shape(c["geometry"]), c["properties"]
        assert shapely.contains_xy(area, p["lon"], p["lat"]), p["name"]
        in_km = shapely.transform(area, plane.km)
        outside_km2 += in_km.difference(own[p["township"]]).area
    # Only 0.001 km2 that a bend of the outline cuts off from 坪山 has gone to its neighbour.
    assert outside_km2 < 0.01


def test_published_places_are_kept(cells: list[dict[str, Any]], made: Model) -> None:
    facts = {v.code: v for t in read_facts(FACTS).townships for v in t.villages}
    at = {c["properties"]["cell_id"]: c["properties"] for c in cells}
    placed = [c for c in made.cells if c.is_placed]
    assert len(placed) == 17
    for cell in placed:
        p, v = at["C" + cell.village.code[6:]], facts[cell.village.code]
        assert (p["lon"], p["lat"]) == (round(v.lon_deg, 6), round(v.lat_deg, 6))
    # 雨山 stands in 周嘉 and in 包家 with one and the same point, which lies in neither.
    assert not [c for c in placed if c.village.name == "雨山村委会"]


def test_modelled_places_put_the_town_centre_at_the_seat(made: Model) -> None:
    for t, town in enumerate(made.facts.townships):
        free = [c for c in made.cells if c.town == t and not c.is_placed]
        at = made.plane.km(np.array([[c.village.lon_deg, c.village.lat_deg] for c in free]))
        seat = made.plane.km(np.array([[town.lon_deg, town.lat_deg]]))
        order = np.argsort(np.hypot(*(at - seat).T), kind="stable")
        classes = [free[i].village.ur_code for i in order]
        assert classes == sorted(classes), town.name


def test_urban_standard_holds_in_the_county_town_only(cells: list[dict[str, Any]]) -> None:
    urban = [c["properties"]["township"] for c in cells if c["properties"]["kind"] == "urban"]
    assert Counter(urban) == {"桂溪街道": 13, "桂阳街道": 6}


def test_every_modelled_column_is_in_the_provenance() -> None:
    spec = open_case(str(CASE)).spec
    modelled = {o.item for o in spec.provenance if o.origin == "modelled"}
    facts_or_labels = {"station_id", "name", "cell_id", "township", "squad_id", "unit_id"}
    for layer, name in (
        ("stations", "stations.csv"),
        ("squads", "squads.csv"),
        ("units", "units.csv"),
    ):
        assert layer in modelled
        columns = set(table(name)[0]) - facts_or_labels
        assert columns <= {i.split(".")[1] for i in modelled if i.startswith(layer + ".")}, layer
    for item in ("cells", "cells.geometry", "cells.station_id", "cells.kind", "cells.population",
                 "cells.lon", "cells.lat", "cells.alerts_per_year", "alert_rhythm", "roads",
                 "policy.workload"):  # fmt: skip
        assert item in modelled
    for layer_name in ("stations", "cells", "squads", "units"):
        assert getattr(spec.layers, layer_name).origin == "modelled"


def test_files_have_the_columns_that_the_reader_knows(cells: list[dict[str, Any]]) -> None:
    for schema, header in (
        (STATIONS, set(table("stations.csv")[0])),
        (SQUADS, set(table("squads.csv")[0])),
        (UNITS, set(table("units.csv")[0])),
        (CELLS, set(cells[0]["properties"]) - {"name"}),
    ):
        known = {c.name for c in schema.columns}
        strangers = {h for h in header - known if not h.startswith(schema.prefix_columns or "\0")}
        assert not strangers
        assert {c.name for c in schema.columns if c.required} <= header
    assert sum(p.stat().st_size for p in CASE.rglob("*")) < 1_000_000


def test_scenarios_ask_for_what_was_published_and_for_nothing() -> None:
    case = open_case(str(CASE))
    asked, free = case.policy("as_published"), case.policy("free")
    assert case.spec.default_scenario == "as_published"
    assert (asked.bundling.centres, asked.bundling.stations_bundled) == (8, 17)
    assert (asked.traffic.dissolve_squads, asked.traffic.duty_stations) == (True, 15)
    assert [(i.to, i.officers) for i in asked.staffing.inflows] == [
        ("urban_stations", 15),
        ("other_units", 17),
    ]
    assert asked.staffing.give_only_from_bundles
    assert (free.bundling.centres, free.bundling.stations_bundled) == (None, None)
    assert (free.traffic.dissolve_squads, free.traffic.duty_stations) == (True, None)
    assert asked.staffing.max_moves == free.staffing.max_moves == 32
    assert not free.staffing.inflows
    assert asked.workload.of("traffic").is_road_traffic
    assert asked.workload.of("criminal").officers_sent == 2


def test_sources_say_the_numbers_that_the_recipe_uses() -> None:
    text = (CASE / "SOURCES.md").read_text("utf-8")

    def rows(first: str, width: int) -> list[list[str]]:
        found = re.findall(rf"^\| {re.escape(first)} \|(.+)\|$", text, re.M)
        return [r for r in ([c.strip() for c in f.split("|")] for f in found) if len(r) == width]

    for k in assumptions.CATEGORY_SHARE:
        share, *factors = (float(v) for v in rows(k, 4)[0])
        assert share == assumptions.CATEGORY_SHARE[k]
        assert factors == list(assumptions.PLACE_FACTOR[k].values())
        assert [float(v) for v in rows(k, 6)[0]] == list(assumptions.RHYTHM[k])
        work = assumptions.CATEGORY_WORK[k]
        assert [float(v) for v in rows(k, 3)[0]] == [
            work["on_scene_min"],
            work["officers_sent"],
            work["case_work_officer_min"],
        ]
    assert rows("NBS class", 7) == [list(assumptions.RESIDENT_WEIGHT)]
    assert [float(v) for v in rows("weight", 7)[0]] == list(assumptions.RESIDENT_WEIGHT.values())
    for _, name, _, share, work_model in assumptions.UNITS:
        said_share, posts, per_alert, per_people = rows(name, 4)[0]
        assert float(said_share) == share
        if work_model is None:
            assert posts == "no model"
            continue
        assert (float(posts), float(per_people)) == (work_model[0], work_model[2])
        assert [float(n) for n in re.findall(r"\d+", per_alert)] == list(work_model[1].values())
    for number in ("42% (212)", "4% (20)", "the 272", "17 of 23", "is 29%", "2,090 residents",
                   "525,600", "150,171", "34% of the county", "39% of the alerts",
                   "13% of the registered", "`1 + 8 exp(-(r / 1 km)²)`"):  # fmt: skip
        assert number in text


def test_the_shares_of_the_assumptions_add_up() -> None:
    assert sum(assumptions.CATEGORY_SHARE.values()) == pytest.approx(1)
    assert sum(share for *_, share, _ in assumptions.UNITS) == pytest.approx(1)
    for shares in assumptions.RHYTHM.values():
        assert sum(shares) == pytest.approx(1)
        assert len(shares) == len(assumptions.PERIODS)


def test_summary_states_the_area_error(made: Model) -> None:
    assert "mean absolute area error 29% of 10 areas" in summary(made)


def test_unit_requirements_by_hand() -> None:
    required = {r["unit_id"]: float(r["required_officers"]) for r in table("units.csv")}
    minutes = 48 * 60 * 365 / 7
    assert required["U01"] == pytest.approx((3 * 525_600 + 25 * 60_000) / minutes, abs=0.05)
    assert required["U02"] == pytest.approx(2700 * 2700 / minutes, abs=0.05)
    assert required["U04"] == pytest.approx((10 * 525_600 + 240 * 13_200) / minutes, abs=0.05)
    assert required["U05"] == pytest.approx(27_000 * 93.5 / minutes, abs=0.05)
    fixed = {r["unit_id"]: r for r in table("units.csv")}["U11"]
    assert float(fixed["required_officers"]) == int(fixed["officers"])
    assert (fixed["can_give"], fixed["can_receive"]) == ("no", "no")


# --- other counties -------------------------------------------------------------------------------


@pytest.mark.parametrize("county", OTHER_COUNTIES)
def test_other_counties_by_the_same_recipe(shared: Path, tmp_path: Path, county: str) -> None:
    made = write_case(shared / county, tmp_path)
    towns, people = made.facts.townships, int(made.station_residents.sum())
    assert people == len(made.cells) * assumptions.RESIDENTS_PER_VILLAGE_UNIT
    assert made.alerts.sum() == pytest.approx(nearest(people * 60_000 / 935_000))
    stations, squads, units = (table(f"{n}.csv", tmp_path) for n in ("stations", "squads", "units"))
    officers = sum(total(t, "officers") for t in (stations, squads, units))
    assert officers == nearest(people * 504 / 935_000)
    assert all(int(r["officers"]) >= 4 for r in stations)
    assert 1 <= len([r for r in stations if r["kind"] == "urban"]) < len(towns)
    assert (
        len({r["station_id"] for r in stations}) == len({r["name"] for r in stations}) == len(towns)
    )

    areas = [c.area for c in made.cells]
    assert bool(shapely.coverage_is_valid(areas))
    outside = shapely.coverage_union_all(areas).symmetric_difference(made.facts.outline)
    assert float(made.plane.area_km2(outside)) < 0.02
    for c in made.cells:
        assert shapely.contains_xy(c.area, c.village.lon_deg, c.village.lat_deg)
    rural = {r["station_id"] for r in stations if r["kind"] == "rural"}
    managed = [s for r in squads for s in r["stations"].split(";")]
    assert sorted(managed) == sorted(rural)

    case = open_case(str(tmp_path))
    assert case.spec.default_scenario == "free"
    text = (tmp_path / "case.yaml").read_text("utf-8")
    assert "500231" not in text
    assert "935,000" not in text
    scaled = case.policy("two_in_three").bundling
    assert scaled.stations_bundled == nearest(len(rural) * 17 / 24)
    assert scaled.centres == nearest(len(rural) / 3)


def test_places_without_a_seat_in_the_shared_counties(shared: Path) -> None:
    assert len(read_facts(shared / "anxi").notes) == 0
    daye = " ".join(read_facts(shared / "daye").notes)
    assert "东风路街道办事处" in daye
    assert "counted in 东岳路街道办事处" in daye
    assert "杨家洲分场 stands for it" in daye
    assert "四顾闸管理处 has no published place: left out" in daye
    jiangyou = " ".join(read_facts(shared / "jiangyou").notes)
    assert "counted in 长城街道办事处" in jiangyou
    assert "香水镇 has no published place: left out, with its 8 village units" in jiangyou


# --- facts ----------------------------------------------------------------------------------------


def edited(tmp_path: Path, edits: Mapping[str, tuple[str, str]]) -> Path:
    """A copy of the facts with one text replaced in each named file."""
    folder = tmp_path / "facts"
    shutil.copytree(FACTS, folder)
    for name, (old, new) in edits.items():
        text = (folder / name).read_text("utf-8")
        assert old in text
        (folder / name).write_text(text.replace(old, new), encoding="utf-8", newline="\n")
    return folder


def without_seat(*codes: str) -> str:
    rows = [line.split(",") for line in (FACTS / "townships.csv").read_text("utf-8").splitlines()]
    return (
        "\n".join(",".join([*r[:2], "", "", "", ""] if r[0] in codes else r) for r in rows) + "\n"
    )


def test_a_subdistrict_without_a_seat_is_counted_in_the_next(tmp_path: Path) -> None:
    folder = edited(tmp_path, {})
    # None of 桂阳's points may stand for it: take them away too.
    places = (folder / "adcode_500231_all_levels.csv").read_text("utf-8").splitlines()
    places = [
        ",".join([*p.split(",")[:6], "", ""]) if p.startswith("500231002") else p for p in places
    ]
    (folder / "adcode_500231_all_levels.csv").write_text("\n".join(places), encoding="utf-8")
    (folder / "townships.csv").write_text(without_seat("500231002000"), encoding="utf-8")
    (folder / "facts.yaml").unlink()
    facts = read_facts(folder)
    assert len(facts.townships) == 25
    assert len(facts.townships[0].villages) == 19 + 14
    assert facts.notes == (
        "桂阳街道 has no published place: its 14 village units are counted in 桂溪街道.",
    )


def test_a_town_without_a_seat_takes_a_point_of_its_own_or_is_left_out(tmp_path: Path) -> None:
    folder = edited(tmp_path, {})
    (folder / "facts.yaml").unlink()
    text = without_seat("500231105000", "500231202000")  # 永安 has 石口子's point, 沙河 has none
    (folder / "townships.csv").write_text(text, encoding="utf-8")
    facts = read_facts(folder)
    by_name = {t.name: t for t in facts.townships}
    assert "沙河乡" not in by_name
    point = next(v for v in by_name["永安镇"].villages if v.name == "石口子村委会")
    assert (by_name["永安镇"].lon_deg, by_name["永安镇"].lat_deg) == (point.lon_deg, point.lat_deg)
    assert len(facts.notes) == 2


def test_village_points_are_converted_from_gcj02() -> None:
    # 民心社区 in 澄溪: Amap's point lies about 500 m east-southeast of the true place.
    place = next(
        v for t in read_facts(FACTS).townships for v in t.villages if v.name == "民心社区居委会"
    )
    assert 0.003 < 107.298012 - place.lon_deg < 0.006
    assert 0.001 < place.lat_deg - 30.220902 < 0.004


def test_dummy_units_are_dropped(tmp_path: Path) -> None:
    old = "500231001001,500231001000,东街社区居委会,village,121,f"
    folder = edited(tmp_path, {"adcode_500231_all_levels.csv": (old, old[:-1] + "t")})
    assert len(read_facts(folder).townships[0].villages) == 18


@pytest.mark.parametrize(
    ("edits", "said"),
    [
        ({"townships.csv": ("lon_wgs84", "lon")}, "lon_wgs84"),
        ({"adcode_500231_all_levels.csv": ("ur_code", "class")}, "ur_code"),
        ({"adcode_500231_all_levels.csv": (",county,", ",town,")}, "level county"),
        ({"facts.yaml": ("桂溪街道", "桂溪镇")}, "names of towns"),
        ({"facts.yaml": ("alerts_per_year", "alerts_a_year")}, "known key"),
        ({"townships.csv": ("107.354301", "108.354301")}, "inside the county"),
    ],
)
def test_wrong_facts_are_refused(
    tmp_path: Path, edits: Mapping[str, tuple[str, str]], said: str
) -> None:
    with pytest.raises(InputError, match=said):
        read_facts(edited(tmp_path, edits))


def test_every_missing_file_is_named_at_once(tmp_path: Path) -> None:
    with pytest.raises(InputError) as caught:
        read_facts(tmp_path)
    assert [p.where for p in caught.value.problems] == [
        "townships.csv",
        "adcode_*_all_levels.csv",
        "county_*_wgs84.geojson",
    ]


def test_command_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    chosen = ["--name", "试县", "--officers-in-post", "600", "--rural-squads", "0"]
    assert main([str(FACTS), str(tmp_path / "out"), *chosen]) == 0
    assert "试县: 26 stations (2 urban), 301 cells" in capsys.readouterr().out
    assert sorted(p.name for p in (tmp_path / "out").iterdir()) == sorted(WRITTEN)
    rows = [table(f"{n}.csv", tmp_path / "out") for n in ("stations", "units")]
    assert sum(total(t, "officers") for t in rows) == 600
    assert table("squads.csv", tmp_path / "out") == []


def test_command_line_refuses_bad_input_and_writes_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([str(tmp_path), str(tmp_path / "out")]) == 2
    assert "townships.csv" in capsys.readouterr().err
    few = ["--officers-in-post", "100", "--officers-authorised", "100"]
    assert main([str(FACTS), str(tmp_path / "out"), *few]) == 2
    assert "100 officers do not cover the floors" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_overrides_go_before_the_published_figures() -> None:
    facts = read_facts(FACTS, Figures(registered_population=700_000))
    assert facts.figures.registered_population == 700_000
    assert facts.figures.officers_in_post == 504


def test_squad_areas_of_the_case_are_contiguous(made: Model) -> None:
    pairs = set(neighbours(made.township_areas))
    for area in made.squad_areas:
        reached, frontier = {area[0]}, [area[0]]
        while frontier:
            here = frontier.pop()
            for other in set(area) - reached:
                if (min(here, other), max(here, other)) in pairs:
                    reached.add(other)
                    frontier.append(other)
        assert reached == set(area)
    assert sorted(t for area in made.squad_areas for t in area) == list(range(2, 26))


def test_csv_files_are_plain_utf8_with_unix_lines() -> None:
    for name in ("stations.csv", "squads.csv", "units.csv"):
        raw = (CASE / name).read_bytes()
        assert not raw.startswith(b"\xef\xbb\xbf")
        assert b"\r" not in raw
        assert csv.Sniffer().sniff(raw.decode("utf-8")[:2000]).delimiter == ","
        assert next(csv.reader(io.StringIO(raw.decode("utf-8"))))[0].endswith("_id")
