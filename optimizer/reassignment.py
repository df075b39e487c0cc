"""Reassignment with every rule: which people of which role go where, and what each move buys.

The plain question is answered by marginal steps, prices of ways and rotation by a minimum-cost
flow, qualifications by an integer programme; each is exact, and says how.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from optimizer.allocation import Task
from optimizer.county import County
from optimizer.frozen import FloatArray, IntArray
from optimizer.personnel import Personnel
from optimizer.plan import Plan
from optimizer.policy import Policy
from optimizer.reassignment_flow import decide, route
from optimizer.reassignment_model import METHOD as EXCHANGES
from optimizer.reassignment_model import decide_exchange
from optimizer.reassignment_steps import curve
from optimizer.reassignment_task import (
    NO_LIMIT,
    Answer,
    GroupInflow,
    Qualified,
    RoleTask,
    Transfer,
    after,
    imbalance,
    mismatch,
    objective,
)
from optimizer.result import Status
from optimizer.solver import Limits
from optimizer.staffing import task_of
from optimizer.strength import UnitNeed, assess_bundles
from optimizer.unit_groups import may_give, of_unit, people_of, teams_of

STEPS = "marginal exchange, exact for separable convex objectives"
CLASHING = (
    "reassignment.max_give_fraction",
    "staffing.max_moves",
    "reassignment.max_move_min",
    "reassignment.qualified",
    "reassignment.rotation",
    "reassignment.floors",
    "staffing.inflows",
)
"""Rules that together can leave no answer; a diagnosis tries to drop them in this order."""
MOST_FLOWS = 200
MOST_MODELS, MOST_LARGE_MODELS, LARGE_WAYS = 60, 12, 2_000
"""Points of a frontier where each is a solve of its own: fewer where there are many ways."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Board:
    """A county's reassignment, ready to be decided. U units sorted by id.

    Attributes:
        needs: The units of the plan.
        personnel: What is known of each unit's people, shape (U,); of a bundle together.
        officers, auxiliaries: The questions; None where there is no auxiliary to move.
        limits: Of the solver.
    """

    needs: tuple[UnitNeed, ...]
    personnel: tuple[Personnel, ...]
    officers: RoleTask
    auxiliaries: RoleTask | None
    limits: Limits


@dataclass(frozen=True, slots=True, kw_only=True)
class FrontierPoint:
    """What so many moves can reach at best.

    Attributes:
        moves: People moved.
        imbalance: Imbalance, prices not included.
        mismatch_fraction: Hoover index of the same strength.
        gain: Fall of the imbalance per move since the point before.
    """

    moves: int
    imbalance: float
    mismatch_fraction: float
    gain: float


def board_of(
    county: County, policy: Policy, plan: Plan, *, free: bool = False, stated: bool = False
) -> Board:
    """The question for the units of a plan.

    Args:
        county: The county.
        policy: `staffing` and `reassignment` are read, and what required strength depends on.
        plan: Bundles, road duties, dissolved squads and moves by road duty are read.
        free: Without `staffing.give_only_from_bundles`.
        stated: With the stated inflows, as `jingli run` follows them; else they are left out.

    Raises:
        ValueError: a unit requires infinitely many officers.
    """
    changed: dict[str, object] = {"reassign": True}
    if not stated:
        changed["inflows"] = ()
    if free:
        changed["give_only_from_bundles"] = False
    staffing = policy.staffing.model_copy(update=changed)
    bent = policy.model_copy(update={"staffing": staffing})
    needs, plain = task_of(county, bent, plan)
    people = people_of(county, plan, needs)
    teams = teams_of(county, policy, plan, needs)
    place = [n.place for n in needs]
    way_min = county.station_time_min[np.ix_(place, place)]
    officers = _officers(county, bent, needs, people, teams, way_min, plain)
    return Board(
        needs=needs,
        personnel=people,
        officers=officers,
        auxiliaries=_auxiliaries(county, policy, plan, needs, people, teams, way_min),
        limits=Limits(time_limit_s=policy.solver.time_limit_s, seed=policy.solver.seed),
    )


