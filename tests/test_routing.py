"""Minutes and kilometres by road: known answers, a brute-force twin, and a published matrix."""

from __future__ import annotations

import heapq
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from geo import shortest_paths
from geo.crs import to_wgs84
from geo.plane import plane_of
from geo.readers import Source, read_table
from geo.road_graph import RoadGraph
from geo.roads import ROADS_SCHEMA, roads_from_table
from geo.routing import Travel, nearest, router, travel, travel_times
from geo.snapping import FAR_FROM_ROAD_KM, LED_PAST_KM, access_problems, snapper
from optimizer.policy import Roads
from tests.road_view import View, straight_roads

KM_PER_DEG = 111.3195  # on the equator, where the test networks lie, to 1 in 10,000
INF = float("inf")
ROUNDED = 1e-4  # minutes: a dozen arcs, each rounded to a millisecond (0.00002)

Street = tuple[int, int, float, float]  # tail, head, minutes, km


def network(
    nodes_km: Sequence[tuple[float, float]],
    streets: Sequence[Street],
    one_way: Sequence[int] = (),
    classes: Sequence[str] | None = None,
) -> RoadGraph:
    """Straight streets between nodes at kilometres east and north of (0, 0)."""
    start, end, minutes, km = zip(*streets, strict=True)
    place = np.array(nodes_km, float) / KM_PER_DEG
    return straight_roads(place, start, end, minutes, km, one_way, classes)


def go(
    roads: RoadGraph,
    start: Sequence[tuple[float, float]],
    goal: Sequence[tuple[float, float]],
    *,
    walk_in: bool = False,
    limit_min: float = INF,
) -> Travel:
    a, b = np.array(start, float) / KM_PER_DEG, np.array(goal, float) / KM_PER_DEG
    return travel(
        roads, a[:, 0], a[:, 1], b[:, 0], b[:, 1],
        walk_km_per_h=5.0, count_walk_in=walk_in, limit_min=limit_min,
    )  # fmt: skip


def test_part_of_a_street_in_both_directions() -> None:
    roads = network([(0, 0), (10, 0)], [(0, 1, 20.0, 12.0)])
    found = go(roads, [(2, 0), (9, 0)], [(7, 0), (2, 0)])
    assert found.travel_time_min == pytest.approx(np.array([[10.0, 0.0], [4.0, 14.0]]), abs=ROUNDED)
    assert found.road_km == pytest.approx(np.array([[6.0, 0.0], [2.4, 8.4]]), abs=ROUNDED)


def test_one_way_street_is_left_and_entered_in_its_direction_only() -> None:
    # A triangle driven one way: 0 -> 1 -> 2 -> 0, 10 minutes a side.
    roads = network(
        [(0, 0), (10, 0), (0, 10)],
        [(0, 1, 10.0, 10.0), (1, 2, 10.0, 14.0), (2, 0, 10.0, 10.0)],
        one_way=(0, 1, 2),
    )
    found = go(roads, [(2, 0), (7, 0)], [(7, 0), (2, 0)])
    assert found.travel_time_min == pytest.approx(np.array([[5.0, 0.0], [0.0, 25.0]]), abs=ROUNDED)
    assert found.road_km[1, 1] == pytest.approx(29.0, abs=ROUNDED)


def test_direction_is_from_station_to_cell() -> None:
    roads = network(
        [(0, 0), (10, 0), (5, 8)],
        [(0, 1, 10.0, 10.0), (1, 2, 10.0, 10.0), (2, 0, 10.0, 10.0)],
        one_way=(0, 1, 2),
    )
    found = go(roads, [(0, 0)], [(10, 0)])
    back = go(roads, [(10, 0)], [(0, 0)])
    assert found.travel_time_min[0, 0] == pytest.approx(10.0, abs=ROUNDED)
    assert back.travel_time_min[0, 0] == pytest.approx(20.0, abs=ROUNDED)


def test_of_parallel_roads_the_faster_counts_not_their_sum() -> None:
    roads = network([(0, 0), (10, 0)], [(0, 1, 9.0, 9.0), (0, 1, 4.0, 11.0)])
    found = go(roads, [(0, 0)], [(10, 0)])
    assert found.travel_time_min[0, 0] == pytest.approx(4.0, abs=ROUNDED)
    assert found.road_km[0, 0] == pytest.approx(11.0, abs=ROUNDED)


