"""Contraction: segments between the points of ways become streets between junctions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from geo.chain_loops import compiled_walk, walk
from optimizer.frozen import BoolArray, FloatArray, IntArray

# Segments from which loading numba pays.
_COMPILED_FROM = 50_000
# WGS84.
_EQUATOR_M = 6_378_137.0
_ECCENTRICITY_2 = 0.006_694_379_990_14


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Chains:
    """Streets as runs of segments. K chains of S segments.

    Attributes:
        first: Row in `segment` where each chain starts, shape (K + 1,).
        segment: Segments in the order of the chains, shape (S,).
        against: The chain runs against the segment, shape (S,).
    """

    first: IntArray
    segment: IntArray
    against: BoolArray


def contract(
    start: NDArray[Any],
    end: NDArray[Any],
    nodes: int,
    kind: NDArray[Any],
    direction: NDArray[Any],
    keep: BoolArray,
) -> Chains:
    """Join segments at every node where nothing can change.

    Nothing changes where exactly two segments meet, both of one kind and open to the same
    directions, and the node is not to be kept. Order and direction of the chains follow the
    segments, so the same file always gives the same streets.

    Args:
        start: Node where each segment begins, shape (S,); never equal to its end.
        end: Node where each segment ends.
        nodes: N.
        kind: Number of each segment's attributes, shape (S,).
        direction: 0 both ways, 1 from start to end, -1 against, shape (S,).
        keep: Nodes that stay, shape (N,).
    """
    segments = len(start)
    at = np.empty(2 * segments, np.int64)
    at[0::2], at[1::2] = start, end
    incident = np.argsort(at, kind="stable")
    degree = np.bincount(at, minlength=nodes)
    first = np.concatenate([[0], np.cumsum(degree)])
    pairs = np.flatnonzero(degree == 2)
    one, two = incident[first[pairs]], incident[first[pairs] + 1]
    # Passing a node, one segment is walked towards it and the other away from it.
    towards, away = np.where(one & 1, 1, -1), np.where(two & 1, -1, 1)
    one, two = one >> 1, two >> 1
    same = (kind[one] == kind[two]) & (direction[one] * towards == direction[two] * away)
    is_junction = np.ones(nodes, bool)
    is_junction[pairs[same & (one != two)]] = False
    is_junction |= keep
    ends = (np.asarray(start, np.int64), np.asarray(end, np.int64), first, incident)
    if segments < _COMPILED_FROM:
        # Lists are several times faster than arrays, one number at a time.
        plain = [numbers.tolist() for numbers in (*ends, is_junction)]
        order, against, chain = walk(*plain)
    else:
        order, against, chain = compiled_walk()(*ends, is_junction)
    return Chains(first=chain, segment=order, against=against)


def segment_m(
    lon_e7: NDArray[Any], lat_e7: NDArray[Any], start: NDArray[Any], end: NDArray[Any]
) -> FloatArray:
    """Length of short segments on the ellipsoid, shape (S,).

    The radii of curvature at the middle latitude (Snyder 1987, formulas 4-18 and 4-20): within
    1e-6 of the geodesic for the metres between two points of a road.
    """
    rad = np.pi / 180.0 / 1e7
    middle = (lat_e7[start].astype(float) + lat_e7[end]) * (0.5 * rad)
    sine2 = np.sin(middle) ** 2
    bulge = 1.0 - _ECCENTRICITY_2 * sine2
    across = _EQUATOR_M / np.sqrt(bulge)
    along = across * (1.0 - _ECCENTRICITY_2) / bulge
    east = (lon_e7[end].astype(float) - lon_e7[start]) * rad * np.cos(middle) * across
    north = (lat_e7[end].astype(float) - lat_e7[start]) * rad * along
    return np.asarray(np.hypot(east, north), float)
