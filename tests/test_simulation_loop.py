"""The event loop: compiled and plain agree event by event; crews and alerts are conserved."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from optimizer import simulation_loop
from optimizer.arrivals import arrival_model, draw_alerts, replay_alerts
from optimizer.plan import current_plan
from optimizer.policy import Policy
from optimizer.simulation import run_replication
from optimizer.simulation_inputs import SimulationInputs, simulation_inputs
from optimizer.simulation_measures import Trace
from optimizer.simulation_state import (
    ARRIVED,
    CLEARED,
    DISPATCHED,
    LEFT,
    OUT,
    PAUSED,
    QUEUED,
    RECEIVED,
    RELEASED,
    RESUMED,
)
from tests.test_simulation_queues import flat, inputs
from tests.toy import random_county

DAY = 1440.0


def policy_of(**simulation: Any) -> Policy:
    return Policy.model_validate({"simulation": simulation})


@st.composite
def instances(draw: st.DrawFn) -> tuple[SimulationInputs, Any, int]:
    """A random county, deployment and two to four busy days."""
    seed = draw(st.integers(0, 10_000))
    county = random_county(seed, draw(st.integers(1, 5)))
    on_road = draw(st.booleans())
    simulation = {
        "dispatch": draw(st.sampled_from(["own", "neighbours", "nearest"])),
        "start_from": "scene" if on_road else "station",
        "break_recall_priority": draw(st.integers(0, 3)),
        "break_min": draw(st.sampled_from([0, 30])),
        "preempt_priority": draw(st.integers(0, 2)),
        "preemptible_priority": draw(st.integers(1, 3)),
        "patrol_share_fraction": draw(st.sampled_from([0.0, 0.5])),
        "max_help_travel_min": draw(st.sampled_from([5, 30])),
        "service_distribution": draw(st.sampled_from(["lognormal", "exponential"])),
        "categories": {
            "criminal": {"priority": draw(st.integers(1, 3)), "arrest_share_fraction": 0.3},
            "traffic": {"priority": draw(st.integers(1, 3)), "escort_share_fraction": 0.3},
        },
    }
    work = {"criminal": {"officers_sent": 2}, "traffic": {"is_road_traffic": True}}
    policy = Policy.model_validate({"simulation": simulation, "workload": {"categories": work}})
    cells = len(county.cells)
    rng = np.random.default_rng(seed)
    minutes = rng.uniform(0.0, 20.0, (cells, cells)) if on_road else None
    crews = rng.integers(0, 3, (len(county.stations), len(county.period_hours)))
    crews[:, 0] = np.maximum(crews[:, 0], 1)
    side = simulation_inputs(
        county, policy, current_plan(county), cell_time_min=minutes, crews=crews
    )
    days = draw(st.integers(1, 3))
    model = arrival_model(county, policy).times(draw(st.sampled_from([1.0, 4.0])))
    return side, draw_alerts(model, days, seed=seed, replication=0), days


def run(side: SimulationInputs, alerts: Any, days: float, **options: Any) -> Trace:
    return run_replication(
        side, alerts, window_from=0.0, window_to=days * DAY, log_events=True, **options
    )


@settings(max_examples=15, deadline=None)
@given(instances())
def test_the_twin_gives_the_same_log(instance: Any) -> None:
    side, alerts, days = instance
    fast, slow = run(side, alerts, days), run(side, alerts, days, use_compiled=False)
    assert len(fast.log) == len(slow.log)
    assert fast.log.tobytes() == slow.log.tobytes()
    assert fast.events == slow.events
    for name in ("busy_min", "duty_min", "overrun_min", "none_free_min", "patrol_min"):
        assert np.array_equal(getattr(fast, name), getattr(slow, name)), name
    assert np.array_equal(fast.response_min, slow.response_min)


@settings(max_examples=40, deadline=None)
@given(instances())
def test_alerts_and_crews_are_conserved(instance: Any) -> None:
    side, alerts, days = instance
    done = run(side, alerts, days)
    log = done.log
    assert (np.diff(log.time) >= 0).all()
    number: dict[tuple[int, int], int] = defaultdict(int)
    holds: dict[int, int] = {}
    state: dict[int, str] = defaultdict(lambda: "waits")
    on_break: set[int] = set()
    for line in log:
        kind, job, crew = int(line.kind), int(line.job), int(line.crew)
        number[kind, job] += 1
        if kind == DISPATCHED:
            assert crew not in holds  # a crew is at one job at a time
            assert state[job] == "waits"
            holds[crew], state[job] = job, "served"
            on_break.discard(crew)
        elif kind in (ARRIVED, CLEARED):
            assert holds[crew] == job
        elif kind == LEFT:
            state[job] = "waits"
            assert holds.pop(crew) == job
        elif kind == RELEASED:
            assert holds.pop(crew) == job
            state[job] = "done"
        elif kind == PAUSED:
            assert crew not in holds
            on_break.add(crew)
        elif kind == RESUMED:
            assert crew in on_break
        elif kind == OUT:
            assert crew not in holds
    jobs = len(done.crew)
    for j in range(jobs):
        assert number[RECEIVED, j] == 1
        assert number[CLEARED, j] <= 1
        assert number[QUEUED, j] <= 1
        assert number[DISPATCHED, j] == number[LEFT, j] + (state[j] != "waits")
        # Cleared once, or still waiting or being served when the loop stopped.
        assert number[CLEARED, j] == 1 or state[j] in ("waits", "served")
    received = alerts.time_min[done.alert_of_job]
    sent = ~np.isnan(done.dispatched)
    assert (done.dispatched[sent] >= received[sent]).all()
    came = ~np.isnan(done.arrived)
    assert (done.arrived[came] >= done.dispatched[came]).all()
    over = ~np.isnan(done.cleared)
    assert (done.cleared[over] >= done.arrived[over]).all()
    window = days * DAY
    assert (done.busy_min <= done.duty_min + 1e-6).all()
    assert (done.duty_min <= window + 1e-6).all()
    assert ((done.none_free_min >= 0) & (done.none_free_min <= window + 1e-6)).all()
    assert done.patrol_min.sum() <= (done.duty_min - done.busy_min).sum() + 1e-6


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 1000), st.integers(1, 3))
def test_first_come_first_served_within_a_priority(seed: int, crews: int) -> None:
    model = flat([0.05, 0.05], [20.0, 20.0], [1.0, 1.0])
    alerts = draw_alerts(model, 4, seed=seed, replication=0)
    done = run(inputs(crews), alerts, 4)
    for priority in (1, 2):
        sent = done.dispatched[alerts.priority == priority]
        assert (np.diff(sent[~np.isnan(sent)]) >= 0).all()
    # With no travel and one priority, service starts in order of receipt whatever the crews.
    one = replace(alerts, priority=np.ones(len(alerts), int))
    sent = run(inputs(crews), one, 4).dispatched
    assert (np.diff(sent[~np.isnan(sent)]) >= 0).all()


def two_units(**changes: Any) -> SimulationInputs:
    """Stations A and B with a cell each; 5 minutes at home, 15 to the other's cell."""
    fields: dict[str, Any] = {
        "unit_id": ("A", "B"),
        "members": ((0,), (1,)),
        "home_station": [0, 1],
        "unit_of_cell": [0, 1],
        "crews": [[1], [1]],
        "neighbours": ((1,), (0,)),
        "travel_min": [[5.0, 15.0], [15.0, 5.0]],
        "station_min": [[0.0, 12.0], [12.0, 0.0]],
        "custody_station": [0, 1],
        "escort_station": [0, 0],
        "patrol_weight": [1.0, 1.0],
    }
    return inputs(**{**fields, **changes})


