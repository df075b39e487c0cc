"""A deployment as a hypercube: how much crews work, and how often outside their own area.

Every crew on duty is a unit, every cell an atom. A cell calls its own centre's crews first, then
those of other centres by minutes of road: adjacent ones within `max_help_travel_min` before all
others (`neighbours`), or everyone alike (`nearest`). A crew is busy for turn-out, way, scene and
what follows (custody, escort), and for the way back where it must be back first. Which way it
drives depends on whom it helps, so mean services and answers are found in turn (mean service
calibration: R. C. Larson and A. R. Odoni, *Urban Operations Research* (1981), section 5.4).

Up to 15 crews the answer is the exact hypercube's. Above, Larson's approximation is at hand, but
its one set of correction factors spreads the county's mean load over all crews and misses that the
crews of one busy centre are busy together: it finds too little help. The default there is the
overflow of loss groups instead: each centre is M/M/m/m, what finds it busy goes on to the next in
the list as if it came by Poisson's law (Erlang's fixed point: F. P. Kelly, 1986, *Advances in
Applied Probability* 18, 473-505, section 2).

Against the simulation: one line for all, first come first served (there only neighbours help, and
urgent alerts go first); services exponential; rates constant; crews start from their seat; two
crews for one alert are two alerts.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike

from optimizer.arrivals import ArrivalModel, arrival_model
from optimizer.county import County
from optimizer.errors import SolverError
from optimizer.frozen import FloatArray, IntArray, read_only
from optimizer.hypercube import MAX_EXACT_UNITS, Hypercube, OverloadError, loads
from optimizer.plan import Plan
from optimizer.policy import Policy
from optimizer.queueing import erlang_b
from optimizer.simulation_inputs import SimulationInputs, finite, simulation_inputs
from optimizer.workload import DAYS_PER_YEAR

CountyMethod = Literal["exact", "approximate", "overflow"]

_MIN_PER_YEAR = DAYS_PER_YEAR * 1440.0
_TOLERANCE = 1e-9
_MAX_ROUNDS = 200


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class CountyHypercube:
    """A deployment as a hypercube. N crews, U centres and lone stations, J cells with alerts.

    Attributes:
        cube: The hypercube; services as if each crew only answered its own cells.
        unit_id: Station id of each centre or lone station, shape (U,).
        crew_unit: Its row for each crew, shape (N,).
        cell: Row of each atom's cell in the county, shape (J,).
        unit_of_atom: Responsible centre of each atom, shape (J,).
        job_min: Minutes that crew n is busy with an alert of atom j, shape (N, J).
    """

    cube: Hypercube
    unit_id: tuple[str, ...]
    crew_unit: IntArray
    cell: IntArray
    unit_of_atom: IntArray
    job_min: FloatArray

    def __post_init__(self) -> None:
        n, j = len(self.cube.service_min), len(self.cube.alerts_per_min)
        for name, dtype, shape in (
            ("crew_unit", np.int64, (n,)),
            ("cell", np.int64, (j,)),
            ("unit_of_atom", np.int64, (j,)),
            ("job_min", float, (n, j)),
        ):
            array = read_only(getattr(self, name), dtype, shape=shape, name=f"county.{name}")
            object.__setattr__(self, name, array)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class CountyLoads:
    """How the crews of a deployment fare.

    Attributes:
        method: How it was found; see above.
        workload_fraction: Share of its time that each crew is busy, shape (N,).
        answers_fraction: Share of all answers that the crews of unit u give in atom j, shape
            (U, J); sums to 1.
        service_min: Mean minutes that an alert keeps each crew busy, shape (N,); where
            `approximate` the same for all.
        unit_workload_fraction: Share of time busy, mean over each unit's crews, shape (U,); NaN
            without a crew.
        cross_fraction: Share of all answers by a crew of another centre.
        help_received_fraction: The same of each unit's own alerts, shape (U,); NaN without alerts.
        help_given_fraction: Share of the answers of each unit's crews that are outside its area,
            shape (U,); NaN without a crew.
    """

    method: CountyMethod
    workload_fraction: FloatArray
    answers_fraction: FloatArray
    service_min: FloatArray
    unit_workload_fraction: FloatArray
    cross_fraction: float
    help_received_fraction: FloatArray
    help_given_fraction: FloatArray


def county_hypercube(
    county: County, policy: Policy, plan: Plan, *, period: int | None = None
) -> CountyHypercube:
    """Today's deployment (`current_plan`) or a plan as a hypercube with an infinite line.

    Args:
        county: The county.
        policy: `simulation` says which crews there are and whom they help.
        plan: The deployment.
        period: Row of the period of the day; None = the day's mean rate, with the crews that are
            on duty in every period.

    Raises:
        ValueError: dispatch `own`, under which centres are queues apart (`optimizer.queueing`); no
            crews, or no alerts.
    """
    if policy.simulation.dispatch == "own":
        raise ValueError("dispatch own: no crew helps another centre, each is a queue of its own")
    side = simulation_inputs(county, policy, plan)
    model = arrival_model(county, policy)
    share = np.ones(len(county.categories))
    crews = side.crews.min(axis=1)
    if period is not None:
        hours = float(county.period_hours[period])
        share = county.period_share_fraction[:, period] * 24.0 / hours
        crews = side.crews[:, period]
    jobs = model.alerts_per_year * share * model.crews
    cell = np.flatnonzero(jobs.sum(axis=1) > 0)
    crew_unit = np.repeat(np.arange(len(side.unit_id)), crews)
    if not len(cell) or not len(crew_unit):
        raise ValueError("hypercube: at least one crew and one alert")
    home = side.home_station[crew_unit]
    way = finite(side.travel_min[home][:, cell])
    times = 2.0 if policy.simulation.start_from == "station" else 1.0
    after = _scene_and_after(side, model, share)[cell]
    job_min = side.turnout_min + times * way + after
    rate = jobs.sum(axis=1)[cell] / _MIN_PER_YEAR
    unit_of_atom = side.unit_of_cell[cell]
    own = crew_unit[:, None] == unit_of_atom
    # A crew whose centre has no alerts is counted by its way to all cells.
    weight = np.where(own.any(axis=1, keepdims=True), own * rate, rate)
    cube = Hypercube(
        alerts_per_min=rate,
        service_min=(job_min * weight).sum(axis=1) / weight.sum(axis=1),
        preference=_preference(side, crew_unit, cell),
        line="infinite",
    )
    return CountyHypercube(
        cube=cube,
        unit_id=side.unit_id,
        crew_unit=crew_unit,
        cell=cell,
        unit_of_atom=unit_of_atom,
        job_min=job_min,
    )


def county_loads(system: CountyHypercube, method: CountyMethod | None = None) -> CountyLoads:
    """Workload of each crew and help across areas.

    Args:
        system: The deployment.
        method: None = exact up to `MAX_EXACT_UNITS` crews, else overflow.

    Raises:
        OverloadError: more work than all crews can do.
        SolverError: services and answers do not settle.
    """
    if method is None:
        method = "exact" if len(system.crew_unit) <= MAX_EXACT_UNITS else "overflow"
    if method == "overflow":
        return _overflow(system)
    service = system.cube.service_min
    if method == "approximate":
        service = np.full(len(service), float(service.mean()))
    for _ in range(_MAX_ROUNDS):
        found = loads(replace(system.cube, service_min=service), method)
        answers = found.dispatch_fraction
        spent, answered = (answers * system.job_min).sum(axis=1), answers.sum(axis=1)
        if method == "approximate":
            new = np.full(len(service), float(spent.sum() / answered.sum()))
        else:
            new = np.divide(spent, answered, out=service.copy(), where=answered > 0)
        settled = bool((np.abs(new - service) <= _TOLERANCE * service).all())
        service = new
        if settled:
            of_unit = np.zeros((len(system.unit_id), len(system.cell)))
            np.add.at(of_unit, system.crew_unit, answers)
            return _county_loads(system, method, found.workload_fraction, of_unit, service)
    raise SolverError("hypercube: services and answers do not settle")


def _overflow(system: CountyHypercube) -> CountyLoads:
    """Centres as loss groups that pass on what finds them busy."""
    units = len(system.unit_id)
    crews = np.bincount(system.crew_unit, minlength=units)
    job_min = np.zeros((units, len(system.cell)))
    job_min[system.crew_unit] = system.job_min
    rate = system.cube.alerts_per_min
    least = float((rate * job_min[crews > 0].min(axis=0)).sum())
    if least >= crews.sum():
        raise OverloadError(least, int(crews.sum()))
    order = _units_in_order(system)
    atom = np.arange(len(rate))[:, None]
    blocked = np.zeros(units)
    for _ in range(_MAX_ROUNDS):
        before = blocked
        reach = np.ones(order.shape)
        reach[:, 1:] = np.cumprod(blocked[order], axis=1)[:, :-1]
        taken = reach * (1.0 - blocked[order])
        offered = np.zeros(units)
        np.add.at(offered, order, rate[:, None] * reach * job_min[order, atom])
        blocked = erlang_b(crews, offered)
        if np.abs(blocked - before).max() <= _TOLERANCE:
            break
    else:
        raise SolverError("hypercube: services and answers do not settle")
    # What finds all busy waits, and is answered like the rest.
    taken /= taken.sum(axis=1, keepdims=True)
    answers = np.zeros((units, len(rate)))
    np.put_along_axis(answers, order.T, (taken * rate[:, None] / rate.sum()).T, axis=0)
    spent, answered = (answers * job_min).sum(axis=1), answers.sum(axis=1)
    service = np.divide(spent, answered, out=np.zeros(units), where=answered > 0)
    busy = _ratio(spent * rate.sum(), crews)
    u = system.crew_unit
    return _county_loads(system, "overflow", np.minimum(busy[u], 1.0), answers, service[u])


def _units_in_order(system: CountyHypercube) -> IntArray:
    """Centres with crews in the order in which each atom asks them, shape (J, units with crews)."""
    unit = system.crew_unit[system.cube.preference]
    first = np.ones(unit.shape, dtype=bool)
    first[:, 1:] = unit[:, 1:] != unit[:, :-1]
    return unit[first].reshape(len(unit), -1)


def _county_loads(
    system: CountyHypercube,
    method: CountyMethod,
    workload: FloatArray,
    answers: FloatArray,
    service_min: FloatArray,
) -> CountyLoads:
    units = len(system.unit_id)
    away = np.where(np.arange(units)[:, None] == system.unit_of_atom, 0.0, answers)
    of_unit = np.bincount(system.unit_of_atom, weights=answers.sum(axis=0), minlength=units)
    received = np.bincount(system.unit_of_atom, weights=away.sum(axis=0), minlength=units)
    crews = np.bincount(system.crew_unit, minlength=units)
    busy = np.bincount(system.crew_unit, weights=workload, minlength=units)
    given = answers.sum(axis=1)
    return CountyLoads(
        method=method,
        workload_fraction=workload,
        answers_fraction=answers,
        service_min=service_min,
        unit_workload_fraction=_ratio(busy, crews),
        cross_fraction=float(away.sum()),
        help_received_fraction=_ratio(received, of_unit),
        help_given_fraction=_ratio(away.sum(axis=1), given),
    )


def _scene_and_after(side: SimulationInputs, model: ArrivalModel, share: FloatArray) -> FloatArray:
    """Mean minutes on scene and of custody and escort per crew sent, shape (C,)."""
    alerts = model.alerts_per_year * share
    jobs = (alerts * model.crews).sum(axis=1)
    scene = (alerts * model.crews) @ model.service_mean_min
    cell = np.arange(len(alerts))
    custody = finite(side.travel_min[side.custody_station, cell]) + model.custody_min
    escort = finite(side.travel_min[side.escort_station, cell]) + model.escort_min
    # Only the first crew of an alert goes there.
    after = (alerts @ model.arrest_fraction) * custody + (alerts @ model.escort_fraction) * escort
    mean: FloatArray = np.divide(scene + after, jobs, out=np.zeros(len(alerts)), where=jobs > 0)
    return mean


def _preference(side: SimulationInputs, crew_unit: IntArray, cell: IntArray) -> IntArray:
    """Crews in the order in which each cell calls them, shape (J, N).

    Crews of one centre take turns as the first from cell to cell, or the first would do most of
    the work.
    """
    units, n = len(side.unit_id), len(crew_unit)
    near = np.eye(units, dtype=bool)
    for u, others in enumerate(side.neighbours):
        near[u, list(others)] = True
    first = np.searchsorted(crew_unit, crew_unit)
    number = np.bincount(crew_unit, minlength=units)[crew_unit]
    order = np.empty((len(cell), n), np.int64)
    for j, c in enumerate(cell.tolist()):
        own = side.unit_of_cell[c]
        minutes = side.travel_min[side.home_station[crew_unit], c]
        turn = (np.arange(n) - first + j) % number
        if side.dispatch == "nearest":
            tier = np.zeros(n)
        else:
            helps = near[own][crew_unit] & (side.turnout_min + minutes <= side.max_help_travel_min)
            tier = np.where(crew_unit == own, 0, np.where(helps, 1, 2))
        order[j] = np.lexsort((turn, crew_unit, minutes, tier))
    return order


def _ratio(of: ArrayLike, by: ArrayLike) -> FloatArray:
    above, below = np.asarray(of, float), np.asarray(by, float)
    ratio: FloatArray = np.divide(above, below, out=np.full(len(above), np.nan), where=below > 0)
    return ratio
