"""Loops of the search for beats, compiled: even shares, pieces, moves across borders.

Units that touch come in compressed rows (`first`, `neighbour`), as in `beat_core`.
"""

from __future__ import annotations

import numpy as np

from optimizer.compiled import compiled
from optimizer.frozen import FloatArray, IntArray


@compiled
def work_off_band(load: FloatArray, low: float, high: float) -> float:
    """Work that the beats have beyond the band or are short of it, together."""
    off = 0.0
    for b in range(len(load)):
        off += max(0.0, load[b] - high) + max(0.0, low - load[b])
    return off


@compiled
def move_tolls(
    toll: FloatArray, load: FloatArray, low: float, high: float, share: float, size: float
) -> None:
    """Make beats above the band dearer and those below it cheaper, in place.

    Args:
        toll: Price of a unit of work in each beat, shape (K,).
        load: Work of each beat, shape (K,).
        low: Least work of a beat.
        high: Most work of a beat.
        share: An even share of the work.
        size: Step, for a whole share off the band.
    """
    for b in range(len(load)):
        if load[b] > high:
            toll[b] += size * (load[b] - high) / share + 0.02 * size
        elif load[b] < low:
            toll[b] -= size * (low - load[b]) / share + 0.02 * size


@compiled
def even_shares(
    price: FloatArray,
    work: FloatArray,
    low: float,
    high: float,
    toll: FloatArray,
    rounds: int,
    step: float,
) -> IntArray:
    """Give each unit to the beat that is cheapest with its toll, and raise tolls of full beats.

    The tolls are dual prices of the load band; at their optimum this is the cheapest division.

    Args:
        price: From each beat's seat, shape (K, U).
        work: Of each unit, shape (U,).
        low: Least work of a beat.
        high: Most work of a beat.
        toll: Per unit of work, shape (K,); changed in place.
        rounds: Times the tolls are changed.
        step: First change for a beat that is off by its whole share.

    Returns:
        Beat of each unit, shape (U,).
    """
    beats, units = price.shape
    beat_of = np.zeros(units, np.int64)
    best_of = np.zeros(units, np.int64)
    load = np.zeros(beats)
    share = max(1e-300, work.sum() / beats)
    least = np.inf
    for turn in range(rounds):
        load[:] = 0.0
        for u in range(units):
            best, at = np.inf, 0
            for b in range(beats):
                value = price[b, u] + toll[b] * work[u]
                if value < best:
                    best, at = value, b
            beat_of[u] = at
            load[at] += work[u]
        off = work_off_band(load, low, high)
        if off < least:
            least = off
            best_of[:] = beat_of
        if off <= 0.0:
            break
        move_tolls(toll, load, low, high, share, step / (1.0 + 0.1 * turn))
    return best_of


@compiled
def joined_to_seats(
    beat_of: IntArray, seat_unit: IntArray, price: FloatArray, first: IntArray, neighbour: IntArray
) -> None:
    """Keep of each beat the piece with its seat; give the rest to beats that touch, the cheapest.

    Args:
        beat_of: Shape (U,); changed in place; -1 where no seat can be reached.
        seat_unit: Unit of each seat, shape (K,).
        price: Shape (K, U).
        first: Where each unit's neighbours begin, shape (U + 1,).
        neighbour: Units that touch.
    """
    units = len(beat_of)
    kept = np.full(units, -1, np.int64)
    stack = np.empty(units, np.int64)
    for b in range(len(seat_unit)):
        kept[seat_unit[b]] = b
    for b in range(len(seat_unit)):
        top = 1
        stack[0] = seat_unit[b]
        while top:
            top -= 1
            u = stack[top]
            for e in range(first[u], first[u + 1]):
                v = neighbour[e]
                if kept[v] < 0 and beat_of[v] == b:
                    kept[v] = b
                    stack[top] = v
                    top += 1
    changed = True
    while changed:
        changed = False
        for u in range(units):
            if kept[u] >= 0:
                continue
            best, at = np.inf, -1
            for e in range(first[u], first[u + 1]):
                b = kept[neighbour[e]]
                if b >= 0 and (at < 0 or price[b, u] < best):
                    best, at = price[b, u], b
            if at >= 0:
                kept[u] = at
                changed = True
    beat_of[:] = kept


