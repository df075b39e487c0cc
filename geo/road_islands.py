"""Roads that do not connect: separate networks, and roads that are one-way traps."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from geo.road_components import component_labels
from geo.road_graph import RoadGraph
from optimizer.errors import Problem
from optimizer.frozen import FloatArray


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Islands:
    """How the streets of a graph hang together.

    Attributes:
        network_km: Length of each separate network, the longest first.
        trap_km: Roads of the longest that can only be entered or only be left.
    """

    network_km: FloatArray
    trap_km: float

    @property
    def apart_km(self) -> float:
        """Length of all networks but the longest."""
        return float(self.network_km[1:].sum())


def islands(graph: RoadGraph) -> Islands:
    """Measure the networks of a graph."""
    once, tail, km = graph.street_arc(), graph.tail(), graph.length_cm / 100_000.0
    label = component_labels(graph.nodes, tail, graph.head, once, km, strong=False)
    of_street = label[tail[once]]
    by_network = np.bincount(of_street, km[once]).astype(float)
    ends = np.maximum(graph.component[tail[once]], graph.component[graph.head[once]])
    traps = (ends > 0) & (of_street == 0)
    # A gate that no road leaves is no network.
    return Islands(network_km=by_network[by_network > 0], trap_km=float(km[once][traps].sum()))


def island_problems(graph: RoadGraph, where: str) -> tuple[Problem, ...]:
    """Warnings of separate networks and of traps, by their length."""
    if not graph.streets:
        return ()
    found, problems = islands(graph), []
    if len(found.network_km) > 1:
        problems.append(
            Problem(
                where=where,
                expected="roads that all connect: there are {n} separate networks; the largest has "
                "{main:.1f} km, the others {rest:.1f} km together",
                fix="places next to a small one are led to the large one; join the lines where "
                "roads meet in truth",
                params={
                    "n": len(found.network_km),
                    "main": float(found.network_km[0]),
                    "rest": found.apart_km,
                },
                severity="warning",
            )
        )
    if found.trap_km > 0.0:
        problems.append(
            Problem(
                where=where,
                expected="roads that can be reached and left again: {km:.1f} km can only be "
                "entered or only be left",
                fix="check the one-way roads there",
                params={"km": found.trap_km},
                severity="warning",
            )
        )
    return tuple(problems)
