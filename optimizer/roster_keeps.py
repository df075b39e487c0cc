"""Whether one slot's shifts keep every rule, fast enough to ask a hundred thousand times."""

from __future__ import annotations

import numpy as np

from optimizer.frozen import IntArray
from optimizer.roster import DAY_H, FREE, WEEK_DAYS, RosterTask


class Keeper:
    """The rules of a task, laid out by slot.

    Args:
        task: The task.
    """

    def __init__(self, task: RosterTask) -> None:
        rules = task.limits
        self._days = task.days
        self._allowed = task.allowed().tolist()
        self._fixed = task.fixed.tolist()
        self._trained = task.training.tolist()
        self._allowance = task.allowance().tolist()
        self._hours = [k.hours for k in task.shifts]
        self._night = [k.is_night for k in task.shifts]
        self._start = [k.offset for k in task.shifts]
        self._end = [k.offset + k.hours + rules.rest_hours for k in task.shifts]
        weeks = -(-task.days // WEEK_DAYS)
        trained = np.zeros((len(task.slots), weeks * WEEK_DAYS), dtype=np.int64)
        trained[:, : task.days] = task.training
        in_week = trained.reshape(len(task.slots), weeks, WEEK_DAYS).sum(axis=2)
        left = rules.max_hours_per_week - rules.training_hours * in_week
        self._week_left = np.maximum(left, 0).tolist()
        self._rules = rules

    def keeps(self, slot: int, row: IntArray) -> bool:
        """Whether a slot with these shifts (FREE for none), shape (D,), keeps every rule."""
        rules, allowed, fixed = self._rules, self._allowed[slot], self._fixed[slot]
        trained, week_left = self._trained[slot], self._week_left[slot]
        ready = total = week = nights = days_run = nights_run = 0
        for d, s in enumerate(row.tolist()):
            if d % WEEK_DAYS == 0:
                week = nights = 0
            if fixed[d] not in (FREE, s):
                return False
            if s == FREE:
                nights_run = 0
                days_run = days_run + 1 if trained[d] else 0
                continue
            if not allowed[d][s] or d * DAY_H + self._start[s] < ready:
                return False
            ready = d * DAY_H + self._end[s]
            week += self._hours[s]
            total += self._hours[s]
            days_run += 1
            if self._night[s]:
                nights += 1
                nights_run += 1
            else:
                nights_run = 0
            if (
                week > week_left[d // WEEK_DAYS]
                or nights_run > rules.max_consecutive_nights
                or (rules.max_nights_per_week is not None and nights > rules.max_nights_per_week)
                or self._run(d, days_run, trained) > rules.max_consecutive_days
            ):
                return False
        return bool(total <= self._allowance[slot])

    def _run(self, day: int, run: int, trained: list[bool]) -> int:
        """Days in a row up to a day worked, with the training days that follow it."""
        after = day + 1
        while after < self._days and trained[after]:
            after += 1
        return run + after - day - 1
