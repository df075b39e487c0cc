"""Key areas: graded by night alerts, from hot spots to patrols, and whose ground they lie on."""

from __future__ import annotations

import csv
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import shapely
import yaml
from pydantic import ValidationError

from optimizer.alert_rules_visibility import WEEKS_PER_YEAR, Visibility, clock_span
from scenarios.alert_places import alerts_meant
from scenarios.case import open_case
from scenarios.hot_spots import study_hot_spots
from scenarios.key_areas import alerts_per_year_in, cell_rows_at, hours_in_shift
from scenarios.key_areas_hot import hot_key_areas
from scenarios.load import LoadedCase
from scenarios.prepared import Prepared
from tests.alert_case import log_rows, write_alert_case
from tests.command_line import command, document, refused, said
from tests.small_case import SOUTH, STEP, WEST, Row, write_case, write_csv

NIGHTLY, PLANTED = 120, (WEST + STEP * 9 + 0.003, SOUTH + STEP + 0.004)
"""Planted alerts round a place of station 05 between 20:00 and 22:00; as many by day."""


def two_centres(spec: Row) -> None:
    spec["policy"]["response"] = {"rural_min": 60}
    spec["policy"]["bundling"] = {"max_office_travel_min": 60, "max_bundle_size": 2, "centres": 2}


def load(case: Path) -> LoadedCase:
    opened = open_case(str(case))
    return Prepared(opened).load(opened.scenario(None))


