from __future__ import annotations

import itertools
import subprocess
import sys
from typing import Any

import numpy as np
import pytest

from optimizer import solver
from optimizer.errors import SolverError
from optimizer.result import Status
from optimizer.solver import Backend, Limits, Model, relax, solve

BACKENDS: tuple[Backend, ...] = ("scip", "cp_sat")
INF = float("inf")


def dense(objective: Any, rows: Any, row_lower: Any, row_upper: Any, **more: Any) -> Model:
    a = np.atleast_2d(np.asarray(rows, float))
    n = len(objective)
    row, column = np.nonzero(a)
    return Model(
        objective=np.asarray(objective, float),
        lower=np.asarray(more.get("lower", np.zeros(n)), float),
        upper=np.asarray(more.get("upper", np.ones(n)), float),
        integer=np.asarray(more.get("integer", np.ones(n, bool))),
        row=row,
        column=column,
        value=a[row, column],
        row_lower=np.asarray(row_lower, float),
        row_upper=np.asarray(row_upper, float),
    )


def knapsack_like(seed: int) -> Model:
    rng = np.random.default_rng(seed)
    a = rng.integers(-3, 6, size=(3, 6))
    return dense(rng.integers(-9, 10, size=6), a, rng.integers(-2, 7, 3), rng.integers(7, 10, 3))


def brute_force(model: Model) -> float | None:
    a = np.zeros((len(model.row_lower), len(model.objective)))
    np.add.at(a, (model.row, model.column), model.value)
    best: float | None = None
    for point in itertools.product((0, 1), repeat=len(model.objective)):
        activity = a @ np.array(point, float)
        if (activity < model.row_lower).any() or (activity > model.row_upper).any():
            continue
        price = float(model.objective @ np.array(point))
        best = price if best is None else min(best, price)
    return best


@pytest.mark.parametrize("backend", BACKENDS)
def test_agrees_with_brute_force(backend: Backend) -> None:
    seen = set()
    for seed in range(40):
        model = knapsack_like(seed)
        expected, found = brute_force(model), solve(model, backend=backend)
        seen.add(found.status)
        if expected is None:
            assert found.status is Status.INFEASIBLE
            continue
        assert found.status is Status.OPTIMAL
        assert found.objective == found.bound == expected
        assert found.values is not None
        assert float(model.objective @ found.values) == expected
    assert seen == {Status.OPTIMAL, Status.INFEASIBLE}


def test_mixed_integer_with_real_columns() -> None:
    # Two lorries of fixed price 3 carry up to 2 each, need 3 in total at price 0.5 a unit.
    model = dense(
        [3, 3, 0.5, 0.5],
        [[-2, 0, 1, 0], [0, -2, 0, 1], [0, 0, 1, 1]],
        [-INF, -INF, 3],
        [0, 0, INF],
        upper=[1, 1, 9, 9],
        integer=[True, True, False, False],
    )
    found = solve(model)
    assert found.status is Status.OPTIMAL
    assert found.objective == pytest.approx(7.5, abs=1e-9)


def test_cp_sat_refuses_what_it_cannot_hold_exactly() -> None:
    with pytest.raises(SolverError, match="whole"):
        solve(dense([0.5], [[1]], [0], [1]), backend="cp_sat")
    with pytest.raises(SolverError, match="whole"):
        solve(dense([1], [[1]], [0], [1], integer=[False]), backend="cp_sat")


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_row_that_no_whole_numbers_meet(backend: Backend) -> None:
    assert solve(dense([1, 1], [[2, 2]], [3], [3]), backend=backend).status is Status.INFEASIBLE


def hard_model() -> Model:
    """Market split (Cornuejols & Dawande 1998): far beyond a hundredth of a second."""
    rng = np.random.default_rng(1)
    a = rng.integers(0, 100, size=(5, 40))
    half = a.sum(axis=1) // 2
    slack = np.hstack([np.eye(5), -np.eye(5)])
    return dense(
        np.r_[np.zeros(40), np.ones(10)],
        np.hstack([a, slack]),
        half,
        half,
        upper=np.r_[np.ones(40), np.full(10, 10_000)],
    )


@pytest.mark.parametrize("backend", BACKENDS)
def test_time_out_is_never_a_proof(backend: Backend) -> None:
    found = solve(hard_model(), Limits(time_limit_s=0.3), backend=backend)
    assert found.status in (Status.FEASIBLE, Status.UNKNOWN)
    if found.status is Status.FEASIBLE:
        assert found.objective is not None
        assert found.bound is None or found.bound < found.objective


