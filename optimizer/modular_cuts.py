r"""Mod-k cuts for set partitions, by elimination in whole numbers modulo k.

Weights $\mu_i \in \{0, \dots, k-1\}$ on rows $a_i x \le b_i$ give the Chvátal-Gomory cut
$\sum_j \lfloor \sum_i \mu_i a_{ij} / k \rfloor x_j \le \lfloor \sum_i \mu_i b_i / k \rfloor$. Where
every row used is tight, $\sum_i \mu_i a_{ij}$ is a multiple of k for every column of positive value
and $\sum_i \mu_i b_i \equiv k - 1$, the present values break it by $(k-1)/k$, the most that is
possible. Such weights solve linear equations modulo k, so Gaussian elimination finds them
(Caprara, Fischetti & Letchford, *On the separation of maximally violated mod-k cuts*, Mathematical
Programming 87 (2000) 37-56). Rows are taken neighbour by neighbour, which keeps the cuts local.

Fractional values of a basis have its determinant as denominator; modulo 2, 3 and 5 nearly all are
found. Columns of small value may be passed over; the cut then gains less, and is measured.
"""

from __future__ import annotations

from collections import deque

import numpy as np
from scipy.sparse import csr_matrix

from optimizer.frozen import BoolArray, FloatArray, IntArray

MODULI = (2, 3, 5)
_WHOLE = 1e-6
_TIGHT = 1e-7
_MOST_ROWS = 60
_VIOLATION = 0.02
_PER_ROW = 5

Weights = dict[int, int]


def violated(
    values: FloatArray,
    rows: csr_matrix,
    right: IntArray,
    stations: int,
    *,
    passed_over: float = _WHOLE,
    turn: int = 0,
) -> tuple[csr_matrix, IntArray]:
    """Cuts that `values` break.

    Args:
        values: Of a linear relaxation, shape (N,).
        rows: Whole numbers; the first `stations` rows hold with equality, the others do not exceed
            `right`; shape (M, N).
        right: Shape (M,).
        stations: Number of rows with equality.
        passed_over: Columns of no larger value are left out of the equations.
        turn: Where to begin; another turn finds other cuts.

    Returns:
        The cuts' rows, shape (cuts, N), and what each must not exceed.
    """
    tight = np.abs(rows @ values - right) <= _TIGHT
    tight[:stations] = True
    candidates = np.flatnonzero(tight)
    here = rows[candidates]
    split = (values > passed_over) & (values < 1.0 - _WHOLE)
    positive = np.flatnonzero(values > passed_over)
    sub = here[:, positive].tocsr()
    meets = np.diff(here[:, np.flatnonzero(split)].tocsr().indptr) > 0
    touched = np.unique(sub[np.flatnonzero(meets)].indices)
    beside = np.diff(sub[:, touched].tocsr().indptr) > 0
    used = np.flatnonzero(meets | (beside & (candidates < stations)))
    sub, row_of = sub[used], candidates[used]
    found: dict[tuple[int, tuple[tuple[int, int], ...]], None] = {}
    for modulus in MODULI:
        table = _table(sub, modulus)
        for weights in _combinations(table, right[row_of].tolist(), modulus, turn):
            found[modulus, tuple(sorted((int(row_of[i]), w) for i, w in weights.items()))] = None
    return _best(list(found), values, rows, right)


def _table(sub: csr_matrix, modulus: int) -> list[Weights]:
    """Entries that are not 0 modulo `modulus`, row by row."""
    table = []
    for i in range(sub.shape[0]):
        part = slice(int(sub.indptr[i]), int(sub.indptr[i + 1]))
        entries = zip(sub.indices[part].tolist(), sub.data[part].tolist(), strict=True)
        table.append({c: int(v) % modulus for c, v in entries if int(v) % modulus})
    return table


def _neighbour_order(table: list[Weights], first: int) -> list[int]:
    """All rows, each soon after one that shares a column with it."""
    rows_of: dict[int, list[int]] = {}
    for i, row in enumerate(table):
        for column in row:
            rows_of.setdefault(column, []).append(i)
    seen, order = [False] * len(table), []
    for start in [*range(first, len(table)), *range(first)]:
        if seen[start]:
            continue
        seen[start] = True
        queue = deque([start])
        while queue:
            i = queue.popleft()
            order.append(i)
            for column in table[i]:
                for j in rows_of.pop(column, ()):
                    if not seen[j]:
                        seen[j] = True
                        queue.append(j)
    return order


def _add_multiple(target: Weights, factor: int, source: Weights, modulus: int) -> None:
    for key, value in source.items():
        total = (target.get(key, 0) + factor * value) % modulus
        if total:
            target[key] = total
        else:
            target.pop(key, None)


def _combinations(table: list[Weights], right: list[int], modulus: int, turn: int) -> list[Weights]:
    """Weights of rows that add up to 0 on the left and k - 1 on the right, modulo k."""
    pivots: dict[int, tuple[Weights, int, Weights]] = {}
    found = []
    order = _neighbour_order(table, (turn * 7919) % len(table)) if table else []
    for i in order:
        row, value, weights = dict(table[i]), right[i] % modulus, {i: 1}
        while True:
            column = next((c for c in row if c in pivots), None)
            if column is None or len(weights) > _MOST_ROWS:
                break
            other, other_value, other_weights = pivots[column]
            factor = -row[column]
            _add_multiple(row, factor, other, modulus)
            _add_multiple(weights, factor, other_weights, modulus)
            value = (value + factor * other_value) % modulus
        if len(weights) > _MOST_ROWS:
            continue
        if row:
            column = next(iter(row))
            factor = pow(row[column], -1, modulus)
            pivots[column] = (
                {c: v * factor % modulus for c, v in row.items()},
                value * factor % modulus,
                {r: w * factor % modulus for r, w in weights.items()},
            )
        elif value:
            factor = (modulus - 1) * pow(value, -1, modulus)
            found.append({r: w * factor % modulus for r, w in weights.items()})
    return found


def _best(
    combinations: list[tuple[int, tuple[tuple[int, int], ...]]],
    values: FloatArray,
    rows: csr_matrix,
    right: IntArray,
) -> tuple[csr_matrix, IntArray]:
    """The cuts, most broken and shortest first, few through one row."""
    count, (_, n) = len(combinations), rows.shape
    at = np.repeat(np.arange(count), [len(c[1]) for c in combinations])
    pairs = np.array([p for c in combinations for p in c[1]], dtype=np.int64).reshape(-1, 2)
    weights = csr_matrix((pairs[:, 1], (at, pairs[:, 0])), shape=(count, rows.shape[0]))
    modulus = np.array([c[0] for c in combinations], dtype=np.int64)
    summed = (weights @ rows).tocoo()
    whole = np.asarray(summed.data, dtype=np.int64) // modulus[summed.row]
    kept: BoolArray = whole > 0
    cuts = csr_matrix((whole[kept], (summed.row[kept], summed.col[kept])), shape=(count, n))
    at_most = np.asarray(weights @ right, dtype=np.int64) // np.maximum(modulus, 1)
    broken = cuts @ values - at_most
    length = np.diff(weights.indptr)
    used = np.zeros(rows.shape[0], dtype=np.int64)
    chosen = []
    for i in np.lexsort((length, -np.round(broken, 6))).tolist():
        if broken[i] < _VIOLATION:
            break
        through = weights.indices[weights.indptr[i] : weights.indptr[i + 1]]
        if used[through].max() < _PER_ROW:
            used[through] += 1
            chosen.append(i)
    return cuts[chosen], at_most[chosen]
