"""Sets of stations, enumerated: connected ones, all of them, and both together."""

from __future__ import annotations

import numpy as np

from optimizer.frozen import BoolArray, IntArray


def connected_sets(pairs: IntArray, stations: int, largest: int) -> list[IntArray]:
    """Every connected set of 1 to `largest` stations.

    Args:
        pairs: Neighbours, shape (E, 2).
        stations: Number of stations.
        largest: Largest size.

    Returns:
        For each size k the sets as sorted rows, shape (N_k, k), rows sorted.
    """
    both = np.vstack([pairs, pairs[:, ::-1]]).reshape(-1, 2)
    both = both[np.lexsort((both[:, 1], both[:, 0]))]
    count = np.bincount(both[:, 0], minlength=stations)
    first = np.cumsum(count) - count
    found = [np.arange(stations, dtype=np.int64)[:, None]]
    for _ in range(1, largest):
        grown = []
        for member in found[-1].T:
            times = count[member]
            source = np.repeat(np.arange(len(member)), times)
            step = np.arange(len(source)) - np.repeat(np.cumsum(times) - times, times)
            joining = both[first[member][source] + step, 1]
            base = found[-1][source]
            new = (base != joining[:, None]).all(axis=1)
            grown.append(np.column_stack([base[new], joining[new]]))
        rows = np.sort(np.vstack(grown), axis=1).astype(np.int64)
        found.append(_unique_rows(rows, stations))
    return found


def every_set(items: IntArray, largest: int) -> list[IntArray]:
    """All sets of 1 to `largest` of `items` (sorted); for each size the sorted rows, sorted."""
    place = np.arange(len(items))[:, None]
    found = [items[place]]
    for _ in range(1, largest):
        more = len(items) - 1 - place[:, -1]
        source = np.repeat(np.arange(len(place)), more)
        step = np.arange(len(source)) - np.repeat(np.cumsum(more) - more, more)
        place = np.column_stack([place[source], place[source, -1] + 1 + step])
        found.append(items[place])
    return found


def joined(
    some: tuple[IntArray, BoolArray], others: tuple[IntArray, BoolArray]
) -> tuple[IntArray, BoolArray]:
    """Sets of the same size in both, sorted, each once; connected where either says so."""
    rows = np.vstack([some[0], others[0]])
    connected = np.r_[some[1], others[1]]
    order = np.lexsort((~connected, *rows.T[::-1]))
    rows, connected = rows[order], connected[order]
    first = np.ones(len(rows), dtype=bool)
    first[1:] = (rows[1:] != rows[:-1]).any(axis=1)
    return rows[first], connected[first]


def _unique_rows(rows: IntArray, stations: int) -> IntArray:
    """Sorted unique rows; through one number per row where that fits (ten times faster)."""
    width = rows.shape[1]
    if stations**width >= 2**62:
        return np.unique(rows, axis=0)
    weights = np.array([stations ** (width - 1 - i) for i in range(width)], dtype=np.int64)
    _, first = np.unique(rows @ weights, return_index=True)
    return rows[first]
