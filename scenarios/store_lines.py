"""Runs as JSON lines, to move them from one store to another and to keep a backup.

The first line says what the file is; every other line is one run, its documents as JSON inside it.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

from optimizer.errors import InputError, Problem
from optimizer.result import Status
from scenarios.store_record import COLUMNS, RUN_ID, RunRecord, StoredRun, compact, record_of, row_of

FORMAT_KEY = "jingli_runs"
FORMAT_VERSION = 1
_DOCUMENTS = ("proofs", "evaluation", "plan")
_ALSO_JSON = ("versions", "command")
_BOM = b"\xef\xbb\xbf"
_SHOWN_CHARACTERS = 40
_WRITTEN_BY_US = "use a file that `jingli runs export` wrote, unchanged"

_Check = Callable[[Any], bool]


def header_line() -> str:
    """The first line of a file."""
    return compact({FORMAT_KEY: FORMAT_VERSION}) + "\n"


def line_of(run: StoredRun) -> str:
    """One run as a line."""
    own: dict[str, Any] = dict(zip(COLUMNS, row_of(run.record), strict=True))
    for name in (*_DOCUMENTS, *_ALSO_JSON):
        own[name] = None if own[name] is None else json.loads(own[name])
    return compact({"run_id": run.run_id} | own) + "\n"


def read_runs(path: Path, shown: str) -> Iterator[StoredRun | Problem]:
    """Read a file line by line: each run, or what is wrong with its line.

    Raises:
        InputError: the file cannot be read, or is no such file or a newer one.
    """
    try:
        with path.open("rb") as file:
            _check_header(file.readline().removeprefix(_BOM), shown)
            for number, line in enumerate(file, start=2):
                if line.strip():
                    yield from _read_line(line, number, shown)
    except OSError as error:
        raise InputError(
            [
                Problem(
                    where=shown,
                    value=error.strerror,
                    expected="a file that can be read",
                    fix="check the name and the permissions of the file",
                )
            ]
        ) from error


def _check_header(line: bytes, shown: str) -> None:
    try:
        version = json.loads(line)[FORMAT_KEY]
    except (ValueError, KeyError, TypeError):
        version = None
    if type(version) is not int:
        raise InputError(
            [Problem(where=shown, row=1, expected="a file of exported runs", fix=_WRITTEN_BY_US)]
        )
    if version > FORMAT_VERSION:
        raise InputError(
            [
                Problem(
                    where=shown,
                    row=1,
                    value=str(version),
                    expected="an export of version {known} or older",
                    fix="install a newer Jingli",
                    params={"known": FORMAT_VERSION},
                )
            ]
        )


def _read_line(line: bytes, number: int, shown: str) -> Iterator[StoredRun | Problem]:
    try:
        read = json.loads(line.decode())
    except ValueError:
        read = None
    if not isinstance(read, dict):
        yield Problem(
            where=shown, row=number, expected="a run as one JSON object", fix=_WRITTEN_BY_US
        )
        return
    wrong = [
        Problem(
            where=shown,
            row=number,
            column=name,
            value=json.dumps(read[name], ensure_ascii=False)[:_SHOWN_CHARACTERS]
            if name in read
            else None,
            expected=expected,
            fix=_WRITTEN_BY_US,
        )
        for name, (is_right, expected) in _FIELDS.items()
        if name not in read or not is_right(read[name])
    ]
    wrong += [
        Problem(
            where=shown, row=number, column=name, expected="only known keys", fix=_WRITTEN_BY_US
        )
        for name in read
        if name not in _FIELDS
    ]
    if wrong:
        yield from wrong
        return
    try:
        yield StoredRun(run_id=read["run_id"], record=_record(read))
    except ValueError as error:
        yield Problem(
            where=shown, row=number, value=str(error), expected="a run", fix=_WRITTEN_BY_US
        )


def _record(read: dict[str, Any]) -> RunRecord:
    own = {name: read[name] for name in COLUMNS}
    for name in (*_DOCUMENTS, *_ALSO_JSON):
        own[name] = None if own[name] is None else compact(own[name])
    return record_of(tuple(own.values()))


def _is_text(value: object) -> bool:
    return isinstance(value, str)


def _is_time(value: object) -> bool:
    try:
        return isinstance(value, str) and datetime.fromisoformat(value).tzinfo is not None
    except ValueError:
        return False


def _is_whole(value: object) -> bool:
    return type(value) is int and -(2**63) <= value < 2**63


def _or_none(check: _Check) -> _Check:
    return lambda value: value is None or check(value)


def _is_a(kind: type) -> _Check:
    return lambda value: isinstance(value, kind)


_TEXT = (_is_text, "text")
_OBJECT = "a JSON object"
_FIELDS: dict[str, tuple[_Check, str]] = {
    "run_id": (lambda v: isinstance(v, str) and RUN_ID.fullmatch(v) is not None, "a run's id"),
    "created_at": (_is_time, "a time with its zone, like 2026-11-21T08:30:00Z"),
    "case_name": _TEXT,
    "case_folder": _TEXT,
    "county_digest": _TEXT,
    "scenario": (_or_none(_is_text), "text or null"),
    "policy_digest": _TEXT,
    "seed": (_is_whole, "a whole number"),
    "version": _TEXT,
    "versions": (
        lambda v: isinstance(v, dict) and all(map(_is_text, v.values())),
        "a JSON object of texts",
    ),
    "status": (lambda v: v in [s.value for s in Status], "a status that Jingli knows"),
    "command": (lambda v: isinstance(v, list) and all(map(_is_text, v)), "a list of texts"),
    "proofs": (_is_a(list), "a JSON list"),
    "evaluation": (_is_a(dict), _OBJECT),
    "plan": (_or_none(_is_a(dict)), _OBJECT),
}
