"""The staffing stage of a run by the rules of `policy.reassignment`: roles, judge, diagnosis."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from optimizer.consolidation import consolidate
from optimizer.county import County
from optimizer.errors import InputError
from optimizer.feasibility import violations
from optimizer.personnel import Personnel
from optimizer.plan import Bundle, Move, Plan, QualifiedMove, current_road_duties
from optimizer.policy import Policy
from optimizer.reassignment import CLASHING, answer, board_of, clash
from optimizer.reassignment_stage import staff
from optimizer.reassignment_task import GroupInflow
from optimizer.result import Status
from optimizer.rules import Violation
from optimizer.staffing import reassign
from tests.test_reassignment import LIMITS, MATRICES, compare, draw, keeps, role, transfers_of
from tests.toy import random_county, toy_county

UNBOUND = {"caps": {"urban_stations": 9999}}


def policy(reassignment: dict[str, Any], **staffing: Any) -> Policy:
    return Policy.model_validate({"reassignment": reassignment, "staffing": staffing})


def pairs(county: County) -> Plan:
    """The first two rural stations as one bundle, the others alone, squads as they are."""
    ids = sorted(county.stations.station_id)
    bundles = [Bundle(centre_id=ids[1], station_ids=(ids[1], ids[2]))]
    bundles += [Bundle(centre_id=s, station_ids=(s,)) for s in ids if s not in ids[1:3]]
    return Plan(bundles=tuple(sorted(bundles)), road_duties=current_road_duties(county))


def known(county: County) -> County:
    """Some people of the county hold firearms; every station has overdue officers."""
    ids = county.stations.station_id
    people = tuple(
        Personnel(unit_id=s, firearm_officers=6 if i % 2 else 2, overdue_officers=1)
        for i, s in enumerate(sorted(ids))
    )
    return replace(county, personnel=people)


# --- inflows in the integer programme -------------------------------------------------------------


def test_stated_inflows_equal_enumeration() -> None:
    rng = np.random.default_rng(11)
    met = {True: 0, False: 0}
    for _ in range(40):
        task = draw(rng, target=rng.uniform(0.4, 4.0, 3), max_moves=2)
        members = np.array([True, rng.random() < 0.5, False])
        wanted = int(rng.integers(0, 3))
        task = replace(task, inflows=(GroupInflow(members=members, people=wanted),))

        def allowed(sent: Any, members: Any = members, wanted: int = wanted) -> bool:
            return bool(sent[:, members].sum() == wanted and not sent[:, ~members].any())

        met[compare(task, answer(task, LIMITS), allowed)] += 1
    assert min(met.values()) >= 5


@pytest.mark.parametrize("seed", range(6))
def test_a_rule_that_binds_nobody_gives_the_plain_stage_s_value(seed: int) -> None:
    county = random_county(seed, 6, n_urban=1, n_units=2)
    inflows = [{"to": "urban_stations", "officers": 2}, {"to": "other_units", "officers": 1}]
    for staffing in ({"max_moves": 4}, {"inflows": inflows}):
        plain, proof = reassign(county, policy({}, **staffing), pairs(county))
        assert plain is not None
        rules = policy(UNBOUND, **staffing)
        plan, proofs = staff(county, rules, pairs(county))
        assert plan is not None
        assert proofs[0].status is Status.OPTIMAL
        assert proofs[0].objective == pytest.approx(proof.objective, abs=1e-5)
        assert proofs[0].objective_unit == proof.objective_unit
        assert of_staffing(county, rules, plan) == []


def of_staffing(county: County, rules: Policy, plan: Plan) -> list[Violation]:
    """Broken rules but those on the bundle of `pairs`, which may lie anywhere."""
    found = violations(county, rules, plan)
    return [v for v in found if not v.rule.startswith(("adjacency", "bundling", "response"))]


KEEP = Policy().traffic.model_copy(update={"dissolve_squads": False})


# --- the stage ------------------------------------------------------------------------------------


def test_without_rules_the_plan_is_the_plain_stage_s_byte_for_byte() -> None:
    county = known(random_county(3, 6, n_units=1))
    for rules in (policy({}), policy({"floors": {"s01": 99}}, reassign=False)):
        plan, proof = reassign(county, rules, pairs(county))
        assert plan is not None
        assert staff(county, rules, pairs(county)) == (plan, (proof,))


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize(
    "rules",
    [
        {"floors": {"rural_stations": 13}},
        {"qualified": {"firearm": {"rural_stations": 3}}},
        {"qualified_fraction": {"firearm": {"rural_stations": 0.2}}, "max_move_min": 60},
        {"rotation": {"at_least": 1}},
        {"max_give_fraction": 0.1, "price_per_move_hour": 0.01},
        {"auxiliary_floors": {"rural_stations": 6}, "max_auxiliary_moves": 9},
    ],
)
def test_every_plan_keeps_its_rules(seed: int, rules: dict[str, Any]) -> None:
    county = known(random_county(seed, 6, n_urban=1, n_units=1))
    asked = policy(rules).model_copy(update={"traffic": KEEP})
    plan, proofs = staff(county, asked, pairs(county))
    assert plan is not None
    assert {p.status for p in proofs} == {Status.OPTIMAL}
    assert [p.stage for p in proofs] == ["staffing", "auxiliaries"]
    assert of_staffing(county, asked, plan) == []
    # The plan of a run is what `jingli reassign` finds for the same units.
    board = board_of(county, asked, pairs(county))
    assert proofs[0].objective == pytest.approx(answer(board.officers, LIMITS).objective, abs=1e-6)


def test_a_run_uses_the_rules_from_end_to_end() -> None:
    county = known(toy_county(n_stations=5, n_urban=1, n_squads=1, n_units=1, seed=2))
    free = consolidate(county, Policy())
    rules = policy({"qualified": {"firearm": {"urban_stations": 5}}, "rotation": {"at_least": 1}})
    ruled = consolidate(county, rules)
    assert free.plan is not None
    assert ruled.plan is not None
    assert free.plan.qualified_moves == ()
    assert free.plan.auxiliary_moves == ()
    assert ruled.plan.bundles == free.plan.bundles
    came = sum(m.officers for m in ruled.plan.qualified_moves if m.to_id == "s01")
    assert came >= 3, "s01 has 2 of the 5 it needs"
    assert violations(county, rules, ruled.plan) == ()
    assert any(v.rule.startswith("reassignment.") for v in violations(county, rules, free.plan))
    assert Plan.from_json(ruled.plan.to_json()) == ruled.plan


def test_officers_of_a_police_office_leave_it_and_the_others_join_the_centre() -> None:
    # s03 is the police office; s01 needs three more. Nobody leaves the centre while s03 has people.
    stations = {"officers": np.array([7, 10, 4]), "auxiliaries": np.array([0, 9, 9])}
    county = toy_county(n_stations=3, n_urban=0, stations=stations)
    bundles = (
        Bundle(centre_id="s01", station_ids=("s01",)),
        Bundle(centre_id="s02", station_ids=("s02", "s03")),
    )
    asked = policy({"floors": {"s01": 10}, "auxiliary_floors": {"s01": 4}}, max_moves=3).model_copy(
        update={"traffic": KEEP}
    )
    plan, _proofs = staff(county, asked, Plan(bundles=bundles))
    assert plan is not None
    assert dict(plan.strength) == {"s01": 10, "s02": 11}
    # Seats are on a line: s02 is nearer to s01 than s03 is, and minutes come first.
    assert plan.moves == (
        Move(from_id="s02", to_id="s01", officers=3, reason="reassign"),
        Move(from_id="s03", to_id="s02", officers=4, reason="bundle"),
    )
    assert {m.reason for m in plan.auxiliary_moves} == {"reassign"}
    assert sum(m.officers for m in plan.auxiliary_moves) >= 4
    assert violations(county, asked, plan) == ()


# --- the judge ------------------------------------------------------------------------------------


def test_the_judge_counts_roles_of_a_plan() -> None:
    county = known(toy_county(n_stations=3))
    plan, _proofs = staff(county, policy({}), Plan(bundles=alone(county)))
    assert plan is not None
    assert violations(county, policy({}), plan) == ()

    def broken(**changed: Any) -> set[str]:
        return {v.rule for v in violations(county, policy({}), replace(plan, **changed))}

    held = QualifiedMove(from_id="s01", to_id="s02", qualification="firearm", officers=1)
    assert broken(qualified_moves=(held,)) == {"moves.qualified"}
    some = Move(from_id="s01", to_id="s02", officers=99, reason="reassign")
    assert broken(auxiliary_moves=(some,)) == {"auxiliaries.conserved"}
    still = Move(from_id="s01", to_id="s01", officers=1, reason="reassign")
    assert broken(auxiliary_moves=(still,)) == {"moves.auxiliaries"}
    for name, one in (
        ("qualified_moves", replace(held, to_id="nowhere")),
        ("qualified_moves", replace(held, qualification="diving")),
        ("auxiliary_moves", replace(some, to_id="nowhere")),
    ):
        with pytest.raises(InputError):
            broken(**{name: (one,)})


@pytest.mark.parametrize(
    ("rules", "broken"),
    [
        ({"floors": {"s02": 16}}, "reassignment.floors"),
        ({"auxiliary_floors": {"s02": 16}}, "reassignment.auxiliary_floors"),
        ({"teams": {"residents_per_team": 1000}}, "reassignment.auxiliary_teams"),
        ({"qualified": {"firearm": {"s01": 3}}}, "reassignment.qualified"),
        ({"rotation": {"at_least": 1}}, "reassignment.rotation.at_least"),
    ],
)
def test_today_breaks_each_rule_that_asks_for_more(rules: dict[str, Any], broken: str) -> None:
    county = known(toy_county(n_stations=3))
    plan, _proofs = staff(county, policy({}, reassign=False), Plan(bundles=alone(county)))
    assert plan is not None
    found = violations(county, policy(rules), plan)
    assert broken in {v.rule for v in found}
    assert all(v.text() for v in found)
    # Switched off, the rules of reassignment bind nobody.
    assert violations(county, policy(rules, reassign=False), plan) == ()


def alone(county: County) -> tuple[Bundle, ...]:
    return tuple(Bundle(centre_id=s, station_ids=(s,)) for s in sorted(county.stations.station_id))


# --- no answer ------------------------------------------------------------------------------------


def test_rules_that_clash_are_named_with_each_way_out() -> None:
    county = known(toy_county(n_stations=3))
    asked = policy(
        {"floors": {"s02": 17}, "max_move_min": 1.0, "max_give_fraction": 0.9}, max_moves=9
    )
    plan, proofs = staff(county, asked, Plan(bundles=alone(county)))
    assert plan is None
    assert proofs[0].status is Status.INFEASIBLE
    assert proofs[0].clashing_rules == ("reassignment.floors", "reassignment.max_move_min")
    assert {r.rule for r in proofs[0].relaxations} == set(proofs[0].clashing_rules)


def test_a_clash_is_minimal() -> None:
    rng = np.random.default_rng(5)
    named: set[str] = set()
    for _ in range(30):
        task = draw(rng, max_moves=int(rng.integers(0, 2)), rotate=[1, 0, 0])
        task = replace(task, inflows=(GroupInflow(members=np.array([1, 1, 0], bool), people=1),))
        if answer(task, LIMITS).status is not Status.INFEASIBLE:
            continue
        found = clash(task, LIMITS)
        named |= set(found)
        assert set(found) <= set(CLASHING)
    assert {"staffing.inflows", "reassignment.rotation", "staffing.max_moves"} <= named


def test_what_nothing_could_keep_is_bad_input() -> None:
    county = toy_county(n_stations=3)
    with pytest.raises(InputError, match="45 at the most"):
        staff(county, policy({"floors": {"rural_stations": 99}}), Plan(bundles=alone(county)))


def test_an_inflow_that_nobody_can_reach_has_no_answer() -> None:
    task = role([3, 3, 3], [3, 3, 3], takes=[True, True, False], max_moves=2)
    task = replace(task, inflows=(GroupInflow(members=np.array([0, 0, 1], bool), people=1),))
    assert answer(task, LIMITS).status is Status.INFEASIBLE
    assert not [s for s in MATRICES if keeps(task, s) and s[:, 2].sum() == 1]
    assert transfers_of(MATRICES[0]) == ()
