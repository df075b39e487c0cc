"""Workload and required strength: the worked example of docs/formulation.md, and properties."""

from __future__ import annotations

from dataclasses import replace
from math import exp, factorial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from optimizer.county import County
from optimizer.policy import CategoryWork, Crews, Policy, Response, Workload
from optimizer.queueing import erlang_b, erlang_c, wait_exceeds
from optimizer.workload import Assessment, assess, demand_of, road_officers, standard_min
from tests.toy import random_county, toy_county, worked_county, worked_policy

POLICY = worked_policy()


def assess_of(
    county: County, policy: Policy, centres: list[int], members: list[list[int]]
) -> Assessment:
    return assess(county, policy, demand_of(county, policy), centres, members)


def with_crews(policy: Policy, **changes: Any) -> Policy:
    return policy.model_copy(update={"crews": policy.crews.model_copy(update=changes)})


# The worked example. Four bundles: A alone, B alone, both at A, both at B.
WORKED = assess_of(worked_county(), POLICY, [0, 1, 0, 1], [[0], [1], [0, 1], [0, 1]])


def test_worked_demand() -> None:
    demand = demand_of(worked_county(), POLICY)
    assert demand.alerts_per_year.tolist() == [2000.0, 1000.0, 1500.0, 500.0]
    # A1 by day: 2000 x 0.6 / (365 x 12) jobs an hour, 50 minutes on scene each.
    assert demand.jobs_per_hour[0].tolist() == pytest.approx([0.273973, 0.182648], abs=5e-7)
    assert demand.scene_crew_min_per_hour[0].tolist() == pytest.approx(
        [13.698630, 9.132420], abs=5e-7
    )
    # 2000 x 240 / 150171.428571 and 20 x 10000 / 150171.428571
    assert demand.case_officers[0] == pytest.approx(3.196347, abs=5e-7)
    assert demand.community_officers[0] == pytest.approx(1.331811, abs=5e-7)


def test_worked_crews() -> None:
    assert WORKED.crews.tolist() == [3, 2, 4, 4]
    assert WORKED.wait_share_fraction[:3].tolist() == pytest.approx(
        [0.007897, 0.030566, 0.009520], abs=5e-7
    )
    assert WORKED.busiest_utilisation_fraction[:3].tolist() == pytest.approx(
        [0.424658 / 3, 0.283105 / 2, 0.849315 / 4], abs=5e-7
    )


def test_worked_officers() -> None:
    assert WORKED.crew_officers.tolist() == [10.5, 7.0, 14.0, 14.0]
    assert WORKED.post_officers.tolist() == [3.5] * 4
    assert WORKED.window_officers.tolist() == pytest.approx([0, 0, 0.833333, 0.833333], abs=5e-7)
    assert WORKED.case_officers[:3].tolist() == pytest.approx(
        [4.794521, 3.196347, 7.990868], abs=5e-7
    )
    assert WORKED.community_officers[:3].tolist() == pytest.approx(
        [1.997717, 1.331811, 3.329528], abs=5e-7
    )
    assert WORKED.officers[:3].tolist() == pytest.approx(
        [20.792237, 15.028158, 29.653729], abs=5e-7
    )
    # From the centre's building: neither the office's window nor its community work.
    assert WORKED.centre_officers.tolist() == pytest.approx(
        [20.792237, 15.028158, 27.488584, 26.822679], abs=5e-7
    )
    assert WORKED.auxiliaries.tolist() == [10.5, 7.0, 14.0, 14.0]


def test_worked_response() -> None:
    assert WORKED.alerts_per_year.tolist() == [3000.0, 2000.0, 5000.0, 5000.0]
    assert WORKED.alert_min_per_year.tolist() == [18000.0, 12000.0, 61000.0, 72000.0]
    assert WORKED.alerts_within_per_year.tolist() == [3000.0, 2000.0, 5000.0, 5000.0]
    assert WORKED.farthest_min.tolist() == [12.0, 11.0, 28.0, 26.0]
    assert WORKED.office_travel_min.tolist() == [0.0, 0.0, 16.0, 16.0]


