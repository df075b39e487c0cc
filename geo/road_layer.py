"""Any road layer of a case as a graph, with its record: opened if kept, read otherwise."""

from __future__ import annotations

import dataclasses
import glob
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd

from geo import osm, road_cache
from geo.faults import Reason, RowProblem
from geo.readers import QualityRow, Source, Table, describe_quality, read_table
from geo.road_facts import RoadFacts
from geo.road_graph import RoadGraph
from geo.roads import MERGE_M, ROADS_SCHEMA, Join, layer_graph
from optimizer.errors import Problem
from optimizer.policy import Roads

_ASIDE = ("row", "column", "value")


@dataclass(frozen=True, slots=True, kw_only=True)
class LineOptions:
    """What a case may switch for a layer of lines; see `geo.roads.roads_from_table`."""

    oneway: bool = True
    join: Join = "ends"
    merge_m: float = MERGE_M


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class RoadsRead:
    """A road layer.

    Attributes:
        graph: The roads; None with at least one error.
        problems: Everything found.
        quality: The file's row of the data-quality sheet; None where it could not be read.
        facts: What the file gave; None likewise.
        quarantined: Rows set aside: line, column, value and reason.
    """

    graph: RoadGraph | None
    problems: tuple[Problem, ...]
    quality: QualityRow | None = None
    facts: RoadFacts | None = None
    quarantined: pd.DataFrame = field(default_factory=pd.DataFrame)


def read_osm_layer(
    source: Source, roads: Roads, options: osm.OsmOptions, cache: Path | None
) -> RoadsRead:
    """The roads of an OpenStreetMap file."""
    graph, problems, facts = osm.read_osm_facts(source.path, source.shown, roads, options, cache)
    if graph is None or facts is None:
        return RoadsRead(graph=None, problems=problems)
    quality = QualityRow(
        layer=source.layer,
        file=source.shown,
        rows_read=facts.rows_read,
        rows_kept=facts.rows_used,
        rows_quarantined=facts.rows_read - facts.rows_used,
        duplicates=0,
        missing={"maxspeed": facts.rows_used - facts.with_speed},
    )
    return RoadsRead(graph=graph, problems=problems, quality=quality, facts=facts)


def read_line_layer(
    source: Source, roads: Roads, options: LineOptions, cache: Path | None
) -> RoadsRead:
    """The roads of a layer of lines; the graph and its record are kept in the folder `cache`."""
    key = ""
    if cache is not None:
        try:
            key = road_cache.cache_key(_files(source.path), _settings(source, roads, options))
        except OSError:
            cache = None  # the reader says what is wrong with the file
    kept = road_cache.load(cache, key) if cache is not None else None
    if kept is not None:
        return _opened(*kept, source)
    table = read_table(source, ROADS_SCHEMA)
    quality, aside = describe_quality(table), table.quarantined
    if any(p.severity == "error" for p in table.problems):
        return RoadsRead(graph=None, problems=table.problems, quality=quality, quarantined=aside)
    if len(aside) and not len(table.frame):
        return RoadsRead(graph=None, problems=_all_aside(table), quality=quality, quarantined=aside)
    graph, found, facts = layer_graph(
        table, roads, oneway=options.oneway, join=options.join, merge_m=options.merge_m
    )
    problems = (*table.problems, *found)
    if any(p.severity == "error" for p in found):
        return RoadsRead(graph=None, problems=problems, quality=quality, quarantined=aside)
    notes = {
        "problems": [dataclasses.asdict(problem) for problem in problems],
        "quality": dataclasses.asdict(quality),
        "facts": facts.plain(),
        "aside": [
            [*told, dataclasses.asdict(reason)]
            for told, reason in zip(
                aside[list(_ASIDE)].astype(object).to_numpy().tolist(),
                aside["reason"],
                strict=True,
            )
        ],
    }
    if cache is not None and not road_cache.store(cache, key, graph, notes):
        problems += (road_cache.not_kept(source.shown),)
    return RoadsRead(
        graph=graph, problems=problems, quality=quality, facts=facts, quarantined=aside
    )


def _all_aside(table: Table) -> tuple[Problem, ...]:
    """No row is good: why the most are not, which is likely one mistake about the whole file."""
    reasons = list(table.quarantined["reason"])
    texts = [reason.text() for reason in reasons]
    why = reasons[texts.index(max(texts, key=texts.count))]
    return (table.problem(why.expected, why.fix, **why.params), *table.problems)


def _files(path: Path) -> list[Path]:
    """The file and, of a Shapefile, those that belong to it."""
    if path.suffix.casefold() != ".shp":
        return [path]
    return sorted(path.parent.glob(f"{glob.escape(path.stem)}.*"))


def _settings(source: Source, roads: Roads, options: LineOptions) -> Mapping[str, Any]:
    """What shapes the graph and its record beside the content of the file."""
    return {
        "layer": {**dataclasses.asdict(source), "path": "", "shown": ""},
        "options": options,
        **osm.speed_settings(roads),
    }


def _opened(graph: RoadGraph, notes: Any, source: Source) -> RoadsRead:
    rows = [[*row, Reason(**reason)] for *row, reason in notes["aside"]]
    return RoadsRead(
        graph=graph,
        problems=tuple(
            (RowProblem if "counted" in note else Problem)(**{**note, "where": source.shown})
            for note in notes["problems"]
        ),
        quality=QualityRow(**{**notes["quality"], "file": source.shown}),
        facts=RoadFacts(**notes["facts"]),
        quarantined=pd.DataFrame(rows, columns=[*_ASIDE, "reason"]),
    )
