"""Sweep of Dianjiang on one process and on two: python -m benchmarks.sweep [points] [--grid ...].

All in one run, quarter by quarter in turn, so that the ratios hold when the machine's speed drifts.
Each turn opens the case anew, outside the clock, with a point that is not counted; so no turn finds
what another remembered. Tasks time themselves: what is left of one worker's wall time is the
fan-out's overhead. Then the whole sweep, both rounds and the journal, on one and on two.
"""

from __future__ import annotations

import argparse
import os
import tempfile
import time
from itertools import count as numbers
from pathlib import Path

import numpy as np

from benchmarks.timed import Timed
from scenarios.case import open_case
from scenarios.fan_out import _on_this_machine
from scenarios.sweep import World, prepare, run_sweep, sweep_digest
from scenarios.sweep_points import Design, Point, parse_design
from scenarios.sweep_store import Journal

GRIDS = ("policy.response.rural_min=28:40", "alerts.factor=0.8:1.2")
"""Worlds in which the published numbers of bundles can be had; the others cost a diagnosis each."""

turns = numbers()


def pooled(
    world: World, points: list[Point], extra: list[Point], workers: int
) -> tuple[float, float, float]:
    """Wall seconds of all points, and what the tasks took: wall and processor seconds."""
    job = Timed(world, next(turns))
    # Both workers open the case: each of two tasks keeps its worker busy while the other starts.
    for _ in _on_this_machine(job, extra * workers, workers):
        pass
    started = time.perf_counter()
    took = [seconds for _, seconds in _on_this_machine(job, points, workers)]
    assert len(took) == len(points)
    return time.perf_counter() - started, sum(w for w, _ in took), sum(b for _, b in took)


def looped(world: World, points: list[Point], extra: list[Point]) -> tuple[float, float, float]:
    """The same without any fan-out."""
    task = Timed(world, next(turns)).open()
    for point in extra:
        task(point)
    started = time.perf_counter()
    took = [task(point) for point in points]
    return time.perf_counter() - started, sum(w for w, _ in took), sum(b for _, b in took)


def whole(world: World, design: Design, workers: int) -> dict[str, float]:
    """Wall seconds of each round of a sweep as the command runs it, with its journal."""
    ends: dict[str, float] = {}
    started = time.perf_counter()

    def told(step: str, _done: int, _of: int) -> None:
        ends[step] = time.perf_counter() - started

    digest = sweep_digest(world, design)
    with tempfile.TemporaryDirectory() as folder:
        journal = Journal(Path(folder) / "journal", digest)
        try:
            run_sweep(world, design, journal, digest=digest, workers=workers, progress=told)
        finally:
            journal.close()
    return {"points": ends["points"], "regret": ends["regret"] - ends["points"]}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("points", type=int, nargs="?", default=200)
    parser.add_argument("--grid", action="append", help="instead of the usual ones")
    parser.add_argument("--scenario", help="instead of the default one")
    asked = parser.parse_args()
    grids = tuple(asked.grid or GRIDS)
    case = open_case("dianjiang")
    design = parse_design(grids, samples=asked.points, years=0, seed=1)
    world = prepare(case, asked.scenario, (), design)
    points = list(design.points())
    extra = list(parse_design(grids, samples=1, years=0, seed=2).points())
    print(f"{len(points)} points, load before {os.getloadavg()[0]:.1f}, {os.cpu_count()} cores")
    sums = {name: np.zeros(3) for name in ("loop", "1 worker", "2 workers")}
    for part in np.array_split(np.arange(len(points)), 4):
        mine = [points[i] for i in part.tolist()]
        sums["loop"] += looped(world, mine, extra)
        sums["1 worker"] += pooled(world, mine, extra, 1)
        sums["2 workers"] += pooled(world, mine, extra, 2)
    print(f"{'':10} {'wall s':>8} {'in tasks':>9} {'processor':>10} {'ms a point':>11}")
    for name, (wall, tasks, busy) in sums.items():
        per_point = 1000 * wall / len(points)
        print(f"{name:10} {wall:8.1f} {tasks:9.1f} {busy:10.1f} {per_point:11.1f}")
    one, two = sums["1 worker"], sums["2 workers"]
    print(f"two workers over one, points alone: {one[0] / two[0]:.2f} x")
    print(f"two workers over one, both cores ideal: {2 * one[2] / two[2]:.2f} x (processor time)")
    print(f"fan-out, share of the work: {100 * (one[0] / one[1] - 1):+.1f} % (1 worker)")
    rounds = {workers: whole(world, design, workers) for workers in (1, 2)}
    for workers, seconds in rounds.items():
        parts = ", ".join(f"{step} {s:.1f} s" for step, s in seconds.items())
        print(f"whole sweep, {workers} worker(s): {sum(seconds.values()):.1f} s ({parts})")
    ratio = sum(rounds[1].values()) / sum(rounds[2].values())
    print(f"two workers over one, whole sweep: {ratio:.2f} x; load after {os.getloadavg()[0]:.1f}")


if __name__ == "__main__":
    main()
