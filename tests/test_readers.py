"""Files of every format: what is read, what is refused, and how each fault is told."""

from __future__ import annotations

import datetime as dt
import os
import sqlite3
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import shapely
import xlsxwriter
from pyogrio import raw as ogr

from geo.crs import from_wgs84, to_wgs84
from geo.readers import Column, Schema, Source, Table, describe_quality, read_table
from optimizer.errors import Problem

COLUMNS = (
    Column(name="station_id", kind="id", required=True, aliases=("编号",)),
    Column(name="name", kind="text", aliases=("名称",)),
    Column(name="lon", kind="lon", required=True, aliases=("经度", "X")),
    Column(name="lat", kind="lat", required=True, aliases=("纬度", "Y")),
    Column(name="officers", kind="count", required=True, aliases=("民警",)),
    Column(name="opened_at", kind="time", minimum=2000, maximum=2035),
)
SCHEMA = Schema(
    layer="stations",
    columns=COLUMNS,
    prefix_columns=("alerts_per_year",),
    geometry="any",
    unique=("station_id",),
)
PLAIN = replace(SCHEMA, geometry="none")
AREAS = Schema(
    layer="cells",
    columns=(Column(name="cell_id", kind="id", required=True, aliases=("编号",)), *COLUMNS[2:4]),
    geometry="polygon",
    unique=("cell_id",),
)


def read(path: Path, schema: Schema = SCHEMA, crs: str | None = "WGS84", **rest: Any) -> Table:
    return read_table(
        Source(layer=schema.layer, path=path, shown=path.name, crs=crs, **rest), schema
    )


def csv(folder: Path, *lines: str, name: str = "s.csv", encoding: str = "utf-8") -> Path:
    path = folder / name
    path.write_bytes("\n".join(lines).encode(encoding))
    return path


HEAD = "station_id,name,lon,lat,officers"
GOOD = "01,桂溪派出所,107.35,30.32,21"


def texts(table: Table) -> list[str]:
    return [p.text() for p in table.problems]


