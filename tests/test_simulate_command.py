"""`jingli simulate`: a case or a kept run, read on the console, as JSON and as files."""

from __future__ import annotations

import csv
import json
import pickle
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

from optimizer.plan import current_plan
from scenarios.case import open_case
from scenarios.prepared import Prepared
from scenarios.simulate import cell_minutes, replayed, setup_of
from tests.command_line import command, document, refused, said
from tests.small_case import Row, write_case, write_csv

SHORT = ("--days", "14", "--replications", "3", "--workers", "1")


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_case(tmp_path_factory.mktemp("small") / "case")


@pytest.fixture(autouse=True)
def _own_store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JINGLI_STORE", str(tmp_path / "runs.sqlite"))


def test_a_case_is_run_and_simulated(small: Path) -> None:
    text = said("simulate", small, *SHORT)
    assert "3 replications of 14 days after 7 days of warm-up" in text
    assert "Mean response, min" in text
    assert "What breaks first in the plan" in text
    assert "Assumed in the simulation" in text
    assert "simulation.dispatch = neighbours" in text
    assert "Half are reached within" in text


def test_what_is_asked_for_is_simulated_and_no_longer_assumed(small: Path) -> None:
    found = document(
        "simulate", small, *SHORT, "--dispatch", "own", "--crews", "in-post", "--seed", "5"
    )
    assert found["simulation"]["dispatch"] == "own"
    assert found["simulation"]["crews"] == "in_post"
    assert found["seed"] == 5
    assert "policy.simulation.dispatch" not in found["assumed"]
    assert found["assumed"]["policy.simulation.patrol_share_fraction"] == "0.3"
    assert found["assumed"]["alerts.months"] == "even"
    assert found["replications"] == 3
    measures = found["measures"]
    assert len(measures["response_mean_min"]["today"]) == len(found["groups"])
    assert measures["cross_area_fraction"]["plan"] == 0.0
    again = document(
        "simulate", small, *SHORT, "--dispatch", "own", "--crews", "in-post", "--seed", "5"
    )
    assert again == found
    wide = document("simulate", small, "--days", "7", "--half-width", "60", "--workers", "1")
    assert wide["precise"]
    assert wide["replications"] == 10


