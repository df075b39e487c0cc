r"""Strength follows alerts: how many officers each unit of a plan keeps, gives or receives.

With $s_u$ officers before reassignment, $R_u$ required and $T = \sum_u s_u$, the target of a unit
is $q_u = T R_u / \sum_v R_v$; `optimizer/allocation.py` states the objective and why it is solved
exactly. The value reported leaves out units that require nobody.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from optimizer.allocation import Task, allocate, value
from optimizer.county import County
from optimizer.frozen import FloatArray, IntArray
from optimizer.moves import staffing_moves
from optimizer.plan import Plan
from optimizer.policy import Policy
from optimizer.policy_staffing import Inflow, Staffing
from optimizer.result import Proof, Relaxation, Status
from optimizer.strength import UnitNeed, unit_needs

STAGE = "staffing"
UNIT = "squared deviation over target"

RULES = (
    "staffing.respect_establishment",
    "stations.max_officers",
    "units.can_receive",
    "units.can_give",
    "staffing.min_officers_per_station",
    "staffing.give_only_from_bundles",
    "staffing.max_moves",
    "strength.conserved",
    "staffing.inflows",
)
"""Rules that together can forbid the stated inflows; a diagnosis tries to drop them in this order,
so that a rule on a layer is named only where the policy alone does not explain the clash."""

Possible = Callable[[Staffing, frozenset[str]], bool]
"""Can the inflows be met under these rules, leaving out those named?"""

_KINDS = {
    "urban_stations": ("urban_station",),
    "rural_stations": ("rural_station",),
    "functional_units": ("functional",),
    "other_units": ("rural_station", "functional"),
}


def reassign(county: County, policy: Policy, plan_so_far: Plan) -> tuple[Plan | None, Proof]:
    """Give every unit its strength, and list the moves.

    Squads that remain neither give nor receive: how many officers their roads need is the traffic
    stage's question. Officers of a dissolved squad stay where the traffic stage sent them.

    Args:
        county: The county.
        policy: `staffing` is read, and what required strength depends on.
        plan_so_far: Bundles, road duties, dissolved squads and the moves by road duty.

    Returns:
        The plan with `strength` and all moves, and the proof. None where the stated inflows are
        impossible; then the proof names the clashing rules.

    Raises:
        ValueError: a unit requires infinitely many officers, because its centre cannot reach cells
            that have alerts.
    """
    desk = _Desk.of(county, unit_needs(county, policy, plan_so_far), plan_so_far)
    change: IntArray | None = np.zeros(len(desk.needs), dtype=np.int64)
    method = "reassignment is switched off"
    if policy.staffing.reassign:
        change, method = allocate(desk.task(policy.staffing))
    if change is None:
        return None, _diagnosis(desk, policy.staffing)
    after = desk.officers + change
    ids = [need.unit_id for need in desk.needs]
    steps = dict(zip(ids, change.tolist(), strict=True))
    moves = staffing_moves(
        county,
        plan_so_far.bundles,
        desk.needs,
        given={u: -x for u, x in steps.items() if x < 0},
        received={u: x for u, x in steps.items() if x > 0},
    )
    plan = replace(
        plan_so_far,
        strength=tuple(sorted(zip(ids, after.tolist(), strict=True))),
        moves=tuple(sorted((*plan_so_far.moves, *moves))),
    )
    reached = value(after, desk.target_officers)
    proof = Proof(
        stage=STAGE,
        status=Status.OPTIMAL,
        objective=reached,
        objective_unit=UNIT,
        bound=reached,
        method=method,
    )
    return plan, proof


def task_of(county: County, policy: Policy, plan: Plan) -> tuple[tuple[UnitNeed, ...], Task]:
    """The units of a plan and what may change at each of them under `policy.staffing`.

    Raises:
        ValueError: a unit requires infinitely many officers.
    """
    desk = _Desk.of(county, unit_needs(county, policy, plan), plan)
    return desk.needs, desk.task(policy.staffing)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Desk:
    """Units of the plan before reassignment. U units sorted by id.

    Attributes:
        needs: The units.
        joined: Officers who came by road duty, shape (U,).
        can_give, can_receive: Of functional units; True for all others, shape (U,).
    """

    needs: tuple[UnitNeed, ...]
    joined: IntArray
    can_give: tuple[bool, ...]
    can_receive: tuple[bool, ...]

    @classmethod
    def of(cls, county: County, needs: tuple[UnitNeed, ...], plan: Plan) -> _Desk:
        """Read the plan.

        Raises:
            ValueError: an infinite requirement.
        """
        lost = [n.unit_id for n in needs if not np.isfinite(n.required_officers)]
        if lost:
            raise ValueError(f"staffing: the centres {lost} cannot reach all their alerts")
        arrived: Counter[str] = Counter()
        for move in plan.moves:
            if move.reason == "road_duty":
                arrived[move.to_id] += move.officers
        units = county.units
        give = dict(zip(units.unit_id, units.can_give.tolist(), strict=True))
        receive = dict(zip(units.unit_id, units.can_receive.tolist(), strict=True))
        return cls(
            needs=needs,
            joined=np.array([arrived[n.unit_id] for n in needs], dtype=np.int64),
            can_give=tuple(give.get(n.unit_id, True) for n in needs),
            can_receive=tuple(receive.get(n.unit_id, True) for n in needs),
        )

    @property
    def officers(self) -> IntArray:
        """Officers before reassignment, shape (U,)."""
        today = np.array([n.officers_today for n in self.needs], dtype=np.int64)
        return today + self.joined

    @property
    def target_officers(self) -> FloatArray:
        """Strength in proportion to need, shape (U,)."""
        required = np.array([n.required_officers for n in self.needs])
        whole = float(required.sum())
        share: FloatArray = required / whole if whole > 0 else np.zeros(len(required))
        return share * float(self.officers.sum())

    def task(self, rules: Staffing, without: frozenset[str] = frozenset()) -> Task:
        """The task under `rules`, leaving out those named in `without`."""
        wanted = sum(i.officers for i in rules.inflows)
        most = rules.max_moves if "staffing.max_moves" not in without else None
        # With nothing conserved, somebody outside the county gives whatever is wanted.
        outside = [wanted] if "strength.conserved" in without else []
        nobody = [0] * len(outside)
        return Task(
            officers=np.append(self.officers, outside).astype(np.int64),
            target_officers=np.append(self.target_officers, nobody),
            give=np.append(self._give(rules, without), outside).astype(np.int64),
            room=np.append(self._room(rules, without), nobody).astype(np.int64),
            group=np.append(self._group(rules), [-1 for _ in outside]).astype(np.int64),
            inflows=tuple(i.officers for i in rules.inflows) if rules.inflows else None,
            max_moves=int(self.officers.sum()) + wanted if most is None else most,
        )

    def _give(self, rules: Staffing, without: frozenset[str]) -> IntArray:
        """Most officers each unit may give; squads' officers on road duty are not its to give."""
        found = []
        for need, joined, can_give in zip(self.needs, self.joined, self.can_give, strict=True):
            most = need.officers_today
            if need.kind == "squad" or (not can_give and "units.can_give" not in without):
                most = 0
            if need.station_ids and "staffing.min_officers_per_station" not in without:
                spare = need.officers_today + int(joined) - rules.min_officers_per_station
                most = min(most, max(0, spare))
            if (
                rules.give_only_from_bundles
                and len(need.station_ids) < 2
                and "staffing.give_only_from_bundles" not in without
            ):
                most = 0
            found.append(most)
        return np.array(found, dtype=np.int64)

    def _room(self, rules: Staffing, without: frozenset[str]) -> IntArray:
        """Most officers each unit may receive."""
        total = int(self.officers.sum()) + sum(i.officers for i in rules.inflows)
        found = []
        for need, joined, can in zip(self.needs, self.joined, self.can_receive, strict=True):
            before = need.officers_today + int(joined)
            most: float = before + total
            if "stations.max_officers" not in without:
                most = min(most, need.max_officers)
            if rules.respect_establishment and "staffing.respect_establishment" not in without:
                # The posts of a dissolved squad go with its officers.
                most = min(most, need.authorised_today + int(joined))
            if need.kind == "squad" or (not can and "units.can_receive" not in without):
                most = 0
            found.append(max(0, int(most) - before))
        return np.array(found, dtype=np.int64)

    def _group(self, rules: Staffing) -> IntArray:
        """Group each unit receives in; -1 = none, 0 for all where no inflows are stated."""
        if not rules.inflows:
            return np.zeros(len(self.needs), dtype=np.int64)
        found = np.full(len(self.needs), -1, dtype=np.int64)
        for g, inflow in enumerate(rules.inflows):
            for u, need in enumerate(self.needs):
                if need.kind in _KINDS[inflow.to]:
                    found[u] = g
        return found