def only(table: Table) -> Problem:
    (problem,) = table.problems
    return problem


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
        "s.csv: 3 of 4 rows set aside; the quarantine file gives line and reason"
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
    assert aside["reason"][1] == (
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
    table = read_table(source, SCHEMA, translate=lambda t: chinese.get(t, t))
    assert table.quarantined["reason"].tolist() == ["应为不小于 0 的整数"]


def test_strict_quarantines_nothing(tmp_path: Path) -> None:
    table = read(csv(tmp_path, HEAD, "01,a,107,30,-1"))
    assert len(table.quarantined) == 0
    assert only(table).severity == "error"
    assert describe_quality(table).rows_quarantined == 0


def test_later_problems_are_told_alike(tmp_path: Path) -> None:
    table = read(csv(tmp_path, "编号,经度,纬度,民警", "01,107,30,1"))
    problem = table.problem("a station of {n}", row=2, column="officers", value="9 " * 40, n=3)
    assert problem.text() == f"s.csv line 2 民警 = {'9 ' * 19}9…: expected a station of 3"


# --- XLSX -----------------------------------------------------------------------------------


def workbook(path: Path, **sheets: Sequence[Sequence[object]]) -> Path:
    with xlsxwriter.Workbook(str(path)) as book:
        clock = book.add_format({"num_format": "yyyy-mm-dd hh:mm"})
        for name, rows in sheets.items():
            sheet = book.add_worksheet(name)
            for i, row in enumerate(rows):
                for j, value in enumerate(row):
                    if isinstance(value, dt.datetime):
                        sheet.write_datetime(i, j, value, clock)
                    elif value is not None:
                        sheet.write(i, j, value)
    return path


XLSX_HEAD = ("编号", "名称", "经度", "纬度", "民警", "opened_at", "手机")


def test_xlsx(tmp_path: Path) -> None:
    path = workbook(
        tmp_path / "s.xlsx",
        Sheet1=[
            ("垫江县",),
            XLSX_HEAD,
            (101, "a", 107.3, 30.3, 12, dt.datetime(2024, 1, 5, 8, 5), 138),
            (),
            ("007", "=x", "１０７．４", 30.4, "1,234", "2024/1/5 8:05", 139),
            (9, "b", 107.5, 30.5, 2.5, dt.datetime(1970, 1, 1), 137),
        ],
    )
    table = read(path)
    assert table.frame["row"].tolist() == [3, 5]
    assert table.frame["station_id"].tolist() == ["101", "007"]
    assert table.frame["officers"].tolist() == [12, 1234]
    assert table.frame["lon_deg"].tolist() == [107.3, 107.4]
    assert set(table.frame["opened_at"]) == {pd.Timestamp("2024-01-05 08:05")}
    assert [(p.severity, p.row, p.column) for p in table.problems] == [
        ("warning", 1, None),
        ("error", 6, "民警"),
        ("error", 6, "opened_at"),
    ]


def test_xlsx_reads_every_row(tmp_path: Path) -> None:
    # The first rows are looked at for the header; none may be lost on the way.
    rows = [(i, "n", 107.0, 30.0, i) for i in range(1, 41)]
    table = read(workbook(tmp_path / "s.xlsx", a=[XLSX_HEAD[:5], *rows]))
    assert table.frame["row"].tolist() == list(range(2, 42))
    assert table.frame["officers"].tolist() == list(range(1, 41))


def test_xlsx_sheets(tmp_path: Path) -> None:
    rows = [XLSX_HEAD[:5], (1, "a", 107, 30, 1)]
    path = workbook(tmp_path / "s.xlsx", 说明=[("x",)], 站=rows)
    assert not read(path, sheet="站").problems
    assert "the file has: 说明, 站" in only(read(path)).text()
    assert "a sheet named 没有; the file has: 说明, 站" in only(read(path, sheet="没有")).text()
    assert not read(workbook(tmp_path / "t.xlsx", 说明=[("x",)], Stations=rows)).problems
    assert "at least one row" in texts(read(workbook(tmp_path / "u.xlsx", a=[])))[-1]


# --- Parquet --------------------------------------------------------------------------------


def test_parquet(tmp_path: Path) -> None:
    path = tmp_path / "s.parquet"
    stamp = pa.array(
        [dt.datetime(2024, 1, 5, 8), None, None], pa.timestamp("us", tz="Asia/Shanghai")
    )
    table = pa.table(
        {
            "station_id": pa.array([2**60 + 1, None, 3], pa.int64()),
            "name": pa.array(["a", "b", "c"]).dictionary_encode(),
            "lon": [107.0, 107.1, 107.2],
            "lat": [30.0, 30.1, 30.2],
            "officers": pa.array([1, 2, -3], pa.int32()),
            "opened_at": stamp,
            "phone": ["138", "139", "137"],
        }
    )
    pq.write_table(table, path)
    read_back = read(path)
    assert read_back.frame["station_id"].tolist() == [str(2**60 + 1)]
    assert read_back.frame["name"].tolist() == ["a"]
    assert read_back.frame["opened_at"].tolist() == [pd.Timestamp("2024-01-05 16:00")]
    assert texts(read_back) == [
        "s.parquet record 2 station_id: expected a value in every row; fill the cell in",
        "s.parquet record 3 officers = -3: expected a whole number ≥ 0",
    ]


def test_parquet_in_utc_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "s.parquet"
    frame = {"station_id": ["1"], "lon": [107.0], "lat": [30.0], "officers": [1]}
    stamp = pa.array([dt.datetime(2024, 1, 5, 8)], pa.timestamp("us", tz="UTC"))
    pq.write_table(pa.table({**frame, "opened_at": stamp}), path)
    assert "local time; this is UTC" in only(read(path)).text()


def geoparquet(path: Path, shapes: Sequence[object], about: str) -> Path:
    table = pa.table(
        {"cell_id": [str(i) for i in range(len(shapes))], "geom": shapely.to_wkb(shapes).tolist()}
    )
    meta = f'{{"version":"1.0.0","primary_column":"geom","columns":{{"geom":{about}}}}}'
    pq.write_table(table.replace_schema_metadata({"geo": meta}), path)
    return path


def test_geoparquet(tmp_path: Path) -> None:
    path = geoparquet(tmp_path / "c.parquet", [SQUARE], '{"encoding":"WKB"}')
    table = read(path, AREAS, crs=None)
    assert table.geometry is not None
    assert table.geometry[0].equals(SQUARE)
    assert (
        "a datum for the coordinates"
        in only(
            read(geoparquet(path, [SQUARE], '{"encoding":"WKB","crs":null}'), AREAS, crs=None)
        ).text()
    )
    assert (
        "as WKB"
        in only(read(geoparquet(path, [SQUARE], '{"encoding":"point"}'), AREAS, crs=None)).text()
    )


# --- vector layers --------------------------------------------------------------------------

SQUARE = shapely.box(107.3, 30.3, 107.4, 30.4)
EAST = shapely.box(107.4, 30.3, 107.5, 30.4)
POINTS = [shapely.Point(107.35, 30.32), shapely.Point(107.36, 30.33)]


def layer(
    path: Path, shapes: Sequence[object], *, crs: str | None = "EPSG:4326", **rest: Any
) -> Path:
    drivers = {".gpkg": "GPKG", ".shp": "ESRI Shapefile", ".geojson": "GeoJSON"}
    fields = rest.pop("fields", {"编号": [f"0{i}" for i in range(1, len(shapes) + 1)]})
    kinds = {shapely.get_type_id(s) for s in shapes if s is not None}
    ogr.write(
        path,
        geometry=shapely.to_wkb(np.array(shapes, dtype=object)),
        field_data=[
            np.array(v) if isinstance(v[0], int | float) else np.array(v, dtype=object)
            for v in fields.values()
        ],
        fields=list(fields),
        crs=crs,
        driver=drivers[path.suffix],
        geometry_type=rest.pop("kind", {0: "Point", 1: "LineString", 3: "Polygon"}[min(kinds)]),
        **rest,
    )
    return path


@pytest.mark.parametrize("ending", [".gpkg", ".shp", ".geojson"])
def test_vector_layers(tmp_path: Path, ending: str) -> None:
    path = layer(
        tmp_path / f"c{ending}", [SQUARE, EAST], fields={"编号": ["01", "02"], "手机": ["1", "2"]}
    )
    table = read(path, AREAS, crs=None)
    assert not table.problems
    assert table.frame["cell_id"].tolist() == ["01", "02"]
    assert table.frame["row"].tolist() == [1, 2]
    assert list(table.frame.columns) == ["row", "cell_id", "lon_deg", "lat_deg"]
    assert table.geometry is not None
    assert [g.equals(s) for g, s in zip(table.geometry, [SQUARE, EAST], strict=True)] == [
        True,
        True,
    ]
    inside = shapely.points(table.frame["lon_deg"], table.frame["lat_deg"])
    assert shapely.contains(table.geometry, inside).all()


def test_shapes_stay_beside_their_rows(tmp_path: Path) -> None:
    path = layer(tmp_path / "c.gpkg", [SQUARE, EAST], fields={"编号": ["", "02"]})
    table = read(path, AREAS, crs=None)
    assert table.frame["cell_id"].tolist() == ["02"]
    assert table.geometry is not None
    assert [g.equals(EAST) for g in table.geometry] == [True]


@pytest.mark.parametrize("ending", [".gpkg", ".shp", ".geojson"])
def test_rows_of_layers_are_features(tmp_path: Path, ending: str) -> None:
    shapes = [POINTS[0], POINTS[1]]
    path = layer(tmp_path / f"s{ending}", shapes, fields={"编号": ["1", "1"], "民警": [3, -4]})
    table = read(path, crs=None)
    assert texts(table)[0].startswith(
        f"s{ending} feature 2 编号 = 1: expected each value once; row 1"
    )
    assert texts(table)[1] == f"s{ending} feature 2 民警 = -4: expected a whole number ≥ 0"
    assert (
        table.problems[0]
        .text(lambda t: {"feature {row}": "第{row}个要素"}.get(t, t))
        .startswith(f"s{ending} 第2个要素")
    )
    assert table.frame["lon_deg"].tolist() == [107.35]


@pytest.mark.parametrize("encoding", ["UTF-8", "GB18030"])
@pytest.mark.parametrize("declared", [True, False])
def test_shapefile_text(tmp_path: Path, encoding: str, declared: bool) -> None:
    fields = {"编号": ["01", "02"], "名称": ["桂溪派出所", "龙溪"], "民警": [3, 4]}
    path = layer(tmp_path / "s.shp", POINTS, fields=fields, encoding=encoding)
    if not declared:
        path.with_suffix(".cpg").unlink()
    table = read(path, crs=None)
    assert not table.problems
    assert table.frame["name"].tolist() == ["桂溪派出所", "龙溪"]
    assert table.frame["officers"].tolist() == [3, 4]


def test_shapefile_in_an_unknown_encoding(tmp_path: Path) -> None:
    fields = {"编号": ["1", "2"], "name": ["caf\xe9 x", "y"], "民警": [3, 4]}
    path = layer(
        tmp_path / "s.shp", POINTS, fields={**fields, "name": ["cafe x", "y"]}, encoding="GB18030"
    )
    path.with_suffix(".cpg").unlink()
    dbf = path.with_suffix(".dbf")
    dbf.write_bytes(dbf.read_bytes().replace(b"cafe x", b"caf\xe9 x"))
    assert "text in UTF-8 or GB18030" in only(read(path, crs=None)).text()


def test_shapefile_without_its_parts(tmp_path: Path) -> None:
    path = layer(tmp_path / "c.shp", [SQUARE])
    path.with_suffix(".dbf").unlink()
    assert "the files c.dbf beside it" in only(read(path, AREAS, crs=None)).text()


def test_geojson_in_gb18030(tmp_path: Path) -> None:
    path = layer(tmp_path / "c.geojson", [SQUARE], fields={"编号": ["桂溪"]})
    path.write_bytes(path.read_text(encoding="utf-8").encode("gb18030"))
    assert read(path, AREAS, crs=None).frame["cell_id"].tolist() == ["桂溪"]
    path.write_bytes(b'{"\xff\xff')
    assert "byte 2 in line 1 is not" in only(read(path, AREAS)).text()


def test_old_geojson_in_metres(tmp_path: Path) -> None:
    # Before the standard of 2016 any coordinates could stand in a GeoJSON.
    x, y = (float(v) for v in from_wgs84(107.35, 30.32, "EPSG:4524"))
    path = tmp_path / "s.geojson"
    path.write_text(
        '{"type":"FeatureCollection","features":[{"type":"Feature","properties":{"编号":"1","民警":2},'
        f'"geometry":{{"type":"Point","coordinates":[{x},{y},300]}}}}]}}',
        encoding="utf-8",
    )
    table = read(path, crs="EPSG:4524")
    assert not table.problems
    assert table.frame["lon_deg"].tolist() == pytest.approx([107.35])
    assert table.geometry is not None
    assert not table.geometry[0].has_z


def test_other_formats_under_a_familiar_ending(tmp_path: Path) -> None:
    # GDAL would open both by their content, and a VRT may point anywhere.
    target = layer(tmp_path / "c.geojson", [SQUARE])
    vrt = tmp_path / "v.geojson"
    vrt.write_text(
        '<OGRVRTDataSource><OGRVRTLayer name="c"><SrcDataSource>'
        f"{target}</SrcDataSource></OGRVRTLayer></OGRVRTDataSource>",
        encoding="utf-8",
    )
    assert "a readable GeoJSON file; this one is damaged" in only(read(vrt, AREAS)).text()
    with sqlite3.connect(tmp_path / "d.gpkg") as database:
        database.execute("create table cells (cell_id text)")
    assert (
        "a readable GeoPackage file; this one is damaged"
        in only(read(tmp_path / "d.gpkg", AREAS)).text()
    )


def test_geopackage_layers(tmp_path: Path) -> None:
    path = layer(tmp_path / "c.gpkg", [SQUARE], layer="村")
    layer(path, POINTS, layer="点", append=True)
    assert not read(path, AREAS, crs=None, sheet="村").problems
    assert "the file has: " in only(read(path, AREAS)).text()
    assert "a layer named x" in only(read(path, AREAS, sheet="x")).text()
    layer(path, [EAST], layer="Cells", append=True)
    table = read(path, AREAS, crs=None)
    assert table.geometry is not None
    assert table.geometry[0].equals(EAST)


def test_geopackage_times_are_wall_clock(tmp_path: Path) -> None:
    # The format stamps every time as UTC, whatever clock its writer went by.
    path = tmp_path / "s.gpkg"
    ogr.write(
        path,
        geometry=shapely.to_wkb(np.array(POINTS[:1], dtype=object)),
        field_data=[
            np.array(["1"], dtype=object),
            np.array([1]),
            np.array(["2024-01-05T08:05"], "M8[ms]"),
        ],
        fields=["编号", "民警", "opened_at"],
        crs="EPSG:4326",
        driver="GPKG",
        geometry_type="Point",
        gdal_tz_offsets={"opened_at": np.array([100], dtype=np.int8)},
    )
    stored = ogr.read(path, columns=["opened_at"], datetime_as_string=True)[3][0][0]
    assert stored.endswith("Z")
    assert read(path, crs=None).frame["opened_at"].tolist() == [pd.Timestamp("2024-01-05 08:05")]


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


def test_shapefile_that_is_none(tmp_path: Path) -> None:
    for ending in (".shp", ".dbf", ".shx"):
        (tmp_path / f"s{ending}").write_bytes(b"junk" * 50)
    assert "a readable Shapefile file; this one is damaged" in only(read(tmp_path / "s.shp")).text()


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
