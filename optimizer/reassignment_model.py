r"""Reassignment where qualifications or rotation couple: an integer programme, solved to proof.

Whole $m_{uv}$ people go from $u$ to $v$, $m_{uvk}$ of them with qualification $k$:

- $0 \le m_{uvk} \le m_{uv}$; of unit $u$ with $c_{uk}$ holders no more holders leave than there
  are, $\sum_v m_{uvk} \le c_{uk}$, nor more of the others,
  $\sum_v (m_{uv} - m_{uvk}) \le n_u - c_{uk}$;
- after: $c_{uk} + \sum_w (m_{wuk} - m_{uwk})$ is at least the count, and at least the share of
  the people after;
- people after $= n_u + \sum$ of steps up $-$ steps down, each in $[0, 1]$ at its price. The terms
  are convex and people whole, so steps fill up in order by themselves.

Nothing is known of who holds two qualifications. Each alone is exact; a transfer that asks for
holders of several says how many of each, and one person may count for both.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from optimizer.frozen import FloatArray, IntArray
from optimizer.reassignment_task import Answer, RoleTask, Transfer, objective, step_price, steps
from optimizer.result import Status
from optimizer.solver import Limits, Model, solve

METHOD = "integer programme over ways, exchanges and qualifications"
TIE_PER_HOUR = 1e-6
"""Price of an hour of way that breaks ties towards short ways; part of the bound's tolerance."""
UNREACHABLE_MIN = 10_000.0


@dataclass(slots=True, kw_only=True)
class _Rows:
    """Rows of the model under way."""

    row: list[IntArray] = field(default_factory=list)
    column: list[IntArray] = field(default_factory=list)
    value: list[FloatArray] = field(default_factory=list)
    lower: list[float] = field(default_factory=list)
    upper: list[float] = field(default_factory=list)

    def add(
        self, parts: list[tuple[IntArray, float]], lower: float = -np.inf, upper: float = np.inf
    ) -> None:
        """A row: the sum of each part's columns times its coefficient."""
        for columns, coefficient in parts:
            self.row.append(np.full(len(columns), len(self.lower)))
            self.column.append(np.asarray(columns))
            self.value.append(np.full(len(columns), coefficient))
        self.lower.append(lower)
        self.upper.append(upper)


def decide_exchange(task: RoleTask, limits: Limits) -> Answer:
    """The best transfers under rules on qualifications and rotation.

    Without either a unit that receives gives nobody.

    Raises:
        SolverError: the solver failed.
    """
    most = task.max_moves
    units, kinds = len(task.before), len(task.qualified)
    giver, taker = np.nonzero(task.may & (task.give > 0)[:, None] & task.takes[None, :])
    ways = len(giver)
    up_unit, up = steps(np.minimum(task.room, most))
    down_unit, down = steps(
        np.minimum(np.minimum(task.before - task.floor, task.give), most).clip(0)
    )
    prices = np.r_[
        step_price(task.target, up_unit, task.before[up_unit] + up) - task.worth[up_unit],
        task.worth[down_unit]
        - step_price(task.target, down_unit, task.before[down_unit] - down - 1),
    ]
    large = 10.0 * (np.abs(prices[np.isfinite(prices)]).max(initial=1.0))
    prices = np.clip(prices, -large, large)
    minutes = np.minimum(task.way_min[giver, taker], UNREACHABLE_MIN)
    per_way = minutes * (task.price_per_min + TIE_PER_HOUR / 60.0)
    first_up = ways * (1 + kinds)
    up_column = first_up + np.arange(len(up))
    down_column = first_up + len(up) + np.arange(len(down))
    first_side = first_up + len(up) + len(down)
    sides = 0 if task.exchanges else units
    columns = first_side + sides
    held = [np.minimum(task.give, q.holders)[giver] for q in task.qualified]
    rows = _Rows()
    rows.add([(np.arange(ways), 1.0)], upper=float(most))
    for u in range(units):
        out, into = np.flatnonzero(giver == u), np.flatnonzero(taker == u)
        rows.add([(out, 1.0)], float(task.rotate[u]), float(task.give[u]))
        ups, downs = up_column[up_unit == u], down_column[down_unit == u]
        rows.add([(into, 1.0), (out, -1.0), (ups, -1.0), (downs, 1.0)], 0.0, 0.0)
        if task.forced[u]:
            rows.add([(ups, 1.0)], lower=float(task.floor[u] - task.before[u]))
        if sides:
            side = np.array([first_side + u])
            rows.add([(out, 1.0), (side, float(task.give[u]))], upper=float(task.give[u]))
            rows.add([(into, 1.0), (side, -float(task.room[u]))], upper=0.0)
        for k, rule in enumerate(task.qualified, start=1):
            mine, others = float(rule.holders[u]), float(task.before[u] - rule.holders[u])
            rows.add([(out + k * ways, 1.0)], upper=mine)
            rows.add([(out, 1.0), (out + k * ways, -1.0)], upper=others)
            net = [(into + k * ways, 1.0), (out + k * ways, -1.0)]
            if rule.least[u]:
                rows.add(net, lower=float(rule.least[u]) - mine)
            share = float(rule.least_fraction[u])
            if share:
                rows.add([*net, (ups, -share), (downs, share)], lower=share * task.before[u] - mine)
    every = np.arange(ways)
    for k in range(1, kinds + 1):
        for way in every.tolist():
            rows.add([(every[way : way + 1], 1.0), (every[way : way + 1] + k * ways, -1.0)], 0.0)
    model = Model(
        objective=np.r_[per_way, np.zeros(ways * kinds), prices, np.zeros(sides)],
        lower=np.zeros(columns),
        upper=np.r_[task.give[giver], *held, np.ones(len(prices) + sides)].astype(float),
        integer=np.r_[np.ones(first_up, bool), np.zeros(len(prices), bool), np.ones(sides, bool)],
        row=np.concatenate(rows.row),
        column=np.concatenate(rows.column),
        value=np.concatenate(rows.value),
        row_lower=np.array(rows.lower),
        row_upper=np.array(rows.upper),
    )
    solved = solve(model, limits)
    if solved.values is None:
        return Answer(status=solved.status, method=METHOD)
    people = np.rint(solved.values[:first_up]).astype(np.int64).reshape(1 + kinds, ways)
    transfers = tuple(
        Transfer(
            giver=int(giver[w]),
            taker=int(taker[w]),
            people=int(people[0, w]),
            holders=tuple(people[1:, w].tolist()),
        )
        for w in np.flatnonzero(people[0]).tolist()
    )
    found = objective(task, transfers)
    gap = 0.0
    if solved.status is not Status.OPTIMAL and solved.bound is not None:
        gap = max(0.0, float(solved.objective or 0.0) - solved.bound)
    known = solved.status is Status.OPTIMAL or solved.bound is not None
    return Answer(
        status=solved.status,
        transfers=transfers,
        objective=found,
        bound=found - gap if known else None,
        method=METHOD,
    )
