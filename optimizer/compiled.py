"""Compiling with numba, kept on disk where there is a folder for it.

Importing this module imports numba: only modules of compiled loops do.
"""

from __future__ import annotations

from typing import Any

from numba import njit


def compiled(function: Any) -> Any:
    """A function compiled by numba, once per machine.

    What was compiled is kept in `NUMBA_CACHE_DIR`, beside the source, or in the user's cache
    folder; where numba can write in none of them, every process compiles for itself.
    """
    try:
        return njit(cache=True, nogil=True)(function)
    except RuntimeError:  # numba: no folder to keep it in
        return njit(nogil=True)(function)
