"""Shapes of the interactive map: cells as arcs that neighbours share, lines as whole numbers.

The page gets every border once, with the cell on either side. Whatever it draws (jurisdictions,
bundles, townships, bands of minutes) it joins from these arcs itself, so that no two areas ever
leave a slit or overlap, and a scenario costs a few numbers per cell.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import shapely

from geo.plane import GeometryArray, as_geometry
from optimizer.frozen import FloatArray, IntArray

STEP_DEG = 1e-5
"""Grid of all coordinates: five decimals, about a metre."""
OUTSIDE = -1
M_PER_DEG = 111_320.0

_FINEST_M = 3.0
_COARSEST_M = 200.0
_MOST_VERTICES = 120_000
_MOST_VERTICES_PER_CELL = 15
"""Neighbours count a common vertex twice."""
_MOST_ROAD_VERTICES = 60_000
_SLIVER_M = 30.0
"""Gaps between cells narrower than this are drawing errors."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """Where whole numbers lie: `origin + n * STEP_DEG`, north up.

    Attributes:
        lon_deg, lat_deg: The origin, the south-west corner of what is drawn.
    """

    lon_deg: float
    lat_deg: float

    def numbers(self, lon_lat_deg: FloatArray) -> IntArray:
        """Grid numbers of coordinates, shape (n, 2)."""
        numbers: IntArray = np.rint(
            (np.reshape(lon_lat_deg, (-1, 2)) - [self.lon_deg, self.lat_deg]) / STEP_DEG
        ).astype(np.int64)
        return numbers


def frame_of(*geometries: GeometryArray) -> Frame:
    """A frame that begins at the south-west corner of all `geometries`."""
    bounds = np.array([shapely.total_bounds(g) for g in geometries if len(g)])
    west, south = np.nanmin(bounds[:, :2], axis=0).tolist()
    return Frame(
        lon_deg=round(math.floor(west / STEP_DEG) * STEP_DEG, 5),
        lat_deg=round(math.floor(south / STEP_DEG) * STEP_DEG, 5),
    )


def simplified_cells(cells: GeometryArray) -> GeometryArray:
    """Cells with fewer vertices whose common borders stay common; None where there is no area.

    Cells that overlap or leave gaps are mended first. The tolerance starts at three metres and
    doubles until the page can carry what is left.

    Args:
        cells: Polygons in WGS84, shape (C,); None or empty where a cell has no shape.
    """
    found: GeometryArray = np.full(len(cells), None, dtype=object)
    there = np.flatnonzero(~(shapely.is_missing(cells) | shapely.is_empty(cells)))
    if not len(there):
        return found
    shapes = shapely.force_2d(cells[there])
    scale = _scale(shapes)
    metres = shapely.transform(shapes, lambda xy: xy * scale)
    if not bool(shapely.coverage_is_valid(metres, gap_width=_SLIVER_M)):
        whole = shapely.make_valid(metres)
        metres = as_geometry(shapely.coverage_clean(_areas(whole), gap_width=_SLIVER_M))
    tolerance_m, most = _FINEST_M, max(_MOST_VERTICES, _MOST_VERTICES_PER_CELL * len(cells))
    thin = shapely.coverage_simplify(metres, tolerance_m)
    while shapely.get_num_coordinates(thin).sum() > most and tolerance_m < _COARSEST_M:
        tolerance_m *= 2.0
        thin = shapely.coverage_simplify(thin, tolerance_m)
    found[there] = shapely.transform(thin, lambda xy: xy / scale)
    return found


def arcs(cells: GeometryArray, frame: Frame) -> list[list[int]]:
    """Borders of the cells, each once.

    Args:
        cells: Polygons in WGS84, shape (C,), as `simplified_cells` gives them.
        frame: The grid.

    Returns:
        One list per border: row of the cell on its left and on its right (-1 = outside), first
        vertex, then steps from vertex to vertex.
    """
    point, cell, start, end = _edges(cells, frame)
    low, high = np.minimum(start, end), np.maximum(start, end)
    _, first, edge = np.unique(
        low * np.int64(len(point)) + high, return_index=True, return_inverse=True
    )
    left = np.full(len(first), OUTSIDE, np.int64)
    right = left.copy()
    forward = start < end
    # Reversed, so that of two cells on one side the first in order stays.
    left[edge[forward][::-1]] = cell[forward][::-1]
    right[edge[~forward][::-1]] = cell[~forward][::-1]
    kept = left != right
    return _chains(point, low[first][kept], high[first][kept], left[kept], right[kept])


def road_numbers(lines: GeometryArray, frame: Frame) -> list[list[int]]:
    """Streets joined and thinned: first vertex, then steps.

    Args:
        lines: LineStrings in WGS84, one for each street.
        frame: The grid.
    """
    if not len(lines):
        return []
    scale = _scale(lines)
    metres = shapely.transform(shapely.force_2d(lines), lambda xy: xy * scale)
    merged = shapely.get_parts(shapely.line_merge(shapely.multilinestrings(metres)))
    tolerance_m = _FINEST_M
    # Lines have no topology to keep among themselves; keeping it costs six times as much.
    thin = shapely.simplify(merged, tolerance_m, preserve_topology=False)
    while shapely.get_num_coordinates(thin).sum() > _MOST_ROAD_VERTICES and tolerance_m < 50.0:
        tolerance_m *= 2.0
        thin = shapely.simplify(merged, tolerance_m, preserve_topology=False)
    return line_numbers(shapely.transform(thin, lambda xy: xy / scale), frame)


def line_numbers(lines: Iterable[shapely.Geometry], frame: Frame) -> list[list[int]]:
    """LineStrings (rings too) as first vertex, then steps; a line of one point is left out."""
    points, line = shapely.get_coordinates(as_geometry(list(lines)), return_index=True)
    if not len(points):
        return []
    numbers = frame.numbers(points)
    begins = np.diff(line, prepend=-1) > 0
    moved = np.diff(numbers, axis=0, prepend=numbers[:1])
    moved[begins] = numbers[begins]
    kept = begins | (moved != 0).any(axis=1)
    moved, line = moved[kept], line[kept]
    starts = np.flatnonzero(np.diff(line, prepend=-1))
    flat = moved.ravel().tolist()
    ends = [*(2 * starts[1:]).tolist(), len(flat)]
    return [
        flat[first:last]
        for first, last in zip((2 * starts).tolist(), ends, strict=True)
        if last - first > 2
    ]


def _scale(shapes: GeometryArray) -> FloatArray:
    """Metres per degree east and north at the middle of `shapes`."""
    _, south, _, north = shapely.total_bounds(shapes).tolist()
    return np.array([M_PER_DEG * math.cos(math.radians((south + north) / 2.0)), M_PER_DEG])


def _areas(shapes: GeometryArray) -> GeometryArray:
    """The areas of each shape: what a repair leaves of lines and points is dropped."""
    found = as_geometry(shapes)
    for i in np.flatnonzero(~np.isin(shapely.get_type_id(found), (3, 6))).tolist():
        parts = shapely.get_parts(shapely.get_parts(found[i]))
        found[i] = shapely.multipolygons(parts[shapely.get_dimensions(parts) == 2])
    return found


def _edges(cells: GeometryArray, frame: Frame) -> tuple[IntArray, IntArray, IntArray, IntArray]:
    """Points (N, 2), and for each side of each ring its cell, start and end; the cell lies left."""
    parts, owner = shapely.get_parts(cells, return_index=True)
    parts = shapely.orient_polygons(parts)  # counter-clockwise, holes clockwise
    rings, part = shapely.get_rings(parts, return_index=True)
    vertex, ring = shapely.get_coordinates(rings, return_index=True)
    numbers = frame.numbers(vertex)
    point, node = np.unique(numbers, axis=0, return_inverse=True)
    node = np.reshape(node, -1)
    inside = (ring[1:] == ring[:-1]) & (node[1:] != node[:-1])
    cell = owner[part[ring[1:]]][inside]
    return point, cell.astype(np.int64), node[:-1][inside], node[1:][inside]


def _chains(
    point: IntArray, low: IntArray, high: IntArray, left: IntArray, right: IntArray
) -> list[list[int]]:
    """Edges with the same two cells joined end to end until they meet a third."""
    ends: list[list[int]] = [[] for _ in range(len(point))]
    a, b = low.tolist(), high.tolist()
    one, two = left.tolist(), right.tolist()
    for e in range(len(a)):
        ends[a[e]].append(e)
        ends[b[e]].append(e)

    def sides(e: int, node: int) -> tuple[int, int]:
        """Cells left and right when leaving `node` along `e`."""
        return (one[e], two[e]) if a[e] == node else (two[e], one[e])

    def passes(node: int) -> bool:
        if len(ends[node]) != 2:
            return False
        first, second = ends[node]
        here = sides(first, node)
        return here[::-1] == sides(second, node)

    through = [passes(n) for n in range(len(point))]
    used = [False] * len(a)
    xy = point.tolist()
    found: list[list[int]] = []

    def walk(e: int, node: int) -> None:
        arc = [*sides(e, node), *xy[node]]
        while True:
            used[e] = True
            onward = b[e] if a[e] == node else a[e]
            arc += [xy[onward][0] - xy[node][0], xy[onward][1] - xy[node][1]]
            node = onward
            if not through[node]:
                break
            e = ends[node][1] if ends[node][0] == e else ends[node][0]
            if used[e]:
                break
        found.append(arc)

    for node in range(len(point)):
        if not through[node]:
            for e in ends[node]:
                if not used[e]:
                    walk(e, node)
    for e in range(len(a)):  # islands, which meet nothing
        if not used[e]:
            walk(e, a[e])
    return found
