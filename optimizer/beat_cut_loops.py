"""Loops of the cuts for beats, compiled: the least separator of a unit from its seat."""

from __future__ import annotations

import numpy as np

from optimizer.compiled import compiled
from optimizer.frozen import BoolArray, FloatArray, IntArray

_NOWHERE, _START = -2, -1
_NOTHING = 1e-9


@compiled
def opposite_arcs(first: IntArray, neighbour: IntArray) -> IntArray:
    """For each arc u-v of compressed rows, where v-u is, shape (A,)."""
    found = np.empty(len(neighbour), np.int64)
    for u in range(len(first) - 1):
        for e in range(first[u], first[u + 1]):
            v = neighbour[e]
            for r in range(first[v], first[v + 1]):
                if neighbour[r] == u:
                    found[e] = r
    return found


@compiled
def least_separator(
    first: IntArray,
    neighbour: IntArray,
    opposite: IntArray,
    source: int,
    sink: int,
    weight: FloatArray,
    enough: float,
    separator: BoolArray,
) -> float:
    """The least weight of units that part two units from each other (Menger; Ford and Fulkerson).

    Each unit lets through its weight; shortest augmenting paths (Edmonds and Karp 1972).

    Args:
        first: Where each unit's neighbours begin, shape (U + 1,).
        neighbour: Units that touch.
        opposite: As `opposite_arcs`.
        source: A unit.
        sink: Another that does not touch it.
        weight: Of each unit, shape (U,).
        enough: Weight at which to stop; `separator` then says nothing.
        separator: Filled with whether each unit is in the separator, shape (U,).

    Returns:
        Its weight, or something not below `enough`.
    """
    units = len(first) - 1
    along, through = np.zeros(len(neighbour)), np.zeros(units)
    # A unit is a place to come in (2u) and one to go out (2u + 1).
    before = np.empty(2 * units, np.int64)
    by = np.empty(2 * units, np.int64)
    queue = np.empty(2 * units, np.int64)
    total = 0.0
    while total < enough:
        before[:] = _NOWHERE
        before[2 * source + 1] = _START
        queue[0] = 2 * source + 1
        head, tail, found = 0, 1, False
        while head < tail and not found:
            x = queue[head]
            head += 1
            u = x // 2
            y = x - 1 if x % 2 else x + 1
            if before[y] == _NOWHERE and u != source:
                spare = through[u] if x % 2 else weight[u] - through[u]
                if spare > _NOTHING:
                    before[y], by[y] = x, -1
                    queue[tail] = y
                    tail += 1
            for e in range(first[u], first[u + 1]):
                v = neighbour[e]
                if v == source:
                    continue
                if x % 2:
                    y = 2 * v
                    if before[y] != _NOWHERE or (weight[v] <= _NOTHING and v != sink):
                        continue
                    arc = e
                else:
                    y, arc = 2 * v + 1, opposite[e]
                    if before[y] != _NOWHERE or along[arc] <= _NOTHING:
                        continue
                before[y], by[y] = x, arc
                if v == sink:
                    found = True
                    break
                queue[tail] = y
                tail += 1
        if not found:
            break
        amount, y = np.inf, 2 * sink
        while before[y] != _START:
            x, arc = before[y], by[y]
            if arc < 0:
                spare = weight[y // 2] - through[y // 2] if y % 2 else through[y // 2]
                amount = min(amount, spare)
            elif x % 2 == 0:
                amount = min(amount, along[arc])
            y = x
        y = 2 * sink
        while before[y] != _START:
            x, arc = before[y], by[y]
            if arc < 0:
                through[y // 2] += amount if y % 2 else -amount
            else:
                along[arc] += amount if x % 2 else -amount
            y = x
        total += amount
    for u in range(units):
        entered = before[2 * u] != _NOWHERE
        if weight[u] <= _NOTHING:
            for e in range(first[u], first[u + 1]):
                entered = entered or before[2 * neighbour[e] + 1] != _NOWHERE
        inside = u not in (source, sink)
        separator[u] = inside and entered and before[2 * u + 1] == _NOWHERE
    return total
