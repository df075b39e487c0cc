"""Modelled areas: Thiessen cells of town seats, and of village points within each township.

All areas of a county come from one noded line work on a grid of a millionth of a degree, so that
neighbours share every vertex: no gaps, no overlaps, and the same bytes on every run.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely
from scipy.spatial import cKDTree

from optimizer.frozen import BoolArray, FloatArray, IntArray
from scenarios.cases.assumptions import (
    GRID_POINTS_PER_CELL,
    RELAXATIONS,
    SETTLEMENT_PEAK,
    SETTLEMENT_REACH_KM,
)

DECIMALS = 6
GRID_DEG = 10.0**-DECIMALS
_A_KM, _E2 = 6378.137, 0.00669437999014  # WGS84 ellipsoid


@dataclass(frozen=True, slots=True, kw_only=True)
class LocalPlane:
    """Kilometres east and north of a county's middle, linear in the degrees.

    A linear map keeps straight lines straight, so that a Thiessen edge is the same line in both,
    and it does not depend on the version of a projection library.
    """

    lon_deg: float
    lat_deg: float

    @property
    def km_per_deg(self) -> FloatArray:
        """East and north, from the ellipsoid's radii of curvature at the middle."""
        lat = np.radians(self.lat_deg)
        flat = 1.0 - _E2 * np.sin(lat) ** 2
        east = _A_KM / np.sqrt(flat) * np.cos(lat)
        north = _A_KM * (1.0 - _E2) / flat**1.5
        return np.array([np.radians(east), np.radians(north)])

    def km(self, lon_lat_deg: FloatArray) -> FloatArray:
        """Kilometres of degrees, shape (n, 2)."""
        return (lon_lat_deg - [self.lon_deg, self.lat_deg]) * self.km_per_deg

    def deg(self, km: FloatArray) -> FloatArray:
        """Degrees of kilometres, shape (n, 2)."""
        return km / self.km_per_deg + [self.lon_deg, self.lat_deg]

    def area_km2(self, geometry: Any) -> FloatArray:
        """Areas of polygons in degrees."""
        return np.asarray(shapely.area(geometry) * self.km_per_deg.prod())


def plane_of(outline: Any) -> LocalPlane:
    """The plane at the middle of an outline's extent."""
    west, south, east, north = shapely.bounds(outline)
    return LocalPlane(lon_deg=(west + east) / 2, lat_deg=(south + north) / 2)


def township_areas(plane: LocalPlane, outline: Any, seats_deg: FloatArray) -> list[Any]:
    """Thiessen cells of seats within the outline, in degrees, one per seat.

    A piece that the outline cuts off from its seat goes to the township it borders most; a true
    exclave, which borders nothing, stays with the nearest seat.
    """
    lines = [shapely.boundary(outline), _edges(plane, seats_deg, outline)]
    faces = _faces(lines, outline)
    inside_km = plane.km(shapely.get_coordinates(shapely.point_on_surface(faces)))
    owner = _nearest(plane.km(seats_deg), inside_km)
    return _joined(faces, owner, seats_deg, np.zeros(len(seats_deg), np.int64))


def village_cells(
    plane: LocalPlane, areas: Sequence[Any], sites_deg: Sequence[FloatArray]
) -> list[list[Any]]:
    """Thiessen cells of each township's sites within its area, in degrees.

    Args:
        plane: The county's plane.
        areas: Township areas of `township_areas`.
        sites_deg: Sites of each township, shape (n, 2), each inside its area.

    Returns:
        One list of polygons per township, in the order of its sites.
    """
    lines = [
        *(shapely.boundary(a) for a in areas),
        *(_edges(plane, s, a) for s, a in zip(sites_deg, areas, strict=True)),
    ]
    faces = _faces(lines, shapely.union_all(list(areas)))
    inside = shapely.point_on_surface(faces)
    face, area = shapely.STRtree(list(areas)).query(inside, predicate="within")
    town = np.full(len(faces), -1, np.int64)
    town[face] = area
    # Snapping to the grid can leave a sliver's inner point on the far side of a border.
    lost = town < 0
    town[lost] = shapely.STRtree(list(areas)).nearest(inside[lost])
    first = np.concatenate([[0], np.cumsum([len(s) for s in sites_deg])]).astype(np.int64)
    inside_km = plane.km(shapely.get_coordinates(inside))
    owner = np.zeros(len(faces), np.int64)
    for t, sites in enumerate(sites_deg):
        mine = town == t
        owner[mine] = first[t] + _nearest(plane.km(sites), inside_km[mine])
    group = np.repeat(np.arange(len(areas)), np.diff(first))
    cells = _joined(faces, owner, np.concatenate(list(sites_deg)), group)
    return [cells[first[t] : first[t + 1]] for t in range(len(areas))]


