"""Cells as areas: repaired, measured, neighboured, and made from points where none are given."""

from __future__ import annotations

import numpy as np
import shapely
from scipy.spatial import cKDTree

from geo.gabriel import gabriel_pairs
from geo.plane import GeometryArray, as_geometry, plane_at, plane_of
from geo.repair import Repair, Repaired, made_valid, polygonal, repair_cells
from optimizer.frozen import FloatArray, IntArray

__all__ = [
    "Repair",
    "Repaired",
    "are_polygons",
    "areas_km2",
    "border_km",
    "cell_adjacency",
    "locate",
    "point_adjacency",
    "repair_cells",
    "thiessen",
    "union",
]

# Neighbours share more border than this; less is a corner.
SHARED_BORDER_M = 1.0
# Borders this close to each other are the same border drawn twice.
MISMATCH_M = 0.5


def are_polygons(geometry: GeometryArray) -> bool:
    """Whether there are polygons among the geometries: cells drawn as areas."""
    return bool(np.isin(shapely.get_type_id(as_geometry(geometry)), (3, 6)).any())


def union(geometry: GeometryArray | None) -> shapely.Geometry | None:
    """The polygons of a layer as one outline in WGS84, or None where it has none."""
    if geometry is None:
        return None
    parts = polygonal(as_geometry([g for g in geometry if g is not None]))
    outline = shapely.union_all(made_valid(parts))
    return None if shapely.is_empty(outline) else outline


def areas_km2(geometry: GeometryArray) -> FloatArray:
    """Area of each cell in square kilometres, shape (C,), on an equal-area plane."""
    given = as_geometry(geometry)
    if not len(given):
        return np.zeros(0)
    return np.asarray(shapely.area(plane_of(given).project(given)), float) / 1e6


def cell_adjacency(geometry: GeometryArray) -> IntArray:
    """Pairs of cells that share a border (rook), shape (E, 2), each i < j, sorted.

    Two cells are neighbours if edges with the same end points add up to more than 1 m, or, where
    the borders were drawn twice with different vertices, if one's outline runs for more than 1 m
    within 0.5 m of the other (less the metre that a mere corner contributes).

    Args:
        geometry: Polygons in WGS84, shape (C,); repaired ones, since cells more than half a metre
            apart are no neighbours.
    """
    given = as_geometry(geometry)
    if len(given) < 2:
        return np.zeros((0, 2), np.int64)
    metric = plane_of(given).project(given)
    exact = _same_edges(given, metric)
    metric = made_valid(metric)
    near, found = shapely.STRtree(metric).query(metric, predicate="dwithin", distance=MISMATCH_M)
    pairs = np.column_stack([near, found])[near < found].astype(np.int64)
    n = len(given)
    pairs = pairs[~np.isin(pairs @ [n, 1], exact @ [n, 1])]
    both = np.vstack([exact, _drawn_twice(metric, pairs)])
    return np.unique(both, axis=0).astype(np.int64)


def border_km(geometry: GeometryArray, pairs: IntArray) -> FloatArray:
    """Length of the border that each pair of cells shares, shape (E,); 0 for cells apart.

    Args:
        geometry: Polygons in WGS84, shape (C,).
        pairs: Shape (E, 2); see `cell_adjacency` for what counts as shared.
    """
    given = as_geometry(geometry)
    metric = made_valid(plane_of(given).project(given))
    found: FloatArray = np.maximum(0.0, _shared_m(metric, pairs)) / 1000.0
    return found


def point_adjacency(lon_deg: FloatArray, lat_deg: FloatArray) -> IntArray:
    """Neighbouring cells where only points are known: their Gabriel graph, (E, 2), i < j, sorted.

    Two points are neighbours if the circle over their distance holds no third one (Gabriel and
    Sokal 1969). The graph is connected.
    """
    lon, lat = np.asarray(lon_deg, float), np.asarray(lat_deg, float)
    if len(lon) < 2:
        return np.zeros((0, 2), np.int64)
    return gabriel_pairs(*plane_at(lon, lat).xy(lon, lat))


def locate(lon_deg: FloatArray, lat_deg: FloatArray, geometry: GeometryArray) -> IntArray:
    """Row of the cell that holds each point, shape (P,); -1 outside all, on a border the first."""
    points = shapely.points(np.asarray(lon_deg, float), np.asarray(lat_deg, float))
    row = np.full(len(points), len(geometry), np.int64)
    point, cell = shapely.STRtree(as_geometry(geometry)).query(points, predicate="intersects")
    np.minimum.at(row, point, cell)
    row[row == len(geometry)] = -1
    return row


