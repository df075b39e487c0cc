"""A network that grows: streets split where new roads meet them, and the new roads between."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise
from typing import Any

import numpy as np
import shapely
from shapely.ops import substring

from geo.accesses import Split
from geo.plane import as_geometry, line_km
from geo.road_graph import DEGREE, TURN, RoadGraph, graph_from_arcs, shape_arrays, to_e7
from geo.snapping import NO_ACCESS_CLASSES, Snapper
from optimizer.frozen import BoolArray, FloatArray, IntArray
from scenarios.streets import SPECK_M, Streets

TOUCH_M = 5.0
"""A new road that comes this near to another meets it."""
# Meeting points this near to each other, or to a junction, are one.
_ONE_POINT_M = 1.0
# Along a new road, a junction that several of its streets bring up is met once.
_ONE_JUNCTION_M = 20.0

Stop = tuple[float, int, int]
"""Metres along a road, node where it is entered, node where it is left."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Planned:
    """One line of a new road.

    Attributes:
        name: What the scenario calls the road.
        line: On the plane of the streets.
        road_class: Its class.
        speed_km_per_h: Its speed.
        oneway: Only from the first point to the last.
        grade_separated: It meets other roads at its ends only.
        join_m: How far its ends may be from the road that they join.
    """

    name: str
    line: Any
    road_class: str
    speed_km_per_h: float
    oneway: bool
    grade_separated: bool
    join_m: float


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Grown:
    """The roads with new ones.

    Attributes:
        graph: Streets keep their order; pieces of split ones and new ones come last.
        split: How the streets of before became streets of now.
        no_access: Streets that places do not meet between their ends, shape (K,).
        drawn: Line in WGS84 of each new road, with the links to what it joins.
        met: How many times each new road meets others.
    """

    graph: RoadGraph
    split: Split
    no_access: BoolArray
    drawn: tuple[Any, ...]
    met: tuple[int, ...]


def end_gaps_m(streets: Streets, planned: Sequence[Planned]) -> list[tuple[float, float]]:
    """Metres from both ends of each line to the nearest road, old or new."""
    gaps = []
    for i, one in enumerate(planned):
        ends = []
        for end in (0, -1):
            place = shapely.get_point(one.line, end)
            gap = float(shapely.distance(place, streets.lines[_nearest(streets, place)]))
            others = [_target(p) for j, p in enumerate(planned) if j != i]
            ends.append(min([gap, *(float(shapely.distance(place, o)) for o in others)]))
        gaps.append((ends[0], ends[1]))
    return gaps


def grown(streets: Streets, index: Snapper, planned: Sequence[Planned]) -> Grown:
    """The roads with new ones, all of whose ends are within reach of a road.

    Args:
        streets: The roads as they are.
        index: Where places meet them.
        planned: The new roads.
    """
    return _Growing(streets, planned).finish(index)


def _nearest(streets: Streets, place: Any) -> int:
    return int(streets.tree.query_nearest(place, all_matches=True).min())


def _target(other: Planned) -> Any:
    """Where another new road can be joined."""
    return shapely.boundary(other.line) if other.grade_separated else other.line


