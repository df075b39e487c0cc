r"""Covering: as few sites as can be that cover everybody, and p sites that cover most.

Set covering (Toregas, Swain, ReVelle and Bergman 1971):

$$\min \sum_j y_j,\quad \sum_{j \in N_i} y_j \ge 1$$

Maximal covering (Church and ReVelle 1974); $u_i$ says that client i is left out:

$$\min \sum_i w_i u_i,\quad \sum_{j \in N_i} y_j + u_i \ge 1,\quad \sum_j y_j = p$$

Both shrink first. A client whom every site of another client covers too needs no row of its own;
clients covered by the same sites count as one; a site that covers no more than another is not
needed.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from optimizer.frozen import BoolArray, FloatArray, IntArray, read_only
from optimizer.highs import branch
from optimizer.result import Status
from optimizer.solver import Limits, Model

_OPENED = 0.5
# Weights become whole numbers that add up to this at the most, so that bounds carry no rounding.
_LARGEST_TOTAL = 2.0**20
_EXCHANGE_ROUNDS = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class Coverage:
    """A set of sites, what it covers and how good it is proven to be.

    Attributes:
        status: OPTIMAL with a proof that no plan covers more, or, where weights are not whole
            numbers, none by more than about a millionth of their sum; else FEASIBLE.
        sites: Columns of the sites opened, ascending.
        covered: Weight of the clients covered.
        bound: No p sites cover more.
    """

    status: Status
    sites: tuple[int, ...]
    covered: float
    bound: float

    @property
    def gap_fraction(self) -> float:
        """How much more another plan may cover, as a share of what is covered."""
        if self.bound <= self.covered:
            return 0.0
        return (self.bound - self.covered) / self.covered if self.covered > 0 else math.inf


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """Answer to "can p sites cover everybody?".

    Attributes:
        status: OPTIMAL = yes, with the sites; INFEASIBLE = proven no; UNKNOWN = time ran out.
        sites: Columns, ascending; existing ones included; at most p.
    """

    status: Status
    sites: tuple[int, ...] = ()


def cover_everybody(
    covers: BoolArray,
    p: int,
    *,
    existing: tuple[int, ...] = (),
    limits: Limits | None = None,
) -> Found:
    """Find at most p sites that cover every client, or prove that there are none.

    Args:
        covers: Whether each site covers each client, shape (C, F).
        p: Sites at the most, `existing` included.
        existing: Columns that are open in any case.
        limits: Time and seed.
    """
    left = np.flatnonzero(~covers[:, list(existing)].any(axis=1))
    room = p - len(existing)
    if not len(left):
        return Found(status=Status.OPTIMAL, sites=tuple(sorted(existing)))
    if room <= 0 or not covers[left].any(axis=1).all():
        return Found(status=Status.INFEASIBLE)
    rows, columns = _shrunk(covers[left])
    small = covers[np.ix_(left[rows], columns)]
    picked = _greedy(small)
    if len(picked) > room:
        if _needed_apart(small) > room:
            return Found(status=Status.INFEASIBLE)
        solved = branch(_cover_model(small), limits or Limits())
        if solved.values is not None:
            picked = np.flatnonzero(solved.values > _OPENED)
        if len(picked) > room:
            none = solved.status is Status.INFEASIBLE or (
                solved.bound is not None and solved.bound > room
            )
            return Found(status=Status.INFEASIBLE if none else Status.UNKNOWN)
    opened = {*existing, *columns[picked].tolist()}
    return Found(status=Status.OPTIMAL, sites=tuple(sorted(opened)))


def maximal_covering(
    weight: FloatArray,
    covers: BoolArray,
    p: int,
    *,
    existing: tuple[int, ...] = (),
    limits: Limits | None = None,
) -> Coverage:
    """Open p sites that cover as much weight as can be.

    Args:
        weight: Of each client, such as alerts a year, shape (C,); finite, not negative.
        covers: Whether each site covers each client, shape (C, F).
        p: Sites to open, `existing` included, 1 to F.
        existing: Columns that are open in any case.
        limits: Time and seed.

    Raises:
        ValueError: p, a weight or an existing site is out of range.
    """
    clients, sites = np.shape(covers)
    given = read_only(weight, float, shape=(clients,), name="maximal_covering.weight")
    if not np.isfinite(given).all() or bool((given < 0).any()):
        raise ValueError("maximal_covering.weight: must be finite and not negative")
    check_sites(p, existing, sites, "maximal_covering")
    scale = _scale_of(given)
    whole = np.rint(given * scale)
    open_now = sorted(set(existing))
    room = p - len(open_now)
    left = np.flatnonzero(~covers[:, open_now].any(axis=1) & covers.any(axis=1) & (whole > 0))
    patterns, group = np.unique(covers[left], axis=0, return_inverse=True)
    sums: FloatArray = np.zeros(len(patterns))
    np.add.at(sums, group.ravel(), whole[left])
    columns = _columns_kept(patterns) if len(patterns) else np.zeros(0, np.int64)
    missed = 0.0
    status, picked = Status.OPTIMAL, np.zeros(0, np.int64)
    if room and len(columns) <= room:
        picked = np.arange(len(columns))
    elif room:
        small = patterns[:, columns]
        picked = _improved(small, sums, _most(small, sums, room))
        kept_sum = float(sums @ small[:, picked].any(axis=1))
        if kept_sum < sums.sum():
            model = _maximal_model(small, sums, room)
            start = np.zeros(len(model.objective))
            start[picked] = 1.0
            start[len(columns) :] = ~small[:, picked].any(axis=1)
            solved = branch(model, limits or Limits(), start=start)
            if solved.values is not None:
                better = np.flatnonzero(solved.values[: len(columns)] > _OPENED)
                if float(sums @ small[:, better].any(axis=1)) > kept_sum:
                    picked = better
            bound = 0.0 if solved.bound is None else max(0.0, solved.bound)
            reached = float(sums @ small[:, picked].any(axis=1))
            missed = max(0.0, float(sums.sum()) - bound - reached)
            status = Status.OPTIMAL if missed < 1.0 else Status.FEASIBLE
    opened = _filled({*open_now, *columns[picked].tolist()}, p, sites)
    covered = float(given[covers[:, list(opened)].any(axis=1)].sum())
    most = min(float(given.sum()), covered + (0.0 if status is Status.OPTIMAL else missed / scale))
    return Coverage(status=status, sites=opened, covered=covered, bound=max(most, covered))


def check_sites(p: int, existing: tuple[int, ...], sites: int, name: str) -> None:
    """Refuse numbers of sites that cannot be.

    Raises:
        ValueError: p is not between the existing sites and all, or a site is none of them.
    """
    if not max(1, len(set(existing))) <= p <= sites:
        raise ValueError(f"{name}.p: {p} is not between the existing sites and {sites}")
    if existing and not 0 <= min(existing) <= max(existing) < sites:
        raise ValueError(f"{name}.existing: not among the sites")


def _scale_of(weight: FloatArray) -> float:
    """Factor that makes weights whole numbers: 1 where they are already and not too large."""
    total = float(weight.sum())
    if total <= 0 or (total <= _LARGEST_TOTAL and bool((weight == np.rint(weight)).all())):
        return 1.0
    return 2.0 ** math.floor(math.log2(_LARGEST_TOTAL / total))


def _filled(opened: set[int], p: int, sites: int) -> tuple[int, ...]:
    """Exactly p sites: the lowest columns not yet open fill up."""
    for j in range(sites):
        if len(opened) == p:
            break
        opened.add(j)
    return tuple(sorted(opened))


def _shrunk(covers: BoolArray) -> tuple[IntArray, IntArray]:
    """Rows and columns that decide; every client has a site."""
    rows = np.arange(covers.shape[0])
    columns = np.arange(covers.shape[1])
    while True:
        before = len(rows) + len(columns)
        columns = columns[_columns_kept(covers[np.ix_(rows, columns)])]
        rows = rows[_rows_kept(covers[np.ix_(rows, columns)])]
        if len(rows) + len(columns) == before:
            return rows, columns


def _rows_kept(covers: BoolArray) -> IntArray:
    """Rows that contain no other row; of equal ones the first."""
    return _outermost(~covers.T)


def _columns_kept(covers: BoolArray) -> IntArray:
    """Columns that lie in no other column; of equal ones the first; empty ones dropped."""
    kept = _outermost(covers)
    return kept[covers[:, kept].any(axis=0)]


def _outermost(covers: BoolArray) -> IntArray:
    number = covers.astype(np.float32)
    common = number.T @ number
    size = np.diag(common)
    inside = common >= size[:, None]
    equal = inside & inside.T
    every = np.arange(len(size))
    earlier = every[None, :] < every[:, None]
    drop = (inside & ~equal).any(axis=1) | (equal & earlier).any(axis=1)
    return np.flatnonzero(~drop)


def _greedy(covers: BoolArray) -> IntArray:
    """Sites that cover everybody, most uncovered first; those not needed left out again."""
    left = np.ones(covers.shape[0], dtype=np.bool_)
    picked: list[int] = []
    while left.any():
        j = int(np.argmax(covers[left].sum(axis=0)))
        picked.append(j)
        left &= ~covers[:, j]
    times = covers[:, picked].sum(axis=1)
    for j in list(picked):
        if (times[covers[:, j]] > 1).all():
            picked.remove(j)
            times = times - covers[:, j]
    return np.array(sorted(picked), dtype=np.int64)


def _needed_apart(covers: BoolArray) -> int:
    """Clients no two of whom share a site, so that each needs its own."""
    number = covers.astype(np.float32)
    shared = number @ number.T > 0
    left = np.ones(len(shared), dtype=np.bool_)
    degree = shared.sum(axis=1)
    count = 0
    for i in np.argsort(degree, kind="stable").tolist():
        if left[i]:
            count += 1
            left &= ~shared[i]
    return count


def _cover_model(covers: BoolArray) -> Model:
    row, column = np.nonzero(covers)
    sites = covers.shape[1]
    return Model(
        objective=np.ones(sites),
        lower=np.zeros(sites),
        upper=np.ones(sites),
        integer=np.ones(sites, dtype=np.bool_),
        row=row,
        column=column,
        value=np.ones(len(row)),
        row_lower=np.ones(covers.shape[0]),
        row_upper=np.full(covers.shape[0], math.inf),
    )


def _maximal_model(covers: BoolArray, weight: FloatArray, p: int) -> Model:
    """Columns of the sites, then one of each client that is left out."""
    clients, sites = covers.shape
    row, column = np.nonzero(covers)
    every = np.arange(clients)
    n = sites + clients
    return Model(
        objective=np.concatenate([np.zeros(sites), weight]),
        lower=np.zeros(n),
        upper=np.ones(n),
        integer=np.ones(n, dtype=np.bool_),
        row=np.concatenate([row, every, np.full(sites, clients)]),
        column=np.concatenate([column, sites + every, np.arange(sites)]),
        value=np.ones(len(row) + clients + sites),
        row_lower=np.concatenate([np.ones(clients), [float(p)]]),
        row_upper=np.concatenate([np.full(clients, math.inf), [float(p)]]),
    )


def _most(covers: BoolArray, weight: FloatArray, p: int) -> IntArray:
    """Sites one by one, each covering most of what the ones before left."""
    left = weight.copy()
    picked: list[int] = []
    for _ in range(p):
        gain = left @ covers
        gain[picked] = -1.0
        picked.append(int(np.argmax(gain)))
        left = np.where(covers[:, picked[-1]], 0.0, left)
    return np.array(picked, dtype=np.int64)


def _improved(covers: BoolArray, weight: FloatArray, picked: IntArray) -> IntArray:
    """Exchange one site for another while that covers more."""
    for _ in range(_EXCHANGE_ROUNDS):
        before = picked.copy()
        for k in range(len(picked)):
            others = np.delete(picked, k)
            gain = np.where(covers[:, others].any(axis=1), 0.0, weight) @ covers
            gain[others] = -1.0
            j = int(np.argmax(gain))
            if gain[j] > gain[picked[k]]:
                picked[k] = j
        if np.array_equal(before, picked):
            break
    return np.sort(picked)
