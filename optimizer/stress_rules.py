"""Sizes of the stresses that a plan is put under, each with its unit and its default.

None of the defaults is a bureau's figure: all are assumptions to be set.
"""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, model_validator

from optimizer.errors import WrongValue
from optimizer.policy_part import Fraction, Minutes, NotNegative, Part, Positive

Hour = Annotated[float, Field(ge=0, le=24)]


class StressRules(Part):
    """Assumptions of `jingli stress` and how long it simulates."""

    surge_factors: tuple[Positive, ...] = Field(
        default=(1.5, 2.0), description="All alerts multiplied by each of these, for good"
    )
    market_place: str | None = Field(
        default=None,
        description="Township, station id or station name of the market; none = the rural township "
        "with most alerts",
    )
    market_factor: Positive = Field(
        default=5.0, description="Alerts there multiplied by this during the market"
    )
    market_from_hour: Hour = Field(default=8.0, description="Hour at which the market starts")
    market_to_hour: Hour = Field(default=14.0, description="Hour at which it ends")
    snow_speed_fraction: Annotated[float, Field(gt=0, le=1)] = Field(
        default=0.6, description="Speed on snow over the usual speed, on all roads"
    )
    incident_crews: Annotated[int, Field(ge=1)] = Field(
        default=4, description="Crews that each of the two major incidents takes"
    )
    incident_hours: Annotated[float, Field(gt=0, le=24)] = Field(
        default=3.0, description="Hours for which it takes them"
    )
    incident_hour: Annotated[float, Field(ge=0, lt=24)] = Field(
        default=20.0, description="Hour of the day at which both start"
    )
    absent_fraction: Annotated[float, Field(ge=0, lt=1)] = Field(
        default=0.1, description="Share of crews missing through sickness and secondment"
    )
    new_ground_travel_fraction: NotNegative = Field(
        default=0.3,
        description="Extra travel time in the first week on ground new to its crews, share",
    )
    new_ground_turnout_min: Minutes = Field(
        default=1.0, description="Extra minutes of turn-out there in the first week"
    )
    new_ground_half_life_weeks: Positive = Field(
        default=6.0, description="Weeks in which both extras fall to half"
    )
    transition_weeks: Annotated[int, Field(ge=1, le=260)] = Field(
        default=26, description="Weeks after the rollout that are looked at"
    )
    recovered_within_fraction: Fraction = Field(
        default=0.01, description="Recovered when the share within the standard is this near again"
    )
    break_factors: tuple[Annotated[float, Field(ge=1)], ...] = Field(
        default=(
            1.0, 1.1, 1.2, 1.3, 1.4, 1.5, 1.6, 1.8, 2.0, 2.2, 2.5, 2.8, 3.0, 3.5, 4.0, 4.5, 5.0,
            6.0, 7.0, 8.0,
        ),
        min_length=2,
        description="Surge factors among which a bundle's breaking factor is sought, rising",
    )  # fmt: skip
    break_least_drop_fraction: Fraction = Field(
        default=0.05,
        description="A share within the standard that is too low breaks only when it is this far "
        "below the undisturbed one, so that distance alone is no break",
    )
    days: Annotated[int, Field(ge=1, le=3660)] = Field(
        default=28, description="Days of each replication, warm-up not counted"
    )
    replications: Annotated[int, Field(ge=2)] = Field(default=10, description="Replications")
    seed: int = Field(default=0, ge=0, le=2**31 - 1, description="Random seed")

    @model_validator(mode="after")
    def _sensible(self) -> StressRules:
        if self.market_to_hour <= self.market_from_hour:
            raise WrongValue("market_to_hour after market_from_hour", "correct one of the two")
        if list(self.break_factors) != sorted(set(self.break_factors)):
            raise WrongValue("rising break_factors, each once", "put them in order")
        if len(set(self.surge_factors)) != len(self.surge_factors):
            raise WrongValue("each of surge_factors once", "delete one of the two")
        return self

    @property
    def snow_travel_factor(self) -> float:
        """Travel minutes on snow over the usual ones."""
        return 1.0 / self.snow_speed_fraction

    def new_ground_share(self, week: int) -> float:
        """What is left of the first week's extras in a week, the first being 0."""
        return float(0.5 ** (week / self.new_ground_half_life_weeks))
