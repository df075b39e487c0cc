"""The contiguity rules of Vlcek et al. (2024), C2 and C3, on their 510 hexagons: known answers.

    python -m benchmarks.vlcek_contiguity [--seconds N]

Their rules are not those of `optimizer.beats` (a beat there is in one piece, no more), so their own
model is solved here. Of the areas around an area j those nearer to the centre i as the crow flies
are N, those nearer than the farthest of them M. An area that does not touch its centre has

- C2: two of N in the district, one where N is but one;
- C3: three of M where M is five, else as C2.

A Lagrangian of the free problem strikes centres and pairs, rows join a linear relaxation as they
are broken, its reduced prices strike more, and HiGHS decides the rest.
Needs `shared/data` beside the checkout.
"""

from __future__ import annotations

import argparse
import time
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from scipy.sparse import csr_matrix

from optimizer.frozen import BoolArray, FloatArray, IntArray
from optimizer.highs import WarmProgram, binary_model, branch
from optimizer.p_median import p_median
from optimizer.result import Status
from optimizer.solver import Limits

DATA = Path(__file__).resolve().parent.parent.parent / "shared" / "data"
PUBLISHED = {
    "C2": {9: 888_380.07, 12: 775_055.71, 15: 681_415.79, 30: 471_550.07},
    "C3": {9: 890_392.69, 12: 776_381.95, 15: 683_500.29, 30: 479_853.54},
}
# Their workloads have two decimals.
SCALE = 100.0
TOUCHING = 1.5
ROUNDS = 600
MARGIN, USED = 0.01, 1e-3


@dataclass(slots=True, eq=False)
class Rules:
    """For a centre and an area: how many of which areas the district must have, too."""

    air_km: FloatArray
    rule: str
    adjacent: BoolArray = field(init=False)

    def __post_init__(self) -> None:
        least = self.air_km[self.air_km > 0].min()
        self.adjacent = self.air_km <= TOUCHING * least
        np.fill_diagonal(self.adjacent, val=False)

    def of(self, centre: int, area: int) -> list[tuple[int, IntArray]]:
        """Pairs of a number and areas; none where the area touches its centre."""
        if centre == area or self.adjacent[centre, area]:
            return []
        around = np.flatnonzero(self.adjacent[area])
        far = self.air_km[centre, around]
        nearer = around[far < self.air_km[centre, area]]
        inner = around[far < far.max()]
        full = self.rule == "C3" and len(inner) == 5
        found = [(3, inner)] if full else []
        if len(nearer) <= 1:
            found.append((1, nearer))
        elif not full:
            found.append((2, nearer))
        return found

    def broken(self, serves: IntArray) -> list[tuple[int, int]]:
        """Pairs of centre and area of a layout (centre of each area) that break a rule."""
        return [
            (int(i), j)
            for j, i in enumerate(serves)
            for need, some in self.of(int(i), j)
            if int((serves[some] == i).sum()) < need
        ]


