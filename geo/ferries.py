"""Ferries of a road file: held with the roads, and taken out where they do not run."""

from __future__ import annotations

import numpy as np

from geo.road_classes import FERRY
from geo.road_graph import TURN, RoadGraph, graph_from_arcs
from optimizer.frozen import BoolArray, IntArray


def ferries(graph: RoadGraph) -> BoolArray:
    """Which streets are ferries, shape (K,)."""
    if FERRY not in graph.class_names:
        return np.zeros(graph.streets, np.bool_)
    found: BoolArray = graph.street_class == graph.class_names.index(FERRY)
    return found


def without_ferries(graph: RoadGraph) -> RoadGraph:
    """The roads as if their file held no ferry; nodes keep their rows."""
    away = ferries(graph)
    if not away.any():
        return graph
    code = graph.class_names.index(FERRY)
    street = np.flatnonzero(~away)
    rank = np.full(graph.streets + 1, TURN, np.int32)
    rank[street] = np.arange(len(street))
    kept = (graph.arc_street == TURN) | ~away[graph.arc_street]
    id_first, ids = _runs(graph.street_id_first, street)
    shape_first, points = _runs(graph.shape_first, street)
    classes = graph.street_class[street]
    return graph_from_arcs(
        node_lon_e7=graph.node_lon_e7,
        node_lat_e7=graph.node_lat_e7,
        tail=graph.tail()[kept],
        head=graph.head[kept],
        travel_ms=graph.travel_ms[kept],
        length_cm=graph.length_cm[kept],
        arc_street=rank[graph.arc_street[kept]],
        arc_backward=graph.arc_backward[kept],
        street_class=np.where(classes > code, classes - 1, classes).astype(np.uint8),
        class_names=tuple(n for n in graph.class_names if n != FERRY),
        street_name=graph.street_name[street],
        street_ref=graph.street_ref[street],
        texts=graph.texts,
        street_id_first=id_first,
        street_id=graph.street_id[ids],
        street_id_cm=graph.street_id_cm[ids],
        shape_first=shape_first,
        shape_lon_e7=graph.shape_lon_e7[points],
        shape_lat_e7=graph.shape_lat_e7[points],
        origin=graph.origin,
        ids_are_texts=graph.ids_are_texts,
        unused_ids=graph.unused_ids,
    )


def _runs(first: IntArray, streets: IntArray) -> tuple[IntArray, IntArray]:
    """Where the entries of some streets begin when they stand alone, and their rows."""
    count = np.diff(first)[streets]
    own = np.concatenate([[0], np.cumsum(count)])
    return own, np.arange(own[-1]) + np.repeat(first[:-1][streets] - own[:-1], count)
