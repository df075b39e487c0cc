"""An alert log of any length becomes an `AlertTable`: streamed, placed, cleaned, counted.

Batches are read one after another and worked on side by side; what is kept of a row is about 50
bytes until the end. Every row that is not in the table is set aside with a reason, once.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from geo.alert_ingest_aside import Asides, SetAside
from geo.alert_ingest_batches import Batch, Log
from geo.alert_ingest_loops import repeated
from geo.alert_ingest_names import spread
from geo.alert_ingest_rows import DAY_FIRST, MONTH_FIRST, SWAPS, Categories, Reader, Rows, World
from geo.alert_ingest_times import swapped
from geo.alert_table import PLACED, AlertTable
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
_COLUMNS = (
    "occurred_at", "cell", "category", "priority", "x_m", "y_m", "place", "placed", "row",
    "area",
)  # fmt: skip


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

    Raises:
        InputError: the order of day and month cannot be told, or no datum is known.
    """
    asides, unknown = Asides(), Counter[str]()
    parts: dict[str, list[NDArray[Any]]] = {name: [] for name in (*_COLUMNS, "id_key", "file")}
    labels: dict[str, int] = {}
    facts: list[FileFacts] = []
    problems: list[Problem] = []
    for number, log in enumerate(logs):
        problems += [*log.match.problems, *log.problems]
        if any(p.severity == "error" for p in log.match.problems):
            continue
        reader = Reader(
            log=log, schema=schema, world=world, rules=rules, categories=categories, salt=salt
        )
        fact = _read(reader, number, parts, labels, asides, unknown, problems, watch)
        facts.append(fact)
    errors = [p for p in problems if p.severity == "error"]
    if errors:
        raise InputError(_once(errors))
    columns = _joined(parts)
    same_id = _drop_same_ids(columns, asides)
    _sort(columns)
    same_place = _drop_repeats(columns, asides, rules.duplicate_min)
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
    parts: dict[str, list[NDArray[Any]]],
    labels: dict[str, int],
    asides: Asides,
    unknown: Counter[str],
    problems: list[Problem],
    watch: Watch | None,
) -> FileFacts:
    """Read one file into `parts`."""
    log, header = reader.log, reader.log.match.header
    read_rows, kept_rows, epoch = 0, 0, 0
    orders: list[NDArray[np.int8]] = []
    first_part = len(parts["row"])
    outside, inside = [np.zeros((2, 0))], [np.zeros((2, 0))]
    for rows in _in_order(reader.rows, log.batches()):
        problems += rows.problems
        asides.add(number, rows.row, rows.faults, header)
        read_rows += len(rows.row)
        epoch += rows.epoch
        unknown.update(rows.unknown)
        outside.append(rows.outside)
        inside.append(rows.inside)
        own = np.array([labels.setdefault(v, len(labels)) for v in rows.labels] or [0], np.int16)
        for name in _COLUMNS:
            values = rows.columns[name]
            parts[name].append(own[values] if name == "category" else values)
        n = len(rows.columns["row"])
        kept_rows += n
        parts["id_key"].append(rows.columns.get("id_key", np.zeros(n, np.uint64)))
        parts["file"].append(np.full(n, number, np.int16))
        orders.append(rows.columns["order"])
        if watch is not None:
            watch(log.source.shown, rows.read, log.size, read_rows)
        if any(p.severity == "error" for p in rows.problems):
            break
    problems += _settle_order(reader, number, parts, orders, first_part, asides)
    if not read_rows:
        problems.append(
            Problem(
                where=log.source.shown,
                expected="at least one row of data under the header",
                fix="fill it in",
            )
        )
    return FileFacts(
        shown=log.source.shown,
        rows=read_rows,
        epoch=epoch,
        outside=np.concatenate(outside, axis=1),
        inside=np.concatenate(inside, axis=1),
        crs=log.source.crs,
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


def _settle_order(
    reader: Reader,
    number: int,
    parts: dict[str, list[NDArray[Any]]],
    orders: list[NDArray[np.int8]],
    first_part: int,
    asides: Asides,
) -> list[Problem]:
    """Read dates such as 03/04/2026 in the order that the whole column shows, or was declared."""
    order = np.concatenate([np.zeros(0, np.int8), *orders])
    swaps, day, month = (int((order == code).sum()) for code in (SWAPS, DAY_FIRST, MONTH_FIRST))
    if not swaps + day + month:
        return []
    declared = reader.rules.date_order
    if declared is None and ((day and month) or not (day or month)):
        return _not_told(reader, parts["occurred_at"][first_part:], orders, day, month)
    is_month_first = month > 0 if declared is None else declared == "month_first"
    wrong_code = DAY_FIRST if is_month_first else MONTH_FIRST
    reason = Reason(
        expected="a date in the order month, day, year"
        if is_month_first
        else "a date in the order day, month, year",
        fix="correct it, or alert_rules.ingest.date_order in case.yaml",
    )
    header = reader.log.match.header.get("occurred_at", "occurred_at")
    for at, codes in enumerate(orders, start=first_part):
        if is_month_first:
            times = parts["occurred_at"][at].copy()
            times[codes == SWAPS] = swapped(times[codes == SWAPS])
            parts["occurred_at"][at] = times
        wrong = codes == wrong_code
        if wrong.any():
            rows = parts["row"][at][wrong]
            asides.add_rows(np.full(len(rows), number), rows, header, reason)
            for values in parts.values():
                values[at] = values[at][~wrong]
    return []


def _not_told(
    reader: Reader,
    times: list[NDArray[Any]],
    orders: list[NDArray[np.int8]],
    day: int,
    month: int,
) -> list[Problem]:
    """Dates whose order the column does not show, or shows both ways."""
    same = all(
        bool((swapped(t[o == SWAPS]) == t[o == SWAPS]).all())
        for t, o in zip(times, orders, strict=True)
    )
    if not (day and month) and same:
        return []
    header = reader.log.match.header.get("occurred_at", "occurred_at")
    expected = (
        "dates in one order; {day} have the day first and {month} the month"
        if day and month
        else "dates that show which is the day and which the month; in all of these both are "
        "12 or less"
    )
    return [
        Problem(
            where=reader.log.source.shown,
            column=header,
            expected=expected,
            fix="write `alert_rules: {{ingest: {{date_order: day_first}}}}` (or month_first) in "
            "case.yaml",
            params={"day": f"{day:,}", "month": f"{month:,}"},
        )
    ]


# --- the whole ------------------------------------------------------------------------------


def _joined(parts: dict[str, list[NDArray[Any]]]) -> dict[str, NDArray[Any]]:
    """The pieces of each column as one, each given back as soon as it is copied."""
    columns = {}
    for name in list(parts):
        pieces = parts.pop(name)
        columns[name] = pieces[0] if len(pieces) == 1 else np.concatenate(pieces)
        pieces.clear()
    return columns


def _keep(columns: dict[str, NDArray[Any]], kept: BoolArray | IntArray) -> None:
    for name in columns:
        columns[name] = columns[name][kept]


def _drop_same_ids(columns: dict[str, NDArray[Any]], asides: Asides) -> int:
    """Set aside alerts whose id an earlier row has."""
    keys = columns.pop("id_key")
    if not keys.any():
        return 0
    order = np.argsort(keys, kind="stable")
    ranked = keys[order]
    again = np.zeros(len(keys), np.bool_)
    again[order[1:][(ranked[1:] == ranked[:-1]) & (ranked[1:] != 0)]] = True
    return _set_aside(
        columns,
        again,
        asides,
        "alert_id",
        Reason(
            expected="each alert id once; an earlier row has it already",
            fix="delete the repeated row, or correct the id",
        ),
    )


def _sort(columns: dict[str, NDArray[Any]]) -> None:
    """By time; rows of one time stay in the order of files and lines."""
    times = columns["occurred_at"]
    if not (times[1:] < times[:-1]).any():
        return
    _keep(columns, np.argsort(times, kind="stable"))


def _drop_repeats(columns: dict[str, NDArray[Any]], asides: Asides, within_min: float) -> int:
    """Set aside alerts of the same category at the same place minutes after one that is kept."""
    place = columns["place"]
    if within_min <= 0 or not place.any():
        return 0
    group = place ^ (columns["category"].astype(np.uint64) + np.uint64(1)) * _MIX
    group[place == 0] = 0
    order = np.argsort(group, kind="stable")
    again = repeated(
        group, columns["occurred_at"].astype(np.int64), order, np.int64(round(within_min * 60))
    )
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
    )


def _set_aside(
    columns: dict[str, NDArray[Any]], gone: BoolArray, asides: Asides, column: str, reason: Reason
) -> int:
    n = int(gone.sum())
    if n:
        asides.add_rows(columns["file"][gone], columns["row"][gone], column, reason)
        _keep(columns, ~gone)
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