class _Growing:
    def __init__(self, streets: Streets, planned: Sequence[Planned]) -> None:
        self.streets = streets
        graph = streets.graph
        self.start, self.end = streets.ends()
        self.lon: list[float] = []
        self.lat: list[float] = []
        self.nodes = graph.nodes
        self.joints: dict[int, list[tuple[float, int]]] = {}
        self.turns: list[tuple[int, int]] = []
        self.hubs: dict[tuple[float, float], tuple[int, int]] = {}
        self.spots = self._junctions_of_several_nodes()
        self.closed_classes = np.array([n in NO_ACCESS_CLASSES for n in graph.class_names], bool)
        self.planned = [self._to_the_road(i, planned) for i in range(len(planned))]
        self.stops: list[list[Stop]] = [[] for _ in planned]
        for i, one in enumerate(self.planned):
            self._meet_streets(i, one)
        for i in range(len(self.planned)):
            for j in range(i):
                self._meet_new(i, j)
        self.met = tuple(len(stops) for stops in self.stops)
        for i in range(len(self.planned)):
            self._end_dead(i)

    def _junctions_of_several_nodes(self) -> dict[tuple[float, float], list[int]]:
        """Nodes on one spot, where turns are forbidden; a new road meets all of them."""
        graph = self.streets.graph
        found: dict[tuple[float, float], list[int]] = {}
        turns = np.flatnonzero(graph.arc_street == TURN)
        if not len(turns):
            return found
        for node in np.unique([graph.tail()[turns], graph.head[turns]]).tolist():
            found.setdefault(self._at(node), []).append(node)
        return found

    def _at(self, node: int) -> tuple[float, float]:
        graph = self.streets.graph
        return graph.node_lon_e7[node] / DEGREE, graph.node_lat_e7[node] / DEGREE

    def _to_the_road(self, i: int, planned: Sequence[Planned]) -> Planned:
        """A new road with its ends drawn on to the roads that they join."""
        one, streets = planned[i], self.streets
        points = shapely.get_coordinates(one.line).tolist()
        for end in (0, -1):
            place = shapely.get_point(one.line, end)
            targets = [streets.lines[_nearest(streets, place)]]
            targets += [_target(p) for j, p in enumerate(planned) if j != i]
            best = min(targets, key=lambda target: float(shapely.distance(place, target)))
            link = shapely.shortest_line(place, best)
            joint = shapely.get_point(link, -1)
            gap_m = float(shapely.length(link))
            # An end that is far off ends dead; one past the road it crosses does too.
            is_dead = gap_m > one.join_m or float(shapely.distance(joint, one.line)) < _ONE_POINT_M
            if gap_m > _ONE_POINT_M and not is_dead:
                at = shapely.get_coordinates(joint)[0].tolist()
                points = [at, *points] if end == 0 else [*points, at]
        return replace(one, line=shapely.LineString(points))

    def _end_dead(self, i: int) -> None:
        """Give a new road nodes at ends that join nothing."""
        line = self.planned[i].line
        for at_m, end in ((0.0, 0), (float(shapely.length(line)), -1)):
            if self._known(i, at_m) is None:
                node = self._node(shapely.get_point(line, end))
                self._stop(i, at_m, node, node)

    def _meet_streets(self, i: int, one: Planned) -> None:
        """Join a new road to the streets at its ends and, at grade, wherever it meets them."""
        streets, line = self.streets, one.line
        length_m = float(shapely.length(line))
        near = np.sort(streets.tree.query(line, predicate="dwithin", distance=TOUCH_M))
        code = streets.graph.street_class
        ends = [shapely.get_point(line, 0), shapely.get_point(line, -1)]
        for street in near.tolist():
            other = streets.lines[street]
            for k, place in enumerate(ends):
                if float(shapely.distance(place, other)) <= _ONE_POINT_M:
                    along_m = float(shapely.line_locate_point(other, place))
                    self._stop(i, k * length_m, *self._joint(street, along_m))
            if one.grade_separated or self.closed_classes[code[street]]:
                continue
            for point in _meetings(other, line):
                at_m = float(shapely.line_locate_point(line, point))
                along_m = float(shapely.line_locate_point(other, point))
                self._stop(i, at_m, *self._joint(street, along_m))

    def _meet_new(self, i: int, j: int) -> None:
        """Join two new roads where they meet; a grade-separated one at its ends only."""
        one, two = self.planned[i], self.planned[j]
        for a, b, p, q in ((one, two, i, j), (two, one, j, i)):
            for k in (0, -1):
                place = shapely.get_point(a.line, k)
                if float(shapely.distance(place, _target(b))) <= _ONE_POINT_M:
                    at_m = -k * float(shapely.length(a.line))
                    self._join_new(p, at_m, q, float(shapely.line_locate_point(b.line, place)))
        if one.grade_separated or two.grade_separated:
            return
        for point in _meetings(one.line, two.line):
            at = [float(shapely.line_locate_point(p.line, point)) for p in (one, two)]
            self._join_new(i, at[0], j, at[1])

    def _join_new(self, i: int, at_m: float, j: int, there_m: float) -> None:
        for mine, other, here_m, that_m in ((i, j, at_m, there_m), (j, i, there_m, at_m)):
            known = self._known(other, that_m)
            if known is not None:
                self._stop(mine, here_m, *known)
                return
        point = shapely.line_interpolate_point(self.planned[i].line, at_m)
        node = self._node(point)
        self._stop(i, at_m, node, node)
        self._stop(j, there_m, node, node)

    def _known(self, i: int, at_m: float) -> tuple[int, int] | None:
        for known_m, into, out in self.stops[i]:
            if abs(known_m - at_m) <= _ONE_POINT_M:
                return into, out
        return None

    def _stop(self, i: int, at_m: float, into: int, out: int) -> None:
        for known_m, *nodes in self.stops[i]:
            if nodes == [into, out] and abs(known_m - at_m) <= _ONE_JUNCTION_M:
                return
        self.stops[i].append((at_m, into, out))

    def _node(self, point: Any) -> int:
        lon, lat = self.streets.plane.lon_lat(point.x, point.y)
        self.lon.append(float(lon))
        self.lat.append(float(lat))
        return self.nodes + len(self.lon) - 1

    def _joint(self, street: int, along_m: float) -> tuple[int, int]:
        """Nodes where a new road enters and leaves a street there."""
        streets = self.streets
        if along_m <= _ONE_POINT_M:
            return self._hub(int(self.start[street]))
        if along_m >= streets.length_m[street] - _ONE_POINT_M:
            return self._hub(int(self.end[street]))
        for known_m, node in self.joints.get(street, []):
            if abs(known_m - along_m) <= _ONE_POINT_M:
                return node, node
        node = self._node(shapely.line_interpolate_point(streets.lines[street], along_m))
        self.joints.setdefault(street, []).append((along_m, node))
        return node, node

    def _hub(self, node: int) -> tuple[int, int]:
        """A junction: itself, or nodes from and to all of its nodes, past no forbidden turn."""
        at = self._at(node)
        if len(self.spots.get(at, ())) < 2:
            return node, node
        if at not in self.hubs:
            first = self.nodes + len(self.lon)
            self.lon += [at[0], at[0]]
            self.lat += [at[1], at[1]]
            self.hubs[at] = first, first + 1
            self.turns += [(first, twin) for twin in self.spots[at]]
            self.turns += [(twin, first + 1) for twin in self.spots[at]]
            self.turns.append((first, first + 1))
        return self.hubs[at]

    # --- the new graph ----------------------------------------------------------------------

    def finish(self, index: Snapper) -> Grown:
        """The graph: whole streets in their order, pieces of split ones, new roads."""
        graph = self.streets.graph
        split = np.array(sorted(self.joints), np.int64)
        whole = np.setdiff1d(np.arange(graph.streets), split)
        rank: IntArray = np.full(graph.streets + 1, TURN, np.int64)
        rank[whole] = np.arange(len(whole))
        kept = ~np.isin(graph.arc_street, split)
        made = _Made(
            class_names=list(graph.class_names), texts=list(graph.texts), streets=len(whole)
        )
        pieces: dict[int, tuple[int, FloatArray]] = {}
        for s in split.tolist():
            first = made.streets
            pieces[s] = first, self._add_pieces(made, s)
        n_old = made.streets
        separated: list[bool] = []
        for i, one in enumerate(self.planned):
            before = made.streets
            self._add_new(made, i)
            separated += [one.grade_separated] * (made.streets - before)
        made.arcs += [(t, h, 0, 0, TURN, False) for t, h in self.turns]
        tail, head, ms, cm, street, backward = zip(*made.arcs, strict=True)
        old = {
            name: getattr(graph, name)[kept]
            for name in ("head", "travel_ms", "length_cm", "arc_backward")
        }
        result = graph_from_arcs(
            node_lon_e7=np.concatenate([graph.node_lon_e7, to_e7(self.lon)]),
            node_lat_e7=np.concatenate([graph.node_lat_e7, to_e7(self.lat)]),
            tail=np.concatenate([graph.tail()[kept], tail]),
            head=np.concatenate([old["head"], head]),
            travel_ms=np.concatenate([old["travel_ms"], ms]).astype(np.uint32),
            length_cm=np.concatenate([old["length_cm"], cm]).astype(np.uint32),
            arc_street=np.concatenate([rank[graph.arc_street[kept]], street]).astype(np.int32),
            arc_backward=np.concatenate([old["arc_backward"], backward]).astype(bool),
            origin=graph.origin,
            ids_are_texts=graph.ids_are_texts,
            unused_ids=graph.unused_ids,
            **made.columns(graph, whole),
        )
        plane = self.streets.plane
        return Grown(
            graph=result,
            split=_split_of(index, rank[:-1], pieces),
            no_access=np.array([False] * n_old + separated, bool),
            drawn=tuple(plane.unproject(as_geometry([p.line for p in self.planned])).tolist()),
            met=self.met,
        )

    def _add_pieces(self, made: _Made, s: int) -> FloatArray:
        """Add the parts of a street between its joints; where they end, as fractions."""
        streets, graph = self.streets, self.streets.graph
        length_m = float(streets.length_m[s])
        stops = [(0.0, -1), *sorted(self.joints[s]), (length_m, -1)]
        arcs = np.flatnonzero(graph.arc_street == s).tolist()
        tails = {arc: int(np.searchsorted(graph.first_arc, arc, side="right")) - 1 for arc in arcs}
        ids = graph.street_id[graph.street_id_first[s] : graph.street_id_first[s + 1]]
        id_m = graph.street_id_cm[graph.street_id_first[s] : graph.street_id_first[s + 1]] / 100.0
        id_m = id_m * (length_m / (float(streets.length_km[s]) * 1000.0))
        id_end = np.append(id_m[1:], length_m)
        for i, ((begin, one), (stop, two)) in enumerate(pairwise(stops)):
            share = (stop - begin) / length_m
            for arc in arcs:
                back = bool(graph.arc_backward[arc])
                ends = [one, two]
                # At the street's own ends each arc keeps its node: a junction may be several.
                if i == 0:
                    ends[0] = int(graph.head[arc]) if back else tails[arc]
                if i == len(stops) - 2:
                    ends[1] = tails[arc] if back else int(graph.head[arc])
                made.arc(
                    ends[::-1] if back else ends,
                    round(float(graph.travel_ms[arc]) * share),
                    round(float(graph.length_cm[arc]) * share),
                    back,
                )
            here = np.flatnonzero((id_m < stop - SPECK_M) & (id_end > begin + SPECK_M))
            begins = np.maximum(id_m[here] - begin, 0.0) * 100.0
            made.street(
                streets.plane.unproject(as_geometry([substring(streets.lines[s], begin, stop)]))[0],
                int(graph.street_class[s]),
                (int(graph.street_name[s]), int(graph.street_ref[s])),
                list(zip(ids[here].tolist(), np.rint(begins).astype(int).tolist(), strict=True)),
            )
        return np.array([stop / length_m for stop, _ in stops[1:]])

    def _add_new(self, made: _Made, i: int) -> None:
        """Add the parts of a new road between the roads that it meets."""
        one, plane = self.planned[i], self.streets.plane
        length_m = float(shapely.length(one.line))
        km_per_m = float(line_km(plane.unproject(as_geometry([one.line])))[0]) / length_m
        code, name = made.row(made.class_names, one.road_class), made.row(made.texts, one.name)
        for (start, in_one, out_one), (end, in_two, out_two) in pairwise(sorted(self.stops[i])):
            if end - start <= SPECK_M:
                # Two roads met on one spot are joined there, as by a junction.
                self.turns += [(in_one, out_two), (in_two, out_one)]
                continue
            part = as_geometry([substring(one.line, start, end)])
            km = (end - start) * km_per_m
            ms, cm = round(km / one.speed_km_per_h * 3_600_000.0), round(km * 100_000.0)
            made.arc([out_one, in_two], ms, cm, False)
            if not one.oneway:
                made.arc([out_two, in_one], ms, cm, True)
            made.street(plane.unproject(part)[0], code, (name, 0), [])


