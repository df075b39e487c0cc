"""Roads and officers to share over duty stations: the task on plain arrays, its groups, loads."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from optimizer.frozen import BoolArray, FloatArray, IntArray

IN_TIME_UNIT = 1e-7
"""Shares of accidents become whole numbers of this."""
MOST_GROUPS = 100_000
"""Beyond this many groups only small ones are formed."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class RoadTask:
    """J jurisdictions, R units, Q squads, each in the order of its ids, which breaks ties.

    Attributes:
        may: Units that may take each jurisdiction, shape (J, R).
        own: The unit that each jurisdiction belongs to, shape (J, R).
        road_km: Managed km, shape (J,).
        squad_officers: Shape (Q,).
        in_area: Units in the area of each squad, shape (Q, R).
        duty_stations: Exact number of units that take roads; None = free.
        min_officers: Officers of each such unit at the least, 1 or more.
        in_time: Share of all accidents that a unit reaches in time in each jurisdiction, in whole
            units of `IN_TIME_UNIT`, shape (J, R); None where no share is asked for.
        in_time_at_least: The chosen pairs add up to this.
        leave_price_km: Price of an officer who leaves the squad's area, in km per officer at the
            most loaded unit; None = the least load first.
    """

    may: BoolArray
    own: BoolArray
    road_km: FloatArray
    squad_officers: IntArray
    in_area: BoolArray
    duty_stations: int | None
    min_officers: int
    in_time: IntArray | None = None
    in_time_at_least: int = 0
    leave_price_km: float | None = None

    @property
    def officers(self) -> int:
        """Officers of all squads."""
        return int(self.squad_officers.sum())


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Groups:
    """G groups of jurisdictions, each for one unit.

    Attributes:
        unit: Shape (G,).
        members: Shape (G, J).
        road_km: Shape (G,).
        is_complete: No group was left out.
    """

    unit: IntArray
    members: BoolArray
    road_km: FloatArray
    is_complete: bool

    def only(self, keep: IntArray) -> Groups:
        """The groups at rows `keep`."""
        return Groups(
            unit=self.unit[keep],
            members=self.members[keep],
            road_km=self.road_km[keep],
            is_complete=self.is_complete,
        )


def split_officers(task: RoadTask, duty: IntArray) -> IntArray:
    """Officers of each unit, shape (R,), with the least load: one more where it is highest."""
    road_km = road_km_of(task, duty)
    is_open = np.bincount(duty, minlength=task.may.shape[1]) > 0
    officers = np.where(is_open, task.min_officers, 0)
    for _ in range(task.officers - int(officers.sum())):
        officers[int(np.argmax(_load(road_km, officers, is_open)))] += 1
    return officers.astype(np.int64)


def road_km_of(task: RoadTask, duty: IntArray) -> FloatArray:
    """Managed km of each unit, shape (R,), added in the order of jurisdictions."""
    km = np.bincount(duty, weights=task.road_km, minlength=task.may.shape[1])
    return km.astype(np.float64)


def _load(road_km: FloatArray, officers: IntArray, is_open: BoolArray) -> FloatArray:
    """Km per officer of each unit; -1 where a unit has no road duty."""
    load: FloatArray = np.where(is_open, road_km / np.maximum(officers, 1), -1.0)
    return load


def load_of(task: RoadTask, duty: IntArray) -> float:
    """Least load with these duties."""
    officers = split_officers(task, duty)
    return float(_load(road_km_of(task, duty), officers, officers > 0).max())


def groups_of(task: RoadTask) -> Groups:
    """Every group of jurisdictions that one unit may take, or the small ones if too many."""
    jurisdictions, units = task.may.shape
    most = jurisdictions
    while most > 1 and _count(task.may.sum(axis=0), most) > MOST_GROUPS:
        most -= 1
    unit: list[IntArray] = []
    members: list[BoolArray] = []
    road_km: list[FloatArray] = []
    for r in range(units):
        inside = np.zeros((1, jurisdictions), dtype=np.bool_)
        km = np.zeros(1)
        for j in np.flatnonzero(task.may[:, r]).tolist():
            grow = inside.sum(axis=1) < most
            more = inside[grow]
            more[:, j] = True
            # Added in order of j, so that a sum is the same number wherever it is formed.
            inside, km = np.vstack([inside, more]), np.concatenate([km, km[grow] + task.road_km[j]])
        unit.append(np.full(len(km) - 1, r, dtype=np.int64))
        members.append(inside[1:])
        road_km.append(km[1:])
    return Groups(
        unit=np.concatenate(unit),
        members=np.vstack(members),
        road_km=np.concatenate(road_km),
        is_complete=most == jurisdictions,
    )


def _count(choices: IntArray, most: int) -> float:
    """Groups of 1 to `most` out of each number of choices."""
    total = 0.0
    for n in choices.tolist():
        term = 1.0
        for k in range(1, min(most, n) + 1):
            term *= (n - k + 1) / k
            total += term
    return total


def officers_needed(road_km: FloatArray, load_km: float, min_officers: int) -> IntArray:
    """Fewest officers, `min_officers` or more, with km per officer at most `load_km`."""
    if load_km <= 0:
        return np.where(road_km > 0, np.iinfo(np.int64).max, min_officers)
    needed = np.maximum(np.ceil(road_km / load_km), min_officers)
    # The division rounds; the comparison below is the one that defines the load.
    one_less = np.maximum(needed - 1, min_officers)
    needed = np.where(road_km / one_less <= load_km, one_less, needed)
    needed = np.where(road_km / needed <= load_km, needed, needed + 1)
    return needed.astype(np.int64)
