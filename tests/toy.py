"""Small counties in memory for tests: a regular one with known numbers, and random ones."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from scipy.spatial import Delaunay

from optimizer.county import Cells, County, Provenance, Squads, Stations, Units
from optimizer.frozen import FloatArray
from optimizer.policy import CategoryWork, Policy, Workload

CATEGORIES = ("criminal", "traffic")
CLASSES = ("national", "county")
KM_PER_DEG = 111.0
LON_DEG, LAT_DEG = 107.3, 30.3


def toy_county(
    *,
    n_stations: int = 4,
    cells_per_station: int = 3,
    grid_width: int | None = None,
    spacing_km: float = 6.0,
    speed_km_per_h: float = 30.0,
    alerts_per_cell: float = 400.0,
    population_per_cell: float = 8000.0,
    officers: int = 15,
    n_periods: int = 3,
    n_urban: int = 0,
    n_squads: int = 0,
    squad_officers: int = 4,
    n_units: int = 0,
    seed: int | None = None,
    stations: Mapping[str, Any] | None = None,
    cells: Mapping[str, Any] | None = None,
    **overrides: Any,
) -> County:
    """A county of stations on a line (or a grid), their cells on a circle around each seat.

    Station i is `s01`, `s02`, … at `spacing_km` from its neighbours; ids sort as rows do. Cell 0 of
    a station lies at its seat, the others evenly on a circle of a third of the spacing. Minutes are
    straight-line km at `speed_km_per_h`, so 12 between neighbouring seats by default. Neighbouring
    stations on the line or grid are adjacent.

    Args:
        n_stations: S.
        cells_per_station: Cells of each station; cell ids are `s01c0`, `s01c1`, …
        grid_width: Stations per row of the grid; None = one line.
        spacing_km: Km between neighbouring seats.
        speed_km_per_h: Speed of every way.
        alerts_per_cell: Alerts a year of each cell, 30% `criminal` and 70% `traffic`.
        population_per_cell: Residents of each cell.
        officers: Officers in post at each station; one more is authorised, as many auxiliaries.
        n_periods: Periods of equal length; alerts spread evenly over them.
        n_urban: The first so many stations, with their cells, are urban.
        n_squads: Squads `q1`, … over consecutive rural stations, seated at the first of them.
        squad_officers: Officers in post of each squad.
        n_units: Functional units `u1`, … with 10 officers and requirements 8, 10, 12, …
        seed: Not None: alerts, residents, officers and period shares vary at random.
        stations: Columns of `Stations` to replace.
        cells: Columns of `Cells` to replace.
        overrides: Fields of `County` to replace.
    """
    width = n_stations if grid_width is None else grid_width
    at_km = np.array([(i % width, i // width) for i in range(n_stations)], float) * spacing_km
    pairs = [
        (i, j)
        for i in range(n_stations)
        for j in (i + 1, i + width)
        if j < n_stations and (j == i + width or j % width)
    ]
    angle = np.linspace(0.0, 2.0 * np.pi, max(cells_per_station - 1, 1), endpoint=False)
    ring = np.column_stack([np.cos(angle), np.sin(angle)]) * spacing_km / 3.0
    offsets = np.vstack([[[0.0, 0.0]], ring])[:cells_per_station]
    return _county(
        at_km=at_km,
        cell_km=(at_km[:, None, :] + offsets[None, :, :]).reshape(-1, 2),
        cell_station=np.repeat(np.arange(n_stations), cells_per_station),
        pairs=pairs,
        speed_km_per_h=speed_km_per_h,
        alerts_per_cell=alerts_per_cell,
        population_per_cell=population_per_cell,
        officers=officers,
        n_periods=n_periods,
        is_urban=np.arange(n_stations) < n_urban,
        n_squads=n_squads,
        squad_officers=squad_officers,
        n_units=n_units,
        seed=seed,
        stations=stations or {},
        cells=cells or {},
        overrides=overrides,
    )


def random_county(
    seed: int,
    n_stations: int = 8,
    *,
    cells_per_station: int = 3,
    side_km: float | None = None,
    n_urban: int = 1,
    n_squads: int = 0,
    squad_officers: int = 4,
    n_units: int = 0,
    stations: Mapping[str, Any] | None = None,
    cells: Mapping[str, Any] | None = None,
    **overrides: Any,
) -> County:
    """A county of stations anywhere in a square; the same seed gives the same county.

    Neighbours are those of the Delaunay triangulation (a line where there are fewer than four
    stations). Alerts, residents, officers and period shares are random, ways 30% longer than
    straight lines at 40 km/h. The side defaults to 8 km x sqrt(n_stations).

    Args:
        seed: Random seed.
        n_stations: S.
        cells_per_station: Cells of each station.
        side_km: Side of the square.
        n_urban: The first so many stations are urban.
        n_squads: As `toy_county`.
        squad_officers: As `toy_county`.
        n_units: As `toy_county`.
        stations: Columns of `Stations` to replace.
        cells: Columns of `Cells` to replace.
        overrides: Fields of `County` to replace.
    """
    rng = np.random.default_rng(seed)
    side = 8.0 * np.sqrt(n_stations) if side_km is None else side_km
    at_km = rng.uniform(0.0, side, (n_stations, 2))
    if n_stations < 4:
        pairs = [(i, i + 1) for i in range(n_stations - 1)]
    else:
        corners = Delaunay(at_km).simplices
        pairs = [(int(a), int(b)) for t in corners for a, b in zip(t, np.roll(t, 1), strict=True)]
    offsets = rng.normal(0.0, 2.0, (n_stations, cells_per_station, 2))
    return _county(
        at_km=at_km,
        cell_km=(at_km[:, None, :] + offsets).reshape(-1, 2),
        cell_station=np.repeat(np.arange(n_stations), cells_per_station),
        pairs=pairs,
        speed_km_per_h=40.0 / 1.3,
        alerts_per_cell=float(rng.uniform(100.0, 900.0)),
        population_per_cell=8000.0,
        officers=15,
        n_periods=int(rng.integers(1, 4)),
        is_urban=np.arange(n_stations) < n_urban,
        n_squads=n_squads,
        squad_officers=squad_officers,
        n_units=n_units,
        seed=seed,
        stations=stations or {},
        cells=cells or {},
        overrides=overrides,
    )


def worked_county(**overrides: Any) -> County:
    """The two stations that docs/formulation.md works through by hand; numbers as printed there."""
    stations = Stations(
        station_id=("A", "B"),
        name=("Station A", "Station B"),
        lon_deg=np.array([107.0, 107.1]),
        lat_deg=np.array([30.0, 30.0]),
        is_urban=np.zeros(2, bool),
        officers=np.array([18, 16]),
        authorised_officers=np.array([20, 16]),
        auxiliaries=np.array([10, 10]),
        can_bundle=np.ones(2, bool),
        can_host=np.ones(2, bool),
        max_officers=np.full(2, np.inf),
        has_window=np.ones(2, bool),
    )
    cells = Cells(
        cell_id=("A1", "A2", "B1", "B2"),
        station=np.array([0, 0, 1, 1]),
        township=("Aton", "Aton", "Bton", "Bton"),
        lon_deg=np.array([107.0, 107.02, 107.1, 107.12]),
        lat_deg=np.full(4, 30.0),
        is_urban=np.zeros(4, bool),
        population=np.array([20_000.0, 10_000.0, 15_000.0, 5_000.0]),
        area_km2=np.full(4, 10.0),
        alerts_per_year=np.array([[2000.0], [1000.0], [1500.0], [500.0]]),
    )
    travel_time_min = np.array([[4.0, 10.0, 20.0, 26.0], [18.0, 24.0, 5.0, 9.0]])
    fields: dict[str, Any] = {
        "name": "Worked example",
        "categories": ("alert",),
        "period_names": ("day", "night"),
        "period_hours": np.array([12.0, 12.0]),
        "period_share_fraction": np.array([[0.6, 0.4]]),
        "stations": stations,
        "cells": cells,
        "travel_time_min": travel_time_min,
        "road_km": travel_time_min / 2.0,
        "station_time_min": np.array([[0.0, 16.0], [16.0, 0.0]]),
        "cell_adjacency": np.array([[0, 1], [1, 2], [2, 3]]),
        "squads": Squads(
            squad_id=("Q",),
            name=("Squad Q",),
            lon_deg=np.array([107.0]),
            lat_deg=np.array([30.0]),
            officers=np.array([4]),
            stations=(("A", "B"),),
        ),
        "units": Units(
            unit_id=("U",),
            name=("Detectives",),
            kind=("detectives",),
            officers=np.array([10]),
            authorised_officers=np.array([10]),
            required_officers=np.array([12.0]),
            can_give=np.ones(1, bool),
            can_receive=np.ones(1, bool),
            station=np.array([0]),
        ),
        "road_classes": CLASSES,
        "duty_road_km": np.array([[10.0, 5.0], [6.0, 20.0]]),
        "provenance": (Provenance(item="stations", origin="modelled", note="worked example"),),
    }
    return County(**{**fields, **overrides})


def worked_policy() -> Policy:
    """The policy of that example: the defaults, one kind of alert."""
    return Policy(
        workload=Workload(
            categories={"alert": CategoryWork(on_scene_min=50.0, case_work_officer_min=240.0)}
        )
    )


def _county(
    *,
    at_km: FloatArray,
    cell_km: FloatArray,
    cell_station: np.ndarray[Any, Any],
    pairs: list[tuple[int, int]],
    speed_km_per_h: float,
    alerts_per_cell: float,
    population_per_cell: float,
    officers: int,
    n_periods: int,
    is_urban: np.ndarray[Any, Any],
    n_squads: int,
    squad_officers: int,
    n_units: int,
    seed: int | None,
    stations: Mapping[str, Any],
    cells: Mapping[str, Any],
    overrides: Mapping[str, Any],
) -> County:
    s, c = len(at_km), len(cell_km)
    vary = np.random.default_rng(seed) if seed is not None else None

    def spread(n: int, low: float, high: float) -> FloatArray:
        return np.ones(n) if vary is None else vary.uniform(low, high, n)

    in_post = np.round(officers * spread(s, 0.5, 1.5)).astype(int)
    ids = tuple(f"s{i + 1:02d}" for i in range(s))
    lon_deg, lat_deg = _degrees(at_km)
    table: dict[str, Any] = {
        "station_id": ids,
        "name": tuple(f"Station {i + 1}" for i in range(s)),
        "lon_deg": lon_deg,
        "lat_deg": lat_deg,
        "is_urban": is_urban,
        "officers": in_post,
        "authorised_officers": in_post + 1,
        "auxiliaries": in_post,
        "can_bundle": np.ones(s, bool),
        "can_host": np.ones(s, bool),
        "max_officers": np.full(s, np.inf),
        "has_window": np.ones(s, bool),
    }
    count = np.bincount(cell_station, minlength=s)
    rank = np.arange(c) - np.repeat(np.cumsum(count) - count, count)
    lon_deg, lat_deg = _degrees(cell_km)
    shares = np.array([0.3, 0.7])
    ground: dict[str, Any] = {
        "cell_id": tuple(f"{ids[i]}c{k}" for i, k in zip(cell_station, rank, strict=True)),
        "station": cell_station,
        "township": tuple(f"Township {i + 1}" for i in cell_station),
        "lon_deg": lon_deg,
        "lat_deg": lat_deg,
        "is_urban": is_urban[cell_station],
        "population": population_per_cell * spread(c, 0.3, 1.7),
        "area_km2": np.ones(c),
        "alerts_per_year": alerts_per_cell * spread(c, 0.1, 1.9)[:, None] * shares,
    }
    first = np.cumsum(count) - count
    cell_pairs = [(int(first[i]), int(first[j])) for i, j in pairs]
    cell_pairs += [(int(first[i]), k) for k, i in enumerate(cell_station) if rank[k]]
    km = np.hypot(*np.moveaxis(at_km[:, None, :] - cell_km[None, :, :], 2, 0))
    seat_km = np.hypot(*np.moveaxis(at_km[:, None, :] - at_km[None, :, :], 2, 0))
    share = np.column_stack([spread(2, 0.5, 1.5) for _ in range(n_periods)])
    fields: dict[str, Any] = {
        "name": "Toy",
        "categories": CATEGORIES,
        "period_names": tuple(f"p{i + 1}" for i in range(n_periods)),
        "period_hours": np.full(n_periods, 24.0 / n_periods),
        "period_share_fraction": share / share.sum(axis=1, keepdims=True),
        "stations": Stations(**{**table, **stations}),
        "cells": Cells(**{**ground, **cells}),
        "travel_time_min": km / speed_km_per_h * 60.0,
        "road_km": km,
        "station_time_min": seat_km / speed_km_per_h * 60.0,
        "cell_adjacency": np.array(cell_pairs, dtype=np.int64).reshape(-1, 2),
        "squads": _squads(n_squads, squad_officers, ids, is_urban, table),
        "units": _units(n_units, s),
        "road_classes": CLASSES,
        "duty_road_km": np.column_stack([10.0 * spread(s, 0.2, 1.8), 20.0 * spread(s, 0.2, 1.8)]),
        "provenance": (Provenance(item="stations", origin="modelled", note="toy"),),
    }
    return County(**{**fields, **overrides})


def _degrees(at_km: FloatArray) -> tuple[FloatArray, FloatArray]:
    wide = KM_PER_DEG * np.cos(np.radians(LAT_DEG))
    return LON_DEG + at_km[:, 0] / wide, LAT_DEG + at_km[:, 1] / KM_PER_DEG


def _squads(
    n: int, officers: int, ids: tuple[str, ...], is_urban: np.ndarray[Any, Any], table: Any
) -> Squads:
    areas = [a for a in np.array_split(np.flatnonzero(~is_urban), n) if len(a)] if n else []
    seats = [int(a[0]) for a in areas]
    return Squads(
        squad_id=tuple(f"q{i + 1}" for i in range(len(areas))),
        name=tuple(f"Squad {i + 1}" for i in range(len(areas))),
        lon_deg=table["lon_deg"][seats],
        lat_deg=table["lat_deg"][seats],
        officers=np.full(len(areas), officers),
        stations=tuple(tuple(ids[i] for i in a) for a in areas),
    )


def _units(n: int, n_stations: int) -> Units:
    return Units(
        unit_id=tuple(f"u{i + 1}" for i in range(n)),
        name=tuple(f"Unit {i + 1}" for i in range(n)),
        kind=("detectives",) * n,
        officers=np.full(n, 10),
        authorised_officers=np.full(n, 11),
        required_officers=np.linspace(8.0, 6.0 + 2.0 * n, n),
        can_give=np.ones(n, bool),
        can_receive=np.ones(n, bool),
        station=np.arange(n) % n_stations,
    )
