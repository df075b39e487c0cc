from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import geopandas as gpd
import matplotlib as mpl
import numpy as np
import pytest
import shapely
from matplotlib.axes import Axes
from matplotlib.collections import PathCollection
from matplotlib.colors import to_hex
from matplotlib.figure import Figure
from matplotlib.legend import Legend
from matplotlib.text import Text
from matplotlib_scalebar.scalebar import ScaleBar
from pypdf import PdfReader

from geo.fonts import map_fonts
from geo.map_ground import ground_of
from geo.map_names import map_names
from geo.maps import MapScene, redistricting_map, write_map
from optimizer.errors import InputError
from optimizer.plan import current_plan
from tests.places import cell_polygons, plan_of
from tests.toy import toy_county

CHINESE = tuple(f"{n}派出所" for n in ("桂溪", "新民", "沙坪", "周嘉", "普顺", "永安"))
GROUPS = {"s03": ["s02", "s03"], "s05": ["s05", "s06"]}


def scene_of(county: Any = None, groups: Any = None, **more: Any) -> MapScene:
    county = county or toy_county(
        n_stations=6, grid_width=3, n_urban=1, n_squads=2, stations={"name": CHINESE}
    )
    fields: dict[str, Any] = {
        "county": county,
        "plan": plan_of(county, GROUPS if groups is None else groups, dissolve=True),
        "cell_geometry": cell_polygons(county),
        "title": "垫江县：现状与方案",
        "provenance_line": "模拟：道路、警力",
        "attribution": "Data: test",
    }
    return MapScene(**{**fields, **more})


def axes(figure: Figure, name: str) -> Axes:
    (found,) = (ax for ax in figure.axes if ax.get_label() == name)
    return found


def texts(artist: Any) -> list[str]:
    return [t.get_text() for t in artist.findobj(Text) if t.get_text()]


def legend_of(figure: Figure) -> list[str]:
    found = axes(figure, "legend").get_legend()
    assert isinstance(found, Legend)
    return [t.get_text() for t in found.get_texts()]


def fill_colours(ax: Axes) -> list[str]:
    (land,) = (c for c in ax.collections if isinstance(c, PathCollection) and c.zorder == 1)
    return [to_hex(c) for c in land.get_facecolor()]


def test_both_panels_name_every_station_at_one_place() -> None:
    scene = scene_of()
    figure = redistricting_map(scene)
    places = []
    for panel in ("today", "plan"):
        ax = axes(figure, panel)
        names = map_names(scene.county)
        found = {t.get_text(): t.get_position() for t in ax.texts if t.get_text() in names}
        assert set(found) == {"桂溪", "新民", "沙坪", "周嘉", "普顺", "永安"}
        places.append(found)
    assert places[0] == places[1]
    today, plan = axes(figure, "today"), axes(figure, "plan")
    colour = [{t.get_text(): t.get_color() for t in ax.texts} for ax in (today, plan)]
    assert colour[0]["新民"] == colour[0]["沙坪"]
    assert colour[1]["新民"] != colour[1]["沙坪"]  # a police office steps behind its centre
    assert today.get_xlim() == plan.get_xlim()
    assert today.get_ylim() == plan.get_ylim()
    assert today.get_position().size.tolist() == pytest.approx(plan.get_position().size.tolist())


def test_headings_count_what_the_map_shows() -> None:
    figure = redistricting_map(scene_of())
    assert "Town stations: 1 · Rural stations: 5 · Traffic squads: 2" in texts(
        axes(figure, "today")
    )
    assert (
        "Centre stations: 2 · Police offices: 2 · Stations that stay: 2 · Duty stations: 3"
        in texts(axes(figure, "plan"))
    )
    shown = [t.get_text() for t in figure.texts]
    for line in ("垫江县：现状与方案", "模拟：道路、警力", "Data: test"):
        assert line in shown


