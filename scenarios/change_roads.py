"""Roads closed, cut and slowed: what a scenario says, street by street, and the roads it leaves."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import shapely
from shapely.ops import substring

from geo.closures import Cuts, cuts_of
from geo.network import RoadNetwork
from geo.plane import GeometryArray, Plane, as_geometry, plane_of
from optimizer.frozen import BoolArray, FloatArray, IntArray
from scenarios.library import did_you_mean
from scenarios.merge_changes import ChangeNotes
from scenarios.scenario_schema import Closure, RoadChanges, Speed

CUT_M = 20.0
# A point further than this from every road is no bridge but a slip.
NEAR_M = 500.0
# Places this close to a node of the network stand on it.
_ON_NODE_M = 1.0
# Pieces shorter than this are rounding, not road.
_SPECK_M = 0.01
# Roads that an effect names before it only counts them.
_NAMED_ROADS = 5

Cut = tuple[int, float, float]
"""Street, and from where to where it is closed, in metres along it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RoadLabels:
    """What the road layer calls its roads. K streets.

    Attributes:
        name, road_id: Of each street, empty where it has none, shape (K,).
        unused_ids: Ids of roads in the layer that are not in the network, such as footpaths.
    """

    name: Sequence[str]
    road_id: Sequence[str]
    unused_ids: frozenset[str] = frozenset()

    def of(self, streets: Iterable[int]) -> str:
        """Roads for people: names, else ids, each once, the first few."""
        said = dict.fromkeys(self.name[s] or self.road_id[s] for s in streets)
        known = [text for text in said if text]
        return ", ".join(known[:_NAMED_ROADS]) + (", …" if len(known) > _NAMED_ROADS else "")


class Streets:
    """The streets of a network on a plane, with their labels. K streets.

    Args:
        network: The roads.
        labels: What the road layer calls them.
        places: Position in WGS84 of each station and cell, by id.
    """

    def __init__(
        self,
        network: RoadNetwork,
        labels: RoadLabels,
        places: Mapping[str, tuple[float, float]],
    ) -> None:
        self.network = network
        self.along, self.against = network.street_arcs()
        self.plane: Plane = plane_of(network.line[self.along])
        self.lines: GeometryArray = self.plane.project(network.line[self.along])
        self.length_m = np.asarray(shapely.length(self.lines), float)
        self.tree = shapely.STRtree(self.lines)
        self.labels = labels
        self.places = places

    def shape(self, points: Sequence[tuple[float, float]], *, closed: bool) -> Any:
        """A drawn line, or the area of a ring, on the plane."""
        xy = np.column_stack(self.plane.xy(*np.array(points, float).T))
        return shapely.make_valid(shapely.polygons(xy)) if closed else shapely.linestrings(xy)

    def named(self, name: str) -> IntArray:
        """Streets of this name."""
        return np.flatnonzero(np.array([n == name for n in self.labels.name], dtype=bool))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class RoadPlan:
    """What a scenario does to K streets.

    Attributes:
        slowness: Minutes over minutes before, shape (K,).
        cuts: Stretches that are closed.
    """

    slowness: FloatArray
    cuts: tuple[Cut, ...]

    def fractions(self, streets: Streets) -> Cuts:
        """The cuts as fractions of their streets' lines."""
        length_m = streets.length_m
        return cuts_of((s, a / length_m[s], b / length_m[s]) for s, a, b in self.cuts)


Weight = Callable[[Speed, tuple[str, ...]], float]
"""Share of the alerts that fall in the months and hours of a change of speed."""


def always(speed: Speed, path: tuple[str, ...]) -> float:
    """Every change counts in full."""
    return 1.0


def road_plan(
    streets: Streets,
    changes: RoadChanges,
    drawn: Mapping[str, GeometryArray],
    notes: ChangeNotes,
    weight: Weight = always,
) -> RoadPlan:
    """Closures and changes of speed, street by street.

    A closure by point or line cuts a street there: both remains stay and end dead. Inside an area
    the road is closed and goes on outside. Speeds divide minutes, so they act on roads with given
    minutes too; in part of a street they act on that part.

    Args:
        streets: The roads.
        changes: Closures and speeds.
        drawn: Shapes in WGS84 of each `drawn` file, by its name.
        notes: Problems and effects are added.
        weight: How much a change of speed counts that holds at times only.
    """
    slowness = _slowness(streets, changes, notes, weight)
    cuts: list[Cut] = []
    for name, closure in (changes.close or {}).items():
        if closure is None:
            continue
        path = ("roads", "close", name)
        found = _cuts(streets, closure, drawn, path, notes)
        fresh = _fresh(found, cuts)
        if found and not fresh:
            notes.nothing(path, "a road that is not closed already by another line")
        if fresh:
            km = sum(
                (end - start) / streets.length_m[s] * streets.network.length_km[streets.along[s]]
                for s, start, end in fresh
            )
            shut = sorted({street for street, _, _ in fresh})
            names = streets.labels.of(shut)
            notes.effect(
                path,
                "{n} roads closed over {km} km: {names}"
                if names
                else "{n} roads closed over {km} km",
                n=len(shut),
                km=f"{km:.2f}",
                names=names,
            )
        cuts += fresh
    return RoadPlan(slowness=slowness, cuts=tuple(cuts))


