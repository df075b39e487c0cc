"""Years drawn anew: by days from a log, by Poisson counts from rates."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from scenarios.case import open_case
from scenarios.load import LoadedCase, inspect
from scenarios.sweep_years import BOOTSTRAP, POISSON, alert_days, with_year, year_kind
from tests.small_case import Row, write_case, write_csv

DAYS = 20
# On day d of the log: d alerts in c11 at 05:00, and one theft in c21 at 23:00 on even days.
ALERTS = sum(range(DAYS)) + DAYS // 2


def with_log(folder: Path) -> Path:
    def logged(case: Row) -> None:
        case["layers"]["alerts"] = {"path": "alerts.csv"}

    def no_rates(rows: list[Row]) -> None:
        for row in rows:
            for name in ("criminal", "help"):
                del row[f"alerts_per_year_{name}"]

    write_case(folder, cells=no_rates, case=logged)
    rows: list[Row] = []
    for day in range(DAYS):
        date = f"2024-03-{day + 1:02d}"
        rows += [
            {"occurred_at": f"{date} 05:00", "cell_id": "c11", "category": "help"}
            for _ in range(day)
        ]
        if day % 2 == 0:
            rows.append({"occurred_at": f"{date} 23:00", "cell_id": "c21", "category": "theft"})
    # The log's first and last day hold an alert, so it is 20 days long.
    rows.append({"occurred_at": "2024-03-09 12:00", "cell_id": "nowhere", "category": "help"})
    write_csv(folder / "alerts.csv", rows)
    return folder


def loaded(folder: Path) -> LoadedCase:
    case = open_case(str(folder))
    inspection = inspect(case, case.policy(None))
    assert inspection.loaded is not None, [p.text() for p in inspection.problems]
    return inspection.loaded


@pytest.fixture(scope="module")
def logged(tmp_path_factory: pytest.TempPathFactory) -> LoadedCase:
    return loaded(with_log(tmp_path_factory.mktemp("log") / "case"))


def test_the_log_is_read_as_it_was_counted(logged: LoadedCase) -> None:
    log = alert_days(logged)
    assert log is not None
    assert year_kind(log) == BOOTSTRAP
    assert log.days == DAYS
    assert len(log.day) == ALERTS
    counts = np.zeros(logged.county.cells.alerts_per_year.shape)
    np.add.at(counts, (log.cell, log.category), 1.0)
    np.testing.assert_allclose(counts * 365 / DAYS, logged.county.cells.alerts_per_year)
    rhythm = np.zeros(logged.county.period_share_fraction.shape)
    np.add.at(rhythm, (log.category, log.period), 1.0)
    np.testing.assert_allclose(
        rhythm / rhythm.sum(axis=1, keepdims=True), logged.county.period_share_fraction
    )


def test_a_year_is_365_days_of_the_log(logged: LoadedCase) -> None:
    """With one alert on each day of the log, every year has 365, wherever they fall."""
    log = alert_days(logged)
    assert log is not None
    first = np.unique(log.day, return_index=True)[1]
    one_a_day = replace(
        log, day=log.day[first], cell=log.cell[first], category=log.category[first],
        period=log.period[first],
    )  # fmt: skip
    assert len(first) == DAYS
    totals = set()
    for year in range(5):
        drawn = with_year(logged.county, one_a_day, 7, year).cells.alerts_per_year
        assert drawn.sum() == 365
        totals.add(tuple(drawn.sum(axis=0).tolist()))
    assert len(totals) > 1


def test_what_happens_on_one_day_is_drawn_together(logged: LoadedCase) -> None:
    """Alerts of day 19 come in nineteens: the days alone decide, never single alerts."""
    log = alert_days(logged)
    assert log is not None
    last = log.day == DAYS - 1
    busy = replace(
        log, day=log.day[last], cell=log.cell[last], category=log.category[last],
        period=log.period[last],
    )  # fmt: skip
    for year in range(5):
        total = with_year(logged.county, busy, 1, year).cells.alerts_per_year.sum()
        assert total % (DAYS - 1) == 0


def test_bootstrap_has_the_mean_and_spread_of_the_log(logged: LoadedCase) -> None:
    """Variance of a year's count: 365 times the variance of a day's, by independence of days."""
    log = alert_days(logged)
    a_day = np.bincount(log.day, minlength=DAYS) if log is not None else np.zeros(0)
    totals = [with_year(logged.county, log, 11, y).cells.alerts_per_year.sum() for y in range(400)]
    sd = (365 * a_day.var()) ** 0.5
    assert abs(np.mean(totals) - 365 * a_day.mean()) < 4 * sd / 20
    assert 0.85 < np.std(totals) / sd < 1.15


def test_seed_and_year_decide_the_year(logged: LoadedCase) -> None:
    log = alert_days(logged)

    def drawn(seed: int, year: int) -> str:
        return with_year(logged.county, log, seed, year).digest

    assert drawn(1, 1) == drawn(1, 1)
    assert len({drawn(1, 1), drawn(1, 2), drawn(2, 1)}) == 3


def test_without_a_log_counts_are_poisson(tmp_path: Path) -> None:
    county = loaded(write_case(tmp_path / "case"))
    assert alert_days(county) is None
    assert year_kind(None) == POISSON
    rate = county.county.cells.alerts_per_year
    drawn = np.array(
        [with_year(county.county, None, 3, y).cells.alerts_per_year for y in range(300)]
    )
    assert (drawn == np.round(drawn)).all()
    # Mean and variance are the rate: standard errors of both, times five.
    assert (abs(drawn.mean(axis=0) - rate) < 5 * np.sqrt(rate / 300)).all()
    assert (abs(drawn.var(axis=0) / rate - 1) < 5 * np.sqrt(2.2 / 300)).all()
    same = with_year(county.county, None, 3, 0)
    np.testing.assert_array_equal(same.period_share_fraction, county.county.period_share_fraction)
