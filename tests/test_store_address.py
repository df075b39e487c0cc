"""Where a store lies, and that no password is ever shown, logged, kept or exported."""

from __future__ import annotations

import builtins
import socket
import subprocess
import sys
import traceback
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from optimizer.errors import InputError
from scenarios.store import open_store
from scenarios.store_address import default_path, is_postgres, masked, store_location
from tests.postgres import PASSWORD, Server
from tests.store_processes import run_record
from tests.store_support import ROOT, problem_of

pytest_plugins = ["tests.store_places"]

HOME = Path("/home/li")


@pytest.mark.parametrize(
    ("platform", "environ", "path"),
    [
        ("linux", {}, HOME / ".local/share/jingli/runs.sqlite"),
        ("linux", {"XDG_DATA_HOME": "/data"}, Path("/data/jingli/runs.sqlite")),
        ("darwin", {}, HOME / "Library/Application Support/jingli/runs.sqlite"),
        ("win32", {"LOCALAPPDATA": "/local"}, Path("/local/Jingli/runs.sqlite")),
        ("win32", {}, HOME / "AppData/Local/Jingli/runs.sqlite"),
    ],
)
def test_the_default_is_in_the_users_data_folder(
    platform: str, environ: dict[str, str], path: Path
) -> None:
    assert default_path(environ, HOME, platform) == path


def test_the_option_comes_before_the_environment() -> None:
    environ = {"JINGLI_STORE": "office.sqlite"}
    assert store_location("own.sqlite", environ, HOME) == "own.sqlite"
    assert store_location(None, environ, HOME) == "office.sqlite"
    assert store_location(None, {}, HOME) == str(default_path({}, HOME))


@pytest.mark.skipif(sys.platform != "linux", reason="the folder of Linux")
def test_only_the_default_folder_is_made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    path = tmp_path / "data" / "jingli" / "runs.sqlite"
    with open_store(path) as opened:
        opened.add(run_record())
    assert path.parent.stat().st_mode & 0o777 == 0o700
    (tmp_path / "file").touch()
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "file"))
    with pytest.raises(InputError, match="expected a folder for your data"):
        open_store(tmp_path / "file" / "jingli" / "runs.sqlite")


def test_names_that_sqlite_would_take_for_something_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for name in (":memory:", "runs?mode=ro#1%20", "~odd"):
        if sys.platform == "win32" and name != "~odd":
            continue
        with open_store(name) as opened:
            opened.add(run_record())
        assert (tmp_path / name).stat().st_size > 0
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    open_store("~/mine.sqlite").close()
    assert (tmp_path / "mine.sqlite").exists()


@pytest.mark.parametrize(
    ("location", "postgres"),
    [
        ("runs.sqlite", False),
        ("C:/Users/李/runs.sqlite", False),
        (r"C:\Users\runs.sqlite", False),
        (Path("a/b"), False),
        ("postgresql://host/db", True),
        ("postgres://u@host", True),
        ("postgresql:///db?host=/run/postgresql", True),
        ("postgresql://u:p:q@[::1]:5432,b:1/db?sslmode=require&application_name=x", True),
    ],
)
def test_files_and_urls_are_told_apart(location: str | Path, postgres: bool) -> None:
    assert is_postgres(location) is postgres


@pytest.mark.parametrize(
    "location",
    [
        # Each makes libpq quote a part of the password as host, port or token.
        "postgresql://u:sec@ret@host/db",
        "postgresql://u:sec/ret@host/db",
        "postgresql://u:sec#ret@host/db",
        "postgresql://u:1?sec=ret@host/db",
        "postgresql://u:sec ret@host/db",
        "postgresql://u:sec%ret@host/db",
        "postgresql://u:sec%00ret@host/db",
        "postgresql://u:secret",
        "postgresql://u:secret/db",
        "postgresql://host/db?password=sec@ret",
        # Not ours at all.
        "mysql://u:secret@host/db",
        "postgresql+psycopg://u:secret@host/db",
        "POSTGRESQL://u:secret@host/db",
        "host=db user=u password=secret",
        Path("postgresql://u:secret@host/db"),
        "ftp:/u:secret@host",
    ],
)
def test_what_libpq_would_misread_is_refused_without_showing_it(location: str | Path) -> None:
    for use in (is_postgres, open_store):
        with pytest.raises(InputError) as refused:
            use(location)
        shown = "".join(traceback.format_exception(refused.value)[-1:]) + problem_of(refused)
        assert "***" in shown
        assert "ret" not in shown.replace("retry", "")


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("postgresql://u:secret@h:5432/db", "postgresql://u:***@h:5432/db"),
        ("postgresql://u@h/db", "postgresql://u@h/db"),
        ("postgresql://h/db?user=u&password=secret", "postgresql://h/db?user=u&password=***"),
        ("postgresql://h?sslpassword=secret&a=b", "postgresql://h?sslpassword=***&a=b"),
        ("--store=postgres://u:secret@h/db", "--store=postgres://u:***@h/db"),
        ("postgresql://u:sec@ret@h/db", "postgresql://***"),
        ("postgresql://u:secret/db", "postgresql://***"),
        ("POSTGRESQL://u:secret", "POSTGRESQL://***"),
        ("mysql://u:sec@ret@h/db", "mysql://u:***@h/db"),
        ("host=h password='sec ret' user=u", "host=h password=*** user=u"),
        ("host=h password = secret user=u", "host=h password = *** user=u"),
        ("tcp://127.0.0.1:8786", "tcp://127.0.0.1:8786"),
        ("cases/垫江 2026", "cases/垫江 2026"),
        ("policy.response.rural_min=15", "policy.response.rural_min=15"),
    ],
)
def test_masked(text: str, shown: str) -> None:
    assert masked(text) == shown
    assert masked(shown) == shown


