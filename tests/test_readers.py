"""Tables as read: rows, quarantine, quality, and the file itself."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import shapely

from geo.crs import to_wgs84
from geo.readers import Column, Schema, Source, describe_quality, read_table
from tests.reading import (
    AREAS,
    COLUMNS,
    GOOD,
    HEAD,
    SCHEMA,
    csv,
    only,
    read,
    texts,
)

# --- CSV ------------------------------------------------------------------------------------


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "utf-16"])
def test_csv(tmp_path: Path, encoding: str) -> None:
    path = csv(
        tmp_path,
        "手机号,编号,名称,经度,纬度,民警",
        "13800000000,01,䶮桥<b>,107.35,30.32,２１",
        encoding=encoding,
    )
    table = read(path)
    assert not table.problems
    assert list(table.frame.columns) == [
        "row",
        "station_id",
        "name",
        "lon_deg",
        "lat_deg",
        "officers",
    ]
    assert table.frame.iloc[0].tolist() == [2, "01", "䶮桥<b>", 107.35, 30.32, 21]
    assert table.frame["officers"].dtype == np.int64
    assert (table.rows_read, table.duplicates) == (1, 0)
    assert table.headers["officers"] == "民警"
    assert table.geometry is None


@pytest.mark.parametrize(
    ("name", "separator"), [("s.tsv", "\t"), ("s.txt", "\t"), ("s.csv", ";"), ("s.txt", ",")]
)
def test_separators(tmp_path: Path, name: str, separator: str) -> None:
    lines = [line.replace(",", separator) for line in (HEAD, GOOD)]
    table = read(csv(tmp_path, *lines, name=name))
    assert not table.problems
    assert table.frame["station_id"].tolist() == ["01"]


def test_other_columns_never_enter(tmp_path: Path) -> None:
    path = csv(tmp_path, HEAD + ",身份证号", GOOD + ",512328197001010011,extra")
    for strict in (True, False):
        table = read(path, strict=strict)
        assert "512328" not in repr(table) + table.quarantined.to_csv() + "".join(texts(table))


def test_physical_line_numbers(tmp_path: Path) -> None:
    path = csv(
        tmp_path,
        HEAD,                                   # line 1
        '01,"桂溪\n\n派出所",107.35,30.32,21',    # lines 2 to 4
        "",                                     # line 5
        ",,,,",                                 # line 6
        "02,x,107.36,30.33,-3",                 # line 7
        '03,"a ""b"", c",107.37,30.34,四',       # line 8
        "\r",                                   # line 9 (10 with the lone CR counted as an end)
    )  # fmt: skip
    table = read(path)
    assert table.rows_read == 3
    assert table.frame["row"].tolist() == [2]
    assert [(p.row, p.column, p.value) for p in table.problems] == [
        (7, "officers", "-3"),
        (8, "officers", "四"),
    ]
    assert table.problems[0].text() == "s.csv line 7 officers = -3: expected a whole number ≥ 0"


def test_windows_line_ends(tmp_path: Path) -> None:
    path = tmp_path / "s.csv"
    path.write_bytes(f"{HEAD}\r\n\r\n{GOOD}\r\n02,x,107.3,30.3,x\r\n".encode())
    assert [p.row for p in read(path).problems] == [4]


def test_short_rows_are_padded_and_long_ones_refused(tmp_path: Path) -> None:
    path = csv(tmp_path, HEAD + ",note", GOOD, "02,a,107.3,30.3,4,n,,", "03,b,c,107.3,30.3,4,n")
    table = read(path)
    assert table.frame["station_id"].tolist() == ["01", "02"]
    assert (
        "s.csv line 4 = 7: expected 6 values in the row, as many as headers; " in texts(table)[-1]
    )


def test_excel_leaves_out_empty_cells_at_the_end(tmp_path: Path) -> None:
    table = read(csv(tmp_path, HEAD + ",opened_at", GOOD, "02,a,107.3,30.3,4,2024-01-05"))
    assert not table.problems
    assert table.frame["opened_at"].isna().tolist() == [True, False]


def test_quoted_values_between_semicolons(tmp_path: Path) -> None:
    # Read with commas, the first line alone would be a fault.
    lines = [";".join(f'"{v}"' for v in line.split(",")) for line in (HEAD, GOOD)]
    assert read(csv(tmp_path, *lines)).frame["station_id"].tolist() == ["01"]


def test_title_line_above_the_header(tmp_path: Path) -> None:
    table = read(csv(tmp_path, "垫江县派出所一览表,,,,", "", HEAD, GOOD))
    assert table.frame["row"].tolist() == [4]
    assert only(table).severity == "warning"
    assert "1 line(s) above it were left out" in only(table).text()


def test_columns_per_category(tmp_path: Path) -> None:
    table = read(csv(tmp_path, HEAD + ",年警情_盗窃,alerts_per_year_theft", GOOD + ",12.5,"))
    assert table.frame["alerts_per_year_盗窃"].tolist() == [12.5]
    assert np.isnan(table.frame["alerts_per_year_theft"]).all()
    assert "alerts_per_year" not in table.frame
    assert table.missing["alerts_per_year_theft"] == 1


def test_default_fills_an_absent_column(tmp_path: Path) -> None:
    flag = Column(name="has_window", kind="yes_no", default=True)
    wanted = replace(SCHEMA, columns=(*COLUMNS, flag))
    frame = read(csv(tmp_path, HEAD, GOOD), wanted).frame
    assert frame["has_window"].tolist() == [True]
    assert "opened_at" not in frame


@pytest.mark.parametrize(
    ("data", "row", "words"),
    [
        (f"{HEAD}\n01,桂\n".encode() + b"\xff\xff\n", 3, "byte 40 is neither"),
        (f'{HEAD}\n{GOOD}\n02,"x,107,30,1\n'.encode(), 3, "quotation marks in pairs"),
        (f'{HEAD}\n01,"桂"溪,107,30,1\n'.encode(), 2, "quotation marks in pairs"),
        (b"a,b\n\0\0,1\n", None, "this file is binary"),
        (b"PK\x03\x04rest", None, "this is a workbook"),
        (b"", None, "the file is empty"),
        (HEAD.encode(), None, "at least one row of data under the header"),
    ],
)
def test_csv_that_cannot_be_read(tmp_path: Path, data: bytes, row: int | None, words: str) -> None:
    path = tmp_path / "s.csv"
    path.write_bytes(data)
    table = read(path)
    assert only(table).row == row
    assert words in only(table).text()
    assert only(table).where == "s.csv"
    assert len(table.frame) == 0
    assert {"row", "station_id", "lon_deg", "officers"} <= set(table.frame.columns)


def test_missing_column_and_bad_rows_are_told_together(tmp_path: Path) -> None:
    table = read(csv(tmp_path, "station_id,lon,lat", "01,107,30", "01,x,30"))
    assert [p.column for p in table.problems] == ["officers", "station_id", "lon"]


def test_duplicates_name_the_first_line(tmp_path: Path) -> None:
    table = read(csv(tmp_path, HEAD, GOOD, "02,b,107,30,1", "０１,c,107.1,30,2", " 01,d,107,30,3"))
    assert [(p.row, p.params["first"]) for p in table.problems] == [(4, 2), (5, 2)]
    assert table.duplicates == 2
    assert table.frame["station_id"].tolist() == ["01", "02"]


def test_empty_ids_are_empty_not_repeated(tmp_path: Path) -> None:
    table = read(csv(tmp_path, HEAD, ",a,107,30,1", ",b,107,30,1"))
    assert [p.expected for p in table.problems] == ["a value in every row"] * 2
    assert table.duplicates == 0


def test_many_problems_are_counted(tmp_path: Path) -> None:
    rows = [f"{i},n,107,30,-1" for i in range(60_000)]
    rows[7] = "7,n,x,30,-1"
    table = read(csv(tmp_path, HEAD, *rows))
    assert len(table.problems) == 22
    assert [p.row for p in table.problems if p.column == "officers"] == [*range(2, 22), None]
    assert (
        table.problems[-1].text()
        == "s.csv officers: and 59,980 more rows with problems in this column"
    )
    assert len("\n".join(texts(table))) < 2500


# --- quarantine and quality -----------------------------------------------------------------


def test_quarantine(tmp_path: Path) -> None:
    path = csv(
        tmp_path,
        HEAD + ",opened_at",
        "01,a,107,30,1,1970-01-01",
        "02,b,107,30,1,2024-01-01",
        "02,c,107,,1,",
        "04,=1+1,107,30,,2099-01-01",
    )
    table = read(path, strict=False)
    assert only(table).severity == "warning"
    assert only(table).text() == (
        "s.csv: 3 of 4 rows set aside; `jingli validate CASE --out FOLDER` "
        "lists them with line and reason in quarantine.csv"
    )
    aside = table.quarantined
    assert list(aside.columns) == ["row", "column", "value", "reason"]
    assert list(zip(aside["row"], aside["column"], aside["value"], strict=True)) == [
        (2, "opened_at", "1970-01-01"),
        (4, "station_id", "02"),
        (4, "lat", ""),
        (5, "officers", ""),
        (5, "opened_at", "2099-01-01"),
    ]
    assert aside["reason"][1].text() == (
        "expected each value once; row 3 has it already; delete the repeated row, or correct the id"
    )
    assert table.frame["station_id"].tolist() == ["02"]
    quality = describe_quality(table)
    assert (quality.layer, quality.file) == ("stations", "s.csv")
    assert (quality.rows_read, quality.rows_kept, quality.rows_quarantined) == (4, 1, 3)
    assert quality.duplicates == 1
    assert quality.missing == {
        "station_id": 0, "name": 0, "lon": 0, "lat": 1, "officers": 1, "opened_at": 1,
    }  # fmt: skip
    assert quality.out_of_county == 0


def test_reasons_are_translated(tmp_path: Path) -> None:
    source = Source(
        layer="stations", path=csv(tmp_path, HEAD, "01,a,107,30,-1"), shown="s.csv", crs="WGS84",
        strict=False,
    )  # fmt: skip
    chinese = {
        "expected {what}": "应为{what}",
        "a whole number ≥ {minimum}": "不小于 {minimum} 的整数",
    }
    (reason,) = read_table(source, SCHEMA).quarantined["reason"]
    assert reason.text(lambda t: chinese.get(t, t)) == "应为不小于 0 的整数"


def test_strict_quarantines_nothing(tmp_path: Path) -> None:
    table = read(csv(tmp_path, HEAD, "01,a,107,30,-1"))
    assert len(table.quarantined) == 0
    assert only(table).severity == "error"
    assert describe_quality(table).rows_quarantined == 0


def test_later_problems_are_told_alike(tmp_path: Path) -> None:
    table = read(csv(tmp_path, "编号,经度,纬度,民警", "01,107,30,1"))
    problem = table.problem("a station of {n}", row=2, column="officers", value="9 " * 40, n=3)
    assert problem.text() == f"s.csv line 2 民警 = {'9 ' * 19}9…: expected a station of 3"


# --- the file itself ------------------------------------------------------------------------


def test_missing_file_lists_its_folder(tmp_path: Path) -> None:
    csv(tmp_path, HEAD, name="station.csv")
    assert only(read(tmp_path / "stations.csv")).text() == (
        "stations.csv: expected a file that is there; its folder has: station.csv; correct path in "
        "case.yaml, or put the file there"
    )
    assert "a file that is there" in only(read(tmp_path / "no" / "s.csv")).text()


def test_folder_instead_of_a_file(tmp_path: Path) -> None:
    (tmp_path / "s.csv").mkdir()
    assert "this is a folder" in only(read(tmp_path / "s.csv")).text()


def test_no_permission(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = csv(tmp_path, HEAD, GOOD)

    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "open", refuse)
    assert "a file that may be read" in only(read(path)).text()


@pytest.mark.skipif(
    os.name == "nt" or getattr(os, "geteuid", lambda: 1)() == 0, reason="root reads everything"
)
def test_no_permission_for_real(tmp_path: Path) -> None:
    path = csv(tmp_path, HEAD, GOOD)
    path.chmod(0)
    assert "a file that may be read" in only(read(path)).text()


@pytest.mark.parametrize(
    ("name", "data", "words"),
    [
        ("s.xlsx", b"PK\x03\x04 garbage", "a readable XLSX file; this one is damaged"),
        ("s.xlsx", b"station_id,lon\n1,2\n", "a readable XLSX file; this one is damaged"),
        ("s.parquet", b"PAR1 garbage", "a readable Parquet file; this one is damaged"),
        ("s.gpkg", b"not a database", "a readable GeoPackage file; this one is damaged"),
        (
            "s.gpkg",
            b"SQLite format 3\0" + bytes(52) + b"GPKG" + b"junk" * 99,
            "a readable GeoPackage file",
        ),
        ("s.shp", b"junk" * 50, "the files s.dbf, s.shx beside it"),
        ("s.geojson", b'{"type":"FeatureColl', "a readable GeoJSON file; this one is damaged"),
        ("s.geojson", b"<OGRVRTDataSource>", "a readable GeoJSON file; this one is damaged"),
        ("s.geojson", b'{"type":"FeatureCollection","features":[]}', "at least one row"),
        ("s.doc", b"x", "a file ending in .csv, .tsv, .txt, .xlsx"),
    ],
)
def test_damaged_files(tmp_path: Path, name: str, data: bytes, words: str) -> None:
    path = tmp_path / name
    path.write_bytes(data)
    table = read(path)
    assert words in texts(table)[-1]
    assert len(table.frame) == 0
    assert str(tmp_path) not in "".join(texts(table))


# --- real files -----------------------------------------------------------------------------


def test_carrollton(shared: Path) -> None:
    schema = replace(AREAS, columns=AREAS.columns[:1] + COLUMNS[2:4])
    path = shared / "carrollton" / "ReportingAreas.shp"
    table = read(path, schema, crs=None, columns={"cell_id": "NumberId"})
    assert not table.problems
    assert len(table.frame) == 325
    assert table.frame["cell_id"].is_unique
    seats = read(
        path,
        schema,
        crs="EPSG:2276",
        columns={"cell_id": "NumberId", "lon": "XFeet", "lat": "YFeet"},
    )
    assert not seats.problems
    # The published centroids lie in or near their own areas, not in another county.
    assert seats.geometry is not None
    far = shapely.distance(
        seats.geometry, shapely.points(seats.frame["lon_deg"], seats.frame["lat_deg"])
    )
    assert far.max() < 0.01


def test_dianjiang_outline_from_both_datums(shared: Path) -> None:
    schema = Schema(layer="boundary", columns=(), geometry="polygon")
    folder = shared / "dianjiang"
    shifted = read(folder / "county_500231_gcj02.geojson", schema, crs="GCJ02").geometry
    given = read(folder / "county_500231_wgs84.geojson", schema, crs=None).geometry
    assert shifted is not None
    assert given is not None
    assert shapely.hausdorff_distance(shifted[0], given[0]) < 1e-6
    unshifted = read(folder / "county_500231_gcj02.geojson", schema, crs=None).geometry
    assert unshifted is not None
    assert shapely.hausdorff_distance(unshifted[0], given[0]) > 1e-3


def test_dianjiang_seats(shared: Path) -> None:
    table = read(
        shared / "dianjiang" / "townships.csv",
        replace(
            SCHEMA, columns=tuple(c for c in COLUMNS if c.name in ("station_id", "lon", "lat"))
        ),
        crs="GCJ02",
        columns={"station_id": "code", "lon": "lon_gcj02", "lat": "lat_gcj02"},
    )
    assert not table.problems
    assert len(table.frame) == 26
    lon, lat = to_wgs84(107.358914, 30.324675, "GCJ02")
    assert table.frame[["lon_deg", "lat_deg"]].iloc[0].tolist() == [lon, lat]
