"""Which stations reach each township first, today and in the world of a scenario."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from optimizer.county import County
from optimizer.frozen import FloatArray, IntArray


@dataclass(frozen=True, slots=True, kw_only=True)
class Near:
    """A station and its mean minutes to a township.

    Attributes:
        station: Its name.
        travel_time_min: Mean over the township's alerts; inf = it does not reach all of it.
        missed_cells: Cells of the township that it does not reach.
    """

    station: str
    travel_time_min: float
    missed_cells: int


@dataclass(frozen=True, slots=True, kw_only=True)
class TownshipReach:
    """Stations of one township in one world.

    Attributes:
        township: Its name.
        responsible: The station with most of its alerts.
        nearest: The k that reach it first; fewer where no more reach any of it.
        lost: Stations that reached all of it in the world compared with, and do not here.
    """

    township: str
    responsible: Near
    nearest: tuple[Near, ...]
    lost: tuple[str, ...] = ()

    @property
    def is_nearest_responsible(self) -> bool:
        """Whether no station reaches it sooner than the responsible one."""
        first = self.nearest[0].travel_time_min if self.nearest else np.inf
        return self.responsible.travel_time_min <= first + 1e-9


def township_reach(
    county: County, k: int, before: County | None = None
) -> tuple[TownshipReach, ...]:
    """The k nearest stations of each township, in the order of the townships' names.

    Minutes are those that plans are judged by, from each seat to each cell, weighted by the cells'
    alerts; where a township has none, by its residents, else all alike.

    Args:
        county: The county in one world.
        k: How many stations.
        before: The county in the world to compare with.
    """
    names, group = np.unique(np.array(county.cells.township, dtype=str), return_inverse=True)
    then = _minutes(county, group.astype(np.int64), len(names))
    lost = _lost(county, before, names.tolist(), then)
    share = _responsible(county, group.astype(np.int64), len(names))
    found = []
    for t, name in enumerate(names.tolist()):
        own = np.flatnonzero(group == t)
        missed = (~np.isfinite(county.travel_time_min[:, own])).sum(axis=1)
        # Who reaches all of it comes first; of the others, who reaches most.
        order = np.lexsort((missed, then[:, t]))
        near = [s for s in order.tolist() if missed[s] < len(own)][:k]

        def one(s: int, t: int = t, missed: IntArray = missed) -> Near:
            return Near(
                station=county.stations.name[s],
                travel_time_min=float(then[s, t]),
                missed_cells=int(missed[s]),
            )

        found.append(
            TownshipReach(
                township=name,
                responsible=one(int(share[t])),
                nearest=tuple(one(s) for s in near),
                lost=lost.get(name, ()),
            )
        )
    return tuple(found)


def _minutes(county: County, group: IntArray, n: int) -> FloatArray:
    """Mean minutes from each station to each township, inf where a cell is not reached, (S, T)."""
    cells = county.cells
    alerts, residents = cells.alerts_per_year.sum(axis=1), np.asarray(cells.population, float)
    weight = np.ones(len(cells))
    for t in range(n):
        own = group == t
        for size in (alerts, residents):
            if size[own].sum() > 0:
                weight[own] = size[own]
                break
    made = np.full((len(county.stations), n), np.inf)
    for t in range(n):
        own = np.flatnonzero(group == t)
        minutes = county.travel_time_min[:, own]
        whole = np.isfinite(minutes).all(axis=1)
        made[whole, t] = minutes[whole] @ weight[own] / weight[own].sum()
    return made


def _responsible(county: County, group: IntArray, n: int) -> IntArray:
    """Station with most alerts of each township, without alerts with most cells, shape (T,)."""
    size = np.zeros((n, len(county.stations)))
    alerts = county.cells.alerts_per_year.sum(axis=1)
    np.add.at(size, (group, county.cells.station), alerts + 1e-9)
    found: IntArray = np.argmax(size, axis=1)
    return found


def _lost(
    county: County, before: County | None, names: list[str], then: FloatArray
) -> dict[str, tuple[str, ...]]:
    """Names of stations that reached all of a township before and do not now, by township."""
    if before is None:
        return {}
    old_names, group = np.unique(np.array(before.cells.township, dtype=str), return_inverse=True)
    was = _minutes(before, group.astype(np.int64), len(old_names))
    row = before.stations.index()
    column = {name: t for t, name in enumerate(old_names.tolist())}
    found: dict[str, tuple[str, ...]] = {}
    for t, name in enumerate(names):
        if name not in column:
            continue
        away = [
            county.stations.name[s]
            for s, one in enumerate(county.stations.station_id)
            if one in row
            and np.isfinite(was[row[one], column[name]])
            and not np.isfinite(then[s, t])
        ]
        if away:
            found[name] = tuple(away)
    return found
