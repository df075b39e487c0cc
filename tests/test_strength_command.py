"""`jingli strength`: the same figures as the run, what was asked for, refusals, files."""

from __future__ import annotations

import csv
import io
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from python_calamine import CalamineWorkbook
from rich.cells import cell_len
from rich.console import Console

from optimizer.required_strength import SOURCES
from optimizer.shift_table import shift_officers
from scenarios.case import open_case
from scenarios.language import Language, translator
from scenarios.opened import Opened, open_asked
from scenarios.prepared import Prepared
from scenarios.show_strength import show_strength
from scenarios.store import open_store
from scenarios.strength import StrengthStudy, log_hours, study_strength
from tests.command_line import command, document, refused, said
from tests.small_case import Row, write_case


def few(case: Row) -> None:
    case["policy"]["response"] = {"rural_min": 60}
    case["policy"]["bundling"] = {"max_office_travel_min": 60}
    case["scenarios"] = {"none": {"policy": {"bundling": {"centres": 3, "stations_bundled": 5}}}}


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path, dict[str, Any]]:
    """The case, a store with its run, and what the run said."""
    base = tmp_path_factory.mktemp("strength")
    case, store = write_case(base / "case", case=few), base / "runs.sqlite"
    return case, store, document("run", case, "--store", store)


@pytest.fixture(scope="module")
def opened(made: tuple[Path, Path, dict[str, Any]]) -> Opened:
    _case, store, run = made
    return open_asked(run["run_id"], None, (), lambda: open_store(store))


def test_the_officers_are_those_of_the_run(made: tuple[Path, Path, dict[str, Any]]) -> None:
    _case, store, run = made
    found = document("strength", run["run_id"], "--store", store)
    for deployment in ("today", "plan"):
        judged = {u["unit_id"]: u for u in run[deployment]["units"]}
        ours = {u["unit_id"]: u for u in found[deployment]["units"]}
        assert set(ours) == set(judged)
        for unit, one in ours.items():
            assert one["officers_required"] == pytest.approx(judged[unit]["required_officers"])
            assert sum(one["officers"].values()) == pytest.approx(one["officers_required"])
            assert one["officers_in_post"] == judged[unit]["officers_after"]
        assert found[deployment]["officers_required"] == pytest.approx(
            run[deployment]["officers_required"]
        )
    assert found["plan"]["plan_digest"] == run["plan"]["plan_digest"]
    assert "policy.strength.day_work_starts_hour" in found["assumed"]


def test_today_alone_solves_nothing(made: tuple[Path, Path, dict[str, Any]]) -> None:
    case, _store, run = made
    found = document("strength", case, "--today", "-s", "none")
    assert "plan" not in found
    assert found["today"]["officers_required"] == pytest.approx(run["today"]["officers_required"])


def test_without_a_plan_today_is_shown_and_the_exit_code_says_so(
    made: tuple[Path, Path, dict[str, Any]],
) -> None:
    case, _store, _run = made
    found = document("strength", case, "-s", "none", exit_code=1)
    assert "today" in found
    assert "plan" not in found


def test_one_unit_only_and_a_police_office_stands_for_its_centre(
    made: tuple[Path, Path, dict[str, Any]],
) -> None:
    case, store, run = made
    bundle = next(b for b in run["plan"]["bundles"] if len(b["station_ids"]) > 1)
    office = next(s for s in bundle["station_ids"] if s != bundle["centre_id"])
    found = document("strength", run["run_id"], "--store", store, "--unit", office)
    assert [u["unit_id"] for u in found["today"]["units"]] == [office]
    assert [u["unit_id"] for u in found["plan"]["units"]] == [bundle["centre_id"]]
    assert {r["unit_id"] for r in found["plan"]["shifts"]} == {bundle["centre_id"]}
    text = said("strength", run["run_id"], "--store", store, "--unit", office)
    assert "is a police office of" in text
    unit = said("strength", case, "--today", "--unit", "刑侦")
    assert "stated by the unit 14.0" in unit
    assert "per shift" not in unit


def test_service_levels_ask_for_more_crews(opened: Opened) -> None:
    plain = study_strength(opened, today_only=True).sides[0]
    busy = study_strength(
        opened,
        today_only=True,
        levels={"max_utilisation_fraction": 0.01, "max_mean_wait_min": None},
    ).sides[0]
    assert shift_officers(busy.shifts) > shift_officers(plain.shifts)
    assert "utilisation" in {r.limit for r in busy.shifts}
    # Levels belong to the table of shifts: the officers required stay.
    np.testing.assert_array_equal(busy.required.officers, plain.required.officers)


def test_levels_and_shifts_of_the_command_line(made: tuple[Path, Path, dict[str, Any]]) -> None:
    case, _store, _run = made
    three = ["--set", "policy.strength.shift_starts_hours=[0,8,16]"]
    levels = ["--busy", "0.02", "--mean-wait", "0.4", "--response", "70"]
    found = document("strength", case, "--today", *three, *levels)
    shifts = found["today"]["shifts"]
    assert [r["shift"] for r in shifts[:3]] == ["00-08", "08-16", "16-24"]
    asked = {k: v for k, v in found["strength"].items() if k.startswith("max_")}
    assert asked == {
        "max_utilisation_fraction": 0.02,
        "max_mean_wait_min": 0.4,
        "max_mean_response_min": 70.0,
    }
    assert all(r["service"]["utilisation_fraction"] <= 0.02 for r in shifts)
    assert all(r["service"]["mean_wait_min"] <= 0.4 for r in shifts)


