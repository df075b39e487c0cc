r"""Bundles and road duty in one solve: what road duty gains by a bundle counts (交所合一联合求解).

Bundles first, roads second is exact in each step, not as a whole: the cheapest bundles may leave
duty stations that share the roads badly. Here the goal is one, in officers:

$$ \min\; P(\text{bundles}) + w\,t + w\,p\,L $$

with $P$ the price of bundling, $t$ km per officer at the most loaded duty station,
$w$ = `traffic.joint_price_per_km`, and $L$ officers who leave their area at
$p$ = `traffic.leave_area_price_km` (0 without one).

**Proof.** Let $F(t)$ be the least $P + w\,p\,L$ with a load of at most $t$; it never grows with
$t$. The two-step plan is the first incumbent. Columns whose reduced cost in the relaxation of
bundling exceeds what the incumbent leaves above $P_{low} + w\,\bar t$ ($\bar t$ the mean load) are
in no better plan. Then the model of `joint_model.py` is solved at falling loads: a plan of load
$t' \ge (\text{best} - F)/w$ cannot better the incumbent once $F(t')\ge F$ is known, so that is the
next load, until no plan is left. Where the columns left make up few bundlings, each of them gets
its best road duty instead; with `traffic.split_by_class` that is the only way, and where it would
be too long the two-step plan stands with a bound. Every step is proven; where time runs out the
bound says so.
"""

from __future__ import annotations

import math
import time
from dataclasses import dataclass, replace

import numpy as np

from optimizer.bundling import bundle, cover_of
from optimizer.columns import UNITS_PER_OFFICER, Columns, priced_columns
from optimizer.county import County
from optimizer.cover import Cover
from optimizer.frozen import FloatArray, IntArray
from optimizer.joint_model import Cheapest, JointTask, TooManyGroupsError, cheapest
from optimizer.partition import relaxation
from optimizer.plan import Bundle
from optimizer.policy import Policy
from optimizer.result import Proof, Status
from optimizer.road_duty import (
    accidents_in_time,
    accidents_per_year,
    ending_squads,
    measure_roads,
)
from optimizer.road_ground import Near
from optimizer.road_task import IN_TIME_UNIT
from optimizer.solver import Limits
from optimizer.traffic import TrafficPlan, hand_over
from optimizer.workload import Demand, demand_of

