"""From a case's files to a County: read every layer, check one against another, build the roads.

All problems of all files are gathered and raised together; nothing is dropped without a record.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from geo import boundaries, modelled_roads, osm, roads
from geo.alerts import AlertRates, alert_rates, datum_shift_warning
from geo.columns import Schema
from geo.faults import Reason
from geo.network import RoadNetwork
from geo.readers import QualityRow, Table, describe_quality, read_table
from geo.road_cache import CACHE_FOLDER
from geo.road_cover import cover_problems
from geo.routing import Router, router
from optimizer.county import GIVEN, MODELLED, County, Provenance
from optimizer.errors import Problem
from optimizer.frozen import FloatArray, IntArray
from optimizer.policy import Policy
from scenarios import layers
from scenarios.build import build_county
from scenarios.case import CASE_FILE, Case
from scenarios.cross_checks import (
    check_cells,
    check_good_rows,
    check_road_duty,
    check_seats,
    check_squads,
    check_stations,
    check_units,
    join_attributes,
)
from scenarios.months import month_shares
from scenarios.notes import Notes, StagedError
from scenarios.scenario import Override, Scenario
from scenarios.schema import Layer, RoadLayer

RATE_PREFIX = "alerts_per_year"
_NO_STATION = Reason(
    expected="a cell of some station; layers.cells.no_station in {file} says this one has none",
    params={"file": CASE_FILE},
)


NewLines = tuple[tuple[str, Any], ...]
"""Name and LineString in WGS84 of each new road."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadedCase:
    """A case as the optimizer and the maps need it.

    Attributes:
        case: The opened case.
        policy: Policy of the scenario it was loaded for.
        county: The county.
        cell_geometry: Cell polygons in WGS84 after repair, shape (C,); None where only points
            are known.
        outline: County outline in WGS84, or None.
        network: The roads, as drawn.
        router: The same, ready to be driven.
        warnings: What a planner should know before trusting the plan.
        road_table: The road layer as read, for names; None where roads are modelled.
        month_share_fraction: Share of each category's alerts in each month, shape (K, 12); None
            where the case does not say.
        scenario: The scenario whose world this is; None as read.
        overrides: What it changes, in order.
        new_lines: Roads that it adds.
    """

    case: Case
    policy: Policy
    county: County
    cell_geometry: NDArray[Any] | None
    outline: Any
    network: RoadNetwork
    router: Router
    warnings: tuple[Problem, ...]
    road_table: Table | None = None
    month_share_fraction: FloatArray | None = None
    scenario: Scenario | None = None
    overrides: tuple[Override, ...] = ()
    new_lines: NewLines = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Inspection:
    """What reading a case turned up, whether or not it can be run.

    Attributes:
        problems: Errors and warnings of all files.
        quality: One row per file for the data-quality sheet.
        quarantined: Rows set aside, with reasons, by layer.
        repairs: Log of mended polygons: cell_id, what, area_km2.
        loaded: The case, or None where there are errors.
    """

    problems: tuple[Problem, ...]
    quality: tuple[QualityRow, ...]
    quarantined: Mapping[str, pd.DataFrame]
    repairs: pd.DataFrame
    loaded: LoadedCase | None


def inspect(case: Case, policy: Policy) -> Inspection:
    """Read and check every layer of `case`; problems are gathered, not raised.

    Args:
        case: The opened case.
        policy: Speeds and rules that turn roads into minutes.
    """
    notes = Notes()
    loaded = None
    # A stage that finds errors stops those that build on it; what was found stays in the notes.
    with suppress(StagedError):
        loaded = _load(case, policy, notes)
    quality = tuple(
        replace(describe_quality(t), out_of_county=notes.outside.get(name, 0))
        for name, t in notes.tables.items()
    )
    return Inspection(
        problems=tuple(notes.problems),
        quality=quality,
        quarantined=notes.quarantined,
        repairs=notes.repairs,
        loaded=loaded,
    )


