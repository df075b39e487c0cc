"""Junctions taken out of a graph: every way stays what it was, to the last centimetre."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from geo import core_search, shortest_paths
from geo.core_search import core_of
from geo.shortest_paths import CLOSED, NO_LIMIT_MS, Arcs, Ends, Reached, arcs_of
from tests.test_shortest_paths import as_dense, random_arcs, random_direct, random_ends, twin

FIELDS = ("first", "target", "travel_ms", "road_cm")
NONE = np.zeros(0, np.int64)


def at(*nodes: int) -> Ends:
    """A place at each of some nodes."""
    zero = np.zeros(len(nodes), np.int64)
    return Ends(
        first=np.arange(len(nodes) + 1), node=np.array(nodes), travel_ms=zero, length_cm=zero
    )


def by_core(
    arcs: Arcs, exits: Ends, entries: Ends, direct: Reached | None = None, limit: int = NO_LIMIT_MS
) -> Reached:
    """All sources searched in the core."""
    sources, targets = len(exits.first) - 1, len(entries.first) - 1
    if direct is None:
        nothing = np.full((sources, targets), CLOSED)
        direct = shortest_paths.sparse(nothing, nothing, NO_LIMIT_MS)
    search = core_search.searcher(arcs, exits, entries, direct, limit)
    parts = shortest_paths._Parts(sources, targets)
    while parts.done < sources:
        parts.keep(search(parts.done, *parts.room()))
    return parts.reached()


def town(rng: np.random.Generator, side: int, ties: bool) -> Arcs:
    """A grid with dead-end streets, some of them one-way, and turns that take no time."""
    node = np.arange(side * side).reshape(side, side)
    one = np.concatenate([node[:, :-1].ravel(), node[:-1].ravel()])
    two = np.concatenate([node[:, 1:].ravel(), node[1:].ravel()])
    count = side * side
    for _ in range(2 * side * side):  # each hangs on a node that is there: trees grow
        one, two = np.append(one, rng.integers(0, count)), np.append(two, count)
        count += 1
    # Roads are closed, one-way either way, or both.
    open_to = rng.choice(4, len(one), p=[0.05, 0.15, 0.15, 0.65])
    there, back = (open_to & 1) > 0, (open_to & 2) > 0
    tail, head = np.append(one[there], two[back]), np.append(two[there], one[back])
    ms = rng.integers(0, 4 if ties else 100_000, len(tail))
    cm = rng.integers(0, 4 if ties else 100_000, len(tail))
    return arcs_of(tail, head, ms, cm, count)[0]


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 100_000), st.booleans())
def test_equals_the_search_of_the_whole_graph(seed: int, ties: bool) -> None:
    rng = np.random.default_rng(seed)
    arcs = town(rng, int(rng.integers(2, 7)), ties) if seed % 2 else random_arcs(rng, 15, ties)
    exits, entries = random_ends(rng, 5, arcs.nodes), random_ends(rng, 30, arcs.nodes)
    direct = random_direct(rng, 5, 30)
    expected = twin(arcs, exits, entries, direct)
    for limit_ms in (NO_LIMIT_MS, int(rng.integers(0, 12 if ties else 300_000))):
        found = by_core(arcs, exits, entries, direct, limit_ms)
        within = np.where(expected <= limit_ms, expected, CLOSED)
        assert (as_dense(found)[0] == within).all()
        whole = shortest_paths._reach_compiled(arcs, exits, entries, direct, limit_ms)
        for name in FIELDS:
            assert np.array_equal(getattr(found, name), getattr(whole, name)), name


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 100_000))
def test_the_numbers_of_the_nodes_do_not_matter(seed: int) -> None:
    rng = np.random.default_rng(seed)
    arcs = town(rng, 5, ties=True)
    exits, entries = random_ends(rng, 5, arcs.nodes), random_ends(rng, 30, arcs.nodes)
    number = rng.permutation(arcs.nodes)
    other = arcs_of(
        number[arcs.tails()], number[arcs.head], arcs.travel_ms, arcs.length_cm, arcs.nodes
    )[0]
    moved = [replace(ends, node=number[ends.node]) for ends in (exits, entries)]
    one, two = by_core(arcs, exits, entries), by_core(other, moved[0], moved[1])
    for name in FIELDS:
        assert np.array_equal(getattr(one, name), getattr(two, name)), name


def test_a_dead_end_of_one_way_roads_is_entered_and_not_left() -> None:
    # 0 - 1 both ways; 1 -> 2 -> 3 only in, 4 -> 1 only out.
    arcs = arcs_of([0, 1, 1, 2, 4], [1, 0, 2, 3, 1], [5, 5, 7, 8, 9], [1, 1, 2, 3, 4], 5)[0]
    found = by_core(arcs, at(0, 3, 4), at(0, 2, 3, 4))
    minutes, km = as_dense(found)
    assert minutes.tolist() == [
        [0, 12, 20, CLOSED], [CLOSED, CLOSED, 0, CLOSED], [14, 16, 24, 0],
    ]  # fmt: skip
    assert km[2].tolist() == [5, 6, 9, 0]


def test_of_equally_fast_ways_the_shorter_counts_where_the_junctions_are_taken_out() -> None:
    # 0-1-3 and 0-2-3 take 2 ms each; the second is 20 cm, the first 200 cm.
    arcs = arcs_of([0, 1, 0, 2], [1, 3, 2, 3], [1, 1, 1, 1], [100, 100, 10, 10], 4)[0]
    found = by_core(arcs, at(0), at(3))
    assert (found.travel_ms.tolist(), found.road_cm.tolist()) == ([2], [20])


def test_ways_of_more_than_24_days_are_no_ways() -> None:
    # Sums past 32 bits of milliseconds must not come out as short ones.
    arcs = arcs_of([0, 1, 2], [1, 2, 3], [NO_LIMIT_MS, NO_LIMIT_MS, 5], [1, 1, 1], 4)[0]
    for search in (by_core, shortest_paths._reach_compiled):
        nothing = np.full((2, 3), CLOSED)
        direct = shortest_paths.sparse(nothing, nothing, NO_LIMIT_MS)
        found = search(arcs, at(0, 1), at(1, 2, 3), direct, NO_LIMIT_MS)
        assert as_dense(found)[0].tolist() == [
            [NO_LIMIT_MS, CLOSED, CLOSED], [0, NO_LIMIT_MS, CLOSED],
        ]  # fmt: skip


def test_few_nodes_stay_and_only_those_wanted_hang_on_them() -> None:
    rng = np.random.default_rng(2)
    arcs = town(rng, 30, ties=False)
    wanted = np.array([900, 1000, 2000])  # dead ends
    core = core_of(arcs, wanted)
    in_core = len(core.arcs[0]) - 1
    assert in_core < arcs.nodes / 5
    assert (core.row[wanted] >= in_core).all()
    assert core.rows - in_core < 200
    # What hangs stands after all that it hangs on.
    first, above = core.links[:2]
    owner = np.repeat(np.arange(in_core, core.rows), np.diff(first))
    assert (above < owner).all()


def test_a_forest_has_no_core() -> None:
    arcs = arcs_of([0, 1, 2, 3], [1, 0, 3, 2], [4, 5, 6, 7], [1, 1, 1, 1], 5)[0]
    assert len(core_of(arcs, np.arange(5)).arcs[0]) == 1
    found = by_core(arcs, at(0, 1, 2, 4), at(0, 1, 3, 4))
    assert as_dense(found)[0].tolist() == [
        [0, 4, CLOSED, CLOSED], [5, 0, CLOSED, CLOSED],
        [CLOSED, CLOSED, 6, CLOSED], [CLOSED, CLOSED, CLOSED, 0],
    ]  # fmt: skip


def test_searching_goes_over_to_the_core_when_it_pays(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(5)
    arcs = town(rng, 12, ties=True)
    exits, entries = random_ends(rng, 40, arcs.nodes), random_ends(rng, 60, arcs.nodes)
    direct = random_direct(rng, 40, 60)
    made = []

    def counted(*given: object) -> object:
        made.append(1)
        return searcher(*given)  # type: ignore[arg-type]

    searcher = core_search.searcher
    monkeypatch.setattr(core_search, "searcher", counted)
    both = []
    for worth, times in ((core_search.WORTH, 1), (10**9, 0)):
        monkeypatch.setattr(core_search, "WORTH", worth)
        made.clear()
        both.append(shortest_paths._reach_compiled(arcs, exits, entries, direct, NO_LIMIT_MS))
        assert len(made) == times
    for name in FIELDS:
        assert np.array_equal(getattr(both[0], name), getattr(both[1], name)), name
    # Within a few steps the whole graph is not worth it.
    monkeypatch.undo()
    monkeypatch.setattr(core_search, "searcher", counted)
    shortest_paths._reach_compiled(arcs, exits, entries, direct, 0)
    assert not made


def test_a_full_buffer_loses_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(3)
    arcs = town(rng, 8, ties=False)
    exits, entries = random_ends(rng, 30, arcs.nodes), random_ends(rng, 50, arcs.nodes)
    whole = by_core(arcs, exits, entries)
    monkeypatch.setattr(shortest_paths, "_BLOCK", 50)
    parts = by_core(arcs, exits, entries)
    for name in FIELDS:
        assert np.array_equal(getattr(whole, name), getattr(parts, name)), name


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 100_000))
def test_the_nearest_by_equally_fast_ways_is_the_shorter_way(seed: int) -> None:
    rng = np.random.default_rng(seed)
    arcs = town(rng, 4, ties=True)
    exits, entries = random_ends(rng, 6, arcs.nodes), random_ends(rng, 30, arcs.nodes)
    found = by_core(arcs, exits, entries)
    way = np.full((6, 30), 2**62)
    row = np.repeat(np.arange(6), np.diff(found.first))
    way[row, found.target] = (found.travel_ms.astype(np.int64) << 32) | found.road_cm
    source, ms, cm = (a[:, 0] for a in shortest_paths.nearest(arcs, exits, entries, 1))
    assert np.array_equal(source >= 0, way.min(axis=0) < 2**62)
    there = np.flatnonzero(source >= 0)
    assert np.array_equal((ms[there] << 32) | cm[there], way.min(axis=0)[there])
    assert np.array_equal(way[source[there], there], way.min(axis=0)[there])
