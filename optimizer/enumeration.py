r"""Every partition within a bound, not only the best: exact-cover search over reduced costs.

A partition whose price may exceed the linear bound by so much has only columns whose reduced costs
add up to no more (`partition.Relaxation`). Few columns are left; over them stations fall apart into
components that share no column. Each is searched by itself, the first uncovered station next
(Knuth's Algorithm X with a fixed order, on bit masks), and the parts are put together under the
same bound. Whole numbers throughout, so "these are all" is a proof.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy.sparse import csr_matrix
from scipy.sparse.csgraph import connected_components, reverse_cuthill_mckee

from optimizer.cover import Cover
from optimizer.frozen import BoolArray, IntArray

Keep = Callable[[IntArray], IntArray]
"""From the values of part plans, shape (P, V), the rows worth keeping."""
_MOST_SUMS = 4_000_000
_STEPS_PER_PART = 20


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Enumerated:
    """All partitions within a bound.

    Attributes:
        chosen: Column numbers of each, sorted, padded with -1 at the end; shape (P, S).
        values: What their columns' values add up to, shape (P, V).
    """

    chosen: IntArray
    values: IntArray

    def __len__(self) -> int:
        return len(self.chosen)


def every_partition(
    cover: Cover,
    reduced_scaled: IntArray,
    slack_scaled: int,
    values: IntArray,
    *,
    most: int,
    keep: Keep | None = None,
) -> Enumerated | None:
    """All partitions whose reduced costs add up to `slack_scaled` at the most.

    Args:
        cover: The problem; every partition given keeps its rows.
        reduced_scaled: Reduced costs, none below 0, shape (N,).
        slack_scaled: The bound.
        values: What to add up over the columns of each partition, shape (N, V).
        most: Partitions, and steps of the search for each component, at the most.
        keep: Drops part plans that cannot be part of what is wanted; None = keep all.

    Returns:
        The partitions, in no order; None where there are more than `most`.
    """
    usable = np.flatnonzero(reduced_scaled <= slack_scaled)
    rows = [row for row, _ in cover.exactly] + [limit.coefficients for limit in cover.limits]
    carried = np.column_stack([values, *rows])
    settled, parts = _components(cover, usable)
    # What has only one column is the same in every partition.
    plans = [settled[None, :]]
    sums = carried[settled].sum(axis=0, keepdims=True)
    reduced = np.zeros(1, dtype=np.int64)
    left = slack_scaled - int(reduced_scaled[settled].sum())
    for stations, columns in parts:
        part = (
            _search(cover, stations, columns, reduced_scaled, left, most)
            if keep is None
            else _merging_search(
                cover, stations, columns, reduced_scaled, left, carried, keep, most
            )
        )
        if part is None:
            return None
        if not len(part):
            return _none(cover, values)
        part_reduced = _total(reduced_scaled[:, None], part)[:, 0]
        part_sums = _total(carried, part)
        if keep is not None:
            kept = keep(part_sums)
            part, part_reduced, part_sums = part[kept], part_reduced[kept], part_sums[kept]
        # What this component takes at the least is gone for all others.
        least = int(part_reduced.min())
        left -= least
        part_reduced -= least
        if len(reduced) * len(part) > _MOST_SUMS:
            return None
        first, second = np.nonzero(reduced[:, None] + part_reduced[None, :] <= left)
        reduced = reduced[first] + part_reduced[second]
        sums = sums[first] + part_sums[second]
        at = np.arange(len(reduced)) if keep is None else keep(sums)
        if len(at) > most:
            return None
        reduced, sums = reduced[at], sums[at]
        plans = [np.hstack([plans[0][first[at]], part[second[at]]])]
        inside = reduced <= left
        reduced, sums, plans = reduced[inside], sums[inside], [plans[0][inside]]
    fits = _keeps_rows(cover, sums[:, values.shape[1] :])
    chosen = plans[0][fits]
    # Sorted with the padding last.
    chosen = np.sort(np.where(chosen < 0, len(cover), chosen), axis=1)
    chosen = np.where(chosen == len(cover), -1, chosen)
    return Enumerated(chosen=chosen, values=sums[fits][:, : values.shape[1]])


def _keeps_rows(cover: Cover, sums: IntArray) -> BoolArray:
    fits: BoolArray = np.ones(len(sums), dtype=bool)
    for at, (_, value) in enumerate(cover.exactly):
        fits &= sums[:, at] == value
    for at, limit in enumerate(cover.limits, len(cover.exactly)):
        fits &= sums[:, at] >= limit.floor
    return fits


def _none(cover: Cover, values: IntArray) -> Enumerated:
    return Enumerated(
        chosen=np.zeros((0, cover.stations), dtype=np.int64),
        values=np.zeros((0, values.shape[1]), dtype=np.int64),
    )


def _total(values: IntArray, chosen: IntArray) -> IntArray:
    """Sum of `values` over the columns of each row of `chosen`, which -1 pads."""
    padded = np.vstack([values, np.zeros((1, values.shape[1]), dtype=np.int64)])
    total = np.zeros((len(chosen), values.shape[1]), dtype=np.int64)
    for place in chosen.T:
        total += padded[place]
    return total


def _components(cover: Cover, usable: IntArray) -> tuple[IntArray, list[tuple[IntArray, IntArray]]]:
    """Columns that are alone in their component; stations and columns of each other component.

    Near stations stand next to each other; small components come first.
    """
    members = cover.members[usable]
    first = members[:, 0]
    other = members[:, 1:]
    at, place = np.nonzero(other >= 0)
    link = csr_matrix(
        (np.ones(len(at)), (first[at], other[at, place])), shape=(cover.stations,) * 2
    )
    count, label = connected_components(link, directed=False)
    of_column = label[first] if len(first) else np.zeros(0, dtype=np.int64)
    columns_in = np.bincount(of_column, minlength=count)
    whole = (members >= 0).sum(axis=1) == np.bincount(label, minlength=count)[of_column]
    settled = usable[(columns_in[of_column] == 1) & whole]
    # Stations that follow one another in this order are near, so few are half covered at a time.
    rank = np.empty(cover.stations, dtype=np.int64)
    rank[reverse_cuthill_mckee((link + link.T).tocsr(), symmetric_mode=True)] = np.arange(
        cover.stations
    )
    open_ones = np.ones(count, dtype=bool)
    open_ones[of_column[(columns_in[of_column] == 1) & whole]] = False
    by_column = np.argsort(of_column, kind="stable")
    ends = np.searchsorted(of_column[by_column], np.arange(count + 1))
    by_station = np.lexsort((rank, label))
    bounds = np.searchsorted(label[by_station], np.arange(count + 1))
    parts = [
        (by_station[bounds[one] : bounds[one + 1]], usable[by_column[ends[one] : ends[one + 1]]])
        for one in np.flatnonzero(open_ones).tolist()
    ]
    return settled, sorted(parts, key=lambda p: len(p[1]))


def _starting(
    cover: Cover, stations: IntArray, columns: IntArray, reduced_scaled: IntArray
) -> list[list[tuple[int, int, int]]]:
    """Columns by the first of their stations: bit mask, reduced cost, number; cheapest first."""
    place = {s: i for i, s in enumerate(stations.tolist())}
    starting: list[list[tuple[int, int, int]]] = [[] for _ in place]
    order = np.argsort(reduced_scaled[columns], kind="stable")
    for column in columns[order].tolist():
        bits = [place[s] for s in cover.members[column].tolist() if s >= 0]
        starting[min(bits)].append((sum(1 << b for b in bits), int(reduced_scaled[column]), column))
    return starting


def _first_open(covered: int) -> int:
    """The first station that a bit mask leaves out."""
    return (~covered & (covered + 1)).bit_length() - 1


def _completions(
    starting: list[list[tuple[int, int, int]]], slack_scaled: int, most_steps: int
) -> dict[int, int] | None:
    """For each bit mask that can be part of a cover within the slack, the least that is to come.

    Forward over the masks that the slack reaches, then backward over what completes them; so that
    the search proper runs into no dead end. None beyond `most_steps`.
    """
    size = len(starting)
    reached: list[dict[int, int]] = [{} for _ in range(size + 1)]
    reached[0][0] = 0
    steps = 0
    for here in range(size):
        for covered, used in reached[here].items():
            for mask, reduced, _ in starting[here]:
                total = used + reduced
                if total > slack_scaled:
                    break
                if not mask & covered:
                    after = covered | mask
                    level = reached[_first_open(after)]
                    if total < level.get(after, slack_scaled + 1):
                        level[after] = total
                    steps += 1
        if steps > most_steps:
            return None
    to_come = dict.fromkeys(reached[size], 0)
    for here in reversed(range(size)):
        for covered, used in reached[here].items():
            least = min(
                (
                    reduced + to_come[covered | mask]
                    for mask, reduced, _ in starting[here]
                    if not mask & covered and covered | mask in to_come
                ),
                default=slack_scaled + 1,
            )
            if used + least <= slack_scaled:
                to_come[covered] = least
    return to_come


@dataclass(frozen=True, slots=True, eq=False)
class _Parts:
    """Part plans that cover the same stations, and where they came from."""

    reduced: IntArray
    sums: IntArray
    before: IntArray
    row: IntArray
    column: IntArray

    def at(self, rows: IntArray | BoolArray) -> _Parts:
        return _Parts(
            self.reduced[rows], self.sums[rows], self.before[rows], self.row[rows],
            self.column[rows],
        )  # fmt: skip


def _merging_search(
    cover: Cover,
    stations: IntArray,
    columns: IntArray,
    reduced_scaled: IntArray,
    slack_scaled: int,
    carried: IntArray,
    keep: Keep,
    most: int,
) -> IntArray | None:
    """Covers of `stations` that are worth keeping, station by station; None beyond `most` parts.

    Of part plans that cover the same stations only those that `keep` lets through go on.
    """
    starting = _starting(cover, stations, columns, reduced_scaled)
    to_come = _completions(starting, slack_scaled, _STEPS_PER_PART * most)
    if to_come is None:
        return None
    nothing = np.zeros(1, dtype=np.int64)
    root = _Parts(nothing, np.zeros((1, carried.shape[1]), np.int64), nothing - 1, nothing, nothing)
    waiting: list[dict[int, list[_Parts]]] = [{} for _ in range(len(stations) + 1)]
    waiting[0][0] = [root]
    made: list[_Parts] = []
    total = 0
    for here, masks in enumerate(waiting):
        for covered, arrived in masks.items():
            parts = arrived[0] if len(arrived) == 1 else _joined(arrived)
            parts = parts.at(keep(parts.sums))
            total += len(parts.reduced)
            if total + 4 * len(made) > most:
                return None
            made.append(parts)
            if here == len(stations):
                return _told(made, len(stations))
            for mask, reduced, column in starting[here]:
                after = covered | mask
                if mask & covered or after not in to_come:
                    continue
                most_here = slack_scaled - reduced - to_come[after]
                rows = np.flatnonzero(parts.reduced <= most_here)
                if not len(rows):
                    continue
                waiting[_first_open(after)].setdefault(after, []).append(
                    _Parts(
                        parts.reduced[rows] + reduced,
                        parts.sums[rows] + carried[column],
                        np.full(len(rows), len(made) - 1),
                        rows,
                        np.full(len(rows), column),
                    )
                )
        masks.clear()
    return np.zeros((0, len(stations)), dtype=np.int64)


def _joined(arrived: list[_Parts]) -> _Parts:
    return _Parts(
        np.concatenate([p.reduced for p in arrived]),
        np.concatenate([p.sums for p in arrived]),
        np.concatenate([p.before for p in arrived]),
        np.concatenate([p.row for p in arrived]),
        np.concatenate([p.column for p in arrived]),
    )


def _told(made: list[_Parts], stations: int) -> IntArray:
    """The columns of each of the last part plans, followed back to the first."""
    padded = np.full((len(made[-1].reduced), stations), -1, dtype=np.int64)
    for out, told in enumerate(padded):
        node, row, place = len(made) - 1, out, 0
        while made[node].before[row] >= 0:
            told[place] = made[node].column[row]
            node, row = int(made[node].before[row]), int(made[node].row[row])
            place += 1
    return padded


def _search(
    cover: Cover,
    stations: IntArray,
    columns: IntArray,
    reduced_scaled: IntArray,
    slack_scaled: int,
    most: int,
) -> IntArray | None:
    """All exact covers of `stations` within the slack, padded with -1; None beyond `most`."""
    starting = _starting(cover, stations, columns, reduced_scaled)
    to_come = _completions(starting, slack_scaled, _STEPS_PER_PART * most)
    if to_come is None:
        return None
    full, found = (1 << len(stations)) - 1, list[tuple[int, ...]]()
    stack: list[tuple[int, int, tuple[int, ...]]] = [(0, slack_scaled, ())]
    while stack:
        covered, left, taken = stack.pop()
        if covered == full:
            found.append(taken)
            if len(found) > most:
                return None
            continue
        for mask, reduced, column in starting[_first_open(covered)]:
            if reduced > left:
                break
            after = covered | mask
            if not mask & covered and reduced + to_come.get(after, left + 1) <= left:
                stack.append((after, left - reduced, (*taken, column)))
    padded = np.full((len(found), len(stations)), -1, dtype=np.int64)
    for row, taken in zip(padded, found, strict=True):
        row[: len(taken)] = taken
    return padded
