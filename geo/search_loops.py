"""Dijkstra's algorithm compiled: limited searches, their trees, repair after closures, nearest.

Importing this module imports numba, so only `geo.shortest_paths` does, when a search is large.
Times are whole milliseconds and lengths whole centimetres, so that sums are exact: of two ways
that take equally long the shorter one wins, whatever the order of the search. An arc of `CLOSED`
milliseconds is not there.
"""

from __future__ import annotations

import numpy as np

from geo.heap_loops import (
    CLOSED,
    FAR,
    HIGH,
    LOW,
    hand_in,
    meet,
    meet_direct,
    pop,
    push,
    twice,
    widest,
)
from optimizer.compiled import compiled


@compiled
def reach(  # type: ignore[no-untyped-def]
    first_arc, head, arc_ms, arc_cm,
    seed_first, seed_node, seed_ms, seed_cm,
    entry_first, entry_target, entry_way,
    pair_first, pair_target, pair_ms, pair_cm,
    limit_ms, start, worth, n_entry_nodes, targets,
    label, out_target, out_ms, out_cm, out_first,
):  # fmt: skip
    """Targets within a limit of sources `start`, `start + 1`, … until the output is full.

    `label` is the way to each node, filled with `FAR` on entry and on return.

    Returns:
        The first source not done, and whether the sources left would, at the mean of those done,
        label more than `worth` nodes: then it stops for that.
    """
    best = np.full(targets, FAR, np.int64)
    touched = np.empty(len(label), np.int32)
    arcs = widest(first_arc)
    heap = np.empty(4096 + arcs, np.int64)
    filled, labelled = 0, 0
    most = ((limit_ms + 1) << 32) - 1
    sources = len(seed_first) - 1
    for source in range(start, sources):
        if len(out_target) - filled < targets:
            return source, False
        if labelled * (sources - source) > worth * (source - start):
            return source, True
        found = out_target[filled:]
        met = meet_direct(pair_first, pair_target, pair_ms, pair_cm, source, most, best, found)
        n_touched, size = 0, 0
        for s in range(seed_first[source], seed_first[source + 1]):
            v, way = seed_node[s], (np.int64(seed_ms[s]) << 32) | np.int64(seed_cm[s])
            if way > most or way >= label[v]:
                continue
            if label[v] == FAR:
                touched[n_touched] = v
                n_touched += 1
            if way >> 32 < label[v] >> 32:  # a tie stands in the heap already
                size = push(heap, size, (way & HIGH) | v)
            label[v] = way
        limit, remaining = most, n_entry_nodes
        while size > 0:
            if size + arcs > len(heap):
                heap = twice(heap)
            size, limit, remaining, n_touched, met = _search(
                first_arc, head, arc_ms, arc_cm, entry_first, entry_target, entry_way,
                most, limit, remaining, label, heap, size, len(heap) - arcs,
                touched, n_touched, best, found, met,
            )  # fmt: skip
        for i in range(n_touched):
            label[touched[i]] = FAR
        labelled += n_touched
        hand_in(best, found, met, out_ms[filled:], out_cm[filled:])
        filled += met
        out_first[source + 1] = filled
    return sources, False


