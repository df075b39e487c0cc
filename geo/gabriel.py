"""The Gabriel graph: which points are neighbours when nothing but points is known."""

from __future__ import annotations

import numpy as np
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components
from scipy.spatial import Delaunay, QhullError, cKDTree

from optimizer.frozen import FloatArray, IntArray

# Points this close are at one place.
SAME_PLACE_M = 0.1
# A third point that sees a pair under an angle whose cosine is this small stands on the pair's
# circle and counts as inside it, so that the diagonals of a regular grid drop instead of depending
# on the last bit. With places 0.1 m apart and more the graph stays connected all the same.
_ON_CIRCLE_COSINE = 1e-9


def gabriel_pairs(x_m: FloatArray, y_m: FloatArray) -> IntArray:
    """Pairs of points whose diameter circle holds no third point, shape (E, 2), i < j, sorted.

    Gabriel and Sokal (1969). The graph is connected: it contains every Euclidean minimum spanning
    tree. Points within 0.1 m are one place: the first of them has its neighbours, the others are
    linked to it.

    Args:
        x_m: Metres east, shape (n,).
        y_m: Metres north, shape (n,).
    """
    points = np.column_stack([x_m, y_m]).astype(float)
    n = len(points)
    if n < 2:
        return np.zeros((0, 2), np.int64)
    close = cKDTree(points).query_pairs(SAME_PLACE_M, output_type="ndarray")
    graph = coo_array((np.ones(len(close)), (close[:, 0], close[:, 1])), shape=(n, n))
    place = connected_components(graph, directed=False)[1]
    _, first, inverse = np.unique(place, return_index=True, return_inverse=True)
    places = points[first]
    distinct = _empty_circle(places, _candidates(places))
    twins = np.flatnonzero(first[inverse] != np.arange(n))
    pairs = np.vstack([first[distinct], np.column_stack([first[inverse[twins]], twins])])
    return np.unique(np.sort(pairs, axis=1), axis=0).astype(np.int64)


def _candidates(places: FloatArray) -> IntArray:
    """Pairs that hold every Gabriel pair: the Delaunay edges, or neighbours along a line."""
    n = len(places)
    if n < 2:
        return np.zeros((0, 2), np.int64)
    centred = places - places.mean(axis=0)
    along = centred @ np.linalg.svd(centred, full_matrices=False)[2][0]
    order = np.argsort(along, kind="stable")
    # Qhull may lose edges of points that are all but on one line; these hold them.
    edges = [np.column_stack([order[:-1], order[1:]]).astype(np.int64)]
    if n > 2:
        try:
            corners = Delaunay(centred).simplices.astype(np.int64)
        except QhullError:  # all on one line
            corners = np.zeros((0, 3), np.int64)
        corners = corners[(corners < n).all(axis=1)]  # n is Qhull's point at infinity
        edges += [corners[:, [0, 1]], corners[:, [1, 2]], corners[:, [0, 2]]]
    return np.unique(np.sort(np.vstack(edges), axis=1), axis=0)


def _empty_circle(places: FloatArray, edges: IntArray) -> IntArray:
    if len(places) < 3 or not len(edges):
        return edges
    start, end = places[edges[:, 0]], places[edges[:, 1]]
    _, near = cKDTree(places).query((start + end) / 2.0, k=3)
    to_start, to_end = start[:, None] - places[near], end[:, None] - places[near]
    third = (near != edges[:, :1]) & (near != edges[:, 1:])
    length = np.linalg.norm(to_start, axis=2) * np.linalg.norm(to_end, axis=2)
    inside = third & ((to_start * to_end).sum(axis=2) <= _ON_CIRCLE_COSINE * length)
    kept: IntArray = edges[~inside.any(axis=1)]
    return kept