UNIT = "officers"
MOST_LISTED = 40
"""So many bundlings at the most are tried one by one."""
_MOST_NODES = 20_000
_LESS = 1 - 1e-10
"""The next load is below the last by this: what lies between is within the proof's tolerance."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """Bundles with their road duty, and what both cost in the joint goal.

    Attributes:
        bundles: Every station in one, sorted.
        roads: Who manages which roads.
        price: Price of the bundles, officers.
        load_km: Km per officer at the most loaded duty station.
        leavers: Officers who leave their squad's area.
        objective: The joint goal, officers.
    """

    bundles: tuple[Bundle, ...]
    roads: TrafficPlan
    price: float
    load_km: float
    leavers: int
    objective: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Joint:
    """The joint answer beside the two-step one.

    Attributes:
        best: The joint choice; None where there is none.
        two_step: Bundles first, roads second; None where that gives no plan.
        proof: Stage `bundling`, of the joint goal.
        loads_tried: How many loads were solved.
    """

    best: Choice | None
    two_step: Choice | None
    proof: Proof
    loads_tried: int = 0


def bundle_with_roads(county: County, policy: Policy, demand: Demand | None = None) -> Joint:
    """Choose bundles and duty stations together.

    Args:
        county: The county.
        policy: `traffic.joint_price_per_km` and all that bundling and traffic read.
        demand: `demand_of(county, policy)` if the caller has it.

    Raises:
        InputError: locks that name unknown stations or contradict each other.
        SolverError: the solver failed.
    """
    demand = demand_of(county, policy) if demand is None else demand
    bundles, bundling_proof = bundle(county, policy, demand)
    if bundles is None:
        return Joint(best=None, two_step=None, proof=bundling_proof)
    columns = priced_columns(county, policy, demand)
    search = _Search.of(county, policy, columns)
    two_step, roads_proof = search.choice(bundles)
    if not len(search.task.road_km) or not search.task.officers:
        return Joint(best=two_step, two_step=two_step, proof=bundling_proof)
    return search.run(two_step, roads_proof)


@dataclass(slots=True)
class _Search:
    """One search; lives for one call of `bundle_with_roads`."""

    county: County
    policy: Policy
    columns: Columns
    task: JointTask
    row_of: dict[Bundle, int]
    ends_at_s: float
    tried: int = 0
    groups: int = 0
    listed: int = 0

    @classmethod
    def of(cls, county: County, policy: Policy, columns: Columns) -> _Search:
        """The search before its first load."""
        return cls(
            county=county,
            policy=policy,
            columns=columns,
            task=_task(county, policy, columns),
            row_of={columns.bundle(county, i): i for i in range(len(columns))},
            ends_at_s=time.monotonic() + policy.solver.time_limit_s,
        )

    @property
    def per_km(self) -> float:
        """Price of one km per officer, officers."""
        return self.policy.traffic.joint_price_per_km

    def choice(self, bundles: tuple[Bundle, ...]) -> tuple[Choice | None, Proof]:
        """Bundles with the best road duty for them."""
        roads, proof = hand_over(self.county, self.policy, bundles)
        if roads is None:
            return None, proof
        load_km, leavers = measure_roads(
            self.county, bundles, roads.road_duties, roads.moves, roads.class_duties
        )
        price = self._price_of(bundles)
        leave = (self.policy.traffic.leave_area_price_km or 0.0) * leavers
        return Choice(
            bundles=bundles,
            roads=roads,
            price=price / UNITS_PER_OFFICER,
            load_km=load_km,
            leavers=leavers,
            objective=price / UNITS_PER_OFFICER + self.per_km * (load_km + leave),
        ), proof

    def _price_of(self, bundles: tuple[Bundle, ...]) -> int:
        rows = [self.row_of[bundle] for bundle in bundles]
        return int(self.columns.price_units[rows].sum())

    def run(self, two_step: Choice | None, roads_proof: Proof) -> Joint:
        """Falling loads until nothing is left; see the top of this file."""
        limits = self._left()
        relaxed = relaxation(self.task.cover, limits)
        lower = 0 if relaxed is None else relaxed.lower
        mean_km = float(self.task.road_km.sum()) / self.task.officers
        best, floor = two_step, lower / UNITS_PER_OFFICER
        status, load_km = Status.FEASIBLE, math.inf
        keep = np.arange(len(self.columns))
        while True:
            if best is not None:
                slack = best.objective - self.per_km * mean_km
                if self.per_km <= 0:
                    status = Status.OPTIMAL
                    break
                load_km = min(load_km, (best.objective - floor) / self.per_km) * _LESS
                if load_km < mean_km * (1 - 1e-9):
                    status = Status.OPTIMAL
                    break
                if relaxed is not None:
                    spare = math.ceil(slack * UNITS_PER_OFFICER) * relaxed.scale
                    left = spare - relaxed.lower_scaled
                    keep = np.flatnonzero(relaxed.reduced_scaled <= left)
                    listed = _bundlings(self.task.cover, keep, relaxed.reduced_scaled, left)
                    if listed is not None:
                        best, is_proven = self._each(best, listed, mean_km)
                        status = Status.OPTIMAL if is_proven else Status.FEASIBLE
                        break
            found = self._cheapest(keep, load_km, math.inf if best is None else slack)
            if found is None or found.status in (Status.UNKNOWN, Status.FEASIBLE):
                if found is not None and found.bound is not None:
                    floor = max(floor, found.bound / UNITS_PER_OFFICER)
                if found is not None and found.chosen is not None:
                    best = self._better(best, found.chosen)
                break
            if found.status is Status.INFEASIBLE:
                if best is None:
                    return Joint(best=None, two_step=two_step, proof=roads_proof)
                status = Status.OPTIMAL
                break
            assert found.chosen is not None
            assert found.price is not None
            floor = max(floor, found.price / UNITS_PER_OFFICER)
            best = self._better(best, found.chosen)
            if best is None:
                break
        if best is None:
            unknown = Proof(stage="bundling", status=Status.UNKNOWN, method="time ran out")
            return Joint(best=None, two_step=two_step, proof=unknown)
        bound = best.objective if status is Status.OPTIMAL else floor + self.per_km * mean_km
        proof = Proof(
            stage="bundling",
            status=status,
            objective=best.objective,
            objective_unit=UNIT,
            bound=min(bound, best.objective),
            method=f"bundles and road duty in one solve: {self.tried} loads, "
            f"{self.listed} bundlings, {len(keep)} of {len(self.columns)} columns, "
            f"{self.groups} groups",
        )
        if status is Status.FEASIBLE and proof.gap_fraction == 0.0:
            proof = replace(proof, status=Status.OPTIMAL)
        return Joint(best=best, two_step=two_step, proof=proof, loads_tried=self.tried)

    def _each(self, best: Choice, listed: list[IntArray], mean_km: float) -> tuple[Choice, bool]:
        """The best of some bundlings with their best road duty, and whether that is proven."""
        is_proven = True
        for chosen in sorted(listed, key=lambda c: int(self.columns.price_units[c].sum())):
            price = int(self.columns.price_units[chosen].sum()) / UNITS_PER_OFFICER
            if price + self.per_km * mean_km >= best.objective:
                break
            if time.monotonic() >= self.ends_at_s:
                return best, False
            bundles = tuple(sorted(self.columns.bundle(self.county, int(i)) for i in chosen))
            if bundles == best.bundles:
                continue
            found, proof = self.choice(bundles)
            self.listed += 1
            is_proven &= proof.status in (Status.OPTIMAL, Status.INFEASIBLE)
            if found is not None and found.objective < best.objective:
                best = found
        return best, is_proven

    def _better(self, best: Choice | None, chosen: IntArray) -> Choice | None:
        bundles = tuple(sorted(self.columns.bundle(self.county, int(i)) for i in chosen))
        found, _proof = self.choice(bundles)
        if found is None or (best is not None and best.objective <= found.objective):
            return best
        return found

    def _cheapest(self, keep: IntArray, load_km: float, most_price: float) -> Cheapest | None:
        """The model at one load; None where it is too large or no time is left.

        It knows whole jurisdictions only: with roads by class it says nothing of the best.
        """
        if time.monotonic() >= self.ends_at_s or self.policy.traffic.split_by_class:
            return None
        try:
            found = cheapest(self.task, keep, load_km, self._left(), most_price * UNITS_PER_OFFICER)
        except TooManyGroupsError:
            return None
        self.tried += 1
        self.groups = max(self.groups, found.groups)
        return found

    def _left(self) -> Limits:
        left_s = max(0.1, self.ends_at_s - time.monotonic())
        return Limits(time_limit_s=left_s, seed=self.policy.solver.seed)


def _task(county: County, policy: Policy, columns: Columns) -> JointTask:
    """The task over all columns."""
    stations, squads, traffic = county.stations, county.squads, policy.traffic
    row, ending = stations.index(), ending_squads(county, policy)
    lands = [row[s] for s in sorted(s for q in ending for s in squads.stations[q])]
    inside = _incidence(columns, len(stations))
    beside = np.eye(len(stations), dtype=np.bool_)
    for i, near in enumerate(county.neighbours()):
        beside[i, list(near)] = True
    touches = (inside @ beside[:, lands].astype(np.float64)) > 0
    travel_min = county.station_time_min[np.ix_(columns.host.tolist(), lands)]
    may = touches & (travel_min <= traffic.max_accident_travel_min + 1e-9)
    if traffic.rural_only:
        may &= ~stations.is_urban[columns.host][:, None]
    areas = np.zeros((len(stations), len(ending)))
    for at, q in enumerate(ending):
        areas[[row[s] for s in squads.stations[q]], at] = 1.0
    assert county.duty_road_km is not None
    asked = traffic.accidents_within_fraction
    covering = traffic.min_checkpoint_coverage
    roads_near = Near.of(county, policy, lands, list(range(len(stations))))
    leave = (traffic.leave_area_price_km or 0.0) * traffic.joint_price_per_km
    return JointTask(
        cover=cover_of(county, policy, columns),
        host=columns.host,
        may=may,
        home=inside @ areas > 0,
        road_km=county.duty_road_km[lands].sum(axis=1),
        squad_officers=squads.officers[list(ending)],
        duty_stations=traffic.duty_stations,
        min_officers=max(1, traffic.min_officers_per_duty_station),
        in_time=None if asked is None else _in_time(county, policy, lands),
        in_time_at_least=0 if asked is None else math.floor(asked / IN_TIME_UNIT) - len(lands),
        leave_price=round(leave * UNITS_PER_OFFICER),
        near=None if covering is None else roads_near.near,
        near_units=None if covering is None else roads_near.units,
        near_at_least=roads_near.least(covering),
    )


def _bundlings(cover: Cover, keep: IntArray, reduced: IntArray, left: int) -> list[IntArray] | None:
    """Every bundling of the columns whose reduced costs stay within `left`; None = too many."""
    by_station: list[list[int]] = [[] for _ in range(cover.stations)]
    sets = {int(c): frozenset(cover.members[c][cover.members[c] >= 0].tolist()) for c in keep}
    for column, stations in sets.items():
        for station in stations:
            by_station[station].append(column)
    found: list[IntArray] = []
    nodes = 0
    open_ways: list[tuple[tuple[int, ...], frozenset[int], int]] = [
        ((), frozenset(range(cover.stations)), left)
    ]
    while open_ways:
        chosen, bare, spare = open_ways.pop()
        nodes += 1
        if nodes > _MOST_NODES or len(found) > MOST_LISTED:
            return None
        if not bare:
            columns = np.array(chosen, dtype=np.int64)
            if cover.holds(columns):
                found.append(columns)
            continue
        station = min(bare, key=lambda s: (len(by_station[s]), s))
        for column in by_station[station]:
            cost = int(reduced[column])
            if cost <= spare and sets[column] <= bare:
                open_ways.append(((*chosen, column), bare - sets[column], spare - cost))
    return found if len(found) <= MOST_LISTED else None


def _incidence(columns: Columns, stations: int) -> FloatArray:
    """1 where a station is in a column, shape (C, S)."""
    found = np.zeros((len(columns), stations + 1))
    np.put_along_axis(found, columns.members % (stations + 1), 1.0, axis=1)
    return found[:, :stations]


def _in_time(county: County, policy: Policy, lands: list[int]) -> IntArray:
    """Share of the accidents that each seat reaches in time in each jurisdiction, (J, S)."""
    per_station = np.bincount(
        county.cells.station,
        weights=accidents_per_year(county, policy),
        minlength=len(county.stations),
    )
    total = float(per_station[lands].sum())
    if total <= 0:
        even = math.ceil(1.0 / IN_TIME_UNIT / max(len(lands), 1))
        return np.full((len(lands), len(county.stations)), even, dtype=np.int64)
    reached = accidents_in_time(county, policy)[lands]
    units: IntArray = np.rint(reached / (total * IN_TIME_UNIT)).astype(np.int64)
    return units
