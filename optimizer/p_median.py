r"""The p-median problem: p sites so that all clients together are as near as can be, with proof.

$$\min \sum_i \sum_j c_{ij} x_{ij},\quad \sum_j x_{ij} = 1,\quad x_{ij} \le y_j,\quad
\sum_j y_j = p$$

1. Plans from random starts, each improved by exchanges (Teitz and Bart 1968, Whitaker 1983).
2. A Lagrangian bound: the rows that serve each client once are priced out (Cornuejols, Fisher and
   Nemhauser 1977), raised by subgradients. A site whose reduced price shows that no better plan
   opens it is struck; one that every better plan opens is fixed.
3. What is left is branched on sites, bounded the same way (few sites to open), or handed to HiGHS
   in the form with a column for each distance (Elloumi 2010; many sites to open).

Prices become whole numbers on the way in, so that bounds are sums without rounding.
"""

from __future__ import annotations

import math
import time
from dataclasses import dataclass, field

import numpy as np

from optimizer.frozen import BoolArray, FloatArray, IntArray, read_only
from optimizer.highs import branch
from optimizer.result import Status
from optimizer.solver import Limits, Model

# Dual values are multiples of a unit's 1,024th: coarse enough to add up exactly.
_DUAL_STEPS = 1024.0
_LARGEST_TOTAL = 2.0**50
_STARTS = 5
_EXCHANGES = 10_000
_ROOT_ROUNDS, _ROOT_STEP, _ROOT_PATIENCE = 1500, 1.0, 20
_NODE_ROUNDS, _NODE_STEP, _NODE_PATIENCE = 60, 0.5, 6
_WORTH_EXCHANGING = 1.02
# Up to this many sites to open a tree over sites is small; above, the distance form is tight.
_FEW_SITES = 20
_SHRUNK_FRACTION, _ROOT_SHRUNK_FRACTION = 0.2, 0.02
_EVEN = 0.5
# Prices that are not whole: plans this near to one another count as equal.
_EQUAL_FRACTION = 1e-7


@dataclass(frozen=True, slots=True, kw_only=True)
class Median:
    """A set of sites and how good it is proven to be.

    Attributes:
        status: OPTIMAL with a proof that no plan is cheaper, or, where prices are not whole
            numbers, none by more than a ten-millionth; else FEASIBLE.
        sites: Columns of the sites opened, ascending.
        price: Sum over the clients of the price of their cheapest open site.
        bound: No p sites have a price below this.
        nodes: Nodes of the tree; 1 where the bound met the plan at once.
    """

    status: Status
    sites: tuple[int, ...]
    price: float
    bound: float
    nodes: int

    @property
    def gap_fraction(self) -> float:
        """How far the price may lie above the best, as a share of the price."""
        return 0.0 if self.price <= 0 else max(0.0, (self.price - self.bound) / self.price)


@dataclass(frozen=True, slots=True, eq=False)
class _Node:
    """Sites still allowed (columns), which of them are open in any case, duals to start from.

    `share` is how often each site was open on the way to the duals.
    """

    live: IntArray
    fixed: BoolArray
    dual: FloatArray
    bound: float
    share: FloatArray


def p_median(
    price: FloatArray,
    p: int,
    *,
    existing: tuple[int, ...] = (),
    limits: Limits | None = None,
) -> Median:
    """Open p sites so that the clients' cheapest open sites cost least together.

    Args:
        price: What it costs to serve each client from each site, such as alerts x minutes, shape
            (C, F); finite, not negative.
        p: Sites to open, `existing` included, 1 to F.
        existing: Columns that are open in any case.
        limits: Time and seed.

    Raises:
        ValueError: p, a price or an existing site is out of range.
    """
    clients, sites = np.shape(price)
    given = read_only(price, float, shape=(clients, sites), name="p_median.price")
    if not np.isfinite(given).all() or bool((given < 0).any()):
        raise ValueError("p_median.price: must be finite and not negative")
    if not max(1, len(set(existing))) <= p <= sites:
        raise ValueError(f"p_median.p: {p} is not between the existing sites and {sites}")
    if existing and not 0 <= min(existing) <= max(existing) < sites:
        raise ValueError("p_median.existing: not among the sites")
    search = _Search(given, p, frozenset(existing), limits or Limits())
    return search.run()


