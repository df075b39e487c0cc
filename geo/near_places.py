"""Points that are one place: everything within a radius of the busiest point, and no further.

Plain for few points, compiled by numba for many. Chains do not run on: a point belongs to the first
leader that has it within the radius, and a leader is a point that no earlier leader took.
"""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np

from optimizer.frozen import FloatArray, IntArray

# Fewer points are joined before numba has been imported.
_PLAIN_POINTS = 4_000
_MOST_BINS_ACROSS = 2_000


@cache
def _compiled_join() -> Any:
    """`_join`, compiled; this imports numba."""
    from optimizer.compiled import compiled

    return compiled(_join)


def joined_places(x_m: FloatArray, y_m: FloatArray, order: IntArray, radius_m: float) -> IntArray:
    """The leader of each point: itself, or the first point in `order` that took it.

    A leader takes every point not yet taken within the radius, the border included.

    Args:
        x_m: Finite, shape (N,).
        y_m: Likewise.
        order: Points in the order in which they may lead, a permutation, shape (N,).
        radius_m: At least 0; at 0 only equal points are joined.
    """
    n = len(x_m)
    if n == 0:
        return np.zeros(0, np.int64)
    x, y = np.asarray(x_m, float), np.asarray(y_m, float)
    x, y = x - x.min(), y - y.min()
    extent = max(float(x.max()), float(y.max()), 1.0)
    size = max(radius_m, extent / _MOST_BINS_ACROSS)
    column, row = (x / size).astype(np.int64) + 1, (y / size).astype(np.int64) + 1
    # A rim of empty squares, so that every square has eight neighbours.
    columns, rows = int(column.max()) + 2, int(row.max()) + 2
    square = row * columns + column
    by_square = np.argsort(square, kind="stable")
    first = np.zeros(columns * rows + 1, np.int64)
    np.cumsum(np.bincount(square, minlength=columns * rows), out=first[1:])
    join = _join if n <= _PLAIN_POINTS else _compiled_join()
    order = np.ascontiguousarray(order, np.int64)
    leader: IntArray = join(
        x, y, order, square, first, by_square, x[by_square], y[by_square], columns, float(radius_m)
    )
    return leader


def _join(
    x: Any,
    y: Any,
    order: Any,
    square: Any,
    first: Any,
    left: Any,
    left_x: Any,
    left_y: Any,
    columns: int,
    radius: float,
) -> Any:
    """See `joined_places`; `left` are the points not yet taken, square by square."""
    leader = np.full(len(x), -1, np.int64)
    end = first[1:].copy()
    most = radius * radius
    for at in range(len(order)):
        p = order[at]
        if leader[p] != -1:
            continue
        for below in range(-1, 2):
            for beside in range(-1, 2):
                b = square[p] + below * columns + beside
                k = first[b]
                while k < end[b]:
                    dx, dy = left_x[k] - x[p], left_y[k] - y[p]
                    if dx * dx + dy * dy > most:
                        k += 1
                        continue
                    leader[left[k]] = p
                    last = end[b] - 1
                    left[k], left_x[k], left_y[k] = left[last], left_x[last], left_y[last]
                    end[b] = last
    return leader
