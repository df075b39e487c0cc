"""Good beats of many thousand units: one start, settled well, then improved while there is time.

As `beat_search`, but units choose among the nearest seats only, and prices are worked out anew only
for seats that moved.
"""

from __future__ import annotations

import time

import numpy as np

from optimizer.beat_core import BeatCore
from optimizer.beat_search import Found, division, middle_seats, seeds, with_ties
from optimizer.frozen import FloatArray

MANY_UNITS = 3000
_NEAR_SEATS = 16
_LLOYD_ROUNDS, _TOLL_ROUNDS = 24, 40
_ROUNDS, _MOVES_A_UNIT = 240, 10
_STARTS, _AGAIN = 6, 3
_FAR = 1e18
_TINY = 1e-3
# How hot the annealing begins, as a share of the mean price of a unit, by the rounds there is time
# for: what cools too fast ends dearer than what was never hot.
_HEATS = ((200, 3.0), (80, 1.0), (25, 0.3), (0, 0.05))
_REHEAT = 0.2
_COLD = 0.002


def best_of_many(
    core: BeatCore, seed: int, deadline: float, evidence: dict[str, float]
) -> Found | None:
    """The best division found; a valid one first, else the one least out of band.

    Args:
        core: The problem, without a cap on changes.
        seed: Of chance.
        deadline: `time.monotonic()` at which to stop improving; the first start is made in any
            case.
        evidence: `starts`, `valid_starts` and `warmed_up` are put down here.
    """
    random = np.random.default_rng(seed)
    best: Found | None = None
    starts, again = 0, 0
    while starts < _STARTS and (not starts or time.monotonic() < deadline):
        starts += 1
        found = _settled(core, random)
        if found is None:
            continue
        best = _improved(core, found, random, 1.0, deadline)
        if best.valid:
            break
    while best is not None and time.monotonic() < deadline and again < _AGAIN:
        best = _improved(core, best, random, _REHEAT, deadline)
        again += 1
    evidence["starts"], evidence["warmed_up"] = starts, again
    evidence["valid_starts"] = float(best is not None and best.valid)
    return best


def _settled(core: BeatCore, random: np.random.Generator) -> Found | None:
    """Lloyd's alternation with capacities from seats by chance."""
    from optimizer.beat_loops import joined_to_seats
    from optimizer.beat_scale_loops import even_shares_near

    seats = seeds(core, random)
    if seats is None:
        return None
    mean = max(1e-12, float(core.work.mean()))
    # A little work for units without any, so that they, too, go where they are near.
    extra = np.where(core.work > 0, 0.0, _TINY * mean)
    work = core.work + extra
    toll = np.zeros(len(seats))
    near = min(_NEAR_SEATS, len(seats))
    for _ in range(_LLOYD_ROUNDS):
        price = with_ties(core, seats, extra)
        listed = np.argpartition(price, near - 1, axis=0)[:near]
        listed = np.ascontiguousarray(np.sort(listed, axis=0).T)
        prices = np.ascontiguousarray(np.take_along_axis(price, listed.T, axis=0).T)
        step = float(np.median(price.min(axis=0) / work)) + 1e-12
        beat_of = even_shares_near(
            prices, listed, work, core.low, core.high, toll, _TOLL_ROUNDS, step
        )
        joined_to_seats(beat_of, core.home[seats], price, core.first, core.neighbour)
        if bool((beat_of < 0).any()):
            return None
        moved = middle_seats(core, beat_of, seats, random)
        if np.array_equal(moved, seats):
            break
        seats = moved
    return division(core, beat_of, seats)


def _improved(
    core: BeatCore, start: Found, random: np.random.Generator, share: float, deadline: float
) -> Found:
    """Borders moved by annealing, seats along with them; never worse than the start.

    Args:
        core: The problem.
        start: Where to begin.
        random: Chance.
        share: Of the heat that there is time for.
        deadline: `time.monotonic()` by which it has cooled down.
    """
    from optimizer.beat_loops import anneal

    beat_of, seats = start.beat_of.copy(), start.seat_rows.copy()
    units = np.arange(core.units)
    price = _finite(core.prices(seats))
    best = start
    total = float(price[beat_of, units].sum())
    per_work = total / max(1e-300, float(core.work.sum()))
    began = time.monotonic()
    turn, done, hot = 0, 0.0, 0.0
    while done < 1.0:
        heat = 0.0 if done > 0.95 else share * hot * total / core.units * _COLD**done
        fixed = np.zeros(core.units, np.int64)
        fixed[core.home[seats]] = 1
        load = np.bincount(beat_of, core.work, minlength=len(seats))
        anneal(
            price, core.work, core.low, core.high, core.first, core.neighbour, fixed, beat_of,
            load, np.zeros(0, np.int64), core.units, heat, per_work * (0.5 + 20.0 * done),
            random.random((_MOVES_A_UNIT * core.units, 3)),
        )  # fmt: skip
        moved = middle_seats(core, beat_of, seats, random)
        changed = np.flatnonzero(moved != seats)
        if len(changed):
            seats = moved
            price[changed] = _finite(core.prices(seats[changed]))
        total = float(price[beat_of, units].sum())
        if not best.valid or total < best.objective:
            now = division(core, beat_of, seats)
            if (now.off_band, now.objective) < (best.off_band, best.objective):
                best = now
        turn += 1
        now_s = time.monotonic()
        if turn == 1:
            # The first round is cold, and tells how many there is time for.
            rounds = max(0.0, deadline - now_s) / max(1e-9, now_s - began)
            hot = next(heat for least, heat in _HEATS if rounds >= least)
        done = max(turn / _ROUNDS, (now_s - began) / max(1e-9, deadline - began))
    return best


def _finite(price: FloatArray) -> FloatArray:
    found: FloatArray = np.where(np.isfinite(price), price, _FAR)
    return found
