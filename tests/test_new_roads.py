"""New roads: where they join, how far their ends may be off, what they are read from.

The main road runs from west to east at 1 min/km, the upper one further north at 2 min/km, joined at
both ends (tests/test_change_roads.py).
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pytest
import shapely
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from geo.road_graph import TURN
from scenarios.changes import apply
from scenarios.load import LoadedCase
from scenarios.prepared import Prepared
from tests.test_change_roads import (  # noqa: F401
    GAP_X,
    MAIN,
    UPPER,
    X,
    base,
    between,
    changed,
    km,
    prepared,
    refused,
)
from tests.test_changes import scenario_of

Changed = Callable[..., LoadedCase]
EAST_KM, NORTH_KM = 96.28, 110.86  # of a degree here
# Across both roads and beyond both, between 03 and 04.
OVER = [[GAP_X, MAIN - 0.02], [GAP_X, UPPER + 0.02]]
CUT = {"bridge": {"near": [GAP_X + 0.003, MAIN]}}


def detour(loaded: LoadedCase, speed: float) -> float:
    """From 03 to 04 by the new road, half the upper one, the east link and back."""
    length = km(loaded)
    up = (UPPER - MAIN) * NORTH_KM
    return (
        length["piece"] / 2 + up * 60 / speed + length["upper"] + length["link"]
        + 2 * length["piece"]
    )  # fmt: skip


def test_a_new_road_meets_the_roads_that_it_crosses(changed: Changed, base: LoadedCase) -> None:  # noqa: F811
    loaded = changed(new={"over": {"line": OVER, "speed_km_per_h": 60, "join_m": 3000}}, close=CUT)
    assert between(loaded, 2, 3) == pytest.approx(detour(base, 60), rel=0.01)
    assert between(loaded, 3, 2) == pytest.approx(detour(base, 60), rel=0.01)


def test_a_grade_separated_road_meets_others_at_its_ends_only(
    changed: Changed,  # noqa: F811
    base: LoadedCase,  # noqa: F811
) -> None:
    # Both ends on links; it flies over the upper and the main road.
    x0, x5 = X[0], X[5]
    mid = (MAIN + UPPER) / 2
    line = [[x0, mid], [GAP_X, mid], [GAP_X, MAIN - 0.01], [x5, MAIN - 0.01], [x5, mid]]
    road = {"line": line, "speed_km_per_h": 600}
    over = changed(new={"over": {**road, "grade_separated": True}}, close=CUT)
    at_grade = changed(new={"over": road}, close=CUT)
    assert between(at_grade, 2, 3) < between(over, 2, 3)
    marks = [m.kind for m in over.road_marks]
    assert marks == ["new", "closed"]
    fast = changed(new={"over": {**road, "road_class": "expressway"}}, close=CUT)
    assert between(fast, 2, 3) == pytest.approx(between(over, 2, 3), abs=1e-3)


def test_two_new_roads_meet_each_other(changed: Changed, base: LoadedCase) -> None:  # noqa: F811
    mid = (MAIN + UPPER) / 2
    new = {
        "south": {"line": [[GAP_X, MAIN], [GAP_X, mid]], "speed_km_per_h": 60},
        "across": {"line": [[GAP_X - 0.01, mid], [X[5], mid]], "speed_km_per_h": 60,
                   "join_m": 5000},
    }  # fmt: skip
    loaded = changed(new=new, close=CUT)
    up = (mid - MAIN) * NORTH_KM
    east = (X[5] - GAP_X) * EAST_KM
    expected = km(base)["piece"] / 2 + up + east + up + 2 * km(base)["piece"]
    assert between(loaded, 2, 3) == pytest.approx(expected, rel=0.01)


def test_ends_are_drawn_on_to_the_road_and_driven(changed: Changed, base: LoadedCase) -> None:  # noqa: F811
    short = [[GAP_X, MAIN + 0.0008], [GAP_X, UPPER - 0.0008]]  # 89 m from each
    loaded = changed(new={"n": {"line": short, "speed_km_per_h": 60}}, close=CUT)
    assert between(loaded, 2, 3) == pytest.approx(detour(base, 60), rel=0.01)
    (mark,) = [m for m in loaded.road_marks if m.kind == "new"]
    assert shapely.length(mark.lines[0]) == pytest.approx(UPPER - MAIN, rel=2e-3)


def test_everything_wrong_with_new_roads_is_said_at_once(
    refused: Callable[..., list[str]],  # noqa: F811
    prepared: Prepared,  # noqa: F811
) -> None:
    (prepared.case.folder / "some.geojson").write_text(
        json.dumps({"type": "FeatureCollection", "features": [feature("环线", OVER)]}),
        encoding="utf-8",
    )
    said = refused(
        new={
            "off": {"line": [[X[4], MAIN + 0.002], [X[4], UPPER + 0.03]]},
            "class": {"line": OVER, "road_class": "countty", "join_m": 3000},
            "point": {"line": [[GAP_X, MAIN], [GAP_X, MAIN]]},
            "ok": {"line": OVER, "join_m": 3000},
        }
    )
    assert len(said) == 3
    told = re.search(r"to the nearest it is ([\d,]+) m, from the last ([\d,]+) m", said[2])
    assert told is not None
    gaps_m = [float(text.replace(",", "")) for text in told.groups()]
    assert gaps_m == pytest.approx([0.002 * NORTH_KM * 1000, 0.03 * NORTH_KM * 1000], rel=0.01)
    assert "roads.new.off.line" in said[2]
    assert "`join_m`" in said[2]
    assert any("roads.new.class.road_class = countty" in s and "did you mean county" in s
               for s in said)  # fmt: skip
    assert any("roads.new.point.line: expected a line with a length" in s for s in said)
    said = refused(new={"ring": {"drawn": "some.geojson#环县", "join_m": 3000}})
    assert any("expected the name or id of a feature in the file: 环线" in s for s in said)


def feature(name: str, line: list[list[float]], **more: Any) -> dict[str, Any]:
    return {"type": "Feature", "properties": {"name": name, **more},
            "geometry": {"type": "LineString", "coordinates": line}}  # fmt: skip


@pytest.mark.parametrize("kind", ["geojson", "gpkg", "shp"])
@pytest.mark.parametrize("key", ["环线", "77"])
def test_one_feature_of_a_file(
    changed: Changed,  # noqa: F811
    prepared: Prepared,  # noqa: F811
    base: LoadedCase,  # noqa: F811
    kind: str,
    key: str,
) -> None:
    elsewhere = [[X[0], MAIN], [X[0], UPPER]]
    features = [feature("别处", elsewhere, id=5), feature("环线", OVER, id=77)]
    path = prepared.case.folder / f"plans.{kind}"
    frame = gpd.GeoDataFrame.from_features(features, crs="EPSG:4326")
    if kind == "geojson":
        path.write_text(json.dumps({"type": "FeatureCollection", "features": features}), "utf-8")
    else:  # in another datum, which the file states
        frame.to_crs("EPSG:4490" if kind == "shp" else "EPSG:3857").to_file(path, encoding="utf-8")
    road = {"drawn": f"plans.{kind}#{key}", "speed_km_per_h": 60, "join_m": 3000}
    loaded = changed(new={"over": road}, close=CUT)
    assert between(loaded, 2, 3) == pytest.approx(detour(base, 60), rel=0.01)
    (mark,) = [m for m in loaded.road_marks if m.kind == "new"]
    assert len(mark.lines) == 1
    both = changed(new={"all": {**road, "drawn": f"plans.{kind}"}}, close=CUT)
    assert len(next(m for m in both.road_marks if m.kind == "new").lines) == 2


def test_a_road_joined_where_turns_are_forbidden_lets_nobody_turn_there(tmp_path: Path) -> None:
    """A junction of several nodes: the new road meets all, and opens no forbidden turn."""
    from geo.osm import OsmOptions, read_osm_roads
    from geo.routing import reached, router
    from geo.snapping import snapper
    from optimizer.policy import Roads
    from scenarios.grown_roads import Planned, grown
    from scenarios.streets import Streets
    from tests import osm_text as osm

    places = {1: (0.0, 0.0), 2: (0.01, 0.0), 3: (0.02, 0.0), 4: (0.01, 0.01)}
    elements = [osm.node(i, *xy) for i, xy in places.items()]
    elements += [osm.way(10, [1, 2], highway="tertiary"), osm.way(11, [2, 3], highway="tertiary"),
                 osm.way(12, [2, 4], highway="tertiary"),
                 osm.restriction(20, 10, 2, 12, "no_left_turn")]  # fmt: skip
    path = osm.write(tmp_path / "roads.osm", *elements)
    graph, _ = read_osm_roads(path, "roads.osm", Roads(), OsmOptions())
    assert graph is not None
    assert (graph.arc_street == TURN).any()
    streets = Streets(graph, {}, snapper(graph))
    line = streets.plane.project(np.array([shapely.LineString([(0.01, 0), (0.01, -0.01)])], object))
    planned = Planned(name="n", line=line[0], road_class="county", speed_km_per_h=60,
                      oneway=False, grade_separated=False, join_m=2000)  # fmt: skip
    made = grown(streets, snapper(graph), [replace(planned, line=line[0])]).graph

    def minutes(graph: Any, one: tuple[float, float], two: tuple[float, float]) -> float:
        roads = router(graph)
        ends = [roads.snap(np.array([p[0]]), np.array([p[1]])) for p in (one, two)]
        return float(reached(roads, ends[0], ends[1]).dense()[0][0, 0])

    west, north, east, south = (0.001, 0.0), (0.01, 0.009), (0.019, 0.0), (0.01, -0.009)
    # Not from the west to the north, except round by the new dead end or the east.
    assert minutes(made, west, east) == pytest.approx(minutes(graph, west, east), abs=1e-4)
    assert minutes(made, north, west) == pytest.approx(minutes(graph, north, west), abs=1e-4)
    assert minutes(made, west, north) > minutes(made, north, west) + 0.5
    # From everywhere into the new road and out of it.
    for one in (west, north, east):
        assert minutes(made, one, south) < 3.0
        assert minutes(made, south, one) < 3.0


@settings(
    max_examples=25, deadline=None, derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)  # fmt: skip
@given(
    points=st.lists(
        st.tuples(st.floats(X[0] - 0.02, X[5] + 0.02), st.floats(MAIN - 0.03, UPPER + 0.03)),
        min_size=2, max_size=4, unique=True,
    ),
    speed=st.sampled_from([5.0, 30.0, 90.0]),
    oneway=st.booleans(),
    separated=st.booleans(),
)  # fmt: skip
def test_a_new_road_makes_no_way_longer(
    prepared: Prepared,  # noqa: F811
    base: LoadedCase,  # noqa: F811
    points: list[tuple[float, float]],
    speed: float,
    oneway: bool,
    separated: bool,
) -> None:
    road = {"line": [list(p) for p in points], "speed_km_per_h": speed, "oneway": oneway,
            "grade_separated": separated, "join_m": 5000}  # fmt: skip
    loaded = apply(base, scenario_of(prepared.case, roads={"new": {"n": road}}))
    # Each split of a street rounds its minutes to a millisecond.
    slack = 1e-3
    assert (loaded.county.travel_time_min <= base.county.travel_time_min + slack).all()
    assert (loaded.county.station_time_min <= base.county.station_time_min + slack).all()


@settings(
    max_examples=20, deadline=None, derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)  # fmt: skip
@given(
    at=st.floats(X[0], X[5]), length_m=st.floats(10, 900), factor=st.sampled_from([0.3, 0.7, 2.0])
)
def test_reopened_and_as_fast_as_before_is_as_before(
    prepared: Prepared,  # noqa: F811
    base: LoadedCase,  # noqa: F811
    at: float,
    length_m: float,
    factor: float,
) -> None:
    """What a scenario takes back (`null`) leaves the case as it was, to the last bit."""
    block = {
        "name": "shut",
        "reason": "r",
        "roads": {
            "close": {"x": {"near": [at, MAIN], "length_m": length_m}},
            "speeds": {"y": {"factor": factor, "inside": [[at, MAIN - 1], [at, MAIN + 1],
                                                          [at + 1, MAIN]]}},
            "cut_off": "nearest",
        },
    }  # fmt: skip
    shut = apply(base, scenario_of(prepared.case, overrides=[block]))
    assert shut.road_marks
    again = apply(
        base,
        scenario_of(
            prepared.case,
            overrides=[block],
            roads={"close": {"x": None}, "speeds": {"y": None}, "cut_off": None},
        ),
    )
    assert again.road_marks == ()
    assert (again.county.travel_time_min == base.county.travel_time_min).all()
    assert (again.county.road_km == base.county.road_km).all()


def test_a_road_may_end_where_there_is_no_road(changed: Changed, refused: Any) -> None:  # noqa: F811
    """A spur to a village: joined at one end, open at the other; never at both."""
    spur = {"line": [[GAP_X, MAIN], [GAP_X, MAIN - 0.03]], "dead_end": True}
    loaded = changed(new={"spur": spur})
    (mark,) = loaded.road_marks
    assert shapely.length(mark.lines[0]) == pytest.approx(0.03, rel=1e-3)
    away = [[GAP_X, MAIN - 0.01], [GAP_X, MAIN - 0.03]]
    assert any("both ends within" in s for s in refused(new={"n": {**spur, "line": away}}))
