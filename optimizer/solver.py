"""The only file that knows a solver: linear models with integers in, honest answers out.

Backends, all inside ortools, one worker, fixed seed (measured in docs/decisions/0003):

- `scip` for mixed-integer models. Its bound is a real bound. (The HiGHS reached through ortools
  reports the incumbent's value as its bound, so a gap after a time-out would be a lie.)
- `cp_sat` for pure integer models with integer data: exact arithmetic.
- `glop` for linear relaxations, with dual values.

Tours with times (`best_tours`) go to CP-SAT's circuits, which no linear model can say.

ortools is imported on first use, so that importing Jingli stays fast.
"""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from optimizer.errors import SolverError
from optimizer.frozen import BoolArray, FloatArray, IntArray, read_only
from optimizer.result import Status

Backend = Literal["scip", "cp_sat"]

ROW_TOLERANCE = 1e-6
_RELATIVE_EQUALITY = 1e-9
_HUGE = 1e19
_JOIN_S = 1.0
# CP-SAT ends a thread of its own a moment after it returns; a process that is gone by then aborts.
_SETTLE_S = 0.5
_ORTOOLS_NAME = {"scip": "scip", "cp_sat": "sat", "glop": "glop"}


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Model:
    """Minimise objective @ x over lower <= x <= upper, row_lower <= A x <= row_upper.

    N columns, M rows, Z entries of A as triplets; several entries at one place add up.

    Attributes:
        objective: Shape (N,).
        lower, upper: Finite bounds, shape (N,), so that no model is unbounded.
        integer: Columns that must be whole numbers, shape (N,).
        row, column, value: The entries of A, shape (Z,).
        row_lower, row_upper: Shape (M,); -inf or inf where a side is free.
    """

    objective: FloatArray
    lower: FloatArray
    upper: FloatArray
    integer: BoolArray
    row: IntArray
    column: IntArray
    value: FloatArray
    row_lower: FloatArray
    row_upper: FloatArray

    def __post_init__(self) -> None:
        n, m, z = np.size(self.objective), np.size(self.row_lower), np.size(self.value)
        shapes: dict[str, tuple[type, int]] = {
            "objective": (float, n),
            "lower": (float, n),
            "upper": (float, n),
            "integer": (np.bool_, n),
            "row": (np.int64, z),
            "column": (np.int64, z),
            "value": (float, z),
            "row_lower": (float, m),
            "row_upper": (float, m),
        }
        for name, (dtype, size) in shapes.items():
            array = read_only(getattr(self, name), dtype, shape=(size,), name=f"model.{name}")
            object.__setattr__(self, name, array)
        for name in ("objective", "lower", "upper", "value"):
            if not np.isfinite(getattr(self, name)).all():
                raise ValueError(f"model.{name}: must be finite")
        if z and (self.row.min() < 0 or self.row.max() >= m):
            raise ValueError("model.row: outside the rows")
        if z and (self.column.min() < 0 or self.column.max() >= n):
            raise ValueError("model.column: outside the columns")


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """When to stop. `policy.solver` as the solver file sees it.

    Attributes:
        time_limit_s: Seconds of wall clock.
        seed: Random seed.
        nodes: Branch-and-bound nodes at the most (not cp_sat); unlike the clock, they end
            every run at the same place.
        effort: CP-SAT's own deterministic seconds at the most, likewise; `time_limit_s` does not
            count then.
    """

    time_limit_s: float = 60.0
    seed: int = 0
    nodes: int | None = None
    effort: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Solved:
    """Answer to a model.

    Attributes:
        status: OPTIMAL only with a bound that meets the objective; INFEASIBLE only when proven; a
            time-out is FEASIBLE with a solution and UNKNOWN without.
        objective: Recomputed from `values`; None without a solution.
        bound: No solution is below this; None where not known.
        values: Shape (N,), integer columns rounded; None without a solution.
    """

    status: Status
    objective: float | None = None
    bound: float | None = None
    values: FloatArray | None = None


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Relaxed:
    """Optimum of a model without its integer demands.

    Attributes:
        status: OPTIMAL, INFEASIBLE or UNKNOWN.
        objective: Optimal value.
        values: Shape (N,).
        dual_values: Shape (M,); reduced costs are objective - A' dual_values.
    """

    status: Status
    objective: float | None = None
    values: FloatArray | None = None
    dual_values: FloatArray | None = None


