"""Crews per shift for a service level: by hand, brute force, hypercube and simulation."""

from __future__ import annotations

import heapq
import math
from dataclasses import replace

import numpy as np
import pytest

from optimizer.county import County
from optimizer.errors import InputError
from optimizer.hypercube import Hypercube, loads
from optimizer.plan import Bundle, Plan, current_plan
from optimizer.policy import Policy
from optimizer.policy_strength import StrengthRules
from optimizer.required_strength import by_hour
from optimizer.shift_table import (
    Service,
    ShiftRow,
    refuse_unreachable_levels,
    shift_officers,
    shift_starts,
    shift_table,
)
from optimizer.strength import assess_bundles
from optimizer.unit_queues import fewest, queues_of, within_standard
from tests.toy import random_county, toy_county, worked_county, worked_policy

BOTH = Plan(bundles=(Bundle(centre_id="A", station_ids=("A", "B")),))


def with_rules(policy: Policy, **rules: object) -> Policy:
    return policy.model_copy(update={"strength": StrengthRules.model_validate(rules)})


def table(county: County | None = None, **rules: object) -> dict[tuple[str, str], ShiftRow]:
    county = worked_county() if county is None else county
    rows = shift_table(county, with_rules(worked_policy(), **rules), current_plan(county))
    return {(row.unit_id, row.shift): row for row in rows}


def erlang(m: int, a: float) -> float:
    """Erlang C from its sum, without the recursion."""
    if a >= m:
        return 1.0
    top = a**m / math.factorial(m) * m / (m - a)
    return top / (sum(a**k / math.factorial(k) for k in range(m)) + top)


def test_shifts_that_are_the_periods_by_hand() -> None:
    """Station A: 3 crews by day (C = 0.009720), 2 by night (C = 0.035106), 62 minutes a job."""
    found = table(shift_starts_hours=[0, 12])
    day, night = found["A", "00-12"], found["A", "12-24"]
    assert (day.crews, night.crews) == (3, 2)
    assert day.limit == "wait"
    assert day.jobs_per_day == pytest.approx(0.41095890 * 12)
    assert day.work_hours_per_day == pytest.approx(0.42465753 * 12)
    assert day.service_min == pytest.approx(62.0)
    assert day.officers == pytest.approx(3 * 12 * 7 / 48)
    assert day.service.delayed_fraction == pytest.approx(0.009720, abs=1e-6)
    assert day.service.over_wait_fraction == pytest.approx(0.007897, abs=1e-6)
    assert day.service.mean_wait_min == pytest.approx(0.009720 * 62 / 2.575342, abs=1e-4)
    assert day.service.utilisation_fraction == pytest.approx(0.424658 / 3, abs=1e-6)
    # Turn-out 2 and 6 minutes of travel.
    assert day.service.mean_response_min == pytest.approx(8.0 + day.service.mean_wait_min)
    assert day.fewer is not None
    assert day.fewer.crews == 2
    assert day.fewer.delayed_fraction == pytest.approx(0.074375, abs=1e-6)
    assert day.fewer.over_wait_fraction == pytest.approx(0.065502, abs=1e-6)
    assert day.more.crews == 4
    assert night.service.delayed_fraction == pytest.approx(0.035106, abs=1e-6)
    assert night.fewer is not None
    assert night.fewer.delayed_fraction == pytest.approx(0.283105, abs=1e-6)
    assert shift_officers([day, night]) == pytest.approx(8.75)


def test_a_shift_across_periods_keeps_the_wait_in_each() -> None:
    """08-20 is four hours of day and eight of night: the day's crews, means over the jobs."""
    found = table(shift_starts_hours=[8, 20])
    late, early = found["A", "08-20"], found["A", "20-08"]
    assert late.crews == 3
    assert late.hours == 12
    jobs = np.array([0.41095890 * 4, 0.27397260 * 8])
    assert late.jobs_per_day == pytest.approx(jobs.sum())
    waits = np.array([erlang(3, 0.42465753), erlang(3, 0.28310502)])
    assert late.service.delayed_fraction == pytest.approx((waits * jobs).sum() / jobs.sum())
    # Over midnight: 20-24 by night and 00-08 by day.
    assert early.jobs_per_day == pytest.approx(0.27397260 * 4 + 0.41095890 * 8)
    assert early.crews == 3


def test_one_shift_of_a_day_has_the_crews_of_the_assessment() -> None:
    for seed in range(4):
        county = random_county(seed, 5)
        policy = with_rules(Policy(), shift_starts_hours=[6])
        plan = current_plan(county)
        rows = shift_table(county, policy, plan)
        assert [r.shift for r in rows] == ["06-06"] * 5
        crews = assess_bundles(county, policy, plan).crews.tolist()
        assert [r.crews for r in rows] == crews
        steady = sum(crews) * policy.crews.relief_factor
        assert shift_officers(rows) == pytest.approx(steady)


