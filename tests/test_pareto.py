"""The Pareto set against enumeration, and what an unfinished search may claim."""

from __future__ import annotations

from dataclasses import replace
from itertools import combinations

import numpy as np
import pytest

from optimizer import pareto_sweep as module
from optimizer.cover import Cover, Limit
from optimizer.frozen import IntArray
from optimizer.pareto import Aims, Pareto, grid_of, not_bettered, pareto, weighted_distance
from optimizer.result import Status
from optimizer.solver import Limits


def random_cover(seed: int, *, stations: int = 7, share: float = 0.4) -> tuple[Cover, Aims]:
    """Every lone station, and some sets of two and three with random gain and loss."""
    rng = np.random.default_rng(seed)
    sets: list[tuple[int, ...]] = [(s,) for s in range(stations)]
    for size in (2, 3):
        every = list(combinations(range(stations), size))
        chosen = rng.random(len(every)) < share / size
        sets += [s for s, c in zip(every, chosen, strict=True) if c]
    members = np.full((len(sets), 3), -1, dtype=np.int64)
    for row, inside in zip(members, sets, strict=True):
        row[: len(inside)] = inside
    lone = np.array([len(s) == 1 for s in sets])
    gain = np.where(lone, 0, rng.integers(-2, 9, len(sets)))
    loss = np.where(lone, 0, rng.integers(-20, 60, len(sets)))
    price = np.zeros(len(sets), dtype=np.int64)
    return Cover(stations=stations, members=members, price=price), Aims(gain=gain, loss=loss)


def all_partitions(cover: Cover) -> list[tuple[int, ...]]:
    """Every partition that keeps the rows, by trying all."""
    starting: dict[int, list[tuple[int, frozenset[int]]]] = {}
    for column, members in enumerate(cover.members.tolist()):
        inside = frozenset(m for m in members if m >= 0)
        starting.setdefault(min(inside), []).append((column, inside))
    found: list[tuple[int, ...]] = []

    def grow(taken: tuple[int, ...], covered: frozenset[int]) -> None:
        left = [s for s in range(cover.stations) if s not in covered]
        if not left:
            if cover.holds(np.array(taken, dtype=np.int64)):
                found.append(tuple(sorted(taken)))
            return
        for column, inside in starting.get(left[0], []):
            if not inside & covered:
                grow((*taken, column), covered | inside)

    grow((), frozenset())
    return found


def best_sums(cover: Cover, aims: Aims) -> list[tuple[int, int]]:
    sums = {
        (int(aims.gain[list(p)].sum()), int(aims.loss[list(p)].sum()))
        for p in all_partitions(cover)
    }
    return sorted(
        one for one in sums if not any(o != one and o[0] >= one[0] and o[1] <= one[1] for o in sums)
    )


def check(cover: Cover, aims: Aims, found: Pareto) -> None:
    expected = best_sums(cover, aims)
    assert [(p.gain, p.loss) for p in found.points] == expected
    if not expected:
        assert found.status is Status.INFEASIBLE
        return
    assert found.status is Status.OPTIMAL
    assert found.gain_bound == expected[-1][0]
    for point in found.points:
        chosen = np.array(point.chosen, dtype=np.int64)
        assert cover.holds(chosen)
        assert (int(aims.gain[chosen].sum()), int(aims.loss[chosen].sum())) == (
            point.gain,
            point.loss,
        )
        assert point.gap == 0


@pytest.mark.parametrize("seed", range(120))
def test_pareto_set_is_that_of_enumeration(seed: int) -> None:
    cover, aims = random_cover(seed)
    check(cover, aims, pareto(cover, aims, Limits()))


