"""Policy of a station's inner organisation: two teams, one room (两队一室)."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from optimizer.errors import WrongValue
from optimizer.policy_part import Count, Fraction, Minutes, Part, Positive

AtLeastOne = Annotated[int, Field(ge=1)]
_ROUNDING = 1e-6


class DutyShares(Part):
    """Which team mans the duty crews that answer alerts, by share; the shares sum to 1."""

    case_fraction: Fraction = Field(default=0.0, description="Share manned by the case team")
    community_fraction: Fraction = Field(
        default=0.0, description="Share manned by the community team"
    )
    command_fraction: Fraction = Field(default=0.0, description="Share manned by the command room")

    @model_validator(mode="after")
    def _whole(self) -> DutyShares:
        total = self.case_fraction + self.community_fraction + self.command_fraction
        if abs(total - 1.0) > _ROUNDING:
            raise WrongValue(
                "shares of the three teams that sum to 1; these sum to {total}",
                "name every team with a share: case_fraction, community_fraction, command_fraction",
                total=f"{total:g}",
            )
        return self


class InnerOrganisation(Part):
    """Two teams, one room (`jingli organise`); no part of it changes what bundling decides."""

    form: Literal["auto", "two_teams"] = Field(
        default="auto",
        description="auto = a unit too small for two teams gets one team and one room, or keeps "
        "one roster; two_teams = such a unit is an error",
    )
    min_case_officers: Count = Field(
        default=2, description="Officers of the case team at the least (two at every hearing)"
    )
    min_community_officers: Count = Field(
        default=1, description="Officers of the community team at the least"
    )
    min_command_officers: Count = Field(
        default=1, description="Officers of the command room at the least"
    )
    min_case_auxiliaries: Count = Field(
        default=0, description="Auxiliaries of the case team at the least"
    )
    min_community_auxiliaries: Count = Field(
        default=0, description="Auxiliaries of the community team at the least"
    )
    min_command_auxiliaries: Count = Field(
        default=0, description="Auxiliaries of the command room at the least"
    )
    officers_per_area: AtLeastOne = Field(
        default=1, description="Officers of each community area at the least (the 1 of 1+2+N+X)"
    )
    auxiliaries_per_area: Count = Field(
        default=2, description="Auxiliaries of each community area at the least (the 2 of 1+2+N+X)"
    )
    residents_per_area: Positive = Field(
        default=10_000.0, description="Residents that one community area is meant for"
    )
    min_areas: AtLeastOne = Field(
        default=1, description="Community areas of a station or centre at the least"
    )
    max_areas: AtLeastOne | None = Field(
        default=None, description="Community areas of a station or centre at the most; none = free"
    )
    area_per_station: bool = Field(
        default=True, description="Each station of a bundle, so each police office, has an area"
    )
    hold_areas: bool = Field(
        default=False,
        description="The community team gets officers for every area that the residents ask for, "
        "before the workload is shared; false = fewer areas where the workload gives it fewer",
    )
    day_crews: DutyShares = Field(
        default=DutyShares(case_fraction=0.5, community_fraction=0.5),
        description="Who mans the duty crews by day",
    )
    night_crews: DutyShares = Field(
        default=DutyShares(case_fraction=1.0),
        description="Who mans the duty crews by night; a team with 0 leaves the big roster",
    )
    night_hours: Annotated[float, Field(ge=0, le=24)] = Field(
        default=12.0, description="Hours of the day that count as night"
    )
    one_night_in: Annotated[float, Field(ge=1)] = Field(
        default=2.0,
        description="Nobody has more than one night in so many; a team has heads for that",
    )
    video_officers: Count = Field(
        default=0, description="Officers in the command room who watch video round the clock"
    )
    road_duty_team: Literal["case", "community"] = Field(
        default="community", description="Team that has the road duty of a duty station"
    )
    dispute_categories: tuple[str, ...] = Field(
        default=("dispute",), description="Alert categories that are disputes"
    )
    dispute_before_min: Minutes | None = Field(
        default=None,
        description="ASSUMED minutes to settle a dispute under one roster; none = nothing is said",
    )
    dispute_after_min: Minutes | None = Field(
        default=None, description="ASSUMED minutes to settle a dispute with a community team"
    )

    @model_validator(mode="after")
    def _sensible(self) -> InnerOrganisation:
        if self.max_areas is not None and self.max_areas < self.min_areas:
            raise WrongValue(
                "max_areas of at least min_areas = {least}; it is {most}",
                "raise max_areas, or lower min_areas",
                least=self.min_areas,
                most=self.max_areas,
            )
        if (self.dispute_before_min is None) != (self.dispute_after_min is None):
            raise WrongValue(
                "dispute_before_min and dispute_after_min together, or neither",
                "an assumption needs both: state the other too, or delete this one",
            )
        return self