@dataclass(slots=True, eq=False)
class Part:
    """The model over some pairs of centre and area."""

    price: FloatArray
    rules: Rules
    centres: int
    pairs: IntArray
    column: IntArray = field(init=False)
    program: WarmProgram = field(init=False)
    rows: list[csr_matrix] = field(default_factory=list)
    low: list[float] = field(default_factory=list)
    high: list[float] = field(default_factory=list)
    known: set[tuple[int, int, int]] = field(default_factory=set)

    def __post_init__(self) -> None:
        n = len(self.price)
        self.column = np.full((n, n), -1, np.int64)
        self.column[self.pairs[:, 0], self.pairs[:, 1]] = np.arange(len(self.pairs))
        size = len(self.pairs)
        once = csr_matrix((np.ones(size), (self.pairs[:, 1], np.arange(size))), shape=(n, size))
        own = np.flatnonzero(self.pairs[:, 0] == self.pairs[:, 1])
        row = np.zeros(len(own), np.int64)
        count = csr_matrix((np.ones(len(own)), (row, own)), shape=(1, size))
        self.rows = [once, count]
        self.low = [1.0] * n + [0.0]
        self.high = [1.0] * n + [float(self.centres)]
        self.program = WarmProgram(self.prices, self.matrix, self.low, self.high, interior=True)

    @property
    def prices(self) -> FloatArray:
        """Of the columns."""
        found: FloatArray = self.price[self.pairs[:, 0], self.pairs[:, 1]]
        return found

    @property
    def matrix(self) -> csr_matrix:
        """All rows so far."""
        from scipy.sparse import vstack

        return csr_matrix(vstack(self.rows))

    def join_broken(self, values: FloatArray, over: float = 1e-4) -> int:
        """Add the rows that values break: areas served by what is no centre, or rules."""
        entries: list[tuple[list[int], list[float]]] = []
        for at in np.flatnonzero(values > over).tolist():
            i, j = self.pairs[at].tolist()
            wanted: list[tuple[int, IntArray]] = [(0, np.array([i]))] if i != j else []
            wanted += self.rules.of(i, j)
            for need, some in wanted:
                key = (at, need, len(some))
                columns = self.column[i, some]
                columns = columns[columns >= 0]
                if key in self.known or values[columns].sum() >= max(1, need) * values[at] - over:
                    continue
                self.known.add(key)
                entries.append(
                    ([*columns.tolist(), at], [1.0] * len(columns) + [-float(max(1, need))])
                )
        if entries:
            row = np.repeat(np.arange(len(entries)), [len(one[0]) for one in entries])
            rows = csr_matrix(
                (
                    np.concatenate([one[1] for one in entries]),
                    (row, np.concatenate([one[0] for one in entries])),
                ),
                shape=(len(entries), len(self.pairs)),
            )
            self.rows.append(rows)
            self.low += [0.0] * len(entries)
            self.high += [np.inf] * len(entries)
            self.program.add(rows, np.zeros(len(entries)), np.full(len(entries), np.inf))
        return len(entries)

    def relaxed(self, deadline: float) -> tuple[float, FloatArray, FloatArray]:
        """Bound, reduced prices and values of the linear relaxation with the rules it broke.

        Out of time it is a bound all the same, with fewer of the rules; -inf before any.
        """
        nothing = np.zeros(len(self.pairs))
        found = -np.inf, nothing, nothing
        while True:
            left_s = max(0.1, deadline - time.monotonic())
            solved = self.program.solve(Limits(time_limit_s=left_s))
            if solved.status is Status.INFEASIBLE:
                return np.inf, nothing, nothing
            if solved.values is None or solved.dual_values is None:
                return found
            assert solved.objective is not None
            reduced = self.prices - self.matrix.T @ solved.dual_values
            found = solved.objective, reduced, solved.values
            if not self.join_broken(solved.values) or time.monotonic() > deadline:
                return found

    def best(self, keep: BoolArray, deadline: float) -> tuple[IntArray | None, float]:
        """The best layout over some of the columns, and a bound."""
        some = np.flatnonzero(keep)
        while True:
            model = binary_model(
                np.rint(SCALE * self.prices[some]), csr_matrix(self.matrix[:, some]),
                self.low, self.high,
            )  # fmt: skip
            left_s = max(0.1, deadline - time.monotonic())
            solved = branch(model, Limits(time_limit_s=left_s))
            if solved.status is Status.INFEASIBLE:
                return None, np.inf
            bound = -np.inf if solved.bound is None else solved.bound / SCALE
            if solved.values is None:
                return None, bound
            values = np.zeros(len(self.pairs))
            values[some] = solved.values
            if not self.join_broken(np.rint(values)):
                taken = self.pairs[values > 0.5]
                serves = np.empty(len(self.price), np.int64)
                serves[taken[:, 1]] = taken[:, 0]
                return serves, bound
            if solved.status is not Status.OPTIMAL:
                return None, bound


def with_centres(
    price: FloatArray, rules: Rules, sites: IntArray, deadline: float
) -> IntArray | None:
    """The best layout with these centres; None where there is none in time."""
    pairs = np.array([(i, j) for i in sites for j in range(len(price))])
    part = Part(price, rules, len(sites), pairs)
    bound, _, _ = part.relaxed(deadline)
    if not np.isfinite(bound):
        return None
    return part.best(np.ones(len(pairs), np.bool_), deadline)[0]


def layout_price(price: FloatArray, serves: IntArray) -> float:
    """What a layout costs."""
    return float(price[serves, np.arange(len(serves))].sum())


