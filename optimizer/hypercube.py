r"""The hypercube queue: crews that answer for each other, in each cell's own order.

N units, J atoms (cells) with Poisson calls at rates $\lambda_j$, exponential services. Atom j sends
its call to the first free unit of its own list of preference; when none is free the call is lost
(zero line) or waits in one line, first come first served (infinite line).

- Exact: the stationary distribution over the $2^N$ sets of busy units, up to `MAX_EXACT_UNITS`.
  Solved by levels (units busy at once) with the level masses set right after each sweep
  (Koury, McAllister and Stewart 1984, SIAM J. Alg. Disc. Meth. 5, 164-186).
- Approximate: Larson's fixed point with correction factors Q, for identical units of any number.

Source: R. C. Larson, *A hypercube queuing model for facility location and redistricting in urban
emergency services*, Computers & Operations Research 1 (1974) 67-95; the approximation: Larson,
Operations Research 23 (1975) 845-868; Larson and Odoni, *Urban Operations Research* (1981),
sections 5.4-5.5.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np
from scipy.sparse import csr_matrix

from optimizer.errors import SolverError
from optimizer.frozen import FloatArray, IntArray, read_only
from optimizer.queueing import erlang_b, erlang_c

Line = Literal["zero", "infinite"]
Method = Literal["exact", "approximate"]

MAX_EXACT_UNITS = 15
_TOLERANCE = 1e-12
_MAX_SWEEPS = 20_000


class OverloadError(SolverError):
    """Work arrives faster than all units together can do it: no line ever becomes short."""

    def __init__(self, offered_erlangs: float, units: int) -> None:
        self.offered_erlangs = offered_erlangs
        self.units = units
        self.units_needed = math.floor(offered_erlangs) + 1
        super().__init__(
            f"{offered_erlangs:.4g} erlangs offered to {units} units: the line grows without "
            f"end; at least {self.units_needed} units are needed"
        )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Hypercube:
    """A system of units.

    Attributes:
        alerts_per_min: Rate of each atom, shape (J,), not negative, not all 0.
        service_min: Mean service of each unit, travel included, shape (N,), above 0.
        preference: Units in the order in which an atom calls them, shape (J, N): each row names
            every unit once.
        line: Whether calls that find all busy are lost (`zero`) or wait (`infinite`).

    Raises:
        ValueError: shapes that do not fit, or values out of range.
    """

    alerts_per_min: FloatArray
    service_min: FloatArray
    preference: IntArray
    line: Line = "infinite"

    def __post_init__(self) -> None:
        j, n = np.size(self.alerts_per_min), np.size(self.service_min)
        for name, dtype, shape in (
            ("alerts_per_min", float, (j,)),
            ("service_min", float, (n,)),
            ("preference", np.int64, (j, n)),
        ):
            array = read_only(getattr(self, name), dtype, shape=shape, name=f"hypercube.{name}")
            object.__setattr__(self, name, array)
        if not n or not np.isfinite(self.service_min).all() or (self.service_min <= 0).any():
            raise ValueError("hypercube.service_min: one unit or more, each above 0 and finite")
        rates = self.alerts_per_min
        if not np.isfinite(rates).all() or (rates < 0).any() or not rates.any():
            raise ValueError("hypercube.alerts_per_min: finite, not negative, not all 0")
        if (np.sort(self.preference, axis=1) != np.arange(n)).any():
            raise ValueError("hypercube.preference: every row names every unit once")
        if self.line not in ("zero", "infinite"):
            raise ValueError("hypercube.line: zero or infinite")

    @property
    def is_alike(self) -> bool:
        """Whether all units serve alike."""
        return bool((self.service_min == self.service_min[0]).all())

    @property
    def offered_erlangs(self) -> float:
        """Units' worth of work that arrives, by the mean rate of service."""
        return float(self.alerts_per_min.sum() / (1.0 / self.service_min).mean())


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Loads:
    """How the units of a hypercube fare.

    Attributes:
        workload_fraction: Share of its time that each unit is busy, shape (N,).
        dispatch_fraction: Share of all answered calls that unit n answers in atom j, shape (N, J);
            sums to 1.
        all_busy_fraction: Share of calls that find every unit busy: lost, or waiting.
        method: `exact` or `approximate`.
        state_fraction: Share of time in each set of busy units, shape (2^N,); bit n = unit n. The
            last one includes every length of the line. None where approximate.
    """

    workload_fraction: FloatArray
    dispatch_fraction: FloatArray
    all_busy_fraction: float
    method: Method
    state_fraction: FloatArray | None = None

    def __post_init__(self) -> None:
        n, j = np.shape(self.dispatch_fraction)
        for name, shape in (("workload_fraction", (n,)), ("dispatch_fraction", (n, j))):
            array = read_only(getattr(self, name), float, shape=shape, name=f"loads.{name}")
            object.__setattr__(self, name, array)
        if self.state_fraction is not None:
            states = read_only(self.state_fraction, float, shape=(2**n,), name="loads.state")
            object.__setattr__(self, "state_fraction", states)

    def cross_fraction(self, home: IntArray) -> float:
        """Share of answered calls that a unit answers outside its own atoms.

        Args:
            home: For each unit and atom, whether the atom is the unit's own, shape (N, J), or the
                unit that each atom belongs to, shape (J,).
        """
        own = np.asarray(home)
        if own.ndim == 1:
            own = np.arange(len(self.workload_fraction))[:, None] == own[None, :]
        return float(self.dispatch_fraction[~own.astype(bool)].sum())


