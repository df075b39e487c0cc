"""Ferries: off as if the file had none, on by a scenario without reading the file again."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from geo.ferries import ferries, without_ferries
from geo.osm import read_osm_roads
from geo.osm_roads import OsmOptions
from geo.routing import router, travel
from optimizer.errors import InputError
from optimizer.policy import Roads
from scenarios.case import open_case
from scenarios.changes import apply
from scenarios.load import LoadedCase
from scenarios.prepared import Prepared
from tests import osm_text as osm
from tests.small_case import Row, write_case
from tests.test_change_roads import MAIN, UPPER, X, between, features
from tests.test_changes import scenario_of


def case_with(folder: Path, more: list[Row], **options: Any) -> Prepared:
    def with_roads(document: Row) -> None:
        document["layers"]["roads"] = {"path": "roads.geojson", "crs": "WGS84", **options}

    made = write_case(folder, case=with_roads)
    text = json.dumps({"type": "FeatureCollection", "features": features() + more})
    (made / "roads.geojson").write_text(text, encoding="utf-8")
    return Prepared(open_case(str(made)))


def ferry(name: str = "老渡口") -> Row:
    """From the west end of the main road to the east end of the upper one."""
    return {
        "type": "Feature",
        "properties": {"road_class": "轮渡", "name": name, "osm_id": 500},
        "geometry": {"type": "LineString", "coordinates": [[X[0], MAIN], [X[5], UPPER]]},
    }


def load(prepared: Prepared) -> LoadedCase:
    return prepared.load(prepared.case.scenario(None))


def test_a_ferry_in_a_line_layer_runs_when_it_is_switched_on(tmp_path: Path) -> None:
    plain = load(case_with(tmp_path / "plain", []))
    prepared = case_with(tmp_path / "ferry", [ferry()])
    off = load(prepared)
    assert not ferries(off.network).any()
    assert (off.county.travel_time_min == plain.county.travel_time_min).all()
    fast = {"bridge": {"name": "大桥路"}, "north": {"name": "北路"}}
    parted = apply(off, scenario_of(prepared.case, roads={"close": fast}))
    assert np.isinf(between(parted, 0, 5))
    on = apply(off, scenario_of(prepared.case, roads={"close": fast, "ferries": True}))
    # At 10 km/h over the ferry, then down the east link at 60.
    east_km, north_km = 96.28 * (X[5] - X[0]), 110.86 * (UPPER - MAIN)
    expected = np.hypot(east_km, north_km) * 6 + north_km
    assert between(on, 0, 5) == pytest.approx(expected, rel=0.01)
    assert [(m.kind, m.text(str)) for m in on.road_marks if m.kind == "ferry"] == [
        ("ferry", "Ferry: 老渡口")
    ]
    said = next(o.effect for o in on.overrides if o.key == "roads.ferries")
    assert said is not None
    assert said.text().startswith("1 ferries over ")


def test_ferries_that_run_in_the_case_can_be_stopped(tmp_path: Path) -> None:
    prepared = case_with(tmp_path / "case", [ferry()], ferries=True)
    on = load(prepared)
    assert ferries(on.network).sum() == 1
    stopped = apply(on, scenario_of(prepared.case, roads={"ferries": False}))
    assert not ferries(stopped.network).any()
    plain = load(case_with(tmp_path / "plain", []))
    assert (stopped.county.travel_time_min == plain.county.travel_time_min).all()
    with pytest.raises(InputError, match="a value other than the present one"):
        apply(on, scenario_of(prepared.case, roads={"ferries": True}))


def test_a_case_without_ferries_says_so(tmp_path: Path) -> None:
    prepared = case_with(tmp_path / "case", [])
    with pytest.raises(InputError, match="there are none"):
        apply(load(prepared), scenario_of(prepared.case, roads={"ferries": True}))


def test_nobody_boards_a_ferry_in_mid_stream(tmp_path: Path) -> None:
    prepared = case_with(tmp_path / "case", [ferry()], ferries=True)
    loaded = load(prepared)
    on_water = (X[0] + X[5]) / 2, (MAIN + UPPER) / 2
    met = loaded.router.snap(np.array([on_water[0]]), np.array([on_water[1]]))
    assert not ferries(loaded.network)[met.street[0]]


@settings(max_examples=20, deadline=None, derandomize=True)
@given(
    joints=st.lists(st.tuples(st.integers(0, 24), st.integers(0, 24)), min_size=1, max_size=4),
    gaps=st.sets(st.integers(0, 39), max_size=12),
)
def test_off_is_as_if_the_file_had_none(
    tmp_path_factory: pytest.TempPathFactory, joints: list[tuple[int, int]], gaps: set[int]
) -> None:
    """On a grid with streets missing and ferries anywhere, minutes are those without ferries."""
    tmp_path = tmp_path_factory.mktemp("ferries")
    nodes = [osm.node(i + 1, 0.01 * (i % 5), 0.01 * (i // 5)) for i in range(25)]
    pairs = [(i, i + 1) for i in range(25) if i % 5 < 4] + [(i, i + 5) for i in range(20)]
    ways = [
        osm.way(100 + k, [a + 1, b + 1], highway="tertiary")
        for k, (a, b) in enumerate(pairs)
        if k not in gaps
    ]
    boats = [
        osm.way(500 + k, [a + 1, b + 1], route="ferry") for k, (a, b) in enumerate(joints) if a != b
    ]
    read = []
    for name, extra, options in (
        ("with", boats, OsmOptions(hold_ferries=True)),
        ("without", [], OsmOptions()),
    ):
        path = osm.write(tmp_path / f"{name}.osm", *nodes, *ways, *extra)
        graph, problems = read_osm_roads(path, "roads.osm", Roads(), options)
        assert graph is not None
        read.append((without_ferries(graph), problems))
    at = np.array([[0.01 * i + 0.003, 0.01 * j + 0.004] for i in range(4) for j in range(4)])
    found = [
        travel(None, *at.T, *at.T, walk_km_per_h=5.0, index=router(graph)) for graph, _ in read
    ]
    # Where a ferry lands a street is in two pieces: a millisecond each.
    with np.errstate(invalid="ignore"):
        same = np.isinf(found[0].travel_time_min) & np.isinf(found[1].travel_time_min)
        off = np.abs(found[0].travel_time_min - found[1].travel_time_min)
    assert (off[~same] < 1e-3).all()
    # What is said of islands does not count ferries either.
    assert [p.text() for p in read[0][1]] == [p.text() for p in read[1][1]]
