"""Traffic consolidation (交所合一): squads end, stations take their roads and their officers.

Every jurisdiction that a squad manages today gets one duty unit: its own bundle, or one with a
station next to it (`traffic.contiguity`), close enough to its seat
(`traffic.max_accident_travel_min`) and, under `traffic.rural_only`, with a rural centre. So the
roads of a town station inside a rural squad's area go to a rural neighbour; where it has none, the
answer is INFEASIBLE, never a quiet gap. A duty unit has at least one officer from the squads, even
where the policy says 0: a road that nobody patrols is not managed. Officers may go to any duty
unit; staying in their squad's own area (就地下沉) is the second goal, not a rule, unless
`traffic.leave_area_price_km` says what leaving costs. `traffic.accidents_within_fraction` asks
that a share of the accidents is reached in time from the duty stations.
`optimizer/road_loads.py` states the goals and how they are proven.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from optimizer.county import County
from optimizer.frozen import BoolArray, FloatArray, IntArray
from optimizer.moves import ship, whole_steps
from optimizer.plan import Bundle, Move, RoadDuty, current_road_duties
from optimizer.policy import Policy
from optimizer.result import Proof, Relaxation, Status
from optimizer.road_duty import (
    accidents_in_time,
    accidents_per_year,
    ending_squads,
    nearest_station,
)
from optimizer.road_loads import Shared, share_roads
from optimizer.road_task import IN_TIME_UNIT, RoadTask
from optimizer.solver import Limits, Model, solve

STAGE = "traffic"
UNIT = "km per officer"
IN_TIME = "traffic.accidents_within_fraction"
TRAVEL_TOLERANCE_MIN = 1e-9


@dataclass(frozen=True, slots=True, kw_only=True)
class TrafficPlan:
    """Who manages which roads, and where the squads' officers go.

    Attributes:
        road_duties: One per jurisdiction that a squad manages today, sorted.
        dissolved_squad_ids: Sorted.
        moves: From squads to duty stations, reason `road_duty`, sorted.
    """

    road_duties: tuple[RoadDuty, ...]
    dissolved_squad_ids: tuple[str, ...] = ()
    moves: tuple[Move, ...] = ()


def hand_over(
    county: County, policy: Policy, bundles: tuple[Bundle, ...]
) -> tuple[TrafficPlan | None, Proof]:
    """Dissolve the squads into duty stations, or leave them as they are.

    Args:
        county: The county.
        policy: `traffic` and `solver` are read.
        bundles: Every station in one.

    Returns:
        The plan and the proof on managed km per officer at the most loaded duty station; OPTIMAL
        only where the goals of lower rank are proven too. None where no plan keeps the rules (the
        proof names those that clash) or none was found in time.
    """
    if not ending_squads(county, policy):
        kept = Proof(
            stage=STAGE,
            status=Status.OPTIMAL,
            objective=0.0,
            objective_unit=UNIT,
            bound=0.0,
            method="squads keep their roads",
        )
        return TrafficPlan(road_duties=current_road_duties(county)), kept
    limits = Limits(time_limit_s=policy.solver.time_limit_s, seed=policy.solver.seed)
    ground, rules = _Ground.of(county, policy, bundles), _Rules.of(policy)
    status, start = _assignment(ground, rules, limits)
    if status is Status.INFEASIBLE:
        return None, _diagnosis(ground, rules, limits)
    if start is None:
        return None, Proof(stage=STAGE, status=Status.UNKNOWN, method="time ran out")
    if not len(ground.station_id):
        return _nothing_to_share(county, ground)
    shared = share_roads(
        RoadTask(
            may=ground.may(rules),
            own=ground.own,
            road_km=ground.road_km,
            squad_officers=ground.squad_officers,
            in_area=ground.in_area,
            duty_stations=rules.duty_stations,
            min_officers=rules.min_officers,
            in_time=None if rules.in_time_fraction is None else ground.in_time_units,
            in_time_at_least=ground.in_time_least(rules),
            leave_price_km=policy.traffic.leave_area_price_km,
        ),
        start,
        limits,
    )
    return _plan(county, ground, shared), _proof(shared)


def _nothing_to_share(county: County, ground: _Ground) -> tuple[TrafficPlan, Proof]:
    """Squads with neither roads nor officers."""
    proof = Proof(
        stage=STAGE,
        status=Status.OPTIMAL,
        objective=0.0,
        objective_unit=UNIT,
        bound=0.0,
        method="the squads manage no station's roads and hold no officers",
    )
    return TrafficPlan(
        road_duties=_kept_duties(county, ground), dissolved_squad_ids=ground.squad_id
    ), proof


def _kept_duties(county: County, ground: _Ground) -> tuple[RoadDuty, ...]:
    """Roads of the squads that stay."""
    every = current_road_duties(county)
    return tuple(duty for duty in every if duty.duty_id not in ground.squad_id)


def _proof(shared: Shared) -> Proof:
    objective_km = shared.load_km + shared.leave_km
    is_optimal = shared.is_proven and shared.bound_km == objective_km
    method = (
        f"{shared.method}, over {shared.groups} groups of jurisdictions, then fewest officers who "
        "leave their squad's area, then fewest handovers"
    )
    if not shared.is_proven:
        method += " (the last two not proven)"
    return Proof(
        stage=STAGE,
        status=Status.OPTIMAL if is_optimal else Status.FEASIBLE,
        objective=objective_km,
        objective_unit=UNIT,
        bound=shared.bound_km,
        method=method,
    )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Ground:
    """Roads, units and squads. J jurisdictions, R units, Q squads, each sorted by id.

    Attributes:
        station_id, unit_id, squad_id: Ids; a unit goes by its centre.
        own: The unit of each jurisdiction, shape (J, R).
        is_next: The unit is the jurisdiction's own or has a station next to it, shape (J, R).
        is_rural: Of each unit's centre, shape (R,).
        travel_time_min: From the unit's centre to the jurisdiction's seat, shape (J, R).
        road_km: Managed km of each jurisdiction, shape (J,).
        squad_officers: Shape (Q,).
        in_area: The unit has a station in the squad's area, shape (Q, R).
        squad_time_min: From the station nearest to the squad's seat to the unit, shape (Q, R).
        in_time_units: Share of all accidents of the jurisdictions that a unit reaches in time in
            each of them, in whole units of `IN_TIME_UNIT`, shape (J, R).
    """

    station_id: tuple[str, ...]
    unit_id: tuple[str, ...]
    squad_id: tuple[str, ...]
    own: BoolArray
    is_next: BoolArray
    is_rural: BoolArray
    travel_time_min: FloatArray
    road_km: FloatArray
    squad_officers: IntArray
    in_area: BoolArray
    squad_time_min: FloatArray
    in_time_units: IntArray

    @classmethod
    def of(cls, county: County, policy: Policy, bundles: Sequence[Bundle]) -> _Ground:
        """Read the county, in the order of ids whatever the order of its rows."""
        stations, squads = county.stations, county.squads
        row, neighbours = stations.index(), county.neighbours()
        units = sorted(bundles)
        members = [frozenset(row[s] for s in unit.station_ids) for unit in units]
        centres = [row[unit.centre_id] for unit in units]
        ending = ending_squads(county, policy)
        station_id = tuple(sorted(s for q in ending for s in squads.stations[q]))
        lands = [row[s] for s in station_id]
        order = sorted(ending, key=lambda q: squads.squad_id[q])
        areas = [frozenset(row[s] for s in squads.stations[q]) for q in order]
        seats = [nearest_station(county, q) for q in order]
        shape = (len(lands), len(units))
        own = np.array([[j in m for m in members] for j in lands], np.bool_).reshape(shape)
        beside = np.array([[bool(neighbours[j] & m) for m in members] for j in lands], np.bool_)
        assert county.duty_road_km is not None
        return cls(
            station_id=station_id,
            unit_id=tuple(unit.centre_id for unit in units),
            squad_id=tuple(squads.squad_id[q] for q in order),
            own=own,
            is_next=own | beside.reshape(shape),
            is_rural=~stations.is_urban[centres],
            travel_time_min=county.station_time_min[np.ix_(centres, lands)].T,
            road_km=county.duty_road_km[lands].sum(axis=1),
            squad_officers=squads.officers[order],
            in_area=np.array([[bool(area & m) for m in members] for area in areas], np.bool_),
            squad_time_min=county.station_time_min[np.ix_(seats, centres)],
            in_time_units=_in_time_units(county, policy, lands, centres),
        )

    def in_time_least(self, rules: _Rules) -> int:
        """Units of accidents reached in time that the rules ask for."""
        if rules.in_time_fraction is None:
            return 0
        # Each pair is rounded once; nobody is refused for that.
        return math.floor(rules.in_time_fraction / IN_TIME_UNIT) - len(self.station_id)

    def may(self, rules: _Rules) -> BoolArray:
        """Units that may take each jurisdiction, shape (J, R)."""
        near = self.travel_time_min <= rules.max_travel_min + TRAVEL_TOLERANCE_MIN
        allowed: BoolArray = near & (self.is_rural | (not rules.is_rural_only))
        return allowed & self.is_next if rules.is_contiguous else allowed


def _in_time_units(
    county: County, policy: Policy, lands: Sequence[int], centres: Sequence[int]
) -> IntArray:
    """See `_Ground.in_time_units`; without accidents every pair reaches its even share."""
    shape = (len(lands), len(centres))
    if policy.traffic.accidents_within_fraction is None:
        return np.zeros(shape, dtype=np.int64)
    station, stations = county.cells.station, len(county.stations)
    accidents = accidents_per_year(county, policy)
    total = np.bincount(station, weights=accidents, minlength=stations)[list(lands)].sum()
    if total <= 0:
        return np.full(shape, math.ceil(1.0 / IN_TIME_UNIT / max(len(lands), 1)), dtype=np.int64)
    reached = accidents_in_time(county, policy)[np.ix_(lands, centres)]
    units: IntArray = np.rint(reached / (total * IN_TIME_UNIT)).astype(np.int64)
    return units


def _plan(county: County, ground: _Ground, shared: Shared) -> TrafficPlan:
    """Send each squad's officers: fewest out of its area, then fewest minutes."""
    open_units = np.flatnonzero(shared.officers > 0)
    steps = whole_steps(ground.squad_time_min[:, open_units])
    leaves = ~ground.in_area[:, open_units]
    more_than_all = int(steps.max(initial=0)) * int(ground.squad_officers.sum()) + 1
    sent = ship(
        ground.squad_officers,
        shared.officers[open_units],
        steps + leaves.astype(np.int64) * more_than_all,
        np.ones(steps.shape, dtype=np.bool_),
    )
    return TrafficPlan(
        road_duties=tuple(
            sorted(
                [
                    *(
                        RoadDuty(station_id=s, duty_id=ground.unit_id[r])
                        for s, r in zip(ground.station_id, shared.duty.tolist(), strict=True)
                    ),
                    *_kept_duties(county, ground),
                ]
            )
        ),
        dissolved_squad_ids=ground.squad_id,
        moves=tuple(
            sorted(
                Move(
                    from_id=ground.squad_id[q],
                    to_id=ground.unit_id[int(open_units[r])],
                    officers=int(sent[q, r]),
                    reason="road_duty",
                )
                for q, r in np.argwhere(sent > 0).tolist()
            )
        ),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Rules:
    """The rules of a handover, each of which a diagnosis can relax."""

    duty_stations: int | None
    min_officers: int
    max_travel_min: float
    is_rural_only: bool
    in_time_fraction: float | None = None
    is_contiguous: bool = True
    is_covering: bool = True
    is_conserving: bool = True

    @classmethod
    def of(cls, policy: Policy) -> _Rules:
        """The rules that a policy sets."""
        traffic = policy.traffic
        return cls(
            duty_stations=traffic.duty_stations,
            min_officers=max(1, traffic.min_officers_per_duty_station),
            max_travel_min=traffic.max_accident_travel_min,
            is_rural_only=traffic.rural_only,
            in_time_fraction=traffic.accidents_within_fraction,
        )


_DROPPED: dict[str, dict[str, object]] = {
    "traffic.contiguity": {"is_contiguous": False},
    "traffic.rural_only": {"is_rural_only": False},
    "traffic.max_accident_travel_min": {"max_travel_min": float("inf")},
    IN_TIME: {"in_time_fraction": None},
    "traffic.min_officers_per_duty_station": {"min_officers": 0},
    "strength.conserved": {"is_conserving": False},
    "traffic.duty_stations": {"duty_stations": None},
    "traffic.coverage": {"is_covering": False},
}
"""What leaving a rule out means, in the order that a diagnosis tries it."""


def _assignment(ground: _Ground, rules: _Rules, limits: Limits) -> tuple[Status, IntArray | None]:
    """Some unit for each jurisdiction, or INFEASIBLE; the fewest handovers.

    Columns are the allowed pairs, then one per unit: it takes road duty.
    """
    jurisdictions, units = ground.own.shape
    j, r = np.nonzero(ground.may(rules))
    pairs, every = len(j), np.arange(units)
    is_open = pairs + every
    takes, has = jurisdictions, jurisdictions + pairs
    number = has + units
    officers = int(ground.squad_officers.sum())
    wanted = rules.duty_stations
    least_open = 1 if rules.is_conserving and officers else 0
    entries = [
        (j, np.arange(pairs), np.ones(pairs)),
        (takes + np.arange(pairs), np.arange(pairs), np.ones(pairs)),
        (takes + np.arange(pairs), pairs + r, -np.ones(pairs)),
        (has + r, np.arange(pairs), np.ones(pairs)),
        (has + every, is_open, -np.ones(units)),
        (np.full(units, number), is_open, np.ones(units)),
        (np.full(units, number + 1), is_open, np.full(units, float(rules.min_officers))),
        (np.full(units, number + 2), is_open, np.ones(units)),
        (np.full(pairs, number + 3), np.arange(pairs), ground.in_time_units[j, r].astype(float)),
    ]
    owned = np.ones(jurisdictions) if rules.is_covering else np.zeros(jurisdictions)
    solved = solve(
        Model(
            objective=np.concatenate([(~ground.own[j, r]).astype(np.float64), np.zeros(units)]),
            lower=np.zeros(pairs + units),
            upper=np.ones(pairs + units),
            integer=np.ones(pairs + units, dtype=np.bool_),
            row=np.concatenate([e[0] for e in entries]),
            column=np.concatenate([e[1] for e in entries]),
            value=np.concatenate([e[2] for e in entries]),
            row_lower=np.concatenate(
                [
                    owned,
                    np.full(pairs, -np.inf),
                    np.zeros(units),
                    [0 if wanted is None else wanted, 0, least_open, ground.in_time_least(rules)],
                ]
            ),
            row_upper=np.concatenate(
                [
                    np.ones(jurisdictions),
                    np.zeros(pairs),
                    np.full(units, np.inf),
                    [units if wanted is None else wanted, officers, units, np.inf],
                ]
            ),
        ),
        limits,
    )
    if solved.values is None:
        return solved.status, None
    duty = np.full(jurisdictions, -1, dtype=np.int64)
    chosen = np.flatnonzero(solved.values[:pairs] > 0.5)
    duty[j[chosen]] = r[chosen]
    return solved.status, duty


def _diagnosis(ground: _Ground, rules: _Rules, limits: Limits) -> Proof:
    """A minimal set of rules that cannot hold together, and the single changes that would help."""

    def status(changed: _Rules) -> Status:
        return _assignment(ground, changed, limits)[0]

    left, clash = rules, []
    for rule, dropped in _DROPPED.items():
        without = replace(left, **dropped)  # type: ignore[arg-type]
        if status(without) is Status.INFEASIBLE:
            left = without
        else:
            clash.append(rule)

    def is_possible(changed: _Rules) -> bool:
        return status(changed) in (Status.OPTIMAL, Status.FEASIBLE)

    return Proof(
        stage=STAGE,
        status=Status.INFEASIBLE,
        objective_unit=UNIT,
        method="branch and bound on which unit may take which roads",
        clashing_rules=tuple(sorted(clash)),
        relaxations=tuple(
            r for rule in sorted(clash) for r in _relaxations(rule, ground, rules, is_possible)
        ),
    )


def _relaxations(
    rule: str, ground: _Ground, rules: _Rules, is_possible: Callable[[_Rules], bool]
) -> list[Relaxation]:
    """The nearest value of one rule with which a plan exists; empty where there is none."""
    present, needed = "", None
    if rule == "traffic.duty_stations" and rules.duty_stations is not None:
        present = str(rules.duty_stations)
        counts = sorted(
            range(1, len(ground.unit_id) + 1), key=lambda n: abs(n - (rules.duty_stations or 0))
        )
        needed = next(
            (str(n) for n in counts if is_possible(replace(rules, duty_stations=n))), None
        )
    elif rule == "traffic.min_officers_per_duty_station":
        present = str(rules.min_officers)
        fewer = range(rules.min_officers - 1, 0, -1)
        needed = next((str(n) for n in fewer if is_possible(replace(rules, min_officers=n))), None)
    elif rule == "traffic.max_accident_travel_min":
        present = f"{rules.max_travel_min:g}"
        needed = _nearest_minutes(ground, rules, is_possible)
    elif rule == IN_TIME and rules.in_time_fraction is not None:
        present = f"{rules.in_time_fraction:g}"
        needed = _largest_share(rules, is_possible)
    elif rule == "traffic.rural_only":
        present = "true"
        needed = "false" if is_possible(replace(rules, is_rural_only=False)) else None
    return [] if needed is None else [Relaxation(rule=rule, present=present, needed=needed)]


def _nearest_minutes(
    ground: _Ground, rules: _Rules, is_possible: Callable[[_Rules], bool]
) -> str | None:
    """Fewest minutes of travel with which a plan exists, rounded up to a tenth."""
    may = ground.may(replace(rules, max_travel_min=float("inf")))
    minutes = ground.travel_time_min[may]
    longer = np.ceil(minutes[(minutes > rules.max_travel_min) & np.isfinite(minutes)] * 10) / 10
    choices = np.unique(longer).tolist()
    low, high = 0, len(choices)
    while low < high:
        middle = (low + high) // 2
        if is_possible(replace(rules, max_travel_min=choices[middle])):
            high = middle
        else:
            low = middle + 1
    return f"{choices[low]:g}" if low < len(choices) else None


def _largest_share(rules: _Rules, is_possible: Callable[[_Rules], bool]) -> str | None:
    """Largest share of accidents in time with which a plan exists, rounded down to a thousandth."""
    low, high = -1, math.ceil((rules.in_time_fraction or 0.0) * 1000)
    while low + 1 < high:
        middle = (low + high) // 2
        if is_possible(replace(rules, in_time_fraction=middle / 1000)):
            low = middle
        else:
            high = middle
    return None if low < 0 else f"{low / 1000:g}"