def told(side: SimulationInputs, **columns: Any) -> Trace:
    """Alerts given one by one: time, cell, service, priority, site, stay, crews."""
    n = len(columns["time"])
    model = flat([0.001] * 2, [10.0] * 2, [0.0] * 2)
    two_cells = replace(model, alerts_per_year=np.ones((2, 2)))
    alerts = replay_alerts(
        two_cells, columns["time"], columns["cell"], [0] * n,
        priority=columns.get("priority", [2] * n), service_min=columns["service"],
    )  # fmt: skip
    more = {
        k: np.array(columns[k]) for k in ("site", "stay_min", "crews", "patrol") if k in columns
    }
    return run(side, replace(alerts, **more), 1)


def test_who_goes_by_dispatch_rule() -> None:
    twice = {"time": [100.0, 101.0], "cell": [0, 0], "service": [60.0, 30.0]}
    own = told(two_units(dispatch="own"), **twice)
    # Out 5, scene 60, back 5: the second waits for it until 170.
    assert own.dispatched.tolist() == [100.0, 170.0]
    assert own.crew.tolist() == [0, 0]
    neighbours = told(two_units(dispatch="neighbours"), **twice)
    assert neighbours.crew.tolist() == [0, 1]
    assert neighbours.response_min.tolist() == [5.0, 15.0]
    too_far = told(two_units(dispatch="neighbours", max_help_travel_min=14.0), **twice)
    assert too_far.crew.tolist() == [0, 0]
    # The own crew is asked first even where another is nearer; `nearest` takes the nearer.
    near_b = {"travel_min": [[20.0, 15.0], [4.0, 5.0]]}
    once = {"time": [100.0], "cell": [0], "service": [10.0]}
    assert told(two_units(dispatch="neighbours", **near_b), **once).crew.tolist() == [0]
    assert told(two_units(dispatch="nearest", **near_b), **once).crew.tolist() == [1]


