"""`jingli init --from-osm`: a case from an extract, filled in and read."""

from __future__ import annotations

import bz2
import csv
import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from geo.osm_places import read_places
from scenarios.case import open_case
from scenarios.cli import jingli
from scenarios.load import inspect
from tests import osm_text as osm

pytestmark = pytest.mark.usefixtures("no_pictures")

W, S = 107.30, 30.20


def square(first: int, west: float, south: float) -> list[str]:
    corners = [(0.0, 0.0), (0.1, 0.0), (0.1, 0.1), (0.0, 0.1)]
    return [
        osm.node(first + i, round(west + x, 4), round(south + y, 4))
        for i, (x, y) in enumerate(corners)
    ]


def township(way_id: int, first: int, level: str = "8", **tags: str) -> str:
    ring = [first, first + 1, first + 2, first + 3, first]
    return osm.way(way_id, ring, boundary="administrative", admin_level=level, **tags)


TOWNSHIPS = [
    *square(10, W, S),
    *square(20, W + 0.1, S),
    township(100, 10, name="甲镇", population="12,000"),
    township(200, 20, name="乙镇"),
]
ROADS = [
    osm.node(1, W + 0.02, S + 0.05),
    osm.node(2, W + 0.18, S + 0.05),
    osm.way(300, [1, 2], highway="secondary"),
]
POLICE = [
    osm.node(5, W + 0.03, S + 0.04, amenity="police", name="甲派出所"),
    osm.node(6, W + 0.15, S + 0.06, amenity="police"),
]


def start(
    folder: Path, *elements: str, extract: str = "小县.osm", more: tuple[str, ...] = ()
) -> Result:
    path = folder / extract
    text = osm.document(*elements).encode()
    path.write_bytes(bz2.compress(text) if extract.endswith("bz2") else text)
    arguments = ["init", str(folder / "case"), "--from-osm", str(path), "--lang", "en", *more]
    return CliRunner().invoke(jingli, arguments)


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def fill(path: Path, **values: str) -> None:
    found = rows(path)
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, fieldnames=list(found[0]))
        writer.writeheader()
        writer.writerows({**row, **values} for row in found)


@pytest.mark.parametrize("extract", ["小县.osm", "small.osm.bz2"])
def test_what_the_extract_has_is_taken_over(tmp_path: Path, extract: str) -> None:
    done = start(tmp_path, *ROADS, *POLICE, *TOWNSHIPS, extract=extract)
    assert done.exit_code == 0, done.output
    assert "2 townships (admin_level 8); 2 police stations" in done.output
    case = tmp_path / "case"
    stations = rows(case / "stations.csv")
    assert [(s["编号"], s["名称"]) for s in stations] == [("n5", "甲派出所"), ("n6", "派出所 n6")]
    assert {s["民警"] for s in stations} == {""}
    cells = rows(case / "cells.csv")
    assert [(c["乡镇"], c["人口"], c["派出所编号"]) for c in cells] == [
        ("甲镇", "12000", "n5"),
        ("乙镇", "", "n6"),
    ]
    assert len(json.loads((case / "cells.geojson").read_text())["features"]) == 2
    assert (case / extract).read_bytes() == (tmp_path / extract).read_bytes()
    opened = open_case(str(case))
    assert "OpenStreetMap" in opened.spec.attribution
    assert [(o.item, o.origin) for o in opened.spec.provenance] == [
        ("cells.station_id", "modelled"),
        ("cells.lon", "modelled"),
    ]


def test_blanks_are_asked_for_and_once_filled_in_the_case_runs(tmp_path: Path) -> None:
    assert start(tmp_path, *ROADS, *POLICE, *TOWNSHIPS).exit_code == 0
    folder = tmp_path / "case"
    case = open_case(str(folder))
    said = [p.text() for p in inspect(case, case.spec.policy).problems if p.severity == "error"]
    assert any("民警" in text for text in said), said
    fill(folder / "stations.csv", 民警="8", 城乡="农村")
    fill(folder / "cells.csv", 年警情_刑事="100")
    out = tmp_path / "out"
    done = CliRunner().invoke(jingli, ["run", str(folder), "--out", str(out), "--no-store"])
    assert done.exit_code == 0, done.output
    assert (out / "plan.gpkg").exists()


def test_without_police_each_township_gets_a_station_that_is_called_modelled(
    tmp_path: Path,
) -> None:
    done = start(tmp_path, *ROADS, *TOWNSHIPS)
    assert done.exit_code == 0, done.output
    assert "(modelled)" in done.output
    names = [s["名称"] for s in rows(tmp_path / "case" / "stations.csv")]
    assert names == ["甲镇派出所", "乙镇派出所"]
    origins = open_case(str(tmp_path / "case")).spec.provenance
    assert {o.item for o in origins if o.origin == "modelled"} >= {"stations.lon", "stations.name"}


