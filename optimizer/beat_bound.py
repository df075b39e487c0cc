r"""A bound that no plan of beats is below, and what a better plan cannot use.

$$\min \sum_{f,u} p_{fu} x_{fu},\ \sum_f x_{fu} = 1,\ x_{fu} \le y_f,\ \sum_f y_f = k,\
L y_f \le \sum_u w_u x_{fu} \le H y_f,\ x_{f,home(f)} = y_f$$

The rows that serve each unit once are priced out; what is left is a knapsack for each seat, of
which the k best count. Contiguity is left out here, so the bound holds with or without it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from optimizer.beat_core import BeatCore
from optimizer.frozen import BoolArray, FloatArray, IntArray

# Lists of units near a seat are this many times an even share of the units.
_LISTED_SHARES = 6.0
_LEAST_LISTED = 60
_ROUNDING = 1e-10


@dataclass(frozen=True, slots=True, eq=False)
class Bound:
    """A Lagrangian bound.

    Attributes:
        value: No plan is below this.
        dual: Of the units, shape (U,).
        seat_value: Of each seat, shape (F,).
        worth: Of a unit of work at each seat, shape (F,).
        beats: k.
    """

    value: float
    dual: FloatArray
    seat_value: FloatArray
    worth: FloatArray
    beats: int


@dataclass(frozen=True, slots=True, eq=False)
class _Lists:
    price: FloatArray
    unit: IntArray
    size: IntArray
    most: FloatArray


def lagrangian(
    core: BeatCore,
    upper: float,
    *,
    rounds: int,
    start: FloatArray | None = None,
    live: BoolArray | None = None,
) -> Bound:
    """Raise the bound from the prices around a plan's seats.

    Args:
        core: The problem.
        upper: Objective of the best plan known.
        rounds: Steps at most.
        start: Duals to start from, shape (U,).
        live: Seats that count, shape (F,).
    """
    from optimizer.beat_bound_loops import ascend

    rows = np.arange(len(core.seats)) if live is None else np.flatnonzero(live)
    lists = _lists(core, rows)
    dual = np.full(core.units, upper / max(1, core.units)) if start is None else start
    must = np.isin(rows, core.must).astype(np.int64)
    value, dual, seat_value, worth = ascend(
        lists.price, lists.unit, lists.size, core.work, core.home[rows], must, core.low,
        core.high if np.isfinite(core.high) else 1e300, core.task.beats, dual, lists.most, upper,
        rounds, 1.0, 12,
    )  # fmt: skip
    values, worths = np.full(len(core.seats), np.inf), np.zeros(len(core.seats))
    values[rows], worths[rows] = seat_value, worth
    return Bound(value - _ROUNDING * abs(upper), dual, values, worths, core.task.beats)


def live_seats(core: BeatCore, bound: Bound, upper: float) -> tuple[BoolArray, FloatArray]:
    """Seats of which a plan below `upper` may make use, and the bound with each, shape (F,)."""
    key = bound.seat_value.copy()
    key[core.must] = -np.inf
    last = np.partition(key, bound.beats - 1)[bound.beats - 1]
    with_seat = bound.value + np.maximum(0.0, bound.seat_value - last)
    with_seat[core.must] = bound.value
    live: BoolArray = with_seat < upper
    return live, with_seat


def live_arcs(
    core: BeatCore, bound: Bound, with_seat: FloatArray, rows: IntArray, upper: float
) -> list[IntArray]:
    """Units each seat of `rows` may serve in a plan below `upper`; its home is not among them."""
    found = []
    for row in rows:
        price = core.prices(np.array([row]))[0]
        extra = np.maximum(0.0, price - bound.dual - bound.worth[row] * core.work)
        may = with_seat[row] + extra < upper
        may[core.home[row]] = False
        found.append(np.flatnonzero(may))
    return found


def _lists(core: BeatCore, rows: IntArray) -> _Lists:
    """Units by price per work around each seat; those that cost nothing anywhere are left out."""
    n = core.units
    longest = min(n - 1, max(_LEAST_LISTED, int(_LISTED_SHARES * n / core.task.beats)))
    price = np.full((len(rows), longest + 1), np.inf)
    unit = np.zeros((len(rows), longest), np.int64)
    size = np.zeros(len(rows), np.int64)
    least = np.full(n, np.inf)
    reach = np.inf
    per_work = np.where(core.work > 0, core.work, 1.0)
    for at, row in enumerate(rows):
        prices = core.prices(np.array([row]))[0]
        rate = prices / per_work
        rate[core.work <= 0] = np.where(prices[core.work <= 0] > 0, -1.0, np.inf)
        own = int(core.home[row])
        rate[own] = np.inf
        if longest < n - 1:
            some = np.argpartition(rate, longest)
            reach = min(reach, float(rate[some[longest]]))
            some = some[:longest]
        else:
            some = np.flatnonzero(np.arange(n) != own)
        some = some[np.isfinite(rate[some])]
        size[at] = len(some)
        unit[at, : len(some)] = some
        price[at, : len(some)] = prices[some]
        price[at, len(some)] = prices[own]
        least = np.minimum(least, prices)
    most = np.where(core.work > 0, reach * core.work, np.inf)
    # Units without work that cost nothing have no dual.
    most = np.where((core.work <= 0) & (least <= 0), 0.0, most)
    return _Lists(price, unit, size, most)
