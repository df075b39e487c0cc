"""Fixtures for every test."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import NoReturn

import pytest
from playwright.sync_api import Browser, sync_playwright

SHARED_DATA = Path(__file__).resolve().parent.parent.parent / "shared" / "data"


@pytest.fixture(scope="session", autouse=True)
def _no_store_of_the_user(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """No test ever opens the run store of whoever runs it, module fixtures included."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("JINGLI_STORE", str(tmp_path_factory.mktemp("store") / "runs.sqlite"))
        yield


@pytest.fixture(autouse=True)
def own_store(
    _no_store_of_the_user: None,
    tmp_path_factory: pytest.TempPathFactory,
    monkeypatch: pytest.MonkeyPatch,
) -> Path:
    """The run store of this test alone."""
    path = tmp_path_factory.mktemp("store") / "runs.sqlite"
    monkeypatch.setenv("JINGLI_STORE", str(path))
    return path


@pytest.fixture(scope="session")
def shared() -> Path:
    """The check data; the project installs, runs and passes its tests without it."""
    if not SHARED_DATA.is_dir():
        pytest.skip("check data (shared/data beside the checkout) is absent")
    return SHARED_DATA


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
