"""Erlang, hypercube and simulation: three ways to one answer, where theory says they must agree.

The simulation meets the hypercube's assumptions exactly when each unit has one crew that is back at
its seat before it is sent again, services are exponential, travel takes no time to speak of but
still says who is asked first, and all may be asked (`nearest`). Its line is then the hypercube's
infinite one: first come, first served. It knows no zero line (an alert is never lost), so Erlang B
is checked against the hypercube only, in tests/test_hypercube.py.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pytest
from scipy.stats import t as student

from optimizer.arrivals import ArrivalModel, draw_alerts
from optimizer.frozen import FloatArray, IntArray
from optimizer.hypercube import Hypercube, Loads, loads
from optimizer.queueing import erlang_c
from optimizer.simulation import run_replication
from optimizer.simulation_inputs import SimulationInputs
from optimizer.simulation_measures import interval

DAY, YEAR_MIN = 1440.0, 525_600.0
REPLICATIONS, DAYS, WARM_UP_DAYS, SEED = 30, 200, 7, 11
# A way of so many minutes per place in the list: the order counts, the time does not.
STEP_MIN = 1e-6
SERVICE_MIN = 60.0

# Larson and Odoni (1981), sections 5.4.3-5.5.3: three units, 1.5 calls an hour, one hour each.
BOOK_ALERTS = np.array([0.25, 0.25, 0.25, 0.35, 0.40]) / 60.0
BOOK_ORDER = np.array([[0, 1, 2], [0, 1, 2], [0, 2, 1], [1, 0, 2], [2, 0, 1]])
BOOK_HOME = np.array([0, 0, 0, 1, 2])


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Simulated:
    """Means and half-widths over the replications: workload (N,), who answers (N, J), waits."""

    workload: tuple[FloatArray, FloatArray]
    dispatch: tuple[FloatArray, FloatArray]
    waits: tuple[FloatArray, FloatArray]
    wait_min: tuple[FloatArray, FloatArray]


def simulated(
    alerts_per_min: FloatArray, order: IntArray, home: IntArray, crews: int = 1
) -> Simulated:
    """The hypercube's system in our simulation; `home` is the unit of each cell."""
    atoms, units = order.shape
    travel = np.zeros((units, atoms))
    np.put_along_axis(travel, order.T, STEP_MIN * np.arange(1.0, units + 1)[:, None], axis=0)
    side = SimulationInputs(
        unit_id=tuple(f"U{u}" for u in range(units)),
        members=tuple((u,) for u in range(units)),
        home_station=np.arange(units),
        unit_of_cell=home,
        crews=np.full((units, 1), crews),
        period_start_min=np.zeros(1),
        neighbours=((),) * units,
        dispatch="nearest",
        travel_min=travel,
        station_min=np.zeros((units, units)),
        custody_station=home,
        escort_station=home,
        patrol_weight=np.ones(atoms),
        travel_factor=np.ones(1),
        extra_turnout_min=np.zeros(1),
        turnout_min=0.0,
        turnout_on_road_min=0.0,
        max_help_travel_min=30.0,
        patrol_share_fraction=0.0,
    )
    model = ArrivalModel(
        alerts_per_year=(alerts_per_min * YEAR_MIN)[:, None],
        hour_factor=np.ones((1, 24)),
        weekday_factor=np.ones(7),
        month_share_fraction=np.array([[31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]]) / 365.0,
        priority=np.ones(1, np.int64),
        crews=np.ones(1, np.int64),
        service_mean_min=np.array([SERVICE_MIN]),
        service_cv=np.ones(1),
        exponential=True,
        arrest_fraction=np.zeros(1),
        escort_fraction=np.zeros(1),
    )
    start, end = WARM_UP_DAYS * DAY, (WARM_UP_DAYS + DAYS) * DAY
    rows = []
    for r in range(REPLICATIONS):
        alerts = draw_alerts(model, WARM_UP_DAYS + DAYS, seed=SEED, replication=r)
        trace = run_replication(side, alerts, window_from=start, window_to=end)
        seen = alerts.time_min >= start
        unit = trace.crew_unit[trace.crew[seen]]
        answered = np.zeros((units, atoms))
        np.add.at(answered, (unit, alerts.cell[seen]), 1.0 / seen.sum())
        busy = np.bincount(trace.crew_unit, weights=trace.busy_min) / (DAYS * DAY * crews)
        wait = trace.wait_min[seen]
        rows.append((busy, answered, (wait > 0).mean(), wait.mean()))
    columns = [interval(np.array(c, float)) for c in zip(*rows, strict=True)]
    return Simulated(
        workload=columns[0], dispatch=columns[1], waits=columns[2], wait_min=columns[3]
    )


