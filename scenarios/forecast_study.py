"""The forecast of a case as planners ask for it: by category, township, cell, month and hour."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from optimizer.alert_rules_forecast import METHODS, SPLITS, ForecastRules, Method, SplitRule
from optimizer.county import County
from optimizer.errors import InputError, Problem
from optimizer.forecast import Estimate
from optimizer.frozen import BoolArray, FloatArray, IntArray
from scenarios.forecast import Foreseen, growth_totals
from scenarios.names import Names, Wrong


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """Alerts of one part of the county or the year.

    Attributes:
        name: For people.
        estimate: Foretold, with interval.
        recent: Alerts of the last year of the log, if they can be compared, else None.
        change_fraction: Alerts per day against those; None where there were none.
        township: Its township, for cells.
        method: How it was foretold, for categories.
        growth_fraction: Growth assumed, for categories.
    """

    name: str
    estimate: Estimate
    recent: int | None = None
    change_fraction: float | None = None
    township: str = ""
    method: Method | None = None
    growth_fraction: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Score:
    """How one method did for one category in the back-test; see `optimizer.forecast_back_test`."""

    category: str
    method: Method
    mase: float
    pinball: float
    day_coverage_fraction: float
    total_coverage_fraction: float
    used: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class SplitRow:
    """How one rule split alerts in the back-test; see `optimizer.forecast_split`.

    Attributes:
        over: Over cells or over hours of the week.
        rule: The rule.
        category: Of which alerts; empty = of all that were asked for.
        alerts: Alerts of the periods.
        times_even: How many times as likely as by even shares the places (hours) where they came
            were.
        deviance: Per cell and week, or township and hour of the week.
        inside_fraction: Share of counts inside their interval.
        used_fraction: Share of the alerts that are split so.
    """

    over: Literal["cells", "hours"]
    rule: SplitRule
    category: str
    alerts: int
    times_even: float
    deviance: float
    inside_fraction: float
    used_fraction: float


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ForecastStudy:
    """A forecast, asked. K categories chosen.

    Attributes:
        county: The county.
        scenario: Its scenario, if any.
        foreseen: The forecast.
        rules: How it was made.
        rows: Rows of the categories asked for, shape (K,).
        whole: All of them together.
        categories, townships, months: Parts.
        scores: Of the categories asked for, by method.
        splits: How shares of cells and hours did: of all categories asked for, then of each.
        growths: Totals of all categories under other growths: name, growth, alerts.
        problems: Warnings.
    """

    county: County
    scenario: str | None
    foreseen: Foreseen
    rules: ForecastRules
    rows: tuple[int, ...]
    whole: Part
    categories: tuple[Part, ...]
    townships: tuple[Part, ...]
    months: tuple[Part, ...]
    scores: tuple[Score, ...]
    splits: tuple[SplitRow, ...]
    growths: tuple[tuple[str, float, Estimate], ...]
    problems: tuple[Problem, ...]

    def cells(self) -> Iterable[Part]:
        """Every cell, one after the other."""
        cells = self.county.cells
        for c, name in enumerate(cells.cell_id):
            mask = np.arange(len(cells)) == c
            yield _part(self.foreseen, self.rows, name, mask, township=cells.township[c])

    def by_hour(self) -> FloatArray:
        """Alerts of an average week by weekday and hour, shape (7, 24)."""
        made = self.foreseen.forecast
        weeks = len(made.days) / 7.0
        found: FloatArray = (made.by_hour_of_week()[list(self.rows)].sum(axis=0) / weeks).reshape(
            7, 24
        )
        return found

    @property
    def beaten(self) -> tuple[Part, ...]:
        """Categories in which a plain rule did better than the model and is used."""
        return tuple(p for p in self.categories if p.method != METHODS[0])


def study_forecast(
    county: County,
    scenario: str | None,
    foreseen: Foreseen,
    rules: ForecastRules,
    wanted: Sequence[str],
    problems: tuple[Problem, ...],
) -> ForecastStudy:
    """Ask a forecast.

    Args:
        county: The county.
        scenario: Its scenario, if any.
        foreseen: The forecast.
        rules: How it was made.
        wanted: Categories as typed; none = all.
        problems: Warnings on the log.

    Raises:
        InputError: an unknown category.
    """
    made = foreseen.forecast
    rows = _rows(made.categories, wanted)
    townships = tuple(dict.fromkeys(county.cells.township))
    of_cell = np.array(county.cells.township, dtype=object)
    month = made.days.astype("datetime64[M]")
    return ForecastStudy(
        county=county,
        scenario=scenario,
        foreseen=foreseen,
        rules=rules,
        rows=rows,
        whole=_part(foreseen, rows, ""),
        categories=tuple(
            _part(
                foreseen, (k,), made.categories[k],
                method=made.methods[k], growth_fraction=float(made.growth_fraction[k]),
            )
            for k in rows
        ),
        townships=tuple(
            sorted(
                (_part(foreseen, rows, t, of_cell == t) for t in townships),
                key=lambda p: (-p.estimate.mean, p.name),
            )
        ),
        months=tuple(
            Part(name=str(m), estimate=made.total(categories=rows, days=month == m))
            for m in np.unique(month)
        ),
        scores=_scores(foreseen, rows),
        splits=_splits(foreseen, rows),
        growths=growth_totals(foreseen, rules),
        problems=(*problems, *foreseen.problems),
    )  # fmt: skip


def _part(
    foreseen: Foreseen,
    rows: Sequence[int],
    name: str,
    cells: BoolArray | None = None,
    *,
    township: str = "",
    method: Method | None = None,
    growth_fraction: float | None = None,
) -> Part:
    made = foreseen.forecast
    recent: IntArray = foreseen.recent[list(rows)]
    counted = int(recent.sum() if cells is None else recent[:, cells].sum())
    estimate = made.total(categories=rows, cells=cells)
    before = counted / foreseen.recent_days
    return Part(
        name=name,
        estimate=estimate,
        recent=counted,
        change_fraction=estimate.mean / len(made.days) / before - 1.0 if before else None,
        township=township,
        method=method,
        growth_fraction=growth_fraction,
    )


def _rows(categories: tuple[str, ...], wanted: Sequence[str]) -> tuple[int, ...]:
    names, problems, rows = Names("category", categories), list[Problem](), list[int]()
    for typed in wanted:
        one = names.find(typed)
        if isinstance(one, Wrong):
            problems.append(one.problem("--category", typed))
        else:
            rows.append(categories.index(one))
    if problems:
        raise InputError(problems)
    return tuple(dict.fromkeys(rows)) or tuple(range(len(categories)))


def _scores(foreseen: Foreseen, rows: Sequence[int]) -> tuple[Score, ...]:
    made = foreseen.forecast
    tested = made.back_test
    if not len(tested.first):
        return ()
    return tuple(
        Score(
            category=made.categories[k],
            method=method,
            mase=float(tested.mase[m, k]),
            pinball=float(tested.pinball[m, k]),
            day_coverage_fraction=float(tested.day_coverage_fraction[m, k]),
            total_coverage_fraction=float(tested.total_coverage_fraction[m, k]),
            used=made.methods[k] == method,
        )
        for k in rows
        for m, method in enumerate(METHODS)
    )


def _splits(foreseen: Foreseen, rows: Sequence[int]) -> tuple[SplitRow, ...]:
    """Rows of the back-test of shares: over cells, then hours; all categories, then each."""
    made = foreseen.forecast
    tested = made.split_test
    if tested is None or not tested.periods:
        return ()
    found = []
    for over, score, chosen in (
        ("cells", tested.cells, made.cell_rules),
        ("hours", tested.hours, made.hour_rules),
    ):
        asked = [(made.categories[k], [k]) for k in rows]
        for name, some in ([("", list(rows))] if len(rows) > 1 else []) + asked:
            weight = score.alerts[some].astype(float)
            if not weight.sum():
                continue
            there = np.array(some)[weight > 0]
            weight = weight[weight > 0] / weight.sum()
            even = float(score.log_score[SPLITS.index("even"), there] @ weight)
            for m, rule in enumerate(SPLITS):
                used = np.array([chosen[k] == rule for k in there])
                found.append(
                    SplitRow(
                        over="cells" if over == "cells" else "hours",
                        rule=rule,
                        category=name,
                        alerts=int(score.alerts[some].sum()),
                        times_even=float(np.exp(even - score.log_score[m, there] @ weight)),
                        deviance=float(score.deviance[m, there].mean()),
                        inside_fraction=float(score.inside_fraction[m, there].mean()),
                        used_fraction=float(weight @ used),
                    )
                )
    return tuple(found)