@pytest.mark.parametrize(
    ("rules", "limit", "crews"),
    [
        ({"max_mean_wait_min": 0.2}, "mean_wait", 4),
        ({"max_utilisation_fraction": 0.1}, "utilisation", 5),
        # 8 minutes of turn-out and travel leave 0.01 for waiting.
        ({"max_mean_response_min": 8.01}, "response", 5),
        ({"max_mean_response_min": 30.0}, "wait", 3),
    ],
)
def test_each_level_asks_for_its_crews(rules: dict[str, float], limit: str, crews: int) -> None:
    row = table(None, shift_starts_hours=[0, 12], **rules)["A", "00-12"]
    assert (row.limit, row.crews) == (limit, crews)
    a, s = 0.42465753, 62.0
    waits = {m: erlang(m, a) * s / (m - a) for m in range(1, 8)}
    kept = {
        "mean_wait": [m for m in waits if waits[m] <= 0.2],
        "utilisation": [m for m in waits if a / m <= 0.1],
        "response": [m for m in waits if 8.0 + waits[m] <= 8.01],
        "wait": [3],
    }
    assert row.crews == min(kept[limit])


def test_a_response_beyond_the_ways_is_no_number_of_crews() -> None:
    """Turn-out and travel of A are 8 minutes; of B 2 + (1500 x 5 + 500 x 9) / 2000 = 8 too."""
    rows = tuple(table(max_mean_response_min=8.0).values())
    assert [r.crews for r in rows] == [None] * 4
    assert all(math.isnan(r.officers) for r in rows)
    assert rows[0].service.crews == 3
    policy = with_rules(worked_policy(), max_mean_response_min=8.0)
    with pytest.raises(InputError, match=r"8\.0"):
        refuse_unreachable_levels(rows, policy)
    refuse_unreachable_levels(rows, worked_policy())


def keeps(m: int, a: float, s: float) -> bool:
    """Wait over 5 minutes in 5%, mean wait of half a minute, busy 45% of the time."""
    if a >= m:
        return False
    c = erlang(m, a)
    over = c * math.exp(-(m - a) * 5.0 / s)
    return over <= 0.05 and a / m <= 0.45 and c * s / (m - a) <= 0.5


def test_fewest_crews_are_the_fewest_by_brute_force() -> None:
    for seed in range(6):
        county = random_county(seed, 3)
        county = replace(
            county, cells=replace(county.cells, alerts_per_year=county.cells.alerts_per_year * 6)
        )
        levels = {"max_mean_wait_min": 0.5, "max_utilisation_fraction": 0.45}
        policy = with_rules(Policy(), shift_starts_hours=[0, 8, 16], **levels)
        plan = current_plan(county)
        queues = queues_of(county, policy, plan)
        ends = np.cumsum(county.period_hours)
        for row in shift_table(county, policy, plan):
            at = queues.unit_id.index(row.unit_id)
            start = float(row.shift[:2])
            inside = [
                p
                for p, end in enumerate(ends)
                if end > start + 1e-9 and end - county.period_hours[p] < start + 8 - 1e-9
            ]

            parts = [
                (float(queues.erlangs[at, p]), float(queues.service_min[at, p])) for p in inside
            ]
            kept = (m for m in range(1, 60) if all(keeps(m, a, s) for a, s in parts))
            assert row.crews == next(kept)


def test_the_delayed_share_is_the_hypercubes() -> None:
    """Crews of one unit that each cell calls in an order of its own: all busy as in Erlang C."""
    row = table(shift_starts_hours=[0, 12])["A", "00-12"]
    for service in (row.fewer, row.service, row.more):
        assert service is not None
        m = service.crews
        orders = np.array([np.roll(np.arange(m), k) for k in range(2)])
        cube = Hypercube(
            alerts_per_min=np.array([2000.0, 1000.0]) * 0.6 / (365 * 12 * 60),
            service_min=np.full(m, row.service_min),
            preference=orders,
        )
        solved = loads(cube)
        assert service.delayed_fraction == pytest.approx(solved.all_busy_fraction, abs=1e-9)
        assert service.utilisation_fraction == pytest.approx(solved.workload_fraction.mean())


