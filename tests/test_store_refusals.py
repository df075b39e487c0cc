"""A store that is full, read-only, damaged or somebody else's."""

from __future__ import annotations

import json
import sqlite3
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from optimizer.errors import InputError
from scenarios.store import open_store
from scenarios.store_address import is_postgres
from tests.permissions import without_root
from tests.postgres import Server
from tests.store_processes import BIG, run_record
from tests.store_support import ON_LINUX, other_process, problem_of, sql

pytest_plugins = ["tests.store_places"]


def test_a_full_disk_leaves_the_store_as_it_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "runs.sqlite"
    with open_store(path) as opened:
        kept = opened.add(run_record())
    connect: Callable[..., sqlite3.Connection] = sqlite3.connect

    def connect_to_small_disk(*arguments: Any, **options: Any) -> sqlite3.Connection:
        connection = connect(*arguments, **options)
        connection.execute("PRAGMA max_page_count = 20")
        return connection

    with monkeypatch.context() as full:
        full.setattr(sqlite3, "connect", connect_to_small_disk)
        with open_store(path) as opened:
            with pytest.raises(InputError) as refused:
                opened.add(run_record(1, evaluation=BIG))
            assert f"{path} = database or disk is full: expected room on the disk" in (
                problem_of(refused)
            )
            # Small runs still fit, and the old one is there.
            opened.add(run_record(2))
            assert opened.get(kept).record == run_record()
            assert len(opened.list()) == 2
    assert sql(str(path), "PRAGMA integrity_check") == [("ok",)]
    with open_store(path) as opened:
        opened.add(run_record(1, evaluation=BIG))
        assert len(opened.list()) == 3


@ON_LINUX
def test_writes_that_the_system_refuses_midway(tmp_path: Path) -> None:
    path = tmp_path / "runs.sqlite"
    writer = other_process("add_until_refused", str(path))
    *kept, refusal = writer.communicate(timeout=60)[0].splitlines()
    assert writer.returncode == 0
    assert 1 <= len(kept) < 100
    assert "expected a disk that takes what is written; free some space" in refusal
    assert sql(str(path), "PRAGMA integrity_check") == [("ok",)]
    with open_store(path) as opened:
        assert sorted(s.run_id for s in opened.list()) == sorted(kept)
        assert all(
            opened.get(i).record.evaluation == json.dumps(json.loads(BIG), separators=(",", ":"))
            for i in kept
        )
        opened.add(run_record(1000))


def test_a_full_server_leaves_the_store_as_it_was(postgres_server: Server) -> None:
    database = postgres_server.new_database()
    with open_store(postgres_server.url(database)) as opened:
        opened.add(run_record())
        postgres_server.run(
            "CREATE FUNCTION full_disk() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
            " RAISE EXCEPTION 'could not extend file: No space left' USING ERRCODE = '53100';"
            " END $$; CREATE TRIGGER full_disk AFTER INSERT ON jingli.runs"
            " EXECUTE FUNCTION full_disk()",
            database,
        )
        with pytest.raises(InputError, match="expected room on the server's disk"):
            opened.add(run_record(1))
        assert len(opened.list()) == 1
        postgres_server.run("DROP TRIGGER full_disk ON jingli.runs", database)
        opened.add(run_record(1))
        assert len(opened.list()) == 2


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A folder that everybody may enter; pytest's own is for its owner only."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o755)
        yield folder
        folder.chmod(0o755)


@ON_LINUX
def test_a_read_only_file(open_folder: Path) -> None:
    path = open_folder / "runs.sqlite"
    with open_store(path) as opened:
        opened.add(run_record())
    path.chmod(0o444)
    open_folder.chmod(0o777)
    with without_root(), open_store(path) as opened:
        assert len(opened.list()) == 1
        with pytest.raises(InputError) as refused:
            opened.add(run_record(1))
    assert f"{path} = " in problem_of(refused)
    assert "expected a file and a folder that can be written" in problem_of(refused)


@ON_LINUX
def test_a_read_only_folder(open_folder: Path) -> None:
    path = open_folder / "runs.sqlite"
    open_store(path).close()
    path.chmod(0o666)
    open_folder.chmod(0o555)
    for there in (path, open_folder / "new.sqlite"):
        with without_root(), pytest.raises(InputError) as refused:
            open_store(there)
        assert f"{there} = " in problem_of(refused)
        assert "expected a file and a folder that can be written" in problem_of(refused)


