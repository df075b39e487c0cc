"""Datums and coordinate systems: everything becomes WGS84 degrees once, at the door.

Four names are understood beside any EPSG code:

- `WGS84`: degrees as GPS gives them.
- `CGCS2000`: China's geodetic system, in degrees (EPSG:4490). Its frame differs from WGS84 by less
  than a metre, so the degrees are taken as they are. Gauss-Krüger metres have EPSG codes of their
  own (3-degree zones EPSG:4513-4554, 6-degree zones EPSG:4491-4512).
- `GCJ02`: the shifted coordinates of Chinese web maps (Amap, Tencent), up to 710 m off.
- `BD09`: Baidu's further shift of GCJ-02.

GCJ-02 and BD-09 are not published as standards; the formulas are those of the public
implementations (eviltransform, coordtransform), against whose test values ours are checked. Both
shift only inside a rectangle around China; **a point outside it passes through unchanged** in both
directions. Both inverses are fixed-point iterations: the shift changes by at most 1 part in 40 over
its own length, so each step gains at least a factor 40, and the result maps back onto its origin to
well below a millimetre. Within about a kilometre of the rectangle's edge (open sea, or abroad)
the inverse is not defined and may be off by the shift itself.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import numpy as np
import pyproj
import shapely
from numpy.typing import ArrayLike, NDArray
from pyproj.exceptions import CRSError

from optimizer.frozen import BoolArray, FloatArray

WGS84 = "EPSG:4326"
NAMED_DATUMS = ("WGS84", "CGCS2000", "GCJ02", "BD09")
SHIFTED_DATUMS = ("GCJ02", "BD09")

# The rectangle inside which the shifts apply (west, south, east, north).
CHINA_BOX_DEG = (72.004, 0.8293, 137.8347, 55.8271)

_KRASSOVSKY_M = 6378245.0
_ECCENTRICITY_SQUARED = 0.00669342162296594323
_BAIDU_RADIANS = np.pi * 3000.0 / 180.0
_CONVERGED_DEG = 1e-12  # a ten-thousandth of a millimetre
_MAX_STEPS = 20

Shift = Callable[[FloatArray, FloatArray], tuple[FloatArray, FloatArray]]


def is_known(crs: str) -> bool:
    """Whether `crs` is one of the four names, an EPSG code, or a PROJ or WKT text."""
    try:
        _resolve(crs)
    except ValueError:
        return False
    return True


def is_shifted(crs: str) -> bool:
    """Whether `crs` is GCJ-02 or BD-09, which no EPSG code names."""
    return _name(crs) in SHIFTED_DATUMS


def is_geographic(crs: str) -> bool:
    """Whether coordinates in `crs` are longitudes and latitudes in degrees.

    Raises:
        ValueError: unknown `crs`.
    """
    system = _resolve(crs)[1]
    return system is None or bool(system.is_geographic)


def to_wgs84(x: ArrayLike, y: ArrayLike, crs: str) -> tuple[FloatArray, FloatArray]:
    """Longitude and latitude in WGS84 of points given in `crs`.

    Args:
        x: Longitudes in degrees, or eastings in the unit of `crs` (metres, feet).
        y: Latitudes or northings, broadcast against `x`.
        crs: `WGS84`, `CGCS2000`, `GCJ02`, `BD09` or `EPSG:n`.

    Returns:
        Degrees in the broadcast shape; NaN stays NaN, and `inf` stands where `crs` cannot hold
        the point.

    Raises:
        ValueError: unknown `crs`.
    """
    east, north = _pair(x, y)
    name, system = _resolve(crs)
    if system is not None:
        return _transform(system, _degrees_for(system), east, north)
    if name == "BD09":
        east, north = _unshift(east, north, _bd09_shift)
    if name in SHIFTED_DATUMS:
        east, north = _unshift(east, north, _gcj02_shift)
    return east, north


def from_wgs84(lon: ArrayLike, lat: ArrayLike, crs: str) -> tuple[FloatArray, FloatArray]:
    """Coordinates in `crs` of points given in WGS84; the opposite of `to_wgs84`.

    Raises:
        ValueError: unknown `crs`.
    """
    east, north = _pair(lon, lat)
    name, system = _resolve(crs)
    if system is not None:
        return _transform(_degrees_for(system), system, east, north)
    if name in SHIFTED_DATUMS:
        east, north = _shift(east, north, _gcj02_shift)
    if name == "BD09":
        east, north = _shift(east, north, _bd09_shift)
    return east, north


def geometry_to_wgs84(geometry: NDArray[Any], crs: str) -> NDArray[Any]:
    """Shapely geometries moved from `crs` to WGS84, without Z; None stays None.

    Raises:
        ValueError: unknown `crs`.
    """
    if _resolve(crs)[0] in ("WGS84", "CGCS2000"):
        return np.asarray(shapely.force_2d(geometry), dtype=object)

    def move(points: FloatArray) -> FloatArray:
        return np.column_stack(to_wgs84(points[:, 0], points[:, 1], crs))

    return np.asarray(shapely.transform(geometry, move), dtype=object)


def local_crs(lon: ArrayLike, lat: ArrayLike) -> str:
    """A metric coordinate system for the county that these WGS84 points span.

    Lambert's azimuthal equal-area projection centred on them: areas are exact everywhere, and
    lengths are off by at most (d / 2R)^2 / 2, that is 8 mm in 1 km at d = 50 km from the centre and
    0.8 m in 1 km at 500 km (J. P. Snyder, *Map Projections*, USGS 1395, 1987, chapter 24).

    Raises:
        ValueError: no finite point.
    """
    east, north = _pair(lon, lat)
    finite = np.isfinite(east) & np.isfinite(north)
    if not finite.any():
        raise ValueError("local_crs: no finite point")
    east, north = east[finite], north[finite]
    lon_0 = round(float(east.min() + east.max()) / 2.0, 4)
    lat_0 = round(float(north.min() + north.max()) / 2.0, 4)
    return f"+proj=laea +lat_0={lat_0} +lon_0={lon_0} +datum=WGS84 +units=m +no_defs"


def area_of_use_deg(crs: str) -> tuple[float, float, float, float] | None:
    """Where `crs` is meant for, as (west, south, east, north) in degrees; None if not known.

    Raises:
        ValueError: unknown `crs`.
    """
    system = _resolve(crs)[1]
    if system is None:
        return None
    area = system.area_of_use
    if area is None:
        code = system.to_epsg()
        area = None if code is None else pyproj.CRS.from_epsg(code).area_of_use
    if area is None or area.west > area.east:
        return None
    return float(area.west), float(area.south), float(area.east), float(area.north)


def apart_m(x: ArrayLike, y: ArrayLike, one: str, other: str) -> float:
    """Largest distance in metres between the same coordinates read in two systems.

    Returns:
        Great-circle metres on a sphere; inf where only one of the two can hold a point.

    Raises:
        ValueError: unknown `one` or `other`.
    """
    lon_a, lat_a = (np.radians(v) for v in to_wgs84(x, y, one))
    lon_b, lat_b = (np.radians(v) for v in to_wgs84(x, y, other))
    half = (
        np.sin((lat_a - lat_b) / 2) ** 2
        + np.cos(lat_a) * np.cos(lat_b) * np.sin((lon_a - lon_b) / 2) ** 2
    )
    metres = 2 * 6371008.8 * np.arcsin(np.sqrt(np.clip(half, 0.0, 1.0)))
    return float(np.max(np.where(np.isfinite(metres), metres, np.inf), initial=0.0))


def outside_china(lon: FloatArray, lat: FloatArray) -> BoolArray:
    """Where the GCJ-02 and BD-09 shifts do not apply."""
    west, south, east, north = CHINA_BOX_DEG
    return (lon < west) | (lon > east) | (lat < south) | (lat > north)


def _name(crs: str) -> str | None:
    plain = re.sub(r"[\s_-]", "", crs).upper()
    return plain if plain in NAMED_DATUMS else None


def _resolve(crs: str) -> tuple[str, None] | tuple[None, pyproj.CRS]:
    """The named datum, or else the pyproj system, that `crs` stands for."""
    name = _name(crs)
    if name is not None:
        return name, None
    text = crs.strip()
    if not re.fullmatch(r"(?i)(EPSG|OGC|ESRI):\w+|\+proj=.*|[A-Z]\w*\[.*\]", text, re.DOTALL):
        raise ValueError(f"unknown coordinate system {crs!r}")
    try:
        found = pyproj.CRS.from_user_input(text)
    except CRSError as error:
        raise ValueError(f"unknown coordinate system {crs!r}") from error
    if not (found.is_geographic or found.is_projected):
        raise ValueError(f"no system of places on the ground: {crs!r}")
    code = found.to_epsg()
    if code in (4326, 4490):
        return ("WGS84" if code == 4326 else "CGCS2000"), None
    return None, found


def _degrees_for(system: pyproj.CRS) -> pyproj.CRS:
    """The degrees to go through: CGCS2000's own for its zones, whose degrees are taken as WGS84."""
    base = system.geodetic_crs
    if base is not None and base.to_epsg() == 4490:
        return base
    return pyproj.CRS(WGS84)


