"""Lines and areas that a planner drew and saved in a GIS, for closures and new roads."""

from __future__ import annotations

from pathlib import Path

from geo.crs import is_known
from geo.drawn_shapes import read_drawn
from geo.plane import GeometryArray
from optimizer.errors import Problem
from scenarios.case import CASE_FILE
from scenarios.library import did_you_mean
from scenarios.scenario import Scenario
from scenarios.set_values import SET

FEATURE = "#"
"""Between a file and the name or id of one of its features."""
_NAMED = 20


def read_drawings(
    scenario: Scenario, folder: Path
) -> tuple[dict[str, GeometryArray], list[Problem]]:
    """Shapes in WGS84 of every `drawn` file that a scenario names, by what it writes.

    Coordinates are in the datum that the file states, else of the block that names it.

    Returns:
        Shapes by `FILE` or `FILE#feature`, and a problem for each without a line or area.
    """
    found: dict[str, GeometryArray] = {}
    problems: list[Problem] = []
    for step in scenario.steps:
        roads = step.entry.spec.roads
        named = [("close", k, v) for k, v in (roads.close or {}).items()]
        for part, key, one in (*named, *(("new", k, v) for k, v in (roads.new or {}).items())):
            if one is None or one.drawn is None or one.drawn in found:
                continue
            if not is_known(step.entry.spec.crs):
                continue  # told where the block is read
            file, feature = _file_and_feature(folder, one.drawn)
            read = read_drawn(file, feature, step.entry.spec.crs)
            path = ("roads", part, key, "drawn")
            if read is None:
                problems.append(
                    step.entry.problem(
                        path,
                        "a GeoJSON file, GeoPackage or Shapefile with a line or an area, in the "
                        "case folder",
                        "draw it in a GIS and save it there",
                        value=one.drawn,
                    )
                )
            elif not read.is_found:
                fix, near = did_you_mean(feature, read.known, "check the spelling")
                problems.append(
                    step.entry.problem(
                        path,
                        "the name or id of a feature in the file: {known}",
                        fix,
                        value=one.drawn,
                        known=", ".join(read.known[:_NAMED]) or "-",
                        near=near,
                    )
                )
            else:
                found[one.drawn] = read.shapes
    return found, problems


def _file_and_feature(folder: Path, drawn: str) -> tuple[Path, str]:
    """`roads.gpkg#环线` is a feature of a file, unless there is a file of that name."""
    whole = folder / drawn.replace("\\", "/")
    file, sign, feature = drawn.rpartition(FEATURE)
    if not sign or whole.exists():
        return whole, ""
    return folder / file.replace("\\", "/"), feature.strip()


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
    paths = {name: folder / name.replace("\\", "/") for name in written}
    for name in drawn:
        path, feature = _file_and_feature(folder, name)
        paths[name.rpartition(FEATURE)[0] if feature else name] = path
    return {name: path for name, path in sorted(paths.items()) if path.name != CASE_FILE}
