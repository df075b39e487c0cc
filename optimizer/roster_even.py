"""A roster made fairer a few slots at a time: those few are rostered anew on the same shifts.

Where swaps of days help no more (`optimizer.roster_share`), the slots that bear most and least of
one group, and some others drawn at random, share what they work among them anew. How many are on
duty when stays the same, so surplus does, and where fewer with a qualification would be, the roster
is not taken. Ten slots are a small model, where all of them are a large one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from optimizer.frozen import FloatArray, IntArray
from optimizer.roster import RosterTask
from optimizer.roster_model import RosterModel
from optimizer.roster_rules import roster_score
from optimizer.solver import Limits, solve

MOST_CELLS = 280
"""Slots times days that are rostered anew at once."""
_SIZES = (6, 6, 10)
"""Slots of one turn after another: few are quick, many can do more."""
_LEAST_SLOTS = 3
_ROUND_EFFORT = 0.25


def evened(
    task: RosterTask, shift: IntArray, *, least: int, effort: float, seed: int = 0
) -> IntArray:
    """A roster at least as fair as `shift`, with as many on duty at every hour, shape (N, D).

    Args:
        task: The task.
        shift: A roster that keeps the rules.
        least: No unfairness is below this: there it ends.
        effort: Most work, in CP-SAT's deterministic seconds.
        seed: Random seed.
    """
    draws = np.random.default_rng(seed)
    groups = [g for g in task.groups() if len(g) > 1]
    best, value = shift, _value(task, shift)
    most = max(_LEAST_SLOTS, MOST_CELLS // task.days)
    for turn in range(int(effort / _ROUND_EFFORT)):
        if value[1] <= least or not groups:
            break
        group = groups[turn // len(_SIZES) % len(groups)]
        size = min(most, _SIZES[turn % len(_SIZES)])
        chosen = _chosen(task, best, group, size, draws)
        limits = Limits(seed=seed, effort=_ROUND_EFFORT)
        then = _anew(task, best, chosen, limits, alike=turn % 2 == 0)
        now = _value(task, then)
        if now < value:
            best, value = then, now
    return best


def _value(task: RosterTask, shift: IntArray) -> tuple[int, int, float]:
    """Shortage, which must not rise; unfairness; then how far slots are from the mean."""
    away, score = _apart(task, shift), roster_score(task, shift)
    return score.shortage, score.unfairness, float((away * away).sum())


def _apart(task: RosterTask, shift: IntArray) -> FloatArray:
    """What each slot bears above the mean of its group, in prices, shape (N, 3)."""
    score, prices = roster_score(task, shift), task.fairness
    loads = np.array([(s.nights, s.weekends, s.hours) for s in score.slots], dtype=float)
    loads *= (prices.nights, prices.weekends, prices.hours)
    for group in task.groups():
        members = list(group)
        loads[members] -= loads[members].mean(axis=0)
    return loads


def _chosen(
    task: RosterTask, shift: IntArray, group: Sequence[int], size: int, draws: np.random.Generator
) -> list[int]:
    """Half of those farthest from the mean of the group, half anybody else of it."""
    members = list(group)
    far = np.abs(_apart(task, shift)[members]).sum(axis=1)
    order = np.argsort(-far, kind="stable")
    first = [members[i] for i in order[: size // 2].tolist()]
    others = [i for i in members if i not in first]
    more = draws.permutation(len(others))[: size - len(first)].tolist()
    return sorted([*first, *(others[i] for i in more)])


def _anew(
    task: RosterTask, shift: IntArray, chosen: list[int], limits: Limits, *, alike: bool
) -> IntArray:
    """The roster with some slots' shifts shared anew among them, shape (N, D).

    `alike` takes holders of qualifications for anybody; what they leave uncovered is shortage.
    """
    slots = [task.slots[i] for i in chosen]
    part = replace(
        task,
        slots=tuple(replace(s, qualifications=()) if alike else s for s in slots),
        lines=(),
        leave=task.leave[chosen],
        training=task.training[chosen],
        off=task.off[chosen],
        fixed=task.fixed[chosen],
    )
    own: IntArray = shift[chosen]
    model = RosterModel(part, with_slots=True)
    counts = {(c, d, s): int((own[model.classes[c], d] == s).sum()) for c, d, s in model.n}
    said = solve(
        model.model("unfairness", counts=counts),
        limits,
        backend="cp_sat",
        start=model.start_of(own),
    )
    if said.values is None:
        return shift
    found = shift.copy()
    found[chosen] = model.shift_of(said.values)
    return found
