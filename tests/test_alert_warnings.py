"""Doubles and stray codes of a log read the older way: counted, said, and left as they are."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from geo.alert_ingest_loops import repeated
from geo.alert_warnings import _again, likely_doubles, strange_codes
from scenarios.case import open_case
from scenarios.load import LoadedCase
from scenarios.prepared import Prepared
from tests.ingest_case import plain_case, points, read, stamps, write_log_case, write_rows

P, T = points(60), stamps(60)


def frame(times: list[str], **more: object) -> pd.DataFrame:
    there = {"lon_deg": 107.3, "lat_deg": 30.2, "category": "a"}
    return pd.DataFrame({"occurred_at": pd.to_datetime(times), **there, **more})


def n_of(log: pd.DataFrame, within_min: float = 10) -> str:
    found = likely_doubles(log, within_min, "a.csv")
    return str(found[0].params["n"]) if found else "0"


def test_a_double_is_within_minutes_of_the_one_that_counts() -> None:
    """08:00 counts, 08:06 repeats it, 08:11 is eleven minutes after 08:00 and counts again."""
    day = "2025-03-01 08:"
    assert n_of(frame([day + "00", day + "06", day + "11", day + "20", day + "50"])) == "2"
    assert n_of(frame([day + "00", day + "06"], category=["a", "b"])) == "0"
    assert n_of(frame([day + "00", day + "06"], lon_deg=[107.3, 107.3001])) == "0"
    assert n_of(frame([day + "00", day + "06"], lon_deg=[np.nan, np.nan])) == "0"
    assert n_of(frame([day + "06", day + "00"]).drop(columns="category")) == "1"
    assert n_of(frame([day + "00", day + "06"]).drop(columns=["lon_deg", "lat_deg"])) == "0"
    assert n_of(frame([day + "00", day + "00"]), within_min=0) == "0"


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 1), st.integers(0, 2), st.integers(0, 40)), max_size=30))
def test_the_rows_are_those_that_ingest_would_set_aside(rows: list[tuple[int, int, int]]) -> None:
    category, place, time = (np.array([r[k] for r in rows], np.int64) for k in range(3))
    group = (category * 3 + place).astype(np.uint64)
    group[place == 0] = 0
    order = np.lexsort((time, group))
    expected = repeated(group, time, order, np.int64(7))
    assert _again(category, place.astype(np.uint64), time, 7).sum() == expected.sum()


def loaded(folder: Path) -> LoadedCase:
    case = open_case(str(folder))
    return Prepared(case).load(case.scenario(None))


def test_a_case_without_ingest_says_how_to_count_calls_once(tmp_path: Path) -> None:
    """The number said is the number that the way out sets aside."""
    folder = tmp_path / "old"
    rows = [(t, "theft", *p) for t, p in zip(T, P, strict=True)]
    again = [(t[:17] + ("59" if t[17:] != "59" else "58"), c, x, y) for t, c, x, y in rows[:4]]
    log = [*rows, *again]
    write_log_case(folder, work={"theft": {}})
    write_rows(folder / "alerts.csv", log)
    found = loaded(folder)
    (told,) = [w for w in found.warnings if "one row for an alert" in w.text()]
    assert "4 of 64" in told.text()
    assert "`alert_rules: {ingest: {}}`" in told.text()
    assert found.county.cells.alerts_per_year.sum() * 365 > 0
    other = tmp_path / "new"
    write_log_case(other, rules={}, work={"theft": {}})
    write_rows(other / "alerts.csv", log)
    assert read(plain_case(tmp_path / "plain"), other).rows_read - 4 == 60
    assert not [w for w in loaded(other).warnings if "count as alerts of their own" in w.text()]


def test_a_case_without_ingest_says_codes_it_does_not_name(tmp_path: Path) -> None:
    write_log_case(tmp_path / "c", work={"theft": {}})
    codes = ["theft"] * 57 + ["theif"] * 3
    write_rows(
        tmp_path / "c" / "alerts.csv", [(t, c, *p) for t, c, p in zip(T, codes, P, strict=True)]
    )
    text = "\n".join(w.text() for w in loaded(tmp_path / "c").warnings)
    assert "3 of 60 alerts have others, each counted as one of its own: theif (3)" in text


@pytest.mark.parametrize(
    ("counts", "listed", "codes"),
    [
        ({"a": 5000, "b": 5, "other": 1}, (), "b (5)"),
        ({"a": 5000, "b": 6}, (), ""),
        ({"a": 3000, "b": 4}, (), ""),
        ({"a": 4000, "b": 4, "c": 2}, (), "b (4), c (2)"),
        ({"a": 5000, "b": 5}, ("a", "b"), ""),
        ({"a": 1, "b": 2, "c": 9}, ("a",), "c (9), b (2)"),
        ({}, ("a",), ""),
    ],
)
def test_which_codes_are_strange(
    counts: dict[str, int], listed: tuple[str, ...], codes: str
) -> None:
    found = strange_codes(counts, listed, "a.csv")
    assert [p.params["codes"] for p in found] == ([codes] if codes else [])
