"""The redistricting map: today and the plan side by side, on one page.

Drawn with matplotlib's objects only (no pyplot, no state between two maps). The same scene gives
the same bytes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
import shapely
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from geo import map_parts as parts
from geo.atomic import atomic_path
from geo.colouring import Fills, fills
from geo.fonts import map_fonts, one_line
from geo.jurisdictions import GeometryArray, duty_rows, fates
from geo.map_ground import Ground, ground_of
from geo.map_legend import SIZE_PT, Key, draw_legend, legend_keys
from geo.map_names import draw_names, place_names
from optimizer.county import County
from optimizer.errors import Translate, untranslated
from optimizer.frozen import FloatArray
from optimizer.plan import Plan

Format = Literal["png", "svg", "pdf"]
Box = tuple[float, float, float, float]

_PAPER_IN = {"a4": (11.69, 8.27), "a3": (16.54, 11.69)}
_PNG_DPI = 200
_NOTE_PT = 7.4
_NOTE_LEADING = 1.3
_FOOT_RIM_IN = 0.2
_MANY_CELLS = 2500
"""Beyond this many, borders of single cells would turn the map grey."""
_HULL_VEIL = "66"
"""Opacity of hulls, which may overlap."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class MapScene:
    """Everything a redistricting map shows.

    Attributes:
        county: The county.
        plan: The plan to draw beside today's deployment.
        cell_geometry: Polygons of the cells in WGS84, in cell order, shape (C,); None where cells
            are known as points only.
        outline: The county's outline in WGS84; None = the cells' own.
        road_lines: LineStrings in WGS84, shape (A,); both directions of a street may be there.
        road_class_names: Class of each of them; None where unknown.
        title: Heading of the page.
        provenance_line: What is modelled; always shown.
        attribution: Whose data it is.
        translate: English to the language of the page.
        lang: Language of the page.
        paper: Sheet, always landscape.
    """

    county: County
    plan: Plan
    cell_geometry: GeometryArray | None = None
    outline: Any | None = None
    road_lines: GeometryArray | None = None
    road_class_names: Sequence[str] | None = None
    title: str
    provenance_line: str = ""
    attribution: str = ""
    translate: Translate = untranslated
    lang: Literal["en", "zh"] = "en"
    paper: Literal["a4", "a3"] = "a4"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Page:
    """Where things go on the sheet: boxes of x, y, width, height in inches from the lower left.

    `extent` is west, south, east, north of both panels in metres, `note_em` the width of a line of
    notes, `scale` that of type and symbols.
    """

    sheet: tuple[float, float]
    today: Box
    plan: Box
    legend: Box
    legend_columns: int
    extent: Box
    note_em: float
    scale: float

    @property
    def m_per_pt(self) -> float:
        return (self.extent[2] - self.extent[0]) / (self.today[2] * 72.0)


def redistricting_map(scene: MapScene) -> Figure:
    """Draw the county today and under the plan, side by side, at one scale.

    Returns:
        A figure that `write_map` saves. Text of the planner's files appears as it is.
    """
    with map_fonts():
        ground = ground_of(
            scene.county,
            scene.plan,
            scene.cell_geometry,
            scene.outline,
            scene.road_lines,
            scene.road_class_names,
        )
        keys = legend_keys(scene.county, scene.plan, ground)
        page = _page(scene, ground, keys)
        colour = fills(scene.county, scene.plan)
        squad_m = _beside_seats(ground, page)
        names = place_names(
            scene.county,
            scene.plan,
            ground,
            squad_m,
            extent=page.extent,
            m_per_pt=page.m_per_pt,
            scale=page.scale,
        )
        fate = fates(scene.county, scene.plan)
        figure = Figure(figsize=page.sheet, facecolor="white")
        figure.set_label(one_line(scene.title))
        for is_plan in (False, True):
            ax = figure.add_axes(_fractions(page.plan if is_plan else page.today, page.sheet))
            ax.set_label("plan" if is_plan else "today")
            ax.set_axis_off()
            ax.set_aspect("equal")
            ax.set(xlim=page.extent[::2], ylim=page.extent[1::2])
            draw_land(ax, scene, ground, colour, page.scale, is_plan=is_plan)
            draw_symbols(ax, scene, ground, squad_m, page.scale, is_plan=is_plan)
            draw_names(ax, names, ground, fate if is_plan else None, scale=page.scale)
            _draw_heading(ax, scene, page, is_plan=is_plan)
            if not is_plan:
                _draw_furniture(ax, scene, ground, page)
        veil = _HULL_VEIL if ground.cells is None else ""
        legend = figure.add_axes(_fractions(page.legend, page.sheet), label="legend")
        draw_legend(
            legend,
            keys,
            jurisdiction_fill=colour.station[0] + veil,
            bundle_fill=colour.plan[fate.index("centre")] + veil if "centre" in fate else "none",
            columns=page.legend_columns,
            scale=page.scale,
            translate=scene.translate,
        )
        _draw_title(figure, scene, page)
        _draw_margin(figure, _margin_lines(scene, page.note_em, names.hidden), page)
    return figure


