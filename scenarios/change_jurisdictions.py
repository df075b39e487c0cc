"""Who is responsible where after stations open and close, and where their officers go."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from optimizer.county import County, Stations
from optimizer.frozen import BoolArray, FloatArray, IntArray
from scenarios.cases.apportion import largest_remainder
from scenarios.change_stations import COUNTS
from scenarios.merge_changes import ChangeNotes
from scenarios.scenario_schema import Changes

CellAt = Callable[[FloatArray, FloatArray], IntArray]
"""Row of the cell at each point, -1 outside all."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Ways:
    """Travel between S seats and C cells.

    Attributes:
        travel_time_min, road_km: From each seat to each cell, shape (S, C); inf = unreachable.
        station_time_min: From seat to seat, shape (S, S), zero diagonal.
    """

    travel_time_min: FloatArray
    road_km: FloatArray
    station_time_min: FloatArray


def with_jurisdictions(
    county: County,
    stations: Stations,
    ways: Ways,
    changes: Changes,
    cell_at: CellAt,
    notes: ChangeNotes,
) -> tuple[Stations, IntArray]:
    """Which station is responsible where, after openings and closings; officers follow.

    1. A station gets the cells and townships that it `takes`.
    2. A new station that takes nothing by name gets the cell it stands in, and around it every cell
       that is reached sooner from it than from the station responsible today.
    3. Each cell of a closed station goes to `cells_to`; else to the open station nearest by road
       among the neighbours of the closed one; if none of those can reach it, among all.
    4. Its officers, establishment and auxiliaries go to `officers_to`; else they are shared over
       the stations that take its cells, by the alerts these bring (by cells where there are none),
       in whole numbers by largest remainder.

    Args:
        county: Cells, adjacency and alerts.
        stations: All seats, new ones last.
        ways: From these seats.
        changes: What opens, closes and takes.
        cell_at: For new seats.
        notes: Problems and effects are added.

    Returns:
        The stations with head counts after closing (closed ones still among them), and the row of
        the station of each cell, shape (C,).
    """
    ground = _Ground(county, stations, ways, changes, notes)
    ground.take()
    ground.fill_new(cell_at)
    ground.close()
    return replace(stations, **ground.counts), ground.station


def without_closed(
    county: County,
    stations: Stations,
    station: IntArray,
    ways: Ways,
    duty_km: FloatArray,
    changes: Changes,
) -> County:
    """The county of the stations that have cells.

    Managed roads go with the cells. A new station belongs to the squad that names it; else to the
    one that manages most of its roads today.

    Args:
        county: For everything else.
        stations: Stations, closed ones still among them.
        station: Station of each cell, shape (C,).
        ways: From all seats.
        duty_km: Managed road in each cell, shape (C, R).
        changes: For the squads that name new stations.
    """
    kept = np.isin(np.arange(len(stations)), station)
    rows = np.flatnonzero(kept)
    new_row = np.cumsum(kept) - 1
    areas = _areas(county, stations, station, duty_km, changes)
    columns: dict[str, Any] = {
        name: tuple(getattr(stations, name)[s] for s in rows.tolist())
        if name in ("station_id", "name")
        else getattr(stations, name)[rows]
        for name in Stations.__dataclass_fields__
    }
    road_km = np.zeros((len(stations), duty_km.shape[1]))
    np.add.at(road_km, station, duty_km)
    # A closed station cannot stand for the place of a unit; the nearest open one does.
    nearest = rows[np.argmin(ways.station_time_min[:, rows], axis=1)]
    squads, units = county.squads, county.units
    return replace(
        county,
        stations=Stations(**columns),
        cells=replace(county.cells, station=new_row[station]),
        travel_time_min=ways.travel_time_min[rows],
        road_km=ways.road_km[rows],
        station_time_min=ways.station_time_min[np.ix_(rows, rows)],
        station_adjacency=None,
        squads=replace(squads, stations=areas),
        units=replace(units, station=new_row[nearest[units.station]]) if len(units) else units,
        duty_road_km=road_km[rows],
    )


def _areas(
    county: County,
    stations: Stations,
    station: IntArray,
    duty_km: FloatArray,
    changes: Changes,
) -> tuple[tuple[str, ...], ...]:
    """Stations of each squad: closed ones out, new ones in."""
    squads, old = county.squads, county.stations.station_id
    open_ids = {stations.station_id[s] for s in station.tolist()}
    areas = [[s for s in area if s in open_ids] for area in squads.stations]
    for s in range(len(old), len(stations)):
        one = stations.station_id[s]
        named = [
            q
            for q, squad_id in enumerate(squads.squad_id)
            if (squad := changes.squads.get(squad_id)) and one in (squad.stations or ())
        ]
        mine = station == s
        km = [
            float(duty_km[mine & np.isin(county.cells.station, [old.index(a) for a in area])].sum())
            for area in squads.stations
        ]
        if one in open_ids and (named or (km and max(km) > 0)):
            areas[named[0] if named else int(np.argmax(km))].append(one)
    return tuple(tuple(sorted(area)) for area in areas)


