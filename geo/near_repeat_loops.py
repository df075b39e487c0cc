"""Compiled loop of the near-repeat test."""

from __future__ import annotations

from typing import Any

import numpy as np

from optimizer.compiled import compiled


@compiled
def count_bands(
    one: Any, two: Any, space: Any, times: Any, days: Any, bands: int
) -> Any:  # pragma: no cover - compiled
    """Pairs in each band of distance and time, shape (bands, len(days)).

    Args:
        one: Row of the one alert of each pair, shape (P,).
        two: Of the other.
        space: Band of distance of each pair.
        times: Of each alert, in days.
        days: Upper ends of the bands of time, ascending.
        bands: Number of bands of distance.
    """
    found = np.zeros((bands, len(days)), np.int64)
    for pair in range(len(one)):
        apart = abs(times[one[pair]] - times[two[pair]])
        for t in range(len(days)):
            if apart <= days[t]:
                found[space[pair], t] += 1
                break
    return found