def test_a_freed_crew_takes_urgent_work_first_then_its_own() -> None:
    side = two_units(dispatch="neighbours", crews=[[1], [1]], travel_min=np.zeros((2, 2)))
    done = told(
        side,
        time=[10.0, 10.0, 20.0, 21.0, 22.0],
        cell=[0, 1, 1, 0, 1],
        service=[50.0, 100.0, 10.0, 10.0, 10.0],
        priority=[2, 2, 2, 2, 1],
    )
    # At 60 crew A is free: the urgent alert of B, then its own, then the other of B.
    assert done.dispatched.tolist() == [10.0, 10.0, 80.0, 70.0, 60.0]
    assert done.crew.tolist() == [0, 1, 0, 0, 0]


def test_from_the_scene_a_crew_is_sent_on_from_where_it_is() -> None:
    cells = np.array([[0.0, 7.0], [7.0, 0.0]])
    side = two_units(
        dispatch="nearest", cell_time_min=cells, turnout_min=2.0, turnout_on_road_min=0.5,
        crews=[[1], [0]],
    )  # fmt: skip
    done = told(side, time=[100.0, 110.0], cell=[0, 1], service=[20.0, 20.0], patrol=[0.9, 0.9])
    assert done.arrived[0] == 107.0  # turn-out 2 and 5 from the station
    assert done.dispatched[1] == 127.0  # when the first is cleared
    assert done.arrived[1] == 134.5  # on the road: 0.5, and 7 from cell to cell
    later = told(side, time=[100.0, 140.0], cell=[0, 0], service=[20.0, 20.0], patrol=[0.9, 0.9])
    assert later.response_min[1] == 7.0  # back at the station since 132
    meanwhile = told(side, time=[100.0, 130.0], cell=[0, 0], service=[20.0, 5.0], patrol=[0.9, 0.9])
    assert meanwhile.response_min[1] == 0.5  # still counted as at the last scene


def test_an_arrest_takes_the_first_crew_off_the_road() -> None:
    side = two_units(dispatch="own", crews=[[2], [1]], custody_station=[1, 1])
    done = told(
        side, time=[100.0, 101.0, 102.0], cell=[0, 0, 0], service=[20.0, 100.0, 10.0],
        site=[1, 0, 0], stay_min=[60.0, 0.0, 0.0],
    )  # fmt: skip
    # Cleared at 125; 15 to custody at B, 60 there, 12 from seat to seat: free at 212.
    # The other crew: out 5, scene 100, back 5: free at 211, one minute before.
    assert done.cleared[0] == 125.0
    assert done.dispatched[2] == 211.0
    assert done.crew[2] == 1
    released = done.log[(done.log.kind == RELEASED) & (done.log.job == 0)]
    assert released.time.tolist() == [212.0]


def test_the_second_crew_of_an_alert_does_not_go_to_custody() -> None:
    side = two_units(dispatch="own", crews=[[2], [1]])
    done = told(side, time=[100.0], cell=[0], service=[20.0], crews=[2], site=[1], stay_min=[60.0])
    released = done.log[done.log.kind == RELEASED]
    assert released.time.tolist() == [130.0, 190.0]  # back at 130; 125 + 5 + 60 + 0
    assert released.crew.tolist() == [1, 0]


def test_pre_emption_leaves_the_least_urgent_job_and_resumes_it() -> None:
    side = two_units(
        dispatch="own", preempt_priority=1, preemptible_priority=3, travel_min=np.zeros((2, 2))
    )
    done = told(
        side, time=[100.0, 110.0, 120.0], cell=[0, 0, 0], service=[60.0, 30.0, 5.0],
        priority=[3, 1, 1],
    )  # fmt: skip
    # 10 minutes of the first are done; the urgent one is served at once, the next urgent one may
    # not call the crew off an urgent job; then 50 minutes are left.
    assert done.dispatched.tolist() == [100.0, 110.0, 140.0]
    assert done.cleared.tolist() == [195.0, 140.0, 145.0]
    assert done.arrived[0] == 100.0
    never = told(
        replace(side, preemptible_priority=4), time=[100.0, 110.0], cell=[0, 0],
        service=[60.0, 30.0], priority=[3, 1],
    )  # fmt: skip
    assert never.dispatched.tolist() == [100.0, 160.0]