class _Ground:
    """The cells while stations take them over."""

    def __init__(
        self,
        county: County,
        stations: Stations,
        ways: Ways,
        changes: Changes,
        notes: ChangeNotes,
    ) -> None:
        self.cells = county.cells
        self.pairs = county.cell_adjacency
        self.alerts = county.cells.alerts_per_year.sum(axis=1)
        self.stations = stations
        self.ways = ways
        self.notes = notes
        self.rows = stations.index()
        self.changes = {k: v for k, v in changes.stations.items() if v is not None}
        self.first_new = len(county.stations)
        self.station = county.cells.station.copy()
        self.taken = np.zeros(len(county.cells), np.bool_)
        self.counts = {name: getattr(stations, name).copy() for name in COUNTS}

    def take(self) -> None:
        """Give stations the cells they take by name."""
        cell_row = {c: i for i, c in enumerate(self.cells.cell_id)}
        township = np.array(self.cells.township, dtype=object)
        before = self.station.copy()
        for one, change in self.changes.items():
            named = {"takes_cells": change.takes_cells, "takes_townships": change.takes_townships}
            for key, ids in named.items():
                if ids is None or one not in self.rows:
                    continue
                mine = np.isin(township, np.array(ids, dtype=object))
                if key == "takes_cells":
                    mine = np.isin(np.arange(len(before)), [cell_row[c] for c in ids])
                twice = np.flatnonzero(mine & self.taken)
                if len(twice):
                    self.notes.wrong(
                        ("stations", one, key),
                        "cells that one station takes, once; {n} are taken twice",
                        "take them out of one of the two",
                        value=self.cells.cell_id[twice[0]],
                        n=len(twice),
                    )
                if (before[mine] == self.rows[one]).all():
                    self.notes.nothing(
                        ("stations", one, key), "cells of another station: all are its own already"
                    )
                self.taken |= mine
                self.station[mine] = self.rows[one]

    def fill_new(self, cell_at: CellAt) -> None:
        """Give new stations the cells around them that they reach sooner."""
        new = np.arange(self.first_new, len(self.stations))
        if not len(new):
            return
        before = self.cells.station
        seat = cell_at(self.stations.lon_deg[new], self.stations.lat_deg[new])
        own_min = self.ways.travel_time_min[before, np.arange(len(before))]
        new_min = self.ways.travel_time_min[new]
        sooner = (new_min.min(axis=0) < own_min) & ~self.taken
        best = np.argmin(new_min, axis=0)
        for i, s in enumerate(new.tolist()):
            one = self.stations.station_id[s]
            change = self.changes[one]
            if change.takes_cells is None and change.takes_townships is None:
                mine = sooner & (best == i)
                mine[seat[i]] = not self.taken[seat[i]]
                self.station[_connected(self.pairs, mine, int(seat[i]))] = s
            gained = np.flatnonzero(self.station == s)
            names = sorted({self.stations.name[b] for b in before[gained].tolist()})
            self.notes.effect(
                ("stations", one),
                "{n} cells with {alerts} alerts a year, from {stations}",
                n=len(gained),
                alerts=f"{self.alerts[gained].sum():,.0f}",
                stations="、".join(names),
            )

    def close(self) -> None:
        """Give away the cells and officers of closed stations; no open one may be left idle."""
        closed = np.array(
            [
                bool(one in self.changes and self.changes[one].close)
                for one in self.stations.station_id
            ]
        )
        if closed.all():
            first = next(iter(self.changes))
            self.notes.wrong(
                ("stations", first, "close"), "a station that stays open", "keep one open"
            )
            return
        before = self.station.copy()
        neighbours = self._neighbours()
        shut = np.flatnonzero(closed).tolist()
        given = [
            self._give_cells(s, np.flatnonzero(before == s), closed, neighbours[s]) for s in shut
        ]
        named: dict[int, int | None] = {}
        for s in shut:
            one = self.stations.station_id[s]
            officers_to = self.changes[one].officers_to
            if officers_to is not None:
                named[s] = self._open(officers_to, one, "officers_to", closed)
        if all(given) and None not in named.values():
            self._give_officers(shut, named)
        idle = ~closed & ~np.isin(np.arange(len(closed)), self.station)
        for s in np.flatnonzero(idle).tolist():
            one = self.stations.station_id[s]
            self.notes.wrong(
                ("stations", one if one in self.changes else next(iter(self.changes))),
                "at least one cell for every open station; {station} has none left",
                "close it, or leave it a cell",
                station=self.stations.name[s],
            )

    def _neighbours(self) -> BoolArray:
        """Which stations' jurisdictions touch, shape (S, S)."""
        n = len(self.stations)
        touch = np.zeros((n, n), np.bool_)
        one, two = self.station[self.pairs].T
        touch[one, two] = touch[two, one] = True
        return touch

    def _give_cells(self, s: int, own: IntArray, closed: BoolArray, touching: BoolArray) -> bool:
        """Give the cells `own` of the closed station `s` to open ones; False where none can."""
        one = self.stations.station_id[s]
        change = self.changes[one]
        if change.cells_to is not None:
            heir = self._open(change.cells_to, one, "cells_to", closed)
            if heir is not None:
                self.station[own] = heir
            return heir is not None
        minutes = self.ways.travel_time_min[:, own]
        near = np.where((~closed & touching)[:, None], minutes, np.inf)
        all_open = np.where(~closed[:, None], minutes, np.inf)
        minutes = np.where(np.isfinite(near).any(axis=0), near, all_open)
        lost = own[~np.isfinite(minutes).any(axis=0)]
        if len(lost):
            self.notes.wrong(
                ("stations", one, "close"),
                "another station that can reach each of its cells by road",
                "keep it open, or leave a way open",
                value=", ".join(self.cells.cell_id[c] for c in lost[:10].tolist()),
            )
            return False
        self.station[own] = np.argmin(minutes, axis=0)
        return True

    def _give_officers(self, shut: list[int], named: Mapping[int, int | None]) -> None:
        """Let officers, establishment and auxiliaries of the closed stations follow their cells."""
        givers: dict[int, list[str]] = {}
        for s in shut:
            one = self.stations.station_id[s]
            own = np.flatnonzero(self.cells.station == s)
            heirs, heir_of = np.unique(self.station[own], return_inverse=True)
            n_cells = np.bincount(heir_of, minlength=len(heirs))
            alerts = np.bincount(heir_of, self.alerts[own], minlength=len(heirs))
            takers, weights = heirs, (alerts if alerts.sum() > 0 else n_cells).astype(float)
            if s in named:
                takers, weights = np.array([named[s]]), np.ones(1)
            shares = {n: largest_remainder(int(self.counts[n][s]), weights) for n in COUNTS}
            for name, share in shares.items():
                self.counts[name][takers] += share
                self.counts[name][s] = 0
            for taker in takers[shares["officers"] > 0].tolist():
                givers.setdefault(taker, []).append(one)
            self.notes.effect(
                ("stations", one, "close"),
                "cells to {cells}; officers to {officers}",
                cells=self._listed(heirs, n_cells),
                officers=self._listed(takers, shares["officers"]),
            )
        self._check_rooms(givers)

    def _open(self, named: str, one: str, key: str, closed: BoolArray) -> int | None:
        """Row of a station that takes something over, if it stays open."""
        if not closed[self.rows[named]]:
            return self.rows[named]
        self.notes.wrong(
            ("stations", one, key),
            "a station that stays open",
            "name another one",
            value=named,
        )
        return None

    def _check_rooms(self, givers: dict[int, list[str]]) -> None:
        """No station takes more officers from closed ones than its building holds."""
        for s, closing in sorted(givers.items()):
            officers, room = int(self.counts["officers"][s]), float(self.stations.max_officers[s])
            for one in closing if officers > room else ():
                self.notes.wrong(
                    ("stations", one, "close"),
                    "room for its officers: {name} would have {officers}, and its building holds "
                    "{room:.0f}",
                    "name another station under officers_to, or raise max_officers there",
                    name=self.stations.name[s],
                    officers=officers,
                    room=room,
                )

    def _listed(self, rows: IntArray, numbers: IntArray) -> str:
        said = [
            f"{self.stations.name[s]} {n}"
            for s, n in zip(rows.tolist(), numbers.tolist(), strict=True)
            if n
        ]
        return "、".join(said) or "-"


def _connected(pairs: IntArray, mine: BoolArray, seat: int) -> IntArray:
    """The cells among `mine` that hang together with `seat`."""
    inner = pairs[mine[pairs].all(axis=1)]
    graph = coo_array((np.ones(len(inner)), (inner[:, 0], inner[:, 1])), shape=(len(mine),) * 2)
    label = connected_components(graph, directed=False)[1]
    return np.flatnonzero(mine & (label == label[seat]))