def changed_network(streets: Streets, plan: RoadPlan) -> RoadNetwork:
    """The roads as they then are, for maps: dead ends where they are cut, other minutes."""
    network = streets.network
    arcs = np.append(plan.slowness, 1.0)[network.street]  # turns, which are street -1, stay
    network = replace(network, travel_time_min=network.travel_time_min * arcs)
    return network if not plan.cuts else _without(network, streets, plan.cuts)


# --- speeds ---------------------------------------------------------------------------------


def _slowness(
    streets: Streets, changes: RoadChanges, notes: ChangeNotes, weight: Weight
) -> FloatArray:
    """Minutes of each street over its minutes in the case, shape (K,)."""
    network = streets.network
    slowness = np.full(len(streets.along), 1.0 / (changes.speed_factor or 1.0))
    for name, speed in (changes.speeds or {}).items():
        if speed is None:
            continue
        path = ("roads", "speeds", name)
        if speed.factor is None:
            notes.wrong(path, "a factor", "add `factor:`")
            continue
        share = _share(streets, speed, path, notes)
        if share is None:
            continue
        if not share.any():
            notes.nothing(path, "roads that it speaks of: there are none")
        at_times = speed.months is not None or speed.hours is not None
        part = weight(speed, path) if at_times else 1.0
        slowness *= 1.0 + part * share * (1.0 / speed.factor - 1.0)
        # A whole class of roads is not told name by name.
        names = streets.labels.of(np.flatnonzero(share).tolist()) if speed.id is not None else ""
        if at_times:
            notes.effect(
                path,
                "{km} km of road; counts by {share} of the alerts",
                km=f"{(share * network.length_km[streets.along]).sum():,.1f}",
                share=f"{part:.0%}",
            )
            continue
        notes.effect(
            path,
            "{km} km of road: {names}" if names else "{km} km of road",
            km=f"{(share * network.length_km[streets.along]).sum():,.1f}",
            names=names,
        )
    return slowness


def _share(
    streets: Streets, speed: Speed, path: tuple[str, ...], notes: ChangeNotes
) -> FloatArray | None:
    """Share of each street that a change of speed speaks of, shape (K,)."""
    network = streets.network
    share = np.ones(len(streets.along))
    if speed.classes is not None:
        classes = np.array([n in speed.classes for n in network.class_names], dtype=bool)
        share *= classes[network.class_code[streets.along]]
    if speed.name is not None:
        rows = _rows_named(streets, speed.name, (*path, "name"), notes)
        if rows is None:
            return None
        share *= np.isin(np.arange(len(share)), rows)
    if speed.id is not None:
        rows = _rows_with_id(streets, speed.id, (*path, "id"), notes)
        if rows is None:
            return None
        share *= np.isin(np.arange(len(share)), rows)
    if speed.inside is not None:
        area = streets.shape(speed.inside, closed=True)
        inside = shapely.length(shapely.intersection(streets.lines, area))
        share *= inside / streets.length_m
    return share


# --- closures -------------------------------------------------------------------------------


