"""Wrong rows of a file, and how they are told: as problems, or set aside with a reason."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from geo.columns import SPACE
from optimizer.errors import Problem, Translate, untranslated
from optimizer.frozen import BoolArray, IntArray

SHOWN_PER_COLUMN = 20
_VALUE_CHARACTERS = 40

LINE, FEATURE, RECORD = "line {row}", "feature {row}", "record {row}"
"""What a row number counts: lines of a text file or sheet, shapes of a layer, rows of a Parquet."""

MORE = "and {n} more rows with problems in this column"
ASIDE = (
    "{n} of {total} rows set aside; `jingli validate CASE --out FOLDER` lists them with line and "
    "reason in quarantine.csv"
)
_EXPECTED = "expected {what}"


@dataclass(frozen=True, slots=True, kw_only=True)
class RowProblem(Problem):
    """A problem of a row that may be a shape or a record, or a count of many such problems.

    Attributes:
        counted: `LINE`, `FEATURE` or `RECORD`: what `row` counts.
        is_summary: `expected` is the whole message, not what was expected.
    """

    counted: str = LINE
    is_summary: bool = False

    def text(self, translate: Translate = untranslated) -> str:
        """Say the problem in one line, in the language of `translate`."""

        def reworded(text: str) -> str:
            if text == LINE:
                return translate(self.counted)
            if text == _EXPECTED and self.is_summary:
                return "{what}"
            return translate(text)

        return Problem.text(self, reworded)


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One rule that some rows of a table break.

    Attributes:
        column: Canonical name of the column; None = the row as a whole.
        at: Places of the rows in the table, from 0, ascending.
        values: The offending values as text, one per row.
        expected, fix, params: As in `Problem`.
        per_row: Further params that differ by row, one value per row each.
    """

    column: str | None
    at: IntArray
    values: Sequence[str]
    expected: str
    fix: str = ""
    params: Mapping[str, object] = field(default_factory=dict)
    per_row: Mapping[str, Sequence[object]] = field(default_factory=dict)

    def params_of(self, i: int) -> dict[str, object]:
        """Params of the i-th row of the fault."""
        return {**self.params, **{name: values[i] for name, values in self.per_row.items()}}


@dataclass(frozen=True, slots=True, kw_only=True)
class Reason:
    """Why a row was set aside.

    Attributes:
        expected, fix, params: As in `Problem`.
    """

    expected: str
    fix: str = ""
    params: Mapping[str, object] = field(default_factory=dict)

    def text(self, translate: Translate = untranslated) -> str:
        """Say it in the language of `translate`."""
        wanted = translate(self.expected).format(**self.params)
        reason = translate(_EXPECTED).format(what=wanted)
        if self.fix:
            reason += translate("; ") + translate(self.fix).format(**self.params)
        return reason


def bad_rows(faults: Sequence[Fault], n_rows: int) -> BoolArray:
    """Which of the rows break some rule, shape (n_rows,)."""
    bad = np.zeros(n_rows, dtype=np.bool_)
    for fault in faults:
        bad[fault.at] = True
    return bad


def as_problems(
    faults: Sequence[Fault],
    row: IntArray,
    header: Mapping[str, str],
    *,
    where: str,
    counted: str,
) -> tuple[Problem, ...]:
    """Errors for a planner: the first 20 rows of each column one by one, the others counted.

    Args:
        faults: What is wrong.
        row: Row number in the file of each place in the table.
        header: Canonical column name -> the file's own.
        where: The file.
        counted: What row numbers count.
    """
    problems: list[tuple[int, RowProblem]] = []
    summaries: list[Problem] = []
    for column in dict.fromkeys(f.column for f in faults):
        own = [f for f in faults if f.column == column]
        spelled = None if column is None else header.get(column, column)
        hits = sorted((int(f.at[i]), k, i) for k, f in enumerate(own) for i in _first(f))
        for at, k, i in hits[:SHOWN_PER_COLUMN]:
            fault = own[k]
            said = RowProblem(
                where=where,
                row=int(row[at]),
                column=spelled,
                value=shortened(fault.values[i]) or None,
                expected=fault.expected,
                fix=fault.fix,
                params=fault.params_of(i),
                counted=counted,
            )
            problems.append((at, said))
        more = sum(len(f.at) for f in own) - SHOWN_PER_COLUMN
        if more > 0:
            summaries.append(
                RowProblem(
                    where=where,
                    column=spelled,
                    expected=MORE,
                    params={"n": f"{more:,}"},
                    is_summary=True,
                )
            )
    problems.sort(key=lambda pair: pair[0])
    return (*(p for _, p in problems), *summaries)


def as_quarantine(
    faults: Sequence[Fault], row: IntArray, header: Mapping[str, str]
) -> pd.DataFrame:
    """One line per broken rule: row, column (as the file spells it), value, `Reason`."""
    rows: list[IntArray] = [np.zeros(0, dtype=np.int64)]
    columns: list[str] = []
    values: list[str] = []
    reasons: list[Reason] = []
    for fault in faults:
        spelled = "" if fault.column is None else header.get(fault.column, fault.column)
        rows.append(row[fault.at])
        columns += [spelled] * len(fault.at)
        values += fault.values
        if fault.per_row:
            reasons += [_reason(fault, fault.params_of(i)) for i in range(len(fault.at))]
        else:
            reasons += [_reason(fault, fault.params)] * len(fault.at)
    frame = pd.DataFrame(
        {
            "row": np.concatenate(rows),
            "column": pd.Series(columns, dtype=object),
            "value": pd.Series(values, dtype=object),
            "reason": pd.Series(reasons, dtype=object),
        }
    )
    return frame.sort_values("row", kind="stable", ignore_index=True)


def _reason(fault: Fault, params: Mapping[str, object]) -> Reason:
    return Reason(expected=fault.expected, fix=fault.fix, params=params)


def aside_warning(faults: Sequence[Fault], n_rows: int, *, where: str) -> tuple[Problem, ...]:
    """One warning that counts the rows set aside; nothing if there are none."""
    n = int(bad_rows(faults, n_rows).sum())
    if not n:
        return ()
    return (
        RowProblem(
            where=where,
            expected=ASIDE,
            params={"n": f"{n:,}", "total": f"{n_rows:,}"},
            severity="warning",
            is_summary=True,
        ),
    )


def shortened(value: str) -> str:
    """`value` on one line and short enough for a message."""
    line = " ".join(value.split()).strip(SPACE)
    return line if len(line) <= _VALUE_CHARACTERS else line[: _VALUE_CHARACTERS - 1] + "…"


def _first(fault: Fault) -> range:
    return range(min(len(fault.at), SHOWN_PER_COLUMN))
