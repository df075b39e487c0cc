"""The ways themselves: which roads are driven from one place to another, as lines."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely
from shapely.ops import substring

from geo import routing
from geo.plane import GeometryArray, as_geometry
from geo.routing import Router
from geo.shortest_paths import CLOSED
from geo.snapping import Snapped
from optimizer.frozen import FloatArray, IntArray

Way = tuple[int, float, float]
"""Street, and from and to where it is driven, as fractions of its line."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Leg:
    """A stretch of street that is driven.

    Attributes:
        street: Its row.
        start, end: From and to where, as fractions of the street's line.
        travel_time_min, road_km: Of the stretch.
    """

    street: int
    start: float
    end: float
    travel_time_min: float
    road_km: float


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Routes:
    """Drives of P pairs of places, walks to and from the road left out.

    Attributes:
        travel_time_min, road_km: Shape (P,); inf = there is no way.
        line: LineStrings in WGS84 from source to target, shape (P,); None where there is no way, or
            where it has no length.
        legs: The streets driven, in order, shape (P,); empty likewise.
    """

    travel_time_min: FloatArray
    road_km: FloatArray
    line: GeometryArray
    legs: tuple[tuple[Leg, ...], ...]


def routes(roads: Router, sources: Snapped, targets: Snapped, pairs: IntArray) -> Routes:
    """The fastest way of each pair.

    Args:
        roads: The roads, with their index.
        sources: Places to start from (`Router.snap`).
        targets: Places to go to.
        pairs: Rows of source and target, shape (P, 2).
    """
    assert roads.index is not None, "lines need the index of streets"
    used, row = np.unique(pairs[:, 0], return_inverse=True)
    start = _some(sources, used)
    grown = routing.trees(roads, start)
    entries = routing.entries(roads, targets)
    minutes, km = routing.ways_along(grown, roads, start, targets).dense()
    direct = routing.same_street(roads, start, targets)
    street_of = np.full(len(roads.arcs.head), -1, np.int64)
    for arc in (roads.along, roads.against):
        street_of[arc[arc >= 0]] = np.flatnonzero(arc >= 0)
    lines: GeometryArray = np.full(len(pairs), None, object)
    legs: list[tuple[Leg, ...]] = [()] * len(pairs)
    for p, (s, t) in enumerate(zip(row.tolist(), pairs[:, 1].tolist(), strict=True)):
        if not np.isfinite(minutes[s, t]):
            continue
        ms = round(minutes[s, t] * routing.MS_PER_MIN)
        here = slice(*direct.first[s : s + 2])
        same = np.flatnonzero((direct.target[here] == t) & (direct.travel_ms[here] == ms))
        if len(same):
            ways = [(int(start.street[s]), float(start.fraction[s]), float(targets.fraction[t]))]
        else:
            ends = np.arange(*entries.first[t : t + 2])
            node_ms = grown.travel_ms[s, entries.node[ends]].astype(np.int64)
            total = np.where(node_ms == CLOSED, CLOSED * 2, node_ms + entries.travel_ms[ends])
            last = int(ends[np.argmin(total)])
            end = int(entries.node[last])
            first, driven = _driven(roads, grown, s, end, street_of)
            street, here_at, at_end = _to_node(roads, targets, t, end)
            ways = [_to_node(roads, start, s, first), *driven, (street, at_end, here_at)]
        ways = [way for way in ways if way[1] != way[2]]
        if not ways:
            continue  # both stand at one junction
        legs[p] = tuple(_leg(roads, *way) for way in ways)
        points = np.concatenate([_points(roads.index.lines[way[0]], *way[1:]) for way in ways])
        fresh = np.ones(len(points), bool)
        fresh[1:] = (np.abs(np.diff(points, axis=0)) > 1e-6).any(axis=1)
        if fresh.sum() > 1:
            lines[p] = shapely.LineString(points[fresh])
    there = np.array([line is not None for line in lines], bool)
    lines[there] = roads.index.plane.unproject(as_geometry(lines[there]))
    return Routes(
        travel_time_min=minutes[row, pairs[:, 1]] * roads.slowness,
        road_km=km[row, pairs[:, 1]],
        line=lines,
        legs=tuple(legs),
    )


def _leg(roads: Router, street: int, start: float, end: float) -> Leg:
    arc = int(roads.along[street] if end > start else roads.against[street])
    if arc < 0:  # within a metre of a junction, where any street is open
        arc = int(roads.against[street] if end > start else roads.along[street])
    share = abs(end - start)
    return Leg(
        street=street,
        start=start,
        end=end,
        travel_time_min=share
        * float(roads.arcs.travel_ms[arc])
        / routing.MS_PER_MIN
        * roads.slowness,
        road_km=share * float(roads.arcs.length_cm[arc]) / 100_000.0,
    )


def _driven(
    roads: Router, grown: Any, s: int, node: int, street_of: IntArray
) -> tuple[int, list[Way]]:
    """The node by which the source is left, then the streets driven, in order."""
    found: list[Way] = []
    while (arc := int(grown.before[s, node])) >= 0:
        street = int(street_of[arc])
        if street >= 0:  # a turn inside a junction is no street
            is_along = roads.along[street] == arc
            found.append((street, 0.0, 1.0) if is_along else (street, 1.0, 0.0))
        node = int(roads.arcs.tail(np.array([arc]))[0])
    return node, found[::-1]


def _to_node(roads: Router, at: Snapped, row: int, node: int) -> Way:
    """The part of a place's street between the place and a node at one of its ends."""
    street = int(at.street[row])
    ends = _end_nodes(roads, street)
    fraction = float(at.fraction[row])
    # A loop has one node at both ends: the nearer is meant.
    at_end = node in ends[1] and not (node in ends[0] and fraction < 0.5)
    return street, fraction, 1.0 if at_end else 0.0


def _end_nodes(roads: Router, street: int) -> tuple[set[int], set[int]]:
    """Nodes at the start and at the end of a street's line."""
    found: tuple[set[int], set[int]] = (set(), set())
    for arc, start in ((int(roads.along[street]), 0), (int(roads.against[street]), 1)):
        if arc >= 0:
            found[start].add(int(roads.arcs.tail(np.array([arc]))[0]))
            found[1 - start].add(int(roads.arcs.head[arc]))
    return found


def _points(line: Any, start: float, end: float) -> FloatArray:
    found: FloatArray = shapely.get_coordinates(substring(line, start, end, normalized=True))
    return found


def _some(at: Snapped, rows: IntArray) -> Snapped:
    return Snapped(**{name: getattr(at, name)[rows] for name in Snapped.__dataclass_fields__})
