"""Barriers between places (a river, an expressway without exit): the neighbours they part.

Two neighbouring cells are parted if

- more than half of the border that they share runs within 100 m of barriers, or
- the straight line between their points meets a barrier,

unless a crossing (a bridge, an underpass) joins them: a passable feature within 100 m of both
cells; where cells are points, one inside the circle over the distance between them.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import shapely

from geo.boundaries import MISMATCH_M
from geo.plane import GeometryArray, as_geometry, plane_at
from geo.repair import made_valid
from optimizer.frozen import BoolArray, FloatArray, IntArray

ALONG_M = 100.0
"""A border follows a barrier, and a crossing reaches a cell, within this distance."""
MOSTLY = 0.5


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Barriers:
    """Barriers and the crossings over them, B features.

    Attributes:
        name: Names for people; empty where there is none.
        geometry: In WGS84: lines or areas; crossings may be points; shape (B,).
        passable: Crossings: they part nothing and join what others part, shape (B,).
    """

    name: tuple[str, ...]
    geometry: GeometryArray
    passable: BoolArray

    @classmethod
    def none(cls) -> Barriers:
        """No barrier."""
        return cls(name=(), geometry=as_geometry([]), passable=np.zeros(0, dtype=bool))

    def __len__(self) -> int:
        return len(self.name)

    def lines(self) -> list[tuple[str, GeometryArray]]:
        """Name and lines of each barrier that is no crossing, for maps; outlines of areas."""
        found = []
        for name, shape, is_open in zip(self.name, self.geometry, self.passable, strict=True):
            parts = shapely.get_parts(shape)
            rings = shapely.get_dimensions(parts) == 2
            parts[rings] = shapely.boundary(parts[rings])
            drawn = shapely.get_parts(parts)
            if not is_open:
                found.append((name, drawn[shapely.get_dimensions(drawn) == 1]))
        return found


def parted_cells(
    barriers: Barriers,
    pairs: IntArray,
    geometry: GeometryArray | None,
    lon_deg: FloatArray,
    lat_deg: FloatArray,
) -> IntArray:
    """Neighbouring cells that the barriers part, shape (P, 2): some of `pairs`, in their order.

    Args:
        barriers: The barriers.
        pairs: Neighbouring cells i < j, shape (E, 2).
        geometry: Cell polygons in WGS84, shape (C,), or None where cells are points.
        lon_deg: A point of each cell, shape (C,).
        lat_deg: Likewise.
    """
    walls = np.flatnonzero(~barriers.passable)
    if not len(walls) or not len(pairs):
        return pairs[:0]
    plane = plane_at(lon_deg, lat_deg)
    wall = shapely.union_all(plane.project(as_geometry(barriers.geometry[walls])))
    gates = plane.project(as_geometry(barriers.geometry[barriers.passable]))
    x, y = plane.xy(lon_deg, lat_deg)
    ends = np.stack([np.column_stack([x, y])[pairs[:, 0]], np.column_stack([x, y])[pairs[:, 1]]], 1)
    between = shapely.linestrings(ends)
    parted: BoolArray = shapely.intersects(between, wall)
    if geometry is None:
        middle = shapely.points(ends.mean(axis=1))
        reach = shapely.length(between) / 2.0
        return pairs[parted & ~_joined(middle, middle, gates, reach)]
    cells = made_valid(plane.project(as_geometry(geometry)))
    near = shapely.dwithin(cells, wall, ALONG_M)
    some = np.flatnonzero(near[pairs].all(axis=1))
    one, other = cells[pairs[some, 0]], cells[pairs[some, 1]]
    border = shapely.intersection(shapely.boundary(one), shapely.buffer(other, MISMATCH_M))
    whole = shapely.length(border)
    along = shapely.length(shapely.intersection(border, shapely.buffer(wall, ALONG_M)))
    parted[some] |= (whole > 0) & (along > MOSTLY * whole)
    reach = np.full(len(pairs), ALONG_M)
    return pairs[parted & ~_joined(cells[pairs[:, 0]], cells[pairs[:, 1]], gates, reach)]


def _joined(
    one: GeometryArray, other: GeometryArray, gates: GeometryArray, reach_m: FloatArray
) -> BoolArray:
    """Whether some gate is within reach of both, shape (P,)."""
    joined: BoolArray = np.zeros(len(one), dtype=bool)
    for gate in gates:
        joined |= shapely.dwithin(one, gate, reach_m) & shapely.dwithin(other, gate, reach_m)
    return joined
