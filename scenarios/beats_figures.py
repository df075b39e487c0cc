"""What beats are measured by: minutes between cells, borders, alerts and work."""

from __future__ import annotations

import numpy as np

from geo.boundaries import border_km
from geo.plane import plane_at
from geo.routing import travel
from optimizer.county import County
from optimizer.frozen import FloatArray, IntArray
from optimizer.policy_beats import BeatBalance
from scenarios.load import LoadedCase

MOST_CELLS = 3000
"""Cells up to which minutes by road between all of them are computed: 72 MB."""
_MIN_KM, _MOST_OTHERS = 0.1, 0.5


def minutes_between(
    loaded: LoadedCase, rows: IntArray
) -> tuple[FloatArray | None, float, list[int]]:
    """Minutes by road between all cells, None for very many; the county's pace; cells apart.

    Where no road leads, such as to an island, a straight walk counts, so that beats joined by a
    ferry have minutes too.
    """
    cells, rules = loaded.county.cells, loaded.policy.roads
    lon, lat = cells.lon_deg[rows], cells.lat_deg[rows]
    if len(rows) > MOST_CELLS:
        return None, _pace(loaded.county, rows), []
    found = travel(
        None, lon, lat, lon, lat,
        walk_km_per_h=rules.walk_km_per_h,
        count_walk_in=rules.count_walk_in,
        index=loaded.router,
    ).travel_time_min  # fmt: skip
    made = np.array(found)
    np.fill_diagonal(made, 0.0)
    lost = ~np.isfinite(made)
    if not lost.any():
        return made, 1.0, []
    plane = plane_at(lon, lat)
    place = np.column_stack(plane.xy(lon, lat)) / 1000.0
    walk = np.hypot(*(place[:, None] - place).transpose(2, 0, 1)) * 60.0 / rules.walk_km_per_h
    apart = (lost | lost.T).mean(axis=1) > _MOST_OTHERS
    return np.where(lost, walk, made), 1.0, np.flatnonzero(apart).tolist()


def _pace(county: County, rows: IntArray) -> float:
    """Median minutes by road per straight kilometre, from the stations to their own cells."""
    cells, stations = county.cells, county.stations
    own = cells.station[rows]
    plane = plane_at(cells.lon_deg[rows], cells.lat_deg[rows])
    x, y = plane.xy(cells.lon_deg[rows], cells.lat_deg[rows])
    seat_x, seat_y = plane.xy(stations.lon_deg[own], stations.lat_deg[own])
    km = np.hypot(x - seat_x, y - seat_y) / 1000.0
    far = km > _MIN_KM
    return float(np.median(county.travel_time_min[own, rows][far] / km[far])) if far.any() else 1.0


def borders_km(loaded: LoadedCase, rows: IntArray, pairs: IntArray) -> FloatArray | None:
    """Border that each pair of the area's cells shares; None where cells are points."""
    geometry = loaded.cell_geometry
    return None if geometry is None else border_km(geometry[rows], pairs)


def work_of(
    loaded: LoadedCase, rows: IntArray, balance: BeatBalance
) -> tuple[FloatArray, FloatArray]:
    """Alerts of each cell, and what is shared out evenly."""
    county, workload = loaded.county, loaded.policy.workload
    alerts = county.cells.alerts_per_year[rows]
    calls = alerts.sum(axis=1)
    if balance == "minutes":
        of = [workload.of(k) for k in county.categories]
        per_alert = np.array([w.on_scene_min * w.officers_sent for w in of], float)
        return calls, alerts @ per_alert
    return calls, county.cells.population[rows] if balance == "residents" else calls
