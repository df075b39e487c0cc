"""Inputs from a county, loads, overload, precision, measures and common random numbers."""

from __future__ import annotations

import pickle
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from pydantic import ValidationError

from optimizer.arrivals import Alerts, arrival_model, replay_alerts
from optimizer.errors import InputError
from optimizer.plan import Bundle, Plan, current_plan
from optimizer.policy import Policy
from optimizer.simulation import Setup, prepare, run_replication, simulate
from optimizer.simulation_inputs import simulation_inputs
from optimizer.simulation_load import loads, offered, overloaded
from optimizer.simulation_measures import (
    BIN_MIN,
    BINS,
    compare,
    ground_of,
    interval,
    measure,
    quantile_min,
)
from optimizer.strength import assess_bundles, unit_needs
from tests.toy import toy_county, worked_county, worked_policy

COUNTY = toy_county(n_stations=4, cells_per_station=3, alerts_per_cell=1500.0)
PLAN = replace(
    current_plan(COUNTY),
    bundles=(
        Bundle(centre_id="s01", station_ids=("s01", "s02")),
        Bundle(centre_id="s03", station_ids=("s03",)),
        Bundle(centre_id="s04", station_ids=("s04",)),
    ),
    strength=(("s01", 30), ("s03", 15), ("s04", 15)),
)


def policy_of(**simulation: Any) -> Policy:
    values = {"days": 28, "min_replications": 4, "max_replications": 4} | simulation
    return Policy.model_validate({"simulation": values})


def setup_of(**simulation: Any) -> Setup:
    return prepare(COUNTY, policy_of(**simulation), PLAN)


# --- inputs ---------------------------------------------------------------------------------


def test_units_follow_the_plan() -> None:
    side = simulation_inputs(COUNTY, policy_of(), PLAN)
    assert side.unit_id == ("s01", "s03", "s04")
    assert side.members == ((0, 1), (2,), (3,))
    assert side.home_station.tolist() == [0, 2, 3]
    assert side.unit_of_cell.tolist() == [0] * 6 + [1] * 3 + [2] * 3
    assert side.neighbours == ((1,), (0, 2), (1,))
    # The room of the closed station is gone: its cells go to the centre's.
    assert side.custody_station.tolist() == [0] * 6 + [2] * 3 + [3] * 3


def test_required_crews_are_the_assessments() -> None:
    side = simulation_inputs(COUNTY, policy_of(), PLAN)
    crews = assess_bundles(COUNTY, policy_of(), PLAN).crews
    assert side.crews.tolist() == [[c] * 3 for c in crews.tolist()]


def test_required_crews_by_period_follow_the_load() -> None:
    shares = np.array([[0.1, 0.2, 0.7]] * 2)
    uneven = replace(COUNTY, period_share_fraction=shares)
    policy = policy_of(crews_on_duty="by_period")
    side = simulation_inputs(uneven, policy, PLAN)
    assert (np.diff(side.crews, axis=1) >= 0).all()
    assert (side.crews[:, 0] < side.crews[:, 2]).all()
    # The busiest period needs what the assessment keeps all day.
    assert side.crews.max(axis=1).tolist() == assess_bundles(uneven, policy, PLAN).crews.tolist()


def test_crews_in_post_are_the_share_of_officers_there_are() -> None:
    policy = policy_of(crews="in_post")
    needs = {n.unit_id: n.required_officers for n in unit_needs(COUNTY, policy, PLAN)}
    required = assess_bundles(COUNTY, policy, PLAN).crews.tolist()

    def crews(share: float) -> Any:
        strength = tuple((u, round(share * needs[u])) for u, _ in PLAN.strength)
        return simulation_inputs(COUNTY, policy, replace(PLAN, strength=strength))

    full, half, tiny = crews(1.02), crews(0.5), crews(0.05)
    assert full.crews.min(axis=1).tolist() == required
    hours = COUNTY.period_hours
    for u, crew_count in enumerate(required):
        strength = round(0.5 * needs[PLAN.bundles[u].centre_id])
        exact = 24.0 * crew_count * strength / needs[PLAN.bundles[u].centre_id]
        # Never more crew-hours than there are officers for, beyond the one crew kept.
        assert half.crews[u] @ hours <= max(exact, 24.0) + 1e-6
    assert tiny.crews.tolist() == [[1, 1, 1]] * 3
    assert tiny.raised == ("s01", "s03", "s04")
    assert full.raised == ()


