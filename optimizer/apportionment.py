r"""Whole heads shared over places by their work, each with a least number: exact, by steps.

With work $w_i$, total $T$ and targets $q_i = T w_i / \sum_j w_j$, the heads $n_i \ge l_i$ with
$\sum_i n_i = T$ minimise $\sum_i (n_i - q_i)^2 / q_i$, the objective of `optimizer/allocation.py`,
which without the $l_i$ is that of Webster's (Sainte-Laguë's) method (Balinski & Young 1982).

One more head at $i$ changes the sum by $(2 n_i + 1)/q_i - 2$, which never falls as $n_i$ grows. The
objective is separable and convex and the rules are one sum and lower limits, so starting from the
limits and always taking the cheapest step is optimal: an exchange argument (Fox 1966, Operations
Research 14(3); Ibaraki & Katoh 1988, *Resource Allocation Problems*, section 4.2). A place without
work is the limit $q_i \to 0$: it gets more than its least only where nobody has work.
"""

from __future__ import annotations

import heapq
from collections.abc import Sequence

import numpy as np

from optimizer.frozen import IntArray


def apportion(total: int, work: Sequence[float], least: Sequence[int]) -> IntArray:
    """Heads of each place; ties go to the first.

    Args:
        total: Heads to share, all of them.
        work: Work of each place, at least 0.
        least: Heads of each place at the least.

    Raises:
        ValueError: `total` is less than the least numbers together, or there is no place.
    """
    heads = [int(n) for n in least]
    left = total - sum(heads)
    if left < 0 or not heads:
        raise ValueError(f"apportion: {total} heads for {sum(heads)} at the least")
    whole = float(sum(work))
    if whole <= 0:
        work = [1.0] * len(heads)
    steps = [((2 * n + 1) / w, i) for i, (n, w) in enumerate(zip(heads, work, strict=True)) if w]
    heapq.heapify(steps)
    for _ in range(left):
        _, i = steps[0]
        heads[i] += 1
        heapq.heapreplace(steps, ((2 * heads[i] + 1) / work[i], i))
    return np.array(heads, dtype=np.int64)
