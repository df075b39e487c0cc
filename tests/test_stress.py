"""Each stress changes what it says and nothing else; all of them share their alerts."""

from __future__ import annotations

from dataclasses import fields, replace
from functools import partial

import numpy as np
import pytest

from optimizer.arrivals import DAY_MIN, Alerts
from optimizer.policy import Policy
from optimizer.simulation import Setup, run_replication
from optimizer.simulation_inputs import SimulationInputs
from optimizer.simulation_measures import Trace
from optimizer.stress import (
    DEPLOYMENTS,
    Incidents,
    Peak,
    Scope,
    Stress,
    crews_left,
    far_cells,
    incident_category,
    new_cells,
)
from optimizer.stress_rules import StressRules
from optimizer.stress_runs import StressJob, StressRow, average_month, breaches, run_stresses
from scenarios.fan_out import fan_out
from scenarios.stress import incident_cells, stresses
from tests.stress_support import stressed_setup

TOP = 4.0


@pytest.fixture(scope="module")
def setup() -> Setup:
    return stressed_setup(("s02", "s03"))


def alerts_of(setup: Setup, stress: Stress, replication: int = 0) -> Alerts:
    job = StressJob(setup=setup, stresses=(), scopes=(), top_factor=TOP)
    return stress.alerts(setup, job.drawn(replication), TOP, replication)


def rows_of(setup: Setup, *asked: Stress, workers: int = 1, n: int = 3) -> tuple[StressRow, ...]:
    return run_stresses(
        setup,
        asked,
        Policy(),
        replications=n,
        top_factor=TOP,
        fan=partial(fan_out, workers=workers),
        progress=lambda step, done, of: None,
    )


def differing(one: SimulationInputs, other: SimulationInputs) -> set[str]:
    return {f.name for f in fields(SimulationInputs) if not _same(one, other, f.name)}


def _same(one: SimulationInputs, other: SimulationInputs, name: str) -> bool:
    a, b = getattr(one, name), getattr(other, name)
    return np.array_equal(a, b) if isinstance(a, np.ndarray) else a == b


def trace_of(inputs: SimulationInputs, alerts: Alerts, days: int = 21) -> Trace:
    return run_replication(inputs, alerts, window_from=0.0, window_to=days * DAY_MIN)


# --- alerts ---------------------------------------------------------------------------------


def test_a_surge_holds_every_undisturbed_alert_and_the_right_number_more(setup: Setup) -> None:
    usual, more = alerts_of(setup, Stress()), alerts_of(setup, Stress(surge=2.0))
    row = {t: i for i, t in enumerate(more.time_min.tolist())}
    at = [row[t] for t in usual.time_min.tolist()]
    for name in Alerts.__dataclass_fields__:
        assert np.array_equal(getattr(usual, name), getattr(more, name)[at]), name
    expected = setup.model.alerts_per_year.sum() * 21 / 365
    assert len(usual) == pytest.approx(expected, abs=4 * np.sqrt(expected))
    assert len(more) == pytest.approx(2 * expected, abs=4 * np.sqrt(2 * expected))
    assert not any(
        differing(Stress(surge=2.0).inputs(setup, w, 0), Stress().inputs(setup, w, 0))
        for w in DEPLOYMENTS
    )


def test_a_market_adds_alerts_there_and_then_only(setup: Setup) -> None:
    there = np.arange(15) < 3
    peak = Peak(cells=there, factor=4.0, from_hour=8.0, to_hour=14.0)
    usual, market = alerts_of(setup, Stress()), alerts_of(setup, Stress(peak=peak))
    new = ~np.isin(market.time_min, usual.time_min)
    assert np.isin(usual.time_min, market.time_min).all()
    hour = market.time_min % DAY_MIN / 60.0
    assert there[market.cell[new]].all()
    assert ((hour[new] >= 8) & (hour[new] < 14)).all()
    base = (
        there[usual.cell] & (usual.time_min % 1440 >= 480) & (usual.time_min % 1440 < 840)
    ).sum()
    assert new.sum() + base == pytest.approx(4 * 3 * 600 * 21 / 365 / 4, rel=0.25)


