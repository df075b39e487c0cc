"""Strength against hand-worked cases and full enumeration, with every rule."""

from __future__ import annotations

import itertools
from collections import Counter
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from optimizer.allocation import ALLOCATION, EXCHANGE, SIDES, Task, allocate, value
from optimizer.county import County, Units
from optimizer.feasibility import violations
from optimizer.frozen import IntArray
from optimizer.plan import Bundle, Plan, current_plan
from optimizer.policy import Policy
from optimizer.result import Proof, Status
from optimizer.staffing import reassign
from optimizer.strength import unit_needs
from optimizer.traffic import hand_over
from tests.toy import random_county, toy_county


def task(officers: list[int], targets: list[float], **fields: Any) -> Task:
    n = len(officers)
    given = {
        "give": officers,
        "room": [sum(officers)] * n,
        "group": [0] * n,
        "inflows": None,
        "max_moves": sum(officers),
        **fields,
    }
    return Task(
        officers=np.array(officers, np.int64),
        target_officers=np.array(targets, float),
        give=np.array(given["give"], np.int64),
        room=np.array(given["room"], np.int64),
        group=np.array(given["group"], np.int64),
        inflows=given["inflows"],
        max_moves=given["max_moves"],
    )


def after(one: Task) -> list[int] | None:
    change, _ = allocate(one)
    return None if change is None else (one.officers + change).tolist()


# --- the allocation itself -------------------------------------------------------------------


def test_reaches_targets_that_are_whole() -> None:
    assert after(task([10, 2, 6], [4, 8, 6])) == [4, 8, 6]


def test_webster_by_hand() -> None:
    # Votes 53, 24, 23 for 7 seats: Webster's divisors 1, 3, 5 give 53, 24, 23, 17.7, 10.6, 8, 7.7.
    assert after(task([0, 0, 7], [3.71, 1.68, 1.61])) == [3, 2, 2]


def test_a_limit_on_moves_takes_the_best_exchanges_first() -> None:
    # Per officer the first unit has most, the second least; each exchange goes between them
    # while that is so.
    assert after(task([9, 1, 5], [5, 5, 5], max_moves=1)) == [8, 2, 5]
    assert after(task([9, 1, 5], [5, 5, 5], max_moves=0)) == [9, 1, 5]
    assert after(task([9, 1, 5], [5, 5, 5], max_moves=9)) == [5, 5, 5]


def test_an_exchange_that_gains_nothing_is_not_made() -> None:
    assert after(task([3, 2], [2.5, 2.5])) == [3, 2]


def test_whom_nobody_needs_gives_first_and_receives_last() -> None:
    assert after(task([3, 5, 5], [0.0, 6.5, 6.5])) == [0, 7, 6]
    assert after(task([3, 9, 1], [0.0, 6.5, 6.5], max_moves=2)) == [1, 9, 3]
    assert after(task([3, 5], [0.0, 8.0], inflows=(1,), group=[0, 0])) == [2, 6]
    # Only the unit without need may receive: the stated inflow is met all the same.
    assert after(task([3, 5], [0.0, 8.0], inflows=(2,), group=[0, -1])) == [5, 3]


def test_an_inflow_into_the_best_donor_itself() -> None:
    """Alone the second unit would be both the only receiver and the best donor."""
    one = task([4, 20, 6], [10, 8, 12], group=[-1, 0, -1], inflows=(2,))
    change, method = allocate(one)
    assert method == SIDES
    assert change is not None
    # Gifts cost (2n - 1)/q: 7/10 and 5/10 at the first, 11/12 and 9/12 at the third.
    assert change.tolist() == [0, 2, -2]


def test_an_inflow_that_only_its_receiver_could_give_is_impossible() -> None:
    assert after(task([4, 20], [10, 14], give=[1, 20], group=[-1, 0], inflows=(2,))) is None


