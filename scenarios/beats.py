"""Beats (警格) of a case or run: drawn, moved by hand, scored, ready to be shown."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
import shapely

from geo.compactness import polsby_popper, reock
from geo.jurisdictions import dissolve
from geo.plane import plane_of
from optimizer.beat_ensemble import EnsembleResult, ensemble
from optimizer.beat_plan import BeatPlan, BeatResult, BeatTask, kept_labels
from optimizer.beat_rules import BeatViolation, beat_objectives, violations
from optimizer.errors import InputError, Problem
from optimizer.frozen import BoolArray, FloatArray, IntArray
from optimizer.solver import Limits
from scenarios.beats_range import Tried, proposed, try_numbers
from scenarios.beats_task import BeatAsked, BeatWishes, beat_task, split_pair
from scenarios.names import Names, Wrong
from scenarios.opened import Opened

_SNAP_M = 0.1
_MOST_ENTRIES = 4_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class BeatRow:
    """One beat.

    Attributes:
        name: What planners call it.
        seat_id: Cell that its minutes are counted from; empty where the beat has no cell.
        cells: How many it has.
        alerts_per_year: Of them.
        work: What is shared out evenly.
        work_over_even: Work over an even share, 1 = even.
        mean_minutes: From the seat, over its alerts; NaN without alerts.
        price: Alerts x minutes, or what else the task makes small.
        residents: Registered.
        area_km2: Ground.
        polsby_popper, reock: Compactness, 1 = a disc; NaN where cells are points.
        officers: Of the unit's officers, by work.
        changed: Cells that come from another beat of today.
    """

    name: str
    seat_id: str
    cells: int
    alerts_per_year: float
    work: float
    work_over_even: float
    mean_minutes: float
    price: float
    residents: float
    area_km2: float
    polsby_popper: float
    reock: float
    officers: float
    changed: int


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Scored:
    """A division with its figures.

    Attributes:
        plan: The division.
        names: Of its beats.
        rows: One per beat.
        objective: The sum of their prices.
        broken: Rules that it breaks.
    """

    plan: BeatPlan
    names: tuple[str, ...]
    rows: tuple[BeatRow, ...]
    objective: float
    broken: tuple[BeatViolation, ...]

    @property
    def mean_minutes(self) -> float:
        """Over all alerts; NaN without any."""
        calls = [r.alerts_per_year for r in self.rows]
        told = [r.mean_minutes * r.alerts_per_year for r in self.rows if r.alerts_per_year > 0]
        return sum(told) / sum(calls) if sum(calls) > 0 else float("nan")

    @property
    def worst_share(self) -> float:
        """Largest difference of a beat's work from an even share, as a fraction of it."""
        return max((abs(r.work_over_even - 1.0) for r in self.rows), default=0.0)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class BeatStudy:
    """Beats of an area.

    Attributes:
        opened: The case or run.
        asked: The task, and what its parts are called.
        result: Of the search; None where drawn beats were scored.
        best: The beats found or given; None where none were found.
        edited: The same after the moves by hand; None without moves.
        today: Today's; None where they are not known.
        moved: Cell, beat before and beat after of each move.
        kept: Beat of today that each beat carries on, -1 = none, shape (k,).
        changed: Cells that change against today, of the edited beats where there are any, (C,).
        tried: Each number of beats that was drawn; empty where beats were given.
        random_plans: Random valid plans beside the beats shown; None where not asked for, or the
            beats shown break a rule.
    """

    opened: Opened
    asked: BeatAsked
    result: BeatResult | None
    best: Scored | None
    edited: Scored | None
    today: Scored | None
    moved: tuple[tuple[str, str, str], ...]
    kept: IntArray
    changed: BoolArray
    tried: tuple[Tried, ...] = ()
    random_plans: EnsembleResult | None = None

    @property
    def shown(self) -> Scored | None:
        """What the planner ends with."""
        return self.edited if self.edited is not None else self.best

    @property
    def area_name(self) -> str:
        """The unit, or the county."""
        county = self.opened.loaded.county
        if self.asked.unit_id is None:
            return county.name
        return county.stations.name[county.stations.index()[self.asked.unit_id]]


