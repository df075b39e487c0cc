"""What road duty is about: squads that end, accidents, and who reaches them; facts, no decision."""

from __future__ import annotations

import numpy as np

from optimizer.county import County
from optimizer.frozen import BoolArray, FloatArray, IntArray
from optimizer.policy import Policy

TIME_TOLERANCE_MIN = 1e-9


def ending_squads(county: County, policy: Policy) -> tuple[int, ...]:
    """Rows of the squads that the policy dissolves, in the order of the county.

    `traffic.which_squads` says all, the rural ones (no town station in their area), or which; ids
    that no squad has mean nothing here.
    """
    rules, squads = policy.traffic, county.squads
    if not rules.dissolve_squads:
        return ()
    every = range(len(squads))
    if rules.which_squads == "all":
        return tuple(every)
    if rules.which_squads == "rural":
        row = county.stations.index()
        town = county.stations.is_urban
        return tuple(q for q in every if not any(town[row[s]] for s in squads.stations[q]))
    return tuple(q for q in every if squads.squad_id[q] in rules.which_squads)


def accidents_per_year(county: County, policy: Policy) -> FloatArray:
    """Road accidents of each cell, shape (C,): alerts of categories with `is_road_traffic`."""
    counted = np.array([policy.workload.of(k).is_road_traffic for k in county.categories])
    found: FloatArray = county.cells.alerts_per_year[:, counted].sum(axis=1)
    return found


def accidents_in_time(county: County, policy: Policy) -> FloatArray:
    """Accidents of each jurisdiction that each seat reaches in time, shape (S, S).

    Row: the jurisdiction; column: the station whose seat the officers start from. In time means
    turn-out and travel within `traffic.accident_limit_min`.
    """
    accidents = accidents_per_year(county, policy)
    station, stations = county.cells.station, len(county.stations)
    is_near = _response(county, policy) <= policy.traffic.accident_limit_min + TIME_TOLERANCE_MIN
    found = np.zeros((stations, stations))
    for seat in range(stations):
        found[:, seat] = np.bincount(station, weights=accidents * is_near[seat], minlength=stations)
    return found


def _response(county: County, policy: Policy) -> FloatArray:
    """Turn-out and travel from each seat to each cell, shape (S, C)."""
    found: FloatArray = policy.response.turnout_min + county.travel_time_min
    return found


def nearest_station(county: County, squad: int) -> int:
    """Row of the station nearest to a squad's seat in a straight line; it stands for the seat."""
    stations, squads = county.stations, county.squads
    east = (stations.lon_deg - squads.lon_deg[squad]) * np.cos(np.radians(squads.lat_deg[squad]))
    apart = np.hypot(east, stations.lat_deg - squads.lat_deg[squad])
    return min(range(len(stations)), key=lambda s: (apart[s], stations.station_id[s]))


def accident_responses(
    county: County, policy: Policy, seat_of: IntArray
) -> tuple[IntArray, FloatArray, FloatArray]:
    """Accidents with the minutes in which road duty is there.

    Args:
        county: The county.
        policy: Turn-out and categories.
        seat_of: Row of the station that the officers of each jurisdiction start from; -1 where no
            squad and no duty station has the roads; shape (S,).

    Returns:
        Cells in question, their accidents a year, minutes (inf where unreachable).
    """
    at = seat_of[county.cells.station]
    cells = np.flatnonzero(at >= 0)
    minutes: FloatArray = policy.response.turnout_min + county.travel_time_min[at[cells], cells]
    return cells, accidents_per_year(county, policy)[cells], minutes


def within(minutes: FloatArray, limit_min: float) -> BoolArray:
    """Which minutes keep a limit."""
    found: BoolArray = minutes <= limit_min + TIME_TOLERANCE_MIN
    return found