def test_kilometres_are_those_of_the_fastest_way() -> None:
    # 0-1-3 is fast and long, 0-2-3 slow and short.
    roads = network(
        [(0, 0), (5, 5), (5, -5), (10, 0)],
        [(0, 1, 2.0, 20.0), (1, 3, 2.0, 20.0), (0, 2, 9.0, 5.0), (2, 3, 9.0, 5.0)],
    )
    found = go(roads, [(0, 0)], [(10, 0)])
    assert found.travel_time_min[0, 0] == pytest.approx(4.0, abs=ROUNDED)
    assert found.road_km[0, 0] == pytest.approx(40.0, abs=ROUNDED)


def test_an_arc_that_takes_no_time_is_still_a_road() -> None:
    roads = network([(0, 0), (5, 0), (10, 0)], [(0, 1, 0.0, 5.0), (1, 2, 3.0, 5.0)])
    found = go(roads, [(0, 0)], [(10, 0)])
    assert found.travel_time_min[0, 0] == pytest.approx(3.0, abs=ROUNDED)
    assert found.road_km[0, 0] == pytest.approx(10.0, abs=ROUNDED)


def test_walk_in_counts_in_minutes_and_kilometres() -> None:
    roads = network([(0, 0), (10, 0)], [(0, 1, 20.0, 10.0)])
    found = go(roads, [(0, 0.5)], [(10, 1.0)], walk_in=True)
    assert found.from_access_km[0] == pytest.approx(0.5, rel=1e-2)
    walk_km = float(found.from_access_km[0] + found.to_access_km[0])
    assert walk_km == pytest.approx(1.5, rel=1e-2)
    assert found.travel_time_min[0, 0] == pytest.approx(20.0 + walk_km / 5.0 * 60.0, abs=ROUNDED)
    assert found.road_km[0, 0] == pytest.approx(10.0 + walk_km, abs=ROUNDED)
    without = go(roads, [(0, 0.5)], [(10, 1.0)])
    assert without.travel_time_min[0, 0] == pytest.approx(20.0, abs=ROUNDED)


def test_places_nearer_to_each_other_than_to_the_road_walk_straight() -> None:
    roads = network([(0, 0), (10, 0)], [(0, 1, 20.0, 10.0)])
    found = go(roads, [(5, 2)], [(5, 2), (5.5, 2), (9.9, 2)], walk_in=True)
    assert found.travel_time_min[0, 0] == 0.0
    assert found.road_km[0, 0] == 0.0
    assert found.road_km[0, 1] == pytest.approx(0.5, rel=1e-2)
    assert found.travel_time_min[0, 1] == pytest.approx(found.road_km[0, 1] / 5 * 60, abs=1e-9)
    # 4.9 km apart with walks of 2 km each: by road.
    assert found.road_km[0, 2] == pytest.approx(2 + 4.9 + 2, rel=1e-2)


def test_unreachable_is_inf_in_both() -> None:
    # Two networks of equal length, so neither is a stray piece.
    roads = network([(0, 0), (10, 0), (0, 50), (10, 50)], [(0, 1, 10.0, 10.0), (2, 3, 10.0, 10.0)])
    found = go(roads, [(5, 0)], [(5, 50), (10, 0)])
    assert found.travel_time_min.tolist()[0][0] == INF
    assert found.road_km.tolist()[0][0] == INF
    assert np.isfinite(found.travel_time_min[0, 1])


def test_limit_keeps_a_time_equal_to_it() -> None:
    roads = network([(0, 0), (5, 0), (10, 0)], [(0, 1, 0.1, 5.0), (1, 2, 0.2, 5.0)])
    free = go(roads, [(0, 0)], [(10, 0)]).travel_time_min[0, 0]
    # 0.1 + 0.2 is not 0.3 in floating point: the last digits must not decide.
    for limit_min in (free, free * (1 - 5e-10)):
        at = go(roads, [(0, 0)], [(10, 0)], limit_min=limit_min)
        assert at.travel_time_min[0, 0] == free
    below = go(roads, [(0, 0)], [(10, 0), (5, 0)], limit_min=0.29)
    assert below.travel_time_min[0, 0] == INF
    assert below.road_km[0, 0] == INF
    assert below.travel_time_min[0, 1] == pytest.approx(0.1, abs=ROUNDED)


def test_limit_includes_the_walk() -> None:
    roads = network([(0, 0), (10, 0)], [(0, 1, 5.0, 10.0)])
    assert go(roads, [(0, 1)], [(10, 0)], walk_in=True, limit_min=10).road_km[0, 0] == INF
    assert go(roads, [(0, 1)], [(10, 0)], walk_in=True, limit_min=18).road_km[0, 0] < INF


