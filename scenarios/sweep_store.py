"""The journal of a sweep: one line per finished point, so that nothing finished is ever lost.

Lines are written whole, flushed to the disk before the next point counts as done, and carry a
checksum. A line that a power cut or a full disk tore off is cut away when the journal is opened.
"""

from __future__ import annotations

import errno
import json
import os
import sys
import zlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, BinaryIO

from optimizer.errors import InputError, Problem

HEAD = "jingli_sweep"
FORMAT = 1
_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


class Journal:
    """What is known of a sweep so far, and the file that keeps it.

    Args:
        path: The file; made if it is not there.
        digest: What the sweep is: case, points, seed and versions.

    Raises:
        InputError: the file is another sweep's or no journal, is in use, or cannot be written.
    """

    def __init__(self, path: Path, digest: str) -> None:
        self.path = path
        self.entries: list[dict[str, Any]] = []
        fresh = not path.exists()
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            # Closed by close(); append mode would hide where a torn line starts.
            self._file: BinaryIO = path.open("x+b" if fresh else "r+b", buffering=0)
        except OSError as error:
            raise InputError([_unwritable(path, error)]) from error
        try:
            self._open(digest)
        except BaseException:
            self._file.close()
            raise

    def _open(self, digest: str) -> None:
        if not _lock(self._file):
            raise InputError([_in_use(self.path)])
        lines, end = [], 0
        for line, stop in _whole_lines(self._file.read()):
            lines.append(line)
            end = stop
        if lines:
            head = lines[0]
            if HEAD not in head or head.get("digest") != digest:
                raise InputError([_anothers(self.path)])
        elif self.path.stat().st_size and not self._is_torn_head():
            raise InputError([_anothers(self.path)])
        self._file.truncate(end)
        self._file.seek(end)
        self.entries = lines[1:]
        if not lines:
            self.add({HEAD: FORMAT, "digest": digest}, is_entry=False)

    def _is_torn_head(self) -> bool:
        self._file.seek(0)
        start = self._file.read(64).split(b" ", 1)
        return len(start) == 1 or start[1].startswith(f'{{"{HEAD}"'.encode()[: len(start[1])])

    def add(self, entry: Mapping[str, Any], *, is_entry: bool = True) -> None:
        """Keep one entry; when this returns, it is on the disk.

        Raises:
            InputError: the disk is full or the file cannot be written. What was kept stays kept.
        """
        body = json.dumps(entry, ensure_ascii=False, separators=(",", ":")).encode()
        line = b"%08x %s\n" % (zlib.crc32(body), body)
        start = self._file.tell()
        try:
            written = 0
            while written < len(line):
                written += self._file.write(line[written:])
            os.fsync(self._file.fileno())
        except OSError as error:
            self._file.truncate(start)
            self._file.seek(start)
            raise InputError([_unwritable(self.path, error)]) from error
        if is_entry:
            self.entries.append(dict(entry))

    def close(self) -> None:
        """Let go of the file."""
        self._file.close()

    def remove(self) -> None:
        """The sweep is written out: the journal has done its work."""
        self._file.close()
        self.path.unlink(missing_ok=True)


def _whole_lines(data: bytes) -> Iterator[tuple[dict[str, Any], int]]:
    """Entries up to the first line that is torn, each with where it ends."""
    start = 0
    while (stop := data.find(b"\n", start)) >= 0:
        checksum, _, body = data[start:stop].partition(b" ")
        if checksum != b"%08x" % zlib.crc32(body):
            return
        yield json.loads(body), stop + 1
        start = stop + 1


def _lock(file: BinaryIO) -> bool:
    """Hold the file for this process; the system lets go of it however the process ends."""
    try:
        if sys.platform == "win32":
            import msvcrt

            file.seek(2**40)  # beyond all lines: a locked range cannot be read on Windows
            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
            file.seek(0)
        else:
            import fcntl

            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


def _in_use(path: Path) -> Problem:
    return Problem(
        where=str(path),
        expected="a sweep that no other process is running",
        fix="wait for it, or give this one another output folder",
    )


def _anothers(path: Path) -> Problem:
    return Problem(
        where=str(path),
        expected="the journal of this very sweep: same case, grid, seed and versions",
        fix="finish that sweep with its own command, delete its journal, or choose another --out",
    )


def _unwritable(path: Path, error: OSError) -> Problem:
    if error.errno in _FULL:
        return Problem(
            where=str(path),
            value=error.strerror,
            expected="room on the disk; the points finished before are kept",
            fix="free some space and run the same command again",
        )
    return Problem(
        where=str(path),
        value=error.strerror or type(error).__name__,
        expected="a place that can be written",
        fix="check the permissions, or choose another --out",
    )
