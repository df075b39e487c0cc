r"""The exact Pareto set of two sums over partitions: one to be large, one to be small.

The search is in `pareto_sweep.py`. Here gains become small whole numbers first: officers freed are
made of duty posts, crews and windows, so all gains are multiples of one unit (a sixth of an officer
by default), and neighbouring points are at least that far apart. Where they are not, gains count in
whole steps, column by column.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Literal

import numpy as np

from optimizer.cover import Cover
from optimizer.frozen import FloatArray, IntArray
from optimizer.pareto_sweep import Sweep, not_bettered
from optimizer.result import Status
from optimizer.solver import Limits

__all__ = [
    "Aims", "Pareto", "ParetoPoint", "StoppedBy", "grid_of", "not_bettered", "pareto",
    "weighted_distance",
]  # fmt: skip

StoppedBy = Literal["time", "work"]
_COARSEST = 64


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Aims:
    """What is traded.

    Attributes:
        gain: To be large, whole units, shape (N,).
        loss: To be small, whole units, shape (N,).
        step: Gains of columns that differ by less may count as equal: the rounding of the terms.
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
        stopped_by: What ended the search before all was proven: the time, or the work that one
            question may take, which is counted and the same on every machine.
    """

    points: tuple[ParetoPoint, ...]
    gain_bound: int
    status: Status
    solves: int
    stopped_by: StoppedBy | None = None


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
    unit = grid_of(aims.gain, aims.step, cover.stations)
    sweep = Sweep(
        cover=cover,
        gain=np.rint(aims.gain / unit).astype(np.int64),
        loss=aims.loss,
        gain_per_unit=max(1.0, aims.gain_per_unit / unit),
        limits=limits,
        deadline=time.monotonic() + limits.time_limit_s,
        start=start,
    )
    status = sweep.run()
    if status is not Status.FEASIBLE:
        return Pareto(points=(), gain_bound=0, status=status, solves=sweep.solves)
    gains, losses = sweep.front()
    gaps = sweep.gaps(gains, losses)
    points = []
    for gain, gap in zip(gains.tolist(), gaps.tolist(), strict=True):
        loss, chosen = sweep.points[gain]
        points.append(
            ParetoPoint(
                gain=int(aims.gain[chosen].sum()),
                loss=loss,
                chosen=tuple(chosen.tolist()),
                gap=gap,
            )
        )
    proven = not gaps.any() and sweep.most_gain <= int(gains[-1])
    bound = points[-1].gain
    if sweep.most_gain > int(gains[-1]):
        bound = int(np.ceil(sweep.most_gain * unit)) + cover.stations * aims.step
    return Pareto(
        points=tuple(points),
        gain_bound=bound,
        status=Status.OPTIMAL if proven else Status.FEASIBLE,
        solves=sweep.solves,
        stopped_by=None if proven else "time" if sweep.is_over() else "work",
    )


def grid_of(gain: IntArray, step: int, stations: int) -> float:
    """The largest unit of which all gains are multiples but for their rounding; else `step`.

    Euclid's algorithm with remainders below half a step counted as none. The unit is accepted only
    where the rounding of all stations together stays far below it.
    """
    values = np.unique(np.abs(gain[gain != 0])).astype(float)
    if not len(values):
        return float(step)
    unit = 0.0
    for known, value in enumerate(values.tolist(), 1):
        one, other = value, unit
        while other > step // 2:
            one, other = other, abs(one - other * round(one / other))
        # Remainders gather the rounding; the values that it must divide tell the unit better.
        times = np.rint(values[:known] / one)
        unit = float(values[:known] @ times / (times @ times))
    off = float(np.abs(values - unit * np.rint(values / unit)).max())
    return float(step) if unit < step or off * stations * _COARSEST > unit else unit


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