def _cuts(
    streets: Streets,
    closure: Closure,
    drawn: Mapping[str, GeometryArray],
    path: tuple[str, ...],
    notes: ChangeNotes,
) -> list[Cut]:
    """What one closure closes; problems where that is nothing."""
    half_m = (closure.length_m or CUT_M) / 2.0
    if closure.length_m is not None and closure.near is None and closure.across is None:
        notes.wrong((*path, "length_m"), "`near` or `across`, which it belongs to", "delete it")
    if closure.near is not None:
        return _near(streets, closure.near, half_m, path, notes)
    if closure.between is not None:
        return _between(streets, closure.between, path, notes)
    if closure.name is not None:
        rows = _rows_named(streets, closure.name, (*path, "name"), notes)
        return [] if rows is None else _whole(streets, rows)
    if closure.id is not None:
        rows = _rows_with_id(streets, closure.id, (*path, "id"), notes)
        return [] if rows is None else _whole(streets, rows)
    if closure.across is not None:
        shapes = [(streets.shape(closure.across, closed=False), "across")]
    elif closure.inside is not None:
        shapes = [(streets.shape(closure.inside, closed=True), "inside")]
    elif closure.drawn is not None:
        shapes = [
            (shape, "inside" if shapely.get_dimensions(shape) == 2 else "across")
            for shape in streets.plane.project(drawn.get(closure.drawn, as_geometry([])))
        ]
        if not shapes:
            return []  # the file could not be read; told already
    else:
        notes.wrong(
            path,
            "where the road is closed: near, across, inside, name, id, between or drawn",
            "add one of them",
        )
        return []
    found: list[Cut] = []
    for shape, kind in shapes:
        found += _across(streets, shape, half_m) if kind == "across" else _inside(streets, shape)
    if not found:
        notes.nothing(path, "a shape that meets a road; this one meets none")
    return found


def _near(
    streets: Streets,
    point: tuple[float, float],
    half_m: float,
    path: tuple[str, ...],
    notes: ChangeNotes,
) -> list[Cut]:
    place = streets.plane.points(*point)
    street = int(streets.tree.query_nearest(place, all_matches=True).min())
    gap_m = float(shapely.distance(place, streets.lines[street]))
    if gap_m > NEAR_M:
        notes.wrong(
            (*path, "near"),
            "a point on a road; the nearest is {gap:,.0f} m away",
            "check longitude, latitude and the block's crs",
            value=f"{point[0]:.5f}, {point[1]:.5f}",
            gap=gap_m,
        )
        return []
    middle = float(shapely.line_locate_point(streets.lines[street], place))
    return [_clipped(streets, street, middle - half_m, middle + half_m)]


def _between(
    streets: Streets, ends: Sequence[str], path: tuple[str, ...], notes: ChangeNotes
) -> list[Cut]:
    """The streets that join two places directly."""
    network = streets.network
    x_m, y_m = streets.plane.xy(network.node_lon_deg, network.node_lat_deg)
    node = []
    for one in ends:
        x, y = streets.plane.xy(*streets.places[one])
        off_m = np.hypot(x_m - x, y_m - y)
        node.append(int(np.argmin(off_m)) if off_m.min() <= _ON_NODE_M else -1)
    tail, head = network.tail[streets.along], network.head[streets.along]
    joins = ((tail == node[0]) & (head == node[1])) | ((tail == node[1]) & (head == node[0]))
    if min(node) < 0 or node[0] == node[1] or not joins.any():
        notes.wrong(
            (*path, "between"),
            "two places that one road joins directly",
            "write `near:` and a point on the road, or `across:` and a line over it",
            value=", ".join(ends),
        )
        return []
    return _whole(streets, np.flatnonzero(joins))


def _rows_named(
    streets: Streets, name: str, path: tuple[str, ...], notes: ChangeNotes
) -> IntArray | None:
    rows = streets.named(name)
    if len(rows):
        return rows
    known = sorted({n for n in streets.labels.name if n})
    if known:
        fix, near = did_you_mean(name, known, "check the spelling")
    else:
        fix, near = "the roads of this case have no names; write `near:` and a point", ""
    notes.wrong(path, "the name of a road", fix, value=name, near=near)
    return None


def _rows_with_id(
    streets: Streets, ids: Sequence[str], path: tuple[str, ...], notes: ChangeNotes
) -> IntArray | None:
    """Streets with one of these ids; None, and a problem for each id, where one has none."""
    # A street made of several ways has the ids of all.
    given = [text.split(";") for text in streets.labels.road_id]
    known = sorted({one for several in given for one in several if one})
    is_complete = True
    for one in ids:
        if one in known:
            continue
        is_complete = False
        if one in streets.labels.unused_ids:
            notes.wrong(
                path,
                "the id of a road that cars can use; this one is left out",
                "delete it, or correct road_class in the road layer",
                value=one,
            )
            continue
        fix, near = did_you_mean(one, known, "check the spelling")
        if not known:
            fix = "the roads of this case have no ids; write `near:` and a point"
        notes.wrong(path, "the id of a road", fix, value=one, near=near)
    if not is_complete:
        return None
    return np.flatnonzero([not set(ids).isdisjoint(several) for several in given])


