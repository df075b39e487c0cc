"""Which assumption moves the answer: a tornado table of a sweep and its picture.

For each key and measure: the mean of the measure over all points at each value of the key. The
difference between the largest and the smallest of these means is what the key moves the measure by,
all else averaged. Numbers drawn from a range are sorted into five bins of equally many points
first; so are more than five drawn years, by their number of alerts. Points without a plan count
nowhere.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from geo.fonts import map_fonts, one_line
from optimizer.errors import Translate
from optimizer.frozen import FloatArray
from scenarios.sweep import MEASURES, Sweep

BINS = 5
YEAR = "alerts.year"
"""Name of the drawn years beside the keys."""
SHOWN = ("objective", "officers_freed", "mean_response_min", "share_within_fraction")
_LESS, _MORE = "#4477aa", "#cc6677"
_ROWS_SHOWN = 12
_IN_PERCENT = frozenset({"share_within_fraction"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Bar:
    """How far one key moves one measure.

    Attributes:
        measure: Field of Evaluation.
        key: Swept key.
        smallest, largest: Least and greatest mean of the measure over the key's values.
        smallest_at, largest_at: The values there, as text.
        mean: Mean over all points.
        values: How many values of the key (or bins of them) have a point with a plan.
    """

    measure: str
    key: str
    smallest: float
    smallest_at: str
    largest: float
    largest_at: str
    mean: float
    values: int

    @property
    def swing(self) -> float:
        """What the key moves the measure by."""
        return self.largest - self.smallest


def tornado(sweep: Sweep, measures: Sequence[str] = MEASURES) -> tuple[Bar, ...]:
    """Bars of every measure and key, measure by measure, the longest first."""
    points = sweep.design.points()
    solved = [i for i, r in enumerate(sweep.results) if r["plan"] is not None]
    levels: dict[str, list[str]] = {}
    for column, axis in enumerate(sweep.design.axes):
        said = [points[i].values[column] for i in solved]
        levels[axis.key] = _bins([float(v) for v in said]) if axis.is_continuous else said
    if sweep.design.years and solved:
        levels[YEAR] = _bins([float(sweep.results[i]["drawn_alerts"]) for i in solved])
    bars: list[Bar] = []
    for measure in measures:
        values = [sweep.results[i]["measures"][measure] for i in solved]
        rows = [_bar(measure, key, at, values) for key, at in levels.items()]
        bars += sorted(
            (r for r in rows if r is not None), key=lambda b: (-b.swing, [*levels].index(b.key))
        )
    return tuple(bars)


def _bar(
    measure: str, key: str, levels: Sequence[str], values: Sequence[float | None]
) -> Bar | None:
    by: dict[str, list[float]] = {}
    for level, value in zip(levels, values, strict=True):
        if value is not None:
            by.setdefault(level, []).append(float(value))
    if not by:
        return None
    means = {level: _figures(float(np.mean(v))) for level, v in by.items()}
    low, high = min(means, key=lambda v: means[v]), max(means, key=lambda v: means[v])
    return Bar(
        measure=measure,
        key=key,
        smallest=means[low],
        smallest_at=low,
        largest=means[high],
        largest_at=high,
        mean=_figures(float(np.mean([v for v in values if v is not None]))),
        values=len(means),
    )


def as_drawn(measure: str, value: float) -> float:
    """A value in the unit that planners see: per cent for shares."""
    return 100.0 * value if measure in _IN_PERCENT else value


def _figures(value: float) -> float:
    """Without the last bits, which the order of a sum decides."""
    return float(f"{value:.12g}")


def _bins(values: Sequence[float]) -> list[str]:
    """For each value, the span of its bin: at most five bins of equally many values."""
    if len(set(values)) <= BINS:
        return [f"{v:.6g}" for v in values]
    array = np.array(values)
    rank = np.argsort(np.argsort(array, kind="stable"), kind="stable")
    bins = min(BINS, len(array))
    row = rank * bins // len(array)
    spans = [_span(array[row == b]) for b in range(bins)]
    return [spans[b] for b in row.tolist()]


def _span(values: FloatArray) -> str:
    least, most = f"{values.min():.6g}", f"{values.max():.6g}"
    return least if least == most else f"{least}…{most}"


def tornado_figure(
    bars: Sequence[Bar], labels: Mapping[str, str], title: str, _: Translate
) -> Figure:
    """One panel per measure: a bar per key from the smallest mean to the largest.

    Args:
        bars: As `tornado` gives them.
        labels: What a planner calls a measure, with its unit.
        title: Case, scenario and size of the sweep.
        _: Translation.
    """
    panels = [m for m in SHOWN if any(b.measure == m for b in bars)]
    with map_fonts():
        rows = min(_ROWS_SHOWN, max((sum(b.measure == m for b in bars) for m in panels), default=1))
        height = 1.0 + max(1, len(panels)) * (0.75 + 0.42 * rows)
        figure = Figure(figsize=(9.0, height), layout="constrained")
        figure.set_label(one_line(title))
        figure.suptitle(one_line(title), fontsize=11, x=0.01, ha="left")
        for axes, measure in zip(
            np.atleast_1d(figure.subplots(max(1, len(panels)), 1)), panels, strict=False
        ):
            mine = [b for b in bars if b.measure == measure][:_ROWS_SHOWN]
            _panel(axes, mine, labels.get(measure, measure), _)
        if not panels:
            figure.axes[0].text(0.5, 0.5, _("No point has a plan."), ha="center")
    return figure


def _panel(axes: Any, bars: Sequence[Bar], label: str, _: Translate) -> None:
    for row, bar in enumerate(bars):
        least, mean, most = (
            as_drawn(bar.measure, v) for v in (bar.smallest, bar.mean, bar.largest)
        )
        axes.barh(row, mean - least, left=least, color=_LESS, height=0.6)
        axes.barh(row, most - mean, left=mean, color=_MORE, height=0.6)
        ends = [(bar.smallest_at, least, "right", -3), (bar.largest_at, most, "left", 3)]
        if bar.values == 1:
            # No bar, but not because the key moves nothing: the others have no plan.
            ends = [(_("a plan only at {value}").format(value=bar.smallest_at), mean, "left", 3)]
        for at, value, side, pad in ends:
            if bar.swing > 0 or bar.values == 1:
                axes.annotate(
                    one_line(at), (value, row), xytext=(pad, 0), textcoords="offset points",
                    ha=side, va="center", fontsize=8,
                )  # fmt: skip
    axes.set_yticks(range(len(bars)), [one_line(b.key) for b in bars], fontsize=8)
    axes.invert_yaxis()
    # Room for the values at both ends, on the side where bars would stick to the edge too.
    low = min(as_drawn(b.measure, b.smallest) for b in bars)
    high = max(as_drawn(b.measure, b.largest) for b in bars)
    room = 0.2 * (high - low) or 0.05 * max(1.0, abs(high))
    axes.set_xlim(low - room, high + room)
    axes.axvline(as_drawn(bars[0].measure, bars[0].mean), color="black", linewidth=0.8)
    axes.tick_params(axis="x", labelsize=8)
    axes.set_title(one_line(label), fontsize=9, loc="left")
    for side in ("top", "right", "left"):
        axes.spines[side].set_visible(False)
