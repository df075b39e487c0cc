"""What the alerts ask of each unit's crews, and where a queue would have no end."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from optimizer.arrivals import ArrivalModel, hourly_rate
from optimizer.frozen import FloatArray
from optimizer.policy import Policy
from optimizer.queueing import crews_needed
from optimizer.simulation_inputs import SimulationInputs, finite
from optimizer.simulation_state import DAY_MIN
from optimizer.workload import DAYS_PER_YEAR


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """Work offered to one unit.

    Attributes:
        unit_id: The unit.
        crews: Crews on duty, mean over the day.
        utilisation_fraction: Crew-minutes of its own alerts over crew-minutes on duty, mean over
            the day; at 1 or above its crews cannot keep up alone.
        crews_that_hold: Crews round the clock that would keep the waiting standard.
        officers_that_hold: Officers to man them.
    """

    unit_id: str
    crews: float
    utilisation_fraction: float
    crews_that_hold: int
    officers_that_hold: float


def offered(inputs: SimulationInputs, model: ArrivalModel, days: int = 365) -> FloatArray:
    """Crew-minutes of work per minute (erlangs) that each unit's own alerts bring, shape (U,).

    Mean over `days` of turn-out, travel from the centre, scene, custody and escort, and the way
    back where a crew must be back first. Help from and for others is not in it.
    """
    c, k = model.alerts_per_year.shape
    cell = np.arange(c)
    way = inputs.travel_min[inputs.home_station[inputs.unit_of_cell], cell]
    way = np.where(np.isfinite(way), way, 0.0) * float(inputs.travel_factor[-1])
    back = way if inputs.cell_time_min is None else np.zeros(c)
    turnout = inputs.turnout_min + float(inputs.extra_turnout_min[-1])
    per_job = (turnout + way + back)[:, None] + model.service_mean_min
    to_custody = inputs.travel_min[inputs.custody_station, cell]
    to_escort = inputs.travel_min[inputs.escort_station, cell]
    # Only the first crew of an alert goes there.
    after = finite(to_custody + model.custody_min)[:, None] * model.arrest_fraction
    after = after + finite(to_escort + model.escort_min)[:, None] * model.escort_fraction
    yearly = model.alerts_per_year.sum(axis=0)
    mean_per_min = hourly_rate(model, days).mean(axis=1) / 60.0
    rate = model.alerts_per_year * np.divide(
        mean_per_min, yearly, out=np.zeros(k), where=yearly > 0
    )
    work = (rate * (per_job * model.crews + after)).sum(axis=1)
    total = np.bincount(inputs.unit_of_cell, weights=work, minlength=len(inputs.unit_id))
    return total.astype(float)


def loads(
    inputs: SimulationInputs, model: ArrivalModel, policy: Policy, days: int = 365
) -> tuple[Load, ...]:
    """Utilisation of every unit by its own alerts, and what would hold it."""
    erlangs = offered(inputs, model, days)
    rate = np.bincount(
        inputs.unit_of_cell,
        weights=(model.alerts_per_year * model.crews).sum(axis=1) / (DAYS_PER_YEAR * DAY_MIN),
        minlength=len(inputs.unit_id),
    )
    service = np.divide(erlangs, rate, out=np.ones_like(erlangs), where=rate > 0)
    hold = crews_needed(
        erlangs,
        service,
        max_wait_min=policy.crews.max_wait_min,
        max_wait_share_fraction=policy.crews.max_wait_share_fraction,
    )
    on_duty = inputs.crews @ _period_min(inputs) / DAY_MIN
    per_crew = policy.crews.crew_officers * policy.crews.relief_factor
    return tuple(
        Load(
            unit_id=unit,
            crews=float(have),
            utilisation_fraction=float(a / have) if have > 0 else (np.inf if a > 0 else 0.0),
            crews_that_hold=int(m),
            officers_that_hold=float(m * per_crew),
        )
        for unit, have, a, m in zip(inputs.unit_id, on_duty, erlangs, hold, strict=True)
    )


def overloaded(inputs: SimulationInputs, found: Sequence[Load]) -> tuple[Load, ...]:
    """Units whose queue has no end: their group's work is as much as its crews' time, or more.

    A group is the unit alone (dispatch `own`), the units linked through neighbours, or the county.
    In a group that can hold together, a unit beyond its own strength leans on the others.
    """
    group = np.arange(len(found))
    if inputs.dispatch == "nearest":
        group[:] = 0
    elif inputs.dispatch == "neighbours":
        changed = True
        while changed:
            before = group.copy()
            for u, near in enumerate(inputs.neighbours):
                group[u] = min([group[u], *(group[v] for v in near)])
            changed = not np.array_equal(before, group)
    crews = np.array([f.crews for f in found])
    work = np.array(
        [f.utilisation_fraction * f.crews if f.crews > 0 else f.utilisation_fraction for f in found]
    )
    total_work = np.bincount(group, weights=work, minlength=len(found))[group]
    total_crews = np.bincount(group, weights=crews, minlength=len(found))[group]
    bad = (total_work >= total_crews) & (work >= crews) & (work > 0)
    return tuple(f for f, b in zip(found, bad, strict=True) if b)


def _period_min(inputs: SimulationInputs) -> FloatArray:
    return np.diff(np.concatenate([inputs.period_start_min, [DAY_MIN]]))
