"""Junctions taken out of a graph until a small core is left; compiled by numba.

Importing this module imports numba, so only `geo.core_search` does.

Taking a node out joins its neighbours by links as long as the way over it, so that all ways
between the nodes left stay as they were, to the millisecond and centimetre (elimination, as in
Gauss's method for sparse matrices; contraction without witnesses in routing: Geisberger et al.
2008, Dibbelt, Strasser and Wagner 2016). Dead ends go first, then nodes of two neighbours, then of
three and more, because all neighbours of a node are joined to one another.

Both directions between two neighbours are the links 2k and 2k + 1: link `h` from `u` to `to[h]` is
`way[h]` long, and `h ^ 1` leads back. Links from a node are chained by `after`, from `start`.
"""

from __future__ import annotations

import numpy as np

from geo.heap_loops import FAR, twice
from optimizer.compiled import compiled

# Ways from here on, 24 days, are not looked for.
_MOST = np.int64((2**31 - 1) << 32)


@compiled
def _between(start, to, after, u, v):  # type: ignore[no-untyped-def]
    """The link from one node to another, -1 = none."""
    h = start[u]
    while h != -1 and to[h] != v:
        h = after[h]
    return h


@compiled
def _tie(h, u, v, start, to, after, way, degree):  # type: ignore[no-untyped-def]
    """Make `h` and its counterpart links between two nodes, of no way yet."""
    to[h], after[h], start[u] = v, start[u], h
    to[h ^ 1], after[h ^ 1], start[v] = u, start[v], h ^ 1
    way[h] = way[h ^ 1] = FAR
    degree[u] += 1
    degree[v] += 1


@compiled
def linked(first_arc, head, arc_ms, arc_cm):  # type: ignore[no-untyped-def]
    """Arcs as links; of parallel arcs the best. Neighbours per node come last."""
    nodes = len(first_arc) - 1
    start, degree = np.full(nodes, -1, np.int32), np.zeros(nodes, np.int32)
    room = 2 * len(head) + 64  # what is not used takes no memory
    to, after, way = np.empty(room, np.int32), np.empty(room, np.int32), np.empty(room, np.int64)
    used = 0
    for u in range(nodes):
        for a in range(first_arc[u], first_arc[u + 1]):
            v = head[a]
            if v == u or arc_ms[a] >= _MOST >> 32:
                continue
            h = _between(start, to, after, u, v)
            if h == -1:
                h = used
                used += 2
                _tie(h, u, v, start, to, after, way, degree)
            way[h] = min(way[h], (np.int64(arc_ms[a]) << 32) | np.int64(arc_cm[a]))
    return start, to, after, way, used, degree


@compiled
def _take_out(v, start, to, after, degree, arm):  # type: ignore[no-untyped-def]
    """Cut a node's neighbours off from it; fills `arm` with its links and returns their number."""
    arms = 0
    h = start[v]
    while h != -1:
        arm[arms] = h
        arms += 1
        u = to[h]
        back, previous = start[u], -1
        while back != h ^ 1:
            previous, back = back, after[back]
        if previous == -1:
            start[u] = after[back]
        else:
            after[previous] = after[back]
        degree[u] -= 1
        h = after[h]
    return arms


@compiled
def _over(way, one, two):  # type: ignore[no-untyped-def]
    """From the far end of link `one` to that of link `two`, over the node they leave."""
    first, second = way[one ^ 1], way[two]
    return first + second if first < _MOST - second else FAR


@compiled
def _join(arm, arms, start, to, after, way, degree, used, free):  # type: ignore[no-untyped-def]
    """Link all neighbours of a node to one another; returns `used` and `free` as they are then."""
    for i in range(arms):
        for j in range(i + 1, arms):
            there, back = _over(way, arm[i], arm[j]), _over(way, arm[j], arm[i])
            if there == FAR and back == FAR:
                continue
            u, v = to[arm[i]], to[arm[j]]
            h = _between(start, to, after, u, v)
            if h == -1:
                if free == -1:
                    h = used
                    used += 2
                else:
                    h, free = free, np.int64(after[free])
                _tie(h, u, v, start, to, after, way, degree)
            way[h], way[h ^ 1] = min(way[h], there), min(way[h ^ 1], back)
    return used, free


@compiled
def _round(  # type: ignore[no-untyped-def]
    neighbours, start, to, after, way, degree, wanted, queue, waits, state, order
):
    """Take nodes of so many neighbours out while there are any and room for links.

    `state`: first of the queue and how many wait in it, how many links are used and the first
    that is free, how many nodes wanted are taken out.
    """
    at, count, used, free, taken = state
    arm = np.empty(neighbours + 1, np.int64)
    while count > 0 and used + neighbours * neighbours <= len(to):
        v = queue[at]
        at = at + 1 if at + 1 < len(queue) else 0
        count -= 1
        waits[v] = False
        if degree[v] > neighbours:
            continue
        degree[v] = -1
        arms = _take_out(v, start, to, after, degree, arm)
        used, free = _join(arm, arms, start, to, after, way, degree, used, free)
        if wanted[v]:
            order[taken] = v
            taken += 1
        for i in range(arms):
            u = to[arm[i]]
            if wanted[v]:
                wanted[u] = True
            else:
                after[arm[i]], free = free, arm[i]
            if degree[u] <= neighbours and not waits[u]:
                end = at + count
                queue[end if end < len(queue) else end - len(queue)], waits[u] = u, True
                count += 1
    state[:] = at, count, used, free, taken