def _pair(x: ArrayLike, y: ArrayLike) -> tuple[FloatArray, FloatArray]:
    east, north = np.broadcast_arrays(np.asarray(x, dtype=float), np.asarray(y, dtype=float))
    return east.copy(), north.copy()


def _transform(
    source: pyproj.CRS, target: pyproj.CRS, x: FloatArray, y: FloatArray
) -> tuple[FloatArray, FloatArray]:
    moved = pyproj.Transformer.from_crs(source, target, always_xy=True).transform(x, y)
    unknown = np.isnan(x) | np.isnan(y)
    # PROJ answers inf for NaN as well as for points it cannot place; only the latter is news.
    lon, lat = (np.where(unknown, np.nan, np.asarray(v, dtype=float)) for v in moved)
    return lon, lat


def _shift(lon: FloatArray, lat: FloatArray, by: Shift) -> tuple[FloatArray, FloatArray]:
    d_lon, d_lat = by(lon, lat)
    stays = outside_china(lon, lat)
    return lon + np.where(stays, 0.0, d_lon), lat + np.where(stays, 0.0, d_lat)


def _unshift(lon: FloatArray, lat: FloatArray, by: Shift) -> tuple[FloatArray, FloatArray]:
    """Solve p + by(p) = (lon, lat) by p <- (lon, lat) - by(p)."""
    stays = outside_china(lon, lat)
    at_lon, at_lat = lon, lat
    for _ in range(_MAX_STEPS):
        d_lon, d_lat = by(at_lon, at_lat)
        next_lon = np.where(stays, lon, lon - d_lon)
        next_lat = np.where(stays, lat, lat - d_lat)
        step = np.fmax(np.abs(next_lon - at_lon), np.abs(next_lat - at_lat))
        at_lon, at_lat = next_lon, next_lat
        if not (step > _CONVERGED_DEG).any():
            break
    return at_lon, at_lat


