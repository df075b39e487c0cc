"""The densest ground that holds a quarter, a half, … of the alerts, as areas."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
import shapely
from contourpy import FillType, contour_generator
from scipy.ndimage import distance_transform_edt

from geo.density import Surface
from geo.plane import GeometryArray, Plane, as_geometry
from optimizer.frozen import FloatArray

SHARES = (0.25, 0.5, 0.75, 0.9)
"""Of all alerts, the densest ground first."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class DensityBands:
    """Areas by density, the densest first. B bands.

    Attributes:
        share_fraction: Alerts that the band and all denser ones hold, shape (B,).
        from_per_km2: Density at the band's outer edge, shape (B,).
        area_km2: Ground of the band and all denser ones, in whole squares, shape (B,).
        geometry: The band by itself, in WGS84, shape (B,); None where it has no ground.
    """

    share_fraction: FloatArray
    from_per_km2: FloatArray
    area_km2: FloatArray
    geometry: GeometryArray


def density_bands(surface: Surface, area: Any, shares: Sequence[float] = SHARES) -> DensityBands:
    """Highest-density regions of a surface.

    Args:
        surface: The surface.
        area: The county on the plane of the surface.
        shares: Ascending shares of the alerts.
    """
    grid = surface.grid
    inside = grid.inside
    ordered = np.sort(surface.per_km2[inside])[::-1]
    held = np.cumsum(ordered)
    km2 = (grid.step_m / 1000.0) ** 2
    at = [int(np.searchsorted(held, share * held[-1])) for share in shares]
    level = ordered[at] if held[-1] > 0 else np.zeros(len(shares))
    return DensityBands(
        share_fraction=np.array(shares),
        from_per_km2=level,
        area_km2=np.array([(i + 1) * km2 for i in at]),
        geometry=_areas(surface, area, level)
        if held[-1] > 0
        else np.full(len(shares), None, dtype=object),
    )


def _areas(surface: Surface, area: Any, level: FloatArray) -> GeometryArray:
    grid = surface.grid
    # Beyond the border the nearest square's density, so that no contour follows the border.
    _, (row, column) = distance_transform_edt(~grid.inside, return_indices=True)
    z = np.pad(surface.per_km2[row, column], 1, mode="edge")
    rows, columns = z.shape
    x = grid.west_m + (np.arange(columns) - 0.5) * grid.step_m
    y = grid.south_m + (np.arange(rows) - 0.5) * grid.step_m
    made = contour_generator(x, y, z, fill_type=FillType.OuterOffset)
    highest = float(z.max()) * 1.001 + 1e-9
    found: list[Any] = []
    for high, low in pairwise([highest, *level.tolist()]):
        if high <= low:
            found.append(None)
            continue
        polygons = []
        for points, offsets in zip(*made.filled(low, high), strict=True):
            rings = [points[a:b] for a, b in pairwise(offsets.tolist())]
            polygons.append(shapely.Polygon(rings[0], rings[1:]))
        shape = shapely.intersection(shapely.make_valid(shapely.union_all(polygons)), area)
        found.append(None if shape.is_empty else shape)
    there = [i for i, shape in enumerate(found) if shape is not None]
    geometry: GeometryArray = np.full(len(found), None, dtype=object)
    if there:
        plane = Plane(crs=grid.crs)
        geometry[there] = plane.unproject(as_geometry([found[i] for i in there]))
    return geometry