def test_files_hold_what_the_console_says(small: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    text = said("simulate", small, *SHORT, "--out", out)
    assert "responses.png" in text
    names = {p.name for p in out.iterdir()}
    assert names == {
        "simulation.json", "simulation.csv", "simulation_groups.csv", "simulation_places.csv",
        "simulation_crews.csv", "simulation_units.csv", "responses.png", "manifest.json",
    }  # fmt: skip
    whole = json.loads((out / "simulation.json").read_text(encoding="utf-8"))
    with (out / "simulation.csv").open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    assert rows[0]["Measure"] == "Mean response"
    assert float(rows[0]["Today"]) == whole["measures"]["response_mean_min"]["today"][0]
    with (out / "simulation_groups.csv").open(encoding="utf-8-sig", newline="") as file:
        groups = list(csv.DictReader(file))
    assert {"township", "category", "priority", "hour", "bundle", "all"} == {
        r["Kind"] for r in groups
    }
    with (out / "simulation_crews.csv").open(encoding="utf-8-sig", newline="") as file:
        crews = list(csv.DictReader(file))
    assert len(crews) == sum(
        round(u["crews"]) for side in ("units_today", "units_plan") for u in whole[side]
    )
    assert all(0 <= float(c["Busy, share"]) <= 1 for c in crews)
    manifest = json.loads((out / "manifest.json").read_text(encoding="utf-8"))
    assert set(manifest["files"]) == names - {"manifest.json"}
    # Written again over itself, and never over something else.
    said("simulate", small, *SHORT, "--out", out)
    (out / "mine.txt").write_text("mine", encoding="utf-8")
    assert "mine.txt" in refused("simulate", small, *SHORT, "--out", out)


def test_a_kept_run_is_simulated_as_it_was(small: Path) -> None:
    run_id = document("run", small)["run_id"]
    found = document("simulate", run_id[:8], *SHORT)
    assert found == document("simulate", small, *SHORT)


def test_a_queue_without_end_is_exit_code_1_and_says_what_would_hold(tmp_path: Path) -> None:
    def busy(rows: list[Row]) -> None:
        for row in rows:
            row["alerts_per_year_help"] *= 60

    case = write_case(tmp_path / "busy", cells=busy)
    done = command(
        "simulate", case, *SHORT, "--dispatch", "own", "--crews", "in-post", "--lang", "en"
    )
    assert done.exit_code == 1, done.output
    text = " ".join(done.output.split())
    assert "The queue has no end" in text
    assert "Crews that hold" in text
    assert "Mean response" not in text
    found = document(
        "simulate", case, *SHORT, "--dispatch", "own", "--crews", "in-post", exit_code=1
    )
    assert found["measures"] == {}
    assert found["overloaded_today"][0]["utilisation_fraction"] > 1


def test_chinese(small: Path) -> None:
    done = command("simulate", small, *SHORT, "--lang", "zh")
    assert done.exit_code == 0
    assert "现状与方案对比（仿真）" in done.output
    assert "方案中最先吃紧的单位" in done.output


@pytest.mark.parametrize(
    "options",
    [("--days", "0"), ("--replications", "1"), ("--half-width", "0"), ("--dispatch", "all")],
)
def test_bad_options_are_usage_errors(small: Path, options: tuple[str, str]) -> None:
    assert command("simulate", small, *options).exit_code == 2


def logged_case(folder: Path, days: int) -> Path:
    """The small case with a log: each day at 03:00 and 15:00 an alert at the first station."""

    def with_log(spec: Row) -> None:
        spec["layers"]["alerts"] = {"path": "alerts.csv", "crs": "WGS84"}

    case = write_case(folder, case=with_log)
    # 2 March 2026 is a Monday; the log starts on the Wednesday.
    rows = []
    for day in range(days):
        for hour in (3, 15):
            at = datetime(2026, 3, 4, hour) + timedelta(days=day)
            rows.append(
                {
                    "occurred_at": at.isoformat(sep=" "),
                    "lon": 107.305,
                    "lat": 30.205,
                    "category": "help",
                    "priority": 1,
                    "dispatched_at": at.isoformat(sep=" "),
                    "arrived_at": (at + timedelta(minutes=5)).isoformat(sep=" "),
                    "cleared_at": (at + timedelta(minutes=25)).isoformat(sep=" "),
                }
            )
    write_csv(case / "alerts.csv", rows)
    return case


def test_a_log_is_replayed_day_by_day(tmp_path: Path) -> None:
    case = logged_case(tmp_path / "case", 21)
    found = document("simulate", case, "--replications", "2", "--workers", "1", "--replay")
    groups = {tuple(g): i for i, g in enumerate(found["groups"])}
    alerts = found["measures"]["alerts_per_day"]
    # From Monday the 2nd: the week to the 8th warms up, 16 days of two alerts are left.
    assert found["warm_up_days"] == 7
    assert found["days"] == 16
    assert alerts["today"][groups["all", ""]] == 2.0
    assert alerts["today_half_width"][groups["all", ""]] == 0.0
    assert alerts["today"][groups["hour", "03"]] == alerts["today"][groups["hour", "15"]] == 1.0
    assert alerts["today"][groups["priority", "1"]] == 2.0
    # Twenty minutes on scene twice a day, as logged, and the ways.
    busy = found["measures"]["utilisation_fraction"]["today"]
    crews = sum(u["crews"] for u in found["units_today"])
    assert 40 / 1440 / crews < busy < 90 / 1440 / crews


def test_a_log_that_cannot_be_replayed_is_refused(small: Path, tmp_path: Path) -> None:
    assert "an alert log of at least 14 days" in refused("simulate", small, *SHORT, "--replay")
    short = logged_case(tmp_path / "case", 10)
    assert "layers.alerts = 10" in refused("simulate", short, *SHORT, "--replay")


def test_a_large_case_sends_every_crew_from_its_seat(
    small: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    on_road = document("simulate", small, *SHORT)
    monkeypatch.setattr("scenarios.simulate.MOST_CELLS", 3)
    found = document("simulate", small, *SHORT)
    assert found["assumed"]["policy.simulation.start_from"] == "station"
    # The way back is now part of a job.
    busy = "utilisation_fraction"
    assert found["measures"][busy]["today"] > on_road["measures"][busy]["today"]


def test_minutes_between_cells_are_by_road(small: Path) -> None:
    case = open_case(str(small))
    loaded = Prepared(case).load(case.scenario(None, ()))
    minutes = cell_minutes(loaded)
    assert minutes is not None
    assert minutes.shape == (24, 24)
    assert (np.diag(minutes) == 0).all()
    assert (minutes[~np.eye(24, dtype=bool)] > 0).all()
    # Cells of the far ends of the row of stations are farthest from each other.
    far = np.unravel_index(np.argmax(minutes), minutes.shape)
    assert {loaded.county.cells.cell_id[i][1] for i in far} == {"1", "6"}


def test_a_replay_travels_to_workers(tmp_path: Path) -> None:
    case = open_case(str(logged_case(tmp_path / "case", 21)))
    loaded = Prepared(case).load(case.scenario(None, ()))
    setup = replayed(setup_of(loaded, current_plan(loaded.county)), loaded)
    copy = pickle.loads(pickle.dumps(setup))
    assert np.array_equal(copy.alerts(1).service_min, setup.alerts(1).service_min)
    assert setup.alerts(0).service_min.tolist() == [20.0] * 42
