"""Traffic consolidation (交所合一): which squads end, who takes their roads, and how well."""

from __future__ import annotations

from pydantic import Field

from optimizer.policy_part import Count, Part, Positive


class Traffic(Part):
    """Traffic consolidation (交所合一)."""

    dissolve_squads: bool = Field(default=False, description="Dissolve the squads into stations")
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
