"""Where alerts are against where officers are: shares of units, and the mismatch index by month."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from optimizer.county import County
from optimizer.frozen import FloatArray, IntArray
from optimizer.measures import hoover
from optimizer.plan import Plan
from optimizer.policy import Policy
from optimizer.strength import unit_needs

_YEAR_DAYS = 365.0


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Balance:
    """Units of a plan, U by id.

    Attributes:
        unit_id: Centre stations (for their bundles), squads that remain, functional units.
        station_ids: Stations of each; empty for units without ground.
        officers: Head counts under the plan, shape (U,).
        required: Officers its workload needs, shape (U,).
        alerts_per_year: On its ground, shape (U,).
    """

    unit_id: tuple[str, ...]
    station_ids: tuple[tuple[str, ...], ...]
    officers: FloatArray
    required: FloatArray
    alerts_per_year: FloatArray

    @property
    def mismatch_fraction(self) -> float:
        """Hoover index of officers against workload, as `optimizer.evaluation` has it."""
        return hoover(self.officers, self.required)

    @property
    def alerts_mismatch_fraction(self) -> float:
        """Hoover index of officers against alerts, over the units with ground."""
        ground = np.array([bool(s) for s in self.station_ids])
        return hoover(self.officers[ground], self.alerts_per_year[ground])


def balance(county: County, policy: Policy, plan: Plan) -> Balance:
    """Officers, workload and alerts of every unit of a plan."""
    needs = unit_needs(county, policy, plan)
    strength = dict(plan.strength)
    by_station = np.bincount(
        county.cells.station,
        weights=county.cells.alerts_per_year.sum(axis=1),
        minlength=len(county.stations),
    )
    row = county.stations.index()
    return Balance(
        unit_id=tuple(n.unit_id for n in needs),
        station_ids=tuple(n.station_ids for n in needs),
        officers=np.array([float(strength.get(n.unit_id, n.officers_today)) for n in needs]),
        required=np.array([n.required_officers for n in needs]),
        alerts_per_year=np.array(
            [float(by_station[[row[s] for s in n.station_ids]].sum()) for n in needs]
        ),
    )


def mismatch_by_month(
    county: County, policy: Policy, plan: Plan, counts: IntArray, days: IntArray
) -> FloatArray:
    """Mismatch indices of a plan if every month of a year were as each of M months, shape (M, 2).

    Against workload, in which crews come whole, so that it moves in steps; and against alerts.

    Args:
        county: The county; its rates are replaced by those of each month.
        policy: The policy.
        plan: The deployment, the same in all months.
        counts: Alerts of each month, cell and category, shape (M, C, K).
        days: Days of each month, shape (M,).
    """
    found = [
        _indices(county, policy, plan, month * (_YEAR_DAYS / n))
        for month, n in zip(counts, days.tolist(), strict=True)
    ]
    return np.array(found, float).reshape(-1, 2)


def mismatch_by_chance(
    county: County,
    policy: Policy,
    plan: Plan,
    *,
    days: int,
    draws: int,
    interval_fraction: float,
    seed: int = 0,
) -> FloatArray:
    """Intervals of the indices of a month with alerts by chance at the county's own rates, (2, 2).

    A row for each index of `mismatch_by_month`, lower and upper end.

    A month's index is above the year's even if nothing has changed: few alerts lie unevenly.

    Args:
        county: Its rates are the truth.
        policy: The policy.
        plan: The deployment.
        days: Length of the month.
        draws: Months drawn (Poisson).
        interval_fraction: Share of them inside the interval.
        seed: Seed of the draws.
    """
    rng = np.random.default_rng(seed)
    mean = county.cells.alerts_per_year * (days / _YEAR_DAYS)
    counts = rng.poisson(mean, (draws, *mean.shape))
    found = mismatch_by_month(county, policy, plan, counts, np.full(draws, days))
    tail = (1.0 - interval_fraction) / 2.0
    ends: FloatArray = np.quantile(found, [tail, 1.0 - tail], axis=0).T
    return ends


def _indices(
    county: County, policy: Policy, plan: Plan, alerts_per_year: FloatArray
) -> tuple[float, float]:
    cells = replace(county.cells, alerts_per_year=alerts_per_year)
    found = balance(replace(county, cells=cells), policy, plan)
    return found.mismatch_fraction, found.alerts_mismatch_fraction
