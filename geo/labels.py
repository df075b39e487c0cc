"""Where the names on a map go: beside their symbols, on no symbol, on no other name.

Own code rather than textalloc, which knows symbols as points only: on four counties it put 7 to 35
names on symbols where this puts none, and took five to nine times as long. The same input gives the
same places.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray

from optimizer.frozen import BoolArray, FloatArray

# East first: names read away from their symbol. Degrees counter-clockwise from east.
_DIRECTIONS_DEG = (0, 180, 90, 270, 30, 330, 150, 210, 60, 120, 300, 240)
_RINGS_PT = (0.0, 4.0, 9.0, 15.0, 22.0, 30.0, 40.0)
_MANY = 300
_RINGS_OF_MANY = 3
"""Among so many names a far place is hardly ever free, and looking there takes most of the time."""
_SWEEPS = 30

_FORBIDDEN = 1e6
_ON_NAME = 1000.0
_ON_SYMBOL = 700.0
_ON_LINE = 30.0
_OUT_OF_HOME = 4.0
_PER_RING_PT = 2.0
_PER_DIRECTION = 0.6


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Placed:
    """Places of N names, in the units of the input.

    Attributes:
        box: Left, bottom, right, top of each name, shape (N, 4).
        gap: Free way between symbol and name beyond the closest place, shape (N,); a leader line
            helps where it is large.
        shown: False for a name that finds no free place, shape (N,).
    """

    box: FloatArray
    gap: FloatArray
    shown: BoolArray


def place_labels(
    anchor: FloatArray,
    size: FloatArray,
    *,
    clear: FloatArray,
    symbols: FloatArray,
    lines: FloatArray,
    bounds: Sequence[float],
    homes: NDArray[np.object_] | None = None,
    rank: Sequence[int] | None = None,
) -> Placed:
    """Place names beside their anchors without collisions.

    Every name starts at its best place and then, in turn, moves to the place that is best given
    where the others are, until none moves. A name that still collides is not shown, the least
    important first.

    Args:
        anchor: Points that the names belong to, shape (N, 2).
        size: Width and height of each name, shape (N, 2).
        clear: Free radius around each anchor (its symbol), shape (N,).
        symbols: Boxes that no name may cover, shape (M, 4).
        lines: Segments x0, y0, x1, y1 that a name should not cover, shape (L, 4).
        bounds: Left, bottom, right, top that names stay within.
        homes: Areas that the names belong to, shape (N,): a name rather stays inside its own.
        rank: Importance, small first; None = as given.

    Returns:
        Places, in the order of the input.
    """
    n = len(anchor)
    if not n:
        return Placed(box=np.zeros((0, 4)), gap=np.zeros(0), shown=np.zeros(0, np.bool_))
    boxes, gaps, price = _candidates(anchor, size, clear)
    left, bottom, right, top = bounds
    outside = (
        (boxes[..., 0] < left)
        | (boxes[..., 1] < bottom)
        | (boxes[..., 2] > right)
        | (boxes[..., 3] > top)
    )
    alone = price + _FORBIDDEN * outside
    # Each name looks only at what its places can touch, so that large maps stay quick.
    reach = np.concatenate([boxes[..., :2].min(axis=1), boxes[..., 2:].max(axis=1)], axis=1)
    line_box = np.sort(lines.reshape(-1, 2, 2), axis=1).reshape(-1, 4)
    neighbours = []
    for i in range(n):
        near = symbols[overlap(reach[i : i + 1], symbols)[0]]
        alone[i] += _ON_SYMBOL * overlap(boxes[i], near).sum(axis=1)
        crossing = (line_box[:, :2] <= reach[i, 2:]) & (line_box[:, 2:] >= reach[i, :2])
        alone[i] += _ON_LINE * _crossed(boxes[i], lines[crossing.all(axis=1)])
        if homes is not None and homes[i] is not None:
            shapely.prepare(homes[i])
            alone[i] += _OUT_OF_HOME * ~shapely.contains(homes[i], shapely.box(*boxes[i].T))
        touching = np.flatnonzero(overlap(reach[i : i + 1], reach)[0])
        neighbours.append(touching[touching != i])

    order = np.argsort(np.arange(n) if rank is None else np.asarray(rank), kind="stable")
    choice = alone.argmin(axis=1)
    mine = boxes[np.arange(n), choice]
    for _ in range(_SWEEPS):
        moved = False
        for i in order.tolist():
            total = alone[i] + _ON_NAME * overlap(boxes[i], mine[neighbours[i]]).sum(axis=1)
            best = int(total.argmin())
            if total[best] < total[choice[i]] - 1e-9:
                choice[i], mine[i], moved = best, boxes[i, best], True
        if not moved:
            break

    shown = np.zeros(n, np.bool_)
    for i in order.tolist():
        shown[i] = (
            alone[i, choice[i]] < _ON_SYMBOL and not overlap(mine[i : i + 1], mine[shown]).any()
        )
    return Placed(box=mine, gap=gaps[choice], shown=shown)


def _candidates(
    anchor: FloatArray, size: FloatArray, clear: FloatArray
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Boxes (N, K, 4), their gaps (K,) and prices (N, K)."""
    angle = np.radians(np.array(_DIRECTIONS_DEG, float))
    rings = _RINGS_PT if len(anchor) <= _MANY else _RINGS_PT[:_RINGS_OF_MANY]
    ring = np.repeat(np.array(rings), len(angle))
    cos, sin = np.tile(np.cos(angle), len(rings)), np.tile(np.sin(angle), len(rings))
    # A name above its symbol is centred on it, one at 45 degrees has its corner there.
    lean_x, lean_y = np.clip(cos * np.sqrt(2), -1, 1), np.clip(sin * np.sqrt(2), -1, 1)
    away = clear[:, None] + ring[None, :]
    half = size / 2.0
    x = anchor[:, :1] + lean_x * half[:, :1] + cos * away
    y = anchor[:, 1:] + lean_y * half[:, 1:] + sin * away
    boxes = np.stack([x - half[:, :1], y - half[:, 1:], x + half[:, :1], y + half[:, 1:]], axis=2)
    direction = np.tile(np.arange(len(angle)), len(rings))
    price = _PER_RING_PT * ring + _PER_DIRECTION * direction
    return boxes, ring, np.broadcast_to(price, boxes.shape[:2])


