"""How certain each bundle is, on the map: areas shaded by share, other choices as outlines."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

import shapely
from matplotlib.figure import Figure

from geo import map_parts as parts
from geo.fonts import map_fonts
from geo.map_legend import Key, draw_legend
from geo.map_names import draw_names, place_names
from geo.map_page import (
    add_panel,
    beside_seats,
    draw_furniture,
    draw_heading,
    draw_notes,
    fractions,
    new_figure,
    page_for,
)
from geo.maps import MapScene, draw_symbols, ground_for, scene_lines

_SAYS = (
    "Shaded: bundles of the best plan. Outlined: other bundles, the thicker the more certain. "
    "Share: of the near-optimal plans and of the drawn years, the smaller of the two."
)
_ALONE = "#F1F2F4"
_OUTLINE = "#C2410C"
_CLASSES = ((0.9, "#0B4F8A"), (0.5, "#4F8FC4"), (0.1, "#A6C8E4"), (0.0, "#DCE8F3"))
"""Least share and colour."""
_LEAST_OUTLINED = 0.1
_MOST_OUTLINED = 25


@dataclass(frozen=True, slots=True, kw_only=True)
class CertainBundle:
    """A bundle and how certain it is.

    Attributes:
        station_ids: Its stations.
        in_best: The plan of the scene has it.
        share_fraction: From 0 to 1.
    """

    station_ids: tuple[str, ...]
    in_best: bool
    share_fraction: float


def stability_map(scene: MapScene, bundles: Sequence[CertainBundle]) -> Figure:
    """Bundles of the scene's plan shaded by their share, and outlines of those beside it.

    Args:
        scene: The county and its best plan.
        bundles: Of that plan and of others.

    Returns:
        A figure that `geo.maps.write_map` saves.
    """
    t = scene.translate
    row = {s: i for i, s in enumerate(scene.county.stations.station_id)}
    others = sorted(
        (b for b in bundles if not b.in_best and b.share_fraction >= _LEAST_OUTLINED),
        key=lambda b: (-b.share_fraction, b.station_ids),
    )[:_MOST_OUTLINED]
    keys = [
        *(Key(text=_said(scene, i), fill=colour) for i, (_, colour) in enumerate(_CLASSES)),
        Key(label="Stays alone", fill=_ALONE),
        *([Key(label="Another bundle", line=(_OUTLINE, 1.8, "-"))] if others else []),
        Key(symbol=parts.CENTRE),
        Key(symbol=parts.OFFICE),
        Key(symbol=parts.RURAL),
        Key(symbol=parts.URBAN),
        *([Key(symbol=parts.SQUAD)] if len(scene.county.squads) else []),
    ]
    with map_fonts():
        ground = ground_for(scene)
        hidden = len(scene.county.stations)
        lines = partial(scene_lines, scene, [_SAYS], hidden)
        page = page_for(ground, scene.paper, keys, lines, t, portrait=True)
        squad_m = beside_seats(ground, page)
        names = place_names(
            scene.county, scene.plan, ground, squad_m,
            extent=page.extent, m_per_pt=page.m_per_pt, scale=page.name_scale,
        )  # fmt: skip
        figure = new_figure(page, scene.title)
        ax = add_panel(figure, page, 0, "stability")
        fill = [_ALONE] * len(row)
        for bundle in bundles:
            if bundle.in_best:
                for station in bundle.station_ids:
                    fill[row[station]] = _colour(bundle.share_fraction)
        shapes = [[ground.today[row[s]] for s in b.station_ids] for b in others]
        parts.fill_areas(ax, ground.today, fill, zorder=1)
        parts.draw_borders(
            ax, ground.today, colour=parts.INNER_INK, width_pt=0.6 * page.scale, zorder=2, style=":"
        )
        parts.draw_borders(ax, ground.plan, colour=parts.INK, width_pt=1.1 * page.scale, zorder=3)
        for bundle, areas in zip(reversed(others), reversed(shapes), strict=True):
            # Thinned borders of neighbours may leave slits between them.
            slit_m = 2.0 * page.scale * page.m_per_pt
            area = shapely.union_all([a.buffer(slit_m) for a in areas if a is not None])
            # Inside its border, so that two that share one are both seen.
            parts.draw_borders(
                ax,
                [area.buffer(-1.8 * slit_m)],
                colour=_OUTLINE,
                width_pt=(0.6 + 2.4 * bundle.share_fraction) * page.scale,
                zorder=3.5,
            )
        draw_symbols(ax, scene, ground, squad_m, page.scale, is_plan=True)
        draw_names(ax, names, ground, None, scale=page.name_scale)
        certain = sum(b.in_best and b.share_fraction >= _CLASSES[0][0] for b in bundles)
        line = t(
            "{n} of {all} bundles of the best plan are in nine of ten plans and years, or more"
        )
        every = sum(b.in_best for b in bundles)
        draw_heading(ax, page, t("How certain each bundle is"), line.format(n=certain, all=every))
        draw_furniture(ax, ground, page, t)
        draw_legend(
            figure.add_axes(fractions(page.legend, page.sheet), label="legend"),
            keys,
            jurisdiction_fill=_ALONE,
            bundle_fill=_ALONE,
            columns=page.legend_columns,
            scale=page.scale,
            translate=t,
        )
        draw_notes(figure, page, scene_lines(scene, [_SAYS], names.hidden, page.note_em))
    return figure


def _colour(share_fraction: float) -> str:
    return next(colour for least, colour in _CLASSES if share_fraction >= least)


def _said(scene: MapScene, place: int) -> str:
    least = round(100 * _CLASSES[place][0])
    if not place:
        return scene.translate("In {least}% and more").format(least=least)
    most = round(100 * _CLASSES[place - 1][0])
    return scene.translate("In {least}% to under {most}%").format(least=least, most=most)
