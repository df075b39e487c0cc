"""A log of alerts counted into yearly rates per cell, and a check of its datum."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
import shapely
from scipy.spatial import cKDTree
from scipy.special import bdtrc

from geo.boundaries import locate, point_adjacency
from geo.crs import is_shifted, to_wgs84
from geo.faults import Reason
from geo.plane import GeometryArray, as_geometry, pair_km, plane_at
from geo.readers import Table
from optimizer.errors import Problem
from optimizer.frozen import BoolArray, FloatArray, IntArray, read_only

PERIOD_NAMES = ("00-04", "04-08", "08-12", "12-16", "16-20", "20-24")
_PERIOD_HOURS = 4
_DAYS_PER_YEAR = 365.0
# A log shorter than this says little about a year.
_SHORT_DAYS = 90
# Alerts without a category are counted together under this name.
NO_CATEGORY = "other"
# Share of the first and last alerts left out to see whether a few stray dates stretch the log.
_STRAY_FRACTION = 0.005
_STRAY_TIMES = 2.0

# One-sided chance, if neither datum fitted better, at which the shift is reported.
_SHIFT_CHANCE = 0.01
# With this few points the test above cannot speak; then all of those outside must come inside.
_FEW_POINTS = 200


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class AlertRates:
    """Alerts per cell and year. C cells, K categories, P periods.

    Attributes:
        categories: K labels.
        alerts_per_year: Shape (C, K).
        period_names: P labels of parts of the day.
        period_hours: Hours of each, shape (P,).
        period_share_fraction: Share of a category's alerts in each period, shape (K, P), rows sum
            to 1. A category without alerts is spread evenly over the hours.
        years: Length of the log: days from the first to the last alert, both counted, over 365.
        outside: Alerts that lie in no cell.
        problems: Warnings and errors.
        quarantined: row, column, value, reason of the alerts not counted.
    """

    categories: tuple[str, ...]
    alerts_per_year: FloatArray
    period_names: tuple[str, ...]
    period_hours: FloatArray
    period_share_fraction: FloatArray
    years: float
    outside: int
    problems: tuple[Problem, ...]
    quarantined: pd.DataFrame

    def __post_init__(self) -> None:
        k, p = len(self.categories), len(self.period_names)
        c = len(self.alerts_per_year)
        for name, shape in (
            ("alerts_per_year", (c, k)),
            ("period_hours", (p,)),
            ("period_share_fraction", (k, p)),
        ):
            array = read_only(getattr(self, name), float, shape=shape, name=f"alerts.{name}")
            object.__setattr__(self, name, array)


def alert_rates(
    table: Table,
    cell_id: Sequence[str],
    cell_geometry: GeometryArray | None,
    cell_lon_deg: FloatArray,
    cell_lat_deg: FloatArray,
    categories: Sequence[str] | None = None,
) -> AlertRates:
    """Count a log of alerts into yearly rates per cell and shares per four-hour period.

    An alert belongs to the cell its `cell_id` names; without one, to the cell its place lies in;
    where cells are points, to the nearest one, if that is no further than the longest distance
    between neighbouring cells. All others are set aside with a reason.

    Args:
        table: `occurred_at`, and `cell_id` or `lon_deg` and `lat_deg`; `category` optional.
        cell_id: C ids.
        cell_geometry: Polygons in WGS84, shape (C,), or None where cells are points.
        cell_lon_deg: Representative points, shape (C,).
        cell_lat_deg: Likewise.
        categories: The categories to count, in order; alerts of others are set aside. None: all
            that occur, sorted.
    """
    frame = table.frame
    problems: list[Problem] = []
    aside: list[pd.DataFrame] = []
    cell, in_none = cells_of_alerts(
        table, cell_id, cell_geometry, cell_lon_deg, cell_lat_deg, aside
    )
    labels = np.array(category_labels(frame), dtype=object)
    names = tuple(sorted(set(labels[cell >= 0]))) if categories is None else tuple(categories)
    known = np.isin(labels, np.array(names, dtype=object)) if len(labels) else np.zeros(0, bool)
    strange = (cell >= 0) & ~known
    if strange.any():
        aside.append(_aside(table, strange, "category", labels, "one of the categories counted"))
    kept = (cell >= 0) & known
    _report(table, len(frame), kept, in_none, strange, problems)
    times = pd.DatetimeIndex(frame["occurred_at"])[kept]
    days = times.normalize().to_numpy().astype("datetime64[D]").astype(np.int64)
    header = table.headers.get("occurred_at", "occurred_at")
    years = log_years(days, problems, where=table.source.shown, column=header)
    column = np.array([names.index(label) for label in labels[kept]], dtype=np.int64)
    counts = np.zeros((len(cell_id), len(names)))
    np.add.at(counts, (cell[kept], column), 1.0)
    return AlertRates(
        categories=names,
        alerts_per_year=counts / years,
        period_names=PERIOD_NAMES,
        period_hours=np.full(len(PERIOD_NAMES), float(_PERIOD_HOURS)),
        period_share_fraction=_shares(times, column, len(names)),
        years=years,
        outside=int(in_none.sum()),
        problems=tuple(problems),
        quarantined=_joined(aside),
    )


def datum_shift_warning(
    lon_deg: FloatArray,
    lat_deg: FloatArray,
    cell_geometry: GeometryArray,
    own_cell: IntArray | None = None,
    *,
    shown: str = "points",
    declared: str | None = None,
) -> Problem | None:
    """Warn if points fit the cells clearly better when read as GCJ-02.

    A point fits if it lies inside the cells (inside its own cell, where `own_cell` says which).
    The points that fit under one reading only decide: if each were as likely to fall either way,
    as many as this in favour of GCJ-02 must have a chance below 1 in 100 (exact sign test). With
    fewer than 200 points that test has too little to go on, so there it is enough that some point
    misses as declared and none misses as GCJ-02.

    Points shifted by 300 to 600 m mostly stay in cells of several kilometres: no warning is no
    proof that the datum is right.

    Args:
        lon_deg: Points as read under the declared datum, in WGS84, shape (P,).
        lat_deg: Likewise.
        cell_geometry: Polygons in WGS84, shape (C,).
        own_cell: Row of the cell each point must lie in, shape (P,), -1 where not known.
        shown: The file, for the warning.
        declared: Declared datum; nothing is said of points already read as GCJ-02 or BD-09.
    """
    lon, lat = np.asarray(lon_deg, float), np.asarray(lat_deg, float)
    placed = np.isfinite(lon) & np.isfinite(lat)
    if (declared is not None and is_shifted(declared)) or not placed.any():
        return None
    lon, lat = lon[placed], lat[placed]
    own = None if own_cell is None else np.asarray(own_cell)[placed]
    cells = as_geometry(cell_geometry)
    as_declared = _fits(lon, lat, cells, own)
    as_gcj02 = _fits(*to_wgs84(lon, lat, "GCJ02"), cells, own)
    gained, lost = int((as_gcj02 & ~as_declared).sum()), int((as_declared & ~as_gcj02).sum())
    clear = gained > lost and _sign_test(gained, lost) < _SHIFT_CHANCE
    few = len(lon) < _FEW_POINTS and gained > 0 and bool(as_gcj02.all())
    if not (clear or few):
        return None
    return Problem(
        where=shown,
        column="crs",
        value=declared,
        expected="points that lie inside the cells: {declared} of {n} do as declared, {shifted} "
        "if read as GCJ-02",
        fix="they look shifted by 300 to 600 m: if the points come from a Chinese web map, write "
        "`crs: GCJ02`",
        params={"declared": int(as_declared.sum()), "shifted": int(as_gcj02.sum()), "n": len(lon)},
        severity="warning",
    )


# --- which cell -----------------------------------------------------------------------------


def cells_of_alerts(
    table: Table,
    cell_id: Sequence[str],
    cell_geometry: GeometryArray | None,
    cell_lon_deg: FloatArray,
    cell_lat_deg: FloatArray,
    aside: list[pd.DataFrame],
) -> tuple[IntArray, BoolArray]:
    """Cell of each alert or -1, and which alerts have a place that lies in no cell.

    Args:
        table: The log.
        cell_id: Ids, C of them.
        cell_geometry: Polygons in WGS84, shape (C,), or None where cells are points.
        cell_lon_deg: Representative points, shape (C,).
        cell_lat_deg: Likewise.
        aside: Alerts that are set aside, with the reason, are added here.
    """
    frame = table.frame
    n = len(frame)
    cell = np.full(n, -1, np.int64)
    named = np.zeros(n, np.bool_)
    if "cell_id" in frame:
        row = {str(c): i for i, c in enumerate(cell_id)}
        named = frame["cell_id"].notna().to_numpy(np.bool_)
        cell[named] = [row.get(str(c), -1) for c in frame["cell_id"][named]]
        unknown = named & (cell < 0)
        if unknown.any():
            aside.append(
                _aside(table, unknown, "cell_id", frame["cell_id"], "a cell_id of the cells layer")
            )
    lon = _numbers(frame, "lon_deg")
    lat = _numbers(frame, "lat_deg")
    placed = ~named & np.isfinite(lon) & np.isfinite(lat)
    if cell_geometry is not None:
        cell[placed] = locate(lon[placed], lat[placed], cell_geometry)
    elif placed.any():
        cell[placed] = _nearest(lon[placed], lat[placed], cell_lon_deg, cell_lat_deg)
    in_none = placed & (cell < 0)
    text = np.array(
        [f"{x:.6f}, {y:.6f}" if np.isfinite(x) else "" for x, y in zip(lon, lat, strict=True)],
        dtype=object,
    )
    if in_none.any():
        aside.append(_aside(table, in_none, "lon, lat", text, "a place inside one of the cells"))
    nowhere = ~named & ~placed
    if nowhere.any():
        aside.append(_aside(table, nowhere, "lon, lat", text, "a place, or a cell_id"))
    return cell, in_none


def _nearest(
    lon: FloatArray, lat: FloatArray, cell_lon_deg: FloatArray, cell_lat_deg: FloatArray
) -> IntArray:
    pairs = point_adjacency(cell_lon_deg, cell_lat_deg)
    reach_m = 1000.0 * float(pair_km(cell_lon_deg, cell_lat_deg, pairs).max(initial=0.0) or np.inf)
    plane = plane_at(cell_lon_deg, cell_lat_deg)
    cells = np.column_stack(plane.xy(cell_lon_deg, cell_lat_deg))
    gap_m, nearest = cKDTree(cells).query(np.column_stack(plane.xy(lon, lat)))
    return np.where(gap_m <= reach_m, nearest, -1).astype(np.int64)


def _fits(
    lon: FloatArray, lat: FloatArray, cells: GeometryArray, own: IntArray | None
) -> BoolArray:
    if own is None:
        return locate(lon, lat, cells) >= 0
    fits: BoolArray = shapely.intersects(cells[own], shapely.points(lon, lat)) | (own < 0)
    return fits


def _sign_test(gained: int, lost: int) -> float:
    """Chance of at least `gained` heads in `gained + lost` fair throws."""
    return float(bdtrc(gained - 1, gained + lost, 0.5))


# --- when and what --------------------------------------------------------------------------


def category_labels(frame: pd.DataFrame) -> list[str]:
    """Category of each alert, `NO_CATEGORY` where none is given."""
    if "category" not in frame:
        return [NO_CATEGORY] * len(frame)
    return [NO_CATEGORY if pd.isna(v) or not str(v) else str(v) for v in frame["category"]]


def log_years(days: IntArray, problems: list[Problem], *, where: str, column: str) -> float:
    """Length of a log in years of 365 days; 1 where it is empty.

    Args:
        days: Day of each alert that counts, in any order.
        problems: What is odd about the length is added here.
        where: The log, for these.
        column: Its column of times.
    """
    if not len(days):
        problems.append(
            Problem(
                where=where,
                expected="at least one alert inside the cells",
                fix="check the alerts' places and datum, or give yearly rates with the cells",
            )
        )
        return 1.0
    days = np.sort(days)
    length = int(days[-1] - days[0]) + 1
    stray = int(len(days) * _STRAY_FRACTION)
    bulk = int(days[len(days) - 1 - stray] - days[stray]) + 1
    if stray and length > _STRAY_TIMES * bulk:
        problems.append(
            Problem(
                where=where,
                column=column,
                expected="alerts of one time: the log runs {length} days, but 99 of 100 alerts lie "
                "within {bulk}; rates come out too small",
                fix="delete the alerts with stray dates: the first is of {first}, the last of "
                "{last}",
                params={
                    "length": length,
                    "bulk": bulk,
                    "first": str(np.datetime64(int(days[0]), "D")),
                    "last": str(np.datetime64(int(days[-1]), "D")),
                },
                severity="warning",
            )
        )
    elif length < _SHORT_DAYS:
        problems.append(
            Problem(
                where=where,
                column=column,
                expected="a log of a year or more: this one runs {length} days and is taken as "
                "typical",
                fix="add alerts of other months",
                params={"length": length},
                severity="warning",
            )
        )
    return length / _DAYS_PER_YEAR


def _shares(times: pd.DatetimeIndex, column: IntArray, n_categories: int) -> FloatArray:
    counts = np.zeros((n_categories, len(PERIOD_NAMES)))
    period = np.asarray(times.hour, dtype=np.int64) // _PERIOD_HOURS
    np.add.at(counts, (column, period), 1.0)
    total = counts.sum(axis=1, keepdims=True)
    return np.where(total > 0, counts / np.where(total > 0, total, 1.0), 1.0 / len(PERIOD_NAMES))


def _numbers(frame: pd.DataFrame, name: str) -> FloatArray:
    if name not in frame:
        return np.full(len(frame), np.nan)
    return frame[name].to_numpy(float, na_value=np.nan)


# --- what is said ---------------------------------------------------------------------------


def _aside(
    table: Table, rows: BoolArray, column: str, values: object, expected: str
) -> pd.DataFrame:
    """Quarantine rows in the form of `Table.quarantined`."""
    at = np.flatnonzero(rows)
    said = np.asarray(values, dtype=object)[at]
    return pd.DataFrame(
        {
            "row": table.frame["row"].to_numpy()[at],
            "column": table.headers.get(column, column),
            "value": [str(v) for v in said],
            "reason": [Reason(expected=expected)] * at.size,
        }
    )


def _joined(aside: list[pd.DataFrame]) -> pd.DataFrame:
    if not aside:
        return pd.DataFrame(columns=["row", "column", "value", "reason"])
    return pd.concat(aside, ignore_index=True).sort_values("row", kind="stable", ignore_index=True)


def _report(
    table: Table,
    n: int,
    kept: BoolArray,
    in_none: BoolArray,
    strange: BoolArray,
    problems: list[Problem],
) -> None:
    others = n - int(kept.sum()) - int(in_none.sum()) - int(strange.sum())
    said = (
        (
            int(in_none.sum()),
            "alerts inside the cells: {n} of {total} lie outside all of them and are set aside",
            "check the declared datum, or widen the cells",
        ),
        (
            int(strange.sum()),
            "alerts of the categories counted: {n} of {total} are of others and are set aside",
            "",
        ),
        (
            others,
            "a known cell_id or a place for every alert: {n} of {total} have none and are set "
            "aside",
            "`jingli validate CASE --out FOLDER` lists them in quarantine.csv",
        ),
    )
    for count, expected, fix in said:
        if count:
            problems.append(table.problem(expected, fix, severity="warning", n=count, total=n))
