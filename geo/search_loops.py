"""Dijkstra's algorithm compiled: limited searches, their trees, repair after closures, nearest.

Importing this module imports numba, so only `geo.shortest_paths` does, when a search is large.
Times are whole milliseconds and lengths whole centimetres, so that sums are exact: of two ways
that take equally long the shorter one wins, whatever the order of the search. An arc of `CLOSED`
milliseconds is not there.

The heap has four children per node and holds one integer per entry: milliseconds in the upper
32 bits, the node in the lower. Entries are not lowered in place; what is out of date is skipped.
"""

from __future__ import annotations

import numpy as np

from geo.compiled import compiled

CLOSED = np.int64(2**32 - 1)
FAR = np.int64(2**63 - 1)
_LOW = np.int64(2**32 - 1)
_HIGH = ~_LOW


@compiled
def _twice(array):  # type: ignore[no-untyped-def]
    """The array with room for as many again, and for the arcs of any junction."""
    grown = np.empty(2 * len(array) + 4096, array.dtype)
    grown[: len(array)] = array
    return grown


@compiled
def _push(heap, size, key):  # type: ignore[no-untyped-def]
    """Add a key to a heap that has room for it; returns the new size."""
    at = size
    while at > 0:
        above = (at - 1) >> 2
        if heap[above] <= key:
            break
        heap[at] = heap[above]
        at = above
    heap[at] = key
    return size + 1


@compiled
def _pop(heap, size):  # type: ignore[no-untyped-def]
    """Take the smallest key; returns it and the new size."""
    top = heap[0]
    size -= 1
    key = heap[size]
    at = 0
    while True:
        child = 4 * at + 1
        if child >= size:
            break
        best = child
        least = heap[child]
        for other in range(child + 1, min(child + 4, size)):
            if heap[other] < least:
                best, least = other, heap[other]
        if least >= key:
            break
        heap[at] = least
        at = best
    heap[at] = key
    return top, size


@compiled
def reach(  # type: ignore[no-untyped-def]
    first_arc, head, arc_ms, arc_cm,
    seed_first, seed_node, seed_ms, seed_cm,
    entry_first, entry_target, entry_ms, entry_cm,
    pair_first, pair_target, pair_ms, pair_cm,
    limit_ms, start, n_entry_nodes, targets,
    label, out_target, out_ms, out_cm, out_first,
):  # fmt: skip
    """Targets within a limit of sources `start`, `start + 1`, … until the output is full.

    A label is milliseconds in the upper 32 bits and centimetres in the lower, so that one
    comparison decides by time, then length. `label` is filled with `FAR` on entry and on return.
    Returns the first source not done.
    """
    best = np.full(targets, FAR, np.int64)
    touched = np.empty(1024, np.int32)
    heap = np.empty(1024, np.int64)
    filled = 0
    most = ((limit_ms + 1) << 32) - 1
    for source in range(start, len(seed_first) - 1):
        if len(out_target) - filled < targets:
            return source
        n_touched, size, met = 0, 0, 0
        limit, remaining = most, n_entry_nodes
        row = filled
        for p in range(pair_first[source], pair_first[source + 1]):
            t, way = pair_target[p], (np.int64(pair_ms[p]) << 32) | np.int64(pair_cm[p])
            if way > most:
                continue
            if best[t] == FAR:
                out_target[row + met] = t
                met += 1
            best[t] = min(best[t], way)
        for s in range(seed_first[source], seed_first[source + 1]):
            v, way = seed_node[s], (np.int64(seed_ms[s]) << 32) | np.int64(seed_cm[s])
            if way > most or way >= label[v]:
                continue
            if label[v] == FAR:
                if n_touched == len(touched):
                    touched = _twice(touched)
                touched[n_touched] = v
                n_touched += 1
            if way >> 32 < label[v] >> 32:  # a tie stands in the heap already
                size = _push(heap, size, (way & _HIGH) | v)
            label[v] = way
        while size > 0:
            key, size = _pop(heap, size)
            u = key & _LOW
            here = label[u]
            if key > limit:
                break
            if (key ^ here) & _HIGH:
                continue
            if size + first_arc[u + 1] - first_arc[u] > len(heap):
                heap = _twice(heap)
            one, last = entry_first[u], entry_first[u + 1]
            if last > one:
                remaining -= 1
                if remaining == 0:
                    limit = here | _LOW  # every way in is known; ties may still be shorter
                for e in range(one, last):
                    way = here + ((np.int64(entry_ms[e]) << 32) + entry_cm[e])
                    t = entry_target[e]
                    if way < best[t] and way <= most:
                        if best[t] == FAR:
                            out_target[row + met] = t
                            met += 1
                        best[t] = way
            for a in range(first_arc[u], first_arc[u + 1]):
                w = np.int64(arc_ms[a])
                way = here + ((w << 32) + np.int64(arc_cm[a]))
                v = head[a]
                known = label[v]
                if way >= known or way > limit or w == CLOSED:
                    continue
                label[v] = way
                if way >> 32 < known >> 32:
                    if known == FAR:
                        if n_touched == len(touched):
                            touched = _twice(touched)
                        touched[n_touched] = v
                        n_touched += 1
                    size = _push(heap, size, (way & _HIGH) | v)
                elif w == 0:  # it may have been passed already
                    size = _push(heap, size, (way & _HIGH) | v)
                    if entry_first[v + 1] > entry_first[v]:
                        remaining += 1
        for i in range(n_touched):
            label[touched[i]] = FAR
        reached = out_target[row : row + met]
        reached.sort()
        for i in range(met):
            t = reached[i]
            out_ms[row + i], out_cm[row + i] = best[t] >> 32, best[t] & _LOW
            best[t] = FAR
        filled += met
        out_first[source + 1] = filled
    return len(seed_first) - 1


