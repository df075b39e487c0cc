"""Bundles and road duty in one solve, against every bundling with its best road duty."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from functools import cache
from typing import Any

import numpy as np
import pytest

import optimizer.joint_traffic as joint_traffic
from optimizer.consolidation import consolidate
from optimizer.county import County
from optimizer.evaluation import evaluate
from optimizer.feasibility import keeps_bundling_rules, violations
from optimizer.joint_model import TooManyGroupsError
from optimizer.joint_traffic import bundle_with_roads
from optimizer.plan import Bundle, Plan, current_plan
from optimizer.policy import Policy
from optimizer.result import Status
from optimizer.traffic import hand_over
from tests.test_road_classes import with_roads
from tests.test_traffic import measured
from tests.toy import random_county

WORK = {"categories": {"traffic": {"is_road_traffic": True}}}


def policy(price_per_km: float, bundles: dict[str, Any] | None = None, **rules: Any) -> Policy:
    return Policy.model_validate(
        {
            "workload": WORK,
            "bundling": {"max_office_travel_min": 60, **(bundles or {})},
            "response": {"share_within_fraction": 0.6, "farthest_min": 120},
            "traffic": {
                "dissolve_squads": True,
                "joint_price_per_km": price_per_km,
                "max_accident_travel_min": 60,
                **rules,
            },
        }
    )


def partitions(ids: tuple[str, ...], most: int) -> Iterator[tuple[tuple[str, ...], ...]]:
    """Every way to put the stations into sets of so many at the most."""
    if not ids:
        yield ()
        return
    first, rest = ids[0], ids[1:]
    for size in range(most):
        for others in itertools.combinations(rest, size):
            left = tuple(s for s in rest if s not in others)
            for more in partitions(left, most):
                yield ((first, *others), *more)


def bundlings(county: County, rules: Policy) -> list[tuple[Bundle, ...]]:
    """Every bundling that keeps the rules, by the judge."""
    found = [
        tuple(
            sorted(Bundle(centre_id=h, station_ids=g) for h, g in zip(hosts, groups, strict=True))
        )
        for groups in partitions(county.stations.station_id, rules.bundling.max_bundle_size)
        for hosts in itertools.product(*groups)
    ]
    wanted = rules.bundling.centres
    found = [b for b in found if wanted in (None, sum(len(x.station_ids) > 1 for x in b))]
    kept = keeps_bundling_rules(county, rules, found)
    return [b for b, ok in zip(found, kept, strict=True) if ok]


def best_of_all(county: County, rules: Policy) -> float | None:
    """The least joint goal over every bundling, its price by the judge."""
    per_km = rules.traffic.joint_price_per_km
    leave_km = rules.traffic.leave_area_price_km or 0.0
    today = current_plan(county).bundles
    nothing = evaluate(county, rules, Plan(bundles=today)).objective

    @cache
    def saved(bundle: Bundle) -> float:
        """Prices add up over bundles."""
        others = [b for b in today if b.centre_id not in bundle.station_ids]
        plan = Plan(bundles=tuple(sorted([bundle, *others])))
        return evaluate(county, rules, plan).objective - nothing

    every = [(nothing + sum(map(saved, b)), b) for b in bundlings(county, rules)]
    best = None
    for price, bundles in sorted(every):
        if best is not None and price >= best:
            break
        roads, _proof = hand_over(county, rules, bundles)
        if roads is not None:
            load_km, leavers, _handed = measured(county, bundles, roads)
            goal = price + per_km * (load_km + leave_km * leavers)
            best = goal if best is None else min(best, goal)
    return best


PAIRS = {"centres": 2, "max_bundle_size": 2}
CASES: tuple[tuple[int, int, float, dict[str, Any], dict[str, Any]], ...] = (
    (3, 6, 2.0, PAIRS, {"duty_stations": 3}),
    (1, 4, 0.5, {}, {}),
    (3, 5, 0.3, {"centres": 1}, {"leave_area_price_km": 2.0}),
    (
        4,
        5,
        1.0,
        {"max_bundle_size": 2},
        {"accidents_within_fraction": 0.7, "accident_limit_min": 20.0},
    ),
    (7, 4, 1.0, {"max_bundle_size": 2}, {"duty_stations": 4, "min_officers_per_duty_station": 2}),
)


@pytest.mark.parametrize(("seed", "stations", "price", "bundles", "rules"), CASES)
def test_equals_every_bundling(
    seed: int,
    stations: int,
    price: float,
    bundles: dict[str, Any],
    rules: dict[str, Any],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    county = random_county(seed, stations, n_urban=0, n_squads=2, squad_officers=4)
    asked = policy(price, bundles, **rules)
    best = best_of_all(county, asked)
    for most in (joint_traffic.MOST_LISTED, -1):  # bundling by bundling, and by the model
        monkeypatch.setattr(joint_traffic, "MOST_LISTED", most)
        found = bundle_with_roads(county, asked)
        if best is None:
            assert found.best is None
            assert found.proof.status is Status.INFEASIBLE
            continue
        check(found, best)


def check(found: joint_traffic.Joint, best: float) -> None:
    assert found.best is not None
    assert found.proof.status is Status.OPTIMAL
    assert found.best.objective == pytest.approx(best, abs=2e-5)  # prices are whole 1e-6 officers
    assert found.proof.objective == pytest.approx(found.best.objective)
    assert found.two_step is None or found.two_step.objective >= found.best.objective


@cache
def two_steps_and_one() -> tuple[County, Policy, joint_traffic.Joint]:
    county = random_county(3, 6, n_urban=0, n_squads=2, squad_officers=4)
    asked = policy(2.0, PAIRS, duty_stations=3, joint=True)
    return county, asked, bundle_with_roads(county, asked)


def test_road_duty_can_change_the_bundles() -> None:
    _county, _asked, found = two_steps_and_one()
    assert found.best is not None
    assert found.two_step is not None
    assert found.best.bundles != found.two_step.bundles
    assert found.best.objective < found.two_step.objective
    assert found.best.price > found.two_step.price, "bundles first takes the cheapest"
    assert found.best.load_km < found.two_step.load_km


def test_a_price_of_nothing_is_the_two_step_answer() -> None:
    county = random_county(2, 5, n_urban=0, n_squads=2, squad_officers=3)
    found = bundle_with_roads(county, policy(0.0))
    assert found.best == found.two_step
    assert found.proof.status is Status.OPTIMAL


def test_the_chain_takes_the_joint_bundles() -> None:
    county, asked, found = two_steps_and_one()
    result = consolidate(county, asked)
    assert result.plan is not None
    assert found.best is not None
    assert result.plan.bundles == found.best.bundles
    assert result.plan.road_duties == found.best.roads.road_duties
    assert result.proofs[0].objective == pytest.approx(found.best.objective)
    assert "one solve" in result.proofs[0].method
    assert not violations(county, asked, result.plan)


def test_a_model_too_large_is_feasible_with_a_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    def too_many(*_: object) -> None:
        raise TooManyGroupsError

    monkeypatch.setattr(joint_traffic, "MOST_LISTED", -1)
    monkeypatch.setattr(joint_traffic, "cheapest", too_many)
    county, asked, _found = two_steps_and_one()
    found = bundle_with_roads(county, asked)
    assert found.best == found.two_step
    assert found.proof.status is Status.FEASIBLE
    assert found.best is not None
    assert found.proof.bound is not None
    assert found.proof.bound < found.best.objective


def test_impossible_road_duty_is_said() -> None:
    county = random_county(2, 5, n_urban=0, n_squads=2, squad_officers=1)
    found = bundle_with_roads(county, policy(1.0, min_officers_per_duty_station=3))
    assert found.best is None
    assert found.proof.status is Status.INFEASIBLE
    assert "traffic.min_officers_per_duty_station" in found.proof.clashing_rules


def test_bundles_that_only_road_duty_allows() -> None:
    # The cheapest bundles leave fewer centres than the duty stations asked for.
    county = random_county(1, 5, n_urban=0, n_squads=2, squad_officers=4)
    found = bundle_with_roads(county, policy(1.0, duty_stations=4))
    assert found.two_step is None
    assert found.best is not None
    assert len(found.best.bundles) == 4


def test_coverage_counts_in_the_joint_model(monkeypatch: pytest.MonkeyPatch) -> None:
    county = random_county(3, 5, n_urban=0, n_squads=2, squad_officers=4)
    county = with_roads(county, [])
    limit = float(np.quantile(county.station_time_min, 0.3))
    asked = policy(0.5, {"max_bundle_size": 2}, min_checkpoint_coverage=0.8, coverage_min=limit)
    best = best_of_all(county, asked)
    assert best is not None
    free = best_of_all(county, policy(0.5, {"max_bundle_size": 2}))
    assert free is not None
    assert best > free + 1e-3, "the rule costs something here"
    for most in (joint_traffic.MOST_LISTED, -1):
        monkeypatch.setattr(joint_traffic, "MOST_LISTED", most)
        check(bundle_with_roads(county, asked), best)


def test_roads_by_class_are_joint_or_honest(monkeypatch: pytest.MonkeyPatch) -> None:
    county = random_county(1, 4, n_urban=0, n_squads=2, squad_officers=3)
    asked = policy(0.5, {"max_bundle_size": 2}, split_by_class=True)
    best = best_of_all(county, asked)
    assert best is not None
    found = bundle_with_roads(county, asked)
    assert found.best is not None
    if found.proof.status is Status.OPTIMAL:
        check(found, best)
    monkeypatch.setattr(joint_traffic, "MOST_LISTED", -1)
    found = bundle_with_roads(county, asked)
    assert found.best == found.two_step
    assert found.proof.bound is not None
    assert found.proof.bound <= best + 2e-5
