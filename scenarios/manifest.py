"""The manifest of an output folder: what made its files, and how to tell whether they changed."""

from __future__ import annotations

import hashlib
import json
from importlib.metadata import version
from pathlib import Path

from geo.atomic import MANIFEST, MANIFEST_FILES, MANIFEST_KEY, write_text


def write_manifest(folder: Path, **facts: object) -> tuple[str, ...]:
    """Write the manifest of a finished folder.

    Args:
        folder: All its files are there.
        facts: What made them: command, digests, seed, versions.

    Returns:
        Names of the files, the manifest last.

    Raises:
        InputError: it cannot be written.
    """
    names = tuple(sorted(p.name for p in folder.iterdir()))
    document = {
        MANIFEST_KEY: version("jingli"),
        **facts,
        MANIFEST_FILES: {n: file_digest(folder / n) for n in names},
    }
    text = json.dumps(document, ensure_ascii=False, indent=1, sort_keys=True, allow_nan=False)
    write_text(folder / MANIFEST, text + "\n")
    return (*names, MANIFEST)


def file_digest(path: Path) -> str:
    """SHA-256 of a file."""
    return hashlib.sha256(path.read_bytes()).hexdigest()
