"""The map of visibility: key areas by grade and by presence, today beside the plan."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from geo import map_parts as parts
from geo.colouring import fills
from geo.fonts import map_fonts
from geo.jurisdictions import fates
from geo.map_ground import Ground
from geo.map_legend import Key
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
from geo.maps import MapScene, add_legend, ground_for, heading, scene_lines
from optimizer.frozen import BoolArray, FloatArray, IntArray

GRADE_COLOURS = ("#C8102E", "#E0A000", "#2B6CB0", "#5B6470")
"""Of red, yellow, blue and no grade, the rows of `PresenceMap.grade`."""
_LAND, _IDLE = "#F6F3EC", "#D3CEC4"
ALL = parts.Symbol(
    marker="o", size_pt=8.0, fill=parts.INK, edge="white", edge_pt=0.8,
    label="All presence wanted",
)  # fmt: skip
PART = parts.Symbol(
    marker="o", size_pt=7.0, fill="white", edge=parts.INK, edge_pt=1.8, label="Part of it"
)
NONE = parts.Symbol(
    marker="X", size_pt=7.6, fill=parts.INK, edge="white", edge_pt=0.6, label="Nobody comes"
)
ALONE = replace(parts.RURAL, label="Station")
_STATES = (ALL, PART, NONE)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Panel:
    """Today, or the plan.

    Attributes:
        state: Row in all, part, none of each key area, shape (A,).
        idle: Stations whose unit does not patrol, shape (S,).
        line: Figures under the heading.
    """

    state: IntArray
    idle: BoolArray
    line: str


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PresenceMap:
    """What is drawn beside the county.

    Attributes:
        lon_deg, lat_deg: Of the key areas, shape (A,).
        grade: Row in red, yellow, blue, none, shape (A,).
        grade_texts: Names of those four in the language of the page.
        today, plan: The panels.
        notes: English sentences a reader must know.
    """

    lon_deg: FloatArray
    lat_deg: FloatArray
    grade: IntArray
    grade_texts: tuple[str, str, str, str]
    today: Panel
    plan: Panel
    notes: tuple[str, ...] = ()


def visibility_map(scene: MapScene, shown: PresenceMap) -> Figure:
    """Draw presence at key areas today and under the plan, side by side, at one scale.

    Returns:
        A figure that `geo.maps.write_map` saves; the same scene gives the same bytes.
    """
    with map_fonts():
        t = scene.translate
        ground = ground_for(scene)
        keys = _keys(scene, shown)
        page = page_for(
            ground,
            scene.paper,
            keys,
            lambda em: scene_lines(scene, shown.notes, len(scene.county.stations), em),
            t,
            panels=2,
        )
        at_m = np.column_stack(ground.plane.xy(shown.lon_deg, shown.lat_deg))
        names = place_names(
            scene.county, scene.plan, ground, at_m, extent=page.extent, m_per_pt=page.m_per_pt,
            scale=page.scale,
        )  # fmt: skip
        figure = new_figure(page, scene.title)
        fate = fates(scene.county, scene.plan)
        for is_plan in (False, True):
            ax = add_panel(figure, page, int(is_plan), "plan" if is_plan else "today")
            panel = shown.plan if is_plan else shown.today
            _draw_ground(ax, scene, ground, page, panel, is_plan=is_plan)
            _draw_areas(ax, at_m, shown.grade, panel, page.scale)
            draw_names(ax, names, ground, fate if is_plan else None, scale=page.scale)
            draw_heading(ax, page, heading(scene, is_plan=is_plan), panel.line)
            if not is_plan:
                draw_furniture(ax, ground, page, t)
        add_legend(figure, page, scene, ground, fills(scene.county, scene.plan), keys)
        draw_notes(figure, page, scene_lines(scene, shown.notes, names.hidden, page.note_em))
    return figure


def _keys(scene: MapScene, shown: PresenceMap) -> list[Key]:
    t = scene.translate
    seen = set(shown.today.state.tolist()) | set(shown.plan.state.tolist())
    keys = [Key(symbol=s) for row, s in enumerate(_STATES) if row in seen]
    keys.append(Key(text=t("Grade"), is_heading=True))
    keys += [
        Key(text=text, fill=colour)
        for row, (text, colour) in enumerate(zip(shown.grade_texts, GRADE_COLOURS, strict=True))
        if (shown.grade == row).any()
    ]
    keys.append(Key(text=t("Units"), is_heading=True))
    if any(b.office_ids for b in scene.plan.bundles):
        keys += [Key(symbol=s) for s in (parts.CENTRE, parts.OFFICE)]
    keys.append(Key(symbol=ALONE))
    if shown.today.idle.any() or shown.plan.idle.any():
        keys.append(Key(text=t("No patrol by night"), fill=_IDLE))
    return keys


def _draw_ground(
    ax: Axes, scene: MapScene, ground: Ground, page: Page, panel: Panel, *, is_plan: bool
) -> None:
    """Land, grey where nobody patrols, borders and seats."""
    scale = page.scale
    shapes = ground.plan if is_plan else ground.today
    fill = [_IDLE if idle else _LAND for idle in panel.idle.tolist()]
    parts.fill_areas(ax, shapes, fill, zorder=1)
    if len(ground.roads):
        parts.draw_lines(
            ax, ground.roads, colour=parts.ROAD_INK + "40", width_pt=0.3 * scale, zorder=2
        )
    if is_plan and ground.cells is not None:
        parts.draw_borders(
            ax, ground.today, colour=parts.INNER_INK, width_pt=0.7 * scale, zorder=3, style=":"
        )
    parts.draw_borders(ax, shapes, colour=parts.INK, width_pt=0.8 * scale, zorder=3.2)
    outline: Sequence[Any] = [ground.outline]
    if scene.outline is not None or ground.cells is not None:
        parts.draw_borders(ax, outline, colour=parts.INK, width_pt=1.4 * scale, zorder=3.4)
    fate = np.array(fates(scene.county, scene.plan))
    alone = fate == "stays" if is_plan else np.ones(len(fate), bool)
    ALONE.draw(ax, ground.seat_m[alone], zorder=4.0, scale=0.7 * scale)
    if is_plan:
        parts.OFFICE.draw(ax, ground.seat_m[fate == "police_office"], zorder=4.0, scale=scale)
        parts.CENTRE.draw(ax, ground.seat_m[fate == "centre"], zorder=4.2, scale=scale)


def _draw_areas(ax: Axes, at_m: FloatArray, grade: IntArray, panel: Panel, scale: float) -> None:
    """Key areas: the sign says how much presence, the colour which grade; red lies on top."""
    for state, symbol in enumerate(_STATES):
        for row, colour in reversed(list(enumerate(GRADE_COLOURS))):
            here = (panel.state == state) & (grade == row)
            inked = replace(symbol, edge=colour) if symbol is PART else replace(symbol, fill=colour)
            inked.draw(ax, at_m[here], zorder=6.0 - row / 10.0 + state / 100.0, scale=scale)
