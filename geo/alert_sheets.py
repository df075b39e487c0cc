"""Maps of where alerts are: shaded ground under today's borders, seats and names."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties

from geo import map_parts as parts
from geo.colouring import fills
from geo.fonts import map_fonts, one_line
from geo.labels import place_labels
from geo.map_ground import Ground
from geo.map_legend import Key, legend_keys
from geo.map_names import draw_names, place_names
from geo.map_page import (
    Page,
    add_panel,
    draw_furniture,
    draw_heading,
    draw_notes,
    new_figure,
    page_for,
)
from geo.maps import MANY_CELLS, MapScene, add_legend, ground_for, scene_lines
from geo.plane import GeometryArray
from optimizer.frozen import FloatArray

SEQUENCE = ("#FFFFD4", "#FED98E", "#FE9929", "#D95F0E", "#993404")
"""Few to many alerts, after ColorBrewer's YlOrBr (Apache 2.0): lightness alone tells the order."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Shade:
    """Ground of one class.

    Attributes:
        text: Its line in the legend, in the language of the page.
        fill: `#RRGGBB`.
        areas: Polygons in WGS84.
        outlined: A border is drawn round the areas.
    """

    text: str
    fill: str
    areas: GeometryArray
    outlined: bool = False


NEW_SITE = parts.Symbol(
    marker="*", size_pt=13.5, fill="#B3001B", edge="white", edge_pt=0.8, label="New site"
)
_SPOT_PT = 8.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Spot:
    """A new site, with its name beside it."""

    text: str
    lon_deg: float
    lat_deg: float


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ShadedMap:
    """One map.

    Attributes:
        label: Of its panel.
        heading: What it shows.
        line: Its figures.
        legend: Heading of the classes in the legend.
        shades: Classes, the lowest first: later ones lie over earlier ones.
        notes: English sentences a reader must know.
        spots: New sites.
    """

    label: str
    heading: str
    line: str
    legend: str
    shades: tuple[Shade, ...]
    notes: tuple[str, ...] = ()
    spots: tuple[Spot, ...] = ()


def shaded_sheet(scene: MapScene, shown: ShadedMap, ground: Ground | None = None) -> Figure:
    """Draw one map of shaded ground; text of `shown` stands as it is.

    Args:
        scene: The county, with today's deployment as its plan.
        shown: What to draw.
        ground: From `geo.maps.ground_for`, where several sheets share it.
    """
    with map_fonts():
        ground = ground_for(scene) if ground is None else ground
        keys = _keys(scene, shown, ground)
        page = page_for(
            ground,
            scene.paper,
            keys,
            lambda em: scene_lines(
                scene, shown.notes, len(scene.county.stations), em, has_hulls=False
            ),
            scene.translate,
            portrait=True,
        )
        spots = _placed_spots(shown.spots, ground, page)
        names = place_names(
            scene.county,
            scene.plan,
            ground,
            ground.squad_m[:0],
            extent=page.extent,
            m_per_pt=page.m_per_pt,
            scale=page.name_scale,
            boxes_m=spots.boxes_m,
        )
        figure = new_figure(page, scene.title)
        ax = add_panel(figure, page, 0, shown.label)
        _draw(ax, scene, shown, ground, page)
        _draw_spots(ax, spots, page)
        draw_names(ax, names, ground, None, scale=page.name_scale)
        draw_heading(ax, page, shown.heading, shown.line)
        draw_furniture(ax, ground, page, scene.translate)
        add_legend(figure, page, scene, ground, fills(scene.county, scene.plan), keys)
        lines = scene_lines(scene, shown.notes, names.hidden, page.note_em, has_hulls=False)
        draw_notes(figure, page, lines)
    return figure


def _keys(scene: MapScene, shown: ShadedMap, ground: Ground) -> list[Key]:
    seats = (parts.URBAN, parts.RURAL)
    keys = [k for k in legend_keys(scene.county, scene.plan, ground) if k.symbol in seats]
    if shown.spots:
        keys.append(Key(symbol=NEW_SITE))
    keys.append(Key(text=shown.legend, is_heading=True))
    return keys + [Key(text=s.text, fill=s.fill) for s in shown.shades]


