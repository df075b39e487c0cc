"""Lines and areas that a planner drew and saved as GeoJSON, for closures and new roads."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path

import numpy as np
import shapely

from geo.crs import geometry_to_wgs84, is_known
from geo.plane import GeometryArray, as_geometry
from optimizer.errors import Problem
from scenarios.case import CASE_FILE
from scenarios.scenario import Scenario
from scenarios.set_values import SET


def read_drawings(
    scenario: Scenario, folder: Path
) -> tuple[dict[str, GeometryArray], list[Problem]]:
    """Shapes in WGS84 of every `drawn` file that a scenario names, by the name it is given.

    Coordinates are in the datum of the block that names the file.

    Returns:
        Shapes by file name, and a problem for each file without a line or area.
    """
    found: dict[str, GeometryArray] = {}
    problems: list[Problem] = []
    for step in scenario.steps:
        roads = step.entry.spec.roads
        named = [("close", k, v) for k, v in (roads.close or {}).items()]
        for part, key, one in (*named, *(("new", k, v) for k, v in (roads.new or {}).items())):
            if one is None or one.drawn is None or one.drawn in found:
                continue
            shapes = _read(folder / one.drawn.replace("\\", "/"))
            crs = step.entry.spec.crs
            if not len(shapes):
                problems.append(
                    step.entry.problem(
                        ("roads", part, key, "drawn"),
                        "a GeoJSON file with a line or an area, in the case folder",
                        "draw the closure in a GIS and save it as GeoJSON",
                        value=one.drawn,
                    )
                )
            elif is_known(crs):  # an unknown datum is told where the block is read
                found[one.drawn] = as_geometry(geometry_to_wgs84(shapes, crs))
    return found, problems


def scenario_paths(scenario: Scenario, folder: Path) -> dict[str, Path]:
    """The files beside `case.yaml` that a scenario is made of, drawings included, by name."""
    written = {s.entry.shown for s in scenario.steps if s.name != SET}
    drawn = {
        c.drawn
        for s in scenario.steps
        for group in (s.entry.spec.roads.close or {}, s.entry.spec.roads.new or {})
        for c in group.values()
        if c is not None and c.drawn is not None
    }
    paths = {name: folder / name.replace("\\", "/") for name in sorted(written | drawn)}
    return {name: path for name, path in paths.items() if path.name != CASE_FILE}


def _read(path: Path) -> GeometryArray:
    """Lines and areas of a GeoJSON file, one geometry each; empty where there are none."""
    try:
        text = path.read_text(encoding="utf-8-sig")
        document = json.loads(text)
        shapes = as_geometry([shapely.from_geojson(json.dumps(g)) for g in _geometries(document)])
    except (OSError, ValueError, TypeError, shapely.errors.ShapelyError):
        return as_geometry([])
    parts = shapely.get_parts(shapely.force_2d(shapes))
    good = np.isin(shapely.get_dimensions(parts), (1, 2)) & ~shapely.is_empty(parts)
    return as_geometry(shapely.make_valid(parts[good]))


def _geometries(document: object) -> Iterable[object]:
    if not isinstance(document, Mapping):
        raise ValueError("not GeoJSON")
    match document.get("type"):
        case "FeatureCollection":
            for feature in document.get("features", ()):
                yield from _geometries(feature)
        case "Feature":
            if document.get("geometry") is not None:
                yield document["geometry"]
        case _:
            yield document
