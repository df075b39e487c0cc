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
from geo.fonts import map_fonts
from geo.jurisdictions import GeometryArray, duty_rows, fates
from geo.map_ground import Ground, ground_of
from geo.map_legend import MARK_PT, Key, draw_legend, legend_keys
from geo.map_names import draw_names, place_names
from geo.map_page import (
    Line,
    Page,
    Paper,
    add_panel,
    beside_seats,
    draw_furniture,
    draw_heading,
    draw_notes,
    fractions,
    new_figure,
    note_lines,
    page_for,
)
from geo.road_marks import COLOURS, RoadMark
from optimizer.county import County
from optimizer.errors import Translate, untranslated
from optimizer.frozen import BoolArray, FloatArray
from optimizer.plan import Plan

Format = Literal["png", "svg", "pdf"]

FILLS_SAY = "Fill colours only tell neighbours apart; a bundle has its centre's colour."
_PNG_DPI = 200
MANY_CELLS = 2500
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
        road_lines: LineStrings in WGS84, one for each street.
        road_class_names: Class of each of them; None where unknown.
        road_marks: What a scenario changes on the roads.
        title: Heading of the page.
        provenance_line: What is modelled; always shown.
        attribution: Whose data it is.
        translate: English to the language of the page.
        lang: Language of the page.
        paper: Sheet; landscape where a page has several panels.
    """

    county: County
    plan: Plan
    cell_geometry: GeometryArray | None = None
    outline: Any | None = None
    road_lines: GeometryArray | None = None
    road_class_names: Sequence[str] | None = None
    road_marks: Sequence[RoadMark] = ()
    title: str
    provenance_line: str = ""
    attribution: str = ""
    translate: Translate = untranslated
    lang: Literal["en", "zh"] = "en"
    paper: Paper = "a4"


def redistricting_map(
    scene: MapScene, ground: Ground | None = None, *, with_changes: bool = False
) -> Figure:
    """Draw the county today and under the plan, side by side, at one scale.

    Args:
        scene: What to draw.
        ground: From `ground_for`, where several sheets share it.
        with_changes: Hatch the plan where another station becomes responsible.

    Returns:
        A figure that `write_map` saves. Text of the planner's files appears as it is.
    """
    with map_fonts():
        ground = ground_for(scene) if ground is None else ground
        keys = legend_keys(scene.county, scene.plan, ground)
        if with_changes and changed_cells(scene, ground).any():
            keys.append(changes_key(ground))
        page = page_for(
            ground,
            scene.paper,
            keys,
            # As if names had to be left out: how many is known only when they are placed.
            lambda em: scene_lines(scene, [FILLS_SAY], len(scene.county.stations), em),
            scene.translate,
            panels=2,
        )
        colour = fills(scene.county, scene.plan)
        squad_m = beside_seats(ground, page)
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
        figure = new_figure(page, scene.title)
        for is_plan in (False, True):
            ax = add_panel(figure, page, int(is_plan), "plan" if is_plan else "today")
            draw_land(ax, scene, ground, colour, page.scale, is_plan=is_plan)
            if is_plan and with_changes:
                draw_changes(ax, scene, ground, page)
            draw_symbols(ax, scene, ground, squad_m, page.scale, is_plan=is_plan)
            draw_names(ax, names, ground, fate if is_plan else None, scale=page.scale)
            draw_heading(ax, page, heading(scene, is_plan=is_plan), counts(scene, is_plan=is_plan))
            if not is_plan:
                draw_furniture(ax, ground, page, scene.translate)
        add_legend(figure, page, scene, ground, colour, keys)
        draw_notes(figure, page, scene_lines(scene, [FILLS_SAY], names.hidden, page.note_em))
    return figure


def ground_for(scene: MapScene) -> Ground:
    """What the maps of `scene` draw: for several sheets of one scene, made once."""
    return ground_of(
        scene.county,
        scene.plan,
        scene.cell_geometry,
        scene.outline,
        scene.road_lines,
        scene.road_class_names,
        [(mark.text(scene.translate), mark) for mark in scene.road_marks],
    )


def add_legend(
    figure: Figure, page: Page, scene: MapScene, ground: Ground, colour: Fills, keys: Sequence[Key]
) -> None:
    """The page's legend, in axes of that label."""
    fate = fates(scene.county, scene.plan)
    veil = _HULL_VEIL if ground.cells is None else ""
    draw_legend(
        figure.add_axes(fractions(page.legend, page.sheet), label="legend"),
        keys,
        jurisdiction_fill=colour.station[0] + veil,
        bundle_fill=colour.plan[fate.index("centre")] + veil if "centre" in fate else "none",
        columns=page.legend_columns,
        scale=page.scale,
        translate=scene.translate,
    )


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
        if len(ground.cells) <= MANY_CELLS:
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
    draw_marks(ax, ground, scale)
    if is_plan and ground.cells is not None:  # the borders that the plan takes away
        parts.draw_borders(
            ax, ground.today, colour=parts.INNER_INK, width_pt=0.9 * scale, zorder=3, style=":"
        )
    parts.draw_borders(ax, shapes, colour=parts.INK, width_pt=0.9 * scale, zorder=3.2)
    if scene.outline is not None or ground.cells is not None:
        parts.draw_borders(ax, [ground.outline], colour=parts.INK, width_pt=1.5 * scale, zorder=3.4)