def test_waits_are_those_of_a_simulated_queue() -> None:
    """Poisson jobs and exponential services, first come first served, 200,000 jobs at two crews."""
    row = table(shift_starts_hours=[0, 12])["A", "00-12"]
    service: Service | None = row.fewer
    assert service is not None
    rng = np.random.default_rng(1)
    jobs = 200_000
    at = np.cumsum(rng.exponential(60 / 0.41095890, jobs)).tolist()
    took = rng.exponential(row.service_min, jobs).tolist()
    free = [0.0] * service.crews
    waits = np.empty(jobs)
    for i, (arrived, minutes) in enumerate(zip(at, took, strict=True)):
        begun = max(arrived, heapq.heappop(free))
        waits[i] = begun - arrived
        heapq.heappush(free, begun + minutes)
    assert (waits > 0).mean() == pytest.approx(service.delayed_fraction, abs=0.004)
    assert (waits > 5).mean() == pytest.approx(service.over_wait_fraction, abs=0.004)
    assert waits.mean() == pytest.approx(service.mean_wait_min, abs=0.15)


def test_within_the_standard_counts_the_wait_cell_by_cell() -> None:
    """A's cells by day, two crews, standard 10 minutes: 4 and -2 left after 2 + 4 and 2 + 10."""
    county = worked_county()
    policy = worked_policy()
    policy = policy.model_copy(
        update={"response": policy.response.model_copy(update={"rural_min": 10.0})}
    )
    queues = queues_of(county, policy, current_plan(county))
    crews = np.full((2, 2), 2)
    found = within_standard(queues, crews)[0, 0]
    in_time = 1 - 0.074375 * math.exp(-(2 - 0.424658) * 4 / 62)
    assert found == pytest.approx(2 / 3 * in_time, abs=1e-6)
    # Two minutes more: A2 is in time if it does not wait at all.
    longer = within_standard(queues, crews, 2.0)[0, 0]
    first = 1 - 0.074375 * math.exp(-(2 - 0.424658) * 6 / 62)
    assert longer == pytest.approx((2 * first + (1 - 0.074375)) / 3, abs=1e-6)


def test_officer_time_not_the_number_of_alerts() -> None:
    """Two units with as many jobs; the one with twice the crew-minutes asks for more crews."""
    county = toy_county(n_stations=2, alerts_per_cell=4000.0)
    far = county.travel_time_min.copy()
    far[1, 3:] += 20.0
    plan = current_plan(county)
    policy = with_rules(Policy(), shift_starts_hours=[0])
    near, away = shift_table(replace(county, travel_time_min=far), policy, plan)
    assert near.jobs_per_day == pytest.approx(away.jobs_per_day)
    assert away.service_min == pytest.approx(near.service_min + 40.0)
    assert (near.crews or 0) < (away.crews or 0)


def test_shifts_by_the_hour_follow_the_hourly_county() -> None:
    county = worked_county()
    log = np.zeros((1, 24))
    log[0, 9] = log[0, 20] = 1.0
    policy = with_rules(worked_policy(), shift_starts_hours=[0, 8, 16])
    rows = shift_table(by_hour(county, log), policy, current_plan(county))
    by_shift = {r.shift: r for r in rows if r.unit_id == "A"}
    assert by_shift["00-08"].jobs_per_day == 0
    assert by_shift["00-08"].crews == 1
    assert by_shift["00-08"].fewer is None
    assert by_shift["00-08"].service.delayed_fraction == 0
    assert by_shift["08-16"].jobs_per_day == pytest.approx(3000 * 0.6 / 365)
    assert (by_shift["08-16"].crews or 0) > 3


def test_one_crew_fewer_may_not_keep_up() -> None:
    county = worked_county()
    cells = replace(county.cells, alerts_per_year=county.cells.alerts_per_year * 60)
    policy = with_rules(worked_policy(), shift_starts_hours=[0, 12])
    plan = current_plan(county)
    crews = policy.crews.model_copy(update={"max_wait_share_fraction": 0.95, "max_wait_min": 0.0})
    tight = policy.model_copy(update={"crews": crews})
    row = shift_table(replace(county, cells=cells), tight, plan)[0]
    assert row.fewer is not None
    assert row.fewer.delayed_fraction == 1.0
    assert math.isinf(row.fewer.mean_wait_min)


def test_shift_starts_default_to_the_simulations() -> None:
    assert shift_starts(Policy()) == (8.0, 20.0)
    none = Policy.model_validate({"simulation": {"shift_starts_hours": []}})
    assert shift_starts(none) == (0.0,)
    assert shift_starts(with_rules(none, shift_starts_hours=[7.5])) == (7.5,)
    rows = shift_table(worked_county(), with_rules(Policy(), shift_starts_hours=[7.5]), BOTH)
    assert [r.shift for r in rows] == ["07:30-07:30"]


def test_a_level_that_takes_ever_more_crews_ends() -> None:
    with pytest.raises(ValueError, match="10000"):
        fewest(np.array([[9_990]]), np.array([[True]]), lambda m: m < 0)
