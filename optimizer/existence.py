r"""Whether any plan can be made of given columns; plans and refutations are kept and tried first.

Asked again and again of growing and shrinking sets of columns, so most answers cost no solver:

- A plan found before answers yes where its sets are still allowed and the counts still hold.
- A refutation is a weight for each station and each count with $\sum_i y_i b_i > 0$ and
  $\sum_i y_i a_{ij} \le 0$ for every column $j$ (Farkas 1902): then no plan exists. One found
  before answers no where it holds for the columns now allowed; that is looked up, not solved.
- Else the linear relaxation by column generation: least violation of the rows over a few columns;
  columns its dual values price below nothing join; when none is left, the dual values are the
  refutation. Where the relaxation has a solution, branch and bound finds a whole one or refutes it.

Refutations are checked in whole numbers, whatever the simplex code's rounding.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np

from optimizer.columns import FREED_TOLERANCE, FREED_UNITS_PER_OFFICER, Columns
from optimizer.frozen import BoolArray, FloatArray, IntArray
from optimizer.result import Status
from optimizer.solver import Limits, Model, relax, solve

_SCALE = 2**20
_COARSE = 1_000
"""Officers freed enter refutations in units of 1e-6 officer, rounded so that no plan is lost."""
_NOTHING = 1e-6
_WHOLE = 1e-6
_AT_FIRST = 1_500
_JOINING = 300
_MOST_PAIRS = 20_000
_NODES = 20
_SAMPLE = 800
_STATION_PRICE = 100.0
"""Of a station left out, against 1 of a count: so that a refutation is about the counts where it
can be, and holds for all others beyond them."""
_ROUNDS = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    """What the whole plan must add up to; None where that is free.

    Attributes:
        centres: Bundles of two or more.
        bundled: Stations in them.
        freed_units: Officers freed at the least, in units of 1e-9 officer.
        at_most: Totals of `Existence.rows` that must not be exceeded, by name, sorted.
    """

    centres: int | None = None
    bundled: int | None = None
    freed_units: int | None = None
    at_most: tuple[tuple[str, int], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Row:
    """A total over the whole plan that a rule may limit.

    Attributes:
        amount: What each column adds to it, not negative, shape (N,).
        per_unit: Amounts that make one unit for the solver, so that its numbers stay small.
    """

    amount: IntArray
    per_unit: int = 1


@dataclass(frozen=True, slots=True)
class _Refutation:
    station: IntArray
    centres: int
    bundled: int
    freed: int
    rows: tuple[tuple[str, int], ...] = ()

    def fits(self, counts: Counts) -> bool:
        """Whether it rests on no count that is free now."""
        return (
            (not self.centres or counts.centres is not None)
            and (not self.bundled or counts.bundled is not None)
            and (not self.freed or counts.freed_units is not None)
            and {name for name, weight in self.rows if weight} <= {n for n, _ in counts.at_most}
        )

    def demands(self, counts: Counts) -> int:
        """Weight of what every plan must reach."""
        total = int(self.station.sum())
        if counts.centres is not None:
            total += self.centres * counts.centres
        if counts.bundled is not None:
            total += self.bundled * counts.bundled
        if counts.freed_units is not None:
            total += self.freed * ((counts.freed_units - FREED_TOLERANCE) // _COARSE)
        most = dict(counts.at_most)
        return total - sum(weight * most[name] for name, weight in self.rows if weight)


@dataclass(slots=True, eq=False)
class Existence:
    """Answers about one table of columns; lives for one diagnosis.

    Attributes:
        columns: The columns, those of one set together and the one that frees most first.
        stations: Number of stations.
        limits: Seed; the time is that of `deadline`.
        deadline: `time.monotonic()` at which to stop.
        rows: Totals that `Counts.at_most` may limit, by name. With any of them no host stands for
            the others of its set.
        out_of_time: Whether a search was cut short.
    """

    columns: Columns
    stations: int
    limits: Limits
    deadline: float
    rows: Mapping[str, Row] = field(default_factory=dict)
    out_of_time: bool = False
    _set_of: IntArray = field(init=False)
    _joint: IntArray = field(init=False)
    _coarse_freed: IntArray = field(init=False)
    _plans: list[IntArray] = field(default_factory=list)
    _refutations: list[_Refutation] = field(default_factory=list)
    _known_sets: BoolArray = field(init=False)

    def __post_init__(self) -> None:
        self._set_of = np.arange(len(self.columns)) if self.rows else self.columns.set_of
        sets = int(self._set_of.max(initial=-1)) + 1
        self._joint = (self.columns.size > 1).astype(np.int64)
        self._coarse_freed = -(-self.columns.freed_units // _COARSE)
        self._known_sets = np.zeros(sets, dtype=bool)
        # Pairs are few, and what makes counts meet.
        some = 2 if int((self.columns.size == 2).sum()) <= _MOST_PAIRS else 1
        self._known_sets[self._set_of[self.columns.size <= some]] = True

    def plan(self, allowed: BoolArray, counts: Counts) -> tuple[Status, IntArray]:
        """Columns of some plan among `allowed`.

        Args:
            allowed: Which columns, shape (N,).
            counts: What the plan must add up to.

        Returns:
            FEASIBLE and the columns; INFEASIBLE, proven; or UNKNOWN where the time ran out.
        """
        usable = np.flatnonzero(allowed)
        sets = self._set_of[usable]
        # Of the hosts of one set the one that frees most will do.
        usable = usable[np.r_[True, sets[1:] != sets[:-1]][: len(usable)]]
        at = np.full(len(self._known_sets), -1, dtype=np.int64)
        at[self._set_of[usable]] = usable
        for known in reversed(self._plans):
            chosen = at[known]
            if (chosen >= 0).all() and self._adds_up(chosen, counts):
                return Status.FEASIBLE, chosen
        if any(self._refutes(r, usable, counts) for r in reversed(self._refutations)):
            return Status.INFEASIBLE, usable[:0]
        status, chosen = self._search(usable, counts)
        if status is Status.FEASIBLE:
            self._plans.append(self._set_of[chosen])
        return status, chosen

    def _adds_up(self, chosen: IntArray, counts: Counts) -> bool:
        joint = self._joint[chosen]
        return (
            counts.centres in (None, int(joint.sum()))
            and counts.bundled in (None, int((joint * self.columns.size[chosen]).sum()))
            and (
                counts.freed_units is None
                or int(self.columns.freed_units[chosen].sum())
                >= counts.freed_units - FREED_TOLERANCE
            )
            and all(int(self.rows[n].amount[chosen].sum()) <= most for n, most in counts.at_most)
        )

    def _worth(self, refutation: _Refutation, rows: IntArray) -> IntArray:
        """Weight of each of the columns `rows`."""
        station = np.r_[refutation.station, 0]
        worth = np.zeros(len(rows), dtype=np.int64)
        for place in self.columns.members[rows].T:
            worth += station[place]
        worth += refutation.centres * self._joint[rows]
        worth += refutation.bundled * (self._joint[rows] * self.columns.size[rows])
        worth += refutation.freed * self._coarse_freed[rows]
        for name, weight in refutation.rows:
            if weight:
                worth -= weight * self.rows[name].amount[rows]
        return worth

    def _refutes(self, refutation: _Refutation, rows: IntArray, counts: Counts) -> bool:
        """Whether a plan of `rows`, one column a station at the most, cannot weigh enough."""
        if not refutation.fits(counts):
            return False
        demanded = refutation.demands(counts)
        if demanded <= 0:
            return False
        most = max(0, int(self._worth(refutation, rows).max(initial=0)))
        return demanded > self.stations * most

    def _search(self, usable: IntArray, counts: Counts) -> tuple[Status, IntArray]:
        nothing = usable[:0]
        if len(usable) <= _AT_FIRST:
            self._known_sets[self._set_of[usable]] = True
        for _ in range(_ROUNDS):
            some = usable[self._known_sets[self._set_of[usable]]]
            left_s = self.deadline - time.monotonic()
            if left_s <= 0:
                self.out_of_time = True
                return Status.UNKNOWN, nothing
            relaxed = relax(
                self._model(some, counts, elastic=True), replace(self.limits, time_limit_s=left_s)
            )
            if relaxed.values is None or relaxed.dual_values is None or relaxed.objective is None:
                break
            if relaxed.objective <= _NOTHING:
                values = relaxed.values[: len(some)]
                chosen = some[values > 0.5]
                whole = bool((np.abs(values - np.rint(values)) <= _WHOLE).all())
                if whole and self._is_partition(chosen) and self._adds_up(chosen, counts):
                    return Status.FEASIBLE, chosen
                if 2 * len(some) < len(usable):
                    status, chosen = self._branch(some, counts, nodes=_NODES)
                    if status is not Status.FEASIBLE:
                        some = np.union1d(some, usable[:: 1 + len(usable) // _SAMPLE])
                        status, chosen = self._branch(some, counts, nodes=_NODES)
                    if status is Status.FEASIBLE:
                        return status, chosen
                break
            refutation = self._weights(relaxed.dual_values, counts)
            if self._refutes(refutation, usable, counts):
                self._refutations.append(refutation)
                return Status.INFEASIBLE, nothing
            worth = self._worth(refutation, usable)
            new = (worth > 0) & ~self._known_sets[self._set_of[usable]]
            joining = np.flatnonzero(new)
            if not len(joining):
                break
            best = joining[np.argsort(-worth[joining], kind="stable")[:_JOINING]]
            self._known_sets[self._set_of[usable[best]]] = True
        return self._branch(usable, counts)

    def _is_partition(self, chosen: IntArray) -> bool:
        stations = self.columns.members[chosen]
        count = np.bincount(stations[stations >= 0], minlength=self.stations)
        return bool((count == 1).all())

    def _weights(self, dual_values: FloatArray, counts: Counts) -> _Refutation:
        """Dual values in whole numbers; that of officers freed is per officer, its weight not."""
        dual = np.rint(dual_values * _SCALE).astype(np.int64)
        per_officer = 1 if counts.freed_units is None else FREED_UNITS_PER_OFFICER // _COARSE
        on = iter(dual[self.stations :].tolist())
        return _Refutation(
            dual[: self.stations] * per_officer,
            0 if counts.centres is None else next(on) * per_officer,
            0 if counts.bundled is None else next(on) * per_officer,
            0 if counts.freed_units is None else max(0, next(on)),
            tuple(
                (name, max(0, next(on)) * per_officer // self.rows[name].per_unit)
                for name, _ in counts.at_most
            ),
        )

    def _branch(
        self, rows: IntArray, counts: Counts, *, nodes: int | None = None
    ) -> tuple[Status, IntArray]:
        left_s = self.deadline - time.monotonic()
        if left_s <= 0:
            self.out_of_time = True
            return Status.UNKNOWN, rows[:0]
        model = self._model(rows, counts, elastic=False)
        found = solve(model, replace(self.limits, time_limit_s=left_s, nodes=nodes))
        self.out_of_time |= found.status is Status.UNKNOWN and nodes is None
        if found.values is None:
            return found.status, rows[:0]
        return Status.FEASIBLE, rows[found.values > 0.5]

    def _model(self, rows: IntArray, counts: Counts, *, elastic: bool) -> Model:
        """Every station once and the counts; `elastic` for the least violation of these rows."""
        members, n = self.columns.members[rows], len(rows)
        column, place = np.nonzero(members >= 0)
        row, at, value = [members[column, place]], [column], [np.ones(len(column))]
        lower, upper = [np.ones(self.stations)], [np.ones(self.stations)]
        joint = self._joint[rows]
        freed = self.columns.freed_units[rows] / FREED_UNITS_PER_OFFICER
        asked = None
        if counts.freed_units is not None:
            asked = (counts.freed_units - FREED_TOLERANCE) / FREED_UNITS_PER_OFFICER
        for coefficients, least, most in (
            (joint, counts.centres, counts.centres),
            (joint * self.columns.size[rows], counts.bundled, counts.bundled),
            (freed, asked, np.inf),
            *(
                (
                    -self.rows[name].amount[rows] / self.rows[name].per_unit,
                    -limit / self.rows[name].per_unit,
                    np.inf,
                )
                for name, limit in counts.at_most
            ),
        ):
            if least is None:
                continue
            held = np.flatnonzero(coefficients)
            row.append(np.full(len(held), self.stations + len(lower) - 1))
            at.append(held)
            value.append(coefficients[held].astype(float))
            lower.append(np.array([float(least)]))
            upper.append(np.array([float(most if most is not None else least)]))
        row_lower, row_upper = np.concatenate(lower), np.concatenate(upper)
        objective, most_each = np.zeros(n), np.ones(n)
        if elastic:
            rows_all = len(row_lower)
            row.append(np.tile(np.arange(rows_all), 2))
            at.append(n + np.arange(2 * rows_all))
            value.append(np.repeat([1.0, -1.0], rows_all))
            price = np.where(np.arange(rows_all) < self.stations, _STATION_PRICE, 1.0)
            objective = np.r_[objective, price, price]
            # Wide enough never to bind, so that all of the dual values is on the rows.
            amounts = sum(
                float(self.rows[n].amount[rows].sum()) / self.rows[n].per_unit
                for n, _ in counts.at_most
            )
            widest = 10.0 * (self.stations + np.abs(row_lower).sum() + np.abs(freed).sum())
            widest += 10.0 * amounts
            most_each = np.full(len(objective), widest)
        return Model(
            objective=objective,
            lower=np.zeros(len(objective)),
            upper=most_each,
            integer=np.full(len(objective), not elastic),
            row=np.concatenate(row),
            column=np.concatenate(at),
            value=np.concatenate(value),
            row_lower=row_lower,
            row_upper=row_upper,
        )