def village_sites(
    plane: LocalPlane, area: Any, seat_deg: FloatArray, fixed_deg: FloatArray, n_free: int
) -> FloatArray:
    """Places for villages of unknown place: settled densest around the seat, nearest seat first.

    Halton points in the area, relaxed (Lloyd 1982) over a grid weighted by the settlement density
    while the known places stay where they are.

    Args:
        plane: The county's plane.
        area: The township's area in degrees.
        seat_deg: Its seat, shape (2,).
        fixed_deg: Places already known, shape (m, 2).
        n_free: How many to find.

    Returns:
        Degrees on the grid of `DECIMALS`, shape (n_free, 2).
    """
    if n_free == 0:
        return np.zeros((0, 2))
    low, high = np.reshape(shapely.bounds(area), (2, 2))
    n_cells = len(fixed_deg) + n_free
    step_km = np.sqrt(float(plane.area_km2(area)) / (n_cells * GRID_POINTS_PER_CELL))
    step_deg = step_km / plane.km_per_deg
    axes = [np.arange(low[i] + step_deg[i] / 2, high[i], step_deg[i]) for i in (0, 1)]
    grid_deg = np.stack(np.meshgrid(*axes), axis=-1).reshape(-1, 2)
    grid_deg = grid_deg[_inside(area, grid_deg)]
    grid, seat = plane.km(grid_deg), plane.km(seat_deg[None, :])
    away_km = np.hypot(*(grid - seat).T)
    density = 1.0 + SETTLEMENT_PEAK * np.exp(-((away_km / SETTLEMENT_REACH_KM) ** 2))
    sites = np.concatenate([plane.km(fixed_deg), plane.km(_halton(area, low, high, n_free))])
    free = np.arange(len(fixed_deg), n_cells)
    for _ in range(RELAXATIONS):
        nearest = _nearest(sites, grid)
        mass = np.bincount(nearest, density, n_cells)
        for axis in (0, 1):
            moment = np.bincount(nearest, density * grid[:, axis], n_cells)
            moved = np.divide(moment, mass, out=sites[:, axis].copy(), where=mass > 0)
            sites[free, axis] = moved[free]
    # A centroid can lie outside a bent area: take the place of its own cell nearest to it.
    nearest = _nearest(sites, grid)
    chosen: list[int] = []
    for site in free:
        own = np.flatnonzero(nearest == site)
        chosen.append(int(own[np.argmin(np.hypot(*(grid[own] - sites[site]).T))]))
    chosen.sort(key=lambda row: (away_km[row], row))
    return np.asarray(np.round(grid_deg[chosen], DECIMALS), float)


def neighbours(areas: Sequence[Any]) -> list[tuple[int, int]]:
    """Pairs of areas that share a border, not only a corner, i < j, sorted."""
    tree = shapely.STRtree(list(areas))
    one, two = tree.query(list(areas), predicate="intersects")
    pairs = sorted((int(i), int(j)) for i, j in zip(one, two, strict=True) if i < j)
    return [
        (i, j) for i, j in pairs if shapely.length(shapely.intersection(areas[i], areas[j])) > 0
    ]


def _nearest(sites: FloatArray, points: FloatArray) -> IntArray:
    return np.asarray(cKDTree(sites).query(points)[1], np.int64)


