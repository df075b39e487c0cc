"""HiGHS: linear programs solved again from where they stood, and branch and bound for provinces.

The only file that knows highspy (measured in docs/decisions/0011). Its dual simplex takes up the
last basis after new rows, which the simplex codes inside ortools cannot through their Python; its
branch and bound is the quickest on thousands of columns, and here, unlike through ortools, reports
its own bound. highspy is imported on first use, so that importing Jingli stays fast.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from scipy.sparse import csr_matrix

from optimizer.errors import SolverError
from optimizer.frozen import FloatArray
from optimizer.result import Status
from optimizer.solver import Limits, Model, Relaxed, Solved, checked, interruptibly

_DUAL_TOLERANCE = 1e-9
_OBJECTIVE_SPAN = 1e6
_ROUNDING = 0.5
_NONE = ("kInfeasible", "kUnboundedOrInfeasible")
_QUIET = {"output_flag": False, "threads": 1}
_SIMPLEX = {
    **_QUIET,
    # The matrices are sparse and nearly whole already: presolve costs more than it saves, and only
    # without it does a basis carry over.
    "presolve": "off",
    "dual_feasibility_tolerance": _DUAL_TOLERANCE,
}


class WarmProgram:
    """Minimise objective @ x over x >= 0, row_lower <= A x <= row_upper."""

    def __init__(
        self,
        objective: FloatArray,
        rows: csr_matrix,
        row_lower: ArrayLike,
        row_upper: ArrayLike,
        *,
        interior: bool = False,
    ) -> None:
        """`interior`: begin by an interior point method and crossover instead of the simplex."""
        self._objective = np.asarray(objective, dtype=float)
        n = len(self._objective)
        program = _program(
            self._objective, np.zeros(n), np.full(n, np.inf), rows, row_lower, row_upper
        )
        self._highs = _solver(program, {**_SIMPLEX, "solver": "ipm" if interior else "simplex"})

    def add(self, rows: csr_matrix, row_lower: ArrayLike, row_upper: ArrayLike) -> None:
        """Join rows to the program."""
        self._highs.addRows(
            rows.shape[0],
            np.asarray(row_lower, dtype=float),
            np.asarray(row_upper, dtype=float),
            rows.nnz,
            rows.indptr[:-1].astype(np.int32),
            rows.indices.astype(np.int32),
            rows.data.astype(float),
        )

    def solve(self, limits: Limits) -> Relaxed:
        """Optimum with dual values; UNKNOWN when the time ran out or the code gave up."""
        self._highs.setOptionValue("random_seed", limits.seed % 2**31)
        # Its clock counts from the first call on.
        until_s = self._highs.getRunTime() + max(0.01, limits.time_limit_s)
        self._highs.setOptionValue("time_limit", until_s)
        self._highs.run()
        self._highs.setOptionValue("solver", "simplex")
        name = self._highs.getModelStatus().name
        if name in _NONE:
            return Relaxed(status=Status.INFEASIBLE)
        if name != "kOptimal":
            return Relaxed(status=Status.UNKNOWN)
        said = self._highs.getSolution()
        values = np.array(said.col_value, dtype=float)
        return Relaxed(
            status=Status.OPTIMAL,
            objective=float(self._objective @ values),
            values=values,
            dual_values=np.array(said.row_dual, dtype=float),
        )


def branch(model: Model, limits: Limits, *, start: FloatArray | None = None) -> Solved:
    """Solve a mixed-integer model with zero gap, or as far as time and nodes allow.

    Args:
        model: The model; every priced column whole and every price whole.
        limits: Time, seed and nodes.
        start: A solution to begin from, shape (N,).

    Returns:
        As `solver.solve`: a bound rounded up to whole units.

    Raises:
        SolverError: HiGHS refused the model or returned rows that do not hold.
    """
    import highspy

    # Its tolerances are absolute, so prices are brought to a span where one unit stays visible.
    unit = max(1.0, float(np.abs(model.objective).max(initial=0.0)) / _OBJECTIVE_SPAN)
    shape = (len(model.row_lower), len(model.objective))
    rows = csr_matrix((model.value, (model.row, model.column)), shape=shape)
    program = _program(
        model.objective / unit, model.lower, model.upper, rows, model.row_lower, model.row_upper
    )
    kinds = (highspy.HighsVarType.kContinuous, highspy.HighsVarType.kInteger)
    program.integrality_ = [kinds[int(whole)] for whole in model.integer]
    options = {
        **_QUIET,
        "mip_rel_gap": 0.0,
        "mip_abs_gap": min(1e-6, 0.1 / unit),
        "mip_heuristic_effort": 0.0,
        "random_seed": limits.seed % 2**31,
        "time_limit": limits.time_limit_s,
        **({} if limits.nodes is None else {"mip_max_nodes": limits.nodes}),
    }
    highs = _solver(program, options)
    if start is not None:
        known = highspy.HighsSolution()
        known.col_value = np.asarray(start, dtype=float).tolist()
        highs.setSolution(known)
    highs.HandleUserInterrupt = True
    with _nothing_printed():
        interruptibly(highs.run, highs.cancelSolve)
    if highs.getModelStatus().name in _NONE:
        return Solved(status=Status.INFEASIBLE)
    said = highs.getInfo()
    found = np.array(highs.getSolution().col_value, dtype=float)
    known_feasible = int(highspy.SolutionStatus.kSolutionStatusFeasible)
    feasible = int(said.primal_solution_status) == known_feasible
    # Half a unit is left to its rounding; the next whole unit is the bound all the same.
    bound = float(said.mip_dual_bound) * unit - _ROUNDING
    optimal = highs.getModelStatus().name == "kOptimal"
    return checked(model, found if feasible else None, bound, "highs", optimal=optimal)


def binary_model(
    objective: FloatArray, rows: csr_matrix, lower: ArrayLike, upper: ArrayLike
) -> Model:
    """Minimise objective @ x over x in {0, 1}, lower <= rows @ x <= upper."""
    entries = rows.tocoo()
    n = len(objective)
    return Model(
        objective=objective,
        lower=np.zeros(n),
        upper=np.ones(n),
        integer=np.ones(n, dtype=bool),
        row=entries.row.astype(np.int64),
        column=entries.col.astype(np.int64),
        value=entries.data.astype(float),
        row_lower=np.asarray(lower, dtype=float),
        row_upper=np.asarray(upper, dtype=float),
    )


@contextmanager
def _nothing_printed() -> Iterator[None]:
    """Keep what HiGHS prints whatever its options off standard output, which may carry JSON."""
    sys.stdout.flush()
    kept, nowhere = os.dup(1), os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(nowhere, 1)
        yield
    finally:
        os.dup2(kept, 1)
        os.close(kept)
        os.close(nowhere)


def _program(
    objective: FloatArray,
    lower: FloatArray,
    upper: FloatArray,
    rows: csr_matrix,
    row_lower: ArrayLike,
    row_upper: ArrayLike,
) -> Any:
    import highspy

    columns = rows.tocsc()
    program: Any = highspy.HighsLp()
    program.num_col_, program.num_row_ = len(objective), rows.shape[0]
    program.col_cost_, program.col_lower_, program.col_upper_ = objective, lower, upper
    program.row_lower_ = np.asarray(row_lower, dtype=float)
    program.row_upper_ = np.asarray(row_upper, dtype=float)
    program.a_matrix_.format_ = highspy.MatrixFormat.kColwise
    program.a_matrix_.start_ = columns.indptr
    program.a_matrix_.index_ = columns.indices
    program.a_matrix_.value_ = columns.data.astype(float)
    return program


def _solver(program: Any, options: dict[str, Any]) -> Any:
    import highspy

    highs: Any = highspy.Highs()
    for name, value in options.items():
        if highs.setOptionValue(name, value) != highspy.HighsStatus.kOk:
            raise SolverError(f"highs: option {name} = {value} was refused")
    if highs.passModel(program) == highspy.HighsStatus.kError:
        raise SolverError("highs: the model was refused")
    return highs
