"""Where new sites help most beside those there are: on the mean, for the farthest, or for coverage.

What answers today stands as a site that is open in any case, with its own minutes to each place; a
new site takes a place over where it is sooner. Each number of sites is solved on its own, so that
the best two need not hold the best one.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import numpy as np

from optimizer.covering import maximal_covering
from optimizer.frozen import FloatArray, IntArray, read_only
from optimizer.measures import weighted_mean
from optimizer.p_center import p_center
from optimizer.p_median import p_median
from optimizer.result import Status
from optimizer.solver import Limits

Objective = Literal["mean", "farthest", "covered"]
_EQUAL_MIN = 1e-9
_ROUNDS = 20


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SitingTask:
    """C places, F candidates.

    Attributes:
        weight: Of each place, such as alerts or residents, shape (C,); not all 0.
        today_min: Minutes that each place waits today, shape (C,); finite.
        minutes: From each candidate to each place, shape (F, C); inf = out of reach.
        standard_min: Minutes within which each place counts as covered, shape (C,).
    """

    weight: FloatArray
    today_min: FloatArray
    minutes: FloatArray
    standard_min: FloatArray

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

    def waits(self, sites: tuple[int, ...]) -> FloatArray:
        """Minutes that each place waits with these new sites, shape (C,)."""
        if not sites:
            return self.today_min
        found: FloatArray = np.minimum(self.today_min, self.minutes[list(sites)].min(axis=0))
        return found

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
    """

    status: Status
    sites: tuple[int, ...]
    mean_min: float
    farthest_min: float
    covered_fraction: float
    value: float
    bound: float

    @property
    def gap_fraction(self) -> float:
        """How far the value may lie above the best, as a share of the value."""
        return 0.0 if self.value <= 0 else max(0.0, (self.value - self.bound) / self.value)


def today(task: SitingTask, objective: Objective) -> Siting:
    """Without a new site."""
    return _measured(task, objective, (), Status.OPTIMAL, None)


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
    # Who is nowhere sooner than what is there helps nobody.
    useful = np.flatnonzero((task.minutes < task.today_min - _EQUAL_MIN).any(axis=1))
    for n in range(1, min(most, len(useful)) + 1):
        found = _solved(task, objective, useful, n, limits or Limits())
        yield found
        if len(found.sites) < n:
            return


def _solved(
    task: SitingTask, objective: Objective, useful: IntArray, n: int, limits: Limits
) -> Siting:
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
    settled = _settled(task, objective, rows, useful)
    return _measured(task, objective, settled, status, bound)


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
    status: Status,
    bound: float | None,
) -> Siting:
    wait = task.waits(sites)
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
    )
