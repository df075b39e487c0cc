"""Alerts against officers: shares, the mismatch index as the evaluation has it, months, chance."""

from __future__ import annotations

import csv
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from optimizer.county import County
from optimizer.evaluation import evaluate
from optimizer.mismatch import balance, mismatch_by_chance, mismatch_by_month
from optimizer.plan import current_plan
from optimizer.policy import Policy
from tests.alert_case import log_rows, write_alert_case
from tests.command_line import command, document, refused
from tests.small_case import write_case
from tests.toy import toy_county


def test_balance_takes_values_of_a_scenario(tmp_path: Path) -> None:
    folder = write_case(tmp_path / "case")
    plain = document("balance", folder)
    more = document("balance", folder, "--set", "stations.01.add_officers=20")
    today, changed = (
        sum(u["officers"] for u in d["deployments"][0]["units"]) for d in (plain, more)
    )
    assert changed == today + 20


@pytest.fixture(scope="module")
def county() -> County:
    return toy_county()


def test_the_index_is_the_evaluations(county: County) -> None:
    policy, plan = Policy(), current_plan(county)
    found = balance(county, policy, plan)
    evaluated = evaluate(county, policy, plan)
    assert found.mismatch_fraction == pytest.approx(evaluated.mismatch_fraction)
    assert found.alerts_per_year.sum() == pytest.approx(county.cells.alerts_per_year.sum())
    assert found.officers.sum() == evaluated.officers_in_post


def test_officers_against_alerts_by_hand(county: County) -> None:
    found = balance(county, Policy(), current_plan(county))
    ground = np.array([bool(s) for s in found.station_ids])
    officers, alerts = found.officers[ground], found.alerts_per_year[ground]
    surplus = officers / officers.sum() - alerts / alerts.sum()
    assert found.alerts_mismatch_fraction == pytest.approx(surplus[surplus > 0].sum())


def test_a_month_like_the_year_has_the_years_index(county: County) -> None:
    policy, plan = Policy(), current_plan(county)
    year = county.cells.alerts_per_year
    # A "month" of a year's length, and one in which all alerts are at the first cell.
    shifted = np.zeros_like(year)
    shifted[0] = year.sum(axis=0)
    counts = np.stack([year, shifted]).astype(np.int64)
    whole = replace(county, cells=replace(county.cells, alerts_per_year=counts[0].astype(float)))
    found = mismatch_by_month(whole, policy, plan, counts, np.array([365, 365]))
    assert found[0, 0] == pytest.approx(evaluate(whole, policy, plan).mismatch_fraction)
    year_long = balance(whole, policy, plan)
    assert found[0, 1] == pytest.approx(year_long.alerts_mismatch_fraction)
    # Every alert at one station: all officers of the others stand in the wrong place.
    own = county.stations.station_id[county.cells.station[0]]
    held = dict(plan.strength)
    elsewhere = sum(held[s] for s in county.stations.station_id if s != own)
    all_officers = sum(held[s] for s in county.stations.station_id)
    assert found[1, 1] == pytest.approx(elsewhere / all_officers)


def test_chance_narrows_with_the_length_of_the_month(county: County) -> None:
    policy, plan = Policy(), current_plan(county)

    def width(days: int) -> float:
        found = mismatch_by_chance(county, policy, plan, days=days, draws=40, interval_fraction=0.9)
        assert (found[:, 0] <= found[:, 1]).all()
        return float(found[1, 1] - found[1, 0])

    assert width(36500) < width(5)
    once = mismatch_by_chance(county, policy, plan, days=30, draws=20, interval_fraction=0.9)
    again = mismatch_by_chance(county, policy, plan, days=30, draws=20, interval_fraction=0.9)
    assert once.tolist() == again.tolist()


# --- the command ------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def case(tmp_path_factory: pytest.TempPathFactory) -> Path:
    rows = [r for r in log_rows() if "2025-06-11" <= r["occurred_at"] < "2025-10-20"]
    return write_alert_case(tmp_path_factory.mktemp("balance") / "case", rows)


def test_only_whole_months_count_and_the_others_are_named(case: Path) -> None:
    told = document("balance", case)
    assert told["months"] == ["2025-07", "2025-08", "2025-09"]
    assert told["months_left_out"] == ["2025-06", "2025-10"]
    for month, n in zip(told["months"], told["month_alerts"], strict=True):
        assert n == sum(r["occurred_at"].startswith(month) for r in log_rows())
    (today,) = told["deployments"]
    assert len(today["by_month"]) == 3
    assert len(today["alerts_by_month"]) == 3
    low, high = today["alerts_by_chance"]
    assert 0 <= low <= high <= 1


def test_shares_sum_to_one_and_the_busiest_unit_is_first(case: Path, tmp_path: Path) -> None:
    done = command("balance", case, "--lang", "en", "--out", tmp_path / "out")
    assert done.exit_code == 0, done.output
    with (tmp_path / "out" / "units.csv").open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    for share in ("Share of alerts", "Share of workload", "Share of officers"):
        assert sum(float(r[share]) for r in rows) == pytest.approx(1.0, abs=1e-3)
    loads = [float(r["Load"]) for r in rows]
    assert loads == sorted(loads, reverse=True)
    for name in ("balance_today.png", "months.png", "balance.xlsx", "balance.json"):
        assert (tmp_path / "out" / name).stat().st_size > 0
    assert not (tmp_path / "out" / "balance_plan.png").exists()


def test_a_case_without_a_log_has_no_months(tmp_path: Path) -> None:
    folder = write_case(tmp_path / "case")
    told: Any = document("balance", folder)
    assert told["months"] == []
    assert told["deployments"][0]["by_chance"] is None
    shown = command("balance", folder, "--lang", "en")
    assert "No whole month of an alert log" in " ".join(shown.output.split())


def test_a_run_has_today_and_the_plan(case: Path, tmp_path: Path) -> None:
    out = tmp_path / "run"
    done = command("run", case, "--no-store", "--out", out)
    assert done.exit_code == 0, done.output
    told = document("balance", out)
    assert [d["deployment"] for d in told["deployments"]] == ["today", "plan"]
    plan = told["deployments"][1]
    assert plan["mismatch_fraction"] < told["deployments"][0]["mismatch_fraction"]
    shown = command("balance", out, "--lang", "zh", "--store", "none.sqlite")
    assert shown.exit_code == 0
    assert "错配" in shown.output


def test_what_is_neither_case_nor_run_is_refused(tmp_path: Path) -> None:
    assert "nowhere" in refused("balance", tmp_path / "nowhere")
