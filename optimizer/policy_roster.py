"""Rules of rosters (排班): shifts, rest, hours, nights, qualifications and what is fair."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import Field, model_validator

from optimizer.errors import WrongValue
from optimizer.policy_part import Count, Part, Positive
from optimizer.roster_patterns import Pattern

Role = Literal["officer", "auxiliary"]
CASE_TEAM, COMMUNITY_TEAM = "case", "community"
_Hours = Annotated[int, Field(ge=1, le=24)]
_HourOfDay = Annotated[int, Field(ge=0, le=23)]
_Weight = Annotated[int, Field(ge=0, le=1000)]


class Shift(Part):
    """One kind of shift."""

    name: Annotated[str, Field(min_length=1)] = Field(description="Its name, such as day or 早班")
    start_hour: _HourOfDay = Field(description="Hour of the day at which it starts")
    hours: _Hours = Field(description="Its length")
    team: str | None = Field(default=None, description="Only this team works it; none = all teams")


class Slots(Part):
    """Slots of the roster that are alike: a head count, never names."""

    count: Annotated[int, Field(ge=1)] = Field(description="How many slots")
    role: Role = Field(default="officer", description="officer (民警) or auxiliary (辅警)")
    qualifications: tuple[str, ...] = Field(
        default=(), description="What each of them holds, such as firearm or case_handling"
    )
    team: str | None = Field(default=None, description="Their team, where shifts are split")


def _shifts(*rows: tuple[str, int, int] | tuple[str, int, int, str]) -> tuple[Shift, ...]:
    return tuple(
        Shift(name=r[0], start_hour=r[1], hours=r[2], team=r[3] if len(r) > 3 else None)
        for r in rows
    )


class _Defaults(Part):
    """What a pattern brings where the policy says nothing."""

    shifts: tuple[Shift, ...] = ()
    rest_hours: int
    max_hours_per_week: int
    average_hours_per_week: int


_DAYS = ("day", 8, 12, CASE_TEAM), ("night", 20, 12, CASE_TEAM), ("office", 8, 8, COMMUNITY_TEAM)
_OF_PATTERN: Mapping[str, _Defaults] = {
    "three_shift": _Defaults(
        shifts=_shifts(("day", 8, 8), ("evening", 16, 8), ("night", 0, 8)),
        rest_hours=11,
        max_hours_per_week=56,
        average_hours_per_week=48,
    ),
    "24on48off": _Defaults(
        shifts=_shifts(("duty", 8, 24)),
        rest_hours=48,
        max_hours_per_week=72,
        average_hours_per_week=56,
    ),
    "day_night": _Defaults(
        shifts=_shifts(("day", 8, 12), ("night", 20, 12)),
        rest_hours=12,
        max_hours_per_week=60,
        average_hours_per_week=48,
    ),
    "two_team": _Defaults(
        shifts=_shifts(*_DAYS),
        rest_hours=12,
        max_hours_per_week=60,
        average_hours_per_week=48,
    ),
    "custom": _Defaults(rest_hours=11, max_hours_per_week=60, average_hours_per_week=48),
}


class Roster(Part):
    """Rosters (排班) of one unit, hour by hour."""

    pattern: Pattern = Field(
        default="three_shift",
        description="three_shift (三班倒), 24on48off (上24休48), day_night (12 hours each), "
        "two_team (case team by day and night, community team in office hours), or custom",
    )
    shifts: tuple[Shift, ...] = Field(
        default=(), description="Kinds of shift of the pattern custom; empty for the others"
    )
    day_start_hour: _HourOfDay = Field(
        default=8, description="Hour at which a day of the roster starts; it ends a day later"
    )
    groups: tuple[Slots, ...] = Field(
        default=(),
        description="Slots by head count, role, qualifications and team; empty = the unit's "
        "strength, all alike",
    )
    min_on_duty: Count = Field(
        default=0, description="Officers on duty at every hour at the least, whatever the demand"
    )
    qualified_on_duty: dict[str, Count] = Field(
        default={},
        description="Slots with a qualification on duty at every hour at the least, such as "
        "firearm: 1",
    )
    rest_hours: Count | None = Field(
        default=None, description="Hours between two shifts of a slot; none = the pattern's"
    )
    max_hours_per_week: Annotated[int, Field(ge=1, le=168)] | None = Field(
        default=None, description="Hours of a slot in any week of the roster; none = the pattern's"
    )
    average_hours_per_week: Positive | None = Field(
        default=None,
        description="Mean hours a week of a slot over the roster, days of leave taken out; none = "
        "the pattern's",
    )
    max_consecutive_days: Annotated[int, Field(ge=1)] = Field(
        default=6, description="Days in a row with a shift or training"
    )
    max_consecutive_nights: Annotated[int, Field(ge=1)] = Field(
        default=3, description="Night shifts in a row"
    )
    max_nights_per_week: Annotated[int, Field(ge=0, le=7)] | None = Field(
        default=None, description="Night shifts of a slot in any week of the roster; none = free"
    )
    training_hours: Annotated[int, Field(ge=0, le=24)] = Field(
        default=8, description="Working hours that a training day counts for"
    )
    desk_start_hour: _HourOfDay = Field(
        default=8, description="Hour at which case and community work starts, Monday to Friday"
    )
    desk_hours: _Hours = Field(default=8, description="Hours a day of case and community work")
    hour_weights: tuple[Annotated[int, Field(ge=1, le=100)], ...] = Field(
        default=(1,) * 24,
        description="Weight of one missing officer-hour from 0:00 to 23:00 in the objective",
    )
    fair_nights: _Weight = Field(
        default=12, description="Price of one night between the most and the least loaded slot"
    )
    fair_weekends: _Weight = Field(default=12, description="Likewise of one weekend worked")
    fair_hours: _Weight = Field(default=1, description="Likewise of one hour worked")
    effort: Positive = Field(
        default=8.0,
        description="Most work of the solver on one stage, in its own deterministic seconds: the "
        "same roster on every machine",
    )
    seed: int = Field(default=0, ge=0, le=2**31 - 1, description="Random seed")

    @model_validator(mode="after")
    def _sensible(self) -> Roster:
        if self.pattern == "custom" and not self.shifts:
            raise WrongValue("shifts for the pattern custom", "list them under roster.shifts")
        if self.pattern != "custom" and self.shifts:
            raise WrongValue(
                "the pattern custom where shifts are listed", "set roster.pattern: custom"
            )
        names = [s.name for s in self.shifts]
        if len(set(names)) != len(names):
            raise WrongValue("each name of roster.shifts once", "rename one of them")
        if len(self.hour_weights) != 24:
            raise WrongValue("24 values of roster.hour_weights", "correct it")
        return self

    @property
    def kinds(self) -> tuple[Shift, ...]:
        """Kinds of shift in force."""
        return self.shifts or _OF_PATTERN[self.pattern].shifts

    @property
    def rest(self) -> int:
        """Hours of rest in force."""
        own = self.rest_hours
        return _OF_PATTERN[self.pattern].rest_hours if own is None else own

    @property
    def week_cap(self) -> int:
        """Hours of one slot in one week at the most."""
        own = self.max_hours_per_week
        return _OF_PATTERN[self.pattern].max_hours_per_week if own is None else own

    @property
    def average_cap(self) -> float:
        """Mean hours a week of one slot at the most."""
        own = self.average_hours_per_week
        return float(_OF_PATTERN[self.pattern].average_hours_per_week if own is None else own)
