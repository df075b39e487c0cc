"""A real PostgreSQL server for tests: made new, on loopback, not as root, gone afterwards."""

from __future__ import annotations

import ctypes
import importlib.util
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any
from urllib.parse import quote

from tests.conftest import cannot_be_had

PASSWORD = "密 p@ss/w:rd?#%41"
"""Holds every character that a URL or a message could trip over."""
_USER = "office"
_START_S, _STOP_S = 30.0, 20.0
_TRIES = 3
_PR_SET_PDEATHSIG = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """A running server.

    Attributes:
        port: On 127.0.0.1.
        numbers: For names of databases that no test has used yet.
    """

    port: int
    numbers: Iterator[int]

    def url(self, database: str, user: str = _USER, password: str = PASSWORD) -> str:
        """URL of a database, the password in it."""
        secret = quote(password, safe="")
        return f"postgresql://{user}:{secret}@127.0.0.1:{self.port}/{database}"

    def run(self, sql: str, database: str = "postgres") -> list[tuple[Any, ...]]:
        """Run a statement as the administrator, on a connection of its own."""
        import psycopg

        with psycopg.connect(self.url(database), autocommit=True) as connection:
            cursor = connection.execute(sql.encode())
            return cursor.fetchall() if cursor.description else []

    def new_database(self, options: str = "") -> str:
        """Make an empty database and return its name."""
        name = f"t{next(self.numbers)}"
        self.run(f"CREATE DATABASE {name} {options}")
        return name

    def emptied_database(self) -> str:
        """The database `postgres` without a store; for one test at a time."""
        self.run("DROP SCHEMA IF EXISTS jingli CASCADE")
        return "postgres"


@contextmanager
def running_server() -> Iterator[Server]:
    """Start a throw-away server; end it, by its own process id, and remove its files."""
    programs = _programs()
    account = _account()
    folder = Path(tempfile.mkdtemp(prefix="jingli-pg-"))  # short: a socket's path may not be long
    try:
        if "user" in account:
            os.chown(folder, account["user"], account["group"])
        _make_cluster(programs, folder, account)
        server, process = _start(programs, folder, account)
        try:
            yield server
        finally:
            _stop(process)
    finally:
        shutil.rmtree(folder)


def _programs() -> Path:
    """Folder of the server's programs."""
    if sys.platform == "win32":
        cannot_be_had("the PostgreSQL tests start a server as Linux does")
    if importlib.util.find_spec("psycopg") is None:
        cannot_be_had("no PostgreSQL driver: pip install 'jingli[postgres]'")
    # Debian does not put the server's programs on the PATH.
    debian = Path("/usr/lib/postgresql").glob("*/bin/postgres")
    newest = sorted(debian, key=lambda p: float(p.parent.parent.name))
    found = str(newest[-1]) if newest else shutil.which("postgres")
    if found is None:
        cannot_be_had("no PostgreSQL: on Debian `apt-get install postgresql` as root")
    return Path(found).resolve().parent


def _account() -> dict[str, Any]:
    """Arguments of Popen: PostgreSQL refuses to run as root."""
    if os.geteuid() != 0:
        return {}
    import pwd

    names = {p.pw_name: p for p in pwd.getpwall()}
    someone = names.get("postgres") or names.get("nobody")
    if someone is None:
        cannot_be_had("no account postgres or nobody to run PostgreSQL as")
    return {"user": someone.pw_uid, "group": someone.pw_gid, "extra_groups": []}


def _environment() -> dict[str, str]:
    plain = {k: v for k, v in os.environ.items() if not k.startswith(("PG", "LC_", "LANG"))}
    return plain | {"LC_ALL": "C"}


def _make_cluster(programs: Path, folder: Path, account: dict[str, Any]) -> None:
    secret = folder / "password"
    secret.write_text(PASSWORD, encoding="utf-8")
    secret.chmod(0o644)
    subprocess.run(
        [
            programs / "initdb", "--pgdata", folder / "data", "--username", _USER,
            "--pwfile", secret, "--auth", "scram-sha-256", "--encoding", "UTF8",
            "--no-locale", "--no-sync",
        ],
        check=True, cwd=folder, stdout=subprocess.DEVNULL, env=_environment(), **account,
    )  # fmt: skip


def _start(
    programs: Path, folder: Path, account: dict[str, Any]
) -> tuple[Server, subprocess.Popen[bytes]]:
    log = folder / "log"
    for _ in range(_TRIES):  # another program may take the port between asking and binding
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = int(free.getsockname()[1])
        with log.open("wb") as stderr:
            process = subprocess.Popen(
                [
                    programs / "postgres", "-D", folder / "data", "-p", str(port),
                    "-c", "listen_addresses=127.0.0.1", "-k", folder, "-c", "fsync=off",
                ],
                cwd=folder, stdout=stderr, stderr=stderr, env=_environment(),
                preexec_fn=_end_with_parent, **account,
            )  # fmt: skip
        server = Server(port=port, numbers=count(1))
        if _answers(server, process):
            return server, process
        _stop(process)
    raise RuntimeError(f"PostgreSQL does not start:\n{log.read_text(errors='replace')}")


def _end_with_parent() -> None:
    """A test run that is killed cannot stop its server: Linux does it."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGQUIT)


def _answers(server: Server, process: subprocess.Popen[bytes]) -> bool:
    import psycopg

    give_up = time.monotonic() + _START_S
    while process.poll() is None and time.monotonic() < give_up:
        try:
            server.run("SELECT 1")
        except psycopg.OperationalError:
            time.sleep(0.05)
        else:
            return True
    return False


def _stop(process: subprocess.Popen[bytes]) -> None:
    if process.poll() is not None:
        return
    # "Immediate": it ends its own children, and writes nothing that would be thrown away anyhow.
    process.send_signal(signal.SIGQUIT)
    process.wait(_STOP_S)
