"""Alerts drawn and replayed: rates by hour, weekday, month and cell; the same for everybody."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from scipy.stats import chi2

from optimizer.arrivals import (
    CUSTODY,
    ESCORT,
    Alerts,
    ArrivalModel,
    arrival_model,
    draw_alerts,
    hourly_rate,
    merge_alerts,
    replay_alerts,
)
from optimizer.policy import Policy
from tests.toy import toy_county

HOURS = np.array([[1.0] * 8 + [3.0] * 12 + [2.0] * 4, [0.0] * 12 + [1.0] * 12])
WEEKDAYS = np.array([1.0, 1.0, 1.0, 1.0, 2.0, 3.0, 1.0])
MONTHS = np.tile(np.array([31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]) / 365.0, (2, 1))


def model(**changes: Any) -> ArrivalModel:
    fields: dict[str, Any] = {
        "alerts_per_year": np.array([[6000.0, 1000.0], [2000.0, 0.0], [0.0, 3000.0]]),
        "hour_factor": HOURS,
        "weekday_factor": WEEKDAYS,
        "month_share_fraction": MONTHS,
        "priority": np.array([2, 1]),
        "crews": np.array([1, 2]),
        "service_mean_min": np.array([30.0, 60.0]),
        "service_cv": np.array([1.0, 0.5]),
        "arrest_fraction": np.array([0.1, 0.0]),
        "escort_fraction": np.array([0.0, 0.2]),
        "custody_min": 60.0,
        "escort_min": 20.0,
    }
    return ArrivalModel(**{**fields, **changes})


def chi_square_p(counts: Any, expected: Any) -> float:
    counts, expected = np.ravel(counts), np.ravel(expected)
    known = expected > 0
    assert (counts[~known] == 0).all()
    return float(chi2.sf((((counts - expected) ** 2)[known] / expected[known]).sum(), known.sum()))


def test_counts_by_hour_weekday_month_and_cell_follow_the_rates() -> None:
    drawn = draw_alerts(model(), 365, seed=5, replication=0)
    rate = hourly_rate(model(), 365)
    hour = (drawn.time_min // 60.0).astype(int)
    counts = np.zeros_like(rate)
    np.add.at(counts, (drawn.category, hour), 1)
    day = np.arange(365)
    by_hour = rate.reshape(2, 365, 24), counts.reshape(2, 365, 24)
    assert chi_square_p(by_hour[1].sum(axis=1), by_hour[0].sum(axis=1)) > 0.01
    for d in range(7):
        picked = day % 7 == d
        assert (
            chi_square_p(
                by_hour[1][:, picked].sum(axis=(1, 2)), by_hour[0][:, picked].sum(axis=(1, 2))
            )
            > 0.001
        )
    cells = np.zeros((3, 2))
    np.add.at(cells, (drawn.cell, drawn.category), 1)
    assert chi_square_p(cells, model().alerts_per_year) > 0.01
    # Night hours of the second category are empty, and so are cells without alerts.
    assert counts.reshape(2, 365, 24)[1, :, :12].sum() == 0


def test_numbers_are_poisson() -> None:
    """Variance of the number of alerts a day over replications is its mean."""
    one_day = [len(draw_alerts(model(), 1, seed=1, replication=r)) for r in range(500)]
    expected = hourly_rate(model(), 1).sum()
    assert np.mean(one_day) == pytest.approx(expected, abs=4 * np.sqrt(expected / 500))
    assert np.var(one_day) / expected == pytest.approx(1.0, abs=4 * np.sqrt(2 / 500))


def test_a_year_holds_the_yearly_rates_whatever_the_rhythm() -> None:
    rate = hourly_rate(model(weekday_factor=np.ones(7)), 365)
    assert rate.sum(axis=1) == pytest.approx([8000.0, 4000.0])
    # 52 weeks of whole weekdays, too.
    assert hourly_rate(model(), 364).sum(axis=1) == pytest.approx(
        np.array([8000.0, 4000.0]) * 364 / 365
    )
    saturday = hourly_rate(model(), 7).reshape(2, 7, 24).sum(axis=2)[0]
    assert saturday[5] / saturday[0] == pytest.approx(3.0)


def test_months_take_their_share() -> None:
    share = MONTHS.copy()
    share[0] = 0.0
    share[0, 1] = 1.0  # all in February
    rate = hourly_rate(model(month_share_fraction=share, weekday_factor=np.ones(7)), 365).reshape(
        2, 365, 24
    )
    assert rate[0, 31:59].sum() == pytest.approx(8000.0)
    assert rate[0, :31].sum() == rate[0, 59:].sum() == 0.0


def test_service_and_what_follows() -> None:
    drawn = draw_alerts(model(), 3650, seed=2, replication=0)
    for k, (mean, cv) in enumerate([(30.0, 1.0), (60.0, 0.5)]):
        service = drawn.service_min[drawn.category == k]
        error = mean * cv / np.sqrt(len(service))
        assert service.mean() == pytest.approx(mean, abs=4 * error)
        assert service.std() / service.mean() == pytest.approx(cv, rel=0.05)
    first, second = drawn.category == 0, drawn.category == 1
    assert (drawn.site[first] == CUSTODY).mean() == pytest.approx(0.1, abs=0.005)
    assert not (drawn.site[first] == ESCORT).any()
    assert (drawn.site[second] == ESCORT).mean() == pytest.approx(0.2, abs=0.01)
    assert drawn.stay_min[drawn.site == CUSTODY].mean() == pytest.approx(60.0, rel=0.05)
    assert (drawn.stay_min[drawn.site == 0] == 0).all()
    assert (drawn.crews[second] == 2).all()
    assert (drawn.priority[second] == 1).all()
    fixed = draw_alerts(model(service_cv=np.zeros(2)), 10, seed=2, replication=0)
    assert fixed.service_min == pytest.approx(np.where(fixed.category == 0, 30.0, 60.0))


def test_the_same_seed_and_replication_give_the_same_alerts() -> None:
    one, same = (draw_alerts(model(), 30, seed=3, replication=4) for _ in range(2))
    for name in Alerts.__dataclass_fields__:
        assert np.array_equal(getattr(one, name), getattr(same, name))
    for other in (
        draw_alerts(model(), 30, seed=3, replication=5),
        draw_alerts(model(), 30, seed=4, replication=4),
    ):
        assert not np.array_equal(one.time_min[:20], other.time_min[:20])
    # Streams are kept apart: another service law leaves times and places as they were.
    longer = draw_alerts(model(service_cv=np.array([2.0, 2.0])), 30, seed=3, replication=4)
    assert np.array_equal(one.time_min, longer.time_min)
    assert np.array_equal(one.cell, longer.cell)


def test_replay_keeps_what_the_log_says_and_sorts() -> None:
    made = replay_alerts(
        model(), [50.0, 10.0], [2, 0], [1, 0], priority=[3, 4], service_min=[7.0, 8.0]
    )
    assert made.time_min.tolist() == [10.0, 50.0]
    assert made.cell.tolist() == [0, 2]
    assert made.priority.tolist() == [4, 3]
    assert made.service_min.tolist() == [8.0, 7.0]
    drawn = replay_alerts(model(), [50.0, 10.0], [2, 0], [1, 0])
    assert drawn.priority.tolist() == [2, 1]
    assert (drawn.service_min > 0).all()


@pytest.mark.parametrize(
    "broken",
    [
        {"time_min": [-1.0]},
        {"time_min": [np.nan]},
        {"cell": [3]},
        {"cell": [-1]},
        {"category": [2]},
        {"service_min": [-5.0]},
        {"service_min": [np.nan]},
        {"service_min": [np.inf]},
        {"priority": [0]},
    ],
)
def test_replay_refuses(broken: dict[str, Any]) -> None:
    whole = {"time_min": [5.0], "cell": [0], "category": [0]}
    with pytest.raises(ValueError):
        replay_alerts(model(), **{**whole, **broken})


@pytest.mark.parametrize(
    "broken",
    [
        {"alerts_per_year": -np.ones((3, 2))},
        {"alerts_per_year": np.full((3, 2), np.nan)},
        {"alerts_per_year": np.ones(3)},
        {"service_mean_min": np.array([1.0, -1.0])},
        {"service_cv": np.array([np.inf, 1.0])},
        {"priority": np.array([0, 1])},
        {"crews": np.array([0, 1])},
        {"hour_factor": np.zeros((2, 24))},
        {"weekday_factor": np.zeros(7)},
        {"arrest_fraction": np.array([0.9, 0.9])},
        {"custody_min": np.nan},
    ],
)
def test_a_model_refuses(broken: dict[str, Any]) -> None:
    with pytest.raises(ValueError):
        model(**broken)


def test_merging_sorts_by_time() -> None:
    calm = draw_alerts(model(), 3, seed=0, replication=0)
    incident = replay_alerts(model(), [1000.0], [1], [0], service_min=[600.0])
    both = merge_alerts(calm, incident)
    assert len(both) == len(calm) + 1
    assert (np.diff(both.time_min) >= 0).all()
    assert both.service_min[np.searchsorted(both.time_min, 1000.0)] == 600.0


def test_a_surge_multiplies_the_rates() -> None:
    assert model().times(1.5).alerts_per_year.sum() == pytest.approx(18000.0)
    by_cell = model().times(np.array([[2.0], [1.0], [1.0]]))
    assert by_cell.alerts_per_year[0].tolist() == [12000.0, 2000.0]


def test_the_model_of_a_county() -> None:
    county = toy_county(n_periods=3)
    policy = Policy.model_validate(
        {
            "workload": {
                "categories": {
                    "traffic": {"on_scene_min": 20, "is_road_traffic": True},
                    "criminal": {"on_scene_min": 50, "officers_sent": 2},
                }
            },
            "simulation": {
                "categories": {"criminal": {"priority": 1, "arrest_share_fraction": 0.3}}
            },
        }
    )
    made = arrival_model(county, policy)
    assert made.priority.tolist() == [1, 2]
    assert made.crews.tolist() == [2, 1]
    assert made.service_mean_min.tolist() == [50.0, 20.0]
    assert made.arrest_fraction.tolist() == [0.3, 0.02]
    assert made.escort_fraction.tolist() == [0.0, 0.05]  # road accidents only
    # Three periods of eight hours with equal shares: the same in every hour.
    assert np.ptp(made.hour_factor) == pytest.approx(0.0, abs=1e-12)
    odd = replace(
        county,
        period_names=("a", "b"),
        period_hours=np.array([7.5, 16.5]),
        period_share_fraction=np.array([[0.75, 0.25], [0.75, 0.25]]),
    )
    factor = arrival_model(odd, policy).hour_factor[0]
    assert factor[0] == pytest.approx(0.1)
    assert factor[7] == pytest.approx(0.05 + 0.5 * 0.25 / 16.5)
    assert factor.sum() == pytest.approx(1.0)
