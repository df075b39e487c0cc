"""Loops of the bound for beats, compiled: what each seat is worth at duals of the units.

A seat with the units it would serve is a knapsack with a least and a most load. Its relaxation in
fractions is solved exactly: units that save, and then by what they save per unit of work.
"""

from __future__ import annotations

import numpy as np

from optimizer.compiled import compiled
from optimizer.frozen import FloatArray, IntArray


@compiled
def knapsack(
    price: FloatArray,
    unit: IntArray,
    size: int,
    work: FloatArray,
    dual: FloatArray,
    home: int,
    low: float,
    high: float,
    dearest: float,
    take: FloatArray,
) -> tuple[float, float, int]:
    """The most that a seat can save at these duals, in fractions of units.

    Args:
        price: Of the units listed, shape (L,), those without work first, then ascending per unit
            of work; those not listed never save.
        unit: Which they are, shape (L,); `home` is not among them.
        size: How many of them count.
        work: Of every unit, shape (U,).
        dual: Likewise.
        home: Unit of the seat, taken whole in any case at price `price[size]`.
        low: Least load.
        high: Most load.
        dearest: The largest dual per unit of work.
        take: Filled with the fraction of each listed unit, shape (L,).

    Returns:
        The value (price less duals; a lower one where the list is too short to reach `low`), what
        a unit of work is worth: reduced prices are price - dual - worth x work; and up to where
        `take` was filled.
    """
    value, load = price[size] - dual[home], work[home]
    chosen, stop = 0, size
    for k in range(size):
        if work[unit[k]] > 0.0 and price[k] > dearest * work[unit[k]]:
            stop = k
            break
        saved = price[k] - dual[unit[k]]
        take[k] = 0.0
        if saved < 0.0:
            value += saved
            load += work[unit[k]]
            take[k] = 1.0
            chosen += 1
    if load > high:
        at = np.empty(chosen, np.int64)
        rate = np.empty(chosen)
        n = 0
        for k in range(stop):
            if take[k] > 0.0 and work[unit[k]] > 0.0:
                at[n] = k
                rate[n] = (price[k] - dual[unit[k]]) / work[unit[k]]
                n += 1
        order = np.argsort(rate[:n], kind="mergesort")
        for m in range(n - 1, -1, -1):
            k = at[order[m]]
            part = min(1.0, (load - high) / work[unit[k]])
            take[k] -= part
            value -= part * (price[k] - dual[unit[k]])
            load -= part * work[unit[k]]
            if load <= high * (1.0 + 1e-12):
                return value, rate[order[m]], stop
        return value, 0.0, stop
    if load < low:
        at = np.empty(size - chosen, np.int64)
        rate = np.empty(size - chosen)
        take[stop:size] = 0.0
        n = 0
        for k in range(size):
            if take[k] == 0.0 and work[unit[k]] > 0.0:
                at[n] = k
                rate[n] = (price[k] - dual[unit[k]]) / work[unit[k]]
                n += 1
        order = np.argsort(rate[:n], kind="mergesort")
        kept_value = value
        for m in range(n):
            k = at[order[m]]
            part = min(1.0, (low - load) / work[unit[k]])
            take[k] += part
            value += part * (price[k] - dual[unit[k]])
            load += part * work[unit[k]]
            if load >= low * (1.0 - 1e-12):
                return value, rate[order[m]], size
        return kept_value, 0.0, size
    return value, 0.0, stop


@compiled
def chosen_seats(value: FloatArray, group: IntArray, groups: int, beats: int) -> IntArray:
    """The seats of least value, with one at least of each group.

    Args:
        value: Of each seat, shape (F,).
        group: Group of each seat, shape (F,); -1 = none.
        groups: Number of groups, not above `beats`.
        beats: How many seats.

    Returns:
        Seats, shape (k,): the best of each group, then the best others, ascending in value.
    """
    chosen = np.full(beats, -1, np.int64)
    order = np.argsort(value, kind="mergesort")
    taken = np.zeros(len(value), np.bool_)
    for f in order:
        g = group[f]
        if g >= 0 and chosen[g] < 0:
            chosen[g] = f
            taken[f] = True
    n = groups
    for f in order:
        if n == beats:
            break
        if not taken[f]:
            chosen[n] = f
            n += 1
    return chosen


