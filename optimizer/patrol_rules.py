"""The judge of patrol routes: its own clock, and every rule that they break."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from optimizer.patrol_plan import NO_WAY, PatrolTask, Routes

PatrolRule = Literal["vehicles", "visited_once", "road", "window", "shift"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """A visit as it is driven: seconds from the start of the shift.

    Who comes before the window opens waits there and is seen: that is presence as well, told apart
    (`waits_s`), for the presence wanted has to lie in the window.
    """

    vehicle: int
    visit: int
    arrives_s: int
    begins_s: int
    leaves_s: int

    @property
    def waits_s(self) -> int:
        """Presence before the window, on top of what is wanted."""
        return self.begins_s - self.arrives_s

    @property
    def present_s(self) -> int:
        """All presence, waiting included."""
        return self.leaves_s - self.arrives_s


@dataclass(frozen=True, slots=True, kw_only=True)
class BrokenPatrol:
    """A rule that routes break.

    Attributes:
        rule: Its name.
        vehicle: Which vehicle; -1 = all together.
        visit: Which visit; -1 = none in particular.
        over: By how much: vehicles, visits or seconds.
    """

    rule: PatrolRule
    vehicle: int
    visit: int
    over: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """Routes as the judge drives them.

    Attributes:
        calls: In order of vehicle and time.
        back_s: When each vehicle is back.
        missed: Visits on no route.
        missed_s: Their presence.
        drive_s: Driving of all vehicles.
        waits_s: Presence of all vehicles before windows open.
        broken: Rules broken; empty for a plan that holds.
    """

    calls: tuple[Call, ...]
    back_s: tuple[int, ...]
    missed: tuple[int, ...]
    missed_s: int
    drive_s: int
    waits_s: int
    broken: tuple[BrokenPatrol, ...]


def judge(task: PatrolTask, routes: Routes) -> Judged:
    """Drive the routes by the clock, each stay as early as it may be, and check every rule."""
    broken: list[BrokenPatrol] = []
    used = sum(1 for route in routes if route)
    if used > task.vehicles:
        broken.append(
            BrokenPatrol(rule="vehicles", vehicle=-1, visit=-1, over=used - task.vehicles)
        )
    times = [0] * task.visits
    calls: list[Call] = []
    back = []
    drive_s = 0
    for vehicle, route in enumerate(routes):
        clock, here = 0, 0
        for visit in (*route, -1):
            leg = int(task.travel_s[here, visit + 1])
            if leg == NO_WAY:
                broken.append(BrokenPatrol(rule="road", vehicle=vehicle, visit=visit, over=1))
                leg = 0
            clock += leg
            drive_s += leg
            here = visit + 1
            if visit < 0:
                break
            times[visit] += 1
            begins = max(clock, int(task.opens_s[visit]))
            leaves = begins + int(task.stay_s[visit])
            late = leaves - int(task.closes_s[visit])
            if late > 0:
                broken.append(BrokenPatrol(rule="window", vehicle=vehicle, visit=visit, over=late))
            calls.append(
                Call(
                    vehicle=vehicle, visit=visit, arrives_s=clock, begins_s=begins, leaves_s=leaves
                )
            )
            clock = leaves
        back.append(clock)
        if clock > task.shift_s and route:
            over = clock - task.shift_s
            broken.append(BrokenPatrol(rule="shift", vehicle=vehicle, visit=-1, over=over))
    for visit, n in enumerate(times):
        if n > 1:
            broken.append(BrokenPatrol(rule="visited_once", vehicle=-1, visit=visit, over=n - 1))
    missed = tuple(v for v, n in enumerate(times) if n == 0)
    return Judged(
        calls=tuple(calls),
        back_s=tuple(back),
        missed=missed,
        missed_s=sum(int(task.stay_s[v]) for v in missed),
        drive_s=drive_s,
        waits_s=sum(call.waits_s for call in calls),
        broken=tuple(broken),
    )
