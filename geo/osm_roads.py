"""From OpenStreetMap's ways to the compressed road graph."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from geo.osm_data import WAY_KEYS, OsmData, rising
from geo.osm_restrictions import Banned, apply_turns, banned_turns
from geo.osm_tags import direction, is_open, lets_through, speed_km_per_h
from geo.road_chains import Chains, contract, segment_m
from geo.road_classes import FERRY, FERRY_KM_PER_H, carries_cars, road_class
from geo.road_graph import RoadGraph, graph_from_arcs
from optimizer.frozen import BoolArray, FloatArray, IntArray
from optimizer.policy import Roads

_COLUMN = {key: i for i, key in enumerate(WAY_KEYS)}
_CLOSED, _REVERSIBLE = 9, 8


@dataclass(frozen=True, slots=True, kw_only=True)
class OsmOptions:
    """What a case may switch.

    Attributes:
        oneway: Honour one-way roads.
        maxspeed: Drive at the tagged limit; else at the speed of the class.
        ferries: Cross water on ferries.
        hold_ferries: Ferries are in the graph though they are off: who drives it takes them out
            (`geo.ferries`), and a scenario may switch them on without reading the file again.
        turn_restrictions: Honour forbidden turns.
    """

    oneway: bool = True
    maxspeed: bool = True
    ferries: bool = False
    hold_ferries: bool = False
    turn_restrictions: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class OsmCounts:
    """What was found and left out, for the planner.

    Attributes:
        roads: Ways in the graph.
        with_speed: Of those, ways with a `maxspeed` that is driven.
        not_roads: Ways left out as no road for cars, by `highway`.
        barred: Ways left out for their access.
        reversible: Ways left out because their direction changes with the hour.
        bad_speeds: Ways whose `maxspeed` is zero or less, by id.
        cut_ways: Ways with nodes that the file lacks.
        blocked_nodes: Barriers that end the road.
        turns_honoured, turns_ignored: Restrictions applied, and those that could not be.
    """

    roads: int
    with_speed: int
    not_roads: dict[str, int]
    barred: int
    reversible: int
    bad_speeds: tuple[int, ...]
    cut_ways: int
    blocked_nodes: int
    turns_honoured: int
    turns_ignored: int


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Ways:
    """The ways kept. W ways."""

    row: IntArray
    code: NDArray[np.uint8]
    class_names: tuple[str, ...]
    speed_km_per_h: FloatArray
    direction: NDArray[np.int8]
    name: NDArray[np.int32]
    ref: NDArray[np.int32]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Segments:
    """Pieces between consecutive points of ways. S segments, N nodes."""

    start: NDArray[np.int32]
    end: NDArray[np.int32]
    way: NDArray[np.int32]
    lon_e7: NDArray[np.int32]
    lat_e7: NDArray[np.int32]
    node_id: IntArray


def graph_of_osm(
    data: OsmData, roads: Roads, options: OsmOptions | None = None
) -> tuple[RoadGraph, OsmCounts]:
    """Build the graph of all roads that cars may use.

    Ways meet where they share a node, so bridges do not touch the road beneath. Minutes are the
    length at `maxspeed`, else at the speed of the class. Points where nothing changes are
    contracted into the street's line.

    Args:
        data: The file, as `geo.osm_pbf` or `geo.osm_xml` read it.
        roads: Speeds by class.
        options: Switches; None = the defaults.

    Returns:
        The graph, empty where nothing can be driven, and what was left out.
    """
    options = options or OsmOptions()
    ways, counts = _kept_ways(data, roads, options)
    segments, cut_ways, blocked = _segments(data, ways)
    turns: list[Banned] = []
    unread = 0
    if options.turn_restrictions:
        turns, unread = banned_turns(data.restrictions)
    keep = np.isin(segments.node_id, [turn.via for turn in turns])
    chains = contract(
        segments.start,
        segments.end,
        len(segments.lon_e7),
        _kinds(ways)[segments.way],
        ways.direction[segments.way],
        keep,
    )
    graph, honoured = _graph(data, ways, segments, chains, turns)
    return graph, OsmCounts(
        roads=len(ways.row),
        cut_ways=cut_ways,
        blocked_nodes=blocked,
        turns_honoured=honoured,
        turns_ignored=unread + len(turns) - honoured,
        **counts,
    )


def _per_text(data: OsmData, key: str, meaning: Callable[[str], Any], dtype: type) -> NDArray[Any]:
    """What each way's text of `key` means; each text is read once."""
    rows = data.way_text[:, _COLUMN[key]]
    used = np.flatnonzero(np.bincount(rows, minlength=len(data.texts)))
    table: NDArray[Any] = np.zeros(len(data.texts), dtype)
    table[used] = [meaning(data.texts[row]) for row in used.tolist()]
    return table[rows]


