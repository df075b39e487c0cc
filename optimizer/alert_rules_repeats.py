"""Rules of repeat alerts (重复警情): when a place is on the list, and in which colour (红黄蓝)."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, model_validator

from optimizer.errors import WrongValue
from optimizer.policy_part import NotNegative, Part, Positive

Days = Annotated[int, Field(ge=1, le=3660)]
RED, YELLOW, BLUE = "red", "yellow", "blue"
GRADES = (RED, YELLOW, BLUE)
"""Most urgent first."""


class Grade(Part):
    """What a place must reach for a grade: both at once."""

    weight: Positive = Field(
        description="Alerts in the busiest window, each counted by its severity, at the least"
    )
    last_days: Days = Field(description="Days since its last alert, at the most")


class Repeats(Part):
    """Repeat alerts by place; no person is ever counted or graded."""

    alerts: Annotated[int, Field(ge=2, le=1000)] = Field(
        default=3, description="Alerts at one place that make it a place of repeat alerts"
    )
    days: Days = Field(default=30, description="Window in which they fall, days")
    lookback_days: Days = Field(
        default=90, description="How far back the windows are looked for, days"
    )
    radius_m: Annotated[float, Field(ge=0, le=2000)] = Field(
        default=30.0,
        description="Points within so many metres of the busiest point are one place; 0 = only "
        "the same address or point",
    )
    kinds: dict[str, Annotated[tuple[str, ...], Field(min_length=1)]] = Field(
        default={},
        description="Name -> categories counted together, such as disputes: [dispute, family]; "
        "none = all categories together",
    )
    category_weights: dict[str, NotNegative] = Field(
        default={}, description="Severity of a category's alert; 1 where not named"
    )
    priority_weights: dict[int, NotNegative] = Field(
        default={1: 2.0}, description="Severity of a priority's alert, on top; 1 where not named"
    )
    red: Grade = Field(default=Grade(weight=6.0, last_days=14), description="Red list (红)")
    yellow: Grade = Field(default=Grade(weight=4.0, last_days=30), description="Yellow (黄)")
    seat_m: Annotated[float, Field(ge=0, le=2000)] = Field(
        default=50.0,
        description="A place so near to a station's seat is marked: people may report there in "
        "person (来所报警)",
    )

    @model_validator(mode="after")
    def _sensible(self) -> Repeats:
        if self.lookback_days < self.days:
            raise WrongValue(
                "a look-back of at least the window: {days} days",
                "raise lookback_days or lower days",
                days=self.days,
            )
        if self.red.weight < self.yellow.weight or self.red.last_days > self.yellow.last_days:
            raise WrongValue(
                "red at least as strict as yellow: as much weight or more, as recent or more",
                "swap or correct the values of red and yellow",
            )
        return self
