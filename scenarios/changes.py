"""A scenario applied to a loaded case: only what a change touches is computed again."""

from __future__ import annotations

from collections.abc import Callable, Mapping, MutableMapping
from dataclasses import dataclass, field, replace
from functools import partial

import numpy as np
import shapely
from scipy.spatial import cKDTree

from geo import boundaries, duty_roads, routing
from geo.accesses import Accesses
from geo.plane import GeometryArray, plane_at
from geo.shortest_paths import Trees
from geo.snapping import Snapped, joined
from optimizer.bundling import lock_problems
from optimizer.county import MODELLED, County, Provenance, Stations, merge_provenance
from optimizer.errors import InputError
from optimizer.frozen import FloatArray, IntArray, digest
from optimizer.policy import Policy
from scenarios.barriers import changed_barriers, with_barriers
from scenarios.case import CASE_FILE
from scenarios.change_alerts import with_alerts
from scenarios.change_jurisdictions import Ways, with_jurisdictions, without_closed
from scenarios.change_stations import with_head_counts, with_seats
from scenarios.load import LoadedCase
from scenarios.locks import where_written, with_lock_ids, without_freed
from scenarios.merge_changes import (
    ChangeNotes,
    Merged,
    merge_changes,
    opened_stations,
    with_effects,
)
from scenarios.names import gazetteer
from scenarios.reach import cut_off_warnings, slowed_warnings, within_reach
from scenarios.road_world import RoadWorld, road_world, world_as_read
from scenarios.scenario import Override, Scenario
from scenarios.scenario_schema import Changes
from scenarios.traffic_roads import with_main_roads

# Layers' columns as the provenance names them, by what a scenario changes.
_ITEMS = {"alerts": "cells.alerts_per_year", "roads": "roads", "barriers": "barriers"}


@dataclass(slots=True, kw_only=True)
class Cache:
    """What several scenarios of one loaded case share; the caller keeps it as long as it likes.

    Attributes:
        roads: By digest of the road changes.
        met: Where places meet the roads of the case, by digest of the places.
        trees: Ways from seats to everywhere on the roads of the case, by digest of the seats.
        ways: Travel, by digest of road changes and seats.
        duty_km: Managed road in each cell, shape (C, R), by digest of the roads.
    """

    roads: MutableMapping[str, RoadWorld] = field(default_factory=dict)
    met: MutableMapping[str, Snapped] = field(default_factory=dict)
    trees: MutableMapping[str, Trees] = field(default_factory=dict)
    ways: MutableMapping[str, Ways] = field(default_factory=dict)
    duty_km: MutableMapping[str, FloatArray] = field(default_factory=dict)


