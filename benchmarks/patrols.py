"""Patrol routes beside OR-Tools routing and PyVRP: presence missed, driving, processor seconds.

    python -m benchmarks.patrols                                # random shifts
    python -m benchmarks.patrols --case dianjiang --vehicles 1 2  # the centres of a case
    python -m benchmarks.patrols --rivals ortools pyvrp --seconds 10

Rivals get the same task, a prize of 100 seconds of driving for a second of presence, and
processor seconds (theirs are heuristics: they prove nothing). What each returns is driven by our
judge. PyVRP: benchmarks/requirements.txt.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from optimizer.patrol_plan import NO_WAY, PatrolTask, Routes
from optimizer.patrol_rules import judge
from optimizer.patrol_search import search_routes
from optimizer.patrols import plan_patrols

KINDS = ("wide", "halves", "tight", "over", "full")
_SHIFT_S, _KM_PER_H, _SIDE_KM, _PRIZE = 28_800, 40.0, 20.0, 100
_PRESENCE = {"wide": 0.5, "halves": 0.4, "tight": 0.3, "over": 0.85, "full": 0.95}


def random_task(kind: str, visits: int, vehicles: int, seed: int) -> PatrolTask:
    """Visits on a square of 20 km, roads 1.3 times the straight line, 40 km/h, eight hours.

    Args:
        kind: `wide` - open all shift; `halves` - every place once in either half; `tight` -
            windows of one to two hours; `over`, `full` - as `tight` and `halves` with more presence
            wanted than can be.
        visits: How many.
        vehicles: How many.
        seed: Of the places, windows and stays.
    """
    rng = np.random.default_rng([visits, vehicles, seed, KINDS.index(kind)])
    half = (visits + 1) // 2
    at = (
        [0, *(1 + v % half for v in range(visits))]
        if kind in ("halves", "full")
        else range(visits + 1)
    )
    place = rng.uniform(0.0, _SIDE_KM, (visits + 1, 2))[list(at)]
    place[0] = _SIDE_KM / 2
    km = np.hypot(*(place[:, None] - place[None, :]).transpose(2, 0, 1)) * 1.3
    opens, closes = np.zeros(visits, np.int64), np.full(visits, _SHIFT_S)
    if kind in ("halves", "full"):
        opens[half:], closes[:half] = _SHIFT_S // 2, _SHIFT_S // 2
    elif kind != "wide":
        opens = rng.integers(0, _SHIFT_S - 7200, visits)
        closes = opens + rng.integers(3600, 7200, visits)
    share = _PRESENCE[kind] * vehicles * _SHIFT_S / visits
    stay = np.clip(np.rint(rng.uniform(0.5, 1.5, visits) * share), 60, closes - opens)
    return PatrolTask(
        names=tuple(str(v) for v in range(visits)),
        travel_s=np.ceil(km / _KM_PER_H * 3600).astype(np.int64),
        stay_s=stay.astype(np.int64),
        opens_s=opens,
        closes_s=closes,
        vehicles=vehicles,
        shift_s=_SHIFT_S,
    )


def of_case(case: str, vehicles: list[int]) -> Iterator[tuple[str, PatrolTask]]:
    """The default patrol of each centre, alerts in proportion."""
    from scenarios.commands.common import present_store
    from scenarios.opened import open_asked
    from scenarios.patrols_task import PatrolWishes, patrol_task

    opened = open_asked(case, None, (), present_store(None))
    assert opened.plan is not None
    names = dict(
        zip(
            opened.loaded.county.stations.station_id,
            opened.loaded.county.stations.name,
            strict=True,
        )
    )
    for bundle in opened.plan.bundles:
        if len(bundle.station_ids) < 2:
            continue
        for count in vehicles:
            wishes = PatrolWishes(centre=bundle.centre_id, vehicles=count, reserve_min=120.0)
            task = patrol_task(opened, wishes, str).task
            yield f"{names[bundle.centre_id]} {task.visits}/{count}", task


def by_ortools(task: PatrolTask, seconds: float) -> Routes:
    """The routing library: cheapest arc, then guided local search."""
    from ortools.constraint_solver import pywrapcp, routing_enums_pb2

    n = task.visits
    manager = pywrapcp.RoutingIndexManager(n + 1, task.vehicles, 0)
    routing = pywrapcp.RoutingModel(manager)
    table = np.where(task.travel_s == NO_WAY, 10 * task.shift_s, task.travel_s)
    stay = np.concatenate([[0], task.stay_s])
    legs, times = table.tolist(), (table + stay[:, None]).tolist()
    node = manager.IndexToNode
    leg = routing.RegisterTransitCallback(lambda a, b: legs[node(a)][node(b)])
    took = routing.RegisterTransitCallback(lambda a, b: times[node(a)][node(b)])
    routing.SetArcCostEvaluatorOfAllVehicles(leg)
    routing.AddDimension(took, task.shift_s, task.shift_s, True, "time")
    clock = routing.GetDimensionOrDie("time")
    for v in range(n):
        at = manager.NodeToIndex(v + 1)
        opens, begins = int(task.opens_s[v]), int(task.closes_s[v] - task.stay_s[v])
        clock.CumulVar(at).SetRange(opens, begins)
        routing.AddDisjunction([at], _PRIZE * int(task.stay_s[v]))
    asked: Any = pywrapcp.DefaultRoutingSearchParameters()
    asked.first_solution_strategy = routing_enums_pb2.FirstSolutionStrategy.PATH_CHEAPEST_ARC
    asked.local_search_metaheuristic = (
        routing_enums_pb2.LocalSearchMetaheuristic.GUIDED_LOCAL_SEARCH
    )
    asked.time_limit.seconds = 600
    until = time.process_time() + seconds
    routing.AddSearchMonitor(routing.solver().CustomLimit(lambda: time.process_time() > until))
    found = routing.SolveWithParameters(asked)
    made = []
    for vehicle in range(task.vehicles):
        at, route = routing.Start(vehicle), []
        while not routing.IsEnd(at):
            at = found.Value(routing.NextVar(at))
            route.append(node(at) - 1)
        if len(route) > 1:
            made.append(tuple(route[:-1]))
    return tuple(sorted(made))


def by_pyvrp(task: PatrolTask, seconds: float) -> Routes:
    """PyVRP: iterated local search with prizes, time windows and shifts."""
    from pyvrp import Model

    model = Model()
    places = [model.add_location(v, 0) for v in range(task.visits + 1)]
    depot = model.add_depot(places[0])
    model.add_vehicle_type(
        task.vehicles, start_depot=depot, end_depot=depot, tw_early=0, tw_late=task.shift_s
    )
    for v in range(task.visits):
        model.add_client(
            places[v + 1],
            service_duration=int(task.stay_s[v]),
            tw_early=int(task.opens_s[v]),
            tw_late=int(task.closes_s[v] - task.stay_s[v]),
            prize=_PRIZE * int(task.stay_s[v]),
            required=False,
        )
    for a, row in enumerate(task.travel_s.tolist()):
        for b, leg in enumerate(row):
            if a != b:
                far = 10 * task.shift_s if leg == NO_WAY else leg
                model.add_edge(places[a], places[b], distance=far, duration=far)
    until = time.process_time() + seconds
    found = model.solve(lambda _best: time.process_time() > until, seed=0, display=False)
    made = (tuple(v.idx for v in route if v.is_client()) for route in found.best.routes())
    return tuple(sorted(route for route in made if route))


def by_search(task: PatrolTask, seconds: float) -> Routes:
    """Our ruin and recreate alone, seed after seed."""
    until, seed, best = time.process_time() + seconds, 0, _searched(task, 0)
    while time.process_time() < until:
        seed += 1
        best = min(best, _searched(task, seed))
    return best[1]


def _searched(task: PatrolTask, seed: int) -> tuple[tuple[int, int], Routes]:
    routes = search_routes(task, (), rounds=600, seed=seed, slack_fraction=0.1)
    seen = judge(task, routes)
    return (seen.missed_s, seen.drive_s), routes


RIVALS: dict[str, Callable[[PatrolTask, float], Routes]] = {
    "search": by_search,
    "ortools": by_ortools,
    "pyvrp": by_pyvrp,
}


def main() -> None:
    """Print a line a task: minutes missed and driven, bound, processor seconds, rivals."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kinds", nargs="*", default=KINDS)
    parser.add_argument("--visits", nargs="*", type=int, default=[15, 25])
    parser.add_argument("--vehicles", nargs="*", type=int, default=[1, 2, 3])
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--case")
    parser.add_argument("--rivals", nargs="*", choices=RIVALS, default=[])
    parser.add_argument("--seconds", type=float, default=5.0, help="of processor, for each rival")
    parser.add_argument("--effort", type=float, default=5.0)
    options = parser.parse_args()
    tasks: Iterator[tuple[str, PatrolTask]]
    if options.case:
        tasks = of_case(options.case, options.vehicles)
    else:
        tasks = (
            (f"{kind} {n}/{v} #{seed}", random_task(kind, n, v, seed))
            for kind in options.kinds
            for n in options.visits
            for v in options.vehicles
            for seed in range(options.seeds)
        )
    plan_patrols(random_task("wide", 4, 1, 0), most_labels=0)  # imported before the clock
    for name, task in tasks:
        began = time.process_time()
        result = plan_patrols(task, effort=options.effort)
        took = time.process_time() - began
        seen = judge(task, result.routes)
        assert not seen.broken
        proof = "proven"
        if not result.is_optimal:
            drive = "-" if result.gap_fraction is None else f"{result.gap_fraction:.1%}"
            proof = f"misses >= {result.missed_bound_s / 60:.0f}, driving gap {drive}"
        line = f"{name}: {seen.missed_s / 60:.1f} {seen.drive_s / 60:.1f} {proof} {took:.1f} s"
        for rival in options.rivals:
            began = time.process_time()
            routes = RIVALS[rival](task, options.seconds)
            took = time.process_time() - began
            other = judge(task, routes)
            broken = "".join(f" {b.rule}!" for b in other.broken)
            line += (
                f" | {rival} {other.missed_s / 60:.1f} {other.drive_s / 60:.1f}"
                f" x{other.drive_s / max(seen.drive_s, 1):.3f}{broken} {took:.1f} s"
            )
        print(line, flush=True)


if __name__ == "__main__":
    main()
