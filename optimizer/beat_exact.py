"""Beats for a few possible seats, exactly: who is served from where, in one piece each.

The model of `beat_bound` without its relaxation. Contiguity is separated: where a beat has a part
apart from its seat, each unit of that part needs one of the units that part it from the seat
(a,b-separators: Oehrlein and Haunert 2017; Validi, Buchanan and Lykhovyd 2022). Units without work
or price are held to it like all others.
"""

from __future__ import annotations

import time
from dataclasses import replace

import numpy as np

from optimizer.beat_bound import Bounding, Node
from optimizer.beat_core import BeatCore
from optimizer.beat_search import Found, division
from optimizer.frozen import BoolArray, FloatArray, IntArray
from optimizer.highs import branch
from optimizer.result import Status
from optimizer.solver import Limits, Model

# Prices become whole numbers on the way in, rounded down, so that the bound stays one.
_WHOLE_TOTAL = 1e9
_CUT_ROUNDS = 60
_EVEN = 0.5


class Exact:
    """The model for the seats of a node and the units that each may serve."""

    def __init__(self, bounding: Bounding, node: Node, upper: float) -> None:
        """`upper`: plans at or above this need not be found."""
        self.core = bounding.core
        self.node = node
        self.arcs = bounding.arcs(node, upper)
        self.scale = _WHOLE_TOTAL / max(1e-300, upper)
        rows = len(node.rows)
        self.first = rows + np.cumsum([0, *map(len, self.arcs)])
        self.column = np.full((rows, self.core.units), -1, np.int64)
        for at, units in enumerate(self.arcs):
            self.column[at, units] = np.arange(self.first[at], self.first[at + 1])
            self.column[at, self.core.home[node.rows[at]]] = at
        self._lines: list[tuple[IntArray, FloatArray, float, float]] = []
        self._build()

    @property
    def size(self) -> int:
        """Columns of the model."""
        return int(self.first[-1])

    def solve(self, limits: Limits, deadline: float) -> tuple[Found | None, float]:
        """The best plan with these seats and a bound on it; inf where no plan is below `upper`."""
        bound = self.node.bound
        for _ in range(_CUT_ROUNDS):
            left_s = deadline - time.monotonic()
            if left_s <= 0:
                return None, bound
            solved = branch(self._model(), replace(limits, time_limit_s=left_s))
            if solved.status is Status.INFEASIBLE:
                return None, np.inf
            if solved.bound is not None:
                bound = max(bound, solved.bound / self.scale)
            if solved.values is None:
                return None, bound
            taken = solved.values > _EVEN
            if not self._cut(taken):
                return self._division(taken), bound
            if solved.status is not Status.OPTIMAL:
                return None, bound
        return None, bound

    def _division(self, taken: BoolArray) -> Found:
        open_rows = np.flatnonzero(taken[: len(self.node.rows)])
        beat_of = np.full(self.core.units, -1, np.int64)
        for beat, at in enumerate(open_rows):
            column = self.column[at]
            beat_of[(column >= 0) & taken[column]] = beat
        return division(self.core, beat_of, self.node.rows[open_rows])

    def _add(self, columns: IntArray, values: FloatArray, low: float, high: float) -> None:
        self._lines.append((columns, values, low, high))

    def _build(self) -> None:
        core, rows = self.core, self.node.rows
        k = core.task.beats
        for unit in range(core.units):
            columns = self.column[:, unit]
            columns = columns[columns >= 0]
            self._add(columns, np.ones(len(columns)), 1.0, 1.0)
        for at, units in enumerate(self.arcs):
            home = core.work[core.home[rows[at]]]
            columns = np.r_[at, self.column[at, units]]
            if np.isfinite(core.high):
                self._add(columns, np.r_[home - core.high, core.work[units]], -np.inf, 0.0)
            if core.low > 0:
                self._add(columns, np.r_[home - core.low, core.work[units]], 0.0, np.inf)
            if len(rows) > k:
                for column in columns[1:]:
                    self._add(np.array([column, at]), np.array([1.0, -1.0]), -np.inf, 0.0)
            self._idle_units(at)
        self._add(np.arange(len(rows)), np.ones(len(rows)), k, k)
        for group in range(self.node.groups):
            inside = np.flatnonzero(self.node.group == group)
            self._add(inside, np.ones(len(inside)), 1.0, np.inf)

    def _idle_units(self, at: int) -> None:
        """Units without work that would be islands first of all: one neighbour at least."""
        core = self.core
        home = core.home[self.node.rows[at]]
        for unit in self.arcs[at][core.work[self.arcs[at]] <= 0]:
            near = core.neighbour[core.first[unit] : core.first[unit + 1]]
            if home not in near:
                self._separate(at, unit, near)

    def _separate(self, at: int, unit: int, between: IntArray) -> None:
        columns = self.column[at, between]
        columns = np.r_[self.column[at, unit], columns[columns >= 0]]
        self._add(columns, np.r_[-1.0, np.ones(len(columns) - 1)], 0.0, np.inf)

    def _cut(self, taken: BoolArray) -> bool:
        """Add separators of the parts that are apart from their seat; whether there are any."""
        core, found = self.core, False
        for at in np.flatnonzero(taken[: len(self.node.rows)]):
            column = self.column[at]
            inside = (column >= 0) & taken[column]
            home = int(core.home[self.node.rows[at]])
            apart = inside & ~_reached(core, home, inside)
            while apart.any():
                part = _reached(core, int(np.flatnonzero(apart)[0]), apart)
                apart &= ~part
                found = True
                between = _touching(core, part)
                # Of those, what can be reached from the seat around the part.
                around = _reached(core, home, ~between & ~part)
                needed = np.flatnonzero(between & _touching(core, around))
                for unit in np.flatnonzero(part):
                    self._separate(int(at), int(unit), needed)
        return found

    def _model(self) -> Model:
        prices = self.core.prices(self.node.rows)
        objective = np.zeros(self.size)
        for at, units in enumerate(self.arcs):
            objective[self.first[at] : self.first[at + 1]] = prices[at, units]
            objective[at] = prices[at, self.core.home[self.node.rows[at]]]
        lengths = [len(line[0]) for line in self._lines]
        return Model(
            objective=np.floor(objective * self.scale),
            lower=np.zeros(self.size),
            upper=np.ones(self.size),
            integer=np.ones(self.size, np.bool_),
            row=np.repeat(np.arange(len(lengths)), lengths),
            column=np.concatenate([line[0] for line in self._lines]),
            value=np.concatenate([line[1] for line in self._lines]),
            row_lower=np.array([line[2] for line in self._lines]),
            row_upper=np.array([line[3] for line in self._lines]),
        )


def _reached(core: BeatCore, start: int, inside: BoolArray) -> BoolArray:
    """Units inside that are reached from one."""
    reached = np.zeros(core.units, np.bool_)
    reached[start] = True
    stack = [start]
    while stack:
        unit = stack.pop()
        for other in core.neighbour[core.first[unit] : core.first[unit + 1]].tolist():
            if inside[other] and not reached[other]:
                reached[other] = True
                stack.append(other)
    return reached


def _touching(core: BeatCore, part: BoolArray) -> BoolArray:
    """Units outside a part that touch it."""
    owner = np.repeat(part, np.diff(core.first))
    touching = np.zeros(core.units, np.bool_)
    touching[core.neighbour[owner]] = True
    return touching & ~part
