"""A tree over where seats are: raises the bound on beats, and finds better plans on the way.

A node is split by a cluster of seats of which it is least clear whether one is used: either none
of them is, or one at least. Nodes with few seats left are decided exactly (`beat_exact`). The open
node with the lowest bound comes next, so that the bound rises steadily and can be told at any time.
"""

from __future__ import annotations

import heapq
import time
from dataclasses import dataclass, field, replace

import numpy as np

from optimizer.beat_bound import Bounding, Node
from optimizer.beat_cuts import Cut
from optimizer.beat_exact import Exact
from optimizer.beat_relaxed import Bound, Relaxation
from optimizer.beat_search import Effort, Found, improved, nearest_division
from optimizer.frozen import BoolArray, FloatArray, IntArray
from optimizer.solver import Limits

_ROOT_ROUNDS, _NODE_ROUNDS = 250, 50
_ROOT_STEPS = (1.0, 0.5, 0.25, 0.1)
_ROOT_PATIENCE, _NODE_PATIENCE = 20, 8
_NODE_STEP = 0.3
_FEW_COLUMNS = 2500
# The linear relaxation with cuts: columns up to which it is worth its time, and rounds of cuts.
_ROOT_COLUMNS, _ROOT_CUT_ROUNDS, _ROOT_SHARE, _ROOT_CHEAP = 60_000, 40, 0.4, 0.3
_LIFTED_COLUMNS, _NODE_CUT_ROUNDS, _NODE_CHEAP = 10_000, 10, 0.6
_CHEAP_FROM_COLUMNS = 5000
_EXACT_SHARE = 0.5
_EQUAL_FRACTION = 5e-7
_EVEN = 0.5
_SEEN = 0.02


