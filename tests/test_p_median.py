"""p sites nearest to all: brute force, OR-Library's optima, bounds that hold, existing sites."""

from __future__ import annotations

import csv
from itertools import combinations
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.sparse import csr_matrix
from scipy.sparse.csgraph import shortest_path

from optimizer import p_median as module
from optimizer.frozen import FloatArray
from optimizer.p_median import p_median
from optimizer.result import Status
from optimizer.solver import Limits


def cheapest(price: FloatArray, p: int, existing: tuple[int, ...] = ()) -> float:
    others = [j for j in range(price.shape[1]) if j not in existing]
    return min(
        float(price[:, [*existing, *picked]].min(axis=1).sum())
        for picked in combinations(others, p - len(existing))
    )


def orlib(shared: Path, name: str) -> tuple[FloatArray, int, int]:
    """Distances between all vertices; of repeated edges the last counts."""
    folder = shared / "orlib_pmed"
    lines = (folder / f"{name}.txt").read_text(encoding="ascii").split("\n")
    rows = [[int(v) for v in line.split()] for line in lines if line.split()]
    n, _, p = rows[0]
    length = np.zeros((n, n))
    for a, b, km in rows[1:]:
        length[a - 1, b - 1] = length[b - 1, a - 1] = km
    with (folder / "pmed_optima.csv").open(encoding="ascii") as file:
        known = {r["instance"]: int(r["optimal_p_median"]) for r in csv.DictReader(file)}
    return shortest_path(csr_matrix(length), directed=False), p, known[name]


def test_a_line_of_four_worked_by_hand() -> None:
    """Wheeler's toy: A-B-C-D, calls 4, 1, 2, 3; two seats serve all for 3."""
    place = np.arange(4.0)
    price = np.array([4.0, 1.0, 2.0, 3.0])[:, None] * np.abs(place[:, None] - place)
    found = p_median(price, 2)
    assert (found.status, found.price, found.bound) == (Status.OPTIMAL, 3.0, 3.0)
    assert found.gap_fraction == 0


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10**6), st.integers(1, 7), st.booleans())
def test_equals_brute_force(seed: int, p: int, whole: bool) -> None:
    random = np.random.default_rng(seed)
    price = random.integers(0, 30, (9, 7)).astype(float)
    if not whole:
        price *= random.random((9, 7))
    existing = tuple(int(j) for j in random.permutation(7)[: random.integers(0, p + 1)])
    found = p_median(price, p, existing=existing, limits=Limits(seed=seed))
    best = cheapest(price, p, existing)
    assert found.status is Status.OPTIMAL
    assert found.price == pytest.approx(best, rel=1e-6)
    assert found.bound <= best + 1e-9
    assert set(existing) <= set(found.sites)
    assert len(set(found.sites)) == p


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 10**6), st.integers(2, 6))
def test_the_distance_form_equals_brute_force(seed: int, p: int) -> None:
    random = np.random.default_rng(seed)
    price = random.integers(0, 12, (8, 7)).astype(float)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "_FEW_SITES", 0)
        patch.setattr(module, "_STARTS", 1)
        patch.setattr(module, "_ROOT_ROUNDS", 1)
        found = p_median(price, p)
    assert (found.status, found.price) == (Status.OPTIMAL, cheapest(price, p))


def test_without_time_the_bound_still_holds() -> None:
    random = np.random.default_rng(3)
    at = random.random((60, 2))
    price = np.rint(1000 * np.hypot(*(at[:, None] - at[None]).transpose(2, 0, 1)))
    cut = p_median(price, 5, limits=Limits(nodes=0))
    whole = p_median(price, 5)
    assert whole.status is Status.OPTIMAL
    assert cut.bound <= whole.price <= cut.price
    assert cut.status is Status.OPTIMAL or cut.gap_fraction > 0


def test_the_same_seed_gives_the_same_sites() -> None:
    price = np.random.default_rng(5).integers(0, 100, (40, 40)).astype(float)
    assert p_median(price, 4).sites == p_median(price, 4).sites


@pytest.mark.parametrize("name", ["pmed1", "pmed6", "pmed10", "pmed14", "pmed26"])
def test_or_library(shared: Path, name: str) -> None:
    price, p, known = orlib(shared, name)
    found = p_median(price, p)
    assert (found.status, found.price) == (Status.OPTIMAL, known)


@pytest.mark.parametrize(
    ("p", "existing", "said"),
    [
        (0, (), "p_median.p"),
        (4, (), "p_median.p"),
        (1, (0, 1), "p_median.p"),
        (2, (7,), "existing"),
    ],
)
def test_out_of_range(p: int, existing: tuple[int, ...], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        p_median(np.ones((3, 3)), p, existing=existing)


def test_a_price_that_is_no_price() -> None:
    with pytest.raises(ValueError, match="not negative"):
        p_median(np.array([[1.0, -1.0]]), 1)
