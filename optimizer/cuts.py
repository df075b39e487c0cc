r"""Subset-row cuts for set partitions (Jepsen, Petersen, Spoorendonk & Pisinger 2008).

For a set $T$ of three or five stations every partition keeps
$\sum_S \lfloor |S \cap T| / 2 \rfloor x_S \le \lfloor |T| / 2 \rfloor$. Looked for over the triples
and 5-sets that are connected through columns of fractional value.
"""

from __future__ import annotations

import numpy as np
from scipy.sparse import csr_matrix

from optimizer.connected_sets import connected_sets
from optimizer.frozen import BoolArray, FloatArray, IntArray

SIZES = (3, 5)
_VIOLATION = 0.02
_PER_STATION = 3


def violated(
    values: FloatArray, split: IntArray, incidence: csr_matrix, known: set[tuple[int, ...]]
) -> list[IntArray]:
    """Station sets whose cut `values` break, most broken first, few through one station.

    Args:
        values: Of a linear relaxation, shape (N,).
        split: Columns of fractional value.
        incidence: Stations by columns, shape (S, N).
        known: Sets already cut; the new ones join it.

    Returns:
        For each of `SIZES` the new sets, shape (cuts, size).
    """
    stations = incidence.shape[0]
    parts = incidence[:, split]
    meeting = (parts @ parts.T).tocoo()
    pairs = np.column_stack([meeting.row, meeting.col]).astype(np.int64)
    pairs = pairs[pairs[:, 0] < pairs[:, 1]]
    sets = connected_sets(pairs, stations, SIZES[-1])
    found = []
    for size in SIZES:
        excess = halved(sets[size - 1], parts) @ values[split] - size // 2
        used = np.zeros(stations, dtype=np.int64)
        new = []
        for i in np.argsort(-excess, kind="stable").tolist():
            if excess[i] <= _VIOLATION:
                break
            chosen = sets[size - 1][i]
            key = tuple(chosen.tolist())
            if key in known or used[chosen].max() >= _PER_STATION:
                continue
            used[chosen] += 1
            known.add(key)
            new.append(key)
        found.append(np.array(new, dtype=np.int64).reshape(-1, size))
    return found


def halved(sets: IntArray, parts: csr_matrix) -> csr_matrix:
    """Whole part of |S & T| / 2 for every set T, shape (T, k), and column S of `parts`."""
    count, size = sets.shape
    row = np.repeat(np.arange(count), size)
    ones = np.ones(count * size, dtype=np.int64)
    of_sets = csr_matrix((ones, (row, sets.ravel())), shape=(count, parts.shape[0]))
    inside = (of_sets @ parts).tocoo()
    whole: IntArray = np.asarray(inside.data, dtype=np.int64) // 2
    kept: BoolArray = whole > 0
    at: IntArray = np.asarray([inside.row[kept], inside.col[kept]], dtype=np.int64)
    return csr_matrix((whole[kept], (at[0], at[1])), shape=(count, parts.shape[1]))