def test_incidents_are_added_at_the_worst_places_every_counted_day(setup: Setup) -> None:
    cells = incident_cells(setup)
    plan = setup.plan
    # The bundle goes first, then the busiest alone; each in its cell farthest from the centre.
    assert [plan.unit_id[plan.unit_of_cell[c]] for c in cells] == ["s02", "s01"]
    for c in cells:
        u = plan.unit_of_cell[c]
        own = np.flatnonzero(plan.unit_of_cell == u)
        assert (
            plan.travel_min[plan.home_station[u], c]
            == plan.travel_min[plan.home_station[u], own].max()
        )
    stress = Stress(incidents=Incidents(cells=cells, crews=3, hours=2.0, hour=20.0))
    usual, found = alerts_of(setup, Stress()), alerts_of(setup, stress)
    new = found.category == incident_category(setup)
    assert np.array_equal(found.time_min[~new], usual.time_min)
    assert np.array_equal(found.crews[~new], usual.crews)
    assert new.sum() == 2 * setup.days
    assert set(found.crews[new]) == {3}
    assert set(found.service_min[new]) == {120.0}
    assert set(found.priority[new]) == {1}
    first = (setup.warm_up_days * 24 + 20) * 60
    expected = np.repeat(first + DAY_MIN * np.arange(setup.days), 2)
    assert np.array_equal(found.time_min[new], expected)


def test_incidents_themselves_are_not_counted(setup: Setup) -> None:
    """A scope that only incidents could fall into stays empty but for everyday alerts."""
    incidents = Incidents(cells=incident_cells(setup), crews=2, hours=1.0, hour=20.0)
    row = rows_of(setup, Stress(incidents=incidents), n=2)[1]
    job = StressJob(
        setup=setup,
        stresses=(Stress(), Stress(incidents=incidents)),
        scopes=((Scope(),), (Scope(),)),
        top_factor=TOP,
    )
    usual, hit = (job.tallies(i, 0, job.drawn(0))["plan"] for i in (0, 1))
    assert usual.scopes[0, 0] == hit.scopes[0, 0]
    assert np.array_equal(usual.bundles[:, 0], hit.bundles[:, 0])
    assert row.measures["response_mean_min"].plan > row.undisturbed["response_mean_min"].plan


def test_scope_over_midnight() -> None:
    alerts = alerts_of(stressed_setup(), Stress())
    held = Scope(from_hour=22.0, hours=4.0).holds(alerts)
    hour = alerts.time_min % DAY_MIN / 60.0
    assert np.array_equal(held, (hour >= 22) | (hour < 2))


# --- ways -----------------------------------------------------------------------------------


@pytest.mark.parametrize("on_road", [True, False])
def test_snow_equals_scaled_minutes(on_road: bool) -> None:
    setup = stressed_setup(("s02", "s03"), on_road=on_road)
    alerts = alerts_of(setup, Stress())
    for which in DEPLOYMENTS:
        usual = Stress().inputs(setup, which, 0)
        snow = Stress(travel_factor=1.5).inputs(setup, which, 0)
        assert differing(snow, usual) == {"travel_factor"}
        scaled = replace(
            usual,
            travel_min=usual.travel_min * 1.5,
            station_min=usual.station_min * 1.5,
            cell_time_min=None if usual.cell_time_min is None else usual.cell_time_min * 1.5,
        )
        a, b = trace_of(snow, alerts), trace_of(scaled, alerts)
        assert np.allclose(a.response_min, b.response_min)
        assert np.allclose(a.busy_min, b.busy_min)


def test_rules_turn_speed_into_minutes() -> None:
    rules = StressRules(snow_speed_fraction=0.5)
    [snow] = stresses(stressed_setup(), rules, ["snow"], None, [])
    assert snow.travel_factor == 2.0


@pytest.mark.parametrize("on_road", [True, False])
def test_at_the_far_end_the_first_crew_comes_from_the_farthest_cell(on_road: bool) -> None:
    setup = stressed_setup(("s02", "s03"), on_road=on_road)
    side = Stress(far_end=True).inputs(setup, "plan", 0)
    assert differing(side, setup.plan) == {
        "travel_min", "station_min", "home_station", "patrol_share_fraction",
    }  # fmt: skip
    far = far_cells(setup.plan)
    u = setup.plan.unit_id.index("s02")
    # The ring of s03, 12 minutes away, lies 2 km (4 minutes) around its seat.
    assert setup.plan.travel_min[1, far[u]] == pytest.approx(16.0)
    # Everything idle: a first alert is met from there.
    alerts = alerts_of(setup, Stress())
    one = Alerts(**{n: getattr(alerts, n)[:1] for n in Alerts.__dataclass_fields__})
    cell = int(one.cell[0])
    unit = setup.plan.unit_of_cell[cell]
    found = trace_of(replace(side, break_min=0.0), one).response_min[0]
    if on_road:
        assert setup.plan.cell_time_min is not None
        way = setup.plan.cell_time_min[far[unit], cell]
    else:
        way = (setup.plan.travel_min[:, far[unit]] + setup.plan.travel_min[:, cell]).min()
    assert found == pytest.approx(setup.plan.turnout_min + way)


