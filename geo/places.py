"""Where the rows of a table lie: one datum, shapes of the right kind, coordinates that can be."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from geo.columns import Schema
from geo.crs import (
    CHINA_BOX_DEG,
    WGS84,
    apart_m,
    area_of_use_deg,
    geometry_to_wgs84,
    is_geographic,
    is_known,
    is_shifted,
    to_wgs84,
)
from geo.faults import Fault
from geo.raw import Raw, Source
from geo.values import Parsed
from optimizer.errors import Problem
from optimizer.frozen import BoolArray, FloatArray

# Two systems that put a place this close together are the same for our purpose: WGS84, CGCS2000 and
# NAD83 differ by up to two metres, any real conflict by tens of metres or more.
_SAME_M = 5.0
# How far outside the area a projected system is meant for a place may lie.
_MARGIN_DEG = 1.0
_GEOMETRY = "geometry"
_KINDS = {
    "point": ("Point", "MultiPoint"),
    "line": ("LineString", "MultiLineString"),
    "polygon": ("Polygon", "MultiPolygon"),
}
_NEEDED = {
    "point": "a point in every row",
    "line": "a line in every row",
    "polygon": "a polygon in every row",
    "any": "a shape in every row",
    "none": "a shape in every row",
}
_SWAPPED = "longitude before latitude; latitude and longitude look swapped"
_SWAP_FIX = "swap the two columns, or their headers"
_DEGREES = "degrees: longitude from -180 to 180, latitude from -90 to 90"
_DEGREES_FIX = "if these are metres or feet, name the layer's EPSG code as crs in case.yaml"


@dataclass(frozen=True, slots=True, kw_only=True)
class Places:
    """Places of N rows in WGS84.

    Attributes:
        lon_deg, lat_deg: Shape (N,), NaN where not known; None where the schema asks for no place.
        geometry: Shapes, shape (N,); None where the schema keeps none or the file has none.
        faults: Rows whose place cannot be.
        problems: What is wrong with the layer as a whole.
    """

    lon_deg: FloatArray | None = None
    lat_deg: FloatArray | None = None
    geometry: NDArray[Any] | None = None
    faults: tuple[Fault, ...] = ()
    problems: tuple[Problem, ...] = ()


def locate_rows(source: Source, schema: Schema, raw: Raw, parsed: dict[str, Parsed]) -> Places:
    """Turn coordinate columns and shapes into WGS84, once, and check them.

    The place of a row is its `lon` and `lat` columns; without them, its point, or a point on its
    line or inside its polygon.

    Args:
        source: For the declared datum.
        schema: Which places and shapes are needed.
        raw: The shapes and the coordinate system of the file.
        parsed: The columns by canonical name.
    """
    x_name, y_name = _coordinate_columns(schema)
    has_xy = x_name in parsed and y_name in parsed
    empty = np.full(raw.row.size, np.nan)
    unplaced = Places(lon_deg=empty if x_name else None, lat_deg=empty.copy() if x_name else None)
    if raw.geometry is None and schema.geometry != "none" and not x_name:
        needed = _problem(
            source,
            "a layer with shapes; this file is a plain table",
            "give a GeoPackage, Shapefile or GeoJSON",
        )
        return replace(unplaced, problems=(needed,))
    shapes = raw.geometry if schema.geometry != "none" or (x_name and not has_xy) else None
    if shapes is None and not has_xy:
        return unplaced
    x = y = None
    if has_xy:
        x = np.asarray(parsed[str(x_name)].values, dtype=float)
        y = np.asarray(parsed[str(y_name)].values, dtype=float)
    crs, problems = _settle_crs(source, raw, shapes, x, y)
    if crs is None:
        return replace(unplaced, problems=problems)
    geometry: NDArray[Any] | None = None
    faults: tuple[Fault, ...] = ()
    if shapes is not None:
        geometry, faults = _shapes(shapes, schema, crs)
    if x is None or y is None:
        lon, lat = _inner_points(geometry) if x_name and geometry is not None else (None, None)
    else:
        broken = _rows_at(raw.row.size, parsed[str(x_name)], parsed[str(y_name)])
        own = WGS84 if shapes is not None and _are_degrees(x, y, crs) else crs
        lon, lat, found = _points(x, y, broken, own, str(y_name))
        faults += found
    return Places(
        lon_deg=lon,
        lat_deg=lat,
        geometry=geometry if schema.geometry != "none" else None,
        faults=faults,
        problems=problems,
    )


def _coordinate_columns(schema: Schema) -> tuple[str | None, str | None]:
    by_kind = {c.kind: c.name for c in schema.columns}
    return by_kind.get("lon"), by_kind.get("lat")


def _problem(source: Source, expected: str, fix: str, **params: object) -> Problem:
    return Problem(
        where=source.shown,
        column="crs",
        value=source.crs,
        expected=expected,
        fix=fix,
        params=params,
    )


# --- which datum ----------------------------------------------------------------------------


def _settle_crs(
    source: Source,
    raw: Raw,
    shapes: NDArray[Any] | None,
    x: FloatArray | None,
    y: FloatArray | None,
) -> tuple[str | None, tuple[Problem, ...]]:
    """The system to read the coordinates in, or None and why there is none."""
    declared, carried = source.crs, raw.crs
    if declared is not None and not is_known(declared):
        return None, (
            _problem(
                source,
                "a datum: WGS84, CGCS2000, GCJ02, BD09 or EPSG:n",
                "correct crs in case.yaml",
            ),
        )
    if carried is not None and not is_known(carried):
        carried = None
    if declared is None:
        settled = carried or raw.default_crs
        if settled is not None:
            return settled, ()
        return None, (
            _problem(
                source,
                "a datum for the coordinates; the file names none",
                "add crs to the layer in case.yaml: WGS84, CGCS2000, GCJ02, BD09 or EPSG:n",
            ),
        )
    if carried is None:
        return declared, ()
    if is_shifted(declared) and is_geographic(carried):
        # No EPSG code names GCJ-02 or BD-09, so their files are stamped WGS84 or CGCS2000.
        return declared, ()
    metres = apart_m(*_sample(shapes, x, y), carried, declared)
    if metres <= _SAME_M:
        return declared, ()
    return None, (
        _problem(
            source,
            "the coordinate system that the file names, {carried}; the two are {apart} apart",
            "leave crs out of case.yaml if the file is right, else mend the file",
            carried=carried if len(carried) < 20 else carried[:40] + "…",
            apart=f"{metres:,.0f} m" if np.isfinite(metres) else "∞",
        ),
    )


def _sample(
    shapes: NDArray[Any] | None, x: FloatArray | None, y: FloatArray | None
) -> tuple[FloatArray, FloatArray]:
    if shapes is not None:
        west, south, east, north = shapely.total_bounds(shapes)
        xs, ys = np.array([west, east]), np.array([south, north])
    else:
        xs, ys = np.asarray(x)[:100], np.asarray(y)[:100]
    known = np.isfinite(xs) & np.isfinite(ys)
    return xs[known], ys[known]


def _are_degrees(x: FloatArray, y: FloatArray, crs: str) -> bool:
    """Coordinate columns beside shapes may be degrees though the shapes are in metres."""
    return not is_geographic(crs) and not ((np.abs(x) > 180) | (np.abs(y) > 90)).any()


# --- points ---------------------------------------------------------------------------------


def _points(
    x: FloatArray, y: FloatArray, broken: BoolArray, crs: str, column: str
) -> tuple[FloatArray, FloatArray, tuple[Fault, ...]]:
    """Points in WGS84; `broken` rows are told of elsewhere."""
    lon, lat = to_wgs84(x, y, crs)
    here = np.isfinite(x) & np.isfinite(y) & ~broken
    half = (np.isfinite(x) != np.isfinite(y)) & ~broken
    faults = [_fault(column, half, x, y, "both longitude and latitude, or neither")]
    if is_geographic(crs):
        swapped, outside = _degree_faults(x, y, crs)
        zero = (x == 0) & (y == 0)
        faults += [
            _fault(column, here & swapped, x, y, _SWAPPED, _SWAP_FIX),
            _fault(column, here & outside & ~swapped, x, y, _DEGREES, _DEGREES_FIX),
            _fault(
                column, here & zero, x, y, "a place; 0, 0 is in the sea off Africa",
                "leave both empty where the place is not known",
            ),
        ]  # fmt: skip
    else:
        faults += _projected_faults(x, y, lon, lat, here, crs, column)
    bad = half | ~here
    for fault in faults:
        if fault is not None:
            bad[fault.at] = True
    lon[bad], lat[bad] = np.nan, np.nan
    return lon, lat, tuple(f for f in faults if f is not None)


def _degree_faults(x: FloatArray, y: FloatArray, crs: str) -> tuple[BoolArray, BoolArray]:
    outside = (np.abs(x) > 180) | (np.abs(y) > 90)
    swapped = (np.abs(y) > 90) & (np.abs(y) <= 180) & (np.abs(x) <= 90)
    if is_shifted(crs):
        # These datums exist in China alone, so there a swap shows below 90 degrees too.
        west, south, east, north = CHINA_BOX_DEG
        swapped |= (y >= west) & (y <= east) & (x >= south) & (x <= north)
    return swapped, outside


def _projected_faults(
    x: FloatArray,
    y: FloatArray,
    lon: FloatArray,
    lat: FloatArray,
    here: BoolArray,
    crs: str,
    column: str,
) -> list[Fault | None]:
    lost = here & ~_fits(lon, lat, crs)
    if not lost.any():
        return []
    swapped = lost & _fits(*to_wgs84(y, x, crs), crs)
    return [
        _fault(
            column, swapped, x, y, "easting before northing; the two look swapped",
            "in Chinese survey tables X is the northing: swap the two columns, or their headers",
        ),
        _fault(
            column, lost & ~swapped, x, y, "a place in the area that {crs} is made for",
            "check crs in case.yaml, its zone above all, and the coordinates",
            {"crs": crs if len(crs) < 20 else "the file's coordinate system"},
        ),
    ]  # fmt: skip


def _fits(lon: FloatArray, lat: FloatArray, crs: str) -> BoolArray:
    west, south, east, north = area_of_use_deg(crs) or (-180.0, -90.0, 180.0, 90.0)
    with np.errstate(invalid="ignore"):
        fits: BoolArray = (
            (lon >= west - _MARGIN_DEG)
            & (lon <= east + _MARGIN_DEG)
            & (lat >= south - _MARGIN_DEG)
            & (lat <= north + _MARGIN_DEG)
        )
    return fits


def _fault(
    column: str,
    bad: BoolArray,
    x: FloatArray,
    y: FloatArray,
    expected: str,
    fix: str = "",
    params: dict[str, object] | None = None,
) -> Fault | None:
    at = np.flatnonzero(bad)
    if not at.size:
        return None
    return Fault(
        column=column,
        at=at,
        values=[f"{a:.10g}, {b:.10g}" for a, b in zip(x[at], y[at], strict=True)],
        expected=expected,
        fix=fix,
        params=params or {},
    )


def _rows_at(n_rows: int, *columns: Parsed) -> BoolArray:
    """Rows that some column already has a fault in."""
    rows = np.zeros(n_rows, dtype=np.bool_)
    for column in columns:
        for fault in column.faults:
            rows[fault.at] = True
    return rows


# --- shapes ---------------------------------------------------------------------------------


def _shapes(
    shapes: NDArray[Any], schema: Schema, crs: str
) -> tuple[NDArray[Any], tuple[Fault, ...]]:
    """Shapes in WGS84, None where one is bad."""
    absent = shapely.is_missing(shapes) | shapely.is_empty(shapes)
    kinds = np.array(
        ["" if lost else g.geom_type for g, lost in zip(shapes, absent, strict=True)], dtype=object
    )
    allowed = _KINDS.get(schema.geometry)
    needed = _NEEDED[schema.geometry]
    wrong = np.zeros(absent.shape, dtype=np.bool_)
    if allowed is not None:
        wrong = ~absent & ~np.isin(kinds, allowed)
    faults = [
        _shape_fault(absent, [""] * int(absent.sum()), needed, "draw it, or delete the row"),
        _shape_fault(wrong, kinds[wrong].tolist(), needed, "give a layer of one kind of shape"),
    ]
    usable = ~absent & ~wrong
    bounds = shapely.bounds(shapes)
    faults += _bounds_faults(bounds, usable, crs)
    kept = shapes.copy()
    kept[~usable] = None
    for fault in faults:
        if fault is not None:
            kept[fault.at] = None
    return geometry_to_wgs84(kept, crs), tuple(f for f in faults if f is not None)


def _bounds_faults(bounds: FloatArray, usable: BoolArray, crs: str) -> list[Fault | None]:
    low_x, low_y, high_x, high_y = bounds.T
    if is_geographic(crs):
        swapped, outside = (
            a | b
            for a, b in zip(
                _degree_faults(low_x, low_y, crs), _degree_faults(high_x, high_y, crs), strict=True
            )
        )
        return [
            _fault(_GEOMETRY, usable & swapped, low_x, low_y, _SWAPPED, "swap the coordinates"),
            _fault(_GEOMETRY, usable & outside & ~swapped, low_x, low_y, _DEGREES, _DEGREES_FIX),
        ]
    mid_x, mid_y = (low_x + high_x) / 2, (low_y + high_y) / 2
    lon, lat = to_wgs84(mid_x, mid_y, crs)
    return _projected_faults(mid_x, mid_y, lon, lat, usable, crs, _GEOMETRY)


def _shape_fault(bad: BoolArray, values: Sequence[str], expected: str, fix: str) -> Fault | None:
    if not bad.any():
        return None
    return Fault(
        column=_GEOMETRY, at=np.flatnonzero(bad), values=values, expected=expected, fix=fix
    )


def _inner_points(geometry: NDArray[Any]) -> tuple[FloatArray, FloatArray]:
    """A point on each shape, inside a polygon; NaN where there is no shape."""
    points = shapely.point_on_surface(geometry)
    return shapely.get_x(points), shapely.get_y(points)
