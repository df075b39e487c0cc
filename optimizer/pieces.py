"""A partition taken apart: without rows over the whole plan, what no column joins is decided apart.

Exact, and ties stay as they are: price and tie weights of a plan are sums over its pieces.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.sparse import csr_matrix
from scipy.sparse.csgraph import connected_components

from optimizer.cover import Cover
from optimizer.frozen import FloatArray, IntArray

_LARGEST_SPLIT = 3
_ALONE = 10_000
"""Pieces of fewer columns are searched together."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Piece:
    """Stations and columns that nothing joins to the others.

    Attributes:
        columns: Column numbers in the whole, sorted.
        cover: The piece as a problem of its own.
    """

    columns: IntArray
    cover: Cover


def connected_pieces(cover: Cover) -> tuple[IntArray, list[Piece]]:
    """Take apart what no column joins. For a cover without rows over the whole plan.

    Args:
        cover: The problem.

    Returns:
        Columns without an alternative, one alone at all its stations; and the other pieces, by
        their smallest station. A station without any column is a piece with no columns.
    """
    members = cover.members
    label = _labels(members, cover.stations)
    of_column = label[members[:, 0]] if len(cover) else np.zeros(0, dtype=np.int64)
    count = np.bincount(of_column, minlength=int(label.max(initial=-1)) + 1)
    whole = (members >= 0).sum(axis=1) == np.bincount(label)[of_column]
    forced = (count[of_column] == 1) & whole
    place = np.full(cover.stations + 1, -1, dtype=np.int64)
    decided = np.zeros(len(count), dtype=bool)
    decided[of_column[forced]] = True
    # A search of its own costs more than a small piece saves.
    few = ~decided & (count < _ALONE)
    number = np.where(few, few.argmax(), np.arange(len(count)))
    label, of_column = number[label], number[of_column]
    decided |= few & (number != np.arange(len(count)))
    ends = np.cumsum(np.bincount(of_column, minlength=len(count)))
    order = np.argsort(of_column, kind="stable")
    by_station = np.argsort(label, kind="stable")
    station_ends = np.cumsum(np.bincount(label, minlength=len(count)))
    pieces = []
    for i in np.flatnonzero(~decided).tolist():
        stations = by_station[station_ends[i - 1] if i else 0 : station_ends[i]]
        own = order[ends[i - 1] if i else 0 : ends[i]]
        place[stations] = np.arange(len(stations))
        small = Cover(
            stations=len(stations),
            members=place[members[own]],
            price=cover.price[own],
            ties=tuple(tie[own] for tie in cover.ties),
        )
        pieces.append(Piece(columns=own, cover=small))
    return np.flatnonzero(forced), pieces


def _labels(members: IntArray, stations: int) -> IntArray:
    """Number of the part that each station is in, by the smallest station of each, shape (S,)."""
    column, place = np.nonzero(members >= 0)
    first = members.max(axis=1, initial=-1)[column]
    ones = np.ones(len(column), dtype=np.int8)
    pairs = (members[column, place], first)
    joins = csr_matrix((ones, pairs), shape=(stations, stations))
    _, label = connected_components(joins, directed=False)
    _, at, number = np.unique(label, return_index=True, return_inverse=True)
    rank = np.empty(len(at), dtype=np.int64)
    rank[np.argsort(at, kind="stable")] = np.arange(len(at))
    found: IntArray = rank[number.ravel()]
    return found


def not_dearer_than_parts(cover: Cover) -> IntArray:
    """Columns that no two others with the same stations undercut. For a cover without rows.

    A column dearer than two that together hold its stations is in no best plan: the two could take
    its place. Columns of more than `_LARGEST_SPLIT` stations are kept unseen. Columns of equal
    price stay, because ties are settled later.

    Returns:
        Column numbers, sorted.
    """
    size = (cover.members >= 0).sum(axis=1)
    padding = np.full((len(cover), _LARGEST_SPLIT), -1, dtype=np.int64)
    members = np.sort(np.hstack([cover.members, padding]), axis=1)[:, ::-1]
    kept = np.ones(len(cover), dtype=bool)
    price, keys = cover.price, _keys(members[:, :_LARGEST_SPLIT], cover.stations)
    keys[size > _LARGEST_SPLIT] = -1
    order = np.lexsort((price, keys))
    for k in range(2, _LARGEST_SPLIT + 1):
        rows = np.flatnonzero(size == k)
        for lone in range(k if k != 2 else 1):
            rest = np.delete(members[rows, :k], lone, axis=1)
            two = _cheapest(rest, keys, price, order, cover.stations)
            two += _cheapest(members[rows, lone, None], keys, price, order, cover.stations)
            kept[rows[price[rows] > two]] = False
    return np.flatnonzero(kept)


def _keys(members: IntArray, stations: int) -> IntArray:
    """One number for each set, members from the largest station on, -1 = none."""
    weight = np.array([(stations + 1) ** i for i in range(members.shape[1])], dtype=np.int64)
    found: IntArray = (members + 1) @ weight
    return found


def _cheapest(
    sets: IntArray, keys: IntArray, price: IntArray, order: IntArray, stations: int
) -> FloatArray:
    """Lowest price of a column with just these stations, shape (N,); inf where there is none."""
    asked = _keys(sets, stations)
    at = np.minimum(np.searchsorted(keys[order], asked), len(order) - 1)
    found: FloatArray = np.where(keys[order][at] == asked, price[order][at], np.inf)
    return found
