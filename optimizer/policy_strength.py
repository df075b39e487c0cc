"""Policy of required strength: service levels per shift, hours of day work, auxiliaries by role."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, model_validator

from optimizer.errors import WrongValue
from optimizer.policy_part import Count, NotNegative, Part, Positive

Hour = Annotated[float, Field(ge=0, lt=24)]


class Auxiliaries(Part):
    """Auxiliaries (辅警) by the work they share; crews have theirs in `crews.crew_auxiliaries`."""

    duty_post_auxiliaries: Count = Field(
        default=0, description="Auxiliaries on the round-the-clock duty post per station"
    )
    window_auxiliaries: Count = Field(
        default=0, description="Auxiliaries at a police office's window"
    )
    community_per_officer: NotNegative = Field(
        default=0.0, description="Auxiliaries per officer of community work; 2 for the 1+2 team"
    )
    case_work_per_officer: NotNegative = Field(
        default=0.0, description="Auxiliaries per officer of case work"
    )
    road_duty_per_officer: NotNegative = Field(
        default=0.0, description="Auxiliaries per officer of road duty"
    )
    patrol_auxiliaries: Count = Field(
        default=0, description="Auxiliaries on foot patrol at once in each station's area"
    )
    patrol_hours_per_week: Annotated[float, Field(ge=0, le=168)] = Field(
        default=56.0, description="Hours of that patrol a week"
    )
    effective_hours_per_week: Positive | None = Field(
        default=None, description="Hours one auxiliary really works a week; none = as an officer"
    )


class StrengthRules(Part):
    """Required strength (`jingli strength`); no part of it changes what bundling decides."""

    shift_starts_hours: tuple[Hour, ...] | None = Field(
        default=None,
        description="Hours at which shifts change in the table of crews per shift; none = those "
        "of the simulation",
    )
    day_work_starts_hour: Hour = Field(
        default=8.0, description="Windows, case, community and road work are done from this hour"
    )
    day_work_ends_hour: Annotated[float, Field(gt=0, le=24)] = Field(
        default=18.0, description="… to this hour"
    )
    max_mean_wait_min: Positive | None = Field(
        default=None, description="Service level of a shift: mean minutes of waiting; none = free"
    )
    max_utilisation_fraction: Annotated[float, Field(gt=0, lt=1)] | None = Field(
        default=None, description="Service level of a shift: share of time a crew is busy"
    )
    max_mean_response_min: Positive | None = Field(
        default=None,
        description="Service level of a shift: mean minutes of turn-out, waiting and travel",
    )
    auxiliaries: Auxiliaries = Field(default_factory=Auxiliaries)

    @model_validator(mode="after")
    def _sensible(self) -> StrengthRules:
        starts = self.shift_starts_hours
        if starts is not None and (not starts or list(starts) != sorted(set(starts))):
            raise WrongValue("rising hours in shift_starts_hours, each once", "correct it")
        if self.day_work_ends_hour <= self.day_work_starts_hour:
            raise WrongValue("day_work_ends_hour after day_work_starts_hour", "raise it")
        return self
