"""Barriers of a case and of its scenarios: read, changed, and what they part."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from geo.barriers import Barriers, parted_cells
from geo.columns import Column, Schema
from geo.plane import as_geometry
from geo.readers import Table
from geo.repair import made_valid
from geo.road_marks import RoadMark
from optimizer.county import County
from optimizer.errors import Problem, Translate
from optimizer.policy import Policy
from optimizer.steering_rules import parted_pairs
from scenarios.merge_changes import ChangeNotes
from scenarios.scenario_schema import BarrierChanges

BARRIERS = Schema(
    layer="barriers",
    columns=(
        Column(name="name", kind="text", required=False, aliases=("名称", "阻隔物")),
        Column(name="passable", kind="yes_no", required=False, aliases=("可通行", "通道")),
    ),
    geometry="any",
    unique=(),
)
_NAMED = 8
_RIM_DEG = 0.003
"""A river that is the county's border is drawn though it winds about it: some 300 m."""


def barriers_of(table: Table | None) -> tuple[Barriers, list[Problem]]:
    """The layer's features; a point that is no crossing is a problem."""
    if table is None or table.geometry is None:
        return Barriers.none(), []
    frame, problems = table.frame, []
    name = frame["name"].fillna("").astype(str).tolist() if "name" in frame else [""] * len(frame)
    passable = np.zeros(len(frame), dtype=bool)
    if "passable" in frame:
        passable = frame["passable"].fillna(value=False).astype(bool).to_numpy()
    points = shapely.get_dimensions(as_geometry(table.geometry)) < 1
    for i in np.flatnonzero(points & ~passable).tolist():
        problems.append(
            table.problem(
                "a line or an area; a point only for a crossing",
                "write passable: yes for a bridge, or draw the barrier as a line",
                row=int(frame["row"].iloc[i]),
                column="passable",
            )
        )
    made = Barriers(name=tuple(name), geometry=as_geometry(table.geometry), passable=passable)
    return made, problems


def changed_barriers(barriers: Barriers, changes: BarrierChanges, notes: ChangeNotes) -> Barriers:
    """The barriers with those that a scenario adds, without those it removes.

    Args:
        barriers: Of the case.
        changes: Points in WGS84.
        notes: Problems are added: no barrier of a name, a barrier that says not where it is.
    """
    gone = set(changes.remove or ())
    for one in sorted(gone - set(barriers.name)):
        notes.wrong(
            ("barriers", "remove"),
            "a barrier of the case: {known}",
            "check the spelling",
            value=one,
            known=", ".join(sorted({n for n in barriers.name if n})) or "-",
        )
    kept = [i for i, name in enumerate(barriers.name) if name not in gone]
    names = [barriers.name[i] for i in kept]
    shapes: list[Any] = [barriers.geometry[i] for i in kept]
    passable = [bool(barriers.passable[i]) for i in kept]
    for name, new in sorted((changes.add or {}).items()):
        if new is None:
            continue
        is_open = bool(new.passable)
        if (new.line is None) == (new.at is None) or (new.at is not None and not is_open):
            notes.wrong(
                ("barriers", "add", name),
                "a `line` of points; or `at` a point with passable: true, for a crossing",
                "write one of the two",
            )
            continue
        names.append(name)
        is_line = new.line is not None
        shapes.append(shapely.linestrings(new.line) if is_line else shapely.points(new.at))
        passable.append(is_open)
    return Barriers(
        name=tuple(names), geometry=as_geometry(shapes), passable=np.array(passable, dtype=bool)
    )


def with_barriers(county: County, barriers: Barriers, cell_geometry: NDArray[Any] | None) -> County:
    """The county with the cells that the barriers part."""
    if not len(barriers) and not len(county.severed_cells):
        return county
    parted = parted_cells(
        barriers, county.cell_adjacency, cell_geometry, county.cells.lon_deg, county.cells.lat_deg
    )
    return replace(county, severed_cells=parted)


def barrier_marks(
    barriers: Barriers, outline: Any | None, cell_geometry: NDArray[Any] | None
) -> tuple[RoadMark, ...]:
    """The barriers as maps draw them: one mark a name, cut a little outside the county.

    Args:
        barriers: The barriers.
        outline: The county's outline in WGS84, or None for that of the cells.
        cell_geometry: Cells in WGS84; None, without an outline too: the barriers stay whole.
    """
    if not len(barriers):
        return ()
    land = outline
    if land is None and cell_geometry is not None:
        land = shapely.union_all(made_valid(cell_geometry))
    by_name: dict[str, list[Any]] = {}
    for name, lines in barriers.lines():
        if land is not None:
            pieces = shapely.intersection(lines, shapely.buffer(land, _RIM_DEG))
            lines = shapely.get_parts(shapely.get_parts(pieces))
            lines = lines[(shapely.get_dimensions(lines) == 1) & ~shapely.is_empty(lines)]
        by_name.setdefault(name, []).extend(lines)
    return tuple(
        RoadMark(kind="barrier", name=name, lines=as_geometry(lines), crosses=np.zeros((0, 2)))
        for name, lines in sorted(by_name.items())
        if lines
    )


def barriers_text(county: County, barriers: Barriers, _: Translate) -> str:
    """How many neighbours the barriers part, and which; empty without barriers."""
    walls = int((~barriers.passable).sum()) if len(barriers) else 0
    if not walls:
        return ""
    parted = parted_pairs(county, Policy()).tolist()
    name = county.stations.name
    pairs: Sequence[str] = [f"{name[a]}|{name[b]}" for a, b in parted]
    said = _("{n} barriers part {parted} of {pairs} pairs of neighbouring stations").format(
        n=walls,
        parted=len(parted),
        pairs=len(county.station_adjacency),  # type: ignore[arg-type]
    )
    if pairs:
        some = ", ".join(pairs[:_NAMED]) + (", …" if len(pairs) > _NAMED else "")
        said += _(": ") + some
    return said
