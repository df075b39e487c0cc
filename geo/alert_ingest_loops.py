"""Compiled loops of reading alert logs: where records of a CSV end, and alerts logged twice."""

from __future__ import annotations

from typing import Any

import numpy as np

from optimizer.compiled import compiled

_NEWLINE, _RETURN, _QUOTE = 10, 13, 34
_START, _PLAIN, _QUOTED, _CLOSING = 0, 1, 2, 3


@compiled
def records(data: Any, separator: int) -> Any:
    """First lines of the records in a piece of CSV (RFC 4180), and where the last whole one ends.

    A quotation mark opens a value only at its start, as in Python's and Arrow's readers. Lines
    without a character are no records.

    Args:
        data: Bytes in UTF-8, the first of them at the start of a record.
        separator: Byte between values.

    Returns:
        Lines from 0 of the whole records, and the number of bytes and of lines that they take.
    """
    lines = np.empty(1024, np.int64)
    n = 0
    state, line, start_line = _START, 0, 0
    is_blank = True
    end, end_line = 0, 0
    for i in range(len(data)):
        byte = data[i]
        if state == _QUOTED:
            if byte == _QUOTE:
                state = _CLOSING
            elif byte == _NEWLINE:
                line += 1
            continue
        if byte == _NEWLINE:
            if not is_blank:
                if n == len(lines):
                    longer = np.empty(2 * n, np.int64)
                    longer[:n] = lines
                    lines = longer
                lines[n] = start_line
                n += 1
            line += 1
            start_line, end, end_line = line, i + 1, line
            is_blank = True
            state = _START
        elif byte == separator:
            state, is_blank = _START, False
        elif byte == _QUOTE and state in (_START, _CLOSING):
            state, is_blank = _QUOTED, False
        elif byte != _RETURN:
            state, is_blank = _PLAIN, False
    return lines[:n], end, end_line


@compiled
def repeated(group: Any, time_s: Any, order: Any, within_s: int) -> Any:
    """Which alerts come within `within_s` of the alert of their group that was last kept.

    Args:
        group: Group of each alert, shape (A,); alerts of group 0 stand for themselves.
        time_s: Seconds, shape (A,).
        order: Alerts sorted by group, then time, shape (A,).
        within_s: Seconds.

    Returns:
        Truth values, shape (A,).
    """
    again = np.zeros(len(group), np.bool_)
    last_group, last_s = np.uint64(0), np.int64(0)
    for i in order:
        if group[i] == 0:
            continue
        if group[i] == last_group and time_s[i] - last_s <= within_s:
            again[i] = True
        else:
            last_group, last_s = group[i], time_s[i]
    return again