def read(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


@pytest.fixture(scope="module")
def case(tmp_path_factory: pytest.TempPathFactory) -> Path:
    rows, rng = log_rows(), np.random.default_rng(9)
    for n in range(2 * NIGHTLY):
        at = np.datetime64("2026-01-31T20:00:00") + np.timedelta64(
            int(rng.integers(1, 55) * 1440 + rng.integers(120) - 600 * (n >= NIGHTLY)), "m"
        )
        east, north = rng.normal(0, 0.0015, 2)
        rows.append(
            {
                "occurred_at": str(at).replace("T", " ")[:19], "category": "criminal",
                "lon": round(PLANTED[0] + east, 6), "lat": round(PLANTED[1] + north, 6),
                "priority": 3,
            }
        )  # fmt: skip
    folder = tmp_path_factory.mktemp("keys") / "case"
    return write_alert_case(folder, rows, hot_spots={"grid_m": 500})


def test_grade_and_presence_by_hand() -> None:
    rules = Visibility()
    year = WEEKS_PER_YEAR
    assert rules.grade(2.0 * year) == ("red", 3)
    assert rules.grade(2.0 * year - 0.1) == ("yellow", 2)
    assert rules.grade(0.25 * year) == ("blue", 1)
    assert rules.grade(0.25 * year - 0.1) is None
    assert rules.presence(3, 480.0) == (45.0, 3)
    assert rules.presence(3, 40.0) == (30.0, 2)  # a third visit of 15 min does not go in
    assert rules.presence(1, 10.0) == (10.0, 1)


@pytest.mark.parametrize(
    ("text", "span"),
    [
        ("20:00-04:00", (1200, 480)),
        ("20：00至24:00", (1200, 240)),
        ("00:00-24:00", (0, 1440)),
        ("24:00-04:00", None),
        ("19:00-19:00", None),
        ("20:00-24:30", None),
        ("late", None),
    ],
)
def test_spans_of_the_clock(text: str, span: tuple[int, int] | None) -> None:
    assert clock_span(text) == span


@pytest.mark.parametrize(
    "wrong",
    [
        {"night": "late"},
        {"red": {"alerts_per_week": 0.5, "visits": 3}},
        {"yellow": {"alerts_per_week": 1.0, "visits": 4}},
    ],
)
def test_rules_that_make_no_sense_are_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        Visibility.model_validate(wrong)


def test_alerts_of_a_night_by_hand(tmp_path: Path) -> None:
    """Two parts of the day; the night takes 4 of the first 12 hours and 4 of the last."""

    def rhythm(spec: Row) -> None:
        halves = [{"name": "am", "hours": 12}, {"name": "pm", "hours": 12}]
        spec["alert_rhythm"] = {
            "periods": halves,
            "share_fraction": {"criminal": [0.3, 0.7], "other": [0.5, 0.5]},
        }

    county = load(write_case(tmp_path / "c", case=rhythm)).county
    assert hours_in_shift(county, 1200, 480).tolist() == [4.0, 4.0]
    assert hours_in_shift(county, 1080, 1440).tolist() == [12.0, 12.0]
    night = alerts_per_year_in(county, 1200, 480)
    # A cell of station 02: 6 criminal and 60 others a year.
    assert night[4] == pytest.approx(6 * (0.3 + 0.7) / 3 + 60 / 3)
    assert alerts_per_year_in(county, 1200, 240)[4] == pytest.approx(6 * 0.7 / 3 + 60 / 6)
    kept = np.array([c == "criminal" for c in county.categories])
    assert alerts_per_year_in(county, 1200, 240, kept)[4] == pytest.approx(6 * 0.7 / 3)


def test_a_place_by_night_is_a_key_area_with_its_night_alerts(case: Path) -> None:
    """Half of what was planted came by day and does not count; the point is the square's middle."""
    loaded = load(case)
    meant = alerts_meant(loaded, None, ("criminal",), None, None, None)
    study = study_hot_spots(meant)
    found = hot_key_areas(study, str)
    assert found.window == "20:00-04:00"
    top = found.areas[0]
    spot = next(s for s in study.spots if top.area_id.split("-")[0] == f"H{s.rank}")
    points, grid = meant.points, study.grid
    assert points is not None
    assert grid is not None
    hour = points.occurred_at.astype("datetime64[h]").astype(int) % 24
    keys = [grid.key(i) if i >= 0 else "" for i in grid.square_of(points.x_m, points.y_m).tolist()]
    by_night = sum(k in spot.keys and (h >= 20 or h < 4) for k, h in zip(keys, hour, strict=True))
    own = [a for a in found.areas if a.area_id.split("-")[0] == f"H{spot.rank}"]
    assert sum(a.alerts_per_year or 0 for a in own) == pytest.approx(by_night / meant.years)
    assert by_night < spot.alerts / 1.5
    assert abs(top.lon_deg - PLANTED[0]) < 0.005
    assert abs(top.lat_deg - PLANTED[1]) < 0.005
    assert all(a.modelled for a in found.areas)


def test_hours_asked_for_are_the_window(case: Path) -> None:
    meant = alerts_meant(load(case), None, ("criminal",), "20-22", None, None)
    found = hot_key_areas(study_hot_spots(meant), str)
    assert found.window == "20:00-22:00"
    assert sum(a.alerts_per_year or 0 for a in found.areas) > 0.8 * NIGHTLY / meant.years
    assert all(a.closes_min == 120 for a in found.areas)
    none = replace(study_hot_spots(meant), spots=())
    assert hot_key_areas(none, str).areas == ()


def test_key_areas_of_a_hot_spot_are_apart(case: Path) -> None:
    loaded = load(case)
    rules = loaded.case.spec.alert_rules
    low = {"alerts_per_week": 0.001, "visits": 1}
    for apart_m, most in ((0.0, 20), (1200.0, 20), (0.0, 1)):
        changed = Visibility.model_validate(
            {"red": {"alerts_per_week": 50, "visits": 3}, "yellow": low, "blue": low,
             "apart_m": apart_m, "most_per_hot_spot": most}
        )  # fmt: skip
        spec = loaded.case.spec.model_copy(
            update={"alert_rules": rules.model_copy(update={"visibility": changed})}
        )
        other = replace(loaded, case=replace(loaded.case, spec=spec))
        study = study_hot_spots(alerts_meant(other, None, (), None, None, None))
        found = hot_key_areas(study, str)
        numbers = [a.area_id.split("-")[0] for a in found.areas]
        assert max(numbers.count(n) for n in numbers) <= most
        if apart_m:
            assert len(set(numbers)) < len(numbers)
        for a in found.areas:
            for b in found.areas:
                if a is not b and a.area_id.split("-")[0] == b.area_id.split("-")[0]:
                    north = (a.lat_deg - b.lat_deg) * 111_000
                    east = (a.lon_deg - b.lon_deg) * 111_000 * np.cos(np.radians(30.2))
                    assert np.hypot(north, east) >= apart_m * 0.98


def test_from_hot_spots_to_patrols(case: Path, tmp_path: Path) -> None:
    """The table goes in as it came out; a centre takes what lies on its ground."""
    out = tmp_path / "hot"
    text = said("hotspots", case, "--out", out)
    rows = read(out / "key_areas.csv")
    assert {r["origin"] for r in rows} == {"modelled"}
    assert f"20:00-04:00: {len(rows)} (red" in text
    loaded = load(case)
    county = loaded.county
    lon, lat = (np.array([float(r[k]) for r in rows]) for k in ("lon", "lat"))
    station = county.cells.station[cell_rows_at(loaded, lon, lat)]
    owner = county.stations.station_id[int(station[0])]
    store = tmp_path / "kept.sqlite"
    run = document("run", case, "--store", store)["run_id"]
    found = document(
        "patrols", run, "--store", store, "--centre", owner, "--key-areas", out / "key_areas.csv",
        "--reserve", 0, "--vehicles", 2,
    )  # fmt: skip
    own = [
        r["key_area_id"]
        for r, s in zip(rows, station.tolist(), strict=True)
        if county.stations.station_id[s] in found["station_ids"]
    ]
    assert [a["area_id"] for a in found["key_areas"]] == own
    assert found["key_areas_elsewhere"] == len(rows) - len(own)
    assert found["key_areas_modelled"] is True


@pytest.fixture(scope="module")
def layered(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A case with key areas as a layer, and the same without."""
    folder = tmp_path_factory.mktemp("layered")

    def with_layer(spec: Row) -> None:
        two_centres(spec)
        spec["layers"]["key_areas"] = {"path": "areas.csv", "crs": "WGS84"}

    plain = write_case(folder / "plain", case=two_centres)
    case = write_case(folder / "case", case=with_layer)
    rows = [
        {"编号": f"k{s}", "名称": f"夜市{s}", "经度": WEST + STEP * (2 * s + 1),
         "纬度": SOUTH + STEP * 0.6, "驻守分钟": 20, "等级": "红", "派出所": ""}
        for s in range(6)
    ]  # fmt: skip
    # Over the county's border: nobody's, and by the column station 02's.
    rows.append(rows[0] | {"编号": "off", "经度": WEST - 0.1})
    rows.append(rows[0] | {"编号": "said", "经度": WEST - 0.1, "派出所": "乙派出所"})
    write_csv(case / "areas.csv", rows)
    return case, plain


def test_layer_of_the_case_is_patrolled(layered: tuple[Path, Path], tmp_path: Path) -> None:
    case, plain = layered
    assert load(case).county.digest == load(plain).county.digest  # no input of a plan
    store = tmp_path / "kept.sqlite"
    run = document("run", case, "--store", store)["run_id"]
    asked = ("patrols", run, "--store", store, "--centre", "乙", "--reserve", 0)
    found = document(*asked)
    own = {int(s) - 1 for s in found["station_ids"]}
    assert {a["area_id"] for a in found["key_areas"]} == {f"k{s}" for s in own} | {"said"}
    assert (found["key_areas_elsewhere"], found["key_areas_off_ground"]) == (6 - len(own), 1)
    assert found["key_areas_modelled"] is False
    assert {a["grade"] for a in found["key_areas"]} == {"red"}
    text = said(*asked)
    assert f"areas.csv: {len(own) + 1} key areas on this ground; left out {6 - len(own)}" in text


@pytest.mark.parametrize(
    ("change", "word"),
    [
        ({"派出所": "庚派出所"}, "an id or a name of"),
        ({"驻守分钟": "long"}, "long"),
        ({"等级": "green"}, "green"),
        ({"编号": "k1"}, "k1"),
    ],
)
def test_a_wrong_row_is_said(
    layered: tuple[Path, Path], tmp_path: Path, change: dict[str, str], word: str
) -> None:
    case, _plain = layered
    rows = read(case / "areas.csv")
    rows[0] |= change
    write_csv(tmp_path / "areas.csv", list(rows))
    store = tmp_path / "kept.sqlite"
    text = refused(
        "patrols", case, "--store", store, "--centre", "乙", "--key-areas", tmp_path / "areas.csv"
    )
    assert word in text
    assert "areas.csv" in text


def test_validate_reads_the_layer(layered: tuple[Path, Path], tmp_path: Path) -> None:
    case, _plain = layered
    assert command("validate", case, "--lang", "en").exit_code == 0
    folder = tmp_path / "bad"
    folder.mkdir()
    for file in case.iterdir():
        if file.is_file():
            (folder / file.name).write_bytes(file.read_bytes())
    spec = yaml.safe_load((folder / "case.yaml").read_text(encoding="utf-8"))
    assert spec["layers"]["key_areas"]
    rows = read(folder / "areas.csv")
    rows[2]["驻守分钟"] = "-5"
    write_csv(folder / "areas.csv", list(rows))
    done = command("validate", folder, "--lang", "en")
    assert done.exit_code == 2
    assert "areas.csv" in done.output


def test_no_key_area_on_the_ground_is_refused(layered: tuple[Path, Path], tmp_path: Path) -> None:
    case, _plain = layered
    write_csv(tmp_path / "one.csv", [r for r in read(case / "areas.csv") if r["编号"] == "off"])
    text = refused(
        "patrols", case, "--store", tmp_path / "kept.sqlite", "--centre", "乙", "--key-areas",
        tmp_path / "one.csv",
    )  # fmt: skip
    assert "at least one key area on the ground of" in text


def test_cells_known_as_points_take_the_nearest(layered: tuple[Path, Path]) -> None:
    loaded = load(layered[0])
    cells = loaded.county.cells
    lon = np.array([cells.lon_deg[5] + 0.001, WEST - 0.3])
    lat = np.array([cells.lat_deg[5], cells.lat_deg[0]])
    assert cell_rows_at(loaded, lon, lat).tolist() == [5, -1]
    bare = replace(loaded, cell_geometry=None)
    assert cell_rows_at(bare, lon, lat).tolist() == [5, 0]
    box = shapely.box(WEST, SOUTH, WEST + 12 * STEP, SOUTH + 2 * STEP)
    assert cell_rows_at(replace(bare, outline=box), lon, lat).tolist() == [5, -1]


def test_rates_and_their_rhythm_give_night_alerts(tmp_path: Path) -> None:
    """A case without a log: a cell's yearly rate times the night's share, by hand."""

    def rhythm(spec: Row) -> None:
        spec["alert_rhythm"] = {
            "periods": [{"name": "night", "hours": 4}, {"name": "day", "hours": 16},
                        {"name": "evening", "hours": 4}],
            "share_fraction": {"other": [0.1, 0.7, 0.2]},
        }  # fmt: skip
        spec["alert_rules"] = {"hot_spots": {"false_discovery_fraction": 0.5}}

    loaded = load(write_case(tmp_path / "c", case=rhythm))
    study = study_hot_spots(alerts_meant(loaded, None, ("help",), None, None, None))
    found = hot_key_areas(study, str)
    assert study.places == "cells"
    assert not found.even
    bare = load(write_case(tmp_path / "bare"))
    even = study_hot_spots(alerts_meant(bare, None, (), None, None, None))
    assert hot_key_areas(even, str).even
    helped = loaded.county.categories.index("help")
    rates = loaded.county.cells.alerts_per_year[:, helped]
    row = {c: i for i, c in enumerate(loaded.county.cells.cell_id)}
    expected = sum(rates[row[k]] for s in study.spots for k in s.keys) * 0.3
    assert found.areas
    assert sum(a.alerts_per_year or 0 for a in found.areas) == pytest.approx(expected)
