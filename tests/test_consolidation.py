"""The chain from a county and a policy to a plan and its proofs."""

from __future__ import annotations

from typing import Any

import pytest

from optimizer.bundling import bundle
from optimizer.consolidation import consolidate
from optimizer.county import County
from optimizer.feasibility import violations
from optimizer.plan import Plan, current_plan
from optimizer.policy import Policy
from optimizer.result import Result, Status
from tests.toy import random_county, toy_county


def policy(**parts: Any) -> Policy:
    return Policy.model_validate(parts)


FULL: dict[str, Any] = {
    "bundling": {"centres": 2, "stations_bundled": 4},
    "traffic": {"dissolve_squads": True, "duty_stations": 3},
    "staffing": {"max_moves": 4, "inflows": [{"to": "urban_stations", "officers": 1},
                                             {"to": "other_units", "officers": 3}]},
}  # fmt: skip


def county() -> County:
    return toy_county(
        n_stations=6, grid_width=3, n_urban=1, n_squads=2, n_units=2, alerts_per_cell=60, seed=3
    )


def stages(result: Result) -> list[tuple[str, Status]]:
    return [(p.stage, p.status) for p in result.proofs]


def test_the_whole_chain() -> None:
    told: list[str] = []
    here, rules = county(), policy(**FULL)
    result = consolidate(here, rules, told.append)
    assert told == ["bundling", "traffic", "staffing"]
    assert stages(result) == [(stage, Status.OPTIMAL) for stage in told]
    plan = result.plan
    assert plan is not None
    assert violations(here, rules, plan) == ()
    assert plan.bundles == bundle(here, rules)[0]
    assert len([b for b in plan.bundles if b.office_ids]) == 2
    assert len({d.duty_id for d in plan.road_duties}) == 3
    assert plan.dissolved_squad_ids == ("q1", "q2")
    moved = {r: sum(m.officers for m in plan.moves if m.reason == r) for r in
             ("bundle", "road_duty", "reassign")}  # fmt: skip
    assert moved["road_duty"] == 8
    assert moved["reassign"] == 4
    offices = {s for b in plan.bundles for s in b.office_ids}
    row = here.stations.index()
    held = sum(int(here.stations.officers[row[s]]) for s in offices)
    left = sum(m.officers for m in plan.moves if m.from_id in offices and m.reason == "reassign")
    assert moved["bundle"] == held - left
    assert sum(n for _, n in plan.strength) == sum(n for _, n in current_plan(here).strength)


def test_the_same_run_gives_the_same_bytes() -> None:
    first, second = (consolidate(county(), policy(**FULL)) for _ in range(2))
    assert first == second
    assert first.plan is not None
    assert second.plan is not None
    assert first.plan.to_json() == second.plan.to_json()


@pytest.mark.parametrize(
    ("changed", "ran"),
    [
        ({"bundling": {"centres": 5, "stations_bundled": 4}}, ["bundling"]),
        ({"traffic": {"dissolve_squads": True, "duty_stations": 6}}, ["bundling", "traffic"]),
        (
            {"staffing": {"inflows": [{"to": "urban_stations", "officers": 999}]}},
            ["bundling", "traffic", "staffing"],
        ),
    ],
)
def test_a_stage_without_plan_ends_the_chain(changed: dict[str, Any], ran: list[str]) -> None:
    told: list[str] = []
    result = consolidate(county(), policy(**{**FULL, **changed}), told.append)
    assert result.plan is None
    assert told == ran
    assert [p.stage for p in result.proofs] == ran
    assert result.status is Status.INFEASIBLE
    assert result.proofs[-1].clashing_rules


def test_nothing_asked_beyond_bundles() -> None:
    rules = policy(bundling=FULL["bundling"], staffing={"reassign": False})
    plan = consolidate(county(), rules).plan
    assert plan is not None
    assert {m.reason for m in plan.moves} <= {"bundle"}
    assert plan.dissolved_squad_ids == ()
    assert plan.road_duties == current_plan(county()).road_duties
    assert violations(county(), rules, plan) == ()


def test_today_comes_back_when_nothing_may_change() -> None:
    rules = policy(bundling={"max_bundle_size": 1}, staffing={"reassign": False})
    assert consolidate(county(), rules).plan == current_plan(county())


@pytest.mark.parametrize("seed", range(6))
def test_no_rule_is_broken_on_random_counties(seed: int) -> None:
    here = random_county(
        seed, 9, n_urban=seed % 3, n_squads=2, n_units=seed % 4, cells_per_station=2
    )
    rules = policy(
        traffic={"dissolve_squads": seed % 2 == 0, "max_accident_travel_min": 120},
        staffing={"max_moves": None if seed % 3 else 5, "give_only_from_bundles": seed == 4},
    )
    result = consolidate(here, rules)
    assert result.status is Status.OPTIMAL
    assert isinstance(result.plan, Plan)
    assert violations(here, rules, result.plan) == ()
