"""A patrol shift (必巡线路): what has to be visited, by how many vehicles, and routes that do it.

Times are whole seconds from the start of the shift, so that sums are exact.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from optimizer.frozen import IntArray, read_only

NO_WAY = -1
"""Travel time where no road leads."""

Routes = tuple[tuple[int, ...], ...]
"""Visits of each vehicle in order, as rows of the task."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PatrolTask:
    """N visits from one centre. A key area that is to be seen several times is several visits.

    Attributes:
        names: What is visited, N names.
        travel_s: Seconds by road, shape (N + 1, N + 1), row and column 0 the centre, row i + 1
            visit i; NO_WAY where there is none.
        stay_s: Presence at each visit, shape (N,), above 0.
        opens_s, closes_s: The whole stay lies between the two, shape (N,).
        vehicles: Vehicles at the most.
        shift_s: Length of the shift; every vehicle is back by then.
        place_of: Place of each visit, N numbers; () = visits without driving between them are at
            one place.
    """

    names: tuple[str, ...]
    travel_s: IntArray
    stay_s: IntArray
    opens_s: IntArray
    closes_s: IntArray
    vehicles: int
    shift_s: int
    place_of: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        n = len(self.names)
        if self.place_of and len(self.place_of) != n:
            raise ValueError("patrol.place_of: one for each visit, or none at all")
        shapes = {"travel_s": (n + 1, n + 1), "stay_s": (n,), "opens_s": (n,), "closes_s": (n,)}
        for name, shape in shapes.items():
            array = read_only(getattr(self, name), np.int64, shape=shape, name=f"patrol.{name}")
            object.__setattr__(self, name, array)
        if self.vehicles < 1 or self.shift_s <= 0:
            raise ValueError("patrol: vehicles >= 1 and shift_s > 0")
        if n and int(self.stay_s.min()) <= 0:
            raise ValueError("patrol.stay_s: above 0")

    @property
    def visits(self) -> int:
        """N."""
        return len(self.names)

    @property
    def miss_price(self) -> int:
        """Price of a second of presence missed, in seconds of driving: more than all driving."""
        return self.vehicles * self.shift_s + 1


@dataclass(frozen=True, slots=True, kw_only=True)
class PatrolResult:
    """Routes and what is proven of them.

    Attributes:
        routes: One for each vehicle that drives.
        missed_s: Presence that is not given.
        drive_s: Driving of all vehicles.
        missed_bound_s: No plan misses less.
        drive_bound_s: No plan that misses as little drives less; None while `missed_s` is not
            proven.
        exact: Every possible route was weighed.
    """

    routes: Routes
    missed_s: int
    drive_s: int
    missed_bound_s: int
    drive_bound_s: int | None
    exact: bool

    @property
    def is_optimal(self) -> bool:
        """Nothing can be better: first in presence missed, then in driving."""
        return self.missed_s == self.missed_bound_s and self.drive_s == self.drive_bound_s

    @property
    def gap_fraction(self) -> float | None:
        """Of the driving, 0 = proven; None while the presence missed is not proven."""
        if self.drive_bound_s is None:
            return None
        return (self.drive_s - self.drive_bound_s) / self.drive_s if self.drive_s else 0.0


FAR_S = 10**9
"""Where no road leads, by way of others either: later than any shift."""


def soonest_s(task: PatrolTask, *, homeward: bool = False) -> IntArray:
    """Least driving from the centre to each visit, by way of others too; FAR_S = no way.

    Args:
        task: What is asked.
        homeward: From each visit to the centre instead.

    Returns:
        Shape (N + 1,), first the centre.
    """
    table = np.where(task.travel_s == NO_WAY, FAR_S, task.travel_s)
    table = table.T if homeward else table
    least: IntArray = table[0].copy()
    for _visit in range(task.visits):
        least = np.minimum(least, (least[:, None] + table).min(axis=0))
    return least
