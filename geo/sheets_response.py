"""Response minutes on maps: today, in the plan, and the change, in classes of one scale."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import shapely
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from geo import map_parts as parts
from geo.colouring import fills
from geo.fonts import map_fonts
from geo.jurisdictions import GeometryArray, fates
from geo.map_ground import Ground
from geo.map_legend import Key, legend_keys
from geo.map_names import draw_names, place_names
from geo.map_page import (
    Line,
    Page,
    add_panel,
    beside_seats,
    draw_furniture,
    draw_heading,
    draw_notes,
    new_figure,
    page_for,
)
from geo.maps import MANY_CELLS, MapScene, add_legend, ground_for, scene_lines
from optimizer.frozen import FloatArray, IntArray

UP_TO_MIN = (5.0, 10.0, 15.0, 20.0, 30.0)
"""Upper ends of the classes of minutes; the last class is open."""
MINUTE_FILLS = ("#FFFFD9", "#D3EEB3", "#7FCDBB", "#41A9C4", "#2A6EB0", "#172A75")
"""Sequential, after ColorBrewer's YlGnBu (Apache 2.0): lightness alone tells the order."""
CHANGE_EDGES_MIN = (-10.0, -5.0, -1.0, 1.0, 5.0, 10.0)
"""Ends of the classes of change, the same on both sides of zero."""
CHANGE_FILLS = (
    "#542788", "#8F80BC", "#CBC6E2", "#F4F4F2", "#FBD08F", "#E8902F", "#A34A06",
)  # fmt: skip
"""Diverging, after ColorBrewer's PuOr: violet is faster, orange slower."""
UNREACHABLE_FILL = "#C9CBCE"
_RESPONSE_SAYS = "Minutes from the alert to arrival: turn-out and the way by road, without waiting."


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class CellMinutes:
    """Minutes from alert to arrival in each cell, shape (C,); inf = not reachable by road."""

    today_min: FloatArray
    plan_min: FloatArray

    @property
    def change_min(self) -> FloatArray:
        """Plan minus today; inf where the plan's station cannot reach the cell."""
        return np.where(np.isfinite(self.plan_min), self.plan_min - self.today_min, np.inf)


def cell_minutes(scene: MapScene, ground: Ground, turnout_min: float) -> CellMinutes:
    """Response minutes of every cell from the station responsible today and in the plan."""
    county = scene.county
    own, cell = county.cells.station, np.arange(len(county.cells))
    return CellMinutes(
        today_min=turnout_min + county.travel_time_min[own, cell],
        plan_min=turnout_min + county.travel_time_min[ground.centre[own], cell],
    )


def minute_classes(response_min: FloatArray) -> IntArray:
    """Class of each value, a row of `MINUTE_FILLS`; -1 = not reachable."""
    found = np.searchsorted(np.array(UP_TO_MIN), response_min, side="left")
    return np.where(np.isfinite(response_min), found, -1)


def change_classes(change_min: FloatArray) -> IntArray:
    """Class of each change, a row of `CHANGE_FILLS`; -1 = no longer reachable.

    The class round zero holds both its ends; every other holds the end away from zero.
    """
    edges = np.array(CHANGE_EDGES_MIN)
    half = len(edges) // 2
    slower = half + np.searchsorted(edges[half:], change_min, side="left")
    faster = half - np.searchsorted(-edges[:half][::-1], -change_min, side="left")
    return np.where(np.isfinite(change_min), np.where(change_min > 0, slower, faster), -1)


