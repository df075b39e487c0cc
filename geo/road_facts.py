"""What a road file gave: kilometres by class, what was left out, what does not connect."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from geo.road_graph import RoadGraph
from geo.road_islands import islands


@dataclass(frozen=True, slots=True, kw_only=True)
class RoadFacts:
    """For the data-quality record. Counts of roads are those of the file.

    Attributes:
        rows_read, rows_used: Roads in the file, and those in the graph.
        with_speed: Of those, how many have a speed (or minutes) of their own.
        km_by_class: Length of the graph's streets by class.
        nodes, streets: Size of the graph.
        networks, apart_km: Separate networks, and the length of all but the longest.
        trap_km: Roads that can only be entered or only be left.
        left_out: Roads left out or changed, by reason (`LEFT_OUT`).
        turns_honoured, turns_ignored: Turn restrictions; None where the file knows none.
    """

    rows_read: int
    rows_used: int
    with_speed: int
    km_by_class: Mapping[str, float]
    nodes: int
    streets: int
    networks: int
    apart_km: float
    trap_km: float
    left_out: Mapping[str, int]
    turns_honoured: int | None = None
    turns_ignored: int | None = None

    def plain(self) -> dict[str, Any]:
        """For JSON."""
        return asdict(self)


LEFT_OUT: Mapping[str, str] = {
    "not_for_cars": "left out: no road for cars",
    "closed": "left out: closed to cars",
    "changing": "left out: direction changes with the hour",
    "no_line": "left out: no line with a length",
    "bad_speed": "speed of zero or less: speed of the class instead",
    "cut": "cut: nodes missing in the file",
    "barriers": "barriers that end a road",
    "unknown_class": "class not known: counted as other roads",
}


def facts_of(
    graph: RoadGraph,
    *,
    rows_read: int,
    rows_used: int,
    with_speed: int,
    left_out: Mapping[str, int],
    turns: tuple[int, int] | None = None,
) -> RoadFacts:
    """Measure a graph; the counts are the reader's."""
    km = np.bincount(graph.street_class, graph.street_km(), minlength=len(graph.class_names))
    found = islands(graph)
    return RoadFacts(
        rows_read=rows_read,
        rows_used=rows_used,
        with_speed=with_speed,
        km_by_class={name: float(km[i]) for i, name in enumerate(graph.class_names)},
        nodes=graph.nodes,
        streets=graph.streets,
        networks=len(found.network_km),
        apart_km=found.apart_km,
        trap_km=found.trap_km,
        left_out={name: left_out[name] for name in LEFT_OUT if left_out.get(name)},
        turns_honoured=None if turns is None else turns[0],
        turns_ignored=None if turns is None else turns[1],
    )
