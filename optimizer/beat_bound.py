r"""A bound that no plan of beats is below, and what a better plan cannot use.

$$\min \sum_{f,u} p_{fu} x_{fu},\ \sum_f x_{fu} = 1,\ x_{fu} \le y_f,\ \sum_f y_f = k,\
L y_f \le \sum_u w_u x_{fu} \le H y_f,\ x_{f,home(f)} = y_f$$

The rows that serve each unit once are priced out; what is left is a knapsack for each seat, of
which the k best count. Contiguity is left out here, so the bound holds with or without it.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field

import numpy as np

from optimizer.beat_core import BeatCore
from optimizer.frozen import FloatArray, IntArray

# Where there are very many, lists of units near a seat are this many even shares of the units.
_LISTED_SHARES, _LISTED_ENTRIES = 8.0, 2_000_000
_LEAST_LISTED = 60
_ROUNDING = 1e-10
_UNLIMITED = 1e300
_FIRST = -1e300


@dataclass(frozen=True, slots=True, eq=False)
class Node:
    """Which seats may be used, and a bound for plans that use no others.

    Attributes:
        rows: Rows of the seats that may be used, shape (F',).
        group: Groups of which one at least is used, 0 to g-1, shape (F',); -1 = none.
        bound: No plan with these seats is below this.
        dual: Of the units, shape (U,).
        value: Of each seat at these duals, shape (F',).
        worth: Of a unit of work at each seat, shape (F',).
        share: How often each seat was chosen on the way, shape (F',).
    """

    rows: IntArray
    group: IntArray
    bound: float
    dual: FloatArray
    value: FloatArray
    worth: FloatArray
    share: FloatArray

    @property
    def groups(self) -> int:
        """How many groups there are."""
        return int(self.group.max(initial=-1)) + 1


@dataclass(slots=True, eq=False)
class Bounding:
    """Bounds of one problem; keeps the units near each seat in lists.

    Attributes:
        core: The problem.
        extra: What is added to the price of each unit from each seat, shape (F, U): no plan of the
            problem may become dearer by it (`Relaxation.cut_prices`).
    """

    core: BeatCore
    extra: FloatArray | None = None
    price: FloatArray = field(init=False)
    unit: IntArray = field(init=False)
    size: IntArray = field(init=False)
    most: FloatArray = field(init=False)
    _seat_round_s: float = field(init=False, default=0.0)

    def __post_init__(self) -> None:
        self._list()

    def root(self, upper: float) -> Node:
        """All seats, with duals from the mean price of a unit of work."""
        core = self.core
        seats = len(core.seats)
        group = np.full(seats, -1, np.int64)
        group[core.must] = np.arange(len(core.must))
        none = np.zeros(seats)
        even = core.work / max(1e-300, float(core.work.sum()))
        return Node(np.arange(seats), group, 0.0, 1.3 * upper * even, none, none, none)

    def raised(
        self,
        node: Node,
        upper: float,
        *,
        rounds: int,
        step: float = 1.0,
        patience: int = 20,
        deadline: float = np.inf,
    ) -> Node | None:
        """The node with a better bound and without seats that no plan below `upper` uses.

        Args:
            node: The node.
            upper: Objective of the best plan known.
            rounds: Of subgradients at most.
            step: As in `ascend`.
            patience: Likewise.
            deadline: `time.monotonic()` by which to stop, as far as rounds so far let one tell.

        Returns:
            None where no plan below `upper` is left in it.
        """
        from optimizer.beat_bound_loops import ascend

        core, k = self.core, self.core.task.beats
        if len(node.rows) < k or node.groups > k:
            return None
        at = node.rows
        high = core.high if np.isfinite(core.high) else _UNLIMITED
        began = time.monotonic()
        if self._seat_round_s > 0 and deadline < np.inf:
            left_s = max(0.0, deadline - began)
            rounds = max(1, min(rounds, int(left_s / (self._seat_round_s * len(at)))))
        bound, dual, value, worth, share = ascend(
            self.price[at], self.unit[at], self.size[at], core.work, core.home[at], node.group,
            node.groups, core.low, high, k, node.dual, self.most, upper, rounds, step, patience,
        )  # fmt: skip
        # Rounds that ended early make it too small, never too large.
        took_s = (time.monotonic() - began) / (rounds * len(at))
        self._seat_round_s = max(self._seat_round_s, took_s)
        bound = bound - _ROUNDING * abs(upper)
        if max(bound, node.bound) >= upper:
            return None
        own = Node(at, node.group, bound, dual, value, worth, share)
        keep = self.bound_with(own) < upper
        kept_groups = np.unique(node.group[keep & (node.group >= 0)])
        if len(kept_groups) < node.groups or keep.sum() < k:
            return None
        return Node(
            at[keep], node.group[keep], max(bound, node.bound), dual, value[keep], worth[keep],
            share[keep],
        )  # fmt: skip

    def bound_with(self, node: Node) -> FloatArray:
        """The node's own bound for plans that use each seat, shape (F',)."""
        from optimizer.beat_bound_loops import chosen_seats

        k = self.core.task.beats
        chosen = chosen_seats(node.value, node.group, node.groups, k)
        best_of_group, others = chosen[: node.groups], chosen[node.groups :]
        own = float(node.dual.sum() + node.value[chosen].sum())
        last = float(node.value[others].max()) if len(others) else -np.inf
        # A seat comes in for the last of those chosen freely, or for the one of its group.
        out = np.full(len(node.rows), last)
        grouped = node.group >= 0
        out[grouped] = np.maximum(last, node.value[best_of_group][node.group[grouped]])
        extra = np.maximum(0.0, node.value - out)
        extra[chosen] = 0.0
        found: FloatArray = own + extra - _ROUNDING * abs(own)
        return found

    def arcs(self, node: Node, upper: float) -> list[IntArray]:
        """Units besides its home that each seat may serve in a plan below `upper`."""
        core = self.core
        with_seat = self.bound_with(node)
        prices = self.prices(node.rows)
        found = []
        for at, row in enumerate(node.rows):
            extra = prices[at] - node.dual - node.worth[at] * core.work
            may = with_seat[at] + np.maximum(0.0, extra) < upper
            may[core.home[row]] = False
            found.append(np.flatnonzero(may))
        return found

    @property
    def complete(self) -> bool:
        """Whether the lists hold every unit."""
        return len(self.unit[0]) == self.core.units - 1

    def prices(self, rows: IntArray) -> FloatArray:
        """Prices from some seats to all units, with what is added, shape (rows, U)."""
        prices = self.core.prices(rows)
        return prices if self.extra is None else prices + self.extra[rows]

    def _list(self) -> None:
        """Units by price per work around each seat; what costs nothing anywhere is left out."""
        core, n = self.core, self.core.units
        rows = len(core.seats)
        longest = n - 1
        if rows * n > _LISTED_ENTRIES:
            longest = min(n - 1, max(_LEAST_LISTED, int(_LISTED_SHARES * n / core.task.beats)))
        self.price = np.full((rows, longest + 1), np.inf)
        self.unit = np.zeros((rows, longest), np.int64)
        self.size = np.zeros(rows, np.int64)
        least = np.full(n, np.inf)
        reach = np.inf
        idle = core.work <= 0
        per_work = np.where(idle, 1.0, core.work)
        cut = self.extra is not None
        for row in range(rows):
            prices = self.prices(np.array([row]))[0]
            own = int(core.home[row])
            rate = prices / per_work
            counts = np.isfinite(prices[idle]) if cut else prices[idle] > 0
            rate[idle] = np.where(counts, _FIRST, np.inf)
            rate[own] = np.inf
            some = np.flatnonzero(np.arange(n) != own)
            if longest < n - 1:
                some = np.argpartition(rate, longest)
                reach = min(reach, float(rate[some[longest]]))
                some = some[:longest]
            some = some[np.isfinite(rate[some])]
            some = some[np.argsort(rate[some], kind="stable")]
            self.size[row] = len(some)
            self.unit[row, : len(some)] = some
            self.price[row, : len(some)] = prices[some]
            self.price[row, len(some)] = prices[own]
            least = np.minimum(least, prices)
        most = np.where(idle, np.inf, reach * per_work)
        # Units without work that cost nothing have no dual.
        self.most = np.where(idle & (least <= 0) & (not cut), 0.0, most)
