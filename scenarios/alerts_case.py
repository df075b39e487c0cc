"""The alerts of a case, read once and kept: what every analysis of alerts opens."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import shapely
from scipy.spatial import cKDTree

from geo.alert_ingest import Ingested, Watch, ingest
from geo.alert_ingest_aside import SetAside
from geo.alert_ingest_batches import Log
from geo.alert_ingest_checks import is_double, is_of_no_use, placed_shares, warnings_of
from geo.alert_ingest_kept import CACHE_FOLDER, kept_key, load, store
from geo.alert_ingest_names import gazetteer
from geo.alert_ingest_rows import FAR, OUTSIDE, World
from geo.alert_table import AlertTable
from geo.alert_warnings import strange_codes
from geo.boundaries import point_adjacency
from geo.cell_raster import CellFinder
from geo.columns import Column, Schema
from geo.crs import local_crs
from geo.place_key import case_salt
from geo.plane import GeometryArray, pair_km, plane_at
from geo.readers import QualityRow, Table, read_table
from optimizer.county import GIVEN, MODELLED, Provenance
from optimizer.errors import InputError, Problem
from optimizer.frozen import FloatArray, IntArray, digest
from scenarios import layers
from scenarios.alert_layer import ALERT_LOG, alert_sources, categories_of, listed_categories
from scenarios.case import Case

if TYPE_CHECKING:
    from scenarios.load import LoadedCase

Progress = Callable[[str], None]

_NAMES = Schema(
    layer="cells",
    columns=(
        Column(
            name="cell_id", kind="id", required=True, aliases=("单元编号", "编号", "村编号", "id")
        ),
        Column(name="name", kind="text", aliases=("名称", "村名", "社区名称", "村社区名称")),
    ),
)
_BY_NAME = ("place_name", "address", "township")
_NO_ROUND_S = 1.0


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Alerts:
    """The alerts of a case, and what became of the rows that are not among them.

    Attributes:
        table: The alerts.
        rows_read: Rows of data in all files.
        quarantined: Rows set aside, by reason (English template).
        problems: Warnings.
        provenance: Where they come from.
        aside: Rows set aside with their lines; None where nobody asked.
        placed: Share of the alerts by how they got their cell.
        unknown: Rows of each code that the category mapping does not hold.
        was_kept: Opened from what an earlier reading kept.
    """

    table: AlertTable
    rows_read: int
    quarantined: Mapping[str, int]
    problems: tuple[Problem, ...]
    provenance: tuple[Provenance, ...]
    aside: SetAside | None = None
    placed: Mapping[str, float] = field(default_factory=dict)
    unknown: Mapping[str, int] = field(default_factory=dict)
    was_kept: bool = False


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Ground:
    """The cells and stations that alerts are placed among. C cells, S stations.

    Attributes:
        cell_id, township: Of each cell.
        geometry: Polygons in WGS84, shape (C,), or None where cells are points.
        lon_deg, lat_deg, population: Shape (C,).
        station: Row of each cell's station, shape (C,).
        station_name: Of each station.
        seat_lon_deg, seat_lat_deg: Shape (S,).
    """

    cell_id: tuple[str, ...]
    township: tuple[str, ...]
    geometry: GeometryArray | None
    lon_deg: FloatArray
    lat_deg: FloatArray
    population: FloatArray
    station: IntArray
    station_name: tuple[str, ...]
    seat_lon_deg: FloatArray
    seat_lat_deg: FloatArray


def open_alerts(
    loaded: LoadedCase,
    progress: Progress | None = None,
    *,
    watch: Watch | None = None,
    anew: bool = False,
) -> Alerts:
    """The alert log of a case, placed in its cells; read once, then kept beside the case.

    Args:
        loaded: The case.
        progress: Called with what is being done, for a planner to see.
        watch: Called with the file, what is read of it, of how much, and the rows so far.
        anew: Read again whatever is kept.

    Raises:
        InputError: the case has no log, or most of it cannot be used.
    """
    county = loaded.county
    ground = Ground(
        cell_id=county.cells.cell_id,
        township=county.cells.township,
        geometry=loaded.cell_geometry,
        lon_deg=county.cells.lon_deg,
        lat_deg=county.cells.lat_deg,
        population=county.cells.population,
        station=county.cells.station,
        station_name=county.stations.name,
        seat_lon_deg=county.stations.lon_deg,
        seat_lat_deg=county.stations.lat_deg,
    )
    if progress is not None:
        progress("reading")
        if watch is None:
            watch = told(progress)
    return read_alerts(loaded.case, ground, watch=watch, anew=anew)


def ground_of_tables(cells: Table, stations: Table, geometry: GeometryArray | None) -> Ground:
    """The same cells and stations while the case is still being read.

    Args:
        cells: The cell layer.
        stations: The station layer.
        geometry: Polygons in WGS84 after repair, shape (C,), or None.
    """
    frame, seats = cells.frame, stations.frame
    row = {s: i for i, s in enumerate(seats["station_id"])}
    nothing = np.zeros(len(frame))
    station = np.array([row[s] for s in frame["station_id"]], np.int64)
    own = seats["name"].to_numpy(object)[station]
    township = (
        frame["township"].fillna(pd.Series(own, index=frame.index)) if "township" in frame else own
    )
    return Ground(
        cell_id=tuple(frame["cell_id"]),
        township=tuple(township),
        geometry=geometry,
        lon_deg=frame["lon_deg"].to_numpy(float),
        lat_deg=frame["lat_deg"].to_numpy(float),
        population=frame["population"].fillna(0.0).to_numpy(float)
        if "population" in frame
        else nothing,
        station=station,
        station_name=tuple(seats["name"]),
        seat_lon_deg=seats["lon_deg"].to_numpy(float),
        seat_lat_deg=seats["lat_deg"].to_numpy(float),
    )


def quality_of(alerts: Alerts) -> tuple[QualityRow, pd.DataFrame]:
    """Its row of the data-quality sheet, and its rows set aside with file, value and reason.

    The value is told for the first rows of each reason; for the others the file has it.
    """
    aside, files = alerts.aside, alerts.table.files
    reasons = () if aside is None else aside.reasons
    quality = QualityRow(
        layer=ALERT_LOG.layer,
        file=", ".join(files),
        rows_read=alerts.rows_read,
        rows_kept=len(alerts.table),
        rows_quarantined=alerts.rows_read - len(alerts.table),
        duplicates=sum(r.count for r in reasons if is_double(r.reason.expected)),
        missing={},
        out_of_county=sum(alerts.quarantined.get(reason, 0) for reason in (OUTSIDE, FAR)),
    )
    columns = ["row", "column", "value", "reason"]
    if aside is None or not reasons:
        return quality, pd.DataFrame(columns=columns)
    said = {(k, e.file, e.row): e.value for k, r in enumerate(reasons) for e in r.examples}
    shown = files if len(files) > 1 else ("",)
    values = [
        f"{shown[f]}: {said.get((k, f, row), '')}".strip(": ")
        for k, f, row in zip(
            aside.reason.tolist(), aside.file.tolist(), aside.row.tolist(), strict=True
        )
    ]
    told = np.empty(len(reasons), dtype=object)
    told[:] = [r.reason for r in reasons]
    headers = np.array([r.column for r in reasons], dtype=object)
    frame = pd.DataFrame(
        {
            "row": np.asarray(aside.row),
            "column": headers[aside.reason],
            "value": pd.Series(values, dtype=object),
            "reason": told[aside.reason],
        }
    )
    return quality, frame


def read_alerts(
    case: Case, ground: Ground, *, watch: Watch | None = None, anew: bool = False
) -> Alerts:
    """The alert log of a case, placed among some cells.

    Args:
        case: The case.
        ground: The cells.
        watch: As in `open_alerts`.
        anew: Read again whatever is kept.

    Raises:
        InputError: as in `open_alerts`.
    """
    rules = case.spec.alert_rules.ingest
    logs = _opened(case, rules.clock_offset_hours)
    categories = categories_of(case, rules)
    named = any(c.name in _BY_NAME for log in logs for c in log.match.columns)
    names = _cell_names(case) if named else {}
    folder = case.folder / CACHE_FOLDER
    salt = case_salt(folder)
    listed = listed_categories(case)
    key = _key(logs, ground, names, salt, [rules.model_dump(), categories, sorted(listed)])
    kept = None if anew or key is None else load(folder, key)
    if kept is not None:
        return _alerts(*kept, was_kept=True)
    world = _world(ground, names)
    found = ingest(logs, ALERT_LOG, world, rules, categories, salt, watch, folder)
    useless = is_of_no_use(found, world)
    if useless:
        raise InputError(useless)
    seats = zip(
        ground.station_name,
        ground.seat_lon_deg.tolist(),
        ground.seat_lat_deg.tolist(),
        strict=True,
    )
    if categories.known is not None:
        # The mapping is the list, and says what becomes of other codes.
        listed = frozenset()
    table = found.table
    counts = np.bincount(table.category, minlength=len(table.categories)).tolist()
    by_code = dict(zip(table.categories, counts, strict=True))
    odd = strange_codes(by_code, listed, ", ".join(table.files))
    warnings = (*warnings_of(found, world, rules, seats), *odd)
    if key is not None and store(folder, key, found, warnings):
        # From the disk again: what was read need not stay in memory.
        kept = load(folder, key)
        if kept is not None:
            return replace(_alerts(*kept, was_kept=False))
    return _alerts(found, warnings, was_kept=False)


def _opened(case: Case, clock_offset_hours: float) -> list[Log]:
    """All files of the layer; the problems of all of them at once."""
    logs, problems = [], list[Problem]()
    for source in alert_sources(case):
        try:
            log = source.open(clock_offset_hours)
        except InputError as error:
            problems += error.problems
            continue
        problems += [p for p in log.match.problems if p.severity == "error"]
        logs.append(log)
    if problems:
        raise InputError(problems)
    return logs


def _key(
    logs: Sequence[Log], ground: Ground, names: Mapping[str, str], salt: str, settings: object
) -> str | None:
    """Digest of all that shapes the table; None where the content of some log is not known."""
    if any(log.key is None for log in logs):
        return None
    shapes = None
    if ground.geometry is not None:
        shapes = [bytes(b) for b in shapely.to_wkb(ground.geometry)]
    return kept_key(
        {
            "logs": [
                [
                    log.key,
                    log.source.shown,
                    log.source.crs,
                    log.source.sheet,
                    dict(log.match.header),
                ]
                for log in logs
            ],
            "cells": [ground.cell_id, shapes, ground.lon_deg, ground.lat_deg, ground.population],
            "names": [names, ground.township, ground.station, ground.station_name],
            "salt": digest(salt),
            "settings": settings,
        }
    )


def _world(ground: Ground, names: Mapping[str, str]) -> World:
    rows = range(len(ground.cell_id))
    return World(
        cell_id=ground.cell_id,
        geometry=ground.geometry,
        lon_deg=ground.lon_deg,
        lat_deg=ground.lat_deg,
        population=ground.population,
        crs=local_crs(ground.lon_deg, ground.lat_deg),
        names=gazetteer(
            [(i, names[c]) for i, c in enumerate(ground.cell_id) if c in names],
            list(zip(rows, ground.township, strict=True)),
            [(i, ground.station_name[s]) for i, s in enumerate(ground.station.tolist())],
        ),
        reach=_nearest(ground.lon_deg, ground.lat_deg)
        if ground.geometry is None
        else CellFinder(ground.geometry).locate,
    )


def _nearest(
    cell_lon_deg: FloatArray, cell_lat_deg: FloatArray
) -> Callable[[FloatArray, FloatArray], IntArray]:
    """Finds the nearest cell, no further than the longest distance between neighbours."""
    pairs = point_adjacency(cell_lon_deg, cell_lat_deg)
    reach_m = 1000.0 * float(pair_km(cell_lon_deg, cell_lat_deg, pairs).max(initial=0.0) or np.inf)
    plane = plane_at(cell_lon_deg, cell_lat_deg)
    tree = cKDTree(np.column_stack(plane.xy(cell_lon_deg, cell_lat_deg)))

    def reach(lon_deg: FloatArray, lat_deg: FloatArray) -> IntArray:
        gap_m, nearest = tree.query(np.column_stack(plane.xy(lon_deg, lat_deg)))
        return np.where(gap_m <= reach_m, nearest, -1).astype(np.int64)

    return reach


def _cell_names(case: Case) -> Mapping[str, str]:
    """Names of the cells, where the cell layer or its second file has any."""
    spec = case.spec.layers.cells
    for layer in (spec, spec.attributes):
        if layer is None:
            continue
        columns = {k: v for k, v in layer.columns.items() if k in ("cell_id", "name")}
        source = layers.layer_source(case, layer, _NAMES, strict=False)
        frame = read_table(replace(source, columns=columns), _NAMES).frame
        if "name" in frame and frame["name"].notna().any():
            named = frame[frame["name"].notna()]
            return dict(zip(named["cell_id"].astype(str), named["name"].astype(str), strict=True))
    return {}


def _alerts(found: Ingested, warnings: Iterable[Problem], *, was_kept: bool) -> Alerts:
    quarantined: dict[str, int] = {}
    for reason in found.aside.reasons:
        said = reason.reason.expected
        quarantined[said] = quarantined.get(said, 0) + reason.count
    placed = placed_shares(found.table)
    files = ", ".join(found.table.files)
    provenance = [Provenance(item="alerts", origin=GIVEN, note=files)]
    if placed["township"]:
        provenance.append(
            Provenance(
                item="alerts.cell",
                origin=MODELLED,
                note=f"{placed['township']:.1%}: 按所属乡镇或派出所其他警情的分布摊到各单元 / "
                "spread over the cells of their township or station as its other alerts lie",
            )
        )
    return Alerts(
        table=found.table,
        rows_read=found.rows_read,
        quarantined=quarantined,
        problems=(*found.problems, *warnings),
        provenance=tuple(provenance),
        aside=found.aside,
        placed=placed,
        unknown=found.unknown,
        was_kept=was_kept,
    )


def told(progress: Progress) -> Watch:
    """Says how far the reading is and how long it will take, in no language."""
    start = time.monotonic()

    def watch(shown: str, read: int, size: int, rows: int) -> None:
        done = min(read / max(size, 1), 1.0)
        took = time.monotonic() - start
        left = "" if took < _NO_ROUND_S or not done else f"  < {took * (1 - done) / done:.0f} s"
        progress(f"{shown}  {done:.0%}  {rows:,}{left}")

    return watch
