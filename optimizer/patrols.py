"""Routes of a patrol shift: least presence missed, then least driving, with what is proven.

A search with a seed comes first. One vehicle: all sets of visits are weighed where they are few
enough (`patrol_exact`). Else CP-SAT improves the routes and says a bound (`patrol_tours`); where it
does not prove them, up to 18 visits are shared out exactly (`patrol_sets`).
"""

from __future__ import annotations

from itertools import combinations
from math import log2

import numpy as np

from optimizer.patrol_exact import exact_routes
from optimizer.patrol_listing import all_routes
from optimizer.patrol_plan import PatrolResult, PatrolTask, Routes
from optimizer.patrol_rules import judge
from optimizer.patrol_search import Driver, search_routes
from optimizer.patrol_tours import proven_routes

MOST_LABELS = 150_000
ROUNDS = 600
STARTS = 6
"""Short searches to begin with: which visits are missed is seldom mended later."""
EFFORT = 5.0
FIRST_EFFORT = 0.5
"""Of CP-SAT, where the exact method can follow."""
MOST_SHARED = 18
VARIANT_ROUNDS = 1500
MOST_STEPS = 20_000
"""Of listing every plan, before the variants are searched for instead."""
SLACK_FRACTION = 0.1
"""Plans this much longer than the best are walked on from, or the search sticks."""
SLOT_S = 900
"""Arrivals within a quarter of an hour count as the same to who watches."""


def plan_patrols(
    task: PatrolTask,
    *,
    seed: int = 0,
    most_labels: int = MOST_LABELS,
    rounds: int = ROUNDS,
    effort: float = EFFORT,
) -> PatrolResult:
    """Plan the shift.

    No clock is read: the same task, seed and effort give the same routes.

    Args:
        task: What is asked.
        seed: Of the search and the solver.
        most_labels: Effort of weighing all sets of visits, for one vehicle.
        rounds: Effort of the search: a quarter for each start, then as many from the best.
        effort: Of CP-SAT, in its own deterministic seconds (2 to 4 of CPU each); 0 = neither
            it nor its bound.
    """
    driver = Driver(task)
    routes = _searched(task, driver, rounds, seed)
    if task.vehicles == 1:
        weighed = exact_routes(task, most_labels, driver.price(routes))
        if weighed is not None:
            return _weighed(driver, weighed)
    few = task.visits <= MOST_SHARED
    proven = proven_routes(
        task, routes, effort=min(effort, FIRST_EFFORT) if few else effort, seed=seed
    )
    missed_s, drive_s = driver.price(proven.routes)
    is_proven = (proven.missed_bound_s, proven.drive_bound_s) == (missed_s, drive_s)
    if few and effort > 0.0 and not is_proven:
        # Compiles its loops, so only where CP-SAT gives up.
        from optimizer.patrol_sets import shared_routes

        weighed = shared_routes(task)
        if weighed is not None:
            return _weighed(driver, weighed)
        proven = proven_routes(task, proven.routes, effort=effort, seed=seed)
        missed_s, drive_s = driver.price(proven.routes)
    return PatrolResult(
        routes=proven.routes,
        missed_s=missed_s,
        drive_s=drive_s,
        missed_bound_s=proven.missed_bound_s,
        drive_bound_s=proven.drive_bound_s if proven.missed_bound_s == missed_s else None,
        exact=False,
    )


def _weighed(driver: Driver, routes: Routes) -> PatrolResult:
    missed_s, drive_s = driver.price(routes)
    return PatrolResult(
        routes=routes,
        missed_s=missed_s,
        drive_s=drive_s,
        missed_bound_s=missed_s,
        drive_bound_s=drive_s,
        exact=True,
    )


