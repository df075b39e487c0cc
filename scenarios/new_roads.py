"""Roads that are not there yet: joined to the network at both ends, ferries among them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from itertools import pairwise
from typing import Any

import numpy as np
import shapely
from shapely.ops import substring

from geo.network import RoadNetwork
from geo.plane import GeometryArray, as_geometry, line_km
from optimizer.frozen import IntArray
from optimizer.policy import Roads
from scenarios.change_roads import NEAR_M, RoadLabels, Streets
from scenarios.merge_changes import ChangeNotes
from scenarios.scenario_schema import NewRoad

# An end this near to a junction is at the junction.
_AT_JUNCTION_M = 1.0


def with_new_roads(
    streets: Streets,
    new: Mapping[str, NewRoad | None],
    drawn: Mapping[str, GeometryArray],
    roads: Roads,
    notes: ChangeNotes,
) -> tuple[RoadNetwork, RoadLabels, tuple[tuple[str, Any], ...]]:
    """The network with new roads, what its streets are called, and the new lines in WGS84.

    Each end of a new road joins the nearest road, which is split there. Between its ends it crosses
    other roads without meeting them. Streets keep their order; parts of split ones and new ones
    come last.

    Args:
        streets: The roads as they are, with their labels.
        new: New roads by name.
        drawn: Shapes in WGS84 of each `drawn` file, by its name.
        roads: Speeds by class.
        notes: Problems and effects are added.
    """
    made = _Made(streets)
    lines: list[tuple[str, Any]] = []
    for name, road in new.items():
        if road is None:
            continue
        path = ("roads", "new", name)
        shapes = _lines(road, drawn, path, notes)
        speed = road.speed_km_per_h or roads.speed_km_per_h.get(
            road.road_class, roads.other_speed_km_per_h
        )
        joined = 0.0
        for line in shapes:
            gap_m = max(made.gap_m(line, end) for end in (0, -1))
            if gap_m > NEAR_M:
                notes.wrong(
                    (*path, "line"),
                    "both ends on or near a road; one is {gap:,.0f} m away from the nearest",
                    "draw the line to the roads that it joins, and check the block's crs",
                    gap=gap_m,
                )
                continue
            made.add(name, line, road, speed)
            lines.append((name, line))
            joined += float(line_km(as_geometry([line]))[0])
        if joined:
            notes.effect(
                path,
                "{km} km of new road, {minutes} min from end to end",
                km=f"{joined:.2f}",
                minutes=f"{joined / speed * 60.0:.1f}",
            )
    if not lines:
        return streets.network, streets.labels, ()
    network, labels = made.finish()
    return network, labels, tuple(lines)


def _lines(
    road: NewRoad, drawn: Mapping[str, GeometryArray], path: tuple[str, ...], notes: ChangeNotes
) -> list[Any]:
    if road.line is not None:
        return [shapely.LineString(road.line)]
    if road.drawn is None:
        notes.wrong(path, "where the new road runs: line or drawn", "add one of them")
        return []
    found = [
        s for s in drawn.get(road.drawn, as_geometry([])).tolist() if s.geom_type == "LineString"
    ]
    if not found and road.drawn in drawn:
        notes.wrong((*path, "drawn"), "a line in the file", "draw the road as a line")
    return found


class _Made:
    """A network that grows: joints on its streets, and new streets between them."""

    def __init__(self, streets: Streets) -> None:
        self.streets = streets
        self.joints: dict[int, list[tuple[float, int]]] = {}
        network = streets.network
        self.lon: list[float] = []
        self.lat: list[float] = []
        self.nodes = len(network.node_lon_deg)
        self.names = list(network.class_names)
        self.rows: list[tuple[int, int, float, float, int, int, Any]] = []
        self.new_streets: list[str] = []

    def gap_m(self, line: Any, end: int) -> float:
        """Metres from an end of a line to the nearest road."""
        place = self.streets.plane.points(*line.coords[end])
        street = int(self.streets.tree.query_nearest(place, all_matches=True).min())
        return float(shapely.distance(place, self.streets.lines[street]))

    def add(self, name: str, line: Any, road: NewRoad, speed_km_per_h: float) -> None:
        """A street along `line`, joined at both ends."""
        tail, head = self._joint(line.coords[0]), self._joint(line.coords[-1])
        if road.road_class not in self.names:
            self.names.append(road.road_class)
        code, street = self.names.index(road.road_class), len(self.new_streets)
        km = float(line_km(as_geometry([line]))[0])
        minutes = km / speed_km_per_h * 60.0
        self.new_streets.append(name)
        self.rows.append((tail, head, km, minutes, code, street, line))
        if not road.oneway:
            self.rows.append((head, tail, km, minutes, code, street, shapely.reverse(line)))

    def _joint(self, at: tuple[float, float]) -> int:
        """Node where a new road meets the nearest street."""
        streets = self.streets
        network, place = streets.network, streets.plane.points(*at)
        street = int(streets.tree.query_nearest(place, all_matches=True).min())
        along_m = float(shapely.line_locate_point(streets.lines[street], place))
        arc = streets.along[street]
        if along_m <= _AT_JUNCTION_M:
            return int(network.tail[arc])
        if along_m >= streets.length_m[street] - _AT_JUNCTION_M:
            return int(network.head[arc])
        for known_m, node in self.joints.get(street, []):
            if abs(known_m - along_m) <= _AT_JUNCTION_M:
                return node
        point = shapely.line_interpolate_point(streets.lines[street], along_m)
        lon, lat = streets.plane.lon_lat(point.x, point.y)
        self.lon.append(float(lon))
        self.lat.append(float(lat))
        node = self.nodes + len(self.lon) - 1
        self.joints.setdefault(street, []).append((along_m, node))
        return node

    def finish(self) -> tuple[RoadNetwork, RoadLabels]:
        """The network, and what its streets are called."""
        streets, network = self.streets, self.streets.network
        split = np.array(sorted(self.joints), np.int64)
        kept = ~np.isin(network.street, split)
        whole = np.setdiff1d(np.arange(len(streets.along)), split)
        rank: IntArray = np.full(len(streets.along) + 1, -1, np.int64)
        rank[whole] = np.arange(len(whole))
        origin, rows = whole.tolist(), []
        for s in split.tolist():
            for part in self._parts(s, len(origin)):
                rows += part
                origin.append(s)
        first_new = len(origin)
        rows += [(t, h, k, m, c, first_new + s, g) for t, h, k, m, c, s, g in self.rows]
        tail, head, km, minutes, code, street, line = zip(*rows, strict=True)
        labels = streets.labels
        made = replace(
            network,
            node_lon_deg=np.concatenate([network.node_lon_deg, self.lon]),
            node_lat_deg=np.concatenate([network.node_lat_deg, self.lat]),
            tail=np.concatenate([network.tail[kept], tail]),
            head=np.concatenate([network.head[kept], head]),
            length_km=np.concatenate([network.length_km[kept], km]),
            travel_time_min=np.concatenate([network.travel_time_min[kept], minutes]),
            class_code=np.concatenate([network.class_code[kept], code]),
            class_names=tuple(self.names),
            street=np.concatenate([rank[network.street[kept]], street]).astype(np.int64),
            line=as_geometry([*network.line[kept], *line]),
            street_row=None,
            street_name=None,
            street_id=None,
        )
        return made, RoadLabels(
            name=[labels.name[s] for s in origin] + self.new_streets,
            road_id=[labels.road_id[s] for s in origin] + [""] * len(self.new_streets),
            unused_ids=labels.unused_ids,
        )

    def _parts(
        self, s: int, first: int
    ) -> list[list[tuple[int, int, float, float, int, int, Any]]]:
        """Arcs of the parts of a street between its joints."""
        streets, network = self.streets, self.streets.network
        length_m, arc = float(streets.length_m[s]), int(streets.along[s])
        stops = [(0.0, int(network.tail[arc])), *sorted(self.joints[s])]
        stops.append((length_m, int(network.head[arc])))
        parts = []
        for i, ((start, one), (end, two)) in enumerate(pairwise(stops)):
            part = substring(streets.lines[s], start, end)
            line = streets.plane.unproject(as_geometry([part]))[0]
            share, arcs = (end - start) / length_m, []
            for way, nodes in ((arc, (one, two)), (int(streets.against[s]), (two, one))):
                if way < 0:
                    continue
                drawn = line if way == arc else shapely.reverse(line)
                arcs.append((
                    *nodes, float(network.length_km[way]) * share,
                    float(network.travel_time_min[way]) * share, int(network.class_code[way]),
                    first + i, drawn,
                ))  # fmt: skip
            parts.append(arcs)
        return parts