def _load(case: Case, policy: Policy, notes: Notes) -> LoadedCase:
    _read_all(case, notes)
    tables = notes.tables
    if notes.has_errors():
        notes.add(check_good_rows(tables, case.spec.layers.cells.no_station))
    notes.stop_on_errors()
    if "cell_attributes" in tables:
        tables["cells"], found = join_attributes(tables["cells"], tables["cell_attributes"])
        notes.add(found)
        notes.stop_on_errors()
    _drop_cells_of_no_station(case, notes)
    stations, cells = tables["stations"], tables["cells"]
    notes.add(check_stations(stations))
    notes.add(check_cells(cells, stations))
    if "squads" in tables:
        notes.add(check_squads(tables["squads"], stations))
    if "units" in tables:
        notes.add(check_units(tables["units"], stations))
    notes.stop_on_errors()

    geometry = _geometry(notes)
    seats = stations.frame[stations.frame["lon_deg"].notna()]
    if geometry is not None:
        notes.add(check_seats(stations, seats, geometry))
        notes.add(_shift_warning(stations, cells, geometry))
    rates = _rates(case, geometry, notes)
    notes.stop_on_errors()
    assert rates is not None

    network = _network(case, policy, notes)
    notes.stop_on_errors()
    ready = router(network)
    county = build_county(case, policy, geometry, rates, network, notes, ready)
    notes.add(check_road_duty(county, policy))
    outline = boundaries.union(tables["boundary"].geometry) if "boundary" in tables else None
    return LoadedCase(
        case=case,
        policy=policy,
        county=county,
        cell_geometry=geometry,
        outline=outline,
        network=network,
        router=ready,
        warnings=tuple(notes.problems),
        road_table=tables.get("roads"),
        month_share_fraction=month_shares(
            county.categories, case.spec.alert_rhythm, tables.get("alerts")
        ),
    )


def _read_all(case: Case, notes: Notes) -> None:
    spec = case.spec.layers
    wanted: list[tuple[Layer | None, Schema, bool]] = [
        (
            spec.stations,
            layers.STATIONS if spec.stations.seat == "given" else layers.STATIONS_WITHOUT_SEATS,
            True,
        ),
        (spec.cells, layers.CELL_BOUNDARIES if spec.cells.attributes else layers.CELLS, True),
        (spec.cells.attributes, layers.CELL_ATTRIBUTES, True),
        (spec.squads, layers.SQUADS, True),
        (spec.units, layers.UNITS, True),
        (spec.boundary, layers.BOUNDARY, True),
        (spec.alerts, layers.ALERTS, False),
        (_road_table(spec.roads), layers.ROADS_SCHEMA, False),
    ]
    for layer, schema, strict in wanted:
        if layer is None:
            continue
        table = read_table(layers.layer_source(case, layer, schema, strict=strict), schema)
        notes.tables[schema.layer] = table
        notes.add(table.problems)
        notes.set_aside(schema.layer, table.quarantined)
        if layer.origin == MODELLED:
            notes.modelled(
                schema.layer, f"{CASE_FILE} 中写明为推算 / said to be modelled in {CASE_FILE}"
            )
        else:
            notes.provenance.append(Provenance(item=schema.layer, origin=GIVEN, note=layer.path))


def _road_table(roads: RoadLayer | Literal["modelled"]) -> RoadLayer | None:
    """The road layer if it is read as a table."""
    return None if roads == "modelled" or osm.is_osm(roads.path) else roads


def _drop_cells_of_no_station(case: Case, notes: Notes) -> None:
    """Quarantine the cells that the case declares to be of no station."""
    cells = notes.tables["cells"]
    none = set(case.spec.layers.cells.no_station)
    away = cells.frame["station_id"].isin(none)
    if not none or not away.any():
        return
    gone = cells.frame[away]
    reasons = pd.DataFrame(
        {
            "row": gone["row"].to_numpy(),
            "column": "station_id",
            "value": gone["station_id"].to_numpy(),
            "reason": [_NO_STATION] * len(gone),
        }
    )
    notes.set_aside("cells", reasons)
    rate_columns = [c for c in cells.frame.columns if c.startswith(RATE_PREFIX)]
    lost = float(gone[rate_columns].sum().sum()) if rate_columns else 0.0
    notes.outside["cells"] = int(away.sum())
    notes.problems.append(
        Problem(
            where=cells.source.shown,
            column="station_id",
            value=str(int(away.sum())),
            expected="every cell to have a station; these are set aside with {alerts} alerts",
            fix="`jingli validate CASE --out FOLDER` lists them in quarantine.csv",
            params={"alerts": f"{lost:,.0f}"},
            severity="warning",
        )
    )
    keep = (~away).to_numpy()
    notes.tables["cells"] = replace(
        cells,
        frame=cells.frame[keep].reset_index(drop=True),
        geometry=None if cells.geometry is None else cells.geometry[keep],
    )