def study_beats(
    opened: Opened, wishes: BeatWishes, step: Callable[[int | None], None] = lambda _beats: None
) -> BeatStudy:
    """Draw beats, or take those of the planner's file; make the moves by hand; score all.

    Args:
        opened: The case or run.
        wishes: What is asked.
        step: Told what begins: beats of which number, or random plans (None).

    Raises:
        InputError: everything that is wrong with options and files, or no beats can be drawn
            whatever the search.
    """
    asked = beat_task(opened, wishes)
    result, plan = None, None
    tried: tuple[Tried, ...] = ()
    if asked.drawn is not None:
        plan = seated(asked.task, asked.drawn, len(asked.drawn_names), asked.drawn_seats)
    else:
        asked, tried, result = _searched(opened, asked, step)
        plan = result.plan
    task = asked.task
    today = None
    if task.today is not None:
        then = seated(task, task.today, len(asked.today_names), ())
        # By the same rules, but for those that say how the new ones differ.
        free = replace(task, max_changes=None, seats=(), beats=len(asked.today_names))
        same = np.arange(len(asked.today_names))
        today = _scored(opened, asked, free, then, asked.today_names, same)
    if plan is None:
        none = np.zeros(task.cells, np.bool_)
        return BeatStudy(
            opened=opened, asked=asked, result=result, best=None, edited=None, today=today,
            moved=(), kept=np.zeros(0, np.int64), changed=none, tried=tried,
        )  # fmt: skip
    names, kept = _names(asked, plan)
    best = _scored(opened, asked, task, plan, names, kept)
    edited: Scored | None = None
    moved: tuple[tuple[str, str, str], ...] = ()
    if wishes.moves:
        plan, moved = _moved(task, plan, names, wishes.moves)
        edited = _scored(opened, asked, task, plan, names, kept)
    changed = _changed(plan.beat_of, kept, task.today)
    return BeatStudy(
        opened=opened, asked=asked, result=result, best=best, edited=edited, today=today,
        moved=moved, kept=kept, changed=changed, tried=tried,
        random_plans=_beside(opened, task, plan, edited or best, wishes, step),
    )  # fmt: skip


def _searched(
    opened: Opened, asked: BeatAsked, step: Callable[[int | None], None]
) -> tuple[BeatAsked, tuple[Tried, ...], BeatResult]:
    """Draw beats of each number that comes into question; the task of the one proposed."""
    policy = opened.loaded.policy
    limits = Limits(time_limit_s=policy.solver.time_limit_s, seed=policy.solver.seed)
    tried = try_numbers(asked.task, asked.counts, limits, step)
    place = proposed(tried, asked.wishes.within_min, policy.beats.least_saving_fraction)
    one = tried[-1 if place is None else place]
    return replace(asked, task=replace(asked.task, beats=one.beats)), tried, one.result


def _beside(
    opened: Opened, task: BeatTask, plan: BeatPlan, shown: Scored, wishes: BeatWishes,
    step: Callable[[int | None], None],
) -> EnsembleResult | None:  # fmt: skip
    """Random valid plans; beats that break a rule have none to be compared with."""
    broken = {one.rule for one in shown.broken} - {"beats.max_changes"}
    if not wishes.random_plans or broken:
        return None
    step(None)
    return ensemble(task, plan, wishes.random_plans, opened.loaded.policy.solver.seed)


def seated(task: BeatTask, beat_of: IntArray, beats: int, given: Sequence[int]) -> BeatPlan:
    """A division with the best seat of each beat, where none is given.

    Args:
        task: The task.
        beat_of: Beat of each cell, shape (C,).
        beats: How many.
        given: Seats that are known; of several in one beat the first counts.
    """
    seat = np.full(beats, -1, np.int64)
    for cell in sorted((*given, *task.seats), reverse=True):
        seat[beat_of[cell]] = cell
    may = np.ones(task.cells, np.bool_) if task.may_seat is None else task.may_seat
    for beat in np.flatnonzero(seat < 0).tolist():
        cells = np.flatnonzero(beat_of == beat)
        open_cells = cells[may[cells]] if may[cells].any() else cells
        if len(cells):
            seat[beat] = open_cells[_best(task, open_cells, cells)]
    return BeatPlan(beat_of=beat_of, seat=seat)


