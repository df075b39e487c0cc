"""Flows of officers as arrows: who moves from where to where, and where the counts stand.

Everything here is in points from the plane's origin: type and arrows have sizes on paper.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from geo.labels import overlap
from optimizer.frozen import BoolArray, FloatArray
from optimizer.plan import Move, MoveReason

_BEND_FRACTION = 0.13
_STEPS = 24
_SHORTEST_PT = 7.0
# Where along an arrow its count may stand, and how far beside it.
_ALONG = (0.46, 0.38, 0.54, 0.3, 0.62, 0.22, 0.7)
_BESIDE_PT = (0.0, 6.0, -6.0, 11.0, -11.0)
_ON_COUNT = 1000.0
_ON_SYMBOL = 400.0
_ON_ARROW = 6.0
_PER_BESIDE_PT = 0.8
_PER_CHOICE = 1.0
_SWEEPS = 12


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Flow:
    """Officers who go one way, and the points of their arrow from start to tip, shape (n, 2)."""

    from_id: str
    to_id: str
    officers: int
    reason: MoveReason
    points: FloatArray


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Counts:
    """Boxes of the head counts, shape (N, 4), and whether each found room, shape (N,)."""

    box: FloatArray
    shown: BoolArray


def flows_of(
    moves: Sequence[Move], place: Mapping[str, FloatArray], clear: Mapping[str, float]
) -> tuple[list[Flow], list[Move]]:
    """Arrows of the moves between places, the widest first, and the moves that have no arrow.

    Arrows bend to the right, so that a pair of opposite ones comes apart; of several between the
    same two places each bends more.

    Args:
        moves: Moves of a plan.
        place: Where each unit is that has a place.
        clear: Free radius around each of them.
    """
    drawn: list[Flow] = []
    others: list[Move] = []
    lanes: dict[tuple[str, str], int] = {}
    for move in moves:
        if move.from_id not in place or move.to_id not in place:
            others.append(move)
            continue
        lane = lanes.get((move.from_id, move.to_id), 0)
        lanes[move.from_id, move.to_id] = lane + 1
        points = _curve(
            place[move.from_id],
            place[move.to_id],
            _BEND_FRACTION * (1 + lane),
            clear[move.from_id],
            clear[move.to_id],
        )
        drawn.append(
            Flow(
                from_id=move.from_id,
                to_id=move.to_id,
                officers=move.officers,
                reason=move.reason,
                points=points,
            )
        )
    drawn.sort(key=lambda f: (-f.officers, f.from_id, f.to_id, f.reason))
    return drawn, others


def most_of(moves: Sequence[Move]) -> dict[MoveReason, int]:
    """The largest head count that widths of a reason are measured against, by reason.

    Police offices have a measure of their own: all their officers go, which would make the others
    look small.
    """
    offices = max((m.officers for m in moves if m.reason == "bundle"), default=1)
    others = max((m.officers for m in moves if m.reason != "bundle"), default=1)
    return {"bundle": offices, "road_duty": others, "reassign": others}


def width_pt(officers: int, reason: MoveReason, most: Mapping[MoveReason, int]) -> float:
    """Width of an arrow on A4: in proportion to the head count, but never a mere hair.

    Those of police offices are thinner: their officers go where the plan's map says already.
    """
    share = officers / max(most[reason], 4)
    return 0.7 + 1.5 * share if reason == "bundle" else 0.7 + 4.3 * share


def _curve(
    start: FloatArray, end: FloatArray, bend: float, clear_start: float, clear_end: float
) -> FloatArray:
    """A quadratic Bézier curve that leaves both symbols free."""
    along = end - start
    length = float(np.hypot(*along))
    if length < 1e-6:  # two units at one place: a short arrow from the left
        along, length = np.array([1.0, 0.0]), 0.0
        start = end - np.array([clear_end + _SHORTEST_PT + clear_start, 0.0])
    right = np.array([along[1], -along[0]])
    middle = (start + end) / 2.0 + bend * right
    at = np.linspace(0.0, 1.0, _STEPS)[:, None]
    points = (1 - at) ** 2 * start + 2 * (1 - at) * at * middle + at**2 * end
    way = np.append(0.0, np.cumsum(np.hypot(*np.diff(points, axis=0).T)))
    free = way[-1] - clear_start - clear_end
    if free < _SHORTEST_PT:  # the symbols nearly touch: their rims share what there is
        spare = max(way[-1] - _SHORTEST_PT, 0.0)
        clear_start, clear_end = spare * 0.35, spare * 0.65
    cut = np.linspace(clear_start, way[-1] - clear_end, _STEPS)
    trimmed: FloatArray = np.column_stack([np.interp(cut, way, points[:, k]) for k in (0, 1)])
    return trimmed


def segments(flow: Flow) -> FloatArray:
    """The arrow as x0, y0, x1, y1, shape (n - 1, 4)."""
    found: FloatArray = np.hstack([flow.points[:-1], flow.points[1:]])
    return found


def place_counts(
    flows: Sequence[Flow], size: FloatArray, symbols: FloatArray, bounds: Sequence[float]
) -> Counts:
    """Find a place for each head count on or beside its own arrow, off symbols and other counts.

    Each begins where it stands best alone and then, in turn, moves to where it stands best given
    the others, until none moves. One that still collides is not shown, the smallest first.

    Args:
        flows: Arrows, the most important first.
        size: Width and height of each count, shape (N, 2).
        symbols: Boxes that no count may cover, shape (M, 4).
        bounds: Left, bottom, right, top that counts stay within.
    """
    n = len(flows)
    if not n:
        return Counts(box=np.zeros((0, 4)), shown=np.zeros(0, np.bool_))
    boxes = np.stack([_places(f.points, s) for f, s in zip(flows, size, strict=True)])
    every = np.vstack([f.points for f in flows])
    owner = np.repeat(np.arange(n), [len(f.points) for f in flows])
    alone = np.tile(_choice_price(), (n, 1))
    left, bottom, right, top = bounds
    outside = (boxes[..., 0] < left) | (boxes[..., 1] < bottom)
    outside |= (boxes[..., 2] > right) | (boxes[..., 3] > top)
    alone += _ON_COUNT * outside
    for i in range(n):
        alone[i] += _ON_SYMBOL * overlap(boxes[i], symbols).sum(axis=1)
        reach = np.concatenate([boxes[i, :, :2].min(axis=0), boxes[i, :, 2:].max(axis=0)])
        near = (every >= reach[:2]).all(axis=1) & (every <= reach[2:]).all(axis=1)
        near &= owner != i
        points = every[near]
        on = overlap(boxes[i], np.hstack([points, points])) if len(points) else np.zeros((1, 1))
        alone[i] += _ON_ARROW * on.sum(axis=1)
    choice = alone.argmin(axis=1)
    mine = boxes[np.arange(n), choice]
    for _ in range(_SWEEPS):
        moved = False
        for i in range(n):
            on = overlap(boxes[i], mine)
            on[:, i] = False
            total = alone[i] + _ON_COUNT * on.sum(axis=1)
            best = int(total.argmin())
            if total[best] < total[choice[i]] - 1e-9:
                choice[i], mine[i], moved = best, boxes[i, best], True
        if not moved:
            break
    shown = np.zeros(n, np.bool_)
    for i in range(n):
        free = alone[i, choice[i]] < _ON_SYMBOL
        shown[i] = free and not overlap(mine[i : i + 1], mine[shown]).any()
    return Counts(box=mine, shown=shown)


def _places(points: FloatArray, size: FloatArray) -> FloatArray:
    """Boxes where a count may stand, shape (K, 4)."""
    way = np.append(0.0, np.cumsum(np.hypot(*np.diff(points, axis=0).T)))
    at = np.array(_ALONG) * way[-1]
    on = np.column_stack([np.interp(at, way, points[:, k]) for k in (0, 1)])
    along = points[-1] - points[0]
    across = np.array([-along[1], along[0]]) / max(float(np.hypot(*along)), 1e-9)
    middle = (on[:, None, :] + np.array(_BESIDE_PT)[None, :, None] * across).reshape(-1, 2)
    return np.hstack([middle - size / 2.0, middle + size / 2.0])


def _choice_price() -> FloatArray:
    beside = np.abs(np.array(_BESIDE_PT)) * _PER_BESIDE_PT
    along = np.arange(len(_ALONG)) * _PER_CHOICE
    price: FloatArray = (along[:, None] + beside[None, :]).reshape(-1)
    return price
