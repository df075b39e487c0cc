"""Pages of static maps: where panels, legend and notes go, and what every page carries.

A page has one panel or several at one scale, a title above, a legend beside or below them, and
notes at the foot: what is modelled, what the map shows, whose data it is.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
import shapely
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from geo import map_parts as parts
from geo.fonts import one_line
from geo.map_ground import Ground
from geo.map_legend import SIZE_PT, Key, arranged
from optimizer.errors import Translate
from optimizer.frozen import FloatArray

Paper = Literal["a4", "a3"]
Box = tuple[float, float, float, float]
Line = tuple[str, str]
"""A line of notes and its colour."""

PAPER_IN: dict[Paper, tuple[float, float]] = {"a4": (11.69, 8.27), "a3": (16.54, 11.69)}
SCALE: dict[Paper, float] = {"a4": 1.0, "a3": 1.3}
_NOTE_PT = 7.4
_NOTE_LEADING = 1.3
_FOOT_RIM_IN = 0.2
_MARGIN_IN, _GAP_IN, _HEAD_IN = 0.42, 0.22, 1.24
_STRIP_ROW_PT = 13.5
_BAR_WIDE, _FURNITURE_IN = 0.36, 0.42
"""Room of the scale bar: share of a panel's width, and inches."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """Where things go on the sheet: boxes of x, y, width, height in inches from the lower left.

    Attributes:
        sheet: Width and height.
        panels: One box for each panel, all of one size, from left to right.
        legend: Its box.
        legend_columns: 1 beside the panels, one or more below them.
        extent: West, south, east, north of every panel in metres.
        note_em: Width of a line of notes.
        left: Where titles and notes begin.
        scale: Of type and symbols, 1 on A4.
    """

    sheet: tuple[float, float]
    panels: tuple[Box, ...]
    legend: Box
    legend_columns: int
    extent: Box
    note_em: float
    left: float
    scale: float

    @property
    def name_scale(self) -> float:
        """Of station names: a map that has the sheet to itself carries larger ones."""
        return self.scale * {1: 1.14, 2: 1.0}.get(len(self.panels), 0.86)

    @property
    def m_per_pt(self) -> float:
        """Metres on the ground for a point on paper."""
        return (self.extent[2] - self.extent[0]) / (self.panels[0][2] * 72.0)


def page_for(
    ground: Ground,
    paper: Paper,
    keys: Sequence[Key],
    lines_in: Callable[[float], Sequence[Line]],
    translate: Translate,
    *,
    panels: int = 1,
    portrait: bool = False,
) -> Page:
    """The page that leaves the county largest: legend beside or below the panels.

    Args:
        ground: The county.
        paper: Size of the sheet.
        keys: What the legend holds.
        lines_in: The notes, for lines of so many ems.
        translate: English to the language of the page.
        panels: How many, side by side.
        portrait: The sheet may stand upright where that leaves the county larger.
    """
    wide, high = PAPER_IN[paper]
    scale = SCALE[paper]
    land = shapely.union(
        shapely.box(*ground.outline.bounds),
        shapely.multipoints(np.concatenate([ground.seat_m, ground.squad_m])).envelope,
    ).bounds
    label_em = max((parts.text_width_em(k.shown(translate)) for k in keys), default=0.0)
    side = (label_em * SIZE_PT + 32.0) * scale / 72.0
    margin, gap = _MARGIN_IN * scale, _GAP_IN * scale
    pages = []
    for width, height in [(wide, high), (high, wide)] if portrait else [(wide, high)]:
        note_em = (width - 2 * margin) * 72.0 / (_NOTE_PT * scale)
        foot = _foot_in(len(lines_in(note_em))) * scale
        columns = max(1, int((width - 2 * margin) / (side + 0.2 * scale)))
        rows = max(len(column) for column in arranged(keys, max(columns, 2)))
        strip = (rows * _STRIP_ROW_PT + 6.0) * scale / 72.0
        for beside in (True, False):
            taken_w, taken_h = (side + gap, 0.0) if beside else (0.0, strip)
            panel_w = (width - 2 * margin - gap * (panels - 1) - taken_w) / panels
            panel_h = height - _HEAD_IN * scale - foot - taken_h
            if panel_w <= 0 or panel_h <= 0:
                continue
            bottom = foot + taken_h
            legend = (
                (width - margin - side, bottom, side, panel_h)
                if beside
                else (margin, foot, width - 2 * margin, strip)
            )
            pages.append(
                Page(
                    sheet=(width, height),
                    panels=tuple(
                        (margin + i * (panel_w + gap), bottom, panel_w, panel_h)
                        for i in range(panels)
                    ),
                    legend=legend,
                    legend_columns=1 if beside else max(columns, 2),
                    extent=_extent(land, panel_h / panel_w),
                    note_em=note_em,
                    left=margin,
                    scale=scale,
                )
            )
    best = min(pages, key=lambda p: p.m_per_pt)
    _, _, panel_w, panel_h = best.panels[0]
    return replace(best, extent=_page_extent(ground.outline, land, panel_w, panel_h, scale))


def plain_page(
    paper: Paper,
    keys: Sequence[Key],
    lines_in: Callable[[float], Sequence[Line]],
    translate: Translate,
) -> Page:
    """A landscape page with one diagram, room for its axes and a legend beside it."""
    width, height = PAPER_IN[paper]
    scale = SCALE[paper]
    margin = _MARGIN_IN * scale
    note_em = (width - 2 * margin) * 72.0 / (_NOTE_PT * scale)
    axes_in = 0.5 * scale
    bottom = _foot_in(len(lines_in(note_em))) * scale + axes_in
    label_em = max((parts.text_width_em(k.shown(translate)) for k in keys), default=0.0)
    side = (label_em * SIZE_PT + 32.0) * scale / 72.0
    panel_w = width - 2 * margin - axes_in - _GAP_IN * scale - side
    panel_h = height - _HEAD_IN * scale - bottom
    return Page(
        sheet=(width, height),
        panels=((margin + axes_in, bottom, panel_w, panel_h),),
        legend=(width - margin - side, bottom, side, panel_h),
        legend_columns=1,
        extent=(0.0, 0.0, panel_w, panel_h),
        note_em=note_em,
        left=margin,
        scale=scale,
    )


def _foot_in(notes: int) -> float:
    return _FOOT_RIM_IN + 0.17 + notes * _NOTE_PT * _NOTE_LEADING / 72.0


def _page_extent(
    outline: Any, land: Sequence[float], panel_w: float, panel_h: float, scale: float
) -> Box:
    """The county in a panel; where it fills all four corners, a strip at the foot stays free."""
    extent = _extent(land, panel_h / panel_w)
    west, south, east, north = extent
    m_per_in = (east - west) / panel_w
    bar_m = (_BAR_WIDE * (east - west), _FURNITURE_IN * scale * m_per_in)
    boxes = (
        shapely.box(x, y, x + bar_m[0], y + bar_m[1])
        for x in (west, east - bar_m[0])
        for y in (south, north - bar_m[1])
    )
    if not all(shapely.intersects(outline, box) for box in boxes):
        return extent
    return _extent(land, panel_h / panel_w, foot=_FURNITURE_IN * scale / panel_h)


def _extent(land: Sequence[float], high_per_wide: float, foot: float = 0.0) -> Box:
    """The county with a rim, in a panel of the given shape; room left over goes to the foot.

    Args:
        land: Bounds in metres.
        high_per_wide: The panel's shape.
        foot: Share of the panel's height that stays free below.
    """
    west, south, east, north = land
    wide = max((east - west) * 1.05, (north - south) * 1.05 / (high_per_wide * (1.0 - foot)), 1.0)
    high = wide * high_per_wide
    x, top = (west + east) / 2.0, (south + north) / 2.0 + (north - south) * 0.525
    if high > (north - south) * 1.3:  # much room: the county sits high, but not at the very top
        top += 0.25 * (high - (north - south) * 1.05)
    return (x - wide / 2.0, top - high, x + wide / 2.0, top)


def fractions(box: Sequence[float], sheet: Sequence[float]) -> Box:
    """A box in inches as fractions of the sheet."""
    return (box[0] / sheet[0], box[1] / sheet[1], box[2] / sheet[0], box[3] / sheet[1])


def new_figure(page: Page, title: str) -> Figure:
    """An empty sheet with its title."""
    text = one_line(title)
    figure = Figure(figsize=page.sheet, facecolor="white")
    figure.set_label(text)
    width, height = page.sheet
    room_pt = (width - 2 * page.left) * 72.0
    figure.text(
        page.left / width,
        1.0 - 0.34 * page.scale / height,
        text,
        fontsize=parts.fitting_size_pt(text, 17 * page.scale, room_pt),
        color=parts.INK,
        ha="left",
        va="top",
    )
    return figure


def add_panel(figure: Figure, page: Page, panel: int, label: str) -> Axes:
    """Axes in metres for a panel."""
    ax = figure.add_axes(fractions(page.panels[panel], page.sheet))
    ax.set_label(label)
    ax.set_axis_off()
    ax.set_aspect("equal")
    ax.set(xlim=page.extent[::2], ylim=page.extent[1::2])
    return ax


def draw_heading(ax: Axes, page: Page, title: str, line: str) -> None:
    """What a panel shows, and its figures in a line below."""
    scale = page.scale
    room_pt = page.panels[0][2] * 72.0
    for text, size, colour, up in (
        (title, parts.fitting_size_pt(title, 12.5 * scale, room_pt), parts.INK, 19.0),
        (line, parts.fitting_size_pt(line, 8.4 * scale, room_pt), parts.SOFT_INK, 6.0),
    ):
        ax.annotate(
            text,
            (0, 1),
            xycoords="axes fraction",
            xytext=(0, up * scale),
            textcoords="offset points",
            fontsize=size,
            color=colour,
            ha="left",
            va="baseline",
        )


def draw_furniture(ax: Axes, ground: Ground, page: Page, translate: Translate) -> None:
    """Scale bar and north arrow, where they cover least of the county."""
    scale = page.scale
    m_per_in = page.m_per_pt * 72.0
    wide = page.extent[2] - page.extent[0]
    scale_bar, north = parts.quietest_corners(
        ground.outline,
        page.extent,
        [
            (_BAR_WIDE * wide, _FURNITURE_IN * scale * m_per_in),
            (0.42 * scale * m_per_in, 0.62 * scale * m_per_in),
        ],
    )
    parts.add_scale_bar(ax, scale_bar, translate, size_pt=7.5 * scale)
    parts.add_north_arrow(ax, north, translate, scale=scale)


def note_lines(
    provenance: str, notes: Sequence[str], attribution: str, room_em: float
) -> list[Line]:
    """Lines below the map: what is modelled, what the map shows, whose data it is."""
    lines = [(line, parts.WARN_INK) for line in parts.wrapped(provenance, room_em)]
    lines += [(line, parts.SOFT_INK) for line in parts.wrapped("  ".join(notes), room_em)]
    return lines + [(line, parts.SOFT_INK) for line in parts.wrapped(attribution, room_em)]


def draw_notes(figure: Figure, page: Page, lines: Sequence[Line]) -> None:
    """Write notes at the foot of the sheet, the last one lowest."""
    width, height = page.sheet
    for i, (line, colour) in enumerate(reversed(lines)):
        figure.text(
            page.left / width,
            (_FOOT_RIM_IN * page.scale + i * _NOTE_PT * page.scale * _NOTE_LEADING / 72.0) / height,
            line,
            fontsize=_NOTE_PT * page.scale,
            color=colour,
            ha="left",
            va="bottom",
        )


def beside_seats(ground: Ground, page: Page, *, step_pt: float = 8.5) -> FloatArray:
    """Where to draw the squads, shape (Q, 2): one that shares its seat with a station steps aside.

    A small step goes up; a larger one where the other seats leave most room.
    """
    shown = ground.squad_m.copy()
    step = step_pt * page.scale * page.m_per_pt
    turns = np.radians([90.0, 45.0, 135.0, 0.0, 180.0, 315.0, 225.0, 270.0])
    ways = np.column_stack([np.cos(turns), np.sin(turns)])[: 8 if step_pt > 10.0 else 1]
    for q, place in enumerate(ground.squad_m):
        away = np.hypot(*(ground.seat_m - place).T)
        near = int(away.argmin())
        if away[near] < step:
            others = np.delete(ground.seat_m, near, axis=0)
            places = ground.seat_m[near] + step * ways
            room = [min(np.hypot(*(others - p).T).min(initial=np.inf), 2.0 * step) for p in places]
            shown[q] = places[int(np.argmax(np.round(room, 3)))]
    return shown
