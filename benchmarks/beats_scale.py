"""Beats of planar test nets, 200 to 20,000 cells: ours, METIS and KaHIP with moves, ReCom.

    python -m benchmarks.beats_scale [--sizes 200 1000] [--recom CPU_SECONDS] [--borders]

A net is the Delaunay triangulation of random points, with lognormal calls and a band of 10% either
way. METIS and KaHIP cut the net into even parts with few cut pairs; then the same contiguity-safe
moves that ours uses, downhill only, settle cost, band and seats. ReCom is GerryChain's chain with
the best plan that it meets. Needs `benchmarks/requirements.txt`; times are processor seconds.
"""

from __future__ import annotations

import argparse
import random
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
from scipy.spatial import Delaunay

from optimizer.beat_core import BeatCore, core_of
from optimizer.beat_ensemble import MEASURES, ensemble
from optimizer.beat_plan import BeatTask, border_length
from optimizer.beat_rules import objective, violations
from optimizer.beat_search import Effort, improved, middle_seats
from optimizer.beats import districts
from optimizer.frozen import IntArray
from optimizer.solver import Limits

BEATS = {200: 8, 1000: 20, 5000: 50, 20_000: 100}
# Wall seconds for search and bound; on an idle machine processor seconds are no more.
LIMIT_S = {200: 30.0, 1000: 60.0, 5000: 60.0, 20_000: 90.0}
LARGEST_FOR_RECOM = 5000


def net(cells: int, beats: int, seed: int = 0) -> BeatTask:
    """Random points a kilometre apart on average, a minute's drive each."""
    chance = np.random.default_rng(seed)
    points = chance.random((cells, 2)) * np.sqrt(cells)
    calls = np.maximum(1.0, np.rint(20 * chance.lognormal(0, 1, cells)))
    sides = Delaunay(points).simplices[:, [[0, 1], [1, 2], [0, 2]]].reshape(-1, 2)
    return BeatTask(
        cell_ids=tuple(map(str, range(cells))),
        calls_per_year=calls,
        work_per_year=calls,
        adjacency=np.unique(np.sort(sides, axis=1), axis=0),
        beats=beats,
        tolerance_fraction=0.1,
        x_km=points[:, 0],
        y_km=points[:, 1],
    )


def metis(core: BeatCore, seed: int) -> IntArray:
    """Parts by METIS, k-way and contiguous."""
    import pymetis

    _, part = pymetis.part_graph(
        core.task.beats,
        adjacency=np.split(core.neighbour, core.first[1:-1]),
        vweights=core.work.astype(int).tolist(),
        recursive=False,
        options=pymetis.Options(seed=seed, ufactor=100, contig=1),
    )
    return np.array(part, np.int64)


def kahip(core: BeatCore, seed: int) -> IntArray:
    """Parts by KaHIP's `eco` mode."""
    import kahip  # type: ignore[import-untyped]

    _, part = kahip.kaffpa(
        core.work.astype(int).tolist(), core.first.tolist(), [1] * len(core.neighbour),
        core.neighbour.tolist(), core.task.beats, 0.1, True, seed, 1,
    )  # fmt: skip
    return np.array(part, np.int64)


def with_moves(core: BeatCore, part: IntArray, seed: int) -> float | None:
    """Cost after moves downhill; None where the band is not met."""
    from optimizer.beat_loops import joined_to_seats

    chance = np.random.default_rng(seed)
    k = core.task.beats
    seats = np.array([np.flatnonzero(part == b)[0] for b in range(k)])
    seats = middle_seats(core, part, seats, chance)
    part = part.copy()
    joined_to_seats(part, core.home[seats], core.prices(seats), core.first, core.neighbour)
    effort = Effort(rounds=40, moves=20 * core.units, lloyd_rounds=0, heat=0.0)
    found = improved(core, part, seats, chance, effort)
    if not found.valid:
        return None
    plan = core.plan(found.beat_of, found.seat_rows)
    assert violations(core.task, plan) == ()
    return objective(core.task, plan)


def best_of(core: BeatCore, cut: Callable[[BeatCore, int], IntArray], seeds: int) -> float:
    """The best of some seeds, after moves."""
    costs = [with_moves(core, cut(core, seed), seed) for seed in range(seeds)]
    return min((cost for cost in costs if cost is not None), default=np.inf)


