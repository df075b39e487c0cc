"""Near repeats: do alerts follow alerts close by and soon after, more than chance gives?

Knox (1964) in the form of Johnson, Bernasco, Bowers et al. (2007): pairs of alerts are counted by
bands of distance and of days between them; the times are shuffled over the places many times, which
keeps where alerts are and when they are and breaks only the link between the two.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from geo.near_repeat_loops import count_bands
from optimizer.frozen import FloatArray, IntArray

_SECONDS = 86_400.0
SAME_PLACE_M = 0.5
"""Points nearer than this are one place: coordinates are kept to some centimetres."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class NearRepeats:
    """Pairs of alerts by distance (D + 1 bands, the first = the same place) and days (T bands).

    Attributes:
        alerts: Alerts with a point.
        distances_m: Upper ends of the bands of distance, shape (D + 1,).
        days: Upper ends of the bands of time, shape (T,).
        pairs: Pairs found, shape (D + 1, T).
        expected_pairs: Mean over the shuffles, shape (D + 1, T).
        p: Chance of as many or more, (1 + as many) / (1 + shuffles), shape (D + 1, T).
        permutations: Shuffles.
    """

    alerts: int
    distances_m: FloatArray
    days: FloatArray
    pairs: IntArray
    expected_pairs: FloatArray
    p: FloatArray
    permutations: int

    @property
    def ratio(self) -> FloatArray:
        """Pairs per pair expected, shape (D + 1, T); 1 where none is found and none expected."""
        none = self.expected_pairs <= 0
        return np.where(none, 1.0, self.pairs / np.where(none, 1.0, self.expected_pairs))


class TooManyPairsError(ValueError):
    """More pairs lie within the largest distance than the test can hold."""

    def __init__(self, pairs: int) -> None:
        super().__init__(f"{pairs} pairs")
        self.pairs = pairs


def near_repeats(
    x_m: NDArray[Any],
    y_m: NDArray[Any],
    occurred_at: NDArray[np.datetime64],
    *,
    distances_m: Sequence[float],
    days: Sequence[float],
    permutations: int,
    seed: int,
    most_pairs: int,
) -> NearRepeats:
    """Test alerts for near repeats.

    Args:
        x_m: Places in metres, shape (A,).
        y_m: Likewise.
        occurred_at: Times, shape (A,).
        distances_m: Upper ends of the bands of distance beyond the same place, ascending; each
            band holds its upper end.
        days: Upper ends of the bands of days, ascending, likewise.
        permutations: Shuffles of the times.
        seed: Of the shuffles.
        most_pairs: Pairs within the largest distance that are looked at at most.

    Raises:
        TooManyPairsError: there are more.
    """
    places = np.column_stack([x_m, y_m]).astype(float)
    times = occurred_at.astype("datetime64[s]").astype(np.int64) / _SECONDS
    ends = np.array([SAME_PLACE_M, *distances_m])
    within = np.array(days, float)
    tree = cKDTree(places)
    total = (int(tree.count_neighbors(tree, ends[-1])) - len(places)) // 2 if len(places) else 0
    if total > most_pairs:
        raise TooManyPairsError(total)
    pairs = tree.query_pairs(ends[-1], output_type="ndarray") if len(places) else np.zeros((0, 2))
    one, two = pairs[:, 0].astype(np.int32), pairs[:, 1].astype(np.int32)
    apart = np.hypot(*(places[one] - places[two]).T)
    space = np.searchsorted(ends, apart, side="left").astype(np.int8)
    rng = np.random.default_rng(seed)
    found = count_bands(one, two, space, times, within, len(ends))
    total_of, as_many = np.zeros(found.shape), np.zeros(found.shape)
    for _ in range(permutations):
        shuffled = count_bands(one, two, space, rng.permutation(times), within, len(ends))
        total_of += shuffled
        as_many += shuffled >= found
    return NearRepeats(
        alerts=len(places),
        distances_m=ends,
        days=within,
        pairs=found,
        expected_pairs=total_of / permutations,
        p=(1.0 + as_many) / (1.0 + permutations),
        permutations=permutations,
    )
