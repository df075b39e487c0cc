r"""A good partition of many stations: the relaxation's whole columns, mended region by region.

For a partition without rows over the whole plan. With its cuts a relaxation is whole nearly
everywhere. Its whole columns are kept, what lies between them is decided part by part, and then the
plan is improved where it departs from the bound (large neighbourhood search: Shaw, *Using
constraint programming and local search methods to solve vehicle routing problems*, CP 1998).

Over the bound a plan's price is $\sum_{j \in plan} \bar p_j + \sum_k |\mu_k| s_k$, with reduced
costs $\bar p_j \ge 0$ and each cut's slack $s_k \ge 0$. So it is known where the excess lies; a
region around the worst place is decided anew with the plan fixed outside, and columns whose reduced
cost exceeds the region's excess can be in no better plan of it.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field, replace

import numpy as np
from scipy.sparse import csc_matrix, csr_matrix, vstack
from scipy.sparse.csgraph import connected_components

from optimizer.cover import Cover
from optimizer.frozen import BoolArray, FloatArray, IntArray
from optimizer.highs import binary_model, branch
from optimizer.solver import Limits

_NEARLY_WHOLE = 0.15
_REGION_STATIONS = 400
_CORE_STATIONS = 100
_COLUMNS_PER_STATION = 2.2
_LEAST_COLUMNS = 200
_NODES = 10
_REGION_TIME_S = 10.0
_SMALL_EXCESS = 1e-7
"""Of the bound: smaller excesses are left to the last search."""


@dataclass(slots=True)
class Regions:
    """A plan under way; lives for one search.

    Attributes:
        cover: The problem.
        reduced_scaled: Reduced costs at the bound, in `scale` units to one of price, shape (N,).
        cuts, cuts_to: Rows, and what they must not exceed.
        cut_price: Their dual values, none above 0, scaled.
        potential: Dual values of the stations in whole units of price, to keep numbers small.
        scale: See `reduced_scaled`.
        limits: Seed.
        deadline: `time.monotonic()` at which to stop.
        column_of: The plan: the column each station is in, -1 = not yet, shape (S,).
    """

    cover: Cover
    reduced_scaled: IntArray
    cuts: csr_matrix
    cuts_to: IntArray
    cut_price: IntArray
    potential: IntArray
    scale: int
    limits: Limits
    deadline: float
    column_of: IntArray = field(init=False)
    _cuts_by_column: csc_matrix = field(init=False)
    _cut_at: IntArray = field(init=False)
    _incidence: csr_matrix = field(init=False)
    _near: csr_matrix = field(init=False)

    def __post_init__(self) -> None:
        self.column_of = np.full(self.cover.stations, -1, dtype=np.int64)
        priced = np.flatnonzero(self.cut_price)
        self.cuts, self.cuts_to = self.cuts[priced].tocsr(), self.cuts_to[priced]
        self.cut_price = self.cut_price[priced]
        self._cuts_by_column = self.cuts.tocsc()
        # Where a cut lies: the first station of its first column.
        self._cut_at = self.cover.members[self.cuts.indices[self.cuts.indptr[:-1]], 0]
        self._incidence = self.cover.incidence()
        ones = self._incidence.astype(np.int8)
        ones.data[:] = 1
        self._near = (ones @ ones.T).tocsr()

    def plan(self, values: FloatArray) -> IntArray | None:
        """A partition near the bound.

        Args:
            values: Of the relaxation, shape (N,).

        Returns:
            Columns; None where a station between whole columns cannot stay alone. When the time is
            over those that are not decided stay alone.
        """
        self._put(np.flatnonzero(values > 1.0 - _NEARLY_WHOLE))
        parts = self._open_parts()
        lone = self.cover.lone()
        self._put(lone[self.column_of[self.cover.members[lone].max(axis=1)] < 0])
        if (self.column_of < 0).any():
            return None
        for inside in parts:
            if time.monotonic() < self.deadline:
                self._decide(inside)
        self._mend()
        return np.unique(self.column_of)

    def _put(self, columns: IntArray) -> None:
        members = self.cover.members[columns]
        at, place = np.nonzero(members >= 0)
        self.column_of[members[at, place]] = columns[at]

    def _open_parts(self) -> list[BoolArray]:
        """Stations without a column, in parts that touch, as masks."""
        rows = np.flatnonzero(self.column_of < 0)
        count, label = connected_components(self._near[rows][:, rows], directed=False)
        parts = []
        for one in range(count):
            inside = np.zeros(self.cover.stations, dtype=bool)
            inside[rows[label == one]] = True
            parts.append(inside)
        return parts

    def _mend(self) -> None:
        """Decide regions anew, the worst first, until none is left that might gain."""
        settled = np.zeros(self.cover.stations, dtype=bool)
        least = _SMALL_EXCESS * float(self.cover.price[np.unique(self.column_of)].sum())
        while time.monotonic() < self.deadline:
            excess = np.where(settled, 0, self._excess())
            worst = int(excess.argmax())
            if excess[worst] <= least * self.scale:
                return
            before = self.column_of.copy()
            self._decide(self._ball(worst, _REGION_STATIONS))
            settled[self.column_of != before] = False
            settled |= self._ball(worst, _CORE_STATIONS)

    def _excess(self) -> IntArray:
        """What the plan pays over the bound, by station, scaled."""
        chosen = np.unique(self.column_of)
        excess = np.zeros(self.cover.stations, dtype=np.int64)
        excess[self.cover.members[chosen, 0]] = self.reduced_scaled[chosen]
        np.add.at(excess, self._cut_at, -self.cut_price * self._slack(chosen))
        return excess

    def _slack(self, chosen: IntArray) -> IntArray:
        taken = np.zeros(len(self.cover), dtype=np.int64)
        taken[chosen] = 1
        slack: IntArray = self.cuts_to - self.cuts @ taken
        return slack

    def _ball(self, station: int, size: int) -> BoolArray:
        """About so many stations around one."""
        inside = np.zeros(self.cover.stations, dtype=bool)
        front = np.array([station])
        inside[station], count = True, 1
        while count < size and len(front):
            front = np.unique(self._near[front].indices)
            front = front[~inside[front]]
            inside[front] = True
            count += len(front)
        return inside

    def _decide(self, inside: BoolArray) -> None:
        """Find better columns for stations inside; those whose column reaches out stay."""
        chosen = np.unique(self.column_of)
        own = chosen[self._within(chosen, inside)]
        if not len(own):
            return
        inside = np.isin(self.column_of, own)
        stations = np.flatnonzero(inside)
        touching = np.unique(self._incidence[stations].indices).astype(np.int64)
        columns = touching[self._within(touching, inside)]
        cuts = np.unique(self._cuts_by_column[:, columns].indices).astype(np.int64)
        columns = self._likely(columns, own, cuts, len(stations))
        shifted = self.cover.price[columns] - self._incidence[:, columns].T @ self.potential
        rows = [self._incidence[stations][:, columns], self._cuts_by_column[cuts][:, columns]]
        once, free = np.ones(len(stations)), np.full(len(cuts), -np.inf)
        fixed = np.setdiff1d(chosen, own)
        model = binary_model(
            shifted.astype(float),
            vstack(rows, format="csr"),
            np.r_[once, free],
            np.r_[once, self._slack(fixed)[cuts]],
        )
        left_s = min(_REGION_TIME_S, max(0.01, self.deadline - time.monotonic()))
        found = branch(
            model,
            replace(self.limits, time_limit_s=left_s, nodes=_NODES),
            start=np.isin(columns, own).astype(float),
        )
        if found.values is None:
            return
        better = columns[found.values > 0.5]
        if self.cover.price[better].sum() < self.cover.price[own].sum():
            self._put(better)

    def _within(self, columns: IntArray, inside: BoolArray) -> BoolArray:
        inside_or_padding = np.append(inside, True)
        within: BoolArray = np.all(inside_or_padding[self.cover.members[columns]], axis=1)
        return within

    def _likely(self, columns: IntArray, own: IntArray, cuts: IntArray, stations: int) -> IntArray:
        """Columns that may be in a better plan of a region; of many the likeliest."""
        slack = self._slack(np.unique(self.column_of))[cuts]
        excess = int(self.reduced_scaled[own].sum() - (self.cut_price[cuts] * slack).sum())
        columns = columns[self.reduced_scaled[columns] <= excess]
        most = int(_COLUMNS_PER_STATION * stations) + _LEAST_COLUMNS
        if len(columns) > most:
            columns = columns[np.argsort(self.reduced_scaled[columns], kind="stable")[:most]]
        return np.union1d(columns, own)
