r"""Sharing roads by dynamic programming: exact, and quick where few borders are open at a time.

Units are taken one after another, each with a group of jurisdictions or none. What the units to
come must know is only which jurisdictions are taken of those that they could still take, and how
many units have road duty: the state. In a county that is a frontier across the map, some ten
jurisdictions wide, so all states are visited (Bellman 1957, Dynamic Programming).

1. For a load $T$ a group needs $n_A$ officers. A state is kept where officers so far and
   $K_{left} / T$ for the roads left are within all $N$; $T$ starts near the mean load and grows
   until a plan exists. A step from state to state is kept where the fewest officers before it, its
   own and the fewest after it are within $N$. No plan of a load up to $T$ uses another step.
2. The least load is found by bisection over the loads of the groups that are left.
3. At that load, the steps are walked again with the officers of each kind of unit, a kind being the
   squads to whose areas the unit belongs; per state and officers by kind the fewest handovers are
   kept. By max-flow min-cut (Ford and Fulkerson 1956), the officers at home are the least, over all
   sets $X$ of squads, of the officers of squads not in $X$, those needed in units of $X$'s areas,
   and those to spare if any such unit has road duty. So the fewest leavers are read off.

Each of the officers to spare goes where the load is highest among the units that keep the leavers
fewest. Plans that tie in all goals: the first in the order of the search (units so that the
frontier stays short, then by id; groups in the order of their jurisdictions).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from optimizer.frozen import BoolArray, IntArray
from optimizer.road_task import Groups, RoadTask, load_of, officers_needed

MOST_STEPS = 3_000_000
"""With more steps at one unit the frontier is too wide, and branch and bound is better."""

SHARES_ABOVE_MEAN = (0.02, 0.04, 0.08, 0.16, 0.32, 0.64)
"""Loads tried one after another: the mean and these shares of it, then that of the start."""

_MOST_BITS = 62
_TOLERANCE_OFFICERS = 1e-6


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Found:
    """The best plan: unit of each jurisdiction (J,), officers of each unit (R,), its load."""

    duty: IntArray
    officers: IntArray
    load_km: float


class TooWideError(Exception):
    """The frontier is too wide for this method."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Steps:
    """Steps over one unit, Z of them, from a state before it to a state after it.

    Attributes:
        unit: The unit.
        before, after: How many states there are.
        tail, head: States, shape (Z,).
        group: Row of the group that the unit takes, the number of groups for none, shape (Z,).
    """

    unit: int
    before: int
    after: int
    tail: IntArray
    head: IntArray
    group: IntArray


def share_by_frontier(task: RoadTask, groups: Groups, start: IntArray) -> Found:
    """Least load, then fewest leavers, then fewest handovers; see the top of this file.

    Args:
        task: The task.
        groups: Every group that one unit may take.
        start: Any allowed unit of each jurisdiction, with the right number of units, shape (J,).

    Raises:
        TooWideError: too many states.
    """
    mean_km = float(task.road_km.sum()) / task.officers
    most_km = load_of(task, start)
    tried = [mean_km * (1 + share) for share in SHARES_ABOVE_MEAN]
    for load_km in [*(t for t in tried if t < most_km), most_km]:
        steps = _steps(task, groups, load_km)
        if steps:
            break
    least_km, steps = _least_load(task, groups, steps, mean_km, load_km)
    return _at_home(task, groups, steps, least_km)


def _order(may: BoolArray) -> list[int]:
    """Units in an order that keeps the frontier short: next the one that leaves fewest open."""
    left = [r for r in range(may.shape[1]) if may[:, r].any()]
    order: list[int] = []
    is_open = np.zeros(len(may), dtype=np.bool_)
    while left:
        wanted_by = may[:, left].sum(axis=1)
        # Open after unit r: what it or a unit before it may take, and a unit after it too.
        width = {r: int(((is_open | may[:, r]) & (wanted_by > may[:, r])).sum()) for r in left}
        order.append(min(left, key=lambda r: (width[r], r)))
        left.remove(order[-1])
        is_open |= may[:, order[-1]]
    return order


def _need(task: RoadTask, groups: Groups, load_km: float) -> IntArray:
    """Officers of each group at a load; 0 for the group that is none, shape (G + 1,)."""
    needed = officers_needed(groups.road_km, load_km, task.min_officers)
    return np.append(np.minimum(needed, task.officers + 1), 0)


