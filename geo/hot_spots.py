"""Hot spots: Getis-Ord Gi* with conditional permutation and false-discovery control.

Ord and Getis (1995), "Local spatial autocorrelation statistics", Geographical Analysis 27, with
weights 1 for a place itself and its neighbours. Counts of alerts are far from normal, so whether a
place is hot is judged by permutation: its own value stays, those around it are drawn at random from
all other places (Anselin 1995). False discoveries among all places are held to a stated share by
Benjamini and Hochberg (1995), which holds for statistics that rise together, as these do.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import label
from scipy.sparse import csr_array
from scipy.sparse.csgraph import connected_components
from scipy.stats import false_discovery_control

from geo.alert_grid import Grid
from optimizer.frozen import BoolArray, FloatArray, IntArray

# Sums of the same values in another order may differ in the last digits.
_EQUAL = 1e-9
_MOST_VALUES = 2_000_000
"""Values summed at once."""
Orders = NDArray[np.int32]
"""Rows of places, the beginnings of random orders of all of them."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class LocalG:
    """Gi* of N places.

    Attributes:
        value: What was summed, shape (N,).
        window: Sum over the place and its neighbours, shape (N,).
        places: Places in the window, the place itself counted, shape (N,).
        z: The statistic, shape (N,); 0 where all values are equal or the window is the county.
        p: Chance of such a window or a higher one, shape (N,).
        q: The same, corrected for the number of places: the false-discovery share at which the
            place is listed, shape (N,).
    """

    value: FloatArray
    window: FloatArray
    places: IntArray
    z: FloatArray
    p: FloatArray
    q: FloatArray

    def hot(self, false_discovery_fraction: float) -> BoolArray:
        """Places that are hot at this share of false discoveries, shape (N,)."""
        found: BoolArray = self.q <= false_discovery_fraction
        return found


def draws_for(places: int, false_discovery_fraction: float) -> int:
    """Draws with which even a single hot place among so many can be told from chance.

    The least chance that R draws can show is 1 / (R + 1); Benjamini and Hochberg ask the least of N
    places to be at most the false-discovery share over N.
    """
    return int(np.clip(np.ceil(places / false_discovery_fraction), 9_999, 199_999))


def scaled(counts: NDArray[Any], scale: Literal["root", "count"]) -> FloatArray:
    """Values that Gi* compares: alerts, or their square roots, whose chance hardly grows with them.

    Anscombe (1948). A few places with very many alerts make every draw that meets them a high one;
    under the root they do so far less.
    """
    return np.asarray(np.sqrt(counts) if scale == "root" else counts, float)


def grid_hot_spots(
    values: FloatArray, grid: Grid, *, band_m: float, permutations: int, seed: int
) -> LocalG:
    """Gi* of the squares of a grid that touch the county, in the order of the flattened grid.

    Args:
        values: Of each square, such as `scaled` gives them, shape (Y, X).
        grid: Squares.
        band_m: Squares whose middles lie within this distance are neighbours.
        permutations: Random draws behind every chance.
        seed: Of the draws.
    """
    value = values[grid.inside]
    window = grid_sums(values, grid, band_m)[grid.inside]
    places = neighbourhood(grid, band_m)
    return local_g(value, window, places, permutations=permutations, seed=seed)


def pair_hot_spots(
    value: FloatArray, neighbours: IntArray, *, permutations: int, seed: int
) -> LocalG:
    """Gi* of places with given neighbours.

    Args:
        value: One per place, shape (N,).
        neighbours: Pairs of rows, each pair once, shape (E, 2).
        permutations: Random draws behind every chance.
        seed: Of the draws.
    """
    n = len(value)
    one, two = neighbours[:, 0], neighbours[:, 1]
    window = value + np.bincount(one, value[two], n) + np.bincount(two, value[one], n)
    places = 1 + np.bincount(one, minlength=n) + np.bincount(two, minlength=n)
    return local_g(value, window, places, permutations=permutations, seed=seed)


def local_g(
    value: FloatArray, window: FloatArray, places: IntArray, *, permutations: int, seed: int
) -> LocalG:
    """Gi* of places whose windows are known, shapes (N,)."""
    orders = random_orders(len(value), int(places.max(initial=1)), permutations, seed)
    p = permutation_p(value, window, places, orders)
    return LocalG(
        value=value,
        window=window,
        places=places,
        z=standard_g(value, window, places),
        p=p,
        q=false_discovery_control(p, method="bh") if len(p) else p,
    )


def standard_g(value: FloatArray, window: FloatArray, places: IntArray) -> FloatArray:
    """Gi* as a standard normal deviate, shape (N,); equation 14 of Ord and Getis."""
    n = len(value)
    if n < 2:
        return np.zeros(n)
    spread = value.std() * np.sqrt((n * places - places.astype(float) ** 2) / (n - 1.0))
    over = window - places * value.mean()
    z: FloatArray = np.divide(over, spread, where=spread > _EQUAL, out=np.zeros(n))
    return z


