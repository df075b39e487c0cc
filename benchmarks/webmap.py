"""Size and speed of the interactive map: Dianjiang, and a city of 20,000 cells.

`python benchmarks/webmap.py [--out FOLDER]` writes both maps and prints size, seconds to write,
milliseconds from opening to the first complete map in Chromium, and frame times while the map is
dragged about and the divider is swept. Needs Debian's `chromium`.
"""

from __future__ import annotations

import argparse
import shutil
import statistics
import tempfile
import time
from pathlib import Path

import numpy as np
import shapely
from playwright.sync_api import Page, sync_playwright

from geo.boundaries import cell_adjacency
from geo.plane import as_geometry
from geo.webmap import web_map_html
from geo.webmap_scene import Card, CardRow, Township, WebScene
from optimizer.county import Cells, County, Stations
from optimizer.plan import Bundle, Plan
from scenarios.case import open_case
from scenarios.run import run_case
from scenarios.web_scene import web_scene

CELLS_ACROSS, CELLS_UP = 160, 125
STATIONS_ACROSS, STATIONS_UP = 16, 10
STEP_DEG = 0.003


def city(seed: int = 0) -> WebScene:
    """20,000 four-sided cells with crooked borders, 160 stations, every second bundled."""
    rng = np.random.default_rng(seed)
    jitter = rng.uniform(-0.25, 0.25, (CELLS_UP + 1, CELLS_ACROSS + 1, 2)) * STEP_DEG
    across, up = np.meshgrid(np.arange(CELLS_ACROSS + 1), np.arange(CELLS_UP + 1))
    corner = np.stack([113 + across * STEP_DEG, 23 + up * STEP_DEG], axis=2) + jitter
    bent = rng.uniform(-0.05, 0.05, (2, CELLS_UP + 1, CELLS_ACROSS + 1, 3, 2)) * STEP_DEG
    cells = []
    for y in range(CELLS_UP):
        for x in range(CELLS_ACROSS):
            south = _side(corner[y, x], corner[y, x + 1], bent[0, y, x])
            east = _side(corner[y, x + 1], corner[y + 1, x + 1], bent[1, y, x + 1])
            north = _side(corner[y + 1, x], corner[y + 1, x + 1], bent[0, y + 1, x])
            west = _side(corner[y, x], corner[y + 1, x], bent[1, y, x])
            cells.append(shapely.Polygon([*south, *east, *north[::-1], *west[::-1]]))
    shapes = as_geometry(cells)
    county = _county(shapes, rng)
    plan = _plan(county)
    rows, each = county.cells.station, np.arange(len(cells))
    townships = tuple(
        Township(
            name=name,
            today_min=10.0,
            plan_min=11.0,
            alerts_per_year=1000.0,
            card=Card(title=name, rows=(CardRow(label="Mean response", today="10.0 min"),)),
        )
        for name in sorted(set(county.cells.township))
    )
    lines = [shapely.LineString(corner[y]) for y in range(0, CELLS_UP, 5)]
    lines += [shapely.LineString(corner[:, x]) for x in range(0, CELLS_ACROSS, 5)]
    return WebScene(
        title="City",
        name="plan",
        county=county,
        plan=plan,
        cell_geometry=shapes,
        road_lines=as_geometry(lines),
        cell_today_min=2.0 + county.travel_time_min[rows, each],
        cell_plan_min=2.0 + county.travel_time_min[rows - rows % 2, each],
        townships=townships,
        station_cards={s: Card(title=s) for s in county.stations.station_id},
    )


def _side(start: np.ndarray, end: np.ndarray, bends: np.ndarray) -> list[np.ndarray]:
    between = [start + (end - start) * f + b for f, b in zip((0.25, 0.5, 0.75), bends, strict=True)]
    return [start, *between]


