"""A map of the places of repeat alerts, at a scale that shows townships and no house."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import shapely
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patheffects import withStroke

from geo import map_parts as parts
from geo.fonts import map_fonts, one_line
from geo.plane import GeometryArray, as_geometry, plane_at
from optimizer.alert_rules_repeats import GRADES
from optimizer.errors import Translate
from scenarios.load import LoadedCase
from scenarios.provenance import modelled_text
from scenarios.repeats import RepeatRow, RepeatStudy
from scenarios.rhythm_words import grade_text

_COLOURS = {"red": "#c8102e", "yellow": "#f2b705", "blue": "#2b6cb0"}
_LAND, _BORDER = "#f4f2ec", "#9aa3ad"
_SIDE_IN, _MOST_HIGH_IN = 8.0, 9.5
_EDGE_IN, _HEAD_IN, _FOOT_IN = 0.25, 0.5, 0.62
_MOST_NAMES = 60


def repeats_map(
    study: RepeatStudy, rows: Sequence[RepeatRow], loaded: LoadedCase, _: Translate
) -> Figure | None:
    """The places on the county's townships; None where no place has a point.

    Args:
        study: The study.
        rows: Its places to draw; the most urgent lie on top.
        loaded: The case.
        _: Translation.
    """
    placed = [row for row in rows if np.isfinite(row.lon_deg)]
    if not placed:
        return None
    cells = loaded.county.cells
    plane = plane_at(cells.lon_deg, cells.lat_deg)
    x, y = plane.xy(np.array([r.lon_deg for r in placed]), np.array([r.lat_deg for r in placed]))
    with map_fonts():
        land, names = _townships(loaded)
        bounds = (
            shapely.total_bounds(land)
            if len(land)
            else (x.min() - 500, y.min() - 500, x.max() + 500, y.max() + 500)
        )
        figure, axes = _page(bounds)
        parts.fill_areas(axes, land, [_LAND] * len(land), zorder=1)
        parts.draw_borders(axes, land, colour=_BORDER, width_pt=0.6, zorder=2)
        _names(axes, land, names)
        for grade in reversed(GRADES):
            own = np.array([r.grade == grade for r in placed])
            axes.scatter(
                x[own], y[own], s=34.0 if grade == "red" else 24.0, color=_COLOURS[grade],
                edgecolors="white", linewidths=0.6,
                zorder=4 + len(GRADES) - GRADES.index(grade),
            )  # fmt: skip
        parts.add_scale_bar(axes, "lower left", _, size_pt=7.5)
        title = f"{study.county_name} · {_('Repeat alerts')} · {study.as_of.isoformat()}"
        _margins(figure, title, study, rows, _)
    return figure


def _page(bounds: Sequence[float]) -> tuple[Figure, Axes]:
    """A sheet with room for the title above and for legend and note below the land."""
    west, south, east, north = bounds
    pad = 0.03 * max(east - west, north - south)
    south -= 2 * pad  # for the scale bar
    wide, tall = east - west + 2 * pad, north - south + 2 * pad
    land_in = min(_SIDE_IN, _MOST_HIGH_IN * wide / tall)
    high_in = land_in * tall / wide
    sheet = (_SIDE_IN + 2 * _EDGE_IN, high_in + _HEAD_IN + _FOOT_IN)
    figure = Figure(figsize=sheet)
    left = (sheet[0] - land_in) / 2
    axes = figure.add_axes(
        (left / sheet[0], _FOOT_IN / sheet[1], land_in / sheet[0], high_in / sheet[1])
    )
    axes.set(xlim=(west - pad, east + pad), ylim=(south - pad, north + pad))
    axes.set_aspect("equal")
    axes.set_axis_off()
    return figure, axes


def _names(axes: Axes, land: GeometryArray, names: Sequence[str]) -> None:
    if len(names) > _MOST_NAMES:
        return
    for shape, name in zip(land, names, strict=True):
        at = shapely.point_on_surface(shape)
        axes.text(
            at.x, at.y, one_line(name), fontsize=6.5, color=parts.SOFT_INK, ha="center",
            va="center", zorder=9, path_effects=[withStroke(linewidth=1.8, foreground="white")],
        )  # fmt: skip


def _margins(
    figure: Figure, title: str, study: RepeatStudy, rows: Sequence[RepeatRow], _: Translate
) -> None:
    """Title, legend and what is modelled."""
    wide, high = figure.get_size_inches()
    left = _EDGE_IN / wide
    figure.text(left, 1 - 0.6 * _HEAD_IN / high, one_line(title), fontsize=12)
    figure.legend(
        handles=[
            Line2D([], [], marker="o", linestyle="none", markersize=6, color=_COLOURS[g],
                   label=one_line(f"{grade_text(g, _)} ({sum(r.grade == g for r in rows)})"))
            for g in GRADES
        ],
        loc="upper left", bbox_to_anchor=(left, _FOOT_IN / high), ncols=3, fontsize=8,
        frameon=False, borderaxespad=0.2,
    )  # fmt: skip
    text = _("Places are counted and graded, never people.")
    if modelled := modelled_text(study.provenance, _):
        text += " " + _("Modelled: {items}").format(items=modelled)
    figure.text(left, 0.12 / high, one_line(text), fontsize=7, color=parts.SOFT_INK)


def _townships(loaded: LoadedCase) -> tuple[GeometryArray, list[str]]:
    """Townships on the plane, and their names; none where cells are points."""
    if loaded.cell_geometry is None:
        return as_geometry([]), []
    cells = loaded.county.cells
    plane = plane_at(cells.lon_deg, cells.lat_deg)
    shapes = plane.project(as_geometry(loaded.cell_geometry))
    names = np.array(cells.township, dtype=object)
    every = sorted(set(cells.township))
    return as_geometry([shapely.union_all(shapes[names == t]) for t in every]), every