def test_a_read_only_server(postgres_server: Server) -> None:
    database = postgres_server.new_database()
    open_store(postgres_server.url(database)).close()
    postgres_server.run(f"ALTER DATABASE {database} SET default_transaction_read_only = on")
    with open_store(postgres_server.url(database)) as opened:
        assert opened.list() == ()
        with pytest.raises(InputError, match="not a read-only copy"):
            opened.add(run_record())


def test_a_user_without_rights(postgres_server: Server) -> None:
    database = postgres_server.new_database()
    postgres_server.run(f"CREATE ROLE guest_{database} LOGIN PASSWORD 'guest'")
    url = postgres_server.url(database, f"guest_{database}", "guest")
    with pytest.raises(InputError, match="who may use the schema jingli"):
        open_store(url)
    open_store(postgres_server.url(database)).close()
    with pytest.raises(InputError, match="who may use the schema jingli"):
        open_store(url)
    # The grants of docs/decisions/0005-run-store.md.
    postgres_server.run(f"GRANT USAGE ON SCHEMA jingli TO guest_{database}", database)
    postgres_server.run(
        f"GRANT SELECT ON ALL TABLES IN SCHEMA jingli TO guest_{database}", database
    )
    with open_store(url) as opened:
        assert opened.list() == ()
        with pytest.raises(InputError, match="who may use the schema jingli"):
            opened.add(run_record())
    grant = "GRANT INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA jingli TO"
    postgres_server.run(f"{grant} guest_{database}", database)
    with open_store(url) as opened:
        assert opened.delete([opened.add(run_record())])


def test_a_schema_that_the_administrator_made(postgres_server: Server) -> None:
    database = postgres_server.new_database()
    postgres_server.run(f"CREATE ROLE owner_{database} LOGIN PASSWORD 'owner'")
    postgres_server.run(f"CREATE SCHEMA jingli AUTHORIZATION owner_{database}", database)
    with open_store(postgres_server.url(database, f"owner_{database}", "owner")) as opened:
        opened.add(run_record())
        assert len(opened.list()) == 1


def test_a_server_that_goes_away(postgres_server: Server) -> None:
    database = postgres_server.new_database()
    with open_store(postgres_server.url(database)) as opened:
        opened.add(run_record())
        postgres_server.run(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            f" WHERE datname = '{database}' AND application_name = 'jingli'"
        )
        with pytest.raises(InputError, match="expected a PostgreSQL server that answers"):
            opened.add(run_record(1))
    with open_store(postgres_server.url(database)) as opened:
        assert len(opened.list()) == 1


def test_a_database_that_cannot_hold_chinese(postgres_server: Server) -> None:
    database = postgres_server.new_database("ENCODING 'LATIN1' LOCALE 'C' TEMPLATE template0")
    with pytest.raises(InputError, match="LATIN1: expected a database in UTF-8"):
        open_store(postgres_server.url(database))


def test_a_database_of_somebody_else_is_left_alone(place: str) -> None:
    if is_postgres(place):
        sql(place, "CREATE SCHEMA jingli")
        sql(place, "CREATE TABLE jingli.gpkg_contents (x text)")
    else:
        sql(place, "CREATE TABLE gpkg_contents (x text)")
        before = Path(place).read_bytes()
    with pytest.raises(InputError) as refused:
        open_store(place)
    assert "gpkg_contents: expected a store of runs that Jingli made" in problem_of(refused)
    if not is_postgres(place):
        assert Path(place).read_bytes() == before
        assert [p.name for p in Path(place).parent.iterdir()] == [Path(place).name]


def test_files_that_are_no_store(tmp_path: Path) -> None:
    text = tmp_path / "stations.csv"
    text.write_text("station_id,name\n" * 50, encoding="utf-8")
    with pytest.raises(InputError, match="expected a store of runs that Jingli made"):
        open_store(text)
    assert text.read_text(encoding="utf-8") == "station_id,name\n" * 50
    for wrong in (tmp_path, tmp_path / "missing" / "runs.sqlite"):
        with pytest.raises(InputError, match="expected a file in a folder that exists"):
            open_store(wrong)
    assert not (tmp_path / "missing").exists()


def test_a_damaged_store_is_named(tmp_path: Path) -> None:
    path = tmp_path / "runs.sqlite"
    with open_store(path) as opened:
        for number in range(30):
            opened.add(run_record(number))
    whole = bytearray(path.read_bytes())
    whole[4096 * 2 :] = b"\xff" * len(whole[4096 * 2 :])
    path.write_bytes(whole)
    with (
        pytest.raises(InputError, match="expected a store that is not damaged"),
        open_store(path) as opened,
    ):
        opened.list()
