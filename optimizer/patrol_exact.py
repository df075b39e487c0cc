"""The route of one vehicle by weighing sets of visits (dynamic programme after Held and Karp 1962).

A label of a set and its last visit holds a time and a driving time; one that is neither earlier
nor shorter than another goes. So does one from which a plan already known cannot be met: visits
that are too late by now, or for which no time is left, are missed.
"""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass

import numpy as np

from optimizer.patrol_plan import FAR_S, NO_WAY, PatrolTask, Routes, soonest_s


@dataclass(frozen=True, slots=True)
class _Label:
    clock: int
    drive: int
    visit: int
    before: _Label | None


def exact_routes(
    task: PatrolTask, most_labels: int, known: tuple[int, int] | None = None
) -> Routes | None:
    """The best route: least presence missed, then least driving; ties by the smallest set.

    Args:
        task: What is asked, of one vehicle.
        most_labels: Labels at the most.
        known: Presence missed and driving of a plan that holds.

    Returns:
        The routes; None where the labels are too many.
    """
    tours = _tours(task, most_labels, known)
    if tours is None:
        return None
    stay = task.stay_s.tolist()

    def given(mask: int) -> int:
        return sum(s for v, s in enumerate(stay) if mask >> v & 1)

    chosen = min(tours, key=lambda m: (-given(m), tours[m][0], m))
    route, label = [], tours[chosen][1]
    while label is not None:
        route.append(label.visit)
        label = label.before
    return (tuple(reversed(route)),) if route else ()


def _tours(
    task: PatrolTask, most_labels: int, known: tuple[int, int] | None
) -> dict[int, tuple[int, _Label | None]] | None:
    """Shortest driving of a tour of each set of visits."""
    n = task.visits
    travel, stay = task.travel_s.tolist(), task.stay_s.tolist()
    opens, closes = task.opens_s.tolist(), task.closes_s.tolist()
    home = soonest_s(task, homeward=True)[1:].tolist()
    lost = None if known is None else _Lost(task)
    tours: dict[int, tuple[int, _Label | None]] = {0: (0, None)}
    layer: dict[tuple[int, int], list[_Label]] = {(0, -1): [_Label(0, 0, -1, None)]}
    made = 0
    while layer:
        following: dict[tuple[int, int], list[_Label]] = {}
        for (mask, last), labels in layer.items():
            for visit in range(n):
                leg = travel[last + 1][visit + 1]
                if mask >> visit & 1 or leg == NO_WAY:
                    continue
                seen = mask | 1 << visit
                own = following.setdefault((seen, visit), [])
                for label in labels:
                    clock = max(label.clock + leg, opens[visit]) + stay[visit]
                    if clock > closes[visit] or clock + home[visit] > task.shift_s:
                        continue
                    if known is not None and lost is not None:
                        least = lost.missed_s(seen, visit, clock), label.drive + leg + home[visit]
                        if least > known:
                            continue
                    before = label if label.visit >= 0 else None
                    _keep(own, _Label(clock, label.drive + leg, visit, before))
                    made += 1
                if made > most_labels:
                    return None
        layer = {key: labels for key, labels in following.items() if labels}
        for (mask, last), labels in layer.items():
            leg = travel[last + 1][0]
            for label in labels:
                total = label.drive + leg
                if leg == NO_WAY or label.clock + leg > task.shift_s:
                    continue
                if mask not in tours or total < tours[mask][0]:
                    tours[mask] = total, label
    return tours


class _Lost:
    """Presence that one vehicle can no longer give."""

    def __init__(self, task: PatrolTask) -> None:
        self._shift_s = task.shift_s
        self._stay = task.stay_s.tolist()
        self._left: dict[int, int] = {}
        least = np.where(task.travel_s == NO_WAY, FAR_S, task.travel_s)[1:, 1:]
        for via in range(task.visits):
            least = np.minimum(least, least[:, via, None] + least[None, via, :])
        home = soonest_s(task, homeward=True)[1:]
        last = np.minimum(task.closes_s, task.shift_s - home) - task.stay_s
        self._late: list[list[int]] = []
        self._gone: list[list[int]] = []
        for times in (last[None, :] - least).tolist():
            order = sorted(range(task.visits), key=lambda v: times[v])
            gone = [0]
            for visit in order:
                gone.append(gone[-1] | 1 << visit)
            self._late.append([times[v] for v in order])
            self._gone.append(gone)

    def missed_s(self, mask: int, visit: int, clock: int) -> int:
        """At least so much is missed by who leaves a visit at a time, the last of a set."""
        gone = self._gone[visit][bisect_left(self._late[visit], clock)] & ~mask
        spare_s = self._shift_s - clock
        return self._presence(gone) + max(self._presence(~mask & ~gone) - spare_s, 0)

    def _presence(self, mask: int) -> int:
        if mask not in self._left:
            self._left[mask] = sum(s for v, s in enumerate(self._stay) if mask >> v & 1)
        return self._left[mask]


def _keep(own: list[_Label], new: _Label) -> None:
    """Add a label unless another is as early and as short; drop those that it beats."""
    if any(one.clock <= new.clock and one.drive <= new.drive for one in own):
        return
    own[:] = [one for one in own if one.clock < new.clock or one.drive < new.drive]
    own.append(new)
