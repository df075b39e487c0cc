"""The logs of a review as one, and the days that they do not hold."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np
from numpy.typing import NDArray

from optimizer.frozen import BoolArray, FloatArray, IntArray
from scenarios.alert_log import AlertLog
from scenarios.review_effects import BLOCK_DAYS

# Days without one alert, in which as many were due, are a hole in the log.
HOLE_ALERTS = 20.0


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class JoinedLog:
    """The alerts of one or two logs, those before the new one's first day from the old one.

    `covered` says of each day from `first` to `last` whether the logs hold it: months without an
    alert are holes, and so are runs of days in which many alerts were due and none came.
    """

    since: date
    first: date
    last: date
    day: IntArray
    cell: IntArray
    category: IntArray
    categories: tuple[str, ...]
    dispatched_min: FloatArray
    arrived_min: FloatArray
    covered: BoolArray

    @staticmethod
    def of(logs: Sequence[AlertLog], since: date) -> JoinedLog:
        """Join; `day` counts from the rollout."""
        names = tuple(dict.fromkeys(c for log in logs for c in log.categories))
        row = {c: k for k, c in enumerate(names)}
        start = logs[-1].occurred_at[0].astype("datetime64[D]")
        keep = [log.occurred_at < start for log in logs[:-1]]
        keep.append(np.ones(len(logs[-1]), np.bool_))

        def joined(name: str) -> FloatArray:
            parts = [getattr(log, name)[k] for log, k in zip(logs, keep, strict=True)]
            return np.concatenate(parts)

        days = np.concatenate(
            [log.occurred_at[k].astype("datetime64[D]") for log, k in zip(logs, keep, strict=True)]
        )
        category = np.concatenate(
            [
                np.array([row[c] for c in log.categories], np.int64)[log.category[k]]
                for log, k in zip(logs, keep, strict=True)
            ]
        )
        return JoinedLog(
            since=since,
            first=days.min().item(),
            last=days.max().item(),
            day=(days - np.datetime64(since)).astype(np.int64),
            cell=joined("cell").astype(np.int64),
            category=category,
            categories=names,
            dispatched_min=joined("dispatched_min"),
            arrived_min=joined("arrived_min"),
            covered=_covered(days),
        )

    @property
    def days_after(self) -> int:
        """Days since the rollout that the log covers."""
        return max(0, (self.last - self.since).days + 1)

    def season_of_days(self, season: FloatArray) -> FloatArray:
        """Alerts of each day since the rollout over those of a mean day, shape (days_after,).

        0 on days that the logs do not hold.
        """
        days = np.datetime64(self.since) + np.arange(self.days_after)
        found: FloatArray = season[days.astype("datetime64[M]").astype(np.int64) % 12]
        row = (days - np.datetime64(self.first)).astype(np.int64)
        return np.where((row >= 0) & self.covered[np.maximum(row, 0)], found, 0.0)

    def blocks(self) -> IntArray:
        """Whole blocks that the log covers, without those that touch a hole."""
        low = math.ceil((self.first - self.since).days / BLOCK_DAYS)
        high = self.days_after // BLOCK_DAYS
        found = []
        for block in range(low, high):
            row = (self.since - self.first).days + block * BLOCK_DAYS
            if self.covered[row : row + BLOCK_DAYS].all():
                found.append(block)
        return np.array(found, np.int64)


def _covered(days: NDArray[np.datetime64]) -> BoolArray:
    """Whether a log holds each day from its first alert to its last; `days` has one per alert."""
    row = (days - days.min()).astype(np.int64)
    quiet = np.bincount(row) == 0
    every = days.min() + np.arange(len(quiet))
    _months, month = np.unique(every.astype("datetime64[M]"), return_inverse=True)
    hole = (np.bincount(month, ~quiet) == 0)[month]
    edge = np.flatnonzero(np.diff(np.concatenate([[False], quiet, [False]]).astype(np.int8)))
    alerts_per_day = len(days) / max(int((~hole).sum()), 1)
    for start, end in edge.reshape(-1, 2).tolist():
        if (end - start) * alerts_per_day >= HOLE_ALERTS:
            hole[start:end] = True
    covered: BoolArray = ~hole
    return covered
