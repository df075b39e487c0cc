"""The road graph kept on disk beside the case: opened, not read, the next time.

One file per graph, named by a digest of all that made it. It is mapped into memory; a file that is
not whole or not ours is passed over and made anew.
"""

from __future__ import annotations

import hashlib
import json
import mmap
import zlib
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np

from geo.atomic import atomic_path, make_folder
from geo.road_graph import ARRAYS, RoadGraph
from optimizer.errors import InputError, Problem
from optimizer.frozen import digest

CACHE_FOLDER = ".jingli"
# Raised whenever the same input gives another graph, or the file another form.
VERSION = 2
_MAGIC = b"JLROADS1"
_PREFIX, _SUFFIX = "roads-", ".graph"
_ALIGN = 64
# Graphs of one case that are kept: speeds are tried out, files updated.
_KEPT = 4


def cache_key(paths: Sequence[Path], settings: Any) -> str:
    """Digest of the content of road files, of what shapes the graph and of our own version.

    Args:
        paths: The file, and those that belong to it (a Shapefile is several).
        settings: Mappings, sequences, dataclasses and scalars (`optimizer.frozen.digest`).

    Raises:
        OSError: the file cannot be read.
    """
    content = []
    for path in paths:
        with path.open("rb") as file:
            content.append([path.suffix, hashlib.file_digest(file, "sha256").hexdigest()])
    return digest({"files": content, "settings": settings, "version": VERSION})


def load(folder: Path, key: str) -> tuple[RoadGraph, Any] | None:
    """The graph of this key and its notes; None where there is none that can be trusted."""
    with suppress(OSError, ValueError, KeyError, TypeError):
        return _open(_path(folder, key), key)
    return None


def store(folder: Path, key: str, graph: RoadGraph, notes: Any) -> bool:
    """Keep a graph; False where the folder cannot be written.

    Args:
        folder: The cache folder, made if missing.
        key: As `cache_key` gave it.
        graph: The graph.
        notes: Whatever JSON can hold.
    """
    arrays: dict[str, Any] = {}
    place = 0
    for name in ARRAYS:
        array = getattr(graph, name)
        arrays[name] = [array.dtype.str, len(array), place]
        place += -(-array.nbytes // _ALIGN) * _ALIGN
    header: dict[str, Any] = {
        "key": key,
        "arrays": arrays,
        "bytes": place,
        "class_names": graph.class_names,
        "texts": graph.texts,
        "origin": graph.origin,
        "ids_are_texts": graph.ids_are_texts,
        "unused_ids": graph.unused_ids,
        "notes": notes,
    }
    parts = [_padded(getattr(graph, name)) for name in ARRAYS]
    check = 0
    for part in parts:
        check = zlib.crc32(part, check)
    text = json.dumps({**header, "check": check}, ensure_ascii=False).encode()
    text += b" " * (-(len(_MAGIC) + 8 + len(text)) % _ALIGN)
    try:
        make_folder(folder)
        with atomic_path(_path(folder, key)) as aside, aside.open("wb") as file:
            file.write(_MAGIC + len(text).to_bytes(8, "little") + text)
            file.writelines(parts)
    except (InputError, OSError):
        return False
    _thin_out(folder)
    return True


def not_kept(shown: str) -> Problem:
    """The warning where `store` gave False."""
    return Problem(
        where=shown,
        expected="a case folder that can be written, with room on the disk: the roads "
        "could not be kept there and are read anew each time",
        severity="warning",
    )


def _path(folder: Path, key: str) -> Path:
    return folder / f"{_PREFIX}{key[:24]}{_SUFFIX}"


def _padded(array: Any) -> bytes:
    raw: bytes = np.ascontiguousarray(array).tobytes()
    return raw + b"\0" * (-len(raw) % _ALIGN)


def _open(path: Path, key: str) -> tuple[RoadGraph, Any]:
    with path.open("rb") as file:
        mapped = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
    start = len(_MAGIC) + 8
    if mapped[: len(_MAGIC)] != _MAGIC:
        raise ValueError("not a road graph")
    start += int.from_bytes(mapped[len(_MAGIC) : start], "little")
    header: Mapping[str, Any] = json.loads(mapped[len(_MAGIC) + 8 : start])
    content = memoryview(mapped)[start:]
    if (
        header["key"] != key
        or len(content) != header["bytes"]
        or zlib.crc32(content) != header["check"]
    ):
        raise ValueError("not this road graph, or not all of it")
    arrays = {
        name: np.frombuffer(content, np.dtype(dtype), count=size, offset=place)
        for name, (dtype, size, place) in header["arrays"].items()
    }
    graph = RoadGraph(
        class_names=tuple(header["class_names"]),
        texts=tuple(header["texts"]),
        origin=header["origin"],
        ids_are_texts=header["ids_are_texts"],
        unused_ids=tuple(header["unused_ids"]),
        **arrays,
    )
    return graph, header["notes"]


def _thin_out(folder: Path) -> None:
    """Delete all but the newest graphs."""
    with suppress(OSError):
        found = sorted(
            folder.glob(f"{_PREFIX}*{_SUFFIX}"), key=lambda path: path.stat().st_mtime_ns
        )
        for path in found[:-_KEPT]:
            path.unlink(missing_ok=True)
