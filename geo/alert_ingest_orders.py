"""Dates such as 03/04/2026: read in the order that their whole column shows, or was declared."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from geo.alert_ingest_aside import Asides
from geo.alert_ingest_times import swapped
from geo.faults import Reason, shortened
from optimizer.errors import Problem
from optimizer.frozen import BoolArray, IntArray

# Which of day and month a date before its year can have first: either, or only the one.
SWAPS, DAY_FIRST, MONTH_FIRST = 1, 2, 3
_SHOWN = 3

Said = tuple[int, str]
"""Line of a date, and the date as it stands there."""

_IN_ORDER = {
    "day_first": "dates in one order; {n} can only have the day first (lines {shown}), and "
    "{swaps} that could be read either way (lines {either}) were read likewise",
    "month_first": "dates in one order; {n} can only have the month first (lines {shown}), and "
    "{swaps} that could be read either way (lines {either}) were read likewise",
}


def examples(order: NDArray[np.int8], row: IntArray, said: pa.Array) -> dict[int, list[Said]]:
    """The first dates of each kind in a batch.

    Args:
        order: `SWAPS`, `DAY_FIRST`, `MONTH_FIRST`, or 0 where the year comes first, shape (R,).
        row: Lines, shape (R,).
        said: The column as it stands, R values.
    """
    found = {}
    for code in (SWAPS, DAY_FIRST, MONTH_FIRST):
        at = np.flatnonzero(order == code)[:_SHOWN].tolist()
        if at:
            found[code] = [(int(row[i]), shortened(said[i].as_py())) for i in at]
    return found


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class FileDates:
    """The dates of one file of a log.

    Attributes:
        shown: The file.
        file: Its row in the files.
        column: Of the times, as the file spells it.
        declared: Order by `alert_rules.ingest.date_order`, if any.
        rows: Its rows among all that were read.
        examples: First dates of each kind.
    """

    shown: str
    file: int
    column: str
    declared: Literal["year_first", "day_first", "month_first"] | None
    rows: slice
    examples: Mapping[int, Sequence[Said]]

    def settle(self, columns: Mapping[str, NDArray[Any]]) -> tuple[BoolArray | None, list[Problem]]:
        """Turn the times of `columns` that have the month first.

        Returns:
            Which rows of the file are against the declared order, if any; what to say.
        """
        if not self.examples:
            return None, []
        order, times = columns["order"][self.rows], columns["occurred_at"][self.rows]
        either = order == SWAPS
        swaps, day, month = (
            int(np.count_nonzero(order == code)) for code in (SWAPS, DAY_FIRST, MONTH_FIRST)
        )
        if not swaps + day + month:
            return None, []
        if self.declared is None and day and month:
            return None, [self._both(day, month, swaps)]
        if self.declared is None and not day and not month:
            same = bool((swapped(times[either]) == times[either]).all())
            return None, [] if same else [self._not_told(swaps)]
        named = self.declared or ("month_first" if month else "day_first")
        wrong = order == DAY_FIRST
        if named == "month_first":
            times[either] = swapped(times[either])
        else:
            wrong = order == MONTH_FIRST
        said = [] if self.declared or not swaps else [self._told(named, day + month, swaps)]
        return (wrong if wrong.any() else None), said

    def _told(self, named: str, n: int, swaps: int) -> Problem:
        sure = DAY_FIRST if named == "day_first" else MONTH_FIRST
        return Problem(
            where=self.shown,
            column=self.column,
            expected=_IN_ORDER[named],
            fix="nothing to do if that is right; else write alert_rules.ingest.date_order in "
            "case.yaml",
            params={
                "n": f"{n:,}", "swaps": f"{swaps:,}", "shown": self._shown(sure),
                "either": self._shown(SWAPS),
            },
            severity="warning",
        )  # fmt: skip

    def _both(self, day: int, month: int, swaps: int) -> Problem:
        return Problem(
            where=self.shown,
            column=self.column,
            expected="dates in one order; {day} can only have the day first (lines {first}), "
            "{month} only the month (lines {second}), and {swaps} could be either",
            fix="write the dates of the file in one order; or write `alert_rules: {{ingest: "
            "{{date_order: day_first}}}}` (or month_first) in case.yaml, which sets those of the "
            "other order aside",
            params={
                "day": f"{day:,}", "month": f"{month:,}", "swaps": f"{swaps:,}",
                "first": self._shown(DAY_FIRST), "second": self._shown(MONTH_FIRST),
            },
        )  # fmt: skip

    def _not_told(self, swaps: int) -> Problem:
        return Problem(
            where=self.shown,
            column=self.column,
            expected="dates that show which is the day and which the month; in all {n} (lines "
            "{shown}) "
            "both are 12 or less",
            fix="write `alert_rules: {{ingest: {{date_order: day_first}}}}` (or month_first) in "
            "case.yaml",
            params={"n": f"{swaps:,}", "shown": self._shown(SWAPS)},
        )

    def _shown(self, code: int) -> str:
        return "; ".join(f"{row}: {said}" for row, said in self.examples.get(code, ()))

    def set_aside(self, wrong: BoolArray, columns: Mapping[str, NDArray[Any]], to: Asides) -> None:
        """Set rows aside that are against the declared order."""
        month_first = self.declared == "month_first"
        reason = Reason(
            expected="a date in the order month, day, year"
            if month_first
            else "a date in the order day, month, year",
            fix="correct it, or alert_rules.ingest.date_order in case.yaml",
        )
        lines = np.asarray(columns["row"][self.rows][wrong])
        said = dict(self.examples.get(DAY_FIRST if month_first else MONTH_FIRST, ()))
        to.add_rows(np.full(len(lines), self.file), lines, self.column, reason, said)


def gathered(found: Iterable[Mapping[int, Sequence[Said]]]) -> dict[int, list[Said]]:
    """The first examples of several batches."""
    made: dict[int, list[Said]] = {}
    for batch in found:
        for code, said in batch.items():
            own = made.setdefault(code, [])
            own += said[: _SHOWN - len(own)]
    return made
