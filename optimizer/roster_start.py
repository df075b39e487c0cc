"""A roster to start from: a turning pattern laid over the slots, then the gaps filled.

It keeps every rule and takes a fraction of a second, so that a roster is there whatever the search
has time for.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np

from optimizer.frozen import BoolArray, IntArray
from optimizer.roster import FREE, RosterTask

_TURNS = (1, 2, 3)


def start_roster(task: RosterTask) -> IntArray:
    """A roster that keeps every rule, shape (N, D); the fixed shifts must keep them."""
    best: tuple[tuple[int, int], IntArray] | None = None
    for turn in (0, *_TURNS):
        desk = _Desk(task)
        if turn:
            desk.turn(turn)
            desk.thin()
        desk.fill()
        value = desk.value()
        if best is None or value < best[0]:
            best = value, desk.shift
    assert best is not None
    return best[1]


def repaired(task: RosterTask, wish: IntArray) -> IntArray:
    """The shifts of `wish` that the rules allow, and what fills the gaps then, shape (N, D)."""
    desk = _Desk(task)
    for d in range(task.days):
        for i in np.flatnonzero(wish[:, d] != FREE).tolist():
            if desk.fits(i, d, int(wish[i, d])):
                desk.put(i, d, int(wish[i, d]))
    desk.fill()
    return desk.shift


class _Desk:
    """A roster under way."""

    def __init__(self, task: RosterTask) -> None:
        self.task = task
        self.allowed: BoolArray = task.allowed()
        self.shift = task.fixed.copy()
        self.counts = np.array([[line.counts(slot) for line in task.lines] for slot in task.slots])
        self.on_duty = np.zeros((len(task.lines), task.hours), dtype=np.int64)
        self.required = np.array([line.required for line in task.lines])
        self.allowance = task.allowance()
        self.hours = np.array([k.hours for k in task.shifts])
        self.night = np.array([k.is_night for k in task.shifts])
        for i, d in np.argwhere(self.shift != FREE).tolist():
            self._on_duty(i, d, int(self.shift[i, d]), 1)

    def turn(self, turn: int) -> None:
        """Lay a pattern over the slots, each `turn` times every kind, then free days."""
        task = self.task
        order = sorted(range(len(task.shifts)), key=lambda s: task.shifts[s].offset)
        for group in task.groups():
            own = [s for s in order if task.shifts[s].team in (None, task.slots[group[0]].team)]
            worked = [s for s in own for _ in range(turn)]
            hours = float(sum(self.hours[s] for s in worked))
            length = max(len(worked), round(7 * hours / task.limits.average_hours_per_week))
            if not worked:
                continue
            cycle = worked + [FREE] * (length - len(worked))
            for place, i in enumerate(group):
                phase = place * len(cycle) // len(group)
                for d in range(task.days):
                    s = cycle[(d + phase) % len(cycle)]
                    if s != FREE and self.fits(i, d, s):
                        self.put(i, d, s)

    def thin(self) -> None:
        """Take away shifts that nobody misses, from the slots that work most."""
        for i, d in sorted(
            np.argwhere((self.shift != FREE) & (self.task.fixed == FREE)).tolist(),
            key=lambda at: (-self._worked(at[0]), at),
        ):
            s = int(self.shift[i, d])
            first, end = self.task.span(d, s)
            own = self.counts[i]
            left = self.on_duty[own, first:end] - self.required[own, first:end]
            if (left > 0).all():
                self._on_duty(i, d, s, -1)
                self.shift[i, d] = FREE

    def fill(self) -> None:
        """Give shifts to the least loaded slots that may take them, while hours are short."""
        task = self.task
        for d in range(task.days):
            while True:
                found = max(
                    (
                        (self._gain(i, d, s), -self._worked(i), -i, -s)
                        for i, s in self._open(d)
                        if self.fits(i, d, s)
                    ),
                    default=(0, 0, 0, 0),
                )
                if found[0] <= 0:
                    break
                self.put(-found[2], d, -found[3])

    def value(self) -> tuple[int, int]:
        """Weighted shortage and hours worked."""
        missing = np.maximum(self.required - self.on_duty, 0)
        return int((missing * self.task.hour_weight).sum()), int(self.on_duty.sum())

    def put(self, i: int, d: int, s: int) -> None:
        """Give a shift."""
        self.shift[i, d] = s
        self._on_duty(i, d, s, 1)

    def fits(self, i: int, d: int, s: int) -> bool:
        """Whether a slot that is free on a day may work a shift there."""
        task, rules = self.task, self.task.limits
        if self.shift[i, d] != FREE or not self.allowed[i, d, s]:
            return False
        first, end = task.span(d, s)
        own: IntArray = self.shift[i]
        reach = 2 + (24 + rules.rest_hours) // 24
        for other in range(max(0, d - reach), min(task.days, d + reach + 1)):
            if own[other] != FREE:
                a, b = task.span(other, int(own[other]))
                if first - b < rules.rest_hours and a - end < rules.rest_hours:
                    return False
        week = range(d - d % 7, d - d % 7 + 7)
        training = rules.training_hours * int(task.training[i, week.start : week.stop].sum())
        worked = int(self._hours_of(own[week.start : week.stop]))
        if worked + training + self.hours[s] > rules.max_hours_per_week:
            return False
        if self._worked(i) + self.hours[s] > self.allowance[i]:
            return False
        busy = (own != FREE) | task.training[i]
        busy[d] = True
        if _run_through(busy, d) > rules.max_consecutive_days:
            return False
        if not self.night[s]:
            return True
        nights = (own != FREE) & self.night[own]
        nights[d] = True
        if _run_through(nights, d) > rules.max_consecutive_nights:
            return False
        most = rules.max_nights_per_week
        return most is None or int(nights[week.start : week.stop].sum()) <= most

    def _open(self, d: int) -> Sequence[tuple[int, int]]:
        free = self.shift[:, d] == FREE
        return [(i, s) for i, s in np.argwhere(self.allowed[:, d]).tolist() if free[i]]

    def _gain(self, i: int, d: int, s: int) -> int:
        first, end = self.task.span(d, s)
        own = self.counts[i]
        short = self.on_duty[own, first:end] < self.required[own, first:end]
        return int((short * self.task.hour_weight[first:end]).sum())

    def _hours_of(self, own: IntArray) -> int:
        return int(self.hours[own[own != FREE]].sum())

    def _worked(self, i: int) -> int:
        return self._hours_of(self.shift[i])

    def _on_duty(self, i: int, d: int, s: int, more: int) -> None:
        first, end = self.task.span(d, s)
        self.on_duty[self.counts[i], first:end] += more


def _run_through(busy: BoolArray, day: int) -> int:
    """Length of the run of True that holds `day`."""
    gaps = [-1, *np.flatnonzero(~busy).tolist(), len(busy)]
    return next(b - a - 1 for a, b in pairwise(gaps) if a < day < b)
