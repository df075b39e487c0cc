"""The smallest tolerance of work that beats can keep: exactly for few units, else a bound.

1. A beat's work is a sum of whole units of one connected part of the map. The sums that exist tell
   how near to the even share any beat can come (Bellman 1957).
2. For few units the model says it: a beat is named by its smallest unit, as in
   `beat_border_exact`, and the farthest work from the even share is made small. Contiguity is
   separated from the naming unit.

Caps on changes are left out: they only make it larger.
"""

from __future__ import annotations

import math
import time
from dataclasses import replace

import numpy as np

from optimizer.beat_core import BeatCore
from optimizer.beat_cuts import reached, touching
from optimizer.beat_problems import tolerance_bound
from optimizer.frozen import BoolArray, FloatArray, IntArray
from optimizer.highs import branch
from optimizer.result import Status
from optimizer.solver import Limits, Model

_MOST_UNITS = 60
_MOST_SUM_BITS = 2_000_000_000
_PARTS = 1_000_000
_CUT_ROUNDS = 200
_EVEN = 0.5


def smallest_tolerance(
    core: BeatCore, limits: Limits, deadline: float
) -> tuple[float, float | None]:
    """No tolerance below the first can be met; beats are known for the second.

    Returns:
        The first is inf where no beats exist at any tolerance, as for want of seats.
    """
    bound, beat_of = evenest(core, limits, deadline)
    if beat_of is None:
        return bound, None
    return bound, tolerance_of(core, beat_of)


def evenest(core: BeatCore, limits: Limits, deadline: float) -> tuple[float, IntArray | None]:
    """As `smallest_tolerance`, with the beats themselves: beat of each unit, shape (U,)."""
    bound = max(tolerance_bound(core), _by_sums(core))
    if core.units > _MOST_UNITS or core.work.sum() <= 0:
        return bound, None
    exact, beat_of = _Evenest(core).solve(limits, deadline)
    return max(bound, exact), beat_of


def tolerance_of(core: BeatCore, beat_of: IntArray) -> float:
    """How far the beats are from even work, as a share of it."""
    load = np.bincount(beat_of, core.work, minlength=core.task.beats)
    even = float(core.work.sum()) / core.task.beats
    return float(np.abs(load / even - 1.0).max())


