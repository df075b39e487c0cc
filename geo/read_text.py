"""CSV, TSV and TXT tables, with physical line numbers."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from itertools import islice
from operator import itemgetter
from pathlib import PurePath
from typing import Any

import numpy as np

from geo.columns import SPACE, Schema, match_headers
from geo.encoding import UndecodableError, decode
from geo.faults import Fault
from geo.raw import (
    HEADER_WITHIN,
    Raw,
    Source,
    column_arrays,
    header_at,
    header_texts,
    refuse,
    title_warning,
)
from optimizer.errors import InputError, Problem

_SEPARATORS = {".csv": ",\t;|", ".tsv": "\t,;|", ".txt": "\t,;|"}


def read_text(source: Source, schema: Schema) -> Raw:
    """Read a delimited table: only the columns of `schema` are kept.

    The separator is the comma, tab, semicolon or bar under which most headers are known. Records
    may span lines inside quotation marks (RFC 4180); `Raw.row` is the line a record starts in.

    Raises:
        InputError: bytes in no known encoding, or quotation marks without a partner.
    """
    text = _text_of(source)
    separator, header_record = layout(text, schema, source)
    found = records(text, separator, source)
    header: list[str] = []
    titles = 0
    for _, record in islice(found, header_record + 1):
        titles += any(header)
        header = header_texts(record)
    match = match_headers(header, schema, source.columns, where=source.shown)
    pick = _picker([match.position[c.name] for c in match.columns])
    width = len(header)
    rows: list[Sequence[str]] = []
    lines: list[int] = []
    long: list[tuple[int, int]] = []
    for line, record in found:
        if len(record) != width:
            # Excel leaves out the empty cells at the end of some rows.
            record.extend([""] * (width - len(record)))
            if any(v.strip(SPACE) for v in record[width:]):
                long.append((len(rows), len(record)))
        if not any(map(str.strip, record)):
            continue
        rows.append(pick(record))
        lines.append(line)
    return Raw(
        match=match,
        values=column_arrays(match, rows),
        row=np.array(lines, dtype=np.int64),
        faults=too_long(long, width),
        problems=title_warning(source, titles),
    )


def _text_of(source: Source) -> str:
    data = source.path.read_bytes()
    if data.startswith(b"PK\x03\x04"):
        raise refuse(source, "a text table; this is a workbook", "give it the ending .xlsx")
    try:
        text = decode(data).text
    except UndecodableError as error:
        raise InputError(
            [
                Problem(
                    where=source.shown,
                    row=error.line,
                    expected="text in UTF-8 or GB18030 (GBK); byte {byte} is neither",
                    fix="save the file again as UTF-8",
                    params={"byte": f"{error.byte_offset:,}"},
                )
            ]
        ) from error
    if "\0" in text:
        raise refuse(source, "a text table; this file is binary", "save it as CSV in UTF-8")
    return text


def layout(text: str, schema: Schema, source: Source) -> tuple[str, int]:
    """The separator of a table, and which of its records is the header."""
    best = (-1, ",", 0)
    suffix = PurePath(source.path.name.lower().removesuffix(".gz")).suffix
    for separator in _SEPARATORS[suffix]:
        first: list[list[str]] = []
        # A fault further down is reported by the reading itself.
        with suppress(InputError):
            for _, record in islice(records(text, separator, source), HEADER_WITHIN):
                first.append([cell.strip(SPACE) for cell in record])
        at, known = header_at(first, schema, source)
        if known > best[0]:
            best = (known, separator, at)
    return best[1], best[2]


def records(text: str, separator: str, source: Source) -> Iterator[tuple[int, list[str]]]:
    """Records with the line each starts in; blank lines are records without cells."""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
    line = 1
    try:
        for record in reader:
            yield line, record
            line = reader.line_num + 1
    except csv.Error as error:
        raise InputError(
            [
                Problem(
                    where=source.shown,
                    row=line,
                    expected="quotation marks in pairs around a value",
                    fix='close the quotation mark; one inside a value is written twice: ""',
                )
            ]
        ) from error


def _picker(position: Sequence[int]) -> Callable[[Sequence[str]], Sequence[Any]]:
    if len(position) > 1:
        return itemgetter(*position)
    return lambda record: [record[i] for i in position]


def too_long(long: Sequence[tuple[int, int]], width: int) -> tuple[Fault, ...]:
    """Rows with more values than headers: their places, and how many values each has."""
    if not long:
        return ()
    return (
        Fault(
            column=None,
            at=np.array([at for at, _ in long], dtype=np.int64),
            values=[str(n) for _, n in long],
            expected="{headers} values in the row, as many as headers",
            fix="put quotation marks around a value that holds the separator",
            params={"headers": width},
        ),
    )