@pytest.mark.parametrize("seed", range(40))
def test_splitting_alone_finds_the_same(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """As where there are too many plans to list: weighted sums and epsilon constraints."""
    monkeypatch.setattr(module, "_ROUNDS", (module._Effort(0, 0, 3_000),))
    cover, aims = random_cover(1000 + seed, stations=6, share=0.3)
    check(cover, aims, pareto(cover, aims, Limits()))


@pytest.mark.parametrize("seed", range(40))
def test_rows_of_the_whole_plan_are_kept(seed: int) -> None:
    cover, aims = random_cover(2000 + seed)
    joint = ((cover.members >= 0).sum(axis=1) > 1).astype(np.int64)
    weight = np.random.default_rng(seed).integers(0, 5, len(cover))
    cover = replace(
        cover,
        exactly=((joint, 2),),
        limits=(Limit(coefficients=-weight, at_least=-9, per_unit=1.0),),
    )
    check(cover, aims, pareto(cover, aims, Limits()))


def test_gains_closer_than_a_step_count_as_equal() -> None:
    members = np.array([[0, -1], [1, -1], [0, 1], [0, 1]])
    cover = Cover(stations=2, members=members, price=np.zeros(4, dtype=np.int64))
    gain, loss = np.array([0, 0, 5000, 5003]), np.array([0, 0, 10, 20])
    found = pareto(cover, Aims(gain=gain, loss=loss, step=100), Limits())
    assert [(p.gain, p.loss) for p in found.points] == [(0, 0), (5000, 10)]


@pytest.mark.parametrize("seed", range(10))
def test_what_is_left_open_is_told_as_a_gap(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Stopped after the ends: whatever lies between them is within the gap that is told."""
    cover, aims = random_cover(3000 + seed)
    everything = best_sums(cover, aims)
    monkeypatch.setattr(module.Sweep, "_work", lambda *_: False)
    found = pareto(cover, aims, Limits())
    told = [(p.gain, p.loss, p.gap) for p in found.points]
    assert told[-1][:2] == everything[-1]
    is_open = any(gap for _, _, gap in told)
    assert (found.status, found.stopped_by) == (
        (Status.FEASIBLE, "work") if is_open else (Status.OPTIMAL, None)
    )
    assert is_open or len(told) == len(everything)
    for gain, loss in everything:
        if all((gain, loss) != t[:2] for t in told):
            _, above, gap = next(t for t in told if t[0] >= gain)
            assert gap >= above - loss > 0


def test_rows_that_agree_are_held_against_each_other() -> None:
    values: IntArray = np.array([[3, 5, 0], [3, 4, 0], [2, 4, 0], [2, 3, 0], [1, 9, 1], [9, 9, 1]])
    assert sorted(not_bettered(values).tolist()) == [1, 3, 5]
    assert sorted(not_bettered(values[:, :2]).tolist()) == [1, 3, 5]
    assert sorted(not_bettered(np.array([[3, 5], [2, 5], [1, 1]])).tolist()) == [0, 2]


def test_the_knee_is_the_farthest_below_the_line() -> None:
    gain, loss = np.array([0.0, 6.0, 8.0, 10.0]), np.array([0.0, 1.0, 5.0, 10.0])
    assert weighted_distance(gain, loss) == pytest.approx([0.0, 0.5, 0.3, 0.0])
    assert weighted_distance(gain[:1], loss[:1]) == pytest.approx([0.0])


def test_gains_made_of_posts_crews_and_windows_share_a_unit() -> None:
    """By hand: 21/6, 16/6 and 37/6 officers are whole sixths; with 1/7 beside them nothing is."""
    sixths = np.array([0, 3_500_000_000, 2_666_666_667, -6_166_666_667, 6_166_666_666])
    assert grid_of(sixths, 1_000, 300) == pytest.approx(1e9 / 6, abs=1.0)
    # Without the smaller ones Euclid's remainders gather their rounding.
    large = np.array([58, 74, 95, 116]) * 1_000_000_000
    assert grid_of((large + 3) // 6, 1_000, 300) == pytest.approx(1e9 / 6, abs=1.0)
    assert grid_of(np.array([4, -6, 10, 0]), 1, 7) == 2.0
    assert grid_of(np.array([0, 0]), 1_000, 7) == 1_000.0
    rng = np.random.default_rng(5)
    assert grid_of(rng.integers(10**9, 10**10, 50), 1_000, 300) == 1_000.0
    # A unit that the rounding of many stations would blur is none.
    assert grid_of(np.array([3_000, 5_001]), 1_000, 300) == 1_000.0


@pytest.mark.parametrize("seed", range(30))
def test_gains_without_a_common_unit(seed: int) -> None:
    """Gains of many digits: the set is that of enumeration all the same."""
    cover, aims = random_cover(4000 + seed)
    noise = np.random.default_rng(seed).integers(0, 10**6, len(cover)) * 1_000
    apart = replace(aims, gain=aims.gain * 10**9 + noise * (aims.gain != 0), step=1_000)
    check(cover, apart, pareto(cover, apart, Limits()))


def test_a_sweep_out_of_work_says_so_and_out_of_time_too(monkeypatch: pytest.MonkeyPatch) -> None:
    cover, aims = random_cover(7)
    monkeypatch.setattr(module, "_ROUNDS", (module._Effort(0, 0),))
    found = pareto(cover, aims, Limits())
    assert (found.status, found.stopped_by) == (Status.FEASIBLE, "work")
    assert any(p.gap > 0 for p in found.points)
    monkeypatch.setattr(module.Sweep, "is_over", lambda _: True)
    ended = pareto(cover, aims, Limits())
    assert (ended.status, ended.stopped_by) == (Status.FEASIBLE, "time")
    assert ended.points[0].loss == found.points[0].loss


@pytest.mark.parametrize("seed", range(6))
def test_the_same_points_and_gaps_however_long_it_may_take(
    seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Work is counted: a clock that runs ten times as fast changes nothing before its end."""
    cover, aims = random_cover(5000 + seed)
    monkeypatch.setattr(module, "_ROUNDS", (module._Effort(3, 40),))
    slow = pareto(cover, aims, Limits(time_limit_s=1000.0))
    fast = pareto(cover, aims, Limits(time_limit_s=100.0))
    assert [(p.gain, p.loss, p.gap, p.chosen) for p in slow.points] == [
        (p.gain, p.loss, p.gap, p.chosen) for p in fast.points
    ]