def _diagnosis(desk: _Desk, rules: Staffing) -> Proof:
    """Why the stated inflows are impossible: a minimal set of rules, and what would help."""

    def possible(changed: Staffing, without: frozenset[str]) -> bool:
        return allocate(desk.task(changed, without))[0] is not None

    clash = list(RULES)
    for rule in RULES[:-1]:
        rest = [r for r in clash if r != rule]
        if not possible(rules, frozenset(RULES) - frozenset(rest)):
            clash = rest
    return Proof(
        stage=STAGE,
        status=Status.INFEASIBLE,
        method="exact: no choice of givers and receivers meets the stated inflows",
        clashing_rules=tuple(sorted(clash)),
        relaxations=tuple(r for rule in sorted(clash) for r in _relaxations(rule, rules, possible)),
    )


def _relaxations(rule: str, rules: Staffing, possible: Possible) -> list[Relaxation]:
    """The nearest changes of one rule that each make the inflows possible."""
    if rule == "staffing.inflows":
        return [
            Relaxation(rule=rule, present=_said(rules.inflows), needed=_said(fewer))
            for fewer in _fewer(rules, possible)
        ]
    needed: str | None = None
    if rule == "staffing.max_moves":
        wanted = sum(i.officers for i in rules.inflows)
        present = str(rules.max_moves)
        if possible(rules.model_copy(update={"max_moves": wanted}), frozenset()):
            needed = str(wanted)
    elif rule == "staffing.min_officers_per_station":
        present = str(rules.min_officers_per_station)
        floor = _largest(
            rules.min_officers_per_station - 1,
            lambda n: possible(
                rules.model_copy(update={"min_officers_per_station": n}), frozenset()
            ),
        )
        needed = None if floor is None else str(floor)
    elif rule != "strength.conserved":
        is_switch = rule in ("staffing.give_only_from_bundles", "staffing.respect_establishment")
        present = "true" if is_switch else "in force"
        if possible(rules, frozenset({rule})):
            needed = "false" if is_switch else "dropped"
    return [] if needed is None else [Relaxation(rule=rule, present=present, needed=needed)]


