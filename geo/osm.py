"""OpenStreetMap files as roads: read, checked, told about, and kept for the next run."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from geo import road_cache
from geo.ferries import without_ferries
from geo.osm_data import OsmData, OsmFileError
from geo.osm_roads import OsmCounts, OsmOptions, graph_of_osm
from geo.osm_xml import read_xml
from geo.road_facts import RoadFacts, facts_of
from geo.road_graph import RoadGraph
from geo.road_islands import island_problems
from optimizer.errors import Problem
from optimizer.policy import Roads

__all__ = ["OsmOptions", "is_osm", "read_osm", "read_osm_roads", "settings"]

_SUFFIXES = (".pbf", ".osm", ".osm.gz", ".osm.bz2", ".osm.xml")
# Ways named one by one.
_NAMED = 5


def is_osm(name: str | Path) -> bool:
    """Whether a file's name says OpenStreetMap."""
    return str(name).casefold().endswith(_SUFFIXES)


def read_osm(path: Path) -> OsmData:
    """Read the roads of a file, by what it holds.

    Raises:
        OsmFileError: it is no OpenStreetMap file, or not a whole one.
        OSError: it cannot be opened.
    """
    with path.open("rb") as file:
        start = file.read(64)
    if b"OSMHeader" in start:
        from geo.osm_pbf import read_pbf

        return read_pbf(path)
    return read_xml(path)


def read_osm_roads(
    path: Path,
    shown: str,
    roads: Roads,
    options: OsmOptions | None = None,
    cache: Path | None = None,
) -> tuple[RoadGraph | None, tuple[Problem, ...]]:
    """Read a file into the road graph: `read_osm_facts` without the facts."""
    return read_osm_facts(path, shown, roads, options, cache)[:2]


def read_osm_facts(
    path: Path,
    shown: str,
    roads: Roads,
    options: OsmOptions | None = None,
    cache: Path | None = None,
) -> tuple[RoadGraph | None, tuple[Problem, ...], RoadFacts | None]:
    """Read a file into the road graph, or open the graph that an earlier run kept.

    Args:
        path: `.osm.pbf`, `.osm`, `.osm.gz` or `.osm.bz2`.
        shown: The file as the planner wrote it.
        roads: Speeds by class.
        options: Switches; None = the defaults.
        cache: Folder for kept graphs; None = none.

    Returns:
        The graph, or None with at least one error; every problem found; what the file gave.
    """
    options = options or OsmOptions()
    try:
        key = road_cache.cache_key([path], settings(roads, options)) if cache else ""
        kept = road_cache.load(cache, key) if cache else None
        if kept is not None:
            graph, notes = kept
            told = tuple(Problem(**{**note, "where": shown}) for note in notes["problems"])
            return graph, told, RoadFacts(**notes["facts"])
        data = read_osm(path)
    except OsmFileError as fault:
        return _nothing(
            Problem(
                where=shown,
                expected=fault.expected,
                fix="download the file again, or cut the extract again",
            )
        )
    except OSError as error:
        return _nothing(
            Problem(
                where=shown,
                value=error.strerror or type(error).__name__,
                expected="a file that can be read",
                fix="check the path and the permissions",
            )
        )
    places = tuple(_place_problems(shown, data))
    if places:
        return _nothing(*places)
    graph, counts = graph_of_osm(data, roads, options)
    problems = tuple(_problems(shown, data, graph, counts, options))
    if any(problem.severity == "error" for problem in problems):
        return _nothing(*problems)
    facts = _facts(data, graph, counts, options)
    notes = {
        "problems": [dataclasses.asdict(problem) for problem in problems],
        "facts": facts.plain(),
    }
    if cache is not None and not road_cache.store(cache, key, graph, notes):
        problems += (road_cache.not_kept(shown),)
    return graph, problems, facts


def _nothing(*problems: Problem) -> tuple[None, tuple[Problem, ...], None]:
    return None, problems, None


