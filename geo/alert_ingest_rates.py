"""Yearly rates of an alert table: the county's rates and its analyses from one reading."""

from __future__ import annotations

import numpy as np
import pandas as pd

from geo.alert_table import AlertTable
from geo.alerts import PERIOD_NAMES, AlertRates, log_years
from optimizer.errors import Problem

_PERIOD_HOURS = 24 // len(PERIOD_NAMES)
_HOUR_S = 3600


def rates_of(table: AlertTable, n_cells: int) -> AlertRates:
    """Alerts per cell and year and their shares per four-hour period, as `alert_rates` counts.

    Args:
        table: The alerts.
        n_cells: C.
    """
    problems: list[Problem] = []
    days = table.occurred_at.astype("datetime64[D]").astype(np.int64)

    shown = ", ".join(table.files)
    years = log_years(days, problems, where=shown, column="occurred_at")
    k = len(table.categories)
    place = table.cell.astype(np.int64) * max(k, 1) + table.category
    counts = np.bincount(place, minlength=n_cells * k).reshape(n_cells, k)
    hour = (table.occurred_at.astype(np.int64) // _HOUR_S) % 24
    part = table.category.astype(np.int64) * len(PERIOD_NAMES) + hour // _PERIOD_HOURS
    by_part = np.bincount(part, minlength=k * len(PERIOD_NAMES)).reshape(k, len(PERIOD_NAMES))
    return AlertRates(
        categories=table.categories,
        alerts_per_year=counts / years,
        period_names=PERIOD_NAMES,
        period_hours=np.full(len(PERIOD_NAMES), float(_PERIOD_HOURS)),
        # Every category of a table has alerts.
        period_share_fraction=by_part / by_part.sum(axis=1, keepdims=True),
        years=years,
        outside=0,
        problems=tuple(problems),
        quarantined=pd.DataFrame(columns=["row", "column", "value", "reason"]),
    )
