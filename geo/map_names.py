"""Station names on a static map, at the same places in both panels so that nobody need search."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import shapely
from matplotlib.axes import Axes
from matplotlib.font_manager import FontProperties

from geo import map_parts as parts
from geo.fonts import one_line
from geo.jurisdictions import Fate, duty_rows, fates
from geo.labels import Placed, place_labels
from geo.map_ground import Ground
from geo.station_names import without_shared_ending
from optimizer.county import County
from optimizer.frozen import FloatArray
from optimizer.plan import Plan


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Names:
    """Names, their type and their places in points from the plane's origin."""

    text: tuple[str, ...]
    font: FontProperties
    placed: Placed
    m_per_pt: float

    @property
    def hidden(self) -> int:
        """How many find no room."""
        return int((~self.placed.shown).sum())


def map_names(county: County) -> tuple[str, ...]:
    """Station names as a map shows them: on one line, without an ending that all of them share.

    The legend says what the symbols are.
    """
    return without_shared_ending([one_line(n) for n in county.stations.name])


def place_names(
    county: County,
    plan: Plan,
    ground: Ground,
    squad_m: FloatArray,
    *,
    extent: Sequence[float],
    m_per_pt: float,
    scale: float,
    boxes_m: FloatArray | None = None,
    lines_m: FloatArray | None = None,
) -> Names:
    """Find places for the station names that serve today's panel and the plan's.

    Args:
        county: The county.
        plan: The plan.
        ground: Its places and shapes.
        squad_m: Where the squads' symbols are drawn, shape (Q, 2).
        extent: West, south, east, north of the panel in metres.
        m_per_pt: Metres per point on paper.
        scale: Size of type and symbols, 1 on A4.
        boxes_m: More boxes in metres that no name may cover, shape (B, 4).
        lines_m: More segments in metres that a name should not cover, shape (L, 4).
    """
    text = map_names(county)
    n = len(text)
    size_pt = (8.4 if n <= 30 else 7.4 if n <= 60 else 6.0) * scale
    font = FontProperties(size=size_pt)
    width = np.array([parts.text_width_pt(name, font) for name in text])
    seat = ground.seat_m / m_per_pt
    squads = squad_m / m_per_pt
    fate = np.array(fates(county, plan))
    clear = np.full(n, parts.RURAL.size_pt / 2 + 1.5) * scale
    clear[fate == "centre"] = parts.CENTRE.size_pt / 2 * scale
    clear[duty_rows(county, plan)] = (parts.DUTY.size_pt / 2 + 1.0) * scale
    reach = np.concatenate([clear - 1.0, np.full(len(squads), parts.SQUAD.size_pt / 2 * scale)])
    middle = np.concatenate([seat, squads])
    office = np.flatnonzero(fate == "police_office")
    symbols = [np.column_stack([middle - reach[:, None], middle + reach[:, None]])]
    lines = [np.column_stack([seat[ground.centre[office]], seat[office]]).reshape(-1, 4)]
    symbols += [] if boxes_m is None else [boxes_m / m_per_pt]
    lines += [] if lines_m is None else [lines_m / m_per_pt]
    placed = place_labels(
        seat,
        np.column_stack([width + 1.5, np.full(n, size_pt * 1.12)]),
        clear=clear,
        symbols=np.concatenate(symbols),
        lines=np.concatenate(lines),
        bounds=[v / m_per_pt for v in extent],
        homes=shapely.transform(ground.today, lambda xy: xy / m_per_pt),
        rank=[{"centre": 0, "stays": 1, "police_office": 2}[f] for f in fate.tolist()],
    )
    return Names(text=text, font=font, placed=placed, m_per_pt=m_per_pt)


def draw_names(
    ax: Axes, names: Names, ground: Ground, fate: Sequence[Fate] | None, *, scale: float
) -> None:
    """Write the names on `ax`.

    Args:
        ax: The panel, in metres.
        names: From `place_names`.
        ground: The ground they were placed on.
        fate: What becomes of each station, for the plan's panel: police offices step back.
        scale: Size of type and symbols, 1 on A4.
    """
    m_per_pt = names.m_per_pt
    size_pt = names.font.get_size_in_points()
    shown = np.flatnonzero(names.placed.shown).tolist()
    boxes = names.placed.box * m_per_pt
    # Chinese signs reach from -0.12 to 0.88 of their size: their middle is 0.38 above the baseline.
    start = np.column_stack(
        [
            boxes[:, 0] + 0.75 * m_per_pt,
            boxes[:, 1::2].mean(axis=1) - 0.37 * size_pt * m_per_pt,
        ]
    )
    # Halos are outlines of their own: a text drawn with one would be no text in a PDF.
    parts.draw_halos(
        ax,
        [names.text[i] for i in shown],
        start[shown],
        names.font,
        m_per_pt=m_per_pt,
        width_pt=2.2 * scale,
        zorder=6,
    )
    for i in shown:
        if names.placed.gap[i] > 8.0:
            near = np.clip(ground.seat_m[i], boxes[i, :2], boxes[i, 2:])
            leader = shapely.linestrings([ground.seat_m[i], near])
            parts.draw_lines(
                ax,
                np.array([leader], dtype=object),
                colour=parts.SOFT_INK,
                width_pt=0.5 * scale,
                zorder=4.8,
            )
        ax.text(
            start[i, 0],
            start[i, 1],
            names.text[i],
            fontproperties=names.font,
            color=parts.SOFT_INK if fate and fate[i] == "police_office" else parts.INK,
            ha="left",
            va="baseline",
            zorder=7,
        )
