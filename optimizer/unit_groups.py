"""Rules set for a unit or a group of units, and what is known of a unit's people."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from optimizer.county import County
from optimizer.frozen import BoolArray, IntArray
from optimizer.personnel import NOBODY, Personnel
from optimizer.plan import Plan
from optimizer.policy import Policy
from optimizer.policy_staffing import Reassignment
from optimizer.strength import UnitNeed

Number = TypeVar("Number", int, float)
GROUP_OF = {
    "urban_station": "urban_stations",
    "rural_station": "rural_stations",
    "functional": "functional_units",
    "squad": "squads",
}


def follows_roles(policy: Policy) -> bool:
    """Whether a run reassigns by the rules of `policy.reassignment`: any of them is set."""
    return policy.staffing.reassign and policy.reassignment != Reassignment()


def of_unit(needs: Sequence[UnitNeed], rule: Mapping[str, Number], default: Number) -> NDArray[Any]:
    """The value of a rule for each unit: its own, else its group's, else the default; shape (U,).

    What is set for a police office holds for no unit.
    """
    return np.array([rule.get(n.unit_id, rule.get(GROUP_OF[n.kind], default)) for n in needs])


def may_give(county: County, policy: Policy, needs: Sequence[UnitNeed]) -> BoolArray:
    """Units whose officers may be reassigned at all, shape (U,)."""
    can = dict(zip(county.units.unit_id, county.units.can_give.tolist(), strict=True))
    return np.array(
        [
            n.kind != "squad"
            and can.get(n.unit_id, True)
            and (len(n.station_ids) > 1 or not policy.staffing.give_only_from_bundles)
            for n in needs
        ],
        dtype=np.bool_,
    )


def people_of(county: County, plan: Plan, needs: Sequence[UnitNeed]) -> tuple[Personnel, ...]:
    """What is known of each unit's people; of a bundle its stations together.

    Officers of a dissolved squad serve where road duty sent them; their qualifications go with
    them in proportion, in whole people, the largest remainders first.
    """
    known = {p.unit_id: p for p in county.personnel}
    joined = _joined(county, plan, known)
    found = []
    for need in needs:
        members = need.station_ids or (need.unit_id,)
        parts = [known[m] for m in members if m in known] + joined.get(need.unit_id, [])
        teams = [p.community_teams for p in parts if p.community_teams is not None]
        found.append(
            Personnel(
                unit_id=need.unit_id,
                auxiliaries=sum(p.auxiliaries for p in parts),
                firearm_officers=sum(p.firearm_officers for p in parts),
                case_officers=sum(p.case_officers for p in parts),
                traffic_law_officers=sum(p.traffic_law_officers for p in parts),
                overdue_officers=sum(p.overdue_officers for p in parts),
                is_hardship=any(known.get(m, NOBODY).is_hardship for m in members),
                community_teams=sum(teams) if teams else None,
            )
        )
    return tuple(found)


def _joined(
    county: County, plan: Plan, known: Mapping[str, Personnel]
) -> dict[str, list[Personnel]]:
    """What came with the officers of dissolved squads."""
    found: dict[str, list[Personnel]] = {}
    officers = dict(zip(county.squads.squad_id, county.squads.officers.tolist(), strict=True))
    for squad in plan.dissolved_squad_ids:
        moves = [m for m in plan.moves if m.reason == "road_duty" and m.from_id == squad]
        if squad not in known or not moves or not officers[squad]:
            continue
        one = known[squad]
        counts = [m.officers for m in moves]
        split = {
            name: shared(number, counts)
            for name, number in (
                ("auxiliaries", one.auxiliaries),
                ("firearm", one.firearm_officers),
                ("case", one.case_officers),
                ("traffic_law", one.traffic_law_officers),
            )
        }
        for i, move in enumerate(moves):
            part = Personnel(
                unit_id=squad,
                auxiliaries=split["auxiliaries"][i],
                firearm_officers=split["firearm"][i],
                case_officers=split["case"][i],
                traffic_law_officers=split["traffic_law"][i],
            )
            found.setdefault(move.to_id, []).append(part)
    return found


def shared(number: int, weights: Sequence[int]) -> list[int]:
    """A number split over weights in whole parts, none above its weight where that is possible."""
    whole = sum(weights)
    exact = [number * w / whole for w in weights]
    parts = [math.floor(x) for x in exact]
    order = sorted(range(len(weights)), key=lambda i: (parts[i] - exact[i], i))
    for i in order[: number - sum(parts)]:
        parts[i] += 1
    return parts


def teams_of(county: County, policy: Policy, plan: Plan, needs: Sequence[UnitNeed]) -> IntArray:
    """Community teams of each unit: those its stations state, else by residents; shape (U,)."""
    rules = policy.reassignment.teams
    found = np.zeros(len(needs), dtype=np.int64)
    if rules is None:
        return found
    stated = {p.unit_id: p.community_teams for p in county.personnel}
    residents = np.bincount(
        county.cells.station, weights=county.cells.population, minlength=len(county.stations)
    )
    row = county.stations.index()
    for u, need in enumerate(needs):
        for station in need.station_ids:
            own = stated.get(station)
            by_residents = math.ceil(float(residents[row[station]]) / rules.residents_per_team)
            found[u] += by_residents if own is None else own
    return found
