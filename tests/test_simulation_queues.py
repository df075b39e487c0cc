"""The simulation against queueing theory: where formulas are exact, the intervals hold them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from scipy.linalg import expm
from scipy.stats import poisson

from optimizer.arrivals import ArrivalModel, draw_alerts
from optimizer.frozen import FloatArray
from optimizer.queueing import erlang_c
from optimizer.simulation import run_replication
from optimizer.simulation_inputs import SimulationInputs
from optimizer.simulation_measures import Trace, interval

DAY = 1440.0
YEAR_MIN = 525_600.0
REPLICATIONS = 30


def inputs(crews: Any = 1, **changes: Any) -> SimulationInputs:
    """One station, one cell, no travel."""
    fields: dict[str, Any] = {
        "unit_id": ("A",),
        "members": ((0,),),
        "home_station": [0],
        "unit_of_cell": [0],
        "crews": [[crews]] if isinstance(crews, int) else crews,
        "period_start_min": [0.0],
        "neighbours": ((),),
        "dispatch": "own",
        "travel_min": [[0.0]],
        "station_min": [[0.0]],
        "custody_station": [0],
        "escort_station": [0],
        "patrol_weight": [1.0],
        "travel_factor": [1.0],
        "extra_turnout_min": [0.0],
        "turnout_min": 0.0,
        "turnout_on_road_min": 0.0,
        "max_help_travel_min": 30.0,
        "patrol_share_fraction": 0.0,
    }
    return SimulationInputs(**{**fields, **changes})


def flat(rate_per_min: list[float], service_min: list[float], cv: list[float], **changes: Any) -> (
    ArrivalModel
):  # fmt: skip
    """Categories of one cell at a constant rate; the first is the most urgent."""
    k = len(rate_per_min)
    fields: dict[str, Any] = {
        "alerts_per_year": np.array([rate_per_min]) * YEAR_MIN,
        "hour_factor": np.ones((k, 24)),
        "weekday_factor": np.ones(7),
        "month_share_fraction": np.tile(
            np.array([31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]) / 365.0, (k, 1)
        ),
        "priority": np.arange(1, k + 1),
        "crews": np.ones(k, int),
        "service_mean_min": np.array(service_min),
        "service_cv": np.array(cv),
        "arrest_fraction": np.zeros(k),
        "escort_fraction": np.zeros(k),
    }
    return ArrivalModel(**{**fields, **changes})


def traces(side: SimulationInputs, model: ArrivalModel, days: int, seed: int = 7) -> list[Trace]:
    warm_up = 7
    return [
        run_replication(
            side,
            draw_alerts(model, warm_up + days, seed=seed, replication=r),
            window_from=warm_up * DAY,
            window_to=(warm_up + days) * DAY,
        )
        for r in range(REPLICATIONS)
    ]


def mean_of(traces: list[Trace], what: str, category: int | None = None) -> FloatArray:
    """Mean per replication of `wait`, `waits` (0 or 1) or `sojourn`."""
    found = []
    for one in traces:
        seen = (one.alerts.time_min >= one.window_from) & (one.alerts.time_min < one.window_to)
        if category is not None:
            seen &= one.alerts.category == category
        values = {
            "wait": one.wait_min,
            "waits": (one.wait_min > 0).astype(float),
            "sojourn": one.cleared - one.alerts.time_min,
        }[what]
        found.append(values[seen].mean())
    return np.array(found)


def holds(values: FloatArray, theory: float, rel_half_width: float) -> None:
    """The 95% interval holds the theory, and is narrow enough to mean something."""
    mean, half = interval(values)
    assert half <= rel_half_width * theory
    assert abs(mean - theory) <= half


@pytest.mark.parametrize(("crews", "erlangs"), [(1, 0.6), (2, 1.2), (4, 3.0), (3, 0.9)])
def test_m_m_m_is_erlang_c(crews: int, erlangs: float) -> None:
    service = 30.0
    model = flat([erlangs / service], [service], [1.0], exponential=True)
    found = traces(inputs(crews), model, 220)
    chance = float(erlang_c(crews, erlangs))
    holds(mean_of(found, "waits"), chance, 0.06)
    holds(mean_of(found, "wait"), chance * service / (crews - erlangs), 0.08)
    busy = np.array([t.busy_min.sum() / t.duty_min.sum() for t in found])
    holds(busy, erlangs / crews, 0.02)


@pytest.mark.parametrize("cv", [0.0, 0.5, 1.5])
def test_m_g_1_is_pollaczek_khinchine(cv: float) -> None:
    service, rho = 30.0, 0.6
    found = traces(inputs(), flat([rho / service], [service], [cv]), 500)
    holds(mean_of(found, "wait"), rho * service * (1 + cv**2) / (2 * (1 - rho)), 0.08)


@pytest.mark.parametrize("cv", [(1.0, 1.0), (0.5, 1.5)])
def test_priorities_without_pre_emption_are_cobham(cv: tuple[float, float]) -> None:
    """A. Cobham (1954): W_k = R / ((1 - s_{k-1}) (1 - s_k)), R = sum of lambda E[S^2] / 2."""
    service, rho = [20.0, 40.0], [0.3, 0.4]
    rate = [r / s for r, s in zip(rho, service, strict=True)]
    law = {"exponential": True} if cv == (1.0, 1.0) else {}
    found = traces(inputs(), flat(rate, service, list(cv), **law), 500)
    second = [s**2 * (1 + c**2) for s, c in zip(service, cv, strict=True)]
    rest = sum(x * m for x, m in zip(rate, second, strict=True)) / 2
    holds(mean_of(found, "wait", 0), rest / (1 - rho[0]), 0.06)
    holds(mean_of(found, "wait", 1), rest / ((1 - rho[0]) * (1 - sum(rho))), 0.1)


def test_pre_emption_resumes_as_theory_says() -> None:
    """M/M/1: T_k = ((1 - s_k) / mu_k + R_k) / ((1 - s_{k-1}) (1 - s_k)) (Kleinrock II, 3.4)."""
    service, rho = [20.0, 40.0], [0.3, 0.4]
    rate = [r / s for r, s in zip(rho, service, strict=True)]
    side = inputs(preempt_priority=1, preemptible_priority=2)
    found = traces(side, flat(rate, service, [1.0, 1.0], exponential=True), 500)
    rests = np.cumsum([x * 2 * s**2 / 2 for x, s in zip(rate, service, strict=True)])
    holds(mean_of(found, "sojourn", 0), (service[0] * (1 - rho[0]) + rests[0]) / (1 - rho[0]), 0.05)
    theory = (service[1] * (1 - sum(rho)) + rests[1]) / ((1 - rho[0]) * (1 - sum(rho)))
    holds(mean_of(found, "sojourn", 1), theory, 0.1)


def test_travel_is_part_of_the_service() -> None:
    """Back first: turn-out 2 + 6 out + scene + 6 back. M/D/1 with a service of 2 + 6 + 30 + 6."""
    busy = 44.0
    rate = 0.6 / busy
    side = inputs(travel_min=[[6.0]], turnout_min=2.0)
    found = traces(side, flat([rate], [30.0], [0.0]), 500)
    holds(mean_of(found, "wait"), 0.6 * busy / (2 * 0.4), 0.08)
    responses = np.concatenate([t.response_min - t.wait_min for t in found])
    assert responses == pytest.approx(8.0)


def waits_over(limit_min: float, crews: int, service_min: float, rate: FloatArray) -> float:
    """Share of alerts of M(t)/M/m that wait longer; `rate` per minute for each hour of a day.

    Kolmogorov's forward equations in steps of ten minutes, repeated until the days are alike.
    """
    n = np.arange(40)
    leave = np.minimum(n, crews) / service_min
    p, late, alerts = np.eye(len(n))[0], 0.0, 0.0
    # Someone who finds n >= m busy waits for n - m + 1 departures.
    waits = np.where(n >= crews, poisson.cdf(n - crews, crews * limit_min / service_min), 0.0)
    for day in range(4):
        for hourly in rate:
            q = np.diag(np.full(len(n) - 1, hourly), 1) + np.diag(leave[1:], -1)
            step = expm((q - np.diag(q.sum(axis=1))) * 10.0)
            for _ in range(6):
                before, p = p, p @ step
                if day == 3:
                    late += hourly * float((before + p) @ waits) / 2.0
                    alerts += hourly
    return late / alerts


def test_the_days_rhythm_makes_fewer_wait_than_erlang_period_by_period() -> None:
    """Queues follow the hours late and more evenly; Erlang takes each period as if it had lasted.

    That, not the fixed minutes of travel, is why the analytic share lies above the simulated one.
    """
    crews, erlangs, service, limit = 2, 0.3, 60.0, 5.0
    factor = np.repeat([0.3, 0.5, 1.3, 1.5, 1.6, 0.8], 4)
    law = {"exponential": True, "hour_factor": factor[None, :]}
    model = flat([erlangs / service], [service], [1.0], **law)
    found = traces(inputs(crews), model, 2000)
    share = np.array(
        [(t.wait_min[t.alerts.time_min >= t.window_from] > limit).mean() for t in found]
    )
    offered = erlangs * factor
    by_period = np.array(
        [float(erlang_c(crews, a)) * np.exp(-(crews - a) * limit / service) for a in offered]
    )
    erlang = float(factor @ by_period / factor.sum())
    holds(share, waits_over(limit, crews, service, offered / service), 0.04)
    assert share.mean() + interval(share)[1] < erlang
    # Without a rhythm the two are one.
    flat_day = np.full(24, erlangs / service)
    assert waits_over(limit, crews, service, flat_day) == pytest.approx(
        float(erlang_c(crews, erlangs)) * np.exp(-(crews - erlangs) * limit / service), rel=1e-6
    )


def test_two_crews_for_one_alert_are_two_customers() -> None:
    """Utilisation counts both; the alert is answered when the first of them comes."""
    rate = 0.6 / 30.0
    found = traces(inputs(2), flat([rate], [30.0], [1.0], crews=np.array([2])), 60)
    busy = np.array([t.busy_min.sum() / t.duty_min.sum() for t in found])
    holds(busy, 0.6, 0.03)
    assert all(len(t.dispatched) == 2 * len(t.alerts) for t in found)