def _geometry(notes: Notes) -> NDArray[Any] | None:
    """Repaired cell polygons, or None where the layer has only points."""
    cells = notes.tables["cells"]
    if cells.geometry is None or not boundaries.are_polygons(cells.geometry):
        return None
    repaired = boundaries.repair_cells(
        cells.geometry, cells.frame["cell_id"].tolist(), shown=cells.source.shown
    )
    notes.add(repaired.problems)
    notes.repairs = repaired.log
    return repaired.geometry


def _shift_warning(stations: Table, cells: Table, geometry: NDArray[Any]) -> tuple[Problem, ...]:
    """Whether the seats fit their own jurisdictions only when read as GCJ-02."""
    seats = stations.frame[stations.frame["lon_deg"].notna()]
    own = cells.frame["station_id"].to_numpy(object)
    found = datum_shift_warning(
        seats["lon_deg"].to_numpy(float),
        seats["lat_deg"].to_numpy(float),
        np.array([boundaries.union(geometry[own == s]) for s in seats["station_id"]], object),
        np.arange(len(seats)),
        shown=stations.source.shown,
        declared=stations.source.crs,
    )
    return () if found is None else (found,)


def _rates(case: Case, geometry: NDArray[Any] | None, notes: Notes) -> AlertRates | None:
    """Alert rates per cell and category, from the log if there is one, else from the cells."""
    tables, cells = notes.tables, notes.tables["cells"]
    frame = cells.frame
    columns = [c for c in frame.columns if c.startswith(RATE_PREFIX)]
    if "alerts" in tables:
        rates = alert_rates(
            tables["alerts"],
            frame["cell_id"].tolist(),
            geometry,
            frame["lon_deg"].to_numpy(float),
            frame["lat_deg"].to_numpy(float),
        )
        notes.add(rates.problems)
        notes.outside["alerts"] = rates.outside
        notes.set_aside("alerts", rates.quarantined)
        if columns:
            notes.problems.append(
                cells.problem(
                    expected="alerts from one source: the log counts, these rates are not used",
                    fix="take the columns out, or the alerts layer",
                    column=columns[0],
                    severity="warning",
                )
            )
        return rates
    per_year = frame[columns].fillna(0.0).to_numpy(float) if columns else np.zeros((len(frame), 0))
    if per_year.sum() <= 0:
        notes.problems.append(
            Problem(
                where=cells.source.shown,
                column=RATE_PREFIX,
                value="0",
                expected="at least one alert",
                fix="add alerts_per_year_<category> columns, or an alerts layer",
            )
        )
        return None
    categories = tuple(c.removeprefix(RATE_PREFIX).strip("_") or "all" for c in columns)
    names, hours, shares = _rhythm(case, categories, notes)
    return AlertRates(
        categories=categories,
        alerts_per_year=per_year * (365.0 / case.spec.layers.cells.rate_period_days),
        period_names=names,
        period_hours=hours,
        period_share_fraction=shares,
        years=case.spec.layers.cells.rate_period_days / 365.0,
        outside=0,
        problems=(),
        quarantined=pd.DataFrame(columns=["row", "column", "value", "reason"]),
    )


