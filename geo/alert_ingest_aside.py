"""Rows of an alert log that are set aside: every one counted once, with its reason and line."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from geo.faults import Fault, Reason, shortened
from optimizer.frozen import BoolArray, IntArray

SHOWN_PER_REASON = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Example:
    """A row that was set aside.

    Attributes:
        file: Row in the files read.
        row: Line or row in that file.
        value: What stood there, shortened.
    """

    file: int
    row: int
    value: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ReasonCount:
    """Why rows were set aside, and how many.

    Attributes:
        column: As the file spells it; empty where the row as a whole is wrong.
        reason: As a message.
        count: Rows.
        examples: The first of them.
    """

    column: str
    reason: Reason
    count: int
    examples: tuple[Example, ...]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SetAside:
    """All rows set aside. Q rows.

    Attributes:
        reasons: Most frequent first.
        reason, file, row: Row in `reasons`, row in the files, line; shape (Q,), by file and line.
    """

    reasons: tuple[ReasonCount, ...]
    reason: NDArray[np.int16]
    file: NDArray[np.int16]
    row: IntArray

    def __len__(self) -> int:
        return len(self.row)


@dataclass(slots=True)
class Asides:
    """Gathers rows set aside, batch by batch."""

    _number: dict[tuple[Any, ...], int] = field(default_factory=dict)
    _reasons: list[ReasonCount] = field(default_factory=list)
    _rows: list[tuple[int, int, IntArray]] = field(default_factory=list)

    def add(
        self,
        file: int,
        row: IntArray,
        faults: Sequence[Fault],
        header: Mapping[str, str],
        bad: BoolArray | None = None,
    ) -> BoolArray:
        """Set aside the rows of some faults, each for its first.

        Args:
            file: Row in the files.
            row: Lines of the rows that `Fault.at` counts, shape (R,).
            faults: What is wrong.
            header: Canonical column -> the file's own.
            bad: Rows that are aside already.

        Returns:
            Which rows are aside, shape (R,).
        """
        aside = np.zeros(len(row), np.bool_) if bad is None else bad.copy()
        for fault in faults:
            new = ~aside[fault.at]
            if not new.any():
                continue
            aside[fault.at] = True
            lines = row[fault.at[new]]
            column = "" if fault.column is None else header.get(fault.column, fault.column)
            first = np.flatnonzero(new)[:SHOWN_PER_REASON]
            examples = tuple(
                Example(file=file, row=int(row[fault.at[i]]), value=shortened(fault.values[i]))
                for i in first.tolist()
            )
            reason = Reason(expected=fault.expected, fix=fault.fix, params=fault.params)
            self._count(file, lines, column, reason, examples)
        return aside

    def add_rows(
        self,
        file: IntArray,
        row: IntArray,
        column: str,
        reason: Reason,
        said: Mapping[int, str] | None = None,
    ) -> None:
        """Set aside rows found wrong after reading, of any files; `said`: line -> what stood."""
        for number in np.unique(file).tolist():
            lines = row[file == number]
            examples = tuple(
                Example(file=number, row=line, value=(said or {}).get(line, ""))
                for line in lines[:SHOWN_PER_REASON].tolist()
            )
            self._count(number, lines, column, reason, examples)

    def _count(
        self, file: int, lines: IntArray, column: str, reason: Reason, examples: tuple[Example, ...]
    ) -> None:
        key = (column, reason.expected, reason.fix, tuple(sorted(map(str, reason.params.items()))))
        if key not in self._number:
            self._number[key] = len(self._reasons)
            self._reasons.append(ReasonCount(column=column, reason=reason, count=0, examples=()))
        at = self._number[key]
        known = self._reasons[at]
        self._reasons[at] = replace(
            known,
            count=known.count + len(lines),
            examples=(*known.examples, *examples)[:SHOWN_PER_REASON],
        )
        self._rows.append((at, file, lines))

    def done(self) -> SetAside:
        """What was gathered."""
        order = sorted(range(len(self._reasons)), key=lambda r: (-self._reasons[r].count, r))
        rank = {r: i for i, r in enumerate(order)}
        parts = [
            (np.full(len(lines), rank[r]), np.full(len(lines), f), lines)
            for r, f, lines in self._rows
        ]
        none = np.zeros(0, np.int64)
        reason, file, row = (
            np.concatenate([none, *(p[k] for p in parts)]).astype(np.int64) for k in range(3)
        )
        by_line = np.lexsort((row, file))
        return SetAside(
            reasons=tuple(self._reasons[r] for r in order),
            reason=reason[by_line].astype(np.int16),
            file=file[by_line].astype(np.int16),
            row=row[by_line],
        )
