"""Bundling as a naive assignment model with contiguity, beside Jingli's set partition.

    python -m benchmarks.assignment_model                     # 26 and 300 stations, 60 s a solver
    python -m benchmarks.assignment_model --stations 26 --modes default packing wide counts far

Variables x_sh: station s is run from h; x_hh: h is a centre or stays alone. Each station once, at
most so many to a centre, the response standard's share as a row per centre, and contiguity either
by a flow from each centre (Shirabe 2005) or by support: a station that does not touch its centre
needs one that touches both, which is exact for bundles of three.

An assignment model cannot hold Jingli's prices: crews come from a queue and do not add up over
stations. So all sides get additive prices here, Jingli as columns:
    p(S, h) = p({h}, h) + sum over s in S, s != h, of [p({s, h}, h) - p({h}, h)]
where p is the real price of `optimizer/columns.py`, rounded to whole units of 1e-6 officer. It is
exact for pairs and an approximation for threes. Officers freed (mode `far`) are added up the same
way. Where all prove, the optima must be equal.

CPU seconds of one process, one thread; the limit is of wall clock. Needs the check data.
"""

from __future__ import annotations

import argparse
import os
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any, TypeVar

import numpy as np
from scipy.sparse import csr_matrix

from benchmarks.bundling_scale import FAR_SHARE, MODES
from benchmarks.instances import seat_county
from optimizer.bundling import cover_of
from optimizer.columns import UNITS_PER_OFFICER, Columns, priced_columns, undominated
from optimizer.county import County
from optimizer.cover import Cover, Limit
from optimizer.frozen import IntArray
from optimizer.partition import partition
from optimizer.policy import Policy
from optimizer.solver import Limits
from optimizer.workload import assess, demand_of

