"""Beats: known answers by hand and by brute force, every rule, and what cannot be."""

from __future__ import annotations

import time
from dataclasses import replace
from itertools import product
from pathlib import Path

import numpy as np
import pytest

from optimizer.beat_bound import Bounding
from optimizer.beat_core import core_of
from optimizer.beat_plan import BeatPlan, BeatTask, changed_cells, numbered
from optimizer.beat_problems import problems, tolerance_bound
from optimizer.beat_rules import objective, violations
from optimizer.beat_tolerance import smallest_tolerance
from optimizer.beats import districts
from optimizer.errors import InputError
from optimizer.frozen import IntArray
from optimizer.result import Status
from optimizer.solver import Limits

SHORT = Limits(time_limit_s=60.0)


def line(calls: list[float], beats: int = 2, **fields: object) -> BeatTask:
    """Cells in a row, a minute apart."""
    n = len(calls)
    at = np.arange(float(n))
    values: dict[str, object] = {
        "cell_ids": tuple("ABCDEFGHIJ"[:n]),
        "calls_per_year": np.array(calls, float),
        "work_per_year": np.array(calls, float),
        "adjacency": np.column_stack([np.arange(n - 1), np.arange(1, n)]),
        "beats": beats,
        "tolerance_fraction": 0.2,
        "minutes": np.abs(at[:, None] - at),
        **fields,
    }
    return BeatTask(**values)  # type: ignore[arg-type]


def grid(rows: int, columns: int, seed: int, **fields: object) -> BeatTask:
    """Squares of a chequered map with calls by chance, some without any."""
    random = np.random.default_rng(seed)
    n = rows * columns
    calls = random.integers(0, 6, n).astype(float)
    y, x = np.divmod(np.arange(n), columns)
    right = [(c, c + 1) for c in range(n) if (c + 1) % columns]
    down = [(c, c + columns) for c in range(n - columns)]
    values: dict[str, object] = {
        "cell_ids": tuple(str(c) for c in range(n)),
        "calls_per_year": calls,
        "work_per_year": calls,
        "adjacency": np.array(right + down),
        "beats": 2,
        "tolerance_fraction": 0.3,
        "x_km": x + 0.3 * random.random(n),
        "y_km": y + 0.3 * random.random(n),
        **fields,
    }
    return BeatTask(**values)  # type: ignore[arg-type]


def brute_force(task: BeatTask) -> float:
    """The best objective of all valid plans, inf where there is none."""
    best = np.inf
    cells = np.arange(task.cells)
    price = task.prices(cells, cells)
    for labels in product(range(task.beats), repeat=task.cells - 1):
        beat_of = np.array((0, *labels))
        if len(np.unique(beat_of)) < task.beats:
            continue
        load = np.bincount(beat_of, task.work_per_year)
        if load.min() < task.band[0] - 1e-9 or load.max() > task.band[1] + 1e-9:
            continue
        seats = []
        for beat in range(task.beats):
            inside = np.flatnonzero(beat_of == beat)
            may = inside if task.may_seat is None else inside[task.may_seat[inside]]
            must = [s for s in task.seats if s in inside]
            if must:
                may = np.array(must[:1])
            if not len(may):
                break
            seats.append(may[price[np.ix_(may, inside)].sum(axis=1).argmin()])
        if len(seats) < task.beats:
            continue
        plan = BeatPlan(beat_of=beat_of, seat=np.array(seats))
        total = objective(task, plan)
        if total < best and not violations(task, plan):
            best = total
    return best


def test_wheelers_toy() -> None:
    result = districts(line([4, 1, 2, 3]), SHORT)
    assert result.status is Status.OPTIMAL
    assert result.objective == pytest.approx(3.0)
    assert result.plan is not None
    assert result.plan.beat_of.tolist() == [0, 0, 1, 1]
    assert result.bound == pytest.approx(3.0, rel=1e-6)


@pytest.mark.parametrize("seed", range(6))
def test_equals_brute_force(seed: int) -> None:
    task = grid(3, 3, seed, beats=2 + seed % 2)
    best = brute_force(task)
    result = districts(task, SHORT)
    if not np.isfinite(best):
        assert result.plan is None
        return
    assert result.status is Status.OPTIMAL
    assert result.objective == pytest.approx(best, rel=1e-6)


@pytest.mark.parametrize(
    "fields",
    [
        {"group": np.array([0, 0, -1, -1, -1, -1, 1, 1, -1, -1, -1, -1])},
        {"grid": np.array([0, 0, 1, 1] * 3), "grid_rule": "within"},
        {"grid": np.repeat([0, 1, 2], 4), "grid_rule": "whole"},
        {"may_seat": np.arange(12) % 3 == 0},
        {"seats": (0,)},
        {"barrier": np.arange(17) == 4},
        {"objective": "inertia"},
    ],
)
def test_rules_against_brute_force(fields: dict[str, object]) -> None:
    task = grid(3, 4, 11, tolerance_fraction=0.5, **fields)
    best = brute_force(task)
    assert np.isfinite(best)
    result = districts(task, SHORT)
    assert result.status is Status.OPTIMAL
    assert result.objective == pytest.approx(best, rel=1e-6)