def _draw(ax: Axes, scene: MapScene, shown: ShadedMap, ground: Ground, page: Page) -> None:
    scale = page.scale
    for i, shade in enumerate(shown.shades):
        areas = ground.plane.project(shade.areas)
        if not len(areas):
            continue
        fills_of = [shade.fill] * len(areas)
        parts.fill_areas(ax, areas, fills_of, zorder=1.0 + i / 100.0, rim_pt=0.3 * scale)
        if shade.outlined:
            parts.draw_borders(ax, areas, colour=parts.INK, width_pt=0.6 * scale, zorder=3.3)
    if len(ground.roads):
        parts.draw_lines(
            ax, ground.roads, colour=parts.ROAD_INK + "50", width_pt=0.3 * scale, zorder=2.4
        )
    if ground.cells is not None:
        if len(ground.cells) <= MANY_CELLS:
            parts.draw_borders(ax, ground.cells, colour="#00000018", width_pt=0.3 * scale, zorder=2)
        for colour, width in (("#FFFFFFC0", 1.7), (parts.INK, 0.8)):
            parts.draw_borders(ax, ground.today, colour=colour, width_pt=width * scale, zorder=3.2)
    if scene.outline is not None or ground.cells is not None:
        outline: Sequence[Any] = [ground.outline]
        parts.draw_borders(ax, outline, colour=parts.INK, width_pt=1.2 * scale, zorder=3.4)
    urban = np.asarray(scene.county.stations.is_urban)
    parts.URBAN.draw(ax, ground.seat_m[urban], zorder=5.3, scale=page.name_scale)
    parts.RURAL.draw(ax, ground.seat_m[~urban], zorder=5.3, scale=page.name_scale)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _PlacedSpots:
    """New sites and where their names stand, in metres."""

    at_m: FloatArray
    text: tuple[str, ...]
    name_m: FloatArray
    boxes_m: FloatArray


def _placed_spots(spots: Sequence[Spot], ground: Ground, page: Page) -> _PlacedSpots:
    """Names of new sites clear of one another, of the stars and of the seats.

    Returns:
        Also the boxes of stars and names, which station names keep clear of.
    """
    m_per_pt, scale = page.m_per_pt, page.name_scale
    if not spots:
        none = np.zeros((0, 2))
        return _PlacedSpots(at_m=none, text=(), name_m=none, boxes_m=np.zeros((0, 4)))
    points = shapely.points([s.lon_deg for s in spots], [s.lat_deg for s in spots])
    at_m: FloatArray = shapely.get_coordinates(ground.plane.project(points))
    size_pt = _SPOT_PT * scale
    font = FontProperties(size=size_pt)
    text = [one_line(s.text) for s in spots]
    width = np.array([parts.text_width_pt(t, font) for t in text])
    star, seat = NEW_SITE.size_pt / 2 * scale, parts.URBAN.size_pt / 2 * scale
    anchor, seats = at_m / m_per_pt, ground.seat_m / m_per_pt
    stars = np.column_stack([anchor - star + 1.5, anchor + star - 1.5])
    placed = place_labels(
        anchor,
        np.column_stack([width + 1.5, np.full(len(text), size_pt * 1.12)]),
        clear=np.full(len(text), star),
        symbols=np.vstack([stars, np.column_stack([seats - seat, seats + seat])]),
        lines=np.zeros((0, 4)),
        bounds=[v / m_per_pt for v in page.extent],
    )
    there = np.flatnonzero(placed.shown)
    box = placed.box[there] * m_per_pt
    name_m = np.column_stack(
        [box[:, 0] + 0.75 * m_per_pt, box[:, 1::2].mean(axis=1) - 0.37 * size_pt * m_per_pt]
    )
    return _PlacedSpots(
        at_m=at_m,
        text=tuple(text[i] for i in there.tolist()),
        name_m=name_m,
        boxes_m=np.vstack([stars * m_per_pt, box]),
    )


def _draw_spots(ax: Axes, spots: _PlacedSpots, page: Page) -> None:
    if not len(spots.at_m):
        return
    scale = page.name_scale
    font = FontProperties(size=_SPOT_PT * scale)
    NEW_SITE.draw(ax, spots.at_m, zorder=7.0, scale=scale)
    if spots.text:
        parts.draw_halos(ax, list(spots.text), spots.name_m, font, m_per_pt=page.m_per_pt,
                         width_pt=2.2 * scale, zorder=7.1)  # fmt: skip
    for text, (x_m, y_m) in zip(spots.text, spots.name_m, strict=True):
        ax.text(x_m, y_m, text, fontproperties=font, color=NEW_SITE.fill, va="baseline", zorder=7.2)
