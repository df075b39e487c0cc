"""Minutes and kilometres by road from every station to every cell, behind one function."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.sparse import csr_array
from scipy.sparse.csgraph import dijkstra

from geo.network import RoadNetwork
from geo.snapping import Snapped, Snapper, snapper
from optimizer.frozen import FloatArray, IntArray

# Bytes of minutes and predecessors held at a time: scipy answers in dense rows.
_CHUNK_BYTES = 96_000_000
# Share by which a search looks past its limit, so that a time equal to the limit is not lost to
# the last bit.
_LIMIT_SLACK = 1e-9
# A place met this close to a street's end stands at the junction.
_JUNCTION_KM = 0.001


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Travel:
    """Minutes and kilometres from F places to T places.

    Attributes:
        travel_time_min: Fastest way, shape (F, T); inf = unreachable or over the limit.
        road_km: Length of that way, shape (F, T); inf likewise. Not the shortest way's length.
        from_access_km, to_access_km: Straight line between each place and the road it meets,
            shapes (F,) and (T,).
        from_led_past_km, to_led_past_km: How much further that road is than the nearest of all
            (see `geo.snapping`), shapes (F,) and (T,).
    """

    travel_time_min: FloatArray
    road_km: FloatArray
    from_access_km: FloatArray
    to_access_km: FloatArray
    from_led_past_km: FloatArray
    to_led_past_km: FloatArray


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Graph:
    """One arc per pair of nodes, the fastest: what the search runs on. N nodes, E arcs.

    Attributes:
        nodes: N.
        tail, head: Sorted by tail, then head, shape (E,).
        minutes, km: Of each arc, shape (E,).
    """

    nodes: int
    tail: IntArray
    head: IntArray
    minutes: FloatArray
    km: FloatArray


def travel(
    network: RoadNetwork,
    from_lon_deg: FloatArray,
    from_lat_deg: FloatArray,
    to_lon_deg: FloatArray,
    to_lat_deg: FloatArray,
    *,
    walk_km_per_h: float,
    count_walk_in: bool = True,
    limit_min: float = float("inf"),
    index: Snapper | None = None,
) -> Travel:
    """Route from every from-place to every to-place along the fastest way (Dijkstra 1959).

    Direction counts: the way is driven from the from-place to the to-place. Each place meets the
    road at the nearest point on the nearest street (see `geo.snapping`), so a street is entered
    and left part-way, in the directions it is open to. With `count_walk_in` the straight line
    between place and road is added at walking speed to minutes and kilometres; two places nearer
    to each other than their two walk-ins together are joined by the straight walk instead, so a
    place is 0 minutes from itself.

    Args:
        network: The roads.
        from_lon_deg: Shape (F,), WGS84.
        from_lat_deg: Likewise.
        to_lon_deg: Shape (T,), WGS84.
        to_lat_deg: Likewise.
        walk_km_per_h: Speed of the walk-in.
        count_walk_in: Add the walk-in.
        limit_min: Ways longer than this become inf; shortens the search.
        index: `snapper(network)`, to share between calls on one network.

    Raises:
        ValueError: a network without roads.
    """
    index = index or snapper(network)
    start = index.snap(np.asarray(from_lon_deg, float), np.asarray(from_lat_deg, float))
    goal = index.snap(np.asarray(to_lon_deg, float), np.asarray(to_lat_deg, float))
    minutes, km = _drive(network, start, goal, limit_min)
    if count_walk_in:
        walk_km = start.access_km[:, None] + goal.access_km[None, :]
        minutes += walk_km / walk_km_per_h * 60.0
        km += walk_km
        straight_km = (
            np.hypot(start.x_m[:, None] - goal.x_m[None, :], start.y_m[:, None] - goal.y_m[None, :])
            / 1000.0
        )
        on_foot = straight_km <= walk_km
        minutes[on_foot] = straight_km[on_foot] / walk_km_per_h * 60.0
        km[on_foot] = straight_km[on_foot]
    over = minutes > limit_min * (1.0 + _LIMIT_SLACK)
    minutes[over] = km[over] = np.inf
    return Travel(
        travel_time_min=minutes,
        road_km=km,
        from_access_km=start.access_km,
        to_access_km=goal.access_km,
        from_led_past_km=start.led_past_km,
        to_led_past_km=goal.led_past_km,
    )


def graph_of(network: RoadNetwork) -> Graph:
    """The fastest arc of each ordered pair of nodes; of equally fast ones the shortest."""
    order = np.lexsort((network.length_km, network.travel_time_min, network.head, network.tail))
    tail, head = network.tail[order], network.head[order]
    fresh = np.ones(len(order), bool)
    fresh[1:] = (tail[1:] != tail[:-1]) | (head[1:] != head[:-1])
    # A loop back to its own node never shortens a way.
    kept = fresh & (tail != head)
    return Graph(
        nodes=len(network.node_lon_deg),
        tail=tail[kept],
        head=head[kept],
        minutes=network.travel_time_min[order][kept],
        km=network.length_km[order][kept],
    )


def search(graph: Graph, sources: IntArray, limit_min: float) -> tuple[FloatArray, FloatArray]:
    """Minutes from each source node to every node, and kilometres of those ways; (n, N) each.

    The one place that knows a routing engine.
    """
    n = graph.nodes
    matrix = csr_array((graph.minutes, (graph.tail, graph.head)), shape=(n, n))
    reach = limit_min * (1.0 + _LIMIT_SLACK)
    minutes, before = dijkstra(matrix, indices=sources, return_predecessors=True, limit=reach)
    return minutes, _along_tree(graph, before.astype(np.int64))


def _along_tree(graph: Graph, before: IntArray) -> FloatArray:
    """Kilometres from the root to every node of shortest-path trees given by predecessors.

    Doubles its stride each round, so that a way of m arcs takes log2(m) rounds of whole arrays.
    """
    rows, n = before.shape
    node = np.arange(n)
    km = np.zeros((rows, n))
    ancestor = np.where(before < 0, node, before)
    row, child = np.nonzero(before >= 0)
    key = graph.tail * n + graph.head
    km[row, child] = graph.km[np.searchsorted(key, before[row, child] * n + child)]
    row_start = np.arange(rows)[:, None] * n
    while True:
        at = row_start + ancestor
        further = ancestor.reshape(-1)[at]
        if np.array_equal(further, ancestor):
            return km
        km += km.reshape(-1)[at]
        ancestor = further


def _drive(
    network: RoadNetwork, start: Snapped, goal: Snapped, limit_min: float
) -> tuple[FloatArray, FloatArray]:
    """Minutes and kilometres between the points where the places meet the road."""
    along, against = network.street_arcs()
    minutes, km = _same_street(network, along, against, start, goal)
    graph = graph_of(network)
    exits = _part_ways(network, along, against, start, leaving=True)
    entries = _part_ways(network, along, against, goal, leaving=False)
    n, f = graph.nodes, len(start.street)
    # Each from-place becomes a node with arcs to the ends of its street, and none back.
    which = np.tile(np.arange(f), 2)
    node = np.concatenate([e[0] for e in exits])
    part_min = np.concatenate([e[1] for e in exits])
    part_km = np.concatenate([e[2] for e in exits])
    order = np.lexsort((part_km, part_min, node, which))
    order = order[np.isfinite(part_min[order])]
    which, node = which[order], node[order]
    fresh = np.ones(len(order), bool)  # both ends of a loop are one node: keep the nearer way
    fresh[1:] = (which[1:] != which[:-1]) | (node[1:] != node[:-1])
    whole = Graph(
        nodes=n + f,
        tail=np.concatenate([graph.tail, n + which[fresh]]),
        head=np.concatenate([graph.head, node[fresh]]),
        minutes=np.concatenate([graph.minutes, part_min[order][fresh]]),
        km=np.concatenate([graph.km, part_km[order][fresh]]),
    )
    chunk = max(1, _CHUNK_BYTES // (40 * (n + f)))
    for first in range(0, f, chunk):
        rows = np.arange(first, min(first + chunk, f))
        to_node_min, to_node_km = search(whole, n + rows, limit_min)
        for node, last_min, last_km in entries:
            way_min = to_node_min[:, node] + last_min
            way_km = to_node_km[:, node] + last_km
            better = (way_min < minutes[rows]) | ((way_min == minutes[rows]) & (way_km < km[rows]))
            minutes[rows] = np.where(better, way_min, minutes[rows])
            km[rows] = np.where(better, way_km, km[rows])
    km[np.isinf(minutes)] = np.inf
    return minutes, km


def _part_ways(
    network: RoadNetwork, along: IntArray, against: IntArray, at: Snapped, *, leaving: bool
) -> tuple[tuple[IntArray, FloatArray, FloatArray], ...]:
    """Node, minutes and kilometres to (or from) both ends of each place's street; inf if barred.

    A place within a metre of a street's end stands at the junction and may take any other street.
    """
    one, two = along[at.street], against[at.street]
    first, last = network.tail[one], network.head[one]
    before, after = at.fraction, 1.0 - at.fraction
    open_back = two >= 0
    ways = []
    # Towards the head the first arc is driven when leaving, the arc against it when arriving.
    for node, share, with_first in ((last, after, leaving), (first, before, not leaving)):
        arc = one if with_first else np.where(open_back, two, one)
        is_open = np.ones(len(one), bool) if with_first else open_back
        part_km = share * network.length_km[arc]
        barred_min = np.where(part_km <= _JUNCTION_KM, 0.0, np.inf)
        part_min = np.where(is_open, share * network.travel_time_min[arc], barred_min)
        ways.append((node, part_min, part_km))
    return tuple(ways)


def _same_street(
    network: RoadNetwork, along: IntArray, against: IntArray, start: Snapped, goal: Snapped
) -> tuple[FloatArray, FloatArray]:
    """Ways that stay on one street, without passing its ends; inf elsewhere."""
    minutes = np.full((len(start.street), len(goal.street)), np.inf)
    km = minutes.copy()
    f, t = np.nonzero(start.street[:, None] == goal.street[None, :])
    street = start.street[f]
    ahead = goal.fraction[t] - start.fraction[f]
    arc = np.where(ahead >= 0, along[street], against[street])
    is_open = (arc >= 0) | (ahead == 0)
    f, t, arc, share = f[is_open], t[is_open], arc[is_open], np.abs(ahead[is_open])
    minutes[f, t] = share * network.travel_time_min[arc]
    km[f, t] = share * network.length_km[arc]
    return minutes, km