def apply(
    loaded: LoadedCase,
    scenario: Scenario,
    *,
    drawn: Mapping[str, GeometryArray] | None = None,
    cache: Cache | None = None,
) -> LoadedCase:
    """The case in the world of a scenario: both today and every plan are scored in it.

    In this order: head counts and properties; alerts, over the jurisdictions of the case's files;
    roads; seats and travel; jurisdictions. Nothing is read; `loaded` stays as it is.

    Args:
        loaded: The case, loaded with the scenario's road speeds (`load_key`).
        scenario: What to change.
        drawn: Shapes of the files that closures name, in WGS84.
        cache: Shared by scenarios of this `loaded`.

    Raises:
        InputError: every problem of the scenario's changes.
        ValueError: `loaded` was loaded for other road speeds.
    """
    if load_key(loaded.policy) != load_key(scenario.policy):
        raise ValueError("the case was loaded for other road speeds than the scenario's")
    notes = ChangeNotes()
    cache = Cache() if cache is None else cache
    merged = merge_changes(scenario, loaded.county, scenario.policy, notes)
    _stop(notes, loaded, scenario)
    changes = merged.changes
    county = with_head_counts(loaded.county, changes, notes)
    policy = scenario.policy
    if changes.alerts.model_fields_set:
        county, policy = with_alerts(
            county, policy, changes.alerts, loaded.month_share_fraction, _cell_at(loaded), notes
        )
    key = ""
    cache.roads[key] = world_as_read(loaded)
    if changes.roads.model_fields_set:
        key = _roads(loaded, changes, drawn or {}, cache, notes)
    world = cache.roads[key]
    barriers = loaded.barriers
    if changes.barriers.model_fields_set:
        barriers = changed_barriers(barriers, changes.barriers, notes)
        county = with_barriers(county, barriers, loaded.cell_geometry)
    stations = with_seats(county.stations, changes, notes)
    _check_seats(loaded, changes, stations, notes)
    _stop(notes, loaded, scenario)
    moves = any(c is not None and (c.at or c.close) for c in changes.stations.values())
    takes = any(c and (c.takes_cells or c.takes_townships) for c in changes.stations.values())
    if moves or takes or key:
        county = _resettled(loaded, county, stations, key, changes, policy, cache, notes)
    _stop(notes, loaded, scenario)
    policy, problems = with_lock_ids(
        policy,
        gazetteer(county).stations,
        gazetteer(loaded.county).stations,
        scenario,
        CASE_FILE,
    )
    problems += where_written(lock_problems(county, policy), county.stations, scenario)
    if problems:
        raise InputError(problems)
    policy = without_freed(policy)
    overrides = (*scenario.overrides, *with_effects(merged, notes))
    return replace(
        loaded,
        policy=policy,
        county=with_main_roads(
            replace(county, provenance=_provenance(county, scenario, merged)),
            policy,
            world.graph,
            world.router,
            loaded.road_assets.checkpoints,
        ),
        network=world.graph,
        router=world.router,
        split=world.split,
        road_marks=world.marks,
        barriers=barriers,
        # First what the scenario brings about: lists of warnings may be shortened.
        warnings=(
            *cut_off_warnings(loaded.county, county, changes),
            *slowed_warnings(loaded.county, county, changes),
            *loaded.warnings,
        ),
        scenario=scenario,
        overrides=overrides,
    )


def load_key(policy: Policy) -> str:
    """Digest of what reading a case takes from the policy: equal keys, equal county."""
    hours = policy.crews.effective_hours_per_week
    return digest([policy.roads.model_dump(mode="json"), hours])


def _stop(notes: ChangeNotes, loaded: LoadedCase, scenario: Scenario) -> None:
    """Raise what is wrong so far, and beside it what is wrong with the locks."""
    if not notes.problems:
        return
    opened = opened_stations(scenario, loaded.county)
    known = gazetteer(loaded.county, opened).stations
    policy, problems = with_lock_ids(scenario.policy, known, known, scenario, CASE_FILE)
    if not opened:
        problems += where_written(
            lock_problems(loaded.county, policy), loaded.county.stations, scenario
        )
    raise InputError([*notes.problems, *problems])


def _cell_at(loaded: LoadedCase) -> Callable[[FloatArray, FloatArray], IntArray]:
    """Finds the cell of a point: the one it lies in; where cells are points, the nearest."""
    cells = loaded.county.cells
    if loaded.cell_geometry is not None:
        return partial(boundaries.locate, geometry=loaded.cell_geometry)
    plane = plane_at(cells.lon_deg, cells.lat_deg)
    tree = cKDTree(np.column_stack(plane.xy(cells.lon_deg, cells.lat_deg)))

    def nearest(lon_deg: FloatArray, lat_deg: FloatArray) -> IntArray:
        return np.asarray(tree.query(np.column_stack(plane.xy(lon_deg, lat_deg)))[1], np.int64)

    return nearest