@compiled
def _search(  # type: ignore[no-untyped-def]
    first_arc, head, arc_ms, arc_cm, entry_first, entry_target, entry_way,
    most, limit, remaining, label, heap, size, room, touched, n_touched, best, found, met,
):  # fmt: skip
    """Settle what the heap holds and all that follows, until every way in is known.

    It stops when the heap holds more than `room`; returns the size of the heap first.
    """
    while 0 < size <= room:
        key, size = pop(heap, size)
        u = key & LOW
        here = label[u]
        if key > limit:
            size = 0
            break
        if (key ^ here) & HIGH:
            continue
        if entry_first[u + 1] > entry_first[u]:
            remaining -= 1
            if remaining == 0:
                limit = here | LOW  # every way in is known; ties may still be shorter
            met = meet(entry_first, entry_target, entry_way, u, here, most, best, found, met)
        left_ms = (limit - here) >> 32
        for a in range(first_arc[u], first_arc[u + 1]):
            w = np.int64(arc_ms[a])
            if w > left_ms:
                continue
            way = here + ((w << 32) + np.int64(arc_cm[a]))
            v = head[a]
            known = label[v]
            if way >= known or way > limit:
                continue
            label[v] = way
            if way >> 32 < known >> 32:
                if known == FAR:
                    touched[n_touched] = v
                    n_touched += 1
                size = push(heap, size, (way & HIGH) | v)
            elif w == 0:  # it may have been passed already
                size = push(heap, size, (way & HIGH) | v)
                if entry_first[v + 1] > entry_first[v]:
                    remaining += 1
    return size, limit, remaining, n_touched, met


@compiled
def _spread(first_arc, head, arc_ms, arc_cm, limit_ms, ms, cm, before, heap, size, room):  # type: ignore[no-untyped-def]
    """Settle what the heap holds and all that follows, in one row of trees.

    It stops when the heap holds more than `room`; returns its size.
    """
    while 0 < size <= room:
        key, size = pop(heap, size)
        u, at = key & LOW, key >> 32
        if at != ms[u]:
            continue
        along_cm = np.int64(cm[u])
        for a in range(first_arc[u], first_arc[u + 1]):
            w = np.int64(arc_ms[a])
            if w == CLOSED:
                continue
            then = at + w
            v = head[a]
            known = np.int64(ms[v])
            if then > known or then > limit_ms:
                continue
            length = along_cm + arc_cm[a]
            if then < known or length < cm[v]:
                ms[v], cm[v], before[v] = then, length, a
                if then < known or w == 0:
                    size = push(heap, size, (then << 32) | v)
    return size


@compiled
def _fill(first_arc, head, arc_ms, arc_cm, limit_ms, ms, cm, before, heap, size, arcs):  # type: ignore[no-untyped-def]
    """`_spread` to the end; returns the heap, which may have grown. `arcs` leave a node at most."""
    while size > 0:
        if size + arcs > len(heap):
            heap = twice(heap)
        size = _spread(
            first_arc, head, arc_ms, arc_cm, limit_ms, ms, cm, before, heap, size,
            len(heap) - arcs,
        )  # fmt: skip
    return heap


@compiled
def grow(  # type: ignore[no-untyped-def]
    first_arc, head, arc_ms, arc_cm, seed_first, seed_node, seed_ms, seed_cm, limit_ms, rows,
    ms, cm, before,
):  # fmt: skip
    """Trees of the sources `rows`, each over all nodes within the limit.

    `before` gets the arc by which a node is entered: -2 - k for the k-th seed, -1 = not reached.
    """
    arcs = widest(first_arc)
    heap = np.empty(4096 + arcs, np.int64)
    for i in range(len(rows)):
        row = rows[i]
        ms[row], cm[row], before[row] = CLOSED, 0, -1
        size = 0
        for s in range(seed_first[row], seed_first[row + 1]):
            v = seed_node[s]
            w = np.int64(seed_ms[s])
            if w > limit_ms or w > ms[row, v] or (w == ms[row, v] and seed_cm[s] >= cm[row, v]):
                continue
            ms[row, v], cm[row, v], before[row, v] = w, seed_cm[s], -2 - (s - seed_first[row])
            size = push(heap, size, (w << 32) | v)
        heap = _fill(
            first_arc, head, arc_ms, arc_cm, limit_ms, ms[row], cm[row], before[row], heap, size,
            arcs,
        )  # fmt: skip


