"""Minutes, kilometres and ways by road between places; the one place that knows the engine.

A `Router` is roads made ready: arcs in whole milliseconds, and an index to meet them. A scenario's
router (`with_changes`) has its own milliseconds and shares all the rest. Direction counts
everywhere: ways are driven from the source to the target.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from scipy.spatial import cKDTree

from geo import shortest_paths
from geo.closures import NO_CUTS, Cuts, cuts_of, led_round
from geo.road_graph import RoadGraph
from geo.shortest_paths import Arcs, Ends, Reached, Trees
from geo.snapping import Snapped, Snapper, snapper
from optimizer.frozen import FloatArray, IntArray

MS_PER_MIN = 60_000.0
# Share by which a search looks past its limit, so that a time equal to the limit is not lost to
# the last bit; times are rounded to milliseconds anyway.
_LIMIT_SLACK = 1e-9
# Most that the trees of one set of sources may take.
_TREE_BYTES = 400_000_000
# A place met this close to a street's end stands at the junction.
_JUNCTION_CM = 100.0


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Travel:
    """Minutes and kilometres from F places to T places.

    Attributes:
        travel_time_min: Fastest way, shape (F, T); inf = unreachable or over the limit.
        road_km: Length of that way, shape (F, T); inf likewise. Not the shortest way's length.
        from_access_km, to_access_km: Straight line between each place and the road it meets,
            shapes (F,) and (T,).
        from_led_past_km, to_led_past_km: How much further that road is than the nearest of all
            (see `geo.snapping`), shapes (F,) and (T,).
    """

    travel_time_min: FloatArray
    road_km: FloatArray
    from_access_km: FloatArray
    to_access_km: FloatArray
    from_led_past_km: FloatArray
    to_led_past_km: FloatArray


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Router:
    """Roads ready for questions. Build with `router`. K streets.

    Attributes:
        arcs: The graph, with streets that are cut still open.
        along, against: Arc along the line of each street and arc against it, -1 = barred, (K,).
        index: Where places meet the streets.
        slowness: Factor on all minutes.
        cuts: Closed stretches.
    """

    arcs: Arcs
    along: IntArray
    against: IntArray
    index: Snapper | None
    slowness: float = 1.0
    cuts: Cuts = NO_CUTS

    def snap(self, lon_deg: Any, lat_deg: Any) -> Snapped:
        """Where places in WGS84 meet the open road."""
        assert self.index is not None, "a router without an index takes places that are snapped"
        met = self.index.snap(np.asarray(lon_deg, float), np.asarray(lat_deg, float))
        return self.on_open_roads(met)

    def on_open_roads(self, met: Snapped) -> Snapped:
        """Places met before roads were closed: who stands on a closed stretch moves to an open one.

        All others stay: a closure moves nobody across a river.
        """
        if not len(self.cuts) or self.index is None:
            return met
        return led_round(self.index, self.cuts, met)

    def limit_ms(self, limit_min: float) -> int:
        """Milliseconds of a search within `limit_min`."""
        most = limit_min * (1.0 + _LIMIT_SLACK) * MS_PER_MIN / self.slowness + 0.5
        return int(min(most, shortest_paths.NO_LIMIT_MS))


def router(roads: RoadGraph, *, index: Snapper | None = None) -> Router:
    """Make roads ready.

    Args:
        roads: The roads, whose arrays are shared.
        index: Its `snapper`, if the caller has it.

    Raises:
        ValueError: no roads.
    """
    index = snapper(roads) if index is None else index
    arcs = Arcs(
        first_arc=roads.first_arc, head=roads.head,
        travel_ms=roads.travel_ms, length_cm=roads.length_cm,
    )  # fmt: skip
    along, against = roads.arcs_of_streets()
    return Router(arcs=arcs, along=along, against=against, index=index)


def with_changes(
    base: Router, *, cuts: Cuts = NO_CUTS, slowness: FloatArray | float = 1.0
) -> Router:
    """The router of a what-if: other milliseconds over the same arrays.

    Args:
        base: The roads as they are.
        cuts: Stretches of street to close; the rest of such a street can still be driven from its
            ends and to them.
        slowness: Minutes over minutes before: of each street, shape (K,), or one for all. Above 0.
            One that is the same everywhere multiplies the answers and touches no arc.
    """
    closed = base.cuts
    if len(cuts):
        every = zip(
            np.concatenate([closed.street, cuts.street]).tolist(),
            np.concatenate([closed.start, cuts.start]).tolist(),
            np.concatenate([closed.end, cuts.end]).tolist(),
            strict=True,
        )
        closed = cuts_of(every)
    each = np.broadcast_to(np.asarray(slowness, float), base.along.shape)
    if each.min() == each.max():
        return replace(base, slowness=base.slowness * float(each[0]), cuts=closed)
    of_arc = np.ones(len(base.arcs.head))
    for arc in (base.along, base.against):
        of_arc[arc[arc >= 0]] = each[arc >= 0]
    return replace(base, arcs=shortest_paths.slowed(base.arcs, of_arc), cuts=closed)


def travel(
    network: RoadGraph | None,
    from_lon_deg: FloatArray,
    from_lat_deg: FloatArray,
    to_lon_deg: FloatArray,
    to_lat_deg: FloatArray,
    *,
    walk_km_per_h: float,
    count_walk_in: bool = True,
    limit_min: float = float("inf"),
    index: Router | Snapper | None = None,
) -> Travel:
    """Route from every from-place to every to-place along the fastest way (Dijkstra 1959).

    Direction counts: the way is driven from the from-place to the to-place. Each place meets the
    road at the nearest point on the nearest street (see `geo.snapping`), so a street is entered
    and left part-way, in the directions it is open to. With `count_walk_in` the straight line
    between place and road is added at walking speed to minutes and kilometres; two places nearer
    to each other than their two walk-ins together are joined by the straight walk instead, so a
    place is 0 minutes from itself. Each arc's minutes are rounded to a millisecond.

    Args:
        network: The roads; None where `index` is a router.
        from_lon_deg: Shape (F,), WGS84.
        from_lat_deg: Likewise.
        to_lon_deg: Shape (T,), WGS84.
        to_lat_deg: Likewise.
        walk_km_per_h: Speed of the walk-in.
        count_walk_in: Add the walk-in.
        limit_min: Ways longer than this become inf; shortens the search.
        index: `router(network)` or `snapper(network)`, to share between calls on one network.

    Raises:
        ValueError: a network without roads.
    """
    if not isinstance(index, Router):
        assert network is not None
        index = router(network, index=index)
    start = index.snap(from_lon_deg, from_lat_deg)
    goal = index.snap(to_lon_deg, to_lat_deg)
    drive = reached(index, start, goal, limit_min)
    return with_walks(
        index,
        start,
        goal,
        drive,
        walk_km_per_h=walk_km_per_h if count_walk_in else None,
        limit_min=limit_min,
    )


def with_walks(
    roads: Router,
    start: Snapped,
    goal: Snapped,
    drive: Reached,
    *,
    walk_km_per_h: float | None,
    limit_min: float = float("inf"),
) -> Travel:
    """Dense minutes and kilometres of drives, with the walks to and from the road if wanted.

    Args:
        roads: The roads that were driven.
        start: The from-places.
        goal: The to-places.
        drive: Ways between the points where they meet the road.
        walk_km_per_h: None = the walks do not count.
        limit_min: Ways longer than this become inf.
    """
    minutes, km = drive.dense()
    minutes *= roads.slowness
    if walk_km_per_h is not None:
        walk_km = start.access_km[:, None] + goal.access_km[None, :]
        minutes += walk_km / walk_km_per_h * 60.0
        km += walk_km
        straight_km = (
            np.hypot(start.x_m[:, None] - goal.x_m[None, :], start.y_m[:, None] - goal.y_m[None, :])
            / 1000.0
        )
        on_foot = straight_km <= walk_km
        minutes[on_foot] = straight_km[on_foot] / walk_km_per_h * 60.0
        km[on_foot] = straight_km[on_foot]
    over = minutes > limit_min * (1.0 + _LIMIT_SLACK) + 0.5 / MS_PER_MIN
    minutes[over] = km[over] = np.inf
    return Travel(
        travel_time_min=minutes,
        road_km=km,
        from_access_km=start.access_km,
        to_access_km=goal.access_km,
        from_led_past_km=start.led_past_km,
        to_led_past_km=goal.led_past_km,
    )


def reached(
    roads: Router, start: Snapped, goal: Snapped, limit_min: float = float("inf")
) -> Reached:
    """Drives from every source to every target within a limit, sparse, without walks.

    Milliseconds are those before `Router.slowness`.
    """
    ready = _passable(roads)
    return shortest_paths.reach(
        ready,
        exits(roads, start),
        entries(roads, goal),
        same_street(roads, start, goal),
        roads.limit_ms(limit_min),
    )


def travel_times(
    roads: Router,
    sources: Snapped,
    targets: Snapped,
    limit_min: float = float("inf"),
    *,
    walk_km_per_h: float | None = None,
) -> Reached:
    """Many-to-many ways, sparse: only targets within the limit take memory.

    Args:
        roads: The roads.
        sources: S places (`Router.snap`).
        targets: T places.
        limit_min: Ways longer than this are left out.
        walk_km_per_h: Count the straight walks to and from the road; None = not. As in `travel`,
            places nearer to each other than those walks are joined by the straight walk.

    Returns:
        Milliseconds and centimetres of each pair, all factors and walks included.
    """
    drive = reached(roads, sources, targets, limit_min)
    if walk_km_per_h is None and roads.slowness == 1.0:
        return drive
    row = np.repeat(np.arange(len(drive.first) - 1), np.diff(drive.first))
    ms, cm = drive.travel_ms.astype(float) * roads.slowness, drive.road_cm.astype(float)
    target: IntArray = drive.target.astype(np.int64)
    if walk_km_per_h is not None:
        walk_km = sources.access_km[row] + targets.access_km[target]
        ms += walk_km / walk_km_per_h * 60.0 * MS_PER_MIN
        cm += walk_km * 100_000.0
        foot_row, foot_target, foot_km = _on_foot(sources, targets)
        size = len(targets.street)
        kept = ~np.isin(row * size + target, foot_row * size + foot_target)
        row = np.concatenate([row[kept], foot_row])
        target = np.concatenate([target[kept], foot_target])
        ms = np.concatenate([ms[kept], foot_km / walk_km_per_h * 60.0 * MS_PER_MIN])
        cm = np.concatenate([cm[kept], foot_km * 100_000.0])
    limit_ms = min(limit_min * (1.0 + _LIMIT_SLACK) * MS_PER_MIN + 0.5, shortest_paths.NO_LIMIT_MS)
    order = np.flatnonzero(ms <= limit_ms)
    if walk_km_per_h is not None:
        order = order[np.lexsort((target[order], row[order]))]
    first = np.zeros(len(drive.first), np.int64)
    np.cumsum(np.bincount(row[order], minlength=len(first) - 1), out=first[1:])
    return Reached(
        first=first,
        target=target[order].astype(np.int32),
        travel_ms=np.rint(ms[order]).astype(np.uint32),
        road_cm=np.rint(cm[order]).astype(np.uint32),
        targets=drive.targets,
    )


def _on_foot(sources: Snapped, targets: Snapped) -> tuple[IntArray, IntArray, FloatArray]:
    """Pairs nearer to each other than their walks to the road together, and their kilometres."""
    tree = cKDTree(np.column_stack([targets.x_m, targets.y_m]))
    at = np.column_stack([sources.x_m, sources.y_m])
    look_m = (sources.access_km + targets.access_km.max(initial=0.0)) * 1000.0
    found = tree.query_ball_point(at, look_m + 1e-6, return_sorted=True)
    row = np.repeat(np.arange(len(at)), [len(f) for f in found])
    target = np.concatenate([*found, np.zeros(0)]).astype(np.int64)
    km = np.hypot(*(at[row] - np.asarray(tree.data)[target]).T) / 1000.0
    near = km <= sources.access_km[row] + targets.access_km[target]
    return row[near], target[near], km[near]


# --- trees that outlive a change ------------------------------------------------------------


def is_worth_trees(roads: Router, sources: int) -> bool:
    """Whether trees pay: the roads are large, and the trees fit in `_TREE_BYTES`."""
    size = 12 * roads.arcs.nodes * sources
    return shortest_paths.is_large(roads.arcs, sources) and size <= _TREE_BYTES


def trees(roads: Router, sources: Snapped, limit_min: float = float("inf")) -> Trees:
    """Ways from each source to everywhere, kept for `trees_after`."""
    limit_ms = roads.limit_ms(limit_min)
    return shortest_paths.grow(_passable(roads), exits(roads, sources), limit_ms)


def trees_after(before: Trees, roads: Router, sources: Snapped) -> Trees:
    """The trees on changed roads (`with_changes` of those they grew on): equal to new ones.

    Only what hung on a road that is now slower or closed is searched again.
    """
    return before.on(_passable(roads), exits(roads, sources))


def ways_along(grown: Trees, roads: Router, sources: Snapped, targets: Snapped) -> Reached:
    """Drives to targets by grown trees: what `reached` gives."""
    return grown.to(entries(roads, targets), same_street(roads, sources, targets))


# --- nearest sources, and ways drawn --------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Nearest:
    """The k sources that reach each of T targets first, the fastest first.

    Attributes:
        source: Row of each, shape (T, k); -1 where fewer reach it.
        travel_time_min, road_km: Shape (T, k); inf likewise.
    """

    source: IntArray
    travel_time_min: FloatArray
    road_km: FloatArray


def nearest(
    roads: Router, sources: Snapped, targets: Snapped, k: int = 1, limit_min: float = float("inf")
) -> Nearest:
    """The k sources whose drive reaches each target first, in one search over all sources."""
    limit_ms = roads.limit_ms(limit_min)
    source, ms, cm = shortest_paths.nearest(
        _passable(roads), exits(roads, sources), entries(roads, targets), k, limit_ms
    )
    direct = same_street(roads, sources, targets)
    if len(direct.target):
        row = np.repeat(np.arange(len(direct.first) - 1), np.diff(direct.first))
        # The few targets on a source's own street: its way there joins the candidates.
        for at in np.unique(direct.target).tolist():
            own = np.flatnonzero(direct.target == at)
            candidates = np.stack([
                np.concatenate([source[at], row[own]]),
                np.concatenate([ms[at], direct.travel_ms[own].astype(np.int64)]),
                np.concatenate([cm[at], direct.road_cm[own].astype(np.int64)]),
            ])[:, None, :]  # fmt: skip
            best = shortest_paths.first_of_each(candidates, k)
            source[at], ms[at], cm[at] = best[0][0], best[1][0], best[2][0]
    far = (source < 0) | (ms > limit_ms)
    return Nearest(
        source=np.where(far, -1, source),
        travel_time_min=np.where(far, np.inf, ms / MS_PER_MIN * roads.slowness),
        road_km=np.where(far, np.inf, cm / 100_000.0),
    )


# --- where places leave and enter the graph -------------------------------------------------


def exits(roads: Router, at: Snapped) -> Ends:
    """Nodes by which places leave their street, in the directions it is open to."""
    return _ends(roads, at, leaving=True)


def entries(roads: Router, at: Snapped) -> Ends:
    """Nodes by which places are entered."""
    return _ends(roads, at, leaving=False)


def _ends(roads: Router, at: Snapped, *, leaving: bool) -> Ends:
    """A place within a metre of a street's end stands at the junction: any street is open to it."""
    arcs, places = roads.arcs, np.arange(len(at.street))
    along, against = roads.along[at.street], roads.against[at.street]
    found = []
    # To the end of the line, then to its start; arriving, the other arc is driven.
    for way, back, share, end in (
        (along, against, 1.0 - at.fraction, 1.0),
        (against, along, at.fraction, 0.0),
    ):
        arc, other = (way, back) if leaving else (back, way)
        is_open = (arc >= 0) & ~roads.cuts.bar(at.street, at.fraction, np.full(len(share), end))
        used = np.where(arc >= 0, arc, other)
        part_cm = share * arcs.length_cm[used]
        stands = (arc < 0) & (part_cm <= _JUNCTION_CM)
        # Leaving by an arc ends at its head; standing at a junction is the far end of the other.
        by_head = (arc >= 0) == leaving
        node = np.where(by_head, arcs.head[used], arcs.tail(used))
        part_ms = np.where(is_open, share * arcs.travel_ms[used], 0.0)
        kept = is_open | stands
        found.append((places[kept], node[kept], part_ms[kept], part_cm[kept]))
    place, node, ms, cm = (np.concatenate(parts) for parts in zip(*found, strict=True))
    order = np.lexsort((ms, place))
    first = np.zeros(len(places) + 1, np.int64)
    np.cumsum(np.bincount(place, minlength=len(places)), out=first[1:])
    return Ends(
        first=first,
        node=node[order].astype(np.int64),
        travel_ms=np.rint(ms[order]).astype(np.int64),
        length_cm=np.rint(cm[order]).astype(np.int64),
    )


