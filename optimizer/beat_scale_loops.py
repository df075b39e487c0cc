"""Loops for many thousand units, compiled: shares around the nearest seats, a bound by lists."""

from __future__ import annotations

import numpy as np

from optimizer.beat_bound_loops import chosen_seats, step_size
from optimizer.beat_loops import move_tolls, work_off_band
from optimizer.compiled import compiled
from optimizer.frozen import FloatArray, IntArray


@compiled
def even_shares_near(
    price: FloatArray,
    beat: IntArray,
    work: FloatArray,
    low: float,
    high: float,
    toll: FloatArray,
    rounds: int,
    step: float,
) -> IntArray:
    """As `beat_loops.even_shares`, but each unit chooses among a few beats.

    Args:
        price: From the seats of the beats listed for each unit, shape (U, M).
        beat: Which they are, shape (U, M).
        work: Of each unit, shape (U,).
        low: Least work of a beat.
        high: Most work of a beat.
        toll: Of each beat per unit of work, shape (K,); changed in place.
        rounds: Times the tolls are changed.
        step: First change for a beat that is off by its whole share.

    Returns:
        Beat of each unit, shape (U,): of all rounds, where the least work is out of the band.
    """
    units, near = price.shape
    beats = len(toll)
    beat_of = np.zeros(units, np.int64)
    best_of = np.zeros(units, np.int64)
    load = np.zeros(beats)
    share = max(1e-300, work.sum() / beats)
    least = np.inf
    for turn in range(rounds):
        load[:] = 0.0
        for u in range(units):
            best, at = np.inf, beat[u, 0]
            for m in range(near):
                value = price[u, m] + toll[beat[u, m]] * work[u]
                if value < best:
                    best, at = value, beat[u, m]
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
def threshold(rate: FloatArray, work: FloatArray, count: int, target: float) -> float:
    """The least rate up to which items weigh at least `target` together.

    Args:
        rate: Of the items; the first `count` are put in another order.
        work: What they weigh; likewise.
        count: How many items.
        target: Above 0.

    Returns:
        The rate; inf where all items together weigh less.
    """
    low, high, below = 0, count, 0.0
    while high - low > 1:
        pivot = rate[(low + high) // 2]
        # Below, equal and above the pivot (Dijkstra's three parts).
        less, at, more = low, low, high
        light, level = 0.0, 0.0
        while at < more:
            if rate[at] < pivot:
                light += work[at]
                rate[less], rate[at] = rate[at], rate[less]
                work[less], work[at] = work[at], work[less]
                less += 1
                at += 1
            elif rate[at] > pivot:
                more -= 1
                rate[more], rate[at] = rate[at], rate[more]
                work[more], work[at] = work[at], work[more]
            else:
                level += work[at]
                at += 1
        if below + light >= target:
            high = less
        elif below + light + level >= target:
            return float(pivot)
        else:
            below += light + level
            low = more
    if high - low == 1 and below + work[low] >= target:
        return float(rate[low])
    return np.inf


@compiled
def seat_value(
    f: int,
    first: IntArray,
    unit: IntArray,
    rate: FloatArray,
    work: FloatArray,
    worth: FloatArray,
    home: int,
    home_price: float,
    low: float,
    high: float,
    beyond: float,
    rates: FloatArray,
    works: FloatArray,
) -> tuple[float, float]:
    """A value that no beat of a seat is below at these worths, and its toll per unit of work.

    With a toll t a beat of load w within [low, high] is worth at least its units at reduced rates
    less t, plus t x low (t >= 0) or t x high (t <= 0): true of every t that is not above what the
    units beyond the list cost at least. The best such t is taken.

    Args:
        f: The seat.
        first: Where the list of each seat begins, shape (F + 1,).
        unit: Units listed, shape (L,).
        rate: Their price per unit of work, ascending within a seat, shape (L,).
        work: Of every unit, shape (U,).
        worth: Dual of every unit per unit of work, shape (U,).
        home: Unit of the seat, taken in any case and not in its list.
        home_price: Its price.
        low: Least load.
        high: Most load.
        beyond: Least reduced rate of units that are not in the list, not below 0.
        rates: Room, shape (U,).
        works: Room, shape (U,).

    Returns:
        The value and the toll.
    """
    value = home_price - worth[home] * work[home]
    load, n, saved = 0.0, 0, 0.0
    for e in range(first[f], first[f + 1]):
        u = unit[e]
        reduced = rate[e] - worth[u]
        if reduced < 0.0:
            rates[n] = reduced
            works[n] = work[u]
            load += work[u]
            saved += reduced * work[u]
            n += 1
    toll, most = 0.0, high - work[home]
    if load > most:
        toll = min(0.0, threshold(rates, works, n, most)) if most > 0.0 else rates[:n].min()
    elif load + work[home] < low:
        most = low - work[home]
        n = 0
        for e in range(first[f], first[f + 1]):
            reduced = rate[e] - worth[unit[e]]
            if reduced < beyond:
                rates[n] = reduced
                works[n] = work[unit[e]]
                n += 1
        toll = min(beyond, threshold(rates, works, n, most))
    else:
        return value + saved, 0.0
    for k in range(n):
        if rates[k] < toll:
            value += (rates[k] - toll) * works[k]
    return value + toll * most, toll


@compiled
def ascend_near(
    first: IntArray,
    unit: IntArray,
    rate: FloatArray,
    work: FloatArray,
    home: IntArray,
    home_price: FloatArray,
    beyond: FloatArray,
    group: IntArray,
    groups: int,
    low: float,
    high: float,
    beats: int,
    worth: FloatArray,
    best_worth: FloatArray,
    most: FloatArray,
    way: FloatArray,
    state: FloatArray,
    upper: float,
    rounds: int,
    patience: int,
) -> None:
    """Raise the bound of `beat_bound_scale` by some subgradient steps (Held, Wolfe and Crowder).

    Args:
        first: As in `seat_value`.
        unit: Likewise.
        rate: Likewise.
        work: Likewise.
        home: Unit of each seat, shape (F,).
        home_price: Its price, shape (F,).
        beyond: As in `seat_value`, of each seat, shape (F,).
        group: Groups of seats of which one at least is chosen, shape (F,); -1 = none.
        groups: How many there are.
        low: Least load.
        high: Most load.
        beats: How many seats are chosen.
        worth: Duals per unit of work, shape (U,); changed in place.
        best_worth: Those of the best bound; changed in place.
        most: Worths are kept at or below these, shape (U,).
        way: The way of the last step, shape (U,); changed in place.
        state: The best bound, the share of the gap a step aims at, rounds without gain; changed.
        upper: Objective of the best plan known.
        rounds: Steps to take.
        patience: Rounds without gain after which steps shrink.
    """
    seats, units = len(home), len(work)
    value, toll = np.zeros(seats), np.zeros(seats)
    rates, works = np.empty(units), np.empty(units)
    short = np.empty(units)
    for _ in range(rounds):
        bound = 0.0
        for u in range(units):
            bound += worth[u] * work[u]
        for f in range(seats):
            value[f], toll[f] = seat_value(
                f, first, unit, rate, work, worth, home[f], home_price[f], low, high, beyond[f],
                rates, works,
            )  # fmt: skip
        short[:] = 1.0
        for f in chosen_seats(value, group, groups, beats):
            bound += value[f]
            short[home[f]] -= 1.0
            load, level = work[home[f]], 0.0
            for e in range(first[f], first[f + 1]):
                reduced = rate[e] - worth[unit[e]]
                if reduced < toll[f]:
                    short[unit[e]] -= 1.0
                    load += work[unit[e]]
                elif reduced == toll[f]:
                    level += work[unit[e]]
            # Those at the toll itself are taken in part.
            wanted = high if toll[f] < 0.0 else low
            if level > 0.0 and toll[f] != 0.0 and wanted > load:
                part = min(1.0, (wanted - load) / level)
                for e in range(first[f], first[f + 1]):
                    if rate[e] - worth[unit[e]] == toll[f]:
                        short[unit[e]] -= part
        gain = bound > state[0] + 1e-5 * max(0.0, upper - state[0])
        state[2] = 0.0 if gain else state[2] + 1.0
        if bound > state[0]:
            state[0] = bound
            best_worth[:] = worth
        if state[0] >= upper:
            return
        if state[2] >= patience:
            state[2] = 0.0
            state[1] *= 0.6
            worth[:] = best_worth
            way[:] = 0.0
            continue
        size = step_size(short, work, way, state[1], upper - bound, upper)
        if size <= 0.0:
            return
        for u in range(units):
            if work[u] > 0.0:
                worth[u] = min(most[u], worth[u] + size * way[u])
