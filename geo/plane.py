"""A local plane in metres: every area, length and tolerance in geo/ is measured on one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache, partial
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray
from pyproj import Geod, Transformer
from pyproj.enums import TransformDirection

from geo.crs import WGS84, local_crs
from optimizer.frozen import FloatArray, IntArray

GeometryArray = NDArray[np.object_]

_ELLIPSOID = Geod(ellps="WGS84")


@dataclass(frozen=True, slots=True, kw_only=True)
class Plane:
    """Metres east and north on a projection centred on the county.

    Attributes:
        crs: The projection, as `geo.crs` names it.
    """

    crs: str

    def xy(self, lon_deg: Any, lat_deg: Any) -> tuple[FloatArray, FloatArray]:
        """Metres of WGS84 degrees, shapes as given."""
        return _moved(_transformer(self.crs).transform, lon_deg, lat_deg)

    def lon_lat(self, x_m: Any, y_m: Any) -> tuple[FloatArray, FloatArray]:
        """WGS84 degrees of metres, shapes as given."""
        inverse = partial(_transformer(self.crs).transform, direction=TransformDirection.INVERSE)
        return _moved(inverse, x_m, y_m)

    def points(self, lon_deg: Any, lat_deg: Any) -> GeometryArray:
        """Shapely points in metres."""
        made: GeometryArray = shapely.points(*self.xy(lon_deg, lat_deg))
        return made

    def project(self, geometry: GeometryArray) -> GeometryArray:
        """A copy of WGS84 geometries in metres, vertex by vertex."""
        return _each_vertex(geometry, self.xy)

    def unproject(self, geometry: GeometryArray) -> GeometryArray:
        """A copy of metric geometries in WGS84, vertex by vertex."""
        return _each_vertex(geometry, self.lon_lat)


def plane_at(lon_deg: Any, lat_deg: Any) -> Plane:
    """The plane for these points.

    Raises:
        ValueError: no points.
    """
    lon, lat = np.asarray(lon_deg, float), np.asarray(lat_deg, float)
    if not lon.size:
        raise ValueError("no place to centre a plane on")
    # The middle of the extent, not the mean: a plane does not tilt towards a dense town.
    return Plane(crs=local_crs(np.array([lon.min(), lon.max()]), np.array([lat.min(), lat.max()])))


def plane_of(geometry: GeometryArray) -> Plane:
    """The plane for these WGS84 geometries.

    Raises:
        ValueError: no geometry with coordinates.
    """
    west, south, east, north = shapely.total_bounds(geometry).tolist()
    if not np.isfinite(west):
        raise ValueError("no place to centre a plane on")
    return plane_at([west, east], [south, north])


def line_km(lines: GeometryArray) -> FloatArray:
    """Length on the WGS84 ellipsoid of each LineString, in kilometres, shape (n,)."""
    points, owner = shapely.get_coordinates(lines, return_index=True)
    if len(points) < 2:
        return np.zeros(len(lines))
    step_m = np.asarray(_ELLIPSOID.line_lengths(points[:, 0], points[:, 1]), float)
    same = owner[1:] == owner[:-1]
    return np.bincount(owner[1:][same], step_m[same], minlength=len(lines)) / 1000.0


def pair_km(lon_deg: FloatArray, lat_deg: FloatArray, pairs: IntArray) -> FloatArray:
    """Straight distance on the WGS84 ellipsoid between the points of each pair, shape (n,)."""
    one, two = pairs[:, 0], pairs[:, 1]
    if not len(pairs):
        return np.zeros(0)
    _, _, metres = _ELLIPSOID.inv(lon_deg[one], lat_deg[one], lon_deg[two], lat_deg[two])
    return np.asarray(metres, float) / 1000.0


def as_geometry(values: Any) -> GeometryArray:
    """A one-dimensional object array of geometries, whatever sequence came in."""
    array = np.empty(len(values), dtype=object)
    array[:] = list(values)
    return array


@lru_cache(maxsize=8)
def _transformer(crs: str) -> Transformer:
    """Kept, since setting one up takes PROJ tens of milliseconds."""
    return Transformer.from_crs(WGS84, crs, always_xy=True)


def _moved(
    change: Callable[[FloatArray, FloatArray], Any], x: Any, y: Any
) -> tuple[FloatArray, FloatArray]:
    east, north = change(np.asarray(x, float), np.asarray(y, float))
    return np.asarray(east, float), np.asarray(north, float)


def _each_vertex(geometry: GeometryArray, change: Any) -> GeometryArray:
    points = shapely.get_coordinates(geometry)
    moved = np.column_stack(change(points[:, 0], points[:, 1])) if len(points) else points
    changed: GeometryArray = shapely.set_coordinates(as_geometry(geometry), moved)
    return changed
