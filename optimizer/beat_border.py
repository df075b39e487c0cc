"""Beats with short borders: the objective `border`.

1. Divisions near seats (`beat_search`), whose borders are then shortened by simulated annealing.
2. A bound by eigenvalues (Donath and Hoffman 1973). With any positive masses m of the units, let
   the eigenvalues of L v = lambda m v ascend, L the Laplacian of the borders. The marks of k beats
   with masses M_1 .. M_k are orthogonal, so the length of borders is at least half the sum of the
   k least eigenvalues times the least M. Mass is work, and a little for units without any.
3. Few cells: the exact model (`beat_border_exact`).
"""

from __future__ import annotations

import time
from dataclasses import dataclass, replace

import numpy as np
from scipy.linalg import eigh
from scipy.sparse import coo_array, csr_array, diags_array

from optimizer.beat_core import BeatCore
from optimizer.beat_plan import border_length
from optimizer.beat_search import (
    Effort,
    Found,
    best_division,
    division,
    effort_for,
    from_start,
    middle_seats,
    today_of_units,
)
from optimizer.frozen import FloatArray, IntArray
from optimizer.solver import Limits

_STARTS, _MOVES_A_UNIT = 24, 100
_DENSE_UNITS = 2500
_LITTLE = 1e-6
_ROUNDING = 1e-9
_EQUAL_FRACTION = 5e-7


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Borders:
    """Borders between units in compressed rows, barriers among them.

    Attributes:
        first: Where those of each unit begin, shape (U + 1,).
        unit: Unit on the other side, shape (B,).
        length_km: Of each, shape (B,); in pairs of cells where the task gives no lengths.
    """

    first: IntArray
    unit: IntArray
    length_km: FloatArray


def borders_of(core: BeatCore) -> Borders:
    """Borders between units, those of their cells added up."""
    task = core.task
    length = np.ones(len(task.adjacency)) if task.border_km is None else task.border_km
    at = core.unit_of[task.adjacency]
    ends = np.vstack([at, at[:, ::-1]])
    apart = ends[:, 0] != ends[:, 1]
    values = np.r_[length, length][apart]
    shape = (core.units, core.units)
    matrix = csr_array(coo_array((values, ends[apart].T), shape=shape))
    matrix.sum_duplicates()
    return Borders(
        first=matrix.indptr.astype(np.int64),
        unit=matrix.indices.astype(np.int64),
        length_km=matrix.data.astype(float),
    )


def shortest_borders(
    core: BeatCore, seed: int, deadline: float, evidence: dict[str, float]
) -> Found | None:
    """The division with the shortest borders of several starts; else the one least out of band.

    Args:
        core: The problem.
        seed: Of chance.
        deadline: `time.monotonic()` after which no new start is made.
        evidence: `starts` is put down here.
    """
    random = np.random.default_rng(seed)
    borders = borders_of(core)
    # Seats are not what is sought, so that many moves are made between looks at them.
    effort = Effort(rounds=60, moves=_MOVES_A_UNIT * core.units, lloyd_rounds=4, heat=1.0)
    task = core.task
    today = None
    if task.today is not None and task.max_changes is not None:
        today = today_of_units(core)
    best: Found | None = None
    starts = 0
    while starts < _STARTS and (not starts or time.monotonic() < deadline):
        if today is None:
            # A rough division will do: it is heated up anyway.
            rough = replace(effort_for(core), rounds=4)
            found = from_start(core, random, rough)
        else:
            found = best_division(core, seed + starts, time.monotonic(), {})
        starts += 1
        if found is None:
            continue
        found = _shortened(core, borders, found, random, effort, today)
        if best is None or _key(found) < _key(best):
            best = found
    evidence["starts"] = starts
    return best


