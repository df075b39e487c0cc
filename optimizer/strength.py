"""Units of a plan and the officers each requires: one rule for decisions and for their judges."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from optimizer.county import County
from optimizer.plan import Plan
from optimizer.policy import Policy
from optimizer.workload import (
    Assessment,
    Demand,
    assess,
    demand_of,
    road_officers,
    road_officers_by_class,
)

UnitKind = Literal["urban_station", "rural_station", "squad", "functional"]


@dataclass(frozen=True, slots=True, kw_only=True)
class UnitNeed:
    """One unit of a plan.

    Attributes:
        unit_id: Centre station (it stands for its bundle), squad or functional unit.
        kind: What it is.
        station_ids: Stations of the bundle; empty for squads and functional units.
        officers_today: Officers its members hold today (for a bundle: all its stations).
        authorised_today: Their authorised officers; a squad's are its officers in post.
        required_officers: What its workload needs, road duty included.
        road_officers: The part of that for road duty.
        max_officers: Room in its buildings; inf where unknown.
        place: Row of the station that stands for its place.
    """

    unit_id: str
    kind: UnitKind
    station_ids: tuple[str, ...]
    officers_today: int
    authorised_today: int
    required_officers: float
    road_officers: float
    max_officers: float
    place: int


def assess_bundles(
    county: County, policy: Policy, plan: Plan, demand: Demand | None = None
) -> Assessment:
    """Strength and response of a plan's bundles, in the plan's order."""
    row = county.stations.index()
    return assess(
        county,
        policy,
        demand_of(county, policy) if demand is None else demand,
        [row[b.centre_id] for b in plan.bundles],
        [[row[s] for s in b.station_ids] for b in plan.bundles],
    )


def unit_needs(
    county: County, policy: Policy, plan: Plan, assessment: Assessment | None = None
) -> tuple[UnitNeed, ...]:
    """Every unit of `plan` with its requirement, sorted by unit_id.

    Args:
        county: The county.
        policy: The policy.
        plan: Bundles, road duties and dissolved squads are read; strength and moves are not.
        assessment: `assess_bundles(county, policy, plan)` if the caller has it.

    Returns:
        Bundles (by their centre), squads that remain, functional units.
    """
    if assessment is None:
        assessment = assess_bundles(county, policy, plan)
    stations, squads, units = county.stations, county.squads, county.units
    row = stations.index()
    per_jurisdiction = road_officers(county, policy)
    duty: dict[str, float] = {}
    for one in plan.road_duties:
        duty[one.duty_id] = duty.get(one.duty_id, 0.0) + float(
            per_jurisdiction[row[one.station_id]]
        )
    holder = {one.station_id: one.duty_id for one in plan.road_duties}
    for part in plan.class_duties:
        at = row[part.station_id], county.road_classes.index(part.road_class)
        officers_there = float(road_officers_by_class(county, policy)[at])
        duty[holder[part.station_id]] -= officers_there
        duty[part.duty_id] = duty.get(part.duty_id, 0.0) + officers_there
    found: list[UnitNeed] = []
    for bundle, officers in zip(plan.bundles, assessment.officers.tolist(), strict=True):
        rows = [row[s] for s in bundle.station_ids]
        centre = row[bundle.centre_id]
        road = duty.get(bundle.centre_id, 0.0)
        found.append(
            UnitNeed(
                unit_id=bundle.centre_id,
                kind="urban_station" if stations.is_urban[centre] else "rural_station",
                station_ids=bundle.station_ids,
                officers_today=int(stations.officers[rows].sum()),
                authorised_today=int(stations.authorised_officers[rows].sum()),
                required_officers=officers + road,
                road_officers=road,
                max_officers=float(stations.max_officers[rows].sum()),
                place=centre,
            )
        )
    for i, squad in enumerate(squads.squad_id):
        if squad in plan.dissolved_squad_ids:
            continue
        area = [row[s] for s in squads.stations[i]]
        seat = np.hypot(
            (stations.lon_deg - squads.lon_deg[i]) * np.cos(np.radians(squads.lat_deg[i])),
            stations.lat_deg - squads.lat_deg[i],
        )
        found.append(
            UnitNeed(
                unit_id=squad,
                kind="squad",
                station_ids=(),
                officers_today=int(squads.officers[i]),
                authorised_today=int(squads.officers[i]),
                required_officers=duty.get(squad, 0.0),
                road_officers=duty.get(squad, 0.0),
                max_officers=float("inf"),
                place=min(area, key=lambda s: (seat[s], s)) if area else int(np.argmin(seat)),
            )
        )
    for i, unit in enumerate(units.unit_id):
        found.append(
            UnitNeed(
                unit_id=unit,
                kind="functional",
                station_ids=(),
                officers_today=int(units.officers[i]),
                authorised_today=int(units.authorised_officers[i]),
                required_officers=float(units.required_officers[i]),
                road_officers=0.0,
                max_officers=float("inf"),
                place=int(units.station[i]),
            )
        )
    return tuple(sorted(found, key=lambda u: u.unit_id))
