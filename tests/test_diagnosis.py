from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from optimizer import diagnosis
from optimizer.bundling import bundle
from optimizer.columns import COLUMN_RULES
from optimizer.county import County
from optimizer.diagnosis import PLAN_RULES
from optimizer.policy import Policy
from optimizer.result import Proof, Relaxation, Status
from tests.test_columns import policy
from tests.toy import random_county, toy_county


def infeasible(county: County, **parts: Any) -> Proof:
    bundles, proof = bundle(county, policy(**parts))
    assert bundles is None
    assert proof.status is Status.INFEASIBLE
    return proof


def said(proof: Proof) -> dict[str, tuple[str, str]]:
    return {r.rule: (r.present_text(), r.needed_text()) for r in proof.relaxations}


def test_travel_against_a_count() -> None:
    # Neighbours are 12 minutes apart.
    proof = infeasible(toy_county(), bundling={"centres": 1, "max_office_travel_min": 10})
    assert proof.clashing_rules == ("bundling.max_office_travel_min", "bundling.centres")
    assert said(proof) == {
        "bundling.max_office_travel_min": ("10", "12"),
        "bundling.centres": ("1", "0"),
    }


def test_numbers_are_rounded_outward() -> None:
    # 6.123 km at 30 km/h: 12.246 minutes; 12.2 would still be infeasible.
    county = toy_county(spacing_km=6.123)
    proof = infeasible(county, bundling={"centres": 1, "max_office_travel_min": 10})
    assert said(proof)["bundling.max_office_travel_min"] == ("10", "12.3")


def test_farthest_cell_against_a_count() -> None:
    # Turn-out 2, seat 12, far cell 4 minutes.
    proof = infeasible(toy_county(), bundling={"centres": 1}, response={"farthest_min": 15})
    assert proof.clashing_rules == ("response.farthest_min", "bundling.centres")
    assert said(proof)["response.farthest_min"] == ("15", "18")


def test_share_within_against_a_count() -> None:
    # Within 12 minutes from s01: its own three cells and the nearest of s02's three.
    proof = infeasible(toy_county(), bundling={"centres": 1}, response={"rural_min": 12})
    assert proof.clashing_rules == ("response.share_within_fraction", "bundling.centres")
    assert said(proof)["response.share_within_fraction"] == ("0.9", "0.666")


def test_room_in_the_building_against_a_count() -> None:
    # A pair needs 12.098 officers at its centre.
    county = toy_county(stations={"max_officers": np.array([5.0, 6.0, 11.5, 5.0])})
    proof = infeasible(county, bundling={"centres": 1})
    assert proof.clashing_rules == ("stations.max_officers", "bundling.centres")
    assert said(proof)["stations.max_officers"] == ("s03: 11.5", "s03: 13")


def test_town_stations_against_a_lock() -> None:
    proof = infeasible(
        toy_county(n_urban=1),
        bundling={"locks": {"together": [["s01", "s02"]]}},
        response={"urban_min": 30},
    )
    assert proof.clashing_rules == ("bundling.rural_only", "bundling.locks.together")
    assert said(proof) == {
        "bundling.rural_only": ("true", "false"),
        "bundling.locks.together": ("s01+s02", "dropped"),
    }


def test_stations_that_may_not_bundle_or_host() -> None:
    barred = toy_county(stations={"can_bundle": np.array([0, 1, 0, 0], bool)})
    proof = infeasible(barred, bundling={"centres": 1})
    assert proof.clashing_rules == ("stations.can_bundle", "bundling.centres")
    present, needed = said(proof)["stations.can_bundle"]
    assert (present, needed) in [("s01: no", "s01: yes"), ("s03: no", "s03: yes")]

    none = toy_county(n_stations=2, stations={"can_host": np.zeros(2, bool)})
    proof = infeasible(none, bundling={"centres": 1})
    assert proof.clashing_rules == ("stations.can_host", "bundling.centres")
    assert said(proof)["stations.can_host"] in [("s01: no", "s01: yes"), ("s02: no", "s02: yes")]


