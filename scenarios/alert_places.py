"""Alerts of a case as its maps of density and hot spots count them: by cell and by square."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from geo.alert_grid import Grid, grid_over, round_step_m
from geo.alert_selection import Selection, chosen, years_of
from geo.alert_table import AlertTable
from geo.boundaries import cell_adjacency, point_adjacency
from geo.crs import local_crs
from geo.plane import Plane, as_geometry
from optimizer.county import County
from optimizer.errors import InputError, Problem
from optimizer.frozen import BoolArray, FloatArray, IntArray
from scenarios.alert_choice import selection_of
from scenarios.alerts_case import Alerts, Progress, open_alerts
from scenarios.county_area import county_area
from scenarios.load import LoadedCase


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class AlertsMeant:
    """The alerts that a planner asks about. C cells.

    Attributes:
        loaded: The case.
        scenario: Its scenario, if any.
        alerts: Its log; None where it has yearly rates only.
        selection: Which alerts are meant.
        table: They themselves; None without a log.
        is_meant: Which rows of the log they are, shape (A,); None without a log.
        counts: Alerts by cell, shape (C,); of rates, what the rates were worked out from.
        years: How many years of them there are.
    """

    loaded: LoadedCase
    scenario: str | None
    alerts: Alerts | None
    selection: Selection
    table: AlertTable | None
    is_meant: BoolArray | None
    counts: FloatArray
    years: float

    @property
    def county(self) -> County:
        """The county."""
        return self.loaded.county

    @property
    def points(self) -> AlertTable | None:
        """Alerts whose place is known; None where none is."""
        if self.table is None:
            return None
        placed = self.table.with_point()
        return placed if len(placed) else None


def alerts_meant(
    loaded: LoadedCase,
    scenario: str | None,
    categories: Sequence[str],
    hours: str | None,
    weekday: str | None,
    month: str | None,
    progress: Progress | None = None,
) -> AlertsMeant:
    """Open the log of a case and choose from it; without a log, its yearly rates by cell.

    Args:
        loaded: The case.
        scenario: Its scenario, if any.
        categories: `--category` of a command, likewise the others.
        hours: `--hours`.
        weekday: `--weekday`.
        month: `--month`.
        progress: Called with what is being done.

    Raises:
        InputError: options that mean nothing, times asked of a case without a log, or no alerts.
    """
    cells = loaded.county.cells
    if loaded.case.spec.layers.alerts is None:
        typed = {"--hours": hours, "--weekday": weekday, "--month": month}
        problems = [_no_times(name, text) for name, text in typed.items() if text is not None]
        if problems:
            raise InputError(problems)
        known = loaded.county.categories
        selection = selection_of(categories, None, None, None, known)
        kept = [not selection.categories or c in selection.categories for c in known]
        years = loaded.case.spec.layers.cells.rate_period_days / 365.0
        counts = cells.alerts_per_year[:, kept].sum(axis=1) * years
        _refuse_none(float(counts.sum()))
        return AlertsMeant(
            loaded=loaded, scenario=scenario, alerts=None, selection=selection, table=None,
            is_meant=None, counts=counts, years=years,
        )  # fmt: skip
    alerts = open_alerts(loaded, progress)
    selection = selection_of(categories, hours, weekday, month, alerts.table.categories)
    is_meant = chosen(alerts.table, selection)
    table = alerts.table if selection.is_all else alerts.table.only(is_meant)
    _refuse_none(len(table))
    return AlertsMeant(
        loaded=loaded,
        scenario=scenario,
        alerts=alerts,
        selection=selection,
        table=table,
        is_meant=is_meant,
        counts=np.bincount(table.cell, minlength=len(cells)).astype(float),
        years=years_of(alerts.table, selection),
    )


def ground_on(loaded: LoadedCase, crs: str) -> Any:
    """The county's ground on the plane of its alerts."""
    return Plane(crs=crs).project(as_geometry([county_area(loaded)]))[0]


def plane_of_case(meant: AlertsMeant) -> str:
    """Metric system of the case's alerts."""
    if meant.table is not None:
        return meant.table.crs
    cells = meant.county.cells
    return local_crs(cells.lon_deg, cells.lat_deg)


def grid_of(area: Any, crs: str, step_m: float | None, squares: int, where: str) -> Grid:
    """Squares over the county.

    Args:
        area: The county on the plane `crs`.
        crs: The plane.
        step_m: Side; None: the round one that gives about as many squares as asked for.
        squares: That number.
        where: Key of the rule, for a problem.

    Raises:
        InputError: the side is too short for the county.
    """
    step_m = round_step_m(area.area, squares) if step_m is None else step_m
    try:
        return grid_over(area, crs, step_m)
    except ValueError as error:
        raise InputError(
            [
                Problem(
                    where=where,
                    value=f"{step_m:g}",
                    expected="at most four million squares over the county; this makes {squares}",
                    fix="choose a longer side",
                    params={"squares": str(error)},
                )
            ]
        ) from error


def neighbours_of(loaded: LoadedCase) -> IntArray:
    """Neighbouring cells, each pair once, shape (E, 2)."""
    if loaded.cell_geometry is not None:
        return cell_adjacency(loaded.cell_geometry)
    cells = loaded.county.cells
    return point_adjacency(cells.lon_deg, cells.lat_deg)


def exposure_of(loaded: LoadedCase, per: str, where: str = "--per") -> FloatArray:
    """What alerts are counted over, shape (C,): square kilometres, or thousands of residents.

    Raises:
        InputError: the case does not say.
    """
    cells = loaded.county.cells
    if per == "km2":
        exposure, column = cells.area_km2, "geometry"
    else:
        exposure, column = cells.population / 1000.0, "population"
    if not (exposure > 0).any():
        other = "1000-residents" if per == "km2" else "km2"
        raise InputError(
            [
                Problem(
                    where=where,
                    value=per,
                    expected="cells with their {column}; this case has none",
                    fix="give it in the layer of cells, or ask for {other}",
                    params={"column": column, "other": other},
                )
            ]
        )
    return np.asarray(exposure, float)


def _no_times(option: str, typed: str) -> Problem:
    return Problem(
        where=option,
        value=typed,
        expected="a log of alerts; this case has yearly rates only",
        fix="add the log under layers: `alerts: {{path: alerts.csv, crs: GCJ02}}`",
    )


def _refuse_none(alerts: float) -> None:
    if alerts <= 0:
        raise InputError(
            [
                Problem(
                    where="--category/--hours/--weekday/--month",
                    expected="at least one alert; none is left",
                    fix="ask for more categories, hours or days",
                )
            ]
        )