@compiled
def _fall(first_arc, head, slower, before, lost, fallen):  # type: ignore[no-untyped-def]
    """List in `fallen` what hangs on slower arcs in one tree, and flag it; returns how many."""
    n_fallen = 0
    for i in range(len(slower)):
        v = head[slower[i]]
        if before[v] == slower[i] and not lost[v]:
            fallen[n_fallen], lost[v] = v, True
            n_fallen += 1
    i = 0
    while i < n_fallen:
        u = fallen[i]
        i += 1
        for a in range(first_arc[u], first_arc[u + 1]):
            v = head[a]
            if before[v] == a and not lost[v]:
                fallen[n_fallen], lost[v] = v, True
                n_fallen += 1
    return n_fallen


@compiled
def _from_rim(  # type: ignore[no-untyped-def]
    v, tail, arc_ms, arc_cm, into_first, into_arc, limit_ms, lost, ms, cm, before
):
    """Best way to a node that has fallen, straight from one that has not."""
    best, length, by = CLOSED, np.int64(0), np.int64(-1)
    for j in range(into_first[v], into_first[v + 1]):
        a = into_arc[j]
        u = tail[a]
        w = np.int64(arc_ms[a])
        if lost[u] or w == CLOSED or ms[u] == CLOSED:
            continue
        then, more_cm = np.int64(ms[u]) + w, np.int64(cm[u]) + arc_cm[a]
        if then < best or (then == best and more_cm < length):
            best, length, by = then, more_cm, np.int64(a)
    if best <= limit_ms:
        ms[v], cm[v], before[v] = best, length, by
    else:
        ms[v], before[v] = CLOSED, -1


@compiled
def repair(  # type: ignore[no-untyped-def]
    first_arc, head, tail, arc_ms, arc_cm, into_first, into_arc, slower,
    seed_first, seed_node, seed_ms, seed_cm, limit_ms, ms, cm, before, lost,
):  # fmt: skip
    """Mend trees in place after the arcs `slower` have become slower or closed.

    Only what hung on one of them is searched again, from its rim inwards. `lost` is a flag per
    node, False on entry and on return. Returns the nodes searched again, over all trees.
    """
    arcs = widest(first_arc)
    heap = np.empty(4096 + arcs, np.int64)
    fallen = np.empty(len(lost), np.int32)
    again = 0
    for row in range(len(ms)):
        n_fallen = _fall(first_arc, head, slower, before[row], lost, fallen)
        again += n_fallen
        for i in range(n_fallen):
            _from_rim(
                fallen[i], tail, arc_ms, arc_cm, into_first, into_arc, limit_ms, lost,
                ms[row], cm[row], before[row],
            )  # fmt: skip
        for s in range(seed_first[row], seed_first[row + 1]):
            v = seed_node[s]
            w = np.int64(seed_ms[s])
            if not lost[v] or w > limit_ms:
                continue
            if w < ms[row, v] or (w == ms[row, v] and seed_cm[s] < cm[row, v]):
                ms[row, v], cm[row, v], before[row, v] = w, seed_cm[s], -2 - (s - seed_first[row])
        if n_fallen > len(heap):
            heap = np.empty(2 * n_fallen, np.int64)
        size = 0
        for i in range(n_fallen):
            v = fallen[i]
            lost[v] = False
            if ms[row, v] != CLOSED:
                size = push(heap, size, (np.int64(ms[row, v]) << 32) | v)
        heap = _fill(
            first_arc, head, arc_ms, arc_cm, limit_ms, ms[row], cm[row], before[row], heap, size,
            arcs,
        )  # fmt: skip
    return again


@compiled
def collect(ms, cm, entry_first, entry_node, entry_ms, entry_cm, limit_ms, best_ms, best_cm):  # type: ignore[no-untyped-def]
    """Better ways to targets by the trees' ways to their ends, over those known, in place."""
    for row in range(len(ms)):
        for t in range(len(entry_first) - 1):
            for e in range(entry_first[t], entry_first[t + 1]):
                node = entry_node[e]
                if np.int64(ms[row, node]) == CLOSED:
                    continue
                way = np.int64(ms[row, node]) + entry_ms[e]
                length = np.int64(cm[row, node]) + entry_cm[e]
                if way > limit_ms:
                    continue
                known = best_ms[row, t]
                if way < known or (way == known and length < best_cm[row, t]):
                    best_ms[row, t], best_cm[row, t] = way, length


