"""Alerts counted into rates, and points whose datum was declared wrong."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binomtest

from geo.alerts import PERIOD_NAMES, _sign_test, alert_rates, datum_shift_warning
from geo.columns import Column, Schema
from geo.crs import from_wgs84
from geo.faults import Reason
from geo.plane import GeometryArray, plane_at
from geo.readers import Source, Table, read_table

CELLS: GeometryArray = np.array(
    [shapely.box(107.0, 30.0, 107.1, 30.1), shapely.box(107.1, 30.0, 107.2, 30.1)], dtype=object
)
IDS = ("a", "b")
MID_LON, MID_LAT = np.array([107.05, 107.15]), np.array([30.05, 30.05])


def log(times: list[str], headers: dict[str, str] | None = None, **columns: list[Any]) -> Table:
    frame = pd.DataFrame(
        {"row": np.arange(len(times)) + 2, "occurred_at": pd.to_datetime(times, format="ISO8601")}
    )
    for name, values in columns.items():
        frame[name] = pd.Series(values, dtype=object if isinstance(values[0], str) else None)
    return Table(
        source=Source(layer="alerts", path=Path("a.csv"), shown="alerts.csv", strict=False),
        frame=frame, geometry=None, problems=(), quarantined=pd.DataFrame(),
        rows_read=len(times), duplicates=0, missing={}, headers=headers or {}, counted="line {row}",
    )  # fmt: skip


YEAR = ["2025-01-01 03:59", "2025-12-31 04:00"]  # 365 days, the first and the last counted


def test_rates_and_rhythm_by_hand() -> None:
    table = log(
        [*YEAR, "2025-06-01 23:59:59", "2025-06-02 00:00", "2025-06-03 12:00"],
        lon_deg=[107.05, 107.05, 107.15, 107.15, 107.05],
        lat_deg=[30.05] * 5,
        category=["盗窃", "盗窃", "盗窃", "事故", "事故"],
    )
    found = alert_rates(table, IDS, CELLS, MID_LON, MID_LAT)
    assert found.categories == ("事故", "盗窃")
    assert found.years == 1.0
    assert found.alerts_per_year.tolist() == [[1.0, 2.0], [1.0, 1.0]]
    assert found.period_names == PERIOD_NAMES
    assert found.period_hours.tolist() == [4.0] * 6
    assert found.period_share_fraction == pytest.approx(
        np.array([[1 / 2, 0, 0, 1 / 2, 0, 0], [1 / 3, 1 / 3, 0, 0, 0, 1 / 3]])
    )
    assert found.outside == 0
    assert found.problems == ()
    assert list(found.quarantined.columns) == ["row", "column", "value", "reason"]
    assert len(found.quarantined) == 0


def test_rates_are_per_365_days() -> None:
    table = log(["2023-01-01", "2025-12-30"], lon_deg=[107.05] * 2, lat_deg=[30.05] * 2)
    found = alert_rates(table, IDS, CELLS, MID_LON, MID_LAT)
    assert found.years == 1095 / 365
    assert found.alerts_per_year[0, 0] == pytest.approx(2 / 3)
    assert found.categories == ("other",)


def test_points_outside_are_counted_and_set_aside() -> None:
    table = log(
        [*YEAR, YEAR[0]],
        headers={"cell_id": "单元"},
        lon_deg=[107.05, 108.0, np.nan],
        lat_deg=[30.05, 30.05, np.nan],
    )
    found = alert_rates(table, IDS, CELLS, MID_LON, MID_LAT)
    assert found.outside == 1
    assert found.alerts_per_year.sum() == pytest.approx(365.0)  # one alert in a log of one day
    assert found.quarantined["row"].tolist() == [3, 4]
    assert found.quarantined["value"].tolist() == ["108.000000, 30.050000", ""]
    assert "inside one of the cells" in found.quarantined["reason"][0].text()
    said = [p.text() for p in found.problems]
    assert any("1 of 3 lie outside all of them" in s for s in said)
    assert any("1 of 3 have none" in s for s in said)
    assert {p.severity for p in found.problems} == {"warning"}


def test_cell_id_goes_before_the_place() -> None:
    table = log(
        [*YEAR, YEAR[0], YEAR[1]],
        headers={"cell_id": "单元"},
        cell_id=["b", "zz", None, "a"],
        lon_deg=[107.05, 107.05, 107.05, np.nan],
        lat_deg=[30.05, 30.05, 30.05, np.nan],
    )
    found = alert_rates(table, IDS, CELLS, MID_LON, MID_LAT)
    assert found.alerts_per_year.tolist() == [[2.0], [1.0]]
    assert found.quarantined.to_dict("records") == [
        {
            "row": 3,
            "column": "单元",
            "value": "zz",
            "reason": Reason(expected="a cell_id of the cells layer"),
        }
    ]
    assert found.outside == 0


def test_reads_a_file(tmp_path: Path) -> None:
    path = tmp_path / "警情.csv"
    path.write_text(
        "时间,经度,纬度,单元,类别\n2025-01-01 08:30,107.05,30.05,,盗窃\n"
        "2025/12/31 23:00,,,b,\n2025-05-01,,,,盗窃\n",
        encoding="utf-8",
    )
    columns = (
        Column(name="occurred_at", kind="time", required=True, aliases=("时间",)),
        Column(name="lon", kind="lon", aliases=("经度",)),
        Column(name="lat", kind="lat", aliases=("纬度",)),
        Column(name="cell_id", kind="id", aliases=("单元",)),
        Column(name="category", kind="text", aliases=("类别",)),
    )
    table = read_table(
        Source(layer="alerts", path=path, shown=path.name, crs="WGS84", strict=False),
        Schema(layer="alerts", columns=columns, geometry="any"),
    )
    assert not [p for p in table.problems if p.severity == "error"]
    found = alert_rates(table, IDS, CELLS, MID_LON, MID_LAT)
    assert found.categories == ("other", "盗窃")
    assert found.alerts_per_year.tolist() == [[0.0, 1.0], [1.0, 0.0]]
    assert found.quarantined["row"].tolist() == [4]


def test_listed_categories_only() -> None:
    table = log(
        [*YEAR, YEAR[0]], lon_deg=[107.05] * 3, lat_deg=[30.05] * 3, category=["x", "y", "nanny"]
    )
    found = alert_rates(table, IDS, CELLS, MID_LON, MID_LAT, categories=("z", "y", "x"))
    assert found.categories == ("z", "y", "x")
    assert found.alerts_per_year[0].tolist() == [0.0, 1.0, 1.0]
    # A category without alerts is spread evenly.
    assert found.period_share_fraction[0] == pytest.approx(np.full(6, 1 / 6))
    assert found.quarantined["value"].tolist() == ["nanny"]
    assert "1 of 3 are of others" in found.problems[0].text()


def test_points_only_takes_the_nearest_cell_within_reach() -> None:
    # Neighbouring cells are 9.6 km apart: further than that from every cell is outside.
    table = log([*YEAR, YEAR[0]], lon_deg=[107.06, 107.16, 107.30], lat_deg=[30.05] * 3)
    found = alert_rates(table, IDS, None, MID_LON, MID_LAT)
    assert found.alerts_per_year.tolist() == [[1.0], [1.0]]
    assert found.outside == 1
    single = alert_rates(table, ("a",), None, MID_LON[:1], MID_LAT[:1])
    assert single.outside == 0


def test_a_stray_date_is_noticed() -> None:
    days = pd.date_range("2025-01-01", periods=360).strftime("%Y-%m-%d").tolist()
    many = [*days, "2001-01-01"]
    place = {"lon_deg": [107.05] * 361, "lat_deg": [30.05] * 361}
    found = alert_rates(log(many, **place), IDS, CELLS, MID_LON, MID_LAT)
    assert len(found.problems) == 1
    assert "the first is of 2001-01-01" in found.problems[0].text()
    calm = alert_rates(log([*days, "2024-12-31"], **place), IDS, CELLS, MID_LON, MID_LAT)
    assert calm.problems == ()


def test_a_short_log_is_noticed() -> None:
    table = log(["2025-01-01", "2025-03-30"], lon_deg=[107.05] * 2, lat_deg=[30.05] * 2)
    found = alert_rates(table, IDS, CELLS, MID_LON, MID_LAT)
    assert "runs 89 days" in found.problems[0].text()
    table = log(["2025-01-01", "2025-03-31"], lon_deg=[107.05] * 2, lat_deg=[30.05] * 2)
    assert alert_rates(table, IDS, CELLS, MID_LON, MID_LAT).problems == ()


def test_no_alert_inside_is_an_error() -> None:
    table = log(YEAR, lon_deg=[10.0, 10.0], lat_deg=[30.05] * 2)
    found = alert_rates(table, IDS, CELLS, MID_LON, MID_LAT)
    assert [p.severity for p in found.problems] == ["warning", "error"]
    assert found.alerts_per_year.shape == (2, 0)
    empty = alert_rates(log([]), IDS, CELLS, MID_LON, MID_LAT)
    assert [p.severity for p in empty.problems] == ["error"]


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 10_000), st.booleans())
def test_every_alert_is_counted_or_set_aside(seed: int, points_only: bool) -> None:
    rng = np.random.default_rng(seed)
    n = int(rng.integers(1, 80))
    times = pd.Timestamp("2025-01-01") + pd.to_timedelta(rng.integers(0, 900 * 24, n), "h")
    table = log(
        times.astype(str).tolist(),
        cell_id=[rng.choice(["a", "b", "?", None]) for _ in range(n - 1)] + ["a"],
        lon_deg=rng.choice([107.05, 107.15, 109.0, np.nan], n).tolist(),
        lat_deg=[30.05] * n,
        category=rng.choice(["x", "y"], n).tolist(),
    )
    found = alert_rates(table, IDS, None if points_only else CELLS, MID_LON, MID_LAT)
    counted = found.alerts_per_year.sum() * found.years
    assert counted + len(found.quarantined) == pytest.approx(n)
    assert found.period_share_fraction.sum(axis=1) == pytest.approx(1.0)


# --- the datum ------------------------------------------------------------------------------


def county() -> GeometryArray:
    """A county of 25 cells of 4 km."""
    side = np.arange(5) * 0.04
    return np.array(
        [shapely.box(107 + x, 30 + y, 107.04 + x, 30.04 + y) for y in side for x in side],
        dtype=object,
    )


def test_alerts_in_gcj02_declared_as_wgs84_are_noticed() -> None:
    rng = np.random.default_rng(1)
    lon, lat = rng.uniform(107.0, 107.2, 3000), rng.uniform(30.0, 30.2, 3000)
    shifted = from_wgs84(lon, lat, "GCJ02")
    found = datum_shift_warning(*shifted, county(), shown="alerts.csv", declared="WGS84")
    assert found is not None
    assert found.severity == "warning"
    said = found.text()
    assert said.startswith("alerts.csv crs = WGS84")
    assert "300 to 600 m" in said
    assert "3000 if read as GCJ-02" in said
    plane = plane_at(lon, lat)
    moved_m = np.hypot(*(np.stack(plane.xy(*shifted)) - np.stack(plane.xy(lon, lat))))
    assert 300 < moved_m.mean() < 600
    assert datum_shift_warning(lon, lat, county(), declared="WGS84") is None


def test_points_read_as_gcj02_or_abroad_are_left_alone() -> None:
    rng = np.random.default_rng(1)
    lon, lat = from_wgs84(rng.uniform(107.0, 107.2, 3000), rng.uniform(30, 30.2, 3000), "GCJ02")
    assert datum_shift_warning(lon, lat, county(), declared="GCJ02") is None
    assert datum_shift_warning(lon - 200, lat, county(), declared="WGS84") is None
    assert datum_shift_warning(lon[:0], lat[:0], county()) is None
    assert datum_shift_warning(np.full(3, np.nan), np.full(3, np.nan), county()) is None


def test_stray_points_all_around_are_no_shift() -> None:
    # 3% of the points lie outside on every side: geocoding errors, not a datum.
    rng = np.random.default_rng(2)
    lon, lat = rng.uniform(106.995, 107.205, 4000), rng.uniform(29.995, 30.205, 4000)
    assert datum_shift_warning(lon, lat, county(), declared="WGS84") is None


def test_few_stations_in_their_own_cells() -> None:
    cells = county()
    corner_lon, corner_lat = 107.0005 + np.arange(5) * 0.04, np.full(5, 30.039)
    shifted = from_wgs84(corner_lon, corner_lat, "GCJ02")
    own = np.arange(5)
    inside = datum_shift_warning(*shifted, cells)
    assert inside is None  # all still inside some cell
    east = from_wgs84(corner_lon + 0.0385, corner_lat, "GCJ02")
    found = datum_shift_warning(*east, cells, own, declared="WGS84")
    assert found is not None
    assert "5 if read as GCJ-02" in found.text()
    # Another that misses under both readings: then it may be the places, not the datum.
    with_stray = (np.append(east[0], 106.0), np.append(east[1], 30.02))
    assert datum_shift_warning(*with_stray, cells, np.append(own, 0)) is None
    # A station whose cell is not known cannot speak.
    assert datum_shift_warning(*with_stray, cells, np.append(own, -1)) is not None


@pytest.mark.parametrize("county_name", ["dianjiang", "daye", "jiangyou", "anxi"])
def test_real_seats_declared_right_are_left_alone(shared: Path, county_name: str) -> None:
    folder = shared / county_name
    seats = pd.read_csv(folder / "townships.csv").dropna(subset=["lon_wgs84"])
    cells = np.asarray(
        gpd.read_file(folder / "townships_thiessen_APPROX.geojson").geometry.values, dtype=object
    )
    lon, lat = seats["lon_wgs84"].to_numpy(), seats["lat_wgs84"].to_numpy()
    assert datum_shift_warning(lon, lat, cells, declared="WGS84") is None


@pytest.mark.parametrize(("gained", "lost"), [(0, 0), (1, 0), (7, 0), (10, 3), (500, 430)])
def test_sign_test_is_the_exact_binomial(gained: int, lost: int) -> None:
    if gained + lost == 0:
        assert _sign_test(gained, lost) == 1.0
    else:
        oracle = binomtest(gained, gained + lost, 0.5, alternative="greater").pvalue
        assert _sign_test(gained, lost) == pytest.approx(oracle)
