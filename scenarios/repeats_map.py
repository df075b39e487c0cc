"""A map of the places of repeat alerts, at a scale that shows townships and no house."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import shapely
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from geo import map_parts as parts
from geo.fonts import map_fonts, one_line
from geo.plane import as_geometry, plane_at
from optimizer.alert_rules_repeats import GRADES
from optimizer.errors import Translate
from scenarios.load import LoadedCase
from scenarios.provenance import modelled_text
from scenarios.repeats import RepeatRow, RepeatStudy
from scenarios.rhythm_words import grade_text

_COLOURS = {"red": "#c8102e", "yellow": "#f2b705", "blue": "#2b6cb0"}
_LAND, _BORDER = "#f4f2ec", "#9aa3ad"
_SIDE_IN, _MOST_HIGH = 8.0, 1.35


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
        land = _townships(loaded)
        west, south, east, north = (
            shapely.total_bounds(land) if land is not None
            else (x.min() - 500, y.min() - 500, x.max() + 500, y.max() + 500)
        )  # fmt: skip
        high = min(max((north - south) / (east - west), 0.4), _MOST_HIGH)
        figure = Figure(figsize=(_SIDE_IN, _SIDE_IN * high + 1.1), layout="constrained")
        axes = figure.add_subplot()
        if land is not None:
            parts.fill_areas(axes, land, [_LAND] * len(land), zorder=1)
            parts.draw_borders(axes, land, colour=_BORDER, width_pt=0.6, zorder=2)
        for grade in reversed(GRADES):
            own = np.array([r.grade == grade for r in placed])
            size = 26.0 if grade == "red" else 20.0
            axes.scatter(
                x[own], y[own], s=size, color=_COLOURS[grade], edgecolors="white",
                linewidths=0.5, zorder=3 + len(GRADES) - GRADES.index(grade),
            )  # fmt: skip
        axes.set_aspect("equal")
        axes.set_axis_off()
        parts.add_scale_bar(axes, "lower left", _, size_pt=7.5)
        title = f"{study.county_name} · {_('Repeat alerts')} · {study.as_of.isoformat()}"
        figure.suptitle(one_line(title), fontsize=12, x=0.02, ha="left")
        figure.legend(
            handles=[
                Line2D([], [], marker="o", linestyle="none", markersize=6, color=_COLOURS[g],
                       label=one_line(f"{grade_text(g, _)} ({study.graded(g)})"))
                for g in GRADES
            ],
            loc="outside lower left", ncols=3, fontsize=8, frameon=False,
        )  # fmt: skip
        _foot(figure, loaded, _)
    return figure


def _townships(loaded: LoadedCase) -> np.ndarray[tuple[int], np.dtype[np.object_]] | None:
    """Townships on the plane; None where cells are points."""
    if loaded.cell_geometry is None:
        return None
    cells = loaded.county.cells
    plane = plane_at(cells.lon_deg, cells.lat_deg)
    shapes = plane.project(as_geometry(loaded.cell_geometry))
    names = np.array(cells.township, dtype=object)
    joined = [shapely.union_all(shapes[names == t]) for t in sorted(set(cells.township))]
    return np.array(joined, dtype=object)


def _foot(figure: Figure, loaded: LoadedCase, _: Translate) -> None:
    modelled = modelled_text(loaded.county.provenance, _)
    text = _("Places are counted and graded, never people.")
    if modelled:
        text += " " + _("Modelled: {items}").format(items=modelled)
    figure.supxlabel(one_line(text), fontsize=7, color=parts.SOFT_INK, x=0.02, ha="left")
