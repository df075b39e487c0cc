"""Many bundlings weighed at once against the judges that weigh one plan."""

from __future__ import annotations

from itertools import combinations
from typing import Any

import numpy as np
import pytest

from optimizer.county import County
from optimizer.evaluation import evaluate
from optimizer.feasibility import keeps_bundling_rules, violations
from optimizer.plan import Bundle, Plan, current_plan
from optimizer.policy import Policy
from scenarios.sweep_regret import Judge, bundle_prices
from tests.toy import random_county


def county() -> County:
    return random_county(5, 7, n_urban=1, cells_per_station=2)


def bundlings(here: County) -> list[tuple[Bundle, ...]]:
    """Today's, every pair, and pairs of pairs and threes drawn at random."""
    ids = here.stations.station_id
    rng = np.random.default_rng(0)

    def plan(*groups: tuple[str, ...]) -> tuple[Bundle, ...]:
        alone = set(ids) - {s for g in groups for s in g}
        return tuple(
            sorted(
                [
                    *(Bundle(centre_id=g[0], station_ids=tuple(sorted(g))) for g in groups),
                    *(Bundle(centre_id=s, station_ids=(s,)) for s in alone),
                ]
            )
        )

    found = [plan(), *(plan(pair) for pair in combinations(ids, 2))]
    for _ in range(20):
        drawn = [str(s) for s in rng.permutation(ids)]
        found.append(plan(tuple(drawn[:3]), tuple(drawn[3:5])))
    return found


POLICIES: dict[str, dict[str, Any]] = {
    "usual": {},
    "loose": {"bundling": {"max_office_travel_min": 200.0, "rural_only": False},
              "response": {"farthest_min": 300.0, "share_within_fraction": 0.0}},
    "counted": {"bundling": {"centres": 1, "max_office_travel_min": 200.0},
                "response": {"farthest_min": 300.0, "share_within_fraction": 0.1}},
    "freed": {"bundling": {"min_officers_freed": 4.0, "max_office_travel_min": 200.0},
              "response": {"farthest_min": 300.0, "share_within_fraction": 0.1}},
    "locked": {"bundling": {"locks": {"apart": [["s03", "s04"]], "keep": ["s05"], "host": ["s06"]},
                            "max_office_travel_min": 200.0},
               "response": {"farthest_min": 300.0, "share_within_fraction": 0.1}},
}  # fmt: skip


@pytest.mark.parametrize("name", POLICIES)
def test_all_at_once_is_each_alone(name: str) -> None:
    here, policy = county(), Policy.model_validate(POLICIES[name])
    every, roads = bundlings(here), current_plan(here).road_duties
    kept = keeps_bundling_rules(here, policy, every)
    prices = bundle_prices(here, policy, sorted({b for bs in every for b in bs}))
    objectives = Judge([Plan(bundles=bs) for bs in every]).objectives(here, policy)
    rules = ("adjacency", "bundling.", "stations.", "response.")
    for bundles, keeps, objective in zip(every, kept, objectives, strict=True):
        plan = Plan(bundles=bundles, road_duties=roads)
        broken = [v for v in violations(here, policy, plan) if v.rule.startswith(rules)]
        assert keeps == (not broken), broken
        price = evaluate(here, policy, plan).objective
        assert sum(prices[b] for b in bundles) == pytest.approx(price, abs=1e-9)
        assert (objective is not None) == keeps
        assert objective is None or objective == pytest.approx(price, abs=1e-9)
    assert any(kept)
    assert not all(kept)


def test_worlds_with_equal_inputs_are_weighed_once(monkeypatch: pytest.MonkeyPatch) -> None:
    here = county()
    judge = Judge([Plan(bundles=bs) for bs in bundlings(here)])
    first = judge.objectives(here, Policy())
    staffing = Policy.model_validate({"staffing": {"max_moves": 1}})
    busier = Policy.model_validate({"response": {"turnout_min": 3.0}})
    asked: list[Policy] = []

    def noted(where: County, policy: Policy, every: list[tuple[Bundle, ...]]) -> list[bool]:
        asked.append(policy)
        return keeps_bundling_rules(where, policy, every)

    monkeypatch.setattr("scenarios.sweep_regret.keeps_bundling_rules", noted)
    assert judge.objectives(here, staffing) == first
    assert not asked
    judge.objectives(here, busier)
    assert asked == [busier]