def test_the_map_and_the_size_against_a_lock() -> None:
    # s01 and s04 are 18 minutes apart: only neighbourhood and size keep them from being one.
    proof = infeasible(
        toy_county(spacing_km=3.0), bundling={"locks": {"together": [["s01", "s04"]]}}
    )
    assert proof.clashing_rules == (
        "adjacency", "bundling.max_bundle_size", "bundling.locks.together",
    )  # fmt: skip
    assert said(proof) == {
        "adjacency": ("neighbours only", "dropped for s01+s04"),
        "bundling.max_bundle_size": ("3", "4"),
        "bundling.locks.together": ("s01+s04", "dropped"),
    }


def test_size_against_a_count_of_stations() -> None:
    proof = infeasible(
        toy_county(n_stations=3), bundling={"max_bundle_size": 2, "stations_bundled": 3}
    )
    assert proof.clashing_rules == ("bundling.max_bundle_size", "bundling.stations_bundled")
    assert said(proof) == {
        "bundling.max_bundle_size": ("2", "3"),
        "bundling.stations_bundled": ("3", "2"),
    }


def test_more_centres_than_stations_allow() -> None:
    proof = infeasible(toy_county(), bundling={"centres": 3})
    assert proof.clashing_rules == ("bundling.centres",)
    assert said(proof) == {"bundling.centres": ("3", "2")}


def test_more_officers_than_bundling_can_free() -> None:
    # Two pairs free 2 x (3.5 x 3 - 40/48) = 19.33; rounded down, or it would not be reached.
    proof = infeasible(toy_county(), bundling={"max_bundle_size": 3, "min_officers_freed": 30})
    assert proof.clashing_rules == ("bundling.min_officers_freed",)
    assert said(proof) == {"bundling.min_officers_freed": ("30", "19.3")}


def test_no_bundle_frees_less_than_nothing() -> None:
    # A lock forces a bundle that costs more than it frees: no limit of 0 or more is possible.
    proof = infeasible(
        toy_county(n_stations=2),
        crews={"window_officers": 30},
        bundling={"min_officers_freed": 0, "locks": {"together": [["s01", "s02"]]}},
    )
    assert set(proof.clashing_rules) == {
        "bundling.locks.together", "bundling.min_officers_freed",
    }  # fmt: skip
    assert said(proof)["bundling.min_officers_freed"] == ("0", "dropped")


def test_each_lock_that_alone_stands_in_the_way() -> None:
    # Any two neighbours would do: freeing s03 alone is enough, freeing s01 or s02 as well.
    bundling = {"centres": 2, "locks": {"keep": ["s01"], "apart": [["s02", "s03"]]}}
    proof = infeasible(toy_county(), bundling=bundling)
    assert said(proof)["bundling.locks.keep"] == ("s01", "dropped")
    # With two stations kept neither alone is enough.
    proof = infeasible(toy_county(n_stations=2), bundling={
        "centres": 1, "locks": {"keep": ["s01", "s02"]}})  # fmt: skip
    assert proof.clashing_rules == ("bundling.locks.keep", "bundling.centres")
    assert said(proof)["bundling.locks.keep"] == ("2 locks", "dropped")


def test_apart_and_host_locks() -> None:
    bundling: dict[str, Any] = {"centres": 1, "locks": {"apart": [["s01", "s02"]]}}
    proof = infeasible(toy_county(n_stations=2), bundling=bundling)
    assert proof.clashing_rules == ("bundling.locks.apart", "bundling.centres")
    assert said(proof)["bundling.locks.apart"] == ("s01+s02", "dropped")
    bundling = {"centres": 1, "locks": {"host": ["s01", "s02"]}}
    proof = infeasible(toy_county(n_stations=2), bundling=bundling)
    assert proof.clashing_rules == ("bundling.locks.host", "bundling.centres")
    found = [r for r in proof.relaxations if r.rule == "bundling.locks.host"]
    assert [r.present for r in found] == ["s01", "s02"]


