"""Whether beats keep every rule of their task, and what they come to: the judge of `beats`.

Written apart from the search: it looks at cells and pairs only.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from optimizer.beat_plan import BeatPlan, BeatTask, changed_cells
from optimizer.frozen import IntArray

_ROUNDING = 1e-9


@dataclass(frozen=True, slots=True, kw_only=True)
class BeatViolation:
    """A rule that a plan breaks.

    Attributes:
        rule: `beats.count`, `beats.empty`, `beats.seat`, `beats.seats`, `beats.may_seat`,
            `beats.tolerance_fraction`, `beats.contiguous`, `beats.barrier`, `beats.group`,
            `beats.grid` or `beats.max_changes`.
        beat: The beat, 0 to k-1; None where it is of no one beat.
        cells: The cells in question, as rows of the task.
        value, limit: What is, and what should be.
    """

    rule: str
    beat: int | None = None
    cells: tuple[int, ...] = ()
    value: float = 0.0
    limit: float = 0.0


def violations(task: BeatTask, plan: BeatPlan) -> tuple[BeatViolation, ...]:
    """Every rule that the plan breaks, in a fixed order; empty for a valid plan.

    Raises:
        ValueError: the plan is not of this task's cells.
    """
    k = len(plan.seat)
    if np.shape(plan.beat_of) != (task.cells,):
        raise ValueError("plan.beat_of: not one beat for each cell")
    if task.cells and not 0 <= int(plan.beat_of.min()) <= int(plan.beat_of.max()) < max(1, k):
        raise ValueError("plan.beat_of: no such beat")
    found: list[BeatViolation] = []
    if k != task.beats:
        found.append(BeatViolation(rule="beats.count", value=k, limit=task.beats))
    found += _seats(task, plan)
    low, high = task.band
    slack = _ROUNDING * max(1.0, high if np.isfinite(high) else 1.0)
    for beat in range(k):
        cells = np.flatnonzero(plan.beat_of == beat)
        if not len(cells):
            found.append(BeatViolation(rule="beats.empty", beat=beat))
            continue
        work = float(task.work_per_year[cells].sum())
        if work < low - slack or work > high + slack:
            limit = low if work < low else high
            found.append(
                BeatViolation(rule="beats.tolerance_fraction", beat=beat, value=work, limit=limit)
            )
        found += _contiguity(task, beat, cells)
    found += _kept_whole(task, plan)
    if task.max_changes is not None and task.today is not None:
        changed = np.flatnonzero(changed_cells(plan.beat_of, k, task.today))
        if len(changed) > task.max_changes:
            found.append(
                BeatViolation(
                    rule="beats.max_changes", cells=_plain(changed),
                    value=len(changed), limit=task.max_changes,
                )
            )  # fmt: skip
    return tuple(found)


def objective(task: BeatTask, plan: BeatPlan) -> float:
    """Calls x minutes (or work x km^2, or length of borders) of the plan, summed cell by cell."""
    return float(beat_objectives(task, plan).sum())


def beat_objectives(task: BeatTask, plan: BeatPlan) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    """The same of each beat, shape (k,); a border counts half for either side."""
    if task.objective == "border":
        length = np.ones(len(task.adjacency)) if task.border_km is None else task.border_km
        at = plan.beat_of[task.adjacency]
        cut = at[:, 0] != at[:, 1]
        of_beat = np.zeros(len(plan.seat))
        for end in (0, 1):
            np.add.at(of_beat, at[cut, end], 0.5 * length[cut])
        return of_beat
    prices = [
        float(task.price(int(seat), np.flatnonzero(plan.beat_of == beat)).sum())
        for beat, seat in enumerate(plan.seat)
    ]
    return np.array(prices)


def _plain(cells: IntArray) -> tuple[int, ...]:
    return tuple(int(cell) for cell in cells)


def _seats(task: BeatTask, plan: BeatPlan) -> list[BeatViolation]:
    found = []
    for beat, seat in enumerate(plan.seat.tolist()):
        if not 0 <= seat < task.cells or plan.beat_of[seat] != beat:
            found.append(BeatViolation(rule="beats.seat", beat=beat, cells=(seat,)))
        elif task.may_seat is not None and not task.may_seat[seat] and seat not in task.seats:
            found.append(BeatViolation(rule="beats.may_seat", beat=beat, cells=(seat,)))
    missing = sorted(set(task.seats) - set(plan.seat.tolist()))
    if missing:
        found.append(BeatViolation(rule="beats.seats", cells=tuple(missing)))
    return found


def _pieces(task: BeatTask, pairs: IntArray, cells: IntArray) -> IntArray:
    """Piece of each of the cells of a beat; cells of a group or whole grid are joined."""
    place = np.full(task.cells, -1, np.int64)
    place[cells] = np.arange(len(cells))
    at = place[pairs]
    at = at[(at >= 0).all(axis=1)]
    joined = [at]
    kept_whole = [task.group] if task.group is not None else []
    if task.grid is not None and task.grid_rule in ("whole", "equal"):
        kept_whole.append(task.grid)
    for label in kept_whole:
        order = cells[np.argsort(label[cells], kind="stable")]
        same = (label[order][1:] == label[order][:-1]) & (label[order][1:] >= 0)
        joined.append(np.column_stack([place[order[:-1][same]], place[order[1:][same]]]))
    ends = np.vstack(joined)
    graph = coo_array((np.ones(len(ends)), (ends[:, 0], ends[:, 1])), shape=(len(cells),) * 2)
    piece: IntArray = connected_components(graph, directed=False)[1].astype(np.int64)
    return piece


def _contiguity(task: BeatTask, beat: int, cells: IntArray) -> list[BeatViolation]:
    piece = _pieces(task, task.open_pairs(), cells)
    if not piece.any():
        return []
    # Whole but for a barrier or a grid's border, or in pieces on the map?
    rule = "beats.contiguous" if _pieces(task, task.adjacency, cells).any() else "beats.barrier"
    # What is named is all but the largest piece.
    largest = int(np.bincount(piece).argmax())
    return [
        BeatViolation(
            rule=rule, beat=beat, cells=_plain(cells[piece != largest]),
            value=int(piece.max()) + 1, limit=1,
        )
    ]  # fmt: skip


def _kept_whole(task: BeatTask, plan: BeatPlan) -> list[BeatViolation]:
    found = []
    rules = [("beats.group", task.group)]
    if task.grid_rule in ("whole", "equal"):
        rules.append(("beats.grid", task.grid))
    for rule, label in rules:
        if label is None:
            continue
        for one in np.unique(label[label >= 0]):
            cells = np.flatnonzero(label == one)
            beats = np.unique(plan.beat_of[cells])
            if len(beats) > 1:
                found.append(
                    BeatViolation(rule=rule, cells=_plain(cells), value=len(beats), limit=1)
                )
    if task.grid is not None and task.grid_rule in ("within", "equal"):
        for beat in range(len(plan.seat)):
            cells = np.flatnonzero(plan.beat_of == beat)
            grids = np.unique(task.grid[cells])
            if len(grids) > 1:
                found.append(
                    BeatViolation(
                        rule="beats.grid", beat=beat, cells=_plain(cells),
                        value=len(grids), limit=1,
                    )
                )  # fmt: skip
    return found