def test_legend_names_what_is_there_and_nothing_else() -> None:
    lines = np.array([shapely.LineString([(107.3, 30.3), (107.4, 30.32)])], dtype=object)
    scene = scene_of(road_lines=lines, road_class_names=("county",))
    assert legend_of(redistricting_map(scene)) == [
        "Town station", "Rural station", "Traffic squad", "Centre station", "Police office",
        "Duty station: manages roads", "Centre to its police office", "Jurisdiction", "Bundle",
        "Border inside a bundle", "Managed road",
    ]  # fmt: skip
    county = toy_county(n_stations=3)
    bare = scene_of(county, {}, road_lines=lines)
    assert legend_of(redistricting_map(bare)) == ["Rural station", "Jurisdiction", "Road"]


def test_modelled_roads_are_called_so() -> None:
    county = toy_county(n_stations=3)
    entry = type(county.provenance[0])(item="roads", origin="modelled")
    county = toy_county(n_stations=3, provenance=(entry,))
    lines = np.array([shapely.LineString([(107.3, 30.3), (107.4, 30.3)])], dtype=object)
    scene = scene_of(county, {}, road_lines=lines, road_class_names=("national",))
    assert "Managed road (modelled)" in legend_of(redistricting_map(scene))


def test_neighbours_wear_different_fills_and_bundles_their_centres() -> None:
    scene = scene_of()
    figure = redistricting_map(scene)
    today = fill_colours(axes(figure, "today"))
    assert scene.county.station_adjacency is not None
    for i, j in scene.county.station_adjacency.tolist():
        assert today[i] != today[j]
    # Four jurisdictions remain: rows 0 (alone), 2 (centre), 3 (alone), 4 (centre).
    plan = fill_colours(axes(figure, "plan"))
    assert len(plan) == 4
    assert len(set(plan)) == 4
    assert (plan[0], plan[2]) == (today[0], today[3])


def test_scale_bar_north_arrow_and_links() -> None:
    figure = redistricting_map(scene_of())
    assert len(figure.findobj(ScaleBar)) == 1
    assert "N" in texts(axes(figure, "today"))
    plan = axes(figure, "plan")
    links = [p for p in plan.findobj(mpl.patches.PathPatch) if p.zorder == 4.5]
    assert [len(p.get_path().vertices) for p in links] == [4, 4]  # two links, casing and line


def test_every_word_of_ours_goes_through_the_translator() -> None:
    figure = redistricting_map(scene_of(translate=lambda text: f"⟦{text}⟧"))
    with map_fonts():
        figure.draw_without_rendering()  # the scale bar writes its text when it is drawn
    own = {"垫江县：现状与方案", "模拟：道路、警力", "Data: test"}
    own |= {"桂溪", "新民", "沙坪", "周嘉", "普顺", "永安"}
    untranslated = [t for t in texts(figure) if "⟦" not in t and t not in own]
    assert [t for t in untranslated if not t.replace(".", "").isdigit()] == []


@pytest.mark.parametrize(("width", "columns"), [(1, 1), (6, 5)])
def test_legend_stands_where_it_leaves_the_county_larger(width: int, columns: int) -> None:
    county = toy_county(n_stations=6, grid_width=width)
    figure = redistricting_map(scene_of(county, {}))
    legend, plan = axes(figure, "legend").get_position(), axes(figure, "plan").get_position()
    assert (legend.x0 > plan.x1) == (columns == 1)
    assert (legend.y1 <= plan.y0) == (columns > 1)
    title = axes(figure, "legend").get_legend()
    assert title is not None
    assert (title.get_title().get_text() == "Legend") == (columns == 1)


@pytest.mark.parametrize(("paper", "inches"), [("a4", (11.69, 8.27)), ("a3", (16.54, 11.69))])
def test_sheet_is_landscape(paper: str, inches: tuple[float, float]) -> None:
    figure = redistricting_map(scene_of(paper=paper))
    assert tuple(figure.get_size_inches()) == inches