def _searched(task: PatrolTask, driver: Driver, rounds: int, seed: int) -> Routes:
    """The best of several short searches, searched on from."""
    begun = [
        search_routes(task, (), rounds=rounds // 4, seed=one, slack_fraction=SLACK_FRACTION)
        for one in range(seed, seed + STARTS)
    ]
    start = min(begun, key=lambda routes: (driver.price(routes), routes))
    return search_routes(task, start, rounds=rounds, seed=seed, slack_fraction=SLACK_FRACTION)


def variants(
    task: PatrolTask,
    best: PatrolResult,
    count: int,
    *,
    within_fraction: float,
    seed: int,
    rounds: int = VARIANT_ROUNDS,
) -> tuple[Routes, ...]:
    """Plans as good as the best, as unlike each other as can be, no order of arrival twice.

    All miss the same presence at the most and drive at most `within_fraction` more. The first is
    the best itself; each next one shares the least legs with those before. Fewer than `count`
    come where there are no more: none at all where the plans are few enough to list every one,
    else none that a seeded search finds.
    """
    most_s = best.drive_s * (1.0 + within_fraction)
    places = places_of(task)
    pool: dict[tuple[int, ...], tuple[int, Routes]] = {}

    def keep(routes: Routes, drive_s: int) -> None:
        order = arrival_order(task, routes)
        if order not in pool or (drive_s, routes) < pool[order]:
            pool[order] = drive_s, routes

    def seen(routes: Routes, price: tuple[int, int]) -> None:
        if price[0] <= best.missed_s and price[1] <= most_s:
            keep(routes, price[1])

    listed = all_routes(task, best.missed_s, most_s, MOST_STEPS)
    if listed is None:
        search_routes(
            task, best.routes, rounds=rounds, seed=seed, seen=seen, slack_fraction=within_fraction
        )
    else:
        driver = Driver(task)
        for routes in listed:
            keep(routes, driver.price(routes)[1])
    pool.pop(arrival_order(task, best.routes), None)
    chosen = [best.routes]
    rest = sorted(routes for _drive, routes in pool.values())
    nearest = dict.fromkeys(rest, 0.0)
    while nearest and len(chosen) < count:
        last = at_places(chosen[-1], places)
        for one, share in nearest.items():
            nearest[one] = max(share, overlap_fraction(at_places(one, places), last))
        picked = min(nearest, key=lambda one: (nearest[one], one))
        chosen.append(picked)
        del nearest[picked]
    return tuple(chosen)


def places_of(task: PatrolTask) -> tuple[int, ...]:
    """For each visit the first visit at the same place: as named, else where nobody drives."""
    if task.place_of:
        return tuple(task.place_of.index(place) for place in task.place_of)
    table = task.travel_s[1:, 1:]
    together = ((table == 0) & (table.T == 0)) | np.eye(task.visits, dtype=bool)
    return tuple(int(row.argmax()) for row in together)


def at_places(routes: Routes, places: tuple[int, ...]) -> Routes:
    """Routes as someone sees them who does not know which visit of a place it is."""
    return tuple(tuple(places[v] for v in route) for route in routes)


def arrival_order(task: PatrolTask, routes: Routes) -> tuple[int, ...]:
    """Places in order of arrival over all vehicles, as whoever watches them all would see."""
    places = places_of(task)
    calls = sorted(judge(task, routes).calls, key=lambda c: (c.arrives_s, places[c.visit]))
    return tuple(places[c.visit] for c in calls)


def overlap_fraction(one: Routes, other: Routes) -> float:
    """Legs that both drive in the same direction over those that either drives (Jaccard)."""
    mine, yours = _legs(one), _legs(other)
    return len(mine & yours) / len(mine | yours) if mine | yours else 1.0


def mean_overlap_fraction(plans: tuple[Routes, ...]) -> float | None:
    """Over all pairs; None with fewer than two plans."""
    pairs = [overlap_fraction(a, b) for a, b in combinations(plans, 2)]
    return sum(pairs) / len(pairs) if pairs else None


def arrival_entropy_bits(arrivals_s: tuple[tuple[int, ...], ...]) -> float | None:
    """Mean over visits of the entropy of the quarter-hour of arrival over the variants.

    0 = always the same; log2 of the number of variants = never the same.

    Args:
        arrivals_s: For each visit, its arrival in each variant that makes it.
    """
    found = []
    for times in arrivals_s:
        slots = [t // SLOT_S for t in times]
        shares = [slots.count(s) / len(slots) for s in sorted(set(slots))]
        found.append(-sum(p * log2(p) for p in shares))
    return sum(found) / len(found) if found else None


def _legs(routes: Routes) -> frozenset[tuple[int, int]]:
    return frozenset(
        (a, b) for route in routes for a, b in zip((-1, *route), (*route, -1), strict=True)
    )
