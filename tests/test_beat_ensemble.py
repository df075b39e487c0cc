"""Random valid beats: every one is valid, and all of a small map are met."""

from __future__ import annotations

import numpy as np
import pytest

from optimizer import beat_ensemble
from optimizer.beat_core import core_of
from optimizer.beat_plan import BeatPlan, BeatTask
from optimizer.beat_rules import violations


def ring(cells: int) -> BeatTask:
    """Cells in a circle, each with one call."""
    at = np.arange(cells)
    angle = 2 * np.pi * at / cells
    return BeatTask(
        cell_ids=tuple(str(one) for one in at),
        calls_per_year=np.ones(cells),
        work_per_year=np.ones(cells),
        adjacency=np.column_stack([at, (at + 1) % cells]),
        beats=2,
        tolerance_fraction=0.0,
        x_km=np.cos(angle),
        y_km=np.sin(angle),
    )


def test_all_halves_of_a_ring_are_met() -> None:
    task = ring(8)
    core = core_of(task)
    tail = np.repeat(np.arange(8), np.diff(core.first))
    random = np.random.default_rng(1)
    beat_of = np.repeat([0, 1], 4).astype(np.int64)
    met = set()
    for _ in range(200):
        changed = beat_ensemble._recombined(core, beat_of, 0, 1, tail, random)
        assert changed is not None
        beat_of = changed
        plan = BeatPlan(
            beat_of=beat_of, seat=np.array([np.flatnonzero(beat_of == b)[0] for b in (0, 1)])
        )
        assert violations(task, plan) == ()
        met.add(tuple((beat_of == beat_of[0]).tolist()))
    assert len(met) == 4


def test_share_better() -> None:
    task = ring(8)
    plan = BeatPlan(beat_of=np.repeat([0, 1], 4), seat=np.array([1, 5]))
    ensemble = beat_ensemble.random_plans(task, plan, 20, seed=3)
    assert ensemble.moved == 20
    # All halves are alike: a seat one step from its end.
    best = 2 * (2 * 2 * np.sin(np.pi / 8) + 2 * np.sin(np.pi / 4))
    assert ensemble.objectives == pytest.approx(np.full(20, best))
    assert ensemble.share_better(best - 0.1) == 0.0
    assert ensemble.share_better(best + 0.1) == 1.0