def test_points_only_county_says_so() -> None:
    scene = scene_of(cell_geometry=None)
    figure = redistricting_map(scene)
    assert any("known as points only" in t.get_text() for t in figure.texts)
    assert "Border inside a bundle" not in legend_of(figure)
    ground = ground_of(scene.county, scene.plan, None, None, None, None)
    points = shapely.points(ground.cell_m)
    for k, s in enumerate(scene.county.cells.station.tolist()):
        assert ground.today[s].contains(points[k])
        assert ground.plan[ground.centre[s]].contains(points[k])
    with_shapes = redistricting_map(scene_of())
    assert not any("known as points only" in t.get_text() for t in with_shapes.texts)


def test_squad_at_a_stations_seat_does_not_cover_it() -> None:
    figure = redistricting_map(scene_of())
    marks = [c.get_offsets() for c in axes(figure, "today").collections if c.zorder in (5.3, 5.5)]
    everywhere = np.vstack([np.asarray(m) for m in marks])
    assert len(np.unique(everywhere.round(3), axis=0)) == 6 + 2


def test_dissolved_squads_leave_the_plans_panel() -> None:
    for dissolve, squads in ((True, 0), (False, 2)):
        county = scene_of().county
        plan = plan_of(county, GROUPS, dissolve=dissolve)
        ax = axes(redistricting_map(scene_of(plan=plan)), "plan")
        assert sum(len(np.asarray(c.get_offsets())) for c in ax.collections if c.zorder == 5.5) == (
            squads
        )
        assert any("Traffic squads: 2" in t for t in texts(ax)) == (not dissolve)


def test_slit_between_cells_is_not_drawn_as_a_blot() -> None:
    county = toy_county(n_stations=1, cells_per_station=2)
    west = shapely.box(107.20, 30.2, 107.3, 30.4)
    east = shapely.box(107.30002, 30.2, 107.4, 30.4)  # two metres away
    ground = ground_of(
        county, current_plan(county), np.array([west, east], dtype=object), None, None, None
    )
    assert ground.today[0].geom_type == "Polygon"
    assert ground.outline.geom_type == "Polygon"


def test_names_without_room_are_counted() -> None:
    county = toy_county(
        n_stations=40, spacing_km=0.05, cells_per_station=1,
        stations={"name": tuple(f"A very long name of station number {i}" for i in range(40))},
    )  # fmt: skip
    outline = shapely.box(107.0, 30.0, 108.0, 31.0)
    figure = redistricting_map(scene_of(county, {}, cell_geometry=None, outline=outline))
    (note,) = (t.get_text() for t in figure.texts if "Names left out" in t.get_text())
    hidden = int(note.rsplit(": ", 1)[1])
    shown = [t for t in axes(figure, "plan").texts if "very long name" in t.get_text()]
    assert hidden > 0
    assert hidden + len(shown) == 40


def test_shared_ending_is_left_off_only_when_all_share_it() -> None:
    def names(*given: str) -> tuple[str, ...]:
        return map_names(toy_county(n_stations=len(given), stations={"name": given}))

    assert names("甲派出所", "乙派出所") == ("甲", "乙")
    assert names("甲派出所", "乙分局") == ("甲派出所", "乙分局")
    assert names("North Police Station", "East Police Station") == ("North", "East")
    assert names("派出所", "乙派出所") == ("派出所", "乙派出所")
    assert names("a\nb", "c\td") == ("a b", "c d")


def test_station_without_cells_and_one_lonely_station() -> None:
    county = toy_county(n_stations=3, cells_per_station=2)
    moved = toy_county(
        n_stations=3, cells_per_station=2,
        cells={"station": np.where(county.cells.station == 2, 1, county.cells.station)},
    )  # fmt: skip
    figure = redistricting_map(scene_of(moved, {}))
    assert len(fill_colours(axes(figure, "today"))) == 2
    alone = toy_county(n_stations=1, cells_per_station=1)
    for geometry in (np.array([shapely.box(107.2, 30.2, 107.4, 30.4)], dtype=object), None):
        assert redistricting_map(scene_of(alone, {}, cell_geometry=geometry)).axes


