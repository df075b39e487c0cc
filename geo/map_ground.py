"""What a static map draws, in metres on one plane, at the detail that paper can show."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely

from geo.jurisdictions import GeometryArray, centre_rows, dissolve
from geo.plane import Plane, plane_at
from geo.road_marks import Kind, RoadMark
from optimizer.county import County
from optimizer.frozen import FloatArray, IntArray
from optimizer.plan import Plan

_DETAIL_FRACTION = 0.0003
"""Of the county's extent: about 0.15 pt on A4. Finer detail only makes files larger."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class GroundMark:
    """A change of roads.

    Attributes:
        kind: What is done.
        text: The line of the legend.
        lines: LineStrings; none where all roads change alike.
        cross_m: Middle of each stretch that is closed, shape (P, 2).
    """

    kind: Kind
    text: str
    lines: GeometryArray
    cross_m: FloatArray


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Ground:
    """Places and shapes of a county in metres. S stations, Q squads, C cells.

    Attributes:
        seat_m: Station seats, shape (S, 2).
        squad_m: Squad seats, shape (Q, 2).
        cell_m: Representative points of the cells, shape (C, 2).
        cells: Cell polygons, shape (C,); None where cells are known as points only.
        townships: Township polygons; None where they are the jurisdictions, or not known.
        today: Jurisdictions of today, shape (S,). Hulls round the points where cells have no shape.
        plan: Jurisdictions of the plan in the rows of their centre stations, else None, shape (S,).
        outline: The county.
        roads: LineStrings; those inside the county where its outline is known.
        roads_managed: The roads are those that squads manage, not all.
        centre: Row of each station's centre station in the plan, shape (S,).
        plane: Where all of it lies.
        marks: What a scenario changes on the roads.
    """

    seat_m: FloatArray
    squad_m: FloatArray
    cell_m: FloatArray
    cells: GeometryArray | None
    townships: GeometryArray | None
    today: GeometryArray
    plan: GeometryArray
    outline: Any
    roads: GeometryArray
    roads_managed: bool
    centre: IntArray
    plane: Plane
    marks: tuple[GroundMark, ...] = ()


def ground_of(
    county: County,
    plan: Plan,
    cell_geometry: GeometryArray | None,
    outline: Any | None,
    road_lines: GeometryArray | None,
    road_class_names: Sequence[str] | None,
    road_marks: Sequence[tuple[str, RoadMark]] = (),
) -> Ground:
    """Project, join and thin out what a map of `county` and `plan` draws.

    Args:
        county: The county.
        plan: The plan.
        cell_geometry: Cell polygons in WGS84, shape (C,), or None.
        outline: The county's outline in WGS84, or None for the cells' own.
        road_lines: LineStrings in WGS84, or None.
        road_class_names: Class of each road line, or None.
        road_marks: What a scenario changes on the roads, each with its line of the legend.
    """
    stations, cells, squads = county.stations, county.cells, county.squads
    plane = plane_at(
        np.concatenate([stations.lon_deg, cells.lon_deg]),
        np.concatenate([stations.lat_deg, cells.lat_deg]),
    )
    centre = centre_rows(county, plan)
    seat_m = _xy(plane, stations.lon_deg, stations.lat_deg)
    cell_m = _xy(plane, cells.lon_deg, cells.lat_deg)
    fine_m = max(float(np.ptp(np.concatenate([seat_m, cell_m]), axis=0).max()), 1.0)
    fine_m *= _DETAIL_FRACTION
    shapes = townships = None
    if cell_geometry is not None:
        shapes = _thinned(plane.project(cell_geometry), fine_m)
        townships = _townships(county, shapes, fine_m)
        today = _joined(shapes, cells.station, len(stations), fine_m)
        planned = _joined(shapes, centre[cells.station], len(stations), fine_m)
    else:
        today = _hulls(cell_m, seat_m, cells.station, np.arange(len(stations)))
        planned = _hulls(cell_m, seat_m, centre[cells.station], centre)
    if outline is None:
        land = _closed(shapely.union_all([s for s in today if s is not None]), fine_m)
    else:
        land = plane.project(np.array([outline], dtype=object))[0].simplify(fine_m)
    known = outline is not None or cell_geometry is not None
    inside = land if known else None
    roads, managed = _roads(county, plane, road_lines, road_class_names, inside)
    return Ground(
        seat_m=seat_m,
        squad_m=_xy(plane, squads.lon_deg, squads.lat_deg),
        cell_m=cell_m,
        cells=shapes,
        townships=townships,
        today=today,
        plan=planned,
        outline=land,
        roads=roads,
        roads_managed=managed,
        centre=centre,
        plane=plane,
        marks=tuple(_mark(plane, text, mark, inside) for text, mark in road_marks),
    )


