"""The map of a patrol: the ways of the vehicles over the unit's ground, with times at the stops."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import shapely
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties

from geo import map_parts as parts
from geo.fonts import map_fonts, one_line
from geo.map_ground import Ground
from geo.map_legend import Key, draw_legend
from geo.map_page import (
    Line,
    add_panel,
    draw_furniture,
    draw_heading,
    draw_notes,
    fractions,
    new_figure,
    note_lines,
    page_for,
)
from geo.plane import GeometryArray, as_geometry, plane_of
from optimizer.errors import Translate, untranslated
from optimizer.frozen import BoolArray, FloatArray

COLOURS = ("#1F5FA8", "#C2410C", "#15803D", "#7E22CE", "#A16207",
           "#0E7490", "#BE185D", "#4D7C0F", "#6B7280", "#7F1D1D")  # fmt: skip
SEEN = parts.Symbol(
    marker="o", size_pt=6.0, fill="white", edge=parts.INK, edge_pt=1.2, label="Key area"
)
MISSED = parts.Symbol(
    marker="X", size_pt=7.0, fill="#B3001B", edge="white", edge_pt=0.7, label="Visit missed"
)
_SNAP_M = 0.1
_NAME_PT = 7.4
_AROUND_M = 200.0


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PatrolScene:
    """Everything that the map shows.

    Attributes:
        cells: Polygons of the unit's cells in WGS84.
        roads: LineStrings in WGS84.
        ways: Of each vehicle, its legs as LineStrings in WGS84.
        centre: Longitude and latitude of the centre station.
        area_at: Longitude and latitude of the A key areas, shape (A, 2).
        area_text: Their names and times.
        area_missed: Whether a visit is missed, shape (A,).
        title: Heading of the page.
        line: Its figures.
        provenance_line: What is modelled.
        attribution: Whose data it is.
        translate: English to the language of the page.
    """

    cells: GeometryArray
    roads: GeometryArray
    ways: tuple[GeometryArray, ...]
    centre: tuple[float, float]
    area_at: FloatArray
    area_text: tuple[str, ...]
    area_missed: BoolArray
    title: str
    line: str
    provenance_line: str = ""
    attribution: str = ""
    translate: Translate = untranslated


def patrol_map(scene: PatrolScene) -> Figure:
    """Draw the map.

    Returns:
        A figure that `geo.maps.write_map` saves; the same scene gives the same bytes.
    """
    with map_fonts():
        t = scene.translate
        ground, areas_m, ways = _ground(scene)
        keys = [Key(symbol=parts.CENTRE), Key(symbol=SEEN)]
        if scene.area_missed.any():
            keys.append(Key(symbol=MISSED))
        for k in range(len(ways)):
            text = t("Vehicle {n}").format(n=k + 1)
            keys.append(Key(text=text, line=(COLOURS[k % len(COLOURS)], 1.8, "-")))

        def lines(room_em: float) -> list[Line]:
            note = t("Times by the plan; alerts on the way move them.")
            return note_lines(scene.provenance_line, [note], scene.attribution, room_em)

        page = page_for(ground, "a4", keys, lines, t, portrait=True)
        figure = new_figure(page, scene.title)
        ax, scale = add_panel(figure, page, 0, "patrol"), page.scale
        parts.fill_areas(ax, as_geometry([ground.outline]), ["#F4F1EA"], zorder=1)
        parts.draw_borders(ax, ground.today, colour="#FFFFFF", width_pt=0.5 * scale, zorder=1.5)
        parts.draw_lines(ax, ground.roads, colour="#9AA0A8", width_pt=0.4 * scale, zorder=2)
        for k, way in enumerate(ways):
            colour = COLOURS[k % len(COLOURS)]
            parts.draw_lines(ax, way, colour=colour, width_pt=1.8 * scale, zorder=3)
        seen = ~scene.area_missed
        SEEN.draw(ax, areas_m[seen], zorder=5, scale=scale)
        MISSED.draw(ax, areas_m[~seen], zorder=5, scale=scale)
        parts.CENTRE.draw(ax, ground.seat_m, zorder=6, scale=scale)
        draw_heading(ax, page, scene.line, "")
        font = FontProperties(size=_NAME_PT * scale)
        at = areas_m + np.array([5.0, 4.0]) * scale * page.m_per_pt
        texts = [one_line(text) for text in scene.area_text]
        west, _south, east, _north = page.extent
        for row, text in enumerate(texts):
            # A name that would leave the map ends at its point instead.
            width_m = parts.text_width_pt(text, font) * page.m_per_pt
            if at[row, 0] + width_m > east:
                at[row, 0] = max(areas_m[row, 0] - width_m - 5.0 * scale * page.m_per_pt, west)
        _spread(at, texts, font, page.m_per_pt)
        halo_pt = 2.2 * scale
        parts.draw_halos(ax, texts, at, font, m_per_pt=page.m_per_pt, width_pt=halo_pt, zorder=7)
        for text, (x_m, y_m) in zip(texts, at, strict=True):
            ax.text(x_m, y_m, text, fontproperties=font, color=parts.INK, va="baseline", zorder=8)
        draw_furniture(ax, ground, page, t)
        legend = figure.add_axes(fractions(page.legend, page.sheet), label="legend")
        draw_legend(
            legend, keys, jurisdiction_fill="none", bundle_fill="none",
            columns=page.legend_columns, scale=scale, translate=t,
        )  # fmt: skip
        draw_notes(figure, page, lines(page.note_em))
    return figure


def _spread(at: FloatArray, texts: list[str], font: FontProperties, m_per_pt: float) -> None:
    """Move names up, from the south, until none lies on another."""
    width_m = np.array([parts.text_width_pt(text, font) * m_per_pt for text in texts])
    high_m = font.get_size_in_points() * 1.25 * m_per_pt
    done: list[int] = []
    for row in np.argsort(at[:, 1], kind="stable").tolist():
        for other in sorted(done, key=lambda o: float(at[o, 1])):
            beside = at[row, 0] < at[other, 0] + width_m[other]
            beside &= at[other, 0] < at[row, 0] + width_m[row]
            if beside and abs(at[row, 1] - at[other, 1]) < high_m:
                at[row, 1] = at[other, 1] + high_m
        done.append(row)


def _ground(scene: PatrolScene) -> tuple[Ground, FloatArray, tuple[GeometryArray, ...]]:
    """Ground in metres, key areas, shape (A, 2), and ways on it."""
    plane = plane_of(scene.cells)
    cells = plane.project(scene.cells)
    land = shapely.union_all(shapely.set_precision(cells, _SNAP_M))
    areas_m = np.column_stack(plane.xy(scene.area_at[:, 0], scene.area_at[:, 1]))
    seat_m = np.column_stack(plane.xy(np.array([scene.centre[0]]), np.array([scene.centre[1]])))
    ways = tuple(plane.project(way) if len(way) else as_geometry([]) for way in scene.ways)
    shapely.prepare(land)
    roads = plane.project(scene.roads) if len(scene.roads) else as_geometry([])
    middle = shapely.point_on_surface(cells)
    everything = [*shapely.points(areas_m).tolist(), *(line for way in ways for line in way)]
    frame = shapely.union_all([land.envelope, *everything]).envelope
    near = roads[shapely.intersects(roads, frame.buffer(_AROUND_M))] if len(roads) else roads
    ground = Ground(
        seat_m=seat_m,
        # Key areas and ways beyond the unit's own cells belong on the page too.
        squad_m=shapely.get_coordinates(frame),
        cell_m=np.column_stack([shapely.get_x(middle), shapely.get_y(middle)]),
        cells=cells,
        townships=None,
        today=cells,
        plan=np.zeros(0, dtype=object),
        outline=land,
        roads=shapely.intersection(near, frame.buffer(_AROUND_M)) if len(near) else near,
        roads_managed=False,
        centre=np.arange(1),
        plane=plane,
    )
    return ground, areas_m, ways
