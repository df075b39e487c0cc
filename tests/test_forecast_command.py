"""Forecast of a case: the command, what plans see of it, the calendar, bad input."""

from __future__ import annotations

import csv
import json
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import Result

from optimizer.alert_rules_forecast import ForecastRules
from optimizer.county import GIVEN, MODELLED
from optimizer.errors import InputError
from optimizer.forecast_model import HOLIDAY, MOVED_WORKDAY, ORDINARY, SPRING_FESTIVAL
from scenarios.calendar import day_kinds
from scenarios.case import open_case
from scenarios.forecast import foresee, grown
from scenarios.load import LoadedCase
from scenarios.prepared import Prepared
from scenarios.simulate import setup_of
from tests.alert_case import CATEGORIES, log_rows, write_alert_case
from tests.command_line import command
from tests.small_case import write_case


def load(folder: Path) -> LoadedCase:
    case = open_case(str(folder))
    return Prepared(case).load(case.scenario(None))


def jingli(*words: object, lang: str = "en") -> Result:
    return command("forecast", *words, "--lang", lang, "--store", "none.sqlite")


@pytest.fixture(scope="module")
def case(tmp_path_factory: pytest.TempPathFactory) -> Path:
    growth = {"growth_scenarios": {"high": 0.5}, "back_test_periods": 3}
    return write_alert_case(tmp_path_factory.mktemp("forecast") / "case", forecast=growth)


@pytest.fixture(scope="module")
def out(case: Path) -> Path:
    folder = case.parent / "out"
    told = jingli(case, "--out", folder)
    assert told.exit_code == 0, told.output
    return folder


