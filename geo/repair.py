"""Mend the cells' polygons where they are invalid, overlap or leave gaps, with a log."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import astuple, dataclass, fields
from typing import Any, Literal

import numpy as np
import pandas as pd
import shapely

from geo.plane import GeometryArray, Plane, as_geometry, plane_of
from optimizer.errors import Problem
from optimizer.frozen import BoolArray, FloatArray, IntArray

Fault = Literal["invalid", "overlap", "gap_filled", "gap_left", "no_ground"]

# Gaps nowhere wider than this are drawing errors and are filled; wider ones may be lakes.
GAP_M = 20.0
# Pieces smaller than this, or nowhere wider than two hairs, are rounding, not ground.
MIN_PIECE_M2 = 1.0
_HAIR_M = 0.05
# A gap that is open to the county's edge counts as one if the cells on both its sides run along it
# for at least this many times `gap_m`; less is a notch in the outline.
_SLIT_LENGTH = 5.0
# A gap found between cells a hair wider lies this far, at most, from their true borders.
_TOUCH_M = 0.12


@dataclass(frozen=True, slots=True, kw_only=True)
class Repair:
    """One row of the repair log.

    Attributes:
        cell_id: The cell that changed, or the one with the longest border on a gap left open.
        what: `invalid` (outline crossed itself), `overlap` (ground given up to `other_id`),
            `gap_filled` (ground gained), `gap_left` (ground of no cell, unchanged), `no_ground`
            (no polygon, or nothing left of it).
        area_km2: Area concerned; for `invalid` the area after the repair.
        other_id: The cell that keeps an overlap, else empty.
    """

    cell_id: str
    what: Fault
    area_km2: float
    other_id: str = ""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Repaired:
    """Cells after repair.

    Attributes:
        geometry: Polygons and MultiPolygons in WGS84, shape (C,). Cells without a fault are the
            very objects that came in.
        log: A row per fault, in order of kind and cell, with the columns of `Repair`: cell_id,
            what, area_km2, other_id.
        problems: One warning per kind of fault; an error for cells without ground.
    """

    geometry: GeometryArray
    log: pd.DataFrame
    problems: tuple[Problem, ...]


def repair_cells(
    geometry: GeometryArray,
    cell_id: Sequence[str],
    *,
    shown: str = "cells",
    gap_m: float = GAP_M,
) -> Repaired:
    """Make the cells a clean coverage without moving any border that is fine.

    1. An outline that crosses itself is rebuilt (`shapely.make_valid`); its polygons stay.
    2. Ground in several cells goes to the smallest of them (ties: the first cell_id): a town drawn
       on top of its surroundings keeps its ground.
    3. A gap nowhere wider than `gap_m` goes to the cell with the longest border on it (ties: the
       first cell_id). Wider gaps between cells are reported and left.

    Areas and widths are measured on a local equal-area plane. Pieces under 1 m² or
    nowhere wider than 10 cm are rounding and stay.

    Args:
        geometry: Polygons in WGS84, shape (C,).
        cell_id: Shape (C,).
        shown: The file, for the problems.
        gap_m: Width up to which a gap is filled.
    """
    given = as_geometry(geometry)
    log: list[Repair] = []
    ids = [str(c) for c in cell_id]
    has_ground = _has_polygon(given)
    log += [_row(ids[i], "no_ground", 0.0) for i in np.flatnonzero(~has_ground)]
    kept = np.flatnonzero(has_ground)
    if not len(kept):
        return _repaired(given, log, shown, gap_m)
    plane = plane_of(given[kept])
    metric = plane.project(given[kept])
    before = metric.copy()
    kept_ids = [ids[i] for i in kept]
    _mend_invalid(metric, kept_ids, log)
    if not shapely.is_empty(shapely.coverage_invalid_edges(metric, gap_width=gap_m)).all():
        _cut_overlaps(metric, kept_ids, log)
    _close_gaps(metric, kept_ids, gap_m, log)
    changed = np.array([a is not b for a, b in zip(metric, before, strict=True)], dtype=bool)
    out = given.copy()
    out[kept[changed]] = _back(plane, metric[changed], before, given[kept])
    order: dict[str, int] = {c: i for i, c in enumerate(ids)}
    kinds = ("no_ground", "invalid", "overlap", "gap_filled", "gap_left")
    log.sort(key=lambda r: (kinds.index(r.what), order[r.cell_id], r.other_id, -r.area_km2))
    return _repaired(out, log, shown, gap_m)


def _repaired(geometry: GeometryArray, log: list[Repair], shown: str, gap_m: float) -> Repaired:
    names = [f.name for f in fields(Repair)]
    return Repaired(
        geometry=geometry,
        log=pd.DataFrame([astuple(row) for row in log], columns=names),
        problems=_problems(log, shown, gap_m),
    )


def polygonal(geometry: GeometryArray) -> GeometryArray:
    """The polygons of each geometry, as one Polygon or MultiPolygon, possibly empty."""
    kinds = shapely.get_type_id(geometry)
    mixed = np.flatnonzero((kinds != 3) & (kinds != 6))
    if not len(mixed):
        return geometry
    cleaned = geometry.copy()
    for i in mixed:
        parts = shapely.get_parts(shapely.get_parts(geometry[i]))
        parts = parts[shapely.get_type_id(parts) == shapely.GeometryType.POLYGON]
        cleaned[i] = parts[0] if len(parts) == 1 else shapely.multipolygons(parts)
    return cleaned


def made_valid(geometry: GeometryArray) -> GeometryArray:
    """Polygons with crossing outlines rebuilt; the others are the same objects."""
    bad = np.flatnonzero(~shapely.is_valid(geometry))
    if not len(bad):
        return geometry
    mended = geometry.copy()
    mended[bad] = polygonal(
        as_geometry(shapely.make_valid(geometry[bad], method="structure", keep_collapsed=False))
    )
    return mended


def _has_polygon(geometry: GeometryArray) -> BoolArray:
    kinds = shapely.get_type_id(geometry)
    found: BoolArray = np.isin(kinds, (3, 6)) & ~shapely.is_empty(geometry)
    return found


def _mend_invalid(metric: GeometryArray, ids: list[str], log: list[Repair]) -> None:
    mended = made_valid(metric)
    for i in np.flatnonzero(~shapely.is_valid(metric)):
        area_m2 = float(shapely.area(mended[i]))
        log.append(_row(ids[i], "invalid" if area_m2 > 0 else "no_ground", area_m2))
    metric[:] = mended


def _cut_overlaps(metric: GeometryArray, ids: list[str], log: list[Repair]) -> None:
    """Take every overlap from all cells but the smallest."""
    flagged = ~shapely.is_empty(shapely.coverage_invalid_edges(metric))
    one, two = _touching(metric, flagged)
    shared = shapely.intersection(metric[one], metric[two])
    shared_m2 = shapely.area(shared)
    real = shared_m2 > MIN_PIECE_M2
    real[real] = ~shapely.is_empty(shapely.buffer(polygonal(shared[real]), -_HAIR_M))
    one, two, shared_m2 = one[real], two[real], shared_m2[real]
    area = shapely.area(metric)
    loses: dict[int, list[int]] = {}
    for i, j, m2 in zip(one.tolist(), two.tolist(), shared_m2.tolist(), strict=True):
        keeper, loser = sorted((i, j), key=lambda k: (area[k], ids[k]))
        loses.setdefault(loser, []).append(keeper)
        log.append(_row(ids[loser], "overlap", m2, ids[keeper]))
    # Keepers as they came: what a keeper itself gives up goes to a smaller one, which the loser
    # overlaps there too.
    original = metric.copy()
    for loser, keepers in loses.items():
        rest = shapely.difference(original[loser], shapely.union_all(original[keepers]))
        metric[loser] = polygonal(as_geometry([rest]))[0]
        if shapely.area(metric[loser]) <= MIN_PIECE_M2:
            log.append(_row(ids[loser], "no_ground", 0.0, ids[keepers[0]]))


def _close_gaps(metric: GeometryArray, ids: list[str], gap_m: float, log: list[Repair]) -> None:
    """Fill narrow gaps between cells, report wide ones.

    Works on the union of the cells a hair wider than they are: borders drawn twice then overlap
    instead of nearly touching, which is what makes unions slow and brittle.
    """
    flagged = not shapely.is_empty(shapely.coverage_invalid_edges(metric, gap_width=gap_m)).all()
    ground = shapely.union_all(shapely.buffer(metric, _HAIR_M, join_style="mitre"))
    rings, owner = shapely.get_rings(shapely.get_parts(ground), return_index=True)
    # The first ring of a polygon is its outline, the others are its holes.
    holes = _real(shapely.polygons(rings[np.diff(owner, prepend=-1) == 0]))
    reach_m = gap_m / 2.0 - _HAIR_M
    narrow = shapely.is_empty(shapely.buffer(holes, -reach_m))
    tree = shapely.STRtree(metric)
    for hole in _in_order(holes[narrow]):
        cells, border_m = _borders(hole, metric, tree)
        if len(cells) > 1:
            _give(hole, cells, border_m, metric, ids, log)
    if flagged:
        closed = shapely.buffer(ground, reach_m, join_style="mitre")
        closed = shapely.buffer(closed, -reach_m, join_style="mitre")
        # Opened by half a hair: closing leaves a film around the whole outline, by rounding.
        gained = shapely.buffer(shapely.difference(closed, ground), -_HAIR_M / 2.0)
        gained = shapely.buffer(gained, _HAIR_M / 2.0, join_style="mitre")
        slits = _real(shapely.get_parts(gained))
        done, _ = shapely.STRtree(slits).query(holes[narrow], predicate="intersects")[::-1]
        for slit in _in_order(np.delete(slits, done)):
            cells, border_m = _borders(slit, metric, tree)
            if (border_m >= _SLIT_LENGTH * gap_m).sum() >= 2:
                _give(slit, cells, border_m, metric, ids, log)
    for hole in _in_order(holes[~narrow]):
        cells, border_m = _borders(hole, metric, tree)
        longest = _longest(cells, border_m, ids)
        whole = shapely.buffer(hole, _HAIR_M, join_style="mitre")
        log.append(_row(ids[longest], "gap_left", float(shapely.area(whole))))


def _real(pieces: GeometryArray) -> GeometryArray:
    """Those of `pieces` that are ground and not rounding."""
    wide = ~shapely.is_empty(shapely.buffer(pieces, -_HAIR_M))
    kept: GeometryArray = pieces[(shapely.area(pieces) > MIN_PIECE_M2) & wide]
    return kept


def _in_order(pieces: GeometryArray) -> GeometryArray:
    ordered: GeometryArray = pieces[np.lexsort(shapely.bounds(pieces).T[::-1])]
    return ordered


def _borders(
    piece: Any, metric: GeometryArray, tree: shapely.STRtree
) -> tuple[IntArray, FloatArray]:
    """Cells that touch `piece` and how many metres of border they have on it."""
    cells = np.sort(tree.query(piece, predicate="dwithin", distance=_TOUCH_M))
    rim = shapely.buffer(piece, _TOUCH_M)
    border_m = shapely.length(shapely.intersection(shapely.boundary(metric[cells]), rim))
    on_it = border_m > 2.0 * _TOUCH_M
    return cells[on_it].astype(np.int64), np.asarray(border_m[on_it], float)


def _longest(cells: IntArray, border_m: FloatArray, ids: list[str]) -> int:
    # Millimetres: two sides of a slit differ by rounding only.
    ranked = sorted(range(len(cells)), key=lambda k: (-round(float(border_m[k]), 3), ids[cells[k]]))
    return int(cells[ranked[0]])


def _give(
    piece: Any,
    cells: IntArray,
    border_m: FloatArray,
    metric: GeometryArray,
    ids: list[str],
    log: list[Repair],
) -> None:
    """Add `piece` to the cell with the longest border on it; the others keep their borders."""
    taker = _longest(cells, border_m, ids)
    others = shapely.union_all(metric[cells[cells != taker]])
    # A hair wider than the piece, so that the two sides join although vertices were rounded.
    joined = shapely.union(metric[taker], shapely.buffer(piece, _TOUCH_M, join_style="mitre"))
    grown = polygonal(as_geometry([shapely.difference(joined, others)]))[0]
    gained_m2 = float(shapely.area(grown) - shapely.area(metric[taker]))
    log.append(_row(ids[taker], "gap_filled", gained_m2))
    metric[taker] = grown


def _touching(metric: GeometryArray, flagged: BoolArray) -> tuple[IntArray, IntArray]:
    """Pairs i < j of intersecting cells of which at least one is flagged, sorted."""
    tree = shapely.STRtree(metric)
    rows = np.flatnonzero(flagged)
    if not len(rows):
        return np.zeros(0, np.int64), np.zeros(0, np.int64)
    near, found = tree.query(metric[rows], predicate="intersects")
    pairs = np.sort(np.column_stack([rows[near], found]), axis=1)
    pairs = np.unique(pairs[pairs[:, 0] != pairs[:, 1]], axis=0)
    return pairs[:, 0].astype(np.int64), pairs[:, 1].astype(np.int64)


def _back(
    plane: Plane, changed: GeometryArray, before: GeometryArray, given: GeometryArray
) -> GeometryArray:
    """Changed cells in WGS84; vertices that came in go out to the last digit as they came in."""
    if not len(changed):
        return changed
    old = shapely.get_coordinates(before) @ np.array([1.0, 1.0j])
    degrees = shapely.get_coordinates(given)
    order = np.argsort(old, kind="stable")
    new = shapely.get_coordinates(changed) @ np.array([1.0, 1.0j])
    at = order[np.minimum(np.searchsorted(old[order], new), len(old) - 1)]
    same = old[at] == new
    out = shapely.get_coordinates(plane.unproject(changed))
    out[same] = degrees[at[same]]
    # What is valid in metres may cross itself by the last digit in degrees.
    return made_valid(shapely.set_coordinates(changed.copy(), out))


def _row(cell_id: str, what: Fault, area_m2: float, other_id: str = "") -> Repair:
    return Repair(cell_id=cell_id, what=what, area_km2=area_m2 / 1e6, other_id=other_id)


def _problems(log: list[Repair], shown: str, gap_m: float) -> tuple[Problem, ...]:
    said: dict[str, tuple[str, str]] = {
        "no_ground": (
            "a polygon with ground of its own for every cell: {n} have none ({cells})",
            "draw the cell, or delete its row and its alerts",
        ),
        "invalid": (
            "outlines that do not cross themselves: {n} were rebuilt ({cells})",
            "check them on the map, or mend them in a GIS",
        ),
        "overlap": (
            "cells that do not overlap: {n} overlaps of {area} together went to the "
            "smaller cell ({cells})",
            "see the repair log; mend the borders in a GIS if it is wrong",
        ),
        "gap_filled": (
            "cells without gaps between them: {n} gaps narrower than {gap:g} m, {area} "
            "together, went to a neighbour ({cells})",
            "see the repair log; mend the borders in a GIS if it is wrong",
        ),
        "gap_left": (
            "a cell for all ground inside the county: {n} gaps of {area} together belong "
            "to none and stay so (at {cells})",
            "draw the missing cells unless it is a lake or another county's ground",
        ),
    }
    problems = []
    for what, (expected, fix) in said.items():
        rows = sorted(
            (r for r in log if r.what == what), key=lambda r: (-r.area_km2, r.cell_id, r.other_id)
        )
        if not rows:
            continue
        names = [f"{r.cell_id}→{r.other_id}" if r.other_id else r.cell_id for r in rows]
        problems.append(
            Problem(
                where=shown,
                expected=expected,
                fix=fix,
                params={
                    "n": len(rows),
                    "area": _area_text(sum(r.area_km2 for r in rows)),
                    "gap": gap_m,
                    "cells": "、".join(names[:5]) + ("…" if len(names) > 5 else ""),
                },
                severity="error" if what == "no_ground" else "warning",
            )
        )
    return tuple(problems)


def _area_text(area_km2: float) -> str:
    return f"{area_km2 * 1e6:.0f} m²" if area_km2 < 0.01 else f"{area_km2:.2f} km²"
