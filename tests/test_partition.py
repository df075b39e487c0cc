"""Cover, limits, relaxation, cuts and branch and bound on small partitions solved by hand."""

from __future__ import annotations

import itertools
import time
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from scipy.sparse import csr_matrix, vstack

from optimizer import modular_cuts
from optimizer.cover import Cover, Limit
from optimizer.cut_loop import CutLoop
from optimizer.frozen import IntArray
from optimizer.highs import WarmProgram, branch
from optimizer.partition import partition, relaxation
from optimizer.result import Status
from optimizer.solver import Limits, Model, Relaxed, Solved

PLENTY = Limits(time_limit_s=60.0)


def random_cover(seed: int, *, stations: int = 8, counts: bool = False, rows: int = 0) -> Cover:
    """Every lone station and some sets of two to four, with random prices and rows."""
    rng = np.random.default_rng(seed)
    sets = [(s,) for s in range(stations)]
    for most in (2, 3, 4):
        every = list(itertools.combinations(range(stations), most))
        sets += [every[i] for i in sorted(rng.choice(len(every), 12, replace=False))]
    members = np.full((len(sets), 5), -1, dtype=np.int64)
    for row, one in zip(members, sets, strict=True):
        row[: len(one)] = one
    size = np.array([len(s) for s in sets])
    price = size * 1_000_000 - rng.integers(0, 900_000, len(sets)) * (size - 1)
    joint = (size > 1).astype(np.int64)
    limits = []
    for _ in range(rows):
        worth = rng.integers(-2, 9, len(sets))
        sign = int(rng.choice([-1, 1]))
        bound = int(rng.integers(0, 14)) if sign > 0 else -int(rng.integers(8, 30))
        limits.append(Limit(coefficients=sign * worth, at_least=bound))
    return Cover(
        stations=stations,
        members=members,
        price=price,
        ties=(rng.integers(0, 3, len(sets)),),
        exactly=((joint, 2),) if counts else (),
        limits=tuple(limits),
    )


def every_partition(cover: Cover) -> list[IntArray]:
    """All choices of columns that hold."""
    through: dict[int, list[int]] = {}
    sets = [frozenset(row[row >= 0].tolist()) for row in cover.members]
    for i, one in enumerate(sets):
        through.setdefault(min(one), []).append(i)
    found: list[IntArray] = []

    def extend(left: frozenset[int], chosen: list[int]) -> None:
        if not left:
            row = np.array(sorted(chosen))
            if cover.holds(row):
                found.append(row)
            return
        for i in through.get(min(left), []):
            if sets[i] <= left:
                extend(left - sets[i], [*chosen, i])

    extend(frozenset(range(cover.stations)), [])
    return found


CASES = [
    (seed, counts, rows) for seed in range(16) for counts in (False, True) for rows in (0, 1, 3)
]


@pytest.mark.parametrize(("seed", "counts", "rows"), CASES)
def test_the_cheapest_of_all_partitions_with_any_number_of_limits(
    seed: int, counts: bool, rows: int
) -> None:
    cover = random_cover(seed, counts=counts, rows=rows)
    plans = every_partition(cover)
    found = partition(cover, PLENTY)
    bound = relaxation(cover, PLENTY)
    if not plans:
        assert found.status is Status.INFEASIBLE
        return
    best = min((int(cover.price[p].sum()), int(cover.ties[0][p].sum())) for p in plans)
    assert found.status is Status.OPTIMAL
    assert found.chosen is not None
    assert cover.holds(found.chosen)
    assert (found.price, int(cover.ties[0][found.chosen].sum())) == best
    assert bound is not None
    assert bound.lower <= best[0]
    assert bound.reduced_scaled.min() >= 0
    for plan in plans:
        least = bound.lower_scaled + int(bound.reduced_scaled[plan].sum())
        assert int(cover.price[plan].sum()) * bound.scale >= least


def test_a_limit_is_missed_by_its_tolerance_and_no_more() -> None:
    cover = random_cover(1)
    worth = np.arange(len(cover))
    most = max(int(worth[p].sum()) for p in every_partition(cover))

    def status(at_least: int, tolerance: int) -> Status:
        limit = Limit(coefficients=worth, at_least=at_least, tolerance=tolerance)
        rows: dict[str, Any] = {
            "stations": cover.stations, "members": cover.members, "price": cover.price,
        }  # fmt: skip
        return partition(Cover(**rows, limits=(limit,)), PLENTY).status

    assert status(most, 0) is Status.OPTIMAL
    assert status(most + 1, 0) is Status.INFEASIBLE
    assert status(most + 3, 3) is Status.OPTIMAL
    assert status(most + 4, 3) is Status.INFEASIBLE