@compiled
def _spread(first_arc, head, arc_ms, arc_cm, limit_ms, ms, cm, before, heap, size):  # type: ignore[no-untyped-def]
    """Settle what the heap holds and all that follows, in one row of trees."""
    while size > 0:
        key, size = _pop(heap, size)
        u, at = key & _LOW, key >> 32
        if at != ms[u]:
            continue
        if size + first_arc[u + 1] - first_arc[u] > len(heap):
            heap = _twice(heap)
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
                    size = _push(heap, size, (then << 32) | v)
    return heap


@compiled
def grow(  # type: ignore[no-untyped-def]
    first_arc, head, arc_ms, arc_cm, seed_first, seed_node, seed_ms, seed_cm, limit_ms, rows,
    ms, cm, before,
):  # fmt: skip
    """Trees of the sources `rows`, each over all nodes within the limit.

    `before` gets the arc by which a node is entered: -2 - k for the k-th seed, -1 = not reached.
    """
    heap = np.empty(1024, np.int64)
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
            size = _push(heap, size, (w << 32) | v)
        heap = _spread(
            first_arc, head, arc_ms, arc_cm, limit_ms, ms[row], cm[row], before[row], heap, size
        )


@compiled
def repair(  # type: ignore[no-untyped-def]
    first_arc, head, tail, arc_ms, arc_cm, into_first, into_arc, slower,
    seed_first, seed_node, seed_ms, seed_cm, limit_ms, ms, cm, before, lost,
):  # fmt: skip
    """Mend trees in place after the arcs `slower` have become slower or closed.

    Only what hung on one of them is searched again, from its rim inwards. `lost` is a flag per
    node, False on entry and on return. Returns the nodes searched again, over all trees.
    """
    heap = np.empty(1024, np.int64)
    fallen = np.empty(1024, np.int32)
    again = 0
    for row in range(len(ms)):
        n_fallen = 0
        for i in range(len(slower)):
            v = head[slower[i]]
            if before[row, v] == slower[i] and not lost[v]:
                lost[v] = True
                if n_fallen == len(fallen):
                    fallen = _twice(fallen)
                fallen[n_fallen] = v
                n_fallen += 1
        i = 0
        while i < n_fallen:
            u = fallen[i]
            i += 1
            for a in range(first_arc[u], first_arc[u + 1]):
                v = head[a]
                if before[row, v] == a and not lost[v]:
                    lost[v] = True
                    if n_fallen == len(fallen):
                        fallen = _twice(fallen)
                    fallen[n_fallen] = v
                    n_fallen += 1
        again += n_fallen
        for i in range(n_fallen):
            ms[row, fallen[i]] = CLOSED
            before[row, fallen[i]] = -1
        size = 0
        for i in range(n_fallen):
            v = fallen[i]
            best, length = CLOSED, np.int64(0)
            for j in range(into_first[v], into_first[v + 1]):
                a = into_arc[j]
                u = tail[a]
                w = np.int64(arc_ms[a])
                if lost[u] or w == CLOSED or ms[row, u] == CLOSED:
                    continue
                then, more_cm = np.int64(ms[row, u]) + w, np.int64(cm[row, u]) + arc_cm[a]
                if then < best or (then == best and more_cm < length):
                    best, length = then, more_cm
                    before[row, v] = a
            if best <= limit_ms:
                ms[row, v], cm[row, v] = best, length
            else:
                before[row, v] = -1
        for s in range(seed_first[row], seed_first[row + 1]):
            v = seed_node[s]
            w = np.int64(seed_ms[s])
            if not lost[v] or w > limit_ms:
                continue
            if w < ms[row, v] or (w == ms[row, v] and seed_cm[s] < cm[row, v]):
                ms[row, v], cm[row, v], before[row, v] = w, seed_cm[s], -2 - (s - seed_first[row])
        if n_fallen > len(heap):
            heap = np.empty(2 * n_fallen, np.int64)
        for i in range(n_fallen):
            v = fallen[i]
            lost[v] = False
            if ms[row, v] != CLOSED:
                size = _push(heap, size, (np.int64(ms[row, v]) << 32) | v)
        heap = _spread(
            first_arc, head, arc_ms, arc_cm, limit_ms, ms[row], cm[row], before[row], heap, size
        )
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
    found, ms, cm, count,
):  # fmt: skip
    """The k sources that reach each node first, in one search over all of them.

    `found`, `ms`, `cm` have shape (N, k); `count` says how many of the k a node has.
    """
    k = found.shape[1]
    heap = np.empty(4096, np.int64)  # milliseconds, and the row of the entry below
    node = np.empty(4096, np.int32)
    source = np.empty(4096, np.int32)
    length = np.empty(4096, np.int64)
    size, entries = 0, 0
    for s in range(len(seed_node)):
        if seed_ms[s] > limit_ms:
            continue
        if entries == len(node):
            node, source, length = _twice(node), _twice(source), _twice(length)
        node[entries], source[entries], length[entries] = seed_node[s], seed_source[s], seed_cm[s]
        if size == len(heap):
            heap = _twice(heap)
        size = _push(heap, size, (np.int64(seed_ms[s]) << 32) | entries)
        entries += 1
    while size > 0:
        key, size = _pop(heap, size)
        at, entry = key >> 32, key & _LOW
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
            if entries == len(node):
                node, source, length = _twice(node), _twice(source), _twice(length)
            node[entries], source[entries], length[entries] = head[a], who, along_cm + arc_cm[a]
            if size == len(heap):
                heap = _twice(heap)
            size = _push(heap, size, ((at + w) << 32) | entries)
            entries += 1