def enumerate_changes(one: Task) -> IntArray:
    """Every change of strength that keeps the rules, one a row."""
    ranges = [np.arange(-int(g), int(r) + 1) for g, r in zip(one.give, one.room, strict=True)]
    change = np.stack(np.meshgrid(*ranges, indexing="ij"), axis=-1).reshape(-1, len(ranges))
    gained = np.maximum(change, 0)
    keeps = (change.sum(axis=1) == 0) & (gained.sum(axis=1) <= one.max_moves)
    keeps &= (gained[:, one.group < 0] == 0).all(axis=1)
    for g, officers in enumerate(one.inflows or ()):
        keeps &= gained[:, one.group == g].sum(axis=1) == officers
    found: IntArray = change[keeps]
    return found


def rank(one: Task, change: IntArray) -> tuple[int, float]:
    """Officers where nobody is required, then the value."""
    officers = one.officers + change
    return int(officers[one.target_officers <= 0].sum()), value(officers, one.target_officers)


@st.composite
def tasks(draw: st.DrawFn) -> Task:
    n = draw(st.integers(2, 4))
    whole = st.integers(0, 5)
    officers = draw(st.lists(whole, min_size=n, max_size=n))
    need = st.one_of(st.just(0.0), st.floats(0.3, 9.0))
    inflows = draw(st.one_of(st.none(), st.lists(st.integers(0, 3), min_size=1, max_size=2)))
    groups = st.integers(-1, 1 if inflows and len(inflows) > 1 else 0)
    return task(
        officers,
        draw(st.lists(need, min_size=n, max_size=n)),
        give=[min(draw(whole), s) for s in officers],
        room=draw(st.lists(st.integers(0, 4), min_size=n, max_size=n)),
        group=draw(st.lists(groups, min_size=n, max_size=n)),
        inflows=None if inflows is None else tuple(inflows),
        max_moves=draw(st.integers(0, 8)),
    )


def test_allocation_equals_enumeration() -> None:
    met: Counter[tuple[str, bool]] = Counter()

    @settings(max_examples=160, deadline=None, derandomize=True, database=None)
    @given(one=tasks())
    def compare(one: Task) -> None:
        change, method = allocate(one)
        met[method, change is None] += 1
        every = enumerate_changes(one)
        if not len(every):
            assert change is None
            return
        assert change is not None
        assert (every == change).all(axis=1).any(), "breaks a rule"
        idle = (one.officers + every)[:, one.target_officers <= 0].sum(axis=1)
        nobody, best = min(rank(one, c) for c in every[idle == idle.min()])
        assert rank(one, change)[0] == nobody
        assert rank(one, change)[1] == pytest.approx(best, rel=1e-9, abs=1e-9)

    compare()
    ways = [(EXCHANGE, False), (ALLOCATION, False), (ALLOCATION, True), (SIDES, False)]
    assert min(met[w] for w in ways) >= 2, "the instances do not reach every branch"


@settings(max_examples=80, deadline=None, derandomize=True)
@given(
    officers=st.lists(st.integers(0, 6), min_size=3, max_size=4),
    targets=st.lists(st.one_of(st.just(0.0), st.floats(0.5, 9.0)), min_size=4, max_size=4),
    inflow=st.integers(1, 5),
)
def test_everyone_may_give_and_receive_equals_enumeration(
    officers: list[int], targets: list[float], inflow: int
) -> None:
    """One group of all units and an inflow beyond what gains: sides must be chosen."""
    n = len(officers)
    one = task(officers, targets[:n], room=[5] * n, inflows=(inflow,))
    change, _ = allocate(one)
    every = enumerate_changes(one)
    if not len(every):
        assert change is None
        return
    assert change is not None
    assert (every == change).all(axis=1).any()
    idle = (one.officers + every)[:, one.target_officers <= 0].sum(axis=1)
    nobody, best = min(rank(one, c) for c in every[idle == idle.min()])
    assert rank(one, change)[0] == nobody
    assert rank(one, change)[1] == pytest.approx(best, rel=1e-9, abs=1e-9)