def test_units_without_calls_are_no_islands() -> None:
    """The empty cell C lies behind D: without contiguity it would cost nothing anywhere."""
    task = line([2, 2, 0, 2, 2])
    result = districts(task, SHORT)
    assert result.plan is not None
    assert not violations(task, result.plan)
    split = BeatPlan(beat_of=np.array([0, 0, 1, 0, 1]), seat=np.array([0, 4]))
    assert "beats.contiguous" in {one.rule for one in violations(task, split)}


def test_bound_holds_at_every_step() -> None:
    task = grid(3, 4, 2)
    best = brute_force(task)
    core = core_of(task)
    bounding = Bounding(core)
    for rounds in (1, 5, 50, 500):
        node = bounding.raised(bounding.root(best + 1.0), best + 1.0, rounds=rounds)
        assert node is not None
        assert node.bound <= best + 1e-9


def test_judge_names_each_rule() -> None:
    task = line(
        [4, 1, 2, 3], group=np.array([0, 0, -1, -1]), grid=np.array([0, 0, 1, 1]),
        grid_rule="equal", may_seat=np.array([True, False, True, True]), seats=(3,),
        today=np.array([0, 0, 1, 1]), max_changes=0,
    )  # fmt: skip
    good = BeatPlan(beat_of=np.array([0, 0, 1, 1]), seat=np.array([0, 3]))
    assert violations(task, good) == ()
    broken = {
        "beats.count": BeatPlan(beat_of=np.array([0, 1, 2, 2]), seat=np.array([0, 1, 3])),
        "beats.empty": BeatPlan(beat_of=np.array([1, 1, 1, 1]), seat=np.array([0, 3])),
        "beats.seat": BeatPlan(beat_of=np.array([0, 0, 1, 1]), seat=np.array([2, 3])),
        "beats.may_seat": BeatPlan(beat_of=np.array([0, 0, 1, 1]), seat=np.array([1, 3])),
        "beats.seats": BeatPlan(beat_of=np.array([0, 0, 1, 1]), seat=np.array([0, 2])),
        "beats.tolerance_fraction": BeatPlan(beat_of=np.array([0, 0, 0, 1]), seat=np.array([0, 3])),
        "beats.contiguous": BeatPlan(beat_of=np.array([0, 1, 0, 1]), seat=np.array([0, 3])),
        "beats.group": BeatPlan(beat_of=np.array([0, 1, 1, 1]), seat=np.array([0, 3])),
        "beats.grid": BeatPlan(beat_of=np.array([0, 0, 0, 1]), seat=np.array([0, 3])),
        "beats.max_changes": BeatPlan(beat_of=np.array([0, 0, 0, 1]), seat=np.array([0, 3])),
    }
    for rule, plan in broken.items():
        assert rule in {one.rule for one in violations(task, plan)}, rule


def test_barrier_is_told_from_a_gap() -> None:
    task = line([2, 2, 2, 2], barrier=np.array([True, False, False]))
    plan = BeatPlan(beat_of=np.array([0, 0, 1, 1]), seat=np.array([0, 3]))
    assert [one.rule for one in violations(task, plan)] == ["beats.barrier"]


