"""How a category's alerts fall on the months: from the case's rhythm, else from its alert log."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from geo.alert_table import AlertTable
from geo.alerts import NO_CATEGORY
from geo.readers import Table
from optimizer.frozen import FloatArray
from scenarios.schema import Rhythm

MONTH_DAYS = np.array([31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31], dtype=float)


def month_shares(
    categories: tuple[str, ...], rhythm: Rhythm | None, log: Table | AlertTable | None
) -> FloatArray | None:
    """Share of each category's alerts in each month, rows sum to 1, shape (K, 12).

    In a log, alerts a day of each month count, so that a month covered twice does not weigh twice;
    a category without alerts has the mix of all.

    Args:
        categories: K categories.
        rhythm: The case's `alert_rhythm`.
        log: The alert log.

    Returns:
        None where neither speaks of months, or the log does not cover all twelve.
    """
    if rhythm is not None and rhythm.month_share_fraction:
        known = rhythm.month_share_fraction
        fallback = known.get("other", tuple(MONTH_DAYS / MONTH_DAYS.sum()))
        return _normed(np.array([known.get(k, fallback) for k in categories], dtype=float))
    times, label = _times_and_labels(log)
    if not len(times):
        return None
    days = pd.date_range(times.min().normalize(), times.max().normalize(), freq="D")
    covered = np.bincount(days.month - 1, minlength=12)
    if (covered < MONTH_DAYS).any():
        return None
    counts = np.zeros((len(categories), 12))
    for k, name in enumerate(categories):
        counts[k] = np.bincount(times.month[label == name] - 1, minlength=12)
    # A day's worth of alerts in each month, times the days that a month has.
    weight = counts / covered * MONTH_DAYS
    weight = np.where(weight.sum(axis=1, keepdims=True) > 0, weight, weight.sum(axis=0))
    return _normed(weight) if weight.sum() > 0 else None


def _times_and_labels(
    log: Table | AlertTable | None,
) -> tuple[pd.DatetimeIndex, NDArray[np.object_]]:
    """When alerts were, and of which category."""
    if isinstance(log, AlertTable):
        return pd.DatetimeIndex(log.occurred_at), np.array(log.categories, object)[log.category]
    if log is None or not len(log.frame):
        return pd.DatetimeIndex([]), np.zeros(0, object)
    label = log.frame.get("category", pd.Series(None, index=log.frame.index, dtype=object))
    label = label.where(label.notna() & (label.astype(str) != ""), NO_CATEGORY).astype(str)
    return pd.DatetimeIndex(log.frame["occurred_at"]), label.to_numpy(object)


def _normed(weight: FloatArray) -> FloatArray:
    """Rows that sum to 1."""
    shares: FloatArray = weight / weight.sum(axis=1, keepdims=True)
    return shares
