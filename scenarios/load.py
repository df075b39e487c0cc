"""From a case's files to a County: read every layer, check one against another, build the roads.

All problems of all files are gathered and raised together; nothing is dropped without a record.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from geo import boundaries, modelled_roads, osm, road_layer
from geo.accesses import Split
from geo.alerts import datum_shift_warning
from geo.barriers import Barriers
from geo.columns import Schema
from geo.faults import Reason
from geo.ferries import ferries, without_ferries
from geo.readers import QualityRow, Table, describe_quality, read_table
from geo.road_cache import CACHE_FOLDER
from geo.road_cover import cover_problems
from geo.road_facts import RoadFacts
from geo.road_graph import RoadGraph
from geo.road_marks import RoadMark
from geo.routing import Router, router
from optimizer.county import GIVEN, MODELLED, County, Provenance
from optimizer.errors import Problem
from optimizer.frozen import FloatArray, IntArray
from optimizer.policy import Policy
from scenarios import layers
from scenarios.alert_layer import is_ingested
from scenarios.barriers import BARRIERS, barriers_of, with_barriers
from scenarios.build import build_county
from scenarios.case import CASE_FILE, Case
from scenarios.credits import OSM_CREDIT
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
from scenarios.load_rates import RATE_PREFIX, read_rates
from scenarios.months import month_shares
from scenarios.notes import Notes, StagedError
from scenarios.road_assets import RoadAssets, road_assets_of
from scenarios.scenario import Override, Scenario
from scenarios.schema import Layer, RoadLayer

if TYPE_CHECKING:
    from optimizer.forecast import Forecast

_NO_STATION = Reason(
    expected="a cell of some station; layers.cells.no_station in {file} says this one has none",
    params={"file": CASE_FILE},
)


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
        network: The roads, with those that the scenario closes.
        router: The same, ready to be driven: what is closed is, what is slower is.
        warnings: What a planner should know before trusting the plan.
        month_share_fraction: Share of each category's alerts in each month, shape (K, 12); None
            where the case does not say.
        scenario: The scenario whose world this is; None as read.
        overrides: What it changes, in order.
        split: How the streets of the case became those of the scenario; None where they are the
            same.
        road_marks: What the scenario changes on the roads, for maps.
        barriers: What parts neighbours, and where it can be crossed.
        with_ferries: The roads with the ferries of their file, whether or not they run; None where
            the file has none.
        road_assets: Equipment of the squads and checkpoints, which no decision reads.
        forecast: The forecast that the rates are, where the case asks for it; else None.
    """

    case: Case
    policy: Policy
    county: County
    cell_geometry: NDArray[Any] | None
    outline: Any
    network: RoadGraph
    router: Router
    warnings: tuple[Problem, ...]
    month_share_fraction: FloatArray | None = None
    scenario: Scenario | None = None
    overrides: tuple[Override, ...] = ()
    split: Split | None = None
    road_marks: tuple[RoadMark, ...] = ()
    barriers: Barriers = field(default_factory=Barriers.none)
    with_ferries: RoadGraph | None = None
    road_assets: RoadAssets = field(default_factory=RoadAssets)
    forecast: Forecast | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Inspection:
    """What reading a case turned up, whether or not it can be run.

    Attributes:
        problems: Errors and warnings of all files.
        quality: One row per file for the data-quality sheet.
        quarantined: Rows set aside, with reasons, by layer.
        repairs: Log of mended polygons: cell_id, what, area_km2.
        roads: What the road layer gave; None where roads are modelled.
        walk_in_km: Straight lines from the places of a layer to the road that they meet.
        loaded: The case, or None where there are errors.
    """

    problems: tuple[Problem, ...]
    quality: tuple[QualityRow, ...]
    quarantined: Mapping[str, pd.DataFrame]
    repairs: pd.DataFrame
    roads: RoadFacts | None
    walk_in_km: Mapping[str, FloatArray]
    loaded: LoadedCase | None


def inspect(
    case: Case,
    policy: Policy,
    watch: Callable[[str, int, int, int], None] | None = None,
) -> Inspection:
    """Read and check every layer of `case`; problems are gathered, not raised.

    Args:
        case: The opened case.
        policy: Speeds and rules that turn roads into minutes.
        watch: Told how far the reading of a long alert log is: file, read, of how much, rows.
    """
    notes = Notes(watch=watch)
    loaded = None
    # A stage that finds errors stops those that build on it; what was found stays in the notes.
    with suppress(StagedError):
        loaded = _load(case, policy, notes)
    quality = tuple(
        replace(describe_quality(t), out_of_county=notes.outside.get(name, 0))
        for name, t in notes.tables.items()
    )
    roads = notes.roads
    if notes.alerts_quality is not None:
        quality += (notes.alerts_quality,)
    if roads is not None and roads.quality is not None:
        quality += (roads.quality,)
    return Inspection(
        problems=tuple(notes.problems),
        quality=quality,
        quarantined=notes.quarantined,
        repairs=notes.repairs,
        roads=None if roads is None else roads.facts,
        walk_in_km=notes.walk_in_km,
        loaded=loaded,
    )