@compiled
def nearest(  # type: ignore[no-untyped-def]
    first_arc, head, arc_ms, arc_cm, seed_source, seed_node, seed_ms, seed_cm, limit_ms,
    label, source,
):  # fmt: skip
    """The way to each node from the source that reaches it first, and that source.

    `label` is filled with `FAR` on entry.
    """
    arcs = widest(first_arc)
    heap = np.empty(len(seed_node) + 4096 + arcs, np.int64)
    most = ((limit_ms + 1) << 32) - 1
    size = 0
    for s in range(len(seed_node)):
        v, way = seed_node[s], (np.int64(seed_ms[s]) << 32) | np.int64(seed_cm[s])
        if way <= most and way < label[v]:
            label[v], source[v] = way, seed_source[s]
            size = push(heap, size, (way & HIGH) | v)
    while size > 0:
        if size + arcs > len(heap):
            heap = twice(heap)
        size = _claim(
            first_arc, head, arc_ms, arc_cm, most, label, source, heap, size, len(heap) - arcs
        )


@compiled
def _claim(first_arc, head, arc_ms, arc_cm, most, label, source, heap, size, room):  # type: ignore[no-untyped-def]
    """Settle what the heap holds, until it holds more than `room`; returns its size."""
    while 0 < size <= room:
        key, size = pop(heap, size)
        u = key & LOW
        here, who = label[u], source[u]
        if (key ^ here) & HIGH:
            continue
        left_ms = (most - here) >> 32
        for a in range(first_arc[u], first_arc[u + 1]):
            w = np.int64(arc_ms[a])
            if w > left_ms:
                continue
            way = here + ((w << 32) + np.int64(arc_cm[a]))
            v = head[a]
            known = label[v]
            if way >= known or way > most:
                continue
            label[v], source[v] = way, who
            if w == 0 or way >> 32 < known >> 32:
                size = push(heap, size, (way & HIGH) | v)
    return size


@compiled
def several_nearest(  # type: ignore[no-untyped-def]
    first_arc, head, arc_ms, arc_cm, seed_source, seed_node, seed_ms, seed_cm, limit_ms,
    found, ms, cm, count,
):  # fmt: skip
    """The k sources that reach each node first, in one search over all of them.

    `found`, `ms`, `cm` have shape (N, k); `count` says how many of the k a node has.
    """
    k = found.shape[1]
    # A node passes each of its k on once.
    room = len(seed_node) + k * len(head)
    heap = np.empty(room, np.int64)  # milliseconds, and the row of the entry below
    node, source = np.empty(room, np.int32), np.empty(room, np.int32)
    length = np.empty(room, np.int64)
    size, entries = 0, 0
    for s in range(len(seed_node)):
        if seed_ms[s] > limit_ms:
            continue
        node[entries], source[entries], length[entries] = seed_node[s], seed_source[s], seed_cm[s]
        size = push(heap, size, (np.int64(seed_ms[s]) << 32) | entries)
        entries += 1
    while size > 0:
        key, size = pop(heap, size)
        at, entry = key >> 32, key & LOW
        u, who, along_cm = node[entry], source[entry], length[entry]
        known = False
        for j in range(count[u]):
            known = known or found[u, j] == who
        if known or count[u] == k:
            continue
        found[u, count[u]], ms[u, count[u]], cm[u, count[u]] = who, at, along_cm
        count[u] += 1
        for a in range(first_arc[u], first_arc[u + 1]):
            w = np.int64(arc_ms[a])
            if w == CLOSED or at + w > limit_ms or count[head[a]] == k:
                continue
            node[entries], source[entries], length[entries] = head[a], who, along_cm + arc_cm[a]
            size = push(heap, size, ((at + w) << 32) | entries)
            entries += 1