def test_a_bound_below_the_objective_is_not_optimal(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever name the solver gives its answer, the bound decides."""
    real = solver._run

    class Lying:
        def __init__(self, said: Any) -> None:
            self.said = said

        def __getattr__(self, name: str) -> Any:
            return getattr(self.said, name)

        def best_objective_bound(self) -> float:
            return float(self.said.objective_value()) - 2.0

    model = dense([-1, -1], [[1, 1]], [0], [2])
    assert solve(model).status is Status.OPTIMAL
    monkeypatch.setattr(solver, "_run", lambda *a: Lying(real(*a)))
    found = solve(model)
    assert found.status is Status.FEASIBLE
    assert found.bound == -4.0


def test_a_solution_off_its_rows_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    real = solver._run

    class Wrong:
        def __init__(self, said: Any) -> None:
            self.said = said

        def __getattr__(self, name: str) -> Any:
            return getattr(self.said, name)

        def variable_values(self) -> Any:
            return np.array([1.0, 1.0])

    monkeypatch.setattr(solver, "_run", lambda *a: Wrong(real(*a)))
    with pytest.raises(SolverError, match="row"):
        solve(dense([-1, -1], [[1, 1]], [0], [1]))


def test_same_answer_every_time() -> None:
    # Many optima: the seed must decide, not the clock.
    model = dense(np.zeros(12), [np.ones(12)], [6], [6])
    first = solve(model, Limits(seed=7)).values
    for _ in range(3):
        again = solve(model, Limits(seed=7)).values
        assert first is not None
        assert again is not None
        assert (first == again).all()


def test_linear_relaxation_and_its_dual_values() -> None:
    # Odd cycle: three stations, three pairs; half of each pair covers every station.
    pairs = [[1, 0, 1], [1, 1, 0], [0, 1, 1]]
    model = dense([2, 2, 2], pairs, [1, 1, 1], [1, 1, 1])
    found = relax(model)
    assert found.status is Status.OPTIMAL
    assert found.objective == pytest.approx(3.0)
    assert found.values == pytest.approx([0.5, 0.5, 0.5])
    assert found.dual_values == pytest.approx([1.0, 1.0, 1.0])
    assert solve(model).status is Status.INFEASIBLE
    assert relax(dense([1], [[1]], [2], [3])).status is Status.INFEASIBLE


def test_no_columns() -> None:
    nothing = {"lower": [], "upper": [], "integer": np.zeros(0, bool)}
    assert solve(dense([], np.zeros((1, 0)), [0], [1], **nothing)).status is Status.OPTIMAL
    assert solve(dense([], np.zeros((1, 0)), [1], [1], **nothing)).status is Status.INFEASIBLE


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"upper": [INF]}, "upper: must be finite"),
        ({"objective": [INF]}, "objective: must be finite"),
        ({"row": [1]}, "row: outside"),
        ({"column": [1]}, "column: outside"),
        ({"lower": [0, 0]}, "lower: shape"),
    ],
)
def test_model_checks(change: dict[str, Any], message: str) -> None:
    good: dict[str, Any] = {
        "objective": [1],
        "lower": [0],
        "upper": [1],
        "integer": [True],
        "row": [0],
        "column": [0],
        "value": [1],
        "row_lower": [0],
        "row_upper": [1],
    }
    Model(**good)
    with pytest.raises(ValueError, match=message):
        Model(**(good | change))


def test_ortools_is_imported_on_first_use_only() -> None:
    code = "import sys, optimizer.bundling; sys.exit('ortools' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


INTERRUPTED = """
import os, signal, sys, threading
import numpy as np
from optimizer.solver import Limits, Model, solve

# A test run that was sent to the background hands down a Ctrl-C that is ignored.
signal.signal(signal.SIGINT, signal.default_int_handler)
rng = np.random.default_rng(0)
a = rng.integers(1, 100, (60, 120))
row, column = np.nonzero(a)
model = Model(
    objective=-rng.integers(1, 100, 120).astype(float), lower=np.zeros(120), upper=np.ones(120),
    integer=np.ones(120, bool), row=row, column=column, value=a[row, column].astype(float),
    row_lower=np.full(60, -np.inf), row_upper=np.floor(a.sum(1) * 0.4),
)
solve(Model(
    objective=np.ones(1), lower=np.zeros(1), upper=np.ones(1), integer=np.ones(1, bool),
    row=np.zeros(1, int), column=np.zeros(1, int), value=np.ones(1),
    row_lower=np.ones(1), row_upper=np.ones(1),
))
threading.Timer(0.3, os.kill, (os.getpid(), signal.SIGINT)).start()
try:
    print(solve(model, Limits(time_limit_s=120.0), backend=sys.argv[1]).status)
except KeyboardInterrupt:
    print("interrupted")
"""


@pytest.mark.parametrize("backend", BACKENDS)
def test_ctrl_c_interrupts_and_is_never_an_answer(backend: Backend) -> None:
    done = subprocess.run(
        [sys.executable, "-c", INTERRUPTED, backend], capture_output=True, text=True, timeout=100
    )
    assert (done.stdout, done.stderr, done.returncode) == ("interrupted\n", "", 0)
