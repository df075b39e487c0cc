"""Does a plan belong to a county? Asked before it is judged; the rules are checked elsewhere."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from optimizer.county import County
from optimizer.errors import InputError, Problem
from optimizer.plan import Plan
from optimizer.policy_staffing import QUALIFICATIONS

WHERE = "plan"
REMAKE = "make the plan anew for this county, or correct the id"


def units_of(county: County, plan: Plan) -> tuple[str, ...]:
    """Ids of the units of `plan`, sorted: centres and lone stations, squads left, other units."""
    dissolved = set(plan.dissolved_squad_ids)
    squads = [q for q in county.squads.squad_id if q not in dissolved]
    return tuple(sorted([*(b.centre_id for b in plan.bundles), *squads, *county.units.unit_id]))


def check_membership(county: County, plan: Plan) -> None:
    """Refuse a plan that is not one of this county.

    Raises:
        InputError: every unknown id, and every station in no bundle or in two.
    """
    if found := _foreign(county, plan):
        raise InputError(found)


def check_complete(county: County, plan: Plan) -> None:
    """Refuse a plan that cannot be scored: `check_membership`, and one figure for everything.

    Raises:
        InputError: as `check_membership`, and every jurisdiction whose roads are given away twice,
            every unit whose strength is stated twice or left out, every strength of something that
            is no unit of the plan (a plan that states no strength at all is let through).
    """
    found = _foreign(county, plan)
    found += _doubles(
        "road_duties",
        [d.station_id for d in plan.road_duties],
        "the roads of a jurisdiction with one unit only",
    )
    stated = [unit for unit, _ in plan.strength]
    if stated and not found:
        units = set(units_of(county, plan))
        found += [
            *_strangers("strength", stated, units, "a unit of the plan"),
            *_doubles("strength", stated, "one figure per unit"),
            *_missing("strength", units - set(stated), "the officers of every unit of the plan"),
        ]
    if found:
        raise InputError(found)


def _foreign(county: County, plan: Plan) -> list[Problem]:
    stations, squads = set(county.stations.station_id), set(county.squads.squad_id)
    holders = stations | squads | set(county.units.unit_id)
    bundled = [s for b in plan.bundles for s in b.station_ids]
    station = "a station of the county"
    duties = [d.duty_id for d in plan.road_duties]
    roads = [d.station_id for d in plan.road_duties]
    parts = [d.duty_id for d in plan.class_duties]
    parted = [d.station_id for d in plan.class_duties]
    classes = [d.road_class for d in plan.class_duties]
    movers = [i for m in plan.moves for i in (m.from_id, m.to_id)]
    held = [i for m in plan.qualified_moves for i in (m.from_id, m.to_id)]
    helpers = [i for m in plan.auxiliary_moves for i in (m.from_id, m.to_id)]
    kinds = [m.qualification for m in plan.qualified_moves]
    holder = "a station, squad or unit of the county"
    return [
        *_strangers("bundles", bundled, stations, station),
        *_doubles("bundles", bundled, "each station in one bundle only"),
        *_missing("bundles", stations - set(bundled), "every station in a bundle, alone or not"),
        *_strangers("road_duties", roads, stations, station),
        *_strangers("road_duties", duties, stations | squads, "a station or squad of the county"),
        *_strangers("class_duties", parts, stations, station),
        *_strangers("class_duties", parted, stations, station),
        *_strangers("class_duties", classes, set(county.road_classes), "a managed class of road"),
        *_strangers(
            "dissolved_squad_ids", plan.dissolved_squad_ids, squads, "a squad of the county"
        ),
        *_strangers("strength", [unit for unit, _ in plan.strength], holders, holder),
        *_strangers("moves", movers, holders, holder),
        *_strangers("qualified_moves", held, holders, holder),
        *_strangers("auxiliary_moves", helpers, holders, holder),
        *_strangers("qualified_moves", kinds, set(QUALIFICATIONS), "a qualification"),
    ]


def _strangers(column: str, ids: Iterable[str], known: set[str], expected: str) -> list[Problem]:
    return [
        Problem(where=WHERE, column=column, value=i, expected=expected, fix=REMAKE)
        for i in sorted(set(ids) - known)
    ]


def _doubles(column: str, ids: Iterable[str], expected: str) -> list[Problem]:
    return [
        Problem(
            where=WHERE,
            column=column,
            value=i,
            expected=expected,
            fix="it stands {n} times; keep one",
            params={"n": n},
        )
        for i, n in sorted(Counter(ids).items())
        if n > 1
    ]


def _missing(column: str, ids: set[str], expected: str) -> list[Problem]:
    return [
        Problem(
            where=WHERE,
            column=column,
            expected=expected,
            fix="add {id}, which is missing",
            params={"id": i},
        )
        for i in sorted(ids)
    ]
