"""Sheets of one map each: today, the plan, and where the responsible station changes.

They look as the redistricting map of `geo.maps` does; `geo.maps.write_map` saves them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from geo import map_parts as parts
from geo.colouring import Fills, fills
from geo.fonts import map_fonts
from geo.jurisdictions import fates
from geo.map_ground import Ground
from geo.map_legend import Key, legend_keys
from geo.map_names import Names, draw_names, place_names
from geo.map_page import (
    Page,
    add_panel,
    beside_seats,
    draw_furniture,
    draw_heading,
    draw_notes,
    new_figure,
    page_for,
)
from geo.maps import (
    FILLS_SAY,
    MapScene,
    add_legend,
    changed_cells,
    changes_key,
    counts,
    draw_changes,
    draw_land,
    draw_symbols,
    ground_for,
    heading,
    scene_lines,
)
from optimizer.frozen import BoolArray, FloatArray
from optimizer.plan import current_plan


def today_sheet(scene: MapScene, ground: Ground | None = None) -> Figure:
    """The county as it is, on a page of its own.

    Args:
        scene: What to draw.
        ground: From `geo.maps.ground_for`, where several sheets share it.
    """
    with map_fonts():
        ground = ground_for(scene) if ground is None else ground
        today = replace(scene, plan=current_plan(scene.county))
        # Fills are the plan's map's own, so that the two sheets can be laid side by side.
        return _one_map(scene, today, ground, is_plan=False)


def plan_sheet(scene: MapScene, ground: Ground | None = None) -> Figure:
    """The county under the plan, on a page of its own.

    Args:
        scene: What to draw.
        ground: From `geo.maps.ground_for`, where several sheets share it.
    """
    with map_fonts():
        ground = ground_for(scene) if ground is None else ground
        return _one_map(scene, scene, ground, is_plan=True)


def _one_map(scene: MapScene, named: MapScene, ground: Ground, *, is_plan: bool) -> Figure:
    keys = _keys_of(named, ground, is_plan=is_plan)
    page, squad_m, names = _layout(named, ground, keys, [FILLS_SAY])
    colour = fills(scene.county, scene.plan)
    figure = new_figure(page, scene.title)
    ax = add_panel(figure, page, 0, "plan" if is_plan else "today")
    draw_land(ax, scene, ground, colour, page.scale, is_plan=is_plan)
    draw_symbols(ax, scene, ground, squad_m, page.scale, is_plan=is_plan)
    draw_names(
        ax,
        names,
        ground,
        fates(scene.county, scene.plan) if is_plan else None,
        scale=page.name_scale,
    )
    draw_heading(ax, page, heading(scene, is_plan=is_plan), counts(scene, is_plan=is_plan))
    _finish(figure, ax, scene, ground, page, colour, keys, [FILLS_SAY], names.hidden)
    return figure


def _keys_of(scene: MapScene, ground: Ground, *, is_plan: bool) -> list[Key]:
    """Legend of one panel: what the other shows is left out."""
    keys = legend_keys(scene.county, scene.plan, ground)
    if not is_plan:
        return keys
    stays = np.array(fates(scene.county, scene.plan)) == "stays"
    urban = scene.county.stations.is_urban
    gone = {
        parts.URBAN: not (stays & urban).any(),
        parts.RURAL: not (stays & ~urban).any(),
        parts.SQUAD: len(scene.plan.dissolved_squad_ids) == len(scene.county.squads),
    }
    alone = bool(stays.any())
    return [
        k
        for k in keys
        if not (k.symbol is not None and gone.get(k.symbol, False))
        and (alone or k.area != "jurisdiction")
    ]


def _layout(
    scene: MapScene, ground: Ground, keys: Sequence[Key], notes: Sequence[str]
) -> tuple[Page, FloatArray, Names]:
    """Page, squads' places and station names of a sheet with one map."""
    county, plan = scene.county, scene.plan
    page = page_for(
        ground,
        scene.paper,
        keys,
        # As if names had to be left out: how many is known only when they are placed.
        lambda em: scene_lines(scene, notes, len(county.stations), em),
        scene.translate,
        portrait=True,
    )
    squad_m = beside_seats(ground, page)
    names = place_names(
        county,
        plan,
        ground,
        squad_m,
        extent=page.extent,
        m_per_pt=page.m_per_pt,
        scale=page.name_scale,
    )
    return page, squad_m, names


def _finish(
    figure: Figure,
    ax: Axes,
    scene: MapScene,
    ground: Ground,
    page: Page,
    colour: Fills,
    keys: Sequence[Key],
    notes: Sequence[str],
    names_hidden: int,
) -> None:
    draw_furniture(ax, ground, page, scene.translate)
    add_legend(figure, page, scene, ground, colour, keys)
    draw_notes(figure, page, scene_lines(scene, notes, names_hidden, page.note_em))


_DIFFERENCE_SAYS = "Colours are those of the new centre stations."


def difference_sheet(scene: MapScene, ground: Ground | None = None) -> Figure:
    """Where another station becomes responsible: hatched there, in the new centre's colour.

    Cells known as points only carry a cross instead.

    Args:
        scene: What to draw.
        ground: From `geo.maps.ground_for`, where several sheets share it.
    """
    with map_fonts():
        ground = ground_for(scene) if ground is None else ground
        changes = changed_cells(scene, ground)
        keys = _difference_keys(scene, ground, changes)
        page, squad_m, names = _layout(scene, ground, keys, [_DIFFERENCE_SAYS])
        colour = fills(scene.county, scene.plan)
        fate = fates(scene.county, scene.plan)
        figure = new_figure(page, scene.title)
        ax = add_panel(figure, page, 0, "difference")
        draw_land(ax, scene, ground, colour, page.scale, is_plan=True)
        draw_changes(ax, scene, ground, page)
        draw_symbols(ax, scene, ground, squad_m, page.scale, is_plan=True)
        draw_names(ax, names, ground, fate, scale=page.name_scale)
        draw_heading(ax, page, scene.translate("What changes"), _change_counts(scene, changes))
        _finish(figure, ax, scene, ground, page, colour, keys, [_DIFFERENCE_SAYS], names.hidden)
    return figure


def _difference_keys(scene: MapScene, ground: Ground, changes: BoolArray) -> list[Key]:
    keys = [k for k in _keys_of(scene, ground, is_plan=True) if not k.area]
    areas = [changes_key(ground)] if changes.any() else []
    if not changes.all():
        all_bundled = "stays" not in fates(scene.county, scene.plan)
        areas.append(
            Key(label="Responsible station stays", area="bundle" if all_bundled else "jurisdiction")
        )
    at = next((i for i, k in enumerate(keys) if k.line is not None), len(keys))
    return [*keys[:at], *areas, *keys[at:]]


def _change_counts(scene: MapScene, changes: BoolArray) -> str:
    """How much of the county gets another station."""
    t, cells = scene.translate, scene.county.cells
    alerts, people = cells.alerts_per_year.sum(axis=1), cells.population
    said = [
        t("Demand cells that change: {n} of {total}").format(n=int(changes.sum()), total=len(cells))
    ]
    if alerts.sum() > 0:
        said.append(t("{share:.0%} of alerts").format(share=alerts[changes].sum() / alerts.sum()))
    if people.sum() > 0:
        said.append(
            t("{share:.0%} of residents").format(share=people[changes].sum() / people.sum())
        )
    return " · ".join(said)