def test_roads_are_clipped_and_only_the_managed() -> None:
    county = toy_county(n_stations=3)
    seat = np.column_stack([county.stations.lon_deg, county.stations.lat_deg])
    road = shapely.LineString(seat[:2])
    out = shapely.LineString([seat[0], seat[0] + [2.0, 0.0]])
    lines = np.array([road, out], dtype=object)
    geometry = cell_polygons(county)
    plan = current_plan(county)
    every = ground_of(county, plan, geometry, None, lines, None)
    assert len(every.roads) == 2
    assert not every.roads_managed
    assert all(every.outline.buffer(1.0).contains(r) for r in every.roads)
    some = ground_of(county, plan, geometry, None, lines, ("county", "street"))
    assert len(some.roads) == 1
    assert some.roads_managed
    free = ground_of(county, plan, None, None, lines, None)
    assert max(r.length for r in free.roads) > 100_000


def test_townships_are_drawn_where_they_are_not_jurisdictions() -> None:
    county = toy_county(n_stations=2, cells_per_station=4)
    geometry, plan = cell_polygons(county), current_plan(county)
    assert ground_of(county, plan, geometry, None, None, None).townships is None
    split = toy_county(
        n_stations=2, cells_per_station=4, cells={"township": ("a", "b", "c", "d") * 2}
    )
    found = ground_of(split, plan, geometry, None, None, None).townships
    assert found is not None
    assert len(found) == 4


