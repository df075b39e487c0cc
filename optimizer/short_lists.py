r"""The cheapest partition under rows over the whole plan, where few part plans are worth a look.

For rows that count how much a plan differs from earlier ones the linear bound is weak, and branch
and bound slow. A list is quick: partitions up to a price, station by station (`enumeration.py`).
Of two part plans that cover the same stations the one that is no cheaper and no better in any row
goes, for whatever completes it completes the other. The price rises step by step from where no plan
can lie; the first list with a plan in it holds the cheapest.
"""

from __future__ import annotations

import time
from functools import partial

import numpy as np

from optimizer.cover import Cover
from optimizer.enumeration import every_partition
from optimizer.frozen import BoolArray, IntArray
from optimizer.partition import Partition, Relaxation
from optimizer.result import Status

_STEP = 1.5
_FIRST_FRACTION = 2e-4
_MOST_PARTS = 60_000
_PAIRWISE = 400


def cheapest_by_lists(
    cover: Cover, known: Relaxation, least: int, deadline: float
) -> Partition | None:
    """The cheapest partition that keeps the cover's rows, where lists answer.

    Args:
        cover: The problem.
        known: A bound with reduced costs of the same problem, or of one with fewer rows.
        least: No partition is cheaper.
        deadline: `time.monotonic()` at which to stop.

    Returns:
        OPTIMAL, or INFEASIBLE where all partitions were listed; None where a list would be too
        long, or the time ran out.
    """
    width = max(1, round(abs(least) * _FIRST_FRACTION))
    everything = int(known.reduced_scaled.sum())
    tie = cover.tie_weight(cover.ties)
    values = np.column_stack([cover.price, tie])
    keep = partial(not_worse, equal=len(cover.exactly))
    while time.monotonic() < deadline:
        slack = (least + width) * known.scale - known.lower_scaled
        found = every_partition(
            cover, known.reduced_scaled, slack, values, most=_MOST_PARTS, keep=keep
        )
        if found is None:
            return None
        if len(found):
            first = np.lexsort((found.values[:, 1], found.values[:, 0]))[0]
            price, chosen = int(found.values[first, 0]), found.chosen[first]
            if price <= least + width:
                return Partition(
                    status=Status.OPTIMAL,
                    chosen=np.sort(chosen[chosen >= 0]),
                    price=price,
                    bound=price,
                    columns=len(cover),
                )
        if slack >= everything:
            return Partition(status=Status.INFEASIBLE, why="all partitions listed")
        width = round(width * _STEP) + 1
    return None


def not_worse(sums: IntArray, *, equal: int) -> IntArray:
    """Part plans that no other makes needless.

    Where they are many, each is held against the cheapest only: more may stay than need be.

    Args:
        sums: Price, tie weight, `equal` rows in which only equals can take each other's place,
            then rows in which more is better; shape (P, 2 + R).
        equal: Rows with equality.

    Returns:
        Rows, sorted.
    """
    order = np.lexsort((sums[:, 1], sums[:, 0], *sums[:, 2:].T))
    rows = sums[order, 2:]
    first = np.ones(len(order), dtype=bool)
    first[1:] = (rows[1:] != rows[:-1]).any(axis=1)
    kept: IntArray = order[first]
    kept = kept[np.lexsort((*-sums[kept, 2:].T, sums[kept, 1], sums[kept, 0]))]
    cheap, rest = kept[:_PAIRWISE], kept[_PAIRWISE:]
    cheap = cheap[~np.triu(_replaces(sums, cheap, cheap, equal), 1).any(axis=0)]
    rest = rest[~_replaces(sums, cheap, rest, equal).any(axis=0)]
    kept = np.concatenate([cheap, rest])
    return np.sort(kept)


def _replaces(sums: IntArray, these: IntArray, those: IntArray, equal: int) -> BoolArray:
    """Whether each of `these` is as good in every row as each of `those`, shape (A, B)."""
    can: BoolArray = np.ones((len(these), len(those)), dtype=bool)
    for at in range(2, sums.shape[1]):
        one, other = sums[these, at][:, None], sums[those, at][None, :]
        can &= (one == other) if at < 2 + equal else (one >= other)
    return can
