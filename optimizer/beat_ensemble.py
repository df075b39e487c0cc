"""Random valid beats, to see where a plan lies among them: recombination by spanning trees.

Two beats that touch are joined, a random spanning tree of both is drawn, and cut where both sides
come within the band (ReCom: DeFord, Duchin and Solomon 2021). The chain starts from a valid plan;
plans of it hang together, so a share of plans is told, never a chance.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.sparse import csr_array
from scipy.sparse.csgraph import breadth_first_order, minimum_spanning_tree

from optimizer.beat_core import BeatCore, core_of
from optimizer.beat_plan import BeatPlan, BeatTask
from optimizer.beat_search import division, middle_seats
from optimizer.frozen import FloatArray, IntArray, read_only

_TRIES = 20


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Ensemble:
    """Objectives of random valid plans, each with its best seats.

    Attributes:
        objectives: Shape (N,).
        steps: Recombinations tried.
        moved: Recombinations made.
    """

    objectives: FloatArray
    steps: int
    moved: int

    def share_better(self, objective: float) -> float:
        """Share of the random plans that are below an objective; 0 = none of them is."""
        return float((self.objectives < objective).mean()) if len(self.objectives) else 0.0


def random_plans(
    task: BeatTask, plan: BeatPlan, steps: int, *, seed: int = 0, every: int = 1
) -> Ensemble:
    """Walk through valid plans from one; `today` and its cap on changes are left aside.

    Args:
        task: The task.
        plan: A valid plan to start from.
        steps: Recombinations.
        seed: Of chance.
        every: Plans between those that are kept.
    """
    core = core_of(task)
    random = np.random.default_rng(seed)
    beat_of = np.zeros(core.units, np.int64)
    beat_of[core.unit_of] = plan.beat_of
    seats = np.searchsorted(core.seats, plan.seat).astype(np.int64)
    tail = np.repeat(np.arange(core.units), np.diff(core.first))
    found, moved = [], 0
    for step in range(steps):
        borders = np.flatnonzero(beat_of[tail] != beat_of[core.neighbour])
        if not len(borders):
            break
        edge = int(random.choice(borders))
        a, b = int(beat_of[tail[edge]]), int(beat_of[core.neighbour[edge]])
        changed = _recombined(core, beat_of, a, b, tail, random)
        if changed is not None and _seated(core, changed, a, b):
            beat_of, moved = changed, moved + 1
            seats = seats.copy()
            for beat in (a, b):
                inside = np.flatnonzero(beat_of[core.home] == beat)
                own = np.intersect1d(inside, core.must)
                seats[beat] = own[0] if len(own) else inside[0]
            seats = middle_seats(core, beat_of, seats, random)
        if (step + 1) % every == 0:
            found.append(division(core, beat_of, seats).objective)
    objectives = read_only(found, float, shape=(len(found),), name="ensemble.objectives")
    return Ensemble(objectives=objectives, steps=steps, moved=moved)


def _seated(core: BeatCore, beat_of: IntArray, a: int, b: int) -> bool:
    """Whether both beats have a possible seat, and at most one that must be."""
    for beat in (a, b):
        if not (beat_of[core.home] == beat).any():
            return False
        if int((beat_of[core.home[core.must]] == beat).sum()) > 1:
            return False
    return True


def _recombined(
    core: BeatCore, beat_of: IntArray, a: int, b: int, tail: IntArray, random: np.random.Generator
) -> IntArray | None:
    """Both beats divided anew by a random cut of random trees; None where none is in the band."""
    units = np.flatnonzero((beat_of == a) | (beat_of == b))
    place = np.full(core.units, -1, np.int64)
    place[units] = np.arange(len(units))
    inside = (place[tail] >= 0) & (place[core.neighbour] > place[tail])
    ends = place[tail[inside]], place[core.neighbour[inside]]
    whole = float(core.work[units].sum())
    for _ in range(_TRIES):
        weights = 1.0 + random.random(len(ends[0]))
        tree = minimum_spanning_tree(csr_array((weights, ends), shape=(len(units),) * 2))
        order, before = breadth_first_order(tree, 0, directed=False)
        load = core.work[units].copy()
        for unit in order[:0:-1]:
            load[before[unit]] += load[unit]
        rest = whole - load
        cut = (load >= core.low) & (load <= core.high) & (rest >= core.low) & (rest <= core.high)
        cut[0] = False
        places = np.flatnonzero(cut)
        if not len(places):
            continue
        top = int(random.choice(places))
        below = np.zeros(len(units), np.bool_)
        below[top] = True
        for unit in order[1:]:
            below[unit] |= below[before[unit]]
        changed = beat_of.copy()
        changed[units] = np.where(below == bool(random.integers(2)), a, b)
        return changed
    return None
