"""Which rules a plan breaks, checked anew: no solver, and none of the code that made the plan.

A station that stays alone
breaks no rule on bundles: the rules on response, travel and room are for bundles of two or more.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, replace

import numpy as np

from optimizer import equity, steering
from optimizer.county import County
from optimizer.membership import check_membership, units_of
from optimizer.plan import Bundle, Plan, current_plan
from optimizer.policy import Policy
from optimizer.reassignment_rules import role_violations
from optimizer.road_duty import ending_squads
from optimizer.road_rules import road_rules
from optimizer.rules import Violation
from optimizer.strength import UnitNeed, assess_bundles, unit_needs
from optimizer.workload import Assessment

__all__ = ["Violation", "keeps_bundling_rules", "violations"]

TOLERANCE = 1e-6
"""Minutes, officers or shares that rounding may cost."""


def violations(county: County, policy: Policy, plan: Plan) -> tuple[Violation, ...]:
    """Every rule that `plan` breaks, in every place; empty = feasible.

    Ids in a lock that the county does not know bind nothing here.

    Raises:
        InputError: the plan does not belong to the county; see `check_membership`.
    """
    check_membership(county, plan)
    assessed = assess_bundles(county, policy, plan)
    judge = _Judge.of(county, policy, plan)
    return tuple(
        sorted(
            {
                *judge.bundle_rules(assessed),
                *judge.count_rules(assessed),
                *judge.locks(),
                *judge.coverage(),
                *judge.duty_stations(),
                *road_rules(county, policy, plan),
                *judge.conservation(),
                *judge.reasons(),
                *judge.reassignment(unit_needs(county, policy, plan, assessed)),
                *role_violations(county, policy, plan, judge.name),
            }
        )
    )


def keeps_bundling_rules(
    county: County, policy: Policy, bundlings: Sequence[tuple[Bundle, ...]]
) -> list[bool]:
    """Whether `violations` names no rule that follows from the bundles alone, for each bundling.

    Bundles that several bundlings share are judged once.

    Args:
        county: The county.
        policy: The policy.
        bundlings: Each with every station of the county in one bundle, sorted.
    """
    distinct = tuple(sorted({b for bundles in bundlings for b in bundles}))
    place = {b: i for i, b in enumerate(distinct)}
    every = Plan(bundles=distinct)
    assessed = assess_bundles(county, policy, every)
    judge = _Judge.of(county, policy, every)
    broken = {b for b in distinct if any(judge.one_bundle(b, assessed, place[b]))}
    found = []
    for bundles in bundlings:
        rows = [place[b] for b in bundles]
        alone = replace(judge, plan=Plan(bundles=bundles))
        mine = Assessment(**{f.name: getattr(assessed, f.name)[rows] for f in fields(Assessment)})
        found.append(
            broken.isdisjoint(bundles)
            and not any(alone.count_rules(mine))
            and not any(alone.locks())
        )
    return found


@dataclass(frozen=True, slots=True, kw_only=True)
class _Judge:
    county: County
    policy: Policy
    plan: Plan
    neighbours: tuple[frozenset[int], ...]
    name: Mapping[str, str]

    @classmethod
    def of(cls, county: County, policy: Policy, plan: Plan) -> _Judge:
        """The judge of one plan."""
        return cls(
            county=county,
            policy=policy,
            plan=plan,
            neighbours=county.neighbours(),
            name=_names(county),
        )

    def bundle_rules(self, assessed: Assessment) -> Iterator[Violation]:
        """Rules on single bundles of two or more."""
        for i, bundle in enumerate(self.plan.bundles):
            yield from self.one_bundle(bundle, assessed, i)

    def one_bundle(self, bundle: Bundle, assessed: Assessment, i: int) -> Iterator[Violation]:
        """The same for one of them, assessed in row `i`."""
        stations, rules = self.county.stations, self.policy.bundling
        row = stations.index()
        if not bundle.office_ids:
            return
        where = self._bundle(bundle)
        rows = [row[s] for s in bundle.station_ids]
        centre = row[bundle.centre_id]
        apart = set(rows) - self._reached(centre, set(rows))
        if apart:
            yield Violation(rule="adjacency", where=where, value=self._stations(apart))
        if len(rows) > rules.max_bundle_size:
            yield Violation(
                rule="bundling.max_bundle_size",
                where=where,
                value=str(len(rows)),
                limit=str(rules.max_bundle_size),
            )
        urban = [s for s in rows if stations.is_urban[s]]
        if rules.rural_only and urban:
            yield Violation(rule="bundling.rural_only", where=where, value=self._stations(urban))
        fixed = [s for s in rows if not stations.can_bundle[s]]
        if fixed:
            yield Violation(rule="stations.can_bundle", where=where, value=self._stations(fixed))
        if not stations.can_host[centre]:
            yield Violation(rule="stations.can_host", where=where, value=self._stations([centre]))
        needed = float(assessed.centre_officers[i])
        if needed > stations.max_officers[centre] + TOLERANCE:
            yield Violation(
                rule="stations.max_officers",
                where=where,
                value=f"{needed:.2f}",
                limit=f"{stations.max_officers[centre]:g}",
            )
        yield from self._times(where, centre, rows)
        yield from equity.bundle_rules(self.county, self.policy, bundle, where)
        yield from steering.bundle_rules(self.county, self.policy, bundle, where, self._named)

    def _times(self, where: str, centre: int, rows: Sequence[int]) -> Iterator[Violation]:
        """Travel and response of one bundle, from the county's tables."""
        county, response = self.county, self.policy.response
        limit_min = self.policy.bundling.max_office_travel_min
        for office in rows:
            minutes = float(county.station_time_min[centre, office])
            if minutes > limit_min + TOLERANCE:
                yield Violation(
                    rule="bundling.max_office_travel_min",
                    where=where,
                    value=f"{minutes:.2f}",
                    limit=f"{limit_min:g}",
                    what=self._stations([office]),
                )
        cells = np.flatnonzero(np.isin(county.cells.station, rows))
        if not cells.size:
            return
        response_min = response.turnout_min + county.travel_time_min[centre, cells]
        farthest = int(np.argmax(response_min))
        if response_min[farthest] > response.farthest_min + TOLERANCE:
            yield Violation(
                rule="response.farthest_min",
                where=where,
                value=f"{response_min[farthest]:.2f}",
                limit=f"{response.farthest_min:g}",
                what=county.cells.cell_id[int(cells[farthest])],
            )
        alerts = county.cells.alerts_per_year[cells].sum(axis=1)
        standard_min = np.where(
            county.cells.is_urban[cells], response.urban_min, response.rural_min
        )
        within = float(alerts[response_min <= standard_min].sum())
        if within < (response.share_within_fraction - TOLERANCE) * float(alerts.sum()):
            yield Violation(
                rule="response.share_within_fraction",
                where=where,
                value=f"{within / float(alerts.sum()):.4f}",
                limit=f"{response.share_within_fraction:g}",
            )

    def count_rules(self, assessed: Assessment) -> Iterator[Violation]:
        """Rules on the bundles of the whole plan."""
        rules = self.policy.bundling
        grouped = [b for b in self.plan.bundles if b.office_ids]
        counts = (
            ("bundling.centres", len(grouped), rules.centres),
            (
                "bundling.stations_bundled",
                sum(len(b.station_ids) for b in grouped),
                rules.stations_bundled,
            ),
        )
        for rule, found, wanted in counts:
            if wanted is not None and found != wanted:
                yield Violation(
                    rule=rule, where=self.county.name, value=str(found), limit=str(wanted)
                )
        yield from equity.plan_rules(self.county, self.policy, self.plan)
        if rules.min_officers_freed is not None:
            today = assess_bundles(self.county, self.policy, current_plan(self.county))
            freed = float(today.officers.sum() - assessed.officers.sum())
            if freed < rules.min_officers_freed - TOLERANCE:
                yield Violation(
                    rule="bundling.min_officers_freed",
                    where=self.county.name,
                    value=f"{freed:.2f}",
                    limit=f"{rules.min_officers_freed:g}",
                )

    def locks(self) -> Iterator[Violation]:
        """Decisions that the planner made beforehand."""
        rules = self.policy.bundling.locks
        yield from steering.plan_rules(self.county, self.policy, self.plan, self._named)
        bundle_of = {s: b for b in self.plan.bundles for s in b.station_ids}
        for group in rules.together:
            known = sorted(set(group) & set(bundle_of))
            homes = {bundle_of[s] for s in known}
            if len(homes) > 1:
                yield Violation(
                    rule="bundling.locks.together",
                    where=self._named(known),
                    value=" | ".join(self._bundle(b) for b in sorted(homes)),
                )
        for group in rules.apart:
            for bundle in self.plan.bundles:
                both = sorted(set(group) & set(bundle.station_ids))
                if len(both) > 1:
                    yield Violation(rule="bundling.locks.apart", where=self._named(both))
        for station in sorted(set(rules.keep) & set(bundle_of)):
            others = [s for s in bundle_of[station].station_ids if s != station]
            if others:
                yield Violation(
                    rule="bundling.locks.keep",
                    where=self._named([station]),
                    value=self._named(others),
                )
        for station in sorted(set(rules.host) & set(bundle_of)):
            centre = bundle_of[station].centre_id
            if centre != station:
                yield Violation(
                    rule="bundling.locks.host",
                    where=self._named([station]),
                    value=self._named([centre]),
                )

    def coverage(self) -> Iterator[Violation]:
        """Every managed road has one unit, and the squads end or stay as the policy says."""
        squads, plan = self.county.squads, self.plan
        wanted = [squads.squad_id[q] for q in ending_squads(self.county, self.policy)]
        if tuple(sorted(wanted)) != plan.dissolved_squad_ids:
            yield Violation(
                rule="traffic.dissolve_squads",
                where=self.county.name,
                value=self._named(plan.dissolved_squad_ids) or "-",
                limit=self._named(sorted(wanted)) or "-",
            )
        keepers: dict[str, list[str]] = {s: [] for area in squads.stations for s in area}
        squad_of = {
            s: q for q, area in zip(squads.squad_id, squads.stations, strict=True) for s in area
        }
        for duty in plan.road_duties:
            keepers.setdefault(duty.station_id, []).append(duty.duty_id)
        centres = {b.centre_id for b in plan.bundles}
        for station, found in sorted(keepers.items()):
            squad = squad_of.get(station)
            if squad is None:
                allowed, said = set[str](), "-"
            elif squad in plan.dissolved_squad_ids:
                allowed, said = centres, "1 centre or lone station"
            else:
                allowed, said = {squad}, self._named([squad])
            if len(found) != (1 if allowed else 0) or not set(found) <= allowed:
                yield Violation(
                    rule="traffic.coverage",
                    where=self._named([station]),
                    value=self._named(found) or "-",
                    limit=said,
                )

    def duty_stations(self) -> Iterator[Violation]:
        """Rules on the stations that hold road duty."""
        county, rules = self.county, self.policy.traffic
        row = county.stations.index()
        members = {b.centre_id: [row[s] for s in b.station_ids] for b in self.plan.bundles}
        taken: dict[str, list[int]] = {}
        for jurisdiction, unit in self.plan.duty_pairs:
            if unit in row:
                taken.setdefault(unit, []).append(row[jurisdiction])
        hands_over = bool(ending_squads(county, self.policy))
        if hands_over and rules.duty_stations not in (None, len(taken)):
            yield Violation(
                rule="traffic.duty_stations",
                where=county.name,
                value=str(len(taken)),
                limit=str(rules.duty_stations),
            )
        arrived = self._flow("road_duty", into=True)
        for station, jurisdictions in sorted(taken.items()):
            seat, where = row[station], self._named([station])
            if rules.rural_only and county.stations.is_urban[seat]:
                yield Violation(rule="traffic.rural_only", where=where)
            # A road that nobody patrols is not managed, whatever the policy says.
            least = max(1, rules.min_officers_per_duty_station)
            if arrived[station] < least:
                yield Violation(
                    rule="traffic.min_officers_per_duty_station",
                    where=where,
                    value=str(arrived[station]),
                    limit=str(least),
                )
            for far in jurisdictions:
                minutes = float(county.station_time_min[seat, far])
                if minutes > rules.max_accident_travel_min + TOLERANCE:
                    yield Violation(
                        rule="traffic.max_accident_travel_min",
                        where=where,
                        value=f"{minutes:.2f}",
                        limit=f"{rules.max_accident_travel_min:g}",
                        what=self._stations([far]),
                    )
            own = set(members.get(station, [seat]))
            apart = [j for j in jurisdictions if j not in own and not self.neighbours[j] & own]
            if apart:
                yield Violation(rule="traffic.contiguity", where=where, value=self._stations(apart))

    def conservation(self) -> Iterator[Violation]:
        """Nobody is lost or invented, and the moves are what turns today into the plan."""
        plan = self.plan
        held = Counter(dict(current_plan(self.county).strength))
        for move in plan.moves:
            held[move.from_id] -= move.officers
            held[move.to_id] += move.officers
        stated = Counter[str]()
        for unit, officers in plan.strength:
            stated[unit] += officers
        units = set(units_of(self.county, plan))
        for unit in sorted({*held, *stated}):
            left = held[unit]
            if unit not in units and stated[unit]:
                left = 0  # what is no unit of the plan holds nobody
            if stated[unit] != left or left < 0:
                yield Violation(
                    rule="strength.conserved",
                    where=self._named([unit]),
                    value=str(stated[unit]),
                    limit=str(left),
                )

    def reasons(self) -> Iterator[Violation]:
        """Every move is of the kind it says: only reassignment counts against its limits."""
        plan = self.plan
        centre_of = plan.centre_of()
        duties = plan.duty_ids
        units = set(units_of(self.county, plan))
        for move in plan.moves:
            if move.reason == "bundle":
                is_right = centre_of.get(move.from_id) == move.to_id
            elif move.reason == "road_duty":
                is_right = move.from_id in plan.dissolved_squad_ids and move.to_id in duties
            else:
                is_right = move.to_id in units
            if not is_right or move.from_id == move.to_id:
                yield Violation(
                    rule="moves.reason",
                    where=f"{self._named([move.from_id])} → {self._named([move.to_id])}",
                    value=str(move.officers),
                    what=move.reason,
                )

    def reassignment(self, needs: Sequence[UnitNeed]) -> Iterator[Violation]:
        """Rules on officers who change unit by reassignment."""
        rules = self.policy.staffing
        centre_of = self.plan.centre_of()
        given = Counter[str]()
        for holder, officers in self._flow("reassign", into=False).items():
            given[centre_of.get(holder, holder)] += officers
        received, joined = self._flow("reassign", into=True), self._flow("road_duty", into=True)
        moved = sum(given.values())
        for rule, is_broken, limit in (
            ("staffing.reassign", moved > 0 and not rules.reassign, 0),
            ("staffing.max_moves", moved > (rules.max_moves or 0), rules.max_moves),
        ):
            if is_broken and limit is not None:
                yield Violation(
                    rule=rule, where=self.county.name, value=str(moved), limit=str(limit)
                )
        kind = {need.unit_id: need.kind for need in needs}
        groups = {
            "urban_stations": {"urban_station"},
            "rural_stations": {"rural_station"},
            "functional_units": {"functional"},
            "other_units": {"rural_station", "functional", "squad"},
        }
        for inflow in rules.inflows if rules.reassign else ():
            found = sum(n for unit, n in received.items() if kind.get(unit) in groups[inflow.to])
            if found != inflow.officers:
                yield Violation(
                    rule="staffing.inflows",
                    where=inflow.to,
                    value=str(found),
                    limit=str(inflow.officers),
                )
        for need in needs:
            unit = need.unit_id
            yield from self._unit_rules(need, given[unit], received[unit], joined[unit])

    def _unit_rules(
        self, need: UnitNeed, given: int, received: int, joined: int
    ) -> Iterator[Violation]:
        rules, where = self.policy.staffing, self._named([need.unit_id])
        if rules.give_only_from_bundles and given and len(need.station_ids) < 2:
            yield Violation(rule="staffing.give_only_from_bundles", where=where, value=str(given))
        if need.kind == "functional":
            i = self.county.units.unit_id.index(need.unit_id)
            if given and not self.county.units.can_give[i]:
                yield Violation(rule="units.can_give", where=where, value=str(given))
            if received and not self.county.units.can_receive[i]:
                yield Violation(rule="units.can_receive", where=where, value=str(received))
        before = need.officers_today + joined
        after = before - given + received
        if need.station_ids and after < min(before, rules.min_officers_per_station):
            yield Violation(
                rule="staffing.min_officers_per_station",
                where=where,
                value=str(after),
                limit=str(rules.min_officers_per_station),
            )
        posts = need.authorised_today + joined
        if rules.respect_establishment and after > max(before, posts):
            yield Violation(
                rule="staffing.respect_establishment",
                where=where,
                value=str(after),
                limit=str(posts),
            )
        if after > max(before, need.max_officers):
            yield Violation(
                rule="stations.max_officers",
                where=where,
                value=str(after),
                limit=f"{need.max_officers:g}",
            )

    def _flow(self, reason: str, *, into: bool) -> Counter[str]:
        found = Counter[str]()
        for move in self.plan.moves:
            if move.reason == reason:
                found[move.to_id if into else move.from_id] += move.officers
        return found

    def _reached(self, start: int, ground: set[int]) -> set[int]:
        """Stations of `ground` that connect with `start` inside it."""
        reached, edge = {start}, [start]
        while edge:
            for one in self.neighbours[edge.pop()] & ground - reached:
                reached.add(one)
                edge.append(one)
        return reached

    def _bundle(self, bundle: Bundle) -> str:
        return self._named([bundle.centre_id, *bundle.office_ids])

    def _stations(self, rows: Iterable[int]) -> str:
        return self._named([self.county.stations.station_id[i] for i in sorted(rows)])

    def _named(self, ids: Iterable[str]) -> str:
        """Names with ids, in the order given."""
        return " + ".join(f"{self.name[i]} ({i})" for i in ids)


def _names(county: County) -> dict[str, str]:
    tables = (
        (county.stations.station_id, county.stations.name),
        (county.squads.squad_id, county.squads.name),
        (county.units.unit_id, county.units.name),
    )
    return {i: name for ids, names in tables for i, name in zip(ids, names, strict=True)}
