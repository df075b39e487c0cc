"""Which rules a reassignment breaks, checked anew from the county, not from the search's task."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import cast

from optimizer.county import County
from optimizer.personnel import Personnel
from optimizer.plan import Move, Plan
from optimizer.policy import Policy
from optimizer.policy_staffing import Qualification
from optimizer.rules import Violation
from optimizer.strength import UnitNeed, unit_needs
from optimizer.unit_groups import follows_roles, of_unit, people_of, teams_of

TOLERANCE = 1e-6
_JUDGED_ELSEWHERE = ("staffing.", "stations.", "units.", "moves.reason", "strength.")


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Sent:
    """People who go from one unit of the plan to another, by head count.

    Attributes:
        from_id, to_id: The units.
        people: How many.
        holders: How many of them hold each qualification that a rule is about.
    """

    from_id: str
    to_id: str
    people: int
    holders: tuple[tuple[Qualification, int], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Ledger:
    """Who left and who arrived."""

    left: Counter[str]
    arrived: Counter[str]

    @classmethod
    def of(cls, sent: Sequence[Sent], name: Qualification | None = None) -> _Ledger:
        left, arrived = Counter[str](), Counter[str]()
        for one in sent:
            number = one.people if name is None else dict(one.holders).get(name, 0)
            left[one.from_id] += number
            arrived[one.to_id] += number
        return cls(left=left, arrived=arrived)


def role_violations(
    county: County, policy: Policy, plan: Plan, name: Mapping[str, str]
) -> tuple[Violation, ...]:
    """Rules of `policy.reassignment` that a plan breaks, and what it says of roles against itself.

    Rules of `policy.staffing` are not looked at again: `optimizer.feasibility` judges them.

    Args:
        county: The county.
        policy: The policy; where it sets no rule, only head counts of roles are looked at.
        plan: The plan, with its moves.
        name: Name of every station, squad and unit by id.
    """
    centre_of = plan.centre_of()

    def between_units(moves: Sequence[Move]) -> Counter[tuple[str, str]]:
        found = Counter[tuple[str, str]]()
        for move in moves:
            if move.reason == "reassign":
                found[centre_of.get(move.from_id, move.from_id), move.to_id] += move.officers
        return found

    holders: dict[tuple[str, str], list[tuple[Qualification, int]]] = {}
    for one in plan.qualified_moves:
        # A qualification the policy does not know is refused when a plan is read.
        kind = cast("Qualification", one.qualification)
        holders.setdefault((one.from_id, one.to_id), []).append((kind, one.officers))
    officers = between_units(plan.moves)
    found = [
        Violation(rule="moves.qualified", where=f"{a} → {b}", value=str(n), limit="0", what=kind)
        for (a, b), kinds in holders.items()
        if (a, b) not in officers
        for kind, n in kinds
    ]
    found += _auxiliaries_there(county, plan)
    if follows_roles(policy):
        sent = [
            Sent(from_id=a, to_id=b, people=n, holders=tuple(holders.get((a, b), ())))
            for (a, b), n in officers.items()
        ]
        helpers = [
            Sent(from_id=a, to_id=b, people=n)
            for (a, b), n in between_units(plan.auxiliary_moves).items()
        ]
        broken = broken_rules(county, policy, plan, sent, helpers)
        found += [v for v in broken if not v.rule.startswith(_JUDGED_ELSEWHERE)]
    return tuple(sorted({replace(v, where=_named(v.where, name)) for v in found}))


def _auxiliaries_there(county: County, plan: Plan) -> Iterator[Violation]:
    """Auxiliaries who leave are there to leave, and go to a unit of the plan."""
    stations = county.stations
    held = {p.unit_id: p.auxiliaries for p in county.personnel}
    held |= dict(zip(stations.station_id, stations.auxiliaries.tolist(), strict=True))
    gone = Counter[str]()
    units = {n for n, _officers in plan.strength}
    for move in plan.auxiliary_moves:
        gone[move.from_id] += move.officers
        if move.to_id not in units or move.to_id == move.from_id:
            where = f"{move.from_id} → {move.to_id}"
            yield Violation(rule="moves.auxiliaries", where=where, value=str(move.officers))
    for unit, number in gone.items():
        if number > held.get(unit, 0):
            yield Violation(
                rule="auxiliaries.conserved",
                where=unit,
                value=str(number),
                limit=str(held.get(unit, 0)),
            )


def _named(where: str, name: Mapping[str, str]) -> str:
    return " → ".join(f"{name[i]} ({i})" if i in name else i for i in where.split(" → "))


def broken_rules(
    county: County,
    policy: Policy,
    plan: Plan,
    officers: Sequence[Sent],
    auxiliaries: Sequence[Sent] | None = (),
    *,
    free: bool = False,
) -> tuple[Violation, ...]:
    """Every rule that transfers between the units of a plan break; empty = none.

    Args:
        county: The county.
        policy: The policy.
        plan: The plan whose units they are.
        officers: The transfers of officers.
        auxiliaries: Those of auxiliaries; None = they are not looked at.
        free: `staffing.give_only_from_bundles` was left out.
    """
    needs = unit_needs(county, policy, plan)
    people = people_of(county, plan, needs)
    judge = _Judge(county=county, policy=policy, plan=plan, needs=needs, people=people, free=free)
    helpers = () if auxiliaries is None else judge.auxiliaries(auxiliaries)
    return tuple(sorted({*judge.officers(officers), *helpers}))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Judge:
    county: County
    policy: Policy
    plan: Plan
    needs: tuple[UnitNeed, ...]
    people: tuple[Personnel, ...]
    free: bool

    def officers(self, sent: Sequence[Sent]) -> Iterator[Violation]:
        """Rules on officers."""
        rules, staffing = self.policy.reassignment, self.policy.staffing
        yield from self._ways(sent)
        moved = sum(s.people for s in sent)
        if staffing.max_moves is not None and moved > staffing.max_moves:
            yield _over("staffing.max_moves", self.county.name, moved, staffing.max_moves)
        ledger = _Ledger.of(sent)
        joined = Counter[str]()
        for move in self.plan.moves:
            if move.reason == "road_duty":
                joined[move.to_id] += move.officers
        floors = of_unit(self.needs, rules.floors, 0)
        caps = of_unit(self.needs, rules.caps, 10**9)
        teams = teams_of(self.county, self.policy, self.plan, self.needs)
        per_team = 0 if rules.teams is None else rules.teams.officers
        for u, need in enumerate(self.needs):
            unit = need.unit_id
            left, arrived = ledger.left[unit], ledger.arrived[unit]
            before = need.officers_today + joined[unit]
            then = before - left + arrived
            yield from self._who_may(need, left, arrived, before)
            for rule, least in (
                ("reassignment.floors", int(floors[u])),
                ("reassignment.teams", int(teams[u]) * per_team),
                ("staffing.min_officers_per_station",
                 min(before, staffing.min_officers_per_station) if need.station_ids else 0),
            ):  # fmt: skip
                if then < least:
                    yield _over(rule, unit, then, least)
            limits = [
                ("reassignment.caps", float(caps[u])),
                ("stations.max_officers", need.max_officers),
            ]
            if staffing.respect_establishment:
                posts = need.authorised_today + joined[unit]
                limits.append(("staffing.respect_establishment", float(posts)))
            for rule, most in limits:
                if then > max(before, most):
                    yield _over(rule, unit, then, most)
            if left > rules.max_give_fraction * before + TOLERANCE:
                yield _over("reassignment.max_give_fraction", unit, left, rules.max_give_fraction)
            yield from self._rotation(u, left)
        yield from self._qualified(sent, ledger, joined)

    def _who_may(self, need: UnitNeed, left: int, arrived: int, before: int) -> Iterator[Violation]:
        """Whether a unit may give and receive at all."""
        units, unit = self.county.units, need.unit_id
        only_bundles = self.policy.staffing.give_only_from_bundles and not self.free
        if only_bundles and left and len(need.station_ids) < 2:
            yield _over("staffing.give_only_from_bundles", unit, left, 0)
        if left > need.officers_today:
            yield _over("strength.conserved", unit, left, need.officers_today)
        if need.kind == "squad" and (left or arrived):
            yield _over("moves.reason", unit, left + arrived, 0)
        if need.kind == "functional":
            i = units.unit_id.index(unit)
            if left and not units.can_give[i]:
                yield _over("units.can_give", unit, left, 0)
            if arrived and not units.can_receive[i]:
                yield _over("units.can_receive", unit, arrived, 0)

    def _rotation(self, u: int, left: int) -> Iterator[Violation]:
        rules, overdue = self.policy.reassignment.rotation, self.people[u].overdue_officers
        need = self.needs[u]
        if overdue and rules.at_most is not None and left > rules.at_most:
            yield _over("reassignment.rotation.at_most", need.unit_id, left, rules.at_most)
        gives = need.kind != "squad"
        if need.kind == "functional":
            gives = bool(self.county.units.can_give[self.county.units.unit_id.index(need.unit_id)])
        if self.policy.staffing.give_only_from_bundles and not self.free:
            gives = gives and len(need.station_ids) > 1
        due = min(overdue, rules.at_least)
        if gives and left < due:
            yield _over("reassignment.rotation.at_least", need.unit_id, left, due)

    def _qualified(
        self, sent: Sequence[Sent], ledger: _Ledger, joined: Mapping[str, int]
    ) -> Iterator[Violation]:
        rules = self.policy.reassignment
        for name in dict.fromkeys([*rules.qualified, *rules.qualified_fraction]):
            own = _Ledger.of(sent, name)
            least = of_unit(self.needs, rules.qualified.get(name, {}), 0)
            share = of_unit(self.needs, rules.qualified_fraction.get(name, {}), 0.0)
            for u, need in enumerate(self.needs):
                unit, held = need.unit_id, self.people[u].holders(name)
                before = need.officers_today + joined.get(unit, 0)
                others = before - held
                left = own.left[unit]
                if left > held or ledger.left[unit] - left > others:
                    yield _over("reassignment.holders", unit, left, held, name)
                has = held - left + own.arrived[unit]
                then = before - ledger.left[unit] + ledger.arrived[unit]
                if has < int(least[u]):
                    yield _over("reassignment.qualified", unit, has, int(least[u]), name)
                if has < float(share[u]) * then - TOLERANCE:
                    rule = "reassignment.qualified_fraction"
                    yield _over(rule, unit, has, float(share[u]), name)
        for one in sent:
            for name, number in one.holders:
                if number > one.people:
                    where = f"{one.from_id} → {one.to_id}"
                    yield _over("moves.qualified", where, number, one.people, name)

    def auxiliaries(self, sent: Sequence[Sent]) -> Iterator[Violation]:
        """Rules on auxiliaries."""
        rules = self.policy.reassignment
        yield from self._ways(sent)
        moved = sum(s.people for s in sent)
        if rules.max_auxiliary_moves is not None and moved > rules.max_auxiliary_moves:
            most = rules.max_auxiliary_moves
            yield _over("reassignment.max_auxiliary_moves", self.county.name, moved, most)
        ledger = _Ledger.of(sent)
        row = self.county.stations.index()
        floors = of_unit(self.needs, rules.auxiliary_floors, 0)
        teams = teams_of(self.county, self.policy, self.plan, self.needs)
        per_team = 0 if rules.teams is None else rules.teams.auxiliaries
        for u, need in enumerate(self.needs):
            unit = need.unit_id
            left, arrived = ledger.left[unit], ledger.arrived[unit]
            if not need.station_ids:
                if left or arrived:
                    yield _over("moves.reason", unit, left + arrived, 0)
                continue
            mine = [int(self.county.stations.auxiliaries[row[s]]) for s in need.station_ids]
            before = sum(mine)
            then = before - left + arrived
            for rule, least in (
                ("reassignment.auxiliary_floors", int(floors[u])),
                ("reassignment.auxiliary_teams", int(teams[u]) * per_team),
            ):
                if then < least:
                    yield _over(rule, unit, then, least)
            if left > rules.max_give_fraction * before + TOLERANCE:
                yield _over("reassignment.max_give_fraction", unit, left, rules.max_give_fraction)

    def _ways(self, sent: Sequence[Sent]) -> Iterator[Violation]:
        """Everybody moves, between units of the plan, and not too far."""
        place = {n.unit_id: n.place for n in self.needs}
        limit = self.policy.reassignment.max_move_min
        for one in sent:
            if one.from_id == one.to_id or one.people < 1:
                yield _over("moves.reason", one.from_id, one.people, 1)
            if one.from_id not in place or one.to_id not in place:
                yield _over("strength.conserved", f"{one.from_id} → {one.to_id}", one.people, 0)
                continue
            minutes = float(self.county.station_time_min[place[one.from_id], place[one.to_id]])
            if limit is not None and minutes > limit + TOLERANCE:
                yield _over("reassignment.max_move_min", one.from_id, round(minutes, 2), limit)


def _over(rule: str, where: str, value: float, limit: float, what: str = "") -> Violation:
    return Violation(rule=rule, where=where, value=f"{value:g}", limit=f"{limit:g}", what=what)
