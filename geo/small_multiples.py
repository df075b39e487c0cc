"""Small multiples: several plans of one county on one page, drawn alike.

Every panel has the same scale and the same signs as the redistricting map; names are left to that
map. Fill colours tell neighbours apart; a station, and the bundle around it, has one colour in all
panels.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.figure import Figure

from geo import map_parts as parts
from geo.colouring import Fills, fills_alike
from geo.fonts import map_fonts, one_line
from geo.jurisdictions import fates
from geo.map_legend import draw_legend, legend_keys
from geo.maps import MapScene, draw_land, draw_symbols, ground_for

_SHEET_IN = (11.69, 8.27)
_MARGIN_IN, _GAP_IN, _HEAD_IN, _TITLE_IN = 0.4, 0.18, 0.42, 0.6
_LEGEND_COLUMNS = 5
_LINE_IN = 0.19
_NOTE_PT = 7.4
_SMALLEST_SCALE = 0.35
_SCALE_IN = 0.28
"""Strip below the land of each panel; the first one's holds the scale bar."""


def small_multiples(scenes: Sequence[MapScene], headings: Sequence[str]) -> Figure:
    """Draw the plan of each scene in a panel of its own, all at one scale.

    Args:
        scenes: One or more, of one county; title, language and attribution are the first's.
        headings: One per panel.

    Returns:
        A figure that `geo.maps.write_map` saves.

    Raises:
        ValueError: no scene, or another number of headings.
    """
    if not scenes or len(scenes) != len(headings):
        raise ValueError(f"{len(headings)} headings for {len(scenes)} scenes")
    first = scenes[0]
    with map_fonts():
        grounds = [ground_for(s) for s in scenes]
        bounds = np.array([g.outline.bounds for g in grounds])
        seats = np.concatenate([g.seat_m for g in grounds])
        west, south = np.minimum(bounds[:, :2].min(axis=0), seats.min(axis=0))
        east, north = np.maximum(bounds[:, 2:].max(axis=0), seats.max(axis=0))
        wide, high = max(east - west, 1.0) * 1.05, max(north - south, 1.0) * 1.05
        legends = [legend_keys(s.county, s.plan, g) for s, g in zip(scenes, grounds, strict=True)]
        richest = max(range(len(scenes)), key=lambda i: len(legends[i]))
        keys = legends[richest]
        notes = _notes(first)
        foot = 0.3 + _LINE_IN * (-(-len(keys) // _LEGEND_COLUMNS)) + 0.14 * len(notes)
        room = (_SHEET_IN[0] - 2 * _MARGIN_IN, _SHEET_IN[1] - _TITLE_IN - foot - _MARGIN_IN / 2)
        columns = _columns(len(scenes), room, float(high / wide))
        rows = -(-len(scenes) // columns)
        panel_w = (room[0] - _GAP_IN * (columns - 1)) / columns
        panel_h = room[1] / rows - _HEAD_IN
        inch_per_m = min(panel_w / wide, (panel_h - _SCALE_IN) / high)
        scale = max(_SMALLEST_SCALE, min(0.9, wide * inch_per_m / 5.2))
        centre = ((west + east) / 2, (south + north) / 2)
        half = (panel_w / inch_per_m / 2, (panel_h - _SCALE_IN) / inch_per_m / 2)
        figure = Figure(figsize=_SHEET_IN, facecolor="white")
        figure.set_label(one_line(first.title))
        coloured = fills_alike([(s.county, s.plan) for s in scenes])
        for i, (scene, ground, colour) in enumerate(zip(scenes, grounds, coloured, strict=True)):
            left = _MARGIN_IN + (i % columns) * (panel_w + _GAP_IN)
            bottom = _SHEET_IN[1] - _TITLE_IN - (i // columns + 1) * (room[1] / rows)
            ax = figure.add_axes(
                (
                    left / _SHEET_IN[0],
                    bottom / _SHEET_IN[1],
                    panel_w / _SHEET_IN[0],
                    panel_h / _SHEET_IN[1],
                )
            )
            ax.set_label(f"panel {i + 1}")
            ax.set_axis_off()
            ax.set_aspect("equal")
            ax.set(
                xlim=(centre[0] - half[0], centre[0] + half[0]),
                ylim=(centre[1] - half[1] - _SCALE_IN / inch_per_m, centre[1] + half[1]),
            )
            draw_land(ax, scene, ground, colour, scale, is_plan=True)
            draw_symbols(ax, scene, ground, ground.squad_m, scale, is_plan=True)
            text = one_line(headings[i])
            ax.annotate(
                text,
                (0, 1),
                xycoords="axes fraction",
                xytext=(0, 6),
                textcoords="offset points",
                fontsize=parts.fitting_size_pt(text, 10.5, panel_w * 72.0),
                color=parts.INK,
            )
            if i == 0:
                parts.add_scale_bar(ax, "lower left", scene.translate, size_pt=6.5)
        _draw_margins(figure, first, notes)
        legend = figure.add_axes(_legend_box(foot, len(notes)), label="legend")
        draw_legend(
            legend,
            keys,
            jurisdiction_fill=coloured[richest].station[0],
            bundle_fill=_bundle_fill(scenes[richest], coloured[richest]),
            columns=_LEGEND_COLUMNS,
            scale=0.85,
            translate=first.translate,
        )
    return figure


def _legend_box(foot_in: float, notes: int) -> tuple[float, float, float, float]:
    """Left, bottom, width and height of the legend as fractions of the sheet."""
    wide, high = _SHEET_IN
    below = 0.2 + 0.14 * notes
    return (_MARGIN_IN / wide, below / high, 1 - 2 * _MARGIN_IN / wide, (foot_in - below) / high)


def _columns(panels: int, room: tuple[float, float], high_per_wide: float) -> int:
    """The number of columns that leaves the county largest."""

    def size(columns: int) -> float:
        rows = -(-panels // columns)
        width = (room[0] - _GAP_IN * (columns - 1)) / columns
        height = room[1] / rows - _HEAD_IN - _SCALE_IN
        return min(width, height / high_per_wide)

    return max(range(1, panels + 1), key=size)


def _bundle_fill(scene: MapScene, colour: Fills) -> str:
    fate = fates(scene.county, scene.plan)
    return colour.plan[fate.index("centre")] if "centre" in fate else "none"


def _notes(scene: MapScene) -> list[tuple[str, str]]:
    """Lines below the map: what is modelled, whose data it is."""
    room_em = (_SHEET_IN[0] - 2 * _MARGIN_IN) * 72.0 / _NOTE_PT
    lines = [(line, parts.WARN_INK) for line in parts.wrapped(scene.provenance_line, room_em)]
    return lines + [(line, parts.SOFT_INK) for line in parts.wrapped(scene.attribution, room_em)]


def _draw_margins(figure: Figure, scene: MapScene, notes: Sequence[tuple[str, str]]) -> None:
    title = one_line(scene.title)
    room_pt = (_SHEET_IN[0] - 2 * _MARGIN_IN) * 72.0
    figure.text(
        _MARGIN_IN / _SHEET_IN[0],
        1.0 - 0.3 / _SHEET_IN[1],
        title,
        fontsize=parts.fitting_size_pt(title, 15.0, room_pt),
        color=parts.INK,
        va="top",
    )
    for i, (line, colour) in enumerate(reversed(notes)):
        figure.text(
            _MARGIN_IN / _SHEET_IN[0],
            (0.16 + 0.14 * i) / _SHEET_IN[1],
            line,
            fontsize=_NOTE_PT,
            color=colour,
            va="bottom",
        )
