"""A province at a glance: every county's bundles on one sheet.

One map where the counties lie together; where they lie so far apart that each would be a speck, a
panel for each at a scale of its own. Metres are those of a plane that keeps lengths at the middle
latitude: enough for a sheet on which nobody measures.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import shapely
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patheffects import withStroke

from geo import map_parts as parts
from geo.colouring import fills
from geo.fonts import map_fonts, one_line
from geo.jurisdictions import GeometryArray, centre_rows, dissolve
from optimizer.county import County
from optimizer.errors import Translate
from optimizer.frozen import FloatArray
from optimizer.plan import Plan, current_plan

_SHEET_IN = (11.69, 8.27)
_MARGIN_IN, _HEAD_IN, _FOOT_IN, _GAP_IN = 0.4, 0.7, 0.55, 0.25
_M_PER_DEG = 111_320.0
_LEAST_FILLED = 0.04
"""Below this share of the frame that the counties fill, each gets a panel of its own."""
_SLIT_DEG = 1e-6
_NOTE_PT = 8.0
_NAME_IN, _SCALE_IN = 0.26, 0.3
"""Strips of a panel above and below the land: for a county's name, for the scale bar."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CountyScene:
    """One county of the sheet.

    Attributes:
        county: The county.
        plan: Its plan; None where it has none.
        cell_geometry: Its cells in WGS84, shape (C,); None where cells are points.
        text: Its name and what its plan does.
    """

    county: County
    plan: Plan | None
    cell_geometry: GeometryArray | None
    text: str


