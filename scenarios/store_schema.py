"""Tables of the run store and their versions, for both databases."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager
from typing import Any, Protocol

from optimizer.errors import InputError, Problem

MIGRATIONS: tuple[tuple[str, ...], ...] = (
    (
        "CREATE TABLE {jingli}store (version {integer} NOT NULL)",
        # Small columns first: SQLite then lists runs without reading the pages of the documents.
        """CREATE TABLE {jingli}runs (
            run_id {text} NOT NULL PRIMARY KEY,
            created_at {text} NOT NULL,
            case_name {text} NOT NULL,
            case_folder {text} NOT NULL,
            scenario {text},
            county_digest {text} NOT NULL,
            policy_digest {text} NOT NULL,
            seed {integer} NOT NULL,
            version {text} NOT NULL,
            status {text} NOT NULL,
            versions {text} NOT NULL,
            command {text} NOT NULL,
            proofs {text} NOT NULL,
            evaluation {text} NOT NULL,
            plan {text}
        )""",
        "CREATE INDEX jingli_runs_inputs"
        " ON {jingli}runs (county_digest, policy_digest, seed, version)",
        "CREATE INDEX jingli_runs_time ON {jingli}runs (created_at, run_id)",
    ),
    (
        """CREATE TABLE {jingli}tasks (
            task_id {text} NOT NULL PRIMARY KEY,
            county {text} NOT NULL,
            subject {text} NOT NULL,
            state {text} NOT NULL,
            changed_on {text} NOT NULL,
            officers {integer},
            document {text} NOT NULL
        )""",
        """CREATE TABLE {jingli}task_events (
            task_id {text} NOT NULL,
            step {integer} NOT NULL,
            state {text} NOT NULL,
            on_day {text} NOT NULL,
            officers {integer},
            PRIMARY KEY (task_id, step)
        )""",
        # One task at a time about one thing, whoever issues it.
        "CREATE UNIQUE INDEX jingli_tasks_open ON {jingli}tasks (county, subject)"
        " WHERE state <> 'checked'",
    ),
)
"""Statements that lift a store from version n to n + 1. Never change one that was released."""


class Database(Protocol):
    """What the store needs of a database.

    In SQL, `?` stands for a value, and a word in braces for that entry of `words`.

    Attributes:
        location: File or URL for messages, without password.
        words: `jingli` (prefix of our tables), `text` and `integer` (column types; text sorts by
            code point).
    """

    location: str
    words: Mapping[str, str]

    def transaction(self, *, write: bool) -> AbstractContextManager[None]:
        """All or nothing: committed at the end, rolled back on any error.

        One that reads sees the store as it was when it started.

        Raises:
            InputError: the database refuses for a reason that a planner can mend.
        """
        ...

    def rows(self, sql: str, *values: object) -> list[tuple[Any, ...]]:
        """Rows of a query; only inside a transaction."""
        ...

    def change(self, sql: str, *values: object) -> int:
        """Run a statement and return how many rows it changed; only inside a transaction."""
        ...

    def tables(self) -> frozenset[str]:
        """Names of all tables where ours belong, with prefix; only inside a transaction."""
        ...

    def start_migration(self) -> None:
        """Keep every other process from migrating until the transaction ends."""
        ...

    def close(self) -> None:
        """Let go of the database."""
        ...


def bring_up_to_date(database: Database) -> None:
    """Make the tables of a new store, or lift those of an older one.

    Raises:
        InputError: the store is of a newer version, or the database is somebody else's.
    """
    with database.transaction(write=False):
        version = _version(database)
    if version == len(MIGRATIONS):
        return
    with database.transaction(write=True):
        database.start_migration()
        # Another process may have done it in the meantime.
        for statement in _steps_from(_version(database)):
            database.change(statement)
        database.change("DELETE FROM {jingli}store")
        database.change("INSERT INTO {jingli}store (version) VALUES (?)", len(MIGRATIONS))


def _steps_from(version: int) -> Iterator[str]:
    for step in MIGRATIONS[version:]:
        yield from step


def _version(database: Database) -> int:
    """Version of the store; 0 where nothing has been made yet."""
    tables = database.tables()
    if not tables:
        return 0
    if database.words["jingli"] + "store" not in tables:
        raise InputError(
            [
                Problem(
                    where=database.location,
                    value="、".join(sorted(tables)[:5]),
                    expected="a store of runs that Jingli made, or a new place",
                    fix="choose another place with --store",
                )
            ]
        )
    version = int(database.rows("SELECT version FROM {jingli}store")[0][0])
    if version > len(MIGRATIONS):
        raise InputError(
            [
                Problem(
                    where=database.location,
                    value=str(version),
                    expected="a store of version {known} or older",
                    fix="install a newer Jingli, or choose another store with --store",
                    params={"known": len(MIGRATIONS)},
                )
            ]
        )
    return version
