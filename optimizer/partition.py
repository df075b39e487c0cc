r"""Exact set partition over priced columns: linear bound, cuts, fixing, one last branch and bound.

Choose columns $x \in \{0,1\}^N$, every station in exactly one, at least total price, under optional
equalities (counts) and limits. The method, in this order:

0. Without rows over the whole plan: columns dearer than their parts go, and what no column joins is
   decided apart (`pieces.py`).
1. A lower bound: linear relaxation, cuts, and a Lagrangian bound computed in whole numbers
   (`cut_loop.py`).
2. An incumbent: the relaxation itself where it is whole, else branch and bound over the columns of
   small reduced cost, more of them until they hold a plan where no row binds the whole plan.
3. Columns whose reduced cost exceeds incumbent - bound can be in no plan as good: dropped, exactly.
4. Branch and bound over what is left, with the cuts that hold the bound up. Its objective is price
   x M + tie weight with M above every total of tie weights, so that one search settles price first
   and ties second.

Prices stay whole numbers throughout, and every accepted solution is checked in whole numbers.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
from scipy.sparse import csr_matrix, vstack

from optimizer.cover import Cover, Limit
from optimizer.cut_loop import DUAL_SCALE, CutLoop
from optimizer.errors import SolverError
from optimizer.frozen import IntArray
from optimizer.highs import binary_model, branch
from optimizer.pieces import connected_pieces, not_dearer_than_parts
from optimizer.regions import Regions
from optimizer.result import Status
from optimizer.solver import Limits, Model, solve

__all__ = ["Cover", "Limit", "Partition", "Relaxation", "partition", "relaxation"]

_EXACT_TIES = 2.0**45
_FINER = 1000.0
_LIKELY_PER_STATION, _LIKELY_AT_LEAST = 1.2, 200
_WIDER_PER_STATION = (1.6, 2.1, 2.8, 3.7)
_INCUMBENT_NODES = 20
_FEW_COLUMNS = 350
_MANY_COLUMNS = 50_000
_NEAR = 1e-3
_MOST_SEARCHED = 60_000
"""Of more columns a search gets nowhere, and does not look at the clock for half a minute."""
_BOUND_SHARE, _PLAN_SHARE = 0.45, 0.75
"""Of the time: when the bound, and when the search for a plan, must end."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Partition:
    """The answer.

    Attributes:
        status: OPTIMAL only if `bound` equals `price`.
        chosen: Column numbers, sorted; None without a solution.
        price: Their total; None without a solution.
        bound: No partition is cheaper; None where not known.
        columns, cuts, left: What the proof took: columns given, cuts, columns in the last search.
        why: What refuted it, in a few words; empty where there is a plan.
    """

    status: Status
    chosen: IntArray | None = None
    price: int | None = None
    bound: int | None = None
    columns: int = 0
    cuts: int = 0
    left: int = 0
    why: str = ""

    @property
    def effort(self) -> str:
        """What the proof took, in a few words."""
        if self.why:
            return self.why
        return f"{self.columns} columns, {self.cuts} cuts, {self.left} columns in the proof"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Relaxation:
    """What the linear relaxation with its cuts proves, in whole numbers.

    Every partition that keeps the rows has price x scale >= lower_scaled + the sum of
    `reduced_scaled` over its columns.

    Attributes:
        lower_scaled: The bound.
        reduced_scaled: Reduced costs, none below 0, shape (N,).
        scale: Units in one unit of price.
    """

    lower_scaled: int
    reduced_scaled: IntArray
    scale: int

    @property
    def lower(self) -> int:
        """No partition is cheaper."""
        return -(-self.lower_scaled // self.scale)


def partition(cover: Cover, limits: Limits, *, start: IntArray | None = None) -> Partition:
    """Find the cheapest partition and prove it, or say how far the time reached.

    Args:
        cover: The problem.
        limits: Time and seed.
        start: Columns of a known plan to begin from; of no effect where it breaks a row.

    Raises:
        SolverError: a solver failed.
    """
    deadline = time.monotonic() + limits.time_limit_s
    if cover.exactly or cover.limits:
        return _whole(cover, start, limits=limits, deadline=deadline)
    kept = not_dearer_than_parts(cover)
    if start is not None:
        kept = np.union1d(kept, start)
        start = np.searchsorted(kept, start)
    fewer = Cover(
        stations=cover.stations,
        members=cover.members[kept],
        price=cover.price[kept],
        ties=tuple(tie[kept] for tie in cover.ties),
    )
    found = _apart(fewer, start, partial(_whole, limits=limits), deadline)
    chosen = None if found.chosen is None else kept[found.chosen]
    return replace(found, chosen=chosen, columns=len(cover))


def _whole(cover: Cover, start: IntArray | None, *, limits: Limits, deadline: float) -> Partition:
    """One search over all columns."""
    now = time.monotonic()
    # However slow the bound is, there is time for a plan, and however hard that is, for a proof.
    shares = [now + part * (deadline - now) for part in (_BOUND_SHARE, _PLAN_SHARE)]
    search = _Search(cover, CutLoop(cover, limits, shares[0]))
    if start is not None:
        search.offer(start)
    if not search.bound_from_below() and search.best is None:
        return Partition(status=Status.INFEASIBLE, why="linear relaxation infeasible")
    # Where no search follows the plan may take all that is left.
    search.loop.deadline = deadline if len(cover) > 2 * _MOST_SEARCHED else shares[1]
    search.find_incumbent()
    search.loop.deadline = deadline
    return search.prove()


def _apart(
    cover: Cover,
    start: IntArray | None,
    solve_piece: Callable[..., Partition],
    deadline: float,
) -> Partition:
    """Decide apart what no column joins, and put the answers together.

    `solve_piece(cover, start, deadline=...)` is called with the smallest piece first, which leaves
    to the others what it does not need of its share of the time.
    """
    forced, pieces = connected_pieces(cover)
    pieces.sort(key=lambda piece: len(piece.columns))
    to_come = sum(len(piece.columns) for piece in pieces)
    found = []
    for piece in pieces:
        own = None if start is None else np.flatnonzero(np.isin(piece.columns, start))
        now = time.monotonic()
        until = now + (deadline - now) * len(piece.columns) / max(1, to_come)
        to_come -= len(piece.columns)
        found.append(solve_piece(piece.cover, own, deadline=until))
        if found[-1].status is Status.INFEASIBLE:
            return found[-1]
    if len(found) == 1 and not len(forced):
        return found[0]
    settled = int(cover.price[forced].sum())
    bounds = [f.bound for f in found if f.bound is not None]
    plans = [
        p.columns[f.chosen] for p, f in zip(pieces, found, strict=True) if f.chosen is not None
    ]
    together = Partition(
        status=Status.UNKNOWN,
        bound=settled + sum(bounds) if len(bounds) == len(found) else None,
        columns=len(cover),
        cuts=sum(f.cuts for f in found),
        left=len(forced) + sum(f.left for f in found),
    )
    if len(plans) < len(found):
        return together
    proven = all(f.status is Status.OPTIMAL for f in found)
    return replace(
        together,
        status=Status.OPTIMAL if proven else Status.FEASIBLE,
        chosen=np.sort(np.concatenate([forced, *plans])),
        price=settled + sum(f.price for f in found if f.price is not None),
    )


def relaxation(cover: Cover, limits: Limits) -> Relaxation | None:
    """The bound and reduced costs that `partition` starts from; None where no plan exists.

    Out of time it is a weaker bound, never a wrong one.

    Raises:
        SolverError: the solver failed.
    """
    loop = CutLoop(cover, limits, time.monotonic() + limits.time_limit_s)
    if not loop.run():
        return None
    if loop.lower_scaled is None:
        loop.take_bound(np.zeros(cover.stations + len(cover.exactly) + len(cover.limits)))
    assert loop.lower_scaled is not None
    return Relaxation(
        lower_scaled=loop.lower_scaled,
        reduced_scaled=np.maximum(loop.reduced_scaled, 0),
        scale=DUAL_SCALE,
    )


@dataclass(slots=True)
class _Search:
    """State of one search; lives for one call of `partition`."""

    cover: Cover
    loop: CutLoop
    best: IntArray | None = None

    def __post_init__(self) -> None:
        self.offer(self.cover.lone())

    def bound_from_below(self) -> bool:
        """The cut loop; False when the relaxation is infeasible."""
        if not self.loop.run():
            return False
        if (chosen := self.loop.whole()) is not None:
            self.offer(chosen)
        return True

    def find_incumbent(self) -> None:
        """The cheapest plan where columns are few, else a good one from those most likely in it."""
        if self._proven():
            return
        if len(self.cover) <= _FEW_COLUMNS and not self.cover.limits:
            likely = np.arange(len(self.cover))
            model = self._whole_model(likely, ())
            found = solve(model, self.loop.time_left(), backend="cp_sat")
            if found.values is not None:
                self.offer(likely[found.values > 0.5])
            return
        if len(self.cover) > _MANY_COLUMNS and not (self.cover.exactly or self.cover.limits):
            self._by_regions()
            if self._is_near():
                return
        for likely in self._likely():
            limits = replace(self.loop.time_left(), nodes=_INCUMBENT_NODES)
            found = branch(self._whole_model(likely, ()), limits)
            if found.values is not None:
                self.offer(likely[found.values > 0.5])
                return
            if time.monotonic() > self.loop.deadline:
                return

    def _by_regions(self) -> None:
        """A plan from the relaxation's whole columns."""
        loop = self.loop
        if loop.values is None:
            return
        regions = Regions(
            cover=self.cover,
            reduced_scaled=np.maximum(loop.reduced_scaled, 0),
            cuts=loop.cuts[: len(loop.cut_price)],
            cuts_to=loop.cuts_to[: len(loop.cut_price)],
            cut_price=loop.cut_price,
            potential=loop.potential[: self.cover.stations],
            scale=DUAL_SCALE,
            limits=loop.limits,
            deadline=loop.deadline,
        )
        if (chosen := regions.plan(loop.values)) is not None:
            self.offer(chosen)

    def _is_near(self) -> bool:
        """Whether the best plan is so near to the bound that a search would hardly better it."""
        lower = self.loop.lower()
        if self.best is None or lower is None:
            return False
        return self._price(self.best) - lower <= _NEAR * abs(lower)

    def _likely(self) -> Iterator[IntArray]:
        """Columns of small reduced cost, more and more of them.

        With rows over the whole plan every lone station is among them. Without, only at the end:
        so few columns seldom hold a partition, which shows at once, and where they do it is good.
        """
        order, stations = np.argsort(self.loop.reduced_scaled, kind="stable"), self.cover.stations
        if not (self.cover.exactly or self.cover.limits):
            for per_station in (_LIKELY_PER_STATION, *_WIDER_PER_STATION):
                yield np.sort(order[: int(per_station * stations) + _LIKELY_AT_LEAST])
        many = int(_LIKELY_PER_STATION * stations) + _LIKELY_AT_LEAST
        yield np.union1d(order[:many], self.cover.lone())

    def prove(self) -> Partition:
        """Drop what cannot be in a best plan; branch and bound over the rest; settle ties."""
        lower, left = self.loop.lower(), np.arange(len(self.cover))
        best: IntArray | None = self.best
        if best is not None and self.loop.lower_scaled is not None:
            slack = self._price(best) * DUAL_SCALE - self.loop.lower_scaled
            left = np.flatnonzero(self.loop.reduced_scaled <= slack)
            if len(left) == len(best):
                return self.answer(self._price(best), len(left))
            if len(left) > _MOST_SEARCHED:
                return self.answer(lower, len(left))
        ties = self._exact_ties(left)
        # Few columns are quicker, and exact, in constraint programming; it is lost with many.
        # Not with limits, though: it was seen to call a plan the best that was not, where
        # coefficients are of 1e10 (ortools 9.15).
        few = len(left) <= _FEW_COLUMNS and not self.cover.limits
        model = self._whole_model(left, ties)
        start = None if self.best is None else np.isin(left, self.best).astype(float)
        if few:
            found = solve(model, self.loop.time_left(), backend="cp_sat", start=start)
        else:
            found = branch(model, self.loop.time_left(), start=start)
        if found.values is not None and not self.cover.holds(left[found.values > 0.5]):
            # Its tolerance let a limit through in error: its bound holds, its plan does not.
            found = replace(found, status=Status.FEASIBLE, values=None)
        if found.status is Status.INFEASIBLE:
            if self.best is not None:
                raise SolverError("partition: a plan was lost between bound and proof")
            return Partition(status=Status.INFEASIBLE, why="branch and bound")
        if found.values is not None:
            self.offer(left[found.values > 0.5], settles_ties=found.status is Status.OPTIMAL)
        if found.bound is not None:
            factor = self.cover.tie_factor(ties)
            constant = int(self.loop.potential @ self.loop.equal_to)
            reached = constant - (factor - 1 - int(found.bound)) // factor
            lower = reached if lower is None else max(lower, reached)
        return self.answer(lower, len(left))

    def answer(self, lower: int | None, left: int) -> Partition:
        """The best plan with the bound `lower`, after a last search over `left` columns."""
        took = Partition(
            status=Status.UNKNOWN,
            bound=lower,
            columns=len(self.cover),
            cuts=len(self.loop.cuts_to),
            left=left,
        )
        if self.best is None:
            return took
        price = self._price(self.best)
        lower = None if lower is None else min(lower, price)
        return replace(
            took,
            status=Status.OPTIMAL if lower == price else Status.FEASIBLE,
            chosen=self.best,
            price=price,
            bound=lower,
        )

    def _price(self, chosen: IntArray) -> int:
        return int(self.cover.price[chosen].sum())

    def _proven(self) -> bool:
        lower = self.loop.lower()
        if self.best is None or lower is None:
            return False
        return self._price(self.best) <= lower

    def offer(self, chosen: IntArray, *, settles_ties: bool = False) -> None:
        """Keep `chosen` if it holds and is cheaper than the best so far, or as cheap and final."""
        if not self.cover.holds(chosen):
            return
        if self.best is not None:
            dearer_by = self._price(chosen) - self._price(self.best)
            if dearer_by > 0 or (dearer_by == 0 and not settles_ties):
                return
        self.best = np.sort(chosen)

    def _exact_ties(self, columns: IntArray) -> tuple[IntArray, ...]:
        """As many tie weights, from the first, as whole numbers in floating point can hold."""
        shifted = self._shifted(columns)
        ties = self.cover.ties
        while ties:
            factor = self.cover.tie_factor(ties)
            if factor * float(np.abs(shifted).max(initial=1)) <= _EXACT_TIES:
                break
            ties = ties[:-1]
        return ties

    def _shifted(self, columns: IntArray) -> IntArray:
        """Prices less the potentials of the rows with equality: small numbers, same order."""
        shifted: IntArray = (
            self.cover.price[columns] - self.loop.equal[:, columns].T @ self.loop.potential
        )
        return shifted

    def _whole_model(self, columns: IntArray, ties: tuple[IntArray, ...]) -> Model:
        """Branch-and-bound model over some columns: shifted price x factor + tie weights."""
        factor = self.cover.tie_factor(ties)
        objective = self._shifted(columns) * factor + self.cover.tie_weight(ties)[columns]
        rows, lower, upper = self.loop.equal[:, columns], self.loop.equal_to, self.loop.equal_to
        stations = self.cover.stations
        extra, least = [], []
        for limit in self.cover.limits:
            # Spread over the stations the limit becomes 0, so that no tolerance is relative to it.
            # In thousandths of natural units: with coefficients of 1e9 solvers lose their way, and
            # what a tolerance lets through in error, `Cover.holds` refuses.
            each = np.full(stations, limit.at_least // stations, dtype=np.int64)
            each[: limit.at_least % stations] += 1
            spread = limit.coefficients[columns] - self.loop.equal[:stations, columns].T @ each
            unit = max(1.0, limit.per_unit / _FINER)
            extra.append(csr_matrix(spread[None, :] / unit))
            least.append(-limit.tolerance / unit)
        # Cuts that hold the bound up spare the branching; the others would only be in the way.
        priced = np.flatnonzero(self.loop.cut_price)
        cuts, cuts_to = self.loop.cuts[priced][:, columns], self.loop.cuts_to[priced]
        return binary_model(
            objective.astype(float),
            vstack([rows, *extra, cuts], format="csr"),
            np.r_[lower, least, np.full(len(priced), -np.inf)],
            np.r_[upper, np.full(len(least), np.inf), cuts_to],
        )