def test_worked_road_duty() -> None:
    # A: (10 km x 4000 + 5 km x 2000) / 150171.428571; B: (6 x 4000 + 20 x 2000) / the same.
    assert road_officers(worked_county(), POLICY).tolist() == pytest.approx(
        [0.332953, 0.426180], abs=5e-7
    )


def test_the_page_prints_these_figures() -> None:
    """docs/formulation.md and the code cannot drift apart."""
    page = (Path(__file__).resolve().parent.parent / "docs" / "formulation.md").read_text("utf-8")
    demand = demand_of(worked_county(), POLICY)
    jobs = demand.jobs_per_hour.reshape(2, 2, 2).sum(axis=1)  # station, period
    a_day = float(jobs[0, 0]) * 62.0 / 60.0
    for m in (1, 2, 3):
        b, c, w = erlang_b(m, a_day), erlang_c(m, a_day), wait_exceeds(m, a_day, 62.0, 5.0)
        assert f"| {m} | {b:.6f} | {c:.6f} | {w:.6f} |" in page
    pooled = float(jobs[:, 0].sum()) * 74.4 / 60.0
    figures = [
        *WORKED.officers[:3],
        *WORKED.case_officers[:3],
        *WORKED.community_officers[:3],
        *WORKED.wait_share_fraction[1:3],
        WORKED.window_officers[2],
        WORKED.centre_officers[2],
        WORKED.officers[:2].sum(),
        WORKED.officers[:2].sum() - WORKED.officers[2],
        WORKED.officers[2] + 3.1,
        WORKED.officers[3] + 4.2,
        jobs[0, 0],
        jobs[:, 0].sum(),
        a_day,
        jobs[0, 1] * 62.0 / 60.0,
        jobs[1, 1] * 62.0 / 60.0,
        pooled,
        jobs[:, 1].sum() * 74.4 / 60.0,
        wait_exceeds(3, pooled, 74.4, 5.0),
        *road_officers(worked_county(), POLICY),
        POLICY.crews.officer_min_per_year,
    ]
    missing = [f"{x:.6f}" for x in figures if f"{x:.6f}" not in page]
    assert missing == []


def test_worked_crews_against_the_definition() -> None:
    """The same crews from plain sums over states, not from the recursion."""

    def waits(m: int, a: float, service_min: float) -> float:
        top = a**m / factorial(m) * m / (m - a)
        c = top / (sum(a**k / factorial(k) for k in range(m)) + top)
        return c * exp(-(m - a) * 5.0 / service_min)

    for crews, a_day, a_night, service in (
        (3, 0.424658, 0.283105, 62.0),
        (2, 0.283105, 0.188737, 62.0),
        (4, 0.849315, 0.566210, 74.4),
    ):
        assert waits(crews, a_day, service) <= 0.05
        assert waits(crews, a_night, service) <= 0.05
        assert waits(crews - 1, a_day, service) > 0.05


def test_standard_counts_the_turnout_and_includes_the_limit() -> None:
    county = worked_county()
    for rural_min, within in ((22.0, 4500.0), (21.9, 3000.0), (6.0, 2000.0), (5.9, 0.0)):
        policy = POLICY.model_copy(update={"response": Response(rural_min=rural_min)})
        assert assess_of(county, policy, [0], [[0, 1]]).alerts_within_per_year[0] == within


def test_urban_cells_have_their_own_standard() -> None:
    county = toy_county(n_stations=2, cells_per_station=2, n_urban=1)
    policy = Policy(response=Response(urban_min=7, rural_min=21))
    assert standard_min(county, policy).tolist() == [7.0, 7.0, 21.0, 21.0]