def _check_seats(
    loaded: LoadedCase, changes: Changes, stations: Stations, notes: ChangeNotes
) -> None:
    """Every seat that a scenario sets lies in the county."""
    rows = stations.index()
    for one, change in changes.stations.items():
        if change is None or change.at is None or one not in rows:
            continue
        lon, lat = change.at
        if _cell_at(loaded)(np.array([lon]), np.array([lat]))[0] < 0:
            notes.wrong(
                ("stations", one, "at"),
                "a point inside one of the county's cells",
                "check longitude, latitude and the block's crs",
                value=f"{lon:.5f}, {lat:.5f}",
            )


# --- roads and travel -----------------------------------------------------------------------


def _roads(
    loaded: LoadedCase,
    changes: Changes,
    drawn: Mapping[str, GeometryArray],
    cache: Cache,
    notes: ChangeNotes,
) -> str:
    """Key in `cache.roads` of the changed roads."""
    key = digest(
        [
            changes.roads.model_dump_json(exclude_unset=True),
            changes.alerts.as_in,  # what shares of the alerts are shares of
            {n: [shapely.to_wkb(g, hex=True) for g in s] for n, s in drawn.items()},
        ]
    )
    world = road_world(loaded, changes, drawn, notes)
    if notes.problems:
        return ""
    cache.roads.setdefault(key, world)
    return key


def _resettled(
    loaded: LoadedCase,
    county: County,
    stations: Stations,
    key: str,
    changes: Changes,
    policy: Policy,
    cache: Cache,
    notes: ChangeNotes,
) -> County:
    """The county with new travel and jurisdictions."""
    ways = _ways(county, stations, key, policy, cache)
    if any(c is not None and c.model_fields_set for c in changes.stations.values()):
        stations, station = with_jurisdictions(
            county, stations, ways, changes, _cell_at(loaded), notes
        )
    else:
        station = county.cells.station
    station = within_reach(stations, county.cells, station, ways, changes, notes)
    if notes.problems:
        return county
    if key and (station == county.cells.station).all() and len(stations) == len(county.stations):
        # Roads alone: closing one does not end the duty to manage it.
        return replace(
            county,
            stations=stations,
            travel_time_min=ways.travel_time_min,
            road_km=ways.road_km,
            station_time_min=ways.station_time_min,
        )
    duty_km = _duty_km(loaded, policy, cache)
    made = without_closed(county, stations, station, ways, duty_km, changes)
    _check_squads(county, made, notes)
    return made


def _ways(county: County, stations: Stations, key: str, policy: Policy, cache: Cache) -> Ways:
    """Travel from every seat: of unchanged seats on unchanged roads, as it is."""
    at = digest([key, stations.lon_deg, stations.lat_deg])
    if at in cache.ways:
        return cache.ways[at]
    n, old, cells = len(stations), county.stations, county.cells
    fresh = np.ones(n, np.bool_)
    if not key:
        same = (stations.lon_deg[: len(old)] == old.lon_deg) & (
            stations.lat_deg[: len(old)] == old.lat_deg
        )
        fresh[: len(old)] = ~same
    rows, kept = np.flatnonzero(fresh), np.flatnonzero(~fresh)
    minutes, km = np.zeros((n, len(cells))), np.zeros((n, len(cells)))
    between = np.zeros((n, n))
    minutes[kept], km[kept] = county.travel_time_min[kept], county.road_km[kept]
    between[np.ix_(kept, kept)] = county.station_time_min[np.ix_(kept, kept)]
    seats, places = (stations.lon_deg, stations.lat_deg), (cells.lon_deg, cells.lat_deg)
    if len(rows):
        own = (seats[0][rows], seats[1][rows])
        out, across = _travel(own, (places, seats), key, policy, cache)
        minutes[rows], km[rows], between[rows] = out[0], out[1], across[0]
        if len(kept):
            between[:, rows] = _travel(seats, (own,), key, policy, cache)[0][0]
    np.fill_diagonal(between, 0.0)
    cache.ways[at] = Ways(travel_time_min=minutes, road_km=km, station_time_min=between)
    return cache.ways[at]


