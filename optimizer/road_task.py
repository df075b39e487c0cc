"""Roads and officers to share over duty stations: the task on plain arrays, its groups, loads."""

from __future__ import annotations

import itertools
import math
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

    Where roads of a jurisdiction may go their own ways, J counts its pieces of road instead.

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
        land: Number of the jurisdiction of each piece, shape (J,); None where nothing is parted.
        runs_on: The piece runs on into the unit's own ground or is there, shape (J, R). Of a
            jurisdiction a unit takes all pieces, or some of which one runs on.
        near: Units that cover each sort of main road, shape (M, R); None where no coverage is
            asked for.
        near_units: What each sort adds, shape (M,).
        near_at_least: What the sorts covered add up to.
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
    land: IntArray | None = None
    runs_on: BoolArray | None = None
    near: BoolArray | None = None
    near_units: IntArray | None = None
    near_at_least: int = 0

    @property
    def is_parted(self) -> bool:
        """Whether roads of one jurisdiction may go their own ways."""
        return self.land is not None

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


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Shared:
    """Roads and officers of each unit.

    Attributes:
        duty: Unit of each jurisdiction, shape (J,).
        officers: Officers of each unit, shape (R,).
        load_km: Most managed km per officer at a unit.
        leave_km: Price of the officers who leave; 0 without a price.
        bound_km: No plan has less of both together.
        is_proven: The two goals of lower rank are proven too.
        groups: Groups that the search was over.
        method: How the least load was found.
    """

    duty: IntArray
    officers: IntArray
    load_km: float
    bound_km: float
    is_proven: bool
    groups: int
    method: str
    leave_km: float = 0.0


def split_officers(task: RoadTask, duty: IntArray) -> IntArray:
    """Officers of each unit, shape (R,), with the least load: one more where it is highest."""
    road_km = road_km_of(task, duty)
    is_open = np.bincount(duty, minlength=task.may.shape[1]) > 0
    officers = np.where(is_open, task.min_officers, 0)
    for _ in range(task.officers - int(officers.sum())):
        officers[int(np.argmax(_load(road_km, officers, is_open)))] += 1
    return officers.astype(np.int64)


def running_on(
    task_land: IntArray, runs_on: BoolArray, piece: IntArray, unit: IntArray
) -> list[tuple[int, list[int], bool]]:
    """Rows of a model by which a unit takes all pieces of a jurisdiction, or one that runs on.

    Args:
        task_land: Jurisdiction of each piece, shape (J,).
        runs_on: Shape (J, R).
        piece: Piece of each pair that is a column, sorted, shape (Z,).
        unit: Its unit, shape (Z,).

    Returns:
        For each row a pair, and pairs whose number taken it must not exceed; the last says whether
        it must equal them.
    """
    by: dict[tuple[int, int], list[int]] = {}
    for z, (j, r) in enumerate(zip(piece.tolist(), unit.tolist(), strict=True)):
        by.setdefault((int(task_land[j]), r), []).append(z)
    found = []
    for (_land, r), pairs in sorted(by.items()):
        on = [z for z in pairs if runs_on[piece[z], r]]
        if on:
            found += [(z, on, False) for z in pairs if z not in on]
        else:
            found += [(z, [pairs[0]], True) for z in pairs[1:]]
    return found


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
    """Every group of jurisdictions that one unit may take, or the small ones if too many.

    Where jurisdictions are parted and there are too many, none at all.
    """
    jurisdictions, units = task.may.shape
    most = jurisdictions
    if not task.is_parted:
        while most > 1 and _count(task.may.sum(axis=0), most) > MOST_GROUPS:
            most -= 1
    choices = [_choices(task, r) for r in range(units)]
    if task.is_parted and sum(_size(c) for c in choices) > MOST_GROUPS:
        most, choices = 0, [[] for _ in range(units)]
    unit: list[IntArray] = []
    members: list[BoolArray] = []
    road_km: list[FloatArray] = []
    for r in range(units):
        inside = np.zeros((1, jurisdictions), dtype=np.bool_)
        km = np.zeros(1)
        for pieces in choices[r]:
            grow = inside.sum(axis=1) < most
            base, base_km = inside[grow], km[grow]
            grown, grown_km = [inside], [km]
            for some in pieces:
                more, more_km = base.copy(), base_km
                more[:, list(some)] = True
                # Added in order of j, so that a sum is the same number wherever it is formed.
                for j in some:
                    more_km = more_km + task.road_km[j]
                grown.append(more)
                grown_km.append(more_km)
            inside, km = np.vstack(grown), np.concatenate(grown_km)
        unit.append(np.full(len(km) - 1, r, dtype=np.int64))
        members.append(inside[1:])
        road_km.append(km[1:])
    return Groups(
        unit=np.concatenate(unit),
        members=np.vstack(members),
        road_km=np.concatenate(road_km),
        is_complete=most == jurisdictions,
    )


def _choices(task: RoadTask, unit: int) -> list[list[tuple[int, ...]]]:
    """What a unit may take of each jurisdiction, nothing left out, as sets of pieces."""
    mine = np.flatnonzero(task.may[:, unit]).tolist()
    if task.land is None or task.runs_on is None:
        return [[(j,)] for j in mine]
    found = []
    # Pieces of a jurisdiction follow one another.
    for _land, group in itertools.groupby(mine, key=lambda j: int(task.land[j])):  # type: ignore[index]
        pieces = list(group)
        some = (
            part for n in range(1, len(pieces) + 1) for part in itertools.combinations(pieces, n)
        )
        found.append(
            [p for p in some if len(p) == len(pieces) or task.runs_on[list(p), unit].any()]
        )
    return found


def _size(choices: list[list[tuple[int, ...]]]) -> int:
    return math.prod(1 + len(pieces) for pieces in choices) - 1


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
