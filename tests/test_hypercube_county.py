"""Deployments as hypercubes: by hand, against the simulation, and what cannot be one."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from optimizer.arrivals import arrival_model
from optimizer.county import County
from optimizer.hypercube import OverloadError, loads
from optimizer.hypercube_county import CountyMethod, county_hypercube, county_loads
from optimizer.plan import Bundle, current_plan
from optimizer.policy import CategoryWork, Crews, Policy, Response, Workload
from optimizer.policy_simulation import CategorySimulation, Simulation
from optimizer.simulation import prepare, simulate
from tests.toy import toy_county

SCENE_MIN = 60.0
FAST = 1e9
"""Speed at which no way takes any time."""


def policy_of(min_crews: int = 1, **simulation: Any) -> Policy:
    """One crew per alert, `min_crews` at each centre, nobody arrested."""
    return Policy(
        workload=Workload(other_category=CategoryWork(on_scene_min=SCENE_MIN)),
        crews=Crews(min_crews=min_crews, max_wait_min=1000.0, max_wait_share_fraction=0.99),
        response=Response(turnout_min=0.0),
        simulation=Simulation(
            other_category=CategorySimulation(arrest_share_fraction=0.0),
            service_distribution="exponential",
            **simulation,
        ),
    )


def county_of(erlangs_each: float, *, stations: int = 2, **more: Any) -> County:
    """Stations with one cell each, at the seat."""
    alerts = erlangs_each / SCENE_MIN * 525_600.0
    options = {"speed_km_per_h": FAST, "n_periods": 1, **more}
    return toy_county(n_stations=stations, cells_per_station=1, alerts_per_cell=alerts, **options)


def test_two_centres_by_hand() -> None:
    # M/M/2 with one erlang: P0 = 1/3, one of two busy 1/3, all busy 1/3. An alert goes to the
    # other when only its own is busy (1/6), or to whoever is free first when both are (1/2 x 1/3).
    county = county_of(0.5)
    found = county_loads(county_hypercube(county, policy_of(), current_plan(county)))
    assert found.method == "exact"
    np.testing.assert_allclose(found.workload_fraction, [0.5, 0.5])
    np.testing.assert_allclose(found.unit_workload_fraction, [0.5, 0.5])
    assert found.cross_fraction == pytest.approx(1 / 6 + 1 / 6)
    np.testing.assert_allclose(found.help_received_fraction, [1 / 3, 1 / 3])
    np.testing.assert_allclose(found.help_given_fraction, [1 / 3, 1 / 3])
    np.testing.assert_allclose(found.service_min, SCENE_MIN)


def test_the_way_is_part_of_the_service() -> None:
    # 12 minutes between the seats; own alerts take 60, the other's 72, both ways 84.
    county = county_of(0.2, speed_km_per_h=30.0)
    plan = current_plan(county)
    one_way = county_hypercube(county, policy_of(start_from="scene"), plan)
    np.testing.assert_allclose(one_way.job_min, [[60.0, 72.0], [72.0, 60.0]])
    both = county_hypercube(county, policy_of(start_from="station"), plan)
    np.testing.assert_allclose(both.job_min, [[60.0, 84.0], [84.0, 60.0]])
    found = county_loads(both)
    share = found.cross_fraction
    np.testing.assert_allclose(found.service_min, 60.0 * (1 - share) + 84.0 * share)
    # What comes in is what is worked off.
    rate = both.cube.alerts_per_min.sum()
    assert found.workload_fraction.sum() == pytest.approx(rate * found.service_min[0])


def test_neighbours_go_before_others_and_only_within_their_limit() -> None:
    county = county_of(0.2, stations=4, speed_km_per_h=30.0)  # in a row, 12 minutes apart
    plan = current_plan(county)
    order = county_hypercube(county, policy_of(dispatch="neighbours"), plan).cube.preference
    assert order.tolist() == [[0, 1, 2, 3], [1, 0, 2, 3], [2, 1, 3, 0], [3, 2, 1, 0]]
    touching = replace(county, station_adjacency=np.array([[0, 3], [1, 2]]))
    order = county_hypercube(touching, policy_of(max_help_travel_min=60.0), plan).cube.preference
    assert order[0].tolist() == [0, 3, 1, 2], "the neighbour first, though it is farther"
    near = county_hypercube(touching, policy_of(max_help_travel_min=30.0), plan).cube.preference
    assert near[0].tolist() == [0, 1, 2, 3], "36 minutes are too far for help"
    nearest = county_hypercube(touching, policy_of(dispatch="nearest"), plan).cube.preference
    assert nearest[0].tolist() == [0, 1, 2, 3]


def test_crews_of_one_centre_take_turns() -> None:
    county = toy_county(n_stations=1, cells_per_station=4, n_periods=1)
    cube = county_hypercube(county, policy_of(2), current_plan(county)).cube
    assert cube.preference[:, 0].tolist() == [0, 1, 0, 1]


def test_arrests_keep_the_first_crew_only() -> None:
    policy = policy_of().model_copy(
        update={
            "workload": Workload(
                other_category=CategoryWork(on_scene_min=SCENE_MIN, officers_sent=2)
            ),
            "simulation": Simulation(
                other_category=CategorySimulation(arrest_share_fraction=0.5), custody_min=40.0
            ),
        }
    )
    county = county_of(0.1)
    system = county_hypercube(county, policy, current_plan(county))
    assert system.cube.alerts_per_min.sum() == pytest.approx(2 * 2 * 0.1 / SCENE_MIN)
    assert system.job_min[0, 0] == pytest.approx(SCENE_MIN + 0.5 * 40.0 / 2)


def test_a_bundle_is_one_group_of_crews() -> None:
    county = county_of(0.5)
    plan = replace(
        current_plan(county), bundles=(Bundle(centre_id="s01", station_ids=("s01", "s02")),)
    )
    system = county_hypercube(county, policy_of(2), plan)
    assert system.unit_id == ("s01",)
    found = county_loads(system)
    assert found.cross_fraction == 0.0
    assert found.unit_workload_fraction[0] == pytest.approx(0.5)


def test_a_period_has_its_own_rate() -> None:
    county = county_of(0.2, n_periods=2)
    share = np.tile([0.25, 0.75], (len(county.categories), 1))
    county = replace(county, period_share_fraction=share)
    plan = current_plan(county)
    mean, night, day = (
        county_hypercube(county, policy_of(), plan, period=p).cube.alerts_per_min.sum()
        for p in (None, 0, 1)
    )
    assert night == pytest.approx(0.5 * mean)
    assert day == pytest.approx(1.5 * mean)


@pytest.mark.parametrize("method", ["exact", "overflow"])
def test_the_simulation_gives_the_same_help(method: CountyMethod) -> None:
    county = county_of(0.6, stations=3, speed_km_per_h=60.0)
    policy = policy_of(
        2, dispatch="nearest", start_from="station", patrol_share_fraction=0.0, break_min=0.0,
        days=200, min_replications=10, max_replications=10, shift_starts_hours=(),
    )  # fmt: skip
    plan = current_plan(county)
    found = county_loads(county_hypercube(county, policy, plan), method)
    setup = prepare(county, policy, plan, model=arrival_model(county, policy))
    measured = simulate(setup).measures
    cross, busy = measured["cross_area_fraction"], measured["unit_utilisation_fraction"]
    # Services are an exponential and a way, not exponential.
    near = 0.005 if method == "exact" else 0.03
    assert found.cross_fraction == pytest.approx(float(cross.plan), abs=near)
    np.testing.assert_allclose(found.unit_workload_fraction, busy.plan, atol=0.01)


def test_overflow_of_two_loss_groups_by_hand() -> None:
    # M/M/1/1 each: what is offered is 1/4 own and what the other passes on, x = 1/4 + x/(1+x) 1/4
    # counted before it is blocked again; of one's own, B passes on and 1 - B of that is taken.
    county = county_of(0.25)
    found = county_loads(county_hypercube(county, policy_of(), current_plan(county)), "overflow")
    offered = 0.25
    for _ in range(200):
        offered = 0.25 + 0.25 * offered / (1.0 + offered)
    blocked = offered / (1.0 + offered)
    assert found.cross_fraction == pytest.approx(blocked / (1.0 + blocked))
    np.testing.assert_allclose(found.workload_fraction, 0.25)


def test_many_crews_are_not_exact_unless_asked_for() -> None:
    county = county_of(0.2, stations=16)
    system = county_hypercube(county, policy_of(), current_plan(county))
    found = county_loads(system)
    assert found.method == "overflow"
    close = county_loads(system, "approximate")
    assert close.cross_fraction == pytest.approx(found.cross_fraction, rel=0.15)
    np.testing.assert_allclose(close.unit_workload_fraction, 0.2, rtol=0.15)
    with pytest.raises(ValueError, match="exact"):
        county_loads(system, "exact")


@pytest.mark.parametrize("method", ["exact", "approximate", "overflow"])
def test_more_work_than_crews(method: CountyMethod) -> None:
    county = county_of(1.1, officers=1)  # who man one crew at each centre
    system = county_hypercube(county, policy_of(crews="in_post"), current_plan(county))
    with pytest.raises(OverloadError) as caught:
        county_loads(system, method)
    assert caught.value.units_needed == 3


def test_what_is_no_hypercube() -> None:
    county = county_of(0.2)
    with pytest.raises(ValueError, match="own"):
        county_hypercube(county, policy_of(dispatch="own"), current_plan(county))
    silent = county_of(0.0)
    with pytest.raises(ValueError, match="alert"):
        county_hypercube(silent, policy_of(), current_plan(silent))


def test_services_start_from_own_alerts() -> None:
    county = county_of(0.2, speed_km_per_h=30.0)
    cube = county_hypercube(county, policy_of(), current_plan(county)).cube
    np.testing.assert_allclose(cube.service_min, 60.0)
    assert loads(cube).workload_fraction.sum() == pytest.approx(0.4)
