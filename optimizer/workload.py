r"""Workload and required strength: from alerts, residents and roads to officers.

For a bundle $S$ of stations hosted at centre $h$ and period $p$ (formulation.md, section "Required
strength"; all symbols with units there):

- crew jobs per hour $\lambda_p = \sum_{c \in S}\sum_k \lambda_{ck} q_k \sigma_{kp} / (365\,H_p)$,
  with $q_k$ crews per alert, $\sigma_{kp}$ the category's share in the period, $H_p$ its hours a
  day;
- offered load $a_p = \sum_{c,k} (\text{jobs})\,(s_k + 2 t_{hc}) / 60$ erlangs, on-scene time plus
  travel both ways;
- crews $m = \max_p \min\{m : P(W > t_q) \le \alpha\}$ in M/M/m with load $a_p$;
- officers $= m\,n\,\rho + d\,\rho + b\,w + \text{case} + \text{community} + \text{road}$ with
  $n$ officers per crew, relief factor $\rho$, $d$ duty-post officers, $b$ police offices that have
  a window, $w$ officers per window.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np

from optimizer.county import County
from optimizer.frozen import BoolArray, FloatArray, IntArray
from optimizer.policy import Crews, Policy
from optimizer.queueing import crews_needed, wait_exceeds

DAYS_PER_YEAR = 365.0

_CASE, _COMMUNITY, _ALERTS, _ALERT_MIN, _ALERTS_WITHIN, _FIRST_PERIOD = range(6)
_KEYS_PER_PLACE = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Demand:
    """Work that the cells give rise to, whoever serves them. C cells, P periods.

    Attributes:
        alerts_per_year: All categories together, shape (C,).
        jobs_per_hour: Crew dispatches per hour of each period, shape (C, P).
        scene_crew_min_per_hour: Crew-minutes on scene per hour of each period, shape (C, P).
        case_officers: Officers for the case work that follows, shape (C,).
        community_officers: Officers for community work, shape (C,).
    """

    alerts_per_year: FloatArray
    jobs_per_hour: FloatArray
    scene_crew_min_per_hour: FloatArray
    case_officers: FloatArray
    community_officers: FloatArray


@dataclass(frozen=True, slots=True, kw_only=True)
class Assessment:
    """Strength and response of N bundles, each under a stated centre.

    Attributes:
        crews: Crews on duty round the clock, shape (N,).
        crew_officers, post_officers, window_officers, case_officers, community_officers: The parts
            of `officers`.
        officers: Officers required, road duty not included.
        centre_officers: Those of them who work from the centre's own building: all but the windows
            and the community work of the police offices.
        auxiliaries: Auxiliaries required.
        busiest_utilisation_fraction: Offered load / crews in the busiest period.
        wait_share_fraction: Share of alerts of the worst period that wait longer than allowed; NaN
            where it was not asked for.
        alerts_per_year: Alerts of the bundle.
        alert_min_per_year: Sum of alerts x travel minutes from the centre; inf = a cell with alerts
            is unreachable.
        alerts_within_per_year: Alerts reached within the response standard.
        farthest_min: Turn-out plus travel to the farthest cell.
        office_travel_min: Minutes from the centre to its farthest police office; 0 without one.
    """

    crews: IntArray
    crew_officers: FloatArray
    post_officers: FloatArray
    window_officers: FloatArray
    case_officers: FloatArray
    community_officers: FloatArray
    officers: FloatArray
    centre_officers: FloatArray
    auxiliaries: FloatArray
    busiest_utilisation_fraction: FloatArray
    wait_share_fraction: FloatArray
    alerts_per_year: FloatArray
    alert_min_per_year: FloatArray
    alerts_within_per_year: FloatArray
    farthest_min: FloatArray
    office_travel_min: FloatArray


def demand_of(county: County, policy: Policy) -> Demand:
    """Crew jobs, on-scene time, case work and community work per cell."""
    work = [policy.workload.of(k) for k in county.categories]
    crews_sent = np.array([-(-w.officers_sent // policy.crews.crew_officers) for w in work], float)
    scene_min = np.array([w.on_scene_min for w in work])
    case_min = np.array([w.case_work_officer_min for w in work])
    alerts = county.cells.alerts_per_year
    share_per_hour = county.period_share_fraction / (DAYS_PER_YEAR * county.period_hours)
    community_min = policy.workload.community_officer_min_per_1000_residents / 1000.0
    return Demand(
        alerts_per_year=alerts.sum(axis=1),
        jobs_per_hour=(alerts * crews_sent) @ share_per_hour,
        scene_crew_min_per_hour=(alerts * crews_sent * scene_min) @ share_per_hour,
        case_officers=alerts @ case_min / policy.crews.officer_min_per_year,
        community_officers=county.cells.population
        * (community_min / policy.crews.officer_min_per_year),
    )


def standard_min(county: County, policy: Policy) -> FloatArray:
    """Response standard of each cell in minutes, shape (C,)."""
    r = policy.response
    return np.where(county.cells.is_urban, r.urban_min, r.rural_min)


def closes_window(county: County, policy: Policy, centre: IntArray, station: IntArray) -> BoolArray:
    """Whether the window of each `station` closes under its `centre` (station rows, any shape).

    Only where the policy closes those of police offices and the centre has one of its own.
    """
    has, keeps = county.stations.has_window, policy.bundling.offices_keep_windows
    if keeps is True:
        return np.zeros(np.shape(station), dtype=bool)
    closes: BoolArray = np.asarray((station != centre) & has[station] & has[centre])
    limit_km = policy.equity.max_window_km
    if keeps == "far" and limit_km is not None:
        at = np.flatnonzero(closes)
        pairs, pair = np.unique(
            np.broadcast_to(centre, closes.shape).ravel()[at] * len(has) + np.ravel(station)[at],
            return_inverse=True,
        )
        near = _window_km(county, pairs // len(has), pairs % len(has)) <= limit_km
        closes.ravel()[at] = near[pair]
    return closes


def _window_km(county: County, centre: IntArray, station: IntArray) -> FloatArray:
    """Road km to the window of `centre` from the farthest cell of `station` with residents.

    Cells that are no farther from it than from their own do not count; shape (pairs,).
    """
    cells = county.cells
    lived = cells.population > 0 if cells.population.any() else np.ones(len(cells), dtype=bool)
    farthest = np.zeros(len(centre))
    order = np.argsort(cells.station, kind="stable")
    count = np.bincount(cells.station, minlength=len(county.stations))
    first = np.cumsum(count) - count
    row = np.repeat(np.arange(len(centre)), count[station])
    cell = order[_runs(first[station], count[station])]
    then_km, now_km = county.road_km[centre[row], cell], county.road_km[station[row], cell]
    np.maximum.at(farthest, row, np.where(lived[cell] & (then_km > now_km), then_km, 0.0))
    return farthest


def _runs(first: IntArray, length: IntArray) -> IntArray:
    """`first[i]`, `first[i] + 1`, … for each i, `length[i]` of them, one run after another."""
    start = np.cumsum(length) - length
    runs: IntArray = np.repeat(first - start, length) + np.arange(int(length.sum()))
    return runs


def road_officers(county: County, policy: Policy) -> FloatArray:
    """Officers for the managed roads of each station's jurisdiction, shape (S,)."""
    rates = policy.workload.road_duty_officer_min_per_km
    per_km = np.array([rates.get(c, 0.0) for c in county.road_classes])
    assert county.duty_road_km is not None
    officers: FloatArray = county.duty_road_km @ per_km / policy.crews.officer_min_per_year
    return officers


