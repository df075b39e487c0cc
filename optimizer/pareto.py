r"""The exact Pareto set of two sums over partitions: one to be large, one to be small.

Boxes between neighbouring points, the largest first. In a box from plan $a$ to plan $b$ with slope
$\lambda$, a plan that neither betters has $g > g_a$ and $l < l_b$, so its weighted sum
$l - \lambda g$ lies below that of the box's corner. The linear bound of the weighted sum and its
reduced costs then leave few columns, and either

- all partitions under the corner are enumerated (`enumeration.py`): the box is finished; or
- the weighted sum's minimum is a point below the line from $a$ to $b$, and splits the box; or
- the epsilon constraint $g \ge$ middle of the box is solved for the least $l$ (Haimes, Lasdon &
  Wismer 1971): a point that splits the box, or the proof that its upper half is empty.

Boxes left when the time ends are handed back, with how much better a plan in them could be.
Weights are rounded to whole numbers by column; thresholds give way by as much.
"""

from __future__ import annotations

import heapq
import math
import time
from dataclasses import dataclass, field, replace
from functools import partial

import numpy as np

from optimizer.cover import Cover, Limit
from optimizer.enumeration import every_partition
from optimizer.frozen import BoolArray, FloatArray, IntArray
from optimizer.partition import Relaxation, partition, relaxation
from optimizer.result import Status
from optimizer.solver import Limits

