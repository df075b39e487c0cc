"""Pictures of a reassignment: strength against work and alerts, and what each move buys."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.figure import Figure

from geo.fonts import map_fonts, one_line
from optimizer.errors import Translate
from scenarios.reassign import ReassignStudy

_TODAY, _THEN, _TARGET, _KNEE, _STATED = "#8a9099", "#2a6eb0", "#b3001b", "#3c8d5a", "#e8902f"
_MOST_UNITS = 60


def strength_figure(study: ReassignStudy, title: str, _: Translate) -> Figure:
    """Each unit's officers today and then, against its target; alerts per officer beside."""
    task, then = study.board.officers, study.then
    after = task.before if then is None else then.officers
    apart = np.abs(task.before - task.target)
    shown = np.argsort(-apart, kind="stable")[:_MOST_UNITS]
    # The heaviest load on top.
    load = task.target[shown] / np.maximum(task.before[shown], 0.5)
    shown = shown[np.argsort(load, kind="stable")]
    y = np.arange(len(shown))
    with map_fonts():
        figure = Figure(figsize=(10.0, 1.6 + 0.26 * len(shown)), layout="constrained")
        figure.set_label(one_line(title))
        figure.suptitle(one_line(title), fontsize=11, x=0.01, ha="left")
        left, right = figure.subplots(1, 2, sharey=True, width_ratios=(1.4, 1.0))
        _dumbbell(left, task.before[shown], after[shown], y, _)
        left.plot(
            task.target[shown], y, "|", color=_TARGET, markersize=10, markeredgewidth=1.8,
            label=one_line(_("Target by workload")),
        )  # fmt: skip
        if study.stated is not None:
            left.plot(
                study.stated.officers[shown], y, "D", color=_STATED, markersize=4,
                markerfacecolor="none", label=one_line(_("Scenario's plan")),
            )  # fmt: skip
        left.set_yticks(y, [one_line(study.name(int(u))) for u in shown], fontsize=7)
        left.set_ylim(-0.7, len(shown) - 0.3)
        left.set_xlim(left=0)
        left.set_xlabel(one_line(_("Officers")), fontsize=8)
        alerts = np.array(study.alerts)[shown]
        some = alerts > 0
        if some.any():
            _dumbbell(
                right,
                (alerts / np.maximum(task.before[shown], 1))[some],
                (alerts / np.maximum(after[shown], 1))[some],
                y[some],
                _,
            )
        right.set_xlim(left=0)
        right.set_xlabel(one_line(_("Alerts a year per officer (stations)")), fontsize=8)
        for axes in (left, right):
            _tidy(axes)
        figure.legend(
            *left.get_legend_handles_labels(), loc="outside lower center", ncols=4, fontsize=8,
            frameon=False,
        )  # fmt: skip
    return figure


def _dumbbell(axes: Any, before: Any, after: Any, y: Any, _: Translate) -> None:
    axes.hlines(y, np.minimum(before, after), np.maximum(before, after), color="#c5cbd3", lw=2.4)
    axes.plot(
        before, y, "o", color="white", markeredgecolor=_TODAY, markersize=6,
        label=one_line(_("Today")),
    )  # fmt: skip
    axes.plot(after, y, "o", color=_THEN, markersize=5, label=one_line(_("Free optimum")))


def frontier_figure(study: ReassignStudy, title: str, _: Translate) -> Figure:
    """Imbalance and mismatch against the number of moves, with the plans in hand."""
    moves = [p.moves for p in study.points]
    panels = (
        (_("Imbalance"), [p.imbalance for p in study.points], 1.0),
        (_("Mismatch, %"), [p.mismatch_fraction for p in study.points], 100.0),
    )
    with map_fonts():
        figure = Figure(figsize=(9.6, 4.3), layout="constrained")
        figure.set_label(one_line(title))
        figure.suptitle(one_line(title), fontsize=11, x=0.01, ha="left")
        grid = figure.subplots(1, 2)
        for axes, (label, values, factor) in zip(grid, panels, strict=True):
            is_first = axes is grid[0]
            axes.plot(
                moves, [v * factor for v in values], "-", color=_THEN, marker=".", markersize=4,
                label=one_line(_("Best for each number of moves")),
            )  # fmt: skip
            marks = [(_("Today"), study.before, "s", "#1f2328")]
            if study.then is not None:
                marks.append((_("Free optimum"), study.then, "*", _TARGET))
            if study.stated is not None:
                marks.append((_("Scenario's plan"), study.stated, "D", _STATED))
            for said, side, marker, colour in marks:
                value = side.imbalance if is_first else 100.0 * side.mismatch_fraction
                axes.plot(
                    [side.moves], [value], marker, color=colour, linestyle="none",
                    markersize=11 if marker == "*" else 7, markeredgecolor="white",
                    label=one_line(said),
                )  # fmt: skip
            if study.knee is not None:
                value = study.knee.imbalance if is_first else 100.0 * study.knee.mismatch_fraction
                axes.plot(
                    [study.knee.moves], [value], "^", color=_KNEE, linestyle="none", markersize=9,
                    markeredgecolor="white", label=one_line(_("Knee")),
                )  # fmt: skip
            axes.set_xlabel(one_line(_("Officers reassigned")), fontsize=8)
            axes.set_title(one_line(label), fontsize=9, loc="left")
            axes.set_ylim(bottom=0)
            _tidy(axes)
        figure.legend(
            *grid[0].get_legend_handles_labels(), loc="outside lower center", ncols=5, fontsize=8,
            frameon=False,
        )  # fmt: skip
    return figure


def _tidy(axes: Any) -> None:
    axes.grid(alpha=0.25)
    axes.set_axisbelow(True)
    axes.tick_params(labelsize=7)
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