def test_levels_are_chosen_or_given(tmp_path: Path) -> None:
    villages = [
        *square(30, W, S + 0.1), *square(40, W + 0.1, S + 0.1),
        township(400, 30, level="10", name="丙村"), township(500, 40, level="10", name="丁村"),
    ]  # fmt: skip
    path = osm.write(tmp_path / "x.osm", *TOWNSHIPS, *villages)
    assert read_places(path).level == "8"
    assert read_places(path).levels == {"10": 2, "8": 2}
    assert [t.name for t in read_places(path, "10").townships] == ["丙村", "丁村"]


def test_a_station_by_point_and_building_is_one(tmp_path: Path) -> None:
    house = [osm.node(50 + i, *at) for i, at in enumerate([(W, S), (W + 1e-4, S), (W, S + 1e-4)])]
    building = osm.way(600, [50, 51, 52, 50], amenity="police", building="yes", name="甲派出所")
    point = osm.node(5, W + 1e-4, S, amenity="police", name="甲派出所")
    path = osm.write(tmp_path / "x.osm", point, *house, building)
    assert [p.osm_id for p in read_places(path).police] == ["n5"]


@pytest.mark.parametrize(
    ("extract", "elements", "said"),
    [
        ("x.osm", ROADS, "expected police stations, settlements, or the whole border"),
        ("x.osm", [*TOWNSHIPS, *POLICE], "at least one road that cars can use"),
        ("x.txt", TOWNSHIPS, "whose name ends in .osm.pbf"),
    ],
)
def test_what_cannot_be_started_from(
    tmp_path: Path, extract: str, elements: list[str], said: str
) -> None:
    done = start(tmp_path, *elements, extract=extract)
    assert done.exit_code != 0
    assert said in done.output
    assert not (tmp_path / "case").exists()


def test_a_file_whose_nodes_come_in_no_order_is_whole(tmp_path: Path) -> None:
    mixed = read_places(osm.write(tmp_path / "x.osm", *TOWNSHIPS, *POLICE))
    assert mixed.levels == {"8": 2}
    assert [p.osm_id for p in mixed.police] == ["n5", "n6"]


def home(node_id: int, east: float, north: float, **tags: str) -> str:
    return osm.node(node_id, round(W + east, 4), round(S + north, 4), **tags)


def cells_of(case: Path) -> dict[str, tuple[float, float]]:
    features = json.loads((case / "cells.geojson").read_text())["features"]
    told = [one["properties"] for one in features]
    return {one["cell_id"]: (one["lon"], one["lat"]) for one in told}


def test_alerts_of_a_township_are_at_its_settlement_or_on_its_streets(tmp_path: Path) -> None:
    # 甲镇: of two settlements the one of its name, though it is the smaller. 乙镇 has none.
    homes = [
        home(7, 0.08, 0.09, place="town", name="大市"),
        home(8, 0.05, 0.02, place="village", name="甲镇"),
    ]
    assert start(tmp_path, *ROADS, *POLICE, *TOWNSHIPS, *homes).exit_code == 0
    places = cells_of(tmp_path / "case")
    assert places["100"] == (W + 0.05, S + 0.02)
    assert places["200"] == (W + 0.18, S + 0.05)


def test_a_cell_goes_to_the_station_that_is_there_first_by_road(tmp_path: Path) -> None:
    # The station of 乙镇 stands next to the border, nearer to 甲镇 as the crow flies than its
    # own, but the only road there goes round by the east.
    roads = [
        osm.node(1, W + 0.02, S + 0.05), osm.node(2, W + 0.09, S + 0.05),
        osm.node(3, W + 0.09, S + 0.09), osm.node(4, W + 0.19, S + 0.09),
        osm.node(9, W + 0.101, S + 0.05), osm.node(60, W + 0.19, S + 0.05),
        osm.way(300, [1, 2, 3, 4, 60, 9], highway="secondary"),
    ]  # fmt: skip
    police = [home(5, 0.02, 0.05, amenity="police", name="西"),
              home(6, 0.101, 0.05, amenity="police", name="东")]  # fmt: skip
    middle = home(7, 0.085, 0.05, place="village", name="甲镇")
    assert start(tmp_path, *roads, *police, *TOWNSHIPS, middle).exit_code == 0
    own = {c["乡镇"]: c["派出所编号"] for c in rows(tmp_path / "case" / "cells.csv")}
    assert own == {"甲镇": "n5", "乙镇": "n6"}


