"""Beats of many units: shares around near seats, a bound from lists that holds for every plan."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial import Delaunay

from optimizer import beat_loops, beats
from optimizer import beat_scale_loops as loops
from optimizer.beat_bound_scale import NearBound, bound_of_many, near_lists
from optimizer.beat_core import core_of
from optimizer.beat_plan import BeatTask
from optimizer.beat_rules import violations
from optimizer.beat_search_scale import best_of_many
from optimizer.solver import Limits
from tests.test_beats import brute_force, grid

EVER = float("inf")


def net(cells: int, beats: int, seed: int, **fields: object) -> BeatTask:
    """Random points, those that touch in a Delaunay net, lognormal calls."""
    random = np.random.default_rng(seed)
    points = random.random((cells, 2)) * np.sqrt(cells)
    calls = np.maximum(1.0, np.rint(20 * random.lognormal(0, 1, cells)))
    sides = Delaunay(points).simplices[:, [[0, 1], [1, 2], [0, 2]]].reshape(-1, 2)
    values: dict[str, object] = {
        "cell_ids": tuple(map(str, range(cells))), "calls_per_year": calls,
        "work_per_year": calls, "adjacency": np.unique(np.sort(sides, axis=1), axis=0),
        "beats": beats, "tolerance_fraction": 0.1, "x_km": points[:, 0], "y_km": points[:, 1],
        **fields,
    }  # fmt: skip
    return BeatTask(**values)  # type: ignore[arg-type]


@given(
    st.lists(st.tuples(st.integers(-6, 6), st.integers(1, 5)), min_size=1, max_size=12),
    st.floats(0.1, 40),
)
@settings(max_examples=200, deadline=None)
def test_threshold_is_that_of_a_sorted_list(items: list[tuple[int, int]], target: float) -> None:
    rate, work = (np.array(column, float) for column in zip(*items, strict=True))
    order = np.argsort(rate, kind="stable")
    weight = np.cumsum(work[order])
    wanted = rate[order][weight >= target]
    expected = wanted[0] if len(wanted) else np.inf
    for run in (loops.threshold, loops.threshold.py_func):
        assert run(rate.copy(), work.copy(), len(rate), target) == expected


def value_of(low: float, high: float, *, beyond: float = 9.0) -> tuple[float, float]:
    """Of a seat with 1 of work itself, and units of 2 of work at reduced rates -3, -1 and 2."""
    first, unit = np.array([0, 3]), np.array([1, 2, 3])
    rate, worth = np.array([1.0, 2.0, 2.0]), np.array([5.0, 4.0, 3.0, 0.0])
    work, room = np.array([1.0, 2.0, 2.0, 2.0]), (np.empty(4), np.empty(4))
    args = (0, first, unit, rate, work, worth, 0, 0.0, low, high, beyond, *room)
    plain = loops.seat_value.py_func(*args)
    assert loops.seat_value(*args) == plain
    return (float(plain[0]), float(plain[1]))


def test_value_of_a_seat_by_hand() -> None:
    # Its own duals of 5, and both units that save.
    assert value_of(0.0, 9.0) == (-5.0 - 6.0 - 2.0, 0.0)
    # Room for 2 besides itself: the first unit only, and half the second with 1 more.
    assert value_of(0.0, 3.0)[0] == pytest.approx(-5.0 - 6.0)
    assert value_of(0.0, 4.0)[0] == pytest.approx(-5.0 - 6.0 - 1.0)
    # One more of work is needed: half of the third unit.
    assert value_of(6.0, 9.0)[0] == pytest.approx(-5.0 - 8.0 + 2.0)
    # What is not listed may cost but 0.5 per unit of work.
    assert value_of(6.0, 9.0, beyond=0.5)[0] == pytest.approx(-5.0 - 8.0 + 0.5)
    # More than the list has is taken from beyond it.
    assert value_of(9.0, 9.0, beyond=3.0)[0] == pytest.approx(-5.0 - 8.0 + 4.0 + 2 * 3.0)


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize(("reach", "shares"), [(0.4, 9.0), (9.0, 0.3), (1.2, 1.0), (99.0, 99.0)])
def test_bound_from_lists_holds(seed: int, reach: float, shares: float) -> None:
    """However short the lists: no plan is below the bound, at every step."""
    fields: dict[str, object] = {"seats": (4,)} if seed % 2 else {}
    task = grid(3, 3, seed, beats=2 + seed % 2, tolerance_fraction=0.4, **fields)
    best = brute_force(task)
    if not np.isfinite(best):
        pytest.skip("no plan at all")
    core = core_of(task)
    lists = near_lists(core, reach, shares)
    assert lists is not None
    bound = NearBound(core, lists, best + 1.0)
    for step in (1.0, 0.5, 0.1):
        bound.raise_for(lists, 60, step, EVER)
        assert bound.bound <= best * (1 + 1e-9)


def test_work_that_is_not_calls_and_units_without_work() -> None:
    calls = np.array([3.0, 0.0, 2.0, 5.0, 1.0, 0.0, 4.0, 2.0, 2.0])
    work = np.array([1.0, 2.0, 0.0, 3.0, 1.0, 2.0, 0.0, 4.0, 2.0])
    task = replace(grid(3, 3, 1), calls_per_year=calls, work_per_year=work)
    best = brute_force(task)
    core = core_of(task)
    for reach in (0.5, 3.0, 99.0):
        lists = near_lists(core, reach)
        assert lists is not None
        bound = NearBound(core, lists, best)
        bound.raise_for(lists, 200, 1.0, EVER)
        assert 0 < bound.bound <= best * (1 + 1e-9)


def test_bound_from_lists_comes_near_the_plan() -> None:
    task = net(300, 6, 1)
    core = core_of(task)
    found = best_of_many(core, 0, 0.0, {})
    assert found is not None
    evidence: dict[str, float] = {}
    bound = bound_of_many(core, found, EVER, evidence)
    assert evidence["bound_rounds"] > 0
    assert 0.9 * found.objective < bound <= found.objective


def test_no_time_no_bound() -> None:
    core = core_of(net(300, 6, 1))
    found = best_of_many(core, 0, 0.0, {})
    assert found is not None
    assert bound_of_many(core, found, 0.0, {}) == 0.0


@pytest.mark.parametrize("seed", range(3))
def test_shares_around_near_seats_equal_those_around_all(seed: int) -> None:
    random = np.random.default_rng(seed)
    price, work = random.random((3, 40)), random.random(40)
    listed = np.tile(np.arange(3), (40, 1))
    low, high = 0.9 * work.sum() / 3, 1.1 * work.sum() / 3
    settings_ = (work, low, high)
    all_of = beat_loops.even_shares(price, *settings_, np.zeros(3), 40, 0.3)
    prices = np.ascontiguousarray(price.T)
    for run in (loops.even_shares_near, loops.even_shares_near.py_func):
        assert run(prices, listed, *settings_, np.zeros(3), 40, 0.3).tolist() == all_of.tolist()
    # With two beats only to choose from, no unit is of the third.
    two = loops.even_shares_near(prices[:, :2].copy(), listed[:, :2].copy(), *settings_,
                                 np.zeros(3), 40, 0.3)  # fmt: skip
    assert set(two.tolist()) == {0, 1}


def test_compiled_ascent_equals_the_plain_one() -> None:
    core = core_of(grid(3, 4, 3, beats=3))
    lists = near_lists(core, 3.0)
    assert lists is not None
    results = []
    for run in (loops.ascend_near, loops.ascend_near.py_func):
        worth = np.minimum(1.0, lists.most)
        best, way, state = worth.copy(), np.zeros(12), np.array([-1e300, 1.0, 0.0])
        none = np.full(12, -1)
        run(
            lists.first, lists.unit, lists.rate, core.work, core.home, np.zeros(12), lists.beyond,
            none, 0, core.low, core.high, 3, worth, best, lists.most, way, state, 60.0, 12, 4,
        )  # fmt: skip
        results.append((worth, best, state))
    for one, other in zip(*results, strict=True):
        assert one == pytest.approx(other, rel=1e-9)


def test_many_units_get_a_plan_and_a_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(beats, "MANY_UNITS", 100)
    monkeypatch.setattr(beats, "LISTED_UNITS", 100)
    # Villages of two cells that touch, so that they can be in one beat.
    task = net(400, 8, 2)
    near = {int(a): int(b) for a, b in task.adjacency[::-1]}
    groups = np.full(400, -1)
    for village, cell in enumerate(range(0, 40, 4)):
        if groups[cell] < 0 and groups[near[cell]] < 0:
            groups[[cell, near[cell]]] = village
    task = replace(task, group=groups, seats=(7,))
    result = beats.districts(task, Limits(time_limit_s=6.0))
    assert result.plan is not None
    assert violations(task, result.plan) == ()
    assert result.objective is not None
    assert result.gap_fraction is not None
    assert 0 < result.gap_fraction < 0.1
    assert "bound_rounds" in result.evidence


def test_pieces_of_the_map_and_cells_without_calls_at_scale(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Two nets apart, every tenth cell idle: no beat reaches over, no island is left."""
    monkeypatch.setattr(beats, "MANY_UNITS", 100)
    monkeypatch.setattr(beats, "LISTED_UNITS", 100)
    left, right = net(150, 3, 3), net(150, 3, 4)
    assert left.x_km is not None
    assert right.x_km is not None
    assert left.y_km is not None
    assert right.y_km is not None
    calls = np.ones(300)
    calls[::10] = 0.0
    task = replace(
        left, cell_ids=tuple(map(str, range(300))), calls_per_year=calls, work_per_year=calls,
        adjacency=np.vstack([left.adjacency, right.adjacency + 150]), beats=6,
        x_km=np.r_[left.x_km, right.x_km + 20.0], y_km=np.r_[left.y_km, right.y_km],
    )  # fmt: skip
    result = beats.districts(task, Limits(time_limit_s=4.0))
    assert result.plan is not None
    assert violations(task, result.plan) == ()
    assert {len(set(result.plan.beat_of[half])) for half in (np.s_[:150], np.s_[150:])} == {3}
    assert 0 < result.bound <= (result.objective or 0.0)