def test_custody_rooms_named_by_the_policy() -> None:
    both = policy_of(custody_station_ids=("s02", "s04"))
    today = simulation_inputs(COUNTY, both, current_plan(COUNTY))
    assert set(today.custody_station.tolist()) == {1, 3}
    plan = simulation_inputs(COUNTY, both, PLAN)
    assert set(plan.custody_station.tolist()) == {3}  # s02 is a police office now
    with pytest.raises(InputError) as caught:
        simulation_inputs(COUNTY, policy_of(custody_station_ids=("s09",)), PLAN)
    assert "custody_station_ids" in caught.value.text()


def test_an_unreachable_way_between_cells_goes_round_by_a_station() -> None:
    minutes = np.full((len(COUNTY.cells),) * 2, np.inf)
    side = simulation_inputs(COUNTY, policy_of(), PLAN, cell_time_min=minutes)
    assert side.cell_time_min is not None
    travel = COUNTY.travel_time_min
    assert side.cell_time_min[0, 4] == pytest.approx((travel[:, 0] + travel[:, 4]).min())
    back_first = simulation_inputs(
        COUNTY, policy_of(start_from="station"), PLAN, cell_time_min=minutes
    )
    assert back_first.cell_time_min is None


# --- loads and overload ---------------------------------------------------------------------


def test_offered_load_by_hand() -> None:
    """The worked county: 50 minutes on scene, 2 of turn-out, travel there and back."""
    county = worked_county()
    policy = worked_policy().model_copy(update={"simulation": policy_of(
        categories={"alert": {"arrest_share_fraction": 0.1}}, custody_min=60,
    ).simulation})  # fmt: skip
    side = simulation_inputs(county, policy, current_plan(county))
    found = offered(side, arrival_model(county, policy))
    at_a = 2000 * (52 + 8) + 1000 * (52 + 20) + 0.1 * (2000 * 64 + 1000 * 70)
    at_b = 1500 * (52 + 10) + 500 * (52 + 18) + 0.1 * (1500 * 65 + 500 * 69)
    assert found == pytest.approx(np.array([at_a, at_b]) / 525_600)


def test_a_simulated_utilisation_is_the_offered_one() -> None:
    county, policy = worked_county(), worked_policy()
    quiet = policy.model_copy(
        update={"simulation": policy_of(break_min=0, dispatch="own", days=182).simulation}
    )
    setup = prepare(county, quiet, current_plan(county))
    result = simulate(setup)
    expected = [f.utilisation_fraction for f in setup.load_today]
    found = result.measures["unit_utilisation_fraction"]
    assert (np.abs(found.today - expected) <= 2 * found.today_half_width).all()
    assert (found.today_half_width < 0.01).all()


def test_a_queue_without_end_is_named_with_what_would_hold_it() -> None:
    setup = prepare(COUNTY, policy_of(dispatch="own"), PLAN, crews_plan=[[1], [4], [4]])
    busy = replace(setup, model=setup.model.times(3.0))
    policy = policy_of(dispatch="own")
    busy = replace(
        busy,
        load_plan=loads(busy.plan, busy.model, policy),
        load_today=loads(busy.today.with_crews(6), busy.model, policy),
    )
    result = simulate(busy)
    assert [f.unit_id for f in result.overloaded_plan] == ["s01"]
    assert result.overloaded_today == ()
    assert result.measures == {}
    assert result.replications == 0
    load = result.overloaded_plan[0]
    assert load.utilisation_fraction >= 1
    held = busy.plan.with_crews([[load.crews_that_hold], [4], [4]])
    assert overloaded(held, loads(held, busy.model, policy)) == ()
    assert load.officers_that_hold == pytest.approx(load.crews_that_hold * 3.5)
    # A surge of some days can still be looked at; the growing queue is said.
    short = simulate(busy, even_if_overloaded=True)
    assert short.growing == ("plan",)


def test_neighbours_hold_a_unit_that_cannot_hold_itself() -> None:
    policy = policy_of()
    side = simulation_inputs(COUNTY, policy, PLAN, crews=[[1], [4], [4]])
    model = arrival_model(COUNTY, policy).times(3.0)
    found = loads(side, model, policy)
    assert found[0].utilisation_fraction >= 1
    assert overloaded(side, found) == ()
    assert overloaded(replace(side, dispatch="nearest"), found) == ()
    assert [f.unit_id for f in overloaded(replace(side, dispatch="own"), found)] == ["s01"]
    alone = replace(side, neighbours=((), (2,), (1,)))
    assert [f.unit_id for f in overloaded(alone, found)] == ["s01"]