@dataclass(slots=True, kw_only=True)
class _Made:
    """Streets and arcs that are added, and what they are called."""

    class_names: list[str]
    texts: list[str]
    streets: int
    arcs: list[tuple[int, int, int, int, int, bool]] = field(default_factory=list)
    lines: list[Any] = field(default_factory=list)
    codes: list[int] = field(default_factory=list)
    names: list[tuple[int, int]] = field(default_factory=list)
    ids: list[list[tuple[int, int]]] = field(default_factory=list)

    def row(self, known: list[str], text: str) -> int:
        """Row of a text, which is added where it is new."""
        if text not in known:
            known.append(text)
        return known.index(text)

    def arc(self, ends: Sequence[int], travel_ms: int, length_cm: int, back: bool) -> None:
        """An arc of the street that is added next."""
        self.arcs.append((ends[0], ends[1], travel_ms, length_cm, self.streets, back))

    def street(
        self, line: Any, code: int, name: tuple[int, int], ids: list[tuple[int, int]]
    ) -> None:
        """A street with the arcs that have been added for it."""
        self.lines.append(line)
        self.codes.append(code)
        self.names.append(name)
        self.ids.append(ids)
        self.streets += 1

    def columns(self, graph: RoadGraph, whole: IntArray) -> dict[str, Any]:
        """The columns of streets: those that stay whole, then these."""
        names = np.array(self.names, np.int32).reshape(-1, 2)
        own = [pair for several in self.ids for pair in several]
        count = np.diff(graph.street_id_first)[whole]
        at = _rows(graph.street_id_first[:-1][whole], count)
        id_count = np.concatenate([count, [len(several) for several in self.ids]])
        points = np.diff(graph.shape_first)[whole]
        shape_at = _rows(graph.shape_first[:-1][whole], points)
        shape = shape_arrays(as_geometry(self.lines))
        point_count = np.concatenate([points, np.diff(shape["shape_first"])])
        return {
            "class_names": tuple(self.class_names),
            "texts": tuple(self.texts),
            "street_class": np.concatenate([graph.street_class[whole], self.codes]).astype(
                np.uint8
            ),
            "street_name": np.concatenate([graph.street_name[whole], names[:, 0]]),
            "street_ref": np.concatenate([graph.street_ref[whole], names[:, 1]]),
            "street_id_first": np.concatenate([[0], np.cumsum(id_count)]),
            "street_id": np.concatenate([graph.street_id[at], [i for i, _ in own]]).astype(
                np.int64
            ),
            "street_id_cm": np.concatenate([graph.street_id_cm[at], [c for _, c in own]]).astype(
                np.uint32
            ),
            "shape_first": np.concatenate([[0], np.cumsum(point_count)]),
            "shape_lon_e7": np.concatenate([graph.shape_lon_e7[shape_at], shape["shape_lon_e7"]]),
            "shape_lat_e7": np.concatenate([graph.shape_lat_e7[shape_at], shape["shape_lat_e7"]]),
        }


