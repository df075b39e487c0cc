r"""Who gives and who gains officers, on plain arrays: exact, by marginal steps.

With $s_u$ officers before and targets $q_u$, the strength $n_u$ minimises
$\sum_u (n_u - q_u)^2 / q_u$ at a constant total: the objective that Webster's (Sainte-Laguë's)
method minimises (Balinski & Young 1982, *Fair Representation*). One more officer changes a unit's
term by $(2 n_u + 1)/q_u - 2$. A unit with target 0 is the limit $q_u \to 0$: it gives first and
receives last.

Why marginal steps are exact. Write $F_u(x)$ for the change of unit $u$'s term when its strength
changes by $x$; $F_u$ is convex and $F_u(0) = 0$. Receipts $F_u(h_u)$ and gifts $F_u(-g_u)$ are sums
of increasing steps.

- Without stated inflows the best $k$ exchanges are the $k$ cheapest receipts and the $k$ cheapest
  gifts; their total is convex in $k$, so the search stops at the first exchange that gains nothing,
  or at the limit (a separable convex function within an L1 distance of a point; Shioura 2022,
  Math. Oper. Res. 47). No unit is on both sides: by convexity no receipt is cheaper than what the
  unit's own gift brings.
- With stated inflows the receipts of a group are its cheapest steps, the gifts the cheapest of all
  donors. Letting a unit be on both sides only relaxes the rules, so the answer is optimal where no
  unit is. Where one is, a dynamic program over units, officers received in the group and officers
  given finds each unit's side exactly.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from optimizer.frozen import FloatArray, IntArray

GAIN_TOLERANCE = 1e-12
"""An exchange must gain more than this, relative, so that rounding moves nobody."""

EXCHANGE = "marginal exchange, exact for separable convex objectives"
ALLOCATION = "marginal allocation to the stated inflows, exact for separable convex objectives"
SIDES = "dynamic program over each unit's side and officers moved, exact"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Task:
    """What may change. U units in the order of their ids, which breaks ties.

    Attributes:
        officers: Before reassignment, shape (U,).
        target_officers: Targets, shape (U,).
        give: Most officers each unit may give, at most `officers`, shape (U,).
        room: Most officers each unit may receive, shape (U,).
        group: Group each unit receives in, -1 = receives nobody, shape (U,).
        inflows: Officers each group receives exactly; None = as many as gain something.
        max_moves: Officers reassigned at the most.
    """

    officers: IntArray
    target_officers: FloatArray
    give: IntArray
    room: IntArray
    group: IntArray
    inflows: tuple[int, ...] | None
    max_moves: int


def allocate(task: Task) -> tuple[IntArray | None, str]:
    """Optimal change of each unit's officers, shape (U,), and the method; None if impossible."""
    if task.inflows is None:
        return _exchange(task), EXCHANGE
    wanted = sum(task.inflows)
    if wanted > task.max_moves:
        return None, ALLOCATION
    gifts = _Gifts(task)
    received = np.zeros_like(task.give)
    for g, officers in enumerate(task.inflows):
        receipts = _Receipts(task, np.flatnonzero(task.group == g).tolist())
        if not receipts.take(officers):
            return None, ALLOCATION
        received += receipts.taken
    if not gifts.take(wanted):
        return None, ALLOCATION
    if ((gifts.taken > 0) & (received > 0)).any():
        return _sides(task, task.inflows), SIDES
    return received - gifts.taken, ALLOCATION


def value(officers: IntArray, target_officers: FloatArray) -> float:
    """Sum of (n - q)^2 / q over the units with a target above 0."""
    some = target_officers > 0
    apart = officers[some] - target_officers[some]
    return float((apart * apart / target_officers[some]).sum())


class _Receipts:
    """Single receipts of some units, cheapest first; ties by unit."""

    def __init__(self, task: Task, units: Iterable[int]) -> None:
        self._task = task
        self.taken: IntArray = np.zeros_like(task.give)
        self._heap: list[tuple[float, int]] = []
        for unit in units:
            self._offer(unit)

    def _most(self, unit: int) -> int:
        return int(self._task.room[unit])

    def _price(self, unit: int) -> float:
        """Price of the unit's next step but for a constant that all steps share."""
        return _step_price(self._task, unit, int(self._task.officers[unit] + self.taken[unit]))

    def _offer(self, unit: int) -> None:
        if self.taken[unit] < self._most(unit):
            heapq.heappush(self._heap, (self._price(unit), unit))

    @property
    def next_price(self) -> float | None:
        """Price of the cheapest step left; None where nothing is left."""
        return self._heap[0][0] if self._heap else None

    def take(self, steps: int = 1) -> bool:
        """Take the cheapest steps; False where they run out."""
        for _ in range(steps):
            if not self._heap:
                return False
            _, unit = heapq.heappop(self._heap)
            self.taken[unit] += 1
            self._offer(unit)
        return True


