"""The legend of a static map: an entry for what the map holds, none for what it does not."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from geo import map_parts as parts
from geo.jurisdictions import duty_rows, fates
from geo.map_ground import Ground
from optimizer.county import MODELLED, County
from optimizer.errors import Translate
from optimizer.plan import Plan

SIZE_PT = 8.0
"""Type size of the entries on A4."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Key:
    """One entry of the legend: a symbol, an area ("jurisdiction", "bundle") or a line."""

    label: str
    symbol: parts.Symbol | None = None
    area: str = ""
    line: tuple[str, float, Literal["-", ":"]] | None = None


def legend_keys(county: County, plan: Plan, ground: Ground) -> list[Key]:
    """Entries for what the map of `county` and `plan` holds, in order."""
    fate = fates(county, plan)
    bundles = "centre" in fate
    there: list[tuple[parts.Symbol, bool]] = [
        (parts.URBAN, bool(county.stations.is_urban.any())),
        (parts.RURAL, not county.stations.is_urban.all()),
        (parts.SQUAD, len(county.squads) > 0),
        (parts.CENTRE, bundles),
        (parts.OFFICE, bundles),
        (parts.DUTY, len(duty_rows(county, plan)) > 0),
    ]
    keys = [Key(label=s.label, symbol=s) for s, shown in there if shown]
    if bundles:
        keys.append(Key(label="Centre to its police office", line=(parts.INK, 1.5, "-")))
    keys.append(Key(label="Jurisdiction", area="jurisdiction"))
    if bundles:
        keys.append(Key(label="Bundle", area="bundle"))
    if bundles and ground.cells is not None:
        keys.append(Key(label="Border inside a bundle", line=(parts.INNER_INK, 0.9, ":")))
    if len(ground.roads):
        label = "Managed road" if ground.roads_managed else "Road"
        if county.origin_of("roads") == MODELLED:
            label += " (modelled)"
        keys.append(Key(label=label, line=(parts.ROAD_INK, 0.9, "-")))
    return keys


def draw_legend(
    ax: Axes,
    keys: Sequence[Key],
    *,
    jurisdiction_fill: str,
    bundle_fill: str,
    columns: int,
    scale: float,
    translate: Translate,
) -> None:
    """Fill `ax` with the legend, in one titled column or in several."""
    ax.set_axis_off()
    handles: list[Line2D | Patch] = []
    for key in keys:
        if key.symbol is not None:
            handles.append(key.symbol.key(translate, scale=scale))
        elif key.line is not None:
            ink, width_pt, style = key.line
            handles.append(
                Line2D(
                    [],
                    [],
                    color=ink,
                    linewidth=width_pt * scale,
                    linestyle=style,
                    label=translate(key.label),
                )
            )
        else:
            handles.append(
                Patch(
                    facecolor=bundle_fill if key.area == "bundle" else jurisdiction_fill,
                    edgecolor=parts.INK,
                    linewidth=0.9 * scale,
                    label=translate(key.label),
                )
            )
    ax.legend(
        handles=handles,
        loc="upper left" if columns == 1 else "lower left",
        ncols=columns,
        fontsize=SIZE_PT * scale,
        frameon=False,
        borderaxespad=0.0,
        borderpad=0.0,
        handlelength=2.2,
        labelspacing=0.85 if columns == 1 else 0.45,
        columnspacing=1.6,
        title=translate("Legend") if columns == 1 else None,
        title_fontsize=10.0 * scale,
        alignment="left",
        labelcolor=parts.INK,
    )