def permutation_p(
    value: FloatArray, window: FloatArray, places: IntArray, orders: Orders
) -> FloatArray:
    """Chance of a window at least as high if the values around a place were drawn from all others.

    Exactly the conditional permutation test: one random order of all places serves every place, as
    that order without the place itself is a random order of the others. Sums over the first so many
    of each order are sorted once per number of neighbours; only the few orders that begin with the
    place itself are looked at one by one.

    Args:
        value: Shape (N,).
        window: Sum over the place and its neighbours, shape (N,).
        places: Places in the window, the place itself counted, shape (N,).
        orders: From `random_orders`, at least as many of each as the largest window has places.

    Returns:
        (1 + draws at least as high) / (1 + draws), shape (N,).
    """
    n, draws = len(value), len(orders)
    if n < 2:
        return np.ones(n)
    others, need = places - 1, window - value
    at_least = np.zeros(n, np.int64)
    need = need - _EQUAL * max(1.0, float(np.abs(value).sum()))
    step = max(1, _MOST_VALUES // orders.shape[1])
    for start in range(0, draws, step):
        drawn = orders[start : start + step]
        sums = np.cumsum(value[drawn], axis=1)
        for k in np.unique(others).tolist():
            rows = np.flatnonzero(others == k)
            if k == 0:  # a place without neighbours is its own window, however it is drawn
                at_least[rows] += len(drawn)
                continue
            line = sums[:, k - 1]
            at_least[rows] += len(line) - np.searchsorted(np.sort(line), need[rows])
            # Orders whose first k hold the place itself: it goes, the next one comes.
            order, at = np.nonzero((others == k)[drawn[:, :k]])
            row = drawn[order, at]
            instead = sums[order, k] - value[row] >= need[row]
            np.add.at(at_least, row, instead.astype(np.int64) - (line[order] >= need[row]))
    return np.asarray((1.0 + at_least) / (1.0 + draws), float)


def random_orders(n: int, first: int, draws: int, seed: int) -> Orders:
    """The first so many of `draws` random orders of `n` places, shape (draws, first)."""
    rng = np.random.default_rng(seed)
    if first * 4 > n:
        order = np.broadcast_to(np.arange(n, dtype=np.int32), (draws, n))
        step = _MOST_VALUES // max(n, 1) + 1
        return np.concatenate(
            [rng.permuted(order[i : i + step], axis=1)[:, :first] for i in range(0, draws, step)]
        )
    # Each drawn by itself; an order in which a place comes twice is drawn anew.
    drawn = rng.integers(0, n, (draws, first), dtype=np.int32)
    again = np.arange(draws)
    while len(again):
        ranked = np.sort(drawn[again], axis=1)
        again = again[(ranked[:, 1:] == ranked[:, :-1]).any(axis=1)]
        drawn[again] = rng.integers(0, n, (len(again), first), dtype=np.int32)
    return drawn


def neighbourhood(grid: Grid, band_m: float) -> IntArray:
    """Squares of the county within `band_m` of each, the square itself counted, shape (N,)."""
    return np.rint(grid_sums(grid.inside.astype(float), grid, band_m)[grid.inside]).astype(np.int64)


def grid_sums(values: FloatArray, grid: Grid, band_m: float) -> FloatArray:
    """Sum over the squares within `band_m` of each square, shape (Y, X); 0 counts as outside."""
    rows, columns = values.shape
    reach = int(band_m / grid.step_m + _EQUAL)
    padded = np.pad(values, reach)
    # Along a row a window is a difference of running sums; the disc is one window per row.
    running = np.pad(np.cumsum(padded, axis=1), ((0, 0), (1, 0)))
    total = np.zeros((rows, columns))
    for dy in range(-reach, reach + 1):
        half = int(np.sqrt(max((band_m / grid.step_m + _EQUAL) ** 2 - dy * dy, 0.0)))
        low, high = reach - half, reach + half + 1
        line = running[reach + dy : reach + dy + rows]
        total += line[:, high : high + columns] - line[:, low : low + columns]
    return total


def grid_groups(hot: BoolArray, grid: Grid) -> IntArray:
    """Group of each hot square, shape (N,); -1 where not hot. Squares that touch are one group."""
    on = np.zeros(grid.shape, bool)
    on[grid.inside] = hot
    groups, _ = label(on, structure=np.ones((3, 3)))
    return groups[grid.inside].astype(np.int64) - 1


def pair_groups(hot: BoolArray, neighbours: IntArray) -> IntArray:
    """Likewise of places with given neighbours."""
    n = len(hot)
    kept = neighbours[hot[neighbours].all(axis=1)] if len(neighbours) else neighbours
    graph = csr_array((np.ones(len(kept)), (kept[:, 0], kept[:, 1])), shape=(n, n))
    _, component = connected_components(graph, directed=False)
    found = np.full(n, -1, np.int64)
    _, found[hot] = np.unique(component[hot], return_inverse=True)
    return found
