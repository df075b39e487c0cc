r"""New sites each of which takes only so much: which to open, and which places each takes over.

Place i gains $g_{ij}$ when site j takes it over from who answers today; a place is taken over whole
or not at all, and who answers today never gets more:

$$\max \sum_{ij} g_{ij} x_{ij},\quad \sum_j x_{ij} \le 1,\quad
\sum_i w_i x_{ij} \le K_j y_j,\quad x_{ij} \le y_j,\quad \sum_j y_j \le n$$

1. A Lagrangian bound: the rows of the places are priced out (Pirkul 1987, Sridharan 1993); what is
   left is a knapsack for each site, solved in fractions, of which the n best count. Subgradients
   lower the bound; each round's sites give a plan.
2. A site whose knapsack shows that no better plan opens it is struck.
3. HiGHS branches on what is left.

Gains become whole numbers on the way in, so that bounds carry no rounding.
"""

from __future__ import annotations

import math
import time
from dataclasses import dataclass, replace

import numpy as np
from scipy.sparse import coo_array, csr_matrix

from optimizer.frozen import BoolArray, FloatArray, IntArray
from optimizer.highs import binary_model, branch
from optimizer.result import Status
from optimizer.solver import Limits

_LARGEST_TOTAL = 2.0**24
_ROUNDS, _PATIENCE, _LEAST_STEP = 300, 10, 1e-3
_BOUND_SHARE = 0.4
# Beyond this many pairs of site and place branching is not worth beginning.
_MOST_COLUMNS = 150_000
_ROUNDING, _UNIT_ROUNDING = 1e-9, 1e-4
_LEAST_S = 0.1


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Taken:
    """Sites, and what each takes over.

    Attributes:
        status: OPTIMAL with a proof that no plan gains more, or, where gains are not whole, none
            by more than C / 2^24 of the most there could be (a hundred-thousandth for 300
            places); INFEASIBLE = proven that not all can be met (`meet_everybody` alone);
            FEASIBLE or UNKNOWN otherwise.
        sites: Rows of the sites opened beside `open_rows`, ascending; idle ones left out.
        taken_by: Row of the site that takes each place over, -1 = none, shape (C,).
        gain: Sum of the gains.
        bound: No plan gains more.
    """

    status: Status
    sites: tuple[int, ...]
    taken_by: IntArray
    gain: float = 0.0
    bound: float = 0.0


def most_gain(
    gain: FloatArray,
    weight: FloatArray,
    limit: FloatArray,
    n: int,
    *,
    open_rows: tuple[int, ...] = (),
    limits: Limits | None = None,
) -> Taken:
    """Open at most n sites that gain most within what each can take.

    Args:
        gain: Of each place taken over by each site, shape (F, C); what is not above 0 is no choice.
        weight: Of each place, such as alerts a year, shape (C,).
        limit: Weight that each site takes at the most, shape (F,).
        n: New sites at the most.
        open_rows: Sites open in any case, beside the n; their limits hold too.
        limits: Time and seed.
    """
    limits = limits or Limits()
    scale = _scale_of(gain.max(axis=0, initial=0.0))
    whole = np.rint(np.maximum(gain, 0.0) * scale)
    whole[weight[None, :] > limit[:, None] * (1 + _ROUNDING)] = 0.0
    search = _Search(whole, weight, limit, n, open_rows, limits)
    search.ascend()
    search.branch()
    taken_by = search.best
    reached = float(gain[taken_by[taken_by >= 0], np.flatnonzero(taken_by >= 0)].sum())
    proven = search.proven
    sites = sorted(set(taken_by[taken_by >= 0].tolist()) - set(open_rows))
    return Taken(
        status=Status.OPTIMAL if proven else Status.FEASIBLE,
        sites=tuple(sites),
        taken_by=taken_by,
        gain=reached,
        # Each gain was rounded by half a unit at the most.
        bound=reached if proven else max(reached, (search.bound + gain.shape[1] / 2) / scale),
    )