def write_map(
    figure: Figure, stem: Path, formats: Sequence[Format] = ("png", "svg", "pdf")
) -> tuple[Path, ...]:
    """Write `figure` as `stem`.png, .svg and .pdf beside each other, each atomically.

    The files carry no time and no version, so that the same map is the same bytes.

    Raises:
        InputError: a file cannot be written.
    """
    title = str(figure.get_label()) or None
    metadata: dict[str, dict[str, Any]] = {
        "png": {"Software": "Jingli", "Title": title or ""},
        "svg": {"Date": None, "Creator": "Jingli", "Title": title},
        "pdf": {"CreationDate": None, "Creator": "Jingli", "Producer": "Jingli", "Title": title},
    }
    written = []
    with map_fonts():
        for one in formats:
            target = stem.with_name(f"{stem.name}.{one}")
            # The default of 6 takes three times as long for a tenth less.
            extra: dict[str, Any] = {"pil_kwargs": {"compress_level": 3}} if one == "png" else {}
            with atomic_path(target) as aside:
                figure.savefig(aside, format=one, dpi=_PNG_DPI, metadata=metadata[one], **extra)
            written.append(target)
    return tuple(written)


def _page(scene: MapScene, ground: Ground, keys: Sequence[Key]) -> _Page:
    """Two panels and a legend, beside them or below them, whichever leaves the county larger."""
    sheet = _PAPER_IN[scene.paper]
    width, height = sheet
    scale = 1.0 if scene.paper == "a4" else 1.3
    margin, gap, head = 0.42 * scale, 0.22 * scale, 1.24 * scale
    note_em = (width - 2 * margin) * 72.0 / (_NOTE_PT * scale)
    # As if names had to be left out: how many is known only when they are placed.
    notes = len(_margin_lines(scene, note_em, len(scene.county.stations)))
    foot = (_FOOT_RIM_IN + 0.17 + notes * _NOTE_PT * _NOTE_LEADING / 72.0) * scale
    land = shapely.union(
        shapely.box(*ground.outline.bounds),
        shapely.multipoints(np.concatenate([ground.seat_m, ground.squad_m])).envelope,
    ).bounds
    label_em = max(parts.text_width_em(scene.translate(k.label)) for k in keys)
    side = (label_em * SIZE_PT + 32.0) * scale / 72.0
    columns = max(1, int((width - 2 * margin) / (side + 0.2 * scale)))
    strip = (-(-len(keys) // columns) * 13.5 + 6.0) * scale / 72.0
    pages = []
    for beside in (True, False):
        taken_w, taken_h = (side + gap, 0.0) if beside else (0.0, strip)
        panel_w = (width - 2 * margin - gap - taken_w) / 2.0
        panel_h = height - head - foot - taken_h
        bottom = foot + taken_h
        legend = (
            (width - margin - side, bottom, side, panel_h)
            if beside
            else (margin, foot, width - 2 * margin, strip)
        )
        pages.append(
            _Page(
                sheet=sheet,
                today=(margin, bottom, panel_w, panel_h),
                plan=(margin + panel_w + gap, bottom, panel_w, panel_h),
                legend=legend,
                legend_columns=1 if beside else columns,
                extent=_extent(land, panel_h / panel_w),
                note_em=note_em,
                scale=scale,
            )
        )
    return min(pages, key=lambda p: p.m_per_pt)


def _extent(land: Sequence[float], high_per_wide: float) -> Box:
    """The county with a rim, in a panel of the given shape; room left over goes to the foot."""
    west, south, east, north = land
    wide = max((east - west) * 1.05, (north - south) * 1.05 / high_per_wide, 1.0)
    high = wide * high_per_wide
    x, top = (west + east) / 2.0, (south + north) / 2.0 + (north - south) * 0.525
    if high > (north - south) * 1.3:  # much room: the county sits high, but not at the very top
        top += 0.25 * (high - (north - south) * 1.05)
    return (x - wide / 2.0, top - high, x + wide / 2.0, top)


def _fractions(box: Sequence[float], sheet: Sequence[float]) -> Box:
    return (box[0] / sheet[0], box[1] / sheet[1], box[2] / sheet[0], box[3] / sheet[1])


def _beside_seats(ground: Ground, page: _Page) -> FloatArray:
    """Where to draw the squads: one that shares its seat with a station steps aside."""
    shown = ground.squad_m.copy()
    step = 8.5 * page.scale * page.m_per_pt
    for q, place in enumerate(ground.squad_m):
        away = np.hypot(*(ground.seat_m - place).T)
        near = int(away.argmin())
        if away[near] < step:
            shown[q] = ground.seat_m[near] + step * np.array([0.0, 1.0])
    return shown


def draw_land(
    ax: Axes, scene: MapScene, ground: Ground, colour: Fills, scale: float, *, is_plan: bool
) -> None:
    """Draw areas, roads and borders of today or of the plan."""
    shapes = ground.plan if is_plan else ground.today
    fill = colour.plan if is_plan else colour.station
    if ground.cells is None:
        parts.fill_areas(ax, shapes, [c + _HULL_VEIL for c in fill], zorder=1)
        responsible = ground.centre if is_plan else np.arange(len(fill))
        ax.scatter(
            ground.cell_m[:, 0],
            ground.cell_m[:, 1],
            s=(4.2 * scale) ** 2,
            c=[fill[responsible[s]] for s in scene.county.cells.station.tolist()],
            edgecolor=parts.SOFT_INK,
            linewidth=0.4 * scale,
            zorder=2.4,
        )
    else:
        parts.fill_areas(ax, shapes, fill, zorder=1)
        if len(ground.cells) <= _MANY_CELLS:
            parts.draw_borders(
                ax, ground.cells, colour="#FFFFFFB0", width_pt=0.35 * scale, zorder=2
            )
        if ground.townships is not None:
            parts.draw_borders(
                ax, ground.townships, colour="#16202E70", width_pt=0.45 * scale, zorder=2.2
            )
    if len(ground.roads):
        strong = ground.roads_managed
        parts.draw_lines(
            ax,
            ground.roads,
            colour=parts.ROAD_INK + ("B0" if strong else "60"),
            width_pt=(0.7 if strong else 0.3) * scale,
            zorder=2.6,
        )
    if is_plan and ground.cells is not None:  # the borders that the plan takes away
        parts.draw_borders(
            ax, ground.today, colour=parts.INNER_INK, width_pt=0.9 * scale, zorder=3, style=":"
        )
    parts.draw_borders(ax, shapes, colour=parts.INK, width_pt=0.9 * scale, zorder=3.2)
    if scene.outline is not None or ground.cells is not None:
        parts.draw_borders(ax, [ground.outline], colour=parts.INK, width_pt=1.5 * scale, zorder=3.4)


def draw_symbols(
    ax: Axes, scene: MapScene, ground: Ground, squad_m: FloatArray, scale: float, *, is_plan: bool
) -> None:
    """Draw seats of stations and squads, of today or of the plan."""
    seat, urban = ground.seat_m, scene.county.stations.is_urban
    squads = np.array(scene.county.squads.squad_id, dtype=str)
    alone, remain = np.ones(len(seat), bool), np.ones(len(squads), bool)
    if is_plan:
        fate = np.array(fates(scene.county, scene.plan))
        office, alone = fate == "police_office", fate == "stays"
        links = shapely.linestrings(np.stack([seat[ground.centre[office]], seat[office]], axis=1))
        for colour, width in (("white", 3.4), (parts.INK, 1.5)):
            parts.draw_lines(ax, links, colour=colour, width_pt=width * scale, zorder=4.5)
        parts.DUTY.draw(ax, seat[duty_rows(scene.county, scene.plan)], zorder=5.0, scale=scale)
        parts.OFFICE.draw(ax, seat[office], zorder=5.2, scale=scale)
        parts.CENTRE.draw(ax, seat[fate == "centre"], zorder=5.4, scale=scale)
        remain = ~np.isin(squads, scene.plan.dissolved_squad_ids)
    parts.URBAN.draw(ax, seat[alone & urban], zorder=5.3, scale=scale)
    parts.RURAL.draw(ax, seat[alone & ~urban], zorder=5.3, scale=scale)
    parts.SQUAD.draw(ax, squad_m[remain], zorder=5.5, scale=scale)


def _draw_heading(ax: Axes, scene: MapScene, page: _Page, *, is_plan: bool) -> None:
    t, scale = scene.translate, page.scale
    county, plan = scene.county, scene.plan
    if is_plan:
        fate = fates(county, plan)
        counts = [
            (t("Centre stations"), fate.count("centre")),
            (t("Police offices"), fate.count("police_office")),
            (t("Stations that stay"), fate.count("stays")),
            (t("Duty stations"), len(duty_rows(county, plan))),
            (t("Traffic squads"), len(county.squads) - len(plan.dissolved_squad_ids)),
        ]
    else:
        urban = int(county.stations.is_urban.sum())
        counts = [
            (t("Town stations"), urban),
            (t("Rural stations"), len(county.stations) - urban),
            (t("Traffic squads"), len(county.squads)),
        ]
    line = " · ".join(t("{what}: {n}").format(what=w, n=n) for w, n in counts if n)
    room_pt = page.today[2] * 72.0
    for text, size, colour, up in (
        (t("Plan") if is_plan else t("Today"), 12.5 * scale, parts.INK, 19.0),
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


def _draw_furniture(ax: Axes, scene: MapScene, ground: Ground, page: _Page) -> None:
    scale = page.scale
    m_per_in = page.m_per_pt * 72.0
    wide = page.extent[2] - page.extent[0]
    scale_bar, north = parts.quietest_corners(
        ground.outline,
        page.extent,
        [
            (0.36 * wide, 0.42 * scale * m_per_in),
            (0.42 * scale * m_per_in, 0.62 * scale * m_per_in),
        ],
    )
    parts.add_scale_bar(ax, scale_bar, scene.translate, size_pt=7.5 * scale)
    parts.add_north_arrow(ax, north, scene.translate, scale=scale)


def _draw_title(figure: Figure, scene: MapScene, page: _Page) -> None:
    title = one_line(scene.title)
    width, height = page.sheet
    room_pt = (width - 2 * page.today[0]) * 72.0
    figure.text(
        page.today[0] / width,
        1.0 - 0.34 * page.scale / height,
        title,
        fontsize=parts.fitting_size_pt(title, 17 * page.scale, room_pt),
        color=parts.INK,
        ha="left",
        va="top",
    )


def _margin_lines(scene: MapScene, room_em: float, names_hidden: int) -> list[tuple[str, str]]:
    """Lines below the map with their colours: provenance, what the map shows, attribution."""
    t = scene.translate
    notes = [t("Fill colours only tell neighbours apart; a bundle has its centre's colour.")]
    if scene.cell_geometry is None:
        notes.append(
            t("Cells are known as points only: areas are hulls round them, not boundaries.")
        )
    if names_hidden:
        notes.append(t("Names left out for lack of room: {n}").format(n=names_hidden))
    lines = [(line, parts.WARN_INK) for line in parts.wrapped(scene.provenance_line, room_em)]
    lines += [(line, parts.SOFT_INK) for line in parts.wrapped("  ".join(notes), room_em)]
    return lines + [(line, parts.SOFT_INK) for line in parts.wrapped(scene.attribution, room_em)]


def _draw_margin(figure: Figure, lines: Sequence[tuple[str, str]], page: _Page) -> None:
    width, height = page.sheet
    for i, (line, colour) in enumerate(reversed(lines)):
        figure.text(
            page.today[0] / width,
            (_FOOT_RIM_IN * page.scale + i * _NOTE_PT * page.scale * _NOTE_LEADING / 72.0) / height,
            line,
            fontsize=_NOTE_PT * page.scale,
            color=colour,
            ha="left",
            va="bottom",
        )
