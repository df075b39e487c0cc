"""The run store in a PostgreSQL database that an office shares, in a schema of its own."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from optimizer.errors import InputError, Problem
from scenarios.store_address import masked, secrets_in
from scenarios.store_schema import bring_up_to_date

if TYPE_CHECKING:
    import psycopg

_SCHEMA = "jingli"
_ADVISORY_LOCK = 0x6A696E676C69  # "jingli"
_WORDS = MappingProxyType(
    {"jingli": f"{_SCHEMA}.", "text": 'TEXT COLLATE "C"', "integer": "BIGINT"}
)
_ASK = "ask the server's administrator, then run the command again"
_EXPECTED = {
    "42501": ("a database user who may use the schema jingli (on first use: make it)", _ASK),
    "25006": ("a database that takes what is written, not a read-only copy", _ASK),
    "53100": (
        "room on the server's disk",
        "ask the server's administrator; the store is as it was before",
    ),
}
_LOCK_NOT_AVAILABLE = "55P03"
_MIN_CONNECT_S = 2  # libpq's own lower bound


class PostgresDatabase:
    """A `scenarios.store_schema.Database` on a server.

    Nothing is set for the whole session, so that it works behind a connection pool.
    """

    words: Mapping[str, str] = _WORDS

    def __init__(self, url: str, wait_s: float) -> None:
        """Connect to the server and bring the store's tables up to date.

        Args:
            url: A URL that `is_postgres` accepted.
            wait_s: How long to wait for the server to answer and for other users' locks.

        Raises:
            InputError: no driver, no connection, no permission, a store that is newer, or a
                database that cannot hold Chinese text.
        """
        try:
            import psycopg
        except ImportError as error:
            raise InputError(
                [
                    Problem(
                        where=masked(url),
                        expected="Jingli with its PostgreSQL driver",
                        fix="install it: pip install 'jingli[postgres]'",
                    )
                ]
            ) from error
        self.location = masked(url)
        self._wait_s = wait_s
        self._errors = psycopg.Error
        try:
            self._connection: psycopg.Connection[tuple[Any, ...]] = psycopg.connect(
                url,
                autocommit=True,
                prepare_threshold=None,
                client_encoding="UTF8",
                fallback_application_name="jingli",
                connect_timeout=max(_MIN_CONNECT_S, math.ceil(wait_s)),
            )
        except psycopg.Error as error:
            # Not chained: a traceback would show what libpq says, and it may quote the URL.
            raise InputError([self._unreachable(url, error)]) from None
        try:
            self._check_encoding()
            bring_up_to_date(self)
        except BaseException:
            self._connection.close()
            raise

    @contextmanager
    def transaction(self, *, write: bool) -> Iterator[None]:
        """See `Database`."""
        with self._refusals():
            self._run("BEGIN" if write else "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
            try:
                self._run(f"SET LOCAL lock_timeout = {math.ceil(self._wait_s * 1000)}")
                yield
                self._run("COMMIT")
            except BaseException:
                with suppress(self._errors):  # the connection may be what failed
                    self._run("ROLLBACK")
                raise

    def rows(self, sql: str, *values: object) -> list[tuple[Any, ...]]:
        """See `Database`."""
        return self._run(sql, *values).fetchall()

    def change(self, sql: str, *values: object) -> int:
        """See `Database`."""
        return self._run(sql, *values).rowcount

    def tables(self) -> frozenset[str]:
        """See `Database`."""
        found = self.rows(
            "SELECT c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace"
            " WHERE n.nspname = ? AND c.relkind IN ('r', 'p', 'v', 'm', 'f')",
            _SCHEMA,
        )
        return frozenset(self.words["jingli"] + name for (name,) in found)

    def start_migration(self) -> None:
        """See `Database`; on first use also makes the schema."""
        self.rows("SELECT pg_advisory_xact_lock(?)", _ADVISORY_LOCK)
        # `CREATE SCHEMA IF NOT EXISTS` would ask for the right to make one even if it is there.
        if not self.rows("SELECT 1 FROM pg_namespace WHERE nspname = ?", _SCHEMA):
            self.change(f"CREATE SCHEMA {_SCHEMA}")

    def close(self) -> None:
        """See `Database`."""
        self._connection.close()

    def _run(self, sql: str, *values: object) -> psycopg.Cursor[tuple[Any, ...]]:
        spelled = sql.format_map(self.words).replace("?", "%s")
        return self._connection.execute(spelled, values or None)

    def _check_encoding(self) -> None:
        encoding = self._connection.info.parameter_status("server_encoding")
        if encoding != "UTF8":
            raise InputError(
                [
                    Problem(
                        where=self.location,
                        value=encoding,
                        expected="a database in UTF-8, which holds Chinese text",
                        fix="use one made with: CREATE DATABASE … ENCODING 'UTF8' "
                        "TEMPLATE template0",
                    )
                ]
            )

    @contextmanager
    def _refusals(self) -> Iterator[None]:
        """Say what the server refuses in a planner's words; our own mistakes stay what they are."""
        import psycopg

        try:
            yield
        except psycopg.Error as error:
            if error.sqlstate == _LOCK_NOT_AVAILABLE:
                problem = Problem(
                    where=self.location,
                    expected="a store that no other program holds locked for more than {wait} s",
                    fix="close the program that has it open, then run the command again",
                    params={"wait": f"{self._wait_s:g}"},
                )
            elif error.sqlstate in _EXPECTED:
                expected, fix = _EXPECTED[error.sqlstate]
                problem = Problem(
                    where=self.location, value=_first_line(error), expected=expected, fix=fix
                )
            elif isinstance(error, psycopg.OperationalError):
                problem = Problem(
                    where=self.location,
                    value=_first_line(error),
                    expected="a PostgreSQL server that answers",
                    fix="check the connection, then run the command again: "
                    "the store is as it was before",
                )
            else:
                raise
            raise InputError([problem]) from error

    def _unreachable(self, url: str, error: psycopg.Error) -> Problem:
        said = _first_line(error)
        return Problem(
            where=self.location,
            value=None if any(secret in str(error) for secret in secrets_in(url)) else said,
            expected="a PostgreSQL server that lets this user in",
            fix="check host, port, database, user and password, or ask the server's administrator",
        )


def _first_line(error: psycopg.Error) -> str:
    return (str(error) or type(error).__name__).splitlines()[0]
