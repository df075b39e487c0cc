"""Where a closure that a scenario writes cuts which streets."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import shapely

from geo.plane import GeometryArray, as_geometry
from optimizer.frozen import IntArray
from scenarios.merge_changes import ChangeNotes
from scenarios.scenario_schema import Closure
from scenarios.streets import NEAR_M, SPECK_M, Cut, Streets, parts_with_id, rows_named

CUT_M = 20.0
# Places this close to a road stand on it.
_ON_ROAD_M = 1.0


def cuts_of_closure(
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
        rows = rows_named(streets, closure.name, (*path, "name"), notes)
        return [] if rows is None else _whole(streets, rows)
    if closure.id is not None:
        return parts_with_id(streets, closure.id, (*path, "id"), notes) or []
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
    """The road that joins two places directly: the part of a street between them."""
    found = []
    one, two = (streets.plane.points(*streets.places[place]) for place in ends)
    near = [
        set(streets.tree.query(p, predicate="dwithin", distance=_ON_ROAD_M).tolist())
        for p in (one, two)
    ]
    for street in sorted(near[0] & near[1]):
        at = [float(shapely.line_locate_point(streets.lines[street], p)) for p in (one, two)]
        if abs(at[0] - at[1]) > SPECK_M:
            found.append((street, min(at), max(at)))
    if not found:
        notes.wrong(
            (*path, "between"),
            "two places that one road joins directly",
            "write `near:` and a point on the road, or `across:` and a line over it",
            value=", ".join(ends),
        )
    return found


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
            if shapely.length(part) >= streets.length_m[street] - SPECK_M:
                found += _whole(streets, np.array([street]))
            elif shapely.length(part) > SPECK_M:
                tips = shapely.get_point(part, [0, -1])
                start, end = np.sort(shapely.line_locate_point(line, tips)).tolist()
                found.append((street, start, end))
    return found


def _whole(streets: Streets, rows: IntArray) -> list[Cut]:
    return [(s, 0.0, float(streets.length_m[s])) for s in rows.tolist()]


def _clipped(streets: Streets, street: int, start: float, end: float) -> Cut:
    return street, max(start, 0.0), min(end, float(streets.length_m[street]))


def not_closed_yet(found: Sequence[Cut], cuts: Sequence[Cut]) -> list[Cut]:
    """The cuts that no earlier one covers."""
    return [
        (s, a, b)
        for s, a, b in found
        if not any(t == s and c <= a + SPECK_M and b <= d + SPECK_M for t, c, d in cuts)
    ]
