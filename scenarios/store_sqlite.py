"""The run store in one SQLite file."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import MappingProxyType
from typing import Any

from optimizer.errors import InputError, Problem
from scenarios.store_schema import bring_up_to_date

_RETRY_S = 0.02
_PRIMARY_CODE = 0xFF
_WORDS = MappingProxyType({"jingli": "jingli_", "text": "TEXT", "integer": "INTEGER"})
_DISK = (
    "free some space or mend the disk, then run the command again: the store is as it was before"
)
_PLACE = "check the permissions of the file and its folder, or choose another place with --store"
_DAMAGED = "restore it from an export or a backup, or choose another place with --store"
_EXPECTED = {
    sqlite3.SQLITE_PERM: ("a file and a folder that can be written", _PLACE),
    sqlite3.SQLITE_READONLY: ("a file and a folder that can be written", _PLACE),
    sqlite3.SQLITE_CANTOPEN: ("a file and a folder that can be written", _PLACE),
    sqlite3.SQLITE_FULL: ("room on the disk", _DISK),
    sqlite3.SQLITE_IOERR: ("a disk that takes what is written", _DISK),
    sqlite3.SQLITE_CORRUPT: ("a store that is not damaged", _DAMAGED),
    sqlite3.SQLITE_NOTADB: ("a store of runs that Jingli made, or a new place", _DAMAGED),
}


class SqliteDatabase:
    """A `scenarios.store_schema.Database` in one file, for one machine.

    Write-ahead logging, so that whoever lists runs does not wait for whoever adds one; on a file
    system that cannot share memory (most network drives) SQLite keeps its rollback journal.
    """

    words: Mapping[str, str] = _WORDS

    def __init__(self, path: Path, shown: str, wait_s: float) -> None:
        """Open or make the file.

        Args:
            path: The file; its folder must exist.
            shown: The path as the planner wrote it.
            wait_s: How long to wait for another process that holds the file locked.

        Raises:
            InputError: it cannot be opened, is locked, damaged, newer, or no store of ours.
        """
        self.location = shown
        self._wait_s = wait_s
        if path.is_dir() or not path.parent.is_dir():
            raise InputError(
                [
                    Problem(
                        where=shown,
                        expected="a file in a folder that exists",
                        fix="make the folder, or choose another place with --store",
                    )
                ]
            )
        with self._refusals():
            # An absolute path, because SQLite takes `:memory:` and the like for something else.
            self._connection = sqlite3.connect(
                path.absolute(), timeout=wait_s, isolation_level=None
            )
        try:
            with self._refusals():
                self._connection.execute("PRAGMA synchronous = FULL")
                self._connection.execute("PRAGMA secure_delete = ON")
            bring_up_to_date(self)
            with self._refusals():
                self._log_ahead()
        except BaseException:
            self._connection.close()
            raise

    @contextmanager
    def transaction(self, *, write: bool) -> Iterator[None]:
        """See `Database`."""
        with self._refusals():
            # A transaction that starts by reading cannot always become one that writes.
            self._connection.execute("BEGIN IMMEDIATE" if write else "BEGIN")
            try:
                yield
                self._connection.execute("COMMIT")
            except BaseException:
                if self._connection.in_transaction:
                    self._connection.execute("ROLLBACK")
                raise

    def rows(self, sql: str, *values: object) -> list[tuple[Any, ...]]:
        """See `Database`."""
        return self._connection.execute(sql.format_map(self.words), values).fetchall()

    def change(self, sql: str, *values: object) -> int:
        """See `Database`."""
        return self._connection.execute(sql.format_map(self.words), values).rowcount

    def tables(self) -> frozenset[str]:
        """See `Database`."""
        found = self.rows("SELECT name FROM sqlite_master WHERE type IN ('table', 'view')")
        return frozenset(name for (name,) in found if not name.startswith("sqlite_"))

    def start_migration(self) -> None:
        """Nothing to do: `BEGIN IMMEDIATE` already keeps the others out."""

    def close(self) -> None:
        """See `Database`."""
        self._connection.close()

    def _log_ahead(self) -> None:
        """Switch to write-ahead logging once; SQLite does not wait for a lock in this."""
        give_up = time.monotonic() + self._wait_s
        while self._connection.execute("PRAGMA journal_mode").fetchone()[0] != "wal":
            try:
                self._connection.execute("PRAGMA journal_mode = WAL")
                return
            except sqlite3.OperationalError as error:
                if _code(error) != sqlite3.SQLITE_BUSY or time.monotonic() > give_up:
                    raise
                time.sleep(_RETRY_S)

    @contextmanager
    def _refusals(self) -> Iterator[None]:
        """Say what SQLite refuses in a planner's words; our own mistakes stay what they are."""
        try:
            yield
        except sqlite3.Error as error:
            code = _code(error)
            if code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
                problem = Problem(
                    where=self.location,
                    expected="a store that no other program holds locked for more than {wait} s",
                    fix="close the program that has it open, then run the command again",
                    params={"wait": f"{self._wait_s:g}"},
                )
            elif code in _EXPECTED:
                expected, fix = _EXPECTED[code]
                problem = Problem(where=self.location, value=str(error), expected=expected, fix=fix)
            else:
                raise
            raise InputError([problem]) from error


def _code(error: sqlite3.Error) -> int:
    """SQLite's primary result code; 0 for errors of Python's own."""
    return int(getattr(error, "sqlite_errorcode", 0)) & _PRIMARY_CODE
