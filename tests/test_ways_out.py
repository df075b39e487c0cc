"""Ways out under rules that bind the whole plan, each taken up and solved again from scratch."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from optimizer import ways_out
from optimizer.bundling import bundle
from optimizer.county import County
from optimizer.existence import Counts, Existence
from optimizer.frozen import BoolArray, IntArray
from optimizer.partition import Cover, Partition, partition
from optimizer.policy import Policy
from optimizer.question import PLAN_RULES
from optimizer.result import Proof, Relaxation, Status
from optimizer.solver import Limits
from tests.test_columns import policy
from tests.test_diagnosis import changed, with_column
from tests.toy import random_county, toy_county

FREED = "bundling.min_officers_freed"
RESIDENTS = "equity.max_residents_losing_standard_fraction"
CHANGES = "bundling.changes.max_stations"
STEP = {FREED: -0.1, RESIDENTS: 0.001, CHANGES: 1}
"""One step of each number towards what is easier."""
WIDE = {"rural_only": False, "max_office_travel_min": 90.0, "max_bundle_size": 4}
ASKED: tuple[dict[str, Any], ...] = (
    {"bundling": {"min_officers_freed": 22.0, "changes": {"max_stations": 1}}},
    {"bundling": {"min_officers_freed": 22.0},
     "equity": {"max_residents_losing_standard_fraction": 0.02}},
    {"bundling": {"centres": 2, "changes": {"max_stations": 1}},
     "equity": {"max_residents_losing_standard_fraction": 0.05}},
    {"bundling": {"stations_bundled": 5, "centres": 2, "changes": {"max_stations": 2}},
     "equity": {"max_residents_losing_standard_fraction": 0.05}},
)  # fmt: skip


def has_plan(county: County, rules: Policy) -> bool:
    return bundle(county, rules)[0] is not None


def easier(change: Relaxation, steps: int) -> Relaxation:
    return replace(change, needed=f"{float(change.needed) + steps * STEP[change.rule]:.4f}")


def clashes() -> Iterator[tuple[County, Policy, Proof]]:
    for seed in range(8):
        county = random_county(seed, 6, n_urban=0, side_km=34.0)
        barred = np.random.default_rng(seed).choice(6, 3, replace=False).tolist()
        county = with_column(county, "can_host", dict.fromkeys(barred, False))
        asked = ASKED[seed % len(ASKED)]
        rules = policy(
            **{**asked, "bundling": {**WIDE, **asked["bundling"]}},
            response={"farthest_min": 120.0, "share_within_fraction": 0.0, "rural_min": 20.0},
        )
        bundles, proof = bundle(county, rules)
        if bundles is None:
            yield county, rules, proof


def test_every_way_out_works_and_the_number_told_is_the_smallest() -> None:
    tried: Counter[str] = Counter()
    for county, rules, proof in clashes():
        assert "time" not in proof.method
        for change in proof.relaxations:
            tried[change.rule] += 1
            assert has_plan(*changed(county, rules, change)), (change, proof)
            harder = easier(change, -1) if change.rule in STEP else None
            if harder is not None and f"{float(change.present):.4f}" != harder.needed:
                assert not has_plan(*changed(county, rules, harder)), change
        for first, second in proof.joint_relaxations:
            tried[f"{first.rule}, {second.rule}"] += 1
            assert has_plan(*changed(*changed(county, rules, first), second)), (first, second)
    # Each row of the whole plan was changed alone, and something else under such rows.
    assert set(STEP) <= set(tried), tried
    assert set(tried) - set(PLAN_RULES), tried


def test_most_officers_freed_is_told_under_the_cap_on_changes() -> None:
    # Four stations alike on a line: the free plan makes two pairs; one change makes one pair.
    county = toy_county()
    one = policy(bundling={"changes": {"max_stations": 1}})
    bundles, _ = bundle(county, one)
    assert bundles is not None
    pair = policy(bundling={"min_officers_freed": 1e6, "changes": {"max_stations": 1}})
    free = policy(bundling={"min_officers_freed": 1e6})
    told = [
        float(next(r for r in bundle(county, rules)[1].relaxations if r.rule == FREED).needed)
        for rules in (pair, free)
    ]
    assert told[0] == pytest.approx(told[1] / 2.0, abs=0.1)
    assert told[0] > 0.0


def test_a_way_cut_short_is_not_called_the_smallest(monkeypatch: pytest.MonkeyPatch) -> None:
    def cut_short(cover: Cover, limits: Limits) -> Partition:
        return replace(partition(cover, limits), status=Status.FEASIBLE)

    monkeypatch.setattr(ways_out, "partition", cut_short)
    _, proof = bundle(toy_county(), policy(bundling={"min_officers_freed": 1e6}))
    assert [r.rule for r in proof.relaxations] == [FREED]
    assert "time ran out" in proof.method


@pytest.mark.parametrize(
    ("rules", "needed"),
    [
        ({"centres": 3}, "2"),
        ({"centres": 0, "locks": {"together": [["s01", "s02"]]}}, "1"),
        ({"stations_bundled": 0, "locks": {"together": [["s01", "s02"]]}}, "2"),
    ],
)
def test_a_count_too_hard_to_settle_is_told_by_the_end_of_the_range(
    monkeypatch: pytest.MonkeyPatch, rules: dict[str, Any], needed: str
) -> None:
    settled = Existence.plan

    def hard(self: Existence, allowed: BoolArray, counts: Counts) -> tuple[Status, IntArray]:
        if counts.centres is None and counts.bundled is None:
            return settled(self, allowed, counts)
        self.out_of_time = True
        return Status.UNKNOWN, np.zeros(0, dtype=np.int64)

    asked = policy(bundling=rules)
    _, proof = bundle(toy_county(), asked)
    usual = [r for r in proof.relaxations if r.rule in PLAN_RULES]
    monkeypatch.setattr(Existence, "plan", hard)
    _, proof = bundle(toy_county(), asked)
    told = [r for r in proof.relaxations if r.rule in PLAN_RULES]
    assert [r.needed for r in told] == [needed]
    assert told == usual
