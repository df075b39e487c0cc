"""Policy of beats (警格, 片区): what `jingli beats` takes where its options are left out."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from optimizer.errors import WrongValue
from optimizer.policy_part import Fraction, Part, Positive

BeatBalance = Literal["alerts", "minutes", "residents"]
BeatObjective = Literal["minutes", "inertia", "border"]


class Beats(Part):
    """Beats inside a unit or a whole town (`jingli beats`); no part of it changes a plan."""

    tolerance_fraction: Annotated[float, Field(ge=0, le=10)] = Field(
        default=0.1, description="Work of a beat within this share of the average"
    )
    balance: BeatBalance = Field(
        default="alerts",
        description="What is shared out evenly: alerts, officer-minutes on scene, or residents",
    )
    objective: BeatObjective = Field(
        default="minutes",
        description="What is made small: alerts x minutes from the seat, the moment of inertia, "
        "or the length of the borders between beats",
    )
    min_officers: Positive | None = Field(
        default=None,
        description="Officers of the unit per beat on average at the least: no more beats than "
        "that; none = no rule",
    )
    max_officers: Positive | None = Field(
        default=None,
        description="Officers of the unit per beat on average at the most: no fewer beats than "
        "that; none = no rule",
    )
    least_saving_fraction: Fraction = Field(
        default=0.05,
        description="Of a range of numbers of beats, the first is proposed after which one beat "
        "more saves less than this share of what is made small",
    )

    @model_validator(mode="after")
    def _sensible(self) -> Beats:
        least, most = self.min_officers, self.max_officers
        if least is not None and most is not None and most < least:
            raise WrongValue(
                "max_officers of at least min_officers = {least}; it is {most}",
                "raise max_officers, or lower min_officers",
                least=f"{least:g}",
                most=f"{most:g}",
            )
        return self
