"""An alert log of any length becomes an `AlertTable`: streamed, placed, cleaned, counted.

Batches are read one after another and worked on side by side; what is kept of a row is about 50
bytes until the end, on the disk where there are many. Every row that is not in the table is set
aside with a reason, once.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from geo.alert_ingest_aside import Asides, SetAside
from geo.alert_ingest_batches import Batch, Log
from geo.alert_ingest_columns import Columns
from geo.alert_ingest_loops import repeated
from geo.alert_ingest_names import spread
from geo.alert_ingest_orders import FileDates, Said, gathered
from geo.alert_ingest_rows import Categories, Reader, Rows, World
from geo.alert_table import DTYPES, PLACED, AlertTable
from geo.columns import Schema
from geo.faults import Reason
from optimizer.alert_rules_ingest import Ingest
from optimizer.errors import InputError, Problem
from optimizer.frozen import BoolArray, FloatArray, IntArray

Watch = Callable[[str, int, int, int], None]
"""Told the file, what is read of it and of how much, and the rows so far."""

_WORKERS = 2
_AHEAD = 3
_MIX = np.uint64(0x9E3779B97F4A7C15)
# What is known of a row on the way, beside the columns of the table.
_ON_THE_WAY = {"area": "int32", "id_key": "uint64", "order": "int8"}


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class FileFacts:
    """What was found of one file.

    Attributes:
        shown: The file as the planner wrote it.
        rows: Rows of data.
        epoch: Times given as seconds since 1970.
        outside: Some points outside all cells, degrees, shape (2, n).
        inside: Some points, shape (2, n).
        crs: Declared datum.
    """

    shown: str
    rows: int
    epoch: int
    outside: FloatArray
    inside: FloatArray
    crs: str | None


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Ingested:
    """What reading an alert log gave.

    Attributes:
        table: The alerts.
        aside: Rows that are not among them.
        files: What was found of each file.
        unknown: Rows of each code that the category mapping does not hold.
        same_id: Rows set aside because an earlier one has their alert id.
        same_place: Rows set aside because an earlier one at their place is the same alert.
        problems: Warnings of the files.
    """

    table: AlertTable
    aside: SetAside
    files: tuple[FileFacts, ...]
    unknown: Mapping[str, int]
    same_id: int
    same_place: int
    problems: tuple[Problem, ...]

    @property
    def rows_read(self) -> int:
        """Rows of data in all files."""
        return sum(f.rows for f in self.files)


def ingest(
    logs: Sequence[Log],
    schema: Schema,
    world: World,
    rules: Ingest,
    categories: Categories,
    salt: str,
    watch: Watch | None = None,
    scratch: Path | None = None,
) -> Ingested:
    """Read, check, place and sort the alerts of some files.

    Args:
        logs: The opened files, in the order in which they count.
        schema: Their columns.
        world: Where alerts are placed.
        rules: How they are read.
        categories: The mapping of codes.
        salt: Secret of the case.
        watch: Called after each batch.
        scratch: Folder for the temporary files of a long log.

    Raises:
        InputError: the order of day and month cannot be told, no datum is known, or the disk is
            full.
    """
    asides, unknown = Asides(), Counter[str]()
    rows = Columns({**DTYPES, **_ON_THE_WAY}, scratch)
    labels: dict[str, int] = {}
    facts: list[FileFacts] = []
    dates: list[FileDates] = []
    problems: list[Problem] = []
    for number, log in enumerate(logs):
        problems += [*log.match.problems, *log.problems]
        if any(p.severity == "error" for p in log.match.problems):
            continue
        reader = Reader(
            log=log, schema=schema, world=world, rules=rules, categories=categories, salt=salt
        )
        fact, seen = _read(reader, number, rows, labels, asides, unknown, problems, watch)
        facts.append(fact)
        dates.append(seen)
    # Arrow would keep gigabytes that batches of a long log once took.
    pa.default_memory_pool().release_unused()
    columns = rows.whole()
    problems += _settle_orders(columns, dates, asides, rows)
    errors = [p for p in problems if p.severity == "error"]
    if errors:
        raise InputError(_once(errors))
    same_id = _drop_same_ids(columns, asides, rows)
    _sort(columns, rows)
    same_place = _drop_repeats(columns, asides, rules.duplicate_min, rows)
    names = _by_name(columns, labels)
    _spread(columns, world, len(names))
    del columns["area"]
    table = AlertTable(
        files=tuple(log.source.shown for log in logs),
        categories=names,
        crs=world.crs,
        **columns,
    )
    return Ingested(
        table=table,
        aside=asides.done(),
        files=tuple(facts),
        unknown=dict(sorted(unknown.items(), key=lambda pair: (-pair[1], pair[0]))),
        same_id=same_id,
        same_place=same_place,
        problems=tuple(_once(problems)),
    )


def _once(problems: Sequence[Problem]) -> list[Problem]:
    found: list[Problem] = []
    for problem in problems:
        if problem not in found:
            found.append(problem)
    return found


def _read(
    reader: Reader,
    number: int,
    to: Columns,
    labels: dict[str, int],
    asides: Asides,
    unknown: Counter[str],
    problems: list[Problem],
    watch: Watch | None,
) -> tuple[FileFacts, FileDates]:
    """Read one file into `to`."""
    log, header = reader.log, reader.log.match.header
    read_rows, epoch, start = 0, 0, to.rows
    dates: list[Mapping[int, Sequence[Said]]] = []
    outside, inside = [np.zeros((2, 0))], [np.zeros((2, 0))]
    for rows in _in_order(reader.rows, log.batches()):
        problems += rows.problems
        asides.add(number, rows.row, rows.faults, header)
        read_rows += len(rows.row)
        epoch += rows.epoch
        unknown.update(rows.unknown)
        outside.append(rows.outside)
        inside.append(rows.inside)
        dates.append(rows.dates)
        own = np.array([labels.setdefault(v, len(labels)) for v in rows.labels] or [0], np.int16)
        n = len(rows.columns["row"])
        to.add(
            {
                "id_key": np.zeros(n, np.uint64),
                **rows.columns,
                "category": own[rows.columns["category"]],
                "file": np.full(n, number, np.int16),
            }
        )
        if watch is not None:
            watch(log.source.shown, rows.read, log.size, read_rows)
        if any(p.severity == "error" for p in rows.problems):
            break
    if not read_rows:
        problems.append(
            Problem(
                where=log.source.shown,
                expected="at least one row of data under the header",
                fix="fill it in",
            )
        )
    facts = FileFacts(
        shown=log.source.shown,
        rows=read_rows,
        epoch=epoch,
        outside=np.concatenate(outside, axis=1),
        inside=np.concatenate(inside, axis=1),
        crs=log.source.crs,
    )
    return facts, FileDates(
        shown=log.source.shown,
        file=number,
        column=header.get("occurred_at", "occurred_at"),
        declared=reader.rules.date_order,
        rows=slice(start, to.rows),
        examples=gathered(dates),
    )


def _in_order(work: Callable[[Batch], Rows], batches: Iterator[Batch]) -> Iterator[Rows]:
    """The work on each batch, some at a time, in the order of the batches."""
    waiting: deque[Future[Rows]] = deque()
    with ThreadPoolExecutor(_WORKERS) as pool:
        for batch in batches:
            waiting.append(pool.submit(work, batch))
            if len(waiting) >= _AHEAD:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()


# --- the whole ------------------------------------------------------------------------------


def _settle_orders(
    columns: dict[str, NDArray[Any]], dates: Sequence[FileDates], asides: Asides, to: Columns
) -> list[Problem]:
    """Read all dates in the order that each file shows; set aside those against a declared one."""
    problems: list[Problem] = []
    gone: BoolArray | None = None
    for of_file in dates:
        wrong, said = of_file.settle(columns)
        problems += said
        if wrong is not None:
            gone = np.zeros(len(columns["row"]), np.bool_) if gone is None else gone
            gone[of_file.rows] = wrong
            of_file.set_aside(wrong, columns, asides)
    del columns["order"]
    if gone is not None:
        _keep(columns, ~gone, to)
    return problems


def _keep(columns: dict[str, NDArray[Any]], kept: BoolArray | IntArray, to: Columns) -> None:
    for name in columns:
        columns[name] = to.stowed(np.asarray(columns[name])[kept])


def _drop_same_ids(columns: dict[str, NDArray[Any]], asides: Asides, to: Columns) -> int:
    """Set aside alerts whose id an earlier row has."""
    keys = columns.pop("id_key")
    if not keys.any():
        return 0
    # Sorting values takes a tenth of sorting places, and mostly shows that no id repeats.
    ranked = np.sort(keys)
    same = (ranked[1:] == ranked[:-1]) & (ranked[1:] != 0)
    if not same.any():
        return 0
    repeating = np.unique(ranked[1:][same])
    del ranked, same
    at = np.searchsorted(repeating, keys)
    at[at == len(repeating)] = 0
    rows = np.flatnonzero(repeating[at] == keys)
    _first, first = np.unique(keys[rows], return_index=True)
    again = np.zeros(len(keys), np.bool_)
    again[np.delete(rows, first)] = True
    del keys, at
    return _set_aside(
        columns,
        again,
        asides,
        "alert_id",
        Reason(
            expected="each alert id once; an earlier row has it already",
            fix="delete the repeated row, or correct the id",
        ),
        to,
    )


def _sort(columns: dict[str, NDArray[Any]], to: Columns) -> None:
    """By time; rows of one time stay in the order of files and lines."""
    times = columns["occurred_at"]
    if not (times[1:] < times[:-1]).any():
        return
    _keep(columns, np.argsort(times, kind="stable"), to)


def _drop_repeats(
    columns: dict[str, NDArray[Any]], asides: Asides, within_min: float, to: Columns
) -> int:
    """Set aside alerts of the same category at the same place minutes after one that is kept."""
    place = columns["place"]
    if within_min <= 0 or not place.any():
        return 0
    # In place: a log of 100 million has no room for copies.
    group = columns["category"].astype(np.uint64)
    group += np.uint64(1)
    group *= _MIX
    group ^= place
    group[place == 0] = 0
    order = np.argsort(group, kind="stable")
    again = repeated(
        group, columns["occurred_at"].view(np.int64), order, np.int64(round(within_min * 60))
    )
    del group, order
    return _set_aside(
        columns,
        again,
        asides,
        "occurred_at",
        Reason(
            expected="one row for an alert; the same category was logged at this place up to "
            "{minutes} minutes before",
            fix="nothing to do; alert_rules.ingest.duplicate_min: 0 counts every row",
            params={"minutes": f"{within_min:g}"},
        ),
        to,
    )


def _set_aside(
    columns: dict[str, NDArray[Any]],
    gone: BoolArray,
    asides: Asides,
    column: str,
    reason: Reason,
    to: Columns,
) -> int:
    n = int(gone.sum())
    if n:
        asides.add_rows(columns["file"][gone], columns["row"][gone], column, reason)
        _keep(columns, ~gone, to)
    return n


def _by_name(columns: dict[str, NDArray[Any]], labels: Mapping[str, int]) -> tuple[str, ...]:
    """Number the categories that occur by their names."""
    held = np.bincount(columns["category"], minlength=len(labels)) > 0
    names = sorted(name for name, number in labels.items() if held[number])
    rank = np.zeros(len(labels) or 1, np.int16)
    for i, name in enumerate(names):
        rank[labels[name]] = i
    columns["category"] = rank[columns["category"]]
    return tuple(names)


def _spread(columns: dict[str, NDArray[Any]], world: World, n_categories: int) -> None:
    """Give a cell to the alerts that only name a township or station."""
    waiting = np.flatnonzero(columns["placed"] == PLACED.index("township"))
    if not waiting.size:
        return
    known = columns["placed"] != PLACED.index("township")
    counts = np.zeros((len(world.cell_id), n_categories))
    np.add.at(counts, (columns["cell"][known], columns["category"][known]), 1.0)
    cell = columns["cell"].copy()
    cell[waiting] = spread(
        columns["area"][waiting].astype(np.int64),
        columns["category"][waiting].astype(np.int64),
        world.names.areas,
        counts,
        world.population,
    )
    columns["cell"] = cell