def holds(figures: Sequence[tuple[tuple[FloatArray, FloatArray], FloatArray | float]]) -> None:
    """All theory lies within the intervals, which hold together at 95% (Bonferroni)."""
    number = sum(np.size(mean) for (mean, _half), _theory in figures)
    n = REPLICATIONS - 1
    wider = student.ppf(1.0 - 0.025 / number, n) / student.ppf(0.975, n)
    for (mean, half), theory in figures:
        assert (np.abs(mean - theory) <= wider * half + 1e-12).all(), (mean, half, theory)


def random_orders(seed: int, units: int, atoms: int, load: float) -> tuple[FloatArray, IntArray]:
    rng = np.random.default_rng(seed)
    alerts = rng.uniform(0.2, 1.0, atoms)
    order = np.argsort(rng.random((atoms, units)), axis=1)
    return alerts / alerts.sum() * load * units / SERVICE_MIN, order


def cube(alerts_per_min: FloatArray, order: IntArray) -> Hypercube:
    return Hypercube(
        alerts_per_min=alerts_per_min,
        service_min=np.full(order.shape[1], SERVICE_MIN),
        preference=order,
    )


def agrees(found: Simulated, exact: Loads) -> None:
    holds(
        [
            (found.workload, exact.workload_fraction),
            (found.dispatch, exact.dispatch_fraction),
            (found.waits, exact.all_busy_fraction),
        ]
    )


@pytest.mark.parametrize(("crews", "erlangs"), [(1, 0.5), (3, 2.1)])
def test_one_centre_is_erlangs_queue_in_all_three(crews: int, erlangs: float) -> None:
    alerts = np.array([erlangs / SERVICE_MIN])
    found = simulated(alerts, np.zeros((1, 1), np.int64), np.zeros(1, np.int64), crews)
    waits = float(erlang_c(crews, erlangs))
    exact = loads(cube(alerts, np.arange(crews)[None, :]))
    assert exact.all_busy_fraction == pytest.approx(waits, abs=1e-9)
    holds(
        [
            (found.waits, waits),
            (found.wait_min, waits * SERVICE_MIN / (crews - erlangs)),
            (found.workload, erlangs / crews),
        ]
    )


def test_the_textbooks_three_units() -> None:
    exact = loads(cube(BOOK_ALERTS, BOOK_ORDER))
    np.testing.assert_allclose(exact.workload_fraction, [0.5574, 0.4734, 0.4693], atol=1e-4)
    found = simulated(BOOK_ALERTS, BOOK_ORDER, BOOK_HOME)
    agrees(found, exact)
    assert exact.all_busy_fraction == pytest.approx(float(erlang_c(3, 1.5)), abs=1e-9)
    away = found.dispatch[0][BOOK_HOME[None, :] != np.arange(3)[:, None]].sum()
    assert away == pytest.approx(0.43529, abs=0.01), "the book's share of dispatches across areas"


@pytest.mark.parametrize("load", [0.4, 0.75])
def test_five_units_that_help_each_other(load: float) -> None:
    alerts, order = random_orders(3, 5, 8, load)
    exact = loads(cube(alerts, order), "exact")
    close = loads(cube(alerts, order), "approximate")
    found = simulated(alerts, order, order[:, 0])
    agrees(found, exact)
    assert exact.all_busy_fraction == pytest.approx(float(erlang_c(5, 5 * load)), abs=1e-9)
    # Larson's approximation is not exact; he reports errors of 1 to 2 percent of the workloads.
    np.testing.assert_allclose(close.workload_fraction, exact.workload_fraction, rtol=0.02)
    np.testing.assert_allclose(close.workload_fraction, found.workload[0], rtol=0.03)
    assert close.cross_fraction(order[:, 0]) == pytest.approx(
        exact.cross_fraction(order[:, 0]), abs=0.01
    )


def test_the_interval_is_not_too_wide_to_fail() -> None:
    # A cube with the preferences of two atoms exchanged must not pass.
    exchanged = BOOK_ORDER.copy()
    exchanged[3] = [1, 2, 0]
    found = simulated(BOOK_ALERTS, BOOK_ORDER, BOOK_HOME)
    with pytest.raises(AssertionError):
        agrees(found, loads(cube(BOOK_ALERTS, exchanged)))
