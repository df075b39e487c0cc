"""Kilometres of managed road in each station's jurisdiction."""

from __future__ import annotations

import numpy as np
import shapely
from scipy.spatial import cKDTree

from geo.cutting import tidy_cuts
from geo.plane import GeometryArray, Plane, as_geometry, plane_of
from geo.road_graph import RoadGraph
from optimizer.frozen import FloatArray, IntArray

# Where a road lies outside every cell, or cells are points, each piece of this length goes to its
# nearest cell by its middle.
PIECE_KM = 0.25


def duty_road_km(
    roads: RoadGraph,
    cell_geometry: GeometryArray | None,
    cell_lon_deg: FloatArray,
    cell_lat_deg: FloatArray,
    cell_station: IntArray,
    n_stations: int,
    classes: tuple[str, ...],
) -> FloatArray:
    """Road length per jurisdiction and class in kilometres, shape (S, R); its sum is preserved.

    Each street counts once, whether it is driven one way or both. It is cut at the cells' borders
    and every `PIECE_KM`; a piece belongs to the cell its middle lies in (on a border: the first),
    outside every cell to the nearest one. A piece weighs its share of the street's line times the
    street's length, so modelled roads keep their detour.

    Args:
        roads: The roads.
        cell_geometry: Polygons in WGS84, shape (C,), or None where cells are points.
        cell_lon_deg: Representative points of the cells, shape (C,).
        cell_lat_deg: Likewise.
        cell_station: Station of each cell, shape (C,).
        n_stations: S.
        classes: R class names of the roads to count.
    """
    found = np.zeros((n_stations, len(classes)))
    column = np.array(
        [classes.index(n) if n in classes else -1 for n in roads.class_names], dtype=np.int64
    )
    if not roads.streets:
        return found
    code = column[roads.street_class]
    street = np.flatnonzero(code >= 0)
    if not len(street):
        return found
    drawn = roads.street_lines(street)
    plane = plane_of(drawn)
    lines = plane.project(drawn)
    cells = None if cell_geometry is None else plane.project(as_geometry(cell_geometry))
    owner, start, end = _pieces(lines, cells)
    middle = shapely.line_interpolate_point(lines[owner], (start + end) / 2.0)
    cell = _cell_of(middle, cells, plane, cell_lon_deg, cell_lat_deg)
    km = (end - start) / shapely.length(lines)[owner] * roads.street_km()[street[owner]]
    np.add.at(found, (cell_station[cell], code[street[owner]]), km)
    return found


def _pieces(
    lines: GeometryArray, cells: GeometryArray | None
) -> tuple[IntArray, FloatArray, FloatArray]:
    """Line, start and end in metres of each piece, in order along each line."""
    length = shapely.length(lines)
    count = np.floor(length / (PIECE_KM * 1000.0)).astype(np.int64)
    owner = np.repeat(np.arange(len(lines)), count)
    nth = np.arange(len(owner)) - np.repeat(np.cumsum(count) - count, count) + 1
    position = nth * PIECE_KM * 1000.0
    if cells is not None:
        line, cell = shapely.STRtree(cells).query(lines, predicate="intersects")
        places, pair = shapely.get_coordinates(
            shapely.intersection(lines[line], shapely.boundary(cells)[cell]), return_index=True
        )
        crossing = line[pair]
        owner = np.concatenate([owner, crossing])
        position = np.concatenate(
            [position, shapely.line_locate_point(lines[crossing], shapely.points(places))]
        )
    owner, position = tidy_cuts(length, owner.astype(np.int64), position)
    rows = np.arange(len(lines))
    piece_owner = np.concatenate([rows, owner])
    start = np.concatenate([np.zeros(len(lines)), position])
    order = np.lexsort((start, piece_owner))
    piece_owner, start = piece_owner[order], start[order]
    last = np.append(piece_owner[1:] != piece_owner[:-1], True)
    end = np.where(last, length[piece_owner], np.append(start[1:], 0.0))
    return piece_owner, start, end


def _cell_of(
    points: GeometryArray,
    cells: GeometryArray | None,
    plane: Plane,
    cell_lon_deg: FloatArray,
    cell_lat_deg: FloatArray,
) -> IntArray:
    if cells is None:
        seats = np.column_stack(plane.xy(cell_lon_deg, cell_lat_deg))
        nearest = cKDTree(seats).query(shapely.get_coordinates(points))[1]
        return np.asarray(nearest, np.int64)
    # Inside a cell the distance is 0; of several the first.
    point, near = shapely.STRtree(cells).query_nearest(points, all_matches=True)
    cell = np.full(len(points), len(cells), np.int64)
    np.minimum.at(cell, point, near)
    return cell
