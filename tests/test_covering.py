"""Set covering and maximal covering: by hand, against enumeration, and shrinking."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from optimizer.covering import Coverage, cover_everybody, maximal_covering
from optimizer.frozen import BoolArray, FloatArray
from optimizer.result import Status
from optimizer.solver import Limits


def most(weight: FloatArray, covers: BoolArray, p: int, existing: tuple[int, ...]) -> float:
    """By enumeration."""
    rest = [j for j in range(covers.shape[1]) if j not in existing]
    return max(
        float(weight[covers[:, [*existing, *more]].any(axis=1)].sum())
        for more in combinations(rest, p - len(set(existing)))
    )


def covering_line(n: int, reach: int) -> BoolArray:
    """n places in a row; a site reaches so many steps."""
    place = np.arange(n)
    found: BoolArray = np.abs(place[:, None] - place) <= reach
    return found


def test_most_calls_worked_by_hand() -> None:
    """Calls 4, 1, 2, 3 in a row, reach 1: A or B takes 5 or 7; two sites take all."""
    weight, covers = np.array([4.0, 1.0, 2.0, 3.0]), covering_line(4, 1)
    one = maximal_covering(weight, covers, 1)
    assert (one.status, one.sites, one.covered, one.bound) == (Status.OPTIMAL, (1,), 7.0, 7.0)
    two = maximal_covering(weight, covers, 2)
    assert (two.covered, two.gap_fraction) == (10.0, 0.0)


def test_greedy_alone_would_miss_it() -> None:
    """The site that covers most is in no best pair."""
    covers = np.array(
        [[1, 0, 1], [1, 0, 1], [1, 0, 0], [0, 1, 1], [0, 1, 1], [0, 1, 0]], dtype=np.bool_
    )
    found = maximal_covering(np.ones(6), covers, 2)
    assert (found.sites, found.covered) == ((0, 1), 6.0)


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10**6), st.integers(1, 6), st.booleans())
def test_most_equals_enumeration(seed: int, p: int, whole: bool) -> None:
    random = np.random.default_rng(seed)
    covers = random.random((11, 7)) < random.choice([0.1, 0.25, 0.5])
    weight = random.integers(0, 30, 11).astype(float)
    if not whole:
        weight = weight * random.random(11)
    existing = tuple(int(j) for j in random.permutation(7)[: random.integers(0, p + 1)])
    found = maximal_covering(weight, covers, p, existing=existing)
    best = most(weight, covers, p, existing)
    assert found.status is Status.OPTIMAL
    assert found.covered == pytest.approx(best, abs=1e-4)
    assert found.covered <= found.bound + 1e-12
    assert set(existing) <= set(found.sites)
    assert len(set(found.sites)) == p


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10**6), st.integers(1, 6))
def test_everybody_equals_enumeration(seed: int, p: int) -> None:
    random = np.random.default_rng(seed)
    covers = random.random((10, 8)) < random.choice([0.2, 0.35, 0.6])
    existing = tuple(int(j) for j in random.permutation(8)[: random.integers(0, min(p, 2) + 1)])
    found = cover_everybody(covers, p, existing=existing)
    possible = most(np.ones(10), covers, p, existing) == 10
    assert found.status is (Status.OPTIMAL if possible else Status.INFEASIBLE)
    if possible:
        assert covers[:, list(found.sites)].any(axis=1).all()
        assert len(found.sites) <= p
        assert set(existing) <= set(found.sites)


def test_nine_in_a_row_need_three() -> None:
    covers = covering_line(9, 1)
    assert cover_everybody(covers, 3).sites == (1, 4, 7)
    assert cover_everybody(covers, 2).status is Status.INFEASIBLE


def test_one_site_is_needed_where_each_covers_all() -> None:
    assert len(cover_everybody(np.ones((4, 3), dtype=np.bool_), 2).sites) == 1


def hard_instance() -> tuple[FloatArray, BoolArray]:
    random = np.random.default_rng(5)
    return random.integers(1, 9, 60).astype(float), random.random((60, 24)) < 0.1


def test_without_nodes_the_bound_still_holds() -> None:
    """A search cut off says FEASIBLE, and its bound lies above what more work finds."""
    weight, covers = hard_instance()
    cut = maximal_covering(weight, covers, 6, limits=Limits(time_limit_s=60, nodes=0))
    full = maximal_covering(weight, covers, 6)
    assert full.status is Status.OPTIMAL
    assert cut.covered <= full.covered <= cut.bound
    if cut.status is not Status.OPTIMAL:
        assert cut.gap_fraction > 0


def test_a_gap_is_a_share_of_what_is_covered() -> None:
    found = Coverage(status=Status.FEASIBLE, sites=(0,), covered=80.0, bound=100.0)
    assert found.gap_fraction == 0.25


@pytest.mark.parametrize(
    ("p", "existing", "text"), [(0, (), "p: 0"), (5, (), "p: 5"), (1, (0, 1), "p"), (2, (9,), "ex")]
)
def test_wrong_numbers_are_refused(p: int, existing: tuple[int, ...], text: str) -> None:
    with pytest.raises(ValueError, match=text):
        maximal_covering(np.ones(4), covering_line(4, 1), p, existing=existing)


def test_a_weight_below_zero_is_refused() -> None:
    with pytest.raises(ValueError, match="not negative"):
        maximal_covering(np.array([1.0, -1.0]), covering_line(2, 0), 1)
