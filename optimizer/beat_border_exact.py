"""The shortest borders of a few cells, exactly.

A beat is named by its smallest unit, so that no beats trade places: x[f, u] for u >= f says that u
is of the beat named f. A border between u and v is paid where, for some f, one is and the other is
not. Contiguity is separated from the naming unit, as in `beat_exact`; a beat has a possible seat.
"""

from __future__ import annotations

import time
from dataclasses import replace

import numpy as np
from scipy.sparse.csgraph import connected_components

from optimizer.beat_border import Borders
from optimizer.beat_core import BeatCore
from optimizer.frozen import BoolArray, FloatArray, IntArray
from optimizer.highs import branch
from optimizer.result import Status
from optimizer.solver import Limits, Model

MOST_UNITS = 60
_WHOLE_TOTAL = 1e9
_CUT_ROUNDS = 200
_EVEN = 0.5


class ExactBorders:
    """The model; `solve` adds rows of contiguity until none is broken."""

    def __init__(self, core: BeatCore, borders: Borders, upper: float) -> None:
        """`upper`: about the length of a plan, to which prices are scaled."""
        self.core = core
        n = core.units
        self.column = np.full((n, n), -1, np.int64)
        name, unit = np.triu_indices(n)
        may = core.piece[name] == core.piece[unit]
        name, unit = name[may], unit[may]
        self.column[name, unit] = np.arange(len(name))
        tail = np.repeat(np.arange(n), np.diff(borders.first))
        once = tail < borders.unit
        self.ends = np.column_stack([tail[once], borders.unit[once]])
        self.paid = len(name) + np.arange(len(self.ends))
        self.scale = _WHOLE_TOTAL / max(1e-300, upper)
        self.price = np.zeros(len(name) + len(self.ends))
        # Whole prices, rounded down, so that the bound stays one.
        self.price[self.paid] = np.floor(borders.length_km[once] * self.scale)
        self._lines: list[tuple[IntArray, FloatArray, float, float]] = []
        self._build()

    def solve(self, limits: Limits, deadline: float) -> tuple[IntArray | None, float]:
        """Beat of each unit, None where none was found in time; and a bound, inf with no plan."""
        bound = 0.0
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

    def _division(self, taken: BoolArray) -> IntArray:
        beat_of = np.full(self.core.units, -1, np.int64)
        for beat, name in enumerate(self._names(taken)):
            beat_of[self._inside(taken, int(name))] = beat
        return beat_of

    def _names(self, taken: BoolArray) -> IntArray:
        own = np.diagonal(self.column)
        return np.flatnonzero(taken[own])

    def _inside(self, taken: BoolArray, name: int) -> BoolArray:
        row = self.column[name]
        inside: BoolArray = (row >= 0) & taken[row]
        return inside

    def _add(self, columns: IntArray, values: FloatArray, low: float, high: float) -> None:
        self._lines.append((columns, values, low, high))

    def _build(self) -> None:
        core, n = self.core, self.core.units
        own = np.diagonal(self.column).copy()
        for unit in range(n):
            columns = self.column[:, unit]
            columns = columns[columns >= 0]
            self._add(columns, np.ones(len(columns)), 1.0, 1.0)
        self._add(own, np.ones(n), core.task.beats, core.task.beats)
        seat = np.zeros(n, np.bool_)
        seat[core.home] = True
        must = np.zeros(n, np.bool_)
        must[core.home[core.must]] = True
        for name in range(n):
            units = np.flatnonzero(self.column[name] >= 0)
            columns = self.column[name, units]
            load = core.work[units].copy()
            load[0] -= core.low
            self._add(columns, load, 0.0, np.inf)
            if np.isfinite(core.high):
                load[0] += core.low - core.high
                self._add(columns, load, -np.inf, 0.0)
            for column in columns[1:]:
                self._add(np.array([column, own[name]]), np.array([1.0, -1.0]), -np.inf, 0.0)
            self._add(columns, seat[units] - 1.0 * (units == name), 0.0, np.inf)
            if must.any():
                self._add(columns, must[units] - 1.0 * (units == name), -np.inf, 0.0)
            for at, (u, v) in enumerate(self.ends):
                self._paid_if_parted(at, self.column[name, u], self.column[name, v])

    def _paid_if_parted(self, at: int, one: int, other: int) -> None:
        for inside, outside in ((one, other), (other, one)):
            if inside >= 0:
                columns = np.array([self.paid[at], inside, outside][: 3 if outside >= 0 else 2])
                values = np.array([1.0, -1.0, 1.0][: len(columns)])
                self._add(columns, values, 0.0, np.inf)

    def _cut(self, taken: BoolArray) -> bool:
        """Add separators of parts that are apart from the naming unit; whether there are any."""
        core, found = self.core, False
        tail = np.repeat(np.arange(core.units), np.diff(core.first))
        for name in self._names(taken):
            inside = self._inside(taken, int(name))
            label = _parts(core, tail, inside)
            for part in np.unique(label[inside & (label != label[name])]):
                apart = inside & (label == part)
                between = np.zeros(core.units, np.bool_)
                between[core.neighbour[apart[tail]]] = True
                between &= ~apart
                # Of those, what can be reached from the naming unit around the part.
                around = _parts(core, tail, ~between & ~apart)
                reached = (around == around[name]) & ~between & ~apart
                if between[name]:
                    reached[name] = True
                near = np.zeros(core.units, np.bool_)
                near[core.neighbour[reached[tail]]] = True
                needed = np.flatnonzero(between & (near | reached))
                columns = self.column[name, needed]
                columns = columns[columns >= 0]
                for unit in np.flatnonzero(apart):
                    self._add(
                        np.r_[self.column[name, unit], columns],
                        np.r_[-1.0, np.ones(len(columns))], 0.0, np.inf,
                    )  # fmt: skip
                found = True
        return found

    def _model(self) -> Model:
        size = len(self.price)
        lengths = [len(line[0]) for line in self._lines]
        integer = np.ones(size, np.bool_)
        return Model(
            objective=self.price,
            lower=np.zeros(size),
            upper=np.ones(size),
            integer=integer,
            row=np.repeat(np.arange(len(lengths)), lengths),
            column=np.concatenate([line[0] for line in self._lines]),
            value=np.concatenate([line[1] for line in self._lines]),
            row_lower=np.array([line[2] for line in self._lines]),
            row_upper=np.array([line[3] for line in self._lines]),
        )


def _parts(core: BeatCore, tail: IntArray, inside: BoolArray) -> IntArray:
    """Connected part of each unit within some; those outside are parts of their own."""
    from scipy.sparse import coo_array

    same = inside[tail] & inside[core.neighbour]
    ends = (tail[same], core.neighbour[same])
    graph = coo_array((np.ones(len(ends[0])), ends), shape=(core.units,) * 2)
    label: IntArray = connected_components(graph, directed=False)[1].astype(np.int64)
    return label