def recom(core: BeatCore, seconds: float) -> tuple[float, int]:
    """The best cost GerryChain's ReCom meets in so many processor seconds, and its steps."""
    random.seed(0)
    import gerrychain
    import networkx  # type: ignore[import-untyped]

    task = core.task
    graph = networkx.Graph(task.adjacency.tolist())
    networkx.set_node_attributes(graph, dict(enumerate(task.calls_per_year.tolist())), "calls")
    ends = time.process_time() + seconds
    part: Any = gerrychain.Partition.from_random_assignment(
        gerrychain.Graph.from_networkx(graph), n_parts=task.beats, epsilon=0.1, pop_col="calls",
        updaters={"calls": gerrychain.updaters.Tally("calls")},
    )  # fmt: skip
    names: Any = list(graph.nodes)
    even = float(task.work_per_year.sum()) / task.beats
    chance, best, steps = random.Random(0), np.inf, 0
    while time.process_time() < ends:
        part = gerrychain.proposals.recom(part, "calls", even, 0.1, rng=chance)
        steps += 1
        total = 0.0
        for inside in part.parts.values():
            cells = np.array(sorted(names[one] for one in inside))
            total += float(task.prices(cells, cells).sum(axis=1).min())
        best = min(best, total)
    return best, steps


def report(cells: int, recom_s: float, limit_s: float, seeds: int) -> None:
    """One size, line by line."""
    task = net(cells, BEATS[cells])
    began = time.process_time()
    result = districts(task, Limits(time_limit_s=limit_s))
    took = time.process_time() - began
    if result.plan is None or result.objective is None:
        print(f"{cells:6d} no plan: {result.status.name}")
        return
    ours = result.objective
    assert violations(task, result.plan) == ()
    print(
        f"{cells:6d} cells, {task.beats} beats: ours {ours:.0f}, bound {result.bound:.0f}, "
        f"gap {result.gap_fraction or 0.0:.2%}, CPU {took:.1f} s",
        flush=True,
    )
    core = core_of(task)
    cutters: tuple[tuple[str, Callable[[BeatCore, int], IntArray]], ...] = (
        ("METIS + moves", metis),
        ("KaHIP + moves", kahip),
    )
    for name, cut in cutters:
        began = time.process_time()
        cost = best_of(core, cut, seeds)
        took = time.process_time() - began
        print(
            f"{name:>22s} {cost:.0f}, {cost / ours - 1:+.1%}, best of {seeds}, CPU {took:.1f} s",
            flush=True,
        )
    began = time.process_time()
    count = 1000 if cells <= 1000 else 200
    random_plans = ensemble(task, result.plan, count)
    took = time.process_time() - began
    shares = ", ".join(f"{one} {random_plans.share_better(one):.1%}" for one in MEASURES)
    print(
        f"{'random plans':>22s} {count} in {took:.1f} s ({random_plans.steps} steps), best "
        f"{random_plans.costs.min() / ours - 1:+.1%}, better than ours: {shares}",
        flush=True,
    )
    if recom_s and cells <= LARGEST_FOR_RECOM:
        cost, steps = recom(core, recom_s)
        print(f"{'GerryChain ReCom':>22s} {cost:.0f}, {cost / ours - 1:+.1%}, {steps} steps "
              f"from a random plan, CPU {recom_s:.0f} s", flush=True)  # fmt: skip


def borders(cells: int, seconds: float, seeds: int) -> None:
    """Pairs of cells that touch over a border: what METIS and KaHIP make small themselves."""
    task = replace(net(cells, BEATS[cells]), objective="border")
    core = core_of(task)
    began = time.process_time()
    result = districts(task, Limits(time_limit_s=seconds))
    took = time.process_time() - began
    cuts = [
        min(border_length(task, cut(core, seed)) for seed in range(seeds)) for cut in (metis, kahip)
    ]
    print(
        f"{cells:6d} cells by borders: ours {result.objective or np.nan:.0f} in {took:.1f} s, "
        f"bound {result.bound:.0f}, METIS {cuts[0]:.0f}, KaHIP {cuts[1]:.0f} (band not checked)",
        flush=True,
    )


def main() -> None:
    """Print a table for each size."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--sizes", type=int, nargs="+", default=list(BEATS), choices=list(BEATS))
    options.add_argument("--recom", type=float, default=0.0)
    options.add_argument("--borders", action="store_true", help="the objective `border` instead")
    options.add_argument("--seconds", type=float, default=0.0, help="in place of those by size")
    options.add_argument("--seeds", type=int, default=3)
    chosen = options.parse_args()
    # What is compiled at its first use is not timed.
    warm = net(200, 8, seed=9)
    made = districts(warm, Limits(time_limit_s=1.0))
    assert made.plan is not None
    ensemble(warm, made.plan, 2)
    for cells in chosen.sizes:
        if chosen.borders:
            borders(cells, chosen.seconds or LIMIT_S[cells], chosen.seeds)
            continue
        report(cells, chosen.recom, chosen.seconds or LIMIT_S[cells], chosen.seeds)


if __name__ == "__main__":
    main()