@pytest.mark.parametrize("off_km", [0.0, 0.0005])
def test_place_at_a_junction_may_take_any_street(off_km: float) -> None:
    # Both streets run one way, away from node 1 or towards it; the place is nearest to one only.
    away = network([(0, 0), (5, 0), (10, 0)], [(1, 0, 5, 5), (1, 2, 5, 5)], one_way=(0, 1))
    leaving = go(away, [(5 + off_km, 0)], [(0, 0), (10, 0)])
    assert leaving.travel_time_min[0] == pytest.approx([5.0, 5.0], abs=1e-3)
    towards = network([(0, 0), (5, 0), (10, 0)], [(0, 1, 5, 5), (2, 1, 5, 5)], one_way=(0, 1))
    arriving = go(towards, [(0, 0), (10, 0)], [(5 + off_km, 0)])
    assert arriving.travel_time_min[:, 0] == pytest.approx([5.0, 5.0], abs=1e-3)


def test_past_a_junction_the_one_way_street_must_be_driven() -> None:
    away = network([(0, 0), (5, 0), (10, 0)], [(1, 0, 5, 5), (1, 2, 5, 5)], one_way=(0, 1))
    assert go(away, [(5.01, 0)], [(0, 0)]).travel_time_min[0, 0] == INF


def test_stray_piece_is_passed_over_up_to_a_limit() -> None:
    stray = (0, 1, 0.1, 0.1)
    streets = [stray, (2, 3, 20.0, 20.0), (3, 4, 20.0, 20.0)]

    def beside(km: float) -> RoadGraph:
        return network([(5, 0.1), (5.1, 0.1), (0, -km), (20, -km), (40, -km)], streets)

    near = go(beside(0.5), [(5, 0)], [(40, -0.5)])
    assert np.isfinite(near.travel_time_min[0, 0])
    assert near.from_led_past_km[0] == pytest.approx(0.4, rel=2e-2)
    far = go(beside(LED_PAST_KM + 0.2), [(5, 0)], [(40, -LED_PAST_KM - 0.2)])
    assert far.travel_time_min[0, 0] == INF
    assert far.from_led_past_km[0] == 0.0


def test_a_real_separate_network_keeps_its_places() -> None:
    # The small network has 4 of 44 km: more than a twentieth.
    roads = network(
        [(0, 0.1), (4, 0.1), (0, -0.5), (20, -0.5), (40, -0.5)],
        [(0, 1, 4.0, 4.0), (2, 3, 20.0, 20.0), (3, 4, 20.0, 20.0)],
    )
    found = go(roads, [(2, 0)], [(40, -0.5), (4, 0)])
    assert found.travel_time_min[0, 0] == INF
    assert found.travel_time_min[0, 1] == pytest.approx(2.0, abs=ROUNDED)


def test_one_way_dead_end_is_a_stray_piece() -> None:
    # A one-way road out of the network: nobody could come back from it.
    roads = network(
        [(0, 0), (20, 0), (20, 0.6)], [(0, 1, 20.0, 20.0), (1, 2, 1.0, 0.6)], one_way=(1,)
    )
    found = go(roads, [(20.1, 0.5)], [(0, 0)])
    assert found.travel_time_min[0, 0] == pytest.approx(20.0, abs=1e-3)


def test_places_do_not_turn_into_an_expressway() -> None:
    roads = network(
        [(0, 0), (10, 0), (0, -1), (10, -1)],
        [(0, 1, 5.0, 10.0), (2, 3, 20.0, 10.0), (0, 2, 1.0, 1.0), (1, 3, 1.0, 1.0)],
        classes=["expressway", "county", "county", "county"],
    )
    found = go(roads, [(5, 0)], [(10, -1)])
    assert found.from_access_km[0] == pytest.approx(1.0, rel=1e-2)
    assert found.from_led_past_km[0] == pytest.approx(1.0, rel=1e-2)
    # Driving on it is another matter.
    assert go(roads, [(0, -1)], [(10, -1)]).travel_time_min[0, 0] == pytest.approx(7.0, abs=ROUNDED)


def test_no_roads_is_said() -> None:
    none = straight_roads([(0, 0), (1, 0)], [], [], [], [])
    with pytest.raises(ValueError, match="no roads"):
        go(none, [(0, 0)], [(1, 0)])


