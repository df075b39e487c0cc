"""Alerts: time and memory from a raw log to alerts in cells, beside geopandas' spatial join.

    python benchmarks/alerts_ingest.py            # 1 million rows
    python benchmarks/alerts_ingest.py --rows 20000000 --no-rival
    python benchmarks/alerts_ingest.py --rows 100000000 --parquet --once --no-rival --in /data

The log is made up: points over the Dianjiang cells as GCJ-02, three in a hundred repeated, times
over three years, six categories. CPU and wall seconds are both said, since wall seconds mean
little on a busy machine. Each reading has a process of its own, and its peak memory (resident set,
files mapped into memory included) is that of this process.
"""

from __future__ import annotations

import argparse
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as arrow_csv
import pyarrow.parquet as pq
import shapely

from geo.boundaries import locate
from geo.cell_raster import cell_raster
from geo.crs import from_wgs84, to_wgs84
from scenarios.alerts_case import open_alerts
from scenarios.case import EMBEDDED, open_case
from scenarios.prepared import Prepared
from scenarios.schema import AlertLayer

CATEGORIES = ("criminal", "public_order", "dispute", "traffic", "help", "other")
_PER_PIECE = 1_000_000


def write_log(path: Path, rows: int, geometry: Any, seed: int = 0) -> None:
    """A log of so many rows as CSV or Parquet, by the ending of `path`."""
    rng = np.random.default_rng(seed)
    west, south, east, north = shapely.total_bounds(geometry)
    raster = cell_raster(geometry)
    writer: Any = None
    for start in range(0, rows, _PER_PIECE):
        n = min(_PER_PIECE, rows - start)
        lon, lat = rng.uniform(west, east, 3 * n), rng.uniform(south, north, 3 * n)
        # One in a thousand lies outside.
        kept = (raster.locate(lon, lat) >= 0) | (rng.random(3 * n) < 0.001)
        lon, lat = lon[kept][:n], lat[kept][:n]
        category = rng.integers(0, len(CATEGORIES), n)
        lon, lat = from_wgs84(lon, lat, "GCJ02")
        at = np.datetime64("2023-01-01", "s") + rng.integers(0, 3 * 365 * 86_400, n)
        again = rng.random(n) < 0.03
        source = np.arange(n) - 1
        source[0] = 0
        for values in (lon, lat, at, category):
            values[again] = values[source[again]]
        table = pa.table(
            {
                "接警单编号": pa.array(np.arange(start, start + n)),
                "报警时间": pc.strftime(pa.array(at), "%Y-%m-%d %H:%M:%S"),
                "警情类别": pa.array(np.array(CATEGORIES)[category]),
                "经度": pa.array(np.round(lon, 6)),
                "纬度": pa.array(np.round(lat, 6)),
                "报警电话": pa.array(np.full(n, "不读入")),
            }
        )
        if writer is None:
            form = pq.ParquetWriter if path.suffix == ".parquet" else arrow_csv.CSVWriter
            writer = form(path, table.schema)
        writer.write_table(table)
    assert writer is not None
    writer.close()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--parquet", action="store_true", help="Parquet instead of CSV")
    parser.add_argument("--once", action="store_true", help="read once, not again when compiled")
    parser.add_argument("--no-rival", action="store_true")
    parser.add_argument("--in", dest="parent", help="folder with room for the log")
    parser.add_argument("--read", help=argparse.SUPPRESS)
    parser.add_argument("--stages", help=argparse.SUPPRESS)
    asked = parser.parse_args()
    name = "alerts.parquet" if asked.parquet else "alerts.csv"
    if asked.read is not None:
        read(Path(asked.read), name, asked.stages.split(","))
        return
    folder = Path(tempfile.mkdtemp(prefix="jingli-ingest-", dir=asked.parent))
    try:
        run(folder, name, asked.rows, once=asked.once, rival=not (asked.no_rival or asked.parquet))
    finally:
        shutil.rmtree(folder)


def run(folder: Path, name: str, rows: int, *, once: bool, rival: bool) -> None:
    """Measure one size."""
    shutil.copytree(EMBEDDED / "dianjiang", folder / "case")
    case = open_case(str(folder / "case"))
    geometry = Prepared(case).load(case.scenario(None)).cell_geometry
    log = folder / "case" / name
    write_log(log, rows, geometry)
    print(f"{rows:,} rows, {log.stat().st_size / 1e6:,.0f} MB as {name}, GCJ-02", flush=True)
    for stages in ("first" if once else "first,anew", "kept"):
        command = [sys.executable, "-m", "benchmarks.alerts_ingest", "--read", str(log.parent)]
        more = ["--parquet"] if log.suffix == ".parquet" else []
        subprocess.run([*command, "--stages", stages, *more], check=True)
    if rival:
        _rival(log, geometry)


def read(folder: Path, name: str, stages: list[str]) -> None:
    """Read the log of a case and say what it took."""
    case = open_case(str(folder))
    loaded = Prepared(case).load(case.scenario(None))
    layers = case.spec.layers.model_copy(update={"alerts": AlertLayer(path=name, crs="GCJ02")})
    spec = case.spec.model_copy(update={"layers": layers})
    loaded = replace(loaded, case=replace(case, spec=spec))
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    for stage in stages:
        wall, cpu = time.perf_counter(), time.process_time()
        alerts = open_alerts(loaded, anew=stage == "anew")
        assert alerts.was_kept == (stage == "kept")
        print(
            f"{stage:>6}: {time.perf_counter() - wall:6.2f} s wall, "
            f"{time.process_time() - cpu:6.2f} s CPU, {len(alerts.table):,} alerts, "
            f"{sum(alerts.quarantined.values()):,} aside"
        )
        del alerts
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    print(f"peak memory {peak / 1e6:.2f} GB (before reading {before / 1e6:.2f} GB)", flush=True)


def _rival(log: Path, geometry: Any) -> None:
    """What pandas and geopandas take: read, unshift, join; and its points against ours."""
    wall, cpu = time.perf_counter(), time.process_time()
    frame = pd.read_csv(log, parse_dates=["报警时间"])
    lon, lat = to_wgs84(frame["经度"], frame["纬度"], "GCJ02")
    read = time.process_time() - cpu
    start = time.process_time()
    points = gpd.GeoDataFrame(frame, geometry=gpd.points_from_xy(lon, lat), crs=4326)
    cells = gpd.GeoDataFrame({"cell": np.arange(len(geometry))}, geometry=geometry, crs=4326)
    joined = gpd.sjoin(points, cells, how="left", predicate="within")
    joining = time.process_time() - start
    print(
        f"pandas and geopandas: {time.perf_counter() - wall:.2f} s wall, "
        f"{time.process_time() - cpu:.2f} s CPU "
        f"(read and unshift {read:.2f}, sjoin {joining:.2f}), "
        f"{int(joined['cell'].notna().sum()):,} in cells; nothing cleaned, no doubles found"
    )
    start = time.process_time()
    raster = cell_raster(geometry)
    built = time.process_time() - start
    start = time.process_time()
    ours = raster.locate(lon, lat)
    looked = time.process_time() - start
    sample = slice(0, 100_000)
    same = bool((ours[sample] == locate(lon[sample], lat[sample], geometry)).all())
    print(
        f"points to cells: raster {built:.2f} s to draw + {looked:.2f} s CPU, sjoin {joining:.2f}: "
        f"{joining / looked:.0f} times ({joining / (built + looked):.1f} with drawing); equal to "
        f"the exact test on {100_000:,}: {same}"
    )


if __name__ == "__main__":
    main()