def _travel(
    origins: tuple[FloatArray, FloatArray],
    goals: tuple[tuple[FloatArray, FloatArray], ...],
    key: str,
    policy: Policy,
    cache: Cache,
) -> list[tuple[FloatArray, FloatArray]]:
    """Minutes and kilometres from places to each of several sets of places.

    On large changed roads, ways to everywhere on the roads of the case are kept, and only what hung
    on a changed road is searched again.
    """
    world = cache.roads[key]
    base, router = cache.roads[""].router, world.router
    walk_km_per_h = policy.roads.walk_km_per_h if policy.roads.count_walk_in else None

    is_base = router.index is base.index

    def met(places: tuple[FloatArray, FloatArray]) -> Accesses:
        if not is_base:  # other streets
            return world.meet(*places)
        name = digest(list(places))
        if name not in cache.met:
            cache.met[name] = base.snap(*places)
        at = router.on_open_roads(cache.met[name])
        return Accesses(at=at, owner=np.arange(len(at.street)), places=len(at.street))

    origin = met(origins)
    start = origin.at
    grown = None
    if key and is_base and routing.is_worth_trees(base, len(start.street)):
        name = digest(list(origins))
        if name not in cache.trees:
            cache.trees[name] = routing.trees(base, cache.met[name])
        grown = routing.trees_after(cache.trees[name], router, start)
    targets = [met(places) for places in goals]
    # All sets of places in one search.
    goal = joined([target.at for target in targets])
    drive = (
        routing.reached(router, start, goal)
        if grown is None
        else routing.ways_along(grown, router, start, goal)
    )
    made = routing.with_walks(router, start, goal, drive, walk_km_per_h=walk_km_per_h)
    found, begin = [], 0
    for target in targets:
        own = np.s_[:, begin : begin + len(target.owner)]
        begin += len(target.owner)
        minutes, km = target.least(made.travel_time_min[own], made.road_km[own])
        minutes, km = (a.T for a in origin.least(minutes.T, km.T))
        found.append((minutes, km))
    return found


def _duty_km(loaded: LoadedCase, policy: Policy, cache: Cache) -> FloatArray:
    """Managed road in each cell, shape (C, R)."""
    key = digest(list(policy.roads.managed_classes))
    if key not in cache.duty_km:
        cells = loaded.county.cells
        cache.duty_km[key] = duty_roads.duty_road_km(
            loaded.network,
            loaded.cell_geometry,
            cells.lon_deg,
            cells.lat_deg,
            np.arange(len(cells)),
            len(cells),
            policy.roads.managed_classes,
        )
    return cache.duty_km[key]


def _check_squads(before: County, after: County, notes: ChangeNotes) -> None:
    """A squad with officers keeps a station whose roads it manages."""
    squads = after.squads
    for q in range(len(squads)):
        area = before.squads.stations[q]
        if area and not squads.stations[q] and squads.officers[q] > 0:
            notes.wrong(
                ("stations", area[0], "close"),
                "a station for squad {squad}, whose whole area closes",
                "give it other stations under squads, or take its officers away there",
                squad=squads.name[q],
            )


# --- what is said ---------------------------------------------------------------------------


def _provenance(county: County, scenario: Scenario, merged: Merged) -> tuple[Provenance, ...]:
    """The county's provenance with an entry for every change of data: assumed, not measured."""
    added = [
        Provenance(item=_item(o), origin=MODELLED, note=_note(scenario, o))
        for _, o in merged.overrides
    ]
    return merge_provenance([*county.provenance, *added])


def _item(override: Override) -> str:
    parts = override.key.split(".")
    if parts[0] in _ITEMS:
        return _ITEMS[parts[0]]
    key = parts[-1].removeprefix("add_") if len(parts) > 2 else "open"
    return f"{parts[0]}.{key}"


def _note(scenario: Scenario, override: Override) -> str:
    change = " -> ".join(filter(None, (override.before, override.after))) or "-"
    return f"scenario {scenario.label}: {override.key} {change}: {override.reason}"