def road_officers_by_class(county: County, policy: Policy) -> FloatArray:
    """The same by class of road, shape (S, R)."""
    rates = policy.workload.road_duty_officer_min_per_km
    per_km = np.array([rates.get(c, 0.0) for c in county.road_classes])
    assert county.duty_road_km is not None
    officers: FloatArray = county.duty_road_km * per_km / policy.crews.officer_min_per_year
    return officers


def assess(
    county: County,
    policy: Policy,
    demand: Demand,
    centres: Sequence[int] | IntArray,
    members: Sequence[Sequence[int]] | IntArray,
    *,
    with_waits: bool = True,
) -> Assessment:
    """Strength and response of many bundles at once.

    Args:
        county: The county.
        policy: Crews, waits, windows and standards.
        demand: `demand_of(county, policy)`.
        centres: Row of the centre station of each bundle, length N.
        members: Rows of the stations of each bundle, the centre among them, length N; as an array
            padded with -1.
        with_waits: Whether `wait_share_fraction` is wanted; pricing does without.

    Returns:
        Arrays of shape (N,).
    """
    periods = len(county.period_hours)
    station = members if isinstance(members, np.ndarray) else _padded(members)
    n, stations = len(station), len(county.stations)
    inside: BoolArray = station >= 0
    host = np.broadcast_to(np.asarray(centres, dtype=np.int64)[:, None], station.shape)
    pairs, pair_of = _distinct(np.where(inside, host * stations + station, -1), stations**2)
    table = _pair_sums(county, policy, demand, pairs // stations, pairs % stations)
    # One more row of zeros, for the padding.
    summed = np.vstack([table.summed, np.zeros(table.summed.shape[1])])
    farthest_min = np.r_[table.farthest_min, 0.0]
    sums, farthest = np.zeros((n, summed.shape[1])), np.zeros(n)
    away, keeps_window, office = np.zeros(n), np.zeros(n), np.zeros(n)
    rules = policy.crews
    per_window = (
        rules.window_officers * rules.window_hours_per_week / rules.effective_hours_per_week
    )
    for here, pair, known, centre in zip(station.T, pair_of.T, inside.T, host.T, strict=True):
        row = summed[pair]
        sums += row
        np.maximum(farthest, farthest_min[pair], out=farthest)
        served: BoolArray = known & (here != centre)
        away += np.where(served, row[:, _COMMUNITY], 0.0)
        keeps = county.stations.has_window[here] & ~closes_window(county, policy, centre, here)
        keeps_window += np.where(served & keeps, per_window, 0.0)
        minutes = np.where(known, county.station_time_min[centre, here], 0.0)
        np.maximum(office, minutes, out=office)
    jobs, busy = sums[:, _FIRST_PERIOD : _FIRST_PERIOD + periods], sums[:, -periods:]
    reachable = np.asarray(np.isfinite(busy).all(axis=1))
    load = np.where(reachable[:, None], busy, 0.0) / 60.0
    service_min = np.divide(load * 60.0, jobs, out=np.zeros_like(load), where=jobs > 0)
    busiest = np.argmax(load, axis=1)
    crews = _crews(load, service_min, busiest, rules)
    wait_share_fraction = np.full(n, np.nan)
    if with_waits:
        waits = wait_exceeds(crews[:, None], load, service_min, rules.max_wait_min)
        wait_share_fraction = waits.max(axis=1)
    crew_officers = (crews * rules.crew_officers * rules.relief_factor).astype(np.float64)
    auxiliaries = (crews * rules.crew_auxiliaries * rules.relief_factor).astype(np.float64)
    post_officers = np.full(n, rules.duty_post_officers * rules.relief_factor)
    case, community = sums[:, _CASE], sums[:, _COMMUNITY]
    officers = crew_officers + post_officers + keeps_window + case + community
    return Assessment(
        crews=crews,
        crew_officers=crew_officers,
        post_officers=post_officers,
        window_officers=keeps_window,
        case_officers=case,
        community_officers=community,
        officers=np.where(reachable, officers, np.inf),
        centre_officers=np.where(reachable, officers - keeps_window - away, np.inf),
        auxiliaries=auxiliaries,
        busiest_utilisation_fraction=load[np.arange(n), busiest] / crews,
        wait_share_fraction=wait_share_fraction,
        alerts_per_year=sums[:, _ALERTS],
        alert_min_per_year=sums[:, _ALERT_MIN],
        alerts_within_per_year=sums[:, _ALERTS_WITHIN],
        farthest_min=farthest,
        office_travel_min=office,
    )


def _padded(members: Sequence[Sequence[int]]) -> IntArray:
    padded = np.full((len(members), max(map(len, members), default=1)), -1, dtype=np.int64)
    for row, stations in zip(padded, members, strict=True):
        row[: len(stations)] = stations
    return padded


def _distinct(keys: IntArray, most: int) -> tuple[IntArray, IntArray]:
    """Distinct keys from 0 to below `most`, sorted, and the place of each of `keys` among them.

    Keys below 0 get the place after the last.
    """
    if most > _KEYS_PER_PLACE * keys.size:
        found = np.unique(keys[keys >= 0])
        place = np.searchsorted(found, keys)
        return found, np.where(keys >= 0, place, len(found))
    seen = np.zeros(most + 1, dtype=bool)
    seen[keys] = True
    seen[-1] = False
    found = np.flatnonzero(seen)
    place = np.full(most + 1, len(found))
    place[found] = np.arange(len(found))
    return found, place[keys]


def _crews(load: FloatArray, service_min: FloatArray, busiest: IntArray, rules: Crews) -> IntArray:
    """Crews that keep the wait in every period, shape (N,).

    The wait grows with the load and with the time per job. So the busiest period's need is the
    least, and that of its load with the longest time per job the most; only where the two differ
    are all periods asked.
    """
    row = np.arange(len(load))
    needed = partial(
        crews_needed,
        max_wait_min=rules.max_wait_min,
        max_wait_share_fraction=rules.max_wait_share_fraction,
        min_crews=rules.min_crews,
    )
    bounds = np.stack([service_min[row, busiest], service_min.max(axis=1)])
    bounding: IntArray = needed(load[row, busiest], bounds)
    crews, most = bounding[0], bounding[1]
    open_rows = np.flatnonzero(crews != most)
    if len(open_rows):
        every: IntArray = needed(load[open_rows], service_min[open_rows])
        crews[open_rows] = every.max(axis=1)
    return np.asarray(crews)


@dataclass(frozen=True, slots=True, kw_only=True)
class _PairSums:
    """Over the cells of a station when it is served from a host, one row per pair.

    Attributes:
        summed: What adds up over the stations of a bundle: `_CASE`, `_COMMUNITY`, `_ALERTS`,
            `_ALERT_MIN`, `_ALERTS_WITHIN`, crew jobs per hour of each period, busy crew-minutes
            per hour of each period; shape (pairs, 5 + 2 P).
        farthest_min: Turn-out plus travel to the farthest cell, shape (pairs,).
    """

    summed: FloatArray
    farthest_min: FloatArray


def _sums(group: IntArray, weights: FloatArray, groups: int) -> FloatArray:
    return np.bincount(group, weights=weights, minlength=groups).astype(np.float64)


def _pair_sums(
    county: County, policy: Policy, demand: Demand, host: IntArray, station: IntArray
) -> _PairSums:
    order = np.argsort(county.cells.station, kind="stable")
    count = np.bincount(county.cells.station, minlength=len(county.stations))
    first = np.concatenate([[0], np.cumsum(count)[:-1]])
    lengths = count[station]
    pair = np.repeat(np.arange(len(station)), lengths)
    offset = np.arange(int(lengths.sum())) - np.repeat(np.cumsum(lengths) - lengths, lengths)
    cell = order[first[station][pair] + offset]
    travel_min = county.travel_time_min[host[pair], cell]

    def total(per_cell: FloatArray) -> FloatArray:
        return _sums(pair, per_cell, len(station))

    def times_travel(amount: FloatArray) -> FloatArray:
        return np.multiply(amount, travel_min, out=np.zeros_like(travel_min), where=amount > 0)

    periods = range(len(county.period_hours))
    alerts = demand.alerts_per_year[cell]
    response_min = policy.response.turnout_min + travel_min
    within = response_min <= standard_min(county, policy)[cell]
    farthest = np.zeros(len(station))
    np.maximum.at(farthest, pair, response_min)
    sums = [
        total(demand.case_officers[cell]),
        total(demand.community_officers[cell]),
        total(alerts),
        total(times_travel(alerts)),
        total(np.where(within, alerts, 0.0)),
        *(total(demand.jobs_per_hour[cell, p]) for p in periods),
        *(
            total(
                demand.scene_crew_min_per_hour[cell, p]
                + 2.0 * times_travel(demand.jobs_per_hour[cell, p])
            )
            for p in periods
        ),
    ]
    return _PairSums(summed=np.column_stack(sums), farthest_min=farthest)