class _Gifts(_Receipts):
    """Single gifts of all units; what a gift gains is its price below zero."""

    def __init__(self, task: Task) -> None:
        super().__init__(task, range(len(task.give)))

    def _most(self, unit: int) -> int:
        return int(self._task.give[unit])

    def _price(self, unit: int) -> float:
        return -_step_price(self._task, unit, int(self._task.officers[unit] - self.taken[unit]) - 1)


def _step_price(task: Task, unit: int, officers: int) -> float:
    """(2n + 1)/q, for the step from n to n + 1 officers; inf where nobody is required."""
    target = float(task.target_officers[unit])
    return (2 * officers + 1) / target if target > 0 else np.inf


def _exchange(task: Task) -> IntArray:
    """Exchanges from the best gift to the best receipt while each gains something."""
    receipts = _Receipts(task, np.flatnonzero(task.group >= 0).tolist())
    gifts = _Gifts(task)
    for _ in range(task.max_moves):
        price, gift = receipts.next_price, gifts.next_price
        if price is None or gift is None:
            break
        if not -gift > price + GAIN_TOLERANCE * abs(price):
            break
        receipts.take()
        gifts.take()
    change: IntArray = receipts.taken - gifts.taken
    return change


def _sides(task: Task, inflows: tuple[int, ...]) -> IntArray | None:
    """Exact inflows, each unit on one side at the most.

    The state is (officers received in the present group, officers given in all groups so far).
    Ties go to the smaller change.
    """
    wanted = sum(inflows)
    groups = [(g, inflow) for g, inflow in enumerate(inflows)] + [(-1, 0)]
    large = _larger_than_all(task, wanted)
    start = np.full(wanted + 1, np.inf)
    start[0] = 0.0
    trail: list[list[tuple[int, IntArray]]] = []
    for group, inflow in groups:
        table = np.full((inflow + 1, wanted + 1), np.inf)
        table[0] = start
        trail.append([])
        for unit in np.flatnonzero(task.group == group).tolist():
            table, choice = _either_side(task, unit, table, large)
            trail[-1].append((unit, choice))
        start = table[inflow]
    if not np.isfinite(start[wanted]):
        return None
    change = np.zeros_like(task.give)
    given = wanted
    for (_, inflow), units in zip(reversed(groups), reversed(trail), strict=True):
        received = inflow
        for unit, choice in reversed(units):
            change[unit] = choice[received, given]
            received -= max(int(change[unit]), 0)
            given -= max(-int(change[unit]), 0)
    return change


def _either_side(
    task: Task, unit: int, table: FloatArray, large: float
) -> tuple[FloatArray, IntArray]:
    """The table with one more unit, and its change of officers at every state."""
    most_received, most_given = table.shape[0] - 1, table.shape[1] - 1
    best, choice = table.copy(), np.zeros(table.shape, dtype=np.int64)
    for x in range(1, min(int(task.room[unit]), most_received) + 1):
        found = table[:-x] + _price(task, unit, x, large)
        better = found < best[x:]
        best[x:][better] = found[better]
        choice[x:][better] = x
    for x in range(1, min(int(task.give[unit]), most_given) + 1):
        found = table[:, :-x] + _price(task, unit, -x, large)
        better = found < best[:, x:]
        best[:, x:][better] = found[better]
        choice[:, x:][better] = -x
    return best, choice


def _price(task: Task, unit: int, x: int, large: float) -> float:
    """F(x) of a unit but for -2x, which sums to nothing over all units."""
    target = float(task.target_officers[unit])
    return x * (2 * int(task.officers[unit]) + x) / target if target > 0 else x * large


def _larger_than_all(task: Task, moves: int) -> float:
    """More than all units with a target can gain or lose by `moves` officers each way."""
    some = task.target_officers > 0
    steps = moves * (2.0 * task.officers[some] + moves) / task.target_officers[some]
    return 1.0 + 2.0 * float(steps.sum())
