"""The compressed road graph: directed arcs by the junction they leave, in whole milliseconds.

What files are read into, what the cache holds and what routing runs on. It holds no object per
road, so a province fits in memory and a file of it opens without being read.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Literal

import numpy as np
import shapely
from numpy.typing import NDArray

from geo.network import RoadNetwork, component_labels
from optimizer.frozen import FloatArray, IntArray

UInt8Array = NDArray[np.uint8]
UInt32Array = NDArray[np.uint32]
Int32Array = NDArray[np.int32]
BoolArray = NDArray[np.bool_]

TURN = -1
"""`arc_street` of a permitted turn inside a junction, which is no road."""
NO_CLASS = 255
"""`class_code` of such a turn."""
DEGREE = 10_000_000
"""Coordinates are whole 1e-7 degrees (about 1 cm), as OpenStreetMap keeps them."""

_NODE = ("node_lon_e7", "node_lat_e7", "component")
_ARC = ("head", "travel_ms", "length_cm", "arc_street", "arc_backward")
_STREET = ("street_class", "street_name", "street_ref")
_POINT = ("shape_lon_e7", "shape_lat_e7")
_DTYPE: dict[str, type] = {
    "node_lon_e7": np.int32,
    "node_lat_e7": np.int32,
    "component": np.int32,
    "first_arc": np.int64,
    "head": np.int32,
    "travel_ms": np.uint32,
    "length_cm": np.uint32,
    "arc_street": np.int32,
    "arc_backward": np.bool_,
    "street_class": np.uint8,
    "street_name": np.int32,
    "street_ref": np.int32,
    "street_id_first": np.int64,
    "street_id": np.int64,
    "shape_first": np.int64,
    "shape_lon_e7": np.int32,
    "shape_lat_e7": np.int32,
}
ARRAYS = tuple(_DTYPE)
"""Names of the array fields, for whatever stores a graph."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class RoadGraph:
    """Roads between junctions. N nodes, A arcs, K streets, P points of their lines.

    A street is the road between two junctions. One or two arcs drive it: along its line, against
    it, or both. Closures, kilometres and maps count streets. Where turns are forbidden a junction
    is several nodes on one spot, joined by arcs of 0 ms (`arc_street` = `TURN`) for the turns that
    are allowed.

    Arcs are sorted by tail, then head, then milliseconds: arc `a` leaves node `n` if
    `first_arc[n] <= a < first_arc[n + 1]`, and of parallel arcs the first is the fastest.

    Attributes:
        node_lon_e7, node_lat_e7: WGS84 in 1e-7 degrees, shape (N,).
        component: Strongly connected component of each node, numbered by falling road length
            (0 = the main network), shape (N,).
        first_arc: Row of the first arc out of each node, shape (N + 1,).
        head: Node where each arc ends, shape (A,).
        travel_ms: Milliseconds to drive each arc, shape (A,).
        length_cm: Length of each arc, shape (A,).
        arc_street: Street of each arc, or `TURN`, shape (A,).
        arc_backward: The arc runs against the line of its street, shape (A,).
        street_class: Row in `class_names`, shape (K,).
        class_names: Road classes in use.
        street_name, street_ref: Rows in `texts` of the road's name and number, shape (K,).
        texts: Each text once; row 0 is empty.
        street_id_first: Row in `street_id` where each street's ids start, shape (K + 1,).
        street_id: Ids of the OSM ways (of a road layer: the rows of the file) that a street is
            made of.
        shape_first: Row of the first point of each street's line, shape (K + 1,).
        shape_lon_e7, shape_lat_e7: Points of the lines, both ends included, shape (P,).
        origin: `given` by a file, or `modelled` from the places.
    """

    node_lon_e7: Int32Array
    node_lat_e7: Int32Array
    component: Int32Array
    first_arc: IntArray
    head: Int32Array
    travel_ms: UInt32Array
    length_cm: UInt32Array
    arc_street: Int32Array
    arc_backward: BoolArray
    street_class: UInt8Array
    class_names: tuple[str, ...]
    street_name: Int32Array
    street_ref: Int32Array
    texts: tuple[str, ...]
    street_id_first: IntArray
    street_id: IntArray
    shape_first: IntArray
    shape_lon_e7: Int32Array
    shape_lat_e7: Int32Array
    origin: Literal["given", "modelled"] = "given"

    def __post_init__(self) -> None:
        for name, dtype in _DTYPE.items():
            given = getattr(self, name)
            # Not copied: the array may be a file mapped into memory.
            array: NDArray[Any] = (
                np.asarray(given).astype(dtype, casting="same_kind", copy=False).view()
            )
            array.setflags(write=False)
            object.__setattr__(self, name, array)
        sizes = (
            (_NODE, len(self.first_arc) - 1),
            (_ARC, len(self.head)),
            (_STREET, len(self.street_id_first) - 1),
            (("shape_first",), len(self.street_id_first)),
            (_POINT, len(self.shape_lon_e7)),
        )
        for names, size in sizes:
            for name in names:
                if getattr(self, name).shape != (size,):
                    raise ValueError(f"graph.{name}: shape {getattr(self, name).shape}, not {size}")
        for name, size in (
            ("first_arc", len(self.head)),
            ("street_id_first", len(self.street_id)),
            ("shape_first", len(self.shape_lon_e7)),
        ):
            start = getattr(self, name)
            if start[0] != 0 or start[-1] != size or (np.diff(start) < 0).any():
                raise ValueError(f"graph.{name}: must rise from 0 to {size}")
        streets = len(self.street_class)
        for name, low, high in (
            ("head", 0, self.nodes),
            ("arc_street", TURN, streets),
            ("street_class", 0, len(self.class_names)),
            ("street_name", 0, len(self.texts)),
            ("street_ref", 0, len(self.texts)),
        ):
            array = getattr(self, name)
            if len(array) and (array.min() < low or array.max() >= high):
                raise ValueError(f"graph.{name}: row outside {low}..{high - 1}")

    def __len__(self) -> int:
        """Number of arcs."""
        return len(self.head)

    @property
    def nodes(self) -> int:
        """N."""
        return len(self.first_arc) - 1

    @property
    def streets(self) -> int:
        """K."""
        return len(self.street_class)

    @property
    def node_lon_deg(self) -> FloatArray:
        """Shape (N,)."""
        return self.node_lon_e7 / DEGREE

    @property
    def node_lat_deg(self) -> FloatArray:
        """Shape (N,)."""
        return self.node_lat_e7 / DEGREE

    def tail(self) -> Int32Array:
        """Node that each arc leaves, shape (A,)."""
        return np.repeat(np.arange(self.nodes, dtype=np.int32), np.diff(self.first_arc))

    def class_code(self) -> UInt8Array:
        """Row in `class_names` of each arc, `NO_CLASS` for turns, shape (A,)."""
        code = np.append(self.street_class, np.uint8(NO_CLASS))
        return np.asarray(code[self.arc_street], np.uint8)

    def arcs_of_streets(self) -> tuple[IntArray, IntArray]:
        """Arc along each street's line and arc against it, -1 where barred; shapes (K,)."""
        made = []
        for backward in (False, True):
            arcs = np.flatnonzero((self.arc_street != TURN) & (self.arc_backward == backward))
            of = np.full(self.streets, -1, np.int64)
            of[self.arc_street[arcs]] = arcs
            made.append(of)
        return made[0], made[1]

    def street_lines(self, streets: IntArray | None = None) -> NDArray[np.object_]:
        """LineStrings in WGS84 of all or some streets, in the direction they are drawn."""
        first, last = self.shape_first[:-1], self.shape_first[1:]
        if streets is not None:
            first, last = first[streets], last[streets]
        count = last - first
        starts = np.cumsum(count) - count
        at = np.arange(int(count.sum())) - np.repeat(starts - first, count)
        points = np.column_stack([self.shape_lon_e7[at], self.shape_lat_e7[at]]) / DEGREE
        made: NDArray[np.object_] = shapely.linestrings(
            points, indices=np.repeat(np.arange(len(count)), count)
        )
        return made

    def network(self) -> RoadNetwork:
        """The same roads as objects for maps, closures and snapping; node rows stay the same."""
        along, against = self.arcs_of_streets()
        road = self.arc_street != TURN
        line = np.full(len(self), None, object)
        drawn = self.street_lines()
        for arcs, lines in ((along, drawn), (against, shapely.reverse(drawn))):
            line[arcs[arcs >= 0]] = lines[arcs >= 0]
        code = self.class_code().astype(np.int64)
        code[~road] = 0
        return RoadNetwork(
            node_lon_deg=self.node_lon_deg,
            node_lat_deg=self.node_lat_deg,
            tail=self.tail().astype(np.int64),
            head=self.head.astype(np.int64),
            length_km=self.length_cm / 100_000.0,
            travel_time_min=self.travel_ms / 60_000.0,
            class_code=code,
            class_names=self.class_names,
            street=self.arc_street.astype(np.int64),
            line=line,
            origin=self.origin,
            street_name=self.names(),
            street_id=self.ids(),
        )

    def names(self) -> tuple[str, ...]:
        """Name of each street, else its number, else empty, shape (K,)."""
        said = np.where(self.street_name > 0, self.street_name, self.street_ref)
        return tuple(self.texts[row] for row in said.tolist())

    def ids(self) -> tuple[str, ...]:
        """Ids of each street, `;` between several, shape (K,)."""
        text = [str(number) for number in self.street_id.tolist()]
        start = self.street_id_first.tolist()
        return tuple(";".join(text[a:b]) for a, b in pairwise(start))