def relaxed(rules: Policy, change: Relaxation) -> Policy | None:
    """The policy with one relaxation taken up; None where it is one of the county's data."""
    if change.needed == "dropped" or change.rule.startswith("stations") or "for" in change.needed:
        return None
    section, key = change.rule.split(".")
    values = rules.model_dump(mode="json")
    values[section][key] = {"true": True, "false": False}.get(change.needed, change.needed)
    return Policy.model_validate(values)


def test_every_relaxation_works_and_a_smaller_one_does_not() -> None:
    steps = {
        "bundling.max_office_travel_min": 0.1,
        "response.farthest_min": 0.1,
        "response.share_within_fraction": -0.001,
        "bundling.min_officers_freed": -0.1,
    }
    tried: dict[str, int] = {}
    for seed in range(8):
        county = random_county(seed, 7, n_urban=1)
        rules = policy(
            bundling={"centres": 2, "max_office_travel_min": 9, "max_bundle_size": 2},
            response={"share_within_fraction": 0.97, "rural_min": 14, "farthest_min": 25},
        )
        bundles, proof = bundle(county, rules)
        if bundles is not None:
            continue
        for change in proof.relaxations:
            other = relaxed(rules, change)
            if other is None:
                continue
            assert bundle(county, other)[0] is not None, (seed, change)
            tried[change.rule] = tried.get(change.rule, 0) + 1
            if change.rule in steps:
                less = Relaxation(
                    rule=change.rule,
                    present=change.present,
                    needed=f"{float(change.needed) - steps[change.rule]:.4f}",
                )
                tighter = relaxed(rules, less)
                assert tighter is not None
                assert bundle(county, tighter)[0] is None, (seed, change)
    assert tried.get("bundling.centres", 0) > 2
    assert len(tried) >= 3


def test_the_clash_is_minimal_and_real() -> None:
    """Only the clashing rules: still no plan. Any one of them left out: a plan."""
    from optimizer.diagnosis import _Asked  # the question as the filter asks it
    from optimizer.solver import Limits
    from optimizer.workload import demand_of

    every = frozenset((*COLUMN_RULES, *PLAN_RULES))
    found = 0
    for seed in range(4):
        county = random_county(seed, 6, n_urban=1)
        locks = {"keep": ["s04"], "host": ["s05"], "apart": [["s02", "s03"]]}
        rules = policy(
            bundling={"centres": 2, "max_office_travel_min": 9, "locks": locks},
            response={"rural_min": 14},
        )
        bundles, proof = bundle(county, rules)
        if bundles is not None:
            continue
        found += 1
        asked = _Asked(county, rules, demand_of(county, rules), Limits(), float("inf"))
        clash = frozenset(proof.clashing_rules)
        assert asked.without(every - clash) is False
        for rule in clash:
            assert asked.without((every - clash) | {rule}) is True
    assert found >= 2


def test_too_many_sets_to_examine_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(diagnosis, "MOST_SETS", 4)
    proof = infeasible(toy_county(), bundling={"centres": 1, "max_office_travel_min": 10})
    assert "adjacency" in proof.clashing_rules
    assert "adjacency" in proof.method
    monkeypatch.setattr(diagnosis, "MOST_SETS", 6)
    proof = infeasible(toy_county(n_stations=5), bundling={"centres": 3, "max_bundle_size": 2})
    assert "up to 3 stations" in proof.method or "bundling.max_bundle_size" in proof.method


def test_out_of_time_says_what_is_known() -> None:
    from optimizer.solver import Limits
    from optimizer.workload import demand_of

    county = toy_county()
    rules = policy(bundling={"centres": 1, "max_office_travel_min": 10})
    known = diagnosis.diagnose(county, rules, demand_of(county, rules), Limits(time_limit_s=0.0))
    # Nothing could be ruled out, and nothing is claimed.
    assert {"bundling.max_office_travel_min", "bundling.centres"} <= set(known.clashing_rules)
    assert known.relaxations == ()
    assert "time" in known.method
