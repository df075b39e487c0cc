"""Fastest ways over a graph of arcs: which engine runs, and what a search takes and gives.

Limited Dijkstra (1959): scipy's for small jobs, where compiling or loading numba costs more than
the search, `geo.search_loops` for large ones, and `geo.core_search` where a graph is searched many
times over. All work in whole milliseconds and give the same times. Of ways that take equally long
to the millisecond the compiled searches take the shorter one; scipy's takes one of them.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array
from scipy.sparse.csgraph import dijkstra

from geo import core_search
from optimizer.frozen import FloatArray, IntArray

UInt32Array = NDArray[np.uint32]
Int32Array = NDArray[np.int32]

CLOSED = 2**32 - 1
"""Milliseconds of an arc that is not there."""
NO_LIMIT_MS = 2**31 - 2
"""Longest way that is looked for: 24 days."""
# Nodes times sources from which the compiled search pays for loading it.
_LARGE = 1_500_000
# Entries that the compiled search returns at a time at the least: 12 bytes each.
_BLOCK = 1_000_000
# Bytes of minutes and predecessors that scipy, which answers in dense rows, holds at a time.
_CHUNK_BYTES = 96_000_000


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Arcs:
    """Directed arcs by the node they leave. N nodes, A arcs; parallel arcs and loops may be there.

    A scenario is another `travel_ms` over the same arrays.

    Attributes:
        first_arc: Arc `a` leaves node `n` if `first_arc[n] <= a < first_arc[n + 1]`, (N + 1,).
        head: Node where each arc ends, shape (A,).
        travel_ms: Milliseconds of each, `CLOSED` = barred, shape (A,).
        length_cm: Centimetres of each, shape (A,).
    """

    first_arc: IntArray
    head: Int32Array
    travel_ms: UInt32Array
    length_cm: UInt32Array

    @property
    def nodes(self) -> int:
        """N."""
        return len(self.first_arc) - 1

    def tail(self, arcs: IntArray) -> IntArray:
        """Node that each of some arcs leaves."""
        return np.searchsorted(self.first_arc, arcs, side="right") - 1

    def tails(self) -> Int32Array:
        """Node that every arc leaves, shape (A,)."""
        return np.repeat(np.arange(self.nodes, dtype=np.int32), np.diff(self.first_arc))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Ends:
    """Nodes through which places are left, or reached. P places, E ends, at most two a place.

    Attributes:
        first: Ends `e` of place `p`: `first[p] <= e < first[p + 1]`, shape (P + 1,).
        node: Shape (E,).
        travel_ms, length_cm: Between the place and the node, shape (E,).
    """

    first: IntArray
    node: IntArray
    travel_ms: IntArray
    length_cm: IntArray

    @property
    def place(self) -> IntArray:
        """Place of each end, shape (E,)."""
        return np.repeat(np.arange(len(self.first) - 1), np.diff(self.first))

    def by_row(
        self, row: IntArray | Int32Array, rows: int
    ) -> tuple[IntArray, Int32Array, IntArray]:
        """Ends by rows they are at, shape (E,): the first of each row, (rows + 1,); place and way.

        A way is milliseconds in the upper 32 bits, centimetres in the lower.
        """
        order = np.argsort(row, kind="stable")
        first = np.zeros(rows + 1, np.int64)
        np.cumsum(np.bincount(row, minlength=rows), out=first[1:])
        way = (self.travel_ms[order].astype(np.int64) << 32) | self.length_cm[order]
        return first, self.place[order].astype(np.int32), way


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Reached:
    """Which targets each source reaches, and how. S sources, T targets, sparse.

    Attributes:
        first: Entries `e` of source `s`: `first[s] <= e < first[s + 1]`, shape (S + 1,).
        target: Rising within a source, shape (E,).
        travel_ms, road_cm: Shape (E,).
        targets: T.
    """

    first: IntArray
    target: Int32Array
    travel_ms: UInt32Array
    road_cm: UInt32Array
    targets: int

    def dense(self) -> tuple[FloatArray, FloatArray]:
        """Minutes and kilometres, shape (S, T) each; inf where a target is not reached."""
        sources = len(self.first) - 1
        made = np.full((2, sources, self.targets), np.inf)
        row = np.repeat(np.arange(sources), np.diff(self.first))
        made[0, row, self.target] = self.travel_ms / 60_000.0
        made[1, row, self.target] = self.road_cm / 100_000.0
        return made[0], made[1]


def arcs_of(tail: Any, head: Any, travel_ms: Any, length_cm: Any, nodes: int) -> tuple[Arcs, Any]:
    """Arcs sorted by tail, head, time and length, and the order that sorts them, shape (A,)."""
    tail = np.asarray(tail)
    order = np.lexsort((length_cm, travel_ms, head, tail))
    first = np.zeros(nodes + 1, np.int64)
    np.cumsum(np.bincount(tail, minlength=nodes), out=first[1:])
    made = Arcs(
        first_arc=first,
        head=np.asarray(head)[order].astype(np.int32),
        travel_ms=np.asarray(travel_ms)[order].astype(np.uint32),
        length_cm=np.asarray(length_cm)[order].astype(np.uint32),
    )
    return made, order


def is_large(arcs: Arcs, sources: int) -> bool:
    """Whether a search of this size runs compiled."""
    return arcs.nodes * sources >= _LARGE


def reach(
    arcs: Arcs, exits: Ends, entries: Ends, direct: Reached, limit_ms: int = NO_LIMIT_MS
) -> Reached:
    """Fastest ways from every source to every target within a limit.

    Args:
        arcs: The graph.
        exits: Ways out of each source.
        entries: Ways into each target.
        direct: Ways from source to target that pass no node.
        limit_ms: Ways longer than this are not there.
    """
    search = _reach_compiled if is_large(arcs, len(exits.first) - 1) else _reach_scipy
    return search(arcs, exits, entries, direct, min(limit_ms, NO_LIMIT_MS))


def _reach_compiled(
    arcs: Arcs, exits: Ends, entries: Ends, direct: Reached, limit_ms: int
) -> Reached:
    """The graph is searched as it is until it shows that so many searches pay for a core."""
    from geo import heap_loops, search_loops

    sources, targets = len(exits.first) - 1, len(entries.first) - 1
    parts = _Parts(sources, targets)
    ways_in = entries.by_row(entries.node, arcs.nodes)
    label = np.full(arcs.nodes, heap_loops.FAR, np.int64)
    many = False
    while parts.done < sources and not many:
        then, many = search_loops.reach(
            arcs.first_arc, arcs.head, arcs.travel_ms, arcs.length_cm,
            exits.first, exits.node, exits.travel_ms, exits.length_cm, *ways_in,
            direct.first, direct.target, direct.travel_ms, direct.road_cm,
            limit_ms, parts.done, core_search.WORTH * arcs.nodes,
            np.count_nonzero(np.diff(ways_in[0])), targets, label, *parts.room(),
        )  # fmt: skip
        parts.keep(then)
    if parts.done < sources:
        del label, ways_in
        search = core_search.searcher(arcs, exits, entries, direct, limit_ms)
        while parts.done < sources:
            parts.keep(search(parts.done, *parts.room()))
    return parts.reached()


class _Parts:
    """The answer of a compiled search, in parts: how much it is shows only while searching."""

    def __init__(self, sources: int, targets: int) -> None:
        room = max(_BLOCK, targets)
        self._out = (np.empty(room, np.int32), np.empty(room, np.uint32), np.empty(room, np.uint32))
        self._since = np.zeros(0, np.int64)
        self._first = np.zeros(sources + 1, np.int64)
        self._parts = [tuple(array[:0] for array in self._out)]
        self._targets = targets
        self.done = 0

    def room(self) -> tuple[NDArray[Any], ...]:
        """Arrays to fill: targets, milliseconds, centimetres, and the first of each source."""
        self._since = np.zeros(len(self._first), np.int64)
        return *self._out, self._since

    def keep(self, then: int) -> None:
        """Keep what was filled: the answers of all sources before `then`."""
        new = slice(self.done + 1, then + 1)
        self._first[new] = self._first[self.done] + self._since[new]
        if then > self.done:
            self._parts.append(tuple(array[: self._since[then]].copy() for array in self._out))
        self.done = then

    def reached(self) -> Reached:
        """All of it."""
        target, ms, cm = (np.concatenate(arrays) for arrays in zip(*self._parts, strict=True))
        return Reached(
            first=self._first, target=target, travel_ms=ms, road_cm=cm, targets=self._targets
        )


def _reach_scipy(arcs: Arcs, exits: Ends, entries: Ends, direct: Reached, limit_ms: int) -> Reached:
    sources, targets, n = len(exits.first) - 1, len(entries.first) - 1, arcs.nodes
    # Each source becomes a node with arcs to its ends, and none back.
    tail = np.concatenate([arcs.tails(), n + exits.place])
    head = np.concatenate([arcs.head, exits.node])
    ms = np.concatenate([arcs.travel_ms, exits.travel_ms]).astype(np.int64)
    cm = np.concatenate([arcs.length_cm, exits.length_cm]).astype(np.int64)
    keep = (ms != CLOSED) & (tail != head)
    tail, head, ms, cm = tail[keep], head[keep], ms[keep], cm[keep]
    order = np.lexsort((cm, ms, head, tail))
    fresh = np.ones(len(order), bool)
    fresh[1:] = (np.diff(tail[order]) != 0) | (np.diff(head[order]) != 0)
    order = order[fresh]  # scipy adds parallel arcs up: only the fastest stays
    tail, head, ms, cm = tail[order], head[order], ms[order], cm[order]
    matrix = csr_array((ms.astype(float), (tail, head)), shape=(n + sources, n + sources))
    key = tail.astype(np.int64) * (n + sources) + head
    best_ms = np.full((sources, targets), CLOSED, np.int64)
    best_cm = np.zeros((sources, targets), np.int64)
    row = np.repeat(np.arange(sources), np.diff(direct.first))
    best_ms[row, direct.target] = direct.travel_ms
    best_cm[row, direct.target] = direct.road_cm
    chunk = max(1, _CHUNK_BYTES // (40 * (n + sources)))
    for start in range(0, sources, chunk):
        rows = np.arange(start, min(start + chunk, sources))
        to_ms, before = dijkstra(
            matrix, indices=n + rows, return_predecessors=True, limit=limit_ms + 0.5
        )
        to_cm = _along_trees(key, cm, before.astype(np.int64))
        to_ms = np.where(np.isfinite(to_ms), to_ms, CLOSED).astype(np.int64)
        for k in range(2):  # the first end of every target that has one, then the second
            has = np.flatnonzero(np.diff(entries.first) > k)
            end = entries.first[has] + k
            way_ms = to_ms[:, entries.node[end]] + entries.travel_ms[end]
            way_cm = to_cm[:, entries.node[end]] + entries.length_cm[end]
            at = np.ix_(rows, has)
            old_ms, old_cm = best_ms[at], best_cm[at]
            better = (way_ms < old_ms) | ((way_ms == old_ms) & (way_cm < old_cm))
            best_ms[at] = np.where(better, way_ms, old_ms)
            best_cm[at] = np.where(better, way_cm, old_cm)
    return sparse(best_ms, best_cm, limit_ms)


def sparse(ms: IntArray, cm: IntArray, limit_ms: int) -> Reached:
    """Dense milliseconds and centimetres, shape (S, T), as `Reached`; over the limit = not."""
    row, target = np.nonzero(ms <= min(limit_ms, NO_LIMIT_MS))
    first = np.zeros(len(ms) + 1, np.int64)
    np.cumsum(np.bincount(row, minlength=len(ms)), out=first[1:])
    return Reached(
        first=first,
        target=target.astype(np.int32),
        travel_ms=ms[row, target].astype(np.uint32),
        road_cm=cm[row, target].astype(np.uint32),
        targets=ms.shape[1],
    )


def _along_trees(key: IntArray, cm: IntArray, before: IntArray) -> IntArray:
    """Centimetres from the root to every node of shortest-path trees given by predecessors.

    Doubles its stride each round, so that a way of m arcs takes log2(m) rounds of whole arrays.

    Args:
        key: Tail times nodes plus head of each arc, rising.
        cm: Length of each arc.
        before: Predecessor of each node in each tree, negative = none, shape (n, N).
    """
    rows, n = before.shape
    node = np.arange(n)
    total = np.zeros((rows, n), np.int64)
    ancestor = np.where(before < 0, node, before)
    row, child = np.nonzero(before >= 0)
    total[row, child] = cm[np.searchsorted(key, before[row, child] * n + child)]
    row_start = np.arange(rows)[:, None] * n
    while True:
        at = row_start + ancestor
        further = ancestor.reshape(-1)[at]
        if np.array_equal(further, ancestor):
            return total
        total += total.reshape(-1)[at]
        ancestor = further


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Trees:
    """Fastest ways from each source to every node, kept so that a change redoes only its part.

    12 bytes per source and node.

    Attributes:
        arcs: The graph they were grown on.
        into: Arcs by the node they enter: first row of each node, shape (N + 1,), and arcs, (A,).
        exits: Ways out of each source.
        limit_ms: How far they go.
        travel_ms, road_cm: To each node, `CLOSED` = not reached, shape (S, N).
        before: Arc by which a node is entered, -2 - k for the k-th exit, -1 = not reached, (S, N).
    """

    arcs: Arcs
    into: tuple[IntArray, Int32Array]
    exits: Ends
    limit_ms: int
    travel_ms: UInt32Array
    road_cm: UInt32Array
    before: Int32Array

    def to(self, entries: Ends, direct: Reached) -> Reached:
        """Ways on to targets, as `reach` gives them."""
        from geo import search_loops

        sources, targets = len(self.travel_ms), len(entries.first) - 1
        best_ms = np.full((sources, targets), CLOSED, np.int64)
        best_cm = np.zeros((sources, targets), np.int64)
        row = np.repeat(np.arange(sources), np.diff(direct.first))
        best_ms[row, direct.target], best_cm[row, direct.target] = direct.travel_ms, direct.road_cm
        search_loops.collect(
            self.travel_ms, self.road_cm,
            entries.first, entries.node, entries.travel_ms, entries.length_cm,
            self.limit_ms, best_ms, best_cm,
        )  # fmt: skip
        return sparse(best_ms, best_cm, self.limit_ms)

    def on(self, arcs: Arcs, exits: Ends | None = None) -> Trees:
        """The trees on changed weights of the same graph: equal to trees grown anew.

        Where arcs are slower or closed, only what hung on them is searched again. If an arc has
        become faster, all is.

        Args:
            arcs: `self.arcs` with another `travel_ms`.
            exits: Ways out of the sources if they have changed; those sources are grown anew.
        """
        from geo import search_loops

        old, new = self.arcs.travel_ms, arcs.travel_ms
        changed = np.flatnonzero(old != new)
        exits = self.exits if exits is None else exits
        if (new[changed] < old[changed]).any():
            return grow(arcs, exits, self.limit_ms)
        made = Trees(
            arcs=arcs, into=self.into, exits=exits, limit_ms=self.limit_ms,
            travel_ms=self.travel_ms.copy(), road_cm=self.road_cm.copy(),
            before=self.before.copy(),
        )  # fmt: skip
        if len(changed):
            search_loops.repair(
                arcs.first_arc, arcs.head, arcs.tails(), arcs.travel_ms, arcs.length_cm,
                *self.into, changed,
                exits.first, exits.node, exits.travel_ms, exits.length_cm, self.limit_ms,
                made.travel_ms, made.road_cm, made.before, np.zeros(arcs.nodes, np.bool_),
            )  # fmt: skip
        moved = _changed_places(self.exits, exits)
        if len(moved):
            _grow_into(made, moved)
        return made


def grow(arcs: Arcs, exits: Ends, limit_ms: int = NO_LIMIT_MS) -> Trees:
    """Fastest ways from each source to every node within a limit."""
    shape = (len(exits.first) - 1, arcs.nodes)
    first = np.zeros(arcs.nodes + 1, np.int64)
    np.cumsum(np.bincount(arcs.head, minlength=arcs.nodes), out=first[1:])
    into = first, np.argsort(arcs.head, kind="stable").astype(np.int32)
    made = Trees(
        arcs=arcs, into=into, exits=exits, limit_ms=min(limit_ms, NO_LIMIT_MS),
        travel_ms=np.empty(shape, np.uint32), road_cm=np.empty(shape, np.uint32),
        before=np.empty(shape, np.int32),
    )  # fmt: skip
    _grow_into(made, np.arange(shape[0]))
    return made


def _grow_into(trees: Trees, rows: IntArray) -> None:
    from geo import search_loops

    arcs, exits = trees.arcs, trees.exits
    search_loops.grow(
        arcs.first_arc, arcs.head, arcs.travel_ms, arcs.length_cm,
        exits.first, exits.node, exits.travel_ms, exits.length_cm, trees.limit_ms,
        np.asarray(rows, np.int64), trees.travel_ms, trees.road_cm, trees.before,
    )  # fmt: skip


def _changed_places(one: Ends, two: Ends) -> IntArray:
    """Places whose ends differ."""
    if one is two:
        return np.zeros(0, np.int64)
    changed = []
    for p in range(len(one.first) - 1):
        a, b = slice(*one.first[p : p + 2]), slice(*two.first[p : p + 2])
        same = all(
            np.array_equal(getattr(one, name)[a], getattr(two, name)[b])
            for name in ("node", "travel_ms", "length_cm")
        )
        if not same:
            changed.append(p)
    return np.array(changed, np.int64)


def nearest(
    arcs: Arcs, exits: Ends, entries: Ends, k: int, limit_ms: int = NO_LIMIT_MS
) -> tuple[IntArray, IntArray, IntArray]:
    """The k sources that reach each target first; ways that pass no node are not looked at.

    Returns:
        Source, milliseconds and centimetres, shape (T, k) each; source -1 where there are fewer.
    """
    from geo import heap_loops, search_loops

    found = np.full((arcs.nodes, k), -1, np.int32)
    graph = arcs.first_arc, arcs.head, arcs.travel_ms, arcs.length_cm
    seeds = exits.place.astype(np.int32), exits.node, exits.travel_ms, exits.length_cm
    limit_ms = min(limit_ms, NO_LIMIT_MS)
    if k == 1:
        label = np.full(arcs.nodes, heap_loops.FAR, np.int64)
        search_loops.nearest(*graph, *seeds, limit_ms, label, found[:, 0])
        ms, cm = label[:, None] >> 32, label[:, None] & CLOSED
    else:
        ms, cm = np.zeros((arcs.nodes, k), np.int64), np.zeros((arcs.nodes, k), np.int64)
        count = np.zeros(arcs.nodes, np.int32)
        search_loops.several_nearest(*graph, *seeds, limit_ms, found, ms, cm, count)
    targets = len(entries.first) - 1
    best = np.full((3, targets, 2 * k), -1, np.int64)
    best[1] = CLOSED
    for side in range(2):
        has = np.flatnonzero(np.diff(entries.first) > side)
        end = entries.first[has] + side
        node, columns = entries.node[end], slice(side * k, side * k + k)
        known = found[node] >= 0
        best[0, has, columns] = found[node]
        best[1, has, columns] = np.where(known, ms[node] + entries.travel_ms[end, None], CLOSED)
        best[2, has, columns] = cm[node] + entries.length_cm[end, None]
    return first_of_each(best, k)


def first_of_each(found: IntArray, k: int) -> tuple[IntArray, IntArray, IntArray]:
    """The k fastest different sources of each target among candidates, shape (3, T, C)."""
    source, ms, cm = found
    order = np.lexsort((source, cm, ms), axis=1)
    source, ms, cm = (np.take_along_axis(a, order, axis=1) for a in (source, ms, cm))
    made = np.full((3, len(source), k), -1, np.int64)
    made[1], made[2] = CLOSED, 0
    filled = np.zeros(len(source), np.int64)
    rows = np.arange(len(source))
    for c in range(source.shape[1]):
        fresh = (ms[:, c] < CLOSED) & (filled < k) & (made[0] != source[:, c, None]).all(axis=1)
        at = rows[fresh]
        for out, values in zip(made, (source, ms, cm), strict=True):
            out[at, filled[at]] = values[at, c]
        filled[at] += 1
    return made[0], made[1], made[2]


def slowed(arcs: Arcs, slowness: FloatArray) -> Arcs:
    """The same arcs with milliseconds times `slowness`, shape (A,), rounded."""
    times = np.minimum(np.rint(arcs.travel_ms * slowness), NO_LIMIT_MS)
    ms = np.where(arcs.travel_ms == CLOSED, CLOSED, times).astype(np.uint32)
    return replace(arcs, travel_ms=ms)


def barred(arcs: Arcs, closed: IntArray) -> Arcs:
    """The same arcs with some closed."""
    ms = arcs.travel_ms.copy()
    ms[closed] = CLOSED
    return replace(arcs, travel_ms=ms)
