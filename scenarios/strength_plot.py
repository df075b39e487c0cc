"""Pictures of required strength: the day by source, and officers against standard and alerts."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
from matplotlib.figure import Figure

from geo.fonts import map_fonts, one_line
from optimizer.errors import Translate
from optimizer.required_strength import SOURCES
from optimizer.strength_sensitivity import curve
from scenarios.provenance import modelled_items
from scenarios.strength import PLAN, StrengthStudy
from scenarios.strength_tables import deployment_text, on_duty, source_text

_COLOURS = {
    "scene": "#cc6677", "travel": "#ddaa77", "ready": "#88ccee", "surplus": "#d9e8f5",
    "post": "#4477aa", "window": "#117733", "case": "#999933", "community": "#44aa99",
    "road": "#aa4499", "patrol": "#882255", "stated": "#bbbbbb",
}  # fmt: skip
_SIDES = {"today": "#4477aa", PLAN: "#cc6677"}


def day_chart(study: StrengthStudy, title: str, _: Translate) -> Figure:
    """Officers on duty through the day by what they are for; functional units left out."""
    with map_fonts():
        figure = Figure(figsize=(1.6 + 4.2 * len(study.sides), 4.6), layout="constrained")
        figure.suptitle(_title(study, title, _), fontsize=10, x=0.01, ha="left")
        grid = np.atleast_1d(figure.subplots(1, len(study.sides), sharey=True)).ravel()
        for axes, side in zip(grid, study.sides, strict=True):
            heads = on_duty(side)
            ends = np.cumsum(side.required.period_hours)
            edges = np.concatenate([[0.0], ends])
            below = np.zeros(heads.shape[1])
            for j, source in enumerate(SOURCES):
                if source == "stated" or heads[j].max() <= 0:
                    continue
                axes.stairs(
                    below + heads[j], edges, baseline=below, fill=True, color=_COLOURS[source],
                    label=one_line(source_text(source, _)),
                )  # fmt: skip
                below = below + heads[j]
            axes.set_title(one_line(deployment_text(side.deployment, _)), fontsize=9, loc="left")
            axes.set_xlim(0, 24)
            axes.set_xticks(range(0, 25, 4))
            axes.set_xlabel(one_line(_("Hour of the day")), fontsize=8)
            _tidy(axes)
        grid[0].set_ylabel(one_line(_("Officers on duty")), fontsize=8)
        drawn: dict[str, Any] = {}
        for axes in grid:
            handles, labels = axes.get_legend_handles_labels()
            drawn |= dict(zip(labels, handles, strict=True))
        order = [one_line(source_text(s, _)) for s in SOURCES]
        labels = [label for label in order if label in drawn]
        figure.legend(
            [drawn[label] for label in labels], labels, loc="outside lower center", ncols=5,
            fontsize=7, frameon=False,
        )  # fmt: skip
    return figure


def sensitivity_chart(study: StrengthStudy, title: str, _: Translate) -> Figure:
    """Officers required against the wait allowed and against alerts."""
    county, policy = study.loaded.county, study.policy
    longest = max(15.0, 3.0 * policy.crews.max_wait_min)
    panels: tuple[tuple[Literal["max_wait_min", "alerts"], Any, float, str], ...] = (
        (
            "max_wait_min",
            np.linspace(0.0, longest, 121),
            policy.crews.max_wait_min,
            _("Minutes an alert may wait"),
        ),
        ("alerts", np.linspace(0.7, 1.5, 161), 1.0, _("Alerts against today")),
    )
    with map_fonts():
        figure = Figure(figsize=(9.0, 3.8), layout="constrained")
        figure.suptitle(_title(study, title, _), fontsize=10, x=0.01, ha="left")
        grid = figure.subplots(1, 2, sharey=True)
        for axes, (assumption, values, own, label) in zip(grid, panels, strict=True):
            for side in study.sides:
                officers = curve(county, policy, side.plan, assumption, values.tolist())
                axes.step(
                    values, officers, where="post", color=_SIDES[side.deployment], linewidth=1.6,
                    label=one_line(deployment_text(side.deployment, _)),
                )  # fmt: skip
            axes.axvline(own, color="black", linewidth=0.8, linestyle=":")
            axes.set_xlabel(one_line(label), fontsize=8)
            axes.set_xlim(values[0], values[-1])
            _tidy(axes)
        grid[1].set_xticks(np.arange(0.7, 1.51, 0.1))
        grid[1].xaxis.set_major_formatter(lambda x, _at: f"{100 * x:.0f}%")
        grid[0].set_ylabel(one_line(_("Officers required, all units")), fontsize=8)
        grid[0].legend(fontsize=8, frameon=False)
    return figure


def _title(study: StrengthStudy, title: str, _: Translate) -> str:
    """Case and scenario; under them a word where inputs are modelled."""
    lines = [one_line(title)]
    if modelled_items(study.loaded.county.provenance):
        lines.append(one_line(_("Modelled values are no findings about the county.")))
    return "\n".join(lines)


def _tidy(axes: Any) -> None:
    axes.tick_params(labelsize=7)
    axes.grid(alpha=0.3)
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
