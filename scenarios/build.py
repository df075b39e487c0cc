"""The checked layers of a case joined into a County: seats, minutes, adjacency, head counts."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from geo import boundaries, duty_roads, routing
from geo.alerts import AlertRates
from geo.readers import Table
from geo.road_graph import RoadGraph
from geo.snapping import access_problems
from optimizer.county import Cells, County, Provenance, Squads, Stations, Units, merge_provenance
from optimizer.errors import Problem
from optimizer.frozen import FloatArray, IntArray
from optimizer.personnel import Personnel
from optimizer.policy import Policy
from scenarios.case import Case
from scenarios.cross_checks import unreachable
from scenarios.notes import Notes

_PERSONNEL = (
    "auxiliaries",
    "firearm_officers",
    "case_officers",
    "traffic_law_officers",
    "overdue_officers",
)


def build_county(
    case: Case,
    policy: Policy,
    geometry: NDArray[Any] | None,
    rates: AlertRates,
    roads: RoadGraph,
    notes: Notes,
    router: routing.Router,
) -> County:
    """Join the checked layers into a County.

    Args:
        case: For its name, seats rule and provenance.
        policy: Speeds, walk-in and managed road classes.
        geometry: Repaired cell polygons, or None.
        rates: Alerts per cell, category and period.
        roads: The roads.
        notes: Tables read so far; warnings and provenance are added.
        router: The same roads, ready to be driven.

    Raises:
        StagedError: a station that cannot reach its own cells; the problem is in `notes`.
    """
    tables, cells = notes.tables, notes.tables["cells"]
    frame, stations = cells.frame, tables["stations"].frame
    row = {s: i for i, s in enumerate(stations["station_id"])}
    station_of = frame["station_id"].map(row).to_numpy(np.int64)
    alerts = rates.alerts_per_year.sum(axis=1)
    lon, lat = _column(frame, "lon_deg"), _column(frame, "lat_deg")
    travel = partial(
        routing.travel,
        roads,
        walk_km_per_h=policy.roads.walk_km_per_h,
        count_walk_in=policy.roads.count_walk_in,
        index=router,
    )
    seat_lon, seat_lat = _column(stations, "lon_deg"), _column(stations, "lat_deg")
    if case.spec.layers.stations.seat == "median_of_cells":
        seat_lon, seat_lat = _medians(travel, seat_lon, seat_lat, station_of, alerts, lon, lat)
        notes.modelled("stations.lon", "取本所各单元的警情中位点 / 1-median of the station's cells")
    # Cells and seats in one search.
    goals = np.concatenate([lon, seat_lon]), np.concatenate([lat, seat_lat])
    to_cells, between = _split(travel(seat_lon, seat_lat, *goals), len(lon))
    _note_access(tables["stations"], cells, to_cells, notes)
    station_time = between.travel_time_min.copy()
    np.fill_diagonal(station_time, 0.0)
    notes.add(unreachable(tables["stations"], frame, station_of, to_cells.travel_time_min))
    notes.stop_on_errors()

    urban_seat = (stations["kind"] == "urban").to_numpy()
    urban_cell = _urban(frame, urban_seat[station_of])
    township = frame["township"] if "township" in frame else pd.Series(pd.NA, index=frame.index)
    named_after = stations["name"].to_numpy(object)[station_of]
    managed = policy.roads.managed_classes
    origins = [Provenance(item=o.item, origin=o.origin, note=o.note) for o in case.spec.provenance]
    return County(
        name=case.spec.name,
        categories=rates.categories,
        period_names=rates.period_names,
        period_hours=rates.period_hours,
        period_share_fraction=rates.period_share_fraction,
        stations=_stations(stations, seat_lon, seat_lat),
        cells=Cells(
            cell_id=tuple(frame["cell_id"]),
            station=station_of,
            township=tuple(township.where(township.notna(), named_after).astype(str)),
            lon_deg=lon,
            lat_deg=lat,
            is_urban=urban_cell,
            population=_numbers(frame, "population", 0.0, notes, cells.source.shown),
            area_km2=(np.zeros(len(frame)) if geometry is None else boundaries.areas_km2(geometry)),
            alerts_per_year=rates.alerts_per_year,
        ),
        travel_time_min=to_cells.travel_time_min,
        road_km=to_cells.road_km,
        station_time_min=station_time,
        cell_adjacency=(
            boundaries.point_adjacency(lon, lat)
            if geometry is None
            else boundaries.cell_adjacency(geometry)
        ),
        squads=_squads(tables.get("squads")),
        units=_units(tables.get("units"), policy, seat_lon, seat_lat),
        road_classes=managed,
        duty_road_km=duty_roads.duty_road_km(
            roads, geometry, lon, lat, station_of, len(stations), managed
        ),
        personnel=_personnel(tables),
        provenance=merge_provenance([*notes.provenance, *origins]),
    )


def _split(ways: routing.Travel, first: int) -> tuple[routing.Travel, routing.Travel]:
    """Ways to the first places, and to the others."""
    one, two = (
        replace(
            ways,
            travel_time_min=ways.travel_time_min[:, rows],
            road_km=ways.road_km[:, rows],
            to_access_km=ways.to_access_km[rows],
            to_led_past_km=ways.to_led_past_km[rows],
        )
        for rows in (slice(first), slice(first, None))
    )
    return one, two


def _personnel(tables: Mapping[str, Table]) -> tuple[Personnel, ...]:
    """What the layers say of people besides their number, one entry per unit with any of it."""
    found = []
    for layer, key in (("stations", "station_id"), ("squads", "squad_id"), ("units", "unit_id")):
        if layer not in tables:
            continue
        frame = tables[layer].frame
        none = np.zeros(len(frame))
        columns = {name: _filled(frame, name, none).astype(int).tolist() for name in _PERSONNEL}
        teams = _column(frame, "community_teams").tolist()
        hard = _yes(frame, "is_hardship", default=False)
        for i, unit in enumerate(frame[key]):
            one = Personnel(
                unit_id=unit,
                # Stations keep theirs in their own table.
                auxiliaries=0 if layer == "stations" else columns["auxiliaries"][i],
                **{name: columns[name][i] for name in _PERSONNEL if name != "auxiliaries"},
                is_hardship=bool(hard[i]),
                community_teams=None if np.isnan(teams[i]) else int(teams[i]),
            )
            if one != Personnel(unit_id=unit):
                found.append(one)
    return tuple(sorted(found, key=lambda p: p.unit_id))


def _note_access(stations: Table, cells: Table, ways: routing.Travel, notes: Notes) -> None:
    """Warn of seats and cells that lie far from any road or beside a stray one."""
    notes.walk_in_km = {"stations": ways.from_access_km, "cells": ways.to_access_km}
    seats = tuple(stations.frame["name"])
    notes.add(
        access_problems(stations.source.shown, seats, ways.from_access_km, ways.from_led_past_km)
    )
    places = tuple(cells.frame["cell_id"])
    notes.add(access_problems(cells.source.shown, places, ways.to_access_km, ways.to_led_past_km))


def _medians(
    travel: Callable[..., routing.Travel],
    seat_lon: FloatArray,
    seat_lat: FloatArray,
    station_of: IntArray,
    alerts: FloatArray,
    lon: FloatArray,
    lat: FloatArray,
) -> tuple[FloatArray, FloatArray]:
    """Seats as given; where there is none, the cell with the fewest alert-minutes to the others."""
    for s in np.flatnonzero(np.isnan(seat_lon)).tolist():
        own = np.flatnonzero(station_of == s)
        minutes = travel(lon[own], lat[own], lon[own], lat[own]).travel_time_min
        # A way that does not exist counts as a day: it loses against any that does.
        total = np.minimum(minutes, 1440.0) @ alerts[own]
        best = own[int(np.argmin(total))]
        seat_lon[s], seat_lat[s] = lon[best], lat[best]
    return seat_lon, seat_lat


def _stations(frame: pd.DataFrame, lon: FloatArray, lat: FloatArray) -> Stations:
    n = len(frame)
    officers = frame["officers"].to_numpy(np.int64)
    return Stations(
        station_id=tuple(frame["station_id"]),
        name=tuple(frame["name"]),
        lon_deg=lon,
        lat_deg=lat,
        is_urban=(frame["kind"] == "urban").to_numpy(),
        officers=officers,
        authorised_officers=_filled(frame, "authorised_officers", officers).astype(np.int64),
        auxiliaries=_filled(frame, "auxiliaries", np.zeros(n)).astype(np.int64),
        can_bundle=_yes(frame, "can_bundle"),
        can_host=_yes(frame, "can_host"),
        max_officers=_filled(frame, "max_officers", np.full(n, np.inf)),
        has_window=_yes(frame, "has_window"),
    )


def _squads(table: Table | None) -> Squads:
    if table is None:
        return Squads.none()
    frame = table.frame
    return Squads(
        squad_id=tuple(frame["squad_id"]),
        name=tuple(frame["name"]),
        lon_deg=_column(frame, "lon_deg"),
        lat_deg=_column(frame, "lat_deg"),
        officers=frame["officers"].to_numpy(np.int64),
        stations=tuple(tuple(sorted(ids)) for ids in frame["stations"]),
    )


def _units(table: Table | None, policy: Policy, lon: FloatArray, lat: FloatArray) -> Units:
    if table is None:
        return Units.none()
    frame = table.frame
    officers = frame["officers"].to_numpy(np.int64)
    by_work = (
        _filled(frame, "workload_officer_min_per_year", np.full(len(frame), np.nan))
        / policy.crews.officer_min_per_year
    )
    return Units(
        unit_id=tuple(frame["unit_id"]),
        name=tuple(frame["name"]),
        kind=tuple(frame["kind"].fillna("")) if "kind" in frame else ("",) * len(frame),
        officers=officers,
        authorised_officers=_filled(frame, "authorised_officers", officers).astype(np.int64),
        required_officers=_filled(frame, "required_officers", by_work),
        can_give=_yes(frame, "can_give"),
        can_receive=_yes(frame, "can_receive"),
        station=_nearest(frame, lon, lat),
    )


def _nearest(frame: pd.DataFrame, lon: FloatArray, lat: FloatArray) -> IntArray:
    """Row of the nearest station; units without a place stand with the first town station."""
    own_lon, own_lat = _column(frame, "lon_deg"), _column(frame, "lat_deg")
    nearest = np.zeros(len(frame), dtype=np.int64)
    for i, (x, y) in enumerate(zip(own_lon, own_lat, strict=True)):
        if np.isfinite(x) and np.isfinite(y):
            nearest[i] = int(np.argmin(np.hypot((lon - x) * np.cos(np.radians(y)), lat - y)))
    return nearest


def _column(frame: pd.DataFrame, name: str) -> FloatArray:
    if name not in frame:
        return np.full(len(frame), np.nan)
    return frame[name].to_numpy(dtype=float, na_value=np.nan).copy()


def _filled(frame: pd.DataFrame, name: str, default: NDArray[Any]) -> FloatArray:
    values = _column(frame, name)
    return np.where(np.isnan(values), default.astype(float), values)


def _numbers(
    frame: pd.DataFrame, name: str, default: float, notes: Notes, shown: str
) -> FloatArray:
    values = _column(frame, name)
    missing = int(np.isnan(values).sum())
    if missing:
        notes.problems.append(
            Problem(
                where=shown,
                column=name,
                value=str(missing),
                expected="a value in every row; missing ones count as {default}",
                fix="fill them in",
                params={"default": f"{default:g}"},
                severity="warning",
            )
        )
    return np.where(np.isnan(values), default, values)


def _yes(frame: pd.DataFrame, name: str, *, default: bool = True) -> NDArray[np.bool_]:
    if name not in frame:
        return np.full(len(frame), default, dtype=np.bool_)
    return frame[name].fillna(default).to_numpy(dtype=np.bool_)


def _urban(frame: pd.DataFrame, default: NDArray[np.bool_]) -> NDArray[np.bool_]:
    if "kind" not in frame:
        return default
    return np.where(frame["kind"].isna(), default, frame["kind"] == "urban")