def _rhythm(
    case: Case, categories: tuple[str, ...], notes: Notes
) -> tuple[tuple[str, ...], FloatArray, FloatArray]:
    rhythm = case.spec.alert_rhythm
    if rhythm is None:
        notes.modelled(
            "alerts.rhythm",
            "没有警情记录和时段分布：按全天平均 / no alert log, no alert_rhythm: even over the day",
        )
        return ("00-24",), np.array([24.0]), np.ones((len(categories), 1))
    hours = np.array([p.hours for p in rhythm.periods])
    even = tuple((hours / 24.0).tolist())
    fallback = rhythm.share_fraction.get("other", even)
    shares = np.array([rhythm.share_fraction.get(c, fallback) for c in categories], dtype=float)
    shares /= shares.sum(axis=1, keepdims=True)
    return tuple(p.name for p in rhythm.periods), hours, shares


def _network(case: Case, policy: Policy, notes: Notes) -> RoadNetwork:
    spec, tables = case.spec.layers.roads, notes.tables
    if spec == "modelled":
        notes.modelled(
            "roads",
            "Gabriel 图连接各点，计绕行系数，按道路等级取车速 / "
            "Gabriel graph on the places, detour factor and class speeds",
        )
        stations, cells = tables["stations"].frame, tables["cells"].frame
        seated = stations[stations["lon_deg"].notna()]
        return modelled_roads.modelled_roads(
            np.concatenate([seated["lon_deg"], cells["lon_deg"]]).astype(float),
            np.concatenate([seated["lat_deg"], cells["lat_deg"]]).astype(float),
            _ranks(seated, cells),
            policy.roads,
        )
    if osm.is_osm(spec.path):
        network = _osm_network(case, spec, policy, notes)
    else:
        network, found = roads.roads_from_table(
            tables["roads"], policy.roads, oneway=spec.oneway, join=spec.join, merge_m=spec.merge_m
        )
        notes.add(found)
    notes.stop_on_errors()
    frames = (tables["stations"].frame, tables["cells"].frame)
    places = pd.concat([f[["lon_deg", "lat_deg"]].astype(float) for f in frames])
    named = np.concatenate([frames[0]["name"], frames[1]["cell_id"]])
    known = places["lon_deg"].notna().to_numpy()
    notes.add(
        cover_problems(
            spec.path,
            network.node_lon_deg,
            network.node_lat_deg,
            named[known].tolist(),
            places["lon_deg"].to_numpy()[known],
            places["lat_deg"].to_numpy()[known],
        )
    )
    return network


def _osm_network(case: Case, spec: RoadLayer, policy: Policy, notes: Notes) -> RoadNetwork:
    """Roads of an OpenStreetMap file, from the cache beside the case where it has them.

    Raises:
        StagedError: the file cannot be used; the problems are in `notes`.
    """
    graph, found = osm.read_osm_roads(
        case.layer_path(spec),
        spec.path,
        policy.roads,
        osm.OsmOptions(
            oneway=spec.oneway,
            maxspeed=spec.maxspeed,
            ferries=spec.ferries,
            turn_restrictions=spec.turn_restrictions,
        ),
        cache=case.folder / CACHE_FOLDER,
    )
    notes.add(found)
    notes.stop_on_errors()
    assert graph is not None, "without a graph there is an error"
    if spec.origin == MODELLED:
        notes.modelled("roads", f"{spec.path}: origin in {CASE_FILE}")
    else:
        credit = f"{spec.path} (© OpenStreetMap contributors, ODbL)"
        notes.provenance.append(Provenance(item="roads", origin=GIVEN, note=credit))
    return graph.network()


def _ranks(stations: pd.DataFrame, cells: pd.DataFrame) -> IntArray:
    """0 for the county seat (the town station with most alerts or residents), 1 seat, 2 cell."""
    columns = [c for c in cells.columns if c.startswith(RATE_PREFIX)] or ["population"]
    size = cells[columns].sum(axis=1).groupby(cells["station_id"]).sum()
    weight = stations["station_id"].map(size).fillna(0.0).to_numpy(float)
    urban = (stations["kind"] == "urban").to_numpy()
    rank = np.ones(len(stations), dtype=np.int64)
    if len(stations):
        rank[int(np.argmax(np.where(urban, weight + weight.max() + 1.0, weight)))] = 0
    return np.concatenate([rank, np.full(len(cells), 2, dtype=np.int64)])
