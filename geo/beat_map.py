"""The map of beats (警格): today's beside those drawn, with what changes hatched."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import shapely
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties

from geo import map_parts as parts
from geo.colouring import colour_classes, colours
from geo.fonts import map_fonts, one_line
from geo.jurisdictions import dissolve
from geo.labels import place_labels
from geo.map_ground import Ground
from geo.map_legend import Key, draw_legend
from geo.map_page import (
    Line,
    Page,
    add_panel,
    draw_furniture,
    draw_heading,
    draw_notes,
    fractions,
    new_figure,
    note_lines,
    page_for,
)
from geo.plane import GeometryArray, Plane, as_geometry, plane_of
from geo.road_marks import COLOURS
from geo.station_names import without_shared_ending
from optimizer.errors import Translate, untranslated
from optimizer.frozen import BoolArray, FloatArray, IntArray

SEAT = parts.Symbol(
    marker="o", size_pt=5.0, fill=parts.INK, edge="white", edge_pt=0.8, label="Beat office"
)
COLOURS_SAY = "Fill colours only tell neighbours apart; a beat that carries on keeps its colour."
MANY_CELLS = 1500
"""Beyond this many, borders of single cells would turn the map grey."""
NAMED_CELLS = 80
"""Up to so many, cells bear their names."""
_ROAD_INK = "#7A7F87"
_DETAIL_FRACTION = 0.0005
_SNAP_M = 0.1
_NAME_PT, _CELL_NAME_PT = 8.4, 6.0


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Division:
    """A division of C cells into beats.

    Attributes:
        beat_of: Beat of each cell, 0 … K-1, shape (C,).
        names: K names.
        heading: What the panel is, in the language of the page.
        line: Its figures, likewise.
    """

    beat_of: IntArray
    names: tuple[str, ...]
    heading: str
    line: str = ""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class BeatScene:
    """Everything that a map of beats shows.

    Attributes:
        cells: Polygons of the C cells in WGS84.
        pairs: Cells that touch, shape (E, 2).
        plan: The beats drawn.
        seats: A point of each beat's seat in WGS84: longitude, latitude; NaN = none, shape (K, 2).
        today: Today's beats; None where they are not known.
        kept: Beat of today that each beat carries on, -1 = none, shape (K,); without today's: -1.
        changed: Cells that change their beat, shape (C,).
        roads: LineStrings in WGS84.
        roads_modelled: They were put together from places, not drawn by anybody.
        barriers: Likewise: what no beat crosses.
        title: Heading of the page.
        provenance_line: What is modelled; always shown.
        attribution: Whose data it is.
        cell_ids: Names of the cells, written where there are few, as moves by hand need them.
        notes: Further sentences, in the language of the page.
        translate: English to the language of the page.
    """

    cells: GeometryArray
    pairs: IntArray
    plan: Division
    seats: FloatArray
    today: Division | None
    kept: IntArray
    changed: BoolArray
    roads: GeometryArray
    barriers: GeometryArray
    title: str
    provenance_line: str = ""
    attribution: str = ""
    cell_ids: tuple[str, ...] = ()
    roads_modelled: bool = False
    notes: tuple[str, ...] = ()
    translate: Translate = untranslated


def beat_map(scene: BeatScene) -> Figure:
    """Draw today's beats and the new ones side by side, or the new ones alone.

    Returns:
        A figure that `geo.maps.write_map` saves; the same scene gives the same bytes.
    """
    with map_fonts():
        ground, barriers = _ground(scene)
        t = scene.translate
        keys = [Key(symbol=SEAT), Key(label="Border of beats", line=(parts.INK, 1.3, "-"))]
        if len(ground.roads):
            label = "Road (modelled)" if scene.roads_modelled else "Road"
            keys.append(Key(label=label, line=(_ROAD_INK, 0.6, "-")))
        if len(barriers):
            keys.append(Key(label="Barrier", line=(COLOURS["barrier"], 1.7, "-")))
        if scene.changed.any():
            keys.append(Key(label="Beat changes", hatched=True, fill="#FFFFFF"))

        def lines(room_em: float) -> list[Line]:
            notes = [t(COLOURS_SAY), *scene.notes]
            return note_lines(scene.provenance_line, notes, scene.attribution, room_em)

        alone = scene.today is None
        page = page_for(ground, "a4", keys, lines, t, panels=1 if alone else 2, portrait=alone)
        figure = new_figure(page, scene.title)
        fills_today, fills_plan = _fills(scene)
        if scene.today is not None:
            ax = add_panel(figure, page, 0, "today")
            _draw(ax, ground, page, barriers, scene.today, ground.today, fills_today)
            _names(ax, scene.today.names, _middles(ground.today), ground.today, page)
            draw_furniture(ax, ground, page, t)
        ax = add_panel(figure, page, 0 if alone else 1, "plan")
        _draw(ax, ground, page, barriers, scene.plan, ground.plan, fills_plan)
        _names(ax, scene.plan.names, _seat_m(scene, ground.plane), ground.plan, page)
        if len(scene.cell_ids) <= NAMED_CELLS:
            _cell_names(ax, scene.cell_ids, ground, page)
        _hatch(ax, scene, ground, page)
        SEAT.draw(ax, ground.seat_m, zorder=5.0, scale=page.scale)
        if alone:
            draw_furniture(ax, ground, page, t)
        legend = figure.add_axes(fractions(page.legend, page.sheet), label="legend")
        draw_legend(
            legend, keys, jurisdiction_fill="none", bundle_fill="none",
            columns=page.legend_columns, scale=page.scale, translate=t,
        )  # fmt: skip
        draw_notes(figure, page, lines(page.note_em))
    return figure


def _ground(scene: BeatScene) -> tuple[Ground, GeometryArray]:
    """Cells, beats, seats and streets of the area in metres, and its barriers."""
    plane = plane_of(scene.cells)
    cells = plane.project(scene.cells)
    west, south, east, north = shapely.total_bounds(cells).tolist()
    fine_m = max(east - west, north - south, 1.0) * _DETAIL_FRACTION
    land = shapely.union_all(shapely.set_precision(cells, _SNAP_M))
    groups = (scene.plan, scene.today)
    plan, today = (
        np.zeros(0, dtype=object)
        if g is None
        else dissolve(cells, g.beat_of, len(g.names), grid=_SNAP_M)
        for g in groups
    )
    shapely.prepare(land)
    roads, barriers = (
        _on(plane.project(lines), land.buffer(around)) if len(lines) else as_geometry([])
        for lines, around in ((scene.roads, 0.0), (scene.barriers, fine_m))
    )
    seat_m = _seat_m(scene, plane)
    seat_m = seat_m[np.isfinite(seat_m).all(axis=1)]
    middle = shapely.point_on_surface(cells)
    ground = Ground(
        seat_m=seat_m,
        squad_m=np.zeros((0, 2)),
        cell_m=np.column_stack([shapely.get_x(middle), shapely.get_y(middle)]),
        cells=cells,
        townships=None,
        today=today,
        plan=plan,
        outline=land,
        roads=roads,
        roads_managed=False,
        centre=np.arange(len(seat_m)),
        plane=plane,
    )
    return ground, barriers


def _seat_m(scene: BeatScene, plane: Plane) -> FloatArray:
    there = np.isfinite(scene.seats).all(axis=1)
    found: FloatArray = np.full(scene.seats.shape, np.nan)
    found[there] = np.column_stack(plane.xy(*scene.seats[there].T))
    return found


def _on(lines: GeometryArray, land: shapely.Geometry) -> GeometryArray:
    """The parts of lines on the land."""
    pieces = shapely.get_parts(shapely.get_parts(shapely.intersection(lines, land)))
    found: GeometryArray = pieces[shapely.get_dimensions(pieces) == 1]
    return found


def _fills(scene: BeatScene) -> tuple[list[str], list[str]]:
    """Colours of today's beats and of those drawn; one that carries on keeps its colour."""
    k = len(scene.plan.names)
    before = 0 if scene.today is None else len(scene.today.names)
    # Nodes: today's beats, then drawn ones that carry none on.
    node = np.where(scene.kept >= 0, scene.kept, before + np.arange(k))
    pairs = [node[scene.plan.beat_of[scene.pairs]]]
    if scene.today is not None:
        pairs.append(scene.today.beat_of[scene.pairs])
    edges = np.vstack(pairs).reshape(-1, 2)
    chosen = colour_classes(before + k, edges[edges[:, 0] != edges[:, 1]])
    palette = colours(int(chosen.max(initial=0)) + 1)
    worn = [palette[c] for c in chosen.tolist()]
    return worn[:before], [worn[n] for n in node.tolist()]