def _load(case: Case, policy: Policy, notes: Notes) -> LoadedCase:
    _read_all(case, policy, notes)
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
    rates = read_rates(case, geometry, notes)
    notes.stop_on_errors()
    assert rates is not None
    foretold = notes.forecast

    whole = _network(case, policy, notes)
    notes.stop_on_errors()
    network = whole if _ferries_run(case) else without_ferries(whole)
    ready = router(network)
    county = build_county(case, policy, geometry, rates, network, notes, ready)
    barriers, found = barriers_of(tables.get("barriers"))
    notes.add(found)
    notes.stop_on_errors()
    county = with_barriers(county, barriers, geometry)
    notes.add(check_road_duty(county, policy))
    road_assets, found = road_assets_of(tables.get("squads"), tables.get("checkpoints"))
    notes.add(found)
    notes.stop_on_errors()
    outline = boundaries.union(tables["boundary"].geometry) if "boundary" in tables else None
    return LoadedCase(
        case=case,
        policy=policy,
        county=county,
        cell_geometry=geometry,
        outline=outline,
        network=network,
        router=ready,
        with_ferries=whole if ferries(whole).any() else None,
        road_assets=road_assets,
        barriers=barriers,
        warnings=tuple(notes.problems),
        month_share_fraction=foretold.month_share_fraction()
        if foretold is not None
        else month_shares(
            county.categories, case.spec.alert_rhythm, tables.get("alerts") or notes.alerts
        ),
        forecast=foretold,
    )


def _ferries_run(case: Case) -> bool:
    """Whether the case has its ferries running when no scenario says so."""
    spec = case.spec.layers.roads
    return spec != "modelled" and spec.ferries


def _read_all(case: Case, policy: Policy, notes: Notes) -> None:
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
        (spec.checkpoints, layers.CHECKPOINTS, True),
        (spec.units, layers.UNITS, True),
        (spec.barriers, BARRIERS, True),
        (spec.boundary, layers.BOUNDARY, True),
        (spec.key_areas, layers.KEY_AREAS, True),
        (None if is_ingested(case) else spec.alerts, layers.ALERTS, False),
    ]
    for layer, schema, strict in wanted:
        if layer is None:
            continue
        table = read_table(layers.layer_source(case, layer, schema, strict=strict), schema)
        notes.tables[schema.layer] = table
        notes.add(table.problems)
        notes.set_aside(schema.layer, table.quarantined)
        if layer is not spec.key_areas:  # of patrols, which read it again; no input of a plan
            _note_origin(schema.layer, layer, notes)
    if spec.roads != "modelled" and not osm.is_osm(spec.roads.path):
        roads = spec.roads
        _note_roads(
            road_layer.read_line_layer(
                layers.layer_source(case, roads, layers.ROADS_SCHEMA, strict=False),
                policy.roads,
                road_layer.LineOptions(oneway=roads.oneway, join=roads.join, merge_m=roads.merge_m),
                case.folder / CACHE_FOLDER,
            ),
            notes,
        )
        _note_origin("roads", roads, notes)


def _note_origin(name: str, layer: Layer, notes: Notes) -> None:
    if layer.origin == MODELLED:
        notes.modelled(name, f"{CASE_FILE} 中写明为推算 / said to be modelled in {CASE_FILE}")
    else:
        notes.provenance.append(Provenance(item=name, origin=GIVEN, note=layer.path))


def _note_roads(read: road_layer.RoadsRead, notes: Notes) -> None:
    notes.roads = read
    notes.add(read.problems)
    notes.set_aside("roads", read.quarantined)


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


def _network(case: Case, policy: Policy, notes: Notes) -> RoadGraph:
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
        _read_osm(case, spec, policy, notes)
    notes.stop_on_errors()
    network = notes.roads.graph if notes.roads is not None else None
    assert network is not None, "without a graph there is an error"
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


def _read_osm(case: Case, spec: RoadLayer, policy: Policy, notes: Notes) -> None:
    """Roads of an OpenStreetMap file, from the cache beside the case where it has them."""
    _note_roads(
        road_layer.read_osm_layer(
            layers.layer_source(case, spec, layers.ROADS_SCHEMA, strict=False),
            policy.roads,
            osm.OsmOptions(
                oneway=spec.oneway,
                maxspeed=spec.maxspeed,
                ferries=spec.ferries,
                hold_ferries=True,
                turn_restrictions=spec.turn_restrictions,
            ),
            case.folder / CACHE_FOLDER,
        ),
        notes,
    )
    if spec.origin == MODELLED:
        notes.modelled("roads", f"{spec.path}: origin in {CASE_FILE}")
    else:
        credit = f"{spec.path} ({OSM_CREDIT})"
        notes.provenance.append(Provenance(item="roads", origin=GIVEN, note=credit))


def _ranks(stations: pd.DataFrame, cells: pd.DataFrame) -> IntArray:
    """0 for the county seat (the town station with most alerts or residents), 1 seat, 2 cell."""
    columns = [c for c in cells.columns if c.startswith(RATE_PREFIX)]
    columns = columns or [c for c in ("population",) if c in cells.columns]
    # With a log and no residents the number of cells says which town is largest.
    each = cells[columns].sum(axis=1) if columns else pd.Series(1.0, index=cells.index)
    size = each.groupby(cells["station_id"]).sum()
    weight = stations["station_id"].map(size).fillna(0.0).to_numpy(float)
    urban = (stations["kind"] == "urban").to_numpy()
    rank = np.ones(len(stations), dtype=np.int64)
    if len(stations):
        rank[int(np.argmax(np.where(urban, weight + weight.max() + 1.0, weight)))] = 0
    return np.concatenate([rank, np.full(len(cells), 2, dtype=np.int64)])
