"""The two engines, trees that outlive a change, and the k nearest, against each other and scipy."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.sparse import csr_array
from scipy.sparse.csgraph import dijkstra

from geo import shortest_paths
from geo.shortest_paths import CLOSED, NO_LIMIT_MS, Arcs, Ends, Reached, arcs_of

Rng = np.random.Generator


def random_arcs(rng: Rng, nodes: int, ties: bool) -> Arcs:
    """Directed arcs with parallel ones, loops, and arcs that take no time."""
    count = int(rng.integers(nodes, 4 * nodes))
    tail, head = rng.integers(0, nodes, (2, count))
    most = 5 if ties else 100_000
    ms, cm = rng.integers(0, most, count), rng.integers(0, most, count)
    return arcs_of(tail, head, ms, cm, nodes)[0]


def random_ends(rng: Rng, places: int, nodes: int) -> Ends:
    """None, one or two ends for each place."""
    count = rng.integers(0, 3, places)
    first = np.concatenate([[0], np.cumsum(count)])
    node, ms, cm = rng.integers(0, nodes, (3, int(first[-1])))
    return Ends(first=first, node=node, travel_ms=ms, length_cm=cm)


def random_direct(rng: Rng, sources: int, targets: int) -> Reached:
    ms = np.where(
        rng.random((sources, targets)) < 0.1, rng.integers(0, 9, (sources, targets)), CLOSED
    )
    return shortest_paths.sparse(ms, ms, NO_LIMIT_MS)


def twin(arcs: Arcs, exits: Ends, entries: Ends, direct: Reached) -> np.ndarray:
    """Milliseconds by Bellman and Ford: every arc until nothing changes."""
    tail, sources = arcs.tails(), len(exits.first) - 1
    made = np.full((sources, len(entries.first) - 1), float(CLOSED))
    row = np.repeat(np.arange(sources), np.diff(direct.first))
    made[row, direct.target] = direct.travel_ms
    for s in range(sources):
        at = np.full(arcs.nodes, np.inf)
        for e in range(exits.first[s], exits.first[s + 1]):
            at[exits.node[e]] = min(at[exits.node[e]], exits.travel_ms[e])
        weight = np.where(arcs.travel_ms == CLOSED, np.inf, arcs.travel_ms)
        while True:
            then = at.copy()
            np.minimum.at(then, arcs.head, at[tail] + weight)
            if np.array_equal(then, at):
                break
            at = then
        for e, t in enumerate(entries.place):
            made[s, t] = min(made[s, t], at[entries.node[e]] + entries.travel_ms[e])
    return made


def as_dense(found: Reached) -> tuple[np.ndarray, np.ndarray]:
    minutes, km = found.dense()
    ms = np.where(np.isinf(minutes), CLOSED, np.rint(minutes * 60_000))
    return ms, np.rint(km * 100_000)


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 100_000), st.booleans())
def test_both_engines_equal_the_twin(seed: int, ties: bool) -> None:
    rng = np.random.default_rng(seed)
    nodes = int(rng.integers(2, 15))
    arcs = random_arcs(rng, nodes, ties)
    exits, entries = random_ends(rng, 4, nodes), random_ends(rng, 6, nodes)
    direct = random_direct(rng, 4, 6)
    expected = twin(arcs, exits, entries, direct)
    for limit_ms in (NO_LIMIT_MS, int(rng.integers(0, 20 if ties else 300_000))):
        within = np.where(expected <= limit_ms, expected, CLOSED)
        one = shortest_paths._reach_compiled(arcs, exits, entries, direct, limit_ms)
        two = shortest_paths._reach_scipy(arcs, exits, entries, direct, limit_ms)
        assert (as_dense(one)[0] == within).all()
        assert (as_dense(two)[0] == within).all()
        # Where scipy takes another of equally fast ways it is never the shorter one.
        both = within < CLOSED
        assert (as_dense(one)[1][both] <= as_dense(two)[1][both]).all()
        assert (
            np.diff(one.target)[np.setdiff1d(np.arange(1, len(one.target)), one.first) - 1] > 0
        ).all()


def test_a_full_buffer_loses_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(3)
    arcs = random_arcs(rng, 40, ties=False)
    exits, entries = random_ends(rng, 30, 40), random_ends(rng, 50, 40)
    direct = random_direct(rng, 30, 50)
    whole = shortest_paths._reach_compiled(arcs, exits, entries, direct, NO_LIMIT_MS)
    monkeypatch.setattr(shortest_paths, "_BLOCK", 50)
    parts = shortest_paths._reach_compiled(arcs, exits, entries, direct, NO_LIMIT_MS)
    for name in ("first", "target", "travel_ms", "road_cm"):
        assert np.array_equal(getattr(whole, name), getattr(parts, name)), name


def test_of_equally_fast_ways_the_shorter_counts() -> None:
    # 0-1-3 and 0-2-3 take 2 ms each; the second is 20 cm, the first 200 cm.
    arcs = arcs_of([0, 1, 0, 2], [1, 3, 2, 3], [1, 1, 1, 1], [100, 100, 10, 10], 4)[0]
    at = Ends(
        first=np.array([0, 1]), node=np.array([0]), travel_ms=np.array([0]), length_cm=np.array([0])
    )
    to = Ends(
        first=np.array([0, 1]), node=np.array([3]), travel_ms=np.array([0]), length_cm=np.array([0])
    )
    none = shortest_paths.sparse(np.full((1, 1), CLOSED), np.zeros((1, 1), int), NO_LIMIT_MS)
    found = shortest_paths._reach_compiled(arcs, at, to, none, NO_LIMIT_MS)
    assert (found.travel_ms.tolist(), found.road_cm.tolist()) == ([2], [20])


@settings(max_examples=80, deadline=None)
@given(st.integers(0, 100_000), st.booleans())
def test_mended_trees_equal_new_ones(seed: int, ties: bool) -> None:
    rng = np.random.default_rng(seed)
    nodes = int(rng.integers(2, 25))
    arcs = random_arcs(rng, nodes, ties)
    exits, entries = random_ends(rng, 5, nodes), random_ends(rng, 8, nodes)
    direct = random_direct(rng, 5, 8)
    limit_ms = int(rng.choice([NO_LIMIT_MS, 12 if ties else 200_000]))
    trees = shortest_paths.grow(arcs, exits, limit_ms)
    count = len(arcs.head)
    slower = arcs
    for _ in range(2):  # a second change on top of the first
        slower = shortest_paths.barred(slower, rng.choice(count, int(rng.integers(0, 4))))
        slower = shortest_paths.slowed(slower, np.where(rng.random(count) < 0.1, 3.0, 1.0))
        trees = trees.on(slower)
        new = shortest_paths.grow(slower, exits, limit_ms)
        assert np.array_equal(trees.travel_ms, new.travel_ms)
        reached = new.travel_ms != CLOSED
        assert np.array_equal(trees.road_cm[reached], new.road_cm[reached])
        one = trees.to(entries, direct)
        two = shortest_paths._reach_compiled(slower, exits, entries, direct, limit_ms)
        for name in ("first", "target", "travel_ms", "road_cm"):
            assert np.array_equal(getattr(one, name), getattr(two, name)), name


def test_trees_follow_roads_that_become_faster_and_sources_that_move() -> None:
    rng = np.random.default_rng(8)
    arcs = random_arcs(rng, 30, ties=False)
    exits, moved = random_ends(rng, 5, 30), random_ends(rng, 5, 30)
    trees = shortest_paths.grow(arcs, exits)
    faster = shortest_paths.slowed(arcs, np.full(len(arcs.head), 0.5))
    for made, new in (
        (trees.on(faster), shortest_paths.grow(faster, exits)),
        (trees.on(arcs, moved), shortest_paths.grow(arcs, moved)),
    ):
        assert np.array_equal(made.travel_ms, new.travel_ms)
    assert not np.array_equal(shortest_paths.grow(arcs, moved).travel_ms, trees.travel_ms)


def test_a_closure_mends_only_what_hung_on_the_road() -> None:
    # A line of ten nodes, and the search from its start: closing the ninth arc loses one node.
    from geo import search_loops

    arcs = arcs_of(np.arange(9), np.arange(1, 10), np.full(9, 5), np.full(9, 5), 10)[0]
    at = Ends(
        first=np.array([0, 1]), node=np.array([0]), travel_ms=np.array([0]), length_cm=np.array([0])
    )
    trees = shortest_paths.grow(arcs, at)
    closed = shortest_paths.barred(arcs, np.array([8]))
    into = np.arange(9, dtype=np.int32)
    first = np.concatenate([[0], np.arange(10)])
    ms, cm, before = trees.travel_ms.copy(), trees.road_cm.copy(), trees.before.copy()
    again = search_loops.repair(
        arcs.first_arc, arcs.head, arcs.tails(), closed.travel_ms, arcs.length_cm, first, into,
        np.array([8]), at.first, at.node, at.travel_ms, at.length_cm, NO_LIMIT_MS,
        ms, cm, before, np.zeros(10, np.bool_),
    )  # fmt: skip
    assert again == 1
    assert ms[0].tolist() == [5 * n for n in range(9)] + [CLOSED]


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 100_000), st.integers(1, 3))
def test_the_nearest_are_the_smallest_of_the_matrix(seed: int, k: int) -> None:
    rng = np.random.default_rng(seed)
    nodes = int(rng.integers(2, 20))
    arcs = random_arcs(rng, nodes, ties=False)
    exits, entries = random_ends(rng, 5, nodes), random_ends(rng, 8, nodes)
    none = shortest_paths.sparse(np.full((5, 8), CLOSED), np.zeros((5, 8), int), NO_LIMIT_MS)
    matrix = twin(arcs, exits, entries, none)
    source, ms, _ = shortest_paths.nearest(arcs, exits, entries, k)
    expected = np.sort(matrix, axis=0)[:k].T
    assert (np.where(source < 0, CLOSED, ms) == expected).all()
    for t, j in zip(*np.nonzero(source >= 0), strict=True):
        assert matrix[source[t, j], t] == ms[t, j]
    assert all(len(set(row[row >= 0])) == (row >= 0).sum() for row in source)


def test_equals_scipy_on_a_large_grid() -> None:
    """26 sources on 10,000 nodes: another implementation of the same algorithm."""
    rng = np.random.default_rng(1)
    side = 100
    node = np.arange(side * side).reshape(side, side)
    tail = np.concatenate([node[:, :-1].ravel(), node[:-1].ravel()])
    head = np.concatenate([node[:, 1:].ravel(), node[1:].ravel()])
    ms = rng.integers(1, 9000, 2 * len(tail))
    both = (np.concatenate([tail, head]), np.concatenate([head, tail]))
    arcs = arcs_of(*both, ms, ms, side * side)[0]
    at = rng.integers(0, side * side, 26)
    exits = Ends(
        first=np.arange(27), node=at, travel_ms=np.zeros(26, int), length_cm=np.zeros(26, int)
    )
    found = shortest_paths.grow(arcs, exits).travel_ms
    expected = dijkstra(csr_array((ms.astype(float), both), shape=(side**2, side**2)), indices=at)
    assert (found == expected).all()