def _steps(task: RoadTask, groups: Groups, load_km: float) -> list[_Steps]:
    """Every step that a plan of at most this load can use; none where there is no such plan."""
    jurisdictions, none = len(task.may), len(groups.unit)
    order, wanted = _order(task.may), task.duty_stations
    shift = len(order).bit_length()
    if jurisdictions + shift > _MOST_BITS:
        raise TooWideError
    bits = 1 << np.arange(jurisdictions, dtype=np.int64)
    taken = np.append(groups.members @ bits, 0)
    km = np.append(groups.road_km, 0.0)
    need = _need(task, groups, load_km)
    per_km = 1.0 / load_km if load_km > 0 else 0.0
    limit = task.officers + _TOLERANCE_OFFICERS
    all_km = float(task.road_km.sum())
    is_useful = need - km * per_km <= limit - all_km * per_km
    last = [max(k for k, r in enumerate(order) if task.may[j, r]) for j in range(jurisdictions)]
    states, least = np.zeros(1, dtype=np.int64), np.zeros(1, dtype=np.int64)
    done_km = np.zeros(1)
    found: list[_Steps] = []
    for k, unit in enumerate(order):
        mine = np.append(np.flatnonzero((groups.unit == unit) & is_useful[:none]), none)
        if len(states) * len(mine) > MOST_STEPS:
            raise TooWideError
        closes = int(sum(int(bits[j]) for j in range(jurisdictions) if last[j] == k))
        mask, opened = states >> shift, states & ((1 << shift) - 1)
        tail, choice = np.nonzero((mask[:, None] & taken[mine][None, :]) == 0)
        group = mine[choice]
        mask = mask[tail] | taken[group]
        officers, step_km = least[tail] + need[group], done_km[tail] + km[group]
        keep = (mask & closes) == closes
        keep &= officers + (all_km - step_km) * per_km <= limit
        opened = opened[tail]
        if wanted is not None:
            opened = opened + (group != none)
            keep &= (opened <= wanted) & (opened + (len(order) - 1 - k) >= wanted)
            keep &= officers + (wanted - opened) * task.min_officers <= task.officers
        key = (((mask & ~closes) << shift) | opened)[keep]
        states, first, head = np.unique(key, return_index=True, return_inverse=True)
        found.append(
            _Steps(
                unit=unit,
                before=len(least),
                after=len(states),
                tail=tail[keep],
                head=head,
                group=group[keep],
            )
        )
        least = np.full(len(states), task.officers + 1)
        np.minimum.at(least, head, officers[keep])
        done_km = step_km[keep][first]
        if not len(states):
            return []
    return _useful(task, found, need)


def _fewest_before(steps: Sequence[_Steps], need: IntArray) -> list[IntArray]:
    """Fewest officers on the way to each state, layer by layer."""
    found = [np.zeros(1, dtype=np.int64)]
    for step in steps:
        fewest = np.full(step.after, np.iinfo(np.int32).max, dtype=np.int64)
        np.minimum.at(fewest, step.head, found[-1][step.tail] + need[step.group])
        found.append(fewest)
    return found


def _fewest_after(steps: Sequence[_Steps], need: IntArray) -> list[IntArray]:
    """Fewest officers from each state to the end, layer by layer."""
    found = [np.zeros(steps[-1].after, dtype=np.int64)]
    for step in reversed(steps):
        fewest = np.full(step.before, np.iinfo(np.int32).max, dtype=np.int64)
        np.minimum.at(fewest, step.tail, found[-1][step.head] + need[step.group])
        found.append(fewest)
    return found[::-1]


def _useful(task: RoadTask, steps: Sequence[_Steps], need: IntArray) -> list[_Steps]:
    """The steps on a way with no more officers than there are; none where there is no such way."""
    before, after = _fewest_before(steps, need), _fewest_after(steps, need)
    if after[0][0] > task.officers:
        return []
    found = []
    for step, so_far, to_come in zip(steps, before[:-1], after[1:], strict=True):
        officers = so_far[step.tail] + need[step.group] + to_come[step.head]
        keep = officers <= task.officers
        found.append(
            replace(step, tail=step.tail[keep], head=step.head[keep], group=step.group[keep])
        )
    return found


def _least_load(
    task: RoadTask, groups: Groups, steps: list[_Steps], mean_km: float, most_km: float
) -> tuple[float, list[_Steps]]:
    """The least load that a plan has, and the steps of such plans."""
    used = np.unique(np.concatenate([s.group for s in steps]))
    used_km = groups.road_km[used[used < len(groups.unit)]]
    each = np.arange(task.min_officers, task.officers + 1)
    loads = np.unique(used_km[:, None] / each)
    loads = loads[(loads >= mean_km * (1 - 1e-9)) & (loads <= most_km)]
    low, high = 0, len(loads) - 1
    while low < high:
        middle = (low + high) // 2
        need = _need(task, groups, float(loads[middle]))
        if _fewest_before(steps, need)[-1].min() <= task.officers:
            high = middle
            steps = _useful(task, steps, need)
        else:
            low = middle + 1
    least_km = float(loads[high])
    return least_km, _useful(task, steps, _need(task, groups, least_km))


# --- officers at home -------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Ways:
    """Ways to the states of one layer, W of them: state, officers by kind, fewest handovers.

    Attributes:
        state, officers, by_kind, handed: Shape (W,); the officers by kind are digits of one number.
        previous, group: The way this one goes on from, and the group it adds.
    """

    state: IntArray
    officers: IntArray
    by_kind: IntArray
    handed: IntArray
    previous: IntArray
    group: IntArray


