"""Sweep of Dianjiang on one process and on two: python benchmarks/sweep.py [points].

All in one run, quarter by quarter in turn, so that the ratios hold when the machine's speed drifts.
The fan-out's overhead is one worker process against the same points in a plain loop. Workers are
started before the clock runs; what starting takes is printed by itself.
"""

from __future__ import annotations

import os
import sys
import time

import numpy as np

from scenarios.case import open_case
from scenarios.fan_out import _on_this_machine
from scenarios.sweep import World, prepare
from scenarios.sweep_points import Point, parse_design

GRIDS = ("policy.response.rural_min=15:40", "alerts.factor=0.8:1.2")


def wall(world: World, points: list[Point], workers: int) -> float:
    """Wall seconds to solve all points, from the first asked to the last come back."""
    started = time.perf_counter()
    done = sum(1 for _ in _on_this_machine(world, points, workers))
    assert done == len(points)
    return time.perf_counter() - started


def main() -> None:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 200
    design = parse_design(GRIDS, samples=count, years=0, seed=1)
    world = prepare(open_case("dianjiang"), None, (), design)
    points = list(design.points())
    print(f"{count} points, load before {os.getloadavg()[0]:.1f}, {os.cpu_count()} cores")
    started = time.perf_counter()
    wall(world, points[:2], 2)
    print(f"two workers started and the case opened: {time.perf_counter() - started:.1f} s")
    quarters = np.array_split(np.arange(count), 4)
    walls: dict[str, list[float]] = {"loop": [], "1 worker": [], "2 workers": []}
    for part in quarters:
        mine = [points[i] for i in part.tolist()]
        task = world.open()
        started = time.perf_counter()
        for point in mine:
            task(point)
        walls["loop"].append(time.perf_counter() - started)
        wall(world, mine[:1], 1)
        walls["1 worker"].append(wall(world, mine, 1))
        wall(world, mine[:2], 2)
        walls["2 workers"].append(wall(world, mine, 2))
    total = {name: sum(seconds) for name, seconds in walls.items()}
    for name, seconds in total.items():
        print(f"{name:10} {seconds:8.1f} s  {1000 * seconds / count:8.1f} ms a point")
    print(f"two workers over one: {total['1 worker'] / total['2 workers']:.2f} x")
    print(f"fan-out over the loop: {100 * (total['1 worker'] / total['loop'] - 1):+.1f} %")
    print(f"load after {os.getloadavg()[0]:.1f}")


if __name__ == "__main__":
    main()