def _best(task: BeatTask, seats: IntArray, cells: IntArray) -> int:
    """Which of the seats serves the cells best; the first of several."""
    step = max(1, _MOST_ENTRIES // max(1, len(cells)))
    totals = [
        task.prices(seats[at : at + step], cells).sum(axis=1) for at in range(0, len(seats), step)
    ]
    return int(np.argmin(np.concatenate(totals)))


def _names(asked: BeatAsked, plan: BeatPlan) -> tuple[tuple[str, ...], IntArray]:
    """Names of the beats, and which of today's each carries on."""
    k = len(plan.seat)
    kept = np.full(k, -1, np.int64)
    if asked.task.today is not None:
        kept = kept_labels(plan.beat_of, k, asked.task.today)
    if asked.drawn is not None:
        at = {name: i for i, name in enumerate(asked.today_names)}
        if any(name in at for name in asked.drawn_names):  # the planner says who carries on whom
            kept = np.array([at.get(name, -1) for name in asked.drawn_names], np.int64)
        return asked.drawn_names, kept
    before = "" if asked.unit_id is None else f"{asked.unit_id}-"
    names, new = [], 0
    for carried in kept.tolist():
        if carried >= 0:
            names.append(asked.today_names[carried])
            continue
        new += 1
        while f"{before}{new}" in asked.today_names:
            new += 1
        names.append(f"{before}{new}")
    return tuple(names), kept


def _changed(beat_of: IntArray, kept: IntArray, today: IntArray | None) -> BoolArray:
    """Cells whose beat does not carry on that of today; none where that is not known."""
    changed: BoolArray = np.zeros(len(beat_of), np.bool_)
    return changed if today is None else kept[beat_of] != today


def _moved(
    task: BeatTask, plan: BeatPlan, names: tuple[str, ...], moves: Sequence[str]
) -> tuple[BeatPlan, tuple[tuple[str, str, str], ...]]:
    """The division after moves by hand; a beat that loses its seat gets the best that is left."""
    cell_names, beat_names = Names("cell", task.cell_ids), Names("station", names)
    beat_of, problems, told = plan.beat_of.copy(), [], []
    place = {one: i for i, one in enumerate(task.cell_ids)}
    for text in moves:
        both = split_pair("--move", text)
        if isinstance(both, Problem):
            problems.append(both)
            continue
        cell, beat = cell_names.find(both[0]), beat_names.find(both[1])
        wrong = [w.problem("--move", text) for w in (cell, beat) if isinstance(w, Wrong)]
        problems += wrong
        if isinstance(cell, str) and isinstance(beat, str):
            at = place[cell]
            told.append((cell, names[int(beat_of[at])], beat))
            beat_of[at] = names.index(beat)
    if problems:
        raise InputError(problems)
    stay = [int(s) for b, s in enumerate(plan.seat.tolist()) if s >= 0 and beat_of[s] == b]
    return seated(replace(task, seats=()), beat_of, len(plan.seat), stay), tuple(told)


def _scored(
    opened: Opened,
    asked: BeatAsked,
    task: BeatTask,
    plan: BeatPlan,
    names: tuple[str, ...],
    kept: IntArray,
) -> Scored:
    """Figures and broken rules of a division."""
    k = len(plan.seat)
    cells = opened.loaded.county.cells
    beat_of = plan.beat_of
    calls = np.bincount(beat_of, task.calls_per_year, minlength=k)
    work = np.bincount(beat_of, task.work_per_year, minlength=k)
    price = _prices(task, plan)
    call_minutes = (
        price
        if task.objective == "calls_minutes"
        else _prices(replace(task, objective="calls_minutes"), plan)
    )
    area, popper, disc = _shape(opened, asked, beat_of, k)
    even, whole = float(work.sum()) / max(1, task.beats), float(work.sum())
    changed = _changed(beat_of, kept, task.today)
    residents = np.bincount(beat_of, cells.population[asked.rows], minlength=k)
    rows = tuple(
        BeatRow(
            name=names[b],
            seat_id=task.cell_ids[plan.seat[b]] if plan.seat[b] >= 0 else "",
            cells=int((beat_of == b).sum()),
            alerts_per_year=float(calls[b]),
            work=float(work[b]),
            work_over_even=float(work[b]) / even if even > 0 else 1.0,
            mean_minutes=float(call_minutes[b] / calls[b]) if calls[b] > 0 else float("nan"),
            price=float(price[b]),
            residents=float(residents[b]),
            area_km2=float(area[b]),
            polsby_popper=float(popper[b]),
            reock=float(disc[b]),
            officers=asked.officers * (float(work[b]) / whole if whole > 0 else 1 / k),
            changed=int(changed[beat_of == b].sum()),
        )
        for b in range(k)
    )
    return Scored(
        plan=plan,
        names=names,
        rows=rows,
        objective=float(price.sum()),
        broken=violations(task, plan),
    )


def _prices(task: BeatTask, plan: BeatPlan) -> FloatArray:
    found: FloatArray = np.zeros(len(plan.seat))
    there = np.flatnonzero(plan.seat >= 0)
    found[there] = beat_objectives(task, plan)[there]
    return found


def _shape(
    opened: Opened, asked: BeatAsked, beat_of: IntArray, beats: int
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Area in km², Polsby-Popper and Reock of each beat, shape (k,)."""
    geometry = opened.loaded.cell_geometry
    known = opened.loaded.county.cells.area_km2[asked.rows]
    area: FloatArray = np.bincount(beat_of, known, minlength=beats).astype(float)
    if geometry is None:
        none: FloatArray = np.full(beats, np.nan)
        return area, none, none
    cells = geometry[asked.rows]
    shapes = dissolve(plane_of(cells).project(cells), beat_of, beats, grid=_SNAP_M)
    area = np.nan_to_num(shapely.area(shapes)) / 1e6
    return area, polsby_popper(shapes), reock(shapes)
