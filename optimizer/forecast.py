r"""Forecast of alerts by cell, category and hour of the week for a planning year.

Days of each category of the county are foretold (`forecast_model`, or a plain rule that did better
in the back-test); then split over cells and hours of the week. With $N_{kd}$ foretold alerts of
category $k$ on day $d$, cell $c$ and hour $h$ of a day with weekday $w$ have

$$\mu_{kcdh} = N_{kd}\; s_{kc}\; p_{kwh} / \sum_{h'} p_{kwh'}.$$

Shares of cells $s_{kc}$ and of the 168 hours $p_{kwh}$ are the model's (`forecast_shares`), or
those of a plain rule that did better in their own back-test (`forecast_split`). Hours are taken to
be alike in all cells of the county.

The interval of a sum has the negative binomial's quantiles with its mean and the variance of: the
counts (a share $q$ of a count with dispersion $\varphi$ has dispersion $1 + (\varphi - 1) q$), the
level's drift (`forecast_back_test`), and the shares (Dirichlet).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from optimizer.alert_rules_forecast import METHODS, SPLITS, ForecastRules, Method, SplitRule
from optimizer.expectation import count_quantile
from optimizer.forecast_back_test import BackTest, History, back_test
from optimizer.forecast_model import weekday_of
from optimizer.forecast_shares import WEEK_HOURS, hour_base, shares_by
from optimizer.forecast_split import SplitTest
from optimizer.frozen import BoolArray, FloatArray, IntArray

_YEAR_DAYS = 365.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    """A foretold count with its interval."""

    mean: float
    lower: int
    upper: int


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Forecast:
    """Alerts of a planning year. K categories, C cells, D days.

    Attributes:
        categories: Labels.
        days: Dates, shape (D,).
        mean: Foretold alerts of each category and day, shape (K, D).
        dispersion: Variance over mean of a day's count, shape (K,).
        drift_per_day: Variance of the level's relative error, a day ahead, shape (K,).
        methods: How each category was foretold.
        cell_share_fraction: Shape (K, C), rows sum to 1.
        cell_weight: Alerts' worth of evidence behind a row, shape (K,).
        hour_share_fraction: Share of a week's alerts in each hour from Monday 00:00, shape
            (K, 168), rows sum to 1.
        hour_weight: As `cell_weight`.
        cell_rules, hour_rules: How the shares of each category were found.
        split_test: How the rules for shares did; None where that was not asked.
        interval_fraction: How sure the intervals are.
        back_test: How the methods did.
        growth_fraction: Growth assumed on top, a year, shape (K,).
        ahead_years: From the end of the log to each day, shape (D,).
    """

    categories: tuple[str, ...]
    days: NDArray[np.datetime64]
    mean: FloatArray
    dispersion: FloatArray
    drift_per_day: FloatArray
    methods: tuple[Method, ...]
    cell_share_fraction: FloatArray
    cell_weight: FloatArray
    hour_share_fraction: FloatArray
    hour_weight: FloatArray
    cell_rules: tuple[SplitRule, ...]
    hour_rules: tuple[SplitRule, ...]
    split_test: SplitTest | None
    interval_fraction: float
    back_test: BackTest
    growth_fraction: FloatArray
    ahead_years: FloatArray

    def with_growth(self, growth: float) -> Forecast:
        """The same with another growth a year, of all categories."""
        change = (1.0 + growth) / (1.0 + self.growth_fraction)
        return replace(
            self,
            mean=self.mean * change[:, None] ** self.ahead_years,
            growth_fraction=np.full(len(self.categories), growth),
        )

    def alerts_per_year(self) -> FloatArray:
        """Rates for a county of 365 days, shape (C, K)."""
        year = self.mean.sum(axis=1) * _YEAR_DAYS / len(self.days)
        found: FloatArray = (self.cell_share_fraction * year[:, None]).T
        return found

    def by_hour_of_week(self) -> FloatArray:
        """Foretold alerts of the county by hour of the week, shape (K, 168)."""
        weekday = weekday_of(self.days)
        by_day = np.stack([self.mean[:, weekday == w].sum(axis=1) for w in range(7)], axis=1)
        found: FloatArray = (by_day[:, :, None] * self._of_day()).reshape(-1, WEEK_HOURS)
        return found

    def hour_factor(self) -> FloatArray:
        """Share of each hour of the day, shape (K, 24), rows sum to 1."""
        by_hour = self.by_hour_of_week().reshape(-1, 7, 24).sum(axis=1)
        found: FloatArray = by_hour / by_hour.sum(axis=1, keepdims=True)
        return found

    def weekday_factor(self) -> FloatArray:
        """Alerts of a Monday to Sunday over those of a mean day, all categories, shape (7,)."""
        weekday = weekday_of(self.days)
        total = self.mean.sum(axis=0)
        n = np.bincount(weekday, minlength=7)
        by_day = np.bincount(weekday, weights=total, minlength=7) / np.maximum(n, 1)
        found: FloatArray = by_day / by_day.mean()
        return found

    def month_share_fraction(self) -> FloatArray:
        """Share of each category's alerts in each month, shape (K, 12), rows sum to 1."""
        month = self.days.astype("datetime64[M]").astype(np.int64) % 12
        found = np.stack([self.mean[:, month == m].sum(axis=1) for m in range(12)], axis=1)
        share: FloatArray = found / found.sum(axis=1, keepdims=True)
        return share

    def total(
        self,
        *,
        categories: Sequence[int] | None = None,
        cells: BoolArray | None = None,
        days: BoolArray | None = None,
        hours: BoolArray | None = None,
    ) -> Estimate:
        """Foretold alerts of a part, with interval.

        Args:
            categories: Rows of categories; None = all.
            cells: Mask, shape (C,); None = all.
            days: Mask, shape (D,); None = all.
            hours: Mask of hours of the week, shape (168,); None = all.
        """
        rows = range(len(self.categories)) if categories is None else categories
        of_day = self._of_day()
        if hours is not None:
            of_day = np.where(hours.reshape(7, 24), of_day, 0.0)
        taken = of_day.sum(axis=2)[:, weekday_of(self.days)]
        chosen = np.ones(len(self.days), np.bool_) if days is None else days
        ahead = float(self.ahead_years[chosen].max(initial=0.0)) * _YEAR_DAYS
        mean = variance = 0.0
        for k in rows:
            whole = float(self.mean[k, chosen].sum())
            part = float((self.mean[k] * taken[k])[chosen].sum())
            share = 1.0 if cells is None else float(self.cell_share_fraction[k, cells].sum())
            if not whole or not part or not share:
                continue
            hour_share = min(part / whole, 1.0)
            expected = part * share
            thinned = 1.0 + (float(self.dispersion[k]) - 1.0) * hour_share * share
            relative = float(self.drift_per_day[k]) * ahead
            relative += max(1.0 - share, 0.0) / (share * (float(self.cell_weight[k]) + 1.0))
            relative += (1.0 - hour_share) / (hour_share * (float(self.hour_weight[k]) + 1.0))
            mean += expected
            variance += expected * thinned + expected**2 * relative
        tail = (1.0 - self.interval_fraction) / 2.0
        spread = np.array([max(variance / mean, 1.0) if mean else 1.0])
        at = np.array([mean])
        return Estimate(
            mean=mean,
            lower=int(count_quantile(tail, at, spread)[0]) if mean else 0,
            upper=int(count_quantile(1.0 - tail, at, spread)[0]) if mean else 0,
        )

    def _of_day(self) -> FloatArray:
        """Share of each hour in the alerts of its day, shape (K, 7, 24)."""
        share = self.hour_share_fraction.reshape(-1, 7, 24)
        found: FloatArray = share / share.sum(axis=2, keepdims=True)
        return found


