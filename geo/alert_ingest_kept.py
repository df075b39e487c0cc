"""An alert table kept beside the case: mapped into memory, not read, the next time.

One folder per reading, named by a digest of all that made it: plain NumPy files and one JSON. It
is moved into place when whole; one that is not whole or not ours is passed over and made anew.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from geo.alert_ingest import FileFacts, Ingested
from geo.alert_ingest_aside import Example, ReasonCount, SetAside
from geo.alert_table import AlertTable
from geo.atomic import make_folder
from geo.faults import Reason
from optimizer.errors import InputError, Problem
from optimizer.frozen import digest

CACHE_FOLDER = ".jingli"
# Raised whenever the same input gives another table, or the folder another form.
VERSION = 3
_PREFIX = "alerts-"
_KEPT = 3
_COLUMNS = (
    "occurred_at", "cell", "category", "priority", "x_m", "y_m", "place", "placed", "file", "row",
)  # fmt: skip
_ASIDE = ("reason", "file", "row")


def kept_key(settings: Any) -> str:
    """Digest of all that makes a table, our own version too."""
    return digest({"settings": settings, "version": VERSION})


def load(folder: Path, key: str) -> tuple[Ingested, tuple[Problem, ...]] | None:
    """The reading of this key and its warnings; None where there is none that can be trusted."""
    with suppress(OSError, ValueError, KeyError, TypeError):
        return _open(folder / f"{_PREFIX}{key[:24]}", key)
    return None


def store(folder: Path, key: str, found: Ingested, warnings: Sequence[Problem]) -> bool:
    """Keep a reading; False where the folder cannot be written."""
    target = folder / f"{_PREFIX}{key[:24]}"
    aside = target.with_name(f"{target.name}.{id(found):x}.part")
    try:
        make_folder(folder)
        aside.mkdir()
        for name in _COLUMNS:
            np.save(aside / f"{name}.npy", getattr(found.table, name))
        for name in _ASIDE:
            np.save(aside / f"aside_{name}.npy", getattr(found.aside, name))
        for i, facts in enumerate(found.files):
            np.save(
                aside / f"points_{i}.npy", np.concatenate([facts.outside, facts.inside], axis=1)
            )
        text = json.dumps(_header(key, found, warnings), ensure_ascii=False)
        (aside / "alerts.json").write_text(text, encoding="utf-8")
        shutil.rmtree(target, ignore_errors=True)
        aside.rename(target)
    except (InputError, OSError):
        shutil.rmtree(aside, ignore_errors=True)
        return False
    _thin_out(folder)
    return True


def _header(key: str, found: Ingested, warnings: Sequence[Problem]) -> Mapping[str, Any]:
    return {
        "key": key,
        "rows": len(found.table),
        "aside": len(found.aside),
        "files": found.table.files,
        "categories": found.table.categories,
        "crs": found.table.crs,
        "facts": [
            {
                "shown": f.shown,
                "rows": f.rows,
                "epoch": f.epoch,
                "outside": f.outside.shape[1],
                "crs": f.crs,
            }
            for f in found.files
        ],
        "reasons": [
            {
                "column": r.column,
                "reason": _plain(r.reason),
                "count": r.count,
                "examples": [asdict(e) for e in r.examples],
            }
            for r in found.aside.reasons
        ],
        "unknown": dict(found.unknown),
        "same_id": found.same_id,
        "same_place": found.same_place,
        "problems": [_problem(p) for p in found.problems],
        "warnings": [_problem(p) for p in warnings],
    }


def _plain(reason: Reason) -> Mapping[str, Any]:
    params = {k: str(v) for k, v in reason.params.items()}
    return {"expected": reason.expected, "fix": reason.fix, "params": params}


def _problem(problem: Problem) -> Mapping[str, Any]:
    return {
        "where": problem.where,
        "row": problem.row,
        "column": problem.column,
        "value": problem.value,
        "expected": problem.expected,
        "fix": problem.fix,
        "params": {k: str(v) for k, v in problem.params.items()},
        "severity": problem.severity,
    }


def _open(folder: Path, key: str) -> tuple[Ingested, tuple[Problem, ...]]:
    header = json.loads((folder / "alerts.json").read_text(encoding="utf-8"))
    if header["key"] != key:
        raise ValueError("another reading")
    columns: dict[str, Any] = {
        name: np.load(folder / f"{name}.npy", mmap_mode="r") for name in _COLUMNS
    }
    table = AlertTable(
        files=tuple(header["files"]),
        categories=tuple(header["categories"]),
        crs=header["crs"],
        **columns,
    )
    aside = {name: np.load(folder / f"aside_{name}.npy", mmap_mode="r") for name in _ASIDE}
    if len(table) != header["rows"] or len(aside["row"]) != header["aside"]:
        raise ValueError("not all of it")
    files = []
    for i, facts in enumerate(header["facts"]):
        points = np.load(folder / f"points_{i}.npy")
        n = facts.pop("outside")
        files.append(FileFacts(outside=points[:, :n], inside=points[:, n:], **facts))
    found = Ingested(
        table=table,
        aside=SetAside(
            reasons=tuple(
                ReasonCount(
                    column=r["column"],
                    reason=Reason(**r["reason"]),
                    count=r["count"],
                    examples=tuple(Example(**e) for e in r["examples"]),
                )
                for r in header["reasons"]
            ),
            reason=np.asarray(aside["reason"]),
            file=np.asarray(aside["file"]),
            row=np.asarray(aside["row"]),
        ),
        files=tuple(files),
        unknown=header["unknown"],
        same_id=header["same_id"],
        same_place=header["same_place"],
        problems=tuple(Problem(**p) for p in header["problems"]),
    )
    return found, tuple(Problem(**p) for p in header["warnings"])


def _thin_out(folder: Path) -> None:
    """Delete all but the newest tables."""
    with suppress(OSError):
        found = sorted(
            (p for p in folder.glob(f"{_PREFIX}*") if not p.name.endswith(".part")),
            key=lambda path: path.stat().st_mtime_ns,
        )
        for path in found[:-_KEPT]:
            shutil.rmtree(path, ignore_errors=True)
