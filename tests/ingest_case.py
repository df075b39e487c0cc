"""A small case with an alert log of any kind, opened without running anything."""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from scenarios.alerts_case import Alerts, open_alerts
from scenarios.case import open_case
from scenarios.load import LoadedCase
from scenarios.prepared import Prepared
from tests.small_case import SOUTH, STEP, WEST, Row, write_case

HEADER = ("报警时间", "警情类别", "经度", "纬度")


def write_log_case(
    folder: Path,
    layer: Mapping[str, Any] | None = None,
    rules: Mapping[str, Any] | None = None,
    work: Mapping[str, Any] | None = None,
) -> Path:
    """The small case with `layers.alerts`, `alert_rules.ingest` and `workload.categories`."""

    def change(document: Row) -> None:
        document["layers"]["alerts"] = {"path": "alerts.csv", "crs": "WGS84", **(layer or {})}
        if rules is not None:
            document["alert_rules"] = {"ingest": dict(rules)}
        if work:
            document.setdefault("policy", {})["workload"] = {"categories": dict(work)}

    return write_case(folder, case=change)


def write_rows(
    path: Path,
    rows: Sequence[Sequence[object]],
    header: Sequence[str] = HEADER,
    encoding: str = "utf-8",
) -> None:
    with path.open("w", encoding=encoding, newline="") as file:
        writer = csv.writer(file)
        writer.writerow(header)
        writer.writerows(rows)


def plain_case(folder: Path) -> LoadedCase:
    """The same county without a log, to be given one by `with_log`."""
    case = open_case(str(write_case(folder)))
    return Prepared(case).load(case.scenario(None))


def read(plain: LoadedCase, folder: Path, **options: Any) -> Alerts:
    """The alerts of the log in `folder`."""
    return open_alerts(replace(plain, case=open_case(str(folder))), **options)


def points(n: int, seed: int = 0) -> list[tuple[float, float]]:
    """Points inside the county."""
    rng = np.random.default_rng(seed)
    lon = rng.uniform(WEST + 1e-4, WEST + 12 * STEP - 1e-4, n)
    lat = rng.uniform(SOUTH + 1e-4, SOUTH + 2 * STEP - 1e-4, n)
    return [(round(x, 6), round(y, 6)) for x, y in zip(lon.tolist(), lat.tolist(), strict=True)]


def stamps(n: int, start: str = "2025-01-01", days: int = 365, seed: int = 1) -> list[str]:
    """Times as text, in no order."""
    rng = np.random.default_rng(seed)
    at = np.datetime64(start, "s") + rng.integers(0, days * 86_400, n)
    return [str(t).replace("T", " ") for t in at]
