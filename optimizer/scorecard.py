"""What an evaluation reports: plain numbers and text, ready for tables and JSON."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import Any

from optimizer.strength import UnitKind

NOT_KNOWN = math.nan
"""A measure that a run does not have, because the Jingli that made it did not reckon it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TownshipRow:
    """Response in one township.

    Attributes:
        township: Its name.
        alerts_per_year: Its alerts.
        population: Its registered residents.
        residents_losing_standard: Those within the standard today and outside it in the plan.
        mean_response_min: Alert-weighted; over residents where it has no alerts.
        share_within_fraction: Share of its alerts within the standard; 1 without alerts.
        farthest_min: Response to its farthest cell.
        responsible: Name of the centre station that answers most of its alerts.
        meets_response_standard: `share_within_fraction` reaches the policy's.
    """

    township: str
    alerts_per_year: float
    population: float
    residents_losing_standard: float = NOT_KNOWN
    mean_response_min: float
    share_within_fraction: float
    farthest_min: float
    responsible: str
    meets_response_standard: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class BundleRow:
    """One bundle (or lone station) under its centre.

    Attributes:
        centre_id, centre_name: The centre station.
        station_ids, station_names: All its stations, the centre among them.
        crews: Crews on duty round the clock.
        officers_required: Officers its workload needs, road duty not included.
        officers_required_today: The same for its stations apart, summed.
        officers_freed: The difference.
        officers_today: Officers its stations hold today.
        strength: Officers the plan gives it, road duty included.
        alerts_per_year: Its alerts.
        mean_response_min, mean_response_today_min: Alert-weighted, under the plan and today.
        extra_alert_min_per_year: Sum over alerts of minutes added (negative: saved).
        share_within_fraction: Share of its alerts within the standard.
        farthest_min: Response to its farthest cell.
        office_travel_min: Minutes from the centre to its farthest police office; 0 without one.
        wait_share_fraction: Share of alerts of the worst period that wait longer than allowed.
        busiest_utilisation_fraction: Offered load / crews in the busiest period.
        meets_response_standard: Share within and farthest cell both keep the policy.
    """

    centre_id: str
    centre_name: str
    station_ids: tuple[str, ...]
    station_names: tuple[str, ...]
    crews: int
    officers_required: float
    officers_required_today: float
    officers_freed: float
    officers_today: int
    strength: int
    alerts_per_year: float
    mean_response_min: float
    mean_response_today_min: float
    extra_alert_min_per_year: float
    share_within_fraction: float
    farthest_min: float
    office_travel_min: float
    wait_share_fraction: float
    busiest_utilisation_fraction: float
    meets_response_standard: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class UnitRow:
    """One unit of the plan and its load.

    Attributes:
        unit_id, name, kind: The unit; a bundle goes by its centre.
        officers_before: Today's officers of all that the unit takes over: its stations, and the
            squad officers who come with road duty.
        officers_after: Officers the plan gives it.
        required_officers: What its workload needs, road duty included.
        load_before, load_after: Required officers per officer; inf = work and nobody for it.
        over_establishment_officers: Officers above the authorised strength of all that the unit
            takes over (posts of a dissolved squad come with its officers).
    """

    unit_id: str
    name: str
    kind: UnitKind
    officers_before: int
    officers_after: int
    required_officers: float
    load_before: float
    load_after: float
    over_establishment_officers: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RoadRow:
    """One squad or duty station and the managed roads it looks after.

    Attributes:
        duty_id, duty_name: The unit.
        road_km: Managed road length of its jurisdictions.
        officers: On road duty: a squad's strength, or the squad officers a station received.
        km_per_officer: inf = roads and nobody for them; 0 without roads.
        jurisdiction_ids: Stations (as of today) whose roads these are.
    """

    duty_id: str
    duty_name: str
    road_km: float
    officers: int
    km_per_officer: float
    jurisdiction_ids: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Evaluation:
    """What a plan costs and gains. Formulas: docs/formulation.md, section "Evaluation".

    Attributes:
        plan_digest, county_digest, policy_digest: What was judged, and by which rules.
        centres: Bundles of two or more stations.
        police_offices: Stations that are not a centre in them.
        stations_bundled: Stations in them.
        units_total: Units of the plan: bundles and lone stations, squads, functional units.
        alerts_per_year: All alerts of the county.
        mean_response_min: Alert-weighted turn-out plus travel from the responsible centre.
        p90_response_min: Smallest response within which at least 90% of alerts are reached.
        share_within_fraction: Share of alerts reached within the standard of their cell.
        worst_township, worst_township_response_min: Highest mean among townships with alerts.
        most_losing_township, most_township_loss_min: Where the mean response grows most against
            today, and by how much; empty and 0 where none grows.
        residents_losing_standard, residents_losing_standard_fraction: Residents within the response
            standard of their cell today and outside it in the plan; the same as a share of all.
        officers_in_post: Officers of all stations, squads and units today.
        officers_required: What the workload of all units needs.
        officers_required_stations: The part of the bundles and lone stations, road duty excluded.
        officers_freed: How far the plan lowers that below today's.
        duty_posts: Stations with a round-the-clock duty post.
        duty_posts_closed: Fewer of them than today.
        duty_posts_closed_officers: What the closed ones took, by the relief factor.
        officers_reassigned, officers_rehomed, officers_road_duty: Officers who change unit by
            reassignment, to their bundle's centre, and from a dissolved squad.
        mismatch_fraction: Hoover index of strength against workload over the plan's units.
        mismatch_today_regrouped_fraction: The same with today's officers in the plan's units:
            grouping changes the index by itself, so this is the fair value to compare with.
        load_max, load_min, load_ratio: Required officers per officer over units, and max / min.
        load_gini: Gini coefficient of workload over officers.
        road_km_per_officer_max: Highest managed km per road officer over squads and duty stations.
        road_km_per_officer_mean: All managed km / all road officers.
        duty_stations: Stations that hold road duty.
        window_access_mean_km, window_access_max_km: Road km from home to the nearest window, mean
            over residents and largest.
        worst_wait_share_fraction: Largest share of alerts, over bundles, that wait too long.
        objective: The objective of bundling, one officer = 1; sum of the five prices.
        officers_price, response_price, overload_price, fixed_price, change_price: Its parts.
        stations_changed: Stations whose centre is not that of the plan to start from; of today
            where the policy names none.
        townships, bundles, units, roads: The tables.
    """

    plan_digest: str
    county_digest: str
    policy_digest: str
    centres: int
    police_offices: int
    stations_bundled: int
    units_total: int
    alerts_per_year: float
    mean_response_min: float
    p90_response_min: float
    share_within_fraction: float
    worst_township: str
    worst_township_response_min: float
    most_losing_township: str = ""
    most_township_loss_min: float = NOT_KNOWN
    residents_losing_standard: float = NOT_KNOWN
    residents_losing_standard_fraction: float = NOT_KNOWN
    officers_in_post: int
    officers_required: float
    officers_required_stations: float
    officers_freed: float
    duty_posts: int
    duty_posts_closed: int
    duty_posts_closed_officers: float
    officers_reassigned: int
    officers_rehomed: int
    officers_road_duty: int
    mismatch_fraction: float
    mismatch_today_regrouped_fraction: float
    load_max: float
    load_min: float
    load_ratio: float
    load_gini: float
    road_km_per_officer_max: float
    road_km_per_officer_mean: float
    duty_stations: int
    window_access_mean_km: float
    window_access_max_km: float
    worst_wait_share_fraction: float
    objective: float
    officers_price: float
    response_price: float
    overload_price: float
    fixed_price: float
    change_price: float = 0.0
    stations_changed: int = 0
    townships: tuple[TownshipRow, ...]
    bundles: tuple[BundleRow, ...]
    units: tuple[UnitRow, ...]
    roads: tuple[RoadRow, ...]

    def to_dict(self) -> dict[str, Any]:
        """All values for JSON; an infinite one (unreachable, work without officers) is None."""
        plain: dict[str, Any] = _finite(asdict(self))
        return plain


def _finite(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _finite(one) for key, one in value.items()}
    if isinstance(value, (list, tuple)):
        return [_finite(one) for one in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value