def test_new_ground_is_where_the_responsible_station_changed(setup: Setup) -> None:
    new = new_cells(setup)
    assert np.array_equal(np.flatnonzero(new), [6, 7, 8])  # the cells of s03
    stress = Stress(name="new_ground", new_ground=(0.5, 2.0))
    assert not differing(stress.inputs(setup, "today", 0), setup.today)
    side = stress.inputs(setup, "plan", 0)
    assert differing(side, setup.plan) == {"travel_min", "cell_time_min"}
    assert np.array_equal(side.travel_min[:, ~new], setup.plan.travel_min[:, ~new])
    assert np.allclose(side.travel_min[:, new], setup.plan.travel_min[:, new] * 1.5 + 2.0)
    assert side.cell_time_min is not None
    assert setup.plan.cell_time_min is not None
    assert np.array_equal(side.cell_time_min[:, ~new], setup.plan.cell_time_min[:, ~new])
    assert np.allclose(side.cell_time_min[:, new], setup.plan.cell_time_min[:, new] * 1.5 + 2.0)
    with pytest.raises(ValueError, match="not together"):
        Stress(new_ground=(0.1, 0.0), surge=2.0)


# --- crews ----------------------------------------------------------------------------------


def test_strength_removes_the_share_on_average_and_never_needs_a_last_crew() -> None:
    setup = stressed_setup(crews_today=[[3]] * 5, n_periods=1)
    left = [crews_left(setup.today, 0.1, seed=1, replication=r) for r in range(400)]
    missing = 15 - np.array([c.sum() for c in left])
    assert set(missing) == {1, 2}  # 10% of 15 crews is one and a half
    assert missing.mean() == pytest.approx(1.5, abs=0.1)
    assert min(c.min() for c in left) >= 1
    by_unit = 3 - np.mean(left, axis=0).ravel()
    assert np.allclose(by_unit, 0.3, atol=0.1)
    again = crews_left(setup.today, 0.1, seed=1, replication=7)
    assert np.array_equal(again, left[7])


def test_a_last_crew_goes_only_where_neighbours_help() -> None:
    setup = stressed_setup(crews_today=[[1]] * 5, n_periods=1)
    assert crews_left(setup.today, 0.4, seed=1, replication=0).sum() == 3
    alone = replace(setup.today, dispatch="own")
    assert crews_left(alone, 0.4, seed=1, replication=0).sum() == 5
    mixed = setup.today.with_crews(np.array([[1], [1], [1], [1], [6]]))
    assert crews_left(mixed, 0.5, seed=1, replication=0).tolist() == [[1], [1], [1], [1], [1]]


def test_a_missing_crew_is_missing_in_its_own_periods_only() -> None:
    setup = stressed_setup(crews_today=[[1, 1, 3]] * 5)
    left = crews_left(setup.today, 0.5, seed=2, replication=0)
    assert (left[:, 0] == 1).sum() + (left[:, 0] == 0).sum() == 5
    assert (left <= setup.today.crews).all()
    # Half of 15 crews, seven or eight, are missing in the period in which all would be on duty.
    assert setup.today.crews[:, 2].sum() - left[:, 2].sum() in (7, 8)


def test_a_crew_of_one_centre_is_missing_today_and_in_the_plan() -> None:
    setup = stressed_setup(("s02", "s03"), crews_today=[[2]] * 5, crews_plan=[[2]] * 4, n_periods=1)
    stress = Stress(absent_fraction=0.2)
    together = 0
    for r in range(40):
        today = stress.inputs(setup, "today", r).crews.ravel()
        plan = stress.inputs(setup, "plan", r).crews.ravel()
        together += int((today[[0, 1, 3, 4]] == plan).all())
    assert together > 12  # by chance alone: one in nine


# --- rows -----------------------------------------------------------------------------------


def test_no_stress_changes_nothing_and_intervals_are_zero(setup: Setup) -> None:
    rows = rows_of(setup, Stress(), Stress(name="new_ground", new_ground=(0.0, 0.0)))
    for row in rows[1:]:
        for name, extra in row.extra.items():
            assert extra == (0.0, 0.0), name
        assert row.measures["within_fraction"].plan == rows[0].measures["within_fraction"].plan


def test_scopes_of_the_undisturbed_are_those_of_the_stress(setup: Setup) -> None:
    cells = np.arange(15) < 3
    row = rows_of(setup, Stress(surge=1.0, scope=Scope(cells=cells)))[1]
    for name, compared in row.measures.items():
        assert compared.plan == row.undisturbed[name].plan, name
        assert compared.today == row.undisturbed[name].today, name


