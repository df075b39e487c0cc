r"""Exact set partition over priced columns: linear bound, cuts, fixing, one last branch and bound.

Choose columns $x \in \{0,1\}^N$, every station in exactly one, at least total price, under optional
equalities (counts) and one optional lower limit. The method, in this order:

1. Linear relaxation, tightened by subset-row cuts over connected triples and 5-sets $T$ of
   stations, $\sum_S \lfloor |S \cap T| / 2 \rfloor x_S \le \lfloor |T| / 2 \rfloor$ (Jepsen,
   Petersen, Spoorendonk & Pisinger, *Subset-row inequalities*, Operations Research 56 (2008)
   497-511).
2. From its dual values, rounded to whole numbers, a Lagrangian bound computed in whole numbers: it
   holds whatever the simplex code's rounding.
3. An incumbent: the relaxation itself where it is whole, else branch and bound over the columns of
   small reduced cost.
4. Columns whose reduced cost exceeds incumbent - bound can be in no plan as good: dropped, exactly.
5. Branch and bound over what is left. Its objective is price x M + tie weight with M above every
   total of tie weights, so that one search settles price first and ties second.

Prices stay whole numbers throughout, and every accepted solution is checked in whole numbers.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import ArrayLike
from scipy.sparse import csr_matrix, vstack

from optimizer.connected_sets import connected_sets
from optimizer.errors import SolverError
from optimizer.frozen import BoolArray, FloatArray, IntArray
from optimizer.result import Status
from optimizer.solver import Backend, Limits, Model, relax, solve

_DUAL_SCALE = 2**20
_WHOLE = 1e-6
_CUT_VIOLATION = 0.02
_CUTS_PER_STATION = 3
_CUT_ROUNDS = 25
_TAIL = 1e-3
_EXACT_TIES = 2.0**45
_COARSE = 1000
_COARSE_PER_OFFICER = 1e6
_FINE_PER_OFFICER = 1e9
LIMIT_TOLERANCE = 100
"""A plan may miss `at_least` by so many units (1e-7 officer): the rounding of its terms."""
_LIKELY_PER_STATION, _LIKELY_AT_LEAST = 2, 200
_INCUMBENT_NODES = 20
_FEW_COLUMNS = 350


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
        at_least: One row that must not fall below its value, in units of 1e-9 officer; None = none.
    """

    stations: int
    members: IntArray
    price: IntArray
    ties: tuple[IntArray, ...] = ()
    exactly: tuple[tuple[IntArray, int], ...] = ()
    at_least: tuple[IntArray, int] | None = None

    def __len__(self) -> int:
        return len(self.price)

    def incidence(self) -> csr_matrix:
        """1 where a station is in a column, shape (S, N)."""
        column, place = np.nonzero(self.members >= 0)
        station = self.members[column, place]
        ones = np.ones(len(column), dtype=np.int64)
        return csr_matrix((ones, (station, column)), shape=(self.stations, len(self)))

    def holds(self, chosen: IntArray) -> bool:
        """Whether the columns `chosen` keep every row, in whole numbers."""
        stations = self.members[chosen]
        count = np.bincount(stations[stations >= 0], minlength=self.stations)
        return (
            bool((count == 1).all())
            and all(int(row[chosen].sum()) == value for row, value in self.exactly)
            and (
                self.at_least is None
                or int(self.at_least[0][chosen].sum()) >= self.at_least[1] - LIMIT_TOLERANCE
            )
        )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Partition:
    """The answer.

    Attributes:
        status: OPTIMAL only if `bound` equals `price`.
        chosen: Column numbers, sorted; None without a solution.
        price: Their total; None without a solution.
        bound: No partition is cheaper; None where not known.
        effort: What the proof took, in a few words.
    """

    status: Status
    chosen: IntArray | None = None
    price: int | None = None
    bound: int | None = None
    effort: str = ""


def partition(cover: Cover, limits: Limits) -> Partition:
    """Find the cheapest partition and prove it, or say how far the time reached.

    Raises:
        SolverError: a solver failed.
    """
    search = _Search(cover, limits, time.monotonic() + limits.time_limit_s)
    if not search.bound_from_below():
        return Partition(status=Status.INFEASIBLE, effort="linear relaxation infeasible")
    search.find_incumbent()
    return search.prove()


