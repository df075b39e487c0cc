r"""Fewest crews per unit and shift for a stated service level, and one crew fewer or more.

After the prescriptive table of the Patrol Car Allocation Model (J. M. Chaiken and P. Dormont, *A
Patrol Car Allocation Model: Capabilities and Algorithms*, Management Science 24 (1978) 1291-1300):
for each unit and shift the fewest cars that keep every stated limit, by the officer-time that the
calls take, not by their number. Here each part of the day inside a shift is an M/M/m queue and
must keep the limits by itself, so that one shift of 24 hours gives the crews of
`optimizer.workload.assess`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from optimizer.county import County
from optimizer.errors import InputError, Problem
from optimizer.frozen import BoolArray, FloatArray, IntArray
from optimizer.plan import Plan
from optimizer.policy import Policy
from optimizer.queueing import erlang_c, wait_exceeds
from optimizer.unit_queues import (
    UnitQueues,
    fewest,
    mean_wait_min,
    queues_of,
    waiting_crews,
    within_standard,
)

Limit = Literal["floor", "wait", "mean_wait", "utilisation", "response"]
LIMITS: tuple[Limit, ...] = ("floor", "wait", "mean_wait", "utilisation", "response")


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """What a number of crews gives in a shift, means over its jobs.

    Attributes:
        crews: On duty.
        delayed_fraction: Share of jobs that wait at all.
        over_wait_fraction: Share that waits longer than `crews.max_wait_min`.
        mean_wait_min: Over all jobs; inf where some part of the shift cannot keep up.
        utilisation_fraction: Crew-minutes of work over crew-minutes on duty.
        mean_response_min: Turn-out, wait and travel from the centre.
        within_standard_fraction: Share with turn-out, wait and travel within the cell's standard.
    """

    crews: int
    delayed_fraction: float
    over_wait_fraction: float
    mean_wait_min: float
    utilisation_fraction: float
    mean_response_min: float
    within_standard_fraction: float


@dataclass(frozen=True, slots=True, kw_only=True)
class ShiftRow:
    """One unit in one shift.

    Attributes:
        unit_id: Centre of the bundle.
        shift: As 08-20.
        hours: Its length.
        jobs_per_day: Crews sent in it.
        work_hours_per_day: Crew-hours of work in it, on scene and on the way.
        service_min: Crew-minutes per job; 0 without jobs.
        crews: Fewest that keep every limit; None where no number does.
        limit: The limit that asks for them.
        officers: To man them with relief; NaN where no number of crews does.
        fewer, service, more: With one crew fewer (None at one crew), with `crews`, with one more;
            where no number of crews keeps the limits, around those that keep all the others.
    """

    unit_id: str
    shift: str
    hours: float
    jobs_per_day: float
    work_hours_per_day: float
    service_min: float
    crews: int | None
    limit: Limit
    officers: float
    fewer: Service | None
    service: Service
    more: Service


def shift_starts(policy: Policy) -> tuple[float, ...]:
    """Hours at which shifts change; one of 00-24 where nobody says."""
    own = policy.strength.shift_starts_hours
    return (policy.simulation.shift_starts_hours or (0.0,)) if own is None else own


def shift_table(county: County, policy: Policy, plan: Plan) -> tuple[ShiftRow, ...]:
    """Crews of every bundle in every shift, by unit, then shift.

    Args:
        county: The county; by the hour with `optimizer.required_strength.by_hour`.
        policy: Waits (`crews`), further limits and shifts (`strength`), turn-out (`response`).
        plan: The plan.

    Raises:
        InputError: cells with alerts that their centre does not reach by road.
    """
    queues = queues_of(county, policy, plan)
    starts = shift_starts(policy)
    hours = _hours(county, starts)
    needed = _needed(queues, policy)
    by_shift = [
        _shift(queues, policy, needed, _name(starts, shift), hours[shift])
        for shift in range(len(starts))
    ]
    order = sorted(range(len(plan.bundles)), key=lambda u: plan.bundles[u].centre_id)
    return tuple(rows[u] for u in order for rows in by_shift)


def refuse_unreachable_levels(rows: Sequence[ShiftRow], policy: Policy) -> None:
    """Refuse a mean response that no number of crews keeps in any shift of any unit.

    Raises:
        InputError: it is beyond everybody's reach; a few units beyond it are shown, not refused.
    """
    limit = policy.strength.max_mean_response_min
    if limit is None or any(row.crews is not None for row in rows):
        return
    best = min(r.service.mean_response_min - r.service.mean_wait_min for r in rows)
    raise InputError(
        [
            Problem(
                where="policy",
                column="strength.max_mean_response_min",
                value=f"{limit:g}",
                expected="more minutes than turn-out and travel alone take; the nearest unit needs "
                "{best}",
                fix="raise it",
                params={"best": f"{best:.1f}"},
            )
        ]
    )


def shift_officers(rows: Sequence[ShiftRow]) -> float:
    """Officers for all crews of a table, shift by shift; NaN where one row has no answer."""
    return float(sum(row.officers for row in rows))


def _needed(queues: UnitQueues, policy: Policy) -> IntArray:
    """Crews that each limit asks for in each period, shape (limits, N, P); 0 = no number does."""
    rules, load = policy.strength, queues.erlangs
    least = np.full(load.shape, policy.crews.min_crews, dtype=np.int64)
    all_ok = np.ones(load.shape, dtype=bool)
    found = [least, waiting_crews(queues, policy)]
    found.append(least)
    if rules.max_mean_wait_min is not None:
        limit = rules.max_mean_wait_min
        found[-1] = fewest(least, all_ok, lambda m: mean_wait_min(queues, m) <= limit)
    found.append(least)
    if rules.max_utilisation_fraction is not None:
        busy = load / rules.max_utilisation_fraction
        found[-1] = np.maximum(np.ceil(busy - 1e-9).astype(np.int64), least)
    found.append(least)
    if rules.max_mean_response_min is not None:
        way = policy.response.turnout_min + queues.mean_travel_min
        left = rules.max_mean_response_min - way
        idle = queues.jobs_per_hour <= 0
        possible = idle | (left > 0)
        found[-1] = fewest(least, possible, lambda m: idle | (mean_wait_min(queues, m) <= left))
    return np.stack(found)


def _shift(
    queues: UnitQueues, policy: Policy, needed: IntArray, name: str, hours: FloatArray
) -> list[ShiftRow]:
    """One shift of every bundle, in the plan's order; `hours` of each period in it, shape (P,)."""
    asked = needed[:, :, hours > 0]
    crews = asked.max(axis=(0, 2))
    # Of limits that ask for as many crews, the one named first.
    limit = np.argmax(asked.max(axis=2), axis=0)
    possible: BoolArray = np.asarray((asked > 0).all(axis=(0, 2)))
    jobs = (queues.jobs_per_hour * hours).sum(axis=1)
    work = (queues.erlangs * hours).sum(axis=1)
    length = float(hours.sum())
    per_crew = policy.crews.crew_officers * length * 7.0 / policy.crews.effective_hours_per_week
    fewer, service, more = (
        _services(queues, policy, np.maximum(crews + step, 1), hours) for step in (-1, 0, 1)
    )
    return [
        ShiftRow(
            unit_id=unit,
            shift=name,
            hours=length,
            jobs_per_day=float(jobs[u]),
            work_hours_per_day=float(work[u]),
            service_min=float(60.0 * work[u] / jobs[u]) if jobs[u] > 0 else 0.0,
            crews=int(crews[u]) if possible[u] else None,
            limit=LIMITS[int(limit[u])] if possible[u] else "response",
            officers=float(crews[u] * per_crew) if possible[u] else float("nan"),
            fewer=fewer[u] if crews[u] > 1 else None,
            service=service[u],
            more=more[u],
        )
        for u, unit in enumerate(queues.unit_id)
    ]