def test_the_weeks_after_recover_to_the_undisturbed_level(setup: Setup) -> None:
    rules = StressRules(
        new_ground_travel_fraction=1.0, new_ground_turnout_min=15.0, new_ground_half_life_weeks=1.0
    )
    weeks = []
    for w in (0, 1, 3, 60):
        left = rules.new_ground_share(w)
        assert left == 0.5**w
        weeks.append(Stress(name="new_ground", size=float(w), new_ground=(1.0 * left, 15.0 * left)))
    rows = rows_of(setup, *weeks)
    mean = [float(r.measures["response_mean_min"].plan) for r in rows]
    assert mean[1] > mean[2] > mean[3] > mean[0]
    assert mean[4] == pytest.approx(mean[0], abs=1e-9)
    share = [float(r.measures["within_fraction"].plan) for r in rows]
    assert share[1] < share[0]
    assert share[4] == share[0]
    # Today knows its ground all the time.
    assert len({float(r.measures["response_mean_min"].today) for r in rows}) == 1


def test_rows_do_not_depend_on_workers(setup: Setup) -> None:
    asked = (Stress(name="surge", surge=2.0), Stress(name="strength", absent_fraction=0.3))
    one, two = rows_of(setup, *asked), rows_of(setup, *asked, workers=2)
    for a, b in zip(one, two, strict=True):
        for name in a.measures:
            for f in ("today", "plan", "change", "plan_half_width"):
                assert getattr(a.measures[name], f) == getattr(b.measures[name], f), (name, f)
        assert a.extra == b.extra


def test_a_queue_without_end_names_the_strength_and_gives_no_means() -> None:
    policy = Policy.model_validate({"simulation": {"dispatch": "own"}})
    setup = stressed_setup(
        ("s02", "s03"), crews_today=1, crews_plan=1, policy=policy, alerts_per_cell=1200.0
    )
    rows = rows_of(setup, Stress(name="surge", surge=3.0), n=2)
    assert rows[0].measures
    hit = rows[1]
    assert not hit.measures
    assert {f.unit_id for f in hit.overloaded_plan} >= {"s02"}
    assert all(f.crews_that_hold > f.crews for f in hit.overloaded_plan)
    assert hit.breaks("plan", Policy(), 0.05)
    endless = rows_of(
        stressed_setup(crews_today=1, crews_plan=1, policy=policy, alerts_per_cell=9000.0),
        Stress(surge=2.0),
    )
    assert len(endless) == 1
    assert endless[0].overloaded_today


def test_a_unit_beyond_its_strength_is_named_where_neighbours_hold_it() -> None:
    crews = [[1], [4], [4], [4], [4]]
    setup = stressed_setup(crews_today=crews, crews_plan=crews, n_periods=1, alerts_per_cell=2500.0)
    row = rows_of(setup, Stress(name="surge", surge=2.5), n=2)[1]
    assert row.measures
    assert [f.unit_id for f in row.beyond_plan] == ["s01"]


def test_missing_crews_count_in_the_load() -> None:
    setup = stressed_setup(crews_today=2, crews_plan=2, alerts_per_cell=6000.0)
    stress = Stress(name="strength", absent_fraction=0.3)
    usual, weak = rows_of(setup, stress, n=2)
    assert not usual.beyond_plan
    busiest = max(f.utilisation_fraction for f in setup.load_plan)
    assert 0.7 < busiest < 1.0
    assert {f.utilisation_fraction for f in weak.beyond_plan} == {
        f.utilisation_fraction / 0.7 for f in setup.load_plan if f.utilisation_fraction >= 0.7
    }


def test_breaches_by_hand() -> None:
    policy = Policy()  # 90% within the standard, 5% may wait long
    late, waits = breaches(
        within=[0.91, 0.89, 0.84, 0.80],
        before=[0.99, 0.93, 0.91, 0.82],
        long=[0.05, 0.051, 0.0, 0.0],
        policy=policy,
        least_drop_fraction=0.05,
    )
    assert late.tolist() == [False, False, True, False]
    assert waits.tolist() == [False, True, False, False]


def test_an_average_month_has_no_season(setup: Setup) -> None:
    months = np.zeros((2, 12))
    months[:, 0] = 1.0
    january = replace(setup.model, month_share_fraction=months)
    assert np.allclose(
        average_month(january).month_share_fraction, setup.model.month_share_fraction
    )
