"""Each bad input: one clear message with the place, exit code 2, and no output folder."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from scenarios.cli import jingli
from tests.permissions import without_root
from tests.small_case import Row, cell_rows, write_case, write_cells, write_csv

Rows = list[Row]


def run(folder: Path | str, out: Path) -> tuple[int, str]:
    done = CliRunner().invoke(jingli, ["run", str(folder), "--out", str(out), "--lang", "en"])
    if done.exception is not None and not isinstance(done.exception, SystemExit):
        raise done.exception
    return done.exit_code, done.output


def refused(folder: Path | str, out: Path, *said: str) -> str:
    code, output = run(folder, out)
    assert code == 2, output
    assert not out.exists()
    assert not [p for p in out.parent.iterdir() if p.name.startswith(".out")]
    for one in said:
        assert one in output, output
    return output


def setting(row: int, column: str, value: Any) -> Callable[[Rows], None]:
    def change(rows: Rows) -> None:
        rows[row][column] = value

    return change


def test_the_small_case_runs(tmp_path: Path) -> None:
    code, output = run(write_case(tmp_path / "case"), tmp_path / "out")
    assert code == 0, output
    assert (tmp_path / "out" / "plan.json").exists()


def test_missing_file(tmp_path: Path) -> None:
    folder = write_case(tmp_path / "case")
    (folder / "cells.geojson").unlink()
    refused(folder, tmp_path / "out", "cells.geojson")


def test_all_files_are_reported_at_once(tmp_path: Path) -> None:
    folder = write_case(tmp_path / "case", stations=setting(2, "officers", "six"))
    (folder / "cells.geojson").unlink()
    refused(folder, tmp_path / "out", "cells.geojson", "stations.csv line 4", "six")


def test_unknown_key(tmp_path: Path) -> None:
    def typo(case: Row) -> None:
        case["polcy"] = {}

    folder = write_case(tmp_path / "case", case=typo)
    refused(folder, tmp_path / "out", "polcy", "did you mean policy?")


def test_wrong_encoding(tmp_path: Path) -> None:
    folder = write_case(tmp_path / "case")
    (folder / "stations.csv").write_bytes(b"station_id,name\n01,\xff\xfe\xff\n")
    refused(folder, tmp_path / "out", "stations.csv", "GB18030")


def test_missing_column(tmp_path: Path) -> None:
    def drop(rows: Rows) -> None:
        for row in rows:
            del row["officers"]

    refused(write_case(tmp_path / "case", stations=drop), tmp_path / "out", "officers", "民警")


def test_text_in_a_number(tmp_path: Path) -> None:
    folder = write_case(tmp_path / "case", stations=setting(1, "officers", "很多"))
    refused(folder, tmp_path / "out", "stations.csv line 3", "officers = 很多")


def test_latitude_and_longitude_swapped(tmp_path: Path) -> None:
    def swap(rows: Rows) -> None:
        for row in rows:
            row["lon"], row["lat"] = row["lat"], row["lon"]

    refused(write_case(tmp_path / "case", stations=swap), tmp_path / "out", "swapped")


@pytest.mark.usefixtures("no_pictures_here")
def test_gcj02_declared_as_wgs84_warns(tmp_path: Path) -> None:
    """Seats near their jurisdictions' eastern edge, shifted as GCJ-02 is, fall out of them."""
    from geo.crs import from_wgs84

    def shift(rows: Rows) -> None:
        for row in rows[:-1]:
            row["lon"] = round(row["lon"] + 0.02, 6)
        for row in rows:
            lon, lat = from_wgs84([row["lon"]], [row["lat"]], "GCJ02")
            row["lon"], row["lat"] = float(lon[0]), float(lat[0])

    folder = write_case(tmp_path / "case", stations=shift)
    code, output = run(folder, tmp_path / "out")
    assert code == 0, output
    assert "GCJ" in output
    assert "300" in output


def test_duplicate_ids(tmp_path: Path) -> None:
    folder = write_case(tmp_path / "case", stations=setting(3, "station_id", "03"))
    refused(folder, tmp_path / "out", "stations.csv line 5", "03")


def test_station_outside_every_cell(tmp_path: Path) -> None:
    folder = write_case(tmp_path / "case", stations=setting(2, "lat", 31.5))
    refused(folder, tmp_path / "out", "stations.csv line 4", "inside one of the cells")


def test_cells_of_no_station(tmp_path: Path) -> None:
    folder = write_case(tmp_path / "case", cells=setting(5, "station_id", "99"))
    refused(folder, tmp_path / "out", "cells.geojson", "99", "station_id of stations.csv")


def test_station_without_cells(tmp_path: Path) -> None:
    def take(rows: Rows) -> None:
        for row in rows:
            if row["station_id"] == "06":
                row["station_id"] = "05"

    folder = write_case(tmp_path / "case", cells=take)
    refused(folder, tmp_path / "out", "stations.csv line 7", "at least one cell")


