"""Cut lines at given places along them, all at once."""

from __future__ import annotations

import numpy as np
import shapely

from geo.plane import GeometryArray
from optimizer.frozen import FloatArray, IntArray

# Cuts closer than this to each other or to an end, in units of the coordinates and as a share of
# the line's length, are one cut: rounding, not geometry.
_SAME_CUT_FRACTION = 1e-9


def tidy_cuts(
    length: FloatArray, owner: IntArray, position: FloatArray
) -> tuple[IntArray, FloatArray]:
    """Cuts sorted by line and position, without doubles and without those at an end.

    Args:
        length: Length of each line, shape (n,).
        owner: Line of each cut, shape (m,).
        position: Where along the line, 0..length, shape (m,).
    """
    near = _SAME_CUT_FRACTION * length[owner]
    inner = (position > near) & (position < length[owner] - near)
    owner, position, near = owner[inner], position[inner], near[inner]
    order = np.lexsort((position, owner))
    owner, position, near = owner[order], position[order], near[order]
    fresh = np.ones(len(owner), bool)
    fresh[1:] = (owner[1:] != owner[:-1]) | (np.diff(position) > near[1:])
    return owner[fresh], position[fresh]


def cut_lines(
    lines: GeometryArray, owner: IntArray, position: FloatArray
) -> tuple[GeometryArray, IntArray]:
    """Pieces of LineStrings after cutting, in order along each line, and the line of each piece.

    Args:
        lines: LineStrings, shape (n,).
        owner: Line of each cut, shape (m,).
        position: Where along that line, in units of its coordinates, shape (m,).
    """
    length = shapely.length(lines)
    owner, position = tidy_cuts(length, owner, position)
    if not len(owner):
        return lines, np.arange(len(lines), dtype=np.int64)
    vertex, line = shapely.get_coordinates(lines, return_index=True)
    step = np.hypot(*np.diff(vertex, axis=0, prepend=vertex[:1]).T)
    starts = np.flatnonzero(np.diff(line, prepend=-1))
    run = np.cumsum(step)
    along = run - run[starts][line]
    place = shapely.get_coordinates(shapely.line_interpolate_point(lines[owner], position))
    # A cut ends one piece and starts the next, so its place comes twice.
    every_line = np.concatenate([line, owner, owner])
    every_along = np.concatenate([along, position, position])
    every_kind = np.repeat([0, 1, 2], [len(line), len(owner), len(owner)])
    every_place = np.vstack([vertex, place, place])
    # The sort is stable: at one place a vertex, the end of a piece, the start of the next.
    order = np.lexsort((every_along, every_line))
    kind, line_of = every_kind[order], every_line[order]
    begins = (kind == 2) | (np.diff(line_of, prepend=-1) > 0)
    piece = np.cumsum(begins) - 1
    made: GeometryArray = shapely.linestrings(every_place[order], indices=piece)
    return made, line_of[begins].astype(np.int64)
