"""Reassignment: seconds of CPU, and the same question through HiGHS and CP-SAT in the same run.

`python -m benchmarks.reassignment [UNITS OFFICERS]`; a county of 30 and 600, then 1,200 and 50,000.
`--rivals` solves the priced question of the size asked as a linear programme too (its optimum is
whole) and with CP-SAT under a limit of 60 s.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from typing import Any

import numpy as np

from optimizer.reassignment import answer, frontier
from optimizer.reassignment_task import RoleTask, objective, step_price, steps
from optimizer.solver import Limits, Model, solve

LIMITS = Limits(time_limit_s=60.0)


def instance(units: int, officers: int, *, price_per_hour: float = 0.0, seed: int = 0) -> RoleTask:
    """Units in a square of 40 km x sqrt(units / 30); strength by chance, need by another."""
    rng = np.random.default_rng(seed)
    before = rng.multinomial(officers, rng.dirichlet(np.full(units, 4.0)))
    need = rng.dirichlet(np.full(units, 4.0))
    at_km = rng.uniform(0.0, 40.0 * np.sqrt(units / 30), (units, 2))
    way_min = 2.0 * np.hypot(*(at_km[:, None, :] - at_km[None, :, :]).transpose(2, 0, 1))
    return RoleTask(
        role="officer",
        before=before,
        target=officers * need,
        floor=np.minimum(before, 3),
        room=np.maximum(rng.integers(5, 60, units), 0),
        give=before,
        rotate=np.zeros(units, np.int64),
        takes=np.ones(units, bool),
        way_min=way_min,
        max_way_min=np.inf,
        price_per_min=price_per_hour / 60.0,
        worth=np.zeros(units),
        max_moves=officers // 10,
    )


def timed(work: Callable[[], Any]) -> tuple[Any, float]:
    started = time.process_time()
    found = work()
    return found, time.process_time() - started


def as_model(task: RoleTask, *, whole: bool) -> Model:
    """Ways and steps as columns; objective less its constant, in whole millionths if `whole`."""
    up_unit, up = steps(np.minimum(task.room, 80))
    down_unit, down = steps(task.spare)
    giver, taker = np.nonzero(task.may)
    units, ways = len(task.before), len(giver)
    prices = np.r_[
        task.way_min[giver, taker] * task.price_per_min,
        step_price(task.target, up_unit, task.before[up_unit] + up),
        -step_price(task.target, down_unit, task.before[down_unit] - down - 1),
    ]
    if whole:
        prices = np.rint(prices * 1e6)
    n = len(prices)
    column = np.arange(n)
    # Arrivals less departures: steps up at each unit, likewise steps down.
    rows = [
        (taker, column[:ways], 1.0), (up_unit, column[ways : ways + len(up)], -1.0),
        (units + giver, column[:ways], 1.0), (units + down_unit, column[ways + len(up) :], -1.0),
        (np.full(ways, 2 * units), column[:ways], 1.0),
    ]  # fmt: skip
    return Model(
        objective=prices,
        lower=np.zeros(n),
        upper=np.r_[np.full(ways, float(task.before.max())), np.ones(n - ways)],
        integer=np.full(n, whole),
        row=np.concatenate([r for r, _, _ in rows]),
        column=np.concatenate([c for _, c, _ in rows]),
        value=np.concatenate([np.full(len(c), v) for _, c, v in rows]),
        row_lower=np.r_[np.zeros(2 * units), -np.inf],
        row_upper=np.r_[np.zeros(2 * units), float(task.max_moves)],
    )


def rivals(task: RoleTask, first: float) -> None:
    from scipy.optimize import linprog
    from scipy.sparse import csr_matrix

    model = as_model(task, whole=False)
    shape = (len(model.row_lower), len(model.objective))
    rows = csr_matrix((model.value, (model.row, model.column)), shape=shape)
    found, seconds = timed(
        lambda: linprog(
            model.objective,
            A_eq=rows[:-1],
            b_eq=model.row_upper[:-1],
            A_ub=rows[-1:],
            b_ub=model.row_upper[-1:],
            bounds=np.c_[model.lower, model.upper],
            method="highs",
        )
    )
    print(f"    HiGHS LP: {seconds:.2f} s, objective {first + found.fun:.6f}")
    whole = as_model(task, whole=True)
    cp, seconds = timed(lambda: solve(whole, LIMITS, backend="cp_sat"))
    value = "none" if cp.objective is None else f"{first + cp.objective / 1e6:.6f}"
    print(f"    CP-SAT, 60 s: {cp.status.value} after {seconds:.2f} s, objective {value}")


def main(sizes: list[tuple[int, int]], *, with_rivals: bool) -> None:
    """Print a line for each question and size."""
    for units, officers in sizes:
        for name, price in (("plain", 0.0), ("ways priced", 0.02)):
            task = instance(units, officers, price_per_hour=price)
            found, seconds = timed(lambda task=task: answer(task, LIMITS))
            print(
                f"{units} units, {officers} officers, {name}: {seconds:.3f} s, "
                f"{found.status.value}, {found.moves} moves, objective {found.objective:.6f}"
            )
            if not price:
                points, seconds = timed(lambda task=task: frontier(task, LIMITS))
                print(f"    whole frontier, {len(points)} points: {seconds:.3f} s")
            elif with_rivals:
                rivals(task, objective(task, ()))


if __name__ == "__main__":
    given = [int(a) for a in sys.argv[1:] if not a.startswith("--")]
    main(
        [(given[0], given[1])] if given else [(30, 600), (1200, 50_000)],
        with_rivals="--rivals" in sys.argv,
    )
