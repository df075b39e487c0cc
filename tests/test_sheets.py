from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
import pytest
import shapely
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import to_hex
from matplotlib.figure import Figure
from matplotlib.text import Text
from matplotlib_scalebar.scalebar import ScaleBar
from pypdf import PdfReader

from geo.fonts import map_fonts
from geo.map_legend import Key, arranged
from geo.map_names import map_names
from geo.maps import MapScene, ground_for, write_map
from geo.sheets import difference_sheet, plan_sheet, today_sheet
from geo.sheets_response import (
    CHANGE_FILLS,
    MINUTE_FILLS,
    UNREACHABLE_FILL,
    cell_minutes,
    change_classes,
    minute_classes,
    response_sheet,
)
from optimizer.plan import current_plan
from tests.places import plan_of
from tests.test_maps import axes, fill_colours, legend_of, scene_of, texts
from tests.toy import toy_county

NAMES = {"桂溪", "新民", "沙坪", "周嘉", "普顺", "永安"}
SHEETS = {
    "today": today_sheet,
    "plan": plan_sheet,
    "difference": difference_sheet,
    "response": lambda scene: response_sheet(scene, 2.0),
}


def headings(figure: Figure) -> list[str]:
    """Signless entries of the legend."""
    words = {t.get_text().strip() for t in axes(figure, "legend").findobj(Text)}
    return sorted(words - set(legend_of(figure)) - {"", "Legend"})


def zorder_paths(ax: Axes, zorder: float) -> list[Any]:
    return [p for p in ax.findobj(mpl.patches.PathPatch) if p.zorder == zorder]


def overlapping(figure: Figure, artists: Sequence[Artist]) -> list[tuple[int, int]]:
    """Pairs of artists whose boxes overlap, as they are drawn."""
    with map_fonts():
        canvas: Any = FigureCanvasAgg(figure)
        boxes = [a.get_window_extent(canvas.get_renderer()) for a in artists]
    return [(i, j) for j in range(len(boxes)) for i in range(j) if boxes[i].overlaps(boxes[j])]


@pytest.mark.parametrize("name", sorted(SHEETS))
def test_every_sheet_has_what_a_map_needs(name: str) -> None:
    figure = SHEETS[name](scene_of())
    panels = [ax for ax in figure.axes if ax.get_label() != "legend"]
    for ax in panels:
        assert set(texts(ax)) >= NAMES
    assert len(figure.findobj(ScaleBar)) == 1
    assert "N" in texts(panels[0])
    shown = [t.get_text() for t in figure.texts]
    for line in ("垫江县：现状与方案", "模拟：道路、警力", "Data: test"):
        assert line in shown


def test_a_single_map_turns_the_sheet_where_the_county_is_tall() -> None:
    tall = scene_of(toy_county(n_stations=6, grid_width=1), {})
    flat = scene_of(toy_county(n_stations=6, grid_width=6), {})
    sizes = [tuple(today_sheet(s).get_size_inches()) for s in (tall, flat)]
    assert sizes == [(8.27, 11.69), (11.69, 8.27)]
    assert tuple(today_sheet(replace(tall, paper="a3")).get_size_inches()) == (11.69, 16.54)


def test_today_shows_no_trace_of_the_plan() -> None:
    figure = today_sheet(scene_of())
    assert legend_of(figure) == ["Town station", "Rural station", "Traffic squad", "Jurisdiction"]
    assert len(fill_colours(axes(figure, "today"))) == 6
    assert "Town stations: 1 · Rural stations: 5 · Traffic squads: 2" in texts(figure)


def test_plan_legend_leaves_out_what_the_plan_ends() -> None:
    scene = scene_of()
    figure = plan_sheet(scene)
    assert "Traffic squad" not in legend_of(figure)
    assert legend_of(figure)[-3:] == ["Jurisdiction", "Bundle", "Border inside a bundle"]
    every = {"s02": ["s01", "s02", "s03"], "s05": ["s04", "s05", "s06"]}
    all_bundled = plan_sheet(replace(scene, plan=plan_of(scene.county, every)))
    assert "Jurisdiction" not in legend_of(all_bundled)
    assert "Rural station" not in legend_of(all_bundled)
    assert "Traffic squad" in legend_of(all_bundled)


def test_sheets_of_today_and_of_the_plan_wear_the_same_colours() -> None:
    scene = scene_of()
    today = fill_colours(axes(today_sheet(scene), "today"))
    plan = fill_colours(axes(plan_sheet(scene), "plan"))
    assert (plan[0], plan[2]) == (today[0], today[3])  # the two stations that stay
    county = scene.county
    assert county.station_adjacency is not None
    for i, j in county.station_adjacency.tolist():
        assert today[i] != today[j]
    assert len(set(plan)) == 4


