"""What a planner steers by hand, as rules and prices of columns: fixed bundles, changes, barriers.

- A column that touches a fixed bundle must be that bundle under that centre.
- A station changes where its centre is not the one it has in the plan to start from.
- Neighbours that a barrier parts do not hold a bundle together. A barrier drawn on the map parts
  cells (`County.severed_cells`); it parts two stations where it parts all neighbouring cells of
  theirs.
"""

from __future__ import annotations

import numpy as np

from optimizer.county import County
from optimizer.frozen import BoolArray, IntArray
from optimizer.plan import Bundle
from optimizer.policy import Policy

FIX = "bundling.locks.fix"
BARRIERS = "bundling.barriers"
MAX_CHANGES = "bundling.changes.max_stations"
FROM_CENTRES = "bundling.changes.from_centres"


def fixed_bundles(policy: Policy) -> tuple[Bundle, ...]:
    """The bundles that `fix` names and `free` does not free again, sorted; lone stations too."""
    locks = policy.bundling.locks
    free = set(locks.free)
    found = []
    for centre, stations in locks.fix.items():
        members = {centre, *stations}
        if not members & free:
            found.append(Bundle(centre_id=centre, station_ids=tuple(sorted(members))))
    return tuple(sorted(found))


def fix_offences(county: County, policy: Policy, members: IntArray, host: IntArray) -> IntArray:
    """Fixed bundles that each column touches without being one of them.

    Args:
        county: The county.
        policy: The policy.
        members: Station rows of N columns, -1 = none, shape (N, k).
        host: Station row of each centre, shape (N,).
    """
    row = county.stations.index()
    fixed = fixed_bundles(policy)
    # The last place is what -1 finds.
    of = np.full(len(row) + 1, -1, dtype=np.int64)
    for i, bundle in enumerate(fixed):
        of[[row[s] for s in bundle.station_ids]] = i
    size = np.array([len(b.station_ids) for b in fixed], dtype=np.int64)
    centre = np.array([row[b.centre_id] for b in fixed], dtype=np.int64)
    touched = np.sort(of[members], axis=1)
    is_new = np.ones(touched.shape, dtype=bool)
    is_new[:, 1:] = touched[:, 1:] != touched[:, :-1]
    count: IntArray = ((touched >= 0) & is_new).sum(axis=1)
    one, filled = of[host], (members >= 0).sum(axis=1)
    inside = (of[members] == one[:, None]).sum(axis=1, where=members >= 0)
    exact = (one >= 0) & (count == 1) & (inside == filled)
    at = np.flatnonzero(exact)
    exact[at] = (size[one[at]] == filled[at]) & (centre[one[at]] == host[at])
    return np.where(exact, 0, count)


def changed_stations(county: County, policy: Policy, members: IntArray, host: IntArray) -> IntArray:
    """Stations of each column whose centre is not that of the plan to start from, shape (N,).

    Args: as for `fix_offences`.
    """
    row = county.stations.index()
    centre = np.arange(len(row) + 1)
    for station, of in policy.bundling.changes.from_centres.items():
        centre[row[station]] = row[of]
    changed: BoolArray = (centre[members] != host[:, None]) & (members >= 0)
    return np.asarray(changed.sum(axis=1), dtype=np.int64)


def has_barriers(county: County, policy: Policy) -> bool:
    """Whether any two stations may be parted."""
    return bool(len(county.severed_cells) or policy.bundling.barriers)


def open_pairs(county: County, policy: Policy) -> IntArray:
    """Neighbouring stations that no barrier parts: pairs i < j, sorted, shape (A, 2)."""
    pairs = county.station_adjacency
    assert pairs is not None
    return pairs if not has_barriers(county, policy) else pairs[~_parted(county, policy, pairs)]


def parted_pairs(county: County, policy: Policy) -> IntArray:
    """Neighbouring stations that a barrier parts, likewise."""
    pairs = county.station_adjacency
    assert pairs is not None
    return pairs[_parted(county, policy, pairs)]


def hold_together(members: IntArray, pairs: IntArray, stations: int) -> BoolArray:
    """Whether the stations of each column are connected by `pairs` alone, shape (N,).

    Args:
        members: Station rows, -1 = none, the first one never -1, shape (N, k).
        pairs: Neighbours i < j, shape (A, 2).
        stations: Number of stations.
    """
    known = pairs[:, 0] * stations + pairs[:, 1]
    one, other = members[:, :, None], members[:, None, :]
    near: BoolArray = np.isin(np.minimum(one, other) * stations + np.maximum(one, other), known)
    near &= (one >= 0) & (other >= 0)
    reached: BoolArray = np.zeros(members.shape, dtype=bool)
    reached[:, 0] = True
    for _ in range(members.shape[1] - 1):
        reached |= (near & reached[:, None, :]).any(axis=2)
    return np.asarray((reached | (members < 0)).all(axis=1))


def cross_barriers(
    members: IntArray, open_to: IntArray, parted: IntArray, stations: int
) -> BoolArray:
    """Whether two stations of each column are parted and not connected another way, shape (N,).

    Args:
        members: Station rows of N columns without gaps, shape (N, k).
        open_to: Neighbours that no barrier parts, i < j, shape (A, 2).
        parted: Neighbours that one parts, likewise.
        stations: Number of stations.
    """
    one, other = members[:, :, None], members[:, None, :]
    keys = np.minimum(one, other) * stations + np.maximum(one, other)
    reached: BoolArray = np.isin(keys, open_to @ (stations, 1)) | (one == other)
    for _ in range(2):  # paths of up to four steps
        reached = np.asarray((reached[:, :, :, None] & reached[:, None, :, :]).any(axis=2))
    crossed: BoolArray = np.isin(keys, parted @ (stations, 1)) & ~reached
    return np.asarray(crossed.any(axis=(1, 2)))


def _parted(county: County, policy: Policy, pairs: IntArray) -> BoolArray:
    stations, row = len(county.stations), county.stations.index()
    by_hand = [sorted((row[a], row[b])) for a, b in policy.bundling.barriers]
    keys = [np.array([a * stations + b for a, b in by_hand], dtype=np.int64)]
    if len(county.severed_cells):
        cells = len(county.cells.station)
        severed = np.isin(county.cell_adjacency @ (cells, 1), county.severed_cells @ (cells, 1))
        between = np.sort(county.cells.station[county.cell_adjacency], axis=1) @ (stations, 1)
        keys.append(np.setdiff1d(between[severed], between[~severed]))
    return np.isin(pairs @ (stations, 1), np.concatenate(keys))
