"""Where officers go: arrows with head counts, as wide as many go."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties
from matplotlib.patches import FancyBboxPatch, PathPatch
from matplotlib.path import Path as Outline

from geo import map_parts as parts
from geo.colouring import Fills, fills, lighter
from geo.flow_lines import Counts, Flow, flows_of, most_of, place_counts, segments, width_pt
from geo.fonts import map_fonts, one_line
from geo.jurisdictions import duty_rows, fates
from geo.map_ground import Ground
from geo.map_legend import Key
from geo.map_names import draw_names, map_names, place_names
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
from geo.maps import MapScene, add_legend, draw_symbols, ground_for, scene_lines
from optimizer.frozen import FloatArray
from optimizer.plan import Move, MoveReason

INKS: dict[MoveReason, str] = {
    "reassign": "#C2410C",
    "road_duty": "#0B5FA5",
    "bundle": "#8A9099",
}
"""Orange-red, blue and grey: told apart in every common colour vision, and by lightness."""
_LABELS: dict[MoveReason, str] = {
    "reassign": "Reassigned",
    "road_duty": "Road duty from a squad",
    "bundle": "Under their centre's command",
}
_ORDER: tuple[MoveReason, ...] = ("bundle", "road_duty", "reassign")
_COUNT_PT = 6.6
_SQUAD_STEP_PT = 24.0
_MOST_UNITS = 12
_UNIT_LINE_EM = 22.0
_FLOWS_SAY = "Arrows show how many officers change unit, never who."
_SQUADS_SAY = "A squad that shares a station's seat is drawn beside it."
_UNIT = parts.Symbol(
    marker="D", size_pt=5.6, fill="#FFFFFF", edge=parts.INK, edge_pt=1.0, label="Functional unit"
)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Drawing:
    """Arrows and counts in points."""

    flows: Sequence[Flow]
    counts: Counts
    most: Mapping[MoveReason, int]


def flow_sheet(scene: MapScene, ground: Ground | None = None) -> Figure:
    """The plan's moves of officers: squads, stations and police offices on the map, others beside.

    Args:
        scene: What to draw.
        ground: From `geo.maps.ground_for`, where several sheets share it.
    """
    with map_fonts():
        ground = ground_for(scene) if ground is None else ground
        county, plan, t = scene.county, scene.plan, scene.translate
        placed = {*county.stations.station_id, *county.squads.squad_id}
        mapped = [m for m in plan.moves if m.from_id in placed and m.to_id in placed]
        beside = [m for m in plan.moves if m not in mapped]
        most = most_of(mapped)
        keys = _keys(scene, ground, mapped, beside, most)
        page = page_for(
            ground,
            scene.paper,
            keys,
            lambda em: _lines(scene, len(mapped), len(county.stations), em),
            t,
            portrait=True,
        )
        squad_m = beside_seats(ground, page, step_pt=_SQUAD_STEP_PT)
        drawing = _arrows(scene, ground, page, squad_m, mapped, most)
        arrows = [segments(f) for f in drawing.flows]
        names = place_names(
            county,
            plan,
            ground,
            squad_m,
            extent=page.extent,
            m_per_pt=page.m_per_pt,
            scale=page.name_scale,
            boxes_m=drawing.counts.box[drawing.counts.shown] * page.m_per_pt,
            lines_m=np.concatenate([np.zeros((0, 4)), *arrows]) * page.m_per_pt,
        )
        colour = fills(county, plan)
        figure = new_figure(page, scene.title)
        ax = add_panel(figure, page, 0, "flows")
        _draw_ground(ax, scene, ground, colour, page)
        draw_symbols(ax, scene, ground, squad_m, page.scale, is_plan=True, as_flows=True)
        _draw_arrows(ax, drawing, page)
        draw_names(ax, names, ground, fates(county, plan), scale=page.name_scale)
        draw_heading(ax, page, t("Officers who move"), _totals(scene))
        draw_furniture(ax, ground, page, t)
        add_legend(figure, page, scene, ground, colour, keys)
        hidden = int((~drawing.counts.shown).sum())
        draw_notes(figure, page, _lines(scene, hidden, names.hidden, page.note_em))
    return figure


def _totals(scene: MapScene) -> str:
    """Officers by reason: the sums of the plan's moves."""
    t, moves = scene.translate, scene.plan.moves
    found = [
        (t(_LABELS[r]), sum(m.officers for m in moves if m.reason == r)) for r in reversed(_ORDER)
    ]
    return " · ".join(t("{what}: {n}").format(what=w, n=n) for w, n in found if n) or t(
        "Nobody changes unit"
    )


