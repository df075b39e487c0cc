"""Columns of a log while it is read: in memory, a long log's in temporary files.

Beyond `ROWS_IN_MEMORY` rows each column is a nameless file, mapped into memory while it is worked
on, so that the longest log takes no more memory than a few of its columns.
"""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from optimizer.errors import InputError, Problem

ROWS_IN_MEMORY = 8_000_000


class Columns:
    """Columns of equal length that grow by batches.

    Args:
        dtypes: Name of each column -> its type.
        scratch: Folder for temporary files; None, or one that cannot be written: the system's.
        rows_in_memory: More rows than this are kept in files.
    """

    def __init__(
        self, dtypes: Mapping[str, str], scratch: Path | None, rows_in_memory: int | None = None
    ) -> None:
        self._dtypes = {name: np.dtype(kind) for name, kind in dtypes.items()}
        self._scratch = scratch
        self._most = ROWS_IN_MEMORY if rows_in_memory is None else rows_in_memory
        self._parts: dict[str, list[NDArray[Any]]] = {name: [] for name in dtypes}
        self._files: dict[str, IO[bytes]] = {}
        self.rows = 0

    @property
    def in_files(self) -> bool:
        """Whether the columns are kept in files."""
        return self.rows > self._most

    def add(self, values: Mapping[str, NDArray[Any]]) -> None:
        """Add rows.

        Raises:
            InputError: the disk is full.
        """
        parts = {
            name: np.ascontiguousarray(values[name], dtype) for name, dtype in self._dtypes.items()
        }
        self.rows += len(next(iter(parts.values())))
        for name, part in parts.items():
            self._parts[name].append(part)
            if self.in_files:
                if name not in self._files:
                    self._files[name] = self._new_file()
                for waiting in self._parts[name]:
                    self._write(waiting, self._files[name])
                self._parts[name].clear()

    def whole(self) -> dict[str, NDArray[Any]]:
        """The columns, each piece given back as soon as it is copied; to be asked for once."""
        found: dict[str, NDArray[Any]] = {}
        for name, dtype in self._dtypes.items():
            pieces = self._parts.pop(name)
            if name in self._files:
                found[name] = self._mapped(self._files.pop(name), dtype)
            elif pieces:
                found[name] = pieces[0] if len(pieces) == 1 else np.concatenate(pieces)
            else:
                found[name] = np.zeros(0, dtype)
            pieces.clear()
        return found

    def stowed(self, values: NDArray[Any]) -> NDArray[Any]:
        """The same values, in a file where columns are.

        Raises:
            InputError: the disk is full.
        """
        if not self.in_files or not len(values):
            return values
        file = self._new_file()
        self._write(values, file)
        return self._mapped(file, values.dtype)

    def _mapped(self, file: IO[bytes], dtype: np.dtype[Any]) -> NDArray[Any]:
        file.flush()
        # The mapping keeps the file: it is gone when the last array on it is.
        found: NDArray[Any] = np.memmap(file, dtype, "r+")
        file.close()
        return found

    def _new_file(self) -> IO[bytes]:
        try:
            return tempfile.TemporaryFile(dir=self._scratch)
        except OSError:
            return tempfile.TemporaryFile()

    def _write(self, values: NDArray[Any], file: IO[bytes]) -> None:
        try:
            file.write(np.ascontiguousarray(values).view(np.uint8).data)
        except OSError as error:
            raise InputError([_full(self.rows * sum(d.itemsize for d in self._dtypes.values()))]) \
                from error  # fmt: skip


def _full(so_far: int) -> Problem:
    return Problem(
        where=".jingli",
        expected="room on the disk to read a long log; {gb} GB were not enough",
        fix="free about twice the size of the log",
        params={"gb": f"{so_far / 1e9:.1f}"},
    )
