"""Walking from junction to junction: plain for small networks, compiled by numba for large ones."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np


@cache
def compiled_walk() -> Any:
    """`walk`, compiled; this imports numba."""
    from optimizer.compiled import compiled

    return compiled(walk)


def walk(start: Any, end: Any, first: Any, incident: Any, is_junction: Any) -> tuple[Any, Any, Any]:
    """Every segment once, in chains that begin and end at a junction.

    Args:
        start: Node where each segment begins, (S,).
        end: Node where each segment ends, (S,).
        first: Row in `incident` of each node's first segment end, (N + 1,).
        incident: Segment ends by node: `2 * segment`, plus 1 for the segment's end, (2 S,).
        is_junction: Nodes that end a chain, (N,); a ring without one gets one.

    Returns:
        Segments in the order walked (S,), whether each was walked against itself (S,), and the
        row where each chain starts, with the total at the end (K + 1,).
    """
    segments = len(start)
    order = np.empty(segments, np.int64)
    against = np.empty(segments, np.bool_)
    chain = np.empty(segments + 1, np.int64)
    done = np.zeros(segments, np.bool_)
    filled = 0
    chains = 0
    for round_ in range(2):
        for at in range(segments * 2):
            # First from all junctions, segment by segment; what is left then are rings.
            segment = at >> 1
            from_end = (at & 1) == 1
            node = end[segment] if from_end else start[segment]
            if done[segment] or not (is_junction[node] or round_ == 1):
                continue
            is_junction[node] = True
            chain[chains] = filled
            chains += 1
            while True:
                order[filled] = segment
                against[filled] = from_end
                filled += 1
                done[segment] = True
                node = start[segment] if from_end else end[segment]
                if is_junction[node]:
                    break
                one, two = incident[first[node]], incident[first[node] + 1]
                onward = two if (one >> 1) == segment else one
                segment = onward >> 1
                from_end = (onward & 1) == 1
    chain[chains] = filled
    return order, against, chain[: chains + 1].copy()