def solve(
    model: Model,
    limits: Limits | None = None,
    *,
    backend: Backend = "scip",
    start: FloatArray | None = None,
) -> Solved:
    """Solve a mixed-integer model to proven optimality, with zero gap, or as far as time allows.

    Args:
        model: The model.
        limits: Time and seed.
        backend: `scip`, or `cp_sat` where every column and every number is whole.
        start: A solution to begin from, shape (N,); need not be feasible.

    Returns:
        The answer. Where every column with a price is integer and every price whole, the proof is
        exact in whole units: the bound is rounded up.

    Raises:
        SolverError: the solver refused the model or returned rows that do not hold.
    """
    limits = Limits() if limits is None else limits
    if backend == "cp_sat" and not _is_whole(model):
        raise SolverError("cp_sat: every column, price and entry must be whole")
    if not len(model.objective):
        return _of_nothing(model)
    said = _run(model, limits, backend, start)
    name, has_solution = said.status().name, said.has_solution()
    if name == "INFEASIBLE":
        return Solved(status=Status.INFEASIBLE)
    if backend == "cp_sat" and name == "MODEL_INVALID":
        # Its loader refuses a row that no whole numbers can meet (2x + 2y = 3) and large products.
        return solve(model, limits, start=start)
    if name in ("INVALID_SOLVER_PARAMETERS", "MODEL_INVALID", "SOLVER_TYPE_UNAVAILABLE"):
        raise SolverError(f"{backend}: {name} {said.status_string()}")
    values = np.array(said.variable_values(), dtype=float).ravel() if has_solution else None
    return checked(
        model, values, float(said.best_objective_bound()), backend, optimal=name == "OPTIMAL"
    )


def checked(
    model: Model, values: FloatArray | None, bound: float | None, solver: str, *, optimal: bool
) -> Solved:
    """A solver's answer after its values were rounded and its rows and its gap recomputed.

    Args:
        model: The model.
        values: What the solver returned, shape (N,); None without a solution.
        bound: What it calls a bound.
        solver: Its name, for errors.
        optimal: Whether it calls the values optimal.

    Raises:
        SolverError: rows that do not hold.
    """
    if values is None:
        return Solved(status=Status.UNKNOWN)
    values[model.integer] = np.rint(values[model.integer])
    np.clip(values, model.lower, model.upper, out=values)
    worst = _row_error(model, values)
    if worst > ROW_TOLERANCE:
        raise SolverError(f"{solver}: a row is off by {worst:g}")
    values.setflags(write=False)
    objective = float(model.objective @ values)
    if bound is None or not math.isfinite(bound) or abs(bound) >= _HUGE:
        bound = None
    elif _objective_is_whole(model):
        objective = float(np.rint(objective))
        bound = min(objective, math.ceil(bound - ROW_TOLERANCE))
    elif optimal and abs(objective - bound) <= ROW_TOLERANCE * max(1.0, abs(objective)):
        bound = objective
    else:
        bound = min(objective, bound)
    proven = bound is not None and objective - bound <= _RELATIVE_EQUALITY * max(1, abs(objective))
    return Solved(
        status=Status.OPTIMAL if proven else Status.FEASIBLE,
        objective=objective,
        bound=bound,
        values=values,
    )


def relax(model: Model, limits: Limits | None = None) -> Relaxed:
    """Solve the linear relaxation by simplex.

    Raises:
        SolverError: the solver refused the model.
    """
    limits = Limits() if limits is None else limits
    said = _run(model, limits, "glop", None)
    name = said.status().name
    if name == "INFEASIBLE":
        return Relaxed(status=Status.INFEASIBLE)
    if name in ("INVALID_SOLVER_PARAMETERS", "MODEL_INVALID", "SOLVER_TYPE_UNAVAILABLE"):
        raise SolverError(f"glop: {name} {said.status_string()}")
    if name != "OPTIMAL":
        return Relaxed(status=Status.UNKNOWN)
    values = np.array(said.variable_values(), dtype=float).ravel()
    return Relaxed(
        status=Status.OPTIMAL,
        objective=float(model.objective @ values),
        values=values,
        dual_values=np.array(said.dual_values(), dtype=float).ravel(),
    )


