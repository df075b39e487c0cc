"""`jingli review` on a small county with a log of four years, planted and plain."""

from __future__ import annotations

import csv
import datetime as dt
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.command_line import command, document, refused, said
from tests.small_case import Row, cell_rows, write_case

pytestmark = pytest.mark.usefixtures("no_pictures")

SINCE = dt.date(2025, 1, 1)
BUNDLED = {"02", "03", "04"}


def three_bundled(row: Row) -> None:
    row["policy"] = {"bundling": {"centres": 1, "stations_bundled": 3}}
    row["policy"]["bundling"]["locks"] = {"together": [["02", "03", "04"]]}


def write_log(
    path: Path,
    *,
    planted: float = 0.0,
    years_before: int = 3,
    days_after: int = 392,
    minutes: float | None = 8.0,
    surge: float = 1.0,
    dispatched: bool = True,
    seed: int = 5,
) -> Path:
    """Alerts at the case's rates; `planted` changes the bundled stations after the rollout."""
    rng = np.random.default_rng(seed)
    day = np.arange(-365 * years_before, days_after)
    rows: list[tuple[str, ...]] = []
    for cell in cell_rows():
        rate = cell["alerts_per_year_criminal"] + cell["alerts_per_year_help"]
        here = (day >= 0) & (cell["station_id"] in BUNDLED)
        counts = rng.poisson(rate / 365.0 * np.where(here, (1.0 + planted) * surge, 1.0))
        n = int(counts.sum())
        at = np.datetime64(SINCE, "s") + np.repeat(day, counts) * np.timedelta64(1, "D")
        at = at + rng.integers(0, 1400 * 60, n) * np.timedelta64(1, "s")
        sent = at + np.timedelta64(60, "s")
        took = rng.gamma(9.0, (minutes or 1.0) / 9.0, n) * 60
        there = (sent + took.astype("timedelta64[s]")).astype(str)
        kind = np.where(rng.random(n) < 0.1, "criminal", "help")
        rows += zip(
            at.astype(str),
            [cell["cell_id"]] * n,
            kind,
            sent.astype(str) if dispatched else [""] * n,
            there if minutes is not None else [""] * n,
            strict=True,
        )
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["occurred_at", "cell_id", "category", "dispatched_at", "arrived_at"])
        writer.writerows(rows)
    return path


