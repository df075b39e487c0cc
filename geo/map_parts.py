"""Parts of a static map: symbols, shapes as paths, legend, scale bar, north arrow, wrapped text."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import shapely
from matplotlib.axes import Axes
from matplotlib.collections import PathCollection
from matplotlib.font_manager import FontProperties
from matplotlib.lines import Line2D
from matplotlib.markers import MarkerStyle
from matplotlib.offsetbox import AnchoredOffsetbox, DrawingArea
from matplotlib.patches import PathPatch, Polygon
from matplotlib.path import Path as Outline
from matplotlib.text import Text
from matplotlib.textpath import TextPath, text_to_path
from matplotlib_scalebar.scalebar import ScaleBar

from geo.jurisdictions import GeometryArray
from geo.road_marks import COLOURS
from optimizer.errors import Translate
from optimizer.frozen import FloatArray

INK = "#16202E"
"""Symbols, centre names and jurisdiction borders."""
SOFT_INK = "#3C4653"
WARN_INK = "#8A1C1C"
"""The provenance line: what is modelled must be seen."""
ROAD_INK = "#7A7F87"
INNER_INK = "#16202E"
"""Borders that a plan takes away."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Symbol:
    """A point symbol.

    Attributes:
        marker: matplotlib's marker name.
        size_pt: Diameter.
        fill, edge: Colours.
        edge_pt: Width of the edge.
        label: English name in the legend.
    """

    marker: str
    size_pt: float
    fill: str
    edge: str
    edge_pt: float
    label: str

    def draw(self, ax: Axes, xy_m: FloatArray, *, zorder: float, scale: float) -> None:
        """Draw the symbol at each point of `xy_m`, shape (n, 2)."""
        if len(xy_m):
            ax.scatter(
                xy_m[:, 0],
                xy_m[:, 1],
                s=(self.size_pt * scale) ** 2,
                marker=MarkerStyle(self.marker),
                facecolor=self.fill,
                edgecolor=self.edge,
                linewidth=self.edge_pt * scale,
                zorder=zorder,
                clip_on=False,
            )

    def key(self, translate: Translate, *, scale: float) -> Line2D:
        """The legend's entry."""
        return Line2D(
            [],
            [],
            linestyle="none",
            marker=self.marker,
            markersize=self.size_pt * scale,
            markerfacecolor=self.fill,
            markeredgecolor=self.edge,
            markeredgewidth=self.edge_pt * scale,
            label=translate(self.label),
        )


URBAN = Symbol(marker="s", size_pt=6.2, fill=INK, edge="white", edge_pt=0.8, label="Town station")
RURAL = Symbol(marker="o", size_pt=6.2, fill=INK, edge="white", edge_pt=0.8, label="Rural station")
SQUAD = Symbol(
    marker="^", size_pt=7.5, fill="#FFFFFF", edge=INK, edge_pt=1.1, label="Traffic squad"
)
CENTRE = Symbol(
    marker="*", size_pt=13.5, fill="#B3001B", edge="white", edge_pt=0.8, label="Centre station"
)
OFFICE = Symbol(marker="o", size_pt=5.4, fill="white", edge=INK, edge_pt=1.2, label="Police office")
CROSS = Symbol(
    marker="X",
    size_pt=5.4,
    fill=INK,
    edge="white",
    edge_pt=0.5,
    label="Responsible station changes",
)
"""On a cell that is known as a point only."""
CLOSED = Symbol(
    marker="X",
    size_pt=7.0,
    fill=COLOURS["closed"],
    edge="white",
    edge_pt=0.7,
    label="Road closed",
)
"""On a road that is closed."""
DUTY = Symbol(
    marker="o",
    size_pt=13.0,
    fill="none",
    edge=INK,
    edge_pt=1.1,
    label="Duty station: manages roads",
)


def outlines(shapes: Iterable[Any]) -> Outline:
    """Polygons as one compound path, holes included."""
    parts = shapely.get_parts(np.array(list(shapes), dtype=object))
    rings = shapely.get_rings(shapely.orient_polygons(parts))
    return _compound(rings, closed=True)


def _compound(lines: GeometryArray, *, closed: bool) -> Outline:
    """LineStrings (or rings) as one path: one path is drawn many times faster than many."""
    points, owner = shapely.get_coordinates(lines, return_index=True)
    codes = np.full(len(points), Outline.LINETO, dtype=np.uint8)
    first = np.flatnonzero(np.diff(owner, prepend=-1))
    codes[first] = Outline.MOVETO
    if closed and len(first):
        codes[np.append(first[1:], len(points)) - 1] = Outline.CLOSEPOLY
    return Outline(points, codes)