def _fewer(rules: Staffing, possible: Possible) -> list[tuple[Inflow, ...]]:
    """Inflows that are possible: one of them lowered as little as needed, else all of them."""

    def at(inflows: Sequence[Inflow], g: int, officers: int) -> tuple[Inflow, ...]:
        changed = inflows[g].model_copy(update={"officers": officers})
        return (*inflows[:g], changed, *inflows[g + 1 :])

    def most(inflows: Sequence[Inflow], g: int, limit: int) -> int | None:
        return _largest(
            limit,
            lambda n: possible(
                rules.model_copy(update={"inflows": at(inflows, g, n)}), frozenset()
            ),
        )

    found = []
    for g, inflow in enumerate(rules.inflows):
        officers = most(rules.inflows, g, inflow.officers - 1)
        if officers is not None:
            found.append(at(rules.inflows, g, officers))
    if found:
        return found
    lowered = tuple(i.model_copy(update={"officers": 0}) for i in rules.inflows)
    for g, inflow in enumerate(rules.inflows):
        lowered = at(lowered, g, most(lowered, g, inflow.officers) or 0)
    return [lowered]


def _largest(most: int, is_possible: Callable[[int], bool]) -> int | None:
    """Largest n of 0..`most` that is possible, where every smaller one is too; None = none."""
    low, high = -1, most
    while low < high:
        middle = (low + high + 1) // 2
        if is_possible(middle):
            low = middle
        else:
            high = middle - 1
    return None if low < 0 else low


def _said(inflows: Sequence[Inflow]) -> str:
    return ", ".join(f"{i.to} {i.officers}" for i in inflows)