# No NUL: libpq refuses it, and so do we.
@given(st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=1))
def test_no_password_survives_masking(password: str) -> None:
    secret = quote(password, safe="")
    url = f"postgresql://u:{secret}@h:5432/db"
    assert masked(f"--store={url}") == "--store=postgresql://u:***@h:5432/db"
    assert masked(url.replace(secret, password)) in (
        "postgresql://u:***@h:5432/db",
        "postgresql://***",
    )


def leaks(shown: str) -> list[str]:
    """Parts of the server's password in a text, as written or as meant."""
    parts = [PASSWORD, quote(PASSWORD, safe=""), "p@ss", "p%40ss", "w:rd", "w%3Ard"]
    return [part for part in parts if part in shown]


def test_the_password_is_in_no_message_record_or_export(
    postgres_server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = postgres_server.url(postgres_server.new_database())
    command = ("jingli", "run", "x", "--store", url, f"--store={url}")
    file = tmp_path / "runs.jsonl"
    with open_store(url) as opened:
        run_id = opened.add(run_record(command=command, case_folder=url))
        opened.export(file)
        kept = opened.get(run_id)
        assert kept.record.command[3] == "--store"
        assert kept.record.command[4] == opened.location
        assert opened.location.startswith("postgresql://office:***@127.0.0.1")
        with pytest.raises(InputError) as refused:
            opened.get("nonsense")
        shown = [repr(opened), opened.location, repr(kept), str(refused.value)]
    assert leaks(file.read_text(encoding="utf-8")) == []
    assert leaks("\n".join(shown)) == []
    assert leaks(url) != []


@pytest.mark.parametrize("wrong", ["password", "database", "port", "option"])
def test_a_server_that_lets_nobody_in(
    postgres_server: Server, wrong: str, request: pytest.FixtureRequest
) -> None:
    url = postgres_server.url("postgres")
    if wrong == "password":
        url = postgres_server.url("postgres", password=PASSWORD + "x")
    elif wrong == "database":
        url = postgres_server.url("nowhere")
    elif wrong == "option":
        url += "?nonsense=1"
    else:
        free = socket.socket()
        request.addfinalizer(free.close)
        free.bind(("127.0.0.1", 0))  # bound and not listening: it refuses
        url = url.replace(f":{postgres_server.port}/", f":{free.getsockname()[1]}/")
    with pytest.raises(InputError) as refused:
        open_store(url, wait_s=2)
    assert "expected a PostgreSQL server that lets this user in" in problem_of(refused)
    assert leaks("".join(traceback.format_exception(refused.value))) == []


def test_a_server_that_repeats_the_password_is_not_quoted(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    psycopg = pytest.importorskip("psycopg")

    def connect(url: str, **_: object) -> None:
        raise psycopg.OperationalError('password "geh%eim" or "geh%25eim" is wrong')

    monkeypatch.setattr(psycopg, "connect", connect)
    for url in ("postgresql://u:geh%25eim@h/db", "postgresql://u@h/db?password=geh%25eim"):
        with pytest.raises(InputError) as refused:
            open_store(url)
        assert "eim" not in "".join(traceback.format_exception(refused.value))


def test_without_the_driver_the_way_to_get_it_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    real = builtins.__import__

    def without(name: str, *rest: Any, **named: Any) -> Any:
        if name.split(".")[0] == "psycopg":
            raise ImportError(name)
        return real(name, *rest, **named)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(InputError) as refused:
        open_store("postgresql://u:secret@h/db")
    assert problem_of(refused) == (
        "postgresql://u:***@h/db: expected Jingli with its PostgreSQL driver; "
        "install it: pip install 'jingli[postgres]'"
    )


def test_importing_the_store_loads_nothing_heavy() -> None:
    heavy = "'psycopg', 'pandas', 'geopandas', 'ortools', 'matplotlib', 'sqlalchemy'"
    code = (
        "import sys, scenarios.store\n"
        "from scenarios import store_postgres\n"
        f"print(sorted({{{heavy}}} & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout == "[]\n"
