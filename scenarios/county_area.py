"""The ground of a county: its outline, its cells together, or a rim round its points."""

from __future__ import annotations

from typing import Any

import shapely

from geo.boundaries import union
from geo.plane import as_geometry, plane_at
from scenarios.load import LoadedCase

_RIM_M = 1500.0
"""Ground round counties whose cells are points and that have no outline."""


def county_area(loaded: LoadedCase) -> Any:
    """Polygon or MultiPolygon in WGS84."""
    if loaded.outline is not None:
        return loaded.outline
    if loaded.cell_geometry is not None:
        return union(loaded.cell_geometry)
    cells = loaded.county.cells
    plane = plane_at(cells.lon_deg, cells.lat_deg)
    places = shapely.multipoints(plane.points(cells.lon_deg, cells.lat_deg))
    return plane.unproject(as_geometry([places.convex_hull.buffer(_RIM_M)]))[0]
