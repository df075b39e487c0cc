"""The patrol plan of a shift: visits by the clock, what is missed and why, variants, lines."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from geo.plane import GeometryArray
from geo.routes import routes as drives
from optimizer.errors import Translate
from optimizer.patrol_plan import NO_WAY, PatrolResult, PatrolTask, Routes
from optimizer.patrol_rules import Judged, judge
from optimizer.patrols import (
    arrival_entropy_bits,
    mean_overlap_fraction,
    plan_patrols,
    variants,
)
from scenarios.opened import Opened
from scenarios.patrols_task import PatrolAsked, PatrolWishes, patrol_task

Reason = Literal["no_road", "window", "time"]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PatrolStudy:
    """A plan of a shift.

    Attributes:
        opened: Run or case.
        asked: What was asked.
        result: Routes and proof.
        judged: The routes by the judge's clock.
        plans: The variants, the best first, and each by the judge's clock.
        overlap_fraction: Legs that two variants share, on average; None with one.
        entropy_bits: Of the quarter-hour of arrival over the variants; None with one.
        reasons: Why each missed visit is missed.
        given_min: Presence at each key area.
        lines: The way of each vehicle in WGS84, leg by leg; walks left out.
    """

    opened: Opened
    asked: PatrolAsked
    result: PatrolResult
    judged: Judged
    plans: tuple[tuple[Routes, Judged], ...]
    overlap_fraction: float | None
    entropy_bits: float | None
    reasons: tuple[tuple[int, Reason], ...]
    given_min: tuple[float, ...]
    lines: tuple[tuple[GeometryArray, ...], ...]

    @property
    def centre_name(self) -> str:
        """Where patrols start and end."""
        return self.opened.loaded.county.stations.name[self.asked.centre_row]

    @property
    def covered(self) -> int:
        """Key areas that get all the presence wanted."""
        missed = {self.asked.area_of[v] for v in self.judged.missed}
        return len(self.asked.areas) - len(missed)

    @property
    def covered_today(self) -> int | None:
        """The same today; None where the file does not say it of every area."""
        areas = self.asked.areas
        if any(a.today_min is None for a in areas):
            return None
        return sum(a.today_min is not None and a.today_min >= a.minutes for a in areas)

    @property
    def waiting_min(self) -> tuple[float, ...]:
        """Presence at each key area before a visit's window, on top of that wanted."""
        waits = [0.0] * len(self.asked.areas)
        for call in self.judged.calls:
            waits[self.asked.area_of[call.visit]] += self.asked.minutes(call.waits_s)
        return tuple(waits)

    def clock(self, seconds: int) -> str:
        """Time of day of a moment of the shift."""
        minutes = (self.asked.starts_min + seconds // 60) % 1440
        return f"{minutes // 60:02d}:{minutes % 60:02d}"


def study_patrols(opened: Opened, wishes: PatrolWishes, _: Translate) -> PatrolStudy:
    """Plan the shift, judge it, and make variants.

    Raises:
        InputError: everything that is wrong with options and the file.
    """
    asked = patrol_task(opened, wishes, _)
    task = asked.task
    result = plan_patrols(task, seed=wishes.seed)
    made: tuple[Routes, ...] = (result.routes,)
    if wishes.variants > 1:
        made = variants(
            task,
            result,
            wishes.variants,
            within_fraction=wishes.within_fraction,
            seed=wishes.seed,
        )
    plans = tuple((routes, judge(task, routes)) for routes in made)
    for _routes, seen in plans:
        assert not seen.broken, seen.broken
    judged = plans[0][1]
    arrivals = tuple(
        tuple(c.arrives_s for _r, seen in plans for c in seen.calls if c.visit == v)
        for v in range(task.visits)
    )
    several = len(plans) > 1
    return PatrolStudy(
        opened=opened,
        asked=asked,
        result=result,
        judged=judged,
        plans=plans,
        overlap_fraction=mean_overlap_fraction(made),
        entropy_bits=arrival_entropy_bits(tuple(a for a in arrivals if a)) if several else None,
        reasons=tuple((v, missed_because(task, v)) for v in judged.missed),
        given_min=presence_min(judged, asked.area_of, len(asked.areas), asked.pace),
        lines=tuple(lines_of(opened, asked, routes) for routes in made),
    )


def presence_min(
    judged: Judged, area_of: tuple[int, ...], areas: int, pace: float
) -> tuple[float, ...]:
    """Presence at each key area in minutes of patrol, the time for alerts left out.

    Args:
        judged: Routes by the judge's clock.
        area_of: Key area of each visit.
        areas: How many key areas there are.
        pace: Minutes by the clock for a minute of patrol.
    """
    given = [0.0] * areas
    for call in judged.calls:
        given[area_of[call.visit]] += (call.leaves_s - call.begins_s) / 60.0 / pace
    return tuple(given)


def missed_because(task: PatrolTask, visit: int) -> Reason:
    """Why a visit is on no route: what already bars it alone, else that others fill the time."""
    out, home = int(task.travel_s[0, visit + 1]), int(task.travel_s[visit + 1, 0])
    if NO_WAY in (out, home):
        return "no_road"
    leaves = max(out, int(task.opens_s[visit])) + int(task.stay_s[visit])
    if leaves > int(task.closes_s[visit]) or leaves + home > task.shift_s:
        return "window"
    return "time"


def lines_of(opened: Opened, asked: PatrolAsked, routes: Routes) -> tuple[GeometryArray, ...]:
    """The streets that each vehicle drives, a line for each leg; None where it has no length.

    Between two visits of one place it drives by the centre, as in `patrols_task.task_of`.
    """
    found = []
    for route in routes:
        stops = [0]
        for visit, before in zip(route, (None, *route), strict=False):
            if before is not None and asked.area_of[visit] == asked.area_of[before]:
                stops.append(0)
            stops.append(visit + 1)
        stops.append(0)
        pairs = np.column_stack([stops[:-1], stops[1:]]).astype(np.int64)
        found.append(drives(opened.loaded.router, asked.places, asked.places, pairs).line)
    return tuple(found)