def min_cost_flow(
    tail: IntArray,
    head: IntArray,
    capacity: IntArray,
    price: IntArray,
    supply: IntArray,
) -> IntArray | None:
    """Cheapest flow that sends every supply to a demand; whole numbers in, whole numbers out.

    Cost scaling with exact integer arithmetic (Goldberg 1997, J. Algorithms 22, 1-29).

    Args:
        tail: Node where each arc starts, shape (A,).
        head: Node where it ends, shape (A,).
        capacity: Most units on each arc, shape (A,).
        price: Price of one unit on each arc, shape (A,).
        supply: Units that start at each node, shape (V,); below zero where they end. Sums to 0.

    Returns:
        Units on each arc, shape (A,); None where the supplies cannot reach the demands.

    Raises:
        SolverError: supplies that do not balance, or prices too large for exact arithmetic.
    """
    from ortools.graph.python import min_cost_flow as ortools

    if int(supply.sum()) != 0:
        raise SolverError("min_cost_flow: supplies and demands do not balance")
    network: Any = ortools.SimpleMinCostFlow()
    network.add_arcs_with_capacity_and_unit_cost(tail, head, capacity, price)
    network.set_nodes_supplies(np.arange(len(supply)), supply)
    said = network.solve()
    if said == network.INFEASIBLE:
        return None
    if said != network.OPTIMAL:
        raise SolverError(f"min_cost_flow: {said.name}")
    flow: IntArray = np.asarray(network.flows(np.arange(len(tail))), dtype=np.int64)
    return flow


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Tours:
    """Tours from node 0 back to it over N nodes; each lies on one tour or is skipped. All whole.

    A arcs, R rows. An arc from a node to itself skips the node.

    Attributes:
        tail, head: Nodes, shape (A,).
        price: Minimised in all, shape (A,).
        lasts: From the beginning at the tail to that at the head at the least, shape (A,).
        first, last: Between them a node that is not skipped begins, shape (N + 1,); every tour
            leaves node 0 at `first` and is back by `last`.
        most: Tours at the most.
        row_weight: Of the arcs in each row, shape (R, A).
        row_upper: What a row may reach, shape (R,).
    """

    tail: IntArray
    head: IntArray
    price: IntArray
    lasts: IntArray
    first: IntArray
    last: IntArray
    most: int
    row_weight: IntArray
    row_upper: IntArray


def best_tours(tours: Tours, limits: Limits, start: IntArray) -> Solved:
    """Cheapest tours, as far as the effort allows, in exact arithmetic (CP-SAT, circuits).

    Args:
        tours: The model.
        limits: `effort`, or else `time_limit_s`, and the seed.
        start: Beginning at each node of a solution to start from, shape (N + 1,), and then 1 for
            each arc on it, else 0: shape (N + 1 + A,).

    Returns:
        `values` is 1 for each arc on a tour or skip, else 0, shape (A,). The bound holds without
        values as well.

    Raises:
        SolverError: the solver refused the model, or no tours keep to it.
    """
    from ortools.sat.python import cp_model

    model: Any = cp_model.CpModel()
    nodes = len(tours.first)
    times = zip(tours.first.tolist(), tours.last.tolist(), strict=True)
    begins = [model.new_int_var(first, last, "") for first, last in times]
    model.add(begins[0] == int(tours.first[0]))
    arcs = [model.new_bool_var("") for _arc in range(len(tours.tail))]
    ends = list(zip(tours.tail.tolist(), tours.head.tolist(), arcs, strict=True))
    # CP-SAT wants a tour at node 0: one to a node of its own, where no other is worth its price.
    idle = model.new_bool_var("")
    model.add_multiple_circuit([*ends, (0, nodes, idle), (nodes, 0, idle)])
    for (tail, head, arc), lasts in zip(ends, tours.lasts.tolist(), strict=True):
        if tail != head:
            head_by = begins[head] if head else int(tours.last[0])
            model.add(head_by >= begins[tail] + lasts).only_enforce_if(arc)
    model.add(sum(arc for tail, head, arc in ends if not tail and head) <= tours.most)
    for weight, upper in zip(tours.row_weight.tolist(), tours.row_upper.tolist(), strict=True):
        model.add(cp_model.LinearExpr.weighted_sum(arcs, weight) <= upper)
    for known, value in zip([*begins, *arcs], start.tolist(), strict=True):
        model.add_hint(known, value)
    model.minimize(cp_model.LinearExpr.weighted_sum(arcs, tours.price.tolist()))
    solver: Any = cp_model.CpSolver()
    said: list[Any] = []
    solver.parameters.parse_text_format(_parameters("cp_sat", limits) + " linearization_level: 2")
    if limits.effort is None:
        solver.parameters.max_time_in_seconds = limits.time_limit_s
    interruptibly(lambda: said.append(solver.solve(model)), solver.stop_search)
    name = said[0].name
    if name not in ("OPTIMAL", "FEASIBLE", "UNKNOWN"):
        raise SolverError(f"cp_sat: {name} for tours")
    bound = float(math.ceil(solver.best_objective_bound - ROW_TOLERANCE))
    if name == "UNKNOWN":
        return Solved(status=Status.UNKNOWN, bound=bound)
    values = np.array([solver.value(arc) for arc in arcs], dtype=float)
    objective = float(tours.price @ values)
    status = Status.OPTIMAL if name == "OPTIMAL" else Status.FEASIBLE
    return Solved(status=status, objective=objective, bound=min(objective, bound), values=values)