@dataclass(slots=True, eq=False)
class Tree:
    """A search under way.

    Attributes:
        bounding: The problem and its bounds.
        best: The best plan known.
        limits: Seed.
        deadline: `time.monotonic()` at which to stop.
        nodes: How many nodes were bounded.
        exact: How many were decided by the exact model.
        lifts: How many were bounded by the linear relaxation with cuts.
    """

    bounding: Bounding
    best: Found
    limits: Limits
    deadline: float
    nodes: int = 0
    exact: int = 0
    lifts: int = 0
    _tried: set[tuple[int, ...]] = field(default_factory=set)
    _undecided: float = np.inf
    _cuts: tuple[Cut, ...] = ()

    @property
    def upper(self) -> float:
        """Plans at or above this are not looked for."""
        return self.best.objective * (1.0 - _EQUAL_FRACTION)

    def run(self) -> float:
        """Search to the end or the deadline; the bound. `best` is the best plan."""
        self.polish(self.best.seat_rows)
        root: Node | None = self.bounding.root(self.upper)
        for step in _ROOT_STEPS:
            assert root is not None
            root = self._bounded(root, _ROOT_ROUNDS, step, _ROOT_PATIENCE)
            if root is None:
                return self.upper
            if time.monotonic() > self.deadline:
                break
        assert root is not None
        root = self._with_cuts(root)
        if root is None:
            return self.upper
        self.nodes = 1
        open_nodes = [(root.bound, 0, root, self.bounding, self._cuts, True)]
        count = 0
        while open_nodes and time.monotonic() < self.deadline:
            bound, _, node, self.bounding, self._cuts, lifted = heapq.heappop(open_nodes)
            if bound >= self.upper:
                continue
            columns = sum(map(len, self.bounding.arcs(node, self.upper)))
            if self._to_decide(node, columns):
                self._decide(node)
                continue
            if not lifted and columns <= _LIFTED_COLUMNS:
                raised = self._lifted(node)
                count += 1
                if raised is not None:
                    entry = (raised.bound, count, raised, self.bounding, self._cuts, True)
                    heapq.heappush(open_nodes, entry)
                continue
            for child in self._children(node):
                count += 1
                raised = self._bounded(child, _NODE_ROUNDS, _NODE_STEP, _NODE_PATIENCE)
                self.nodes += 1
                if raised is not None:
                    self._try(raised)
                    entry = (raised.bound, count, raised, self.bounding, self._cuts, False)
                    heapq.heappush(open_nodes, entry)
        least = min((one[0] for one in open_nodes), default=np.inf)
        return min(self.upper, least, self._undecided)

    def _bounded(self, node: Node, rounds: int, step: float, patience: int) -> Node | None:
        return self.bounding.raised(
            node, self.upper, rounds=rounds, step=step, patience=patience, deadline=self.deadline
        )

    def _with_cuts(self, root: Node) -> Node | None:
        """The root bounded with cuts, whose prices the tree goes on with; None: no better plan."""
        columns = sum(map(len, self.bounding.arcs(root, self.upper)))
        if columns > _ROOT_COLUMNS or not self.bounding.complete:
            return root
        # Cheap columns will do: the bound itself is worked out with all of them.
        some = root.bound + _ROOT_CHEAP * (self.upper - root.bound)
        until = time.monotonic() + _ROOT_SHARE * max(0.0, self.deadline - time.monotonic())
        relaxed = Relaxation(self.bounding, root, some)
        found = relaxed.raised(self.limits, until, rounds=_ROOT_CUT_ROUNDS)
        if found is None or not np.isfinite(found.bound):
            return root
        return self._priced(root, relaxed, found, _ROOT_ROUNDS)

    def _lifted(self, node: Node) -> Node | None:
        """A node with few columns bounded with cuts; None where no better plan is in it."""
        few = sum(map(len, self.bounding.arcs(node, self.upper))) <= _CHEAP_FROM_COLUMNS
        some = node.bound + (1.0 if few else _NODE_CHEAP) * (self.upper - node.bound)
        relaxed = Relaxation(self.bounding, node, some, self._cuts)
        found = relaxed.raised(self.limits, self.deadline, rounds=_NODE_CUT_ROUNDS)
        self.lifts += 1
        if found is None:
            return node
        if few:
            if found.bound >= self.upper:
                return None
            node = replace(node, bound=max(node.bound, found.bound))
        if not np.isfinite(found.bound):
            return node
        return self._priced(node, relaxed, found, _NODE_ROUNDS)

    def _priced(self, node: Node, relaxed: Relaxation, found: Bound, rounds: int) -> Node | None:
        """Go on from a node with the prices that its cuts make."""
        before = self.bounding
        self.bounding = Bounding(before.core, relaxed.cut_prices(found))
        start = replace(node, dual=found.dual[: before.core.units])
        raised = self._bounded(start, rounds, _ROOT_STEPS[-1], _NODE_PATIENCE)
        if raised is not None and raised.bound <= node.bound:
            self.bounding = before
            return node
        self._cuts = relaxed.binding(found)
        return raised

    def polish(self, rows: IntArray) -> None:
        """The best plan with these seats, if it can be had quickly."""
        key = tuple(sorted(rows.tolist()))
        if key in self._tried:
            return
        self._tried.add(key)
        core = self.bounding.core
        none = np.zeros(len(rows))
        sorted_rows = np.array(key, np.int64)
        group = np.arange(len(rows), dtype=np.int64)
        start = self.bounding.root(self.upper).dual
        node = self._bounded(
            Node(sorted_rows, group, 0.0, start, none, none, none), 400, 1.0, _ROOT_PATIENCE
        )
        if node is None:
            return
        model = Exact(self.bounding, node, self.upper)
        if model.size <= max(_FEW_COLUMNS, 4 * core.units):
            self._solve(model, share=0.2)

    def _to_decide(self, node: Node, columns: int) -> bool:
        """Whether a node has few columns, or nothing left to split."""
        k = self.bounding.core.task.beats
        splittable = len(node.rows) > k and node.groups < len(node.rows)
        return not splittable or columns <= _FEW_COLUMNS

    def _decide(self, node: Node) -> None:
        """Decide a node with few seats exactly."""
        model = Exact(self.bounding, node, self.upper, self._cuts)
        bound = self._solve(model, share=_EXACT_SHARE)
        if bound < self.upper:
            self._undecided = min(self._undecided, bound)

    def _solve(self, model: Exact, share: float) -> float:
        now = time.monotonic()
        found, bound = model.solve(self.limits, now + share * max(0.0, self.deadline - now))
        self.exact += 1
        if found is not None and found.valid and found.objective < self.best.objective:
            self.best = found
        return bound

    def _try(self, node: Node) -> None:
        """A plan from the seats chosen most often in a node."""
        core = self.bounding.core
        rows = self._likely_seats(node)
        key = tuple(sorted(rows.tolist()))
        if key in self._tried:
            return
        self._tried.add(key)
        beat_of = nearest_division(core, rows)
        if beat_of is None:
            return
        random = np.random.default_rng([self.limits.seed, self.nodes])
        effort = Effort(rounds=30, moves=60 * core.units, lloyd_rounds=0, heat=0.3)
        found = improved(core, beat_of, rows, random, effort, deadline=self.deadline)
        if found.valid and found.objective < self.best.objective:
            self.best = found
            self.polish(found.seat_rows)

    def _likely_seats(self, node: Node) -> IntArray:
        order = np.argsort(-node.share, kind="stable")
        home = self.bounding.core.home
        rows: list[int] = []
        for group in range(node.groups):
            rows.append(int(node.rows[next(f for f in order if node.group[f] == group)]))
        for f in order:
            if len(rows) == self.bounding.core.task.beats:
                break
            row = int(node.rows[f])
            if row not in rows and home[row] not in home[rows]:
                rows.append(row)
        return np.array(sorted(rows), np.int64)

    def _children(self, node: Node) -> list[Node]:
        inside = self._cluster(node)
        without = node.group.copy()
        keep = ~inside
        groups = np.unique(without[keep & (without >= 0)])
        children = []
        if len(groups) == node.groups:
            children.append(_part(node, keep, without[keep]))
        old = np.unique(node.group[inside])
        group = node.group.copy()
        if old[0] >= 0:
            # One of a part of a group: that one of the whole is used follows.
            group[group == old[0]] = -1
            group[inside] = old[0]
        else:
            group[inside] = node.groups
        children.append(_part(node, np.ones(len(group), np.bool_), group))
        return children

    def _cluster(self, node: Node) -> BoolArray:
        """Seats near one another that hold one of the plan's seats about every other time."""
        best = (np.inf, 0.0)
        found = np.zeros(len(node.rows), np.bool_)
        centres = np.flatnonzero(node.share > _SEEN)
        for f in centres if len(centres) else range(len(node.rows)):
            same = np.flatnonzero(node.group == node.group[f])
            if len(same) < 2:
                continue
            near = self._nearness(node.rows[f], node.rows[same])
            order = same[np.argsort(near, kind="stable")]
            # Never all of them: that would split nothing.
            held = np.cumsum(node.share[order])[:-1]
            doubt = np.abs(held - _EVEN)
            at = int(np.flatnonzero(doubt <= doubt.min() + 1e-9)[-1])
            key = (float(doubt[at]), -float(at))
            if key < best:
                best = key
                found = np.zeros(len(node.rows), np.bool_)
                found[order[: at + 1]] = True
        if not found.any():
            # All groups hold one seat: any free seat splits.
            found[np.flatnonzero(node.group < 0)[:1]] = True
        return found

    def _nearness(self, row: int, rows: IntArray) -> FloatArray:
        task = self.bounding.core.task
        seats = self.bounding.core.seats
        if task.minutes is not None:
            near: FloatArray = task.minutes[seats[row], seats[rows]]
        else:
            near = task.straight_km(seats[row : row + 1], seats[rows])[0]
        return near


def _part(node: Node, keep: BoolArray, group: IntArray) -> Node:
    return Node(
        node.rows[keep], group, node.bound, node.dual, node.value[keep], node.worth[keep],
        node.share[keep],
    )  # fmt: skip
