"""Required strength of every unit by source, role and period: officers and hours of duty.

Officers are those of `optimizer.strength.unit_needs`, taken apart: the crews' officers by what the
crews do, the rest as `optimizer.workload.assess` has it. An officer is `effective_hours_per_week`
hours of duty a week, so hours of duty a day add up to the officers exactly.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from optimizer.county import County
from optimizer.frozen import FloatArray, IntArray
from optimizer.plan import Plan
from optimizer.policy import Policy
from optimizer.strength import UnitKind, UnitNeed, assess_bundles, unit_needs
from optimizer.unit_queues import UnitQueues, queues_of, waiting_crews
from optimizer.workload import closes_window

SOURCES = (
    "scene", "travel", "ready", "surplus", "post", "window", "case", "community", "road", "patrol",
    "stated",
)  # fmt: skip
"""What strength is for. Crews: on scene, on the way, ready (so that waits are kept), surplus (more
than the hour needs, since the busiest period's crews are kept round the clock). Then duty posts,
windows, case work, community work, road duty, foot patrol (auxiliaries only) and what a functional
unit states."""
CREW_SOURCES = SOURCES[:4]
_DAY_WORK = ("window", "case", "community", "road")
_AT = {name: j for j, name in enumerate(SOURCES)}


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class RequiredStrength:
    """U units by id, J = `SOURCES`, P periods.

    Attributes:
        unit_id, kind, station_ids: The units, as `unit_needs` has them.
        officers, auxiliaries: Required, shape (U, J).
        officer_hours, auxiliary_hours: Hours of duty a day in each period, shape (U, J, P); their
            sum over the periods is the required head count times effective hours a week / 7.
        crews: Crews round the clock, shape (U,); 0 for units without crews.
        crews_by_period: Crews that each period alone needs, shape (U, P).
        period_names, period_hours: The periods, the first from 00:00.
        officers_held, auxiliaries_held: In post, shape (U,): the plan's officers; the auxiliaries
            of the unit's stations, whom no plan moves.
    """

    unit_id: tuple[str, ...]
    kind: tuple[UnitKind, ...]
    station_ids: tuple[tuple[str, ...], ...]
    officers: FloatArray
    auxiliaries: FloatArray
    officer_hours: FloatArray
    auxiliary_hours: FloatArray
    crews: IntArray
    crews_by_period: IntArray
    period_names: tuple[str, ...]
    period_hours: FloatArray
    officers_held: FloatArray
    auxiliaries_held: FloatArray

    def officers_of(self, *sources: str) -> FloatArray:
        """Officers required for some sources, shape (U,)."""
        found: FloatArray = self.officers[:, [_AT[s] for s in sources]].sum(axis=1)
        return found


def required_strength(
    county: County, policy: Policy, plan: Plan, finer: County | None = None
) -> RequiredStrength:
    """Required strength of every unit of a plan.

    Args:
        county: The county.
        policy: The policy.
        plan: The plan; today's is `current_plan(county)`.
        finer: The same county by other periods, such as `by_hour` makes. The officers stay those
            of `county`; where an hour asks for more crews than its period, `ready` is less, and
            below 0 where work is left over to the next hour.

    Raises:
        InputError: cells with alerts that their centre does not reach by road.
    """
    assessment = assess_bundles(county, policy, plan)
    needs = unit_needs(county, policy, plan, assessment)
    shown = county if finer is None else finer
    queues = queues_of(shown, policy, plan)
    need_by_period = waiting_crews(queues, policy)
    bundle = {b.centre_id: i for i, b in enumerate(plan.bundles)}
    u, p = len(needs), len(shown.period_hours)
    officers, auxiliaries = np.zeros((u, len(SOURCES))), np.zeros((u, len(SOURCES)))
    hours = np.zeros((2, u, len(SOURCES), p))
    crews, by_period = np.zeros(u, np.int64), np.zeros((u, p), np.int64)
    windows = _windows(county, policy, plan)
    day, even = _day_share(shown, policy), shown.period_hours / 24.0
    week = _effective_hours(policy)
    for i, need in enumerate(needs):
        shares = np.tile(even, (len(SOURCES), 1))
        shares[[_AT[s] for s in _DAY_WORK]] = day
        officers[i, _AT["road"]] = need.road_officers
        at = bundle.get(need.unit_id)
        if at is not None:
            crews[i], by_period[i] = assessment.crews[at], need_by_period[at]
            for source in ("post", "window", "case", "community"):
                officers[i, _AT[source]] = getattr(assessment, f"{source}_officers")[at]
            auxiliaries[i] = _shared(policy, officers[i], windows[at], len(need.station_ids))
            crew_hours = _crew_hours(queues, at, int(crews[i]), by_period[i], shown.period_hours)
            split = crew_hours.sum(axis=1) / (24.0 * crews[i])
            officers[i, :4] = assessment.crew_officers[at] * split
            heads = crews[i] * policy.crews.crew_auxiliaries * 168.0 / week[1]
            auxiliaries[i, :4] = heads * split
            for role, per_crew in enumerate(
                (policy.crews.crew_officers, policy.crews.crew_auxiliaries)
            ):
                hours[role, i, :4] = crew_hours * per_crew
        elif need.kind == "squad":
            auxiliaries[i] = _shared(policy, officers[i], 0, 0)
        else:
            officers[i, _AT["stated"]] = need.required_officers
        for role, heads_by_source in enumerate((officers[i], auxiliaries[i])):
            hours[role, i, 4:] = heads_by_source[4:, None] * week[role] / 7.0 * shares[4:]
    held = dict(plan.strength)
    return RequiredStrength(
        unit_id=tuple(n.unit_id for n in needs),
        kind=tuple(n.kind for n in needs),
        station_ids=tuple(n.station_ids for n in needs),
        officers=officers,
        auxiliaries=auxiliaries,
        officer_hours=hours[0],
        auxiliary_hours=hours[1],
        crews=crews,
        crews_by_period=by_period,
        period_names=shown.period_names,
        period_hours=shown.period_hours,
        officers_held=np.array([held.get(n.unit_id, n.officers_today) for n in needs], float),
        auxiliaries_held=np.array([_auxiliaries(county, n) for n in needs], float),
    )


def by_hour(county: County, log_share_fraction: FloatArray | None = None) -> County:
    """The same county with 24 periods of an hour.

    Each period keeps its share of the alerts. Inside it they follow the log, where there is one and
    the period starts and ends on the hour; else its hours are alike.

    Args:
        county: The county.
        log_share_fraction: Alerts of each category in each hour of the day, any scale, shape
            (K, 24); from a log.
    """
    ends = np.cumsum(county.period_hours)
    starts = ends - county.period_hours
    hour = np.arange(24)
    overlap = np.minimum(hour[None, :] + 1, ends[:, None]) - np.maximum(hour, starts[:, None])
    overlap = np.maximum(overlap, 0.0)
    weight = np.ones((len(county.categories), 24))
    if log_share_fraction is not None:
        weight = np.asarray(log_share_fraction, float)
    share = np.zeros((len(county.categories), 24))
    on_the_hour = np.allclose(starts, np.round(starts), atol=1e-9)
    for p, inside in enumerate(overlap):
        profile = weight * inside if on_the_hour else np.tile(inside, (len(weight), 1))
        empty = profile.sum(axis=1) <= 0
        profile[empty] = inside
        total = county.period_share_fraction[:, p] / profile.sum(axis=1)
        share += profile * total[:, None]
    return replace(
        county,
        period_names=tuple(f"{h:02d}" for h in hour.tolist()),
        period_hours=np.ones(24),
        period_share_fraction=share / share.sum(axis=1, keepdims=True),
    )


def _effective_hours(policy: Policy) -> tuple[float, float]:
    """Hours an officer and an auxiliary really work a week."""
    own = policy.crews.effective_hours_per_week
    theirs = policy.strength.auxiliaries.effective_hours_per_week
    return own, own if theirs is None else theirs


def _crew_hours(
    queues: UnitQueues, at: int, crews: int, needed: IntArray, period_hours: FloatArray
) -> FloatArray:
    """Crew-hours a day on scene, on the way, ready and surplus, shape (4, P)."""
    scene, travel = queues.scene_erlangs[at], queues.travel_erlangs[at]
    surplus = np.maximum(crews - needed, 0).astype(float)
    return np.stack([scene, travel, crews - surplus - scene - travel, surplus]) * period_hours


def _shared(policy: Policy, officers: FloatArray, windows: int, stations: int) -> FloatArray:
    """Auxiliaries by source, crews left out, shape (J,)."""
    rules, week = policy.strength.auxiliaries, _effective_hours(policy)[1]
    found = np.zeros(len(SOURCES))
    if stations:
        found[_AT["post"]] = rules.duty_post_auxiliaries * 168.0 / week
        opening = policy.crews.window_hours_per_week
        found[_AT["window"]] = windows * rules.window_auxiliaries * opening / week
        walking = rules.patrol_auxiliaries * rules.patrol_hours_per_week
        found[_AT["patrol"]] = stations * walking / week
    for source, per_officer in (
        ("case", rules.case_work_per_officer),
        ("community", rules.community_per_officer),
        ("road", rules.road_duty_per_officer),
    ):
        # So many beside each officer while the work is done.
        ratio = policy.crews.effective_hours_per_week / week
        found[_AT[source]] = per_officer * officers[_AT[source]] * ratio
    return found


def _windows(county: County, policy: Policy, plan: Plan) -> list[int]:
    """Windows that the police offices of each bundle keep."""
    row, has = county.stations.index(), county.stations.has_window
    found = []
    for bundle in plan.bundles:
        offices = np.array([row[s] for s in bundle.office_ids], dtype=np.int64)
        centre = np.full(len(offices), row[bundle.centre_id])
        found.append(int((has[offices] & ~closes_window(county, policy, centre, offices)).sum()))
    return found


def _auxiliaries(county: County, need: UnitNeed) -> int:
    row = county.stations.index()
    return int(sum(county.stations.auxiliaries[row[s]] for s in need.station_ids))


def _day_share(county: County, policy: Policy) -> FloatArray:
    """Share of day work in each period, by the hours it has of the working day, shape (P,)."""
    rules = policy.strength
    ends = np.cumsum(county.period_hours)
    inside = np.minimum(ends, rules.day_work_ends_hour) - np.maximum(
        ends - county.period_hours, rules.day_work_starts_hour
    )
    share: FloatArray = np.maximum(inside, 0.0)
    share /= share.sum()
    return share
