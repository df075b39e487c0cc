"""Phased rollout: every order of tiny plans tried, and what no order can do is said."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from optimizer.consolidation import consolidate
from optimizer.county import County
from optimizer.errors import InputError
from optimizer.evaluation import evaluate
from optimizer.feasibility import violations
from optimizer.plan import Bundle, Move, Plan, current_plan
from optimizer.policy import Policy
from optimizer.result import Status
from optimizer.rollout import Rollout, interim_plan, interim_policy, rollout
from tests.toy import random_county, toy_county


def rules(**parts: Any) -> Policy:
    return Policy.model_validate(
        {"bundling": {"max_office_travel_min": 60, "max_bundle_size": 2},
         "response": {"share_within_fraction": 0.0, "farthest_min": 90}, **parts}
    )  # fmt: skip


def pairs_of(county: County, *moves: tuple[str, str, int]) -> Plan:
    """Stations bundled two by two, under the first of each; `moves` are reassignments."""
    ids = county.stations.station_id
    bundles = [Bundle(centre_id=a, station_ids=(a, b)) for a, b in zip(ids[::2], ids[1::2],
                                                                      strict=True)]  # fmt: skip
    plan = interim_plan(county, tuple(bundles))
    held = dict(plan.strength)
    made = [Move(from_id=a, to_id=b, officers=n, reason="reassign") for a, b, n in moves]
    for move in made:
        held[move.from_id] -= move.officers
        held[move.to_id] += move.officers
    return replace(
        plan, moves=tuple(sorted([*plan.moves, *made])), strength=tuple(sorted(held.items()))
    )


def months_of(found: Rollout) -> list[set[str]]:
    return [{b.centre_id for b in m.switched} for m in found.months]


def freed_of(county: County, policy: Policy, *bundles: Bundle) -> float:
    return evaluate(county, policy, interim_plan(county, bundles)).officers_freed


# --- every order ------------------------------------------------------------------------------


def orders(n: int, months: int, least: int, most: int) -> Iterator[list[frozenset[int]]]:
    """State at the end of each month, of every order."""
    for month_of in itertools.product(range(months), repeat=n):
        count = np.bincount(month_of, minlength=months)
        if least <= min(count) and max(count) <= most:
            yield [frozenset(i for i in range(n) if month_of[i] <= m) for m in range(months)]


def best_of(
    county: County, policy: Policy, plan: Plan, months: int, least: int, most: int
) -> float | None:
    joint = [b for b in plan.bundles if b.office_ids]
    freed = [freed_of(county, policy, b) for b in joint]
    of = {s: i for i, b in enumerate(joint) for s in b.station_ids}
    holds: dict[frozenset[int], bool] = {}

    def is_good(state: frozenset[int]) -> bool:
        if state not in holds:
            needed = in_post = 0
            for move in plan.moves:
                if move.reason == "reassign":
                    giver, taker = of.get(move.from_id), of.get(move.to_id)
                    needed += move.officers * (taker in state)
                    in_post += move.officers * (giver is None or giver in state)
            on = tuple(joint[i] for i in sorted(state))
            today = {(v.rule, v.where) for v in violations(county, interim_policy(policy),
                                                           current_plan(county))}  # fmt: skip
            broken = violations(county, interim_policy(policy), interim_plan(county, on))
            holds[state] = needed <= in_post and {(v.rule, v.where) for v in broken} <= today
        return holds[state]

    best: float | None = None
    for states in orders(len(joint), months, least, most):
        if all(is_good(s) for s in states):
            late = sum(freed[i] for s in states for i in range(len(joint)) if i not in s)
            best = late if best is None else min(best, late)
    return best


@pytest.mark.parametrize("seed", range(12))
def test_no_order_frees_officers_earlier(seed: int) -> None:
    rng = np.random.default_rng(seed)
    county = random_county(seed, 8, n_urban=0, cells_per_station=2, n_units=1)
    ids = county.stations.station_id
    moves = [(ids[int(a)], ids[int(b)], int(rng.integers(1, 5)))
             for a, b in rng.permutation([0, 2, 4, 6])[:4].reshape(2, 2)]  # fmt: skip
    plan = pairs_of(county, *moves, ("u1", ids[0], 1))
    months, per_month = int(rng.integers(2, 5)), int(rng.integers(0, 4)) or None
    if per_month and months * per_month < 4:
        per_month = 2
    # Neighbours are random here, and the pairs are not: let all be neighbours.
    every = np.array(list(itertools.combinations(range(8), 2)))
    county = replace(county, station_adjacency=every)
    policy = rules(response={"share_within_fraction": 0.0, "farthest_min": 500},
                   bundling={"max_office_travel_min": 500})  # fmt: skip
    found = rollout(county, policy, plan, months=months, per_month=per_month)
    assert found.proof.status is Status.OPTIMAL
    least = 1 if per_month else 4 // months
    most = per_month or math.ceil(4 / months)
    best = best_of(county, policy, plan, months, least, most)
    assert best is not None
    assert found.proof.objective == pytest.approx(best, abs=1e-2)
    switched = [len(m.switched) for m in found.months]
    assert max(switched) <= most
    assert min(switched) >= least
    assert sorted(b for m in found.months for b in m.switched) == sorted(
        b for b in plan.bundles if b.office_ids
    )


# --- by hand ----------------------------------------------------------------------------------


def test_what_frees_most_comes_first_and_the_figures_add_up() -> None:
    alerts = np.repeat([100.0, 1500.0, 200.0], 6)[:, None] * [0.3, 0.7]
    county = toy_county(n_stations=6, cells={"alerts_per_year": alerts})
    policy, plan = rules(), pairs_of(county)
    joint = [b for b in plan.bundles if b.office_ids]
    each = {b.centre_id: freed_of(county, policy, b) for b in joint}
    assert len(set(each.values())) > 1
    found = rollout(county, policy, plan, months=3)
    order = [next(iter(m)) for m in months_of(found)]
    assert [round(each[c], 6) for c in order] == sorted((round(v, 6) for v in each.values()),
                                                       reverse=True)  # fmt: skip
    freed = [m.officers_freed for m in found.months]
    assert freed == pytest.approx(np.cumsum([each[c] for c in order]))
    assert freed[-1] == pytest.approx(evaluate(county, policy, plan).officers_freed)
    late = sum(freed[-1] - f for f in freed)
    assert found.proof.objective == pytest.approx(late, abs=1e-3)
    assert found.months[-1].plan == plan
    assert [m.month for m in found.months] == [1, 2, 3]
    for month in found.months:
        assert violations(county, interim_policy(policy), month.plan) == ()


def test_who_gives_officers_goes_before_who_takes_them() -> None:
    county = toy_county(n_stations=4)
    policy = rules()
    to_first = rollout(county, policy, pairs_of(county, ("s03", "s01", 4)), months=2)
    assert months_of(to_first) == [{"s03"}, {"s01"}]
    assert [m.officers_waiting for m in to_first.months] == [4, 0]
    to_second = rollout(county, policy, pairs_of(county, ("s01", "s03", 4)), months=2)
    assert months_of(to_second) == [{"s01"}, {"s03"}]
    at_once = rollout(county, policy, pairs_of(county, ("s03", "s01", 4)), months=1)
    assert months_of(at_once) == [{"s01", "s03"}]


def test_officers_of_units_that_stay_are_there_from_the_start() -> None:
    county = toy_county(n_stations=4, n_units=1)
    fewer = np.repeat([2000.0, 400.0], 6)[:, None] * [0.3, 0.7]
    county = replace(county, cells=replace(county.cells, alerts_per_year=fewer))
    plan = pairs_of(county, ("u1", "s01", 3), ("s03", "s01", 2))
    of_unit = pairs_of(county, ("u1", "s01", 3))
    policy = rules()
    assert len(months_of(rollout(county, policy, of_unit, months=2))) == 2
    # With two more from s03 the first bundle has to wait for it, or to go with it.
    assert months_of(rollout(county, policy, plan, months=2, per_month=1))[0] == {"s03"}


def test_no_month_is_empty_while_there_are_bundles_for_it() -> None:
    county = toy_county(n_stations=8)
    found = rollout(county, rules(), pairs_of(county), months=3)
    assert sorted(len(m) for m in months_of(found)) == [1, 1, 2]
    assert (found.least_in_month, found.most_in_month) == (1, 2)
    asked = rollout(county, rules(), pairs_of(county), months=3, per_month=3)
    assert min(len(m) for m in months_of(asked)) == 1


def test_months_without_a_switch_are_at_the_end() -> None:
    county = toy_county(n_stations=4)
    found = rollout(county, rules(), pairs_of(county), months=4, per_month=1)
    assert [len(m) for m in months_of(found)] == [1, 1, 0, 0]


def test_a_rule_that_the_state_breaks_names_the_bundle() -> None:
    """The plan was made under other rules: one of its bundles is too far under these."""
    county = toy_county(n_stations=4)
    plan = pairs_of(county)
    far = np.array(county.station_time_min)
    far[2, 3] = far[3, 2] = 70.0
    county = replace(county, station_time_min=far)
    found = rollout(county, rules(), plan, months=2)
    assert found.proof.status is Status.INFEASIBLE
    assert found.months == ()
    [blocked] = found.blocked
    assert blocked.bundle.centre_id == "s03"
    assert {v.rule for v in blocked.broken} == {"bundling.max_office_travel_min"}
    assert found.proof.clashing_rules == ("bundling.max_office_travel_min",)


def test_what_the_finished_plan_alone_must_keep_is_not_asked_before() -> None:
    county = toy_county(n_stations=4)
    policy = rules(
        bundling={
            "max_office_travel_min": 60,
            "centres": 2,
            "stations_bundled": 4,
            "min_officers_freed": 1.0,
            "locks": {"together": [["s03", "s04"]], "fix": {"s01": ["s02"]}},
            "changes": {"max_stations": 2},
        }
    )
    assert len(rollout(county, policy, pairs_of(county), months=2).months) == 2


def test_a_whole_run_with_squads_and_moves() -> None:
    county = random_county(3, 8, n_urban=1, n_squads=2, n_units=2, cells_per_station=2)
    policy = Policy.model_validate(
        {"traffic": {"dissolve_squads": True, "max_accident_travel_min": 120.0}}
    )
    plan = consolidate(county, policy).plan
    assert plan is not None
    joint = [b for b in plan.bundles if b.office_ids]
    assert len(joint) >= 2
    found = rollout(county, policy, plan, months=len(joint))
    assert found.proof.status is Status.OPTIMAL
    for month in found.months[:-1]:
        assert violations(county, interim_policy(policy), month.plan) == ()
        assert month.plan.dissolved_squad_ids == ()
    assert found.months[-1].plan == plan


def test_too_few_months_and_no_bundles() -> None:
    county = toy_county(n_stations=6)
    with pytest.raises(InputError, match="at least 3 months, or 2 bundles a month"):
        rollout(county, rules(), pairs_of(county), months=2, per_month=1)
    with pytest.raises(InputError, match="at least one bundle"):
        rollout(county, rules(), current_plan(county), months=2)


def test_out_of_time_is_not_called_impossible() -> None:
    county = toy_county(n_stations=6)
    hurried = rules(solver={"time_limit_s": 1e-9})
    found = rollout(county, hurried, pairs_of(county), months=3)
    assert found.proof.status in (Status.UNKNOWN, Status.FEASIBLE, Status.OPTIMAL)
    assert found.blocked == ()
