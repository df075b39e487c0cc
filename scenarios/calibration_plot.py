"""Quantile plots of a calibration: what was observed against what the model says."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from geo.fonts import map_fonts, one_line
from geo.maps import Format, write_map
from optimizer.errors import InputError, Problem, Translate
from optimizer.frozen import FloatArray
from scenarios.calibration import Calibration, CategoryFit
from scenarios.calibration_fit import law_quantiles

_BEFORE, _AFTER, _POOR = "#999999", "#4477aa", "#cc6677"
_AT = np.linspace(0.01, 0.99, 99)
_MARKED = (0.5, 0.9)
_COLUMNS = 3
_MOST_PANELS = 9


def calibration_figure(found: Calibration, title: str, _: Translate) -> Figure:
    """A panel for the response and one per category fitted, each point one percent of the alerts.

    Points on the diagonal: model and observation agree. Only alerts that were not fitted on are
    shown.

    Args:
        found: The calibration.
        title: Case and log.
        _: Translation.
    """
    fitted = [c for c in found.categories if c.service.state != "few"][: _MOST_PANELS - 1]
    panels = (found.responses is not None) + len(fitted)
    rows = max(1, -(-panels // _COLUMNS))
    columns = max(1, min(_COLUMNS, panels))
    with map_fonts():
        figure = Figure(figsize=(1.0 + 3.1 * columns, 0.9 + 3.3 * rows), layout="constrained")
        figure.set_label(one_line(title))
        figure.suptitle(one_line(title), fontsize=11, x=0.01, ha="left")
        grid = np.atleast_1d(figure.subplots(rows, columns)).ravel()
        for axes in grid[panels:]:
            axes.set_visible(False)
        if found.responses is not None:
            _response(grid[0], found, _)
        for axes, one in zip(grid[int(found.responses is not None) :], fitted, strict=False):
            _service(axes, found, one, _)
    return figure


def _response(axes: Any, found: Calibration, _: Translate) -> None:
    responses = found.responses
    assert responses is not None
    for sample, colour, label in (
        (responses.present_min, _BEFORE, _("the case's values")),
        (responses.calibrated_min, _AFTER, _("calibrated")),
    ):
        if sample is not None:
            _points(axes, responses.observed_min, sample[np.isfinite(sample)], colour, label)
    axes.legend(fontsize=7, loc="upper left", frameon=False)
    _finish(axes, _("Response minutes, simulated"), _)


def _service(axes: Any, found: Calibration, one: CategoryFit, _: Translate) -> None:
    fit = one.service
    observed = found.services_min[one.category]
    colour = _POOR if fit.state == "poor" else _AFTER
    label = _("poor fit") if fit.state == "poor" else _("calibrated")
    modelled = law_quantiles(found.law, fit.mean_min, fit.cv, 2000)
    _points(axes, observed, modelled, colour, label)
    axes.legend(fontsize=7, loc="upper left", frameon=False)
    _finish(axes, _("On scene: {category}").format(category=one.category), _)


def _points(axes: Any, observed: FloatArray, modelled: FloatArray, colour: str, label: str) -> None:
    axes.plot(
        np.quantile(observed, _AT), np.quantile(modelled, _AT), ".", markersize=4, color=colour,
        label=one_line(label),
    )  # fmt: skip
    for q in _MARKED:
        x, y = float(np.quantile(observed, q)), float(np.quantile(modelled, q))
        axes.plot([x], [y], "o", markersize=6, markerfacecolor="none", color=colour)
        axes.annotate(
            f"P{q * 100:.0f}",
            (x, y),
            xytext=(4, -9) if colour != _AFTER else (-20, 4),
            textcoords="offset points",
            fontsize=7,
            color=colour,
        )


def _finish(axes: Any, title: str, _: Translate) -> None:
    high = max(axes.get_xlim()[1], axes.get_ylim()[1])
    axes.plot([0, high], [0, high], color="black", linewidth=0.8)
    axes.set_xlim(0, high)
    axes.set_ylim(0, high)
    axes.set_aspect("equal")
    axes.set_title(one_line(title), fontsize=9, loc="left")
    axes.set_xlabel(one_line(_("observed, minutes")), fontsize=8)
    axes.set_ylabel(one_line(_("modelled, minutes")), fontsize=8)
    axes.tick_params(labelsize=7)
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)


def write_plot(figure: Figure, path: Path) -> None:
    """Write the figure in the format of the file's name.

    Raises:
        InputError: no such format, or the file cannot be written.
    """
    by_suffix: dict[str, Format] = {".png": "png", ".svg": "svg", ".pdf": "pdf"}
    if path.suffix not in by_suffix or not path.parent.is_dir():
        raise InputError(
            [
                Problem(
                    where=str(path),
                    expected="a file name that ends in .png, .svg or .pdf, in a folder that is "
                    "there",
                    fix="write another name with --plot",
                )
            ]
        )
    write_map(figure, path.with_suffix(""), (by_suffix[path.suffix],))
