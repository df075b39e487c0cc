"""Barriers: which neighbours they part, how a bridge joins them, and what a planner reads."""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path
from typing import Any

import numpy as np
import pyogrio
import pytest
import shapely
import shapely.affinity
import yaml
from shapely.geometry import shape

from geo.barriers import Barriers, parted_cells
from geo.boundaries import cell_adjacency
from geo.plane import as_geometry
from scenarios.barriers import barrier_marks
from tests.command_line import command, document, said
from tests.small_case import SOUTH, STEP, WEST, write_case

# Four square cells of about 2 km in a row; their points in the middle.
SQUARES = as_geometry([shapely.box(107 + 0.02 * i, 30, 107.02 + 0.02 * i, 30.02) for i in range(4)])
LON, LAT = np.array([107.01, 107.03, 107.05, 107.07]), np.full(4, 30.01)
PAIRS = cell_adjacency(SQUARES)


def barriers(*shapes: Any, passable: tuple[Any, ...] = ()) -> Barriers:
    return Barriers(
        name=tuple(f"b{i}" for i in range(len(shapes) + len(passable))),
        geometry=as_geometry([*shapes, *passable]),
        passable=np.array([False] * len(shapes) + [True] * len(passable), dtype=bool),
    )


def line(*points: tuple[float, float]) -> Any:
    return shapely.LineString(points)


def parted(*shapes: Any, passable: tuple[Any, ...] = (), points: bool = False) -> list[list[int]]:
    made = barriers(*shapes, passable=passable)
    found = parted_cells(made, PAIRS, None if points else SQUARES, LON, LAT)
    return [list(map(int, pair)) for pair in found]


def test_the_row_of_squares() -> None:
    assert PAIRS.tolist() == [[0, 1], [1, 2], [2, 3]]
    assert parted() == []


def test_a_river_between_the_points_parts_wherever_the_border_is() -> None:
    inside = line((107.025, 29.9), (107.025, 30.1))  # within cell 1, west of its point
    assert parted(inside) == [[0, 1]]
    assert parted(inside, points=True) == [[0, 1]]
    beyond = line((107.025, 29.9), (107.025, 30.005))  # ends short of the line between the points
    assert parted(beyond) == []


def test_a_river_along_most_of_the_border_parts() -> None:
    """The straight line between the points passes its end; 60% of the border is along it."""
    x = 107.02
    most = line((x + 0.0005, 30.0), (x + 0.0005, 30.0085))
    upper = line((x + 0.0005, 30.0115), (x + 0.0005, 30.02))
    assert parted(most) == []  # 42% and 5% of the 100 m about its end
    assert parted(most, upper) == [[0, 1]]
    far = [shapely.affinity.translate(one, 0.0015) for one in (most, upper)]
    assert parted(*far) == []  # 190 m from the border, and not between the points
    assert parted(most, upper, points=True) == []


def test_an_area_is_a_barrier_too() -> None:
    lake = shapely.box(107.035, 30.0, 107.045, 30.02)
    assert parted(lake) == [[1, 2]]


def test_a_bridge_joins_what_the_river_parts() -> None:
    river = [line((x, 29.9), (x, 30.1)) for x in (107.02, 107.04, 107.06)]
    assert parted(*river) == PAIRS.tolist()
    bridge = shapely.Point(107.0205, 30.018)
    assert parted(*river, passable=(bridge,)) == [[1, 2], [2, 3]]
    away = shapely.Point(107.023, 30.018)  # 290 m from cell 0
    assert parted(*river, passable=(away,)) == PAIRS.tolist()
    road = line((107.041, 30.005), (107.059, 30.005))
    assert parted(*river, passable=(road,)) == [[0, 1]]


def test_a_bridge_between_points_lies_in_their_circle() -> None:
    river = line((107.02, 29.9), (107.02, 30.1))
    assert parted(river, passable=(shapely.Point(107.02, 30.018),), points=True) == []
    assert parted(river, passable=(shapely.Point(107.02, 30.03),), points=True) == [[0, 1]]


# --- a case -------------------------------------------------------------------------------------


X = WEST + 6 * STEP  # between the third and the fourth station


def with_river(folder: Path, *features: dict[str, Any], **case: Any) -> Path:
    def change(spec: dict[str, Any]) -> None:
        spec["layers"]["barriers"] = {"path": "barriers.geojson", "crs": "WGS84"}
        spec["policy"]["response"] = {"rural_min": 60}
        spec["policy"]["traffic"] = {"dissolve_squads": False}
        spec["policy"]["bundling"] = {
            "max_office_travel_min": 60, "locks": {"together": [["03", "04"]]},
        }  # fmt: skip
        spec.update(case)

    made = write_case(folder, case=change)
    text = json.dumps({"type": "FeatureCollection", "features": list(features)})
    (made / "barriers.geojson").write_text(text, encoding="utf-8")
    return made


def feature(kind: str, coordinates: Any, **properties: Any) -> dict[str, Any]:
    return {"type": "Feature", "properties": properties,
            "geometry": {"type": kind, "coordinates": coordinates}}  # fmt: skip


RIVER = feature("LineString", [[X, SOUTH - 0.1], [X, SOUTH + 0.1]], name="大河", passable="no")
BRIDGE = feature("Point", [X, SOUTH + 0.01], name="老桥", passable="yes")


