"""Nights, weekends and hours shared more evenly by swapping, with nothing else changed.

Two slots of one role and team swap some days in a row. How many are on duty when stays the same,
so shortage and surplus do; a swap is made where both slots keep every rule and the sum of squares
of what they work falls. Squares and not the spread itself: a spread falls only with the last of
its slots.
"""

from __future__ import annotations

from math import gcd

import numpy as np

from optimizer.frozen import BoolArray, FloatArray, IntArray
from optimizer.roster import FREE, RosterTask, on_duty
from optimizer.roster_keeps import Keeper
from optimizer.roster_rules import roster_score

_LONGEST = 7
_ROUNDS = 60
_LEAST = 1e-9
_KICKS, _KICKED_DAYS = 10, 5000
_KICK, _DRAWS = 4, 400


def shared(task: RosterTask, shift: IntArray, *, least: int = 0, seed: int = 0) -> IntArray:
    """The roster after swaps that even it out, shape (N, D); `shift` must keep the rules.

    Where no swap helps any more, a few are made at random and the rest follows from there.

    Args:
        task: The task.
        shift: The roster.
        least: No unfairness is below this: there it ends.
        seed: Random seed.
    """
    desk = _Desk(task, shift.copy())
    desk.descend()
    best, value = desk.shift.copy(), roster_score(task, desk.shift).unfairness
    draws = np.random.default_rng(seed)
    for _kick in range(min(_KICKS, _KICKED_DAYS // shift.size)):
        if value <= least:
            break
        desk.kick(draws)
        desk.descend()
        now = roster_score(task, desk.shift).unfairness
        if now <= value:
            best, value = desk.shift.copy(), now
        else:
            desk = _Desk(task, best.copy())
    return best


class _Desk:
    """A roster under way, and how many with each qualification are on duty."""

    def __init__(self, task: RosterTask, shift: IntArray) -> None:
        self.task, self.shift = task, shift
        self.groups = [list(g) for g in task.groups() if len(g) > 1]
        self._keeper = Keeper(task)
        lines = [i for i, line in enumerate(task.lines) if line.kind == "qualification"]
        self._required = np.array([task.lines[i].required for i in lines])
        self._on_duty = on_duty(task, shift)[lines]
        self._counts = np.array(
            [[task.lines[i].counts(slot) for i in lines] for slot in task.slots], dtype=bool
        )

    def descend(self) -> None:
        """Make every swap that helps, until none does."""
        for _round in range(_ROUNDS):
            changed = False
            for length in range(1, _LONGEST + 1):
                for first in range(self.task.days - length + 1):
                    for members in self.groups:
                        changed |= self.swap(members, first, first + length)
            if not changed:
                return

    def kick(self, draws: np.random.Generator) -> None:
        """Make some swaps at random, whatever they gain."""
        made = 0
        for _draw in range(_DRAWS):
            if made == _KICK or not self.groups:
                return
            members = self.groups[int(draws.integers(len(self.groups)))]
            a, b = (members[i] for i in draws.choice(len(members), 2, replace=False).tolist())
            first = int(draws.integers(self.task.days))
            end = min(self.task.days, first + int(draws.integers(1, _LONGEST + 1)))
            made += self._try(a, b, first, end)

    def swap(self, members: list[int], first: int, end: int) -> bool:
        """Make the best swap of these days."""
        own: IntArray = self.shift[members]
        block = own[:, first:end]
        gain = _gain(self.task, members, own, first, end)
        gain[(block[:, None] == block[None]).all(axis=2)] = 0.0
        rows, columns = np.nonzero(np.triu(gain < -_LEAST))
        order = np.argsort(gain[rows, columns], kind="stable")
        for i, j in zip(rows[order].tolist(), columns[order].tolist(), strict=True):
            if self._try(members[i], members[j], first, end):
                return True
        return False

    def _try(self, a: int, b: int, first: int, end: int) -> bool:
        """Swap these days of two slots if the rules allow it."""
        one, two = self.shift[a].copy(), self.shift[b].copy()
        one[first:end], two[first:end] = self.shift[b, first:end], self.shift[a, first:end]
        allowed = (
            (one != self.shift[a]).any()
            and self._keeper.keeps(a, one)
            and self._keeper.keeps(b, two)
            and self._still_qualified(a, b, first, end)
        )
        if allowed:
            self.shift[a], self.shift[b] = one, two
        return bool(allowed)

    def _still_qualified(self, a: int, b: int, first: int, end: int) -> bool:
        """Whether qualifications miss no more if two slots swap; then they are counted anew."""
        one, two = self._counts[a], self._counts[b]
        if (one == two).all():
            return True
        then = self._on_duty.copy()
        for d in range(first, end):
            for slot, gives, takes in ((a, one, two), (b, two, one)):
                s = int(self.shift[slot, d])
                if s != FREE:
                    start, over = self.task.span(d, s)
                    then[gives, start:over] -= 1
                    then[takes, start:over] += 1
        weight = self.task.hour_weight
        now_missing = (np.maximum(self._required - self._on_duty, 0) * weight).sum()
        if (np.maximum(self._required - then, 0) * weight).sum() > now_missing:
            return False
        self._on_duty = then
        return True


def _gain(task: RosterTask, members: list[int], own: IntArray, first: int, end: int) -> FloatArray:
    """Change of the sum of squares if i and j swap these days, shape (M, M); below 0 is better."""
    prices = task.fairness
    hours = np.array([k.hours for k in task.shifts] + [0], dtype=float)
    night = np.array([float(k.is_night) for k in task.shifts] + [0.0])
    unit = float(gcd(*(k.hours for k in task.shifts)))
    inside: BoolArray = np.zeros(task.days, dtype=bool)
    inside[first:end] = True
    # Who is away has a credit, as if he had worked his share.
    credit = task.leave[members].mean(axis=1)
    total = np.zeros((len(members), len(members)))
    for price, weight in ((float(prices.nights), night), (prices.hours * unit, hours / unit)):
        each = weight[own]
        sums = each.sum(axis=1)
        sums = sums + credit * sums.mean()
        block = each[:, inside].sum(axis=1)
        step = block[:, None] - block[None]
        total += price * 2.0 * step * (step + sums[None] - sums[:, None])
    if prices.weekends:
        total += prices.weekends * _weekend_gain(task, own, credit, inside)
    found: FloatArray = total
    return found


def _weekend_gain(
    task: RosterTask, own: IntArray, credit: FloatArray, inside: BoolArray
) -> FloatArray:
    worked = _weekends(task, own)
    sums = np.asarray(worked.any(axis=1)).sum(axis=1).astype(float)
    sums = sums + credit * sums.mean()
    before = np.asarray(worked[:, inside].any(axis=1))
    rest = np.asarray(worked[:, ~inside].any(axis=1))
    now = (rest | before).sum(axis=1)
    then = (rest[:, None] | before[None]).sum(axis=2)
    more: FloatArray = (then - now[:, None]).astype(float)
    change: FloatArray = 2 * more * sums[:, None] + more**2
    return change + change.T


def _weekends(task: RosterTask, own: IntArray) -> BoolArray:
    """Whether a slot's shift of a day starts in a weekend, shape (M, D, weekends)."""
    table = _weekend_table(task)
    found: BoolArray = np.zeros((*own.shape, int(table.max()) + 1), dtype=bool)
    number = np.where(own == FREE, -1, table[np.arange(task.days)[None], own])
    i, d = np.nonzero(number >= 0)
    found[i, d, number[i, d]] = True
    return found


def _weekend_table(task: RosterTask) -> IntArray:
    return np.array(
        [
            [-1 if (w := task.weekend(d, s)) is None else w for s in range(len(task.shifts))]
            for d in range(task.days)
        ],
        dtype=np.int64,
    )