@compiled
def holds_without(
    u: int,
    beat_of: IntArray,
    first: IntArray,
    neighbour: IntArray,
    stamp: IntArray,
    turn: int,
    queue: IntArray,
) -> bool:
    """Whether a unit's beat is in one piece, and not empty, without it.

    Args:
        u: The unit.
        beat_of: Shape (U,).
        first: Where each unit's neighbours begin, shape (U + 1,).
        neighbour: Units that touch.
        stamp: Room for marks, shape (U,), all below `turn`.
        turn: Mark of this call.
        queue: Room, shape (U,).
    """
    b = beat_of[u]
    wanted, start = 0, -1
    for e in range(first[u], first[u + 1]):
        if beat_of[neighbour[e]] == b:
            wanted += 1
            start = neighbour[e]
    if wanted <= 1:
        return wanted == 1
    stamp[u] = turn
    stamp[start] = turn
    queue[0] = start
    head, tail = 0, 1
    # Neighbours of u are looked for breadth first: they are mostly near one another.
    near = 1
    while head < tail:
        v = queue[head]
        head += 1
        for e in range(first[v], first[v + 1]):
            w = neighbour[e]
            if stamp[w] != turn and beat_of[w] == b:
                stamp[w] = turn
                queue[tail] = w
                tail += 1
                for g in range(first[w], first[w + 1]):
                    if neighbour[g] == u:
                        near += 1
                        break
                if near == wanted:
                    return True
    return False


@compiled
def anneal(
    price: FloatArray,
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
    """Move units across borders by chance, so that no beat falls apart (Kirkpatrick 1983).

    Args:
        price: From each beat's seat, shape (K, U).
        work: Shape (U,).
        low: Least work of a beat.
        high: Most work of a beat.
        first: Where each unit's neighbours begin, shape (U + 1,).
        neighbour: Units that touch.
        fixed: 1 for units that do not move (seats), shape (U,).
        beat_of: Shape (U,); changed in place.
        load: Work of each beat, shape (K,); changed in place.
        today: Beat of each unit today, shape (U,); empty where changes are not counted.
        allowed: Cells that may still change, with as many cells in a unit as `fixed` says not: a
            unit counts once.
        temperature: Mean price of a move that is taken one time in e.
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
        if fixed[u]:
            continue
        size = first[u + 1] - first[u]
        if size == 0:
            continue
        a = beat_of[u]
        b = beat_of[neighbour[first[u] + int(draws[turn, 1] * size)]]
        if a == b:
            continue
        if len(today):
            more = (1 if b != today[u] else 0) - (1 if a != today[u] else 0)
            if more > allowed:
                continue
        w = work[u]
        gain = price[b, u] - price[a, u]
        gain += imbalance * (
            max(0.0, load[b] + w - high) + max(0.0, low - load[b] - w)
            - max(0.0, load[b] - high) - max(0.0, low - load[b])
            + max(0.0, load[a] - w - high) + max(0.0, low - load[a] + w)
            - max(0.0, load[a] - high) - max(0.0, low - load[a])
        )  # fmt: skip
        if gain > 0.0 and (temperature <= 0.0 or draws[turn, 2] >= np.exp(-gain / temperature)):
            continue
        if not holds_without(u, beat_of, first, neighbour, stamp, turn + 1, queue):
            continue
        if len(today):
            allowed -= (1 if b != today[u] else 0) - (1 if a != today[u] else 0)
        beat_of[u] = b
        load[a] -= w
        load[b] += w
        made += 1
    return made


@compiled
def best_seat(price: FloatArray) -> int:
    """Row of the least sum over its columns, the first of equals."""
    best, at = np.inf, 0
    for i in range(price.shape[0]):
        total = 0.0
        for j in range(price.shape[1]):
            total += price[i, j]
            if total >= best:
                break
        if total < best:
            best, at = total, i
    return at
