"""Sets of stations that may become bundles: who may be in one, and what holds it together."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from optimizer.column_rules import ADJACENCY, CAN_BUNDLE, KEEP, RURAL_ONLY, rows_of
from optimizer.connected_sets import connected_sets, every_set, joined
from optimizer.county import County
from optimizer.frozen import BoolArray, IntArray
from optimizer.policy import Policy
from optimizer.steering_rules import BARRIERS, open_pairs

LARGEST_BUNDLE = 5


@dataclass(frozen=True, slots=True)
class Reach:
    """Sets to look at: up to `largest` stations, all eligible when rules `without` are dropped."""

    largest: int
    without: frozenset[str] = frozenset()


def id_rank(county: County) -> IntArray:
    """Place of each station row in the order of the station ids, shape (S,)."""
    ids = county.stations.station_id
    rank = np.empty(len(ids), dtype=np.int64)
    rank[sorted(range(len(ids)), key=ids.__getitem__)] = np.arange(len(ids))
    return rank


def eligible(county: County, policy: Policy, without: frozenset[str] = frozenset()) -> BoolArray:
    """Stations that may be part of a bundle of two or more, shape (S,)."""
    mask: BoolArray = np.ones(len(county.stations), dtype=bool)
    if CAN_BUNDLE not in without:
        mask = mask & county.stations.can_bundle
    if RURAL_ONLY not in without and policy.bundling.rural_only:
        mask = mask & ~county.stations.is_urban
    if KEEP not in without:
        mask[rows_of(county, policy.bundling.locks.keep)] = False
    return mask


def neighbours_of(county: County, policy: Policy, without: frozenset[str]) -> IntArray:
    """Pairs that hold a bundle together."""
    pairs = county.station_adjacency if BARRIERS in without else open_pairs(county, policy)
    assert pairs is not None
    return pairs


def candidate_sets(
    county: County, policy: Policy, rank: IntArray, without: frozenset[str], largest: int
) -> list[tuple[IntArray, BoolArray]]:
    """Sets of two or more in ranks of station ids, and whether each is connected."""
    usable = eligible(county, policy, without)
    pairs = neighbours_of(county, policy, without)
    pairs = rank[pairs[usable[pairs].all(axis=1)]]
    connected = connected_sets(pairs, len(rank), largest)[1:]
    alike = [(sets, np.ones(len(sets), dtype=bool)) for sets in connected]
    if ADJACENCY not in without:
        return alike
    every = every_set(np.sort(rank[usable]), largest)[1:]
    plain = [(sets, np.zeros(len(sets), dtype=bool)) for sets in every]
    return [joined(*both) for both in zip(alike, plain, strict=True)]


def count_sets(
    county: County, policy: Policy, *, without: frozenset[str], largest: int, most: int
) -> int:
    """Number of sets of two or more that `priced_columns` would look at; stops beyond `most`."""
    usable = eligible(county, policy, without)
    if ADJACENCY in without:
        return sum(math.comb(int(usable.sum()), size) for size in range(2, largest + 1))
    pairs = neighbours_of(county, policy, without)
    pairs = pairs[usable[pairs].all(axis=1)]
    total = len(pairs)
    for size in range(3, largest + 1):
        if total > most:
            break
        total = sum(len(sets) for sets in connected_sets(pairs, len(usable), size)[1:])
    return total
