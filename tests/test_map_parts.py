from __future__ import annotations

import pytest
import shapely
from matplotlib.font_manager import FontProperties
from matplotlib.path import Path as Outline

from geo.fonts import map_fonts
from geo.map_parts import fitting_size_pt, outlines, quietest_corners, text_width_pt, wrapped


def test_english_breaks_at_spaces() -> None:
    assert wrapped("one two three four", 5.0) == ["one two", "three", "four"]
    assert wrapped("", 5.0) == []
    assert wrapped("immeasurable", 2.0) == ["immeasurable"]  # a word is never broken


def test_chinese_breaks_anywhere_but_before_a_stop() -> None:
    assert wrapped("模拟数据道路警力", 4.0) == ["模拟数据", "道路警力"]
    assert wrapped("模拟数据，道路警力。", 4.0) == ["模拟数", "据，道路", "警力。"]
    assert wrapped("见 SOURCES.md 说明", 7.0) == ["见", "SOURCES.md", "说明"]


def test_nothing_is_lost_in_wrapping() -> None:
    text = "Modelled: roads, officers（模拟：道路、警力）and population."
    assert "".join(wrapped(text, 9.0)).replace(" ", "") == text.replace(" ", "")


def test_furniture_goes_where_the_county_is_not() -> None:
    triangle = shapely.Polygon([(0, 0), (10, 0), (0, 10)])
    assert quietest_corners(triangle, (0, 0, 10, 10), [(2, 2)]) == ["upper right"]
    nothing = shapely.Polygon()
    assert quietest_corners(nothing, (0, 0, 10, 10), [(2, 2), (1, 1)]) == [
        "lower left",
        "lower right",
    ]


def test_long_title_shrinks_to_its_room() -> None:
    with map_fonts():
        title = "垫江县派出所捆绑方案" * 5
        full = text_width_pt(title, FontProperties(size=17))
        assert full == pytest.approx(50 * 17, rel=0.05)
        size = fitting_size_pt(title, 17, 400)
        assert text_width_pt(title, FontProperties(size=size)) == pytest.approx(400, rel=0.02)
        assert fitting_size_pt("短", 17, 400) == 17
        assert fitting_size_pt("", 17, 400) == 17


def test_holes_stay_holes() -> None:
    # Both rings of this polygon turn the same way, as some programs write them.
    shell, hole = ([(a, a), (b, a), (b, b), (a, b)] for a, b in ((0, 4), (1, 2)))
    ring = shapely.Polygon(shell, [hole])
    assert ring.exterior.is_ccw == ring.interiors[0].is_ccw
    path = outlines([ring, shapely.box(10, 10, 11, 11)])
    assert (path.codes == Outline.MOVETO).sum() == 3
    assert (path.codes == Outline.CLOSEPOLY).sum() == 3
    assert path.contains_point((3, 3))
    assert path.contains_point((10.5, 10.5))
    # Outer rings and holes turn opposite ways, so that every renderer leaves the hole empty.
    areas = [shapely.Polygon(p).exterior.is_ccw for p in path.to_polygons()]
    assert areas.count(True) != areas.count(False)
    assert areas[0] != areas[1]
