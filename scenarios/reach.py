"""Who can still be reached after roads are closed, and from where; who takes over what is lost."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from optimizer.county import Cells, County, Stations
from optimizer.errors import Problem, Translate
from optimizer.frozen import BoolArray, FloatArray, IntArray
from scenarios.change_jurisdictions import Ways
from scenarios.merge_changes import ChangeNotes
from scenarios.scenario_schema import Changes

_CLOSE = "roads.close"
_NAMED = 10
SLOWED_MIN = 10.0
"""A township that closures slow by less is not worth a warning."""
"""Townships and stations that a message names before it only counts them."""


def within_reach(
    stations: Stations,
    cells: Cells,
    station: IntArray,
    ways: Ways,
    changes: Changes,
    notes: ChangeNotes,
) -> IntArray:
    """Stations of cells, each of which reaches its cell, shape (C,).

    A cell that its station no longer reaches is an error, or with `roads.cut_off: nearest` goes to
    the station that reaches it first; where none does, it is an error always.
    """
    lost = _lost(ways.travel_time_min, station)
    if not len(lost) or notes.problems:
        return station
    reached = np.isfinite(ways.travel_time_min[:, lost]).any(axis=0)
    if changes.roads.cut_off == "nearest" and reached.all():
        made = station.copy()
        made[lost] = np.argmin(ways.travel_time_min[:, lost], axis=0)
        told = [
            f"{cells.township[c]} {cells.cell_id[c]}: {stations.name[station[c]]} → "
            f"{stations.name[made[c]]}"
            for c in lost[:_NAMED].tolist()
        ]
        notes.effect(
            ("roads", "cut_off"),
            "{n} cells are cut off from their station and go to the one that reaches them first: "
            "{cells}",
            n=len(lost),
            cells=_listed(told, len(lost)),
        )
        return made
    path: tuple[str, ...] = ("stations",)
    fix = "leave a way open, or give these cells to a station that reaches them (takes_cells)"
    if changes.roads.close:
        path = ("roads", "close")
        fix = (
            "leave a way open, give these cells to a station that reaches them (takes_cells), or "
            "write `cut_off: nearest` under roads"
        )
    if not reached.all():
        fix = "leave a way open: no station reaches some of them"
    townships = list(dict.fromkeys(cells.township[c] for c in lost.tolist()))
    open_to = np.flatnonzero(np.isfinite(ways.travel_time_min[:, lost]).any(axis=1))
    notes.wrong(
        path,
        "a way by road from {stations} to each of its cells; cut off: {townships}, still reached "
        "from {others}",
        fix,
        value=_listed([cells.cell_id[c] for c in lost[:_NAMED].tolist()], len(lost)),
        stations="、".join(dict.fromkeys(stations.name[s] for s in station[lost].tolist())),
        townships=_listed(townships[:_NAMED], len(townships)),
        others=_listed([stations.name[s] for s in open_to[:_NAMED].tolist()], len(open_to)) or "-",
    )
    return station


@dataclass(frozen=True, slots=True, kw_only=True)
class Parted:
    """Cells that the same stations no longer reach.

    Attributes:
        townships: Names of their townships.
        cells: Ids of the cells.
        places: The townships; those of which only a part is lost with its cells behind.
        away: Stations that reached them before and do not now.
        near: Stations that still do, or never did.
    """

    townships: tuple[str, ...]
    cells: tuple[str, ...]
    places: tuple[str, ...]
    away: tuple[str, ...]
    near: tuple[str, ...]


def parted(before: County, after: County) -> tuple[Parted, ...]:
    """Whom a scenario parts, in the order of the townships' names."""
    row = after.stations.index()
    pairs = [(r, row[s]) for r, s in enumerate(before.stations.station_id) if s in row]
    if before.cells.cell_id != after.cells.cell_id or not pairs:
        return ()
    old, new = np.array(pairs).T
    lost: BoolArray = np.isfinite(before.travel_time_min[old]) & ~np.isfinite(
        after.travel_time_min[new]
    )
    cells = after.cells
    size = Counter(cells.township)
    groups: dict[bytes, list[int]] = {}
    for c in sorted(np.flatnonzero(lost.any(axis=0)).tolist(), key=lambda c: cells.township[c]):
        groups.setdefault(lost[:, c].tobytes(), []).append(c)
    found = []
    for members in groups.values():
        away = new[lost[:, members[0]]]
        near = np.setdiff1d(new, away)
        of: dict[str, list[str]] = {}
        for c in members:
            of.setdefault(cells.township[c], []).append(cells.cell_id[c])
        found.append(
            Parted(
                townships=tuple(of),
                cells=tuple(cells.cell_id[c] for c in members),
                places=tuple(
                    name if len(ids) == size[name] else f"{name} ({_some(ids)})"
                    for name, ids in of.items()
                ),
                away=tuple(after.stations.name[s] for s in away.tolist()),
                near=tuple(after.stations.name[s] for s in near.tolist()),
            )
        )
    return tuple(found)