def _facts(data: OsmData, graph: RoadGraph, counts: OsmCounts, options: OsmOptions) -> RoadFacts:
    driven = graph if options.ferries else without_ferries(graph)
    return facts_of(
        driven,
        rows_read=len(data.way_id),
        rows_used=counts.roads,
        with_speed=counts.with_speed,
        left_out={
            "not_for_cars": sum(counts.not_roads.values()),
            "closed": counts.barred,
            "changing": counts.reversible,
            "bad_speed": len(counts.bad_speeds),
            "cut": counts.cut_ways,
            "barriers": counts.blocked_nodes,
        },
        turns=(counts.turns_honoured, counts.turns_ignored)
        if options.turn_restrictions
        else (0, len(data.restrictions)),
    )


def settings(roads: Roads, options: OsmOptions) -> Mapping[str, Any]:
    """What of policy and case shapes the graph."""
    return {**speed_settings(roads), "options": options}


def speed_settings(roads: Roads) -> Mapping[str, Any]:
    """What of the policy shapes the graph."""
    return {
        "speed_km_per_h": dict(roads.speed_km_per_h),
        "other_speed_km_per_h": roads.other_speed_km_per_h,
        "classes": list(roads.managed_classes),
    }


def _place_problems(shown: str, data: OsmData) -> Iterable[Problem]:
    wrong = int(((np.abs(data.lat_e7) > 900_000_000) | (np.abs(data.lon_e7) > 1_800_000_000)).sum())
    if wrong:
        yield Problem(
            where=shown,
            expected="latitudes up to 90 degrees; {n} of {total} nodes have more",
            fix="exchange longitude and latitude, which seem to be the wrong way round",
            params={"n": wrong, "total": len(data.node_id)},
        )


def _problems(
    shown: str, data: OsmData, graph: RoadGraph, counts: OsmCounts, options: OsmOptions
) -> Iterable[Problem]:
    def warning(expected: str, fix: str = "", **params: object) -> Problem:
        return Problem(where=shown, expected=expected, fix=fix, params=params, severity="warning")

    total = len(data.way_id)
    if not graph.streets:
        yield Problem(
            where=shown,
            expected="at least one road that cars can use; the file has {n} ways with a highway "
            "tag and {nodes} of their nodes",
            fix="take an extract with complete roads, or write `roads: modelled`",
            params={"n": total, "nodes": len(data.node_id)},
        )
    left_out = sum(counts.not_roads.values())
    if left_out:
        yield warning(
            "roads that cars can use: {n} of {total} ways are none and are left out ({classes})",
            n=left_out,
            total=total,
            classes=_counted(counts.not_roads),
        )
    if counts.barred or counts.reversible or counts.blocked_nodes:
        yield warning(
            "roads open to cars: {barred} ways are closed by their access, {reversible} change "
            "their direction with the hour, {blocked} barriers end a road",
            barred=counts.barred,
            reversible=counts.reversible,
            blocked=counts.blocked_nodes,
        )
    if counts.bad_speeds:
        yield warning(
            "maxspeed above 0: {n} ways have zero or less and are driven at the speed of their "
            "class (way {ways})",
            "correct the tags in OpenStreetMap, or set speeds by class in policy.roads",
            n=len(counts.bad_speeds),
            ways=_listed(counts.bad_speeds),
        )
    if counts.cut_ways:
        yield warning(
            "complete ways: {n} have nodes that the file lacks and are cut there",
            "cut the extract with complete ways, somewhat beyond the border of the county",
            n=counts.cut_ways,
        )
    if counts.turns_ignored and options.turn_restrictions:
        yield warning(
            "turn restrictions that lead from one road over one junction to another: {n} are "
            "ignored, {honoured} hold",
            n=counts.turns_ignored,
            honoured=counts.turns_honoured,
        )
    if graph.streets:
        roads = graph if options.ferries else without_ferries(graph)
        yield from island_problems(roads, shown)


def _counted(found: Mapping[str, int], most: int = 6) -> str:
    ranked = sorted(found.items(), key=lambda item: (-item[1], item[0]))
    said = ", ".join(f"{text or '–'} {count}" for text, count in ranked[:most])
    return said + (", …" if len(ranked) > most else "")


def _listed(ids: tuple[int, ...]) -> str:
    return ", ".join(str(one) for one in ids[:_NAMED]) + (", …" if len(ids) > _NAMED else "")
