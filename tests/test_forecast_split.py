"""Back-test of shares over cells and hours: answers by hand, planted patterns, rules chosen."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from scipy.stats import poisson

from optimizer.alert_rules_forecast import SPLITS, ForecastRules, SplitRule
from optimizer.forecast import forecast
from optimizer.forecast_back_test import History
from optimizer.forecast_shares import hour_base, shares_by, shrunk_shares
from optimizer.forecast_split import Events, SplitTest, back_test_split

RULES = ForecastRules(back_test_periods=4)
MODEL, LAST_YEAR, EVEN = range(3)


def events(
    days: int, per_day: int, cell_share: Any, hour_share: Any = None, seed: int = 0, k: int = 1
) -> Events:
    """`cell_share`: of day -> shares of cells; hours likewise; four cells, two townships."""
    rng = np.random.default_rng(seed)
    day = np.repeat(np.arange(days), per_day)
    cell = np.concatenate([rng.choice(4, per_day, p=cell_share(d)) for d in range(days)])
    hours = np.full(24, 1 / 24) if hour_share is None else hour_share
    hour = (day % 7) * 24 + rng.choice(24, len(day), p=hours)
    return Events(
        day=day,
        category=rng.integers(0, k, len(day)),
        cell=cell,
        hour=hour,
        area=np.array([0, 0, 1, 1]),
        categories=k,
    )


def split_of(made: Events, days: int, rules: ForecastRules = RULES) -> SplitTest:
    return back_test_split(made, np.ones(days, np.bool_), rules)


def fixed(*share: float) -> Any:
    return lambda _day: share


def test_one_period_by_hand() -> None:
    """56 + 28 days: learnt 3 of 4 in cell 0; in the period 28 alerts in cell 0, 28 in cell 1."""
    cell = np.concatenate([np.tile([0, 0, 0, 1], 56), np.tile([0, 1], 28)])
    day = np.concatenate([np.repeat(np.arange(56), 4), np.repeat(np.arange(56, 84), 2)])
    made = Events(
        day=day, category=np.zeros(len(day), int), cell=cell, hour=day % 7 * 24,
        area=np.array([0, 1]), categories=1,
    )  # fmt: skip
    found = split_of(made, 84)
    assert found.periods == 1
    # Last year's: 168 and 56 of 224, and one alert spread over both.
    share = np.array([168.5, 56.5]) / 225
    assert found.cells.log_score[LAST_YEAR, 0] == pytest.approx(-np.log(share).mean())
    assert found.cells.log_score[EVEN, 0] == pytest.approx(np.log(2))
    # 7 and 7 of 14 a week, four weeks, two cells: even shares fit exactly.
    assert found.cells.deviance[EVEN, 0] == pytest.approx(0.0, abs=1e-9)
    one_week = 2 * (7 * np.log(7 / (14 * share))).sum()
    assert found.cells.deviance[LAST_YEAR, 0] == pytest.approx(4 * one_week / 8)
    assert found.cells.alerts.tolist() == [56]
    # 28 of 56 where 42 were foretold: outside; the even split holds it.
    assert found.cells.inside_fraction[LAST_YEAR, 0] == 0.0
    assert found.cells.inside_fraction[EVEN, 0] == 1.0
    assert found.cells.best() == ("even",)
    assert found.cells.last_year.tolist() == [[196, 84]]


def test_the_deviance_is_that_of_poisson_counts_given_their_sum() -> None:
    made = events(84, 5, fixed(0.4, 0.3, 0.2, 0.1))
    found = split_of(made, 84)
    seen = np.zeros((4, 4))
    late = made.day >= 56
    np.add.at(seen, ((made.day[late] - 56) // 7, made.cell[late]), 1)
    mu = seen.sum(axis=1, keepdims=True) / 4
    saturated = poisson.logpmf(seen, np.where(seen, seen, 1)) * (seen > 0)
    deviance = 2 * (saturated - poisson.logpmf(seen, mu)).sum() / seen.size
    assert found.cells.deviance[EVEN, 0] == pytest.approx(deviance)


def test_nothing_of_a_period_is_seen_before_it() -> None:
    one = events(120, 6, fixed(0.4, 0.3, 0.2, 0.1), seed=1)
    other = Events(
        day=one.day, category=one.category, cell=np.where(one.day >= 92, 3, one.cell),
        hour=one.hour, area=one.area, categories=1,
    )  # fmt: skip
    rules = ForecastRules(back_test_periods=1)
    first, second = split_of(one, 120, rules), split_of(other, 120, rules)
    by_cell = np.bincount(one.cell[one.day < 92], minlength=4)[None]
    share, _ = shares_by("model", by_cell, by_cell, np.full(4, 0.25))
    assert second.cells.log_score[MODEL, 0] == pytest.approx(-np.log(share[0, 3]))
    assert first.cells.log_score[MODEL, 0] != pytest.approx(second.cells.log_score[MODEL, 0])


def test_the_model_beats_plain_rules_where_few_alerts_show_a_steady_pattern() -> None:
    busy = np.r_[np.full(8, 1.0), np.full(16, 3.0)]
    made = events(1200, 2, fixed(0.55, 0.25, 0.15, 0.05), busy / busy.sum(), seed=3)
    found = split_of(made, 1200, ForecastRules())
    assert found.cells.best() == ("model",)
    assert found.hours.best() == ("model",)
    score = found.hours.log_score[:, 0]
    assert score[MODEL] < score[EVEN] < score[LAST_YEAR]
    assert found.cells.inside_fraction[MODEL, 0] >= 0.85


def test_last_years_shares_win_where_places_moved_for_good() -> None:
    made = events(
        1400, 12, lambda d: (0.7, 0.1, 0.1, 0.1) if d < 700 else (0.1, 0.1, 0.1, 0.7), seed=4
    )
    found = split_of(made, 1400)
    assert found.cells.best() == ("last_year",)
    assert found.cells.inside_fraction[MODEL, 0] < 0.2
    assert found.cells.inside_fraction[LAST_YEAR, 0] > 0.8


def test_hours_that_differ_by_township_show_in_the_intervals() -> None:
    """The county's hours are foretold well, the townships' are not: that must be seen."""
    rng = np.random.default_rng(5)
    day = np.repeat(np.arange(400), 20)
    cell = rng.integers(0, 4, len(day))
    late = np.where(cell >= 2, 18, 6) + rng.integers(0, 4, len(day))
    alike = np.where(rng.random(len(day)) < 0.5, 18, 6) + rng.integers(0, 4, len(day))
    area = np.array([0, 0, 1, 1])

    def inside(hour: Any) -> float:
        made = Events(
            day=day, category=np.zeros(len(day), int), cell=cell, hour=day % 7 * 24 + hour,
            area=area, categories=1,
        )  # fmt: skip
        return float(split_of(made, 400).hours.inside_fraction[MODEL, 0])

    assert inside(alike) > 0.85
    assert inside(late) < 0.6


def test_a_category_without_alerts_has_no_score_and_the_model() -> None:
    made = events(120, 6, fixed(0.4, 0.3, 0.2, 0.1))
    more = Events(
        day=made.day, category=made.category, cell=made.cell, hour=made.hour, area=made.area,
        categories=2,
    )  # fmt: skip
    found = split_of(more, 120)
    assert np.isnan(found.cells.log_score[:, 1]).all()
    assert found.cells.best()[1] == "model"


@pytest.mark.parametrize("asked", ["best", *SPLITS])
def test_the_forecast_takes_the_rule_that_did_best_or_is_named(asked: Any) -> None:
    made = events(
        800, 12, lambda d: (0.7, 0.1, 0.1, 0.1) if d < 400 else (0.1, 0.1, 0.1, 0.7), seed=4
    )
    rules = ForecastRules(split=asked, days=28, back_test_periods=2)
    days = np.datetime64("2024-01-01") + np.arange(828)
    history = History(
        counts=np.bincount(made.day, minlength=800)[None], known=np.ones(800, np.bool_), days=days,
        kind=np.zeros(828, np.int64),
    )  # fmt: skip
    by_cell = np.bincount(made.cell, minlength=4)[None]
    by_hour = np.bincount(made.hour, minlength=168)[None]
    split = split_of(made, 800, rules)
    told = forecast(history, ("a",), by_cell, by_hour, rules, split)
    chosen: SplitRule = "last_year" if asked == "best" else asked
    assert told.cell_rules == (chosen,)
    late = np.bincount(made.cell[made.day >= 800 - 364], minlength=4)[None]
    expected, weight = shares_by(chosen, by_cell, late, np.full(4, 0.25))
    assert told.cell_share_fraction == pytest.approx(expected)
    assert told.cell_weight == pytest.approx(weight)
    untested = forecast(history, ("a",), by_cell, by_hour, rules)
    assert untested.cell_share_fraction == pytest.approx(
        shrunk_shares(by_cell, np.full(4, 0.25))[0]
    )
    assert untested.hour_share_fraction == pytest.approx(
        shrunk_shares(by_hour, hour_base(by_hour))[0]
    )
