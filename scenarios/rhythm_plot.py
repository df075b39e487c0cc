"""A briefing's picture: alerts against what was to be expected, by category, township, station."""

from __future__ import annotations

from typing import Any

from matplotlib.figure import Figure

from geo.fonts import map_fonts, one_line
from optimizer.errors import Translate
from scenarios.rhythm import Briefing, Line, Section
from scenarios.rhythm_words import section_text

_MOST_LINES = 18
_UP, _DOWN, _PLAIN, _BAND = "#b2182b", "#2166ac", "#333333", "#c9d6e3"
_SHOWN: tuple[Section, ...] = ("category", "township", "station")


def briefing_chart(brief: Briefing, title: str, _: Translate) -> Figure:
    """Counted alerts as dots on the interval that was to be expected."""
    shown = {section: _chosen(brief, section) for section in _SHOWN}
    most = max(len(lines) for lines in shown.values())
    with map_fonts():
        figure = Figure(figsize=(11.5, 1.7 + 0.27 * max(most, 4)), layout="constrained")
        figure.suptitle(
            one_line(f"{title} · {brief.windows.now.text()}"), fontsize=11, x=0.01, ha="left"
        )
        for axes, section in zip(figure.subplots(1, len(_SHOWN)), _SHOWN, strict=True):
            _panel(axes, shown[section], _)
            axes.set_title(one_line(section_text(section, _)), fontsize=9, loc="left")
        handles = _handles(_)
        figure.legend(
            handles=handles, loc="outside lower center", ncols=4, fontsize=7, frameon=False
        )
    return figure


def _chosen(brief: Briefing, section: Section) -> list[Line]:
    """The lines that stand out, then those that count most, smallest at the bottom."""
    lines = sorted(
        (line for line in brief.section(section) if line.alerts or line.expected_alerts),
        key=lambda line: (not line.flag, -line.alerts),
    )[:_MOST_LINES]
    return sorted(lines, key=lambda line: line.alerts)


def _panel(axes: Any, lines: list[Line], _: Translate) -> None:
    for y, line in enumerate(lines):
        if line.lower is not None and line.upper is not None:
            # Half a count either side, so that an interval of one count can be seen.
            axes.barh(
                y, line.upper - line.lower + 1, left=line.lower - 0.5, height=0.55, color=_BAND
            )
            axes.plot(
                [line.expected_alerts] * 2, [y - 0.28, y + 0.28], color="#7a8a99", linewidth=1.2
            )
        colour = {"up": _UP, "down": _DOWN, "": _PLAIN}[line.flag]
        axes.plot(line.alerts, y, marker="o", markersize=4.5, color=colour, linestyle="none")
    axes.set_yticks(range(len(lines)), [one_line(line.name) for line in lines], fontsize=7)
    axes.set_ylim(-0.6, len(lines) - 0.4)
    axes.set_xlim(left=0)
    axes.set_xlabel(one_line(_("Alerts")), fontsize=8)
    axes.tick_params(axis="x", labelsize=7)
    axes.grid(axis="x", color="#e6e6e6", linewidth=0.6)
    axes.set_axisbelow(True)
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)


def _handles(_: Translate) -> list[Any]:
    from matplotlib.lines import Line2D
    from matplotlib.patches import Patch

    def dot(colour: str, label: str) -> Line2D:
        return Line2D([], [], marker="o", linestyle="none", markersize=5, color=colour,
                      label=one_line(label))  # fmt: skip

    return [
        dot(_PLAIN, _("counted")),
        dot(_UP, _("more than expected")),
        dot(_DOWN, _("fewer than expected")),
        Patch(color=_BAND, label=one_line(_("expected, with interval"))),
    ]