def test_exactly_the_cells_that_change_are_hatched() -> None:
    scene = scene_of()
    ground = ground_for(scene)
    (hatching,) = zorder_paths(axes(difference_sheet(scene, ground), "difference"), 2.5)
    ends = hatching.get_path().vertices.reshape(-1, 2, 2)
    lines = shapely.union_all(shapely.linestrings(ends))
    assert ground.cells is not None
    station = scene.county.cells.station
    row = scene.county.stations.index()
    gone = {row["s02"], row["s06"]}
    for k, cell in enumerate(ground.cells):
        length = lines.intersection(cell.buffer(-20.0)).length
        assert (length > 0) == (int(station[k]) in gone), k
    figure = difference_sheet(scene, ground)
    assert "Demand cells that change: 6 of 18 · 33% of alerts · 33% of residents" in texts(figure)
    assert "Responsible station changes" in legend_of(figure)
    assert "Responsible station stays" in legend_of(figure)


def test_nothing_changes_and_nothing_is_hatched() -> None:
    scene = scene_of(groups={})
    figure = difference_sheet(scene)
    assert not zorder_paths(axes(figure, "difference"), 2.5)
    assert "Responsible station changes" not in legend_of(figure)
    every = scene_of(groups={"s01": [f"s0{i}" for i in range(1, 7)]})
    assert "Responsible station stays" in legend_of(difference_sheet(every))


def test_cells_known_as_points_carry_a_cross_where_they_change() -> None:
    ax = axes(difference_sheet(scene_of(cell_geometry=None)), "difference")
    (crosses,) = (c for c in ax.collections if c.zorder == 2.5)
    assert len(np.asarray(crosses.get_offsets())) == 6
    assert not zorder_paths(ax, 2.5)


def test_classes_of_minutes_hold_their_upper_ends() -> None:
    minutes = np.array([0.0, 5.0, 5.01, 10.0, 15.0, 20.0, 30.0, 30.01, np.inf])
    assert minute_classes(minutes).tolist() == [0, 0, 1, 1, 2, 3, 4, 5, -1]


def test_classes_of_change_are_the_same_on_both_sides_of_zero() -> None:
    change = np.array([0.0, 0.5, 1.0, 1.01, 5.0, 5.01, 10.0, 10.01])
    assert change_classes(change).tolist() == [3, 3, 3, 4, 4, 5, 5, 6]
    assert change_classes(-change).tolist() == [3, 3, 3, 2, 2, 1, 1, 0]
    assert change_classes(np.array([np.inf])).tolist() == [-1]
    assert len(MINUTE_FILLS) == 6
    assert len(CHANGE_FILLS) == 7
    assert len({*MINUTE_FILLS, *CHANGE_FILLS, UNREACHABLE_FILL}) == 14


def test_sequential_scale_grows_darker_and_the_change_is_lightest_at_zero() -> None:
    def luminance(colour: str) -> float:
        return float(np.dot(mpl.colors.to_rgb(colour), (0.2126, 0.7152, 0.0722)))

    steps = [luminance(c) for c in MINUTE_FILLS]
    assert steps == sorted(steps, reverse=True)
    half = [luminance(c) for c in CHANGE_FILLS]
    assert half[:4] == sorted(half[:4])
    assert half[3:] == sorted(half[3:], reverse=True)


def test_minutes_are_turnout_and_the_way_of_the_responsible_station() -> None:
    scene = scene_of()
    minutes = cell_minutes(scene, ground_for(scene), 2.0)
    travel = scene.county.travel_time_min
    row = scene.county.stations.index()
    for k, s in enumerate(scene.county.cells.station.tolist()):
        centre = {row["s02"]: row["s03"], row["s06"]: row["s05"]}.get(s, s)
        assert minutes.today_min[k] == 2.0 + travel[s, k]
        assert minutes.plan_min[k] == 2.0 + travel[centre, k]


def test_response_panels_show_the_classes_that_the_legend_names() -> None:
    scene = scene_of()
    figure = response_sheet(scene, 2.0)
    minutes = cell_minutes(scene, ground_for(scene), 2.0)
    drawn = {name: set(fill_colours(axes(figure, name))) for name in ("today", "plan", "change")}
    for name, values in (("today", minutes.today_min), ("plan", minutes.plan_min)):
        assert drawn[name] == {MINUTE_FILLS[k].lower() for k in minute_classes(values)}
    assert drawn["change"] == {
        CHANGE_FILLS[k].lower() for k in change_classes(minutes.change_min).tolist()
    }
    legend = axes(figure, "legend").get_legend()
    assert legend is not None
    patches = {to_hex(p.get_facecolor()) for p in legend.findobj(mpl.patches.Rectangle)} - {
        "#ffffff"
    }
    assert drawn["today"] | drawn["plan"] | drawn["change"] <= patches | {"#ffffff"}
    assert headings(figure) == ["Change", "Response"]
    assert "up to 5 min" in legend_of(figure)
    assert "within 1 min of today" in legend_of(figure)
    assert "over 10 min faster" not in legend_of(figure)
    today, plan, change = (axes(figure, n) for n in ("today", "plan", "change"))
    assert today.get_xlim() == plan.get_xlim() == change.get_xlim()


