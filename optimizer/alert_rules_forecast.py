"""How alerts of the planning year are forecast."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal

from pydantic import Field

from optimizer.policy_part import Part

Method = Literal["model", "last_52_weeks", "seasonal_naive"]
METHODS: tuple[Method, ...] = ("model", "last_52_weeks", "seasonal_naive")
SplitRule = Literal["model", "last_year", "even"]
SPLITS: tuple[SplitRule, ...] = ("model", "last_year", "even")
Growth = Annotated[float, Field(ge=-0.9, le=5.0)]
_Share = Annotated[float, Field(gt=0, lt=1)]


class ForecastRules(Part):
    """Forecast of alerts by cell, category and hour of the week."""

    use: bool = Field(
        default=False,
        description="The county's rates are the forecast of the planning year, not the log's past",
    )
    first_day: date | None = Field(
        default=None, description="First day of the planning year; none = the day after the log"
    )
    days: Annotated[int, Field(ge=28, le=731)] = Field(
        default=365, description="Length of the planning year"
    )
    calendar: Literal["china", "none"] = Field(
        default="china",
        description="Public holidays and moved working days (调休): China's, or none",
    )
    method: Literal["best", "model", "last_52_weeks", "seasonal_naive"] = Field(
        default="best",
        description="best: for each category the model, unless a plain rule did better in the "
        "back-test; else the method named",
    )
    split: Literal["best", "model", "last_year", "even"] = Field(
        default="best",
        description="Shares of cells and of hours of the week: best: for each category the "
        "model's, unless a plain rule did better in the back-test; else the rule named",
    )
    history_days: Annotated[int, Field(ge=56, le=7310)] = Field(
        default=1461, description="Last days of the log that are learnt from"
    )
    half_life_days: Annotated[float, Field(ge=28)] = Field(
        default=365.0, description="A day so long ago weighs half of the last one"
    )
    damping_days: Annotated[float, Field(gt=0)] = Field(
        default=365.0, description="How long a trend goes on before it levels off"
    )
    trend_limit_fraction: Annotated[float, Field(ge=0, le=2)] = Field(
        default=0.2, description="Most that trend may add or take away; 0 = no trend"
    )
    growth_fraction_per_year: Growth = Field(
        default=0.0,
        description="Growth assumed on top of the forecast, per year: 0.05 = 5 % more each year",
    )
    growth_of: dict[str, Growth] = Field(
        default_factory=dict, description="The same for single categories"
    )
    growth_scenarios: dict[str, Growth] = Field(
        default_factory=dict, description="Other assumptions by name, shown beside it"
    )
    interval_fraction: _Share = Field(default=0.9, description="How sure the intervals are")
    back_test_days: Annotated[int, Field(ge=14, le=366)] = Field(
        default=91, description="Length of each period foretold in the back-test"
    )
    back_test_periods: Annotated[int, Field(ge=1, le=52)] = Field(
        default=8, description="Most periods of the back-test, back from the end of the log"
    )

    def growth(self, category: str) -> float:
        """Growth of a category per year."""
        return self.growth_of.get(category, self.growth_fraction_per_year)