@dataclass(slots=True)
class _Search:
    price: FloatArray
    p: int
    existing: frozenset[int]
    limits: Limits
    scale: float = field(init=False)
    unit: float = field(init=False)
    whole: FloatArray = field(init=False)
    upper: float = math.inf
    chosen: IntArray = field(init=False)
    deadline: float = field(init=False)
    nodes: int = 0

    def __post_init__(self) -> None:
        self.deadline = time.monotonic() + self.limits.time_limit_s
        whole_prices = bool((self.price == np.rint(self.price)).all())
        worst = max(1.0, float(self.price.max(axis=1, initial=0.0).sum()))
        if whole_prices and worst * _DUAL_STEPS <= _LARGEST_TOTAL:
            self.scale = self.unit = _DUAL_STEPS
        else:
            # A power of two, so that coming back rounds nothing; the unit follows the first plan.
            self.scale = 2.0 ** math.floor(math.log2(_LARGEST_TOTAL / worst))
            self.unit = 0.0
        self.whole = np.rint(self.price * self.scale)
        self.chosen = np.zeros(0, np.int64)

    def run(self) -> Median:
        clients, sites = self.whole.shape
        if self.p in (1, sites) or not clients:
            return self._without_search()
        self._start()
        live = np.arange(sites, dtype=np.int64)
        fixed = np.isin(live, sorted(self.existing))
        dual = self.whole[:, self.chosen].min(axis=1)
        root = self._bounded(_Node(live, fixed, dual, -math.inf, np.zeros(sites)), at_root=True)
        if root is None:
            return self._answer(math.inf)
        if self.p > _FEW_SITES:
            return self._by_distances(root)
        return self._by_branching(root)

    def _without_search(self) -> Median:
        """One site, or all of them: the best is read off."""
        sums = self.whole.sum(axis=0)
        one = self.p == 1 and not self.existing
        picked = [int(np.argmin(sums))] if one else sorted(self.existing)
        self.chosen = np.array(
            picked if self.p == 1 else range(self.whole.shape[1]), dtype=np.int64
        )
        self.upper = float(self.whole[:, self.chosen].min(axis=1).sum())
        return self._answer(math.inf)

    def _start(self) -> None:
        random = np.random.default_rng(self.limits.seed)
        others = np.array([j for j in range(self.whole.shape[1]) if j not in self.existing])
        for _ in range(_STARTS):
            free = random.permutation(others)[: self.p - len(self.existing)]
            self._offer(np.concatenate([np.array(sorted(self.existing), np.int64), free]))
        if not self.unit:
            self.unit = max(1.0, math.floor(_EQUAL_FRACTION * self.upper))

    def _offer(self, opened: IntArray) -> None:
        """Improve a plan by exchanges; keep it if it is the best so far."""
        from optimizer.p_median_loops import exchange

        opened = opened.astype(np.int64)
        kept = np.zeros(self.whole.shape[1], dtype=np.bool_)
        kept[sorted(self.existing)] = True
        total = exchange(self.whole, opened, kept, _EXCHANGES)
        if total < self.upper:
            self.upper, self.chosen = total, np.sort(opened)

    def _proves(self, bound: float) -> bool:
        """Whether no plan at or above `bound` can be better than the one known."""
        return bound > self.upper - self.unit

    def _bounded(self, node: _Node, *, at_root: bool = False) -> _Node | None:
        """Bound a node, strike and fix sites; None where it holds no better plan."""
        from optimizer.p_median_loops import ascend

        while True:
            before = self.upper
            sub = self.whole[:, node.live]
            order = np.argsort(sub, axis=1, kind="stable")
            bound, dual, reduced, share, seen, seen_price = ascend(
                np.take_along_axis(sub, order, 1), order, node.fixed, self.p, node.dual,
                self.upper, self.unit,
                _ROOT_ROUNDS if at_root else _NODE_ROUNDS,
                _ROOT_STEP if at_root else _NODE_STEP,
                _ROOT_PATIENCE if at_root else _NODE_PATIENCE,
            )  # fmt: skip
            if at_root or seen_price < self.upper * _WORTH_EXCHANGING:
                self._offer(node.live[seen])
            bound = max(bound, node.bound)
            if self._proves(bound):
                return None
            slim = self._struck(_Node(node.live, node.fixed, dual, bound, share), reduced)
            if slim is None:
                return None
            worth = _ROOT_SHRUNK_FRACTION if at_root else _SHRUNK_FRACTION
            shrunk = len(slim.live) < (1 - worth) * len(node.live)
            better = at_root and self.upper < before
            if not (shrunk or better) or time.monotonic() > self.deadline:
                return slim
            node = slim

    def _struck(self, node: _Node, reduced: FloatArray) -> _Node | None:
        """The node without sites that no better plan opens, with those fixed that each opens."""
        key = np.where(node.fixed, -np.inf, reduced)
        order = np.argsort(key, kind="stable")
        inside, outside = order[: self.p], order[self.p :]
        last = key[inside[-1]]
        fixed = node.fixed.copy()
        keep = np.ones(len(node.live), dtype=np.bool_)
        if len(outside):
            keep[outside] = node.bound + reduced[outside] - last <= self.upper - self.unit
            must = node.bound - reduced[inside] + reduced[outside[0]] > self.upper - self.unit
            fixed[inside[must]] = True
        live, fixed = node.live[keep], fixed[keep]
        if len(live) == self.p or fixed.sum() == self.p:
            # One plan is left.
            self._take(live[fixed] if fixed.sum() == self.p else live)
            return None
        return _Node(live, fixed, node.dual, node.bound, node.share[keep])

    def _take(self, opened: IntArray) -> None:
        total = float(self.whole[:, opened].min(axis=1).sum())
        if total < self.upper:
            self.upper, self.chosen = total, np.sort(opened)

    def _by_branching(self, root: _Node) -> Median:
        """Depth first; the open end of the tree with the lowest bound is the bound."""
        stack = [root]
        while stack:
            if time.monotonic() > self.deadline or self.nodes == self.limits.nodes:
                return self._answer(min(node.bound for node in stack))
            node = stack.pop()
            self.nodes += 1
            if node is not root:
                bounded = self._bounded(node)
                if bounded is None:
                    continue
                node = bounded
            elif self._proves(node.bound):
                continue
            stack += self._children(node)
        return self._answer(math.inf)

    def _children(self, node: _Node) -> list[_Node]:
        """Split on the site of which it is least clear whether it is open; likely half first."""
        doubt = np.minimum(node.share, 1 - node.share) + 1e-6 * node.share
        j = int(np.argmax(np.where(node.fixed, -1.0, doubt)))
        others = np.arange(len(node.live)) != j
        with_it = node.fixed.copy()
        with_it[j] = True
        without = _Node(
            node.live[others], node.fixed[others], node.dual, node.bound, node.share[others]
        )
        opened = _Node(node.live, with_it, node.dual, node.bound, node.share)
        return [without, opened] if node.share[j] >= _EVEN else [opened, without]

    def _by_distances(self, root: _Node) -> Median:
        """The rest by branch and bound over the form with a column for each distance."""
        self.nodes = 1
        sub = self.whole[:, root.live] / self.unit
        model, base = _distance_form(sub, self.p, root.fixed)
        left = max(0.1, self.deadline - time.monotonic())
        limits = Limits(time_limit_s=left, seed=self.limits.seed, nodes=self.limits.nodes)
        known = np.isin(root.live, self.chosen)
        start = None
        if known.sum() == self.p:
            start = np.concatenate([known, np.zeros(len(model.objective) - len(known))])
        solved = branch(model, limits, start=start)
        if solved.values is not None:
            opened = root.live[solved.values[: len(root.live)] > _EVEN]
            self._take(opened)
        if solved.status is Status.INFEASIBLE or solved.status is Status.OPTIMAL:
            return self._answer(math.inf)
        bound = root.bound
        if solved.bound is not None:
            bound = max(bound, (solved.bound + base) * self.unit)
        return self._answer(min(bound, self.upper))

    def _answer(self, bound: float) -> Median:
        """What was found, at the prices given; a bound on rounded ones is less by the rounding."""
        sites = tuple(int(j) for j in np.sort(self.chosen))
        total = float(self.price[:, list(sites)].min(axis=1).sum()) if sites else 0.0
        proven = self._proves(bound)
        if self.unit == self.scale:
            # Whole prices: the next whole number.
            lower = total if proven else min(total, math.ceil(bound / self.scale))
        else:
            lower = (min(bound, self.upper) - len(self.price)) / self.scale
        return Median(
            status=Status.OPTIMAL if proven else Status.FEASIBLE,
            sites=sites,
            price=total,
            bound=min(total, max(0.0, lower)),
            nodes=max(1, self.nodes),
        )


