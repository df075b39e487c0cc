"""Loops of the p-median search, compiled: the dual ascent and the exchange of sites.

All values are whole numbers held in floats, so that sums are exact and a bound is a bound. Clients
are rows; a client's sites stand in order of price, so that only those below its dual are visited.
"""

from __future__ import annotations

import numpy as np

from optimizer.compiled import compiled
from optimizer.frozen import BoolArray, FloatArray, IntArray


@compiled
def reduced_prices(
    price: FloatArray, site: IntArray, dual: FloatArray, reduced: FloatArray
) -> None:
    """What opening each site saves at these duals: sum of min(0, price - dual).

    Args:
        price: Shape (C, L), each row ascending.
        site: Column of each, shape (C, L).
        dual: Shape (C,).
        reduced: Filled; shape (F,).
    """
    reduced[:] = 0.0
    for i in range(len(dual)):
        limit = dual[i]
        for k in range(price.shape[1]):
            saved = price[i, k] - limit
            if saved >= 0.0:
                break
            reduced[site[i, k]] += saved


@compiled
def ascend(
    price: FloatArray,
    site: IntArray,
    fixed: BoolArray,
    p: int,
    dual: FloatArray,
    upper: float,
    unit: float,
    rounds: int,
    step: float,
    patience: int,
) -> tuple[float, FloatArray, FloatArray, FloatArray, IntArray, float]:
    """Raise the Lagrangian bound by subgradients (Held, Wolfe and Crowder 1974).

    Args:
        price: Prices of the live sites, shape (C, L), each row ascending.
        site: Column of each, shape (C, L).
        fixed: Sites that are open in any case, shape (F,); F live sites.
        p: Sites to open, those included.
        dual: Where to start, whole numbers, shape (C,).
        upper: Price of the best plan known.
        unit: Two prices of plans differ by this at least; 0 where they may be as near as can be.
        rounds: Subgradients at most.
        step: First share of the gap a step aims at.
        patience: Rounds without gain after which it halves.

    Returns:
        The bound, its duals (C,), its reduced prices (F,), how often each site was open (F,), the
        best set of sites seen (p,), and what it costs.
    """
    clients, sites = len(dual), len(fixed)
    dual = dual.copy()
    reduced = np.zeros(sites)
    best_dual, best_reduced, best_bound = dual.copy(), reduced.copy(), -np.inf
    average = np.zeros(sites)
    seen, seen_price = np.zeros(p, np.int64), np.inf
    opened = np.zeros(sites, np.bool_)
    covered = np.zeros(clients)
    n_fixed = 0
    for j in range(sites):
        if fixed[j]:
            n_fixed += 1
    idle = 0
    order_key = np.empty(sites)
    for turn in range(rounds):
        reduced_prices(price, site, dual, reduced)
        for j in range(sites):
            order_key[j] = -np.inf if fixed[j] else reduced[j]
        order = np.argsort(order_key, kind="mergesort")
        bound = dual.sum()
        opened[:] = False
        for k in range(p):
            bound += reduced[order[k]]
            opened[order[k]] = True
        weight = 0.1 if turn else 1.0
        for j in range(sites):
            average[j] += weight * ((1.0 if opened[j] else 0.0) - average[j])
        # What the open sites cost as a plan, and how often each client is served.
        total = 0.0
        length = 0.0
        for i in range(clients):
            served, nearest = 0, -1.0
            limit = dual[i]
            for k in range(price.shape[1]):
                if opened[site[i, k]]:
                    if nearest < 0.0:
                        nearest = price[i, k]
                    if price[i, k] >= limit:
                        break
                    served += 1
                elif nearest >= 0.0 and price[i, k] >= limit:
                    break
            total += nearest if nearest >= 0.0 else np.inf
            covered[i] = 1.0 - served
            length += covered[i] * covered[i]
        if total < seen_price:
            seen_price = total
            seen[:] = order[:p]
        if bound > best_bound:
            # A gain too small to matter does not keep a step alive.
            if bound <= best_bound + 1e-4 * abs(upper - best_bound):
                idle += 1
            else:
                idle = 0
            best_bound = bound
            best_dual[:] = dual
            best_reduced[:] = reduced
        else:
            idle += 1
        if length == 0.0 or best_bound > min(upper, seen_price) - unit or best_bound >= upper:
            break
        if idle >= patience:
            idle = 0
            step *= 0.5
            dual[:] = best_dual
            if step < 1e-3:
                break
        size = step * max(min(upper, seen_price) - bound, 1.0) / length
        for i in range(clients):
            dual[i] = np.rint(dual[i] + size * covered[i])
    return best_bound, best_dual, best_reduced, average, seen, seen_price


@compiled
def exchange(price: FloatArray, opened: IntArray, kept: BoolArray, passes: int) -> float:
    """Swap an open site for a closed one while that helps, the best swap first.

    The gain of every swap comes from one pass over clients and sites (Whitaker 1983).

    Args:
        price: Shape (C, F), by client.
        opened: Open sites, shape (p,); changed in place.
        kept: Sites that are not given up, shape (F,).
        passes: Swaps at most.

    Returns:
        The price of what is open at the end.
    """
    clients, sites = price.shape
    p = len(opened)
    place = np.full(sites, -1, np.int64)
    for k in range(p):
        place[opened[k]] = k
    first = np.zeros(clients, np.int64)
    near = np.zeros(clients)
    far = np.zeros(clients)
    total = 0.0
    loss = np.zeros(p)
    gain = np.zeros(sites)
    extra = np.zeros((sites, p))
    for _turn in range(passes + 1):
        total = 0.0
        loss[:] = 0.0
        for i in range(clients):
            near[i] = np.inf
            far[i] = np.inf
            for k in range(p):
                value = price[i, opened[k]]
                if value < near[i]:
                    far[i] = near[i]
                    near[i] = value
                    first[i] = k
                elif value < far[i]:
                    far[i] = value
            total += near[i]
            loss[first[i]] += far[i] - near[i]
        gain[:] = 0.0
        extra[:] = 0.0
        for i in range(clients):
            for j in range(sites):
                value = price[i, j]
                if value < far[i]:
                    if value < near[i]:
                        gain[j] += near[i] - value
                        extra[j, first[i]] += far[i] - near[i]
                    else:
                        extra[j, first[i]] += far[i] - value
        best, best_in, best_out = 1e-9, -1, -1
        for j in range(sites):
            if place[j] >= 0:
                continue
            for k in range(p):
                if kept[opened[k]]:
                    continue
                better = gain[j] + extra[j, k] - loss[k]
                if better > best:
                    best, best_in, best_out = better, j, k
        if best_in < 0 or _turn == passes:
            break
        place[opened[best_out]] = -1
        place[best_in] = best_out
        opened[best_out] = best_in
    return total
