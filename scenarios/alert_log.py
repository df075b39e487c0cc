"""A log of alerts with its times: when each was sent, reached and done with.

For what counts alone cannot say: how long services take, what was observed after a rollout, and
days replayed as they were. A time that cannot be is dropped and counted; its alert still counts.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from geo.alerts import category_labels, cells_of_alerts
from geo.readers import Source, Table, read_table
from optimizer.errors import InputError, Problem
from optimizer.frozen import BoolArray, FloatArray, IntArray
from scenarios import layers
from scenarios.alert_layer import alert_sources
from scenarios.case import Case
from scenarios.load import LoadedCase

Stamps = NDArray[np.datetime64]

LONGEST_SERVICE_MIN = 24 * 60.0
# An alert log of which most lies elsewhere is another county's.
_OUTSIDE_FRACTION = 0.5
# As many steps back, nearly an hour each, are a change of the clock rather than slips of the pen.
_CLOCK_CHANGE_ALERTS = 5
_HOUR_MIN = (50.0, 70.0)

_STEPS = ("dispatched_at", "arrived_at", "cleared_at")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class AlertLog:
    """The alerts of a log that lie in the county, in the order of their times. A alerts.

    Attributes:
        shown: The file as the planner wrote it.
        occurred_at: Local wall-clock time, to the second, shape (A,).
        cell: Row of the cell, shape (A,).
        categories: Labels; those of the county first, then others of the log.
        category: Row of the label, shape (A,).
        priority: As logged, 1 = most urgent, shape (A,); 0 where not given.
        dispatched_min, arrived_min, cleared_min: Minutes after `occurred_at`, shape (A,); NaN
            where not given or impossible.
        officers_sent: Shape (A,); NaN where not given.
        months_missing: Months between the first and the last alert without any, as 2026-03.
        problems: Warnings.
        quarantined: row, column, value, reason of rows not used.
    """

    shown: str
    occurred_at: Stamps
    cell: IntArray
    categories: tuple[str, ...]
    category: IntArray
    priority: IntArray
    dispatched_min: FloatArray
    arrived_min: FloatArray
    cleared_min: FloatArray
    officers_sent: FloatArray
    months_missing: tuple[str, ...]
    problems: tuple[Problem, ...]
    quarantined: pd.DataFrame

    def __post_init__(self) -> None:
        a = len(self.occurred_at)
        for name, dtype in (
            ("occurred_at", "datetime64[s]"),
            ("cell", np.int64),
            ("category", np.int64),
            ("priority", np.int64),
            ("dispatched_min", float),
            ("arrived_min", float),
            ("cleared_min", float),
            ("officers_sent", float),
        ):
            array = np.array(getattr(self, name), dtype=dtype)
            if array.shape != (a,):
                raise ValueError(f"alert_log.{name}: shape {array.shape}, not ({a},)")
            array.setflags(write=False)
            object.__setattr__(self, name, array)

    def __len__(self) -> int:
        return len(self.occurred_at)

    @property
    def days(self) -> int:
        """Days from the first alert to the last, both counted; 0 without alerts."""
        if not len(self):
            return 0
        first, last = self.occurred_at[[0, -1]].astype("datetime64[D]").astype(np.int64).tolist()
        return int(last - first) + 1


def case_log(loaded: LoadedCase) -> AlertLog | None:
    """The case's own alert log with its times, or None where the case has rates only.

    Raises:
        InputError: none of it can be used.
    """
    if loaded.case.spec.layers.alerts is None:
        return None
    sources = [s.of_file(layers.ALERT_TIMES.layer) for s in alert_sources(loaded.case)]
    logs = [read_log(source, loaded) for source in sources]
    return logs[0] if len(logs) == 1 else _joined(logs)


def _joined(logs: Sequence[AlertLog]) -> AlertLog:
    """Several files as one log, in the order of time."""
    names = tuple(dict.fromkeys(name for log in logs for name in log.categories))
    row = {name: k for k, name in enumerate(names)}
    category = [np.array([row[c] for c in log.categories], np.int64)[log.category] for log in logs]
    times = np.concatenate([log.occurred_at for log in logs])
    order = np.argsort(times, kind="stable")
    columns: dict[str, Any] = {
        name: np.concatenate([getattr(log, name) for log in logs])[order]
        for name in (
            "cell", "priority", "dispatched_min", "arrived_min", "cleared_min", "officers_sent",
        )
    }  # fmt: skip
    return AlertLog(
        shown=", ".join(log.shown for log in logs),
        occurred_at=times[order],
        categories=names,
        category=np.concatenate(category)[order],
        months_missing=_missing_months(times[order]),
        problems=tuple(p for log in logs for p in log.problems),
        quarantined=pd.concat([log.quarantined for log in logs], ignore_index=True),
        **columns,
    )


def new_log_source(case: Case, path: Path, *, sheet: str | None, crs: str | None) -> Source:
    """How a log that is not in the case is read: like the case's own, where it has one.

    Args:
        case: The case.
        path: The file.
        sheet: Sheet of the workbook or layer of the GeoPackage.
        crs: Its datum; None for that of the case's own log.
    """
    own = case.spec.layers.alerts
    return Source(
        layer=layers.ALERT_TIMES.layer,
        path=path,
        shown=str(path),
        sheet=sheet,
        crs=crs if crs is not None or own is None else own.crs,
        columns={} if own is None else own.columns,
        strict=False,
    )


def read_log(source: Source, loaded: LoadedCase) -> AlertLog:
    """Read a log and place its alerts in the cells of a case.

    Args:
        source: The file; rows with a wrong value are set aside.
        loaded: The case.

    Raises:
        InputError: the file cannot be read, or most of its alerts lie outside the county.
    """
    table = read_table(source, layers.ALERT_TIMES)
    problems = [p for p in table.problems if p.severity == "error"]
    if problems:
        raise InputError(problems)
    county, aside = loaded.county, [table.quarantined]
    cells = county.cells
    cell, outside = cells_of_alerts(
        table, cells.cell_id, loaded.cell_geometry, cells.lon_deg, cells.lat_deg, aside
    )
    warnings = list(table.problems)
    _check_place(table, cell, outside, warnings)
    frame = table.frame
    times = frame["occurred_at"].to_numpy("datetime64[s]")
    order = np.argsort(times, kind="stable")
    order = order[cell[order] >= 0]
    minutes = _minutes(table, warnings)
    labels = np.array(category_labels(frame), dtype=object)[order]
    known = list(county.categories)
    others = sorted(set(labels.tolist()) - set(known))
    row = {name: k for k, name in enumerate([*known, *others])}
    months = _missing_months(times[order])
    if months:
        warnings.append(
            table.problem(
                "a log without gaps: no alert at all in {n} months between its first and last",
                "add the alerts of {months}; rates and trends over a gap are too low",
                column="occurred_at",
                severity="warning",
                n=len(months),
                months=", ".join(months),
            )
        )
    return AlertLog(
        shown=source.shown,
        occurred_at=times[order],
        cell=cell[order],
        categories=(*known, *others),
        category=np.array([row[label] for label in labels], dtype=np.int64),
        priority=_numbers(frame, "priority", 0.0)[order].astype(np.int64),
        dispatched_min=minutes["dispatched_at"][order],
        arrived_min=minutes["arrived_at"][order],
        cleared_min=minutes["cleared_at"][order],
        officers_sent=_numbers(frame, "officers_sent", np.nan)[order],
        months_missing=months,
        problems=tuple(warnings),
        quarantined=pd.concat(aside, ignore_index=True),
    )


def _check_place(table: Table, cell: IntArray, outside: BoolArray, warnings: list[Problem]) -> None:
    """Refuse a log that is not of this county; say how much of it lies elsewhere."""
    n, placed = len(table.frame), int((cell >= 0).sum())
    if not n or placed <= n * (1.0 - _OUTSIDE_FRACTION):
        raise InputError(
            [
                table.problem(
                    "alerts of this county: {placed} of {n} lie in its cells",
                    "check that the log is this county's, and its datum or cell_id",
                    placed=placed,
                    n=n,
                )
            ]
        )
    if placed < n:
        warnings.append(
            table.problem(
                "alerts in the county's cells: {away} of {n} are not and are left out",
                "check the declared datum, or widen the cells",
                severity="warning",
                away=n - placed,
                n=n,
            )
        )


def _minutes(table: Table, warnings: list[Problem]) -> dict[str, FloatArray]:
    """Minutes after the alert at which each step was logged; NaN where it cannot be.

    A step before the one it follows, or more than a day after it, is dropped, and so are the steps
    that rest on it.
    """
    frame = table.frame
    start = frame["occurred_at"].to_numpy("datetime64[s]")
    found: dict[str, FloatArray] = {}
    before, previous = np.zeros(len(frame)), "occurred_at"
    for step in _STEPS:
        minutes = np.full(len(frame), np.nan)
        if step in frame:
            at = frame[step].to_numpy("datetime64[s]")
            minutes = (at - start).astype("timedelta64[s]").astype(float) / 60.0
            minutes[np.isnat(at)] = np.nan
        took = minutes - before
        back, long = took < 0, took > LONGEST_SERVICE_MIN
        hour = int(((took <= -_HOUR_MIN[0]) & (took >= -_HOUR_MIN[1])).sum())
        _report(table, step, previous, back, "back", warnings, hour >= _CLOCK_CHANGE_ALERTS)
        _report(table, step, previous, long, "long", warnings, False)
        minutes[back | long] = np.nan
        found[step] = minutes
        previous = step if step in frame else previous
        # A step that is not given leaves the earlier one as what the next must follow.
        before = np.where(np.isnan(minutes), before, minutes)
    return found


def _report(
    table: Table,
    step: str,
    previous: str,
    wrong: BoolArray,
    kind: str,
    warnings: list[Problem],
    clock_change: bool,
) -> None:
    rows = np.flatnonzero(wrong)
    if not len(rows):
        return
    first = int(rows[0])
    expected = (
        "a time at or after {previous}: {n} are before it and are not used"
        if kind == "back"
        else "a time within a day of {previous}: {n} are later and are not used"
    )
    fix = (
        "many are an hour early: write all times in one clock, without summer time"
        if clock_change
        else "correct the times; the first is of line {line}"
    )
    warnings.append(
        table.problem(
            expected,
            fix,
            row=int(table.frame["row"].iloc[first]),
            column=step,
            value=table.frame[step].iloc[first],
            severity="warning",
            previous=table.headers.get(previous, previous),
            n=len(rows),
            line=int(table.frame["row"].iloc[first]),
        )
    )


def _missing_months(times: Stamps) -> tuple[str, ...]:
    if not len(times):
        return ()
    month = times.astype("datetime64[M]").astype(np.int64)
    held = np.bincount(month - month[0], minlength=1)
    return tuple(str(np.datetime64(int(month[0] + m), "M")) for m in np.flatnonzero(held == 0))


def _numbers(frame: pd.DataFrame, name: str, otherwise: float) -> FloatArray:
    if name not in frame:
        return np.full(len(frame), otherwise)
    numbers: FloatArray = frame[name].to_numpy(float, na_value=otherwise)
    return numbers
