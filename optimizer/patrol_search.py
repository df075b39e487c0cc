"""Patrol routes by ruin and recreate (Schrimpf and others 2000): good, not proven, seeded."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from optimizer.patrol_plan import NO_WAY, PatrolTask, Routes

_RUIN_FRACTION = 0.35
_MISSED_FRACTION = 0.01
"""Of all presence: where some is missed, plans that miss this much more are walked on from."""


class Driver:
    """What a route costs, or that it cannot be driven."""

    def __init__(self, task: PatrolTask) -> None:
        self.task = task
        self._travel = task.travel_s.tolist()
        self.stay = task.stay_s.tolist()
        self._opens, self._closes = task.opens_s.tolist(), task.closes_s.tolist()
        self._known: dict[tuple[int, ...], int | None] = {}

    def drive_s(self, route: tuple[int, ...]) -> int | None:
        """Driving of one vehicle; None where a rule breaks."""
        if route not in self._known:
            self._known[route] = self._drive(route)
        return self._known[route]

    def _drive(self, route: tuple[int, ...]) -> int | None:
        clock = drive = here = 0
        for visit in route:
            leg = self._travel[here][visit + 1]
            clock = max(clock + leg, self._opens[visit]) + self.stay[visit]
            if leg == NO_WAY or clock > self._closes[visit]:
                return None
            drive += leg
            here = visit + 1
        leg = self._travel[here][0]
        if leg == NO_WAY or (route and clock + leg > self.task.shift_s):
            return None
        return int(drive + leg)

    def price(self, routes: Routes) -> tuple[int, int]:
        """Presence missed and driving of routes that can be driven."""
        given = sum(self.stay[v] for route in routes for v in route)
        return sum(self.stay) - given, sum(self.drive_s(r) or 0 for r in routes)


def search_routes(
    task: PatrolTask,
    start: Routes,
    *,
    rounds: int,
    seed: int,
    seen: Callable[[Routes, tuple[int, int]], None] | None = None,
    slack_fraction: float = 0.0,
) -> Routes:
    """Take visits out and put them back where they cost least, again and again.

    Args:
        task: What is asked.
        start: Routes that hold; empty = none.
        rounds: How often.
        seed: Of the order and the choice of visits.
        seen: Told of every plan found, with presence missed and driving.
        slack_fraction: A plan this much longer than the best is walked on from.
    """
    driver, rng = Driver(task), np.random.default_rng(seed)
    waiting = [v for v in range(task.visits) if not _has(start, v)]
    now = _insert(driver, start, waiting, rng, 0.0)
    best, best_price = now, driver.price(now)
    for _round in range(rounds):
        served = [v for route in now for v in route]
        count = max(1, int(len(served) * _RUIN_FRACTION * rng.random() + 0.999))
        out = set(rng.permutation(served)[:count].tolist()) if served else set()
        kept = tuple(tuple(v for v in route if v not in out) for route in now)
        kept = tuple(r for r in kept if r and driver.drive_s(r) is not None)
        waiting = [v for v in range(task.visits) if not _has(kept, v)]
        tried = _insert(driver, kept, waiting, rng, slack_fraction * best_price[1])
        price = driver.price(tried)
        if seen is not None:
            seen(tried, price)
        if price < best_price:
            best, best_price = tried, price
        most_s = best_price[0]
        if most_s:
            most_s += int(_MISSED_FRACTION * sum(driver.stay))
        if price[0] <= most_s and price[1] <= best_price[1] * (1.0 + slack_fraction):
            now = tried
        elif driver.price(now)[0] > most_s:
            now = best
    return tuple(sorted(best))


def _has(routes: Routes, visit: int) -> bool:
    return any(visit in route for route in routes)


def _insert(
    driver: Driver,
    routes: Routes,
    waiting: list[int],
    rng: np.random.Generator,
    blur_s: float,
) -> Routes:
    """Put visits where they lengthen the driving least, in a random order; some stay out.

    Places within `blur_s` of each other are taken by chance, equal ones always.
    """
    made = [*routes]
    for visit in rng.permutation(waiting).astype(int).tolist():
        open_routes = [*made, ()] if len(made) < driver.task.vehicles else made
        found: list[tuple[float, float, int, tuple[int, ...]]] = []
        for row, route in enumerate(open_routes):
            was = driver.drive_s(route) or 0
            for at in range(len(route) + 1):
                tried = (*route[:at], visit, *route[at:])
                drive = driver.drive_s(tried)
                if drive is not None:
                    luck = float(rng.random())
                    found.append((drive - was + blur_s * luck, luck, row, tried))
        if not found:
            continue
        *_price, row, tried = min(found)
        if row == len(made):
            made.append(tried)
        else:
            made[row] = tried
    return tuple(sorted(made))