def no_solver_gets_anywhere(monkeypatch: pytest.MonkeyPatch) -> None:
    """As where the time ends before the first relaxation does."""

    def late(*_: object) -> Relaxed:
        return Relaxed(status=Status.UNKNOWN)

    monkeypatch.setattr(WarmProgram, "solve", late)
    monkeypatch.setattr("optimizer.partition._FEW_COLUMNS", 0)
    monkeypatch.setattr("optimizer.partition.branch", lambda *a, **k: Solved(status=Status.UNKNOWN))


def test_without_any_time_the_bound_is_the_lowest_price_per_station(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    sets = [(0,), (1,), (2,), (3,), (0, 1), (1, 2, 3)]
    members = np.array([[*one, -1, -1][:3] for one in sets])
    cover = Cover(stations=4, members=members, price=np.array([10, 10, 10, 10, 15, 20]))
    assert partition(cover, PLENTY).price == 30
    no_solver_gets_anywhere(monkeypatch)
    found = partition(cover, PLENTY)
    # 15 // 2 at station 0, 20 // 3 at the others.
    assert (found.status, found.price, found.bound) == (Status.FEASIBLE, 40, 7 + 6 + 6 + 6)


@pytest.mark.parametrize(("seed", "counts", "rows"), CASES)
def test_that_bound_holds_with_counts_limits_and_prices_below_nothing(
    seed: int, counts: bool, rows: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    cover = random_cover(seed, counts=counts, rows=rows)
    size = (cover.members >= 0).sum(axis=1)
    cover = replace(cover, price=cover.price - 800_000 * size)
    assert cover.price.min() < 0
    plans = every_partition(cover)
    no_solver_gets_anywhere(monkeypatch)
    found = partition(cover, PLENTY)
    assert found.status in (Status.FEASIBLE, Status.UNKNOWN)
    assert found.bound is not None
    assert found.bound <= min((int(cover.price[p].sum()) for p in plans), default=found.bound)
    bound = relaxation(cover, PLENTY)
    assert bound is not None
    for plan in plans:
        least = bound.lower_scaled + int(bound.reduced_scaled[plan].sum())
        assert int(cover.price[plan].sum()) * bound.scale >= least


def test_where_few_columns_hold_no_partition_more_are_searched(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    said: list[Status] = []

    def heard(model: Model, limits: Limits, **known: Any) -> Solved:
        found = branch(model, limits, **known)
        said.append(found.status)
        return found

    monkeypatch.setattr("optimizer.partition.branch", heard)
    monkeypatch.setattr("optimizer.partition._FEW_COLUMNS", 0)
    monkeypatch.setattr("optimizer.partition._LIKELY_AT_LEAST", 0)
    monkeypatch.setattr("optimizer.partition._LIKELY_PER_STATION", 0.7)
    monkeypatch.setattr("optimizer.cut_loop._ROUNDS", 0)
    for seed in range(16):
        cover = random_cover(seed, stations=9)
        found = partition(cover, PLENTY)
        best = min(int(cover.price[p].sum()) for p in every_partition(cover))
        assert (found.status, found.price) == (Status.OPTIMAL, best)
    assert Status.INFEASIBLE in said


def test_a_known_plan_is_kept_when_no_time_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    cover = random_cover(2)
    best = partition(cover, PLENTY)
    assert best.chosen is not None
    assert len(best.chosen) < cover.stations

    no_solver_gets_anywhere(monkeypatch)
    found = partition(cover, Limits(time_limit_s=0.01), start=best.chosen)
    assert found.status is Status.FEASIBLE
    assert found.price == best.price
    assert found.chosen is not None
    assert found.chosen.tolist() == best.chosen.tolist()


def odd_cycle(length: int, size: int) -> tuple[csr_matrix, IntArray, np.ndarray[Any, Any]]:
    """Stations on a circle, `size` neighbours a column, all at value 1 / size."""
    row = (np.arange(length)[:, None] + np.arange(size)).ravel() % length
    column = np.repeat(np.arange(length), size)
    rows = csr_matrix((np.ones(len(row), dtype=np.int64), (row, column)), shape=(length, length))
    return rows, np.ones(length, dtype=np.int64), np.full(length, 1.0 / size)


@pytest.mark.parametrize(("length", "size"), [(7, 2), (9, 2), (7, 3), (8, 3), (11, 5), (12, 5)])
def test_a_circle_that_no_partition_fits_is_cut_off(length: int, size: int) -> None:
    """Pairs on 7 stations in a circle: at most 3 are disjoint, though 7 halves are 3.5."""
    rows, right, values = odd_cycle(length, size)
    cuts, at_most = modular_cuts.violated(values, rows, right, length)
    assert len(at_most)
    assert (cuts @ values - at_most).max() == pytest.approx((size - 1) / size)
    for k in range(length // size + 1):
        for chosen in itertools.combinations(range(length), k):
            x = np.zeros(length, dtype=np.int64)
            x[list(chosen)] = 1
            if (rows @ x <= 1).all():
                assert (cuts @ x <= at_most).all()


@pytest.mark.parametrize("seed", range(12))
def test_no_cut_loses_a_partition(seed: int) -> None:
    cover = random_cover(seed, stations=10)
    loop = CutLoop(cover, PLENTY, time.monotonic() + 60)
    assert loop.run()
    plans = every_partition(cover)
    for plan in plans:
        x = np.zeros(len(cover), dtype=np.int64)
        x[plan] = 1
        assert (loop.cuts @ x <= loop.cuts_to).all()


def test_circles_of_pairs_are_closed_by_cuts_alone() -> None:
    """Three circles of 7, 9 and 11 stations whose neighbours may pair: one stays alone in each."""
    members, start = [], 0
    for length in (7, 9, 11):
        circle = np.arange(start, start + length)
        members += [(int(s), -1) for s in circle]
        members += [(int(a), int(b)) for a, b in zip(circle, np.roll(circle, -1), strict=True)]
        start += length
    sets = np.array(members, dtype=np.int64)
    price = np.where(sets[:, 1] < 0, 1_000_000, 1_400_000)
    loop = CutLoop(Cover(stations=start, members=sets, price=price), PLENTY, float("inf"))
    assert loop.run()
    # 12 pairs and 3 lone stations; uncut, 13.5 pairs would do.
    assert loop.lower() == 12 * 1_400_000 + 3 * 1_000_000


@pytest.mark.parametrize("seed", range(8))
def test_branch_is_exact_in_whole_units_and_honest_when_cut_short(seed: int) -> None:
    cover = random_cover(seed, stations=9)
    rows = cover.incidence().tocoo()
    n = len(cover)
    model = Model(
        objective=cover.price.astype(float),
        lower=np.zeros(n),
        upper=np.ones(n),
        integer=np.ones(n, dtype=bool),
        row=rows.row.astype(np.int64),
        column=rows.col.astype(np.int64),
        value=rows.data.astype(float),
        row_lower=np.ones(cover.stations),
        row_upper=np.ones(cover.stations),
    )
    best = min(int(cover.price[p].sum()) for p in every_partition(cover))
    found = branch(model, PLENTY)
    assert (found.status, found.objective, found.bound) == (Status.OPTIMAL, best, best)
    short = branch(model, Limits(time_limit_s=1e-9))
    assert short.status in (Status.UNKNOWN, Status.FEASIBLE, Status.OPTIMAL)
    if short.status is Status.OPTIMAL:
        assert short.objective == best


def test_branch_says_when_nothing_fits() -> None:
    model = Model(
        objective=np.ones(2),
        lower=np.zeros(2),
        upper=np.ones(2),
        integer=np.ones(2, dtype=bool),
        row=np.zeros(2, dtype=np.int64),
        column=np.arange(2),
        value=np.full(2, 2.0),
        row_lower=np.ones(1),
        row_upper=np.ones(1),
    )
    assert branch(model, PLENTY).status is Status.INFEASIBLE


def test_highs_prints_nothing(capfd: pytest.CaptureFixture[str]) -> None:
    cover = random_cover(3)
    partition(cover, PLENTY)
    rows = vstack([cover.incidence()], format="csr")
    WarmProgram(cover.price / 1e4, rows, np.ones(8), np.ones(8)).solve(PLENTY)
    assert capfd.readouterr() == ("", "")


def test_the_same_answer_every_time() -> None:
    cover = random_cover(4, rows=2)
    first, second = partition(cover, PLENTY), partition(cover, PLENTY)
    assert first.effort == second.effort
    assert (first.chosen is None) == (second.chosen is None)
    if first.chosen is not None and second.chosen is not None:
        assert first.chosen.tolist() == second.chosen.tolist()


def test_no_columns_at_all_is_infeasible() -> None:
    nothing = np.zeros(0, dtype=np.int64)
    empty = Cover(stations=3, members=np.zeros((0, 5), dtype=np.int64), price=nothing)
    assert partition(empty, PLENTY).status is Status.INFEASIBLE
    assert relaxation(empty, PLENTY) is None


@pytest.mark.parametrize("seed", range(10))
def test_limits_in_billionths_are_kept_exactly(seed: int) -> None:
    """Coefficients of 1e10, where CP-SAT inside ortools 9.15 called a worse plan the best."""
    cover = random_cover(seed, stations=7)
    rng = np.random.default_rng(seed)
    freed = rng.integers(0, 21_000_000_000, len(cover))
    plans = every_partition(cover)
    reached = sorted(int(freed[p].sum()) for p in plans)
    at_least = reached[len(reached) * 3 // 4]
    limit = Limit(coefficients=freed, at_least=at_least, per_unit=1e9, tolerance=100)
    rows: dict[str, Any] = {"stations": 7, "members": cover.members, "price": cover.price}
    found = partition(Cover(**rows, limits=(limit,)), PLENTY)
    best = min(int(cover.price[p].sum()) for p in plans if freed[p].sum() >= at_least - 100)
    assert (found.status, found.price) == (Status.OPTIMAL, best)
