"""Charts of a report: strength against workload, and response by township.

Drawn with matplotlib's objects only; the same rows give the same bytes. Today is hollow and the
plan filled, so that the charts read in grey and without colour vision.
"""

from __future__ import annotations

import io
import math
from collections.abc import Callable, Collection, Sequence
from typing import Literal

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from geo.fonts import map_fonts, one_line
from geo.map_parts import INK, SOFT_INK, text_width_em
from optimizer.errors import Translate
from optimizer.scorecard import UnitRow
from scenarios.compare import TownshipChange
from scenarios.report.blocks import Picture
from scenarios.report.wording import changes_as_shown, one, signed

Form = Literal["png", "svg"]
PNG_DPI = 170
_WIDE_IN = 6.1
_ROW_IN, _HEAD_IN, _FOOT_IN = 0.215, 0.36, 0.5
_NAME_PT = 8.0
_NAME_CHARACTERS = 16
_TODAY, _PLAN, _NEED = "#7A7F87", "#0B5394", "#B45F06"
_GRID = "#D9DDE2"


def picture(
    draw: Callable[[], Figure], forms: Collection[Form], caption: str, *, wide: bool = False
) -> Picture:
    """A figure as PNG, and as SVG whose text stays text; neither carries a time.

    A form that is not asked for stays empty; where none is, nothing is drawn.
    """
    png, svg = io.BytesIO(), io.BytesIO()
    figure = draw() if forms else None
    with map_fonts():
        if figure is not None and "png" in forms:
            figure.savefig(
                png,
                format="png",
                dpi=PNG_DPI,
                metadata={"Software": "Jingli"},
                pil_kwargs={"compress_level": 3},
            )
        if figure is not None and "svg" in forms:
            with mpl.rc_context({"svg.fonttype": "none"}):
                figure.savefig(svg, format="svg", metadata={"Date": None, "Creator": "Jingli"})
    return Picture(
        caption=caption, png=png.getvalue(), svg=svg.getvalue().decode("utf-8"), wide=wide
    )


def strength_chart(units: Sequence[UnitRow], _: Translate, most: int) -> Figure:
    """Officers before and after against the officers that the workload requires, by unit.

    Args:
        units: Of the plan.
        _: Translation.
        most: Units shown at the most; those whose officers change most come first.
    """
    chosen = sorted(
        units,
        key=lambda u: (
            -abs(u.officers_after - u.officers_before),
            -abs(u.required_officers - u.officers_after),
            u.unit_id,
        ),
    )
    shown = sorted(chosen[:most], key=lambda u: (-u.required_officers, u.unit_id))
    figure, axes = _page(len(shown), [u.name for u in shown])
    for row, unit in enumerate(shown):
        axes.plot(
            [unit.officers_before, unit.officers_after], [row, row], color=_PLAN, linewidth=2.0
        )
    rows = range(len(shown))
    axes.scatter(
        [u.required_officers for u in shown], rows, marker="|", s=110, color=_NEED, linewidth=2.2,
        zorder=3, label=_("Officers required by the workload"),
    )  # fmt: skip
    _dots(
        axes,
        [float(u.officers_before) for u in shown],
        [float(u.officers_after) for u in shown],
        (_("Officers today, in the plan's units"), _("Officers in the plan")),
    )
    axes.set_xlabel(_("Officers"), fontsize=8, color=SOFT_INK)
    axes.set_xlim(left=0)
    _legend(figure)
    return figure


def response_chart(changes: Sequence[TownshipChange], _: Translate, most: int = 15) -> Figure:
    """Mean response today and under the plan, the townships that lose most.

    Args:
        changes: Townships whose response changes, the greatest loss first.
        _: Translation.
        most: Townships shown at the most.
    """
    shown = [c for c in changes if not math.isinf(c.plan.mean_response_min)][:most]
    figure, axes = _page(len(shown), [c.plan.township for c in shown])
    before = [c.today.mean_response_min for c in shown]
    after = [c.plan.mean_response_min for c in shown]
    for row, (a, b) in enumerate(zip(before, after, strict=True)):
        axes.plot([a, b], [row, row], color=_PLAN, linewidth=2.0)
        text = f"{one(b)} ({signed(changes_as_shown(a, b))})"
        axes.annotate(
            text, (max(a, b), row), xytext=(7, 0), textcoords="offset points", va="center",
            fontsize=7.5, color=INK,
        )  # fmt: skip
    _dots(axes, before, after, (_("Today"), _("Plan")))
    axes.set_xlabel(_("Mean response, min"), fontsize=8, color=SOFT_INK)
    axes.set_xlim(0, max([*before, *after, 1.0]) * 1.18)
    _legend(figure)
    return figure


def _page(rows: int, names: Sequence[str]) -> tuple[Figure, Axes]:
    with map_fonts():
        high = _HEAD_IN + _FOOT_IN + _ROW_IN * max(rows, 2)
        figure = Figure(figsize=(_WIDE_IN, high), facecolor="white")
        shown = [_short(n) for n in names]
        left = 0.15 + max((text_width_em(n) for n in shown), default=0.0) * _NAME_PT / 72.0
        wide = _WIDE_IN - left - 0.1
        axes = figure.add_axes(
            (left / _WIDE_IN, _FOOT_IN / high, wide / _WIDE_IN, 1.0 - (_HEAD_IN + _FOOT_IN) / high)
        )
        axes.set_yticks(range(rows), shown, fontsize=_NAME_PT, color=INK)
        axes.set_ylim(max(rows, 2) - 0.4, -0.6)
    axes.tick_params(axis="y", length=0)
    axes.tick_params(axis="x", labelsize=8, colors=SOFT_INK)
    axes.grid(axis="x", color=_GRID, linewidth=0.7)
    axes.set_axisbelow(True)
    for side in ("top", "right", "left"):
        axes.spines[side].set_visible(False)
    axes.spines["bottom"].set_color(_GRID)
    return figure, axes


def _dots(
    axes: Axes, before: Sequence[float], after: Sequence[float], labels: tuple[str, str]
) -> None:
    rows = range(len(before))
    axes.scatter(
        before, rows, s=36, facecolor="white", edgecolor=_TODAY, linewidth=1.6, zorder=4,
        label=labels[0],
    )  # fmt: skip
    axes.scatter(after, rows, s=30, color=_PLAN, zorder=5, label=labels[1])


def _legend(figure: Figure) -> None:
    with map_fonts():
        figure.legend(
            loc="upper left", borderaxespad=0.2, ncols=3, frameon=False, fontsize=8,
            handletextpad=0.4, columnspacing=1.4,
        )  # fmt: skip


def _short(name: str) -> str:
    line = one_line(name)
    return line if len(line) <= _NAME_CHARACTERS else line[: _NAME_CHARACTERS - 1] + "…"
