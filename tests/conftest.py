"""Fixtures for every test."""

from __future__ import annotations

import gc
import os
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import NoReturn

import pytest
from playwright.sync_api import Browser, sync_playwright

_NUMBERS = count()
SHARED_DATA = Path(__file__).resolve().parent.parent.parent / "shared" / "data"


# pytest keeps rewritten tests with the bytecode; without it every worker rewrites all of them at
# every start, which takes as long as forty tests.
sys.dont_write_bytecode = False


def pytest_collection_finish() -> None:
    """What is imported stays: the collector need not look at it again and again."""
    gc.collect()
    gc.freeze()


def pytest_unconfigure() -> None:
    """What stays to the end would be told as leaks of compiled libraries."""
    gc.unfreeze()


@pytest.fixture(scope="session", autouse=True)
def _no_store_of_the_user(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """No test ever opens the run store of whoever runs it, module fixtures included."""
    folder = tmp_path_factory.mktemp("store")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("JINGLI_STORE", str(folder / "runs.sqlite"))
        yield folder


@pytest.fixture(autouse=True)
def own_store(_no_store_of_the_user: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The run store of this test alone."""
    # `mktemp` looks through all folders that it made, thousands of them.
    folder = _no_store_of_the_user / f"{next(_NUMBERS)}"
    folder.mkdir()
    path = folder / "runs.sqlite"
    monkeypatch.setenv("JINGLI_STORE", str(path))
    return path


@pytest.fixture(scope="session")
def shared() -> Path:
    """The check data; the project installs, runs and passes its tests without it."""
    if not SHARED_DATA.is_dir():
        pytest.skip("check data (shared/data beside the checkout) is absent")
    return SHARED_DATA


@contextmanager
def _without_pictures() -> Iterator[None]:
    from scenarios import outputs

    def empty_map(_figure: object, stem: Path) -> None:
        for ending in (".png", ".svg", ".pdf"):
            stem.with_suffix(ending).touch()

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(outputs, "surface_of", lambda *_: None)
        patch.setattr(outputs, "redistricting_map", lambda *_: None)
        patch.setattr(outputs, "write_map", empty_map)
        patch.setattr(outputs, "_write_gpkg", lambda _run, path, *_: path.touch())
        patch.setattr(outputs, "web_scenes", lambda *_: ())
        patch.setattr(outputs, "run_overlays", lambda *_: ())
        patch.setattr(outputs, "write_web_map", lambda path, *_, **_more: path.touch())
        yield


@pytest.fixture(scope="module")
def no_pictures() -> Iterator[None]:
    """Runs of a module about other things write their maps and layers as empty files.

    They take four fifths of a small run's time.
    """
    with _without_pictures():
        yield


@pytest.fixture
def no_pictures_here() -> Iterator[None]:
    """The same for one test."""
    with _without_pictures():
        yield


def cannot_be_had(reason: str) -> NoReturn:
    """Skip for want of a system package; with JINGLI_REQUIRE_ALL=1 fail instead."""
    if os.environ.get("JINGLI_REQUIRE_ALL") == "1":
        pytest.fail(f"required by JINGLI_REQUIRE_ALL=1: {reason}")
    pytest.skip(reason)


@pytest.fixture(scope="session")
def chromium() -> str:
    """Path of a Chromium to open our pictures and pages with."""
    for name in ("chromium", "chromium-browser", "google-chrome"):
        found = shutil.which(name)
        if found:
            return found
    cannot_be_had("no Chromium: on Debian `apt-get install chromium` as root")


@pytest.fixture(scope="module")
def browser(chromium: str) -> Iterator[Browser]:
    """A Chromium with no way to any network. Not for the session: it holds the event loop."""
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(
            executable_path=chromium, args=["--no-sandbox", "--proxy-server=127.0.0.1:9"]
        )
        yield launched
        launched.close()
