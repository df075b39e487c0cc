"""Rules on road duty that a plan breaks, checked anew from the county and the plan alone."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from optimizer.county import County
from optimizer.main_roads import HOURS
from optimizer.plan import Plan
from optimizer.policy import Policy
from optimizer.road_duty import accident_responses, ending_squads, within
from optimizer.rules import Violation

TOLERANCE_FRACTION = 1e-5
"""Share of accidents that rounding may cost."""


COVERAGE_TOLERANCE_FRACTION = 1e-4
"""Share of main-road km x hours that rounding may cost."""


def road_rules(county: County, policy: Policy, plan: Plan) -> Iterator[Violation]:
    """Every rule of this file."""
    yield from accident_rules(county, policy, plan)
    yield from coverage_rules(county, policy, plan)
    yield from class_rules(county, policy, plan)


def accident_rules(county: County, policy: Policy, plan: Plan) -> Iterator[Violation]:
    """Too few accidents reached in time from the duty stations."""
    rules, row = policy.traffic, county.stations.index()
    if rules.accidents_within_fraction is None or not plan.dissolved_squad_ids:
        return
    seat_of = np.full(len(row), -1, dtype=np.int64)
    for duty in plan.road_duties:
        if duty.duty_id in row:
            seat_of[row[duty.station_id]] = row[duty.duty_id]
    _cells, accidents, minutes = accident_responses(county, policy, seat_of)
    total = float(accidents.sum())
    if total <= 0:
        return
    share = float(accidents[within(minutes, rules.accident_limit_min)].sum()) / total
    if share < rules.accidents_within_fraction - TOLERANCE_FRACTION:
        yield Violation(
            rule="traffic.accidents_within_fraction",
            where=county.name,
            value=f"{share:.4f}",
            limit=f"{rules.accidents_within_fraction:g}",
            what=f"{rules.accident_limit_min:g}",
        )


def covered_fraction(county: County, policy: Policy, seats: set[int]) -> float | None:
    """Share of main-road km x hours near a duty station or a checkpoint in its hours.

    Args:
        county: The county, with `main_roads`.
        policy: Squads that end, whose roads are counted; `traffic.coverage_min`.
        seats: Rows of the duty stations, which cover round the clock.

    Returns:
        The share; None where the county has no main roads to count.
    """
    roads, limit_min = county.main_roads, policy.traffic.coverage_min
    if roads is None:
        return None
    row = county.stations.index()
    ground = {row[s] for q in ending_squads(county, policy) for s in county.squads.stations[q]}
    counted = np.isin(roads.station, sorted(ground))
    total = float(roads.road_km[counted].sum()) * HOURS
    if total <= 0:
        return 1.0
    at_seat = within(roads.seat_min[sorted(seats)], limit_min).any(axis=0)
    covered = 0.0
    for hour in range(HOURS):
        manned = roads.checkpoint_min[roads.is_manned[:, hour]]
        near = at_seat | within(manned, limit_min).any(axis=0)
        covered += float(roads.road_km[counted & near].sum())
    return covered / total


def coverage_rules(county: County, policy: Policy, plan: Plan) -> Iterator[Violation]:
    """Too little of the main roads near a duty station or a manned checkpoint."""
    least, row = policy.traffic.min_checkpoint_coverage, county.stations.index()
    if least is None or not plan.dissolved_squad_ids:
        return
    share = covered_fraction(county, policy, {row[u] for u in plan.duty_ids if u in row})
    if share is None or share < least - COVERAGE_TOLERANCE_FRACTION:
        yield Violation(
            rule="traffic.min_checkpoint_coverage",
            where=county.name,
            value="-" if share is None else f"{share:.4f}",
            limit=f"{least:g}",
            what=f"{policy.traffic.coverage_min:g}",
        )


def class_rules(county: County, policy: Policy, plan: Plan) -> Iterator[Violation]:
    """Classes of road that go elsewhere than the rest: only where allowed, and connected."""
    if not plan.class_duties:
        return
    stations, km = county.stations, county.duty_road_km
    assert km is not None
    row, column = stations.index(), {c: i for i, c in enumerate(county.road_classes)}
    main = {d.station_id: d.duty_id for d in plan.road_duties}
    members = {b.centre_id: {row[s] for s in b.station_ids} for b in plan.bundles}
    taken: dict[tuple[int, int], str] = {
        (row[s], c): unit for s, unit in main.items() for c in np.flatnonzero(km[row[s]]).tolist()
    }
    seen: set[tuple[str, str]] = set()
    for part in plan.class_duties:
        here, at = row[part.station_id], column.get(part.road_class, -1)
        is_real = at >= 0 and km[here, at] > 0 and main.get(part.station_id) in members
        # `road_duties` speaks for the class with most km, the first of equals.
        is_minor = is_real and at != int(np.argmax(km[here]))
        is_once = (part.station_id, part.road_class) not in seen
        seen.add((part.station_id, part.road_class))
        if not (policy.traffic.split_by_class and is_minor and is_once) or (
            part.duty_id not in members or part.duty_id == main[part.station_id]
        ):
            yield Violation(
                rule="traffic.split_by_class",
                where=f"{stations.name[here]} ({part.station_id})",
                value=part.duty_id,
                what=part.road_class,
            )
            return
        taken[here, at] = part.duty_id
    neighbours = county.neighbours()
    for unit in sorted(set(taken.values()) & set(members)):
        own = members[unit]
        mine = {piece for piece, holder in taken.items() if holder == unit}
        # From the own ground along the same class over the border, then within a jurisdiction.
        on = {(j, c) for j, c in mine if j in own or any(km[k, c] > 0 for k in neighbours[j] & own)}
        reached = {j for j, _c in on}
        whole = {j for j, _c in mine if all((j, c) in mine for c in np.flatnonzero(km[j]).tolist())}
        apart = sorted({j for j, _c in mine} - reached - whole)
        if apart:
            seat = row[unit]
            yield Violation(
                rule="traffic.contiguity",
                where=f"{stations.name[seat]} ({unit})",
                value=", ".join(f"{stations.name[j]} ({stations.station_id[j]})" for j in apart),
            )