def test_ties_go_to_the_first_unit() -> None:
    assert after(task([0, 0, 2], [1, 1, 0.5], max_moves=1)) == [1, 0, 1]
    assert after(task([2, 2, 0], [1, 1, 2], max_moves=1)) == [1, 2, 1]


# --- the plan ----------------------------------------------------------------------------------


def policy(**staffing: Any) -> Policy:
    return Policy.model_validate({"staffing": staffing})


def pairs(county: County, *groups: tuple[str, ...]) -> Plan:
    """The first of each group is its centre; the squads stay."""
    alone = set(county.stations.station_id) - {s for g in groups for s in g}
    bundles = [
        *(Bundle(centre_id=g[0], station_ids=tuple(sorted(g))) for g in groups),
        *(Bundle(centre_id=s, station_ids=(s,)) for s in alone),
    ]
    return Plan(bundles=tuple(sorted(bundles)), road_duties=current_plan(county).road_duties)


def units(rows: list[tuple[int, float, bool, bool]]) -> Units:
    """Functional units u1, … of (officers, required, can give, can receive) at station 0."""
    n = len(rows)
    return Units(
        unit_id=tuple(f"u{i + 1}" for i in range(n)),
        name=("Unit",) * n,
        kind=("detectives",) * n,
        officers=np.array([r[0] for r in rows]),
        authorised_officers=np.array([r[0] for r in rows]) + 1,
        required_officers=np.array([r[1] for r in rows]),
        can_give=np.array([r[2] for r in rows]),
        can_receive=np.array([r[3] for r in rows]),
        station=np.zeros(n, np.int64),
    )


def solved(county: County, rules: Policy, plan: Plan) -> tuple[Plan, dict[str, int], Proof]:
    """The plan, the change of each unit by reassignment, and the proof; every rule checked."""
    found, proof = reassign(county, rules, plan)
    assert found is not None, proof
    broken = {v.rule for v in violations(county, rules, found)}
    assert not {r for r in broken if r.startswith(("staffing", "strength", "units", "moves"))}
    change: Counter[str] = Counter()
    centre = found.centre_of()
    for move in found.moves:
        if move.reason == "reassign":
            change[centre.get(move.from_id, move.from_id)] -= move.officers
            change[move.to_id] += move.officers
    assert (proof.stage, proof.status) == ("staffing", Status.OPTIMAL)
    assert proof.bound == proof.objective
    return found, dict(change), proof


def moved(plan: Plan) -> int:
    return sum(m.officers for m in plan.moves if m.reason == "reassign")


def test_targets_are_in_proportion_to_need() -> None:
    county = toy_county(n_stations=2, officers=20, n_units=2)
    rules = policy(min_officers_per_station=0)
    plan, _, proof = solved(county, rules, pairs(county))
    needs = {n.unit_id: n.required_officers for n in unit_needs(county, rules, plan)}
    whole = sum(needs.values())
    assert sum(n for _, n in plan.strength) == 60
    for unit, officers in plan.strength:
        assert abs(officers - 60 * needs[unit] / whole) < 1
    expected = sum(
        (n - 60 * needs[u] / whole) ** 2 / (60 * needs[u] / whole) for u, n in plan.strength
    )
    assert proof.objective == pytest.approx(expected)


def test_nobody_is_reassigned_when_switched_off() -> None:
    county = toy_county(n_stations=4, stations={"officers": [40, 3, 9, 9]}, n_units=1)
    plan, change, _ = solved(county, policy(reassign=False), pairs(county, ("s02", "s01")))
    assert change == {}
    assert dict(plan.strength) == {"s02": 43, "s03": 9, "s04": 9, "u1": 10}
    assert [(m.from_id, m.to_id, m.officers, m.reason) for m in plan.moves] == [
        ("s01", "s02", 40, "bundle")
    ]
    assert moved(solved(county, policy(), pairs(county))[0]) > 0


