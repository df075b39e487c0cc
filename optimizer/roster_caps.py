"""Rules of one slot as rows over its days and kinds of shift, with and without slots."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from optimizer.frozen import BoolArray
from optimizer.roster import RosterTask

_Members = list[tuple[tuple[int, int], float]]


class Caps:
    """Rows that hold for one slot: their places, the same for all, and their limits.

    Args:
        task: The task.
        allowed: Shifts that each slot may work, shape (N, D, S).
    """

    def __init__(self, task: RosterTask, allowed: BoolArray) -> None:
        self.task = task
        self._allowed = allowed
        self._sums: dict[tuple[int, ...], list[int]] = {}
        self.allowance = task.allowance()
        self.cliques = self._cliques()

    def _cliques(self) -> list[list[tuple[int, int]]]:
        """Shifts that exclude each other, one list per moment at which one starts."""
        task = self.task
        spans = {(d, s): task.span(d, s) for d in range(task.days) for s in range(len(task.shifts))}
        found = []
        for moment in sorted({first for first, _end in spans.values()}):
            here = [
                key
                for key, (first, end) in spans.items()
                if first <= moment < end + task.limits.rest_hours
            ]
            found.append(here)
        for d in range(task.days):
            # Two shifts of one day are never both worked, whatever the rest.
            found.append([(d, s) for s in range(len(task.shifts))])
        maximal = [c for c in found if not any(set(c) < set(o) for o in found)]
        return [c for i, c in enumerate(maximal) if c not in maximal[:i] and len(c) > 1]

    def slot_rows(self, i: int) -> list[tuple[_Members, float]]:
        """Places with weights and the limit of each rule of slot i, in an order all slots share."""
        task, rules = self.task, self.task.limits
        kinds = range(len(task.shifts))
        nights = [s for s in kinds if task.shifts[s].is_night]
        trained = task.training[i]
        hours = {s: float(task.shifts[s].hours) for s in kinds}
        own = tuple(sorted({task.shifts[s].hours for s in kinds if self._allowed[i, :, s].any()}))
        rows: list[tuple[_Members, float]] = []

        def places(days: range, which: Iterable[int], weight: dict[int, float]) -> _Members:
            return [((d, s), weight.get(s, 1.0)) for d in days for s in which]

        for week in task.weeks():
            left = rules.max_hours_per_week - rules.training_hours * int(trained[week].sum())
            rows.append((places(week, kinds, hours), self._reachable(own, max(0, left))))
            if rules.max_nights_per_week is not None:
                rows.append((places(week, nights, {}), float(rules.max_nights_per_week)))
        everywhere = range(task.days)
        rows.append(
            (places(everywhere, kinds, hours), self._reachable(own, int(self.allowance[i])))
        )
        for length, which, busy in (
            (rules.max_consecutive_days, kinds, trained),
            (rules.max_consecutive_nights, nights, np.zeros(task.days, dtype=bool)),
        ):
            for first in range(task.days - length):
                window = range(first, first + length + 1)
                left = length - int(busy[window.start : window.stop].sum())
                rows.append((places(window, which, {}), float(max(0, left))))
        return rows

    def _reachable(self, kinds: tuple[int, ...], most: int) -> float:
        """Largest number of hours up to `most` that shifts of these lengths add up to."""
        top = max(24 * self.task.days, most)
        if kinds not in self._sums:
            reached = [True] + [False] * top
            for hours in range(1, top + 1):
                reached[hours] = any(k <= hours and reached[hours - k] for k in kinds)
            best, last = [], 0
            for hours in range(top + 1):
                last = hours if reached[hours] else last
                best.append(last)
            self._sums[kinds] = best
        return float(self._sums[kinds][most])
