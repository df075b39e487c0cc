"""A file as it is: where it lies, and its whitelisted columns before any value is checked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from geo.columns import Match, Schema, recognised
from geo.faults import LINE, Fault
from geo.values import texts
from optimizer.errors import InputError, Problem
from optimizer.frozen import IntArray

HEADER_WITHIN = 10
"""A header stands in one of the first ten lines; titles above it are left out, and said so."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """One file of a case and how to read it.

    Attributes:
        layer: Jingli's name of the layer.
        path: The file.
        shown: The file as the planner wrote it, for messages.
        sheet: Sheet of a workbook or layer of a GeoPackage; None = the only one, or the one named
            like the layer.
        crs: Declared datum: `WGS84`, `CGCS2000`, `GCJ02`, `BD09` or `EPSG:n`; None = what the file
            carries.
        columns: Canonical name -> header in the file; goes before the aliases.
        strict: A bad row is an error; else it is set aside with a reason.
    """

    layer: str
    path: Path
    shown: str
    sheet: str | None = None
    crs: str | None = None
    columns: Mapping[str, str] = field(default_factory=dict)
    strict: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Raw:
    """What a file holds of a layer's columns. N rows.

    Attributes:
        match: Which header stands for which column.
        values: Canonical name -> values as the file holds them, shape (N,).
        row: Row numbers as people count them in the file, shape (N,).
        counted: What they count: lines, features or records.
        geometry: Shapes in the file's coordinates, shape (N,); None for plain tables.
        crs: Coordinate system that the file names, if any.
        default_crs: Coordinate system of the format where the file names none.
        faults: Rows that are wrong as rows.
        problems: Problems of the file as a whole that do not stop the reading.
    """

    match: Match
    values: Mapping[str, NDArray[Any]]
    row: IntArray
    counted: str = LINE
    geometry: NDArray[Any] | None = None
    crs: str | None = None
    default_crs: str | None = None
    faults: tuple[Fault, ...] = ()
    problems: tuple[Problem, ...] = ()


def refuse(source: Source, expected: str, fix: str = "", **params: object) -> InputError:
    """The error that ends the reading of a file."""
    return InputError([Problem(where=source.shown, expected=expected, fix=fix, params=params)])


def unreadable(source: Source, kind: str, program: str) -> InputError:
    """The error for a file whose content is not what its name says."""
    return refuse(
        source,
        "a readable {kind} file; this one is damaged, protected or of another kind",
        "open it in {program} and save it again as {kind}",
        kind=kind,
        program=program,
    )


def choose_part(source: Source, parts: Sequence[str], kind: Literal["sheet", "layer"]) -> str:
    """The sheet or layer to read: the declared one, the only one, or the layer's namesake.

    Raises:
        InputError: none of these; the message lists what there is.
    """
    names = ", ".join(parts[:30])
    if source.sheet is not None:
        if source.sheet in parts:
            return source.sheet
        raise refuse(
            source,
            "a sheet named {name}" if kind == "sheet" else "a layer named {name}",
            "the file has: {names}; correct `sheet` in case.yaml",
            name=source.sheet,
            names=names,
        )
    if len(parts) == 1:
        return parts[0]
    namesakes = [p for p in parts if p.casefold() == source.layer.casefold()]
    if len(namesakes) == 1:
        return namesakes[0]
    raise refuse(
        source,
        "one sheet, or one named {name}" if kind == "sheet" else "one layer, or one named {name}",
        "the file has: {names}; name one as `sheet` in case.yaml",
        name=source.layer,
        names=names or "—",
    )


def header_at(rows: Sequence[Sequence[str]], schema: Schema, source: Source) -> tuple[int, int]:
    """Which of the first rows is the header, and how many of its columns are known.

    The row with most known headers wins, the first such; if none is known, the first that is not
    empty, so that the message about missing columns shows it.
    """
    known = [recognised(row, schema, source.columns) for row in rows]
    best = max(known, default=0)
    if best:
        return known.index(best), best
    filled = (i for i, row in enumerate(rows) if any(row))
    return next(filled, 0), 0


def title_warning(source: Source, lines: int) -> tuple[Problem, ...]:
    """Says that `lines` lines above the header were left out."""
    if not lines:
        return ()
    return (
        Problem(
            where=source.shown,
            row=1,
            expected="the header in the first line; {n} line(s) above it were left out",
            fix="delete the title lines if they hold data",
            params={"n": lines},
            severity="warning",
        ),
    )


def column_arrays(match: Match, rows: Sequence[Sequence[Any]]) -> dict[str, NDArray[Any]]:
    """Columns by canonical name from rows that hold just those columns, in order."""
    width = len(match.columns)
    block = np.empty((len(rows), width), dtype=object)
    if rows and width:
        block[:] = rows
    return {c.name: np.ascontiguousarray(block[:, i]) for i, c in enumerate(match.columns)}


def header_texts(row: Sequence[object]) -> list[str]:
    """Cells of a header row as text."""
    cells = np.empty(len(row), dtype=object)
    cells[:] = row
    return texts(cells)