@pytest.fixture(scope="module")
def case(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_case(tmp_path_factory.mktemp("review") / "case", case=three_bundled)


@pytest.fixture(scope="module")
def plan(case: Path) -> Path:
    out = case.parent / "out"
    said("run", case, "--out", out, "--no-store")
    return out


@pytest.fixture(scope="module")
def quiet_log(case: Path) -> Path:
    return write_log(case.parent / "quiet.csv")


def reviewed(case: Path, plan: Path, log: Path, *more: object) -> Any:
    return document("review", case, "--plan", plan, "--since", SINCE, "--alerts", log, *more)


def test_a_planted_fifth_fewer_is_recovered(case: Path, plan: Path, tmp_path: Path) -> None:
    log = write_log(tmp_path / "log.csv", planted=-0.2)
    found = reviewed(case, plan, log)
    [everything, *categories] = found["effects"]
    assert everything["category"] == "all"
    for which in ("against_controls", "against_earlier"):
        change = everything[which]
        assert change["low_fraction"] <= -0.2 <= change["high_fraction"]
    assert [c["category"] for c in categories] == ["criminal", "help"]
    assert categories[0]["against_controls"]["level_fraction"] == pytest.approx(0.975)
    text = said("review", case, "--plan", plan, "--since", SINCE, "--alerts", log)
    assert "-20%" in text or "-19%" in text or "-21%" in text


def test_nothing_planted_nothing_called(case: Path, plan: Path, quiet_log: Path) -> None:
    found = reviewed(case, plan, quiet_log)
    assert found["effects"][0]["verdict"] == "none shown"
    assert not found["redo"]
    assert found["rules_broken"] == []
    assert all(b["alarm_week"] is None for b in found["bundles"])
    text = said("review", case, "--plan", plan, "--since", SINCE, "--alerts", quiet_log)
    assert "none shown" in text
    assert "No reason to make the plan again" in text


def test_promised_and_observed_figures(case: Path, plan: Path, quiet_log: Path) -> None:
    [bundle] = reviewed(case, plan, quiet_log)["bundles"]
    rate = 3 * 4 * 66
    assert bundle["forecast_alerts_per_year"] == pytest.approx(rate)
    low, high = bundle["observed_low_per_year"], bundle["observed_high_per_year"]
    assert low < bundle["observed_alerts_per_year"] < high
    assert low <= rate <= high
    minutes = bundle["minutes"]
    # Planted: a minute to the dispatch, eight more to the arrival.
    assert minutes["after_min"] == pytest.approx(8.0, abs=0.4)
    assert minutes["before_min"] == pytest.approx(8.0, abs=0.4)
    assert minutes["after_low_min"] < minutes["after_min"] < minutes["after_high_min"]


@pytest.mark.parametrize(("minutes", "kept"), [(2.0, True), (30.0, False)])
def test_minutes_above_the_promise_are_marked(
    case: Path, plan: Path, tmp_path: Path, minutes: float, kept: bool
) -> None:
    log = write_log(tmp_path / "log.csv", minutes=minutes, years_before=0, days_after=120)
    found = reviewed(case, plan, log)
    assert found["bundles"][0]["minutes"]["kept"] is kept
    text = said("review", case, "--plan", plan, "--since", SINCE, "--alerts", log)
    assert ("✗" in text) is not kept


def test_a_log_without_dispatch_says_what_its_minutes_are(
    case: Path, plan: Path, tmp_path: Path
) -> None:
    log = write_log(tmp_path / "log.csv", dispatched=False, years_before=0, days_after=120)
    found = reviewed(case, plan, log)
    assert found["minutes_from"] == "occurred"
    assert found["bundles"][0]["minutes"]["after_min"] == pytest.approx(9.0, abs=0.5)
    text = said("review", case, "--plan", plan, "--since", SINCE, "--alerts", log)
    assert "waiting included" in text
    none = write_log(tmp_path / "none.csv", minutes=None, years_before=0, days_after=120)
    assert reviewed(case, plan, none)["bundles"][0]["minutes"]["after_min"] is None


def test_a_lasting_rise_rings_the_alarm(case: Path, plan: Path, tmp_path: Path) -> None:
    log = write_log(tmp_path / "log.csv", surge=1.6, years_before=0)
    found = reviewed(case, plan, log)
    [bundle] = found["bundles"]
    assert bundle["alarm_week"] is not None
    assert bundle["alarm_week"] <= 26
    assert found["redo"]
    text = said("review", case, "--plan", plan, "--since", SINCE, "--alerts", log)
    assert "should be made again" in text
    many = write_log(tmp_path / "many.csv", surge=12.0, years_before=0, days_after=60)
    [bundle] = reviewed(case, plan, many)["bundles"]
    assert bundle["officers_required_now"] > bundle["officers_required"]


def test_with_no_time_before_it_cannot_tell(case: Path, plan: Path, tmp_path: Path) -> None:
    log = write_log(tmp_path / "log.csv", years_before=0, days_after=120)
    assert reviewed(case, plan, log)["effects"][0]["verdict"] == "cannot tell"


Alert = dict[str, str]
STATION_OF = {cell["cell_id"]: cell["station_id"] for cell in cell_rows()}
BUNDLE_ALERTS_PER_YEAR = 3 * 4 * 66


def edited(log: Path, to: Path, edit: Callable[[Alert], Alert | None]) -> Path:
    """A log with each row changed, or left out where `edit` gives None."""
    with log.open(encoding="utf-8", newline="") as file:
        rows = [new for row in csv.DictReader(file) if (new := edit(row)) is not None]
    with to.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    return to


@pytest.mark.parametrize(
    ("start", "end"),
    [("2025-01-01", "2025-06-20"), ("2025-03-10", "2025-06-20"), ("2025-03-03", "2025-03-29")],
    ids=["begins after the rollout", "months missing", "weeks missing"],
)
def test_days_that_the_log_does_not_hold_are_no_quiet_days(
    case: Path, plan: Path, quiet_log: Path, tmp_path: Path, start: str, end: str
) -> None:
    log = edited(
        quiet_log,
        tmp_path / "log.csv",
        lambda r: None if start <= r["occurred_at"] < end or r["occurred_at"] < "2025" else r,
    )
    found = reviewed(case, plan, log)
    [bundle] = found["bundles"]
    low, high = bundle["observed_low_per_year"], bundle["observed_high_per_year"]
    assert low <= BUNDLE_ALERTS_PER_YEAR <= high
    assert bundle["alarm_week"] is None
    assert not found["redo"]


def test_stations_that_the_new_log_leaves_out(
    case: Path, plan: Path, quiet_log: Path, tmp_path: Path
) -> None:
    log = edited(
        quiet_log,
        tmp_path / "log.csv",
        lambda r: r if r["occurred_at"] < "2025" or STATION_OF[r["cell_id"]] in BUNDLED else None,
    )
    found = reviewed(case, plan, log)
    assert found["effects"][0]["verdict"] == "cannot tell"
    assert "stations missing" in found["effects"][0]["reasons"]
    assert not found["redo"]
    [warning] = found["warnings"]
    assert "alerts of every station since the rollout" in warning


def test_a_lone_station_that_drifts_rings_too(
    case: Path, plan: Path, quiet_log: Path, tmp_path: Path
) -> None:
    lone = next(c for c, s in STATION_OF.items() if s == "01")
    others = {"05", "06"}

    def moved(row: Alert) -> Alert:
        """Every second alert of two other lone stations happens at the first one's."""
        here = row["occurred_at"] >= "2025" and STATION_OF[row["cell_id"]] in others
        return row | {"cell_id": lone} if here and row["occurred_at"][-1] in "02468" else row

    log = edited(quiet_log, tmp_path / "log.csv", moved)
    found = reviewed(case, plan, log)
    assert found["redo"]
    assert {one["station"] for one in found["lone_alarms"]} == {"甲派出所", "戊派出所", "己派出所"}
    assert found["bundles"][0]["alarm_week"] is None
    text = said("review", case, "--plan", plan, "--since", SINCE, "--alerts", log)
    assert "(week\u00a0" in text or "(week " in text
    assert "、" not in text


def test_after_a_bad_year_no_fall_is_told_as_an_effect(
    case: Path, plan: Path, quiet_log: Path, tmp_path: Path
) -> None:
    def usual_before(row: Alert) -> Alert | None:
        """Two in five of the bundled stations' alerts did not happen except in the year before."""
        bad_year = "2024" <= row["occurred_at"] < "2025"
        thin = STATION_OF[row["cell_id"]] in BUNDLED and row["occurred_at"][-1] in "0369"
        return None if thin and not bad_year else row

    log = edited(quiet_log, tmp_path / "log.csv", usual_before)
    everything = reviewed(case, plan, log)["effects"][0]
    assert "chosen in a bad year" in everything["reasons"]
    assert everything["verdict"] == "none shown"
    assert everything["series"]["high_fraction"] < 0, "the time series falls for it"
    text = said("review", case, "--plan", plan, "--since", SINCE, "--alerts", log)
    assert "regression to the mean" in text
    assert "interrupted time series" not in text


def test_categories_that_the_case_does_not_have_lose_no_workload(
    case: Path, plan: Path, quiet_log: Path, tmp_path: Path
) -> None:
    log = edited(
        quiet_log,
        tmp_path / "log.csv",
        lambda r: r if r["occurred_at"] < "2025" else r | {"category": "治安"},
    )
    usual, found = reviewed(case, plan, quiet_log), reviewed(case, plan, log)
    [warning] = found["warnings"]
    assert "治安" in warning
    assert "categories of the case" in warning
    for a, b in zip(usual["bundles"], found["bundles"], strict=True):
        assert b["officers_required_now"] == pytest.approx(a["officers_required_now"])
    assert [e["verdict"] for e in found["effects"][1:]] == ["cannot tell", "cannot tell"]


def test_bad_input(case: Path, plan: Path, quiet_log: Path, tmp_path: Path) -> None:
    words = ("review", case, "--plan", plan, "--alerts", quiet_log)
    assert "alerts after the rollout" in refused(*words, "--since", "2031-01-01")
    assert command(*words, "--since", "1 March").exit_code == 2
    assert "no.csv" in refused(
        "review", case, "--plan", plan, "--since", SINCE, "--alerts", tmp_path / "no.csv"
    )
    assert "an output folder" in refused(
        "review", case, "--plan", "nothing", "--since", SINCE, "--alerts", quiet_log
    )

    def more(rows: list[Row]) -> None:
        rows[1]["officers"] = 7

    other = write_case(tmp_path / "case", case=three_bundled, stations=more)
    text = refused("review", other, "--plan", plan, "--since", SINCE, "--alerts", quiet_log)
    assert "has changed" in text


def test_the_console_holds_at_80_columns_in_both_languages(
    case: Path, plan: Path, quiet_log: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from rich.cells import cell_len

    monkeypatch.setenv("COLUMNS", "80")
    for lang in ("en", "zh"):
        done = command(
            "review", case, "--plan", plan, "--since", SINCE, "--alerts", quiet_log, "--lang", lang
        )
        assert done.exit_code == 0, done.output
        assert max(map(cell_len, done.output.splitlines())) <= 80
