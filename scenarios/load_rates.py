"""Alert rates of a case being read: from its log, from its forecast, or from its cells."""

from __future__ import annotations

from collections import Counter
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from geo.alert_table import AlertTable
from geo.alert_warnings import likely_doubles, strange_codes
from geo.alerts import AlertRates, alert_rates, category_labels
from geo.readers import Table
from optimizer.errors import InputError, Problem
from optimizer.frozen import FloatArray
from scenarios.alert_layer import is_ingested, listed_categories
from scenarios.case import Case
from scenarios.notes import Notes

RATE_PREFIX = "alerts_per_year"


def read_rates(case: Case, geometry: NDArray[Any] | None, notes: Notes) -> AlertRates | None:
    """Alert rates per cell and category, from the log if there is one, else from the cells."""
    tables, cells = notes.tables, notes.tables["cells"]
    frame = cells.frame
    columns = [c for c in frame.columns if c.startswith(RATE_PREFIX)]
    if case.spec.alert_rules.forecast.use and case.spec.layers.alerts is None:
        from scenarios.forecast import no_log_problem

        notes.problems.append(no_log_problem())
        return None
    if is_ingested(case):
        rates = _ingested_rates(case, geometry, notes)
    elif "alerts" in tables:
        rates = alert_rates(
            tables["alerts"],
            frame["cell_id"].tolist(),
            geometry,
            frame["lon_deg"].to_numpy(float),
            frame["lat_deg"].to_numpy(float),
        )
        notes.outside["alerts"] = rates.outside
        notes.set_aside("alerts", rates.quarantined)
        notes.add(_oddities(case, tables["alerts"]))
    else:
        rates = None
    if rates is not None:
        notes.add(rates.problems)
        if columns:
            notes.problems.append(
                cells.problem(
                    expected="alerts from one source: the log counts, these rates are not used",
                    fix="take the columns out, or the alerts layer",
                    column=columns[0],
                    severity="warning",
                )
            )
        return rates
    if notes.has_errors() and is_ingested(case):
        return None
    per_year = frame[columns].fillna(0.0).to_numpy(float) if columns else np.zeros((len(frame), 0))
    if per_year.sum() <= 0:
        notes.problems.append(
            Problem(
                where=cells.source.shown,
                column=RATE_PREFIX,
                value="0",
                expected="at least one alert",
                fix="add alerts_per_year_<category> columns, or an alerts layer",
            )
        )
        return None
    categories = tuple(c.removeprefix(RATE_PREFIX).strip("_") or "all" for c in columns)
    names, hours, shares = _rhythm(case, categories, notes)
    return AlertRates(
        categories=categories,
        alerts_per_year=per_year * (365.0 / case.spec.layers.cells.rate_period_days),
        period_names=names,
        period_hours=hours,
        period_share_fraction=shares,
        years=case.spec.layers.cells.rate_period_days / 365.0,
        outside=0,
        problems=(),
        quarantined=pd.DataFrame(columns=["row", "column", "value", "reason"]),
    )


def _oddities(case: Case, log: Table) -> tuple[Problem, ...]:
    """What the older reading of a log leaves as it is, and a planner should know of."""
    labels = Counter(category_labels(log.frame))
    shown = log.source.shown
    return (
        *likely_doubles(log.frame, case.spec.alert_rules.ingest.duplicate_min, shown),
        *strange_codes(labels, listed_categories(case), shown),
    )


def _ingested_rates(case: Case, geometry: NDArray[Any] | None, notes: Notes) -> AlertRates | None:
    """Alert rates from the table that every analysis of alerts reads too."""
    # Only such cases need what reads logs of any length.
    from geo.alert_ingest_rates import rates_of
    from scenarios.alerts_case import ground_of_tables, quality_of, read_alerts

    try:
        alerts = read_alerts(
            case,
            ground_of_tables(notes.tables["cells"], notes.tables["stations"], geometry),
            watch=notes.watch,
        )
    except InputError as error:
        notes.add(error.problems)
        return None
    notes.alerts = alerts.table
    notes.add(alerts.problems)
    notes.provenance.extend(alerts.provenance)
    quality, examples = quality_of(alerts)
    notes.alerts_quality = quality
    notes.set_aside("alerts", examples)
    notes.outside["alerts"] = quality.out_of_county
    n_cells = len(notes.tables["cells"].frame)
    if not case.spec.alert_rules.forecast.use:
        return rates_of(alerts.table, n_cells)
    try:
        return _forecast_rates(case, alerts.table, n_cells, notes)
    except InputError as error:
        notes.add(error.problems)
        return None


def _forecast_rates(case: Case, table: AlertTable, n_cells: int, notes: Notes) -> AlertRates:
    """Rates of the planning year, as the case asks for them."""
    from scenarios.forecast import forecast_rates, foresee

    foreseen = foresee(table, n_cells, case.spec.alert_rules.forecast)
    notes.forecast = foreseen.forecast
    first, last = foreseen.forecast.days[[0, -1]].astype(str).tolist()
    note = f"预测 {first} 至 {last} / forecast of {first} to {last}"
    notes.modelled("cells.alerts_per_year", note)
    return forecast_rates(foreseen)


def _rhythm(
    case: Case, categories: tuple[str, ...], notes: Notes
) -> tuple[tuple[str, ...], FloatArray, FloatArray]:
    rhythm = case.spec.alert_rhythm
    if rhythm is None:
        notes.modelled(
            "alerts.rhythm",
            "没有警情记录和时段分布：按全天平均 / no alert log, no alert_rhythm: even over the day",
        )
        return ("00-24",), np.array([24.0]), np.ones((len(categories), 1))
    hours = np.array([p.hours for p in rhythm.periods])
    even = tuple((hours / 24.0).tolist())
    fallback = rhythm.share_fraction.get("other", even)
    shares = np.array([rhythm.share_fraction.get(c, fallback) for c in categories], dtype=float)
    shares /= shares.sum(axis=1, keepdims=True)
    return tuple(p.name for p in rhythm.periods), hours, shares