def test_shifts_end_after_the_job_and_count_what_runs_over() -> None:
    side = two_units(
        dispatch="own", crews=[[1, 0], [1, 1]], period_start_min=[0.0, 720.0],
        shift_starts_hours=(0.0, 12.0), travel_min=np.zeros((2, 2)),
    )  # fmt: skip
    done = told(side, time=[700.0, 705.0, 710.0], cell=[0, 1, 0], service=[50.0, 40.0, 10.0])
    assert done.overrun_min.tolist() == [30.0, 25.0]
    # A's crew goes off duty when it is done; the next alert waits until the next day.
    assert done.dispatched.tolist() == [700.0, 705.0, 1440.0]
    assert done.duty_min.tolist() == [750.0, 1440.0]
    assert done.none_free_min[0] == 1440.0 - 700.0


def test_breaks_yield_to_what_may_not_wait() -> None:
    side = two_units(
        dispatch="own", shift_starts_hours=(8.0,), break_min=30.0, break_after_min=60.0,
        break_recall_priority=1, travel_min=np.zeros((2, 2)),
    )  # fmt: skip
    # Break of both from 540 to 570.
    done = told(side, time=[545.0, 550.0], cell=[0, 1], service=[10.0, 10.0], priority=[2, 1])
    assert done.dispatched.tolist() == [570.0, 550.0]
    # B's crew makes up for its break after the job.
    pauses = done.log[(done.log.kind == PAUSED) & (done.log.crew == 1)]
    assert pauses.time.tolist() == [540.0, 560.0]


def test_patrol_minutes_are_where_the_weight_is() -> None:
    side = two_units(
        dispatch="own", unit_of_cell=[0, 0], patrol_weight=[3.0, 0.0],
        patrol_share_fraction=0.5, cell_time_min=np.zeros((2, 2)),
        travel_min=np.zeros((2, 2)), custody_station=[0, 0],
    )  # fmt: skip
    done = told(side, time=[100.0, 300.0], cell=[0, 0], service=[10.0, 10.0], patrol=[0.4, 0.6])
    # On patrol from 110 to 300; after the second alert at the seat.
    assert done.patrol_min == pytest.approx([190.0, 0.0])


def test_weeks_can_be_slower() -> None:
    side = two_units(dispatch="own").slower([1.0, 2.0], [0.0, 3.0])
    alerts = replay_alerts(
        replace(flat([0.1], [10.0], [0.0]), alerts_per_year=np.ones((2, 1))),
        [100.0, 10_080.0 + 100.0, 40_000.0], [0, 0, 0], [0, 0, 0],
    )  # fmt: skip
    assert run(side, alerts, 30).response_min.tolist() == [5.0, 13.0, 13.0]


def test_where_nobody_is_on_duty_alerts_stay_unserved() -> None:
    done = told(two_units(dispatch="own", crews=[[0], [1]]), time=[5.0], cell=[0], service=[10.0])
    assert np.isinf(done.response_min).all()
    assert np.isinf(done.wait_min).all()
    assert done.none_free_min.tolist() == [1440.0, 0.0]


@pytest.mark.parametrize(
    "broken",
    [
        {"travel_min": [[-1.0, 1.0], [1.0, 1.0]]},
        {"travel_min": [[np.nan, 1.0], [1.0, 1.0]]},
        {"crews": [[-1], [1]]},
        {"crews": [[0.5], [1]]},
        {"turnout_min": np.nan},
        {"turnout_min": -1.0},
        {"break_min": np.nan},
        {"period_start_min": [1.0]},
        {"unit_of_cell": [0, 2]},
        {"custody_station": [0, 5]},
        {"members": ((0,),)},
        {"travel_factor": []},
    ],
)
def test_inputs_are_refused(broken: dict[str, Any]) -> None:
    with pytest.raises(ValueError):
        two_units(**broken)


def test_policy_reaches_the_inputs() -> None:
    county = random_county(3, 4)
    side = simulation_inputs(county, policy_of(dispatch="nearest"), current_plan(county))
    assert side.dispatch == "nearest"
    assert side.cell_time_min is None


def test_where_nothing_can_be_kept_it_still_compiles(monkeypatch: pytest.MonkeyPatch) -> None:
    from numba.core import caching

    fresh = simulation_loop.compiled.__wrapped__
    monkeypatch.setattr(caching.CacheImpl, "_locator_classes", [])
    made = fresh()
    monkeypatch.setattr(simulation_loop, "compiled", lambda: made)
    assert simulation_loop.compiling() == "always"


def test_what_was_kept_is_not_compiled_again(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    from numba.core import config

    fresh = simulation_loop.compiled.__wrapped__
    monkeypatch.setattr(config, "CACHE_DIR", str(tmp_path))
    made: Any = fresh()
    monkeypatch.setattr(simulation_loop, "compiled", lambda: made)
    assert simulation_loop.compiling() == "once"
    index = made._cache._cache_file
    index._save_index({"a signature": "its file"})
    assert simulation_loop.compiling() == "no"
