"""Pieces that no column joins, and columns dearer than their parts, against every partition."""

from __future__ import annotations

import time
from dataclasses import replace

import numpy as np
import pytest

from optimizer.cover import Cover, Limit
from optimizer.partition import partition
from optimizer.pieces import connected_pieces, not_dearer_than_parts
from optimizer.result import Status
from optimizer.solver import Limits
from tests.test_partition import every_partition, random_cover

PLENTY = Limits(time_limit_s=60.0)


@pytest.fixture(autouse=True)
def every_piece_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("optimizer.pieces._ALONE", 0)


def beside(*covers: Cover) -> Cover:
    """Covers as one, with no column between them, shuffled."""
    members, price, first = [], [], 0
    for cover in covers:
        wide = np.full((len(cover), 5), -1)
        wide[:, : cover.members.shape[1]] = cover.members
        members.append(np.where(wide >= 0, wide + first, -1))
        price.append(cover.price)
        first += cover.stations
    order = np.random.default_rng(0).permutation(sum(len(p) for p in price))
    joined = np.vstack(members)[order]
    return Cover(
        stations=first,
        members=joined,
        price=np.concatenate(price)[order],
        ties=((joined >= 0).sum(axis=1), joined[:, 0] % 3),
    )


def cheapest(cover: Cover) -> int:
    return min(int(cover.price[p].sum()) for p in every_partition(cover))


@pytest.mark.parametrize("seed", range(6))
def test_pieces_cost_together_what_they_cost_apart(seed: int) -> None:
    covers = [random_cover(10 * seed + i, stations=7 + i) for i in range(3)]
    found = partition(beside(*covers), PLENTY)
    assert found.status is Status.OPTIMAL
    assert found.price == found.bound == sum(cheapest(c) for c in covers)
    assert found.chosen is not None
    assert beside(*covers).holds(found.chosen)


def test_every_column_is_in_one_piece_or_has_no_alternative() -> None:
    lone = Cover(stations=1, members=np.array([[0, -1, -1]]), price=np.array([7]))
    whole = beside(random_cover(1), lone, random_cover(2, stations=7))
    forced, pieces = connected_pieces(whole)
    assert whole.price[forced].tolist() == [7]
    assert sorted(p.cover.stations for p in pieces) == [7, 8]
    columns = np.sort(np.concatenate([forced, *(p.columns for p in pieces)]))
    assert columns.tolist() == list(range(len(whole)))
    for piece in pieces:
        assert (piece.cover.price == whole.price[piece.columns]).all()


def test_one_piece_without_a_plan_refutes_the_whole() -> None:
    three = Cover(stations=3, members=np.array([[0, 1], [1, 2], [0, 2]]), price=np.ones(3, int))
    both = beside(random_cover(3), three)
    assert partition(both, PLENTY).status is Status.INFEASIBLE
    # A station without any column likewise.
    bare = replace(three, stations=4)
    assert partition(bare, PLENTY).status is Status.INFEASIBLE


def test_rows_over_the_whole_plan_are_kept_across_pieces() -> None:
    whole = beside(random_cover(5, stations=6), random_cover(6, stations=6))
    joint = ((whole.members >= 0).sum(axis=1) > 1).astype(np.int64)
    free = partition(whole, PLENTY).chosen
    assert free is not None
    fewer = int(joint[free].sum()) - 1
    for coupled in (
        replace(whole, exactly=((joint, fewer),)),
        replace(whole, limits=(Limit(coefficients=-joint, at_least=-fewer),)),
    ):
        found = partition(coupled, PLENTY)
        assert found.chosen is not None
        assert int(joint[found.chosen].sum()) <= fewer
        assert found.price == cheapest(coupled)


@pytest.mark.parametrize("seed", range(8))
def test_a_column_left_out_is_in_no_best_plan(seed: int) -> None:
    cover = random_cover(seed)
    kept = set(not_dearer_than_parts(cover).tolist())
    best = cheapest(cover)
    for plan in every_partition(cover):
        if int(cover.price[plan].sum()) == best:
            assert set(plan.tolist()) <= kept


def test_equal_price_stays_and_one_unit_dearer_goes() -> None:
    members = np.array([[0, -1, -1], [1, -1, -1], [2, -1, -1], [0, 2, -1], [0, 1, 2], [1, 0, -1]])
    price = np.array([5, 5, 5, 9, 14, 11])
    cover = Cover(stations=3, members=members, price=price)
    assert not_dearer_than_parts(cover).tolist() == [0, 1, 2, 3, 4]
    dearer = replace(cover, price=price + np.array([0, 0, 0, 0, 1, 0]))
    assert not_dearer_than_parts(dearer).tolist() == [0, 1, 2, 3]


def test_a_known_plan_survives_even_where_it_is_dearer_than_its_parts() -> None:
    members = np.array([[0, -1], [1, -1], [0, 1]])
    cover = Cover(stations=2, members=members, price=np.array([1, 1, 9]))
    found = partition(cover, PLENTY, start=np.array([2]))
    assert (found.status, found.price) == (Status.OPTIMAL, 2)


@pytest.mark.parametrize("pauses", range(0, 40, 3))
def test_a_clock_that_runs_out_anywhere_never_says_infeasible(
    pauses: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The clock jumps past the deadline after so many looks at it; solvers get no time either."""
    whole = beside(random_cover(7), random_cover(8), random_cover(9))
    best = sum(cheapest(random_cover(seed)) for seed in (7, 8, 9))
    looks = 0

    def late() -> float:
        nonlocal looks
        looks += 1
        return 0.0 if looks <= pauses else 1e6

    monkeypatch.setattr(time, "monotonic", late)
    found = partition(whole, PLENTY)
    assert found.status in (Status.OPTIMAL, Status.FEASIBLE, Status.UNKNOWN)
    if found.bound is not None:
        assert found.bound <= best
    if found.chosen is not None:
        assert found.price is not None
        assert found.price >= best
        assert whole.holds(found.chosen)
    if found.status is Status.FEASIBLE:
        assert found.price is not None
        assert found.bound is None or found.bound <= found.price
    # Every station may stay alone, so there always is a plan to show.
    assert found.status is not Status.UNKNOWN


@pytest.mark.parametrize("most", [0, 40, 10_000])
def test_small_pieces_searched_together_give_the_same_plan(
    most: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = beside(random_cover(11), random_cover(12, stations=7), random_cover(13))
    alone = partition(whole, PLENTY)
    monkeypatch.setattr("optimizer.pieces._ALONE", most)
    together = partition(whole, PLENTY)
    assert alone.chosen is not None
    assert together.chosen is not None
    assert together.chosen.tolist() == alone.chosen.tolist()
    assert together.bound == alone.bound