def _kept_ways(data: OsmData, roads: Roads, options: OsmOptions) -> tuple[_Ways, dict[str, Any]]:
    """Ways for cars with class, speed and direction, and counts of the rest."""
    known = tuple(dict.fromkeys([*roads.speed_km_per_h, *roads.managed_classes]))
    every = (*known, *(name for name in (FERRY,) if name not in known))
    of_class = {name: i for i, name in enumerate(every)}

    def class_of(text: str) -> int:
        name = road_class(text, known) if text and carries_cars(text) else None
        return -1 if name is None else of_class.setdefault(name, len(of_class))

    code = _per_text(data, "highway", class_of, np.int64)
    ferry = _per_text(data, "route", lambda text: text == FERRY, np.bool_) & (
        data.way_text[:, 0] == 0
    )
    code[ferry] = of_class[FERRY] if options.ferries or options.hold_ferries else -1
    barred = ~_access(data) | _per_text(data, "area", lambda text: text == "yes", np.bool_)
    way_direction = _directions(data, options)
    speed = np.full(len(code), np.nan)
    if options.maxspeed:
        speed = _per_text(data, "maxspeed", lambda text: speed_km_per_h(text) or 0.0, float)
        zero = _per_text(data, "maxspeed", lambda text: speed_km_per_h(text) == 0.0, np.bool_)
        bad = (code >= 0) & ((speed < 0) | zero)
        speed[speed <= 0] = np.nan
    else:
        bad = np.zeros(len(code), bool)
    reversible = way_direction == _REVERSIBLE
    kept = np.flatnonzero((code >= 0) & ~barred & ~reversible)
    names = tuple(of_class)
    class_speed = np.array(
        [
            roads.speed_km_per_h.get(
                n, FERRY_KM_PER_H if n == FERRY else roads.other_speed_km_per_h
            )
            for n in names
        ]
    )
    used = rising(code[kept])
    unread, numbers = np.unique(data.way_text[(code < 0) & ~ferry, 0], return_counts=True)
    counts = {
        "with_speed": int((~np.isnan(speed[kept])).sum()),
        "not_roads": {
            data.texts[row]: n for row, n in zip(unread.tolist(), numbers.tolist(), strict=True)
        },
        "barred": int(((code >= 0) & barred).sum()),
        "reversible": int(((code >= 0) & ~barred & reversible).sum()),
        "bad_speeds": tuple(data.way_id[np.flatnonzero(bad)].tolist()),
    }
    return (
        _Ways(
            row=kept,
            code=np.searchsorted(used, code[kept]).astype(np.uint8),
            class_names=tuple(names[i] for i in used.tolist()),
            speed_km_per_h=np.where(np.isnan(speed), class_speed[code], speed)[kept],
            direction=way_direction[kept].astype(np.int8),
            name=data.way_text[kept, _COLUMN["name"]],
            ref=data.way_text[kept, _COLUMN["ref"]],
        ),
        counts,
    )


