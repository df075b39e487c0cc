r"""Strength by marginal steps: every number of moves at once.

The best $k$ exchanges are the $k$ cheapest arrivals and the $k$ cheapest departures (Fox 1966): the
terms of the imbalance are convex, so each unit's steps never get cheaper, and no unit is on both
sides. Two sorted lists are therefore the whole frontier of imbalance against moves. Arrivals that a
floor asks for come first, whatever they cost.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from optimizer.frozen import FloatArray, IntArray
from optimizer.reassignment_task import RoleTask, imbalance, step_price, steps

GAIN_TOLERANCE = 1e-12
"""An exchange must gain more than this, relative, so that rounding moves nobody."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Curve:
    """The frontier of one role. K exchanges at the most.

    Attributes:
        giver, taker: Units that the k-th exchange takes one from and gives one to, shape (K,).
        value: Imbalance after 0..K exchanges, shape (K + 1,).
        least: Exchanges that floors ask for.
    """

    giver: IntArray
    taker: IntArray
    value: FloatArray
    least: int

    def change(self, moves: int, units: int) -> IntArray:
        """Change of each unit after so many exchanges, shape (U,)."""
        found: IntArray = np.bincount(self.taker[:moves], minlength=units) - np.bincount(
            self.giver[:moves], minlength=units
        )
        return found


def curve(task: RoleTask) -> Curve | None:
    """All exchanges that gain something, the best first; None where the floors cannot be met.

    The task's rules on ways, rotation and qualifications are not looked at, nor is `max_moves`.
    """
    giver, number = steps(task.spare)
    departure = -step_price(task.target, giver, task.before[giver] - number - 1)
    best = np.lexsort((giver, departure))
    giver, departure = giver[best], departure[best]
    floors = np.minimum(task.forced, task.room)
    if (floors < task.forced).any():
        return None
    taker, number = steps(_arrivals(task, departure))
    arrival = step_price(task.target, taker, task.before[taker] + number)
    is_free = number >= task.forced[taker]
    best = np.lexsort((taker, arrival, is_free))
    taker, arrival = taker[best], arrival[best]
    least = int(task.forced.sum())
    k = min(len(giver), len(taker))
    if k < least:
        return None
    with np.errstate(invalid="ignore"):
        price = arrival[:k] + departure[:k]
        gains = -price > GAIN_TOLERANCE * (np.abs(arrival[:k]) + 2.0)
    gains[:least] = True
    k = k if gains.all() else int(np.argmin(gains))
    finite = [np.where(np.isfinite(p[:k]), p[:k], 0.0) for p in (arrival, departure)]
    first = imbalance(task.before, task.target)
    return Curve(
        giver=giver[:k],
        taker=taker[:k],
        value=first + np.r_[0.0, np.cumsum(finite[0] + finite[1])],
        least=least,
    )


def _arrivals(task: RoleTask, departure: FloatArray) -> IntArray:
    """Arrivals at each unit that could gain something, or that its floor asks for, shape (U,)."""
    useful = paid_arrivals(task, task.before, departure)
    found: IntArray = np.minimum(np.maximum(useful, task.forced), task.room).astype(np.int64)
    return found


def paid_arrivals(task: RoleTask, level: IntArray, departure: FloatArray) -> IntArray:
    """Most arrivals at each unit, from a level on, that some departure could pay for, shape (U,).

    Who leaves a unit that requires nobody pays for any arrival; there are only so many of them.
    """
    gains = -departure
    priced = gains[np.isfinite(gains)]
    gain = float(priced.max(initial=-2.0)) + float(task.worth.max())
    idle = len(gains) - len(priced)
    # (2n + 1)/q - 2 < gain
    most = np.ceil(((gain + 2.0) * task.target - 1.0) / 2.0).astype(np.int64) - level + 1
    found: IntArray = np.where(
        task.target > 0, np.clip(np.maximum(most, 0) + idle, 0, len(departure)), 0
    )
    return found


def marginal(
    task: RoleTask, people: IntArray, recruits: int, room: IntArray
) -> tuple[tuple[int, float], ...]:
    """Where recruits serve, one after another: unit and the fall of the imbalance.

    Args:
        task: Targets are read; they are for the strength with the recruits.
        people: In post before the recruits come, shape (U,).
        recruits: How many come.
        room: Most that each unit may take, shape (U,).
    """
    unit, number = steps(np.minimum(room, recruits))
    price = step_price(task.target, unit, people[unit] + number)
    # Units below their floor come first.
    is_free = people[unit] + number >= task.floor[unit]
    best = np.lexsort((unit, price, is_free))[:recruits]
    return tuple((int(unit[i]), -float(price[i]) if np.isfinite(price[i]) else 0.0) for i in best)