_FEW_COLUMNS = 320
"""Beyond so many more than stations a search of all partitions is not begun."""
_MOST_PARTS = 40_000
_LARGEST_SUM = 2.0**40
_FINEST = 2.0**10
_END_SHARE = 0.25
"""Share of the time that each end of the frontier may take."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Aims:
    """What is traded.

    Attributes:
        gain: To be large, whole units, shape (N,).
        loss: To be small, whole units, shape (N,).
        step: Plans whose gains differ by less count as equal: the rounding of the terms.
        gain_per_unit: Units of gain in one natural unit.
    """

    gain: IntArray
    loss: IntArray
    step: int = 1
    gain_per_unit: float = 1.0


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ParetoPoint:
    """A plan that no other betters.

    Attributes:
        gain, loss: Its sums.
        chosen: Column numbers, sorted.
        gap: A plan with more gain than the point before, and up to this one's, may have a loss
            smaller than this one's by at most so much; 0 = proven that there is none.
    """

    gain: int
    loss: int
    chosen: tuple[int, ...]
    gap: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Pareto:
    """The set, by rising gain.

    Attributes:
        points: The points; empty where no partition keeps the rows, or none was found.
        gain_bound: No partition has a larger gain.
        status: OPTIMAL if the set is complete and proven, FEASIBLE if gaps are left, INFEASIBLE,
            UNKNOWN.
        solves: Linear and integer problems solved.
    """

    points: tuple[ParetoPoint, ...]
    gain_bound: int
    status: Status
    solves: int


def pareto(cover: Cover, aims: Aims, limits: Limits, start: IntArray | None = None) -> Pareto:
    """All partitions of which no other has as much gain with less loss, or more with as little.

    Args:
        cover: Columns and the rows that every partition keeps; its price is not looked at.
        aims: Gain and loss of each column.
        limits: Time and seed.
        start: A plan that keeps the rows, if known.

    Returns:
        One partition for each point; of several with equal sums the first found.

    Raises:
        SolverError: a solver failed.
    """
    return _Sweep(cover, aims, limits, time.monotonic() + limits.time_limit_s, start).run()


@dataclass(frozen=True, slots=True, order=True)
class _Box:
    """What is not known yet: gain above `low_gain` and below `high_gain`, loss below `high_loss`.

    No plan in it has less loss than `floor`. `is_edge` once no plan lies below the line between
    its ends. There is no lower edge: a plan that betters the left end would be found too.
    """

    rank: float
    low_gain: int
    low_loss: int
    high_gain: int
    high_loss: int
    is_edge: bool
    floor: float


@dataclass(slots=True)
class _Sweep:
    cover: Cover
    aims: Aims
    limits: Limits
    deadline: float
    start: IntArray | None
    boxes: list[_Box] = field(default_factory=list)
    points: dict[tuple[int, int], tuple[int, ...]] = field(default_factory=dict)
    at_loss: dict[int, IntArray] = field(default_factory=dict)
    gaps: list[_Box] = field(default_factory=list)
    solves: int = 0

    def run(self) -> Pareto:
        """Ends first, then boxes until none is left or the time is over."""
        least = self._solve(self.aims.loss, end=True)
        if least is None or least[0] is Status.INFEASIBLE:
            status = Status.UNKNOWN if least is None else Status.INFEASIBLE
            return Pareto(points=(), gain_bound=0, status=status, solves=self.solves)
        low = self._add(least[1])
        high, bound = self._largest_gain(least[1])
        floor = float(low[1] - least[2])
        if least[2]:
            self.gaps.append(_Box(0.0, -(2**62), low[1], low[0], low[1], False, floor))
        self._box(low, high, floor, is_edge=False)
        while self.boxes and time.monotonic() < self.deadline:
            self._open(heapq.heappop(self.boxes))
        self.gaps += self.boxes
        return self._answer(max(bound, high[0]), is_end_proven=bound - high[0] < self.aims.step)

    def _largest_gain(self, start: IntArray) -> tuple[tuple[int, int], int]:
        """The point of the largest gain, and the bound on the gain."""
        coarse = max(1, self.aims.step)
        price = -((self.aims.gain + coarse // 2) // coarse)
        most = self._solve(price, start=start, end=True)
        if most is None or most[0] is Status.INFEASIBLE:
            return self._sums(start), 2**62
        reached = int(self.aims.gain[most[1]].sum())
        rounding = coarse * (self.cover.stations // 2 + 1) if coarse > 1 else 0
        bound = reached if not most[2] else reached + most[2] * coarse + rounding
        asked = self._solve(self.aims.loss, at_least=reached, start=most[1], end=True)
        chosen = most[1] if asked is None or asked[0] is Status.INFEASIBLE else asked[1]
        point = self._add(chosen)
        if asked is not None and asked[2]:
            floor = float(point[1] - asked[2])
            self.gaps.append(
                _Box(0.0, point[0] - coarse, point[1], point[0], point[1], True, floor)
            )
        return point, max(bound, point[0])

    def _open(self, box: _Box) -> None:
        """Finish a box or split it."""
        slope = (box.high_loss - box.low_loss) / (box.high_gain - box.low_gain)
        weighted, unit = self._weighted(slope)
        self.solves += 1
        known = relaxation(replace(self.cover, price=weighted, ties=()), self._time())
        if known is None:
            return
        corner = box.high_loss - 1 - slope * (box.low_gain + self.aims.step)
        rounding = self.cover.stations / 2 + 1
        slack = math.ceil(corner * unit + rounding) * known.scale - known.lower_scaled
        if slack < 0:
            return
        if self._enumerated(known, slack, box):
            return
        floor = (known.lower - rounding) / unit + slope * box.low_gain
        box = replace(box, floor=max(box.floor, floor))
        inside = np.flatnonzero(known.reduced_scaled <= slack)
        if not box.is_edge and self._split_below(box, weighted, slope, unit, inside):
            return
        self._split_middle(box, inside)

    def _weighted(self, slope: float) -> tuple[IntArray, float]:
        """Loss less slope x gain in whole units small enough for exact sums, units in one loss."""
        weighted = self.aims.loss - slope * self.aims.gain
        most = _LARGEST_SUM / self.cover.stations
        unit = min(_FINEST, most / max(1.0, float(np.abs(weighted).max(initial=0.0))))
        return np.rint(weighted * unit).astype(np.int64), unit

    def _enumerated(self, known: Relaxation, slack: int, box: _Box) -> bool:
        """Whether all partitions under the corner could be listed; the good ones are points."""
        usable = int((known.reduced_scaled <= slack).sum()) - self.cover.stations
        if usable > _FEW_COLUMNS:
            return False
        values = np.column_stack([self.aims.gain, self.aims.loss])
        found = every_partition(
            self.cover,
            known.reduced_scaled,
            slack,
            values,
            most=_MOST_PARTS,
            keep=partial(not_bettered, step=self.aims.step),
        )
        if found is None:
            return False
        inside: BoolArray = (found.values[:, 0] >= box.low_gain + self.aims.step) & (
            found.values[:, 1] <= box.high_loss
        )
        good = np.flatnonzero(inside)
        for row in good[not_bettered(found.values[good])].tolist():
            self._add(found.chosen[row][found.chosen[row] >= 0])
        return True

    def _split_below(
        self, box: _Box, weighted: IntArray, slope: float, unit: float, inside: IntArray
    ) -> bool:
        """Split at a plan below the line between the ends, if there is one."""
        best = self._solve(weighted, inside=inside)
        if best is None or best[0] is Status.INFEASIBLE:
            return False
        gain, loss = self._sums(best[1])
        below = (box.low_loss - slope * box.low_gain) - (loss - slope * gain)
        is_inside = box.low_gain + self.aims.step <= gain < box.high_gain
        if below * unit <= self.cover.stations or not is_inside or loss >= box.high_loss:
            return False
        self._add(best[1])
        # Nothing beyond it loses less, where it is proven to be the lowest.
        right = box.floor if best[2] else max(box.floor, loss - self.cover.stations / unit)
        self._box((box.low_gain, box.low_loss), (gain, loss), box.floor, is_edge=False)
        self._box((gain, loss), (box.high_gain, box.high_loss), right, is_edge=False)
        return True

    def _split_middle(self, box: _Box, inside: IntArray) -> None:
        """The least loss in the upper half of the box."""
        middle = max((box.low_gain + box.high_gain) // 2, box.low_gain + self.aims.step)
        high = self.at_loss[box.high_loss]
        best = self._solve(
            self.aims.loss, at_least=middle, inside=np.union1d(inside, high), start=high
        )
        if best is None or best[0] is Status.INFEASIBLE:
            self.gaps.append(box)
            return
        gain, loss = self._sums(best[1])
        low = (box.low_gain, box.low_loss)
        floor = max(box.floor, float(loss - best[2]))
        if best[2]:
            self.gaps.append(
                replace(box, low_gain=middle - self.aims.step, high_loss=loss, floor=floor)
            )
        if loss >= box.high_loss:
            self._box(low, (middle, box.high_loss), box.floor, is_edge=True)
            return
        self._add(best[1])
        self._box(low, (middle, loss), box.floor, is_edge=True)
        self._box((gain, loss), (box.high_gain, box.high_loss), floor, is_edge=True)

    def _box(
        self, low: tuple[int, int], high: tuple[int, int], floor: float, *, is_edge: bool
    ) -> None:
        """Note a box, unless nothing fits into it."""
        # Beside a plan of the least weighted sum there may be one of the same gain that its
        # rounding hid; beyond an epsilon constraint there is none.
        narrowest = self.aims.step + int(is_edge)
        if high[0] - low[0] < narrowest or high[1] <= low[1]:
            return
        size = float(high[0] - low[0]) * float(high[1] - low[1])
        heapq.heappush(self.boxes, _Box(-size, *low, *high, is_edge, floor))

    def _solve(
        self,
        price: IntArray,
        *,
        at_least: int | None = None,
        inside: IntArray | None = None,
        start: IntArray | None = None,
        end: bool = False,
    ) -> tuple[Status, IntArray, int] | None:
        """The cheapest partition: status, columns, and price above the bound; None without one."""
        self.solves += 1
        rows = list(self.cover.limits)
        if at_least is not None:
            tolerance = self.aims.step // 2
            rows.append(
                Limit(
                    coefficients=self.aims.gain,
                    at_least=at_least,
                    tolerance=tolerance,
                    per_unit=self.aims.gain_per_unit,
                )
            )
        inside = np.arange(len(self.cover)) if inside is None else inside
        cover = Cover(
            stations=self.cover.stations,
            members=self.cover.members[inside],
            price=price[inside],
            exactly=tuple((row[inside], value) for row, value in self.cover.exactly),
            limits=tuple(row.at(inside) for row in rows),
        )
        start = self.start if start is None else start
        if start is not None:
            start = np.flatnonzero(np.isin(inside, start))
        share = _END_SHARE if end else 1.0
        found = partition(cover, self._time(share), start=start)
        if found.status is Status.INFEASIBLE:
            return Status.INFEASIBLE, inside[:0], 0
        if found.chosen is None or found.price is None:
            return None
        apart = 0 if found.bound is None else found.price - found.bound
        if found.status is not Status.OPTIMAL and found.bound is None:
            apart = 2**60
        return found.status, inside[found.chosen], apart

    def _time(self, share: float = 1.0) -> Limits:
        left_s = max(0.01, self.deadline - time.monotonic())
        return replace(self.limits, time_limit_s=max(0.01, left_s * share))

    def _sums(self, chosen: IntArray) -> tuple[int, int]:
        return int(self.aims.gain[chosen].sum()), int(self.aims.loss[chosen].sum())

    def _add(self, chosen: IntArray) -> tuple[int, int]:
        sums = self._sums(chosen)
        self.points.setdefault(sums, tuple(np.sort(chosen).tolist()))
        self.at_loss[sums[1]] = np.sort(chosen)
        return sums

    def _answer(self, gain_bound: int, *, is_end_proven: bool) -> Pareto:
        best: list[ParetoPoint] = []
        # From the largest gain down, each must lose less than all before it.
        for (gain, loss), chosen in sorted(self.points.items(), key=lambda p: (-p[0][0], p[0][1])):
            if best and loss >= best[-1].loss:
                continue
            if best and best[-1].gain - gain < self.aims.step:
                best.pop()
            best.append(ParetoPoint(gain=gain, loss=loss, chosen=chosen))
        best.reverse()
        proven = is_end_proven and not self.gaps
        return Pareto(
            points=tuple(_with_gaps(best, self.gaps)),
            gain_bound=gain_bound,
            status=Status.OPTIMAL if proven else Status.FEASIBLE,
            solves=self.solves,
        )


def _with_gaps(points: list[ParetoPoint], gaps: list[_Box]) -> list[ParetoPoint]:
    """Each point with the most that an unfinished box to its left may hide."""
    said = []
    before = -math.inf
    for point in points:
        hidden = [
            point.loss - gap.floor
            for gap in gaps
            if gap.high_gain > before and gap.floor < point.loss
        ]
        said.append(replace(point, gap=max((math.ceil(h) for h in hidden), default=0)))
        before = point.gain
    return said


def not_bettered(values: IntArray, step: int = 1) -> IntArray:
    """Rows that no other row betters in gain (first column) or loss (second); one of equals.

    Only rows that agree in all further columns are held against each other. Gains count in whole
    steps.
    """
    gain = (values[:, 0] + step // 2) // step
    order = np.lexsort((values[:, 1], -gain, *values[:, 2:].T))
    loss = values[order, 1]
    if values.shape[1] > 2:
        other = values[order, 2:]
        new = np.ones(len(order), dtype=bool)
        new[1:] = (other[1:] != other[:-1]).any(axis=1)
        # A different offset for each group, so that one running minimum serves all.
        span = int(loss.max(initial=0)) - int(loss.min(initial=0)) + 1
        loss = loss - np.cumsum(new) * span
    better: BoolArray = np.ones(len(order), dtype=bool)
    better[1:] = loss[1:] < np.minimum.accumulate(loss)[:-1]
    kept: IntArray = order[better]
    return kept


def weighted_distance(gain: FloatArray, loss: FloatArray) -> FloatArray:
    """How far each point lies below the line between the first and the last, both axes to 1.

    Args:
        gain: Rising, shape (P,).
        loss: Rising, shape (P,).
    """
    wide, high = float(gain[-1] - gain[0]), float(loss[-1] - loss[0])
    if wide <= 0.0 or high <= 0.0:
        return np.zeros(len(gain))
    distance: FloatArray = (gain - gain[0]) / wide - (loss - loss[0]) / high
    return distance
