"""Compiled loops where numba has no folder to keep them in: they compile anew and still run."""

from __future__ import annotations

import numpy as np
import pytest
from numba.core import caching

from optimizer.compiled import compiled


def _sum(values):  # type: ignore[no-untyped-def]
    total = 0
    for value in values:
        total += value
    return total


def test_no_folder_to_keep_it_in(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(caching.CacheImpl, "_locator_classes", [])
    assert compiled(_sum)(np.arange(5)) == 10


def test_with_a_folder_it_is_kept() -> None:
    made = compiled(_sum)
    assert made(np.arange(5)) == 10
    assert made._cache.cache_path
