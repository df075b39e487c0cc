"""Fits on samples whose truth is known; what fits poorly or is too little says so."""

from __future__ import annotations

import numpy as np
import pytest

from optimizer.frozen import FloatArray
from scenarios.calibration_fit import (
    MIN_EACH,
    ServiceFit,
    TravelFit,
    fit_service,
    fit_travel,
    law_quantiles,
    match_of,
)


def lognormal(seed: int, n: int, mean: float, cv: float) -> FloatArray:
    spread = np.sqrt(np.log1p(cv**2))
    rng = np.random.default_rng(seed)
    return mean * rng.lognormal(-0.5 * spread**2, spread, n)


def test_distances_by_hand() -> None:
    # Shares below: observed 1/2 at 1, 1 at 3; modelled 1/2 at 2, 1 at 4. Each rank is 1 apart.
    found = match_of(np.array([1.0, 3.0]), np.array([2.0, 4.0]))
    assert found.ks == pytest.approx(0.5)
    assert found.wasserstein_min == pytest.approx(1.0)
    assert found.distance_fraction == pytest.approx(0.5)
    assert found.is_poor


def test_half_a_minute_is_no_misfit() -> None:
    observed = np.array([1.0, 2.0, 2.0, 3.0])
    assert match_of(observed, np.array([1.2, 1.8, 2.3, 2.9])).ks == 0.0
    assert match_of(observed, np.array([1.6, 1.8, 2.3, 2.9])).ks == pytest.approx(0.25)
    assert match_of(observed, np.array([1.2, 1.8, 2.3, 2.4])).ks == pytest.approx(0.25)


@pytest.mark.parametrize("law", ["lognormal", "exponential", "gamma"])
def test_quantiles_have_the_mean_and_the_spread_asked_for(law: str) -> None:
    cv = 1.0 if law == "exponential" else 0.7
    sample = law_quantiles(law, 40.0, cv, 200_000)  # type: ignore[arg-type]
    assert sample.mean() == pytest.approx(40.0, rel=2e-3)
    assert sample.std() / sample.mean() == pytest.approx(cv, rel=1e-2)


def test_lognormal_services_are_recovered() -> None:
    fit = fit_service(lognormal(1, 3000, 45.0, 0.8), lognormal(2, 3000, 45.0, 0.8), "lognormal")
    assert fit.state == "fitted"
    assert fit.mean_min == pytest.approx(45.0, rel=0.04)
    assert fit.cv == pytest.approx(0.8, rel=0.06)
    assert fit.best == "lognormal"
    assert fit.match is not None
    assert fit.match.alerts == 3000
    assert fit.match.ks < 0.04


def test_each_law_is_told_from_the_others() -> None:
    rng = np.random.default_rng(3)
    exponential, gamma = rng.exponential(30.0, 2000), rng.gamma(3.0, 10.0, 2000)
    assert fit_service(exponential, exponential, "exponential").best == "exponential"
    assert fit_service(gamma, gamma, "lognormal").best == "gamma"


def test_two_kinds_of_service_in_one_category_fit_poorly() -> None:
    def two_kinds(seed: int) -> FloatArray:
        rng = np.random.default_rng(seed)
        short = rng.random(1000) < 0.5
        return np.where(short, rng.normal(5, 0.5, 1000), rng.normal(120, 5, 1000))

    fit = fit_service(two_kinds(1), two_kinds(2), "lognormal")
    assert fit.state == "poor"
    assert fit.mean_min == pytest.approx(62.5, rel=0.1), "shown, but never written"


def test_judged_on_other_alerts_than_those_fitted_on() -> None:
    usual, longer = lognormal(1, 1000, 30.0, 0.5), lognormal(2, 1000, 60.0, 0.5)
    fit = fit_service(usual, longer, "lognormal")
    assert fit.mean_min == pytest.approx(30.0, rel=0.05), "the alerts judged have no part in it"
    assert fit.state == "poor"