def forecast(
    history: History,
    categories: tuple[str, ...],
    by_cell: IntArray,
    by_hour: IntArray,
    rules: ForecastRules,
    split_test: SplitTest | None = None,
) -> Forecast:
    """Forecast the days to come.

    Args:
        history: Days of the log, at least one known, and the days to come; those between the log
            and the planning year are foretold and left out.
        categories: K labels.
        by_cell: Alerts of the history, shape (K, C).
        by_hour: Likewise by hour of the week, shape (K, 168).
        rules: How.
        split_test: How the rules for shares of cells and hours did; None: the model's.
    """
    k, n = history.counts.shape
    tested = back_test(history, rules)
    methods = tested.best() if rules.method == "best" else (rules.method,) * k
    told = [history.foretold(row, method, rules) for row, method in enumerate(methods)]
    way = [METHODS.index(method) for method in methods]
    growth = np.array([rules.growth(name) for name in categories])
    ahead = np.arange(1, len(history.days) - n + 1) / _YEAR_DAYS
    mean = np.stack([t.mean for t in told]) * (1.0 + growth[:, None]) ** ahead
    n_cells = by_cell.shape[1]
    cells, cell_weight, cell_rules = _split(
        by_cell, np.full(n_cells, 1.0 / n_cells), rules, split_test, "cells"
    )
    hours, hour_weight, hour_rules = _split(by_hour, hour_base(by_hour), rules, split_test, "hours")
    return Forecast(
        categories=categories,
        days=history.days[-rules.days :],
        mean=mean[:, -rules.days :],
        dispersion=np.array([t.dispersion for t in told]),
        drift_per_day=tested.drift_per_day[way, np.arange(k)],
        methods=methods,
        cell_share_fraction=cells,
        cell_weight=cell_weight,
        hour_share_fraction=hours,
        hour_weight=hour_weight,
        cell_rules=cell_rules,
        hour_rules=hour_rules,
        split_test=split_test,
        interval_fraction=rules.interval_fraction,
        back_test=tested,
        growth_fraction=growth,
        ahead_years=ahead[-rules.days :],
    )


def _split(
    counts: IntArray,
    base: FloatArray,
    rules: ForecastRules,
    tested: SplitTest | None,
    over: Literal["cells", "hours"],
) -> tuple[FloatArray, FloatArray, tuple[SplitRule, ...]]:
    """Shares of cells or hours by the rule that each category is given, and their evidence."""
    k = len(counts)
    if tested is None:
        chosen, last_year = (SPLITS[0],) * k, counts
    else:
        score = tested.cells if over == "cells" else tested.hours
        chosen = score.best() if rules.split == "best" else (rules.split,) * k
        last_year = score.last_year
    by_rule = {rule: shares_by(rule, counts, last_year, base) for rule in set(chosen)}
    share = np.stack([by_rule[rule][0][row] for row, rule in enumerate(chosen)])
    weight = np.array([by_rule[rule][1][row] for row, rule in enumerate(chosen)])
    return share, weight, chosen
