"""Fixed bundles, barriers and changes from a plan: against every partition of tiny counties."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from optimizer.bundling import bundle, lock_problems
from optimizer.columns import UNITS_PER_OFFICER, priced_columns
from optimizer.county import County
from optimizer.errors import InputError
from optimizer.evaluation import evaluate
from optimizer.feasibility import keeps_bundling_rules, violations
from optimizer.plan import Bundle, Plan, current_plan
from optimizer.policy import Policy
from optimizer.result import Proof, Status
from optimizer.steering_rules import hold_together, open_pairs, parted_pairs
from tests.test_bundling import partitions
from tests.toy import random_county, toy_county


def rules(**bundling: Any) -> Policy:
    return Policy.model_validate(
        {
            "bundling": {"max_office_travel_min": 60, "max_bundle_size": 3, **bundling},
            "response": {"share_within_fraction": 0.5, "farthest_min": 90},
        }
    )


def line(n: int = 4, **parts: Any) -> County:
    return toy_county(n_stations=n, **parts)


def found(county: County, policy: Policy) -> dict[str, tuple[str, ...]]:
    bundles, proof = bundle(county, policy)
    assert proof.status is Status.OPTIMAL
    assert bundles is not None
    assert keeps_bundling_rules(county, policy, [bundles]) == [True]
    return {b.centre_id: b.station_ids for b in bundles}


def refused(county: County, policy: Policy) -> Proof:
    bundles, proof = bundle(county, policy)
    assert bundles is None
    assert proof.status is Status.INFEASIBLE
    return proof


def broken(county: County, policy: Policy, bundles: Mapping[str, tuple[str, ...]]) -> set[str]:
    """Steering rules that a plan of these bundles breaks."""
    plan = replace(
        current_plan(county),
        bundles=tuple(sorted(Bundle(centre_id=c, station_ids=s) for c, s in bundles.items())),
    )
    names = {v.rule for v in violations(county, policy, plan)}
    return names & {
        "bundling.locks.fix", "bundling.barriers", "bundling.changes.max_stations", "adjacency",
    }  # fmt: skip


def alone(county: County, *but: str) -> dict[str, tuple[str, ...]]:
    return {s: (s,) for s in county.stations.station_id if s not in but}


# --- brute force --------------------------------------------------------------------------------


def cheapest(county: County, policy: Policy) -> int | None:
    """Price in units of the best plan, every partition and every host tried in plain Python."""
    steering, ids = policy.bundling, county.stations.station_id
    plain = steering.model_copy(
        update={
            "locks": type(steering.locks)(),
            "changes": type(steering.changes)(),
            "barriers": (),
        }
    )
    unsteered = policy.model_copy(update={"bundling": plain})
    bare = replace(county, severed_cells=np.zeros((0, 2), np.int64))
    columns = priced_columns(bare, unsteered)
    price: dict[tuple[int, ...], dict[int, int]] = {}
    for i in range(len(columns)):
        members = tuple(sorted(columns.members[i, : columns.size[i]].tolist()))
        price.setdefault(members, {})[int(columns.host[i])] = int(columns.price_units[i])
    severed = {tuple(p) for p in county.severed_cells.tolist()}
    between: dict[frozenset[int], set[bool]] = {}
    for a, b in county.cell_adjacency.tolist():
        ends = frozenset((int(county.cells.station[a]), int(county.cells.station[b])))
        between.setdefault(ends, set()).add((a, b) in severed)
    shut = {frozenset(ids.index(s) for s in pair) for pair in steering.barriers}
    shut |= {ends for ends, kinds in between.items() if kinds == {True}}
    near = county.neighbours()

    def linked(members: tuple[int, ...]) -> bool:
        reached, todo = {members[0]}, [members[0]]
        while todo:
            at = todo.pop()
            for other in set(members) & near[at] - reached:
                if frozenset((at, other)) not in shut:
                    reached.add(other)
                    todo.append(other)
        return reached == set(members)

    fixed = {
        (frozenset({c, *m}), c)
        for c, m in steering.locks.fix.items()
        if not {c, *m} & set(steering.locks.free)
    }
    before = steering.changes.from_centres
    best: int | None = None
    for parts in partitions(tuple(range(len(ids)))):
        if not all(p in price and linked(p) for p in parts):
            continue
        for hosts in itertools.product(*(price[p] for p in parts)):
            chosen = list(zip(parts, hosts, strict=True))
            named = {(frozenset(ids[s] for s in p), ids[h]) for p, h in chosen}
            if not fixed <= named:
                continue
            changed = sum(before.get(ids[s], ids[s]) != ids[h] for p, h in chosen for s in p)
            if changed > (steering.changes.max_stations or 0) and (
                steering.changes.max_stations is not None
            ):
                continue
            each = round(steering.changes.price_per_station * UNITS_PER_OFFICER)
            total = sum(price[p][h] for p, h in chosen) + each * changed
            best = total if best is None else min(best, total)
    return best


def steered(seed: int) -> tuple[County, Policy]:
    """A random county with two fixed bundles, barriers both ways and a plan to start from."""
    rng = np.random.default_rng(seed)
    county = random_county(seed, int(rng.integers(4, 7)), cells_per_station=2, n_urban=0)
    ids = list(county.stations.station_id)
    adjacency = county.station_adjacency
    assert adjacency is not None
    pairs = adjacency.tolist()
    cut = [pairs[i] for i in rng.permutation(len(pairs))[: rng.integers(0, 3)]]
    station = county.cells.station[county.cell_adjacency]
    across = county.cell_adjacency[station[:, 0] != station[:, 1]]
    severed = across[rng.random(len(across)) < 0.25]
    order = [ids[i] for i in rng.permutation(len(ids))]
    fix: dict[str, list[str]] = {}
    if rng.random() < 0.5:
        a, b = pairs[int(rng.integers(len(pairs)))]
        fix[ids[a]] = [ids[b]]
    if rng.random() < 0.4 and order[0] not in {*fix, *(s for m in fix.values() for s in m)}:
        fix[order[0]] = []
    a, b = pairs[int(rng.integers(len(pairs)))]
    changes: dict[str, Any] = {}
    if rng.random() < 0.7:
        changes = {
            "from_centres": {ids[a]: ids[b]},
            "max_stations": int(rng.integers(0, 4)) if rng.random() < 0.6 else None,
            "price_per_station": float(rng.choice([0.0, 0.5, 2.0])),
        }
    return replace(county, severed_cells=severed), rules(
        max_bundle_size=int(rng.integers(2, 4)),
        locks={"fix": fix, "free": [order[1]] if any(order[1] in {c, *m} for c, m in fix.items())
               and rng.random() < 0.3 else []},
        barriers=[[ids[i], ids[j]] for i, j in cut],
        changes=changes,
    )  # fmt: skip


def test_brute_force_agrees_on_random_counties() -> None:
    ends = {True: 0, False: 0}
    for seed in range(60):
        county, policy = steered(seed)
        assert lock_problems(county, policy) == []
        expected = cheapest(county, policy)
        bundles, proof = bundle(county, policy)
        ends[bundles is not None] += 1
        if expected is None:
            assert proof.status is Status.INFEASIBLE, seed
            assert proof.clashing_rules
            continue
        assert bundles is not None
        assert proof.objective is not None
        assert round(proof.objective * UNITS_PER_OFFICER) == expected, seed
        assert keeps_bundling_rules(county, policy, [bundles]) == [True]
        judged = evaluate(county, policy, replace(current_plan(county), bundles=bundles,
                                                  strength=()))  # fmt: skip
        assert judged.objective == pytest.approx(proof.objective, abs=1e-4)
    assert min(ends.values()) >= 5, ends


@given(st.integers(0, 10_000))
@settings(max_examples=30, deadline=None)
def test_solver_side_and_judge_agree_on_which_columns_hold_together(seed: int) -> None:
    county, policy = steered(seed)
    size = min(3, len(county.stations))
    for rows in itertools.combinations(range(len(county.stations)), size):
        ids = tuple(sorted(county.stations.station_id[s] for s in rows))
        holds = hold_together(np.array([rows]), open_pairs(county, policy), len(county.stations))
        names = broken(
            county, policy, {ids[0]: ids, **alone(county, *ids)}
        ) & {"bundling.barriers", "adjacency"}  # fmt: skip
        assert bool(holds[0]) == (not names), (rows, names)


def crossing(county: County, policy: Policy, pairs: list[list[str]]) -> tuple[County, Policy]:
    """With a crossing between these stations."""
    rules_, row = policy.bundling, county.stations.index()
    left = tuple(p for p in rules_.barriers if sorted(p) not in pairs)
    policy = policy.model_copy(update={"bundling": rules_.model_copy(update={"barriers": left})})
    joined = [sorted(row[s] for s in pair) for pair in pairs]
    between = np.sort(county.cells.station[county.severed_cells], axis=1).tolist()
    still = [ends not in joined for ends in between]
    return replace(county, severed_cells=county.severed_cells[np.array(still, bool)]), policy


def changed(
    county: County, policy: Policy, rule: str, present: str, needed: str
) -> tuple[County, Policy]:
    """The county and the policy with one relaxation taken up as it is told."""
    if rule == "bundling.barriers":
        told = needed.removeprefix("a crossing between ").split(", ")
        return crossing(county, policy, [sorted(pair.split("+")) for pair in told])
    values = policy.model_dump(mode="json")
    *sections, name = rule.split(".")
    part = values
    for section in sections:
        part = part[section]
    if rule == "bundling.locks.fix":
        centre = present.split("+")[0]
        part[name] = {} if present.endswith(" locks") else {
            c: s for c, s in part[name].items() if c != centre
        }  # fmt: skip
    else:
        part[name] = float(needed) if "." in needed else int(needed)
    return county, Policy.model_validate(values)


def test_every_way_out_works_and_caps_cannot_be_smaller() -> None:
    tried: dict[str, int] = {}
    for seed in range(45):
        county, policy = steered(seed)
        bundles, proof = bundle(county, policy)
        if bundles is not None:
            continue
        for change in proof.relaxations:
            rule, present, needed = change.rule, change.present_text(), change.needed_text()
            if rule in ("adjacency", "bundling.rural_only"):
                continue
            tried[rule] = tried.get(rule, 0) + 1
            assert cheapest(*changed(county, policy, rule, present, needed)) is not None, change
            if rule == "bundling.changes.max_stations":
                less = str(int(needed) - 1)
                assert (
                    less == present
                    or cheapest(*changed(county, policy, rule, present, less)) is None
                )
        told = {change.rule for change in proof.relaxations}
        if "bundling.barriers" not in told:
            every = [sorted(p) for p in itertools.combinations(county.stations.station_id, 2)]
            assert cheapest(*crossing(county, policy, every)) is None, seed
        if "bundling.changes.max_stations" not in told:
            free = changed(county, policy, "bundling.changes.max_stations", "", "99")
            assert cheapest(*free) is None, seed
    assert set(tried) >= {
        "bundling.locks.fix", "bundling.changes.max_stations", "bundling.barriers",
    }, tried  # fmt: skip


# --- fixed bundles ------------------------------------------------------------------------------


def test_a_fixed_bundle_stays_with_its_centre_and_the_rest_is_free() -> None:
    county = line(5)
    free = found(county, rules())
    assert ("s02", "s03") not in free.values()  # else the test says nothing
    policy = rules(locks={"fix": {"s02": ["s03"]}})
    assert found(county, policy)["s02"] == ("s02", "s03")
    lone = rules(locks={"fix": {"s02": []}})
    assert found(county, lone)["s02"] == ("s02",)
    freed = rules(locks={"fix": {"s02": ["s03"]}, "free": ["s03"]})
    assert found(county, freed) == free


def test_the_judge_asks_for_the_bundle_its_centre_and_nothing_more() -> None:
    county = line(3)
    policy = rules(locks={"fix": {"s02": ["s01"]}})
    assert broken(county, policy, {"s02": ("s01", "s02"), "s03": ("s03",)}) == set()
    for other in (
        {"s01": ("s01", "s02"), "s03": ("s03",)},
        {"s02": ("s01", "s02", "s03")},
        alone(county),
    ):
        assert broken(county, policy, other) == {"bundling.locks.fix"}
    freed = rules(locks={"fix": {"s02": ["s01"]}, "free": ["s02"]})
    assert broken(county, freed, alone(county)) == set()


def test_a_fixed_bundle_that_is_too_far_is_named_with_the_ways_out() -> None:
    county = line(4)
    policy = rules(locks={"fix": {"s01": ["s02"], "s03": []}}, max_office_travel_min=10)
    proof = refused(county, policy)
    assert set(proof.clashing_rules) == {"bundling.locks.fix", "bundling.max_office_travel_min"}
    told = {(r.rule, r.present_text(), r.needed_text()) for r in proof.relaxations}
    assert told == {
        ("bundling.locks.fix", "s01+s02", "dropped"),
        ("bundling.max_office_travel_min", "10", "12"),
    }


# --- changes ------------------------------------------------------------------------------------


def test_a_cap_of_none_is_the_plan_to_start_from() -> None:
    county = line(5)
    assert found(county, rules(changes={"max_stations": 0})) == alone(county)
    before = {"s01": "s02", "s02": "s02"}
    kept = found(county, rules(changes={"max_stations": 0, "from_centres": before}))
    assert kept == {"s02": ("s01", "s02"), **alone(county, "s01", "s02")}


def test_a_station_changes_where_its_centre_does() -> None:
    county = line(3)
    policy = rules(changes={"max_stations": 1, "from_centres": {"s01": "s02"}})
    assert broken(county, policy, {"s02": ("s01", "s02", "s03")}) == set()
    assert broken(county, policy, alone(county)) == set()
    # Another centre for the same two stations: both change.
    swapped = {"s01": ("s01", "s02"), "s03": ("s03",)}
    assert broken(county, policy, swapped) == {"bundling.changes.max_stations"}


def test_the_price_of_a_change_holds_back_what_saves_less() -> None:
    county = line(4)
    free = found(county, rules())
    assert any(len(s) > 1 for s in free.values())
    assert found(county, rules(changes={"price_per_station": 100.0})) == alone(county)
    bundles = {"s01": ("s01", "s02"), **alone(county, "s01", "s02")}
    plan = Plan(bundles=tuple(sorted(Bundle(centre_id=c, station_ids=s) for c, s in
                                     bundles.items())))  # fmt: skip
    plain = evaluate(county, rules(), plan)
    priced = evaluate(county, rules(changes={"price_per_station": 1.5}), plan)
    assert (priced.stations_changed, priced.change_price) == (1, 1.5)
    assert priced.objective == pytest.approx(plain.objective + 1.5)


def test_a_cap_against_a_count_names_both() -> None:
    county = line(6)
    proof = refused(county, rules(centres=3, stations_bundled=6, changes={"max_stations": 1}))
    assert "bundling.changes.max_stations" in proof.clashing_rules
    told = {r.rule: (r.present_text(), r.needed_text()) for r in proof.relaxations}
    assert told["bundling.changes.max_stations"] == ("1", "3")


# --- barriers -----------------------------------------------------------------------------------


def parted(county: County, *pairs: tuple[str, str]) -> County:
    """The county with every neighbouring cell of these stations parted."""
    row = county.stations.index()
    ends = [sorted((row[a], row[b])) for a, b in pairs]
    station = np.sort(county.cells.station[county.cell_adjacency], axis=1)
    hit = [(station == e).all(axis=1) for e in ends]
    return replace(county, severed_cells=county.cell_adjacency[np.any(hit, axis=0)])


@pytest.mark.parametrize("drawn", [True, False])
def test_a_barrier_parts_neighbours(drawn: bool) -> None:
    county, policy = line(4), rules(locks={"together": [["s02", "s03"]]}, max_bundle_size=2)
    assert ("s02", "s03") in found(county, policy).values()
    if drawn:
        county = parted(county, ("s02", "s03"))
    else:
        policy = rules(
            locks={"together": [["s02", "s03"]]}, barriers=[["s03", "s02"]], max_bundle_size=2
        )
    proof = refused(county, policy)
    assert set(proof.clashing_rules) == {"bundling.barriers", "bundling.locks.together"}
    told = {r.rule: r.needed_text() for r in proof.relaxations}
    assert told["bundling.barriers"] == "a crossing between s02+s03"
    across = {"s02": ("s02", "s03"), "s01": ("s01",), "s04": ("s04",)}
    assert broken(county, policy, across) == {"bundling.barriers"}


def test_one_open_border_is_enough() -> None:
    cells = {"township": ("a",) * 4}
    county = line(2, cells_per_station=2, cells=cells)
    both = np.array([[0, 1], [0, 2], [1, 3], [2, 3]])
    county = replace(county, cell_adjacency=both, station_adjacency=None)
    half = replace(county, severed_cells=np.array([[0, 2]]))
    whole = replace(county, severed_cells=np.array([[0, 2], [1, 3]]))
    assert open_pairs(half, rules()).tolist() == [[0, 1]]
    assert parted_pairs(whole, rules()).tolist() == [[0, 1]]
    assert broken(half, rules(), {"s01": ("s01", "s02")}) == set()
    assert broken(whole, rules(), {"s01": ("s01", "s02")}) == {"bundling.barriers"}


def test_a_bundle_may_go_round_a_barrier() -> None:
    county = toy_county(n_stations=4, grid_width=2)
    policy = rules(barriers=[["s01", "s02"]], max_bundle_size=4)
    ring = {"s01": ("s01", "s02", "s03", "s04")}
    assert broken(county, policy, ring) == set()
    assert broken(county, policy, {"s01": ("s01", "s02"), "s03": ("s03",), "s04": ("s04",)}) == {
        "bundling.barriers"
    }


def test_severed_cells_are_neighbours() -> None:
    with pytest.raises(ValueError, match="severed_cells"):
        replace(line(2), severed_cells=np.array([[1, 5]]))


# --- what cannot be meant -----------------------------------------------------------------------


def told(county: County, policy: Policy) -> set[tuple[str | None, str | None]]:
    with pytest.raises(InputError) as error:
        bundle(county, policy)
    return {(p.column, p.value) for p in error.value.problems}


def test_every_contradiction_is_listed_at_once() -> None:
    locks = {
        "fix": {"s01": ["s02"], "s03": [], "s05": ["s02"], "x": ["s06"]},
        "free": ["s04", "y"],
        "together": [["s02", "s03"]],
        "apart": [["s01", "s02"]],
        "keep": ["s01"],
        "host": ["s02"],
    }
    policy = rules(
        locks=locks,
        changes={"from_centres": {"s01": "s02", "s02": "s03", "z": "s01"}},
        barriers=[["s01", "s02"], ["s01", "s06"], ["s01", "q"]],
    )
    fix = "policy.bundling.locks.fix"
    assert told(line(6), policy) >= {
        (fix, "x"), (fix, "s02"), (fix, "s03"), (fix, "s01, s02"), (fix, "s01"),
        ("policy.bundling.locks.free", "s04"), ("policy.bundling.locks.free", "y"),
        ("policy.bundling.changes.from_centres", "z"),
        ("policy.bundling.changes.from_centres", "s02"),
        ("policy.bundling.barriers", "s01, s06"), ("policy.bundling.barriers", "q"),
    }  # fmt: skip


LOCK_CASES: tuple[dict[str, Any], ...] = (
    {"together": [["s01", "s02"]]},
    {"apart": [["s01", "s03"]]},
    {"keep": ["s04"]},
    {"host": ["s01"]},
)


@pytest.mark.parametrize("lock", LOCK_CASES)
def test_locks_that_agree_with_what_is_fixed_are_no_contradiction(lock: dict[str, Any]) -> None:
    policy = rules(locks={"fix": {"s01": ["s02"], "s04": []}, **lock})
    assert found(line(5), policy)["s01"] == ("s01", "s02")
