"""The simulation as rows a planner reads: today, plan, change, each with its interval."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np

from optimizer.errors import Translate
from optimizer.simulation import SimulationResult
from optimizer.simulation_measures import Compared

Better = Literal["less", "more", "neither"]


@dataclass(frozen=True, slots=True, kw_only=True)
class SimulatedRow:
    """One measure with 95% intervals; NaN where there is no value.

    Attributes:
        name: Name of the measure.
        label: What a planner calls it, translated.
        unit: Its unit; `%` for values shown times 100.
        digits: Decimals to show.
        better: Which way is better.
        today, plan, change: Means over the replications.
        today_half_width, plan_half_width, change_half_width: Half-widths of the intervals.
    """

    name: str
    label: str
    unit: str
    digits: int
    better: Better
    today: float
    plan: float
    change: float
    today_half_width: float
    plan_half_width: float
    change_half_width: float

    @property
    def heading(self) -> str:
        """Label and unit in one."""
        return f"{self.label}, {self.unit}" if self.unit else self.label

    def shown(self, value: float) -> str:
        """A mean as text."""
        if math.isnan(value):
            return "–"
        if math.isinf(value):
            return "∞"
        return f"{value * self._scale:,.{self.digits}f}"

    def shown_change(self) -> str:
        """The change and its interval as text."""
        if math.isnan(self.change) or math.isinf(self.change):
            return "–"
        text = f"{self.change * self._scale:+,.{self.digits}f}"
        if not math.isnan(self.change_half_width):
            text += f" ±{self.change_half_width * self._scale:,.{self.digits}f}"
        return text

    @property
    def verdict(self) -> Literal["better", "worse", ""]:
        """Whether the plan gains or loses beyond chance: the interval does not hold zero."""
        sure = abs(self.change) > self.change_half_width
        if self.better == "neither" or not sure:
            return ""
        return "better" if (self.change < 0) == (self.better == "less") else "worse"

    @property
    def _scale(self) -> float:
        return 100.0 if self.unit == "%" else 1.0


def headline(result: SimulationResult, _: Translate) -> tuple[SimulatedRow, ...]:
    """Measures over all alerts and crews, in the order a planner reads them."""
    minutes, per_day = _("min"), _("min a day")
    rows: list[tuple[str, str, str, int, Better]] = [
        ("response_mean_min", _("Mean response"), minutes, 2, "less"),
        ("response_p50_min", _("Half are reached within"), minutes, 1, "less"),
        ("response_p80_min", _("80 in 100 are reached within"), minutes, 1, "less"),
        ("response_p90_min", _("90 in 100 are reached within"), minutes, 1, "less"),
        ("response_p95_min", _("95 in 100 are reached within"), minutes, 1, "less"),
        ("within_fraction", _("Alerts within the standard"), "%", 1, "more"),
        ("waits_fraction", _("Alerts that wait for a crew"), "%", 2, "less"),
        ("waits_long_fraction", long_wait_text(result, _), "%", 2, "less"),
        ("utilisation_fraction", _("Crews busy"), "%", 1, "neither"),
        ("none_free_fraction", _("No crew free at the alert's unit"), "%", 2, "less"),
        ("cross_area_fraction", _("Crews sent into another area"), "%", 2, "neither"),
        ("patrol_total_min_per_day", _("Patrol left, all townships"), per_day, 0, "more"),
        ("overrun_min_per_day", _("Work past the shift's end"), per_day, 1, "less"),
        ("unserved_fraction", _("Alerts nobody reached"), "%", 2, "less"),
    ]
    return tuple(
        row_of(result.measures[name], name, label, unit, digits, better)
        for name, label, unit, digits, better in rows
    )


def long_wait_text(result: SimulationResult, _: Translate) -> str:
    """What a long wait is."""
    return _("Alerts that wait over {n} min").format(n=f"{result.ground.long_wait_min:g}")


def row_of(
    compared: Compared, name: str, label: str, unit: str, digits: int, better: Better, at: int = 0
) -> SimulatedRow:
    """Entry `at` of a measure as a row."""

    def value(of: str) -> float:
        return float(np.atleast_1d(getattr(compared, of))[at])

    return SimulatedRow(
        name=name,
        label=label,
        unit=unit,
        digits=digits,
        better=better,
        **{f: value(f) for f in Compared.__dataclass_fields__},
    )


def groups_of(result: SimulationResult, kind: str) -> list[tuple[int, str]]:
    """Row and label of each group of a kind that has alerts."""
    alerts = result.measures["alerts_per_day"].today
    return [
        (i, label)
        for i, (k, label) in enumerate(result.ground.groups)
        if k == kind and alerts[i] > 0
    ]
