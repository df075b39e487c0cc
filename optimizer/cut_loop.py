r"""Lower bound of a set partition: linear relaxation, rounds of cuts, and a bound in whole numbers.

Rounds of subset-row cuts over small sets first (`cuts.py`); where they gain little, mod-k cuts
(`modular_cuts.py`). The relaxation is solved again from where it stood (`highs.py`). From its
dual values, rounded to whole numbers, comes a Lagrangian bound computed in whole numbers: it holds
whatever the simplex code's rounding.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field, replace

import numpy as np
from scipy.sparse import csr_matrix, vstack

from optimizer import cuts, modular_cuts
from optimizer.cover import Cover, Limit
from optimizer.frozen import FloatArray, IntArray
from optimizer.highs import WarmProgram
from optimizer.result import Status
from optimizer.solver import Limits

DUAL_SCALE = 2**20
WHOLE = 1e-6
_PRODUCT_BITS = 61
_PRICE_SPAN = 100.0
_ROUNDS = 60
_SMALL_SETS_TAIL = 0.05
_TAIL = 1e-3
_STALLED = 3
_MANY_COLUMNS = 30_000
_PASSED_OVER = (0.2, 0.3, 0.1)


@dataclass(slots=True)
class CutLoop:
    """State of one bound; lives for one search.

    Attributes:
        cover: The problem.
        limits: Seed.
        deadline: `time.monotonic()` at which to stop.
        equal, equal_to: Rows with equality: the stations, then the counts.
        cuts, cuts_to: Cuts found and what they must not exceed.
        values: The last relaxation's, shape (N,); None before one is solved.
        lower_scaled, reduced_scaled: As in `partition.Relaxation`, but reduced costs as they come.
        potential: Dual values of the rows with equality, rounded to units of price.
        cut_price: Dual values of the cuts at the bound, none above 0, scaled.
    """

    cover: Cover
    limits: Limits
    deadline: float
    equal: csr_matrix = field(init=False)
    equal_to: IntArray = field(init=False)
    cuts: csr_matrix = field(init=False)
    cuts_to: IntArray = field(init=False)
    values: FloatArray | None = None
    lower_scaled: int | None = None
    reduced_scaled: IntArray = field(init=False)
    potential: IntArray = field(init=False)
    cut_price: IntArray = field(init=False)
    _program: WarmProgram | None = None
    _feasible: bool = True
    _unit: float = 1.0
    _known: set[tuple[int, ...]] = field(default_factory=set)
    _first: float = 0.0
    _last: float = 0.0
    _small: bool = True
    _stalled: int = 0
    _turn: int = 0

    def __post_init__(self) -> None:
        n = len(self.cover)
        counts = [csr_matrix(row[None, :]) for row, _ in self.cover.exactly]
        self.equal = vstack([self.cover.incidence(), *counts], format="csr")
        values = [value for _, value in self.cover.exactly]
        self.equal_to = np.r_[np.ones(self.cover.stations), values].astype(np.int64)
        self.cuts = csr_matrix(np.zeros((0, n), dtype=np.int64))
        self.cuts_to = np.zeros(0, dtype=np.int64)
        self.reduced_scaled = np.zeros(n, dtype=np.int64)
        self.potential = np.zeros(len(self.equal_to), dtype=np.int64)
        self.cut_price = np.zeros(0, dtype=np.int64)

    def run(self) -> bool:
        """Solve and cut until the relaxation is whole or cuts gain little.

        Returns:
            False where the relaxation is infeasible.
        """
        if not len(self.cover):
            return self.cover.stations == 0
        self._program = self._begun()
        if (relaxed := self._solved()) is None:
            return self._feasible
        self._first = self._last = relaxed
        while self._turn < _ROUNDS and self.whole() is None:
            if time.monotonic() > self.deadline or self._stalled >= _STALLED:
                break
            new, at_most = self._new_cuts()
            if not len(at_most):
                break
            self._program.add(new, np.full(len(at_most), -np.inf), at_most)
            self.cuts = vstack([self.cuts, new], format="csr")
            self.cuts_to = np.r_[self.cuts_to, at_most]
            if (relaxed := self._solved()) is None:
                return self._feasible
            self._turn += 1
            gain, span = relaxed - self._last, relaxed - self._first
            self._small = self._small and gain > _SMALL_SETS_TAIL * span
            self._stalled = self._stalled + 1 if gain <= _TAIL * span else 0
            self._last = relaxed
        return True

    def _begun(self) -> WarmProgram:
        cover, limits = self.cover, self.cover.limits
        self._unit = max(1.0, float(np.abs(cover.price).max(initial=0)) / _PRICE_SPAN)
        extra = [csr_matrix(row.coefficients[None, :] / row.per_unit) for row in limits]
        least = [row.floor / row.per_unit for row in limits]
        return WarmProgram(
            cover.price / self._unit,
            vstack([self.equal, *extra], format="csr"),
            np.r_[self.equal_to, least],
            np.r_[self.equal_to, np.full(len(least), np.inf)],
            # Rows over all of many columns are dense, and slow every step of the simplex.
            interior=len(cover) > _MANY_COLUMNS and bool(cover.exactly or limits),
        )

    def _solved(self) -> float | None:
        """Solve the program as it stands and take its bound; None where it has no optimum."""
        assert self._program is not None
        relaxed = self._program.solve(self.time_left())
        self._feasible = relaxed.status is not Status.INFEASIBLE
        if relaxed.values is None or relaxed.dual_values is None:
            if self.lower_scaled is None:
                self.take_bound(self._least_per_station())
            return None
        self.values = relaxed.values
        self.take_bound(self._in_order(relaxed.dual_values * self._unit))
        return relaxed.objective

    def _new_cuts(self) -> tuple[csr_matrix, IntArray]:
        """Cuts that the last relaxation breaks, of the family that still gains."""
        if self._small:
            new, at_most = self._small_sets(self._known)
            if len(at_most):
                return new, at_most
            self._small = False
        new, at_most = self._modular(self._turn)
        if not len(at_most):
            self._stalled += 1
        for other in range(1, len(_PASSED_OVER)):
            if len(at_most):
                break
            new, at_most = self._modular(self._turn + other)
        return new, at_most

    def whole(self) -> IntArray | None:
        """Columns chosen by the last relaxation, if its values are whole."""
        if self.values is None or (np.abs(self.values - np.rint(self.values)) > WHOLE).any():
            return None
        return np.flatnonzero(self.values > 0.5)

    def split(self) -> IntArray:
        """Columns of fractional value in the last relaxation."""
        if self.values is None:
            return np.zeros(0, dtype=np.int64)
        return np.flatnonzero((self.values > WHOLE) & (self.values < 1.0 - WHOLE))

    def time_left(self) -> Limits:
        """What is left of the time."""
        return replace(self.limits, time_limit_s=max(0.01, self.deadline - time.monotonic()))

    def take_bound(self, dual_values: FloatArray) -> None:
        """Keep the Lagrangian bound of these duals, in whole numbers, if it is the best so far.

        Args:
            dual_values: Of the rows with equality, the cuts, then the limits, in units of price.
        """
        equals, cut_count = len(self.equal_to), len(self.cuts_to)
        dual = np.rint(dual_values * DUAL_SCALE).astype(np.int64)
        on_equal, on_cuts = dual[:equals], np.minimum(dual[equals : equals + cut_count], 0)
        reduced = self.cover.price * DUAL_SCALE - self.equal.T @ on_equal - self.cuts.T @ on_cuts
        lower = int(on_equal @ self.equal_to + on_cuts @ self.cuts_to)
        for limit, value in zip(self.cover.limits, dual_values[equals + cut_count :], strict=True):
            on_limit, reached = _priced_limit(limit, float(value) / limit.per_unit)
            reduced = reduced - on_limit
            lower += reached
        lower += int(np.minimum(reduced, 0).sum())
        if self.lower_scaled is None or lower > self.lower_scaled:
            self.lower_scaled, self.reduced_scaled = lower, reduced
            self.potential = np.rint(dual_values[:equals]).astype(np.int64)
            self.cut_price = on_cuts

    def _least_per_station(self) -> FloatArray:
        """Dual values that need no solver: the lowest price per station of a column there.

        Rounded down, no column costs less than its stations together; all other rows at 0.
        """
        cover = self.cover
        each = cover.price // (cover.members >= 0).sum(axis=1)
        dual = np.full(cover.stations, np.iinfo(np.int64).max)
        for place in cover.members.T:
            inside = place >= 0
            np.minimum.at(dual, place[inside], each[inside])
        dual[dual == np.iinfo(np.int64).max] = 0
        others = len(self.equal_to) - cover.stations + len(self.cuts_to) + len(cover.limits)
        found: FloatArray = np.r_[dual, np.zeros(others)]
        return found

    def lower(self) -> int | None:
        """No partition is cheaper; None where nothing is known."""
        return None if self.lower_scaled is None else -(-self.lower_scaled // DUAL_SCALE)

    def _in_order(self, dual_values: FloatArray) -> FloatArray:
        """From the program's order (limits before cuts) to that of `take_bound`."""
        equals, limits = len(self.equal_to), len(self.cover.limits)
        rows = np.arange(len(dual_values))
        order = np.r_[rows[:equals], rows[equals + limits :], rows[equals : equals + limits]]
        ordered: FloatArray = dual_values[order]
        return ordered

    def _small_sets(self, known: set[tuple[int, ...]]) -> tuple[csr_matrix, IntArray]:
        assert self.values is not None
        incidence = self.equal[: self.cover.stations]
        new = cuts.violated(self.values, self.split(), incidence, known)
        rows = [cuts.halved(sets, incidence) for sets in new]
        at_most = [np.full(len(s), k // 2) for k, s in zip(cuts.SIZES, new, strict=True)]
        return vstack(rows, format="csr"), np.concatenate(at_most).astype(np.int64)

    def _modular(self, turn: int) -> tuple[csr_matrix, IntArray]:
        assert self.values is not None
        stations = self.cover.stations
        return modular_cuts.violated(
            self.values,
            vstack([self.equal[:stations], self.cuts], format="csr"),
            np.r_[self.equal_to[:stations], self.cuts_to],
            stations,
            passed_over=_PASSED_OVER[turn % len(_PASSED_OVER)],
            turn=turn,
        )


def _priced_limit(limit: Limit, dual_value: float) -> tuple[IntArray, int]:
    """What a limit's dual value takes off the reduced costs, and adds to the bound, both scaled.

    With a dual value y = Y / 2^q, y a_j is rounded up and y b down, so the bound holds.
    """
    largest = max(1, int(np.abs(limit.coefficients).max(initial=0)))
    scaled = max(0.0, dual_value) * DUAL_SCALE
    # As many binary places as the products can hold in 64 bits.
    places = _PRODUCT_BITS - largest.bit_length() - max(0, int(np.ceil(np.log2(scaled + 1.0))))
    if places < 0:
        return np.zeros_like(limit.coefficients), 0
    price = int(scaled * 2.0**places)
    return -((-price * limit.coefficients) >> places), (price * int(limit.floor)) >> places