def _across(streets: Streets, line: Any, half_m: float) -> list[Cut]:
    rows = np.sort(streets.tree.query(line, predicate="intersects"))
    found = []
    for street in rows.tolist():
        met = shapely.intersection(streets.lines[street], line)
        for x, y in np.unique(shapely.get_coordinates(met), axis=0).tolist():
            middle = float(shapely.line_locate_point(streets.lines[street], shapely.Point(x, y)))
            found.append(_clipped(streets, street, middle - half_m, middle + half_m))
    return found


def _inside(streets: Streets, area: Any) -> list[Cut]:
    rows = np.sort(streets.tree.query(area, predicate="intersects"))
    found = []
    for street in rows.tolist():
        line = streets.lines[street]
        for part in shapely.get_parts(shapely.intersection(line, area)):
            if shapely.length(part) >= streets.length_m[street] - _SPECK_M:
                found += _whole(streets, np.array([street]))
            elif shapely.length(part) > _SPECK_M:
                tips = shapely.get_point(part, [0, -1])
                start, end = np.sort(shapely.line_locate_point(line, tips)).tolist()
                found.append((street, start, end))
    return found


def _whole(streets: Streets, rows: IntArray) -> list[Cut]:
    return [(s, 0.0, float(streets.length_m[s])) for s in rows.tolist()]


def _clipped(streets: Streets, street: int, start: float, end: float) -> Cut:
    return street, max(start, 0.0), min(end, float(streets.length_m[street]))


def _fresh(found: Sequence[Cut], cuts: Sequence[Cut]) -> list[Cut]:
    """The cuts that no earlier one covers."""
    return [
        (s, a, b)
        for s, a, b in found
        if not any(t == s and c <= a + _SPECK_M and b <= d + _SPECK_M for t, c, d in cuts)
    ]


# --- the new network ------------------------------------------------------------------------


def _open_parts(streets: Streets, street: int, cuts: Sequence[Cut]) -> list[tuple[float, float]]:
    """From where to where a street stays open, in metres along it."""
    length = float(streets.length_m[street])
    closed = sorted((a, b) for s, a, b in cuts if s == street)
    parts, at = [], 0.0
    for start, end in [*closed, (length, length)]:
        if start - at > _SPECK_M:
            parts.append((at, start))
        at = max(at, end)
    return parts


def _without(network: RoadNetwork, streets: Streets, cuts: Sequence[Cut]) -> RoadNetwork:
    """The network with the cuts taken out; open streets first, in their order, then remains."""
    touched = sorted({s for s, _, _ in cuts})
    is_open: BoolArray = ~np.isin(network.street, touched)
    columns: dict[str, list[Any]] = {
        name: getattr(network, name)[is_open].tolist()
        for name in ("tail", "head", "length_km", "travel_time_min", "class_code")
    }
    # Turns inside a junction have no street: theirs stays -1.
    left = network.street[is_open]
    street = np.where(left < 0, -1, np.searchsorted(np.unique(left[left >= 0]), left)).tolist()
    line = list(network.line[is_open])
    lon, lat = network.node_lon_deg.tolist(), network.node_lat_deg.tolist()
    n_streets = len(streets.along) - len(touched)
    for s in touched:
        length = float(streets.length_m[s])
        for start, end in _open_parts(streets, s, cuts):
            part = substring(streets.lines[s], start, end)
            drawn = streets.plane.unproject(as_geometry([part]))[0]
            ends = []
            for at, node, i in ((start, 0, 0), (end, 1, -1)):
                whole = (network.tail, network.head)[node][streets.along[s]]
                if (at <= _SPECK_M, at >= length - _SPECK_M)[node]:
                    ends.append(int(whole))
                else:
                    ends.append(len(lon))
                    x, y = shapely.get_coordinates(drawn)[i].tolist()
                    lon.append(x)
                    lat.append(y)
            share = (end - start) / length
            for arc, way in ((streets.along[s], 1), (streets.against[s], -1)):
                if arc < 0:
                    continue
                columns["tail"].append(ends[::way][0])
                columns["head"].append(ends[::way][1])
                columns["length_km"].append(network.length_km[arc] * share)
                columns["travel_time_min"].append(network.travel_time_min[arc] * share)
                columns["class_code"].append(network.class_code[arc])
                street.append(n_streets)
                line.append(drawn if way == 1 else shapely.reverse(drawn))
            n_streets += 1
    arcs: dict[str, Any] = {name: np.array(values) for name, values in columns.items()}
    return replace(
        network,
        node_lon_deg=np.array(lon),
        node_lat_deg=np.array(lat),
        street=np.array(street, dtype=np.int64),
        line=as_geometry(line),
        street_row=None,
        street_name=None,
        street_id=None,
        **arcs,
    )
