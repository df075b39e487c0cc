r"""Reassignment where qualifications, rotation or inflows couple: an integer programme, to proof.

Whole $m_{uv}$ people go from $u$ to $v$, $m_{uvk}$ of them with qualification $k$:

- $0 \le m_{uvk} \le m_{uv}$; of unit $u$ with $c_{uk}$ holders no more holders leave than there
  are, $\sum_v m_{uvk} \le c_{uk}$, nor more of the others,
  $\sum_v (m_{uv} - m_{uvk}) \le n_u - c_{uk}$;
- after: $c_{uk} + \sum_w (m_{wuk} - m_{uwk})$ is at least the count, and at least the share of
  the people after;
- where inflows are stated, as many as stated arrive in each group, and nobody elsewhere;
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


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Layout:
    """Where each column of the model stands: ways, holders on ways, steps up and down, sides.

    Attributes:
        giver, taker: Units of each way, shape (W,).
        up_unit, down_unit: Unit of each step.
        up, down: Columns of the steps.
        prices: Of the steps, up first.
        sides: First of the columns that say whether a unit receives; one a unit.
        has_sides: Whether they are there at all.
        kinds: Number of qualifications.
    """

    giver: IntArray
    taker: IntArray
    up_unit: IntArray
    down_unit: IntArray
    up: IntArray
    down: IntArray
    prices: FloatArray
    sides: int
    has_sides: bool
    kinds: int

    @property
    def ways(self) -> int:
        """Number of ways."""
        return len(self.giver)

    @property
    def whole(self) -> int:
        """Number of columns of people: ways, and holders on ways."""
        return self.ways * (1 + self.kinds)

    @classmethod
    def of(cls, task: RoleTask) -> _Layout:
        """The columns of a task."""
        takes = task.takes
        if task.inflows:
            takes = takes & np.any([inflow.members for inflow in task.inflows], axis=0)
        giver, taker = np.nonzero(task.may & (task.give > 0)[:, None] & takes[None, :])
        most = task.max_moves
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
        kinds = len(task.qualified)
        first = len(giver) * (1 + kinds)
        return cls(
            giver=giver,
            taker=taker,
            up_unit=up_unit,
            down_unit=down_unit,
            up=first + np.arange(len(up)),
            down=first + len(up) + np.arange(len(down)),
            prices=np.clip(prices, -large, large),
            sides=first + len(up) + len(down),
            has_sides=not task.exchanges,
            kinds=kinds,
        )


def decide_exchange(task: RoleTask, limits: Limits) -> Answer:
    """The best transfers under rules on qualifications and rotation, or with stated inflows.

    Without qualifications and rotation a unit that receives gives nobody.

    Raises:
        SolverError: the solver failed.
    """
    at = _Layout.of(task)
    rows = _rows(task, at)
    ways, kinds = at.ways, at.kinds
    sides = len(task.before) if at.has_sides else 0
    minutes = np.minimum(task.way_min[at.giver, at.taker], UNREACHABLE_MIN)
    per_way = minutes * (task.price_per_min + TIE_PER_HOUR / 60.0)
    held = [np.minimum(task.give, q.holders)[at.giver] for q in task.qualified]
    steps_free = np.ones(len(at.prices) + sides)
    model = Model(
        objective=np.r_[per_way, np.zeros(ways * kinds), at.prices, np.zeros(sides)],
        lower=np.zeros(at.sides + sides),
        upper=np.r_[task.give[at.giver], *held, steps_free].astype(float),
        integer=np.r_[
            np.ones(at.whole, bool), np.zeros(len(at.prices), bool), np.ones(sides, bool)
        ],
        row=np.concatenate(rows.row),
        column=np.concatenate(rows.column),
        value=np.concatenate(rows.value),
        row_lower=np.array(rows.lower),
        row_upper=np.array(rows.upper),
    )
    solved = solve(model, limits)
    if solved.values is None:
        return Answer(status=solved.status, method=METHOD)
    people = np.rint(solved.values[: at.whole]).astype(np.int64).reshape(1 + kinds, ways)
    transfers = tuple(
        Transfer(
            giver=int(at.giver[w]),
            taker=int(at.taker[w]),
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


def _rows(task: RoleTask, at: _Layout) -> _Rows:
    rows = _Rows()
    every = np.arange(at.ways)
    rows.add([(every, 1.0)], upper=float(task.max_moves))
    for inflow in task.inflows:
        into = every[inflow.members[at.taker]]
        rows.add([(into, 1.0)], float(inflow.people), float(inflow.people))
    for u in range(len(task.before)):
        out, into = np.flatnonzero(at.giver == u), np.flatnonzero(at.taker == u)
        rows.add([(out, 1.0)], float(task.rotate[u]), float(task.give[u]))
        ups, downs = at.up[at.up_unit == u], at.down[at.down_unit == u]
        rows.add([(into, 1.0), (out, -1.0), (ups, -1.0), (downs, 1.0)], 0.0, 0.0)
        if task.forced[u]:
            rows.add([(ups, 1.0)], lower=float(task.floor[u] - task.before[u]))
        if at.has_sides:
            side = np.array([at.sides + u])
            rows.add([(out, 1.0), (side, float(task.give[u]))], upper=float(task.give[u]))
            rows.add([(into, 1.0), (side, -float(task.room[u]))], upper=0.0)
        _add_qualified(rows, task, at, u)
    for k in range(1, at.kinds + 1):
        for way in every.tolist():
            one = every[way : way + 1]
            rows.add([(one, 1.0), (one + k * at.ways, -1.0)], 0.0)
    return rows


def _add_qualified(rows: _Rows, task: RoleTask, at: _Layout, u: int) -> None:
    """Holders who leave unit u, and those it has after."""
    out, into = np.flatnonzero(at.giver == u), np.flatnonzero(at.taker == u)
    ups, downs = at.up[at.up_unit == u], at.down[at.down_unit == u]
    for k, rule in enumerate(task.qualified, start=1):
        mine, others = float(rule.holders[u]), float(task.before[u] - rule.holders[u])
        rows.add([(out + k * at.ways, 1.0)], upper=mine)
        rows.add([(out, 1.0), (out + k * at.ways, -1.0)], upper=others)
        net = [(into + k * at.ways, 1.0), (out + k * at.ways, -1.0)]
        if rule.least[u]:
            rows.add(net, lower=float(rule.least[u]) - mine)
        share = float(rule.least_fraction[u])
        if share:
            rows.add([*net, (ups, -share), (downs, share)], lower=share * task.before[u] - mine)
