"""Times of alerts as bureaus write them."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from geo.alert_ingest_times import Times, parse_times, swapped


def read(*texts: str, offset: float = 8.0) -> Times:
    return parse_times(pa.array(list(texts), pa.string()), offset)


@pytest.mark.parametrize(
    ("text", "stamp"),
    [
        ("2026-05-01 08:30:00", "2026-05-01T08:30:00"),
        ("2026-05-01T08:30", "2026-05-01T08:30:00"),
        ("2026-05-01", "2026-05-01T00:00:00"),
        ("2026/5/1 8:05", "2026-05-01T08:05:00"),
        ("2026.5.1 8:05:07.25", "2026-05-01T08:05:07"),
        ("2026年5月1日8时30分", "2026-05-01T08:30:00"),
        ("2026年5月1日8时", "2026-05-01T08:00:00"),
        ("2026年5月1日 下午2:05:00", "2026-05-01T14:05:00"),
        ("2026/5/1 上午12:30", "2026-05-01T00:30:00"),
        ("2026/5/1 中午12:30", "2026-05-01T12:30:00"),
        ("2026/5/1 中午1:30", "2026-05-01T13:30:00"),
        ("2026-5-1 晚上9点05分", "2026-05-01T21:05:00"),
        ("2026-05-01 星期五 08:30:00", "2026-05-01T08:30:00"),
        ("２０２６－０５－０１　０８：３０", "2026-05-01T08:30:00"),
        ("20260501083000", "2026-05-01T08:30:00"),
        ("20260501", "2026-05-01T00:00:00"),
        ("2026-05-01 24:00", "2026-05-02T00:00:00"),
        ("2026-12-31 24:00:00", "2027-01-01T00:00:00"),
        ("31/05/2026 2:05 PM", "2026-05-31T14:05:00"),
        ("05/31/2026", "2026-05-31T00:00:00"),
        ("2026-05-01T08:30:00+08:00", "2026-05-01T08:30:00"),
        ("1777595400", "2026-05-01T08:30:00"),
        ("1777595400000", "2026-05-01T08:30:00"),
    ],
)
def test_understood(text: str, stamp: str) -> None:
    assert read(text).at[0] == np.datetime64(stamp)


@pytest.mark.parametrize(
    "text",
    ["2026-02-30", "2026-13-01", "now", "2026", "08:30", "2026-05-01 25:00", "2026-05-01 24:01",
     "2026-05-01 8:61", "上午8:30", "2026-05-01 上午14:00", "03/04/26", "12345", "20260230"],
)  # fmt: skip
def test_refused(text: str) -> None:
    found = read(text)
    assert np.isnat(found.at[0])
    assert not found.blank[0]
    assert not found.utc[0]


@pytest.mark.parametrize(
    "text", ["2026-05-01T08:30:00Z", "2026-05-01 08:30+00:00", "2026-05-01 08:30 UTC"]
)
def test_utc_is_told(text: str) -> None:
    assert read(text).utc[0]


def test_empty_is_blank() -> None:
    assert read("", " ", "-", "无", "2026-05-01").blank.tolist() == [True, True, True, True, False]


def test_one_odd_value_does_not_spoil_a_column() -> None:
    found = read("2026-05-01 08:30:00", "2026年5月1日8时31分", "?", "2026-05-01 24:00")
    assert np.isnat(found.at).tolist() == [False, False, True, False]


def test_day_and_month() -> None:
    found = read("03/04/2026", "13/04/2026", "04/13/2026", "2026-04-03")
    assert found.swaps.tolist() == [True, False, False, False]
    assert found.day_first.tolist() == [False, True, False, False]
    assert found.month_first.tolist() == [False, False, True, False]
    assert found.year_last.tolist() == [True, True, True, False]
    assert str(found.at[0])[:10] == "2026-04-03"
    assert [str(t)[:10] for t in found.at[1:]] == ["2026-04-13", "2026-04-13", "2026-04-03"]


@settings(max_examples=50, deadline=None)
@given(st.datetimes(dt.datetime(2000, 1, 1), dt.datetime(2035, 12, 31)))
def test_every_writing_means_the_same(moment: dt.datetime) -> None:
    moment = moment.replace(microsecond=0)
    half = "上午" if moment.hour < 12 else "下午"
    found = read(
        moment.isoformat(sep=" "),
        f"{moment:%Y年%m月%d日%H时%M分%S秒}",
        f"{moment.year}/{moment.month}/{moment.day} {half}{moment:%I:%M:%S}",
        f"{moment:%Y%m%d%H%M%S}",
        str(round((moment - dt.datetime(1970, 1, 1)).total_seconds()) - 8 * 3600),
    )
    expected = [np.datetime64(moment, "s")] * 5
    # Before September 2001 seconds since 1970 have nine digits; they are read all the same.
    assert found.at.tolist() == np.array(expected).tolist()
    assert found.epoch == 1


@given(st.dates(dt.date(2000, 1, 1), dt.date(2035, 12, 31)).filter(lambda d: d.day <= 12))
def test_swapping_twice_changes_nothing(day: dt.date) -> None:
    at = np.array([np.datetime64(day, "s") + np.timedelta64(3723, "s")])
    turned = swapped(at)
    assert str(turned[0]) == f"{day.year}-{day.day:02}-{day.month:02}T01:02:03"
    assert swapped(turned).tolist() == at.tolist()


def test_numbers_and_stamps() -> None:
    stamp = np.array(["2026-05-01T08:30:00"], "datetime64[s]")
    assert parse_times(pa.array(stamp), 8.0).at.tolist() == stamp.tolist()
    assert parse_times(pa.array([20260501083000]), 8.0).at.tolist() == stamp.tolist()
    assert parse_times(pa.array([1777595400.4, None]), 8.0).at[0] == stamp[0]
    utc = pa.array(stamp, pa.timestamp("s", tz="UTC"))
    assert parse_times(utc, 8.0).utc.tolist() == [True]
    local = pa.array(stamp, pa.timestamp("s", tz="Asia/Shanghai"))
    assert str(parse_times(local, 8.0).at[0]) == "2026-05-01T16:30:00"
    assert parse_times(pa.array([dt.date(2026, 5, 1)]), 8.0).at[0] == np.datetime64("2026-05-01")