def same_street(roads: Router, start: Snapped, goal: Snapped) -> Reached:
    """Ways that stay on one street, without passing its ends."""
    order = np.argsort(goal.street, kind="stable")
    low = np.searchsorted(goal.street[order], start.street, side="left")
    high = np.searchsorted(goal.street[order], start.street, side="right")
    count = high - low
    row = np.repeat(np.arange(len(start.street)), count)
    offset = np.arange(int(count.sum())) - np.repeat(np.cumsum(count) - count, count)
    target = order[np.repeat(low, count) + offset]
    street, here, there = start.street[row], start.fraction[row], goal.fraction[target]
    arc = np.where(there >= here, roads.along[street], roads.against[street])
    is_open = ((arc >= 0) | (there == here)) & ~roads.cuts.bar(street, here, there)
    row, target, arc = row[is_open], target[is_open], np.asarray(arc[is_open], np.int64)
    share = np.abs(there - here)[is_open]
    first = np.zeros(len(start.street) + 1, np.int64)
    np.cumsum(np.bincount(row, minlength=len(start.street)), out=first[1:])
    return Reached(
        first=first,
        target=target.astype(np.int32),
        travel_ms=np.rint(share * roads.arcs.travel_ms[arc]).astype(np.uint32),
        road_cm=np.rint(share * roads.arcs.length_cm[arc]).astype(np.uint32),
        targets=len(goal.street),
    )


def _passable(roads: Router) -> Arcs:
    """The arcs for ways through: streets that are cut are closed."""
    if not len(roads.cuts):
        return roads.arcs
    shut = roads.cuts.streets()
    arcs = np.concatenate([roads.along[shut], roads.against[shut]])
    return shortest_paths.barred(roads.arcs, arcs[arcs >= 0])