def _officers(
    county: County,
    policy: Policy,
    needs: tuple[UnitNeed, ...],
    people: tuple[Personnel, ...],
    teams: IntArray,
    way_min: FloatArray,
    plain: Task,
) -> RoleTask:
    rules, staffing = policy.reassignment, policy.staffing
    before, room = plain.officers, plain.room
    is_station = np.array([bool(n.station_ids) for n in needs])
    kept = np.where(is_station, np.minimum(before, staffing.min_officers_per_station), 0)
    wanted = np.maximum(of_unit(needs, rules.floors, 0), kept)
    if rules.teams is not None:
        wanted = np.maximum(wanted, teams * rules.teams.officers)
    caps = of_unit(needs, rules.caps, NO_LIMIT)
    gives = may_give(county, policy, needs)
    today = np.array([n.officers_today for n in needs], dtype=np.int64)
    overdue = np.array([p.overdue_officers for p in people], dtype=np.int64)
    share = np.floor(rules.max_give_fraction * before + 1e-9).astype(np.int64)
    give = np.where(gives, np.minimum(today, share), 0)
    if rules.rotation.at_most is not None:
        give = np.where(overdue > 0, np.minimum(give, rules.rotation.at_most), give)
    hard = np.array([p.is_hardship for p in people])
    return RoleTask(
        role="officer",
        before=before,
        target=plain.target_officers,
        floor=wanted,
        room=np.clip(np.minimum(room, caps - before), 0, None),
        give=give,
        rotate=np.where(gives, np.minimum(overdue, rules.rotation.at_least), 0),
        # A station without room may take as many as leave it.
        takes=(room > 0) | (is_station & gives),
        way_min=way_min,
        max_way_min=np.inf if rules.max_move_min is None else rules.max_move_min,
        price_per_min=rules.price_per_move_hour / 60.0,
        worth=np.where(hard, -rules.hardship_price, 0.0),
        max_moves=plain.max_moves,
        qualified=_qualified(policy, needs, people),
        inflows=tuple(
            GroupInflow(members=plain.group == g, people=number)
            for g, number in enumerate(plain.inflows or ())
        ),
    )


def _qualified(
    policy: Policy, needs: tuple[UnitNeed, ...], people: tuple[Personnel, ...]
) -> tuple[Qualified, ...]:
    rules = policy.reassignment
    found = []
    for name in dict.fromkeys([*rules.qualified, *rules.qualified_fraction]):
        least = of_unit(needs, rules.qualified.get(name, {}), 0)
        share = of_unit(needs, rules.qualified_fraction.get(name, {}), 0.0)
        if least.any() or share.any():
            found.append(
                Qualified(
                    name=name,
                    holders=np.array([p.holders(name) for p in people], dtype=np.int64),
                    least=least,
                    least_fraction=share,
                )
            )
    return tuple(found)


def _auxiliaries(
    county: County,
    policy: Policy,
    plan: Plan,
    needs: tuple[UnitNeed, ...],
    people: tuple[Personnel, ...],
    teams: IntArray,
    way_min: FloatArray,
) -> RoleTask | None:
    """Auxiliaries of the stations; those of other units stay, for nobody says what they need."""
    rules = policy.reassignment
    row = county.stations.index()
    before = np.array(
        [
            sum(int(county.stations.auxiliaries[row[s]]) for s in n.station_ids)
            if n.station_ids
            else p.auxiliaries
            for n, p in zip(needs, people, strict=True)
        ],
        dtype=np.int64,
    )
    is_station = np.array([bool(n.station_ids) for n in needs])
    required = dict(
        zip(
            (b.centre_id for b in plan.bundles),
            assess_bundles(county, policy, plan).auxiliaries.tolist(),
            strict=True,
        )
    )
    need = np.array([float(required.get(n.unit_id, 0.0)) for n in needs])
    mine = int(before[is_station].sum())
    if not mine or need.sum() <= 0:
        return None
    wanted = of_unit(needs, rules.auxiliary_floors, 0)
    if rules.teams is not None:
        wanted = np.maximum(wanted, teams * rules.teams.auxiliaries)
    share = np.floor(rules.max_give_fraction * before + 1e-9).astype(np.int64)
    return RoleTask(
        role="auxiliary",
        before=before,
        target=need * (mine / float(need.sum())),
        floor=wanted,
        room=np.where(is_station, mine, 0),
        give=np.where(is_station, np.minimum(before, share), 0),
        rotate=np.zeros_like(before),
        takes=is_station,
        way_min=way_min,
        max_way_min=np.inf if rules.max_move_min is None else rules.max_move_min,
        price_per_min=rules.price_per_move_hour / 60.0,
        worth=np.zeros(len(before)),
        max_moves=mine if rules.max_auxiliary_moves is None else rules.max_auxiliary_moves,
    )


def answer(task: RoleTask, limits: Limits) -> Answer:
    """The best transfers under every rule of a task."""
    if task.exchanges or task.inflows:
        return decide_exchange(task, limits)
    if not task.is_plain:
        by_flow = decide(task)
        return decide_exchange(task, limits) if by_flow is None else by_flow
    found = curve(task)
    if found is None or found.least > task.max_moves:
        return Answer(status=Status.INFEASIBLE, method=STEPS)
    moves = min(len(found.giver), task.max_moves)
    transfers = route(task, found.change(moves, len(task.before)))
    if transfers is None:
        return Answer(status=Status.INFEASIBLE, method=STEPS)
    reached = objective(task, transfers)
    return Answer(
        status=Status.OPTIMAL, transfers=transfers, objective=reached, bound=reached, method=STEPS
    )


def ways_out(task: RoleTask, limits: Limits) -> tuple[str, ...]:
    """Rules of which leaving out any one would give an answer, for a task that has none."""
    return tuple(
        rule
        for rule in _binding(task)
        if answer(without(task, frozenset({rule})), limits).objective is not None
    )


