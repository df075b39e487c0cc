from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from geo.labels import Placed, place_labels

WIDE = (-1000.0, -1000.0, 1000.0, 1000.0)


def place(anchor: Any, size: Any = (20.0, 8.0), **more: Any) -> Placed:
    anchor = np.asarray(anchor, float)
    n = len(anchor)
    fields: dict[str, Any] = {
        "clear": np.full(n, 3.0),
        "symbols": np.column_stack([anchor - 2.5, anchor + 2.5]),
        "lines": np.zeros((0, 4)),
        "bounds": WIDE,
    }
    return place_labels(anchor, np.broadcast_to(size, (n, 2)), **{**fields, **more})


def overlap(a: Any, b: Any) -> bool:
    return bool(a[0] < b[2] and b[0] < a[2] and a[1] < b[3] and b[1] < a[3])


def test_a_lone_name_stands_east_of_its_symbol() -> None:
    found = place([(0, 0)])
    assert found.box[0].tolist() == pytest.approx([3, -4, 23, 4])
    assert found.gap.tolist() == [0]
    assert found.shown.tolist() == [True]


def test_no_names_no_places() -> None:
    assert place(np.zeros((0, 2))).box.shape == (0, 4)


def test_name_avoids_a_symbol_the_edge_and_a_line() -> None:
    west = (-23, -4, -3, 4)
    assert place([(0, 0), (13, 0)], symbols=np.array([[10.0, -2.5, 16.0, 2.5]])).box[0] == (
        pytest.approx(west)
    )
    assert place([(0, 0)], bounds=(-1000, -1000, 10, 1000)).box[0] == pytest.approx(west)
    assert place([(0, 0)], lines=np.array([[10.0, -50.0, 10.0, 50.0]])).box[0] == (
        pytest.approx(west)
    )
    level = place([(0, 0)], lines=np.array([[0.0, 0.0, 50.0, 0.0]]))
    assert level.box[0] == pytest.approx(west)


def test_name_stays_in_its_own_area_where_that_costs_little() -> None:
    home = np.array([shapely.box(-40, -40, 15, 40)], dtype=object)
    assert place([(0, 0)], homes=home).box[0, 2] <= 15
    nowhere = np.array([None], dtype=object)
    assert place([(0, 0)], homes=nowhere).box[0] == pytest.approx([3, -4, 23, 4])


def test_two_names_make_room_for_one_another() -> None:
    found = place([(0, 0), (14, 0)])
    assert found.shown.all()
    assert not overlap(*found.box)


def test_crowd_keeps_the_important_names() -> None:
    anchor = np.zeros((60, 2)) + np.arange(60)[:, None] * 0.1
    rank = list(range(60))[::-1]
    found = place(anchor, bounds=(-60, -60, 60, 60), rank=rank, symbols=np.zeros((0, 4)))
    assert found.shown[-1]
    assert 0 < found.shown.sum() < 60


@settings(deadline=None, max_examples=25)
@given(
    st.lists(
        st.tuples(st.floats(-150, 150), st.floats(-150, 150)), min_size=1, max_size=25, unique=True
    ),
    st.floats(5, 60),
)
def test_shown_names_never_collide(anchor: list[tuple[float, float]], width: float) -> None:
    found = place(anchor, size=(width, 8.0), bounds=(-200, -200, 200, 200))
    again = place(anchor, size=(width, 8.0), bounds=(-200, -200, 200, 200))
    assert found.box.tolist() == again.box.tolist()
    shown = found.box[found.shown]
    assert not any(overlap(a, b) for a, b in itertools.combinations(shown, 2))
    for x, y in anchor:
        symbol = (x - 2.5, y - 2.5, x + 2.5, y + 2.5)
        assert not any(overlap(box, symbol) for box in shown)
    if len(shown):
        assert shown[:, :2].min() >= -200
        assert shown[:, 2:].max() <= 200
