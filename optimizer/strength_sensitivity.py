r"""What one more minute of standard costs in officers, and at which growth the next crew is due.

Every figure is a recomputation under the changed value, not a slope. With $m$ crews the wait is
kept in a period down to the standard $t^*$ at which $C\,e^{-(m-a)t^*/s} = \alpha$, so
$t^* = \frac{s}{m-a}\ln(C/\alpha)$; the growth $g^*$ at which $P(W > t_q) = \alpha$ with load $g\,a$
is found by bisection (the wait grows with the load).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from optimizer.county import County
from optimizer.frozen import FloatArray, IntArray
from optimizer.plan import Plan
from optimizer.policy import Crews, Policy
from optimizer.queueing import crews_needed, erlang_c, wait_exceeds
from optimizer.strength import assess_bundles, unit_needs
from optimizer.unit_queues import UnitQueues, fewest, queues_of, waiting_crews, within_standard

Assumption = Literal["max_wait_min", "max_wait_share", "response_min", "travel", "alerts"]
STEPS: dict[Assumption, tuple[float, ...]] = {
    "max_wait_min": (-2.0, -1.0, 0.0, 1.0, 2.0, 5.0, 10.0, 25.0),
    "max_wait_share": (0.2, 0.5, 1.0, 2.0, 4.0),
    "response_min": (-10.0, -5.0, -2.0, -1.0, 0.0, 1.0, 2.0, 5.0),
    "travel": (0.8, 0.9, 1.0, 1.1, 1.2),
    "alerts": (0.8, 0.9, 1.0, 1.1, 1.2),
}
"""Minutes more or less of the wait allowed and of the response standard; factors on the share that
may wait longer, on travel times and on alerts."""
_BISECTIONS = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Point:
    """Officers required when one assumption has another value.

    Attributes:
        assumption: Which.
        step: What was added to it or multiplied with it; 0 or 1 is the policy's own value.
        value: The wait allowed, minutes; its share; the change of the response standards, minutes;
            or the factor.
        officers: Per unit, in the order of `Sensitivity.unit_id`.
        crews: Crews round the clock of the bundles, in the same order; 0 for other units.
        total_officers: Over all units.
        beyond_unit_ids: `response_min`: units whose ways alone miss the standard, so that no number
            of crews keeps it; counted with the crews that their wait asks for.
    """

    assumption: Assumption
    step: float
    value: float
    officers: tuple[float, ...]
    crews: tuple[int, ...]
    total_officers: float
    beyond_unit_ids: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class NextStep:
    """Where the crews of one bundle change.

    Attributes:
        unit_id: Its centre.
        crews: Round the clock.
        officers_per_crew: Officers that one crew more asks for.
        grows_to_factor: Alerts may grow to this factor before one more crew is needed; inf
            without alerts.
        falls_to_factor: At this factor of alerts one crew fewer is enough; NaN at the fewest crews.
        wait_down_to_min: The crews keep waits allowed down to this many minutes.
        fewer_from_min: From this wait allowed on one crew fewer is enough; inf where it never is,
            NaN at the fewest crews.
    """

    unit_id: str
    crews: int
    officers_per_crew: float
    grows_to_factor: float
    falls_to_factor: float
    wait_down_to_min: float
    fewer_from_min: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Sensitivity:
    """All points of a plan, by assumption in the order of `STEPS`, then by step."""

    unit_id: tuple[str, ...]
    points: tuple[Point, ...]

    def of(self, assumption: Assumption) -> tuple[Point, ...]:
        """The points of one assumption."""
        return tuple(p for p in self.points if p.assumption == assumption)


def sensitivity(county: County, policy: Policy, plan: Plan) -> Sensitivity:
    """Required officers of every unit under other values of what crews are needed for.

    The plan is held: what another standard would bundle is not asked. Steps that leave a wait below
    0, or a share of 1 or more, are left out.

    Args:
        county: The county.
        policy: The policy.
        plan: The plan.

    Raises:
        InputError: cells with alerts that their centre does not reach by road.
    """
    points = []
    rules = policy.crews
    for step in STEPS["max_wait_min"]:
        wait = rules.max_wait_min + step
        if wait >= 0:
            changed = _with_crews(policy, max_wait_min=wait)
            points.append(_point("max_wait_min", step, wait, county, changed, plan))
    for step in STEPS["max_wait_share"]:
        share = rules.max_wait_share_fraction * step
        if share < 1:
            changed = _with_crews(policy, max_wait_share_fraction=share)
            points.append(_point("max_wait_share", step, share, county, changed, plan))
    points += _response_points(county, policy, plan)
    for step in STEPS["travel"]:
        roads = replace(county, travel_time_min=county.travel_time_min * step)
        points.append(_point("travel", step, step, roads, policy, plan))
    for step in STEPS["alerts"]:
        points.append(_point("alerts", step, step, with_alerts(county, step), policy, plan))
    ids = tuple(n.unit_id for n in unit_needs(county, policy, plan))
    return Sensitivity(unit_id=ids, points=tuple(points))


def curve(
    county: County,
    policy: Policy,
    plan: Plan,
    assumption: Literal["max_wait_min", "alerts"],
    values: Sequence[float],
) -> FloatArray:
    """Officers required of all units along many values of one assumption, shape (values,).

    Args:
        county: The county.
        policy: The policy.
        plan: The plan.
        assumption: The wait allowed, minutes, or the factor on all alerts.
        values: Where.
    """
    queues, rules = queues_of(county, policy, plan), policy.crews
    assessed = assess_bundles(county, policy, plan)
    needs = unit_needs(county, policy, plan, assessed)
    base = sum(n.required_officers for n in needs) - float(assessed.crew_officers.sum())
    case, found = float(assessed.case_officers.sum()), []
    for value in values:
        factor = value if assumption == "alerts" else 1.0
        crews = crews_needed(
            queues.erlangs * factor,
            queues.service_min,
            max_wait_min=value if assumption == "max_wait_min" else rules.max_wait_min,
            max_wait_share_fraction=rules.max_wait_share_fraction,
            min_crews=rules.min_crews,
        ).max(axis=1)
        officers = float(crews.sum()) * rules.crew_officers * rules.relief_factor
        found.append(base + officers + case * (factor - 1.0))
    return np.array(found)


def with_alerts(county: County, factor: float) -> County:
    """The county with all alerts multiplied."""
    alerts = county.cells.alerts_per_year * factor
    return replace(county, cells=replace(county.cells, alerts_per_year=alerts))


def next_steps(county: County, policy: Policy, plan: Plan) -> tuple[NextStep, ...]:
    """Where each bundle needs its next crew, and where one fewer is enough; sorted by unit.

    Raises:
        InputError: cells with alerts that their centre does not reach by road.
    """
    queues, rules = queues_of(county, policy, plan), policy.crews
    crews = waiting_crews(queues, policy).max(axis=1)
    grows = _growth(queues, crews, rules)
    down_to = _wait_kept_min(queues, crews, rules)
    has_fewer = crews > rules.min_crews
    fewer = np.maximum(crews - 1, 1)
    falls = np.where(has_fewer, _growth(queues, fewer, rules), np.nan)
    fewer_from = np.where(has_fewer, _wait_kept_min(queues, fewer, rules), np.nan)
    found = [
        NextStep(
            unit_id=unit,
            crews=int(crews[u]),
            officers_per_crew=rules.crew_officers * rules.relief_factor,
            grows_to_factor=float(grows[u]),
            falls_to_factor=float(falls[u]),
            wait_down_to_min=float(down_to[u]),
            fewer_from_min=float(fewer_from[u]),
        )
        for u, unit in enumerate(queues.unit_id)
    ]
    return tuple(sorted(found, key=lambda step: step.unit_id))


def _with_crews(policy: Policy, **values: float) -> Policy:
    return policy.model_copy(update={"crews": policy.crews.model_copy(update=values)})


def _point(
    assumption: Assumption, step: float, value: float, county: County, policy: Policy, plan: Plan
) -> Point:
    assessed = assess_bundles(county, policy, plan)
    needs = unit_needs(county, policy, plan, assessed)
    centres = [b.centre_id for b in plan.bundles]
    crews = dict(zip(centres, assessed.crews.tolist(), strict=True))
    officers = tuple(n.required_officers for n in needs)
    return Point(
        assumption=assumption,
        step=step,
        value=value,
        officers=officers,
        crews=tuple(crews.get(n.unit_id, 0) for n in needs),
        total_officers=float(sum(officers)),
    )


def _response_points(county: County, policy: Policy, plan: Plan) -> list[Point]:
    """The wait rule, and the response standard with the wait in it, both kept by the crews.

    In every period at least `response.share_within_fraction` of a bundle's jobs must be reached
    within the standard, turn-out, wait and travel together.
    """
    queues = queues_of(county, policy, plan)
    base = _point("response_min", 0.0, 0.0, county, policy, plan)
    ids = [n.unit_id for n in unit_needs(county, policy, plan)]
    crews_now = waiting_crews(queues, policy)
    share = policy.response.share_within_fraction
    at = [queues.unit_id.index(u) if u in queues.unit_id else -1 for u in ids]
    per_crew = policy.crews.crew_officers * policy.crews.relief_factor
    found = []
    for step in STEPS["response_min"]:
        crews, beyond = _response_crews(queues, crews_now, share, step)
        extra = (crews - crews_now.max(axis=1)) * per_crew
        officers = tuple(
            o + (float(extra[u]) if u >= 0 else 0.0) for o, u in zip(base.officers, at, strict=True)
        )
        found.append(
            Point(
                assumption="response_min",
                step=step,
                value=step,
                officers=officers,
                crews=tuple(int(crews[u]) if u >= 0 else 0 for u in at),
                total_officers=float(sum(officers)),
                beyond_unit_ids=tuple(sorted(queues.unit_id[u] for u in beyond.tolist())),
            )
        )
    return found


def _response_crews(
    queues: UnitQueues, crews: IntArray, share: float, step_min: float
) -> tuple[IntArray, IntArray]:
    """Crews round the clock, shape (N,), and rows of units that no crews bring there."""
    jobs = queues.cell_jobs_per_hour
    reached = queues.per_unit(np.where((queues.slack_min + step_min >= 0)[:, None], jobs, 0.0))
    busy = queues.jobs_per_hour > 0
    # With ever more crews nobody waits; the share then is that of the ways alone.
    possible = ~busy | (reached > (share + 1e-9) * queues.jobs_per_hour)
    if share >= 1.0:
        possible = ~busy
    kept = fewest(
        crews, possible, lambda m: ~busy | (within_standard(queues, m, step_min) >= share)
    )
    needed = np.where(possible, kept, crews)
    return needed.max(axis=1), np.flatnonzero(~possible.all(axis=1))


def _growth(queues: UnitQueues, crews: IntArray, rules: Crews) -> FloatArray:
    """Largest factor on the load at which so many crews keep the wait in every period, (N,)."""
    m = np.broadcast_to(crews[:, None], queues.erlangs.shape)
    load, service = queues.erlangs, queues.service_min
    busy = load > 0
    low = np.zeros(load.shape)
    high = np.where(busy, m / np.where(busy, load, 1.0), np.inf)
    for _ in range(_BISECTIONS):
        middle = np.where(busy, (low + high) / 2.0, 0.0)
        wait = wait_exceeds(m, load * middle, service, rules.max_wait_min)
        keeps = wait <= rules.max_wait_share_fraction
        low, high = np.where(keeps, middle, low), np.where(keeps, high, middle)
    factor: FloatArray = np.where(busy, low, np.inf).min(axis=1)
    return factor


def _wait_kept_min(queues: UnitQueues, crews: IntArray, rules: Crews) -> FloatArray:
    """Shortest wait allowed that so many crews keep in every period, shape (N,)."""
    m = np.broadcast_to(crews[:, None], queues.erlangs.shape)
    load = queues.erlangs
    waiting = erlang_c(m, load)
    free = np.where(load < m, m - load, 1.0)
    logged = np.log(np.maximum(waiting, 1e-300) / rules.max_wait_share_fraction)
    kept = np.where(load < m, queues.service_min / free * np.maximum(logged, 0.0), np.inf)
    longest: FloatArray = kept.max(axis=1)
    return longest
