"""Traffic consolidation (交所合一): which squads end, who takes their roads, and how well."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from optimizer.policy_part import Count, Fraction, NotNegative, Part, Positive


class Traffic(Part):
    """Traffic consolidation (交所合一)."""

    dissolve_squads: bool = Field(default=False, description="Dissolve the squads into stations")
    which_squads: Literal["all", "rural"] | tuple[str, ...] = Field(
        default="all",
        description="Squads that end: all, rural (those with no town station in their area), or a "
        "list of squad ids; the others keep their roads and officers",
    )
    duty_stations: Count | None = Field(
        default=None, description="Exact number of duty stations; none = free"
    )
    rural_only: bool = Field(default=True, description="Only rural stations take road duty")
    min_officers_per_duty_station: Count = Field(
        default=1, description="Officers from squads at each duty station at the least"
    )
    max_accident_travel_min: Positive = Field(
        default=45.0,
        description="Minutes from a duty station to the seat of each jurisdiction it takes",
    )
    split_by_class: bool = Field(
        default=False,
        description="Roads of one jurisdiction may go to different duty stations by class; from a "
        "neighbouring jurisdiction a station takes all roads, or classes of which one runs on from "
        "its own ground; false = whole jurisdictions",
    )
    leave_area_price_km: NotNegative | None = Field(
        default=None,
        description="Price of one officer who leaves the squad's own area, in km per officer at "
        "the most loaded duty station; none = the least load first, then the fewest who leave",
    )
    accident_limit_min: Positive = Field(
        default=30.0,
        description="Minutes, turn-out included, within which an accident should be reached from "
        "its duty station",
    )
    accidents_within_fraction: Fraction | None = Field(
        default=None,
        description="Share of the accidents in the dissolved squads' areas that must be reached in "
        "that time; none = free",
    )
    joint: bool = Field(
        default=False,
        description="Choose bundles and duty stations in one solve, so that what road duty gains "
        "by a bundle counts; false = bundles first, then the roads",
    )
    joint_price_per_km: NotNegative = Field(
        default=0.1,
        description="Joint solve: price, in officers, of one km per officer at the most loaded "
        "duty station",
    )
    coverage_min: Positive = Field(
        default=20.0,
        description="Main roads count as covered within so many minutes of a duty station on duty",
    )
    min_checkpoint_coverage: Fraction | None = Field(
        default=None,
        description="Share of main-road km x hours of the day that must lie within `coverage_min` "
        "minutes of a duty station (round the clock) or of a checkpoint in its hours; none = free",
    )