def _distance_form(price: FloatArray, p: int, fixed: BoolArray) -> tuple[Model, float]:
    """Elloumi (2010): a column says that no open site is within a distance of a client.

    Returns:
        The model, columns of sites first, and what is paid in any case.
    """
    clients, sites = price.shape
    rows: list[IntArray] = []
    columns: list[IntArray] = []
    values: list[FloatArray] = []
    least: list[float] = []
    costs: list[float] = [0.0] * sites
    base = 0.0
    for i in range(clients):
        order = np.argsort(price[i], kind="stable")
        levels, first = np.unique(price[i][order], return_index=True)
        base += float(levels[0])
        ends = [*first[1:].tolist(), sites]
        nearest_fixed = float(price[i][fixed].min()) if fixed.any() else math.inf
        before = -1
        for k in range(len(levels) - 1):
            # A fixed site this near, or too few sites farther away: nobody is served from beyond.
            if levels[k] >= nearest_fixed or sites - ends[k] < 0:
                break
            within = order[first[k] : ends[k]]
            column = len(costs)
            costs.append(float(levels[k + 1] - levels[k]))
            entries = [*within.tolist(), column]
            signs = [1.0] * len(entries)
            if before >= 0:
                entries.append(before)
                signs.append(-1.0)
            rows.append(np.full(len(entries), len(least), dtype=np.int64))
            columns.append(np.array(entries, dtype=np.int64))
            values.append(np.array(signs))
            least.append(0.0 if before >= 0 else 1.0)
            before = column
    rows.append(np.full(sites, len(least), dtype=np.int64))
    columns.append(np.arange(sites, dtype=np.int64))
    values.append(np.ones(sites))
    n = len(costs)
    lower = np.zeros(n)
    lower[:sites] = fixed
    model = Model(
        objective=np.array(costs),
        lower=lower,
        upper=np.ones(n),
        integer=np.arange(n) < sites,
        row=np.concatenate(rows),
        column=np.concatenate(columns),
        value=np.concatenate(values),
        row_lower=np.array([*least, float(p)]),
        row_upper=np.array([math.inf] * len(least) + [float(p)]),
    )
    return model, base
