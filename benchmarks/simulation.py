"""Simulation: events a second, and simpy with the same model beside it in the same run.

    pip install -r benchmarks/requirements.txt
    python -m benchmarks.simulation            # Dianjiang; --replications 60 for the whole year

The simpy model obeys the same rules on the same alerts; its answers must be the same to the last
bit before times are compared. Times are CPU seconds of one core, because the machine is shared;
the year on two workers is wall time too.
"""

from __future__ import annotations

import argparse
import resource
import time
from bisect import bisect_right
from collections import deque
from collections.abc import Callable, Generator
from dataclasses import replace
from functools import partial
from types import SimpleNamespace
from typing import Any, TypeVar

import numpy as np
import simpy

from optimizer.arrivals import DAY_MIN, Alerts, draw_alerts
from optimizer.frozen import FloatArray
from optimizer.simulation import DRAIN_DAYS, Setup, simulate
from optimizer.simulation_inputs import SimulationInputs
from optimizer.simulation_loop import compiled, run_plain
from optimizer.simulation_measures import measure
from optimizer.simulation_state import World
from optimizer.simulation_tables import world_of
from scenarios.case import open_case
from scenarios.fan_out import fan_out
from scenarios.run import run_case
from scenarios.simulate import setup_of

T = TypeVar("T")
COMPARED_DAYS = 60
ROUNDS = 5


def cpu(work: Callable[[], T]) -> tuple[T, float]:
    start = time.process_time()
    made = work()
    return made, time.process_time() - start


def world(inputs: SimulationInputs, alerts: Alerts, days: int) -> World:
    end = days * DAY_MIN
    made, _ = world_of(
        inputs, alerts, window_from=0.0, window_to=end, stop_min=end + DRAIN_DAYS * DAY_MIN
    )
    return made


class SimpyModel:
    """The same rules as `optimizer.simulation_loop`, without calendar and pre-emption, in simpy."""

    def __init__(self, w: World) -> None:
        self.env = simpy.Environment()
        self.rules = SimpleNamespace(
            **dict(zip(w.rules.dtype.names, w.rules.tolist()[0], strict=True))
        )
        # Plain lists: simpy must not pay for reading arrays one by one.
        self.travel, self.back = w.travel_min.tolist(), w.return_min.tolist()
        self.between = w.station_min.tolist()
        self.units = w.units.tolist()
        names = w.units.dtype.names
        self.units = [dict(zip(names, u, strict=True)) for u in self.units]
        self.near = [w.helpers[u["near_from"] : u["near_to"]].tolist() for u in self.units]
        self.far = [w.helpers[u["far_from"] : u["far_to"]].tolist() for u in self.units]
        self.cells = [dict(zip(w.cells.dtype.names, c, strict=True)) for c in w.cells.tolist()]
        self.jobs = [dict(zip(w.jobs.dtype.names, j, strict=True)) for j in w.jobs.tolist()]
        self.patrol_cell, self.patrol_cum = w.patrol.cell.tolist(), w.patrol.cum.tolist()
        self.crew_unit = w.crews.unit.tolist()
        home = [self.units[u]["home"] for u in self.crew_unit]
        self.row, self.from_row = list(home), list(home)
        self.there_at = [0.0] * len(home)
        self.free = [set(range(u["first_crew"], u["end_crew"])) for u in self.units]
        levels = self.rules.levels
        self.lines: list[list[deque[Any]]] = [[deque() for _ in range(levels)] for _ in home]
        self.arrived = np.full(len(self.jobs), np.nan)

    def run(self) -> FloatArray:
        """Minutes of arrival of every job."""
        self.env.process(self.source())
        self.env.run()
        return self.arrived

    def source(self) -> Generator[Any, Any, None]:
        """Alerts as they come."""
        for j, job in enumerate(self.jobs):
            yield self.env.timeout(job["time"] - self.env.now)
            self.env.process(self.serve(j))

    def way(self, m: int, cell: int) -> float:
        """Minutes for crew `m` from now, turn-out included."""
        moving = self.env.now < self.there_at[m]
        row = self.from_row[m] if moving else self.row[m]
        on_road = moving or row >= self.rules.stations
        turnout = self.rules.turnout_on_road_min if on_road else self.rules.turnout_min
        return float(turnout + self.travel[row][cell])

    def find(self, u: int, cell: int) -> int:
        """Nearest free crew by the dispatch rule, or -1."""
        for tier, limit in ((self.near[u], np.inf), (self.far[u], self.rules.max_help_travel_min)):
            best, best_min = -1, np.inf
            for v in tier:
                for m in sorted(self.free[v]):
                    minutes = self.way(m, cell)
                    if minutes < best_min and minutes <= limit:
                        best, best_min = m, minutes
            if best >= 0:
                return best
        return -1

    def serve(self, j: int) -> Generator[Any, Any, None]:
        """One job from receipt to release."""
        job = self.jobs[j]
        cell, u = job["cell"], self.cells[job["cell"]]["unit"]
        m = self.find(u, cell)
        if m >= 0:
            self.free[self.crew_unit[m]].discard(m)
        else:
            called = self.env.event()
            self.lines[u][job["priority"]].append((j, called))
            m = yield called
        yield self.env.timeout(self.way(m, cell))
        self.arrived[j] = self.env.now
        yield self.env.timeout(job["remaining"])
        row, unit = self.rules.stations + cell, self.units[self.crew_unit[m]]
        back = self.back[self.crew_unit[m]][cell]
        if job["site"] > 0:
            site = "custody" if job["site"] == 1 else "escort"
            yield self.env.timeout(self.cells[cell][f"{site}_min"] + job["stay_min"])
            row = self.cells[cell][f"{site}_row"]
            back = self.between[row][unit["home"]]
        self.release(m, job, row, back)

    def release(self, m: int, job: Any, row: int, back: float) -> None:
        """Crew `m` takes the next job or is free."""
        u = self.crew_unit[m]
        unit = self.units[u]
        self.from_row[m], self.row[m], self.there_at[m] = row, unit["home"], self.env.now + back
        if job["patrol"] < self.rules.patrol_share:
            share = job["patrol"] / self.rules.patrol_share
            low, high = unit["patrol_from"], unit["patrol_to"]
            at = bisect_right(self.patrol_cum, share, low, high)
            if at < high:
                self.row[m] = self.rules.stations + self.patrol_cell[at]
        best: tuple[int, int, int] | None = None
        choice = None
        for tier, (units, limit) in enumerate(
            ((self.near[u], np.inf), (self.far[u], self.rules.max_help_travel_min))
        ):
            for v in units:
                for priority, line in enumerate(self.lines[v]):
                    if not line:
                        continue
                    j, called = line[0]
                    minutes = self.way(m, self.jobs[j]["cell"])
                    key = (priority, tier, j)
                    if minutes <= limit and minutes < np.inf and (best is None or key < best):
                        best, choice = key, (line, called)
                        break
        if choice is None:
            self.free[u].add(m)
        else:
            choice[0].popleft()
            choice[1].succeed(m)