def thiessen(lon_deg: FloatArray, lat_deg: FloatArray, outline: shapely.Geometry) -> GeometryArray:
    """The part of `outline` nearest to each point, shape (P,), in WGS84.

    Args:
        lon_deg: Shape (P,).
        lat_deg: Shape (P,).
        outline: Polygon or MultiPolygon in WGS84.

    Returns:
        Polygons or MultiPolygons; empty for a point outside the outline whose cell misses it.

    Raises:
        ValueError: no points, or two points at one place.
    """
    lon, lat = np.asarray(lon_deg, float), np.asarray(lat_deg, float)
    if not len(lon):
        raise ValueError("thiessen: no points")
    if len(lon) == 1:
        return as_geometry([outline])
    plane = plane_of(as_geometry([outline]))
    clip = plane.project(as_geometry([outline]))[0]
    places = np.column_stack(plane.xy(lon, lat))
    close = cKDTree(places).query_pairs(0.01)
    if close:
        one, two = min(close)
        raise ValueError(f"thiessen: points {one} and {two} lie at one place")
    areas = shapely.voronoi_polygons(shapely.multipoints(places), extend_to=clip, ordered=True)
    parts = as_geometry(shapely.get_parts(areas))
    # Cut in degrees, so that the outline comes back vertex for vertex.
    return polygonal(as_geometry(shapely.intersection(plane.unproject(parts), outline)))


def _same_edges(given: GeometryArray, metric: GeometryArray) -> IntArray:
    """Pairs of cells whose common edges, equal to the last digit, exceed the shared border."""
    degrees, ring, cell = _vertices(given)
    metres, _, _ = _vertices(metric)
    inside = ring[1:] == ring[:-1]
    owner = cell[1:][inside]
    edge_m = np.hypot(*np.diff(metres, axis=0)[inside].T)
    _, vertex = np.unique(degrees @ np.array([1.0, 1.0j]), return_inverse=True)
    low = np.minimum(vertex[1:], vertex[:-1])[inside]
    high = np.maximum(vertex[1:], vertex[:-1])[inside]
    order = np.lexsort((owner, high, low))
    low, high, owner, edge_m = low[order], high[order], owner[order], edge_m[order]
    pairs, lengths = [np.zeros((0, 2), np.int64)], [np.zeros(0)]
    step = 1
    while True:  # one round, unless cells lie on top of each other
        same = (low[step:] == low[:-step]) & (high[step:] == high[:-step])
        if not same.any():
            break
        pairs.append(np.column_stack([owner[:-step][same], owner[step:][same]]))
        lengths.append(edge_m[:-step][same])
        step += 1
    every = np.vstack(pairs)
    distinct = every[:, 0] != every[:, 1]
    unique, which = np.unique(every[distinct], axis=0, return_inverse=True)
    shared_m = np.bincount(
        which.reshape(-1), np.concatenate(lengths)[distinct], minlength=len(unique)
    )
    return unique[shared_m > SHARED_BORDER_M].astype(np.int64)


def _vertices(geometry: GeometryArray) -> tuple[FloatArray, IntArray, IntArray]:
    """All vertices of polygons, the ring each belongs to, and the cell."""
    parts, cell = shapely.get_parts(geometry, return_index=True)
    rings, part = shapely.get_rings(parts, return_index=True)
    vertex, ring = shapely.get_coordinates(rings, return_index=True)
    return vertex, ring, cell[part][ring]


def _drawn_twice(metric: GeometryArray, pairs: IntArray) -> IntArray:
    """Those of `pairs` whose borders run along each other although their vertices differ."""
    kept: IntArray = pairs[_shared_m(metric, pairs) > SHARED_BORDER_M]
    return kept


def _shared_m(metric: GeometryArray, pairs: IntArray) -> FloatArray:
    """Metres that the outline of one runs along the other, less what a mere corner has."""
    one, two = metric[pairs[:, 0]], metric[pairs[:, 1]]
    # Only the parts near each other are compared; the margin keeps the cut itself out of reach.
    outline = shapely.intersection(shapely.boundary(one), _box_around(two))
    body = shapely.intersection(two, _box_around(one))
    along = shapely.intersection(outline, shapely.buffer(body, MISMATCH_M))
    shared_m: FloatArray = shapely.length(along) - 2.0 * MISMATCH_M
    return shared_m


def _box_around(geometry: GeometryArray) -> GeometryArray:
    margin = 4.0 * MISMATCH_M
    boxes: GeometryArray = shapely.box(
        *(shapely.bounds(geometry) + np.array([-margin, -margin, margin, margin])).T
    )
    return boxes
