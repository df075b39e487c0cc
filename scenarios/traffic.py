"""Traffic consolidation of a run: duty stations, roads, accidents, hours and equipment.

Squads today and duty stations in the plan go by the same measures. Nothing is decided here but the
plans that are set beside the run's: any number of duty stations, and bundles and roads in one
solve.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from geo.routing import travel
from optimizer.errors import InputError, Problem
from optimizer.frozen import BoolArray, FloatArray, IntArray
from optimizer.joint_traffic import Joint, bundle_with_roads
from optimizer.plan import Bundle, Plan, RoadDuty, current_plan
from optimizer.policy import Policy
from optimizer.result import Proof
from optimizer.road_duty import (
    accident_responses,
    accidents_per_year,
    duty_km,
    ending_squads,
    in_proportion,
    measure_roads,
    within,
)
from optimizer.road_hours import HOURS, accidents_by_hour, on_duty
from optimizer.road_rules import covered_fraction
from optimizer.traffic import TrafficPlan, hand_over
from scenarios.case import CASE_FILE, names_case, open_case
from scenarios.kept import OpenStore
from scenarios.load import LoadedCase
from scenarios.opened import refuse_choices
from scenarios.reopen import reopen
from scenarios.road_assets import Checkpoint
from scenarios.run import Progress, Run, run_case
from scenarios.traffic_roads import streets_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Response:
    """Road accidents a year, mean minutes to them, share reached within the limit."""

    accidents_per_year: float
    mean_min: float
    within_fraction: float


@dataclass(frozen=True, slots=True, kw_only=True)
class RoadUnit:
    """A squad today or a duty station in the plan.

    Attributes:
        unit_id, name: Id and name.
        jurisdictions: Names of the stations whose roads it has.
        km: Managed km by class, in the order of the county's classes.
        officers: Officers with road duty.
        sources: Squads they come from, with head counts.
        response: Accidents on its ground.
        equipment: Pieces by kind.
        auxiliaries: Auxiliaries with road duty; those who come with a squad's officers.
    """

    unit_id: str
    name: str
    jurisdictions: tuple[str, ...]
    km: tuple[float, ...]
    officers: int
    sources: tuple[tuple[str, int], ...]
    response: Response
    equipment: tuple[int, ...]
    auxiliaries: int = 0

    @property
    def road_km(self) -> float:
        """All managed km."""
        return sum(self.km)


@dataclass(frozen=True, slots=True, kw_only=True)
class Option:
    """One way to do it, to be set beside the others.

    Attributes:
        key: `asked`, `free`, `two_step` or `joint`.
        duty_stations, load_km, leavers: What it comes to.
        price: Price of the bundles in officers; None where the bundles are those of the run.
        response: Accidents.
        proof: What was proven.
    """

    key: str
    duty_stations: int
    load_km: float
    leavers: int
    price: float | None
    response: Response
    proof: Proof


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Hours:
    """The hours of a day.

    Attributes:
        on_duty_today, on_duty_plan: Officers on the road in each hour, shape (24,).
        covered_today, covered_plan: Share of main-road km near a unit on duty, by hour, (24,).
        checkpoints: Each with the unit that mans it in the plan.
        short: Officers short at each unit's checkpoints, by unit id, shape (24,).
        covered_fraction: Share of main-road km x hours near a duty station, round the clock, or a
            checkpoint in its hours, as `traffic.min_checkpoint_coverage` counts it; None where the
            policy does not ask for it.
    """

    on_duty_today: IntArray
    on_duty_plan: IntArray
    covered_today: FloatArray
    covered_plan: FloatArray
    checkpoints: tuple[tuple[Checkpoint, str], ...]
    short: dict[str, IntArray]
    covered_fraction: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TrafficFacts:
    """Everything about a consolidation.

    Attributes:
        run: The run.
        squads: Ending squads today.
        duty: Duty stations in the plan.
        today, plan: Accidents on the whole ground.
        options: The run's plan, then what stands beside it.
        joint: The joint solve, where asked for.
        hours: Officers on duty, road covered and checkpoints by hour.
    """

    run: Run
    squads: tuple[RoadUnit, ...]
    duty: tuple[RoadUnit, ...]
    today: Response
    plan: Response
    options: tuple[Option, ...]
    joint: Joint | None
    hours: Hours


def open_run(
    asked: str,
    scenario: str | None,
    sets: Sequence[str],
    open_store: OpenStore,
    progress: Progress | None = None,
) -> Run:
    """The run that is named, or a case run with its scenario.

    Raises:
        InputError: no such run or case; a scenario beside a kept run.
    """
    if names_case(asked):
        return run_case(open_case(asked), scenario, progress, sets=sets)
    refuse_choices(scenario, sets)
    return reopen(asked, open_store, progress)


def traffic_of(run: Run, *, joint: bool = False, progress: Progress | None = None) -> TrafficFacts:
    """Measure the consolidation of a run that has a plan.

    Args:
        run: The run.
        joint: Solve bundles and roads together beside it.
        progress: Called with the name of each step.

    Raises:
        InputError: no squads end in this run.
    """
    loaded, plan = run.loaded, run.result.plan
    assert plan is not None
    county, policy = loaded.county, loaded.policy
    if not ending_squads(county, policy):
        raise InputError([_nothing_ends(loaded)])
    scene = _Scene.of(loaded)
    base = current_plan(county)
    options = [_option("asked", scene, plan.bundles, plan, run.result.proofs[1])]
    if policy.traffic.duty_stations is not None:
        free = _changed(policy, duty_stations=None)
        roads, proof = hand_over(county, free, plan.bundles)
        if roads is not None:
            options.append(_option("free", scene, plan.bundles, roads, proof))
    both: Joint | None = None
    if joint:
        if progress is not None:
            progress("traffic")
        both = bundle_with_roads(county, policy)
        for key, choice in (("two_step", both.two_step), ("joint", both.best)):
            if choice is not None:
                options.append(
                    _option(key, scene, choice.bundles, choice.roads, both.proof, choice.price)
                )
    duty = scene.units(plan, plan.road_duties)
    squads = scene.units(base, base.road_duties)
    return TrafficFacts(
        run=run,
        squads=squads,
        duty=duty,
        today=scene.response(base.road_duties),
        plan=scene.response(plan.road_duties),
        options=tuple(options),
        joint=both,
        hours=scene.hours(squads, duty),
    )


def _nothing_ends(loaded: LoadedCase) -> Problem:
    if not len(loaded.county.squads):
        return Problem(
            where=CASE_FILE,
            column="layers.squads",
            expected="a squads layer; without one there is no road duty to hand over",
            fix="add layers.squads",
        )
    return Problem(
        where=CASE_FILE,
        column="policy.traffic.dissolve_squads",
        value=str(loaded.policy.traffic.dissolve_squads).lower(),
        expected="squads that end; under this policy they keep their roads",
        fix="add --set policy.traffic.dissolve_squads=true",
    )


def _changed(policy: Policy, **values: object) -> Policy:
    traffic = policy.traffic.model_copy(update=values)
    return policy.model_copy(update={"traffic": traffic})


def _option(
    key: str,
    scene: _Scene,
    bundles: tuple[Bundle, ...],
    roads: Plan | TrafficPlan,
    proof: Proof,
    price: float | None = None,
) -> Option:
    county = scene.loaded.county
    load_km, leavers = measure_roads(
        county, bundles, roads.road_duties, roads.moves, roads.class_duties
    )
    seats = set(county.stations.station_id)
    units = {d.duty_id for d in roads.road_duties} | {d.duty_id for d in roads.class_duties}
    return Option(
        key=key,
        duty_stations=len(units & seats),
        load_km=load_km,
        leavers=leavers,
        price=price,
        response=scene.response(roads.road_duties),
        proof=proof,
    )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Scene:
    """The ground of the squads that end.

    Attributes:
        loaded: The case.
        ending: Ids of those squads.
        lands: Their stations.
        squad_min: Turn-out and travel from each squad's seat to each cell, shape (Q, C).
        road_station: Row of the station whose ground each street of a managed class is on, (K,).
        road_km: Its length, shape (K,).
        seat_road_min, squad_road_min: Minutes from each station and squad to its middle.
    """

    loaded: LoadedCase
    ending: tuple[str, ...]
    lands: frozenset[str]
    squad_min: FloatArray
    road_station: IntArray
    road_km: FloatArray
    seat_road_min: FloatArray
    squad_road_min: FloatArray

    @classmethod
    def of(cls, loaded: LoadedCase) -> _Scene:
        """Route from the squads' seats, and to the middles of the managed streets."""
        county, policy, network = loaded.county, loaded.policy, loaded.network
        rows = ending_squads(county, policy)
        streets = streets_of(county, policy, network, loaded.router)

        squads, stations = county.squads, county.stations
        at = (squads.lon_deg, squads.lat_deg)
        found = travel(
            None,
            *at,
            county.cells.lon_deg,
            county.cells.lat_deg,
            walk_km_per_h=policy.roads.walk_km_per_h,
            count_walk_in=policy.roads.count_walk_in,
            index=loaded.router,
        ).travel_time_min
        return cls(
            loaded=loaded,
            ending=tuple(sorted(squads.squad_id[q] for q in rows)),
            lands=frozenset(s for q in rows for s in squads.stations[q]),
            squad_min=policy.response.turnout_min + found,
            road_station=streets.station,
            road_km=streets.road_km,
            seat_road_min=streets.minutes(stations.lon_deg, stations.lat_deg),
            squad_road_min=streets.minutes(*at),
        )

    def response(self, duties: Sequence[RoadDuty], only: str | None = None) -> Response:
        """Accidents on the ground of the ending squads, or of one unit of it."""
        county, policy = self.loaded.county, self.loaded.policy
        row, squad_row = county.stations.index(), dict(
            zip(county.squads.squad_id, range(len(county.squads)), strict=True)
        )  # fmt: skip
        seat_of = np.full(len(row), -1, dtype=np.int64)
        squad_of = np.full(len(row), -1, dtype=np.int64)
        for duty in duties:
            if duty.station_id in self.lands and only in (None, duty.duty_id):
                if duty.duty_id in row:
                    seat_of[row[duty.station_id]] = row[duty.duty_id]
                else:
                    squad_of[row[duty.station_id]] = squad_row[duty.duty_id]
        _cells, accidents, minutes = accident_responses(county, policy, seat_of)
        own = squad_of[county.cells.station]
        cells = np.flatnonzero(own >= 0)
        accidents = np.concatenate([accidents, accidents_per_year(county, policy)[cells]])
        minutes = np.concatenate([minutes, self.squad_min[own[cells], cells]])
        total = float(accidents.sum())
        if total <= 0:
            return Response(accidents_per_year=0.0, mean_min=0.0, within_fraction=1.0)
        is_near: BoolArray = within(minutes, policy.traffic.accident_limit_min)
        return Response(
            accidents_per_year=total,
            mean_min=float((accidents * np.where(accidents > 0, minutes, 0.0)).sum()) / total,
            within_fraction=float(accidents[is_near].sum()) / total,
        )

    def units(self, plan: Plan, duties: Sequence[RoadDuty]) -> tuple[RoadUnit, ...]:
        """Every unit that has roads of the ending squads, by id."""
        county, assets = self.loaded.county, self.loaded.road_assets
        squads = county.squads
        name = dict(zip(county.stations.station_id, county.stations.name, strict=True))
        squad_name = dict(zip(squads.squad_id, squads.name, strict=True))
        held = dict(zip(squads.squad_id, squads.officers.tolist(), strict=True))
        sent: dict[str, dict[str, int]] = {}
        for move in plan.moves:
            if move.reason == "road_duty":
                sent.setdefault(move.to_id, {})[move.from_id] = move.officers
        lands: dict[str, list[str]] = {}
        parts = plan.class_duties if duties is plan.road_duties else ()
        for station, unit in (
            *((d.station_id, d.duty_id) for d in duties),
            *((d.station_id, d.duty_id) for d in parts),
        ):
            held_by = lands.setdefault(unit, []) if station in self.lands else [station]
            if station not in held_by:
                held_by.append(station)
        km_of = duty_km(county, duties, parts)
        helpers: dict[str, int] = {}
        for move in plan.auxiliary_moves:
            if move.reason == "road_duty":
                helpers[move.to_id] = helpers.get(move.to_id, 0) + move.officers
        held_helpers = {p.unit_id: p.auxiliaries for p in county.personnel}
        ids = sorted(lands)
        pieces = {u: np.zeros(len(assets.kinds), dtype=np.int64) for u in ids}
        for squad, owned in assets.held.items():
            if squad not in self.ending:
                continue
            shares = [float(sent.get(u, {}).get(squad, 0)) if u in name else float(u == squad)
                      for u in ids]  # fmt: skip
            for kind, number in enumerate(owned):
                for unit, part in zip(ids, in_proportion(number, shares), strict=True):
                    pieces[unit][kind] += part
        return tuple(
            RoadUnit(
                unit_id=u,
                name=name.get(u, squad_name.get(u, u)),
                jurisdictions=tuple(name[s] for s in sorted(lands[u])),
                km=tuple(km_of[u].sum(axis=0).tolist()),
                officers=held[u] if u in held else sum(sent.get(u, {}).values()),
                sources=tuple((squad_name[q], n) for q, n in sorted(sent.get(u, {}).items())),
                response=self.response(duties, u),
                equipment=tuple(pieces[u].tolist()),
                auxiliaries=held_helpers.get(u, 0) if u in held else helpers.get(u, 0),
            )
            for u in ids
        )

    def hours(self, squads: Sequence[RoadUnit], duty: Sequence[RoadUnit]) -> Hours:
        """Officers on duty, road covered and checkpoints by hour, today and in the plan."""
        county, policy = self.loaded.county, self.loaded.policy
        share, limit = accidents_by_hour(county, policy), policy.traffic.coverage_min
        row = county.stations.index()
        squad_row = {q: i for i, q in enumerate(county.squads.squad_id)}
        mans = self._checkpoint_units(duty)
        need = {u.unit_id: np.zeros(HOURS, dtype=np.int64) for u in duty}
        for point, unit_id in mans:
            need[unit_id][list(point.hours)] += point.officers
        own = np.isin(self.road_station, [row[s] for s in self.lands])
        km = np.where(own, self.road_km, 0.0)
        short_of: dict[str, IntArray] = {}
        totals, covered = [], []
        for side, units in (("today", squads), ("plan", duty)):
            total = np.zeros(HOURS, dtype=np.int64)
            near = np.zeros((HOURS, len(km)), dtype=np.bool_)
            for unit in units:
                is_squad = unit.unit_id in squad_row
                asked = np.zeros(HOURS, np.int64) if is_squad else need[unit.unit_id]
                present, short = on_duty(
                    unit.officers, policy.crews.effective_hours_per_week, share, asked
                )
                total += present
                reach = (
                    self.squad_road_min[squad_row[unit.unit_id]]
                    if is_squad
                    else self.seat_road_min[row[unit.unit_id]]
                )
                near |= (present > 0)[:, None] & within(reach, limit)[None, :]
                if side == "plan" and short.any():
                    short_of[unit.unit_id] = short
            totals.append(total)
            whole = float(km.sum())
            covered.append(near @ km / whole if whole else np.zeros(HOURS))
        return Hours(
            on_duty_today=totals[0],
            on_duty_plan=totals[1],
            covered_today=covered[0],
            covered_plan=covered[1],
            checkpoints=mans,
            short=short_of,
            covered_fraction=None
            if policy.traffic.min_checkpoint_coverage is None
            else covered_fraction(county, policy, {row[u.unit_id] for u in duty}),
        )

    def _checkpoint_units(self, duty: Sequence[RoadUnit]) -> tuple[tuple[Checkpoint, str], ...]:
        """Each checkpoint with the duty station nearest to it by road."""
        points = self.loaded.road_assets.checkpoints
        if not points or not duty:
            return ()
        county, policy = self.loaded.county, self.loaded.policy
        row = county.stations.index()
        seats = [row[u.unit_id] for u in duty]
        minutes = travel(
            None,
            county.stations.lon_deg[seats],
            county.stations.lat_deg[seats],
            np.array([p.lon_deg for p in points]),
            np.array([p.lat_deg for p in points]),
            walk_km_per_h=policy.roads.walk_km_per_h,
            count_walk_in=policy.roads.count_walk_in,
            index=self.loaded.router,
        ).travel_time_min
        return tuple(
            (point, duty[int(np.argmin(minutes[:, i]))].unit_id) for i, point in enumerate(points)
        )
