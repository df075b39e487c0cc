"""Searches over a core and what hangs on it; compiled by numba.

Importing this module imports numba, so only `geo.core_search` does.

A search climbs from its source to the core, runs Dijkstra's algorithm there, and hands the ways
down to the nodes on which targets hang: each of those is looked at once, after all it hangs on,
without a heap (Delling, Goldberg, Nowatzyk and Werneck 2011, PHAST, restricted to targets). Rows
from `core` on are the nodes taken out. Only rows reached within the limit are touched.
"""

from __future__ import annotations

import numpy as np

from geo.heap_loops import FAR, HIGH, LOW, hand_in, meet, meet_direct, pop, push, twice, widest
from optimizer.compiled import compiled


@compiled
def reach(  # type: ignore[no-untyped-def]
    core_first, core_head, core_way, up_first, up_row, up_way, down_way, below_first, below,
    seed_first, seed_row, seed_ms, seed_cm,
    entry_first, entry_target, entry_way,
    pair_first, pair_target, pair_ms, pair_cm,
    limit_ms, start, targets, label, flag, out_target, out_ms, out_cm, out_first,
):  # fmt: skip
    """Targets within a limit of sources `start`, `start + 1`, … until the output is full.

    `label` is the way to each row, filled with `FAR` on entry and on return; `flag` a byte for
    each row outside the core, 0 likewise, filled up to whole words of 8.
    Returns the first source not done.
    """
    best = np.full(targets, FAR, np.int64)
    touched = np.empty(len(label), np.int32)
    arcs = widest(core_first)
    heap, rising = np.empty(4096 + arcs, np.int64), np.empty(4096, np.int64)
    core, filled = len(core_first) - 1, 0
    most = ((limit_ms + 1) << 32) - 1
    leading = 0  # rows of the core from which targets are met, or ways go down
    for row in range(core):
        if entry_first[row + 1] > entry_first[row] or below_first[row + 1] > below_first[row]:
            leading += 1
    for source in range(start, len(seed_first) - 1):
        if len(out_target) - filled < targets:
            return source
        found = out_target[filled:]
        met = meet_direct(pair_first, pair_target, pair_ms, pair_cm, source, most, best, found)
        rising, n_touched, low, high = _climb(
            up_first, up_row, up_way, core, seed_first, seed_row, seed_ms, seed_cm,
            source, most, label, touched, rising, flag,
        )  # fmt: skip
        if n_touched > len(heap):
            heap = np.empty(2 * n_touched, np.int64)
        size, limit, remaining = 0, most, leading
        for i in range(n_touched):
            size = push(heap, size, (label[touched[i]] & HIGH) | np.int64(touched[i]))
        while size > 0:
            if size + arcs > len(heap):
                heap = twice(heap)
            size, limit, remaining, n_touched = _settle(
                core_first, core_head, core_way, entry_first, below_first,
                limit, remaining, label, heap, size, len(heap) - arcs, touched, n_touched,
            )  # fmt: skip
        for i in range(n_touched):
            row = touched[i]
            met = meet(
                entry_first, entry_target, entry_way, row, label[row], most, best, found, met
            )
            low, high = _mark(below_first, below, row, flag, low, high)
        n_touched, met = _descend(
            core, up_first, up_row, down_way, below_first, below,
            entry_first, entry_target, entry_way,
            most, label, touched, n_touched, flag, low, high, best, found, met,
        )  # fmt: skip
        for i in range(n_touched):
            label[touched[i]] = FAR
        hand_in(best, found, met, out_ms[filled:], out_cm[filled:])
        filled += met
        out_first[source + 1] = filled
    return len(seed_first) - 1


@compiled
def _mark(below_first, below, row, flag, low, high):  # type: ignore[no-untyped-def]
    """Flag what hangs on a row; returns the first and last word of flags in use."""
    one, last = below_first[row], below_first[row + 1]
    if one < last:
        for i in range(one, last):
            flag[below[i]] = 1
        low, high = min(low, below[one] >> 3), max(high, below[last - 1] >> 3)
    return low, high


