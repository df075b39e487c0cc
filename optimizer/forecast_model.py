r"""Daily alerts of one category from weekday, holidays, season and trend.

The mean of day $d$ is $\mu_d = \exp(x_d^\top \beta)$; $x_d$ holds a level, the weekday, public
holidays, the Spring Festival and moved working days (调休), two harmonics of the year and a trend.
Counts have variance $\varphi \mu_d$, as the negative binomial distribution of form 1 has; $\beta$
is the penalised quasi-likelihood estimate (McCullagh and Nelder 1989, chapter 9)

$$\max_\beta\; \frac1\varphi\sum_d w_d\,(y_d \log\mu_d - \mu_d) - \sum_j \beta_j^2/(2 s_j^2)$$

with weights $w_d$ that halve every `half_life_days`, and $\varphi$ Pearson's estimate. The penalty
draws what few days tell towards nothing: holidays towards a weekend, moved working days towards
Monday to Friday, season and trend towards none. Season is left out below a year of history and
trend below two, because one year cannot tell them apart. The trend levels off: `h` days ahead it
counts for $\tau(1-e^{-h/\tau})$ days (Gardner and McKenzie 1985), never for more than its limit.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from optimizer.alert_rules_forecast import ForecastRules
from optimizer.frozen import BoolArray, FloatArray, IntArray

ORDINARY, HOLIDAY, SPRING_FESTIVAL, MOVED_WORKDAY = range(4)
SEASON_DAYS, TREND_DAYS = 365, 730
_YEAR_DAYS = 365.2425
_LEVEL, _SEASON, _TREND = 0, slice(11, 15), 15
# Prior standard deviations on the log scale: level, seven weekdays, holiday, Spring Festival, moved
# working day, two harmonics, trend a year.
_SPREAD = np.array([1.0, *[0.3] * 7, 0.2, 0.3, 0.2, 0.2, 0.2, 0.1, 0.1, 0.1])
_ROUNDS = 4
_STEPS = 60
_MOST_LOG = 30.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Foretold:
    """Days to come of one category.

    Attributes:
        mean: Expected alerts of each day, shape (H,).
        dispersion: Variance over mean of a day's count.
    """

    mean: FloatArray
    dispersion: float


def weekday_of(days: NDArray[np.datetime64]) -> IntArray:
    """Monday = 0, shape (D,)."""
    found: IntArray = (days.astype("datetime64[D]").astype(np.int64) + 3) % 7
    return found


def foretell(
    counts: IntArray,
    known: BoolArray,
    days: NDArray[np.datetime64],
    kind: IntArray,
    rules: ForecastRules,
) -> Foretold:
    """Foretell the days after the history.

    Args:
        counts: Alerts of each day of the history, shape (D,).
        known: Days that are in the log, not in a gap, shape (D,).
        days: Dates of the history and of the days to come, shape (D + H,).
        kind: What day each is, shape (D + H,).
        rules: Half-life, damping and limit of the trend.
    """
    n = len(counts)
    x = _design(days, kind, n, rules)
    told = int(known.sum())
    x[:, _SEASON] *= told >= SEASON_DAYS
    x[:, _TREND] *= told >= TREND_DAYS and rules.trend_limit_fraction > 0
    weight = np.where(known, 0.5 ** (np.arange(n - 1, -1, -1) / rules.half_life_days), 0.0)
    y = counts.astype(float)
    level = np.log((weight @ y + 0.5) / max(float(weight.sum()), 1.0))
    beta, dispersion = np.zeros(x.shape[1]), 1.0
    for _ in range(_ROUNDS):
        beta = penalised_fit(y, x[:n], weight, level, _SPREAD, dispersion, beta)
        mean = np.exp(x[:n] @ beta + level)
        free = max(float(weight.sum()) - float(x[:n].any(axis=0).sum()), 1.0)
        dispersion = max(1.0, float(weight @ ((y - mean) ** 2 / mean)) / free)
    limit = np.log1p(rules.trend_limit_fraction)
    trend = np.clip(x[n:, _TREND] * beta[_TREND], -limit, limit)
    beta = np.where(np.arange(len(beta)) == _TREND, 0.0, beta)
    return Foretold(mean=np.exp(level + x[n:] @ beta + trend), dispersion=dispersion)


def penalised_fit(
    y: FloatArray,
    x: FloatArray,
    weight: FloatArray,
    level: float,
    spread: FloatArray,
    dispersion: float,
    start: FloatArray,
) -> FloatArray:
    """Coefficients of a log-linear mean by Newton's method, shape (P,).

    Args:
        y: Counts, shape (D,).
        x: Design, shape (D, P).
        weight: Of each day, shape (D,).
        level: Added to the linear predictor.
        spread: Prior standard deviations, shape (P,); inf = not penalised.
        dispersion: Variance over mean.
        start: First guess, shape (P,).
    """
    precision = 1.0 / spread**2

    def worth(beta: FloatArray) -> float:
        eta = np.clip(x @ beta + level, -_MOST_LOG, _MOST_LOG)
        return float(weight @ (y * eta - np.exp(eta))) / dispersion - 0.5 * float(
            precision @ beta**2
        )

    beta, value = start, worth(start)
    for _ in range(_STEPS):
        mean = np.exp(np.clip(x @ beta + level, -_MOST_LOG, _MOST_LOG))
        slope = x.T @ (weight * (y - mean)) / dispersion - precision * beta
        bend = (x.T * (weight * mean)) @ x / dispersion + np.diag(precision)
        step = np.linalg.lstsq(bend, slope, rcond=None)[0]
        size = 1.0
        while size > 1e-6 and worth(beta + size * step) < value:
            size /= 2.0
        if size <= 1e-6:
            break
        beta = beta + size * step
        new = worth(beta)
        if new - value <= 1e-10 * (1.0 + abs(value)):
            break
        value = new
    return beta


def _design(
    days: NDArray[np.datetime64], kind: IntArray, n: int, rules: ForecastRules
) -> FloatArray:
    """One row a day; the first `n` days are history."""
    weekday = weekday_of(days)
    x = np.zeros((len(days), len(_SPREAD)))
    x[:, _LEVEL] = 1.0
    x[np.arange(len(days)), 1 + weekday] = 1.0
    off, moved = (kind == HOLIDAY) | (kind == SPRING_FESTIVAL), kind == MOVED_WORKDAY
    x[off, 1:8] = np.array([0, 0, 0, 0, 0, 0.5, 0.5])
    x[moved, 1:8] = np.array([0.2] * 5 + [0, 0])
    x[:, 8] = kind == HOLIDAY
    x[:, 9] = kind == SPRING_FESTIVAL
    x[:, 10] = moved
    phase = 2.0 * np.pi * (days.astype("datetime64[D]").astype(np.int64) % _YEAR_DAYS) / _YEAR_DAYS
    for i, wave in enumerate((np.sin(phase), np.cos(phase), np.sin(2 * phase), np.cos(2 * phase))):
        x[:, 11 + i] = wave
    ahead = np.arange(len(days)) - (n - 1.0)
    damped = rules.damping_days * -np.expm1(-np.maximum(ahead, 0.0) / rules.damping_days)
    x[:, _TREND] = np.where(ahead > 0, damped, ahead) / _YEAR_DAYS
    return x