def _by_sums(core: BeatCore) -> float:
    """How far the beats of some part of the map are off at least, by sums of whole work."""
    work = np.rint(core.work)
    total = int(work.sum())
    if not np.array_equal(work, core.work) or not total or total * core.units > _MOST_SUM_BITS:
        return 0.0
    even = total / core.task.beats
    least = 0.0
    for piece in range(int(core.piece.max()) + 1):
        sums = 1
        for one in work[core.piece == piece].astype(int).tolist():
            sums |= sums << one
        bits = np.unpackbits(
            np.frombuffer(sums.to_bytes(total // 8 + 1, "little"), np.uint8), bitorder="little"
        )
        there = np.flatnonzero(bits)
        least = max(least, float(np.abs(there / even - 1.0).min()))
    return least


class _Evenest:
    """The model: x[f, u] for u >= f says that u is of the beat named f; then how far off it is."""

    def __init__(self, core: BeatCore) -> None:
        self.core = core
        n = core.units
        self.column = np.full((n, n), -1, np.int64)
        name, unit = np.triu_indices(n)
        may = core.piece[name] == core.piece[unit]
        self.column[name[may], unit[may]] = np.arange(int(may.sum()))
        self.off = int(may.sum())
        self.total = float(core.work.sum())
        whole = bool((core.work == np.rint(core.work)).all())
        # How far off is counted in whole steps, so that the bound of HiGHS is one.
        self.step = 1.0 if whole else self.total / _PARTS
        self._lines: list[tuple[IntArray, FloatArray, float, float]] = []
        self._build()

    def solve(self, limits: Limits, deadline: float) -> tuple[float, IntArray | None]:
        """A bound on the tolerance, inf without any beats, and the beats found."""
        bound = 0.0
        for _ in range(_CUT_ROUNDS):
            left_s = deadline - time.monotonic()
            if left_s <= 0:
                break
            solved = branch(self._model(), replace(limits, time_limit_s=left_s))
            if solved.status is Status.INFEASIBLE:
                return np.inf, None
            if solved.bound is not None:
                bound = max(bound, self._tolerance(solved.bound))
            if solved.values is None:
                break
            taken = solved.values[: self.off] > _EVEN
            names = np.flatnonzero(taken[np.diagonal(self.column)])
            if not self._cut(taken, names):
                beat_of = np.full(self.core.units, -1, np.int64)
                for beat, name in enumerate(names.tolist()):
                    beat_of[self._inside(taken, name)] = beat
                return bound, beat_of
            if solved.status is not Status.OPTIMAL:
                break
        return bound, None

    def _tolerance(self, steps: float) -> float:
        """Of a bound in steps; where steps are not whole work the last may be a part of one."""
        sure = steps if self.step == 1.0 else math.ceil(steps) - 1
        return max(0.0, sure * self.step / self.total)

    def _inside(self, taken: BoolArray, name: int) -> BoolArray:
        row = self.column[name]
        inside: BoolArray = (row >= 0) & taken[row]
        return inside

    def _add(self, columns: IntArray, values: FloatArray, low: float, high: float) -> None:
        self._lines.append((columns, values, low, high))

    def _build(self) -> None:
        core, n, k = self.core, self.core.units, self.core.task.beats
        own = np.diagonal(self.column)
        seat, must = np.zeros(n), np.zeros(n)
        seat[core.home] = 1.0
        must[core.home[core.must]] = 1.0
        for unit in range(n):
            columns = self.column[:, unit]
            columns = columns[columns >= 0]
            self._add(columns, np.ones(len(columns)), 1.0, 1.0)
        self._add(own, np.ones(n), k, k)
        for name in range(n):
            units = np.flatnonzero(self.column[name] >= 0)
            columns = self.column[name, units]
            first = 1.0 * (units == name)
            over = k * core.work[units] - self.total * first
            self._add(np.r_[columns, self.off], np.r_[over, -self.step], -np.inf, 0.0)
            self._add(np.r_[columns, self.off], np.r_[over, self.step], 0.0, np.inf)
            for column in columns[units != name]:
                self._add(np.array([column, own[name]]), np.array([1.0, -1.0]), -np.inf, 0.0)
            self._add(columns, seat[units] - first, 0.0, np.inf)
            self._add(columns, must[units] - first, -np.inf, 0.0)

    def _cut(self, taken: BoolArray, names: IntArray) -> bool:
        """Add separators of parts that are apart from the naming unit; whether there are any."""
        core, found = self.core, False
        for name in names.tolist():
            inside = self._inside(taken, name)
            apart = inside & ~reached(core, name, inside)
            while apart.any():
                part = reached(core, int(np.flatnonzero(apart)[0]), apart)
                apart &= ~part
                between = touching(core, part)
                around = reached(core, name, ~between & ~part)
                needed = np.flatnonzero(between & touching(core, around))
                columns = self.column[name, needed]
                columns = columns[columns >= 0]
                for unit in np.flatnonzero(part):
                    row = np.r_[self.column[name, unit], columns]
                    self._add(row, np.r_[-1.0, np.ones(len(columns))], 0.0, np.inf)
                found = True
        return found

    def _model(self) -> Model:
        size = self.off + 1
        lengths = [len(line[0]) for line in self._lines]
        objective, upper = np.zeros(size), np.ones(size)
        objective[-1] = 1.0
        upper[-1] = math.ceil(self.total * self.core.task.beats / self.step)
        return Model(
            objective=objective,
            lower=np.zeros(size),
            upper=upper,
            integer=np.ones(size, np.bool_),
            row=np.repeat(np.arange(len(lengths)), lengths),
            column=np.concatenate([line[0] for line in self._lines]),
            value=np.concatenate([line[1] for line in self._lines]),
            row_lower=np.array([line[2] for line in self._lines]),
            row_upper=np.array([line[3] for line in self._lines]),
        )
