"""Atomic writes: a reader sees the old output or the new one, never a half of either.

A file is written beside its target and renamed over it; a whole folder is built beside its target
and renamed at the end. This guards against errors and interrupted runs, not against a power cut.
"""

from __future__ import annotations

import errno
import json
import os
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from optimizer.errors import InputError, Problem

MANIFEST = "manifest.json"
MANIFEST_KEY = "jingli"
"""Top-level key by which a manifest is known as ours."""
MANIFEST_FILES = "files"
"""Key of the manifest that lists what the run wrote: a list, or a mapping keyed by file name."""

# SQLite leaves these beside a GeoPackage that a program has open.
_SIDE_FILES = ("-wal", "-shm", "-journal")


@contextmanager
def atomic_path(target: Path) -> Iterator[Path]:
    """Yield a path to write to; on success it is renamed to `target`, on error it is removed.

    The path has the suffix of `target`, because writers choose their format by it. Its folder is
    that of `target`, which must exist. The body should write and do nothing else.

    Raises:
        InputError: `target` cannot be written, or a program holds it open (Windows).
    """
    aside = target.with_name(f".{target.stem}.{secrets.token_hex(4)}{target.suffix}")
    try:
        yield aside
        aside.replace(target)
    except OSError as error:
        raise InputError([_unwritable(target, error)]) from error
    finally:
        aside.unlink(missing_ok=True)
        for side in _SIDE_FILES:
            aside.with_name(aside.name + side).unlink(missing_ok=True)


def write_bytes(target: Path, data: bytes) -> Path:
    """Write `data` to `target` atomically and return `target`.

    Raises:
        InputError: `target` cannot be written.
    """
    with atomic_path(target) as aside:
        aside.write_bytes(data)
    return target


def write_text(target: Path, text: str, *, encoding: str = "utf-8") -> Path:
    """Write `text` to `target` atomically, line ends as they are, and return `target`.

    Raises:
        InputError: `target` cannot be written.
    """
    return write_bytes(target, text.encode(encoding))


@contextmanager
def atomic_folder(target: Path) -> Iterator[Path]:
    """Yield an empty folder to fill; on success it becomes `target`, on error nothing is left.

    An existing `target` is replaced only when it is empty, or when it carries our `manifest.json`
    and holds nothing that the manifest does not list: what a planner put there is never deleted.
    It stays as it was until the new folder is complete.

    Raises:
        InputError: `target` may not be replaced or cannot be written. Checked before the yield, so
            that a long run does not end in a refusal.
    """
    shown, target = target, Path(os.path.realpath(target))
    problem = replace_problem(target, shown=str(shown))
    if problem is not None:
        raise InputError([problem])
    made = _make_parents(target, shown)
    token = secrets.token_hex(4)
    building = target.with_name(f".{target.name}.building-{token}")
    done = False
    try:
        try:
            building.mkdir()
        except OSError as error:
            raise InputError([_unwritable(shown, error)]) from error
        yield building
        # Somebody may have put files there while the run went on.
        problem = replace_problem(target, shown=str(shown))
        if problem is not None:
            raise InputError([problem])
        try:
            _swap(building, target, target.with_name(f".{target.name}.old-{token}"))
        except OSError as error:
            raise InputError([_unwritable(shown, error)]) from error
        done = True
    finally:
        if not done:
            shutil.rmtree(building, ignore_errors=True)
            for parent in made:
                with suppress(OSError):  # not empty: someone else uses it by now
                    parent.rmdir()


def make_folder(folder: Path) -> None:
    """Make `folder` and what leads to it; one that is there stays as it is.

    Raises:
        InputError: it cannot be made.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError([_unwritable(folder, error)]) from error


def replace_problem(target: Path, *, shown: str | None = None) -> Problem | None:
    """Say why an output folder may not be put at `target`; None when it may.

    Args:
        target: Where the folder would go.
        shown: The path as the planner wrote it.
    """
    shown = str(target) if shown is None else shown
    if not os.path.lexists(target):
        return None
    if not target.is_dir():
        return Problem(
            where=shown,
            expected="an output folder, not a file",
            fix="choose another name for the output folder",
        )
    try:
        present = {entry.name for entry in target.iterdir()}
    except OSError as error:
        return _unwritable(Path(shown), error)
    if not present:
        return None
    manifest = _manifest(target)
    if manifest is None:
        return Problem(
            where=shown,
            expected="a new folder, an empty one, or one that an earlier run of Jingli wrote",
            fix="choose another output folder, or empty this one yourself",
        )
    listed = {Path(str(name)).parts[0] for name in manifest.get(MANIFEST_FILES, ()) if str(name)}
    ours = listed | {MANIFEST} | {name + side for name in listed for side in _SIDE_FILES}
    strangers = sorted(present - ours)
    if strangers:
        return Problem(
            where=shown,
            value="、".join(strangers[:5]) + (" …" if len(strangers) > 5 else ""),
            expected="only files that an earlier run of Jingli wrote",
            fix="move your own files elsewhere, or choose another output folder",
        )
    return None


def _manifest(folder: Path) -> dict[str, Any] | None:
    """The manifest of a folder that we wrote, else None."""
    try:
        read = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return read if isinstance(read, dict) and MANIFEST_KEY in read else None


def _make_parents(target: Path, shown: Path) -> list[Path]:
    """Create missing parents; return those created, deepest first."""
    missing = []
    parent = target.parent
    while not parent.exists():
        missing.append(parent)
        parent = parent.parent
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError([_unwritable(shown, error)]) from error
    return missing


def _swap(building: Path, target: Path, old: Path) -> None:
    """Put `building` at `target`; what stood there goes only after that succeeded."""
    had = target.exists()
    if had:
        target.rename(old)
    try:
        building.rename(target)
    except OSError:
        if had:
            old.rename(target)
        raise
    shutil.rmtree(old, ignore_errors=True)


def _unwritable(target: Path, error: OSError) -> Problem:
    full = error.errno in (errno.ENOSPC, errno.EDQUOT)
    return Problem(
        where=str(target),
        value=error.strerror or type(error).__name__,
        expected="room on the disk" if full else "a place that can be written",
        fix="free some space, or choose another place"
        if full
        else "close programs that have it open, check the permissions, or choose another place",
    )
