"""The compressed road graph: directed arcs by the junction they leave, in whole milliseconds.

What every source of roads is read into, what the cache holds and what routing runs on. It holds no
object per road, so a province fits in memory and a file of it opens without being read.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import shapely
from numpy.typing import NDArray

from geo.road_components import component_labels
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
    "street_id_cm": np.uint32,
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
        street_id: Ids of the roads of the file that a street is made of, along its line, shape
            (I,): of OSM ways their numbers, with `ids_are_texts` rows in `texts`.
        street_id_cm: Where along the street each of them begins, shape (I,).
        shape_first: Row of the first point of each street's line, shape (K + 1,).
        shape_lon_e7, shape_lat_e7: Points of the lines, both ends included, shape (P,).
        origin: `given` by a file, or `modelled` from the places.
        ids_are_texts: See `street_id`.
        unused_ids: Ids of roads in the file that cars cannot use, as far as they are kept.
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
    street_id_cm: UInt32Array
    shape_first: IntArray
    shape_lon_e7: Int32Array
    shape_lat_e7: Int32Array
    origin: Literal["given", "modelled"] = "given"
    ids_are_texts: bool = False
    unused_ids: tuple[str, ...] = ()

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
            (("street_id_cm",), len(self.street_id)),
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
            *([("street_id", 0, len(self.texts))] if self.ids_are_texts else ()),
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

    def street_arc(self) -> IntArray:
        """An arc of each street, the one along its line where there is one, shape (K,)."""
        along, against = self.arcs_of_streets()
        return np.where(along >= 0, along, against)

    def street_km(self) -> FloatArray:
        """Length of each street, shape (K,)."""
        return np.asarray(self.length_cm[self.street_arc()] / 100_000.0, float)

    def streets_near(self, lon_deg: FloatArray, lat_deg: FloatArray, margin_deg: float) -> IntArray:
        """Streets of which a point lies in the extent of some places, or so near to it."""
        if not self.streets or not len(lon_deg):
            return np.zeros(0, np.int64)
        inside = np.ones(len(self.shape_lon_e7), bool)
        for points, places in ((self.shape_lon_e7, lon_deg), (self.shape_lat_e7, lat_deg)):
            low, high = to_e7([np.min(places) - margin_deg, np.max(places) + margin_deg])
            inside &= (points >= low) & (points <= high)
        return np.flatnonzero(np.logical_or.reduceat(inside, self.shape_first[:-1]))

    def street_classes(self, streets: IntArray | None = None) -> tuple[str, ...]:
        """Class of all or some streets."""
        code = self.street_class if streets is None else self.street_class[streets]
        return tuple(self.class_names[c] for c in code.tolist())

    # --- what the file calls its roads ------------------------------------------------------

    def name_of(self, street: int) -> str:
        """Name of a street, else its number, else empty."""
        row = int(self.street_name[street]) or int(self.street_ref[street])
        return self.texts[row]

    def known_names(self) -> frozenset[str]:
        """Names and numbers that `named` finds."""
        rows = np.union1d(self.street_name, self.street_ref)
        return frozenset(self.texts[row] for row in rows.tolist() if row)

    def named(self, name: str) -> IntArray:
        """Streets of this name or number."""
        if not name or name not in self.texts:
            return np.zeros(0, np.int64)
        row = self.texts.index(name)
        return np.flatnonzero((self.street_name == row) | (self.street_ref == row))

    def ids_of(self, street: int) -> tuple[str, ...]:
        """Ids of the roads of the file that a street is made of, along its line."""
        rows = self.street_id[self.street_id_first[street] : self.street_id_first[street + 1]]
        return tuple(filter(None, dict.fromkeys(map(self._id_text, rows.tolist()))))

    def known_ids(self) -> frozenset[str]:
        """Ids that `with_id` finds."""
        return frozenset(map(self._id_text, np.unique(self.street_id).tolist())) - {""}

    def with_id(self, one: str) -> tuple[IntArray, FloatArray, FloatArray]:
        """Streets that the road of this id is part of, and its part: from and to, as fractions."""
        row = -1
        if self.ids_are_texts:
            row = self.texts.index(one) if one and one in self.texts else -1
        elif one.isascii() and one.isdecimal() and str(int(one)) == one and len(one) < 19:
            row = int(one)
        found = np.flatnonzero(self.street_id == row) if row >= 0 else np.zeros(0, np.int64)
        street = np.searchsorted(self.street_id_first, found, side="right") - 1
        whole = self.length_cm[self.street_arc()[street]].astype(float)
        start = self.street_id_cm[found] / np.maximum(whole, 1.0)
        after = np.append(self.street_id_cm, np.uint32(0))[found + 1] / np.maximum(whole, 1.0)
        is_last = found + 1 == self.street_id_first[street + 1]
        return street, start, np.where(is_last, 1.0, np.minimum(after, 1.0))

    def _id_text(self, row: int) -> str:
        return self.texts[row] if self.ids_are_texts else str(row)


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


def graph_of_streets(
    *,
    start: Any,
    end: Any,
    direction: Any,
    travel_ms: Any,
    length_cm: Any,
    **rest: Any,
) -> RoadGraph:
    """The graph of streets that take as long there as back.

    Args:
        start: Node where each street's line begins, shape (K,).
        end: Node where it ends.
        direction: 0 both ways, 1 along the line, -1 against it, shape (K,).
        travel_ms: Of each street.
        length_cm: Of each street.
        rest: As in `graph_from_arcs`.
    """
    start, end, direction = (np.asarray(one) for one in (start, end, direction))
    along, against = np.flatnonzero(direction >= 0), np.flatnonzero(direction <= 0)
    street = np.concatenate([along, against])
    backward = np.arange(len(street)) >= len(along)
    return graph_from_arcs(
        tail=np.where(backward, end[street], start[street]),
        head=np.where(backward, start[street], end[street]),
        travel_ms=np.asarray(travel_ms)[street],
        length_cm=np.asarray(length_cm)[street],
        arc_street=street,
        arc_backward=backward,
        **rest,
    )


def shape_arrays(lines: NDArray[np.object_]) -> dict[str, NDArray[Any]]:
    """Lines in WGS84 as the `shape_` arrays of a graph."""
    points, owner = shapely.get_coordinates(lines, return_index=True)
    e7 = to_e7(points)
    return {
        "shape_first": np.searchsorted(owner, np.arange(len(lines) + 1)),
        "shape_lon_e7": e7[:, 0],
        "shape_lat_e7": e7[:, 1],
    }


def to_e7(degrees: Any) -> Int32Array:
    """Degrees as whole 1e-7 degrees."""
    found: Int32Array = np.rint(np.asarray(degrees, float) * DEGREE).astype(np.int32)
    return found
