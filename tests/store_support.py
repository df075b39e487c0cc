"""Looking and acting behind a run store's back, for its tests."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest

from optimizer.errors import InputError
from scenarios.store_address import is_postgres

ROOT = Path(__file__).resolve().parent.parent
ON_LINUX = pytest.mark.skipif(sys.platform == "win32", reason="needs Unix processes")


def sql(place: str, statement: str) -> list[tuple[Any, ...]]:
    """Run a statement behind the store's back; `{}` stands for the prefix of its tables."""
    if is_postgres(place):
        import psycopg

        with psycopg.connect(place, autocommit=True) as server_side:
            cursor = server_side.execute(statement.format("jingli.").encode())
            return cursor.fetchall() if cursor.description else []
    with closing(sqlite3.connect(place, isolation_level=None)) as file:
        return file.execute(statement.format("jingli_")).fetchall()


def other_process(*arguments: str) -> subprocess.Popen[str]:
    """Start a function of `tests.store_processes` in another process."""
    return subprocess.Popen(
        [sys.executable, "-m", "tests.store_processes", *arguments],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        encoding="utf-8",
        env=os.environ | {"PYTHONIOENCODING": "utf-8"},
    )


@contextmanager
def held_by_another(place: str) -> Iterator[subprocess.Popen[str]]:
    """Another process holds the store locked until the end, or until it reads a line."""
    holder = other_process("hold", place)
    assert holder.stdin is not None
    assert holder.stdout is not None
    try:
        assert holder.stdout.readline() == "held\n"
        yield holder
    finally:
        holder.communicate("\n", timeout=30)


def problem_of(refused: pytest.ExceptionInfo[InputError]) -> str:
    """The text of the only problem."""
    (problem,) = refused.value.problems
    return problem.text()