@dataclass(slots=True)
class _Search:
    """State of one search; lives for one call of `partition`."""

    cover: Cover
    limits: Limits
    deadline: float
    equal: csr_matrix = field(init=False)
    equal_to: IntArray = field(init=False)
    cuts: csr_matrix = field(init=False)
    cuts_to: IntArray = field(init=False)
    best: IntArray | None = None
    lower_scaled: int | None = None
    reduced_scaled: IntArray = field(init=False)
    potential: IntArray = field(init=False)

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
        alone = np.flatnonzero((self.cover.members >= 0).sum(axis=1) == 1)
        self._offer(alone)

    def bound_from_below(self) -> bool:
        """Cut rounds; False when the relaxation is infeasible."""
        known: set[tuple[int, ...]] = set()
        first = last = 0.0
        for turn in range(_CUT_ROUNDS):
            relaxed = relax(self._relaxation(), self._time_left())
            if relaxed.status is Status.INFEASIBLE:
                return False
            if relaxed.values is None or relaxed.dual_values is None:
                return True
            assert relaxed.objective is not None
            self._take_bound(relaxed.dual_values)
            whole = np.abs(relaxed.values - np.rint(relaxed.values)) <= _WHOLE
            if whole.all():
                self._offer(np.flatnonzero(relaxed.values > 0.5))
                return True
            if turn == 0:
                first = relaxed.objective
            elif relaxed.objective - last < _TAIL * (relaxed.objective - first):
                return True
            last = relaxed.objective
            if not self._cut(relaxed.values, known) or time.monotonic() > self.deadline:
                return True
        return True

    def find_incumbent(self) -> None:
        """The cheapest plan where columns are few, else a good one from those most likely in it."""
        if self._proven():
            return
        if len(self.cover) <= _FEW_COLUMNS:
            likely = np.arange(len(self.cover))
            model = self._whole_model(likely, (), whole_rows=True)
            found = solve(model, self._time_left(), backend="cp_sat")
        else:
            many = _LIKELY_PER_STATION * self.cover.stations + _LIKELY_AT_LEAST
            liked = np.argsort(self.reduced_scaled, kind="stable")[:many]
            # With every lone station among them they always hold a partition.
            likely = np.union1d(liked, np.flatnonzero((self.cover.members >= 0).sum(axis=1) == 1))
            limits = replace(self._time_left(), nodes=_INCUMBENT_NODES)
            found = solve(self._whole_model(likely, ()), limits)
        if found.values is not None:
            self._offer(likely[found.values > 0.5])

    def prove(self) -> Partition:
        """Drop what cannot be in a best plan; branch and bound over the rest; settle ties."""
        lower, left = self._lower(), np.arange(len(self.cover))
        best: IntArray | None = self.best
        if best is not None and self.lower_scaled is not None:
            slack = self._price(best) * _DUAL_SCALE - self.lower_scaled
            left = np.flatnonzero(self.reduced_scaled <= slack)
            if len(left) == len(best):
                return self._answer(self._price(best), len(left))
        ties = self._exact_ties(left)
        # Few columns are quicker, and exact, in constraint programming; it is lost with many.
        backend: Backend = "cp_sat" if len(left) <= _FEW_COLUMNS else "scip"
        model = self._whole_model(left, ties, whole_rows=backend == "cp_sat")
        start = None if self.best is None else np.isin(left, self.best).astype(float)
        found = solve(model, self._time_left(), backend=backend, start=start)
        if found.values is not None and not self.cover.holds(left[found.values > 0.5]):
            model = self._whole_model(left, ties, whole_rows=True)
            found = solve(model, self._time_left(), backend="cp_sat")
        if found.status is Status.INFEASIBLE:
            if self.best is not None:
                raise SolverError("partition: a plan was lost between bound and proof")
            return Partition(status=Status.INFEASIBLE, effort="branch and bound")
        if found.values is not None:
            self._offer(left[found.values > 0.5], settles_ties=found.status is Status.OPTIMAL)
        if found.bound is not None:
            factor, largest = _tie_factor(self.cover, ties)
            constant = int(self.potential @ self.equal_to)
            reached = constant - (largest - int(found.bound)) // factor
            lower = reached if lower is None else max(lower, reached)
        return self._answer(lower, len(left))

    def _answer(self, lower: int | None, left: int) -> Partition:
        effort = f"{len(self.cover)} columns, {len(self.cuts_to)} cuts, {left} columns in the proof"
        if self.best is None:
            return Partition(status=Status.UNKNOWN, bound=lower, effort=effort)
        price = self._price(self.best)
        lower = None if lower is None else min(lower, price)
        return Partition(
            status=Status.OPTIMAL if lower == price else Status.FEASIBLE,
            chosen=self.best,
            price=price,
            bound=lower,
            effort=effort,
        )

    def _price(self, chosen: IntArray) -> int:
        return int(self.cover.price[chosen].sum())

    def _lower(self) -> int | None:
        return None if self.lower_scaled is None else -(-self.lower_scaled // _DUAL_SCALE)

    def _proven(self) -> bool:
        lower = self._lower()
        if self.best is None or lower is None:
            return False
        return self._price(self.best) <= lower

    def _time_left(self) -> Limits:
        return replace(self.limits, time_limit_s=max(0.01, self.deadline - time.monotonic()))

    def _offer(self, chosen: IntArray, *, settles_ties: bool = False) -> None:
        """Keep `chosen` if it holds and is cheaper than the best so far, or as cheap and final."""
        if not self.cover.holds(chosen):
            return
        if self.best is not None:
            dearer_by = self._price(chosen) - self._price(self.best)
            if dearer_by > 0 or (dearer_by == 0 and not settles_ties):
                return
        self.best = np.sort(chosen)

    def _relaxation(self) -> Model:
        extra, least = [], []
        if self.cover.at_least is not None:
            row, value = _coarse(self.cover.at_least)
            extra = [csr_matrix(row[None, :] / _COARSE_PER_OFFICER)]
            least = [value / _COARSE_PER_OFFICER]
        free = np.full(len(self.cuts_to), -np.inf)
        return _model(
            self.cover.price.astype(float),
            vstack([self.equal, self.cuts, *extra], format="csr"),
            np.r_[self.equal_to, free, least],
            np.r_[self.equal_to, self.cuts_to, np.full(len(least), np.inf)],
            integer=False,
        )

    def _take_bound(self, dual_values: FloatArray) -> None:
        """Keep the Lagrangian bound of these duals, in whole numbers, if it is the best so far."""
        equals, cuts = len(self.equal_to), len(self.cuts_to)
        dual = np.rint(dual_values * _DUAL_SCALE).astype(np.int64)
        on_equal, on_cuts = dual[:equals], np.minimum(dual[equals : equals + cuts], 0)
        reduced = self.cover.price * _DUAL_SCALE - self.equal.T @ on_equal - self.cuts.T @ on_cuts
        lower = int(on_equal @ self.equal_to + on_cuts @ self.cuts_to)
        if self.cover.at_least is not None:
            row, value = _coarse(self.cover.at_least)
            on_row = max(0, round(float(dual_values[-1]) / _COARSE_PER_OFFICER * _DUAL_SCALE))
            reduced = reduced - on_row * row
            lower += on_row * value
        lower += int(np.minimum(reduced, 0).sum())
        if self.lower_scaled is None or lower > self.lower_scaled:
            self.lower_scaled, self.reduced_scaled = lower, reduced
            self.potential = np.rint(dual_values[:equals]).astype(np.int64)

    def _cut(self, values: FloatArray, known: set[tuple[int, ...]]) -> bool:
        """Add violated subset-row cuts, most violated first; False when there is none."""
        split = np.flatnonzero((values > _WHOLE) & (values < 1.0 - _WHOLE))
        parts = self.equal[: self.cover.stations][:, split]
        meeting = (parts @ parts.T).tocoo()
        pairs = np.column_stack([meeting.row, meeting.col]).astype(np.int64)
        pairs = pairs[pairs[:, 0] < pairs[:, 1]]
        sets = connected_sets(pairs, self.cover.stations, 5)
        new: list[tuple[int, ...]] = []
        for size in (3, 5):
            inside = _halved(sets[size - 1], parts)
            excess = inside @ values[split] - size // 2
            used = np.zeros(self.cover.stations, dtype=np.int64)
            for i in np.argsort(-excess, kind="stable").tolist():
                if excess[i] <= _CUT_VIOLATION:
                    break
                chosen = sets[size - 1][i]
                key = tuple(chosen.tolist())
                if key in known or used[chosen].max() >= _CUTS_PER_STATION:
                    continue
                used[chosen] += 1
                known.add(key)
                new.append(key)
        for size in (3, 5):
            rows = np.array([key for key in new if len(key) == size], dtype=np.int64)
            if len(rows):
                whole = _halved(rows, self.equal[: self.cover.stations])
                self.cuts = vstack([self.cuts, whole], format="csr")
                self.cuts_to = np.r_[self.cuts_to, np.full(len(rows), size // 2)].astype(np.int64)
        return bool(new)

    def _exact_ties(self, columns: IntArray) -> tuple[IntArray, ...]:
        """As many tie weights, from the first, as whole numbers in floating point can hold."""
        shifted = self._shifted(columns)
        ties = self.cover.ties
        while ties:
            factor, _ = _tie_factor(self.cover, ties)
            if factor * float(np.abs(shifted).max(initial=1)) <= _EXACT_TIES:
                break
            ties = ties[:-1]
        return ties

    def _shifted(self, columns: IntArray) -> IntArray:
        """Prices less the potentials of the rows with equality: small numbers, same order."""
        shifted: IntArray = self.cover.price[columns] - self.equal[:, columns].T @ self.potential
        return shifted

    def _whole_model(
        self, columns: IntArray, ties: tuple[IntArray, ...], *, whole_rows: bool = False
    ) -> Model:
        """Branch-and-bound model over some columns: shifted price x factor + tie weights."""
        factor, _ = _tie_factor(self.cover, ties)
        objective = self._shifted(columns) * factor + _tie_weight(self.cover, ties)[columns]
        rows, lower, upper = self.equal[:, columns], self.equal_to, self.equal_to
        if self.cover.at_least is None:
            return _model(objective.astype(float), rows, lower, upper, integer=True)
        # Spread over the stations the limit becomes 0, so that no tolerance is relative to it. For
        # scip the row is in officers: with coefficients of 1e9 it loses its way. What its own
        # tolerance then lets through in error, `Cover.holds` refuses.
        row, value = self.cover.at_least
        each = np.full(self.cover.stations, value // self.cover.stations, dtype=np.int64)
        each[: value % self.cover.stations] += 1
        spread = row[columns] - self.equal[: self.cover.stations, columns].T @ each
        limit = float(-LIMIT_TOLERANCE)
        if not whole_rows:
            spread, limit = spread / _FINE_PER_OFFICER, limit / _FINE_PER_OFFICER
        return _model(
            objective.astype(float),
            vstack([rows, csr_matrix(spread[None, :])], format="csr"),
            np.r_[lower, limit],
            np.r_[upper, np.inf],
            integer=True,
        )


def _coarse(row: tuple[IntArray, int]) -> tuple[IntArray, int]:
    """The same limit in units a thousand times larger, rounded so that no solution is lost."""
    coefficients, value = row
    return -(-coefficients // _COARSE), (value - LIMIT_TOLERANCE) // _COARSE


def _tie_weight(cover: Cover, ties: tuple[IntArray, ...]) -> IntArray:
    """All tie weights in one number per column, the first outranking the rest."""
    weight = np.zeros(len(cover), dtype=np.int64)
    for tie in ties:
        weight = weight * (_most(cover, tie) + 1) + tie
    return weight


def _tie_factor(cover: Cover, ties: tuple[IntArray, ...]) -> tuple[int, int]:
    """M, and the largest total of tie weights that a partition can have (less than M)."""
    factor = 1
    for tie in ties:
        factor *= _most(cover, tie) + 1
    return factor, factor - 1


def _most(cover: Cover, tie: IntArray) -> int:
    """Upper bound on a partition's total of one weight: every station pays its dearest share."""
    share = -(-tie // (cover.members >= 0).sum(axis=1))
    dearest = np.zeros(cover.stations, dtype=np.int64)
    for place in cover.members.T:
        inside: BoolArray = place >= 0
        np.maximum.at(dearest, place[inside], share[inside])
    return int(dearest.sum())


def _halved(sets: IntArray, parts: csr_matrix) -> csr_matrix:
    """Whole part of |S & T| / 2 for every set T and column S."""
    count, size = sets.shape
    row = np.repeat(np.arange(count), size)
    ones = np.ones(count * size, dtype=np.int64)
    of_sets = csr_matrix((ones, (row, sets.ravel())), shape=(count, parts.shape[0]))
    inside = (of_sets @ parts).tocoo()
    whole: IntArray = np.asarray(inside.data, dtype=np.int64) // 2
    kept: BoolArray = whole > 0
    at: IntArray = np.asarray([inside.row[kept], inside.col[kept]], dtype=np.int64)
    return csr_matrix((whole[kept], (at[0], at[1])), shape=(count, parts.shape[1]))


def _model(
    objective: FloatArray, rows: csr_matrix, lower: ArrayLike, upper: ArrayLike, *, integer: bool
) -> Model:
    entries = rows.tocoo()
    n = len(objective)
    return Model(
        objective=objective,
        lower=np.zeros(n),
        upper=np.ones(n),
        integer=np.full(n, integer),
        row=entries.row.astype(np.int64),
        column=entries.col.astype(np.int64),
        value=entries.data.astype(float),
        row_lower=np.asarray(lower, dtype=float),
        row_upper=np.asarray(upper, dtype=float),
    )