def fill_areas(
    ax: Axes, shapes: GeometryArray, fills: Sequence[str], *, zorder: float, rim_pt: float = 0.0
) -> None:
    """Fill polygons, each in its colour and with a rim of it; rows without a shape are left out."""
    there = [i for i, s in enumerate(shapes) if s is not None and not s.is_empty]
    ax.add_collection(
        PathCollection(
            [outlines([shapes[i]]) for i in there],
            facecolors=[fills[i] for i in there],
            edgecolors="face" if rim_pt else "none",
            linewidths=rim_pt,
            zorder=zorder,
        ),
        autolim=False,
    )


def draw_borders(
    ax: Axes,
    shapes: Iterable[Any],
    *,
    colour: str,
    width_pt: float,
    zorder: float,
    style: str = "-",
) -> None:
    """Draw the borders of polygons; those without a shape are passed over."""
    there = [s for s in shapes if s is not None and not s.is_empty]
    if there:
        _draw_path(ax, outlines(there), colour, width_pt, zorder, style)


def draw_lines(
    ax: Axes,
    lines: GeometryArray,
    *,
    colour: str,
    width_pt: float,
    zorder: float,
    style: Literal["-", ":"] = "-",
) -> None:
    """Draw LineStrings."""
    if len(lines):
        _draw_path(ax, _compound(lines, closed=False), colour, width_pt, zorder, style)


def _draw_path(
    ax: Axes,
    path: Outline,
    colour: str,
    width_pt: float,
    zorder: float,
    style: str,
    fill: str = "none",
) -> None:
    # add_artist, because add_patch goes through every curve to learn the axes' limits.
    ax.add_artist(
        PathPatch(
            path,
            facecolor=fill,
            edgecolor=colour,
            linewidth=width_pt,
            linestyle=style,
            joinstyle="round",
            capstyle="butt" if style == ":" else "round",
            zorder=zorder,
        )
    )


HATCH_PT = 5.0
"""Way between the lines of a hatching."""
HATCH_WIDTH_PT = 0.55


def hatch_lines(area: Any, step: float) -> GeometryArray:
    """Lines at 45 degrees, `step` apart, that hatch `area`; they meet where areas touch."""
    west, south, east, north = area.bounds
    # x - y is constant along a line: whole multiples, so that neighbouring areas share lines.
    apart = step * np.sqrt(2.0)
    first, last = np.floor((west - north) / apart), np.ceil((east - south) / apart)
    shift = np.arange(first, last + 1) * apart
    ends = np.stack(
        [
            np.column_stack([south + shift, np.full(len(shift), south)]),
            np.column_stack([north + shift, np.full(len(shift), north)]),
        ],
        axis=1,
    )
    shapely.prepare(area)
    pieces = shapely.get_parts(shapely.intersection(shapely.linestrings(ends), area))
    pieces = shapely.get_parts(pieces)
    found: GeometryArray = pieces[(shapely.get_dimensions(pieces) == 1) & ~shapely.is_empty(pieces)]
    return found


def arrow_parts(points: FloatArray, width: float) -> tuple[FloatArray, FloatArray]:
    """Body and head of an arrow along `points`, all in one unit.

    Args:
        points: From start to tip, shape (n, 2).
        width: Of the body.

    Returns:
        Points of the body, which ends inside the head, and the three corners of the head.
    """
    head = 3.4 + 1.7 * width
    way = np.append(0.0, np.cumsum(np.hypot(*np.diff(points, axis=0).T)))
    head = min(head, 0.75 * float(way[-1]))
    neck = np.array([np.interp(way[-1] - head, way, points[:, k]) for k in (0, 1)])
    inside = np.array([np.interp(way[-1] - 0.7 * head, way, points[:, k]) for k in (0, 1)])
    body = np.vstack([points[way < way[-1] - 0.7 * head], inside])
    along = points[-1] - neck
    across = np.array([-along[1], along[0]]) * (0.5 * (2.6 + 1.5 * width) / head if head else 0.0)
    return body, np.array([points[-1], neck + across, neck - across])


def text_width_pt(text: str, font: FontProperties) -> float:
    """Width of one line of text in points."""
    if not text.strip():
        return 0.0
    return float(text_to_path.get_text_width_height_descent(text, font, False)[0])


def fitting_size_pt(text: str, size_pt: float, room_pt: float) -> float:
    """`size_pt`, or less where `text` would be wider than `room_pt`."""
    needed = text_width_pt(text, FontProperties(size=size_pt))
    return size_pt * min(1.0, room_pt / needed) if needed else size_pt


