"""Workbooks and Parquet files."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import shapely
import xlsxwriter

from tests.reading import (
    AREAS,
    SQUARE,
    only,
    read,
    texts,
)

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