def test_access_problems_name_the_places() -> None:
    names = ("甲", "乙", "丙")
    found = access_problems(
        "stations.csv", names, np.array([0.1, FAR_FROM_ROAD_KM + 1, 0.3]), np.array([0.0, 0.0, 0.2])
    )
    assert [p.severity for p in found] == ["warning", "warning"]
    assert "丙" in found[0].text()
    assert "0.20 km" in found[0].text()
    assert "乙" in found[1].text()
    assert "3.0 km" in found[1].text()
    assert access_problems("x", names, np.zeros(3), np.zeros(3)) == ()


# --- the brute-force twin -------------------------------------------------------------------


def twin(
    graph: RoadGraph, start: tuple[int, float], goal: tuple[int, float]
) -> tuple[float, float]:
    """Dijkstra in plain Python on the network with its streets split at both places."""
    roads = View(graph)
    ways: dict[object, list[tuple[object, float, float]]] = {}
    for a in range(len(roads)):
        k = int(roads.street[a])
        along = not graph.arc_backward[a]
        stops: list[tuple[float, object]] = [(0.0, int(roads.tail[a])), (1.0, int(roads.head[a]))]
        for name, (street, fraction) in (("start", start), ("goal", goal)):
            if street == k:
                stops.append((fraction if along else 1.0 - fraction, name))
        stops.sort(key=lambda stop: stop[0])
        for (f, u), (g, v) in pairwise(stops):
            minutes = (g - f) * float(roads.travel_time_min[a])
            ways.setdefault(u, []).append((v, minutes, (g - f) * float(roads.length_km[a])))
    if start == goal:
        return 0.0, 0.0
    queue: list[tuple[float, float, int, object]] = [(0.0, 0.0, 0, "start")]
    done: set[object] = set()
    pushed = 0
    while queue:
        minutes, km, _, at = heapq.heappop(queue)
        if at in done:
            continue
        if at == "goal":
            return minutes, km
        done.add(at)
        for to, more_min, more_km in ways.get(at, []):
            pushed += 1
            heapq.heappush(queue, (minutes + more_min, km + more_km, pushed, to))
    return INF, INF


def random_network(rng: np.random.Generator) -> RoadGraph:
    n = int(rng.integers(3, 9))
    nodes = [tuple(p) for p in rng.uniform(0, 10, (n, 2)).tolist()]
    streets = []
    for _ in range(int(rng.integers(n, 3 * n))):
        a, b = rng.integers(0, n, 2).tolist()
        if a == b:
            b = (a + 1) % n
        streets.append((a, b, float(rng.uniform(0.5, 20)), float(rng.uniform(0.5, 20))))
    one_way = [k for k in range(len(streets)) if rng.random() < 0.4]
    return network(nodes, streets, one_way)


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10_000))
def test_equals_the_brute_force_twin(seed: int) -> None:
    rng = np.random.default_rng(seed)
    roads = random_network(rng)
    places = rng.uniform(0, 10, (6, 2)) / KM_PER_DEG
    index = snapper(roads)
    met = index.snap(places[:, 0], places[:, 1])
    at = list(zip(met.street.tolist(), met.fraction.tolist(), strict=True))
    found = travel(
        roads, places[:3, 0], places[:3, 1], places[3:, 0], places[3:, 1],
        walk_km_per_h=5.0, count_walk_in=False, index=index,
    )  # fmt: skip
    for i in range(3):
        for j in range(3):
            if min(abs(at[i][1] - e) for e in (0.0, 1.0)) < 1e-6:
                continue  # at a junction: the twin has no rule for it
            if min(abs(at[3 + j][1] - e) for e in (0.0, 1.0)) < 1e-6:
                continue
            minutes, km = twin(roads, at[i], at[3 + j])
            assert found.travel_time_min[i, j] == pytest.approx(minutes, abs=ROUNDED)
            assert found.road_km[i, j] == pytest.approx(km, abs=ROUNDED)


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10_000))
def test_snaps_to_the_nearest_point_of_all_streets(seed: int) -> None:
    rng = np.random.default_rng(seed)
    roads = random_network(rng)
    together = roads.component
    places = rng.uniform(0, 10, (20, 2)) / KM_PER_DEG
    met = snapper(roads).snap(places[:, 0], places[:, 1])
    lines = roads.street_lines()
    plane = plane_of(lines)
    gap_km = shapely.distance(
        plane.points(places[:, 0], places[:, 1])[:, None], plane.project(lines)[None, :]
    ).min(axis=1) / 1000  # fmt: skip
    assert met.access_km - met.led_past_km == pytest.approx(gap_km, abs=ROUNDED)
    assert (met.led_past_km <= LED_PAST_KM + 1e-9).all()
    if together.max() == 0:
        assert met.led_past_km == pytest.approx(0.0, abs=1e-9)


