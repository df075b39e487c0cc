"""The alerts of a case, read once and kept: what every analysis of alerts opens."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from geo.alert_table import PLACED, AlertTable
from geo.alerts import category_labels, cells_of_alerts
from geo.crs import from_wgs84, local_crs
from geo.readers import read_table
from optimizer.county import GIVEN, Provenance
from optimizer.errors import InputError, Problem
from scenarios import layers
from scenarios.load import LoadedCase

Progress = Callable[[str], None]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Alerts:
    """The alerts of a case, and what became of the rows that are not among them.

    Attributes:
        table: The alerts.
        rows_read: Rows of data in all files.
        quarantined: Rows set aside, by reason (English template).
        problems: Warnings.
        provenance: Where they come from.
    """

    table: AlertTable
    rows_read: int
    quarantined: Mapping[str, int]
    problems: tuple[Problem, ...]
    provenance: tuple[Provenance, ...]


def open_alerts(loaded: LoadedCase, progress: Progress | None = None) -> Alerts:
    """The alert log of a case, placed in its cells.

    Args:
        loaded: The case.
        progress: Called with what is being done, for a planner to see.

    Raises:
        InputError: the case has no log, or none of it can be used.
    """
    layer = loaded.case.spec.layers.alerts
    if layer is None:
        raise InputError(
            [
                Problem(
                    where="case.yaml",
                    column="layers.alerts",
                    expected="a log of alerts; this case has yearly rates only",
                    fix="add the log under layers: alerts: {path: alerts.csv, crs: GCJ02}",
                )
            ]
        )
    if progress is not None:
        progress("reading")
    source = layers.layer_source(loaded.case, layer, layers.ALERT_TIMES, strict=False)
    read = read_table(source, layers.ALERT_TIMES)
    errors = [p for p in read.problems if p.severity == "error"]
    if errors:
        raise InputError(errors)
    aside: list[pd.DataFrame] = [read.quarantined]
    cells = loaded.county.cells
    cell, _ = cells_of_alerts(
        read, cells.cell_id, loaded.cell_geometry, cells.lon_deg, cells.lat_deg, aside
    )
    frame = read.frame
    times = frame["occurred_at"].to_numpy("datetime64[s]")
    row = frame["row"].to_numpy(np.int64)
    order = np.lexsort((row, times))
    order = order[cell[order] >= 0]
    names = category_labels(frame)
    categories = tuple(sorted({names[i] for i in order.tolist()}))
    number = {name: k for k, name in enumerate(categories)}
    crs = local_crs(cells.lon_deg, cells.lat_deg)
    lon, lat = (frame[c].to_numpy(float, na_value=np.nan)[order] for c in ("lon_deg", "lat_deg"))
    has_point = np.isfinite(lon) & np.isfinite(lat)
    x_m, y_m = from_wgs84(lon, lat, crs)
    place = np.where(has_point, lon.view("u8") * np.uint64(31) ^ lat.view("u8"), 0)
    columns: dict[str, Any] = dict(
        occurred_at=times[order],
        cell=cell[order],
        category=np.array([number[names[i]] for i in order.tolist()], np.int16),
        priority=frame["priority"].to_numpy(float, na_value=0.0)[order]
        if "priority" in frame
        else np.zeros(len(order)),
        x_m=x_m,
        y_m=y_m,
        place=place.astype(np.uint64),
        placed=np.where(has_point, PLACED.index("point"), PLACED.index("cell")),
        file=np.zeros(len(order)),
        row=row[order],
    )
    table = AlertTable(files=(source.shown,), categories=categories, crs=crs, **columns)
    reasons = pd.concat(aside, ignore_index=True)["reason"]
    return Alerts(
        table=table,
        rows_read=read.rows_read,
        quarantined={
            str(k): int(n) for k, n in reasons.map(lambda r: r.expected).value_counts().items()
        },
        problems=read.problems,
        provenance=(Provenance(item="alerts", origin=GIVEN, note=source.shown),),
    )
