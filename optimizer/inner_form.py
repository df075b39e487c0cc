"""The inside of a station or centre as decided: teams, areas and their heads."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

from optimizer.inner_work import TEAMS, Team

Form = Literal["two_teams", "one_team", "one_roster"]
NIGHTS_PER_MONTH = 365.0 / 12.0
HEADS_IN: dict[Form, tuple[tuple[Team, ...], ...]] = {
    "two_teams": (("case",), ("community",), ("command",)),
    "one_team": (("case", "community"), ("command",)),
    "one_roster": (TEAMS,),
}
"""Teams of each form, and whose work each of them does."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Heads:
    """One team with its heads.

    Attributes:
        teams: What it does: several teams' work where they are one.
        officers, auxiliaries: Heads.
        work_officers, work_auxiliaries: Heads that its work requires.
        least_officers, least_auxiliaries: Heads at the least.
        night_posts: Officers of it on duty at once at night.
    """

    teams: tuple[Team, ...]
    officers: int
    auxiliaries: int
    work_officers: float
    work_auxiliaries: float
    least_officers: int
    least_auxiliaries: int
    night_posts: float

    @property
    def nights_per_officer_month(self) -> float:
        """Nights of one officer a month; inf where nobody is there for them."""
        return nights(self.night_posts, self.officers)


@dataclass(frozen=True, slots=True, kw_only=True)
class Area:
    """One community area.

    Attributes:
        area_id: A beat's id where beats are drawn; else the station and a number.
        station_ids: Stations it lies in.
        drawn: Whether its cells are known; one that is not is an equal part of its station.
        residents: Registered residents.
        work_officers: The community team's work there.
        officers, auxiliaries: Heads.
    """

    area_id: str
    station_ids: tuple[str, ...]
    drawn: bool
    residents: float
    work_officers: float
    officers: int
    auxiliaries: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Organisation:
    """The inside of one station or centre.

    Attributes:
        unit_id, station_ids: The unit and its stations.
        form: Two teams and one room, one team and one room, or one big roster.
        officers, auxiliaries: Its strength.
        required_officers: What its work requires, video watch included.
        teams: One entry per team of the form.
        areas: Community areas; none under one roster.
        areas_wanted: As many as the residents ask for.
        lacking_officers, lacking_auxiliaries: More heads that two teams and one room would take.
        roster_posts: Officers on duty at once at night under one big roster.
        disputes_per_year: Alerts of the categories that are disputes.
    """

    unit_id: str
    station_ids: tuple[str, ...]
    form: Form
    officers: int
    auxiliaries: int
    required_officers: float
    teams: tuple[Heads, ...]
    areas: tuple[Area, ...]
    areas_wanted: int
    lacking_officers: int
    lacking_auxiliaries: int
    roster_posts: int
    disputes_per_year: float

    @property
    def nights_before(self) -> float:
        """Nights of one officer a month under one big roster, where everyone takes turns."""
        return nights(self.roster_posts, self.officers)

    @property
    def off_roster_officers(self) -> int:
        """Officers of teams that have no nights any more."""
        return sum(t.officers for t in self.teams if t.night_posts <= 0)

    def team_of(self, team: Team) -> Heads:
        """Where a team's work is done."""
        return next(t for t in self.teams if team in t.teams)


def nights(posts: float, officers: int) -> float:
    """Nights of one officer a month where `officers` take turns on `posts`."""
    if posts <= 0:
        return 0.0
    return posts * NIGHTS_PER_MONTH / officers if officers else math.inf
