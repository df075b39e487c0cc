"""A forecast's picture: weeks past and to come with their intervals, and the hours of the week."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.figure import Figure

from geo.fonts import map_fonts, one_line
from optimizer.errors import Translate
from optimizer.frozen import BoolArray, FloatArray
from scenarios.forecast_study import ForecastStudy
from scenarios.forecast_words import span_text, weekdays

_WEEK = 7
_PAST_WEEKS = 160
_COUNTED, _TOLD, _BAND, _TESTED = "#333333", "#b2182b", "#f4c7b5", "#2166ac"


def forecast_chart(study: ForecastStudy, title: str, _: Translate) -> Figure:
    """Weekly alerts, what the back-test would have foretold, the forecast, and its hours."""
    with map_fonts():
        figure = Figure(figsize=(11.5, 7.2), layout="constrained")
        figure.suptitle(one_line(f"{title} · {span_text(study)}"), fontsize=11, x=0.01, ha="left")
        weeks, hours = figure.subplots(2, 1, height_ratios=(3, 2))
        _weeks(weeks, study, _)
        _hours(figure, hours, study, _)
    return figure


def _weeks(axes: Any, study: ForecastStudy, _: Translate) -> None:
    seen, made = study.foreseen, study.foreseen.forecast
    counts = seen.counts[list(study.rows)].sum(axis=0)
    # Whole weeks, back from the last day.
    n = len(counts) // _WEEK
    past = counts[len(counts) - n * _WEEK :].reshape(n, _WEEK).sum(axis=1)[-_PAST_WEEKS:]
    end = np.datetime64(seen.last)
    days = end - _WEEK * np.arange(len(past))[::-1]
    axes.plot(days, past, color=_COUNTED, linewidth=0.9, label=one_line(_("counted")))
    tested = made.back_test
    if len(tested.first):
        way = [("model", "last_52_weeks", "seasonal_naive").index(made.methods[k])
               for k in study.rows]  # fmt: skip
        told = tested.foretold[way, list(study.rows)].sum(axis=0) * _WEEK / tested.days
        for i, (first, level) in enumerate(zip(tested.first, told, strict=True)):
            label = one_line(_("foretold in the back-test, mean of its weeks")) if i == 0 else None
            axes.plot([first, first + tested.days], [level] * 2, color=_TESTED, linewidth=1.6,
                      label=label)  # fmt: skip
    at, mean, low, high = _weeks_to_come(study)
    share = f"{study.rules.interval_fraction:.0%}"
    label = _("interval of a week, {share}").format(share=share)
    axes.fill_between(at, low, high, color=_BAND, linewidth=0, label=one_line(label))
    axes.plot(at, mean, color=_TOLD, linewidth=1.4, label=one_line(_("foretold")))
    axes.set_ylabel(one_line(_("Alerts a week")), fontsize=8)
    axes.set_ylim(bottom=0)
    axes.tick_params(labelsize=7)
    axes.grid(color="#e6e6e6", linewidth=0.6)
    axes.legend(fontsize=7, frameon=False, ncols=4, loc="lower left")
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)


def _weeks_to_come(study: ForecastStudy) -> tuple[Any, FloatArray, FloatArray, FloatArray]:
    made = study.foreseen.forecast
    n = len(made.days) // _WEEK
    found = []
    for w in range(n):
        week: BoolArray = np.arange(len(made.days)) // _WEEK == w
        e = made.total(categories=study.rows, days=week)
        found.append((e.mean, float(e.lower), float(e.upper)))
    mean, low, high = np.array(found).T
    return made.days[_WEEK - 1 : n * _WEEK : _WEEK], mean, low, high


def _hours(figure: Figure, axes: Any, study: ForecastStudy, _: Translate) -> None:
    picture = axes.imshow(study.by_hour(), aspect="auto", cmap="YlOrRd", vmin=0)
    axes.set_yticks(range(7), [one_line(d) for d in weekdays(_)], fontsize=7)
    axes.set_xticks(range(0, 24, 2), [f"{h:02d}" for h in range(0, 24, 2)], fontsize=7)
    axes.set_title(one_line(_("Alerts an hour in an average week")), fontsize=9, loc="left")
    bar = figure.colorbar(picture, ax=axes, pad=0.01)
    bar.ax.tick_params(labelsize=7)
