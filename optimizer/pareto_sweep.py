r"""The search behind `pareto.py`: weighted sums on the hull, then all plans near each of its edges.

A *run* is one weighted sum $l - \lambda g$ with its linear bound: all partitions whose weighted sum
lies up to a slack above the bound are listed (`enumeration.py`), so that every partition not found
has $l > r + \lambda g$, with $r$ the run's reach. A *corner* between neighbouring points $a$, $b$
stands for what may lie hidden there: $g > g_a$ and $l < l_b$. It is closed once some run, or some
epsilon constraint ($g \ge g_a + 1$ solved for the least $l$; Haimes, Lasdon & Wismer 1971), proves
that nothing does. $\lambda$ is always the slope of the edge of the lower hull above the corner, so
the points of the hull come first (Aneja & Nair 1979), and slack grows until the edge's corners are
closed. Where a list would be too long, weighted sum and epsilon constraint are solved instead.

How long to list and to branch is counted, not timed: the same everywhere, unless the time ends.
"""

from __future__ import annotations

import math
import time
from dataclasses import dataclass, field, replace

import numpy as np

from optimizer.cover import Cover, Limit
from optimizer.enumeration import every_partition
from optimizer.frozen import BoolArray, IntArray
from optimizer.partition import Partition, Relaxation, partition, relaxation
from optimizer.result import Status
from optimizer.solver import Limits


@dataclass(frozen=True, slots=True)
class _Effort:
    """What one question may take.

    Attributes:
        columns: Columns beyond the stations in a list, for 300 stations or fewer; more in
            proportion.
        parts: Part plans in a list.
        nodes: Branch-and-bound nodes where no list answers.
    """

    columns: int
    parts: int
    nodes: int = 0


# All that is cheap comes first.
_ROUNDS = (
    _Effort(60, 40_000), _Effort(150, 40_000), _Effort(320, 40_000), _Effort(640, 40_000),
    _Effort(1_200, 400_000), _Effort(1_200, 400_000, 30), _Effort(1_200, 400_000, 300),
    _Effort(1_200, 400_000, 3_000),
)  # fmt: skip
_MOST_NODES = _ROUNDS[-1].nodes
_STATIONS = 300
_END_NODES = 30
_END_SLOPES = (16.0, 64.0, 256.0)
"""Slopes towards the end of most gain, in slopes of the median column."""
_LARGEST_SUM = 2.0**40
_FINEST = 2.0**10
_END_SHARE = 0.25
"""Share of the time left that one question about the end of most gain may take."""
_MARGIN = 2e-3
_FAR = 2**60


@dataclass(slots=True)
class _Run:
    """One weighted sum, in `unit`s of loss.

    Attributes:
        slope: Loss per gain.
        known: Bound and reduced costs of the rounded weights.
        unit: Rounded weight of one unit of loss.
        reach: Every partition not found has loss > reach + slope x gain.
        listed: Slack up to which all partitions are found; -1 before.
        too_long: Slack at which a list held more than so many part plans.
        nodes: Branch-and-bound nodes that the sum's minimum was given.
    """

    slope: float
    known: Relaxation
    unit: float
    reach: float
    listed: int = -1
    too_long: dict[int, int] = field(default_factory=dict)
    nodes: int = 0