# --- measures -------------------------------------------------------------------------------


def test_quantiles_are_within_a_bin_of_the_exact_ones() -> None:
    values = np.random.default_rng(1).gamma(2.0, 8.0, 5000)
    histogram = np.bincount((values / BIN_MIN).astype(int), minlength=BINS + 1)
    for fraction in (0.1, 0.5, 0.9, 0.95):
        exact = np.quantile(values, fraction)
        assert float(quantile_min(histogram, fraction)) == pytest.approx(exact, abs=BIN_MIN)
    nothing, beyond = np.zeros(BINS + 1, int), np.zeros(BINS + 1, int)
    beyond[BINS] = 5
    assert np.isnan(quantile_min(nothing, 0.5))
    assert np.isinf(quantile_min(beyond, 0.5))


def test_intervals_are_students() -> None:
    mean, half = interval(np.array([1.0, 2.0, 3.0, 4.0]))
    # t(0.975; 3) = 3.182, s = 1.291, n = 4.
    assert float(mean) == 2.5
    assert float(half) == pytest.approx(3.18245 * 1.290994 / 2, rel=1e-5)
    mean, half = interval(np.array([[1.0, np.nan], [3.0, np.nan]]))
    assert mean[0] == 2.0
    assert np.isnan(mean[1])
    assert np.isnan(interval(np.array([5.0]))[1])
    assert np.isinf(interval(np.array([np.inf, 1.0]))[0])


def test_changes_are_paired() -> None:
    """Today and plan vary together: the change's interval is far narrower than either's."""
    today = [{"x": np.array(v)} for v in (10.0, 20.0, 30.0)]
    plan = [{"x": np.array(v)} for v in (11.0, 21.1, 30.9)]
    found = compare(today, plan)["x"]
    assert float(found.change) == pytest.approx(1.0)
    assert float(found.change_half_width) < 0.3
    assert float(found.today_half_width) > 20


def test_measures_of_a_hand_made_day() -> None:
    policy = policy_of(break_min=0, patrol_share_fraction=0.0, dispatch="neighbours")
    county = worked_county()
    plan = current_plan(county)
    side = simulation_inputs(county, policy, plan, crews=1)
    model = arrival_model(county, policy)
    alerts = replay_alerts(
        model, [600.0, 610.0, 4000.0], [0, 1, 0], [0, 0, 0], service_min=[30.0, 40.0, 5.0]
    )
    alerts = replace(alerts, site=np.zeros(3, int))
    trace = run_replication(side, alerts, window_from=0.0, window_to=1440.0)
    found = measure(trace, side, ground_of(county, policy, plan))
    ground = ground_of(county, policy, plan)
    group = {g: i for i, g in enumerate(ground.groups)}
    # A1: turn-out 2, 4 to go. A2: A's crew is out, B's is 24 away. The third is after the window.
    assert found["alerts_per_day"][0] == 2.0
    assert found["response_mean_min"][0] == pytest.approx((6.0 + 26.0) / 2)
    assert found["response_mean_min"][group["hour", "10"]] == pytest.approx(16.0)
    assert np.isnan(found["response_mean_min"][group["hour", "11"]])
    assert found["response_mean_min"][group["township", "Aton"]] == pytest.approx(16.0)
    assert found["within_fraction"][0] == 1.0  # rural: 30 minutes
    assert found["waits_fraction"][0] == 0.0
    assert found["cross_area_fraction"] == pytest.approx(0.5)  # jobs in the window
    # A: 6 + 30 + 4 back; B: 26 + 40 + 24 back.
    assert found["unit_utilisation_fraction"] == pytest.approx(np.array([40.0, 90.0]) / 1440.0)
    assert found["unit_none_free_fraction"] == pytest.approx(np.array([40.0, 90.0]) / 1440.0)
    own = replace(side, dispatch="own")
    waited = measure(run_replication(own, alerts, window_from=0.0, window_to=1440.0), own, ground)
    # A2 waits from 610 to 640 and is 10 + 2 away.
    assert waited["wait_mean_min"][0] == pytest.approx(15.0)
    assert waited["waits_long_fraction"][0] == pytest.approx(0.5)
    assert waited["response_mean_min"][group["bundle", "A"]] == pytest.approx((6.0 + 42.0) / 2)
    assert waited["within_fraction"][0] == 0.5


# --- simulate -------------------------------------------------------------------------------


def test_today_against_itself_changes_nothing() -> None:
    setup = prepare(COUNTY, policy_of(), current_plan(COUNTY))
    result = simulate(setup)
    change = result.measures["response_mean_min"]
    assert change.change[0] == 0.0
    assert change.change_half_width[0] == 0.0
    assert result.precise


