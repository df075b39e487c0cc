"""Slots for the head counts of a flow: day by day, each step goes to the slot it suits best.

Slots in the same state may take each other's steps, so rest and runs hold whatever is chosen; the
choice keeps the hours and shares hours, nights and weekends.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from scipy.optimize import linear_sum_assignment

from optimizer.frozen import IntArray
from optimizer.roster import FREE, RosterTask
from optimizer.roster_flow import State, Step

_NEVER = 1e6
_NIGHTS, _WEEKENDS = 12.0, 12.0


def slots_for(
    task: RosterTask,
    classes: tuple[list[int], ...],
    flow: Mapping[tuple[int, int, Step], int],
) -> IntArray:
    """A roster that takes the steps of a flow; it may break hours, leave or fixed shifts.

    Args:
        task: The task.
        classes: Rows of the slots of each class.
        flow: Slots of a class that take a step on a day.

    Returns:
        Kind of shift by slot and day, shape (N, D).
    """
    shift = np.full((len(task.slots), task.days), FREE, dtype=np.int64)
    steps_of: dict[tuple[int, int], list[Step]] = {}
    for (c, d, step), number in sorted(flow.items()):
        steps_of.setdefault((c, d), []).extend([step] * number)
    for c, members in enumerate(classes):
        _deal(task, members, [steps_of.get((c, d), []) for d in range(task.days)], shift)
    return shift


def _deal(task: RosterTask, members: list[int], days: list[list[Step]], shift: IntArray) -> None:
    allowed = task.allowed()[members]
    hours_of = np.array([k.hours for k in task.shifts] + [0], dtype=float)
    night_of = np.array([k.is_night for k in task.shifts] + [False])
    allowance = task.allowance()[members].astype(float)
    own = np.full((len(members), task.days), FREE, dtype=np.int64)
    state = [State()] * len(members)
    nights, weekends, worked = (np.zeros(len(members)) for _ in range(3))
    week = np.zeros(len(members))
    trained = task.training[members]
    last_weekend = np.full(len(members), -1)
    for d, steps in enumerate(days):
        if d % 7 == 0:
            week = task.limits.training_hours * trained[:, d : d + 7].sum(axis=1).astype(float)
        pace = allowance * (d + 1) / task.days
        cost = np.full((len(members), len(steps)), _NEVER * 10)
        for j, step in enumerate(steps):
            same = np.array([s == step.before for s in state])
            s = step.kind
            if s == FREE:
                price = np.zeros(len(members))
                price[task.fixed[members, d] != FREE] = _NEVER
            else:
                price = worked + hours_of[s] - pace
                price = np.sign(price) * price**2 / 10.0 + _NIGHTS * night_of[s] * nights
                number = task.weekend(d, s)
                if number is not None:
                    price = price + _WEEKENDS * (last_weekend != number) * (1.0 + weekends)
                over = worked + hours_of[s] > allowance
                over |= week + hours_of[s] > task.limits.max_hours_per_week
                price[over | ~allowed[:, d, s]] = _NEVER
            cost[same, j] = price[same]
        chosen, columns = linear_sum_assignment(cost)
        for i, j in zip(chosen.tolist(), columns.tolist(), strict=True):
            s = steps[j].kind
            state[i], own[i, d] = steps[j].after, s
            if s == FREE:
                continue
            worked[i] += hours_of[s]
            week[i] += hours_of[s]
            nights[i] += night_of[s]
            number = task.weekend(d, s)
            if number is not None and last_weekend[i] != number:
                weekends[i] += 1
                last_weekend[i] = number
    shift[members] = own
