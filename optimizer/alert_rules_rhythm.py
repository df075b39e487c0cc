"""Rules of the daily, weekly and monthly rhythm: expectation, flags, and tasks for stations."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from optimizer.alert_rules_repeats import BLUE, RED, YELLOW, Days
from optimizer.errors import WrongValue
from optimizer.policy_part import Part

Period = Literal["day", "week", "month"]
_Share = Annotated[float, Field(gt=0, lt=1)]


class Due(Part):
    """Days from the end of the period to the day a task is due."""

    red: Days = 3
    yellow: Days = 7
    blue: Days = 15

    def days(self, grade: str) -> int:
        """Of a grade."""
        return {RED: self.red, YELLOW: self.yellow, BLUE: self.blue}[grade]


class AlertRhythm(Part):
    """Day, week and month: what changed, against what was to be expected, and what to do."""

    interval_fraction: _Share = Field(
        default=0.95, description="Share of ordinary periods that lie inside the interval"
    )
    false_discovery_fraction: _Share = Field(
        default=0.1,
        description="Share of the flagged rows of a table that chance may have made "
        "(Benjamini-Hochberg)",
    )
    level_days: Annotated[int, Field(ge=14, le=730)] = Field(
        default=91, description="Days before the period from which the present level is taken"
    )
    history_days: Annotated[int, Field(ge=28, le=3660)] = Field(
        default=730,
        description="Days before the period from which weekday, season and spread are taken",
    )
    top_places: Annotated[int, Field(ge=0, le=1000)] = Field(
        default=10, description="Busiest places listed"
    )
    red_ratio: Annotated[float, Field(ge=1)] = Field(
        default=2.0, description="A flagged rise of so many times the expectation is red"
    )
    yellow_ratio: Annotated[float, Field(ge=1)] = Field(
        default=1.5, description="Likewise yellow; every other flagged rise is blue"
    )
    due: Due = Field(default_factory=Due, description="Days until a task of each grade is due")

    @model_validator(mode="after")
    def _sensible(self) -> AlertRhythm:
        if self.history_days < self.level_days:
            raise WrongValue(
                "a history of at least the level's days: {days}",
                "raise history_days or lower level_days",
                days=self.level_days,
            )
        if self.red_ratio < self.yellow_ratio:
            raise WrongValue(
                "red_ratio at least yellow_ratio", "swap or correct red_ratio and yellow_ratio"
            )
        return self

    def grade_of(self, ratio: float) -> str:
        """Grade of a flagged rise, by observed over expected alerts."""
        if ratio >= self.red_ratio:
            return RED
        return YELLOW if ratio >= self.yellow_ratio else BLUE
