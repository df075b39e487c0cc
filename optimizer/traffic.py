"""Traffic consolidation (交所合一): squads end, stations take their roads and their officers.

Every jurisdiction that a squad manages today gets one duty unit: its own bundle, or one with a
station next to it (`traffic.contiguity`), close enough to its seat
(`traffic.max_accident_travel_min`) and, under `traffic.rural_only`, with a rural centre. So the
roads of a town station inside a rural squad's area go to a rural neighbour; where it has none, the
answer is INFEASIBLE, never a quiet gap. With `traffic.split_by_class` classes of a jurisdiction may
have different units: a unit takes all its roads, or classes of which one runs on from its own
ground. A duty unit has at least one officer from the squads, even
where the policy says 0: a road that nobody patrols is not managed. Officers may go to any duty
unit; staying in their squad's own area (就地下沉) is the second goal, not a rule, unless
`traffic.leave_area_price_km` says what leaving costs. `traffic.accidents_within_fraction` asks
that a share of the accidents is reached in time from the duty stations, and
`traffic.min_checkpoint_coverage` that a share of the main roads is near a duty station or a
manned checkpoint.
`optimizer/road_loads.py` states the goals and how they are proven.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from optimizer.county import County
from optimizer.moves import ship, whole_steps
from optimizer.plan import Bundle, ClassDuty, Move, Plan, RoadDuty, current_road_duties
from optimizer.policy import Policy
from optimizer.result import Proof, Status
from optimizer.road_diagnosis import STAGE, UNIT, diagnosis, some_handover
from optimizer.road_duty import ending_squads, in_proportion
from optimizer.road_ground import WHOLE, Ground, Rules
from optimizer.road_loads import share_roads
from optimizer.road_task import RoadTask, Shared
from optimizer.solver import Limits


@dataclass(frozen=True, slots=True, kw_only=True)
class TrafficPlan:
    """Who manages which roads, and where the squads' officers go.

    Attributes:
        road_duties: One per jurisdiction that a squad manages today, sorted.
        dissolved_squad_ids: Sorted.
        moves: From squads to duty stations, reason `road_duty`, sorted.
        class_duties: Classes of road that go elsewhere than the rest of their jurisdiction, sorted.
    """

    road_duties: tuple[RoadDuty, ...]
    dissolved_squad_ids: tuple[str, ...] = ()
    moves: tuple[Move, ...] = ()
    class_duties: tuple[ClassDuty, ...] = ()


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

    Raises:
        ValueError: `traffic.min_checkpoint_coverage` without `county.main_roads`.
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
    ground, rules = Ground.of(county, policy, bundles), Rules.of(policy)
    status, start = some_handover(ground, rules, limits)
    if status is Status.INFEASIBLE:
        return None, diagnosis(ground, rules, limits)
    if start is None:
        return None, Proof(stage=STAGE, status=Status.UNKNOWN, method="time ran out")
    if not len(ground.station_id):
        return _nothing_to_share(county, ground)
    shared = share_roads(task_of(ground, rules, policy), start, limits)
    return _plan(county, ground, shared), _proof(shared)


def task_of(ground: Ground, rules: Rules, policy: Policy) -> RoadTask:
    """What is to be shared, on plain arrays."""
    is_covering = rules.coverage_fraction is not None
    return RoadTask(
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
        land=ground.land if ground.is_split else None,
        runs_on=ground.runs_on if ground.is_split else None,
        near=ground.near.near if is_covering else None,
        near_units=ground.near.units if is_covering else None,
        near_at_least=ground.near.least(rules.coverage_fraction),
    )


def _nothing_to_share(county: County, ground: Ground) -> tuple[TrafficPlan, Proof]:
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


def _kept_duties(county: County, ground: Ground) -> tuple[RoadDuty, ...]:
    """Roads of the squads that stay."""
    every = current_road_duties(county)
    return tuple(duty for duty in every if duty.duty_id not in ground.squad_id)


def _proof(shared: Shared) -> Proof:
    objective_km = shared.load_km + shared.leave_km
    is_optimal = shared.is_proven and shared.bound_km == objective_km
    over = f", over {shared.groups} groups of jurisdictions" if shared.groups else ""
    method = (
        f"{shared.method}{over}, then fewest officers who "
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


def _plan(county: County, ground: Ground, shared: Shared) -> TrafficPlan:
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
    unit = [ground.unit_id[r] for r in shared.duty.tolist()]
    pieces = list(zip(ground.station_id, ground.road_class.tolist(), unit, strict=True))
    main = {
        piece[0]: piece[2] for piece, is_main in zip(pieces, ground.is_main, strict=True) if is_main
    }
    return TrafficPlan(
        road_duties=tuple(
            sorted(
                [
                    *(RoadDuty(station_id=s, duty_id=u) for s, u in main.items()),
                    *_kept_duties(county, ground),
                ]
            )
        ),
        class_duties=tuple(
            sorted(
                ClassDuty(station_id=s, road_class=county.road_classes[c], duty_id=u)
                for s, c, u in pieces
                if c != WHOLE and u != main[s]
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


def plan_with_roads(county: County, bundles: tuple[Bundle, ...], roads: TrafficPlan) -> Plan:
    """Bundles and road duties as a plan that no strength is decided for yet."""
    return Plan(
        bundles=bundles,
        road_duties=roads.road_duties,
        class_duties=roads.class_duties,
        auxiliary_moves=auxiliaries_with_roads(county, roads),
        dissolved_squad_ids=roads.dissolved_squad_ids,
        moves=roads.moves,
    )


def auxiliaries_with_roads(county: County, roads: TrafficPlan) -> tuple[Move, ...]:
    """Auxiliaries of the squads that end go where their officers go, in proportion, nobody lost.

    Those of a squad without officers go with its roads. Sorted; reason `road_duty`.
    """
    held = {p.unit_id: p.auxiliaries for p in county.personnel if p.auxiliaries}
    areas = dict(zip(county.squads.squad_id, county.squads.stations, strict=True))
    found = []
    for squad in roads.dissolved_squad_ids:
        sent = {m.to_id: float(m.officers) for m in roads.moves if m.from_id == squad}
        if not sent:
            takers = [d.duty_id for d in roads.road_duties if d.station_id in areas[squad]]
            sent = {unit: float(takers.count(unit)) for unit in takers}
        units = sorted(sent)
        number = held.get(squad, 0) if units else 0
        parts = in_proportion(number, [sent[u] for u in units]) if number else ()
        for unit, part in zip(units, parts, strict=False):
            if part:
                found.append(Move(from_id=squad, to_id=unit, officers=part, reason="road_duty"))
    return tuple(sorted(found))
