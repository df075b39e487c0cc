"""Officers on road duty by the hour of the day: checkpoints first, then where accidents are."""

from __future__ import annotations

import numpy as np

from optimizer.county import County
from optimizer.frozen import FloatArray, IntArray
from optimizer.policy import Policy

HOURS = 24
DAYS_PER_WEEK = 7.0


def accidents_by_hour(county: County, policy: Policy) -> FloatArray:
    """Share of road accidents in each hour of the day, shape (24,); even where there are none.

    The periods of the day follow one another from midnight; an hour cut by two takes of both.
    """
    counted = [policy.workload.of(k).is_road_traffic for k in county.categories]
    per_category = county.cells.alerts_per_year.sum(axis=0) * np.array(counted, dtype=float)
    per_period = per_category @ county.period_share_fraction
    if per_period.sum() <= 0:
        return np.full(HOURS, 1.0 / HOURS)
    ends = np.concatenate([[0.0], np.cumsum(county.period_hours)])
    total = np.concatenate([[0.0], np.cumsum(per_period)]) / per_period.sum()
    found: FloatArray = np.diff(np.interp(np.arange(HOURS + 1.0), ends, total))
    return found


def on_duty(
    officers: int, hours_per_week: float, share_by_hour: FloatArray, needed: IntArray
) -> tuple[IntArray, IntArray]:
    """Officers of one unit on duty in each hour of a day.

    Args:
        officers: Officers with road duty.
        hours_per_week: Effective hours of one officer a week.
        share_by_hour: Accidents by hour, shape (24,).
        needed: Officers that checkpoints need in each hour, shape (24,).

    Returns:
        Officers on duty (checkpoints included), and officers short at checkpoints, shape (24,).
        Checkpoint hours go first, those with most accidents before others; what is left goes round
        the clock one officer at a time, the hours with most accidents first.
    """
    left = int(officers * hours_per_week / DAYS_PER_WEEK + 1e-9)
    order = np.argsort(-share_by_hour, kind="stable")
    present = np.zeros(HOURS, dtype=np.int64)
    for hour in order.tolist():
        present[hour] = min(left, int(needed[hour]))
        left -= int(present[hour])
    short: IntArray = needed - present
    while left > 0:
        fewest = int(present.min())
        for hour in order[present[order] == fewest][:left].tolist():
            present[hour] += 1
            left -= 1
    return present, short