def test_max_moves_binds_and_counts_only_reassignment() -> None:
    county = toy_county(n_stations=4, stations={"officers": [40, 3, 9, 9]})
    free = moved(solved(county, policy(), pairs(county))[0])
    assert free > 2
    values = []
    for limit in range(free + 2):
        plan, _, proof = solved(county, policy(max_moves=limit), pairs(county, ("s03", "s04")))
        assert moved(plan) <= limit
        assert proof.objective is not None
        values.append(proof.objective)
    assert values == sorted(values, reverse=True), "each further move buys something"
    assert values[0] > values[1] > values[2]


def test_floor_holds_unless_already_broken_today() -> None:
    """The functional unit needs nearly everyone; s03 is below the floor today."""
    county = toy_county(n_stations=3, stations={"officers": [14, 14, 2]})
    county = replace(county, units=units([(1, 400.0, False, True)]))
    plan, _, _ = solved(county, policy(min_officers_per_station=9), pairs(county))
    assert dict(plan.strength) == {"s01": 9, "s02": 9, "s03": 2, "u1": 11}
    plan, _, _ = solved(county, policy(min_officers_per_station=0), pairs(county))
    assert dict(plan.strength)["s01"] < 9


def test_functional_units_give_and_receive_only_where_they_may() -> None:
    county = toy_county(n_stations=2, officers=15)
    for can_give, can_receive in itertools.product((False, True), repeat=2):
        case = replace(
            county, units=units([(30, 1.0, can_give, True), (1, 300.0, True, can_receive)])
        )
        _, change, _ = solved(case, policy(), pairs(case))
        assert (change.get("u1", 0) < 0) is can_give
        assert (change.get("u2", 0) > 0) is can_receive


def test_only_bundles_give() -> None:
    county = toy_county(n_stations=4, officers=15)
    county = replace(county, units=units([(1, 300.0, True, True)]))
    plan = pairs(county, ("s01", "s02"))
    _, change, _ = solved(county, policy(give_only_from_bundles=True), plan)
    assert {u for u, x in change.items() if x < 0} == {"s01"}
    _, change, _ = solved(county, policy(), plan)
    assert {u for u, x in change.items() if x < 0} == {"s01", "s03", "s04"}


def test_a_full_building_takes_nobody() -> None:
    for room, gained in ((np.inf, True), (17.0, True), (16.0, True), (15.0, False), (9.0, False)):
        county = toy_county(
            n_stations=2, stations={"officers": [60, 15], "max_officers": [np.inf, room]}
        )
        plan, change, _ = solved(county, policy(), pairs(county))
        assert (change.get("s02", 0) > 0) is gained
        assert dict(plan.strength)["s02"] <= max(15, room)
        if np.isfinite(room) and gained:
            assert dict(plan.strength)["s02"] == room


def test_a_bundle_has_the_room_of_all_its_buildings() -> None:
    county = toy_county(
        n_stations=3, stations={"officers": [60, 5, 5], "max_officers": [np.inf, 7, 8]}
    )
    plan, _, _ = solved(county, policy(), pairs(county, ("s02", "s03")))
    assert dict(plan.strength)["s02"] == 15


def test_establishment_is_kept_where_asked() -> None:
    county = toy_county(n_stations=2, stations={"officers": [60, 15]})
    assert dict(solved(county, policy(), pairs(county))[0].strength)["s02"] > 16
    kept, _, _ = solved(county, policy(respect_establishment=True), pairs(county))
    assert dict(kept.strength) == {"s01": 59, "s02": 16}


def test_squads_that_stay_neither_give_nor_receive() -> None:
    """Whether they have far more than their roads need, or far less."""
    for held, road_km in ((30, 1.0), (1, 9000.0)):
        county = toy_county(
            n_stations=4,
            n_squads=2,
            squad_officers=held,
            officers=9,
            duty_road_km=np.full((4, 2), road_km),
        )
        county = replace(county, units=units([(20, 5.0, True, True)]))
        plan, change, _ = solved(county, policy(), pairs(county))
        assert change, "others do move"
        assert not {"q1", "q2"} & set(change)
        assert dict(plan.strength)["q1"] == held


