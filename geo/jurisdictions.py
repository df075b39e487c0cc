"""Jurisdictions on the ground: who is responsible where, and the shape of what each holds."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
import shapely
from numpy.typing import NDArray

from optimizer.county import County
from optimizer.frozen import IntArray
from optimizer.plan import Plan

GeometryArray = NDArray[np.object_]
Fate = Literal["centre", "police_office", "stays"]


def centre_rows(county: County, plan: Plan) -> IntArray:
    """Row of the centre station of each station's bundle, shape (S,)."""
    row = county.stations.index()
    centre = plan.centre_of()
    return np.array([row[centre[s]] for s in county.stations.station_id], dtype=np.int64)


def fates(county: County, plan: Plan) -> tuple[Fate, ...]:
    """What becomes of each station, in station order."""
    found: dict[str, Fate] = {}
    for bundle in plan.bundles:
        for station in bundle.station_ids:
            if len(bundle.station_ids) == 1:
                found[station] = "stays"
            else:
                found[station] = "centre" if station == bundle.centre_id else "police_office"
    return tuple(found[s] for s in county.stations.station_id)


def duty_rows(county: County, plan: Plan) -> IntArray:
    """Rows of the stations that manage roads in `plan` (duty stations), sorted."""
    row = county.stations.index()
    duty = {d.duty_id for d in plan.road_duties}
    return np.array(sorted(row[d] for d in duty if d in row), dtype=np.int64)


def dissolve(
    geometry: GeometryArray, group: IntArray, n_groups: int, *, grid: float
) -> GeometryArray:
    """Join the cells of each group into one polygon or multipolygon.

    Args:
        geometry: Cells, shape (C,); None or empty where a cell has no shape.
        group: Group of each cell, 0 … n_groups - 1, shape (C,).
        n_groups: Number of groups.
        grid: Vertices are snapped to a grid of this step (in the unit of `geometry`), so that
            cells whose common border has not the same vertices leave no slit.

    Returns:
        Shape (n_groups,); None for a group none of whose cells has a shape.
    """
    found: GeometryArray = np.full(n_groups, None, dtype=object)
    drawn = ~(shapely.is_missing(geometry) | shapely.is_empty(geometry))
    for k in range(n_groups):
        cells = geometry[drawn & (group == k)]
        if len(cells):
            found[k] = _areas(shapely.union_all(shapely.make_valid(cells), grid_size=grid), grid)
    return found


def _areas(shape: Any, grid: float) -> Any:
    """The areas of `shape`, without the lines, points and slits that a union leaves over."""
    parts = shapely.get_parts(shapely.get_parts(shape))
    areas = [_without_slits(one, grid) for one in parts[shapely.get_dimensions(parts) == 2]]
    if not len(areas):
        return None
    return areas[0] if len(areas) == 1 else shapely.multipolygons(areas)


def _without_slits(polygon: Any, grid: float) -> Any:
    """Holes that are on the mean narrower than the grid are no holes: the cells touch there."""
    holes = [one for one in polygon.interiors if 2 * shapely.Polygon(one).area >= grid * one.length]
    if len(holes) == len(polygon.interiors):
        return polygon
    return shapely.Polygon(polygon.exterior, holes)
