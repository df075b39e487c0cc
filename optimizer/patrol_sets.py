r"""Every set of visits shared out among vehicles, in compiled loops: exact for few visits.

Labels (time, driving) of each set and its last visit, sets in ascending order as numbers, so that
what a set grows from is there (Held and Karp 1962); then
$g_k(S) = \max_{A \subseteq S} v(A) + g_{k-1}(S \setminus A)$ for k vehicles, with $v(A)$ the
presence of the set times `miss_price`, less the shortest driving of a tour of it.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from optimizer.compiled import compiled
from optimizer.frozen import IntArray
from optimizer.patrol_plan import FAR_S, NO_WAY, PatrolTask, Routes, soonest_s

_MOST_LABELS = 4_000_000
_NONE = -(2**60)


def shared_routes(task: PatrolTask) -> Routes | None:
    """The best routes: least presence missed, then least driving.

    Args:
        task: What is asked, a few visits: memory doubles with each.

    Returns:
        The routes; None where there are too many labels.
    """
    if not task.visits:
        return ()
    travel = np.where(task.travel_s == NO_WAY, FAR_S, task.travel_s)
    arrays = travel, task.stay_s, task.opens_s, task.closes_s, soonest_s(task, homeward=True)
    ends, drive, last, parent = _tours(*arrays, task.shift_s, _MOST_LABELS)
    if not len(ends):
        return None
    worth = _worth(ends, drive, last, travel, task.stay_s, task.miss_price)
    parts = _shared(worth, min(task.vehicles, task.visits))
    routes = []
    for part in parts.tolist():
        route, label = [], int(ends[part])
        while label >= 0:
            route.append(int(last[label]))
            label = int(parent[label])
        if route:
            routes.append(tuple(reversed(route)))
    return tuple(sorted(routes))


@compiled
def _tours(
    travel: IntArray,
    stay: IntArray,
    opens: IntArray,
    closes: IntArray,
    home: IntArray,
    shift: int,
    most: int,
) -> tuple[NDArray[np.int32], NDArray[np.int32], NDArray[np.int8], NDArray[np.int32]]:
    """The label that ends the shortest tour of each set, -1 for none; labels behind one another.

    Returns:
        Shape (2^N,), empty where there are more than `most` labels; and of each label the driving
        so far, the last visit and the label before.
    """
    n = len(stay)
    start = np.zeros((2**n, n + 1), np.int64)
    clock, drive = np.empty(most, np.int32), np.empty(most, np.int32)
    last, parent = np.empty(most, np.int8), np.empty(most, np.int32)
    ends = np.full(2**n, -1, np.int32)
    room = 100_000
    times, ways = np.empty(room, np.int64), np.empty(room, np.int64)
    before = np.empty(room, np.int64)
    made = 0
    for seen in range(1, 2**n):
        shortest = 2**40
        for visit in range(n):
            start[seen, visit] = made
            if not seen >> visit & 1:
                continue
            rest = seen ^ (1 << visit)
            found = 0
            first, past = (-1, 0) if rest == 0 else (start[rest, 0], start[rest, n])
            for label in range(first, past):
                at = 0 if label < 0 else last[label] + 1
                left = 0 if label < 0 else clock[label]
                leaves = max(left + travel[at, visit + 1], opens[visit]) + stay[visit]
                if leaves > closes[visit] or leaves + home[visit + 1] > shift:
                    continue
                if found == room:
                    return ends[:0], drive, last, parent
                times[found] = leaves
                ways[found] = (0 if label < 0 else drive[label]) + travel[at, visit + 1]
                before[found] = label
                found += 1
            least = 2**40
            for one in np.argsort(times[:found] * 2**31 + ways[:found]):
                if ways[one] >= least:
                    continue
                if made == most:
                    return ends[:0], drive, last, parent
                least = ways[one]
                clock[made], drive[made] = times[one], least
                last[made], parent[made] = visit, before[one]
                back = travel[visit + 1, 0]
                if times[one] + back <= shift and least + back < shortest:
                    shortest, ends[seen] = least + back, made
                made += 1
        start[seen, n] = made
    return ends, drive[:made], last[:made], parent[:made]


@compiled
def _worth(
    ends: NDArray[np.int32],
    drive: NDArray[np.int32],
    last: NDArray[np.int8],
    travel: IntArray,
    stay: IntArray,
    price: int,
) -> IntArray:
    """Presence times its price less driving for each set, shape (2^N,)."""
    worth = np.full(len(ends), _NONE, np.int64)
    worth[0] = 0
    for seen in range(1, len(ends)):
        if ends[seen] >= 0:
            given = 0
            for visit in range(len(stay)):
                if seen >> visit & 1:
                    given += stay[visit]
            worth[seen] = given * price - drive[ends[seen]] - travel[last[ends[seen]] + 1, 0]
    return worth


@compiled
def _shared(worth: IntArray, vehicles: int) -> IntArray:
    """The sets that vehicles visit, one each, shape (V,)."""
    size = len(worth)
    best = np.zeros(size, np.int64)
    taken = np.zeros((vehicles, size), np.int32)
    for vehicle in range(vehicles):
        new = np.zeros(size, np.int64)
        # For the last vehicle only all visits together matter.
        for within in range(size - 1 if vehicle == vehicles - 1 else 0, size):
            value, part = best[within], 0
            chosen = within
            while chosen:
                if worth[chosen] > _NONE and worth[chosen] + best[within ^ chosen] > value:
                    value, part = worth[chosen] + best[within ^ chosen], chosen
                chosen = (chosen - 1) & within
            new[within], taken[vehicle, within] = value, part
        best = new
    parts = np.zeros(vehicles, np.int64)
    within = size - 1
    for vehicle in range(vehicles - 1, -1, -1):
        parts[vehicle] = taken[vehicle, within]
        within ^= parts[vehicle]
    return parts
