"""`jingli stress` on a small case: figures, files, languages, and what it refuses."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml
from rich.cells import cell_len

from optimizer.errors import InputError
from optimizer.stress_rules import StressRules
from scenarios.commands.stress import NAMES as COMMAND_NAMES
from scenarios.stress import NAMES, market_cells, rules_from
from tests.command_line import command, document, refused, said
from tests.small_case import Row, write_case
from tests.toy import toy_county

SHORT = (
    "--set", "days=7", "--set", "break_factors=[1, 2, 4]", "--set", "transition_weeks=3",
    "--replications", "2", "--workers", "1",
)  # fmt: skip


def three_bundled(case: Row) -> None:
    case["policy"]["bundling"] = {"centres": 1, "stations_bundled": 3}


Words = tuple[object, ...]


def kept_run(folder: Path, change: Callable[[Row], None]) -> Words:
    """The words of a command that name a run of the small case."""
    store = folder / "runs.sqlite"
    command("run", write_case(folder / "case", case=change), "--store", store)
    [kept] = document("runs", "--store", store)
    return (kept["run_id"], "--store", store)


@pytest.fixture(scope="module")
def plan(tmp_path_factory: pytest.TempPathFactory) -> Words:
    return kept_run(tmp_path_factory.mktemp("stress"), three_bundled)


@pytest.fixture(scope="module")
def whole(plan: Words) -> Any:
    return document("stress", *plan, *SHORT)


def test_names_are_those_of_the_command() -> None:
    assert COMMAND_NAMES == NAMES


def test_every_stress_is_there_once(whole: Any) -> None:
    assert [(s["name"], s["size"]) for s in whole["stresses"]] == [
        ("undisturbed", 0.0), ("surge", 1.5), ("surge", 2.0), ("market", 5.0), ("snow", 0.6),
        ("incidents", 4.0), ("strength", 0.1), ("far_end", 0.0), ("new_ground", 0.0),
    ]  # fmt: skip
    for one in whole["stresses"]:
        response = one["measures"]["response_mean_min"]
        assert response["change"] == pytest.approx(response["plan"] - response["today"], abs=2e-6)
        assert response["change_half_width"] >= 0
    assert [w["size"] for w in whole["transition"]["weeks"]] == [0.0, 1.0, 2.0, 3.0]
    assert len(whole["bundles"]) == 4
    assert whole["market"] in "乙镇、丙镇、丁镇、戊镇、己镇"
    assert len(whole["incident_townships"]) == 2
    assert whole["verdicts"]


def test_one_stress_alone_has_the_same_figures(whole: Any, plan: Words) -> None:
    alone = document("stress", *plan, *SHORT, "--only", "snow", "--only", "breaking")
    assert [s["name"] for s in alone["stresses"]] == ["undisturbed", "snow"]
    assert alone["stresses"] == [
        s for s in whole["stresses"] if s["name"] in ("undisturbed", "snow")
    ]
    assert alone["bundles"] == whole["bundles"]
    assert alone["transition"] is None
    assert alone["market"] is None


def test_what_was_set_is_not_assumed(plan: Words, tmp_path: Path) -> None:
    config = tmp_path / "stress.yaml"
    config.write_text("snow_speed_fraction: 0.5\nincident_crews: 2\n", encoding="utf-8")
    found = document(
        "stress", *plan, *SHORT, "--only", "snow", "--config", config, "--set", "incident_crews=3"
    )
    assert found["stress"]["snow_speed_fraction"] == 0.5
    assert found["stress"]["incident_crews"] == 3
    assert "absent_fraction" in found["assumed"]
    assert not {"snow_speed_fraction", "incident_crews"} & set(found["assumed"])


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_eighty_columns_hold(plan: Words, lang: str) -> None:
    done = command("stress", *plan, *SHORT, "--lang", lang)
    assert done.exit_code == 0
    lines = done.stdout.splitlines()
    assert max(cell_len(line) for line in lines) <= 80
    assert len(lines) > 30
    # The console breaks what is too wide: then a row's end would stand alone.
    broken = {"both", "the plan", "plan", "两者", "方案", "撑不住", "繁忙率%", "Busy, %", "%"}
    assert not broken & {line.strip() for line in lines}
    rows = [line for line in lines if line.count("→") == 3]
    assert len(rows) == 12


def test_files_and_manifest(plan: Words, tmp_path: Path) -> None:
    out = tmp_path / "stress"
    text = said("stress", *plan, *SHORT, "--out", out)
    files = {
        "stress.json", "stress.csv", "stress_weeks.csv", "stress_weeks.png",
        "stress_bundles.csv", "stress_bundles.png", "manifest.json",
    }  # fmt: skip
    assert {p.name for p in out.iterdir()} == files
    assert "stress_bundles.png" in text
    manifest = json.loads((out / "manifest.json").read_text(encoding="utf-8"))
    assert set(manifest["files"]) == files - {"manifest.json"}
    assert manifest["command"][:2] == ["jingli", "stress"]
    with (out / "stress_bundles.csv").open(encoding="utf-8-sig", newline="") as file:
        assert len(list(csv.DictReader(file))) == 4
    # Again over its own folder, with the same bytes.
    before = (out / "stress.json").read_bytes()
    said("stress", *plan, *SHORT, "--out", out)
    assert (out / "stress.json").read_bytes() == before


def test_a_plan_without_new_ground_has_no_dip(tmp_path: Path) -> None:
    def none_bundled(case: Row) -> None:
        case["policy"]["bundling"] = {"centres": 0}

    text = said("stress", *kept_run(tmp_path, none_bundled), *SHORT, "--only", "transition")
    assert "No ground changes hands" in text


def test_a_queue_without_end_is_said_with_what_would_hold(plan: Words, tmp_path: Path) -> None:
    asked = (*SHORT, "--only", "surge", "--set", "surge_factors=[80]", "--out", tmp_path / "out")
    text = said("stress", *plan, *asked)
    assert "Alerts ×80, the plan: the queue has no end; what would hold: " in text
    assert "Today and the plan break: Alerts ×80." in text
    with (tmp_path / "out" / "stress.csv").open(encoding="utf-8-sig", newline="") as file:
        last = list(csv.DictReader(file))[-1]
    assert (last["Measure"], last["Plan"], last["Plan breaks"]) == ("", "", "yes")


def test_bad_values_are_all_told_at_once(plan: Words, tmp_path: Path) -> None:
    config = tmp_path / "stress.yaml"
    config.write_text("surge_factors: [1.5, 0]\nsnow_sped: 0.5\n", encoding="utf-8")
    text = refused("stress", *plan, "--config", config, "--set", "market_factor=-1", "--set", "x")
    assert "surge_factors.1 = 0" in text
    assert "line 1" in text
    assert "did you mean snow_speed_fraction" in text
    assert "market_factor = -1" in text
    assert "key=value" in text


@pytest.mark.parametrize(
    ("sets", "told"),
    [
        ({"market_from_hour": 15}, "market_to_hour after market_from_hour"),
        ({"break_factors": [2, 1]}, "rising break_factors"),
        ({"break_factors": [0.5, 1]}, "number >= 1"),
        ({"surge_factors": [2, 2]}, "each of surge_factors once"),
        ({"absent_fraction": 1.0}, "number < 1"),
        ({"snow_speed_fraction": 0}, "number > 0"),
        ({"incident_hours": 0}, "number > 0"),
        ({"new_ground_half_life_weeks": 0}, "number > 0"),
    ],
)
def test_each_bad_value_is_refused(sets: dict[str, Any], told: str) -> None:
    words = [f"{key}={yaml.safe_dump(value, default_flow_style=True).splitlines()[0]}"
             for key, value in sets.items()]  # fmt: skip
    with pytest.raises(InputError) as error:
        rules_from(None, words, {})
    assert told in error.value.text()


def test_a_config_that_is_no_mapping_or_not_there(tmp_path: Path) -> None:
    config = tmp_path / "stress.yaml"
    config.write_text("- 1\n", encoding="utf-8")
    with pytest.raises(InputError, match="keys with values"):
        rules_from(config, [], {})
    with pytest.raises(InputError, match="readable file"):
        rules_from(tmp_path / "none.yaml", [], {})
    config.write_text("", encoding="utf-8")
    assert rules_from(config, [], {"seed": 4})[0] == StressRules(seed=4)


def test_an_unknown_market_is_refused_with_a_near_name(plan: Words) -> None:
    text = refused("stress", *plan, *SHORT, "--set", "market_place=乙乡镇")
    assert "a township or station of the county" in text
    assert "did you mean 乙镇" in text


def test_a_market_is_a_township_or_a_station_that_has_alerts() -> None:
    rates = np.full((12, 2), 10.0)
    rates[3:6] = 50.0  # s02 has most, but is a town station
    rates[9:] = 20.0
    rates[6:9] = 0.0
    urban = np.array([False, True, False, False])
    county = toy_county(
        cells={"alerts_per_year": rates, "township": tuple("AAABBBCCCDDD")},
        stations={"is_urban": urban},
    )
    assert np.flatnonzero(market_cells(county, None)).tolist() == [9, 10, 11]
    assert np.flatnonzero(market_cells(county, "B")).tolist() == [3, 4, 5]
    assert np.flatnonzero(market_cells(county, "s01")).tolist() == [0, 1, 2]
    name = county.stations.name[3]
    assert np.flatnonzero(market_cells(county, name)).tolist() == [9, 10, 11]
    with pytest.raises(InputError, match="a place that has alerts"):
        market_cells(county, "C")


def test_a_run_without_a_plan_or_none_at_all(tmp_path: Path) -> None:
    def impossible(case: Row) -> None:
        case["policy"]["bundling"] = {"centres": 4}

    text = refused("stress", *kept_run(tmp_path, impossible), *SHORT)
    assert "a run with a plan" in text
    text = refused("stress", "nothing-like-it", *SHORT, "--store", tmp_path / "runs.sqlite")
    assert "nothing-like-it" in text


def test_an_unknown_stress_is_refused(plan: Words) -> None:
    done = command("stress", *plan, "--only", "flood")
    assert done.exit_code == 2
    assert "flood" in done.stderr
