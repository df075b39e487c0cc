"""The frontier: what freeing officers costs in response minutes, over a sequence of plans."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties
from matplotlib.ticker import MaxNLocator

from geo import map_parts as parts
from geo.fonts import map_fonts, one_line
from geo.labels import place_labels
from geo.map_legend import Key, draw_legend
from geo.map_page import (
    Line,
    Page,
    draw_heading,
    draw_notes,
    fractions,
    new_figure,
    note_lines,
    plain_page,
)
from geo.maps import MapScene
from optimizer.frozen import FloatArray

_PLAN = parts.Symbol(
    marker="o", size_pt=6.4, fill="#2A6EB0", edge="white", edge_pt=0.7, label="Plan"
)
_DOMINATED = parts.Symbol(
    marker="o",
    size_pt=5.6,
    fill="white",
    edge="#8A9099",
    edge_pt=1.0,
    label="Another plan is better",
)
_TODAY = parts.Symbol(
    marker="s", size_pt=7.4, fill=parts.INK, edge="white", edge_pt=0.8, label="Today"
)
_PUBLISHED = parts.Symbol(
    marker="D",
    size_pt=7.6,
    fill="#E8902F",
    edge="white",
    edge_pt=0.8,
    label="Best plan under the published counts",
)
_CHOSEN = parts.Symbol(
    marker="*", size_pt=14.5, fill="#B3001B", edge="white", edge_pt=0.8, label="This plan"
)
_KNEE = parts.Symbol(
    marker="^", size_pt=9.5, fill="#3C8D5A", edge="white", edge_pt=0.8, label="Knee"
)
_STEP_INK = "#2A6EB0"
_LABEL_PT = 8.2
_MARGIN = 0.03
_SAYS = "Lower right is better: more officers freed, fewer minutes."


@dataclass(frozen=True, slots=True, kw_only=True)
class FrontierPoint:
    """One plan on the frontier's sheet.

    Attributes:
        label: Its name, in the language of the page; empty = it is not named.
        officers_freed: Officers freed against today.
        mean_response_min: Mean response minutes over all alerts.
        is_today: It is today's deployment.
        is_published: It is the best plan under the published counts.
        is_chosen: It is the plan of the run.
        is_knee: From here on officers cost more minutes than before, on the whole.
        dominated: Another point frees as many officers or more with no more minutes, and is better
            in one of the two.
    """

    label: str
    officers_freed: float
    mean_response_min: float
    is_today: bool = False
    is_published: bool = False
    is_chosen: bool = False
    is_knee: bool = False
    dominated: bool = False

    @property
    def symbol(self) -> parts.Symbol:
        """Its sign: what it is counts for more than where it lies."""
        if self.is_chosen:
            return _CHOSEN
        if self.is_today:
            return _TODAY
        if self.is_published:
            return _PUBLISHED
        if self.is_knee:
            return _KNEE
        return _DOMINATED if self.dominated else _PLAN


def mark_dominated(points: Sequence[FrontierPoint]) -> tuple[FrontierPoint, ...]:
    """The points with `dominated` worked out."""

    def is_worse(one: FrontierPoint) -> bool:
        return any(
            other.officers_freed >= one.officers_freed
            and other.mean_response_min <= one.mean_response_min
            and (other.officers_freed, other.mean_response_min)
            != (one.officers_freed, one.mean_response_min)
            for other in points
        )

    return tuple(replace(p, dominated=is_worse(p)) for p in points)


def frontier_sheet(scene: MapScene, points: Sequence[FrontierPoint]) -> Figure:
    """Officers freed against extra response minutes, and the step line of the undominated.

    Args:
        scene: Title, language, paper and what must be said of the data; no map is drawn.
        points: Plans, with today's among them or not; minutes count from today's if it is there,
            else from the lowest.

    Raises:
        ValueError: no point.
    """
    if not points:
        raise ValueError("a frontier needs at least one point")
    t = scene.translate
    today = [p.mean_response_min for p in points if p.is_today]
    base_min = today[0] if today else min(p.mean_response_min for p in points)
    xy = np.array([[p.officers_freed, p.mean_response_min - base_min] for p in points])
    keys = _keys(points)
    with map_fonts():
        page = plain_page(scene.paper, keys, lambda em: _lines(scene, 1, em), t)
        figure = new_figure(page, scene.title)
        ax = figure.add_axes(fractions(page.panels[0], page.sheet), label="frontier")
        _frame(ax, scene, page, xy, bool(today))
        line = step_line(points, base_min)
        ax.plot(
            *line.T,
            color=_STEP_INK,
            linewidth=1.4 * page.scale,
            drawstyle="default",
            zorder=3,
            solid_joinstyle="miter",
        )
        for zorder, kind in enumerate((_DOMINATED, _PLAN, _KNEE, _PUBLISHED, _TODAY, _CHOSEN), 5):
            of_kind = np.array([p.symbol is kind for p in points])
            kind.draw(ax, xy[of_kind], zorder=zorder, scale=page.scale)
        hidden = _label(ax, page, points, xy, line)
        draw_heading(ax, page, t("Officers freed and what they cost"), _count_text(scene, points))
        legend = figure.add_axes(fractions(page.legend, page.sheet), label="legend")
        draw_legend(
            legend,
            keys,
            jurisdiction_fill="none",
            bundle_fill="none",
            columns=page.legend_columns,
            scale=page.scale,
            translate=t,
        )
        draw_notes(figure, page, _lines(scene, hidden, page.note_em))
    return figure


def step_line(points: Sequence[FrontierPoint], base_min: float) -> FloatArray:
    """The least extra minutes at which so many officers can be freed, as corners, shape (n, 2).

    Only points that are not dominated make corners: the line rises where the next one begins.
    """
    kept = sorted(
        {(p.officers_freed, p.mean_response_min - base_min) for p in points if not p.dominated}
    )
    corners: list[tuple[float, float]] = []
    for freed, extra in kept:
        if corners:
            corners.append((corners[-1][0], extra))
        corners.append((freed, extra))
    return np.array(corners).reshape(-1, 2)


def _keys(points: Sequence[FrontierPoint]) -> list[Key]:
    there = {p.symbol for p in points}
    order = (_TODAY, _CHOSEN, _PUBLISHED, _KNEE, _PLAN, _DOMINATED)
    keys = [Key(symbol=s) for s in order if s in there]
    if sum(not p.dominated for p in points) > 1:
        keys.append(Key(label="Best found", line=(_STEP_INK, 1.4, "-")))
    return keys


def _frame(ax: Axes, scene: MapScene, page: Page, xy: FloatArray, from_today: bool) -> None:
    """Axes from 0, with room for labels, light grid lines and what they count."""
    t, scale = scene.translate, page.scale
    low, high = xy.min(axis=0), xy.max(axis=0)
    rim = np.maximum((high - low) * np.array([0.1, 0.14]), [0.5, 0.05])
    # Below 0 there is nothing but half a symbol.
    low = np.where(low >= 0.0, -_MARGIN * (high + rim), low - rim)
    ax.set(xlim=(low[0], high[0] + rim[0]), ylim=(low[1], high[1] + rim[1]))
    for axis in (ax.xaxis, ax.yaxis):
        axis.set_major_locator(MaxNLocator(8))
    ax.tick_params(labelsize=8.0 * scale, colors=parts.SOFT_INK, length=3.0 * scale, width=0.6)
    ax.grid(color="#E3E6EA", linewidth=0.6 * scale, zorder=0)
    ax.set_axisbelow(True)
    for side in ("top", "right"):
        ax.spines[side].set_visible(False)
    for side in ("left", "bottom"):
        ax.spines[side].set(color=parts.SOFT_INK, linewidth=0.8 * scale)
    minutes = (
        t("Extra response minutes, mean over all alerts, against today")
        if from_today
        else t("Extra response minutes, mean over all alerts")
    )
    ax.set_xlabel(t("Officers freed"), fontsize=9.0 * scale, color=parts.INK)
    ax.set_ylabel(minutes, fontsize=9.0 * scale, color=parts.INK)


def _label(
    ax: Axes, page: Page, points: Sequence[FrontierPoint], xy: FloatArray, line: FloatArray
) -> int:
    """Name the points, the marked ones first; how many names found no room."""
    font = FontProperties(size=_LABEL_PT * page.scale)
    texts = [one_line(p.label) for p in points]
    limits = np.array([ax.get_xlim(), ax.get_ylim()])
    room_pt = np.array(page.panels[0][2:]) * 72.0
    per_pt = np.ptp(limits, axis=1) / room_pt
    at = (xy - limits[:, 0]) / per_pt
    corners = (line - limits[:, 0]) / per_pt
    reach = np.array([p.symbol.size_pt / 2.0 * page.scale for p in points])[:, None]
    marked = [p.is_today or p.is_chosen or p.is_published or p.is_knee for p in points]
    placed = place_labels(
        at,
        np.array(
            [[parts.text_width_pt(x, font) + 2.0, _LABEL_PT * page.scale * 1.15] for x in texts]
        ),
        clear=reach[:, 0] + 1.5,
        symbols=np.hstack([at - reach, at + reach]),
        lines=np.hstack([corners[:-1], corners[1:]]),
        bounds=(0.0, 0.0, float(room_pt[0]), float(room_pt[1])),
        rank=[0 if m else 2 if p.dominated else 1 for m, p in zip(marked, points, strict=True)],
    )
    named = np.array([bool(x) for x in texts])
    for i in np.flatnonzero(placed.shown & named).tolist():
        left, bottom, _, top = placed.box[i].tolist()
        base = (bottom + top) / 2.0 - 0.37 * _LABEL_PT * page.scale
        x, y = np.array([left + 1.0, base]) * per_pt + limits[:, 0]
        ax.text(
            x,
            y,
            texts[i],
            fontproperties=font,
            color=parts.INK if marked[i] else parts.SOFT_INK,
            ha="left",
            va="baseline",
            zorder=12,
        )
    return int((~placed.shown & named).sum())


def _lines(scene: MapScene, hidden: int, room_em: float) -> list[Line]:
    t = scene.translate
    notes = [t(_SAYS)]
    if hidden:
        notes.append(t("Names left out for lack of room: {n}").format(n=hidden))
    return note_lines(scene.provenance_line, notes, scene.attribution, room_em)


def _count_text(scene: MapScene, points: Sequence[FrontierPoint]) -> str:
    t = scene.translate
    plans = [p for p in points if not p.is_today]
    best = sum(not p.dominated for p in plans)
    found = [(t("Plans compared"), len(plans)), (t("Not bettered"), best)]
    return " · ".join(t("{what}: {n}").format(what=w, n=n) for w, n in found)