def _draw(
    ax: Axes, ground: Ground, page: Page, barriers: GeometryArray, division: Division,
    shapes: GeometryArray, fills: Sequence[str],
) -> None:  # fmt: skip
    scale = page.scale
    parts.fill_areas(ax, shapes, fills, zorder=1)
    assert ground.cells is not None
    if len(ground.cells) <= MANY_CELLS:
        parts.draw_borders(ax, ground.cells, colour="#FFFFFFC0", width_pt=0.4 * scale, zorder=2)
    parts.draw_lines(ax, ground.roads, colour=_ROAD_INK + "70", width_pt=0.3 * scale, zorder=2.6)
    parts.draw_borders(ax, shapes, colour=parts.INK, width_pt=1.3 * scale, zorder=3.2)
    parts.draw_lines(ax, barriers, colour=COLOURS["barrier"], width_pt=1.7 * scale, zorder=3.4)
    draw_heading(ax, page, division.heading, division.line)


def _hatch(ax: Axes, scene: BeatScene, ground: Ground, page: Page) -> None:
    """Hatch the cells that change their beat."""
    assert ground.cells is not None
    changed = ground.cells[scene.changed]
    if not len(changed):
        return
    area = shapely.union_all(shapely.set_precision(changed, _SNAP_M))
    lines = parts.hatch_lines(area, parts.HATCH_PT * page.scale * page.m_per_pt)
    width_pt = parts.HATCH_WIDTH_PT * page.scale
    parts.draw_lines(ax, lines, colour=parts.INK, width_pt=width_pt, zorder=2.8)


