"""Forecast: days of the planning year, back-test against plain rules, shares, intervals."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from optimizer.alert_rules_forecast import METHODS, ForecastRules
from optimizer.forecast import Forecast, forecast
from optimizer.forecast_back_test import BackTest, History, back_test, drift_per_day, origins
from optimizer.forecast_baselines import last_52_weeks, naive_scale, seasonal_naive
from optimizer.forecast_model import (
    HOLIDAY,
    MOVED_WORKDAY,
    ORDINARY,
    foretell,
    penalised_fit,
    weekday_of,
)
from optimizer.forecast_shares import hour_base, shrunk_shares
from optimizer.frozen import FloatArray, IntArray

MONDAY = np.datetime64("2024-01-01")
RULES = ForecastRules()


def days_from(n: int) -> np.ndarray[tuple[int], np.dtype[np.datetime64]]:
    return np.asarray(MONDAY + np.arange(n))


def history(counts: IntArray, ahead: int, known: object = None) -> History:
    n = counts.shape[1]
    return History(
        counts=counts,
        known=np.ones(n, np.bool_) if known is None else np.asarray(known),
        days=days_from(n + ahead),
        kind=np.zeros(n + ahead, np.int64),
    )


def made(counts: IntArray, rules: ForecastRules, cells: int = 3, **more: object) -> Forecast:
    k = len(counts)
    return forecast(
        history(counts, rules.days, **more),
        tuple("abc"[:k]),
        np.tile(np.array([50, 30, 20])[:cells], (k, 1)),
        np.full((k, 168), 4),
        rules,
    )


# --- the model --------------------------------------------------------------------------------


def test_the_model_is_the_quasi_poisson_regression_of_statsmodels() -> None:
    statsmodels = pytest.importorskip("statsmodels.api")
    rng = np.random.default_rng(3)
    x = np.column_stack([np.ones(200), rng.normal(size=(200, 2))])
    y = rng.poisson(np.exp(0.7 + 0.4 * x[:, 1] - 0.2 * x[:, 2])).astype(float)
    weight = rng.uniform(0.5, 1.0, 200)
    ours = penalised_fit(y, x, weight, 0.0, np.full(3, np.inf), 1.7, np.zeros(3))
    family = statsmodels.families.Poisson()
    theirs = statsmodels.GLM(y, x, family=family, freq_weights=weight).fit()
    assert ours == pytest.approx(theirs.params, abs=1e-6)


def test_the_penalty_draws_towards_nothing() -> None:
    x = np.ones((4, 1))
    y = np.array([3.0, 5.0, 4.0, 4.0])
    none = penalised_fit(y, x, np.ones(4), 0.0, np.array([np.inf]), 1.0, np.zeros(1))
    some = penalised_fit(y, x, np.ones(4), 0.0, np.array([0.5]), 1.0, np.zeros(1))
    assert none[0] == pytest.approx(np.log(4.0))
    # 16 - 4 exp(b) - 4 b = 0.
    assert 16 - 4 * np.exp(some[0]) - 4 * some[0] == pytest.approx(0.0, abs=1e-6)
    assert 0 < some[0] < none[0]


def test_weekdays_are_found_and_holidays_are_like_weekends_until_seen() -> None:
    n, ahead = 400, 14
    weekend = weekday_of(days_from(n + ahead)) >= 5
    counts = np.where(weekend, 40, 20)[:n]
    kind = np.full(n + ahead, ORDINARY)
    kind[n + 7 - (n % 7) + 1] = HOLIDAY  # a Tuesday to come
    told = foretell(counts, np.ones(n, np.bool_), days_from(n + ahead), kind, RULES)
    at = weekday_of(days_from(n + ahead))[n:]
    plain = kind[n:] == ORDINARY
    assert told.mean[(at >= 5) & plain] == pytest.approx(40, rel=0.03)
    assert told.mean[(at < 5) & plain] == pytest.approx(20, rel=0.03)
    assert told.mean[~plain] == pytest.approx(40, rel=0.03)
    assert told.dispersion == 1.0


def test_moved_working_days_are_like_working_days() -> None:
    n = 400
    weekend = weekday_of(days_from(n + 7)) >= 5
    kind = np.full(n + 7, ORDINARY)
    saturday = n + int(np.flatnonzero(weekday_of(days_from(n + 7))[n:] == 5)[0])
    kind[saturday] = MOVED_WORKDAY
    counts = np.where(weekend, 40, 20)[:n]
    told = foretell(counts, np.ones(n, np.bool_), days_from(n + 7), kind, RULES)
    assert told.mean[saturday - n] == pytest.approx(20, rel=0.03)


def test_a_holiday_of_its_own_kind_is_learnt() -> None:
    n = 730
    kind = np.zeros(n + 1, np.int64)
    kind[::30] = HOLIDAY
    kind[n] = HOLIDAY
    counts = np.where(kind == HOLIDAY, 100, 50)[:n]
    told = foretell(counts, np.ones(n, np.bool_), days_from(n + 1), kind, RULES)
    assert 85 < told.mean[0] < 101


def test_season_takes_a_year_and_trend_two() -> None:
    def swing(n: int) -> float:
        counts = np.round(100 * np.exp(0.3 * np.sin(2 * np.pi * np.arange(n) / 365.2425)))
        told = foretell(
            counts.astype(np.int64), np.ones(n, np.bool_), days_from(n + 365),
            np.zeros(n + 365, np.int64), RULES,
        )  # fmt: skip
        return float(told.mean.max() / told.mean.min())

    assert swing(364) < 1.01
    assert swing(730) > 1.6


def test_a_trend_is_damped_and_never_beyond_its_limit() -> None:
    n, ahead = 1000, 3650
    counts = np.round(50 * np.exp(0.5 * np.arange(n) / 365)).astype(np.int64)

    def told(limit: float) -> FloatArray:
        rules = RULES.model_copy(update={"trend_limit_fraction": limit})
        args = (counts, np.ones(n, np.bool_), days_from(n + ahead), np.zeros(n + ahead, np.int64))
        return foretell(*args, rules).mean

    rising, bounded, flat = told(2.0), told(0.1), told(0.0)
    now = float(counts[-1])
    assert now * 1.3 < rising[-1] < now * 2.0
    # Levelled off: the tenth year adds nearly nothing to the ninth.
    assert rising[-365:].mean() == pytest.approx(rising[-730:-365].mean(), rel=0.01)
    assert bounded[-365:].mean() < 1.2 * now
    # Without one every year is like the last, whatever the season took for itself.
    assert flat[:365].mean() == pytest.approx(flat[-365:].mean(), rel=0.02)


def test_days_of_a_gap_are_not_taken_for_days_without_alerts() -> None:
    counts = np.full(400, 10)
    known = np.ones(400, np.bool_)
    known[200:260] = False
    counts[200:260] = 0
    told = foretell(counts, known, days_from(407), np.zeros(407, np.int64), RULES)
    assert told.mean == pytest.approx(10, rel=0.01)


def test_a_category_without_alerts_is_foretold_next_to_none() -> None:
    told = foretell(
        np.zeros(400, np.int64), np.ones(400, np.bool_), days_from(430), np.zeros(430, np.int64),
        RULES,
    )  # fmt: skip
    assert 0 < told.mean.sum() < 0.5


# --- plain rules and the back-test ------------------------------------------------------------


def test_the_mean_of_52_weeks_is_by_weekday() -> None:
    n = 400
    counts = weekday_of(days_from(n)) + 1
    told = last_52_weeks(counts, np.ones(n, np.bool_), days_from(n + 7))
    assert told.mean == pytest.approx((weekday_of(days_from(n + 7)) + 1.0)[n:])
    assert told.dispersion == 1.0


def test_a_year_before_is_52_weeks_before_and_a_gap_is_filled() -> None:
    n = 400
    counts = np.arange(n)
    known = np.ones(n, np.bool_)
    known[n - 364 + 1] = False
    told = seasonal_naive(counts, known, days_from(n + 3))
    assert told.mean[[0, 2]].tolist() == [n - 364, n - 362]
    like = known & (weekday_of(days_from(n)) == weekday_of(days_from(n + 3))[n + 1])
    assert told.mean[1] == pytest.approx(counts[like].mean())
    short = seasonal_naive(counts[:100], known[:100], days_from(110))
    assert short.mean.tolist() == [93, 94, 95, 96, 97, 98, 99, 93, 94, 95]


def test_the_scale_is_the_mean_change_within_a_week() -> None:
    counts = np.array([1, 1, 1, 1, 1, 1, 1, 3, 1, 1, 1, 1, 1, 5])
    assert naive_scale(counts, np.ones(14, np.bool_)) == pytest.approx(6 / 7)


def test_periods_run_back_from_the_end_and_pass_over_gaps() -> None:
    known = np.ones(800, np.bool_)
    at, days = origins(known, RULES)
    assert days == 91
    assert at == [800 - 91 * i for i in range(7, 0, -1)]
    known[710] = False
    assert origins(known, RULES)[0] == at[:-1]
    assert origins(np.ones(84, np.bool_), RULES) == ([56], 28)
    assert origins(np.ones(83, np.bool_), RULES)[0] == []


def test_the_back_test_sees_nothing_of_the_days_it_foretells() -> None:
    rng = np.random.default_rng(5)
    counts = rng.poisson(8, (1, 500))
    other = counts.copy()
    other[0, -83:] = 500
    one, two = back_test(history(counts, 0), RULES), back_test(history(other, 0), RULES)
    assert one.days == 83
    assert one.foretold == pytest.approx(two.foretold)
    assert two.mase[0, 0] > 10 * one.mase[0, 0]


def scored(pinball: list[float]) -> BackTest:
    rng = np.random.default_rng(5)
    tested = back_test(history(rng.poisson(8, (1, 500)), 0), RULES)
    return replace(tested, pinball=np.array(pinball)[:, None])


def test_the_model_gives_way_to_a_plain_rule_that_did_better() -> None:
    assert scored([1.0, 1.0, 2.0]).best() == ("model",)
    assert scored([1.0, 0.9, 2.0]).best() == ("last_52_weeks",)
    assert scored([1.0, 0.9, 0.8]).best() == ("seasonal_naive",)


def test_the_model_wins_where_there_is_a_season_and_a_plain_rule_where_a_year_repeats() -> None:
    rng = np.random.default_rng(2)
    t = np.arange(1096)
    season = rng.poisson(20 * np.exp(0.4 * np.sin(2 * np.pi * t / 365.25)))
    # Erratic, but every year the same.
    year = rng.integers(0, 60, 364)
    tested = back_test(history(np.stack([season, np.tile(year, 4)[:1096]]), 0), RULES)
    assert tested.best() == ("model", "seasonal_naive")
    assert tested.mase[0, 0] < 0.95 * tested.mase[1, 0]
    assert tested.mase[2, 1] < 1e-5


def test_drift_is_what_chance_does_not_explain() -> None:
    believed = 0.05**2 / 91
    assert drift_per_day(np.array([]), 91) == pytest.approx(believed)
    assert drift_per_day(np.array([0.04, 0.04]), 91) == pytest.approx(
        (2 * believed + 0.08 / 91) / 4
    )
    assert drift_per_day(np.array([-1.0]), 91) == 0.0


def test_intervals_hold_about_what_they_say() -> None:
    """Of 20 years drawn from the truth, 90 % intervals of the year hold at least 16."""
    held = 0
    for seed in range(20):
        rng = np.random.default_rng(seed)
        level = np.exp(np.cumsum(rng.normal(0, 0.004, 1095)))
        counts = rng.negative_binomial(15 * level, 0.5)[None, :]
        rules = ForecastRules(days=365, back_test_periods=3)
        told = made(counts[:, :730], rules).total()
        held += told.lower <= counts[0, 730:].sum() <= told.upper
    assert held >= 16


# --- shares and parts -------------------------------------------------------------------------


def test_few_alerts_take_the_shares_of_all_and_many_keep_their_own() -> None:
    counts = np.array([[4000, 1000, 1000], [1, 0, 1], [100, 1900, 1000]])
    share, weight = shrunk_shares(counts, np.full(3, 1 / 3))
    common = counts.sum(axis=0) / counts.sum()
    assert share[0] == pytest.approx(counts[0] / 6000, abs=0.01)
    assert share[1] == pytest.approx(common, abs=0.02)
    assert share.sum(axis=1) == pytest.approx(1.0)
    assert (share > 0).all()
    assert (weight >= counts.sum(axis=1)).all()


def test_hours_that_differ_by_chance_alone_are_alike() -> None:
    rng = np.random.default_rng(1)
    by_hour = rng.poisson(30, (2, 168))
    share, _ = shrunk_shares(by_hour, hour_base(by_hour))
    raw = by_hour / by_hour.sum(axis=1, keepdims=True)
    assert share.std() < 0.35 * raw.std()


@settings(max_examples=30, deadline=None)
@given(st.lists(st.lists(st.integers(0, 50), min_size=4, max_size=4), min_size=1, max_size=3))
def test_shares_are_shares(rows: list[list[int]]) -> None:
    share, _ = shrunk_shares(np.array(rows), np.full(4, 0.25))
    assert share.sum(axis=1) == pytest.approx(1.0)
    assert (share > 0).all()


@pytest.fixture(scope="module")
def year() -> Forecast:
    rng = np.random.default_rng(8)
    return made(rng.poisson([[9.0], [2.0]], (2, 400)), ForecastRules(days=365))


def test_parts_sum_to_the_whole(year: Forecast) -> None:
    whole = year.total().mean
    assert whole == pytest.approx(year.mean.sum())
    assert year.alerts_per_year().sum() == pytest.approx(whole)
    assert year.by_hour_of_week().sum() == pytest.approx(whole)
    by_category = sum(year.total(categories=[k]).mean for k in range(2))
    by_cell = sum(year.total(cells=np.arange(3) == c).mean for c in range(3))
    day = np.arange(168) // 24 == 0
    by_hours = year.total(hours=day).mean + year.total(hours=~day).mean
    month = year.days.astype("datetime64[M]")
    by_month = sum(year.total(days=month == m).mean for m in np.unique(month))
    assert [by_category, by_cell, by_hours, by_month] == pytest.approx([whole] * 4)
    assert year.month_share_fraction().sum(axis=1) == pytest.approx(1.0)
    assert year.hour_factor().sum(axis=1) == pytest.approx(1.0)
    assert year.weekday_factor().mean() == pytest.approx(1.0)


def test_intervals_hold_the_mean_and_narrow_with_the_count(year: Forecast) -> None:
    whole, part = year.total(), year.total(cells=np.arange(3) == 2)
    for e in (whole, part):
        assert e.lower <= e.mean <= e.upper
    assert (part.upper - part.lower) / part.mean > (whole.upper - whole.lower) / whole.mean
    nothing = year.total(cells=np.zeros(3, np.bool_))
    assert (nothing.mean, nothing.lower, nothing.upper) == (0.0, 0, 0)


def test_a_poisson_part_without_drift_has_the_poisson_interval(year: Forecast) -> None:
    sure = replace(
        year, dispersion=np.ones(2), drift_per_day=np.zeros(2), cell_weight=np.full(2, 1e12)
    )
    from scipy.stats import poisson

    part = sure.total(categories=[1], cells=np.arange(3) == 1)
    assert part.lower == poisson.ppf(0.05, part.mean)
    assert part.upper == poisson.ppf(0.95, part.mean)


def test_growth_is_compounded_from_the_end_of_the_log(year: Forecast) -> None:
    grown = year.with_growth(0.1)
    ahead = np.arange(1, 366) / 365.0
    assert grown.mean == pytest.approx(year.mean * 1.1**ahead)
    assert grown.with_growth(0.0).mean == pytest.approx(year.mean)
    rng = np.random.default_rng(8)
    counts = rng.poisson([[9.0], [2.0]], (2, 400))
    rules = ForecastRules(days=365, growth_fraction_per_year=0.1, growth_of={"b": 0.0})
    mixed = made(counts, rules)
    assert mixed.mean[0] == pytest.approx(grown.mean[0])
    assert mixed.mean[1] == pytest.approx(year.mean[1])


def test_a_method_can_be_asked_for() -> None:
    counts = np.random.default_rng(8).poisson(9.0, (1, 400))
    for method in METHODS:
        rules = ForecastRules(days=30, method=method)
        told = made(counts, rules)
        assert told.methods == (method,)
        expected = history(counts, 30).foretold(0, method, rules).mean
        assert told.mean[0] == pytest.approx(expected)