def test_no_alerts_still_needs_a_crew_and_a_post() -> None:
    county = toy_county(alerts_per_cell=0.0, population_per_cell=0.0)
    found = assess_of(county, Policy(), [0, 1], [[0], [1, 2]])
    assert found.crews.tolist() == [1, 1]
    assert found.officers.tolist() == pytest.approx([7.0, 7.0 + 40 / 48])
    assert found.wait_share_fraction.tolist() == [0.0, 0.0]


def test_fewest_crews_by_policy() -> None:
    found = assess_of(
        worked_county(), with_crews(POLICY, min_crews=3), [0, 1, 0], [[0], [1], [0, 1]]
    )
    assert found.crews.tolist() == [3, 3, 4]


def test_two_officers_sent_are_one_crew_of_two_or_two_crews_of_one() -> None:
    county = worked_county()
    work = Workload(categories={"alert": CategoryWork(on_scene_min=50.0, officers_sent=2)})
    by_pair = demand_of(county, Policy(workload=work, crews=Crews(crew_officers=2)))
    by_one = demand_of(county, Policy(workload=work))
    assert by_one.jobs_per_hour == pytest.approx(2.0 * by_pair.jobs_per_hour)
    assert by_one.scene_crew_min_per_hour == pytest.approx(2.0 * by_pair.scene_crew_min_per_hour)
    three = Workload(categories={"alert": CategoryWork(on_scene_min=50.0, officers_sent=3)})
    rounded_up = demand_of(county, Policy(workload=three, crews=Crews(crew_officers=2)))
    assert rounded_up.jobs_per_hour == pytest.approx(2.0 * by_pair.jobs_per_hour)


def test_the_busiest_period_sets_the_crews() -> None:
    # Same alerts, all by night: twelve hours carry what twenty-four did.
    even = worked_county(period_share_fraction=[[0.5, 0.5]])
    night = worked_county(period_share_fraction=[[0.0, 1.0]])
    jobs = [demand_of(county, POLICY).jobs_per_hour[:, 1] for county in (even, night)]
    assert jobs[1].tolist() == pytest.approx((2.0 * jobs[0]).tolist())
    crews = [int(assess_of(county, POLICY, [0], [[0]]).crews[0]) for county in (even, night)]
    assert crews[1] > crews[0]


def test_a_host_that_cannot_reach_an_alert_needs_infinitely_many() -> None:
    minutes = worked_county().travel_time_min.copy()
    minutes[0, 3] = np.inf
    found = assess_of(worked_county(travel_time_min=minutes), POLICY, [0, 0], [[0], [0, 1]])
    assert np.isfinite(found.officers[0])
    assert found.officers[1] == np.inf
    assert found.alert_min_per_year[1] == np.inf
    assert found.farthest_min[1] == np.inf


def test_an_unreachable_cell_without_alerts_makes_no_work() -> None:
    county = worked_county()
    minutes = county.travel_time_min.copy()
    minutes[0, 3] = np.inf
    alerts = county.cells.alerts_per_year.copy()
    alerts[3] = 0.0
    quiet = worked_county(
        travel_time_min=minutes, cells=replace(county.cells, alerts_per_year=alerts)
    )
    found = assess_of(quiet, POLICY, [0], [[0, 1]])
    assert np.isfinite(found.officers[0])
    assert found.alert_min_per_year[0] == 18000.0 + 1500.0 * 20.0
    assert found.farthest_min[0] == np.inf