def after_handover(county: County, rules: Policy, plan: Plan) -> Plan:
    roads, _ = hand_over(county, rules, plan.bundles)
    assert roads is not None
    return Plan(
        bundles=plan.bundles,
        road_duties=roads.road_duties,
        dissolved_squad_ids=roads.dissolved_squad_ids,
        moves=roads.moves,
    )


def test_officers_of_dissolved_squads_stay_on_the_road() -> None:
    """s01 gets 40 officers from the squad and should lose them all, but only its own 5 may go."""
    county = toy_county(n_stations=2, n_squads=1, squad_officers=40, officers=5)
    county = replace(county, units=units([(1, 900.0, True, True)]))
    rules = Policy.model_validate(
        {
            "traffic": {"dissolve_squads": True, "duty_stations": 1},
            "staffing": {"min_officers_per_station": 0},
        }
    )
    plan, change, _ = solved(county, rules, after_handover(county, rules, pairs(county)))
    duty = next(m.to_id for m in plan.moves if m.reason == "road_duty")
    assert change[duty] == -5
    assert dict(plan.strength)[duty] == 40
    assert not [m for m in plan.moves if m.from_id == "q1" and m.reason != "road_duty"]


def test_officers_who_came_count_for_the_floor_and_bring_their_posts() -> None:
    county = toy_county(n_stations=2, n_squads=1, squad_officers=10, officers=5)
    roads = {"dissolve_squads": True, "duty_stations": 1}
    floor = Policy.model_validate({"traffic": roads, "staffing": {"min_officers_per_station": 9}})
    hungry = replace(county, units=units([(1, 900.0, False, True)]))
    plan, change, _ = solved(hungry, floor, after_handover(hungry, floor, pairs(hungry)))
    duty = next(m.to_id for m in plan.moves if m.reason == "road_duty")
    assert change == {duty: -5, "u1": 5}, "15 - 5 is above the floor; the other station has 5"
    # 5 + 10 officers of 6 + 10 posts: room for one, however great the need.
    posts = Policy.model_validate({"traffic": roads, "staffing": {"respect_establishment": True}})
    busy = replace(
        county,
        units=units([(90, 1.0, True, False)]),
        duty_road_km=np.full((2, 2), 9000.0),
    )
    plan, change, _ = solved(busy, posts, after_handover(busy, posts, pairs(busy)))
    duty = next(m.to_id for m in plan.moves if m.reason == "road_duty")
    assert change[duty] == 1


# --- stated inflows ------------------------------------------------------------------------------


def inflows(**groups: int) -> list[dict[str, Any]]:
    return [{"to": to, "officers": n} for to, n in groups.items()]


def gains(county: County, plan: Plan, change: dict[str, int]) -> Counter[str]:
    kinds = {n.unit_id: n.kind for n in unit_needs(county, Policy(), plan)}
    found: Counter[str] = Counter()
    for unit, x in change.items():
        found[kinds[unit]] += max(x, 0)
    return +found


@pytest.mark.parametrize(
    ("stated", "expected"),
    [
        ({"urban_stations": 3}, {"urban_station": 3}),
        ({"rural_stations": 2}, {"rural_station": 2}),
        ({"functional_units": 4}, {"functional": 4}),
        (
            {"urban_stations": 1, "rural_stations": 2, "functional_units": 3},
            {"urban_station": 1, "rural_station": 2, "functional": 3},
        ),
    ],
)
def test_inflows_are_met_exactly(stated: dict[str, int], expected: dict[str, int]) -> None:
    county = random_county(4, 7, n_urban=2, n_units=2)
    plan, change, _ = solved(county, policy(inflows=inflows(**stated)), pairs(county))
    assert gains(county, plan, change) == expected
    assert moved(plan) == sum(stated.values())