def test_without_whole_townships_squares_with_streets_are_the_cells(tmp_path: Path) -> None:
    homes = [home(7, 0.03, 0.05, place="village", name="东村"),
             home(8, 0.17, 0.05, place="village", name="西村"),
             home(9, 0.1, 0.05, place="hamlet", name="小湾")]  # fmt: skip
    done = start(tmp_path, *ROADS, *homes)
    assert done.exit_code == 0, done.output
    # The road is 15.4 km of two points; a side of half a kilometre is the smallest offered.
    assert "no township whose whole border is in the extract" in done.output
    assert "2 squares of 0.5 km with streets as cells (modelled)" in done.output
    assert "one is put into each of 2 settlements (modelled)" in done.output
    case = tmp_path / "case"
    assert [s["名称"] for s in rows(case / "stations.csv")] == ["东村派出所", "西村派出所"]
    found = [(c["乡镇"], c["派出所编号"]) for c in rows(case / "cells.csv")]
    assert found == [("东村", "n7"), ("西村", "n8")]
    assert sorted(cells_of(case).values()) == [(W + 0.02, S + 0.05), (W + 0.18, S + 0.05)]
    origins = {o.item: o.origin for o in open_case(str(case)).spec.provenance}
    assert origins["cells.geometry"] == origins["stations.name"] == "modelled"


def test_squares_asked_for_keep_the_names_of_the_townships(tmp_path: Path) -> None:
    corners = [osm.node(70 + i, round(W + 0.02 * i, 4), S + 0.05) for i in range(1, 10)]
    road = osm.way(301, list(range(71, 80)), highway="secondary")
    outside = [osm.node(80, W - 0.05, S + 0.05), osm.way(302, [80, 71], highway="secondary")]
    more = ("--grid-km", "2")
    done = start(tmp_path, *corners, road, *outside, *POLICE, *TOWNSHIPS, more=more)
    assert done.exit_code == 0, done.output
    found = rows(tmp_path / "case" / "cells.csv")
    # Corners every 1.92 km; the square of the one that lies in no township is left out.
    assert {c["乡镇"] for c in found} == {"甲镇", "乙镇"}
    assert f"{len(found)} squares of 2 km" in done.output
    assert all(lon >= W for lon, _lat in cells_of(tmp_path / "case").values())
    shapes = json.loads((tmp_path / "case" / "cells.geojson").read_text())["features"]
    assert all(len(one["geometry"]["coordinates"][0]) == 5 for one in shapes)


def test_a_station_that_is_nowhere_first_is_told(tmp_path: Path) -> None:
    twin = home(9, 0.0302, 0.045, amenity="police", name="丙派出所")
    done = start(tmp_path, *ROADS, *POLICE, *TOWNSHIPS, twin)
    assert "cells for 1 stations that are nowhere first" in done.output
    # Made up, such a station is not put there at all: the one between two others is nowhere first.
    (tmp_path / "case").rename(tmp_path / "first")
    near = [home(7 + i, 0.03 + i / 100, 0.05, place="hamlet") for i in range(3)]
    done = start(tmp_path, *ROADS, *near)
    assert "one is put into each of 2 settlements" in done.output
    assert [s["编号"] for s in rows(tmp_path / "case" / "stations.csv")] == ["n7", "n9"]


def test_a_level_that_is_not_there_is_told_with_those_that_are(tmp_path: Path) -> None:
    done = start(tmp_path, *ROADS, *TOWNSHIPS, more=("--admin-level", "9"))
    assert done.exit_code != 0
    assert "x.osm" not in done.output
    assert "there are 8 (2)" in done.output


def test_a_nameless_point_beside_a_station_is_that_station(tmp_path: Path) -> None:
    points = [
        home(5, 0.03, 0.04, amenity="police"),
        home(6, 0.0302, 0.04, amenity="police", name="甲派出所"),
        home(7, 0.05, 0.04, amenity="police"),
    ]
    path = osm.write(tmp_path / "x.osm", *points)
    assert [p.osm_id for p in read_places(path).police] == ["n6", "n7"]


@pytest.mark.parametrize("content", [b"nothing of the kind", b"<osm version='0.6'><node id='1'"])
def test_a_file_that_is_none_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "x.osm").write_bytes(content)
    arguments = ["init", str(tmp_path / "case"), "--from-osm", str(tmp_path / "x.osm")]
    done = CliRunner().invoke(jingli, [*arguments, "--lang", "en"])
    assert done.exit_code != 0
    assert "OpenStreetMap file" in done.output


def test_an_extract_that_is_not_there(tmp_path: Path) -> None:
    arguments = ["init", str(tmp_path / "case"), "--from-osm", str(tmp_path / "x.osm")]
    done = CliRunner().invoke(jingli, [*arguments, "--lang", "en"])
    assert done.exit_code != 0
    assert "a file that can be read" in done.output
