"""The way from one place to another, today and in the world of a scenario."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any, Literal

import numpy as np
import shapely

from geo import routing
from geo.accesses import Accesses
from geo.crs import geometry_to_wgs84, is_known
from geo.plane import as_geometry
from geo.road_marks import RoadMark
from geo.routes import Leg, routes
from geo.snapping import Snapped
from optimizer.errors import InputError, Problem, Translate
from optimizer.frozen import IntArray
from scenarios.library import did_you_mean
from scenarios.load import LoadedCase
from scenarios.names import Wrong, gazetteer
from scenarios.road_world import world_as_read

PlaceKind = Literal["station", "township", "cell", "point"]
_POINT = re.compile(r"^\s*(-?\d+(?:\.\d+)?)\s*[,，]\s*(-?\d+(?:\.\d+)?)\s*$")
_BESIDE_M = 0.5
# A road that only crosses the way shares less than this with its neighbourhood.
_SHARED_M = 50.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """An end of a way.

    Attributes:
        kind: What it is.
        name: For people.
        lon_deg, lat_deg: In WGS84.
    """

    kind: PlaceKind
    name: str
    lon_deg: float
    lat_deg: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Stretch:
    """Consecutive streets of one name and class."""

    name: str
    road_class: str
    road_km: float
    travel_time_min: float


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class WayThere:
    """The fastest way; minutes are those that plans are judged by.

    Attributes:
        travel_time_min, road_km: Walks to and from the road included where the policy counts them;
            inf = there is no way.
        walk_from_km, walk_to_km: Straight lines to the road and from it.
        on_foot: Both places are nearer to each other than to the road together.
        stretches: Roads in order.
        line: From road to road in WGS84; None where there is no drive.
    """

    travel_time_min: float
    road_km: float
    walk_from_km: float
    walk_to_km: float
    on_foot: bool
    stretches: tuple[Stretch, ...]
    line: Any


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Route:
    """A way today and under a scenario.

    Attributes:
        start, goal: Its ends, as the scenario has them where there is one.
        today: On the roads of the case.
        then: In the scenario's world; None without a scenario.
        scenario: Its label.
        met: Lines of the legend of what the scenario changes on the way of today.
        used: Likewise on the way under the scenario.
    """

    start: Place
    goal: Place
    today: WayThere
    then: WayThere | None = None
    scenario: str | None = None
    met: tuple[str, ...] = ()
    used: tuple[str, ...] = ()


def find_place(loaded: LoadedCase, text: str, where: str, crs: str) -> Place | Problem:
    """A station, a township, a cell or a point (`107.33,30.31`), as a planner writes it.

    A township stands for the cell of it with most alerts.

    Args:
        loaded: The case.
        text: What is looked for.
        where: `FROM` or `TO`, for the problem.
        crs: Datum of points.
    """
    point = _POINT.match(text)
    if point is not None:
        given = shapely.Point(float(point[1]), float(point[2]))
        there = geometry_to_wgs84(as_geometry([given]), crs)[0]
        if not (abs(there.x) <= 180.0 and abs(there.y) <= 90.0):
            return Problem(
                where=where,
                value=text,
                expected="longitude first, then latitude, in {crs}",
                fix="exchange the two, or say another --crs",
                params={"crs": crs},
            )
        return Place(kind="point", name=text.strip(), lon_deg=there.x, lat_deg=there.y)
    county = loaded.county
    known, stations, cells = gazetteer(county), county.stations, county.cells
    kinds: tuple[tuple[PlaceKind, Any], ...] = (
        ("station", known.stations),
        ("cell", known.cells),
        ("township", known.townships),
    )
    wrongs: list[Wrong] = []
    for kind, names in kinds:
        one = names.find(text)
        if isinstance(one, Wrong):
            wrongs.append(one)
            continue
        if kind == "station":
            row = stations.station_id.index(one)
            at = float(stations.lon_deg[row]), float(stations.lat_deg[row])
            return Place(kind=kind, name=stations.name[row], lon_deg=at[0], lat_deg=at[1])
        rows = np.flatnonzero(
            np.array([(one == (c if kind == "cell" else t))
                      for c, t in zip(cells.cell_id, cells.township, strict=True)])
        )  # fmt: skip
        row = int(rows[np.argmax(cells.alerts_per_year[rows].sum(axis=1))])
        name = f"{cells.township[row]} {cells.cell_id[row]}"
        return Place(
            kind=kind,
            name=name,
            lon_deg=float(cells.lon_deg[row]),
            lat_deg=float(cells.lat_deg[row]),
        )
    several = next((w for w in wrongs if w.expected.startswith("one of them")), None)
    if several is not None:
        return Problem(
            where=where, value=text, expected=several.expected, fix=several.fix,
            params={"known": several.known},
        )  # fmt: skip
    every = [*stations.name, *sorted(set(cells.township)), *stations.station_id, *cells.cell_id]
    fix, near = did_you_mean(text, every, "check the spelling")
    return Problem(
        where=where,
        value=text,
        expected="a station, a township, a cell, or a point such as 107.33,30.31",
        fix=fix,
        params={"near": near},
    )


def ends_of(
    today: LoadedCase, then: LoadedCase | None, start: str, goal: str, crs: str
) -> list[tuple[Place, Place]]:
    """From and to, in the world of today and, where there is one, in that of a scenario.

    A station that only one of them has stands at the same place in the other.

    Raises:
        InputError: a datum that is not known, and every place that is nowhere.
    """
    if not is_known(crs):
        problem = Problem(
            where="--crs",
            value=crs,
            expected="a datum: WGS84, CGCS2000, GCJ02, BD09 or EPSG:n",
            fix="use one of these",
        )
        raise InputError([problem])
    problems: list[Problem] = []
    ends: list[list[Place]] = [[], []]
    for where, text in (("FROM", start), ("TO", goal)):
        worlds = [world for world in (today, then) if world is not None]
        found = [find_place(world, text, where, crs) for world in worlds]
        places = [one for one in found if isinstance(one, Place)]
        if not places:
            problems += [one for one in found[:1] if isinstance(one, Problem)]
            continue
        for i, one in enumerate(found):
            ends[i].append(one if isinstance(one, Place) else places[0])
    if problems:
        raise InputError(problems)
    return [(pair[0], pair[1]) for pair in ends if pair]


def way_there(loaded: LoadedCase, start: Place, goal: Place) -> WayThere:
    """The fastest way from one place to another in the world of a loaded case."""
    world, rules = world_as_read(loaded), loaded.policy.roads
    ends = [world.meet(np.array([p.lon_deg]), np.array([p.lat_deg])) for p in (start, goal)]
    walk_km_per_h = rules.walk_km_per_h if rules.count_walk_in else None
    made = routing.with_walks(
        world.router,
        ends[0].at,
        ends[1].at,
        routing.reached(world.router, ends[0].at, ends[1].at),
        walk_km_per_h=walk_km_per_h,
    )
    # Beside a new road there are two ways to the road: the quicker.
    pair = np.unravel_index(int(np.argmin(made.travel_time_min)), made.travel_time_min.shape)
    row, column = int(pair[0]), int(pair[1])
    start_at, goal_at = _one(ends[0], row), _one(ends[1], column)
    minutes, km = float(made.travel_time_min[pair]), float(made.road_km[pair])
    walks_km = float(start_at.access_km[0]), float(goal_at.access_km[0])
    straight_km = (
        float(np.hypot(start_at.x_m - goal_at.x_m, start_at.y_m - goal_at.y_m)[0]) / 1000.0
    )
    on_foot = walk_km_per_h is not None and straight_km <= sum(walks_km)
    drive = routes(world.router, start_at, goal_at, np.zeros((1, 2), np.int64))
    there = np.isfinite(minutes) and not on_foot
    return WayThere(
        travel_time_min=minutes,
        road_km=km,
        walk_from_km=walks_km[0],
        walk_to_km=walks_km[1],
        on_foot=on_foot,
        stretches=_stretches(loaded, drive.legs[0]) if there else (),
        line=drive.line[0] if there else None,
    )


def compare_ways(
    today: LoadedCase,
    then: LoadedCase | None,
    ends: Sequence[tuple[Place, Place]],
    translate: Translate,
) -> Route:
    """The way today, and under a scenario with what it changes on either.

    Args:
        today: The case as read.
        then: The case in the scenario's world; None without a scenario.
        ends: From and to, in the world of today and in that of the scenario.
        translate: For the names of what changes.
    """
    was = way_there(today, *ends[0])
    if then is None:
        return Route(start=ends[0][0], goal=ends[0][1], today=was)
    now = way_there(then, *ends[-1])
    assert then.router.index is not None
    plane = then.router.index.plane

    def on(way: WayThere, marks: Sequence[RoadMark]) -> tuple[str, ...]:
        if way.line is None:
            return ()
        # On the plane on which streets are straight between their points.
        beside = plane.project(as_geometry([way.line]))[0].buffer(_BESIDE_M)
        return tuple(
            mark.text(translate)
            for mark in marks
            if not len(mark.lines) or _share_road(plane.project(mark.lines), beside)
        )

    label = None if then.scenario is None else then.scenario.label
    return Route(
        start=ends[-1][0],
        goal=ends[-1][1],
        today=was,
        then=now,
        scenario=label,
        met=on(was, then.road_marks),
        used=on(now, [mark for mark in then.road_marks if mark.kind != "closed"]),
    )


def _share_road(lines: Any, way: Any) -> bool:
    """Whether more than a point of some lines lies on a way."""
    near = lines[shapely.intersects(lines, way)]
    common = shapely.length(shapely.intersection(near, way))
    return bool((common > np.minimum(0.5 * shapely.length(near), _SHARED_M)).any())


def _one(ends: Accesses, row: int) -> Snapped:
    rows: IntArray = np.array([row])
    return Snapped(**{name: getattr(ends.at, name)[rows] for name in Snapped.__dataclass_fields__})


def _stretches(loaded: LoadedCase, legs: Sequence[Leg]) -> tuple[Stretch, ...]:
    """Legs joined where name and class go on."""
    graph = loaded.network
    called = [
        (graph.name_of(leg.street), graph.class_names[graph.street_class[leg.street]], leg)
        for leg in legs
    ]
    found = []
    for (name, kind), group in groupby(called, key=lambda one: one[:2]):
        own = [leg for *_, leg in group]
        found.append(
            Stretch(
                name=name,
                road_class=kind,
                road_km=sum(leg.road_km for leg in own),
                travel_time_min=sum(leg.travel_time_min for leg in own),
            )
        )
    return tuple(found)
