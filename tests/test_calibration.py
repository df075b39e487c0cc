"""`jingli calibrate`: planted truths found, poor fits kept out, and a scenario that loads."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from io import StringIO
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner
from rich.console import Console

from geo.readers import Source
from optimizer.errors import InputError, untranslated
from optimizer.plan import current_plan
from optimizer.policy import Policy
from optimizer.simulation import prepare
from scenarios.alert_log import AlertLog, read_log
from scenarios.calibration import Calibration, calibrate
from scenarios.calibration_plot import calibration_figure, write_plot
from scenarios.calibration_scenario import scenario_document, write_scenario
from scenarios.case import deep_merge, open_case
from scenarios.cli import jingli
from scenarios.layers import ALERT_TIMES
from scenarios.load import LoadedCase
from scenarios.prepared import Prepared
from scenarios.show_calibration import show_calibration
from scenarios.simulate import cell_minutes
from tests.small_case import write_case

HEADER = ["报警时间", "单元编号", "警情类别", "派警时间", "到场时间", "处置完毕时间", "出警人数"]
HANDLING, START, SLOWNESS, HELP_MIN, HELP_CV = 1.5, 1.0, 1.3, 31.0, 0.6
Made = dict[str, Any]


def log_rows(loaded: LoadedCase, n: int, seed: int = 1) -> list[Made]:
    """Alerts over forty weeks with planted minutes; every twentieth is criminal."""
    rng = np.random.default_rng(seed)
    cells = loaded.county.cells
    road = loaded.county.travel_time_min[cells.station, np.arange(len(cells))]
    spread = np.sqrt(np.log1p(HELP_CV**2))
    minutes = np.sort(rng.random(n)) * 40 * 7 * 1440
    rows = []
    for i in range(n):
        at = int(rng.integers(len(cells)))
        dispatched = HANDLING * rng.lognormal(0.0, 0.3)
        rows.append(
            {
                "minute": minutes[i],
                "cell": cells.cell_id[at],
                "category": "criminal" if i % 20 == 0 else "help",
                "dispatched": dispatched,
                "arrived": dispatched + START + SLOWNESS * road[at] * rng.normal(1.0, 0.1),
                "service": HELP_MIN * rng.lognormal(-0.5 * spread**2, spread),
                "officers": 1 + int(rng.random() < 0.9),
            }
        )
    return rows


def write_log(path: Path, rows: Sequence[Made], leave_out: Sequence[str] = ()) -> Path:
    monday = datetime(2024, 1, 1)

    def clock(minute: float) -> str:
        return (monday + timedelta(minutes=minute)).strftime("%Y-%m-%d %H:%M:%S")

    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(
            file, [h for h in HEADER if h not in leave_out], extrasaction="ignore"
        )
        writer.writeheader()
        for row in rows:
            at = row["minute"]
            values = (
                clock(at), row["cell"], row["category"], clock(at + row["dispatched"]),
                clock(at + row["arrived"]), clock(at + row["arrived"] + row["service"]),
                row["officers"],
            )  # fmt: skip
            writer.writerow(dict(zip(HEADER, values, strict=True)))
    return path


def read(loaded: LoadedCase, path: Path) -> AlertLog:
    source = Source(layer=ALERT_TIMES.layer, path=path, shown=path.name, strict=False)
    return read_log(source, loaded)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_case(tmp_path_factory.mktemp("calibration") / "case")


@pytest.fixture(scope="module")
def loaded(folder: Path) -> LoadedCase:
    case = open_case(str(folder))
    return Prepared(case).load(case.scenario(None))


@pytest.fixture(scope="module")
def log_file(folder: Path, loaded: LoadedCase) -> Path:
    return write_log(folder.parent / "log.csv", log_rows(loaded, 2400))


@pytest.fixture(scope="module")
def log(loaded: LoadedCase, log_file: Path) -> AlertLog:
    return read(loaded, log_file)


@pytest.fixture(scope="module")
def found(loaded: LoadedCase, log: AlertLog) -> Calibration:
    return calibrate(loaded, log)


def fit_of(
    loaded: LoadedCase,
    tmp_path: Path,
    change: Callable[[list[Made]], None],
    leave_out: Sequence[str] = (),
) -> Calibration:
    rows = log_rows(loaded, 1200)
    change(rows)
    return calibrate(loaded, read(loaded, write_log(tmp_path / "log.csv", rows, leave_out)))


def test_planted_minutes_are_found(found: Calibration) -> None:
    [criminal, help_] = found.categories
    assert help_.service.state == "fitted"
    assert help_.service.mean_min == pytest.approx(HELP_MIN, rel=0.05)
    assert help_.service.cv == pytest.approx(HELP_CV, rel=0.1)
    assert help_.officers_mean == pytest.approx(1.9, abs=0.05)
    assert help_.officers_sent == 2
    assert criminal.service.state == "few", "120 alerts: 60 to fit on"
    assert found.law == "lognormal"
    assert found.travel.handling_min == pytest.approx(HANDLING, abs=0.1)
    assert found.travel.factor == pytest.approx(SLOWNESS, abs=0.07)
    assert found.travel.intercept_min == pytest.approx(START, abs=0.3)


def test_a_log_made_by_the_simulation_is_simulated_again(loaded: LoadedCase) -> None:
    """Crews on patrol, helping and waiting included: the loop closes."""
    truth = Policy.model_validate(
        deep_merge(
            loaded.policy.model_dump(mode="json"),
            {
                "response": {"turnout_min": 4.0},
                "simulation": {
                    "turnout_on_road_min": 1.5, "days": 280, "other_category": {"service_cv": 0.5},
                },
            },
        )
    )  # fmt: skip
    county = replace(
        loaded.county,
        travel_time_min=loaded.county.travel_time_min * SLOWNESS,
        station_time_min=loaded.county.station_time_min * SLOWNESS,
    )
    ways = cell_minutes(loaded)
    assert ways is not None
    trace = prepare(county, truth, current_plan(county), cell_time_min=ways * SLOWNESS).trace(
        "today", 0
    )
    made, missing = trace.alerts, np.full(len(trace.alerts), np.nan)
    log = AlertLog(
        shown="simulated",
        occurred_at=np.datetime64("2024-01-01T00:00:00")
        + (made.time_min * 60.0).astype("timedelta64[s]"),
        cell=made.cell,
        categories=county.categories,
        category=made.category,
        priority=np.zeros(len(made), np.int64),
        dispatched_min=trace.wait_min + 1.0,  # a minute of the turn-out is handling
        arrived_min=trace.response_min,
        cleared_min=trace.response_min + made.service_min,
        officers_sent=missing,
        months_missing=(),
        problems=(),
        quarantined=pd.DataFrame(),
    )
    found = calibrate(loaded, log)
    assert found.travel.factor == pytest.approx(SLOWNESS, abs=0.01)
    assert found.travel.turnout_min == pytest.approx(4.0, abs=0.05)
    assert found.categories[1].service.cv == pytest.approx(0.5, abs=0.03)
    responses = found.responses
    assert responses is not None
    assert responses.present is not None
    assert responses.calibrated is not None
    assert responses.present.is_poor
    assert not responses.calibrated.is_poor
    assert responses.calibrated.distance_fraction < 0.02


def test_odd_weeks_are_fitted_and_even_ones_judged(loaded: LoadedCase, log: AlertLog) -> None:
    day = log.occurred_at.astype("datetime64[D]").astype(np.int64)
    week = (day - day[0]) // 7  # the log starts on a Monday
    longer = np.where(week % 2 == 1, log.arrived_min + 500.0, log.cleared_min)
    spoilt = calibrate(loaded, replace(log, cleared_min=longer))
    help_ = spoilt.categories[1]
    assert help_.service.mean_min == pytest.approx(HELP_MIN, rel=0.05)
    assert help_.service.state == "poor"
    assert (spoilt.weeks_fitted, spoilt.weeks_judged) == (20, 20)
    assert "help" not in spoilt.overrides.get("simulation", {}).get("categories", {})


def test_what_fits_poorly_or_is_too_few_is_not_written(found: Calibration) -> None:
    work = found.overrides["workload"]["categories"]
    assert list(work) == ["help"]
    assert work["help"]["on_scene_min"] == pytest.approx(HELP_MIN, rel=0.05)
    assert "criminal" not in found.overrides["simulation"]["categories"]


def test_calibrated_responses_are_nearer_to_the_observed(found: Calibration) -> None:
    responses = found.responses
    assert responses is not None
    assert responses.present is not None
    assert responses.calibrated is not None
    assert responses.calibrated.wasserstein_min < responses.present.wasserstein_min
    assert responses.calibrated.ks < 0.5 * responses.present.ks
    assert len(responses.observed_min) == responses.present.alerts


def test_the_scenario_loads_and_means_what_was_fitted(
    found: Calibration, loaded: LoadedCase, folder: Path
) -> None:
    document = scenario_document(found, loaded, untranslated)
    assert document is not None
    (folder / "scenarios").mkdir(exist_ok=True)
    write_scenario(document, folder / "scenarios" / "fitted.yaml", "fitted.yaml")
    case = open_case(str(folder))
    scenario = case.scenario("fitted")
    assert all(o.reason for o in scenario.overrides)
    again = Prepared(case).load(scenario)
    (folder / "scenarios" / "fitted.yaml").unlink()
    work = again.policy.workload.of("help")
    assert work.on_scene_min == found.overrides["workload"]["categories"]["help"]["on_scene_min"]
    assert work.officers_sent == 2
    assert again.policy.simulation.of("help").service_cv == pytest.approx(HELP_CV, rel=0.1)
    assert again.policy.simulation.of("criminal") == loaded.policy.simulation.of("criminal")
    assert again.policy.response.turnout_min == pytest.approx(HANDLING + START, abs=0.35)
    assert again.policy.simulation.turnout_on_road_min == pytest.approx(HANDLING, abs=0.15)
    near = loaded.county.travel_time_min < 60
    slower = again.county.travel_time_min[near] / loaded.county.travel_time_min[near]
    # Ways on foot to the road are not driven, so they stay.
    assert slower.max() == pytest.approx(found.travel.factor, abs=0.01)


def test_a_second_fit_replaces_the_first_factor(
    found: Calibration, loaded: LoadedCase, log: AlertLog, folder: Path
) -> None:
    (folder / "scenarios").mkdir(exist_ok=True)
    path = folder / "scenarios" / "slow.yaml"
    path.write_text("description: x\nreason: x\nroads: {speed_factor: 0.5}\n", encoding="utf-8")
    case = open_case(str(folder))
    slow = Prepared(case).load(case.scenario("slow"))
    path.unlink()
    again = calibrate(slow, log)
    document = scenario_document(again, slow, untranslated)
    assert document is not None
    assert document["extends"] == ["slow"]
    [roads] = [b["roads"] for b in document["overrides"] if "roads" in b]
    assert roads["speed_factor"] == pytest.approx(1.0 / found.travel.factor, abs=0.02)


def test_no_time_of_dispatch(loaded: LoadedCase, tmp_path: Path) -> None:
    fit = fit_of(loaded, tmp_path, lambda _rows: None, ["派警时间"]).travel
    assert not fit.from_dispatch
    assert fit.handling_min == 0.0
    assert fit.turnout_min == pytest.approx(HANDLING + START, abs=0.5)


def test_no_time_of_the_end_leaves_services_as_they_are(loaded: LoadedCase, tmp_path: Path) -> None:
    found = fit_of(loaded, tmp_path, lambda _rows: None, ["处置完毕时间", "出警人数"])
    assert {c.service.state for c in found.categories} == {"few"}
    assert "workload" not in found.overrides
    assert found.travel.state == "fitted"


def test_no_time_of_arrival_says_what_is_needed(loaded: LoadedCase, tmp_path: Path) -> None:
    with pytest.raises(InputError) as caught:
        fit_of(loaded, tmp_path, lambda _rows: None, ["到场时间"])
    [problem] = caught.value.problems
    assert problem.column == "arrived_at"
    for column in ("arrived_at", "cleared_at", "dispatched_at", "officers_sent"):
        assert column in problem.text()


def test_exponential_services_choose_the_law(loaded: LoadedCase, tmp_path: Path) -> None:
    def exponential(rows: list[Made]) -> None:
        rng = np.random.default_rng(8)
        for row in rows:
            row["service"] = rng.exponential(25.0)

    found = fit_of(loaded, tmp_path, exponential)
    assert found.law == "exponential"
    assert found.overrides["simulation"]["service_distribution"] == "exponential"
    assert "categories" not in found.overrides["simulation"], "its spread is always 1"


def test_a_category_that_the_case_does_not_have(loaded: LoadedCase, tmp_path: Path) -> None:
    def rename(rows: list[Made]) -> None:
        for row in rows[:7]:
            row["category"] = "外事"

    assert fit_of(loaded, tmp_path, rename).other_categories == (("外事", 7),)


def test_cells_beyond_every_alert_fitted_on(loaded: LoadedCase, tmp_path: Path) -> None:
    cells = loaded.county.cells
    road = loaded.county.travel_time_min[cells.station, np.arange(len(cells))]
    near = [cells.cell_id[i] for i in np.argsort(road, kind="stable")[:12].tolist()]
    minutes = dict(zip(cells.cell_id, road.tolist(), strict=True))

    def only_near(rows: list[Made]) -> None:
        for i, row in enumerate(rows):
            row["cell"] = near[i % 12]
            row["arrived"] = row["dispatched"] + START + SLOWNESS * minutes[row["cell"]]

    found = fit_of(loaded, tmp_path, only_near)
    assert found.beyond_cells == int((road > max(minutes[c] for c in near)).sum())
    assert found.beyond_cells > 0


def test_values_that_no_crews_can_work_off_are_not_simulated(
    loaded: LoadedCase, log: AlertLog
) -> None:
    policy = Policy.model_validate(
        deep_merge(
            loaded.policy.model_dump(mode="json"),
            {
                "workload": {"other_category": {"on_scene_min": 5000.0}},
                "simulation": {"crews": "in_post"},
            },
        )
    )
    found = calibrate(replace(loaded, policy=policy), log)
    responses = found.responses
    assert responses is not None
    assert responses.present_min is None
    assert responses.present is None
    page = StringIO()
    show_calibration(found, "小县", Console(file=page, width=80), untranslated)
    assert "nothing is simulated" in page.getvalue()
    assert calibration_figure(found, "x", untranslated).axes


def test_a_scenario_must_have_a_name_that_loads(tmp_path: Path) -> None:
    for name in ("a+b.yaml", "a.txt", "nowhere/a.yaml"):
        with pytest.raises(InputError):
            write_scenario({"description": "x"}, tmp_path / name, name)
        assert not (tmp_path / name).exists()


def test_plot(found: Calibration, tmp_path: Path) -> None:
    figure = calibration_figure(found, "小县", untranslated)
    assert [a.get_title(loc="left") for a in figure.axes if a.get_visible()] == [
        "Response minutes, simulated",
        "On scene: help",
    ]
    write_plot(figure, tmp_path / "plot.png")
    assert (tmp_path / "plot.png").read_bytes().startswith(b"\x89PNG")
    with pytest.raises(InputError):
        write_plot(figure, tmp_path / "plot.jpg")


@pytest.mark.parametrize(("lang", "word"), [("en", "too few"), ("zh", "太少")])
def test_command(folder: Path, log_file: Path, tmp_path: Path, lang: str, word: str) -> None:
    out = tmp_path / "fit.yaml"
    words = ["calibrate", str(folder), "--alerts", str(log_file), "--lang", lang]
    done = CliRunner().invoke(jingli, [*words, "--out", str(out)])
    assert done.exit_code == 0, done.output
    assert word in done.output
    assert out.read_text(encoding="utf-8").startswith("# jingli calibrate")


def test_command_for_programs(folder: Path, log_file: Path) -> None:
    words = ["calibrate", str(folder), "--alerts", str(log_file), "--json"]
    done = CliRunner().invoke(jingli, words)
    document = json.loads(done.stdout)
    assert document["categories"][1]["service"]["state"] == "fitted"
    assert document["categories"][0]["service"]["mean_min"] is None
    assert document["scenario_block"]["overrides"]
    assert document["responses"]["observed_min"] == sorted(document["responses"]["observed_min"])


def test_a_case_without_a_log_needs_one(folder: Path) -> None:
    done = CliRunner().invoke(jingli, ["calibrate", str(folder), "--lang", "en"])
    assert done.exit_code == 2
    assert "--alerts" in done.output


def test_the_cases_own_log_is_the_default(loaded: LoadedCase, tmp_path: Path) -> None:
    def with_log(document: dict[str, Any]) -> None:
        document["layers"]["alerts"] = {"path": "log.csv", "crs": "WGS84"}

    def without_rates(rows: list[dict[str, Any]]) -> None:
        for row in rows:
            for key in [k for k in row if k.startswith("alerts_per_year")]:
                del row[key]

    folder = write_case(tmp_path / "own", cells=without_rates, case=with_log)
    write_log(folder / "log.csv", log_rows(loaded, 1200))
    done = CliRunner().invoke(jingli, ["calibrate", str(folder), "--json"])
    assert done.exit_code == 0, done.output
    document = json.loads(done.stdout)
    assert document["log"] == "log.csv"
    assert document["travel"]["state"] == "fitted"