def _at_home(task: RoadTask, groups: Groups, steps: Sequence[_Steps], load_km: float) -> Found:
    """Fewest officers who leave their squad's area, then fewest handovers."""
    kinds, kind = np.unique(task.in_area.T, axis=0, return_inverse=True)
    digit = (task.officers + 1) ** np.arange(len(kinds), dtype=object)
    if digit[-1] * (task.officers + 1) >= 1 << _MOST_BITS or 2 ** len(task.squad_officers) > 4096:
        raise TooWideError
    need = _need(task, groups, load_km)
    handed = np.append((groups.members & ~task.own.T[groups.unit]).sum(axis=1), 0)
    layers = _walk(task, steps, need, handed, digit.astype(np.int64)[kind.ravel()])
    last = layers[-1]
    held = last.by_kind[:, None] // digit.astype(np.int64) % (task.officers + 1)
    home = _most_at_home(task, kinds, held, task.officers - last.officers)
    best = int(np.lexsort((last.handed, -home))[0])
    chosen = []
    row = best
    for layer in reversed(layers[1:]):
        chosen.append(int(layer.group[row]))
        row = int(layer.previous[row])
    duty = np.zeros(len(task.may), dtype=np.int64)
    officers = np.zeros(task.may.shape[1], dtype=np.int64)
    for g in chosen:
        if g < len(groups.unit):
            duty[groups.members[g]] = groups.unit[g]
            officers[groups.unit[g]] = need[g]
    _spare(task, kinds, kind.ravel(), duty, officers, int(home[best]))
    return Found(duty=duty, officers=officers, load_km=load_km)


def _walk(
    task: RoadTask,
    steps: Sequence[_Steps],
    need: IntArray,
    handed: IntArray,
    digit: IntArray,
) -> list[_Ways]:
    """Ways through all layers; of those that meet with equal officers, the fewest handovers."""
    after = _fewest_after(steps, need)
    zero = np.zeros(1, dtype=np.int64)
    layers = [
        _Ways(state=zero, officers=zero, by_kind=zero, handed=zero, previous=zero, group=zero)
    ]
    for step, to_come in zip(steps, after[1:], strict=True):
        ways = layers[-1]
        by_tail = np.argsort(step.tail, kind="stable")
        first = np.searchsorted(step.tail[by_tail], np.arange(step.before + 1))
        count = np.diff(first)[ways.state]
        if int(count.sum()) > MOST_STEPS:
            raise TooWideError
        previous = np.repeat(np.arange(len(ways.state)), count)
        offset = np.arange(len(previous)) - np.repeat(np.cumsum(count) - count, count)
        taken = by_tail[first[ways.state[previous]] + offset]
        group, state = step.group[taken], step.head[taken]
        officers = ways.officers[previous] + need[group]
        keep = np.flatnonzero(officers + to_come[state] <= task.officers)
        previous, group, state, officers = (a[keep] for a in (previous, group, state, officers))
        by_kind = ways.by_kind[previous] + need[group] * digit[step.unit]
        total = ways.handed[previous] + handed[group]
        order = np.lexsort((total, by_kind, state))
        same = (np.diff(state[order]) == 0) & (np.diff(by_kind[order]) == 0)
        best = order[np.append(True, ~same)]
        layers.append(
            _Ways(
                state=state[best],
                officers=officers[best],
                by_kind=by_kind[best],
                handed=total[best],
                previous=previous[best],
                group=group[best],
            )
        )
    return layers


def _most_at_home(task: RoadTask, kinds: BoolArray, held: IntArray, spare: IntArray) -> IntArray:
    """Officers who serve in their squad's area at the most, shape (W,).

    Args:
        task: The task.
        kinds: Squads whose area each kind of unit is in, shape (K, Q).
        held: Officers needed in units of each kind, shape (W, K); 0 = no such unit has road duty.
        spare: Officers beyond need, for any unit with road duty, shape (W,).
    """
    most = np.full(len(held), task.officers, dtype=np.int64)
    for chosen in range(1 << len(task.squad_officers)):
        inside = (chosen >> np.arange(len(task.squad_officers)) & 1).astype(np.bool_)
        near = held[:, kinds[:, inside].any(axis=1)]
        cut = near.sum(axis=1) + np.where((near > 0).any(axis=1), spare, 0)
        most = np.minimum(most, cut + int(task.squad_officers[~inside].sum()))
    return most


def _spare(
    task: RoadTask,
    kinds: BoolArray,
    kind: IntArray,
    duty: IntArray,
    officers: IntArray,
    home: int,
) -> None:
    """Give each officer to spare to the unit of highest load that keeps `home` at home."""
    km = np.bincount(duty, weights=task.road_km, minlength=len(officers))
    while (left := task.officers - int(officers.sum())) > 0:
        open_units = np.flatnonzero(officers > 0)
        load = km[open_units] / officers[open_units]
        for unit in open_units[np.argsort(-load, kind="stable")].tolist():
            officers[unit] += 1
            held = np.bincount(kind, weights=officers, minlength=len(kinds)).astype(np.int64)
            if _most_at_home(task, kinds, held[None, :], np.array([left - 1]))[0] == home:
                break
            officers[unit] -= 1