def _lines(scene: MapScene, counts_hidden: int, names_hidden: int, room_em: float) -> list[Line]:
    notes = [_FLOWS_SAY, *([_SQUADS_SAY] if len(scene.county.squads) else [])]
    lines = scene_lines(scene, notes, names_hidden, room_em)
    if counts_hidden:
        t = scene.translate
        text = t("Head counts left out for lack of room: {n}").format(n=counts_hidden)
        lines.insert(0, (text, parts.SOFT_INK))
    return lines


def _keys(
    scene: MapScene,
    ground: Ground,
    mapped: Sequence[Move],
    beside: Sequence[Move],
    most: Mapping[MoveReason, int],
) -> list[Key]:
    """Symbols, the reasons that occur, widths, and the moves that no arrow can show."""
    county, plan, t = scene.county, scene.plan, scene.translate
    fate = np.array(fates(county, plan))
    urban = county.stations.is_urban
    there = (
        (parts.URBAN, ((fate == "stays") & urban).any()),
        (parts.RURAL, ((fate == "stays") & ~urban).any()),
        (parts.CENTRE, "centre" in fate),
        (parts.OFFICE, "police_office" in fate),
        (parts.DUTY, len(duty_rows(county, plan)) > 0),
    )
    keys = [Key(symbol=s) for s, shown in there if shown]
    if len(county.squads):
        keys.append(Key(symbol=parts.SQUAD))
    reasons = [r for r in reversed(_ORDER) if any(m.reason == r for m in mapped)]
    if reasons:
        keys.append(Key(label="Officers who move", is_heading=True))
    keys += [Key(label=_LABELS[r], arrow=(INKS[r], 1.6)) for r in reasons]
    widest = max((m.officers for m in mapped if m.reason in reasons[:1]), default=0)
    for n in sorted({1, widest}) if reasons else []:
        text = t("{n} officers").format(n=n) if n > 1 else t("1 officer")
        keys.append(Key(text=text, arrow=(INKS[reasons[0]], width_pt(n, reasons[0], most))))
    if beside:
        keys.append(Key(label="Functional units", is_heading=True))
        keys += _beside(scene, beside)
    return keys


def _beside(scene: MapScene, moves: Sequence[Move]) -> list[Key]:
    """Moves from or to a unit without a place: a line for each unit and way, the largest first."""
    county, t = scene.county, scene.translate
    units = set(county.units.unit_id)
    name = dict(zip(county.units.unit_id, map(one_line, county.units.name), strict=True))
    name |= dict(zip(county.stations.station_id, map_names(county), strict=True))
    name |= dict(zip(county.squads.squad_id, map(one_line, county.squads.name), strict=True))
    given: dict[tuple[str, bool], list[Move]] = {}
    for move in sorted(moves, key=lambda m: (-m.officers, m)):
        gives = move.from_id in units
        given.setdefault((move.from_id if gives else move.to_id, gives), []).append(move)
    order = sorted(given, key=lambda k: (-sum(m.officers for m in given[k]), k))
    keys: list[Key] = []
    for unit, gives in order[:_MOST_UNITS]:
        group = given[unit, gives]
        ends = [f"{name[m.to_id if gives else m.from_id]} {m.officers}" for m in group]
        head = f"{name[unit]} {'→' if gives else '←'} "
        for i, line in enumerate(_filled(head, ends, t(", "))):
            keys.append(Key(text=line, symbol=None if i else _UNIT))
    rest = [m for k in order[_MOST_UNITS:] for m in given[k]]
    if rest:
        officers = sum(m.officers for m in rest)
        text = t("{n} more moves, {officers} officers").format(n=len(rest), officers=officers)
        keys.append(Key(text=text, symbol=_UNIT))
    return keys


def _filled(head: str, items: Sequence[str], comma: str) -> list[str]:
    """Lines that begin with `head` and break only between items."""
    lines = [head]
    for i, item in enumerate(items):
        word = item + (comma if i < len(items) - 1 else "")
        if i and parts.text_width_em((lines[-1] + word).rstrip()) > _UNIT_LINE_EM:
            lines.append("")
        lines[-1] += word
    return [line.rstrip() for line in lines]