def graph_from_arcs(
    *,
    tail: Any,
    head: Any,
    travel_ms: Any,
    length_cm: Any,
    arc_street: Any,
    arc_backward: Any,
    **rest: Any,
) -> RoadGraph:
    """Sort arcs into a graph and label its components.

    Args:
        tail: Node where each arc starts, in any order, shape (A,).
        head: Likewise where it ends.
        travel_ms: Of each arc.
        length_cm: Of each arc.
        arc_street: Of each arc.
        arc_backward: Of each arc.
        rest: The other fields of `RoadGraph` but `first_arc` and `component`.
    """
    tail, head = np.asarray(tail, np.int32), np.asarray(head, np.int32)
    nodes = len(rest["node_lon_e7"])
    order = np.lexsort((arc_street, travel_ms, head, tail))
    first = np.zeros(nodes + 1, np.int64)
    np.cumsum(np.bincount(tail, minlength=nodes), out=first[1:])
    length_cm, arc_street = np.asarray(length_cm), np.asarray(arc_street)
    # A street counts once, by its first arc.
    _, once = np.unique(arc_street, return_index=True)
    once = once[arc_street[once] != TURN]
    component = component_labels(nodes, tail, head, once, length_cm / 100_000.0, strong=True)
    return RoadGraph(
        component=component.astype(np.int32),
        first_arc=first,
        head=head[order],
        travel_ms=np.asarray(travel_ms, np.uint32)[order],
        length_cm=np.asarray(length_cm, np.uint32)[order],
        arc_street=np.asarray(arc_street, np.int32)[order],
        arc_backward=np.asarray(arc_backward, bool)[order],
        **rest,
    )


