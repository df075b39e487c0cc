"""Reading OpenStreetMap into the road graph: seconds, memory, and osmnx beside it.

    python -m benchmarks.roads_reading --file porto.osm.pbf --tiles 1 10 50
    python -m benchmarks.roads_reading --file porto.osm.pbf --osmnx   # pip install osmnx first
    python -m benchmarks.roads_reading --file heidelberg.osm.pbf --turns

The file is tiled side by side for larger sizes. Each measurement is a process of its own, because
memory is told by its peak; times are CPU seconds of one core, because the machine is shared. The
first measurement compiles the loops if no earlier run has.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
import zlib
from itertools import pairwise
from pathlib import Path
from typing import Any
from xml.sax.saxutils import quoteattr

import numpy as np

from geo.osm import OsmOptions, read_osm, read_osm_roads, settings
from geo.osm_data import NODE_KEYS, WAY_KEYS, OsmData
from geo.osm_roads import graph_of_osm
from geo.road_cache import cache_key, load
from geo.routing import router, travel
from optimizer.policy import Roads

# Tiles lie this far apart, in 1e-7 degrees; ids of their nodes and ways likewise.
STEP_E7, STEP_ID = 7_000_000, 20_000_000_000
PER_BLOCK = 8000


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--file", type=Path, required=True)
    parser.add_argument("--tiles", type=int, nargs="*", default=[1])
    parser.add_argument("--osmnx", action="store_true")
    parser.add_argument("--turns", action="store_true")
    parser.add_argument("--one", nargs=2, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.one:
        print(json.dumps(ONE[given.one[0]](Path(given.one[1]))))
        return
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        for tiles in given.tiles:
            path = given.file if tiles == 1 else folder / f"tiled-{tiles}.osm.pbf"
            if tiles > 1:
                write_tiled(read_osm(given.file), tiles, path)
            apart(given.file, "warm", path)
            read = apart(given.file, "read", path)
            kept = apart(given.file, "cached", path)
            print(
                f"{tiles} x {given.file.name}: {read['nodes']:,} nodes, {read['arcs']:,} arcs; "
                f"file {read['file_s']:.2f} s, graph {read['graph_s']:.2f} s, "
                f"peak {read['peak_gb']:.2f} GB; kept graph opens in {kept['open_s']:.3f} s "
                f"(with the file's digest {kept['whole_s']:.3f} s)",
                flush=True,
            )
        if given.turns:
            turns(given.file)
        if given.osmnx:
            xml = write_xml(read_osm(given.file), folder / "plain.osm")
            ours, theirs = apart(given.file, "read", xml), apart(given.file, "osmnx", xml)
            packed = apart(given.file, "read", given.file)
            print(
                f"osmnx + networkx (XML): {theirs['read_s']:.1f} s, {theirs['peak_gb']:.2f} GB; "
                f"ours on the same XML {whole_s(ours):.2f} s "
                f"({theirs['read_s'] / whole_s(ours):.0f}x), on the PBF {whole_s(packed):.2f} s "
                f"({theirs['read_s'] / whole_s(packed):.0f}x), {packed['peak_gb']:.2f} GB"
            )


def whole_s(read: dict[str, Any]) -> float:
    return float(read["file_s"] + read["graph_s"])


def apart(file: Path, what: str, path: Path) -> dict[str, Any]:
    """A measurement in a process of its own."""
    command = [sys.executable, "-m", "benchmarks.roads_reading", "--file", str(file)]
    done = subprocess.run(
        [*command, "--one", what, str(path)], check=True, capture_output=True, text=True
    )
    found: dict[str, Any] = json.loads(done.stdout.strip().splitlines()[-1])
    return found


def peak_gb() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6


def measure_warm(path: Path) -> dict[str, Any]:
    """Compile the loops, where no run has yet."""
    if path.stat().st_size < 5e6:
        graph_of_osm(read_osm(path), Roads())
    return {}


def measure_read(path: Path) -> dict[str, Any]:
    load_loops()
    start = time.process_time()
    data = read_osm(path)
    middle = time.process_time()
    graph, _ = graph_of_osm(data, Roads())
    end = time.process_time()
    return {
        "nodes": graph.nodes, "arcs": len(graph), "file_s": middle - start,
        "graph_s": end - middle, "peak_gb": peak_gb(),
    }  # fmt: skip


def load_loops() -> None:
    """Fetch the compiled loops, which happens at their first call."""
    from tempfile import NamedTemporaryFile

    one = np.array([1], np.int64)
    data = OsmData(
        node_id=np.array([1, 2]), lon_e7=np.array([0, 9], np.int32),
        lat_e7=np.array([0, 0], np.int32), barriers={}, way_id=one,
        ref_first=np.array([0, 2]), ref=np.array([1, 2]),
        way_text=np.array([[1, *[0] * (len(WAY_KEYS) - 1)]], np.int32),
        texts=("", "primary"), restrictions=(),
    )  # fmt: skip
    with NamedTemporaryFile(suffix=".osm.pbf") as file:
        write_tiled(data, 1, Path(file.name))
        graph_of_osm(read_osm(Path(file.name)), Roads())


def measure_cached(path: Path) -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        read_osm_roads(path, path.name, Roads(), cache=folder)
        start = time.process_time()
        read_osm_roads(path, path.name, Roads(), cache=folder)
        whole = time.process_time() - start
        key = cache_key([path], settings(Roads(), OsmOptions()))
        start = time.process_time()
        assert load(folder, key) is not None
        return {"whole_s": whole, "open_s": time.process_time() - start}


def measure_osmnx(path: Path) -> dict[str, Any]:
    import osmnx

    start = time.process_time()
    graph = osmnx.graph_from_xml(path, simplify=True, retain_all=True)
    graph = osmnx.add_edge_travel_times(osmnx.add_edge_speeds(graph))
    return {"read_s": time.process_time() - start, "peak_gb": peak_gb(), "nodes": len(graph)}


ONE = {
    "warm": measure_warm,
    "read": measure_read,
    "cached": measure_cached,
    "osmnx": measure_osmnx,
}


def turns(path: Path) -> None:
    """Share of pairs of places whose minutes change when forbidden turns hold, and by how much."""
    data = read_osm(path)
    made = [
        graph_of_osm(data, Roads(), OsmOptions(turn_restrictions=hold)) for hold in (True, False)
    ]
    (held, counts), (free, _) = made
    rng = np.random.default_rng(0)
    main = np.flatnonzero(free.component == 0)
    start, goal = rng.choice(main, 100, replace=False), rng.choice(main, 1000, replace=False)
    minutes = [
        travel(
            None,
            *(free.node_lon_deg[start], free.node_lat_deg[start]),
            *(free.node_lon_deg[goal], free.node_lat_deg[goal]),
            walk_km_per_h=5.0,
            count_walk_in=False,
            index=router(graph),
        ).travel_time_min
        for graph in (held, free)
    ]
    both = np.isfinite(minutes[0]) & np.isfinite(minutes[1])
    more_s = (minutes[0] - minutes[1])[both] * 60.0
    changed = more_s > 0.1
    print(
        f"{path.name}: {counts.turns_honoured} restrictions hold, {counts.turns_ignored} are "
        f"ignored; nodes {free.nodes:,} -> {held.nodes:,}; {changed.mean():.1%} of pairs take "
        f"longer, mean of those {more_s[changed].mean() if changed.any() else 0:.1f} s, "
        f"p99 of all {np.quantile(more_s, 0.99):.1f} s, most {more_s.max():.0f} s"
    )


# --- files of other sizes and forms ---------------------------------------------------------


def write_xml(data: OsmData, path: Path) -> Path:
    """The same roads as plain XML, for readers that take nothing else."""
    with path.open("w", encoding="utf-8") as file:
        file.write('<osm version="0.6">\n')
        places = zip(data.node_id.tolist(), data.lon_e7.tolist(), data.lat_e7.tolist(), strict=True)
        for node, x, y in places:
            file.write(f'<node id="{node}" lon="{x / 1e7}" lat="{y / 1e7}"/>\n')
        for w, way in enumerate(data.way_id.tolist()):
            refs = data.ref[data.ref_first[w] : data.ref_first[w + 1]].tolist()
            file.write(f'<way id="{way}">' + "".join(f'<nd ref="{r}"/>' for r in refs))
            for key, row in zip(WAY_KEYS, data.way_text[w].tolist(), strict=True):
                if row:
                    file.write(f'<tag k="{key}" v={quoteattr(data.texts[row])}/>')
            file.write("</way>\n")
        file.write("</osm>\n")
    return path


def write_tiled(data: OsmData, tiles: int, path: Path) -> None:
    """Copies of the roads side by side, in the binary form."""
    table = [b"", *(key.encode() for key in (*WAY_KEYS, *NODE_KEYS))]
    table += [text.encode() for text in data.texts[1:]]
    strings = _block(1, b"".join(_block(1, text) for text in table))
    offset = len(WAY_KEYS) + len(NODE_KEYS)
    with path.open("wb") as file:
        _blob(file, "OSMHeader", _block(4, b"OsmSchema-V0.6") + _block(4, b"DenseNodes"))
        for tile in range(tiles):
            for at in range(0, len(data.node_id), PER_BLOCK):
                rows = slice(at, at + PER_BLOCK)
                lon = data.lon_e7[rows].astype(np.int64) + tile % 25 * STEP_E7
                lat = data.lat_e7[rows].astype(np.int64) + tile // 25 * STEP_E7
                ids = data.node_id[rows] + tile * STEP_ID
                dense = _block(1, _deltas(ids)) + _block(8, _deltas(lat)) + _block(9, _deltas(lon))
                _blob(file, "OSMData", strings[:0] + _block(2, _block(2, dense)))
        # Of a way only its id and the first step of its nodes differ between tiles.
        ways = [_way(data, w, offset) for w in range(len(data.way_id))]
        for tile in range(tiles):
            for at in range(0, len(ways), PER_BLOCK):
                group = bytearray()
                for way_id, tags, first, rest in ways[at : at + PER_BLOCK]:
                    refs = _varint(2 * (first + tile * STEP_ID)) + rest
                    way = b"\x08" + _varint(way_id + tile * STEP_ID) + tags
                    way += b"\x42" + _varint(len(refs)) + refs
                    group += b"\x1a" + _varint(len(way)) + way
                _blob(file, "OSMData", strings + _block(2, bytes(group)))


def _way(data: OsmData, row: int, offset: int) -> tuple[int, bytes, int, bytes]:
    """Id, packed tags, first node and packed further steps of a way."""
    tags = [(k, text) for k, text in enumerate(data.way_text[row].tolist()) if text]
    refs = data.ref[data.ref_first[row] : data.ref_first[row + 1]].tolist()
    steps = [b - a for a, b in pairwise(refs)]
    keys = b"".join(_varint(k + 1) for k, _ in tags)
    values = b"".join(_varint(text + offset) for _, text in tags)
    packed = b"\x12" + _varint(len(keys)) + keys + b"\x1a" + _varint(len(values)) + values
    rest = b"".join(_varint((n << 1) ^ (n >> 63)) for n in steps)
    return int(data.way_id[row]), packed, refs[0], rest


def _varint(value: int) -> bytes:
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def _numbers(values: Any) -> bytes:
    """Varints of non-negative numbers, all at once."""
    left = np.asarray(values, np.uint64)
    groups = np.zeros((len(left), 10), np.uint8)
    used = np.zeros((len(left), 10), bool)
    for i in range(10):
        used[:, i] = left > 0 if i else True
        groups[:, i] = (left & np.uint64(0x7F)).astype(np.uint8)
        left = left >> np.uint64(7)
    more = np.zeros_like(used)
    more[:, :-1] = used[:, 1:]
    return bytes((groups | (more.astype(np.uint8) << 7))[used])


def _deltas(values: Any) -> bytes:
    steps = np.diff(np.asarray(values, np.int64), prepend=0)
    return _numbers(((steps << 1) ^ (steps >> 63)).astype(np.uint64))


def _block(field: int, content: bytes) -> bytes:
    return _numbers(np.array([field << 3 | 2, len(content)])) + content


def _blob(file: Any, kind: str, content: bytes) -> None:
    body = _block(3, zlib.compress(content, 1))
    header = _block(1, kind.encode()) + b"\x18" + _numbers(np.array([len(body)]))
    file.write(len(header).to_bytes(4, "big") + header + body)


if __name__ == "__main__":
    main()