def clash(task: RoleTask, limits: Limits) -> tuple[str, ...]:
    """A minimal set of rules that no answer keeps together, for a task that has none."""
    binding = _binding(task)
    kept = list(binding)
    for rule in binding:
        rest = [r for r in kept if r != rule]
        other = without(task, frozenset(binding) - frozenset(rest))
        if answer(other, limits).status is Status.INFEASIBLE:
            kept = rest
    return tuple(sorted(kept))


def without(task: RoleTask, rules: frozenset[str]) -> RoleTask:
    """The task, leaving out some of `CLASHING`."""
    changed: dict[str, object] = {}
    if "staffing.max_moves" in rules:
        changed["max_moves"] = int(task.before.sum())
    if "staffing.inflows" in rules:
        changed["inflows"] = ()
    if "reassignment.qualified" in rules:
        changed["qualified"] = ()
    if "reassignment.rotation" in rules:
        changed["rotate"] = np.zeros_like(task.rotate)
    if "reassignment.max_move_min" in rules:
        changed["max_way_min"] = np.inf
    if "reassignment.floors" in rules:
        changed["floor"] = np.minimum(task.floor, task.before)
    if "reassignment.max_give_fraction" in rules:
        changed["give"] = np.where(task.give > 0, task.before, task.give)
    return replace(task, **changed)  # type: ignore[arg-type]


def _binding(task: RoleTask) -> tuple[str, ...]:
    """Those of `CLASHING` that ask for something here."""
    asks = {
        "staffing.max_moves": task.max_moves < int(task.before.sum()),
        "staffing.inflows": bool(task.inflows),
        "reassignment.qualified": bool(task.qualified),
        "reassignment.rotation": bool(task.rotate.any()),
        "reassignment.max_move_min": bool(np.isfinite(task.max_way_min)),
        "reassignment.floors": bool(task.forced.any()),
        "reassignment.max_give_fraction": True,
    }
    return tuple(rule for rule in CLASHING if asks[rule])


def frontier(task: RoleTask, limits: Limits) -> tuple[FrontierPoint, ...]:
    """The best for each number of moves, from the fewest allowed to the last that gains something.

    `max_moves` is not held: it is what the frontier is about. Every number of moves is there
    by steps or flows, and up to `MOST_FLOWS`; else evenly many of them.
    """
    free = replace(task, max_moves=int(task.before.sum()))
    if task.is_plain:
        return _plain_frontier(free)
    last = answer(free, limits)
    if last.objective is None:
        return ()
    least = max(int(task.rotate.sum()), int(task.forced.sum()))
    is_model = task.exchanges or last.method == EXCHANGES
    models = MOST_MODELS if task.may.sum() <= LARGE_WAYS else MOST_LARGE_MODELS
    most = models if is_model else MOST_FLOWS
    asked = np.linspace(least, last.moves, min(most, last.moves - least + 1))
    points: dict[int, Answer] = {}
    for moves in sorted({round(m) for m in asked}):
        found = answer(replace(task, max_moves=moves), limits)
        if found.objective is not None:
            points[found.moves] = found
    points[last.moves] = last
    return _points(task, {m: a.transfers for m, a in points.items()})


def _points(
    task: RoleTask, transfers: Mapping[int, tuple[Transfer, ...]]
) -> tuple[FrontierPoint, ...]:
    found: list[FrontierPoint] = []
    for moves in sorted(transfers):
        people = after(task, transfers[moves])
        value = imbalance(people, task.target)
        before = found[-1] if found else None
        gain = 0.0
        if before is not None and moves > before.moves:
            gain = (before.imbalance - value) / (moves - before.moves)
        found.append(
            FrontierPoint(
                moves=moves,
                imbalance=value,
                mismatch_fraction=mismatch(people, task.target),
                gain=gain,
            )
        )
    return tuple(found)


def _plain_frontier(task: RoleTask) -> tuple[FrontierPoint, ...]:
    found = curve(task)
    if found is None:
        return ()
    people = task.before.copy()
    points = []
    for moves in range(len(found.giver) + 1):
        if moves:
            people[found.giver[moves - 1]] -= 1
            people[found.taker[moves - 1]] += 1
        if moves < found.least:
            continue
        value = float(found.value[moves])
        gain = float(found.value[moves - 1]) - value if moves > found.least else 0.0
        points.append(
            FrontierPoint(
                moves=moves,
                imbalance=value,
                mismatch_fraction=mismatch(people, task.target),
                gain=gain,
            )
        )
    return tuple(points)


def knee(points: tuple[FrontierPoint, ...]) -> FrontierPoint | None:
    """The point farthest below the straight line between the ends; None below three points."""
    if len(points) < 3:
        return None
    first, last = points[0], points[-1]
    wide, high = last.moves - first.moves, first.imbalance - last.imbalance
    if high <= 0:
        return None
    below = [
        1.0 - (p.moves - first.moves) / wide - (p.imbalance - last.imbalance) / high for p in points
    ]
    return points[int(np.argmax(below))]
