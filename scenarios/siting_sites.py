"""Where a new site may stand: cells, stations that would not answer, or a table of candidates."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from geo import routing
from geo.columns import Column, Schema
from geo.readers import Source, read_table
from optimizer.errors import InputError, Problem
from optimizer.frozen import FloatArray
from scenarios.load import LoadedCase
from scenarios.names import Names, Wrong
from scenarios.road_world import world_as_read

CANDIDATES = Schema(
    layer="candidates",
    columns=(
        Column(name="site_id", kind="id", required=True, aliases=("编号", "点位编号", "id")),
        Column(name="name", kind="text", aliases=("名称", "点位", "点位名称")),
        Column(name="lon", kind="lon", required=True, aliases=("经度", "lng", "longitude", "x")),
        Column(name="lat", kind="lat", required=True, aliases=("纬度", "latitude", "y")),
        Column(
            name="max_officers", kind="count", minimum=0,
            aliases=("容纳警力", "最多民警", "办公容量"),
        ),
        Column(
            name="takes_at_most", kind="number", minimum=0,
            aliases=("接警上限", "年接警上限", "最多警情", "服务人口上限"),
        ),
    ),
    unique=("site_id",),
    geometry="point",
)  # fmt: skip
MOST_PAIRS = 4_000_000
"""Candidates times cells that are solved in seconds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """A place where a new site may stand.

    Attributes:
        site_id: Of the table, the cell or the station.
        name: For people.
        lon_deg, lat_deg: In WGS84.
        max_officers: Room in the building; inf = no limit known.
        takes_at_most: Alerts a year, or residents, that it takes over; inf = no limit.
    """

    site_id: str
    name: str
    lon_deg: float
    lat_deg: float
    max_officers: float = float("inf")
    takes_at_most: float = float("inf")


def own_candidates(loaded: LoadedCase, idle_stations: frozenset[int]) -> tuple[Site, ...]:
    """Stations that would not answer, then the cells, each at its own point."""
    stations, cells = loaded.county.stations, loaded.county.cells
    seats = [
        Site(
            site_id=stations.station_id[s],
            name=stations.name[s],
            lon_deg=float(stations.lon_deg[s]),
            lat_deg=float(stations.lat_deg[s]),
            max_officers=float(stations.max_officers[s]),
        )
        for s in sorted(idle_stations)
    ]
    points = [
        Site(
            site_id=cells.cell_id[c],
            name=f"{cells.township[c]} {cells.cell_id[c]}",
            lon_deg=float(cells.lon_deg[c]),
            lat_deg=float(cells.lat_deg[c]),
        )
        for c in range(len(cells))
    ]
    return (*seats, *points)


def read_candidates(path: Path, crs: str) -> tuple[Site, ...]:
    """Candidates of a table or a layer of points.

    Raises:
        InputError: everything that is wrong with it.
    """
    source = Source(layer="candidates", path=path, shown=str(path), crs=crs, strict=True)
    table = read_table(source, CANDIDATES)
    errors = [p for p in table.problems if p.severity == "error"]
    if errors:
        raise InputError(errors)
    frame = table.frame
    if not len(frame):
        raise InputError(
            [
                Problem(
                    where=str(path),
                    expected="a row for each candidate",
                    fix="add rows, or leave --candidates out: then every cell is one",
                )
            ]
        )
    room, most = (
        frame[c].astype(float).fillna(np.inf).tolist() if c in frame else [np.inf] * len(frame)
        for c in ("max_officers", "takes_at_most")
    )
    names = frame["name"] if "name" in frame else frame["site_id"]
    return tuple(
        Site(
            site_id=str(frame["site_id"].iloc[i]),
            name=str(names.iloc[i]) if isinstance(names.iloc[i], str) else
            str(frame["site_id"].iloc[i]),
            lon_deg=float(frame["lon_deg"].iloc[i]),
            lat_deg=float(frame["lat_deg"].iloc[i]),
            max_officers=room[i],
            takes_at_most=most[i],
        )
        for i in range(len(frame))
    )  # fmt: skip


def with_room(sites: tuple[Site, ...], officers: int, where: str) -> tuple[Site, ...]:
    """Candidates whose building holds so many officers.

    Raises:
        InputError: none does.
    """
    kept = tuple(s for s in sites if s.max_officers >= officers)
    if kept:
        return kept
    most = max(s.max_officers for s in sites)
    raise InputError(
        [
            Problem(
                where="--officers",
                value=str(officers),
                expected="a candidate with room for so many; the largest of {where} holds {most}",
                fix="ask for fewer officers, or add a candidate with more room",
                params={"where": where, "most": f"{most:g}"},
            )
        ]
    )


def decided_rows(sites: tuple[Site, ...], typed: tuple[str, ...]) -> tuple[int, ...]:
    """Rows of the sites that are decided on already.

    Raises:
        InputError: each that is no candidate.
    """
    names = Names("township", (s.site_id for s in sites), (s.name for s in sites))
    problems, rows = [], []
    for one in typed:
        found = names.find(one)
        if isinstance(found, Wrong):
            problems.append(found.problem("--decided", one))
        else:
            rows.append(names.ids.index(found))
    if problems:
        raise InputError(problems)
    return tuple(dict.fromkeys(rows))


def site_minutes(loaded: LoadedCase, sites: tuple[Site, ...]) -> FloatArray:
    """Minutes by road from each site to each cell, as plans are judged by, shape (F, C)."""
    world, rules, cells = world_as_read(loaded), loaded.policy.roads, loaded.county.cells
    start = world.meet(np.array([s.lon_deg for s in sites]), np.array([s.lat_deg for s in sites]))
    goal = world.meet(cells.lon_deg, cells.lat_deg)
    made = routing.with_walks(
        world.router,
        start.at,
        goal.at,
        routing.reached(world.router, start.at, goal.at),
        walk_km_per_h=rules.walk_km_per_h if rules.count_walk_in else None,
    )
    (minutes,) = goal.least(made.travel_time_min)
    (least,) = start.least(minutes.T)
    found: FloatArray = least.T
    return found
