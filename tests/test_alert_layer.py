"""The alert layer: many files, other formats, databases; county rates from the same reading."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import geopandas as gpd
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import shapely
import xlsxwriter
from click.testing import CliRunner

from optimizer.errors import InputError
from scenarios.alert_log import case_log
from scenarios.case import open_case
from scenarios.cli import jingli
from scenarios.load import LoadedCase
from scenarios.prepared import Prepared
from scenarios.sweep_years import alert_days
from tests.ingest_case import HEADER, plain_case, points, read, stamps, write_log_case, write_rows

# From the first day of a year to its last, so that months have their shares.
P, T = points(60), ["2025-01-01 00:00:00", "2025-12-31 23:00:00", *stamps(58)]
ROWS = [(t, ["盗窃", "纠纷"][i % 2], *p) for i, (t, p) in enumerate(zip(T, P, strict=True))]
FRAME = pd.DataFrame(ROWS, columns=list(HEADER))


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> LoadedCase:
    return plain_case(tmp_path_factory.mktemp("plain"))


def read_layer(plain: LoadedCase, folder: Path, layer: dict[str, Any], **rules: Any) -> Any:
    write_log_case(folder, layer, {"duplicate_min": 0, **rules})
    return read(plain, folder).table


@pytest.fixture(scope="module")
def expected(plain: LoadedCase, tmp_path_factory: pytest.TempPathFactory) -> Any:
    folder = tmp_path_factory.mktemp("csv")
    write_rows(folder / "alerts.csv", ROWS)
    return read_layer(plain, folder, {})


def write_xlsx(path: Path) -> None:
    book = xlsxwriter.Workbook(str(path), {"default_date_format": "yyyy-mm-dd hh:mm:ss"})
    sheet = book.add_worksheet()
    sheet.write_row(0, 0, HEADER)
    for i, row in enumerate(ROWS, start=1):
        sheet.write_datetime(i, 0, pd.Timestamp(row[0]).to_pydatetime())
        sheet.write_row(i, 1, row[1:])
    book.close()


def shapes() -> gpd.GeoDataFrame:
    place = shapely.points(np.array(P))
    return gpd.GeoDataFrame(FRAME[list(HEADER[:2])], geometry=place, crs=4326)


def write_duckdb(path: Path) -> None:
    with duckdb.connect(str(path)) as connection:
        connection.register("frame", FRAME.assign(报警时间=pd.to_datetime(FRAME["报警时间"])))
        connection.execute("CREATE TABLE calls AS SELECT * FROM frame")


WRITERS: dict[str, Any] = {
    "alerts.xlsx": write_xlsx,
    "alerts.parquet": FRAME.to_parquet,
    "geo.parquet": lambda path: shapes().to_parquet(path),
    "alerts.gpkg": lambda path: shapes().to_file(path, layer="alerts"),
    "alerts.csv.gz": lambda path: FRAME.to_csv(path, index=False),
    "alerts.jsonl": lambda path: FRAME.to_json(
        path, orient="records", lines=True, force_ascii=False
    ),
    "calls.duckdb": write_duckdb,
}


@pytest.mark.parametrize("name", list(WRITERS))
def test_every_format_gives_the_same_alerts(
    name: str, plain: LoadedCase, expected: Any, tmp_path: Path
) -> None:
    WRITERS[name](tmp_path / name)
    layer = {"path": name, "crs": None if name in ("geo.parquet", "alerts.gpkg") else "WGS84"}
    found = read_layer(plain, tmp_path, layer)
    assert found.occurred_at.tolist() == expected.occurred_at.tolist()
    assert found.cell.tolist() == expected.cell.tolist()
    assert found.category.tolist() == expected.category.tolist()
    assert found.x_m == pytest.approx(expected.x_m, abs=0.01)


@pytest.mark.parametrize(
    ("changed", "kept"),
    [
        ({HEADER[0]: pa.array(pd.to_datetime(T)), HEADER[1]: pa.nulls(60)}, 60),
        ({HEADER[0]: pa.array(T, pa.large_string())}, 60),
        ({HEADER[1]: pa.array(["a", "b"] * 30).dictionary_encode()}, 60),
        ({HEADER[2]: pa.array([Decimal(str(x)) for x, _ in P])}, 60),
        ({HEADER[2]: pa.array([str(x) for x, _ in P], pa.large_string())}, 60),
        ({HEADER[0]: pa.array([None, *T[1:]])}, 59),
        ({"priority": pa.array([None, 2.0] * 30), "警情编号": pa.array([None, *range(59)])}, 60),
        ({"priority": pa.array([0, 2, 1] * 20)}, 40),
    ],
)
def test_columns_of_any_type(
    changed: dict[str, pa.Array], kept: int, plain: LoadedCase, tmp_path: Path
) -> None:
    columns = {name: pa.array(FRAME[name]) for name in HEADER} | changed
    pq.write_table(pa.table(columns), tmp_path / "a.parquet")
    assert len(read_layer(plain, tmp_path, {"path": "a.parquet"})) == kept


def test_a_duckdb_url(plain: LoadedCase, expected: Any, tmp_path: Path) -> None:
    write_duckdb(tmp_path / "calls.duckdb")
    layer = {"path": "duckdb://calls.duckdb", "sheet": "calls"}
    assert read_layer(plain, tmp_path, layer).cell.tolist() == expected.cell.tolist()


def test_what_duckdb_lacks_is_said_and_never_downloaded(plain: LoadedCase, tmp_path: Path) -> None:
    with pytest.raises(InputError) as caught:
        read_layer(plain, tmp_path, {"path": "https://127.0.0.1:9/alerts.parquet"})
    assert "a table that DuckDB can read" in caught.value.text()


@pytest.mark.parametrize("layer", [{"path": "p*.csv"}, {"path": "", "paths": ["p1.csv", "p2.csv"]}])
def test_several_files(
    layer: dict[str, Any], plain: LoadedCase, expected: Any, tmp_path: Path
) -> None:
    write_rows(tmp_path / "p1.csv", ROWS[:20])
    write_rows(tmp_path / "p2.csv", ROWS[20:])
    found = read_layer(plain, tmp_path, layer)
    assert found.files == ("p1.csv", "p2.csv")
    assert found.occurred_at.tolist() == expected.occurred_at.tolist()
    row = found.row + np.where(found.file == 0, 0, 20)
    assert row.tolist() == expected.row.tolist()


def test_a_pattern_without_files(plain: LoadedCase, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="a pattern that fits at least one file"):
        read_layer(plain, tmp_path, {"path": "q*.csv"})


def test_problems_of_all_files_at_once(plain: LoadedCase, tmp_path: Path) -> None:
    write_rows(tmp_path / "p1.csv", [("1",)], ("a",))
    (tmp_path / "p2.csv").write_bytes(b"")
    with pytest.raises(InputError) as caught:
        read_layer(plain, tmp_path, {"path": "", "paths": ["p1.csv", "p2.csv", "p3.csv"]})
    text = caught.value.text()
    assert "a column occurred_at" in text
    assert "the file is empty" in text
    assert "a file that is there" in text


def test_either_path_or_paths(tmp_path: Path) -> None:
    write_log_case(tmp_path, {"path": "a.csv", "paths": ["b.csv"]})
    with pytest.raises(InputError, match="either path or paths"):
        open_case(str(tmp_path))


# --- the county's rates -----------------------------------------------------------------------


def load(folder: Path) -> LoadedCase:
    case = open_case(str(folder))
    return Prepared(case).load(case.scenario(None))


def test_rates_come_from_the_same_reading_and_are_the_same(tmp_path: Path) -> None:
    """A case that says how to read its log counts as ever, where there are no doubles."""
    for name, rules in (("old", None), ("new", {})):
        (tmp_path / name).mkdir()
        write_rows(tmp_path / name / "alerts.csv", ROWS)
        write_log_case(tmp_path / name, rules=rules)
    old, new = load(tmp_path / "old"), load(tmp_path / "new")
    assert new.county.digest == old.county.digest
    assert old.month_share_fraction is not None
    assert new.month_share_fraction == pytest.approx(old.month_share_fraction)
    assert not (tmp_path / "old" / ".jingli").exists()


def test_doubles_and_codes_shape_the_rates(tmp_path: Path) -> None:
    write_rows(tmp_path / "alerts.csv", [*ROWS, *ROWS[:30]])
    write_log_case(tmp_path, rules={"categories": {"盗窃": "criminal", "纠纷": "dispute"}})
    county = load(tmp_path).county
    assert county.categories == ("criminal", "dispute")
    days = 1 + (pd.Timestamp(max(T)).normalize() - pd.Timestamp(min(T)).normalize()).days
    assert county.cells.alerts_per_year.sum() * days / 365 == pytest.approx(60)


def test_several_files_reach_all_who_ask_for_a_log(tmp_path: Path) -> None:
    write_rows(tmp_path / "p1.csv", ROWS[:20])
    write_rows(tmp_path / "p2.csv", ROWS[20:])
    write_log_case(tmp_path, {"path": "p*.csv"})
    loaded = load(tmp_path)
    log, days = case_log(loaded), alert_days(loaded)
    assert log is not None
    assert days is not None
    assert [str(t) for t in log.occurred_at] == [t.replace(" ", "T") for t in sorted(T)]
    assert len(days.cell) == 60
    assert loaded.county.categories == ("盗窃", "纠纷")


def test_a_log_that_cannot_be_used_stops_the_case(tmp_path: Path) -> None:
    write_rows(tmp_path / "alerts.csv", [(t, c, y, x) for t, c, x, y in ROWS])
    write_log_case(tmp_path, rules={})
    with pytest.raises(InputError, match="look swapped"):
        load(tmp_path)


# --- the command ------------------------------------------------------------------------------


@pytest.fixture
def logged(tmp_path: Path) -> Path:
    (tmp_path / "case").mkdir()
    rows = [*ROWS, (T[0], "盗窃", 122.5, 30.1), ("?", "盗窃", *P[0]), ROWS[3]]
    write_rows(tmp_path / "case" / "alerts.csv", rows)
    return write_log_case(tmp_path / "case", rules={})


def test_the_command_counts_every_row(logged: Path, tmp_path: Path) -> None:
    ran = CliRunner().invoke(
        jingli, ["ingest", str(logged), "--out", str(tmp_path / "out"), "--json", "--lang", "en"]
    )
    assert ran.exit_code == 0, ran.output
    document = json.loads(ran.stdout)
    assert (document["rows_read"], document["alerts"], document["set_aside"]) == (63, 60, 3)
    assert document["categories"] == {"盗窃": 30, "纠纷": 30}
    assert sum(r["rows"] for r in document["reasons"]) == 3
    # Loading the case and opening its alerts are one reading.
    assert document["was_kept"] is False
    assert len([*(logged / ".jingli").glob("alerts-*")]) == 1
    again = CliRunner().invoke(jingli, ["ingest", str(logged), "--json"])
    assert json.loads(again.stdout)["was_kept"] is True
    aside = (tmp_path / "out" / "aside.csv").read_text(encoding="utf-8-sig").splitlines()
    assert [line.split(",")[:2] for line in aside] == [
        ["File", "Line"], ["alerts.csv", "62"], ["alerts.csv", "63"], ["alerts.csv", "64"],
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("lang", "words"),
    [
        ("en", ("63 rows, 60 alerts, 3 set aside", "by its point 100.0%", "line 62")),
        ("zh", ("63 行", "60 起警情", "第62行")),
    ],
)
def test_the_console_at_80_columns(logged: Path, lang: str, words: tuple[str, ...]) -> None:
    ran = CliRunner(env={"COLUMNS": "80"}).invoke(jingli, ["ingest", str(logged), "--lang", lang])
    assert ran.exit_code == 0, ran.output
    for word in words:
        assert word in ran.stdout


def test_a_case_without_a_log_is_told_how(tmp_path: Path) -> None:
    write_log_case(tmp_path)
    text = (tmp_path / "case.yaml").read_text(encoding="utf-8")
    cut = text[: text.index("  alerts:")] + text[text.index("policy:") :]
    (tmp_path / "case.yaml").write_text(cut, encoding="utf-8")
    ran = CliRunner().invoke(jingli, ["ingest", str(tmp_path), "--lang", "en"])
    assert ran.exit_code == 2
    assert "this case has yearly rates only" in ran.stderr
