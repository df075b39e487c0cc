"""Versions of the store, and several processes at one store."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
import time
from contextlib import AbstractContextManager, closing
from pathlib import Path
from typing import Any

import pytest

from optimizer.errors import InputError
from scenarios import store_schema
from scenarios.store import open_store
from scenarios.store_address import is_postgres, masked
from scenarios.store_postgres import PostgresDatabase
from scenarios.store_sqlite import SqliteDatabase
from tests.postgres import Server
from tests.store_processes import run_record
from tests.store_support import ON_LINUX, held_by_another, other_process, problem_of, sql

pytest_plugins = ["tests.store_places"]


NEXT = (*store_schema.MIGRATIONS, ("ALTER TABLE {jingli}runs ADD COLUMN note {text}",))


def test_a_store_from_a_newer_version_is_refused_and_left_alone(
    place: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as newer:
        newer.setattr(store_schema, "MIGRATIONS", NEXT)
        with open_store(place) as opened:
            opened.add(run_record())
    with pytest.raises(InputError) as refused:
        open_store(place)
    known = len(store_schema.MIGRATIONS)
    assert f"{masked(place)} = {known + 1}: expected a store of version {known} or older" in (
        problem_of(refused)
    )
    assert sql(place, "SELECT version FROM {}store") == [(known + 1,)]
    assert sql(place, "SELECT count(*) FROM {}runs WHERE note IS NULL") == [(1,)]


def test_an_older_store_is_lifted_with_its_runs(
    place: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with open_store(place) as old:
        run_id = old.add(run_record())
    monkeypatch.setattr(store_schema, "MIGRATIONS", NEXT)
    with open_store(place) as lifted:
        assert lifted.get(run_id).record == run_record()
        lifted.add(run_record(1))
    assert sql(place, "SELECT version FROM {}store") == [(len(NEXT),)]
    assert sql(place, "SELECT note FROM {}runs") == [(None,), (None,)]


def test_a_migration_that_fails_changes_nothing(
    place: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with open_store(place) as old:
        old.add(run_record())
    with monkeypatch.context() as broken:
        steps = (*NEXT[:-1], (*NEXT[-1], "INSERT INTO {jingli}nowhere VALUES (1)"))
        broken.setattr(store_schema, "MIGRATIONS", steps)
        with pytest.raises(Exception, match="nowhere"):
            open_store(place)
    with open_store(place) as as_before:
        assert len(as_before.list()) == 1
    with pytest.raises(Exception, match="note"):
        sql(place, "SELECT note FROM {}runs")


@ON_LINUX
def test_processes_that_make_the_store_at_once(place: str) -> None:
    makers = [other_process("add_when_told", place, str(seed)) for seed in range(3)]
    for maker in makers:
        assert maker.stdout is not None
        assert maker.stdout.readline() == "ready\n"
    for maker in makers:
        assert maker.stdin is not None
        maker.stdin.write("go\n")
        maker.stdin.flush()
    said = [maker.communicate(timeout=60)[0].strip() for maker in makers]
    assert [maker.returncode for maker in makers] == [0, 0, 0]
    with open_store(place) as opened:
        assert sorted(s.run_id for s in opened.list()) == sorted(said)
        assert {s.seed for s in opened.list()} == {0, 1, 2}


def test_a_store_that_another_process_made_between_looking_and_making(
    place: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    database = PostgresDatabase if is_postgres(place) else SqliteDatabase
    real = database.transaction

    def transaction(self: Any, *, write: bool) -> AbstractContextManager[None]:
        if write:
            monkeypatch.undo()
            with open_store(place) as other:
                other.add(run_record())
        return real(self, write=write)

    monkeypatch.setattr(database, "transaction", transaction)
    with open_store(place) as opened:
        assert len(opened.list()) == 1


def test_two_processes_that_make_the_tables_on_a_server(
    postgres_server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    database = postgres_server.new_database()
    url = postgres_server.url(database)
    others: list[subprocess.Popen[str]] = []
    real = PostgresDatabase.start_migration

    def start_migration(self: PostgresDatabase) -> None:
        real(self)
        others.append(other_process("add_many", url, "1", "1"))
        give_up = time.monotonic() + 30
        while not waiting() and time.monotonic() < give_up:
            time.sleep(0.05)

    def waiting() -> bool:
        return bool(
            postgres_server.run(
                "SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock'"
                f" AND datname = '{database}'"
            )
        )

    monkeypatch.setattr(PostgresDatabase, "start_migration", start_migration)
    with open_store(url) as opened:
        said, _ = others[0].communicate(timeout=60)
        assert others[0].returncode == 0
        assert [s.run_id for s in opened.list()] == said.split()


@ON_LINUX
def test_two_writers_lose_nothing(place: str) -> None:
    open_store(place).close()
    writers = [other_process("add_many", place, seed, "40") for seed in ("1", "2")]
    first, second = (writer.communicate(timeout=120)[0].split() for writer in writers)
    assert len(first) == len(second) == 40
    with open_store(place) as opened:
        assert sorted(s.run_id for s in opened.list()) == sorted(first + second)
        assert [len([s for s in opened.list() if s.seed == n]) for n in (1, 2)] == [40, 40]


@ON_LINUX
def test_a_killed_writer_loses_only_what_it_had_not_finished(place: str) -> None:
    writer = other_process("add_many", place, "1", "100000")
    assert writer.stdout is not None
    said = [writer.stdout.readline().strip() for _ in range(15)]
    writer.kill()
    said += writer.communicate(timeout=30)[0].split("\n")[:-1]
    with open_store(place) as opened:
        kept = {s.run_id for s in opened.list()}
        assert set(said) <= kept
        assert len(kept) <= len(said) + 1
        assert all(opened.get(run_id).record.plan is not None for run_id in kept)
        opened.add(run_record(10**6))
    if not is_postgres(place):
        assert sql(place, "PRAGMA integrity_check") == [("ok",)]


@ON_LINUX
def test_a_lock_of_another_process_is_waited_for_then_named(place: str) -> None:
    with open_store(place, wait_s=0.3) as opened:
        before = opened.add(run_record())
        with held_by_another(place):
            with pytest.raises(InputError) as refused:
                opened.add(run_record(1))
            assert problem_of(refused) == (
                f"{masked(place)}: expected a store that no other program holds locked for more "
                "than 0.3 s; close the program that has it open, then run the command again"
            )
            # Whoever reads does not wait for whoever writes.
            assert [s.run_id for s in opened.list()] == [before]
        opened.add(run_record(1))
        assert len(opened.list()) == 2


@ON_LINUX
def test_a_lock_that_goes_away_in_time_is_no_error(place: str) -> None:
    with open_store(place, wait_s=30) as opened, held_by_another(place) as holder:
        # It lets go while add() waits: the lines come from a process, not from this one.
        later = subprocess.Popen(
            [sys.executable, "-c", "import time; time.sleep(0.5); print()"], stdout=holder.stdin
        )
        opened.add(run_record())
        assert len(opened.list()) == 1
        later.wait(10)


@ON_LINUX
@pytest.mark.parametrize("begun", [False, True])
def test_a_file_locked_while_it_is_made(tmp_path: Path, begun: bool) -> None:
    path = tmp_path / "runs.sqlite"
    if begun:  # made, but killed before it was switched to write-ahead logging
        open_store(path).close()
        sql(str(path), "PRAGMA journal_mode = DELETE")
    with held_by_another(str(path)), pytest.raises(InputError, match="no other program holds"):
        open_store(path, wait_s=0.2)
    open_store(path).close()
    assert sql(str(path), "PRAGMA journal_mode") == [("wal",)]


def test_whoever_writes_does_not_wait_for_whoever_reads(tmp_path: Path) -> None:
    path = tmp_path / "runs.sqlite"
    with (
        open_store(path, wait_s=0.1) as opened,
        closing(sqlite3.connect(path, isolation_level=None)) as reader,
    ):
        opened.add(run_record())
        reader.execute("BEGIN")
        count = "SELECT count(*) FROM jingli_runs"
        assert reader.execute(count).fetchone() == (1,)
        opened.add(run_record(1))
        assert reader.execute(count).fetchone() == (1,)
        reader.execute("COMMIT")
        assert reader.execute(count).fetchone() == (2,)
