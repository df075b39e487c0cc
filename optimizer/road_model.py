"""Rows of the models that say which unit takes which piece of road, shared by all who ask."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from optimizer.frozen import BoolArray, FloatArray, IntArray
from optimizer.road_task import running_on
from optimizer.solver import Model

Entry = tuple[IntArray, IntArray, FloatArray | float]


@dataclass(slots=True)
class Rows:
    """Rows of a model under way."""

    count: int = 0
    _entries: list[tuple[IntArray, IntArray, FloatArray]] = field(default_factory=list)
    _lower: list[FloatArray] = field(default_factory=list)
    _upper: list[FloatArray] = field(default_factory=list)

    def add(
        self, lower: FloatArray | float, upper: FloatArray | float, count: int, *entries: Entry
    ) -> None:
        """Further rows; entries are (row among them, column, value)."""
        for row, column, value in entries:
            wide = np.broadcast_to(np.asarray(value, dtype=np.float64), np.shape(row))
            self._entries.append((row + self.count, column, wide))
        self._lower.append(np.broadcast_to(np.asarray(lower, dtype=np.float64), (count,)))
        self._upper.append(np.broadcast_to(np.asarray(upper, dtype=np.float64), (count,)))
        self.count += count

    def model(self, objective: FloatArray, upper: FloatArray) -> Model:
        """The model; every column is a whole number from 0 to `upper`."""
        columns = len(objective)
        return Model(
            objective=objective,
            lower=np.zeros(columns),
            upper=upper,
            integer=np.ones(columns, dtype=np.bool_),
            row=np.concatenate([e[0] for e in self._entries]),
            column=np.concatenate([e[1] for e in self._entries]),
            value=np.concatenate([e[2] for e in self._entries]),
            row_lower=np.concatenate(self._lower),
            row_upper=np.concatenate(self._upper),
        )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Pairs:
    """Columns of pieces and units that may take them: Z pairs, then one per unit that is open.

    Attributes:
        piece, unit: Of each pair, sorted, shape (Z,).
        units: How many units there are.
    """

    piece: IntArray
    unit: IntArray
    units: int

    @classmethod
    def of(cls, may: BoolArray) -> Pairs:
        """The pairs that are allowed, shape of `may` (J, R)."""
        piece, unit = np.nonzero(may)
        return cls(piece=piece, unit=unit, units=may.shape[1])

    @property
    def every(self) -> IntArray:
        """Column of each pair."""
        return np.arange(len(self.piece))

    @property
    def is_open(self) -> IntArray:
        """Column of each unit: it has road duty."""
        return len(self.piece) + np.arange(self.units)

    @property
    def end(self) -> int:
        """Columns so far."""
        return len(self.piece) + self.units

    def shared_out(self, rows: Rows, pieces: int, owned: float = 1.0) -> None:
        """Every piece with one unit, and a unit is open where it has any."""
        every, units = self.every, np.arange(self.units)
        rows.add(owned, 1.0, pieces, (self.piece, every, 1.0))
        rows.add(
            -np.inf, 0.0, len(every), (every, every, 1.0), (every, self.is_open[self.unit], -1.0)
        )
        rows.add(0.0, np.inf, self.units, (self.unit, every, 1.0), (units, self.is_open, -1.0))

    def run_on(self, rows: Rows, land: IntArray, runs_on: BoolArray) -> None:
        """Of a jurisdiction a unit takes all pieces, or some of which one runs on."""
        for pair, others, is_equal in running_on(land, runs_on, self.piece, self.unit):
            columns = np.array([pair, *others])
            values = np.array([1.0, *[-1.0] * len(others)])
            lower = 0.0 if is_equal else -np.inf
            rows.add(lower, 0.0, 1, (np.zeros(len(columns), np.int64), columns, values))

    def covered(
        self, rows: Rows, near: BoolArray, units: IntArray, at_least: int, first: int
    ) -> None:
        """Main roads near an open unit count; `first` is the column of the first sort of road."""
        cover(rows, near, units, at_least, first, (np.arange(self.units), self.is_open))


def cover(
    rows: Rows,
    near: BoolArray,
    units: IntArray,
    at_least: int,
    first: int,
    open_by: tuple[IntArray, IntArray],
) -> None:
    """Main roads that an open unit is near to count, and must add up.

    Args:
        rows: Rows to add to.
        near: Units that cover each sort of road, shape (M, R).
        units: What each sort adds, shape (M,).
        at_least: What they must add up to.
        first: Column of the first sort; it is 1 at the most.
        open_by: Units, and columns that make them open.
    """
    unit, column = open_by
    sort, at = np.nonzero(near[:, unit])
    every = np.arange(len(units))
    rows.add(-np.inf, 0.0, len(units), (every, first + every, 1.0), (sort, column[at], -1.0))
    rows.add(
        float(at_least),
        np.inf,
        1,
        (np.zeros(len(units), np.int64), first + every, units.astype(np.float64)),
    )
