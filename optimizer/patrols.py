"""Routes of a patrol shift: least presence missed, then least driving, with what is proven.

A search with a seed comes first; then all sets of visits are weighed where they are few enough
(`patrol_exact`), else CP-SAT improves the routes and says a bound (`patrol_tours`).
"""

from __future__ import annotations

from itertools import combinations
from math import log2

from optimizer.patrol_exact import exact_routes
from optimizer.patrol_plan import PatrolResult, PatrolTask, Routes
from optimizer.patrol_search import Driver, search_routes
from optimizer.patrol_tours import proven_routes

MOST_LABELS = 150_000
ROUNDS = 600
EFFORT = 5.0
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
        most_labels: Effort of weighing all sets of visits.
        rounds: Effort of the search.
        effort: Of CP-SAT where the sets are too many, in its own deterministic seconds (2 to 4
            of CPU each); 0 = no bound.
    """
    routes = search_routes(task, (), rounds=rounds, seed=seed, slack_fraction=SLACK_FRACTION)
    driver = Driver(task)
    weighed = exact_routes(task, most_labels, driver.price(routes))
    if weighed is not None:
        missed_s, drive_s = driver.price(weighed)
        return PatrolResult(
            routes=weighed,
            missed_s=missed_s,
            drive_s=drive_s,
            missed_bound_s=missed_s,
            drive_bound_s=drive_s,
            exact=True,
        )
    proven = proven_routes(task, routes, effort=effort, seed=seed)
    missed_s, drive_s = driver.price(proven.routes)
    return PatrolResult(
        routes=proven.routes,
        missed_s=missed_s,
        drive_s=drive_s,
        missed_bound_s=proven.missed_bound_s,
        drive_bound_s=proven.drive_bound_s if proven.missed_bound_s == missed_s else None,
        exact=False,
    )


def variants(
    task: PatrolTask,
    best: PatrolResult,
    count: int,
    *,
    within_fraction: float,
    seed: int,
    rounds: int = ROUNDS,
) -> tuple[Routes, ...]:
    """Plans as good as the best, as unlike each other as a seeded search finds.

    All miss the same presence at the most and drive at most `within_fraction` more. The first is
    the best itself; each next one shares the least legs with those before.
    """
    most_s = best.drive_s * (1.0 + within_fraction)
    pool: dict[Routes, None] = {}

    def seen(routes: Routes, price: tuple[int, int]) -> None:
        if price[0] <= best.missed_s and price[1] <= most_s:
            pool.setdefault(routes)

    search_routes(
        task, best.routes, rounds=rounds, seed=seed, seen=seen, slack_fraction=within_fraction
    )
    chosen = [best.routes]
    rest = sorted(set(pool) - {best.routes})
    while rest and len(chosen) < count:
        nearest = {one: max(overlap_fraction(one, other) for other in chosen) for one in rest}
        picked = min(rest, key=lambda one: (nearest[one], one))
        chosen.append(picked)
        rest.remove(picked)
    return tuple(chosen)


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