def overlap(one: FloatArray, other: FloatArray) -> BoolArray:
    """Which boxes of `one` (A, 4) overlap which of `other` (B, 4), shape (A, B)."""
    a, b = one[:, None, :], other[None, :, :]
    found: BoolArray = (
        (a[..., 0] < b[..., 2])
        & (b[..., 0] < a[..., 2])
        & (a[..., 1] < b[..., 3])
        & (b[..., 1] < a[..., 3])
    )
    return found


def _crossed(boxes: FloatArray, lines: FloatArray) -> FloatArray:
    """How many of the segments run through each box (slab test), shape (A,)."""
    if not len(lines):
        return np.zeros(len(boxes))
    start, step = lines[None, :, :2], (lines[:, 2:] - lines[:, :2])[None, :, :]
    with np.errstate(divide="ignore", invalid="ignore"):
        low = (boxes[:, None, :2] - start) / step
        high = (boxes[:, None, 2:] - start) / step
    # A segment parallel to a slab is inside it for its whole length or not at all.
    inside = (boxes[:, None, :2] < start) & (start < boxes[:, None, 2:])
    parallel = step == 0
    enter = np.where(parallel, np.where(inside, 0.0, np.inf), np.minimum(low, high)).max(axis=2)
    leave = np.where(parallel, np.where(inside, 1.0, -np.inf), np.maximum(low, high)).min(axis=2)
    through = np.maximum(enter, 0.0) < np.minimum(leave, 1.0)
    count: FloatArray = through.sum(axis=1).astype(np.float64)
    return count
