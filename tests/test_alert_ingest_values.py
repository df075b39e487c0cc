"""Coordinates and other values of a batch, and names that stand for places."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from geo.alert_ingest_names import gazetteer, spread
from geo.alert_ingest_values import by_value, coordinates, from_degrees
from geo.columns import Column
from geo.values import parse

LON = Column(name="lon", kind="lon")


@pytest.mark.parametrize(
    ("text", "degrees"),
    [
        ("106°15'30\"", 106 + 15 / 60 + 30 / 3600),
        ("106°15′30.6″E", 106 + 15 / 60 + 30.6 / 3600),
        ("东经106度15分30秒", 106 + 15 / 60 + 30 / 3600),
        ("106 15 30", 106 + 15 / 60 + 30 / 3600),
        ("１０６°１５′", 106.25),
        ("107°27'60.00\"E", 107 + 28 / 60),
        ("30°15'S", -30.25),
        ("-30°15'", -30.25),
    ],
)
def test_degrees_minutes_seconds(text: str, degrees: float) -> None:
    assert from_degrees(text) == pytest.approx(degrees, abs=1e-12)


@pytest.mark.parametrize("text", ["106°60'", "106°15'60\"", "106", "x", "106.5", ""])
def test_no_degrees(text: str) -> None:
    assert np.isnan(from_degrees(text))


def test_a_column_of_all_sorts() -> None:
    said = ["107.3", "", "107°18'", "１０７．３", "?", None]
    found = coordinates(LON, pa.array(said, pa.string()))
    values = np.asarray(found.values, float)
    assert values[[0, 2, 3]] == pytest.approx([107.3] * 3)
    assert found.blank.tolist() == [False, True, False, False, False, True]
    assert [f.at.tolist() for f in found.faults] == [[4]]
    assert found.faults[0].values == ["?"]


def test_plain_numbers_are_read_at_once() -> None:
    found = coordinates(LON, pa.array(["107.3 ", "", "1e2"]))
    assert np.asarray(found.values).tolist()[::2] == [107.3, 100.0]
    assert found.blank.tolist() == [False, True, False]
    assert coordinates(LON, pa.array([107.5, None])).blank.tolist() == [False, True]


@settings(max_examples=50, deadline=None)
@given(st.lists(st.sampled_from(["1", "２", " 3", "x", "", "-", "2.5"]), max_size=12))
def test_by_value_says_what_row_by_row_says(texts: list[str]) -> None:
    column = Column(name="priority", kind="count", minimum=1)
    raw = np.empty(len(texts), dtype=object)
    raw[:] = texts
    plain, found = parse(column, raw), by_value(column, pa.array(texts, pa.string()))
    assert np.asarray(found.values, float).tolist() == pytest.approx(
        np.asarray(plain.values, float).tolist(), nan_ok=True
    )
    assert found.blank.tolist() == plain.blank.tolist()
    assert [(f.at.tolist(), f.expected) for f in found.faults] == [
        (f.at.tolist(), f.expected) for f in plain.faults
    ]


NAMES = gazetteer(
    [(0, "新民村委会"), (1, "东街社区居委会"), (2, "新民村委会"), (3, "新民新村")],
    [(0, "甲镇"), (1, "甲镇"), (2, "乙镇"), (3, "乙镇")],
    [(0, "甲派出所"), (1, "甲派出所"), (2, "乙派出所"), (3, "乙派出所")],
)


@pytest.mark.parametrize(
    ("words", "cell", "area"),
    [
        (("", "东街社区"), 1, None),
        (("", "东街社区居委会3号"), 1, None),
        (("甲镇", "新民村"), 0, None),
        (("乙镇", "", "新民村5组"), 2, None),
        (("", "", "某县乙镇新民村5组"), 2, None),
        (("", "新民新村"), 3, None),
        (("", "新民村"), -1, None),  # two villages bear the name
        (("甲镇", "某处"), -1, "甲镇"),
        (("", "乙派出所门口"), -1, "乙派出所"),
        (("丙镇", ""), -1, None),
    ],
)
def test_names(words: tuple[str, ...], cell: int, area: str | None) -> None:
    found = NAMES.find(*words)
    assert found[0] == cell
    assert found[1] == (-1 if area is None else NAMES.area[area])


def test_spread_follows_the_category_then_all_then_residents() -> None:
    areas = (np.array([0, 1]), np.array([2, 3]), np.array([4, 5]))
    counts = np.zeros((6, 2))
    counts[0, 0], counts[1, 0] = 30, 10
    counts[2, 1], counts[3, 1] = 0, 12
    population = np.array([1.0, 1.0, 1.0, 1.0, 300.0, 100.0])
    area = np.repeat([0, 1, 2], 400)
    category = np.zeros(1200, np.int64)
    cell = spread(area, category, areas, counts, population)
    share = np.bincount(cell, minlength=6) / 400
    # Of its category; of all its alerts, since none are of this one; of its residents.
    assert share == pytest.approx([0.75, 0.25, 0.0, 1.0, 0.75, 0.25], abs=0.01)
    # Any stretch has about these shares.
    assert np.bincount(cell[100:140], minlength=2)[0] == pytest.approx(30, abs=2)


def test_spread_is_even_where_nothing_is_known() -> None:
    cell = spread(
        np.zeros(10, np.int64), np.zeros(10, np.int64), (np.array([3, 7]),), np.zeros((8, 1)),
        np.zeros(8),
    )  # fmt: skip
    assert sorted(np.bincount(cell)[[3, 7]].tolist()) == [5, 5]
