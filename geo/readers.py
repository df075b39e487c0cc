"""Every input file becomes a clean table: whitelisted columns, one datum, all problems at once."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from geo.columns import Column, Schema
from geo.faults import (
    LINE,
    Fault,
    RowProblem,
    as_problems,
    as_quarantine,
    aside_warning,
    bad_rows,
    shortened,
)
from geo.places import Places, locate_rows
from geo.raw import Raw, Source, refuse
from geo.read_parquet import read_parquet
from geo.read_text import read_text
from geo.read_vector import read_geojson, read_gpkg, read_shp
from geo.read_xlsx import read_xlsx
from geo.values import Parsed, parse
from optimizer.errors import InputError, Problem
from optimizer.frozen import BoolArray, IntArray

__all__ = [
    "Column",
    "QualityRow",
    "Schema",
    "Source",
    "Table",
    "describe_quality",
    "read_table",
    "readable",
]

_READERS: Mapping[str, Callable[[Source, Schema], Raw]] = {
    ".csv": read_text,
    ".tsv": read_text,
    ".txt": read_text,
    ".xlsx": read_xlsx,
    ".xlsm": read_xlsx,
    ".parquet": read_parquet,
    ".gpkg": read_gpkg,
    ".shp": read_shp,
    ".geojson": read_geojson,
    ".json": read_geojson,
}
_FOLDER_SHOWN = 10


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Table:
    """A layer as read and checked. M good rows.

    Attributes:
        source: Where it came from.
        frame: The good rows, shape (M, ...): `row` (its number in the file) and the canonical
            columns that the file has or that have a default; the place is `lon_deg`, `lat_deg` in
            WGS84, always there if the schema has `lon` and `lat`, NaN where not known. Types as in
            `geo.values.parse`.
        geometry: Shapes in WGS84 beside `frame`, shape (M,); None if there are none.
        problems: Errors and warnings.
        quarantined: row, column, value and reason (`geo.faults.Reason`) of what was set aside
            (`source.strict` false).
        rows_read: Rows of data in the file; blank ones are not counted.
        duplicates: Rows that repeat an id.
        missing: Empty cells by column, of the columns that the file has.
        headers: Canonical name -> header in the file.
        counted: What `row` counts (`geo.faults`: lines, features or records).
    """

    source: Source
    frame: pd.DataFrame
    geometry: NDArray[Any] | None
    problems: tuple[Problem, ...]
    quarantined: pd.DataFrame
    rows_read: int
    duplicates: int
    missing: Mapping[str, int]
    headers: Mapping[str, str]
    counted: str

    def problem(
        self,
        expected: str,
        fix: str = "",
        *,
        row: int | None = None,
        column: str | None = None,
        value: object = None,
        severity: str = "error",
        **params: object,
    ) -> Problem:
        """A problem found later, told like those of reading: file, line or feature, own header."""
        return RowProblem(
            where=self.source.shown,
            row=row,
            column=None if column is None else self.headers.get(column, column),
            value=None if value is None else shortened(str(value)),
            expected=expected,
            fix=fix,
            params=params,
            severity=severity,
            counted=self.counted,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class QualityRow:
    """One line of the data-quality sheet.

    Attributes:
        layer, file: What and where.
        rows_read, rows_kept, rows_quarantined: Rows in the file, good ones, and those set aside.
        duplicates: Rows that repeat an id.
        missing: Empty cells by column.
        out_of_county: Rows in no cell; the caller fills it in.
    """

    layer: str
    file: str
    rows_read: int
    rows_kept: int
    rows_quarantined: int
    duplicates: int
    missing: Mapping[str, int]
    out_of_county: int = 0


def read_table(source: Source, schema: Schema) -> Table:
    """Read one file of a case. Bad data never raises: problems are in the table.

    Args:
        source: The file.
        schema: The columns to read; nothing else enters the table.

    Returns:
        The good rows. With errors among the problems they are what is left without the bad rows,
        so that further checks can still run before the planner is told everything.
    """
    try:
        raw = _open(source)(source, schema)
        if not raw.row.size:
            raise InputError([*raw.match.problems, *raw.problems, _no_rows(source)])
    except InputError as error:
        return _nothing(source, schema, error.problems)
    parsed = {c.name: parse(c, raw.values[c.name]) for c in raw.match.columns}
    places = locate_rows(source, schema, raw, parsed)
    double, n_double = _duplicates(schema, raw, parsed)
    order = {c.name: i for i, c in enumerate(raw.match.columns)}
    faults = sorted(
        [*raw.faults, *(f for p in parsed.values() for f in p.faults), *places.faults, *double],
        key=lambda f: order.get(f.column or "", len(order)),
    )
    good = ~bad_rows(faults, raw.row.size)
    problems = [*raw.match.problems, *places.problems, *raw.problems]
    header = raw.match.header
    if source.strict:
        problems += as_problems(faults, raw.row, header, where=source.shown, counted=raw.counted)
        quarantined = as_quarantine((), raw.row, header)
    else:
        problems += aside_warning(faults, raw.row.size, where=source.shown)
        quarantined = as_quarantine(faults, raw.row, header)
    return Table(
        source=source,
        frame=_frame(schema, raw.row, parsed, places, good),
        geometry=None if places.geometry is None else places.geometry[good],
        problems=tuple(problems),
        quarantined=quarantined,
        rows_read=int(raw.row.size),
        duplicates=n_double,
        missing={name: int(p.blank.sum()) for name, p in parsed.items()},
        headers=dict(header),
        counted=raw.counted,
    )


def describe_quality(table: Table) -> QualityRow:
    """The counts of a table for the data-quality sheet."""
    return QualityRow(
        layer=table.source.layer,
        file=table.source.shown,
        rows_read=table.rows_read,
        rows_kept=len(table.frame),
        rows_quarantined=int(table.quarantined["row"].nunique()),
        duplicates=table.duplicates,
        missing=dict(table.missing),
    )


# --- the file -------------------------------------------------------------------------------


def _open(source: Source) -> Callable[[Source, Schema], Raw]:
    """The reader for a file that is there, can be read and is not empty."""
    readable(source)
    reader = _READERS.get(source.path.suffix.lower())
    if reader is None:
        raise refuse(
            source,
            "a file ending in {endings}",
            "save it as one of these",
            endings=", ".join(_READERS),
        )
    return reader


def readable(source: Source) -> None:
    """Refuse a file that is not there, cannot be read, or is empty.

    Raises:
        InputError: it is one of these.
    """
    path = source.path
    try:
        if path.is_dir():
            raise refuse(source, "a file; this is a folder", "name the file in it")
        with path.open("rb") as file:
            empty = not file.read(1)
    except FileNotFoundError as error:
        raise refuse(
            source,
            "a file that is there",
            "its folder has: {names}; correct path in case.yaml, or put the file there",
            names=_beside(path),
        ) from error
    except PermissionError as error:
        raise refuse(
            source, "a file that may be read", "ask for the permission to read it"
        ) from error
    except OSError as error:
        raise refuse(
            source, "a file that can be read ({error})", error=error.strerror or "?"
        ) from error
    if empty:
        raise refuse(source, "at least one row of data; the file is empty", "fill it in")


def _beside(path: Path) -> str:
    try:
        names = sorted(p.name for p in path.parent.iterdir())
    except OSError:
        return "—"
    shown = ", ".join(names[:_FOLDER_SHOWN]) or "—"
    return shown + (", …" if len(names) > _FOLDER_SHOWN else "")


def _no_rows(source: Source) -> Problem:
    return Problem(
        where=source.shown,
        expected="at least one row of data under the header",
        fix="fill it in",
    )


def _nothing(source: Source, schema: Schema, problems: tuple[Problem, ...]) -> Table:
    """The table of a file that could not be read at all."""
    no_row = np.zeros(0, dtype=np.int64)
    parsed = {c.name: parse(c, np.empty(0, dtype=object)) for c in schema.columns}
    nowhere = Places(lon_deg=np.zeros(0), lat_deg=np.zeros(0))
    return Table(
        source=source,
        frame=_frame(schema, no_row, parsed, nowhere, no_row.astype(np.bool_)),
        geometry=None if schema.geometry == "none" else np.zeros(0, dtype=object),
        problems=problems,
        quarantined=as_quarantine((), no_row, {}),
        rows_read=0,
        duplicates=0,
        missing={},
        headers={},
        counted=LINE,
    )


# --- the rows -------------------------------------------------------------------------------


def _duplicates(schema: Schema, raw: Raw, parsed: Mapping[str, Parsed]) -> tuple[list[Fault], int]:
    """Rows whose id stands in an earlier row already, each naming that row; and their number."""
    faults: list[Fault] = []
    repeated = np.zeros(raw.row.size, dtype=np.bool_)
    for name in schema.unique:
        if name not in parsed:
            continue
        ids = pd.Series(np.asarray(parsed[name].values, dtype=object), dtype=object)
        again = np.asarray(ids.duplicated(keep="first"), dtype=np.bool_) & ~parsed[name].blank
        at = np.flatnonzero(again)
        if not at.size:
            continue
        repeated |= again
        first = ids[~again].drop_duplicates()
        place_of = dict(zip(first.tolist(), first.index.tolist(), strict=True))
        values = [str(v) for v in ids.iloc[at].tolist()]
        earlier = [int(raw.row[place_of[v]]) for v in ids.iloc[at].tolist()]
        faults.append(
            Fault(
                column=name,
                at=at,
                values=values,
                expected="each value once; row {first} has it already",
                fix="delete the repeated row, or correct the id",
                per_row={"first": earlier},
            )
        )
    return faults, int(repeated.sum())


def _frame(
    schema: Schema,
    row: IntArray,
    parsed: Mapping[str, Parsed],
    places: Places,
    good: BoolArray,
) -> pd.DataFrame:
    """The good rows as a frame: `row`, then the columns in the order of the schema."""
    n = int(good.sum())
    data: dict[str, Any] = {"row": row[good]}
    own = {c.name: c for c in schema.all_columns()}
    per_category = sorted(set(parsed) - set(own))
    for column in own.values():
        if column.kind in ("lon", "lat"):
            degrees = places.lon_deg if column.kind == "lon" else places.lat_deg
            data[f"{column.kind}_deg"] = np.full(n, np.nan) if degrees is None else degrees[good]
        elif column.name in parsed:
            data[column.name] = _series(parsed[column.name].values[good])
        elif column.default is not None:
            filler = np.full(n, None, dtype=object)
            data[column.name] = _series(parse(column, filler).values)
        for name in per_category:
            if column.name in schema.prefix_columns and name.startswith(f"{column.name}_"):
                data[name] = _series(parsed[name].values[good])
    return pd.DataFrame(data)


def _series(values: Any) -> pd.Series[Any]:
    """Text stays Python text in every version of pandas."""
    if isinstance(values, np.ndarray) and values.dtype.kind == "O":
        return pd.Series(values, dtype=object)
    return pd.Series(values)
