"""The hypercube queue: the textbook's example, brute force, Erlang, and what can go wrong."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from optimizer.hypercube import (
    MAX_EXACT_UNITS,
    Hypercube,
    Line,
    OverloadError,
    correction_factors,
    loads,
)
from optimizer.queueing import erlang_b, erlang_c

LINES: tuple[Line, ...] = ("zero", "infinite")

# Larson and Odoni (1981), sections 5.4.3-5.5.3: three units, 1.5 calls an hour, one hour each.
BOOK = Hypercube(
    alerts_per_min=np.array([0.25, 0.25, 0.25, 0.35, 0.40]) / 60,
    service_min=np.full(3, 60.0),
    preference=np.array([[0, 1, 2], [0, 1, 2], [0, 2, 1], [1, 0, 2], [2, 0, 1]]),
)
BOOK_HOME = np.array([0, 0, 0, 1, 2])


def random_cube(seed: int, units: int, atoms: int, line: Line, *, alike: bool) -> Hypercube:
    rng = np.random.default_rng(seed)
    service = np.full(units, 30.0) if alike else rng.uniform(15.0, 45.0, units)
    alerts = rng.uniform(0.1, 1.0, atoms)
    load = rng.uniform(0.2, 0.9)
    return Hypercube(
        alerts_per_min=alerts / alerts.sum() * load * (1.0 / service).sum(),
        service_min=service,
        preference=np.argsort(rng.random((atoms, units)), axis=1),
        line=line,
    )


def brute_force(cube: Hypercube) -> np.ndarray:
    """P of each state by one dense linear system, calls lost when all are busy."""
    n = len(cube.service_min)
    generator = np.zeros((2**n, 2**n))
    for state in range(2**n):
        for rate, order in zip(cube.alerts_per_min, cube.preference.tolist(), strict=True):
            free = [u for u in order if not state >> u & 1]
            if free:
                generator[state, state | 1 << free[0]] += rate
        for unit in range(n):
            if state >> unit & 1:
                generator[state, state & ~(1 << unit)] += 1.0 / cube.service_min[unit]
    np.fill_diagonal(generator, -generator.sum(axis=1))
    system = np.vstack([generator.T, np.ones(2**n)])
    found: np.ndarray = np.linalg.lstsq(system, np.append(np.zeros(2**n), 1.0), rcond=None)[0]
    return found


def test_the_textbooks_exact_figures() -> None:
    found = loads(BOOK)
    assert found.method == "exact"
    assert found.workload_fraction == pytest.approx([0.5574, 0.4734, 0.4693], abs=5e-5)
    assert found.all_busy_fraction == pytest.approx(0.23684, abs=5e-6)
    assert found.cross_fraction(BOOK_HOME) == pytest.approx(0.43529, abs=5e-5)
    assert found.dispatch_fraction[0, 0] == pytest.approx(0.087, abs=5e-4)
    states = [0.21053, 0.13669, 0.08863, 0.09489, 0.09047, 0.08894, 0.05301, 0.23684]
    assert found.state_fraction == pytest.approx(states, abs=5e-6)


def test_the_textbooks_approximation() -> None:
    assert correction_factors(3, 1.5, "infinite") == pytest.approx([1, 0.73684, 0.63158], abs=5e-6)
    found = loads(BOOK, "approximate")
    assert found.workload_fraction == pytest.approx([0.5627, 0.4716, 0.4657], abs=2e-4)


@pytest.mark.parametrize("line", LINES)
@pytest.mark.parametrize("seed", range(4))
def test_units_that_differ_equal_one_linear_system(seed: int, line: Line) -> None:
    cube = random_cube(seed, 4, 6, line, alike=False)
    lost = brute_force(cube)
    found = loads(cube)
    assert found.state_fraction is not None
    if line == "zero":
        assert found.state_fraction == pytest.approx(lost, abs=1e-9)
    else:
        load = float(cube.alerts_per_min.sum() / (1.0 / cube.service_min).sum())
        lost[-1] /= 1.0 - load
        assert found.state_fraction == pytest.approx(lost / lost.sum(), abs=1e-9)


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10**6), st.integers(1, 7), st.sampled_from(LINES))
def test_all_busy_is_erlangs_whatever_the_preferences(seed: int, units: int, line: Line) -> None:
    cube = random_cube(seed, units, 5, line, alike=True)
    found = loads(cube)
    erlang = erlang_b if line == "zero" else erlang_c
    assert found.all_busy_fraction == pytest.approx(float(erlang(units, cube.offered_erlangs)))


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10**6), st.integers(1, 7), st.sampled_from(LINES), st.booleans())
def test_what_is_answered_is_what_keeps_units_busy(
    seed: int, units: int, line: Line, alike: bool
) -> None:
    cube = random_cube(seed, units, 5, line, alike=alike)
    found = loads(cube)
    answered = 1.0 - found.all_busy_fraction if line == "zero" else 1.0
    per_min = found.dispatch_fraction * cube.alerts_per_min.sum() * answered
    assert per_min.sum(axis=1) * cube.service_min == pytest.approx(found.workload_fraction)
    # Whoever calls, all are busy equally often.
    assert per_min.sum(axis=0) == pytest.approx(cube.alerts_per_min * answered)
    assert found.dispatch_fraction.sum() == pytest.approx(1.0)


@pytest.mark.parametrize("line", LINES)
@pytest.mark.parametrize("units", [3, 8])
def test_the_approximation_is_within_a_hundredth(units: int, line: Line) -> None:
    for seed in range(5):
        cube = random_cube(seed, units, 40, line, alike=True)
        exact, near = loads(cube, "exact"), loads(cube, "approximate")
        assert near.workload_fraction == pytest.approx(exact.workload_fraction, abs=0.02)
        assert near.all_busy_fraction == pytest.approx(exact.all_busy_fraction)
        assert near.dispatch_fraction.sum() == pytest.approx(1.0)


def test_many_units_are_approximated_and_a_lone_one_is_a_single_queue() -> None:
    many = loads(random_cube(1, MAX_EXACT_UNITS + 25, 100, "infinite", alike=True))
    assert many.method == "approximate"
    assert many.state_fraction is None
    alone = Hypercube(
        alerts_per_min=np.array([0.01, 0.01]), service_min=np.array([30.0]),
        preference=np.zeros((2, 1), int),
    )  # fmt: skip
    for method in ("exact", "approximate"):
        found = loads(alone, method)  # type: ignore[arg-type]
        assert found.workload_fraction == pytest.approx([0.6])
        assert found.all_busy_fraction == pytest.approx(0.6)
        assert found.cross_fraction(np.zeros(2, int)) == 0


def test_own_atoms_as_a_table_of_units_and_atoms() -> None:
    own = np.array([[1, 1, 1, 0, 0], [0, 0, 0, 1, 0], [0, 0, 0, 0, 1]], bool)
    found = loads(BOOK)
    assert found.cross_fraction(own) == pytest.approx(found.cross_fraction(BOOK_HOME))


@pytest.mark.parametrize("method", ["exact", "approximate"])
def test_more_work_than_all_can_do_is_refused_with_the_units_that_would(method: str) -> None:
    cube = Hypercube(
        alerts_per_min=np.array([0.1]), service_min=np.full(3, 30.0),
        preference=np.array([[0, 1, 2]]),
    )  # fmt: skip
    with pytest.raises(OverloadError, match="at least 4 units") as error:
        loads(cube, method)  # type: ignore[arg-type]
    assert error.value.units_needed == 4
    lost = Hypercube(
        alerts_per_min=cube.alerts_per_min, service_min=cube.service_min,
        preference=cube.preference, line="zero",
    )  # fmt: skip
    assert loads(lost, method).all_busy_fraction == pytest.approx(float(erlang_b(3, 3.0)))  # type: ignore[arg-type]


def test_methods_that_do_not_fit() -> None:
    with pytest.raises(ValueError, match="up to 15"):
        loads(random_cube(0, 16, 3, "zero", alike=True), "exact")
    with pytest.raises(ValueError, match="same service_min"):
        loads(random_cube(0, 3, 3, "zero", alike=False), "approximate")


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"alerts_per_min": np.array([-0.1, 0.2])}, "not negative"),
        ({"alerts_per_min": np.zeros(2)}, "not all 0"),
        ({"service_min": np.array([0.0, 1.0])}, "above 0"),
        ({"service_min": np.array([np.inf, 1.0])}, "finite"),
        ({"preference": np.array([[0, 0], [0, 1]])}, "every unit once"),
        ({"preference": np.array([[0, 1]])}, "shape"),
        ({"line": "long"}, "zero or infinite"),
    ],
)
def test_what_is_no_hypercube(change: dict[str, object], said: str) -> None:
    good: dict[str, object] = {
        "alerts_per_min": np.array([0.1, 0.2]),
        "service_min": np.array([1.0, 1.0]),
        "preference": np.array([[0, 1], [1, 0]]),
    }
    Hypercube(**good)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match=said):
        Hypercube(**(good | change))  # type: ignore[arg-type]