def test_other_units_are_all_but_town_stations() -> None:
    county = random_county(4, 7, n_urban=2, n_units=2)
    rules = policy(inflows=inflows(urban_stations=2, other_units=3), max_moves=5)
    plan, change, _ = solved(county, rules, pairs(county))
    found = gains(county, plan, change)
    assert found.pop("urban_station") == 2
    assert sum(found.values()) == 3
    assert set(found) <= {"rural_station", "functional"}


def test_other_units_hold_the_functional_ones() -> None:
    county = toy_county(n_stations=3, n_urban=3, n_units=1)
    plan, change, _ = solved(county, policy(inflows=inflows(other_units=3)), pairs(county))
    assert gains(county, plan, change) == {"functional": 3}


def impossible(county: County, rules: Policy, plan: Plan | None = None) -> Proof:
    """The proof that there is no plan; every relaxation is tried."""
    plan = pairs(county) if plan is None else plan
    found, proof = reassign(county, rules, plan)
    assert found is None
    assert proof.status is Status.INFEASIBLE
    for one in proof.relaxations:
        if one.needed == "dropped":
            continue
        key = one.rule.removeprefix("staffing.")
        changed: Any = {"true": True, "false": False}.get(one.needed, one.needed)
        if key == "inflows":
            changed = [
                {"to": part.split()[0], "officers": int(part.split()[1])}
                for part in one.needed.split(", ")
            ]
        again = {**rules.staffing.model_dump(), key: changed}
        assert reassign(county, policy(**again), plan)[0] is not None, one
    return proof


def needed(proof: Proof) -> set[tuple[str, str]]:
    return {(r.rule, r.needed) for r in proof.relaxations}


def test_more_inflow_than_moves_allowed() -> None:
    county = random_county(4, 5, n_urban=1, n_units=1)
    proof = impossible(
        county, policy(inflows=inflows(urban_stations=3, other_units=4), max_moves=6)
    )
    assert proof.clashing_rules == ("staffing.inflows", "staffing.max_moves")
    assert needed(proof) == {
        ("staffing.max_moves", "7"),
        ("staffing.inflows", "urban_stations 2, other_units 4"),
        ("staffing.inflows", "urban_stations 3, other_units 3"),
    }


def test_inflow_into_a_group_without_units() -> None:
    county = toy_county(n_stations=3)
    proof = impossible(county, policy(inflows=inflows(urban_stations=3)))
    assert proof.clashing_rules == ("staffing.inflows",)
    assert needed(proof) == {("staffing.inflows", "urban_stations 0")}


def test_inflow_beyond_the_building() -> None:
    county = toy_county(n_stations=3, n_urban=1, stations={"max_officers": [18, np.inf, np.inf]})
    proof = impossible(county, policy(inflows=inflows(urban_stations=5)))
    assert proof.clashing_rules == ("staffing.inflows", "stations.max_officers")
    assert needed(proof) == {
        ("staffing.inflows", "urban_stations 3"),
        ("stations.max_officers", "dropped"),
    }


def test_inflow_beyond_the_establishment() -> None:
    county = toy_county(n_stations=3, n_urban=1)
    proof = impossible(
        county, policy(inflows=inflows(urban_stations=5), respect_establishment=True)
    )
    assert proof.clashing_rules == ("staffing.inflows", "staffing.respect_establishment")
    assert needed(proof) == {
        ("staffing.inflows", "urban_stations 1"),
        ("staffing.respect_establishment", "false"),
    }


def test_inflow_into_units_that_may_not_receive() -> None:
    county = replace(toy_county(n_stations=3), units=units([(5, 5.0, True, False)]))
    proof = impossible(county, policy(inflows=inflows(functional_units=2)))
    assert proof.clashing_rules == ("staffing.inflows", "units.can_receive")


def test_inflow_beyond_what_stations_may_give() -> None:
    county = toy_county(n_stations=3, n_urban=1, officers=4)
    proof = impossible(county, policy(inflows=inflows(urban_stations=3)))
    assert proof.clashing_rules == (
        "staffing.inflows",
        "staffing.min_officers_per_station",
        "strength.conserved",
    )
    assert needed(proof) == {
        ("staffing.inflows", "urban_stations 2"),
        ("staffing.min_officers_per_station", "2"),
    }


