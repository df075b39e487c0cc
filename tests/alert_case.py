"""A small case with a log of alerts: over two years, with planted repeats and a planted rise."""

from __future__ import annotations

from datetime import datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from tests.small_case import SOUTH, STATIONS, STEP, WEST, Row, write_case, write_csv

FIRST, LAST = datetime(2024, 1, 1), datetime(2026, 3, 31)
CATEGORIES = ("criminal", "help", "dispute")
QUARRELS = (WEST + 0.05, SOUTH + 0.005)
"""A place of station 02 with seven disputes in the last twelve days."""


def log_rows(seed: int = 1) -> list[Row]:
    """Rows of the log, in the order of their times."""
    return [dict(row) for row in _log_rows(seed)]


@cache
def _log_rows(seed: int) -> tuple[Row, ...]:
    rng = np.random.default_rng(seed)
    days = (LAST - FIRST).days + 1
    found: list[tuple[datetime, Row]] = []

    def add(day: int, category: str, lon: float, lat: float, priority: int = 3) -> None:
        at = FIRST + timedelta(days=day, minutes=int(rng.integers(0, 1440)))
        row = {"category": category, "lon": round(lon, 6), "lat": round(lat, 6)}
        found.append((at, row | {"priority": priority}))

    def anywhere(s: int) -> tuple[float, float]:
        x, y = rng.random(2)
        return WEST + STEP * (2 * s + 2 * x), SOUTH + STEP * 2 * y

    for s in range(STATIONS):
        for category, mean in zip(CATEGORIES, (0.1, 1.0, 0.4), strict=True):
            for day, n in enumerate(rng.poisson(mean * (4 if s == 0 else 1), days).tolist()):
                for _ in range(n):
                    add(day, category, *anywhere(s))
    for back in (0, 1, 3, 5, 6, 9, 11):
        lon, lat = QUARRELS
        add(days - 1 - back, "dispute", lon + rng.uniform(-5e-5, 5e-5), lat, priority=2)
    for back in range(7):
        for _ in range(4):
            add(days - 1 - back, "help", *anywhere(4))
    found.sort(key=lambda f: f[0])
    return tuple({"occurred_at": f"{at:%Y-%m-%d %H:%M:%S}", **row} for at, row in found)


def write_alert_case(folder: Path, rows: list[Row] | None = None, **rules: Any) -> Path:
    """Write the case with its log; `rules` go under `alert_rules` of its `case.yaml`."""

    def case(document: Row) -> None:
        document["layers"]["alerts"] = {"path": "alerts.csv", "crs": "WGS84"}
        document["alert_rules"] = rules

    def cells(own: list[Row]) -> None:
        for row in own:
            for name in [n for n in row if n.startswith("alerts_per_year")]:
                del row[name]

    made = write_case(folder, case=case, cells=cells)
    write_csv(made / "alerts.csv", log_rows() if rows is None else rows)
    return made
