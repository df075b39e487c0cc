"""A year of alerts drawn anew: what chance alone does to a plan.

With an alert log, a year is 365 days drawn from the log's days with replacement (bootstrap): what
comes together in a day stays together. With yearly rates only, each cell's count of each category
is drawn from a Poisson distribution with that rate: modelled, for it assumes alerts that come
independently at rates known exactly, and so understates how much years differ.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
import pandas as pd

from geo.alert_table import AlertTable
from geo.alerts import PERIOD_NAMES, category_labels, cells_of_alerts
from geo.readers import read_table
from optimizer.county import County
from optimizer.frozen import FloatArray, IntArray
from scenarios import layers
from scenarios.alert_layer import is_ingested
from scenarios.alerts_case import open_alerts
from scenarios.load import LoadedCase

DAYS_PER_YEAR = 365
YearKind = Literal["bootstrap", "poisson (modelled)"]
BOOTSTRAP: YearKind = "bootstrap"
POISSON: YearKind = "poisson (modelled)"
_PERIOD_HOURS = 24 // len(PERIOD_NAMES)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class AlertDays:
    """The counted alerts of a log. A alerts.

    Attributes:
        days: Days from the first alert to the last, both counted, with those without alerts.
        day, cell, category, period: Row of each for every alert, shape (A,).
    """

    days: int
    day: IntArray
    cell: IntArray
    category: IntArray
    period: IntArray


def alert_days(loaded: LoadedCase) -> AlertDays | None:
    """The alert log of a case, or None where it has none.

    The case has been read without errors; alerts that were set aside then are left out here too.
    """
    layer = loaded.case.spec.layers.alerts
    if layer is None:
        return None
    if is_ingested(loaded.case):
        return _days_of(open_alerts(loaded).table, loaded.county.categories)
    source = layers.layer_source(loaded.case, layer, layers.ALERTS, strict=False)
    table = read_table(source, layers.ALERTS)
    cells, aside = loaded.county.cells, list[pd.DataFrame]()
    cell, _ = cells_of_alerts(
        table, cells.cell_id, loaded.cell_geometry, cells.lon_deg, cells.lat_deg, aside
    )
    row = {name: k for k, name in enumerate(loaded.county.categories)}
    category = np.array(
        [row.get(label, -1) for label in category_labels(table.frame)], dtype=np.int64
    )
    kept = (cell >= 0) & (category >= 0)
    times = pd.DatetimeIndex(table.frame["occurred_at"])[kept]
    date = times.normalize().to_numpy().astype("datetime64[D]").astype(np.int64)
    return AlertDays(
        days=int(date.max() - date.min()) + 1,
        day=date - date.min(),
        cell=cell[kept],
        category=category[kept],
        period=np.asarray(times.hour, dtype=np.int64) // _PERIOD_HOURS,
    )


def _days_of(table: AlertTable, categories: tuple[str, ...]) -> AlertDays:
    """The same of the table that every analysis of alerts reads."""
    row = {name: k for k, name in enumerate(categories)}
    number = np.array([row.get(name, -1) for name in table.categories], np.int64)
    category = number[table.category]
    kept = category >= 0
    at = table.occurred_at[kept]
    day = at.astype("datetime64[D]").astype(np.int64)
    hour = (at.astype(np.int64) // 3600) % 24
    return AlertDays(
        days=int(day.max() - day.min()) + 1,
        day=day - day.min(),
        cell=table.cell[kept].astype(np.int64),
        category=category[kept],
        period=hour // _PERIOD_HOURS,
    )


def year_kind(log: AlertDays | None) -> YearKind:
    """How years are drawn."""
    return POISSON if log is None else BOOTSTRAP


def with_year(county: County, log: AlertDays | None, seed: int, year: int) -> County:
    """The county with the alerts of one drawn year.

    Args:
        county: The county as loaded.
        log: Its alert log, or None to draw from its rates.
        seed: Of the sweep.
        year: Number of the year; the same two always draw the same year.
    """
    rng = np.random.default_rng([seed, year])
    if log is None:
        drawn = rng.poisson(county.cells.alerts_per_year).astype(float)
        return replace(county, cells=replace(county.cells, alerts_per_year=drawn))
    times_drawn = np.bincount(rng.integers(0, log.days, DAYS_PER_YEAR), minlength=log.days)
    weight = times_drawn[log.day].astype(float)
    rate = np.zeros(county.cells.alerts_per_year.shape)
    np.add.at(rate, (log.cell, log.category), weight)
    rhythm = np.zeros(county.period_share_fraction.shape)
    np.add.at(rhythm, (log.category, log.period), weight)
    return replace(
        county,
        cells=replace(county.cells, alerts_per_year=rate),
        period_share_fraction=_shares(rhythm, county.period_share_fraction),
    )


def _shares(count: FloatArray, otherwise: FloatArray) -> FloatArray:
    """Rows that sum to 1; a category that the year does not hold keeps its rhythm."""
    total = count.sum(axis=1, keepdims=True)
    shares: FloatArray = np.where(total > 0, count / np.where(total > 0, total, 1.0), otherwise)
    return shares
