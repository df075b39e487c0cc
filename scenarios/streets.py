"""The streets of a road graph as a scenario speaks of them: lines on a plane, names and ids."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import shapely

from geo.plane import GeometryArray, Plane
from geo.road_graph import RoadGraph
from geo.snapping import Snapper
from optimizer.frozen import IntArray
from scenarios.library import did_you_mean
from scenarios.merge_changes import ChangeNotes

# A point further than this from every road is no bridge but a slip.
NEAR_M = 500.0
# Pieces shorter than this are rounding, not road.
SPECK_M = 0.01
# Roads that an effect names before it only counts them.
_NAMED_ROADS = 5

Cut = tuple[int, float, float]
"""Street, and from where to where along its line, in metres."""


class Streets:
    """The streets of a road graph on a plane. K streets.

    Args:
        graph: The roads.
        places: Position in WGS84 of each station and cell, by id.
        index: Its `snapper`, whose plane, lines and tree are shared.
    """

    def __init__(
        self, graph: RoadGraph, places: Mapping[str, tuple[float, float]], index: Snapper
    ) -> None:
        self.graph = graph
        self.arc = graph.street_arc()
        self.plane: Plane = index.plane
        self.lines: GeometryArray = index.lines
        self.length_m = np.asarray(shapely.length(self.lines), float)
        self.length_km = graph.street_km()
        self.tree = index.tree
        self.places = places

    def shape(self, points: Sequence[tuple[float, float]], *, closed: bool) -> Any:
        """A drawn line, or the area of a ring, on the plane."""
        xy = np.column_stack(self.plane.xy(*np.array(points, float).T))
        return shapely.make_valid(shapely.polygons(xy)) if closed else shapely.linestrings(xy)

    def called(self, streets: Iterable[int]) -> str:
        """Roads for people: names, else ids, each once, the first few."""
        graph = self.graph
        said = dict.fromkeys(graph.name_of(s) or ";".join(graph.ids_of(s)) for s in streets)
        known = [text for text in said if text]
        return ", ".join(known[:_NAMED_ROADS]) + (", …" if len(known) > _NAMED_ROADS else "")

    def ends(self) -> tuple[IntArray, IntArray]:
        """Nodes at the start and at the end of each street's line, shapes (K,)."""
        tail, head = self.graph.tail()[self.arc], self.graph.head[self.arc]
        back = self.graph.arc_backward[self.arc]
        start, end = np.where(back, head, tail), np.where(back, tail, head)
        return start.astype(np.int64), end.astype(np.int64)


def rows_named(
    streets: Streets, name: str, path: tuple[str, ...], notes: ChangeNotes
) -> IntArray | None:
    """Streets of this name; None, and a problem with the names most like it, where none has it."""
    rows = streets.graph.named(name)
    if len(rows):
        return rows
    known = sorted(streets.graph.known_names())
    if known:
        fix, near = did_you_mean(name, known, "check the spelling")
    else:
        fix, near = "the roads of this case have no names; write `near:` and a point", ""
    notes.wrong(path, "the name of a road", fix, value=name, near=near)
    return None


def parts_with_id(
    streets: Streets, ids: Sequence[str], path: tuple[str, ...], notes: ChangeNotes
) -> list[Cut] | None:
    """Parts of streets that are roads of these ids; None, and a problem for each id without one."""
    graph = streets.graph
    known = graph.known_ids()
    unused = frozenset(graph.unused_ids)
    is_complete = True
    found: list[Cut] = []
    for one in ids:
        if one in known:
            rows, start, end = graph.with_id(one)
            length_m = streets.length_m[rows]
            found += zip(
                rows.tolist(), (start * length_m).tolist(), (end * length_m).tolist(), strict=True
            )
            continue
        is_complete = False
        if one in unused:
            notes.wrong(
                path,
                "the id of a road that cars can use; this one is left out",
                "delete it, or correct road_class in the road layer",
                value=one,
            )
            continue
        fix, near = did_you_mean(one, sorted(known), "check the spelling")
        if not known:
            fix = "the roads of this case have no ids; write `near:` and a point"
        notes.wrong(path, "the id of a road", fix, value=one, near=near)
    return found if is_complete else None
