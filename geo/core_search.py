"""Many searches of one graph: junctions are taken out first, and what is left is searched.

The ways are the same to the millisecond and centimetre. Taking out costs about as much as two
searches of the whole graph, and leaves a tenth of its nodes.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from optimizer.frozen import IntArray

if TYPE_CHECKING:
    from geo.shortest_paths import Arcs, Ends, Reached

# A node with more neighbours than this stays; between 4 and 10 the whole job takes as long.
_NEIGHBOURS = 6
WORTH = 4
"""Taking nodes out pays if searches to come would label each node so many times."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Core:
    """A graph in which few nodes are searched. C rows of the core, M of nodes that hang on it.

    Ways are milliseconds in the upper 32 bits and centimetres in the lower.

    Attributes:
        row: Row of each node of the graph, -1 = no place hangs on it, shape (N,).
        arcs: Of each row of the core the first arc, (C + 1,); head and way of each arc.
        links: Of each row outside the core the first link, (M + 1,); of each link the row above,
            the way up to it and the way down.
        below: Of each row the first of those that hang on it, (C + M + 1,), and what they are,
            counted from C.
    """

    row: NDArray[np.int32]
    arcs: tuple[NDArray[Any], ...]
    links: tuple[NDArray[Any], ...]
    below: tuple[NDArray[Any], ...]

    @property
    def rows(self) -> int:
        """C + M."""
        return len(self.below[0]) - 1


def core_of(arcs: Arcs, nodes: IntArray) -> Core:
    """Take junctions out of a graph.

    Args:
        arcs: The graph.
        nodes: Those from which and to which ways are looked for.
    """
    from geo import core_loops

    wanted = np.zeros(arcs.nodes, np.bool_)
    wanted[nodes] = True
    *links, used, degree = core_loops.linked(
        arcs.first_arc, arcs.head, arcs.travel_ms, arcs.length_cm
    )
    order, *links = core_loops.eliminate(*links, used, degree, _NEIGHBOURS, wanted)
    row = np.empty(arcs.nodes, np.int32)
    in_core = core_loops.core_arcs(*links, degree, row)
    *hung, below_first, below = core_loops.hung(order, *links, row, len(in_core[0]) - 1)
    return Core(row=row, arcs=in_core, links=tuple(hung), below=(below_first, below))


def searcher(
    arcs: Arcs, exits: Ends, entries: Ends, direct: Reached, limit_ms: int
) -> Callable[..., int]:
    """Take junctions out of a graph, and search it.

    Returns:
        A function of the first source to look at and of arrays for the answer (targets,
        milliseconds, centimetres, first of each source), which it fills for as many sources as
        they have room for; it returns the first source not done.
    """
    from geo import core_search_loops
    from geo.heap_loops import FAR

    core = core_of(arcs, np.concatenate([exits.node, entries.node]))
    ways_in = entries.by_row(core.row[entries.node], core.rows)
    targets = len(entries.first) - 1
    label = np.full(core.rows, FAR, np.int64)
    flag = np.zeros(8 * (len(core.links[0]) // 8 + 1), np.uint8)

    def search(start: int, *out: NDArray[Any]) -> int:
        return int(
            core_search_loops.reach(
                *core.arcs, *core.links, *core.below,
                exits.first, core.row[exits.node], exits.travel_ms, exits.length_cm, *ways_in,
                direct.first, direct.target, direct.travel_ms, direct.road_cm,
                limit_ms, start, targets, label, flag, *out,
            )
        )  # fmt: skip

    return search