def test_changes_are_capped() -> None:
    free = grid(4, 4, 5, tolerance_fraction=0.5)
    today = (np.arange(16) // 8).astype(np.int64)
    best = districts(free, SHORT)
    assert best.plan is not None
    needed = int(changed_cells(best.plan.beat_of, 2, today).sum())
    assert needed > 2
    capped = districts(replace(free, today=today, max_changes=2), SHORT)
    assert capped.plan is not None
    assert capped.status is Status.FEASIBLE
    assert int(changed_cells(capped.plan.beat_of, 2, today).sum()) <= 2


@pytest.mark.parametrize("today", [np.arange(16) % 2, np.arange(16) // 4, np.zeros(16)])
def test_cap_on_changes_needs_todays_beats_whole(today: IntArray) -> None:
    """In pieces, too many, too few: nothing is searched, and that is said."""
    task = grid(4, 4, 5, tolerance_fraction=0.5, today=today.astype(np.int64), max_changes=9)
    with pytest.raises(InputError, match="because with a cap on changes") as told:
        districts(task, SHORT)
    assert told.value.problems[0].value == str(len(np.unique(today)))
    assert districts(replace(task, max_changes=None), SHORT).plan is not None


def test_numbers_follow_today() -> None:
    plan = BeatPlan(beat_of=np.array([0, 0, 1, 1, 1]), seat=np.array([0, 3]))
    kept = numbered(plan, np.array([7, 7, 7, 2, 2]))
    assert kept.beat_of.tolist() == [1, 1, 0, 0, 0]
    assert kept.seat.tolist() == [3, 0]


@pytest.mark.parametrize(
    ("task", "column"),
    [
        (line([1, 1], beats=3), "beats"),
        (line([9, 1, 1, 1]), "work_per_year"),
        (line([2, 2, 2], beats=2, seats=(0, 1, 2)), "seats"),
        (line([2, 2, 2, 2], may_seat=np.array([True, False, False, False])), "may_seat"),
        (line([6, 6, 1, 6, 6], adjacency=np.array([[0, 1], [3, 4]])), "adjacency"),
    ],
)
def test_what_cannot_be(task: BeatTask, column: str) -> None:
    assert column in {one.column for one in problems(task)}
    with pytest.raises(InputError):
        districts(task, SHORT)


def test_smallest_tolerance() -> None:
    """Three cells of 2 for two beats: 2 and 4 are a third off the average of 3."""
    task = line([2, 2, 2], tolerance_fraction=0.1)
    result = districts(task, SHORT)
    assert result.plan is None
    assert result.status is Status.INFEASIBLE
    assert result.smallest_tolerance_fraction == pytest.approx(1 / 3)
    assert result.tolerance_bound_fraction == pytest.approx(1 / 3)
    assert tolerance_bound(core_of(line([7, 1, 1, 1]))) == pytest.approx(0.4)


def evenest(task: BeatTask) -> float:
    """The smallest tolerance of two contiguous beats, of all there are."""
    best = np.inf
    for labels in product((0, 1), repeat=task.cells - 1):
        beat_of = np.array((0, *labels))
        if not beat_of.any():
            continue
        inside = [set(np.flatnonzero(beat_of == beat).tolist()) for beat in (0, 1)]
        for part in inside:
            stack = [min(part)]
            part.discard(stack[0])
            while stack:
                cell = stack.pop()
                near = {*task.adjacency[task.adjacency[:, 0] == cell, 1].tolist()}
                near |= {*task.adjacency[task.adjacency[:, 1] == cell, 0].tolist()}
                stack += sorted(near & part)
                part -= near
        if not any(inside):
            load = np.bincount(beat_of, task.work_per_year)
            best = min(best, float(np.abs(load / load.mean() - 1).max()))
    return best


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("whole", [True, False])
def test_smallest_tolerance_equals_brute_force(seed: int, whole: bool) -> None:
    task = grid(3, 3, seed)
    if not whole:
        task = replace(task, work_per_year=task.work_per_year + 0.37 * task.calls_per_year**0.5)
    best = evenest(task)
    bound, known = smallest_tolerance(core_of(task), SHORT, time.monotonic() + 60.0)
    assert known == pytest.approx(best, abs=2e-6)
    assert best - 3e-6 <= bound <= best + 1e-9


def test_sums_of_work_prove_that_a_band_is_empty() -> None:
    """Seventy cells of 4 for four beats: none has the 70 that would be even, only fours."""
    calls = np.full(70, 4.0)
    ends = np.column_stack([np.arange(69), np.arange(1, 70)])
    task = BeatTask(
        cell_ids=tuple(str(cell) for cell in range(70)), calls_per_year=calls,
        work_per_year=calls, adjacency=ends, beats=4, tolerance_fraction=0.01,
        x_km=np.arange(70.0), y_km=np.zeros(70),
    )  # fmt: skip
    bound, known = smallest_tolerance(core_of(task), SHORT, time.monotonic() + 60.0)
    # 17 or 18 cells, half a cell off 17.5.
    assert bound == pytest.approx(0.5 / 17.5)
    assert known is None


def test_smallest_tolerance_keeps_seats() -> None:
    """With seats in A and B a row A-B-C-D can only be cut between them: 2 and 6."""
    task = line([2, 2, 2, 2], seats=(0, 1), tolerance_fraction=0.1)
    result = districts(task, SHORT)
    assert result.status is Status.INFEASIBLE
    assert result.smallest_tolerance_fraction == pytest.approx(0.5)
    assert result.tolerance_bound_fraction == pytest.approx(0.5)


def test_no_road_to_a_cell_with_alerts_is_said() -> None:
    minutes = np.abs(np.arange(4.0)[:, None] - np.arange(4.0))
    minutes[:, 3] = np.inf
    minutes[3, 3] = 0.0
    said = problems(line([2, 2, 2, 2], minutes=minutes))
    assert [(one.column, one.severity) for one in said] == [("minutes", "warning")]


def test_same_seed_same_beats() -> None:
    task = grid(5, 6, 3, beats=4)
    one, two = districts(task, SHORT), districts(task, SHORT)
    assert one.plan is not None
    assert two.plan is not None
    assert one.objective == pytest.approx(two.objective or 0.0, rel=1e-6)


def test_published_beats_have_islands(shared: Path) -> None:
    """Two beats of the published Carrollton plan are in pieces, of areas without calls."""
    from benchmarks.beats import carrollton, published

    task = carrollton(shared, 0.05)
    plan = published(shared, task, "0.05_obj198757.99")
    assert objective(task, plan) == pytest.approx(198_757.988, abs=0.001)
    broken = violations(task, plan)
    assert {one.rule for one in broken} == {"beats.contiguous"}
    assert len(broken) == 2
    for one in broken:
        assert not task.calls_per_year[list(one.cells)].any()
