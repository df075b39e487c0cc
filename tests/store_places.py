"""Fixtures: run stores on both databases, for the tests that name this file as a plugin."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from scenarios.store import Store, open_store
from tests.postgres import Server, running_server


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[Server]:
    """A real server for the whole test run."""
    with running_server() as running:
        yield running


@pytest.fixture(params=["sqlite", "postgres"])
def new_place(tmp_path: Path, request: pytest.FixtureRequest) -> Callable[[], str]:
    """Makes locations of stores that do not exist yet."""
    made = iter(range(1000))
    if request.param == "sqlite":
        return lambda: str(tmp_path / f"警力 {next(made)}.sqlite")
    server: Server = request.getfixturevalue("postgres_server")
    # A new database takes half a second; emptying one does not.
    return lambda: server.url(server.new_database() if next(made) else server.emptied_database())


@pytest.fixture
def place(new_place: Callable[[], str]) -> str:
    """The location of a store that does not exist yet."""
    return new_place()


@pytest.fixture
def store(place: str) -> Iterator[Store]:
    """An empty store."""
    with open_store(place) as opened:
        yield opened


@pytest.fixture
def file_store(tmp_path: Path) -> Iterator[Store]:
    """An empty store in a file, for what does not depend on the database."""
    with open_store(tmp_path / "runs.sqlite") as opened:
        yield opened
