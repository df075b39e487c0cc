"""The policy of reassignment: stated inflows, and rules by unit, role and qualification."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, model_validator

from optimizer.errors import WrongValue
from optimizer.policy_part import Count, Fraction, NotNegative, Part, Positive

Qualification = Literal["firearm", "case", "traffic_law"]
"""What an officer may be qualified for: firearms, handling cases, enforcing traffic law."""
QUALIFICATIONS: tuple[Qualification, ...] = ("firearm", "case", "traffic_law")
GROUPS = ("urban_stations", "rural_stations", "functional_units", "squads")
"""What a rule may be set for, besides the id of a unit."""


class Inflow(Part):
    """A stated number of reassigned officers to one group of units."""

    to: Literal["urban_stations", "rural_stations", "functional_units", "other_units"] = Field(
        description="Group that receives; `other_units` is every unit but the town stations"
    )
    officers: Count = Field(description="Officers the group receives in total")


class Staffing(Part):
    """Reassignment (strength follows alerts)."""

    reassign: bool = Field(default=True, description="Reassign officers at all")
    max_moves: Count | None = Field(
        default=None,
        description="Officers reassigned at the most (moves inside a bundle or by road-duty "
        "handover not counted); none = free",
    )
    inflows: tuple[Inflow, ...] = Field(
        default=(), description="Stated inflows by group; groups must not overlap; empty = free"
    )
    give_only_from_bundles: bool = Field(
        default=False, description="Only bundles of two or more give officers"
    )
    min_officers_per_station: Count = Field(
        default=3, description="No centre or lone station is brought below this"
    )
    respect_establishment: bool = Field(
        default=False, description="No unit goes above its authorised strength by reassignment"
    )

    @model_validator(mode="after")
    def _groups_apart(self) -> Staffing:
        groups = [i.to for i in self.inflows]
        if len(set(groups)) != len(groups):
            raise WrongValue("each group once at most under inflows", "delete one of the two")
        if "other_units" in groups and ({"rural_stations", "functional_units"} & set(groups)):
            raise WrongValue(
                "other_units alone under inflows: it holds rural_stations and functional_units",
                "delete it, or the others",
            )
        return self


class Teams(Part):
    """Pairing of community teams (1+2+N+X): what each team has at the least."""

    officers: Count = Field(default=1, description="Officers of a community team")
    auxiliaries: Count = Field(default=2, description="Auxiliaries of a community team")
    residents_per_team: Positive = Field(
        default=10_000.0,
        description="Residents that one team looks after, where a station does not say how many "
        "community_teams it has",
    )


class Rotation(Part):
    """Rotation of posts, for units that say how many officers are in post too long."""

    at_least: Count = Field(
        default=0,
        description="So many of a unit's overdue_officers leave it at the least (all where it has "
        "fewer)",
    )
    at_most: Count | None = Field(
        default=None, description="So many officers leave a unit with overdue officers at the most"
    )


class Reassignment(Part):
    """Rules of `jingli run` and `jingli reassign`; table keys are a unit's id or a group."""

    floors: dict[str, Count] = Field(default={}, description="Officers each unit has at the least")
    auxiliary_floors: dict[str, Count] = Field(
        default={}, description="Auxiliaries each unit has at the least"
    )
    caps: dict[str, Count] = Field(default={}, description="Officers each unit has at the most")
    qualified: dict[Qualification, dict[str, Count]] = Field(
        default={}, description="Officers with a qualification in each unit, at the least"
    )
    qualified_fraction: dict[Qualification, dict[str, Fraction]] = Field(
        default={}, description="The same as a share of the unit's officers"
    )
    teams: Teams | None = Field(
        default=None, description="Pairing of community teams at stations; none = no rule"
    )
    rotation: Rotation = Field(default_factory=Rotation, description="Rotation of posts")
    max_give_fraction: Fraction = Field(
        default=1.0, description="No unit gives more than this share of its officers"
    )
    max_move_min: Positive | None = Field(
        default=None, description="No officer moves farther than this, in minutes by road"
    )
    price_per_move_hour: NotNegative = Field(
        default=0.0,
        description="What an hour of way from the home unit costs, in units of the imbalance",
    )
    hardship_price: float = Field(
        default=0.0,
        description="What one officer more in a hardship unit costs, and one fewer saves, in units "
        "of the imbalance; below zero: what it earns",
    )
    max_auxiliary_moves: Count | None = Field(
        default=None, description="Auxiliaries reassigned at the most; none = free"
    )
