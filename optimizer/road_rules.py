"""Rules on road duty that a plan breaks, checked anew from the county and the plan alone."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from optimizer.county import County
from optimizer.plan import Plan
from optimizer.policy import Policy
from optimizer.road_duty import accident_responses, within
from optimizer.rules import Violation

TOLERANCE_FRACTION = 1e-5
"""Share of accidents that rounding may cost."""


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
