"""Fixtures for every test."""

from __future__ import annotations

from pathlib import Path

import pytest

SHARED_DATA = Path(__file__).resolve().parent.parent.parent / "shared" / "data"


@pytest.fixture(scope="session")
def shared() -> Path:
    """The check data; the project installs, runs and passes its tests without it."""
    if not SHARED_DATA.is_dir():
        pytest.skip("check data (shared/data beside the checkout) is absent")
    return SHARED_DATA
