"""Beats for a few possible seats, exactly: who is served from where, in one piece each.

The model of `beat_bound` without its relaxation. Cuts are separated on the linear relaxation first
(`beat_relaxed`); what no better plan uses is struck by reduced prices; then HiGHS, with cuts for
whatever part of a beat is still apart from its seat. Units without work or price are held to
contiguity like all others; parts of them alone are joined to a beat that they touch.
"""

from __future__ import annotations

import time
from dataclasses import replace

import numpy as np

from optimizer.beat_bound import Bounding, Node
from optimizer.beat_cuts import Cut, reached, touching
from optimizer.beat_relaxed import Line, Relaxation
from optimizer.beat_search import Found, division
from optimizer.frozen import BoolArray, FloatArray
from optimizer.highs import branch
from optimizer.result import Status
from optimizer.solver import Limits, Model

# Prices become whole numbers on the way in, rounded down, so that the bound stays one.
_WHOLE_TOTAL = 1e9
_CUT_ROUNDS, _RELAXED_ROUNDS = 60, 80
_EVEN = 0.5
_EQUAL_FRACTION = 1e-7


class Exact:
    """The model for the seats of a node and the units that each may serve."""

    def __init__(
        self, bounding: Bounding, node: Node, upper: float, cuts: tuple[Cut, ...] = ()
    ) -> None:
        """`upper`: plans at or above this need not be found; `cuts`: to begin with."""
        self.core = bounding.core
        self.node = node
        self.upper = upper
        self.scale = _WHOLE_TOTAL / max(1e-300, upper)
        self.relaxed = Relaxation(bounding, node, upper, cuts)
        self.column = self.relaxed.column
        self._links: list[Line] = []

    @property
    def size(self) -> int:
        """Columns of the model."""
        return self.relaxed.size

    def solve(self, limits: Limits, deadline: float) -> tuple[Found | None, float]:
        """The best plan with these seats and a bound on it; inf where no plan is below `upper`."""
        relaxed = self.relaxed.raised(limits, deadline, rounds=_RELAXED_ROUNDS, upper=self.upper)
        if relaxed is None:
            return None, self.node.bound
        bound = max(self.node.bound, relaxed.bound)
        if bound >= self.upper:
            return None, np.inf
        keep = relaxed.bound + relaxed.reduced < self.upper
        self._links = self._seats_first(keep)
        best: Found | None = None
        for _ in range(_CUT_ROUNDS):
            left_s = deadline - time.monotonic()
            if left_s <= 0:
                break
            solved = branch(
                self._model(keep), replace(limits, time_limit_s=left_s), start=self._start(best)
            )
            if solved.status is Status.INFEASIBLE:
                return best, np.inf if best is None else bound
            if solved.bound is not None:
                bound = max(bound, solved.bound / self.scale)
            if solved.values is None:
                break
            taken = solved.values > _EVEN
            joined = self._joined(taken)
            if joined is not None and (best is None or joined.objective < best.objective):
                best = joined
            whole = not self._cut(taken)
            near = best is not None and best.objective <= bound * (1.0 + _EQUAL_FRACTION)
            if whole or near or solved.status is not Status.OPTIMAL:
                break
        return best, bound

    def _joined(self, taken: BoolArray) -> Found | None:
        """A plan from what the model took: parts apart from their seat join what they touch."""
        from optimizer.beat_loops import joined_to_seats

        core = self.core
        open_rows = np.flatnonzero(taken[: len(self.node.rows)])
        beat_of = np.full(core.units, -1, np.int64)
        for beat, at in enumerate(open_rows):
            column = self.column[at]
            beat_of[(column >= 0) & taken[column]] = beat
        seats = self.node.rows[open_rows]
        joined_to_seats(beat_of, core.home[seats], core.prices(seats), core.first, core.neighbour)
        if bool((beat_of < 0).any()):
            return None
        found = division(core, beat_of, seats)
        return found if found.valid and np.isfinite(found.objective) else None

    def _start(self, found: Found | None) -> FloatArray | None:
        """A plan as columns of the model; None where some of it are not in it."""
        if found is None:
            return None
        start = np.zeros(self.size)
        place = {int(row): at for at, row in enumerate(self.node.rows)}
        at = np.array([place[int(row)] for row in found.seat_rows])
        columns = self.column[at[found.beat_of], np.arange(self.core.units)]
        if bool((columns < 0).any()):
            return None
        start[columns] = 1.0
        return start

    def _seats_first(self, keep: BoolArray) -> list[Line]:
        """Where not all seats are used: who serves is one."""
        seats = len(self.node.rows)
        if seats == self.core.task.beats:
            return []
        owner = np.repeat(np.arange(seats), np.diff(self.relaxed.first))
        columns = np.flatnonzero(keep[seats:])
        pair = np.array([1.0, -1.0])
        return [
            Line(np.array([column + seats, owner[column]]), pair, -np.inf, 0.0)
            for column in columns.tolist()
        ]

    def _cut(self, taken: BoolArray) -> bool:
        """Add separators of the parts that are apart from their seat; whether there are any."""
        core, found = self.core, False
        for at in np.flatnonzero(taken[: len(self.node.rows)]):
            column = self.column[at]
            inside = (column >= 0) & taken[column]
            home = int(core.home[self.node.rows[at]])
            apart = inside & ~reached(core, home, inside)
            while apart.any():
                part = reached(core, int(np.flatnonzero(apart)[0]), apart)
                apart &= ~part
                found = True
                between = touching(core, part)
                # Of those, what can be reached from the seat around the part.
                around = reached(core, home, ~between & ~part)
                needed = np.flatnonzero(between & touching(core, around))
                for unit in np.flatnonzero(part):
                    self._links.append(self.relaxed.separate(int(at), int(unit), needed))
        return found

    def _model(self, keep: BoolArray) -> Model:
        lines = [*self.relaxed.lines, *self._links]
        lengths = [len(line.columns) for line in lines]
        return Model(
            objective=np.floor(self.relaxed.objective * self.scale),
            lower=np.zeros(self.size),
            upper=keep.astype(float),
            integer=np.ones(self.size, np.bool_),
            row=np.repeat(np.arange(len(lengths)), lengths),
            column=np.concatenate([line.columns for line in lines]),
            value=np.concatenate([line.values for line in lines]),
            row_lower=np.array([line.low for line in lines]),
            row_upper=np.array([line.high for line in lines]),
        )