def test_single_cells_are_drawn_only_where_they_can_be_told_apart(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def cell_borders() -> int:
        ax = axes(redistricting_map(scene_of()), "today")
        return sum(p.zorder == 2 for p in ax.findobj(mpl.patches.PathPatch))

    assert cell_borders() == 1
    monkeypatch.setattr("geo.maps.MANY_CELLS", 5)
    assert cell_borders() == 0


def test_same_scene_same_bytes(tmp_path: Path) -> None:
    for run in ("one", "two"):
        written = write_map(redistricting_map(scene_of()), tmp_path / run)
        assert [p.suffix for p in written] == [".png", ".svg", ".pdf"]
    for suffix in (".png", ".svg", ".pdf"):
        one, two = ((tmp_path / f"{run}{suffix}").read_bytes() for run in ("one", "two"))
        assert one == two, suffix
    assert sorted(p.name for p in tmp_path.iterdir()) == sorted(
        f"{run}.{s}" for run in ("one", "two") for s in ("png", "svg", "pdf")
    )


def test_pdf_holds_searchable_chinese_and_its_fonts(tmp_path: Path) -> None:
    (path,) = write_map(redistricting_map(scene_of()), tmp_path / "map", ("pdf",))
    reader = PdfReader(path)
    (page,) = reader.pages
    text = page.extract_text()
    for word in ("桂溪", "永安", "垫江县：现状与方案", "模拟：道路、警力", "Centre stations: 2"):
        assert word in text
    width, height = float(page.mediabox.width), float(page.mediabox.height)
    assert (width, height) == pytest.approx((11.69 * 72, 8.27 * 72), abs=0.5)
    resources: Any = page["/Resources"]
    fonts = [f.get_object() for f in resources["/Font"].values()]
    assert fonts
    for font in fonts:
        # Type 3 carries its own outlines and, for searching, Unicode.
        assert font["/Subtype"] == "/Type3"
        assert font["/CharProcs"]
        assert "/ToUnicode" in font
    assert reader.metadata is not None
    assert reader.metadata.title == "垫江县：现状与方案"
    assert reader.metadata.creation_date is None


def test_svg_needs_no_font_and_fetches_nothing(tmp_path: Path) -> None:
    (path,) = write_map(redistricting_map(scene_of()), tmp_path / "map", ("svg",))
    tags = []
    for element in ElementTree.parse(path).iter():
        tags.append(element.tag.rsplit("}", 1)[-1])
        for key, value in element.attrib.items():
            if key.endswith("href"):
                assert value.startswith("#")
    assert "text" not in tags
    assert "image" not in tags
    assert "script" not in tags


NASTY = (
    "<script>alert(1)</script>", '=HYPERLINK("x")', "$\\frac{1}{$", "a--b\n&amp;", "\x00\u202e", "",
)  # fmt: skip


def test_nasty_names_are_only_text(tmp_path: Path) -> None:
    county = toy_county(n_stations=6, grid_width=3, stations={"name": NASTY})
    scene = scene_of(county, {}, title="<script>$x$</script>--\n=1", attribution="$a$ <b>")
    figure = redistricting_map(scene)
    shown = texts(axes(figure, "plan"))
    for name in ("<script>alert(1)</script>", '=HYPERLINK("x")', "$\\frac{1}{$", "a--b &amp;"):
        assert name in shown
    svg, pdf = write_map(figure, tmp_path / "map", ("svg", "pdf"))
    assert "<script" not in svg.read_text(encoding="utf-8")
    ElementTree.parse(svg)
    assert "$\\frac{1}{$" in PdfReader(pdf).pages[0].extract_text()


def test_no_state_outside_the_figure(tmp_path: Path) -> None:
    before = dict(mpl.rcParams)
    write_map(redistricting_map(scene_of()), tmp_path / "map", ("png",))
    assert dict(mpl.rcParams) == before
    for source in (Path(__file__).parent.parent / "geo").glob("*.py"):
        code = source.read_text("utf-8")
        assert "import pyplot" not in code
        assert "matplotlib.pyplot" not in code


def test_unwritable_place_is_an_input_error(tmp_path: Path) -> None:
    with pytest.raises(InputError):
        write_map(redistricting_map(scene_of()), tmp_path / "absent" / "map", ("png",))


@pytest.mark.parametrize("sheet", ["dianjiang", "jiangyou"])
def test_real_county_names_all_fit(shared: Path, sheet: str) -> None:
    table = gpd.read_file(shared / sheet / "townships_thiessen_APPROX.geojson")
    n = len(table)
    names = tuple(str(v) + "派出所" for v in table["name"])
    county = toy_county(
        n_stations=n, cells_per_station=1,
        stations={"name": names, "lon_deg": table.lon, "lat_deg": table.lat},
        cells={"lon_deg": table.lon, "lat_deg": table.lat},
    )  # fmt: skip
    geometry = np.array(list(table.geometry), dtype=object)
    figure = redistricting_map(scene_of(county, {}, cell_geometry=geometry))
    hidden = [t for t in figure.texts if "Names left out" in t.get_text()]
    assert hidden == []
    shown = [t.get_text() for t in axes(figure, "plan").texts]
    assert sum(name in shown for name in map_names(county)) == n


@pytest.mark.parametrize("tall", [0.5, 0.9, 1.0, 1.05, 1.1, 1.2, 1.6])
def test_the_scale_bar_lies_beside_the_county(tall: float) -> None:
    """Also where the county has the panel's own shape and fills all its corners."""
    scene = scene_of()
    west, south, east, north = shapely.total_bounds(scene.cell_geometry)
    half, middle = tall * (east - west) * 0.43, (south + north) / 2.0
    outline = shapely.box(west, middle - half, east, middle + half)
    ax = axes(redistricting_map(replace(scene, outline=outline)), "today")
    land = ground_of(
        county=scene.county, plan=scene.plan, cell_geometry=scene.cell_geometry, outline=outline,
        road_lines=None, road_class_names=None,
    ).outline  # fmt: skip
    (x0, x1), (y0, y1) = ax.get_xlim(), ax.get_ylim()
    m_per_in = (x1 - x0) / (ax.get_position().width * 11.69)
    wide, high = 0.36 * (x1 - x0), 0.42 * m_per_in
    corner = {
        place: shapely.box(x, y, x + wide, y + high)
        for place, x, y in (
            ("lower left", x0, y0), ("lower right", x1 - wide, y0),
            ("upper right", x1 - wide, y1 - high), ("upper left", x0, y1 - high),
        )
    }  # fmt: skip
    assert any(not box.intersects(land) for box in corner.values())
