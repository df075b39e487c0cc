"""The legend of a static map: an entry for what the map holds, none for what it does not."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import shapely
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.legend import Legend
from matplotlib.legend_handler import HandlerBase
from matplotlib.lines import Line2D
from matplotlib.patches import Patch, Polygon, Rectangle
from matplotlib.text import Text
from matplotlib.transforms import Transform

from geo import map_parts as parts
from geo.jurisdictions import duty_rows, fates
from geo.map_ground import Ground, GroundMark
from geo.road_marks import COLOURS
from optimizer.county import MODELLED, County
from optimizer.errors import Translate
from optimizer.plan import Plan

SIZE_PT = 8.0
"""Type size of the entries on A4."""
MARK_PT = 1.7
"""Width of roads that a scenario changes, on A4."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Key:
    """One entry of the legend: a sign and what it means.

    Attributes:
        label: English name, where there is no symbol, which has its own.
        text: Name as it is, in the language of the page, instead of `label`.
        symbol: A point symbol.
        area: A jurisdiction's area ("jurisdiction" or "bundle").
        line: Colour, width and style of a line.
        fill: Colour of an area.
        hatched: The area is hatched.
        arrow: Colour and width of an arrow.
        is_heading: The name of the entries that follow, in their place.
    """

    label: str = ""
    text: str = ""
    symbol: parts.Symbol | None = None
    area: str = ""
    line: tuple[str, float, Literal["-", ":"]] | None = None
    fill: str = ""
    hatched: bool = False
    arrow: tuple[str, float] | None = None
    is_heading: bool = False

    def shown(self, translate: Translate) -> str:
        """The name in the language of the page."""
        if self.text or self.symbol is None:
            return self.text or (translate(self.label) if self.label else "")
        return translate(self.symbol.label)


class _Sign(Line2D):
    """An entry whose sign matplotlib does not know."""

    def __init__(self, key: Key, label: str) -> None:
        super().__init__([], [], label="" if key.is_heading else label)
        self.key = key
        self.words = label


class _SignHandler(HandlerBase):
    """Draws headings, arrows and hatched areas."""

    def create_artists(
        self,
        legend: Legend,
        orig_handle: Artist,
        xdescent: float,
        ydescent: float,
        width: float,
        height: float,
        fontsize: float,
        trans: Transform,
    ) -> Sequence[Artist]:
        """See matplotlib."""
        assert isinstance(orig_handle, _Sign)
        key = orig_handle.key
        middle = height / 2.0 - ydescent
        made: list[Artist] = []
        if key.is_heading:
            # It has no sign, so it starts where the signs do.
            made.append(
                Text(
                    -xdescent,
                    -ydescent,
                    orig_handle.words,
                    fontsize=fontsize * 1.06,
                    color=parts.INK,
                    va="baseline",
                )
            )
        elif key.arrow is not None:
            ink, width_pt = key.arrow
            body, head = parts.arrow_parts(
                np.array([[-xdescent, middle], [width - xdescent, middle]]), width_pt
            )
            made.append(Line2D(*body.T, color=ink, linewidth=width_pt, solid_capstyle="butt"))
            made.append(Polygon(head, closed=True, facecolor=ink, edgecolor="none"))
        elif key.fill or key.hatched:
            box = shapely.box(-xdescent, -ydescent, width - xdescent, height - ydescent)
            made.append(
                Rectangle(
                    (-xdescent, -ydescent),
                    width,
                    height,
                    facecolor=key.fill or "none",
                    edgecolor=parts.INK,
                    linewidth=0.6 * fontsize / SIZE_PT,
                )
            )
            if key.hatched:
                for line in parts.hatch_lines(box, parts.HATCH_PT * fontsize / SIZE_PT):
                    made.append(
                        Line2D(
                            *shapely.get_coordinates(line).T,
                            color=parts.INK,
                            linewidth=parts.HATCH_WIDTH_PT * fontsize / SIZE_PT,
                        )
                    )
        for artist in made:
            artist.set_transform(trans)
        return made or [Line2D([], [])]


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
    keys = [Key(symbol=s) for s, shown in there if shown]
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
    return keys + [_mark_key(mark) for mark in ground.marks]


def _mark_key(mark: GroundMark) -> Key:
    """A change of roads; one of all roads alike has a text and no sign."""
    if mark.kind == "closed":
        return Key(text=mark.text, symbol=parts.CLOSED)
    if not len(mark.lines):
        return Key(text=mark.text)
    style: Literal["-", ":"] = ":" if mark.kind == "ferry" else "-"
    return Key(text=mark.text, line=(COLOURS[mark.kind], MARK_PT, style))


def arranged(keys: Sequence[Key], columns: int) -> list[list[Key]]:
    """The entries in at most `columns` columns, as few rows as will do.

    What a heading names stays below it where there is room: further columns of its entries begin
    one row lower, and blanks make all columns of one length.
    """
    sections: list[list[Key]] = [[]]
    for key in keys:
        if key.is_heading and sections[-1]:
            sections.append([])
        sections[-1].append(key)
    if len(sections) == 1 or len(sections) > columns:
        cuts = np.array_split(np.arange(len(keys)), min(columns, max(len(keys), 1)))
        return [[keys[i] for i in cut] for cut in cuts]
    rows = 2
    while True:
        found = [column for section in sections for column in _columns(section, rows)]
        if len(found) <= columns:
            return found
        rows += 1


def _columns(section: Sequence[Key], rows: int) -> list[list[Key]]:
    head = [k for k in section[:1] if k.is_heading]
    entries = section[len(head) :]
    each = max(rows - len(head), 1)
    starts = range(0, max(len(entries), 1), each)
    columns = []
    for start in starts:
        column = [*(head if not start else [_BLANK] * len(head)), *entries[start : start + each]]
        columns.append(column + [_BLANK] * (rows - len(column)))
    return columns


_BLANK = Key()


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
    placed = arranged(keys, columns)
    for key in [key for column in placed for key in column]:
        if key.symbol is not None:
            handle = key.symbol.key(translate, scale=scale)
            if key.text:
                handle.set_label(key.text)
            handles.append(handle)
        elif key.line is not None:
            ink, width_pt, style = key.line
            handles.append(
                Line2D(
                    [],
                    [],
                    color=ink,
                    linewidth=width_pt * scale,
                    linestyle=style,
                    label=key.shown(translate),
                )
            )
        elif not key.area:
            handles.append(_Sign(key, key.shown(translate)))
        else:
            handles.append(
                Patch(
                    facecolor=bundle_fill if key.area == "bundle" else jurisdiction_fill,
                    edgecolor=parts.INK,
                    linewidth=0.9 * scale,
                    label=key.shown(translate),
                )
            )
    ax.legend(
        handles=handles,
        handler_map={_Sign: _SignHandler()},
        loc="upper left" if columns == 1 else "lower left",
        ncols=len(placed),
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