def test_both_face_the_same_alerts_and_the_plan_is_farther() -> None:
    setup = setup_of()
    one, other = setup.trace("today", 1), setup.trace("plan", 1)
    assert np.array_equal(one.alerts.time_min, other.alerts.time_min)
    assert np.array_equal(one.alerts.service_min, other.alerts.service_min)
    change = simulate(setup).measures["response_mean_min"]
    assert change.change[0] - change.change_half_width[0] > 0.5
    at = setup.ground.groups.index(("bundle", "s04"))
    assert abs(change.change[at]) < 0.5


def test_the_result_does_not_depend_on_the_workers() -> None:
    """Workers get a copy of the setup and finish in any order."""
    setup = setup_of(days=7)

    def backwards(job: Any, items: Any) -> Any:
        task = pickle.loads(pickle.dumps(job)).open()
        for row, item in reversed(list(enumerate(items))):
            yield row, task(item)

    alone, spread = simulate(setup), simulate(setup, backwards)
    assert spread.replications == alone.replications
    for name, found in alone.measures.items():
        for field in ("today", "plan", "change", "change_half_width"):
            assert np.array_equal(
                getattr(found, field), getattr(spread.measures[name], field), equal_nan=True
            ), name
    assert np.array_equal(alone.histogram_plan, spread.histogram_plan)


def test_it_stops_when_precise_enough() -> None:
    wide = simulate(setup_of(half_width_min=5.0, max_replications=30))
    assert wide.precise
    assert wide.replications == 4
    narrow = simulate(setup_of(half_width_min=1e-6, max_replications=7))
    assert not narrow.precise
    assert narrow.replications == 7
    assert wide.seed == 0


def test_a_log_can_be_replayed() -> None:
    setup = setup_of()
    made = replay_alerts(setup.model, [20_000.0, 11_000.0], [0, 5], [0, 1])

    def log(_replication: int) -> Alerts:
        return made

    replayed = replace(setup, replay=log)
    assert replayed.trace("plan", 0).alerts is made
    result = simulate(replayed)
    assert result.measures["alerts_per_day"].today[0] == pytest.approx(2 / 28)


def test_warm_up_grows_with_utilisation() -> None:
    calm = setup_of()
    assert calm.warm_up_days == 7
    most = max(f.utilisation_fraction for f in calm.load_plan)
    busy = prepare(COUNTY, policy_of(), PLAN, model=calm.model.times(0.9 / most))
    assert max(f.utilisation_fraction for f in busy.load_plan) == pytest.approx(0.9)
    # (30 to 60 minutes / crews) / (1 - sqrt(0.9))^2 is days; ten of them are capped.
    assert busy.warm_up_days == 28
    assert setup_of(warm_up_days=0).warm_up_days == 0


def test_slower_roads_and_learning_crews_are_slower() -> None:
    setup = setup_of(max_replications=4)
    snow = replace(setup, today=setup.today.slower(1.5), plan=setup.plan.slower(1.5))
    calm, white = simulate(setup), simulate(snow)
    assert (
        white.measures["response_mean_min"].today[0]
        > calm.measures["response_mean_min"].today[0] + 1.0
    )


def test_a_plan_needs_no_strength_for_required_crews() -> None:
    bare = Plan(bundles=PLAN.bundles)
    assert simulation_inputs(COUNTY, policy_of(), bare).raised == ()


@pytest.mark.parametrize(
    ("broken", "said"),
    [
        ({"weekday_factor": [1, 1]}, "weekday_factor"),
        ({"weekday_factor": [0] * 7}, "weekday_factor"),
        ({"shift_starts_hours": [20, 8]}, "shift_starts_hours"),
        ({"shift_starts_hours": [24]}, "less than 24"),
        ({"min_replications": 9, "max_replications": 5}, "max_replications"),
        (
            {"other_category": {"arrest_share_fraction": 0.7, "escort_share_fraction": 0.5}},
            "at most",
        ),
        ({"dispatch": "all"}, "neighbours"),
        ({"break_min": -1}, "greater than or equal to 0"),
        ({"custody_min": "nan"}, "finite"),
        ({"speed": 1}, "not permitted"),
    ],
)
def test_the_policy_refuses(broken: dict[str, Any], said: str) -> None:
    with pytest.raises(ValidationError) as caught:
        Policy.model_validate({"simulation": broken})
    assert said in str(caught.value)
