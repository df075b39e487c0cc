"""Values of one column: what each kind accepts, refuses and becomes."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from geo.columns import Column, Kind
from geo.values import Parsed, parse


def read(kind: Kind, *values: object, **rules: Any) -> Parsed:
    raw = np.empty(len(values), dtype=object)
    raw[:] = values
    return parse(Column(name="c", kind=kind, **rules), raw)


def bad(parsed: Parsed) -> list[int]:
    return sorted({int(i) for f in parsed.faults for i in f.at})


def said(parsed: Parsed) -> list[str]:
    return [f.expected.format(**f.params_of(i)) for f in parsed.faults for i in range(len(f.at))]


@pytest.mark.parametrize(
    ("value", "number"),
    [
        ("12", 12), (" 12 ", 12), ("１２．５", 12.5), ("1,234", 1234), ("1 234 567.5", 1234567.5),
        ("−3", -3), ("1e3", 1000), ("\u30007\u200b", 7), ("１，２３４", 1234), (5, 5), (2.5, 2.5),
        (Decimal("0.5"), 0.5), (".5", 0.5),
    ],
)  # fmt: skip
def test_numbers(value: object, number: float) -> None:
    parsed = read("number", value)
    assert parsed.values[0] == number
    assert not parsed.faults
    assert not parsed.blank[0]


@pytest.mark.parametrize(
    "value",
    ["3人", "约10", "1,23", "12,34,567", "0x10", "1_000", "--1", "1.2.3", "inf", "1e999", True,
     dt.datetime(2024, 1, 1), "１２a", "①"],
)  # fmt: skip
def test_no_numbers(value: object) -> None:
    parsed = read("number", value)
    assert bad(parsed) == [0]
    assert said(parsed) == ["a number"]


@pytest.mark.parametrize("value", ["", "  ", None, float("nan"), "-", "—", "/", "无", "NA", "n/a"])
def test_missing_numbers(value: object) -> None:
    parsed = read("number", value, "1")
    assert parsed.blank.tolist() == [True, False]
    assert np.isnan(parsed.values[0])
    assert not parsed.faults
    required = read("number", value, "1", required=True)
    assert said(required) == ["a value in every row"]
    assert bad(required) == [0]
    filled = read("number", value, required=True, default=4)
    assert filled.values[0] == 4
    assert not filled.faults


def test_bounds_are_inclusive_and_named() -> None:
    parsed = read("number", "0", "-0.1", "10", "10.5", minimum=0, maximum=10)
    assert bad(parsed) == [1, 3]
    assert set(said(parsed)) == {"a number from 0 to 10"}
    assert said(read("number", "-1", minimum=0)) == ["a number ≥ 0"]
    assert said(read("number", "11", maximum=10)) == ["a number ≤ 10"]


def test_counts_are_whole_and_not_negative() -> None:
    parsed = read("count", "3", "3.0", "3.5", "-1", "1e300", "x", required=True)
    assert bad(parsed) == [2, 3, 4, 5]
    assert set(said(parsed)) == {"a whole number ≥ 0"}
    assert parsed.values.dtype == np.int64
    assert parsed.values[:2].tolist() == [3, 3]
    optional = read("count", "3", "")
    assert optional.values[0] == 3
    assert np.isnan(optional.values[1])
    assert read("count", "", default=7).values.tolist() == [7]
    assert said(read("count", "12", maximum=10)) == ["a whole number from 0 to 10"]


def test_typed_arrays() -> None:
    assert parse(Column(name="c", kind="number"), np.array([1.5, np.nan])).blank.tolist() == [
        False,
        True,
    ]
    assert bad(parse(Column(name="c", kind="count"), np.array([1, -2]))) == [1]
    assert bad(parse(Column(name="c", kind="number"), np.array([np.inf]))) == [0]
    ids = parse(Column(name="c", kind="id"), np.array([7, 8]))
    assert ids.values.tolist() == ["7", "8"]


def test_ids_are_text() -> None:
    parsed = read("id", "007", 101.0, "１０１Ａ", " 5 ", 500231001000.0, 101.5, "<b>=1+1", "")
    expected = ["007", "101", "101A", "5", "500231001000", "101.5", "<b>=1+1", None]
    assert parsed.values.tolist() == expected
    assert not parsed.faults
    assert parsed.blank.tolist() == [False] * 7 + [True]


def test_ids_that_excel_has_cut() -> None:
    parsed = read("id", "5.00231E+11", 1234567890123456789.0, "1E5", "C+1")
    assert bad(parsed) == [0, 1]
    assert "Excel has cut it" in said(parsed)[0]


def test_text_is_kept_as_it_is() -> None:
    names = ["<script>alert(1)</script>", "=1+1", "@x", "-", "无", "A　B"]
    assert read("text", *names).values.tolist() == names
    assert read("text", "", "  ", None).values.tolist() == [None] * 3
    assert read("text", "", default="?").values.tolist() == ["?"]


def test_yes_no() -> None:
    yes = ["是", "YES", "y", "1", 1.0, True, "有", "√", " True ", "Ｙ"]
    no = ["否", "no", "0", 0, False, "无", "×", "N"]
    parsed = read("yes_no", *yes, *no, required=True)
    assert parsed.values.tolist() == [True] * len(yes) + [False] * len(no)
    assert not parsed.faults
    assert parsed.values.dtype == np.bool_


def test_yes_no_missing_and_wrong() -> None:
    parsed = read("yes_no", "", "maybe", "2")
    assert bad(parsed) == [1, 2]
    assert pd.isna(parsed.values[0])
    assert read("yes_no", "", default=True).values.tolist() == [True]


CHOICES = {"城区": "urban", "Town": "urban", "农村": "rural"}


def test_choices() -> None:
    parsed = read("choice", "城区", " TOWN ", "rural", "Urban", "村", "", choices=CHOICES)
    assert parsed.values[:4].tolist() == ["urban", "urban", "rural", "urban"]
    assert bad(parsed) == [4]
    assert said(parsed) == ["one of urban, rural, 城区, Town, 农村"]
    assert parsed.blank.tolist() == [False] * 5 + [True]


def test_id_lists() -> None:
    parsed = read("id_list", "01；02", "1、2, 3", 101.0, "1;1", "", "[", ["7", "8"], "a b")
    assert parsed.values[:3].tolist() == [("01", "02"), ("1", "2", "3"), ("101",)]
    assert parsed.values[6] == ("7", "8")
    assert parsed.values[7] == ("a", "b")
    assert bad(parsed) == [3]
    assert parsed.blank.tolist() == [False] * 4 + [True] + [False] * 3


MOMENT = np.datetime64("2024-01-05T08:05:00", "ns")


@pytest.mark.parametrize(
    "text",
    ["2024-01-05 08:05", "2024-01-05T08:05:00", "2024/1/5 8:05", "2024/01/05 08:05:00",
     "2024年1月5日 8时5分", "2024年01月05日08:05", "2024.1.5 8:05", "20240105080500",
     "20240105 0805",
     "2024-01-05T08:05:00+08:00", "2024-01-05 08:05:00.000", "２０２４／１／５　８：０５",
     dt.datetime(2024, 1, 5, 8, 5)],
)  # fmt: skip
def test_times(text: object) -> None:
    parsed = read("time", text)
    assert parsed.values[0] == MOMENT
    assert not parsed.faults


@pytest.mark.parametrize("text", ["2024-01-05", "20240105", "2024/1/5", dt.date(2024, 1, 5)])
def test_dates(text: object) -> None:
    assert read("time", text).values[0] == np.datetime64("2024-01-05", "ns")


@pytest.mark.parametrize(
    "text",
    ["now", "today", "2024", "2024-01", "2024-13-01", "2023-02-29", "2024-01-05 24:00", "45000.5",
     45000.5, "05/01/2024", "24-01-05", "2024-01-05 08:60", "昨天"],
)  # fmt: skip
def test_no_times(text: object) -> None:
    parsed = read("time", text)
    assert bad(parsed) == [0]
    assert said(parsed) == ["a date and time such as 2026-05-01 08:30"]


@pytest.mark.parametrize(
    "text", ["2024-01-05T08:05:00Z", "2024-01-05 08:05 UTC", "2024-01-05 08:05+00:00"]
)
def test_utc_is_refused(text: str) -> None:
    assert said(read("time", text)) == ["local time; this is UTC"]


def test_years_out_of_bounds() -> None:
    parsed = read(
        "time", "1970-01-01", "2099-12-31", "2000-01-01", "2035-12-31", "0001-01-01", "9999-01-01",
        minimum=2000, maximum=2035,
    )  # fmt: skip
    assert bad(parsed) == [0, 1, 4, 5]
    assert all("from 2000 to 2035" in s for s in said(parsed))
    # Without bounds still no silent overflow of nanoseconds (1677 to 2262).
    assert bad(read("time", "1600-01-01", "2300-01-01", "1900-01-01")) == [0, 1]


def test_missing_times() -> None:
    parsed = read("time", "", "2024-01-05")
    assert np.isnat(parsed.values[0])
    assert parsed.blank.tolist() == [True, False]
    assert said(read("time", "", required=True)) == ["a value in every row"]


@given(st.datetimes(dt.datetime(1900, 1, 1), dt.datetime(2200, 1, 1)))
def test_common_and_thorough_readings_agree(moment: dt.datetime) -> None:
    moment = moment.replace(microsecond=0)
    m = moment
    writings = [
        m.isoformat(),
        f"{m.year}/{m.month}/{m.day} {m.hour}:{m.minute:02d}:{m.second:02d}",
        f"{m.year}年{m.month}月{m.day}日 {m.hour}时{m.minute}分{m.second}秒",
        f"{m:%Y%m%d%H%M%S}",
    ]
    parsed = read("time", *writings)
    assert set(parsed.values.tolist()) == {np.datetime64(moment, "ns").item()}


@given(st.integers(-(10**12), 10**12), st.sampled_from(["{}", "{:,}", " {} "]))
def test_any_whole_number_in_any_dress(number: int, dress: str) -> None:
    wide = str.maketrans("0123456789", "０１２３４５６７８９")
    text = dress.format(number)
    assert read("number", text, text.translate(wide)).values.tolist() == [number, number]


@given(
    st.lists(st.one_of(st.none(), st.text(), st.floats(), st.booleans(), st.integers()), max_size=8)
)
def test_nothing_crashes_and_every_row_has_a_verdict(values: list[object]) -> None:
    kinds: tuple[Kind, ...] = (
        "id", "text", "number", "count", "yes_no", "lon", "lat", "time", "choice", "id_list",
    )  # fmt: skip
    for kind in kinds:
        parsed = read(kind, *values, required=True, choices=CHOICES)
        assert len(parsed.values) == len(parsed.blank) == len(values)
        faulty = set(bad(parsed))
        assert set(np.flatnonzero(parsed.blank).tolist()) <= faulty
        for fault in parsed.faults:
            assert len(fault.values) == len(fault.at)
        if kind == "number":
            good = [i for i in range(len(values)) if i not in faulty]
            assert np.isfinite(np.asarray(parsed.values, dtype=float)[good]).all()
