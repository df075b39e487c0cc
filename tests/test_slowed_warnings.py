"""Closures that leave a township reached, but late: said in a warning."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from optimizer.county import County
from scenarios.reach import slowed_warnings
from scenarios.scenario_schema import Changes
from tests.toy import toy_county

CLOSED = Changes.model_validate({"roads": {"close": {"flood": {"name": "G1"}}}})


def later(county: County, minutes: dict[str, float]) -> County:
    """The county with some townships farther from every station."""
    extra = np.array([minutes.get(t, 0.0) for t in county.cells.township])
    return replace(county, travel_time_min=county.travel_time_min + extra)


def test_townships_reached_ten_minutes_later_are_told_the_latest_first() -> None:
    county = toy_county(n_stations=4)
    first, second, third, _fourth = sorted(set(county.cells.township))
    (one,) = slowed_warnings(
        county, later(county, {first: 10.5, second: 9.5, third: 31.0}), CLOSED
    )  # fmt: skip
    assert one.severity == "warning"
    assert one.value == f"{third} +31.0, {first} +10.5"


def test_silent_without_a_closure_or_where_nothing_is_later() -> None:
    county = toy_county(n_stations=4)
    town = county.cells.township[0]
    assert slowed_warnings(county, county, CLOSED) == ()
    assert slowed_warnings(county, later(county, {town: 60.0}), Changes()) == ()
