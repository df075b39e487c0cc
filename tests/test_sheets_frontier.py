from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from matplotlib.axes import Axes
from pypdf import PdfReader

from geo.maps import write_map
from geo.sheets_frontier import FrontierPoint, frontier_sheet, mark_dominated, step_line
from tests.test_maps import axes, legend_of, scene_of, texts


def point(freed: float, response_min: float, label: str = "", **more: Any) -> FrontierPoint:
    name = label or f"{freed:g}/{response_min:g}"
    return FrontierPoint(label=name, officers_freed=freed, mean_response_min=response_min, **more)


POINTS = mark_dominated(
    (
        point(0, 10, "Now", is_today=True),
        point(20, 11, "Low"),
        point(15, 11.5, "Worse"),
        point(40, 12, "Chosen", is_chosen=True),
        point(70, 15, "Printed", is_published=True),
    )
)


def offsets(ax: Axes) -> list[tuple[float, float]]:
    return sorted(
        (float(x), float(y)) for c in ax.collections for x, y in np.asarray(c.get_offsets())
    )


def test_points_stand_at_officers_freed_and_extra_minutes() -> None:
    ax = axes(frontier_sheet(scene_of(), POINTS), "frontier")
    assert offsets(ax) == [(0, 0), (15, 1.5), (20, 1), (40, 2), (70, 5)]
    assert {"Now", "Low", "Worse", "Chosen", "Printed"} <= set(texts(ax))
    assert "Plans compared: 4 · Not bettered: 3" in texts(ax)
    assert ax.get_ylabel() == "Extra response minutes, mean over all alerts, against today"
    without = axes(frontier_sheet(scene_of(), POINTS[1:]), "frontier")
    assert offsets(without)[1] == (20, 0)  # counted from the lowest
    assert without.get_ylabel() == "Extra response minutes, mean over all alerts"


def test_axes_begin_at_0() -> None:
    for points in (POINTS, POINTS[1:], POINTS[:1]):
        ax = axes(frontier_sheet(scene_of(), points), "frontier")
        for low, high in (ax.get_xlim(), ax.get_ylim()):
            assert -0.04 * high < low < 0
    gain = (*POINTS, point(10, 9.5, "Faster"))
    assert axes(frontier_sheet(scene_of(), gain), "frontier").get_ylim()[0] < -0.5


def test_legend_names_the_kinds_that_are_there() -> None:
    assert legend_of(frontier_sheet(scene_of(), POINTS)) == [
        "Today", "This plan", "Best plan under the published counts", "Plan",
        "Another plan is better", "Best found",
    ]  # fmt: skip
    assert legend_of(frontier_sheet(scene_of(), POINTS[:1])) == ["Today"]


def test_step_line_keeps_a_level_until_the_next_point() -> None:
    line = step_line(POINTS, 10.0)
    assert line.tolist() == [[0, 0], [0, 1], [20, 1], [20, 2], [40, 2], [40, 5], [70, 5]]


@given(
    st.lists(
        st.tuples(st.integers(0, 5), st.integers(0, 5)).map(lambda p: point(p[0], p[1])), max_size=8
    )
)
def test_dominated_points_have_a_better_one_and_the_others_none(
    points: list[FrontierPoint],
) -> None:
    marked = mark_dominated(points)
    for one in marked:
        better = [
            o
            for o in marked
            if o.officers_freed >= one.officers_freed
            and o.mean_response_min <= one.mean_response_min
            and (
                o.officers_freed > one.officers_freed or o.mean_response_min < one.mean_response_min
            )
        ]
        assert one.dominated == bool(better)
    line = step_line(marked, 0.0)
    assert (np.diff(line, axis=0) >= 0).all()


def test_names_without_room_are_counted_the_marked_ones_last() -> None:
    crowd = [point(0, 10, "Now", is_today=True)]
    crowd += [point(50, 11, f"A plan with quite a long name {i}") for i in range(60)]
    figure = frontier_sheet(scene_of(), crowd)
    (note,) = (t.get_text() for t in figure.texts if "Names left out" in t.get_text())
    hidden = int(note.rsplit(": ", 1)[1])
    shown = [t for t in axes(figure, "frontier").texts if "quite" in t.get_text()]
    assert 0 < hidden == 60 - len(shown)
    assert "Now" in texts(axes(figure, "frontier"))


def test_one_point_and_equal_points_draw() -> None:
    assert frontier_sheet(scene_of(), [point(0, 10)]).axes
    assert frontier_sheet(scene_of(), [point(5, 10), point(5, 10)]).axes
    with pytest.raises(ValueError, match="at least one"):
        frontier_sheet(scene_of(), [])


def test_page_carries_provenance_and_selectable_text(tmp_path: Path) -> None:
    figure = frontier_sheet(scene_of(translate=lambda t: f"⟦{t}⟧"), POINTS)
    shown = [t for t in texts(figure) if "⟦" not in t and not t.replace(".", "").isdigit()]
    labels = {p.label for p in POINTS}
    assert set(shown) - labels - {" "} <= {"垫江县：现状与方案", "模拟：道路、警力", "Data: test"}
    assert "模拟：道路、警力" in shown
    one, two = (
        write_map(frontier_sheet(scene_of(), POINTS), tmp_path / n, ("pdf",))[0] for n in "ab"
    )
    assert one.read_bytes() == two.read_bytes()
    text = PdfReader(one).pages[0].extract_text()
    assert "Officers freed" in text
    assert "Printed" in text