@dataclass(slots=True)
class Sweep:
    """State of one search.

    Attributes:
        cover: Columns and rows; its price is not looked at.
        gain, loss: Of each column, whole, shape (N,).
        gain_per_unit: Units of gain in one natural unit.
        limits: Time and seed.
        deadline: `time.monotonic()` at which to stop.
        start: A plan that keeps the rows, if known.
        points: Loss and columns of the best plan of each gain.
        most_gain: No partition has more.
        solves: Linear and integer problems solved.
    """

    cover: Cover
    gain: IntArray
    loss: IntArray
    gain_per_unit: float
    limits: Limits
    deadline: float
    start: IntArray | None
    points: dict[int, tuple[int, IntArray]] = field(default_factory=dict)
    most_gain: int = _FAR
    solves: int = 0
    runs: dict[float, _Run] = field(default_factory=dict)
    proofs: list[tuple[int, int]] = field(default_factory=list)
    tried: dict[tuple[int, int], int] = field(default_factory=dict)

    def run(self) -> Status:
        """Both ends, then corners until none is open or work or time ends.

        Returns:
            FEASIBLE once there are points; else INFEASIBLE or UNKNOWN.
        """
        least = self._solve(self.loss, nodes=_MOST_NODES)
        if least.chosen is None or least.price is None:
            infeasible = least.status is Status.INFEASIBLE
            return Status.INFEASIBLE if infeasible else Status.UNKNOWN
        self._add(least.chosen)
        if least.bound is not None:
            self.proofs.append((-_FAR, least.bound))
        self._far_end()
        for turn, effort in enumerate(_ROUNDS):
            if effort.nodes and not self.is_over():
                self._gain_most(effort.nodes)
            while not self.is_over() and (corner := self._open_corner(turn)) is not None:
                if not self._work(*corner, turn):
                    self.tried[corner[:2]] = turn
        return Status.FEASIBLE

    def is_over(self) -> bool:
        """Whether the time is over."""
        return time.monotonic() >= self.deadline

    def front(self) -> tuple[IntArray, IntArray]:
        """Gains and losses of the points that none found betters, by rising gain."""
        gains = np.array(sorted(self.points), dtype=np.int64)
        losses = np.array([self.points[g][0] for g in gains.tolist()], dtype=np.int64)
        after = np.r_[np.minimum.accumulate(losses[::-1])[::-1][1:], _FAR * 4]
        kept: BoolArray = losses < after
        return gains[kept], losses[kept]

    def gaps(self, gains: IntArray, losses: IntArray) -> IntArray:
        """How much less than each point a plan could lose that gains more than the point before."""
        low = np.r_[-_FAR, gains[:-1] + 1]
        floor = np.full(len(low), -float(_FAR))
        if self.runs:
            reach = np.array([(r.reach, r.slope) for r in self.runs.values()])
            floor = (reach[None, :, 0] + reach[None, :, 1] * low[:, None]).max(axis=1)
        whole = np.floor(np.maximum(floor - _MARGIN / 2, -float(_FAR))).astype(np.int64) + 1
        for from_gain, least in self.proofs:
            np.maximum(whole, np.where(low >= from_gain, least, -_FAR), out=whole)
        gap: IntArray = np.maximum(losses - whole, 0)
        return gap

    def _far_end(self) -> None:
        """A bound on the gain, and points towards it: weighted sums of steeper and steeper slope.

        Not gain alone: that is nearly a maximum packing, where plans abound and bounds are weak.
        """
        self.solves += 1
        known = relaxation(replace(self.cover, price=-self.gain, ties=()), self._end_time())
        if known is not None:
            self.most_gain = -known.lower
        paid = (self.gain > 0) & (self.loss > 0)
        if paid.any():
            median = float(np.quantile(self.loss[paid] / self.gain[paid], 0.5))
            for times in _END_SLOPES:
                reached = max(self.points)
                if reached >= self.most_gain or self.is_over():
                    break
                price, _unit = self._weights(times * median)
                found = self._solve(
                    price, start=self.points[reached][1], nodes=_END_NODES, time=self._end_time()
                )
                if found.chosen is not None:
                    self._add(found.chosen)
                if max(self.points) == reached:
                    break
        self.most_gain = max(self.most_gain, *self.points)

    def _end_time(self) -> Limits:
        return self._time((self.deadline - time.monotonic()) * _END_SHARE)

    def _gain_most(self, nodes: int) -> None:
        """Most gain first, least loss second, in one sum."""
        reached = max(self.points)
        if self.most_gain <= reached:
            return
        low, high = self._range(self.loss)
        widest = (high - low) * max(1.0, self._range(self.gain)[1])
        loss = self.loss // max(1, math.ceil(widest / _LARGEST_SUM))
        low, high = self._range(loss)
        outranks = math.ceil(high - low) + 2
        found = self._solve(
            loss - outranks * self.gain, start=self.points[reached][1], nodes=nodes,
            time=self._end_time(),
        )  # fmt: skip
        if found.chosen is not None:
            self._add(found.chosen)
        if found.bound is not None:
            bound = math.floor((high - found.bound) / outranks + 1e-9)
            self.most_gain = max(min(self.most_gain, bound), *self.points)

    def _range(self, values: IntArray) -> tuple[float, float]:
        """No partition adds up to less, or more."""
        inside = self.cover.members >= 0
        share = values / inside.sum(axis=1)
        least, most = (np.full(self.cover.stations, v) for v in (np.inf, -np.inf))
        for place in range(inside.shape[1]):
            at = self.cover.members[inside[:, place], place]
            np.minimum.at(least, at, share[inside[:, place]])
            np.maximum.at(most, at, share[inside[:, place]])
        return float(least.sum()) - 1e-6, float(most.sum()) + 1e-6

    def _open_corner(self, turn: int) -> tuple[int, int, float, float] | None:
        """The widest open corner.

        Returns:
            Its least gain, the loss to beat, its edge's slope, and the weighted sum up to which a
            list closes all open corners of the edge.
        """
        gains, losses = self.front()
        gaps = self.gaps(gains, losses)
        size = gaps[1:].astype(float) * (gains[1:] - gains[:-1])
        for i in np.flatnonzero(size > 0).tolist():
            if self.tried.get((int(gains[i]) + 1, int(losses[i + 1])), -1) >= turn:
                size[i] = 0.0
        if not len(size) or not size.max() > 0:
            return None
        at = int(np.argmax(size))
        left, right = _edge(gains, losses, at)
        slope = float(losses[right] - losses[left]) / float(gains[right] - gains[left])
        opened = left + np.flatnonzero(gaps[left + 1 : right + 1] > 0)
        corners = losses[opened + 1] - 1 - slope * (gains[opened] + 1)
        return int(gains[at]) + 1, int(losses[at + 1]), slope, float(corners.max())

    def _work(self, low: int, high_loss: int, slope: float, need: float, turn: int) -> bool:
        """Learn something about an open corner; False where nothing is left to do this turn."""
        effort = _ROUNDS[turn]
        run = self.runs.get(slope)
        if run is None:
            run = self._begin(slope)
            if run is None:
                return False
        slack = self._slack(run, need)
        # In the first turn beyond what is needed: that is cheap, and neighbouring edges need it.
        wanted = self._holding(run, effort.columns)
        if turn:
            wanted = min(slack, wanted)
        if run.listed < wanted < run.too_long.get(effort.parts, _FAR * 4):
            if self._list(run, wanted, effort.parts):
                return True
            run.too_long[effort.parts] = wanted
        if run.nodes < effort.nodes:
            run.nodes = effort.nodes
            self._lowest(run, slack, effort.nodes)
            return True
        if effort.nodes:
            self._least_loss(run, low, high_loss, effort.nodes)
        return False

    def _begin(self, slope: float) -> _Run | None:
        price, unit = self._weights(slope)
        self.solves += 1
        known = relaxation(replace(self.cover, price=price, ties=()), self._time())
        if known is None:
            return None
        run = _Run(slope=slope, known=known, unit=unit, reach=-math.inf)
        self._reached(run, 0)
        self.runs[slope] = run
        return run

    def _weights(self, slope: float) -> tuple[IntArray, float]:
        """Loss less slope x gain in whole units small enough for exact sums, units in one loss."""
        weighted = self.loss - slope * self.gain
        most = _LARGEST_SUM / self.cover.stations
        unit = min(_FINEST, most / max(1.0, float(np.abs(weighted).max(initial=0.0))))
        return np.rint(weighted * unit).astype(np.int64), unit

    def _reached(self, run: _Run, slack: int) -> None:
        rounding = self.cover.stations / 2 + 1
        weight = (run.known.lower_scaled + slack) / run.known.scale
        run.reach = max(run.reach, (weight - rounding) / run.unit)

    def _slack(self, run: _Run, need: float) -> int:
        """Slack whose list closes corners of so much weight."""
        rounding = self.cover.stations / 2 + 3
        weight = math.ceil((need + 2 * _MARGIN) * run.unit + rounding)
        return weight * run.known.scale - run.known.lower_scaled

    def _holding(self, run: _Run, columns: int) -> int:
        """The largest slack that lets through so many columns beyond the stations."""
        reduced = run.known.reduced_scaled
        at = self.cover.stations + columns * max(_STATIONS, self.cover.stations) // _STATIONS
        if at >= len(reduced):
            return _FAR
        return int(np.partition(reduced, at)[at]) - 1

    def _list(self, run: _Run, slack: int, most: int) -> bool:
        """Find all partitions within the slack; False where they are too many."""
        values = np.column_stack([self.gain, self.loss])
        found = every_partition(
            self.cover, run.known.reduced_scaled, slack, values, most=most, keep=not_bettered
        )
        if found is None:
            return False
        for row in not_bettered(found.values).tolist():
            gain, loss = found.values[row].tolist()
            if gain not in self.points or loss < self.points[gain][0]:
                self._add(found.chosen[row][found.chosen[row] >= 0])
        run.listed = slack
        self._reached(run, slack)
        return True

    def _lowest(self, run: _Run, slack: int, nodes: int) -> None:
        """The lowest weighted sum, by branch and bound."""
        price, _unit = self._weights(run.slope)
        inside = np.flatnonzero(run.known.reduced_scaled <= slack)
        found = self._solve(price, inside=inside, nodes=nodes)
        if found.chosen is not None:
            self._add(found.chosen)
        if found.bound is not None:
            weight = min(found.bound, (run.known.lower_scaled + slack) / run.known.scale)
            rounding = self.cover.stations / 2 + 1
            run.reach = max(run.reach, (weight - rounding) / run.unit)

    def _least_loss(self, run: _Run, low: int, high_loss: int, nodes: int) -> None:
        """The least loss of all plans that gain `low`."""
        slack = self._slack(run, high_loss - 1 - run.slope * low)
        inside = np.flatnonzero(run.known.reduced_scaled <= slack)
        above = min(g for g, (loss, _) in self.points.items() if g >= low and loss == high_loss)
        known = self.points[above][1]
        found = self._solve(
            self.loss, at_least=low, inside=np.union1d(inside, known), start=known, nodes=nodes
        )
        if found.bound is not None:
            self.proofs.append((low, min(found.bound, high_loss)))
        elif found.status is Status.INFEASIBLE:
            self.proofs.append((low, high_loss))
        if found.chosen is not None:
            self._add(found.chosen)

    def _solve(
        self,
        price: IntArray,
        *,
        at_least: int | None = None,
        inside: IntArray | None = None,
        start: IntArray | None = None,
        nodes: int,
        time: Limits | None = None,
    ) -> Partition:
        """The cheapest partition among some columns; its columns by their numbers here."""
        self.solves += 1
        rows = list(self.cover.limits)
        if at_least is not None:
            gain = Limit(coefficients=self.gain, at_least=at_least, per_unit=self.gain_per_unit)
            rows.append(gain)
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
        found = partition(cover, replace(time or self._time(), nodes=nodes), start=start)
        chosen = None if found.chosen is None else inside[found.chosen]
        return replace(found, chosen=chosen)

    def _time(self, share_s: float = math.inf) -> Limits:
        left_s = min(share_s, self.deadline - time.monotonic())
        return replace(self.limits, time_limit_s=max(0.01, left_s))

    def _add(self, chosen: IntArray) -> None:
        gain, loss = int(self.gain[chosen].sum()), int(self.loss[chosen].sum())
        if gain not in self.points or loss < self.points[gain][0]:
            self.points[gain] = loss, np.sort(chosen)


def _edge(gains: IntArray, losses: IntArray, at: int) -> tuple[int, int]:
    """Ends of the edge of the lower hull over the place between points `at` and `at` + 1."""
    hull: list[int] = []
    pairs = list(zip(gains.tolist(), losses.tolist(), strict=True))
    for i, (gain, loss) in enumerate(pairs):
        while len(hull) > 1:
            (g0, l0), (g1, l1) = pairs[hull[-2]], pairs[hull[-1]]
            if (l1 - l0) * (gain - g0) < (loss - l0) * (g1 - g0):
                break
            hull.pop()
        hull.append(i)
    right = next(place for place, i in enumerate(hull) if i > at)
    return hull[right - 1], hull[right]


def not_bettered(values: IntArray) -> IntArray:
    """Rows that no other row betters in gain (first column) or loss (second); one of equals.

    Only rows that agree in all further columns are held against each other.
    """
    order = np.lexsort((values[:, 1], -values[:, 0], *values[:, 2:].T))
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