@compiled
def _climb(  # type: ignore[no-untyped-def]
    up_first, up_row, up_way, core, seed_first, seed_row, seed_ms, seed_cm,
    source, most, label, touched, rising, flag,
):  # fmt: skip
    """Label the ends of a source and all they hang on; of the rows met, lists those of the core.

    Rows outside the core are passed by falling number, so that each is passed once, and flagged.
    Returns the heap of those, how many rows are listed, first and last word of flags in use.
    """
    n_touched, size = 0, 0
    low, high = np.int64(len(flag)), np.int64(-1)
    for s in range(seed_first[source], seed_first[source + 1]):
        row, way = seed_row[s], (np.int64(seed_ms[s]) << 32) | np.int64(seed_cm[s])
        if way > most:
            continue
        if label[row] == FAR:
            if row < core:
                touched[n_touched] = row
                n_touched += 1
            else:
                size = push(rising, size, -np.int64(row))
        label[row] = min(label[row], way)
    while size > 0:
        key, size = pop(rising, size)
        here, node = label[-key], -key - core
        flag[node] = 1
        low, high = min(low, node >> 3), max(high, node >> 3)
        if size + up_first[node + 1] - up_first[node] > len(rising):
            rising = twice(rising)
        for k in range(up_first[node], up_first[node + 1]):
            if up_way[k] > most - here:
                continue
            row = up_row[k]
            if label[row] == FAR:
                if row < core:
                    touched[n_touched] = row
                    n_touched += 1
                else:
                    size = push(rising, size, -np.int64(row))
            label[row] = min(label[row], here + up_way[k])
    return rising, n_touched, low, high


@compiled
def _settle(  # type: ignore[no-untyped-def]
    core_first, core_head, core_way, entry_first, below_first,
    limit, remaining, label, heap, size, room, touched, n_touched,
):  # fmt: skip
    """Dijkstra's algorithm in the core, until all rows that lead on are known.

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
        if entry_first[u + 1] > entry_first[u] or below_first[u + 1] > below_first[u]:
            remaining -= 1
            if remaining == 0:
                limit = here | LOW  # all are known; ties may still be shorter
        for a in range(core_first[u], core_first[u + 1]):
            w = core_way[a]
            v = core_head[a]
            known = label[v]
            if w > limit - here or here + w >= known:
                continue
            way = here + w
            label[v] = way
            if way >> 32 < known >> 32:
                if known == FAR:
                    touched[n_touched] = v
                    n_touched += 1
                size = push(heap, size, (way & HIGH) | v)
            elif w >> 32 == 0:  # it may have been passed already
                size = push(heap, size, (way & HIGH) | v)
                if entry_first[v + 1] > entry_first[v] or below_first[v + 1] > below_first[v]:
                    remaining += 1
    return size, limit, remaining, n_touched


@compiled
def _descend(  # type: ignore[no-untyped-def]
    core, up_first, up_row, down_way, below_first, below,
    entry_first, entry_target, entry_way,
    most, label, touched, n_touched, flag, low, high, best, found, met,
):  # fmt: skip
    """Ways to the rows flagged, and to what hangs on them, by rising number; clears the flags."""
    words = flag.view(np.uint64)
    word = low
    while word <= high:
        if words[word] != 0:
            for node in range(8 * word, 8 * word + 8):
                if flag[node] == 0:
                    continue
                flag[node] = 0
                row = core + node
                way = label[row]  # from the climb, if it was passed
                for k in range(up_first[node], up_first[node + 1]):
                    above = label[up_row[k]]
                    if down_way[k] <= most - above:
                        way = min(way, above + down_way[k])
                if way > most:
                    continue
                label[row] = way
                touched[n_touched] = row
                n_touched += 1
                low, high = _mark(below_first, below, row, flag, low, high)
                met = meet(entry_first, entry_target, entry_way, row, way, most, best, found, met)
        word += 1
    return n_touched, met