def proven_borders(
    core: BeatCore, found: Found, deadline: float, limits: Limits, evidence: dict[str, float]
) -> tuple[Found, float]:
    """The division, perhaps bettered by the exact model, and a bound on the length of borders."""
    from optimizer.beat_border_exact import MOST_UNITS, ExactBorders

    bound = border_bound(core)
    if core.units > MOST_UNITS or found.objective <= 0:
        return found, bound
    upper = found.objective * (1.0 - _EQUAL_FRACTION)
    evidence["exact_models"] = 1
    better, least = ExactBorders(core, borders_of(core), upper).solve(limits, deadline)
    bound = max(bound, min(least, upper))
    if better is None or core.task.max_changes is not None:
        return found, bound
    seat_beat = better[core.home]
    seats = np.array([np.flatnonzero(seat_beat == b)[0] for b in range(core.task.beats)])
    for row in core.must:
        seats[seat_beat[row]] = row
    seats = middle_seats(core, better, seats.astype(np.int64), np.random.default_rng(limits.seed))
    one = _measured(core, better, seats)
    return (one if one.valid and _key(one) < _key(found) else found), bound


def _key(found: Found) -> tuple[float, float]:
    return (found.off_band, found.objective)


def _measured(core: BeatCore, beat_of: IntArray, seats: IntArray) -> Found:
    length = border_length(core.task, beat_of[core.unit_of])
    return replace(division(core, beat_of, seats), objective=length)


def _shortened(
    core: BeatCore,
    borders: Borders,
    start: Found,
    random: np.random.Generator,
    effort: Effort,
    today: IntArray | None,
) -> Found:
    from optimizer.beat_border_loops import shorten

    beat_of, seats = start.beat_of.copy(), start.seat_rows.copy()
    k = len(seats)
    best = _measured(core, beat_of, seats)
    mean_km = float(borders.length_km.mean()) if len(borders.length_km) else 1.0
    per_work = mean_km / max(1e-300, float(core.work.mean()))
    for turn in range(effort.rounds):
        done = turn / max(1, effort.rounds - 1)
        heat = 0.0 if done > 0.95 else mean_km * 0.1**done
        fixed = np.zeros(core.units, np.int64)
        fixed[core.home[seats]] = 1
        load = np.bincount(beat_of, core.work, minlength=k)
        allowed = core.units
        if today is not None and core.task.max_changes is not None:
            allowed = core.task.max_changes - int((beat_of != today).sum())
        shorten(
            borders.first, borders.unit, borders.length_km, core.work, core.low, core.high,
            core.first, core.neighbour, fixed, beat_of, load,
            np.zeros(0, np.int64) if today is None else today, allowed, heat,
            per_work * (0.5 + 20.0 * done), random.random((effort.moves, 3)),
        )  # fmt: skip
        seats = middle_seats(core, beat_of, seats, random)
        now = _measured(core, beat_of, seats)
        if _key(now) < _key(best):
            best = now
    return best


def border_bound(core: BeatCore) -> float:
    """No beats of a task have shorter borders than this, contiguous or not.

    Above 2,500 units it is 0: eigenvalues found by steps could be others than the least.
    """
    k = core.task.beats
    borders = borders_of(core)
    n = core.units
    if k < 2 or n < k or n > _DENSE_UNITS:
        return 0.0
    mass = np.where(core.work > 0, core.work, 0.0) + _LITTLE * max(1e-300, float(core.work.mean()))
    tail = np.repeat(np.arange(n), np.diff(borders.first))
    degree = np.bincount(tail, borders.length_km, minlength=n)
    links = csr_array((borders.length_km, (tail, borders.unit)), shape=(n, n))
    scale = 1.0 / np.sqrt(mass)
    # D^-1/2 L D^-1/2 has the eigenvalues of L v = lambda m v.
    matrix = csr_array(diags_array(scale) @ (diags_array(degree) - links) @ diags_array(scale))
    values = eigh(matrix.toarray(), eigvals_only=True, subset_by_index=[0, k - 1])
    # Rounding may leave them a little too high, by a share of the largest there can be.
    slack = 8.0 * n * np.finfo(float).eps * float((degree / mass).max(initial=0.0))
    least = float(np.maximum(values - slack, 0.0).sum())
    return max(0.0, 0.5 * core.low * least * (1.0 - _ROUNDING))
