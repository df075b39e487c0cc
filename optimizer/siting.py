"""Where new sites help most beside those there are: on the mean, for the farthest, or for coverage.

What answers today stands as a site that is open in any case, with its own minutes to each place; a
new site takes a place over where it is sooner, as far as its limit lets it. Who is there today
never gets more. Each number of sites is solved on its own, so that the best two need not hold the
best one.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from optimizer.covering import maximal_covering
from optimizer.frozen import FloatArray, IntArray, read_only
from optimizer.measures import weighted_mean
from optimizer.p_center import p_center
from optimizer.p_median import p_median
from optimizer.result import Status
from optimizer.siting_capacity import Taken, meet_everybody, most_gain, shared_out
from optimizer.solver import Limits

Objective = Literal["mean", "farthest", "covered"]
_EQUAL_MIN = 1e-9
_ROUNDS = 20
_LEAST_S = 0.1


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SitingTask:
    """C places, F candidates.

    Attributes:
        weight: Of each place, such as alerts or residents, shape (C,); not all 0.
        today_min: Minutes that each place waits today, shape (C,); finite.
        minutes: From each candidate to each place, shape (F, C); inf = out of reach.
        standard_min: Minutes within which each place counts as covered, shape (C,).
        limit: Weight that each candidate takes over at the most, shape (F,); None = no limits.
        decided: Candidates that are open in any case, beside the new ones; their limits hold too.
    """

    weight: FloatArray
    today_min: FloatArray
    minutes: FloatArray
    standard_min: FloatArray
    limit: FloatArray | None = None
    decided: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        places, candidates = np.size(self.weight), len(self.minutes)
        for name, shape in (
            ("weight", (places,)),
            ("today_min", (places,)),
            ("standard_min", (places,)),
            ("minutes", (candidates, places)),
        ):
            array = read_only(getattr(self, name), float, shape=shape, name=f"siting.{name}")
            if bool((array < 0).any()):
                raise ValueError(f"siting.{name}: must not be negative")
            object.__setattr__(self, name, array)
        if not np.isfinite(self.today_min).all() or not np.isfinite(self.weight).all():
            raise ValueError("siting: weights and minutes of today must be finite")
        if not self.weight.sum() > 0:
            raise ValueError("siting.weight: all 0")
        if self.limit is not None:
            array = read_only(self.limit, float, shape=(candidates,), name="siting.limit")
            if not bool((array >= 0).all()):
                raise ValueError("siting.limit: must not be negative")
            object.__setattr__(self, "limit", array)

    def waits(self, sites: tuple[int, ...]) -> FloatArray:
        """Minutes that each place waits with these sites if they have no limits, shape (C,)."""
        if not sites:
            return self.today_min
        found: FloatArray = np.minimum(self.today_min, self.minutes[list(sites)].min(axis=0))
        return found

    def waits_by(self, taken_by: tuple[int, ...]) -> FloatArray:
        """Minutes that each place waits where candidates take places over, shape (C,).

        Args:
            taken_by: Row of the candidate that answers each place, -1 = who answers today.
        """
        row = np.array(taken_by, np.int64)
        there = np.flatnonzero(row >= 0)
        found: FloatArray = self.today_min.copy()
        found[there] = self.minutes[row[there], there]
        return found

    def taken_by(self, sites: tuple[int, ...]) -> IntArray:
        """Row of the site that takes each place over if none has a limit, -1 = none, (C,)."""
        rows = np.array(sorted(sites), np.int64)
        nobody: IntArray = np.full(len(self.weight), -1, np.int64)
        if not len(rows):
            return nobody
        best = rows[np.argmin(self.minutes[rows], axis=0)]
        sooner = self.minutes[best, np.arange(len(best))] < self.today_min - _EQUAL_MIN
        return np.where(sooner, best, nobody)

    def value(self, wait_min: FloatArray, objective: Objective) -> float:
        """What is made small: mean minutes, most minutes, or the share not covered."""
        if objective == "farthest":
            return float(wait_min.max())
        if objective == "mean":
            return weighted_mean(wait_min, self.weight)
        late = wait_min > self.standard_min + _EQUAL_MIN
        return float(self.weight[late].sum() / self.weight.sum())


@dataclass(frozen=True, slots=True, kw_only=True)
class Siting:
    """The best new sites of one number.

    Attributes:
        status: OPTIMAL with a proof that no others of this number are better; else FEASIBLE.
        sites: Rows of the candidates, ascending; fewer than asked for where no more help.
        mean_min, farthest_min: Minutes on the weighted mean, and of the place that waits longest.
        covered_fraction: Share of the weight within its standard.
        value: In the objective, what is made small; see `SitingTask.value`.
        bound: No sites of this number have a value below this.
        taken_by: Row of the candidate that answers each place, -1 = who answers today.
    """

    status: Status
    sites: tuple[int, ...]
    mean_min: float
    farthest_min: float
    covered_fraction: float
    value: float
    bound: float
    taken_by: tuple[int, ...] = ()

    @property
    def gap_fraction(self) -> float:
        """How far the value may lie above the best, as a share of the value."""
        return 0.0 if self.value <= 0 else max(0.0, (self.value - self.bound) / self.value)


def today(task: SitingTask, objective: Objective, limits: Limits | None = None) -> Siting:
    """Without a new site; those decided on are there."""
    if task.limit is not None and task.decided:
        return _limited(task, objective, 0, limits or Limits())
    return _measured(task, objective, (), task.taken_by(task.decided), Status.OPTIMAL, None)


def best_sites(
    task: SitingTask, objective: Objective, most: int, limits: Limits | None = None
) -> Iterator[Siting]:
    """The best 1, 2, … `most` new sites; ends early where one more cannot help.

    Among sites that are equal in the objective, exchanges look for a lower mean; that is no proof.

    Args:
        task: Places and candidates.
        objective: What counts.
        most: New sites at the most.
        limits: Time for each number, and seed.
    """
    limits = limits or Limits()
    before = replace(task, today_min=task.waits(task.decided), decided=(), limit=None)
    compared = before if task.limit is None else task
    # Who is nowhere sooner than what is there helps nobody.
    sooner = np.flatnonzero((task.minutes < compared.today_min - _EQUAL_MIN).any(axis=1))
    useful = np.setdiff1d(sooner, np.array(task.decided, np.int64))
    for n in range(1, min(most, len(useful)) + 1):
        if task.limit is None:
            found = _unlimited(task, before, objective, useful, n, limits)
        else:
            found = _limited(task, objective, n, limits)
        yield found
        if len(found.sites) < n:
            return


def _unlimited(
    task: SitingTask, before: SitingTask, objective: Objective, useful: IntArray, n: int,
    limits: Limits,
) -> Siting:  # fmt: skip
    """New sites on top of those decided on, which count as there today in `before`."""
    status, sites, bound = _solved(before, objective, useful, n, limits)
    taken_by = task.taken_by((*task.decided, *sites))
    return _measured(task, objective, sites, taken_by, status, bound)


def _solved(
    task: SitingTask, objective: Objective, useful: IntArray, n: int, limits: Limits
) -> tuple[Status, tuple[int, ...], float]:
    """Status, sites and bound where no site has a limit."""
    # Column 0 is what is there today.
    reach = np.minimum(task.minutes[useful], task.today_min)
    wait = np.vstack([task.today_min, reach]).T
    if objective == "mean":
        median = p_median(wait * task.weight[:, None], n + 1, existing=(0,), limits=limits)
        status, picked = median.status, median.sites
        bound = median.bound / float(task.weight.sum())
    elif objective == "farthest":
        center = p_center(wait, n + 1, existing=(0,), limits=limits)
        status, picked, bound = center.status, center.sites, center.bound
    else:
        within = wait <= task.standard_min[:, None] + _EQUAL_MIN
        most = maximal_covering(task.weight, within, n + 1, existing=(0,), limits=limits)
        status, picked = most.status, most.sites
        bound = 1.0 - most.bound / float(task.weight.sum())
    rows = tuple(int(useful[j - 1]) for j in picked if j)
    return status, _settled(task, objective, rows, useful), bound


def _limited(task: SitingTask, objective: Objective, n: int, limits: Limits) -> Siting:
    """New sites each of which takes only so much."""
    assert task.limit is not None
    if objective == "farthest":
        status, taken, bound = _limited_farthest(task, n, limits)
    else:
        gain = task.weight * _saved(task, objective)
        found = most_gain(gain, task.weight, task.limit, n, open_rows=task.decided, limits=limits)
        status, taken = found.status, found.taken_by
        before = task.value(task.today_min, objective)
        bound = before - found.bound / float(task.weight.sum())
    taken = _filled(task, taken)
    sites = tuple(sorted(set(taken[taken >= 0].tolist()) - set(task.decided)))
    return _measured(task, objective, sites, taken, status, bound)


def _saved(task: SitingTask, objective: Objective) -> FloatArray:
    """Minutes saved by each candidate at each place, or 1 where it comes within the standard."""
    if objective == "mean":
        saved: FloatArray = np.where(np.isfinite(task.minutes), task.today_min - task.minutes, 0.0)
        return np.where(saved > _EQUAL_MIN, saved, 0.0)
    late = task.today_min > task.standard_min + _EQUAL_MIN
    within: FloatArray = (late & (task.minutes <= task.standard_min + _EQUAL_MIN)).astype(float)
    return within


def _limited_farthest(task: SitingTask, n: int, limits: Limits) -> tuple[Status, IntArray, float]:
    """The least minutes that everybody waits at the most: halved, each a question by itself."""
    assert task.limit is not None
    farthest = float(task.today_min.max())
    levels = np.unique(np.append(np.minimum(task.minutes, task.today_min), farthest))
    best: IntArray = np.full(len(task.weight), -1, np.int64)
    low, high = 0, int(np.searchsorted(levels, farthest))
    start, deadline = low, time.monotonic() + limits.time_limit_s
    while start < high:
        middle = (start + high) // 2
        left = np.flatnonzero(task.today_min > levels[middle])
        left_s = deadline - time.monotonic()
        found = _met(task, left, float(levels[middle]), n, replace(
            limits, time_limit_s=max(_LEAST_S, left_s if high - start == 1 else left_s / 2)
        ))  # fmt: skip
        if found.status is Status.OPTIMAL:
            best = np.full(len(task.weight), -1, np.int64)
            best[left] = found.taken_by
            high = middle
        else:
            start = middle + 1
            if found.status is Status.INFEASIBLE:
                low = start
    proven = low >= high
    return Status.OPTIMAL if proven else Status.FEASIBLE, best, float(levels[low])


def _met(task: SitingTask, left: IntArray, at_most_min: float, n: int, limits: Limits) -> Taken:
    assert task.limit is not None
    may = task.minutes[:, left] <= at_most_min
    return meet_everybody(
        may, task.weight[left], task.limit, n, open_rows=task.decided, limits=limits
    )


def _filled(task: SitingTask, taken: IntArray) -> IntArray:
    """Room that is left goes to places that wait less for it, most minutes saved first."""
    assert task.limit is not None
    taken = taken.copy()
    saved = _saved(task, "mean")
    free = taken < 0
    used = np.bincount(taken[~free], task.weight[~free], minlength=len(task.minutes))
    room = task.limit - used
    opened = sorted({*taken[~free].tolist(), *task.decided})
    if not opened:
        return taken
    net = np.where(free, saved[opened] * np.maximum(task.weight, _EQUAL_MIN), 0.0)
    more = shared_out(net, task.weight, room[opened])
    there = np.flatnonzero(more >= 0)
    taken[there] = np.array(opened)[more[there]]
    return taken


def _settled(
    task: SitingTask, objective: Objective, sites: tuple[int, ...], useful: IntArray
) -> tuple[int, ...]:
    """Sites as good in the objective with a mean as low as exchanges find; idle ones left out."""
    chosen = list(sites)
    for _ in range(_ROUNDS):
        before = list(chosen)
        for k in range(len(chosen)):
            others = task.waits(tuple(s for i, s in enumerate(chosen) if i != k))
            at_most = task.value(task.waits(tuple(chosen)), objective) + _EQUAL_MIN
            waits = np.minimum(others, task.minutes[useful])
            means = waits @ task.weight / task.weight.sum()
            means[_values(task, waits, objective) > at_most] = np.inf
            means[np.isin(useful, [s for i, s in enumerate(chosen) if i != k])] = np.inf
            j = int(np.argmin(means))
            if means[j] < weighted_mean(task.waits(tuple(chosen)), task.weight) - _EQUAL_MIN:
                chosen[k] = int(useful[j])
        if before == chosen:
            break
    for site in list(chosen):
        rest = tuple(s for s in chosen if s != site)
        if (task.waits(rest) <= task.waits(tuple(chosen)) + _EQUAL_MIN).all():
            chosen.remove(site)
    return tuple(sorted(chosen))


def _values(task: SitingTask, waits: FloatArray, objective: Objective) -> FloatArray:
    """`SitingTask.value` of each row, shape (F,)."""
    found: FloatArray
    if objective == "farthest":
        found = waits.max(axis=1)
    elif objective == "mean":
        found = waits @ task.weight / task.weight.sum()
    else:
        late = waits > task.standard_min + _EQUAL_MIN
        found = late @ task.weight / task.weight.sum()
    return found


def _measured(
    task: SitingTask,
    objective: Objective,
    sites: tuple[int, ...],
    taken_by: IntArray,
    status: Status,
    bound: float | None,
) -> Siting:
    told = tuple(taken_by.tolist())
    wait = task.waits_by(told)
    value = task.value(wait, objective)
    proven = bound is None or status is Status.OPTIMAL
    return Siting(
        status=status,
        sites=sites,
        mean_min=task.value(wait, "mean"),
        farthest_min=task.value(wait, "farthest"),
        covered_fraction=1.0 - task.value(wait, "covered"),
        value=value,
        bound=value if proven or bound is None else max(0.0, min(bound, value)),
        taken_by=told,
    )
