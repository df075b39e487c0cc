"""An alert log in PostgreSQL: streamed, with times of zones, points and passwords kept secret."""

from __future__ import annotations

from pathlib import Path

import pytest

from optimizer.errors import InputError
from scenarios.load import LoadedCase
from tests.ingest_case import plain_case, points, read, stamps, write_log_case, write_rows
from tests.postgres import PASSWORD, Server

pytest_plugins = ["tests.store_places"]

P, T = points(40), stamps(40)
# What PostGIS has of these, so that our queries can be tried without it.
_GEOMETRY = """
CREATE TYPE geometry AS (x float8, y float8, srid int);
CREATE FUNCTION ST_X(g geometry) RETURNS float8 LANGUAGE sql AS 'SELECT g.x';
CREATE FUNCTION ST_Y(g geometry) RETURNS float8 LANGUAGE sql AS 'SELECT g.y';
CREATE FUNCTION ST_SRID(g geometry) RETURNS int LANGUAGE sql AS 'SELECT g.srid';
CREATE FUNCTION ST_Transform(g geometry, srid int) RETURNS geometry LANGUAGE sql
    AS 'SELECT (g.x - 1000, g.y - 1000, srid)::geometry';
"""


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> LoadedCase:
    return plain_case(tmp_path_factory.mktemp("plain"))


def cells_of_csv(plain: LoadedCase, folder: Path) -> list[int]:
    folder.mkdir()
    write_rows(folder / "alerts.csv", [(t, "a", *p) for t, p in zip(T, P, strict=True)])
    write_log_case(folder, rules={"duplicate_min": 0})
    return [int(c) for c in read(plain, folder).table.cell]


def test_a_table_with_columns(postgres_server: Server, plain: LoadedCase, tmp_path: Path) -> None:
    database = postgres_server.new_database()
    rows = ",".join(
        f"('{i:03}', '{t}+08', 'A\"b,\n警', {x}, {y}, 'secret')"
        for i, (t, (x, y)) in enumerate(zip(T, P, strict=True))
    )
    postgres_server.run(
        "CREATE TABLE other (a int); CREATE TABLE calls (alert_id text, occurred_at timestamptz, "
        "category text, lon float8, lat float8, phone text); INSERT INTO calls VALUES " + rows,
        database,
    )
    layer = {"path": postgres_server.url(database), "sheet": "calls"}
    folder = write_log_case(tmp_path / "pg", layer, {"duplicate_min": 0})
    found = read(plain, folder)
    assert [str(t) for t in found.table.occurred_at] == [t.replace(" ", "T") for t in sorted(T)]
    assert found.table.cell.tolist() == cells_of_csv(plain, tmp_path / "csv")
    assert found.table.categories == ('A"b,\n警',)
    # Kept under what changes when rows are added, and nowhere is the password.
    assert read(plain, folder).was_kept
    kept = b"".join(p.read_bytes() for p in (folder / ".jingli").rglob("*") if p.is_file())
    assert PASSWORD.encode() not in kept
    assert found.table.files[0].count("***") == 1
    postgres_server.run(
        "INSERT INTO calls SELECT 'new', '2026-06-01', category, lon, lat, '' FROM calls LIMIT 1",
        database,
    )
    again = read(plain, folder)
    assert (again.was_kept, again.rows_read) == (False, 41)


@pytest.mark.parametrize("srid", [4326, 4490])
def test_a_table_with_points(
    srid: int, postgres_server: Server, plain: LoadedCase, tmp_path: Path
) -> None:
    database = postgres_server.new_database()
    shift = 0 if srid == 4326 else 1000
    rows = ",".join(
        f"('{t}', '盗窃', ({x + shift}, {y + shift}, {srid})::geometry)"
        for t, (x, y) in zip(T, P, strict=True)
    )
    postgres_server.run(
        _GEOMETRY + "CREATE TABLE calls (occurred_at timestamp, category text, geom geometry);"
        "INSERT INTO calls VALUES " + rows,
        database,
    )
    layer = {"path": postgres_server.url(database), "crs": None}
    found = read(plain, write_log_case(tmp_path / "pg", layer, {"duplicate_min": 0}))
    assert found.table.cell.tolist() == cells_of_csv(plain, tmp_path / "csv")


@pytest.mark.parametrize(
    ("sheet", "expected"),
    [(None, "one layer, or one named alerts"), ("nope", "a layer named nope")],
)
def test_which_table(
    sheet: str | None, expected: str, postgres_server: Server, plain: LoadedCase, tmp_path: Path
) -> None:
    database = postgres_server.new_database()
    postgres_server.run("CREATE TABLE one (a int); CREATE TABLE two (a int)", database)
    layer = {"path": postgres_server.url(database), "sheet": sheet}
    with pytest.raises(InputError, match=expected):
        read(plain, write_log_case(tmp_path, layer))


def test_no_connection_says_so_without_the_password(plain: LoadedCase, tmp_path: Path) -> None:
    layer = {"path": "postgresql://office:hush@127.0.0.1:9/x"}
    with pytest.raises(InputError) as caught:
        read(plain, write_log_case(tmp_path, layer))
    assert "a PostgreSQL database that can be read" in caught.value.text()
    assert "hush" not in caught.value.text()