def loads(cube: Hypercube, method: Method | None = None) -> Loads:
    """Solve a hypercube.

    Args:
        cube: The system.
        method: None = exact up to `MAX_EXACT_UNITS`, approximate above.

    Raises:
        OverloadError: an infinite line that would grow without end.
        ValueError: exact with too many units, or approximate with units that differ.
        SolverError: no convergence.
    """
    n = len(cube.service_min)
    if method is None:
        method = "exact" if n <= MAX_EXACT_UNITS else "approximate"
    rate, capacity = float(cube.alerts_per_min.sum()), float((1.0 / cube.service_min).sum())
    if cube.line == "infinite" and rate >= capacity:
        raise OverloadError(cube.offered_erlangs, n)
    if method == "exact":
        if n > MAX_EXACT_UNITS:
            raise ValueError(f"exact: up to {MAX_EXACT_UNITS} units")
        return _exact(cube)
    if not cube.is_alike:
        raise ValueError("approximate: all units must have the same service_min")
    return _approximate(cube)


def correction_factors(units: int, offered_erlangs: float, line: Line) -> FloatArray:
    r"""Larson's Q: how busy units cluster, against independence.

    In M/M/N with units drawn at random, P(the first k are busy and the next is free) is
    $Q_k \rho^k (1 - \rho)$ with $\rho$ the workload of a unit (Larson 1975, eq. 20, written as
    the definition it is derived from).

    Args:
        units: N.
        offered_erlangs: a; below N where the line is infinite.
        line: `zero` or `infinite`.

    Returns:
        Q for k = 0 ... N - 1, shape (N,); Q[0] = 1.
    """
    busy = _busy_counts(units, offered_erlangs, line)
    workload = float(np.arange(units + 1) @ busy) / units
    found = np.empty(units)
    count = np.arange(units, dtype=float)
    drawn = np.ones(units)
    for k in range(units):
        chance = float((busy[:-1] * drawn * (units - count) / (units - k)).sum())
        found[k] = chance / (workload**k * (1.0 - workload))
        drawn = drawn * np.maximum(count - k, 0.0) / (units - k)
    return found


def _busy_counts(units: int, a: float, line: Line) -> FloatArray:
    """P(k units busy) for k = 0 ... N; the last includes every length of the line."""
    log = np.concatenate([[0.0], np.cumsum(np.log(a) - np.log(np.arange(1, units + 1)))])
    weight = np.exp(log - log.max())
    if line == "infinite":
        weight[-1] /= 1.0 - a / units
    found: FloatArray = weight / weight.sum()
    return found


# --- exact ----------------------------------------------------------------------------------


def _exact(cube: Hypercube) -> Loads:
    n = len(cube.service_min)
    rate = float(cube.alerts_per_min.sum())
    service_per_min = 1.0 / cube.service_min
    orders, order_of = np.unique(cube.preference, axis=0, return_inverse=True)
    order_rate = np.zeros(len(orders))
    np.add.at(order_rate, order_of.ravel(), cube.alerts_per_min)
    states = np.arange(2**n)
    # First free unit of each order in each state; -1 where all are busy.
    first = np.full((len(orders), 2**n), -1, dtype=np.int64)
    for i, order in enumerate(orders):
        for unit in order[::-1].tolist():
            first[i, (states >> unit) & 1 == 0] = unit
    inflow, outflow = _transitions(n, first, order_rate, service_per_min)
    state = _stationary(n, inflow, outflow, rate, service_per_min)
    if cube.line == "infinite":
        state[-1] /= 1.0 - rate / float(service_per_min.sum())
        state /= state.sum()
    busy = np.array([state[(states >> u) & 1 == 1].sum() for u in range(n)])
    free_share = np.zeros((n, len(orders)))
    for i in range(len(orders)):
        known = first[i] >= 0
        free_share[:, i] = np.bincount(first[i][known], weights=state[known], minlength=n)
    all_busy = float(state[-1])
    answered = free_share
    if cube.line == "infinite":
        # Whoever is free next takes the first in line.
        answered = free_share + all_busy * (service_per_min / service_per_min.sum())[:, None]
    elif all_busy < 1.0:
        answered = free_share / (1.0 - all_busy)
    return Loads(
        workload_fraction=busy,
        dispatch_fraction=answered[:, order_of.ravel()] * cube.alerts_per_min / rate,
        all_busy_fraction=all_busy,
        method="exact",
        state_fraction=state,
    )