def free_bound(price: FloatArray, p: int, upper: float) -> tuple[float, FloatArray]:
    """The Lagrangian of the free problem: a bound for each pair of centre and area that is used."""
    dual = 1.2 * np.sort(price, axis=0)[p // 2]
    best, kept, step, idle = -np.inf, dual, 1.0, 0
    for _ in range(ROUNDS):
        saved = np.minimum(price - dual, 0.0)
        own = price.diagonal() - dual
        np.fill_diagonal(saved, own)
        worth = saved.sum(axis=1)
        chosen = np.argsort(worth, kind="stable")[:p]
        bound = float(dual.sum() + worth[chosen].sum())
        idle = 0 if bound > best + 1e-6 * upper else idle + 1
        if bound > best:
            best, kept = bound, dual
        if idle >= 15:
            idle, step, dual = 0, 0.6 * step, kept
            continue
        short = 1.0 - ((saved[chosen] < 0) | (chosen[:, None] == np.arange(len(price)))).sum(axis=0)
        length = float(short @ short)
        if length == 0:
            break
        dual = dual + step * max(1e-6 * upper, upper - bound) / length * short
    saved = np.minimum(price - kept, 0.0)
    np.fill_diagonal(saved, price.diagonal() - kept)
    worth = saved.sum(axis=1)
    last = np.sort(worth)[p - 1]
    with_centre = best + np.maximum(0.0, worth - last)
    return best, with_centre[:, None] + np.maximum(0.0, price - kept)


def solve(
    price: FloatArray, air_km: FloatArray, rule: str, p: int, seconds: float
) -> tuple[IntArray | None, float, float]:
    """The best layout under a rule: centre of each area, its price and a bound."""
    deadline = time.monotonic() + seconds
    rules = Rules(air_km, rule)
    free = p_median(price.T.copy(), p, limits=Limits(time_limit_s=0.2 * seconds))
    known = with_centres(price, rules, np.array(free.sites), deadline)
    upper = 1.05 * free.price if known is None else layout_price(price, known)
    _, at_least = free_bound(price, p, upper)
    least = free.bound
    # Layouts above a first guess are left out; where none is found below it, it was too low.
    for share in (0.4, 1.0):
        ceiling = free.price + share * (upper - free.price) + MARGIN
        part = Part(price, rules, p, np.argwhere(at_least < ceiling))
        bound, reduced, values = part.relaxed(deadline)
        least = max(least, min(bound, ceiling))
        if bound >= ceiling:
            continue
        # Only the centres that the relaxation uses, first; what they give strikes more.
        own = part.pairs[:, 0] == part.pairs[:, 1]
        used = np.isin(part.pairs[:, 0], part.pairs[own & (values > USED), 0])
        half = 0.5 * (time.monotonic() + deadline)
        guess = part.best(used & (bound + np.maximum(reduced, 0.0) < ceiling), half)[0]
        if guess is not None and layout_price(price, guess) < upper + MARGIN:
            known, upper = guess, layout_price(price, guess)
            ceiling = min(ceiling, upper + MARGIN)
        serves, proven = part.best(bound + np.maximum(reduced, 0.0) < ceiling, deadline)
        least = max(least, min(proven, ceiling))
        if serves is not None and layout_price(price, serves) <= upper:
            known = serves
        if (
            (guess is not None and known is guess)
            or serves is not None
            or time.monotonic() > deadline
        ):
            break
    found = np.inf if known is None else layout_price(price, known)
    return known, found, min(found, least)


def main() -> None:
    """Print the table."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--seconds", type=float, default=300.0)
    options.add_argument("--sites", type=int, nargs="*", default=[9, 12, 15, 30])
    options.add_argument("--rules", nargs="*", default=["C2", "C3"])
    chosen = options.parse_args()
    price = np.loadtxt(DATA / "vlcek510" / "workload_0510.csv")
    air_km = np.loadtxt(DATA / "vlcek510" / "airdistances_0510.csv")
    print("rule  p   published        ours      above        bound   CPU s  rules broken")
    for rule in chosen.rules:
        for p in chosen.sites:
            began = time.process_time()
            serves, found, bound = solve(price, air_km, rule, p, chosen.seconds)
            took = time.process_time() - began
            known = PUBLISHED[rule][p]
            broken = "no layout" if serves is None else len(Rules(air_km, rule).broken(serves))
            print(
                f"{rule} {p:4d} {known:12.2f} {found:12.2f} {found / known - 1:+9.4%} "
                f"{bound:12.2f} {took:7.1f}  {broken}",
                flush=True,
            )


if __name__ == "__main__":
    main()
