r"""What each bundle's alerts offer its crews, period by period, summed straight from the cells.

For bundle $u$ and period $p$: crew jobs per hour, erlangs on scene and erlangs on the way (both
ways), as in docs/formulation.md, "Required strength". `optimizer.workload.assess` sums the same in
another way, by pairs of stations; the tests hold one against the other.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from optimizer.county import County
from optimizer.errors import InputError, Problem
from optimizer.frozen import BoolArray, FloatArray, IntArray
from optimizer.plan import Plan
from optimizer.policy import Policy
from optimizer.queueing import MAX_SERVERS, crews_needed, erlang_c
from optimizer.workload import demand_of, standard_min


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class UnitQueues:
    """The queues of N bundles in P periods, and their C cells.

    Attributes:
        unit_id: Centre of each bundle, in the plan's order.
        jobs_per_hour: Crew jobs, shape (N, P).
        scene_erlangs, travel_erlangs: Crews busy on scene and on the way, shape (N, P).
        unit_of_cell: Bundle responsible for each cell, shape (C,).
        cell_jobs_per_hour: Shape (C, P).
        slack_min: Response standard of each cell less turn-out and travel, shape (C,): what is
            left for waiting.
    """

    unit_id: tuple[str, ...]
    jobs_per_hour: FloatArray
    scene_erlangs: FloatArray
    travel_erlangs: FloatArray
    unit_of_cell: IntArray
    cell_jobs_per_hour: FloatArray
    slack_min: FloatArray

    @property
    def erlangs(self) -> FloatArray:
        """Offered load, shape (N, P)."""
        return self.scene_erlangs + self.travel_erlangs

    @property
    def service_min(self) -> FloatArray:
        """Mean crew-minutes per job, shape (N, P); 0 without jobs."""
        return _ratio(60.0 * self.erlangs, self.jobs_per_hour)

    @property
    def mean_travel_min(self) -> FloatArray:
        """Mean minutes on the way out per job, shape (N, P); 0 without jobs."""
        return _ratio(30.0 * self.travel_erlangs, self.jobs_per_hour)

    def per_unit(self, per_cell: FloatArray) -> FloatArray:
        """Sums over the cells of each bundle; `per_cell` of shape (C, P), result (N, P)."""
        return _per_unit(self.unit_of_cell, per_cell, len(self.unit_id))


def queues_of(county: County, policy: Policy, plan: Plan) -> UnitQueues:
    """The queues of a plan's bundles.

    Raises:
        InputError: cells with alerts that their centre does not reach by road.
    """
    row = county.stations.index()
    centre = np.zeros(len(county.stations), dtype=np.int64)
    unit = np.zeros(len(county.stations), dtype=np.int64)
    for u, bundle in enumerate(plan.bundles):
        rows = [row[s] for s in bundle.station_ids]
        centre[rows], unit[rows] = row[bundle.centre_id], u
    cells = county.cells
    demand = demand_of(county, policy)
    travel_min = county.travel_time_min[centre[cells.station], np.arange(len(cells))]
    lost = np.flatnonzero(~np.isfinite(travel_min) & (demand.alerts_per_year > 0))
    if len(lost):
        raise InputError(
            [
                Problem(
                    where="plan",
                    column=county.stations.name[centre[cells.station[c]]],
                    value=cells.cell_id[c],
                    expected="a centre that reaches every cell with alerts by road",
                    fix="no crews keep a wait there; choose another centre or open the road",
                )
                for c in lost.tolist()
            ]
        )
    way_min = np.where(demand.alerts_per_year > 0, travel_min, 0.0)
    unit_of_cell = unit[cells.station]

    def per_unit(per_cell: FloatArray) -> FloatArray:
        return _per_unit(unit_of_cell, per_cell, len(plan.bundles))

    return UnitQueues(
        unit_id=tuple(b.centre_id for b in plan.bundles),
        jobs_per_hour=per_unit(demand.jobs_per_hour),
        scene_erlangs=per_unit(demand.scene_crew_min_per_hour) / 60.0,
        travel_erlangs=per_unit(2.0 * way_min[:, None] * demand.jobs_per_hour) / 60.0,
        unit_of_cell=unit_of_cell,
        cell_jobs_per_hour=demand.jobs_per_hour,
        slack_min=standard_min(county, policy) - policy.response.turnout_min - way_min,
    )


def waiting_crews(queues: UnitQueues, policy: Policy) -> IntArray:
    """Fewest crews that keep the wait in each period alone, shape (N, P)."""
    rules = policy.crews
    return crews_needed(
        queues.erlangs,
        queues.service_min,
        max_wait_min=rules.max_wait_min,
        max_wait_share_fraction=rules.max_wait_share_fraction,
        min_crews=rules.min_crews,
    )


def mean_wait_min(queues: UnitQueues, crews: IntArray) -> FloatArray:
    r"""Mean wait $C s / (m - a)$ of all jobs, shape (N, P); inf where $a \ge m$."""
    load = queues.erlangs
    waiting = erlang_c(crews, load)
    free = np.where(load < crews, crews - load, 1.0)
    return np.where(load < crews, waiting * queues.service_min / free, np.inf)


def within_standard(queues: UnitQueues, crews: IntArray, shift_min: float = 0.0) -> FloatArray:
    r"""Share of jobs with turn-out, wait and travel within the cell's standard, shape (N, P).

    A job of cell $c$ with $r_c$ minutes left for waiting is in time with probability
    $1 - C e^{-(m-a) r_c / s}$, 0 where $r_c < 0$; without jobs the share is 1.

    Args:
        queues: The queues.
        crews: Crews on duty, shape (N, P).
        shift_min: Minutes by which every standard is longer (or, below 0, shorter).
    """
    load = queues.erlangs
    waiting = erlang_c(crews, load)
    rate_per_min = np.where(
        load < crews, _ratio(crews - load, np.maximum(queues.service_min, 1e-300)), 0.0
    )
    left = queues.slack_min + shift_min
    unit = queues.unit_of_cell
    late = waiting[unit] * np.exp(-rate_per_min[unit] * np.maximum(left, 0.0)[:, None])
    in_time = np.where((left >= 0)[:, None], 1.0 - late, 0.0)
    share = _ratio(queues.per_unit(queues.cell_jobs_per_hour * in_time), queues.jobs_per_hour)
    return np.where(queues.jobs_per_hour > 0, share, 1.0)


def fewest(
    start: IntArray, possible: BoolArray, keeps: Callable[[IntArray], BoolArray]
) -> IntArray:
    """Fewest crews from `start` on that keep a rule which more crews never break.

    Args:
        start: Where to begin, shape (N, P).
        possible: Where some number of crews keeps it; elsewhere the answer is 0.
        keeps: Whether so many crews keep it, shape (N, P) each.

    Raises:
        ValueError: more than `MAX_SERVERS` crews would be needed.
    """
    crews = np.where(possible, start, 1)
    while True:
        short = possible & ~keeps(crews)
        if not short.any():
            return np.where(possible, crews, 0)
        crews = crews + short
        if crews.max() > MAX_SERVERS:
            raise ValueError(f"a service level that needs over {MAX_SERVERS} crews")


def _per_unit(unit_of_cell: IntArray, per_cell: FloatArray, units: int) -> FloatArray:
    found = np.zeros((units, per_cell.shape[1]))
    np.add.at(found, unit_of_cell, per_cell)
    return found


def _ratio(amount: FloatArray, of: FloatArray) -> FloatArray:
    return np.divide(amount, of, out=np.zeros_like(amount), where=of > 0)
