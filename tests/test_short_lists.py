"""The cheapest partition by lists, against trying all, and what may be dropped on the way."""

from __future__ import annotations

import time
from dataclasses import replace

import numpy as np
import pytest

from optimizer import short_lists as module
from optimizer.cover import Cover, Limit
from optimizer.partition import relaxation
from optimizer.result import Status
from optimizer.short_lists import cheapest_by_lists, not_worse
from optimizer.solver import Limits
from tests.test_pareto import all_partitions, random_cover

LIMITS = Limits(time_limit_s=60.0, seed=0)


def asked(seed: int) -> Cover:
    """A random problem with two limits, and a count on every other."""
    cover, aims = random_cover(seed)
    rng = np.random.default_rng(seed)
    price = rng.integers(1, 60, len(cover)).astype(np.int64)
    rows = [rng.integers(-3, 4, len(cover)).astype(np.int64) for _ in range(2)]
    joint = ((cover.members >= 0).sum(axis=1) > 1).astype(np.int64)
    return replace(
        cover,
        price=price,
        exactly=((joint, 2),) if seed % 2 else (),
        limits=tuple(Limit(coefficients=row, at_least=2) for row in rows),
        ties=(aims.gain - aims.gain.min(),),
    )


def in_order(cover: Cover, chosen: tuple[int, ...]) -> tuple[int, int]:
    """Price, then tie weight."""
    rows = list(chosen)
    return int(cover.price[rows].sum()), int(cover.ties[0][rows].sum())


@pytest.mark.parametrize("seed", range(40))
def test_the_cheapest_of_all_that_keep_the_rows(seed: int) -> None:
    cover = asked(seed)
    known = relaxation(replace(cover, exactly=(), limits=()), LIMITS)
    assert known is not None
    found = cheapest_by_lists(cover, known, known.lower, time.monotonic() + 60.0)
    assert found is not None
    every = [in_order(cover, chosen) for chosen in all_partitions(cover)]
    if not every:
        assert found.status is Status.INFEASIBLE
        assert found.chosen is None
        return
    assert found.status is Status.OPTIMAL
    assert found.chosen is not None
    assert cover.holds(found.chosen)
    assert in_order(cover, tuple(found.chosen.tolist())) == min(every)
    assert found.price == found.bound == min(every)[0]


def test_too_long_a_list_or_no_time_is_no_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    cover = asked(0)
    known = relaxation(replace(cover, limits=()), LIMITS)
    assert known is not None
    assert cheapest_by_lists(cover, known, known.lower, time.monotonic() - 1.0) is None
    monkeypatch.setattr(module, "_MOST_PARTS", 1)
    assert cheapest_by_lists(cover, known, known.lower, time.monotonic() + 60.0) is None


def test_only_what_another_can_stand_for_is_dropped() -> None:
    sums = np.array(
        [
            [5, 0, 1, 7],
            [6, 0, 1, 7],  # dearer, nothing better
            [6, 0, 1, 8],  # dearer, more of the last row
            [9, 0, 2, 1],  # another value in the row of equality
            [5, 1, 1, 7],  # as cheap, later in the order of ties
        ]
    )
    assert not_worse(sums, equal=1).tolist() == [0, 2, 3]
    # Where more is better in both rows, 9 for two is still better in the first.
    assert not_worse(sums, equal=0).tolist() == [0, 2, 3]
    sums[3] = [9, 0, 2, 8]
    assert not_worse(sums, equal=0).tolist() == [0, 2, 3]
    sums[2] = [5, 0, 2, 8]
    assert not_worse(sums, equal=0).tolist() == [2]


def test_many_are_held_against_the_cheapest(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_PAIRWISE", 1)
    sums = np.array([[1, 0, 5], [2, 0, 4], [3, 0, 9], [4, 0, 8]])
    # The last would go before the third, but only the first is held against the others.
    assert not_worse(sums, equal=0).tolist() == [0, 2, 3]