def _county(shapes: np.ndarray, rng: np.random.Generator) -> County:
    x, y = np.meshgrid(np.arange(CELLS_ACROSS), np.arange(CELLS_UP))
    block_x = x.ravel() * STATIONS_ACROSS // CELLS_ACROSS
    block_y = y.ravel() * STATIONS_UP // CELLS_UP
    station = block_y * STATIONS_ACROSS + block_x
    n, s = len(shapes), STATIONS_ACROSS * STATIONS_UP
    middle = shapely.get_coordinates(shapely.centroid(shapes))
    seat = np.array([middle[station == k].mean(axis=0) for k in range(s)])
    km = np.hypot(*(seat[:, None, :] - middle[None, :, :]).transpose(2, 0, 1)) * 105.0
    between = np.hypot(*(seat[:, None, :] - seat[None, :, :]).transpose(2, 0, 1)) * 105.0
    return County(
        name="City",
        categories=("all",),
        period_names=("day",),
        period_hours=np.array([24.0]),
        period_share_fraction=np.ones((1, 1)),
        stations=Stations(
            station_id=tuple(f"{k:03d}" for k in range(s)),
            name=tuple(f"第{k + 1}派出所" for k in range(s)),
            lon_deg=seat[:, 0],
            lat_deg=seat[:, 1],
            is_urban=np.ones(s, bool),
            officers=np.full(s, 12),
            authorised_officers=np.full(s, 12),
            auxiliaries=np.zeros(s, np.int64),
            can_bundle=np.ones(s, bool),
            can_host=np.ones(s, bool),
            max_officers=np.full(s, np.inf),
            has_window=np.ones(s, bool),
        ),
        cells=Cells(
            cell_id=tuple(f"c{k:05d}" for k in range(n)),
            station=station,
            township=tuple(f"街道{k + 1}" for k in station),
            lon_deg=middle[:, 0],
            lat_deg=middle[:, 1],
            is_urban=np.ones(n, bool),
            population=np.full(n, 500.0),
            area_km2=np.full(n, 0.1),
            alerts_per_year=rng.gamma(0.5, 20.0, (n, 1)),
        ),
        travel_time_min=km / 0.5,
        road_km=km,
        station_time_min=between / 0.5,
        cell_adjacency=cell_adjacency(shapes),
    )


def _plan(county: County) -> Plan:
    """Each station in an even column takes its eastern neighbour."""
    ids = county.stations.station_id
    bundles = [
        Bundle(centre_id=ids[k], station_ids=(ids[k], ids[k + 1])) for k in range(0, len(ids), 2)
    ]
    strength = [(b.centre_id, 24) for b in bundles]
    return Plan(bundles=tuple(sorted(bundles)), strength=tuple(sorted(strength)))


FRAMES = """
() => new Promise((done) => {
  const map = document.getElementById('map');
  const box = map.getBoundingClientRect();
  const at = (type, x, target) => target.dispatchEvent(new MouseEvent(type, {
    bubbles: true, cancelable: true, button: 0, buttons: 1,
    clientX: box.left + x, clientY: box.top + box.height / 2 }));
  const times = [];
  let last = performance.now();
  let n = 0;
  at('mousedown', 600, map);
  const step = () => {
    const now = performance.now();
    if (n) times.push(now - last);
    last = now;
    n += 1;
    if (n > 90) { at('mouseup', 600, document); done(times); return; }
    at('mousemove', 600 + 250 * Math.sin(n / 8), document);
    requestAnimationFrame(step);
  };
  requestAnimationFrame(step);
})
"""


def measure(page: Page, path: Path) -> dict[str, float]:
    """Milliseconds to the first complete map, and of frames while dragging."""
    page.goto(path.as_uri())
    page.wait_for_selector("html[data-ready=yes]")
    ready = page.evaluate(
        "() => new Promise(d => requestAnimationFrame("
        "() => setTimeout(() => d(performance.now()))))"
    )
    page.evaluate("document.querySelectorAll('input[value=cell]').forEach(i => i.click())")
    times = sorted(page.evaluate(FRAMES))
    started = time.perf_counter()
    page.evaluate("document.querySelectorAll('input[value=change]').forEach(i => i.click())")
    page.evaluate("() => new Promise(d => requestAnimationFrame(() => requestAnimationFrame(d)))")
    return {
        "interactive_ms": ready,
        "frame_median_ms": statistics.median(times),
        "frame_p95_ms": times[int(0.95 * len(times))],
        "new_fill_ms": 1000 * (time.perf_counter() - started),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=None, help="folder for the maps")
    out = parser.parse_args().out or Path(tempfile.mkdtemp())
    out.mkdir(parents=True, exist_ok=True)
    from optimizer.errors import untranslated

    dianjiang = run_case(open_case("dianjiang"), None)
    scenes = {"dianjiang": web_scene(dianjiang, untranslated, "en"), "city of 20,000 cells": city()}
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=["--no-sandbox"]
        )
        for name, scene in scenes.items():
            started, cpu = time.perf_counter(), time.process_time()
            html = web_map_html([scene])
            seconds, cpu = time.perf_counter() - started, time.process_time() - cpu
            path = out / f"{name.split()[0]}.html"
            path.write_text(html, encoding="utf-8")
            context = browser.new_context(viewport={"width": 1400, "height": 900}, offline=True)
            found = measure(context.new_page(), path)
            context.close()
            told = ", ".join(f"{k} {v:.0f}" for k, v in found.items())
            print(
                f"{name}: {path.stat().st_size / 1e6:.2f} MB, written in {seconds:.1f} s "
                f"({cpu:.1f} s of one core), {told}"
            )
        browser.close()


if __name__ == "__main__":
    main()
