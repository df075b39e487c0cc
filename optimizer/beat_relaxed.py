"""A bound for beats that knows contiguity: the linear relaxation, with cuts as they are broken.

The model of `beat_bound` over the seats and units that a node leaves. Rows x_fu <= y_f and the cuts
of `beat_cuts` join when they are broken. Cuts hold for every plan, so those that bind are kept for
other nodes, and their dual values make the prices with which `beat_bound` goes on.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, replace

import numpy as np
from scipy.sparse import csr_matrix

from optimizer.beat_bound import Bounding, Node
from optimizer.beat_cuts import Cut, Separation
from optimizer.frozen import FloatArray, IntArray
from optimizer.highs import WarmProgram
from optimizer.result import Status
from optimizer.solver import Limits

_INTERIOR_FROM = 5000
_BROKEN_BY, _CUTS_A_SEAT = 0.01, 6
_OPEN, _OVER, _SLACK = 0.01, 1e-4, 1e-6
_ROUNDING = 1e-9
_SLOW_ROUNDS, _SLOW_GAIN = 5, 2e-5


@dataclass(frozen=True, slots=True, eq=False)
class Line:
    """A row of the model: low <= values @ x[columns] <= high; of a cut if it comes from one."""

    columns: IntArray
    values: FloatArray
    low: float
    high: float
    cut: Cut | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Bound:
    """What the relaxation says of a node.

    Attributes:
        bound: No plan of it is below this; inf where it holds none.
        reduced: What a plan with a column costs above the bound at least, shape (N,).
        values: Of the columns, shape (N,).
        dual: Of the lines so far.
    """

    bound: float
    reduced: FloatArray
    values: FloatArray
    dual: FloatArray


class Relaxation:
    """The linear program over the seats of a node; columns are seats, then seat by seat units."""

    def __init__(
        self, bounding: Bounding, node: Node, upper: float, cuts: tuple[Cut, ...] = ()
    ) -> None:
        """`upper`: plans at or above this need not be in it; `cuts`: to begin with."""
        self.core = bounding.core
        self.node = node
        self.arcs = bounding.arcs(node, upper)
        rows = node.rows
        self.first = len(rows) + np.cumsum([0, *map(len, self.arcs)])
        self.column = np.full((len(rows), self.core.units), -1, np.int64)
        for at, units in enumerate(self.arcs):
            self.column[at, units] = np.arange(self.first[at], self.first[at + 1])
            self.column[at, self.core.home[rows[at]]] = at
        self.objective = self._prices()
        self.lines = self._base()
        place = {int(row): at for at, row in enumerate(rows)}
        self.lines += [
            self.separate(place[cut.row], cut.unit, cut.between)
            for cut in cuts
            if cut.row in place and self.column[place[cut.row], cut.unit] >= 0
        ]
        if len(rows) > self.core.task.beats:
            self.lines += self._likely_owners(bounding)
        self._separation = Separation(self.core)
        low = np.array([line.low for line in self.lines])
        high = np.array([line.high for line in self.lines])
        self._program = WarmProgram(
            self.objective, self._matrix(self.lines), low, high,
            interior=self.size > _INTERIOR_FROM,
        )  # fmt: skip

    @property
    def size(self) -> int:
        """Columns of the model."""
        return int(self.first[-1])

    def raised(
        self, limits: Limits, deadline: float, *, rounds: int, upper: float = np.inf
    ) -> Bound | None:
        """The best bound of so many rounds of cuts.

        Args:
            limits: Seed.
            deadline: `time.monotonic()` at which to stop.
            rounds: Of cuts at most.
            upper: No more cuts are needed once the bound is above this.

        Returns:
            None where time ran out before any bound.
        """
        found: Bound | None = None
        slow = 0
        for turn in range(rounds):
            left_s = deadline - time.monotonic()
            if left_s <= 0:
                break
            solved = self._program.solve(replace(limits, time_limit_s=left_s))
            if solved.status is Status.INFEASIBLE:
                nothing = np.zeros(self.size)
                return Bound(np.inf, nothing, nothing, np.zeros(len(self.lines)))
            if solved.status is not Status.OPTIMAL:
                break
            assert solved.values is not None
            assert solved.dual_values is not None
            now = self._bound(solved.values, solved.dual_values)
            gained = np.inf if found is None else now.bound - found.bound
            if gained > 0:
                found = now
            slow = slow + 1 if gained < _SLOW_GAIN * abs(now.bound) else 0
            assert found is not None
            if found.bound >= upper or slow > _SLOW_ROUNDS or turn == rounds - 1:
                break
            broken = self._broken(solved.values)
            if not broken:
                break
            self.lines += broken
            low, high = [line.low for line in broken], [line.high for line in broken]
            self._program.add(self._matrix(broken), low, high)
        return found

    def binding(self, bound: Bound) -> tuple[Cut, ...]:
        """Cuts that raise a bound."""
        return tuple(
            line.cut
            for line, dual in zip(self.lines, bound.dual, strict=False)
            if line.cut is not None and dual > _SLACK
        )

    def cut_prices(self, bound: Bound) -> FloatArray:
        """What the cuts add to the price of each unit from each seat of the problem, (F, U).

        A plan that keeps the cuts is no dearer at these prices (their dual values are not
        negative), so what bounds plans at these prices bounds them at the true ones.
        """
        seats, units = len(self.core.seats), self.core.units
        extra = np.zeros((seats, units))
        for line, dual in zip(self.lines, bound.dual, strict=False):
            if line.cut is not None and dual > 0:
                cut = line.cut
                at = np.flatnonzero(self.node.rows == cut.row)[0]
                between = cut.between[self.column[at, cut.between] >= 0]
                extra[cut.row, cut.unit] += dual
                extra[cut.row, between] -= dual
        return extra

    def separate(self, at: int, unit: int, between: IntArray) -> Line:
        """The row: where a seat serves a unit it serves one of those in between."""
        columns = self.column[at, between]
        columns = np.r_[self.column[at, unit], columns[columns >= 0]]
        values = np.r_[-1.0, np.ones(len(columns) - 1)]
        return Line(columns, values, 0.0, np.inf, Cut(int(self.node.rows[at]), unit, between))

    def _bound(self, values: FloatArray, dual: FloatArray) -> Bound:
        """A bound that holds whatever the rounding in the duals: that of their Lagrangian."""
        low = np.array([line.low for line in self.lines])
        high = np.array([line.high for line in self.lines])
        dual = np.where((dual > 0) & ~np.isfinite(low), 0.0, dual)
        dual = np.where((dual < 0) & ~np.isfinite(high), 0.0, dual)
        side = np.where(dual > 0, low, np.where(dual < 0, high, 0.0))
        reduced = self.objective - self._matrix(self.lines).T @ dual
        bound = float(dual @ side) + float(np.minimum(reduced, 0.0).sum())
        bound -= _ROUNDING * abs(bound)
        return Bound(bound, np.maximum(reduced, 0.0), values, dual)

    def _broken(self, values: FloatArray) -> list[Line]:
        found = []
        seats = len(self.node.rows)
        owner = np.repeat(np.arange(seats), np.diff(self.first))
        over = values[seats:] - values[:seats][owner]
        for column in np.flatnonzero(over > _OVER).tolist():
            pair = np.array([column + seats, owner[column]])
            found.append(Line(pair, np.array([-1.0, 1.0]), 0.0, np.inf))
        for at in np.flatnonzero(values[:seats] > _OPEN).tolist():
            share = np.zeros(self.core.units)
            known = self.column[at] >= 0
            share[known] = values[self.column[at][known]]
            home = int(self.core.home[self.node.rows[at]])
            cuts = self._separation.broken(home, share, by=_BROKEN_BY, most=_CUTS_A_SEAT)
            found += [self.separate(at, unit, between) for unit, between in cuts]
        return found

    def _matrix(self, lines: list[Line]) -> csr_matrix:
        lengths = [len(line.columns) for line in lines]
        row = np.repeat(np.arange(len(lines)), lengths)
        column = np.concatenate([line.columns for line in lines])
        value = np.concatenate([line.values for line in lines])
        return csr_matrix((value, (row, column)), shape=(len(lines), self.size))

    def _prices(self) -> FloatArray:
        prices = self.core.prices(self.node.rows)
        objective = np.zeros(self.size)
        for at, units in enumerate(self.arcs):
            objective[self.first[at] : self.first[at + 1]] = prices[at, units]
            objective[at] = prices[at, self.core.home[self.node.rows[at]]]
        return objective

    def _base(self) -> list[Line]:
        """Each unit once, each load in the band, k seats, one at least of each group."""
        core, rows = self.core, self.node.rows
        lines: list[Line] = []
        for unit in range(core.units):
            columns = self.column[:, unit]
            columns = columns[columns >= 0]
            lines.append(Line(columns, np.ones(len(columns)), 1.0, 1.0))
        for at, units in enumerate(self.arcs):
            home = core.work[core.home[rows[at]]]
            columns = np.r_[at, self.column[at, units]]
            if np.isfinite(core.high):
                work = np.r_[home - core.high, core.work[units]]
                lines.append(Line(columns, work, -np.inf, 0.0))
            if core.low > 0:
                work = np.r_[home - core.low, core.work[units]]
                lines.append(Line(columns, work, 0.0, np.inf))
            lines += self._idle_units(at)
        k = core.task.beats
        lines.append(Line(np.arange(len(rows)), np.ones(len(rows)), k, k))
        for group in range(self.node.groups):
            inside = np.flatnonzero(self.node.group == group)
            lines.append(Line(inside, np.ones(len(inside)), 1.0, np.inf))
        return lines

    def _likely_owners(self, bounding: Bounding) -> list[Line]:
        """Rows x_fu <= y_f of units that are worth it to a seat at the node's duals."""
        node, pair = self.node, np.array([-1.0, 1.0])
        lines = []
        for at, units in enumerate(self.arcs):
            worth = node.dual[units] + node.worth[at] * self.core.work[units]
            prices = bounding.prices(node.rows[at : at + 1])[0, units]
            for n in np.flatnonzero(prices < worth).tolist():
                lines.append(Line(np.array([self.first[at] + n, at]), pair, 0.0, np.inf))
        return lines

    def _idle_units(self, at: int) -> list[Line]:
        """Units without work that would be islands first of all: one neighbour at least."""
        core = self.core
        home = core.home[self.node.rows[at]]
        lines = []
        for unit in self.arcs[at][core.work[self.arcs[at]] <= 0].tolist():
            near = core.neighbour[core.first[unit] : core.first[unit + 1]]
            if home not in near:
                lines.append(self.separate(at, unit, near))
        return lines
