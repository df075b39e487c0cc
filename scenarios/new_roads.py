"""Roads that are not there yet, and ferries: what a scenario writes, checked and built."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely

from geo.accesses import Split
from geo.plane import GeometryArray, as_geometry, line_km
from geo.road_classes import FERRY, FERRY_KM_PER_H, road_class
from geo.road_graph import RoadGraph
from geo.road_marks import RoadMark
from geo.snapping import NO_ACCESS_CLASSES, Snapper
from optimizer.frozen import BoolArray
from optimizer.policy import Roads
from scenarios.grown_roads import Grown, Planned, end_gaps_m, grown
from scenarios.library import did_you_mean
from scenarios.merge_changes import ChangeNotes
from scenarios.scenario_schema import NewRoad
from scenarios.streets import Streets

JOIN_M = 100.0
"""Default of `join_m`: how far an end may be from the road that it joins."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class NewRoads:
    """The roads with the new ones of a scenario.

    Attributes:
        graph: As of `scenarios.grown_roads.Grown`.
        split: Likewise; None where there are no new roads.
        no_access: Likewise.
        marks: The new roads for maps.
    """

    graph: RoadGraph
    split: Split | None = None
    no_access: BoolArray | None = None
    marks: tuple[RoadMark, ...] = ()


def with_new_roads(
    streets: Streets,
    index: Snapper,
    new: Mapping[str, NewRoad | None],
    drawn: Mapping[str, GeometryArray],
    roads: Roads,
    notes: ChangeNotes,
) -> NewRoads:
    """The roads with new ones.

    A new road joins others wherever it crosses them, touches them or comes within
    `grown_roads.TOUCH_M`; expressways and ferries, and roads that are `grade_separated`, are joined
    at ends only. Its ends are drawn on to the nearest road, `join_m` away at most.

    Args:
        streets: The roads as they are.
        index: Where places meet them.
        new: New roads by name.
        drawn: Shapes in WGS84 of each `drawn` file, by its name.
        roads: Speeds by class.
        notes: Problems and effects are added.
    """
    planned: list[Planned] = []
    for name, road in new.items():
        if road is not None:
            planned += _planned(streets, name, road, drawn, roads, notes)
    gaps = end_gaps_m(streets, planned)
    for one, ends in zip(planned, gaps, strict=True):
        road = new[one.name]
        assert road is not None
        where = "drawn" if road.drawn is not None else "line"
        if road.dead_end and min(ends) <= one.join_m:
            continue
        if max(ends) > one.join_m:
            notes.wrong(
                ("roads", "new", one.name, where),
                "both ends within {most:,.0f} m of a road; from the first point to the nearest it "
                "is {first:,.0f} m, from the last {last:,.0f} m",
                "draw the line to the roads that it joins, check the block's crs, allow more with "
                "`join_m`, or leave one end open with `dead_end: true`",
                most=one.join_m,
                first=ends[0],
                last=ends[1],
            )
    if not planned or notes.problems:
        return NewRoads(graph=streets.graph)
    made = grown(streets, index, planned)
    _tell(planned, made, notes)
    return NewRoads(
        graph=made.graph,
        split=made.split,
        no_access=made.no_access,
        marks=_marks(planned, made),
    )


def _planned(
    streets: Streets,
    name: str,
    road: NewRoad,
    drawn: Mapping[str, GeometryArray],
    roads: Roads,
    notes: ChangeNotes,
) -> list[Planned]:
    """The lines of one new road; problems where something about it cannot be."""
    path = ("roads", "new", name)
    lines = _lines(road, drawn, path, notes)
    known = {*roads.speed_km_per_h, *roads.managed_classes, *streets.graph.class_names, FERRY}
    kind = road_class(road.road_class, sorted(known)) or road.road_class
    speed = road.speed_km_per_h or roads.speed_km_per_h.get(kind)
    if speed is None and kind == FERRY:
        speed = FERRY_KM_PER_H
    if speed is None and kind in known:
        speed = roads.other_speed_km_per_h
    if speed is None:
        fix, near = did_you_mean(road.road_class, sorted(known), "write `speed_km_per_h` too")
        notes.wrong(
            (*path, "road_class"),
            "a class of road whose speed is known: {known}",
            fix,
            value=road.road_class,
            known=", ".join(sorted(known)),
            near=near,
        )
        return []
    separated = road.grade_separated
    if separated is None:
        separated = kind in NO_ACCESS_CLASSES
    made = []
    for line in streets.plane.project(as_geometry(lines)).tolist() if lines else []:
        made.append(
            Planned(
                name=name,
                line=line,
                road_class=kind,
                speed_km_per_h=speed,
                oneway=road.oneway,
                grade_separated=separated,
                join_m=JOIN_M if road.join_m is None else road.join_m,
            )
        )
    return made


def _lines(
    road: NewRoad, drawn: Mapping[str, GeometryArray], path: tuple[str, ...], notes: ChangeNotes
) -> list[Any]:
    """Its lines in WGS84."""
    if road.line is not None:
        where, lines = "line", [shapely.LineString(road.line)]
    elif road.drawn is None:
        notes.wrong(path, "where the new road runs: line or drawn", "add one of them")
        return []
    else:
        where, found = "drawn", drawn.get(road.drawn, as_geometry([])).tolist()
        lines = [s for s in found if s.geom_type == "LineString"]
        if not lines and road.drawn in drawn:
            notes.wrong((*path, where), "a line in the file", "draw the road as a line")
    good = [line for line in lines if line_km(as_geometry([line]))[0] > 0.0]
    if len(good) < len(lines):
        notes.wrong((*path, where), "a line with a length", "give it two points that differ")
    return good


def _tell(planned: list[Planned], made: Grown, notes: ChangeNotes) -> None:
    """What each new road comes to: kilometres, minutes, and how many times it meets others."""
    for name in dict.fromkeys(p.name for p in planned):
        rows = [i for i, p in enumerate(planned) if p.name == name]
        km = line_km(as_geometry([made.drawn[i] for i in rows]))
        speed = planned[rows[0]].speed_km_per_h
        notes.effect(
            ("roads", "new", name),
            "{km} km of new road, {minutes} min from end to end; it meets others at {n} places",
            km=f"{km.sum():.2f}",
            minutes=f"{km.sum() / speed * 60.0:.1f}",
            n=sum(made.met[i] for i in rows),
        )


def _marks(planned: list[Planned], made: Grown) -> tuple[RoadMark, ...]:
    marks = []
    for name in dict.fromkeys(p.name for p in planned):
        rows = [i for i, p in enumerate(planned) if p.name == name]
        marks.append(
            RoadMark(
                kind="ferry" if planned[rows[0]].road_class == FERRY else "new",
                name=name,
                lines=as_geometry([made.drawn[i] for i in rows]),
                crosses=np.zeros((0, 2)),
            )
        )
    return tuple(marks)
