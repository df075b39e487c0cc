"""Plans mended region by region: they hold, never get worse, and the last search confirms them."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from optimizer import partition as search
from optimizer import regions
from optimizer.connected_sets import connected_sets
from optimizer.cover import Cover
from optimizer.cut_loop import DUAL_SCALE, CutLoop
from optimizer.frozen import FloatArray, IntArray
from optimizer.partition import Partition, partition
from optimizer.regions import Regions
from optimizer.result import Status
from optimizer.solver import Limits

PLENTY = Limits(time_limit_s=60.0)


def grid(seed: int, *, side: int = 6) -> Cover:
    """Stations on a square grid, alone or joined by two or three, savings nearly alike."""
    at = np.arange(side * side).reshape(side, side)
    pairs = np.vstack(
        [
            np.column_stack([at[:, :-1].ravel(), at[:, 1:].ravel()]),
            np.column_stack([at[:-1].ravel(), at[1:].ravel()]),
        ]
    )
    sets = connected_sets(pairs, side * side, 3)
    members = np.vstack(
        [np.pad(s, ((0, 0), (0, 3 - s.shape[1])), constant_values=-1) for s in sets]
    )
    size = (members >= 0).sum(axis=1)
    rng = np.random.default_rng(seed)
    saving = (size - 1) * 3_500_000 + np.where(size > 1, rng.integers(0, 900_000, len(size)), 0)
    saving -= np.where(size > 2, 1_400_000, 0)
    return Cover(stations=side * side, members=members, price=size * 9_000_000 - saving)


def mended(loop: CutLoop, *, deadline: float = math.inf) -> Regions:
    return Regions(
        cover=loop.cover,
        reduced_scaled=np.maximum(loop.reduced_scaled, 0),
        cuts=loop.cuts[: len(loop.cut_price)],
        cuts_to=loop.cuts_to[: len(loop.cut_price)],
        cut_price=loop.cut_price,
        potential=loop.potential,
        scale=DUAL_SCALE,
        limits=PLENTY,
        deadline=deadline,
    )


def bounded(
    cover: Cover, monkeypatch: pytest.MonkeyPatch, *, rounds: int = 1
) -> tuple[CutLoop, FloatArray]:
    """A bound with few cuts, so that something is left to mend."""
    monkeypatch.setattr("optimizer.cut_loop._ROUNDS", rounds)
    loop = CutLoop(cover, PLENTY, math.inf)
    assert loop.run()
    assert loop.values is not None
    return loop, loop.values


@pytest.mark.parametrize("seed", range(5))
def test_one_region_over_all_finds_the_cheapest_plan(
    seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    cover = grid(seed, side=5)
    best = partition(cover, PLENTY)
    assert best.status is Status.OPTIMAL
    monkeypatch.setattr(regions, "_NEARLY_WHOLE", -1.0)  # nothing is kept: all begin alone
    monkeypatch.setattr(regions, "_NODES", 10_000)
    loop, values = bounded(cover, monkeypatch, rounds=0)
    chosen = mended(loop).plan(values)
    assert chosen is not None
    assert int(cover.price[chosen].sum()) == best.price


@pytest.mark.parametrize("seed", range(5))
def test_small_regions_hold_and_end_near_the_cheapest(
    seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    cover = grid(seed)
    best = partition(cover, PLENTY).price
    assert best is not None
    monkeypatch.setattr(regions, "_REGION_STATIONS", 10)
    monkeypatch.setattr(regions, "_CORE_STATIONS", 3)
    loop, values = bounded(cover, monkeypatch)
    begun: list[int] = []
    mend = Regions._mend

    def seen(self: Regions) -> None:
        begun.append(int(cover.price[np.unique(self.column_of)].sum()))
        mend(self)

    monkeypatch.setattr(Regions, "_mend", seen)
    chosen = mended(loop).plan(values)
    assert chosen is not None
    assert cover.holds(chosen)
    price = int(cover.price[chosen].sum())
    assert best <= price <= begun[0]
    assert price <= best * 1.01


@pytest.mark.parametrize("seed", range(4))
def test_the_excess_is_what_the_plan_costs_beyond_the_bound(
    seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    cover = grid(seed, side=4)
    loop, _ = bounded(cover, monkeypatch)
    assert loop.lower_scaled is not None
    here = mended(loop)
    chosen = partition(cover, PLENTY).chosen
    assert chosen is not None
    for plan in (chosen, cover.lone()):
        here._put(plan)
        beyond = int(cover.price[plan].sum()) * DUAL_SCALE - loop.lower_scaled
        # Reduced costs a rounding below 0 are in the bound, and not in the excess.
        below = -int(np.minimum(loop.reduced_scaled, 0).sum())
        assert 0 <= int(here._excess().sum()) <= beyond <= int(here._excess().sum()) + below


def test_out_of_time_what_is_not_decided_stays_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    cover = grid(1)
    loop, values = bounded(cover, monkeypatch, rounds=0)
    monkeypatch.setattr(regions, "branch", lambda *a, **k: pytest.fail("no time for that"))
    chosen = mended(loop, deadline=-math.inf).plan(values)
    assert chosen is not None
    assert cover.holds(chosen)
    whole = np.flatnonzero(values > 1.0 - regions._NEARLY_WHOLE)
    assert set(whole.tolist()) <= set(chosen.tolist())
    assert set(np.setdiff1d(chosen, whole).tolist()) <= set(cover.lone().tolist())
    assert len(chosen) > len(whole)


def test_without_lone_columns_where_the_relaxation_is_split_there_is_no_plan(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Three stations that may only pair: the relaxation takes three halves."""
    three = Cover(stations=3, members=np.array([[0, 1], [1, 2], [0, 2]]), price=np.ones(3, int))
    loop, values = bounded(three, monkeypatch, rounds=0)
    assert mended(loop).plan(values) is None