def _transitions(
    n: int, first: IntArray, order_rate: FloatArray, service_per_min: FloatArray
) -> tuple[csr_matrix, FloatArray]:
    """Rates into each state from each, shape (2^N, 2^N), and out of each, shape (2^N,)."""
    states = np.arange(2**n)
    to, origin, rate = [], [], []
    for unit in range(n):
        idle = states[(states >> unit) & 1 == 0]
        called = ((first[:, idle] == unit) * order_rate[:, None]).sum(axis=0)
        to += [idle | (1 << unit), idle]
        origin += [idle, idle | (1 << unit)]
        rate += [called, np.full(len(idle), service_per_min[unit])]
    rates, origins = np.concatenate(rate), np.concatenate(origin)
    inflow = csr_matrix((rates, (np.concatenate(to), origins)), shape=(2**n, 2**n))
    outflow = np.zeros(2**n)
    np.add.at(outflow, origins, rates)
    return inflow, outflow


def _stationary(
    n: int, inflow: csr_matrix, outflow: FloatArray, rate: float, service_per_min: FloatArray
) -> FloatArray:
    """P of each set of busy units, calls lost when all are busy; level by level."""
    states = np.arange(2**n)
    bits = ((states[:, None] >> np.arange(n)) & 1).astype(float)
    level = bits.sum(axis=1).astype(np.int64)
    done_per_min = bits @ service_per_min
    rows = [np.flatnonzero(level == k) for k in range(n + 1)]
    parts = [inflow[r] for r in rows]
    state: FloatArray = np.concatenate([[1.0 / math.comb(n, int(k))] for k in level])
    state /= state.sum()
    for _ in range(_MAX_SWEEPS):
        before = state.copy()
        for k in (*range(n + 1), *range(n - 1, -1, -1)):
            state[rows[k]] = (parts[k] @ state) / outflow[rows[k]]
        # Levels are a birth-death chain: what leaves one upwards comes back.
        mass = np.ones(n + 1)
        for k in range(n):
            here, above = state[rows[k]], state[rows[k + 1]]
            down = float(above @ done_per_min[rows[k + 1]]) / float(above.sum())
            mass[k + 1] = mass[k] * rate / down
            state[rows[k]] = here / here.sum() * mass[k]
        state[rows[n]] = state[rows[n]] / state[rows[n]].sum() * mass[n]
        state /= state.sum()
        if np.abs(state - before).max() <= _TOLERANCE * state.max():
            return state
    raise SolverError("hypercube: no convergence")


# --- approximate ----------------------------------------------------------------------------


def _approximate(cube: Hypercube) -> Loads:
    n, a = len(cube.service_min), cube.offered_erlangs
    lost = float(erlang_b(n, a))
    all_busy = lost if cube.line == "zero" else float(erlang_c(n, a))
    carried = a * (1.0 - lost) if cube.line == "zero" else a
    q = correction_factors(n, a, cube.line)
    # Calls that waited fall to all units alike.
    waited = a * all_busy / n if cube.line == "infinite" else 0.0
    share = cube.alerts_per_min / cube.alerts_per_min.sum()
    offered = share * a
    busy = np.full(n, carried / n)
    answered = np.zeros(cube.preference.shape)
    for _ in range(_MAX_SWEEPS):
        before = busy.copy()
        ahead = np.ones(cube.preference.shape)
        ahead[:, 1:] = np.cumprod(busy[cube.preference], axis=1)[:, :-1]
        called = q * ahead
        # Calls that reach a unit's place in the list; it takes them while it is free.
        reach = np.bincount(
            cube.preference.ravel(), weights=(offered[:, None] * called).ravel(), minlength=n
        )
        busy = (reach + waited) / (1.0 + reach)
        busy = np.minimum(busy * carried / busy.sum(), 1.0)
        if np.abs(busy - before).max() <= _TOLERANCE:
            break
    else:
        raise SolverError("hypercube: no convergence of the approximation")
    answered = called * (1.0 - busy[cube.preference])
    served = 1.0 - all_busy
    answered *= served / answered.sum(axis=1, keepdims=True)
    if cube.line == "infinite":
        answered += all_busy / n
    elif served > 0:
        answered /= served
    dispatch = np.zeros((n, len(share)))
    np.put_along_axis(dispatch, cube.preference.T, (answered * share[:, None]).T, axis=0)
    return Loads(
        workload_fraction=busy,
        dispatch_fraction=dispatch,
        all_busy_fraction=all_busy,
        method="approximate",
    )