def test_chunks_do_not_change_the_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(5)
    roads = random_network(rng)
    places = [tuple(p) for p in rng.uniform(0, 10, (9, 2)).tolist()]
    whole = go(roads, places, places, walk_in=True)
    monkeypatch.setattr(shortest_paths, "_CHUNK_BYTES", 1)
    parts = go(roads, places, places, walk_in=True)
    assert np.array_equal(whole.travel_time_min, parts.travel_time_min)
    assert np.array_equal(whole.road_km, parts.road_km)
    assert (np.diag(whole.travel_time_min) == 0).all()


# --- a published matrix ---------------------------------------------------------------------


def test_carrollton_minutes_as_published(shared: Path) -> None:
    """Street minutes of 325 areas against the matrix rebuilt from the same streets.

    Measured: 96,410 of 96,418 pairs that are not imputed agree within 1%. Two of the eight others
    are one place (0 against 1e-9 minutes); six lie on stray pieces of street that the matrix
    routes within and that Jingli leads past.
    """
    folder = shared / "carrollton"
    source = Source(
        layer="roads", path=folder / "StreetCenterlines.shp", shown="streets", crs="EPSG:2276"
    )
    roads, problems = roads_from_table(read_table(source, ROADS_SCHEMA), Roads(), oneway=False)
    assert not [p for p in problems if p.severity == "error"]
    areas = pd.read_csv(folder / "areas.csv")
    published = pd.read_csv(folder / "travel_minutes.csv", index_col=0)
    published.columns = published.columns.astype(int)
    ids = areas["number_id"]
    minutes = published.loc[ids, ids].to_numpy()
    x_ft, y_ft = areas["x_ft"].to_numpy(), areas["y_ft"].to_numpy()
    lon, lat = to_wgs84(x_ft, y_ft, "EPSG:2276")
    found = travel(roads, lon, lat, lon, lat, walk_km_per_h=5.0, count_walk_in=False)
    straight_ft = np.hypot(x_ft[:, None] - x_ft, y_ft[:, None] - y_ft)
    imputed = np.isclose(
        minutes, 1.0630352742162 + 0.000339820268404 * straight_ft, rtol=0, atol=1e-6
    )
    compared = ~imputed & ~np.eye(len(areas), dtype=bool)
    assert compared.sum() == 96_418
    agrees = np.abs(found.travel_time_min - minutes) <= 0.01 * minutes
    assert agrees[compared].sum() >= 96_410
    apart = compared & ~agrees
    led = found.from_led_past_km > 0
    assert (led[:, None] & led[None, :] | (minutes < 1e-6))[apart].all()


# --- sparse answers, and the nearest --------------------------------------------------------


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 10_000))
def test_sparse_times_and_the_nearest_equal_the_table(seed: int) -> None:
    rng = np.random.default_rng(seed)
    ready = router(random_network(rng))
    at = rng.uniform(0, 10, (9, 2)) / KM_PER_DEG
    start, goal = ready.snap(*at[:4].T), ready.snap(*at[4:].T)
    for walk in (None, 5.0):
        table = travel(
            None, *at[:4].T, *at[4:].T,
            walk_km_per_h=5.0, count_walk_in=walk is not None, limit_min=30, index=ready,
        )  # fmt: skip
        minutes, km = travel_times(ready, start, goal, 30, walk_km_per_h=walk).dense()
        assert minutes == pytest.approx(table.travel_time_min, abs=ROUNDED)
        assert km == pytest.approx(table.road_km, abs=ROUNDED)
    drive = travel(None, *at[:4].T, *at[4:].T, walk_km_per_h=5, count_walk_in=False, index=ready)
    found = nearest(ready, start, goal, k=2)
    expected = np.sort(drive.travel_time_min, axis=0)[:2].T
    assert found.travel_time_min == pytest.approx(expected, abs=ROUNDED)
    for t, j in zip(*np.nonzero(found.source >= 0), strict=True):
        one = drive.travel_time_min[found.source[t, j], t]
        assert one == pytest.approx(found.travel_time_min[t, j], abs=ROUNDED)
    assert ((found.source < 0) == np.isinf(expected)).all()