@pytest.mark.parametrize("seed", range(3))
def test_the_last_search_proves_what_the_regions_found(
    seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    cover = grid(seed)
    plain = partition(cover, PLENTY)
    calls: list[IntArray | None] = []
    plan = Regions.plan

    def seen(self: Regions, values: FloatArray) -> IntArray | None:
        calls.append(plan(self, values))
        return calls[-1]

    monkeypatch.setattr(Regions, "plan", seen)
    monkeypatch.setattr(search, "_MANY_COLUMNS", 0)
    monkeypatch.setattr(search, "_FEW_COLUMNS", 0)
    monkeypatch.setattr("optimizer.cut_loop._ROUNDS", 0)
    found = partition(cover, PLENTY)
    assert (found.status, found.price, found.bound) == (Status.OPTIMAL, plain.price, plain.price)
    assert calls
    # Where the search is not begun, the plan and the bound still stand, apart from each other.
    monkeypatch.setattr(search, "_MOST_SEARCHED", 0)
    monkeypatch.setattr(search, "_NEAR", 1.0)
    short = partition(cover, PLENTY)
    assert short.status is Status.FEASIBLE
    assert short.price is not None
    assert short.bound is not None
    assert plain.price is not None
    assert short.bound < plain.price <= short.price


def test_each_piece_has_its_share_of_the_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of 90 s, pieces of 1 and 2 parts of the columns: 30 s, then all that is left."""
    monkeypatch.setattr("optimizer.pieces._ALONE", 0)
    one = grid(1, side=3)
    more = replace(one, members=np.vstack([one.members] * 2), price=np.tile(one.price, 2))
    shifted = np.where(more.members >= 0, more.members + one.stations, -1)
    both = Cover(
        stations=2 * one.stations,
        members=np.vstack([shifted, one.members]),
        price=np.r_[more.price, one.price],
    )
    now, until = [10.0], list[float]()

    def solve(cover: Cover, start: IntArray | None, *, deadline: float) -> Partition:
        until.append(deadline)
        now[0] += 3.0
        return Partition(status=Status.FEASIBLE, chosen=cover.lone(), price=0, bound=0)

    monkeypatch.setattr("optimizer.partition.time.monotonic", lambda: now[0])
    search._apart(both, None, solve, 100.0)
    assert until == [40.0, 100.0]
