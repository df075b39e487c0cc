"""Units of a plan and what each requires."""

from __future__ import annotations

import numpy as np
import pytest

from optimizer.plan import Bundle, Plan, RoadDuty, current_plan
from optimizer.policy import Policy
from optimizer.strength import UnitNeed, assess_bundles, unit_needs
from tests.toy import toy_county, worked_county, worked_policy

BOTH_AT_A = Plan(
    bundles=(Bundle(centre_id="A", station_ids=("A", "B")),),
    road_duties=(RoadDuty(station_id="A", duty_id="A"), RoadDuty(station_id="B", duty_id="A")),
    dissolved_squad_ids=("Q",),
)


def required(needs: tuple[UnitNeed, ...]) -> dict[str, float]:
    return {n.unit_id: n.required_officers for n in needs}


def test_units_of_today() -> None:
    needs = unit_needs(worked_county(), worked_policy(), current_plan(worked_county()))
    assert required(needs) == pytest.approx(
        {"A": 20.792237, "B": 15.028158, "Q": 0.759132, "U": 12.0}, abs=1e-6
    )
    assert {n.unit_id: n.kind for n in needs} == {
        "A": "rural_station",
        "B": "rural_station",
        "Q": "squad",
        "U": "functional",
    }
    assert {n.unit_id: n.officers_today for n in needs} == {"A": 18, "B": 16, "Q": 4, "U": 10}
    assert {n.unit_id: n.authorised_today for n in needs} == {"A": 20, "B": 16, "Q": 4, "U": 10}


def test_units_of_a_plan() -> None:
    needs = unit_needs(worked_county(), worked_policy(), BOTH_AT_A)
    assert required(needs) == pytest.approx({"A": 30.412861, "U": 12.0}, abs=1e-6)
    centre = needs[0]
    assert centre.station_ids == ("A", "B")
    assert (centre.officers_today, centre.authorised_today) == (34, 36)
    assert centre.road_officers == pytest.approx(0.759132, abs=1e-6)


def test_room_of_a_bundle_is_that_of_all_its_buildings() -> None:
    county = toy_county(n_stations=3, stations={"max_officers": [20.0, 15.0, np.inf]})
    plan = Plan(
        bundles=(
            Bundle(centre_id="s02", station_ids=("s01", "s02")),
            Bundle(centre_id="s03", station_ids=("s03",)),
        )
    )
    needs = unit_needs(county, Policy(), plan)
    assert [n.max_officers for n in needs] == [35.0, np.inf]
    assert [n.place for n in needs] == [1, 2]


def test_town_station_is_known_by_its_centre() -> None:
    county = toy_county(n_stations=2, n_urban=1)
    kinds = [n.kind for n in unit_needs(county, Policy(), current_plan(county))]
    assert kinds == ["urban_station", "rural_station"]


def test_an_assessment_at_hand_is_used() -> None:
    county, policy = worked_county(), worked_policy()
    assessed = assess_bundles(county, policy, BOTH_AT_A)
    assert unit_needs(county, policy, BOTH_AT_A, assessed) == unit_needs(county, policy, BOTH_AT_A)


def test_assessment_follows_the_plans_order() -> None:
    county = toy_county(n_stations=3, seed=4)
    plan = Plan(
        bundles=(
            Bundle(centre_id="s01", station_ids=("s01",)),
            Bundle(centre_id="s03", station_ids=("s02", "s03")),
        )
    )
    alerts = county.cells.alerts_per_year.sum(axis=1).reshape(3, -1).sum(axis=1)
    found = assess_bundles(county, Policy(), plan).alerts_per_year
    assert found.tolist() == pytest.approx([alerts[0], alerts[1] + alerts[2]])


def test_a_squad_stands_at_the_nearest_seat_of_its_own_area() -> None:
    county = toy_county(n_stations=4, n_squads=2)
    needs = {n.unit_id: n for n in unit_needs(county, Policy(), current_plan(county))}
    assert (needs["q1"].place, needs["q2"].place) == (0, 2)
