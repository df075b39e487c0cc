"""Outside check: published simulation means of Vlcek et al. (2024), 510 areas, 50,000 incidents."""

from __future__ import annotations

from dataclasses import astuple
from pathlib import Path

import pytest

from tests.vlcek import Layout, our_means, read_layout, their_means

NINE, TWELVE = "nine_locations_C2", "twelve_locations_C0"


@pytest.fixture(scope="module", params=[NINE, TWELVE])
def layout(shared: Path, request: pytest.FixtureRequest) -> Layout:
    return read_layout(shared / "vlcek510", request.param)


def test_their_rule_gives_their_published_means(layout: Layout) -> None:
    found, said = their_means(layout), layout.published
    assert found.dispatch_min == pytest.approx(said["dispatch_time_first"], abs=6e-6)
    assert found.response_min == pytest.approx(said["response_time_first"], abs=6e-6)
    assert found.driving_min == pytest.approx(said["driving_time_first"], abs=6e-6)
    assert found.cars_missing == pytest.approx(said["cars_missing"], abs=6e-6)
    assert found.exchange_ratio == pytest.approx(said["exchange_ratio"], abs=6e-6)


def test_our_simulation_agrees_where_the_model_is_the_same(layout: Layout) -> None:
    theirs = their_means(layout, nearest_helper=True, paperwork=False, drop=False, daily=True)
    ours = our_means(layout)
    # What is left: order within a minute, and one helping car a minute and incident.
    assert ours.response_min == pytest.approx(theirs.response_min, rel=0.01)
    assert ours.driving_min == pytest.approx(theirs.driving_min, rel=0.015)
    assert ours.dispatch_min == pytest.approx(theirs.dispatch_min, abs=0.1)
    assert ours.exchange_ratio == pytest.approx(theirs.exchange_ratio, abs=0.01)


def test_each_difference_of_the_rules_matters(layout: Layout) -> None:
    steps = [
        their_means(layout),
        their_means(layout, nearest_helper=True),
        their_means(layout, nearest_helper=True, paperwork=False),
    ]
    response = [s.response_min for s in steps]
    assert response[0] > 1.05 * response[1], "help from far districts with few cars"
    assert response[1] > 1.2 * response[2], "paperwork keeps a quarter of the cars"
    assert all(0.0 <= s.cars_missing < 0.02 for s in steps)


def test_the_same_cars_every_day_are_as_many(shared: Path) -> None:
    layout = read_layout(shared / "vlcek510", NINE)
    assert layout.cars_on.sum(axis=1).mean() == pytest.approx(50.0)
    assert layout.daily_cars.sum(axis=1).mean() == pytest.approx(50.0, abs=2.0)
    assert len(astuple(our_means(layout))) == 5
