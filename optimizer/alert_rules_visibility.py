"""Rules of visibility (见警率): from night alerts to presence at key areas (重点部位)."""

from __future__ import annotations

import re
from itertools import pairwise
from typing import Annotated

from pydantic import Field, model_validator

from optimizer.alert_rules_repeats import BLUE, RED, YELLOW
from optimizer.errors import WrongValue
from optimizer.policy_part import NotNegative, Part, Positive

DAY_MIN = 1440
WEEKS_PER_YEAR = 365.0 / 7.0
_SPAN = re.compile(r"^\s*(\d{1,2})[:：](\d{2})\s*[-–~至]\s*(\d{1,2})[:：](\d{2})\s*$")


def clock_span(text: str) -> tuple[int, int] | None:
    """Start by the clock and length, in minutes, of `20:00-04:00`; None where it is none.

    A whole day is written 00:00-24:00; twice the same hour is nothing to guess at.
    """
    met = _SPAN.match(text)
    if met is None:
        return None
    h1, m1, h2, m2 = (int(part) for part in met.groups())
    if h1 > 23 or h2 > 24 or m1 > 59 or m2 > 59 or (h2 == 24 and m2):
        return None
    start, end = h1 * 60 + m1, h2 * 60 + m2
    if start == end:
        return None
    return start, (end - start) % DAY_MIN or DAY_MIN


class Presence(Part):
    """From how many alerts a key area has a grade, and how often a patrol comes there for it."""

    alerts_per_week: Positive = Field(description="Night alerts a week, at the least")
    visits: Annotated[int, Field(ge=1, le=12)] = Field(description="Visits in a night")


class Visibility(Part):
    """Presence of police at key areas by night.

    The length of a visit follows Koper (1995): people keep from offending longest after 11 to 15
    minutes of presence; a longer stay adds little, coming again at another hour adds more.
    """

    night: str = Field(default="20:00-04:00", description="The night, from and to by the clock")
    visit_min: Annotated[float, Field(ge=1, le=240)] = Field(
        default=15.0, description="Minutes of one visit (Koper 1995: 11 to 15)"
    )
    red: Presence = Field(
        default=Presence(alerts_per_week=2.0, visits=3), description="Red key areas (红)"
    )
    yellow: Presence = Field(
        default=Presence(alerts_per_week=1.0, visits=2), description="Yellow key areas (黄)"
    )
    blue: Presence = Field(
        default=Presence(alerts_per_week=0.25, visits=1),
        description="Blue key areas (蓝); places with fewer night alerts are none",
    )
    apart_m: NotNegative = Field(
        default=500.0, description="Key areas of one hot spot are at least so far apart"
    )
    most_per_hot_spot: Annotated[int, Field(ge=1, le=20)] = Field(
        default=6, description="Key areas of one hot spot at the most"
    )

    @model_validator(mode="after")
    def _sensible(self) -> Visibility:
        if clock_span(self.night) is None:
            raise WrongValue("from and to by the clock", "write it like 20:00-04:00")
        grades = (self.red, self.yellow, self.blue)
        for above, below in pairwise(grades):
            if above.alerts_per_week < below.alerts_per_week or above.visits < below.visits:
                raise WrongValue(
                    "red with as many alerts and visits as yellow or more, and yellow as blue",
                    "swap or correct the values of the grades",
                )
        return self

    def grade(self, alerts_per_year: float) -> tuple[str, int] | None:
        """Grade and visits of a place with so many night alerts a year; None below blue."""
        for name, grade in ((RED, self.red), (YELLOW, self.yellow), (BLUE, self.blue)):
            if alerts_per_year >= grade.alerts_per_week * WEEKS_PER_YEAR:
                return name, grade.visits
        return None

    def presence(self, visits: int, window_min: float) -> tuple[float, int]:
        """Minutes wanted and visits that go into a window: whole visits, at least one."""
        fitting = max(min(visits, int(window_min // self.visit_min)), 1)
        return min(fitting * self.visit_min, window_min), fitting
