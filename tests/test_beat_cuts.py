"""Cuts for beats in one piece: separators by brute force, bounds that stay below the best plan."""

from __future__ import annotations

import time
from itertools import combinations

import numpy as np
import pytest

from optimizer.beat_bound import Bounding, Node
from optimizer.beat_core import BeatCore, core_of
from optimizer.beat_cut_loops import least_separator, opposite_arcs
from optimizer.beat_cuts import Separation, reached, touching
from optimizer.beat_exact import Exact
from optimizer.beat_relaxed import Relaxation
from optimizer.frozen import FloatArray
from optimizer.solver import Limits
from tests.test_beats import brute_force, grid, line


def least_by_brute_force(core: BeatCore, source: int, sink: int, weight: FloatArray) -> float:
    others = [u for u in range(core.units) if u not in (source, sink)]
    best = np.inf
    for size in range(len(others) + 1):
        for some in combinations(others, size):
            inside = np.ones(core.units, np.bool_)
            inside[list(some)] = False
            if not reached(core, source, inside)[sink]:
                best = min(best, float(weight[list(some)].sum()))
    return best


@pytest.mark.parametrize("seed", range(5))
def test_least_separator_equals_brute_force(seed: int) -> None:
    core = core_of(grid(3, 3, seed))
    random = np.random.default_rng(seed)
    weight = np.where(random.random(9) < 0.25, 0.0, random.random(9))
    opposite = opposite_arcs(core.first, core.neighbour)
    assert (core.neighbour[opposite[opposite]] == core.neighbour).all()
    separator = np.zeros(9, np.bool_)
    for source, sink in [(0, 8), (0, 4), (2, 6), (1, 7), (3, 5)]:
        if sink in core.neighbour[core.first[source] : core.first[source + 1]]:
            continue
        best = least_by_brute_force(core, source, sink, weight)
        found = least_separator(
            core.first, core.neighbour, opposite, source, sink, weight, np.inf, separator
        )
        assert found == pytest.approx(best, abs=1e-7)
        assert float(weight[separator].sum()) == pytest.approx(best, abs=1e-7)
        assert not reached(core, source, ~separator)[sink]


def test_a_cut_names_what_lies_between() -> None:
    """In a row A-B-C-D the seat A serves D wholly, C by half: D needs C."""
    core = core_of(line([1, 1, 1, 1]))
    share = np.array([1.0, 1.0, 0.5, 1.0])
    found = Separation(core).broken(0, share, by=0.01, most=5)
    assert [(unit, between.tolist()) for unit, between in found] == [(3, [2])]
    assert not Separation(core).broken(0, np.ones(4), by=0.01, most=5)
    assert touching(core, np.array([False, True, False, False])).tolist() == [
        True,
        False,
        True,
        False,
    ]


@pytest.mark.parametrize("seed", range(4))
def test_bounds_with_cuts_stay_below_the_best(seed: int) -> None:
    task = grid(3, 3, seed, beats=3, tolerance_fraction=0.6)
    best = brute_force(task)
    assert np.isfinite(best)
    core = core_of(task)
    bounding = Bounding(core)
    upper = best + 1.0
    node = bounding.raised(bounding.root(upper), upper, rounds=300)
    assert node is not None
    relaxed = Relaxation(bounding, node, upper)
    found = relaxed.raised(Limits(), time.monotonic() + 60.0, rounds=60)
    assert found is not None
    assert node.bound - 1e-3 * best <= found.bound <= best + 1e-6
    # The same at the prices that the cuts make, from whatever duals.
    priced = Bounding(core, relaxed.cut_prices(found))
    for rounds in (1, 20, 200):
        again = priced.raised(priced.root(upper), upper, rounds=rounds)
        assert again is not None
        assert again.bound <= best + 1e-6


def test_cuts_show_that_beats_would_lie_in_pieces() -> None:
    """Seats A and B of a row: the beat of A can be A alone, unless it jumps over B."""
    task = line([3, 1, 3, 1, 3, 1], seats=(0, 1), tolerance_fraction=0.2)
    core = core_of(task)
    bounding = Bounding(core)
    none = np.zeros(2)
    start = bounding.root(100.0).dual
    node = bounding.raised(
        Node(np.array([0, 1]), np.array([0, 1]), 0.0, start, none, none, none), 100.0, rounds=400
    )
    assert node is not None
    model = Exact(bounding, node, 100.0)
    plan, bound = model.solve(Limits(), time.monotonic() + 60.0)
    # A alone has 3, of a band from 4.8.
    assert plan is None
    assert bound == np.inf
    assert node.bound < 100.0
