"""Which roads connect: components of a road graph, the longest first."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from optimizer.frozen import FloatArray, IntArray


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
