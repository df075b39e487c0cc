"""Every plan of a shift that is good enough, where they are few."""

from __future__ import annotations

from collections.abc import Iterator

from optimizer.patrol_plan import NO_WAY, PatrolTask, Routes, soonest_s


def all_routes(
    task: PatrolTask, most_missed_s: int, most_drive_s: float, most_steps: int
) -> tuple[Routes, ...] | None:
    """All plans that miss and drive no more than is said; vehicles in order of their first visits.

    Args:
        task: What is asked.
        most_missed_s: Presence missed at the most.
        most_drive_s: Driving at the most.
        most_steps: Visits tried at the most.

    Returns:
        The plans; None where there are too many.
    """
    walk = _Walk(task, most_missed_s, most_drive_s, most_steps)
    found = tuple(sorted(set(walk.plans((), (), 0, 0, 0))))
    return None if walk.steps_left < 0 else found


class _Walk:
    """Depth first, visit by visit and vehicle by vehicle."""

    def __init__(
        self, task: PatrolTask, most_missed_s: int, most_drive_s: float, most_steps: int
    ) -> None:
        self.task = task
        self.steps_left = most_steps
        self._most_drive_s = most_drive_s
        self._least_given_s = int(task.stay_s.sum()) - most_missed_s
        self._home: list[int] = soonest_s(task, homeward=True).tolist()
        self._travel = task.travel_s.tolist()
        self._stay = task.stay_s.tolist()
        self._opens, self._closes = task.opens_s.tolist(), task.closes_s.tolist()

    def plans(
        self, done: Routes, route: tuple[int, ...], clock: int, drive: int, given: int
    ) -> Iterator[Routes]:
        """Plans that begin with these routes."""
        here = route[-1] + 1 if route else 0
        home = self._travel[here][0]
        if not route:
            if given >= self._least_given_s:
                yield done
        elif (
            home != NO_WAY
            and clock + home <= self.task.shift_s
            and drive + home <= self._most_drive_s
        ):
            yield from self.plans((*done, route), (), 0, drive + home, given)
        if not route and len(done) == self.task.vehicles:
            return
        for visit in range(self.task.visits):
            if visit in route or any(visit in other for other in done):
                continue
            if not route and done and visit < done[-1][0]:
                continue
            self.steps_left -= 1
            if self.steps_left < 0:
                return
            leg = self._travel[here][visit + 1]
            leaves = max(clock + leg, self._opens[visit]) + self._stay[visit]
            if leg == NO_WAY or leaves > self._closes[visit]:
                continue
            if leaves + self._home[visit + 1] > self.task.shift_s:
                continue
            if drive + leg + self._home[visit + 1] > self._most_drive_s:
                continue
            more = given + self._stay[visit]
            yield from self.plans(done, (*route, visit), leaves, drive + leg, more)
