r"""Measures of response and of fairness, on plain arrays.

- Hoover index of strength against workload: $H = \frac12\sum_u |f_u/F - r_u/R|$, the share of
  workload (or of strength) that would have to change place for every officer to carry the same.
  Source: E. M. Hoover (1936), *The measurement of industrial localization*, Review of Economics and
  Statistics 18(4), 162-171.
- Lorenz curve of workload over strength and its Gini coefficient: units sorted by load $r_u/f_u$,
  cumulated strength share across, cumulated workload share up; $G$ is twice the area between curve
  and diagonal, and $H$ is their largest vertical distance. Sources: M. O. Lorenz (1905), *Methods
  of measuring the concentration of wealth*, Publications of the American Statistical Association
  9(70), 209-219; C. Gini (1912), *Variabilità e mutabilità*.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from optimizer.frozen import BoolArray, FloatArray, IntArray


def weighted_mean(values: FloatArray, weights: FloatArray) -> float:
    """Mean of `values` under `weights` >= 0; entries of weight 0 do not count, even if inf.

    Returns 0 where no entry has weight.
    """
    counted = weights > 0
    if not counted.any():
        return 0.0
    return float((values[counted] * weights[counted]).sum() / weights[counted].sum())


def weighted_percentile(values: FloatArray, weights: FloatArray, fraction: float) -> float:
    """Smallest of `values` such that at least `fraction` of the weight lies at or below it.

    No interpolation: the answer is always one of the values. Returns 0 where no entry has weight.
    """
    counted = weights > 0
    if not counted.any():
        return 0.0
    order = np.argsort(values[counted], kind="stable")
    below = np.cumsum(weights[counted][order])
    # A relative 1e-12 keeps "exactly 90 %" inside whatever the order of the sum.
    row = int(np.searchsorted(below, fraction * below[-1] * (1.0 - 1e-12)))
    return float(values[counted][order][row])


def shares(amounts: FloatArray) -> FloatArray:
    """`amounts` / their sum; zeros where the sum is 0; infinite amounts leave nothing to others."""
    if np.isinf(amounts).any():
        amounts = np.isinf(amounts).astype(np.float64)
    total = float(amounts.sum())
    return amounts / total if total > 0 else np.zeros_like(amounts)


def hoover(strength: FloatArray, workload: FloatArray) -> float:
    """Hoover index of strength against workload (mismatch), 0 = in proportion; see the module."""
    if strength.sum() <= 0 or workload.sum() <= 0:
        return 0.0
    return float(0.5 * np.abs(shares(strength) - shares(workload)).sum())


def loads(required: FloatArray, strength: FloatArray) -> FloatArray:
    """Required officers per officer: inf where work has nobody, 0 where there is neither."""
    idle = np.where(required > 0, np.inf, 0.0)
    with np.errstate(over="ignore"):
        return np.divide(required, strength, out=idle, where=strength > 0)


def lorenz(strength: FloatArray, workload: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Lorenz curve of workload over strength, least loaded units first.

    Returns:
        Cumulated strength shares and cumulated workload shares, both from 0, length U + 1.
    """
    order = np.argsort(loads(workload, strength), kind="stable")
    across = np.concatenate([[0.0], np.cumsum(shares(strength)[order])])
    up = np.concatenate([[0.0], np.cumsum(shares(workload)[order])])
    return across, up


def gini(strength: FloatArray, workload: FloatArray) -> float:
    """Gini coefficient of workload over officers, 0 = all carry the same; see the module."""
    if strength.sum() <= 0 or workload.sum() <= 0:
        return 0.0
    across, up = lorenz(strength, workload)
    return max(0.0, float(1.0 - (np.diff(across) * (up[1:] + up[:-1])).sum()))


@dataclass(frozen=True, slots=True, kw_only=True)
class ResponseByGroup:
    """Response of G groups of cells.

    Attributes:
        alerts_per_year: Alerts of the group, shape (G,).
        alert_min_per_year: Sum of alerts x response minutes; inf = alerts nobody reaches.
        mean_response_min: Alert-weighted; where a group has no alerts, the mean over its residents
            (over its cells where it has none either).
        share_within_fraction: Share of its alerts within the standard; 1 without alerts.
        farthest_min: Response to its farthest cell, whether or not it has alerts.
    """

    alerts_per_year: FloatArray
    alert_min_per_year: FloatArray
    mean_response_min: FloatArray
    share_within_fraction: FloatArray
    farthest_min: FloatArray


def response_by_group(
    group: IntArray,
    n_groups: int,
    *,
    alerts_per_year: FloatArray,
    population: FloatArray,
    response_min: FloatArray,
    is_within: BoolArray,
) -> ResponseByGroup:
    """Sum the response of cells (all arrays of shape (C,)) over `group`, rows 0..n_groups - 1."""

    def total(weights: FloatArray) -> FloatArray:
        return np.bincount(group, weights=weights, minlength=n_groups).astype(np.float64)

    alerts, residents = total(alerts_per_year), total(population)
    weights = np.where(
        alerts[group] > 0,
        alerts_per_year,
        np.where(residents[group] > 0, population, np.ones(len(group))),
    )
    weighed, minutes = total(weights), total(_products(weights, response_min))
    within = total(np.where(is_within, alerts_per_year, 0.0))
    farthest = np.zeros(n_groups)
    np.maximum.at(farthest, group, response_min)
    return ResponseByGroup(
        alerts_per_year=alerts,
        alert_min_per_year=total(_products(alerts_per_year, response_min)),
        mean_response_min=np.divide(minutes, weighed, out=np.zeros(n_groups), where=weighed > 0),
        share_within_fraction=np.divide(within, alerts, out=np.ones(n_groups), where=alerts > 0),
        farthest_min=farthest,
    )


def _products(weights: FloatArray, values: FloatArray) -> FloatArray:
    """Products with 0 x inf = 0: nobody waits where nothing happens."""
    return np.multiply(weights, values, out=np.zeros_like(values), where=weights > 0)