def test_a_station_without_cells() -> None:
    county = worked_county()
    moved = worked_county(cells=replace(county.cells, station=np.zeros(4, int)))
    found = assess_of(moved, POLICY, [1, 0], [[1], [0, 1]])
    assert found.alerts_per_year.tolist() == [0.0, 5000.0]
    assert found.officers[0] == 7.0


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 10_000))
def test_many_bundles_at_once_are_the_same_as_one_by_one(seed: int) -> None:
    county = random_county(seed, 6)
    rng = np.random.default_rng(seed)
    members = [
        sorted(rng.choice(6, size=int(rng.integers(1, 4)), replace=False).tolist())
        for _ in range(5)
    ]
    centres = [int(rng.choice(m)) for m in members]
    together = assess_of(county, Policy(), centres, members)
    for i, (centre, member) in enumerate(zip(centres, members, strict=True)):
        alone = assess_of(county, Policy(), [centre], [member])
        for name in Assessment.__dataclass_fields__:
            assert getattr(alone, name)[0] == pytest.approx(getattr(together, name)[i]), name


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 10_000))
def test_sums_of_a_bundle_against_a_plain_loop(seed: int) -> None:
    county = random_county(seed, 5)
    policy = Policy()
    found = assess_of(county, policy, [2], [[1, 2, 3]])
    alert_min = within = officers_min = 0.0
    farthest = 0.0
    for c in range(len(county.cells)):
        if county.cells.station[c] not in (1, 2, 3):
            continue
        minutes = float(county.travel_time_min[2, c])
        alerts = float(county.cells.alerts_per_year[c].sum())
        alert_min += alerts * minutes
        standard = 10.0 if county.cells.is_urban[c] else 30.0
        within += alerts if 2.0 + minutes <= standard else 0.0
        farthest = max(farthest, 2.0 + minutes)
        officers_min += float(county.cells.population[c]) * 10.0
    assert found.alert_min_per_year[0] == pytest.approx(alert_min)
    assert found.alerts_within_per_year[0] == pytest.approx(within)
    assert found.farthest_min[0] == farthest
    assert found.community_officers[0] == pytest.approx(officers_min / (48 * 60 * 365 / 7))
    assert found.office_travel_min[0] == county.station_time_min[2, [1, 3]].max()
    parts = ("crew", "post", "window", "case", "community")
    assert found.officers[0] == pytest.approx(
        sum(float(getattr(found, f"{p}_officers")[0]) for p in parts)
    )


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10_000))
def test_at_equal_service_time_a_bundle_never_needs_more_crews_than_its_stations(
    seed: int,
) -> None:
    # No travel: then pooling is the only difference between together and apart.
    near = random_county(seed, 5)
    county = random_county(seed, 5, travel_time_min=np.zeros_like(near.travel_time_min))
    one_kind = Policy(workload=Workload(other_category=CategoryWork(on_scene_min=60.0)))
    apart = assess_of(county, one_kind, [0, 1, 2], [[0], [1], [2]])
    pooled = assess_of(county, one_kind, [0], [[0, 1, 2]])
    assert int(pooled.crews[0]) <= int(apart.crews.sum())


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 10_000), st.floats(1.0, 3.0))
def test_more_alerts_never_need_fewer_officers(seed: int, factor: float) -> None:
    county = random_county(seed, 4)
    busier = replace(
        county,
        cells=replace(county.cells, alerts_per_year=county.cells.alerts_per_year * factor),
    )
    calm = assess_of(county, Policy(), [0, 1], [[0], [1, 2]])
    busy = assess_of(busier, Policy(), [0, 1], [[0], [1, 2]])
    assert (busy.officers >= calm.officers - 1e-9).all()
    strict = with_crews(Policy(), max_wait_share_fraction=0.01)
    assert (assess_of(county, strict, [0, 1], [[0], [1, 2]]).crews >= calm.crews).all()


def test_only_an_office_that_has_a_window_today_is_charged_for_one() -> None:
    county = worked_county()
    policy = worked_policy()
    members, centres = [[0, 1]], [0]
    with_window = assess(county, policy, demand_of(county, policy), centres, members)
    shut = replace(county.stations, has_window=[True, False])
    without = replace(county, stations=shut)
    bare = assess(without, policy, demand_of(without, policy), centres, members)
    assert with_window.window_officers[0] == pytest.approx(40 / 48)
    assert bare.window_officers[0] == 0.0
    assert with_window.officers[0] - bare.officers[0] == pytest.approx(40 / 48)
