"""Which rules a reassignment breaks, checked anew from the county, not from the search's task."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from optimizer.county import County
from optimizer.personnel import Personnel
from optimizer.plan import Plan
from optimizer.policy import Policy
from optimizer.policy_staffing import Qualification
from optimizer.rules import Violation
from optimizer.strength import UnitNeed, unit_needs
from optimizer.unit_groups import of_unit, people_of, teams_of

TOLERANCE = 1e-6


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


def broken_rules(
    county: County,
    policy: Policy,
    plan: Plan,
    officers: Sequence[Sent],
    auxiliaries: Sequence[Sent] = (),
    *,
    free: bool = False,
) -> tuple[Violation, ...]:
    """Every rule that transfers between the units of a plan break; empty = none.

    Args:
        county: The county.
        policy: The policy.
        plan: The plan whose units they are.
        officers: The transfers of officers.
        auxiliaries: Those of auxiliaries.
        free: `staffing.give_only_from_bundles` was left out.
    """
    needs = unit_needs(county, policy, plan)
    people = people_of(county, plan, needs)
    judge = _Judge(county=county, policy=policy, plan=plan, needs=needs, people=people, free=free)
    return tuple(sorted({*judge.officers(officers), *judge.auxiliaries(auxiliaries)}))


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
                    yield _over("strength.conserved", f"{unit} {name}", left, held)
                has = held - left + own.arrived[unit]
                then = before - ledger.left[unit] + ledger.arrived[unit]
                if has < int(least[u]):
                    yield _over(f"reassignment.qualified.{name}", unit, has, int(least[u]))
                if has < float(share[u]) * then - TOLERANCE:
                    rule = f"reassignment.qualified_fraction.{name}"
                    yield _over(rule, unit, has, float(share[u]))
        for one in sent:
            if any(number > one.people for _, number in one.holders):
                yield _over("strength.conserved", one.from_id, one.people, one.people)

    def auxiliaries(self, sent: Sequence[Sent]) -> Iterator[Violation]:
        """Rules on auxiliaries."""
        if not sent:
            return
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
            least = max(int(floors[u]), int(teams[u]) * per_team)
            if then < least:
                yield _over("reassignment.auxiliary_floors", unit, then, least)
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


def _over(rule: str, where: str, value: float, limit: float) -> Violation:
    return Violation(rule=rule, where=where, value=f"{value:g}", limit=f"{limit:g}")