def _access(data: OsmData) -> BoolArray:
    """Whether cars may use each way; the narrower key decides."""
    allowed = np.ones(len(data.way_id), bool)
    for key in ("access", "vehicle", "motor_vehicle", "motorcar"):
        one = _per_text(data, key, lambda text: is_open({"access": text}), np.bool_)
        allowed = np.where(data.way_text[:, _COLUMN[key]] > 0, one, allowed)
    return allowed


def _directions(data: OsmData, options: OsmOptions) -> NDArray[np.int8]:
    """Direction of each way, `_REVERSIBLE` where it changes."""
    if not options.oneway:
        return np.zeros(len(data.way_id), np.int8)
    columns = data.way_text[:, [_COLUMN[key] for key in ("oneway", "junction", "highway")]]
    combined, back = _group(columns)
    found = [direction(*(data.texts[row] for row in texts)) for texts in columns[combined].tolist()]
    made = np.array([_REVERSIBLE if one is None else one for one in found], np.int8)
    return made[back]


def _group(columns: NDArray[Any]) -> tuple[IntArray, IntArray]:
    """First row of each distinct row of `columns`, and the group of every row."""
    group = np.zeros(len(columns), np.int64)
    for column in columns.T:
        key = group * (int(column.max(initial=0)) + 1) + column
        values = rising(key)
        group = np.searchsorted(values, key)
    first = np.full(int(group.max(initial=-1)) + 1, len(columns))
    np.minimum.at(first, group, np.arange(len(columns)))
    return first, group


def _kinds(ways: _Ways) -> IntArray:
    """Number of each way's attributes: equal for ways that may be one street."""
    speeds = rising(ways.speed_km_per_h)
    columns = (ways.code, np.searchsorted(speeds, ways.speed_km_per_h), ways.name, ways.ref)
    return _group(np.column_stack(columns))[1]


def _segments(data: OsmData, ways: _Ways) -> tuple[_Segments, int, int]:
    """Segments of the kept ways, cut where nodes are missing or blocked; counts of both."""
    count = np.diff(data.ref_first)[ways.row]
    at = np.arange(int(count.sum())) + np.repeat(
        data.ref_first[ways.row] - (np.cumsum(count) - count), count
    )
    way = np.repeat(np.arange(len(ways.row), dtype=np.int32), count)
    ref = data.ref[at]
    node = np.searchsorted(data.node_id, ref)
    node[node == len(data.node_id)] = 0
    there = data.node_id[node] == ref if len(data.node_id) else np.zeros(len(ref), bool)
    cut_ways = len(rising(way[~there]))
    if len(ref):
        inside = (way[1:] == way[:-1]) & there[1:] & there[:-1] & (node[1:] != node[:-1])
    else:
        inside = np.zeros(0, bool)
    start, end, of_way = node[:-1][inside], node[1:][inside], way[:-1][inside]
    shut = [node_id for node_id, tags in data.barriers.items() if not lets_through(tags)]
    is_shut = np.isin(data.node_id, shut)
    # Each piece of road that touches a barrier ends there, at a node of its own.
    ends = np.concatenate([start, end])
    stopped = np.flatnonzero(is_shut[ends])
    blocked = len(rising(ends[stopped]))
    total = len(data.node_id)
    source = np.concatenate([np.arange(total), ends[stopped]])
    ends[stopped] = total + np.arange(len(stopped))
    in_use = np.zeros(len(source), bool)
    in_use[ends] = True
    rank = (np.cumsum(in_use) - 1).astype(np.int32)
    ends = rank[ends]
    source = source[in_use]
    return (
        _Segments(
            start=ends[: len(start)],
            end=ends[len(start) :],
            way=of_way,
            lon_e7=data.lon_e7[source],
            lat_e7=data.lat_e7[source],
            node_id=data.node_id[source],
        ),
        cut_ways,
        blocked,
    )


