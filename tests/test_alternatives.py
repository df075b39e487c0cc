"""The next best plans, different plans and shares of bundles, against every bundling."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from optimizer import alternatives as module
from optimizer.alternatives import (
    Alternative,
    Alternatives,
    best_plans,
    choice_of,
    diverse_plans,
    plans_within,
)
from optimizer.bundling import bundle
from optimizer.columns import UNITS_PER_OFFICER, priced_columns
from optimizer.county import County
from optimizer.errors import InputError
from optimizer.plan import Bundle
from optimizer.policy import Policy
from optimizer.result import Status
from optimizer.stability import best_sets, label_of, shares
from tests.test_frontier import county_of, every_bundling, policy_of

Sets = frozenset[tuple[str, ...]]


def priced(county: County, policy: Policy) -> dict[Sets, int]:
    """The least price of every choice of sets, in units."""
    columns = priced_columns(county, policy)
    ids = county.stations.station_id
    found: dict[Sets, int] = {}
    for chosen in every_bundling(columns, len(ids)):
        sets = frozenset(
            tuple(sorted(ids[s] for s in columns.members[i, : columns.size[i]]))
            for i in chosen
            if columns.size[i] > 1
        )
        price = int(columns.price_units[chosen].sum())
        found[sets] = min(price, found.get(sets, price))
    return found


def units(plan: Alternative) -> int:
    return round(plan.price_officers * UNITS_PER_OFFICER)


@pytest.mark.parametrize("seed", range(30))
def test_the_best_are_those_of_every_bundling(seed: int) -> None:
    county, policy = county_of(seed), policy_of()
    every = sorted(priced(county, policy).values())
    found = best_plans(choice_of(county, policy), 7)
    assert [units(p) for p in found.plans] == every[:7]
    assert len({p.sets() for p in found.plans}) == len(found.plans)
    assert found.is_unique == (every[1] > every[0])
    assert found.is_all == (len(every) <= 7)
    expected, proof = bundle(county, policy)
    assert found.plans[0].bundles == expected
    assert proof.status is found.status is Status.OPTIMAL


@pytest.mark.parametrize("seed", range(30))
def test_all_within_a_gap_and_none_beyond(seed: int) -> None:
    county, policy = county_of(seed), policy_of()
    every = priced(county, policy)
    best = min(every.values())
    for gap in (0.0, 0.8, 4.0):
        found = plans_within(choice_of(county, policy), gap)
        assert {p.sets(): units(p) for p in found.plans} == {
            sets: price for sets, price in every.items() if price <= best + gap * UNITS_PER_OFFICER
        }
        assert found.within_officers == gap
    everything = plans_within(choice_of(county, policy), 1000.0)
    assert everything.is_all
    assert len(everything.plans) == len(every)


def test_under_another_host_is_another_plan_only_if_asked() -> None:
    county, policy = county_of(2), policy_of()
    columns = priced_columns(county, policy)
    every = sorted(
        int(columns.price_units[chosen].sum())
        for chosen in every_bundling(columns, len(county.stations))
    )
    assert len(every) > len(priced(county, policy))
    found = best_plans(choice_of(county, policy, with_hosts=True), 12)
    assert [units(p) for p in found.plans] == every[:12]
    assert len({p.bundles for p in found.plans}) == 12
    assert len({p.sets() for p in found.plans}) < 12


def test_rules_of_the_whole_plan_hold_for_all() -> None:
    county, policy = county_of(4), policy_of(centres=2)
    every = {s: p for s, p in priced(county, policy_of()).items() if len(s) == 2}
    found = best_plans(choice_of(county, policy), 5)
    assert [units(p) for p in found.plans] == sorted(every.values())[:5]


def test_too_many_plans_shrink_the_gap_and_say_so(monkeypatch: pytest.MonkeyPatch) -> None:
    county, policy = county_of(5), policy_of()
    every = priced(county, policy)
    monkeypatch.setattr(module, "MOST_PLANS", 6)
    found = plans_within(choice_of(county, policy), 1000.0)
    assert not found.is_all
    assert found.within_officers is not None
    best = min(every.values())
    limit = best + found.within_officers * UNITS_PER_OFFICER
    assert found.within_officers < 1000.0
    assert len(found.plans) == sum(price <= limit for price in every.values())


def differing(one: Sets, other: Sets) -> float:
    return len(one - other) / len(one)


@pytest.mark.parametrize("share", [0.3, 0.5, 1.0])
@pytest.mark.parametrize("seed", range(10))
def test_different_plans_are_the_cheapest_as_different(seed: int, share: float) -> None:
    county, policy = county_of(seed), policy_of()
    every = priced(county, policy)
    found = diverse_plans(choice_of(county, policy), 4, share)
    taken: list[Sets] = []
    for plan in found.plans:
        able = [
            price
            for sets, price in every.items()
            if all(sets and differing(sets, t) >= share - 1e-9 for t in taken)
        ]
        assert units(plan) == min(able)
        assert plan.is_proven
        taken.append(plan.sets())
    if len(taken) < 4:
        assert not any(
            sets and all(differing(sets, t) >= share - 1e-9 for t in taken) for sets in every
        )


def test_no_plan_lists_nothing_and_bad_locks_are_refused() -> None:
    county = county_of(3)
    none = choice_of(county, policy_of(centres=3, stations_bundled=5))
    for found in (best_plans(none, 3), plans_within(none, 1.0), diverse_plans(none, 3, 0.3)):
        assert (found.status, found.plans, found.is_unique) == (Status.INFEASIBLE, (), None)
    with pytest.raises(InputError):
        choice_of(county, policy_of(locks={"keep": ["nowhere"]}))


def plan_of(*sets: tuple[str, ...]) -> Alternative:
    bundles = tuple(sorted(Bundle(centre_id=s[0], station_ids=s) for s in sets))
    return Alternative(bundles=bundles, price_officers=0.0, above_officers=0.0)


AB, AC, BC, DE = ("a", "b"), ("a", "c"), ("b", "c"), ("d", "e")


def test_shares_by_hand() -> None:
    near = Alternatives(
        status=Status.OPTIMAL,
        plans=(plan_of(AB, ("c",), DE), plan_of(AC, ("b",), DE), plan_of(AB, DE, ("c",))),
    )
    years = [frozenset({DE, AB}), frozenset({DE, BC}), frozenset({DE, AB}), None]
    found = shares(near, years)
    assert [(b.station_ids, b.in_best, b.label) for b in found] == [
        (DE, True, "likely"), (AB, True, "likely"), (AC, False, "open"), (BC, False, "open"),
    ]  # fmt: skip
    assert [b.near_share_fraction for b in found] == pytest.approx([1.0, 2 / 3, 1 / 3, 0.0])
    # The year without a proven plan has none of them.
    assert [b.year_share_fraction for b in found] == [0.75, 0.5, 0.0, 0.25]
    without_years = shares(near, [])
    assert [(b.station_ids, b.year_share_fraction, b.label) for b in without_years] == [
        (DE, None, "core"), (AB, None, "likely"), (AC, None, "open"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("near", "years", "label"),
    [(1.0, 0.9, "core"), (1.0, 0.89, "likely"), (0.99, 1.0, "likely"), (0.5, 0.5, "likely"),
     (0.49, 1.0, "open"), (1.0, 0.49, "open"), (1.0, None, "core"), (0.5, None, "likely")],
)  # fmt: skip
def test_labels_at_their_limits(near: float, years: float | None, label: str) -> None:
    assert label_of(near, years) == label


def test_best_sets_are_those_of_the_run() -> None:
    county, policy = county_of(6), policy_of()
    expected, _ = bundle(county, policy)
    assert expected is not None
    assert best_sets(county, policy) == frozenset(b.station_ids for b in expected if b.office_ids)
    assert best_sets(county, policy_of(centres=3, stations_bundled=5)) is None


@settings(max_examples=50, deadline=None)
@given(st.lists(st.sets(st.sampled_from([AB, AC, BC, DE]), max_size=2), min_size=1, max_size=6))
def test_shares_count_every_plan_once(plans: list[set[tuple[str, ...]]]) -> None:
    near = Alternatives(status=Status.OPTIMAL, plans=tuple(plan_of(*p) for p in plans))
    found = {b.station_ids: b.near_share_fraction for b in shares(near, [])}
    count = Counter(s for p in plans for s in p)
    assert found == pytest.approx({s: n / len(plans) for s, n in count.items()})
    assert np.isclose(sum(found.values()) * len(plans), sum(len(p) for p in plans))
