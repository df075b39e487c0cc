"""Telling wrong rows: one by one, counted, or set aside with a reason."""

from __future__ import annotations

import numpy as np

from geo.faults import (
    FEATURE,
    MORE,
    SHOWN_PER_COLUMN,
    Fault,
    RowProblem,
    as_problems,
    as_quarantine,
    aside_warning,
    bad_rows,
    shortened,
)

ROW = np.arange(10, 110)


def fault(column: str | None, at: list[int], **rest: object) -> Fault:
    values = rest.pop("values", [f"v{i}" for i in at])
    return Fault(
        column=column,
        at=np.array(at, dtype=np.int64),
        values=values,  # type: ignore[arg-type]
        expected=str(rest.pop("expected", "sense")),
        **rest,  # type: ignore[arg-type]
    )


def test_bad_rows() -> None:
    assert np.flatnonzero(bad_rows([fault("a", [1, 3]), fault(None, [3, 4])], 6)).tolist() == [
        1,
        3,
        4,
    ]
    assert not bad_rows([], 3).any()


def test_problems_in_file_order_with_the_files_headers() -> None:
    faults = [fault("b", [5]), fault("a", [2, 7]), fault(None, [2], values=[""])]
    problems = as_problems(faults, ROW, {"a": "甲"}, where="f", counted=FEATURE)
    assert [(p.row, p.column, p.value) for p in problems] == [
        (12, "甲", "v2"),
        (12, None, None),
        (15, "b", "v5"),
        (17, "甲", "v7"),
    ]
    assert problems[0].text() == "f feature 12 甲 = v2: expected sense"


def test_limit_counts_all_rules_of_a_column_together() -> None:
    faults = [fault("a", list(range(0, 40, 2))), fault("a", list(range(1, 41, 2))), fault("b", [0])]
    problems = as_problems(faults, ROW, {}, where="f", counted="line {row}")
    of_a = [p for p in problems if p.column == "a"]
    assert [p.row for p in of_a] == [*range(10, 10 + SHOWN_PER_COLUMN), None]
    assert of_a[-1].text() == "f a: and 20 more rows with problems in this column"
    assert of_a[-1].severity == "error"
    exactly = as_problems([fault("a", list(range(20)))], ROW, {}, where="f", counted="")
    assert len(exactly) == 20


def test_params_of_each_row() -> None:
    one = fault("a", [1, 2], expected="{n} over {m}", params={"m": 9}, per_row={"n": [5, 6]})
    problems = as_problems([one], ROW, {}, where="f", counted="line {row}")
    assert [p.text() for p in problems] == [
        "f line 11 a = v1: expected 5 over 9",
        "f line 12 a = v2: expected 6 over 9",
    ]
    aside = as_quarantine([one], ROW, {})
    assert [r.text(lambda t: t.replace("over", "von")) for r in aside["reason"]] == [
        "expected 5 von 9",
        "expected 6 von 9",
    ]


def test_quarantine_is_sorted_and_complete() -> None:
    faults = [fault("b", list(range(30, 60))), fault("a", [0, 59], fix="mend it")]
    aside = as_quarantine(faults, ROW, {"a": "甲"})
    assert len(aside) == 32
    assert aside["row"].is_monotonic_increasing
    *told, reason = aside.iloc[0].tolist()
    assert (told, reason.text()) == ([10, "甲", "v0"], "expected sense; mend it")
    assert as_quarantine([], ROW, {}).columns.tolist() == ["row", "column", "value", "reason"]


def test_warning_counts_rows_not_faults() -> None:
    (warning,) = aside_warning([fault("a", [1, 2]), fault("b", [2])], 1000, where="f")
    assert (
        warning.text() == "f: 2 of 1,000 rows set aside; `jingli validate CASE --out FOLDER` "
        "lists them with line and reason in quarantine.csv"
    )
    assert warning.severity == "warning"
    assert aside_warning([], 10, where="f") == ()


def test_summary_is_translated_whole() -> None:
    chinese = {MORE: "另有 {n} 行有同类问题", "expected {what}": "应为{what}"}
    summary = RowProblem(where="f", expected=MORE, params={"n": "3"}, is_summary=True)
    assert summary.text(lambda t: chinese.get(t, t)) == "f: 另有 3 行有同类问题"


def test_shortened() -> None:
    assert shortened("a\n b\t c") == "a b c"
    assert shortened("x" * 40) == "x" * 40
    assert shortened("x" * 41) == "x" * 39 + "…"
