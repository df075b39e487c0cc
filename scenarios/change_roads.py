"""Roads closed, cut and slowed: what a scenario says, street by street, and the roads it leaves."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import shapely

from geo.closures import Cuts, cuts_of, stretch_lines
from geo.plane import GeometryArray, as_geometry
from geo.road_marks import RoadMark
from optimizer.frozen import FloatArray
from scenarios.merge_changes import ChangeNotes
from scenarios.road_closures import cuts_of_closure, not_closed_yet
from scenarios.scenario_schema import RoadChanges, Speed
from scenarios.streets import Cut, Streets, parts_with_id, rows_named

_NO_CROSSES = np.zeros((0, 2))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class RoadPlan:
    """What a scenario does to K streets.

    Attributes:
        slowness: Minutes over minutes before, shape (K,).
        cuts: Stretches that are closed.
        marks: The same for maps, in the order of the scenario.
    """

    slowness: FloatArray
    cuts: tuple[Cut, ...]
    marks: tuple[RoadMark, ...]

    def fractions(self, streets: Streets) -> Cuts:
        """The cuts as fractions of their streets' lines."""
        return _fractions(streets, self.cuts)


def _fractions(streets: Streets, cuts: tuple[Cut, ...]) -> Cuts:
    length_m = streets.length_m
    return cuts_of((s, a / length_m[s], b / length_m[s]) for s, a, b in cuts)


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
    slowness, marks = _slowness(streets, changes, notes, weight)
    cuts: list[Cut] = []
    for name, closure in (changes.close or {}).items():
        if closure is None:
            continue
        path = ("roads", "close", name)
        found = cuts_of_closure(streets, closure, drawn, path, notes)
        fresh = not_closed_yet(found, cuts)
        if found and not fresh:
            notes.nothing(path, "a road that is not closed already by another line")
        if fresh:
            km = sum(
                (end - start) / streets.length_m[s] * streets.length_km[s]
                for s, start, end in fresh
            )
            shut = sorted({street for street, _, _ in fresh})
            names = streets.called(shut)
            notes.effect(
                path,
                "{n} roads closed over {km} km: {names}"
                if names
                else "{n} roads closed over {km} km",
                n=len(shut),
                km=f"{km:.2f}",
                names=names,
            )
            marks.append(_closed_mark(streets, name, tuple(fresh)))
        cuts += fresh
    return RoadPlan(slowness=slowness, cuts=tuple(cuts), marks=tuple(marks))


def _closed_mark(streets: Streets, name: str, cuts: tuple[Cut, ...]) -> RoadMark:
    lines = stretch_lines(streets.lines, _fractions(streets, cuts))
    crosses = _NO_CROSSES
    # One cross for each stretch of road, not for each street of it.
    joined = shapely.get_parts(shapely.line_merge(shapely.union_all(lines)))
    joined = joined[shapely.get_dimensions(joined) == 1]
    if len(joined):
        middle = shapely.line_interpolate_point(joined, 0.5, normalized=True)
        crosses = np.column_stack(
            streets.plane.lon_lat(shapely.get_x(middle), shapely.get_y(middle))
        )
    there = lines[shapely.get_dimensions(lines) == 1]
    return RoadMark(
        kind="closed",
        name=name,
        lines=streets.plane.unproject(there) if len(there) else there,
        crosses=crosses,
    )


# --- speeds ---------------------------------------------------------------------------------


def _slowness(
    streets: Streets, changes: RoadChanges, notes: ChangeNotes, weight: Weight
) -> tuple[FloatArray, list[RoadMark]]:
    """Minutes of each street over its minutes in the case, shape (K,), and the marks of speeds."""
    slowness = np.full(len(streets.arc), 1.0 / (changes.speed_factor or 1.0))
    marks: list[RoadMark] = []
    if changes.speed_factor is not None:
        marks.append(_speed_mark(streets, "", Speed(factor=changes.speed_factor), None))
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
        marks.append(_speed_mark(streets, name, speed, share))
        # A whole class of roads is not told name by name.
        names = streets.called(np.flatnonzero(share).tolist()) if speed.id is not None else ""
        if at_times:
            notes.effect(
                path,
                "{km} km of road; counts by {share} of the alerts",
                km=f"{(share * streets.length_km).sum():,.1f}",
                share=f"{part:.0%}",
            )
            continue
        notes.effect(
            path,
            "{km} km of road: {names}" if names else "{km} km of road",
            km=f"{(share * streets.length_km).sum():,.1f}",
            names=names,
        )
    return slowness, marks


def _speed_mark(streets: Streets, name: str, speed: Speed, share: FloatArray | None) -> RoadMark:
    """A change of speed for maps; what holds on all roads has no lines of its own."""
    assert speed.factor is not None
    lines = as_geometry([])
    if share is not None and not (share >= 1.0).all():
        rows = np.flatnonzero(share > 0)
        lines = streets.graph.street_lines(rows)
        partly = share[rows] < 1.0
        if partly.any() and speed.inside is not None:
            area = streets.shape(speed.inside, closed=True)
            cut = shapely.intersection(streets.lines[rows[partly]], area)
            parts = shapely.get_parts(cut)
            parts = streets.plane.unproject(parts[shapely.get_dimensions(parts) == 1])
            lines = as_geometry([*lines[~partly], *parts])
    said = ", ".join(filter(None, [speed.name, *(speed.id or ())]))
    return RoadMark(
        kind="slower" if speed.factor < 1.0 else "faster",
        name=name,
        lines=lines,
        crosses=_NO_CROSSES,
        factor=speed.factor,
        classes=speed.classes or (),
        roads=said,
        months=tuple(speed.months or ()),
        hours=speed.hours or "",
    )


def _share(
    streets: Streets, speed: Speed, path: tuple[str, ...], notes: ChangeNotes
) -> FloatArray | None:
    """Share of each street that a change of speed speaks of, shape (K,)."""
    graph = streets.graph
    share = np.ones(len(streets.arc))
    if speed.classes is not None:
        classes = np.array([n in speed.classes for n in graph.class_names], dtype=bool)
        share *= classes[graph.street_class]
    if speed.name is not None:
        rows = rows_named(streets, speed.name, (*path, "name"), notes)
        if rows is None:
            return None
        share *= np.isin(np.arange(len(share)), rows)
    if speed.id is not None:
        parts = parts_with_id(streets, speed.id, (*path, "id"), notes)
        if parts is None:
            return None
        of_id = np.zeros(len(share))
        for street, start, end in parts:
            of_id[street] += (end - start) / streets.length_m[street]
        share *= np.minimum(of_id, 1.0)
    if speed.inside is not None:
        area = streets.shape(speed.inside, closed=True)
        inside = shapely.length(shapely.intersection(streets.lines, area))
        share *= inside / streets.length_m
    return share
