"""One engine on the roads of Porto, in a process of its own: `benchmarks/routing.py rivals`.

    python routing_rivals.py ENGINE FOLDER

Imports nothing of Jingli but for its own engine, so that each may run in another environment.
FOLDER holds `roads.npz` (the graph's arrays, 26 sources and 10,000 targets at nodes) and
`plain.osm` (the same roads as XML). Prints one line of JSON: processor seconds to make ready and
to answer, gigabytes at the most, nodes.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np

MS_PER_S = 1000.0


def least(job: Callable[[], Any], times: int) -> tuple[float, Any]:
    """Least processor seconds of several runs, and the last answer."""
    best, found = float("inf"), None
    for _ in range(times):
        start = time.process_time()
        found = job()
        best = min(best, time.process_time() - start)
    return best, found


def jingli(folder: Path) -> dict[str, Any]:
    """Our own search, from and to nodes."""
    paths = import_module("geo.shortest_paths")
    roads = np.load(folder / "roads.npz")
    arcs = paths.Arcs(**{
        name: roads[name] for name in ("first_arc", "head", "travel_ms", "length_cm")
    })  # fmt: skip

    def at(nodes: Any) -> Any:
        zero = np.zeros(len(nodes), np.int64)
        return paths.Ends(
            first=np.arange(len(nodes) + 1), node=nodes, travel_ms=zero, length_cm=zero
        )

    exits, entries = at(roads["sources"]), at(roads["targets"])
    nothing = np.full((len(roads["sources"]), len(roads["targets"])), paths.CLOSED)
    direct = paths.sparse(nothing, nothing, paths.NO_LIMIT_MS)
    paths.reach(arcs, exits, entries, direct)
    seconds, found = least(lambda: paths.reach(arcs, exits, entries, direct), 5)
    return {"ready_s": 0.0, "answer_s": seconds, "nodes": arcs.nodes, "sum_s": total(found.dense())}


def total(dense: Any) -> float:
    """Sum of all seconds, to see that engines answer the same."""
    return float(np.where(np.isfinite(dense[0]), dense[0], 0.0).sum() * 60.0)


def scipy(folder: Path) -> dict[str, Any]:
    """The raw engine: scipy's Dijkstra, dense rows to every node."""
    sparse, csgraph = import_module("scipy.sparse"), import_module("scipy.sparse.csgraph")
    roads = np.load(folder / "roads.npz")
    start = time.process_time()
    nodes = len(roads["first_arc"]) - 1
    tail = np.repeat(np.arange(nodes), np.diff(roads["first_arc"]))
    order = np.lexsort((roads["travel_ms"], roads["head"], tail))
    fresh = np.append(True, (np.diff(tail[order]) != 0) | (np.diff(roads["head"][order]) != 0))
    order = order[fresh]
    matrix = sparse.csr_array(
        (roads["travel_ms"][order].astype(float), (tail[order], roads["head"][order])),
        shape=(nodes, nodes),
    )
    ready = time.process_time() - start
    seconds, rows = least(lambda: csgraph.dijkstra(matrix, indices=roads["sources"]), 3)
    found = rows[:, roads["targets"]]
    within = float(found[np.isfinite(found)].sum() / MS_PER_S)
    return {"ready_s": ready, "answer_s": seconds, "nodes": nodes, "sum_s": within}


def pandana(folder: Path) -> dict[str, Any]:
    """pandana: a contraction hierarchy, then all pairs."""
    pandas, network = import_module("pandas"), import_module("pandana").Network
    roads = np.load(folder / "roads.npz")
    start = time.process_time()
    nodes = len(roads["first_arc"]) - 1
    tail = np.repeat(np.arange(nodes), np.diff(roads["first_arc"]))
    made = network(
        pandas.Series(roads["lon"]), pandas.Series(roads["lat"]),
        pandas.Series(tail), pandas.Series(roads["head"].astype(np.int64)),
        pandas.DataFrame({"seconds": roads["travel_ms"] / MS_PER_S}), twoway=False,
    )  # fmt: skip
    ready = time.process_time() - start
    one = np.repeat(roads["sources"], len(roads["targets"]))
    two = np.tile(roads["targets"], len(roads["sources"]))
    seconds, found = least(lambda: made.shortest_path_lengths(one, two), 3)
    found = np.array(found)
    within = float(found[found < 1e6].sum())  # it says 4294967 s where there is no way
    return {"ready_s": ready, "answer_s": seconds, "nodes": nodes, "sum_s": within}


def networkx(folder: Path) -> dict[str, Any]:
    """The raw engine of osmnx, networkx, on our graph: simple, of whole numbers."""
    nx = import_module("networkx")
    roads = np.load(folder / "roads.npz")
    start = time.process_time()
    nodes = len(roads["first_arc"]) - 1
    tail = np.repeat(np.arange(nodes), np.diff(roads["first_arc"]))
    order = np.argsort(-roads["travel_ms"].astype(np.int64), kind="stable")  # the fastest stays
    other = nx.DiGraph()
    other.add_weighted_edges_from(
        zip(*(a[order].tolist() for a in (tail, roads["head"], roads["travel_ms"])), strict=True)
    )
    ready = time.process_time() - start
    seconds, rows = least(
        lambda: [
            nx.single_source_dijkstra_path_length(other, s) for s in roads["sources"].tolist()
        ],
        1,
    )
    within = sum(row.get(t, 0) for row in rows for t in roads["targets"].tolist()) / MS_PER_S
    return {"ready_s": ready, "answer_s": seconds, "nodes": nodes, "sum_s": within}


def osmnx(folder: Path, *, simplify: bool = True) -> dict[str, Any]:
    """The roads as osmnx reads the roads and simplifies them; networkx answers on its graph."""
    ox, nx = import_module("osmnx"), import_module("networkx")
    start = time.process_time()
    graph = ox.graph_from_xml(folder / "plain.osm", simplify=simplify, retain_all=True)
    graph = ox.add_edge_travel_times(ox.add_edge_speeds(graph))
    ready = time.process_time() - start
    components = [sorted(one) for one in nx.strongly_connected_components(graph)]
    main = max(components, key=len)
    sources = np.random.default_rng(1).choice(main, 26).tolist()

    def rows() -> None:
        for source in sources:
            nx.single_source_dijkstra_path_length(graph, source, weight="travel_time")

    seconds, _ = least(rows, 1)
    return {"ready_s": ready, "answer_s": seconds, "nodes": len(graph)}


def osmnx_plain(folder: Path) -> dict[str, Any]:
    """The same on the graph of every point of the file."""
    return osmnx(folder, simplify=False)


def peak_gb() -> float:
    """Most memory of this process; what `resource` says may be its parent's."""
    with Path("/proc/self/status").open(encoding="ascii") as status:
        return next(int(line.split()[1]) for line in status if line.startswith("VmHWM")) / 1e6


ENGINES = {
    "jingli": jingli,
    "scipy": scipy,
    "pandana": pandana,
    "networkx": networkx,
    "osmnx": osmnx,
    "osmnx_plain": osmnx_plain,
}

if __name__ == "__main__":
    said = ENGINES[sys.argv[1]](Path(sys.argv[2]))
    said["peak_gb"] = peak_gb()
    print(json.dumps(said))
