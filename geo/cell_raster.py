"""Which cell a point lies in, by looking it up in a fine raster; exact on the borders.

A raster pixel that no border of a cell passes through lies in the same cells everywhere: one look
says which. In the others the point is tested against the polygons whose borders pass through, so
that the answer is the same as `geo.boundaries.locate` gives for every point.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from threading import Lock

import numpy as np
import shapely
from numpy.typing import NDArray
from scipy import ndimage

from geo.boundaries import locate
from geo.plane import GeometryArray, as_geometry
from optimizer.frozen import FloatArray, IntArray

_TARGET_DEG = 25.0 / 111_320.0
_MOST_PIXELS = 1 << 22
# Borders are widened by this part of a pixel, far more than rounding moves them.
_WIDER = 1e-6
# Below this a raster costs more than it saves.
_FEW_POINTS = 2_000
_NOWHERE, _BORDER = -1, -2


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class CellRaster:
    """A raster over the cells. C cells, B border pixels.

    Attributes:
        geometry: Polygons in WGS84, prepared, shape (C,).
        west_deg, south_deg: Its corner.
        per_degree: Pixels in a degree.
        pixel: Cell of each pixel, -1 outside all, or -2 - b for border pixel b, shape (rows,
            columns).
        full: First cell that covers the whole of each border pixel, C where none, shape (B,).
        start: Where the candidates of each border pixel begin, shape (B + 1,).
        candidate: Cells whose border passes through, ascending within a pixel.
    """

    geometry: GeometryArray
    west_deg: float
    south_deg: float
    per_degree: float
    pixel: NDArray[np.int32]
    full: IntArray
    start: IntArray
    candidate: IntArray

    def locate(self, lon_deg: FloatArray, lat_deg: FloatArray) -> IntArray:
        """Row of the cell that holds each point, shape (P,); -1 outside all, on a border the first.

        Points that are not numbers lie outside.
        """
        lon, lat = np.asarray(lon_deg, float), np.asarray(lat_deg, float)
        rows, columns = self.pixel.shape
        with np.errstate(invalid="ignore"):
            x = np.floor((lon - self.west_deg) * self.per_degree)
            y = np.floor((lat - self.south_deg) * self.per_degree)
            inside = (x >= 0) & (x < columns) & (y >= 0) & (y < rows)
        at = np.where(inside, y * columns + x, 0.0).astype(np.int64)
        found = self.pixel.ravel()[at].astype(np.int64)
        found[~inside] = _NOWHERE
        border = np.flatnonzero(found <= _BORDER)
        if border.size:
            found[border] = self._exact(lon[border], lat[border], _BORDER - found[border])
        return found

    def _exact(self, lon: FloatArray, lat: FloatArray, pixel: IntArray) -> IntArray:
        """Cells of points in border pixels."""
        best = self.full[pixel].copy()
        count = self.start[pixel + 1] - self.start[pixel]
        point = np.repeat(np.arange(len(pixel)), count)
        within = np.arange(len(point)) - np.repeat(np.cumsum(count) - count, count)
        cell = self.candidate[np.repeat(self.start[pixel], count) + within]
        order = np.argsort(cell, kind="stable")
        cell, point = cell[order], point[order]
        turns = np.flatnonzero(cell[1:] != cell[:-1]) + 1
        for first, end in pairwise([0, *turns.tolist(), cell.size]):
            if first == end:
                continue
            number, tried = int(cell[first]), point[first:end]
            # Cells come in order: whoever has one already has the first.
            tried = tried[best[tried] > number]
            if tried.size:
                hit = shapely.intersects_xy(self.geometry[number], lon[tried], lat[tried])
                best[tried[hit]] = number
        return np.where(best == len(self.geometry), _NOWHERE, best)


def cell_raster(geometry: GeometryArray) -> CellRaster:
    """Draw the raster of some cells.

    Args:
        geometry: Polygons in WGS84, shape (C,).
    """
    cells = as_geometry(geometry).copy()
    shapely.prepare(cells)
    west, south, east, north = shapely.total_bounds(cells).tolist()
    wide, high = east - west, north - south
    size = max(_TARGET_DEG, float(np.sqrt(max(wide * high, 1e-12) / _MOST_PIXELS)))
    per_degree = 1.0 / size
    # A ring of pixels around, so that what touches the edge is still within.
    west, south = west - size, south - size
    columns, rows = (int(np.ceil(d * per_degree)) + 3 for d in (wide, high))
    where, cell = _border_pixels(cells, west, south, per_degree, columns)
    pixels, candidate, start = _grouped(where, cell)
    number = np.full(rows * columns, -1, np.int32)
    number[pixels] = np.arange(len(pixels), dtype=np.int32)
    raster = np.full(rows * columns, len(cells), np.int32)
    bounds = shapely.bounds(cells)
    of_cell = np.argsort(cell, kind="stable")
    ends = np.searchsorted(cell[of_cell], np.arange(len(cells) + 1))
    for c in range(len(cells)):
        if ends[c] == ends[c + 1]:
            continue
        own = where[of_cell[ends[c] : ends[c + 1]]]
        _fill(raster, cells[c], c, own, (west, south, per_degree, columns), bounds[c])
    full = raster[pixels].astype(np.int64)
    inner = np.where(raster == len(cells), _NOWHERE, raster).astype(np.int32)
    inner[pixels] = _BORDER - number[pixels]
    return CellRaster(
        geometry=cells,
        west_deg=west,
        south_deg=south,
        per_degree=per_degree,
        pixel=inner.reshape(rows, columns),
        full=full,
        start=start,
        candidate=candidate,
    )


class CellFinder:
    """Finds cells as `geo.boundaries.locate` does; draws the raster when points enough ask for it.

    Args:
        geometry: Polygons in WGS84, shape (C,).
    """

    def __init__(self, geometry: GeometryArray) -> None:
        self._geometry = geometry
        self._raster: CellRaster | None = None
        self._drawing = Lock()

    def locate(self, lon_deg: FloatArray, lat_deg: FloatArray) -> IntArray:
        """Row of the cell that holds each point, shape (P,); -1 outside all."""
        if self._raster is None and len(lon_deg) < _FEW_POINTS:
            return locate(lon_deg, lat_deg, self._geometry)
        with self._drawing:
            if self._raster is None:
                self._raster = cell_raster(self._geometry)
        return self._raster.locate(lon_deg, lat_deg)


def _border_pixels(
    cells: GeometryArray, west: float, south: float, per_degree: float, columns: int
) -> tuple[IntArray, IntArray]:
    """Pixels that the border of each cell touches: flat pixel and cell, each pair once."""
    parts, of_part = shapely.get_parts(cells, return_index=True)
    rings, of_ring = shapely.get_rings(parts, return_index=True)
    xy, ring = shapely.get_coordinates(rings, return_index=True)
    x, y = (xy[:, 0] - west) * per_degree, (xy[:, 1] - south) * per_degree
    one = np.flatnonzero(ring[1:] == ring[:-1])
    # Each edge in pieces of at most half a pixel: the box around one touches four pixels at most.
    longest = np.maximum(np.abs(x[one + 1] - x[one]), np.abs(y[one + 1] - y[one]))
    n = np.maximum(np.ceil(2.0 * longest), 1.0).astype(np.int64)
    edge = np.repeat(one, n)
    step = np.arange(len(edge)) - np.repeat(np.cumsum(n) - n, n)
    share = np.repeat(n, n).astype(float)
    ends = [
        (v[edge] + (v[edge + 1] - v[edge]) * (step + k) / share) for k in (0, 1) for v in (x, y)
    ]
    low_x, high_x = np.minimum(ends[0], ends[2]) - _WIDER, np.maximum(ends[0], ends[2]) + _WIDER
    low_y, high_y = np.minimum(ends[1], ends[3]) - _WIDER, np.maximum(ends[1], ends[3]) + _WIDER
    corners = [
        np.floor(b).astype(np.int64) * columns + np.floor(a).astype(np.int64)
        for b in (low_y, high_y)
        for a in (low_x, high_x)
    ]
    owner = of_part[of_ring[ring[edge]]]
    pair = np.unique(np.concatenate([c * np.int64(len(cells)) + owner for c in corners]))
    return pair // len(cells), pair % len(cells)


def _grouped(where: IntArray, cell: IntArray) -> tuple[IntArray, IntArray, IntArray]:
    """Border pixels, their candidates one pixel after another, and where each begins."""
    pixels, start = np.unique(where, return_index=True)
    return pixels, cell, np.r_[start, len(where)].astype(np.int64)


def _fill(
    raster: NDArray[np.int32],
    shape: shapely.Geometry,
    number: int,
    border: IntArray,
    grid: tuple[float, float, float, int],
    bounds: FloatArray,
) -> None:
    """Write a cell's number into the pixels that it covers and no earlier cell does."""
    west, south, per_degree, columns = grid
    y, x = border // columns, border % columns
    top, left = int(y.min()), int(x.min())
    window = np.ones((int(y.max()) - top + 1, int(x.max()) - left + 1), np.bool_)
    window[y - top, x - left] = False
    label, n = ndimage.label(window)
    if not n:
        return
    flat = label.ravel()
    first = np.zeros(n + 1, np.int64)
    first[flat[::-1]] = np.arange(flat.size)[::-1]
    row, column = np.divmod(first[1:], window.shape[1])
    is_inside = np.zeros(n + 1, np.bool_)
    is_inside[1:] = shapely.contains_xy(
        shape, west + (column + left + 0.5) / per_degree, south + (row + top + 0.5) / per_degree
    )
    y, x = np.nonzero(is_inside[label])
    at = (y + top) * columns + x + left
    raster[at] = np.minimum(raster[at], number)
