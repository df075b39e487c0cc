"""Shares turned into whole numbers: residents, alerts, officers. Worked by hand."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given as example
from hypothesis import settings
from hypothesis import strategies as st

from scenarios.cases import assumptions
from scenarios.cases.apportion import (
    alerts_per_year,
    largest_remainder,
    nearest,
    people_present,
    place_of,
    strength,
)
from scenarios.cases.facts import Village


def test_largest_remainder_known_answer() -> None:
    # The usual example of Hamilton's method: 100,000 votes, 10 seats.
    votes = np.array([47_000, 16_000, 15_900, 12_000, 6_000, 3_100], float)
    assert largest_remainder(10, votes).tolist() == [5, 2, 1, 1, 1, 0]
    assert largest_remainder(2, np.ones(3)).tolist() == [1, 1, 0]
    assert largest_remainder(5, np.zeros(3)).tolist() == [0, 0, 0]


@settings(max_examples=60, deadline=None)
@example(
    st.integers(0, 10_000), st.lists(st.floats(0.01, 1e4, allow_nan=False), min_size=1, max_size=40)
)
def test_largest_remainder_sums_and_keeps_the_quota(amount: int, weights: list[float]) -> None:
    given = np.array(weights)
    whole = largest_remainder(amount, given)
    assert whole.sum() == amount
    assert (np.abs(whole - amount * given / given.sum()) < 1 + 1e-6).all()


def test_nearest_rounds_halves_up() -> None:
    assert [nearest(x) for x in (0.5, 1.5, 2.5, 2.49)] == [1, 2, 3, 2]


def test_the_county_town_holds_its_share_of_people_present() -> None:
    people = np.array([100, 300, 600])
    present = people_present(people, ["county_town", "town_centre", "village"])
    assert present[0] / present.sum() == pytest.approx(0.34)
    assert present[1:].tolist() == [300, 600]
    # A county town that is larger already is left as it is; so is a county without one.
    assert people_present(people, ["village", "village", "county_town"]).tolist() == [100, 300, 600]
    assert people_present(people, ["village"] * 3).tolist() == [100, 300, 600]


def test_alerts_follow_people_and_place() -> None:
    alerts = alerts_per_year(1000, np.array([100, 100]), ["town_centre", "village"])
    by_category = dict(zip(assumptions.CATEGORY_SHARE, alerts.T.tolist(), strict=True))
    assert by_category["dispute"] == [70.0, 70.0]
    assert by_category["traffic"] == [124.3, 95.7]  # 220 x 1.3 / 2.3
    assert alerts.sum() == pytest.approx(1000)


@pytest.mark.parametrize(
    ("ur_code", "in_town", "place"),
    [
        ("111", True, "county_town"),
        ("122", True, "county_town"),
        ("220", True, "village"),
        ("121", False, "town_centre"),
        ("210", False, "town_centre"),
        ("123", False, "village"),
        ("220", False, "village"),
    ],
)
def test_place_of_a_village_unit(ur_code: str, in_town: bool, place: str) -> None:
    unit = Village(code="500231001001", name="村", ur_code=ur_code, lon_deg=0.0, lat_deg=0.0)
    assert place_of(unit, in_county_town=in_town) == place


def test_strength_by_hand() -> None:
    # 200 officers: stations 84 = floors 40 + 4 + 4 and 36 by residents 3:2:1; squads 8 = 3 + 3 and
    # 2 by residents 2:1, the odd one to the first; the rest, 108, in functional units.
    got = strength(
        200,
        210,
        np.array([True, False, False]),
        np.array([60_000, 40_000, 20_000]),
        np.array([40_000, 20_000]),
        np.array([100.0, 100.0, 100.0, 100.0, 100.0, 100.0]),
    )
    assert got.stations.tolist() == [58, 16, 10]
    assert got.squads.tolist() == [4, 4]
    assert got.units.sum() == 108
    assert got.stations_authorised.sum() + got.units_authorised.sum() + 8 == 210
    assert (got.stations_authorised >= got.stations).all()
    assert got.auxiliaries.tolist() == [58, 16, 10]
    assert got.max_officers.tolist() == [80, 30, 20]
