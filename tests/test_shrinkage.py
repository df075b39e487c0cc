"""Rates of small areas: equal to esda's, worked by hand, and never louder than chance allows."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from geo.shrinkage import shrunk_rates
from optimizer.frozen import FloatArray, IntArray

smoothing = pytest.importorskip("esda.smoothing")
weights = pytest.importorskip("libpysal.weights")


def areas(seed: int, n: int = 64) -> tuple[FloatArray, FloatArray]:
    rng = np.random.default_rng(seed)
    exposure = rng.integers(50, 5000, n).astype(float)
    return rng.poisson(exposure * rng.gamma(4, 0.002, n)).astype(float), exposure


def pairs_of(lattice: object, n: int) -> IntArray:
    near = lattice.neighbors  # type: ignore[attr-defined]
    return np.array([(i, j) for i in range(n) for j in near[i] if i < j])


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_as_esda(seed: int) -> None:
    counts, exposure = areas(seed)
    wanted = smoothing.Empirical_Bayes(counts, exposure).r.ravel()
    assert shrunk_rates(counts, exposure).rate == pytest.approx(wanted, rel=1e-9)
    lattice = weights.lat2W(8, 8)
    wanted = smoothing.Spatial_Empirical_Bayes(counts, exposure, lattice).r.ravel()
    found = shrunk_rates(counts, exposure, pairs_of(lattice, 64))
    assert found.rate == pytest.approx(wanted, rel=1e-9)


def test_by_hand() -> None:
    # m = 20 / 20 = 1; s2 = (10 x (0.2-1)^2 + 10 x (1.8-1)^2) / 20 = 0.64; A = 0.64 - 1/10 = 0.54.
    found = shrunk_rates(np.array([2.0, 18.0]), np.array([10.0, 10.0]))
    kept = 0.54 / (0.54 + 0.1)
    assert found.kept_fraction == pytest.approx([kept, kept])
    assert found.rate == pytest.approx([1 - 0.8 * kept, 1 + 0.8 * kept])


def test_a_village_with_two_alerts_is_not_high() -> None:
    rng = np.random.default_rng(4)
    exposure = np.full(200, 1000.0)
    counts = rng.poisson(exposure * rng.gamma(9, 0.02 / 9, 200)).astype(float)
    # A hamlet of 20 with 2 alerts has five times the county's rate; a town that has it surely is.
    exposure[:2], counts[:2] = (20.0, 20_000.0), (2.0, 2000.0)
    found = shrunk_rates(counts, exposure)
    assert found.raw[0] == pytest.approx(found.raw[1])
    assert found.low[0] < found.common[0] < found.low[1]
    assert found.rate[0] < 0.5 * found.raw[0]
    assert found.rate[1] > 0.95 * found.raw[1]


def test_rates_that_do_not_differ_are_one_rate() -> None:
    found = shrunk_rates(np.array([10.0, 20.0, 30.0]), np.array([100.0, 200.0, 300.0]))
    assert found.rate == pytest.approx([0.1, 0.1, 0.1])
    assert (found.low < 0.1).all()
    assert (found.high > 0.1).all()


def test_areas_without_residents_have_the_common_rate() -> None:
    found = shrunk_rates(np.array([5.0, 9.0, 3.0]), np.array([100.0, 80.0, 0.0]))
    assert found.rate[2] == pytest.approx(14 / 180)
    assert np.isnan(found.raw[2])
    with pytest.raises(ValueError, match="no area"):
        shrunk_rates(np.ones(2), np.zeros(2))


def test_the_interval_holds_the_true_rate_as_often_as_it_says() -> None:
    rng = np.random.default_rng(5)
    held = []
    for _ in range(20):
        true = rng.gamma(4, 0.002, 300)
        exposure = rng.integers(50, 5000, 300).astype(float)
        found = shrunk_rates(rng.poisson(exposure * true).astype(float), exposure,
                             interval_fraction=0.9)  # fmt: skip
        held.append(((found.low <= true) & (true <= found.high)).mean())
    assert np.mean(held) == pytest.approx(0.9, abs=0.015)


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10_000))
def test_a_rate_lies_between_its_own_and_the_common_one(seed: int) -> None:
    counts, exposure = areas(seed, 12)
    found = shrunk_rates(counts, exposure)
    low, high = np.minimum(found.raw, found.common), np.maximum(found.raw, found.common)
    assert (found.rate >= low - 1e-12).all()
    assert (found.rate <= high + 1e-12).all()
