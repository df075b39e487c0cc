r"""Reassignment over months: how many of each transfer have moved by the end of each month.

Whole $y_{at}$ people of transfer $a$ have moved by month $t$, never fewer than the month before,
all of them in the last. Least is the imbalance summed over the months, so what helps most comes
first. In every month each unit stays between its strength before and after: floors, rooms and
establishments that hold at both ends hold in between. Holders of a qualification likewise. A unit
whose bundle is switched on in month $m$ gives from month $m$ on.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from optimizer.frozen import FloatArray, IntArray
from optimizer.reassignment_task import (
    RoleTask,
    Transfer,
    after,
    imbalance,
    mismatch,
    step_price,
    steps,
)
from optimizer.result import Proof, Status
from optimizer.solver import Limits, Model, solve

STAGE = "reassignment.months"
UNIT = "imbalance-months"


@dataclass(frozen=True, slots=True, kw_only=True)
class Phase:
    """One month.

    Attributes:
        month: From 1.
        transfers: Those who move in it.
        moved: People moved by its end.
        imbalance: At its end, without prices.
        mismatch_fraction: Hoover index at its end.
    """

    month: int
    transfers: tuple[Transfer, ...]
    moved: int
    imbalance: float
    mismatch_fraction: float


def phases(
    task: RoleTask,
    transfers: tuple[Transfer, ...],
    *,
    months: int,
    per_month: int,
    release: Mapping[int, int],
    limits: Limits,
) -> tuple[tuple[Phase, ...], Proof]:
    """The months of a reassignment.

    Args:
        task: The question that the transfers answer.
        transfers: Who goes where in the end.
        months: Months until all have moved.
        per_month: People moved in one month at the most.
        release: Month from which on a unit gives, by row; others give from the first.
        limits: Of the solver.

    Returns:
        The months and the proof; no months where they are too few, or nothing was found in time.

    Raises:
        SolverError: the solver failed.
    """
    if not transfers:
        flat = tuple(_phase(task, m + 1, (), ()) for m in range(months))
        value = sum(p.imbalance for p in flat)
        return flat, _proof(Status.OPTIMAL, value, value)
    solved = solve(_model(task, transfers, months, per_month, release), limits)
    if solved.values is None:
        return (), _proof(solved.status, None, None)
    kinds = len(transfers[0].holders)
    a = len(transfers)
    done = np.rint(solved.values[: a * months * (1 + kinds)]).astype(np.int64)
    done = done.reshape(1 + kinds, a, months)
    new = np.diff(done, axis=2, prepend=0)
    found: list[Phase] = []
    so_far: list[Transfer] = []
    for month in range(months):
        now = tuple(
            Transfer(
                giver=t.giver,
                taker=t.taker,
                people=int(new[0, i, month]),
                holders=tuple(new[1:, i, month].tolist()),
            )
            for i, t in enumerate(transfers)
            if new[0, i, month]
        )
        so_far += now
        found.append(_phase(task, month + 1, now, tuple(so_far)))
    value = sum(p.imbalance for p in found)
    gap = 0.0
    if solved.status is not Status.OPTIMAL and solved.bound is not None:
        gap = max(0.0, float(solved.objective or 0.0) - solved.bound)
    return tuple(found), _proof(solved.status, value, value - gap)


def _phase(
    task: RoleTask, month: int, now: tuple[Transfer, ...], so_far: tuple[Transfer, ...]
) -> Phase:
    people = after(task, so_far)
    return Phase(
        month=month,
        transfers=now,
        moved=sum(t.people for t in so_far),
        imbalance=imbalance(people, task.target),
        mismatch_fraction=mismatch(people, task.target),
    )


def _proof(status: Status, objective: float | None, bound: float | None) -> Proof:
    return Proof(
        stage=STAGE,
        status=status,
        objective=objective,
        objective_unit=UNIT,
        bound=bound,
        method="months as whole numbers, steps as in the imbalance",
    )


def _model(
    task: RoleTask,
    transfers: tuple[Transfer, ...],
    months: int,
    per_month: int,
    release: Mapping[int, int],
) -> Model:
    a, kinds = len(transfers), len(transfers[0].holders)
    giver = np.array([t.giver for t in transfers])
    taker = np.array([t.taker for t in transfers])
    most = np.array([[t.people, *t.holders] for t in transfers], dtype=float).T
    then = after(task, transfers)
    low, high = np.minimum(task.before, then), np.maximum(task.before, then)
    unit, number = steps(high - low)
    price = step_price(task.target, unit, low[unit] + number)
    large = 10.0 * np.abs(price[np.isfinite(price)]).max(initial=1.0)
    price = np.clip(price, -large, large)
    moved = np.arange((1 + kinds) * a * months).reshape(1 + kinds, a, months)
    level = moved.size + np.arange(len(unit) * months).reshape(len(unit), months)
    rows: list[tuple[IntArray, FloatArray, float, float]] = []
    touched = np.unique(np.r_[giver, taker]).tolist()
    for t in range(months):
        every = [moved[0, :, t]] + ([moved[0, :, t - 1]] if t else [])
        signs = [np.ones(a)] + ([-np.ones(a)] if t else [])
        rows.append((np.concatenate(every), np.concatenate(signs), -np.inf, float(per_month)))
        for u in touched:
            net = (taker == u).astype(float) - (giver == u)
            mine = np.flatnonzero(net)
            up = level[unit == u, t]
            start = float(low[u] - task.before[u])
            columns = np.r_[moved[0, mine, t], up]
            rows.append((columns, np.r_[net[mine], -np.ones(len(up))], start, start))
            for k in range(1, kinds + 1):
                whole = float((net * most[k]).sum())
                sides = (min(0.0, whole), max(0.0, whole))
                rows.append((moved[k, mine, t], net[mine], *sides))
        for i in range(a):
            for k in range(1 + kinds):
                pair = np.array([moved[k, i, t], moved[k, i, t - 1]]) if t else moved[k, i, :1]
                rows.append((pair, np.array([1.0, -1.0])[: len(pair)], 0.0, np.inf))
                if k:
                    # Those without the qualification do not come back either.
                    both = np.r_[moved[0, i, t], moved[k, i, t]]
                    sign = [1.0, -1.0]
                    if t:
                        both = np.r_[both, moved[0, i, t - 1], moved[k, i, t - 1]]
                        sign += [-1.0, 1.0]
                    rows.append((both, np.array(sign), 0.0, np.inf))
    lower = np.zeros(moved.size + level.size)
    upper = np.ones(moved.size + level.size)
    upper[moved] = most[:, :, None]
    lower[moved[:, :, -1]] = most
    for i, one in enumerate(transfers):
        upper[moved[:, i, : release.get(one.giver, 1) - 1].ravel()] = 0.0
    upper = np.maximum(lower, upper)
    objective = np.zeros(len(lower))
    objective[level] = price[:, None]
    return Model(
        objective=objective,
        lower=lower,
        upper=upper,
        integer=np.arange(len(lower)) < moved.size,
        row=np.repeat(np.arange(len(rows)), [len(r[0]) for r in rows]),
        column=np.concatenate([r[0] for r in rows]),
        value=np.concatenate([r[1] for r in rows]),
        row_lower=np.array([r[2] for r in rows]),
        row_upper=np.array([r[3] for r in rows]),
    )