@compiled
def step_size(
    short: FloatArray, pull: FloatArray, way: FloatArray, share: float, gap: float, upper: float
) -> float:
    """How far to go along the way of a step, part of which is the way before.

    Steps are taken in units of work, so that heavy units move farther (Camerini, Fratta and
    Maffioli 1975).

    Args:
        short: How often each unit is missing, the subgradient, shape (U,).
        pull: Work of each unit, shape (U,).
        way: The way of the last step, shape (U,); becomes that of this one.
        share: Of the gap that the step aims at.
        gap: From the bound to the objective of the best plan known.
        upper: That objective.

    Returns:
        0 where there is nowhere to go.
    """
    length, along = 0.0, 0.0
    for u in range(len(short)):
        way[u] = short[u] + 0.7 * way[u]
        length += pull[u] * way[u] * way[u]
        along += pull[u] * short[u] * short[u]
    if along <= 1e-18 or length <= 1e-18:
        return 0.0
    return share * max(gap, 1e-9 * abs(upper)) / length


@compiled
def ascend(
    price: FloatArray,
    unit: IntArray,
    size: IntArray,
    work: FloatArray,
    home: IntArray,
    group: IntArray,
    groups: int,
    low: float,
    high: float,
    beats: int,
    dual: FloatArray,
    most: FloatArray,
    upper: float,
    rounds: int,
    step: float,
    patience: int,
) -> tuple[float, FloatArray, FloatArray, FloatArray, FloatArray]:
    """Raise the Lagrangian bound of the load-bound p-median (Held, Wolfe and Crowder 1974).

    Args:
        price: Of the units listed for each seat, then of its home, shape (F, L + 1).
        unit: Which they are, shape (F, L).
        size: How many count, shape (F,).
        work: Of every unit, shape (U,).
        home: Unit of each seat, shape (F,).
        group: Groups of seats of which one at least is chosen, shape (F,); -1 = none.
        groups: How many there are.
        low: Least load.
        high: Most load.
        beats: How many seats are chosen.
        dual: Where to start, shape (U,).
        most: Duals are kept at or below these, so that the lists suffice, shape (U,).
        upper: Objective of the best plan known, or what the bound need not exceed.
        rounds: Steps at most.
        step: First share of the gap a step aims at.
        patience: Rounds without gain after which it shrinks.

    Returns:
        The bound, its duals (U,), the value of each seat (F,), what work is worth there (F,), and
        how often each seat was chosen of late (F,).
    """
    seats, units = len(home), len(work)
    dual = np.minimum(dual, most)
    value, worth, share = np.zeros(seats), np.zeros(seats), np.zeros(seats)
    best_dual, best_value, best_worth, best = dual.copy(), value.copy(), worth.copy(), -np.inf
    take = np.zeros(unit.shape[1])
    short = np.empty(units)
    way = np.zeros(units)
    pull = np.maximum(work, 1e-3 * work.mean())
    idle = 0
    for turn in range(rounds):
        dearest = 0.0
        for u in range(units):
            if work[u] > 0.0:
                dearest = max(dearest, dual[u] / work[u])
        for f in range(seats):
            value[f], worth[f], _ = knapsack(
                price[f], unit[f], size[f], work, dual, home[f], low, high, dearest, take
            )
        bound = dual.sum()
        short[:] = 1.0
        share *= 0.95 if turn else 0.0
        for f in chosen_seats(value, group, groups, beats):
            bound += value[f]
            share[f] += 0.05 if turn else 1.0
            _, _, stop = knapsack(
                price[f], unit[f], size[f], work, dual, home[f], low, high, dearest, take
            )
            short[home[f]] -= 1.0
            for k in range(stop):
                short[unit[f, k]] -= take[k]
        if bound > best + 1e-5 * max(0.0, upper - best):
            idle = 0
        else:
            idle += 1
        if bound > best:
            best = bound
            best_dual[:] = dual
            best_value[:] = value
            best_worth[:] = worth
        if best >= upper:
            break
        if idle >= patience:
            idle = 0
            step *= 0.7
            dual[:] = best_dual
            way[:] = 0.0
            if step < 1e-4:
                break
            continue
        size_of_step = step_size(short, pull, way, step, upper - bound, upper)
        if size_of_step <= 0.0:
            break
        for u in range(units):
            dual[u] = min(most[u], dual[u] + size_of_step * pull[u] * way[u])
    return best, best_dual, best_value, best_worth, share
