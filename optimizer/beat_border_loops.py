"""Loop of the search for short borders, compiled."""

from __future__ import annotations

import numpy as np

from optimizer.beat_loops import holds_without
from optimizer.compiled import compiled
from optimizer.frozen import FloatArray, IntArray


@compiled
def shorten(
    border_first: IntArray,
    border_unit: IntArray,
    border_km: FloatArray,
    work: FloatArray,
    low: float,
    high: float,
    first: IntArray,
    neighbour: IntArray,
    fixed: IntArray,
    beat_of: IntArray,
    load: FloatArray,
    today: IntArray,
    allowed: int,
    temperature: float,
    imbalance: float,
    draws: FloatArray,
) -> int:
    """Move units across borders by chance, so that no beat falls apart, to shorten the borders.

    Args:
        border_first: Where the borders of each unit begin, shape (U + 1,).
        border_unit: Unit on the other side.
        border_km: Length of each.
        work: Shape (U,).
        low: Least work of a beat.
        high: Most work of a beat.
        first: Where the units that each may be joined to begin, shape (U + 1,).
        neighbour: Which they are.
        fixed: 1 for units that do not move (seats), shape (U,).
        beat_of: Shape (U,); changed in place.
        load: Work of each beat, shape (K,); changed in place.
        today: Beat of each unit today, shape (U,); empty where changes are not counted.
        allowed: Units that may still change.
        temperature: Lengthening that is taken one time in e.
        imbalance: Price of a unit of work outside the band.
        draws: Random numbers in [0, 1), shape (N, 3): N moves are tried.

    Returns:
        How many moves were made.
    """
    units = len(beat_of)
    stamp = np.zeros(units, np.int64)
    queue = np.empty(units, np.int64)
    made = 0
    for turn in range(len(draws)):
        u = int(draws[turn, 0] * units)
        size = first[u + 1] - first[u]
        if fixed[u] or size == 0:
            continue
        a = beat_of[u]
        b = beat_of[neighbour[first[u] + int(draws[turn, 1] * size)]]
        if a == b:
            continue
        change = 0
        if len(today):
            change = (1 if b != today[u] else 0) - (1 if a != today[u] else 0)
            if change > allowed:
                continue
        longer = 0.0
        for e in range(border_first[u], border_first[u + 1]):
            other = beat_of[border_unit[e]]
            if other == a:
                longer += border_km[e]
            elif other == b:
                longer -= border_km[e]
        w = work[u]
        longer += imbalance * (
            max(0.0, load[b] + w - high) + max(0.0, low - load[b] - w)
            - max(0.0, load[b] - high) - max(0.0, low - load[b])
            + max(0.0, load[a] - w - high) + max(0.0, low - load[a] + w)
            - max(0.0, load[a] - high) - max(0.0, low - load[a])
        )  # fmt: skip
        if longer > 0.0 and (temperature <= 0.0 or draws[turn, 2] >= np.exp(-longer / temperature)):
            continue
        if not holds_without(u, beat_of, first, neighbour, stamp, turn + 1, queue):
            continue
        allowed -= change
        beat_of[u] = b
        load[a] -= w
        load[b] += w
        made += 1
    return made