@compiled
def eliminate(start, to, after, way, used, degree, most, wanted):  # type: ignore[no-untyped-def]
    """Take out all nodes that have no more than `most` neighbours by then.

    Links and degrees are those of `linked` and change in place: the degree of nodes taken out
    becomes -1, and they keep their links to what was left then. `wanted` flags nodes on which
    places hang, on return also those above them; the links of all others are given up.

    Returns the nodes wanted that were taken out, in that order, and the links.
    """
    nodes = len(start)
    order, queue = np.empty(nodes, np.int32), np.empty(nodes, np.int32)
    waits = np.zeros(nodes, np.bool_)
    state = np.array([0, 0, used, -1, 0])
    for neighbours in range(most + 1):
        at, count = 0, 0
        for v in range(nodes):
            if 0 <= degree[v] <= neighbours:
                queue[count], waits[v] = v, True
                count += 1
        state[:2] = at, count
        while state[1] > 0:
            _round(neighbours, start, to, after, way, degree, wanted, queue, waits, state, order)
            if state[1] > 0:
                to, after, way = twice(to), twice(after), twice(way)
    return order[: state[4]].copy(), start, to, after, way


@compiled
def core_arcs(start, to, after, way, degree, index):  # type: ignore[no-untyped-def]
    """Arcs of the core by the row they leave. `index` gets the row of each node, -1 = not there."""
    rows, links = 0, 0
    for v in range(len(start)):
        index[v] = -1
        if degree[v] >= 0:
            index[v] = rows
            rows += 1
            links += degree[v]
    first = np.zeros(rows + 1, np.int64)
    head, length = np.empty(links, np.int32), np.empty(links, np.int64)
    arcs, row = 0, 0
    for v in range(len(start)):
        if degree[v] < 0:
            continue
        h = start[v]
        while h != -1:
            if way[h] != FAR:
                head[arcs], length[arcs] = index[to[h]], way[h]
                arcs += 1
            h = after[h]
        row += 1
        first[row] = arcs
    return first, head[:arcs], length[:arcs]


@compiled
def _numbered(order, start, to, after, index, core):  # type: ignore[no-untyped-def]
    """Number the nodes taken out from `core` on, in `index`: each after all it hangs on.

    What hangs on the same part of the core stays together, so that a search of a part touches a
    part of the memory. Returns the nodes in their new order.
    """
    key = np.zeros(len(order), np.int32)  # the last row of the core that a node hangs on
    count = np.zeros(core + 2, np.int64)
    for i in range(len(order)):
        index[order[i]] = core + i  # for now: when it was taken out
    for i in range(len(order) - 1, -1, -1):
        h = start[order[i]]
        while h != -1:
            row = index[to[h]]
            key[i] = max(key[i], row if row < core else key[row - core])
            h = after[h]
        count[key[i] + 1] += 1
    for row in range(core + 1):
        count[row + 1] += count[row]
    node = np.empty(len(order), np.int32)
    for i in range(len(order) - 1, -1, -1):
        node[count[key[i]]] = order[i]
        count[key[i]] += 1
    for i in range(len(order)):
        index[node[i]] = core + i
    return node


@compiled
def hung(order, start, to, after, way, index, core):  # type: ignore[no-untyped-def]
    """What the nodes taken out hang on, as arrays over rows: `index` gets theirs, from `core` on.

    Returns for each of them the first of its links, with their total at the end; row, way up and
    way down of each link; and for every row the first of those that hang on it, with the total at
    the end, and what they are, counted from `core`.
    """
    node = _numbered(order, start, to, after, index, core)
    first = np.zeros(len(node) + 1, np.int64)
    below_first = np.zeros(core + len(node) + 1, np.int64)
    links = np.int64(0)
    for i in range(len(node)):
        h = start[node[i]]
        while h != -1:
            links += 1
            if way[h ^ 1] != FAR:
                below_first[index[to[h]] + 1] += 1
            h = after[h]
        first[i + 1] = links
    for row in range(len(below_first) - 1):
        below_first[row + 1] += below_first[row]
    above = np.empty(links, np.int32)
    up, down = np.empty(links, np.int64), np.empty(links, np.int64)
    below, at = np.empty(below_first[-1], np.int32), below_first[:-1].copy()
    for i in range(len(node)):
        h, k = start[node[i]], first[i]
        while h != -1:
            above[k], up[k], down[k] = index[to[h]], way[h], way[h ^ 1]
            if way[h ^ 1] != FAR:
                below[at[above[k]]] = i
                at[above[k]] += 1
            h = after[h]
            k += 1
    return first, above, up, down, below_first, below
