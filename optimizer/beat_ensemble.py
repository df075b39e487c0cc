"""Random valid beats, to see where a plan lies among them: recombination by spanning trees.

Two beats that touch are joined, a random spanning tree of both is drawn, and cut where both sides
come within the band (ReCom: DeFord, Duchin and Solomon 2021). Each pair of beats that touch is as
likely as any other, the tree is the lightest at random weights and its heaviest fitting pair is
cut, all as GerryChain does unless told otherwise. The walk starts from a valid plan and leaves it
behind before anything is counted. Plans of it still hang together, and ReCom favours compact
beats: a share of plans is told, never a chance.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from optimizer.beat_core import BeatCore, core_of
from optimizer.beat_plan import BeatPlan, BeatTask, border_length
from optimizer.beat_rules import objective, violations
from optimizer.frozen import FloatArray, IntArray, read_only

Measure = Literal["cost", "border", "load"]
MEASURES: tuple[Measure, ...] = ("cost", "border", "load")

_TRIES = 100
_STEPS_LEFT_BEHIND_A_BEAT = 10
_BEATS_A_STEP = 4
_PRICED = 4_000_000
_LIKELY_SEATS = 400
_ROUNDING = 1e-9


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class EnsembleResult:
    """Random valid plans, N of them, and where one plan lies among them.

    Attributes:
        costs: Objective of each with its best seats, shape (N,).
        border_lengths: Length of the borders between beats (`beat_plan.border_length`), (N,).
        worst_loads: Work of the busiest beat over the average, shape (N,).
        own_cost: The same of the plan in question, with its own seats.
        own_border_length: Likewise.
        own_worst_load: Likewise.
        steps: Recombinations tried.
        moved: Recombinations made; with 0 there is nothing to compare with.
        seed: Of chance.
    """

    costs: FloatArray
    border_lengths: FloatArray
    worst_loads: FloatArray
    own_cost: float
    own_border_length: float
    own_worst_load: float
    steps: int
    moved: int
    seed: int

    def values(self, measure: Measure) -> FloatArray:
        """Of the random plans by `cost`, `border` or `load`, shape (N,)."""
        if measure == "cost":
            return self.costs
        return self.border_lengths if measure == "border" else self.worst_loads

    def own(self, measure: Measure) -> float:
        """Of the plan in question."""
        if measure == "cost":
            return self.own_cost
        return self.own_border_length if measure == "border" else self.own_worst_load

    def share_better(self, measure: Measure) -> float:
        """Share of the random plans below the plan in question; 0 = none of them is."""
        values, own = self.values(measure), self.own(measure)
        below = values < own - _ROUNDING * max(1.0, abs(own))
        return float(below.mean()) if len(values) else 0.0


def ensemble(
    task: BeatTask, plan: BeatPlan, count: int = 1000, seed: int = 0, *, every: int | None = None
) -> EnsembleResult:
    """Walk through valid plans from one, and measure all of them alike.

    Args:
        task: The task; its cap on changes since today is left aside.
        plan: A plan that keeps every other rule.
        count: N, how many random plans.
        seed: Of chance; the same seed gives the same plans.
        every: Recombinations from one that is kept to the next; None = a quarter of the beats.

    Raises:
        ValueError: the plan breaks a rule.
    """
    for broken in violations(task, plan):
        if broken.rule != "beats.max_changes":
            raise ValueError(f"ensemble: the plan breaks {broken.rule}")
    walk = _Walk(task, plan, seed)
    stride = max(1, task.beats // _BEATS_A_STEP) if every is None else every
    walk.go(_STEPS_LEFT_BEHIND_A_BEAT * task.beats)
    kept = np.zeros((count, 3))
    for row in kept:
        walk.go(stride)
        row[:] = walk.measured()
    even = float(task.work_per_year.sum()) / task.beats
    load = np.bincount(plan.beat_of, task.work_per_year, minlength=task.beats)
    arrays = [read_only(kept[:, at], float, shape=(count,), name="ensemble") for at in range(3)]
    return EnsembleResult(
        costs=arrays[0],
        border_lengths=arrays[1],
        worst_loads=arrays[2],
        own_cost=objective(task, plan),
        own_border_length=border_length(task, plan.beat_of),
        own_worst_load=float(load.max()) / even if even > 0 else 1.0,
        steps=walk.steps,
        moved=walk.moved,
        seed=seed,
    )


class _Walk:
    """Where a walk is; prices of beats are brought up to date when asked for."""

    def __init__(self, task: BeatTask, plan: BeatPlan, seed: int) -> None:
        self.core = core_of(task)
        self.random = np.random.default_rng(seed)
        self.beat_of = np.zeros(self.core.units, np.int64)
        self.beat_of[self.core.unit_of] = plan.beat_of
        self.steps = 0
        self.moved = 0
        self._cost = np.zeros(task.beats)
        self._stale = set(range(task.beats))

    def go(self, steps: int) -> None:
        """Try some recombinations."""
        from optimizer.beat_ensemble_loops import beats_that_touch

        core = self.core
        for _ in range(steps):
            self.steps += 1
            draw = float(self.random.random())
            a, b = beats_that_touch(self.beat_of, core.task.beats, core.first, core.neighbour, draw)
            if a < 0:
                return
            changed = recombined(core, self.beat_of, a, b, self.random)
            if changed is not None and _seated(core, changed, a, b):
                self.beat_of = changed
                self.moved += 1
                self._stale |= {a, b}

    def measured(self) -> tuple[float, float, float]:
        """Cost, length of borders and worst load of the plan it is at."""
        core = self.core
        border = border_length(core.task, self.beat_of[core.unit_of])
        load = np.bincount(self.beat_of, core.work, minlength=core.task.beats)
        even = float(core.work.sum()) / core.task.beats
        worst = float(load.max()) / even if even > 0 else 1.0
        if core.task.objective == "border":
            return border, border, worst
        for beat in self._stale:
            self._cost[beat] = _beat_cost(core, self.beat_of, beat)
        self._stale.clear()
        return float(self._cost.sum()), border, worst


def _beat_cost(core: BeatCore, beat_of: IntArray, beat: int) -> float:
    """Price of a beat from its best seat; of very large ones, the best near the middle."""
    units = np.flatnonzero(beat_of == beat)
    rows = np.flatnonzero(beat_of[core.home] == beat)
    own = np.intersect1d(rows, core.must)
    rows = own if len(own) else rows
    task = core.task
    if len(rows) * len(units) > _PRICED and task.x_km is not None and task.y_km is not None:
        cells = np.flatnonzero(beat_of[core.unit_of] == beat)
        calls = task.calls_per_year[cells] + 1e-12
        x = float(np.average(task.x_km[cells], weights=calls))
        y = float(np.average(task.y_km[cells], weights=calls))
        seats = core.seats[rows]
        away = np.hypot(task.x_km[seats] - x, task.y_km[seats] - y)
        rows = np.sort(rows[np.argsort(away, kind="stable")[:_LIKELY_SEATS]])
    return float(core.prices(rows, units).sum(axis=1).min())


def _seated(core: BeatCore, beat_of: IntArray, a: int, b: int) -> bool:
    """Whether both beats have a possible seat, and at most one that must be."""
    for beat in (a, b):
        if not (beat_of[core.home] == beat).any():
            return False
        if int((beat_of[core.home[core.must]] == beat).sum()) > 1:
            return False
    return True


def recombined(
    core: BeatCore, beat_of: IntArray, a: int, b: int, random: np.random.Generator
) -> IntArray | None:
    """Both beats divided anew by a random cut of random trees; None where none is in the band."""
    from optimizer.beat_ensemble_loops import of_two_beats, random_cut

    units, pairs = of_two_beats(beat_of, a, b, core.first, core.neighbour)
    work = core.work[units]
    for _ in range(_TRIES):
        side = random_cut(work, pairs, random.random(len(pairs)), core.low, core.high)
        if side.any():
            changed = beat_of.copy()
            changed[units] = np.where(side, a, b)
            return changed
    return None
