"""Road layers into networks, and managed kilometres per jurisdiction."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from geo import road_chains
from geo.cutting import cut_lines
from geo.duty_roads import duty_road_km
from geo.plane import GeometryArray, line_km, plane_of
from geo.readers import Source, Table, read_table
from geo.road_classes import CLASS_ALIASES, carries_cars, directions, road_class
from geo.road_graph import ARRAYS
from geo.roads import MERGE_M, ROADS_SCHEMA
from geo.roads import roads_from_table as read_roads
from optimizer.errors import Problem
from optimizer.policy import Roads
from tests.road_view import View

LON, LAT = 107.35, 30.33
KM_EAST = float(line_km(np.array([shapely.LineString([(LON, LAT), (LON + 0.01, LAT)])]))[0]) * 100
KM_NORTH = float(line_km(np.array([shapely.LineString([(LON, LAT), (LON, LAT + 0.01)])]))[0]) * 100


def place(east_km: float, north_km: float) -> tuple[float, float]:
    return LON + east_km / KM_EAST, LAT + north_km / KM_NORTH


def line(*points: tuple[float, float]) -> shapely.LineString:
    return shapely.LineString([place(*p) for p in points])


def table(lines: list[Any], strict: bool = True, **columns: list[Any]) -> Table:
    geometry = np.empty(len(lines), dtype=object)
    geometry[:] = lines
    frame = pd.DataFrame({"row": np.arange(len(lines)) + 1, **columns})
    return Table(
        source=Source(layer="roads", path=Path("r.shp"), shown="roads.shp", strict=strict),
        frame=frame, geometry=geometry, problems=(), quarantined=pd.DataFrame(),
        rows_read=len(lines), duplicates=0, missing={}, headers={}, counted="feature {row}",
    )  # fmt: skip


def roads_from_table(
    given: Table, roads: Roads, **options: Any
) -> tuple[View, tuple[Problem, ...]]:
    graph, problems = read_roads(given, roads, **options)
    return View(graph), problems


def texts(problems: tuple[Any, ...], severity: str) -> list[str]:
    return [p.text() for p in problems if p.severity == severity]


def arc_of(network: View, start: tuple[float, float], end: tuple[float, float]) -> int:
    """The arc from the node nearest to one place to the node nearest to another, or -1."""
    nodes = np.column_stack([network.node_lon_deg, network.node_lat_deg])
    a, b = (int(np.argmin(np.hypot(*(nodes - place(*p)).T))) for p in (start, end))
    hit = np.flatnonzero((network.tail == a) & (network.head == b))
    return int(hit[0]) if len(hit) else -1


# --- reading --------------------------------------------------------------------------------


def test_minutes_then_speed_then_class() -> None:
    network, problems = roads_from_table(
        table(
            [line((0, 0), (6, 0)), line((6, 0), (12, 0)), line((12, 0), (18, 0))],
            road_class=["县道", "县道", "县道"],
            speed_km_per_h=[np.nan, 60.0, 60.0],
            travel_time_min=[np.nan, np.nan, 2.5],
        ),
        Roads(),
    )
    assert problems == ()
    minutes = [
        float(network.travel_time_min[arc_of(network, (x, 0), (x + 6, 0))]) for x in (0, 6, 12)
    ]
    assert minutes == pytest.approx([6 / 40 * 60, 6 / 60 * 60, 2.5], rel=1e-4)
    assert network.class_names == ("county",)
    assert network.origin == "given"


def test_speed_of_the_policy_is_used() -> None:
    roads = Roads(speed_km_per_h={"county": 20.0}, other_speed_km_per_h=10.0)
    network, problems = roads_from_table(
        table([line((0, 0), (5, 0)), line((5, 0), (10, 0))], road_class=["县道", "石板路"]), roads
    )
    assert network.travel_time_min[arc_of(network, (0, 0), (5, 0))] == pytest.approx(15, rel=1e-4)
    assert network.travel_time_min[arc_of(network, (5, 0), (10, 0))] == pytest.approx(30, rel=1e-4)
    said = texts(problems, "warning")
    assert len(said) == 1
    assert "1 of 2 lines" in said[0]
    assert "石板路 1" in said[0]
    assert "10 km/h" in said[0]


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("高速", "expressway"), ("高速公路", "expressway"), ("motorway_link", "expressway"),
        ("Freeway", "expressway"), ("国道", "national"), ("trunk", "national"),
        (" National Road ", "national"), ("省道", "provincial"), ("primary", "provincial"),
        ("县道", "county"), ("secondary", "county"), ("county-road", "county"),
        ("乡道", "township"), ("tertiary_link", "township"), ("村道", "village"),
        ("unclassified", "village"), ("街道", "street"), ("residential", "street"),
        ("ＳＴＲＥＥＴ", "street"), ("G50", "expressway"), ("G5012", "expressway"),
        ("G318", "national"), ("G", "national"), ("S26", "expressway"), ("S102", "provincial"),
        ("X123", "county"), ("Y045", "township"), ("C12", "village"),
    ],
)  # fmt: skip
def test_class_texts(text: str, name: str) -> None:
    assert road_class(text) == name


def test_class_vocabulary_is_the_policys_and_unambiguous() -> None:
    assert set(CLASS_ALIASES) == set(Roads().speed_km_per_h)
    every = [alias for aliases in CLASS_ALIASES.values() for alias in aliases]
    assert len(set(every)) == len(every)
    assert road_class("石板路") is None
    assert road_class("") is None
    assert road_class("石板路", known=("石板路",)) == "石板路"


def test_ways_without_cars_are_left_out_and_counted() -> None:
    network, problems = roads_from_table(
        table(
            [line((0, 0), (5, 0)), line((0, 0), (0, 5)), line((0, 0), (5, 5))],
            road_class=["县道", "footway", "footway"],
        ),
        Roads(),
    )
    assert len(network) == 2
    assert "footway 2" in texts(problems, "warning")[0]
    assert not carries_cars("Cycleway")
    assert carries_cars("residential")


@pytest.mark.parametrize(
    ("texts_", "expected"),
    [
        (["yes", "no", "-1", "1", "true", "False", "", None], [1, 0, -1, 1, 1, 0, 0, 0]),
        (["FT", "TF", "", "F", "T"], [1, -1, 0, 1, -1]),
        (["T", "F"], [1, 0]),  # true and false
        (["F", "T", "B"], [1, -1, 0]),  # Geofabrik
        (["单行", "双向", "反向", "是", "否"], [1, 0, -1, 1, 0]),
    ],
)
def test_one_way_texts(texts_: list[Any], expected: list[int]) -> None:
    assert directions(texts_) == (expected, {})


def test_one_way_is_honoured() -> None:
    lines = [line((0, 0), (5, 0)), line((5, 0), (10, 0)), line((10, 0), (15, 0))]
    given_table = table(lines, road_class=["县道"] * 3, oneway=["yes", "-1", "sometimes"])
    network, problems = roads_from_table(given_table, Roads())
    assert arc_of(network, (0, 0), (5, 0)) >= 0
    assert arc_of(network, (5, 0), (0, 0)) == -1
    assert arc_of(network, (5, 0), (10, 0)) == -1
    backward = arc_of(network, (10, 0), (5, 0))
    assert network.line[backward].coords[0] == pytest.approx(place(10, 0))
    assert arc_of(network, (10, 0), (15, 0)) >= 0
    assert arc_of(network, (15, 0), (10, 0)) >= 0
    assert any("sometimes 1" in said for said in texts(problems, "warning"))
    both, _ = roads_from_table(given_table, Roads(), oneway=False)
    assert len(both) == 2  # one street, driven both ways


def test_lines_run_from_tail_to_head() -> None:
    rng = np.random.default_rng(1)
    lines = [line(tuple(a), tuple(b), tuple(c)) for a, b, c in rng.uniform(0, 9, (8, 3, 2))]
    network, _ = roads_from_table(
        table(lines, oneway=["yes", "-1", "no", "no", "-1", "yes", "no", "-1"]), Roads()
    )
    nodes = np.column_stack([network.node_lon_deg, network.node_lat_deg])
    for a in range(len(network)):
        assert network.line[a].coords[0] == pytest.approx(nodes[network.tail[a]], abs=1e-12)
        assert network.line[a].coords[-1] == pytest.approx(nodes[network.head[a]], abs=1e-12)
    along, against = network.street_arcs()
    assert len(along) == 8
    assert (against >= 0).sum() == 3


def test_parts_share_the_minutes_by_length() -> None:
    parts = shapely.MultiLineString([line((0, 0), (3, 0)), line((3, 0), (12, 0))])
    side = line((3, 0), (3, 1))
    network, _ = roads_from_table(table([parts, side], travel_time_min=[8.0, 1.0]), Roads())
    assert network.travel_time_min[arc_of(network, (0, 0), (3, 0))] == pytest.approx(2.0, rel=1e-4)
    assert network.travel_time_min[arc_of(network, (3, 0), (12, 0))] == pytest.approx(6.0, rel=1e-4)


@pytest.mark.parametrize("strict", [True, False])
def test_speeds_and_minutes_must_be_positive(strict: bool) -> None:
    network, problems = roads_from_table(
        table(
            [line((i, 0), (i + 1, 0)) for i in range(4)],
            strict=strict,
            name=list("甲乙丙丁"),
            road_class=["县道"] * 4,
            speed_km_per_h=[0.0, -3.0, 40.0, np.nan],
            travel_time_min=[np.nan, np.nan, 0.0, -1.0],
        ),
        Roads(),
    )
    said = texts(problems, "error" if strict else "warning")
    assert [p.row for p in problems] == [1, 2, 3, 4]
    assert "speed_km_per_h = 0" in said[0]
    assert "travel_time_min = -1" in said[3]
    # The class speed stands in, so that further checks can run.
    assert network.travel_time_min == pytest.approx(np.full(8, 1.5), rel=1e-4)


def test_points_where_nothing_changes_are_drawn_not_driven() -> None:
    lines = [
        line((0, 0), (1, 1), (2, 0)), line((4, 0), (2, 0)), line((4, 0), (5, 0)),
        line((5, 0), (6, 0)), line((6, 0), (7, 0)), line((7, 0), (7, 3), (7, 0)),
    ]  # fmt: skip
    graph, _ = read_roads(
        table(
            lines,
            road_class=["县道"] * 3 + ["乡道"] * 3,
            name=["前路"] * 4 + ["后路"] * 2,
            oneway=["yes", "-1", "yes", "no", "no", "no"],
            road_id=["A1", "A2", "A2", "A3", "A4", "A5"],
        ),
        Roads(),
    )
    view = View(graph)
    # One-way against the drawing is one-way along the street; class and name end one; a ring, too.
    assert graph.streets == 4
    assert (len(view), graph.nodes) == (7, 4)
    assert graph.ids_of(0) == ("A1", "A2")
    assert shapely.get_coordinates(graph.street_lines())[:5] == pytest.approx(
        np.array([place(*p) for p in ((0, 0), (1, 1), (2, 0), (4, 0), (5, 0))]), abs=1e-7
    )
    drawn_km = line_km(np.array(lines, object))
    assert graph.street_km() == pytest.approx([drawn_km[:3].sum(), *drawn_km[3:]], abs=1e-5)
    way = arc_of(view, (0, 0), (5, 0))
    assert view.travel_time_min[way] == pytest.approx(drawn_km[:3].sum() / 40 * 60, abs=1e-4)
    assert arc_of(view, (5, 0), (0, 0)) == -1
    street, start, end = graph.with_id("A2")
    assert street.tolist() == [0]
    assert start[0] == pytest.approx(drawn_km[0] / drawn_km[:3].sum(), rel=1e-4)
    assert end[0] == 1.0


def test_roads_with_minutes_of_their_own_stay_apart() -> None:
    lines = [line((0, 0), (1, 0)), line((1, 0), (2, 0)), line((2, 0), (3, 0))]
    graph, _ = read_roads(table(lines, travel_time_min=[1.0, 1.0, np.nan]), Roads())
    assert graph.streets == 3


def test_more_lines_than_the_plain_walk_takes_give_the_same_streets(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    rng = np.random.default_rng(5)
    ends = rng.integers(0, 6, (60, 2, 2)).tolist()
    given_table = table([line(tuple(a), tuple(b)) for a, b in ends if a != b])
    plain, _ = read_roads(given_table, Roads())
    monkeypatch.setattr(road_chains, "_COMPILED_FROM", 0)
    compiled, _ = read_roads(given_table, Roads())
    assert 0 < plain.streets < 60
    for name in ARRAYS:
        assert np.array_equal(getattr(plain, name), getattr(compiled, name))


def test_slower_than_32_bits_hold() -> None:
    graph, _ = read_roads(table([line((0, 0), (1, 0))], travel_time_min=[1e12]), Roads())
    assert graph.travel_ms.tolist() == [2**31, 2**31]


def test_many_bad_speeds_are_counted_not_listed() -> None:
    n = 300
    _, problems = roads_from_table(
        table([line((i, 0), (i + 1, 0)) for i in range(n)], road_class=["县道"] * n,
              speed_km_per_h=[0.0] * n),
        Roads(),
    )  # fmt: skip
    assert len(problems) == 21
    assert "280 more" in problems[-1].text()


def test_layer_without_usable_roads() -> None:
    network, problems = roads_from_table(
        table([line((0, 0), (1, 0))], road_class=["steps"]), Roads()
    )
    assert len(network) == 0
    said = texts(problems, "error")
    assert len(said) == 1
    assert said[0].startswith("roads.shp: expected at least one road that cars can use")
    point = shapely.LineString([place(0, 0), place(0, 0)])
    _, problems = roads_from_table(table([line((0, 0), (1, 0)), point]), Roads())
    assert any("1 rows have none" in said for said in texts(problems, "warning"))


# --- joining --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("gap_m", "joins"), [(0.0, True), (0.5, True), (0.99, True), (1.01, False)]
)
def test_ends_within_the_tolerance_are_one_node(gap_m: float, joins: bool) -> None:
    network, problems = roads_from_table(
        table([line((0, 0), (5, 0)), line((5 + gap_m / 1000, 0), (10, 0))], name=["甲", "乙"]),
        Roads(),
        merge_m=1.0,
    )
    assert len(network.node_lon_deg) == (3 if joins else 4)
    said = " ".join(texts(problems, "warning"))
    assert ("1 were joined over at most 1 m" in said) == (joins and gap_m > 0)
    assert ("1 pairs lie less than 2 m apart" in said) == (not joins)
    assert ("2 separate networks" in said) == (not joins)


def test_default_tolerance_forgives_rounding_only() -> None:
    gap_km = MERGE_M / 1000
    for share, nodes in ((0.5, 3), (2.0, 4)):
        network, _ = roads_from_table(
            table(
                [line((0, 0), (5, 0)), line((5 + share * gap_km, 0), (10, 0))], name=["甲", "乙"]
            ),
            Roads(),
        )
        assert len(network.node_lon_deg) == nodes


def test_islands_are_reported_with_their_length() -> None:
    _, problems = roads_from_table(
        table([line((0, 0), (5, 0)), line((5, 0), (5, 4)), line((20, 0), (22, 0)),
               line((30, 0), (31, 0))]),
        Roads(),
    )  # fmt: skip
    said = [s for s in texts(problems, "warning") if "separate" in s]
    assert len(said) == 1
    assert "3 separate networks; the largest has 9.0 km, the others 3.0 km" in said[0]


def test_crossing_lines_meet_only_if_asked() -> None:
    crossing = table([line((0, 0), (10, 0)), line((4, -5), (4, 5))], road_class=["县道"] * 2)
    apart, _ = roads_from_table(crossing, Roads())
    assert len(apart.node_lon_deg) == 4
    joined, _ = roads_from_table(crossing, Roads(), join="crossings")
    assert len(joined.node_lon_deg) == 5
    assert len(joined) == 8
    assert joined.length_km.sum() == pytest.approx(apart.length_km.sum(), rel=1e-6)
    assert joined.travel_time_min[arc_of(joined, (0, 0), (4, 0))] == pytest.approx(6, rel=1e-4)
    assert joined.graph.component.max() == 0


def test_end_on_another_road_is_reported_and_joined_if_asked() -> None:
    tee = table([line((0, 0), (10, 0)), line((4, 0), (4, 5))], travel_time_min=[10.0, 5.0])
    apart, problems = roads_from_table(tee, Roads())
    assert len(apart.node_lon_deg) == 4
    assert any("1 dead ends lie on another road" in said for said in texts(problems, "warning"))
    joined, problems = roads_from_table(tee, Roads(), join="crossings")
    assert len(joined.node_lon_deg) == 4
    assert len(joined) == 6
    assert joined.travel_time_min[arc_of(joined, (0, 0), (4, 0))] == pytest.approx(4.0, rel=1e-4)
    assert joined.travel_time_min[arc_of(joined, (4, 5), (4, 0))] == pytest.approx(5.0, rel=1e-4)
    assert problems[1:] == ()  # only the missing class


def test_same_input_same_network() -> None:
    rng = np.random.default_rng(3)
    lines = [line(tuple(a), tuple(b)) for a, b in rng.integers(0, 5, (40, 2, 2)).tolist() if a != b]
    one, _ = roads_from_table(table(lines), Roads())
    two, _ = roads_from_table(table(lines), Roads())
    for name in ("tail", "head", "length_km", "travel_time_min", "street", "node_lon_deg"):
        assert np.array_equal(getattr(one, name), getattr(two, name))


@pytest.mark.parametrize("header", ["道路等级", "等级"])
def test_reads_a_file(tmp_path: Path, header: str) -> None:
    path = tmp_path / "道路.geojson"
    text = (
        '{"type": "FeatureCollection", "features": ['
        '{"type": "Feature", "properties": {"道路等级": "国道", "车速": 60, "单行": "是"},'
        '"geometry": {"type": "LineString", "coordinates": [[107.3, 30.3], [107.4, 30.3]]}},'
        '{"type": "Feature", "properties": {"道路等级": "村道", "车速": null, "单行": "否"},'
        '"geometry": {"type": "LineString", "coordinates": [[107.4, 30.3], [107.4, 30.4]]}}]}'
    )
    path.write_text(text.replace("道路等级", header), encoding="utf-8")
    read = read_table(Source(layer="roads", path=path, shown=path.name), ROADS_SCHEMA)
    network, problems = roads_from_table(read, Roads())
    # Nobody gets back over the one-way road.
    assert [p.text() for p in problems] == [
        f"{path.name}: expected roads that can be reached and left again: 9.6 km can only be "
        "entered or only be left; check the one-way roads there"
    ]
    assert network.class_names == ("national", "village")
    assert len(network) == 3
    assert network.travel_time_min[0] == pytest.approx(network.length_km[0])
    assert network.travel_time_min[1] == pytest.approx(network.length_km[1] * 3)


def test_lengths_are_those_of_the_ellipsoid() -> None:
    # One degree at 30 degrees north on WGS84: 110.852 km north (29.5 to 30.5), 96.486 km east.
    east, north = (
        shapely.LineString([(107, 30), (108, 30)]),
        shapely.LineString([(107, 29.5), (107, 30.5)]),
    )
    assert line_km(np.array([east, north])) == pytest.approx([96.48, 110.852], abs=0.006)


# --- cutting --------------------------------------------------------------------------------


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10_000))
def test_cutting_keeps_the_line(seed: int) -> None:
    rng = np.random.default_rng(seed)
    lines = np.array(
        [shapely.LineString(rng.uniform(0, 9, (int(rng.integers(2, 6)), 2))) for _ in range(4)],
        dtype=object,
    )
    owner = rng.integers(0, 4, 12)
    position = rng.uniform(-0.2, 1.2, 12) * shapely.length(lines)[owner]
    pieces, parent = cut_lines(lines, owner, position)
    inside = (position > 0) & (position < shapely.length(lines)[owner])
    assert len(pieces) == 4 + inside.sum()
    total = np.bincount(parent, shapely.length(pieces), minlength=4)
    assert total == pytest.approx(shapely.length(lines), rel=1e-9)
    for k in range(4):
        mine = pieces[parent == k]
        assert mine[0].coords[0] == lines[k].coords[0]
        assert mine[-1].coords[-1] == lines[k].coords[-1]
        for one, two in pairwise(mine):
            assert one.coords[-1] == two.coords[0]
        assert shapely.hausdorff_distance(shapely.MultiLineString(list(mine)), lines[k]) < 1e-9


# --- managed kilometres ---------------------------------------------------------------------

CLASSES = ("national", "county")


def box(west: float, south: float, east: float, north: float) -> shapely.Polygon:
    return shapely.box(*place(west, south), *place(east, north))


def cells(*boxes: shapely.Polygon) -> tuple[GeometryArray, np.ndarray, np.ndarray]:
    geometry = np.array(boxes, dtype=object)
    middle = shapely.centroid(geometry)
    return geometry, shapely.get_x(middle), shapely.get_y(middle)


def test_street_is_cut_at_the_cells_and_counts_once() -> None:
    network, _ = roads_from_table(
        table(
            [line((-1, 2), (9, 2)), line((2, 1), (2, 3)), line((1, 1), (1, 3))],
            road_class=["国道", "县道", "村道"],
            oneway=["no", "yes", "no"],
        ),
        Roads(),
    )
    geometry, lon, lat = cells(box(0, 0, 4, 4), box(4, 0, 6, 4), box(6, 0, 8, 4))
    found = duty_road_km(network.graph, geometry, lon, lat, np.array([0, 1, 0]), 3, CLASSES)
    # West of the cells 1 km goes to the first, east of them 1 km to the third; both are of 0.
    assert found == pytest.approx(np.array([[8.0, 2.0], [2.0, 0.0], [0.0, 0.0]]), rel=1e-3)


def test_road_along_a_border_counts_once() -> None:
    network, _ = roads_from_table(table([line((4, 0), (4, 4))], road_class=["县道"]), Roads())
    geometry, lon, lat = cells(box(0, 0, 4, 4), box(4, 0, 8, 4))
    found = duty_road_km(network.graph, geometry, lon, lat, np.array([0, 1]), 2, ("county",))
    assert found.sum() == pytest.approx(4.0, rel=1e-3)


def test_points_only_takes_the_nearest_cell() -> None:
    network, _ = roads_from_table(table([line((0, 0), (10, 0))], road_class=["县道"]), Roads())
    lon, lat = np.array([place(0, 1), place(10, 1)]).T
    found = duty_road_km(network.graph, None, lon, lat, np.array([1, 0]), 2, ("county",))
    assert found[:, 0] == pytest.approx([5.0, 5.0], abs=0.15)


def test_no_managed_road() -> None:
    network, _ = roads_from_table(table([line((0, 0), (10, 0))], road_class=["村道"]), Roads())
    geometry, lon, lat = cells(box(0, 0, 4, 4))
    found = duty_road_km(network.graph, geometry, lon, lat, np.array([0]), 1, CLASSES)
    assert found.tolist() == [[0.0, 0.0]]


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10_000), st.booleans())
def test_sum_of_managed_kilometres_is_kept(seed: int, points_only: bool) -> None:
    rng = np.random.default_rng(seed)
    n = 12
    ends = rng.uniform(-3, 9, (n, 3, 2))
    network, _ = roads_from_table(
        table(
            [line(*(tuple(p) for p in e)) for e in ends.tolist()],
            road_class=rng.choice(["国道", "县道", "村道"], n).tolist(),
            oneway=rng.choice(["yes", "no", "-1"], n).tolist(),
        ),
        Roads(),
    )
    # Overlapping cells with a gap: the sum must hold all the same.
    geometry, lon, lat = cells(box(0, 0, 3, 6), box(2.5, 0, 4, 6), box(5, 0, 6, 6))
    found = duty_road_km(
        network.graph, None if points_only else geometry, lon, lat, np.array([0, 1, 1]), 2, CLASSES
    )
    along, _ = network.street_arcs()
    name = np.array(network.class_names)[network.class_code[along]]
    km = [float(network.length_km[along][name == c].sum()) for c in CLASSES]
    assert found.sum(axis=0) == pytest.approx(km, rel=1e-9)


def test_kilometres_inside_equal_the_intersection() -> None:
    rng = np.random.default_rng(7)
    lines = [line(*(tuple(p) for p in e)) for e in rng.uniform(0.1, 5.9, (20, 4, 2)).tolist()]
    network, _ = roads_from_table(table(lines, road_class=["县道"] * 20), Roads())
    geometry, lon, lat = cells(box(0, 0, 2, 6), box(2, 0, 6, 3), box(2, 3, 6, 6))
    found = duty_road_km(network.graph, geometry, lon, lat, np.arange(3), 3, ("county",))
    plane = plane_of(geometry)
    inside_km = shapely.length(
        shapely.intersection(
            plane.project(np.array(lines, dtype=object))[:, None], plane.project(geometry)[None, :]
        )
    ).sum(axis=0) / 1000  # fmt: skip
    assert found[:, 0] == pytest.approx(inside_km, rel=1e-5)
