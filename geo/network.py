"""The road network: directed arcs with minutes, kilometres, class and geometry."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from geo.plane import GeometryArray
from optimizer.frozen import FloatArray, IntArray, read_only


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class RoadNetwork:
    """Roads as directed arcs between nodes. N nodes, A arcs, K streets.

    A street is one piece of road between two nodes. It has one arc, or two that run against each
    other where it may be driven both ways; whatever counts roads (kilometres, maps) counts
    streets.

    Attributes:
        node_lon_deg, node_lat_deg: Nodes in WGS84, shape (N,).
        tail, head: Node rows where each arc starts and ends, shape (A,).
        length_km: Length of each arc, shape (A,).
        travel_time_min: Minutes to drive each arc, shape (A,), positive or zero.
        class_code: Row in `class_names` of each arc, shape (A,).
        class_names: Road classes in use.
        street: Street of each arc, 0..K-1, shape (A,). At most two arcs share one. -1 marks a
            permitted turn inside a junction (see `geo.road_graph`), which is no road.
        line: A LineString in WGS84 per arc, from its tail to its head, shape (A,); None for turns.
        origin: `given` by a road layer, or `modelled` from the places.
        street_row: Row of each street in the file of the road layer, shape (K,); None where the
            roads are modelled or have been changed since they were read.
        street_name, street_id: What the file calls each street, shape (K,); ids with `;` between
            several. None where `street_row` leads to them, or there are none.
    """

    node_lon_deg: FloatArray
    node_lat_deg: FloatArray
    tail: IntArray
    head: IntArray
    length_km: FloatArray
    travel_time_min: FloatArray
    class_code: IntArray
    class_names: tuple[str, ...]
    street: IntArray
    line: GeometryArray
    origin: Literal["given", "modelled"]
    street_row: IntArray | None = None
    street_name: tuple[str, ...] | None = None
    street_id: tuple[str, ...] | None = None

    def __post_init__(self) -> None:
        n, a = len(self.node_lon_deg), len(self.tail)
        shapes: tuple[tuple[str, type, int], ...] = (
            ("node_lon_deg", float, n),
            ("node_lat_deg", float, n),
            ("tail", np.int64, a),
            ("head", np.int64, a),
            ("length_km", float, a),
            ("travel_time_min", float, a),
            ("class_code", np.int64, a),
            ("street", np.int64, a),
            ("line", object, a),
        )
        for name, dtype, size in shapes:
            array = read_only(getattr(self, name), dtype, shape=(size,), name=f"roads.{name}")
            object.__setattr__(self, name, array)
        for name in ("length_km", "travel_time_min"):
            array = getattr(self, name)
            if a and (array.min() < 0 or not np.isfinite(array).all()):
                raise ValueError(f"roads.{name}: finite and not negative")
        for name, limit in (("tail", n), ("head", n), ("class_code", len(self.class_names))):
            array = getattr(self, name)
            if a and (array.min() < 0 or array.max() >= limit):
                raise ValueError(f"roads.{name}: row outside 0..{limit - 1}")
        used = np.unique(self.street[self.street >= 0])
        if a and (self.street.min() < -1 or not np.array_equal(used, np.arange(len(used)))):
            raise ValueError("roads.street: numbers 0..K-1, each in use, and -1 for turns")
        along, against = self.street_arcs()
        both = against >= 0
        # The same place, not the same node: a junction with forbidden turns is several nodes.
        place = np.column_stack([self.node_lon_deg, self.node_lat_deg])
        one, two = along[both], against[both]
        if (np.bincount(self.street[self.street >= 0], minlength=1) > 2).any() or (
            (place[self.tail[one]] != place[self.head[two]])
            | (place[self.head[one]] != place[self.tail[two]])
        ).any():
            raise ValueError("roads.street: one arc, or two that run against each other")
        if self.street_row is not None:
            row = read_only(self.street_row, np.int64, shape=(len(along),), name="roads.street_row")
            object.__setattr__(self, "street_row", row)
        for name in ("street_name", "street_id"):
            texts = getattr(self, name)
            if texts is not None and len(texts) != len(along):
                raise ValueError(f"roads.{name}: one per street")

    def __len__(self) -> int:
        """Number of arcs."""
        return len(self.tail)

    def street_arcs(self) -> tuple[IntArray, IntArray]:
        """First arc of each street, and the arc against it or -1; shapes (K,)."""
        order = np.argsort(self.street, kind="stable")
        order = order[np.searchsorted(self.street, 0, sorter=order) :]
        ids, start, count = np.unique(self.street[order], return_index=True, return_counts=True)
        along = order[start]
        against = np.full(len(ids), -1, np.int64)
        against[count > 1] = order[start[count > 1] + 1]
        return along, against

    def roads(self) -> IntArray:
        """Arcs that are roads: all but the turns inside junctions."""
        return np.flatnonzero(self.street >= 0)

    def components(self, *, strong: bool) -> IntArray:
        """Component of each node, numbered by falling road length (0 = the largest), shape (N,).

        Args:
            strong: Two nodes are together only if each can be driven to from the other;
                otherwise if any chain of roads joins them.
        """
        along, _ = self.street_arcs()
        return component_labels(
            len(self.node_lon_deg), self.tail, self.head, along, self.length_km, strong=strong
        )


def component_labels(
    nodes: int,
    tail: NDArray[np.integer[Any]],
    head: NDArray[np.integer[Any]],
    counted: IntArray,
    length_km: FloatArray,
    *,
    strong: bool,
) -> IntArray:
    """Component of each node, numbered by falling road length (0 = the largest), shape (N,).

    Args:
        nodes: N.
        tail: Node where each arc starts, shape (A,).
        head: Node where each arc ends, shape (A,).
        counted: Arcs whose length counts, one per street.
        length_km: Of each arc, shape (A,).
        strong: Together only if each can be driven to from the other.
    """
    graph = coo_array((np.ones(len(tail), np.int8), (tail, head)), shape=(nodes, nodes))
    count, label = connected_components(
        graph, directed=True, connection="strong" if strong else "weak"
    )
    inside = counted[label[tail[counted]] == label[head[counted]]]
    km = np.bincount(label[tail[inside]], length_km[inside], minlength=count)
    # Ties by the first node, so that the numbering is the same every time.
    first = np.full(count, nodes)
    np.minimum.at(first, label, np.arange(nodes))
    rank = np.empty(count, np.int64)
    rank[np.lexsort((first, -km))] = np.arange(count)
    return rank[label]
