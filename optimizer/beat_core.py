"""A task for beats as its search sees it: units that stay whole, seats, who touches whom."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from optimizer.beat_plan import BeatPlan, BeatTask
from optimizer.frozen import FloatArray, IntArray

_DENSE_ENTRIES = 60_000_000
_ROUNDING = 1e-9


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class BeatCore:
    """U units (cells that stay together) and F cells that may be a seat.

    Attributes:
        task: The task.
        unit_of: Unit of each cell, shape (C,).
        work: Of each unit, shape (U,).
        first, neighbour: Units that touch, in compressed rows: those of u are
            `neighbour[first[u]:first[u + 1]]`, ascending.
        seats: Cells that may be a seat, ascending, shape (F,).
        home: Unit of each, shape (F,).
        must: Rows of `seats` that are seats in any case.
        piece: Connected piece of the map of each unit, shape (U,).
        low, high: Least and most work of a beat; whole where all work is.
        price: From each seat to each unit, shape (F, U), inf between pieces; None where that is
            too large to keep.
    """

    task: BeatTask
    unit_of: IntArray
    work: FloatArray
    first: IntArray
    neighbour: IntArray
    seats: IntArray
    home: IntArray
    must: IntArray
    piece: IntArray
    low: float
    high: float
    price: FloatArray | None

    @property
    def units(self) -> int:
        """U, the number of units."""
        return len(self.work)

    def prices(self, rows: IntArray, units: IntArray | None = None) -> FloatArray:
        """Price from some seats (rows of `seats`) to units of their piece, ascending, or to all.

        Between pieces of the map it is inf.
        """
        if self.price is not None:
            found: FloatArray = (
                self.price[rows] if units is None else self.price[rows[:, None], units]
            )
            return found
        if units is None:
            every = np.arange(self.units)
            priced = self._block(rows, every)
            priced[self.piece[self.home[rows]][:, None] != self.piece] = np.inf
            return priced
        return self._block(rows, units)

    def _block(self, rows: IntArray, units: IntArray) -> FloatArray:
        if self.units == self.task.cells:
            return self.task.prices(self.seats[rows], units)
        cells = np.flatnonzero(np.isin(self.unit_of, units))
        cells = cells[np.argsort(self.unit_of[cells], kind="stable")]
        priced = self.task.prices(self.seats[rows], cells)
        ends = np.searchsorted(self.unit_of[cells], np.sort(units))
        sums: FloatArray = np.add.reduceat(priced, ends, axis=1)
        return sums

    def plan(self, beat_of: IntArray, seat_rows: IntArray) -> BeatPlan:
        """A plan of cells from one of units."""
        return BeatPlan(beat_of=beat_of[self.unit_of], seat=self.seats[seat_rows])


def core_of(task: BeatTask) -> BeatCore:
    """Contract what stays whole, and price it."""
    unit_of = _units(task)
    n = int(unit_of.max(initial=-1)) + 1
    at = unit_of[task.open_pairs()]
    at = at[at[:, 0] != at[:, 1]]
    both = np.unique(np.vstack([at, at[:, ::-1]]).reshape(-1, 2), axis=0)
    first = np.searchsorted(both[:, 0], np.arange(n + 1)).astype(np.int64)
    graph = coo_array((np.ones(len(both)), (both[:, 0], both[:, 1])), shape=(n, n))
    piece = connected_components(graph, directed=False)[1].astype(np.int64)
    may = np.ones(task.cells, np.bool_) if task.may_seat is None else task.may_seat.copy()
    may[list(task.seats)] = True
    seats = np.flatnonzero(may).astype(np.int64)
    low, high = task.band
    whole = bool((task.work_per_year == np.rint(task.work_per_year)).all())
    if whole and np.isfinite(high):
        slack = _ROUNDING * max(1.0, high)
        low, high = float(np.ceil(low - slack)), float(np.floor(high + slack))
    core = BeatCore(
        task=task,
        unit_of=unit_of,
        work=np.bincount(unit_of, task.work_per_year, minlength=n).astype(float),
        first=first,
        neighbour=both[:, 1].astype(np.int64),
        seats=seats,
        home=unit_of[seats],
        must=np.searchsorted(seats, np.array(sorted(task.seats), np.int64)).astype(np.int64),
        piece=piece,
        low=low,
        high=high,
        price=None,
    )
    if len(seats) * n <= _DENSE_ENTRIES:
        object.__setattr__(core, "price", core.prices(np.arange(len(seats))))
    return core


def _units(task: BeatTask) -> IntArray:
    """Cells of one group, or of one whole grid, are one unit; numbered by smallest cell."""
    ends = [np.zeros((0, 2), np.int64)]
    labels = [task.group] if task.group is not None else []
    if task.grid is not None and task.grid_rule in ("whole", "equal"):
        labels.append(task.grid)
    for label in labels:
        order = np.argsort(label, kind="stable")
        same = (label[order][1:] == label[order][:-1]) & (label[order][1:] >= 0)
        ends.append(np.column_stack([order[:-1][same], order[1:][same]]))
    pairs = np.vstack(ends)
    graph = coo_array((np.ones(len(pairs)), (pairs[:, 0], pairs[:, 1])), shape=(task.cells,) * 2)
    found = connected_components(graph, directed=False)[1]
    _, first, unit_of = np.unique(found, return_index=True, return_inverse=True)
    place = np.empty(len(first), np.int64)
    place[np.argsort(first, kind="stable")] = np.arange(len(first))
    numbered: IntArray = place[unit_of]
    return numbered
