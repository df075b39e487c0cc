"""Road lines for pictures and layers: a street is one line, though traffic runs both ways."""

from __future__ import annotations

import numpy as np
import shapely
from numpy.typing import NDArray

from optimizer.frozen import IntArray


def each_street_once(lines: NDArray[np.object_]) -> IntArray:
    """Rows of the LineStrings that remain when each street is kept in one direction, sorted."""
    if not len(lines):
        return np.zeros(0, dtype=np.int64)
    _, first = np.unique(shapely.to_wkb(shapely.normalize(lines)), return_index=True)
    rows: IntArray = np.sort(first).astype(np.int64)
    return rows