def _run(model: Model, limits: Limits, backend: str, start: FloatArray | None) -> Any:
    from ortools.linear_solver.python import model_builder_helper as ortools
    from scipy.sparse import csr_matrix

    shape = (len(model.row_lower), len(model.objective))
    builder: Any = ortools.ModelBuilderHelper()
    builder.fill_model_from_sparse_data(
        model.lower,
        model.upper,
        model.objective,
        model.row_lower,
        model.row_upper,
        csr_matrix((model.value, (model.row, model.column)), shape=shape),
    )
    for column in np.flatnonzero(model.integer).tolist():
        builder.set_var_integrality(column, True)
    if start is not None:
        for column, value in enumerate(np.asarray(start, dtype=float).tolist()):
            builder.add_hint(column, value)
    solver: Any = ortools.ModelSolverHelper(_ORTOOLS_NAME[backend])
    solver.enable_output(False)
    if backend != "cp_sat" or limits.effort is None:
        solver.set_time_limit_in_seconds(limits.time_limit_s)
    solver.set_solver_specific_parameters(_parameters(backend, limits))
    interruptibly(lambda: solver.solve(builder), solver.interrupt_solve)
    return solver


def interruptibly(work: Callable[[], object], interrupt: Callable[[], object]) -> None:
    """Solve so that Ctrl-C ends the search at once and raises, as everywhere in Python.

    SCIP and CP-SAT would take the signal themselves and return what they have, which would pass
    for the answer of a search whose time ran out.
    """
    if threading.current_thread() is not threading.main_thread():
        work()
        return
    failed: list[BaseException] = []

    def search() -> None:
        try:
            work()
        except BaseException as error:
            failed.append(error)

    thread = threading.Thread(target=search, name="solver")
    thread.start()
    try:
        while thread.is_alive():
            # With a time-out, because a bare join cannot be interrupted on Windows.
            thread.join(_JOIN_S)
    except BaseException:
        interrupt()
        thread.join()
        time.sleep(_SETTLE_S)
        raise
    if failed:
        raise failed[0]


def _parameters(backend: str, limits: Limits) -> str:
    seed = limits.seed % 2**31
    if backend == "scip":
        return "\n".join(
            [
                "limits/gap = 0",
                "limits/absgap = 0",
                "parallel/maxnthreads = 1",
                "misc/catchctrlc = FALSE",
                f"randomization/randomseedshift = {seed}",
                *([] if limits.nodes is None else [f"limits/nodes = {limits.nodes}"]),
            ]
        )
    if backend == "cp_sat":
        effort = "" if limits.effort is None else f" max_deterministic_time: {limits.effort}"
        return (
            f"num_workers: 1 random_seed: {seed} relative_gap_limit: 0 "
            f"catch_sigint_signal: false{effort}"
        )
    return f"random_seed: {seed}"


def _is_whole(model: Model) -> bool:
    finite = [side[np.isfinite(side)] for side in (model.row_lower, model.row_upper)]
    numbers = (model.objective, model.value, model.lower, model.upper, *finite)
    return bool(model.integer.all()) and all(bool((n == np.rint(n)).all()) for n in numbers)


def _objective_is_whole(model: Model) -> bool:
    priced = model.objective != 0
    prices = model.objective[priced]
    return bool(model.integer[priced].all() and (prices == np.rint(prices)).all())


def _row_error(model: Model, values: FloatArray) -> float:
    """Largest violation of a row, relative to the row's largest term."""
    rows = len(model.row_lower)
    if not rows:
        return 0.0
    terms = model.value * values[model.column]
    activity = np.bincount(model.row, weights=terms, minlength=rows)
    size = np.ones(rows)
    np.maximum.at(size, model.row, np.abs(terms))
    over = np.maximum(model.row_lower - activity, activity - model.row_upper)
    return float((over / size).max(initial=0.0))


def _of_nothing(model: Model) -> Solved:
    if (model.row_lower > 0).any() or (model.row_upper < 0).any():
        return Solved(status=Status.INFEASIBLE)
    return Solved(status=Status.OPTIMAL, objective=0.0, bound=0.0, values=np.zeros(0))