MARGIN_UNITS = 1_000
"""Rows on the response share are in whole thousandths of an alert a year."""
OWN_RUNS = 3
"""Ours takes hundredths of a second: the median of so many."""
T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What a solver said: price and bound in whole units, None where it found none."""

    price: int | None
    bound: float | None
    proven: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Pairs:
    """What may be run from where. By (station, centre), whole units; `freed` of 1e-6 officer.

    `counts` are the bundles of two or more and the stations in them, `least_freed` the officers
    freed at the least; None = free.
    """

    price: dict[tuple[int, int], int]
    margin: dict[tuple[int, int], int]
    freed: dict[tuple[int, int], int]
    near: tuple[frozenset[int], ...]
    largest: int
    counts: tuple[int, int] | None = None
    least_freed: int | None = None


@dataclass(slots=True)
class Rows:
    """A model under way: variables 0 to `most`, rows lower <= sum of entries <= upper."""

    objective: list[int] = field(default_factory=list)
    most: list[int] = field(default_factory=list)
    whole: list[bool] = field(default_factory=list)
    entries: list[list[tuple[int, int]]] = field(default_factory=list)
    lower: list[int | None] = field(default_factory=list)
    upper: list[int | None] = field(default_factory=list)

    def variable(self, price: int, most: int, *, whole: bool) -> int:
        """A new one, from 0 to `most`; its number."""
        self.objective.append(price)
        self.most.append(most)
        self.whole.append(whole)
        return len(self.most) - 1

    def row(
        self, entries: list[tuple[int, int]], lower: int | None = None, upper: int | None = None
    ) -> None:
        """Entries are (variable, coefficient)."""
        self.entries.append(entries)
        self.lower.append(lower)
        self.upper.append(upper)


def cpu(work: Callable[[], T]) -> tuple[T, float, float]:
    """Result, CPU seconds, seconds of wall clock."""
    wall, busy = time.perf_counter(), time.process_time()
    made = work()
    return made, time.process_time() - busy, time.perf_counter() - wall


def priced_pairs(county: County, policy: Policy) -> Pairs:
    """Additive prices of all pairs that keep the rules that speak of a station and its centre."""
    assert policy.bundling.max_bundle_size <= 3, "support is exact for bundles of three only"
    stations, rules, w = county.stations, policy.bundling, policy.weights
    free = stations.can_bundle & ~(stations.is_urban & rules.rural_only)
    minutes = county.station_time_min.T  # [station, centre]
    may = (
        (minutes <= rules.max_office_travel_min)
        & free[:, None]
        & free[None, :]
        & stations.can_host[None, :]
    )
    np.fill_diagonal(may, False)
    demand, every = demand_of(county, policy), np.arange(len(free))
    alone = assess(county, policy, demand, every, every[:, None], with_waits=False)
    s, h = np.nonzero(may)
    both = assess(county, policy, demand, h, np.column_stack([h, s]), with_waits=False)

    def price(officers: Any, extra_min: Any, joined: int) -> Any:
        return np.rint(UNITS_PER_OFFICER * (
            w.officers * officers
            + w.response_per_1000_alert_min / 1000.0 * extra_min
            + w.overload_per_officer * np.maximum(0.0, officers - w.span_officers)
            + w.fixed_per_office * joined
        )).astype(np.int64)  # fmt: skip

    own = price(alone.officers, 0.0, 0)
    extra_min = both.alert_min_per_year - alone.alert_min_per_year[s] - alone.alert_min_per_year[h]
    added = price(both.officers, extra_min, 1) - own[h]
    share = policy.response.share_within_fraction
    beyond = np.rint(MARGIN_UNITS * (both.alerts_within_per_year - share * both.alerts_per_year))
    lone = np.rint(MARGIN_UNITS * (alone.alerts_within_per_year - share * alone.alerts_per_year))
    freed = np.rint(UNITS_PER_OFFICER * (alone.officers[s] + alone.officers[h] - both.officers))
    kept = both.farthest_min <= policy.response.farthest_min
    prices, margins, saved = {}, {}, {}
    for i in every.tolist():
        prices[i, i], margins[i, i], saved[i, i] = int(own[i]), int(lone[i]), 0
    for i in np.flatnonzero(kept).tolist():
        pair = int(s[i]), int(h[i])
        prices[pair], margins[pair] = int(added[i]), int(beyond[i] - lone[h[i]])
        saved[pair] = int(freed[i])
    return Pairs(
        price=prices,
        margin=margins,
        freed=saved,
        near=tuple(county.neighbours()),
        largest=rules.max_bundle_size,
    )


def assignment(pairs: Pairs, *, flow: bool) -> Rows:
    """The model, contiguous by flow or by support."""
    made = Rows()
    x = {pair: made.variable(price, 1, whole=True) for pair, price in pairs.price.items()}
    stations = range(len(pairs.near))
    served = {h: [s for s, other in x if other == h and s != h] for h in stations}
    for s in stations:
        made.row([(x[pair], 1) for pair in x if pair[0] == s], 1, 1)
    for h in stations:
        for s in served[h]:
            made.row([(x[s, h], 1), (x[h, h], -1)], upper=0)
        made.row([*((x[s, h], 1) for s in served[h]), (x[h, h], 1 - pairs.largest)], upper=0)
        _share(made, x, pairs, h, served[h])
        if flow:
            _flow(made, x, pairs, h, served[h])
        else:
            for s in set(served[h]) - pairs.near[h]:
                between = pairs.near[s] & pairs.near[h] & set(served[h])
                made.row([(x[s, h], 1), *((x[t, h], -1) for t in between)], upper=0)
    if pairs.counts is not None:
        _counts(made, x, pairs.counts, served)
    if pairs.least_freed is not None:
        made.row([(x[pair], worth) for pair, worth in pairs.freed.items()], pairs.least_freed)
    return made


def _counts(
    made: Rows,
    x: dict[tuple[int, int], int],
    counts: tuple[int, int],
    served: dict[int, list[int]],
) -> None:
    """Rows for bundles of two or more, and for stations in them."""
    joint = {h: made.variable(0, 1, whole=True) for h in served}
    for h, inside in served.items():
        made.row([(joint[h], 1), *((x[s, h], -1) for s in inside)], upper=0)
        for s in inside:
            made.row([(x[s, h], 1), (joint[h], -1)], upper=0)
    offices = [(x[s, h], 1) for h, inside in served.items() for s in inside]
    bundles = [(y, 1) for y in joint.values()]
    made.row(bundles, counts[0], counts[0])
    made.row([*bundles, *offices], counts[1], counts[1])


def _share(
    made: Rows, x: dict[tuple[int, int], int], pairs: Pairs, h: int, served: list[int]
) -> None:
    """The share of alerts in time; a centre that misses it itself may still stay alone."""
    added = [(x[s, h], pairs.margin[s, h]) for s in served]
    own = pairs.margin[h, h]
    if own >= 0:
        if any(margin < 0 for _, margin in added):
            made.row([*added, (x[h, h], own)], lower=0)
        return
    for one, _ in added:
        made.row([(v, margin + own * (v == one)) for v, margin in added], lower=0)


def _flow(
    made: Rows, x: dict[tuple[int, int], int], pairs: Pairs, h: int, served: list[int]
) -> None:
    """One unit from the centre to each of its stations, through its stations alone."""
    inside = set(served)
    into: dict[int, list[int]] = {s: [] for s in served}
    out: dict[int, list[int]] = {s: [] for s in [h, *served]}
    for u in out:
        for v in pairs.near[u] & inside:
            arc = made.variable(0, pairs.largest - 1, whole=False)
            out[u].append(arc)
            into[v].append(arc)
    for s in served:
        made.row([*((a, 1) for a in into[s]), *((a, -1) for a in out[s]), (x[s, h], -1)], 0, 0)
        made.row([*((a, 1) for a in into[s]), (x[s, h], 1 - pairs.largest)], upper=0)


def by_highs(made: Rows, limit_s: float) -> Answer:
    """HiGHS as it comes, one thread, gap 0."""
    import highspy

    inf = highspy.kHighsInf
    row = np.repeat(np.arange(len(made.entries)), [len(e) for e in made.entries])
    column, value = np.array([pair for e in made.entries for pair in e], dtype=np.int64).T
    shape = (len(made.entries), len(made.most))
    matrix = csr_matrix((value.astype(float), (row, column)), shape=shape)
    program: Any = highspy.HighsLp()
    program.num_col_, program.num_row_ = shape[1], shape[0]
    program.col_cost_ = np.array(made.objective) / UNITS_PER_OFFICER
    program.col_lower_, program.col_upper_ = np.zeros(shape[1]), np.array(made.most, dtype=float)
    program.row_lower_ = np.array([-inf if v is None else float(v) for v in made.lower])
    program.row_upper_ = np.array([inf if v is None else float(v) for v in made.upper])
    program.a_matrix_.format_ = highspy.MatrixFormat.kRowwise
    program.a_matrix_.start_, program.a_matrix_.index_ = matrix.indptr, matrix.indices
    program.a_matrix_.value_ = matrix.data
    kinds = (highspy.HighsVarType.kContinuous, highspy.HighsVarType.kInteger)
    program.integrality_ = [kinds[whole] for whole in made.whole]
    solver: Any = highspy.Highs()
    for name, asked in (
        ("output_flag", False), ("threads", 1), ("mip_rel_gap", 0.0), ("time_limit", limit_s)
    ):  # fmt: skip
        solver.setOptionValue(name, asked)
    solver.passModel(program)
    solver.run()
    said = solver.getInfo()
    price = None
    if int(said.primal_solution_status) == int(highspy.SolutionStatus.kSolutionStatusFeasible):
        chosen = np.rint(np.array(solver.getSolution().col_value))
        price = int(chosen.astype(np.int64) @ np.array(made.objective))
    proven = solver.getModelStatus().name == "kOptimal"
    return Answer(price=price, bound=said.mip_dual_bound * UNITS_PER_OFFICER, proven=proven)


def by_cp_sat(made: Rows, limit_s: float) -> Answer:
    """CP-SAT as it comes, one worker."""
    from ortools.sat.python import cp_model

    model: Any = cp_model.CpModel()
    known = [model.new_int_var(0, most, "") for most in made.most]
    for entries, lower, upper in zip(made.entries, made.lower, made.upper, strict=True):
        total = cp_model.LinearExpr.weighted_sum([known[v] for v, _ in entries],
                                                 [c for _, c in entries])  # fmt: skip
        if lower is not None:
            model.add(total >= lower)
        if upper is not None:
            model.add(total <= upper)
    model.minimize(cp_model.LinearExpr.weighted_sum(known, made.objective))
    solver: Any = cp_model.CpSolver()
    solver.parameters.num_workers = 1
    solver.parameters.max_time_in_seconds = limit_s
    status = solver.solve(model)
    found = status in (cp_model.OPTIMAL, cp_model.FEASIBLE)
    return Answer(
        price=round(solver.objective_value) if found else None,
        bound=solver.best_objective_bound,
        proven=status == cp_model.OPTIMAL,
    )


def additive(columns: Columns, pairs: Pairs) -> Columns:
    """The columns at additive prices. Each of their pairs keeps the rules, or a key is missing."""
    price = [
        sum(pairs.price[s, h] for s in members if s >= 0)
        for members, h in zip(columns.members.tolist(), columns.host.tolist(), strict=True)
    ]
    freed = [
        sum(pairs.freed[s, h] for s in members if s >= 0)
        for members, h in zip(columns.members.tolist(), columns.host.tolist(), strict=True)
    ]
    return replace(
        columns,
        price_units=np.array(price, dtype=np.int64),
        freed_units=np.array(freed, dtype=np.int64),
    )


def with_rows(mode: str, pairs: Pairs, columns: Columns, stations: int) -> tuple[Pairs, Cover]:
    """The rows over the whole plan that a mode asks for, on both sides (see `bundling_scale`)."""
    joint = (columns.size > 1).astype(np.int64)
    free = Cover(stations=stations, members=columns.members, price=columns.price_units)
    if mode not in ("counts", "far"):
        return pairs, free
    best = partition(free, Limits()).chosen
    assert best is not None
    if mode == "counts":
        few = max(1, int(joint[best].sum()) * 2 // 3)
        both = few, 2 * few + few // 4
        rows = ((joint, both[0]), (joint * columns.size, both[1]))
        return replace(pairs, counts=both), replace(free, exactly=rows)
    bare = replace(free, price=free.price // 1000 - columns.freed_units)
    most = partition(bare, Limits()).chosen
    assert most is not None
    ends = [int(columns.freed_units[c].sum()) for c in (best, most)]
    asked = ends[0] + int(FAR_SHARE * (ends[1] - ends[0]))
    limit = Limit(coefficients=columns.freed_units, at_least=asked, per_unit=UNITS_PER_OFFICER)
    return replace(pairs, least_freed=asked), replace(free, limits=(limit,))


def rivals(pairs: Pairs, limit_s: float) -> Iterator[tuple[str, Rows, Callable[[], Answer]]]:
    flow, support = assignment(pairs, flow=True), assignment(pairs, flow=False)
    yield "HiGHS, support", support, partial(by_highs, support, limit_s)
    yield "HiGHS, flow", flow, partial(by_highs, flow, limit_s)
    yield "CP-SAT, support", support, partial(by_cp_sat, support, limit_s)
    yield "CP-SAT, flow", flow, partial(by_cp_sat, flow, limit_s)


def said_of(answer: Answer) -> str:
    if answer.price is None:
        return "no plan"
    if answer.proven:
        return f"proven {answer.price / UNITS_PER_OFFICER:.6f}"
    assert answer.bound is not None
    gap = 100 * (answer.price - answer.bound) / answer.price
    return f"gap {gap:.3f}% at {answer.price / UNITS_PER_OFFICER:.6f}"


def compare(stations: int, mode: str, limit_s: float) -> None:
    """One table: Jingli and the rivals on the same additive prices."""
    county, policy = seat_county(stations), Policy.model_validate(MODES[mode])
    pairs = priced_pairs(county, policy)
    real, listed_s, _ = cpu(partial(priced_columns, county, policy))
    columns = undominated(additive(real, pairs), county, freed_counts=mode == "far")
    pairs, cover = with_rows(mode, pairs, columns, stations)
    runs = [cpu(partial(partition, cover, Limits(time_limit_s=limit_s))) for _ in range(OWN_RUNS)]
    found, own_s, wall_s = sorted(runs, key=lambda run: run[1])[OWN_RUNS // 2]
    own = Answer(price=found.price, bound=found.bound, proven=found.price == found.bound)
    print(
        f"\n{stations} stations, {mode}, load {os.getloadavg()[0]:.1f}; {len(pairs.price)} pairs, "
        f"{len(cover)} columns (all listed and really priced in {listed_s:.3f} CPU s)"
    )
    heads = ("variables", "rows", "CPU s", "wall s", "/ partition", "/ with listing")
    print(f"{'':16} {' '.join(f'{head:>9}' for head in heads)}")
    line = "{:16} {:9} {:9} {:9.3f} {:9.2f} {:>11} {:>14} {}"
    print(line.format("Jingli", len(cover), stations, own_s, wall_s, 1, "", said_of(own)))
    for name, made, solve in rivals(pairs, limit_s):
        answer, seconds, wall_s = cpu(solve)
        sign = "" if answer.proven else ">"
        ratios = [f"{sign}{seconds / ours:.1f}" for ours in (own_s, own_s + listed_s)]
        size = len(made.most), len(made.entries)
        print(line.format(name, *size, seconds, wall_s, *ratios, said_of(answer)), flush=True)
        if own.proven and answer.proven and answer.price != own.price:
            raise SystemExit(f"{name}: the optima differ, so the problems do")
    if found.chosen is not None and mode not in ("counts", "far"):
        print_cost(county, policy, real, columns.at(found.chosen))


def print_cost(county: County, policy: Policy, real: Columns, plan: Columns) -> None:
    """What the optimum at additive prices costs at the real ones."""
    true = dict(zip(_keys(real), real.price_units.tolist(), strict=True))
    cost = sum(true[key] for key in _keys(plan))
    best = partition(
        cover_of(county, policy, undominated(real, county, freed_counts=False)), Limits()
    ).price
    assert best is not None
    print(f"Its plan costs {cost / UNITS_PER_OFFICER:.3f} officers at the real prices, "
          f"the real optimum {best / UNITS_PER_OFFICER:.3f}.")  # fmt: skip


def _keys(columns: Columns) -> Iterator[tuple[int, ...]]:
    members: IntArray = columns.members
    return ((h, *sorted(s)) for h, s in zip(columns.host.tolist(), members.tolist(), strict=True))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--stations", type=int, nargs="+", default=[26, 300])
    parser.add_argument("--limit", type=float, default=60.0, help="seconds of wall clock a solver")
    choices = ("default", "packing", "wide", "counts", "far")
    parser.add_argument("--modes", nargs="+", choices=choices, default=["default"])
    asked = parser.parse_args()
    # Imports are done once, outside the clock.
    small = priced_pairs(seat_county(8), Policy())
    for _, _, solve in rivals(small, 5.0):
        solve()
    county = seat_county(26)
    partition(cover_of(county, Policy(), priced_columns(county, Policy())), Limits())
    for stations in asked.stations:
        for mode in asked.modes:
            compare(stations, mode, asked.limit)


if __name__ == "__main__":
    main()
