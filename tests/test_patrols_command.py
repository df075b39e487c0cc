"""`jingli patrols`: a case or a kept run, on the console, as JSON and as files."""

from __future__ import annotations

import csv
from functools import partial
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest
from rich.cells import cell_len

from optimizer.workload import demand_of
from scenarios.commands.common import opened_store
from scenarios.opened import open_asked
from scenarios.patrols_task import expected_alert_min, pace_of
from tests.command_line import command, document, refused, said
from tests.small_case import SOUTH, STEP, WEST, Row, write_case, write_csv


def two_centres(spec: Row) -> None:
    spec["policy"]["response"] = {"rural_min": 60}
    spec["policy"]["bundling"] = {"max_office_travel_min": 60, "max_bundle_size": 2, "centres": 2}


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> tuple[object, ...]:
    """How a kept run of the case is named."""
    folder = tmp_path_factory.mktemp("small")
    case = write_case(folder / "case", case=two_centres)
    store = folder / "kept.sqlite"
    return (document("run", case, "--store", store)["run_id"], "--store", store)


def areas(folder: Path, **changes: Any) -> Path:
    rows = [
        {
            "key_area_id": one, "name": one, "lon": WEST + STEP * x, "lat": SOUTH + STEP,
            "minutes": 30, "visits": 1, "window": "", "minutes_today": today,
        }
        for one, x, today in (("market", 3, 30), ("school", 3.6, 0))
    ]  # fmt: skip
    rows[0] |= changes
    path = folder / "areas.csv"
    write_csv(path, rows)
    return path


def test_shift_is_proven_and_told_by_the_clock(kept: tuple[object, ...], tmp_path: Path) -> None:
    path = areas(tmp_path, window="22:00-23:00")
    found = document(
        "patrols", *kept, "--centre", "乙", "--key-areas", path, "--reserve", 0, "--vehicles", 1
    )
    assert found["status"] == "OPTIMAL"
    assert (found["key_areas_covered"], found["key_areas_covered_today"]) == (2, 1)
    (plan,) = found["variants"]
    market = next(s for s in plan["stops"] if s["name"] == "market")
    assert "22:00" <= market["begins"] <= "22:30"
    assert found["missed_min"] == 0.0
    assert found["drive_min"] == pytest.approx(plan["drive_min"])
    assert [a["minutes_given"] for a in found["key_areas"]] == [30.0, 30.0]


def test_who_waits_is_seen_on_top(kept: tuple[object, ...], tmp_path: Path) -> None:
    """Two windows apart: after the first the vehicle waits at the second until it opens."""
    path = areas(tmp_path, window="20:00-21:00")
    with path.open(encoding="utf-8", newline="") as file:
        rows: list[Row] = list(csv.DictReader(file))
    rows[1]["window"] = "23:00-24:00"
    write_csv(path, rows)
    asked = ("patrols", *kept, "--centre", "乙", "--key-areas", path, "--reserve", 0)
    found = document(*asked)
    first, second = found["key_areas"]
    assert (first["minutes_waiting"], second["minutes_given"]) == (0.0, 30.0)
    (plan,) = found["variants"]
    drives = [s["drive_min"] for s in plan["stops"]]
    # Out, 30 minutes there, on to the second; it opens 180 minutes after the start.
    assert second["minutes_waiting"] == pytest.approx(180 - 30 - sum(drives), abs=0.1)
    assert found["waits_min"] == pytest.approx(second["minutes_waiting"])
    assert f"On top: {found['waits_min']:.0f} min" in said(*asked)


def test_two_visits_of_a_place_are_no_long_stay(kept: tuple[object, ...], tmp_path: Path) -> None:
    """Between them the vehicle goes elsewhere, or by the centre, where it is shown."""
    path = areas(tmp_path, visits=2)
    with path.open(encoding="utf-8", newline="") as file:
        rows: list[Row] = list(csv.DictReader(file))
    write_csv(path, rows[:1])
    asked = ("patrols", *kept, "--centre", "乙", "--key-areas", path, "--reserve", 0)
    found = document(*asked, "--out", tmp_path / "out")
    (plan,) = found["variants"]
    first, second = (stop["drive_min"] for stop in plan["stops"])
    assert first > 0
    assert second == pytest.approx(2 * first, abs=0.02)
    assert plan["drive_min"] == pytest.approx(4 * first, abs=0.05)
    assert said(*asked).count(found["centre"]) == 4  # heading, out, between, home
    track = ET.parse(tmp_path / "out" / "patrol_1.gpx").getroot()
    assert len(track.findall(".//{*}trkseg")) == 4


