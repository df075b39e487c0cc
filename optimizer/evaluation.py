"""What a plan costs and gains, recomputed without the solver and without the decisions' code.

Response is summed cell by cell from the county's travel times; required officers come from the
queueing model (`workload`, `strength`), the one rule for decisions and for their judges. Formulas:
docs/formulation.md, section "Evaluation".
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from optimizer.county import County
from optimizer.equity import loses_standard, windows_left
from optimizer.frozen import BoolArray, FloatArray, IntArray
from optimizer.measures import (
    ResponseByGroup,
    gini,
    hoover,
    loads,
    response_by_group,
    weighted_mean,
    weighted_percentile,
)
from optimizer.membership import check_complete
from optimizer.plan import Plan, current_plan
from optimizer.policy import Policy
from optimizer.road_duty import duty_km
from optimizer.scorecard import BundleRow, Evaluation, RoadRow, TownshipRow, UnitRow
from optimizer.steering import stations_changed
from optimizer.strength import UnitNeed, assess_bundles, unit_needs
from optimizer.workload import Assessment, demand_of

__all__ = ["BundleRow", "Evaluation", "RoadRow", "TownshipRow", "UnitRow", "evaluate"]


def evaluate(county: County, policy: Policy, plan: Plan) -> Evaluation:
    """Every measure of `plan`; today's deployment is `current_plan(county)`.

    A plan without any strength yet (bundles only) is scored with today's officers in its units.

    Raises:
        InputError: the plan does not belong to the county; see `check_complete`.
    """
    check_complete(county, plan)
    today = current_plan(county)
    demand = demand_of(county, policy)
    assessed = assess_bundles(county, policy, plan, demand)
    apart = assess_bundles(county, policy, today, demand)
    needs = unit_needs(county, policy, plan, assessed)
    cells = _cells_under(county, policy, plan)
    cells_today = _cells_under(county, policy, today)
    bundles = _bundle_rows(county, policy, plan, assessed, apart, cells, cells_today)
    units = _unit_rows(county, plan, needs)
    roads = _road_rows(county, plan)
    lost = np.where(loses_standard(county, policy, plan), county.cells.population, 0.0)
    townships = _township_rows(county, policy, cells, lost)
    losing = _most_losing(_township_rows(county, policy, cells_today, lost), townships)
    price = _price(policy, plan, assessed, bundles)
    km_mean, km_max = _window_access(county, windows_left(county, policy, plan))

    alerts = cells.alerts_per_year
    load = _fairness(units)
    worst = max(
        (t for t in townships if t.alerts_per_year > 0),
        key=lambda t: t.mean_response_min,
        default=None,
    )
    grouped = [b for b in plan.bundles if b.office_ids]
    posts_each = policy.crews.duty_post_officers
    closed = len(county.stations) - len(plan.bundles) if posts_each else 0
    return Evaluation(
        plan_digest=plan.digest,
        county_digest=county.digest,
        policy_digest=policy.digest,
        centres=len(grouped),
        police_offices=sum(len(b.office_ids) for b in grouped),
        stations_bundled=sum(len(b.station_ids) for b in grouped),
        units_total=len(units),
        alerts_per_year=float(alerts.sum()),
        mean_response_min=weighted_mean(cells.response_min, alerts),
        p90_response_min=weighted_percentile(cells.response_min, alerts, 0.9),
        share_within_fraction=1.0 - weighted_mean((~cells.is_within).astype(float), alerts),
        worst_township=worst.township if worst else "",
        worst_township_response_min=worst.mean_response_min if worst else 0.0,
        most_losing_township=losing[0],
        most_township_loss_min=losing[1],
        residents_losing_standard=float(lost.sum()),
        residents_losing_standard_fraction=_share(float(lost.sum()), county.cells.population),
        officers_in_post=sum(n for _, n in today.strength),
        officers_required=sum(u.required_officers for u in units),
        officers_required_stations=float(assessed.officers.sum()),
        officers_freed=float(apart.officers.sum() - assessed.officers.sum()),
        duty_posts=len(plan.bundles) if posts_each else 0,
        duty_posts_closed=closed,
        duty_posts_closed_officers=closed * posts_each * policy.crews.relief_factor,
        officers_reassigned=_moved(plan, "reassign"),
        officers_rehomed=_moved(plan, "bundle"),
        officers_road_duty=_moved(plan, "road_duty"),
        mismatch_fraction=load.mismatch_fraction,
        mismatch_today_regrouped_fraction=load.mismatch_before_fraction,
        load_max=load.highest,
        load_min=load.lowest,
        load_ratio=load.ratio,
        load_gini=load.gini,
        road_km_per_officer_max=max((r.km_per_officer for r in roads), default=0.0),
        road_km_per_officer_mean=_per_officer(
            sum(r.road_km for r in roads), sum(r.officers for r in roads)
        ),
        duty_stations=len(plan.duty_ids & set(county.stations.station_id)),
        window_access_mean_km=km_mean,
        window_access_max_km=km_max,
        worst_wait_share_fraction=float(assessed.wait_share_fraction.max()),
        objective=price.officers + price.response + price.overload + price.fixed + price.change,
        officers_price=price.officers,
        response_price=price.response,
        overload_price=price.overload,
        fixed_price=price.fixed,
        change_price=price.change,
        stations_changed=len(stations_changed(policy, plan)),
        townships=townships,
        bundles=bundles,
        units=units,
        roads=roads,
    )


def _moved(plan: Plan, reason: str) -> int:
    return sum(m.officers for m in plan.moves if m.reason == reason)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Fairness:
    mismatch_fraction: float
    mismatch_before_fraction: float
    highest: float
    lowest: float
    ratio: float
    gini: float


def _fairness(units: Sequence[UnitRow]) -> _Fairness:
    """Strength against workload over units; one with neither work nor officers has no load."""
    required = np.array([u.required_officers for u in units])
    before = np.array([float(u.officers_before) for u in units])
    after = np.array([float(u.officers_after) for u in units])
    load = loads(required, after)[(required > 0) | (after > 0)]
    highest = float(load.max(initial=0.0))
    lowest = float(load.min()) if load.size else 0.0
    return _Fairness(
        mismatch_fraction=hoover(after, required),
        mismatch_before_fraction=hoover(before, required),
        highest=highest,
        lowest=lowest,
        ratio=highest / lowest if lowest > 0 else float("inf"),
        gini=gini(after, required),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _CellResponse:
    """Response of each cell under a plan, all arrays of shape (C,)."""

    alerts_per_year: FloatArray
    centre: IntArray
    response_min: FloatArray
    is_within: BoolArray


def _cells_under(county: County, policy: Policy, plan: Plan) -> _CellResponse:
    row = county.stations.index()
    centre_of = plan.centre_of()
    centre = np.array([row[centre_of[s]] for s in county.stations.station_id])[county.cells.station]
    travel_min = county.travel_time_min[centre, np.arange(len(county.cells))]
    response_min = policy.response.turnout_min + travel_min
    standard_min = np.where(
        county.cells.is_urban, policy.response.urban_min, policy.response.rural_min
    )
    return _CellResponse(
        alerts_per_year=county.cells.alerts_per_year.sum(axis=1),
        centre=centre,
        response_min=response_min,
        is_within=response_min <= standard_min,
    )


def _by_group(
    county: County, cells: _CellResponse, group: IntArray, n_groups: int
) -> ResponseByGroup:
    return response_by_group(
        group,
        n_groups,
        alerts_per_year=cells.alerts_per_year,
        population=county.cells.population,
        response_min=cells.response_min,
        is_within=cells.is_within,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Price:
    officers: float
    response: float
    overload: float
    fixed: float
    change: float


def _price(
    policy: Policy, plan: Plan, assessed: Assessment, bundles: Sequence[BundleRow]
) -> _Price:
    weights = policy.weights
    officers = assessed.officers
    extra_min = sum(b.extra_alert_min_per_year for b in bundles)
    return _Price(
        officers=weights.officers * float(officers.sum()),
        response=weights.response_per_1000_alert_min / 1000.0 * extra_min,
        overload=weights.overload_per_officer
        * float(np.maximum(officers - weights.span_officers, 0.0).sum()),
        fixed=weights.fixed_per_office * sum(len(b.station_ids) - 1 for b in bundles),
        change=policy.bundling.changes.price_per_station * len(stations_changed(policy, plan)),
    )


def _bundle_rows(
    county: County,
    policy: Policy,
    plan: Plan,
    assessed: Assessment,
    apart: Assessment,
    cells: _CellResponse,
    cells_today: _CellResponse,
) -> tuple[BundleRow, ...]:
    row = county.stations.index()
    bundle_of = np.zeros(len(row), dtype=np.int64)
    for i, bundle in enumerate(plan.bundles):
        bundle_of[[row[s] for s in bundle.station_ids]] = i
    group = bundle_of[county.cells.station]
    now = _by_group(county, cells, group, len(plan.bundles))
    was = _by_group(county, cells_today, group, len(plan.bundles))
    # current_plan sorts its bundles by id, the county its stations as given.
    single = dict(zip(sorted(row), apart.officers.tolist(), strict=True))
    held = dict(zip(row, county.stations.officers.tolist(), strict=True))
    name = dict(zip(row, county.stations.name, strict=True))
    strength = dict(plan.strength)
    rows = []
    for i, bundle in enumerate(plan.bundles):
        required = float(assessed.officers[i])
        required_today = sum(single[s] for s in bundle.station_ids)
        today = sum(held[s] for s in bundle.station_ids)
        share, farthest = float(now.share_within_fraction[i]), float(now.farthest_min[i])
        rows.append(
            BundleRow(
                centre_id=bundle.centre_id,
                centre_name=name[bundle.centre_id],
                station_ids=bundle.station_ids,
                station_names=tuple(name[s] for s in bundle.station_ids),
                crews=int(assessed.crews[i]),
                officers_required=required,
                officers_required_today=required_today,
                officers_freed=required_today - required,
                officers_today=today,
                strength=strength.get(bundle.centre_id, today),
                alerts_per_year=float(now.alerts_per_year[i]),
                mean_response_min=float(now.mean_response_min[i]),
                mean_response_today_min=float(was.mean_response_min[i]),
                extra_alert_min_per_year=float(
                    now.alert_min_per_year[i] - was.alert_min_per_year[i]
                ),
                share_within_fraction=share,
                farthest_min=farthest,
                office_travel_min=float(assessed.office_travel_min[i]),
                wait_share_fraction=float(assessed.wait_share_fraction[i]),
                busiest_utilisation_fraction=float(assessed.busiest_utilisation_fraction[i]),
                meets_response_standard=share >= policy.response.share_within_fraction
                and farthest <= policy.response.farthest_min,
            )
        )
    return tuple(rows)


def _unit_rows(county: County, plan: Plan, needs: Sequence[UnitNeed]) -> tuple[UnitRow, ...]:
    name = _names(county)
    strength = dict(plan.strength)
    arrived = _road_duty_arrivals(plan)
    rows = []
    for need in needs:
        before = need.officers_today + arrived.get(need.unit_id, 0)
        after = strength.get(need.unit_id, before)
        load_before, load_after = loads(
            np.full(2, need.required_officers), np.array([before, after], float)
        ).tolist()
        posts = need.authorised_today + arrived.get(need.unit_id, 0)
        rows.append(
            UnitRow(
                unit_id=need.unit_id,
                name=name[need.unit_id],
                kind=need.kind,
                officers_before=before,
                officers_after=after,
                required_officers=need.required_officers,
                load_before=load_before,
                load_after=load_after,
                over_establishment_officers=max(0, after - posts),
            )
        )
    return tuple(rows)


def _road_rows(county: County, plan: Plan) -> tuple[RoadRow, ...]:
    name = _names(county)
    strength = dict(plan.strength)
    today = dict(zip(county.squads.squad_id, county.squads.officers.tolist(), strict=True))
    arrived = _road_duty_arrivals(plan)
    jurisdictions: dict[str, list[str]] = {
        q: [] for q in today if q not in plan.dissolved_squad_ids
    }
    for unit in arrived:
        jurisdictions.setdefault(unit, [])
    for jurisdiction, unit in plan.duty_pairs:
        held_by = jurisdictions.setdefault(unit, [])
        if jurisdiction not in held_by:
            held_by.append(jurisdiction)
    km_of = duty_km(county, plan.road_duties, plan.class_duties)
    rows = []
    for unit, held in sorted(jurisdictions.items()):
        km = float(km_of[unit].sum()) if unit in km_of else 0.0
        if unit in plan.dissolved_squad_ids:
            officers = 0
        elif unit in today:
            officers = strength.get(unit, today[unit])
        else:
            officers = arrived.get(unit, 0)
        rows.append(
            RoadRow(
                duty_id=unit,
                duty_name=name[unit],
                road_km=km,
                officers=officers,
                km_per_officer=_per_officer(km, officers),
                jurisdiction_ids=tuple(held),
            )
        )
    return tuple(rows)


def _road_duty_arrivals(plan: Plan) -> Mapping[str, int]:
    arrived: dict[str, int] = {}
    for move in plan.moves:
        if move.reason == "road_duty":
            arrived[move.to_id] = arrived.get(move.to_id, 0) + move.officers
    return arrived


def _per_officer(road_km: float, officers: int) -> float:
    if road_km == 0.0:
        return 0.0
    return road_km / officers if officers else float("inf")


def _township_rows(
    county: County, policy: Policy, cells: _CellResponse, lost: FloatArray
) -> tuple[TownshipRow, ...]:
    names = sorted(set(county.cells.township))
    number = {name: i for i, name in enumerate(names)}
    group = np.array([number[t] for t in county.cells.township], dtype=np.int64)
    response = _by_group(county, cells, group, len(names))
    population = np.bincount(group, weights=county.cells.population, minlength=len(names))
    losing = np.bincount(group, weights=lost, minlength=len(names))
    # Alerts per township and centre; residents, then cells, where a township has no alerts.
    pairs, pair_of = np.unique(group * len(county.stations) + cells.centre, return_inverse=True)
    by = [
        np.bincount(pair_of, weights=w, minlength=len(pairs))
        for w in (cells.alerts_per_year, county.cells.population, np.ones(len(group)))
    ]
    centre_id = [county.stations.station_id[p] for p in pairs % len(county.stations)]
    best: dict[int, tuple[float, float, float, str]] = {}
    for i in sorted(range(len(pairs)), key=lambda i: centre_id[i]):
        amounts = (float(by[0][i]), float(by[1][i]), float(by[2][i]))
        township = int(pairs[i] // len(county.stations))
        if township not in best or amounts > best[township][:3]:
            best[township] = (*amounts, centre_id[i])
    name = _names(county)
    return tuple(
        TownshipRow(
            township=township,
            alerts_per_year=float(response.alerts_per_year[i]),
            population=float(population[i]),
            residents_losing_standard=float(losing[i]),
            mean_response_min=float(response.mean_response_min[i]),
            share_within_fraction=float(response.share_within_fraction[i]),
            farthest_min=float(response.farthest_min[i]),
            responsible=name[best[i][3]],
            meets_response_standard=bool(
                response.share_within_fraction[i] >= policy.response.share_within_fraction
            ),
        )
        for i, township in enumerate(names)
    )


def _most_losing(today: Sequence[TownshipRow], plan: Sequence[TownshipRow]) -> tuple[str, float]:
    """Township whose mean response grows most, and by how much; nobody and 0 where none grows."""
    change = [
        (b.mean_response_min - a.mean_response_min, b.township)
        for a, b in zip(today, plan, strict=True)
        if b.mean_response_min > a.mean_response_min
    ]
    if not change:
        return "", 0.0
    loss, township = max(change, key=lambda c: c[0])
    return township, loss


def _share(part: float, of: FloatArray) -> float:
    return part / float(of.sum()) if of.any() else 0.0


def _window_access(county: County, is_left: BoolArray) -> tuple[float, float]:
    """Mean over residents and largest road km to the nearest window of the stations `is_left`.

    Over all cells alike where no residents are known; inf without any window.
    """
    windows = np.flatnonzero(is_left)
    if not windows.size:
        return float("inf"), float("inf")
    nearest_km = county.road_km[windows].min(axis=0)
    population = county.cells.population
    weights = population if population.any() else np.ones(len(population))
    return weighted_mean(nearest_km, weights), float(nearest_km[weights > 0].max())


def _names(county: County) -> dict[str, str]:
    tables = (
        (county.stations.station_id, county.stations.name),
        (county.squads.squad_id, county.squads.name),
        (county.units.unit_id, county.units.name),
    )
    return {i: name for ids, names in tables for i, name in zip(ids, names, strict=True)}
