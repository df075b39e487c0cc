r"""Patrol routes and a bound by CP-SAT: legs that form circuits, and a clock at every visit.

Two stages in whole seconds: least presence missed, then least driving among plans that miss no
more. Binary $x_{ij}$ = a vehicle drives from i to j, $x_{ii}$ = visit i is missed, $t_i$ = the
presence begins: $x_{ij} \Rightarrow t_j \ge t_i + stay_i + travel_{ij}$. The legs of all tours
with their stays fit all shifts together, which holds the linear relaxation up where time is short.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from optimizer.frozen import BoolArray, IntArray
from optimizer.patrol_plan import NO_WAY, PatrolTask, Routes, soonest_s
from optimizer.patrol_rules import judge
from optimizer.solver import Limits, Tours, best_tours

_MISSED_SHARE = 0.5
"""Of the effort, for the first stage where it is not proven by itself."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Proven:
    """Routes, and what no routes go below.

    Attributes:
        routes: No worse than those to start from.
        missed_bound_s: No plan misses less.
        drive_bound_s: No plan that misses as little as `routes` drives less.
    """

    routes: Routes
    missed_bound_s: int
    drive_bound_s: int


def proven_routes(task: PatrolTask, start: Routes, *, effort: float, seed: int) -> Proven:
    """Better routes than some that hold, or a proof that there are none, as far as effort allows.

    Args:
        task: What is asked.
        start: Routes that hold.
        effort: CP-SAT's own deterministic seconds at the most, both stages together.
        seed: Of the solver.
    """
    if effort <= 0.0:
        return Proven(routes=start, missed_bound_s=0, drive_bound_s=0)
    model = _Legs(task)
    if not model.any_visit:
        return Proven(routes=start, missed_bound_s=int(task.stay_s.sum()), drive_bound_s=0)
    routes, missed_s, missed_bound_s = start, judge(task, start).missed_s, 0
    if missed_s:
        share = Limits(effort=effort * _MISSED_SHARE, seed=seed)
        routes, missed_bound_s = model.improved(model.missed, None, routes, share)
        missed_s = judge(task, routes).missed_s
        effort -= effort * _MISSED_SHARE
    rest = Limits(effort=effort, seed=seed)
    routes, drive_bound_s = model.improved(model.drive, missed_s, routes, rest)
    return Proven(routes=routes, missed_bound_s=missed_bound_s, drive_bound_s=drive_bound_s)


class _Legs:
    """The legs that windows and shift allow, and what they say as arrays over arcs."""

    def __init__(self, task: PatrolTask) -> None:
        self.task = task
        n, table = task.visits, task.travel_s
        stay = np.concatenate([[0], task.stay_s])
        soonest, home = soonest_s(task), soonest_s(task, homeward=True)
        self.first = np.concatenate([[0], np.maximum(task.opens_s, soonest[1:])])
        last = np.minimum(task.closes_s, task.shift_s - home[1:]) - task.stay_s
        self.last = np.concatenate([[task.shift_s], last])
        # A leg that arrives too late even if it starts as early as can be is no leg.
        reached = self.first[:, None] + stay[:, None] + table
        allowed = (table != NO_WAY) & (reached <= self.last[None, :])
        alive = self.first <= self.last
        allowed &= alive[:, None] & alive[None, :]
        np.fill_diagonal(allowed, True)
        allowed[0, 0] = False
        self.tail, self.head = np.nonzero(allowed)
        loop = self.tail == self.head
        self.drive: IntArray = np.where(loop, 0, table[self.tail, self.head])
        self.missed: IntArray = np.where(loop, stay[self.tail], 0)
        self.lasts: IntArray = np.where(loop, 0, stay[self.tail] + self.drive)
        self.last = np.where(alive, self.last, self.first)
        self.nodes = n + 1
        self.any_visit = bool((~loop).any())

    def improved(
        self, price: IntArray, most_missed_s: int | None, routes: Routes, limits: Limits
    ) -> tuple[Routes, int]:
        """Routes of the least price that was found, and a bound on it."""
        begun = self._started(routes)
        solved = best_tours(self._tours(price, most_missed_s), limits, begun)
        value = int(price @ begun[self.nodes :])
        if solved.objective is not None and solved.values is not None and solved.objective < value:
            routes, value = self._routes(solved.values > 0.5), int(solved.objective)
        return routes, min(value, max(int(solved.bound or 0), 0))

    def _tours(self, price: IntArray, most_missed_s: int | None) -> Tours:
        """The model with one of the two objectives, the other at a value at the most."""
        task = self.task
        weight, upper = [self.lasts], [task.vehicles * task.shift_s]
        if most_missed_s is not None:
            weight.append(self.missed)
            upper.append(most_missed_s)
        return Tours(
            tail=self.tail,
            head=self.head,
            price=price,
            lasts=self.lasts,
            first=self.first,
            last=self.last,
            most=task.vehicles,
            row_weight=np.array(weight),
            row_upper=np.array(upper),
        )

    def _started(self, routes: Routes) -> IntArray:
        """Beginnings and arcs of routes."""
        begins = self.first.copy()
        on = np.eye(self.nodes, dtype=bool)
        for call in judge(self.task, routes).calls:
            begins[call.visit + 1] = call.begins_s
            on[call.visit + 1, call.visit + 1] = False
        for route in routes:
            stops = [0, *(v + 1 for v in route), 0]
            on[stops[:-1], stops[1:]] = True
        return np.concatenate([begins, on[self.tail, self.head]]).astype(np.int64)

    def _routes(self, used: BoolArray) -> Routes:
        """The routes that arcs make."""
        used = used & (self.tail != self.head)
        pairs = list(zip(self.tail[used].tolist(), self.head[used].tolist(), strict=True))
        follows = {tail: head for tail, head in pairs if tail}
        made = []
        for tail, head in pairs:
            if tail:
                continue
            route = []
            while head:
                route.append(head - 1)
                head = follows[head]
            made.append(tuple(route))
        return tuple(sorted(made))