def _gcj02_shift(lon: FloatArray, lat: FloatArray) -> tuple[FloatArray, FloatArray]:
    """What GCJ-02 adds to a WGS84 point, in degrees."""
    x, y = lon - 105.0, lat - 35.0
    root = np.sqrt(np.abs(x))
    wave = 20.0 * np.sin(6.0 * np.pi * x) + 20.0 * np.sin(2.0 * np.pi * x)
    north_m = (
        -100.0 + 2.0 * x + 3.0 * y + 0.2 * y * y + 0.1 * x * y + 0.2 * root
        + (wave + 20.0 * np.sin(np.pi * y) + 40.0 * np.sin(np.pi * y / 3.0)) * 2.0 / 3.0
        + (160.0 * np.sin(np.pi * y / 12.0) + 320.0 * np.sin(np.pi * y / 30.0)) * 2.0 / 3.0
    )  # fmt: skip
    east_m = (
        300.0 + x + 2.0 * y + 0.1 * x * x + 0.1 * x * y + 0.1 * root
        + (wave + 20.0 * np.sin(np.pi * x) + 40.0 * np.sin(np.pi * x / 3.0)) * 2.0 / 3.0
        + (150.0 * np.sin(np.pi * x / 12.0) + 300.0 * np.sin(np.pi * x / 30.0)) * 2.0 / 3.0
    )  # fmt: skip
    latitude = np.radians(lat)
    magic = 1.0 - _ECCENTRICITY_SQUARED * np.sin(latitude) ** 2
    meridian_m = _KRASSOVSKY_M * (1.0 - _ECCENTRICITY_SQUARED) / (magic * np.sqrt(magic))
    parallel_m = _KRASSOVSKY_M / np.sqrt(magic) * np.cos(latitude)
    return np.degrees(east_m / parallel_m), np.degrees(north_m / meridian_m)


def _bd09_shift(lon: FloatArray, lat: FloatArray) -> tuple[FloatArray, FloatArray]:
    """What BD-09 adds to a GCJ-02 point, in degrees."""
    radius = np.hypot(lon, lat) + 0.00002 * np.sin(lat * _BAIDU_RADIANS)
    angle = np.arctan2(lat, lon) + 0.000003 * np.cos(lon * _BAIDU_RADIANS)
    return radius * np.cos(angle) + 0.0065 - lon, radius * np.sin(angle) + 0.006 - lat