def _middles(shapes: GeometryArray) -> FloatArray:
    """A point in the largest piece of each shape, NaN without one, shape (K, 2)."""
    found: FloatArray = np.full((len(shapes), 2), np.nan)
    for b, shape in enumerate(shapes):
        if shape is not None and not shape.is_empty:
            piece = max(shapely.get_parts(shape), key=lambda one: float(one.area))
            found[b] = shapely.get_coordinates(shapely.point_on_surface(piece))[0]
    return found


def _cell_names(ax: Axes, names: Sequence[str], ground: Ground, page: Page) -> None:
    """The name of each cell inside it, clear of the seats; what is too small bears none."""
    assert ground.cells is not None
    size_pt = _CELL_NAME_PT * page.scale
    font = FontProperties(size=size_pt)
    seats = shapely.union_all(
        shapely.buffer(shapely.points(ground.seat_m), 3.0 * SEAT.size_pt * page.m_per_pt)
    )
    shown: list[str] = []
    start: list[tuple[float, float]] = []
    for name, cell in zip(names, ground.cells, strict=True):
        text = one_line(name)
        middle = shapely.get_coordinates(shapely.centroid(cell))[0]
        wide_m = parts.text_width_pt(text, font) * page.m_per_pt / 2
        high_m = size_pt * page.m_per_pt / 2
        x_m, y_m = float(middle[0]), float(middle[1])
        box = shapely.box(x_m - wide_m, y_m - high_m, x_m + wide_m, y_m + high_m)
        if not shapely.contains(cell, box) or shapely.intersects(seats, box):
            continue
        shown.append(text)
        start.append((x_m - wide_m, y_m - 0.74 * high_m))
    if shown:
        parts.draw_halos(ax, shown, np.array(start), font, m_per_pt=page.m_per_pt,
                         width_pt=1.8 * page.scale, zorder=4.0)  # fmt: skip
    for text, (x_m, y_m) in zip(shown, start, strict=True):
        ax.text(x_m, y_m, text, fontproperties=font, color="#3A3F47", va="baseline", zorder=4.1)


def _names(
    ax: Axes, names: Sequence[str], place_m: FloatArray, shapes: GeometryArray, page: Page
) -> None:
    """The names of beats beside their places; one that finds no room is left out."""
    there = np.flatnonzero(np.isfinite(place_m).all(axis=1))
    if not len(there):
        return
    texts = without_shared_ending([one_line(n) for n in names])
    shown = [texts[b] for b in there.tolist()]
    m_per_pt, size_pt = page.m_per_pt, _NAME_PT * page.scale
    font = FontProperties(size=size_pt)
    anchor = place_m[there] / m_per_pt
    clear = (SEAT.size_pt / 2 + 1.0) * page.scale
    width = np.array([parts.text_width_pt(text, font) for text in shown])
    placed = place_labels(
        anchor,
        np.column_stack([width + 1.5, np.full(len(shown), size_pt * 1.12)]),
        clear=np.full(len(shown), clear),
        symbols=np.column_stack([anchor - clear + 1.0, anchor + clear - 1.0]),
        lines=np.zeros((0, 4)),
        bounds=[v / m_per_pt for v in page.extent],
        homes=shapely.transform(shapes[there], lambda xy: xy / m_per_pt),
    )
    rows = np.flatnonzero(placed.shown)
    boxes = placed.box[rows] * m_per_pt
    start = np.column_stack(
        [
            boxes[:, 0] + 0.75 * m_per_pt,
            boxes[:, 1::2].mean(axis=1) - 0.37 * size_pt * m_per_pt,
        ]
    )
    shown = [shown[i] for i in rows.tolist()]
    parts.draw_halos(ax, shown, start, font, m_per_pt=m_per_pt, width_pt=2.2 * page.scale, zorder=6)
    for text, (x_m, y_m) in zip(shown, start, strict=True):
        ax.text(x_m, y_m, text, fontproperties=font, color=parts.INK, va="baseline", zorder=7)
