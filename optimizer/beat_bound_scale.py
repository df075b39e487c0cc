r"""A bound for many thousand units, from lists of the units near each seat.

The relaxation of `beat_bound`: each unit u has a dual $w_u \mu_u$, what is left is a beat for each
seat on its own, and the k seats of least value count. A seat lists only units at up to a rate
(price per unit of work) $\rho_f$. It stays a bound for all arcs: $\mu_u$ is kept at or below 0.85
times the least rate of u from any seat that does not list it, so that an arc left out costs at
least $0.15 \rho_f$ per unit of work after duals, and no toll in the value of a seat is higher.
Units without work have no dual: they count as free. Contiguity is left out.
"""

from __future__ import annotations

import time
from dataclasses import dataclass

import numpy as np

from optimizer.beat_core import BeatCore
from optimizer.beat_search import Found
from optimizer.frozen import FloatArray, IntArray

LISTED_UNITS = 1400
"""Above this many units bounds come from lists: `beat_bound` holds every pair."""
_BELOW = 0.85
_REACH = 1.3
_LISTED_SHARES = 5.0
_BLOCK_ENTRIES = 2_000_000
_FIRST_WORTH = 1.4
_PATIENCE = 8
_LEAST_STEP = 1e-3
_CHUNK = 5
_ROUNDING = 1e-9
_SAMPLE = 8
_UNLIMITED, _NONE_YET = 1e300, -1e300


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class NearLists:
    """The units near each of some seats.

    Attributes:
        rows: Rows of the seats, shape (F',).
        first: Where the list of each begins, shape (F' + 1,).
        unit: Units, shape (L,).
        rate: Price per unit of work, never above the true one, ascending within a seat, (L,).
        beyond: Least rate after duals of what is not listed, shape (F',).
        most: What duals per unit of work are kept at or below, shape (U,).
    """

    rows: IntArray
    first: IntArray
    unit: IntArray
    rate: FloatArray
    beyond: FloatArray
    most: FloatArray

    def some(self, places: IntArray) -> NearLists:
        """Of some of the seats; `most` still holds for all."""
        sizes = np.diff(self.first)[places]
        first = np.r_[0, np.cumsum(sizes)]
        at = np.repeat(self.first[:-1][places] - first[:-1], sizes) + np.arange(first[-1])
        return NearLists(
            rows=self.rows[places], first=first, unit=self.unit[at], rate=self.rate[at],
            beyond=self.beyond[places], most=self.most,
        )  # fmt: skip