def _graph(
    data: OsmData, ways: _Ways, segments: _Segments, chains: Chains, turns: list[Banned]
) -> tuple[RoadGraph, int]:
    """The graph of the chains, with turns taken out, and how many restrictions that honours."""
    streets = len(chains.first) - 1
    begin, last = chains.first[:-1], chains.first[1:] - 1
    near = np.where(chains.against, segments.end[chains.segment], segments.start[chains.segment])
    far = np.where(chains.against, segments.start[chains.segment], segments.end[chains.segment])
    metres = segment_m(segments.lon_e7, segments.lat_e7, segments.start, segments.end)
    running = np.concatenate([[0.0], np.cumsum(metres[chains.segment])])
    length_m = running[chains.first[1:]] - running[chains.first[:-1]]
    way = segments.way[chains.segment]
    of_street = way[begin]
    drive = ways.direction[of_street] * np.where(chains.against[begin], -1, 1)
    travel_ms = np.maximum(np.rint(length_m / ways.speed_km_per_h[of_street] * 3600.0), 1.0)

    shape_first = chains.first + np.arange(streets + 1)
    shape = np.empty(len(chains.segment) + streets, np.int64)
    shape[shape_first[:-1]] = near[begin]
    street_of = np.repeat(np.arange(streets), np.diff(chains.first))
    shape[np.arange(len(far)) + street_of + 1] = far
    fresh = np.ones(len(way), bool)
    fresh[1:] = way[1:] != way[:-1]
    fresh[begin] = True
    id_first = np.concatenate([[0], np.cumsum(fresh)])[chains.first]

    is_node = np.zeros(len(segments.lon_e7), bool)
    is_node[near[begin]] = is_node[far[last]] = True
    rank = np.cumsum(is_node) - 1
    along, against = np.flatnonzero(drive >= 0), np.flatnonzero(drive <= 0)
    tail, head = rank[near[begin]], rank[far[last]]
    arc_street = np.concatenate([along, against])
    backward = np.arange(len(arc_street)) >= len(along)
    first_way, last_way = (data.way_id[ways.row[way[at]]] for at in (begin, last))
    turned = apply_turns(
        turns,
        node_id=segments.node_id[is_node],
        tail=np.where(backward, head[arc_street], tail[arc_street]),
        head=np.where(backward, tail[arc_street], head[arc_street]),
        first_way=np.where(backward, last_way[arc_street], first_way[arc_street]),
        last_way=np.where(backward, first_way[arc_street], last_way[arc_street]),
    )
    roads, extra = len(arc_street), len(turned.tail) - len(arc_street)
    spot = np.concatenate([np.flatnonzero(is_node), np.flatnonzero(is_node)[turned.copied]])
    texts = rising(np.concatenate([[0], ways.name[of_street], ways.ref[of_street]]))
    graph = graph_from_arcs(
        node_lon_e7=segments.lon_e7[spot],
        node_lat_e7=segments.lat_e7[spot],
        tail=turned.tail,
        head=turned.head,
        travel_ms=_with_turns(travel_ms[arc_street], extra, np.uint32, 0),
        length_cm=_with_turns(np.rint(length_m * 100.0)[arc_street], extra, np.uint32, 0),
        arc_street=_with_turns(arc_street, extra, np.int32, -1),
        arc_backward=np.arange(roads + extra) >= len(along),
        street_class=ways.code[of_street],
        class_names=ways.class_names,
        street_name=np.searchsorted(texts, ways.name[of_street]).astype(np.int32),
        street_ref=np.searchsorted(texts, ways.ref[of_street]).astype(np.int32),
        texts=tuple(data.texts[row] for row in texts.tolist()),
        street_id_first=id_first,
        street_id=data.way_id[ways.row[way[fresh]]],
        street_id_cm=np.rint((running[:-1] - running[begin][street_of])[fresh] * 100.0).astype(
            np.uint32
        ),
        shape_first=shape_first,
        shape_lon_e7=segments.lon_e7[shape],
        shape_lat_e7=segments.lat_e7[shape],
    )
    return graph, turned.honoured


def _with_turns(values: NDArray[Any], extra: int, dtype: type, filler: int) -> NDArray[Any]:
    return np.concatenate([values.astype(dtype), np.full(extra, filler, dtype)])