def _edges(plane: LocalPlane, sites_deg: FloatArray, area: Any) -> Any:
    """Thiessen edges of the sites within an area, in degrees."""
    if len(sites_deg) < 2:
        return shapely.MultiLineString()
    corners = plane.km(np.reshape(shapely.bounds(area), (2, 2)))
    extent = shapely.buffer(shapely.box(*corners.ravel()), float(np.ptp(corners, axis=0).max()))
    edges = shapely.voronoi_polygons(
        shapely.MultiPoint(plane.km(sites_deg)), extend_to=extent, only_edges=True
    )
    return shapely.intersection(shapely.transform(edges, plane.deg), area)


def _faces(lines: Sequence[Any], within: Any) -> Any:
    noded = shapely.union_all(list(lines), grid_size=GRID_DEG)
    faces = shapely.get_parts(shapely.polygonize(shapely.get_parts(noded).tolist()))
    points = shapely.point_on_surface(faces)
    shapely.prepare(within)
    return faces[shapely.contains(within, points)]


def _joined(faces: Any, owner: IntArray, sites_deg: FloatArray, group: IntArray) -> list[Any]:
    """Unite each owner's faces; a piece cut off from its site goes to a neighbour of its group."""
    pieces: list[Any] = []
    held: list[int] = []
    for i in range(len(sites_deg)):
        parts = shapely.get_parts(shapely.coverage_union_all(faces[owner == i]))
        pieces.extend(parts)
        held.extend([i] * len(parts))
    sites = shapely.points(sites_deg)
    holder = np.array(held, np.int64)
    home = np.array(
        [bool(shapely.covers(p, sites[h])) for p, h in zip(pieces, held, strict=True)], np.bool_
    )
    settled = True
    while settled:
        settled = False
        for stray in np.flatnonzero(~home):
            host = _host(pieces, holder, home, group, int(stray))
            if host is not None:
                holder[stray], home[stray], settled = host, True, True
    joined = [
        shapely.coverage_union_all([p for p, h in zip(pieces, holder, strict=True) if h == i])
        for i in range(len(sites_deg))
    ]
    return [_plain(cell) for cell in joined]


def _host(
    pieces: Sequence[Any], holder: IntArray, home: BoolArray, group: IntArray, stray: int
) -> int | None:
    """Owner of the settled pieces that share the longest border with a stray one."""
    border: dict[int, float] = {}
    for other in np.flatnonzero(home & (group[holder] == group[holder[stray]])).tolist():
        if shapely.intersects(pieces[stray], pieces[other]):
            shared = shapely.length(shapely.intersection(pieces[stray], pieces[other]))
            border[int(holder[other])] = border.get(int(holder[other]), 0.0) + float(shared)
    best = max(border, key=lambda h: (border[h], -h), default=None)
    return best if best is not None and border[best] > 0 else None


def _plain(cell: Any) -> Any:
    """A Polygon where there is but one part, rings in a fixed order and start, on the grid."""
    parts = shapely.get_parts(cell)
    whole = parts[0] if len(parts) == 1 else shapely.MultiPolygon(parts.tolist())
    rounded = shapely.transform(whole, lambda xy: np.round(xy, DECIMALS))
    return shapely.orient_polygons(shapely.normalize(rounded))


def _inside(area: Any, points_deg: FloatArray) -> BoolArray:
    shapely.prepare(area)
    found: BoolArray = shapely.contains_xy(area, points_deg[:, 0], points_deg[:, 1])
    return found


def _halton(area: Any, low: FloatArray, high: FloatArray, n: int) -> FloatArray:
    """The first n points of the Halton sequence in bases 2 and 3 that fall inside the area."""
    found: list[FloatArray] = []
    first, batch = 1, 64 * n
    while sum(map(len, found)) < n:
        index = np.arange(first, first + batch)
        unit = np.column_stack([_radical_inverse(index, base) for base in (2, 3)])
        points = low + unit * (high - low)
        found.append(points[_inside(area, points)])
        first += batch
    return np.concatenate(found)[:n]


def _radical_inverse(index: IntArray, base: int) -> FloatArray:
    value, scale, rest = np.zeros(len(index)), 1.0 / base, index.copy()
    while rest.any():
        value += scale * (rest % base)
        rest //= base
        scale /= base
    return value