def _mark(plane: Plane, text: str, mark: RoadMark, land: Any | None) -> GroundMark:
    """A change of roads in metres; what is slower only inside the county, as the roads are."""
    lines = plane.project(mark.lines) if len(mark.lines) else mark.lines
    if land is not None and mark.factor is not None and len(lines):
        lines = _clipped(lines, land)
    return GroundMark(kind=mark.kind, text=text, lines=lines, cross_m=_xy(plane, *mark.crosses.T))


def _xy(plane: Plane, lon_deg: FloatArray, lat_deg: FloatArray) -> FloatArray:
    return np.column_stack(plane.xy(lon_deg, lat_deg))


def _thinned(shapes: GeometryArray, fine_m: float) -> GeometryArray:
    """Cells with fewer vertices; common borders stay common."""
    there = ~shapely.is_missing(shapes)
    thinned = shapes.copy()
    thinned[there] = shapely.coverage_simplify(shapely.force_2d(shapes[there]), fine_m)
    return thinned


def _joined(shapes: GeometryArray, group: IntArray, n_groups: int, fine_m: float) -> GeometryArray:
    joined = dissolve(shapes, group, n_groups, grid=0.1)
    for k, shape in enumerate(joined):
        if shape is not None:
            joined[k] = _closed(shape, fine_m)
    return joined


def _closed(shape: Any, fine_m: float) -> Any:
    """`shape` without slits and holes thinner than a hair, which paper would show as blots."""
    return shape.buffer(2.0 * fine_m, join_style="mitre", mitre_limit=2.0).buffer(
        -2.0 * fine_m, join_style="mitre", mitre_limit=2.0
    )


def _townships(county: County, shapes: GeometryArray, fine_m: float) -> GeometryArray | None:
    """Township polygons where they are not simply the stations' jurisdictions."""
    names, group = np.unique(np.array(county.cells.township, dtype=str), return_inverse=True)
    pairs = {(int(g), int(s)) for g, s in zip(group, county.cells.station, strict=True)}
    if len(pairs) == len(names) == len(county.stations):
        return None
    return _joined(shapes, group.astype(np.int64), len(names), fine_m)


def _hulls(
    cell_m: FloatArray, seat_m: FloatArray, group: IntArray, seat_group: IntArray
) -> GeometryArray:
    """Convex hulls round points that share a group, for counties whose cells are points."""
    found: GeometryArray = np.full(len(seat_m), None, dtype=object)
    reach = max(float(np.ptp(cell_m, axis=0).max()) * 0.008, 1.0)
    for k in np.unique(seat_group).tolist():
        points = np.concatenate([cell_m[group == k], seat_m[seat_group == k]])
        found[k] = shapely.multipoints(points).convex_hull.buffer(reach)
    return found


def _roads(
    county: County,
    plane: Plane,
    lines: GeometryArray | None,
    class_names: Sequence[str] | None,
    land: Any | None,
) -> tuple[GeometryArray, bool]:
    """Streets inside the county, and whether they are the managed classes only."""
    if lines is None or not len(lines):
        return np.zeros(0, dtype=object), False
    managed = set(county.road_classes)
    only_managed = class_names is not None and bool(managed & set(class_names))
    if only_managed and class_names is not None:
        lines = lines[[c in managed for c in class_names]]
    drawn = plane.project(lines)
    return drawn if land is None else _clipped(drawn, land), only_managed


def _clipped(lines: GeometryArray, land: Any) -> GeometryArray:
    """The parts of `lines` that lie on `land`."""
    shapely.prepare(land)  # most streets are wholly inside, which is quick to see
    inside = shapely.covers(land, lines)
    pieces = shapely.get_parts(shapely.intersection(lines[~inside], land))
    pieces = pieces[(shapely.get_dimensions(pieces) == 1) & ~shapely.is_empty(pieces)]
    return np.concatenate([lines[inside], pieces])