def overview_map(
    scenes: Sequence[CountyScene], title: str, note: str, translate: Translate
) -> Figure:
    """Draw all counties: jurisdictions pale, bundles full, a line from each office to its centre.

    Args:
        scenes: One or more.
        title: Above the map.
        note: Below it: whose data it is, what is modelled.
        translate: Of the scale bar and the legend.

    Returns:
        A figure that `geo.maps.write_map` saves.

    Raises:
        ValueError: no scene.
    """
    if not scenes:
        raise ValueError("an overview needs a county")
    grounds = [_Ground(s, _middle_lat_deg(scenes)) for s in scenes]
    together = _filled(grounds) >= _LEAST_FILLED
    panels = [grounds] if together else [[g] for g in grounds]
    with map_fonts():
        figure = Figure(figsize=_SHEET_IN, facecolor="white")
        figure.set_label(one_line(title))
        wide, high = _SHEET_IN
        room = (wide - 2 * _MARGIN_IN, high - _HEAD_IN - _FOOT_IN)
        columns = math.ceil(math.sqrt(len(panels) * room[0] / room[1])) if len(panels) > 1 else 1
        columns = min(columns, len(panels))
        rows = math.ceil(len(panels) / columns)
        each = (
            (room[0] - _GAP_IN * (columns - 1)) / columns,
            (room[1] - _GAP_IN * (rows - 1)) / rows,
        )
        for i, members in enumerate(panels):
            left = _MARGIN_IN + (i % columns) * (each[0] + _GAP_IN)
            bottom = high - _HEAD_IN - (i // columns) * (each[1] + _GAP_IN) - each[1]
            box = (left / wide, bottom / high, each[0] / wide, each[1] / high)
            ax = figure.add_axes(box, label=f"panel {i + 1}")
            _draw(ax, members, each, translate)
        top = 1.0 - 0.3 / high
        size = parts.fitting_size_pt(one_line(title), 15.0, room[0] * 72.0)
        figure.text(_MARGIN_IN / wide, top, one_line(title), fontsize=size, color=parts.INK,
                    va="top")  # fmt: skip
        legend = translate(
            "Full colour: a bundle; line: police office to its centre; grey: county without a plan"
        )
        lines = [legend, *parts.wrapped(note, room[0] * 72.0 / _NOTE_PT)][:3]
        for k, line in enumerate(reversed(lines)):
            figure.text(_MARGIN_IN / wide, (0.12 + 0.14 * k) / high, line, fontsize=_NOTE_PT,
                        color=parts.SOFT_INK, va="bottom")  # fmt: skip
    return figure


class _Ground:
    """A county in metres: jurisdictions, their outline, seats."""

    def __init__(self, scene: CountyScene, middle_lat_deg: float) -> None:
        self.scene = scene
        wide = _M_PER_DEG * math.cos(math.radians(middle_lat_deg))
        self.scale = np.array([wide, _M_PER_DEG])
        county = scene.county
        seats = np.column_stack([county.stations.lon_deg, county.stations.lat_deg])
        self.seat_m: FloatArray = seats * self.scale
        self.areas: GeometryArray | None = None
        corners = [np.column_stack([county.cells.lon_deg, county.cells.lat_deg]), seats]
        if scene.cell_geometry is not None:
            found = dissolve(
                scene.cell_geometry, county.cells.station, len(county.stations), grid=_SLIT_DEG
            )
            there = [i for i, a in enumerate(found) if a is not None]
            moved = shapely.transform(found[there], lambda xy: xy * self.scale)
            self.areas = np.full(len(found), None, dtype=object)
            self.areas[there] = moved
            corners.append(shapely.get_coordinates(found[there]))
        at = np.concatenate(corners) * self.scale
        self.low, self.high = at.min(axis=0), at.max(axis=0)

    def outline(self) -> list[object]:
        """The county's area, if its cells have one."""
        if self.areas is None:
            return []
        return [shapely.union_all([a for a in self.areas if a is not None], grid_size=1.0)]


def _middle_lat_deg(scenes: Sequence[CountyScene]) -> float:
    lat = np.concatenate([s.county.cells.lat_deg for s in scenes])
    return float((lat.min() + lat.max()) / 2.0)


def _filled(grounds: Sequence[_Ground]) -> float:
    """Share of the common frame that the counties' own frames fill."""
    own = sum(float(np.prod(np.maximum(g.high - g.low, 1.0))) for g in grounds)
    low = np.min([g.low for g in grounds], axis=0)
    high = np.max([g.high for g in grounds], axis=0)
    return own / float(np.prod(np.maximum(high - low, 1.0)))


def _draw(
    ax: Axes, grounds: Sequence[_Ground], room_in: tuple[float, float], translate: Translate
) -> None:
    low = np.min([g.low for g in grounds], axis=0)
    high = np.max([g.high for g in grounds], axis=0)
    alone = len(grounds) == 1
    above_in, below_in = (_NAME_IN if alone else 0.0), _SCALE_IN
    span = np.maximum((high - low) * 1.04, 100.0)
    land_in = np.array([room_in[0], room_in[1] - above_in - below_in])
    m_per_in = float(np.max(span / land_in))
    half, middle = land_in * m_per_in / 2.0, (low + high) / 2.0
    ax.set_axis_off()
    ax.set_aspect("equal")
    ax.set(
        xlim=(middle[0] - half[0], middle[0] + half[0]),
        ylim=(
            middle[1] - half[1] - below_in * m_per_in,
            middle[1] + half[1] + above_in * m_per_in,
        ),
    )
    for ground in grounds:
        _draw_county(ax, ground)
    for ground in grounds:
        at = (ground.low + ground.high) / 2.0
        ax.annotate(
            one_line(ground.scene.text),
            (float(at[0]), float(ground.high[1])),
            # Alone, above the land; among others inside, as there may be a neighbour above.
            xytext=(0, 4 if alone else -4),
            textcoords="offset points",
            ha="center",
            va="bottom" if alone else "top",
            fontsize=9.0,
            color=parts.INK,
            path_effects=[withStroke(linewidth=2.5, foreground="white")],
            zorder=9,
        )
    parts.add_scale_bar(ax, "lower left", translate, size_pt=7.0)


def _draw_county(ax: Axes, ground: _Ground) -> None:
    county, plan = ground.scene.county, ground.scene.plan
    decided = current_plan(county) if plan is None else plan
    centre = centre_rows(county, decided)
    if ground.areas is not None:
        colour = ["#DDDDDD"] * len(centre) if plan is None else list(fills(county, plan).plan)
        parts.fill_areas(ax, ground.areas, colour, zorder=1, rim_pt=0.3)
        parts.draw_borders(ax, ground.areas, colour="#FFFFFF", width_pt=0.5, zorder=2)
        parts.draw_borders(ax, ground.outline(), colour=parts.INK, width_pt=1.3, zorder=3)
    offices = np.flatnonzero(centre != np.arange(len(centre)))
    ways = [shapely.LineString([ground.seat_m[s], ground.seat_m[centre[s]]]) for s in offices]
    parts.draw_lines(ax, np.array(ways, dtype=object), colour=parts.INK, width_pt=0.9, zorder=4)
    is_office = np.isin(np.arange(len(centre)), offices)
    for rows, fill in ((is_office, "white"), (~is_office, parts.INK)):
        at = ground.seat_m[rows]
        ax.scatter(at[:, 0], at[:, 1], s=9.0, c=fill, edgecolors=parts.INK, linewidths=0.7,
                   zorder=5)  # fmt: skip
