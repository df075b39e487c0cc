"""Gabriel graphs and the roads modelled on them."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components, minimum_spanning_tree

from geo.gabriel import gabriel_pairs
from geo.modelled_roads import modelled_roads
from geo.plane import pair_km
from geo.routing import travel
from optimizer.policy import Roads
from tests.road_view import View

KM_PER_DEG = 111.3195  # on the equator


def brute_gabriel(points: np.ndarray) -> set[tuple[int, int]]:
    """Pairs that no third point sees under a right angle or a wider one."""
    found = set()
    for i, j in combinations(range(len(points)), 2):
        sees = [
            np.dot(points[i] - q, points[j] - q)
            <= 1e-9 * np.linalg.norm(points[i] - q) * np.linalg.norm(points[j] - q)
            for k, q in enumerate(points)
            if k not in (i, j)
        ]
        if not any(sees):
            found.add((i, j))
    return found


def pairs_of(points: np.ndarray) -> set[tuple[int, int]]:
    return {(int(i), int(j)) for i, j in gabriel_pairs(points[:, 0], points[:, 1])}


def components(n: int, pairs: np.ndarray) -> int:
    graph = coo_array((np.ones(len(pairs)), (pairs[:, 0], pairs[:, 1])), shape=(n, n))
    return int(connected_components(graph, directed=False)[0])


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10_000), st.integers(2, 30))
def test_gabriel_equals_brute_force(seed: int, n: int) -> None:
    points = np.random.default_rng(seed).uniform(0, 50_000, (n, 2))
    assert pairs_of(points) == brute_gabriel(points)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 4), st.integers(0, 4)), min_size=2, max_size=25))
def test_gabriel_is_connected_on_grids_lines_and_doubles(cells: list[tuple[int, int]]) -> None:
    # Integer grids hold what random points do not: squares, lines and coincident points.
    points = np.array(cells, float) * 1000
    pairs = gabriel_pairs(points[:, 0], points[:, 1])
    assert components(len(points), pairs) == 1
    assert (pairs[:, 0] < pairs[:, 1]).all()
    assert len(np.unique(pairs, axis=0)) == len(pairs)
    distinct, first = np.unique(points, axis=0, return_index=True)
    if len(distinct) == len(points):
        assert {(int(i), int(j)) for i, j in pairs} == brute_gabriel(points)
    else:
        twin_pairs = pairs[(points[pairs[:, 0]] == points[pairs[:, 1]]).all(axis=1)]
        assert len(twin_pairs) == len(points) - len(distinct)
        assert set(twin_pairs[:, 0].tolist()) <= set(first.tolist())


@settings(max_examples=150, deadline=None)
@given(st.integers(0, 10_000), st.integers(-12, 0), st.integers(-9, 2))
def test_gabriel_is_connected_where_geometry_is_flat(seed: int, noise: int, gap: int) -> None:
    # All but on one line, some all but at one place: where triangulations lose edges.
    rng = np.random.default_rng(seed)
    x = rng.uniform(0, 5e4, 12)
    points = np.column_stack([x, 0.3 * x + rng.normal(0, 10.0**noise, 12)])
    points = np.vstack([points, points[:2] + 10.0**gap])
    assert components(len(points), gabriel_pairs(points[:, 0], points[:, 1])) == 1


@pytest.mark.parametrize("seed", [36, 54, 102])
def test_gabriel_where_qhull_answers_with_a_point_at_infinity(seed: int) -> None:
    rng = np.random.default_rng(seed)
    n = rng.integers(3, 15)
    x = rng.uniform(0, 5e4, n)
    points = np.column_stack([x, 0.3 * x + rng.normal(0, 10.0 ** rng.integers(-12, 1), n)])
    assert components(len(points), gabriel_pairs(points[:, 0], points[:, 1])) == 1


def test_points_almost_at_one_place_do_not_cut_each_other_off() -> None:
    # Each of the first two would stand on the other's circle with the third.
    points = np.array([[0.0, 0.0], [0.0, 1e-6], [5e4, 0.0]])
    assert pairs_of(points) == {(0, 1), (0, 2)}


def test_gabriel_by_hand() -> None:
    # A square has its sides but no diagonal; a point in the middle of a side splits it.
    square = np.array([[0, 0], [10, 0], [10, 10], [0, 10]], float)
    assert pairs_of(square) == {(0, 1), (1, 2), (2, 3), (0, 3)}
    split = np.vstack([square, [[5, 0]]])
    assert pairs_of(split) == {(0, 4), (1, 4), (1, 2), (2, 3), (0, 3)}
    line = np.array([[0, 0], [20, 0], [10, 0]], float)
    assert pairs_of(line) == {(0, 2), (1, 2)}
    assert pairs_of(np.array([[1.0, 1.0], [1.0, 1.0]])) == {(0, 1)}
    assert pairs_of(np.array([[1.0, 1.0]])) == set()


def test_gabriel_holds_the_minimum_spanning_tree() -> None:
    points = np.random.default_rng(2).uniform(0, 9, (60, 2))
    gaps = np.hypot(*(points[:, None] - points[None]).transpose(2, 0, 1))
    tree = minimum_spanning_tree(gaps).tocoo()
    edges = {
        (min(i, j), max(i, j)) for i, j in zip(tree.row.tolist(), tree.col.tolist(), strict=True)
    }
    assert edges <= pairs_of(points)


# --- roads ----------------------------------------------------------------------------------


def roads_on(points_km: list[tuple[float, float]], rank: list[int], **policy: float) -> View:
    place = np.array(points_km, float) / KM_PER_DEG
    return View(modelled_roads(place[:, 0], place[:, 1], np.array(rank), Roads(**policy)))


def streets(
    network: View, points_km: list[tuple[float, float]]
) -> dict[tuple[int, int], tuple[str, float, float]]:
    """Class, km and minutes of each street, by the rows of the places at its ends."""
    place = np.array(points_km, float) / KM_PER_DEG
    nodes = np.column_stack([network.node_lon_deg, network.node_lat_deg])
    row = [int(np.argmin(np.hypot(*(place - n).T))) for n in nodes]
    along, against = network.street_arcs()
    assert (against >= 0).all()
    return {
        tuple(sorted((row[network.tail[a]], row[network.head[a]]))): (
            network.class_names[network.class_code[a]],
            float(network.length_km[a]),
            float(network.travel_time_min[a]),
        )
        for a in along
    }


def test_lengths_and_minutes_by_hand() -> None:
    points = [(0.0, 0.0), (10.0, 0.0), (12.0, 0.0)]
    found = streets(roads_on(points, [0, 1, 2], detour_factor=1.5), points)
    assert set(found) == {(0, 1), (1, 2)}
    assert found[0, 1] == ("county", pytest.approx(15, rel=1e-4), pytest.approx(22.5, rel=1e-4))
    assert found[1, 2] == ("township", pytest.approx(3, rel=1e-4), pytest.approx(6, rel=1e-4))


def test_trunk_is_what_three_seats_use() -> None:
    # A chain of seats 0-1-2-3-4 from the county seat: the first two links carry 4 and 3 seats.
    points = [(0.0, 0.0), (5.0, 0.0), (10.0, 0.0), (15.0, 0.0), (20.0, 0.0)]
    found = streets(roads_on(points, [0, 1, 1, 1, 1]), points)
    assert {pair: name for pair, (name, _, _) in found.items()} == {
        (0, 1): "provincial", (1, 2): "provincial", (2, 3): "county", (3, 4): "county",
    }  # fmt: skip


def test_seat_roads_pass_over_cells_and_cells_get_small_roads() -> None:
    # A cell lies between the seats, a second one beside it.
    points = [(0.0, 0.0), (10.0, 0.0), (5.0, 0.2), (5.0, 2.0)]
    found = streets(roads_on(points, [0, 1, 2, 2]), points)
    assert {pair: name for pair, (name, _, _) in found.items()} == {
        (0, 1): "county", (0, 2): "township", (1, 2): "township", (2, 3): "village",
    }  # fmt: skip


def test_places_at_one_point_are_one_node_of_the_best_rank() -> None:
    points = [(0.0, 0.0), (10.0, 0.0), (0.0, 0.0), (10.0, 0.0)]
    network = roads_on(points, [2, 2, 0, 1])
    assert len(network.node_lon_deg) == 2
    assert network.class_names == ("county",)
    assert len(network) == 2


def test_without_a_county_seat_the_middle_one_stands_in() -> None:
    points = [(float(5 * i), 0.0) for i in range(7)]
    found = streets(roads_on(points, [1] * 7), points)
    trunk = {pair for pair, (name, _, _) in found.items() if name == "provincial"}
    assert trunk == {(2, 3), (3, 4)}
    assert {name for name, _, _ in streets(roads_on(points, [2] * 7), points).values()} == {
        "village"
    }


def test_too_few_places() -> None:
    with pytest.raises(ValueError, match="two places"):
        roads_on([(0.0, 0.0), (0.0, 0.0)], [0, 2])


def test_speed_of_an_unlisted_class() -> None:
    roads = Roads(speed_km_per_h={"county": 40.0}, other_speed_km_per_h=12.0)
    network = View(
        modelled_roads(np.array([0.0, 0.1]), np.array([0.0, 0.0]), np.array([0, 2]), roads)
    )
    assert network.travel_time_min == pytest.approx(network.length_km / 12 * 60)


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 10_000))
def test_every_place_reaches_every_other(seed: int) -> None:
    rng = np.random.default_rng(seed)
    n = int(rng.integers(2, 40))
    lon, lat = 107 + rng.uniform(0, 0.5, n), 30 + rng.uniform(0, 0.5, n)
    rank = rng.integers(0, 3, n)
    roads = Roads()
    network = modelled_roads(lon, lat, rank, roads)
    assert network.component.max() == 0
    assert network.origin == "modelled"
    found = travel(network, lon, lat, lon, lat, walk_km_per_h=5.0)
    pairs = np.stack(np.meshgrid(np.arange(n), np.arange(n), indexing="ij"), axis=-1)
    straight_km = pair_km(lon, lat, pairs.reshape(-1, 2)).reshape(n, n)
    assert (found.road_km >= straight_km * roads.detour_factor - 1e-4).all()
    assert (found.travel_time_min < np.inf).all()
    assert found.travel_time_min == pytest.approx(found.travel_time_min.T, abs=1e-6)


def test_order_of_places_does_not_matter() -> None:
    rng = np.random.default_rng(4)
    lon, lat, rank = rng.uniform(107, 108, 30), rng.uniform(30, 31, 30), rng.integers(0, 3, 30)
    rank[rank == 0] = 1
    rank[0] = 0
    mixed = rng.permutation(30)
    one = modelled_roads(lon, lat, rank, Roads())
    two = modelled_roads(lon[mixed], lat[mixed], rank[mixed], Roads())
    for name in ("first_arc", "head", "length_cm", "travel_ms", "street_class"):
        assert np.array_equal(getattr(one, name), getattr(two, name))
