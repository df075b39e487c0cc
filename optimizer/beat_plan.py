"""Beats (警格, 片区): what is asked, what is answered. Data only; decisions are in `beats`.

A task has C cells. A plan gives each cell to one of k beats, each with a seat: the cell from which
the beat's minutes are counted.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

import numpy as np

from optimizer.frozen import BoolArray, FloatArray, IntArray, read_only
from optimizer.result import Status

Objective = Literal["calls_minutes", "inertia", "border"]
GridRule = Literal["none", "whole", "within", "equal"]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class BeatTask:
    """An area to be parted into beats.

    Attributes:
        cell_ids: Ids of the cells, C of them.
        calls_per_year: Alerts of each cell, shape (C,), not negative.
        work_per_year: What is shared out evenly, such as alerts or minutes on scene, shape (C,).
        adjacency: Cells that touch, shape (E, 2), each pair once in any order; ferry links, where
            beats may use them, are pairs like others.
        beats: k, the number of beats.
        tolerance_fraction: A beat's work lies within (1 ± this) of the average; inf = no rule.
        minutes: From a seat (row) to a cell (column), shape (C, C); None = straight lines at
            `minutes_per_km`, for areas of many thousand cells.
        x_km, y_km: Where the cells are on a plane, shape (C,); None where not known.
        minutes_per_km: See `minutes`.
        objective: What is small in a good plan: calls x minutes from the seat, or work x km^2 from
            the seat (moment of inertia; needs x_km and y_km), or the length of the borders between
            beats (`border`). With `border` seats are still named: the best for calls x minutes.
        border_km: Length of the border over which each pair of `adjacency` touches, shape (E,),
            not negative; None = each counts 1, so that borders are counted in pairs of cells.
        barrier: Pairs of `adjacency` with a river, railway or expressway between that a beat does
            not cross, shape (E,); None = none.
        group: Village or community of each cell, kept whole in one beat, shape (C,); -1 = none,
            None = no rule.
        grid: Civil grid (网格) of each cell, likewise; see `grid_rule`.
        grid_rule: `whole` = a beat is made of whole grids; `within` = a beat lies inside one grid;
            `equal` = both; `none` = no rule.
        may_seat: Cells that may be a seat, shape (C,); None = all.
        seats: Cells that are seats in any case, at most k.
        today: Today's beat of each cell, any whole numbers, shape (C,); None = not known.
        max_changes: Cells that may change their beat at the most; None = no rule.
    """

    cell_ids: tuple[str, ...]
    calls_per_year: FloatArray
    work_per_year: FloatArray
    adjacency: IntArray
    beats: int
    tolerance_fraction: float = 0.1
    minutes: FloatArray | None = None
    x_km: FloatArray | None = None
    y_km: FloatArray | None = None
    minutes_per_km: float = 1.0
    objective: Objective = "calls_minutes"
    border_km: FloatArray | None = None
    barrier: BoolArray | None = None
    group: IntArray | None = None
    grid: IntArray | None = None
    grid_rule: GridRule = "none"
    may_seat: BoolArray | None = None
    seats: tuple[int, ...] = ()
    today: IntArray | None = None
    max_changes: int | None = None

    def __post_init__(self) -> None:
        n = len(self.cell_ids)
        pairs = np.shape(self.adjacency)[0]
        shapes: dict[str, tuple[type, tuple[int, ...]]] = {
            "calls_per_year": (float, (n,)),
            "work_per_year": (float, (n,)),
            "adjacency": (np.int64, (pairs, 2)),
            "minutes": (float, (n, n)),
            "x_km": (float, (n,)),
            "y_km": (float, (n,)),
            "border_km": (float, (pairs,)),
            "barrier": (np.bool_, (pairs,)),
            "group": (np.int64, (n,)),
            "grid": (np.int64, (n,)),
            "may_seat": (np.bool_, (n,)),
            "today": (np.int64, (n,)),
        }
        for name, (dtype, shape) in shapes.items():
            given = getattr(self, name)
            if given is not None:
                array = read_only(given, dtype, shape=shape, name=f"beats.{name}")
                object.__setattr__(self, name, array)
        if pairs and not 0 <= int(self.adjacency.min()) <= int(self.adjacency.max()) < n:
            raise ValueError("beats.adjacency: outside the cells")
        for name in ("calls_per_year", "work_per_year", "border_km"):
            given = getattr(self, name)
            if given is None:
                continue
            if not np.isfinite(given).all() or bool((given < 0).any()):
                raise ValueError(f"beats.{name}: must be finite and not negative")
        no_plane = self.x_km is None or self.y_km is None
        if no_plane and (self.minutes is None or self.objective == "inertia"):
            raise ValueError("beats: neither minutes nor places of the cells")
        if self.minutes is not None and bool((self.minutes < 0).any()):
            raise ValueError("beats.minutes: must not be negative")
        if self.grid_rule != "none" and self.grid is None:
            raise ValueError("beats.grid_rule: no grids")
        if self.max_changes is not None and self.today is None:
            raise ValueError("beats.max_changes: today's beats are not known")
        if self.seats and not 0 <= min(self.seats) <= max(self.seats) < n:
            raise ValueError("beats.seats: outside the cells")

    @property
    def cells(self) -> int:
        """C, the number of cells."""
        return len(self.cell_ids)

    @property
    def band(self) -> tuple[float, float]:
        """Least and most work of a beat."""
        even = float(self.work_per_year.sum()) / self.beats
        delta = self.tolerance_fraction
        return (max(0.0, even * (1.0 - delta)), even * (1.0 + delta))

    def open_pairs(self) -> IntArray:
        """Pairs of cells that a beat may join, shape (E', 2).

        Those without a barrier and, where beats lie within grids, inside one grid.
        """
        keep = np.ones(len(self.adjacency), dtype=np.bool_)
        if self.barrier is not None:
            keep &= ~self.barrier
        if self.grid is not None and self.grid_rule in ("within", "equal"):
            at = self.grid[self.adjacency]
            keep &= at[:, 0] == at[:, 1]
        pairs: IntArray = self.adjacency[keep]
        return pairs

    def price(self, seat: int, cells: IntArray) -> FloatArray:
        """Price of cells served from a seat, shape of `cells`; see `prices`."""
        row: FloatArray = self.prices(np.array([seat]), cells)[0]
        return row

    def prices(self, seats: IntArray, cells: IntArray) -> FloatArray:
        """Price of cells served from seats, shape (S, N): calls x minutes, or work x km^2.

        With the objective `border` it is calls x minutes, by which seats are chosen.
        """
        calls = self.calls_per_year[cells]
        priced: FloatArray
        if self.objective == "inertia":
            priced = self.work_per_year[cells] * self.straight_km(seats, cells) ** 2
        elif self.minutes is None:
            priced = calls * (self.straight_km(seats, cells) * self.minutes_per_km)
        else:
            # A cell that cannot be reached but has no calls costs nothing.
            priced = calls * np.where(calls > 0, self.minutes[np.ix_(seats, cells)], 0.0)
        return priced

    def straight_km(self, seats: IntArray, cells: IntArray) -> FloatArray:
        """Straight lines from seats to cells, shape (S, N)."""
        assert self.x_km is not None
        assert self.y_km is not None
        # Not np.hypot, which takes several times as long: most of a search is spent here.
        across = self.x_km[cells] - self.x_km[seats][:, None]
        along = self.y_km[cells] - self.y_km[seats][:, None]
        across *= across
        along *= along
        across += along
        far: FloatArray = np.sqrt(across, out=across)
        return far


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class BeatPlan:
    """Beats of a task.

    Attributes:
        beat_of: Beat of each cell, 0 to k-1, shape (C,).
        seat: Cell that is the seat of each beat, shape (k,).
    """

    beat_of: IntArray
    seat: IntArray

    def __post_init__(self) -> None:
        for name in ("beat_of", "seat"):
            given = getattr(self, name)
            array = read_only(given, np.int64, shape=np.shape(given), name=f"plan.{name}")
            object.__setattr__(self, name, array)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class BeatResult:
    """Answer to a task.

    Attributes:
        status: OPTIMAL with a proof; FEASIBLE = a valid plan with a bound; INFEASIBLE = proven
            that there is none; UNKNOWN = neither was found in time.
        plan: None where there is none.
        objective: Of the plan, in the unit of the task's objective.
        bound: No valid plan is below this.
        evidence: Figures on how it was found, by name (starts, valid_starts, cuts, nodes ...).
        smallest_tolerance_fraction: With INFEASIBLE or UNKNOWN for want of balance: a tolerance
            for which a plan is known; None where none is known.
        tolerance_bound_fraction: No tolerance below this can be met, likewise; equal to the former
            where that is exact.
    """

    status: Status
    plan: BeatPlan | None = None
    objective: float | None = None
    bound: float = 0.0
    evidence: Mapping[str, float] = field(default_factory=dict)
    smallest_tolerance_fraction: float | None = None
    tolerance_bound_fraction: float | None = None

    @property
    def gap_fraction(self) -> float | None:
        """How far the plan may lie above the best, as a share of its objective."""
        if self.objective is None:
            return None
        if self.objective <= 0:
            return 0.0
        return max(0.0, (self.objective - self.bound) / self.objective)


def border_length(task: BeatTask, beat_of: IntArray) -> float:
    """Length of the borders between beats, each counted once, barriers among them.

    Args:
        task: The task.
        beat_of: Beat of each cell, shape (C,).

    Returns:
        In the unit of `border_km`, or the number of pairs of cells that touch over a border.
    """
    at = beat_of[task.adjacency]
    cut = at[:, 0] != at[:, 1]
    return float(cut.sum() if task.border_km is None else task.border_km[cut].sum())


def numbered(plan: BeatPlan, today: IntArray | None = None) -> BeatPlan:
    """The plan with its beats in order of their smallest cell, or of the today's beat kept.

    Args:
        plan: The plan.
        today: Today's beat of each cell; a beat then takes the place, in ascending order, of the
            today's beat with which it shares most cells, all in all; new ones follow.
    """
    k = len(plan.seat)
    first = np.full(k, len(plan.beat_of))
    np.minimum.at(first, plan.beat_of, np.arange(len(plan.beat_of)))
    key = first
    if today is not None:
        kept = kept_labels(plan.beat_of, k, today)
        key = np.where(kept >= 0, kept, len(np.unique(today)) + first)
    order = np.argsort(key, kind="stable")
    place = np.empty(k, np.int64)
    place[order] = np.arange(k)
    return BeatPlan(beat_of=place[plan.beat_of], seat=plan.seat[order])


def kept_labels(beat_of: IntArray, beats: int, today: IntArray) -> IntArray:
    """Which today's beat each beat carries on, so that most cells stay; -1 = none, shape (k,).

    Returns:
        Places in `np.unique(today)`.
    """
    from scipy.optimize import linear_sum_assignment

    labels, at = np.unique(today, return_inverse=True)
    shared = np.zeros((beats, len(labels)), np.int64)
    np.add.at(shared, (beat_of, at), 1)
    rows, columns = linear_sum_assignment(shared, maximize=True)
    kept = np.full(beats, -1, np.int64)
    kept[rows] = columns
    return kept


def changed_cells(beat_of: IntArray, beats: int, today: IntArray) -> BoolArray:
    """Cells whose beat is not the one that carries on today's, shape (C,)."""
    at = np.unique(today, return_inverse=True)[1]
    changed: BoolArray = kept_labels(beat_of, beats, today)[beat_of] != at
    return changed