def _scale_of(most: FloatArray) -> float:
    """Factor that makes gains whole: 1 where they are whole already and not too large."""
    total = float(most.sum())
    if total <= 0 or (total <= _LARGEST_TOTAL and bool((most == np.rint(most)).all())):
        return 1.0
    return 2.0 ** math.floor(math.log2(_LARGEST_TOTAL / total))


class _Search:
    """One question; gains are whole."""

    def __init__(
        self, gain: FloatArray, weight: FloatArray, limit: FloatArray, n: int,
        open_rows: tuple[int, ...], limits: Limits,
    ) -> None:  # fmt: skip
        self.gain, self.weight, self.limit = gain, weight, limit
        self.n, self.open_rows, self.limits = n, np.array(sorted(open_rows), np.int64), limits
        self.deadline = time.monotonic() + limits.time_limit_s
        self.best: IntArray = np.full(gain.shape[1], -1, np.int64)
        self.reached = 0.0
        self.bound = float(gain.max(axis=0, initial=0.0).sum())
        # Those open in any case are no choice.
        choice = ~np.isin(np.arange(len(gain)), self.open_rows)
        self.kept: BoolArray = choice & (gain > 0).any(axis=1)
        self._tried: set[tuple[int, ...]] = set()

    @property
    def proven(self) -> bool:
        """Whether no plan gains a whole unit more."""
        return self.bound < self.reached + 1.0 - _UNIT_ROUNDING

    def ascend(self) -> None:
        """Lower the bound by subgradients, keeping the best plan on the way."""
        toll: FloatArray = np.zeros(self.gain.shape[1])
        step, idle, kept_toll = 1.0, 0, toll
        until = time.monotonic() + _BOUND_SHARE * self.limits.time_limit_s
        for _ in range(_ROUNDS):
            value, served = self._knapsacks(toll)
            chosen = self._chosen(value)
            total = float(toll.sum() + value[chosen].sum())
            self._offer(chosen)
            if total < self.bound * (1 - 1e-6):
                idle = 0
            else:
                idle += 1
            if total < self.bound:
                self.bound, kept_toll = total, toll
                self._strike(value, chosen, total)
            if self.proven or time.monotonic() > until:
                return
            if idle >= _PATIENCE:
                step, idle, toll = step / 2, 0, kept_toll
                if step < _LEAST_STEP:
                    return
                value, served = self._knapsacks(toll)
                chosen = self._chosen(value)
                total = float(toll.sum() + value[chosen].sum())
            slope = 1.0 - served[chosen].sum(axis=0)
            slope[(toll <= 0) & (slope > 0)] = 0.0  # no toll is below 0
            length = float(slope @ slope)
            if length <= 0:
                return
            toll = np.maximum(0.0, toll - step * (total - self.reached) / length * slope)

    def _knapsacks(self, toll: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Most that each site gains over the tolls, and the share of each place it takes for it."""
        net = np.where(self.gain > 0, self.gain - toll, 0.0)
        light = self.weight <= 0
        worth = net / np.where(light, 1.0, self.weight)
        worth[:, light] = np.where(net[:, light] > 0, np.inf, 0.0)
        order = np.argsort(-worth, axis=1, kind="stable")
        load = np.where(np.take_along_axis(net, order, axis=1) > 0, self.weight[order], 0.0)
        room = self.limit[:, None] - (np.cumsum(load, axis=1) - load)
        with np.errstate(invalid="ignore", divide="ignore"):
            share = np.where(load > 0, np.clip(room / load, 0.0, 1.0), 1.0)
        share[np.take_along_axis(net, order, axis=1) <= 0] = 0.0
        served = np.empty_like(share)
        np.put_along_axis(served, order, share, axis=1)
        return (served * net).sum(axis=1), served

    def _chosen(self, value: FloatArray) -> IntArray:
        """Sites open in any case, then the best n that may be opened."""
        rows = np.flatnonzero(self.kept)
        best = rows[np.argsort(-value[rows], kind="stable")[: self.n]]
        chosen: IntArray = np.concatenate([self.open_rows, np.sort(best)])
        return chosen

    def _strike(self, value: FloatArray, chosen: IntArray, total: float) -> None:
        """Strike the sites with which no plan gains more than the best known."""
        new = chosen[len(self.open_rows) :]
        if not len(new) or len(new) < self.n:
            return
        with_it = total - float(value[new].min()) + value
        hopeless = np.floor(with_it + _ROUNDING * abs(total)) <= self.reached
        hopeless[new] = False
        self.kept &= ~hopeless

    def _offer(self, chosen: IntArray) -> None:
        """Share out places among sites, best first; keep the plan if it gains more."""
        key = tuple(chosen.tolist())
        if key in self._tried:
            return
        self._tried.add(key)
        taken_by = shared_out(self.gain[chosen], self.weight, self.limit[chosen])
        there = np.flatnonzero(taken_by >= 0)
        rows = chosen[taken_by[there]]
        reached = float(self.gain[rows, there].sum())
        if reached > self.reached:
            self.reached = reached
            self.best = np.full(self.gain.shape[1], -1, np.int64)
            self.best[there] = rows

    def branch(self) -> None:
        """Decide what is left by HiGHS, where it is not too much."""
        if self.proven:
            return
        rows = np.flatnonzero(self.kept)
        in_use = [s for s in set(self.best.tolist()) if s >= 0]
        rows = np.union1d(rows, np.array(in_use, np.int64))
        rows = np.setdiff1d(rows, self.open_rows)
        every = np.concatenate([self.open_rows, rows]).astype(np.int64)
        site, place = np.nonzero(self.gain[every] > 0)
        left_s = self.deadline - time.monotonic()
        if len(site) + len(every) > _MOST_COLUMNS or left_s < _LEAST_S:
            return
        sites, pairs = len(every), len(site)
        lower, upper, matrix = self._rows(every, site, place)
        model = binary_model(
            np.concatenate([np.zeros(sites), -self.gain[every[site], place]]), matrix, lower, upper
        )
        model = replace(
            model, lower=np.concatenate([np.arange(sites) < len(self.open_rows), np.zeros(pairs)])
        )
        start = np.concatenate(
            [np.isin(every, [*in_use, *self.open_rows.tolist()]), self.best[place] == every[site]]
        ).astype(float)
        solved = branch(model, replace(self.limits, time_limit_s=left_s), start=start)
        if solved.bound is not None:
            self.bound = min(self.bound, -solved.bound)
        if solved.values is not None and solved.objective is not None:
            if -solved.objective > self.reached:
                used = np.flatnonzero(solved.values[sites:] > 0.5)
                self.best = np.full(self.gain.shape[1], -1, np.int64)
                self.best[place[used]] = every[site[used]]
                self.reached = -solved.objective
            if solved.status is Status.OPTIMAL:
                # Struck sites are in no plan that gains more.
                self.bound = self.reached

    def _rows(
        self, every: IntArray, site: IntArray, place: IntArray
    ) -> tuple[FloatArray, FloatArray, csr_matrix]:
        """Rows of the model: places, room, number of new sites, no taking by a closed site."""
        sites, pairs, places = len(every), len(site), self.gain.shape[1]
        x = sites + np.arange(pairs)
        first = places + sites + 1
        ones, new = np.ones(pairs), (~np.isin(every, self.open_rows)).astype(float)
        entries = (
            (place, x, ones),
            (places + site, x, self.weight[place]),
            (places + np.arange(sites), np.arange(sites), -self.limit_of(every, site, place)),
            (np.full(sites, places + sites), np.arange(sites), new),
            (first + np.arange(pairs), x, ones),
            (first + np.arange(pairs), site, -ones),
        )
        row, column, value = (np.concatenate(part) for part in zip(*entries, strict=True))
        matrix = csr_matrix(coo_array((value, (row, column)), shape=(first + pairs, sites + pairs)))
        upper = np.concatenate(
            [
                np.ones(places),
                np.zeros(sites),
                [float(self.n)],
                np.zeros(pairs),
            ]
        )
        return np.full(first + pairs, -np.inf), upper, matrix

    def limit_of(self, every: IntArray, site: IntArray, place: IntArray) -> FloatArray:
        """Limits of sites, where there is none the whole of what they could take."""
        most = np.bincount(site, self.weight[place], minlength=len(every))
        limit: FloatArray = np.minimum(self.limit[every], most)
        return limit


def shared_out(gain: FloatArray, weight: FloatArray, limit: FloatArray) -> IntArray:
    """Give places to open sites, most gain by weight first, as long as there is room.

    Args:
        gain: Shape (S, C).
        weight: Shape (C,).
        limit: Shape (S,).

    Returns:
        Row of the site of each place, -1 = none, shape (C,).
    """
    taken_by: IntArray = np.full(gain.shape[1], -1, np.int64)
    site, place = np.nonzero(gain > 0)
    per_weight = gain[site, place] / np.maximum(weight[place], _ROUNDING)
    room = limit.astype(float) * (1 + _ROUNDING)
    for i in np.lexsort((site, place, -per_weight)).tolist():
        s, p = site[i], place[i]
        if taken_by[p] < 0 and weight[p] <= room[s]:
            taken_by[p] = s
            room[s] -= weight[p]
    return taken_by


def meet_everybody(
    may: BoolArray,
    weight: FloatArray,
    limit: FloatArray,
    n: int,
    *,
    open_rows: tuple[int, ...] = (),
    limits: Limits | None = None,
) -> Taken:
    """At most n sites that take every place over within their limits, or a proof of none.

    Args:
        may: Whether each site may take each place, shape (F, C).
        weight: Shape (C,).
        limit: Shape (F,).
        n: New sites at the most.
        open_rows: Sites open in any case.
        limits: Time and seed.
    """
    places = may.shape[1]
    may = may & (weight[None, :] <= limit[:, None] * (1 + _ROUNDING))
    nobody: IntArray = np.full(places, -1, np.int64)
    if not places:
        return Taken(status=Status.OPTIMAL, sites=(), taken_by=nobody)
    if not may.any(axis=0).all():
        return Taken(status=Status.INFEASIBLE, sites=(), taken_by=nobody)
    search = _Search(may.astype(float), weight, limit, n, open_rows, limits or Limits())
    rows = np.setdiff1d(np.flatnonzero(may.any(axis=1)), search.open_rows)
    every = np.concatenate([search.open_rows, rows]).astype(np.int64)
    site, place = np.nonzero(may[every])
    if len(site) + len(every) > _MOST_COLUMNS:
        return Taken(status=Status.UNKNOWN, sites=(), taken_by=nobody)
    lower, upper, matrix = search._rows(every, site, place)
    lower[:places] = 1.0
    price = np.concatenate([(np.arange(len(every)) >= len(open_rows)), np.zeros(len(site))])
    solved = branch(binary_model(price.astype(float), matrix, lower, upper), search.limits)
    if solved.status is Status.INFEASIBLE:
        return Taken(status=Status.INFEASIBLE, sites=(), taken_by=nobody)
    if solved.values is None:
        return Taken(status=Status.UNKNOWN, sites=(), taken_by=nobody)
    used = np.flatnonzero(solved.values[len(every) :] > 0.5)
    nobody[place[used]] = every[site[used]]
    sites = sorted(set(nobody.tolist()) - set(open_rows))
    return Taken(status=Status.OPTIMAL, sites=tuple(sites), taken_by=nobody)
