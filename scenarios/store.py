"""The run store: every run is kept, found again by its inputs, and never half-written.

One SQLite file by default; a PostgreSQL database where an office shares its runs. The same tables
and the same rules on both. A store is used by the process and thread that opened it.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import Self

from geo.atomic import atomic_path
from optimizer.errors import InputError, Problem
from optimizer.result import Status
from scenarios.store_address import default_path, is_postgres
from scenarios.store_lines import header_line, line_of, read_runs
from scenarios.store_record import (
    COLUMNS,
    SUMMARY_COLUMNS,
    RunRecord,
    RunSummary,
    StoredRun,
    record_of,
    row_of,
    run_id_of,
    summary_of,
    time_text,
)
from scenarios.store_schema import Database
from scenarios.store_tasks import TaskBook

LOCK_WAIT_S = 10.0
_PAGE_RUNS = 50
_CANDIDATES_SHOWN = 5
_ALL = ", ".join(("run_id", *COLUMNS))
_INSERT = (
    f"INSERT INTO {{jingli}}runs ({_ALL}) VALUES ({', '.join('?' * (len(COLUMNS) + 1))})"
    " ON CONFLICT (run_id) DO NOTHING"
)
# A proof, once found, is worth more than a later run that ran into its time limit.
_BEST_FIRST = (
    "CASE status WHEN 'OPTIMAL' THEN 0 WHEN 'INFEASIBLE' THEN 0 WHEN 'FEASIBLE' THEN 1 ELSE 2 END,"
    " created_at DESC, run_id DESC"
)
# Sorts after every character of a run id.
_AFTER_IDS = "~"


@dataclass(frozen=True, slots=True, kw_only=True)
class Imported:
    """What an import did.

    Attributes:
        added: Ids of the runs that are new in the store.
        present: Ids of the runs that were there already.
    """

    added: tuple[str, ...]
    present: tuple[str, ...]


def open_store(location: str | Path, *, wait_s: float = LOCK_WAIT_S) -> Store:
    """Open the store at `location`; make it where there is none, lift it where it is older.

    Args:
        location: Path of a SQLite file, or a URL `postgresql://…`. The folder of a file must
            exist, but for that of the default file, which is made.
        wait_s: How long to wait for a lock of another process, and for a server to answer.

    Raises:
        InputError: it cannot be used, with the reason; never with a password.
    """
    if is_postgres(location):
        from scenarios.store_postgres import PostgresDatabase

        return Store(PostgresDatabase(str(location), wait_s))
    from scenarios.store_sqlite import SqliteDatabase

    text = str(location)
    path = Path.home() / text[2:] if text.startswith(("~/", "~\\")) else Path(text)
    if path == default_path(os.environ, Path.home()):
        _make_own_folder(path.parent)
    return Store(SqliteDatabase(path, text, wait_s))


class Store:
    """An open run store; a context manager that closes it."""

    def __init__(self, database: Database) -> None:
        self._database = database

    @property
    def location(self) -> str:
        """File or URL for messages, without password."""
        return self._database.location

    @property
    def tasks(self) -> TaskBook:
        """The tasks of stations, kept in the same place."""
        return TaskBook(self._database)

    def __repr__(self) -> str:
        return f"Store({self.location!r})"

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the file or the server; a second time does nothing."""
        self._database.close()

    def add(self, record: RunRecord) -> str:
        """Keep a run and return its id.

        The very same record is kept once: after an interruption it may be added again.

        Raises:
            InputError: the store is locked, full, read-only or out of reach; it is as before.
        """
        with self._database.transaction(write=True):
            attempt = 0
            run_id = run_id_of(record)
            while not self._insert(run_id, record) and self._read(run_id) != record:
                attempt += 1
                run_id = run_id_of(record, attempt)
        return run_id

    def find(
        self,
        *,
        county_digest: str,
        policy_digest: str,
        seed: int,
        version: str,
        scenario: str | None = None,
    ) -> StoredRun | None:
        """The run of exactly these inputs, or None; of several a proven one, then the newest.

        Args:
            county_digest: Digest of the county.
            policy_digest: Digest of the policy.
            seed: Seed of the solver.
            version: Version of Jingli.
            scenario: Only runs under this name; None for any, as the name decides nothing.

        Raises:
            InputError: the store is locked or out of reach.
        """
        conditions = {
            "county_digest = ?": county_digest,
            "policy_digest = ?": policy_digest,
            "seed = ?": seed,
            "version = ?": version,
            "scenario = ?": scenario,
        }
        where, values = _where(conditions)
        with self._database.transaction(write=False):
            # The id first: sorting whole runs would read every document.
            rows = self._database.rows(
                f"SELECT run_id FROM {{jingli}}runs{where} ORDER BY {_BEST_FIRST} LIMIT 1", *values
            )
            return self._existing(rows[0][0]) if rows else None

    def list(
        self,
        *,
        case: str | None = None,
        scenario: str | None = None,
        status: Status | None = None,
        since: datetime | None = None,
        limit: int | None = None,
    ) -> tuple[RunSummary, ...]:
        """Runs, newest first, without their documents.

        Args:
            case: Only runs of this county's name, or of this case as typed.
            scenario: Only runs of this scenario.
            status: Only runs with this status.
            since: Only runs from this time on; with its zone.
            limit: At most so many.

        Raises:
            InputError: the store is locked or out of reach.
            ValueError: a time without a zone, or a limit below 1.
        """
        if since is not None and since.tzinfo is None:
            raise ValueError("since: a time with its zone")
        if limit is not None and limit < 1:
            raise ValueError("limit: at least 1")
        conditions = {
            "? IN (case_name, case_folder)": case,
            "scenario = ?": scenario,
            "status = ?": None if status is None else status.value,
            "created_at >= ?": None if since is None else time_text(since),
        }
        where, values = _where(conditions)
        sql = f"SELECT {', '.join(SUMMARY_COLUMNS)} FROM {{jingli}}runs{where}"
        sql += " ORDER BY created_at DESC, run_id DESC"
        if limit is not None:
            sql, values = sql + " LIMIT ?", (*values, limit)
        with self._database.transaction(write=False):
            rows = self._database.rows(sql, *values)
        return tuple(summary_of(row) for row in rows)

    def get(self, run_id: str) -> StoredRun:
        """The run with this id, or the only one whose id starts so.

        Raises:
            InputError: there is none, or there are several.
        """
        with self._database.transaction(write=False):
            (whole,) = self._resolve([run_id])
            return self._existing(whole)

    def delete(self, run_ids: Iterable[str]) -> tuple[str, ...]:
        """Delete these runs, or none of them if an id is not of exactly one run.

        Args:
            run_ids: Ids, or their beginnings where only one run's id starts so.

        Returns:
            Ids of the deleted runs, sorted.

        Raises:
            InputError: every id that is of no run or of several.
        """
        with self._database.transaction(write=True):
            whole = sorted(set(self._resolve(list(run_ids))))
            for run_id in whole:
                self._database.change("DELETE FROM {jingli}runs WHERE run_id = ?", run_id)
        return tuple(whole)

    def export(self, path: Path, run_ids: Iterable[str] | None = None) -> int:
        """Write runs to a JSON-lines file, all or nothing, sorted by id.

        Args:
            path: The file; an existing one is replaced when the new one is complete.
            run_ids: Ids or beginnings of ids; None for every run.

        Returns:
            How many runs were written.

        Raises:
            InputError: the file cannot be written, or an id is not of exactly one run.
        """
        written = 0
        with self._database.transaction(write=False):
            chosen = None if run_ids is None else sorted(set(self._resolve(list(run_ids))))
            runs = self._every() if chosen is None else map(self._existing, chosen)
            with (
                atomic_path(path) as aside,
                aside.open("w", encoding="utf-8", newline="") as file,
            ):
                file.write(header_line())
                for run in runs:
                    file.write(line_of(run))
                    written += 1
        return written

    def import_(self, path: Path) -> Imported:
        """Add the runs of an exported file under their ids, all or none.

        Raises:
            InputError: every problem of the file, or the store refuses; it is as before.
        """
        added: list[str] = []
        present: list[str] = []
        problems: list[Problem] = []
        with self._database.transaction(write=True):
            for read in read_runs(path, str(path)):
                if isinstance(read, Problem):
                    problems.append(read)
                elif self._insert(read.run_id, read.record):
                    added.append(read.run_id)
                elif self._read(read.run_id) == read.record:
                    present.append(read.run_id)
                else:
                    problems.append(
                        Problem(
                            where=str(path),
                            value=read.run_id,
                            expected="a run that is not in the store with other contents",
                            fix="import the file into another store",
                        )
                    )
            if problems:
                raise InputError(problems)
        return Imported(added=tuple(added), present=tuple(present))

    def _insert(self, run_id: str, record: RunRecord) -> bool:
        return self._database.change(_INSERT, run_id, *row_of(record)) == 1

    def _read(self, run_id: str) -> RunRecord | None:
        rows = self._database.rows(f"SELECT {_ALL} FROM {{jingli}}runs WHERE run_id = ?", run_id)
        return _stored(rows[0]).record if rows else None

    def _existing(self, run_id: str) -> StoredRun:
        record = self._read(run_id)
        assert record is not None  # its id was read in the same transaction
        return StoredRun(run_id=run_id, record=record)

    def _every(self) -> Iterator[StoredRun]:
        """All runs by id, a page at a time: a store may be larger than memory."""
        last = ""
        while True:
            rows = self._database.rows(
                f"SELECT {_ALL} FROM {{jingli}}runs WHERE run_id > ? ORDER BY run_id LIMIT ?",
                last,
                _PAGE_RUNS,
            )
            yield from map(_stored, rows)
            if len(rows) < _PAGE_RUNS:
                return
            last = rows[-1][0]

    def _resolve(self, asked: Sequence[str]) -> Sequence[str]:
        """Whole ids of ids or their beginnings.

        Raises:
            InputError: every one that is of no run or of several.
        """
        found: list[str] = []
        problems: list[Problem] = []
        for one in asked:
            start = one.strip().lower()
            rows = self._database.rows(
                "SELECT run_id FROM {jingli}runs WHERE run_id >= ? AND run_id < ?"
                " ORDER BY run_id LIMIT ?",
                start,
                start + _AFTER_IDS,
                _CANDIDATES_SHOWN + 1,
            )
            if len(rows) == 1 and start:
                found.append(rows[0][0])
            else:
                problems.append(self._not_one(one, [run_id for (run_id,) in rows] if start else []))
        if problems:
            raise InputError(problems)
        return found

    def _not_one(self, asked: str, candidates: Sequence[str]) -> Problem:
        if not candidates:
            return Problem(
                where=self.location,
                value=asked,
                expected="the id of a run, or its beginning",
                fix="`jingli runs` lists the ids",
            )
        shown = ", ".join(candidates[:_CANDIDATES_SHOWN])
        more = ", …" if len(candidates) > _CANDIDATES_SHOWN else ""
        return Problem(
            where=self.location,
            value=asked,
            expected="the beginning of one run's id only; it fits {candidates}",
            fix="write more of the id",
            params={"candidates": shown + more},
        )


def _where(conditions: Mapping[str, object]) -> tuple[str, tuple[object, ...]]:
    """SQL of the conditions that have a value, and the values."""
    asked = {text: value for text, value in conditions.items() if value is not None}
    return (" WHERE " + " AND ".join(asked) if asked else ""), tuple(asked.values())


def _stored(row: Sequence[object]) -> StoredRun:
    return StoredRun(run_id=str(row[0]), record=record_of(row[1:]))


def _make_own_folder(folder: Path) -> None:
    """Make the folder of the default store; head counts are nobody else's business."""
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(
            [
                Problem(
                    where=str(folder),
                    value=error.strerror,
                    expected="a folder for your data that can be made",
                    fix="choose another place with --store or in JINGLI_STORE",
                )
            ]
        ) from error
