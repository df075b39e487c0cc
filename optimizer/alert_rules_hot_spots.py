"""How hot spots and repeats nearby are told from chance."""

from __future__ import annotations

from itertools import pairwise
from typing import Annotated, Literal

from pydantic import Field, model_validator

from optimizer.errors import WrongValue
from optimizer.policy_part import Count, Part, Positive


class NearRepeat(Part):
    """Near repeats: alerts that follow alerts close by and soon after (Knox)."""

    distances_m: tuple[Positive, ...] = Field(
        default=(100.0, 200.0, 400.0),
        min_length=1,
        description="Upper ends of the bands of distance; the same place is a band of its own",
    )
    days: tuple[Positive, ...] = Field(
        default=(7.0, 14.0, 28.0), min_length=1, description="Upper ends of the bands of days"
    )
    permutations: Annotated[int, Field(ge=99)] = Field(
        default=999, description="Random orders of the times"
    )
    most_pairs: Annotated[int, Field(ge=1)] = Field(
        default=5_000_000, description="Pairs within the largest distance beyond which it is asked "
        "for a smaller question"
    )  # fmt: skip

    @model_validator(mode="after")
    def _ascending(self) -> NearRepeat:
        if any(b <= a for a, b in pairwise(self.distances_m)):
            raise WrongValue("distances_m that ascend", "order them from near to far")
        if any(b <= a for a, b in pairwise(self.days)):
            raise WrongValue("days that ascend", "order them from near to far")
        return self


class Emerging(Part):
    """Hot spots through time: new, persistent, fading."""

    step: Literal["week", "month", "quarter"] = Field(
        default="month", description="Length of a step of time"
    )
    steps_counted: Annotated[int, Field(ge=1, le=12)] = Field(
        default=2, description="Steps whose alerts count together: a step and those before it"
    )
    persistent_fraction: Annotated[float, Field(gt=0.5, le=1)] = Field(
        default=0.9, description="Share of steps in which a persistent place is hot"
    )
    trend_p: Annotated[float, Field(gt=0, lt=1)] = Field(
        default=0.01, description="Chance below which a trend counts (Mann-Kendall, two-sided)"
    )


class HotSpots(Part):
    """Hot spots (治安乱点): places with more alerts round them than chance gives."""

    grid_m: Positive | None = Field(
        default=None, description="Side of a square; none = by the county's size"
    )
    band_m: Positive | None = Field(
        default=None,
        description="Squares whose middles lie within this distance count together; none = 1.5 "
        "sides, a square and the eight round it",
    )
    scale: Literal["root", "count"] = Field(
        default="root",
        description="Places are compared by the square roots of their alerts, so that one very "
        "hot place does not hide the others, or by the alerts themselves",
    )
    false_discovery_fraction: Annotated[float, Field(gt=0, lt=1)] = Field(
        default=0.05, description="Share of the places listed that may be there by chance"
    )
    permutations: Annotated[int, Field(ge=99)] | None = Field(
        default=None,
        description="Random orders of the places; none = so many that a single place can be told "
        "from chance, 9,999 to 199,999",
    )
    least_alerts: Count = Field(
        default=5, description="Alerts below which a place is not listed, however unlikely"
    )
    seed: Count = Field(default=1, description="Of all random orders")
    emerging: Emerging = Field(default_factory=Emerging, description="Hot spots through time")
    near_repeat: NearRepeat = Field(default_factory=NearRepeat, description="Near repeats")