def graph_of_network(network: RoadNetwork) -> RoadGraph:
    """A network as a graph; minutes and lengths are rounded to milliseconds and centimetres."""
    along, _ = network.street_arcs()
    road = network.street != TURN
    coordinates, owner = shapely.get_coordinates(network.line[along], return_index=True)
    shape = np.rint(coordinates * DEGREE).astype(np.int32)
    streets = len(along)
    backward = np.zeros(len(network), bool)
    backward[road] = along[network.street[road]] != np.flatnonzero(road)
    texts = tuple(dict.fromkeys(["", *(network.street_name or ())]))
    row_of = {text: row for row, text in enumerate(texts)}
    named = [row_of[text] for text in network.street_name or [""] * streets]
    rows = np.arange(streets) if network.street_row is None else network.street_row
    return graph_from_arcs(
        node_lon_e7=np.rint(network.node_lon_deg * DEGREE).astype(np.int32),
        node_lat_e7=np.rint(network.node_lat_deg * DEGREE).astype(np.int32),
        tail=network.tail,
        head=network.head,
        travel_ms=np.rint(network.travel_time_min * 60_000.0).astype(np.uint32),
        length_cm=np.rint(network.length_km * 100_000.0).astype(np.uint32),
        arc_street=network.street,
        arc_backward=backward,
        street_class=network.class_code[along].astype(np.uint8),
        class_names=network.class_names,
        street_name=np.array(named, np.int32),
        street_ref=np.zeros(streets, np.int32),
        texts=texts,
        street_id_first=np.arange(streets + 1),
        street_id=rows,
        shape_first=np.searchsorted(owner, np.arange(streets + 1)),
        shape_lon_e7=shape[:, 0],
        shape_lat_e7=shape[:, 1],
        origin=network.origin,
    )
