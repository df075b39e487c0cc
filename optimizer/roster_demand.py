r"""Who must be on duty in each hour of the week, from a unit's workload.

Crews come from the same queue as required strength (`optimizer.workload`), for each period of the
day and each weekday: load $a_p f_w$ erlangs with $f_w$ the weekday's factor (mean 1). The duty post
stands round the clock. Case work, community work and windows, which are officers in the strength
model, become heads at the desk from Monday to Friday: officers times effective hours a week over
the desk's hours a week, rounded to whole heads.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from optimizer.county import County
from optimizer.frozen import IntArray
from optimizer.plan import Bundle
from optimizer.policy import Policy
from optimizer.queueing import crews_needed
from optimizer.workload import assess, demand_of

WEEKDAYS, HOURS = 7, 24
OFFICE_DAYS = 5


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class WeekDemand:
    """Heads on duty by weekday (Monday first) and hour of the day; every array (7, 24).

    Attributes:
        case: Officers of crews, duty post and case work.
        community: Officers of community work and windows.
        auxiliary: Auxiliaries of crews.
    """

    case: IntArray
    community: IntArray
    auxiliary: IntArray

    @property
    def officer(self) -> IntArray:
        """All officers, shape (7, 24)."""
        return self.case + self.community


def week_demand(county: County, policy: Policy, bundle: Bundle) -> WeekDemand:
    """Demand of a centre with its offices, or of a lone station.

    Raises:
        ValueError: the centre cannot reach cells that have alerts.
    """
    row = county.stations.index()
    members, centre = [row[s] for s in bundle.station_ids], row[bundle.centre_id]
    demand = demand_of(county, policy)
    cells = np.flatnonzero(np.isin(county.cells.station, members))
    jobs = demand.jobs_per_hour[cells]
    travel_min = county.travel_time_min[centre, cells][:, None]
    busy_min = (
        demand.scene_crew_min_per_hour[cells] + 2.0 * np.where(jobs > 0, travel_min, 0.0) * jobs
    )
    if not np.isfinite(busy_min).all():
        raise ValueError(f"{bundle.centre_id}: cells with alerts are out of reach")
    load, jobs = busy_min.sum(axis=0) / 60.0, jobs.sum(axis=0)
    service_min = np.divide(load * 60.0, jobs, out=np.zeros_like(load), where=jobs > 0)
    factor = np.array(policy.simulation.weekday_factor)
    factor = factor / factor.mean()
    rules = policy.crews
    by_period = crews_needed(
        factor[:, None] * load[None, :],
        np.broadcast_to(service_min, (WEEKDAYS, len(load))),
        max_wait_min=rules.max_wait_min,
        max_wait_share_fraction=rules.max_wait_share_fraction,
        min_crews=rules.min_crews,
    )
    ends = np.cumsum(county.period_hours)
    crews = np.zeros((WEEKDAYS, HOURS), dtype=np.int64)
    for p, (first, end) in enumerate(zip(np.r_[0.0, ends[:-1]], ends, strict=True)):
        here = [h for h in range(HOURS) if first < h + 1 and h < end]
        crews[:, here] = np.maximum(crews[:, here], by_period[:, p : p + 1])
    needs = assess(county, policy, demand, [centre], [members], with_waits=False)
    desk = _desk_hours(policy)
    case = crews * rules.crew_officers + rules.duty_post_officers
    case_heads = _heads(policy, float(needs.case_officers[0]))
    other_heads = _heads(
        policy, float(needs.community_officers[0]) + float(needs.window_officers[0])
    )
    return WeekDemand(
        case=case + desk * case_heads,
        community=desk * other_heads,
        auxiliary=crews * rules.crew_auxiliaries,
    )


def by_hour(week: IntArray, weekday: int, first_hour: int, days: int) -> IntArray:
    """Hours of a roster from a week's table: from `first_hour` of a weekday, shape (24 days,)."""
    hour = first_hour + np.arange(HOURS * days)
    found: IntArray = week[(weekday + hour // HOURS) % WEEKDAYS, hour % HOURS]
    return found


def assumed(policy: Policy) -> Mapping[str, str]:
    """What the demand takes for granted, for output."""
    return {
        "policy.simulation.weekday_factor": ", ".join(
            f"{f:g}" for f in policy.simulation.weekday_factor
        ),
        "policy.roster.desk_hours": f"{policy.roster.desk_start_hour}:00 + "
        f"{policy.roster.desk_hours} h",
        "policy.crews.effective_hours_per_week": f"{policy.crews.effective_hours_per_week:g}",
    }


def _heads(policy: Policy, officers: float) -> int:
    hours = officers * policy.crews.effective_hours_per_week
    return int(np.floor(hours / (OFFICE_DAYS * policy.roster.desk_hours) + 0.5))


def _desk_hours(policy: Policy) -> IntArray:
    """1 in the hours of the desk, shape (7, 24)."""
    open_ = np.zeros((WEEKDAYS, HOURS), dtype=np.int64)
    first = policy.roster.desk_start_hour
    for day in range(OFFICE_DAYS):
        for hour in range(first, first + policy.roster.desk_hours):
            open_[day + hour // HOURS, hour % HOURS] = 1
    return open_
