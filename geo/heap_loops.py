"""What the compiled searches share: a heap of integers, arrays that grow, ways met.

Importing this module imports numba. Ways are one integer: milliseconds in the upper 32 bits and
centimetres in the lower, so that one comparison decides by time, then length, and a sum of ways is
a sum of integers. An entry of a heap has milliseconds in the upper 32 bits and what was reached in
the lower. Entries are not lowered in place; what is out of date is skipped.
"""

from __future__ import annotations

import numpy as np

from optimizer.compiled import compiled

CLOSED = np.int64(2**32 - 1)
"""Milliseconds of an arc that is not there."""
FAR = np.int64(2**63 - 1)
"""A way that is not there."""
LOW = np.int64(2**32 - 1)
HIGH = ~LOW


@compiled
def twice(array):  # type: ignore[no-untyped-def]
    """The array with room for as many again.

    Loops that run often stop for want of room and are called again with more: an array that a
    compiled loop may exchange makes all its steps slower, by a seventh to a half.
    """
    grown = np.empty(2 * len(array), array.dtype)
    grown[: len(array)] = array
    return grown


@compiled
def widest(first_arc):  # type: ignore[no-untyped-def]
    """Most arcs out of a node."""
    most = np.int64(0)
    for u in range(len(first_arc) - 1):
        most = max(most, first_arc[u + 1] - first_arc[u])
    return most


@compiled
def push(heap, size, key):  # type: ignore[no-untyped-def]
    """Add a key to a heap of four children a node that has room for it; returns the new size."""
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
def pop(heap, size):  # type: ignore[no-untyped-def]
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
def meet(entry_first, entry_target, entry_way, row, here, most, best, found, met):  # type: ignore[no-untyped-def]
    """Ways on from a row, `here` away, to the targets entered there; returns how many are met.

    `best` is the best way to each target; `found` lists those met in this search.
    """
    for e in range(entry_first[row], entry_first[row + 1]):
        if entry_way[e] > most - here:
            continue
        target, way = entry_target[e], here + entry_way[e]
        if way < best[target]:
            if best[target] == FAR:
                found[met] = target
                met += 1
            best[target] = way
    return met


@compiled
def meet_direct(pair_first, pair_target, pair_ms, pair_cm, source, most, best, found):  # type: ignore[no-untyped-def]
    """Ways of a source that pass no node; returns how many targets are met."""
    met = 0
    for p in range(pair_first[source], pair_first[source + 1]):
        target, way = pair_target[p], (np.int64(pair_ms[p]) << 32) | np.int64(pair_cm[p])
        if way > most:
            continue
        if best[target] == FAR:
            found[met] = target
            met += 1
        best[target] = min(best[target], way)
    return met


@compiled
def hand_in(best, found, met, ms, cm):  # type: ignore[no-untyped-def]
    """Sort the targets met, write their ways, and forget them in `best`."""
    if 16 * met > len(best):
        at = 0
        for target in range(len(best)):
            if best[target] != FAR:
                found[at] = target
                at += 1
    else:
        found[:met].sort()
    for i in range(met):
        way = best[found[i]]
        ms[i], cm[i] = way >> 32, way & LOW
        best[found[i]] = FAR