def _rows(first: IntArray, count: IntArray) -> IntArray:
    """The rows of several runs, one after the other."""
    starts = np.cumsum(count) - count
    found: IntArray = np.arange(int(count.sum())) + np.repeat(first - starts, count)
    return found


def _meetings(street: Any, line: Any) -> list[Any]:
    """Points where a street and a new road cross, touch, or come within `TOUCH_M` at an end."""
    met = shapely.intersection(street, line)
    found = []
    for part in shapely.get_parts(met).tolist():
        if shapely.get_dimensions(part) == 0:
            found.append(part)
        elif shapely.length(part) > 0:  # on one line for a while: they meet where that begins
            found += [shapely.get_point(part, 0), shapely.get_point(part, -1)]
    if not found:
        for place, other in [
            *((shapely.get_point(street, k), line) for k in (0, -1)),
            *((point, street) for point in shapely.points(shapely.get_coordinates(line)).tolist()),
        ]:
            if float(shapely.distance(place, other)) <= TOUCH_M:
                found.append(place)
    return found


def _split_of(index: Snapper, rank: IntArray, pieces: dict[int, tuple[int, FloatArray]]) -> Split:
    count = np.ones(len(rank), np.int64)
    for s, (_, ends) in pieces.items():
        count[s] = len(ends)
    first = np.concatenate([[0], np.cumsum(count)])
    piece = np.repeat(rank, count)
    end = np.ones(len(piece))
    for s, (start, ends) in pieces.items():
        rows = slice(int(first[s]), int(first[s + 1]))
        piece[rows] = start + np.arange(len(ends))
        end[rows] = ends
    return Split(index=index, first=first, piece=piece, end=end)