def loop_speed(setup: Setup) -> None:
    """Events a second of the compiled loop, and where a replication's time goes."""
    alerts, draw_s = cpu(lambda: setup.alerts(0))
    days = setup.warm_up_days + setup.days
    compiled()(world(setup.plan, alerts, days))
    for name, inputs in (("today", setup.today), ("plan", setup.plan)):
        best, events, build_s = np.inf, 0, 0.0
        for _ in range(ROUNDS):
            made, build_s = cpu(partial(world, inputs, alerts, days))
            events, seconds = cpu(partial(compiled(), made))
            best = min(best, seconds)
        trace = setup.trace("today" if name == "today" else "plan", 0)
        _, measure_s = cpu(partial(measure, trace, inputs, setup.ground))
        print(
            f"{name:6} {len(alerts):,} alerts, {len(inputs.crew_unit)} crews: {events:,} events in "
            f"{best * 1e3:.1f} ms = {events / best / 1e6:.1f} M/s; draw {draw_s * 1e3:.0f}, tables "
            f"{build_s * 1e3:.0f}, measures {measure_s * 1e3:.0f} ms",
            flush=True,
        )


def beside_simpy(setup: Setup) -> None:
    """The same alerts and rules, calendar off: compiled, plain Python, simpy."""
    inputs = replace(setup.plan, break_min=0.0, shift_starts_hours=())
    alerts = draw_alerts(setup.model, COMPARED_DAYS, seed=setup.seed, replication=0)
    best, events, fast = np.inf, 0, np.zeros(0)
    for _ in range(ROUNDS):
        made = world(inputs, alerts, COMPARED_DAYS)
        events, seconds = cpu(partial(compiled(), made))
        best, fast = min(best, seconds), made.jobs.arrived.copy()
    made = world(inputs, alerts, COMPARED_DAYS)
    _, plain_s = cpu(partial(run_plain, made))
    assert np.array_equal(made.jobs.arrived, fast)
    model = SimpyModel(world(inputs, alerts, COMPARED_DAYS))
    slow, simpy_s = cpu(model.run)
    # simpy reaches a time by adding up steps, which rounds.
    assert np.abs(slow - fast).max() < 1e-9, "simpy must give the same arrivals"
    n = len(fast)
    print(f"same {n:,} jobs, same arrivals to a billionth of a minute:")
    for name, seconds in (("compiled", best), ("plain Python", plain_s), ("simpy", simpy_s)):
        print(
            f"  {name:12} {seconds * 1e3:9.1f} ms = {events / seconds / 1e6:7.3f} M events/s, "
            f"{seconds / best:6.0f} x",
            flush=True,
        )


def whole_year(setup: Setup, replications: int) -> None:
    """Today and plan, 365 days, on two workers."""
    job = replace(setup, min_replications=replications, max_replications=replications)
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    start, own = time.perf_counter(), time.process_time()
    result = simulate(job, partial(fan_out, workers=2))
    wall = time.perf_counter() - start
    from joblib.externals.loky import get_reusable_executor

    get_reusable_executor().shutdown(wait=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    children = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    print(
        f"today | plan x {result.replications} replications of {result.days} days, 2 workers: "
        f"{wall:.1f} s wall, {children + time.process_time() - own:.1f} s CPU, "
        f"{result.events:,} events"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description="Simulation beside simpy.")
    parser.add_argument("--case", default="dianjiang")
    parser.add_argument("--replications", type=int, default=60)
    arguments = parser.parse_args()
    run = run_case(open_case(arguments.case), None)
    assert run.result.plan is not None
    setup = setup_of(run.loaded, run.result.plan)
    loop_speed(setup)
    beside_simpy(setup)
    if arguments.replications:
        whole_year(setup, arguments.replications)


if __name__ == "__main__":
    main()