def response_sheet(scene: MapScene, turnout_min: float, ground: Ground | None = None) -> Figure:
    """Response minutes before and after on one scale of classes, and the change.

    Args:
        scene: What to draw.
        turnout_min: Minutes from alert to wheels rolling.
        ground: From `geo.maps.ground_for`, where several sheets share it.
    """
    with map_fonts():
        ground = ground_for(scene) if ground is None else ground
        minutes = cell_minutes(scene, ground, turnout_min)
        before, after = minute_classes(minutes.today_min), minute_classes(minutes.plan_min)
        change = change_classes(minutes.change_min)
        keys = _keys(scene, ground, np.concatenate([before, after]), change)
        page = page_for(
            ground,
            scene.paper,
            keys,
            lambda em: _lines(scene, len(scene.county.stations), em),
            scene.translate,
            panels=3,
        )
        squad_m = beside_seats(ground, page)
        names = place_names(
            scene.county,
            scene.plan,
            ground,
            squad_m[:0],
            extent=page.extent,
            m_per_pt=page.m_per_pt,
            scale=page.name_scale,
        )
        fate = fates(scene.county, scene.plan)
        figure = new_figure(page, scene.title)
        t = scene.translate
        panels = (
            ("today", t("Response today"), before, MINUTE_FILLS),
            ("plan", t("Response in the plan"), after, MINUTE_FILLS),
            ("change", t("Change of response"), change, CHANGE_FILLS),
        )
        for i, (label, title, classes, colours) in enumerate(panels):
            ax = add_panel(figure, page, i, label)
            is_plan = i > 0
            _draw_classes(ax, scene, ground, classes, colours, page)
            _draw_borders(ax, ground, scene, page, is_plan=is_plan)
            _draw_seats(ax, scene, ground, page, is_plan=is_plan)
            draw_names(ax, names, ground, fate if is_plan else None, scale=page.name_scale)
            draw_heading(ax, page, title, _figures(scene, minutes, label))
            if not i:
                draw_furniture(ax, ground, page, t)
        add_legend(figure, page, scene, ground, fills(scene.county, scene.plan), keys)
        draw_notes(figure, page, _lines(scene, names.hidden, page.note_em))
    return figure


def _lines(scene: MapScene, names_hidden: int, room_em: float) -> list[Line]:
    return scene_lines(scene, [_RESPONSE_SAYS], names_hidden, room_em, has_hulls=False)


def _draw_classes(
    ax: Axes,
    scene: MapScene,
    ground: Ground,
    classes: IntArray,
    colours: Sequence[str],
    page: Page,
) -> None:
    """Fill the cells, one path a class; hatch those that cannot be reached."""
    scale = page.scale
    if ground.cells is None:
        fill = np.array([*colours, UNREACHABLE_FILL])[classes]
        ax.scatter(
            ground.cell_m[:, 0],
            ground.cell_m[:, 1],
            s=(5.6 * scale) ** 2,
            c=fill.tolist(),
            edgecolor=parts.SOFT_INK,
            linewidth=0.4 * scale,
            zorder=1,
        )
        lost = classes == -1
        if lost.any():
            parts.CROSS.draw(ax, ground.cell_m[lost], zorder=1.1, scale=scale)
        return
    drawn = ~shapely.is_missing(ground.cells)
    present = [int(k) for k in np.unique(classes[drawn])]
    groups: GeometryArray = np.full(len(present), None, dtype=object)
    for i, k in enumerate(present):
        groups[i] = shapely.multipolygons(shapely.get_parts(ground.cells[drawn & (classes == k)]))
    # Neighbouring cells meet under a hair of their own colour, or white would shine through.
    parts.fill_areas(
        ax,
        groups,
        [UNREACHABLE_FILL if k < 0 else colours[k] for k in present],
        zorder=1,
        rim_pt=0.3 * scale,
    )
    lost_cells = ground.cells[drawn & (classes == -1)]
    if len(lost_cells):
        step_m = parts.HATCH_PT * scale * page.m_per_pt
        parts.draw_lines(
            ax,
            parts.hatch_lines(shapely.union_all(lost_cells), step_m),
            colour=parts.INK,
            width_pt=parts.HATCH_WIDTH_PT * scale,
            zorder=1.5,
        )
    if len(ground.cells) <= MANY_CELLS:
        parts.draw_borders(ax, ground.cells, colour="#FFFFFF90", width_pt=0.3 * scale, zorder=2)


def _draw_borders(ax: Axes, ground: Ground, scene: MapScene, page: Page, *, is_plan: bool) -> None:
    if ground.cells is not None:
        shapes = ground.plan if is_plan else ground.today
        # White under black, so that the border shows on the darkest class too.
        for colour, width in (("#FFFFFFC0", 1.7), (parts.INK, 0.8)):
            parts.draw_borders(ax, shapes, colour=colour, width_pt=width * page.scale, zorder=3.2)
    if scene.outline is not None or ground.cells is not None:
        parts.draw_borders(
            ax, [ground.outline], colour=parts.INK, width_pt=1.2 * page.scale, zorder=3.4
        )


