"""Beats: part an area into contiguous beats of even work, near to their seats; with a bound.

1. Many starts by chance, each improved (`beat_search`); the best are improved further.
2. A Lagrangian bound, then a tree over where seats are (`beat_bound`, `beat_tree`).
3. Where the seats are few and settled, the exact model with separated contiguity (`beat_exact`).

The plan is judged by `beat_rules` before it is handed out; OPTIMAL is said only with a bound that
meets it.
"""

from __future__ import annotations

import time

import numpy as np

from optimizer.beat_border import proven_borders, shortest_borders
from optimizer.beat_bound_scale import LISTED_UNITS, bound_of_many
from optimizer.beat_core import BeatCore, core_of
from optimizer.beat_plan import BeatPlan, BeatResult, BeatTask, border_length, numbered
from optimizer.beat_problems import problems
from optimizer.beat_rules import objective, violations
from optimizer.beat_search import (
    Found,
    best_division,
    division,
    middle_seats,
    today_of_units,
)
from optimizer.beat_search_scale import MANY_UNITS, best_of_many
from optimizer.beat_tolerance import evenest, tolerance_of
from optimizer.errors import InputError, Problem, SolverError
from optimizer.frozen import IntArray
from optimizer.result import Status
from optimizer.solver import Limits

__all__ = ["BeatPlan", "BeatResult", "BeatTask", "districts"]

# Two objectives this near count as equal: both are sums of rounded numbers.
_EQUAL_FRACTION = 1e-6
_SEARCH_SHARE = 0.4
_QUICK_UNITS, _QUICK_SHARE = 500, 0.2
_ROUNDING = 1e-9


def districts(task: BeatTask, limits: Limits | None = None) -> BeatResult:
    """Part the cells of a task into beats.

    Args:
        task: What is asked.
        limits: Time and seed; `time_limit_s` covers search and proof together.

    Raises:
        InputError: the task cannot be met whatever the search, with every reason.
    """
    limits = limits or Limits()
    began = time.monotonic()
    wrong = [one for one in problems(task) if one.severity == "error"]
    if wrong:
        raise InputError(wrong)
    core = core_of(task)
    if task.max_changes is not None and today_of_units(core) is None:
        raise InputError([_no_start(task)])
    evidence: dict[str, float] = {"units": core.units, "seats": len(core.seats)}
    half_way, end = began + _SEARCH_SHARE * limits.time_limit_s, began + limits.time_limit_s
    by_border = task.objective == "border"
    find = shortest_borders if by_border else best_division
    if not by_border and core.units > MANY_UNITS and task.max_changes is None:
        find = best_of_many
    found = find(core, limits.seed, half_way, evidence)
    if found is None or not found.valid:
        tolerance, evened = evenest(core, limits, end)
        if task.max_changes is not None:
            evened = None
        settled = None if evened is None else _seated(core, evened, limits)
        if settled is None or not settled.valid:
            return _without_plan(core, found, evened, tolerance, evidence)
        found = settled
    prove = proven_borders if by_border else _proven
    found, bound = prove(core, found, end, limits, evidence)
    plan = numbered(core.plan(found.beat_of, found.seat_rows), task.today)
    broken = violations(task, plan)
    if broken:
        raise SolverError(f"beats: the plan breaks {broken[0]}")
    total = objective(task, plan)
    optimal = bound >= total - _EQUAL_FRACTION * abs(total)
    return BeatResult(
        status=Status.OPTIMAL if optimal else Status.FEASIBLE,
        plan=plan,
        objective=total,
        bound=min(total, max(0.0, bound)),
        evidence=evidence,
    )


def _no_start(task: BeatTask) -> Problem:
    """With a cap on changes the search has to begin with today's beats."""
    assert task.today is not None
    return Problem(
        where="beats", column="today", value=str(len(np.unique(task.today))),
        expected="today's beats as {k} beats, each in one piece with its villages whole, because "
        "with a cap on changes the search begins with them",
        fix="ask for as many beats as today, mend today's, or leave out the cap on changes",
        params={"k": task.beats},
    )  # fmt: skip


def _proven(
    core: BeatCore, found: Found, deadline: float, limits: Limits, evidence: dict[str, float]
) -> tuple[Found, float]:
    """The plan, perhaps bettered on the way, and a bound."""
    from optimizer.beat_bound import Bounding
    from optimizer.beat_tree import Tree

    if core.units > LISTED_UNITS:
        return found, bound_of_many(core, found, deadline, evidence)
    quick = 0.0
    if core.units > _QUICK_UNITS:
        # The tree's own bound comes as far much later.
        now = time.monotonic()
        soon = now + _QUICK_SHARE * max(0.0, deadline - now)
        quick = bound_of_many(core, found, soon, evidence)
    tree = Tree(Bounding(core), found, limits, deadline)
    bound = max(quick, tree.run())
    evidence["nodes"], evidence["exact_models"] = tree.nodes, tree.exact
    # The tree knows nothing of changes: its bound holds with fewer plans, its plans may not.
    capped = core.task.max_changes is not None
    return (found if capped else tree.best), bound


def _seated(core: BeatCore, beat_of: IntArray, limits: Limits) -> Found:
    """A division of units with the best seats."""
    seats = np.full(core.task.beats, -1, np.int64)
    for beat in range(core.task.beats):
        inside = np.flatnonzero(beat_of[core.home] == beat)
        own = np.intersect1d(inside, core.must)
        seats[beat] = own[0] if len(own) else inside[0]
    seats = middle_seats(core, beat_of, seats, np.random.default_rng(limits.seed))
    found = division(core, beat_of, seats)
    if core.task.objective != "border":
        return found
    length = border_length(core.task, beat_of[core.unit_of])
    return Found(found.beat_of, found.seat_rows, length, found.off_band)


def _without_plan(
    core: BeatCore,
    found: Found | None,
    evened: IntArray | None,
    bound: float,
    evidence: dict[str, float],
) -> BeatResult:
    """No division in the band was found: a proof that there is none, what tolerance is known."""
    known = None if evened is None else tolerance_of(core, evened)
    if found is not None and known is None:
        load = np.bincount(found.beat_of, core.work, minlength=core.task.beats)
        even = float(core.work.sum()) / core.task.beats
        known = float(np.abs(load / even - 1.0).max()) if even > 0 else 0.0
    proven = bound > core.task.tolerance_fraction + _ROUNDING
    return BeatResult(
        status=Status.INFEASIBLE if proven else Status.UNKNOWN,
        evidence=evidence,
        smallest_tolerance_fraction=known,
        tolerance_bound_fraction=bound if np.isfinite(bound) else None,
    )
