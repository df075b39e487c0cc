"""Demand cells for a case that starts from an OpenStreetMap extract: its areas, or squares."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely
from scipy.spatial import cKDTree

from geo.osm_places import Settlement, Township
from geo.plane import Plane, as_geometry, plane_at
from geo.road_graph import RoadGraph
from geo.snapping import NO_ACCESS_CLASSES
from optimizer.frozen import FloatArray, IntArray

# Sides of squares to choose from, and how many squares are still easy to look after.
_STEPS_KM = (0.5, 1.0, 2.0, 3.0, 5.0, 10.0, 20.0)
_MOST_SQUARES = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """A cell.

    Attributes:
        cell_id: Of its area, or `row-column` of its square.
        township: Name of its area, or of the settlement next to it; empty where there is none.
        population: As tagged.
        geometry: Polygon in WGS84.
        lon_deg, lat_deg: Where its alerts are: its settlement, else on the streets in its middle.
    """

    cell_id: str
    township: str
    population: int | None
    geometry: Any
    lon_deg: float
    lat_deg: float


def cells_of_areas(
    areas: Sequence[Township], settlements: Sequence[Settlement], graph: RoadGraph
) -> list[Cell]:
    """A cell for each area; its place is its main settlement, that of its name before all others.

    Without one it is the street corner nearest to the middle of its streets, and without streets a
    point inside. The middle of a mountain township is no place that anybody is called to.
    """
    lon, lat = _street_points(graph)
    homes = shapely.points([s.lon_deg for s in settlements], [s.lat_deg for s in settlements])
    made = []
    for one in areas:
        shapely.prepare(one.geometry)
        inside = np.asarray(shapely.contains(one.geometry, homes), bool)
        mine = [settlements[i] for i in np.flatnonzero(inside).tolist()]
        if mine:
            best = min(mine, key=lambda s: (s.name != one.name, s.rank, -(s.population or 0)))
            at = best.lon_deg, best.lat_deg
        else:
            rows = np.flatnonzero(shapely.contains_xy(one.geometry, lon, lat))
            if len(rows):
                row = rows[_most_central(lon[rows], lat[rows])]
                at = float(lon[row]), float(lat[row])
            else:
                point = shapely.point_on_surface(one.geometry)
                at = point.x, point.y
        made.append(
            Cell(
                cell_id=one.osm_id,
                township=one.name or one.osm_id,
                population=one.population,
                geometry=one.geometry,
                lon_deg=round(at[0], 6),
                lat_deg=round(at[1], 6),
            )
        )
    return made


def squares(
    graph: RoadGraph,
    areas: Sequence[Township],
    settlements: Sequence[Settlement],
    step_km: float | None = None,
) -> tuple[list[Cell], float]:
    """Squares with streets, as cells.

    Args:
        graph: The roads.
        areas: Squares whose place lies in none of them are left out; empty = all stay.
        settlements: Without areas, the one next to a square is its township.
        step_km: Side; None = the smallest of 0.5 to 20 km that makes at most 500 squares.

    Returns:
        The cells, row by row from the south-west, and the side in kilometres.
    """
    lon, lat = _street_points(graph)
    plane = plane_at(lon, lat)
    x, y = plane.xy(lon, lat)
    steps = (step_km,) if step_km is not None else _STEPS_KM
    for step in steps:
        column, row = _square_of(x, step), _square_of(y, step)
        key = row * (int(column.max()) + 1) + column
        if len(np.unique(key)) <= _MOST_SQUARES:
            break
    _, first, which = np.unique(key, return_index=True, return_inverse=True)
    order = np.argsort(which, kind="stable")
    parts = np.split(order, np.cumsum(np.bincount(which))[:-1])
    middle = np.array([part[_most_central(lon[part], lat[part])] for part in parts])
    shapes = _shapes(plane, x.min(), y.min(), column[first], row[first], step)
    names = _townships_of(lon[middle], lat[middle], areas, settlements)
    digits = len(str(int(max(column.max(), row.max()))))
    cells = [
        Cell(
            cell_id=f"{row[f]:0{digits}d}-{column[f]:0{digits}d}",
            township=name,
            population=None,
            geometry=shape,
            lon_deg=round(float(lon[m]), 6),
            lat_deg=round(float(lat[m]), 6),
        )
        for f, m, shape, name in zip(
            first.tolist(), middle.tolist(), shapes.tolist(), names, strict=True
        )
        if name is not None
    ]
    return cells, float(step)


def _street_points(graph: RoadGraph) -> tuple[FloatArray, FloatArray]:
    """Points of the streets of the main network that places may meet, else of all of them."""
    barred = np.array([name in NO_ACCESS_CLASSES for name in graph.class_names], bool)
    main = graph.component[graph.tail()[graph.street_arc()]] == 0
    usable = main & ~barred[graph.street_class]
    on = np.repeat(usable if usable.any() else np.ones_like(usable), np.diff(graph.shape_first))
    return graph.shape_lon_e7[on] / 1e7, graph.shape_lat_e7[on] / 1e7


def _most_central(lon: FloatArray, lat: FloatArray) -> int:
    """Row of the point nearest to the mean of all."""
    east = (lon - lon.mean()) * np.cos(np.radians(lat.mean()))
    return int(np.argmin(np.hypot(east, lat - lat.mean())))


def _square_of(metres: FloatArray, step_km: float) -> IntArray:
    found: IntArray = np.floor((metres - metres.min()) / (step_km * 1000.0)).astype(np.int64)
    return found


def _shapes(
    plane: Plane, west_m: float, south_m: float, column: IntArray, row: IntArray, step_km: float
) -> Any:
    """Squares in WGS84; neighbours have the same corners to the last digit."""
    at = np.array([(0, 0), (1, 0), (1, 1), (0, 1), (0, 0)])
    lon, lat = plane.lon_lat(
        west_m + (column[:, None] + at[:, 0]) * step_km * 1000.0,
        south_m + (row[:, None] + at[:, 1]) * step_km * 1000.0,
    )
    return shapely.polygons(np.round(np.stack([lon, lat], axis=-1), 7))


def _townships_of(
    lon: FloatArray, lat: FloatArray, areas: Sequence[Township], settlements: Sequence[Settlement]
) -> list[str | None]:
    """Township of each place; None outside all areas."""
    if areas:
        tree = shapely.STRtree(as_geometry([one.geometry for one in areas]))
        place, area = tree.query(shapely.points(lon, lat), predicate="intersects")
        found: list[str | None] = [None] * len(lon)
        for p, a in zip(place.tolist()[::-1], area.tolist()[::-1], strict=True):
            found[p] = areas[a].name or areas[a].osm_id
        return found
    named = [one for one in settlements if one.name]
    if not named:
        return [""] * len(lon)
    plane = plane_at(lon, lat)
    homes = plane.xy([s.lon_deg for s in named], [s.lat_deg for s in named])
    _, near = cKDTree(np.column_stack(homes)).query(np.column_stack(plane.xy(lon, lat)))
    return [named[i].name for i in np.asarray(near).tolist()]