@pytest.mark.parametrize("officers", [-3, 31])
def test_officers_negative_or_above_the_building(tmp_path: Path, officers: int) -> None:
    folder = write_case(tmp_path / "case", stations=setting(4, "officers", officers))
    refused(folder, tmp_path / "out", "stations.csv line 6", f"officers = {officers}")


def test_no_alerts(tmp_path: Path) -> None:
    def silence(rows: Rows) -> None:
        for row in rows:
            row["alerts_per_year_criminal"] = row["alerts_per_year_help"] = 0

    refused(write_case(tmp_path / "case", cells=silence), tmp_path / "out", "at least one alert")


@pytest.mark.parametrize("name", ["stations.csv", "cells.geojson", "squads.csv"])
def test_empty_file(tmp_path: Path, name: str) -> None:
    folder = write_case(tmp_path / "case")
    (folder / name).write_bytes(b"")
    refused(folder, tmp_path / "out", name)


@pytest.mark.usefixtures("no_pictures_here")
@pytest.mark.parametrize("year", ["1970", "2099"])
def test_an_alert_in_an_impossible_year_is_set_aside(tmp_path: Path, year: str) -> None:
    folder = log_case(tmp_path / "case", f"{year}-05-01 10:00")
    code, output = run(folder, tmp_path / "out")
    assert code == 0, output
    record = (tmp_path / "out" / "quarantine.csv").read_text(encoding="utf-8-sig")
    assert year in record
    assert "alerts" in record


@pytest.mark.usefixtures("no_pictures_here")
def test_an_alert_logged_twice_is_counted_once(tmp_path: Path) -> None:
    folder = log_case(tmp_path / "case", "2025-05-01 10:00")
    log = folder / "alerts.csv"
    head, *rows = log.read_text(encoding="utf-8").splitlines()
    rows = [f"{row},A{n}" for n, row in enumerate(rows)]
    text = "\n".join([f"{head},alert_id", *rows, rows[2]]) + "\n"
    log.write_text(text, encoding="utf-8")
    code, output = run(folder, tmp_path / "out")
    assert code == 0, output
    record = (tmp_path / "out" / "quarantine.csv").read_text(encoding="utf-8-sig")
    assert f"alerts,{len(rows) + 2},alert_id,A2," in record
    quality = (tmp_path / "out" / "quality.csv").read_text(encoding="utf-8-sig")
    assert f"alerts,alerts.csv,{len(rows) + 1},{len(rows)},1,0,1," in quality


def log_case(folder: Path, odd_time: str) -> Path:
    def with_log(case: Row) -> None:
        case["layers"]["alerts"] = {"path": "alerts.csv", "crs": "WGS84"}

    def no_rates(rows: Rows) -> None:
        for row in rows:
            del row["alerts_per_year_criminal"], row["alerts_per_year_help"]

    write_case(folder, case=with_log, cells=no_rates)
    alerts: Rows = [
        {
            "occurred_at": f"2025-{1 + i % 12:02d}-{1 + i % 28:02d} {i % 24:02d}:30",
            "lon": 107.31 + 0.04 * (i % 6),
            "lat": 30.21,
            "category": "help",
        }
        for i in range(240)
    ]
    alerts.append({"occurred_at": odd_time, "lon": 107.31, "lat": 30.21, "category": "help"})
    write_csv(folder / "alerts.csv", alerts)
    return folder


def test_a_station_unreachable_by_road(tmp_path: Path) -> None:
    """A broken bridge: the third station stands west of it, two of its cells lie east of it."""

    def with_roads(case: Row) -> None:
        case["layers"]["roads"] = {"path": "roads.geojson", "crs": "WGS84"}

    folder = write_case(tmp_path / "case", case=with_roads)
    banks = [(107.30, 107.397), (107.409, 107.54)]
    features = [
        {
            "type": "Feature",
            "properties": {"road_class": "county"},
            "geometry": {"type": "LineString", "coordinates": [[a, 30.219], [b, 30.219]]},
        }
        for a, b in banks
    ]
    collection = {"type": "FeatureCollection", "features": features}
    (folder / "roads.geojson").write_text(json.dumps(collection), encoding="utf-8")
    output = refused(folder, tmp_path / "out", "roads 丙派出所 = c32, c34", "a way by road")
    assert "乙派出所" not in output.split("roads 丙")[1].splitlines()[0]


def test_a_rule_that_forbids_everything_is_no_plan_not_bad_input(tmp_path: Path) -> None:
    def forbid(case: Row) -> None:
        case["policy"]["bundling"] = {"max_office_travel_min": 0.1, "centres": 2}

    out = tmp_path / "out"
    code, output = run(write_case(tmp_path / "case", case=forbid), out)
    assert code == 1, output
    assert "INFEASIBLE" in output
    assert "bundling.max_office_travel_min" in output
    assert "bundling.centres" in output
    assert not out.exists()


