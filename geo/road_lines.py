"""Lines of a road layer joined at their ends into the compressed road graph."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components
from scipy.spatial import cKDTree

from geo.plane import GeometryArray, plane_of
from geo.road_chains import Chains, contract
from geo.road_graph import RoadGraph, graph_of_streets, to_e7
from optimizer.frozen import FloatArray, IntArray

# Ends closer than this that still do not meet are most likely drawn in error; they are reported.
NEAR_MISS_M = 2.0
# Slower than 24 days is as good as closed, and 32 bits hold no more.
_MOST_MS = 2.0**31


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class DrivenLines:
    """Single lines and what is known of them. L lines.

    Attributes:
        lines: LineStrings in WGS84 with a length, shape (L,).
        class_code: Row in `class_names`, shape (L,).
        class_names: Road classes in use.
        one_way: 0 both ways, 1 as drawn, -1 against, shape (L,).
        length_km, travel_time_min: Of each line, shape (L,).
        pace: Number of each line's speed: lines that may be one street have the same, shape (L,).
        name, road_id: What the file calls it, empty where it does not, L of each.
    """

    lines: GeometryArray
    class_code: IntArray
    class_names: tuple[str, ...]
    one_way: IntArray
    length_km: FloatArray
    travel_time_min: FloatArray
    pace: IntArray
    name: list[str]
    road_id: list[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Meeting:
    """How line ends meet.

    Attributes:
        joined: Places that were moved together.
        missed: Pairs of nodes less than `NEAR_MISS_M` apart that were not.
        beside: Dead ends that lie on another line between its ends.
    """

    joined: int = 0
    missed: int = 0
    beside: int = 0


def graph_of_lines(
    given: DrivenLines, merge_m: float, unused_ids: tuple[str, ...] = ()
) -> tuple[RoadGraph, Meeting]:
    """The graph of lines that meet at their ends, and how they meet.

    Ends where nothing changes (class, name, speed, direction) are contracted; a street knows where
    along it each road of the file begins.

    Args:
        given: The lines.
        merge_m: Ends at most this far apart are one node.
        unused_ids: Ids of roads that are left out.
    """
    n = len(given.lines)
    ends = np.concatenate([shapely.get_point(given.lines, 0), shapely.get_point(given.lines, -1)])
    place = shapely.get_coordinates(ends).reshape(-1, 2)
    node, first, meeting = _merge(given.lines, place, merge_m)
    texts = tuple(dict.fromkeys(["", *given.name, *given.road_id]))
    row_of = {text: row for row, text in enumerate(texts)}
    name = np.array([row_of[text] for text in given.name], np.int64)
    kind = np.unique(
        np.column_stack([given.class_code, given.pace, name]), axis=0, return_inverse=True
    )[1].reshape(-1)
    chains = _chains(node[:n], node[n:], len(first), kind, given.one_way)
    begin, last = chains.first[:-1], chains.first[1:] - 1
    near = np.where(chains.against, node[n:][chains.segment], node[:n][chains.segment])
    far = np.where(chains.against, node[:n][chains.segment], node[n:][chains.segment])
    of_street = chains.segment[begin]
    turned = np.where(chains.against[begin], -1, 1)
    length_cm = _running(given.length_km[chains.segment] * 100_000.0, chains)
    used, rank = np.unique(np.concatenate([near[begin], far[last]]), return_inverse=True)
    minutes = np.add.reduceat(given.travel_time_min[chains.segment], begin) if n else np.zeros(0)
    ids = np.array([row_of[text] for text in given.road_id], np.int64)[chains.segment]
    fresh = np.ones(n, bool)
    fresh[1:] = ids[1:] != ids[:-1]
    fresh[begin] = True
    graph = graph_of_streets(
        node_lon_e7=to_e7(place[first[used], 0]),
        node_lat_e7=to_e7(place[first[used], 1]),
        start=rank[: len(begin)],
        end=rank[len(begin) :],
        direction=given.one_way[of_street] * turned,
        travel_ms=np.clip(np.rint(minutes * 60_000.0), 1.0, _MOST_MS),
        length_cm=np.rint(length_cm[1]),
        street_class=given.class_code[of_street].astype(np.uint8),
        class_names=given.class_names,
        street_name=name[of_street].astype(np.int32),
        street_ref=np.zeros(len(begin), np.int32),
        texts=texts,
        street_id_first=np.concatenate([[0], np.cumsum(fresh)])[chains.first],
        street_id=ids[fresh],
        street_id_cm=np.rint(length_cm[0][fresh]).astype(np.uint32),
        ids_are_texts=True,
        unused_ids=unused_ids,
        **_shapes(given.lines, chains),
    )
    return graph, meeting


def _chains(
    start: IntArray, end: IntArray, nodes: int, kind: IntArray, one_way: IntArray
) -> Chains:
    """Streets of lines; a line that ends where it begins is a street of its own."""
    ring = start == end
    keep = np.zeros(nodes, bool)
    keep[start[ring]] = True
    open_ = np.flatnonzero(~ring)
    found = contract(start[open_], end[open_], nodes, kind[open_], one_way[open_], keep)
    rings = np.flatnonzero(ring)
    return Chains(
        first=np.concatenate([found.first, found.first[-1] + 1 + np.arange(len(rings))]),
        segment=np.concatenate([open_[found.segment], rings]).astype(np.int64),
        against=np.concatenate([found.against, np.zeros(len(rings), bool)]),
    )


def _running(values: FloatArray, chains: Chains) -> tuple[FloatArray, FloatArray]:
    """Of each segment the sum of those before it in its chain; the sum of each chain."""
    count = np.diff(chains.first)
    if not len(count):
        return values, values
    total = np.add.reduceat(values, chains.first[:-1])
    before = np.cumsum(values) - values
    return before - np.repeat(before[chains.first[:-1]], count), total


def _shapes(lines: GeometryArray, chains: Chains) -> dict[str, NDArray[Any]]:
    """Lines of the chains, end to end, as the `shape_` arrays of a graph."""
    points, owner = shapely.get_coordinates(lines, return_index=True)
    first = np.searchsorted(owner, np.arange(len(lines) + 1))
    count = np.diff(first)[chains.segment]
    place = np.cumsum(count) - count
    nth = np.arange(int(count.sum())) - np.repeat(place, count)
    against, size = np.repeat(chains.against, count), np.repeat(count, count)
    at = np.repeat(first[chains.segment], count) + np.where(against, size - 1 - nth, nth)
    # Where one line goes on from another, their common point comes once.
    begins = np.zeros(len(chains.segment), bool)
    begins[chains.first[:-1]] = True
    kept = (nth > 0) | np.repeat(begins, count)
    shape_first = np.concatenate([[0], np.cumsum(kept)])[np.append(place, len(kept))]
    e7 = to_e7(points[at[kept]]).reshape(-1, 2)
    return {
        "shape_first": shape_first[chains.first],
        "shape_lon_e7": e7[:, 0],
        "shape_lat_e7": e7[:, 1],
    }


def _merge(
    lines: GeometryArray, place: FloatArray, merge_m: float
) -> tuple[IntArray, IntArray, Meeting]:
    """Node of each line end, first end of each node, and how ends meet."""
    if not len(place):
        return np.zeros(0, np.int64), np.zeros(0, np.int64), Meeting()
    exact, back = np.unique(place, axis=0, return_inverse=True)
    metres = np.column_stack(plane_of(lines).xy(exact[:, 0], exact[:, 1]))
    close = cKDTree(metres).query_pairs(max(merge_m, NEAR_MISS_M), output_type="ndarray")
    gap = np.hypot(*(metres[close[:, 0]] - metres[close[:, 1]]).T)
    same = close[gap <= merge_m]
    graph = coo_array((np.ones(len(same)), (same[:, 0], same[:, 1])), shape=(len(exact),) * 2)
    group = connected_components(graph, directed=False)[1]
    apart = np.sort(group[close[gap > merge_m]], axis=1)
    missed = len(np.unique(apart[apart[:, 0] != apart[:, 1]], axis=0))
    # Nodes are numbered in the order their first end appears in the file.
    raw = group[back.reshape(-1)]
    _, first, dense = np.unique(raw, return_index=True, return_inverse=True)
    order = np.argsort(first, kind="stable")
    rank = np.empty(len(order), np.int64)
    rank[order] = np.arange(len(order))
    node = rank[dense.reshape(-1)]
    meeting = Meeting(
        joined=len(exact) - len(order),
        missed=missed,
        beside=_ends_beside(lines, node, place, merge_m),
    )
    return node, first[order].astype(np.int64), meeting


def _ends_beside(lines: GeometryArray, node: IntArray, place: FloatArray, merge_m: float) -> int:
    """Dead ends that lie on another line, where a junction was most likely meant."""
    dead = np.flatnonzero(np.bincount(node)[node] == 1)
    # A degree is at most 111.4 km.
    end, line = shapely.STRtree(lines).query(
        shapely.points(place[dead]), predicate="dwithin", distance=merge_m / 111_400.0
    )
    own = dead[end] % len(lines)
    return len(np.unique(end[line != own]))