@pytest.mark.parametrize(("lang", "words"), [("en", "Next crew due"), ("zh", "需再加一个出警组")])
def test_lines_hold_at_80_columns_in_both_languages(
    opened: Opened, lang: Language, words: str
) -> None:
    study = study_strength(opened, hourly=True)
    text = io.StringIO()
    console = Console(file=text, width=80, highlight=False)
    show_strength(study, console, translator(lang), periods=True, shifts=True, sensitivity=True)
    assert max(cell_len(line) for line in text.getvalue().splitlines()) <= 80
    assert words in text.getvalue()


def test_a_role_that_nobody_holds_is_told(opened: Opened) -> None:
    loaded = opened.loaded
    stations = replace(
        loaded.county.stations, auxiliaries=np.zeros(len(loaded.county.stations), np.int64)
    )
    county = replace(loaded.county, stations=stations)
    study = study_strength(replace(opened, loaded=replace(loaded, county=county)), today_only=True)
    assert "Nobody holds the role of auxiliary" in shown(study)
    crews = loaded.policy.crews.model_copy(update={"crew_auxiliaries": 0})
    policy = loaded.policy.model_copy(update={"crews": crews})
    none = replace(opened, loaded=replace(loaded, county=county, policy=policy))
    assert "Nobody holds" not in shown(study_strength(none, today_only=True))


def shown(study: StrengthStudy) -> str:
    text = io.StringIO()
    show_strength(study, Console(file=text, width=80, highlight=False), translator("en"))
    return " ".join(text.getvalue().split())


def test_refusals(made: tuple[Path, Path, dict[str, Any]], tmp_path: Path) -> None:
    case, _store, _run = made
    assert "one of --period and --hourly" in refused("strength", case, "--period", "--hourly")
    assert "did you mean" in refused("strength", case, "--today", "--unit", "甲派出斤").lower()
    assert "turn-out and travel" in refused("strength", case, "--today", "--response", "0.5")
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "mine.txt").write_text("mine", encoding="utf-8")
    refused("strength", case, "--today", "--out", tmp_path / "full")
    assert [p.name for p in (tmp_path / "full").iterdir()] == ["mine.txt"]


def test_files_hold_what_is_printed(
    made: tuple[Path, Path, dict[str, Any]], tmp_path: Path
) -> None:
    _case, store, run = made
    out = tmp_path / "out"
    done = command("strength", run["run_id"], "--store", store, "--out", out, "--lang", "zh")
    assert done.exit_code == 0, done.output
    names = {p.name for p in out.iterdir()}
    assert names >= {"strength.json", "strength.xlsx", "strength_day.png", "manifest.json"}
    told = json.loads((out / "strength.json").read_text(encoding="utf-8"))
    rows = table(out / "strength_units.csv")
    officers = [r for r in rows if r["部署"] == "方案" and r["身份"] == "民警"]
    assert sum(float(r["所需"]) for r in officers) == pytest.approx(
        told["plan"]["officers_required"], abs=0.01
    )
    periods = table(out / "strength_periods.csv")
    hours = sum(
        float(r["每天小时"]) for r in periods if r["部署"] == "方案" and r["身份"] == "民警"
    )
    assert hours == pytest.approx(told["plan"]["officers_required"] * 48 / 7, abs=0.1)
    tried = table(out / "strength_sensitivity.csv")
    assert {r["单位"] for r in tried} >= {"全部单位", "甲派出所"}
    book = CalamineWorkbook.from_path(str(out / "strength.xlsx"))
    assert book.sheet_names == [
        "说明", "所需警力", "各时段", "各班次出警组", "敏感性", "下一个出警组",
    ]  # fmt: skip
    assert len(book.get_sheet_by_name("所需警力").to_python()) == len(rows) + 1


def test_a_log_gives_the_hours(tmp_path: Path) -> None:
    """Alerts at 09 and 21; a category that the log lacks has the mix of all."""

    def logged(case: Row) -> None:
        case["layers"]["alerts"] = {"path": "alerts.csv"}

    folder = write_case(tmp_path / "case", case=logged)
    lines = ["occurred_at,cell_id,category"]
    for day in range(1, 29):
        for hour, cell in ((9, "c11"), (9, "c21"), (21, "c31")):
            lines.append(f"2026-02-{day:02d} {hour:02d}:10,{cell},help")
    (folder / "alerts.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    drop_rates(folder)
    case = open_case(str(folder))
    share = log_hours(Prepared(case).load(case.scenario(None)))
    assert share is not None
    np.testing.assert_array_equal(np.flatnonzero(share[0]), [9, 21])
    assert share[0, 9] == 2 * share[0, 21]
    found = document("strength", folder, "--today", "--hourly")
    assert found["periods"] == "log"
    assert "alerts.hours" not in found["assumed"]
    first = next(u for u in found["today"]["units"] if u["unit_id"] == "01")
    busy = {p["name"]: p["officer_hours_a_day"]["scene"] for p in first["periods"]}
    assert len(busy) == 24
    # Station 01 has the alerts of 09 only; its category follows the county's hours all the same.
    assert [h for h, value in busy.items() if value > 0] == ["09", "21"]
    assert busy["09"] == pytest.approx(2 * busy["21"])
    assert set(first["periods"][0]["officer_hours_a_day"]) == set(SOURCES)


def drop_rates(folder: Path) -> None:
    path = folder / "cells.geojson"
    cells = json.loads(path.read_text(encoding="utf-8"))
    for feature in cells["features"]:
        for key in [k for k in feature["properties"] if k.startswith("alerts")]:
            del feature["properties"][key]
    path.write_text(json.dumps(cells, ensure_ascii=False), encoding="utf-8")


def table(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))
