"""A layer of road lines read into the road graph."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
import pandas as pd
import shapely

from geo.columns import Column, Schema
from geo.cutting import cut_lines
from geo.plane import GeometryArray, as_geometry, line_km
from geo.readers import Table
from geo.road_classes import (
    FERRY,
    FERRY_KM_PER_H,
    OTHER_CLASS,
    carries_cars,
    directions,
    road_class,
)
from geo.road_facts import RoadFacts, facts_of
from geo.road_graph import RoadGraph
from geo.road_islands import island_problems
from geo.road_lines import NEAR_MISS_M, DrivenLines, Meeting, graph_of_lines
from optimizer.errors import Problem
from optimizer.frozen import FloatArray, IntArray
from optimizer.policy import Roads

__all__ = ["MERGE_M", "ROADS_SCHEMA", "Join", "layer_graph", "roads_from_table"]

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
) -> tuple[RoadGraph, tuple[Problem, ...]]:
    """Build the graph of a road layer: `layer_graph` without the facts."""
    graph, problems, _ = layer_graph(table, roads, oneway=oneway, join=join, merge_m=merge_m)
    return graph, problems


def layer_graph(
    table: Table,
    roads: Roads,
    *,
    oneway: bool = True,
    join: Join = "ends",
    merge_m: float = MERGE_M,
) -> tuple[RoadGraph, tuple[Problem, ...], RoadFacts]:
    """Build the graph of a road layer.

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
        The graph, and every problem found: errors for speeds or minutes that are not positive
        and for a layer without usable lines (the graph is then empty), warnings for classes
        and directions not understood, for ways left out and for separate networks; and what the
        layer gave.
    """
    problems: list[Problem] = []
    frame, lines, row, left_out = _drivable(table, problems)
    class_names, class_code, speed, unread = _classes(table, frame, roads, problems)
    left_out["unknown_class"] = unread
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
    whole_km = np.bincount(row, line_km(lines), minlength=len(frame))
    if join == "crossings" and len(lines):
        lines, row = _cut_at_crossings(lines, row, merge_m)
    length_km = line_km(lines)
    share = length_km / np.where(whole_km > 0, whole_km, 1.0)[row]
    given_min = frame["minutes"].to_numpy(float)[row] * share
    minutes = np.where(np.isnan(given_min), length_km / speed[row] * 60.0, given_min)
    # A row with minutes of its own has a speed of its own.
    speeds, pace = np.unique(speed, return_inverse=True)
    own = ~np.isnan(frame["minutes"].to_numpy(float))
    pace = np.where(own, len(speeds) + np.arange(len(frame)), pace.reshape(-1))
    driven = DrivenLines(
        lines=lines,
        class_code=class_code[row],
        class_names=class_names,
        one_way=one_way[row],
        length_km=length_km,
        travel_time_min=minutes,
        pace=pace[row],
        name=frame["name"].to_numpy(object)[row].tolist(),
        road_id=frame["road_id"].to_numpy(object)[row].tolist(),
    )
    every = set(_texts(table.frame, "road_id")) - {""}
    unused = tuple(sorted(every.difference(driven.road_id)))
    graph, meeting = graph_of_lines(driven, merge_m, unused)
    problems += _meeting_problems(table, meeting, merge_m)
    problems += island_problems(graph, table.source.shown)
    given = frame[~np.isnan(frame["speed"]) | ~np.isnan(frame["minutes"])]
    facts = facts_of(
        graph,
        rows_read=table.rows_read,
        rows_used=len(np.unique(row)),
        with_speed=len(np.intersect1d(given.index, row)),
        left_out=left_out,
    )
    return graph, tuple(problems), facts


def _drivable(
    table: Table, problems: list[Problem]
) -> tuple[pd.DataFrame, GeometryArray, IntArray, dict[str, int]]:
    """Rows that cars can use with their numbers checked; single lines; row of each; left out."""
    given = table.frame
    n = len(given)
    frame = pd.DataFrame(
        {
            "row": given["row"].to_numpy(),
            "class": _texts(given, "road_class"),
            "oneway": _texts(given, "oneway"),
            "name": _texts(given, "name"),
            "road_id": _texts(given, "road_id"),
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
    left_out = {"not_for_cars": int((~for_cars).sum()), "no_line": without}
    columns = [c for c in ("speed_km_per_h", "travel_time_min") if c in given]
    left_out["bad_speed"] = int((given[columns].astype(float) <= 0).any(axis=1).sum())
    return frame, lines[real], row[real].astype(np.int64), left_out


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
) -> tuple[tuple[str, ...], IntArray, FloatArray, int]:
    """Class names in use; per row of `frame` class code and class speed; rows not understood."""
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
        [
            roads.speed_km_per_h.get(
                n, FERRY_KM_PER_H if n == FERRY else roads.other_speed_km_per_h
            )
            for n in used
        ],
        dtype=float,
    )
    return used, code, class_speed[code] if len(code) else np.zeros(0), sum(unread.values())


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


def _meeting_problems(table: Table, meeting: Meeting, merge_m: float) -> list[Problem]:
    """Warnings on ends that do not quite meet."""
    said = (
        (
            meeting.joined,
            "road ends that meet exactly: {n} were joined over at most {gap:g} m",
            "",
            merge_m,
        ),
        (
            meeting.missed,
            "road ends that meet exactly: {n} pairs lie less than {gap:g} m apart and are not "
            "joined",
            "snap the ends together in a GIS where the roads meet in truth",
            NEAR_MISS_M,
        ),
        (
            meeting.beside,
            "roads that meet at their ends: {n} dead ends lie on another road between its ends "
            "and are not joined to it",
            "split the roads at their junctions in a GIS",
            0.0,
        ),
    )
    return [
        _warning(table, None, expected, fix, n=n, gap=gap) for n, expected, fix, gap in said if n
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