@pytest.mark.skipif(os.name == "nt", reason="permissions of this kind do not exist on Windows")
def test_a_folder_without_read_permission(tmp_path: Path) -> None:
    folder = write_case(tmp_path / "case")
    run(folder, tmp_path / "first")  # loads every library while we may still read it
    folder.chmod(0)
    with without_root():
        code, output = run(folder, tmp_path / "out")
    folder.chmod(0o755)
    assert code == 2, output
    assert "read permission" in output


@pytest.mark.skipif(os.name == "nt", reason="permissions of this kind do not exist on Windows")
def test_a_folder_below_a_locked_one(tmp_path: Path) -> None:
    folder = write_case(tmp_path / "locked" / "case")
    run(folder, tmp_path / "first")
    folder.parent.chmod(0)
    with without_root():
        code, output = run(folder, tmp_path / "out")
    folder.parent.chmod(0o755)
    assert code == 2, output
    assert "read permission" in output


def test_html_and_formula_characters_in_names_are_harmless(tmp_path: Path) -> None:
    def name(rows: Rows) -> None:
        rows[1]["name"] = "<script>alert(1)</script>"
        rows[2]["name"] = '=HYPERLINK("http://evil","x")'

    out = tmp_path / "out"
    code, output = run(write_case(tmp_path / "case", stations=name), out)
    assert code == 0, output
    for table in out.glob("*.csv"):
        for line in table.read_text(encoding="utf-8-sig").splitlines():
            assert not line.startswith("=")
            assert ',"=' not in line
            assert ",=" not in line
    assert "<script>" not in (out / "map.svg").read_text(encoding="utf-8")


@pytest.mark.usefixtures("no_pictures_here")
def test_rates_beside_a_log_are_not_dropped_in_silence(tmp_path: Path) -> None:
    folder = log_case(tmp_path / "case", "2025-05-01 10:00")
    write_cells(folder / "cells.geojson", cell_rows())
    code, output = run(folder, tmp_path / "out")
    assert code == 0, output
    assert "the log counts" in " ".join(output.split())


@pytest.mark.usefixtures("no_pictures_here")
def test_dissolving_squads_that_are_not_given_is_warned_of(tmp_path: Path) -> None:
    def without(case: Row) -> None:
        del case["layers"]["squads"]

    code, output = run(write_case(tmp_path / "case", case=without), tmp_path / "out")
    assert code == 0, output
    assert "a squads layer" in " ".join(output.split())


@pytest.mark.usefixtures("no_pictures_here")
def test_handing_over_roads_of_no_length_is_warned_of(tmp_path: Path) -> None:
    def unmanaged(case: Row) -> None:
        case["policy"]["roads"] = {"managed_classes": ["expressway"]}

    code, output = run(write_case(tmp_path / "case", case=unmanaged), tmp_path / "out")
    assert code == 0, output
    assert "roads that squads manage" in " ".join(output.split())


def test_a_blank_station_hides_no_other_wrong_one(tmp_path: Path) -> None:
    def change(rows: Rows) -> None:
        rows[5]["station_id"] = ""
        rows[9]["station_id"] = "99"
        rows[13]["station_id"] = "99"

    def squads(rows: Rows) -> None:
        rows[0]["stations"] = "02;77"

    folder = write_case(tmp_path / "case", cells=change, squads=squads)
    output = " ".join(
        refused(folder, tmp_path / "out", "cells.geojson", "squads.csv", "77").split()
    )
    assert "feature 6 station_id: expected a value in every row" in output
    for row in (10, 14):
        assert f"feature {row} station_id = 99: expected a station_id of stations.csv" in output


def test_a_station_that_cannot_be_read_makes_no_false_alarm(tmp_path: Path) -> None:
    folder = write_case(tmp_path / "case", stations=setting(2, "officers", "six"))
    output = refused(folder, tmp_path / "out", "six")
    assert "1 problem(s)" in output


def test_rows_set_aside_say_why_in_chinese(tmp_path: Path) -> None:
    def none(case: Row) -> None:
        case["layers"]["cells"]["no_station"] = ["00"]
        case["layers"]["alerts"] = {"path": "alerts.csv", "crs": "WGS84"}

    folder = write_case(tmp_path / "case", cells=setting(5, "station_id", "00"), case=none)
    rows = [{"occurred_at": f"2024-0{m}-01 08:00", "cell_id": "c11"} for m in range(1, 10)]
    rows += [{"occurred_at": "soon", "cell_id": "c11"},
             {"occurred_at": "2024-12-31 23:00", "cell_id": "zz"}]  # fmt: skip
    write_csv(folder / "alerts.csv", rows)
    done = CliRunner().invoke(
        jingli, ["validate", str(folder), "--out", str(tmp_path / "out"), "--lang", "zh"]
    )
    record = (tmp_path / "out" / "quarantine.csv").read_text(encoding="utf-8-sig")
    assert "no_station 说明该单元不属任何派出所" in record
    assert "单元图层中的 cell_id" in record
    assert "expected" not in record
    assert "--out 文件夹" in done.output
