r"""Queues of duty crews: Erlang's formulas for M/M/m, vectorised.

Notation: offered load $a = \lambda s$ (erlangs), $m$ servers.

- Erlang B by the recursion $B_0 = 1,\ B_m = a B_{m-1} / (m + a B_{m-1})$.
- Erlang C: $C = m B_m / (m - a (1 - B_m))$ for $a < m$, else 1.
- Waiting: $P(W > t) = C\, e^{-(m - a) t / s}$ for $a < m$, else 1.

Source: A. K. Erlang (1917); in this form L. Kleinrock, *Queueing Systems I* (1975), sections
3.5-3.6, and R. B. Cooper, *Introduction to Queueing Theory* (1981), section 3.3.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from optimizer.frozen import FloatArray, IntArray

MAX_SERVERS = 10_000


def erlang_b(servers: ArrayLike, offered_erlangs: ArrayLike) -> FloatArray:
    """Share of arrivals that find all servers busy when none may wait (M/M/m/m).

    Args:
        servers: m >= 0, whole numbers.
        offered_erlangs: a >= 0, broadcast against `servers`.

    Returns:
        Probabilities in the broadcast shape.
    """
    m, a = np.broadcast_arrays(_servers(servers, 0), _loads(offered_erlangs))
    blocked = np.ones_like(a)
    for i in range(1, int(m.max(initial=0)) + 1):
        blocked = np.where(i <= m, a * blocked / (i + a * blocked), blocked)
    return blocked


def erlang_c(servers: ArrayLike, offered_erlangs: ArrayLike) -> FloatArray:
    """Share of arrivals that wait in M/M/m; 1 where the queue has no steady state (a >= m).

    Args and shape as `erlang_b`, with m >= 1.
    """
    m, a = np.broadcast_arrays(_servers(servers, 1), _loads(offered_erlangs))
    return _erlang_c(m, a, erlang_b(m, a))


def wait_exceeds(
    servers: ArrayLike, offered_erlangs: ArrayLike, service_min: ArrayLike, wait_min: float
) -> FloatArray:
    """P(an arrival waits longer than `wait_min`) in M/M/m.

    Args:
        servers: m >= 1, whole numbers.
        offered_erlangs: a, broadcast against `servers`.
        service_min: Mean service time in minutes, broadcast too; where a is 0 it may be 0.
        wait_min: t in minutes.

    Returns:
        Probabilities; 1 where a >= m.
    """
    m, a, s = np.broadcast_arrays(
        _servers(servers, 1), _loads(offered_erlangs), np.asarray(service_min, dtype=float)
    )
    return _wait(m, a, s, wait_min, erlang_b(m, a))


def crews_needed(
    offered_erlangs: ArrayLike,
    service_min: ArrayLike,
    *,
    max_wait_min: float,
    max_wait_share_fraction: float,
    min_crews: int = 1,
) -> IntArray:
    """Fewest servers m >= `min_crews` with P(W > `max_wait_min`) <= `max_wait_share_fraction`.

    Args:
        offered_erlangs: a, any shape.
        service_min: Mean service time in minutes, same shape or broadcast.
        max_wait_min: t_q in minutes.
        max_wait_share_fraction: alpha, in (0, 1).
        min_crews: Least answer.

    Returns:
        Whole numbers in the broadcast shape.

    Raises:
        ValueError: a load so high that more than `MAX_SERVERS` servers are needed.
    """
    a, s = np.broadcast_arrays(_loads(offered_erlangs), np.asarray(service_min, dtype=float))
    if not 0 < max_wait_share_fraction < 1:
        raise ValueError("max_wait_share_fraction: between 0 and 1")
    shape, a, s = a.shape, a.ravel(), s.ravel()
    needed = np.zeros(a.size, dtype=np.int64)
    open_rows = np.arange(a.size)
    blocked = np.ones_like(a)
    for m in range(1, MAX_SERVERS + 1):
        if not open_rows.size:
            break
        here = a[open_rows]
        blocked = here * blocked / (m + here * blocked)
        if m < min_crews:
            continue
        enough = (
            _wait(np.array(m), here, s[open_rows], max_wait_min, blocked) <= max_wait_share_fraction
        )
        needed[open_rows[enough]] = m
        open_rows, blocked = open_rows[~enough], blocked[~enough]
    if open_rows.size:
        raise ValueError(f"offered load {a[open_rows].max():g} erlangs needs over {MAX_SERVERS}")
    return needed.reshape(shape)


def _loads(offered_erlangs: ArrayLike) -> FloatArray:
    a = np.asarray(offered_erlangs, dtype=float)
    if (a < 0).any() or not np.isfinite(a).all():
        raise ValueError("offered_erlangs: finite and not negative")
    return a


def _servers(servers: ArrayLike, least: int) -> IntArray:
    m = np.asarray(servers)
    if m.dtype.kind not in "iu" or (m < least).any() or (m > MAX_SERVERS).any():
        raise ValueError(f"servers: whole numbers from {least} to {MAX_SERVERS}")
    return m.astype(np.int64)


def _erlang_c(servers: IntArray, a: FloatArray, blocked: FloatArray) -> FloatArray:
    idle = servers - a * (1.0 - blocked)
    waiting = np.where(a < servers, servers * blocked / np.maximum(idle, 1e-300), 1.0)
    return np.minimum(waiting, 1.0)


def _wait(
    servers: IntArray, a: FloatArray, service_min: FloatArray, wait_min: float, blocked: FloatArray
) -> FloatArray:
    rate_per_min = np.where(service_min > 0, (servers - a) / np.maximum(service_min, 1e-300), 0.0)
    decay = np.exp(-np.maximum(rate_per_min, 0.0) * wait_min)
    return np.where(a < servers, _erlang_c(servers, a, blocked) * decay, 1.0)
