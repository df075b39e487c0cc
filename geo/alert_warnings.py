"""What is odd about the rows of an alert log, whichever way it is read."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from geo.alerts import NO_CATEGORY, category_labels
from geo.place_key import point_keys
from optimizer.errors import Problem
from optimizer.frozen import BoolArray, IntArray

_SHOWN_CODES = 12
# A code with no more rows than this, and in no more than this share of a log, is a slip of the pen.
_RARE_ROWS, _RARE_FRACTION = 5, 0.001


def strange_codes(
    counts: Mapping[str, int], listed: Collection[str], where: str
) -> tuple[Problem, ...]:
    """Codes of a log without a mapping that the case does not name, or that hardly a row has.

    Args:
        counts: Category -> alerts.
        listed: Categories that the case names; empty where it names none.
        where: The log.
    """
    total = sum(counts.values())
    few = min(_RARE_FRACTION * total, _RARE_ROWS)
    strange = sorted(
        (-n, name)
        for name, n in counts.items()
        if (name not in listed if listed else n <= few and name != NO_CATEGORY)
    )
    if not strange:
        return ()
    codes = [f"{name} ({-n:,})" for n, name in strange[:_SHOWN_CODES]]
    return (
        Problem(
            where=where,
            column="category",
            expected="categories that case.yaml names (workload, simulation, alert_rhythm); {n} of "
            "{total} alerts have others, each counted as one of its own: {codes}"
            if listed
            else "codes that more than a few alerts have; {n} of {total} have one that hardly any "
            "other has, each counted as a category of its own: {codes}",
            fix="give a mapping as alert_rules.ingest.category_file, or correct slips of the pen",
            params={
                "n": f"{-sum(n for n, _name in strange):,}",
                "total": f"{total:,}",
                "codes": ", ".join(codes) + (", …" if len(strange) > _SHOWN_CODES else ""),
            },
            severity="warning",
        ),
    )


def likely_doubles(frame: pd.DataFrame, within_min: float, where: str) -> tuple[Problem, ...]:
    """Warn of alerts of the same category and point minutes after one that counts.

    They are those that `alert_rules.ingest` would set aside by its rule, told to a planner whose
    case is read without it.

    Args:
        frame: `occurred_at`, `lon_deg` and `lat_deg`, `category` if there is one.
        within_min: Minutes.
        where: The log.
    """
    if within_min <= 0 or not {"lon_deg", "lat_deg"} <= set(frame.columns):
        return ()
    place = point_keys(frame["lon_deg"].to_numpy(float), frame["lat_deg"].to_numpy(float))
    category = pd.factorize(np.array(category_labels(frame), dtype=object))[0].astype(np.int64)
    times = frame["occurred_at"].to_numpy("datetime64[s]").astype(np.int64)
    n = int(_again(category, place, times, round(within_min * 60)).sum())
    if not n:
        return ()
    return (
        Problem(
            where=where,
            column="occurred_at",
            expected="one row for an alert; {n} of {total} have the category and point of one up "
            "to {minutes} minutes before, and count as alerts of their own",
            fix="write `alert_rules: {{ingest: {{}}}}` in case.yaml to count each once; where "
            "points are village centres leave it",
            params={"n": f"{n:,}", "total": f"{len(frame):,}", "minutes": f"{within_min:g}"},
            severity="warning",
        ),
    )


def _again(
    category: IntArray, place: NDArray[np.uint64], time_s: IntArray, within_s: int
) -> BoolArray:
    """Which alerts come within `within_s` of the one of their category and place last counted."""
    order: Any = np.lexsort((time_s, place, category))
    category, place, time_s = category[order], place[order], time_s[order]
    near = np.zeros(len(order), np.bool_)
    near[1:] = (
        (category[1:] == category[:-1]) & (place[1:] == place[:-1])
        & (place[1:] != 0) & (time_s[1:] - time_s[:-1] <= within_s)
    )  # fmt: skip
    again = np.zeros(len(order), np.bool_)
    counted = 0
    # Few rows are near another: only these are looked at one by one.
    for i in np.flatnonzero(near).tolist():
        counted = counted if near[i - 1] else i - 1
        if time_s[i] - time_s[counted] <= within_s:
            again[order[i]] = True
        else:
            counted = i
    return again
