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
    for size in range(2, largest + 1):
        # As one number a set while they are many: each is found from several of its members.
        weight = _weights(stations, size)
        grown = []
        for member in found[-1].T:
            times = count[member]
            source = np.repeat(np.arange(len(member)), times)
            step = np.arange(len(source)) - np.repeat(np.cumsum(times) - times, times)
            joining = both[first[member][source] + step, 1]
            base = found[-1][source]
            new = (base != joining[:, None]).all(axis=1)
            rows = np.sort(np.column_stack([base[new], joining[new]]), axis=1).astype(np.int64)
            grown.append(rows if weight is None else np.unique(rows @ weight))
        if weight is None:
            found.append(np.unique(np.vstack(grown), axis=0))
        else:
            number = np.unique(np.concatenate(grown))
            found.append(number[:, None] // weight % stations)
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


def _weights(stations: int, size: int) -> IntArray | None:
    """What makes one number of a sorted set, in the order of the rows; None where none fits."""
    if stations**size >= 2**62:
        return None
    return np.array([stations ** (size - 1 - i) for i in range(size)], dtype=np.int64)
