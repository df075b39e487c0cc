"""An alert log in PostgreSQL: streamed, with times of zones, points and passwords kept secret."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from geo.crs import from_wgs84
from optimizer.errors import InputError
from scenarios.load import LoadedCase
from tests.conftest import cannot_be_had
from tests.ingest_case import plain_case, points, read, stamps, write_log_case, write_rows
from tests.postgres import PASSWORD, Server

pytest_plugins = ["tests.store_places"]

P, T = points(40), stamps(40)


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


@pytest.fixture
def postgis(postgres_server: Server) -> str:
    """An empty database with PostGIS."""
    offered = "SELECT 1 FROM pg_available_extensions WHERE name = 'postgis'"
    if not postgres_server.run(offered):
        cannot_be_had("no PostGIS: on Debian `apt-get install postgresql-postgis` as root")
    database = postgres_server.new_database()
    postgres_server.run("CREATE EXTENSION postgis", database)
    return database


def in_postgis(server: Server, database: str, kind: str, shape: str) -> None:
    """A table of the alerts whose column `geom` holds `shape`, of {x} and {y} in degrees."""
    rows = ",".join(
        f"('{t}', '盗窃', {shape.format(x=x, y=y)})" for t, (x, y) in zip(T, P, strict=True)
    )
    server.run(
        f"CREATE TABLE calls (occurred_at timestamp, category text, geom {kind});"
        "INSERT INTO calls VALUES " + rows,
        database,
    )


_POINT = "ST_SetSRID(ST_MakePoint({x}, {y}), 4326)"
_TINY = "ST_Expand(ST_SetSRID(ST_MakePoint({x}, {y}), 4326), 1e-7)"


@pytest.mark.parametrize(
    ("kind", "shape", "crs"),
    [
        ("geometry(Point, 4326)", _POINT, None),
        ("geography(Point)", _POINT + "::geography", None),
        ("geometry(Point, 4490)", f"ST_Transform({_POINT}, 4490)", None),
        ("geometry(Point, 4545)", f"ST_Transform({_POINT}, 4545)", None),
        ("geometry", f"ST_Transform({_POINT}, 32648)", None),
        ("geometry(PointZ, 4326)", "ST_SetSRID(ST_MakePoint({x}, {y}, 400), 4326)", None),
        ("geometry(MultiPoint, 4326)", f"ST_Multi({_POINT})", None),
        ("geometry(Polygon, 4326)", _TINY, None),
        ("geometry", "ST_MakePoint({x}, {y})", "WGS84"),
    ],
)
def test_a_table_with_points_of_postgis(
    kind: str,
    shape: str,
    crs: str | None,
    postgis: str,
    postgres_server: Server,
    plain: LoadedCase,
    tmp_path: Path,
) -> None:
    in_postgis(postgres_server, postgis, kind, shape)
    layer = {"path": postgres_server.url(postgis), "crs": crs}
    found = read(plain, write_log_case(tmp_path / "pg", layer, {"duplicate_min": 0}))
    assert found.placed["point"] == 1.0
    assert found.table.cell.tolist() == cells_of_csv(plain, tmp_path / "csv")
    lon, lat = np.array(P)[np.argsort(np.array(T), kind="stable")].T
    x_m, y_m = from_wgs84(lon, lat, found.table.crs)
    assert np.abs(found.table.x_m - x_m).max() < 0.1
    assert np.abs(found.table.y_m - y_m).max() < 0.1


def test_rows_of_postgis_without_a_point_are_set_aside(
    postgis: str, postgres_server: Server, plain: LoadedCase, tmp_path: Path
) -> None:
    in_postgis(postgres_server, postgis, "geometry(Point, 4326)", _POINT)
    postgres_server.run(
        "INSERT INTO calls VALUES ('2025-03-01 08:00', '盗窃', NULL), ('2025-03-01 09:00', "
        "'盗窃', ST_GeomFromText('POINT EMPTY', 4326)), ('2025-03-01 10:00', '盗窃', "
        "ST_SetSRID(ST_MakePoint(122.5, 30.1), 4326))",
        postgis,
    )
    layer = {"path": postgres_server.url(postgis), "crs": None}
    found = read(plain, write_log_case(tmp_path / "pg", layer, {"duplicate_min": 0}))
    assert (len(found.table), found.rows_read) == (40, 43)
    assert sorted(found.quarantined.values()) == [1, 2]
    assert "a place, or a cell_id" in found.quarantined


def test_points_of_no_stated_system_ask_for_a_datum(
    postgis: str, postgres_server: Server, plain: LoadedCase, tmp_path: Path
) -> None:
    in_postgis(postgres_server, postgis, "geometry", "ST_MakePoint({x}, {y})")
    layer = {"path": postgres_server.url(postgis), "crs": None}
    with pytest.raises(InputError, match="a datum for the coordinates"):
        read(plain, write_log_case(tmp_path / "pg", layer))


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
