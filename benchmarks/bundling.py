"""Bundling: time to proof, and solvers on the same columns.

    python -m benchmarks.bundling              # 26, 300 and 1,200 stations

Needs the check data (shared/data beside the checkout). Times are wall clock of one process, each
against Jingli's own in the same run, because the machine's speed varies.
"""

from __future__ import annotations

import argparse
import resource
import time
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any, TypeVar

import numpy as np
from scipy.sparse import csr_matrix

from benchmarks.instances import seat_county
from optimizer.bundling import bundle, cover_of
from optimizer.columns import priced_columns, undominated
from optimizer.partition import Cover, partition
from optimizer.policy import Policy
from optimizer.solver import Backend, Limits, Model, solve

LIMIT_S = 60.0
T = TypeVar("T")


def timed(work: Callable[[], T]) -> tuple[T, float]:
    start = time.perf_counter()
    made = work()
    return made, time.perf_counter() - start


def policies(stations: int) -> dict[str, Policy]:
    """The regimes that the decision record speaks of."""
    wide = {"bundling": {"rural_only": False, "max_office_travel_min": 60},
            "response": {"farthest_min": 120, "share_within_fraction": 0.3}}  # fmt: skip
    parts: dict[str, dict[str, object]] = {
        "default": {},
        "counts": {},
        "wide": wide,
        "packing": {"weights": {"response_per_1000_alert_min": 0.02}},
    }
    found = {name: Policy.model_validate(part) for name, part in parts.items()}
    plan, _ = bundle(seat_county(stations), found["default"])
    assert plan is not None
    joint = [len(b.station_ids) for b in plan if b.office_ids]
    # Fewer bundles than the free optimum has, so that the counts bind, and surely possible.
    few = max(1, len(joint) * 2 // 3)
    counts = {"centres": few, "stations_bundled": 2 * few + few // 4}
    found["counts"] = Policy.model_validate({"bundling": counts})
    return found


def proofs(stations: int) -> None:
    """Columns, proof and whole call under each policy."""
    county = seat_county(stations)
    for name, policy in policies(stations).items():
        columns, columns_s = timed(partial(priced_columns, county, policy))
        kept = undominated(columns, county, freed_counts=False)
        cover = cover_of(county, policy, kept)
        found, proof_s = timed(partial(partition, cover, Limits(time_limit_s=LIMIT_S)))
        (_, proof), all_s = timed(partial(bundle, county, policy))
        print(
            f"{stations:5} {name:8} {len(columns):6} columns {columns_s:5.2f} s, "
            f"{proof.status.value} {proof.objective:.6f} gap {proof.gap_fraction:.2e}, "
            f"solve {proof_s:6.3f} s, call {all_s:6.3f} s; {found.effort}",
            flush=True,
        )
        for solver, seconds, said in plain_solvers(cover):
            print(
                f"{'':15}{solver:7} {seconds:7.3f} s = {seconds / proof_s:6.1f}x  {said}",
                flush=True,
            )


def plain_solvers(cover: Cover) -> Iterator[tuple[str, float, str]]:
    """The same partition given to each solver at once, columns and all."""
    assert not cover.limits, "rows with a lower limit are not handed over here"
    rows = [cover.incidence(), *(csr_matrix(r[None, :]) for r, _ in cover.exactly)]
    at, column, value, offset = [], [], [], 0
    for block in rows:
        entries = block.tocoo()
        at.append(entries.row + offset)
        column.append(entries.col)
        value.append(entries.data)
        offset += block.shape[0]
    wanted = np.r_[np.ones(cover.stations), [v for _, v in cover.exactly]]
    n = len(cover)
    model = Model(
        objective=cover.price.astype(float),
        lower=np.zeros(n),
        upper=np.ones(n),
        integer=np.ones(n, dtype=bool),
        row=np.concatenate(at).astype(np.int64),
        column=np.concatenate(column).astype(np.int64),
        value=np.concatenate(value).astype(float),
        row_lower=wanted,
        row_upper=wanted,
    )
    backends: tuple[Backend, ...] = ("scip", "cp_sat")
    for backend in backends:
        found, seconds = timed(partial(solve, model, Limits(time_limit_s=LIMIT_S), backend=backend))
        yield backend, seconds, f"{found.status.value} {found.objective}"
    yield ("highs", *highs(model))


def highs(model: Model) -> tuple[float, str]:
    """HiGHS as ortools carries it (Jingli does not use it: it reports no honest bound there)."""
    from ortools.linear_solver.python import model_builder_helper as ortools

    builder: Any = ortools.ModelBuilderHelper()
    shape = (len(model.row_lower), len(model.objective))
    matrix = csr_matrix((model.value, (model.row, model.column)), shape=shape)
    builder.fill_model_from_sparse_data(
        model.lower, model.upper, model.objective, model.row_lower, model.row_upper, matrix
    )
    for column in range(shape[1]):
        builder.set_var_integrality(column, True)
    solver: Any = ortools.ModelSolverHelper("highs")
    solver.set_time_limit_in_seconds(LIMIT_S)
    solver.set_solver_specific_parameters(
        "mip_rel_gap=0,mip_abs_gap=0.5,threads=1,output_flag=false"
    )
    _, seconds = timed(lambda: solver.solve(builder))
    objective = solver.objective_value() if solver.has_solution() else None
    return seconds, f"{solver.status().name} {objective}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--stations", type=int, nargs="+", default=[26, 300, 1200])
    asked = parser.parse_args()
    bundle(seat_county(26), Policy())  # imports done once, outside the clock
    for stations in asked.stations:
        proofs(stations)
    print(f"peak {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MB")


if __name__ == "__main__":
    main()
