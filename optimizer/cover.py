"""Exact cover with prices: every station in exactly one column, and rows over the whole plan."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.sparse import csr_matrix

from optimizer.frozen import BoolArray, IntArray


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Limit:
    """A row that must not fall below its value; "at most" is the same with signs turned.

    Attributes:
        coefficients: Whole numbers, shape (N,).
        at_least: The chosen columns' coefficients add up to at least this.
        per_unit: Whole units in one natural unit (1e9 for officers freed); scales the row for
            solvers that compute with floating point.
        tolerance: Whole units by which a plan may miss the limit: the rounding of its terms.
    """

    coefficients: IntArray
    at_least: int
    per_unit: float = 1.0
    tolerance: int = 0

    @property
    def floor(self) -> int:
        """What every plan must reach."""
        return self.at_least - self.tolerance

    def at(self, columns: IntArray) -> Limit:
        """The same limit over some of the columns."""
        return Limit(
            coefficients=self.coefficients[columns],
            at_least=self.at_least,
            per_unit=self.per_unit,
            tolerance=self.tolerance,
        )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Cover:
    """The problem. N columns over S stations; all numbers whole.

    Attributes:
        stations: S.
        members: Station rows of each column, padded with -1, shape (N, K).
        price: Shape (N,).
        ties: Weights, not negative, that decide among plans of equal price, most important first;
            each of shape (N,).
        exactly: Rows (coefficients of shape (N,), value) that must hold with equality.
        limits: Rows that must not fall below their value.
    """

    stations: int
    members: IntArray
    price: IntArray
    ties: tuple[IntArray, ...] = ()
    exactly: tuple[tuple[IntArray, int], ...] = ()
    limits: tuple[Limit, ...] = ()

    def __len__(self) -> int:
        return len(self.price)

    def incidence(self) -> csr_matrix:
        """1 where a station is in a column, shape (S, N)."""
        column, place = np.nonzero(self.members >= 0)
        station = self.members[column, place]
        ones = np.ones(len(column), dtype=np.int64)
        return csr_matrix((ones, (station, column)), shape=(self.stations, len(self)))

    def lone(self) -> IntArray:
        """Columns of a single station."""
        return np.flatnonzero((self.members >= 0).sum(axis=1) == 1)

    def holds(self, chosen: IntArray) -> bool:
        """Whether the columns `chosen` keep every row, in whole numbers."""
        stations = self.members[chosen]
        count = np.bincount(stations[stations >= 0], minlength=self.stations)
        return (
            bool((count == 1).all())
            and all(int(row[chosen].sum()) == value for row, value in self.exactly)
            and all(int(row.coefficients[chosen].sum()) >= row.floor for row in self.limits)
        )

    def tie_weight(self, ties: tuple[IntArray, ...]) -> IntArray:
        """All tie weights in one number per column, the first outranking the rest."""
        weight = np.zeros(len(self), dtype=np.int64)
        for tie in ties:
            weight = weight * (self._most(tie) + 1) + tie
        return weight

    def tie_factor(self, ties: tuple[IntArray, ...]) -> int:
        """M, above every total of tie weights that a partition can have."""
        factor = 1
        for tie in ties:
            factor *= self._most(tie) + 1
        return factor

    def _most(self, tie: IntArray) -> int:
        """No partition has a larger total: every station pays its dearest share."""
        share = -(-tie // (self.members >= 0).sum(axis=1))
        dearest = np.zeros(self.stations, dtype=np.int64)
        for place in self.members.T:
            inside: BoolArray = place >= 0
            np.maximum.at(dearest, place[inside], share[inside])
        return int(dearest.sum())