@pytest.mark.parametrize(("fit", "judged"), [(MIN_EACH - 1, 500), (500, MIN_EACH - 1), (0, 0)])
def test_too_few_alerts_are_not_fitted(fit: int, judged: int) -> None:
    found = fit_service(lognormal(1, fit, 30.0, 0.5), lognormal(2, judged, 30.0, 0.5), "lognormal")
    assert found == ServiceFit(
        state="few", fit_alerts=fit, judged_alerts=judged, mean_min=found.mean_min, cv=found.cv
    )
    assert np.isnan(found.mean_min)


def test_services_of_0_minutes_took_half_a_minute() -> None:
    zeros = np.zeros(200)
    fit = fit_service(np.concatenate([zeros, np.full(200, 2.0)]), zeros, "lognormal")
    assert fit.mean_min == pytest.approx(1.25)


def drives(
    seed: int, n: int, start: float, factor: float, scatter: float
) -> tuple[FloatArray, FloatArray]:
    rng = np.random.default_rng(seed)
    road = rng.uniform(0.5, 20.0, n)
    return road, start + factor * road * rng.lognormal(-0.5 * scatter**2, scatter, n)


def travel(road: FloatArray, took: FloatArray, hour: FloatArray | None = None) -> TravelFit:
    judged = np.arange(len(road)) % 2 == 1
    hours = np.full(len(road), 12.0) if hour is None else hour
    return fit_travel(road, took, hours, judged, handling_min=2.0, from_dispatch=True)


def test_turn_out_and_slowness_are_recovered() -> None:
    fit = travel(*drives(1, 2000, 1.5, 1.4, 0.1))
    assert fit.state == "fitted"
    assert fit.intercept_min == pytest.approx(1.5, abs=0.15)
    assert fit.factor == pytest.approx(1.4, abs=0.03)
    assert fit.factor_low < fit.factor < fit.factor_high
    assert fit.turnout_min == pytest.approx(2.0 + fit.intercept_min)


def test_gross_errors_of_the_clock_do_not_move_the_line() -> None:
    road, took = drives(1, 2000, 1.5, 1.4, 0.1)
    took[::40] += 300.0
    fit = travel(road, took)
    assert fit.factor == pytest.approx(1.4, abs=0.05)
    assert fit.intercept_min < 2.6, "least squares would say 9"


def test_hours_of_the_day_apart() -> None:
    road, took = drives(1, 4000, 1.0, 1.0, 0.05)
    hour = np.random.default_rng(2).uniform(0.0, 24.0, 4000)
    took = np.where((hour >= 6) & (hour < 12), 1.0 + (took - 1.0) * 1.3, took)
    bands = {first: factor for first, _last, _n, factor in travel(road, took, hour).bands}
    assert bands[6] / bands[0] == pytest.approx(1.3, abs=0.06)
    assert bands[18] / bands[0] == pytest.approx(1.0, abs=0.05)


def test_a_line_that_would_start_before_the_alert_goes_through_0() -> None:
    road, took = drives(1, 1000, 0.0, 1.0, 0.05)
    fit = travel(road, np.maximum(took - 0.3, 0.1))
    assert fit.intercept_min == 0.0
    assert fit.factor == pytest.approx(0.97, abs=0.03)


def test_minutes_that_do_not_follow_the_roads_are_a_poor_fit() -> None:
    road, _took = drives(1, 1000, 0.0, 1.0, 0.1)
    fit = travel(road, np.random.default_rng(5).uniform(2.0, 40.0, 1000))
    assert fit.state == "poor"


def test_a_curve_is_no_line() -> None:
    road, _took = drives(1, 2000, 0.0, 1.0, 0.1)
    fit = travel(road, 2.0 + 0.08 * road**2)
    assert fit.worst_fifth_fraction > 0.2
    assert fit.state == "poor"


def test_too_few_drives() -> None:
    fit = travel(*drives(1, 2 * MIN_EACH - 2, 1.0, 1.0, 0.1))
    assert fit.state == "few"
    assert np.isnan(fit.factor)
    alike = np.full(1000, 3.0)
    assert travel(alike, alike + 1.0).state == "few", "one distance makes no line"
