"""Loops of the random beats, compiled: two beats by chance, a random tree of both, its cut.

Chance comes in as drawn numbers, so that the loops are the same compiled and plain.
"""

from __future__ import annotations

import numpy as np

from optimizer.compiled import compiled
from optimizer.frozen import BoolArray, FloatArray, IntArray


@compiled
def beats_that_touch(
    beat_of: IntArray, beats: int, first: IntArray, neighbour: IntArray, draw: float
) -> tuple[int, int]:
    """Two beats that touch, each such pair as likely as any other.

    Args:
        beat_of: Shape (U,).
        beats: K, how many there are.
        first: Where each unit's neighbours begin, shape (U + 1,).
        neighbour: Units that touch.
        draw: In [0, 1).

    Returns:
        The beats, the smaller first; (-1, -1) where none touch.
    """
    touch = np.zeros((beats, beats), np.bool_)
    total = 0
    for u in range(len(beat_of)):
        a = beat_of[u]
        for e in range(first[u], first[u + 1]):
            b = beat_of[neighbour[e]]
            if a < b and not touch[a, b]:
                touch[a, b] = True
                total += 1
    left = int(draw * total)
    for a in range(beats):
        for b in range(a + 1, beats):
            if touch[a, b]:
                if left == 0:
                    return a, b
                left -= 1
    return -1, -1


@compiled
def of_two_beats(
    beat_of: IntArray, a: int, b: int, first: IntArray, neighbour: IntArray
) -> tuple[IntArray, IntArray]:
    """The units of two beats, ascending, and the pairs of them that touch, as places among them.

    Returns:
        Units, shape (n,), and pairs, shape (m, 2).
    """
    place = np.full(len(beat_of), -1, np.int64)
    n, most = 0, 0
    for u in range(len(beat_of)):
        if beat_of[u] == a or beat_of[u] == b:
            place[u] = n
            n += 1
            most += first[u + 1] - first[u]
    units = np.empty(n, np.int64)
    pairs = np.empty((most, 2), np.int64)
    m = 0
    for u in range(len(beat_of)):
        if place[u] < 0:
            continue
        units[place[u]] = u
        for e in range(first[u], first[u + 1]):
            v = neighbour[e]
            if v > u and place[v] >= 0:
                pairs[m, 0] = place[u]
                pairs[m, 1] = place[v]
                m += 1
    return units, pairs[:m].copy()


@compiled
def random_cut(
    work: FloatArray, pairs: IntArray, weight: FloatArray, low: float, high: float
) -> BoolArray:
    """Cut the lightest spanning tree where both sides come into the band.

    Where several pairs of the tree can be cut, the heaviest is.

    Args:
        work: Of each unit, shape (n,).
        pairs: Units that touch, shape (m, 2); all hang together.
        weight: Of each pair, by chance, shape (m,).
        low: Least work of a side.
        high: Most work of a side.

    Returns:
        Units of one side, shape (n,); none at all where no cut will do.
    """
    n = len(work)
    side = np.zeros(n, np.bool_)
    # Kruskal: pairs by weight, each kept that joins two parts.
    root = np.arange(n)
    chosen = np.empty(max(0, n - 1), np.int64)
    kept = 0
    for e in np.argsort(weight, kind="mergesort"):
        x, y = pairs[e, 0], pairs[e, 1]
        while root[x] != x:
            root[x] = root[root[x]]
            x = root[x]
        while root[y] != y:
            root[y] = root[root[y]]
            y = root[y]
        if x != y:
            root[max(x, y)] = min(x, y)
            chosen[kept] = e
            kept += 1
            if kept == n - 1:
                break
    if kept < n - 1:
        return side
    # The tree from unit 0, breadth first.
    start = np.zeros(n + 1, np.int64)
    for k in range(kept):
        start[pairs[chosen[k], 0] + 1] += 1
        start[pairs[chosen[k], 1] + 1] += 1
    for u in range(n):
        start[u + 1] += start[u]
    filled = start[:-1].copy()
    near = np.empty(2 * kept, np.int64)
    over = np.empty(2 * kept)
    for k in range(kept):
        x, y = pairs[chosen[k], 0], pairs[chosen[k], 1]
        near[filled[x]] = y
        near[filled[y]] = x
        over[filled[x]] = weight[chosen[k]]
        over[filled[y]] = weight[chosen[k]]
        filled[x] += 1
        filled[y] += 1
    before = np.full(n, -1, np.int64)
    above = np.zeros(n)
    order = np.zeros(n, np.int64)
    tail = 1
    for head in range(n):
        u = order[head]
        for e in range(start[u], start[u + 1]):
            v = near[e]
            if v != before[u]:
                before[v] = u
                above[v] = over[e]
                order[tail] = v
                tail += 1
    load = work.copy()
    for at in range(n - 1, 0, -1):
        load[before[order[at]]] += load[order[at]]
    whole = load[0]
    top = -1
    for u in range(1, n):
        fits = low <= load[u] <= high and low <= whole - load[u] <= high
        if fits and (top < 0 or above[u] > above[top]):
            top = u
    if top < 0:
        return side
    side[top] = True
    for at in range(1, n):
        u = order[at]
        if side[before[u]]:
            side[u] = True
    return side
