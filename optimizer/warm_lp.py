"""Linear programs that grow by rows and are solved again from where they stood.

The only file that knows highspy (measured in docs/decisions/0011): its dual simplex takes up the
last basis after new rows, which the simplex codes inside ortools cannot through their Python.
highspy is imported on first use, so that importing Jingli stays fast.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from scipy.sparse import csr_matrix

from optimizer.errors import SolverError
from optimizer.frozen import FloatArray, IntArray
from optimizer.result import Status
from optimizer.solver import Limits, Relaxed

_DUAL_TOLERANCE = 1e-9
_OPTIONS = {
    "output_flag": False,
    "threads": 1,
    # The matrices are sparse and nearly whole already: presolve costs more than it saves, and only
    # without it does a basis carry over.
    "presolve": "off",
    "dual_feasibility_tolerance": _DUAL_TOLERANCE,
}


class WarmProgram:
    """Minimise objective @ x over x >= 0, row_lower <= A x <= row_upper."""

    def __init__(
        self, objective: FloatArray, rows: csr_matrix, row_lower: ArrayLike, row_upper: ArrayLike
    ) -> None:
        import highspy

        columns = rows.tocsc()
        n = len(objective)
        program: Any = highspy.HighsLp()
        program.num_col_, program.num_row_ = n, rows.shape[0]
        program.col_cost_ = np.asarray(objective, dtype=float)
        program.col_lower_, program.col_upper_ = np.zeros(n), np.full(n, np.inf)
        program.row_lower_ = np.asarray(row_lower, dtype=float)
        program.row_upper_ = np.asarray(row_upper, dtype=float)
        program.a_matrix_.format_ = highspy.MatrixFormat.kColwise
        program.a_matrix_.start_ = columns.indptr
        program.a_matrix_.index_ = columns.indices
        program.a_matrix_.value_ = columns.data.astype(float)
        self._highs: Any = highspy.Highs()
        for name, value in _OPTIONS.items():
            self._highs.setOptionValue(name, value)
        self._done = highspy.HighsModelStatus.kOptimal
        self._none = (
            highspy.HighsModelStatus.kInfeasible,
            highspy.HighsModelStatus.kUnboundedOrInfeasible,
        )
        if self._highs.passModel(program) == highspy.HighsStatus.kError:
            raise SolverError("highs: the linear program was refused")
        self._objective = program.col_cost_

    def add(self, rows: csr_matrix, at_most: IntArray) -> None:
        """Join rows that must not exceed `at_most`."""
        count = rows.shape[0]
        self._highs.addRows(
            count,
            np.full(count, -np.inf),
            at_most.astype(float),
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
        status = self._highs.getModelStatus()
        if status in self._none:
            return Relaxed(status=Status.INFEASIBLE)
        if status != self._done:
            return Relaxed(status=Status.UNKNOWN)
        said = self._highs.getSolution()
        values = np.array(said.col_value, dtype=float)
        return Relaxed(
            status=Status.OPTIMAL,
            objective=float(self._objective @ values),
            values=values,
            dual_values=np.array(said.row_dual, dtype=float),
        )