def near_lists(
    core: BeatCore, reach: float, shares: float = _LISTED_SHARES, deadline: float = np.inf
) -> NearLists | None:
    """Units of each seat at rates up to `reach`, at most so many even shares of the work.

    Args:
        core: The problem.
        reach: Price per unit of work.
        shares: In even shares of the work.
        deadline: `time.monotonic()` by which the lists are wanted.

    Returns:
        None as soon as it is clear that they will not be ready by then.
    """
    began = time.monotonic()
    n, seats = core.units, len(core.seats)
    busy = core.work > 0
    per_work = np.where(busy, core.work, 1.0)
    enough = shares * float(core.work.sum()) / core.task.beats
    block = max(1, _BLOCK_ENTRIES // max(1, n))
    units, rates, sizes = [], [], np.zeros(seats, np.int64)
    reached = np.full(seats, reach)
    most = np.full(n, np.inf)
    for begin in range(0, seats, block):
        if begin and (time.monotonic() - began) * seats / begin > deadline - began:
            return None
        rows = np.arange(begin, min(seats, begin + block))
        # A little below the true rate, whatever the rounding to single precision.
        rate = core.prices(rows) / per_work * (1.0 - 2e-7)
        rate[:, ~busy] = np.inf
        for at, row in enumerate(rows.tolist()):
            own = rate[at]
            near = np.flatnonzero(own <= reach)
            near = near[near != core.home[row]]
            near = near[np.argsort(own[near], kind="stable")]
            full = int(np.searchsorted(np.cumsum(core.work[near]), enough, side="right"))
            if full < len(near):
                reached[row] = own[near[full]]
                near = near[:full]
            units.append(near.astype(np.int32))
            rates.append(own[near].astype(np.float32))
            sizes[row] = len(near)
            off = own
            off[near] = np.inf
            off[core.home[row]] = np.inf
            np.minimum(most, off, out=most)
    return NearLists(
        rows=np.arange(seats),
        first=np.r_[0, np.cumsum(sizes)],
        unit=np.concatenate(units) if units else np.zeros(0, np.int32),
        rate=np.concatenate(rates) if rates else np.zeros(0, np.float32),
        beyond=(1.0 - _BELOW) * reached,
        most=np.where(busy, _BELOW * most, 0.0),
    )


class NearBound:
    """A bound under way: `raise_for` goes on from where it was."""

    def __init__(self, core: BeatCore, lists: NearLists, upper: float) -> None:
        """`upper`: objective of the best plan known."""
        self.core = core
        self.upper = upper
        self.home = core.home[lists.rows]
        self.lists = lists
        flat = _FIRST_WORTH * upper / max(1e-300, float(core.work.sum()))
        self.worth = np.minimum(np.where(core.work > 0, flat, 0.0), lists.most)
        self.bound = 0.0
        self.rounds = 0

    def raise_for(self, lists: NearLists, rounds: int, step: float, deadline: float) -> None:
        """Take steps with some seats; only those with all seats count for the bound.

        Args:
            lists: Of all seats, or of some.
            rounds: Steps at most.
            step: Share of the gap that the first step aims at.
            deadline: `time.monotonic()` after which no more are taken.
        """
        from optimizer.beat_scale_loops import ascend_near

        core = self.core
        high = core.high if np.isfinite(core.high) else _UNLIMITED
        group = np.full(len(lists.rows), -1, np.int64)
        places = np.flatnonzero(np.isin(lists.rows, core.must))
        group[places] = np.arange(len(places))
        home = core.home[lists.rows]
        own = np.array([
            core.prices(lists.rows[at : at + 1], home[at : at + 1])[0, 0]
            for at in range(len(home))
        ])  # fmt: skip
        worth = self.worth.copy()
        best_worth, way = worth.copy(), np.zeros(core.units)
        state = np.array([_NONE_YET, step, 0.0])
        taken = 0
        while taken < rounds and state[1] > _LEAST_STEP and state[0] < self.upper:
            ascend_near(
                lists.first, lists.unit, lists.rate, core.work, home, own, lists.beyond, group,
                len(places), core.low, high, core.task.beats, worth, best_worth, lists.most, way,
                state, self.upper, _CHUNK, _PATIENCE,
            )  # fmt: skip
            taken += _CHUNK
            if time.monotonic() > deadline:
                break
        self.worth = best_worth
        self.rounds += taken
        if len(lists.rows) == len(core.seats):
            self.bound = max(self.bound, float(state[0]) - _ROUNDING * abs(self.upper))


def bound_of_many(
    core: BeatCore, found: Found, deadline: float, evidence: dict[str, float]
) -> float:
    """A bound on beats of many units; 0 where there was no time for one.

    Args:
        core: The problem.
        found: The best plan known.
        deadline: `time.monotonic()` after which no new steps are taken.
        evidence: `bound_rounds` is put down here.
    """
    price = core.prices(found.seat_rows)[found.beat_of, np.arange(core.units)]
    busy = core.work > 0
    if not busy.any() or time.monotonic() > deadline:
        return 0.0
    reach = _REACH * float((price[busy] / core.work[busy]).max())
    lists = near_lists(core, reach, deadline=deadline)
    if lists is None:
        return 0.0
    bound = NearBound(core, lists, found.objective)
    # Duals are found roughly with few seats, which takes a fraction of the time.
    random = np.random.default_rng(0)
    few = random.permutation(len(lists.rows))[: len(lists.rows) // _SAMPLE]
    few = np.union1d(np.union1d(few, found.seat_rows), core.must)
    now = time.monotonic()
    bound.raise_for(lists.some(few), 250, 1.0, now + 0.4 * (deadline - now))
    bound.raise_for(lists, 1000, 0.3, deadline)
    evidence["bound_rounds"] = bound.rounds
    return bound.bound
