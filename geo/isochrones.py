"""How far a station gets in so many minutes: bands of travel time as polygons.

The minutes of a place are those that plans are judged by: walk to the road at the seat, drive along
the fastest way, walk from the road to the place. They are computed on a fine grid, and the bands
are the contours between its points, so their borders are exact to about one step of the grid.

Bands of one station are disjoint and share borders: the place within 10 minutes is the band 0–5 and
the band 5–10 together.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
import shapely
from contourpy import FillType, contour_generator
from scipy.ndimage import binary_dilation

from geo.accesses import Split, accesses
from geo.plane import GeometryArray, Plane, as_geometry, plane_of
from geo.routing import Router, travel_times
from optimizer.frozen import FloatArray, IntArray

MINUTES = (5.0, 10.0, 15.0, 20.0, 30.0)
"""Upper ends of the bands."""
# Points of the grid: about 200 m apart in a county of 2,000 square kilometres.
_POINTS = 40_000
_LEAST_STEP_M = 60.0
# Pieces and holes smaller than this many squares of the grid are noise of the contour.
_SPECK_SQUARES = 1.0
# Detail of the borders, in steps of the grid.
_DETAIL_STEPS = 0.3


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Surface:
    """Minutes from S places to the points of a grid.

    Attributes:
        plane: Where the grid lies.
        x_m, y_m: Columns and rows of the grid on the plane, shapes (X,) and (Y,).
        travel_time_min: Shape (S, Y, X); inf = not within the limit.
        area: The ground on the plane, prepared.
        step_m: Between neighbouring points.
    """

    plane: Plane
    x_m: FloatArray
    y_m: FloatArray
    travel_time_min: FloatArray
    area: Any
    step_m: float


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Bands:
    """Bands of travel time, those without ground left out. B bands.

    Attributes:
        source: Row of the place; -1 = whichever place is nearest, shape (B,).
        from_min, to_min: Ends of the band, shape (B,).
        geometry: Polygons or MultiPolygons in WGS84, shape (B,).
        step_m: How exact the borders are.
    """

    source: IntArray
    from_min: FloatArray
    to_min: FloatArray
    geometry: GeometryArray
    step_m: float


def isochrones(
    roads: Router,
    lon_deg: FloatArray,
    lat_deg: FloatArray,
    minutes: Sequence[float] = MINUTES,
    *,
    area: Any,
    walk_km_per_h: float | None,
) -> Bands:
    """Bands of travel time of each place, and of all together.

    Args:
        roads: The roads.
        lon_deg: Places in WGS84, shape (S,).
        lat_deg: Likewise.
        minutes: Upper ends of the bands, rising.
        area: Ground in WGS84 to which the bands are cut.
        walk_km_per_h: Speed on foot to and from the road; None = those walks do not count.
    """
    surface = travel_surface(
        roads, lon_deg, lat_deg, area=area, walk_km_per_h=walk_km_per_h, limit_min=max(minutes)
    )
    return bands(surface, [*range(len(lon_deg)), range(len(lon_deg))], minutes)


def travel_surface(
    roads: Router,
    lon_deg: FloatArray,
    lat_deg: FloatArray,
    *,
    area: Any,
    walk_km_per_h: float | None,
    limit_min: float,
    split: Split | None = None,
) -> Surface:
    """Minutes from places to a grid over an area.

    Args:
        roads: The roads.
        lon_deg: Places in WGS84, shape (S,).
        lat_deg: Likewise.
        area: Ground in WGS84 that the grid covers.
        walk_km_per_h: Speed on foot to and from the road; None = those walks do not count.
        limit_min: Longer ways are left out.
        split: Where the roads have new ones among them (see `geo.accesses`).

    Raises:
        ValueError: an area without extent.
    """
    plane = plane_of(as_geometry([area]))
    ground = plane.project(as_geometry([area]))[0]
    west, south, east, north = shapely.bounds(ground).tolist()
    size_m2 = (east - west) * (north - south)
    if not size_m2 > 0:
        raise ValueError("an area without extent has no isochrones")
    step = max(np.sqrt(size_m2 / _POINTS), _LEAST_STEP_M)
    # One point beyond the edge on each side, so that contours cross the border of the area.
    x_m = np.arange(west - step, east + 2 * step, step)
    y_m = np.arange(south - step, north + 2 * step, step)
    all_x, all_y = (g.ravel() for g in np.meshgrid(x_m, y_m))
    ground = shapely.simplify(ground, step / 10.0)
    shapely.prepare(ground)
    # The ground and a rim of two points.
    inside = shapely.contains_xy(ground, all_x, all_y).reshape(len(y_m), len(x_m))
    near = np.flatnonzero(binary_dilation(inside, iterations=2, structure=np.ones((3, 3), bool)))
    goal = accesses(roads, split, *plane.lon_lat(all_x[near], all_y[near]))
    start = accesses(roads, split, lon_deg, lat_deg)
    found = travel_times(
        roads,
        start.at,
        goal.at,
        # A little further, so that the last contour lies between points that are known.
        limit_min + _look_min(step, walk_km_per_h),
        walk_km_per_h=walk_km_per_h,
    )
    minutes = np.full((start.places, len(all_x)), np.inf)
    row = np.repeat(start.owner, np.diff(found.first))
    np.minimum.at(minutes, (row, near[goal.owner[found.target]]), found.travel_ms / 60_000.0)
    return Surface(
        plane=plane,
        x_m=x_m,
        y_m=y_m,
        travel_time_min=minutes.reshape(-1, len(y_m), len(x_m)),
        area=ground,
        step_m=float(step),
    )


def bands(
    surface: Surface, groups: Sequence[int | Sequence[int]], minutes: Sequence[float] = MINUTES
) -> Bands:
    """Contours of a surface.

    Args:
        surface: Minutes on a grid.
        groups: A row has the bands of that place; several rows together those of whichever place
            is nearest, with -1 as their source.
        minutes: Upper ends of the bands, rising.
    """
    ends = [-1.0, *minutes]
    rows: list[tuple[int, float, float, Any]] = []
    for group in groups:
        members = [group] if isinstance(group, int) else list(group)
        grid = surface.travel_time_min[members].min(axis=0)
        # A wall where nothing is reached: the contour runs close to the last point that is.
        grid = np.where(np.isfinite(grid), grid, 2.0 * max(minutes) + 1.0)
        lines = contour_generator(surface.x_m, surface.y_m, grid, fill_type=FillType.OuterOffset)
        source = group if isinstance(group, int) else -1
        made = [
            (max(low, 0.0), high, shape)
            for low, high in pairwise(ends)
            if (shape := _shape(lines.filled(low, high), surface.step_m)) is not None
        ]
        # Borders that two bands share stay shared: thinned before the outline cuts them, which
        # adds corners to each on its own.
        thin = shapely.coverage_simplify(
            as_geometry([shape for *_, shape in made]), surface.step_m * _DETAIL_STEPS
        )
        rows += [
            (source, low, high, cut)
            for (low, high, _), shape in zip(made, thin.tolist(), strict=True)
            if (cut := _cut(shape, surface)) is not None
        ]
    geometry = as_geometry([shape for *_, shape in rows])
    return Bands(
        source=np.array([source for source, *_ in rows], np.int64),
        from_min=np.array([low for _, low, _, _ in rows], float),
        to_min=np.array([high for _, _, high, _ in rows], float),
        geometry=surface.plane.unproject(geometry) if len(rows) else geometry,
        step_m=surface.step_m,
    )


def _shape(contour: Any, step_m: float) -> Any:
    """Polygons of a filled contour; None without any."""
    least_m2 = _SPECK_SQUARES * step_m**2
    polygons = []
    for points, offsets in zip(*contour, strict=True):
        # Two bands compute their border each on their own: equal to the millimetre it is shared.
        points = np.round(points, 3)
        rings = [points[a:b] for a, b in pairwise(offsets.tolist())]
        outer = shapely.Polygon(rings[0])
        if outer.area < least_m2:
            continue
        polygons.append(shapely.Polygon(rings[0], [r for r in rings[1:] if len(r) > 3]))
    if not polygons:
        return None
    shape = shapely.MultiPolygon(polygons)
    if not shapely.is_valid(shape):  # rings that touch themselves in a point of the grid
        shape = shapely.make_valid(shape)
    return shape


def _cut(shape: Any, surface: Surface) -> Any:
    """A band cut to the area; None where nothing is left."""
    least_m2 = _SPECK_SQUARES * surface.step_m**2
    if not shapely.contains_properly(surface.area, shape):
        shape = shapely.intersection(shape, surface.area)
    parts = shapely.get_parts(shape)
    parts = parts[(shapely.get_dimensions(parts) == 2) & (shapely.area(parts) >= least_m2)]
    return shapely.multipolygons(parts) if len(parts) else None


def _look_min(step_m: float, walk_km_per_h: float | None) -> float:
    """Minutes that two steps of the grid may take."""
    return 1.0 if walk_km_per_h is None else 2.0 * step_m / 1000.0 / walk_km_per_h * 60.0