def unreachable_scene(**more: Any) -> MapScene:
    scene = scene_of()
    travel = np.array(scene.county.travel_time_min)
    row = scene.county.stations.index()
    lost = scene.county.cells.station == row["s06"]
    travel[row["s05"], lost] = np.inf
    return replace(scene, county=replace(scene.county, travel_time_min=travel), **more)


def test_cells_that_no_road_reaches_are_said_and_hatched() -> None:
    figure = response_sheet(unreachable_scene(), 2.0)
    assert "Not reachable by road" in legend_of(figure)
    for name, hatched in (("today", False), ("plan", True), ("change", True)):
        ax = axes(figure, name)
        assert (UNREACHABLE_FILL.lower() in fill_colours(ax)) == hatched
        assert bool(zorder_paths(ax, 1.5)) == hatched
    assert not any("inf" in t or "nan" in t for t in texts(figure))
    assert "Not reachable by road" not in legend_of(response_sheet(scene_of(), 2.0))
    points = response_sheet(unreachable_scene(cell_geometry=None), 2.0)
    crosses = [c for c in axes(points, "plan").collections if c.zorder == 1.1]
    assert [len(np.asarray(c.get_offsets())) for c in crosses] == [3]
    assert not any("hulls" in t.get_text() for t in points.texts)


@pytest.mark.parametrize("name", sorted(SHEETS))
def test_placed_names_do_not_overlap(name: str) -> None:
    figure = SHEETS[name](scene_of())
    named = map_names(scene_of().county)
    for ax in figure.axes:
        assert not overlapping(figure, [t for t in ax.texts if t.get_text() in named])


@pytest.mark.parametrize("name", sorted(SHEETS))
def test_odd_counties_draw(name: str) -> None:
    one = toy_county(n_stations=1, cells_per_station=1)
    for geometry in (np.array([shapely.box(107.2, 30.2, 107.4, 30.4)], dtype=object), None):
        assert SHEETS[name](scene_of(one, {}, cell_geometry=geometry)).axes
    bare = toy_county(n_stations=3, n_squads=0)
    assert "Traffic squad" not in legend_of(SHEETS[name](scene_of(bare, {})))


def test_names_of_a_crowd_are_thinned_and_counted() -> None:
    n = 120
    county = toy_county(
        n_stations=n, grid_width=20, cells_per_station=1,
        stations={"name": tuple(f"A rather long name of station {i}" for i in range(n))},
    )  # fmt: skip
    scene = scene_of(county, plan=current_plan(county), cell_geometry=None)
    figure = today_sheet(scene)
    (note,) = (t.get_text() for t in figure.texts if "Names left out" in t.get_text())
    hidden = int(note.rsplit(": ", 1)[1])
    shown = [t for t in axes(figure, "today").texts if t.get_text() in map_names(county)]
    assert 0 < hidden == n - len(shown)


@pytest.mark.parametrize("name", sorted(SHEETS))
def test_words_go_through_the_translator(name: str) -> None:
    scene = scene_of(translate=lambda text: f"⟦{text}⟧")
    given = {"垫江县：现状与方案", "模拟：道路、警力", "Data: test", *NAMES}
    said = [t for t in texts(SHEETS[name](scene)) if t.strip()]
    assert not [t for t in said if "⟦" not in t and t not in given]


def test_pdf_text_can_be_selected_and_the_same_sheet_is_the_same_bytes(tmp_path: Path) -> None:
    written = [
        write_map(difference_sheet(scene_of()), tmp_path / run, ("svg", "pdf"))
        for run in ("one", "two")
    ]
    for one, two in zip(*written, strict=True):
        assert one.read_bytes() == two.read_bytes()
    text = PdfReader(written[0][1]).pages[0].extract_text()
    for word in ("桂溪", "永安", "Responsible station changes", "模拟：道路、警力"):
        assert word in text


def test_legend_columns_are_even_and_keep_headings_above_their_entries() -> None:
    keys = [Key(label=str(i)) for i in range(4)]
    keys += [Key(label="A", is_heading=True), *(Key(label=f"a{i}") for i in range(5))]
    keys += [Key(label="B", is_heading=True), Key(label="b0")]
    columns = arranged(keys, 5)
    assert len(columns) <= 5
    assert len({len(c) for c in columns}) == 1
    found = [[k.label for k in c if k.label] for c in columns]
    assert found == [["0", "1", "2", "3"], ["A", "a0", "a1", "a2"], ["a3", "a4"], ["B", "b0"]]
    assert arranged(keys, 1) == [keys]
    assert arranged(keys, 2) == [keys[:6], keys[6:]]
    assert [[k.label for k in c] for c in arranged(keys[:4], 4)] == [["0"], ["1"], ["2"], ["3"]]