def _services(
    queues: UnitQueues, policy: Policy, crews: IntArray, hours: FloatArray
) -> list[Service]:
    """What `crews` of each bundle, shape (N,), give in a shift."""
    m = np.broadcast_to(crews[:, None], queues.erlangs.shape)
    load = queues.erlangs
    weight = queues.jobs_per_hour * hours
    # Without a job there is nothing to weigh by but the hours.
    weight = np.where(weight.sum(axis=1, keepdims=True) > 0, weight, hours)
    weight = weight / weight.sum(axis=1, keepdims=True)

    def mean(values: FloatArray) -> list[float]:
        found = np.multiply(values, weight, out=np.zeros_like(weight), where=weight > 0)
        means: list[float] = found.sum(axis=1).tolist()
        return means

    over = wait_exceeds(m, load, queues.service_min, policy.crews.max_wait_min)
    busy = ((load * hours).sum(axis=1) / (crews * hours.sum())).tolist()
    columns = zip(
        crews.tolist(),
        mean(erlang_c(m, load)),
        mean(over),
        mean(mean_wait_min(queues, m)),
        busy,
        mean(queues.mean_travel_min),
        mean(within_standard(queues, m)),
        strict=True,
    )
    return [
        Service(
            crews=number,
            delayed_fraction=delayed,
            over_wait_fraction=late,
            mean_wait_min=wait,
            utilisation_fraction=used,
            mean_response_min=policy.response.turnout_min + way + wait,
            within_standard_fraction=within,
        )
        for number, delayed, late, wait, used, way, within in columns
    ]


def _hours(county: County, starts: Sequence[float]) -> FloatArray:
    """Hours of each period inside each shift, shape (shifts, P); a shift may pass midnight."""
    ends = np.cumsum(county.period_hours)
    found = np.zeros((len(starts), len(ends)))
    for shift, start in enumerate(starts):
        length = (starts[(shift + 1) % len(starts)] - start) % 24.0 or 24.0
        for day in (0.0, 24.0):
            first = np.maximum(start, ends - county.period_hours + day)
            inside = np.minimum(start + length, ends + day) - first
            found[shift] += np.where(inside > 1e-9, inside, 0.0)
    return found


def _name(starts: Sequence[float], shift: int) -> str:
    """`08-20`; one shift of a day as `06-06`, from midnight as `00-24`."""
    end = starts[(shift + 1) % len(starts)] or 24.0
    return f"{_clock(starts[shift])}-{_clock(end)}"


def _clock(hour: float) -> str:
    """`08`, or `08:30`."""
    minutes = round(hour * 60)
    return f"{minutes // 60:02d}" + (f":{minutes % 60:02d}" if minutes % 60 else "")
