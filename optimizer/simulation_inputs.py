"""One deployment as arrays for the simulation: crews, ways and helpers, from County and Plan."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike

from optimizer.county import County
from optimizer.errors import InputError, Problem
from optimizer.frozen import FloatArray, IntArray, read_only
from optimizer.plan import Plan
from optimizer.policy import Policy
from optimizer.queueing import crews_needed
from optimizer.simulation_state import DAY_MIN
from optimizer.strength import assess_bundles, unit_needs
from optimizer.workload import demand_of

Dispatch = Literal["own", "neighbours", "nearest"]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SimulationInputs:
    """One deployment. U units (centres and lone stations), S stations, C cells, P periods.

    Change one with `dataclasses.replace` or the methods; arrays are checked and frozen again.

    Attributes:
        unit_id: Station id of each unit's centre.
        members: Rows of each unit's stations.
        home_station: Row of each centre, shape (U,).
        unit_of_cell: Unit responsible for each cell, shape (C,).
        crews: Crews on duty, shape (U, P).
        period_start_min: Minute of the day at which each period starts, shape (P,), first 0.
        neighbours: Rows of the units adjacent to each unit.
        dispatch: Which crews are asked, see `policy.simulation.dispatch`.
        travel_min: Minutes from station to cell, shape (S, C).
        cell_time_min: Minutes from cell to cell, shape (C, C); None = a crew is sent only from its
            station, to which it must be back first.
        station_min: Minutes from seat to seat, shape (S, S).
        custody_station, escort_station: Row of the station with the custody room, and of the
            escort's end, for each cell, shape (C,).
        patrol_weight: Relative time on patrol of each cell within its unit, shape (C,).
        travel_factor, extra_turnout_min: By week from day 0; the last value holds on. For weather,
            and for crews that learn new ground.
        turnout_min, turnout_on_road_min: Minutes from alert to driving.
        max_help_travel_min, patrol_share_fraction, preempt_priority, preemptible_priority,
        break_min, break_after_min, break_recall_priority, shift_starts_hours: As the policy's.
        raised: Units whose strength mans less than one crew and that are given one all the same.
    """

    unit_id: tuple[str, ...]
    members: tuple[tuple[int, ...], ...]
    home_station: IntArray
    unit_of_cell: IntArray
    crews: IntArray
    period_start_min: FloatArray
    neighbours: tuple[tuple[int, ...], ...]
    dispatch: Dispatch
    travel_min: FloatArray
    cell_time_min: FloatArray | None = None
    station_min: FloatArray
    custody_station: IntArray
    escort_station: IntArray
    patrol_weight: FloatArray
    travel_factor: FloatArray
    extra_turnout_min: FloatArray
    turnout_min: float
    turnout_on_road_min: float
    max_help_travel_min: float
    patrol_share_fraction: float
    preempt_priority: int = 0
    preemptible_priority: int = 3
    break_min: float = 0.0
    break_after_min: float = 0.0
    break_recall_priority: int = 0
    shift_starts_hours: tuple[float, ...] = ()
    raised: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        u, p, c = len(self.unit_id), len(self.period_start_min), len(self.unit_of_cell)
        s, w = len(self.station_min), len(self.travel_factor)
        if len(self.members) != u or len(self.neighbours) != u:
            raise ValueError("inputs: members and neighbours need one entry per unit")
        if not u or not p or not w:
            raise ValueError("inputs: units, periods and weeks must not be empty")
        shapes: tuple[tuple[str, type, tuple[int, ...]], ...] = (
            ("home_station", np.int64, (u,)),
            ("unit_of_cell", np.int64, (c,)),
            ("crews", np.int64, (u, p)),
            ("period_start_min", float, (p,)),
            ("travel_min", float, (s, c)),
            ("station_min", float, (s, s)),
            ("custody_station", np.int64, (c,)),
            ("escort_station", np.int64, (c,)),
            ("patrol_weight", float, (c,)),
            ("travel_factor", float, (w,)),
            ("extra_turnout_min", float, (w,)),
        )
        for name, dtype, shape in shapes:
            _put(self, name, dtype, shape)
        if self.cell_time_min is not None:
            _put(self, "cell_time_min", float, (c, c))
        for name in ("unit_of_cell", "home_station", "custody_station", "escort_station"):
            if getattr(self, name).max(initial=0) >= (u if name == "unit_of_cell" else s):
                raise ValueError(f"inputs.{name}: row outside its table")
        starts = self.period_start_min
        if starts[0] != 0 or (np.diff(starts) <= 0).any() or starts[-1] >= DAY_MIN:
            raise ValueError("inputs.period_start_min: rising from 0, within a day")
        for name in (
            "turnout_min", "turnout_on_road_min", "break_min", "break_after_min",
            "max_help_travel_min", "patrol_share_fraction",
        ):  # fmt: skip
            if not getattr(self, name) >= 0:
                raise ValueError(f"inputs.{name}: must not be negative or NaN")

    @property
    def crew_unit(self) -> IntArray:
        """Unit of each crew, shape (M,); crews of a unit stand together."""
        return np.repeat(np.arange(len(self.unit_id)), self.crews.max(axis=1))

    def with_crews(self, crews: ArrayLike) -> SimulationInputs:
        """The same with other crews on duty, broadcast to (U, P)."""
        return replace(self, crews=np.broadcast_to(np.asarray(crews), self.crews.shape))

    def slower(self, factor: ArrayLike, extra_turnout_min: ArrayLike = 0.0) -> SimulationInputs:
        """The same with travel multiplied and turn-out prolonged, one value or one per week."""
        times, more = np.broadcast_arrays(
            np.atleast_1d(np.asarray(factor, float)), np.asarray(extra_turnout_min, float)
        )
        return replace(self, travel_factor=times, extra_turnout_min=more)


def simulation_inputs(
    county: County,
    policy: Policy,
    plan: Plan,
    *,
    cell_time_min: FloatArray | None = None,
    crews: ArrayLike | None = None,
) -> SimulationInputs:
    """Arrays of one deployment under `policy.simulation`.

    Args:
        county: The county.
        policy: The policy.
        plan: Today's plan (`current_plan`) or another.
        cell_time_min: Minutes from cell to cell, shape (C, C), for crews that are sent on from
            where they are. None, or `start_from: station`: from the station only.
        crews: Crews on duty, broadcast to (U, P), in the order of the plan's bundles; None = as
            `policy.simulation.crews` says.

    Raises:
        InputError: a custody station that does not exist.
    """
    rules = policy.simulation
    row = county.stations.index()
    members = tuple(tuple(row[s] for s in b.station_ids) for b in plan.bundles)
    home = np.array([row[b.centre_id] for b in plan.bundles], dtype=np.int64)
    unit_of_station = np.zeros(len(county.stations), dtype=np.int64)
    for u, stations in enumerate(members):
        unit_of_station[list(stations)] = u
    unit_of_cell = unit_of_station[county.cells.station]
    on_road = rules.start_from == "scene" and cell_time_min is not None
    raised: tuple[str, ...] = ()
    shape = (len(members), len(county.period_hours))
    if crews is None:
        needed = _required(county, policy, plan, unit_of_cell, home)
        on_duty = needed
        if rules.crews == "in_post":
            on_duty, raised = _in_post(county, policy, plan, needed)
    else:
        on_duty = np.broadcast_to(np.asarray(crews), shape)
    starts_h = np.concatenate([[0.0], np.cumsum(county.period_hours)[:-1]])
    return SimulationInputs(
        unit_id=tuple(b.centre_id for b in plan.bundles),
        members=members,
        home_station=home,
        unit_of_cell=unit_of_cell,
        crews=on_duty,
        period_start_min=starts_h * 60.0,
        neighbours=_unit_neighbours(county, unit_of_station, len(members)),
        dispatch=rules.dispatch,
        travel_min=county.travel_time_min,
        cell_time_min=_reachable(county, cell_time_min) if on_road else None,
        station_min=county.station_time_min,
        custody_station=_custody(county, policy, home, unit_of_cell),
        escort_station=_escort(county, home, unit_of_cell),
        patrol_weight=_patrol_weight(county, unit_of_cell),
        travel_factor=np.ones(1),
        extra_turnout_min=np.zeros(1),
        turnout_min=policy.response.turnout_min,
        turnout_on_road_min=rules.turnout_on_road_min,
        max_help_travel_min=rules.max_help_travel_min,
        patrol_share_fraction=rules.patrol_share_fraction,
        preempt_priority=rules.preempt_priority,
        preemptible_priority=rules.preemptible_priority,
        break_min=rules.break_min,
        break_after_min=rules.break_after_min,
        break_recall_priority=rules.break_recall_priority,
        shift_starts_hours=rules.shift_starts_hours,
        raised=raised,
    )


def finite(minutes: FloatArray) -> FloatArray:
    """Minutes with 0 for unreachable: such a way is never driven, but must not make NaN."""
    return np.where(np.isfinite(minutes), minutes, 0.0)


def _required(
    county: County, policy: Policy, plan: Plan, unit_of_cell: IntArray, home: IntArray
) -> IntArray:
    """Crews per unit and period by the waiting standard, as `optimizer.workload` has them."""
    periods = len(county.period_hours)
    if policy.simulation.crews_on_duty == "round_the_clock":
        crews = assess_bundles(county, policy, plan).crews
        return np.repeat(crews[:, None], periods, axis=1)
    load, jobs = _load_by_period(county, policy, unit_of_cell, home)
    service = np.divide(load * 60.0, jobs, out=np.zeros_like(load), where=jobs > 0)
    return crews_needed(
        load,
        service,
        max_wait_min=policy.crews.max_wait_min,
        max_wait_share_fraction=policy.crews.max_wait_share_fraction,
        min_crews=policy.crews.min_crews,
    )


def _load_by_period(
    county: County, policy: Policy, unit_of_cell: IntArray, home: IntArray
) -> tuple[FloatArray, FloatArray]:
    """Erlangs and jobs an hour, both (U, P): on-scene time plus travel both ways."""
    demand = demand_of(county, policy)
    travel = finite(county.travel_time_min[home[unit_of_cell], np.arange(len(unit_of_cell))])
    busy = demand.scene_crew_min_per_hour + 2.0 * travel[:, None] * demand.jobs_per_hour

    def by_unit(per_cell: FloatArray) -> FloatArray:
        total = np.zeros((len(home), per_cell.shape[1]))
        np.add.at(total, unit_of_cell, per_cell)
        return total

    return by_unit(busy) / 60.0, by_unit(demand.jobs_per_hour)


def _in_post(
    county: County, policy: Policy, plan: Plan, needed: IntArray
) -> tuple[IntArray, tuple[str, ...]]:
    """Crews that the strength of a plan can man, and units raised to one crew.

    A unit with a share of its required officers has that share of its required crew-hours: all its
    duties suffer alike. Whole crews stand all day; the rest stands in the busiest periods, as far
    as its hours go. At least one crew stands at all times.
    """
    strength = dict(plan.strength)
    need = {n.unit_id: n.required_officers for n in unit_needs(county, policy, plan)}
    hours = county.period_hours
    alerts = county.cells.alerts_per_year.sum(axis=0) @ county.period_share_fraction / hours
    busiest_first = np.argsort(-alerts, kind="stable")
    crews, raised = np.empty_like(needed), []
    for u, bundle in enumerate(plan.bundles):
        required = need[bundle.centre_id]
        share = strength.get(bundle.centre_id, 0) / required if required > 0 else 1.0
        crew_hours = share * float(needed[u] @ hours)
        whole = int(crew_hours / 24.0 + 1e-9)
        if whole < 1:
            raised.append(bundle.centre_id)
        crews[u] = max(whole, 1)
        left = crew_hours - 24.0 * whole if whole >= 1 else 0.0
        for p in busiest_first:
            if left + 1e-9 >= hours[p]:
                crews[u, p] += 1
                left -= float(hours[p])
    return crews, tuple(raised)


def _unit_neighbours(
    county: County, unit_of_station: IntArray, units: int
) -> tuple[tuple[int, ...], ...]:
    assert county.station_adjacency is not None
    near: list[set[int]] = [set() for _ in range(units)]
    for i, j in unit_of_station[county.station_adjacency].tolist():
        if i != j:
            near[i].add(j)
            near[j].add(i)
    return tuple(tuple(sorted(n)) for n in near)


def _reachable(county: County, cell_time_min: FloatArray | None) -> FloatArray | None:
    """Ways between cells; one that cannot be driven goes round by the best station."""
    if cell_time_min is None:
        return None
    made = np.array(cell_time_min, dtype=float)
    travel = county.travel_time_min
    for i in np.flatnonzero(~np.isfinite(made).all(axis=1)):
        lost = np.flatnonzero(~np.isfinite(made[i]))
        made[i, lost] = (travel[:, [i]] + travel[:, lost]).min(axis=0)
    return made


def _custody(county: County, policy: Policy, home: IntArray, unit_of_cell: IntArray) -> IntArray:
    """Station with the custody room of each cell: rooms of police offices close."""
    ids = policy.simulation.custody_station_ids
    if not ids:
        return home[unit_of_cell]
    row = county.stations.index()
    strangers = [s for s in ids if s not in row]
    if strangers:
        raise InputError(
            [
                Problem(
                    where="case.yaml",
                    column="policy.simulation.custody_station_ids",
                    value=s,
                    expected="the id of a station",
                    fix="correct the id, or leave the list empty",
                )
                for s in strangers
            ]
        )
    centres = set(home.tolist())
    rooms = [row[s] for s in ids if row[s] in centres] or [row[s] for s in ids]
    return _nearest(county, np.array(sorted(rooms)))


def _escort(county: County, home: IntArray, unit_of_cell: IntArray) -> IntArray:
    """Nearest town station of each cell, where the hospital is taken to be; else the centre."""
    towns = np.flatnonzero(county.stations.is_urban)
    return _nearest(county, towns) if len(towns) else home[unit_of_cell]


def _nearest(county: County, stations: IntArray) -> IntArray:
    nearest: IntArray = stations[np.argmin(county.travel_time_min[stations], axis=0)]
    return nearest


def _patrol_weight(county: County, unit_of_cell: IntArray) -> FloatArray:
    """Alerts of each cell; where a unit has none, all its cells alike."""
    alerts: FloatArray = county.cells.alerts_per_year.sum(axis=1)
    total = np.bincount(unit_of_cell, weights=alerts)
    return np.where(total[unit_of_cell] > 0, alerts, 1.0)


def _put(inputs: SimulationInputs, name: str, dtype: Any, shape: tuple[int, ...]) -> None:
    array = read_only(getattr(inputs, name), dtype, shape=shape, name=f"inputs.{name}")
    if (array < 0).any():
        raise ValueError(f"inputs.{name}: negative")
    object.__setattr__(inputs, name, array)
