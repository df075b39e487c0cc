"""A lower bound for patrol routes: an assignment with a price on time.

Every visit has one leg in and one out or is missed (a loop at its own price); the centre has as
many rows as vehicles. Leaving out that routes hang together, and pricing the total of working
minutes instead of keeping each vehicle's, can only make it cheaper, so the value is a bound
(Lagrangian relaxation over the assignment relaxation of Carpaneto and Toth 1980).
"""

from __future__ import annotations

import numpy as np
from scipy.optimize import linear_sum_assignment

from optimizer.frozen import FloatArray
from optimizer.patrol_plan import NO_WAY, PatrolTask

_STEPS = 40
_BARRED = 1e15


def patrol_bound(task: PatrolTask) -> int:
    """No plan has a lower `miss_price` x presence missed + driving, in seconds."""
    if not task.visits:
        return 0
    drive, work, loop = _tables(task)
    budget = float(task.vehicles * task.shift_s)

    def value(price: float) -> float:
        table = drive + price * work
        size = task.visits
        table[np.arange(size), np.arange(size)] = loop
        rows, columns = linear_sum_assignment(table)
        return float(table[rows, columns].sum()) - price * budget

    best = value(0.0)
    low, high = 0.0, float(2 * task.miss_price)
    for _step in range(_STEPS):  # concave in the price
        left, right = low + (high - low) / 3.0, high - (high - low) / 3.0
        at_left, at_right = value(left), value(right)
        best = max(best, at_left, at_right)
        if at_left < at_right:
            low = left
        else:
            high = right
    # Down by what floating sums may lose.
    return max(int(np.ceil(best - 1e-6 - 1e-12 * abs(best))), 0)


def _tables(task: PatrolTask) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Driving and working seconds of each leg, visits first and then the centre's rows."""
    n, size = task.visits, task.visits + task.vehicles
    at = np.concatenate([np.arange(1, n + 1), np.zeros(task.vehicles, np.int64)])
    drive = task.travel_s[at[:, None], at[None, :]].astype(float)
    drive[drive == NO_WAY] = _BARRED
    # A leg that arrives too late even if it starts as early as can be is no leg.
    leaves = np.zeros(size)
    leaves[:n] = np.maximum(task.opens_s, _soonest_s(task)) + task.stay_s
    must_begin = np.full(size, float(task.shift_s))
    must_begin[:n] = task.closes_s - task.stay_s
    drive[leaves[:, None] + drive > must_begin[None, :]] = _BARRED
    # A vehicle that stays in: from the centre to the centre.
    drive[n:, n:] = 0.0
    stay = np.zeros(size)
    stay[:n] = task.stay_s
    work = np.where(drive < _BARRED, drive, 0.0) + stay[:, None]
    return drive, work, task.stay_s.astype(float) * task.miss_price


def _soonest_s(task: PatrolTask) -> FloatArray:
    """Least driving from the centre to each visit, by way of others too."""
    table = task.travel_s.astype(float)
    table[task.travel_s == NO_WAY] = np.inf
    least: FloatArray = table[0, 1:]
    for _visit in range(task.visits):
        least = np.minimum(least, (least[:, None] + table[1:, 1:]).min(axis=0))
    return least
