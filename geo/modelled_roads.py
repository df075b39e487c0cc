"""Roads modelled from the places themselves, for bureaus that have no road data."""

from __future__ import annotations

import numpy as np
from scipy.sparse import csr_array
from scipy.sparse.csgraph import dijkstra

from geo.gabriel import gabriel_pairs
from geo.plane import pair_km, plane_at
from geo.road_graph import RoadGraph, graph_of_streets, to_e7
from optimizer.frozen import BoolArray, FloatArray, IntArray
from optimizer.policy import Roads

# A tree road that this many seats use on their way to the county seat is a trunk road.
TRUNK_SEATS = 3

CELL_RANK = 2
_CLASSES = ("provincial", "county", "township", "village")


def modelled_roads(
    lon_deg: FloatArray, lat_deg: FloatArray, rank: IntArray, roads: Roads
) -> RoadGraph:
    """Model a road network on places, open both ways.

    The rule, in the order it is applied:

    1. Seats are joined by their Gabriel graph: two seats have a road if the circle over the line
       between them holds no third seat (Gabriel and Sokal 1969). Cells do not matter here, so
       that seat-to-seat roads exist where cells lie between.
    2. Every seat's shortest way to the county seat on those roads is found. A road that at least
       3 seats use on that way is `provincial`; every other seat-to-seat road is `county`.
    3. Cells are joined to seats and to each other by the Gabriel graph of all places. A road
       between a seat and a cell is `township`, one between two cells is `village`.

    A road is as long as the straight line on the WGS84 ellipsoid times `roads.detour_factor`, and
    driven at the speed of its class. Roads meet at places only. The network is connected, since a
    Gabriel graph contains every minimum spanning tree. Places at one point are one node, with the
    best rank among them. No road is modelled as an expressway or a national road.

    Args:
        lon_deg: Places in WGS84, shape (P,).
        lat_deg: Likewise.
        rank: 0 for the county seat, 1 for another station's seat, 2 for a cell, shape (P,). Of
            several 0 the first counts; without any, the seat nearest to the middle of all seats.
        roads: Detour factor and speeds.

    Raises:
        ValueError: fewer than two distinct places.
    """
    given = np.column_stack([lon_deg, lat_deg]).astype(float)
    _, first, node = np.unique(to_e7(given), axis=0, return_index=True, return_inverse=True)
    if len(first) < 2:
        raise ValueError("modelled roads need at least two places")
    lon, lat = given[first].T
    best = np.full(len(first), CELL_RANK)
    np.minimum.at(best, node.reshape(-1), np.asarray(rank, np.int64))
    x_m, y_m = plane_at(lon, lat).xy(lon, lat)
    seats = np.flatnonzero(best < CELL_RANK)
    between_seats = seats[gabriel_pairs(x_m[seats], y_m[seats])].reshape(-1, 2)
    is_trunk = _trunks(between_seats, lon, lat, _root(best, x_m, y_m), seats)
    pairs = gabriel_pairs(x_m, y_m)
    cells_on_it = (best[pairs] == CELL_RANK).sum(axis=1)
    # A pair of seats without a cell between them is among the seat roads already.
    pairs, cells_on_it = pairs[cells_on_it > 0], cells_on_it[cells_on_it > 0]
    return _network(
        lon,
        lat,
        np.vstack([between_seats, pairs]),
        np.concatenate([np.where(is_trunk, 0, 1), 1 + cells_on_it]),
        roads,
    )


def _root(best: IntArray, x_m: FloatArray, y_m: FloatArray) -> int:
    """The county seat, or a stand-in."""
    seats = np.flatnonzero(best < CELL_RANK)
    if not len(seats):
        return 0
    first = np.flatnonzero(best == 0)
    if len(first):
        return int(first[0])
    off_m = np.hypot(x_m[seats] - x_m[seats].mean(), y_m[seats] - y_m[seats].mean())
    return int(seats[np.argmin(off_m)])


def _trunks(
    between_seats: IntArray, lon: FloatArray, lat: FloatArray, root: int, seats: IntArray
) -> BoolArray:
    """Which seat-to-seat roads at least `TRUNK_SEATS` seats use on their way to the county seat."""
    if not len(between_seats):
        return np.zeros(0, np.bool_)
    n = len(lon)
    km = pair_km(lon, lat, between_seats)
    graph = csr_array((km, (between_seats[:, 0], between_seats[:, 1])), shape=(n, n))
    from_root_km, previous = dijkstra(
        graph, directed=False, indices=np.array([root]), return_predecessors=True
    )
    away_km, before = from_root_km[0], previous[0]
    # From the outermost seat inwards, each hands what passes through it on to the next.
    users = np.zeros(n, np.int64)
    for seat in seats[np.argsort(-away_km[seats], kind="stable")].tolist():
        if before[seat] >= 0:
            users[seat] += 1
            users[before[seat]] += users[seat]
    one, two = between_seats.T
    used = np.where(before[one] == two, users[one], np.where(before[two] == one, users[two], 0))
    trunk: BoolArray = used >= TRUNK_SEATS
    return trunk


def _network(
    lon: FloatArray, lat: FloatArray, pairs: IntArray, class_code: IntArray, roads: Roads
) -> RoadGraph:
    speed = np.array(
        [roads.speed_km_per_h.get(name, roads.other_speed_km_per_h) for name in _CLASSES]
    )
    length_km = pair_km(lon, lat, pairs) * roads.detour_factor
    used, code = np.unique(class_code, return_inverse=True)
    ends = pairs.reshape(-1)
    none = np.zeros(len(pairs), np.int32)
    return graph_of_streets(
        node_lon_e7=to_e7(lon),
        node_lat_e7=to_e7(lat),
        start=pairs[:, 0],
        end=pairs[:, 1],
        direction=none,
        travel_ms=np.rint(length_km / speed[class_code] * 3_600_000.0),
        length_cm=np.rint(length_km * 100_000.0),
        street_class=code.reshape(-1).astype(np.uint8),
        class_names=tuple(_CLASSES[i] for i in used),
        street_name=none,
        street_ref=none,
        texts=("",),
        street_id_first=np.zeros(len(pairs) + 1, np.int64),
        street_id=np.zeros(0, np.int64),
        street_id_cm=np.zeros(0, np.uint32),
        shape_first=2 * np.arange(len(pairs) + 1),
        shape_lon_e7=to_e7(lon[ends]),
        shape_lat_e7=to_e7(lat[ends]),
        origin="modelled",
    )
