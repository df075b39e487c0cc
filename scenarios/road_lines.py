"""The roads that a map of a case shows: those of the county and its surroundings."""

from __future__ import annotations

import numpy as np
import shapely

from geo.plane import GeometryArray
from scenarios.load import LoadedCase

# An extract may hold a whole province; a map shows what lies up to some kilometres outside.
_AROUND_DEG = 0.05


def drawn_roads(loaded: LoadedCase) -> tuple[GeometryArray, tuple[str, ...]]:
    """Line in WGS84 and class of each street in and around the county."""
    county, graph = loaded.county, loaded.network
    lon = np.concatenate([county.cells.lon_deg, county.stations.lon_deg])
    lat = np.concatenate([county.cells.lat_deg, county.stations.lat_deg])
    shapes = [loaded.cell_geometry, None if loaded.outline is None else [loaded.outline]]
    for shape in shapes:
        if shape is not None:
            west, south, east, north = shapely.total_bounds(shape).tolist()
            lon, lat = np.append(lon, [west, east]), np.append(lat, [south, north])
    rows = graph.streets_near(lon[np.isfinite(lon)], lat[np.isfinite(lat)], _AROUND_DEG)
    return graph.street_lines(rows), graph.street_classes(rows)
