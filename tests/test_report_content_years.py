"""Drawn years: the formulas are the evaluation's, the ranges reproducible and honest."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from optimizer.evaluation import evaluate
from optimizer.plan import current_plan
from scenarios.case import open_case
from scenarios.report.uncertainty import FREED, HIGH, LOW, MEASURES, draw_years
from scenarios.run import Run, run_case
from scenarios.sweep_years import BOOTSTRAP, POISSON, with_year
from tests.small_case import Row, write_case, write_csv

YEARS = 6


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    folder = write_case(tmp_path_factory.mktemp("years") / "case")
    return run_case(open_case(str(folder)), None)


def test_each_range_is_the_evaluations_percentiles(run: Run) -> None:
    plan = run.result.plan
    assert plan is not None
    county, policy = run.loaded.county, run.loaded.policy
    found = draw_years(run.loaded, run.inspection, plan, years=YEARS, seed=3)
    assert found.kind == POISSON
    drawn = [with_year(county, None, 3, year) for year in range(YEARS)]
    today = [evaluate(c, policy, current_plan(c)) for c in drawn]
    after = [evaluate(c, policy, plan) for c in drawn]
    for measure in MEASURES:
        for ranges, side in ((found.today, today), (found.plan, after)):
            values = [getattr(one, measure) for one in side]
            low, high = np.quantile(values, (LOW, HIGH), method="nearest")
            assert (ranges[measure].low, ranges[measure].high) == pytest.approx((low, high))
    freed = [one.officers_freed for one in after]
    low, high = np.quantile(freed, (LOW, HIGH), method="nearest")
    assert (found.change[FREED].low, found.change[FREED].high) == pytest.approx((low, high))
    crews = {b.centre_id: b.crews for b in evaluate(county, policy, plan).bundles}
    more = [
        sum(one.bundles[i].crews > crews[b.centre_id] for one in after)
        for i, b in enumerate(plan.bundles)
    ]
    assert found.years_with_more_crews == tuple(more)


def test_the_same_seed_draws_the_same_years(run: Run) -> None:
    plan = run.result.plan
    assert plan is not None
    one, same, other = (
        draw_years(run.loaded, run.inspection, plan, years=YEARS, seed=s) for s in (1, 1, 2)
    )
    assert one == same
    assert one != other


def with_log(folder: Path) -> Path:
    def case(document: Row) -> None:
        document["layers"]["alerts"] = {"path": "alerts.csv", "crs": "WGS84"}

    def no_rates(rows: list[Row]) -> None:
        for row in rows:
            del row["alerts_per_year_criminal"], row["alerts_per_year_help"]

    write_case(folder, case=case, cells=no_rates)
    alerts = [
        {
            "alert_id": f"a{i}",
            "occurred_at": f"2025-{i % 12 + 1:02d}-{i % 28 + 1:02d} {i % 24:02d}:15",
            "lon": 107.31 + 0.04 * (i % 6),
            "lat": 30.21,
            "category": "help",
        }
        for i in range(300)
    ]
    write_csv(folder / "alerts.csv", alerts)
    return folder


def test_a_log_is_drawn_from_only_where_the_alerts_are_as_logged(tmp_path: Path) -> None:
    case = open_case(str(with_log(tmp_path / "case")))
    logged = run_case(case, None)
    assert logged.result.plan is not None
    found = draw_years(logged.loaded, logged.inspection, logged.result.plan, years=2)
    assert found.kind == BOOTSTRAP
    cells = logged.loaded.county.cells
    busier = replace(
        logged.loaded,
        county=replace(
            logged.loaded.county,
            cells=replace(cells, alerts_per_year=cells.alerts_per_year * 1.2),
        ),
    )
    changed = draw_years(busier, logged.inspection, logged.result.plan, years=2)
    assert changed.kind == POISSON
