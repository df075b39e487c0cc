"""A road layer read into a network, and the managed kilometres of each jurisdiction."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
import pandas as pd
import shapely
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components
from scipy.spatial import cKDTree

from geo.columns import Column, Schema
from geo.cutting import cut_lines
from geo.duty_roads import duty_road_km
from geo.network import RoadNetwork
from geo.plane import GeometryArray, as_geometry, line_km, plane_of
from geo.readers import Table
from geo.road_classes import OTHER_CLASS, carries_cars, directions, road_class
from optimizer.errors import Problem
from optimizer.frozen import FloatArray, IntArray
from optimizer.policy import Roads

__all__ = ["MERGE_M", "ROADS_SCHEMA", "Join", "duty_road_km", "roads_from_table"]

ROADS_SCHEMA = Schema(
    layer="roads",
    columns=(
        # Not unique: a road drawn in several pieces has its id on each.
        Column(
            name="road_id",
            kind="text",
            first_header_wins=True,
            aliases=(
                "道路编号", "道路编码", "路段编号", "路段编码", "路线编号", "路线编码", "osm_id",
                "osmid", "link_id", "编号", "id",
            ),
        ),
        Column(
            name="road_class",
            kind="text",
            aliases=(
                "等级", "道路等级", "道路类型", "道路类别", "公路等级", "行政等级", "class",
                "fclass", "highway", "road_type",
            ),
        ),
        # No alias for OSM's maxspeed: it is a limit, not a speed driven, and often 0 or text.
        Column(
            name="speed_km_per_h",
            kind="number",
            aliases=("车速", "速度", "时速", "行车速度", "speed", "speed_kmh"),
        ),
        Column(
            name="travel_time_min",
            kind="number",
            aliases=("通行时间", "行驶时间", "行车时间", "分钟", "minutes", "time_min"),
        ),
        Column(
            name="oneway",
            kind="text",
            aliases=("单行", "单行线", "单向", "单双向", "通行方向", "one_way"),
        ),
        Column(
            name="name",
            kind="text",
            aliases=("道路名称", "路名", "名称", "road_name", "street_name"),
        ),
    ),
    prefix_columns=(),
    geometry="line",
    unique=(),
)  # fmt: skip

# Line ends this close are one node: rounding of coordinates, not a guess at what was meant. Wider
# gaps are reported; the published minutes of Carrollton (tests/test_routing.py) leave them open.
MERGE_M = 0.05
# Ends closer than this that still do not meet are most likely drawn in error; they are reported.
NEAR_MISS_M = 2.0
# Rows named one by one before the rest are only counted.
_NAMED_ROWS = 20

Join = Literal["ends", "crossings"]


def roads_from_table(
    table: Table,
    roads: Roads,
    *,
    oneway: bool = True,
    join: Join = "ends",
    merge_m: float = MERGE_M,
) -> tuple[RoadNetwork, tuple[Problem, ...]]:
    """Build the directed network of a road layer.

    Multi-part lines count as their parts. The minutes of a road are, in this order: its
    `travel_time_min`; its length at `speed_km_per_h`; its length at the speed of its class. Each
    class text is read by `geo.road_classes`; ways no car may use are left out and counted.

    Args:
        table: A table read with `ROADS_SCHEMA`.
        roads: Speeds by class.
        oneway: Honour the one-way column; else every road is open both ways.
        join: `ends`: roads meet only where their ends meet, so a flyover does not touch the road
            beneath it. `crossings`: roads are cut wherever they touch or cross, which a layer
            needs whose lines run on through junctions; flyovers then join by mistake.
        merge_m: Ends at most this far apart are one node.

    Returns:
        The network, and every problem found: errors for speeds or minutes that are not positive
        and for a layer without usable lines (the network is then empty), warnings for classes
        and directions not understood, for ways left out and for separate networks.
    """
    problems: list[Problem] = []
    frame, lines, row = _drivable(table, problems)
    class_names, class_code, speed = _classes(table, frame, roads, problems)
    speed = np.where(np.isnan(frame["speed"]), speed, frame["speed"])
    one_way = np.zeros(len(frame), np.int64)
    if oneway:
        one_way = _one_way(table, frame, problems)
    if not len(lines):
        problems.append(
            table.problem(
                "at least one road that cars can use",
                "check that the layer holds lines, or write `roads: modelled`",
            )
        )
        none = np.zeros(0)
        nowhere = (class_code[:0], (), one_way[:0], none, none, row[:0])
        empty, _ = _network_of(lines, *nowhere, merge_m)
        return empty, tuple(problems)
    whole_km = np.bincount(row, line_km(lines), minlength=len(frame))
    if join == "crossings":
        lines, row = _cut_at_crossings(lines, row, merge_m)
    length_km = line_km(lines)
    share = length_km / np.where(whole_km > 0, whole_km, 1.0)[row]
    given_min = frame["minutes"].to_numpy(float)[row] * share
    minutes = np.where(np.isnan(given_min), length_km / speed[row] * 60.0, given_min)
    in_file = frame["row"].to_numpy(np.int64)[row]
    network, meeting = _network_of(
        lines, class_code[row], class_names, one_way[row], length_km, minutes, in_file, merge_m
    )
    problems += _join_problems(table, network, meeting, merge_m)
    return network, tuple(problems)


def _drivable(
    table: Table, problems: list[Problem]
) -> tuple[pd.DataFrame, GeometryArray, IntArray]:
    """Rows that cars can use with their numbers checked; single lines; row of each line."""
    given = table.frame
    n = len(given)
    frame = pd.DataFrame(
        {
            "row": given["row"].to_numpy(),
            "class": _texts(given, "road_class"),
            "oneway": _texts(given, "oneway"),
            "speed": _positive(table, "speed_km_per_h", problems),
            "minutes": _positive(table, "travel_time_min", problems),
        }
    )
    geometry = as_geometry([None] * n if table.geometry is None else table.geometry)
    for_cars = np.array([carries_cars(text) for text in frame["class"]], dtype=bool)
    if not for_cars.all():
        texts = frame["class"][~for_cars].value_counts()
        problems.append(
            _warning(
                table,
                "road_class",
                "roads that cars can use: {n} of {total} lines are left out ({classes})",
                n=int((~for_cars).sum()),
                total=n,
                classes=_counted({str(k): int(v) for k, v in texts.items()}),
            )
        )
    frame, geometry = frame[for_cars].reset_index(drop=True), geometry[for_cars]
    lines, row = shapely.get_parts(geometry, return_index=True)
    real = (shapely.get_type_id(lines) == shapely.GeometryType.LINESTRING) & (
        shapely.length(lines) > 0
    )
    without = len(frame) - len(np.unique(row[real]))
    if without:
        problems.append(
            _warning(
                table,
                None,
                "a line with a length on every row: {n} rows have none and are left out",
                n=without,
            )
        )
    return frame, lines[real], row[real].astype(np.int64)


def _positive(table: Table, column: str, problems: list[Problem]) -> FloatArray:
    """Numbers of an optional column, NaN where missing; zero and below are problems."""
    frame = table.frame
    if column not in frame:
        return np.full(len(frame), np.nan)
    values = np.asarray(pd.to_numeric(frame[column], errors="coerce"), dtype=float)
    values = np.where(np.isfinite(values), values, np.nan)
    bad = np.flatnonzero(values <= 0)
    severity = "error" if table.source.strict else "warning"
    for at in bad[:_NAMED_ROWS]:
        problems.append(
            table.problem(
                "a number above 0, or nothing",
                "leave the field empty where it is not known: the speed of the road class then "
                "holds",
                row=int(frame["row"].iloc[at]),
                column=column,
                value=f"{values[at]:g}",
                severity=severity,
            )
        )
    if len(bad) > _NAMED_ROWS:
        problems.append(
            table.problem(
                "numbers above 0, or nothing: {n} more rows have zero or less",
                column=column,
                severity=severity,
                n=len(bad) - _NAMED_ROWS,
            )
        )
    return np.where(values > 0, values, np.nan)


def _classes(
    table: Table, frame: pd.DataFrame, roads: Roads, problems: list[Problem]
) -> tuple[tuple[str, ...], IntArray, FloatArray]:
    """Class names in use, and per row of `frame` the class code and the class speed."""
    known = tuple(dict.fromkeys([*roads.speed_km_per_h, *roads.managed_classes]))
    meaning = {text: road_class(text, known) for text in sorted(set(frame["class"]))}
    unread = {
        text: int((frame["class"] == text).sum()) for text, name in meaning.items() if name is None
    }
    if unread:
        problems.append(
            _warning(
                table,
                "road_class",
                "a known road class (expressway, national, provincial, county, township, "
                "village, street): {n} of {total} lines count as other roads, at {speed:g} km/h "
                "unless they give a speed or minutes ({classes})",
                n=sum(unread.values()),
                total=len(frame),
                speed=roads.other_speed_km_per_h,
                classes=_counted(unread),
            )
        )
    names = [meaning[text] or OTHER_CLASS for text in frame["class"]]
    order = [*known, *(n for n in sorted(set(names)) if n not in known)]
    used = tuple(n for n in order if n in set(names))
    code = np.array([used.index(n) for n in names], dtype=np.int64)
    class_speed = np.array(
        [roads.speed_km_per_h.get(n, roads.other_speed_km_per_h) for n in used], dtype=float
    )
    return used, code, class_speed[code] if len(code) else np.zeros(0)


def _one_way(table: Table, frame: pd.DataFrame, problems: list[Problem]) -> IntArray:
    """1 as drawn, -1 against, 0 both ways, per row of `frame`."""
    found, strange = directions(list(frame["oneway"]))
    if strange:
        problems.append(
            _warning(
                table,
                "oneway",
                "yes, no, -1, FT or TF: {n} lines count as open both ways ({texts})",
                n=sum(strange.values()),
                texts=_counted(strange),
            )
        )
    return np.array(found, dtype=np.int64)


def _cut_at_crossings(
    lines: GeometryArray, row: IntArray, merge_m: float
) -> tuple[GeometryArray, IntArray]:
    """Cut every line where another touches or crosses it, or ends within `merge_m` of it."""
    tree = shapely.STRtree(lines)
    one, two = tree.query(lines, predicate="intersects")
    one, two = one[one < two], two[one < two]
    places, pair = shapely.get_coordinates(
        shapely.intersection(lines[one], lines[two]), return_index=True
    )
    ends = np.concatenate([shapely.get_point(lines, 0), shapely.get_point(lines, -1)])
    # A degree is at most 111.4 km, so no line further off than merge_m is taken for one that meets.
    end, met = tree.query(ends, predicate="dwithin", distance=merge_m / 111_400.0)
    owner = np.concatenate([one[pair], two[pair], met])
    place = np.concatenate([shapely.points(places), shapely.points(places), ends[end]])
    pieces, parent = cut_lines(lines, owner, shapely.line_locate_point(lines[owner], place))
    return pieces, row[parent]


def _network_of(
    lines: GeometryArray,
    class_code: IntArray,
    class_names: tuple[str, ...],
    one_way: IntArray,
    length_km: FloatArray,
    minutes: FloatArray,
    row_in_file: IntArray,
    merge_m: float,
) -> tuple[RoadNetwork, dict[str, int]]:
    """The network of single lines, and how its ends meet (see `_merge`)."""
    n = len(lines)
    ends = np.concatenate([shapely.get_point(lines, 0), shapely.get_point(lines, -1)])
    place = shapely.get_coordinates(ends).reshape(-1, 2)
    node, first, meeting = _merge(lines, place, merge_m)
    tail, head = node[:n].copy(), node[n:].copy()
    against = one_way == -1
    tail[against], head[against] = node[n:][against], node[:n][against]
    drawn = lines.copy()
    drawn[against] = shapely.reverse(lines[against])
    both = np.flatnonzero(one_way == 0)
    back = as_geometry(shapely.reverse(drawn[both]))

    def twice(values: Any, backward: Any) -> Any:
        return np.concatenate([values, backward])

    network = RoadNetwork(
        node_lon_deg=place[first, 0],
        node_lat_deg=place[first, 1],
        tail=twice(tail, head[both]),
        head=twice(head, tail[both]),
        length_km=twice(length_km, length_km[both]),
        travel_time_min=twice(minutes, minutes[both]),
        class_code=twice(class_code, class_code[both]),
        class_names=class_names,
        street=twice(np.arange(n), both),
        line=twice(drawn, back),
        origin="given",
        street_row=row_in_file,
    )
    return network, meeting


def _merge(
    lines: GeometryArray, place: FloatArray, merge_m: float
) -> tuple[IntArray, IntArray, dict[str, int]]:
    """Node of each line end, first end of each node, and how ends meet.

    The last counts `joined` places, pairs of nodes that nearly `missed` each other, and line ends
    that stop `beside` another line between its ends.
    """
    if not len(place):
        return np.zeros(0, np.int64), np.zeros(0, np.int64), {}
    exact, back = np.unique(place, axis=0, return_inverse=True)
    metres = np.column_stack(plane_of(lines).xy(exact[:, 0], exact[:, 1]))
    close = cKDTree(metres).query_pairs(max(merge_m, NEAR_MISS_M), output_type="ndarray")
    gap = np.hypot(*(metres[close[:, 0]] - metres[close[:, 1]]).T)
    same = close[gap <= merge_m]
    graph = coo_array((np.ones(len(same)), (same[:, 0], same[:, 1])), shape=(len(exact),) * 2)
    group = connected_components(graph, directed=False)[1]
    apart = np.sort(group[close[gap > merge_m]], axis=1)
    missed = len(np.unique(apart[apart[:, 0] != apart[:, 1]], axis=0))
    # Nodes are numbered in the order their first end appears in the file.
    raw = group[back.reshape(-1)]
    _, first, dense = np.unique(raw, return_index=True, return_inverse=True)
    order = np.argsort(first, kind="stable")
    rank = np.empty(len(order), np.int64)
    rank[order] = np.arange(len(order))
    node = rank[dense.reshape(-1)]
    meeting = {
        "joined": len(exact) - len(order),
        "missed": missed,
        "beside": _ends_beside(lines, node, place, merge_m),
    }
    return node, first[order].astype(np.int64), meeting


def _ends_beside(lines: GeometryArray, node: IntArray, place: FloatArray, merge_m: float) -> int:
    """Dead ends that lie on another line, where a junction was most likely meant."""
    dead = np.flatnonzero(np.bincount(node)[node] == 1)
    # A degree is at most 111.4 km.
    end, line = shapely.STRtree(lines).query(
        shapely.points(place[dead]), predicate="dwithin", distance=merge_m / 111_400.0
    )
    own = dead[end] % len(lines)
    return len(np.unique(end[line != own]))


def _join_problems(
    table: Table, network: RoadNetwork, meeting: dict[str, int], merge_m: float
) -> list[Problem]:
    """Warnings on ends that do not quite meet, and on separate networks."""
    along, _ = network.street_arcs()
    island = network.components(strong=False)[network.tail[along]]
    km = np.bincount(island, network.length_km[along])
    said = (
        (
            len(km) > 1,
            "roads that all connect: there are {n} separate networks; the largest has "
            "{main:.1f} km, the others {rest:.1f} km together",
            "places next to a small one are led to the large one; join the lines where roads "
            "meet in truth",
            {"n": len(km), "main": float(km[0]), "rest": float(km[1:].sum())},
        ),
        (
            meeting["joined"] > 0,
            "road ends that meet exactly: {n} were joined over at most {gap:g} m",
            "",
            {"n": meeting["joined"], "gap": merge_m},
        ),
        (
            meeting["missed"] > 0,
            "road ends that meet exactly: {n} pairs lie less than {gap:g} m apart and are not "
            "joined",
            "snap the ends together in a GIS where the roads meet in truth",
            {"n": meeting["missed"], "gap": NEAR_MISS_M},
        ),
        (
            meeting["beside"] > 0,
            "roads that meet at their ends: {n} dead ends lie on another road between its ends "
            "and are not joined to it",
            "split the roads at their junctions in a GIS",
            {"n": meeting["beside"]},
        ),
    )
    return [
        _warning(table, None, expected, fix, **params)
        for found, expected, fix, params in said
        if found
    ]


def _texts(frame: pd.DataFrame, column: str) -> list[str]:
    """Text of an optional column, empty where missing."""
    if column not in frame:
        return [""] * len(frame)
    return ["" if pd.isna(v) else str(v) for v in frame[column]]


def _counted(texts: dict[str, int], most: int = 8) -> str:
    """`footway 12, path 3`, the most frequent first."""
    ranked = sorted(texts.items(), key=lambda item: (-item[1], item[0]))
    said = ", ".join(f"{text[:30] or '–'} {count}" for text, count in ranked[:most])
    return said + (", …" if len(ranked) > most else "")


def _warning(
    table: Table, column: str | None, expected: str, fix: str = "", **params: Any
) -> Problem:
    return table.problem(expected, fix, column=column, severity="warning", **params)