@pytest.fixture(scope="module")
def case(tmp_path_factory: pytest.TempPathFactory) -> Path:
    scenarios = {
        "bridge": {
            "description": "d", "reason": "a new bridge",
            "barriers": {"add": {"新桥": {"at": [X, SOUTH + 0.01], "passable": True}}},
        },
        "dry": {"description": "d", "reason": "none", "barriers": {"remove": ["大河"]}},
        "more": {
            "description": "d", "reason": "expressway",
            "policy": {"bundling": {"locks": {"together": []}}},
            "barriers": {
                "add": {"高速": {"line": [[X - 0.08, SOUTH - 0.1], [X - 0.08, SOUTH + 0.1]]}}
            },
        },
    }  # fmt: skip
    return with_river(tmp_path_factory.mktemp("river") / "case", RIVER, scenarios=scenarios)


def bundles(found: Any) -> list[set[str]]:
    return [set(b["station_ids"]) for b in found["plan"]["bundles"]]


def test_no_bundle_crosses_the_river_and_the_clash_names_it(case: Path) -> None:
    found = document("run", case, "--no-store", exit_code=1)
    [proof] = found["proofs"]
    assert set(proof["clashing_rules"]) == {"bundling.barriers", "bundling.locks.together"}
    needed = {r["rule"]: r["needed"] for r in proof["relaxations"]}
    assert needed["bundling.barriers"] == "a crossing between 03+04"


def test_a_scenario_opens_a_bridge_or_takes_the_barrier_away(case: Path) -> None:
    for name in ("bridge", "dry"):
        found = document("run", case, "--no-store", "-s", name)
        assert any({"03", "04"} <= b for b in bundles(found))
    more = document("run", case, "--no-store", "-s", "more")
    assert not any({"03", "04"} <= b or {"01", "02"} <= b for b in bundles(more))


def test_a_bridge_in_the_layer(tmp_path: Path) -> None:
    folder = with_river(tmp_path / "case", RIVER, BRIDGE)
    assert any({"03", "04"} <= b for b in bundles(document("run", folder, "--no-store")))


def test_validate_tells_what_is_parted(case: Path) -> None:
    text = said("validate", case)
    assert "1 barriers part 1 of 5 pairs of neighbouring stations: 丙派出所|丁派出所" in text
    zh = command("validate", case, "--lang", "zh").output
    assert "丙派出所|丁派出所" in zh
    assert "barriers part" not in zh


def test_the_maps_show_it(case: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    done = command("run", case, "--no-store", "-s", "bridge", "--out", out, "--lang", "zh")
    assert done.exit_code == 0, done.output
    assert "大河" in (out / "map.svg").read_text(encoding="utf-8")
    assert "阻隔：大河" in (out / "map.html").read_text(encoding="utf-8")
    manifest = json.loads((out / "manifest.json").read_text(encoding="utf-8"))
    assert "barriers.geojson" in manifest["inputs"]
    walls = pyogrio.read_dataframe(out / "plan.gpkg", layer="barriers")
    assert walls["name"].tolist() == ["大河"]
    (river,) = walls.geometry
    assert river.equals(shape(RIVER["geometry"]))  # whole, beyond the county too
    gates = pyogrio.read_dataframe(out / "plan.gpkg", layer="crossings")
    assert [river.distance(g) for g in gates.geometry] == [pytest.approx(0.0, abs=1e-9)]
    with sqlite3.connect(out / "plan.gpkg") as database:
        styled = {row[0] for row in database.execute("SELECT f_table_name FROM layer_styles")}
    assert {"barriers", "crossings"} <= styled


def test_maps_cut_a_barrier_a_little_outside_the_county() -> None:
    long = barriers(line((100.0, 30.01), (110.0, 30.01)), line((1.0, 1.0), (2.0, 1.0)))
    (mark,) = barrier_marks(long, None, SQUARES)
    west, _south, east, _north = shapely.total_bounds(mark.lines)
    assert (west, east) == pytest.approx((107.0 - 0.003, 107.08 + 0.003))
    assert mark.name == "b0"  # the other is nowhere near
    whole = barrier_marks(long, None, None)
    assert [m.name for m in whole] == ["b0", "b1"]
    assert shapely.length(whole[0].lines).sum() == pytest.approx(10.0)
    smaller = barrier_marks(long, SQUARES[1], SQUARES)
    assert shapely.length(smaller[0].lines).sum() == pytest.approx(0.02 + 2 * 0.003)


def test_what_is_no_barrier_is_refused(case: Path, tmp_path: Path) -> None:
    point = feature("Point", [X, SOUTH], name="井", passable="no")
    said_of_point = command("validate", with_river(tmp_path / "a", point), "--lang", "en")
    assert said_of_point.exit_code == 2
    assert "a line or an area" in " ".join(said_of_point.output.split())
    document_ = yaml.safe_load((case / "case.yaml").read_text(encoding="utf-8"))
    document_["scenarios"] = {
        "lost": {"description": "d", "reason": "r", "barriers": {"remove": ["小河"]}},
        "point": {
            "description": "d",
            "reason": "r",
            "barriers": {"add": {"x": {"at": [X, SOUTH]}}},
        },
    }
    folder = with_river(tmp_path / "b", RIVER, scenarios=document_["scenarios"])
    text = command("validate", folder, "--lang", "en").output
    text = " ".join(text.split())
    assert "a barrier of the case: 大河" in text
    assert "passable: true, for a crossing" in text
