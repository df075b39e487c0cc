"""Polsby-Popper and Reock of shapes worked by hand."""

from __future__ import annotations

import numpy as np
import pytest
import shapely
import shapely.affinity
from hypothesis import given
from hypothesis import strategies as st

from geo.compactness import polsby_popper, reock
from geo.plane import as_geometry

SQUARE = shapely.box(0, 0, 2, 2)
STRIP = shapely.box(0, 0, 3, 1)
DISC = shapely.Point(5, 5).buffer(10, quad_segs=256)
FRAME = shapely.box(0, 0, 4, 4) - shapely.box(1, 1, 3, 3)


def test_known_shapes() -> None:
    shapes = as_geometry([SQUARE, STRIP, DISC, FRAME])
    # Square: 4 pi 4 / 8². Strip: 4 pi 3 / 8². Frame of area 12, rims 16 + 8.
    by_hand = [np.pi / 4, 4 * np.pi * 3 / 64, 1.0, 4 * np.pi * 12 / 24**2]
    assert polsby_popper(shapes) == pytest.approx(by_hand, rel=1e-3)
    # The disc round a square of side 2 has radius sqrt(2); round the strip sqrt(10) / 2.
    by_hand = [2 / np.pi, 3 / (np.pi * 2.5), 1.0, 12 / (np.pi * 8)]
    assert reock(shapes) == pytest.approx(by_hand, rel=1e-3)


def test_what_has_no_area_is_not_a_number() -> None:
    shapes = as_geometry([None, shapely.Point(1, 1), shapely.LineString([(0, 0), (1, 1)])])
    assert np.isnan(polsby_popper(shapes)).all()
    assert np.isnan(reock(shapes)).all()


def test_two_far_pieces_are_less_compact_than_one() -> None:
    apart = shapely.MultiPolygon([shapely.box(0, 0, 1, 1), shapely.box(9, 9, 10, 10)])
    both = as_geometry([shapely.box(0, 0, 2, 1), apart])
    assert polsby_popper(both)[1] < polsby_popper(both)[0]
    assert reock(both)[1] < reock(both)[0]


@given(
    st.lists(st.tuples(st.floats(-50, 50), st.floats(-50, 50)), min_size=3, max_size=9),
    st.floats(0.1, 20),
    st.floats(0, 360),
)
def test_neither_size_nor_direction_matters(
    points: list[tuple[float, float]], times: float, turn_deg: float
) -> None:
    hull = shapely.MultiPoint(points).convex_hull.buffer(1.0)
    other = shapely.affinity.rotate(shapely.affinity.scale(hull, times, times), turn_deg)
    for measure in (polsby_popper, reock):
        one, two = measure(as_geometry([hull, other]))
        assert one == pytest.approx(two, rel=1e-6)
        assert 0 < one <= 1 + 1e-9