def test_inflow_beyond_what_bundles_may_give() -> None:
    county = toy_county(n_stations=3, n_urban=1)
    proof = impossible(
        county, policy(inflows=inflows(urban_stations=3), give_only_from_bundles=True)
    )
    assert proof.clashing_rules == (
        "staffing.give_only_from_bundles",
        "staffing.inflows",
        "strength.conserved",
    )
    assert ("staffing.give_only_from_bundles", "false") in needed(proof)


def test_inflow_from_units_that_may_not_give() -> None:
    county = replace(toy_county(n_stations=1, n_urban=1), units=units([(9, 5.0, False, True)]))
    proof = impossible(county, policy(inflows=inflows(urban_stations=3)))
    assert proof.clashing_rules == ("staffing.inflows", "strength.conserved", "units.can_give")


def test_inflow_beyond_all_officers() -> None:
    county = toy_county(n_stations=3, n_urban=1, officers=4)
    proof = impossible(
        county, policy(inflows=inflows(urban_stations=30), min_officers_per_station=0)
    )
    assert proof.clashing_rules == ("staffing.inflows", "strength.conserved")
    assert needed(proof) == {("staffing.inflows", "urban_stations 8")}


def test_two_impossible_inflows_are_lowered_together() -> None:
    county = toy_county(n_stations=3)
    proof = impossible(county, policy(inflows=inflows(urban_stations=3, functional_units=2)))
    assert needed(proof) == {("staffing.inflows", "urban_stations 0, functional_units 0")}


# --- properties ---------------------------------------------------------------------------


@settings(max_examples=30, deadline=None, derandomize=True)
@given(data=st.data())
def test_heads_are_conserved_and_rules_kept(data: st.DataObject) -> None:
    seed = data.draw(st.integers(0, 10_000))
    county = random_county(
        seed,
        6,
        n_urban=seed % 3,
        n_squads=seed % 2,
        squad_officers=5,
        n_units=seed % 4,
        cells_per_station=2,
    )
    flag, maybe = st.booleans(), st.one_of(st.none(), st.integers(0, 12))
    stated = data.draw(
        st.sampled_from([{}, {"urban_stations": 2, "other_units": 3}, {"rural_stations": 4}])
    )
    rules = Policy.model_validate(
        {
            "traffic": {"dissolve_squads": data.draw(flag), "max_accident_travel_min": 300},
            "staffing": {
                "max_moves": data.draw(maybe),
                "min_officers_per_station": data.draw(st.integers(0, 15)),
                "give_only_from_bundles": data.draw(flag),
                "respect_establishment": data.draw(flag),
                "inflows": inflows(**stated),
            },
        }
    )
    ids = county.stations.station_id
    plan = after_handover(county, rules, pairs(county, (ids[-1], ids[-2])))
    found, proof = reassign(county, rules, plan)
    if found is None:
        assert "staffing.inflows" in proof.clashing_rules
        return
    solved(county, rules, plan)
    today = sum(n for _, n in current_plan(county).strength)
    assert sum(n for _, n in found.strength) == today
    joined = Counter[str]()
    for move in found.moves:
        if move.reason == "road_duty":
            joined[move.to_id] += move.officers
    before = {
        n.unit_id: n.officers_today + joined[n.unit_id] for n in unit_needs(county, rules, plan)
    }
    assert moved(found) == sum(max(0, n - before[u]) for u, n in found.strength)
    assert reassign(county, rules, plan) == (found, proof)


def test_infinite_need_is_refused() -> None:
    county = toy_county(n_stations=2)
    minutes = county.travel_time_min.copy()
    minutes[0, 3:] = np.inf
    lost = replace(county, travel_time_min=minutes)
    with pytest.raises(ValueError, match="s01"):
        reassign(lost, Policy(), pairs(lost, ("s01", "s02")))
