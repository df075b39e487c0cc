"""Beats with short borders: brute force, every rule, a bound that holds."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from optimizer import beat_border_loops as loops
from optimizer.beat_border import border_bound, borders_of
from optimizer.beat_core import core_of
from optimizer.beat_plan import BeatPlan, BeatTask, border_length, changed_cells
from optimizer.beat_rules import beat_objectives, objective, violations
from optimizer.beats import districts
from optimizer.result import Status
from optimizer.solver import Limits
from tests.test_beats import brute_force, grid

SHORT = Limits(time_limit_s=60.0)


def squares(seed: int, rows: int = 3, columns: int = 3, **fields: object) -> BeatTask:
    """A chequered map with calls and lengths of borders by chance."""
    pairs = rows * (columns - 1) + columns * (rows - 1)
    lengths = 0.5 + np.random.default_rng(seed).random(pairs)
    values = {"objective": "border", "border_km": lengths, **fields}
    return grid(rows, columns, seed, **values)


def test_length_of_borders_by_hand() -> None:
    """Two rows of three; parted in the middle the border is 2 and 3 long, with halves to both."""
    task = grid(
        2, 3, 0, objective="border", border_km=np.array([2.0, 9.0, 3.0, 9.0, 9.0, 9.0, 9.0])
    )
    plan = BeatPlan(beat_of=np.array([0, 1, 1, 0, 1, 1]), seat=np.array([0, 1]))
    assert task.adjacency[[0, 2]].tolist() == [[0, 1], [3, 4]]
    assert objective(task, plan) == pytest.approx(5.0)
    assert beat_objectives(task, plan) == pytest.approx([2.5, 2.5])
    assert border_length(replace(task, border_km=None), plan.beat_of) == 2.0


@pytest.mark.parametrize("seed", range(3))
def test_equals_brute_force(seed: int) -> None:
    task = squares(seed, beats=2 + seed % 2, tolerance_fraction=0.4)
    best = brute_force(task)
    result = districts(task, SHORT)
    if not np.isfinite(best):
        assert result.plan is None
        return
    assert result.plan is not None
    assert result.status is Status.OPTIMAL
    assert violations(task, result.plan) == ()
    assert result.objective == pytest.approx(best, rel=1e-6)


@pytest.mark.parametrize(
    "fields",
    [
        {"group": np.array([0, 0, -1, -1, -1, -1, 1, 1, -1, -1, -1, -1])},
        {"grid": np.array([0, 0, 1, 1] * 3), "grid_rule": "within"},
        {"grid": np.repeat([0, 1, 2], 4), "grid_rule": "whole"},
        {"may_seat": np.arange(12) == 5, "seats": (1,)},
        {"seats": (0, 1)},
        {"barrier": np.arange(17) % 5 == 0},
    ],
)
def test_rules_against_brute_force(fields: dict[str, object]) -> None:
    task = squares(11, 3, 4, tolerance_fraction=0.5, **fields)
    best = brute_force(task)
    assert np.isfinite(best)
    result = districts(task, SHORT)
    assert result.status is Status.OPTIMAL
    assert result.objective == pytest.approx(best, rel=1e-6)


@pytest.mark.parametrize("seed", range(8))
def test_bound_by_eigenvalues_holds(seed: int) -> None:
    task = squares(seed, beats=2 + seed % 2, tolerance_fraction=0.6)
    best = brute_force(task)
    bound = border_bound(core_of(task))
    assert bound <= best * (1 + 1e-9)
    if np.isfinite(best):
        assert bound > 0.05 * best


def test_bound_of_two_equal_halves_is_met() -> None:
    """Two pairs of cells, each as good as one cell, with a link of 1 between them, or of 0.

    Masses are 2 and eigenvalues 0 and 1: half of 1 x 2 is the link.
    """
    pairs = np.array([[0, 1], [2, 3], [1, 2]])
    values = {
        "cell_ids": tuple("ABCD"), "calls_per_year": np.ones(4), "work_per_year": np.ones(4),
        "beats": 2, "tolerance_fraction": 0.0, "x_km": np.arange(4.0), "y_km": np.zeros(4),
        "objective": "border", "adjacency": pairs,
    }  # fmt: skip
    task = BeatTask(**values, border_km=np.array([1e4, 1e4, 1.0]))  # type: ignore[arg-type]
    assert border_bound(core_of(task)) == pytest.approx(1.0, rel=1e-4)
    apart = BeatTask(**values, border_km=np.array([1.0, 1.0, 0.0]))  # type: ignore[arg-type]
    assert border_bound(core_of(apart)) == pytest.approx(0.0, abs=1e-6)


def test_shorter_than_by_minutes() -> None:
    task = squares(3, 8, 8, beats=4, tolerance_fraction=0.2)
    limits = Limits(time_limit_s=4.0)
    by_border = districts(task, limits)
    by_minutes = districts(replace(task, objective="calls_minutes"), limits)
    assert by_border.plan is not None
    assert by_minutes.plan is not None
    assert violations(task, by_border.plan) == ()
    length = border_length(task, by_border.plan.beat_of)
    assert length == pytest.approx(by_border.objective)
    assert 0 < by_border.bound <= length < border_length(task, by_minutes.plan.beat_of)


def test_changes_are_capped() -> None:
    today = (np.arange(16) // 8).astype(np.int64)
    task = squares(5, 4, 4, tolerance_fraction=0.5, today=today, max_changes=2)
    result = districts(task, SHORT)
    assert result.plan is not None
    assert int(changed_cells(result.plan.beat_of, 2, today).sum()) <= 2


@pytest.mark.parametrize("seed", range(3))
def test_compiled_loop_equals_the_plain_one(seed: int) -> None:
    drawn = np.random.default_rng(seed)
    core = core_of(squares(seed, 5, 5))
    borders = borders_of(core)
    results = []
    draws = drawn.random((300, 3))
    today = (np.arange(25) % 5 > 1).astype(np.int64)
    for run in (loops.shorten, loops.shorten.py_func):
        beat_of = (np.arange(25) // 15).astype(np.int64)
        load = np.bincount(beat_of, core.work)
        made = run(
            borders.first, borders.unit, borders.length_km, core.work, core.low, core.high,
            core.first, core.neighbour, np.zeros(25, np.int64), beat_of, load,
            today, 4, 0.3, 0.1, draws,
        )  # fmt: skip
        results.append((made, beat_of.tolist(), load.tolist()))
    assert results[0] == results[1]
    assert results[0][0] > 0
