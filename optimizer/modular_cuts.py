r"""Mod-k cuts for set partitions, by elimination in whole numbers modulo k.

Weights $\mu_i \in \{0, \dots, k-1\}$ on rows $a_i x \le b_i$ give the Chvátal-Gomory cut
$\sum_j \lfloor \sum_i \mu_i a_{ij} / k \rfloor x_j \le \lfloor \sum_i \mu_i b_i / k \rfloor$. Where
every row used is tight, $\sum_i \mu_i a_{ij}$ is a multiple of k for every column of positive value
and $\sum_i \mu_i b_i \equiv k - 1$, the present values break it by $(k-1)/k$, the most that is
possible. Such weights solve linear equations modulo k, so Gaussian elimination finds them
(Caprara, Fischetti & Letchford, *On the separation of maximally violated mod-k cuts*, Mathematical
Programming 87 (2000) 37-56). Rows are taken neighbour by neighbour, which keeps the cuts local.

Fractional values of a basis have its determinant as denominator, nearly always with a factor 2, 3
or 5. Columns of small value may be passed over; the cut then gains less, and is measured.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from scipy.sparse import csc_matrix, csr_matrix

from optimizer.frozen import BoolArray, FloatArray, IntArray

MODULI = (2, 3, 5)
_WHOLE = 1e-6
_TIGHT = 1e-7
_MOST_ROWS = 60
_VIOLATION = 0.02
_PER_ROW = 5
_ENOUGH = 24
"""Of so many found with the other moduli the last, which costs most, is not asked."""

Vector = tuple[int, ...]


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
    parts = _parts(sub, (turn * 7919) % max(1, len(used)))
    at_most, number = right[row_of].tolist(), row_of.tolist()
    found: dict[tuple[int, tuple[tuple[int, int], ...]], None] = {}
    for modulus in MODULI:
        if modulus == MODULI[-1] and len(found) >= _ENOUGH:
            break
        for part in parts:
            for weights in _combinations(part, at_most, modulus):
                found[modulus, tuple(sorted((number[i], w) for i, w in weights))] = None
    return _best(list(found), values, rows, right)


@dataclass(frozen=True, slots=True)
class _Part:
    """Rows joined by columns, each soon after one that shares a column with it.

    Attributes:
        rows: Their numbers.
        entries: For each row its columns, numbered within the part, and its values.
        columns: How many columns.
    """

    rows: list[int]
    entries: list[list[tuple[int, int]]]
    columns: int


def _parts(sub: csr_matrix, first: int) -> list[_Part]:
    """All rows, part by part, so that a vector is as long as its part; begun at row `first`."""
    rows_of, columns_of = _lists(sub.tocsc()), _lists(sub)
    values, starts = sub.data.tolist(), sub.indptr.tolist()
    seen, parts = [False] * len(columns_of), []
    for start in [*range(first, len(columns_of)), *range(first)]:
        if seen[start]:
            continue
        seen[start] = True
        order, place = [start], dict[int, int]()
        entries = []
        for i in order:  # grows as it goes
            for column in columns_of[i]:
                place.setdefault(column, len(place))
                for j in rows_of[column]:
                    if not seen[j]:
                        seen[j] = True
                        order.append(j)
                rows_of[column] = []
            own = values[starts[i] : starts[i + 1]]
            entries.append([(place[c], v) for c, v in zip(columns_of[i], own, strict=True)])
        parts.append(_Part(order, entries, len(place)))
    return parts


def _lists(matrix: csr_matrix | csc_matrix) -> list[list[int]]:
    places = matrix.indices.tolist()
    return [places[i:j] for i, j in pairwise(matrix.indptr.tolist())]


def _combinations(part: _Part, right: list[int], modulus: int) -> list[list[tuple[int, int]]]:
    """Weights of rows that add up to 0 on the left and k - 1 on the right, modulo k.

    A vector modulo k is k - 1 bit masks: where it is 1, where it is 2 and so on. The right side is
    the bit after the last column; behind it stand the weights of the rows, so that one addition
    serves all three.
    """
    add = {2: _add_2, 3: _add_3}.get(modulus, _add)
    inverse = [0, *(pow(v, -1, modulus) for v in range(1, modulus))]
    goal, shift = 1 << part.columns, part.columns + 1
    # At each pivot the multiples of its row that take away 1, 2 and so on.
    pivots: dict[int, list[Vector]] = {}
    pivot_mask = 0
    found: list[list[tuple[int, int]]] = []
    for number, (i, entries) in enumerate(zip(part.rows, part.entries, strict=True)):
        masks = [0] * modulus
        for place, value in entries:
            masks[value % modulus] |= 1 << place
        masks[right[i] % modulus] |= goal
        masks[1] |= 1 << (shift + number)
        row: Vector = tuple(masks[1:])
        support = _support(row)
        while hits := support & pivot_mask:
            bit = hits & -hits
            row = add(row, pivots[bit][_value(row, bit) - 1])
            support = _support(row)
            if (support >> shift).bit_count() > _MOST_ROWS:
                break
        else:
            if left := support & (goal - 1):
                bit = left & -left
                factor = inverse[_value(row, bit)]
                pivots[bit] = [
                    _times(row, (modulus - v) * factor % modulus) for v in range(1, modulus)
                ]
                pivot_mask |= bit
            elif support & goal:
                row = _times(row, (modulus - 1) * inverse[_value(row, goal)] % modulus)
                found.append(
                    [
                        (part.rows[place], v)
                        for v, mask in enumerate(row, 1)
                        for place in _places(mask >> shift)
                    ]
                )
    return found


def _support(vector: Vector) -> int:
    mask = vector[0]
    for part in vector[1:]:
        mask |= part
    return mask


def _value(vector: Vector, bit: int) -> int:
    for v, mask in enumerate(vector, 1):
        if mask & bit:
            return v
    raise AssertionError


def _times(vector: Vector, factor: int) -> Vector:
    if factor == 1:
        return vector
    modulus = len(vector) + 1
    found = [0] * modulus
    for v, mask in enumerate(vector, 1):
        found[v * factor % modulus] = mask
    return tuple(found[1:])


def _add_2(one: Vector, other: Vector) -> Vector:
    return (one[0] ^ other[0],)


def _add_3(one: Vector, other: Vector) -> Vector:
    (a, b), (c, d) = one, other
    both = (a | d) ^ (b | c)
    return (b | d) ^ both, (a | c) ^ both


def _add(one: Vector, other: Vector) -> Vector:
    modulus = len(one) + 1
    a, b = (~_support(one), *one), (~_support(other), *other)
    found = []
    for total in range(1, modulus):
        mask = 0
        for v in range(modulus):
            mask |= a[v] & b[total - v]  # a place below 0 counts from the end: modulo k
        found.append(mask)
    return tuple(found)


def _places(mask: int) -> list[int]:
    found = []
    while mask:
        bit = mask & -mask
        found.append(bit.bit_length() - 1)
        mask ^= bit
    return found


def _best(
    combinations: list[tuple[int, tuple[tuple[int, int], ...]]],
    values: FloatArray,
    rows: csr_matrix,
    right: IntArray,
) -> tuple[csr_matrix, IntArray]:
    """The cuts, most broken and shortest first, few through one row."""
    count = len(combinations)
    at = np.repeat(np.arange(count), [len(c[1]) for c in combinations])
    pairs = np.array([p for c in combinations for p in c[1]], dtype=np.int64).reshape(-1, 2)
    weights = csr_matrix((pairs[:, 1], (at, pairs[:, 0])), shape=(count, rows.shape[0]))
    modulus = np.array([c[0] for c in combinations], dtype=np.int64)
    at_most = np.asarray(weights @ right, dtype=np.int64) // np.maximum(modulus, 1)
    positive = np.flatnonzero(values > _TIGHT)
    here = _divided(weights, rows[:, positive], modulus)
    broken = here @ values[positive] - at_most
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
    return _divided(weights[chosen], rows, modulus[chosen]), at_most[chosen]


def _divided(weights: csr_matrix, rows: csr_matrix, modulus: IntArray) -> csr_matrix:
    """Whole part of the weighted sums of rows, each divided by its modulus."""
    summed = (weights @ rows).tocoo()
    whole = np.asarray(summed.data, dtype=np.int64) // modulus[summed.row]
    kept: BoolArray = whole > 0
    entries = whole[kept], (summed.row[kept], summed.col[kept])
    return csr_matrix(entries, shape=(weights.shape[0], rows.shape[1]))