def _arrows(
    scene: MapScene,
    ground: Ground,
    page: Page,
    squad_m: FloatArray,
    moves: Sequence[Move],
    most: Mapping[MoveReason, int],
) -> _Drawing:
    county, scale = scene.county, page.scale
    seat, squad = ground.seat_m / page.m_per_pt, squad_m / page.m_per_pt
    place = dict(zip(county.stations.station_id, seat, strict=True))
    place |= dict(zip(county.squads.squad_id, squad, strict=True))
    radius = np.full(len(seat), parts.RURAL.size_pt / 2 + 1.0)
    radius[np.array(fates(county, scene.plan)) == "centre"] = parts.CENTRE.size_pt / 2 + 0.5
    radius[duty_rows(county, scene.plan)] = parts.DUTY.size_pt / 2 + 1.0
    radius *= scale
    clear = dict(zip(county.stations.station_id, radius.tolist(), strict=True))
    clear |= dict.fromkeys(county.squads.squad_id, (parts.SQUAD.size_pt / 2 + 1.0) * scale)
    flows, _ = flows_of(moves, place, clear)
    font = FontProperties(size=_COUNT_PT * scale)
    size = np.array(
        [(parts.text_width_pt(str(f.officers), font) + 2.6, _COUNT_PT * 1.14) for f in flows]
    ).reshape(-1, 2)
    size[:, 1] *= scale
    middle = np.concatenate([seat, squad])
    reach = np.concatenate([radius, np.full(len(squad), parts.SQUAD.size_pt / 2 * scale)])[:, None]
    counts = place_counts(
        flows,
        size,
        np.hstack([middle - reach, middle + reach]),
        [v / page.m_per_pt for v in page.extent],
    )
    return _Drawing(flows=flows, counts=counts, most=most)


def _draw_ground(ax: Axes, scene: MapScene, ground: Ground, colour: Fills, page: Page) -> None:
    """The plan's jurisdictions, so pale that arrows and counts stand out."""
    scale = page.scale
    pale = [lighter(c, white_fraction=0.72) for c in colour.plan]
    parts.fill_areas(ax, ground.plan, pale, zorder=1)
    parts.draw_borders(ax, ground.plan, colour="#16202E80", width_pt=0.6 * scale, zorder=3.2)
    if scene.outline is not None or ground.cells is not None:
        parts.draw_borders(ax, [ground.outline], colour=parts.INK, width_pt=1.2 * scale, zorder=3.4)


def _draw_arrows(ax: Axes, drawing: _Drawing, page: Page) -> None:
    """Arrows in the order of their reasons, grey lowest, and each count in its colour."""
    m_per_pt, scale = page.m_per_pt, page.scale
    for i, flow in reversed(list(enumerate(drawing.flows))):
        zorder = 4.0 + 0.1 * _ORDER.index(flow.reason)
        width = width_pt(flow.officers, flow.reason, drawing.most)
        body, head = parts.arrow_parts(flow.points / scale, width)
        ax.add_artist(
            PathPatch(
                Outline(body * scale * m_per_pt),
                facecolor="none",
                edgecolor=INKS[flow.reason],
                linewidth=width * scale,
                capstyle="butt",
                zorder=zorder,
                gid=f"flow {flow.from_id} {flow.to_id}",
            )
        )
        ax.add_artist(
            PathPatch(
                Outline(head * scale * m_per_pt, closed=False),
                facecolor=INKS[flow.reason],
                edgecolor="none",
                zorder=zorder,
            )
        )
        if drawing.counts.shown[i]:
            _draw_count(ax, flow, drawing.counts.box[i] * m_per_pt, page)


def _draw_count(ax: Axes, flow: Flow, box_m: FloatArray, page: Page) -> None:
    size_pt = _COUNT_PT * page.scale
    left, bottom, right, top = box_m.tolist()
    ax.add_artist(
        FancyBboxPatch(
            (left, bottom),
            right - left,
            top - bottom,
            boxstyle=f"round,pad=0,rounding_size={(top - bottom) * 0.3}",
            facecolor="#FFFFFFF0",
            edgecolor=INKS[flow.reason],
            linewidth=0.5 * page.scale,
            zorder=5.8,
        )
    )
    ax.text(
        (left + right) / 2.0,
        (bottom + top) / 2.0 - 0.36 * size_pt * page.m_per_pt,
        str(flow.officers),
        fontsize=size_pt,
        color=parts.INK,
        ha="center",
        va="baseline",
        zorder=5.9,
    )