def draw_marks(ax: Axes, ground: Ground, scale: float) -> None:
    """Draw what a scenario changes on the roads; a closed bridge is seen by its cross only."""
    for mark in ground.marks:
        if mark.kind not in ("slower", "faster"):  # over the borders of areas, which follow roads
            parts.draw_lines(ax, mark.lines, colour="white", width_pt=3.2 * scale, zorder=3.6)
        parts.draw_lines(
            ax,
            mark.lines,
            colour=COLOURS[mark.kind],
            width_pt=MARK_PT * scale,
            zorder=3.6,
            style=":" if mark.kind == "ferry" else "-",
        )
    for mark in ground.marks:
        if mark.kind == "closed":
            parts.CLOSED.draw(ax, mark.cross_m, zorder=4.4, scale=scale)


def changed_cells(scene: MapScene, ground: Ground) -> BoolArray:
    """Cells that another station is responsible for in the plan, shape (C,)."""
    station = scene.county.cells.station
    changed: BoolArray = ground.centre[station] != station
    return changed


def changes_key(ground: Ground) -> Key:
    """What `draw_changes` draws, in a legend."""
    if ground.cells is None:
        return Key(symbol=parts.CROSS)
    return Key(label="Responsible station changes", hatched=True, fill="#FFFFFF")


def draw_changes(ax: Axes, scene: MapScene, ground: Ground, page: Page) -> None:
    """Hatch the ground of stations that another one takes; cells known as points get a cross."""
    if ground.cells is None:
        changes = changed_cells(scene, ground)
        parts.CROSS.draw(ax, ground.cell_m[changes], zorder=2.5, scale=page.scale)
        return
    rows = np.flatnonzero(ground.centre != np.arange(len(ground.centre)))
    step_m = parts.HATCH_PT * page.scale * page.m_per_pt
    areas = [ground.today[r] for r in rows.tolist() if ground.today[r] is not None]
    if areas:
        lines = [parts.hatch_lines(area, step_m) for area in areas]
        parts.draw_lines(
            ax,
            np.concatenate(lines),
            colour=parts.INK,
            width_pt=parts.HATCH_WIDTH_PT * page.scale,
            zorder=2.5,
        )


def draw_symbols(
    ax: Axes,
    scene: MapScene,
    ground: Ground,
    squad_m: FloatArray,
    scale: float,
    *,
    is_plan: bool,
    as_flows: bool = False,
) -> None:
    """Draw seats of stations and squads, of today or of the plan.

    `as_flows` is for arrows over the plan: every squad is there, as officers leave it, and no line
    leads from a centre to its offices.
    """
    seat, urban = ground.seat_m, scene.county.stations.is_urban
    squads = np.array(scene.county.squads.squad_id, dtype=str)
    alone, remain = np.ones(len(seat), bool), np.ones(len(squads), bool)
    if is_plan:
        fate = np.array(fates(scene.county, scene.plan))
        office, alone = fate == "police_office", fate == "stays"
        if not as_flows:
            ends = np.stack([seat[ground.centre[office]], seat[office]], axis=1)
            for colour, width in (("white", 3.4), (parts.INK, 1.5)):
                parts.draw_lines(
                    ax,
                    shapely.linestrings(ends),
                    colour=colour,
                    width_pt=width * scale,
                    zorder=4.5,
                )
            remain = ~np.isin(squads, scene.plan.dissolved_squad_ids)
        parts.DUTY.draw(ax, seat[duty_rows(scene.county, scene.plan)], zorder=5.0, scale=scale)
        parts.OFFICE.draw(ax, seat[office], zorder=5.2, scale=scale)
        parts.CENTRE.draw(ax, seat[fate == "centre"], zorder=5.4, scale=scale)
    parts.URBAN.draw(ax, seat[alone & urban], zorder=5.3, scale=scale)
    parts.RURAL.draw(ax, seat[alone & ~urban], zorder=5.3, scale=scale)
    parts.SQUAD.draw(ax, squad_m[remain], zorder=5.5, scale=scale)


def heading(scene: MapScene, *, is_plan: bool) -> str:
    """What a panel is."""
    return scene.translate("Plan") if is_plan else scene.translate("Today")


def counts(scene: MapScene, *, is_plan: bool) -> str:
    """How many stations and squads a panel shows, by kind."""
    t = scene.translate
    county, plan = scene.county, scene.plan
    if is_plan:
        fate = fates(county, plan)
        found = [
            (t("Centre stations"), fate.count("centre")),
            (t("Police offices"), fate.count("police_office")),
            (t("Stations that stay"), fate.count("stays")),
            (t("Duty stations"), len(duty_rows(county, plan))),
            (t("Traffic squads"), len(county.squads) - len(plan.dissolved_squad_ids)),
        ]
    else:
        urban = int(county.stations.is_urban.sum())
        found = [
            (t("Town stations"), urban),
            (t("Rural stations"), len(county.stations) - urban),
            (t("Traffic squads"), len(county.squads)),
        ]
    return " · ".join(t("{what}: {n}").format(what=w, n=n) for w, n in found if n)


def scene_lines(
    scene: MapScene,
    notes: Sequence[str],
    names_hidden: int,
    room_em: float,
    *,
    has_hulls: bool = True,
) -> list[Line]:
    """Lines below a map: provenance, `notes` in English and what a reader must know, attribution.

    Args:
        scene: The scene.
        notes: English sentences on this kind of map.
        names_hidden: Names that found no room.
        room_em: Width of a line.
        has_hulls: Areas are drawn where cells are points only.
    """
    t = scene.translate
    said = [t(note) for note in notes]
    if scene.cell_geometry is None and has_hulls:
        said.append(
            t("Cells are known as points only: areas are hulls round them, not boundaries.")
        )
    if names_hidden:
        said.append(t("Names left out for lack of room: {n}").format(n=names_hidden))
    return note_lines(scene.provenance_line, said, scene.attribution, room_em)
