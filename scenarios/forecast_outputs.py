"""A forecast as JSON, tables, a workbook and a picture, all or nothing."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from geo.atomic import atomic_folder, write_text
from geo.fonts import map_fonts
from optimizer.alert_rules_forecast import METHODS
from optimizer.errors import Translate
from optimizer.forecast import Estimate
from scenarios.documents import json_text
from scenarios.forecast_plot import forecast_chart
from scenarios.forecast_study import ForecastStudy, Part, Score, SplitRow
from scenarios.forecast_words import (
    explanation_lines,
    method_lines,
    method_text,
    over_text,
    rule_text,
    span_text,
    split_lines,
    weekdays,
)
from scenarios.keeping import versions
from scenarios.language import Language
from scenarios.manifest import write_manifest
from scenarios.provenance import inputs_text, modelled_items
from scenarios.tables import Cell, Columns, Kind, Sheet, sheet_of
from scenarios.workbook import write_book


def forecast_document(study: ForecastStudy) -> dict[str, Any]:
    """Everything as plain values, for programs."""
    seen, made = study.foreseen, study.foreseen.forecast
    tested = made.back_test
    return {
        "case": study.county.name,
        "scenario": study.scenario,
        "first_day": str(made.days[0]),
        "last_day": str(made.days[-1]),
        "learnt_from": [seen.first.isoformat(), seen.last.isoformat()],
        "rules": study.rules.model_dump(mode="json"),
        "modelled": modelled_items(study.county.provenance),
        "holidays_not_announced": list(seen.unannounced),
        "alerts": _part(study.whole),
        "categories": [_part(p) for p in study.categories],
        "townships": [_part(p) for p in study.townships],
        "months": [_part(p) for p in study.months],
        "hours_of_week": study.by_hour().round(6).tolist(),
        "growths": [
            {"name": name, "growth_fraction_per_year": growth, **_estimate(total)}
            for name, growth, total in study.growths
        ],
        "back_test": {
            "periods": [str(d) for d in tested.first],
            "days": tested.days,
            "scores": [_score(s) for s in study.scores],
            "splits": [_split(s) for s in study.splits],
        },
        "warnings": [p.text() for p in study.problems],
    }


def _estimate(e: Estimate) -> dict[str, Any]:
    return {"expected_alerts": round(e.mean, 4), "lower": e.lower, "upper": e.upper}


def _part(part: Part) -> dict[str, Any]:
    return {
        "name": part.name,
        **_estimate(part.estimate),
        "last_year": part.recent,
        "change_per_day_fraction": part.change_fraction,
        **({} if part.method is None else {"method": part.method}),
        **({} if part.growth_fraction is None else {"growth_fraction": part.growth_fraction}),
    }


def _score(score: Score) -> dict[str, Any]:
    return {
        "category": score.category,
        "method": score.method,
        "mase": None if np.isnan(score.mase) else score.mase,
        "pinball": score.pinball,
        "day_coverage_fraction": score.day_coverage_fraction,
        "total_coverage_fraction": score.total_coverage_fraction,
        "used": score.used,
    }


def _split(row: SplitRow) -> dict[str, Any]:
    return {
        "over": row.over,
        "category": row.category or None,
        "rule": row.rule,
        "alerts": row.alerts,
        "times_even": row.times_even,
        "deviance": row.deviance,
        "inside_fraction": row.inside_fraction,
        "used_fraction": row.used_fraction,
    }


def forecast_sheets(study: ForecastStudy, _: Translate) -> tuple[Sheet, ...]:
    """All tables."""

    def parts(name: str, title: str, first: str, rows: Sequence[Part], *own: str) -> Sheet:
        columns: Columns[Part] = (
            (first, "text", lambda p: p.name),
            *(((_("Township"), "text", lambda p: p.township),) if "township" in own else ()),
            (_("Expected alerts"), "number", lambda p: round(p.estimate.mean, 3)),
            (_("Interval from"), "count", lambda p: p.estimate.lower),
            (_("Interval to"), "count", lambda p: p.estimate.upper),
            *(
                ((_("Last year of the log"), "count", lambda p: p.recent),
                 (_("Change per day, share"), "fraction", lambda p: p.change_fraction))
                if "recent" in own else ()
            ),
            *(
                ((_("Growth a year, share"), "fraction", lambda p: p.growth_fraction),
                 (_("Method"), "text", lambda p: method_text(p.method, _)))
                if "method" in own else ()
            ),
        )  # fmt: skip
        return _titled(sheet_of(name, columns, rows), title)

    return (
        parts("categories", _("Categories"), _("Category"), study.categories, "recent", "method"),
        parts("townships", _("Townships"), _("Township"), study.townships, "recent"),
        parts("months", _("Months"), _("Month"), study.months),
        _hours_sheet(study, _),
        _back_test_sheet(study, _),
        _periods_sheet(study, _),
        _split_sheet(study, _),
        parts("cells", _("Cells"), _("Cell"), tuple(study.cells()), "township", "recent"),
    )


def _titled(sheet: Sheet, title: str) -> Sheet:
    return Sheet(
        name=sheet.name, header=sheet.header, rows=sheet.rows, kinds=sheet.kinds, title=title
    )


def _hours_sheet(study: ForecastStudy, _: Translate) -> Sheet:
    """Alerts of an average week by category, weekday and hour."""
    made = study.foreseen.forecast
    by_hour = made.by_hour_of_week() * 7.0 / len(made.days)
    names = weekdays(_)
    rows: list[tuple[Cell, ...]] = [
        (made.categories[k], names[day], hour, round(float(by_hour[k, day * 24 + hour]), 6))
        for k in study.rows
        for day in range(7)
        for hour in range(24)
    ]
    kinds: tuple[Kind, ...] = ("text", "text", "count", "number")
    return Sheet(
        name="hours_of_week",
        title=_("Hours of the week"),
        header=(_("Category"), _("Weekday"), _("Hour from"), _("Alerts an hour in a mean week")),
        kinds=kinds,
        rows=tuple(rows),
    )


def _back_test_sheet(study: ForecastStudy, _: Translate) -> Sheet:
    columns: Columns[Score] = (
        (_("Category"), "text", lambda s: s.category),
        (_("Method"), "text", lambda s: method_text(s.method, _)),
        (_("Error (MASE)"), "load", lambda s: None if np.isnan(s.mase) else s.mase),
        (_("Loss of quantiles, alerts a day"), "load", lambda s: s.pinball),
        (_("Days inside the interval"), "fraction", lambda s: s.day_coverage_fraction),
        (_("Periods inside the interval"), "fraction", lambda s: s.total_coverage_fraction),
        (_("Used"), "text", lambda s: _("yes") if s.used else _("no")),
    )
    return _titled(sheet_of("back_test", columns, study.scores), _("Back-test"))


def _split_sheet(study: ForecastStudy, _: Translate) -> Sheet:
    columns: Columns[SplitRow] = (
        (_("Split"), "text", lambda s: over_text(s.over, _)),
        (_("Category"), "text", lambda s: s.category or _("all asked for")),
        (_("Shares"), "text", lambda s: rule_text(s.rule, _)),
        (_("Alerts of the periods"), "count", lambda s: s.alerts),
        (_("Times even"), "load", lambda s: s.times_even),
        (_("Deviance"), "load", lambda s: s.deviance),
        (_("Inside the interval"), "fraction", lambda s: s.inside_fraction),
        (_("Used for, share"), "fraction", lambda s: s.used_fraction),
    )
    return _titled(sheet_of("back_test_split", columns, study.splits), _("Back-test of shares"))


def _periods_sheet(study: ForecastStudy, _: Translate) -> Sheet:
    made = study.foreseen.forecast
    tested = made.back_test
    rows: list[tuple[Cell, ...]] = [
        (
            made.categories[k],
            str(first),
            tested.days,
            int(tested.seen_alerts[k, i]),
            *(round(float(tested.foretold[m, k, i]), 2) for m in range(len(METHODS))),
        )
        for k in study.rows
        for i, first in enumerate(tested.first)
    ]
    return Sheet(
        name="back_test_periods",
        title=_("Periods of the back-test"),
        header=(_("Category"), _("First day"), _("Days"), _("Counted"),
                *(method_text(m, _) for m in METHODS)),
        kinds=("text", "text", "count", "count", "number", "number", "number"),
        rows=tuple(rows),
    )  # fmt: skip


def write_forecast(
    study: ForecastStudy, out: Path, _: Translate, language: Language, command: Sequence[str]
) -> tuple[str, ...]:
    """Write tables, workbook, JSON and picture into the folder `out`.

    Returns:
        Names of the files written.

    Raises:
        InputError: `out` cannot be written, or holds something else.
    """
    title = f"{study.county.name} · {_('Forecast')}"
    cover = [
        (_("Period"), span_text(study)),
        (_("Inputs"), inputs_text(study.county.provenance, _)),
        *((_("How to read it"), line)
          for line in (
              *explanation_lines(study, _), *method_lines(study, _), *split_lines(study, _)
          )),
        *((_("Note"), p.text(_)) for p in study.problems),
    ]  # fmt: skip
    sheets = forecast_sheets(study, _)
    with atomic_folder(out) as folder:
        write_text(folder / "forecast.json", json_text(forecast_document(study)))
        write_book(folder, "forecast.xlsx", title, cover, sheets, _, language)
        figure = forecast_chart(study, title, _)
        with map_fonts():
            figure.savefig(folder / "forecast.png", dpi=150, metadata={"Software": None})
        return write_manifest(
            folder,
            command=list(command),
            county_digest=study.county.digest,
            versions=versions(),
        )
