"""Today against a plan, measure by measure and township by township."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

from optimizer.errors import Translate
from optimizer.scorecard import Evaluation, TownshipRow

Better = Literal["less", "more", "neither"]
NOTICEABLE_MIN = 0.05
"""A change of a mean response that a table with one decimal shows."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MeasureRow:
    """One measure today and under the plan.

    Attributes:
        name: Field of Evaluation.
        label: What a planner calls it, translated.
        unit: Its unit, translated; `%` for values shown times 100.
        heading: Label and unit in one.
        today, plan: Values (or text).
        better: Which way is better.
        digits: Decimals to show.
    """

    name: str
    label: str
    unit: str
    heading: str
    today: float | str
    plan: float | str
    better: Better
    digits: int

    def shown(self, value: float | str) -> str:
        """A value as text."""
        if isinstance(value, str):
            return value
        if math.isnan(value):
            return "–"
        if math.isinf(value):
            return "∞"
        scaled = value * 100.0 if self.unit == "%" else value
        return f"{scaled:,.{self.digits}f}"

    @property
    def change(self) -> str:
        """Signed difference as text, empty where it means nothing."""
        if isinstance(self.today, str) or isinstance(self.plan, str):
            return "" if self.today == self.plan else "≠"
        if math.isnan(self.today) or math.isnan(self.plan):
            return ""
        if math.isinf(self.today) or math.isinf(self.plan):
            return "0" if self.today == self.plan else "≠"
        scale = 100.0 if self.unit == "%" else 1.0
        apart = round((self.plan - self.today) * scale, self.digits)
        return "0" if apart == 0 else f"{apart:+,.{self.digits}f}"

    @property
    def verdict(self) -> Literal["better", "worse", ""]:
        """Whether the plan gains or loses on this measure, as shown."""
        if self.better == "neither" or self.change in ("", "0", "≠"):
            return ""
        assert isinstance(self.today, (int, float))
        assert isinstance(self.plan, (int, float))
        return "better" if (self.plan < self.today) == (self.better == "less") else "worse"


def measures(today: Evaluation, plan: Evaluation, _: Translate) -> tuple[MeasureRow, ...]:
    """The headline measures in the order a planner reads them."""
    minutes, km = _("min"), _("km")
    rows: list[tuple[str, str, str, Better, int]] = [
        ("centres", _("Centre stations (bundles)"), "", "neither", 0),
        ("stations_bundled", _("Stations bundled"), "", "neither", 0),
        ("duty_posts", _("Round-the-clock duty posts"), "", "neither", 0),
        ("officers_required_stations", _("Officers required at stations"), "", "less", 1),
        ("officers_freed", _("Officers freed by bundling"), "", "more", 1),
        ("mean_response_min", _("Mean response"), minutes, "less", 2),
        ("p90_response_min", _("Response, 90th percentile"), minutes, "less", 2),
        ("share_within_fraction", _("Alerts within the standard"), "%", "more", 1),
        ("worst_township", _("Worst township"), "", "neither", 0),
        ("worst_township_response_min", _("Mean response there"), minutes, "less", 2),
        ("most_losing_township", _("Township that loses most"), "", "neither", 0),
        ("most_township_loss_min", _("Longer mean response there"), minutes, "less", 2),
        ("residents_losing_standard", _("Residents who lose the standard"), "", "less", 0),
        (
            "residents_losing_standard_fraction",
            _("Residents who lose the standard, share"),
            "%",
            "less",
            1,
        ),
        ("worst_wait_share_fraction", _("Alerts that wait too long, worst bundle"), "%", "less", 1),
        ("mismatch_fraction", _("Mismatch of strength and workload"), "%", "less", 1),
        (
            "mismatch_today_regrouped_fraction",
            _("Mismatch, today's officers in the plan's units"),
            "%",
            "neither",
            1,
        ),
        ("load_max", _("Highest load, required per officer"), "", "less", 2),
        ("load_min", _("Lowest load, required per officer"), "", "neither", 2),
        ("load_gini", _("Inequality of load (Gini)"), "", "less", 3),
        ("duty_stations", _("Stations with road duty"), "", "neither", 0),
        ("road_km_per_officer_max", _("Managed road per officer, highest"), km, "less", 1),
        ("road_km_per_officer_mean", _("Managed road per officer, mean"), km, "less", 1),
        ("window_access_mean_km", _("Way to the nearest window, mean"), km, "less", 2),
        ("window_access_max_km", _("Way to the nearest window, longest"), km, "less", 1),
        ("officers_reassigned", _("Officers reassigned"), "", "neither", 0),
        ("officers_rehomed", _("Officers under their centre's command"), "", "neither", 0),
        ("officers_road_duty", _("Officers from squads to stations"), "", "neither", 0),
    ]
    return tuple(
        MeasureRow(
            name=name,
            label=label,
            unit=unit,
            heading=_("{measure}, {unit}").format(measure=label, unit=unit) if unit else label,
            today=getattr(today, name),
            plan=getattr(plan, name),
            better=better,
            digits=digits,
        )
        for name, label, unit, better, digits in rows
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class TownshipChange:
    """Response in one township today and under the plan."""

    today: TownshipRow
    plan: TownshipRow

    @property
    def mean_response_change_min(self) -> float:
        """Minutes that its alerts wait longer (negative: shorter)."""
        return self.plan.mean_response_min - self.today.mean_response_min

    @property
    def residents_losing_standard(self) -> float:
        """Residents who lose the response standard; 0 where the run does not know."""
        residents = self.plan.residents_losing_standard
        return 0.0 if math.isnan(residents) else residents

    @property
    def loses(self) -> bool:
        """Whether alerts wait noticeably longer or residents lose the response standard."""
        return self.mean_response_change_min >= NOTICEABLE_MIN or self.residents_losing_standard > 0

    @property
    def gains(self) -> bool:
        """Whether alerts wait noticeably less, and nobody loses the standard."""
        return not self.loses and self.mean_response_change_min <= -NOTICEABLE_MIN


def township_changes(today: Evaluation, plan: Evaluation) -> tuple[TownshipChange, ...]:
    """Every township, the greatest loss first."""
    before = {t.township: t for t in today.townships}
    changes = [TownshipChange(today=before[t.township], plan=t) for t in plan.townships]
    return tuple(sorted(changes, key=lambda c: (-c.mean_response_change_min, c.today.township)))


def finite(value: float | str) -> float | str | None:
    """A measure's value as JSON holds it; None for what is out of reach."""
    return None if isinstance(value, float) and not math.isfinite(value) else value
