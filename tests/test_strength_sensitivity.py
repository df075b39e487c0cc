"""What a minute costs, and the next crew: against recomputation and by hand."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from optimizer.county import County
from optimizer.plan import Plan, current_plan
from optimizer.policy import Policy
from optimizer.strength import assess_bundles, unit_needs
from optimizer.strength_sensitivity import (
    STEPS,
    NextStep,
    Point,
    curve,
    next_steps,
    sensitivity,
    with_alerts,
)
from optimizer.unit_queues import queues_of
from tests.toy import random_county, toy_county, worked_county, worked_policy


def crews_with(county: County, policy: Policy, plan: Plan, **rules: float) -> dict[str, int]:
    changed = policy.model_copy(update={"crews": policy.crews.model_copy(update=rules)})
    crews = assess_bundles(county, changed, plan).crews.tolist()
    return dict(zip((b.centre_id for b in plan.bundles), crews, strict=True))


def point(points: tuple[Point, ...], assumption: str, step: float) -> Point:
    (found,) = (p for p in points if p.assumption == assumption and p.step == step)
    return found


def test_the_worked_example_by_hand() -> None:
    """Station A by day, a = 0.424658, s = 62: C = 0.074375 at two crews, 0.009720 at three.

    Three crews keep any wait; two would from 62 / 1.575342 x ln(0.074375 / 0.05) = 15.627 minutes.
    """
    a, b = next_steps(worked_county(), worked_policy(), current_plan(worked_county()))
    assert (a.unit_id, a.crews, a.officers_per_crew) == ("A", 3, 3.5)
    assert a.wait_down_to_min == 0.0
    assert a.fewer_from_min == pytest.approx(62 / 1.575342 * math.log(0.074375 / 0.05), abs=1e-3)
    assert (b.unit_id, b.crews) == ("B", 2)
    # By day a = 0.283105 and C = 0.035106 at two crews; at one C = a.
    assert b.fewer_from_min == pytest.approx(62 / 0.716895 * math.log(0.283105 / 0.05), abs=1e-3)
    found = sensitivity(worked_county(), worked_policy(), current_plan(worked_county()))
    assert found.unit_id == ("A", "B", "Q", "U")
    # 5 + 10 minutes is below 15.627, 5 + 25 above it.
    ten, later = point(found.points, "max_wait_min", 10.0), point(found.points, "max_wait_min", 25)
    assert (ten.crews, later.crews) == ((3, 2, 0, 0), (2, 2, 0, 0))
    assert later.total_officers == pytest.approx(ten.total_officers - 3.5)


def test_the_next_crew_is_due_exactly_there() -> None:
    for seed in range(5):
        county = random_county(seed, 4)
        policy, plan = Policy(), current_plan(county)
        for step in next_steps(county, policy, plan):
            for factor, crews in (
                (step.grows_to_factor, step.crews),
                (step.falls_to_factor, step.crews - 1),
            ):
                if math.isnan(factor):
                    assert step.crews == policy.crews.min_crews
                    continue
                below = crews_with(with_alerts(county, factor * (1 - 1e-6)), policy, plan)
                above = crews_with(with_alerts(county, factor * (1 + 1e-6)), policy, plan)
                assert below[step.unit_id] <= crews
                assert above[step.unit_id] == crews + 1
            assert step.falls_to_factor < 1 <= step.grows_to_factor or step.crews == 1


def test_the_wait_that_crews_keep_is_exact() -> None:
    for seed in range(5):
        county = with_alerts(random_county(seed, 4), 3.0)
        policy, plan = Policy(), current_plan(county)
        for step in next_steps(county, policy, plan):
            kept = crews_with(county, policy, plan, max_wait_min=step.wait_down_to_min * 1.0001)
            assert kept[step.unit_id] <= step.crews
            if step.wait_down_to_min > 0:
                short = crews_with(county, policy, plan, max_wait_min=step.wait_down_to_min * 0.999)
                assert short[step.unit_id] > step.crews
            if math.isfinite(step.fewer_from_min):
                late = crews_with(county, policy, plan, max_wait_min=step.fewer_from_min * 1.001)
                early = crews_with(county, policy, plan, max_wait_min=step.fewer_from_min * 0.999)
                assert late[step.unit_id] < step.crews
                assert early[step.unit_id] == step.crews


def test_points_are_recomputations() -> None:
    county, policy = random_county(3, 4, n_squads=1, n_units=1), Policy()
    plan = current_plan(county)
    found = sensitivity(county, policy, plan)
    own = sum(n.required_officers for n in unit_needs(county, policy, plan))
    for assumption, steps in STEPS.items():
        here = found.of(assumption)
        assert [p.step for p in here] == list(steps)
        base = point(here, assumption, 0.0 if "min" in assumption else 1.0)
        assert base.total_officers == pytest.approx(own)
    more = with_alerts(county, 1.2)
    needs = unit_needs(more, policy, plan)
    growth = point(found.points, "alerts", 1.2)
    assert growth.officers == pytest.approx([n.required_officers for n in needs])
    slow = replace(county, travel_time_min=county.travel_time_min * 1.2)
    assert point(found.points, "travel", 1.2).total_officers == pytest.approx(
        sum(n.required_officers for n in unit_needs(slow, policy, plan))
    )
    shares = [p.total_officers for p in found.of("max_wait_share")]
    assert shares == sorted(shares, reverse=True)


def test_steps_beyond_what_can_be_are_left_out() -> None:
    policy = Policy.model_validate({"crews": {"max_wait_min": 1.0, "max_wait_share_fraction": 0.3}})
    county = toy_county()
    found = sensitivity(county, policy, current_plan(county))
    assert [p.value for p in found.of("max_wait_min")][:2] == [0.0, 1.0]
    assert [p.value for p in found.of("max_wait_share")] == pytest.approx([0.06, 0.15, 0.3, 0.6])


def test_curves_pass_through_the_points() -> None:
    county, policy = random_county(5, 4, n_squads=1), Policy()
    plan = current_plan(county)
    found = sensitivity(county, policy, plan)
    for assumption in ("max_wait_min", "alerts"):
        here = found.of(assumption)
        drawn = curve(county, policy, plan, assumption, [p.value for p in here])
        np.testing.assert_allclose(drawn, [p.total_officers for p in here])


def test_response_standards_ask_crews_cell_by_cell() -> None:
    """Brute force over crews and cells; a standard that the ways miss is nobody's crews'."""
    policy = Policy.model_validate(
        {
            "response": {"rural_min": 14, "urban_min": 9},
            "crews": {"max_wait_min": 20, "max_wait_share_fraction": 0.3},
        }
    )
    county = with_alerts(random_county(2, 4), 4.0)
    plan = current_plan(county)
    queues = queues_of(county, policy, plan)
    found = sensitivity(county, policy, plan)
    now = crews_with(county, policy, plan)
    differing = 0
    for one in found.of("response_min"):
        for u, unit in enumerate(queues.unit_id):
            expected, beyond = now[unit], False
            for p in range(len(county.period_hours)):
                cells = [
                    (float(queues.cell_jobs_per_hour[c, p]), float(queues.slack_min[c]) + one.step)
                    for c in np.flatnonzero(queues.unit_of_cell == u).tolist()
                ]
                load, s = float(queues.erlangs[u, p]), float(queues.service_min[u, p])
                total = sum(j for j, _ in cells)
                if sum(j for j, left in cells if left >= 0) <= 0.9 * total:
                    beyond = True
                    continue
                m = 1
                while in_time(m, load, s, cells) < 0.9 * total:
                    m += 1
                expected = max(expected, m)
            assert one.crews[found.unit_id.index(unit)] == expected
            assert (unit in one.beyond_unit_ids) == beyond
            differing += expected > now[unit]
    assert differing
    assert any(p.beyond_unit_ids for p in found.of("response_min"))


def in_time(m: int, a: float, s: float, cells: list[tuple[float, float]]) -> float:
    if a >= m:
        return 0.0
    top = a**m / math.factorial(m) * m / (m - a)
    c = top / (sum(a**k / math.factorial(k) for k in range(m)) + top)
    return sum(j * (1 - c * math.exp(-(m - a) * left / s)) for j, left in cells if left >= 0)


def test_without_alerts_there_is_no_next_crew() -> None:
    county = toy_county(alerts_per_cell=0.0)
    steps: tuple[NextStep, ...] = next_steps(county, Policy(), current_plan(county))
    assert all(math.isinf(s.grows_to_factor) for s in steps)
    assert all(math.isnan(s.falls_to_factor) and math.isnan(s.fewer_from_min) for s in steps)
    assert all(s.wait_down_to_min == 0 for s in steps)
