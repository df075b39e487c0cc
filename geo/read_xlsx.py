"""Excel workbooks, with the row numbers of the sheet."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import islice
from typing import Any

import numpy as np
from python_calamine import CalamineError, CalamineWorkbook

from geo.columns import Schema, match_headers
from geo.raw import (
    HEADER_WITHIN,
    Raw,
    Source,
    choose_part,
    column_arrays,
    header_at,
    header_texts,
    title_warning,
    unreadable,
)


def read_xlsx(source: Source, schema: Schema) -> Raw:
    """Read one sheet: only the columns of `schema` are kept.

    Numbers come as floats, dates as datetimes; a formula gives its last saved result, and an error
    such as #N/A counts as an empty cell.

    Raises:
        InputError: no workbook, or no such sheet.
    """
    try:
        book = CalamineWorkbook.from_path(str(source.path))
        sheet = book.get_sheet_by_name(choose_part(source, book.sheet_names, "sheet"))
        rows = iter(sheet.iter_rows())
    except (CalamineError, OSError) as error:
        raise unreadable(source, "XLSX", "Excel") from error
    first = list(islice(rows, HEADER_WITHIN))
    shown = [header_texts(row) for row in first]
    header_row, _known = header_at(shown, schema, source)
    header = shown[header_row] if shown else []
    match = match_headers(header, schema, source.columns, where=source.shown)
    position = [match.position[c.name] for c in match.columns]
    kept: list[Sequence[Any]] = []
    numbers: list[int] = []

    def keep(number: int, row: Sequence[Any]) -> None:
        if any(v != "" and v is not None for v in row):
            kept.append([row[i] for i in position])
            numbers.append(number)

    for number, row in enumerate(first[header_row + 1 :], start=header_row + 2):
        keep(number, row)
    for number, row in enumerate(rows, start=len(first) + 1):
        keep(number, row)
    return Raw(
        match=match,
        values=column_arrays(match, kept),
        row=np.array(numbers, dtype=np.int64),
        problems=title_warning(source, sum(any(row) for row in shown[:header_row])),
    )
