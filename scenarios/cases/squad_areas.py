"""Areas of traffic squads: rural jurisdictions grown into contiguous groups of similar size."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from optimizer.frozen import FloatArray, IntArray


def grow_areas(
    seats_km: FloatArray,
    residents: IntArray,
    neighbours: Sequence[tuple[int, int]],
    start_km: FloatArray,
    n_areas: int,
) -> list[list[int]]:
    """Split jurisdictions into contiguous areas of similar population.

    The first seed is the seat farthest from `start_km`, each next one the seat farthest from all
    seeds so far. Then the area with the fewest residents that still borders a free jurisdiction
    takes the one whose seat is nearest to its seed, until none is free. Parts of the county that
    share no border count as bordering where their seats are nearest: the road between them leads
    through a town.

    Args:
        seats_km: Seats on a plane, shape (n, 2).
        residents: Of each jurisdiction, shape (n,).
        neighbours: Pairs of jurisdictions that share a border.
        start_km: Seat of the county, shape (2,).
        n_areas: How many.

    Returns:
        Rows of each area, sorted, by first row.
    """
    n = len(seats_km)
    n_areas = min(n_areas, n)
    if n_areas == 0:
        return []
    away = np.hypot(*(seats_km[:, None, :] - seats_km[None, :, :]).transpose(2, 0, 1))
    touching: list[set[int]] = [set() for _ in range(n)]
    for i, j in [*neighbours, *_bridges(away, neighbours)]:
        touching[i].add(j)
        touching[j].add(i)
    seeds = [int(np.argmax(np.hypot(*(seats_km - start_km).T)))]
    while len(seeds) < n_areas:
        reach = away[seeds].min(axis=0)
        reach[seeds] = -1.0
        seeds.append(int(np.argmax(reach)))
    areas = [[seed] for seed in seeds]
    free = set(range(n)) - set(seeds)
    while free:
        size = [int(residents[area].sum()) for area in areas]
        border = [{j for i in area for j in touching[i]} & free for area in areas]
        grower = min((a for a in range(n_areas) if border[a]), key=lambda a: (size[a], a))
        taken = min(border[grower], key=lambda j: (away[seeds[grower], j], j))
        areas[grower].append(taken)
        free.discard(taken)
    return sorted(sorted(area) for area in areas)


def _bridges(away: FloatArray, neighbours: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    """The fewest further pairs that connect all, the nearest first."""
    n = len(away)
    pairs = np.array(neighbours, np.int64).reshape(-1, 2)
    graph = coo_array((np.ones(len(pairs)), (pairs[:, 0], pairs[:, 1])), shape=(n, n))
    part: IntArray = connected_components(graph, directed=False)[1].astype(np.int64)
    found: list[tuple[int, int]] = []
    while part.max(initial=0) > 0:
        apart = np.where(part[:, None] != part[None, :], away, np.inf)
        i, j = divmod(int(np.argmin(apart)), n)
        found.append((i, j))
        merged = np.where(part == part[j], part[i], part)
        part = np.unique(merged, return_inverse=True)[1].astype(np.int64)
    return found
