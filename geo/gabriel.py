"""The Gabriel graph: which points are neighbours when nothing but points is known."""

from __future__ import annotations

import numpy as np
from scipy.spatial import Delaunay, QhullError, cKDTree

from optimizer.frozen import FloatArray, IntArray

# A third point this close to a pair's circle (share of the radius) counts as inside it, so that
# the diagonals of a regular grid drop instead of depending on the last bit.
_ON_CIRCLE_FRACTION = 1e-9


def gabriel_pairs(x_m: FloatArray, y_m: FloatArray) -> IntArray:
    """Pairs of points whose diameter circle holds no third point, shape (E, 2), i < j, sorted.

    Gabriel and Sokal (1969). The graph is connected: it contains every Euclidean minimum spanning
    tree. Points at the same place share the neighbours of the first of them and are linked to it.

    Args:
        x_m: Metres east, shape (n,).
        y_m: Metres north, shape (n,).
    """
    points = np.column_stack([x_m, y_m]).astype(float)
    if len(points) < 2:
        return np.zeros((0, 2), np.int64)
    places, first, inverse = np.unique(points, axis=0, return_index=True, return_inverse=True)
    inverse = inverse.reshape(-1)
    distinct = _empty_circle(places, _candidates(places))
    twins = np.flatnonzero(first[inverse] != np.arange(len(points)))
    pairs = np.vstack([first[distinct], np.column_stack([first[inverse[twins]], twins])])
    return np.unique(np.sort(pairs, axis=1), axis=0).astype(np.int64)


def _candidates(places: FloatArray) -> IntArray:
    """Pairs that hold every Gabriel pair: the Delaunay edges, or neighbours along a line."""
    n = len(places)
    if n < 2:
        return np.zeros((0, 2), np.int64)
    if n == 2:
        return np.array([[0, 1]])
    centred = places - places.mean(axis=0)
    along = centred @ np.linalg.svd(centred, full_matrices=False)[2][0]
    order = np.argsort(along, kind="stable")
    chain = np.column_stack([order[:-1], order[1:]])
    try:
        triangles = Delaunay(places)
    except QhullError:  # all on one line
        return chain.astype(np.int64)
    corners = triangles.simplices.astype(np.int64)
    edges = [chain, corners[:, [0, 1]], corners[:, [1, 2]], corners[:, [0, 2]]]
    if len(triangles.coplanar):  # too close to another point for Qhull to tell apart
        edges.append(triangles.coplanar[:, [0, 2]].astype(np.int64))
    return np.unique(np.sort(np.vstack(edges), axis=1), axis=0)


def _empty_circle(places: FloatArray, edges: IntArray) -> IntArray:
    if len(places) < 3 or not len(edges):
        return edges
    start, end = places[edges[:, 0]], places[edges[:, 1]]
    radius = np.hypot(*(end - start).T) / 2.0
    gap, who = cKDTree(places).query((start + end) / 2.0, k=3)
    third = (who != edges[:, :1]) & (who != edges[:, 1:])
    inside = third & (gap <= radius[:, None] * (1.0 + _ON_CIRCLE_FRACTION))
    kept: IntArray = edges[~inside.any(axis=1)]
    return kept
