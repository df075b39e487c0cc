"""What road duty is about: squads that end, accidents, and who reaches them; facts, no decision."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from optimizer.county import County
from optimizer.frozen import BoolArray, FloatArray, IntArray
from optimizer.plan import Bundle, ClassDuty, Move, Plan, RoadDuty
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


def duty_km(
    county: County, road_duties: Sequence[RoadDuty], class_duties: Sequence[ClassDuty] = ()
) -> dict[str, FloatArray]:
    """Managed km of each unit by jurisdiction and class, shape (jurisdictions of it, R).

    Rows follow `road_duties`, then one for each of `class_duties`.
    """
    assert county.duty_road_km is not None
    row = county.stations.index()
    column = {c: i for i, c in enumerate(county.road_classes)}
    away: dict[str, list[int]] = {}
    found: dict[str, list[FloatArray]] = {}
    for part in class_duties:
        away.setdefault(part.station_id, []).append(column[part.road_class])
    for duty in road_duties:
        km = county.duty_road_km[row[duty.station_id]].copy()
        km[away.get(duty.station_id, [])] = 0.0
        found.setdefault(duty.duty_id, []).append(km)
    for part in class_duties:
        km = np.zeros(len(column))
        at = column[part.road_class]
        km[at] = county.duty_road_km[row[part.station_id], at]
        found.setdefault(part.duty_id, []).append(km)
    return {unit: np.array(rows) for unit, rows in found.items()}


def measure_roads(
    county: County,
    bundles: Sequence[Bundle],
    road_duties: Sequence[RoadDuty],
    moves: Sequence[Move],
    class_duties: Sequence[ClassDuty] = (),
) -> tuple[float, int]:
    """Km per officer at the most loaded duty station, and officers who leave their squad's area."""
    members = {b.centre_id: set(b.station_ids) for b in bundles}
    km = {
        unit: sum(float(row.sum()) for row in rows)
        for unit, rows in duty_km(county, road_duties, class_duties).items()
        if unit in members
    }
    area = dict(zip(county.squads.squad_id, map(set, county.squads.stations), strict=True))
    officers: dict[str, int] = {}
    leavers = 0
    for move in moves:
        if move.reason == "road_duty":
            officers[move.to_id] = officers.get(move.to_id, 0) + move.officers
            stays = area[move.from_id] & members[move.to_id]
            leavers += 0 if stays else move.officers
    return max((km[u] / officers[u] for u in km), default=0.0), leavers


def joint_part(county: County, policy: Policy, plan: Plan) -> float:
    """What the joint goal counts beside the price of the bundles, officers; 0 where it is not."""
    rules = policy.traffic
    if not rules.joint or not plan.dissolved_squad_ids:
        return 0.0
    load_km, leavers = measure_roads(
        county, plan.bundles, plan.road_duties, plan.moves, plan.class_duties
    )
    return rules.joint_price_per_km * (load_km + (rules.leave_area_price_km or 0.0) * leavers)


def in_proportion(pieces: int, weights: Sequence[float]) -> tuple[int, ...]:
    """Whole pieces in proportion to the weights by largest remainder; nothing is lost.

    Equal remainders: the first. Weights that are all 0 count alike.
    """
    total = sum(weights)
    shares = [pieces * (w / total if total else 1 / len(weights)) for w in weights]
    whole = [int(s + 1e-9) for s in shares]
    order = sorted(range(len(shares)), key=lambda i: (whole[i] - shares[i], i))
    for i in order[: pieces - sum(whole)]:
        whole[i] += 1
    return tuple(whole)
