from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from optimizer import diagnosis, question
from optimizer.bundling import bundle, lock_problems
from optimizer.columns import COLUMN_RULES
from optimizer.county import County
from optimizer.policy import Policy
from optimizer.question import PLAN_RULES
from optimizer.result import Proof, Relaxation, Status
from tests.test_bundling import brute_force, random_case
from tests.test_columns import policy
from tests.toy import toy_county


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
    assert [r.present_text() for r in found] == ["s01", "s02"]


EVERY = frozenset((*COLUMN_RULES, *PLAN_RULES))
NO_STATIONS: dict[str, tuple[str, Any]] = {
    "stations.can_bundle": ("can_bundle", True),
    "stations.can_host": ("can_host", True),
    "stations.max_officers": ("max_officers", np.inf),
}
NO_RULE: dict[str, Any] = {
    "bundling.max_bundle_size": 5,
    "bundling.rural_only": False,
    "bundling.max_office_travel_min": 1e6,
    "response.farthest_min": 1e6,
    "response.share_within_fraction": 0.0,
    "bundling.centres": None,
    "bundling.stations_bundled": None,
    "bundling.min_officers_freed": None,
    "bundling.changes.max_stations": None,
    "bundling.locks.fix": {},
}


def with_value(rules: Policy, key: str, value: Any) -> Policy:
    values = rules.model_dump(mode="json")
    *sections, name = key.split(".")
    part = values
    for section in sections:
        part = part[section]
    part[name] = value
    return Policy.model_validate(values)


def with_column(county: County, name: str, rows: dict[int, Any]) -> County:
    column = getattr(county.stations, name).copy()
    for row, value in rows.items():
        column[row] = value
    return replace(county, stations=replace(county.stations, **{name: column}))


def all_near(county: County) -> County:
    pairs = np.array(list(itertools.combinations(range(len(county.stations)), 2)))
    return replace(county, station_adjacency=pairs)


def without(county: County, rules: Policy, dropped: Iterable[str]) -> tuple[County, Policy]:
    """The county and the policy with rules written out of them."""
    for rule in dropped:
        if rule == "adjacency":
            county = all_near(county)
        elif rule in NO_STATIONS:
            name, value = NO_STATIONS[rule]
            county = with_column(county, name, dict.fromkeys(range(len(county.stations)), value))
        elif rule in NO_RULE:
            rules = with_value(rules, rule, NO_RULE[rule])
        else:
            rules = with_value(rules, rule, None if rule.startswith("equity.") else [])
    return county, rules


def plan_exists(county: County, rules: Policy, dropped: Iterable[str] = ()) -> bool:
    """By trying every partition, with each rule asked in plain Python."""
    return brute_force(*without(county, rules, dropped)).key is not None


def changed(county: County, rules: Policy, change: Relaxation) -> tuple[County, Policy]:
    """The county and the policy with one relaxation taken up as it is told."""
    rule, present, needed = change.rule, change.present_text(), change.needed_text()
    if rule == "adjacency":
        return all_near(county), rules  # at least what is told
    row = county.stations.index()
    if rule in NO_STATIONS:
        name = NO_STATIONS[rule][0]
        told = dict(part.split(": ") for part in needed.split(", "))
        values = {row[s]: True if v == "yes" else float(v) for s, v in told.items()}
        return with_column(county, name, values), rules
    if ".locks." in rule:
        if present.endswith(" locks"):
            return county, with_value(rules, rule, [])
        entries = getattr(rules.bundling.locks, rule.rsplit(".", 1)[1])
        kept = [e for e in entries if (e if isinstance(e, str) else "+".join(e)) != present]
        assert len(kept) == len(entries) - 1
        return county, with_value(rules, rule, kept)
    said = {"true": True, "false": False, "dropped": None}
    return county, with_value(rules, rule, said[needed] if needed in said else float(needed))


STEPS = {
    "bundling.max_office_travel_min": 0.1,
    "response.farthest_min": 0.1,
    "response.share_within_fraction": -0.001,
    "bundling.min_officers_freed": -0.1,
    "bundling.max_bundle_size": 1,
}


def smaller(change: Relaxation) -> Relaxation | None:
    """The change with its number one step nearer to the present one; None where it has none."""
    if change.rule not in STEPS or change.needed == "dropped":
        return None
    return replace(change, needed=f"{float(change.needed) - STEPS[change.rule]:.4f}")


def infeasible_cases(seeds: Iterable[int]) -> Iterator[tuple[County, Policy, Proof]]:
    for seed in seeds:
        county, rules = random_case(seed)
        n = len(county.stations)
        if not 4 <= n <= 6:
            continue
        asked: tuple[dict[str, Any], ...] = (
            {"bundling.centres": 2, "bundling.max_office_travel_min": 9},
            {"bundling.stations_bundled": n, "bundling.max_bundle_size": 2},
            {"bundling.centres": n // 2, "response.share_within_fraction": 0.97},
            {"bundling.min_officers_freed": 40, "response.farthest_min": 25},
        )
        for key, value in asked[seed % len(asked)].items():
            rules = with_value(rules, key, value)
        if lock_problems(county, rules):
            continue
        bundles, proof = bundle(county, rules)
        if bundles is None:
            yield county, rules, proof


def test_the_clash_is_irreducible_and_every_way_out_works() -> None:
    """Against every partition, in county and policy changed as the planner would change them."""
    tried: dict[str, int] = {}
    least = singles = doubles = 0
    for county, rules, proof in infeasible_cases(range(50)):
        assert "not examined" not in proof.method
        assert not plan_exists(county, rules)
        clash = frozenset(proof.clashing_rules)
        assert not plan_exists(county, rules, EVERY - clash)
        for rule in clash:
            assert plan_exists(county, rules, (EVERY - clash) | {rule}), (rule, proof)
        for change in proof.relaxations:
            singles += 1
            tried[change.rule] = tried.get(change.rule, 0) + 1
            assert plan_exists(*changed(county, rules, change)), change
            less = smaller(change)
            if less is not None and less.needed != f"{float(less.present):.4f}":
                assert not plan_exists(*changed(county, rules, less)), change
        told = {change.rule for change in proof.relaxations}
        for rule in EVERY - told:
            assert not plan_exists(county, rules, {rule}), (rule, proof)
        if proof.relaxations:
            assert proof.joint_relaxations == ()
            continue
        for first, second in proof.joint_relaxations:
            doubles += 1
            assert {first.rule, second.rule} & clash
            assert plan_exists(*changed(*changed(county, rules, first), second))
            # Neither number of the pair may be smaller while the other stays.
            for one, other in ((first, second), (second, first)):
                less = smaller(one)
                if less is not None and less.needed != f"{float(less.present):.4f}":
                    least += 1
                    assert not plan_exists(*changed(*changed(county, rules, less), other))
        if not proof.joint_relaxations:
            for pair in itertools.combinations(sorted(EVERY), 2):
                assert not plan_exists(county, rules, pair), pair
    assert singles > 10
    assert doubles > 10
    assert least > 5
    assert len(tried) >= 4, tried


def test_too_many_sets_to_examine_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(question, "MOST_SETS", 4)
    proof = infeasible(toy_county(), bundling={"centres": 1, "max_office_travel_min": 10})
    assert "adjacency" in proof.clashing_rules
    assert "adjacency" in proof.method
    monkeypatch.setattr(question, "MOST_SETS", 6)
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
