"""Text that a spreadsheet shows as text: no cell of ours is run as a formula.

Excel, WPS and LibreOffice run a CSV cell that starts with `=`, `+`, `-`, `@`, a tab or a carriage
return (OWASP, "CSV Injection"); East Asian editions take the full-width forms too. A leading
apostrophe makes such a cell text. Plain numbers stay numbers: `-2.3` is a change, not an attack.
"""

from __future__ import annotations

import csv
import io
import math
import re
from collections.abc import Iterable, Sequence
from pathlib import Path

from geo.atomic import write_bytes

_STARTS_FORMULA = re.compile(r"[\s\ufeff]*[=+\-@＝＋－＠]|[\t\r\n]")
_PLAIN_NUMBER = re.compile(r"[+-]?(\d+(\.\d+)?|\.\d+)([eE][+-]?\d+)?%?")

BOM = "\ufeff"
"""Excel reads a CSV as UTF-8 only when it starts with this."""


def spreadsheet_text(text: str) -> str:
    """Return `text` so that a spreadsheet cannot run it; harmless text is returned unchanged."""
    if _STARTS_FORMULA.match(text) and not _PLAIN_NUMBER.fullmatch(text):
        return "'" + text
    return text


def plain_text(text: str) -> str:
    """What `spreadsheet_text` was given: its apostrophe taken away, no other."""
    inner = text.removeprefix("'")
    return inner if spreadsheet_text(inner) == text else text


def spreadsheet_value(value: object) -> object:
    """One cell for CSV or XLSX: text made safe, numbers as numbers, None, NaN and inf empty."""
    if isinstance(value, str):
        return spreadsheet_text(value)
    if value is None or (isinstance(value, float) and not math.isfinite(value)):
        return ""
    return value


def csv_text(header: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """A CSV table (RFC 4180 quoting, CR LF) whose cells are safe in a spreadsheet.

    Raises:
        ValueError: a row of another length than the header.
    """
    buffer = io.StringIO(newline="")
    writer = csv.writer(buffer, lineterminator="\r\n")
    writer.writerow([spreadsheet_text(h) for h in header])
    for row in rows:
        if len(row) != len(header):
            raise ValueError(f"row of {len(row)} cells under {len(header)} headers: {row!r}")
        writer.writerow([spreadsheet_value(v) for v in row])
    return buffer.getvalue()


def write_csv(path: Path, header: Sequence[str], rows: Iterable[Sequence[object]]) -> Path:
    """Write `csv_text` atomically as UTF-8 with a byte-order mark, which Excel needs for Chinese.

    Raises:
        InputError: `path` cannot be written.
        ValueError: a row of another length than the header.
    """
    return write_bytes(path, (BOM + csv_text(header, rows)).encode())
