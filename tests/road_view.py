"""Road graphs as tests make them and look at them: in degrees, minutes and kilometres."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields
from typing import Any

import numpy as np
import shapely

from geo.road_graph import RoadGraph, graph_of_streets, shape_arrays, to_e7


def straight_roads(
    place_deg: Any,
    start: Any,
    end: Any,
    minutes: Any,
    km: Any,
    one_way: Sequence[int] = (),
    classes: Sequence[str] | None = None,
    names: Sequence[str] | None = None,
) -> RoadGraph:
    """Straight streets between places; those in `one_way` are driven from start to end only."""
    place = np.reshape(np.asarray(place_deg, float), (-1, 2))
    streets = len(start)
    kinds, called = list(classes or ["county"] * streets), list(names or [""] * streets)
    used, texts = tuple(sorted(set(kinds))), tuple(dict.fromkeys(["", *called]))
    ends = np.stack([place[np.asarray(start, int)], place[np.asarray(end, int)]], axis=1)
    lines = shapely.linestrings(ends) if streets else np.zeros(0, object)
    return graph_of_streets(
        node_lon_e7=to_e7(place[:, 0]),
        node_lat_e7=to_e7(place[:, 1]),
        start=np.asarray(start, int),
        end=np.asarray(end, int),
        direction=np.isin(np.arange(streets), one_way).astype(int),
        travel_ms=np.rint(np.asarray(minutes, float) * 60_000.0),
        length_cm=np.rint(np.asarray(km, float) * 100_000.0),
        street_class=np.array([used.index(k) for k in kinds], np.uint8),
        class_names=used,
        street_name=np.array([texts.index(n) for n in called], np.int32),
        street_ref=np.zeros(streets, np.int32),
        texts=texts,
        street_id_first=np.zeros(streets + 1, np.int64),
        street_id=np.zeros(0, np.int64),
        street_id_cm=np.zeros(0, np.uint32),
        **shape_arrays(lines),
    )


def parts_of(graph: RoadGraph) -> dict[str, Any]:
    """The fields of a graph."""
    return {field.name: getattr(graph, field.name) for field in fields(RoadGraph)}


def without_streets(graph: RoadGraph, gone: Sequence[int]) -> RoadGraph:
    """The graph built anew without some straight streets, the others in their order."""
    view = View(graph)
    kept = np.setdiff1d(np.arange(graph.streets), gone)
    along, against = (one[kept] for one in view.street_arcs())
    return straight_roads(
        np.column_stack([graph.node_lon_deg, graph.node_lat_deg]),
        view.tail[along], view.head[along], view.travel_time_min[along], view.length_km[along],
        one_way=np.flatnonzero(against < 0).tolist(),
        classes=list(graph.street_classes(kept)),
    )  # fmt: skip


class View:
    """A graph's arcs in units that known answers are written in; lines run from tail to head."""

    def __init__(self, graph: RoadGraph) -> None:
        self.graph = graph
        self.node_lon_deg, self.node_lat_deg = graph.node_lon_deg, graph.node_lat_deg
        self.tail, self.head = graph.tail(), graph.head
        self.length_km = graph.length_cm / 100_000.0
        self.travel_time_min = graph.travel_ms / 60_000.0
        self.street, self.class_names = graph.arc_street, graph.class_names
        self.class_code, self.origin = graph.class_code(), graph.origin
        lines = graph.street_lines()[self.street]
        self.line = np.where(graph.arc_backward, shapely.reverse(lines), lines)

    def __len__(self) -> int:
        return len(self.graph)

    def street_arcs(self) -> tuple[np.ndarray, np.ndarray]:
        """An arc of each street, and the other one or -1."""
        along, against = self.graph.arcs_of_streets()
        return self.graph.street_arc(), np.where(along >= 0, against, -1)
