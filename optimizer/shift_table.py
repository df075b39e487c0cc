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
from optimizer.frozen import FloatArray, IntArray
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


@dataclass(frozen=True, slots=True, kw_only=True)
class _Piece:
    """Part of a period inside a shift."""

    shift: int
    period: int
    hours: float


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
    pieces = _pieces(county, starts)
    needed = _needed(queues, policy)
    rows = []
    for at in sorted(range(len(plan.bundles)), key=lambda u: plan.bundles[u].centre_id):
        for shift, start in enumerate(starts):
            inside = [p for p in pieces if p.shift == shift]
            end = starts[(shift + 1) % len(starts)] or 24.0
            name = f"{_clock(start)}-{_clock(end if len(starts) > 1 else start or 24.0)}"
            rows.append(_row(queues, policy, needed, at, name, inside))
    return tuple(rows)


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


def _row(
    queues: UnitQueues, policy: Policy, needed: IntArray, at: int, name: str, inside: list[_Piece]
) -> ShiftRow:
    periods = [p.period for p in inside]
    hours = np.array([p.hours for p in inside])
    asked = needed[:, at, periods]
    crews = int(asked.max())
    # Of limits that ask for as many crews, the one named first.
    limit = LIMITS[int(np.argmax(asked.max(axis=1)))]
    possible = bool((asked > 0).all())
    jobs = queues.jobs_per_hour[at, periods] * hours
    work = queues.erlangs[at, periods] * hours
    length = float(hours.sum())
    per_crew = policy.crews.crew_officers * length * 7.0 / policy.crews.effective_hours_per_week
    around = [
        _service(queues, policy, at, periods, hours, m) if m > 0 else None
        for m in (crews - 1, crews, crews + 1)
    ]
    assert around[1] is not None
    assert around[2] is not None
    return ShiftRow(
        unit_id=queues.unit_id[at],
        shift=name,
        hours=length,
        jobs_per_day=float(jobs.sum()),
        work_hours_per_day=float(work.sum()),
        service_min=float(60.0 * work.sum() / jobs.sum()) if jobs.sum() > 0 else 0.0,
        crews=crews if possible else None,
        limit=limit if possible else "response",
        officers=crews * per_crew if possible else float("nan"),
        fewer=around[0],
        service=around[1],
        more=around[2],
    )


def _service(
    queues: UnitQueues, policy: Policy, at: int, periods: list[int], hours: FloatArray, crews: int
) -> Service:
    one = _only(queues, at, periods)
    m = np.full(one.jobs_per_hour.shape, crews, dtype=np.int64)
    load, rules = one.erlangs, policy.crews
    over = wait_exceeds(m, load, one.service_min, rules.max_wait_min)
    weight = one.jobs_per_hour * hours
    if weight.sum() <= 0:
        weight = hours[None, :]

    def mean(values: FloatArray) -> float:
        busy = weight > 0
        return float((values[busy] * weight[busy]).sum() / weight.sum())

    wait = mean(mean_wait_min(one, m))
    way = policy.response.turnout_min + mean(one.mean_travel_min)
    return Service(
        crews=crews,
        delayed_fraction=mean(erlang_c(m, load)),
        over_wait_fraction=mean(over),
        mean_wait_min=wait,
        utilisation_fraction=float((load * hours).sum() / (crews * hours.sum())),
        mean_response_min=way + wait,
        within_standard_fraction=mean(within_standard(one, m)),
    )


def _only(queues: UnitQueues, at: int, periods: list[int]) -> UnitQueues:
    """The queue of one bundle in some periods."""
    cells = np.flatnonzero(queues.unit_of_cell == at)
    return UnitQueues(
        unit_id=(queues.unit_id[at],),
        jobs_per_hour=queues.jobs_per_hour[[at]][:, periods],
        scene_erlangs=queues.scene_erlangs[[at]][:, periods],
        travel_erlangs=queues.travel_erlangs[[at]][:, periods],
        unit_of_cell=np.zeros(len(cells), dtype=np.int64),
        cell_jobs_per_hour=queues.cell_jobs_per_hour[cells][:, periods],
        slack_min=queues.slack_min[cells],
    )


def _pieces(county: County, starts: Sequence[float]) -> list[_Piece]:
    """Parts of periods inside shifts; a shift may run over midnight."""
    ends = np.cumsum(county.period_hours)
    found = []
    for shift, start in enumerate(starts):
        length = (starts[(shift + 1) % len(starts)] - start) % 24.0 or 24.0
        for day in (0.0, 24.0):
            for period, (end, hours) in enumerate(zip(ends, county.period_hours, strict=True)):
                first = max(start, float(end - hours) + day)
                inside = min(start + length, float(end) + day) - first
                if inside > 1e-9:
                    found.append(_Piece(shift=shift, period=period, hours=inside))
    return found


def _clock(hour: float) -> str:
    """`08`, or `08:30`."""
    minutes = round(hour * 60)
    return f"{minutes // 60:02d}" + (f":{minutes % 60:02d}" if minutes % 60 else "")
