"""Plans: canonical order, JSON round trip, and today's deployment as a plan."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from optimizer.plan import Bundle, Move, Plan, QualifiedMove, RoadDuty, current_plan
from tests.toy import random_county, toy_county, worked_county

FULL = Plan(
    bundles=(
        Bundle(centre_id="s1", station_ids=("s1",)),
        Bundle(centre_id="甲", station_ids=("s2", "甲")),
    ),
    road_duties=(RoadDuty(station_id="s1", duty_id="s1"), RoadDuty(station_id="s2", duty_id="甲")),
    dissolved_squad_ids=("q1", "q2"),
    strength=(("s1", 7), ("甲", 0)),
    moves=(
        Move(from_id="q1", to_id="s1", officers=2, reason="road_duty"),
        Move(from_id="s2", to_id="甲", officers=1, reason="bundle"),
    ),
)


def test_json_round_trip() -> None:
    assert Plan.from_json(FULL.to_json()) == FULL
    assert Plan.from_json(FULL.to_json()).digest == FULL.digest
    assert "甲" in FULL.to_json()


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 200))
def test_json_round_trip_of_any_county(seed: int) -> None:
    plan = current_plan(random_county(seed, 5, n_squads=2, n_units=2))
    again = Plan.from_json(plan.to_json())
    assert again == plan
    assert again.to_json() == plan.to_json()


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "{}",
        "not json",
        FULL.to_json().replace('"centre_id"', '"center_id"'),
        FULL.to_json().replace('"officers": 2', '"officers": 0'),
        json.dumps({**json.loads(FULL.to_json()), "strength": [["s1"]]}),
        json.dumps({**json.loads(FULL.to_json()), "strength": [["s1", "many"]]}),
    ],
)
def test_what_is_not_a_plan_is_refused(text: str) -> None:
    with pytest.raises(ValueError):
        Plan.from_json(text)


def test_bundle_is_canonical() -> None:
    with pytest.raises(ValueError, match="sorted and unique"):
        Bundle(centre_id="a", station_ids=("b", "a"))
    with pytest.raises(ValueError, match="sorted and unique"):
        Bundle(centre_id="a", station_ids=("a", "a"))
    with pytest.raises(ValueError, match="the centre is not one of its stations"):
        Bundle(centre_id="c", station_ids=("a", "b"))
    assert Bundle(centre_id="b", station_ids=("a", "b", "c")).office_ids == ("a", "c")


@pytest.mark.parametrize("officers", [0, -1])
def test_a_move_moves_somebody(officers: int) -> None:
    with pytest.raises(ValueError, match="a->b: at least one officer"):
        Move(from_id="a", to_id="b", officers=officers, reason="reassign")


def test_every_list_of_a_plan_is_sorted() -> None:
    for name in ("bundles", "road_duties", "dissolved_squad_ids", "strength", "moves"):
        lists = {n: getattr(FULL, n) for n in Plan.__dataclass_fields__}
        lists[name] = lists[name][::-1]
        with pytest.raises(ValueError, match=f"plan.{name}: must be sorted"):
            Plan(**lists)


def test_digest_follows_every_decision() -> None:
    seen = {FULL.digest}
    for name in ("road_duties", "dissolved_squad_ids", "strength", "moves"):
        lists = {n: getattr(FULL, n) for n in Plan.__dataclass_fields__}
        lists[name] = lists[name][:1]
        seen.add(Plan(**lists).digest)
    assert len(seen) == 5


def test_centre_of() -> None:
    assert FULL.centre_of() == {"s1": "s1", "s2": "甲", "甲": "甲"}


def test_current_plan_of_the_worked_example() -> None:
    assert current_plan(worked_county()) == Plan(
        bundles=(
            Bundle(centre_id="A", station_ids=("A",)),
            Bundle(centre_id="B", station_ids=("B",)),
        ),
        road_duties=(RoadDuty(station_id="A", duty_id="Q"), RoadDuty(station_id="B", duty_id="Q")),
        strength=(("A", 18), ("B", 16), ("Q", 4), ("U", 10)),
    )


def test_current_plan_sorts_by_id_not_by_row() -> None:
    county = toy_county(
        n_stations=3,
        stations={
            "station_id": ("s3", "s1", "s2"),
            "officers": [3, 1, 2],
            "authorised_officers": [3, 1, 2],
        },
    )
    plan = current_plan(county)
    assert [b.centre_id for b in plan.bundles] == ["s1", "s2", "s3"]
    assert plan.strength == (("s1", 1), ("s2", 2), ("s3", 3))


def test_a_plan_without_roles_keeps_the_bytes_and_digest_of_old() -> None:
    plan = Plan(bundles=(Bundle(centre_id="a", station_ids=("a", "b")),), strength=(("a", 3),))
    raw = json.loads(plan.to_json())
    assert sorted(raw) == ["bundles", "dissolved_squad_ids", "moves", "road_duties", "strength"]
    # Recorded before plans could hold roles.
    assert plan.digest == "42216955cf03180cf31859e9972cc0be7e0b93b6a4f4153d716e6e8c4760fa8a"


def test_roles_are_part_of_the_plan_and_survive_json() -> None:
    plain = Plan(bundles=(Bundle(centre_id="a", station_ids=("a",)),))
    held = QualifiedMove(from_id="a", to_id="b", qualification="firearm", officers=1)
    helper = Move(from_id="a", to_id="b", officers=2, reason="reassign")
    plans = [
        plain,
        replace(plain, qualified_moves=(held,)),
        replace(plain, auxiliary_moves=(helper,)),
    ]
    assert len({p.digest for p in plans}) == 3
    assert [Plan.from_json(p.to_json()) for p in plans] == plans


def test_a_qualified_move_moves_somebody() -> None:
    with pytest.raises(ValueError, match="at least one"):
        QualifiedMove(from_id="a", to_id="b", qualification="case", officers=0)