def _draw_seats(ax: Axes, scene: MapScene, ground: Ground, page: Page, *, is_plan: bool) -> None:
    """Stations only: squads answer no alerts."""
    scale = page.name_scale
    seat = ground.seat_m
    fate = np.array(fates(scene.county, scene.plan) if is_plan else ["stays"] * len(seat))
    urban = scene.county.stations.is_urban
    stays = fate == "stays"
    parts.OFFICE.draw(ax, seat[fate == "police_office"], zorder=5.2, scale=scale)
    parts.CENTRE.draw(ax, seat[fate == "centre"], zorder=5.4, scale=scale)
    parts.URBAN.draw(ax, seat[stays & urban], zorder=5.3, scale=scale)
    parts.RURAL.draw(ax, seat[stays & ~urban], zorder=5.3, scale=scale)


def _keys(scene: MapScene, ground: Ground, minutes: IntArray, change: IntArray) -> list[Key]:
    """Symbols, then the classes that occur, each scale under its heading."""
    t = scene.translate
    shown = (parts.URBAN, parts.RURAL, parts.CENTRE, parts.OFFICE)
    keys = [k for k in legend_keys(scene.county, scene.plan, ground) if k.symbol in shown]
    keys.append(Key(label="Response", is_heading=True))
    for k in sorted(set(minutes.tolist()) - {-1}):
        keys.append(Key(text=_minutes_text(scene, k), fill=MINUTE_FILLS[k]))
    keys.append(Key(label="Change", is_heading=True))
    for k in sorted(set(change.tolist()) - {-1}):
        keys.append(Key(text=_change_text(scene, k), fill=CHANGE_FILLS[k]))
    if -1 in change:
        keys.append(Key(text=t("Not reachable by road"), fill=UNREACHABLE_FILL, hatched=True))
    return keys


def _minutes_text(scene: MapScene, k: int) -> str:
    t = scene.translate
    if k == 0:
        return t("up to {minutes:g} min").format(minutes=UP_TO_MIN[0])
    if k == len(UP_TO_MIN):
        return t("over {minutes:g} min").format(minutes=UP_TO_MIN[-1])
    return t("{low:g}–{high:g} min").format(low=UP_TO_MIN[k - 1], high=UP_TO_MIN[k])


def _change_text(scene: MapScene, k: int) -> str:
    t = scene.translate
    same = len(CHANGE_EDGES_MIN) // 2
    if k == same:
        return t("within {minutes:g} min of today").format(minutes=CHANGE_EDGES_MIN[same])
    step = k - same if k > same else same - k
    ends = CHANGE_EDGES_MIN[same:]
    if step == len(ends):
        text = t("over {minutes:g} min slower") if k > same else t("over {minutes:g} min faster")
        return text.format(minutes=ends[-1])
    text = t("{low:g}–{high:g} min slower") if k > same else t("{low:g}–{high:g} min faster")
    return text.format(low=ends[step - 1], high=ends[step])


def _figures(scene: MapScene, minutes: CellMinutes, panel: str) -> str:
    """The panel in two figures: the mean over alerts, and the slowest cell or largest change."""
    t = scene.translate
    alerts = scene.county.cells.alerts_per_year.sum(axis=1)
    today, plan = minutes.today_min, minutes.plan_min
    reached = np.isfinite(plan)
    weight = np.where(reached, alerts, 0.0)

    def mean(values: FloatArray) -> float:
        counted = np.where(weight > 0, values, 0.0)
        return float((weight * counted).sum() / weight.sum()) if weight.sum() > 0 else 0.0

    if panel == "change":
        change = np.where(reached, minutes.change_min, 0.0)
        slower = int((change_classes(change) > len(CHANGE_EDGES_MIN) // 2).sum())
        said = [
            t("mean {minutes:+.1f} min").format(minutes=mean(plan) - mean(today)),
            t("slower in {n} of {total} cells").format(n=slower, total=len(change)),
        ]
    else:
        values = today if panel == "today" else plan
        said = [
            t("mean {minutes:.1f} min").format(minutes=mean(values)),
            t("slowest cell {minutes:.0f} min").format(minutes=values[reached].max(initial=0.0)),
        ]
    return " · ".join(said)
