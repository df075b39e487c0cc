r"""The p-center problem: p sites so that the farthest client is as near as can be, with proof.

$$\min_{|S| = p} \max_i \min_{j \in S} t_{ij}$$

The answer is one of the distances. Whether p sites reach everybody within a distance is a covering
problem, so the distances are halved (Minieka 1970), between a bound from clients that are far
apart and the plan of a quick rule (Gonzalez 1985).
"""

from __future__ import annotations

import math
import time
from dataclasses import dataclass, replace

import numpy as np

from optimizer.covering import check_sites, cover_everybody
from optimizer.frozen import FloatArray, read_only
from optimizer.result import Status
from optimizer.solver import Limits

_LEAST_S = 0.1


@dataclass(frozen=True, slots=True, kw_only=True)
class Center:
    """A set of sites and how good it is proven to be.

    Attributes:
        status: OPTIMAL with a proof that no p sites have a smaller radius; else FEASIBLE.
        sites: Columns of the sites opened, ascending.
        radius: From the client farthest from its nearest site; inf where p sites cannot reach all.
        bound: No p sites have a radius below this.
    """

    status: Status
    sites: tuple[int, ...]
    radius: float
    bound: float

    @property
    def gap_fraction(self) -> float:
        """How far the radius may lie above the best, as a share of the radius."""
        if self.radius <= self.bound:
            return 0.0
        return 1.0 if math.isinf(self.radius) else (self.radius - self.bound) / self.radius


def p_center(
    minutes: FloatArray,
    p: int,
    *,
    existing: tuple[int, ...] = (),
    limits: Limits | None = None,
) -> Center:
    """Open p sites so that nobody is farther from the nearest than need be.

    Args:
        minutes: From each site to each client, shape (C, F); not negative; inf = out of reach.
        p: Sites to open, `existing` included, 1 to F.
        existing: Columns that are open in any case.
        limits: Time and seed.

    Raises:
        ValueError: p, a value or an existing site is out of range.
    """
    clients, sites = np.shape(minutes)
    given = read_only(minutes, float, shape=(clients, sites), name="p_center.minutes")
    if bool((given < 0).any()):
        raise ValueError("p_center.minutes: must not be negative")
    check_sites(p, existing, sites, "p_center")
    limits = limits or Limits()
    kept = tuple(sorted(set(existing)))
    best = _farthest_first(given, p, kept)
    radius = _radius(given, best)
    levels = np.unique(given)
    # Each client needs its nearest site at least.
    floor = float(given.min(axis=1).max(initial=0.0))
    low, high = int(np.searchsorted(levels, floor)), int(np.searchsorted(levels, radius))
    deadline = time.monotonic() + limits.time_limit_s
    start = low
    while start < high:
        middle = (start + high) // 2
        left_s = deadline - time.monotonic()
        # A question too hard leaves time for the ones above it, which are easier.
        found = cover_everybody(
            given <= levels[middle],
            p,
            existing=kept,
            limits=replace(
                limits, time_limit_s=max(_LEAST_S, left_s if high - start == 1 else left_s / 2)
            ),
        )
        if found.status is Status.OPTIMAL:
            best = _filled(found.sites, p, sites)
            high = int(np.searchsorted(levels, _radius(given, best)))
        else:
            start = middle + 1
            if found.status is Status.INFEASIBLE:
                low = start
    radius = _radius(given, best)
    proven = low >= high
    return Center(
        status=Status.OPTIMAL if proven else Status.FEASIBLE,
        sites=best,
        radius=radius,
        bound=radius if proven else float(levels[low]),
    )


def _radius(minutes: FloatArray, sites: tuple[int, ...]) -> float:
    return float(minutes[:, list(sites)].min(axis=1).max(initial=0.0))


def _filled(opened: tuple[int, ...], p: int, sites: int) -> tuple[int, ...]:
    rest = [j for j in range(sites) if j not in opened]
    return tuple(sorted((*opened, *rest[: p - len(opened)])))


def _farthest_first(minutes: FloatArray, p: int, existing: tuple[int, ...]) -> tuple[int, ...]:
    """Each time the site that is nearest to the client farthest from those opened so far."""
    opened = list(existing)
    if not opened:
        opened.append(int(np.argmin(minutes.max(axis=0, initial=0.0))))
    while len(opened) < p:
        left = np.ones(minutes.shape[1], dtype=np.bool_)
        left[opened] = False
        rest = np.flatnonzero(left)
        reach = minutes[:, opened].min(axis=1)
        last = minutes[int(np.argmax(reach))] if len(reach) else np.zeros(len(left))
        opened.append(int(rest[np.argmin(last[rest])]))
    return tuple(sorted(opened))