def rows_of(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def document(out: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((out / "forecast.json").read_text(encoding="utf-8"))
    return found


# --- the calendar -----------------------------------------------------------------------------


def test_holidays_of_2025_are_as_the_state_council_announced() -> None:
    days = np.arange(np.datetime64("2025-01-01"), np.datetime64("2026-01-01"))
    kind, unannounced = day_kinds(days, "china")

    def of(which: int) -> list[str]:
        return [str(d)[5:] for d in days[kind == which]]

    assert of(MOVED_WORKDAY) == ["01-26", "02-08", "04-27", "09-28", "10-11"]
    assert of(SPRING_FESTIVAL) == [
        "01-28", "01-29", "01-30", "01-31", "02-01", "02-02", "02-03", "02-04",
    ]  # fmt: skip
    assert of(HOLIDAY) == [
        "01-01", "04-04", "04-05", "04-06", "05-01", "05-02", "05-03", "05-04", "05-05", "05-31",
        "06-01", "06-02", "10-01", "10-02", "10-03", "10-04", "10-05", "10-06", "10-07", "10-08",
    ]  # fmt: skip
    assert unannounced == ()


def test_a_year_without_announced_moves_is_named() -> None:
    days = np.arange(np.datetime64("2025-12-01"), np.datetime64("2101-03-01"))
    kind, unannounced = day_kinds(days, "china")
    assert unannounced[-1] == 2101
    assert 2025 not in unannounced
    assert kind[days == np.datetime64("2100-10-01")] == HOLIDAY
    none, years = day_kinds(days, "none")
    assert (none == ORDINARY).all()
    assert years == ()


# --- the command ------------------------------------------------------------------------------


def test_the_year_begins_after_the_log_and_parts_sum_to_it(out: Path) -> None:
    told = document(out)
    assert (told["first_day"], told["last_day"]) == ("2026-04-01", "2027-03-31")
    whole = told["alerts"]["expected_alerts"]
    assert told["alerts"]["lower"] < whole < told["alerts"]["upper"]
    for part in ("categories", "townships", "months"):
        assert sum(p["expected_alerts"] for p in told[part]) == pytest.approx(whole, rel=1e-4)
    by_hour = np.array(told["hours_of_week"])
    assert by_hour.sum() * 365 / 7 == pytest.approx(whole, rel=1e-3)
    cells = rows_of(out / "cells.csv")
    assert len(cells) == 24
    assert sum(float(r["Expected alerts"]) for r in cells) == pytest.approx(whole, rel=1e-4)


def test_the_log_is_even_and_so_is_the_forecast(out: Path) -> None:
    """Nine alerts of 1.5 a day at six stations, the first four times as busy: 13.5 a day."""
    told = document(out)
    assert told["alerts"]["expected_alerts"] == pytest.approx(13.5 * 365, rel=0.06)
    (high,) = told["growths"]
    growth = (1.5 ** (np.arange(1, 366) / 365)).mean()
    assert high["expected_alerts"] == pytest.approx(
        told["alerts"]["expected_alerts"] * growth, rel=0.01
    )
    first = next(t for t in told["townships"] if t["name"] == "甲镇")
    assert first["expected_alerts"] / told["alerts"]["expected_alerts"] == pytest.approx(
        4 / 9, abs=0.03
    )


def test_the_back_test_is_shown_and_the_lowest_loss_used(out: Path, case: Path) -> None:
    scores = document(out)["back_test"]["scores"]
    assert len(document(out)["back_test"]["periods"]) == 3
    for category in CATEGORIES:
        own = [s for s in scores if s["category"] == category]
        assert len(own) == 3
        (used,) = [s for s in own if s["used"]]
        assert used["pinball"] == min(s["pinball"] for s in own)
    periods = rows_of(out / "back_test_periods.csv")
    assert len(periods) == 9
    counted = sum(int(r["Counted"]) for r in periods if r["First day"] == "2025-12-31")
    logged = sum(date(2025, 12, 31) <= date.fromisoformat(r["occurred_at"][:10])
                 for r in log_rows())  # fmt: skip
    assert counted == logged
    for name in ("forecast.xlsx", "forecast.png", "manifest.json"):
        assert (out / name).stat().st_size > 0


def test_the_console_says_what_is_used_in_80_columns_in_both_languages(case: Path) -> None:
    for lang, used in (("en", "used"), ("zh", "采用")):
        told = jingli(case, "--category", "help", lang=lang)
        assert told.exit_code == 0, told.output
        assert used in told.output
        assert "criminal" not in told.output
        from rich.cells import cell_len

        assert max(cell_len(line) for line in told.output.splitlines()) <= 80


def test_a_beaten_model_is_said_and_the_rule_is_used(tmp_path: Path) -> None:
    """Every 52 weeks the same erratic days: nothing foretells them like last year."""
    rng = np.random.default_rng(0)
    year = rng.integers(0, 12, 364)
    rows = []
    for day in range(900):
        stamp = np.datetime64("2023-01-02") + day
        rows += [
            {"occurred_at": f"{stamp} 12:00:00", "category": "help", "lon": 107.31, "lat": 30.21,
             "priority": 3}
        ] * int(year[day % 364])  # fmt: skip
    for row, at in zip(rows, range(len(rows)), strict=True):
        rows[at] = {**row, "lon": round(107.301 + 0.0371 * (at % 6), 6)}
    rules = {"ingest": {"duplicate_min": 0}, "forecast": {"calendar": "none", "history_days": 900}}
    told = jingli(write_alert_case(tmp_path / "case", rows, **rules), "--json")
    assert told.exit_code == 0, told.output
    found = json.loads(told.output)
    assert found["categories"][0]["method"] == "seasonal_naive"
    shown = jingli(tmp_path / "case")
    assert "The model lost to a plain rule in the back-test for help" in shown.output


# --- what plans see ---------------------------------------------------------------------------


@pytest.fixture(scope="module")
def used(tmp_path_factory: pytest.TempPathFactory) -> LoadedCase:
    rules = {"use": True, "growth_fraction_per_year": 0.2, "back_test_periods": 2}
    return load(write_alert_case(tmp_path_factory.mktemp("use") / "case", forecast=rules))


def test_rates_hours_and_months_are_the_forecasts_where_the_case_says_so(used: LoadedCase) -> None:
    made, county = used.forecast, used.county
    assert made is not None
    assert county.cells.alerts_per_year == pytest.approx(made.alerts_per_year())
    by_hour = made.hour_factor()
    assert county.period_share_fraction[:, 0] == pytest.approx(by_hour[:, :4].sum(axis=1))
    assert used.month_share_fraction == pytest.approx(made.month_share_fraction())
    assert county.origin_of("cells.alerts_per_year") == MODELLED
    from optimizer.plan import current_plan

    model = setup_of(used, current_plan(county)).model
    assert model.hour_factor == pytest.approx(by_hour)
    assert model.weekday_factor == pytest.approx(made.weekday_factor())


def test_without_it_the_case_is_read_as_ever(case: Path, tmp_path: Path) -> None:
    plain = load(write_alert_case(tmp_path / "case"))
    asked = load(case)  # has alert_rules.forecast, but not `use`
    assert asked.forecast is None
    assert asked.county.digest == plain.county.digest
    assert asked.county.origin_of("cells.alerts_per_year") == GIVEN


def test_a_scenario_switches_between_the_past_and_the_forecast(
    case: Path, used: LoadedCase
) -> None:
    prepared = Prepared(open_case(str(case)))

    def world(*sets: str) -> LoadedCase:
        return prepared.load(prepared.case.scenario(None, sets))

    past, ahead = world(), world("alerts.forecast=true")
    assert past.forecast is None
    assert ahead.forecast is not None
    assert ahead.county.cells.alerts_per_year == pytest.approx(ahead.forecast.alerts_per_year())
    assert ahead.county.origin_of("cells.alerts_per_year") == MODELLED
    (said,) = [o for o in ahead.overrides if o.key == "alerts.forecast"]
    assert said.after == "true"
    # Other changes come on top, and what was read once is not read again.
    more = world("alerts.forecast=true", "alerts.factor=2")
    assert more.county.cells.alerts_per_year == pytest.approx(
        2 * ahead.county.cells.alerts_per_year
    )
    assert more.forecast is ahead.forecast
    back = Prepared(used.case)
    assert back.load(back.case.scenario(None, ["alerts.forecast=false"])).forecast is None


def test_a_scenario_cannot_forecast_without_a_log(tmp_path: Path) -> None:
    prepared = Prepared(open_case(str(write_case(tmp_path / "case"))))
    with pytest.raises(InputError, match="where rates are to be forecast"):
        prepared.load(prepared.case.scenario(None, ["alerts.forecast=true"]))


def test_the_command_takes_values_of_a_scenario(case: Path) -> None:
    told = json.loads(jingli(case, "--json", "--set", "alerts.factor=2").output)
    assert told["scenario"] == "alerts.factor=2"


def test_the_back_test_of_shares_is_shown_and_written(out: Path, case: Path) -> None:
    """Places differ, hours do not: cells by the model, and even hours are as good as any."""
    splits = document(out)["back_test"]["splits"]
    whole = {(s["over"], s["rule"]): s for s in splits if s["category"] is None}
    assert len(whole) == 6
    assert whole["cells", "even"]["times_even"] == pytest.approx(1.0)
    assert whole["cells", "model"]["times_even"] > 1.15
    assert whole["cells", "model"]["used_fraction"] > 0.5
    assert whole["cells", "model"]["inside_fraction"] > 0.85
    assert whole["hours", "last_year"]["times_even"] < 0.95
    assert whole["hours", "last_year"]["used_fraction"] == 0.0
    assert len(rows_of(out / "back_test_split.csv")) == 6 * (1 + len(CATEGORIES))
    text = jingli(case).output
    assert "Split back-tested" in text
    assert "shares of 52 weeks" in text
    assert max(len(line) for line in text.splitlines()) <= 80


# --- bad input --------------------------------------------------------------------------------


def test_a_forecast_without_a_log_is_refused(tmp_path: Path) -> None:
    def spec(document: dict[str, Any]) -> None:
        document["alert_rules"] = {"forecast": {"use": True}}

    with pytest.raises(InputError, match="where rates are to be forecast"):
        load(write_case(tmp_path / "case", case=spec))


def short(tmp_path: Path, days: int, **rules: Any) -> Path:
    last = f"{np.datetime64('2024-01-01') + days}"
    rows = [r for r in log_rows() if r["occurred_at"] < last]
    return write_alert_case(tmp_path / "case", rows, forecast=rules)


def test_a_log_that_is_too_short_is_refused(tmp_path: Path) -> None:
    told = jingli(short(tmp_path, 50))
    assert told.exit_code == 2
    assert "at least 56 days of log" in told.output


@pytest.mark.parametrize(
    ("days", "said"),
    [(100, ["a year of log for the season", "a back-test of at least 3 periods"]),
     (500, ["two years of log for the trend"])],
)  # fmt: skip
def test_what_a_short_log_cannot_tell_is_said(tmp_path: Path, days: int, said: list[str]) -> None:
    told = json.loads(jingli(short(tmp_path, days), "--json").output)
    for text in said:
        assert any(text in warning for warning in told["warnings"])


def test_gap_days_and_unannounced_years_are_said(tmp_path: Path) -> None:
    rows = [r for r in log_rows() if not "2025-03" <= r["occurred_at"] < "2025-05"]
    folder = write_alert_case(tmp_path / "case", rows, forecast={"first_day": "2028-01-01"})
    told = json.loads(jingli(folder, "--json").output)
    assert any("61 days of a gap" in w for w in told["warnings"])
    assert 2028 in told["holidays_not_announced"]
    assert any("moved working days" in w and "2028" in w for w in told["warnings"])
    # A year later, the drift has gone on for longer.
    whole = told["alerts"]
    assert (whole["upper"] - whole["lower"]) / whole["expected_alerts"] > 0.2


def test_all_wrong_keys_are_named_at_once(case: Path) -> None:
    loaded = load(case)
    from scenarios.alerts_case import open_alerts

    table = open_alerts(loaded).table
    rules = ForecastRules(first_day=date(2025, 1, 1), growth_of={"crime": 0.1})
    with pytest.raises(InputError) as refused:
        foresee(table, 24, rules)
    columns = [p.column for p in refused.value.problems]
    assert columns == ["alert_rules.forecast.first_day", "alert_rules.forecast.growth_of"]


def test_growth_is_a_name_a_share_or_a_percentage(case: Path) -> None:
    rules = ForecastRules(growth_scenarios={"low": -0.1}, growth_of={"help": 0.5})
    assert grown(rules, None) == rules
    for typed, share in (("low", -0.1), ("0.03", 0.03), ("3%", 0.03)):
        assert grown(rules, typed).growth("help") == pytest.approx(share)
    for wrong in ("lo", "900%", "nan"):
        with pytest.raises(InputError, match="a growth a year"):
            grown(rules, wrong)


def test_an_unknown_category_is_refused(case: Path) -> None:
    told = jingli(case, "--category", "crime")
    assert told.exit_code == 2
    assert "crime" in told.output