def cut_off_warnings(before: County, after: County, changes: Changes) -> tuple[Problem, ...]:
    """What closures part: townships, and the stations that reached them before and do not now.

    What loses the same stations is told together; cells are named where a township is torn apart.
    """
    if not changes.roads.close:
        return ()
    return tuple(
        Problem(
            where=_CLOSE,
            value=_some(one.places),
            expected="a way by road from every station; {away} can no longer reach all of it, "
            "only {near} can",
            fix="no plan lets those stations answer there while the roads are closed",
            params={"away": _some(one.away), "near": _some(one.near) or "-"},
            severity="warning",
        )
        for one in parted(before, after)
    )


def slowed_warnings(before: County, after: County, changes: Changes) -> tuple[Problem, ...]:
    """Townships still reached, but at least `SLOWED_MIN` later on the mean over their alerts.

    A flood that leaves no road in a township is such a case: what is left is a way on foot.
    """
    if not changes.roads.close or before.cells.cell_id != after.cells.cell_id:
        return ()
    every = np.arange(len(after.cells))
    longer = (
        after.travel_time_min[after.cells.station, every]
        - before.travel_time_min[before.cells.station, every]
    )
    # Where nobody calls, all cells count alike.
    weight = after.cells.alerts_per_year.sum(axis=1) + 1e-9
    found = []
    for name in sorted(set(after.cells.township)):
        inside = np.array([t == name for t in after.cells.township])
        mean = float(np.average(longer[inside], weights=weight[inside]))
        if mean >= SLOWED_MIN:
            found.append((-mean, name))
    if not found:
        return ()
    said = [f"{name} {-mean:+.1f}" for mean, name in sorted(found)]
    return (
        Problem(
            where=_CLOSE,
            value=_some(said),
            expected="townships that today's stations reach less than {limit} minutes later than "
            "with open roads",
            fix="check the closure; minutes are added to the drive, or to the walk from a road",
            params={"limit": f"{SLOWED_MIN:g}"},
            severity="warning",
        ),
    )


def _some(names: Sequence[str]) -> str:
    return _listed(list(names[:_NAMED]), len(names))


def cut_off_text(warnings: Sequence[Problem], translate: Translate) -> str:
    """Whom closures part, in a line for maps; empty where nobody is."""
    said = [
        translate("No longer reached by road: {townships} from {stations}").format(
            townships=warning.value, stations=warning.params["away"]
        )
        for warning in warnings
        if warning.where == _CLOSE and "away" in warning.params
    ]
    return " · ".join(said)


def _lost(travel_time_min: FloatArray, station: IntArray) -> IntArray:
    """Cells that their station does not reach."""
    return np.flatnonzero(~np.isfinite(travel_time_min[station, np.arange(len(station))]))


def _listed(said: list[str], of: int) -> str:
    return ", ".join(said) + (", …" if of > len(said) else "")
