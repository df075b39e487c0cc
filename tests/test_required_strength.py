"""Required strength by source, role and period: adds up, and by hand."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from optimizer.errors import InputError
from optimizer.plan import Bundle, Plan, current_plan
from optimizer.policy import Policy
from optimizer.policy_strength import Auxiliaries, StrengthRules
from optimizer.required_strength import SOURCES, RequiredStrength, by_hour, required_strength
from optimizer.strength import assess_bundles, unit_needs
from optimizer.unit_queues import queues_of, waiting_crews
from tests.toy import random_county, toy_county, worked_county, worked_policy

AT = {name: j for j, name in enumerate(SOURCES)}


def both() -> Plan:
    return Plan(bundles=(Bundle(centre_id="A", station_ids=("A", "B")),))


def with_rules(policy: Policy, **rules: object) -> Policy:
    return policy.model_copy(update={"strength": StrengthRules.model_validate(rules)})


def officers(found: RequiredStrength, unit: str, source: str) -> float:
    return float(found.officers[found.unit_id.index(unit), AT[source]])


def hours(found: RequiredStrength, unit: str, source: str, role: str = "officer") -> list[float]:
    table = found.officer_hours if role == "officer" else found.auxiliary_hours
    row: list[float] = table[found.unit_id.index(unit), AT[source]].tolist()
    return row


def test_station_a_by_hand() -> None:
    """The worked example of docs/formulation.md: a = 0.424658 by day, 0.283105 by night.

    On scene 50 of 62 minutes. Three crews round the clock; the night alone needs two.
    """
    found = required_strength(worked_county(), worked_policy(), current_plan(worked_county()))
    at = found.unit_id.index("A")
    assert found.crews[at] == 3
    assert found.crews_by_period[at].tolist() == [3, 2]
    day, night = 0.41095890, 0.27397260  # jobs an hour
    assert hours(found, "A", "scene") == pytest.approx([day * 50 / 60 * 12, night * 50 / 60 * 12])
    assert hours(found, "A", "travel") == pytest.approx([day * 12 / 60 * 12, night * 12 / 60 * 12])
    assert hours(found, "A", "surplus") == pytest.approx([0.0, 12.0])
    assert hours(found, "A", "ready") == pytest.approx(
        [(3 - 0.42465753) * 12, (2 - 0.28310502) * 12]
    )
    # One crew for 12 of 24 hours x 3.5 officers round the clock.
    assert officers(found, "A", "surplus") == pytest.approx(1.75)
    assert officers(found, "A", "post") == pytest.approx(3.5)
    assert officers(found, "A", "case") == pytest.approx(4.794521, abs=1e-6)
    assert found.officers[at].sum() == pytest.approx(20.792237, abs=1e-6)
    assert found.auxiliaries[at].sum() == pytest.approx(10.5)


def test_day_work_falls_into_its_hours() -> None:
    """Community work 1.997717 officers x 48 h / 7, from 08 to 18: 4 of 10 hours before noon."""
    found = required_strength(worked_county(), worked_policy(), current_plan(worked_county()))
    total = 1.99771689 * 48 / 7
    assert hours(found, "A", "community") == pytest.approx([0.4 * total, 0.6 * total])
    early = with_rules(worked_policy(), day_work_starts_hour=8, day_work_ends_hour=12)
    moved = required_strength(worked_county(), early, current_plan(worked_county()))
    assert hours(moved, "A", "community") == pytest.approx([total, 0.0])
    assert hours(moved, "A", "post") == pytest.approx([12.0, 12.0])


def test_the_bundle_keeps_a_window_and_counts_its_auxiliaries() -> None:
    auxiliaries = {"window_auxiliaries": 2, "duty_post_auxiliaries": 1, "patrol_auxiliaries": 1}
    policy = with_rules(worked_policy(), auxiliaries=auxiliaries | {"community_per_officer": 2.0})
    found = required_strength(worked_county(), policy, both())
    at = found.unit_id.index("A")
    by = dict(zip(SOURCES, found.auxiliaries[at].tolist(), strict=True))
    assert officers(found, "A", "window") == pytest.approx(40 / 48)
    assert by["window"] == pytest.approx(2 * 40 / 48)
    assert by["post"] == pytest.approx(3.5)
    # Two stations, 56 hours a week each.
    assert by["patrol"] == pytest.approx(2 * 56 / 48)
    assert by["community"] == pytest.approx(2 * 3.329528, abs=1e-6)
    assert by["case"] == 0.0
    # Four crews, an auxiliary each.
    assert sum(by[s] for s in SOURCES[:4]) == pytest.approx(14.0)


def test_auxiliaries_who_work_other_hours() -> None:
    """At 40 hours a week a post takes 4.2; two beside an officer of 48 hours are 2.4 heads."""
    rules = {"effective_hours_per_week": 40, "community_per_officer": 2, "duty_post_auxiliaries": 1}
    policy = with_rules(worked_policy(), auxiliaries=rules)
    found = required_strength(worked_county(), policy, current_plan(worked_county()))
    at = found.unit_id.index("A")
    assert found.auxiliaries[at, AT["post"]] == pytest.approx(4.2)
    assert found.auxiliaries[at, AT["community"]] == pytest.approx(2.4 * 1.99771689)
    assert found.auxiliaries[at, :4].sum() == pytest.approx(3 * 4.2)
    assert hours(found, "A", "community", "auxiliary") == pytest.approx(
        [2 * h for h in hours(found, "A", "community")]
    )


def test_squads_and_functional_units_have_their_own_sources() -> None:
    found = required_strength(worked_county(), worked_policy(), current_plan(worked_county()))
    assert officers(found, "Q", "road") == pytest.approx(0.759132, abs=1e-6)
    assert officers(found, "U", "stated") == 12.0
    assert found.crews[found.unit_id.index("U")] == 0
    assert found.officers_held.tolist() == [18, 16, 4, 10]
    assert found.auxiliaries_held.tolist() == [10, 10, 0, 0]


@settings(max_examples=25, deadline=None)
@given(
    seed=st.integers(0, 10_000),
    stations=st.integers(2, 6),
    crew=st.integers(1, 2),
    aux=st.integers(0, 2),
    week=st.floats(30, 60),
    hourly=st.booleans(),
)
def test_everything_adds_up_to_the_needs(
    seed: int, stations: int, crew: int, aux: int, week: float, hourly: bool
) -> None:
    """Sources sum to `unit_needs`, hours to heads, the queues to those of `assess`."""
    county = random_county(seed, stations, n_squads=1, n_units=1)
    policy = Policy()
    crews = policy.crews.model_copy(
        update={
            "crew_officers": crew,
            "crew_auxiliaries": aux,
            "effective_hours_per_week": week,
        }
    )
    policy = policy.model_copy(update={"crews": crews})
    ids = county.stations.station_id
    first = Bundle(centre_id=ids[0], station_ids=tuple(sorted(ids[:2])))
    alone = [Bundle(centre_id=s, station_ids=(s,)) for s in ids[2:]]
    today = current_plan(county)
    plan = replace(today, bundles=tuple(sorted([first, *alone])), strength=())
    for one in (plan, today):
        found = required_strength(county, policy, one, by_hour(county) if hourly else None)
        assessed = assess_bundles(county, policy, one)
        needs = unit_needs(county, policy, one, assessed)
        assert found.unit_id == tuple(n.unit_id for n in needs)
        required = np.array([n.required_officers for n in needs])
        np.testing.assert_allclose(found.officers.sum(axis=1), required, rtol=1e-12, atol=1e-12)
        np.testing.assert_allclose(
            found.officer_hours.sum(axis=2), found.officers * week / 7, rtol=1e-9, atol=1e-9
        )
        np.testing.assert_allclose(
            found.auxiliary_hours.sum(axis=2), found.auxiliaries * week / 7, rtol=1e-9, atol=1e-9
        )
        # Defaults leave today's auxiliaries as they were: the crews' alone.
        np.testing.assert_allclose(found.auxiliaries.sum(), assessed.auxiliaries.sum())
        queues = queues_of(county, policy, one)
        assert waiting_crews(queues, policy).max(axis=1).tolist() == assessed.crews.tolist()
        busiest = (queues.erlangs / assessed.crews[:, None]).max(axis=1)
        np.testing.assert_allclose(busiest, assessed.busiest_utilisation_fraction)
        jobs_a_year = (queues.jobs_per_hour * county.period_hours).sum() * 365
        # Everybody sends one officer, in crews of one or two: a job an alert.
        assert jobs_a_year == pytest.approx(county.cells.alerts_per_year.sum())


def test_hours_follow_the_log_inside_their_period() -> None:
    """Periods of 12 hours; the log has all alerts of the day at noon less one at 08."""
    county = worked_county()
    log = np.zeros((1, 24))
    log[0, [8, 11]] = [1.0, 3.0]
    hourly = by_hour(county, log)
    share = hourly.period_share_fraction[0]
    assert share[8] == pytest.approx(0.15)
    assert share[11] == pytest.approx(0.45)
    assert share[:12].sum() == pytest.approx(0.6)
    # Nothing logged by night: its hours are alike.
    np.testing.assert_allclose(share[12:], 0.4 / 12)
    plain = by_hour(county).period_share_fraction[0]
    np.testing.assert_allclose(plain, [0.05] * 12 + [0.4 / 12] * 12)


def test_hours_across_a_period_that_starts_at_half_past() -> None:
    county = worked_county(period_hours=np.array([7.5, 16.5]))
    share = by_hour(county, np.eye(24)[[3]]).period_share_fraction[0]
    assert share[6] == pytest.approx(0.6 / 7.5)
    assert share[7] == pytest.approx(0.3 / 7.5 + 0.2 / 16.5)
    assert share.sum() == pytest.approx(1.0)


def test_an_hour_busier_than_its_period_leaves_work_over() -> None:
    """All alerts of the day in one hour: more than three crews can do, so `ready` is below 0."""
    county = worked_county()
    log = np.zeros((1, 24))
    log[0, 9] = 1.0
    found = required_strength(county, worked_policy(), current_plan(county), by_hour(county, log))
    at = found.unit_id.index("A")
    assert found.crews_by_period[at, 9] > found.crews[at]
    assert found.officer_hours[at, AT["ready"], 9] < 0
    assert found.officers[at].sum() == pytest.approx(20.792237, abs=1e-6)


def test_a_cell_without_a_way_is_named() -> None:
    county = worked_county()
    travel = county.travel_time_min.copy()
    travel[0, 3] = np.inf
    cut = worked_county(travel_time_min=travel)
    with pytest.raises(InputError) as caught:
        required_strength(cut, worked_policy(), both())
    assert [p.value for p in caught.value.problems] == ["B2"]


def test_a_cell_without_alerts_and_without_a_way_does_not_matter() -> None:
    county = worked_county()
    travel = county.travel_time_min.copy()
    travel[0, 3] = np.inf
    alerts = county.cells.alerts_per_year.copy()
    alerts[3] = 0.0
    cut = worked_county(travel_time_min=travel, cells=replace(county.cells, alerts_per_year=alerts))
    found = required_strength(cut, worked_policy(), both())
    assert np.isfinite(found.officers).all()


def test_a_county_without_alerts_needs_the_fewest_crews() -> None:
    county = toy_county(alerts_per_cell=0.0)
    found = required_strength(county, Policy(), current_plan(county))
    assert set(found.crews.tolist()) == {1}
    assert found.officers[:, AT["scene"]].sum() == 0
    assert found.officers_of("ready", "surplus").tolist() == pytest.approx([3.5] * 4)


@pytest.mark.parametrize(
    "wrong",
    [
        {"day_work_starts_hour": 18, "day_work_ends_hour": 8},
        {"shift_starts_hours": [8, 8]},
        {"shift_starts_hours": []},
        {"max_utilisation_fraction": 1.0},
        {"auxiliaries": {"patrol_hours_per_week": 169}},
        {"auxiliaries": {"names": 3}},
    ],
)
def test_rules_that_cannot_be_are_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ValueError, match="strength"):
        Policy.model_validate({"strength": wrong})


def test_defaults_share_no_auxiliaries() -> None:
    assert all(not v for k, v in Auxiliaries() if k != "patrol_hours_per_week")