def draw_halos(
    ax: Axes,
    texts: Sequence[str],
    start_m: FloatArray,
    font: FontProperties,
    *,
    m_per_pt: float,
    width_pt: float,
    zorder: float,
) -> None:
    """A white rim round texts that start at `start_m` (left end of the baseline), shape (n, 2)."""
    rims = []
    for text, start in zip(texts, start_m, strict=True):
        if text.strip():
            path = TextPath((0, 0), text, prop=font)
            rims.append(Outline(np.asarray(path.vertices) * m_per_pt + start, path.codes))
    if rims:
        rim = Outline.make_compound_path(*rims)
        _draw_path(ax, rim, "#FFFFFFE0", width_pt, zorder, "-", fill="white")


def add_scale_bar(ax: Axes, corner: str, translate: Translate, *, size_pt: float) -> None:
    """A scale bar in metres or kilometres; the axes are in metres."""
    ax.add_artist(
        ScaleBar(
            1.0,
            "m",
            length_fraction=0.28,
            width_fraction=0.008,
            location=corner,
            color=INK,
            box_alpha=0.0,
            scale_loc="top",
            border_pad=0.6,
            sep=2,
            font_properties={"size": size_pt},
            scale_formatter=lambda value, unit: f"{value:g} {translate(str(unit))}",
        )
    )


def add_north_arrow(ax: Axes, corner: str, translate: Translate, *, scale: float) -> None:
    """A north arrow; the projection's grid north is true north at the county's middle."""
    area = DrawingArea(16 * scale, 34 * scale)
    left = np.array([(8, 22), (2, 0), (8, 5)]) * scale
    right = np.array([(8, 22), (14, 0), (8, 5)]) * scale
    area.add_artist(Polygon(left, closed=True, facecolor=INK, edgecolor=INK, linewidth=0.6))
    area.add_artist(Polygon(right, closed=True, facecolor="white", edgecolor=INK, linewidth=0.6))
    area.add_artist(
        Text(8 * scale, 24 * scale, translate("N"), fontsize=9 * scale, ha="center", color=INK)
    )
    ax.add_artist(AnchoredOffsetbox(corner, child=area, frameon=False, pad=0.2, borderpad=0.4))


def quietest_corners(
    land: Any, extent: Sequence[float], boxes: Sequence[tuple[float, float]]
) -> list[str]:
    """For each box (width, height) the corner of `extent` where it covers least of `land`.

    Earlier boxes choose first; no corner is taken twice. Ties go to the bottom, then the left.
    """
    west, south, east, north = extent
    free = ["lower left", "lower right", "upper right", "upper left"]
    found = []
    for width, height in boxes:
        covered = {}
        for corner in free:
            x = west if corner.endswith("left") else east - width
            y = south if corner.startswith("lower") else north - height
            box = shapely.box(x, y, x + width, y + height)
            covered[corner] = round(float(shapely.intersection(land, box).area) / box.area, 3)
        best = min(free, key=lambda c: covered[c])
        free.remove(best)
        found.append(best)
    return found


def text_width_em(text: str) -> float:
    """Rough width of a line in ems: Chinese signs are square, Latin ones about half as wide."""
    return sum(1.0 if unicodedata.east_asian_width(c) in "WF" else 0.55 for c in text)


# Chinese typesetting: these never begin a line.
_NOT_FIRST = frozenset("，。；：、！？）》」』”’%,.;:!?)")


def wrapped(text: str, width_em: float) -> list[str]:
    """Break `text` into lines no wider than `width_em`: at spaces, or between Chinese signs."""
    lines: list[str] = []
    line = ""
    for piece in _pieces(text):
        if line and text_width_em((line + piece).rstrip()) > width_em:
            lines.append(line.rstrip())
            line = piece.lstrip()
        else:
            line += piece
    return [*lines, line.rstrip()] if line.strip() else lines


def _pieces(text: str) -> Iterable[str]:
    """Parts that may not be broken: words with the space after them, Chinese signs one by one."""
    piece = ""
    for sign in text:
        wide = unicodedata.east_asian_width(sign) in "WF"
        breakable = piece and (wide or piece[-1] == " " or _is_wide(piece[-1]))
        if breakable and sign not in _NOT_FIRST and sign != " ":
            yield piece
            piece = sign
        else:
            piece += sign
    if piece:
        yield piece


def _is_wide(sign: str) -> bool:
    return unicodedata.east_asian_width(sign) in "WF"