def test_alerts_stretch_the_shift(kept: tuple[object, ...], tmp_path: Path) -> None:
    """240 of 480 minutes for alerts: a minute of patrol takes two by the clock."""
    assert pace_of(480, 240) == 2.0
    path = areas(tmp_path)
    options = ("patrols", *kept, "--centre", "乙", "--key-areas", path)
    free = document(*options, "--reserve", 0)
    busy = document(*options, "--reserve", 240)
    assert busy["drive_min"] == pytest.approx(free["drive_min"], abs=0.1)
    stop = busy["variants"][0]["stops"][0]
    start, end = (int(stop[k][:2]) * 60 + int(stop[k][3:]) for k in ("begins", "leaves"))
    assert abs(end - start - 60) <= 1
    full = document(*options, "--reserve", 440, exit_code=1)
    assert full["missed_min"] > 0
    assert {a["missed_because"] for a in full["key_areas"]} <= {None, "time", "window"}


def test_expected_alerts_are_the_offered_load(kept: tuple[object, ...]) -> None:
    """All day and all cells of a station: what the offered load says of 24 hours."""
    opened = open_asked(str(kept[0]), None, (), partial(opened_store, str(kept[2]), make=False))
    county = opened.loaded.county
    demand = demand_of(county, opened.loaded.policy)
    own = county.cells.station == 1
    travel = county.travel_time_min[1, own]
    load = (demand.scene_crew_min_per_hour + 0.0)[own] + demand.jobs_per_hour[own] * 2 * travel[
        :, None
    ]
    day = float(load.sum(axis=0) @ county.period_hours)
    assert expected_alert_min(opened.loaded, ("02",), 1, 0, 1440) == pytest.approx(day)
    assert expected_alert_min(opened.loaded, ("02",), 1, 1200, 1440) == pytest.approx(day)


def test_files_hold_together(kept: tuple[object, ...], tmp_path: Path) -> None:
    out = tmp_path / "out"
    command("patrols", *kept, "--centre", "乙", "--reserve", 0, "--variants", 3, "--out", out)
    with (out / "timetable.csv").open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    variants = sorted({r["variant"] for r in rows})
    assert len(variants) == 3
    for v in variants:
        root = ET.parse(out / f"patrol_{v}.gpx").getroot()
        ns = {"g": "http://www.topografix.com/GPX/1/1"}
        assert len(root.findall("g:wpt", ns)) == sum(r["variant"] == v for r in rows)
        assert len(root.findall("g:trk", ns)) == 1
        assert len(root.findall(".//g:trkpt", ns)) > 2
    assert (out / "patrols.png").stat().st_size > 10_000


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_console_holds_at_80_columns(kept: tuple[object, ...], lang: str) -> None:
    text = command("patrols", *kept, "--centre", "乙", "--reserve", 30, "--lang", lang).output
    assert max(cell_len(line) for line in text.splitlines()) <= 80
    assert {"en": "key areas modelled", "zh": "重点部位为推算"}[lang] in text.replace("\n", "")


@pytest.mark.parametrize(
    ("changes", "options", "word"),
    [
        ({"window": "19:00-19:30"}, (), "30 minutes outside"),
        ({"window": "soon"}, (), "by the clock"),
        ({"window": "22:00-22:10"}, (), "no more minutes than its window has: 10"),
        ({"minutes": 470}, (), "20 are missing"),
        ({}, ("--reserve", 480), "480 of 480"),
        ({}, ("--shift", "late"), "by the clock"),
    ],
)
def test_bad_input_is_said(
    kept: tuple[object, ...],
    tmp_path: Path,
    changes: dict[str, Any],
    options: tuple[object, ...],
    word: str,
) -> None:
    path = areas(tmp_path, **changes)
    text = refused("patrols", *kept, "--centre", "乙", "--key-areas", path, *options)
    assert word in " ".join(text.split())


def test_unknown_centre_is_named(kept: tuple[object, ...]) -> None:
    assert "--centre" in refused("patrols", *kept, "--centre", "nowhere")
